"""The closed loop (S8): which feedback led to which contact, and how long it took."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import attrs

from touchpoint.durations import instant
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.model.case import Severity
from touchpoint.stores.base import CaseRow
from touchpoint.stores.codec import loads

By = Literal["message", "task", "touchpoint", "host"]


@attrs.frozen
class Contact:
    """What answered a case first.

    Args:
        by: `message` (what went out, gifts too), `task` (one that a person has done), `touchpoint` (that the host has
            recorded), or `host` (which only said that somebody has answered).
        id: the key of the message, or the id of the touchpoint; empty for `host`.
        name: of the message, or the type of the touchpoint; empty where nobody knows.
        channel: on which; None where nobody knows.
    """

    by: By
    id: str = attrs.field(repr=False)
    name: str
    channel: str | None


@attrs.frozen
class ClosedLoop:
    """One opening of a case, from what led to it to its end. Instants are aware UTC, None where it has not come.

    Args:
        kind, ref, opening, severity: of the case; `opening` is 2 once it was reopened.
        cause, cause_type, cause_at: the touchpoint that led to it: its id, its type, and when it happened; None where
            none did, or nobody said.
        opened_at, first_response_at, closed_at: of one that has become part of another case, what became of that; what
            answered that before this one was opened was no answer to it.
        contact: what answered first; None before.
        merged_into: the ref of the case that it has become part of.
    """

    kind: str
    ref: str = attrs.field(repr=False)
    opening: int
    severity: Severity
    cause: str | None = attrs.field(repr=False)
    cause_type: str | None
    cause_at: datetime | None
    opened_at: datetime
    first_response_at: datetime | None
    closed_at: datetime | None
    contact: Contact | None
    merged_into: str | None = attrs.field(default=None, repr=False)

    @property
    def began_at(self) -> datetime:
        """When it began for the customer: with what led to it, else as it was opened."""
        return self.opened_at if self.cause_at is None else min(self.cause_at, self.opened_at)

    @property
    def to_response(self) -> timedelta | None:
        """How long the customer has waited for the first answer, from the beginning; None while they wait."""
        return None if self.first_response_at is None else self.first_response_at - self.began_at

    @property
    def to_close(self) -> timedelta | None:
        """How long it took to the end, from the beginning; None while it is open."""
        return None if self.closed_at is None else self.closed_at - self.began_at

    def to_dict(self) -> dict[str, object]:
        """As JSON values: instants in ISO 8601, lengths in seconds."""
        found = attrs.asdict(self)
        found |= {"to_response": self.to_response, "to_close": self.to_close}
        return {name: _plain(value) for name, value in found.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def loops_of(unit: Unit, loaded: Loaded) -> list[ClosedLoop]:
    """Of every opening of a case of one customer, in order."""
    rows = unit.tx.cases(loaded.no)
    return [_loop(unit, loaded, row, rows) for row in rows]


def _loop(unit: Unit, loaded: Loaded, row: CaseRow, rows: Sequence[CaseRow]) -> ClosedLoop:
    last, parts = _chain(row, rows), _parts(row, rows)
    answered = [each for each in (*_chains(row, rows), *parts) if _answers(each, row)]
    first = min(answered, key=lambda each: (each.first_response_at or 0, not each.answered_by), default=None)
    return ClosedLoop(
        row.kind, row.ref, row.opening, row.severity, row.cause, row.cause_type, _at(row.cause_at),  # type: ignore[arg-type]  # it is one of them
        instant(row.opened_at), _at(None if first is None else first.first_response_at), _at(last.closed_at),
        None if first is None else _contact(unit, loaded, first.answered_by), row.merged_into,
    )  # fmt: skip


def _answers(other: CaseRow, row: CaseRow) -> bool:
    """Whether the first answer to one opening answered another, too: one from before its beginning did not."""
    at = other.first_response_at
    return at is not None and (other is row or at >= row.opened_at)


def _chains(row: CaseRow, rows: Sequence[CaseRow]) -> list[CaseRow]:
    """An opening, and those that it has become part of, one after the other."""
    found = [row]
    while found[-1].merged_into is not None:
        here = found[-1]
        ends = here.closed_at or 0
        into = next(
            (
                each for each in reversed(rows)
                if (each.kind, each.ref) == (here.kind, here.merged_into) and each not in found
                and each.opened_at <= ends and (each.closed_at is None or each.closed_at >= ends)
            ),
            None,
        )  # fmt: skip
        if into is None:
            break
        found.append(into)
    return found


def _chain(row: CaseRow, rows: Sequence[CaseRow]) -> CaseRow:
    return _chains(row, rows)[-1]


def _parts(row: CaseRow, rows: Sequence[CaseRow]) -> list[CaseRow]:
    """The openings that have become part of this one: their answers were answers to it."""
    return [each for each in rows if each.merged_into is not None and each is not row and row in _chains(each, rows)]


def _contact(unit: Unit, loaded: Loaded, answer: str) -> Contact:
    by, _, identity = answer.partition(":")
    if by in ("message", "task"):
        message = unit.tx.message(identity)
        name, channel = ("", None) if message is None else (message.name, message.channel)
        return Contact("message" if by == "message" else "task", identity, name, channel)
    if by == "touchpoint":
        pair = (identity, loaded.no)
        entry = unit.tx.seen([pair]).get(pair)
        channel = None if entry is None else loads(entry.body)[0]
        return Contact("touchpoint", identity, "" if entry is None else entry.type, channel)
    return Contact("host", "", "", None)


def _at(us: int | None) -> datetime | None:
    return None if us is None else instant(us)
