"""Feedback: one answer, with its score on its own scale (S8.1)."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import InvalidInput, UnknownName
from touchpoint.model.feedback import INTENTS, Feedback, scale_of
from touchpoint.model.scale import Scale

SECRET = "my neighbour Violet said so"
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


# S8.1
@pytest.mark.parametrize(
    ("kind", "low", "high"), [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7)], ids=["nps", "csat", "ces"]
)
def test_each_kind_has_its_usual_scale_and_takes_both_ends(kind, low, high):
    assert [Feedback(kind=kind, score=score).share for score in (low, high)] == [0, 1]
    for beside in (low - 1, high + 1):
        with pytest.raises(InvalidInput, match=f"not on its scale {low}-{high}"):
            Feedback(kind=kind, score=beside)


@pytest.mark.parametrize("score", [True, "9", float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), [9], 9 + 0j])
def test_what_is_no_number_is_no_score(score):
    with pytest.raises(InvalidInput):
        Feedback(kind="nps", score=score)


@pytest.mark.parametrize("score", [Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("0E+999999999"), 10**700])
def test_a_score_that_would_take_ages_to_write_out_is_refused_at_once(score):
    with pytest.raises(InvalidInput):
        Feedback(kind="review", score=score, scale=Scale(0, 10))


def test_an_average_is_no_answer_but_a_review_may_lie_between_two_stars():
    with pytest.raises(InvalidInput, match="whole number"):
        Feedback(kind="csat", score=4.5)
    assert Feedback(kind="review", score=4.5, scale=Scale(1, 5)).share == Fraction(7, 8)


def test_a_whole_number_of_a_form_that_writes_decimals_is_that_number():
    given_as = Feedback(kind="nps", score=9.0)
    assert given_as == Feedback(kind="nps", score=Decimal("9.00"))
    assert type(given_as.score) is int


# S8.1: a source that moves from five to ten points
def test_scores_of_two_scales_keep_their_own_and_are_compared_by_their_share():
    before = Feedback(kind="review", score=3, scale=Scale(1, 5))
    after = Feedback(kind="review", score=5.5, scale=Scale(1, 10))
    assert (before.score, after.score) == (3, 5.5)
    assert before.share == after.share == Fraction(1, 2)


def test_where_less_is_better_the_lowest_score_is_the_best():
    assert Feedback(kind="ces", score=1, scale=Scale(1, 7, better="low")).share == 1


def test_the_net_promoter_score_has_no_other_scale():
    with pytest.raises(InvalidInput, match="0 to 10"):
        Feedback(kind="nps", score=4, scale=Scale(1, 5))


def test_a_review_with_a_score_tells_its_scale_and_text_has_none():
    with pytest.raises(InvalidInput, match="without a scale"):
        Feedback(kind="review", score=4)
    with pytest.raises(InvalidInput, match="'text' has no score"):
        Feedback(kind="text", score=4)
    with pytest.raises(InvalidInput, match="no score and no scale"):
        scale_of("text", Scale(1, 5))


def test_part_of_an_answer_is_one_and_nothing_is_none():
    assert Feedback(kind="nps", comment="lovely").share is None
    assert Feedback(kind="nps", score=9, comment="  ").comment is None
    with pytest.raises(InvalidInput, match="neither a score nor a comment"):
        Feedback(kind="nps", comment=" \n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "stars"},
        {"kind": ["nps"]},
        {"intent": "rage"},
    ],
    ids=str,
)
def test_kinds_and_intents_are_known_ones(wrong):
    with pytest.raises(UnknownName, match=r"there is no (kind of feedback|intent)"):
        Feedback(**{"kind": "nps", "score": 9} | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"comment": 7},
        {"comment": "\ud800"},
        {"comment": "x" * 65_537},
        {"at": datetime(2026, 3, 2)},
        {"at": "2026-03-02"},
        {"location": ""},
        {"channel": 3},
        {"language": "x" * 501},
        {"about": "\udfff"},
        {"scale": (1, 5)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_does_not_fit_its_field_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Feedback(**{"kind": "csat", "score": 4} | wrong)


# S7.5
def test_neither_repr_nor_error_repeats_the_customer():
    said = Feedback(kind="nps", score=7, comment=SECRET, location="Ladder Lane", about="k-7712", at=AT)
    assert not any(each in repr(said) for each in (SECRET, "7", "Ladder") if each not in "2026-03-02")
    with pytest.raises(InvalidInput) as refused:
        Feedback(kind="nps", score="4711", comment=SECRET)
    assert "4711" not in str(refused.value)
    assert SECRET not in str(refused.value)


words = st.text(min_size=1, max_size=20).filter(str.strip)
scales = st.tuples(st.integers(-50, 50), st.integers(1, 100), st.sampled_from(["high", "low"])).map(
    lambda each: Scale(each[0], each[0] + each[1], better=each[2])
)


@st.composite
def answers(draw):
    kind = draw(st.sampled_from(["csat", "ces", "review"]))
    scale = draw(scales)
    score = draw(st.none() | st.integers(scale.low, scale.high))
    comment = draw(words if score is None else st.none() | words)
    intent = draw(st.none() | st.sampled_from(INTENTS))
    return Feedback(kind=kind, score=score, scale=scale, comment=comment, intent=intent, location="Vienna", at=AT)


@settings(max_examples=60)
@given(answers())
def test_what_is_written_as_properties_is_read_back_the_same(said):
    assert Feedback.of(said.properties(), location=said.location, at=said.at) == said


@given(scales, scales, st.data())
def test_a_share_is_exact_from_0_to_1_and_keeps_the_order(scale, other, data):
    one, two = (data.draw(st.integers(scale.low, scale.high)) for _ in range(2))
    shares = scale.share(one), scale.share(two)
    assert all(0 <= share <= 1 for share in shares)
    assert ((one < two) == (shares[0] < shares[1])) or scale.better == "low"
    assert {scale.share(scale.low), scale.share(scale.high)} == {other.share(other.low), other.share(other.high)}


@pytest.mark.parametrize(
    "ends", [(5, 1), (1, 1), (0, 1_001), ("1", 5), (1, 5.0), (True, 5), (10**7, 10**7 + 1)], ids=str
)
def test_a_scale_goes_up_by_whole_numbers(ends):
    with pytest.raises(InvalidInput, match="Scale"):
        Scale(*ends)


def test_a_scale_knows_two_directions():
    with pytest.raises(InvalidInput, match="good one"):
        Scale(1, 5, better="up")


@pytest.mark.parametrize("scale", ["1-5", [1], [1, 2, "low", 4], [1, 2, "up"], 5])
def test_properties_with_a_scale_that_is_none_are_refused(scale):
    with pytest.raises(InvalidInput, match=r"scale|Scale"):
        Feedback.of({"kind": "csat", "score": 4, "scale": scale})
