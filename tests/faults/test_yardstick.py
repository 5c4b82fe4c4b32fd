"""The yardstick sees: each planted defect is found, and nothing is found where none is planted.

How many schedules each one took is printed with `pytest -rP`, and by `run.py --defects`.
"""

import pytest

from faults.checker import check
from faults.defects import DEFECTS, planted
from faults.quick import quick
from faults.schedule import Schedule
from faults.yardstick import needed

SETTINGS = {(one.aimed, tuple((one.strengths or {}).items())): one for one in DEFECTS.values()}


@pytest.fixture(autouse=True)
def _quick():
    with quick():
        yield


@pytest.mark.parametrize("name", DEFECTS)
def test_the_checker_sees_the_defect(name):
    one = DEFECTS[name]
    found = needed(one)
    assert found is not None, f"{one.within} schedules, and nobody noticed: {name}"
    print(f"{found[0]} schedules: {found[1]}")


@pytest.mark.parametrize("one", SETTINGS.values(), ids=[one.name for one in SETTINGS.values()])
def test_the_same_schedules_are_clean_without_a_defect(one):
    for seed in range(8):
        assert check(Schedule(seed, aimed=one.aimed, strengths=one.strengths).run()) == []


def test_there_are_many_defects():
    assert len(DEFECTS) >= 25


def test_a_defect_is_taken_out_again():
    one = DEFECTS["no cap at all"]
    with planted(one):
        pass
    assert check(Schedule(0, aimed=one.aimed, strengths=one.strengths).run()) == []
