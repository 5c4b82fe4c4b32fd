"""What is sent to make good what a case is about goes first (S6.10, S8.2): what that is, and of which cases.

A message makes good a case where its run is about that case, as `Run.cases` tells: it opened it, or was started or
moved by what happened to it. A gift to apologise does so for every case of its customer. What promotes something, and
what asks for feedback, never does.
"""

from collections.abc import Sequence
from typing import Final

from touchpoint.core.cases import resolved
from touchpoint.core.state import Pending, State
from touchpoint.model.message import Gift, Message

APOLOGY: Final = "apologise"
_LAST: Final = frozenset({"marketing", "feedback"})
_NONE: Final[frozenset[str]] = frozenset()


def kinds_made_good(
    state: State, cases: Sequence[Sequence[str]] | None, kind: str, message: Message
) -> frozenset[str]:  # fmt: skip
    """The kinds of cases whose holds do not hold this message, of this effective kind, about these cases."""
    if kind in _LAST or not (state.cases or state.closed):
        return _NONE
    if isinstance(message, Gift) and message.occasion == APOLOGY:
        return frozenset((*state.cases, *state.closed))
    return frozenset(kind_of for kind_of, _ in cases or ())


def goes_first(state: State, pending: Pending, message: Message) -> bool:
    """Whether it goes before others: it makes good a case that is open."""
    if not state.cases or pending.kind in _LAST:
        return False
    if isinstance(message, Gift) and message.occasion == APOLOGY:
        return True
    return any(resolved(state.cases, kind, ref) in state.cases.get(kind, ()) for kind, ref in pending.cases or ())
