"""What a release makes of the runs of a journey: one plan for each place where a run can stand (S5.4).

The preview counts by the same plans by which `core.following` acts.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import MOVED
from touchpoint.core.program import Program
from touchpoint.durations import spoken
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Exit, Send, Step, Wait, WaitFor, WaitUntil
from touchpoint.journey.versions import Outline, landing, outline, renamed_rules, renamed_steps
from touchpoint.model.release import RunFacts

STAYS: Final = "stays"
LONGER: Final = "waits longer"
SHORTER: Final = "waits shorter"
GOES_ON: Final = "goes on"
MOVES: Final = "moves"
ANEW: Final = "is taken anew"
EXITS: Final = "exits"
PARKS: Final = "is parked"
FINISHES: Final = "finishes on it"
CHANGED: Final = "changed"
"""The reason with which a run ends that has no place any more."""
Migration: TypeAlias = Callable[[str | None, RunFacts], str | Exit | None]
"""A function of the host: (step, facts) → the step where a run goes on, `Exit(reason)`, or None to follow."""


@attrs.frozen
class Order:
    """One release as the core knows it.

    `no` numbers the releases of a store, `number` those of a journey; `at` is microseconds UTC, `migration` the name of
    a function of the host.
    """

    no: int
    journey: str
    number: int
    mode: str
    at: int
    migration: str = ""


@attrs.frozen
class Plan:
    """What becomes of a run at a place.

    Args:
        fate: one of the words above, as far as it does not depend on when a wait began.
        rule: what its rule is called now; empty where it is gone.
        step: the step where it stands then.
        reason: in words.
        timed: whether the end of its wait is to be counted anew.
        listens: whether what has arrived is to be looked through once more.
        ends_as: the reason with which it ends.
    """

    fate: str
    rule: str = ""
    step: str | None = None
    reason: str = ""
    timed: bool = False
    listens: bool = False
    ends_as: str = CHANGED


_UNKNOWN: Final = Plan(STAYS, reason="nothing that is loaded has its rule")
_NO_STEPS: Final = Outline({}, {}, {}, {})


class Edit:
    """Two definitions of one journey, compared.

    Args:
        before: the program of before the release; its journeys are asked for by name.
        after: the one of the release.
        order: the release.
    """

    def __init__(self, before: Program, after: Program, order: Order) -> None:
        self.before, self.after, self.order = before, after, order
        name = order.journey
        self.rules = renamed_rules(_rules(before.journeys.get(name)), _rules(after.journeys.get(name)))
        self._steps: dict[str, tuple[Outline, Outline, Mapping[str, str]]] = {}
        self._plans: dict[tuple[str, str | None, str], Plan] = {}

    def rules_of(self, rule: str) -> tuple[CompiledRule | None, CompiledRule | None]:
        """A rule before and after, by the name of before."""
        journey = self.order.journey
        return self.before.by_name.get((journey, rule)), self.after.by_name.get((journey, self.rules.get(rule, rule)))

    def names(self, rule: str) -> Mapping[str, str]:
        """Which step of a rule (by the name of before) is which one now."""
        return self._outlines(rule)[2]

    def plan(self, rule: str, step: str | None, waiting: str) -> Plan:
        """What becomes of a run of this rule that stands at this step and waits so, in the mode `follow`."""
        key = (rule, step, waiting)
        found = self._plans.get(key)
        if found is None:
            self._plans[key] = found = self._planned(rule, step, waiting)
        return found

    def _planned(self, rule: str, step: str | None, waiting: str) -> Plan:
        before, after = self.rules_of(rule)
        if after is None:
            # Without the journey as a whole its definition could not be read: that says nothing of its rules (S11.6).
            unread = before is None or self.order.journey not in self.after.journeys
            return _UNKNOWN if unread else Plan(EXITS, reason="its rule is gone")
        name = after.rule.name
        old, new, names = self._outlines(rule)
        if step is None or step not in old.steps:
            return Plan(STAYS, name, step, "" if step in new.steps else "nothing that is loaded has its step")
        now = names.get(step)
        if now is None:
            return _moved(name, landing(old, new, names, step))
        return _kept(name, now, old.steps[step], new.steps[now], waiting)

    def _outlines(self, rule: str) -> tuple[Outline, Outline, Mapping[str, str]]:
        found = self._steps.get(rule)
        if found is None:
            before, after = self.rules_of(rule)
            old = _NO_STEPS if before is None else outline(before.rule)
            new = _NO_STEPS if after is None else outline(after.rule)
            self._steps[rule] = found = (old, new, renamed_steps(old, new))
        return found


def _rules(journey: Journey | None) -> tuple[Rule, ...]:
    return () if journey is None else journey.rules


def _moved(rule: str, to: str | None) -> Plan:
    if to is None:
        return Plan(EXITS, rule, None, "its step is gone, and so is whatever came after it")
    return Plan(MOVES, rule, to, "its step is gone")


def _kept(rule: str, name: str, old: Step, new: Step, waiting: str) -> Plan:
    """A run keeps its step; what of the step is another one now?"""
    if isinstance(old, Send) and isinstance(new, Send):
        if waiting == "message" and old.message.name != new.message.name:
            return Plan(ANEW, rule, name, f"its message is {new.message.name!r} now")
        return Plan(STAYS, rule, name)
    if type(old) is not type(new):
        return Plan(ANEW, rule, name, f"it is a {type(new).__name__} now")
    if waiting == MOVED:  # it is to begin the step, which is still to take time
        return Plan(STAYS, rule, name)
    timed, reason = _timed(old, new)
    listens = (
        isinstance(old, WaitFor)
        and isinstance(new, WaitFor)
        and attrs.evolve(new, then=old.then, otherwise=old.otherwise, id=old.id, was=old.was) != old
    )
    return Plan(STAYS, rule, name, reason, timed=timed, listens=listens)


def _timed(old: Step, new: Step) -> tuple[bool, str]:
    """Whether a wait ends at another time now, and how in words."""
    if isinstance(old, Wait) and isinstance(new, Wait):
        changed = attrs.evolve(new, id=old.id, was=old.was) != old
        return changed, _lengths(old.length, new.length) if changed else ""
    if isinstance(old, WaitFor | WaitUntil) and isinstance(new, WaitFor | WaitUntil):
        changed = (old.timeout, old.unknown_zone) != (new.timeout, new.unknown_zone)
        return changed, _lengths(old.timeout, new.timeout) if changed else ""
    return False, ""


def _lengths(old: object, new: object) -> str:
    if old is None or new is None or old == new:
        return "it waits for another time"
    return f"{spoken(new)} instead of {spoken(old)}"
