"""Workload W through the library's own core: state in memory, no store, every policy asked.

`run_core` decides on touchpoints that are prebuilt, as `by_hand.run_slots` does. A message is released at the instant
at which it is decided on, and its hand-over is accepted at once.
"""

from collections.abc import Sequence
from typing import Any

from benchmarks.workload import JOURNEY, POLICY, Act, Found, Person
from touchpoint.core.advance import advance
from touchpoint.core.delivery import Moment, due_messages, release
from touchpoint.core.gate import World
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program, compile_program
from touchpoint.core.settling import settle
from touchpoint.core.state import Address, Profile, State
from touchpoint.model.delivery import Accepted
from touchpoint.policy.facts import ConsentFact
from touchpoint.zones import tz_version

ACCEPTED = Accepted()


def compiled() -> Program:
    """The journey of W, ready to decide."""
    return compile_program([JOURNEY], POLICY)


def world_of_w() -> World:
    """One channel that takes e-mail addresses."""
    return World(channels={"email": frozenset({"email"})})


def state_of(person: Person, program: Program) -> State:
    """A customer at rest, who may be written to."""
    profile = Profile(
        {"tier": person.tier, "age": person.age},
        [Address("email", f"{person.id}@example.com")],
        (person.zone,),
        consents={("marketing", "*"): ConsentFact(granted=True, at=0)},
    )
    return State(person.id, profile, version=program.version, zone_data=tz_version())


def occurrence_of(act: Act) -> Occurrence:
    """A touchpoint as the core takes it."""
    properties = {"amount": act.amount, "score": act.score, "category": act.category, "online": act.online}
    return Occurrence(TOUCHPOINT, act.type, act.at, f"{act.number}", properties, act.channel)


def run_core(program: Program, states: Sequence[State], acts: Sequence[Act], events: Sequence[Occurrence]) -> Found:
    """Every touchpoint through `advance`, and what it sends through the gate."""
    found, world = Found(), world_of_w()
    for act, event in zip(acts, events, strict=True):
        state = states[act.customer]
        decision = advance(program, state, event, act.at)
        for entry in decision.trace:
            if entry[0] == "stage":
                found.moves.append((act.number, entry[2], entry[3]))
        if state.pending:
            hand_over(program, state, world, act, found)
    return found


def hand_over(program: Program, state: State, world: World, act: Act, found: Found) -> None:
    """Release what is due, in its order, and accept it."""
    moment = Moment(act.at, act.at / 1e6, "")
    while due := due_messages(program, state, act.at):
        pending = due[0]
        ticket, _ = release(program, state, pending, world, moment)
        if ticket is None:
            found.suppressed[pending.rule, refused_by(pending.reasons)] += 1
        else:
            settle(program, state, ticket, ACCEPTED, world, act.at)
            found.decided.append((act.number, pending.rule))


def refused_by(reasons: Sequence[Sequence[Any]]) -> str:
    """Which check was in the way, of what is kept with a message."""
    for _, _, verdicts in reasons:
        for answer, check, *_ in verdicts:
            if answer == "deny":
                return str(check)
    raise LookupError("nothing was in the way")
