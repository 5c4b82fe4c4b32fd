"""In a replay the analyser reads what customers write at the instant at which they write it.

At work a worker calls it, a moment later and outside any transaction. A replay has no moments in between, and what an
analyser finds is to set off rules when it would have.
"""

from collections.abc import Iterable

from touchpoint.clock import Clock
from touchpoint.core.occurrence import Occurrence
from touchpoint.engine.analysing import Reading, Text, as_touchpoint, may_be_feedback, write_found
from touchpoint.engine.engine import Engine
from touchpoint.engine.intake import prepare
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.insight.analysis import Analyser
from touchpoint.model.feedback_source import FeedbackSource, feedback_of, sources_by_type
from touchpoint.model.touchpoint import Touchpoint


class Analysing:
    """Has an analyser read feedback as it is replayed.

    Args:
        engine: of the replay.
        analyser: of the engine.
        clock: likewise.
        feedback: which of the host's types are feedback.
    """

    def __init__(
        self, engine: Engine, analyser: Analyser, clock: Clock, feedback: Iterable[FeedbackSource]
    ) -> None:  # fmt: skip
        self._engine, self._analyser = engine, analyser
        self._reading = Reading(analyser, None, clock)
        self._sources = sources_by_type(feedback)

    def read(self, unit: Unit, loaded: Loaded, occurrence: Occurrence, now: int) -> None:
        """Have the words of a touchpoint read that was just recorded, if it is feedback and has any.

        Args:
            unit: in which it was recorded.
            loaded: its customer.
            occurrence: the touchpoint.
            now: microseconds UTC.
        """
        if not may_be_feedback(self._sources, occurrence.name):
            return
        said = feedback_of(as_touchpoint(loaded.id, occurrence), self._sources)
        if said is None or said.comment is None:
            return

        def take(unit: Unit, given: Touchpoint) -> object:
            prepared = prepare(given, now=now, skew=0, declared={})
            return self._engine.take_prepared(unit, loaded, prepared, now)

        found = self._reading.read([Text(loaded.no, occurrence.id, said)])
        write_found(unit, found, self._analyser, now, take)
