"""Policies as data: what binds every message (S6.4-S6.10). How they are asked is in `touchpoint.policy`."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

import attrs

from touchpoint.durations import Duration, is_calendar, spoken
from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.journey.content_rules import ContentRules
from touchpoint.journey.familiarity import Familiarity
from touchpoint.journey.windows import Over, QuietHours, SendWindow
from touchpoint.model.budget import Budget
from touchpoint.model.case import CaseType, case_name
from touchpoint.model.money import Number, is_currency, millionths, spoken_money


def _scope(value: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def _period(value: Duration) -> Duration:
    if is_calendar(value):
        return value
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise JourneyError("Cap(per=) takes a length such as days(7), or a calendar one such as calendar_days(1)")
    return value


@attrs.frozen
class Cap:
    """At most `n` hand-overs per period (S6.6).

    Counted are those accepted or ambiguous, and those in flight; refused ones only with `attempts=True`.

    Args:
        n: starts at 1.
        per: `timedelta` rolls, `(t - per, t]`; a calendar length means the customer's calendar day, week, month or
            year.
        kinds: of messages; None is every kind.
        channels: None is every channel.
        over: what happens to one too many: `defer` until a place is free, or `deny`.
        attempts: True counts every hand-over, also refused ones.
    """

    n: int
    per: Duration = attrs.field(kw_only=True, converter=_period)
    kinds: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)
    channels: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)
    over: Over = attrs.field(default="defer", kw_only=True)
    attempts: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.n < 1:
            raise JourneyError(
                f"Cap({self.n}) lets nothing out: n starts at 1; "
                "to stop a kind of message, withdraw its consent or rule"
            )

    def __str__(self) -> str:
        return f"cap of {self.n} per {spoken(self.per)}" + _of(self.kinds, self.channels)


@attrs.frozen
class Spacing:
    """At least this long between hand-overs on different channels (S6.5).

    Args:
        gap: elapsed.
        kinds: of messages; None is every kind.
        channels: between which it is kept; None is all of them.
    """

    gap: timedelta
    kinds: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)
    channels: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.gap, timedelta) or self.gap <= timedelta(0):
            raise JourneyError("Spacing() takes an elapsed time longer than nothing, such as hours(4)")

    def __str__(self) -> str:
        return f"spacing of {spoken(self.gap)}" + _of(self.kinds, self.channels)


def _cases(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str | CaseType):
        return (case_name(value),)
    return tuple(case_name(each) for each in value)  # type: ignore[attr-defined]


@attrs.frozen(kw_only=True)
class Hold:
    """While a case of these kinds is open, messages of these kinds wait, in all journeys (S6.10).

    Args:
        while_open: case types; None is any.
        kinds: of messages held; None is every kind.
        cool_off: elapsed time after the last of them is closed.
    """

    while_open: tuple[str, ...] | None = attrs.field(default=None, converter=_cases)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    cool_off: timedelta = timedelta(0)

    def __attrs_post_init__(self) -> None:
        if self.cool_off < timedelta(0):
            raise JourneyError("Hold(cool_off=) cannot be negative")

    def __str__(self) -> str:
        return "hold while a case is open" + (f" ({', '.join(self.while_open)})" if self.while_open else "")


OverLive = Literal["refuse", "defer", "replace"]


def _wait_for_place(value: timedelta) -> timedelta:
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise JourneyError("LiveRuns(within=) takes an elapsed time longer than nothing, such as days(7)")
    return value


@attrs.frozen
class LiveRuns:
    """At most `n` live runs of one customer: over all journeys in the policy of the house, else of the journey.

    Rules that answer a word such as STOP, and what people send by hand, are neither bound nor counted.

    Args:
        n: starts at 1.
        over: what becomes of one too many: `refuse` it; `defer` it until a place is free, when its condition,
            concurrency and limit are asked again; or `replace` the run of the lowest priority, if it is lower than that
            of the new one, else refuse.
        kinds: counts and binds only runs of rules that send a message of these kinds; None is every rule.
        within: how long a deferred entry waits at most (elapsed).
    """

    n: int
    over: OverLive = attrs.field(default="refuse", kw_only=True)
    kinds: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)
    within: timedelta = attrs.field(default=timedelta(days=7), kw_only=True, converter=_wait_for_place)

    def __attrs_post_init__(self) -> None:
        if self.n < 1:
            raise JourneyError(f"LiveRuns({self.n}) lets nothing start: n starts at 1")

    def __str__(self) -> str:
        return f"at most {self.n} live run{'s' if self.n > 1 else ''}" + _of(self.kinds, None)


def _percent(value: object) -> Decimal:
    number = Decimal(str(value)) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None
    if number is None or not number.is_finite() or not 0 < number < 100:
        raise JourneyError("HoldOut(percent=) is a number above 0 and below 100, such as 5")
    return number


@attrs.frozen
class HoldOut:
    """A part of all customers gets no such messages, so that everybody else can be compared with them (S9).

    Who is in it depends on its name and the customer alone; with a higher percentage the same people stay in it.
    Whoever is held out is exposed to no `Split`.

    Args:
        name: such as "2026"; another name draws anew.
        percent: how many of 100 customers are held out.
        kinds: of messages they do not get; every kind but transactional and service unless given.
    """

    name: str
    percent: Decimal = attrs.field(kw_only=True, converter=_percent)
    kinds: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)

    def __str__(self) -> str:
        return f"hold-out {self.name} of {self.percent} %" + _of(self.kinds, None)


Needs = Literal["grant", "no_withdrawal"]


@attrs.frozen(kw_only=True)
class ConsentRule:
    """What some messages need (S7.2).

    The first rule that fits is used; without one, transactional and service messages go out unless withdrawn, every
    other kind needs a grant. This is a mechanism, not legal advice.

    Args:
        needs: `grant`, or `no_withdrawal`: goes out unless withdrawn.
        kinds: of messages; None is all.
        channels: None is all.
        jurisdictions: of the customer (trait `jurisdiction`); None is all.
        source: where the rule comes from.
        valid_from: the first date (UTC) on which it is used; None is always.
        valid_until: the date (UTC) from which it is used no more; None is never.
    """

    needs: Needs
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    jurisdictions: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    source: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


def _consent_rules(rules: "Iterable[ConsentRule] | ConsentRule") -> "tuple[ConsentRule, ...]":
    # What is no rule is told by its path when the policy becomes part of a journey or an engine.
    return tuple(rules) if isinstance(rules, Iterable) else (rules,)


@attrs.frozen
class ConsentRules:
    """Rules about consent, asked in order; one alone may stand without a list."""

    rules: tuple[ConsentRule, ...] = attrs.field(converter=_consent_rules)


@attrs.frozen
class Approval:
    """A gift that is worth more than this waits until a person approves it (`engine.gifts.approve`).

    Whoever gave it by hand cannot. One in another currency waits, too, since nobody can compare them.

    Args:
        above: what needs nobody's approval yet; at most six decimals.
        currency: three letters (ISO 4217), such as EUR.
        by: who may approve, as the host names people; None is everybody.
    """

    above: Number
    currency: str
    by: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_scope)

    def __attrs_post_init__(self) -> None:
        try:
            millionths(self.above)
        except InvalidInput as error:
            raise JourneyError(f"Approval(above=): {error}") from None
        if not is_currency(self.currency):
            raise JourneyError('Approval(currency=) takes three capital letters (ISO 4217), such as "EUR"')
        if self.by is not None and not (self.by and all(isinstance(each, str) and each.strip() for each in self.by)):
            raise JourneyError("Approval(by=) names those who may approve; leave it out for everybody")

    def __str__(self) -> str:
        return f"approval above {spoken_money(millionths(self.above), self.currency)}"


@attrs.frozen(kw_only=True)
class Pull:
    """What suggestions are bound by beyond what binds everything, and who gets any (S6.5).

    Whoever asks for a suggestion has come to us, at an hour and as often as they like: quiet hours and caps, which keep
    us from coming to them too late and too often, do not bind it unless this says so. Whatever else the policy says of
    messages of its kind, with its place as their channel, binds it always: consent, wishes, holds, hold-outs, declared
    uses of traits, content rules, kill switches.

    Args:
        places: where this holds; None is everywhere.
        kinds: of suggestions; None is every kind.
        quiet_hours: quiet hours and send windows, the customer's own too, bind them.
        caps: caps, spacing and the customer's own frequency bind them. What was shown is counted by none of these.
        unknown: somebody of whom nothing is known yet gets suggestions, too; else asking for them is an error. Only the
            policy of the house says so.
    """

    places: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    quiet_hours: bool = False
    caps: bool = False
    unknown: bool = False

    def __str__(self) -> str:
        binds = [name for name, on in (("quiet hours", self.quiet_hours), ("caps", self.caps)) if on]
        return f"suggestions bound by {' and '.join(binds) or 'neither quiet hours nor caps'}" + _of(
            self.kinds, self.places
        )

    def covers(self, place: str, kind: str) -> bool:
        """Whether this is about suggestions of this kind at this place."""
        return (self.places is None or place in self.places) and (self.kinds is None or kind in self.kinds)


PolicyItem: TypeAlias = (
    QuietHours | SendWindow | Cap | Spacing | Hold | HoldOut | LiveRuns | ConsentRules | ContentRules | Pull
    | Familiarity | Budget | Approval
)  # fmt: skip
_ITEMS = (
    QuietHours, SendWindow, Cap, Spacing, Hold, HoldOut, LiveRuns, ConsentRules, ContentRules, Pull, Familiarity,
    Budget, Approval,
)  # fmt: skip


@attrs.frozen(init=False)
class Policy:
    """What binds messages and live runs.

    Quiet hours, windows, caps, spacing, holds, hold-outs, consent, content, budgets, approval, and how much of a
    customer may be used.

    The policy of an `Engine` binds every message of every journey; a journey's own policy only adds. Caps and holds of
    equal definition share one counter across journeys (S6.4).

    Args:
        items: in any order; all of them are asked, none hides another.
        look_ahead: how far ahead a message of higher priority reserves its place in a cap (S6.6).
    """

    items: tuple[PolicyItem, ...] = ()
    look_ahead: timedelta = timedelta(days=1)

    def __init__(self, *items: PolicyItem, look_ahead: timedelta = timedelta(days=1)) -> None:
        for item in items:
            if not isinstance(item, _ITEMS):
                raise JourneyError(
                    "Policy() takes QuietHours, SendWindow, Cap, Spacing, Hold, HoldOut, LiveRuns, ConsentRules, "
                    f"ContentRules, Pull, Familiarity, Budget and Approval, not {type(item).__name__}"
                )
        self.__attrs_init__(items, look_ahead)


def _of(kinds: tuple[str, ...] | None, channels: tuple[str, ...] | None) -> str:
    words = [", ".join(kinds)] if kinds else []
    if channels:
        words.append("on " + ", ".join(channels))
    return f" ({' '.join(words)})" if words else ""
