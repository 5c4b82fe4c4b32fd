"""Taking what comes back from channels (S6.9, S7.3): each becomes a touchpoint, and some act at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, assert_never, get_args

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.channels.inbound import (
    CLICKED,
    COMPLAINED,
    OPTED_OUT,
    RECEIPT_STATES,
    REPLIED,
    TASK_COMPLETED,
    TASK_DECLINED,
    Clicked,
    Complained,
    Inbound,
    OptedOut,
    Receipt,
    Replied,
    TaskDone,
)  # fmt: skip
from touchpoint.channels.keywords import keyword_in
from touchpoint.core import settling
from touchpoint.core.advance import work_off
from touchpoint.core.cases import in_doubt
from touchpoint.core.decision import Decision
from touchpoint.core.gate import addressed
from touchpoint.core.held import dropped
from touchpoint.durations import instant, micros
from touchpoint.engine import accounts, changed, erased, gifts, hearing, shared
from touchpoint.engine.acts import consent, consent_said, take_touchpoints
from touchpoint.engine.answering import answering
from touchpoint.engine.asking import answers_in
from touchpoint.engine.intake import Prepared, Recorded, customer_id, instant_of, prepare, text_of
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model import delivery
from touchpoint.model.case import about_case
from touchpoint.model.consent import ANY
from touchpoint.model.gift import GIFT_DECLINED, GIFT_RETURNED
from touchpoint.model.payload import TEXT
from touchpoint.model.remedy import REMEDIES
from touchpoint.model.touchpoint import Direction, Touchpoint
from touchpoint.stores.base import AddressRow, EventRow, MessageRow
from touchpoint.stores.codec import dumps, loads

_ACTIVE: Final = "active"
_FAILED: Final = frozenset({"bounced", "failed"})
_TEXTS: Final[Mapping[str, int]] = {
    "customer": 500, "channel": 500, "address": 500, "about": 500, "id": 500, "ref": 500, "purpose": 200, "text": TEXT,
    "link": TEXT, "outcome": TEXT, "reason": TEXT,
}  # fmt: skip
"""Fields of what comes back that are texts, with how many characters they may have."""
_KEPT_FOR: Final = 14 * 86_400 * 1_000_000
"""Microseconds for which an event waits for a reference that nobody knows."""
_EVENTS: Final[Mapping[str, type]] = {each.__name__: each for each in (Replied, Clicked, Receipt, Complained, OptedOut)}
_CASES: Final = 4
"""Where an entry of `State.awaited` has the cases that a task answers."""
Said = Literal["stop", "start"]


@attrs.frozen
class Taking:
    """How inbound events are taken: the adapters by channel, and the engine's bounds in microseconds.

    `early` says that they came before their reference was known: what they tell of an address has been done then.
    """

    adapters: Mapping[str, Adapter]
    skew: int
    late_after: int
    now: int
    early: bool = False


@attrs.define
class _Found:
    """Whom an event is about: customers, the message, and the address where it says so or the message went to it."""

    customers: Sequence[str] = attrs.field(repr=False)
    row: MessageRow | None = attrs.field(default=None, repr=False)
    address: tuple[str, str] | None = attrs.field(default=None, repr=False)


def apply(unit: Unit, event: Inbound, taking: Taking) -> Recorded:
    """Record one inbound event, and do what it asks for by itself.

    Raises:
        InvalidInput: it is about a message that this store does not know, or not whole.
        UnknownName: of a channel that has no adapter.
    """
    _check(event, taking)
    row = _row(unit, event)
    if row is None and _ref(event) is not None:
        return _keep(unit, event, taking)
    found = _whom(unit, event, row, taking)
    told = [_touchpoint(event, each, row, first=n == 0) for n, each in enumerate(found.customers)]
    if isinstance(event, Replied) and row is None and unit.program.listening.replies:
        told = answering(unit, told, event.channel, taking.now)
    prepared = [prepare(each, now=taking.now, skew=taking.skew, declared={}) for each in told]
    answers = answers_in(unit, event, prepared, taking.now, taking.skew) if isinstance(event, Replied) else []
    if _is_new(unit, prepared, taking.now):
        # First of all, so that what the touchpoint sets off sees it.
        _act(unit, event, found, taking)
    if not prepared:
        unit.tally("inbound", _channel(event, row), "nobody known")
        return Recorded(event.id or "", unmatched=True)
    return take_touchpoints(unit, [*prepared, *answers], taking.now, taking.late_after)[0]


def arrived(unit: Unit, channel: str, ref: str, taking: Taking) -> None:
    """A reference became known: what came about it before is taken now, in the order in which it came."""
    cache = unit.cache
    if cache.has_events is None:
        cache.has_events = unit.tx.event_count() > 0
    rows = unit.tx.events(channel, ref) if cache.has_events else ()
    if not rows:
        return
    unit.changes.events_done.append((channel, ref))
    unit.flush()
    for row in rows:
        name, fields = loads(row.body)
        # It happened when it came: taken as of now it would beat what was said since (S7.3).
        fields["at"] = fields.get("at") or instant(row.recorded_at)
        try:
            apply(unit, _EVENTS[name](**fields), attrs.evolve(taking, early=True))
        except (InvalidInput, UnknownName, LookupError, TypeError):
            # Whoever is written here has the outcomes of others in hand (S11.4).
            unit.tally("inbound", channel, f"not usable: {name}")


def _check(event: Inbound, taking: Taking) -> None:
    kind = type(event).__name__
    if not isinstance(event, get_args(Inbound)):
        raise InvalidInput(f"apply() takes what came back, such as Replied(…), not {kind}")
    for name, most in _TEXTS.items():
        if (value := getattr(event, name, None)) is not None:
            text_of(value, f"{kind}({name}=)", least=0, most=most)
    if event.at is not None and instant_of(event.at, f"{kind}(at=)") > taking.now + taking.skew:
        raise InvalidInput(f"{kind}(at=) lies further in the future than max_skew allows; check both clocks")
    if isinstance(event, Replied):
        if not isinstance(event.text, str):
            raise InvalidInput(f"a reply's text is text, not {type(event.text).__name__}")
    elif isinstance(event, Receipt) and event.state not in RECEIPT_STATES:
        raise UnknownName("state of a receipt", event.state, RECEIPT_STATES)
    if isinstance(event, Receipt | Clicked):
        _check_machine(event)
    channel = None if isinstance(event, TaskDone) else event.channel
    if channel is not None and channel not in taking.adapters:
        raise UnknownName("channel", channel, taking.adapters)


def _check_machine(event: Receipt | Clicked) -> None:
    if not isinstance(event.machine, bool):
        raise InvalidInput(f"{type(event).__name__}(machine=) is True or False")
    if isinstance(event, Receipt) and event.machine and event.state != "opened":
        raise InvalidInput(f"Receipt(machine=True) is about one that was opened, not {event.state}")


def _ref(event: Inbound) -> str | None:
    return None if isinstance(event, TaskDone) or event.about is not None else event.ref


def _row(unit: Unit, event: Inbound) -> MessageRow | None:
    """The message it is about. Raises InvalidInput for a key that this store does not know."""
    unit.flush()
    ref = _ref(event)
    if event.about is not None:
        row = unit.tx.message(event.about)
        if row is None:
            raise InvalidInput("this store knows no message with that key; about= takes the key that was handed over")
        return row
    if ref is None or isinstance(event, TaskDone):
        return None
    if event.channel is None:
        raise InvalidInput(f"{type(event).__name__}(ref=) is a reference on a channel: pass channel=, too")
    return unit.tx.message_by_ref(event.channel, ref)


def _keep(unit: Unit, event: Inbound, taking: Taking) -> Recorded:
    """It came before the answer of the call it is about was written, or is about nothing of ours."""
    channel, ref = str(getattr(event, "channel", "")), str(_ref(event))
    if _of_nobody_left(unit, event, channel, taking):
        return Recorded(event.id or "", unmatched=True)
    unit.changes.events.append(EventRow(channel, ref, dumps([type(event).__name__, _fields(event)]), taking.now))
    unit.changes.events_before = taking.now - _KEPT_FOR
    unit.cache.has_events = True
    unit.tally("inbound", channel, "unknown reference")
    if isinstance(event, OptedOut | Complained | Replied) and event.address is not None:
        _act(unit, event, _Found((), None, _normal(taking, channel, event.address)), taking)
    return Recorded(event.id or "", unmatched=True)


def _of_nobody_left(unit: Unit, event: Inbound, channel: str, taking: Taking) -> bool:
    """Whether it comes from somebody who was erased: nothing of it is kept but what it asks of the address."""
    if not unit.cache.secrets or not isinstance(event, OptedOut | Complained | Replied) or event.address is None:
        return False
    address = _normal(taking, channel, event.address)
    if not erased.was_only_theirs(unit, *address):
        return False
    _act(unit, event, _Found((), None, address), taking)
    return True


def _fields(event: Inbound) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in attrs.fields(type(event))}


def _whom(unit: Unit, event: Inbound, row: MessageRow | None, taking: Taking) -> _Found:
    address = None
    if isinstance(event, Replied | OptedOut | Complained) and event.address is not None and event.channel is not None:
        address = _normal(taking, event.channel, event.address)
    if row is not None:
        sent_to = None if row.sent_to is None else loads(row.sent_to)
        return _Found([unit.by_number(row.customer).id], row, address or (sent_to and (sent_to[0], sent_to[1])))
    if isinstance(event, Replied) and event.customer is not None:
        told = customer_id(event.customer)
        return _Found([] if unit.find(told) is None and unit.is_erased(told) else [told], None, address)
    if address is None:
        raise InvalidInput(
            f"{type(event).__name__} tells neither its message (about=, or channel= and ref=) nor an address; "
            "pass one of them"
        )
    return _Found([each.id for each in unit.by_numbers(unit.tx.reached(*address))], None, address)


def _normal(taking: Taking, channel: str, raw: str) -> tuple[str, str]:
    to = taking.adapters[channel].normalise(raw)
    return to.kind, to.key


def _is_new(unit: Unit, prepared: Sequence[Prepared], now: int) -> bool:
    """Whether it was not recorded before, of anybody; nothing is done for what came twice."""
    pairs = [(each.id, unit.find_or_add(each.customer, now).no) for each in prepared]
    return not pairs or not unit.seen(pairs, pairs)


# What becomes of it on the timeline.


def _touchpoint(event: Inbound, customer: str, row: MessageRow | None, *, first: bool) -> Touchpoint:
    kind, direction, properties = _TOLD[type(event)](event)
    if row is not None:
        properties["message"] = row.name
    if not first:
        properties["shared"] = True  # one person spoke, and others with the address have it on their timelines as well
    channel = event.channel if isinstance(event, Replied | OptedOut) else None
    if channel is None and row is not None:
        channel = row.channel
    about = None if row is None else row.key
    return Touchpoint(customer, kind, event.at, event.id, properties, channel, None, direction, about)


_Told = tuple[str, Direction, dict[str, object]]


def _replied(event: Replied) -> _Told:
    keyword = keyword_in(event.text)
    properties: dict[str, object] = {"text": event.text}
    return REPLIED, "inbound", properties if keyword is None else {**properties, "keyword": keyword}


def _clicked(event: Clicked) -> _Told:
    properties: dict[str, object] = {"link": event.link} if event.link else {}
    # What a machine does is no sign of life of the customer: no silence ends by it.
    return (CLICKED, "internal", {**properties, "machine": True}) if event.machine else (CLICKED, "inbound", properties)


def _receipt(event: Receipt) -> _Told:
    properties: dict[str, object] = {} if event.code is None else {"code": str(event.code)}
    return event.state, "internal", {**properties, "machine": True} if event.machine else properties


def _complained(_: Complained) -> _Told:
    return COMPLAINED, "inbound", {}


def _opted_out(event: OptedOut) -> _Told:
    return OPTED_OUT, "inbound", {"purpose": event.purpose}


def _task_done(event: TaskDone) -> _Told:
    told = {"outcome": event.outcome, "reason": event.reason or None}
    properties: dict[str, object] = {name: value for name, value in told.items() if value is not None}
    return (TASK_DECLINED if event.outcome is None else TASK_COMPLETED), "internal", properties


_TOLD: Final[Mapping[type, Callable[[Any], _Told]]] = {
    Replied: _replied, Clicked: _clicked, Receipt: _receipt, Complained: _complained, OptedOut: _opted_out,
    TaskDone: _task_done,
}  # fmt: skip


# What it does by itself.


def _act(unit: Unit, event: Inbound, found: _Found, taking: Taking) -> None:
    if found.row is not None:
        _prove(unit, found.row, event, taking.now)
    match event:
        case Replied():
            keyword = keyword_in(event.text)
            if keyword == "stop":
                _silence(unit, event.channel, "STOP", event, found, taking)
            elif keyword == "start":
                address = _address(unit, event.channel, "START", found)
                _stand(unit, event.channel, address, "start", f"START by {event.channel}", event, taking)
        case OptedOut():
            _opt_out(unit, event, found, taking)
        case Complained():
            _complained_of(unit, event, found, taking)
        case Receipt() if event.code is not None and found.row is not None:
            _remedy(unit, event, found, taking)
        case TaskDone():
            _task(unit, event, taking)
        case Clicked() | Receipt():
            pass
        case _:
            assert_never(event)


def _prove(unit: Unit, row: MessageRow, event: Inbound, now: int) -> None:
    """Whatever comes back of a message proves that it went out; and its delivery moves forward (S6.8, S6.9)."""
    loaded = unit.by_number(row.customer)
    at = max(now, loaded.state.now)
    pending = loaded.state.pending_by_key(row.key)
    told = _TOLD[type(event)](event)[0] if isinstance(event, Receipt | Clicked | Complained) else ""
    if isinstance(event, Receipt | Clicked) and event.machine:
        told = "delivered"
    if row.sent_to is None or (pending is not None and not settling.proves(pending, failed=told in _FAILED)):
        return
    if in_doubt(loaded.state.cases, row.key):
        unit.fire(loaded, until=at, inclusive=False)  # what was missed before it was known is missed
    if row.status == "unknown" or pending is not None:
        unit.apply(
            loaded, "proof", row.name, at, lambda: settling.proven(unit.program, loaded.state, row.key, at),
            message=row.key,
        )  # fmt: skip
        hearing.proven(unit, loaded, row)
    awaited = loaded.state.awaited.get(row.key)
    if awaited is not None and (awaited[1] == delivery.NO_RECEIPT or isinstance(event, TaskDone)):
        loaded.state.awaited = dropped(loaded.state.awaited, row.key)
        unit.touch(loaded)
        if isinstance(event, TaskDone) and event.outcome is not None:
            _answers(unit, loaded, awaited[_CASES:], row.key, at if event.at is None else min(micros(event.at), at), at)
    if told:
        shared.told_of(unit, row, told, now)


def _answers(
    unit: Unit, loaded: Loaded, cases: Sequence[Sequence[Sequence[str]]], task: str, when: int, now: int
) -> None:
    """A task is done that was about cases: their customer was answered (S8.2)."""
    unit.fire(loaded, until=now, inclusive=False)  # what was missed before that is missed

    def decide() -> Decision:
        decision = Decision(unit.program, loaded.state, now)
        for each in cases:
            decision.answered(each, when, f"task:{task}")
        return work_off(decision) if decision.queue else decision

    if cases:
        unit.apply(loaded, "case", "answered", now, decide)
        hearing.answered(unit, loaded, {about_case(*named) for each in cases for named in each}, when)


def _complained_of(unit: Unit, event: Complained, found: _Found, taking: Taking) -> None:
    channel = _channel(event, found.row)
    _silence(unit, channel, "complaint", event, found, taking)
    if not taking.early or event.address is None:
        shared.complained(unit, channel, _address(unit, channel, "complaint", found), taking.now)


def _opt_out(unit: Unit, event: OptedOut, found: _Found, taking: Taking) -> None:
    if event.purpose == ANY:
        _silence(unit, event.channel, "opted out", event, found, taking)
        return
    at = event.at if event.at is not None and micros(event.at) <= taking.now else None
    if unit.cache.secrets and found.address is not None and erased.was_only_theirs(unit, *found.address):
        said_at = taking.now if at is None else micros(at)
        erased.keep_withdrawal(unit, found.address, event.purpose, event.channel, said_at)
    for customer in found.customers:
        said = consent(event.purpose, event.channel, False, at, taking.now, "express", "opt-out", None)  # noqa: FBT003 - it is the ledger's word
        consent_said(unit, customer, said, {}, taking.now)


def _silence(unit: Unit, channel: str, why: str, event: Inbound, found: _Found, taking: Taking) -> None:
    for address in _addresses(unit, channel, why, found):
        _stand(unit, channel, address, "stop", f"{why} by {channel}", event, taking)


def _remedy(unit: Unit, event: Receipt, found: _Found, taking: Taking) -> None:
    """What a bounce says of its address, as the refusal of a hand-over would (`REMEDIES`)."""
    if event.code is None or found.row is None or found.address is None:
        return
    remedy = REMEDIES[event.code]
    if remedy.suppress_address:
        shared.stand(unit, AddressRow(*found.address, "suppressed", str(event.code), taking.now))
    if remedy.record_opt_out:
        _silence(unit, found.row.channel or "", "opted out", event, found, taking)


def _task(unit: Unit, event: TaskDone, taking: Taking) -> None:
    now = taking.now
    row = unit.tx.task(event.about)
    if row is not None and row.status in {"assigned", "claimed"}:
        shared.change_task(unit, row, "declined" if event.outcome is None else "completed", now)
        if event.outcome is None:
            accounts.not_done(unit, event.about, now)
        elif event.outcome in (GIFT_RETURNED, GIFT_DECLINED) and unit.tx.gift(event.about) is not None:
            gifts.came_back(unit, event.about, event.outcome, event.reason, event.at, taking)


def _channel(event: Inbound, row: MessageRow | None) -> str:
    said = None if isinstance(event, TaskDone) else event.channel
    return said or (None if row is None else row.channel) or ""


def _address(unit: Unit, channel: str, said: str, found: _Found) -> tuple[str, str]:
    """The address that spoke, or would be written to. Raises InvalidInput where nobody can tell."""
    possible = _addresses(unit, channel, said, found)
    for customer in found.customers if len(possible) > 1 else ():
        loaded = unit.find(customer)
        if loaded is not None:
            shared.learn_addresses(unit, loaded)
            if (known := addressed(loaded.state, channel, unit.world)) is not None:
                return known.kind, known.key
    return possible[0]


def _addresses(unit: Unit, channel: str, said: str, found: _Found) -> Sequence[tuple[str, str]]:
    """The address that spoke; where that was not told, all that it may have been. Raises InvalidInput for none."""
    if found.address is not None:
        return [found.address]
    kinds = unit.world.channels.get(channel, frozenset())
    known = [loaded.state.profile.addresses for each in found.customers if (loaded := unit.find(each)) is not None]
    possible = [(each.kind, each.key) for held in known for each in held if delivery.takes(kinds, each.kind)]
    if not possible:
        raise InvalidInput(
            f"nobody can tell which address said {said} on {channel}: the customer has none for that channel; "
            "pass address="
        )
    return possible


def _stand(
    unit: Unit, channel: str, address: tuple[str, str], said: Said, why: str, event: Inbound, taking: Taking
) -> None:  # fmt: skip
    """Have the address stand as was said, on this channel, for everybody who shares it.

    What was said last holds, in whatever order it came. Of two words with the same time told STOP does (S7.1); where no
    time was told, the order in which they came is the order in which they were said.
    """
    kind, key = address
    told = None if event.at is None else min(micros(event.at), taking.now + taking.skew)
    name = delivery.opt_out_of(channel, kind)
    before = shared.standing(unit, (name, key))
    # What is said now follows what was said before, also where the clock was set back since (S11.3).
    at = told if told is not None else max(taking.now, 0 if before is None else before.at)
    if before is None or at > before.at or (at == before.at and (said == "stop" or told is None)):
        shared.stand(unit, AddressRow(name, key, delivery.OPTED_OUT if said == "stop" else _ACTIVE, why, at))
        if (said == "stop") != (before is not None and before.standing == delivery.OPTED_OUT):
            changed.opted_out(unit, channel, (kind, key), taking.now, out=said == "stop")
