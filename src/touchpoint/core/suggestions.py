"""Suggestions compiled: who may be offered what, by place (S6.5)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from touchpoint.core.compile import Evaluator, compile_condition, compile_expression
from touchpoint.core.reading import teller_of
from touchpoint.core.remembered import Signal, signal_of
from touchpoint.core.signals import SignalTable
from touchpoint.durations import Forever, length
from touchpoint.journey.conditions import Expression, Literal
from touchpoint.journey.journey import Journey
from touchpoint.journey.suggestion import Suggestion
from touchpoint.model.message import Message

if TYPE_CHECKING:
    from touchpoint.core.compiled_rule import Teller


@attrs.frozen(eq=False)
class Rest:
    """For how long a suggestion rests after something: `lasts` in microseconds, None for ever."""

    called: str
    lasts: int | None
    signal: Signal


@attrs.frozen(eq=False)
class SuggestionSpec:
    """A suggestion, ready to be asked about. `index` is its place in declaration order; `segments` are in full.

    `shown` is what is kept of how often it was shown, for its limit.
    """

    index: int
    journey: str
    suggestion: Suggestion
    message: Message
    given: Evaluator | None
    tell: "Teller | None"
    value: Evaluator
    tell_value: "Teller"
    segments: tuple[str, ...]
    shown: Signal | None
    rests: tuple[Rest, ...]

    @property
    def name(self) -> str:
        """The suggestion's."""
        return self.suggestion.name


def suggestions_of(journeys: Sequence[Journey], table: SignalTable) -> Mapping[str, tuple[SuggestionSpec, ...]]:
    """Those that may be offered at each place, in the order in which they are declared."""
    declared = [(journey.name, each) for journey in journeys for each in journey.suggestions]
    found: dict[str, list[SuggestionSpec]] = {}
    for index, (journey, each) in enumerate(declared):
        spec = _spec(index, journey, each, table)
        for place in dict.fromkeys(each.place):
            found.setdefault(place, []).append(spec)
    return {place: tuple(specs) for place, specs in found.items()}


def _spec(index: int, journey: str, each: Suggestion, table: SignalTable) -> SuggestionSpec:
    given, shown = each.given, each.shown
    return SuggestionSpec(
        index, journey, each, each.message,
        None if given is None else compile_condition(given, table),
        None if given is None else teller_of(given, table),
        compile_expression(each.value, table),
        _told(each.value, table),
        tuple(f"{journey}/{name}" for name in each.segments),
        None if shown is None else table.keeper(signal_of(shown)),
        tuple(
            Rest(called, None if isinstance(lasts, Forever) else length(lasts), table.keeper(signal_of(question)))
            for called, lasts, question in each.rests
        ),
    )  # fmt: skip


def _told(value: Expression, table: SignalTable) -> "Teller":
    if isinstance(value, Literal):
        plain = str(value.value)
        return lambda _: plain
    return teller_of(value, table)
