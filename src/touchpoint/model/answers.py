"""Which of several answers of one customer counts (S8.1)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from touchpoint.model.feedback import Feedback

_FIRST: Final = datetime.min.replace(tzinfo=UTC)


def scores_that_count(given: Sequence[Feedback]) -> list[bool]:
    """Whether the score of each of one customer's answers counts in figures; False where it has none.

    Of several scores about one message or touchpoint the latest counts, by when it was given; of several given at one
    instant the one that came last. Answers about nothing that is known are not compared: each counts. Words count
    always; this is about scores.

    Args:
        given: answers of one customer, in the order in which they came.
    """
    latest: dict[tuple[str, str], tuple[datetime, int]] = {}
    for place, each in enumerate(given):
        if each.score is not None and each.about is not None:
            key, when = (each.kind, each.about), (each.at or _FIRST, place)
            latest[key] = max(latest.get(key, when), when)
    return [
        each.score is not None and (each.about is None or latest[each.kind, each.about] == (each.at or _FIRST, place))
        for place, each in enumerate(given)
    ]
