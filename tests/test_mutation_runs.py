"""Mutants in worlds that tests share, and in processes of their own that never end."""

import pytest

from making import journey, sending
from test_mutation import (
    fault_of,
    ran,  # noqa: F401 - a fixture, which its users take by name
)
from touchpoint.testing import mutating

pytest_plugins = ["pytester"]

SHARED = """
import pytest
from shop import shop

@pytest.fixture(scope="module")
def made(touchpoint_world):
    return touchpoint_world([shop])[0]

def test_one(made):
    assert made.name == "shop"

def test_two(made):
    assert made == shop

def test_elsewhere():
    pass
"""
ENDLESS = """
from shop import shop

def test_it(touchpoint_world):
    while touchpoint_world([shop]) != [shop]:
        pass
"""


def test_one_journey_has_one_mutant_in_all_worlds_of_a_test():
    made = journey(sending())
    swap = fault_of(made, "rule send hello never sends hello")
    assert swap.substituted(made) is swap.substituted(made)
    assert swap.substituted(made) is not made


def test_a_world_made_for_a_shared_fixture_counts_for_every_test_that_uses_it(ran):  # noqa: F811
    baseline, _, *tried = ran(SHARED)
    assert baseline["tests"] == 3
    assert [(each["by"], each["tests"]) for each in tried] == [("test_shop.py::test_two", 2)] * 3


@pytest.mark.parametrize("fork", [True, False])
def test_tests_that_never_end_with_a_fault_are_ended_in_either_kind_of_process(ran, monkeypatch, fork):  # noqa: F811
    monkeypatch.setattr(mutating, "LEAST", 1.0)
    monkeypatch.setattr(mutating, "TO_START", 3.0)
    _, _, tried = ran(ENDLESS, fork=fork, limit=1)
    assert (tried["status"], tried["by"]) == ("timeout", None)
    assert 1.0 < tried["seconds"] < 30
