"""Figures of conversations: shares, and waits in which those count who still wait."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.errors import InvalidInput
from touchpoint.insight import conversation_figures, proportion
from touchpoint.insight.contacts import waits

REMISSION = [
    (6, True), (6, True), (6, True), (6, False), (7, True), (9, False), (10, True), (10, False), (11, False),
    (13, True), (16, True), (17, False), (19, False), (20, False), (22, True), (23, True), (25, False), (32, False),
    (32, False), (34, False), (35, False),
]  # fmt: skip
"""Weeks of remission under 6-mercaptopurine: Freireich et al., "The effect of 6-mercaptopurine on the duration of
steroid-induced remissions in acute leukemia", Blood 21 (1963)."""
SURVIVAL = [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)]
"""Its curve, as Kaplan and Meier estimate it; printed in Kleinbaum and Klein, "Survival Analysis", chapter 2."""


def test_waits_are_those_of_a_curve_that_is_printed():
    assert waits(REMISSION, [0.5]) == [23]
    for (time, survival), (_, before) in zip(SURVIVAL, [(0, 1.0), *SURVIVAL], strict=False):
        middle = 1 - (survival + before) / 2
        assert waits(REMISSION, [middle]) == [time]
    assert waits(REMISSION, [0.56]) == [None], "fewer had their event"


def test_of_those_who_are_all_answered_waits_are_plain_quantiles():
    times = [(float(n), True) for n in (5, 1, 4, 2, 3)]
    assert waits(times, [0.9, 0.2, 0.21, 0.5, 1 - 1e-9]) == [5, 1, 2, 3, 5]


def test_of_nobody_there_are_no_waits():
    assert waits([], [0.5]) == [None]
    assert waits([(9, False)], [0.5]) == [None]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30), st.floats(0.01, 0.99))
def test_waits_are_what_the_definition_says(times, quantile):
    still, expected = 1.0, None
    for time in sorted({time for time, happened in times if happened}):
        at_risk = sum(each >= time for each, _ in times)
        still *= 1 - sum(each == time and happened for each, happened in times) / at_risk
        if expected is None and 1 - still >= quantile - 1e-9:
            expected, near = time, abs(1 - still - quantile)
            if near < 1e-6:
                return  # two ways of rounding may differ
    assert waits(times, [quantile]) == [expected]


def test_figures_count_each_intent():
    said = [("question", 60, True), ("criticism", 120, False), ("", 30, True), ("question", 10, False)]
    found = conversation_figures(said)
    assert (found.contacts, found.answered) == (4, proportion(2, 4))
    assert found.not_complaints == proportion(2, 3)
    assert found.answered_median == 45
    assert [(each.intent, each.contacts, each.answered.count) for each in found.by_intent] == [
        ("", 1, 1), ("criticism", 1, 0), ("question", 2, 1),
    ]  # fmt: skip
    assert [each.quantile for each in found.waits] == [0.5, 0.9, 0.95]


def test_figures_of_nothing_are_none():
    found = conversation_figures([])
    assert (found.contacts, found.answered, found.not_complaints, found.answered_median) == (0, None, None, None)
    assert [each.seconds for each in found.waits] == [None] * 3
    assert found.to_dict()["by_intent"] == []


@pytest.mark.parametrize("wrong", [("rage", 1, True), ("", -1, True), ("", math.nan, False), ("", "1", True)])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidInput):
        conversation_figures([wrong])


@pytest.mark.parametrize("options", [{"quantiles": [0]}, {"quantiles": [1]}, {"quantiles": ["x"]}, {"level": 1}])
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(InvalidInput):
        conversation_figures([], **options)
