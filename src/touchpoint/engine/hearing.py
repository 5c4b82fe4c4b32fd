"""What customers say and wish for is noted as it is recorded, and when it was first answered (S8.1).

An answer is what goes from us to the customer and is about what they said, or about the same message, touchpoint or
case. What is noted is a row for each such touchpoint: constant work, and none in a store in which nobody said anything.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from touchpoint.channels.inbound import TASK_COMPLETED
from touchpoint.core.by_hand import SENT
from touchpoint.core.causes import answers_of, behind
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.state import Pending, Run
from touchpoint.model.contact import intent_of, topics_of
from touchpoint.stores.base import ContactRow, MessageRow, RunRow, WishRow
from touchpoint.stores.codec import loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit


def hear(unit: "Unit", loaded: "Loaded", it: Occurrence) -> None:
    """Note a touchpoint that is new: what it says, or what it answers. Before it is decided on."""
    if it.direction == "inbound":
        intent = intent_of(it.name, it.direction, it.properties)
        if intent is not None:
            _put(unit, ContactRow(loaded.no, it.id, intent, it.about or "", "", it.at, None))
            unit.cache.has_contacts = True
            if intent == "wish":
                wished(unit, loaded.no, it.id, it.at, topics_of(it.properties))
    elif it.about is not None and has_contacts(unit):
        if it.direction == "outbound":
            answered(unit, loaded, {it.about, it.id}, it.at)
        elif it.name == TASK_COMPLETED:
            answered(unit, loaded, _answered_by_task(unit, loaded, it.about), it.at)


def wished(unit: "Unit", customer: int, identity: str, at: int, topics: Iterable[str]) -> None:
    """Note what a touchpoint wishes for: topics in their one form. Once more changes nothing."""
    unit.changes.wishes += [WishRow(topic, customer, identity, at) for topic in topics]


def has_contacts(unit: "Unit") -> bool:
    """Whether anybody ever said anything; asked of the store once."""
    cache = unit.cache
    if cache.has_contacts is None:
        cache.has_contacts = unit.tx.has_contacts()
    return cache.has_contacts


def sent(unit: "Unit", loaded: "Loaded", pending: Pending, run: Run | None, at: int) -> None:
    """A message went out: what it answers is answered. A task answers when it is done, not when it is assigned.

    `run` is as it was when the message ended; None where it was over before.
    """
    if not has_contacts(unit):
        return
    links = _behind_run(unit, loaded, pending.run_no) if run is None else answers_of(run)
    if pending.channel in unit.world.human:
        _led_to(unit, loaded, pending.key, links)  # what its run has come to by then is not known when it is done
    else:
        answered(unit, loaded, links, at)


def proven(unit: "Unit", loaded: "Loaded", row: MessageRow) -> None:
    """A message of which nobody knew whether it went out has gone out, at the instant of its release."""
    if row.channel not in unit.world.human and row.at is not None and has_contacts(unit):
        answered(unit, loaded, _behind_run(unit, loaded, row.run), row.at)


def opened(unit: "Unit", loaded: "Loaded", case: str, said: Iterable[str]) -> None:
    """A case was opened because of what somebody said: whoever answers the case answers that."""
    if has_contacts(unit):
        _led_to(unit, loaded, case, set(said))


def _led_to(unit: "Unit", loaded: "Loaded", what: str, links: set[str]) -> None:
    for row in _open(unit, loaded):
        if not row.opened and not links.isdisjoint((row.id, row.about or row.id)):
            _put(unit, row._replace(opened=what))


def answered(unit: "Unit", loaded: "Loaded", links: set[str], at: int) -> None:
    """Whatever is linked and was said by then is answered, at this instant; what was answered before stays so."""
    if not has_contacts(unit):
        return
    for row in _open(unit, loaded):
        if row.at <= at and not links.isdisjoint((row.id, row.about or row.id, row.opened or row.id)):
            _put(unit, row._replace(answered_at=at))


def _put(unit: "Unit", row: ContactRow) -> None:
    unit.changes.contacts[row.customer, row.id] = row


def _open(unit: "Unit", loaded: "Loaded") -> list[ContactRow]:
    """What a customer said that nobody has answered, as this unit knows it."""
    fresh = {key: row for key, row in unit.changes.contacts.items() if key[0] == loaded.no}
    stored = [] if loaded.is_new else unit.tx.contacts_open(loaded.no)
    known = {(row.customer, row.id): row for row in stored} | fresh
    return [row for row in known.values() if row.answered_at is None]


def _answered_by_task(unit: "Unit", loaded: "Loaded", key: str) -> set[str]:
    row = unit.tx.message(key)
    if row is None:
        return set()
    run = next((each for each in loaded.state.runs if each.no == row.run), None)
    return {key, *_behind_run(unit, loaded, row.run), *(() if run is None else answers_of(run))}


def _behind_run(unit: "Unit", loaded: "Loaded", no: int) -> set[str]:
    """What led to a run that may be over."""
    rows: list[RunRow] = [*unit.tx.runs(loaded.no), *(row for row in unit.changes.runs if row.customer == loaded.no)]
    cause = next((row.cause for row in rows if row.no == no), None)
    if cause is None:
        return set()
    cases = [(row.kind, row.ref) for row in unit.tx.cases(loaded.no)]
    found = set(behind(cause, {row.id: row.cause for row in rows}, cases))
    return found | _by_hand(unit, loaded, found)


def _by_hand(unit: "Unit", loaded: "Loaded", ids: set[str]) -> set[str]:
    """What a person said that something sent by hand is about."""
    pairs = [(each, loaded.no) for each in ids]
    entries = [entry for entry in unit.seen(pairs, pairs).values() if entry.type == SENT]
    return {about for entry in entries if (about := loads(entry.body)[3]) is not None}
