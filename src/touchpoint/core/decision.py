"""The working space of one decision: what it reads, what it changes, and what it leaves to the shell to write."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, cast

import attrs

from touchpoint.core import case_acts
from touchpoint.core.accounts import Charge, GiftNote
from touchpoint.core.cases import CaseChanged, CaseClosed, CaseOpened
from touchpoint.core.collected import Burst
from touchpoint.core.compiled_rule import Closure, CompiledRule, Node, Teller
from touchpoint.core.context import Context
from touchpoint.core.held import dropped, put
from touchpoint.core.occurrence import ENDED, Occurrence
from touchpoint.core.program import BUDGET, Program
from touchpoint.core.records import burst_to_record
from touchpoint.core.segments import STAGE, reassess
from touchpoint.core.state import WAITING, Pending, Run, State, Watch, without
from touchpoint.errors import DefectiveJourney
from touchpoint.model.budget import Stock
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Number
from touchpoint.policy.facts import ConsentFact

T = TypeVar("T")
Entry: TypeAlias = list[Any]
"""One line of the trace: a kind, then what it is about; JSON."""

# Effects are to be treated as immutable: they are only mutable because that is quicker to build.


@attrs.define
class RunStarted:
    """A run began; the shell gives it its number."""

    run: Run


@attrs.define
class RunEnded:
    """A run ended."""

    run: Run
    at: int
    reason: str


@attrs.define
class RunJoined:
    """Of two runs of one person under two ids `run` ended, and `into` goes on in its place (S1.6).

    `answered` are the keys of messages about which feedback was there by then.
    """

    run: Run
    into: Run
    answered: frozenset[str]


@attrs.define
class MessageBegun:
    """A message or call of a run waits for its release; the shell gives it its number."""

    pending: Pending
    run: Run


@attrs.define
class MessageEnded:
    """A message reached an end, in one of the ways of S6.7. `run` is its own, where one that was sent has it still."""

    pending: Pending
    status: str
    at: int
    run: Run | None = None


@attrs.define
class MessageChanged:
    """A message was released, deferred or given back."""

    pending: Pending


@attrs.define
class AddressStands:
    """An address is no longer simply active, for everybody who shares it."""

    kind: str
    key: str = attrs.field(repr=False)
    standing: str
    reason: str


@attrs.define
class ConsentSaid:
    """Something for the consent ledger that a provider told us."""

    purpose: str
    channel: str
    fact: ConsentFact


_AT_ONCE: Final = 60_000_000
"""Microseconds: a run that sent a message and was over with it sooner led straight to what follows."""
RUN: Final = "run"
"""The kind of what is parked of a run that had begun."""
COLLECTED: Final = "collected"
"""The kind of what is parked of a burst that was complete."""
PARKED: Final = "parked"
"""What a parked run waits for."""
MOVED: Final = "moved"
"""What a parked run waited for that an edit has taken to another step: to take that step."""
NOT_LOADED: Final = "its rule or step is not loaded"
MESSAGE_PAUSED: Final = "message paused"
"""The scope of a control that has a message wait; under `message` alone it is stopped."""


@attrs.define
class ControlSet:
    """A channel or message is paused, or a message stopped, for everybody; until it is resumed, or by itself."""

    scope: str
    name: str
    reason: str
    until: int | None = None


@attrs.define
class RefLearned:
    """What the provider of a message that has its end already calls it."""

    key: str
    ref: str


@attrs.define
class Paced:
    """How fast a channel may be used has changed; the names are in `World.paces`."""

    names: tuple[str, ...]


@attrs.define
class Counted:
    """One more of a message goes out; how many is in `World.volumes`."""

    message: str


@attrs.define
class Spent:
    """What a gift is worth was taken from its budget, or given back (negative)."""

    message: str
    worth: Number


@attrs.define
class Booked:
    """A release took from accounts, in the place of whatever this message had taken before.

    `shelf` is the stock that one was taken from, `gift` what is to be kept of a gift.
    """

    pending: Pending
    at: int
    charges: Sequence[Charge] = ()
    shelf: Stock | None = None
    gift: GiftNote | None = None


@attrs.define
class Unbooked:
    """What a message had taken from accounts is given back."""

    pending: Pending


@attrs.define
class GiftWaits:
    """A gift waits for a person who approves it, for a stock that is filled up, or for neither any more."""

    pending: Pending
    gift: GiftNote
    approval: bool = False
    shelf: str = ""


@attrs.define
class Emitted:
    """An internal touchpoint, to be written to the timeline; `about` is the message it belongs to."""

    occurrence: Occurrence
    about: str | None = None


@attrs.define
class NothingCame:
    """What was awaited of a message did not come: to be written to the timeline, and kept with the message."""

    key: str
    occurrence: Occurrence


@attrs.define
class TaskAssigned:
    """A person is to do what a message asks; `body` are its words."""

    pending: Pending
    words: RenderedMessage = attrs.field(repr=False)
    at: int


@attrs.define
class ProfileChanged:
    """A trait was set by a step."""


Effect = (
    RunStarted | RunEnded | RunJoined | CaseOpened | CaseClosed | MessageBegun | MessageChanged | MessageEnded
    | AddressStands | ConsentSaid | ControlSet | Paced | RefLearned | Counted | Spent | Emitted | NothingCame
    | TaskAssigned
    | Booked | Unbooked | GiftWaits
    | CaseChanged
    | ProfileChanged
)  # fmt: skip


def ended_message(
    program: Program, state: State, pending: Pending, status: str, reason: str, now: int, run: Run | None = None
) -> Occurrence | None:
    """The end of a message as something that others react to; None where nobody waits for it.

    It is about what its run is about, and knows how many such runs were in a row, if they were without a pause. A
    `run` that is over is no longer to be found, and so handed in.
    """
    name = f"{pending.message}|{status}"
    if name not in program.listening.ends:
        return None
    run, rule = run or state.run_by_order(pending.run), program.by_name.get((pending.journey, pending.rule))
    key = None if rule is None else rule.rule.key
    about = {} if run is None or run.key is None or key is None else {key: run.key}
    told = {**about, "message": pending.message, "status": status, "reason": reason}
    before = run.trigger.chain if run is not None and now - run.started <= _AT_ONCE else 0
    identity = f"{pending.key} {status}"
    return Occurrence(ENDED, name, now, identity, told, pending.channel, None, "internal", pending.key, before + 1)


NOTHING: Final[list[Any]] = cast("list[Any]", ())
"""What a decision has in the place of empty lists that nobody needs. Whoever would append to it fails."""


class Decision:
    """One decision on one customer. It changes `state` in place; `trace` and `effects` tell what happened."""

    __slots__ = ("_context", "chain", "effects", "now", "program", "queue", "ready", "state", "taken", "trace")

    def __init__(self, program: Program, state: State, now: int, first: Occurrence | None = None) -> None:
        self.program = program
        self.state = state
        if now > state.now:  # noqa: PLR1730 - max() would be a call
            state.now = now
        self.now = state.now
        self.trace: list[Entry] = []
        self.effects: list[Effect] = []
        self.queue: list[Occurrence] = [] if first is None else [first]
        self.ready: list[tuple[Run, Node | None]] = []
        self.taken = 0
        self.chain = 0  # how many runs in a row have led to it, each started by an end of a message of the one before
        self._context: Context | None = None  # made when a condition is first asked: many decisions ask none

    def open(self) -> None:
        """Have lists of its own, into which something may be put; `BlankDecision` tells of those that have none."""

    def leave(self, effects: list[Effect]) -> None:
        """Take the step of a run that leaves these."""
        self.taken += 1
        if self.taken > BUDGET:
            self.give_up()
        self.effects += effects

    def give_up(self) -> NoReturn:
        """End a decision that took more steps and rounds than its budget. Raises DefectiveJourney."""
        message = (
            f"a decision took more than {BUDGET} steps: its rules or steps raise each other in a circle; "
            "put a Wait, a limit or a condition into it"
        )
        raise DefectiveJourney(message)

    def ask(self, closure: Closure, journey: str, event: Occurrence, run: Run | Watch | None = None) -> object:
        """What a condition or expression gives, for a round (event and trigger the same) or within a run."""
        return closure(self.placed(journey, event, run))

    def saw(self, see: Callable[[Context], T], journey: str, event: Occurrence, run: Run | Watch | None = None) -> T:
        """What an expression saw, as a trace keeps it."""
        return see(self.placed(journey, event, run))

    def told(self, tell: Teller, journey: str, event: Occurrence, run: Run | Watch | None = None) -> str:
        """The expression with the values it saw, in words."""
        return tell(self.placed(journey, event, run))

    def looking(self, journey: str) -> Context:
        """What a condition may look at that belongs to no run and to no event."""
        return self.placed(journey, None)

    def look_anew(self) -> None:
        """What conditions may look at has become another object."""
        self._context = None

    def placed(self, journey: str, event: Occurrence | None, run: Run | Watch | None = None) -> Context:
        """What conditions of a journey may look at, in a round or within a run; the same object at each call."""
        context = self._context
        if context is None:
            # Nothing in it may point back to this decision: a circle would be left to the garbage collector.
            state, rare = self.state, self.state.rare
            self._context = context = Context(
                None, None, state.profile.traits, self.now, state.signals, state.case_open, state.stage_of,
                rare.exposures, rare.segments, _NOTHING, consents=state.profile.consents,
            )  # fmt: skip
        context.journey = journey
        context.event = event
        context.trigger = event if run is None else run.trigger
        if run is not None:
            context.outcomes, context.collected, context.results = run.outcomes, run.collected, run.results
            context.told = run.told
        elif context.outcomes is not _NOTHING:  # a run was asked about before
            context.outcomes, context.collected, context.results = _NOTHING, None, _NO_RESULTS
            context.told = _NOTHING_TOLD
        return context

    def rule_of(self, run: Run) -> CompiledRule | None:
        """The rule a run belongs to, or None where this program does not know it."""
        program = self.program
        # Nearly all are found at once.
        return (None if run.release else program.by_name.get((run.journey, run.rule))) or program.rule_of(run)

    # What happens to runs, stages and cases, whoever asks for it.

    def go_on(self, run: Run, node: Node | None) -> None:
        """Let a run that was blocked go on at this node, once the round is over."""
        run.unblock()
        self.ready.append((run, node))

    def park(self, run: Run, error: str) -> None:
        """Have a run wait until it is replayed (S4.3); exits, goals and touchpoints still reach it."""
        more = [run.waiting, run.due, run.look, run.message]
        run.due = run.look = run.message = None
        run.waiting = PARKED
        self.keep_parked(RUN, run.label, run.id, error, more)
        self.trace.append(["parked", run.journey, run.rule, run.key, error])

    def park_burst(self, burst: Burst, error: str) -> None:
        """Keep a burst that is complete until it is replayed (S4.3)."""
        self.keep_parked(COLLECTED, burst.label, burst.what.kept[0].id, error, burst_to_record(burst))
        self.trace.append(["parked", burst.journey, burst.rule, burst.key, error])

    def keep_parked(self, kind: str, name: str, identity: str, error: str, more: Entry | None) -> None:
        """Enter something into the list of what is parked; see `core.parking`."""
        entry: Entry = [self.now, kind, name, identity, error, self.state.orders, more]
        self.state.parked += (entry,)

    def end(self, run: Run, reason: str) -> None:
        """End a run: its waiting messages are withdrawn, its goal may still be watched (S5.3)."""
        state = self.state
        state.runs = without(state.runs, run)
        if self.ready:
            self.ready = [each for each in self.ready if each[0] is not run]
        self.trace.append(["ended", run.journey, run.rule, run.key, reason])
        self.effects.append(RunEnded(run, self.now, reason))
        for pending in state.pending:
            if pending.run == run.order and pending.status == WAITING:
                self.take_back(pending, f"its run ended: {reason}", run)
        rule = self.rule_of(run)
        if rule is not None and rule.goal_within is not None:
            self.watch(run, run.started + rule.goal_within, reason)

    def _answers(self, pending: Pending, cases: Sequence[Sequence[str]], status: str) -> None:
        if status == "sent":
            self.answered(cases, self.now, f"message:{pending.key}")
            return
        for kind, ref in cases:
            if (case := case_acts.find(self, kind, ref)) is not None and case.answered_at is None:
                slot = self.now if pending.slot is None else pending.slot
                case.doubts = put(case.doubts, pending.key, slot)

    def answered(self, cases: Sequence[Sequence[str]], at: int, answer: str) -> None:
        """The customer of these cases was answered; the first time counts, and those that are closed do not."""
        for kind, ref in cases:
            case = case_acts.find(self, kind, ref)
            if case is not None and case.answered_at is None:
                self.answer_case(kind, ref, at, answer)

    def take_back(self, pending: Pending, reason: str, over: Run | None = None) -> None:
        """End a waiting message that is wanted no more, because its run is `over` or for another reason."""
        # What may have gone out already cannot be taken back (S6.8).
        self.end_message(pending, "unknown" if pending.uncertain else "withdrawn", reason, over)

    def watch(self, run: Run, until: int, reason: str) -> None:
        """Watch the goal of a run that is over until then, unless it was reached, or the run was ended by others."""
        left_by_itself = reason == "done" or reason.startswith("exit: ")
        if left_by_itself and not run.reached and until >= self.now:
            watch = Watch(run.order, run.journey, run.rule, run.key, until, run.trigger, run.outcomes)
            watch.release = run.release
            watch.collected, watch.results = run.collected, run.results
            watch.id, watch.visits, watch.told = run.id, run.visits, run.told
            self.state.watches += (watch,)

    def end_message(self, pending: Pending, status: str, reason: str, run: Run | None = None) -> None:
        """Give a message its one end (S6.7); its `run`, live or over, where it is at hand."""
        self.state.pending = without(self.state.pending, pending)
        if reason:
            pending.reasons = (*pending.reasons, [self.now, pending.channel, [[status, reason]]])
        self.trace.append(["message", pending.message, status, pending.channel, reason])
        self.effects.append(MessageEnded(pending, status, self.now, run if status == "sent" else None))
        if pending.cases and status in ("sent", "unknown"):
            self._answers(pending, pending.cases, status)
        if self.program.listening.ends and not pending.is_call:
            told = ended_message(self.program, self.state, pending, status, reason, self.now, run)
            if told is not None:
                self.queue.append(told)

    def move(self, journey: str, stage: str, cause: str) -> None:
        """Enter a stage, leaving the current one."""
        state, program = self.state, self.program
        held = state.stages.get(journey)
        left, visit = (None, 1) if held is None else (held[0], held[2] + 1)
        state.stages = put(state.stages, journey, (stage, self.now, visit))
        self.trace.append(["stage", journey, left, stage])
        if not program.moves_heard:  # nobody waits for it, here or later
            return
        if left is not None:
            self._drop_dwells(f"{journey}/{left}")
            self._raise("left", f"{journey}/{left}", cause)
        for name, length in program.dwells.get(f"{journey}/{stage}", ()):
            state.dwells = put(state.dwells, name, self.now + length)
        self._raise("entered", f"{journey}/{stage}", cause)
        if program.segments:
            reassess(self, (STAGE, journey), cause)

    def _raise(self, kind: str, name: str, cause: str) -> None:
        """Have others react to an event, unless nobody listens to any such."""
        heard = self.program.heard
        if heard is None or (kind, name) in heard:
            self.queue.append(Occurrence(kind, name, self.now, cause))

    def _drop_dwells(self, stage: str) -> None:
        for name, _ in self.program.dwells.get(stage, ()):
            self.state.dwells = dropped(self.state.dwells, name)

    def open_case(
        self, kind: str, ref: str, cause: str, *, severity: object = None, owner: object = None,
        of: tuple[str, str, int] | None = None, said: tuple[str, ...] = (),
    ) -> bool:  # fmt: skip
        """Open a case; opening an open one is a recorded no-op (S8.2). `said` are ids of what led to it."""
        return case_acts.open_case(self, kind, ref, cause, severity=severity, owner=owner, of=of, said=said)

    def close_case(self, kind: str, ref: str, cause: str) -> bool:
        """Close a case, and have the messages it held asked again; one that is not open is a recorded no-op (S8.2)."""
        return case_acts.close_case(self, kind, ref, cause)

    def answer_case(self, kind: str, ref: str, at: int, answer: str = "") -> bool:
        """Note that the customer was answered then, if it is open and no earlier answer is known (S8.2)."""
        return case_acts.answer_case(self, kind, ref, at, answer)

    def ask_again(self) -> None:
        """Something that held messages back has changed: the gate looks at every waiting one anew, at once."""
        for pending in self.state.pending:
            if pending.status == WAITING:
                pending.due = max(self.now, pending.not_before)


_NOTHING: Mapping[str, str] = {}
_NOTHING_TOLD: Mapping[str, list[str]] = {}
_NO_RESULTS: Mapping[str, object] = {}
