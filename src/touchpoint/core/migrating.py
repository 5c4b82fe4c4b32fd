"""The mode `migrate`: a function of the host says where each run goes on (S5.4)."""

from typing import Final

from touchpoint.core.edits import EXITS, MOVES, PARKS, Edit, Migration, Plan
from touchpoint.core.state import Run
from touchpoint.durations import instant
from touchpoint.errors import hint
from touchpoint.journey.steps import Exit
from touchpoint.model.release import RunFacts

MIGRATES: Final = "migrates"
"""What a parked run waits for: that the function says where it goes on."""


def facts_of(run: Run, waiting: str) -> RunFacts:
    """What the function is told."""
    return RunFacts(
        run.journey,
        run.rule,
        run.node,
        waiting,
        run.key,
        instant(run.started),
        None if run.since is None else instant(run.since),
        dict(run.trigger.properties),
        dict(run.outcomes),
        frozenset(run.visits),
    )


def asked(edit: Edit, facts: RunFacts, migration: Migration | None) -> Plan:
    """What the function makes of a run; to be parked where there is no usable answer.

    What the function raises is told by its kind alone: its words may hold anything.
    """
    name = edit.order.migration
    if migration is None:
        return _parked(f"this engine has no function {name!r}: Engine(migrations={{…}})")
    try:
        answer = migration(facts.step, facts)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is about this run alone (S11.4)
        return _parked(f"the migration {name!r} failed with {type(error).__name__}")
    return _answered(edit, facts, answer)


def _answered(edit: Edit, facts: RunFacts, answer: object) -> Plan:
    name = edit.order.migration
    following = edit.plan(facts.rule, facts.step, facts.waiting)
    if answer is None:
        return following
    if isinstance(answer, Exit):
        reason = f"the migration {name!r} says so"
        return Plan(EXITS, following.rule, None, reason, ends_as=f"exit: {answer.reason}")
    _, rule = edit.rules_of(facts.rule)
    if rule is None:
        return _parked(f"the migration {name!r} gave a step, and the rule is gone")
    if not isinstance(answer, str) or answer not in rule.nodes:
        return _parked(f"the migration {name!r} gave no step of the rule{hint(answer, rule.nodes)}")
    if answer == following.step and following.fate not in (MOVES, EXITS):
        return following
    return Plan(MOVES, following.rule or rule.rule.name, answer, f"the migration {name!r} says so")


def _parked(reason: str) -> Plan:
    return Plan(PARKS, reason=reason)
