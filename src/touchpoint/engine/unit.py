"""One unit of work: the customers a transaction touches, and everything that is to be written at its end.

Decisions are taken in memory; `flush` writes each customer once, however often it was decided on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import attrs

from touchpoint.core.advance import advance
from touchpoint.core.calendar import arm_calendar
from touchpoint.core.decision import Decision
from touchpoint.core.fire import fire_next
from touchpoint.core.gate import World
from touchpoint.core.held import NONE
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.parking import (
    hushed,
    keep_raised,
    park_act,
    park_after_message,
    park_ends,
    park_timer,
    park_touchpoint,
)
from touchpoint.core.program import Program
from touchpoint.core.records import profile_from_record, state_from_record, state_to_text
from touchpoint.core.segments import UNSEEN
from touchpoint.core.state import IN_FLIGHT, NEVER, Pending, Profile, State
from touchpoint.core.timers import SEGMENT, Timer
from touchpoint.core.waits import follow_zone_data
from touchpoint.engine.analysing import put_off
from touchpoint.engine.at_work import Terms
from touchpoint.engine.catching_up import bring_up, catch_up
from touchpoint.engine.figuring import write_counted
from touchpoint.engine.keyed import able
from touchpoint.engine.loaded import Cache, Loaded
from touchpoint.engine.membership import write_members
from touchpoint.engine.recorded import occurrences, state_of
from touchpoint.engine.referring import convert
from touchpoint.engine.tallying import Told, count_lines, settle
from touchpoint.engine.writing import write_effects
from touchpoint.errors import CustomerErased, DefectiveJourney, StoreCorrupt
from touchpoint.stores.base import (
    Changes,
    CustomerRow,
    EntryRow,
    EntryValues,
    MessageRow,
    ReferralRow,
    Transaction,
)
from touchpoint.stores.codec import dumps, loads
from touchpoint.zones import tz_version

T = TypeVar("T")


@attrs.define(eq=False)
class _Outgoing:
    """A message of the outbox that is to be written."""

    customer: int
    pending: Pending
    status: str
    changed_at: int
    is_new: bool

    def row(self) -> MessageRow:
        """As a row."""
        it = self.pending
        reasons = dumps(it.reasons) if it.reasons else "[]"
        return MessageRow(
            it.no, it.key, self.customer, it.journey, it.rule, it.run_no, it.step, it.message, it.kind, self.status,
            it.channel, it.first_due, it.expires, it.slot, it.fence, it.ref, reasons, self.changed_at,
            None if it.to is None else dumps(it.to),
        )  # fmt: skip


class Unit:
    """The work of one transaction.

    Args:
        tx: the open transaction.
        cache: customers kept from earlier units; must be cleared by the caller if this one does not commit.
        terms: those of the engine.
        generation: of the store, which the cache has again once this unit has committed; None where it is not kept.

    Attributes:
        program: the compiled journeys.
        careful: keep a copy of each state while it is decided on, so that a defective journey can be undone (S4.3).
        soonest: the earliest instant at which anything of what was written falls due; `NEVER` for none.
        referred: referrals that are still to be written, by number of the friend.
        beside: customers who were decided on because of what another did.
    """

    flushes = 0
    _world: World | None = None
    _looked_through = 0
    """How many entries were looked through for touchpoints that are still to be written, `_fresh`."""

    def __init__(self, tx: Transaction, cache: Cache, terms: Terms, generation: int | None = None) -> None:
        self.tx, self.cache, self.terms, self.generation = tx, cache, terms, generation
        self.program = terms.at_work.program
        # What is asked of each unit, and mostly is so: of an object it is found sooner than of its class.
        self.careful, self.soonest = False, NEVER
        self.changes = Changes.none()
        self.told: dict[tuple[Any, ...], Told] = {}
        self.dirty: dict[int, Loaded] = {}
        self.messages: dict[int, _Outgoing] = {}
        if cache.has_addresses is None:
            cache.has_addresses = tx.has_addresses()
        self.standings_known = cache.has_addresses
        if cache.secrets is None or cache.has_aliases is None:
            cache.secrets, cache.has_aliases = tx.secrets(), tx.has_aliases()
        self.defects: list[tuple[str, str]] = []
        self.referred: dict[int, ReferralRow] = {}
        self.beside: list[Loaded] = []
        self._fresh: dict[tuple[str, int], EntryValues] = {}

    @property
    def world(self) -> World:
        """What the gate has to know beyond a customer, as this unit knows and changes it."""
        world = self._world
        if world is None:  # most that record touchpoints never ask
            world = self._world = self.terms.world(self.tx, self.cache)
        return world

    # Customers.

    def prefetch(self, customers: Iterable[str]) -> tuple[dict[str, Loaded], list[str]]:
        """Several customers by id, loaded at once, and the ids that no customer has as their own."""
        found, missing = self.cache.find_all(customers)
        for row in self.tx.customers(missing) if missing else ():
            found[row.id] = self._load(row)
        return found, [each for each in missing if each not in found]

    def find(self, customer: str) -> Loaded | None:
        """A customer by id, or None if there is no such one."""
        loaded = self.cache.find(customer)
        if loaded is None and customer not in self.cache.aliases and (rows := self.tx.customers([customer])):
            loaded = self._load(rows[0])
        return loaded or self._by_alias(customer)

    def _by_alias(self, customer: str) -> Loaded | None:
        aliases = self.cache.aliases
        if customer not in aliases and self.cache.has_aliases:
            aliases.update(self.tx.aliases([customer]))
        return self.by_number(aliases[customer]) if customer in aliases else None

    def by_number(self, no: int) -> Loaded:
        """A customer by number."""
        return self.cache.get(no) or self._load(self.tx.customers_by_number([no])[0])

    def by_numbers(self, numbers: Sequence[int]) -> list[Loaded]:
        """Several customers by number, asked for at once; without those whose records are damaged (S11.4)."""
        rows = self.tx.customers_by_number([no for no in numbers if self.cache.get(no) is None])
        for row in rows:
            with suppress(StoreCorrupt):
                self._load(row)
        return [loaded for no in numbers if (loaded := self.cache.get(no)) is not None]

    def find_or_add(self, customer: str, now: int, profile: Profile | None = None) -> Loaded:
        """A customer by id, created where there is none."""
        return self.find(customer) or self._add(customer, now, profile or Profile())

    def add(self, customer: str, now: int, profile: Profile | None = None) -> Loaded:
        """A customer whom `prefetch` did not find: known by another id, or created."""
        return self._by_alias(customer) or self._add(customer, now, profile or Profile())

    def _add(self, customer: str, now: int, profile: Profile) -> Loaded:
        if self.cache.secrets and self.is_erased(customer):
            raise CustomerErased
        no = self.tx.counters.customer
        self.tx.counters.customer += 1
        state = State(
            customer, profile, now=now, version=self.program.version, zone_data=tz_version(),
            releases=self.program.releases,
        )  # fmt: skip
        if self.program.calendar:
            arm_calendar(self.program, state, now=now)
        if self.program.segments:
            state.lapses = {UNSEEN: now}  # nobody has looked at anything yet
        loaded = Loaded(no, state, 0, None, is_new=True, profile_changed=True)
        self.cache.put(loaded)
        self.touch(loaded)
        return loaded

    def is_erased(self, customer: str) -> bool:
        """Whether somebody of this id was erased (S1.7). Raises SecretNeeded where nobody can tell."""
        used = self.cache.secrets
        return bool(used) and bool(
            self.tx.tombstones(able(self.terms.keyed, used or frozenset()).every("id", customer))
        )

    def _load(self, row: CustomerRow) -> Loaded:
        state = state_of(row, self.program)
        loaded = Loaded(
            row.no,
            state,
            row.head,
            row.due,
            parked=len(state.parked),
            members=dict(state.segments) if state.segments else NONE,
        )
        if self.terms.at_work.has_unmet(state.releases):
            catch_up(self, loaded)
            state = loaded.state
        bring_up(self, loaded, self.program)
        state.signals.adopt(self.program.signals.letters)  # from here on it shares them
        if follow_zone_data(self.program, state):
            self.touch(loaded)
        self.cache.put(loaded)
        return loaded

    def timeline(self, no: int) -> Sequence[Occurrence]:
        """The touchpoints of a customer as the store has them, in order of arrival."""
        return occurrences(reversed(list(self.tx.journal(no))))

    @contextmanager
    def under(self, program: Program) -> Iterator[None]:
        """Decide by another program for a while: by the one that was at work then."""
        now, self.program = self.program, program
        try:
            yield
        finally:
            self.program = now

    def touch(self, loaded: Loaded) -> None:
        """Have this customer written at the end."""
        self.dirty[loaded.no] = loaded
        loaded.stale = True

    def entry_of(self, touchpoint: str, loaded: Loaded) -> EntryRow | None:
        """The entry of this touchpoint of a customer, if it was recorded before, by this unit included."""
        pair = (touchpoint, loaded.no)
        # Of somebody whom the store does not have yet, it has no touchpoint either.
        stored = () if loaded.is_new else (pair,)
        found = self.seen((pair,), stored) if self.changes.entries else self.tx.seen(stored)
        return found.get(pair)

    def seen(
        self, touchpoints: Sequence[tuple[str, int]], stored: Sequence[tuple[str, int]]
    ) -> dict[tuple[str, int], EntryRow]:
        """Those of these (touchpoint id, customer number) that were recorded before, by this unit included.

        Args:
            touchpoints: all that are asked for.
            stored: those of them that the store may have.
        """
        found = self.tx.seen(stored) if stored else {}
        entries, fresh = self.changes.entries, self._fresh
        if len(entries) > self._looked_through:
            fresh.update(((row[4], row[1]), row) for row in entries[self._looked_through :] if row[4])
            self._looked_through = len(entries)
        if fresh:
            found.update((pair, EntryRow(*fresh[pair])) for pair in touchpoints if pair in fresh)
        return found

    # Decisions.

    def touchpoint(
        self, loaded: Loaded, occurrence: Occurrence, body: str, now: int, *, at: int, late: bool
    ) -> Decision:
        """Record a touchpoint and decide what follows; the customer's overdue timers come first (S4.2).

        Neither may `now` lie before the customer's own clock, nor the occurrence after `now`.
        """
        if (loaded.stale or loaded.timer < now) and loaded.next_timer() < now:
            self.fire(loaded, until=now, inclusive=False)
        if self.careful:
            decision = self._decided_with_care(loaded, occurrence, now, late=late)
        else:
            decision = advance(self.program, loaded.state, occurrence, now, late=late)
        self.enter(loaded, TOUCHPOINT, occurrence.name, at, now, body, decision, touchpoint=occurrence.id, late=late)
        if self.terms.analysed:
            put_off(self, loaded, occurrence, now, self.terms.sources)
        if occurrence.name in self.program.conversions:
            convert(self, loaded, occurrence, now, late=late)
        return decision

    # Apart, since what closures see is slower to reach for everybody else, too.
    def _decided_with_care(self, loaded: Loaded, occurrence: Occurrence, now: int, *, late: bool) -> Decision:
        return self.guarded(
            loaded,
            lambda: advance(self.program, loaded.state, occurrence, now, late=late),
            lambda error: park_touchpoint(self.program, loaded.state, occurrence, now, error, late=late),
        )

    def fire(self, loaded: Loaded, *, until: int, inclusive: bool) -> int:
        """Fire the customer's timers that are due, in due order, each at its due instant. Returns how many."""
        bound = until if inclusive else until - 1
        fired = 0
        while loaded.next_timer() <= bound:
            timer, decision = self._fire_one(loaded, bound)
            fired += 1
            if timer[5] == SEGMENT and not decision.trace:
                self.touch(loaded)  # a look that changed nothing tells nothing
                continue
            self.enter(loaded, "timer", timer[5], timer[0], loaded.state.now, "", decision)
        return fired

    def _fire_one(self, loaded: Loaded, until: int) -> tuple[Timer, Decision]:
        if not self.careful:
            return fire_next(self.program, loaded.state, until=until)
        return self.guarded(
            loaded,
            lambda: fire_next(self.program, loaded.state, until=until),
            lambda error: park_timer(self.program, loaded.state, error, until=until),
        )

    def apply(  # noqa: PLR0913 - the fields of a journal entry, and what it is made by
        self, loaded: Loaded, kind: str, name: str, now: int, decide: Callable[[], Decision], *,
        body: str = "", touchpoint: str | None = None, message: str | None = None,
        alone: Callable[[], Decision] | None = None, raised: Occurrence | None = None,
    ) -> Decision:  # fmt: skip
        """Take any other decision on a customer and write it to the journal.

        Args:
            loaded: the customer.
            kind: of journal entry.
            name: what the entry is about, such as a rule or a message.
            now: microseconds UTC.
            decide: takes the decision; may be asked again.
            body: of the entry; JSON.
            touchpoint: id of the entry, where it counts once.
            message: key of the message it is about; where what follows is defective, its run is parked and the rest
                stands.
            alone: what remains of the decision where what follows from it is defective; nothing unless given.
            raised: what the decision reacts to; unless given what `alone` leaves in its queue.
        """
        if self.careful:
            # Of what is defective after a message its own run is parked, and the rest asked again.
            again = alone if message is None else decide

            def parked(error: str) -> Decision:
                if message is None:
                    rest = park_act(self.program, loaded.state, kind, name, touchpoint or "", now, error, raised)
                else:
                    rest = park_after_message(self.program, loaded.state, message, now, error)
                if again is None:
                    return rest
                decision = again() if message is None else self._heard_or_hushed(loaded, again, error)
                decision.trace[:0] = rest.trace
                if message is None:
                    keep_raised(loaded.state, decision)
                return decision

            decision = self.guarded(loaded, decide, parked)
        else:
            decision = decide()
        if kind == "release" and not decision.trace:
            # A message that simply goes out: its outcome will be the entry.
            self.touch(loaded)
            write_effects(self, loaded, decision)
            return decision
        self.enter(loaded, kind, name, now, now, body, decision, touchpoint=touchpoint or "")
        return decision

    def _heard_or_hushed(self, loaded: Loaded, again: Callable[[], Decision], error: str) -> Decision:
        """The end of a message, and what follows; where that is defective, what others make of it is parked."""
        program = self.program

        def alone(_: str) -> Decision:
            self.program = hushed(program)
            try:
                decision = again()
            finally:
                self.program = program
            park_ends(program, loaded.state, decision, error)
            return decision

        return self.guarded(loaded, again, alone) if program.listening.ends else again()

    def guarded(self, loaded: Loaded, decide: Callable[[], T], parked: Callable[[str], T]) -> T:
        """Take a decision with care: one that is defective is undone, and `parked` says what is left of it (S4.3)."""
        before = state_to_text(loaded.state, dumps)
        profile = loaded.profile_record()
        try:
            return decide()
        except DefectiveJourney as error:
            loaded.state = state_from_record(loaded.id, profile_from_record(loads(profile)), loads(before))
            for pending in loaded.state.pending:
                if (outgoing := self.messages.get(pending.no)) is not None:
                    outgoing.pending = pending
            self.defects.append((loaded.id, str(error)))
            return parked(str(error))

    # The journal.

    def enter(  # noqa: PLR0913 - the fields of a journal entry
        self, loaded: Loaded, kind: str, name: str, at: int, now: int, body: str, decision: Decision,
        *, touchpoint: str = "", late: bool = False,
    ) -> None:  # fmt: skip
        """One journal entry, with what was decided."""
        trace, told, customer = decision.trace, "", loaded.no
        if trace or late:
            told = dumps([["late"], *trace] if late else trace)
            count_lines(self, trace)
        counters = self.tx.counters
        no = counters.entry
        counters.entry = no + 1
        self.changes.entries.append((no, customer, loaded.head, kind, touchpoint, name, at, now, body, told))
        loaded.head = no
        self.dirty[customer] = loaded  # as `touch` does
        loaded.stale = True
        if decision.effects:
            write_effects(self, loaded, decision)

    def tally(self, subject: str, name: str, what: str, n: int = 1) -> None:
        """Add to a count that names nobody."""
        tallies, key = self.changes.tallies, (subject, name, what)
        tallies[key] = tallies.get(key, 0) + n

    # Writing.

    def note_message(self, loaded: Loaded, pending: Pending, status: str, now: int, *, is_new: bool = False) -> None:
        """Have a message written at the end, as it is then."""
        known = self.messages.get(pending.no)
        if known is None:
            self.messages[pending.no] = _Outgoing(loaded.no, pending, status, now, is_new)
        else:
            known.pending, known.status, known.changed_at = pending, status, now

    def write(self) -> None:
        """Write everything into the transaction, at the end of it: this unit is not to be used any more."""
        changes = self.changes
        for no in sorted(self.dirty):  # in the order of the table, neighbours share their pages
            self._write_customer(self.dirty[no])
        if self.messages:
            for each in self.messages.values():
                (changes.messages if each.is_new else changes.messages_changed).append(each.row())
        if self.told:
            settle(self)
        if self.dirty or not changes.is_empty():
            if self.cache.figures is False:
                self.tx.write(changes)
            else:
                write_counted(self, changes)
        self.cache.shrink()

    def flush(self) -> None:
        """Write everything so far into the transaction, and go on."""
        self.write()
        self.changes = Changes.none()
        self._fresh.clear()
        self._looked_through = 0
        self.referred.clear()
        self.flushes += 1
        self.dirty.clear()
        self.messages.clear()

    def _write_customer(self, loaded: Loaded) -> None:
        state = loaded.state
        due = loaded.next_due()
        if due is not None and due < self.soonest:
            self.soonest = due
        record = state_to_text(state, dumps)
        profile = loaded.profile_record() if loaded.profile_changed else ""
        if loaded.is_new:
            row = CustomerRow(loaded.no, loaded.id, profile, record, loaded.head, due)
            self.changes.new_customers.append(row)
            if due is not None:
                self.changes.dues.append((None, due, loaded.no))
        else:
            self.changes.customers.append((profile, record, loaded.head, "" if due is None else due, loaded.no))
            if due != loaded.due:
                self.changes.dues.append((loaded.due, due, loaded.no))
        rare = state.rare
        if loaded.parked != len(rare.parked):
            self.changes.parked[loaded.no] = loaded.parked = len(rare.parked)
        if loaded.members is not rare.segments and loaded.members != rare.segments:
            write_members(self.changes, loaded)
        loaded.is_new = loaded.profile_changed = False
        loaded.due = due

    def fence(self, customer: str, key: str) -> int | None:
        """The fence of a customer's message in flight, as this unit sees it."""
        loaded = self.find(customer)
        pending = None if loaded is None else loaded.state.pending_by_key(key)
        return pending.fence if pending is not None and pending.status == IN_FLIGHT else None
