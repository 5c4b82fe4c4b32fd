"""Everything that is held about a person, as JSON (S1.7): for them to read, and to take elsewhere."""

from array import array
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.core.accounts import stock_account
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.state import Rare, State
from touchpoint.durations import instant
from touchpoint.engine.figuring import remembered
from touchpoint.engine.gifts import view
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.privacy import addresses_of, events_about
from touchpoint.engine.recalled import Recalled
from touchpoint.engine.referring import referrals_of
from touchpoint.engine.shared import learn_addresses
from touchpoint.engine.unit import Unit
from touchpoint.engine.view import case_view, planned, reasons_of
from touchpoint.model.delivery import OPTED_OUT, kind_of
from touchpoint.model.gift import Given
from touchpoint.model.money import amount_of
from touchpoint.model.referral import referral_id
from touchpoint.stores.base import (
    AddressRow,
    AnalysisRow,
    AskedRow,
    CaseRow,
    ConsentRow,
    ContactRow,
    EntryRow,
    EventRow,
    GiftRow,
    MessageRow,
    ReferralRow,
    RunRow,
    TaskRow,
)
from touchpoint.stores.codec import loads

FORMAT: Final = "touchpoint export 1"


def export(unit: Unit, loaded: Loaded, adapters: Mapping[str, Adapter], now: int) -> dict[str, object]:
    """Everything that is held about a customer.

    Texts, numbers, true, false, null, lists and objects. Instants are ISO 8601 in UTC, lengths of time in seconds,
    decimal numbers texts; what else is numbered in the store is left out, for it tells nothing.
    """
    unit.flush()
    learn_addresses(unit, loaded)
    tx, no, state = unit.tx, loaded.no, loaded.state
    entries, recalled = list(tx.journal(no))[::-1], Recalled(unit)
    ids, held = {state.id, *tx.aliases_of(no)}, addresses_of(unit, no, state.profile)
    told = plain(
        {
            "format": FORMAT,
            "exported_at": instant(now),
            "customer": state.id,
            "other_ids": tx.aliases_of(no),
            "profile": {
                "traits": state.profile.traits,
                "time_zones": state.profile.zones,
                "locale": state.profile.locale,
                "preferences": _fields(state.profile.preferences),
            },
            "addresses": _addresses(unit, loaded),
            "consents": [_consent(row) for row in tx.consents(no)],
            "consent_now": [
                {"purpose": purpose, "channel": channel, **_fact(fact)}
                for (purpose, channel), fact in state.profile.consents.items()
            ],
            "touchpoints": [_touchpoint(each, recalled) for each in entries if each.kind == TOUCHPOINT],
            "other_events": [_event(each, recalled) for each in entries if each.kind != TOUCHPOINT],
            "stages": {journey: _stage(held) for journey, held in state.stages.items()},
            "segments": {name: _at(since) for name, since in state.segments.items()},
            "runs": [_run(row) for row in tx.runs(no)],
            "cases": [_case(row) for row in tx.cases(no)],
            "messages": [_message(row) for row in tx.messages(no)],
            "gifts": [_gift(unit, row) for row in tx.gifts_of(no)],
            "referrals": [_referral(row, no) for row in referrals_of(unit, loaded)],
            "said": [_contact(row) for row in tx.contacts_of(no)],
            "wishes": [{"topic": row.topic, "touchpoint": row.id, "at": instant(row.at)} for row in tx.wishes_of(no)],
            "tasks": [_task(row) for row in tx.tasks_of(no)],
            "surveys": [_survey(row) for row in tx.asked_of(no)],
            "analyses": [_analysis(row) for row in tx.analyses_of(no)],
            "waiting_for_a_reference": [_waiting(each) for _, each in events_about(unit, ids, held, adapters)],
            "planned": [{"at": at, "what": what} for at, what in planned(unit.program, state)],
            "remembered": _remembered(state),
            "remembered_for_figures": remembered(tx, no),
        }
    )
    assert isinstance(told, dict)  # noqa: S101 - one went in
    return told


def plain(value: Any) -> Any:  # noqa: ANN401 - any value that is stored, as the JSON that anybody can read
    """A stored value as plain JSON."""
    match value:
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
    return value


def _at(us: int | None) -> datetime | None:
    return None if us is None else instant(us)


def _fields(value: Any) -> dict[str, object] | None:  # noqa: ANN401 - of any attrs class
    return None if value is None else attrs.asdict(value)


def _addresses(unit: Unit, loaded: Loaded) -> list[dict[str, object]]:
    held = {(each.kind, each.key): each for each in loaded.state.profile.addresses}
    every = addresses_of(unit, loaded.no, loaded.state.profile)
    written = unit.tx.standings([key for _, key in every])
    return [
        {
            "kind": kind,
            "address": key,
            "former": (kind, key) not in held,
            "standing": held[kind, key].standing if (kind, key) in held else None,
            "reason": held[kind, key].reason if (kind, key) in held else None,
            "known_of_it": [_standing(row) for row in written if row.key == key and kind_of(row.kind) == kind],
            "opted_out": sorted(
                name for (name, of), (standing, _) in unit.world.standings.items()
                if of == key and kind_of(name) == kind and standing == OPTED_OUT
            ),
        }
        for kind, key in every
    ]  # fmt: skip


def _standing(row: AddressRow) -> dict[str, object]:
    return {"what": row.kind, "standing": row.standing, "reason": row.reason, "at": _at(row.at)}


def _fact(fact: Any) -> dict[str, object]:  # noqa: ANN401 - a ConsentFact
    told = attrs.asdict(fact)
    return {**told, "at": _at(told["at"]), "expires_at": _at(told["expires_at"])}


def _consent(row: ConsentRow) -> dict[str, object]:
    body = loads(row.body)
    return {
        "purpose": row.purpose, "channel": row.channel, "granted": row.granted, "at": _at(row.at),
        "recorded_at": _at(row.recorded_at), **body, "expires_at": _at(body.get("expires_at")),
    }  # fmt: skip


def _touchpoint(row: EntryRow, recalled: Recalled) -> dict[str, object]:
    channel, location, direction, about, properties = loads(row.body)
    return {
        "id": row.id, "type": row.type, "at": _at(row.at), "recorded_at": _at(row.recorded_at), "channel": channel,
        "location": location, "direction": direction, "about": about, "properties": properties,
        "decided": _decided(row, recalled),
    }  # fmt: skip


def _event(row: EntryRow, recalled: Recalled) -> dict[str, object]:
    return {
        "what": row.kind, "about": row.type, "id": row.id, "at": _at(row.at), "recorded_at": _at(row.recorded_at),
        "details": _body(row.body), "decided": _decided(row, recalled),
    }  # fmt: skip


def _body(text: str) -> object:
    # Of an outcome it is the provider's reference as it stands, of a touchpoint that both sides had JSON.
    return loads(text) if text.startswith("[") and text.endswith("]") else text


def _decided(row: EntryRow, recalled: Recalled) -> object:
    return recalled.told(loads(row.trace)) if row.trace else []


def _stage(held: Sequence[Any]) -> dict[str, object]:
    return {"stage": held[0], "since": _at(held[1]), "visit": held[2]}


def _run(row: RunRow) -> dict[str, object]:
    return {
        "id": row.id, "journey": row.journey, "rule": row.rule, "key": row.key, "cause": row.cause,
        "started_at": _at(row.started_at), "ended_at": _at(row.ended_at), "reason": row.reason,
    }  # fmt: skip


def _case(row: CaseRow) -> dict[str, object]:
    case = case_view(row)
    instants = ("first_response_at", "respond_by", "resolve_by", "response_overdue_since", "resolution_overdue_since")
    told = {"kind": row.kind, "ref": row.ref, "opened_at": _at(row.opened_at), "closed_at": _at(row.closed_at)}
    said = ("severity", "owner", "opening", "escalated_at", "cause", "cause_type", "merged_into")
    return told | {name: getattr(case, name) for name in (*instants, *said)} | {"answered_by": row.answered_by}


def _message(row: MessageRow) -> dict[str, object]:
    return {
        "key": row.key, "name": row.name, "kind": row.kind, "journey": row.journey, "rule": row.rule, "step": row.step,
        "status": row.status, "channel": row.channel, "due": _at(row.due), "best_before": _at(row.expires_at),
        "sent_at": _at(row.at), "sent_to": None if row.sent_to is None else loads(row.sent_to),
        "provider_reference": row.ref, "delivery": row.delivery, "changed_at": _at(row.changed_at),
        "in_its_way": reasons_of(row), "asked": loads(row.reasons),
    }  # fmt: skip


def _contact(row: ContactRow) -> dict[str, object]:
    told = {
        "touchpoint": row.id,
        "intent": row.intent or None,
        "about": row.about or None,
        "led_to": row.opened or None,
    }
    return {**told, "at": instant(row.at), "answered_at": _at(row.answered_at)}


def _task(row: TaskRow) -> dict[str, object]:
    return {
        "message": row.key, "channel": row.channel, "status": row.status, "asks": loads(row.body),
        "assigned_at": _at(row.assigned_at), "expires_at": _at(row.expires_at), "claimed_by": row.claimed_by,
        "changed_at": _at(row.changed_at),
    }  # fmt: skip


def _gift(unit: Unit, row: GiftRow) -> dict[str, object]:
    given = view(unit, row)
    told: dict[str, object] = {
        each.name: getattr(given, each.name) for each in attrs.fields(Given) if each.name != "customer"
    }
    prefix = stock_account("")
    booked = unit.tx.bookings_of(row.key)
    return {
        **told,
        "booked": [
            {"account": each.account, "amount": amount_of(each.amount), "at": _at(each.at)}
            for each in booked if not each.account.startswith(prefix)
        ],
        "from_stock": [each.account.removeprefix(prefix) for each in booked if each.account.startswith(prefix)],
    }  # fmt: skip


def _survey(row: AskedRow) -> dict[str, object]:
    """What was asked by a message, and of what."""
    return {
        "key": row.key, "message": row.message, "about": row.about, "kind": row.kind, "location": row.location,
        "scale": loads(row.scale) if row.scale else None, "answers_count_for": timedelta(microseconds=row.within),
    }  # fmt: skip


def _analysis(row: AnalysisRow) -> dict[str, object]:
    """What was found in the words of a touchpoint."""
    return {
        "touchpoint": row.touchpoint, "status": row.status, "analyser": row.name, "version": row.version,
        "found": loads(row.body) if row.body else None, "at": _at(row.changed_at),
    }  # fmt: skip


def _referral(row: ReferralRow, customer: int) -> dict[str, object]:
    """Of the other person nothing: what is exported is this one's alone."""
    did = loads(row.body).items()
    return {
        "id": referral_id(row.no), "as": "friend" if row.friend == customer else "advocate", "at": _at(row.at),
        "converted": {name: _at(at) for name, at in did if at is not None}, "dropped": row.dropped or None,
    }  # fmt: skip


def _waiting(row: EventRow) -> dict[str, object]:
    what, fields = loads(row.body)
    return {"what": what, "channel": row.channel, "reference": row.ref, "at": _at(row.recorded_at), "details": fields}


def _remembered(state: State) -> dict[str, object]:
    """What decisions are made from, as it is kept: instants are microseconds since 1970 UTC."""
    kept = {field.name: getattr(state, field.name) for field in (*attrs.fields(State), *attrs.fields(Rare))}
    left_out = {"id", "profile", "stages", "segments", "rare"}
    return {name: _kept(value) for name, value in kept.items() if name not in left_out}


def _kept(value: Any) -> Any:  # noqa: ANN401 - whatever a state holds
    if isinstance(value, Past):
        return value.told()
    if attrs.has(type(value)):
        return {field.name: _kept(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, list | tuple | array):
        return [_kept(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _kept(each) for name, each in value.items()}
    return value
