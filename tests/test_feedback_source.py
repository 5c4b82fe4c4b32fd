"""What of a timeline is feedback: our own touchpoints, and the host's types that are declared so (S8.1)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import InvalidInput, InvalidTouchpoint, Touchpoint, UnknownName
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FeedbackSource, feedback_of, sources_by_type
from touchpoint.model.scale import Scale

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
MOVED = datetime(2026, 6, 1, tzinfo=UTC)
REVIEW = FeedbackSource("review", scale=Scale(1, 5))
MOVING = FeedbackSource("review", scale={MOVED: Scale(1, 10), datetime(2020, 1, 1, tzinfo=UTC): Scale(1, 5)})


def touchpoint(properties, type="review", at=AT, **fields):
    return Touchpoint("ann", type, at, "t1", properties, **fields)


# S8.1
def test_feedback_of_the_librarys_own_form_comes_back_as_it_was_written():
    said = Feedback(
        kind="nps", score=9, comment="lovely staff", intent="praise", language="en", channel="sms", location="Vienna",
        about="k1", at=AT,
    )  # fmt: skip
    recorded = touchpoint(said.properties(), "feedback", channel="sms", location="Vienna", about="k1")
    assert feedback_of(recorded) == said


def test_a_type_of_the_host_is_feedback_where_a_source_says_so():
    recorded = touchpoint({"score": 2, "comment": "stale bread"}, location="Graz", channel="web")
    assert feedback_of(recorded) is None
    assert feedback_of(recorded, [REVIEW]) == Feedback(
        kind="review", score=2, scale=Scale(1, 5), comment="stale bread", location="Graz", channel="web", at=AT
    )


def test_sources_may_be_handed_in_by_type_for_speed():
    recorded = touchpoint({"score": 2})
    assert feedback_of(recorded, sources_by_type([REVIEW])) == feedback_of(recorded, [REVIEW])


def test_properties_are_found_by_the_names_that_the_source_gives():
    source = FeedbackSource(
        "visit_rated", "csat", "stars", "said", location="store", intent="about_what", language="lang"
    )
    told = {"stars": 4, "said": "bien", "store": "Lyon", "about_what": "praise", "lang": "fr", "score": 1}
    found = feedback_of(touchpoint(told, "visit_rated", location="elsewhere"), [source])
    assert found == Feedback(
        kind="csat", score=4, comment="bien", intent="praise", language="fr", location="Lyon", at=AT
    )


def test_without_the_property_of_the_location_the_touchpoints_own_counts():
    source = FeedbackSource("review", scale=Scale(1, 5), location="store")
    found = feedback_of(touchpoint({"score": 4}, location="Graz"), [source])
    assert found is not None
    assert found.location == "Graz"


# S8.1: a source that moves from five to ten points is normalised, not mixed
def test_a_source_that_moves_to_ten_points_is_read_on_the_scale_in_force_when_it_was_said():
    shares = [
        feedback_of(touchpoint({"score": 5}, at=at), [MOVING]).share
        for at in (MOVED - timedelta(microseconds=1), MOVED)
    ]
    assert shares == [Fraction(1), Fraction(4, 9)]


def test_before_the_first_scale_in_force_there_are_words_and_no_score():
    early = touchpoint({"score": 5, "comment": "nice"}, at=datetime(2019, 1, 1, tzinfo=UTC))
    found = feedback_of(early, [MOVING])
    assert found is not None
    assert (found.score, found.comment) == (None, "nice")
    assert feedback_of(attrs.evolve(early, properties={"score": 5}), [MOVING]) is None


@pytest.mark.parametrize(
    ("score", "read"),
    [(4, 4), (4.5, 4.5), (Decimal("4.5"), Decimal("4.5")), ("4", 4), (" 4.5 ", Decimal("4.5"))],
)
def test_a_score_is_a_number_or_one_written_in_digits(score, read):
    found = feedback_of(touchpoint({"score": score}), [REVIEW])
    assert found is not None
    assert found.score == read


@pytest.mark.parametrize("score", [0, 6, True, "four", "", "1e1", "٤", [4], None, "4,5", {"is": 4}])
def test_what_is_no_score_on_the_scale_is_left_out_and_the_words_stay(score):
    assert feedback_of(touchpoint({"score": score}), [REVIEW]) is None
    found = feedback_of(touchpoint({"score": score, "comment": "nice"}), [REVIEW])
    assert found is not None
    assert (found.score, found.comment) == (None, "nice")


def test_the_first_form_goes_before_a_source_for_the_same_type():
    source = FeedbackSource("feedback", "csat", "stars", None)
    assert feedback_of(touchpoint({"kind": "nps", "score": 9}, "feedback"), [source]) == Feedback(
        kind="nps", score=9, at=AT
    )
    assert feedback_of(touchpoint({"stars": 4}, "feedback"), [source]) == Feedback(kind="csat", score=4, at=AT)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3),
)


# S8.1, S11.4: whatever stands on a timeline, whoever counts it goes on
@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["feedback", "review"]),
    st.dictionaries(
        st.sampled_from(["kind", "score", "scale", "comment", "intent", "language"]),
        json | st.sampled_from(["nps", "text", "review", [1, 5], [5, 1], [1, 7, "low"], [1, 7, "up"]]),
    ),
    st.none() | st.just(AT) | st.just(datetime(2026, 1, 1)),
)
def test_nothing_on_a_timeline_makes_it_raise(type, properties, at):
    found = feedback_of(touchpoint(properties, type, at), [MOVING])
    assert found is None or found.score is not None or found.comment is not None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"scale": None}, "without a scale"),
        ({"scale": 5}, "takes a Scale"),
        ({"scale": {}}, "takes a Scale"),
        ({"scale": {datetime(2026, 1, 1): Scale(1, 5)}}, "aware"),
        ({"scale": {AT: 5}}, "aware"),
        ({"kind": "nps", "scale": Scale(1, 5)}, "0 to 10"),
        ({"kind": "text", "scale": Scale(1, 5)}, "no score"),
        ({"score": None, "comment": None}, "would find nothing"),
        ({"kind": "text", "scale": None, "comment": None}, "would find nothing"),
        ({"score": ""}, "score="),
        ({"location": 5}, "location="),
    ],
)
def test_a_source_that_could_not_be_read_is_refused_when_it_is_made(arguments, named):
    with pytest.raises(InvalidInput, match=named):
        FeedbackSource("review", **{"scale": Scale(1, 5), **arguments})


def test_a_source_needs_a_type_and_a_kind_that_exist():
    with pytest.raises(UnknownName, match="kind of feedback"):
        FeedbackSource("review", "stars", scale=Scale(1, 5))
    with pytest.raises(InvalidTouchpoint):
        FeedbackSource("not a type", scale=Scale(1, 5))


def test_two_sources_of_one_type_are_refused():
    with pytest.raises(InvalidInput, match="'review'"):
        sources_by_type([REVIEW, MOVING])
    with pytest.raises(InvalidInput, match="FeedbackSource"):
        sources_by_type([REVIEW, "feedback"])  # type: ignore[list-item]


def test_free_words_need_no_score():
    source = FeedbackSource("note_left", "text", comment="said")
    assert source.score is None
    assert feedback_of(touchpoint({"said": "nice"}, "note_left"), [source]) == Feedback(
        kind="text", comment="nice", at=AT
    )


# A rule on the share of a score holds on every scale.
def test_the_share_stands_beside_the_score_for_rules():
    assert Feedback(kind="csat", score=2).properties() == {"kind": "csat", "score": 2, "share": 0.25, "scale": [1, 5]}
    assert "share" not in Feedback(kind="csat", comment="nice").properties()
