"""Customers in memory: what is loaded of each, and those that were used last."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

import attrs

from touchpoint.core.held import NONE
from touchpoint.core.records import profile_to_record
from touchpoint.core.state import NEVER, State
from touchpoint.core.volume import Volume
from touchpoint.stores.base import ControlRow
from touchpoint.stores.codec import dumps

if TYPE_CHECKING:
    from touchpoint.engine.figuring import Kept


@attrs.define(eq=False, weakref_slot=False)
class Loaded:
    """One customer in memory.

    `timer` is when a timer of theirs falls due, `NEVER` for none; true unless it is `stale`, which `next_timer` mends.
    `due` is what the store's agenda says, `parked` what it says of how much is parked,
    `members` the segments that the store's list has them in; `account` what `engine.figuring` remembers of them; `used`
    the turn of the cache in which they were used last.
    """

    no: int
    state: State = attrs.field(repr=False)
    head: int
    due: int | None
    is_new: bool = False
    profile_changed: bool = False
    stale: bool = True
    parked: int = 0
    members: Mapping[str, int] = NONE
    account: object = attrs.field(default=None, repr=False)
    used: int = 0
    timer: int = NEVER
    _message: int = NEVER
    _profile: str = attrs.field(default="", repr=False)

    @property
    def id(self) -> str:
        """The host's id."""
        return self.state.id

    def next_due(self) -> int | None:
        """The earliest instant at which anything of this customer falls due; None for never."""
        if self.stale:
            self._look()
        earliest = self.timer
        if self._message < earliest:  # noqa: PLR1730 - min() would be a call
            earliest = self._message
        return None if earliest == NEVER else earliest

    def change_profile(self) -> None:
        """The profile is no longer what it was."""
        self.profile_changed = True
        self._profile = ""

    def profile_record(self) -> str:
        """The profile as JSON, made once for each change of it."""
        if not self._profile:
            self._profile = dumps(profile_to_record(self.state.profile))
        return self._profile

    def next_timer(self) -> int:
        """The earliest instant at which a timer falls due; `NEVER` for none."""
        if self.stale:
            self._look()
        return self.timer

    def _look(self) -> None:
        self.timer, self._message = self.state.next_dues()
        self.stale = False


class Cache:
    """The customers used last, as they are in the store; emptied whenever somebody else may have written.

    `controls`, `release`, `has_addresses`, `has_paces`, `has_events`, `has_aliases`, `has_referrals`, `has_contacts`,
    `secrets` and `segments` are what the store answered to these questions; None where it was not asked since they
    changed. `aliases` are other ids that were looked up, `volumes` those that were asked for; `figures` is how figures
    are kept, False where none are.
    """

    def __init__(self, size: int = 32_768) -> None:
        self._size = size
        # Who was used when is noted with each: a list in that order would be changed for each use of each.
        self._turn = 0
        self._by_number: dict[int, Loaded] = {}
        self._by_id: dict[str, Loaded] = {}
        self.generation: int | None = None
        self.controls: list[ControlRow] | None = None
        self.release: int | None = None
        self.has_addresses: bool | None = None
        self.has_paces: bool | None = None
        self.has_events: bool | None = None
        self.volumes: dict[str, Volume] = {}
        self.has_aliases: bool | None = None
        self.has_referrals: bool | None = None
        self.has_contacts: bool | None = None
        self.secrets: frozenset[str] | None = None
        self.segments: dict[str, int] | None = None
        self.figures: Kept | Literal[False] | None = None
        self.aliases: dict[str, int] = {}

    def find(self, customer: str) -> Loaded | None:
        """A customer by id."""
        loaded = self._by_id.get(customer)
        if loaded is not None:
            loaded.used = self._turn
        return loaded

    def all_of(self, customers: Iterable[str]) -> Sequence[Loaded] | None:
        """A customer for each of these ids, where all of them are here."""
        found = [*map(self._by_id.get, customers)]
        if not all(found):
            return None
        turn = self._turn
        for loaded in found:
            loaded.used = turn  # type: ignore[union-attr]  # none is missing
        return found  # type: ignore[return-value]  # likewise

    def find_all(self, customers: Iterable[str]) -> tuple[dict[str, Loaded], list[str]]:
        """Several customers by id, each once, and the ids of those who are not here."""
        by_id, turn = self._by_id, self._turn
        found: dict[str, Loaded] = {}
        missing = []
        for customer in dict.fromkeys(customers):
            loaded = by_id.get(customer)
            if loaded is None:
                missing.append(customer)
            else:
                loaded.used = turn
                found[customer] = loaded
        return found, missing

    def get(self, no: int) -> Loaded | None:
        """A customer by number."""
        loaded = self._by_number.get(no)
        if loaded is not None:
            loaded.used = self._turn
        return loaded

    def number(self, customer: str) -> int | None:
        """The number of a customer in the cache."""
        loaded = self._by_id.get(customer)
        return None if loaded is None else loaded.no

    def put(self, loaded: Loaded) -> None:
        """Keep a customer."""
        loaded.used = self._turn
        self._by_number[loaded.no] = loaded
        self._by_id[loaded.id] = loaded

    def forget(self, no: int) -> None:
        """Keep nothing of a customer, nor of anybody's other ids."""
        loaded = self._by_number.pop(no, None)
        if loaded is not None:
            self._by_id.pop(loaded.id, None)
        self.aliases.clear()

    def shrink(self) -> None:
        """Begin another turn; where there are too many, forget the ones used longest ago, and some more at once."""
        self._turn += 1
        if len(self._by_number) > self._size:
            most = self._size - self._size // 8
            longest_ago = sorted(self._by_number.values(), key=attrgetter("used"))
            for loaded in longest_ago[: len(longest_ago) - most]:
                del self._by_number[loaded.no], self._by_id[loaded.id]
        if len(self.aliases) > self._size:
            self.aliases.clear()
