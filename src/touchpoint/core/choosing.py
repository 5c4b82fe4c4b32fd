"""The next best action (S5): of several candidates the one of the highest value, and why the others were not taken."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from touchpoint.core.compile import Evaluator, compile_condition, compile_expression
from touchpoint.core.reading import teller_of
from touchpoint.core.signals import SignalTable
from touchpoint.core.values import UNKNOWN
from touchpoint.journey.steps import Best, React, Reply, Send, Step
from touchpoint.model.message import Message, Number
from touchpoint.model.suggested import is_number

if TYPE_CHECKING:
    from touchpoint.core.compiled_rule import Node, Teller
    from touchpoint.core.decision import Decision
    from touchpoint.core.state import Run

Denied: TypeAlias = "Callable[[Message], str | None]"
"""Why a message would be denied for good; None where it would not."""
NOT_CHOSEN: Final = "worth less"


@attrs.frozen(eq=False)
class Option:
    """A candidate, ready to be asked. `sends` is the message that its first step sends; None where it sends none."""

    name: str
    given: Evaluator | None
    tell: "Teller | None"
    value: Evaluator
    sends: Message | None


@attrs.frozen
class Weighed:
    """What is found of one candidate: its value as JSON keeps it, None where none was asked for; and what is against.

    An empty reason is none: it may be taken.
    """

    name: str
    value: Number | None
    against: str = ""

    def record(self) -> list[object]:
        """As it stands in the trace."""
        return [self.name, None if self.value is None else str(self.value), self.against]


def options_of(step: Best, table: SignalTable) -> tuple[Option, ...]:
    """The candidates of a step, in the order in which they are declared."""
    return tuple(
        Option(
            each.name,
            None if each.given is None else compile_condition(each.given, table),
            None if each.given is None else teller_of(each.given, table),
            compile_expression(each.value, table),
            _sent(each.then[0]) if each.then else None,
        )
        for each in step.candidates
    )


def _sent(step: Step) -> Message | None:
    # What answers in a conversation goes out where that is, and needs no consent.
    return step.message if isinstance(step, Send) and not isinstance(step, Reply | React) else None


def choose(decision: "Decision", run: "Run", node: "Node", denied: Denied) -> str | None:
    """The candidate to take, None where none may be taken. All of them stand in the trace, with what was against them.

    Args:
        decision: being taken.
        run: that has come here.
        node: of the `Best`.
        denied: asks what is known beforehand of the gate.
    """
    weighed = list(_weighed(decision, run, node.options, denied))
    eligible = [each for each in weighed if not each.against]
    # A stable sort: of equal values the one that is declared first.
    ranked = sorted(eligible, key=_value, reverse=True)
    chosen = ranked[0].name if ranked else None
    told = [attrs.evolve(each, against=_lost(each, chosen)) for each in weighed]
    decision.trace.append(["best", run.journey, run.rule, node.id, chosen, [each.record() for each in told]])
    return chosen


def _lost(each: Weighed, chosen: str | None) -> str:
    return each.against or ("" if each.name == chosen else f"{NOT_CHOSEN} than {chosen}, or the same")


def _value(each: Weighed) -> Any:  # noqa: ANN401 - numbers of several sorts compare with each other
    return each.value


def _weighed(decision: "Decision", run: "Run", options: Sequence[Option], denied: Denied) -> Iterator[Weighed]:
    for each in options:
        if each.given is not None and decision.ask(each.given, run.journey, run.event, run) is not True:
            reading = "" if each.tell is None else decision.told(each.tell, run.journey, run.event, run)
            yield Weighed(each.name, None, f"its condition was not true: {reading}")
            continue
        value = decision.ask(each.value, run.journey, run.event, run)
        if not is_number(value):
            why = "its value is unknown" if value is UNKNOWN else "its value is no number"
            yield Weighed(each.name, None, why)
            continue
        against = None if each.sends is None else denied(each.sends)
        yield Weighed(each.name, value, "" if against is None else f"{each.sends.name} would be denied: {against}")  # type: ignore[arg-type, union-attr]  # it is a number, and sends something
