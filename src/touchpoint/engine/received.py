"""Why somebody got a message, told to themselves (S6.1, S7.1): in plain words, and without what is ours alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from touchpoint.core.gate import facts_about
from touchpoint.durations import instant, micros
from touchpoint.engine.ledger import standing_at
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.preferring import statement
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.journey.by_hand import PREFIX
from touchpoint.model.message import Message
from touchpoint.policy.consent import UNBOUND, check_consent
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import MessageRow
from touchpoint.zones import to_local, zone

PHRASES: Final[Mapping[str, str]] = {
    "sent": "We wrote to you by {channel} on {at}.",
    "why": "What it is for: {why}.",
    "followed": "It followed this: {what} on {trigger_at}.",
    "by hand": "Somebody of our staff sent it to you.",
    "agreed": "You agreed to messages of this sort on {since}.",
    "agreed at": "You agreed to messages of this sort on {since} ({source}).",
    "not needed": "Messages of this sort are part of our service, and come unless you object.",
    "stop": "You can say no to messages of this sort at any time.",
    "needed": "It belongs to what you have with us, so there is no switch for it.",
}
"""The sentences of `Received.lines`, for a host who speaks another language. Names in braces are filled in."""

_DAY: Final = "%Y-%m-%d %H:%M"


@attrs.frozen
class Received:
    """Why a customer got a message.

    Args:
        message: its name.
        key: its key, which the unsubscribe link of a mail carries, too.
        kind: as the policies saw it.
        purpose: what to say no to: a topic, or the kind.
        why: its purpose, as the journey says it.
        channel: by which it came.
        at: when it was handed over, aware UTC.
        trigger: the type of the touchpoint that it followed from; None where it was none, or nobody knows any more.
        trigger_at: when that was.
        by_hand: whether somebody of the staff sent it.
        consent: whether it rests on a grant.
        since, source: of that grant, where it does.
        can_change: whether the customer may switch it off.
        time_zone: of the customer's clock, or UTC.
    """

    message: str
    key: str = attrs.field(repr=False)
    kind: str
    purpose: str
    why: str
    channel: str
    at: datetime
    trigger: str | None
    trigger_at: datetime | None
    by_hand: bool
    consent: bool
    since: datetime | None
    source: str = attrs.field(repr=False)
    can_change: bool
    time_zone: str

    def lines(
        self, *, words: Mapping[str, str] | None = None, phrases: Mapping[str, str] | None = None, clock: str = _DAY
    ) -> list[str]:
        """The explanation, a sentence each.

        Args:
            words: what touchpoint types and channels are called where customers read it, such as
                `{"order_placed": "you placed an order"}`. A type that is not among them is not told.
            phrases: sentences that replace those of `PHRASES`.
            clock: how an instant is written, for `strftime`, on the customer's own clock.

        Raises:
            InvalidInput: a phrase that is not known, or names something that is not.
        """
        told = {**PHRASES, **_checked(phrases or {})}
        names = words or {}
        values = {
            "channel": names.get(self.channel, self.channel),
            "at": self._clock(self.at, clock),
            "why": self.why.rstrip("."),
            "what": names.get(self.trigger or "", ""),
            "trigger_at": self._clock(self.trigger_at, clock),
            "since": self._clock(self.since, clock),
            "source": self.source,
        }
        return [_filled(each, told[each], values) for each in self._said(known=bool(values["what"]))]

    def _said(self, *, known: bool) -> list[str]:
        said = ["sent", *(["why"] if self.why else [])]
        said += ["by hand"] if self.by_hand else ["followed"] if known else []
        granted = "agreed at" if self.source else "agreed"
        said.append((granted if self.consent else "not needed") if self.can_change else "needed")
        return [*said, "stop"] if self.can_change else said

    def _clock(self, at: datetime | None, form: str) -> str:
        return "" if at is None else f"{to_local(micros(at), zone(self.time_zone)):{form}}"


def _checked(phrases: Mapping[str, str]) -> Mapping[str, str]:
    for name in phrases:
        if name not in PHRASES:
            raise InvalidInput(f"there is no phrase {name!r}; known: {', '.join(PHRASES)}")
    return phrases


def _filled(name: str, phrase: str, values: Mapping[str, str]) -> str:
    try:
        return phrase.format_map(values)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        known = ", ".join(f"{{{each}}}" for each in values)
        raise InvalidInput(f"the phrase {name!r} names what is not there; it may name {known}") from None


def received(unit: Unit, loaded: Loaded, name: str) -> Received:
    """Why the customer got a message last. `name` is the message's, or the key of one.

    Raises:
        UnknownName: the customer got no message of that name or key.
    """
    unit.flush()
    rows = [row for row in unit.tx.messages(loaded.no) if row.status == "sent" and row.at is not None]
    found = [row for row in rows if name in (row.name, row.key) and row.channel is not None]
    if not found or not isinstance(name, str):
        # Only what this customer got is offered: other names are nobody's business here.
        raise UnknownName("message that this customer got", name, sorted({row.name for row in rows}))
    return _received(unit, loaded, found[-1])


def recipient(unit: Unit, key: str) -> str | None:
    """The id of the customer whom the message of a key was for; None where nobody knows the key."""
    unit.flush()
    row = unit.tx.message(key) if isinstance(key, str) else None
    return None if row is None else unit.by_number(row.customer).state.id


def _received(unit: Unit, loaded: Loaded, row: MessageRow) -> Received:
    message = unit.program.messages.get(row.name)
    cause = next((run.cause for run in unit.tx.runs(loaded.no) if run.no == row.run), "")
    seen = unit.seen([(cause, loaded.no)], [(cause, loaded.no)]).get((cause, loaded.no)) if cause else None
    by_hand = row.rule.startswith(PREFIX)
    at, channel = row.at or row.due, row.channel or ""
    granted = None if message is None else _granted(unit, loaded, row, message, channel, at)
    zones = loaded.state.profile.zones
    return Received(
        row.name, row.key, row.kind, row.kind if message is None else message.topic or row.kind,
        "" if message is None else message.why, channel, instant(at),
        None if seen is None or by_hand else seen.type, None if seen is None else instant(seen.at), by_hand,
        granted is not None, None if granted is None else instant(granted.at),
        "" if granted is None else granted.source, row.kind != UNBOUND, zones[0] if zones else "UTC",
    )  # fmt: skip


def _granted(
    unit: Unit, loaded: Loaded, row: MessageRow, message: Message, channel: str, at: int
) -> ConsentFact | None:
    """The grant it rested on when it went out, as the ledger had it then; None where it needed none."""
    if row.journey not in unit.program.bounds:
        return None
    then = standing_at(unit.tx.consents(loaded.no), at)
    state = attrs.evolve(loaded.state, profile=attrs.evolve(loaded.state.profile, consents=then))
    facts, on = facts_about(unit.program, state, unit.world, row.journey, message, channel, at, kind=row.kind)
    on.opted_out = None
    verdict = check_consent(facts, on)[0]
    if verdict.answer != "allow" or "since" not in verdict.values:
        return None
    return statement(then, message, channel, at)
