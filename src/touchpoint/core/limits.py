"""How often a rule may start (S4.4): starts are remembered per rule for as long as its limit looks back."""

from collections.abc import Sequence
from datetime import timedelta

from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import Decision
from touchpoint.core.held import put
from touchpoint.core.schedule import calendar_period
from touchpoint.durations import length
from touchpoint.model.limits import Limit


def refused_by_limit(decision: Decision, rule: CompiledRule, key: object) -> str | None:
    """Why the limit refuses another start now, in words; None if it allows one."""
    limit = rule.rule.limit
    if limit is None:
        return None
    starts = decision.state.starts.get(rule.label, ())
    counted = sum(_counts(decision, rule, limit, entry, key) for entry in starts)
    return None if counted < limit.n else f"the limit of {limit} is reached: {counted} started"


def _counts(decision: Decision, rule: CompiledRule, limit: Limit, entry: Sequence[object], key: object) -> bool:
    at, its_key, visit = entry
    if limit.per_key and its_key != key:
        return False
    if limit.kind == "once_per_stage":
        return visit == _visit(decision, rule.journey)
    if limit.per is None:
        return True
    if isinstance(limit.per, timedelta):
        return at > decision.now - length(limit.per)  # type: ignore[operator]
    begin, _ = calendar_period(decision.now, limit.per, decision.state.profile.zones)
    return at >= begin  # type: ignore[operator]


def remember_start(decision: Decision, rule: CompiledRule, key: object) -> None:
    """Note a start, and forget those the limit no longer looks at."""
    kept = decision.program.starts_kept.get(rule.label, 0)  # those by hand have no limit
    if kept == 0:
        return
    state = decision.state
    starts = state.starts.get(rule.label, ())
    if kept is not None:
        starts = [entry for entry in starts if entry[0] > decision.now - kept]
    entry = [decision.now, key, _visit(decision, rule.journey)]
    state.starts = put(state.starts, rule.label, [*starts, entry])


def _visit(decision: Decision, journey: str) -> object:
    """The number of the visit to the journey's current stage; 0 before the first."""
    held = decision.state.stages.get(journey)
    return 0 if held is None else held[2]
