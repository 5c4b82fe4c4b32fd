"""Corners of what is kept and read of a customer: values, bursts, volumes, limits, what a rule waits for."""

from decimal import Decimal

import pytest

from making import MARK, engine_of, message, state_of
from touchpoint import LiveRuns, Policy, Rule, Send, Sent, WaitFor, forever
from touchpoint.core.captures import key_of
from touchpoint.core.collected import Collected, of_collected
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.reading import shown
from touchpoint.core.values import UNKNOWN
from touchpoint.core.volume import approve


def test_infinities_have_a_key_of_their_own_each():  # S4.6
    inf = float("inf")
    assert key_of(inf) == key_of(Decimal("Infinity")) != key_of(-inf)
    assert key_of(inf) != key_of(1e300)


@pytest.mark.parametrize("path", [("first",), ("middle", "n"), ()])
def test_what_a_burst_does_not_have_is_unknown(path):  # S4.6
    one = Collected(1, [Occurrence("touchpoint", "x", 0, "1", {"n": 1})])
    assert of_collected(one, path) is UNKNOWN
    assert of_collected(None, ("count",)) is UNKNOWN
    assert of_collected(one, ("first", "n")) == 1


def test_what_has_no_words_is_said_by_its_kind():
    assert (shown({1, 2}), shown([{1}])) == ("a set", "[a set]")


def test_a_volume_that_was_never_counted_needs_no_approval():  # S11.8
    volumes = {}
    approve(volumes, "hello", 0)
    assert volumes == {}


def test_a_place_that_one_limit_has_made_serves_the_other():
    promo = [WaitFor("x", forever), Send(message("promo", kind="marketing"))]
    rules = [
        Rule("plain", when="plain", then=[WaitFor("x", forever), MARK]),
        Rule("old", when="old", priority=1, then=promo),
        Rule("new", when="new", priority=2, then=promo),
    ]
    policy = Policy(LiveRuns(1, over="replace", kinds=["marketing"]), LiveRuns(2, over="replace"))
    engine = engine_of(*rules, policy=policy)
    for each in ("plain", "old", "new"):
        engine.record("ann", each)
    assert [run.rule for run in state_of(engine).runs] == ["plain", "new"]


def test_why_says_that_a_rule_by_the_end_of_a_message_waits_for_it():  # S10
    engine = engine_of(Rule("r", when="start", then=[Send(message())]), Rule("after", when=Sent("hello"), then=[MARK]))
    assert "it waits for hello sent" in str(engine.why("ann", "after"))
