"""Why a customer is, or is not, in a segment (S3.3, S10)."""

from collections.abc import Iterator, Sequence

from touchpoint.core.context import Context
from touchpoint.core.reading import read
from touchpoint.core.seen import Seen
from touchpoint.core.segments import SegmentSpec
from touchpoint.core.state import State
from touchpoint.engine.explain import Why, when
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.recalled import Recalled
from touchpoint.engine.unit import Unit
from touchpoint.stores.base import EntryRow
from touchpoint.stores.codec import loads


def why_in_segment(unit: Unit, loaded: Loaded, spec: SegmentSpec, entries: Sequence[EntryRow], now: int) -> Why:
    """The condition with its values now, every change that was recorded, and when it is looked at again by itself."""
    state = loaded.state
    since = state.segments.get(spec.name)
    status = "not in it" if since is None else f"in it since {when(since, state)}"
    lines = [f"now: {read(spec.condition, _context(spec, state, max(now, state.now)), unit.program.signals)}"]
    recalled = Recalled(unit)
    lines += [
        f"{when(entry.at, state)}: {what}: {recalled.words(spec.journey, seen)}"
        for entry in entries
        for what, seen in _of(entry, spec)
    ]
    lines += _ahead(spec, state)
    return Why(spec.segment, "segment", "deny" if since is None else "allow", status, (), tuple(lines))


def _context(spec: SegmentSpec, state: State, now: int) -> Context:
    return Context(
        traits=state.profile.traits, now=now, signals=state.signals, case_open=state.case_open,
        stage_of=state.stage_of, journey=spec.journey, segments=state.segments, exposures=state.exposures,
    )  # fmt: skip


def _of(entry: EntryRow, spec: SegmentSpec) -> Iterator[tuple[str, Seen]]:
    for line in loads(entry.trace) if entry.trace else ():
        if line[0] == "segment" and line[2:4] == [spec.journey, spec.segment]:
            yield line[1], line[4]


def _ahead(spec: SegmentSpec, state: State) -> Iterator[str]:
    due = state.lapses.get(spec.name)
    if due is not None:
        yield f"a window lapses at {when(due, state)}: then it is looked at again, whatever happens before"
