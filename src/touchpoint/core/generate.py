"""Conditions as Python source: what is asked of every touchpoint of a type, without a call for each part of it.

A condition is true, false or unknown (S4.6), and rules act on true alone. So two sources are written for it: one that
is true exactly where the condition is true, and one that is true exactly where it is false; neither ever holds an
unknown value, and `and`, `or` and `not` become Python's own. Where a value is of another type than the source foresees,
or a part is of a kind that is not written here, the closure of `core.compile` is asked: nothing is decided twice.

What a source may name: `event` (the occurrence), `properties`, `traits`, `signals`, `data` (of these), `state`, `now`,
`decision`, the local variables of stages, and constants that the `Namespace` has handed out.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from math import isfinite
from typing import Final, TypeAlias, TypeVar

import attrs

from touchpoint.core.captures import unpack
from touchpoint.core.compile import SMALL, Path, compile_comparison, compile_condition, reference
from touchpoint.core.held import One, put
from touchpoint.core.kept import Data
from touchpoint.core.remembered import signal_of
from touchpoint.core.seen import LONGEST, NOTHING_THERE, Unkept, finder_of, kept
from touchpoint.core.signals import SignalTable, update
from touchpoint.core.state import COMMON
from touchpoint.core.thresholds import OPPOSITE, Bounds, Side, bounds_of, shared, stands_before
from touchpoint.core.values import UNKNOWN, parse_date, parse_instant
from touchpoint.durations import length
from touchpoint.journey.conditions import (
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    InStage,
    Last,
    Literal,
    Not,
    Now,
    Or,
    Total,
    path_of,
    root_of,
)

T = TypeVar("T")
Source: TypeAlias = str
_MOSTLY_THERE: Final = 3
"""So many properties or traits are looked up as if all were there, which is sooner; one that is not costs more."""
_OF_TYPE: Final[Mapping[str, Source]] = {
    "int": "type({0}) is int",
    "num": "type({0}) is int or type({0}) is float and isfinite({0})",
    "bool": "{0} is True or {0} is False",
    "str": "type({0}) is str",
}
"""How it is told whether a variable holds a value of a type; `num` is what Python compares as `core.values` does."""
_OWN: Final = frozenset({"type", "at", "direction", "channel", "location"})
"""What an occurrence knows of itself, where no property has the name."""


class Namespace:
    """The names that generated source uses, beside its local variables."""

    def __init__(self, **names: object) -> None:
        self.names: dict[str, object] = {
            "UNKNOWN": UNKNOWN, "bisect_right": bisect_right, "isfinite": isfinite, "latest": latest,
            "keep": keep, "Unkept": Unkept, "put": put, "update": update, "One": One, "COMMON": COMMON, **names,
        }  # fmt: skip
        self._made = 0

    def constant(self, value: object, prefix: str) -> str:
        """A name for a value."""
        self._made += 1
        name = f"{prefix}_{self._made}"
        self.names[name] = value
        return name

    def variable(self) -> str:
        """A name for a local variable that no other has."""
        self._made += 1
        return f"v_{self._made}"


def latest(entry: Data) -> object:
    """What a trace keeps of what is remembered of the latest touchpoint; an instant without making a datetime of it."""
    if entry is None:
        return NOTHING_THERE
    if type(entry) is int:
        return {"$instant": entry}
    value = entry[1]
    return {"$instant": value[1]} if type(value) is list and value[0] == "at" else kept(unpack(value))


@attrs.frozen
class Locals:
    """Local variables that conditions of one function share, by the source of what they hold.

    Args:
        fields: properties and traits, by where they are and their name, looked up before anything is asked.
        often_missing: those of which it is asked whether they are there.
        looked: totals and what was last; likewise.
        compared: with values of which of the types of `_OF_TYPE` something is compared.
        types: whether a variable holds a value of a type, by both; looked up early, since many conditions ask it.
        counts: answers to plain counts that a trace keeps; likewise.
        asked: answers to others; None before one is looked up, which is done once.
        firsts: by letter of the log, whether what has just been counted is the only one of its sort there, and of now.
    """

    fields: dict[tuple[str, str], str] = attrs.Factory(dict)
    often_missing: set[str] = attrs.Factory(set)
    looked: dict[Source, str] = attrs.Factory(dict)
    compared: dict[str, dict[str, None]] = attrs.Factory(dict)
    types: dict[tuple[str, str], str] = attrs.Factory(dict)
    counts: dict[Source, str] = attrs.Factory(dict)
    asked: dict[Source, str] = attrs.Factory(dict)
    firsts: dict[str, str] = attrs.Factory(dict)

    def lines(self) -> list[str]:
        """How the variables begin."""
        return [
            *self._of("properties"),
            *self._of("traits"),
            *(f"    {variable} = {source}" for source, variable in self.looked.items()),
            *(f"    {flag} = {_OF_TYPE[kind].format(variable)}" for (variable, kind), flag in self.types.items()),
            *(f"    {variable} = {source}" for source, variable in self.counts.items()),
            *(f"    {variable} = None  # {comment(source)}" for source, variable in self.asked.items()),
        ]

    def _of(self, held: str) -> list[Source]:
        """Looks up properties, or traits. Where there are several, they are mostly all there."""
        own = {variable: name for (where, name), variable in self.fields.items() if where == held}
        each = {variable: f"    {variable} = {held}.get({name!r}, UNKNOWN)" for variable, name in own.items()}
        sure = [variable for variable in own if variable not in self.often_missing]
        if len(sure) < _MOSTLY_THERE:
            return list(each.values())
        return [
            "    try:",
            *(f"        {variable} = {held}[{own[variable]!r}]" for variable in sure),
            "    except KeyError:",
            *(f"    {each[variable]}" for variable in sure),
            *(line for variable, line in each.items() if variable in self.often_missing),
        ]


@attrs.frozen
class Writer:
    """Writes the sources of conditions of one journey.

    Args:
        names: hands out constants and variables.
        signals: what is kept of the past.
        journey: whose conditions they are.
        stages: the local variables that hold the customer's stage, by journey.
        variables: are filled with what is looked up once for all conditions.
        just: the touchpoint type that has just been counted.
        counts: whether that was done by the same function, which then knows whether it was the first.
    """

    names: Namespace
    signals: SignalTable
    journey: str
    stages: Mapping[str, str]
    variables: Locals = attrs.Factory(Locals)
    just: str = ""
    counts: bool = False

    def holds(self, node: Expression, *, asked: bool = True) -> Source:  # noqa: PLR0911 - one per class
        """Source that is true exactly where the condition is `asked`: true, or false."""
        match node:
            case And(parts):
                return self._joined(parts, "and" if asked else "or", asked=asked)
            case Or(parts):
                return self._joined(parts, "or" if asked else "and", asked=asked)
            case Not(part):
                return self.holds(part, asked=not asked)
            case Compare():
                return self._compare(node, asked=asked)
            case In():
                return self._in(node, asked=asked)
            case Ever():
                return self._ever(node, asked=asked)
            case InStage(stage, journey):
                return self._in_stage(stage, journey or self.journey, asked=asked)
            case CaseOpen():
                return self._case_open(node, asked=asked)
            case Exists(Field() as field) if (value := self._property(field)) is not None:
                self.variables.often_missing.add(value)
                return f"{value} is {'not ' if asked else ''}UNKNOWN"
        return self._closure(node, asked=asked)

    def passing_over(self, conditions: Sequence[Expression]) -> list[Sequence[Source]]:
        """What has to be so for each to be asked at all, the loosest first: see `core.thresholds`."""
        every = [bounds_of(each, self._property) for each in conditions]
        thresholds = shared(every)
        return [self._guards(each, thresholds) for each in every]

    def _guards(self, bounds: Bounds, thresholds: Mapping[Side, Sequence[int]]) -> Sequence[Source]:
        for side, steps in thresholds.items():
            if side in bounds:
                before = [each for each in steps if stands_before(side, each, bounds[side])]
                return [f"not ({self._beyond(side, each)})" for each in before]
        return ()

    def _beyond(self, side: Side, threshold: int) -> Source:
        value, least_or_most = side
        return f"{self._is(value, 'num')} and {value} {OPPOSITE[least_or_most]} {threshold}"

    def _joined(self, parts: tuple[Expression, ...], word: str, *, asked: bool) -> Source:
        if (stages := self._in_stages(parts, word, asked=asked)) is not None:
            return stages
        return "(" + f" {word} ".join(self.holds(part, asked=asked) for part in parts) + ")"

    def _closure(self, node: Expression, *, asked: bool) -> Source:
        closure = self.names.constant(compile_condition(node, self.signals), "ask")
        return f"decision.ask({closure}, {self.journey!r}, event) is {asked}"

    def _compare(self, node: Compare, *, asked: bool) -> Source:  # noqa: PLR0911 - one per sort of value
        if not isinstance(node.right, Literal):
            return self._closure(node, asked=asked)
        literal = node.right.value
        if (idle := self._idle(node, asked=asked)) is not None:
            return idle
        compared = f"{node.op if asked else OPPOSITE[node.op]} {literal!r}"
        if (counted := self._count(node.left)) is not None and type(literal) is int:
            return f"{counted} {compared}"
        if (summed := self._total(node.left)) is not None and type(literal) is int:
            return f"({summed} {compared} if {self._is(summed, 'int')} else {self._closure(node, asked=asked)})"
        value = self._property(node.left)
        if value is None or not _is_quick(node.op, literal):
            return self._closure(node, asked=asked)
        kind = "num" if type(literal) in (int, float) else type(literal).__name__
        self._note(value, kind)
        if (plain := _plainly(value, compared, literal)) is not None:
            return plain
        slow = self.names.constant(_comparing(node.op, literal, asked=asked), "compare")
        return f"({value} {compared} if {self._is(value, kind)} else {slow}({value}))"

    def _note(self, value: str, kind: str) -> None:
        self.variables.compared.setdefault(value, {})[kind] = None

    def _is(self, value: str, kind: str) -> Source:
        """The variable that says whether another one holds a value of a type."""
        self._note(value, kind)
        return self.variables.types.setdefault((value, kind), f"{kind}_{value}")

    def _property(self, node: Expression) -> Source | None:
        """The variable of a property or trait; None for any other value."""
        if not isinstance(node, Field) or len(path := path_of(node)) != 1:
            return None
        root, name = root_of(node), path[0]
        if isinstance(root, Last):  # which would not compare, but build a condition
            return None
        if root == "customer":
            return self._variable(self.variables.fields, ("traits", name))
        if root in ("event", "trigger") and name not in _OWN:
            return self._variable(self.variables.fields, ("properties", name))
        return None

    def _variable(self, known: dict[T, str], what: T) -> str:
        if what not in known:
            known[what] = self.names.variable()
        return known[what]

    def _count(self, node: Expression) -> Source | None:
        """A variable that holds the answer to a plain count, or finds it; None for any other value."""
        found = self._counted(node)
        if found is None or found in self.variables.counts:
            return found and self.variables.counts[found]
        variable = self._variable(self.variables.asked, found)
        return f"({variable} if {variable} is not None else ({variable} := {found}))"

    def _counted(self, node: Expression) -> Source | None:
        if not isinstance(node, Count | Ever) or node.where is not None:
            return None
        signal = signal_of(node)
        if signal.within is None:
            return f"data.get({signal.key!r}, 0)"
        keeper = self.signals.keeper(signal)
        letter = self.signals.letters.of[keeper.key]
        counted = f"signals.who.count({letter!r}, bisect_right(signals.ats, now - {signal.within}))"
        # Most customers have done most things never, or not for long.
        if signal.type != self.just:
            return f"{counted} if {letter!r} in signals.who else 0"
        return f"1 if {self._first(letter)} else {counted}" if self.counts and not keeper.static else counted

    def _first(self, letter: str) -> str:
        return self.variables.firsts.setdefault(letter, f"first_{len(self.variables.firsts) + 1}")

    def _total(self, node: Expression) -> Source | None:
        """The variable of a plain total, which is the answer where it is an `int`; None for any other value."""
        if not isinstance(node, Total) or node.where is not None or node.within is not None:
            return None
        return self._variable(self.variables.looked, f"signals.data.get({signal_of(node).key!r}, 0)")

    def _ever(self, node: Ever, *, asked: bool) -> Source:
        counted = self._count(node)
        return self._closure(node, asked=asked) if counted is None else f"{counted} {'>' if asked else '=='} 0"

    def _idle(self, node: Compare, *, asked: bool) -> Source | None:
        """`now - last("ordered").at >= days(30)`, without a datetime; None for anything else."""
        left, right = node.left, node.right
        if not (isinstance(left, Arithmetic) and left.op == "-" and isinstance(left.left, Now)):
            return None
        if not (isinstance(right, Literal) and type(right.value) is timedelta):
            return None
        if not isinstance(left.right, Field):
            return None
        root, path = root_of(left.right), path_of(left.right)
        if not isinstance(root, Last) or root.where is not None or path != ("at",):
            return None
        at, slow = self._latest(root, path), self._closure(node, asked=asked)
        quick = f"now - {at} {node.op if asked else OPPOSITE[node.op]} {length(right.value)}"
        return f"({quick} if {self._is(at, 'int')} else {at} is not None and {slow})"

    def _latest(self, question: Last, path: Path) -> Source:
        """The variable of what is remembered of the latest touchpoint of a type."""
        return self._variable(self.variables.looked, entry("data", signal_of(question, path).key))

    def _in(self, node: In, *, asked: bool) -> Source:
        value, options = self._property(node.value), node.options
        if value is None or not isinstance(options, Literal) or not isinstance(options.value, list | tuple):
            return self._closure(node, asked=asked)
        if not options.value or any(type(each) is not str for each in options.value):
            return self._closure(node, asked=asked)
        known = self.names.constant(frozenset(options.value), "among")
        quick = f"{value} {'in' if asked else 'not in'} {known}"
        return f"({quick} if {self._is(value, 'str')} else {self._closure(node, asked=asked)})"

    def _in_stages(self, parts: Sequence[Expression], word: str, *, asked: bool) -> Source | None:
        """Several stages of one journey, asked for at once; None for anything else."""
        own = [part.part if isinstance(part, Not) else part for part in parts]
        stages = [each for each in own if isinstance(each, InStage)]
        journeys = {each.journey or self.journey for each in stages}
        senses = {isinstance(part, Not) is not asked for part in parts}  # whether it is to be in that stage
        if len(stages) < len(parts) or len(journeys) > 1 or senses != {word == "or"}:
            return None
        (journey,), names = journeys, ", ".join(repr(each.stage) for each in stages)
        return f"{self._stage(journey)} {'in' if word == 'or' else 'not in'} {{{names}}}"

    def _in_stage(self, stage: str, journey: str, *, asked: bool) -> Source:
        return f"{self._stage(journey)} {'==' if asked else '!='} {stage!r}"

    def _stage(self, journey: str) -> Source:
        return self.stages.get(journey, f"state.stage_of({journey!r})")

    def _case_open(self, node: CaseOpen, *, asked: bool) -> Source:
        ref: str | None = None
        if node.ref is not None:
            ref = reference(node.ref.value) if isinstance(node.ref, Literal) else None
            if ref is None:
                return self._closure(node, asked=asked)
        found = f"(state.cases and state.case_open({node.kind!r}, {ref!r}))"
        return found if asked else f"not {found}"

    # What a trace keeps of conditions: see `core.unmet`.

    def foresee(self, leaves: Iterable[Expression]) -> None:
        """Have what a trace will keep be looked up at once, and not where it is first asked."""
        for each in leaves:
            if (found := self._counted(each)) is not None:
                self._variable(self.variables.counts, found)

    def values(self, leaves: Iterable[Expression]) -> list[str]:
        """A line for the value of each leaf, as a trace keeps it; raises Unkept where one cannot be kept."""
        return [f"{self._leaf(each)},  # {comment(str(each))}" for each in leaves]

    def _leaf(self, node: Expression) -> Source:  # noqa: PLR0911 - one per class
        if (value := self._property(node)) is not None:
            return self._kept(value)
        match node:
            case Now():
                return "now"
            case Count() if (counted := self._count(node)) is not None:
                return counted
            case Ever() if (counted := self._count(node)) is not None:
                return f"{counted} > 0"
            case Total() if (summed := self._total(node)) is not None:
                return f"{summed} if {self._is(summed, 'int')} else {self._found(node)}"
            case InStage(stage, journey):
                return self._in_stage(stage, journey or self.journey, asked=True)
            case CaseOpen(kind, None):
                return f"bool(state.cases) and state.case_open({kind!r}, None)"
            case Field() if isinstance(root := root_of(node), Last) and root.where is None:
                return self._kept_latest(root, path_of(node))
        return self._found(node)

    def _kept_latest(self, question: Last, path: Path) -> Source:
        """What `latest` gives; an instant without a call."""
        found = self._latest(question, path)
        if path != ("at",):
            return f"latest({found})"
        return f"{{'$instant': {found}}} if {self._is(found, 'int')} else latest({found})"

    def _found(self, node: Expression) -> Source:
        closure = self.names.constant(finder_of(node, self.signals), "find")
        return f"keep(decision.ask({closure}, {self.journey!r}, event))"

    def _kept(self, value: str) -> Source:
        """A value of a property or trait: most are short, and of a type that conditions compare it with."""
        short = [self._short(value, kind) for kind in self.variables.compared.get(value, ())]
        return "".join(f"{value} if {each} else " for each in short) + f"keep({value})"

    def _short(self, value: str, kind: str) -> Source:
        known = self.variables.types.get((value, kind), _OF_TYPE[kind].format(value))
        return f"{known} and len({value}) <= {LONGEST}" if kind == "str" else known


def keep(value: object) -> object:
    """What a trace keeps of a value; most are short, and kept as they are. Raises Unkept as `core.seen.kept` does."""
    if value is UNKNOWN:
        return NOTHING_THERE
    kind = type(value)
    return value if kind is int or kind is bool or (kind is str and len(value) <= LONGEST) else kept(value)  # type: ignore[arg-type]  # a text


def entry(held: Source, key: str) -> Source:
    """An entry of what is held as `core.held` does, None where it is not there: most have one entry at most."""
    return f"{held}.value if type({held}) is One and {held}.key == {key!r} else {held}.get({key!r})"


def comment(text: str) -> Source:
    """Text for a comment. Names and literals are the host's: none of them may end the line."""
    return ascii(text)[1:-1]


def _plainly(value: str, compared: Source, literal: object) -> Source | None:
    """The comparison where a value of any type may be compared; None where that takes a look at its type.

    What a payload holds is true or false only if it is `True` or `False`, and equal to a text only if it is that text,
    unless the text is a date.
    """
    if type(literal) is bool:
        same = f"{value} is {literal!r}"
        return same if compared.startswith("==") else f"({value} is not {literal!r} and {value} is not UNKNOWN)"
    is_plain = isinstance(literal, str) and compared.startswith("==") and not _is_date(literal)
    return f"{value} {compared}" if is_plain else None


def _is_date(text: str) -> bool:
    return parse_date(text) is not None or parse_instant(text) is not None


def _is_quick(op: str, literal: object) -> bool:
    """Whether values of the very type of the literal, or for a number any finite one, compare with it as in Python."""
    if isinstance(literal, int | float) and type(literal) is not bool:
        return abs(literal) < SMALL
    return type(literal) is str or (type(literal) is bool and op in ("==", "!="))


def _comparing(op: str, literal: object, *, asked: bool) -> Callable[[object], bool]:
    """The comparison as the closures make it, for values of other types than the literal."""
    compare = compile_comparison(op, literal)
    return lambda value: compare(value) is asked
