"""How long windows are closed together, on a local clock that nobody changes, holidays left aside."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from touchpoint.journey.windows import WEEKDAYS, QuietHours, SendWindow, seconds_of_day

Window = QuietHours | SendWindow
_Stretch = tuple[float, float]
_DAY: Final = 86_400.0
_DAYS: Final = 28
_WEEK: Final = 7


def longest_closed(windows: Iterable[Window]) -> timedelta | None:
    """The longest time for which not all of these windows are open; None where they are never open together."""
    closed = _joined(stretch for each in windows for stretch in _closed(each))
    start, end = _WEEK * _DAY, (_DAYS - _WEEK) * _DAY
    if any(since <= start and until >= end for since, until in closed):
        return None
    lengths = [until - since for since, until in closed if since < end and until > start]
    return timedelta(seconds=max(lengths, default=0.0))


def _closed(window: Window) -> Iterator[_Stretch]:
    margin = window.margin.total_seconds()
    quiet = isinstance(window, QuietHours)
    pairs = ((window.start, window.end),) if isinstance(window, QuietHours) else window.intervals
    spans = _joined(_spans(pairs, window.weekdays or WEEKDAYS))
    if quiet:
        yield from ((since - margin, until + margin) for since, until in spans)
        return
    at = -_DAY
    for since, until in spans:
        if since + margin < until - margin:
            yield at, since + margin
            at = until - margin
    yield at, (_DAYS + 1) * _DAY


def _spans(pairs: Iterable[tuple[str, str]], weekdays: Iterable[str]) -> Iterator[_Stretch]:
    starts = {WEEKDAYS.index(each) for each in weekdays}
    for day in range(-1, _DAYS + 1):
        if day % _WEEK not in starts:
            continue
        for start, end in pairs:
            since, until = seconds_of_day(start), seconds_of_day(end)
            yield day * _DAY + since, day * _DAY + (until if until > since else until + _DAY)


def _joined(stretches: Iterable[_Stretch]) -> list[_Stretch]:
    joined: list[_Stretch] = []
    for since, until in sorted(stretches):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined
