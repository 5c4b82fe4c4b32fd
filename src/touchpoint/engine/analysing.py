"""Having an analyser read what customers wrote (S8.1, S11.4).

Feedback is recorded first; what is still to be read waits in the store. It is read outside of any transaction, and what
was found is written beside the feedback, with a touchpoint that tells of it. Neither holds the words.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.clock import Clock
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import instant
from touchpoint.engine.asking import derived_id
from touchpoint.engine.recorded import occurrence_of
from touchpoint.engine.working import log
from touchpoint.errors import InvalidInput, StoreCorrupt
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FEEDBACK, FeedbackSource, feedback_of
from touchpoint.model.touchpoint import Direction, Touchpoint
from touchpoint.stores.base import AnalysisRow, EntryRow, Reader
from touchpoint.stores.codec import dumps

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit
    from touchpoint.insight.analysis import Analyser, Analysis

FEEDBACK_ANALYSED: Final = "feedback_analysed"
"""The touchpoint that tells what an analyser found in feedback."""
WAITING: Final = "waiting"
DONE: Final = "done"
FAILED: Final = "failed"
BATCH: Final = 100
"""Texts that are read before what was found is written."""
_LONGEST: Final = 200
_TOO_LONG: Final = "TimeoutError"


Sources = Mapping[str, FeedbackSource]


def as_touchpoint(customer: str, occurrence: Occurrence) -> Touchpoint:
    """What was recorded, as it is handed in."""
    it = occurrence
    direction: Direction = it.direction  # type: ignore[assignment]
    return Touchpoint(
        customer, it.name, instant(it.at), it.id, it.properties, it.channel, it.location, direction, it.about
    )


def may_be_feedback(sources: Sources, name: str) -> bool:
    """Whether touchpoints of this type can be feedback."""
    return name == FEEDBACK or name in sources


def put_off(unit: "Unit", loaded: "Loaded", occurrence: Occurrence, now: int, sources: Sources) -> None:
    """Have the words of this touchpoint wait for the analyser, if it is feedback and has any."""
    said = feedback_of(as_touchpoint(loaded.id, occurrence), sources)
    if said is None or said.comment is None:
        return
    unit.changes.analyses[loaded.no, occurrence.id] = AnalysisRow(loaded.no, occurrence.id, WAITING, "", "", "", now)
    unit.soonest = min(unit.soonest, now)  # so that a worker who sleeps wakes up


@attrs.frozen
class Text:
    """Feedback that is to be read."""

    customer: int
    touchpoint: str
    said: Feedback = attrs.field(repr=False)


@attrs.frozen
class Found:
    """What came of reading it: a finding, or the class of an error."""

    text: Text
    finding: "Analysis | None" = attrs.field(repr=False)
    error: str = ""


@attrs.define(eq=False)
class Reading:
    """Calls the analyser, one text at a time in this process, each within a time.

    Args:
        analyser: with `name`, `version` and `analyse`.
        within: how long it may take; None for as long as it takes, in the caller's own thread.
        clock: tells how long several took.
    """

    analyser: "Analyser"
    within: timedelta | None
    clock: Clock
    _turn: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    def read(self, texts: Iterable[Text], most: float | None = None) -> list[Found]:
        """What is found in each.

        It ends early where a call does not come back, or after `most` seconds: the others go on waiting.
        """
        begun, done = self.clock.monotonic(), list[Found]()
        for text in texts:
            found = self._one(text)
            if found is not None:
                done.append(found)
            if (
                found is None
                or found.error == _TOO_LONG
                or (most is not None and self.clock.monotonic() - begun > most)
            ):
                break
        return done

    def is_free(self) -> bool:
        """Whether no call is under way."""
        return not self._turn.locked()

    def _one(self, text: Text) -> Found | None:
        if self.within is None:
            with self._turn:
                return self._found(text)
        if not self._turn.acquire(blocking=False):
            return None
        answer: list[Found] = []
        ready = threading.Event()
        thread = threading.Thread(
            target=self._work, args=(text, answer, ready), name="touchpoint analyser", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads can be had
            self._turn.release()
            return None
        if not ready.wait(self.within.total_seconds()):
            return Found(text, None, _TOO_LONG)
        return answer[0]

    def _work(self, text: Text, answer: list[Found], ready: threading.Event) -> None:
        try:
            answer.append(self._found(text))
        finally:
            self._turn.release()
            ready.set()

    def _found(self, text: Text) -> Found:
        from touchpoint.insight.analysis import Analysis

        try:
            finding = self.analyser.analyse(text.said.comment or "", text.said.language)
        except Exception as error:  # noqa: BLE001 - whatever it is, the feedback stands and others go on (S11.4)
            return Found(text, None, type(error).__name__[:_LONGEST])
        return Found(text, finding) if isinstance(finding, Analysis) else Found(text, None, "no Analysis")


def checked_analyser(analyser: "Analyser | None") -> "Analyser | None":
    """The analyser itself. Raises InvalidInput for what cannot be one."""
    if analyser is None:
        return None
    named = [getattr(analyser, name, None) for name in ("name", "version")]
    sound = all(isinstance(each, str) and 0 < len(each) <= _LONGEST for each in named)
    if not sound or not callable(getattr(analyser, "analyse", None)):
        raise InvalidInput(
            "analyser= takes what has a name, a version and analyse(text, language), such as "
            f"touchpoint.insight.KeywordAnalyser(), not {type(analyser).__name__}"
        )
    return analyser


def told(finding: "Analysis") -> dict[str, object]:
    """What was found, as properties; what is not known is left out."""
    return {name: value for name, value in finding.to_dict().items() if value is not None and name != "version"}


def texts_waiting(reader: Reader, sources: Sources, limit: int) -> tuple[list[Text], list[AnalysisRow]]:
    """What is to be read next, and what waits in vain, since nothing can be read in it any more."""
    rows = reader.analyses_waiting(limit)
    texts, vain = [], []
    for row in rows:
        entry = reader.seen([(row.touchpoint, row.customer)]).get((row.touchpoint, row.customer))
        said = None if entry is None else _said(entry, sources)
        if said is None:
            vain.append(row)
        else:
            texts.append(Text(row.customer, row.touchpoint, said))
    return texts, vain


def stale_texts(reader: Reader, customer: int, sources: Sources, analyser: "Analyser") -> list[Text]:
    """What of one customer was never read, read by another analyser or version, or could not be read."""
    known = {
        row.touchpoint for row in reader.analyses_of(customer)
        if row.status == DONE and (row.name, row.version) == (analyser.name, analyser.version)
    }  # fmt: skip
    found = []
    try:
        entries = list(reader.journal(customer))
    except StoreCorrupt:  # it is reported when somebody asks for that customer; the others go on
        return []
    for entry in reversed(entries):
        if entry.kind == TOUCHPOINT and entry.id is not None and entry.id not in known:
            said = _said(entry, sources) if may_be_feedback(sources, entry.type) else None
            if said is not None:
                found.append(Text(customer, entry.id, said))
    return found


def _said(entry: EntryRow, sources: Sources) -> Feedback | None:
    said = feedback_of(as_touchpoint("-", occurrence_of(entry)), sources)
    return None if said is None or said.comment is None else said


def write_found(
    unit: "Unit", found: Sequence[Found], analyser: "Analyser", now: int,
    take: Callable[["Unit", Touchpoint], object],
) -> int:  # fmt: skip
    """Write what was found beside the feedback, and record that it was; how many were read.

    Who was erased or merged meanwhile is left out: what waits of them is gone, or waits under another number.
    """
    done = 0
    for each in found:
        text = each.text
        pair = text.touchpoint, text.customer
        if not unit.seen([pair], [pair]):
            continue
        body = {"error": each.error} if each.finding is None else told(each.finding)
        status = FAILED if each.finding is None else DONE
        row = AnalysisRow(*pair[::-1], status, analyser.name, analyser.version, dumps(body), now)
        unit.changes.analyses[row.customer, row.touchpoint] = row
        unit.tally("feedback", analyser.name, "analysed" if each.finding is not None else f"failed: {each.error}")
        if each.finding is None:
            log().warning("the analyser %s failed on a text: %s", analyser.name, each.error)
            continue
        done += 1
        with suppress(StoreCorrupt):  # it is reported when somebody asks for that customer; the others go on
            loaded = unit.by_number(text.customer)
            found_of = {**body, "analyser": analyser.name, "version": analyser.version}
            take(unit, _tells(loaded.id, text, found_of))
    return done


def _tells(customer: str, text: Text, found: Mapping[str, object]) -> Touchpoint:
    said = text.said
    properties = {name: value for name, value in said.properties().items() if name != "comment"}
    if said.intent is not None:  # what was stated goes before what was guessed
        found = {**found, "intent": said.intent}
    return Touchpoint(
        customer, FEEDBACK_ANALYSED, said.at, analysed_id(text.touchpoint), {**properties, **found}, said.channel,
        said.location, "internal", text.touchpoint,
    )  # fmt: skip


def analysed_id(touchpoint: str) -> str:
    """The id of what tells of an analysis: one for each touchpoint, however often it is read anew."""
    return derived_id(FEEDBACK_ANALYSED, touchpoint)
