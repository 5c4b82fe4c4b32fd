"""At most so many live runs of a customer (`LiveRuns`): what is asked when a run would start.

A house's limit counts the runs of all journeys, a journey's own those of that journey. Who may not start is refused,
waits for a place, or takes the place of a run of lower priority. Everything is decided by priority, then by who came
earlier, then by the order of declaration.
"""

from collections.abc import Sequence
from typing import Final

from touchpoint.core.collected import Collected, Deferred
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import Decision
from touchpoint.core.identity import same_key
from touchpoint.core.live_limits import LiveLimit
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.state import Run, without

MOST: Final = 100
"""Entries that wait for a place, of one customer."""
LIVE_RUNS: Final = "live runs"


def admitted(
    decision: Decision, rule: CompiledRule, key: object, occurrence: Occurrence, collected: Collected | None,
    going: Sequence[Run],
) -> bool:  # fmt: skip
    """Whether one more run of the rule may live; if not that is recorded, and the entry may wait.

    Args:
        decision: at hand.
        rule: to start.
        key: of the run.
        occurrence: its trigger.
        collected: the burst that it would start with.
        going: runs that its start would end; their places are free.
    """
    full = [
        (limit, live) for limit in _limits_of(decision, rule) if len(live := _live(decision, limit, going)) >= limit.n
    ]
    if not full:
        return True
    for limit, live in full:
        if limit.over == "refuse" or (limit.over == "replace" and _weakest(decision, rule, live) is None):
            return _refuse(decision, rule, f"{limit.words}: {_named(live)}")
    waits = [limit for limit, _ in full if limit.over == "defer"]
    if waits:
        lasts = min(limit.within for limit in waits)
        entry = Deferred(rule.journey, rule.rule.name, key, decision.now + lasts, occurrence, collected)
        return _defer(decision, rule, entry, waits[0])
    for limit, _ in full:
        weakest = _weakest(decision, rule, _live(decision, limit, going))
        if weakest is not None and len(_live(decision, limit, going)) >= limit.n:
            decision.end(weakest, f"replaced by {rule.label}")
    return True


def _limits_of(decision: Decision, rule: CompiledRule) -> Sequence[LiveLimit]:
    return [limit for limit in decision.program.live_limits if rule.label in limit.labels]


def _live(decision: Decision, limit: LiveLimit, going: Sequence[Run] = ()) -> list[Run]:
    return [run for run in decision.state.runs if run.label in limit.labels and not any(run is each for each in going)]


def _weakest(decision: Decision, rule: CompiledRule, live: Sequence[Run]) -> Run | None:
    """The run of the lowest priority, if it is lower than the rule's: of several the one that started last."""
    ranked = [(_priority(decision, run), -run.order, run) for run in live]
    lower = [each for each in ranked if each[0] < rule.rule.priority]
    return min(lower, key=lambda each: each[:2])[2] if lower else None


def _priority(decision: Decision, run: Run) -> int:
    rule = decision.rule_of(run)
    return 0 if rule is None else rule.rule.priority


def _named(live: Sequence[Run]) -> str:
    return ", ".join(run.label for run in live)


def _refuse(decision: Decision, rule: CompiledRule, reason: str) -> bool:
    decision.trace.append(["refused", rule.journey, rule.rule.name, LIVE_RUNS, reason])
    return False


def _defer(decision: Decision, rule: CompiledRule, entry: Deferred, limit: LiveLimit) -> bool:
    waiting = decision.state.deferred
    if rule.rule.concurrency != "parallel":
        twin = next((each for each in waiting if each.label == entry.label and same_key(each.key, entry.key)), None)
        if twin is not None and rule.rule.concurrency == "ignore":
            return _refuse(decision, rule, f"{limit.words}: one waits for a place already")
        if twin is not None:
            waiting = without(waiting, twin)
    if len(waiting) >= MOST:
        return _refuse(decision, rule, f"{limit.words}: {MOST} wait for a place already")
    decision.state.deferred = (*waiting, entry)
    decision.trace.append(["entry deferred", rule.journey, rule.rule.name, entry.key, limit.words, entry.until])
    return False


def free_for(decision: Decision, rule: CompiledRule) -> bool:
    """Whether every limit of the rule has a place."""
    return all(len(_live(decision, limit)) < limit.n for limit in _limits_of(decision, rule))


def next_of(decision: Decision) -> tuple[CompiledRule, Deferred] | None:
    """The first of those that wait whose place is free, taken off the list; those that waited too long are dropped."""
    state = decision.state
    for entry in [each for each in state.deferred if each.until < decision.now]:
        state.deferred = without(state.deferred, entry)
        reason = "no place was free until its time to wait was over"
        decision.trace.append(["refused", entry.journey, entry.rule, LIVE_RUNS, reason])
    found = [(rule, each) for each in state.deferred if (rule := decision.program.by_label.get(each.label)) is not None]
    for rule, entry in sorted(found, key=lambda pair: -pair[0].rule.priority):
        if free_for(decision, rule):
            state.deferred = without(state.deferred, entry)
            return rule, entry
    return None
