"""Groups are not ranked by luck: what few answers say is drawn towards the whole (S8.1).

A store with three answers is nearly always among the best or the worst, whatever it is like. So each group's figure is
drawn towards that of all, the more the fewer answers it has and the less the groups differ among themselves. Over all
groups that is closer to the truth than the figures as they are (Stein 1956; Efron and Morris, "Stein's paradox in
statistics", Scientific American 236, 1977).
"""

import math
from collections.abc import Mapping, Sequence
from typing import SupportsIndex

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.between import Spread, between
from touchpoint.insight.distributions import beta_quantile, two_sided
from touchpoint.insight.figure import Figure, Interval, confidence, part, whole
from touchpoint.insight.means import Sample


@attrs.frozen
class JamesStein(Figure):
    """Shares of equally large groups, drawn towards their mean.

    Args:
        mean: of the shares.
        factor: c; what is left of each distance from the mean, from 0 to 1.
        raw: the shares as they are.
        shrunk: mean + c (raw − mean), in the same order.
    """

    mean: float
    factor: float
    raw: tuple[float, ...]
    shrunk: tuple[float, ...]


def james_stein(successes: Sequence[SupportsIndex], n_each: SupportsIndex) -> JamesStein:
    """The estimator of James and Stein for the shares of k groups with n answers each.

    c = 1 − (k − 3) m (1 − m) / n / Σ (y − m)², but never below 0 ("positive part"), with m the mean of the shares y:
    as in Efron and Morris (1977), who take the spread of chance from m.

    Raises:
        InvalidInput: fewer than 4 groups, for which nothing is gained, or a count that cannot be.
    """
    raw = [k / n for k, n in (part(each, n_each) for each in successes)]
    if len(raw) < 4:
        raise InvalidInput(
            "james_stein() takes 4 groups or more: with fewer nothing is gained by drawing them together"
        )
    mean, n = math.fsum(raw) / len(raw), whole("n_each", n_each)
    spread = math.fsum((y - mean) ** 2 for y in raw)
    chance = (len(raw) - 3) * mean * (1 - mean) / n
    factor = 1 - chance / spread if spread > chance else 0.0
    return JamesStein(mean, factor, tuple(raw), tuple(mean + factor * (y - mean) for y in raw))


@attrs.frozen
class Ranked(Figure):
    """A group in a ranking.

    Args:
        name: of the group.
        rank: 1 for the best; groups of equal figures have an equal rank.
        n: its answers.
        raw: its figure as it is; None where it has no answers.
        shrunk: drawn towards that of the whole.
        interval: where it really lies with the probability `level`, given that the groups are what they are.
        apart: whether the interval leaves out the figure of the whole. Where not, this group and the whole cannot be
            told apart, and its rank says little.
    """

    name: str
    rank: int
    n: int
    raw: float | None
    shrunk: float
    interval: Interval
    apart: bool


@attrs.frozen
class Ranking(Figure):
    """Groups, the best first.

    Args:
        whole: the figure over all answers.
        n: all answers.
        between: the variance between the groups that chance does not explain; 0 where it explains all.
        groups: those ranked.
    """

    whole: float
    n: int
    between: float
    groups: tuple[Ranked, ...]

    @property
    def apart(self) -> tuple[str, ...]:
        """The names of the groups that can be told apart from the whole, the best first."""
        return tuple(each.name for each in self.groups if each.apart)


def rank_shares(
    groups: Mapping[str, tuple[SupportsIndex, SupportsIndex]], *, level: float = 0.95, better: str = "high"
) -> Ranking:
    """Rank groups by a share, each given as (count, n): empirical Bayes, beta-binomial.

    The shares are taken to come from Beta(μM, (1 − μ)M). μ is the share of the whole. A share of n answers then has the
    variance μ (1 − μ) (r + (1 − r) / n), with r the correlation of answers within groups, and M = 1 / r − 1. r is
    estimated from these variances as if shares were normal (Crowder, "Gaussian estimation for correlated binomial
    data", J. Royal Statistical Society B 47, 1985), by restricted likelihood: see `insight/between.py`. Of equally
    large groups that is the moment estimator of Kleinman, "Proportions with extraneous variance", JASA 68 (1973). M is
    kept within 1 and N: the other groups never tell less of one than an answer of its own, nor more than all answers
    do. A group is drawn to (count + μM) / (n + M); its interval is that of Beta(μM + count, (1 − μ)M + n − count).

    Intervals take μ and M as known, so with few groups they are a little too narrow. They need no adjustment for being
    many: drawing together does that (Gelman, Hill and Yajima, J. Research on Educational Effectiveness 5, 2012).

    Args:
        groups: (count, n) by name; n may be 0.
        level: of the intervals.
        better: which end is ranked first, `high` or `low`.

    Raises:
        InvalidInput: fewer than 2 groups, no answers at all, or a count or level that cannot be.
    """
    found = {name: part(*each, least=0) for name, each in groups.items()}
    level, total = confidence(level), _answers(found, [n for _, n in found.values()])
    mean = sum(k for k, _ in found.values()) / total
    within, strength = _beta_binomial(list(found.values()), mean, total)
    lines = [
        _drawn(name, n, k / n if n else None, mean, _posterior(k, n, mean, strength, level))
        for name, (k, n) in found.items()
    ]
    return Ranking(mean, total, within * mean * (1 - mean), _ordered(lines, better))


def _answers(groups: Mapping[str, object], sizes: Sequence[int]) -> int:
    if len(groups) < 2:
        raise InvalidInput("a ranking takes two groups or more, by name")
    if not (total := sum(sizes)):
        raise InvalidInput("no group has any answers, so there is nothing to rank")
    return total


def _beta_binomial(groups: Sequence[tuple[int, int]], mean: float, total: int) -> tuple[float, float]:
    """The correlation of answers within a group, and M."""
    scale = mean * (1 - mean)
    if scale <= 0:
        return 0.0, float(total)
    unit = math.sqrt(scale)
    rho = between([Spread((k / n - mean) / unit, 1 - 1 / n, 1 / n) for k, n in groups if n], 0.0, most=1.0)
    return rho, min(max(1 / rho - 1, 1.0), float(total)) if rho > 0 else float(total)


def _posterior(k: int, n: int, mean: float, strength: float, level: float) -> tuple[float, Interval]:
    """A parameter below ½ would put all its weight on an end: then it is ½, and the interval begins there."""
    a, b = mean * strength + k, (1 - mean) * strength + n - k
    tail = (1 - level) / 2
    low = beta_quantile(a, max(b, 0.5), tail) if a >= 0.5 else 0.0
    high = beta_quantile(max(a, 0.5), b, 1 - tail) if b >= 0.5 else 1.0
    return a / (a + b), Interval(low, high, level, "beta_binomial")


def rank_means(groups: Mapping[str, Sample], *, level: float = 0.95, better: str = "high") -> Ranking:
    """Rank groups by a mean, such as an NPS (`Nps.sample`) or a CES: empirical Bayes, normal.

    Within groups the variance s² is pooled, for a small group says little of its own. Between them it is τ², estimated
    by restricted maximum likelihood from τ² + s² / n, the variance of a mean (Viechtbauer 2005: see
    `insight/between.py`); without any variance within, by the analysis of variance for unequal groups,
    τ² = (Σ nᵢ (yᵢ − m)² − (k − 1) s²) / (N − Σ nᵢ² / N) (Searle, Casella and McCulloch, Variance Components, 1992). A
    group is drawn to m + w (y − m) with w = n τ² / (n τ² + s²) and m the mean of all answers, its variance is
    τ² (1 − w) + (1 − w)² V, with V = s² / N + τ² Σ nᵢ² / N² that of m.

    Args:
        groups: what is known of each, by name; n may be 0.
        level: of the intervals.
        better: which end is ranked first, `high` or `low`.

    Raises:
        InvalidInput: fewer than 2 groups, no answers, no group with two answers, or a level that cannot be.
    """
    found, level = dict(groups), confidence(level)
    total = _answers(found, [each.n for each in found.values()])
    mean = math.fsum(each.n * each.mean for each in found.values()) / total
    within, apart = _variances(list(found.values()), mean, total)
    of_mean = within / total + apart * sum(each.n**2 for each in found.values()) / total**2
    lines = []
    for name, each in found.items():
        left = within + each.n * apart
        weight = each.n * apart / left if left else 0.0
        drawn = mean + weight * (each.mean - mean)
        half = two_sided(level) * math.sqrt(apart * (1 - weight) + (1 - weight) ** 2 * of_mean)
        interval = Interval(drawn - half, drawn + half, level, "normal")
        lines.append(_drawn(name, each.n, each.mean if each.n else None, mean, (drawn, interval)))
    return Ranking(mean, total, apart, _ordered(lines, better))


def _variances(groups: Sequence[Sample], mean: float, total: int) -> tuple[float, float]:
    """Within the groups, and between them."""
    asked = [each for each in groups if each.n]
    freedom = total - len(asked)
    if not freedom:
        raise InvalidInput("no group has two answers, so nothing tells luck from difference; wait for more")
    within = math.fsum((each.n - 1) * each.variance for each in asked) / freedom
    spread = math.fsum(each.n * (each.mean - mean) ** 2 for each in asked)
    if within > 0 and math.isfinite(spread / within):
        unit = math.sqrt(within)
        return within, within * between([Spread((each.mean - mean) / unit, 1.0, 1 / each.n) for each in asked], 0.0)
    room = total - sum(each.n**2 for each in asked) / total
    return within, spread / room if room > 0 else 0.0


def _drawn(name: str, n: int, raw: float | None, mean: float, found: tuple[float, Interval]) -> Ranked:
    """Without a rank yet."""
    return Ranked(name, 0, n, raw, found[0], found[1], mean not in found[1])


def _ordered(groups: Sequence[Ranked], better: str) -> tuple[Ranked, ...]:
    """Ranks as in sports: after two firsts comes a third. Among equals the name decides what is shown first."""
    if better not in ("high", "low"):
        raise InvalidInput('better= says which end is ranked first: "high" or "low"')
    sign = -1 if better == "high" else 1
    found: list[Ranked] = []
    for place, each in enumerate(sorted(groups, key=lambda each: (sign * each.shrunk, each.name)), 1):
        equal = found and found[-1].shrunk == each.shrunk
        found.append(attrs.evolve(each, rank=found[-1].rank if equal else place))
    return tuple(found)
