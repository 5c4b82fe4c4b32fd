"""`python -m benchmarks decisions`: deciding workload W, beside the same written by hand.

Two comparisons, each over W at a smaller size with as many touchpoints for each customer. All start from customers who
have done nothing yet, whom nobody is charged for, and have to find the same, by digest, before anything is timed.

- Bare: events are prebuilt, state is kept, and what is decided is noted. By hand that is one class with slots, and one
  function for each type of touchpoint.
- The library's own shape: a frozen `Touchpoint` is checked as whatever comes in is, and decided, with all reasons. By
  hand those are plain dicts. In the last row both also make their touchpoints, of what a host has read.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.by_hand import Customer, Slots, customer_of, decide_dicts, decide_slots, slots_of, touch_of
from benchmarks.deciding import compiled, occurrence_of, run_core, state_of
from benchmarks.measure import Candidate, Size, interleaved
from benchmarks.results import Result, at_most, compared, same_answers
from benchmarks.steady import settle_in
from benchmarks.workload import SECOND, Act, Found, Person, Workload, make
from touchpoint import Touchpoint
from touchpoint.core.program import Program
from touchpoint.core.state import State
from touchpoint.engine.acts import numbered

PEOPLE: Final = 600
ACTS: Final = 15_000
BARE: Final = at_most(1.5, 1.1)
SHAPE: Final = at_most(1.3, 0.75)


def touchpoint_of(act: Act, people: Sequence[Person]) -> Touchpoint:
    """A touchpoint as a host hands it in."""
    properties = {"amount": act.amount, "score": act.score, "category": act.category, "online": act.online}
    at = datetime.fromtimestamp(act.at / SECOND, UTC)
    return Touchpoint(people[act.customer].id, act.type, at, f"{act.number}", properties, act.channel)


def run_touchpoints(
    program: Program, states: Sequence[State], acts: Sequence[Act], given: Sequence[Touchpoint]
) -> Found:
    """The touchpoints are checked on their way in, as those that are recorded together are, then decided."""
    return run_core(program, states, acts, [each.occurrence for each in numbered(given, 0, None, 0, {})])


class Contest:
    """The candidates over one workload: each takes nothing but what it prepares anew, and gives what it has found."""

    def __init__(self, workload: Workload) -> None:
        self.people, self.acts = workload.people, workload.acts
        self.events = [occurrence_of(each) for each in self.acts]
        program = compiled()
        self.program = settle_in(program, lambda: state_of(self.people[0], program), self.events)
        self.touchpoints = [touchpoint_of(each, self.people) for each in self.acts]
        self.touches = [touch_of(each, self.people) for each in self.acts]

    def states(self) -> list[State]:
        """Customers of whom nothing has happened yet."""
        return [state_of(each, self.program) for each in self.people]

    def core(self, states: list[State]) -> Found:
        """Prebuilt events through the core."""
        return run_core(self.program, states, self.acts, self.events)

    def shaped(self, states: list[State]) -> Found:
        """Frozen touchpoints, checked and decided."""
        return run_touchpoints(self.program, states, self.acts, self.touchpoints)

    def made_and_shaped(self, states: list[State]) -> Found:
        """The same, made on the way."""
        given = [touchpoint_of(each, self.people) for each in self.acts]
        return run_touchpoints(self.program, states, self.acts, given)

    def at_rest_in_slots(self) -> list[Slots]:
        """The same customers, by hand with slots."""
        return [slots_of(each) for each in self.people]

    def at_rest_in_dicts(self) -> dict[str, Customer]:
        """The same customers, by hand with dicts."""
        return {each.id: customer_of(each) for each in self.people}

    def slots(self, customers: list[Slots]) -> Found:
        """Prebuilt events by hand."""
        return decide_slots(customers, self.acts)

    def dicts(self, customers: dict[str, Customer]) -> Found:
        """Prebuilt dicts by hand."""
        return decide_dicts(customers, self.touches)

    def made_and_dicts(self, customers: dict[str, Customer]) -> Found:
        """The same, made on the way."""
        return decide_dicts(customers, [touch_of(each, self.people) for each in self.acts])

    def works(self) -> dict[str, tuple[Callable[[Any], Found], Callable[[], Any]]]:
        """What each does, and what it prepares."""
        return {
            "core": (self.core, self.states),
            "slots": (self.slots, self.at_rest_in_slots),
            "shaped": (self.shaped, self.states),
            "dicts": (self.dicts, self.at_rest_in_dicts),
            "made and shaped": (self.made_and_shaped, self.states),
            "made and dicts": (self.made_and_dicts, self.at_rest_in_dicts),
        }


def rows(size: Size) -> Iterator[Result]:
    """Three rows."""
    contest = Contest(make(size.of(PEOPLE, least=8), size.of(ACTS, least=200)))
    works = contest.works()
    same_answers({name: work(prepare_it()).digest() for name, (work, prepare_it) in works.items()})
    each = len(contest.acts)
    timed = interleaved({name: Candidate(work, each, made) for name, (work, made) in works.items()}, size)
    yield compared("a bare decision", timed["core"], "slots by hand", timed["slots"], BARE)
    yield compared("a decision in the library's own shape", timed["shaped"], "dicts by hand", timed["dicts"], SHAPE)
    yield compared(
        "the same, and the touchpoint made", timed["made and shaped"], "dicts by hand", timed["made and dicts"]
    )
