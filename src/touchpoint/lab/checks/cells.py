"""What a value may be, as far as a condition can tell: one cell for each way in which all comparisons can come out.

The constants of a condition cut numbers, texts, dates and so on into points and the gaps between them. Two values of
one cell compare alike with every constant, so a cell stands for all of its values, and there are few of them. Where a
cell cannot tell, it says that several answers are possible: too many, never too few.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import attrs

from touchpoint.core.values import (
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    LIST,
    MAP,
    NONE,
    NUMBER,
    OTHER,
    TEXT,
    UNKNOWN,
    as_decimal,
    contains,
    kind,
    parse_date,
    parse_instant,
    truth,
)
from touchpoint.durations import micros

T: Final = 1
F: Final = 2
U: Final = 4
"""Answers as bits: true, false, unknown. Several of them together are those that are possible."""
MISSING: Final = "nothing there"
PAIR: Final = "how two values compare"
ANY_KIND: Final = (MISSING, NONE, BOOL, NUMBER, TEXT, INSTANT, DATE, DURATION, LIST, MAP, OTHER)
_ORDERED: Final = (NUMBER, TEXT, INSTANT, DATE, DURATION)
_SIGNS: Final[Mapping[str, Callable[[int], bool]]] = {
    "==": lambda sign: sign == 0, "!=": lambda sign: sign != 0, "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0, ">": lambda sign: sign > 0, ">=": lambda sign: sign >= 0,
}  # fmt: skip
LESS, EQUAL, GREATER, ALIKE, UNLIKE = -1, 0, 1, 2, 3
"""Places of a pair: the order of two values, or that they are equal or not and have none."""


class Cell(NamedTuple):
    """Values that no comparison tells apart.

    `place` counts points (odd) and gaps (even) of the scale of its kind, or is a truth; of a text `reading` is the kind
    and place of the date or datetime that it is read as, None where it is neither.
    """

    kind: str
    place: int = 0
    reading: tuple[str, int] | None = None


@attrs.frozen
class Scale:
    """The constants that conditions compare with: those of each ordered kind, ascending.

    `nothing` and `one` are the places of the numbers 0 and 1.
    """

    points: Mapping[str, tuple[Any, ...]]
    nothing: int = attrs.field(init=False)
    one: int = attrs.field(init=False)

    @nothing.default
    def _nothing(self) -> int:
        return self.place(0)[1]

    @one.default
    def _one(self) -> int:
        return self.place(1)[1]

    @classmethod
    def of(cls, constants: Iterable[object]) -> "Scale":
        """The scale of these constants, and of those that tell true from false: 0, "" and no time."""
        from datetime import timedelta

        found: dict[str, set[Any]] = {each: set() for each in _ORDERED}
        for value in (0, "", timedelta(0), *constants):
            if kind(value) in found:
                found[kind(value)].add(_key(value))
            if isinstance(value, str):
                for read in _readings(value):
                    found[kind(read)].add(_key(read))
        return cls({each: tuple(sorted(values)) for each, values in found.items()})

    def place(self, value: object) -> tuple[str, int]:
        """The kind of a value, and its place: odd where it is one of the points."""
        found = kind(value)
        if found not in self.points:
            return found, int(bool(value)) if found in (BOOL, LIST, MAP) else 0
        return found, self._place(found, _key(value))

    def _place(self, of: str, key: Any) -> int:  # noqa: ANN401 - of whatever kind
        points = self.points[of]
        at = bisect_left(points, key)
        return 2 * at + 1 if at < len(points) and points[at] == key else 2 * at

    def at(self, of: str, place: int) -> Any:  # noqa: ANN401 - of whatever kind
        """The point at an odd place."""
        return self.points[of][place // 2]

    def cells(self, kinds: Iterable[str], *, whole: bool = False) -> list[Cell]:
        """Every cell of these kinds; with `whole` of numbers only those that hold a whole number from 0."""
        return [cell for each in kinds for cell in self._cells_of(each, whole=whole)]

    def _cells_of(self, of: str, *, whole: bool) -> Iterator[Cell]:
        if of == TEXT:
            yield from self._texts()
        elif of in self.points:
            places = range(2 * len(self.points[of]) + 1)
            yield from (Cell(of, place) for place in places if not whole or self._has_whole(place))
        elif of in (BOOL, LIST, MAP, OTHER):
            yield from (Cell(of, place) for place in (0, 1))
        elif of == PAIR:
            yield from (Cell(of, place) for place in (LESS, EQUAL, GREATER, ALIKE, UNLIKE))
        else:
            yield Cell(of)

    def _has_whole(self, place: int) -> bool:
        points = self.points[NUMBER]
        if place % 2:
            point = points[place // 2]
            return bool(point >= 0 and point == point.to_integral_value())
        if place // 2 == len(points):
            return True
        below = points[place // 2 - 1] if place else None
        first = 0 if below is None or below < 0 else int(below) + 1
        return bool(first < points[place // 2])

    def _texts(self) -> Iterator[Cell]:
        texts = self.points[TEXT]
        readings = [None, *((of, place) for of in (DATE, INSTANT) for place in self._places_read(of))]
        for place in range(1, 2 * len(texts) + 1):  # nothing is less than the empty text
            if place % 2 == 0:
                yield from (Cell(TEXT, place, reading) for reading in readings)
                continue
            found = _readings(texts[place // 2])
            yield Cell(TEXT, place, self.place(found[0]) if found else None)

    def _places_read(self, of: str) -> Sequence[int]:
        return range(2 * len(self.points[of]) + 1) if self.points[of] else ()


def _key(value: Any) -> Any:  # noqa: ANN401 - of whatever kind
    found = kind(value)
    if found == NUMBER:
        return as_decimal(value)
    if found == INSTANT:
        return micros(value)
    return str(value) if found == TEXT else value


def _readings(text: str) -> list[object]:
    """What a text may be read as: a date or a datetime, never both."""
    return [each for each in (parse_date(text), parse_instant(text)) if each is not None]


def answer(value: object) -> int:
    """A truth as a bit."""
    return U if value is UNKNOWN else T if value is True else F


def comparing(scale: Scale, op: str, constant: object) -> Callable[[Cell], int]:
    """What tells of a cell what `value op constant` may be for its values; the constant is placed only once."""
    if constant is UNKNOWN:
        return lambda _: U
    found, place = scale.place(constant)
    read = dict(map(scale.place, _readings(str(constant)))) if found == TEXT else {}
    ordered = found in scale.points

    def compared(cell: Cell) -> int:
        if cell.kind == MISSING:
            return U
        if cell.kind == TEXT and found in (DATE, INSTANT):
            reading = cell.reading
            return U if reading is None or reading[0] != found else _by_sign(op, reading[1] - place)
        if found == TEXT and cell.kind in (DATE, INSTANT):
            return _by_sign(op, cell.place - read[cell.kind]) if cell.kind in read else U
        if cell.kind == found and ordered:
            return _by_sign(op, cell.place - place)
        return _unordered(op, cell, found, place)

    return compared


def _unordered(op: str, cell: Cell, found: str, place: int) -> int:
    if op not in ("==", "!="):
        return U
    if cell.kind != found or found == OTHER:
        same = F
    elif found in (LIST, MAP):
        return T | F
    else:
        same = T if found == NONE or cell.place == place else F
    return same if op == "==" else negated(same)


def _by_sign(op: str, sign: int) -> int:
    return T if _SIGNS[op](sign) else F


def paired(op: str, cell: Cell) -> int:
    """What `left op right` may be where the two compare as the cell says."""
    if cell.kind == MISSING:
        return U
    if cell.place in (LESS, EQUAL, GREATER):
        return _by_sign(op, cell.place)
    if op in ("==", "!="):
        return T if (cell.place == ALIKE) == (op == "==") else F
    return U


def truthy(scale: Scale, cell: Cell) -> int:
    """What a value of the cell is as a condition."""
    if cell.kind in (MISSING, NONE):
        return U if cell.kind == MISSING else F
    if cell.kind in (BOOL, LIST, MAP, OTHER):
        return T if cell.place else F
    if cell.kind in (NUMBER, TEXT, DURATION) and cell.place % 2:
        return answer(truth(scale.at(cell.kind, cell.place)))
    return T


def among(scale: Scale, options: Iterable[object]) -> Callable[[Cell], int]:
    """What tells of a cell what `value.in_(options)` may be for its values."""
    equal = [comparing(scale, "==", option) for option in options]

    def is_among(cell: Cell) -> int:
        if cell.kind == MISSING:
            return U
        each = [answered(cell) for answered in equal]
        if T in each:
            return T
        found = F if all(bits & F for bits in each) else 0
        for bits in each:
            found |= bits & (T | U)
        return found

    return is_among


def holding(scale: Scale, cell: Cell, item: object) -> int:
    """What `value.contains(item)` may be."""
    if cell.kind == LIST:
        return F if not cell.place else T | F | U
    if cell.kind == TEXT and isinstance(item, str):
        return answer(contains(scale.at(TEXT, cell.place), item)) if cell.place % 2 else T | F
    if cell.kind == MAP and isinstance(item, str):
        return T | F if cell.place else F
    return U


def there(cell: Cell) -> int:
    """What `value.exists()` is."""
    return F if cell.kind == MISSING else T


def negated(bits: int) -> int:
    """The answers of `~condition`, given those of the condition."""
    return (bits & U) | (T if bits & F else 0) | (F if bits & T else 0)
