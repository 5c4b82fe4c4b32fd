"""How the store keeps who is in which segment, and since when segments are defined as they are (S3.3)."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from touchpoint.core.segments import versions_of
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit
    from touchpoint.stores.base import Changes, Reader

_NOTE: Final = "segments"
"""The note of the store: `journey/segment` → [hash of its definition, since when it is at work]."""


def remember_segments(unit: "Unit", now: int) -> None:
    """Note which segments are at work from now on; those that were already, as they are, keep their instant.

    Who was known before that is looked at as of then, and without events: see `core.segments.settle`.
    """
    known, program = _noted(unit.tx), unit.program
    noted = {name: each for name, each in known.items() if name.partition("/")[0] not in program.journeys}
    for spec, line in zip(program.segments.values(), versions_of(program.segments.values()), strict=True):
        definition = hashlib.sha256(line.encode()).hexdigest()[:12]
        before = known.get(spec.name)
        noted[spec.name] = before if before is not None and before[0] == definition else (definition, now)
    if noted != known:
        unit.changes.meta[_NOTE] = dumps(noted)
        unit.cache.segments = None


def segments_since(unit: "Unit") -> Mapping[str, int]:
    """Since when each segment is at work as it is defined, by `journey/segment`; microseconds UTC."""
    if unit.cache.segments is None:
        unit.cache.segments = {name: each[1] for name, each in _noted(unit.tx).items()}
    return unit.cache.segments


def _noted(reader: "Reader") -> dict[str, tuple[str, int]]:
    text = reader.meta().get(_NOTE)
    return {name: (definition, since) for name, (definition, since) in loads(text).items()} if text else {}


def write_members(changes: "Changes", loaded: "Loaded") -> None:
    """Bring the store's lists up to date with what is remembered of a customer."""
    before, now = loaded.members, loaded.state.segments
    changes.members_gone += [(name, loaded.no) for name in before if name not in now]
    changes.members += [(name, loaded.no, since) for name, since in now.items() if before.get(name) != since]
    loaded.members = dict(now)
