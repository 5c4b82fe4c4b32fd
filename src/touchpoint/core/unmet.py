"""Rules that something would have started, had their conditions been true: one line of the trace for each journey.

    ["unmet", "shop", "95db5e8c54", 4, 5, "gold", {"$": 0}]

The code stands for a list: the rules of the journey that start on one key, in declaration order, with their conditions.
After it come the rules of the list of which the line does not tell, a bit for each (the first is 1): those that were
true, and those that have a line of their own. Then the value of every leaf of all their conditions (`core.seen`), once
each, in the order in which they are read. So the line takes no longer for twenty rules than for one.

A line of its own, `["refused", journey, rule, "given", seen]`, has a rule that is asked what a trace does not keep as a
value, or that met a value that is neither short nor exact; so had every rule in earlier versions. `Asked.lines` makes
such lines of a joint one, for whoever reads traces.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import attrs

from touchpoint.core.compile import Evaluator, History
from touchpoint.core.context import Context
from touchpoint.core.keys import keys_to_start
from touchpoint.core.rule_parts import apart
from touchpoint.core.seen import LONGEST, NOTHING_THERE, Unkept, code_of, finder_of, kept, kept_of
from touchpoint.journey.conditions import Expression, source
from touchpoint.journey.journey import Journey

if TYPE_CHECKING:
    from touchpoint.core.compiled_rule import Closure, CompiledRule
    from touchpoint.core.decision import Decision, Entry
    from touchpoint.core.keys import Key
    from touchpoint.core.occurrence import Occurrence

Line: TypeAlias = list[Any]
"""A line of a trace."""
UNMET: Final = "unmet"
_FORM: Final = 1
"""Counted up whenever the order of rules or values changes: codes of before then match nothing."""
_DIGITS: Final = 10
_REMEMBERED: Final = 256
"""Sets of rules that were true together, of those that start on one key."""


@attrs.frozen(eq=False)
class Asked:
    """A list of rules of which one line tells.

    Args:
        names: of the rules, in declaration order.
        conditions: theirs.
        leaves: all that they look at, each once.
        places: for each rule, where in `leaves` its own are, in the order of `core.seen.kept_of`.
        code: stands for all of this, on every Python and in every process.
    """

    names: Sequence[str]
    conditions: Sequence[Expression]
    leaves: Sequence[Expression]
    places: Sequence[Sequence[int]]
    code: str

    @classmethod
    def of(cls, rules: "Iterable[_Asking]") -> Self:
        """The list of these rules."""
        own = list(rules)
        leaves = {text: leaf for each in own for text, leaf in each.leaves.items()}
        place = {text: number for number, text in enumerate(leaves)}
        listed = [(each.name, each.source) for each in own]
        return cls(
            [each.name for each in own],
            [each.condition for each in own],
            list(leaves.values()),
            [tuple(place[text] for text in each.leaves) for each in own],
            hashlib.sha256(f"{_FORM} {listed!a}".encode()).hexdigest()[:_DIGITS],
        )

    @property
    def all(self) -> int:
        """The bits of all rules."""
        return (1 << len(self.names)) - 1

    def told(self, others: int) -> Sequence[int]:
        """The places of the rules of which a line tells."""
        every = range(len(self.names))
        return [place for place in every if not others >> place & 1] if others else every

    def lines(self, line: Line, only: Collection[str] | None = None) -> Iterator[Line]:
        """A line for each rule, as if each had one of its own.

        Args:
            line: the joint one, as it came back from the store.
            only: of the rules of these names; of all unless given.
        """
        _, journey, _, others, *values = line
        for place in self.told(others):
            name = self.names[place]
            if only is None or name in only:
                seen = [code_of(self.conditions[place]), *(values[each] for each in self.places[place])]
                yield ["refused", journey, name, "given", seen]


@attrs.frozen(eq=False)
class _Asking:
    """A rule with its condition, that in source, and the leaves of which a trace keeps the values, by theirs."""

    name: str
    condition: Expression
    source: str
    leaves: Mapping[str, Expression]

    @classmethod
    def of(cls, name: str, condition: Expression | None) -> Self | None:
        """None for a rule that is never refused, or always told of in a line of its own."""
        leaves = None if condition is None else kept_of(condition)
        return None if condition is None or leaves is None else cls(name, condition, source(condition), leaves)


def lists_of(journey: Journey) -> Mapping[str, Asked]:
    """Every list of which a trace may tell by this definition, by its code."""
    starting: dict[Key, list[_Asking]] = {}
    for rule in journey.rules:
        asking = _Asking.of(rule.name, apart(rule)[0])
        for key in keys_to_start(rule, journey.name) if asking is not None else ():
            starting.setdefault(key, []).append(asking)  # type: ignore[arg-type]  # there is one
    distinct = {tuple(each.name for each in rules): rules for rules in starting.values()}
    return {asked.code: asked for asked in map(Asked.of, distinct.values())}


class Together:
    """The rules of one journey that start on one key, and how to tell of those whose condition is not true.

    Args:
        rules: in declaration order.
        table: answers questions about history.
    """

    def __init__(self, rules: "Sequence[CompiledRule]", table: History | None) -> None:
        self.journey, self.rules, self._table = rules[0].journey, rules, table
        self._told: _Told | None = None
        self._true: dict[int, tuple[CompiledRule, ...]] = {}
        self._asks: Sequence[tuple[CompiledRule, Closure | None]] = ()

    @property
    def has_told(self) -> bool:
        """Whether its list was wanted before."""
        return self._told is not None

    @property
    def asked(self) -> Asked:
        """The list of which one line tells; made when it is first wanted."""
        return self._telling().asked

    @property
    def bits(self) -> "Mapping[CompiledRule, int]":
        """The rules of that list, each with its bit."""
        return self._telling().bits

    def _telling(self) -> "_Told":
        if self._told is None:
            seeing = {rule.rule.name: rule for rule in self.rules if rule.see is not None}
            every = [_Asking.of(name, rule.condition) for name, rule in seeing.items()]
            asked = Asked.of(each for each in every if each is not None)
            see = _seer_of([finder_of(leaf, self._table) for leaf in asked.leaves])
            bits = {seeing[name]: 1 << place for place, name in enumerate(asked.names)}
            alone = [rule for rule in seeing.values() if rule not in bits]
            self._told = _Told(asked, asked.all, list(bits), bits, alone, see)
        return self._told

    def true(self, others: int) -> "Sequence[CompiledRule]":
        """The rules of these bits, in declaration order; the same few come again and again."""
        found = self._true.get(others)
        if found is None:
            found = tuple(rule for rule, bit in self.bits.items() if others & bit)
            if len(self._true) < _REMEMBERED:
                self._true[others] = found
        return found

    def considered(self, decision: "Decision", event: "Occurrence") -> "list[CompiledRule]":
        """The rules whose condition is true; what is to be said of the others is left in the trace."""
        context, true = decision.placed(self.journey, event), []
        if not self._asks:
            self._asks = [(rule, rule.given) for rule in self.rules]
        for rule, given in self._asks:
            if given is None or given(context) is True:
                true.append(rule)
        if len(true) < len(self.rules):
            self._refuse(decision, true, event)
        return true

    def _refuse(self, decision: "Decision", true: "Sequence[CompiledRule]", event: "Occurrence") -> None:
        telling = self._told or self._telling()
        others = 0
        for rule in true:
            others |= telling.bits.get(rule, 0)
        for rule in telling.alone:
            if rule not in true:
                decision.trace.append(refusal(decision, rule, event))
        if others != telling.all:
            self.tell(decision, others, event)

    def tell(self, decision: "Decision", others: int, event: "Occurrence") -> None:
        """Leave the joint line, and lines of their own for those who have met a value that cannot be kept.

        Args:
            decision: at hand.
            others: the bits of those that were true.
            event: what would have started the rest.
        """
        telling = self._told or self._telling()
        asked, (values, unkept) = telling.asked, telling.see(decision.placed(self.journey, event))
        if not unkept:
            decision.trace.append([UNMET, self.journey, asked.code, others, *values])
            return
        apart = [place for place in asked.told(others) if not unkept.isdisjoint(asked.places[place])]
        others |= sum(1 << place for place in apart)
        if others != telling.all:
            decision.trace.append([UNMET, self.journey, asked.code, others, *values])
        decision.trace += [refusal(decision, telling.rules[place], event) for place in apart]


@attrs.frozen(eq=False)
class _Told:
    """A list, with all bits, its rules and theirs; `alone` are rules of the key that are not in it.

    `see` gives the values of its leaves, and the places of those that cannot be kept.
    """

    asked: Asked
    all: int
    rules: "Sequence[CompiledRule]"
    bits: "Mapping[CompiledRule, int]"
    alone: "Sequence[CompiledRule]"
    see: "Callable[[Context], tuple[list[object], frozenset[int]]]"


def _seer_of(finds: Sequence[Evaluator]) -> "Callable[[Context], tuple[list[object], frozenset[int]]]":
    def see(context: Context) -> tuple[list[object], frozenset[int]]:
        values: list[object] = []
        unkept: frozenset[int] = frozenset()
        for find in finds:
            value = find(context)
            kind = type(value)
            if kind is int or kind is bool or (kind is str and len(value) <= LONGEST):  # type: ignore[arg-type]
                values.append(value)  # as nearly all are: `kept` would be a call for each
                continue
            try:
                values.append(kept(value))
            except Unkept:
                unkept |= {len(values)}
                values.append(NOTHING_THERE)  # which no rule reads of which the line tells
        return values, unkept

    return see


def together(rules: "Iterable[CompiledRule]", table: History | None) -> tuple[Together, ...]:
    """Rules that start on one key, by their journeys."""
    return tuple(Together(tuple(some), table) for _, some in groupby(rules, key=lambda rule: rule.journey))


def refusal(decision: "Decision", rule: "CompiledRule", event: "Occurrence") -> "Entry":
    """The line of its own for a rule whose condition is not true."""
    seen = "" if rule.see is None else decision.saw(rule.see, rule.journey, event)
    return ["refused", rule.journey, rule.rule.name, "given", seen]
