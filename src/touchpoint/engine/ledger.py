"""The consent ledger as evidence (S7.1): who said what, when and where, and what stands of it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import attrs

from touchpoint.durations import instant
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.shared import learn_addresses
from touchpoint.engine.unit import Unit
from touchpoint.model.consent import Consent
from touchpoint.model.delivery import OPTED_OUT, kind_of, redact
from touchpoint.policy.consent import newer
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import ConsentRow
from touchpoint.stores.codec import dumps, loads

FORMAT: Final = "touchpoint consent 1"


@attrs.frozen
class Statement:
    """One line of the ledger with both clocks: `said.at` is when it was said, `recorded_at` when we learned of it."""

    said: Consent
    recorded_at: datetime


@attrs.frozen
class StandingConsent:
    """What stands for a purpose on a channel; `*` is all of them.

    Args:
        granted: as it was said.
        in_force: whether a grant counts at the instant of the proof: it has begun, and has not lapsed.
        since: when it was said.
        expires_at: when a grant lapses by itself; None for never.
        line: which line of the ledger says so; starts at 0.
    """

    purpose: str
    channel: str
    granted: bool
    in_force: bool
    since: datetime
    expires_at: datetime | None
    line: int


@attrs.frozen
class ConsentProof:
    """Proof of opt-in and opt-out of one customer. Nothing in the ledger is ever changed; what stands is derived.

    Args:
        customer: the id.
        made_at: the instant of the proof, aware UTC.
        lines: the ledger, in the order in which it was written.
        standing: what stands of it.
        opted_out: channels on which whoever reads at an address of the customer said STOP or its like, with what may be
            shown of the address. It binds every customer who shares the address (S7.3).
        digest: SHA-256 of the lines, in hexadecimal: equal for as long as nothing is added.
    """

    customer: str = attrs.field(repr=False)
    made_at: datetime
    lines: tuple[Statement, ...] = attrs.field(repr=False)
    standing: tuple[StandingConsent, ...]
    opted_out: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    digest: str

    def to_dict(self) -> dict[str, object]:
        """As plain JSON values; instants are ISO 8601 in UTC."""
        return {
            "format": FORMAT,
            "customer": self.customer,
            "made_at": self.made_at.isoformat(),
            "ledger": [
                {**_plain(attrs.asdict(each.said)), "recorded_at": each.recorded_at.isoformat()} for each in self.lines
            ],
            "standing": [_plain(attrs.asdict(each)) for each in self.standing],
            "opted_out": [{"channel": channel, "address": shown} for channel, shown in self.opted_out],
            "digest": self.digest,
        }


def _plain(values: dict[str, Any]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def proof_of_consent(unit: Unit, loaded: Loaded, now: int) -> ConsentProof:
    """Gather it. The ledger of a merged customer is that of both."""
    unit.flush()
    learn_addresses(unit, loaded)
    rows = unit.tx.consents(loaded.no)
    text = dumps([[row.purpose, row.channel, row.granted, row.at, row.recorded_at, row.body] for row in rows])
    held = {(each.kind, each.key) for each in loaded.state.profile.addresses}
    opted_out = [
        (name.partition(" on ")[2], redact(kind_of(name), key))
        for (name, key), (standing, _) in unit.world.standings.items()
        if standing == OPTED_OUT and (kind_of(name), key) in held
    ]
    return ConsentProof(
        loaded.state.id,
        instant(now),
        tuple(Statement(_said(row), instant(row.recorded_at)) for row in rows),
        tuple(_standing(rows, now)),
        tuple(sorted(opted_out)),
        hashlib.sha256(text.encode()).hexdigest(),
    )


def _said(row: ConsentRow) -> Consent:
    body = loads(row.body)
    ends = body.get("expires_at")
    return Consent(
        row.purpose, row.channel, bool(row.granted), instant(row.at), body.get("basis", "express"),
        body.get("source", ""), body.get("wording", ""), body.get("evidence", ""), body.get("jurisdiction", ""),
        None if ends is None else instant(ends),
    )  # fmt: skip


def _fact(row: ConsentRow) -> ConsentFact:
    body = loads(row.body)
    return ConsentFact(
        bool(row.granted), row.at, body.get("expires_at"), body.get("basis", "express"), body.get("source", "")
    )


def _standing(rows: list[ConsentRow], now: int) -> list[StandingConsent]:
    found: dict[tuple[str, str], tuple[ConsentFact, int]] = {}
    for line, row in enumerate(rows):
        fact, known = _fact(row), found.get((row.purpose, row.channel))
        if known is None or newer(known[0], fact) is fact:
            found[row.purpose, row.channel] = fact, line
    return [
        StandingConsent(
            purpose, channel, fact.granted,
            fact.granted and fact.at <= now and (fact.expires_at is None or now < fact.expires_at),
            instant(fact.at), None if fact.expires_at is None else instant(fact.expires_at), line,
        )
        for (purpose, channel), (fact, line) in found.items()
    ]  # fmt: skip


def standing_at(rows: Iterable[ConsentRow], at: int) -> dict[tuple[str, str], ConsentFact]:
    """What was known to stand at an instant: said and recorded by then."""
    found: dict[tuple[str, str], ConsentFact] = {}
    for row in rows:
        if row.at <= at and row.recorded_at <= at:
            key = row.purpose, row.channel
            found[key] = newer(found.get(key), _fact(row))
    return found
