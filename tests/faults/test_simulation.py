"""Delivery under faults: the real engine and store, in as many schedules as TOUCHPOINT_FAULT_SCHEDULES says.

Each schedule is drawn from its seed. One that fails prints how to run it again, with its story.
"""

import os
from collections import Counter

import pytest

from faults.checker import check
from faults.laws_of_language import MORE, RULES, TRACED, met
from faults.quick import quick
from faults.schedule import Schedule
from faults.swarm import KINDS
from faults.telling import replay

SCHEDULES = int(os.environ.get("TOUCHPOINT_FAULT_SCHEDULES", "300"))
AT_ONCE = 100


@pytest.mark.parametrize("first", range(0, SCHEDULES, AT_ONCE))
def test_no_promise_is_broken_under_faults(first):  # S6.8, S11
    with quick():
        for seed in range(first, min(first + AT_ONCE, SCHEDULES)):
            broken = check(Schedule(seed).run())
            assert broken == [], f"seed {seed}; {replay(seed)}"


def test_equal_seeds_give_equal_schedules():
    with quick():
        one, other = (Schedule(7).run() for _ in range(2))
    assert (one.calls, one.rows, one.endings) == (other.calls, other.rows, other.endings)


def test_every_word_of_the_language_is_met():
    with quick():
        found = Counter()
        for seed in range(300):
            found += met(Schedule(seed).run())
    missing = {f"run of {rule}" for rule in RULES} | set(TRACED.values()) | MORE
    assert missing - set(found) == set()


def test_every_fault_happens():
    with quick():
        injected = set()
        for seed in range(400):
            schedule = Schedule(seed)
            schedule.run()
            injected |= {kind for kind, times in schedule.injected.items() if times}
            if injected >= set(KINDS) - {"erased"}:
                return
    assert set(KINDS) - {"erased"} - injected == set()
