"""Groups side by side (S8.3): differences, many comparisons, and rankings that luck does not decide."""

import json
import math
import random  # noqa: TID251 - groups made up from a seed
from statistics import fmean, variance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint import InvalidInput, UnknownName
from touchpoint.insight import (
    Sample,
    adjust,
    answers_needed,
    compare_means,
    compare_shares,
    james_stein,
    nps,
    proportion,
    rank_means,
    rank_shares,
    wald_difference,
)
from touchpoint.insight.between import Spread, between

HITS = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]
P_VALUES = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip
ADJUSTMENTS = ["benjamini_hochberg", "holm", "bonferroni"]
SOME_P = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@st.composite
def shares(draw, least=1, most=300):
    n = draw(st.integers(least, most))
    return draw(st.integers(0, n)), n


STORES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), shares(0), min_size=2, max_size=12).filter(
    lambda found: any(n for _, n in found.values())
)
SAMPLES = st.builds(Sample, st.floats(-100, 100), st.floats(0, 1_000), st.integers(2, 200))
TEAMS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), SAMPLES, min_size=2, max_size=12)


# Two shares.


# Method 10 in table II of Newcombe, "Interval estimation for the difference between independent proportions: comparison
# of eleven methods", Statistics in Medicine 17 (1998).
@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_difference_of_two_shares_has_newcombes_interval(first, second, low, high):
    found = compare_shares(first, second)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=6e-5)
    assert found.interval.method == "newcombe_hybrid_score"


@given(shares(), shares())
@settings(max_examples=60)
def test_a_difference_lies_in_its_interval_which_stays_within_bounds(first, second):
    value = first[0] / first[1] - second[0] / second[1]
    for interval in (compare_shares(first, second).interval, wald_difference(first, second)):
        assert -1 <= interval.low <= value + 1e-12
        assert value - 1e-12 <= interval.high <= 1


@given(shares(), shares())
@settings(max_examples=60)
def test_a_difference_the_other_way_round_is_the_same_with_another_sign(first, second):
    this, other = compare_shares(first, second), compare_shares(second, first)
    assert (other.value, other.statistic, other.p) == pytest.approx((-this.value, -this.statistic, this.p))
    assert (other.interval.low, other.interval.high) == pytest.approx((-this.interval.high, -this.interval.low))


@given(shares(), shares())
@settings(max_examples=60)
def test_the_square_of_z_is_pearsons_chi_squared(first, second):
    (a, n), (b, m) = first, second
    table, column = [[a, n - a], [b, m - b]], (a + b, n + m - a - b)
    expected = [[size * each / (n + m) for each in column] for size in (n, m)]
    cells = [(table[i][j], expected[i][j]) for i in (0, 1) for j in (0, 1) if column[j]]
    found = compare_shares(first, second)
    assert found.statistic**2 == pytest.approx(sum((seen - mean) ** 2 / mean for seen, mean in cells), abs=1e-9)
    assert 0 <= found.p <= 1


@pytest.mark.parametrize("count", [0, 10])
def test_where_all_are_alike_there_is_no_difference(count):
    found = compare_shares((count, 10), (count, 10))
    assert (found.value, found.statistic, found.p) == (0, 0, 1)


@pytest.mark.parametrize("share", [(1, 0), (-1, 5), (6, 5), (0.5, 5)])
def test_a_share_that_cannot_be_is_not_compared(share):
    for compare in (compare_shares, wald_difference):
        with pytest.raises(InvalidInput):
            compare(share, (1, 5))
        with pytest.raises(InvalidInput):
            compare((1, 5), share)


# Two means.


# Welch's own example is not at hand; by hand: errors 4/4 and 9/9, so t = 2/√2, and 4/(1/3 + 1/8) degrees of freedom.
def test_two_means_are_compared_by_welch():
    found = compare_means(Sample(7, 4, 4), Sample(5, 9, 9))
    assert (found.value, found.statistic) == (2, pytest.approx(math.sqrt(2)))
    assert found.freedom == pytest.approx(4 / (1 / 3 + 1 / 8))
    assert found.interval.low < 0 < found.interval.high
    assert 0.15 < found.p < 0.25


@given(SAMPLES.filter(lambda found: found.variance > 0.01), SAMPLES)
@settings(max_examples=40)
def test_a_difference_of_means_is_significant_just_where_its_interval_leaves_out_nothing(first, second):
    found = compare_means(first, second, level=0.95)
    if abs(found.p - 0.05) > 1e-6:
        assert (found.p < 0.05) == (0 not in found.interval)
    assert found.value in found.interval
    assert min(first.n, second.n) - 1 <= found.freedom + 1e-6
    assert found.freedom <= first.n + second.n - 2 + 1e-6


@pytest.mark.parametrize(
    ("first", "second"),
    [(Sample(1, 0, 1), Sample(1, 2, 9)), (Sample(1, 2, 9), Sample(0, 0, 0)), (Sample(1, 0, 5),) * 2],
)
def test_means_of_which_nothing_is_known_are_not_compared(first, second):
    with pytest.raises(InvalidInput):
        compare_means(first, second)


# How many answers.


@pytest.mark.parametrize(("share", "difference", "answers"), [(0.2, 0.05, 1030), (0.05, 0.01, 7663), (0.1, 0.02, 3623)])
def test_how_many_answers_a_comparison_needs(share, difference, answers):  # evanmiller.org/ab-testing/sample-size.html
    assert round(answers_needed(share, difference)) == answers


@given(st.floats(0.05, 0.9), st.floats(0.01, 0.05))
@settings(max_examples=30)
def test_half_the_difference_takes_more_than_three_times_the_answers(share, difference):
    assert answers_needed(share, difference / 2) > 3 * answers_needed(share, difference)
    assert answers_needed(share, difference, power=0.9) > answers_needed(share, difference)


@pytest.mark.parametrize("given_", [(0.2, 0), (0.2, 0.9), (0.2, -0.3), (1.2, 0.1), (math.nan, 0.1), (0.2, math.nan)])
def test_what_cannot_be_found_needs_no_answers(given_):
    with pytest.raises(InvalidInput):
        answers_needed(*given_)


@pytest.mark.parametrize("power", [0, 1, math.nan])
def test_a_power_that_cannot_be_is_refused(power):
    with pytest.raises(InvalidInput):
        answers_needed(0.2, 0.1, power=power)


# Many comparisons.


def test_of_the_comparisons_of_benjamini_and_hochberg_four_count():  # their section 4
    assert [sum(adjust(P_VALUES, method=each).rejected(0.05)) for each in ADJUSTMENTS] == [4, 3, 3]


def test_p_values_are_adjusted_in_their_order():
    found = adjust([0.9, 0.001, 0.02], method="holm")
    assert found.adjusted == pytest.approx((0.9, 0.003, 0.04))
    assert found.p == (0.9, 0.001, 0.02)
    assert found.rejected(0.05) == (False, True, True)


@pytest.mark.parametrize("method", ADJUSTMENTS)
@given(SOME_P, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_adjusting_does_not_depend_on_the_order(method, values, chance):
    order = list(range(len(values)))
    chance.shuffle(order)
    straight = adjust(values, method=method).adjusted
    assert adjust([values[each] for each in order], method=method).adjusted == tuple(straight[each] for each in order)


@pytest.mark.parametrize("method", ADJUSTMENTS)
@given(SOME_P)
@settings(max_examples=50)
def test_an_adjusted_p_value_is_never_smaller_and_keeps_the_order(method, values):
    found = adjust(values, method=method)
    assert all(p <= after <= 1 for p, after in zip(values, found.adjusted, strict=True))
    ranked = [after for _, after in sorted(zip(values, found.adjusted, strict=True))]
    assert ranked == sorted(ranked)


@given(SOME_P)
@settings(max_examples=50)
def test_bonferroni_is_the_strictest_and_benjamini_hochberg_the_mildest(values):
    mild, middle, strict = (adjust(values, method=each).adjusted for each in ADJUSTMENTS)
    assert all(a <= b + 1e-15 and b <= c + 1e-15 for a, b, c in zip(mild, middle, strict, strict=True))


# The step-up procedure itself: the greatest i with p(i) <= i q / m, and all below it.
@given(SOME_P, st.floats(0.01, 0.2))
@settings(max_examples=50)
def test_benjamini_hochberg_rejects_what_the_procedure_rejects(values, q):
    rising, m = sorted(values), len(values)
    if all(abs(p * m / rank - q) > 1e-12 for rank, p in enumerate(rising, 1)):
        rejected = max((rank for rank, p in enumerate(rising, 1) if p * m / rank <= q), default=0)
        assert sum(adjust(values).rejected(q)) == rejected


@pytest.mark.parametrize("method", ADJUSTMENTS)
def test_one_comparison_stays_as_it_is_and_none_is_none(method):
    assert adjust([0.03], method=method).adjusted == (0.03,)
    assert adjust([], method=method).adjusted == ()


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf, None, "0.1", True])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(InvalidInput, match="p-value"):
        adjust([0.5, p])


def test_an_unknown_adjustment_is_named_with_those_that_exist():
    with pytest.raises(UnknownName, match="holm"):
        adjust([0.5], method="hom")


@pytest.mark.parametrize("level", [-0.1, 1.1, math.nan])
def test_a_level_that_cannot_be_rejects_nothing(level):
    with pytest.raises(InvalidInput, match="level"):
        adjust([0.5]).rejected(level)


# James and Stein.


# Efron and Morris, "Stein's paradox in statistics", Scientific American 236 (1977): 18 players, 45 times at bat.
def test_batting_averages_are_drawn_together():
    found = james_stein(HITS, 45)
    assert found.mean == pytest.approx(0.265, abs=5e-4)
    assert found.factor == pytest.approx(0.212, abs=5e-4)
    assert [round(each, 3) for each in found.shrunk] == [
        0.294, 0.289, 0.285, 0.280, 0.275, 0.275, 0.270, 0.266, 0.261, 0.261, 0.256, 0.256, 0.256, 0.256, 0.256, 0.252,
        0.247, 0.242,
    ]  # fmt: skip


@given(
    st.integers(1, 200).flatmap(lambda n: st.tuples(st.lists(st.integers(0, n), min_size=4, max_size=20), st.just(n)))
)
@settings(max_examples=50)
def test_a_drawn_share_lies_between_itself_and_the_mean(given_):
    found = james_stein(*given_)
    assert 0 <= found.factor <= 1
    for raw, drawn in zip(found.raw, found.shrunk, strict=True):
        assert min(raw, found.mean) - 1e-12 <= drawn <= max(raw, found.mean) + 1e-12


def test_groups_that_differ_less_than_by_chance_are_all_the_same():
    assert james_stein([5, 5, 5, 5], 10).factor == 0
    assert set(james_stein([5, 5, 6, 5], 10).shrunk) == {0.525}


@pytest.mark.parametrize(
    ("successes", "n"), [([1, 2, 3], 5), ([], 5), ([1, 2, 3, 6], 5), ([1, 2, 3, -1], 5), ([0] * 4, 0)]
)
def test_too_few_groups_are_not_drawn_together(successes, n):
    with pytest.raises(InvalidInput):
        james_stein(successes, n)


# Rankings of shares.


def by_name(ranking):
    return {each.name: each for each in ranking.groups}


def test_a_small_group_is_not_the_best_by_luck():
    found = rank_shares({"kiosk": (3, 3), "centre": (180, 200), "north": (120, 200), "south": (150, 200)})
    assert [each.name for each in found.groups] == ["centre", "kiosk", "south", "north"]
    assert by_name(found)["kiosk"].raw == 1
    assert found.apart == ("centre", "north")
    assert found.whole == pytest.approx(453 / 603)


# By hand, from the moments of Kleinman: with k groups of n, r = (Q / (μ (1 - μ)) - (k - 1)) / ((k - 1) (n - 1)).
def test_the_spread_between_equally_large_groups_is_that_of_the_moments():
    q, chance = 40 * (0.9 - 0.55) ** 2 + 40 * (0.25 - 0.55) ** 2 + 40 * (0.5 - 0.55) ** 2, 0.55 * 0.45
    r = (q / chance - 2) / (2 * 39)
    m = 1 / r - 1
    found = rank_shares({"a": (36, 40), "b": (10, 40), "c": (20, 40)})
    assert found.between == pytest.approx(r * chance)
    assert by_name(found)["a"].shrunk == pytest.approx((36 + 0.55 * m) / (40 + m))


# The equation as it stands in the module, for three groups, each term by itself.
@pytest.mark.parametrize("slopes", [(1.0, 1.0, 1.0), (0.95, 0.975, 0.5)])
def test_the_spread_between_groups_solves_the_equation_of_restricted_likelihood(slopes):
    groups = [Spread(y, a, b) for y, a, b in zip((0.9, 0.25, 0.5), slopes, (0.05, 0.025, 0.5), strict=True)]
    x = between(groups, 0.5)
    weights = [1 / (a * x + b) for _, a, b in groups]
    mean = sum(w * y for w, (y, _, _) in zip(weights, groups, strict=True)) / sum(weights)
    terms = [
        a * w * w * ((y - mean) ** 2 + 1 / sum(weights) - 1 / w) for w, (y, a, _) in zip(weights, groups, strict=True)
    ]
    assert x > 0
    assert sum(terms) == pytest.approx(0, abs=1e-9)


def test_the_spread_between_groups_is_not_above_its_bound():
    assert between([Spread(0, 1, 0.1), Spread(9, 1, 0.1)], 4.5, most=1.0) == 1.0


# With equal n the moments give what James and Stein give, but with k - 1 in place of k - 3: here 17 and 15.
def test_equal_groups_are_drawn_as_by_james_and_stein():
    found = by_name(rank_shares({f"{place:02}": (hits, 45) for place, hits in enumerate(HITS)}))
    stein = james_stein(HITS, 45)
    factor = 1 - (1 - stein.factor) * 17 / 15
    drawn = [found[f"{place:02}"].shrunk for place in range(len(HITS))]
    assert drawn == pytest.approx([stein.mean + factor * (raw - stein.mean) for raw in stein.raw], abs=5e-4)


@given(STORES)
@settings(max_examples=examples(60))
def test_a_drawn_group_lies_between_itself_and_the_whole(groups):
    found = rank_shares(groups)
    assert found.between >= 0
    for each in found.groups:
        raw = found.whole if each.raw is None else each.raw
        assert min(raw, found.whole) - 1e-9 <= each.shrunk <= max(raw, found.whole) + 1e-9
        assert 0 <= each.interval.low <= each.shrunk + 1e-9
        assert each.shrunk - 1e-9 <= each.interval.high <= 1
        assert each.apart == (found.whole not in each.interval)


@given(STORES, st.randoms(use_true_random=False))
@settings(max_examples=examples(40))
def test_a_ranking_does_not_depend_on_the_order_of_the_groups(groups, chance):
    names = list(groups)
    chance.shuffle(names)
    one, two = rank_shares(groups), rank_shares({name: groups[name] for name in names})
    assert [each.n for each in two.groups] == pytest.approx([by_name(one)[each.name].n for each in two.groups])
    assert [each.shrunk for each in two.groups] == pytest.approx([each.shrunk for each in one.groups])


@given(STORES)
@settings(max_examples=examples(40))
def test_ranks_are_those_of_sports(groups):
    found = rank_shares(groups).groups
    assert [each.rank for each in found] == [1 + sum(other.shrunk > each.shrunk for other in found) for each in found]
    assert {each.name for each in found} == set(groups)


@given(STORES)
@settings(max_examples=examples(40))
def test_of_groups_with_equal_shares_the_larger_keeps_more_of_its_own(groups):
    found = rank_shares({**groups, "few": (9, 10), "many": (90, 100)})
    few, many = by_name(found)["few"], by_name(found)["many"]
    assert abs(many.shrunk - 0.9) <= abs(few.shrunk - 0.9) + 1e-9
    assert many.interval.width < few.interval.width


def test_where_chance_explains_all_nobody_can_be_told_apart():
    found = rank_shares({"a": (5, 10), "b": (6, 10), "c": (5, 10), "d": (4, 10)})
    assert (found.between, found.apart) == (0, ())
    assert max(each.shrunk for each in found.groups) - min(each.shrunk for each in found.groups) < 0.05
    assert all(each.interval.width > 0.1 for each in found.groups)


@pytest.mark.parametrize("count", [0, 1])
def test_where_all_or_nobody_has_it_all_are_first(count):
    found = rank_shares({"a": (3 * count, 3), "b": (90 * count, 90)})
    assert [(each.rank, each.shrunk, each.apart) for each in found.groups] == [(1, count, False)] * 2
    assert all(each.interval.width > 0 for each in found.groups)


def test_a_group_without_answers_is_ranked_as_the_whole():
    new = by_name(rank_shares({"new": (0, 0), "a": (90, 100), "b": (10, 100)}))["new"]
    assert (new.raw, new.n, new.shrunk, new.apart) == (None, 0, pytest.approx(0.5), False)


def test_groups_of_one_answer_each_tell_nothing_of_each_other():
    found = rank_shares({"a": (1, 1), "b": (0, 1), "c": (1, 1)})
    assert found.between == 0
    assert found.apart == ()


def test_what_is_bad_may_be_ranked_from_the_other_end():
    groups = {"a": (90, 100), "b": (10, 100)}
    assert [each.name for each in rank_shares(groups, better="low").groups] == ["b", "a"]
    with pytest.raises(InvalidInput, match="better"):
        rank_shares(groups, better="left")


@pytest.mark.parametrize("groups", [{}, {"a": (1, 2)}, {"a": (0, 0), "b": (0, 0)}, {"a": (3, 2), "b": (1, 2)}])
def test_what_cannot_be_ranked_is_refused(groups):
    with pytest.raises(InvalidInput):
        rank_shares(groups)


# How well it does: the truth is known here. Nothing is left to chance: quantiles of it stand for draws.
def test_drawn_shares_are_nearer_to_the_truth_than_raw_ones():
    truth = {f"{row}-{place}": 0.55 + 0.05 * row for row in range(7) for place in range(6)}
    sizes, luck = (4, 10, 30, 90, 12, 6), (-1.4, -0.7, -0.2, 0.2, 0.7, 1.4)
    groups = {}
    for place, (name, p) in enumerate(truth.items()):
        n = sizes[(place + place // 6) % 6]
        k = round(n * p + luck[place % 6] * math.sqrt(n * p * (1 - p)))
        groups[name] = (min(max(k, 0), n), n)
    found = rank_shares(groups)
    drawn = sum((each.shrunk - truth[each.name]) ** 2 for each in found.groups)
    raw = sum((each.raw - truth[each.name]) ** 2 for each in found.groups)
    assert drawn < raw / 2
    assert sum(truth[each.name] in each.interval for each in found.groups) >= 0.9 * len(truth)


def test_one_large_group_is_told_apart_from_a_thousand_of_few_answers():
    few = {f"kiosk {n}": (2 + n % 2, 3) for n in range(1_000)}  # they scatter less than by chance
    assert rank_shares({**few, "centre": (333, 400)}).between == 0
    found = rank_shares({**few, "centre": (230, 400)})
    assert found.between > 0
    assert found.apart == ("centre",)


# Rankings of means.


def test_net_promoters_are_ranked_with_what_is_known_of_all():
    found = rank_means(
        {
            "kiosk": nps(2, 0, 0).sample,
            "centre": nps(150, 30, 20).sample,
            "north": nps(60, 60, 80).sample,
            "south": nps(90, 60, 50).sample,
        }
    )
    assert [each.name for each in found.groups] == ["centre", "kiosk", "south", "north"]
    assert by_name(found)["kiosk"].raw == 100
    assert found.apart == ("centre", "north")


# By hand: two groups of 10, means 4 and 6, variances 2 and 4: s² = 3, τ² = (10 + 10 - 3) / (20 - 10) = 1.7.
def test_the_variance_between_means_is_that_of_the_analysis_of_variance():
    found = rank_means({"a": Sample(4, 2, 10), "b": Sample(6, 4, 10)})
    weight = 17 / 20
    assert (found.whole, found.between) == (5, pytest.approx(1.7))
    assert [each.shrunk for each in found.groups] == pytest.approx([5 + weight, 5 - weight])
    variance = 1.7 * (1 - weight) + (1 - weight) ** 2 * (3 / 20 + 1.7 * 200 / 400)
    assert found.groups[0].interval.width == pytest.approx(2 * 1.959964 * math.sqrt(variance), abs=1e-5)


def test_the_variance_between_means_is_near_to_what_it_is():
    truth, found = 1.0, []
    for seed in range(20):
        chance = random.Random(seed)  # noqa: S311 - likewise
        groups = {}
        for n in range(150):
            size, middle = chance.choice((2, 4, 8, 20, 60)), chance.gauss(0, math.sqrt(truth))
            answers = [chance.gauss(middle, 3) for _ in range(size)]
            groups[str(n)] = Sample(fmean(answers), variance(answers), size)
        found.append(rank_means(groups).between)
    assert fmean(found) == pytest.approx(truth, rel=0.15)
    assert all(truth / 2 < each < truth * 2 for each in found)


def test_one_large_mean_is_told_apart_from_a_thousand_of_few_answers():
    # The small ones scatter less than by chance, which would be ±0.577: the analysis of variance finds nothing.
    few = {f"kiosk {n}": Sample(0.55 * (-1) ** n, 1, 3) for n in range(1_000)}
    assert rank_means({**few, "centre": Sample(0.0, 1, 400)}).between == 0
    found = rank_means({**few, "centre": Sample(0.4, 1, 400)})
    total = 3_000 + 400
    whole = 0.4 * 400 / total
    spread = 1_000 * 3 * (0.55**2 + whole**2) + 400 * (0.4 - whole) ** 2
    assert spread < 1_000  # k - 1 groups by chance
    assert (found.whole, found.apart) == (pytest.approx(whole), ("centre",))
    assert found.between > 0


@given(TEAMS, st.floats(1e-3, 1e3))
@settings(max_examples=40)
def test_means_in_another_unit_are_ranked_alike(groups, unit):
    other = {name: Sample(each.mean * unit, each.variance * unit**2, each.n) for name, each in groups.items()}
    one, two = by_name(rank_means(groups)), by_name(rank_means(other))
    assert [two[name].shrunk for name in groups] == pytest.approx(
        [one[name].shrunk * unit for name in groups], rel=1e-6, abs=1e-6 * unit
    )


@given(TEAMS)
@settings(max_examples=examples(60))
def test_a_drawn_mean_lies_between_itself_and_the_whole(groups):
    found = rank_means(groups)
    for each in found.groups:
        assert min(each.raw, found.whole) - 1e-9 <= each.shrunk <= max(each.raw, found.whole) + 1e-9
        assert each.shrunk in each.interval


@given(TEAMS, st.floats(-50, 50))
@settings(max_examples=examples(40))
def test_moving_all_means_moves_the_ranking_with_them(groups, by):
    moved = {name: Sample(each.mean + by, each.variance, each.n) for name, each in groups.items()}
    one, two = by_name(rank_means(groups)), by_name(rank_means(moved))
    assert [two[name].shrunk for name in groups] == pytest.approx([one[name].shrunk + by for name in groups], abs=1e-6)


def test_means_that_differ_less_than_by_chance_are_all_the_same():
    found = rank_means({"a": Sample(5, 4, 10), "b": Sample(5.1, 4, 10), "new": Sample(0, 0, 0)})
    assert found.between == 0
    assert {each.shrunk for each in found.groups} == {found.whole}
    assert by_name(found)["new"].raw is None
    assert all(each.interval.width > 0 for each in found.groups)


def test_means_without_any_spread_are_taken_as_they_are():
    assert [each.shrunk for each in rank_means({"a": Sample(5, 0, 3), "b": Sample(7, 0, 3)}).groups] == [7, 5]
    assert [each.rank for each in rank_means({"a": Sample(5, 0, 3), "b": Sample(5, 0, 3)}).groups] == [1, 1]


@pytest.mark.parametrize(
    "groups",
    [
        {},
        {"a": Sample(1, 1, 9)},
        {"a": Sample(1, 0, 1), "b": Sample(2, 0, 1)},
        {"a": Sample(0, 0, 0)} | {"b": Sample(0, 0, 0)},
    ],
)
def test_means_that_cannot_be_ranked_are_refused(groups):
    with pytest.raises(InvalidInput):
        rank_means(groups)


@pytest.mark.parametrize(
    "figure",
    [
        compare_shares((1, 2), (2, 3)),
        adjust([0.1, 0.2]),
        james_stein(HITS, 45),
        rank_shares({"a": (1, 2), "b": (0, 0)}),
        rank_means({"a": Sample(1, 2, 3), "b": Sample(0, 0, 0)}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_figure_of_groups_is_plain_data(figure):
    found = figure.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_share_of_a_group_alone_is_wider_than_with_all_others():
    groups = {"a": (8, 10), "b": (80, 100), "c": (60, 100), "d": (70, 100)}
    assert by_name(rank_shares(groups))["a"].interval.width < proportion(8, 10).interval.width
