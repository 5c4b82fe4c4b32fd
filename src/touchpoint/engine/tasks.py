"""Tasks of people (S6.9): a call, a visit, a gift to pack. Policies are asked again when somebody claims one."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import attrs

from touchpoint.channels.inbound import TaskDone
from touchpoint.core.decision import Decision
from touchpoint.core.gate import ask_about_task
from touchpoint.core.held import dropped
from touchpoint.durations import instant
from touchpoint.engine import accounts, shared
from touchpoint.engine.acts import take_touchpoints
from touchpoint.engine.inbound import Taking, apply
from touchpoint.engine.intake import prepare
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.policy.verdict import Ruling
from touchpoint.stores.base import TaskRow
from touchpoint.stores.codec import loads

TASK_WITHDRAWN = "task_withdrawn"
T = TypeVar("T")


@attrs.frozen
class Task:
    """What a message asks a person to do for a customer.

    Args:
        key: of the message it comes from.
        customer: the host's own id.
        channel: such as `call`.
        message: its name.
        kind: of the message.
        subject, text: what to say or do.
        status: `assigned`, `claimed`, `completed`, `declined`, `expired` or `withdrawn`.
        assigned_at, expires_at: aware UTC.
        claimed_by: who has claimed it, as the host names them.
        because: why it cannot be claimed now, or was withdrawn; empty where nothing stands against it.
        ask_again_at: when it can be claimed at the earliest; None where only an event can tell, or where it can be now.
    """

    key: str = attrs.field(repr=False)
    customer: str = attrs.field(repr=False)
    channel: str
    message: str
    kind: str
    subject: str | None = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    status: str
    assigned_at: datetime
    expires_at: datetime
    claimed_by: str | None = None
    because: str = ""
    ask_again_at: datetime | None = None


class TaskDesk:
    """The tasks of people, as `Engine.tasks` gives it.

    Every method that changes something raises InvalidInput where no task has that key, or where it is not in a state
    that allows it, and StoreError where it could not be stored. It takes `connection=` as `Engine.record` does.
    """

    def __init__(
        self, write: Callable[[Callable[[Unit], object], object], object], taking: Callable[[], Taking]
    ) -> None:
        self._write = write
        self._taking = taking

    def open(self, channel: str, *, limit: int = 100) -> list[Task]:
        """Those that wait for somebody, oldest first, at most `limit`."""
        return self._open(channel, limit, None)

    def _open(self, channel: str, limit: int, connection: object) -> list[Task]:
        return self._do(
            lambda unit, _: [_task(unit, row) for row in _rows(unit, channel, "assigned", limit)], connection
        )

    def claimed(self, channel: str, *, limit: int = 100) -> list[Task]:
        """Those that somebody is at, oldest first, at most `limit`."""
        return self._do(lambda unit, _: [_task(unit, row) for row in _rows(unit, channel, "claimed", limit)])

    def get(self, key: str) -> Task:
        """One task, whatever became of it."""
        return self._do(lambda unit, _: _task(unit, _found(unit, key)))

    def claim(self, key: str, *, by: str, connection: object = None) -> Task:
        """Take a task, if every policy still allows it now: consent, open cases, quiet hours, caps (S6.8).

        Look at the answer's `status`. `claimed`: go ahead. `assigned`: not now, see `because` and `ask_again_at`.
        `withdrawn` or `expired`: not any more. Who has it already gets it again.
        """
        task = self._claim(key, by, connection)
        if task.status == "claimed" and task.claimed_by != by:
            raise InvalidInput("somebody else has claimed this task; give_back() comes first")
        return task

    def _claim(self, key: str, by: str, connection: object) -> Task:
        if not isinstance(by, str) or not by:
            raise InvalidInput("claim(by=) takes who claims it, such as a colleague's name")
        return self._do(lambda unit, taking: _claim(unit, key, by, taking), connection)

    def next(self, channel: str, *, by: str, connection: object = None) -> Task | None:
        """Claim the oldest that may be done now; None if there is none. Those that may not be done any more end."""
        for task in self._open(channel, 1_000, connection):
            claimed = self._claim(task.key, by, connection)
            if claimed.status == "claimed" and claimed.claimed_by == by:
                return claimed
        return None

    def give_back(self, key: str, *, connection: object = None) -> Task:
        """Let go of a claimed task, for somebody else."""
        return self._do(lambda unit, taking: _give_back(unit, key, taking), connection)

    def complete(self, key: str, outcome: str, *, at: datetime | None = None, connection: object = None) -> Task:
        """A claimed task was done, and this came of it, such as `reached`: the touchpoint `task_completed`."""
        if not isinstance(outcome, str) or not outcome:
            raise InvalidInput("complete() takes what came of it in a word, such as 'reached'")
        return self._do(lambda unit, taking: _end(unit, key, TaskDone(key, outcome, at=at), taking), connection)

    def decline(self, key: str, reason: str = "", *, at: datetime | None = None, connection: object = None) -> Task:
        """A claimed task will not be done: the touchpoint `task_declined`."""
        return self._do(lambda unit, taking: _end(unit, key, TaskDone(key, None, reason, at=at), taking), connection)

    def _do(self, work: Callable[[Unit, Taking], T], connection: object = None) -> T:
        taking = self._taking()
        found: list[T] = []
        self._write(lambda unit: found.append(work(unit, taking)), connection)
        return found[-1]


def _rows(unit: Unit, channel: str, status: str, limit: int) -> list[TaskRow]:
    unit.flush()
    return unit.tx.tasks(channel, status, limit)


def _found(unit: Unit, key: str) -> TaskRow:
    unit.flush()
    row = unit.tx.task(key)
    if row is None:
        raise InvalidInput("there is no task with that key; Engine.tasks.open() lists those that there are")
    return row


def _task(unit: Unit, row: TaskRow, ruling: Ruling | None = None) -> Task:
    _, message, kind, subject, text = loads(row.body)
    until = None if ruling is None or ruling.answer != "defer" else ruling.until
    return Task(
        row.key, unit.by_number(row.customer).id, row.channel, message, kind, subject, text, row.status,
        instant(row.assigned_at), instant(row.expires_at), row.claimed_by, "" if ruling is None else ruling.reason,
        None if until is None else instant(until),
    )  # fmt: skip


def _claim(unit: Unit, key: str, by: str, taking: Taking) -> Task:
    row = _found(unit, key)
    loaded = unit.by_number(row.customer)
    unit.fire(loaded, until=max(taking.now, loaded.state.now), inclusive=True)
    row = _found(unit, key)  # it may have expired just now
    if row.status not in {"assigned", "claimed"} or (row.status == "claimed" and row.claimed_by != by):
        return _task(unit, row)
    shared.learn_addresses(unit, loaded)
    journey, message, kind, _, _ = loads(row.body)
    now = max(taking.now, loaded.state.now)
    ruling = ask_about_task(unit.program, loaded.state, unit.world, journey, message, kind, row, now)
    if ruling.answer == "deny":
        return _withdraw(unit, row, ruling, taking)
    if ruling.answer == "defer":
        return _task(unit, row, ruling)
    _note(unit, row, "claimed", taking)
    return _task(unit, shared.change_task(unit, row, "claimed", taking.now, by=by))


def _note(unit: Unit, row: TaskRow, what: str, taking: Taking) -> None:
    loaded = unit.by_number(row.customer)
    now = max(taking.now, loaded.state.now)
    unit.apply(loaded, "task", what, now, lambda: Decision(unit.program, loaded.state, now))


def _withdraw(unit: Unit, row: TaskRow, ruling: Ruling, taking: Taking) -> Task:
    loaded = unit.by_number(row.customer)
    loaded.state.awaited = dropped(loaded.state.awaited, row.key)
    changed = shared.change_task(unit, row, "withdrawn", taking.now)
    accounts.not_done(unit, row.key, taking.now)
    _, message, *_ = loads(row.body)
    properties: dict[str, object] = {"message": message, "reason": ruling.check}
    told = Touchpoint(loaded.id, TASK_WITHDRAWN, None, None, properties, row.channel, None, "internal", row.key)
    take_touchpoints(
        unit, [prepare(told, now=taking.now, skew=taking.skew, declared={})], taking.now, taking.late_after
    )
    return _task(unit, changed, ruling)


def _give_back(unit: Unit, key: str, taking: Taking) -> Task:
    row = _claimed(unit, key)
    _note(unit, row, "given back", taking)
    return _task(unit, shared.change_task(unit, row, "assigned", taking.now, by=""))


def _end(unit: Unit, key: str, done: TaskDone, taking: Taking) -> Task:
    _claimed(unit, key)
    apply(unit, done, taking)
    return _task(unit, _found(unit, key))


def _claimed(unit: Unit, key: str) -> TaskRow:
    row = _found(unit, key)
    if row.status != "claimed":
        raise InvalidInput(f"this task is {row.status}: claim() comes first, and a task ends once")
    return row
