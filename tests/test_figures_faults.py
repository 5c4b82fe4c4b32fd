"""Figures under faults: crashes, stores in trouble, hanging providers, clocks that jump, several workers (S11)."""

import os

import pytest

from counting import assert_the_same_from_the_journal
from faults.quick import quick
from faults.schedule import Schedule
from touchpoint import Engine, Figures

SCHEDULES = max(int(os.environ.get("TOUCHPOINT_FAULT_SCHEDULES", "300")) // 5, 1)
AT_ONCE = 20


class Counted(Schedule):
    """A schedule on a store that keeps figures."""

    same = None

    def _start(self):
        self.begun = False
        super()._start()

    def _boot(self, process):
        if not self.begun:
            self.begun = True
            own = self._open_file() if self.on_file else self.store
            Engine(own, journeys=self.journeys(1), figures=Figures("America/New_York"))
            if self.on_file:
                own.close()
        super()._boot(process)

    def _look_at_the_end(self):
        engine = Engine(self.store, journeys=self.journeys(self.version))
        self.complete = engine.figures().complete
        self.counts = assert_the_same_from_the_journal(engine)


@pytest.mark.untraced
@pytest.mark.parametrize("first", range(0, SCHEDULES, AT_ONCE))
def test_figures_are_those_of_the_journal_whatever_goes_wrong(first):  # S11.1, S11.5
    met = set()
    with quick():
        for seed in range(first, min(first + AT_ONCE, SCHEDULES)):
            schedule = Counted(seed)
            try:
                schedule.run()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error
            assert schedule.complete, f"seed {seed}"
            met |= {what for what, _, _ in schedule.counts}
    assert {"growth", "message"} <= met
