"""What becomes of a message after its hand-over (S6.8): outcomes, rescues, and what proves later that it went out."""

from datetime import timedelta
from typing import Final

from touchpoint.core.advance import message_ended
from touchpoint.core.complaints import count
from touchpoint.core.decision import (
    AddressStands,
    ConsentSaid,
    ControlSet,
    Decision,
    MessageChanged,
    Paced,
    Spent,
    TaskAssigned,
)  # fmt: skip
from touchpoint.core.delivery import Ticket
from touchpoint.core.gate import World
from touchpoint.core.pace import scope_name, stay_away
from touchpoint.core.program import Program
from touchpoint.core.state import IN_FLIGHT, WAITING, Pending, State
from touchpoint.durations import length
from touchpoint.model.consent import ANY
from touchpoint.model.delivery import (
    MAX_ATTEMPTS,
    NO_RECEIPT,
    REMEDIES,
    TASK_EXPIRED,
    Accepted,
    Action,
    Ambiguous,
    FailureCode,
    Outcome,
    Refused,
    backoff,
)  # fmt: skip
from touchpoint.model.message import Gift
from touchpoint.policy.facts import ConsentFact

_LONGEST_STAY: Final = timedelta(days=366)


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
    if ticket.lookup and not isinstance(outcome, Ambiguous):
        pending.uncertain = False  # the provider has told what became of it
    match outcome:
        case Accepted():
            return _accepted(program, state, pending, ticket, outcome, world, now)
        case Refused():
            return _refused(program, state, pending, ticket, outcome, world, now)
        case Ambiguous():
            return _uncertain(program, state, pending, outcome.reason, world, now)


def _accepted(
    program: Program, state: State, pending: Pending, ticket: Ticket, outcome: Accepted, world: World, now: int
) -> Decision:
    _mark(state, pending, "accepted")
    pending.ref = outcome.ref
    slot = pending.slot or now
    channel = pending.channel or ""
    if channel in world.human:
        state.awaited[pending.key] = [max(pending.expires, slot + 1), TASK_EXPIRED, pending.message, channel]
    elif channel in world.receipts:
        state.awaited[pending.key] = [slot + world.receipts[channel], NO_RECEIPT, pending.message, channel]
    if pending.to is not None and (rates := program.complaint_rates.get(channel)) is not None:
        counted = tuple(count(world.paces, rates, channel, (pending.to[0], pending.to[1]), now, complaint=False))
    else:
        counted = ()
    assigned = channel in world.human and ticket.message is not None
    decision = message_ended(program, state, pending, "sent", slot)
    if assigned and ticket.message is not None:
        decision.effects.append(TaskAssigned(pending, ticket.message, now))
    if counted:
        decision.effects.append(Paced(counted))
    return decision


def proven(program: Program, state: State, key: str, now: int) -> Decision:
    """A receipt, a click or a reply proves that a message went out, whatever its adapter said (S6.8, S6.9).

    One that still waits for its outcome ends as sent; the slot of one that ended as unknown counts as accepted.
    """
    pending = state.pending_by_key(key)
    for each in state.history:
        if each.key == key and each.state != "refused":
            each.state = "accepted"
    if pending is None or pending.is_call or pending.attempts == 0:
        return Decision(program, state, now)
    slot = pending.slot or now
    return message_ended(program, state, pending, "sent", slot, "what came back proves that it went out")


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


def _refused(
    program: Program, state: State, pending: Pending, ticket: Ticket, outcome: Refused, world: World, now: int
) -> Decision:
    remedy = REMEDIES[outcome.code]
    words = str(outcome.code) + (f" ({outcome.provider_code})" if outcome.provider_code else "")
    pending.reasons.append([now, ticket.channel, [["refused", "provider", words]]])
    if pending.uncertain:
        # The earlier attempt may have arrived, so this refusal proves nothing about the message as a whole. What it
        # says of the address, the customer's wish, the message and the channel holds all the same.
        _mark(state, pending, "ambiguous")
        learned = Decision(program, state, now)
        _remember_refusal(state, ticket, outcome, learned, world)
        ended = message_ended(program, state, pending, "unknown", now, f"uncertain at first, then refused: {words}")
        return _joined(learned, ended)
    _mark(state, pending, "refused")
    decision = Decision(program, state, now)
    _refund(program, pending, decision)
    _remember_refusal(state, ticket, outcome, decision, world)
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


def _remember_refusal(state: State, ticket: Ticket, outcome: Refused, decision: Decision, world: World) -> None:
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
    if outcome.code is FailureCode.THROTTLED and outcome.scope is not None and outcome.retry_after is not None:
        name = scope_name(ticket.channel, outcome.scope, *(ticket.address or ("", "")))
        until = decision.now + length(min(outcome.retry_after, _LONGEST_STAY))
        stay_away(world.paces, name, until)
        decision.effects.append(Paced((name,)))


def _uncertain(program: Program, state: State, pending: Pending, reason: str, world: World, now: int) -> Decision:
    """Nobody knows whether it went out: the slot stays taken, and no other channel is tried.

    It is repeated only where the provider remembers keys.
    """
    _mark(state, pending, "ambiguous")
    pending.reasons.append([now, pending.channel, [["ambiguous", "provider", reason or "uncertain"]]])
    known_to = pending.channel in world.lookups or world.memories.get(pending.channel or "") is not None
    if not known_to or pending.attempts >= MAX_ATTEMPTS:
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
