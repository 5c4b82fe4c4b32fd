"""`python -m benchmarks conditions`: 20 conditions on each event, beside libraries for rules.

The journey has 20 rules for each of 12 types of touchpoints, with conditions on the touchpoint and on the customer. A
library for rules answers which of them hold, and nothing else. It knows no types, so the host hands it only the 20
conditions that an event's own type has.

So we are asked the same: the function that the library has generated for the type says which rules would start, and
leaves in the trace what the others saw, without which no engine decides (S4.4). Beside it stand the same without that
line, and what becomes of the answer in an engine: a whole round, which also keeps the customer's state, starts a run
for each rule that holds, and tells what it did. Which rules hold is asserted to be the same in all of them before
anything is timed.
"""

import operator
import random  # noqa: TID251 - a seeded workload
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from benchmarks.condition_peers import RULES, Answer, Condition, Conditions
from benchmarks.measure import Candidate, Size, Timing, interleaved
from benchmarks.peers import MissingPeerError
from benchmarks.results import Result, at_least, compared, not_measured, same_answers
from benchmarks.steady import settle_in
from touchpoint import Journey, Rule, customer, event
from touchpoint.core import judging
from touchpoint.core.advance import advance
from touchpoint.core.at_once import BlankDecision
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.judging import Judge
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program, compile_program
from touchpoint.core.state import Profile, State
from touchpoint.journey.conditions import Expression

TYPES: Final = tuple(f"act_{number}" for number in range(12))
TIERS: Final = ("bronze", "silver", "gold", "platinum")
TOPICS: Final = tuple(f"topic_{number}" for number in range(8))
TRAITS: Final = ("tier", "orders", "vip")
DEMAND: Final = at_least(20, 35)
OURS: Final = "ours"
UNTOLD: Final = "without what the others saw"
WHOLE: Final = "a whole round: runs begun, state kept, trace"
EVENTS: Final = 2_000
"""In one round: of fewer most of the time would go to code and data that the processor has not at hand yet."""
CUSTOMERS: Final = 200
_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt,
}  # fmt: skip


@attrs.frozen
class Act:
    """One event, in the shape that each candidate takes: ours is an occurrence, a peer's a flat dict."""

    kind: str
    who: str
    occurrence: Occurrence
    flat: Mapping[str, object]


def condition(chance: random.Random, rare: int) -> Condition:
    """One of six forms; about one in `rare` of them holds."""
    high = 1_000 - 1_000 // rare
    some = ("amount", ">=", chance.randint(high, 999))
    topic = ("topic", "==", chance.choice(TOPICS))
    tier = ("tier", "==", chance.choice(TIERS))
    half = ("score", ">=", 5)
    forms: Sequence[Condition] = (
        some,
        ("and", ("amount", ">=", 1_000 - 2_000 // rare), half),
        ("and", tier, ("amount", ">=", 1_000 - 4_000 // rare)),
        ("and", ("or", ("score", "<", 2), topic), ("and", tier, ("not", ("amount", "<", high)))),
        ("and", ("amount", "<", 2_000 // rare), ("not", ("first", "==", True))),
        ("or", ("and", ("vip", "==", True), some), ("and", ("orders", ">=", 45), ("amount", ">", high))),
    )
    return chance.choice(forms)


def conditions_of(rare: int) -> dict[str, dict[str, Condition]]:
    """20 conditions for each type, by the names of their rules."""
    chance = random.Random(20)  # noqa: S311 - likewise
    return {kind: {f"{kind}_{number}": condition(chance, rare) for number in range(20)} for kind in TYPES}


def people_and_acts(number: int) -> tuple[dict[str, dict[str, object]], list[Act]]:
    """The traits of customers, and what they do."""
    chance = random.Random(7)  # noqa: S311 - likewise
    people: dict[str, dict[str, object]] = {
        f"c{each}": {"tier": chance.choice(TIERS), "orders": chance.randrange(50), "vip": chance.random() < 0.2}
        for each in range(CUSTOMERS)
    }
    acts = []
    for at in range(number):
        kind, who = chance.choice(TYPES), f"c{chance.randrange(CUSTOMERS)}"
        told: dict[str, object] = {
            "score": chance.randrange(10), "amount": chance.randrange(1_000), "topic": chance.choice(TOPICS),
            "first": chance.random() < 0.5,
        }  # fmt: skip
        acts.append(Act(kind, who, Occurrence(TOUCHPOINT, kind, at, f"t{at}", told), {**told, **people[who]}))
    return people, acts


def expressed(condition: Condition) -> Expression:
    """A condition in our own language."""
    match condition:
        case ("and", left, right):
            return expressed(left) & expressed(right)
        case ("or", left, right):
            return expressed(left) | expressed(right)
        case ("not", inner):
            return ~expressed(inner)
    field, compare, value = condition
    made: Expression = _COMPARE[compare](getattr(customer if field in TRAITS else event, field), value)
    return made


def compiled(conditions: Conditions) -> Program:
    """A journey of them, a rule for each."""
    rules = [
        Rule(name, when=kind, given=expressed(each))
        for kind, named in conditions.items()
        for name, each in named.items()
    ]
    return compile_program([Journey("rules", rules=rules)])


def states(people: Mapping[str, dict[str, object]]) -> dict[str, State]:
    """Customers of whom nothing has happened yet."""
    return {who: _at_rest(who, traits) for who, traits in people.items()}


def _at_rest(who: str, traits: dict[str, object]) -> State:
    return State(who, Profile(traits=traits))


def started(program: Program, people: Mapping[str, dict[str, object]], acts: Iterable[Act]) -> list[list[str]]:
    """The names of the rules that each event starts, as the core tells them."""
    known = states(people)
    every = (advance(program, known[act.who], act.occurrence, act.occurrence.at).trace for act in acts)
    return [[entry[2] for entry in trace if entry[0] == "started"] for trace in every]


def judges_of(program: Program) -> dict[str, Judge]:
    """The function that is generated for what each type starts; nothing else of a round is at hand."""
    keys = [key for key in program.starts if key[0] == TOUCHPOINT]
    return {key[1]: judging.compiled(key, program.judges.code(key), "judge") for key in keys}


def holding(judges: Mapping[str, Judge], state: State, occurrence: Occurrence) -> Sequence[CompiledRule]:
    """The rules whose condition holds of an event, by the function for its type; the trace has what the others saw."""
    decision = BlankDecision()
    decision.state, decision.now, decision.trace = state, occurrence.at, []
    return judges[occurrence.name](decision, occurrence)


def asked(program: Program, people: Mapping[str, dict[str, object]], acts: Sequence[Act]) -> Candidate:
    """Asking which rules hold of all events."""
    judges, blank = judges_of(program), BlankDecision

    def work(known: dict[str, State]) -> None:  # as `holding`, without a call of its own for each
        for act in acts:
            occurrence, decision = act.occurrence, blank()
            decision.state, decision.now, decision.trace = known[act.who], occurrence.at, []
            judges[occurrence.name](decision, occurrence)

    return Candidate(work, len(acts), lambda: states(people))


def whole(program: Program, people: Mapping[str, dict[str, object]], acts: Sequence[Act]) -> Candidate:
    """Deciding all events through the core, with all that follows."""

    def work(known: dict[str, State]) -> None:
        for act in acts:
            advance(program, known[act.who], act.occurrence, act.occurrence.at)

    return Candidate(work, len(acts), lambda: states(people))


def theirs(answer: Answer, acts: Sequence[Act]) -> Candidate:
    """Asking a peer about all events."""

    def work(_: object) -> None:
        for act in acts:
            answer(act.kind, act.flat)

    return Candidate(work, len(acts))


def rows(size: Size) -> Iterator[Result]:
    """Few conditions hold, as of rules that send messages; and, told beside it, more of them do."""
    yield from _rows(size, rare=20, demanded=True)
    yield from _rows(size, rare=5, demanded=False)


def _rows(size: Size, *, rare: int, demanded: bool) -> Iterator[Result]:
    conditions = conditions_of(rare)
    people, acts = people_and_acts(size.of(EVENTS, least=24))
    contest = _Contest(conditions, people, acts)
    expected = contest.expected()
    hold = sum(map(len, expected)) / len(expected)
    what = f"which of 20 conditions hold ({hold:.1f} do)"
    candidates, answers = contest.candidates(), contest.answers()
    for peer, make in RULES:
        try:
            answer = make(peer.load(), conditions)
        except MissingPeerError as missing:
            yield not_measured(f"{what}, against {peer.distribution}", str(missing))
            continue
        candidates[peer.distribution] = theirs(answer, acts)
        answers[peer.distribution] = _sorted(answer(act.kind, act.flat) for act in acts)
    same_answers(answers)
    yield from _beside(what, interleaved(candidates, size), demanded=demanded)


class _Contest:
    """Our side: as in any engine, and without what refused conditions saw."""

    def __init__(
        self, conditions: Conditions, people: Mapping[str, dict[str, object]], acts: Sequence[Act]
    ) -> None:  # fmt: skip
        self._people, self._acts = people, acts
        self._told, self._untold = (
            self._settled(each) for each in (compiled(conditions), untold(compiled(conditions)))
        )

    def _settled(self, program: Program) -> Program:
        traits = next(iter(self._people.values()))
        return settle_in(program, lambda: _at_rest("c0", traits), [act.occurrence for act in self._acts])

    def expected(self) -> list[list[str]]:
        return started(self._told, self._people, self._acts)

    def answers(self) -> dict[str, list[list[str]]]:
        known, found = states(self._people), {}
        for name, program in ((OURS, self._told), (UNTOLD, self._untold)):
            judges = judges_of(program)
            every = (holding(judges, known[act.who], act.occurrence) for act in self._acts)
            found[name] = [[rule.rule.name for rule in rules] for rules in every]
        return {name: _sorted(each) for name, each in {**found, WHOLE: self.expected()}.items()}

    def candidates(self) -> dict[str, Candidate]:
        people, acts = self._people, self._acts
        return {
            OURS: asked(self._told, people, acts), UNTOLD: asked(self._untold, people, acts),
            WHOLE: whole(self._told, people, acts),
        }  # fmt: skip


def untold(program: Program) -> Program:
    """Of rules that see nothing, the generated source leaves nothing where they are refused."""
    for rule in program.rules:
        rule.see = None
    return program


def _sorted(answers: Iterable[Iterable[str]]) -> list[list[str]]:
    return [sorted(each) for each in answers]


def _beside(what: str, timed: Mapping[str, Timing], *, demanded: bool) -> Iterator[Result]:
    """A row for each peer, the fastest first: of that one something is demanded, and it stands beside all of ours."""
    peers = sorted(timed.keys() - {OURS, UNTOLD, WHOLE}, key=lambda name: timed[name].spread.median)
    for place, name in enumerate(peers):
        demand = DEMAND if demanded and not place else None
        yield compared(what, timed[OURS], name, timed[name], demand, times_as_fast=True)
    for name in (UNTOLD, WHOLE) if peers else ():
        yield compared(f"… {name}", timed[name], peers[0], timed[peers[0]], times_as_fast=True)
