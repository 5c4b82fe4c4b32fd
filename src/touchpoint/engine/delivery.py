"""Driving the hand-over protocol of the core: this is where time passes, rows are written and adapters are called."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from itertools import islice
from typing import Any, Final, Protocol, TypeAlias

import attrs

from touchpoint.channels.base import (
    Accepted,
    Adapter,
    Ambiguous,
    Capabilities,
    FailureCode,
    LooksUp,
    Outcome,
    Refused,
    SendRequest,
    judge,
)  # fmt: skip
from touchpoint.clock import Clock
from touchpoint.core import delivery as core
from touchpoint.core import settling
from touchpoint.core.decision import Decision
from touchpoint.core.returned import Returned, returned
from touchpoint.core.state import Pending
from touchpoint.durations import micros
from touchpoint.engine import shared
from touchpoint.engine.calling import DEADLINE, Breaker, Caller, Pause
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.errors import DefectiveJourney, TouchpointError
from touchpoint.stores.codec import dumps

GROUP: Final = 50
"""Messages that are released in one transaction. At most 20 seconds lie between release and call (S6.8)."""


Due: TypeAlias = Callable[[Unit, int], Sequence[Loaded]]
"""Who is due, given the unit and the instant."""


class Units(Protocol):
    """Opens a unit of work: a transaction that commits at the end."""

    def __call__(self, *, careful: bool = False) -> AbstractContextManager[Unit]:
        """A unit of work; with `careful`, what is defective in it is parked instead of raised."""
        ...


@attrs.frozen
class CallRequest:
    """What a host function is called with.

    Args:
        key: stable through every attempt; use it to make the call idempotent.
        customer: the customer's id.
        arguments: as the step says.
        attempt: starts at 1.
    """

    key: str
    customer: str = attrs.field(repr=False)
    arguments: Mapping[str, object] = attrs.field(repr=False)
    attempt: int = 1


@attrs.define
class Delivery:
    """Delivers what is due, group by group.

    Args:
        clock: the host's.
        units: opens a unit of work.
        adapters: by channel.
        functions: of the host, by name.
        fence: the fence that a ticket's message has now; None where it is not in flight.
        caller: calls adapters with a deadline; None calls them in the worker's own thread, for as long as they take.
        breaker: leaves providers alone that answer nobody.
        arrived: told of each reference that a provider gives, since something may have come about it before.
        headers: what goes along with a message where its channel has such things.
        most: how many messages are released in one transaction; what else is due waits for the next. None: all.
    """

    clock: Clock
    units: Units
    adapters: Mapping[str, Adapter]
    functions: Mapping[str, Callable[[CallRequest], object]]
    fence: Callable[[core.Ticket], int | None]
    caller: Caller | None = None
    breaker: Breaker = attrs.Factory(Breaker)
    arrived: Callable[[Unit, str, str], None] | None = None
    headers: Callable[[core.Ticket], Mapping[str, str]] | None = None
    most: int | None = None

    def moment(self) -> core.Moment:
        """One reading of the clock."""
        return core.Moment(micros(self.clock.now()), self.clock.monotonic(), self.clock.timeline())

    def run(self, due: Due) -> int:
        """One group through the protocol; returns how many messages were handed over.

        Args:
            due: the customers to look at, given the unit and the instant.
        """
        walk = self.walk(due)
        try:
            while True:
                next(walk)
        except StopIteration as stop:
            return int(stop.value)

    def walk(self, due: Due) -> Generator[core.Command | core.Step, None, int]:
        """`run`, pausing before everything it does, so that others may come in between, or the worker vanish."""
        flow = core.hand_over()
        command: core.Command = next(flow)
        while True:
            try:
                yield command
                answer = yield from self._do(command, due)
            except BaseException as error:  # noqa: BLE001 - the protocol saves what is known, then lets it through
                command = flow.throw(error)
            else:
                try:
                    command = flow.send(answer)
                except StopIteration as stop:
                    return int(stop.value)

    def _do(self, command: core.Command, due: Due) -> Generator[core.Step, None, object]:
        match command:
            case core.ReleaseAll():
                return self.release(due)
            case core.HandAll(tickets):
                for ticket in tickets:
                    yield from self._hand(command.steps(ticket))
            case core.SettleAll(outcomes):
                self.settle(outcomes)
        return None

    def _hand(self, steps: Generator[core.Step, object, None]) -> Generator[core.Step, None, None]:
        with suppress(StopIteration):
            step = next(steps)
            while True:
                yield step
                step = steps.send(self.take(step))

    def release(self, due: Due) -> list[core.Ticket]:
        """Ask the gate for everybody who is due, in one transaction."""
        late = self.caller.take_late() if self.caller is not None else []
        try:
            with self.units() as unit:
                moment = self.moment()
                pauses = self.settle_in(unit, late)
                looked = due(unit, moment.wall)
                released = (found for each in looked if (found := release_due(unit, each, moment)) is not None)
                tickets = list(islice(released, self.most))
        except BaseException:
            if self.caller is not None:
                self.caller.put_back(late)
            raise
        self.breaker.written(pauses)
        return tickets

    def take(self, step: core.Step) -> object:
        """Do one step of a hand-over: look, or call. No transaction is open while an adapter is called."""
        if isinstance(step, core.Call):
            return self._call(step.ticket)
        fence = self.fence(step.ticket)
        if self.breaker.is_open(step.ticket.channel):
            return "its provider answers nobody just now"
        return core.last_look(step.ticket, fence, self.moment())

    def settle(self, outcomes: Sequence[tuple[core.Ticket, Outcome | None]]) -> None:
        """Write outcomes back.

        One that sets off a defective journey must not take those of others with it (S4.3, S11.4).
        """
        try:
            with self.units() as unit:
                pauses = self.settle_in(unit, outcomes)
        except DefectiveJourney:
            with self.units(careful=True) as unit:
                if not unit.careful:  # a unit that somebody else has opened, and will do over as a whole
                    raise
                pauses = self.settle_in(unit, outcomes)
        # Not before they are in the store: a pause that could not be written is still to be made.
        self.breaker.written(pauses)

    def settle_in(self, unit: Unit, outcomes: Sequence[tuple[core.Ticket, Outcome | None]]) -> Sequence[Pause]:
        """The same in a unit that is open: returns the channels that are paused with it, and for how long."""
        for ticket, outcome in outcomes:
            known = settle_one(unit, ticket, outcome, self.moment().wall)
            if not known and isinstance(outcome, Accepted) and outcome.ref is not None:
                unit.changes.events_done.append((ticket.channel, outcome.ref))  # the customer was erased meanwhile
            elif self.arrived is not None and isinstance(outcome, Accepted) and outcome.ref is not None:
                self.arrived(unit, ticket.channel, outcome.ref)
        pauses = self.breaker.pauses()
        for channel, lasts, why in pauses:
            shared.pause(unit, channel, why, self.moment().wall, lasts)
        return pauses

    def _call(self, ticket: core.Ticket) -> object:
        try:
            return self._call_function(ticket) if ticket.function is not None else self._hand_to_adapter(ticket)
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises, the message may have gone out (S6.8)
            return judge(error)

    def _hand_to_adapter(self, ticket: core.Ticket) -> Outcome:
        adapter = self.adapters[ticket.channel]
        if ticket.lookup:
            return self._look_up(ticket, adapter)
        request = self.request(ticket, adapter)
        if isinstance(request, Refused):
            return request
        outcome = judge(self._in_time(ticket, adapter.capabilities, partial(adapter.send, request)))
        self.breaker.saw(ticket.channel, failed=is_outage(outcome))
        return outcome

    def request(self, ticket: core.Ticket, adapter: Adapter) -> SendRequest | Refused:
        """What the adapter is asked, or why it cannot be."""
        try:
            return self._request(ticket, adapter)
        except Exception as error:  # noqa: BLE001 - whatever it is: nothing was sent yet, which is certain (S6.8)
            return Refused(FailureCode.UNKNOWN, detail=f"{type(error).__name__} before it was handed over")

    def _request(self, ticket: core.Ticket, adapter: Adapter) -> SendRequest | Refused:
        if ticket.message is None or ticket.address is None:
            return Refused(FailureCode.ADDRESS_INVALID)
        try:
            to = adapter.normalise(ticket.address[1])
        except TouchpointError:
            return Refused(FailureCode.ADDRESS_INVALID)
        problems = adapter.preflight(ticket.message, to).problems
        if problems:
            return Refused(problems[0].code, detail=problems[0].detail)
        within = DEADLINE if self.caller is None else self.caller.within
        headers = self.headers(ticket) if adapter.capabilities.unsubscribe and self.headers is not None else {}
        sign = ticket.message.text if ticket.reacts else None
        return SendRequest(
            ticket.key, to, ticket.message, ticket.channel, within, ticket.attempt, headers, ticket.reply_to, sign
        )

    def _look_up(self, ticket: core.Ticket, adapter: Adapter) -> Outcome:
        if not isinstance(adapter, LooksUp):
            return Ambiguous("its adapter declares lookup, and has none")
        return looked_up(self._in_time(ticket, adapter.capabilities, partial(adapter.lookup, ticket.key)))

    def _in_time(self, ticket: core.Ticket, can: Capabilities, work: Callable[[], object]) -> object:
        # What reaches nobody cannot hang: a thread for each would only cost.
        if self.caller is None or can.recording:
            return work()
        return self.caller.call(ticket, work, thread_safe=can.thread_safe)

    def _call_function(self, ticket: core.Ticket) -> object:
        function = self.functions.get(ticket.function or "")
        if function is None:
            return Ambiguous(f"no function {ticket.function!r} is registered; pass it to Engine(functions=)")
        request = CallRequest(ticket.key, ticket.customer, ticket.arguments or {}, ticket.attempt)

        def work() -> Outcome:
            return finished(function(request))

        return work() if self.caller is None else self.caller.call(ticket, work, thread_safe=True)


def finished(found: object) -> Outcome:
    """A function of the host that came to its end has done what it should, unless it says otherwise."""
    return found if isinstance(found, Ambiguous | Refused) else returned(found)


def looked_up(found: object) -> Outcome:
    """What a provider says of an earlier hand-over; None where it has never seen it."""
    if found is None:
        return Refused(FailureCode.PROVIDER_UNAVAILABLE, detail="the provider has never seen it")
    return judge(found)


def is_outage(outcome: Outcome) -> bool:
    """Whether an outcome speaks of a provider that is not there, rather than of a message."""
    return isinstance(outcome, Ambiguous) or (
        isinstance(outcome, Refused) and outcome.code is FailureCode.PROVIDER_UNAVAILABLE
    )


def release_due(unit: Unit, loaded: Loaded, moment: core.Moment) -> core.Ticket | None:
    """Do what is due for a customer, up to the release of one message.

    Timers that are due fire, abandoned messages are taken over, and the first message the gate allows is released.

    One at a time: what follows from its outcome is known before the next one is asked for, so that a customer has one
    serial history (S1.4) and live and replay agree. The others of the customer come with the next group.
    """
    unit.fire(loaded, until=moment.wall, inclusive=True)
    if not loaded.state.pending:
        return None  # the store need not be asked of addresses and paces then
    now = max(moment.wall, loaded.state.now)
    for pending in core.abandoned(loaded.state, moment.wall):
        _rescue(unit, loaded, pending, now)
    shared.learn_addresses(unit, loaded)
    shared.learn_paces(unit, loaded)
    while waiting := core.due_messages(unit.program, loaded.state, now):
        if unit.world.breaker is not None:
            shared.learn_volume(unit, waiting[0].message)
        ticket = _release_one(unit, loaded, waiting[0], moment, now)
        if ticket is not None:
            return ticket
        unit.fire(loaded, until=moment.wall, inclusive=True)
    return None


def _rescue(unit: Unit, loaded: Loaded, pending: Pending, now: int) -> None:
    def decide() -> Decision:
        # By key: what was undone has left other objects behind.
        held = loaded.state.pending_by_key(pending.key) or pending
        return settling.rescue(unit.program, loaded.state, held, unit.world, now)

    unit.apply(loaded, "rescue", pending.message, now, decide, message=pending.key)


def _release_one(unit: Unit, loaded: Loaded, pending: Pending, moment: core.Moment, now: int) -> core.Ticket | None:
    deferred_before = bool(pending.reasons)
    tickets: list[core.Ticket | None] = []

    def decide() -> Decision:
        nonlocal pending
        pending = loaded.state.pending_by_key(pending.key) or pending
        ticket, decision = core.release(unit.program, loaded.state, pending, unit.world, moment)
        tickets.append(ticket)
        return decision

    decision = unit.apply(loaded, "release", pending.message, now, decide, message=pending.key)
    for entry in decision.trace:
        if entry[0] == "deferred":
            unit.tally("reason", pending.message, f"deferred: {entry[2]}")
            if not deferred_before:
                unit.tally("message", pending.message, "deferred")
        elif entry[0] == "message":
            unit.tally("reason", pending.message, f"{entry[2]}: {_check_of(pending.reasons)}")
    return tickets[0] if tickets else None


def _check_of(reasons: Sequence[Sequence[Any]]) -> str:
    """The name of the check that was in the way last."""
    for _, _, against in reversed(reasons):
        for each in against:
            if len(each) == 3 and each[0] == "deny":
                return str(each[1])
    return ""


def settle_one(unit: Unit, ticket: core.Ticket, outcome: Outcome | None, now: int) -> bool:
    """Write one outcome back; None gives the message back to the gate.

    False if the customer is not there any more (S1.7).
    """
    loaded = unit.find(ticket.customer)
    if loaded is None:
        return False
    now = max(now, loaded.state.now)
    slowed = isinstance(outcome, Refused) and outcome.scope is not None
    if ticket.address is not None and (slowed or unit.program.complaint_rates):
        shared.learn_paces_of(unit, [ticket.address])
    if outcome is None:
        unit.apply(
            loaded, "given back", ticket.key, now, lambda: settling.give_back(unit.program, loaded.state, ticket, now)
        )
    else:
        unit.apply(
            loaded, "outcome", "Accepted" if isinstance(outcome, Returned) else type(outcome).__name__, now,
            lambda: settling.settle(unit.program, loaded.state, ticket, outcome, unit.world, now), body=_ref(outcome),
            message=ticket.key,
        )  # fmt: skip
    return True


def _ref(outcome: Outcome) -> str:
    if isinstance(outcome, Returned) and outcome.value is not None:
        return dumps({"result": outcome.value})
    return outcome.ref or "" if isinstance(outcome, Accepted) else ""
