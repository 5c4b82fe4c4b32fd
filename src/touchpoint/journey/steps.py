"""What a rule does, as data (S5).

A step's identity is its `id`, else kind + message or trigger name + ordinal (S4.5). `was` lists earlier ones: whoever
stands at one of them when a release renames the step stays there (S5.4).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias

import attrs

from touchpoint.durations import Duration, Forever
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, expression_eq
from touchpoint.journey.plain_steps import CloseCase, Emit, Enrol, Exit, MoveTo, OpenCase, SetTrait, values
from touchpoint.journey.step_fields import (
    as_answer,
    as_asked,
    as_awaited,
    as_candidate_given,
    as_given,
    as_still,
    as_timeout,
    as_until,
    as_wait_length,
    as_zone_key,
    earlier,
    reminders,
    thanks,
    worth,
)
from touchpoint.journey.triggers import Trigger, trigger_name, triggers
from touchpoint.model.message import Gift, Message, Survey

__all__ = [
    "ARMS", "Ask", "Best", "Branch", "Call", "Candidate", "CloseCase", "Emit", "Enrol", "Exit", "Give", "MoveTo",
    "OpenCase", "React", "Reply", "Send", "SetTrait", "Since", "Split", "Step", "Wait", "WaitFor", "WaitUntil",
    "arm_of", "arms", "candidate_arm", "earlier", "flat", "identified", "label",
]  # fmt: skip

Since = Literal["send", "now", "run"]
_NO_STEPS: Final = ()


def _steps(value: "Iterable[Step] | Step | None") -> "tuple[Step, ...]":
    if value is None or value is _NO_STEPS:
        return ()
    given = tuple(value) if type(value) is list or isinstance(value, Iterable) else (value,)
    for step in given:
        if not isinstance(step, _STEPS):
            raise JourneyError(f"then= and otherwise= take steps such as Send(…) or Wait(…), not {type(step).__name__}")
    return given


@attrs.frozen
class Send:
    """Send a message; the run goes on when it has reached an end.

    Args:
        message: what to send.
        still: asked again at release; anything but true withdraws the message. Conditions may be text everywhere.
        otherwise: steps taken where it ended in another way than sent.
    """

    message: Message
    still: Expression | None = attrs.field(default=None, kw_only=True, converter=as_still, eq=expression_eq)
    otherwise: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class Ask(Send):
    """Ask for feedback: a `Send` whose `message` is a `Survey`; `still` and `otherwise` as there.

    With `remind` or `thank` the run goes on after the answer, or when answers no longer count; else as after a `Send`.

    Args:
        remind: how long to wait for an answer before the survey is sent once more; several lengths for several times.
            Each counts from the hand-over of the one before. A reminder is a message of its own to the gate, and never
            goes out after an answer.
        reminder: a survey of the same kind with other words to remind with; the survey itself unless given.
        thank: a `Message` or `Gift` that goes out after the answer, whatever it says. A gift without a `limit` gets
            one: one customer is given it once in 90 days.
        within: how long after the hand-over an answer counts; 14 days unless given.
    """

    message: Survey
    remind: tuple[timedelta, ...] = attrs.field(default=(), kw_only=True, converter=reminders)
    reminder: Survey | None = attrs.field(default=None, kw_only=True)
    thank: Message | None = attrs.field(default=None, kw_only=True, converter=thanks)
    within: timedelta | None = attrs.field(default=None, kw_only=True)

    @cached_property
    def follow_up(self) -> "tuple[Step, ...]":
        """The steps that `remind` and `thank` stand for; none without them."""
        if not self.remind and self.thank is None:
            return ()
        from touchpoint.journey.asking import follow_up

        return follow_up(self)


@attrs.frozen
class Give(Send):
    """Give a gift: a `Send` whose `message` is a `Gift`; `still` and `otherwise` as there."""

    message: Gift


class Reply(Send):
    """Answer in the conversation: on the channel by which the event came, as a reply to it, where the adapter can.

    The event is the touchpoint that last moved the run, else its trigger: what the customer wrote, if it came by a
    channel. Where that channel's adapter cannot reply within a conversation, or the event came by none, the message
    goes out on its own `channels`, in their order, as an ordinary one; without any it is denied.

    Args:
        message: a `Message` of kind service or transactional, which may name no channels; or its text.
        why, name: of the message, where it is given as a text.
        still, otherwise, id, was: as for `Send`.
    """

    __slots__ = ()

    def __init__(
        self, message: Message | str, *, why: str = "", name: str | None = None, still: Expression | None = None,
        otherwise: "Iterable[Step] | Step | None" = (), id: str | None = None, was: "Iterable[str] | str" = (),
    ) -> None:  # fmt: skip
        answer = as_answer(message, why, name, type(self).__name__)
        super().__init__(answer, still=still, otherwise=otherwise, id=id, was=was)


class React(Send):
    """React with a sign to what the customer wrote, on its channel, where the adapter can; else it is denied.

    Args:
        message: the sign as the channel writes it, such as "👍"; or a `Message` without channels whose text it is.
        why: what the reaction is for.
        name: of its message; "reaction 👍" unless given.
        still, otherwise, id, was: as for `Send`.
    """

    __slots__ = ()

    def __init__(
        self, message: Message | str, *, why: str = "", name: str | None = None, still: Expression | None = None,
        otherwise: "Iterable[Step] | Step | None" = (), id: str | None = None, was: "Iterable[str] | str" = (),
    ) -> None:  # fmt: skip
        called = f"reaction {message}" if isinstance(message, str) and name is None else name
        answer = as_answer(message, why, called, type(self).__name__)
        super().__init__(answer, still=still, otherwise=otherwise, id=id, was=was)


@attrs.frozen
class Wait:
    """Wait for a length of time, or until a local time or date.

    Args:
        length: elapsed (`timedelta`) or calendar (`relativedelta`) length.
        until: "HH:MM", the next time the customer's clock says so; or an expression that gives a date or an instant,
            such as `customer.renewal`, also as text. Where it gives nothing, the run exits with that reason.
        at: with a date from data, the local time of day of that date; midnight unless given.
        unknown_zone: the zone for calendar waits of customers whose own is not known; UTC unless given, and the trace
            says so.
    """

    length: Duration | Forever | None = attrs.field(default=None, converter=as_wait_length)
    until: "str | Expression | None" = attrs.field(default=None, kw_only=True, converter=as_until, eq=expression_eq)
    at: str | None = attrs.field(default=None, kw_only=True)
    unknown_zone: str | None = attrs.field(default=None, kw_only=True, converter=as_zone_key)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.length, Forever):
            raise JourneyError(
                "Wait(forever) would never go on: use WaitFor(trigger, timeout=forever), or Exit(…) to end the run"
            )
        if (self.length is None) == (self.until is None):
            raise JourneyError("Wait() takes either a length or until=, such as Wait(days(3)) or Wait(until='09:00')")


@attrs.frozen
class WaitFor:
    """Wait until one of these happens, or a time has passed; then go on after either arm.

    Args:
        trigger: one trigger or a list of them.
        timeout: a length, or `forever`; required.
        then: steps taken when it happened.
        otherwise: steps taken when the time has passed.
        given: only touchpoints for which this holds end the wait.
        since: how far back it looks: to the run's last Send, Ask or Give (`send`), not at all (`now`), or to its start
            (`run`).
        unknown_zone: as in `Wait`.
    """

    trigger: tuple[Trigger, ...] = attrs.field(converter=triggers)
    timeout: Duration | Forever | None = attrs.field(default=None, converter=as_timeout)
    then: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    otherwise: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    given: Expression | None = attrs.field(default=None, kw_only=True, converter=as_given, eq=expression_eq)
    since: Since = attrs.field(default="send", kw_only=True)
    unknown_zone: str | None = attrs.field(default=None, kw_only=True, converter=as_zone_key)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class WaitUntil:
    """Wait until a condition holds.

    The run goes on at once if it does already; else it is looked at with every event of the customer and whenever one
    of its windows lapses.

    Args:
        condition: what is waited for; an expression, or text.
        timeout: a length, or `forever`; required.
        then: steps taken when it holds.
        otherwise: steps taken when the time has passed.
        unknown_zone: as in `Wait`.
    """

    condition: Expression = attrs.field(converter=as_awaited, eq=expression_eq)
    timeout: Duration | Forever | None = attrs.field(default=None, converter=as_timeout)
    then: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    otherwise: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    unknown_zone: str | None = attrs.field(default=None, kw_only=True, converter=as_zone_key)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class Branch:
    """Go one way if the condition is true, the other way if it is false or unknown.

    Args:
        condition: asked when the run comes here; an expression, or text.
        then: steps taken if it is true.
        otherwise: steps taken if not.
    """

    condition: Expression = attrs.field(converter=as_asked, eq=expression_eq)
    then: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    otherwise: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


def _ways(value: "Mapping[str, Iterable[Step] | Step | None]") -> "Mapping[str, tuple[Step, ...]]":
    if not isinstance(value, Mapping):
        raise JourneyError('Split() takes its arms by variant: Split("offer", {"gift": [Send(…)], "control": []})')
    return {variant: _steps(each) for variant, each in value.items()}


def _weights(value: Mapping[str, int] | None) -> Mapping[str, int]:
    return {} if value is None else dict(value)


@attrs.frozen
class Split:
    """Part ways by chance: an experiment (S9).

    Which way a customer goes depends on the names of experiment and customer and on the weights alone, so it is the
    same in every rule and on every machine. When a customer parts ways for the first time, the touchpoint
    `exposed` tells so, and they keep their variant for as long as it has an arm, whatever becomes of the weights.

    Args:
        name: of the experiment. Splits of one name are one experiment, with the same variants and weights.
        arms: variant → steps; none for a control.
        weights: variant → a whole number; equal ones unless given. 0 takes nobody any more.
    """

    name: str
    arms: "Mapping[str, tuple[Step, ...]]" = attrs.field(converter=_ways)
    weights: Mapping[str, int] = attrs.field(default=None, kw_only=True, converter=_weights)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)

    @property
    def shares(self) -> Mapping[str, int]:
        """Every variant with its weight."""
        return {variant: self.weights.get(variant, 0) if self.weights else 1 for variant in self.arms}


@attrs.frozen
class Candidate:
    """One of the actions among which `Best` chooses.

    Args:
        name: unique in its `Best`.
        then: the steps that are taken where it is chosen. Where the first of them sends a message, it is chosen only
            while consent, wishes, hold-outs, declared uses and data let that message out at all.
        value: what it is worth, as a number or an expression; without one that is known it is not chosen.
        given: only where this is true; an expression, or text.
    """

    name: str
    then: "tuple[Step, ...]" = attrs.field(default=(), converter=_steps)
    value: Expression = attrs.field(kw_only=True, converter=worth, eq=expression_eq)
    given: Expression | None = attrs.field(default=None, kw_only=True, converter=as_candidate_given, eq=expression_eq)


def _candidates(value: "Iterable[Candidate] | Candidate") -> "tuple[Candidate, ...]":
    return (value,) if isinstance(value, Candidate) else tuple(value)


@attrs.frozen
class Best:
    """Take the next best action: of several that may be taken the one of the highest value (S5).

    Where values are equal, the one that is declared first. What was chosen, and why the others were not, stands in the
    trace, and `why` tells it. The gate still decides when a message goes out.

    Args:
        name: of the decision, such as "win back".
        candidates: what there is to choose from, each a `Candidate`.
        otherwise: steps taken where none of them may be taken.
    """

    name: str
    candidates: tuple[Candidate, ...] = attrs.field(converter=_candidates)
    otherwise: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class Call:
    """Call a function of the host, by the name it is registered under (`Engine(functions=)`).

    It goes through the outbox: outside any transaction, at least once, with a stable key. The run goes on when it has
    returned.

    Args:
        function: the registered name.
        arguments: passed on as a mapping; missing values are left out.
        otherwise: steps taken where it failed for good.
    """

    function: str
    arguments: Mapping[str, Expression] = attrs.field(default=None, converter=values, eq=expression_eq)
    otherwise: "tuple[Step, ...]" = attrs.field(default=(), kw_only=True, converter=_steps)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


Step: TypeAlias = (
    Send
    | Ask
    | Give
    | Reply
    | React
    | Wait
    | WaitFor
    | WaitUntil
    | Branch
    | Split
    | Best
    | MoveTo
    | SetTrait
    | Emit
    | OpenCase
    | CloseCase
    | Call
    | Enrol
    | Exit
)
_STEPS = (
    Send, Wait, WaitFor, WaitUntil, Branch, Split, Best, MoveTo, SetTrait, Emit, OpenCase, CloseCase, Call, Enrol, Exit,
)  # fmt: skip

ARMS = ("then", "otherwise")
FOLLOW_UP = "follow_up"
"""The arm of an `Ask` that nobody has written: what `remind` and `thank` stand for."""


def arms(step: Step) -> Sequence[tuple[str, "tuple[Step, ...]"]]:
    """The arms of a step by name, empty ones left out, in the order they are read.

    The name is a path from the step: `then`, `otherwise`, of a `Split` `arms["gift"]`, of a `Best`
    `candidates[0].then`, or of an `Ask` `follow_up`.
    """
    own, named = _arms_of(type(step))  # type: ignore[arg-type]  # a class is hashable
    found = [] if own is None else own(step)
    for name in named:
        if steps := getattr(step, name):
            found.append((name, steps))
    return found


def _of_variants(split: Split) -> "_Arms":
    return [(arm_of(variant), steps) for variant, steps in split.arms.items() if steps]


def _after_answers(ask: Ask) -> "_Arms":
    return [(FOLLOW_UP, follow_up)] if (follow_up := ask.follow_up) else []


def _choices(best: Best) -> "_Arms":
    return [(candidate_arm(n), each.then) for n, each in enumerate(best.candidates) if each.then]


_Arms: TypeAlias = list[tuple[str, tuple[Step, ...]]]
_OWN_ARMS: Final[Mapping[type, Callable[[Any], _Arms]]] = {Split: _of_variants, Ask: _after_answers, Best: _choices}
"""By class of steps, and those derived from it, the arms that have other names than those of `ARMS`."""


@cache
def _arms_of(cls: type) -> tuple[Callable[[Any], _Arms] | None, Sequence[str]]:
    """What gives the arms of a step of a class that only such steps have, and those of `ARMS` that it has."""
    own = next((given for each, given in _OWN_ARMS.items() if issubclass(cls, each)), None)
    return own, [name for name in ARMS if hasattr(cls, name)]


def arm_of(variant: str) -> str:
    """The name of the arm of a `Split` for a variant."""
    return f"arms[{json.dumps(variant, ensure_ascii=False)}]"


def candidate_arm(place: int) -> str:
    """The name of the arm of a `Best` for the candidate at this place, from 0."""
    return f"candidates[{place}].then"


def label(step: Step) -> str:
    """Kind and the name of what it is about: what a step's derived identity is made of. Never its parameters (S4.5)."""
    kind, about = _named(type(step))  # type: ignore[arg-type]  # a class is hashable
    return kind if about is None else f"{kind}:{about(step)}"


_ABOUT: Final[Mapping[type, Callable[[Any], str]]] = {
    Send: attrgetter("message.name"), WaitFor: lambda step: "|".join(map(trigger_name, step.trigger)),
    Split: attrgetter("name"), Best: attrgetter("name"), MoveTo: attrgetter("stage"), SetTrait: attrgetter("trait"),
    Emit: attrgetter("type"), OpenCase: attrgetter("case"), CloseCase: attrgetter("case"), Call: attrgetter("function"),
    Enrol: attrgetter("rule"),
}  # fmt: skip
"""By class of steps, and those derived from it, the name of what a step is about; others are about nothing."""


@cache
def _named(cls: type) -> tuple[str, Callable[[Any], str] | None]:
    """The kind of a class of steps, and what gives the name of what a step is about."""
    return cls.__name__.lower(), next((about for each, about in _ABOUT.items() if issubclass(cls, each)), None)


def identified(steps: "Iterable[Step]") -> "Iterable[tuple[str, Step]]":
    """Every step of a rule with its identity, in reading order.

    That is its own `id`, else label and ordinal among equals (S4.5). What follows an `Ask` is named after it, as in
    `ask:rate/remind`, and counts among no equals.
    """
    return [(name, step) for _, name, step in placed(steps, "")]


def placed(steps: "Iterable[Step]", path: str) -> "Sequence[tuple[str, str, Step]]":
    """Every step of a rule with its path, from the `path` of the list on, and its identity, in reading order."""
    found: list[tuple[str, str, Step]] = []
    _place(steps, path, {}, None, found)
    return found


def _place(
    steps: "Iterable[Step]",
    path: str,
    seen: dict[str, int],
    asked_by: str | None,
    found: "list[tuple[str, str, Step]]",
) -> None:
    for n, step in enumerate(steps):
        if asked_by is not None:
            name = f"{asked_by}/{step.id}"
        elif step.id is not None:
            name = step.id
        else:
            name = label(step)
            seen[name] = times = seen.get(name, 0) + 1
            if times > 1:
                name = f"{name}#{times}"
        place = f"{path}[{n}]"
        found.append((place, name, step))
        for arm, inner in arms(step):
            _place(inner, f"{place}.{arm}", seen, name if arm == FOLLOW_UP else asked_by, found)


def flat(steps: "Iterable[Step]") -> "Iterable[Step]":
    """Every step of a rule, arms included, in reading order."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        for _, arm in arms(step):
            found += flat(arm)
    return found
