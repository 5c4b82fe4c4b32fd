"""Erasing a person (S1.7), letting them in again, and one person under two ids (S1.6).

What can be said to whom about it is in docs/how-to/privacy.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.core.pace import scope_name
from touchpoint.core.records import profile_from_record, stages_in
from touchpoint.core.state import Profile
from touchpoint.engine import erased
from touchpoint.engine.figuring import uncount
from touchpoint.engine.unit import Unit
from touchpoint.errors import StoreCorrupt, TouchpointError
from touchpoint.model.consent import ANY
from touchpoint.model.delivery import formerly, kind_of, takes
from touchpoint.stores.base import AddressRow, CustomerRow, EventRow
from touchpoint.stores.codec import loads

_TELLING: Final = 8
"""Bytes from which on a text tells somebody."""


@attrs.frozen(kw_only=True)
class Erased:
    """What was removed.

    Args:
        found: whether anything was held about the customer at all; the id is kept out in any case.
        ids: how many ids the person had.
        touchpoints: journal entries: touchpoints, and what was decided.
        messages, runs, cases, consents, tasks: rows of these.
        events: what waited for a reference that nobody knew, and was about the person.
        contacts, wishes: how much of what they said, and wished for, was noted.
        referrals: how many name the person no more; that there was one stays with the other person.
        gifts: what was kept of gifts; what was spent on them stays spent, and names nobody.
        addresses: how many addresses are kept as hashes.
        folded: whether the bytes are gone from the file and its log, too. False: somebody still reads an older state,
            or the transaction is the host's own; `Engine.checkpoint()` does it afterwards.
    """

    found: bool = True
    ids: int = 1
    touchpoints: int = 0
    messages: int = 0
    runs: int = 0
    cases: int = 0
    consents: int = 0
    tasks: int = 0
    events: int = 0
    contacts: int = 0
    wishes: int = 0
    referrals: int = 0
    gifts: int = 0
    addresses: int = 0
    folded: bool = False


def row_of(unit: Unit, customer: str) -> CustomerRow | None:
    """A customer as stored, by any of their ids. Raises StoreError."""
    rows = unit.tx.customers([customer])
    if not rows and (known := unit.tx.aliases([customer])):
        rows = unit.tx.customers_by_number([known[customer]])
    return rows[0] if rows else None


@attrs.frozen
class Left:
    """What nobody may find any more, for those who look whether it is left: ids, and how rows of the person begin."""

    ids: frozenset[str] = attrs.field(repr=False)
    rows: frozenset[str] = attrs.field(default=frozenset(), repr=False)

    def marks(self) -> list[str]:
        """Those that are long enough to tell somebody: a short one would be found in what is somebody else's."""
        return sorted(each for each in self.ids | self.rows if len(each.encode()) >= _TELLING)


def erase(unit: Unit, customer: str, adapters: Mapping[str, Adapter], now: int) -> tuple[Erased, Left]:
    """Remove a person everywhere; what stays is hashes of ids and addresses. Tells what must not be left, too.

    The record itself is not read more than it must be: one that is damaged can be erased, too.

    Raises:
        SecretNeeded: the engine has no secret, or not the one that was used before.
    """
    erased.hashes(unit)  # before anything is done
    unit.flush()
    row = row_of(unit, customer)
    if row is None:
        erased.keep_id(unit, customer, now)
        unit.flush()
        return Erased(found=False), Left(frozenset({customer}))
    ids = {customer, row.id, *unit.tx.aliases_of(row.no)}
    profile = _profile(row)
    held = addresses_of(unit, row.no, profile)
    for each in sorted(ids):
        erased.keep_id(unit, each, now)
    _bury_addresses(unit, row.no, held, profile, now)
    events = [no for no, _ in events_about(unit, ids, held, adapters)]
    unit.changes.events_gone += events
    _leave_stages(unit, row)
    rows = frozenset(_beginnings(unit, row, held))
    uncount(unit, row.no, erased=True)
    counts = unit.tx.erase(row.no)
    unit.cache.forget(row.no)
    unit.flush()
    removed = Erased(
        ids=len(ids), touchpoints=counts["journal"], messages=counts["messages"], runs=counts["runs"],
        cases=counts["cases"], consents=counts["consents"], tasks=counts["tasks"], events=len(events),
        contacts=counts["contacts"], wishes=counts["wishes"], referrals=counts["referrals"], gifts=counts["gifts"],
        addresses=len(held),
    )  # fmt: skip
    return removed, Left(frozenset(ids), rows)


def readmit(unit: Unit, customer: str) -> bool:
    """Take new touchpoints about an id that was erased, as of somebody new. Whether it was kept out."""
    kept_out = unit.is_erased(customer)
    if kept_out:
        unit.changes.tombstones_gone += erased.hashes(unit).every(erased.ID, customer)
        unit.flush()
        unit.cache.secrets = unit.tx.secrets()
    return kept_out


def _beginnings(unit: Unit, row: CustomerRow, held: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Texts as they follow each other in rows and keys, so that short ids can be told from what is somebody else's."""
    tx = unit.tx
    yield row.id + row.profile[:_TELLING]
    for kind, key in held:
        yield from (key, key.partition("@")[0], key + kind, key + formerly(kind), f'"{kind}","{key}"')
    yield from (each.id for each in tx.runs(row.no))
    yield from (each.key for each in tx.messages(row.no))
    yield from (each.kind + each.ref for each in tx.cases(row.no))
    yield from (each.id + each.intent + each.about for each in tx.contacts_of(row.no))
    yield from (each.id for each in tx.wishes_of(row.no))
    with suppress(StoreCorrupt):
        for entry in tx.journal(row.no):
            if entry.id is not None:
                yield from (entry.id, entry.kind + entry.id + entry.type)


def _profile(row: CustomerRow) -> Profile:
    with suppress(StoreCorrupt, ValueError, TypeError, LookupError, AttributeError):
        return profile_from_record(loads(row.profile))
    return Profile()


def addresses_of(unit: Unit, customer: int, profile: Profile) -> list[tuple[str, str]]:
    """(kind, key) of every address that a customer has or had, as far as anything tells: each once."""
    found = [(each.kind, each.key) for each in profile.addresses]
    found += [(kind.removeprefix(formerly("")), key) for kind, key in unit.tx.links(customer)]
    sent_to = (loads(row.sent_to) for row in unit.tx.messages(customer) if row.sent_to is not None)
    return list(dict.fromkeys([*found, *((kind, key) for kind, key in sent_to)]))


def _bury_addresses(unit: Unit, customer: int, held: list[tuple[str, str]], profile: Profile, now: int) -> None:
    written = unit.tx.standings([key for _, key in held])
    withdrawn = [(*key, fact.at) for key, fact in profile.consents.items() if not fact.granted]
    channels = {*unit.world.channels, *(row.channel for row in unit.tx.messages(customer) if row.channel)}
    for address in held:
        kind, key = address
        erased.keep(unit, address, erased.ADDRESS, "", now)
        known = {row.kind: row for row in written if row.key == key and kind_of(row.kind) == kind}
        for row in (*known.values(), *_own_standing(profile, address, known, now)):
            erased.keep_standing(unit, row)
        for purpose, channel, at in withdrawn:
            if channel == ANY or takes(unit.world.channels.get(channel, frozenset({kind})), kind):
                erased.keep_withdrawal(unit, address, purpose, channel, at)
        if not _shared(unit, address, customer):
            unit.changes.addresses_gone += [(row.kind, key) for row in known.values()]
            unit.changes.paces_gone += [scope_name(channel, "recipient", kind, key) for channel in sorted(channels)]


def _own_standing(
    profile: Profile, address: tuple[str, str], written: Mapping[str, AddressRow], now: int
) -> Iterator[AddressRow]:
    """How an address stands in the profile alone."""
    for each in profile.addresses:
        if (each.kind, each.key) == address and each.standing != "active" and each.kind not in written:
            yield AddressRow(each.kind, each.key, each.standing, each.reason, now)


def _shared(unit: Unit, address: tuple[str, str], customer: int) -> bool:
    """Whether somebody else has this address, or had it."""
    kind, key = address
    return any(each != customer for name in (kind, formerly(kind)) for each in unit.tx.reached(name, key))


def events_about(
    unit: Unit, ids: Iterable[str], held: Sequence[tuple[str, str]], adapters: Mapping[str, Adapter]
) -> list[tuple[int, EventRow]]:
    """(number, event) of what waits for a reference that nobody knows, and comes from this person."""
    return [(no, event) for no, event in unit.tx.waiting_events() if _is_about(event, ids, held, adapters)]


def _is_about(
    event: EventRow, ids: Iterable[str], held: Iterable[tuple[str, str]], adapters: Mapping[str, Adapter]
) -> bool:
    _, fields = loads(event.body)
    if fields.get("customer") in ids:
        return True
    address = fields.get("address")
    return address is not None and any(key in {address, _normal(event.channel, address, adapters)} for _, key in held)


def _normal(channel: str, address: str, adapters: Mapping[str, Adapter]) -> str:
    with suppress(TouchpointError, KeyError):
        return adapters[channel].normalise(address).key
    return address


def _leave_stages(unit: Unit, row: CustomerRow) -> None:
    """Counts of who is where now have one fewer; all others stay (S1.7)."""
    stages: Any = {}
    with suppress(StoreCorrupt, ValueError, TypeError, LookupError):
        stages = stages_in(loads(row.state))
    if isinstance(stages, dict):
        for journey, held in stages.items():
            unit.tally("stage", f"{journey}/{held[0]}", "now", -1)
