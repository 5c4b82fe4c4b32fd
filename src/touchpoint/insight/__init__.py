"""Figures of feedback and loyalty: pure functions over counts, with intervals. Every result has `to_dict()`."""

from touchpoint.insight.compare import Difference, answers_needed, compare_means, compare_shares, wald_difference
from touchpoint.insight.figure import Figure, Interval
from touchpoint.insight.growth import Growth, GrowthPeriod, growth, period_of, quick_ratio
from touchpoint.insight.loyalty import day_number, repeat_rate, retention
from touchpoint.insight.many import Adjusted, adjust
from touchpoint.insight.means import PooledMean, Sample, ScaleCount, pooled_mean
from touchpoint.insight.proportions import Share, proportion
from touchpoint.insight.scales import (
    FIVE_POINTS,
    SEVEN_POINTS,
    TEN_POINTS,
    ZERO_TO_TEN,
    Scale,
    Tally,
    normalise,
    rescale,
)
from touchpoint.insight.scores import Ces, Nps, ces, csat, nps, nps_groups
from touchpoint.insight.shrinkage import JamesStein, Ranked, Ranking, james_stein, rank_means, rank_shares

__all__ = [
    "FIVE_POINTS",
    "SEVEN_POINTS",
    "TEN_POINTS",
    "ZERO_TO_TEN",
    "Adjusted",
    "Ces",
    "Difference",
    "Figure",
    "Growth",
    "GrowthPeriod",
    "Interval",
    "JamesStein",
    "Nps",
    "PooledMean",
    "Ranked",
    "Ranking",
    "Sample",
    "Scale",
    "ScaleCount",
    "Share",
    "Tally",
    "adjust",
    "answers_needed",
    "ces",
    "compare_means",
    "compare_shares",
    "csat",
    "day_number",
    "growth",
    "james_stein",
    "normalise",
    "nps",
    "nps_groups",
    "period_of",
    "pooled_mean",
    "proportion",
    "quick_ratio",
    "rank_means",
    "rank_shares",
    "repeat_rate",
    "rescale",
    "retention",
    "wald_difference",
]
