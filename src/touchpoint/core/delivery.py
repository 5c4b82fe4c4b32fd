"""Release and hand-over (S6.8, S11): every change of state that sending a message makes, each a function of its own.

The protocol itself is `hand_over`, a generator that says what has to happen next and does nothing itself; whoever
drives it supplies the clock, the store and the adapter. One driver is synchronous; an asynchronous one runs the same
generator.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

import attrs

from touchpoint.core.advance import message_ended, work_off
from touchpoint.core.at_once import final
from touchpoint.core.booking import take, wait_for_people
from touchpoint.core.decision import (
    MESSAGE_PAUSED,
    ControlSet,
    Counted,
    Decision,
    MessageChanged,
    Paced,
)
from touchpoint.core.gate import Asked, World, decide
from touchpoint.core.making_good import goes_first
from touchpoint.core.program import Program
from touchpoint.core.render import render
from touchpoint.core.replanning import is_free_again, replan
from touchpoint.core.state import IN_FLIGHT, NEVER, Pending, State
from touchpoint.core.volume import count, too_many
from touchpoint.durations import length
from touchpoint.model.delivery import (
    Outcome,
    RenderedMessage,
    judge,
)
from touchpoint.model.message import Message
from touchpoint.policy.checks import FAMILIARITY, PACE, PAUSED, TOLD
from touchpoint.policy.facts import ChosenWording, HandOver, Pause
from touchpoint.policy.verdict import Ruling

HAND_OVER_WITHIN: Final = 20.0
"""Seconds, by the monotonic clock, from the release to the call."""
LEASE: Final = length(timedelta(seconds=90))
"""A claim whose owner vanished is rescued after this long."""
CLOCK_STEP: Final = 2.0
"""Seconds by which wall and monotonic clock may disagree between release and call; more is a clock that was set."""


@attrs.define
class Moment:
    """One reading of the host's clock.

    `wall` is in microseconds UTC, `elapsed` in seconds, and `timeline` says which elapsed seconds can be compared.
    Treat it as immutable, like all that is here: they are only mutable because that is quicker to build.
    """

    wall: int
    elapsed: float
    timeline: str


@attrs.define
class Ticket:
    """The right to hand one message over, once, soon. `fence` rises with every release of the customer.

    With `lookup` the provider is only asked what became of an earlier hand-over. `first` says that there was none.
    `reply_to` is the touchpoint that is answered in its conversation, with a sign if it `reacts`.
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
    lookup: bool = False
    first: bool = False
    reply_to: str | None = attrs.field(default=None, repr=False)
    reacts: bool = False


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
    looked_at: set[str] = attrs.Factory(set)

    def steps(self, ticket: Ticket) -> Generator[Step, object, None]:
        """What has to happen with one ticket, and nobody else's."""
        not_now = yield LastLook(ticket)
        self.looked_at.add(ticket.key)
        if not_now is not None:
            self.outcomes.append((ticket, None))
        else:
            self.outcomes.append((ticket, judge((yield Call(ticket)))))

    def untouched(self) -> Outcomes:
        """Those whose adapter was certainly not called, to be given back."""
        return [(ticket, None) for ticket in self.tickets if ticket.key not in self.looked_at]


Command = ReleaseAll | HandAll | SettleAll


def hand_over() -> Generator[Command, object, int]:
    """The protocol for one group of messages: release, last look, call, settle. Returns how many were handed over."""
    tickets: Sequence[Ticket] = yield ReleaseAll()  # type: ignore[assignment]
    outcomes: Outcomes = []
    hand_all = HandAll(tickets, outcomes)
    try:
        if tickets:
            yield hand_all
    except GeneratorExit:
        raise
    except BaseException as stopped:
        # Somebody stops the worker, or the store fails: what is known of the others must not become uncertain.
        outcomes += hand_all.untouched()
        if outcomes:
            try:
                yield SettleAll(outcomes)
            except Exception as trouble:
                if isinstance(stopped, Exception):
                    raise
                raise stopped from trouble  # a store in trouble is waited for, and who stops the worker does not wait
        raise
    if outcomes:
        yield SettleAll(outcomes)
    return sum(outcome is not None for _, outcome in outcomes)


def due_messages(program: Program, state: State, now: int) -> list[Pending]:
    """The customer's messages that are due, in the order in which they are asked.

    That is what makes good a case that is open, then higher priority first, then earlier due, then name, then outbox
    order (S6.6). None while one of them is on its way, by whichever worker: what follows from its outcome comes first.
    """
    due: list[Pending] = []
    for each in state.pending:
        if each.status == IN_FLIGHT:
            return []
        if each.due is not None and each.due <= now:
            due.append(each)
    if len(due) > 1:
        due.sort(key=lambda each: (-each.priority, each.first_due, each.message, each.no))
        if state.cases:
            due.sort(key=lambda each: not _goes_first(program, state, each))
    return due


def _goes_first(program: Program, state: State, pending: Pending) -> bool:
    message = None if pending.is_call else program.message_of(state, pending)
    return message is not None and goes_first(state, pending, message)


def abandoned(state: State, now: int) -> list[Pending]:
    """Messages whose owner vanished between release and outcome."""
    return [each for each in state.pending if each.status == IN_FLIGHT and each.lease is not None and each.lease <= now]


def release(
    program: Program, state: State, pending: Pending, world: World, moment: Moment
) -> tuple[Ticket | None, Decision]:
    """Ask the gate; on Allow take the cap slot, the lease and a fence: from here on the message is in flight (S6.8)."""
    now = moment.wall if moment.wall > state.now else state.now  # noqa: FURB136 - max() would be a call
    if pending.arguments is not None:
        return _release_call(program, state, pending, world, moment, now)
    if pending.uncertain and (found := _in_doubt(program, state, pending, world, moment, now)) is not None:
        return found
    asked = decide(program, state, pending, world, now, moment.wall)
    if asked.ruling.answer == "deny":
        return None, _denied(program, state, pending, asked.ruling, now)
    decision = final(program, state, now, [], [])
    if world.breaker is not None and asked.ruling.allowed and not _within_volume(pending, asked, decision, world):
        asked = decide(program, state, pending, world, now, moment.wall)
    if program.replans:
        run = state.run_by_order(pending.run)
        if run is not None and run.message == pending.key and is_free_again(program, state, pending, asked.ruling):
            decision.open()
            replan(decision, run, pending)
            return None, work_off(decision)
    if asked.ruling.answer != "allow":
        return None, _not_now(program, state, pending, asked, decision, world)
    return _let_go(program, state, pending, asked, decision, moment, world), decision


def _in_doubt(
    program: Program, state: State, pending: Pending, world: World, moment: Moment, now: int
) -> tuple[Ticket | None, Decision] | None:
    """What becomes of a message that may have gone out; None where the gate is asked whether to repeat it."""
    if pending.channel in world.lookups:
        return _look_up(program, state, pending, moment, now)
    why = _too_late_to_repeat(pending, world, moment)
    return None if why is None else (None, message_ended(program, state, pending, "unknown", now, why))


def _within_volume(pending: Pending, asked: Asked, decision: Decision, world: World) -> bool:
    """S11.8: whether no more of this message goes out than is planned or usual; else it, or its channel, is paused.

    Each message counts once, at its first release.
    """
    breaker = world.breaker
    if breaker is None or asked.channel in world.recording or pending.fence:
        return True
    why = too_many(breaker, world.volumes, pending.message, decision.now)
    if why is None:
        count(breaker, world.volumes, pending.message, decision.now)
        decision.effects.append(Counted(pending.message))
        return True
    if breaker.holds == "channel":
        world.paused = {**world.paused, asked.channel: f"{pending.message}: {why}"}
        world.paused_until = {name: at for name, at in world.paused_until.items() if name != asked.channel}
        decision.effects.append(ControlSet("channel", asked.channel, world.paused[asked.channel]))
    else:
        pause = Pause("message", pending.message, why)
        world.switches = {**world.switches, (pause.scope, pause.name): pause}
        decision.effects.append(ControlSet(MESSAGE_PAUSED, pending.message, why))
    return False


def _let_go(
    program: Program, state: State, pending: Pending, asked: Asked, decision: Decision, moment: Moment, world: World
) -> Ticket:
    channel, address, plan = asked.channel, asked.address, asked.plan
    if len(asked.ruling.because) > 1:
        _note(pending, asked.ruling, decision.now)
    _take_lease(state, pending, channel, decision.now, moment)
    if asked.worded is not None:
        decision.trace.append(["worded", pending.message, pending.key, channel, *_told(asked.worded)])
    if pending.first_try is None:
        pending.first_try, pending.timeline = moment.elapsed, moment.timeline
    message = program.message_of(state, pending) if plan is None else plan.message
    _take_slot(program, state, pending, message)
    if message is not None and plan is None:  # one that a plan knows costs nothing
        take(program, state, pending, message, decision)
    decision.effects.append(MessageChanged(pending))
    first = pending.to is None
    pending.to = to = (address.kind, address.key) if address else None
    if to is not None and (world.rates or world.paces):
        _take_pace(pending, channel, to, decision, world)
    return Ticket(
        state.id, pending.key, pending.fence, channel, pending.attempts, to, asked.words, moment,
        None, None, False, first, asked.reply_to, asked.reacts,  # noqa: FBT003 - by name takes longer
    )  # fmt: skip


def _take_pace(pending: Pending, channel: str, to: tuple[str, str], decision: Decision, world: World) -> None:
    if (paced := world.pacing(channel, *to)) is not None:
        paced.take(world.paces, decision.now)
        decision.effects.append(Paced(paced.names))
        pending.booked = None


def _unsaid(pending: Pending, ruling: Ruling) -> Iterator[list[object]]:
    """With the values that were seen: what would have to be true before the words may be said on a channel."""
    for channel, verdicts in ruling.because:
        for each in verdicts:
            if each.check == FAMILIARITY and each.answer == "deny":
                yield ["unsaid", pending.message, pending.key, channel, each.values[TOLD]]


def _told(worded: ChosenWording) -> tuple[str | None, list[str]]:
    """The wording, None for the message's own content; and why, with the values that were seen."""
    lines = [f"not {name!r}: {told}" for name, told in worded.lost]
    lines += [f"{worded.wording!r}: {worded.told}"] if worded.wording else []
    return worded.wording or None, [*lines, *(f"without it: {each.told_words}" for each in worded.without)]


def _take_lease(state: State, pending: Pending, channel: str, now: int, moment: Moment) -> None:
    state.fences += 1
    pending.status, pending.channel, pending.fence = IN_FLIGHT, channel, state.fences
    # By the wall, which is what looks whether it is over: the customer's own clock may be ahead of it (S11.3).
    pending.slot, pending.lease = now, moment.wall + LEASE
    pending.attempts += 1


def _take_slot(program: Program, state: State, pending: Pending, message: Message | None) -> None:
    """Move the message's slot to this instant; refused attempts stay in the history, for caps that count attempts."""
    now, run = pending.slot or 0, state.run_by_order(pending.run)
    key, earlier = pending.key, state.history
    own = HandOver(
        now, key, pending.journey, pending.message, pending.kind, pending.channel or "",
        message is None or message.counted, IN_FLIGHT, run.key if run else None,
    )  # fmt: skip
    if not earlier:
        state.history = (own,)
        return
    oldest = -NEVER if program.history_kept is None else now - program.history_kept
    kept = [each for each in earlier if (each.key != key or each.state == "refused") and each.at > oldest]
    state.history = (*kept, own)


def _look_up(program: Program, state: State, pending: Pending, moment: Moment, now: int) -> tuple[Ticket, Decision]:
    """Ask the provider what became of it. Nothing goes out, so the gate has no say, and the slot stays where it is."""
    decision, channel, slot = Decision(program, state, now), pending.channel or "", pending.slot
    _take_lease(state, pending, channel, decision.now, moment)
    pending.slot = slot
    decision.effects.append(MessageChanged(pending))
    run, message = state.run_by_order(pending.run), program.message_of(state, pending)
    # Where people are behind the channel, what has become of it may be a task, which needs the words.
    words = None if run is None or message is None else render(program, state, run, message, channel, now).message
    return Ticket(
        state.id, pending.key, pending.fence, channel, pending.attempts, None, words, moment, lookup=True
    ), decision


def _release_call(
    program: Program, state: State, pending: Pending, world: World, moment: Moment, now: int
) -> tuple[Ticket | None, Decision]:
    if now >= pending.expires:
        why = "it kept failing until its time was over" if pending.attempts else "it was held until its time was over"
        return None, message_ended(program, state, pending, "failed", now, why)
    decision = Decision(program, state, now)
    for pause in world.paused_here(pending.journey, ""):
        if pause.until is None or pause.until > moment.wall:
            return None, _wait_for_switch(pending, pause, decision)
    _take_lease(state, pending, "call", decision.now, moment)
    decision.effects.append(MessageChanged(pending))
    ticket = Ticket(
        state.id, pending.key, pending.fence, "call", pending.attempts, None, None, moment,
        pending.message, pending.arguments,
    )  # fmt: skip
    return ticket, decision


def _wait_for_switch(pending: Pending, pause: Pause, decision: Decision) -> Decision:
    """A call of a paused journey; of policies nothing else binds it."""
    reason = f"the journey {pause.name!r} is paused: {pause.reason}"
    against = [["defer", PAUSED, reason]]
    if not any(each[2] == against for each in pending.reasons):
        pending.reasons = (*pending.reasons, [decision.now, None, against])
    until = pending.expires if pause.until is None else min(pause.until, pending.expires)
    pending.due = max(until, decision.now + 1)
    decision.trace.append(["deferred", pending.message, PAUSED, None, reason, pending.due])
    decision.effects.append(MessageChanged(pending))
    return decision


def _not_now(
    program: Program, state: State, pending: Pending, asked: Asked, decision: Decision, world: World
) -> Decision:
    ruling = asked.ruling
    if ruling.answer == "deny":
        return _denied(program, state, pending, ruling, decision.now)
    _note(pending, ruling, decision.now)
    until = pending.expires if ruling.until is None else min(ruling.until, pending.expires)
    if ruling.check == PACE and asked.address is not None and until < pending.expires:
        until = _book(pending, asked, until, decision, world)
    # An instant not in the future would ask in a circle; the gate never names one, but a circle must be impossible.
    pending.due = max(until, decision.now + 1)
    decision.trace.append(["deferred", pending.message, ruling.check, ruling.channel, ruling.reason, pending.due])
    decision.effects.append(MessageChanged(pending))
    if ruling.waits_for or pending.taken is not None:
        wait_for_people(program, state, pending, ruling.waits_for, decision)
    return decision


def _denied(program: Program, state: State, pending: Pending, ruling: Ruling, now: int) -> Decision:
    _note(pending, ruling, now)
    ended = message_ended(program, state, pending, _ends_as(pending, ruling), now, ruling.reason)
    if program.bonds or program.wordings:  # without them all that can be said is said
        ended.trace[:0] = _unsaid(pending, ruling)
    return ended


def _book(pending: Pending, asked: Asked, until: int, decision: Decision, world: World) -> int:
    """A place in the queue of a channel that is used too fast; whoever has one to come keeps it."""
    paced = None if asked.address is None else world.pacing(asked.channel, asked.address.kind, asked.address.key)
    if paced is None:
        return until
    if pending.booked is None or pending.booked <= decision.now:
        pending.booked = paced.book(world.paces, until)
        decision.effects.append(Paced(paced.names))
    return min(max(until, pending.booked), pending.expires)


def _ends_as(pending: Pending, ruling: Ruling) -> str:
    if pending.uncertain:
        return "unknown"
    # No channel is left, and at least one of them is out because its provider refused (S6.8).
    return "failed" if ruling.own and pending.refused else ruling.ends_as


def _note(pending: Pending, ruling: Ruling, now: int) -> None:
    """Keep what stood in the way, once for each new reason."""
    for channel, verdicts in ruling.because:
        against = [[each.answer, each.check, each.reason] for each in verdicts if each.answer != "allow"]
        known = pending.reasons and any(each[1] == channel and each[2] == against for each in pending.reasons)
        if against and not known:
            pending.reasons = (*pending.reasons, [now, channel, against])


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
