"""Release and hand-over (S6.8, S11): every change of state that sending a message makes, each a function of its own.

The protocol itself is `hand_over`, a generator that says what has to happen next and does nothing itself; whoever
drives it supplies the clock, the store and the adapter. One driver is synchronous; an asynchronous one runs the same
generator.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

import attrs

from touchpoint.core.advance import message_ended
from touchpoint.core.decision import (
    AddressStands,
    ConsentSaid,
    ControlSet,
    Decision,
    MessageChanged,
    Spent,
)
from touchpoint.core.gate import Asked, World, ask
from touchpoint.core.program import Program
from touchpoint.core.state import IN_FLIGHT, WAITING, Pending, State
from touchpoint.durations import length
from touchpoint.model.consent import ANY
from touchpoint.model.delivery import (
    MAX_ATTEMPTS,
    REMEDIES,
    Accepted,
    Action,
    Ambiguous,
    Outcome,
    Refused,
    RenderedMessage,
    backoff,
    judge,
)
from touchpoint.model.message import Gift
from touchpoint.policy.facts import ConsentFact, HandOver
from touchpoint.policy.verdict import Ruling

HAND_OVER_WITHIN: Final = 20.0
"""Seconds, by the monotonic clock, from the release to the call."""
LEASE: Final = length(timedelta(seconds=90))
"""A claim whose owner vanished is rescued after this long."""
CLOCK_STEP: Final = 2.0
"""Seconds by which wall and monotonic clock may disagree between release and call; more is a clock that was set."""


@attrs.frozen
class Moment:
    """One reading of the host's clock.

    `wall` is in microseconds UTC, `elapsed` in seconds, and `timeline` says which elapsed seconds can be compared.
    """

    wall: int
    elapsed: float
    timeline: str


@attrs.define
class Ticket:
    """The right to hand one message over, once, soon. `fence` rises with every release of the customer.

    Treat it as immutable: it and the commands below are only mutable because that is quicker to build.
    """

    customer: str = attrs.field(repr=False)
    key: str
    fence: int
    channel: str
    attempt: int
    address: tuple[str, str] | None = attrs.field(repr=False)
    message: RenderedMessage | None = attrs.field(repr=False)
    released: Moment
    function: str | None = None
    arguments: Mapping[str, object] | None = attrs.field(default=None, repr=False)


@attrs.define
class ReleaseAll:
    """Ask the gate for everything that is due, in one transaction; answered with the tickets."""


@attrs.define
class LastLook:
    """Is the row still ours, no receipt in, the clock not set? Answered with why not, or None."""

    ticket: Ticket


@attrs.define
class Call:
    """Hand it over, outside any transaction; answered with whatever the adapter did."""

    ticket: Ticket


@attrs.define
class SettleAll:
    """Write the outcomes, in one transaction. An outcome None gives the message back: it was not handed over."""

    outcomes: Sequence[tuple[Ticket, Outcome | None]]


Step = LastLook | Call
Outcomes: TypeAlias = list[tuple[Ticket, Outcome | None]]


@attrs.define
class HandAll:
    """Take each of these through its last look and its call, one after the other or all at once.

    `outcomes` is filled as they come, so that what is known survives whatever stops the driver.
    """

    tickets: Sequence[Ticket]
    outcomes: Outcomes

    def steps(self, ticket: Ticket) -> Generator[Step, object, None]:
        """What has to happen with one ticket, and nobody else's."""
        if (yield LastLook(ticket)) is not None:
            self.outcomes.append((ticket, None))
        else:
            self.outcomes.append((ticket, judge((yield Call(ticket)))))


Command = ReleaseAll | HandAll | SettleAll


def hand_over() -> Generator[Command, object, int]:
    """The protocol for one group of messages: release, last look, call, settle. Returns how many were handed over."""
    tickets: Sequence[Ticket] = yield ReleaseAll()  # type: ignore[assignment]
    outcomes: Outcomes = []
    try:
        if tickets:
            yield HandAll(tickets, outcomes)
    except GeneratorExit:
        raise
    except BaseException:
        # Somebody stops the worker, or the store fails: what is known of the others must not become uncertain.
        if outcomes:
            yield SettleAll(outcomes)
        raise
    if outcomes:
        yield SettleAll(outcomes)
    return sum(outcome is not None for _, outcome in outcomes)


def due_messages(state: State, now: int) -> list[Pending]:
    """The customer's messages that are due, in the order in which they are asked.

    That is higher priority first, then earlier due, then name, then outbox order (S6.6).
    """
    due = [each for each in state.pending if each.status == WAITING and each.due is not None and each.due <= now]
    if len(due) > 1:
        due.sort(key=lambda each: (-each.priority, each.first_due, each.message, each.no))
    return due


def abandoned(state: State, now: int) -> list[Pending]:
    """Messages whose owner vanished between release and outcome."""
    return [each for each in state.pending if each.status == IN_FLIGHT and each.lease is not None and each.lease <= now]


def release(
    program: Program, state: State, pending: Pending, world: World, moment: Moment
) -> tuple[Ticket | None, Decision]:
    """Ask the gate; on Allow take the cap slot, the lease and a fence: from here on the message is in flight (S6.8)."""
    now = max(moment.wall, state.now)
    if pending.arguments is not None:
        return _release_call(program, state, pending, moment, now)
    if pending.uncertain and (why := _too_late_to_repeat(pending, world, moment)) is not None:
        return None, message_ended(program, state, pending, "unknown", now, why)
    asked = ask(program, state, pending, world, now)
    decision = Decision(program, state, now)
    if not asked.ruling.allowed:
        return None, _not_now(program, state, pending, asked.ruling, decision)
    return _let_go(program, state, pending, asked, decision, moment), decision


def _let_go(
    program: Program, state: State, pending: Pending, asked: Asked, decision: Decision, moment: Moment
) -> Ticket:
    if len(asked.ruling.because) > 1:
        _note(pending, asked.ruling, decision.now)
    _take_lease(state, pending, asked.channel, decision.now)
    message = program.messages[pending.message]
    if pending.first_try is None:
        pending.first_try, pending.timeline = moment.elapsed, moment.timeline
    _take_slot(program, state, pending, counted=message.counted)
    if isinstance(message, Gift) and not pending.uncertain:
        decision.effects.append(Spent(message.name, message.worth))
    decision.effects.append(MessageChanged(pending))
    address = asked.address
    return Ticket(
        state.id, pending.key, pending.fence, asked.channel, pending.attempts,
        (address.kind, address.key) if address else None, asked.words, moment,
    )  # fmt: skip


def _take_lease(state: State, pending: Pending, channel: str, now: int) -> None:
    state.fences += 1
    pending.status, pending.channel, pending.fence = IN_FLIGHT, channel, state.fences
    pending.slot, pending.lease = now, now + LEASE
    pending.attempts += 1


def _take_slot(program: Program, state: State, pending: Pending, *, counted: bool) -> None:
    """Move the message's slot to this instant; refused attempts stay in the history, for caps that count attempts."""
    now = pending.slot or 0
    run = state.run_by_order(pending.run)
    kept = program.history_kept
    state.history = [
        each
        for each in state.history
        if (each.key != pending.key or each.state == "refused") and (kept is None or each.at > now - kept)
    ]
    state.history.append(
        HandOver(
            now, pending.key, pending.journey, pending.message, pending.kind, pending.channel or "", counted, IN_FLIGHT,
            run.key if run else None,
        )
    )  # fmt: skip


def _release_call(
    program: Program, state: State, pending: Pending, moment: Moment, now: int
) -> tuple[Ticket | None, Decision]:
    if now >= pending.expires:
        return None, message_ended(program, state, pending, "failed", now, "it kept failing until its time was over")
    decision = Decision(program, state, now)
    _take_lease(state, pending, "call", decision.now)
    decision.effects.append(MessageChanged(pending))
    ticket = Ticket(
        state.id, pending.key, pending.fence, "call", pending.attempts, None, None, moment,
        pending.message, pending.arguments,
    )  # fmt: skip
    return ticket, decision


def _not_now(program: Program, state: State, pending: Pending, ruling: Ruling, decision: Decision) -> Decision:
    _note(pending, ruling, decision.now)
    if ruling.answer == "deny":
        return message_ended(program, state, pending, _ends_as(pending, ruling), decision.now, ruling.reason)
    until = pending.expires if ruling.until is None else min(ruling.until, pending.expires)
    # An instant not in the future would ask in a circle; the gate never names one, but a circle must be impossible.
    pending.due = max(until, decision.now + 1)
    decision.trace.append(["deferred", pending.message, ruling.check, ruling.channel, ruling.reason, pending.due])
    decision.effects.append(MessageChanged(pending))
    return decision


def _ends_as(pending: Pending, ruling: Ruling) -> str:
    if pending.uncertain:
        return "unknown"
    # No channel is left, and at least one of them is out because its provider refused (S6.8).
    return "failed" if ruling.own and pending.refused else ruling.ends_as


def _note(pending: Pending, ruling: Ruling, now: int) -> None:
    """Keep what stood in the way, once for each new reason."""
    for channel, verdicts in ruling.because:
        against = [[each.answer, each.check, each.reason] for each in verdicts if each.answer != "allow"]
        if against and not any(each[1] == channel and each[2] == against for each in pending.reasons):
            pending.reasons.append([now, channel, against])


def _too_late_to_repeat(pending: Pending, world: World, moment: Moment) -> str | None:
    """S6.8: an uncertain hand-over is repeated only within half of what the provider remembers, as elapsed time."""
    memory = world.memories.get(pending.channel or "")
    if memory is None:
        return "nobody knows whether it went out, and the provider does not remember keys"
    if pending.first_try is None or pending.timeline != moment.timeline or not moment.timeline:
        return "nobody knows whether it went out, nor for how long the provider has remembered it"
    if moment.elapsed - pending.first_try > memory.total_seconds() / 2:
        return "nobody knows whether it went out, and the provider may have forgotten its key"
    return None


def last_look(ticket: Ticket, fence: int | None, moment: Moment) -> str | None:
    """Why this message may not be handed over any more; None if it may.

    Args:
        ticket: the right to hand it over.
        fence: of the row as stored now; None where it is no longer in flight.
        moment: the clock as it reads now.
    """
    if fence != ticket.fence:
        return "somebody else owns it by now"
    elapsed = moment.elapsed - ticket.released.elapsed
    if ticket.released.timeline != moment.timeline or not 0 <= elapsed <= HAND_OVER_WITHIN:
        return "too long after its release"
    if abs((moment.wall - ticket.released.wall) / 1e6 - elapsed) > CLOCK_STEP:
        return "the clock was set since its release"
    return None


def give_back(program: Program, state: State, ticket: Ticket, now: int) -> Decision:
    """Undo a release that led to no call: the slot is free again, the gate is asked anew."""
    decision = Decision(program, state, now)
    pending = _mine(state, ticket)
    if pending is not None:
        if pending.uncertain:
            # An earlier attempt may have arrived, and this one had taken its slot over: it stays taken.
            _mark(state, pending, "ambiguous")
        else:
            state.history = [each for each in state.history if each.key != ticket.key or each.state != IN_FLIGHT]
        _refund(program, pending, decision)
        pending.attempts -= 1
        if pending.attempts == 0:
            pending.first_try = None
        _wait_again(pending, decision.now, decision)
    return decision


def settle(program: Program, state: State, ticket: Ticket, outcome: Outcome, world: World, now: int) -> Decision:
    """Write back what the adapter did.

    A lease that was taken over meanwhile writes nothing but a proof of sending (S11.3).
    """
    pending = _mine(state, ticket)
    if pending is None:
        return _late_word(program, state, ticket, outcome, now)
    if pending.arguments is not None:
        return _settle_call(program, state, pending, outcome, now)
    match outcome:
        case Accepted():
            _mark(state, pending, "accepted")
            pending.ref = outcome.ref
            return message_ended(program, state, pending, "sent", pending.slot or now)
        case Refused():
            return _refused(program, state, pending, ticket, outcome, now)
        case Ambiguous():
            return _uncertain(program, state, pending, outcome.reason, world, now)


def rescue(program: Program, state: State, pending: Pending, world: World, now: int) -> Decision:
    """Take over a message whose owner vanished: what became of it is uncertain."""
    if pending.is_call:
        return _settle_call(program, state, pending, Ambiguous("its worker vanished"), now)
    return _uncertain(program, state, pending, "its worker vanished during the hand-over", world, now)


def _mine(state: State, ticket: Ticket) -> Pending | None:
    pending = state.pending_by_key(ticket.key)
    return pending if pending is not None and pending.status == IN_FLIGHT and pending.fence == ticket.fence else None


def _late_word(program: Program, state: State, ticket: Ticket, outcome: Outcome, now: int) -> Decision:
    """An answer after its lease was lost. A proof that it went out is kept: it is never handed over again."""
    decision = Decision(program, state, now)
    pending = state.pending_by_key(ticket.key)
    if isinstance(outcome, Accepted) and pending is not None:
        _mark(state, pending, "accepted")
        pending.ref = outcome.ref
        return message_ended(program, state, pending, "sent", now, "its provider's answer came late")
    decision.trace.append(["late answer", ticket.key, type(outcome).__name__])
    return decision


def _mark(state: State, pending: Pending, as_: str) -> None:
    for each in state.history:
        if each.key == pending.key and each.state != "refused":
            each.state = as_  # type: ignore[assignment]


def _refused(program: Program, state: State, pending: Pending, ticket: Ticket, outcome: Refused, now: int) -> Decision:
    remedy = REMEDIES[outcome.code]
    words = str(outcome.code) + (f" ({outcome.provider_code})" if outcome.provider_code else "")
    pending.reasons.append([now, ticket.channel, [["refused", "provider", words]]])
    if pending.uncertain:
        # The earlier attempt may have arrived, so this refusal proves nothing about the message as a whole.
        _mark(state, pending, "ambiguous")
        return message_ended(program, state, pending, "unknown", now, f"uncertain at first, then refused: {words}")
    _mark(state, pending, "refused")
    decision = Decision(program, state, now)
    _refund(program, pending, decision)
    _remember_refusal(state, ticket, outcome, decision)
    if not remedy.uses_attempt:
        pending.attempts -= 1
    match remedy.action:
        case Action.FAIL:
            return _joined(decision, message_ended(program, state, pending, "failed", now, f"refused: {words}"))
        case Action.EXPIRE:
            return _joined(decision, message_ended(program, state, pending, "expired", now, f"refused: {words}"))
        case Action.RETRY if pending.attempts < MAX_ATTEMPTS:
            after = backoff(max(pending.attempts, 1), pending.key, outcome.retry_after)
            _wait_again(pending, decision.now + length(after), decision)
        case _:
            pending.refused[ticket.channel] = words
            pending.attempts = 0
            _wait_again(pending, decision.now, decision)
    return decision


def _remember_refusal(state: State, ticket: Ticket, outcome: Refused, decision: Decision) -> None:
    """What a refusal says beyond this one message: about the address, the consent, the message, the channel."""
    remedy, words = REMEDIES[outcome.code], str(outcome.code)
    if remedy.suppress_address and ticket.address is not None:
        kind, key = ticket.address
        for address in state.profile.addresses:
            if (address.kind, address.key) == ticket.address:
                address.standing, address.reason = "suppressed", words
        decision.effects.append(AddressStands(kind, key, "suppressed", words))
    if remedy.record_opt_out:
        fact = ConsentFact(granted=False, at=decision.now, source=f"provider of {ticket.channel}")
        state.profile.consents[ANY, ticket.channel] = fact
        decision.effects.append(ConsentSaid(ANY, ticket.channel, fact))
    if remedy.stop_message and ticket.message is not None:
        decision.effects.append(ControlSet("message", ticket.message.name, words))
    if remedy.pause_channel:
        decision.effects.append(ControlSet("channel", ticket.channel, words))


def _uncertain(program: Program, state: State, pending: Pending, reason: str, world: World, now: int) -> Decision:
    """Nobody knows whether it went out: the slot stays taken, and no other channel is tried.

    It is repeated only where the provider remembers keys.
    """
    _mark(state, pending, "ambiguous")
    pending.reasons.append([now, pending.channel, [["ambiguous", "provider", reason or "uncertain"]]])
    if world.memories.get(pending.channel or "") is None or pending.attempts >= MAX_ATTEMPTS:
        why = "nobody knows whether it went out; it is not sent again"
        return message_ended(program, state, pending, "unknown", now, why)
    decision = Decision(program, state, now)
    pending.uncertain = True
    _wait_again(pending, decision.now + length(backoff(pending.attempts, pending.key, None)), decision)
    return decision


def _settle_call(program: Program, state: State, pending: Pending, outcome: Outcome, now: int) -> Decision:
    if isinstance(outcome, Accepted):
        return message_ended(program, state, pending, "sent", now)
    reason = outcome.reason if isinstance(outcome, Ambiguous) else str(outcome.code)
    pending.reasons.append([now, "call", [["failed", "call", reason]]])
    if pending.attempts >= MAX_ATTEMPTS:
        return message_ended(program, state, pending, "failed", now, reason)
    decision = Decision(program, state, now)
    _wait_again(pending, decision.now + length(backoff(pending.attempts, pending.key, None)), decision)
    return decision


def _wait_again(pending: Pending, due: int, decision: Decision) -> None:
    pending.status, pending.lease, pending.slot = WAITING, None, None
    # Not past its best-before: then it is asked once more, to be told that it has expired.
    pending.due = pending.not_before = min(due, max(pending.expires, decision.now))
    decision.effects.append(MessageChanged(pending))


def _refund(program: Program, pending: Pending, decision: Decision) -> None:
    message = program.messages.get(pending.message)
    if isinstance(message, Gift) and not pending.uncertain:
        decision.effects.append(Spent(message.name, -message.worth))


def _joined(first: Decision, then: Decision) -> Decision:
    then.trace[:0] = first.trace
    then.effects[:0] = first.effects
    return then
