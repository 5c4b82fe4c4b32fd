"""Figures against what plain loops find in real histories, where those lie beside the project."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from touchpoint import Engine, Figures, Journey, Rule, SetTrait, Touchpoint, VirtualClock
from touchpoint.insight import Scale, growth, period_of
from touchpoint.lab import read_events, replay
from touchpoint.model.feedback_source import FeedbackSource

DATA = Path(__file__).parent.parent.parent / "shared/data"
LOUNGES = DATA / "skytrax_lounges.jsonl.gz"
needs = pytest.mark.skipif(not LOUNGES.exists(), reason="../shared/data/skytrax_lounges.jsonl.gz is not there")
MOVED = datetime(2015, 6, 9, tzinfo=UTC)
SOURCE = FeedbackSource(
    "review", score="rating", comment=None, scale={datetime(2000, 1, 1, tzinfo=UTC): Scale(1, 5), MOVED: Scale(1, 10)}
)
SOURCE_SCALES = (Scale(1, 5), Scale(1, 10))
LISTENS = Journey("listens", rules=[Rule("heard", when="review", then=[SetTrait("heard", True)])])


@pytest.fixture(scope="module")
def lounges():
    found = replay([LISTENS], read_events([LOUNGES]), feedback=[SOURCE], figures=Figures())
    return found.figures()


@needs
def test_low_ratings_by_airport_are_those_of_the_oracle(lounges):
    name = "skytrax_lounges low ratings (<=2 of 5) by airport"
    oracle = json.loads((DATA / "ORACLES.json").read_text("utf-8"))[name]
    [reviews] = lounges.feedback
    found = {
        each.location: {"n": each.answers + each.blank, "bad": sum(each.at_most(2, scale) for scale in SOURCE_SCALES)}
        for each in reviews.places[: len(oracle)]
    }
    assert {name: (each["n"], each["bad"]) for name, each in found.items()} == {
        name: (each["n"], each["bad"]) for name, each in oracle.items()
    }
    assert {name: round(each["bad"] / each["n"], 5) for name, each in found.items()} == {
        name: each["share"] for name, each in oracle.items()
    }


@needs
def test_every_score_of_every_airport_is_counted_on_the_scale_of_its_day(lounges):
    plain = Counter()
    blank = 0
    for line in gzip.decompress(LOUNGES.read_bytes()).splitlines():
        event = json.loads(line)
        rating, scale = (event["properties"].get(name) for name in ("rating", "rating_scale"))
        blank += rating is None
        if rating is not None:
            plain[event["location"], scale, str(rating)] += 1
    [reviews] = lounges.feedback
    found = Counter({
        (place.location, each.scale.high, each.score): each.n for place in reviews.places for each in place.counts
    })  # fmt: skip
    assert (found, reviews.whole.blank) == (plain, blank)


@needs
def test_small_airports_are_not_ranked_by_luck(lounges):
    [reviews] = lounges.feedback
    raw = sorted(reviews.ranking.groups, key=lambda each: -each.raw)
    assert max(each.n for each in raw[:10]) <= 5  # as they are, the first are those of whom next to nothing is known
    assert min(each.n for each in reviews.ranking.groups[:3]) >= 5
    apart = reviews.ranking.apart
    assert 0 < len(apart) < len(reviews.places) / 4


@needs
def test_growth_is_that_of_a_plain_loop(lounges):
    facts = [(event.customer, event.at.date()) for event in read_events([LOUNGES])]
    for unit, told in (("month", lounges.months), ("week", lounges.weeks)):
        plain = {each.period: each for each in growth((who, period_of(day, unit)) for who, day in facts)}
        known = [each.growth for each in told if each.growth.period in plain]
        assert known == [plain[each.period] for each in known]
        assert len(known) > 100


# Reference results, out of a store.

REFERENCES = DATA / "references.json"
CASES = (
    {each["name"]: each for each in json.loads(REFERENCES.read_text("utf-8"))["cases"]} if REFERENCES.exists() else {}
)
needs_references = pytest.mark.skipif(not CASES, reason="../shared/data/references.json is not there")


def said(kind, scores):
    """The figures of a store in which these scores were given, each by another customer."""
    with Engine("sqlite://", figures=Figures()) as engine:
        engine.record_many(
            Touchpoint(f"c{n}", "feedback", properties={"kind": kind, "score": score})
            for n, score in enumerate(score for score, times in scores.items() for _ in range(times))
        )
        return engine.figures().feedback[0].whole


@needs_references
@pytest.mark.parametrize("name", [each for each in CASES if each.startswith("nps_")])
def test_the_nps_of_a_store_is_that_of_the_reference(name):
    told, wanted = CASES[name]["input"], CASES[name]["expected"]
    found = said("nps", {10: told["promoters"], 7: told["passives"], 3: told["detractors"]}).nps
    near = partial(pytest.approx, abs=CASES[name]["tolerance"])
    assert found.value == near(wanted["nps"])
    assert [found.interval.low, found.interval.high] == near(wanted["adjusted_wald"])
    assert found.standard_error == near(wanted["se_points"])


@needs_references
@pytest.mark.parametrize("name", [each for each in CASES if each.startswith("proportion_ci_")])
def test_the_csat_of_a_store_has_the_interval_of_the_reference(name):
    told, wanted = CASES[name]["input"], CASES[name]["expected"]
    found = said("csat", {5: told["k"] - told["k"] // 2, 4: told["k"] // 2, 2: told["n"] - told["k"]}).csat
    assert (found.count, found.n) == (told["k"], told["n"])
    assert [found.interval.low, found.interval.high] == pytest.approx(wanted["wilson"], abs=CASES[name]["tolerance"])


@needs_references
def test_the_quick_ratio_of_a_store_is_that_of_the_reference():
    told, wanted = CASES["quick_ratio_examples"]["input"][0], CASES["quick_ratio_examples"]["expected"][0]
    january, february, march = (datetime(2026, month, 3, tzinfo=UTC) for month in (1, 2, 3))
    lost, back = told["churn"] + told["contraction"], told["expansion"]
    facts = [(f"gone-{n}", february) for n in range(lost)] + [(f"new-{n}", march) for n in range(told["new"])]
    facts += [(f"back-{n}", at) for n in range(back) for at in (january, march)]
    with Engine("sqlite://", figures=Figures(), clock=VirtualClock(march)) as engine:
        engine.record_many(Touchpoint(who, "visit", at) for who, at in facts)
        growth_in_march = engine.figures().months[-1].growth
    assert (growth_in_march.new, growth_in_march.resurrected, growth_in_march.churned) == (told["new"], back, lost)
    assert growth_in_march.quick_ratio == pytest.approx(wanted)
