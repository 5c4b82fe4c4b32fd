"""When windows that lapse may change what a condition says: foreseen as exactly as its form allows.

What is foreseen is never too late, as long as nothing happens to the customer; it may be too early. Comparisons of a
count or total with a number, which most conditions are made of, are foreseen exactly.
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from math import ceil, floor
from typing import Any, TypeAlias

from touchpoint.core.kept import Past
from touchpoint.core.remembered import Signal, number_of, signal_of, sum_of
from touchpoint.core.signals import SignalTable, next_lapse, signals_of
from touchpoint.core.values import COMPARISONS
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Compare,
    Count,
    Ever,
    Expression,
    Literal,
    Not,
    Or,
    Total,
    split_where,
)

Foresee: TypeAlias = Callable[[Past, int], int | None]
"""(what is kept of a customer, now) → the first instant after now at which a window may change the answer, or None."""
_LARGEST = 2**53


def foresee(expression: Expression, table: SignalTable) -> Foresee | None:
    """A function that foresees; None for an expression that looks through no window.

    Args:
        expression: without `now`, and about nothing but the customer.
        table: the `SignalTable` collected from it.
    """
    if isinstance(expression, And | Or | Not):
        parts = expression.parts if isinstance(expression, And | Or) else (expression.part,)
        return _soonest([each for part in parts if (each := foresee(part, table)) is not None])
    if isinstance(expression, Ever) and _is_plain(expression):
        return _of_ever(*_kept(expression, table))
    if isinstance(expression, Compare) and isinstance(expression.right, Literal) and _is_number(expression.right.value):
        left, op, number = expression.left, expression.op, expression.right.value
        if isinstance(left, Count) and _is_plain(left):
            return _of_count(*_kept(left, table), op, number)
        if isinstance(left, Total) and _is_plain(left):
            return _of_total(*_kept(left, table), op, number)
    lapses = [_next_of(each, table.keeper(each).key) for each in signals_of(expression) if each.within is not None]
    return _soonest(lapses)


def _soonest(parts: list[Foresee]) -> Foresee | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return lambda past, now: min((at for part in parts if (at := part(past, now)) is not None), default=None)


def _is_plain(question: Count | Ever | Total) -> bool:
    """Whether everything in its window counts, whoever asks."""
    parts = split_where(question.where)
    return question.within is not None and not (parts.outside or parts.keys or parts.relations)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < _LARGEST  # type: ignore[arg-type]  # checked just before


def _kept(question: Aggregate, table: SignalTable) -> tuple[str, int]:
    """Under which key it is kept what is asked of a window, and how far back that reaches."""
    signal = signal_of(question)
    return table.keeper(signal).key, signal.within or 0


def _next_of(signal: Signal, key: str) -> Foresee:
    return lambda past, now: next_lapse(signal, key, past, now)


def _of_ever(key: str, within: int) -> Foresee:
    def last_leaves(past: Past, now: int) -> int | None:
        last = past.last(key)
        return None if last is None or last + within <= now else last + within

    return last_leaves


def _of_count(key: str, within: int, op: str, number: Any) -> Foresee:  # noqa: ANN401 - an int or a float
    compare = COMPARISONS[op]
    # Between whole numbers next to the one it is compared with the answer does not change.
    edges = sorted({floor(number) - 1, floor(number), ceil(number)}, reverse=True)

    def changes(past: Past, now: int) -> int | None:
        count = past.count(key, now, within)
        here = compare(count, number)
        below = next((each for each in edges if 0 <= each < count and compare(each, number) is not here), None)
        leaves = None if below is None else past.last(key, below)
        return None if leaves is None else leaves + within

    return changes


def _of_total(key: str, within: int, op: str, number: Any) -> Foresee:  # noqa: ANN401 - an int or a float
    compare = COMPARISONS[op]

    def changes(past: Past, now: int) -> int | None:
        kept = past.get(key)
        if kept is None:
            return None
        ats, rows = kept
        first, left = bisect_right(ats, now - within), _left_after_each(rows)
        here = compare(left[first], number)
        for place in range(first, len(ats)):
            if compare(left[place + 1], number) is not here:
                return int(ats[place]) + within
        return None

    return changes


def _left_after_each(rows: list[list[Any]]) -> list[Any]:
    """The sum of all rows, of all but the first, and so on, down to none."""
    amounts = [row[0] for row in reversed(rows)]
    if all(type(each) is int for each in amounts):
        return list(accumulate(amounts, initial=0))[::-1]
    sums: list[int | str] = [0]
    for amount in amounts:
        sums.append(sum_of([sums[-1], amount]))
    return [number_of(each) for each in reversed(sums)]
