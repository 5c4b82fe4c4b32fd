"""What was seen of journeys, read from what an engine has recorded: the other half of journey coverage.

Where the records leave two ways open, an element counts only if it was seen either way.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import attrs

from touchpoint.core.compiled_rule import CompiledRule, Node
from touchpoint.core.keys import Key, keys_of
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.program import Program
from touchpoint.core.records import profile_from_record, state_from_record
from touchpoint.core.replanning import PLANNED_ANEW
from touchpoint.core.schedule import after, calendar_period
from touchpoint.core.state import Run
from touchpoint.core.unmet import Asked
from touchpoint.durations import Duration
from touchpoint.engine.recalled import Known
from touchpoint.journey.conditions import Expression
from touchpoint.journey.steps import (
    Best,
    Branch,
    Call,
    Exit,
    Send,
    Split,
    Wait,
    WaitFor,
    WaitUntil,
    arm_of,
    candidate_arm,
)
from touchpoint.policy.binding import BoundCap, BoundWindow, covers, meets
from touchpoint.policy.caps import frees_at
from touchpoint.stores.base import CustomerRow, MessageRow, Reader, RunRow
from touchpoint.stores.codec import loads

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

from touchpoint.lab.coverage_elements import (
    BOUNDARY,
    MANY,
    NEAR,
    OWN_WORDS,
    Place,
    PolicyItem,
    called,
    items_of,
    length_of,
    near_of,
    places_of,
)
from touchpoint.lab.coverage_moments import Moment, moments_of

# What was seen. A `Seen` is a journey and a place in it.

Seen: TypeAlias = tuple[str, ...]


@attrs.define(eq=False)
class Lamp:
    """What collecting asks of a program, looked up once."""

    program: Program
    places: Mapping[tuple[str, str], Mapping[str, Place]]
    items: Mapping[tuple[str, str], Sequence[PolicyItem]]

    @classmethod
    def of(cls, program: Program) -> Self:
        """For these journeys."""
        places = {name: places_of(rule) for name, rule in (*program.by_name.items(), *program.by_hand.items())}
        named = [(journey, message) for journey in program.journeys.values() for message in journey.messages.values()]
        items = {(journey.name, message.name): items_of(program, journey, message) for journey, message in named}
        return cls(program, places, items)

    def rule(self, journey: str, name: str) -> CompiledRule | None:
        """A rule by its name, or one by which people send a message."""
        return self.program.by_name.get((journey, name)) or self.program.by_hand.get((journey, name))


@attrs.define(eq=False)
class _Trail:
    """What is known of one run. `shared` says that another run of its rule and customer was live at a line of it."""

    row: RunRow
    rule: CompiledRule
    run: Run | None
    rows: Mapping[str, MessageRow]
    lines: list[tuple[list[Any], int]] = attrs.Factory(list)
    heard: set[Key] = attrs.Factory(set)
    shared: bool = False

    def told(self, kind: str, node: str) -> list[tuple[list[Any], int]]:
        """The lines of a kind about a step, with their instants."""
        return [each for each in self.lines if each[0][0] == kind and each[0][3] == node]

    def may_end(self, node: str, how: str) -> bool:
        """Whether it may have ended, or stand, at a step: `stopped` where something outside of the steps ended it."""
        if self.row.ended_at is None:
            return how == "stopped" and (self.run is None or self.run.node == node)
        by_itself = self.row.reason == "done" or (self.row.reason or "").startswith("exit: ")
        return not by_itself if how == "stopped" else how == self.row.reason

    def explained_by(self, nodes: set[str]) -> bool:
        """Whether a way through these steps leaves nothing open that was recorded."""
        lines = set() if self.shared else {line[3] for line, _ in self.lines}
        seen = self.rows.keys() | lines
        return seen <= nodes if self.run is None else set(self.run.visits) == nodes


@attrs.define
class _Move:
    """One way on from a step: by which arm, where to, from when on; or how the run ended there."""

    arm: str
    to: Node | None = None
    at: int | None = None
    ended: str | None = None


_STOPPED: Final = _Move("", ended="stopped")
Marks: TypeAlias = dict[tuple[str, str], int | None]
"""(step, arm or `reached`) → since when, where that is known."""


def _walked(trail: _Trail) -> Marks:
    """What a run did for certain: the marks that all ways through its rule have in common which fit the records."""
    common: Marks | None = None
    for n, marks in enumerate(_ways(trail)):
        if n == MANY:
            return {}
        if common is None:
            common = marks
        common = {mark: at if marks[mark] == at else None for mark, at in common.items() if mark in marks}
    return common or {}


def _ways(trail: _Trail) -> Iterator[Marks]:
    todo: list[tuple[Node | None, int | None, Marks]] = [(trail.rule.first, trail.row.started_at, {})]
    while todo:
        node, at, marks = todo.pop()
        if node is None:
            if trail.row.reason == "done" and trail.explained_by({step for step, _ in marks}):
                yield marks
            continue
        here: Marks = {**marks, (node.id, "reached"): at}
        for move in _moves(trail, node, at):
            if move.ended is None:
                todo.append((move.to, move.at, {**here, (node.id, move.arm): move.at}))
            elif trail.may_end(node.id, move.ended) and trail.explained_by({step for step, _ in here}):
                yield {**here, (node.id, move.arm): at} if move.arm else here


def _moves(trail: _Trail, node: Node, at: int | None) -> list[_Move]:
    match node.step:
        case Send() | Call():
            return _after_message(trail, node)
        case Wait() | WaitFor() | WaitUntil():
            return _after_wait(trail, node, at)
        case Branch():
            told = {bool(line[4]): when for line, when in trail.told("branch", node.id)}
            arms = {True: ("then", node.then), False: ("otherwise", node.otherwise)}
            return [_Move(*arms[taken], at=when) for taken, when in told.items()]
        case Split() | Best():
            return _chosen(trail, node, node.step)
        case Exit():
            return [_Move("", ended=f"exit: {node.step.reason}")]
    return [_Move("", node.next, at)]


def _chosen(trail: _Trail, node: Node, step: Split | Best) -> list[_Move]:
    if isinstance(step, Split):
        arms = {each: (arm_of(each), start) for each, start in node.arms.items()}
    else:
        arms = {each.name: (candidate_arm(n), node.arms[each.name]) for n, each in enumerate(step.candidates)}
    went = {line[4]: when for line, when in trail.told("split" if isinstance(step, Split) else "best", node.id)}
    found = [_Move(*arms[name], at=when) for name, when in went.items() if name in arms]
    return [*found, *(_Move("otherwise", node.otherwise, at=when) for name, when in went.items() if name is None)]


def _after_message(trail: _Trail, node: Node) -> list[_Move]:
    row = trail.rows.get(node.id)
    if row is None:
        return []
    if row.status in ("waiting", "in_flight"):
        return [_STOPPED]
    said = _last_word(row)
    on = _Move("then", node.next, row.changed_at)
    if row.status != "sent":
        on = _Move("otherwise", node.otherwise, row.changed_at)
    if row.status == "withdrawn" and said.startswith("its run ended"):
        return [_STOPPED]
    return [on, _STOPPED] if trail.row.ended_at == row.changed_at else [on]  # an exit may have waited for the outcome


def _after_wait(trail: _Trail, node: Node, at: int | None) -> list[_Move]:
    step, timers = node.step, trail.told("timer", node.id)
    timed_out = [_Move("otherwise", node.otherwise, when) for _, when in timers]
    if isinstance(step, Wait):
        timed_out = [_Move("then", node.next, when) for _, when in timers]
        passes = isinstance(step.until, Expression) or not step.length
        missing = _Move("no date", ended="exit: the date to wait for is missing")
        others = [_Move("then", node.next, at)] if passes else []
        others += [missing] if isinstance(step.until, Expression) else []
    else:
        possible = isinstance(step, WaitUntil) or any(
            key in trail.heard or (key[0], "*") in trail.heard for key in node.keys
        )
        others = [_Move("then", node.then)] if possible else []
    return timed_out if timers and not trail.shared else [*timed_out, *others, _STOPPED]


def _last_word(row: MessageRow) -> str:
    """Why a message ended as it did, in words."""
    records = loads(row.reasons)
    last = records[-1][2][-1] if records else []
    return str(last[1]) if len(last) == 2 else ""


@attrs.define(eq=False)
class Life:
    """What the store holds of one customer."""

    lamp: Lamp
    zones: tuple[str, ...]
    moments: list[Moment]
    messages: list[MessageRow]
    trails: list[_Trail]

    @classmethod
    def read(cls, lamp: Lamp, reader: Reader, row: CustomerRow, lists: Known[Asked]) -> Self:
        """Read it. Raises StoreCorrupt."""
        state = state_from_record(row.id, profile_from_record(loads(row.profile)), loads(row.state))
        messages = reader.messages(row.no)
        live = {each.no: each for each in state.runs}
        of_run: defaultdict[int, dict[str, MessageRow]] = defaultdict(dict)
        for each in messages:
            if _last_word(each) != PLANNED_ANEW:  # its run went back, and took the step again, or another one
                of_run[each.run][each.step] = each
        trails = [
            _Trail(each, rule, live.get(each.no), of_run[each.no])
            for each in reader.runs(row.no)
            if (rule := lamp.rule(each.journey, each.rule)) is not None
        ]
        moments = moments_of(list(reader.journal(row.no))[::-1], lists)
        life = cls(lamp, state.profile.zones, moments, messages, trails)
        life.follow()
        return life

    def follow(self) -> None:
        """Give every run the lines about it."""
        to_come: defaultdict[tuple[str, str], list[_Trail]] = defaultdict(list)
        live: defaultdict[tuple[str, str], list[_Trail]] = defaultdict(list)
        for trail in self.trails:
            to_come[trail.row.journey, trail.row.rule].append(trail)
        for moment in self.moments:
            for trail in (each for some in live.values() for each in some):
                trail.heard |= moment.heard
            for line in moment.lines:
                name = (line[1], line[2]) if len(line) > 3 else ("", "")
                if line[0] == "started" and to_come[name]:
                    trail = to_come[name].pop(0)
                    trail.heard |= moment.heard - {moment.own}  # never the run's own trigger (S5.2)
                    live[name].append(trail)
                elif line[0] == "ended" and live[name]:
                    live[name].remove(_ended(live[name], line, moment.at))
                elif line[0] in ("branch", "split", "best", "timer"):
                    for trail in live[name]:
                        trail.lines.append((line, moment.at))
                        trail.shared |= len(live[name]) > 1

    def seen(self) -> Iterator[Seen]:
        """Everything that was seen, as often as it was."""
        for moment in self.moments:
            if moment.offered is not None:
                journey, suggestion, what = moment.offered
                yield journey, "suggestions", suggestion, what
            for line in moment.lines:
                yield from self._told(moment, line)
        for trail in self.trails:
            yield from self._run(trail)
        for row in self.messages:
            if (row.journey, row.name) in self.lamp.items and row.kind != "call":
                yield from self._message(row)

    def _told(self, moment: Moment, line: list[Any]) -> Iterator[Seen]:  # noqa: C901 - one case for each kind
        match line:
            case ["stage", journey, left, entered]:
                yield journey, "stages", entered, "entered"
                if left is None:
                    yield journey, "stages", entered, "as the first"
                else:
                    yield journey, "stages", left, "left"
                    yield journey, "stages", left, f"to {entered}"
            case ["segment", what, journey, segment, _]:
                yield journey, "segments", segment, what
            case ["started", journey, rule, _]:
                yield journey, "rules", rule, "started"
            case ["refused", journey, rule, why, _]:
                yield journey, "rules", rule, "refused", why
            case ["goal", journey, rule, _]:
                yield journey, "rules", rule, "goal"
            case ["complete", journey, rule, _, count]:
                yield journey, "rules", rule, "collected", "one" if count == 1 else "several"
            case ["ended", journey, rule, _, "restarted"]:
                yield journey, "rules", rule, "restarted"
            case ["ended", journey, name, _, "exit"] if rule := self.lamp.rule(journey, name):
                yield from self._exit(moment, rule)
            case ["deferred", name, check, channel, reason, _]:
                yield from self._deferred(name, check, channel, reason)
            case ["worded", name, key, _, said, _]:
                own = (row.journey for row in self.messages if row.key == key)
                yield from ((journey, "messages", name, "wordings", said or OWN_WORDS) for journey in own)

    def _exit(self, moment: Moment, rule: CompiledRule) -> Iterator[Seen]:
        """By which of its exits a rule was left; nothing where two of them come into question."""
        triggers = [each for each in rule.rule.exit if not isinstance(each, Expression)]
        met = [each for each in triggers if moment.raises(keys_of(each, rule.journey, rule.rule.name, in_run=True))]
        at = (rule.journey, "rules", rule.rule.name, "exits")
        if len(met) == 1 or (len(triggers) == 1 and not rule.exit_conditions):
            yield *at, str((met or triggers)[0])
        elif not met:
            yield *at, "a condition"

    def _deferred(self, name: str, check: str, channel: str, reason: str) -> Iterator[Seen]:
        """A Defer, by the check that the gate named for it."""
        journeys = {row.journey for row in self.messages if row.name == name}
        for journey in journeys if len(journeys) == 1 else ():
            for item in self.lamp.items.get((journey, name), ()):
                if covers(item.channels, channel) and item.about(check, reason):
                    yield journey, "messages", name, "gate", item.name, "decides"

    # Runs.

    def _run(self, trail: _Trail) -> Iterator[Seen]:
        journey, places = trail.row.journey, self.lamp.places[trail.row.journey, trail.row.rule]
        marks = _walked(trail)
        certain = {(node, "reached") for node in trail.rows} | set(marks)
        for line, _ in () if trail.shared else trail.lines:
            certain.add((line[3], "reached"))
        for node, arm in certain:
            if node in places:
                yield (journey, *places[node], *(("reached",) if arm == "reached" else (arm, "taken")))
        for (node, arm), at in marks.items():
            long = length_of(trail.rule.nodes[node].step)
            if arm == "reached" and at is not None and long is not None:
                for near in self._near_end(trail.rule.nodes[node], at, long):
                    yield journey, *places[node], "its end", near

    def _near_end(self, node: Node, at: int, long: Duration) -> Iterator[str]:
        """What came near the end of a wait that began at this instant."""
        step = node.step
        zones = self.zones or (getattr(step, "unknown_zone", None) or "UTC",)
        due = max(after(at, long, (each,)) for each in zones)
        for moment in self.moments:
            meant = moment.raises(node.keys) if isinstance(step, WaitFor) else moment.kind == TOUCHPOINT
            if meant and moment.at >= at and (near := near_of(moment.at, due)):
                yield near

    # Messages.

    def _message(self, row: MessageRow) -> Iterator[Seen]:
        at, items = (row.journey, "messages", row.name), self.lamp.items[row.journey, row.name]
        yield (*at, "sent") if row.status == "sent" else (*at, "ended", row.status)
        records = loads(row.reasons)
        if row.status == "sent" and row.channel is not None:
            yield *at, "channels", row.channel, "accepted"
            records = [*records, [row.at, row.channel, []]]
        asked = [] if row.at is None else [(row.at, row.channel)]
        final = _last_word(row)
        for when, channel, against in records:
            if against and len(against[0]) == 2:
                continue  # the end of the message, in words
            if against and against[0][1] == "provider":
                yield *at, "channels", channel, against[0][0]
                against = []  # noqa: PLW2901 - the gate had let it go
            elif against:
                asked.append((when, channel))
            for item in items:
                if channel is not None and covers(item.channels, channel):
                    for answer in _answers(item, against, final if when == row.changed_at else ""):
                        yield *at, "gate", item.name, answer
        yield from self._near_edges(row, asked)

    def _near_edges(self, row: MessageRow, asked: Sequence[tuple[int, str | None]]) -> Iterator[Seen]:
        bound, message = self.lamp.program.bounds[row.journey], self.lamp.program.messages[row.name]
        for at, channel in asked:
            for window in bound.windows_for(row.kind, channel or ""):
                for edge, near in _near_turn(window, self.zones, at):
                    yield row.journey, "policy", called(window), edge, near
            for cap in () if message.exempt else bound.caps_for(row.kind, row.journey, channel or ""):
                if place := self._near_place(cap, row, at):
                    yield row.journey, "policy", cap.said, "frees", place

    def _near_place(self, cap: BoundCap, row: MessageRow, at: int) -> str | None:
        """How near an instant is to that at which a cap frees, as far as the outbox tells what took its places."""
        known = self.lamp.program.messages
        taken = sorted(
            each.at
            for each in self.messages
            if each.at is not None and each.at <= at and each.key != row.key
            and each.status in ("sent", "unknown", "in_flight")
            and each.name in known and known[each.name].counted
            and meets(cap, each.kind, each.journey, (each.channel or "",))
        )  # fmt: skip
        if len(taken) < cap.cap.n:
            return None

        def period(of: int, per: "relativedelta") -> tuple[int, int]:
            return calendar_period(of, per, self.zones)

        return near_of(at, frees_at(taken, cap.cap.n, cap.cap.per, taken[-cap.cap.n], period))


def _ended(live: Sequence[_Trail], line: list[Any], at: int) -> _Trail:
    """The run that a line says has ended."""
    key = None if line[3] is None else str(line[3])
    of_key = [each for each in live if each.row.key == key] or live
    return next((each for each in of_key if (each.row.ended_at, each.row.reason) == (at, line[4])), of_key[0])


def _answers(item: PolicyItem, against: Sequence[Sequence[str]], final: str) -> Iterator[str]:
    """What one asking of a channel says of one of its checks; `final` is why the message ended with it, if it did."""
    own = [(answer, reason) for answer, check, reason in against if item.about(check, reason)]
    if not own:
        yield "allow"
        return
    for answer, reason in own:
        yield item.answer(answer, reason)
        if len(own) == len(against) or (final and answer == "deny" and final.startswith(reason)):
            yield "decides"  # alone in the way, or named as the reason


def _near_turn(window: BoundWindow, zones: Sequence[str], at: int) -> Iterator[tuple[str, str]]:
    """The edges of a window near an instant, each with where the instant lies."""
    here, before, earlier, later = (
        window.evaluator.opens(zones, each).state for each in (at, at - 1, at - NEAR - 1, at + NEAR)
    )
    if "unknown" in (here, before):
        return
    is_open = here == "open"
    if (before == "open") != is_open:
        yield ("opens" if is_open else "closes"), BOUNDARY[1]
    elif (earlier == "open") != is_open:
        yield ("opens" if is_open else "closes"), BOUNDARY[2]
    if (later == "open") != is_open:
        yield ("closes" if is_open else "opens"), BOUNDARY[0]
