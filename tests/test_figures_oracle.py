"""Figures against what plain loops find in real histories, where those lie beside the project."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from touchpoint import Figures, Journey, Rule, SetTrait
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
