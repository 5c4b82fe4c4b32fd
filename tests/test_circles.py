"""Circles: what goes round without the customer doing anything is found, and what is found goes round (S4.3)."""

from hypothesis import event as seen
from hypothesis import given, settings
from hypothesis import strategies as st

from circling import ONE_OF_EACH, acts, circling, goes_round, starting
from sizing import examples
from touchpoint import Emit, Journey, Rule, Split, hours
from touchpoint.lab import check
from touchpoint.testing.strategies import journeys


def circles(journey):
    return [each for each in check(journey) if each.code.startswith("TC6")]


@settings(max_examples=examples(30), deadline=None)
@given(circling(), st.lists(acts, min_size=1, max_size=3))
def test_what_goes_round_without_end_is_found(journey, played):
    found = circles(journey)
    for done in played:
        came = goes_round(journey, done)
        seen(f"{came or 'ends'}, {'found' if found else 'nothing found'}")
        assert found or not came, done
        assert came != "at once" or any("at once" in each.what for each in found), done


@settings(max_examples=examples(25), deadline=None)
@given(circling())
def test_what_is_called_endless_on_no_condition_is_parked_when_it_begins(journey):
    for each in circles(journey):
        if each.code == "TC601" and each.about.startswith("rule "):
            tried = starting(each.about.removeprefix("rule "))
            # A split may lead only some of them round.
            played = [goes_round(journey, done, hours(3), who) for who in ONE_OF_EACH for done in tried]
            assert "at once" in played, str(each)


@settings(max_examples=examples(30), deadline=None)
@given(journeys())
def test_journeys_that_cannot_go_round_are_left_alone(journey):
    assert not [each for each in circles(journey) if "at once" in each.what]


def test_a_circle_that_a_split_leads_only_some_into_goes_round_for_them():
    journey = Journey("one", rules=[Rule("r", when="a", then=[Split("way", {"left": [], "right": [Emit("a")]})])])
    assert [each.code for each in circles(journey)] == ["TC601"]
    assert [goes_round(journey, ["a"], hours(3), who) for who in ONE_OF_EACH] == ["", "at once"]
