"""What customers say and wish for is noted as it is recorded, and when it was first answered (S8.1).

An answer is what goes from us to the customer and is about what they said, or about the same message, touchpoint or
case. What is noted is a row for each such touchpoint: constant work, and none in a store in which nobody said anything.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from touchpoint.channels.inbound import TASK_COMPLETED
from touchpoint.core.by_hand import SENT
from touchpoint.core.causes import answers_of, behind
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.state import Pending, Run
from touchpoint.engine.analysing import FEEDBACK_ANALYSED, as_touchpoint
from touchpoint.model.contact import REPLIED, UNKNOWN_INTENT, intent_of, topics_of
from touchpoint.model.feedback import INTENTS
from touchpoint.model.feedback_source import FEEDBACK, feedback_of
from touchpoint.stores.base import ContactRow, MessageRow, RunRow, WishRow
from touchpoint.stores.codec import loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit


_OF_WORDS: Final = frozenset({FEEDBACK, REPLIED})


def hear(unit: "Unit", loaded: "Loaded", it: Occurrence) -> None:
    """Note a touchpoint that is new: what it says, or what it answers. Before it is decided on."""
    if it.direction == "inbound":
        if it.name not in unit.terms.sources and it.name not in _OF_WORDS and "intent" not in it.properties:
            return  # as most are: no more than this is paid for it
        intent = _intent(unit, loaded, it)
        if intent is not None:
            _said(unit, loaded, it, intent)
    elif it.about is not None and has_contacts(unit):
        if it.direction == "outbound":
            answered(unit, loaded, {it.about, it.id}, it.at)
        elif it.name == TASK_COMPLETED:
            answered(unit, loaded, _answered_by_task(unit, loaded, it.about), it.at)
        elif it.name == FEEDBACK_ANALYSED:
            _understood(unit, loaded, it, it.about)


def _intent(unit: "Unit", loaded: "Loaded", it: Occurrence) -> str | None:
    if it.name not in unit.terms.sources or it.properties.get("intent") in INTENTS:
        return intent_of(it.name, it.direction, it.properties)
    said = feedback_of(as_touchpoint(loaded.id, it), unit.terms.sources)
    return None if said is None else said.intent or UNKNOWN_INTENT


def _said(unit: "Unit", loaded: "Loaded", it: Occurrence, intent: str) -> None:
    reply = _contact(unit, loaded, _reply(it.id)) if _reply(it.id) else None
    if reply is None:
        _put(unit, ContactRow(loaded.no, it.id, intent, it.about or "", "", it.at, None))
    elif intent and not reply.intent:  # the same words, read as feedback: they were said once
        _put(unit, reply._replace(intent=intent))
    unit.cache.has_contacts = True
    if intent == "wish":
        wished(unit, loaded.no, it.id, it.at, topics_of(it.properties))


def _understood(unit: "Unit", loaded: "Loaded", it: Occurrence, about: str) -> None:
    """An analyser has found what somebody wants; what they stated themselves stands."""
    row = _contact(unit, loaded, about) or _contact(unit, loaded, _reply(about))
    found = it.properties.get("intent")
    if row is None or not isinstance(found, str) or found not in INTENTS:
        return
    if not row.intent:
        row = row._replace(intent=found)
        _put(unit, row)
    if row.intent == "wish":
        wished(unit, loaded.no, about, row.at, topics_of(it.properties))


def _contact(unit: "Unit", loaded: "Loaded", identity: str) -> ContactRow | None:
    fresh = unit.changes.contacts.get((loaded.no, identity))
    if fresh is not None or loaded.is_new or not identity:
        return fresh
    return next((row for row in unit.tx.contacts_of(loaded.no) if row.id == identity), None)


def _reply(identity: str) -> str:
    """The reply that this feedback was read out of, by its id; empty for none."""
    head, _, rest = identity.partition(":")
    return rest if head == FEEDBACK else ""


def _with_origins(links: set[str]) -> set[str]:
    """Links, and what these were made of: feedback was read out of a reply, and an analysis out of feedback."""
    found = set(links)
    for each in links:
        head, _, rest = each.partition(":")
        while head in (FEEDBACK, FEEDBACK_ANALYSED) and rest:
            found.add(rest)
            head, _, rest = rest.partition(":")
    return found


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
    links = _with_origins(links)
    for row in _open(unit, loaded, links):
        if not row.opened and not links.isdisjoint((row.id, row.about or row.id)):
            _put(unit, row._replace(opened=what))


def answered(unit: "Unit", loaded: "Loaded", links: set[str], at: int) -> None:
    """Whatever is linked and was said by then is answered, at this instant; what was answered before stays so."""
    if not has_contacts(unit):
        return
    links = _with_origins(links)
    for row in _open(unit, loaded, links):
        if row.at <= at and not links.isdisjoint((row.id, row.about or row.id, row.opened or row.id)):
            _put(unit, row._replace(answered_at=at))


def _put(unit: "Unit", row: ContactRow) -> None:
    unit.changes.contacts[row.customer, row.id] = row


def _open(unit: "Unit", loaded: "Loaded", links: set[str]) -> list[ContactRow]:
    """What a customer said that nobody has answered, as this unit knows it; of what is stored, what is linked."""
    fresh = {key: row for key, row in unit.changes.contacts.items() if key[0] == loaded.no}
    stored = [] if loaded.is_new else unit.tx.contacts_open(loaded.no, sorted(links))
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
