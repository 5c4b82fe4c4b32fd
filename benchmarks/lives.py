"""`python -m benchmarks.lives`: what the life of a message costs in the pure core, phase by phase.

For each phase the CPU time of many customers at once, the least of several rounds, and the calls of functions, Python's
and built-in ones. Beside it, what the same life costs where nothing is asked that could be left out (`by_hand`).
"""

import argparse
import gc
import random  # noqa: TID251 - a seeded workload
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Final

import attrs

from benchmarks.deciding import compiled, occurrence_of, state_of, world_of_w
from benchmarks.kit import JOURNEY, START, trouble
from benchmarks.rules import TYPES, message
from benchmarks.steady import settle_in
from benchmarks.workload import make
from touchpoint import Cap, Hold, Journey, Policy, QuietHours, Rule, Send, days
from touchpoint.core.advance import advance
from touchpoint.core.decision import Decision
from touchpoint.core.delivery import Moment, Ticket, due_messages, release
from touchpoint.core.fire import fire_next
from touchpoint.core.gate import World, ask
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program, compile_program
from touchpoint.core.settling import settle
from touchpoint.core.state import NEVER, Address, Profile, State
from touchpoint.durations import length, micros
from touchpoint.model.delivery import Accepted
from touchpoint.policy.facts import ConsentFact, HandOver

POLICY: Final = Policy(
    Cap(2, per=days(7), kinds=["marketing"]), QuietHours("21:00", "08:00", unknown_zone="deny"),
    Hold(while_open=[trouble], kinds=["marketing"]),
)  # fmt: skip
ONE: Final = Journey(
    "one", cases=[trouble], rules=[Rule("r", when="act", then=[Send(message("news", "marketing"))])], policy=POLICY
)
WORLD: Final = World(channels={"email": frozenset({"email"})}, recording=frozenset({"email"}))
HOUR: Final = length(timedelta(hours=1))
NOON: Final = micros(START) + 3 * HOUR  # at 13:00 in Madrid
NIGHT: Final = NOON + 12 * HOUR
ACCEPTED: Final = Accepted()


def state(number: int, *, consent: bool = True, sent: Sequence[int] = (), zone: str = "Europe/Madrid") -> State:
    """A customer who has got messages so many hours ago."""
    profile = Profile(addresses=[Address("email", f"a{number}@example.com")], zones=(zone,))
    if consent:
        profile.consents["marketing", "*"] = ConsentFact(granted=True, at=0)
    held = State(f"c{number}", profile)
    held.history = tuple(
        HandOver(NOON - ago * HOUR, f"k{ago}", "one", "news", "marketing", "email", state="accepted") for ago in sent
    )
    return held


@attrs.define
class Phase:
    """One phase: what is done with each customer, and what has to be done before that. Both get one number."""

    name: str
    before: Callable[[int], object]
    act: Callable[[object], object]


class Lives:
    """The phases of a message's life on a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def begun(self, number: int, now: int = NOON, **more: object) -> State:
        """A customer whose message waits."""
        held = state(number, **more)  # type: ignore[arg-type]
        self.act((held, "act", number, now))
        return held

    def act(self, what: object) -> Decision:
        """A touchpoint of a customer."""
        held, kind, number, now = what  # type: ignore[misc]
        return advance(self.program, held, Occurrence(TOUCHPOINT, kind, now, f"t{number}"), now)

    def release(self, what: object) -> tuple[State, Ticket | None]:
        """The gate is asked, and the message let go where it may."""
        held, now = what  # type: ignore[misc]
        ticket, _ = release(self.program, held, held.pending[0], WORLD, Moment(now, 0.0, "m"))
        return held, ticket

    def ask(self, what: object) -> object:
        """The gate alone."""
        held, now = what  # type: ignore[misc]
        return ask(self.program, held, held.pending[0], WORLD, now, now)

    def settle(self, what: object) -> object:
        """Its provider has taken it: it ends, and its run goes on and ends."""
        held, ticket = what  # type: ignore[misc]
        return settle(self.program, held, ticket, ACCEPTED, WORLD, NOON)

    def whole(self, what: object) -> object:
        """From the touchpoint to the end."""
        self.act(what)
        return self.settle(self.release((what[0], NOON)))  # type: ignore[index]

    def phases(self) -> Iterator[Phase]:
        """All of them."""
        week = (150, 30)
        yield Phase("a touchpoint that starts nothing", lambda n: (state(n), "other", n, NOON), self.act)
        yield Phase("begin: a rule starts, its run begins a message", lambda n: (state(n), "act", n, NOON), self.act)
        yield Phase("ask: allowed", lambda n: (self.begun(n), NOON), self.ask)
        yield Phase("ask: allowed, one in the cap", lambda n: (self.begun(n, sent=(200, 30)), NOON), self.ask)
        yield Phase("ask: quiet hours", lambda n: (self.begun(n, NIGHT), NIGHT), self.ask)
        yield Phase("ask: cap is full", lambda n: (self.begun(n, sent=week), NOON), self.ask)
        yield Phase("ask: no consent", lambda n: (self.begun(n, consent=False), NOON), self.ask)
        yield Phase("release: let go", lambda n: (self.begun(n), NOON), self.release)
        yield Phase("release: put off by the cap", lambda n: (self.begun(n, sent=week), NOON), self.release)
        yield Phase("release: denied, run ends", lambda n: (self.begun(n, consent=False), NOON), self.release)
        yield Phase("settle: sent, run ends", lambda n: self.release((self.begun(n), NOON)), self.settle)
        yield Phase("the whole life", lambda n: (state(n, sent=(200, 30)), "act", n, NOON), self.whole)


def cpu(phase: Phase, customers: int, rounds: int) -> float:
    """Microseconds that a phase takes of one customer: the least of several rounds."""
    least = float("inf")
    for _ in range(rounds):
        prepared = [phase.before(number) for number in range(customers)]
        act = phase.act
        gc.disable()  # what others left behind is no part of it
        begun = time.process_time()
        for each in prepared:
            act(each)
        least = min(least, time.process_time() - begun)
        gc.enable()
    return least / customers * 1e6


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Counts the calls of functions: `python` and `built-in`."""
    found: Counter[str] = Counter()

    def look(_frame: FrameType, event: str, _arg: object) -> None:
        if event in ("call", "c_call"):
            found["python" if event == "call" else "built-in"] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)
        found["built-in"] -= 1  # that very call


def calls(phase: Phase) -> Counter[str]:
    """The calls of a phase of one customer, what is kept for all of them being there."""
    phase.act(phase.before(0))
    prepared = phase.before(1)
    act = phase.act
    with counted() as found:
        act(prepared)
    return found


# The same life, written for this one journey.


@attrs.define
class Slots:
    """What hand-written code would remember of a customer."""

    consent: bool = True
    tickets: int = 0
    offset: int = HOUR
    sent: list[int] = attrs.Factory(list)
    out: list[tuple[int, str, str]] = attrs.Factory(list)


def by_hand(held: Slots, now: int) -> None:
    """Decide on the message at once: no run, no key, no outbox, no reasons."""
    day = 24 * HOUR
    local = (now + held.offset) % day
    if not held.consent:
        held.out.append((now, "news", "consent"))
    elif held.tickets:
        held.out.append((now, "news", "hold"))
    elif local < 8 * HOUR or local >= 21 * HOUR:
        held.out.append((now, "news", "quiet hours"))
    elif len([at for at in held.sent if at > now - 7 * day]) >= 2:
        held.out.append((now, "news", "cap"))
    else:
        held.sent.append(now)
        held.out.append((now, "news", "sent"))


# A year of many customers on the journey of `benchmarks.kit`.


def year(program: Program, customers: int, acts: int) -> Counter[str]:
    """Random lives, decided on by the core alone: nanoseconds and number of decisions of each sort."""
    found: Counter[str] = Counter()
    chance = random.Random(1)  # noqa: S311 - a seeded workload
    for number in range(customers):
        held, now = state(number), NOON
        for n in range(acts):
            now += 17 * HOUR + HOUR // 2
            _catch_up(program, held, now, found)
            told = Occurrence(TOUCHPOINT, chance.choice(TYPES), now, f"t{n}", {"score": chance.randrange(6)})
            _timed(found, "touchpoint", lambda told=told: advance(program, held, told, now))  # type: ignore[misc] # noqa: B023
    return found


def _timed(found: Counter[str], name: str, work: Callable[[], object]) -> object:
    begun = time.perf_counter_ns()
    answer = work()
    found[name] += time.perf_counter_ns() - begun
    found[f"{name}s"] += 1
    return answer


def _catch_up(program: Program, held: State, now: int, found: Counter[str]) -> None:
    """Timers and messages that fall due until then, in order."""
    while True:
        timer, due = held.next_dues()
        if min(timer, due) > now or min(timer, due) == NEVER:
            return
        if timer <= due:
            _timed(found, "timer", lambda: fire_next(program, held, until=now))
            continue
        for pending in due_messages(program, held, due):
            moment = Moment(max(due, held.now), 0.0, "m")
            (ticket, _) = _timed(found, "release", lambda: release(program, held, pending, WORLD, moment))  # type: ignore[misc] # noqa: B023
            if ticket is not None:
                _timed(found, "settle", lambda: settle(program, held, ticket, ACCEPTED, WORLD, moment.wall))  # noqa: B023


# Workload W.


def of_workload(rounds: int) -> Counter[str]:
    """Workload W at a smaller size: the least nanoseconds of several rounds, and how many decisions of each sort."""
    workload = make(300, 7_500)
    events = [occurrence_of(each) for each in workload.acts]
    program = compiled()
    program = settle_in(program, lambda: state_of(workload.people[0], program), events)
    least: Counter[str] = Counter()
    for _ in range(rounds):
        states = [state_of(each, program) for each in workload.people]
        found: Counter[str] = Counter()
        for act, event in zip(workload.acts, events, strict=True):
            _decide_on(program, states[act.customer], event, act.at, found)
        least = found if not least else Counter({name: min(n, least[name]) for name, n in found.items()})
    return least


def _decide_on(program: Program, held: State, event: Occurrence, now: int, found: Counter[str]) -> None:
    begun = time.perf_counter_ns()
    advance(program, held, event, now)
    took, moment, world = time.perf_counter_ns() - begun, Moment(now, now / 1e6, ""), world_of_w()
    sort = "touchpoint that begins a message" if held.pending else "touchpoint"
    found.update({sort: took, f"{sort}s": 1})
    while due := due_messages(program, held, now):
        begun = time.perf_counter_ns()
        ticket, _ = release(program, held, due[0], world, moment)
        sort = "release: denied" if ticket is None else "release: let go"
        found.update({sort: time.perf_counter_ns() - begun, f"{sort}s": 1})
        if ticket is not None:
            begun = time.perf_counter_ns()
            settle(program, held, ticket, ACCEPTED, world, now)
            found.update({"settle": time.perf_counter_ns() - begun, "settles": 1})


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lives", description=__doc__)
    parser.add_argument("--rounds", type=int, default=250)
    parser.add_argument("--customers", type=int, default=6)
    parser.add_argument("--year", type=int, default=5, help="customers with a year on the journey of benchmarks.kit")
    parser.add_argument("--workload", type=int, default=5, help="rounds of workload W at a smaller size")
    options = parser.parse_args()
    lives = Lives(compile_program([ONE]))
    reference = Phase("by hand", lambda _: Slots(sent=[NOON - 30 * HOUR]), lambda held: by_hand(held, NOON))  # type: ignore[arg-type]
    least = cpu(reference, options.customers, options.rounds)
    print(f"{'':55}{'µs':>8}{'× by hand':>11}{'Python calls':>14}{'built-in':>10}")
    for phase in (reference, *lives.phases()):
        took, found = cpu(phase, options.customers, options.rounds), calls(phase)
        print(f"{phase.name:55}{took:8.2f}{took / least:11.1f}{found['python']:14}{found['built-in']:10}")
    if options.year:
        program = compile_program([JOURNEY])
        rounds = [year(program, options.year, 500) for _ in range(max(options.rounds // 60, 2))]
        print("a year of 500 touchpoints on the journey of benchmarks.kit:")
        for name in ("touchpoint", "timer", "release", "settle"):
            n = rounds[0][f"{name}s"]
            print(f"  {name:53}{min(each[name] for each in rounds) / n / 1e3:8.2f} µs, {n / options.year:.0f} each")
    if options.workload:
        spent = of_workload(options.workload)
        print("workload W, with 25 touchpoints for each customer:")
        for name in [each for each in spent if f"{each}s" in spent]:
            print(f"  {name:53}{spent[name] / spent[f'{name}s'] / 1e3:8.2f} µs, {spent[f'{name}s']} of them")


if __name__ == "__main__":
    main()
