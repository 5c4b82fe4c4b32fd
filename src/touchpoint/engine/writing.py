"""What the effects of a decision mean for the store: numbers are given, rows are made."""

from decimal import Decimal
from typing import TYPE_CHECKING

from touchpoint.core.decision import (
    AddressStands,
    CaseClosed,
    CaseOpened,
    ConsentSaid,
    ControlSet,
    Decision,
    Effect,
    Emitted,
    MessageBegun,
    MessageChanged,
    MessageEnded,
    ProfileChanged,
    RunEnded,
    RunStarted,
    Spent,
)  # fmt: skip
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.state import Pending, Run
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import AddressRow, CaseRow, ConsentRow, ControlRow, EntryRow, RunRow
from touchpoint.stores.codec import dumps

if TYPE_CHECKING:
    from touchpoint.engine.unit import Loaded, Unit


def write_effects(unit: "Unit", loaded: "Loaded", decision: Decision) -> None:
    """Turn a decision's effects into changes of this unit."""
    for effect in decision.effects:
        _write(unit, loaded, effect, decision.now)


def _write(unit: "Unit", loaded: "Loaded", effect: Effect, now: int) -> None:
    changes = unit.changes
    match effect:
        case RunStarted(run):
            _start(unit, loaded, run)
        case RunEnded(run, at, reason):
            changes.runs_ended.append((at, reason, run.no))
        case CaseOpened(kind, ref, held):
            held[1] = unit.tx.counters.case
            unit.tx.counters.case += 1
            changes.cases.append(CaseRow(held[1], loaded.no, kind, ref, held[0], None))
        case CaseClosed(held, at):
            changes.cases_closed.append((at, held[1]))
        case MessageBegun(pending):
            _begin(unit, loaded, pending, now)
        case MessageChanged(pending):
            unit.note_message(loaded, pending, pending.status, now)
        case MessageEnded(pending, status, at):
            _end(unit, loaded, pending, status, at)
        case AddressStands(kind, key, standing, reason):
            changes.addresses.append(AddressRow(kind, key, standing, reason, now))
            unit.world.standings = {**unit.world.standings, (kind, key): (standing, reason)}
            unit.standings_known = True
            loaded.profile_changed = True
        case ConsentSaid(purpose, channel, fact):
            changes.consents.append(consent_row(loaded.no, now, purpose, channel, fact, {}))
            loaded.profile_changed = True
        case ControlSet(scope, name, reason):
            _control(unit, scope, name, reason, now)
        case Spent(message, worth):
            unit.spend(message, Decimal(str(worth)))
        case Emitted(occurrence):
            _emit(unit, loaded, occurrence, now)
        case ProfileChanged():
            loaded.profile_changed = True


def _start(unit: "Unit", loaded: "Loaded", run: Run) -> None:
    run.no = unit.tx.counters.run
    unit.tx.counters.run += 1
    key = None if run.key is None else str(run.key)
    unit.changes.runs.append(
        RunRow(run.no, run.id, loaded.no, run.journey, run.rule, key, run.trigger.id, run.started, None, None)
    )


def _begin(unit: "Unit", loaded: "Loaded", pending: Pending, now: int) -> None:
    pending.no = unit.tx.counters.message
    unit.tx.counters.message += 1
    run = loaded.state.run_by_order(pending.run)
    pending.run_no = run.no if run is not None else 0
    unit.tally(_subject(pending), pending.message, "begun")
    unit.note_message(loaded, pending, pending.status, now, is_new=True)


def _end(unit: "Unit", loaded: "Loaded", pending: Pending, status: str, at: int) -> None:
    unit.note_message(loaded, pending, status, at)
    unit.tally(_subject(pending), pending.message, status)
    if status == "sent" and not pending.is_call:
        unit.tally("channel", pending.channel or "", "sent")


def _subject(pending: Pending) -> str:
    return "call" if pending.is_call else "message"


def _control(unit: "Unit", scope: str, name: str, reason: str, now: int) -> None:
    unit.changes.controls.append(ControlRow(scope, name, reason, now, None))
    if scope == "channel":
        unit.world.paused = {**unit.world.paused, name: reason}
    else:
        unit.world.stopped = {**unit.world.stopped, name: reason}


def _emit(unit: "Unit", loaded: "Loaded", occurrence: Occurrence, now: int) -> None:
    no = unit.tx.counters.entry
    unit.tx.counters.entry += 1
    body = dumps([occurrence.channel, occurrence.location, occurrence.direction, None, occurrence.properties])
    unit.changes.entries.append(
        EntryRow(no, loaded.no, loaded.head, TOUCHPOINT, occurrence.id, occurrence.name, occurrence.at, now, body, None)
    )
    loaded.head = no


def consent_row(
    customer: int, now: int, purpose: str, channel: str, fact: ConsentFact, evidence: dict[str, object]
) -> ConsentRow:
    """A line of the consent ledger."""
    body = {"basis": fact.basis, "source": fact.source, "expires_at": fact.expires_at, **evidence}
    return ConsentRow(customer, fact.at, now, purpose, channel, fact.granted, dumps(body))
