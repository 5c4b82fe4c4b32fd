"""What history has to say: read from a sample of customers, so that the size of the store does not matter.

Counts of messages are of the whole store. All else is of at most 500 customers, spread evenly over all of them, and of
each of these at most their newest 1,000 touchpoints: a bounded number of questions to the store, and constant memory.
Nothing of any customer leaves this module but numbers, and names that the host has given to channels and locations.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from itertools import islice
from statistics import median
from typing import Final

import attrs

from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.durations import instant, length
from touchpoint.engine.figuring import SETTINGS
from touchpoint.lab.audit.moods import is_bad_score
from touchpoint.lab.audit.result import Evidence
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FEEDBACK, FeedbackSource, feedback_of
from touchpoint.model.figures import Figures, from_record
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import EntryRow, MessageRow, Reader, Store
from touchpoint.stores.codec import loads

CUSTOMERS: Final = 500
"""Customers that are looked at."""
ENTRIES: Final = 1_000
"""Touchpoints of each, newest first."""
ENOUGH: Final = 20
"""With fewer than this history shows nothing."""
_WITHIN: Final = length(timedelta(days=30))
"""An answer that comes later than this belongs to something else."""


@attrs.frozen
class Known:
    """What the sample is read with.

    Attributes:
        sources: the host's own types of feedback.
        surveys: names of the messages that ask for feedback.
        answers: (journey, message) of what answers bad feedback.
        gifts: names of the gifts.
        channels, locations: that the host has named; of others nothing is told.
    """

    sources: Mapping[str, FeedbackSource]
    surveys: frozenset[str]
    answers: frozenset[tuple[str, str]]
    gifts: frozenset[str]
    channels: frozenset[str]
    locations: frozenset[str]


@attrs.define
class History:
    """Counts. `customers` are those looked at, `asked` and `given` are of the whole store.

    `figures` are those that the store keeps, None for none; `seconds` are from bad feedback to its answer; `channels`
    and `locations` are those of feedback.
    """

    customers: int = 0
    asked: int = 0
    given: int = 0
    asked_customers: int = 0
    answered_customers: int = 0
    feedback: int = 0
    located: int = 0
    bad: int = 0
    bad_answered: int = 0
    figures: Figures | None = None
    channels: set[str] = attrs.Factory(set)
    locations: set[str] = attrs.Factory(set)
    seconds: list[float] = attrs.Factory(list)

    def evidence(self, number: int) -> tuple[Evidence, ...]:
        """The figures that bear on one of the seven rules."""
        reaction = median(self.seconds) if self.seconds else None
        figures: dict[int, tuple[Evidence, ...]] = {
            1: (Evidence("surveys sent", self.asked, "count", self.asked),
                _share("asked customers who answered", self.answered_customers, self.asked_customers)),
            3: (Evidence("pieces of feedback in the sample", self.feedback, "count", self.customers),),
            4: (_names("channels on which feedback came", self.channels, self.feedback),
                _names("locations from which feedback came", self.locations, self.feedback)),
            5: (Evidence("gifts given", self.given, "count", self.given),),
            6: (_share("answered share of bad feedback", self.bad_answered, self.bad),
                Evidence("median time to the answer", reaction, "seconds", len(self.seconds))),
            7: (_share("feedback that names a location", self.located, self.feedback),),
        }  # fmt: skip
        return figures.get(number, ())


def _share(name: str, part: int, of: int) -> Evidence:
    return Evidence(name, part / of if of else None, "share", of)


def _names(name: str, found: Collection[str], of: int) -> Evidence:
    return Evidence(name, len(found), "names", of, tuple(sorted(found)))


def read_history(store: Store, known: Known, customers: int = CUSTOMERS) -> History:
    """What the store has to say, as of one instant. Raises StoreError."""
    found = History()
    with store.reading() as reader:
        kept = reader.meta().get(SETTINGS)
        found.figures = None if kept is None else from_record(kept)[0]
        for row in reader.tallies():
            if (row.subject, row.what) == ("message", "sent"):
                found.asked += row.n if row.name in known.surveys else 0
                found.given += row.n if row.name in known.gifts else 0
        for number in _sample(reader, customers):
            _Life(reader, number, known, found).tell()
    return found


def _sample(reader: Reader, most: int) -> list[int]:
    """Numbers of customers who exist, spread evenly over all of them."""
    last = _last(reader)
    wanted = range(1, last + 1) if last <= most else [1 + n * last // most for n in range(most)]
    return sorted(row.no for row in reader.customers_by_number(list(wanted)))


def _last(reader: Reader) -> int:
    """The highest number of any customer: found by halving, since erased ones leave gaps."""
    low, high = 0, 1
    while reader.customers_after(high, 1):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if reader.customers_after(middle, 1):
            low = middle + 1
        else:
            high = middle
    return high


@attrs.frozen
class _Said:
    """One piece of feedback: when it was said and recorded, as microseconds, under which id."""

    at: int
    recorded_at: int
    id: str
    feedback: Feedback


@attrs.frozen
class _Life:
    """One customer of the sample, counted into `found`."""

    reader: Reader
    number: int
    known: Known
    found: History

    def tell(self) -> None:
        """Count everything."""
        said, told = self._journal()
        sent = [row for row in self.reader.messages(self.number) if row.status == "sent"]
        self.found.customers += 1
        self._count(said)
        self._asked(sent, said)
        bad = [each for each in said if is_bad(each.feedback)]
        if bad:
            self._answered(bad, sent, told)

    def _journal(self) -> tuple[list[_Said], list[tuple[int, str]]]:
        """The feedback, oldest first; and (at, about) of what was told to the customer."""
        said, told = [], []
        for entry in islice(self.reader.journal(self.number), ENTRIES):
            if entry.kind != TOUCHPOINT:
                continue
            if entry.type == FEEDBACK or entry.type in self.known.sources:
                found = feedback_of(_touchpoint(entry), self.known.sources)
                if found is not None:
                    said.append(_Said(entry.at, entry.recorded_at, entry.id or "", found))
            elif '"outbound"' in entry.body and (about := loads(entry.body)[3]):
                told.append((entry.at, str(about)))
        return sorted(said, key=lambda each: each.at), told

    def _count(self, said: Iterable[_Said]) -> None:
        for each in said:
            self.found.feedback += 1
            self.found.located += each.feedback.location is not None
            self.found.channels.update(self.known.channels.intersection((each.feedback.channel,)))
            self.found.locations.update(self.known.locations.intersection((each.feedback.location,)))

    def _asked(self, sent: Iterable[MessageRow], said: Iterable[_Said]) -> None:
        asked = [row.at for row in sent if row.name in self.known.surveys and row.at is not None]
        if asked:
            self.found.asked_customers += 1
            self.found.answered_customers += any(0 <= each.at - at <= _WITHIN for at in asked for each in said)

    def _answered(self, bad: Iterable[_Said], sent: Iterable[MessageRow], told: Iterable[tuple[int, str]]) -> None:
        own = [row.at for row in sent if row.at is not None and (row.journey, row.name) in self.known.answers]
        cases = [(row.opened_at, row.first_response_at) for row in self.reader.cases(self.number)]
        for each in bad:
            after = [
                *own,
                *(at for at, about in told if about == each.id),
                *(first for opened, first in cases if first is not None and opened == each.recorded_at),
            ]
            waits = [at - each.recorded_at for at in after if 0 <= at - each.recorded_at <= _WITHIN]
            self.found.bad += 1
            if waits:
                self.found.bad_answered += 1
                self.found.seconds.append(min(waits) / 1_000_000)


def is_bad(feedback: Feedback) -> bool:
    """Whether somebody was not content: a detractor, less than half of another scale, or criticism without a score."""
    if feedback.score is None or feedback.scale is None:
        return feedback.intent == "criticism"
    return is_bad_score(feedback.score, feedback.scale, feedback.kind)


def _touchpoint(entry: EntryRow) -> Touchpoint:
    channel, location, direction, about, properties = loads(entry.body)
    return Touchpoint(
        "", entry.type, instant(entry.at), entry.id, properties, channel, location, direction, about,
        instant(entry.recorded_at),
    )  # fmt: skip
