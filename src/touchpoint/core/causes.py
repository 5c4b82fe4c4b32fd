"""What led to what: the runs, cases and touchpoints behind a cause (S4.5), so that an answer finds what it answers."""

from collections.abc import Iterable, Iterator, Mapping

from touchpoint.core.by_hand import SENT
from touchpoint.core.cases import CASE_OVERDUE, Named
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.state import Run
from touchpoint.model.case import DEADLINES, about_case
from touchpoint.model.contact import intent_of

_DEEP = 100
"""How many runs, each set off by the one before, are gone through."""


def behind(cause: str, causes: Mapping[str, str], cases: Iterable[Named]) -> Iterator[str]:
    """The ids and cases that a cause leads back to, nearest first.

    Args:
        cause: of a run.
        causes: of the customer's runs, by their ids.
        cases: of the customer.
    """
    abouts = {name: about_case(kind, ref) for kind, ref in cases for name in _causes_of(kind, ref)}
    for _ in range(_DEEP):
        yield cause
        about = _of_case(cause, abouts)
        if about is not None:
            yield about
        run = cause.partition("/")[0]
        if run == cause or run not in causes:
            return
        cause = causes[run]


def _causes_of(kind: str, ref: str) -> tuple[str, ...]:
    """What the causes of a case's events are made of, but for instants."""
    return (f"case:{kind}:{ref}", *(f"{CASE_OVERDUE} {kind}|{which} {ref}" for which in DEADLINES))


def _of_case(cause: str, abouts: Mapping[str, str]) -> str | None:
    # Opened or closed by the host, the instant comes last; overdue, it comes first.
    return abouts.get(cause.rpartition(":")[0]) or abouts.get(cause.partition(" ")[2])


def answers_of(run: Run) -> set[str]:
    """What a run's message answers: what set the run off, or moved it last, and the cases that it is about.

    What that is about counts where it is somebody's word: whatever is said of the same message or case is answered,
    too. A receipt is nobody's word.
    """
    found = {about_case(kind, ref) for kind, ref in run.cases}
    for each in (run.trigger, run.event):
        found.add(each.id)
        if each.about is not None and is_said(each):
            found.add(each.about)
    return found


def is_said(it: Occurrence) -> bool:
    """Whether a touchpoint is somebody's word: the customer's, or that of whoever sent something by hand."""
    return it.kind == TOUCHPOINT and (it.name == SENT or intent_of(it.name, it.direction, it.properties) is not None)
