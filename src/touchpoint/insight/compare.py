"""Two groups side by side: how far apart they are, and how often chance alone puts them so far apart."""

import math
from typing import SupportsIndex

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.distributions import normal_quantile, normal_tails, t_tails, t_two_sided, two_sided
from touchpoint.insight.figure import Figure, Interval, confidence, finite, part
from touchpoint.insight.means import Sample
from touchpoint.insight.proportions import proportion_interval


@attrs.frozen
class Difference(Figure):
    """How much more the first group has than the second.

    Args:
        value: first less second.
        statistic: z of two shares, t of two means: the difference in standard errors.
        freedom: degrees of freedom of t; None for z.
        p: how often chance alone brings so great a difference, to either side, where there is none.
        interval: where the difference may really lie.
    """

    value: float
    statistic: float
    freedom: float | None
    p: float
    interval: Interval


def compare_shares(
    first: tuple[SupportsIndex, SupportsIndex], second: tuple[SupportsIndex, SupportsIndex], *, level: float = 0.95
) -> Difference:
    """Two shares of groups that have nobody in common, each as (count, n).

    The interval is the hybrid score one, made of Wilson's two: method 10 of Newcombe, "Interval estimation for the
    difference between independent proportions", Statistics in Medicine 17 (1998). z is that of the pooled share
    (Pearson's chi-squared test is its square); where all or nobody in both has it, there is no difference, and p is 1.

    Raises:
        InvalidInput: a count or level that cannot be.
    """
    (k1, n1), (k2, n2) = part(*first), part(*second)
    level = confidence(level)
    p1, p2 = k1 / n1, k2 / n2
    one, two = proportion_interval(k1, n1, level, "wilson"), proportion_interval(k2, n2, level, "wilson")
    low = p1 - p2 - math.hypot(p1 - one.low, two.high - p2)
    high = p1 - p2 + math.hypot(one.high - p1, p2 - two.low)
    interval = Interval(max(-1.0, low), min(1.0, high), level, "newcombe_hybrid_score")
    z = _pooled_z(k1, n1, k2, n2)
    return Difference(p1 - p2, z, None, normal_tails(z), interval)


def _pooled_z(k1: int, n1: int, k2: int, n2: int) -> float:
    whole = (k1 + k2) / (n1 + n2)
    spread = whole * (1 - whole) * (1 / n1 + 1 / n2)
    return (k1 / n1 - k2 / n2) / math.sqrt(spread) if spread > 0 else 0.0


def wald_difference(
    first: tuple[SupportsIndex, SupportsIndex], second: tuple[SupportsIndex, SupportsIndex], *, level: float = 0.95
) -> Interval:
    """The interval of the textbooks, to compare with others: unpooled standard error, normal quantiles, clipped.

    Raises:
        InvalidInput: a count or level that cannot be.
    """
    (k1, n1), (k2, n2) = part(*first), part(*second)
    p1, p2 = k1 / n1, k2 / n2
    half = two_sided(confidence(level)) * math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return Interval(max(-1.0, p1 - p2 - half), min(1.0, p1 - p2 + half), level, "wald")


def compare_means(first: Sample, second: Sample, *, level: float = 0.95) -> Difference:
    """Two means of groups that have nobody in common and need not spread alike.

    Welch's t with the degrees of freedom of Welch and Satterthwaite (Welch, "The generalization of Student's problem
    when several different population variances are involved", Biometrika 34, 1947).

    Raises:
        InvalidInput: a group has fewer than two answers, no answer of either differs from its others, or the level
            cannot be.
    """
    if first.n < 2 or second.n < 2:
        raise InvalidInput("means are compared where each group has two answers or more: one alone has no spread")
    level = confidence(level)
    one, two = first.variance / first.n, second.variance / second.n
    if not one + two:
        raise InvalidInput("all answers of each group are alike, so nothing is known of their spread; compare shares")
    error, gap = math.sqrt(one + two), first.mean - second.mean
    share = one / (one + two)
    freedom = 1 / (share**2 / (first.n - 1) + (1 - share) ** 2 / (second.n - 1))
    half = t_two_sided(level, freedom) * error
    interval = Interval(gap - half, gap + half, level, "welch_t")
    return Difference(gap, gap / error, freedom, t_tails(gap / error, freedom), interval)


def answers_needed(share: float, difference: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """How many answers each of two groups needs, so that such a difference is found with this power; not rounded.

    n = (z₁ √(2 p (1 − p)) + z₂ √(p (1 − p) + q (1 − q)))² / (q − p)², with q = p + difference, z₁ of the level on both
    sides and z₂ of the power: the formula behind evanmiller.org/ab-testing/sample-size.html.

    Args:
        share: what one group has, from 0 to 1.
        difference: how much more, or less, the other has.
        level: 1 less the chance of finding a difference where there is none.
        power: the chance of finding this one.

    Raises:
        InvalidInput: a share outside of 0 to 1, no difference, or a level or power that cannot be.
    """
    p, gap = finite("share", share, 0, 1), finite("difference", difference, -1, 1)
    q = p + gap
    if not gap or not 0 <= q <= 1:
        raise InvalidInput("difference: not 0, and such that share + difference is from 0 to 1")
    z1, z2 = two_sided(confidence(level)), normal_quantile(confidence(power))
    return float((z1 * math.sqrt(2 * p * (1 - p)) + z2 * math.sqrt(p * (1 - p) + q * (1 - q))) ** 2 / gap**2)
