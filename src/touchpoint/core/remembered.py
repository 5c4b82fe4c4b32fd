"""What is kept of the past for one question or several: its definition, and the shape of its data (S4.7).

What is kept of a customer is a `core.kept.Past`: data by the keys of signals, and a log of what windows
look at. A signal that is not there has no past; nothing is kept empty.

| shape | for | data, or where they are | one more at `at` | answered by |
| --- | --- | --- | --- | --- |
| `number` | count, total | the number, or a Decimal as text | one more | `past.get(key, 0)` |
| `latest` | last | `[at, value]`, or `at` where that is the value | in its place unless older | `past.get(key)` |
| `instants` | count in a window | in the log | `past.add(letter, at)` | `past.count(key, now, within)` |
| `rows` | total in a window, or captures | `[[at, ...], [row, ...]]` | where its time belongs | `core.questions` |
| `by_values` | captures, no window | `{captured values: number or latest}` | that of its values | `core.questions` |

Instants are microseconds UTC in ascending order, equal ones in order of arrival. A row holds the amount (totals only),
then the captured properties (`core.captures`). A window is `(now - within, now]`; what it has left stays for a while,
so an answer must always look at the window itself. Windows of several lengths over the same touchpoints share the data
of the longest (`SignalTable.keeper`).

Inlined, a touchpoint in a window is `past.ats.append(at); past.who += letter` where `at >= past.ats[-1]`, as it nearly
always is, and a count `past.who.count(letter, bisect_right(past.ats, now - within))` where `past.ats[-1] <= now`; the
letter is `table.letters.of[key]`, as long as `past.letters is table.letters`. What adds is made in `core.upkeep`.
"""

import json
from decimal import Context as DecimalContext
from decimal import Decimal
from functools import reduce
from hashlib import sha256
from sys import intern
from typing import Final, Literal, TypeAlias

import attrs

from touchpoint.compact import compact
from touchpoint.core.compile import Path
from touchpoint.core.kept import Data
from touchpoint.core.values import NUMBER, Value, as_decimal, kind
from touchpoint.durations import length
from touchpoint.journey.conditions import (
    Aggregate,
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
from touchpoint.model.names import TYPE_PATTERN

Kind: TypeAlias = Literal["count", "total", "last"]
Shape: TypeAlias = Literal["number", "latest", "instants", "rows", "by_values"]

# Amounts of more digits or further from zero are nonsense; within these bounds 2,000 digits hold any sum exactly.
_MOST_DIGITS: Final = 400
_SMALL: Final = 1 << 53
_EXACT: Final = DecimalContext(prec=2_000, traps=[])
_WRITTEN: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


@attrs.frozen
class Signal:
    """One thing kept of each customer's history.

    `within` is in microseconds, None without a window; `path` is the property added up (total) or remembered (last);
    `required` properties of a touchpoint are captured and it is left out where one is missing, `optional` ones are
    captured if there; `static` conditions say which touchpoints count at all.
    """

    kind: Kind
    type: str
    within: int | None
    path: Path
    required: tuple[Path, ...]
    optional: tuple[Path, ...]
    static: tuple[Expression, ...] = attrs.field(eq=expression_eq)
    key: str = attrs.field(init=False, eq=False)

    @key.default
    def _hash_of_meaning(self) -> str:
        return intern(sha256((self._plain_meaning() or self._meaning()).encode()).hexdigest()[:12])

    def _plain_meaning(self) -> str | None:
        """What `_meaning` writes of most signals, where that is certain: nothing but a type and a window."""
        if self.path or self.required or self.optional or self.static or not TYPE_PATTERN.fullmatch(self.type):
            return None
        within = "null" if self.within is None else self.within
        return (
            f'{{"kind":"{self.kind}","optional":[],"path":[],"required":[],"static":[],"type":"{self.type}","v":1,'
            f'"within":{within}}}'
        )

    def _meaning(self) -> str:
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
        return _WRITTEN.encode(meaning)

    @property
    def shape(self) -> Shape:
        """What its data look like."""
        if self.within is not None:
            return "rows" if self.has_rows else "instants"
        if self.required:
            return "by_values"
        return "latest" if self.kind == "last" else "number"

    @property
    def captures(self) -> tuple[Path, ...]:
        """The captured properties in the order of a row."""
        return self.required + self.optional

    @property
    def has_rows(self) -> bool:
        """Whether its window keeps a row beside each instant."""
        return self.within is not None and (self.kind == "total" or bool(self.required or self.optional))

    @property
    def family(self) -> object:
        """What it shares with signals that differ from it in nothing but how far back their windows reach."""
        static = tuple(sorted(map(structure, self.static))) if self.static else ()
        return self.kind, self.type, self.path, self.required, self.optional, static


Plain: TypeAlias = dict[tuple[Kind, str, int | None, Path], Signal]
"""Signals of all touchpoints of their types, by kind, type, length of the window and path."""


def signal_of(question: Aggregate, path: Path = (), known: Plain | None = None) -> Signal:
    """What must be kept to answer a question; of a `Last`, the question about its property at `path`.

    Many questions are about all touchpoints of a type, and many of these are the same: they are looked up in `known`.
    """
    kind, within, of = _asked_by(question, path)
    if question.where is not None:
        return Signal(kind, question.type, within, of, *_asked_of_each(question.where))
    plain = (kind, question.type, within, of)
    found = None if known is None else known.get(plain)
    if found is None:
        found = Signal(*plain, (), (), ())
        if known is not None:
            known[plain] = found
    return found


def _asked_by(question: Aggregate, path: Path) -> tuple[Kind, int | None, Path]:
    if isinstance(question, Last):
        return "last", None, path
    within = None if question.within is None else length(question.within)
    return ("total", within, question.of) if isinstance(question, Total) else ("count", within, path)


def _asked_of_each(where: Expression) -> tuple[tuple[Path, ...], tuple[Path, ...], tuple[Expression, ...]]:
    """What a signal asks of each touchpoint: what is `required` of it, what is `optional`, and what is `static`."""
    parts = split_where(where)
    required = tuple(sorted({captured for captured, _ in parts.keys}))
    return required, tuple(sorted(set(_event_paths(parts.relations)) - set(required))), parts.static


def row_key(keys: list[str | None]) -> str | None:
    """The dict key for these captured values; None where one of them equals nothing."""
    return None if None in keys else compact(keys)


def amount_of(value: Value) -> int | str | None:
    """A number as a total keeps it: a whole one as it is, others as the text of a Decimal; None for anything else."""
    if type(value) is int and -_SMALL < value < _SMALL:
        return value
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
