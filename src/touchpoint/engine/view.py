"""One customer as things stand: a snapshot for hosts, tests and people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

import attrs

from touchpoint.core.decision import RUN
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.program import Program
from touchpoint.core.rhythm import in_words
from touchpoint.core.segments import MARKS
from touchpoint.core.state import IN_FLIGHT, Record, State
from touchpoint.core.timed import SilenceSpec
from touchpoint.durations import instant
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.errors import UnknownName
from touchpoint.model.case import DEADLINES, Case, Severity, level_of
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import CaseRow, EntryRow, MessageRow, RunRow
from touchpoint.stores.codec import loads


@attrs.frozen
class RunView:
    """One run of a rule.

    `ended_at` and `reason` are None while it is live; `parked` says what keeps a live one from going on. Instants are
    aware UTC.
    """

    journey: str
    rule: str
    key: str | None = attrs.field(repr=False)
    started_at: datetime
    ended_at: datetime | None = None
    reason: str | None = None
    parked: str | None = None

    @property
    def live(self) -> bool:
        """Whether it is still going on."""
        return self.ended_at is None


@attrs.frozen
class MessageView:
    """One message of a customer.

    Args:
        key: its idempotency key.
        status: waiting, in_flight, sent, withdrawn, denied, expired, failed or unknown.
        via: the channel; None before its first release.
        at: when it was released, aware UTC; None if it never was.
        because: every reason that stood in its way, in words, oldest first.
        delivery: how far it has got since its hand-over, as its provider told (S6.9): empty, `no_receipt`, `delivered`,
            `bounced` or `failed`, `opened`, `clicked`, `complained`.
    """

    name: str
    kind: str
    status: str
    via: str | None
    due: datetime
    at: datetime | None
    because: tuple[str, ...] = attrs.field(repr=False)
    journey: str
    rule: str
    key: str = attrs.field(repr=False)
    delivery: str = ""


@attrs.frozen
class Parked:
    """Something that a defect of a journey keeps from going on (S4.3): the decision was undone to the touchpoint alone.

    Args:
        at: aware UTC.
        what: the touchpoint type, rule or timer it was about.
        error: what went wrong, and how to mend it.
        kind: `touchpoint`, `run`, or of the timer or change of facts that it followed from.
    """

    at: datetime
    what: str
    error: str
    kind: str = ""


@attrs.frozen
class Move:
    """A change of stage; `left` is None for the first one of a journey. `at` is aware UTC."""

    at: datetime
    journey: str
    left: str | None
    entered: str


@attrs.frozen
class Membership:
    """A segment is joined, or left. `at` is aware UTC."""

    at: datetime
    journey: str
    segment: str
    joined: bool


@attrs.frozen
class CustomerView:
    """A customer at one instant. It does not change when the customer does: ask the engine again.

    `segments` maps `journey/segment` of those they are in to since when, `memberships` tells of every change that
    was an event.
    """

    id: str = attrs.field(repr=False)
    stages: Mapping[str, str]
    runs: tuple[RunView, ...]
    messages: tuple[MessageView, ...]
    planned: list[tuple[datetime, str]]
    traits: Mapping[str, object] = attrs.field(repr=False)
    zones: tuple[str, ...]
    parked: tuple[Parked, ...]
    moves: tuple[Move, ...]
    segments: Mapping[str, datetime]
    memberships: tuple[Membership, ...]
    _journeys: tuple[str, ...] = attrs.field(repr=False)
    _cases: tuple[Case, ...] = attrs.field(repr=False)
    _timeline: tuple[Touchpoint, ...] = attrs.field(repr=False)

    def stage(self, journey: str) -> str | None:
        """The current stage in a journey; None before the first.

        Raises UnknownName for a journey that is not at work.
        """
        if journey not in self._journeys and journey not in self.stages:
            raise UnknownName("journey", journey, self._journeys)
        return self.stages.get(journey)

    def timeline(self) -> list[Touchpoint]:
        """Every touchpoint in either direction, our own messages included, by `at`.

        Ties in the order they were recorded.
        """
        return list(self._timeline)

    def cases(self, *, open: bool | None = None) -> list[Case]:
        """Cases in the order they were opened; only open or only closed ones if asked."""
        return [each for each in self._cases if open is None or each.open == open]


def view(unit: Unit, loaded: Loaded) -> CustomerView:
    """Gather what is known of one customer."""
    unit.flush()
    state, tx = loaded.state, unit.tx
    held = {entry[3]: str(entry[4]) for entry in state.parked if entry[1] == RUN}
    journal, messages = list(tx.journal(loaded.no)), tx.messages(loaded.no)
    return CustomerView(
        id=state.id,
        stages={journey: str(held[0]) for journey, held in state.stages.items()},
        runs=tuple(_run(row, held.get(row.id)) for row in tx.runs(loaded.no)),
        messages=tuple(message_view(row) for row in messages),
        planned=planned(unit.program, state),
        traits=dict(state.profile.traits),
        zones=state.profile.zones,
        parked=parked(state),
        moves=tuple(_moves(reversed(journal))),
        segments={name: instant(state.segments[name]) for name in unit.program.segments if name in state.segments},
        memberships=tuple(_memberships(reversed(journal))),
        journeys=tuple(unit.program.journeys),
        cases=tuple(map(case_view, tx.cases(loaded.no))),
        timeline=tuple(timeline(state.id, journal, messages)),
    )


def case_view(row: CaseRow) -> Case:
    """A row of the cases for people."""
    deadlines = loads(row.deadlines) if row.deadlines else {}
    response, resolution = (deadlines.get(which, _NO_DEADLINE) for which in DEADLINES)
    levels = sorted(each[1] for which, each in deadlines.items() if level_of(which) is not None and each[1] is not None)
    return Case(
        row.kind, row.ref, instant(row.opened_at), _maybe(row.closed_at), _maybe(row.first_response_at),
        _maybe(response[0]), _maybe(resolution[0]), _maybe(response[1]), _maybe(resolution[1]),
        cast("Severity", row.severity), row.owner, row.opening, tuple(map(instant, levels)), row.cause, row.cause_type,
        row.merged_into,
    )  # fmt: skip


def _maybe(at: int | None) -> datetime | None:
    return None if at is None else instant(at)


_NO_DEADLINE: Final = (None, None)


def _moves(entries: Iterable[EntryRow]) -> Iterator[Move]:
    """The customer's way through the stages."""
    for entry in entries:
        if entry.trace is not None and '["stage",' in entry.trace:
            for line in loads(entry.trace):
                if line[0] == "stage":
                    yield Move(instant(entry.recorded_at), *line[1:])


def _memberships(entries: Iterable[EntryRow]) -> Iterator[Membership]:
    for entry in entries:
        if entry.trace is not None and '["segment",' in entry.trace:
            for line in loads(entry.trace):
                if line[0] == "segment":
                    yield Membership(instant(entry.recorded_at), line[2], line[3], line[1] == "joined")


def parked(state: State) -> tuple[Parked, ...]:
    """What is parked of a customer, oldest first."""
    return tuple(map(parked_view, state.parked))


def parked_view(entry: Record) -> Parked:
    """An entry of `State.parked` for people."""
    return Parked(instant(entry[0]), entry[2], entry[4], entry[1])


def _run(row: RunRow, parked: str | None) -> RunView:
    ended = None if row.ended_at is None else instant(row.ended_at)
    parked = parked if ended is None else None
    return RunView(row.journey, row.rule, row.key, instant(row.started_at), ended, row.reason, parked)


def message_view(row: MessageRow) -> MessageView:
    """A row of the outbox for people."""
    at = None if row.at is None else instant(row.at)
    return MessageView(
        row.name,
        row.kind,
        row.status,
        row.channel,
        instant(row.due),
        at,
        tuple(reasons_of(row)),
        row.journey,
        row.rule,
        row.key,
        row.delivery,
    )


def reasons_of(row: MessageRow) -> list[str]:
    """What stood in a message's way, oldest first: `email: quiet hours until …`."""
    found = []
    for _, channel, against in loads(row.reasons):
        found += [f"{channel}: {each[-1]}" if channel else str(each[-1]) for each in against]
    return found


def timeline(customer: str, newest_first: Sequence[EntryRow], messages: Sequence[MessageRow]) -> list[Touchpoint]:
    """Recorded touchpoints and sent messages on one line (S1.2)."""
    told = [_touchpoint(customer, each) for each in reversed(newest_first) if each.kind == TOUCHPOINT]
    sent = [_message_touchpoint(customer, each) for each in messages if each.status == "sent" and not _is_call(each)]
    return sorted(told + sent, key=lambda each: each.at or instant(0))


def _is_call(row: MessageRow) -> bool:
    # A host function is called through the outbox too, but tells the customer nothing.
    return (row.kind, row.channel) == ("call", "call")


def _touchpoint(customer: str, entry: EntryRow) -> Touchpoint:
    channel, location, direction, about, properties = loads(entry.body)
    return Touchpoint(
        customer,
        entry.type,
        instant(entry.at),
        entry.id,
        properties,
        channel,
        location,
        direction,
        about,
        instant(entry.recorded_at),
    )


def _message_touchpoint(customer: str, row: MessageRow) -> Touchpoint:
    at = instant(row.at or row.due)
    properties = {"message": row.name, "kind": row.kind, "rule": f"{row.journey}/{row.rule}"}
    return Touchpoint(customer, "message_sent", at, row.key, properties, row.channel, None, "outbound", row.key, at)


def planned(program: Program, state: State) -> list[tuple[datetime, str]]:
    """What falls due next, earliest first."""
    found = [(run.due, f"{run.label} goes on at {run.node}") for run in state.runs if run.due is not None]
    found += [
        (pending.due, f"{pending.message} is asked for")
        for pending in state.pending
        if pending.due is not None and pending.status != IN_FLIGHT
    ]
    return [(instant(due), what) for due, what in sorted([*found, *timers(program, state)])]


def timers(program: Program, state: State) -> list[tuple[int, str]]:
    """What rules wait for that only time brings: (instant in microseconds, in words)."""
    silences = ((program.silences[name], due) for name, due in state.silences.items() if name in program.silences)
    found = [(due, _silence(spec, state, due)) for spec, due in silences]
    found += [(due, f"dwelt in {name.partition('|')[0]}") for name, due in state.dwells.items()]
    dates = ((program.calendar[name], entry) for name, entry in state.calendar.items() if name in program.calendar)
    found += [(entry[0], spec.words) for spec, entry in dates]
    found += [(due, f"segment {name} is looked at again") for name, due in state.lapses.items() if name not in MARKS]
    found += [
        (due, f"case {kind}: {which} due")
        for kind, refs in state.cases.items()
        for case in refs.values()
        for which in case.deadlines
        if (due := case.armed(which)) is not None
    ]
    found += [(each.due, f"{each.label} starts with the {each.what.count} collected so far") for each in state.bursts]
    return found


def _silence(spec: SilenceSpec, state: State, due: int) -> str:
    if spec.usual is None:
        return spec.words
    return f"{spec.words} ({in_words(spec, state.occasions, due - state.heard[spec.name])})"
