"""What customers say of us, as `Engine.feedback` gives it: recorded from forms, read again, and analysed (S8.1)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal

import attrs

from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.durations import instant
from touchpoint.engine.analysing import (
    BATCH,
    DONE,
    FAILED,
    Found,
    Reading,
    Sources,
    Text,
    as_touchpoint,
    may_be_feedback,
    stale_texts,
    texts_waiting,
    write_found,
)
from touchpoint.engine.asking import MESSAGE, asked_by, touchpoint_of
from touchpoint.engine.intake import Prepared, Recorded, customer_id, prepare
from touchpoint.engine.recorded import occurrence_of
from touchpoint.errors import InvalidInput
from touchpoint.model.answers import scores_that_count
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FEEDBACK, feedback_of
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import AnalysisRow, Reader
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit
    from touchpoint.insight.analysis import Analysis

_TOUCHPOINT: Final = frozenset({Touchpoint})
_TEXT: Final = frozenset({str})
_TYPE: Final = attrgetter("type")
PAGE: Final = 100
"""Customers that are looked through at once."""
SHARE: Final = "share"


@attrs.frozen
class Heard:
    """One thing that a customer said.

    Args:
        id: of its touchpoint.
        type: likewise: `feedback`, or one of the host's own.
        feedback: what was said, with `about`, `location`, `channel` and `at`.
        message: the name of the survey that it answers; None where it answers none.
        counts: whether its score counts in figures: the latest about one survey does.
        analysed: `done`, `failed`, `waiting` for the analyser, or empty where nothing asked for it.
        analysis: what was found in the words, as the analyser of `analysis.version` sees it; None before that.
        analyser: its name; empty before that.
        error: where it failed, the class of the error.
    """

    id: str = attrs.field(repr=False)
    type: str
    feedback: Feedback
    message: str | None = None
    counts: bool = False
    analysed: Literal["", "waiting", "done", "failed"] = ""
    analysis: "Analysis | None" = None
    analyser: str = ""
    error: str = ""


@attrs.frozen(eq=False)
class Works:
    """What feedback needs of the engine.

    Args:
        write: does something in a transaction, of the host's where its connection is handed in.
        commit: does something in a transaction of its own.
        unit: a unit of work, to be read from.
        reading: the store, without the write lock.
        known: a customer by id; raises UnknownCustomer.
        take: records a touchpoint that was checked.
        now: microseconds UTC.
        skew: microseconds by which a touchpoint may lie ahead.
        sources: which types of the host's are feedback.
        analyst: calls the analyser; None where there is none.
    """

    write: "Callable[[Callable[[Unit], Recorded], object], Recorded]"
    commit: "Callable[[Callable[[Unit], None]], None]"
    unit: "Callable[[], AbstractContextManager[Unit]]"
    reading: Callable[[], AbstractContextManager[Reader]]
    known: "Callable[[Unit, str], Loaded]"
    take: "Callable[[Unit, Prepared, int], Recorded]"
    now: Callable[[], int]
    skew: int
    sources: Sources
    analyst: Reading | None

    def prepared(self, given: Touchpoint, now: int) -> Prepared:
        """A touchpoint, checked."""
        return prepare(given, now=now, skew=self.skew, declared={})


class FeedbackDesk:
    """What customers say, as `Engine.feedback` gives it."""

    def __init__(self, works: Works) -> None:
        self._works = works

    def record(
        self, customer: str, feedback: Feedback, *, id: str | None = None, connection: object = None
    ) -> Recorded:
        """Record feedback from a form, a call or a file: a touchpoint of type `feedback`, and all that follows.

        Where `about` is the key of a survey that the customer was sent, it is an answer to that survey: no reminder
        goes out any more, and the run that asked goes on. Without a location it is about what the survey was about.

        Args:
            customer: the host's own id; a new customer is created.
            feedback: what was said. `at` is now unless it says so.
            id: unique for the customer; the same one counts once.
            connection: as for `Engine.record`.

        Raises:
            InvalidInput: it is no `Feedback`, or about a message that somebody else was sent.
            InvalidTouchpoint: it cannot be accepted; nothing was stored.
            StoreError: it could not be stored; nothing was acknowledged.
        """
        if not isinstance(feedback, Feedback):
            raise InvalidInput(f"feedback.record() takes Feedback(kind=…), not {type(feedback).__name__}")
        identity, works = customer_id(customer), self._works
        now = works.now()
        # What cannot be accepted is told before anything is looked up.
        works.prepared(touchpoint_of(identity, feedback, id, message=None), now)

        def work(unit: "Unit") -> Recorded:
            said, message = _about(unit, identity, feedback)
            given = touchpoint_of(identity, said, id, message=message)
            return works.take(unit, works.prepared(given, now), now)

        return works.write(work, connection)

    def of(self, customer: str) -> list[Heard]:
        """Everything that a customer has said, in the order in which it came.

        Raises UnknownCustomer.
        """
        works = self._works
        with works.unit() as unit:
            loaded = works.known(unit, customer)
            unit.flush()
            known = {row.touchpoint: row for row in unit.tx.analyses_of(loaded.no)}
            entries = [each for each in list(unit.tx.journal(loaded.no))[::-1] if each.kind == TOUCHPOINT]
        heard = []
        for entry in entries:
            if may_be_feedback(works.sources, entry.type):
                occurrence = occurrence_of(entry)
                said = feedback_of(as_touchpoint("-", occurrence), works.sources)
                name = occurrence.properties.get(MESSAGE)
                if said is not None:
                    heard.append(_heard(entry.id or "", entry.type, said, name, known.get(entry.id or "")))
        counted = scores_that_count([each.feedback for each in heard])
        return [attrs.evolve(each, counts=counts) for each, counts in zip(heard, counted, strict=True)]

    def analyse(self, *, again: bool = False, limit: int | None = None) -> int:
        """Have the analyser read what waits for it; workers do that by themselves. Returns how many were read.

        Args:
            again: also whatever was read by another analyser or version, could not be read, or was recorded before
                there was an analyser. Every timeline is looked through. What was found before is replaced, and rules
                react to none of it a second time. It may be broken off and called again: what is done stays done.
            limit: how many texts to read at most; all unless given.

        Raises:
            InvalidInput: the engine has no analyser, or `limit` is no number from 1.
        """
        works = self._works
        if works.analyst is None:
            raise InvalidInput("this engine has no analyser: Engine(analyser=KeywordAnalyser(…)) gives it one")
        if limit is not None and (type(limit) is not int or limit < 1):
            raise InvalidInput("analyse(limit=) takes a whole number from 1")
        left = limit
        done = 0
        for texts in _batches(works, works.analyst, again=again):
            found = works.analyst.read(texts if left is None else texts[:left])
            done += write_back(works, found)
            left = None if left is None else left - len(found)
            if len(found) < len(texts) or left == 0:
                break
        return done


def _batches(works: Works, analyst: Reading, *, again: bool) -> Iterator[list[Text]]:
    while texts := waiting(works, BATCH):
        yield texts
    after = 0
    while again:
        stale: list[Text] = []
        with works.reading() as reader:
            rows = reader.customers_after(after, PAGE)
            for row in rows:
                stale += stale_texts(reader, row.no, works.sources, analyst.analyser)
        for start in range(0, len(stale), BATCH):
            yield stale[start : start + BATCH]
        if len(rows) < PAGE:
            return
        after = rows[-1].no


def waiting(works: Works, limit: int) -> list[Text]:
    """What is to be read next; what waits in vain is put aside."""
    while True:
        with works.reading() as reader:
            texts, vain = texts_waiting(reader, works.sources, limit)
        if vain:
            works.commit(lambda unit, rows=vain: _put_aside(unit, rows, works.now()))  # type: ignore[misc]
        if texts or not vain:
            return texts


def _put_aside(unit: "Unit", rows: list[AnalysisRow], now: int) -> None:
    for row in rows:
        aside = row._replace(status=FAILED, body=dumps({"error": "nothing to read"}), changed_at=now)
        unit.changes.analyses[row.customer, row.touchpoint] = aside


def read_waiting(works: Works, most: float) -> None:
    """Read what waits, for at most about `most` seconds, as workers do in between."""
    if works.analyst is None:
        return
    while texts := waiting(works, BATCH):
        found = works.analyst.read(texts, most)
        write_back(works, found)
        if len(found) < len(texts):
            return


def write_back(works: Works, found: Sequence[Found]) -> int:
    """Write what was found; how many were read."""
    analyst = works.analyst
    if not found or analyst is None:
        return 0
    now, done = works.now(), [0]

    def take(unit: "Unit", given: Touchpoint) -> object:
        return works.take(unit, works.prepared(given, now), now)

    def work(unit: "Unit") -> None:
        done[0] = write_found(unit, found, analyst.analyser, now, take)

    works.commit(work)
    return done[0]


def _about(unit: "Unit", customer: str, said: Feedback) -> tuple[Feedback, str | None]:
    """The feedback as an answer to the survey that it is about, with the survey's name; as it is where it is none."""
    asked = None if said.about is None else asked_by(unit, said.about)
    if asked is None:
        return said, None
    loaded = unit.find(customer)
    if loaded is None or loaded.no != asked.customer:
        raise InvalidInput("this feedback is about a message that another customer was sent; about= takes one's own")
    return attrs.evolve(said, about=asked.about, location=said.location or asked.location), asked.message


def _heard(identity: str, type_: str, said: Feedback, message: object, row: AnalysisRow | None) -> Heard:
    named = message if isinstance(message, str) else None
    if row is None:
        return Heard(identity, type_, said, named)
    body = loads(row.body) if row.body else {}
    analysis = None
    if row.status == DONE:
        from touchpoint.insight.analysis import Analysis

        analysis = Analysis(**body, version=row.version)
    return Heard(
        identity, type_, said, named, analysed=row.status, analysis=analysis, analyser=row.name,  # type: ignore[arg-type]
        error=body.get("error", ""),
    )  # fmt: skip


def with_shares(given: list[Touchpoint], sources: Sources, now: int, declared: Mapping[str, type]) -> list[Touchpoint]:
    """`with_share` for each of them, nearly all of which are plainly something else."""
    if _TOUCHPOINT.issuperset(map(type, given)):
        kinds = [*map(_TYPE, given)]
        if _TEXT.issuperset(map(type, kinds)) and {FEEDBACK, *sources}.isdisjoint(kinds):
            return given
    return [with_share(each, sources, now, declared) for each in given]


def with_share(given: Touchpoint, sources: Sources, now: int, declared: Mapping[str, type]) -> Touchpoint:
    """A touchpoint that is feedback with the share of its score, for rules that hold on every scale.

    Args:
        given: what was handed in: of type `feedback`, or of one of the host's.
        sources: which of the host's types are feedback.
        now: microseconds UTC: when it happened, unless it says so.
        declared: classes of touchpoints by type; where that of its own has no `share`, nothing is added.
    """
    if not isinstance(given, Touchpoint) or not isinstance(given.type, str):
        return given  # it is refused in a moment, with its place
    if not may_be_feedback(sources, given.type) or not isinstance(given.properties, dict) or SHARE in given.properties:
        return given
    cls = declared.get(given.type)
    if cls is not None and SHARE not in {each.name for each in attrs.fields(cls)}:
        return given
    at: datetime | None = given.at or instant(now)
    said = feedback_of(attrs.evolve(given, at=at), sources)
    if said is None or said.share is None:
        return given
    return attrs.evolve(given, properties={**given.properties, SHARE: float(said.share)})
