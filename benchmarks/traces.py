"""`python -m benchmarks traces`: deciding workload W with the trace of every event, beside deciding it without.

What is left out is what refused rules leave in the trace, a line with the values that their conditions saw: nearly two
rules for each event of W. What is begun, entered and sent stays; it is little. No engine leaves anything out, since a
refused entry is a recorded decision (S4.4): the program of the comparison has rules that see nothing. Both have to find
the same, by digest.

Traces keep values, and are put into words when somebody asks. What that saves in the journal is counted, not timed:
the bytes of the traces as they are, and of the same with the words in them, as `why` tells them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from benchmarks.deciding import compiled, occurrence_of, run_core, state_of
from benchmarks.measure import Candidate, Size, interleaved
from benchmarks.results import Result, at_most, compared, counted, same_answers
from benchmarks.steady import settle_in
from benchmarks.workload import JOURNEY, Workload, make
from touchpoint.core.advance import advance
from touchpoint.core.program import Program
from touchpoint.core.seen import code_of, conditions_of, in_words
from touchpoint.core.state import State
from touchpoint.core.unmet import UNMET, lists_of
from touchpoint.stores.codec import dumps, loads

PEOPLE: Final = 600
ACTS: Final = 15_000
DEMAND: Final = at_most(1.25, 1.15)


class Contest:
    """The two programs over one workload."""

    def __init__(self, workload: Workload) -> None:
        self.people, self.acts = workload.people, workload.acts
        self.events = [occurrence_of(each) for each in self.acts]
        self.traced, self.untraced = self._settled(compiled()), self._settled(_untraced(compiled()))

    def _settled(self, program: Program) -> Program:
        return settle_in(program, lambda: state_of(self.people[0], program), self.events)

    def states(self) -> list[State]:
        """Customers of whom nothing has happened yet."""
        return [state_of(each, self.traced) for each in self.people]

    def decided(self, program: Program) -> Candidate:
        """Every event through `advance` alone."""

        def work(states: Sequence[State]) -> None:
            for act, event in zip(self.acts, self.events, strict=True):
                advance(program, states[act.customer], event, act.at)

        return Candidate(work, len(self.acts), self.states)

    def handed_over(self, program: Program) -> Candidate:
        """The same, with what is sent through the gate."""
        return Candidate(
            lambda states: run_core(program, states, self.acts, self.events), len(self.acts), self.states
        )  # fmt: skip

    def traces(self) -> Iterator[list[Any]]:
        """The trace of every event, as a store gives it back."""
        states = self.states()
        for act, event in zip(self.acts, self.events, strict=True):
            yield loads(dumps(advance(self.traced, states[act.customer], event, act.at).trace))


def _untraced(program: Program) -> Program:
    """Of rules that see nothing, the generated source leaves nothing where they are refused."""
    for rule in program.rules:
        rule.see = None
    return program


def in_bytes(contest: Contest) -> tuple[int, int]:
    """Of all traces: as they are kept, and with words in the place of values."""
    conditions, lists = {code_of(each): each for each in conditions_of(JOURNEY)}, lists_of(JOURNEY)
    kept = worded = 0
    for trace in contest.traces():
        if trace:
            kept += len(dumps(trace).encode())
            lines = [each for line in trace for each in (lists[line[2]].lines(line) if line[0] == UNMET else [line])]
            worded += len(dumps([_worded(line, conditions) for line in lines]).encode())
    return kept, worded


def _worded(line: list[Any], conditions: dict[str, Any]) -> list[Any]:
    if line[0] != "refused" or not isinstance(line[4], list):
        return line
    return [*line[:4], in_words(conditions[line[4][0]], line[4])]


def rows(size: Size) -> Iterator[Result]:
    """Two rows of times, and one of bytes."""
    contest = Contest(make(size.of(PEOPLE, least=8), size.of(ACTS, least=200)))
    both = {"on": contest.traced, "off": contest.untraced}
    same_answers({
        name: run_core(program, contest.states(), contest.acts, contest.events).digest()
        for name, program in both.items()
    })  # fmt: skip
    timed = interleaved({name: contest.decided(program) for name, program in both.items()}, size)
    yield compared("a decision, with its trace", timed["on"], "without", timed["off"], DEMAND)
    timed = interleaved({name: contest.handed_over(program) for name, program in both.items()}, size)
    yield compared("the same, with what it sends through the gate", timed["on"], "without", timed["off"], DEMAND)
    kept, worded = in_bytes(contest)
    each = len(contest.acts)
    yield counted("a trace in the journal", kept / each, "bytes", "in words", worded / each)
