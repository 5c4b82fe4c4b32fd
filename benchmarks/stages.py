"""`python -m benchmarks stages`: transitions between stages, beside `transitions`.

Six stages with 24 ways between them, back and forth, that customers take at random. `transitions` has
one machine for all its models, as its documentation advises where there are many, without the triggers that it would
add by itself and without callbacks; what leads nowhere it ignores. Ours goes through the core, which also keeps since
when somebody is in a stage and for the how manyth time, raises what rules may listen to, and tells what it did. Where
everybody is after every event is asserted to be the same before anything is timed.
"""

import random  # noqa: TID251 - a seeded workload
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from benchmarks.measure import Candidate, Size, interleaved
from benchmarks.peers import TRANSITIONS, MissingPeerError
from benchmarks.results import Demand, Result, at_least, compared, not_measured, same_answers
from benchmarks.steady import settle_in
from touchpoint import Journey, Stage
from touchpoint.core.advance import advance
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program, compile_program
from touchpoint.core.state import State

NAMES: Final = ("visitor", "lead", "buyer", "regular", "promoter", "lapsed")
WAYS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "visitor": (("came_back",), NAMES[1:]),
    "lead": (("signed_up", "asked"), ("visitor", "lapsed")),
    "buyer": (("ordered",), ("visitor", "lead", "lapsed")),
    "regular": (("ordered", "subscribed"), ("buyer", "promoter")),
    "promoter": (("praised", "referred"), ("buyer", "regular")),
    "lapsed": (("left",), NAMES[1:5]),
}
"""By the stage: what leads to it, and from where."""
TYPES: Final = tuple(dict.fromkeys(kind for kinds, _ in WAYS.values() for kind in kinds))
PHASES: Final = {"buyer": "engage", "regular": "engage", "promoter": "delight"}
DEMAND: Final = at_least(10, 30)
EVENTS: Final = 20_000
"""In one round: of fewer most of the time would go to code and data that the processor has not at hand yet."""
CUSTOMERS: Final = 100
JOURNEY: Final = "life"
Act = tuple[int, str, Occurrence]
"""(who, what, the same as an occurrence)."""


def compiled() -> Program:
    """The journey; it begins with coming, which leads to its first stage from anywhere."""
    stages = [
        Stage(name, phase=PHASES.get(name, "attract"), when=list(kinds), after=() if name == NAMES[0] else sources)
        for name, (kinds, sources) in WAYS.items()
    ]
    return compile_program([Journey(JOURNEY, stages=stages)])


def leading_on(stage: str) -> dict[str, str]:
    """What leads on from a stage, and where."""
    return {kind: name for name, (kinds, sources) in WAYS.items() if stage in sources for kind in kinds}


def leading_nowhere(stage: str) -> dict[str, str]:
    """What leaves everything as it is."""
    return {kind: stage for kind in TYPES if kind not in leading_on(stage)}


def acts_of(number: int, ways: Callable[[str], Mapping[str, str]]) -> list[Act]:
    """What customers do, one after the other, always one of the ways from where they are."""
    chance = random.Random(11)  # noqa: S311 - likewise
    stands, found = [NAMES[0]] * CUSTOMERS, []
    for at in range(1, number + 1):
        who = chance.randrange(CUSTOMERS)
        kind, stands[who] = chance.choice(list(ways(stands[who]).items()))
        found.append((who, kind, Occurrence(TOUCHPOINT, kind, at, f"t{at}")))
    return found


def states(program: Program) -> list[State]:
    """Customers who have just come."""
    found = [State(f"c{number}") for number in range(CUSTOMERS)]
    for state in found:
        advance(program, state, Occurrence(TOUCHPOINT, "came_back", 0, "t0"), 0)
    return found


def ours(program: Program, acts: Sequence[Act]) -> Candidate:
    """Deciding through the core."""

    def work(known: list[State]) -> None:
        for who, _, occurrence in acts:
            advance(program, known[who], occurrence, occurrence.at)

    return Candidate(work, len(acts), lambda: states(program))


def passed_through(program: Program, acts: Sequence[Act]) -> list[str | None]:
    """In which stage who did something is after each event."""
    known, found = states(program), []
    for who, _, occurrence in acts:
        advance(program, known[who], occurrence, occurrence.at)
        found.append(known[who].stage_of(JOURNEY))
    return found


class Customer:
    """A model of `transitions`; the machine gives it its state and its triggers."""

    state: str


def models(machine: Any) -> list[Customer]:  # noqa: ANN401 - of a peer
    """Models of a machine, in its first state; those that it had before are gone."""
    machine.remove_model(list(machine.models))
    found = [Customer() for _ in range(CUSTOMERS)]
    machine.add_model(found)
    return found


def machine_of(module: ModuleType) -> Any:  # noqa: ANN401 - of a peer
    """The same ways, for `transitions`."""
    ways = [
        {"trigger": kind, "source": list(sources), "dest": name}
        for name, (kinds, sources) in WAYS.items()
        for kind in kinds
    ]
    return module.Machine(
        model=None, states=list(NAMES), initial=NAMES[0], transitions=ways, auto_transitions=False,
        ignore_invalid_triggers=True, send_event=False,
    )  # fmt: skip


def theirs(machine: Any, acts: Sequence[Act]) -> Candidate:  # noqa: ANN401 - of a peer
    """Calling the triggers of models."""

    def work(known: list[Customer]) -> None:
        for who, kind, _ in acts:
            getattr(known[who], kind)()

    return Candidate(work, len(acts), lambda: models(machine))


def triggered(machine: Any, acts: Sequence[Act]) -> list[str | None]:  # noqa: ANN401 - of a peer
    """In which state who did something is after each event."""
    known = models(machine)
    found: list[str | None] = []
    for who, kind, _ in acts:
        getattr(known[who], kind)()
        found.append(known[who].state)
    return found


def rows(size: Size) -> Iterator[Result]:
    """Events that move somebody, of which something is demanded; and, told beside it, events that move nobody."""
    yield _row("an event that leads to another stage", size, leading_on, DEMAND)
    yield _row("an event that leads nowhere", size, leading_nowhere, None)


def _row(what: str, size: Size, ways: Callable[[str], Mapping[str, str]], demand: Demand | None) -> Result:
    acts = acts_of(size.of(EVENTS, least=50), ways)
    program = settle_in(compiled(), lambda: State("c0"), [each for _, _, each in acts])
    try:
        machine = machine_of(TRANSITIONS.load())
    except MissingPeerError as missing:
        return not_measured(what, str(missing), demand)
    same_answers({
        "ours": passed_through(program, acts), TRANSITIONS.distribution: triggered(machine, acts),
    })  # fmt: skip
    timed = interleaved({"ours": ours(program, acts), "theirs": theirs(machine, acts)}, size)
    return compared(what, timed["ours"], TRANSITIONS.distribution, timed["theirs"], demand, times_as_fast=True)
