"""What becomes of a message after its hand-over (S6.8): outcomes, rescues, and what proves later that it went out."""

from datetime import timedelta
from typing import Final

from touchpoint.core.advance import message_ended, work_off
from touchpoint.core.booking import refund, take
from touchpoint.core.cases import in_doubt
from touchpoint.core.changes import changes, look
from touchpoint.core.complaints import count
from touchpoint.core.decision import (
    AddressStands,
    ConsentSaid,
    ControlSet,
    Decision,
    MessageChanged,
    Paced,
    RefLearned,
    TaskAssigned,
)  # fmt: skip
from touchpoint.core.delivery import Ticket
from touchpoint.core.gate import World
from touchpoint.core.held import put
from touchpoint.core.pace import scope_name, stay_away
from touchpoint.core.program import Program
from touchpoint.core.returned import Returned
from touchpoint.core.state import IN_FLIGHT, WAITING, Pending, Record, State
from touchpoint.durations import length
from touchpoint.model.consent import ANY
from touchpoint.model.delivery import (
    NO_RECEIPT,
    TASK_EXPIRED,
    Accepted,
    Ambiguous,
    FailureCode,
    Outcome,
    Refused,
)
from touchpoint.model.remedy import MAX_ATTEMPTS, REMEDIES, Action, backoff  # fmt: skip
from touchpoint.policy.facts import ConsentFact

_LONGEST_STAY: Final = timedelta(days=366)
_ALIKE: Final = 10
"""How many refusals alike are kept; by then the time between two tries has grown to its longest."""


def give_back(program: Program, state: State, ticket: Ticket, now: int) -> Decision:
    """Undo a release that led to no call: the slot is free again, the gate is asked anew."""
    decision = Decision(program, state, now)
    pending = _mine(state, ticket)
    if pending is not None:
        if pending.uncertain:
            # An earlier attempt may have arrived, and this one had taken its slot over: it stays taken.
            _mark(state, pending, "ambiguous")
        else:
            state.history = tuple(each for each in state.history if each.key != ticket.key or each.state != IN_FLIGHT)
        refund(program, pending, decision)
        pending.attempts -= 1
        if ticket.first:
            pending.first_try = pending.to = None
        _wait_again(pending, decision.now, decision)
    return decision


def settle(program: Program, state: State, ticket: Ticket, outcome: Outcome, world: World, now: int) -> Decision:
    """Write back what the adapter did.

    A lease that was taken over meanwhile writes nothing but a proof of sending (S11.3).
    """
    pending = _mine(state, ticket)
    if pending is None:
        decision = _late_word(program, state, ticket, outcome, world, now)
    elif pending.arguments is not None:
        decision = _settle_call(program, state, pending, outcome, now)
    else:
        if ticket.lookup and not isinstance(outcome, Ambiguous):
            pending.uncertain = False  # the provider has told what became of it
        if isinstance(outcome, Accepted):
            decision = _accepted(program, state, pending, ticket, outcome, world, now)
        elif isinstance(outcome, Refused):
            decision = _refused(program, state, pending, ticket, outcome, world, now)
        else:
            decision = _uncertain(program, state, pending, outcome.reason, world, now)
    return work_off(decision) if decision.queue else decision


def _accepted(
    program: Program, state: State, pending: Pending, ticket: Ticket, outcome: Accepted, world: World, now: int,
    reason: str = "",
) -> Decision:  # fmt: skip
    _mark(state, pending, "accepted")
    pending.ref = outcome.ref
    slot = pending.slot or now
    channel = pending.channel or ""
    words = ticket.message if channel in world.human else None
    if words is not None:
        # The customer hears of a task when it is done: only then is it an answer.
        due, about = max(pending.expires, slot + 1), [pending.cases] if pending.cases else ()
        state.awaited = put(state.awaited, pending.key, [due, TASK_EXPIRED, pending.message, channel, *about])
        pending.cases = None
    elif channel in world.receipts:
        due = slot + world.receipts[channel]
        state.awaited = put(state.awaited, pending.key, [due, NO_RECEIPT, pending.message, channel])
    decision = message_ended(program, state, pending, "sent", slot, reason)
    if words is not None:
        decision.effects.append(TaskAssigned(pending, words, now))
    # Last of all: a decision that is defective is taken anew, and nobody would take back what was counted.
    rates = program.complaint_rates.get(channel) if program.complaint_rates else None
    if rates is not None and pending.to is not None:
        counted = count(world.paces, rates, channel, (pending.to[0], pending.to[1]), now, complaint=False)
        decision.effects.append(Paced(tuple(counted)))
    return decision


def proves(pending: Pending, *, failed: bool) -> bool:
    """Whether what came back of a message that has no end yet proves that it went out.

    Nothing does of one that was never handed over. That it `failed` says nothing new where its adapter has said so.
    """
    in_doubt = pending.status == IN_FLIGHT or pending.uncertain
    return not pending.is_call and pending.to is not None and (in_doubt or not failed)


def proven(program: Program, state: State, key: str, now: int) -> Decision:
    """A receipt, a click or a reply proves that a message went out, whatever its adapter said (S6.8, S6.9).

    One that has no end yet ends as sent; the slot of one that ended as unknown counts as accepted.
    """
    pending = state.pending_by_key(key)
    if pending is None:
        for each in state.history:
            if each.key == key and each.state != "refused":
                each.state = "accepted"
        decision = Decision(program, state, now)
        for case, at in in_doubt(state.cases, key):
            decision.answered([case], at, f"message:{key}")
        return work_off(decision) if decision.queue else decision
    before = _not_refused_after_all(program, state, pending)
    slot = pending.slot or now
    return _joined(
        before, message_ended(program, state, pending, "sent", slot, "what came back proves that it went out")
    )


def _not_refused_after_all(program: Program, state: State, pending: Pending) -> Decision:
    """It went out, though its adapter may have said that it did not: then its slot and its price count again."""
    decision = Decision(program, state, state.now)
    last = next((each for each in reversed(state.history) if each.key == pending.key), None)
    if last is not None and last.state == "refused":
        pending.slot = last.at
        if (message := program.message_of(state, pending)) is not None:
            take(program, state, pending, message, decision, again=True)
    if last is not None:
        last.state = "accepted"
    return decision


def rescue(program: Program, state: State, pending: Pending, world: World, now: int) -> Decision:
    """Take over a message whose owner vanished: what became of it is uncertain."""
    if pending.is_call:
        return _settle_call(program, state, pending, Ambiguous("its worker vanished"), now)
    return _uncertain(program, state, pending, "its worker vanished during the hand-over", world, now)


def _mine(state: State, ticket: Ticket) -> Pending | None:
    for pending in state.pending:
        if pending.fence == ticket.fence and pending.key == ticket.key and pending.status == IN_FLIGHT:
            return pending
    return None


def _late_word(program: Program, state: State, ticket: Ticket, outcome: Outcome, world: World, now: int) -> Decision:
    """An answer after its lease was lost. A proof that it went out is kept: it is never handed over again."""
    pending = state.pending_by_key(ticket.key)
    if not isinstance(outcome, Accepted) or pending is None:
        decision = Decision(program, state, now)
        decision.trace.append(["late answer", ticket.key, type(outcome).__name__])
        if isinstance(outcome, Accepted) and outcome.ref is not None:
            decision.effects.append(RefLearned(ticket.key, outcome.ref))
        return decision
    late = "its provider's answer came late"
    if pending.is_call:
        return message_ended(program, state, pending, "sent", now, late, _returned(outcome))
    before = _not_refused_after_all(program, state, pending)
    pending.channel, pending.to = ticket.channel, ticket.address or pending.to
    return _joined(before, _accepted(program, state, pending, ticket, outcome, world, now, late))


def _mark(state: State, pending: Pending, as_: str) -> None:
    for each in state.history:
        if each.key == pending.key and each.state != "refused":
            each.state = as_  # type: ignore[assignment]


def _refused(
    program: Program, state: State, pending: Pending, ticket: Ticket, outcome: Refused, world: World, now: int
) -> Decision:
    remedy = REMEDIES[outcome.code]
    words = str(outcome.code) + (f" ({outcome.provider_code})" if outcome.provider_code else "")
    in_a_row = _add_reason(pending, [now, ticket.channel, [["refused", "provider", words]]])
    decision = Decision(program, state, now)
    _remember_refusal(state, ticket, outcome, decision, world)
    if pending.uncertain:
        # The earlier attempt may have arrived, so this refusal proves nothing about the message as a whole. What it
        # says of the address, the customer's wish, the message and the channel holds all the same.
        _mark(state, pending, "ambiguous")
        if remedy.action is Action.RETRY and pending.attempts < MAX_ATTEMPTS:
            # Put off, not turned down: it is repeated while the provider remembers its key, and no longer.
            after = backoff(pending.attempts, pending.key, outcome.retry_after)
            _wait_again(pending, decision.now + length(after), decision)
            return decision
        why = f"uncertain at first, then refused: {words}"
        return _joined(decision, message_ended(program, state, pending, "unknown", now, why))
    _mark(state, pending, "refused")
    refund(program, pending, decision)
    if not remedy.uses_attempt:
        pending.attempts -= 1
    match remedy.action:
        case Action.FAIL:
            return _joined(decision, message_ended(program, state, pending, "failed", now, f"refused: {words}"))
        case Action.EXPIRE:
            return _joined(decision, message_ended(program, state, pending, "expired", now, f"refused: {words}"))
        case Action.RETRY if pending.attempts < MAX_ATTEMPTS:
            # A provider that wants fewer is asked less and less, also where that uses up no attempts.
            tries = pending.attempts if remedy.uses_attempt else in_a_row
            after = backoff(tries, pending.key, outcome.retry_after)
            _wait_again(pending, decision.now + length(after), decision)
        case _:
            pending.refused = {**pending.refused, ticket.channel: words}
            # The provider of another channel has seen nothing of it yet, and neither has its queue.
            pending.attempts, pending.first_try, pending.booked = 0, None, None
            _wait_again(pending, decision.now, decision)
    return decision


def _add_reason(pending: Pending, reason: Record) -> int:
    """Note why a hand-over came to nothing; how often in a row it was that, as far as it matters.

    Of many alike the first and the latest are kept: a provider may refuse for a week, as often as it is asked.
    """
    alike = 0
    for each in reversed(pending.reasons):
        if each[1:] != reason[1:]:
            break
        alike += 1
    kept = pending.reasons
    if alike >= _ALIKE:
        kept = (*kept[: 1 - alike], *kept[2 - alike :])
    pending.reasons = (*kept, reason)
    return alike + 1


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
        before = look(decision.program.listening.watching, state.profile)
        state.profile.consents[ANY, ticket.channel] = fact
        cause = f"opted out:{ticket.key}:{ticket.fence}"
        decision.queue += changes(decision.program.listening.watching, before, state.profile, decision.now, cause)
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
    pending.reasons = (*pending.reasons, [now, pending.channel, [["ambiguous", "provider", reason or "uncertain"]]])
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
        return message_ended(program, state, pending, "sent", now, returned=_returned(outcome))
    reason = outcome.reason if isinstance(outcome, Ambiguous) else str(outcome.code)
    pending.reasons = (*pending.reasons, [now, "call", [["failed", "call", reason]]])
    if pending.attempts >= MAX_ATTEMPTS:
        return message_ended(program, state, pending, "failed", now, reason)
    decision = Decision(program, state, now)
    _wait_again(pending, decision.now + length(backoff(pending.attempts, pending.key, None)), decision)
    return decision


def _returned(outcome: Accepted) -> Returned | None:
    return outcome if isinstance(outcome, Returned) else None


def _wait_again(pending: Pending, due: int, decision: Decision) -> None:
    pending.status, pending.lease = WAITING, None
    if not pending.uncertain:
        pending.slot = None
    # Not past its best-before: then it is asked once more, to be told that it has expired.
    pending.due = pending.not_before = min(due, max(pending.expires, decision.now))
    decision.effects.append(MessageChanged(pending))


def _joined(first: Decision, then: Decision) -> Decision:
    if first.queue:
        then.open()
        then.queue += first.queue
    then.trace[:0] = first.trace
    then.effects[:0] = first.effects
    return then
