"""What the store holds of customers, as the core sees it: their states, and touchpoints of their journals."""

from collections.abc import Iterable, Sequence

from touchpoint.core.kept import NO_LETTERS, Letters
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.records import STATE_VERSION, profile_from_record, state_from_record
from touchpoint.core.state import State
from touchpoint.errors import StoreCorrupt, StoreTooNew
from touchpoint.stores.base import (
    CustomerRow,
    EntryRow,
)
from touchpoint.stores.codec import loads


def state_of(row: CustomerRow, letters: Letters = NO_LETTERS) -> State:
    """The state of a customer as stored; `letters` as for `state_from_record`.

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
