"""Referrals (S4.1): one customer brings another, in one transaction, and what a friend does first counts for both.

Who the two are stands in a row of its own. Their timelines name the referral, never each other, so that what stays of
one says nothing of the other when that one is erased. The store has one writer at a time, so what is read here of
others (who came through whom) stays true until this transaction commits.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import instant
from touchpoint.engine.intake import Prepared, prepare
from touchpoint.errors import CustomerErased, InvalidInput, ReferralRefused, StoreCorrupt
from touchpoint.journey.triggers import Referred, Trigger
from touchpoint.model.referral import CONVERTED, MADE, RECEIVED, Referral, referral_id, referral_number
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import EntryRow, ReferralRow
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit

DROPPED: Final = "referral dropped"
"""A line of a merge's trace: the referral, and why it stands no more."""
_CHAIN: Final = 1_000
"""How many people, each brought by the next, are looked at to exclude a ring."""
_ID: Final = "referral"
_PAGE: Final = 1_000
_SHOWN: Final = 20


def checked(
    by: str, customer: str, at: datetime | None, channel: str | None, location: str | None,
    properties: Mapping[str, object] | None, now: int, skew: int,
) -> tuple[Prepared, Prepared]:  # fmt: skip
    """The touchpoints of both, but for their ids. Raises InvalidTouchpoint."""
    given = {} if properties is None else properties
    if isinstance(given, Mapping) and _ID in given:
        raise InvalidInput("properties: the property 'referral' is the engine's own; give yours another name")
    made = Touchpoint(by, MADE, at, _ID, given, channel, location)
    received = Touchpoint(customer, RECEIVED, at, _ID, given, channel, location, "internal")
    one, other = (prepare(each, now=now, skew=skew, declared={}, refers=True) for each in (made, received))
    return one, other


def refer(unit: "Unit", made: Prepared, received: Prepared, now: int, late_after: int) -> Referral:
    """Have one customer be brought by another, unless somebody brought them before.

    Raises:
        CustomerErased: either of them was erased.
        ReferralRefused: it would go back to whoever is referred. Nothing was changed.
    """
    from touchpoint.engine.acts import take_one  # it stands on this module

    advocate, friend = _known(unit, made.customer), _known(unit, received.customer)
    if made.customer == received.customer or (advocate is not None and advocate is friend):
        raise ReferralRefused("self")
    unit.flush()
    stands = None if friend is None else row_of(unit, friend)
    if stands is not None:
        return _again(unit, stands, advocate, made)
    if advocate is not None and friend is not None:
        _refuse_rings(unit, advocate, friend)
    advocate, friend = unit.find_or_add(made.customer, now), unit.find_or_add(received.customer, now)
    no = _free_number(unit, advocate, friend)
    _name(made, referral_id(no), None)
    _name(received, f"{referral_id(no)}:friend", referral_id(no))
    late = take_one(unit, advocate, made, now, late_after)
    take_one(unit, friend, received, now, late_after)
    row = ReferralRow(no, advocate.no, friend.no, received.occurrence.at, None, "{}", "")
    _put(unit, row)
    unit.cache.has_referrals = True
    unit.tally(_ID, "", "made")
    unit.flush()  # whoever asks next finds it in the store, in this transaction already
    return told(unit, row, late=late)


def _known(unit: "Unit", customer: str) -> "Loaded | None":
    loaded = unit.find(customer)
    if loaded is None and unit.is_erased(customer):
        raise CustomerErased
    return loaded


def _again(unit: "Unit", row: ReferralRow, advocate: "Loaded | None", made: Prepared) -> Referral:
    if advocate is None or row.advocate != advocate.no:
        return told(unit, row, taken=True)
    pair = (referral_id(row.no), advocate.no)
    entry = unit.seen([pair], [pair]).get(pair)
    return told(unit, row, duplicate=True, differs=entry is not None and _differs(entry, made, row.no))


def _differs(entry: EntryRow, made: Prepared, no: int) -> bool:
    _name(made, referral_id(no), None)
    return entry.body != made.body or (made.at is not None and made.at != entry.at)


def _refuse_rings(unit: "Unit", advocate: "Loaded", friend: "Loaded") -> None:
    if not unit.tx.referrals_by(friend.no, 0, 1):
        return  # nobody came through them
    why = _leads_to(unit, advocate.no, frozenset({friend.no}))
    if why:
        raise ReferralRefused(why)


def _leads_to(unit: "Unit", advocate: int, people: frozenset[int]) -> str:
    """Whether somebody came through any of these people: `ring`, `chain` where nobody can tell, or nothing."""
    at: int | None = advocate
    for _ in range(_CHAIN):
        if at in people:
            return "ring"
        row = None if at is None else unit.tx.referral_of(at)
        if row is None:
            return ""
        at = row.advocate
    return "chain"


def _free_number(unit: "Unit", advocate: "Loaded", friend: "Loaded") -> int:
    """The next number whose ids neither timeline has: it may have been fed with what another store exported."""
    counters = unit.tx.counters
    while True:
        no = counters.referral
        counters.referral = no + 1
        pairs = [(referral_id(no), advocate.no), (f"{referral_id(no)}:friend", friend.no)]
        if not unit.seen(pairs, pairs):
            return no


def _name(each: Prepared, identity: str, about: str | None) -> None:
    """Give a touchpoint the ids that only the transaction can know."""
    occurrence = each.occurrence
    each.id = occurrence.id = identity
    occurrence.about = about
    occurrence.properties = {**occurrence.properties, _ID: about or identity}
    each.body = _body(occurrence)


def _body(it: Occurrence) -> str:
    return dumps([it.channel, it.location, it.direction, it.about, it.properties])


def _put(unit: "Unit", row: ReferralRow) -> None:
    unit.changes.referrals[row.no] = row
    if row.friend is not None:
        unit.referred[row.friend] = row


# What a friend does first.


def row_of(unit: "Unit", friend: "Loaded") -> ReferralRow | None:
    """The referral by which a customer came, as this unit knows it."""
    cache = unit.cache
    if cache.has_referrals is None:
        cache.has_referrals = unit.tx.has_referrals()
    if not cache.has_referrals:
        return None
    return unit.referred.get(friend.no) or unit.tx.referral_of(friend.no)


def convert(unit: "Unit", friend: "Loaded", done: Occurrence, now: int, *, late: bool) -> None:
    """Tell whoever referred a customer of what that one has done for the first time.

    It is told at once, in the same transaction, and stands on the other timeline as a touchpoint: so a replay of
    either timeline decides alike.
    """
    row = row_of(unit, friend)
    if row is None or done.name in (known := loads(row.body)):
        return
    first = done.at >= row.at and not _did_before(unit, friend, done)
    known[done.name] = done.at if first else None  # whoever did it before is nobody's new customer, now and for ever
    converted_at = row.converted_at if row.converted_at is not None or not first else done.at
    row = row._replace(converted_at=converted_at, body=dumps(known))
    _put(unit, row)
    if first:
        unit.tally(_ID, done.name, "converted")
        _thankable(unit, row, done, now, late=late)


def _did_before(unit: "Unit", friend: "Loaded", done: Occurrence) -> bool:
    """Whether anything else of this type is on the timeline. Looked up once for each referral and type."""
    fresh = any(
        (row[1], row[3], row[5]) == (friend.no, TOUCHPOINT, done.name) and row[4] != done.id
        for row in unit.changes.entries
    )
    stored = (each for each in unit.tx.journal(friend.no) if each.kind == TOUCHPOINT and each.type == done.name)
    return fresh or any(each.id != done.id for each in stored)


def _thankable(unit: "Unit", row: ReferralRow, done: Occurrence, now: int, *, late: bool) -> None:
    if row.advocate is None:
        return  # erased since
    try:
        advocate = unit.by_number(row.advocate)
    except StoreCorrupt:
        return  # it is reported when somebody asks for that customer; the friend is not held up by it (S11.4)
    at, identity = max(now, advocate.state.now), f"{referral_id(row.no)}:{done.name}"
    if unit.seen([(identity, advocate.no)], [(identity, advocate.no)]):
        return
    told_of = Occurrence(
        TOUCHPOINT, CONVERTED, min(done.at, at), identity, _said_of(row, done), direction="internal",
        about=referral_id(row.no),
    )  # fmt: skip
    unit.touchpoint(advocate, told_of, _body(told_of), at, at=told_of.at, late=late)
    unit.beside.append(advocate)


def _said_of(row: ReferralRow, done: Occurrence) -> dict[str, object]:
    """What the one who refers is told: nothing of what the friend did but that it was done, and how soon."""
    return {_ID: referral_id(row.no), "converted": done.name, "after": instant(done.at) - instant(row.at)}


def remember(unit: "Unit", loaded: "Loaded", recorded: Occurrence, made: dict[str, int]) -> None:
    """Have a referral that was recorded once stand again, for a replay: the touchpoints of both say who they are.

    Args:
        unit: in which it happens.
        loaded: whose touchpoint it is.
        recorded: the touchpoint.
        made: who made which referral, by its id.
    """
    if recorded.name == MADE:
        made.setdefault(recorded.id, loaded.no)
    elif recorded.name == RECEIVED and recorded.about is not None:
        no, advocate = referral_number(recorded.about), made.get(recorded.about)
        if no is None or advocate is None or row_of(unit, loaded) is not None:
            return
        stored = unit.tx.referrals_by(advocate, no - 1, 1)
        if no not in unit.changes.referrals and no not in [row.no for row in stored]:
            unit.cache.has_referrals = True
            unit.tx.counters.referral = max(unit.tx.counters.referral, no + 1)
            _put(unit, ReferralRow(no, advocate, loaded.no, recorded.at, None, "{}", ""))


# One person under two ids.


def join(unit: "Unit", source: "Loaded", target: "Loaded") -> list[list[Any]]:
    """Have one of two people's referrals stand, before they become one. Lines for the trace of what was dropped.

    Of two the one that has converted stands, else the earlier. One that would then come from the person themselves,
    directly or by way of others, is dropped.
    """
    people = frozenset({source.no, target.no})
    found = [row for each in (source, target) if (row := unit.tx.referral_of(each.no)) is not None]
    found.sort(key=lambda row: (row.converted_at is None, row.at, row.no))
    dropped = [(row, "second") for row in found[1:]]
    for row in found[:1]:
        why = "self" if row.advocate in people else ""
        if not why and row.advocate is not None:
            why = _leads_to(unit, row.advocate, people)
        if why:
            dropped.append((row, why))
    for row, why in dropped:
        unit.changes.referrals[row.no] = row._replace(friend=None, dropped=why)
        unit.tally(_ID, "", f"dropped: {why}")
    unit.flush()
    return [[DROPPED, referral_id(row.no), why] for row, why in dropped]


# Telling.


def told(unit: "Unit", row: ReferralRow, **more: bool) -> Referral:
    """A referral as hosts see it."""
    did = loads(row.body).items()
    return Referral(
        id=referral_id(row.no), by=_id_of(unit, row.advocate), customer=_id_of(unit, row.friend), at=instant(row.at),
        converted={name: instant(at) for name, at in did if at is not None}, **more,
    )  # fmt: skip


def awaited_of(unit: "Unit", loaded: "Loaded", triggers: Iterable[Trigger]) -> Iterator[str]:
    """Of each friend who has not done what these triggers wait for, a sentence: not yet, or never any more (S10)."""
    for trigger in triggers:
        if not isinstance(trigger, Referred) or trigger.converted is None:
            continue
        for row in unit.tx.referrals_by(loaded.no, 0, _SHOWN):
            did = loads(row.body)
            if row.friend is None and trigger.converted not in did:
                yield f"{referral_id(row.no)}: the friend was erased"
            elif trigger.converted not in did:
                yield f"{referral_id(row.no)}: the friend has not done {trigger.converted} since"
            elif did[trigger.converted] is None:
                yield f"{referral_id(row.no)}: never counts, the friend had done {trigger.converted} before"


def referrals_of(unit: "Unit", loaded: "Loaded") -> list[ReferralRow]:
    """The one by which a customer came, if any, and all of their own that stand. What was written so far counts."""
    came = unit.tx.referral_of(loaded.no)
    found = [] if came is None else [came]
    after = 0
    while page := unit.tx.referrals_by(loaded.no, after, _PAGE):
        found += page
        after = page[-1].no
    return found


def _id_of(unit: "Unit", no: int | None) -> str | None:
    if no is not None:
        with suppress(IndexError):
            return unit.tx.customers_by_number([no])[0].id
    return None
