"""How figures are counted: what one journal entry, one case and one message add to the counts. Pure.

The figures of a store are the sum over its customers, and those of a customer follow from what the store holds of them:
entries in order of arrival, cases and messages as they are. So what was counted as it came, and what is counted anew
from the journal, is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any, Final, Protocol

import attrs

from touchpoint.core.merging import JOINED
from touchpoint.durations import instant
from touchpoint.insight.account import ANSWERS, Account, Cells
from touchpoint.insight.activity import SPAN, Activity
from touchpoint.insight.growth import period_of
from touchpoint.insight.spans import bucket_of
from touchpoint.model.case import DEADLINES
from touchpoint.model.feedback import KINDS, LONGEST_FIELD, Feedback
from touchpoint.model.feedback_source import FEEDBACK, FeedbackSource, feedback_of
from touchpoint.model.figures import Figures
from touchpoint.model.scale import Scale
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.zones import to_local, zone

REPORTED: Final = frozenset({
    "delivered", "bounced", "failed", "opened", "complained", "opted_out", "no_receipt",
})  # fmt: skip
"""What channels report of a customer; nobody is active by that."""
OTHERS: Final = 0
"""Stands for all locations beyond those that are told apart."""
CALL: Final = "call"
_INBOUND: Final = '"inbound"'
_HUNDREDTH: Final = Decimal("0.01")


class CaseLike(Protocol):
    """A case as it is stored; instants in microseconds UTC."""

    @property
    def kind(self) -> str: ...  # noqa: D102 - see the row
    @property
    def opened_at(self) -> int: ...  # noqa: D102
    @property
    def closed_at(self) -> int | None: ...  # noqa: D102
    @property
    def first_response_at(self) -> int | None: ...  # noqa: D102


class MessageLike(Protocol):
    """A message as it is stored."""

    @property
    def journey(self) -> str: ...  # noqa: D102 - see the row
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def channel(self) -> str | None: ...  # noqa: D102
    @property
    def due(self) -> int: ...  # noqa: D102
    @property
    def at(self) -> int | None: ...  # noqa: D102


class Places:
    """The locations that are told apart, in the order in which they came.

    Args:
        known: those before.
        most: how many there may be.
    """

    def __init__(self, known: Iterable[str], most: int) -> None:
        self._known = set(known)
        self._most = most
        self.new: list[str] = []

    def of(self, location: str | None) -> str | int | None:
        """A location as it is counted: itself, `OTHERS`, or None for none."""
        if location is None or location in self._known:
            return location
        if len(self._known) >= self._most:
            return OTHERS
        self._known.add(location)
        self.new.append(location)
        return location


@attrs.frozen(eq=False)
class Counting:
    """Counts for a store.

    Args:
        figures: what is kept.
        sources: where feedback is found, by type of touchpoint.
    """

    figures: Figures
    sources: Mapping[str, FeedbackSource]

    def day(self, us: int) -> date:
        """The day of an instant, on the calendar of the figures."""
        return to_local(us, zone(self.figures.zone)).date()

    def _ordinal(self, us: int) -> int:
        return self.day(us).toordinal()

    # Touchpoints.

    def may_count(self, name: str, body: str) -> bool:
        """Whether a touchpoint of this type may be counted, by a look at its body as it is written."""
        active = self.figures.active
        if name == FEEDBACK or name in self.sources:
            return True
        return name in active if active is not None else name not in REPORTED and _INBOUND in body

    def has_feedback(self, name: str) -> bool:
        """Whether touchpoints of a type may be feedback."""
        return name == FEEDBACK or name in self.sources

    def touchpoint(
        self, account: Account, cells: Cells, places: Places, name: str, at: int, body: Sequence[Any]
    ) -> None:
        """Count a touchpoint.

        Args:
            account: of its customer; is changed.
            cells: to which it is added.
            places: the locations that are told apart.
            name: its type.
            at: when it happened, microseconds UTC, not after it was recorded.
            body: its channel, location, direction, about and properties.
        """
        channel, location, direction, about, properties = body
        if (
            name in self.figures.active
            if self.figures.active is not None
            else (direction == "inbound" and name not in REPORTED)
        ):
            self._active(account, cells, self.day(at))
        if self.has_feedback(name):
            told = Touchpoint("-", name, instant(at), None, properties, channel, location, direction, about)
            self._feedback(account, cells, places, told, at, direction)

    def _active(self, account: Account, cells: Cells, day: date) -> None:
        by_unit: tuple[tuple[str, Activity], ...] = (("month", account.months), ("week", account.weeks))
        for unit, activity in by_unit:
            period = period_of(day, unit)  # type: ignore[arg-type]
            if period != activity.last or activity.first is None:
                for what, of, n in activity.add(period, SPAN[unit]):
                    cells.note("growth", of, (unit, what), n)

    def _feedback(
        self, account: Account, cells: Cells, places: Places, told: Touchpoint, at: int, direction: str
    ) -> None:
        if direction == "outbound":
            return  # we said it, nobody answered
        day, found = self._ordinal(at), feedback_of(told, self.sources)
        if found is None:
            kind, location = _blank(self.sources.get(told.type), told)
            cells.note("blank", day, (told.type, kind, places.of(location)))
            return
        scored = found.scale is not None and found.score is not None
        answer = [
            told.type, found.about, at, day, found.kind, places.of(found.location),
            _scale(found.scale) if scored else None, _score(found) if scored else None, found.intent,
        ]  # fmt: skip
        if found.about is None:
            note_answer(cells, answer)
        else:
            _answer_again(account, cells, answer)

    # What was decided.

    def trace(self, account: Account, cells: Cells, lines: Iterable[Sequence[Any]], now: int) -> None:
        """Count what a decision did to stages, at its instant (microseconds UTC)."""
        for line in lines:
            if line[0] == "stage":
                self._moved(account, cells, line[1], line[2], line[3], now)
            elif line[0] == JOINED and _leave(account, line[1], line[2]) is not None:
                # Two people in one journey: one place in it is left, and nobody has left a stage.
                cells.note("stage", 0, (line[1], line[2]), -1)

    def _moved(self, account: Account, cells: Cells, journey: str, left: str | None, entered: str, now: int) -> None:
        day = self._ordinal(now)
        cells.note("flow", day, (journey, left, entered))
        since = None if left is None else _leave(account, journey, left)
        if left is not None and since is not None:
            ms = max(now - since, 0) // 1000
            cells.note("stage", 0, (journey, left), -1)
            cells.note("stay", day, (journey, left, bucket_of(ms)))
            cells.note("stayed", day, (journey, left), ms)
        account.stays.setdefault(journey, []).append([entered, now])
        cells.note("stage", 0, (journey, entered))

    # Cases and messages.

    def case(self, cells: Cells, case: CaseLike, deadlines: Mapping[str, Sequence[int | None]], n: int = 1) -> None:
        """Count a case as it is now.

        Args:
            cells: to which it is added.
            case: as it is stored.
            deadlines: (due, missed) of each it has.
            n: -1 to take back what was counted before.
        """
        kind, opened = case.kind, case.opened_at
        cells.note("case", self._ordinal(opened), (kind, "opened"), n)
        merged = getattr(case, "merged_into", None) is not None
        for what, end in (("answered", case.first_response_at), ("merged" if merged else "closed", case.closed_at)):
            if end is not None:
                day, ms = self._ordinal(end), max(end - opened, 0) // 1000
                cells.note("case", day, (kind, what), n)
                cells.note("case span", day, (kind, what, bucket_of(ms)), n)
                cells.note("case time", day, (kind, what), ms * n)
        self._loop(cells, case, n)
        if case.closed_at is None:
            cells.note("case now", 0, (kind,), n)
        for which, (_, missed, *_) in deadlines.items():
            if missed is not None:
                what = "overdue" if which in DEADLINES else "escalated"
                cells.note("case", self._ordinal(missed), (kind, what, which), n)

    def _loop(self, cells: Cells, case: CaseLike, n: int) -> None:
        """From the feedback that led to a case to the first response, and to its end."""
        source, said_at = getattr(case, "cause_type", None), getattr(case, "cause_at", None)
        if source is None or said_at is None or not self.has_feedback(source):
            return
        cells.note("loop", self._ordinal(said_at), (source, "heard"), n)
        for what, end in (("answered", case.first_response_at), ("closed", case.closed_at)):
            if end is not None:
                day, ms = self._ordinal(end), max(end - said_at, 0) // 1000
                cells.note("loop span", day, (source, what, bucket_of(ms)), n)
                cells.note("loop time", day, (source, what), ms * n)

    def message(self, cells: Cells, row: MessageLike, reasons: Sequence[Sequence[Any]], n: int = 1) -> None:
        """Count a message as it is now; calls of host functions are none.

        Args:
            cells: to which it is added.
            row: as it is stored.
            reasons: (instant, channel, records of verdicts) of every asking that was no plain Allow.
            n: -1 to take back what was counted before.
        """
        if row.kind == CALL:
            return
        of = (row.journey, row.name, row.kind)
        cells.note("message", self._ordinal(row.due), (*of, None, "due"), n)
        for (channel, check), at in _held(reasons).items():
            cells.note("message", self._ordinal(at), (*of, channel, "held", check), n)
        if row.status in ("waiting", "in_flight"):
            cells.note("message now", 0, of, n)
            return
        at = row.at if row.at is not None else _last(reasons, row.due)
        why = () if row.status == "sent" else (_why(reasons),)
        cells.note("message", self._ordinal(at), (*of, row.channel, row.status, *why), n)


def note_answer(cells: Cells, answer: Sequence[Any], n: int = 1) -> None:
    """Add an answer, or take it back."""
    source, _, _, day, kind, place, scale, score, intent = answer
    cells.note("answer", day, (source, kind, place), n)
    if scale is not None:
        cells.note("score", day, (source, kind, place, scale, score), n)
    if intent is not None:
        cells.note("intent", day, (source, kind, place, intent), n)


def _answer_again(account: Account, cells: Cells, answer: list[Any]) -> None:
    """Of several answers to one thing the latest with a score stands; of those without, the latest."""
    known = next((each for each in account.answers if each[:2] == answer[:2]), None)
    if known is not None:
        if (answer[6] is not None, answer[2]) < (known[6] is not None, known[2]):
            return
        account.answers.remove(known)
        note_answer(cells, known, -1)
    account.answers.append(answer)
    note_answer(cells, answer)
    del account.answers[:-ANSWERS]


def _leave(account: Account, journey: str, stage: str) -> int | None:
    """When this stage was entered; the customer is in it no more. None where that is not known."""
    stays = account.stays.get(journey, [])
    for n, (name, since) in enumerate(stays):
        if name == stage:
            del stays[n]
            return int(since)
    return None


def _blank(source: FeedbackSource | None, told: Touchpoint) -> tuple[str, str | None]:
    """What kind of answer it would have been, and where, though it says nothing."""
    kind = source.kind if source is not None else str(told.properties.get("kind"))
    named = None if source is None or source.location is None else told.properties.get(source.location)
    where = named if isinstance(named, str) and named else told.location
    fits = isinstance(where, str) and 0 < len(where) <= LONGEST_FIELD
    return kind if kind in KINDS else "text", where if fits else None


def _scale(scale: Scale | None) -> list[Any] | None:
    return None if scale is None else [scale.low, scale.high, *(["low"] if scale.better == "low" else [])]


def _score(found: Feedback) -> str | None:
    """The score as text, to a hundredth of a point: what is counted is bounded."""
    if found.scale is None or found.score is None:
        return None
    exact: Fraction = found.scale.exact(found.score)
    if exact.denominator == 1:
        return str(exact.numerator)
    near = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_HUNDREDTH, ROUND_HALF_EVEN)
    return str(Fraction(near))


def _held(reasons: Iterable[Sequence[Any]]) -> dict[tuple[str | None, str], int]:
    """(channel, check) that had it wait → since when."""
    found: dict[tuple[str | None, str], int] = {}
    for at, channel, against in reasons:
        for each in against:
            if each[0] == "defer":
                found.setdefault((channel, str(each[1])), at)
    return found


def _last(reasons: Sequence[Sequence[Any]], otherwise: int) -> int:
    return int(reasons[-1][0]) if reasons else otherwise


def _why(reasons: Sequence[Sequence[Any]]) -> str:
    """The check that was in the way last, or the code of a provider's refusal; empty where neither was."""
    for _, _, against in reversed(reasons):
        for each in against:
            if len(each) != 3:
                continue
            if each[0] == "deny":
                return str(each[1])
            if each[0] in ("refused", "ambiguous"):
                # The code of a refusal; the provider's own words may be anything.
                return str(each[2]).partition(" (")[0] if each[0] == "refused" else "ambiguous"
    return ""
