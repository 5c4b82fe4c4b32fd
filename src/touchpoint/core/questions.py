"""Questions about history, answered from what is kept (S4.6, S4.7).

Which past touchpoints a `where` selects is decided one by one. Those for which it is true count. One that lacks the
property it asks for does not. But where the *outside* lacks something (`event.order == trigger.order`, and the trigger
has no order), each touchpoint it might concern is in doubt, and with it the answer: unknown, unless none is left.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any

import attrs

from touchpoint.core.captures import keys_equal_to, text_of, unpack
from touchpoint.core.compile import Evaluator, Path, compile_condition, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.kept import Data
from touchpoint.core.remembered import Signal, number_of, row_key, sum_of
from touchpoint.core.values import UNKNOWN, Truth, equal, truth
from touchpoint.durations import instant
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Ever,
    Exists,
    Expression,
    Field,
    Or,
    Outcome,
    children,
    path_of,
    root_of,
    split_where,
    walk,
)


def answer(question: Aggregate, signal: Signal, key: str) -> Evaluator:
    """A closure that answers the question from `context.signals`, where `signal` is kept for it under this key."""
    is_ever = isinstance(question, Ever)
    parts = split_where(question.where)
    if not (parts.outside or parts.keys or parts.relations):
        if signal.kind == "count":
            return (_plain_ever if is_ever else _plain_count)(key, signal.within)
        if signal.shape == "number":
            return _plain_total(key)
    found = _Selection.of(question, signal, key).found
    reduce = _ever if is_ever else {"count": _count, "total": _total, "last": _last}[signal.kind]
    return lambda context: reduce(*found(context))


def outside_of(where: Expression) -> Iterator[Expression]:
    """The data of the run and the customer that a `where` cannot do without: fields and outcomes."""
    for node in _asked(where):
        if isinstance(node, Outcome) or root_of(node) != "event":
            yield node


def _asked(part: Expression) -> Iterator[Field | Outcome]:
    """The data a condition cannot do without: whether some exist can always be told."""
    if isinstance(part, Outcome | Field):
        yield part
    if not isinstance(part, Exists):
        for child in children(part):
            yield from _asked(child)


def _plain_count(key: str, within: int | None) -> Evaluator:
    if within is None:
        return lambda context: context.signals.data.get(key, 0)

    return lambda context: context.signals.count(key, context.now, within)


def _plain_ever(key: str, within: int | None) -> Evaluator:
    if within is None:
        return lambda context: key in context.signals.data

    return lambda context: context.signals.count(key, context.now, within) > 0


def _plain_total(key: str) -> Evaluator:
    def total(context: Context) -> object:
        kept = context.signals.data.get(key, 0)
        return kept if type(kept) is int else number_of(sum_of([kept]))

    return total


def _count(found: list[Any], in_doubt: bool) -> object:  # noqa: FBT001 - what `found` returns  # what `found` returns
    return UNKNOWN if in_doubt else sum(found)


def _ever(found: list[Any], in_doubt: bool) -> object:  # noqa: FBT001 - what `found` returns
    return True if any(found) else UNKNOWN if in_doubt else False


def _total(found: list[Any], in_doubt: bool) -> object:  # noqa: FBT001 - what `found` returns
    return UNKNOWN if in_doubt else number_of(sum_of(found))


def _last(found: list[Any], in_doubt: bool) -> object:  # noqa: FBT001 - what `found` returns
    if in_doubt or not found:
        return UNKNOWN
    latest = max(found, key=_at)
    return instant(latest) if type(latest) is int else unpack(latest[1])


def _at(latest: Data) -> int:
    return latest if type(latest) is int else int(latest[0])


@attrs.frozen(eq=False)
class _Relation:
    """A part that speaks of both.

    `needs` are what it asks of outside; `columns` where that is kept of the touchpoint without which it is never true.
    """

    evaluate: Evaluator
    needs: list[Evaluator]
    columns: list[int]

    def holds(self, context: Context) -> Truth:
        """Whether it holds; unknown only where that is for want of something outside."""
        held = truth(self.evaluate(context))
        if held is UNKNOWN and (self._lacks_own(context) or not self._lacks_outside(context)):
            return False
        return held

    def _lacks_own(self, context: Context) -> bool:
        return any(context.row[column] is UNKNOWN for column in self.columns)

    def _lacks_outside(self, context: Context) -> bool:
        return any(need(context) is UNKNOWN for need in self.needs)


@attrs.frozen(eq=False)
class _Selection:
    """The compiled `where` of one question. `keys` pair a column of `signal.required` with what it must equal."""

    signal: Signal
    key: str
    gates: list[Callable[[Context], Truth]]
    keys: list[tuple[int, Evaluator]]
    relations: list[_Relation]

    @classmethod
    def of(cls, question: Aggregate, signal: Signal, key: str) -> "_Selection":
        parts = split_where(question.where)
        places = {path: place for place, path in enumerate(signal.captures)}
        return cls(
            signal,
            key,
            gates=[compile_condition(part) for part in parts.outside],
            keys=[(places[path], compile_expression(outside)) for path, outside in parts.keys],
            relations=[_relation(part, places) for part in parts.relations],
        )

    def found(self, context: Context) -> tuple[list[Any], bool]:
        """What is kept of the touchpoints that count, and whether there are others in doubt."""
        gates = [gate(context) for gate in self.gates]
        if False in gates:
            return [], False
        if self.signal.shape == "instants":
            return self._in_log(context, in_doubt=UNKNOWN in gates)
        data: Data = context.signals.data.get(self.key)
        if data is None:
            return [], False
        wanted = [(column, outside(context)) for column, outside in self.keys]
        in_doubt = UNKNOWN in gates or any(value is UNKNOWN for _, value in wanted)
        if self.signal.within is not None:
            return self._in_window(data, context, wanted, in_doubt=in_doubt)
        kept = list(_by_key(data, wanted)) if self.signal.required else [data]
        return ([], bool(kept)) if in_doubt else (kept, False)

    def _in_log(self, context: Context, *, in_doubt: bool) -> tuple[list[Any], bool]:
        n = context.signals.count(self.key, context.now, self.signal.within or 0)
        return ([], n > 0) if in_doubt else ([1] * n, False)

    def _in_window(
        self, data: Data, context: Context, wanted: list[tuple[int, object]], *, in_doubt: bool
    ) -> tuple[list[Any], bool]:
        signal, found, doubts = self.signal, [], False
        ats, rows = data
        first, last = bisect_right(ats, context.now - (signal.within or 0)), bisect_right(ats, context.now)
        if first == last:
            return [], False
        looking_back = attrs.evolve(context)
        for place in range(first, last):
            row = rows[place]
            amount = row[0] if signal.kind == "total" else 1
            looking_back.row = [unpack(each) for each in row[len(row) - len(signal.captures) :]]
            verdict = self._verdict(looking_back, wanted)
            if verdict is True and not in_doubt:
                found.append(amount)
            doubts |= verdict is UNKNOWN or (verdict is True and in_doubt)
        return found, doubts

    def _verdict(self, context: Context, wanted: list[tuple[int, object]]) -> Truth:
        """Whether one touchpoint counts; unknown only where that is for want of something outside."""
        result: Truth = True
        for column, value in wanted:
            if value is not UNKNOWN and equal(context.row[column], value) is not True:
                return False
        for relation in self.relations:
            held = relation.holds(context)
            if held is False:
                return False
            result = held if held is UNKNOWN else result
        return result


def _relation(part: Expression, places: Mapping[Path, int]) -> _Relation:
    # Of several comparisons each may be true without what another one lacks.
    is_one = not any(isinstance(node, And | Or) for node in walk(part))
    own = [path_of(node) for node in _asked(part) if is_one and isinstance(node, Field) and root_of(node) == "event"]
    return _Relation(
        compile_expression(part, None, places),
        [compile_expression(need) for need in outside_of(part)],
        [places[path] for path in own],
    )


def _by_key(data: dict[str, Any], wanted: list[tuple[int, object]]) -> Iterable[Any]:
    """What is kept under the captured values that meet all that is wanted."""
    places = sorted({place for place, _ in wanted})
    columns = [[value for place, value in wanted if place == column] for column in places]
    if any(value is UNKNOWN or isinstance(value, date) for _, value in wanted):
        # Nothing to look up: any value may be meant, or text that reads as this date. Rare, so all are looked at.
        return [kept for key, kept in data.items() if all(map(_meets_all, json.loads(key), columns))]
    keys = (set.intersection(*map(keys_equal_to, values)) for values in columns)
    return [data[key] for key in (row_key(list(each)) for each in product(*keys)) if key in data]


def _meets_all(key: str, values: list[object]) -> bool:
    return all(value is UNKNOWN or _meets(key, value) for value in values)


def _meets(key: str, value: object) -> bool:
    text = text_of(key)
    return key in keys_equal_to(value) or (text is not None and equal(text, value) is True)
