"""What the gate is told of a waiting message, out of the customer's state.

What nearly every message is asked for is there at once; the rest is looked up when a check first asks for it.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from touchpoint.core.compiled_rule import Node
from touchpoint.core.context import Context
from touchpoint.core.making_good import goes_first
from touchpoint.core.program import Program
from touchpoint.core.reading import read
from touchpoint.core.schedule import after, calendar_period
from touchpoint.core.state import WAITING, Pending, Run, State
from touchpoint.journey.steps import Send
from touchpoint.model.message import Message, Number
from touchpoint.policy.facts import After, CalendarPeriod, Facts, Rival
from touchpoint.policy.holds import hold_out_of
from touchpoint.zones import tz_version


class Gathered(Facts):
    """Facts of which some are looked up when they are asked for; a copy (`attrs.evolve`) has all of them."""

    __slots__ = ("costs", "pending", "program", "run", "state")

    program: Program
    state: State
    pending: Pending
    run: Run
    costs: Mapping[str, Number]

    def __getattr__(self, name: str) -> object:
        """What nobody has asked for yet; from then on it is an attribute like any other."""
        find = _WHEN_ASKED.get(name)
        if find is None:
            raise AttributeError(name)
        value = find(self)
        setattr(self, name, value)
        return value


def gathered(
    program: Program, state: State, pending: Pending, run: Run, message: Message, now: int, costs: Mapping[str, Number]
) -> Gathered:
    """The facts of a message that a run waits for. What the state does not know is as if nothing were the matter.

    Args:
        program: of the journeys at work.
        state: of the customer; the facts hold as long as it does not change.
        pending: the message.
        run: its own.
        message: what it says.
        now: the instant asked about, in microseconds UTC.
        costs: what gifts have cost so far, by message name.
    """
    facts = Gathered.__new__(Gathered)
    facts.program, facts.state, facts.pending, facts.run, facts.costs = program, state, pending, run, costs
    profile, kind = state.profile, pending.kind
    facts.policy = policy = program.bounds[pending.journey]
    facts.now, facts.key, facts.message, facts.journey, facts.kind = now, pending.key, message, pending.journey, kind
    facts.expires_at, facts.live, facts.withdrawn, facts.stopped = pending.expires, True, None, None
    facts.zones, facts.consents, facts.preferences = profile.zones, profile.consents, profile.preferences
    facts.open_cases, facts.closed_cases, facts.history = state.cases, state.closed, state.history
    facts.wall, facts.paused, facts.makes_good, facts.first, facts.given = None, (), (), False, None
    facts.tz_version = tz_version()
    facts.holdout = hold_out_of(policy.hold_outs, state.id, kind) if policy.hold_outs else None
    if len(state.pending) == 1:
        facts.rivals = ()
    return facts


def node_of(program: Program, run: Run, step: str) -> Node | None:
    """The step of a run, by the definition that it goes by; None where there is none any more."""
    rule = program.rule_of(run)
    return None if rule is None else rule.nodes.get(step)


def _context(facts: Gathered) -> Context:
    return context_of(facts.state, facts.run, facts.now)


def context_of(state: State, run: Run, now: int) -> Context:
    """What `still` may look at, as its message is asked about at this instant."""
    return Context(
        event=run.event, trigger=run.trigger, traits=state.profile.traits, now=now, signals=state.signals,
        case_open=state.case_open, stage_of=state.stage_of, outcomes=run.outcomes, journey=run.journey, told=run.told,
        collected=run.collected, results=run.results,
        exposures=state.exposures, segments=state.segments, consents=state.profile.consents,
    )  # fmt: skip


def _still(facts: Gathered) -> object:
    """`still`, asked again (S5.1); None where the step has none."""
    node = node_of(facts.program, facts.run, facts.pending.step)
    return None if node is None or node.condition is None else node.condition(_context(facts))


def _still_reading(facts: Gathered) -> str:
    """Why it is not true."""
    node = node_of(facts.program, facts.run, facts.pending.step)
    still = node.step.still if node is not None and isinstance(node.step, Send) else None
    return "" if still is None or facts.still is True else read(still, _context(facts), facts.program.signals).text


def _rivals(facts: Gathered) -> list[Rival]:
    program, state, found = facts.program, facts.state, list[Rival]()
    for each in state.pending if facts.policy.caps else ():
        message = program.message_of(state, each)
        if each is facts.pending or each.status != WAITING or message is None or each.uncertain:
            continue
        # One that is asked again only to expire, because only an event could free it sooner, needs no place.
        due = each.due if each.due is not None and each.due < each.expires else None
        found.append(
            Rival(
                each.key, each.journey, each.message, each.kind, message.channels, each.priority, due, each.no,
                message.exempt, message.counted, goes_first(state, each, message),
            )
        )  # fmt: skip
    return found


def _jurisdiction(facts: Gathered) -> str | None:
    said = facts.state.profile.traits.get("jurisdiction")
    return said if isinstance(said, str) else None


def _due(facts: Gathered) -> int:
    pending = facts.pending
    return pending.first_due if pending.due is None else pending.due


def _stage_since(facts: Gathered) -> int | None:
    held = facts.state.stages.get(facts.pending.journey)
    return None if held is None else int(held[1])


@lru_cache(maxsize=256)  # the same for everybody in these zones
def calendar_of(zones: tuple[str, ...]) -> CalendarPeriod:
    """The calendar of customers in these zones."""
    return lambda at, per: calendar_period(at, per, zones)


def _after(facts: Gathered) -> After:
    zones = facts.zones
    return lambda at, lasts: after(at, lasts, zones)


_WHEN_ASKED: Final[Mapping[str, Callable[[Gathered], object]]] = {
    "priority": lambda facts: facts.pending.priority,
    "first_due": lambda facts: facts.pending.first_due,
    "due": _due,
    "order": lambda facts: facts.pending.no,
    "about": lambda facts: facts.run.key,
    "still": _still,
    "still_reading": _still_reading,
    "jurisdiction": _jurisdiction,
    "rivals": _rivals,
    "stage_since": _stage_since,
    "spent": lambda facts: facts.costs.get(facts.message.name, 0),
    "after": _after,
    "calendar_period": lambda facts: calendar_of(facts.zones),
}
