"""Scores of feedback and shares, with intervals (S8.1): published values, laws, and what is refused."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from touchpoint import InvalidInput, UnknownName
from touchpoint.insight import (
    FIVE_POINTS,
    SEVEN_POINTS,
    TEN_POINTS,
    ZERO_TO_TEN,
    Interval,
    Sample,
    Scale,
    Tally,
    ces,
    csat,
    normalise,
    nps,
    nps_groups,
    pooled_mean,
    proportion,
    rescale,
)

METHODS = ["wilson", "agresti_coull", "jeffreys", "clopper_pearson", "wald"]
LEVELS = st.sampled_from([0.9, 0.95, 0.99])
GROUPS = st.tuples(*[st.integers(0, 300)] * 3).filter(any)
SCALES = st.builds(
    lambda low, span, better: Scale(low, low + span, better=better),
    st.integers(-5, 5),
    st.integers(2, 12),
    st.sampled_from(["high", "low"]),
)
EFFORTLESS = Scale(1, 5, better="low")


@st.composite
def shares(draw):
    n = draw(st.integers(1, 2_000))
    return draw(st.integers(0, n)), n


@st.composite
def tallies(draw, scales=SCALES):
    scale = draw(scales)
    scores = st.integers(scale.low, scale.high)
    return Tally(scale, draw(st.dictionaries(scores, st.integers(1, 40), min_size=1, max_size=8)))


# Shares.


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I.
@pytest.mark.parametrize(
    ("count", "n", "method", "low", "high"),
    [
        (81, 263, "wilson", 0.2553, 0.3662),
        (15, 148, "wilson", 0.0624, 0.1605),
        (0, 20, "wilson", 0.0, 0.1611),
        (1, 29, "wilson", 0.0061, 0.1718),
        (81, 263, "clopper_pearson", 0.2527, 0.3676),
        (15, 148, "clopper_pearson", 0.0578, 0.1617),
        (0, 20, "clopper_pearson", 0.0, 0.1684),
        (1, 29, "clopper_pearson", 0.0009, 0.1776),
        (81, 263, "wald", 0.2522, 0.3638),
        (15, 148, "wald", 0.0527, 0.1500),
        (0, 20, "wald", 0.0, 0.0),
        (1, 29, "wald", 0.0, 0.1009),
    ],
)
def test_the_intervals_of_a_share_are_those_of_newcombe(count, n, method, low, high):
    found = proportion(count, n, method=method).interval
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
    assert (found.level, found.method) == (0.95, method)


@pytest.mark.parametrize("method", METHODS)
@given(shares(), LEVELS)
@settings(max_examples=40)
def test_an_interval_holds_its_share_and_stays_within_bounds(method, share, level):
    found = proportion(*share, level=level, method=method)
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert found.value in found.interval


@pytest.mark.parametrize("method", METHODS)
@given(shares(), LEVELS)
@settings(max_examples=25)
def test_what_one_has_the_others_have_not(method, share, level):
    count, n = share
    these = proportion(count, n, level=level, method=method).interval
    others = proportion(n - count, n, level=level, method=method).interval
    assert (others.low, others.high) == (
        pytest.approx(1 - these.high, abs=1e-9),
        pytest.approx(1 - these.low, abs=1e-9),
    )


@pytest.mark.parametrize("method", METHODS)
@given(shares(), LEVELS)
@settings(max_examples=25)
def test_more_answers_of_the_same_kind_say_more(method, share, level):
    count, n = share
    few = proportion(count, n, level=level, method=method).interval
    many = proportion(4 * count, 4 * n, level=level, method=method).interval
    assert many.width <= few.width
    assert method == "wald" or many.width < few.width


@pytest.mark.parametrize("method", METHODS)
@given(shares().filter(lambda share: share[0] < share[1]))
@settings(max_examples=25)
def test_one_more_moves_both_ends_up(method, share):
    count, n = share
    before, after = (proportion(each, n, method=method).interval for each in (count, count + 1))
    if method != "wald":  # of no width at the ends
        assert before.low <= after.low
        assert before.high <= after.high + 1e-12


@pytest.mark.parametrize("method", METHODS)
@given(shares())
@settings(max_examples=25)
def test_more_certainty_takes_a_wider_interval(method, share):
    widths = [proportion(*share, level=level, method=method).interval.width for level in (0.8, 0.9, 0.99)]
    assert widths == sorted(widths)


@given(shares(), LEVELS)
@settings(max_examples=40)
def test_agresti_coull_is_never_narrower_than_wilson(share, level):
    wilson, other = (proportion(*share, level=level, method=each).interval for each in METHODS[:2])
    assert other.low <= wilson.low + 1e-12
    assert other.high >= wilson.high - 1e-12


@pytest.mark.parametrize("n", [1, 10])
@pytest.mark.parametrize("method", METHODS[:-1])
def test_an_interval_has_a_width_where_all_answer_alike(method, n):
    assert proportion(0, n, method=method).interval.width > 0.1
    assert proportion(n, n, method=method).interval.width > 0.1


@pytest.mark.parametrize(
    ("satisfied", "n"), [(-1, 3), (4, 3), (0, 0), (1.5, 3), (True, 3), (None, 3), (math.nan, 3), (1, "3")]
)
def test_counts_that_cannot_be_are_refused(satisfied, n):
    with pytest.raises(InvalidInput, match=r"count|n: "):
        csat(satisfied, n)


def test_counts_beyond_all_sense_are_refused():
    with pytest.raises(InvalidInput, match="billion"):
        proportion(1, 10**400)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan, math.inf, "0.95", None, True])
def test_levels_that_cannot_be_are_refused(level):
    with pytest.raises(InvalidInput, match="level"):
        proportion(1, 2, level=level)
    with pytest.raises(InvalidInput, match="level"):
        nps(1, 2, 3, level=level)
    with pytest.raises(InvalidInput, match="level"):
        ces({5: 1}, SEVEN_POINTS, statistic="mean", level=level)


def test_unknown_methods_are_named_with_those_that_exist():
    with pytest.raises(UnknownName, match="wilson"):
        proportion(1, 2, method="wilsn")
    with pytest.raises(UnknownName, match="adjusted_wald"):
        nps(1, 0, 0, method="adjusted")
    with pytest.raises(UnknownName, match="top_two"):
        ces({5: 1}, SEVEN_POINTS, statistic="top")


def test_csat_is_a_share_with_wilsons_interval():
    assert csat(81, 263) == proportion(81, 263, method="wilson")
    assert csat(81, 263, method="jeffreys") == proportion(81, 263, method="jeffreys")


# Net promoters.


# Worked by hand: 36 answers and 3 more, 19.75 promoters and 9.75 detractors of 39.
def test_an_nps_is_given_with_its_adjusted_interval():
    found = nps(19, 8, 9)
    assert found.value == pytest.approx(27.7778, abs=1e-4)
    assert found.standard_error == pytest.approx(13.9505, abs=1e-4)
    centre, spread = 10 / 39, math.sqrt((29.5 / 39 - (10 / 39) ** 2) / 39)
    assert found.interval.low == pytest.approx(100 * (centre - 1.959964 * spread), abs=1e-4)
    assert found.interval.high == pytest.approx(100 * (centre + 1.959964 * spread), abs=1e-4)
    assert (found.n, found.interval.method) == (36, "adjusted_wald")


def test_ten_promoters_are_no_proof_of_perfection():
    assert nps(10, 0, 0).interval.width > 50
    assert nps(10, 0, 0, method="wald").interval.width == 0


@pytest.mark.parametrize("method", ["adjusted_wald", "wald"])
@given(GROUPS, LEVELS)
@example((0, 0, 1), 0.9)
@example((0, 0, 1), 0.96)
@settings(max_examples=60)
def test_the_interval_of_an_nps_holds_it_and_stays_within_bounds(method, groups, level):
    found = nps(*groups, level=level, method=method)
    assert -100 <= found.interval.low <= found.interval.high <= 100
    if method == "wald" or level >= 0.96 or found.n >= 5:  # of fewer, three that nobody gave pull it away from the ends
        assert found.interval.low - 1e-9 <= found.value <= found.interval.high + 1e-9
    assert found.n == sum(groups)


def test_of_few_who_answer_alike_the_adjusted_interval_may_lie_beside_the_value():
    assert nps(0, 0, 1, level=0.95).interval.low > -100
    assert nps(0, 0, 1, level=0.96).interval.low == -100


@given(GROUPS, LEVELS)
@settings(max_examples=40)
def test_turning_promoters_and_detractors_round_turns_the_nps_round(groups, level):
    this, other = nps(*groups, level=level), nps(*groups[::-1], level=level)
    assert other.value == -this.value
    assert (other.interval.low, other.interval.high) == pytest.approx((-this.interval.high, -this.interval.low))


@given(GROUPS)
@settings(max_examples=40)
def test_an_nps_of_more_answers_of_the_same_kind_is_the_same_and_surer(groups):
    few, many = nps(*groups), nps(*(4 * each for each in groups))
    assert many.value == few.value
    assert many.interval.width < few.interval.width


@given(GROUPS)
@settings(max_examples=40)
def test_one_more_promoter_never_lowers_an_nps(groups):
    assert nps(groups[0] + 1, *groups[1:]).value >= nps(*groups).value


@given(GROUPS)
@settings(max_examples=40)
def test_the_sample_of_an_nps_has_its_mean(groups):
    found = nps(*groups)
    assert found.sample.mean == pytest.approx(found.value)
    assert found.sample.n == found.n


@pytest.mark.parametrize("groups", [(0, 0, 0), (-1, 1, 1), (1.5, 0, 0), (math.nan, 0, 0), ("9", 0, 0)])
def test_an_nps_of_what_cannot_be_counted_is_refused(groups):
    with pytest.raises(InvalidInput):
        nps(*groups)


def test_the_groups_of_an_nps_are_cut_at_seven_and_nine():
    assert nps_groups(Tally(ZERO_TO_TEN, dict.fromkeys(range(11), 1))) == (2, 2, 7)
    assert nps_groups(Tally(ZERO_TO_TEN, {})) == (0, 0, 0)


@pytest.mark.parametrize("scale", [TEN_POINTS, FIVE_POINTS, Scale(0, 10, better="low")])
def test_an_nps_is_only_there_on_its_own_scale(scale):
    with pytest.raises(InvalidInput, match="0-10"):
        nps_groups(Tally(scale, {5: 3}))


# Effort.


def test_a_ces_says_which_statistic_it_is():
    counts = {7: 6, 6: 2, 3: 2}
    mean, top = ces(counts, SEVEN_POINTS, statistic="mean"), ces(counts, SEVEN_POINTS, statistic="top_two")
    assert (mean.statistic, mean.value, mean.interval.method) == ("mean", 6.0, "t")
    assert (top.statistic, top.value, top.interval.method) == ("top_two", 0.8, "wilson")


# By hand: scores 2, 4, 4, 5, 5 have the mean 4 and the variance 1.5; t is 2.776 at 4 degrees of freedom.
def test_the_mean_of_a_ces_has_students_interval():
    found = ces({2: 1, 4: 2, 5: 2}, SEVEN_POINTS, statistic="mean").interval
    half = 2.7764451 * math.sqrt(1.5 / 5)
    assert (found.low, found.high) == pytest.approx((4 - half, 4 + half), abs=1e-6)


def test_where_less_effort_is_better_the_best_are_the_lowest():
    counts = {1: 3, 2: 4, 5: 13}
    assert ces(counts, EFFORTLESS, statistic="top_two").value == 7 / 20
    assert ces(counts, FIVE_POINTS, statistic="top_two").value == 13 / 20


@pytest.mark.parametrize("n", [1, 12])
def test_equal_answers_do_not_prove_that_the_next_is_equal(n):
    found = ces({7: n}, SEVEN_POINTS, statistic="mean")
    assert found.value == found.interval.high == 7
    assert found.interval.width > 1
    assert found.interval.method == "wilson_bounded"


@pytest.mark.parametrize("statistic", ["mean", "top_two"])
@given(tallies(), LEVELS)
@settings(max_examples=40)
def test_the_interval_of_a_ces_holds_it_and_stays_within_bounds(statistic, tally, level):
    found = ces(tally.counts, tally.scale, statistic=statistic, level=level)
    bounds = (0, 1) if statistic == "top_two" else (tally.scale.low, tally.scale.high)
    assert bounds[0] <= found.interval.low <= found.value <= found.interval.high <= bounds[1]
    assert found.interval.width > 0


@given(tallies().filter(lambda tally: tally.n > 1))
@settings(max_examples=40)
def test_a_ces_of_more_answers_of_the_same_kind_is_the_same_and_surer(tally):
    few = ces(tally.counts, tally.scale, statistic="mean")
    many = ces({score: 4 * n for score, n in tally.counts.items()}, tally.scale, statistic="mean")
    assert many.value == few.value
    assert many.interval.width < few.interval.width


@pytest.mark.parametrize("counts", [{}, {7: 0}, {8: 1}, {0: 1}, {6: -1}, {6: 1.5}, {math.nan: 1}, {6.5: 1}])
def test_a_ces_of_what_is_not_on_the_scale_is_refused(counts):
    with pytest.raises(InvalidInput):
        ces(counts, SEVEN_POINTS, statistic="mean")


# Scales.


@pytest.mark.parametrize(
    ("score", "scale", "part"),
    [
        (1, FIVE_POINTS, Fraction(0)),
        (2, FIVE_POINTS, Fraction(1, 4)),
        (6, SEVEN_POINTS, Fraction(5, 6)),
        (7, TEN_POINTS, Fraction(2, 3)),
        (7, ZERO_TO_TEN, Fraction(7, 10)),
        (Decimal("4.1"), FIVE_POINTS, Fraction(31, 40)),
        (4.5, FIVE_POINTS, Fraction(7, 8)),
        (1, EFFORTLESS, Fraction(1)),
    ],
)
def test_a_score_is_put_on_the_common_scale_exactly(score, scale, part):
    assert normalise(score, scale) == part


@given(SCALES, SCALES, st.data())
@settings(max_examples=60)
def test_there_and_back_is_the_same_score(scale, other, data):
    score = data.draw(st.integers(scale.low, scale.high))
    assert rescale(rescale(score, scale, other), other, scale) == score


@given(SCALES, SCALES, st.data())
@settings(max_examples=60)
def test_the_better_score_stays_the_better(scale, other, data):
    one, two = (data.draw(st.integers(scale.low, scale.high)) for _ in range(2))
    better = normalise(one, scale) > normalise(two, scale)
    assert better == (normalise(rescale(one, scale, other), other) > normalise(rescale(two, scale, other), other))
    assert better == ((one > two) if scale.better == "high" else (one < two))


def test_the_ends_of_scales_fall_together():
    assert [rescale(each, FIVE_POINTS, TEN_POINTS) for each in (1, 3, 5)] == [1, Fraction(11, 2), 10]


@pytest.mark.parametrize("score", [0, 6, 5.01, math.nan, math.inf, Decimal("NaN"), "5", True, None])
def test_a_score_that_is_not_on_its_scale_is_refused(score):
    with pytest.raises(InvalidInput, match="scale 1-5"):
        normalise(score, FIVE_POINTS)


@pytest.mark.parametrize("ends", [(5, 5), (5, 1), (1.0, 5), (True, 5), ("1", "5"), (0, 1_001), (math.nan, 5)])
def test_a_scale_without_two_ends_is_refused(ends):
    with pytest.raises(InvalidInput, match="scale"):
        Scale(*ends)


def test_a_scale_has_one_good_end():
    with pytest.raises(InvalidInput, match="good"):
        Scale(1, 5, better="left")


def test_tallies_of_two_scales_are_never_added():
    with pytest.raises(InvalidInput, match="pooled_mean"):
        _ = Tally(FIVE_POINTS, {5: 3}) + Tally(TEN_POINTS, {5: 3})
    with pytest.raises(TypeError):
        _ = Tally(FIVE_POINTS, {5: 3}) + 3


def test_tallies_of_one_scale_add_up():
    assert Tally(FIVE_POINTS, {5: 3, 1: 1}) + Tally(FIVE_POINTS, {5: 2, 4: 1}) == Tally(FIVE_POINTS, {1: 1, 4: 1, 5: 5})


def test_a_tally_keeps_a_copy():
    counts = {5: 3}
    tally = Tally(FIVE_POINTS, counts)
    counts[5] = 99
    assert tally.n == 3


def test_scores_are_counted_as_they_come():
    assert Tally.of(FIVE_POINTS, iter([5, 4, 5])) == Tally(FIVE_POINTS, {5: 2, 4: 1})


@pytest.mark.parametrize("score", [0, 6, 4.5, "5", None, True])
def test_a_score_off_the_scale_is_not_counted(score):
    with pytest.raises(InvalidInput):
        Tally.of(FIVE_POINTS, [5, score])


@pytest.mark.parametrize(("points", "best"), [(1, 10), (2, 14), (4, 17)])
def test_the_best_are_those_at_the_good_end(points, best):
    assert Tally(FIVE_POINTS, {5: 10, 4: 4, 3: 2, 2: 1, 1: 7}).best(points) == best


@pytest.mark.parametrize("points", [0, 5, 1.5])
def test_not_everybody_is_among_the_best(points):
    with pytest.raises(InvalidInput, match="points"):
        Tally(FIVE_POINTS, {5: 10}).best(points)


def test_a_tally_has_a_scale():
    with pytest.raises(InvalidInput, match="scale"):
        Tally((1, 5), {5: 1})


# Several scales.


def test_a_mean_over_scales_says_what_was_pooled():
    found = pooled_mean([Tally(FIVE_POINTS, {5: 1, 3: 1}), Tally(TEN_POINTS, {10: 2}), Tally(FIVE_POINTS, {1: 1})])
    assert (found.value, found.n) == (pytest.approx(100 * (1 + 0.5 + 2 + 0) / 5), 5)
    assert [(str(each.scale), each.n) for each in found.scales] == [("1-5", 3), ("1-10", 2)]
    assert found.value in found.interval


@given(st.lists(tallies(), min_size=1, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_a_mean_over_scales_does_not_depend_on_their_order(given_, chance):
    shuffled = list(given_)
    chance.shuffle(shuffled)
    one, two = pooled_mean(given_), pooled_mean(shuffled)
    assert (one.value, one.n) == (two.value, two.n)
    assert (one.interval.low, one.interval.high) == pytest.approx((two.interval.low, two.interval.high))
    assert 0 <= one.interval.low <= one.value <= one.interval.high <= 100


def test_a_change_of_the_scale_does_not_change_what_was_meant():
    before, after = Tally(FIVE_POINTS, {1: 4, 5: 12}), Tally(TEN_POINTS, {1: 4, 10: 12})
    assert pooled_mean([before]).value == pooled_mean([after]).value == pooled_mean([before, after]).value == 75


@pytest.mark.parametrize("none", [[], [Tally(FIVE_POINTS, {})], [Tally(FIVE_POINTS, {5: 0})]])
def test_no_answers_have_no_mean(none):
    with pytest.raises(InvalidInput, match="no answers"):
        pooled_mean(none)


# Samples.


def test_a_sample_is_worked_out_exactly():
    found = Sample.of({2: 1, 4: 2, 5: 2})
    assert (found.mean, found.variance, found.n) == (4.0, 1.5, 5)
    far = Sample.of({10**15: 1, 10**15 + 1: 1})
    assert far.variance == 0.5


@pytest.mark.parametrize("counts", [{}, {3: 0}])
def test_a_sample_may_be_empty(counts):
    assert Sample.of(counts) == Sample(0.0, 0.0, 0)


@pytest.mark.parametrize(
    "given_", [(math.nan, 1, 1), (1, -1, 1), (1, math.inf, 1), (1, 1, -1), (1, 1, 1.5), ("1", 1, 1)]
)
def test_a_sample_of_no_numbers_is_refused(given_):
    with pytest.raises(InvalidInput):
        Sample(*given_)


# Plain data.


@pytest.mark.parametrize(
    "figure",
    [
        nps(19, 8, 9),
        csat(8, 10),
        ces({7: 3}, SEVEN_POINTS, statistic="mean"),
        pooled_mean([Tally(FIVE_POINTS, {5: 1}), Tally(TEN_POINTS, {3: 1})]),
        Sample.of({1: 2}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_figure_is_plain_data(figure):
    found = figure.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_figure_says_what_it_is_made_of():
    assert csat(1, 4).to_dict() | {"interval": None} == {"value": 0.25, "count": 1, "n": 4, "interval": None}


def test_a_value_lies_in_an_interval_or_not():
    interval = Interval(0.25, 0.75, 0.95, "wilson")
    assert 0.25 in interval
    assert 0.76 not in interval
    assert interval.width == 0.5
