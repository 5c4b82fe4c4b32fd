"""The distributions behind the figures, against printed tables and their own laws."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import InvalidInput
from touchpoint.insight.distributions import (
    beta_below,
    beta_quantile,
    chi_squared_tail,
    normal_quantile,
    normal_tails,
    t_tails,
    t_two_sided,
    two_sided,
)

PARAMETERS = st.floats(0.5, 500)
PARTS = st.floats(0.0, 1.0)


# Abramowitz and Stegun, table 26.5 (percentage points of t) and 26.1.
@pytest.mark.parametrize(
    ("level", "freedom", "t"),
    [(0.95, 1, 12.706), (0.95, 4, 2.776), (0.95, 30, 2.042), (0.99, 10, 3.169), (0.9, 120, 1.658), (0.5, 2, 0.816)],
)
def test_students_t_is_that_of_the_tables(level, freedom, t):
    assert t_two_sided(level, freedom) == pytest.approx(t, abs=6e-4)
    assert t_tails(t, freedom) == pytest.approx(1 - level, abs=3e-4)


@pytest.mark.parametrize(("level", "z"), [(0.9, 1.644854), (0.95, 1.959964), (0.99, 2.575829)])
def test_the_normal_distribution_is_that_of_the_tables(level, z):
    assert two_sided(level) == pytest.approx(z, abs=1e-6)
    assert normal_tails(z) == pytest.approx(1 - level, abs=1e-6)
    assert normal_quantile(0.5 + level / 2) == pytest.approx(z, abs=1e-6)


@given(st.integers(1, 60), st.integers(0, 60), PARTS)
@settings(max_examples=60)
def test_of_whole_parameters_the_beta_function_is_a_sum_of_binomials(n, k, x):  # DLMF 8.17.5
    k = min(k, n - 1)
    exact = math.fsum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(k + 1, n + 1))
    assert beta_below(k + 1, n - k, x) == pytest.approx(exact, abs=1e-12)


@given(PARAMETERS, PARAMETERS, st.integers(0, 1_024).map(lambda n: n / 1_024))
@settings(max_examples=60)
def test_the_beta_function_is_symmetric(a, b, x):  # DLMF 8.17.4
    assert beta_below(a, b, x) + beta_below(b, a, 1 - x) == pytest.approx(1, abs=1e-9)


@given(PARAMETERS, PARAMETERS, st.floats(1e-6, 1 - 1e-6))
@settings(max_examples=60)
def test_a_quantile_leads_back_to_its_probability(a, b, p):
    assert beta_below(a, b, beta_quantile(a, b, p)) == pytest.approx(p, abs=1e-9)


@pytest.mark.parametrize("size", [10**6, 10**9])
def test_quantiles_of_great_counts_are_near_those_of_the_normal_distribution(size):
    mean, error = 0.3, math.sqrt(0.3 * 0.7 / size)
    assert beta_quantile(0.3 * size, 0.7 * size, 0.975) == pytest.approx(mean + 1.959964 * error, abs=error / 100)


def test_a_quantile_may_be_tiny():
    assert beta_quantile(1, 1e9, 0.025) == pytest.approx(-math.expm1(math.log(0.975) / 1e9), rel=1e-9)
    assert beta_quantile(0.5, 0.5, 1e-12) == pytest.approx(math.sin(math.pi / 2 * 1e-12) ** 2, rel=1e-6)


def test_the_ends_have_quantiles_too():
    assert (beta_quantile(2, 3, 0), beta_quantile(2, 3, 1)) == (pytest.approx(0, abs=1e-9), pytest.approx(1, abs=1e-9))


def test_the_square_of_a_normal_value_is_chi_squared():
    assert chi_squared_tail(1.959964**2, 1) == pytest.approx(normal_tails(1.959964), abs=1e-15)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 1), (math.nan, 1), (1, math.inf)])
def test_parameters_that_cannot_be_are_refused(a, b):
    with pytest.raises(InvalidInput, match="above 0"):
        beta_below(a, b, 0.5)


def test_a_quantile_of_no_probability_is_refused():
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        beta_quantile(1, 1, 1.5)
