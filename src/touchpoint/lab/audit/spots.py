"""Every step of a rule with what is known where it stands: what let a run come here, what last moved it, how long ago.

Only what cannot have changed on the way is used to rule something out: what was asked of the trigger, and of the event
as long as nothing else has moved the run. What else was asked is known until the next step.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

import attrs

from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression, Field, Literal, Not, children, root_of, walk
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.triggers import Trigger
from touchpoint.lab.audit.result import Place
from touchpoint.lab.checks.reach import ends
from touchpoint.lab.checks.scene import of_trigger, parts_of
from touchpoint.lab.checks.times import shortest

_AT_ONCE = (s.Branch, s.Split, s.Best, s.MoveTo, s.SetTrait, s.Emit, s.OpenCase, s.CloseCase, s.Enrol, s.Exit)
_STILL = (*_AT_ONCE, s.Wait)
"""Steps after which `event` is what it was."""
_NO_TIME = timedelta(0)


@attrs.frozen(eq=False)
class Spot:
    """A step and its place.

    Attributes:
        path: as in errors, `$.rules[0].then[1]`.
        event: what last moved the run; empty where that is the trigger, or something that carries nothing.
        true: conditions that certainly hold.
        untrue: conditions that are certainly false or unknown.
        passed: every condition that had to be true on the way, also those that may have changed since.
        waited: how long it takes at least (elapsed) from what last moved the run to here.
        since_start: the same from its start.
    """

    journey: Journey
    rule: Rule
    path: str
    step: s.Step
    event: tuple[Trigger, ...] = ()
    true: tuple[Expression, ...] = ()
    untrue: tuple[Expression, ...] = ()
    passed: tuple[Expression, ...] = ()
    waited: timedelta = _NO_TIME
    since_start: timedelta = _NO_TIME

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.journey.name, self.path)


@attrs.frozen(eq=False)
class _Way:
    """What is known on the way through the steps. `moved` says whether `event` may be another than the trigger."""

    event: tuple[Trigger, ...] = ()
    moved: bool = False
    true: tuple[Expression, ...] = ()
    untrue: tuple[Expression, ...] = ()
    passed: tuple[Expression, ...] = ()
    waited: timedelta = _NO_TIME
    since_start: timedelta = _NO_TIME

    def given(self, condition: Expression, *, holds: bool) -> "_Way":
        """After a condition was asked."""
        read = condition if self.moved else of_trigger(condition)
        if holds:
            return attrs.evolve(self, true=(*self.true, *parts_of(read)), passed=(*self.passed, read))
        return attrs.evolve(self, untrue=(*self.untrue, read), passed=(*self.passed, Not(read)))

    def after(self, step: s.Step) -> "_Way":
        """Past a step, whatever arm was taken of those that lead on."""
        match step:
            case s.Wait():
                return self.later(shortest(step.length)).lasting("trigger", "event")
            case s.Branch() | s.WaitFor() if (led := _only_arm(step)) is not None:
                return self.into(step, led).past(getattr(step, led))
            case s.WaitFor():
                arms = [each for _, arm in s.arms(step) for each in arm]
                return self.moved_by(step.trigger).past(arms)
        return self.past([step])

    def past(self, steps: Iterable[s.Step]) -> "_Way":
        """Past steps of which any may have been taken."""
        if all(isinstance(each, _STILL) for each in s.flat(steps)):
            return self.lasting("trigger", "event")
        return self.moved_by(())

    def into(self, step: s.Step, arm: str) -> "_Way":
        """What is known at the first step of an arm."""
        match step:
            case s.Branch():
                return self.given(step.condition, holds=arm == "then")
            case s.WaitFor() if arm == "then":
                moved = self.moved_by(step.trigger)
                return moved if step.given is None else moved.given(step.given, holds=True)
            case s.WaitFor() | s.WaitUntil():
                late = self.later(shortest(step.timeout)) if arm == "otherwise" else self
                return late.lasting("trigger", "event")
            case s.Best():
                given = next((each.given for n, each in enumerate(step.candidates) if s.candidate_arm(n) == arm), None)
                return self if given is None else self.given(given, holds=True)
            case s.Split():
                return self
        return self.moved_by(())

    def moved_by(self, triggers: tuple[Trigger, ...]) -> "_Way":
        """Once something else has moved the run."""
        return attrs.evolve(self.lasting("trigger"), event=triggers, moved=True, waited=_NO_TIME)

    def later(self, by: timedelta) -> "_Way":
        """So much later."""
        return attrs.evolve(self, waited=self.waited + by, since_start=self.since_start + by)

    def lasting(self, *roots: str) -> "_Way":
        """What is left of it where only what these roots carry stays as it was."""
        true = tuple(each for each in self.true if _speaks_of(each, roots))
        return attrs.evolve(self, true=true, untrue=tuple(each for each in self.untrue if _speaks_of(each, roots)))


def _speaks_of(condition: Expression, roots: tuple[str, ...]) -> bool:
    """Whether a condition looks at nothing but these."""
    leaves = [node for node in walk(condition) if isinstance(node, Field) or not any(True for _ in children(node))]
    return all(isinstance(each, Literal) or (isinstance(each, Field) and _root(each) in roots) for each in leaves)


def _root(field: Field) -> str:
    """What a property is of; "" for one of a touchpoint of the past."""
    root = root_of(field)
    return root if isinstance(root, str) else ""


def spots(journeys: Iterable[Journey]) -> Iterator[Spot]:
    """Every step of every rule, in reading order."""
    for journey in journeys:
        for n, rule in enumerate(journey.rules):
            yield from spots_of(journey, rule, f"$.rules[{n}]")


def spots_of(journey: Journey, rule: Rule, path: str) -> Iterator[Spot]:
    """Every step of a rule, in reading order."""
    way = _Way() if rule.collect is None else _Way(event=rule.when, moved=True)
    if rule.given is not None:
        way = way.given(rule.given, holds=True)
    if rule.collect is not None:
        way = way.later(rule.collect)
    yield from _along(journey, rule, rule.then, f"{path}.then", way)


def _along(journey: Journey, rule: Rule, taken: Iterable[s.Step], path: str, way: _Way) -> Iterator[Spot]:
    for n, step in enumerate(taken):
        here = f"{path}[{n}]"
        yield Spot(journey, rule, here, step, way.event, way.true, way.untrue, way.passed, way.waited, way.since_start)
        for name, arm in s.arms(step):
            yield from _along(journey, rule, arm, f"{here}.{name}", way.into(step, name))
        way = way.after(step)


def _only_arm(step: s.Branch | s.WaitFor) -> str | None:
    """The arm by which a run goes on where the other one always leaves it."""
    left = [name for name in s.ARMS if any(map(ends, getattr(step, name)))]
    return next((name for name in s.ARMS if name not in left), None) if left else None
