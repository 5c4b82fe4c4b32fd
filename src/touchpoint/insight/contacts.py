"""How what customers say is answered: shares, and how long they wait (S8.1).

Whoever still waits has waited at least so long. Leaving them out would make waits look short just where many are never
answered, so times are estimated as survival times, in which they count for as long as they have waited: Kaplan and
Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.figure import Figure, confidence, finite
from touchpoint.insight.proportions import Share, proportion
from touchpoint.model.feedback import INTENTS

COMPLAINT: Final = "criticism"
"""The intent of a complaint."""
QUANTILES: Final = (0.5, 0.9, 0.95)
_SLACK: Final = 1e-12


@attrs.frozen
class Wait(Figure):
    """How long it takes until so many have an answer.

    Args:
        quantile: of all who said something, such as 0.5 for the median.
        seconds: within which this share has an answer; None where fewer had one.
    """

    quantile: float
    seconds: float | None


@attrs.frozen
class IntentFigures(Figure):
    """Contacts of one intent.

    Args:
        intent: praise, criticism, wish, question, or empty where nobody knows.
        contacts: how many.
        answered: the share of them that was answered.
    """

    intent: str
    contacts: int
    answered: Share


@attrs.frozen
class ConversationFigures(Figure):
    """How contacts are answered.

    Args:
        contacts: how often somebody said something.
        answered: the share of these that was answered; None where there are none.
        not_complaints: of contacts whose intent is known, the share that are no complaints; None where there are none.
        waits: how long it takes, unanswered ones included (Kaplan and Meier 1958).
        answered_median: the median of those that were answered, in seconds, to compare with others' figures; it looks
            short where many are not. None where none was.
        by_intent: the same for each intent that occurs.
    """

    contacts: int
    answered: Share | None
    not_complaints: Share | None
    waits: tuple[Wait, ...]
    answered_median: float | None
    by_intent: tuple[IntentFigures, ...]


def conversation_figures(
    contacts: Iterable[tuple[str, float, bool]], *, quantiles: Sequence[float] = QUANTILES, level: float = 0.95
) -> ConversationFigures:
    """Figures of contacts.

    Args:
        contacts: of each what it was for (an intent, or empty where nobody knows), the seconds until it was answered
            or for which it has waited so far, and whether it was answered.
        quantiles: which waits to tell; each above 0 and below 1.
        level: of confidence of the shares' intervals (Wilson).

    Raises:
        InvalidInput: a wait that is no length of time, an intent or a quantile that cannot be.
    """
    wanted, level = [_quantile(each) for each in quantiles], confidence(level)
    counts: dict[str, list[int]] = {}
    times: list[tuple[float, bool]] = []
    for intent, seconds, answered in contacts:
        if intent and intent not in INTENTS:
            raise InvalidInput(f"an intent is one of {', '.join(INTENTS)}, or empty where nobody knows")
        times.append((finite("a wait in seconds", seconds, 0), bool(answered)))
        count = counts.setdefault(intent, [0, 0])
        count[0] += 1
        count[1] += bool(answered)
    known = sum(n for intent, (n, _) in counts.items() if intent)
    complaints = counts.get(COMPLAINT, [0, 0])[0]
    return ConversationFigures(
        contacts=len(times),
        answered=_share(sum(each for _, each in counts.values()), len(times), level),
        not_complaints=_share(known - complaints, known, level),
        waits=tuple(map(Wait, wanted, waits(times, wanted))),
        answered_median=_median([seconds for seconds, answered in times if answered]),
        by_intent=tuple(
            IntentFigures(intent, n, proportion(answered, n, level=level))
            for intent, (n, answered) in sorted(counts.items())
        ),
    )


def waits(times: Iterable[tuple[float, bool]], quantiles: Sequence[float]) -> list[float | None]:
    """The times by which these shares of all have had their event: Kaplan and Meier's estimate.

    Args:
        times: of each how long it took, or how long it was waited for, and whether it has happened.
        quantiles: above 0 and below 1, in any order.

    Returns:
        For each the first time at which at least that share has happened; None where it never came to that.
    """
    # What happened at an instant comes before whoever was last seen then.
    ordered = sorted(times, key=lambda each: (each[0], not each[1]))
    found: dict[float, float] = {}
    left, still = len(ordered), 1.0
    open_ = sorted(set(quantiles))
    for n, (time, happened) in enumerate(ordered):
        if happened:
            still *= 1 - 1 / left
        left -= 1
        last = n + 1 == len(ordered) or ordered[n + 1][0] != time
        while last and open_ and 1 - still >= open_[0] - _SLACK:
            found[open_.pop(0)] = time
    return [found.get(each) for each in quantiles]


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _share(count: int, n: int, level: float) -> Share | None:
    return proportion(count, n, level=level) if n else None


def _quantile(value: object) -> float:
    found = finite("a quantile", value, 0, 1)
    if not 0 < found < 1:
        raise InvalidInput("a quantile: above 0 and below 1, such as 0.5 for the median")
    return found
