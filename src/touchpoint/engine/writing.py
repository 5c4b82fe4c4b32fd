"""What the effects of a decision mean for the store: numbers are given, rows are made."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from touchpoint.core.cases import CaseChanged, CaseClosed, CaseOpened, LiveCase, deadlines_to_record
from touchpoint.core.decision import (
    AddressStands,
    Booked,
    ConsentSaid,
    ControlSet,
    Counted,
    Decision,
    Effect,
    Emitted,
    GiftWaits,
    MessageBegun,
    MessageChanged,
    MessageEnded,
    NothingCame,
    Paced,
    ProfileChanged,
    RefLearned,
    RunEnded,
    RunJoined,
    RunStarted,
    Spent,
    TaskAssigned,
    Unbooked,
)  # fmt: skip
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.state import Pending
from touchpoint.engine import accounts, hearing, shared
from touchpoint.engine.asking import join_asked, note_asked
from touchpoint.model.case import about_case
from touchpoint.model.delivery import TASK_EXPIRED
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import AddressRow, CaseRow, ConsentRow, ControlRow, RunRow, TaskRow
from touchpoint.stores.codec import dumps

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit


def write_effects(unit: "Unit", loaded: "Loaded", decision: Decision) -> None:
    """Turn a decision's effects into changes of this unit."""
    for effect in decision.effects:
        _WRITE[type(effect)](unit, loaded, effect, decision.now)


def _started(unit: "Unit", loaded: "Loaded", effect: RunStarted, _now: int) -> None:
    run = effect.run
    run.no = unit.tx.counters.run
    unit.tx.counters.run += 1
    key = None if run.key is None else str(run.key)
    unit.changes.runs.append(
        RunRow(run.no, run.id, loaded.no, run.journey, run.rule, key, run.trigger.id, run.started, None, None)
    )


def _run_ended(unit: "Unit", _loaded: "Loaded", effect: RunEnded, _now: int) -> None:
    unit.changes.runs_ended.append((effect.at, effect.reason, effect.run.no))


def _case_opened(unit: "Unit", loaded: "Loaded", effect: CaseOpened, _now: int) -> None:
    case = effect.case
    case.no = unit.tx.counters.case
    unit.tx.counters.case += 1
    deadlines = deadlines_of(case)
    cause = effect.cause or (None, None, None)
    unit.changes.cases.append(
        CaseRow(
            case.no, loaded.no, effect.kind, effect.ref, case.opened_at, None, None, deadlines, case.severity,
            case.owner, case.opening, *cause,
        )
    )  # fmt: skip
    hearing.opened(unit, loaded, about_case(effect.kind, effect.ref), (*effect.said, effect.ref))


def _case_closed(unit: "Unit", _loaded: "Loaded", effect: CaseClosed, _now: int) -> None:
    unit.changes.cases_closed.append((effect.at, effect.into, effect.case.no))


def _case_changed(unit: "Unit", _loaded: "Loaded", effect: CaseChanged, _now: int) -> None:
    note_case(unit, effect.case, effect.answer)


def note_case(unit: "Unit", case: LiveCase, answer: str | None = None) -> None:
    """Have what has become of an open case written, and by what it was answered."""
    row = (case.answered_at, deadlines_of(case), case.severity, case.owner, case.opened_at, answer, case.no)
    unit.changes.cases_changed.append(row)


def deadlines_of(case: LiveCase) -> str:
    """The deadlines of a case as JSON; empty where it has none."""
    return dumps(deadlines_to_record(case.deadlines)) if case.deadlines else ""


def _begun(unit: "Unit", loaded: "Loaded", effect: MessageBegun, now: int) -> None:
    pending = effect.pending
    pending.no = unit.tx.counters.message
    unit.tx.counters.message += 1
    pending.run_no = effect.run.no  # it may be over by now
    unit.tally(_subject(pending), pending.message, "begun")
    unit.note_message(loaded, pending, pending.status, now, is_new=True)
    if unit.program.listening.surveys or unit.program.pinned:
        note_asked(unit, loaded, pending, effect.run)


def _joined(unit: "Unit", loaded: "Loaded", effect: RunJoined, _now: int) -> None:
    if unit.program.listening.surveys or unit.program.pinned:
        join_asked(unit, loaded, effect)


def _changed(unit: "Unit", loaded: "Loaded", effect: MessageChanged, now: int) -> None:
    unit.note_message(loaded, effect.pending, effect.pending.status, now)


def _ended(unit: "Unit", loaded: "Loaded", effect: MessageEnded, _now: int) -> None:
    pending, status = effect.pending, effect.status
    unit.note_message(loaded, pending, status, effect.at)
    unit.tally(_subject(pending), pending.message, status)
    accounts.ended(unit, pending, status, effect.at)
    if status == "sent" and pending.arguments is None:
        unit.tally("channel", pending.channel or "", "sent")
        hearing.sent(unit, loaded, pending, effect.run, effect.at)


def _subject(pending: Pending) -> str:
    return "call" if pending.is_call else "message"


def _address_stands(unit: "Unit", loaded: "Loaded", effect: AddressStands, now: int) -> None:
    shared.stand(unit, AddressRow(effect.kind, effect.key, effect.standing, effect.reason, now))
    loaded.change_profile()


def _consent_said(unit: "Unit", loaded: "Loaded", effect: ConsentSaid, now: int) -> None:
    unit.changes.consents.append(consent_row(loaded.no, now, effect.purpose, effect.channel, effect.fact, {}))
    loaded.change_profile()


def _control_set(unit: "Unit", _loaded: "Loaded", effect: ControlSet, now: int) -> None:
    shared.control(unit, ControlRow(effect.scope, effect.name, effect.reason, now, effect.until))


def _spent(unit: "Unit", _loaded: "Loaded", effect: Spent, _now: int) -> None:
    shared.spend(unit, effect.message, Decimal(str(effect.worth)))


def _emitted(unit: "Unit", loaded: "Loaded", effect: Emitted, now: int) -> None:
    occurrence = effect.occurrence
    no = unit.tx.counters.entry
    unit.tx.counters.entry += 1
    body = dumps([occurrence.channel, occurrence.location, occurrence.direction, effect.about, occurrence.properties])
    unit.changes.entries.append(
        (no, loaded.no, loaded.head, TOUCHPOINT, occurrence.id, occurrence.name, occurrence.at, now, body, None)
    )
    loaded.head = no


def _paced(unit: "Unit", _loaded: "Loaded", effect: Paced, _now: int) -> None:
    shared.keep_paces(unit, effect.names)


def _ref_learned(unit: "Unit", _loaded: "Loaded", effect: RefLearned, _now: int) -> None:
    unit.changes.refs.append((effect.ref, effect.key))


def _counted(unit: "Unit", _loaded: "Loaded", effect: Counted, _now: int) -> None:
    shared.keep_volume(unit, effect.message)


def _nothing_came(unit: "Unit", loaded: "Loaded", effect: NothingCame, now: int) -> None:
    _emitted(unit, loaded, Emitted(effect.occurrence, effect.key), now)
    what, channel = effect.occurrence.name, effect.occurrence.channel or ""
    if what == TASK_EXPIRED:
        unit.changes.tasks_changed.append(("expired", None, now, effect.key))
        unit.tally("task", channel, "expired")
        accounts.not_done(unit, effect.key, now)
    else:
        # Whatever is told of a message takes it off what is awaited, so nothing was told of this one.
        unit.changes.delivered.append((what, now, effect.key))
        unit.tally("delivery", str(effect.occurrence.properties["message"]), what)


def _task_assigned(unit: "Unit", loaded: "Loaded", effect: TaskAssigned, now: int) -> None:
    it, no = effect.pending, unit.tx.counters.task
    unit.tx.counters.task += 1
    body = dumps([it.journey, it.message, it.kind, effect.words.subject, effect.words.text])
    row = TaskRow(no, it.key, loaded.no, it.channel or "", "assigned", body, effect.at, it.expires, None, now)
    unit.changes.tasks.append(row)
    unit.tally("task", row.channel, row.status)


def _profile_changed(_unit: "Unit", loaded: "Loaded", _effect: ProfileChanged, _now: int) -> None:
    loaded.change_profile()


_WRITE: Final[Mapping[type[Effect], Callable[["Unit", "Loaded", Any, int], None]]] = {
    RunStarted: _started, RunEnded: _run_ended, RunJoined: _joined, CaseOpened: _case_opened, CaseClosed: _case_closed,
    MessageBegun: _begun, MessageChanged: _changed, MessageEnded: _ended, AddressStands: _address_stands,
    ConsentSaid: _consent_said, ControlSet: _control_set, Spent: _spent, Emitted: _emitted,
    ProfileChanged: _profile_changed, Paced: _paced, RefLearned: _ref_learned, Counted: _counted,
    NothingCame: _nothing_came,
    CaseChanged: _case_changed,
    Booked: accounts.booked, Unbooked: accounts.unbooked, GiftWaits: accounts.waits,
    TaskAssigned: _task_assigned,
}  # fmt: skip


def consent_row(
    customer: int, now: int, purpose: str, channel: str, fact: ConsentFact, evidence: dict[str, object]
) -> ConsentRow:
    """A line of the consent ledger."""
    body = {"basis": fact.basis, "source": fact.source, "expires_at": fact.expires_at, **evidence}
    return ConsentRow(customer, fact.at, now, purpose, channel, fact.granted, dumps(body))
