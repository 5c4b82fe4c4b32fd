"""Who is in which segment (S3.3): kept up to date with whatever a segment's condition reads, and as windows lapse.

Membership always is what the conditions say: whoever changes a counter, a trait, a stage or a case has the segments
that read it looked at again at once (`reassess`). A change is an event that joins the decision's queue. Between two
events only a window that lapses can change an answer; `State.lapses` says when to look again.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.foreseen import Foresee, foresee
from touchpoint.core.held import NONE, dropped, few, put
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.seen import Seer, seer_of
from touchpoint.core.signals import SignalTable
from touchpoint.durations import instant
from touchpoint.journey.conditions import (
    Aggregate,
    CaseOpen,
    Expression,
    InStage,
    Variant,
    fields_of,
    walk,
)
from touchpoint.journey.journey import Journey
from touchpoint.journey.segment_checks import asked_segments, in_order

if TYPE_CHECKING:
    from touchpoint.core.compile import Evaluator
    from touchpoint.core.decision import Decision
    from touchpoint.core.program import Program
    from touchpoint.core.state import State

Key = tuple[str, str]
JOINED: Final = "joined"
LEFT: Final = "left_segment"
"""The kinds of occurrences that tell of a change."""
LATE: Final = "late"
"""The property that marks one which follows from a late touchpoint: it starts no rule either (S1.5)."""
PROFILE: Final = "profile"
TRAIT: Final = "trait"
STAGE: Final = "stage"
CASE: Final = "case"
EXPOSURE: Final = "exposure"
SEGMENT: Final = "segment"
EVERY: Final = ""
"""Under this name `State.lapses` says when all segments are looked at again."""
UNSEEN: Final = "-"
"""Under this name it says so of somebody new, of whom nothing was looked at yet."""
MARKS: Final = frozenset({EVERY, UNSEEN})
"""No names of segments."""

_AHEAD: Final = 8
# How many lapses of windows are tried out beforehand: what changes a part need not change the whole. Each that is tried
# costs an evaluation, each that is not costs a timer.


@attrs.define(eq=False)
class SegmentSpec:
    """A segment, ready to be asked. `index` is its place in the order in which they are looked at.

    `foresee` says when a window may change its answer; None where it looks through none.
    """

    index: int
    name: str
    journey: str
    segment: str
    condition: Expression
    closure: "Evaluator"
    see: Seer
    foresee: Foresee | None


def segments_of(journeys: Sequence[Journey], table: SignalTable) -> dict[str, SegmentSpec]:
    """Every segment by `journey/segment`, those that others ask about before these."""
    declared = {(journey.name, each.name): each.condition for journey in journeys for each in journey.segments}
    order = in_order({node: asked_segments(node[0], condition) for node, condition in declared.items()})
    return {
        f"{journey}/{name}": _spec(index, journey, name, declared[journey, name], table)
        for index, (journey, name) in enumerate(order)
    }


def _spec(index: int, journey: str, name: str, condition: Expression, table: SignalTable) -> SegmentSpec:
    closure, see = compile_condition(condition, table), seer_of(condition, table)
    return SegmentSpec(index, f"{journey}/{name}", journey, name, condition, closure, see, foresee(condition, table))


def readers_of(segments: Mapping[str, SegmentSpec]) -> dict[Key, tuple[SegmentSpec, ...]]:
    """What changes → the segments that read it, in the order in which they are looked at."""
    found: dict[Key, list[SegmentSpec]] = {}
    for spec in segments.values():
        for key in dict.fromkeys(_reads(spec)):
            found.setdefault(key, []).append(spec)
    return {key: tuple(specs) for key, specs in found.items()}


def true_of_nobody(segments: Mapping[str, SegmentSpec]) -> tuple[SegmentSpec, ...]:
    """The segments that may hold somebody of whom nothing is known, in their order; each other reads what is known."""
    members: set[str] = set()
    for spec in segments.values():
        if spec.closure(Context(segments=members, journey=spec.journey)) is True:
            members.add(spec.name)
    ahead = {
        spec.name for spec in segments.values() if spec.foresee is not None and spec.foresee(Past(), 0) is not None
    }
    return tuple(spec for spec in segments.values() if spec.name in members | ahead)


def _reads(spec: SegmentSpec) -> Iterator[Key]:
    for node in walk(spec.condition):
        if isinstance(node, Aggregate):
            yield TOUCHPOINT, node.type
        elif isinstance(node, InStage):
            yield STAGE, node.journey or spec.journey
        elif isinstance(node, CaseOpen):
            yield CASE, ""
        elif isinstance(node, Variant):
            yield EXPOSURE, node.split
    yield from ((SEGMENT, f"{journey}/{name}") for journey, name in asked_segments(spec.journey, spec.condition))
    for root, path in fields_of(spec.condition):
        if root == "customer":
            yield TRAIT, path[0]
            yield PROFILE, ""


def versions_of(segments: Iterable[SegmentSpec]) -> Iterator[str]:
    """A line for each segment, which changes when its definition does."""
    return (f"segment {spec.name} {spec.condition}" for spec in segments)


# Looking again.


def reassess(decision: "Decision", key: Key, cause: str, *, late: bool = False) -> None:
    """Something has changed: the segments that read it are looked at again, and those of which a window has lapsed.

    Args:
        decision: in which it changed.
        key: what did: ("touchpoint", type), ("trait", name), ("profile", ""), ("stage", journey),
            ("case", "") or ("exposure", split).
        cause: the id of what changed it.
        late: the touchpoint that did came late (S1.5).
    """
    specs: Sequence[SegmentSpec] = decision.program.segments_on.get(key, ())
    if decision.state.lapses and (lapsed := _lapsed(decision)):
        specs = sorted({spec.index: spec for spec in (*specs, *lapsed)}.values(), key=_index)
    if specs:
        _look(decision, specs, cause, late=late)


def catch_up(decision: "Decision") -> None:
    """Look at the segments of which a window has lapsed by now."""
    lapsed = _lapsed(decision)
    if lapsed:
        _look(decision, lapsed, f"{instant(decision.now).isoformat()} {SEGMENT}")


def _lapsed(decision: "Decision") -> list[SegmentSpec]:
    segments, lapses, now = decision.program.segments, decision.state.lapses, decision.now
    names = [name for name, due in lapses.items() if due <= now]
    if EVERY in names:
        decision.state.lapses = NONE
        return list(segments.values())
    if UNSEEN in names:
        decision.state.lapses = NONE
        return _of_somebody_new(decision)
    if names:
        decision.state.lapses = {name: due for name, due in lapses.items() if due > now}
    return sorted((segments[name] for name in names if name in segments), key=_index)


def _of_somebody_new(decision: "Decision") -> list[SegmentSpec]:
    """The segments that may hold somebody of whom nothing was looked at yet, with all that ask about these."""
    program, state = decision.program, decision.state
    kept = program.signals.signals
    keys = [(TOUCHPOINT, kept[key].type) for key in state.signals if key in kept]
    keys += [(TRAIT, name) for name in state.profile.traits]
    keys += [(STAGE, journey) for journey in state.stages]
    keys += [(CASE, "")] if state.cases else []
    keys += [(EXPOSURE, split) for split in state.exposures]
    todo = [*program.segments_of_nobody, *(spec for key in keys for spec in program.segments_on.get(key, ()))]
    found: dict[int, SegmentSpec] = {}
    while todo:
        spec = todo.pop()
        if spec.index not in found:
            found[spec.index] = spec
            todo += program.segments_on.get((SEGMENT, spec.name), ())
    return sorted(found.values(), key=_index)


def _index(spec: SegmentSpec) -> int:
    return spec.index


def _look(decision: "Decision", specs: Sequence[SegmentSpec], cause: str, *, late: bool = False) -> None:
    todo = list(specs)
    while todo:
        spec = todo.pop(0)
        if _changed(decision, spec, cause, late=late):
            asking = decision.program.segments_on.get((SEGMENT, spec.name), ())
            todo = sorted({each.index: each for each in (*todo, *asking)}.values(), key=_index)


def _changed(decision: "Decision", spec: SegmentSpec, cause: str, *, late: bool) -> bool:
    state, context = decision.state, decision.looking(spec.journey)
    member, was = spec.closure(context) is True, spec.name in state.segments
    if member != was:
        state.segments = put(state.segments, spec.name, decision.now) if member else dropped(state.segments, spec.name)
        decision.look_anew()
        what = "joined" if member else "left"
        decision.trace.append([SEGMENT, what, spec.journey, spec.segment, spec.see(context)])
        properties = {LATE: True} if late else {}
        decision.queue.append(Occurrence(JOINED if member else LEFT, spec.name, decision.now, cause, properties))
    if spec.foresee is not None:
        _arm(state, spec, spec.foresee, context, member=member)
    return member != was


def _arm(state: "State", spec: SegmentSpec, foreseen: Foresee, context: Context, *, member: bool) -> None:
    """Set the instant at which to look again: when the answer changes, as far as that can be foreseen.

    What is foreseen holds as long as nothing happens; whatever does has this done anew.
    """
    now, signals = context.now, state.signals
    at = foreseen(signals, now)
    for _ in range(_AHEAD):
        if at is None:
            break
        context.now = at
        if (spec.closure(context) is True) != member:
            break
        at = foreseen(signals, at)
    context.now = now
    if at is not None:
        state.lapses = put(state.lapses, spec.name, at)
    elif spec.name in state.lapses:
        state.lapses = dropped(state.lapses, spec.name)


class Members:
    """The segments that somebody is in at an instant, also where a window has lapsed and nobody has looked since."""

    def __init__(self, program: "Program", state: "State", now: int) -> None:
        self._program = program
        self._state = state
        self._now = now

    def __contains__(self, name: object) -> bool:
        state, spec = self._state, self._program.segments.get(str(name))
        if spec is None:
            return name in state.segments
        context = Context(
            traits=state.profile.traits, now=self._now, signals=state.signals, case_open=state.case_open,
            stage_of=state.stage_of, exposures=state.exposures, segments=self, journey=spec.journey,
            consents=state.profile.consents,
        )  # fmt: skip
        return spec.closure(context) is True


def members_at(program: "Program", state: "State", now: int) -> Container[str]:
    """`State.segments` at this instant. Once any window has lapsed all are found out: one may depend on another."""
    lapsed = any(due <= now for due in state.lapses.values())
    return Members(program, state, now) if lapsed else state.segments


def settle(program: "Program", state: "State", since: Mapping[str, int]) -> None:
    """Find out who is in which segment, quietly: nothing has happened to the customer, the segments are others.

    Args:
        program: with the segments as they are now.
        state: the customer's; changed in place.
        since: when each came to be defined as it is. It is looked at as of then, or of the customer's own clock where
            that is later, so that it does not matter when somebody looks; what lapses after that is an event.
    """
    found = {name: state.segments[name] for name in program.segments if name in state.segments}
    state.lapses = NONE
    for spec in program.segments.values():
        now = max(state.now, since.get(spec.name, 0))
        context = Context(
            traits=state.profile.traits, now=now, signals=state.signals, case_open=state.case_open,
            stage_of=state.stage_of, journey=spec.journey, segments=found, exposures=state.exposures,
        )  # fmt: skip
        member = spec.closure(context) is True
        if member:
            found.setdefault(spec.name, now)
        else:
            found.pop(spec.name, None)
        if spec.foresee is not None:
            _arm(state, spec, spec.foresee, context, member=member)
    state.segments = few(found)
