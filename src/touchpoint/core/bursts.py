"""Bursts (`Rule(collect=)`): the first trigger begins one, others of the same key join it, an exit or goal ends it.

What happens once it is complete is in `core.fire`.
"""

from touchpoint.core.collected import KEPT, Burst, Collected
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import Decision
from touchpoint.core.identity import key_of_rule, same_key
from touchpoint.core.keys import Key
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.state import State, Watch, without


def gather(decision: Decision, rule: CompiledRule, occurrence: Occurrence) -> None:
    """Collect an occurrence that would have started the rule."""
    key = key_of_rule(rule.rule.key, occurrence.properties)
    burst = _burst_of(decision.state, rule.label, key)
    if burst is None:
        due = decision.now + (rule.collects or 0)
        burst = Burst(rule.journey, rule.rule.name, key, due, Collected(0, []))
        decision.state.bursts += (burst,)
    burst.what.add(occurrence)
    decision.trace.append(["collected", rule.journey, rule.rule.name, key, burst.what.count])


def _burst_of(state: State, label: str, key: object) -> Burst | None:
    return next((each for each in state.bursts if each.label == label and same_key(each.key, key)), None)


def drop_bursts(decision: Decision, occurrence: Occurrence, keys: tuple[Key, ...]) -> None:
    """What would end a run ends the collecting before it: no run starts (S5.3)."""
    for burst in decision.state.bursts:
        rule = decision.program.by_label.get(burst.label)
        if rule is not None and (why := _ends(decision, rule, burst, occurrence, keys)):
            decision.state.bursts = without(decision.state.bursts, burst)
            line = ["dropped", burst.journey, burst.rule, burst.key, burst.what.count, why]
            decision.trace.append(line)


def _ends(
    decision: Decision, rule: CompiledRule, burst: Burst, occurrence: Occurrence, keys: tuple[Key, ...]
) -> str | None:
    goal = rule.rule.goal
    ends = goal is not None and goal.ends and not rule.goal.isdisjoint(keys)
    if not (ends or not rule.exits.isdisjoint(keys)) or not _concerns(rule, burst, occurrence):
        return None
    if not rule.exits.isdisjoint(keys):
        return "exit"
    given = rule.goal_given
    reached = given is None or decision.ask(given, burst.journey, occurrence, as_run(burst)) is True
    return "goal" if reached else None


def _concerns(rule: CompiledRule, burst: Burst, occurrence: Occurrence) -> bool:
    name = rule.rule.key
    if name is None or occurrence.kind != TOUCHPOINT or name not in occurrence.properties:
        return True
    return same_key(key_of_rule(name, occurrence.properties), burst.key)


def as_run(burst: Burst) -> Watch:
    """What conditions see of the run that a burst would start."""
    return Watch(0, burst.journey, burst.rule, burst.key, 0, burst.what.kept[0], collected=burst.what)


def joined(into: State, old: State) -> tuple[Burst, ...]:
    """The bursts of two ids of one person (S1.6): of one rule and key they are one, complete when the earlier is."""
    for burst in old.bursts:
        twin = _burst_of(into, burst.label, burst.key)
        if twin is None:
            into.bursts += (burst,)
            continue
        kept = sorted([*twin.what.kept, *burst.what.kept], key=lambda each: each.at)
        del kept[1 : max(len(kept) - KEPT + 1, 1)]
        twin.what = Collected(twin.what.count + burst.what.count, kept)
        twin.due = min(twin.due, burst.due)
    return into.bursts
