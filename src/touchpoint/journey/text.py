"""Conditions as text: `parse` reads them, `to_text` writes them.

    count(order_placed, within=30d) >= 3 and customer.tier == "gold"

The grammar is that of Python's expressions with Python's order of operators, without everything that a condition does
not need, and with lengths such as `30d`, days such as `2026-03-01` and instants such as `2026-03-01T10:00Z`. The form
in which `source` writes expressions is read as well. No part of Python's own parser, nor `eval`, ever sees the text: it
is taken apart by `tokens`, `cursor` and `parser`, and what may be named stands in `vocabulary`.
"""

from touchpoint.errors import JourneyError
from touchpoint.journey.expressions import Arithmetic, Expression, Literal, Now
from touchpoint.journey.parser import Parser
from touchpoint.journey.tokens import Source, duration
from touchpoint.journey.writing import to_text

__all__ = ["condition", "duration", "parse", "to_text"]


def parse(text: str, *, where: str = "") -> Expression:
    """The expression that the text stands for.

    Args:
        text: at most 20,000 characters, 5,000 names, values and operators, and 100 levels.
        where: what takes it, such as `Rule(given=)`, for the error.

    Raises:
        ConditionError: it cannot be read; says where in it, and what to write instead.
    """
    if not isinstance(text, str):
        raise JourneyError(f"{where or 'parse()'} takes a condition as text, not a {type(text).__name__}")
    source = Source(str.__str__(text), where)
    try:
        return Parser(source).whole()
    except RecursionError:
        raise source.wrong(0, "it is nested too deeply for what is left of this program's stack") from None


def condition(text: str, *, where: str = "") -> Expression:
    """As `parse`, for what has to be a condition rather than a value.

    Raises:
        ConditionError: as for `parse`; or it is a plain value, a calculation, or `now`.
    """
    found = parse(text, where=where)
    if isinstance(found, Arithmetic | Now) or (isinstance(found, Literal) and not isinstance(found.value, bool)):
        source = Source(text, where)
        at = len(text) - len(text.lstrip())
        raise source.wrong(
            at, "this is a value and no condition, for it is neither true nor false: compare it with another"
        )
    return found
