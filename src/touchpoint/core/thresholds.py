"""Thresholds that conditions of one function share: where a number is beyond all of them, none has to be asked.

Many rules wait for one number to be high enough: a basket, a score, points. Each of their conditions can be true only
from some bound on; while the number is below the lowest of these, which is one comparison, all of them are passed over.
Above it, those of them that ask for more are passed over likewise, step by step.
A bound is only taken where it is certain: for ints and finite floats, compared with whole numbers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from touchpoint.core.compile import SMALL
from touchpoint.journey.conditions import And, Compare, Expression, Literal, Not, Or

Side: TypeAlias = tuple[str, str]
"""A variable, and whether it is bound from below (`>=`) or above (`<=`)."""
Bounds: TypeAlias = dict[Side, int]
"""Where a condition can be true at all."""
_LEAST, _MOST = ">=", "<="
OPPOSITE: Final[Mapping[str, str]] = {">=": "<", ">": "<=", "<=": ">", "<": ">=", "!=": "==", "==": "!="}
"""What is true of two numbers or texts exactly where a comparison is not."""
PAYS_FROM: Final = 3
"""So many conditions have to share a threshold."""
_STEPS: Final = 8
"""About so many thresholds one side has at most: the source is indented by each."""


def bounds_of(node: Expression, variable_of: Callable[[Expression], str | None], *, asked: bool = True) -> Bounds:
    """What numbers have to be, at least and at most, wherever a condition is `asked`: true, or false.

    Args:
        node: the condition.
        variable_of: the variable that holds the value of an expression, where one does.
        asked: for `True` or for `False`.
    """
    match node:
        case Not(part):
            return bounds_of(part, variable_of, asked=not asked)
        case And(parts) | Or(parts):
            every = [bounds_of(each, variable_of, asked=asked) for each in parts]
            return _of_all(every) if isinstance(node, And) is asked else _of_any(every)
        case Compare(op, left, Literal(int() as literal)) if type(literal) is int and abs(literal) < SMALL:
            variable = variable_of(left)
            return {} if variable is None else _of_comparison(variable, op if asked else OPPOSITE[op], literal)
    return {}


def _of_comparison(variable: str, op: str, literal: int) -> Bounds:
    match op:
        case ">=" | ">":
            return {(variable, _LEAST): literal}
        case "<=" | "<":
            return {(variable, _MOST): literal}
        case "==":
            return {(variable, _LEAST): literal, (variable, _MOST): literal}
    return {}


def _of_all(every: Iterable[Bounds]) -> Bounds:
    """All parts have to be so: the strictest counts."""
    found: Bounds = {}
    for each in every:
        for side, bound in each.items():
            found[side] = _strictest(side, [bound, found.get(side, bound)])
    return found


def _of_any(every: Sequence[Bounds]) -> Bounds:
    """One part has to be so: what all of them bound, and the loosest counts."""
    sides = [side for side in every[0] if all(side in each for each in every)]
    return {side: loosest(side, [each[side] for each in every]) for side in sides}


def _strictest(side: Side, bounds: Iterable[int]) -> int:
    return max(bounds) if side[1] == _LEAST else min(bounds)


def loosest(side: Side, bounds: Iterable[int]) -> int:
    """The bound that lets most through."""
    return min(bounds) if side[1] == _LEAST else max(bounds)


def shared(every: Sequence[Bounds]) -> Mapping[Side, Sequence[int]]:
    """The thresholds that enough conditions share, the most shared side first, and of each the loosest first.

    Beyond one of them, none can be true of which the bound is as strict, or stricter.
    """
    sides = dict.fromkeys(side for each in every for side in each)
    bound = {side: [each[side] for each in every if side in each] for side in sides}
    ordered = sorted(bound.items(), key=lambda found: -len(found[1]))
    return {side: _steps(side, some) for side, some in ordered if len(some) >= PAYS_FROM}


def _steps(side: Side, bounds: Iterable[int]) -> Sequence[int]:
    """So many bounds that each passes over enough conditions which the one before it lets through."""
    ordered, steps, place = sorted(bounds, reverse=side[1] == _MOST), [], 0
    enough = max(PAYS_FROM, len(ordered) // _STEPS)
    while place <= len(ordered) - PAYS_FROM:
        steps.append(ordered[place])
        later = range(place + enough, len(ordered))
        place = next((each for each in later if ordered[each] != ordered[each - 1]), len(ordered))
    return steps


def stands_before(side: Side, threshold: int, bound: int) -> bool:
    """Whether what is beyond a threshold is beyond a bound, too."""
    return loosest(side, (threshold, bound)) == threshold
