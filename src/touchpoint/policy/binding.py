"""Which policies bind the messages of which journey (S6.4): the house's bind all, a journey's own only adds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

import attrs

from touchpoint.durations import Duration, length
from touchpoint.journey.policy import Approval, Cap, ConsentRule, ConsentRules, Hold, HoldOut, Policy, Pull, Spacing
from touchpoint.journey.windows import DENY, QuietHours, SendWindow
from touchpoint.model.budget import Budget
from touchpoint.model.message import Message
from touchpoint.policy.content_binding import BoundContent, Evaluators, bind_content
from touchpoint.policy.verdict import Verdict, allow
from touchpoint.policy.windows import WindowEvaluator

T = TypeVar("T")

CAP: Final = "cap"
HOLD: Final = "hold"
QUIET_HOURS: Final = "quiet hours"
SEND_WINDOW: Final = "send window"
OWN_QUIET_HOURS: Final = "own quiet hours"

# Calendar lengths differ, and a day of one candidate zone may begin a day before that of another.
_CALENDAR_MARGIN: Final = timedelta(days=2)
_CACHED: Final = 64


def covers(names: Iterable[str] | None, name: str) -> bool:
    """Whether a scope of a policy (None is everything) has this name in it."""
    return names is None or name in names


# What follows keeps beside each policy what the gate says of it whenever it asks.


@attrs.frozen(eq=False)
class BoundWindow:
    """A window and what evaluates it; all journeys share one evaluator, and with it what it has found out.

    Args:
        check: how the gate calls it.
        said: its hours, as in `21:00-08:00`.
    """

    window: QuietHours | SendWindow
    evaluator: WindowEvaluator
    check: str = QUIET_HOURS
    said: str = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _hours(self.window), takes_self=True)
    )


class _Met(dict[tuple[str, str, str], bool]):
    """What has been found out of a cap; a history holds few kinds, journeys and channels, and many hand-overs."""

    def __init__(self, bound: "BoundCap") -> None:
        super().__init__()
        self._bound = bound

    def __missing__(self, about: tuple[str, str, str]) -> bool:
        kind, journey, channel = about
        self[about] = found = meets(self._bound, kind, journey, (channel,))
        return found


@attrs.frozen
class BoundCap:
    """A cap and the journeys whose hand-overs it counts; None is all of them.

    Args:
        said: the cap in words.
        span: its period in microseconds; None for one of the calendar.
        untaken: its answer where none of its places is taken.
        met: whether it is about a message, by its (kind, journey, channel).
    """

    cap: Cap
    journeys: frozenset[str] | None = None
    said: str = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: str(self.cap), takes_self=True)
    )
    span: int | None = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _elapsed(self.cap.per), takes_self=True)
    )
    untaken: Verdict = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda self: allow(CAP, self.said, {"taken": 0, "of": self.cap.n}), takes_self=True),
    )
    met: Mapping[tuple[str, str, str], bool] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_Met, takes_self=True)
    )


@attrs.frozen
class BoundSpacing:
    """A spacing and the journeys whose hand-overs it looks at; None is all of them. `said` is the spacing in words."""

    spacing: Spacing
    journeys: frozenset[str] | None = None
    said: str = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: str(self.spacing), takes_self=True)
    )


@attrs.frozen
class BoundHold:
    """A hold, and its answer where it has nothing against a message."""

    hold: Hold
    passed: Verdict = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda self: allow(HOLD, str(self.hold)), takes_self=True),
    )


@attrs.frozen(eq=False, kw_only=True)
class Bound:
    """What binds the messages of one journey. Equal definitions are here once.

    Args:
        consent, own_consent: the consent rules of the house and of the journey; of their answers the stricter holds.
        look_ahead: how far ahead a rival reserves its place in a cap; microseconds.
        content: the content rules; None where there are none.
        hold_outs: who gets nothing at all.
        budgets: what messages may cost.
        approvals: which gifts a person has to approve.
        pulls: what binds suggestions beyond that.
        usual: what `policy.checks` has found out, by name: a message, its kind, and the checks that it meets.
    """

    windows: tuple[BoundWindow, ...] = ()
    caps: tuple[BoundCap, ...] = ()
    spacings: tuple[BoundSpacing, ...] = ()
    holds: tuple[BoundHold, ...] = ()
    consent: tuple[ConsentRule, ...] = ()
    own_consent: tuple[ConsentRule, ...] = ()
    look_ahead: int = length(timedelta(days=1))
    content: BoundContent | None = None
    hold_outs: tuple[HoldOut, ...] = ()
    budgets: tuple[Budget, ...] = ()
    approvals: tuple[Approval, ...] = ()
    pulls: tuple[Pull, ...] = ()
    usual: dict[str, tuple[Message, str, tuple[Any, Any, Any]]] = attrs.field(factory=dict, init=False, repr=False)
    _own_quiet: dict[tuple[str, str], BoundWindow] = attrs.field(factory=dict, init=False, repr=False)
    _windows_for: dict[tuple[str, str], Sequence[BoundWindow]] = attrs.field(factory=dict, init=False, repr=False)
    _caps_for: dict[tuple[str, str, str], Sequence[BoundCap]] = attrs.field(factory=dict, init=False, repr=False)

    def windows_for(self, kind: str, channel: str) -> Sequence[BoundWindow]:
        """The windows for messages of this kind on this channel."""
        known = self._windows_for.get((kind, channel))
        if known is None:
            self._windows_for[kind, channel] = known = tuple(
                each
                for each in self.windows
                if covers(each.window.kinds, kind) and covers(each.window.channels, channel)
            )
        return known

    def caps_for(self, kind: str, journey: str, channel: str) -> Sequence[BoundCap]:
        """The caps that messages of this kind, from this journey, meet on this channel."""
        known = self._caps_for.get((kind, journey, channel))
        if known is None:
            self._caps_for[kind, journey, channel] = known = tuple(
                each for each in self.caps if meets(each, kind, journey, (channel,))
            )
        return known

    def spacings_for(self, kind: str, channel: str) -> Sequence[BoundSpacing]:
        """The spacings for messages of this kind on this channel."""
        return [
            each
            for each in self.spacings
            if covers(each.spacing.kinds, kind) and covers(each.spacing.channels, channel)
        ]

    def own_quiet(self, hours: tuple[str, str]) -> BoundWindow:
        """The quiet hours that a customer asks for: kept, up to a bound, because many ask for the same."""
        known = self._own_quiet.get(hours)
        if known is None:
            # Whoever wants quiet nights must not be woken because nobody asked where they live.
            window = QuietHours(*hours, unknown_zone=DENY)
            known = BoundWindow(window, WindowEvaluator(window), OWN_QUIET_HOURS)
            if len(self._own_quiet) >= _CACHED:
                self._own_quiet.clear()
            self._own_quiet[hours] = known
        return known


def meets(bound: BoundCap, kind: str, journey: str, channels: Iterable[str]) -> bool:
    """Whether this cap is about messages of this kind, from this journey, on any of these channels."""
    cap = bound.cap
    return (
        covers(cap.kinds, kind)
        and covers(bound.journeys, journey)
        and (cap.channels is None or any(channel in cap.channels for channel in channels))
    )


def bind(house: Policy, journeys: Mapping[str, Policy]) -> Mapping[str, Bound]:
    """What binds the messages of each journey.

    Caps and spacings of equal definition share one counter among the journeys that have them (S6.4). A hold of any
    journey holds the messages of all of them (S6.10). Of two look-aheads the larger one counts.

    Args:
        house: the policy of the engine.
        journeys: the own policy of each journey, by its name.
    """
    evaluators: list[BoundWindow] = []
    statutory: Evaluators = {}
    holds = _unique(BoundHold(each) for policy in (house, *journeys.values()) for each in _of(policy, Hold))
    return {
        name: Bound(
            windows=tuple(_evaluator(each, evaluators) for each in _windows(house, own)),
            caps=tuple(BoundCap(cap, _sharing(cap, house, journeys)) for cap in _both(house, own, Cap)),
            spacings=tuple(BoundSpacing(each, _sharing(each, house, journeys)) for each in _both(house, own, Spacing)),
            holds=holds,
            consent=_consent_rules(house),
            own_consent=_consent_rules(own),
            look_ahead=length(max(house.look_ahead, own.look_ahead)),
            content=bind_content(house, own, statutory),
            hold_outs=_unique((*_of(house, HoldOut), *_of(own, HoldOut))),
            budgets=_both(house, own, Budget),
            approvals=_both(house, own, Approval),
            pulls=_unique((*_of(house, Pull), *_of(own, Pull))),
        )
        for name, own in journeys.items()
    }


def retention(bounds: Iterable[Bound], messages: Iterable[Message]) -> int | None:
    """How long the history of hand-overs is looked back on, in microseconds; None is for ever.

    The longest of all caps, spacings and limits of messages. What a customer asks for (`Preferences.at_most`) comes on
    top: keep at least its period where it is longer.
    """
    longest = timedelta(0)
    for bound in bounds:
        lengths = [_longest(each.cap.per) for each in bound.caps] + [each.spacing.gap for each in bound.spacings]
        longest = max(longest, *lengths, timedelta(0))
    for limit in (message.limit for message in messages if message.limit is not None):
        if limit.per is None:
            return None
        longest = max(longest, _longest(limit.per))
    return length(longest)


def _of(policy: Policy, kind: type[T]) -> Iterator[T]:
    return (each for each in policy.items if isinstance(each, kind))


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    # By equality alone: what a policy holds need not be hashable.
    found: list[T] = []
    for each in items:
        if each not in found:
            found.append(each)
    return tuple(found)


def _both(house: Policy, own: Policy, kind: type[T]) -> tuple[T, ...]:
    return _unique([*_of(house, kind), *_of(own, kind)])


def _sharing(item: Cap | Spacing, house: Policy, journeys: Mapping[str, Policy]) -> frozenset[str] | None:
    if item in house.items:
        return None
    return frozenset(name for name, policy in journeys.items() if item in policy.items)


def _windows(house: Policy, own: Policy) -> tuple[QuietHours | SendWindow, ...]:
    return _unique(
        each for policy in (house, own) for each in policy.items if isinstance(each, QuietHours | SendWindow)
    )


def _evaluator(window: QuietHours | SendWindow, known: list[BoundWindow]) -> BoundWindow:
    for each in known:
        if each.window == window:
            return each
    name = QUIET_HOURS if isinstance(window, QuietHours) else SEND_WINDOW
    known.append(BoundWindow(window, WindowEvaluator(window), name))
    return known[-1]


def _hours(window: QuietHours | SendWindow) -> str:
    pairs = ((window.start, window.end),) if isinstance(window, QuietHours) else window.intervals
    return ", ".join(f"{start}-{end}" for start, end in pairs)


def _consent_rules(policy: Policy) -> tuple[ConsentRule, ...]:
    return tuple(rule for each in _of(policy, ConsentRules) for rule in each.rules)


def _elapsed(per: Duration) -> int | None:
    return length(per) if isinstance(per, timedelta) else None


def _longest(duration: Duration) -> timedelta:
    if isinstance(duration, timedelta):
        return duration
    elapsed = timedelta(
        days=duration.years * 366 + duration.months * 31 + duration.days, hours=duration.hours, minutes=duration.minutes
    )
    return elapsed + _CALENDAR_MARGIN
