"""Clocks: the machine's, and one that moves only when it is told to."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from making import START
from touchpoint import InvalidInput, VirtualClock, hours
from touchpoint.clock import SystemClock


def test_the_machines_clock_is_aware_and_its_elapsed_time_is_never_set_back():
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    before = clock.monotonic()
    assert clock.monotonic() >= before
    assert clock.timeline() == SystemClock().timeline()


def test_where_the_machine_does_not_name_its_boot_no_two_processes_are_told_apart(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert SystemClock().timeline() == ""


def test_a_virtual_clock_does_not_go_back_by_advancing_and_is_set_back_by_hand():  # S2.5
    clock = VirtualClock(START)
    with pytest.raises(InvalidInput, match=r"negative length; use set\(\)"):
        clock.advance(-hours(1))
    assert (clock.now(), clock.monotonic()) == (START, 0)
    clock.set(START - hours(1))
    assert (clock.now(), clock.monotonic()) == (START - hours(1), 0)


@pytest.mark.parametrize("act", [VirtualClock, VirtualClock(START).set, VirtualClock(START).until])
def test_an_instant_without_a_time_zone_is_refused(act):  # S2.1
    with pytest.raises(InvalidInput, match="has no time zone"):
        act(datetime(2026, 3, 2))
