"""What is kept of the past for one question or several: its definition, and how its data grow and are pruned (S4.7).

The data of a signal are plain JSON:

| kept | without a window | with a window |
| --- | --- | --- |
| count | the number, None for 0 | `[at, …]`, or `[[at, …], [row, …]]` where properties are compared with the outside |
| total | the sum: an int, or a Decimal as text; None before the first | `[[at, …], [row, …]]` |
| last | `[at, value]`, None before the first | |

Instants are microseconds UTC in ascending order, equal ones in order of arrival. A row holds the amount (totals only),
then the captured properties (`core.captures`). Without a window, captured properties make the data a dict from their
values to what the table says: one entry for each value seen.
"""

import json
from bisect import bisect_right
from collections.abc import Callable
from decimal import Context as DecimalContext
from decimal import Decimal
from functools import reduce
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

import attrs

from touchpoint.compact import compact
from touchpoint.core.captures import key_of, pack
from touchpoint.core.compile import Path, compile_condition
from touchpoint.core.context import Context
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.values import NUMBER, UNKNOWN, Value, as_decimal, kind, look_up
from touchpoint.durations import length
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Expression,
    Field,
    Last,
    Total,
    expression_eq,
    path_of,
    root_of,
    split_where,
    structure,
    walk,
)

Data: TypeAlias = Any
"""What is kept of one signal: JSON, of the shape described above."""
Kind: TypeAlias = Literal["count", "total", "last"]

# Amounts of more digits or further from zero are nonsense; within these bounds 2,000 digits hold any sum exactly.
_MOST_DIGITS: Final = 400
_EXACT: Final = DecimalContext(prec=2_000, traps=[])


@attrs.frozen
class Signal:
    """One thing kept of each customer's history.

    `within` is in microseconds, None without a window; `path` is the property added up (total) or remembered (last);
    `required` properties of a touchpoint are captured and it is left out where one is missing, `optional` ones are
    captured if there; `static` conditions say which touchpoints count at all. `captures` are the captured properties in
    the order of a row; `has_rows` says whether a window keeps a row beside each instant.
    """

    kind: Kind
    type: str
    within: int | None
    path: Path
    required: tuple[Path, ...]
    optional: tuple[Path, ...]
    static: tuple[Expression, ...] = attrs.field(eq=expression_eq)
    key: str = attrs.field(init=False, eq=False)
    captures: tuple[Path, ...] = attrs.field(init=False, eq=False, repr=False)
    has_rows: bool = attrs.field(init=False, eq=False, repr=False)
    _accepts: Callable[[Context], object] = attrs.field(init=False, eq=False, repr=False)

    @key.default
    def _hash_of_meaning(self) -> str:
        meaning = {
            "v": 1,
            "kind": self.kind,
            "type": self.type,
            "within": self.within,
            "path": self.path,
            "required": self.required,
            "optional": self.optional,
            "static": sorted(map(structure, self.static)),
        }
        return sha256(json.dumps(meaning, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]

    @_accepts.default
    def _compiled(self) -> Callable[[Context], object]:
        return compile_condition(And(self.static))

    @captures.default
    def _all_captured(self) -> tuple[Path, ...]:
        return self.required + self.optional

    @has_rows.default
    def _keeps_rows(self) -> bool:
        return self.within is not None and (self.kind == "total" or bool(self.captures))

    def empty(self) -> Data:
        """The data before the first touchpoint."""
        if self.within is not None:
            return [[], []] if self.has_rows else []
        return {} if self.required else None

    def add(self, data: Data, occurrence: Occurrence, now: int) -> Data:
        """The data with one more touchpoint of this type; lists and dicts are changed in place.

        Args:
            data: what is kept so far.
            occurrence: the touchpoint; its `at` must not be later than `now`.
            now: microseconds UTC; what has left the window by then is dropped.
        """
        value = 1 if self.kind == "count" else self._value_of(occurrence)
        captured = [look_up(occurrence, path) for path in self.captures]
        if value is UNKNOWN or (captured and UNKNOWN in captured[: len(self.required)]):
            return data
        if self.static and not self._accepted(occurrence):
            return data
        if self.within is not None:
            return self._add_to_window(data, occurrence.at, value, captured, now)
        if not self.required:
            return self._folded(data, occurrence.at, value)
        key = row_key([key_of(each) for each in captured])
        if key is not None:
            data[key] = self._folded(data.get(key), occurrence.at, value)
        return data

    def prune(self, data: Data, now: int) -> Data:
        """The data without what the window can no longer see at `now`; changed in place."""
        if self.within is None:
            return data
        ats = self.instants(data)
        gone = bisect_right(ats, now - self.within)
        if gone:
            for column in data if self.has_rows else (data,):
                del column[:gone]
        return data

    def instants(self, data: Data) -> list[int]:
        """The instants a window keeps, ascending."""
        return data[0] if self.has_rows else data  # type: ignore[no-any-return]  # JSON is not typed

    def _accepted(self, occurrence: Occurrence) -> bool:
        return self._accepts(Context(event=occurrence, now=occurrence.at)) is True

    def _value_of(self, occurrence: Occurrence) -> Data:
        """The value to be remembered or added up, packed; UNKNOWN where there is none."""
        value = look_up(occurrence, self.path)
        if self.kind == "last":
            return pack(value)
        amount = amount_of(value)
        return UNKNOWN if amount is None else amount

    def _add_to_window(
        self, data: list[Value], at: int, value: object, captured: list[object], now: int
    ) -> list[Value]:
        if self.within is not None and at <= now - self.within:
            return self.prune(data, now)  # type: ignore[no-any-return]
        ats = self.instants(data)
        place = bisect_right(ats, at)
        ats.insert(place, at)
        if self.has_rows:
            data[1].insert(place, ([value] if self.kind == "total" else []) + [pack(each) for each in captured])
        return self.prune(data, now)  # type: ignore[no-any-return]

    def _folded(self, data: Data, at: int, value: Value) -> Data:
        if self.kind == "last":
            return [at, value] if data is None or at >= data[0] else data
        if data is None:
            return value
        return data + 1 if self.kind == "count" else sum_of([data, value])


def signal_of(question: Aggregate, path: Path = ()) -> Signal:
    """What must be kept to answer a question; of a `Last`, the question about its property at `path`."""
    parts = split_where(question.where)
    required = tuple(sorted({captured for captured, _ in parts.keys}))
    optional = tuple(sorted(set(_event_paths(parts.relations)) - set(required)))
    within = None if isinstance(question, Last) else question.within
    return Signal(
        kind="last" if isinstance(question, Last) else "total" if isinstance(question, Total) else "count",
        type=question.type,
        within=within if within is None else length(within),
        path=question.of if isinstance(question, Total) else path,
        required=required,
        optional=optional,
        static=parts.static,
    )


def row_key(keys: list[str | None]) -> str | None:
    """The dict key for these captured values; None where one of them equals nothing."""
    return None if None in keys else compact(keys)


def amount_of(value: Value) -> int | str | None:
    """A number as a total keeps it: a whole one as it is, others as the text of a Decimal; None for anything else."""
    if kind(value) != NUMBER:
        return None
    number = as_decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or max(number.adjusted(), -exponent, len(number.as_tuple().digits)) > _MOST_DIGITS:
        return None
    return int(value) if isinstance(value, int) else str(number)


def sum_of(amounts: list[int | str]) -> int | str:
    """The exact sum of kept amounts, as one of them."""
    total = reduce(_plus, map(number_of, amounts), 0)
    return total if isinstance(total, int) else str(total)


def number_of(amount: int | str) -> int | Decimal:
    """A kept amount as a number."""
    return Decimal(amount) if isinstance(amount, str) else amount


def _plus(left: Value, right: Value) -> Data:
    return left + right if isinstance(left, int) and isinstance(right, int) else _EXACT.add(left, right)


def _event_paths(parts: tuple[Expression, ...]) -> list[Path]:
    fields = [node for part in parts for node in walk(part) if isinstance(node, Field)]
    return [path_of(field) for field in fields if root_of(field) == "event"]
