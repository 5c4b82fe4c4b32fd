"""What `Ask(remind=, thank=)` stands for: steps that wait for the answer, remind of it, and thank for it (S5, S8.1).

They are steps like any other, so they are stored, explained, covered and moved by releases as those are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from touchpoint.durations import days, spoken
from touchpoint.errors import InvalidInput, Problem
from touchpoint.journey.conditions import answered
from touchpoint.journey.outcomes import Answered
from touchpoint.journey.steps import Ask, Branch, Give, Send, Step, WaitFor
from touchpoint.model.message import Gift, Survey

WITHIN: Final = days(14)
"""How long after its hand-over answers to a survey count, unless it says otherwise."""

_REMIND: Final = "remind"
_ANSWER: Final = "answer"


def within(ask: Ask) -> timedelta:
    """How long after its hand-over answers to this survey count."""
    return WITHIN if ask.within is None else ask.within


def first_asked(step: str) -> str | None:
    """The `Ask` that a step reminds of, by their identities; None where the step is no reminder."""
    parent, _, last = step.rpartition("/")
    return parent if parent and last.partition("#")[0] == _REMIND else None


def follow_up(ask: Ask) -> tuple[Step, ...]:
    """The steps that follow a survey that was handed over.

    The run waits for the answer, sends the survey once more after each length of `remind`, and goes on as soon as there
    is an answer, or when answers no longer count; then it thanks for one, if there is one.
    """
    waits = [*ask.remind, max(within(ask) - sum(ask.remind, timedelta()), timedelta())]
    steps = _waiting(ask, waits, 1)
    if ask.thank is None:
        return steps
    thank = ask.thank
    gives = Give(thank, **_named(ask, "thank")) if isinstance(thank, Gift) else Send(thank, **_named(ask, "thank"))  # type: ignore[arg-type]
    return (*steps, Branch(answered(ask.message), then=gives, **_named(ask, "answered")))  # type: ignore[arg-type]


def _waiting(ask: Ask, waits: list[timedelta], n: int) -> tuple[Step, ...]:
    """The nth wait for an answer, with the reminders that come after it."""
    otherwise: tuple[Step, ...] = ()
    if len(waits) > 1:
        still = ~answered(ask.message)
        survey = ask.message if ask.reminder is None else ask.reminder
        both = still if ask.still is None else ask.still & still
        again = Ask(survey, still=both, within=within(ask), **_named(ask, _REMIND, n))  # type: ignore[arg-type]
        otherwise = (again, *_waiting(ask, waits[1:], n + 1))
    # Since the run began: an answer may come while a reminder is on its way.
    waits_for = WaitFor(Answered(ask.message), waits[0], otherwise=otherwise, since="run", **_named(ask, _ANSWER, n))  # type: ignore[arg-type]
    return (waits_for,)


def _named(ask: Ask, what: str, n: int = 1) -> dict[str, object]:
    """The identity of such a step within that of its `Ask`, with the earlier ones where that was renamed."""
    name = what if n == 1 else f"{what}#{n}"
    return {"id": name, "was": tuple(f"{old}/{name}" for old in ask.was)}


def problems_of(path: str, ask: Ask) -> Iterator[Problem]:
    """What of an `Ask` cannot be done; it is sound in shape."""
    whole = sum(ask.remind, timedelta())
    if ask.remind and whole >= within(ask):
        found = f"the last reminder would go out after {spoken(whole)}, when answers no longer count"
        yield Problem(
            f"{path}.remind", found, f"answers count for {spoken(within(ask))}; write within=, or remind sooner"
        )
    if ask.reminder is not None:
        yield from _reminds(path, ask, ask.reminder)
    if isinstance(ask.thank, Survey):
        yield Problem(f"{path}.thank", "a survey thanks nobody", "thank with a Message or a Gift")
    elif ask.thank is not None and ask.thank.name in {ask.message.name, ask.reminder and ask.reminder.name}:
        yield Problem(f"{path}.thank", "it bears the name of the survey", "give it a name of its own")


def _reminds(path: str, ask: Ask, reminder: Survey) -> Iterator[Problem]:
    if not ask.remind:
        yield Problem(f"{path}.reminder", "nobody is ever reminded", "say when, as in remind=days(3)")
    if (reminder.scale, reminder.points) != (ask.message.scale, ask.message.points):
        found = "it asks for answers on another scale than the survey that it reminds of"
        yield Problem(f"{path}.reminder", found, "give both the same scale and points")
    if reminder.name == ask.message.name and reminder != ask.message:
        yield Problem(f"{path}.reminder", "it bears the name of the survey", "give it a name of its own")


def survey_problems(path: str, survey: Survey) -> Iterator[Problem]:
    """What of a survey cannot be answered; it is sound in shape."""
    try:
        survey.answered_on()
    except InvalidInput as error:
        yield Problem(f"{path}.points", str(error), "write points=(1, 5), say")


def asked_twice(path: str, steps: Iterable[tuple[str, Step]]) -> Iterator[Problem]:
    """A survey that is followed up and that the same rule asks elsewhere: nobody could tell which one is answered.

    Args:
        path: of the rule.
        steps: all of the rule, with their identities.
    """
    asks = [step for name, step in steps if isinstance(step, Ask) and first_asked(name) is None]
    counted = Counter(step.message.name for step in asks)
    for name in dict.fromkeys(step.message.name for step in asks if step.follow_up):
        if counted[name] > 1:
            found = f"it asks {name!r} in several places, one of which waits for the answer"
            yield Problem(
                f"{path}.then", found, "give each survey a name of its own, or remind and thank for none of them"
            )
