"""Experiments (S9): who belongs to which variant, exposure, hold-outs, and figures that are shown only if fair."""

from collections import Counter
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import START, engine_of, journey, message, sending
from touchpoint import (
    Enrol,
    Exposed,
    Goal,
    HoldOut,
    InvalidInput,
    JourneyError,
    Policy,
    Rule,
    SampleRatioMismatch,
    Send,
    Split,
    UnknownName,
    Wait,
    WaitFor,
    assignment,
    customer,
    days,
    variant,
)
from touchpoint.lab.experiments import experiment, sample_ratio
from touchpoint.model.experiment import held_out

EVEN = {"a": 1, "b": 1}
PEOPLE = [f"c{n}" for n in range(4_000)]
WEIGHTS = st.dictionaries(st.text(max_size=3), st.integers(0, 50), min_size=1, max_size=5).filter(
    lambda found: any(found.values())
)


def shares(weights):
    return Counter(assignment("x", each, weights) for each in PEOPLE)


# Assignment.


def test_an_assignment_is_the_same_everywhere_for_ever():
    # Not to be changed: customers would change their variants with a release.
    assert [assignment("offer", f"customer-{n}", {"a": 1, "b": 1, "c": 2}) for n in range(12)] == VECTORS


VECTORS = ["c", "c", "a", "c", "a", "c", "a", "c", "a", "b", "c", "c"]


@given(WEIGHTS, st.text(max_size=5), st.text(max_size=5))
def test_an_assignment_does_not_depend_on_the_order_of_the_variants(weights, name, unit):
    backwards = dict(reversed(weights.items()))
    assert assignment(name, unit, weights) == assignment(name, unit, backwards)


@given(WEIGHTS, st.text(max_size=5))
def test_nobody_gets_a_variant_without_weight(weights, unit):
    assert weights[assignment("x", unit, weights)] > 0


@given(WEIGHTS, st.integers(2, 9), st.text(max_size=5))
def test_only_the_shares_count(weights, by, unit):
    scaled = {each: weight * by for each, weight in weights.items()}
    assert assignment("x", unit, weights) == assignment("x", unit, scaled)


def test_each_variant_gets_its_share():
    found = shares({"a": 1, "b": 2, "c": 5})
    assert sample_ratio(found, {"a": 1, "b": 2, "c": 5}).p > 0.001


def test_experiments_and_hold_outs_are_drawn_apart_from_each_other():
    both = Counter(
        (assignment("x", each, {"a": 1, "b": 1}), assignment("y", each, {"a": 1, "b": 1})) for each in PEOPLE
    )
    assert (
        sample_ratio({"".join(pair): n for pair, n in both.items()}, dict.fromkeys(["aa", "ab", "ba", "bb"], 1)).p
        > 0.001
    )
    held = [each for each in PEOPLE if held_out("x", each, Decimal(20))]
    assert sample_ratio(Counter(assignment("x", each, {"a": 1, "b": 1}) for each in held), {"a": 1, "b": 1}).p > 0.001


def moves(before, after):
    both = [(assignment("x", each, before), assignment("x", each, after)) for each in PEOPLE]
    return [pair for pair in both if pair[0] != pair[1]]


def moved(before, after):
    return len(moves(before, after)) / len(PEOPLE)


def distance(before, after):
    one, other = ({each: weight / sum(of.values()) for each, weight in of.items()} for of in (before, after))
    return sum(abs(one.get(each, 0) - other.get(each, 0)) for each in {*one, *other}) / 2


@pytest.mark.untraced
def test_of_two_variants_no_more_people_move_than_have_to():  # S9
    before, after = {"a": 50, "b": 50}, {"a": 60, "b": 40}
    assert moved(before, after) == pytest.approx(0.1, abs=0.015)
    away = {
        assignment("x", each, before)
        for each in PEOPLE
        if assignment("x", each, before) != assignment("x", each, after)
    }
    assert away == {"b"}


@pytest.mark.untraced
def test_a_new_variant_takes_people_from_the_others_only():  # S9
    before, after = {"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1}
    assert {
        assignment("x", each, after) for each in PEOPLE if assignment("x", each, before) != assignment("x", each, after)
    } == {"c"}


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("before", "after"),
    [({"a": 1, "b": 1, "c": 1}, {"a": 3, "b": 1, "c": 2}), ({"a": 9, "b": 1, "c": 0}, {"a": 0, "b": 1, "c": 9})],
)
def test_of_many_variants_the_known_bound_holds(before, after):  # S9
    least = distance(before, after)
    assert least - 0.02 <= moved(before, after) <= 2 * least / (1 + least) + 0.02


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": -1}, {"a": 1.5}, {"a": True}, {"a": 2_000_000}])
def test_weights_are_whole_numbers_and_not_all_nothing(weights):
    with pytest.raises(InvalidInput):
        assignment("x", "c", weights)


# Splits.

WAYS = {"gift": [Send(message("gift", kind="service"))], "control": []}


def way(name):
    return assignment("offer", name, {"gift": 1, "control": 1})


GIFT, CONTROL = (next(each for each in PEOPLE if way(each) == one) for one in ("gift", "control"))


def splitting(*more, weights=None, **parts):
    return Rule("try", when="start", then=[Split("offer", WAYS, weights=weights), *more], **parts)


def live(engine, name, what="start"):
    engine.record(name, what)
    engine.run_pending()
    return [each.name for each in engine.customer(name).messages]


def exposures(engine, name):
    return [each.properties["variant"] for each in engine.customer(name).timeline() if each.type == "exposed"]


def test_each_customer_goes_the_way_of_their_variant():
    with engine_of(splitting(Send(message("after"))), people=(GIFT, CONTROL)) as engine:
        assert (live(engine, GIFT), live(engine, CONTROL)) == (["gift", "after"], ["after"])


def test_exposure_is_recorded_once_when_the_paths_part():  # S9
    with engine_of(splitting(), people=(GIFT,)) as engine:
        for _ in range(3):
            live(engine, GIFT)
        assert exposures(engine, GIFT) == ["gift"]


def test_nobody_is_exposed_before_the_paths_part():
    rule = Rule("try", when="start", then=[Wait(days(1)), Split("offer", WAYS)])
    with engine_of(rule, people=(GIFT,)) as engine:
        live(engine, GIFT)
        assert exposures(engine, GIFT) == []
        engine.clock.advance(days(1))
        engine.run_pending()
        assert exposures(engine, GIFT) == ["gift"]


def test_whoever_was_exposed_stays_in_the_variant_whatever_the_weights(tmp_path):  # S9: sticky
    store = f"sqlite:///{tmp_path}/t.db"
    with engine_of(splitting(), people=(GIFT,), store=store) as engine:
        live(engine, GIFT)
    with engine_of(splitting(weights={"gift": 0, "control": 1}), people=(), store=store) as engine:
        assert live(engine, GIFT) == ["gift", "gift"]
        assert live(engine, "new") == []


def test_a_variant_that_is_gone_gives_another(tmp_path):
    store = f"sqlite:///{tmp_path}/t.db"
    with engine_of(splitting(), people=(GIFT,), store=store) as engine:
        live(engine, GIFT)
    other = Rule(
        "try", when="start", then=[Split("offer", {"cake": [Send(message("cake"))], "tea": [Send(message("cake"))]})]
    )
    with engine_of(other, people=(), store=store) as engine:
        assert live(engine, GIFT) == ["gift", "cake"]


def test_rules_can_react_to_an_exposure():  # S4.1
    rules = [
        splitting(),
        sending("any", when=Exposed("offer"), rule="any"),
        sending("only gift", when=Exposed("offer", "gift"), rule="gift"),
    ]
    with engine_of(*rules, people=(GIFT, CONTROL)) as engine:
        assert sorted(live(engine, GIFT)) == ["any", "gift", "only gift"]
        assert live(engine, CONTROL) == ["any"]
        assert sorted(live(engine, GIFT)) == ["any", "gift", "gift", "only gift"]


def test_a_wait_can_be_for_an_exposure():
    rules = [
        Rule("wait", when="visit", then=[WaitFor(Exposed("offer"), days(1), then=[Send(message("seen"))])]),
        splitting(),
    ]
    with engine_of(*rules, people=(CONTROL,)) as engine:
        live(engine, CONTROL, "visit")
        assert live(engine, CONTROL) == ["seen"]


def test_a_condition_sees_the_variant_once_it_was_exposed():
    asking = attrs.evolve(sending("more", when="visit", rule="more"), given=variant("offer") == "gift")
    with engine_of(splitting(), asking, people=(GIFT, CONTROL)) as engine:
        assert live(engine, GIFT, "visit") == []
        assert 'variant("offer") is not known yet' in str(engine.why(GIFT, "more"))
        live(engine, GIFT), live(engine, CONTROL)
        assert live(engine, GIFT, "visit") == ["gift", "more"]
        assert live(engine, CONTROL, "visit") == []


def test_why_says_which_way_a_run_went():  # S10
    with engine_of(splitting(), people=(GIFT,)) as engine:
        live(engine, GIFT)
        assert "split:offer: gift" in str(engine.why(GIFT, "try"))


def test_merged_people_keep_the_earlier_exposure_and_count_nowhere_if_they_differ():  # S1.6, S9
    with engine_of(splitting(), people=(GIFT, CONTROL)) as engine:
        live(engine, CONTROL)
        engine.clock.advance(days(1))
        live(engine, GIFT)
        engine.merge(CONTROL, into=GIFT)
        found = experiment(engine, "offer")
        assert (dict(found.exposed), found.spoilt) == ({"gift": 0, "control": 0}, 1)
        assert live(engine, GIFT) == ["gift"]  # it goes on as a control


def test_an_arm_can_hold_any_steps_and_leads_on():
    inner = Split("inner", {"x": [Enrol("other")], "y": []}, weights={"x": 1})
    outer = Split("outer", {"a": [inner], "b": []}, weights={"a": 1})
    rules = [
        Rule("try", when="start", then=[outer, Send(message("end"))]),
        Rule("other", then=[Send(message("enrolled"))]),
    ]
    with engine_of(*rules) as engine:
        assert sorted(live(engine, "ann")) == ["end", "enrolled"]


# Hold-outs.

HALF = Policy(HoldOut("2026", percent=50))
OUT, IN = (next(each for each in PEOPLE if held_out("2026", each, Decimal(50)) is one) for one in (True, False))


def test_whoever_is_held_out_gets_no_marketing_and_why_says_so():  # S9, S6.5
    with engine_of(sending("news", kind="marketing"), people=(IN, OUT), policy=HALF) as engine:
        for each in (IN, OUT):
            engine.grant(each, "marketing")
            live(engine, each)
        assert [engine.customer(each).messages[0].status for each in (IN, OUT)] == ["sent", "denied"]
        assert "the customer is in the hold-out '2026'" in str(engine.why(OUT, "news"))


def test_what_customers_need_is_never_held_out():
    rules = [sending("receipt", kind="transactional", rule="r"), sending("help", kind="service", rule="h")]
    with engine_of(*rules, people=(OUT,), policy=HALF) as engine:
        live(engine, OUT)
        assert {each.status for each in engine.customer(OUT).messages} == {"sent"}


def test_a_hold_out_may_name_its_kinds():
    policy = Policy(HoldOut("2026", percent=50, kinds=["service"]))
    with engine_of(sending("help", kind="service"), people=(OUT,), policy=policy) as engine:
        live(engine, OUT)
        assert engine.customer(OUT).messages[0].status == "denied"


def test_whoever_is_held_out_is_exposed_to_nothing():  # S9: never contaminated
    with engine_of(splitting(), people=(OUT, IN), policy=HALF) as engine:
        live(engine, OUT), live(engine, IN)
        assert (exposures(engine, OUT), len(exposures(engine, IN))) == ([], 1)
        assert "not exposed to offer" in str(engine.why(OUT, "try"))


def test_the_hold_out_of_a_journey_binds_that_journey_alone():

    journeys = [
        journey(sending("one", kind="marketing"), policy=HALF),
        journey(sending("two", kind="marketing"), name="b"),
    ]
    with engine_of(journeys=journeys, people=(OUT,)) as engine:
        engine.grant(OUT, "marketing")
        live(engine, OUT)
        assert {each.name: each.status for each in engine.customer(OUT).messages} == {"one": "denied", "two": "sent"}


def test_a_higher_percentage_keeps_the_same_people_out():
    few, more = ({each for each in PEOPLE if held_out("x", each, Decimal(n))} for n in (5, 10))
    assert few < more
    assert len(more) / len(PEOPLE) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("percent", [0, 100, -1, "5", None, True, float("nan")])
def test_a_hold_out_is_a_part_of_all(percent):
    with pytest.raises(JourneyError, match="percent"):
        HoldOut("x", percent=percent)


# What is refused.


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (Split("x", {"a": []}), "fewer than two"),
        (Split("x", {"a": [], "b": []}, weights={"a": 1, "c": 1}), "no variant 'c'"),
        (Split("x", {"a": [], "b": []}, weights={"a": 0}), "nobody takes"),
        (Split("x", {"a": [], "b": []}, weights={"a": -1}), "whole number"),
        (Split("", {"a": [], "b": []}), "a name"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(split, said):
    with pytest.raises(JourneyError, match=said):
        engine_of(Rule("r", when="start", then=[split]))


def test_splits_of_one_name_are_one_experiment():
    rules = [splitting(), Rule("again", when="x", then=[Split("offer", {"gift": [], "other": []})])]
    with pytest.raises(JourneyError, match="other variants or weights"):
        engine_of(*rules)


def test_an_exposure_to_a_variant_that_is_none_is_refused():
    with pytest.raises(JourneyError, match="did you mean 'gift'"):
        engine_of(splitting(), sending("m", when=Exposed("offer", "gifts")))


def test_arms_are_a_mapping():
    with pytest.raises(JourneyError, match="by variant"):
        Split("x", [Send(message())])


# Figures.


def test_the_figures_count_exposed_customers_and_those_who_reached_the_goal():
    rule = splitting(Wait(days(1)), goal=Goal("bought", within=days(30)))
    with engine_of(rule, people=()) as engine:
        for name in PEOPLE[:40]:
            engine.record(name, "start")
        engine.clock.advance(days(2))
        for name in PEOPLE[:10]:
            engine.record(name, "bought")
        found = experiment(engine, "offer")
        assert found.exposed == Counter(way(each) for each in PEOPLE[:40])
        assert {**found.reached} == {"gift": 0, "control": 0} | Counter(way(each) for each in PEOPLE[:10])


def test_figures_are_kept_back_where_the_sample_ratio_does_not_hold():  # S9
    with engine_of(splitting(), people=()) as engine:
        for name in [each for each in PEOPLE if way(each) == "gift"][:40]:
            engine.record(name, "start")
        found = experiment(engine, "offer")
        assert found.ratio.mismatch
        with pytest.raises(SampleRatioMismatch, match="not spread"):
            found.reached


def test_an_experiment_that_nobody_runs_is_unknown():
    with engine_of(splitting()) as engine, pytest.raises(UnknownName, match="offer"):
        experiment(engine, "ofer")


@pytest.mark.parametrize(
    ("freedom", "critical"),  # at 5 %: Abramowitz and Stegun, table 26.8
    [(1, 3.841459), (2, 5.991465), (3, 7.814728), (4, 9.487729), (5, 11.070498), (6, 12.591587), (7, 14.067140)],
)
def test_the_probability_is_that_of_the_tables(freedom, critical):
    from touchpoint.insight.distributions import chi_squared_tail

    assert chi_squared_tail(critical, freedom) == pytest.approx(0.05, abs=1e-6)


def test_a_ratio_says_what_was_expected():
    found = sample_ratio({"a": 60, "b": 40}, {"a": 1, "b": 1})
    assert (found.expected, found.chi_squared) == ({"a": 50, "b": 50}, 4.0)
    assert found.p == pytest.approx(0.0455, abs=1e-4)
    assert not found.mismatch


def test_somebody_in_a_variant_of_no_weight_is_a_mismatch():
    assert sample_ratio({"a": 60, "b": 1}, {"a": 1, "b": 0}).mismatch
    assert not sample_ratio({"a": 60, "b": 0}, {"a": 1, "b": 0}).mismatch


@pytest.mark.parametrize(("counts", "weights"), [({"c": 1}, {"a": 1}), ({"a": -1}, {"a": 1}), ({"a": 1}, {"a": 0})])
def test_a_ratio_of_nonsense_is_refused(counts, weights):
    with pytest.raises(InvalidInput):
        sample_ratio(counts, weights)


def test_traits_do_not_get_in_the_way_of_names():
    rule = Rule("r", when="start", given=customer.variant == "x", then=[])
    with engine_of(rule) as engine:
        engine.identify("ann", traits={"variant": "x"})
        assert live(engine, "ann") == []
        assert engine.customer("ann").runs[0].started_at == START
