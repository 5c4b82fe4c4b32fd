"""The three scores of customer feedback (S8.1): would they recommend, are they content, how hard was it.

Each stands with its number of answers and an interval: a score without them says nothing about a small shop.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal, SupportsIndex, get_args

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.insight.distributions import two_sided
from touchpoint.insight.figure import Figure, Interval, confidence, whole
from touchpoint.insight.means import Sample, bounded_mean
from touchpoint.insight.proportions import ProportionMethod, Share, proportion
from touchpoint.insight.scales import ZERO_TO_TEN, Tally
from touchpoint.model.scale import Scale

NpsMethod = Literal["adjusted_wald", "wald"]
CesStatistic = Literal["mean", "top_two"]
_ADDED: Final[Mapping[str, int]] = {"adjusted_wald": 3, "wald": 0}


@attrs.frozen
class Nps(Figure):
    """A net promoter score.

    Args:
        value: in points, from -100 to 100: the percentage of promoters less that of detractors.
        n: answers.
        promoters: who gave 9 or 10.
        passives: who gave 7 or 8.
        detractors: who gave 0 to 6.
        standard_error: of the value, in points, unadjusted.
        interval: in points.
    """

    value: float
    n: int
    promoters: int
    passives: int
    detractors: int
    standard_error: float
    interval: Interval

    @property
    def sample(self) -> Sample:
        """The answers as 100, 0 and -100, to compare or rank them as means."""
        return Sample.of({100: self.promoters, 0: self.passives, -100: self.detractors})


def nps(
    promoters: SupportsIndex,
    passives: SupportsIndex,
    detractors: SupportsIndex,
    *,
    level: float = 0.95,
    method: NpsMethod = "adjusted_wald",
) -> Nps:
    """The net promoter score (Reichheld, "The one number you need to grow", HBR 2003), with an interval.

    With shares p of promoters and d of detractors among n answers, a value of +1, 0 or -1 each has the variance
    p + d − (p − d)². `adjusted_wald` first adds 3 answers: ¾ of a promoter, ¾ of a detractor and 1½ passives (Rocks,
    "Interval estimation for the net promoter score", The American Statistician 70, 2016; Sauro and Lewis,
    measuringu.com/nps-three-confidence-intervals). `wald` adds none: it is of no width where all answer alike.

    Args:
        promoters: answers of 9 and 10.
        passives: of 7 and 8.
        detractors: of 0 to 6.
        level: of confidence.
        method: of the interval, which is clipped to -100 and 100. At levels below 0.96 the adjusted one can lie wholly
            on one side of the value, where few have answered and nearly all alike.

    Raises:
        InvalidInput: a count or level that cannot be, or no answers at all.
        UnknownName: no method is called that.
    """
    groups = (whole("promoters", promoters), whole("passives", passives), whole("detractors", detractors))
    if not (n := sum(groups)):
        raise InvalidInput("no answers, no score: ask first, and say so where nobody has answered")
    if method not in _ADDED:
        raise UnknownName("interval of an NPS", str(method), get_args(NpsMethod))
    value, error = _net(groups[0], groups[2], n)
    extra = _ADDED[method]
    centre, half = _net(groups[0] + extra / 4, groups[2] + extra / 4, n + extra)
    half *= two_sided(confidence(level))
    interval = Interval(max(-100.0, centre - half), min(100.0, centre + half), level, method)
    return Nps(value, n, *groups, error, interval)


def _net(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Value and standard error in points."""
    net = (promoters - detractors) / n
    return 100 * net, 100 * math.sqrt(max((promoters + detractors) / n - net * net, 0.0) / n)


def nps_groups(tally: Tally) -> tuple[int, int, int]:
    """Promoters (9 and 10), passives (7 and 8) and detractors (0 to 6) among answers from 0 to 10.

    Raises:
        InvalidInput: they were given on another scale, where the bounds would mean something else.
    """
    if tally.scale != ZERO_TO_TEN:
        raise InvalidInput(f"an NPS is asked on the scale {ZERO_TO_TEN}; answers on {tally.scale} have none")
    counts = [sum(n for score, n in tally.counts.items() if score in span) for span in (range(9, 11), range(7, 9))]
    return counts[0], counts[1], tally.n - sum(counts)


def csat(
    satisfied: SupportsIndex, n: SupportsIndex, *, level: float = 0.95, method: ProportionMethod = "wilson"
) -> Share:
    """The share of the satisfied: usually those who gave one of the two best of five points (`Tally.best(2)`).

    Args:
        satisfied: how many.
        n: of how many answers; 1 or more.
        level: of confidence.
        method: of the interval, see `proportion`.

    Raises:
        InvalidInput: a count or level that cannot be.
        UnknownName: no method is called that.
    """
    return proportion(satisfied, n, level=level, method=method)


@attrs.frozen
class Ces(Figure):
    """A customer effort score.

    Args:
        statistic: which one, for two are in use: `mean`, in points of the scale, or `top_two`, a share.
        value: of the statistic.
        n: answers.
        scale: on which they were given.
        interval: in the unit of the statistic.
    """

    statistic: CesStatistic
    value: float
    n: int
    scale: Scale
    interval: Interval


def ces(counts: Mapping[int, int], scale: Scale, *, statistic: CesStatistic, level: float = 0.95) -> Ces:
    """How easy it was (Dixon, Freeman and Toman, "Stop trying to delight your customers", HBR 2010).

    The first version asked for effort from 1 to 5, where low is better: `Scale(1, 5, better="low")`. The second asks
    whether it was made easy, from 1 to 7: `Scale(1, 7)`. Both the mean and the share of the two best points are called
    CES, so say which.

    Args:
        counts: answers by score.
        scale: on which they were given.
        statistic: `mean`, with Student's interval, clipped to the scale; where all answers are equal with Wilson's
            (`wilson_bounded`). `top_two`: the share of the two best points, with Wilson's.
        level: of confidence.

    Raises:
        InvalidInput: a score is not on the scale, a count or level cannot be, or there are no answers.
        UnknownName: no statistic is called that.
    """
    tally, level = Tally(scale, counts), confidence(level)
    if statistic not in get_args(CesStatistic):
        raise UnknownName("statistic of CES", str(statistic), get_args(CesStatistic))
    if statistic == "top_two":
        share = proportion(tally.best(2), tally.n, level=level)
        return Ces(statistic, share.value, share.n, scale, share.interval)
    low, span = Fraction(scale.low), scale.high - scale.low
    parts = {(score - low) / span: n for score, n in tally.counts.items() if n}
    value, n, interval = bounded_mean(parts, low, low + span, level)
    return Ces(statistic, value, n, scale, interval)
