"""What the store holds of customers, as the core sees it: their states, and touchpoints of their journals."""

from collections.abc import Iterable, Sequence

from touchpoint.core.kept import NO_LETTERS
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.records import STATE_VERSION, VERSION_AT, profile_from_record, state_from_record
from touchpoint.core.state import State
from touchpoint.errors import StoreCorrupt, StoreTooNew
from touchpoint.stores.base import (
    CustomerRow,
    EntryRow,
)
from touchpoint.stores.codec import loads


def state_of(row: CustomerRow, program: Program | None = None) -> State:
    """The state of a customer as stored; it shares what it can with the program that it is up to, if it is this one.

    Raises:
        StoreTooNew: a newer version of the library wrote it.
        StoreCorrupt: it is damaged (S11.7). Neither says what it holds.
    """
    profile, state = loads(row.profile), loads(row.state)
    try:
        if max(profile[0], state[0]) > STATE_VERSION:
            raise StoreTooNew(
                f"customer number {row.no} was written in form {max(profile[0], state[0])}, and this version of the "
                f"library reads up to {STATE_VERSION}: use the newer one"
            )
        # Of another program it may lack what this one asks, which nobody could tell if it had its letters.
        is_known = program is not None and state[VERSION_AT] == program.version
        letters = program.signals.letters if program is not None and is_known else NO_LETTERS
        return state_from_record(row.id, profile_from_record(profile), state, letters)
    except (ValueError, TypeError, LookupError, AttributeError):
        raise StoreCorrupt(
            f"the record of customer number {row.no} is damaged: its parts are not as they should be; restore a backup"
        ) from None


def occurrences(entries: Iterable[EntryRow]) -> Sequence[Occurrence]:
    """The touchpoints among journal entries, as the core sees them."""
    return [occurrence_of(entry) for entry in entries if entry.kind == TOUCHPOINT]


def occurrence_of(entry: EntryRow) -> Occurrence:
    """A recorded touchpoint as the core saw it."""
    channel, location, direction, about, properties = loads(entry.body)
    at = min(entry.at, entry.recorded_at)
    return Occurrence(TOUCHPOINT, entry.type, at, entry.id or "", properties, channel, location, direction, about)
