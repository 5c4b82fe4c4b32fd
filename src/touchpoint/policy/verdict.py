"""What a check answers, and how the answers of many become one (S6.5).

For one channel every check is asked, and none hides another. Any Deny wins; else the latest Defer; else Allow; a Deny
that will have lapsed by the instant at which the other checks allow is a Defer. Over the channels, in order of
preference: where only the channel itself is in the way the next one is asked, a Defer waits, and any other Deny ends
the message.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias

import attrs

Answer = Literal["allow", "deny", "defer"]
EndsAs = Literal["denied", "withdrawn", "expired"]
Values: TypeAlias = Mapping[str, object]
Later: TypeAlias = Callable[[int], Sequence["Verdict"]]
"""Asks the checks of one channel again as if it were another instant, with the facts of now."""

_NOTHING: Final[Values] = {}
# Each look ahead is at a later instant than the one before; checks that still defer after this many have no end.
_LOOKS_AHEAD: Final = 32
_ALLOWED: Final = frozenset({"allow"})
_answer_of: Final = attrgetter("answer")


@attrs.define
class Verdict:
    """The answer of one check. Treat it as immutable, for it may be shared: it is mutable only to be quick to build.

    Args:
        check: its name, such as `consent`.
        answer: `allow`, `deny` or `defer`.
        reason: in plain words, without personal data.
        until: microseconds UTC. Of a Defer when to ask again (None: only an event frees it), of a Deny when it lapses
            (None: never by itself).
        waits_for: the event that ends a Defer, such as `case closed`.
        own: a Deny that is the channel's own, so that another channel may do.
        ends_as: the end that a Deny gives the message.
        values: what the check looked at; JSON values.
    """

    check: str
    answer: Answer
    reason: str = ""
    until: int | None = attrs.field(default=None, kw_only=True)
    waits_for: str | None = attrs.field(default=None, kw_only=True)
    own: bool = attrs.field(default=False, kw_only=True)
    ends_as: EndsAs = attrs.field(default="denied", kw_only=True)
    values: Values = attrs.field(default=_NOTHING, kw_only=True, repr=False)

    def to_record(self) -> dict[str, object]:
        """As a JSON object; what has its default value is left out."""
        return _record(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Verdict":
        """What `to_record` wrote."""
        return cls(**record)


def allow(check: str, reason: str = "", values: Values = _NOTHING) -> Verdict:
    """A check that has nothing against it."""
    return Verdict(check, "allow", reason, values=values)


def deny(
    check: str, reason: str, values: Values = _NOTHING, *, until: int | None = None, ends_as: EndsAs = "denied"
) -> Verdict:
    """A check that ends the message, whatever the channel; `until` is when it would lapse."""
    return Verdict(check, "deny", reason, until=until, ends_as=ends_as, values=values)


def deny_here(check: str, reason: str, values: Values = _NOTHING) -> Verdict:
    """A check that speaks against this channel only."""
    return Verdict(check, "deny", reason, own=True, values=values)


def defer(
    check: str, reason: str, values: Values = _NOTHING, *, until: int | None = None, waits_for: str | None = None
) -> Verdict:
    """A check that wants the message to wait until an instant, or for an event."""
    return Verdict(check, "defer", reason, until=until, waits_for=waits_for, values=values)


Because: TypeAlias = tuple[tuple[str, tuple[Verdict, ...]], ...]
"""Channels that were asked, in order, each with its verdicts."""


@attrs.define
class Ruling:
    """What all checks together say. Treat it as immutable, too.

    Args:
        answer: `allow`, `deny` or `defer`.
        channel: the channel that may be used, is waited for, or was denied last.
        check: the name of the first check that decided; empty for an Allow.
        reason: why, in plain words; empty for an Allow.
        until: microseconds UTC. Of a Defer when to ask again (None: wait for an event, or the expiry), of a Deny when
            nothing would stand against it any more, where that is known.
        waits_for: the events that Defers wait for.
        own: a Deny for which only the channels themselves are the cause.
        ends_as: the end that a Deny gives the message.
        because: every channel that was asked, in order, with every verdict.
    """

    answer: Answer
    channel: str | None = None
    check: str = ""
    reason: str = ""
    until: int | None = None
    waits_for: tuple[str, ...] = ()
    own: bool = False
    ends_as: EndsAs = "denied"
    because: Because = attrs.field(default=(), repr=False)

    @property
    def allowed(self) -> bool:
        """Whether the message may go out now, on `channel`."""
        return self.answer == "allow"

    @property
    def moves_on(self) -> bool:
        """Whether only the channel is in the way, so that the next one is asked."""
        return self.answer == "deny" and self.own

    def to_record(self) -> dict[str, object]:
        """As a JSON object; what has its default value is left out."""
        record = _record(self)
        if self.waits_for:
            record["waits_for"] = list(self.waits_for)
        if self.because:
            record["because"] = [[channel, [each.to_record() for each in asked]] for channel, asked in self.because]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Ruling":
        """What `to_record` wrote."""
        asked = record.get("because", ())
        because = tuple((channel, tuple(Verdict.from_record(each) for each in verdicts)) for channel, verdicts in asked)
        return cls(**{**record, "waits_for": tuple(record.get("waits_for", ())), "because": because})


def combine(verdicts: Iterable[Verdict], *, channel: str = "", later: Later | None = None) -> Ruling:
    """The ruling for one channel.

    Args:
        verdicts: of every check, in the order of the checks.
        channel: its name.
        later: lets a Deny that lapses be weighed against the instant at which the others truly allow, where the latest
            Defer only leads to the next one (a place in a cap that frees in quiet hours).
    """
    asked = tuple(verdicts)
    because = ((channel, asked),)
    if len(asked) == 1 and asked[0].answer != "allow":
        return alone(asked[0], channel)
    if _ALLOWED.issuperset(map(_answer_of, asked)):
        return Ruling("allow", channel=channel, because=because)
    defers = [each for each in asked if each.answer == "defer"]
    denies = [each for each in asked if each.answer == "deny"]
    if denies and defers:
        denies = _standing(denies, defers, later)
    return _denied(denies, channel, because) if denies else _deferred(defers, channel, because)


def looks_ahead(against: Sequence[Verdict]) -> bool:
    """Whether `combine` needs `later` for these: a Deny that lapses may have done so when the Defers are over."""
    lapses = waits = False
    for each in against:
        if each.answer == "deny":
            lapses = lapses or each.until is not None
        elif each.answer == "defer":
            if each.until is None:
                return False  # nobody knows when the event comes
            waits = True
    return lapses and waits


def rule_over_channels(rulings: Iterable[Ruling]) -> Ruling:
    """The ruling for the message, from those for its channels in order of preference.

    They are taken one at a time, so that with a generator a channel is asked only where those before it cannot be used.
    """
    asked: list[Ruling] = []
    for ruling in rulings:
        asked.append(ruling)
        if not ruling.moves_on:
            return ruling if len(asked) == 1 else attrs.evolve(ruling, because=_because(asked))
    if not asked:
        return Ruling("deny", check="address", reason="the message names no channel; give it channels=[…]", own=True)
    return _nowhere(asked)


def _nowhere(asked: Sequence[Ruling]) -> Ruling:
    """Each of its channels denies a message, as far as that channel goes."""
    first = asked[0]
    if len(asked) == 1:
        reason, until, because = f"{first.channel}: {first.reason}", first.until, first.because
    else:
        reason = "; ".join([f"{each.channel}: {each.reason}" for each in asked])
        until = min((each.until for each in asked if each.until is not None), default=None)
        because = _because(asked)
    return Ruling(
        "deny", channel=asked[-1].channel, check=first.check, reason=f"no channel is left: {reason}", until=until,
        own=True, because=because,
    )  # fmt: skip


def _because(asked: Iterable[Ruling]) -> Because:
    return tuple(each for ruling in asked for each in ruling.because)


def _standing(denies: list[Verdict], defers: list[Verdict], later: Later | None) -> list[Verdict]:
    """The Denies that will not have lapsed by the instant at which the other checks allow."""
    at = _asked_again(defers)
    if at is None:
        # Nobody knows when the event comes. Asked again then, a Deny that still stands will say so.
        return [each for each in denies if each.until is None]
    standing = [each for each in denies if each.until is None or each.until > at]
    lapsing = [each for each in standing if each.until is not None]
    if lapsing and later is not None and _lapse_in_time(at, later):
        return [each for each in standing if each.until is None]
    return standing


def _lapse_in_time(at: int, later: Later) -> bool:
    """Whether the Denies that lapse at all have lapsed when the last Defer ends; at `at` those of now have ended."""
    for _ in range(_LOOKS_AHEAD):
        verdicts = later(at)
        denies = [each for each in verdicts if each.answer == "deny"]
        if any(each.ends_as == "expired" for each in denies):
            return False
        if all(each.until is None for each in denies):
            return True
        defers = [each for each in verdicts if each.answer == "defer"]
        if not defers:
            return False
        again = _asked_again(defers)
        if again is None:
            return True
        at = again
    return False


def _asked_again(found: Sequence[Verdict]) -> int | None:
    """When the last of them ends; None where one waits for an event, or never lapses."""
    if len(found) == 1:
        return found[0].until
    ends = [each.until for each in found]
    return None if None in ends else max(each for each in ends if each is not None)


def alone(against: Verdict, channel: str) -> Ruling:
    """The ruling for a channel on which a single verdict stands against a message: in its own words."""
    waits_for = against.waits_for
    return Ruling(  # by position, since names would take longer than all else
        against.answer, channel, against.check, against.reason, against.until,
        () if waits_for is None else (waits_for,), against.own, against.ends_as, ((channel, (against,)),),
    )  # fmt: skip


def _denied(denies: Sequence[Verdict], channel: str, because: Because) -> Ruling:
    general = [each for each in denies if not each.own]
    deciding = general or denies
    return Ruling(
        "deny",
        channel=channel,
        check=deciding[0].check,
        reason=_reasons(deciding),
        until=_asked_again(denies),
        own=not general,
        ends_as=deciding[0].ends_as,
        because=because,
    )


def _deferred(defers: Sequence[Verdict], channel: str, because: Because) -> Ruling:
    until = _asked_again(defers)
    deciding = [each for each in defers if each.until == until]
    return Ruling(
        "defer",
        channel=channel,
        check=deciding[0].check,
        reason=_reasons(deciding),
        until=until,
        waits_for=tuple(dict.fromkeys([each.waits_for for each in defers if each.waits_for is not None])),
        because=because,
    )


def _reasons(verdicts: Sequence[Verdict]) -> str:
    if len(verdicts) == 1:
        return verdicts[0].reason
    return "; ".join(dict.fromkeys(each.reason for each in verdicts if each.reason))


def _record(each: Verdict | Ruling) -> dict[str, object]:
    fields: Iterable[attrs.Attribute[object]] = attrs.fields(type(each))
    return {field.name: value for field in fields if (value := getattr(each, field.name)) != field.default}
