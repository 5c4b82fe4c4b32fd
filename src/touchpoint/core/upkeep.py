"""Adding a touchpoint to what is kept of the past: one closure for each signal, made for its shape (S4.7).

The shapes are described in `core.remembered`. Nearly every touchpoint is newer than those before it, and most signals
ask for no property of it: that is the way that is made short.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from touchpoint.core.captures import INSTANT_TAG, key_of, pack
from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.kept import Data, Letters, Past
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.remembered import Shape, Signal, amount_of, row_key, sum_of
from touchpoint.core.values import UNKNOWN, Value, look_up
from touchpoint.journey.conditions import And

Add: TypeAlias = Callable[[Past, Occurrence, int], None]
"""(what is kept of a customer, a touchpoint of the signal's type, now in microseconds UTC): adds it, in place."""


def adder(signal: Signal, letters: Letters) -> Add:
    """What adds touchpoints to the data of one signal; those that its conditions leave out change nothing."""
    add = _to_log(signal, letters.of[signal.key]) if signal.shape == "instants" else _ADDERS[signal.shape](signal)
    if not signal.static:
        return add
    accepts = compile_condition(And(signal.static))

    def add_accepted(past: Past, occurrence: Occurrence, now: int) -> None:
        if accepts(Context(event=occurrence, now=occurrence.at)) is True:
            add(past, occurrence, now)

    return add_accepted


def _to_number(signal: Signal) -> Add:
    key = signal.key

    def count(past: Past, _: Occurrence, __: int) -> None:
        past.keep(key, past.get(key, 0) + 1)

    def total(past: Past, occurrence: Occurrence, _: int) -> None:
        amount = amount_of(look_up(occurrence, signal.path))
        if amount is None:
            return
        known = past.data.get(key)
        if known is None:
            past.keep(key, amount)
        else:
            both = type(known) is int and type(amount) is int
            past.keep(key, known + amount if both else sum_of([known, amount]))

    return count if signal.kind == "count" else total


def _to_latest(signal: Signal) -> Add:
    key, path = signal.key, signal.path

    def add(past: Past, occurrence: Occurrence, _: int) -> None:
        past.keep(key, _later(past.get(key), occurrence.at, pack(look_up(occurrence, path))))

    return add


def _to_log(signal: Signal, letter: str) -> Add:
    within = signal.within or 0

    def add(past: Past, occurrence: Occurrence, now: int) -> None:
        if occurrence.at > now - within:
            past.add(letter, occurrence.at)

    return add


def _to_rows(signal: Signal) -> Add:
    key, within, captures = signal.key, signal.within or 0, _captures_of(signal)
    value = _value_of(signal)

    def add(past: Past, occurrence: Occurrence, now: int) -> None:
        at, since = occurrence.at, now - within
        captured, amount = captures(occurrence), value(occurrence)
        if at <= since or captured is None or amount is UNKNOWN:
            return
        if key not in past:
            past.keep(key, [[], []])
        ats, rows = past.get(key)
        place = bisect_right(ats, at)
        ats.insert(place, at)
        rows.insert(place, ([amount] if signal.kind == "total" else []) + [pack(each) for each in captured])
        if gone := bisect_right(ats, since):
            del ats[:gone], rows[:gone]

    return add


def _to_values(signal: Signal) -> Add:
    key, kind, captures, value = signal.key, signal.kind, _captures_of(signal), _value_of(signal)

    def add(past: Past, occurrence: Occurrence, _: int) -> None:
        captured, told = captures(occurrence), value(occurrence)
        values = None if captured is None or told is UNKNOWN else row_key([key_of(each) for each in captured])
        if values is None:
            return
        if key not in past:
            past.keep(key, {})
        kept = past.get(key)
        if kind == "last":
            kept[values] = _later(kept.get(values), occurrence.at, told)
        elif values not in kept:
            kept[values] = told
        else:
            kept[values] = kept[values] + 1 if kind == "count" else sum_of([kept[values], told])

    return add


_ADDERS: Final[Mapping[Shape, Callable[[Signal], Add]]] = {
    "number": _to_number,
    "latest": _to_latest,
    "rows": _to_rows,
    "by_values": _to_values,
}


def _later(kept: Data, at: int, value: Value) -> Data:
    if kept is not None and at < (kept if type(kept) is int else kept[0]):
        return kept
    return at if value == [INSTANT_TAG, at] else [at, value]


def _captures_of(signal: Signal) -> Callable[[Occurrence], list[Any] | None]:
    """The captured properties of a touchpoint; None where it lacks one that is required."""
    captures, required = signal.captures, len(signal.required)

    def captured(occurrence: Occurrence) -> list[Any] | None:
        found = [look_up(occurrence, path) for path in captures]
        return None if UNKNOWN in found[:required] else found

    return captured


def _value_of(signal: Signal) -> Callable[[Occurrence], Data]:
    """What is to be counted, added up or remembered of a touchpoint, packed; UNKNOWN where there is nothing."""
    path = signal.path

    def amount(occurrence: Occurrence) -> Data:
        found = amount_of(look_up(occurrence, path))
        return UNKNOWN if found is None else found

    if signal.kind == "count":
        return lambda _: 1
    return amount if signal.kind == "total" else lambda occurrence: pack(look_up(occurrence, path))
