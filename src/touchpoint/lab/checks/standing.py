"""What is known of a customer on the way round: what rules have set, and what conditions have let through.

Nothing is known at first. What a step sets is known from then on, unless something beside the way may set it, too. What
a condition has let through stays true until something that it looks at changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from touchpoint.core.values import equal, kind
from touchpoint.journey.conditions import (
    Aggregate,
    CaseOpen,
    Compare,
    Consented,
    Expression,
    Field,
    InSegment,
    InStage,
    Literal,
    Not,
    Now,
    Outcome,
    Told,
    Variant,
    path_of,
    root_of,
    structure,
    walk,
)

Token: TypeAlias = tuple[str, ...]
"""What may change: ("trait", name), ("stage", journey), ("segment", journey/name), ("case", kind, ref) …"""
Value: TypeAlias = Literal | str | None
"""A value: written in the journey; a name for one that nobody knows, equal to others of its name; or anything."""
TIME: Token = ("time",)
RUN: Token = ("run",)
"""What only this run has: its trigger, its event, what became of its messages."""
_OF_RUN: Final = frozenset({RUN})


def are_same(one: Value, other: Value) -> bool | None:
    """Whether two values are the same; None where that is not known. Text and a date are two things, as for changes."""
    if isinstance(one, Literal) and isinstance(other, Literal):
        return kind(one.value) == kind(other.value) and equal(one.value, other.value) is True
    return True if isinstance(one, str) and isinstance(other, str) and one == other else None


def reads_of(condition: Expression) -> frozenset[Token]:
    """What a condition looks at. Every `in_stage` and `in_segment` names its journey (`scene.at_home`)."""
    return frozenset(token for node in walk(condition) for token in _reads(node))


def _reads(node: Expression) -> Iterator[Token]:
    match node:
        case Field():
            root = root_of(node)
            if isinstance(root, str):
                yield ("trait", path_of(node)[0]) if root == "customer" else RUN
            else:
                yield "touchpoint", root.type
        case InStage():
            yield "stage", str(node.journey)
        case InSegment():
            yield "segment", f"{node.journey}/{node.segment}"
        case Variant():
            yield "variant", node.split
        case _ if isinstance(node, Aggregate):
            yield "touchpoint", node.type
            if getattr(node, "within", None) is not None:
                yield TIME
        case _:
            yield from (token for kinds, token in _OTHERS.items() if isinstance(node, kinds))


_OTHERS: Final[Mapping[tuple[type, ...], Token]] = {
    (CaseOpen,): ("cases",), (Now, Consented): TIME, (Outcome, Told): RUN,
}  # fmt: skip


@attrs.frozen(eq=False)
class Question:
    """A condition, with what it looks at and how it is written."""

    condition: Expression
    reads: frozenset[Token]
    written: str

    @classmethod
    def of(cls, condition: Expression) -> "Question":
        """The question that a condition asks."""
        return cls(condition, reads_of(condition), structure(condition))


@attrs.frozen(eq=False)
class Standing:
    """All that is known at one point of the way. Not changed in place.

    `facts` are by token; `asked` are conditions that were true, `denied` those that were not, by their structure;
    `restless` are the tokens that something beside the way may change at any time.
    """

    facts: Mapping[Token, object] = attrs.Factory(dict)
    asked: Mapping[str, "Question"] = attrs.Factory(dict)
    denied: Mapping[str, "Question"] = attrs.Factory(dict)
    restless: frozenset[Token] = frozenset()

    def key(self) -> tuple[object, ...]:
        """Equal for equal knowledge."""
        facts = sorted((token, written(value)) for token, value in self.facts.items())
        return tuple(facts), tuple(sorted(self.asked)), tuple(sorted(self.denied)), self.restless

    def about(self, question: Question) -> "Standing":
        """What of it may matter to a question: what it looks at, and what was asked of that."""
        reads, asked, denied = set(question.reads), dict[str, Question](), dict[str, Question]()
        before = -1
        while before != len(reads):
            before = len(reads)
            for found, given in ((asked, self.asked), (denied, self.denied)):
                for name, each in given.items():
                    if name not in found and each.reads & reads:
                        found[name] = each
                        reads |= each.reads
        facts = {token: value for token, value in self.facts.items() if _matters(token, reads)}
        return Standing(facts, asked, denied)

    def having(self, token: Token, value: object) -> "Standing":
        """With a new fact, unless that is restless; what was asked of the old one is forgotten."""
        before = self.without([token])
        if value is None or token in self.restless or (token[0] == "case" and ("cases",) in self.restless):
            return before
        return attrs.evolve(before, facts={**before.facts, token: value})

    def noting(self, token: Token, value: object) -> "Standing":
        """With a note that no condition asks about."""
        return attrs.evolve(self, facts={**self.facts, token: value})

    def without(self, tokens: Iterable[Token]) -> "Standing":
        """Where these may have become anything."""
        gone = frozenset(tokens)
        if not gone:
            return self
        gone |= {("cases",)} if any(each[0] == "case" for each in gone) else set()
        facts = {token: value for token, value in self.facts.items() if token not in gone}
        asked, denied = _unread(self.asked, gone), _unread(self.denied, gone)
        return attrs.evolve(self, facts=facts, asked=asked, denied=denied)

    def troubled(self, tokens: frozenset[Token]) -> "Standing":
        """Where something beside the way may set these, now and later."""
        if not tokens:
            return self
        gone = [each for each in self.facts if _hangs_on(each, tokens)]
        return attrs.evolve(self.without([*tokens, *gone]), restless=self.restless | tokens)

    def assuming(self, question: Question, *, true: bool) -> "Standing":
        """After a condition was asked and came out like that."""
        if question.reads & self.restless:
            return self
        if true:
            return attrs.evolve(self, asked={**self.asked, question.written: question})
        return attrs.evolve(self, denied={**self.denied, question.written: question})

    def later(self, most: int | None) -> "Standing":
        """After some time, at most so many microseconds where that is known."""
        facts: dict[Token, object] = {}
        timeless = self.without([TIME])
        for token, value in timeless.facts.items():
            if token[0] == "emitted":
                facts[token] = None if most is None or value is None else int(str(value)) + most
            elif token[0] == "live":
                held, left = value if isinstance(value, tuple) else (None, 0)
                if most is not None and left > most:
                    facts[token] = held, left - most
            else:
                facts[token] = value
        return attrs.evolve(timeless, facts=facts)

    def after_run(self) -> "Standing":
        """Once a run is over, or another begins: what only that run had is forgotten."""
        if not self.asked and not self.denied:
            return self
        return attrs.evolve(self, asked=_unread(self.asked, _OF_RUN), denied=_unread(self.denied, _OF_RUN))

    def known(self) -> Iterator[Expression]:
        """The facts as conditions that are true."""
        for token, value in self.facts.items():
            match token:
                case ("trait", name) if isinstance(value, Literal):
                    yield Compare("==", Field("customer", (name,)), value)
                case ("stage", journey):
                    yield InStage(str(value), journey)
                case ("segment", name):
                    journey, _, segment = name.partition("/")
                    member = InSegment(segment, journey)
                    yield member if value else Not(member)
                case ("case", kind_of, ref):
                    is_open = CaseOpen(kind_of, Literal(ref))
                    yield is_open if value else Not(is_open)
        yield from (each.condition for each in self.asked.values())

    def symbols(self) -> set[str]:
        """The names of values that nobody knows."""
        return {value for token, value in self.facts.items() if token[0] == "trait" and isinstance(value, str)}


def _matters(token: Token, reads: set[Token]) -> bool:
    if token[0] == "emitted":
        return ("touchpoint", token[1]) in reads
    return token in reads or (token[0] == "case" and ("cases",) in reads)


def _hangs_on(token: Token, tokens: frozenset[Token]) -> bool:
    """Whether a fact or note is about one of these: cases under all refs, what a rule did in a stage of its journey."""
    if token[0] == "ran":
        return any(each[0] == "stage" and token[1].startswith(f"{each[1]}/") for each in tokens)
    return token[0] == "case" and ("cases",) in tokens


def _unread(conditions: Mapping[str, Question], gone: frozenset[Token]) -> Mapping[str, Question]:
    if not conditions:
        return conditions
    return {written: each for written, each in conditions.items() if not each.reads & gone}


def written(value: object) -> str:
    """A value as text: equal for equal ones."""
    return f"{type(value.value).__name__} {value.value!r}" if isinstance(value, Literal) else repr(value)
