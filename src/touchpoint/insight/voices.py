"""Feedback by location, of counts by score (S8.1): each kind by its own figure, with an interval, fairly ranked."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import attrs

from touchpoint.insight.means import PooledMean, Sample, ScaleCount, bounded_mean
from touchpoint.insight.proportions import proportion
from touchpoint.insight.report import FeedbackFigures, PlaceFigures, ScoreCount
from touchpoint.insight.scales import Tally
from touchpoint.insight.scores import Ces, CesStatistic, Nps, ces, csat, nps, nps_groups
from touchpoint.insight.shrinkage import Ranking, rank_means, rank_shares
from touchpoint.model.scale import Scale

LOW: Final = Fraction(1, 4)
"""Up to this part of its scale a score is a low one: 2 of 5."""
HIGH: Final = Fraction(3, 4)
"""From this part of its scale on whoever gave it is satisfied: 4 of 5."""


@attrs.define
class Heard:
    """What was said about one location."""

    answers: int = 0
    blank: int = 0
    scores: dict[tuple[Scale, Fraction], int] = attrs.field(factory=dict)
    intents: dict[str, int] = attrs.field(factory=dict)

    def add(self, other: "Heard") -> None:
        """Add what was said elsewhere."""
        self.answers += other.answers
        self.blank += other.blank
        for key, n in other.scores.items():
            self.scores[key] = self.scores.get(key, 0) + n
        for name, n in other.intents.items():
            self.intents[name] = self.intents.get(name, 0) + n

    @property
    def parts(self) -> dict[Fraction, int]:
        """How often which part of its scale was given."""
        found: dict[Fraction, int] = {}
        for (scale, score), n in self.scores.items():
            part = scale.share(score)
            found[part] = found.get(part, 0) + n
        return found


def feedback_figures(
    source: str, kind: str, heard: Mapping[Any, Heard], statistic: CesStatistic, level: float
) -> FeedbackFigures:
    """The figures of one kind from one source.

    Args:
        source: the type of its touchpoints.
        kind: of the feedback.
        heard: by location; None for none, 0 for those not told apart.
        statistic: of CES.
        level: of confidence.
    """
    whole = Heard()
    for each in heard.values():
        whole.add(each)
    places = [_place(location, kind, each, statistic, level) for location, each in heard.items()]
    places.sort(key=lambda each: (-each.answers - each.blank, each.others, each.location or ""))
    ranked = {name: each for name, each in heard.items() if isinstance(name, str) and each.scores}
    return FeedbackFigures(
        source, kind, _place(None, kind, whole, statistic, level), tuple(places), _ranking(kind, ranked, level)
    )


def _place(location: object, kind: str, heard: Heard, statistic: CesStatistic, level: float) -> PlaceFigures:
    parts = {part: n for part, n in heard.parts.items() if n > 0}
    n = sum(parts.values())
    counts = sorted(
        (scale.low, scale.high, scale.better, score, times) for (scale, score), times in heard.scores.items() if times
    )
    return PlaceFigures(
        location if isinstance(location, str) else None,
        location is not None and not isinstance(location, str),
        heard.answers, heard.blank,
        tuple(ScoreCount(Scale(low, high, better=better), str(score), times)
              for low, high, better, score, times in counts),
        _nps(heard, level) if kind == "nps" and n else None,
        csat(_from(parts, HIGH), n, level=level) if kind == "csat" and n else None,
        _ces(heard, statistic, level) if kind == "ces" and n else None,
        _mean(heard, parts, level) if n else None,
        proportion(n - _above(parts, LOW), n, level=level) if n else None,
        {name: times for name, times in sorted(heard.intents.items()) if times},
    )  # fmt: skip


def _from(parts: Mapping[Fraction, int], least: Fraction) -> int:
    return sum(n for part, n in parts.items() if part >= least)


def _above(parts: Mapping[Fraction, int], bound: Fraction) -> int:
    return sum(n for part, n in parts.items() if part > bound)


def _tallies(heard: Heard) -> list[Tally]:
    """The whole scores, by scale; those of NPS and CES are whole."""
    found: dict[Scale, dict[int, int]] = {}
    for (scale, score), n in heard.scores.items():
        if score.denominator == 1 and n > 0:
            found.setdefault(scale, {})[int(score)] = n
    return [Tally(scale, counts) for scale, counts in found.items()]


def _nps(heard: Heard, level: float) -> Nps | None:
    tallies = _tallies(heard)
    return nps(*nps_groups(tallies[0]), level=level) if len(tallies) == 1 else None


def _ces(heard: Heard, statistic: CesStatistic, level: float) -> Ces | None:
    tallies = _tallies(heard)
    if len(tallies) != 1:
        return None  # two scales have no common one; the mean in percent stands beside it
    return ces(tallies[0].counts, tallies[0].scale, statistic=statistic, level=level)


def _mean(heard: Heard, parts: Mapping[Fraction, int], level: float) -> PooledMean:
    value, n, interval = bounded_mean(parts, Fraction(0), Fraction(100), level)
    scales: dict[Scale, int] = {}
    for (scale, _), times in heard.scores.items():
        scales[scale] = scales.get(scale, 0) + times
    order = sorted(scales.items(), key=lambda each: (each[0].low, each[0].high, each[0].better))
    return PooledMean(value, n, tuple(ScaleCount(scale, times) for scale, times in order if times), interval)


def _ranking(kind: str, heard: Mapping[str, Heard], level: float) -> Ranking | None:
    if len(heard) < 2:
        return None
    if kind == "csat":
        shares = {name: (_from(parts := each.parts, HIGH), sum(parts.values())) for name, each in heard.items()}
        return rank_shares(shares, level=level)
    samples = {name: _sample(kind, each) for name, each in heard.items()}
    if not any(each.n > 1 for each in samples.values()):
        return None
    return _within(rank_means(samples, level=level), -100.0 if kind == "nps" else 0.0)


def _within(ranking: Ranking, least: float) -> Ranking:
    """Intervals end where the figure does."""
    groups = [
        attrs.evolve(
            each,
            interval=attrs.evolve(
                each.interval, low=max(each.interval.low, least), high=min(each.interval.high, 100.0)
            ),
        )
        for each in ranking.groups
    ]
    return attrs.evolve(ranking, groups=tuple(groups))


def _sample(kind: str, heard: Heard) -> Sample:
    if kind == "nps" and (found := _nps(heard, 0.95)) is not None:
        return found.sample
    parts = heard.parts
    n = sum(parts.values())
    mean = sum((part * times for part, times in parts.items()), Fraction()) / n
    spread = sum((times * (part - mean) ** 2 for part, times in parts.items()), Fraction())
    return Sample(float(100 * mean), float(10_000 * spread / (n - 1)) if n > 1 else 0.0, n)


def read_heard(rows: Iterable[tuple[str, Sequence[Any], int]]) -> dict[tuple[str, str], dict[Any, Heard]]:
    """(what, name, n) of counts → by source and kind, what was said by location."""
    found: dict[tuple[str, str], dict[Any, Heard]] = {}
    for what, (source, kind, place, *rest), n in rows:
        heard = found.setdefault((source, kind), {}).setdefault(place, Heard())
        if what == "answer":
            heard.answers += n
        elif what == "blank":
            heard.blank += n
        elif what == "score":
            low, high, *better = rest[0]
            key = Scale(low, high, better="low" if better else "high"), Fraction(rest[1])
            heard.scores[key] = heard.scores.get(key, 0) + n
        else:
            heard.intents[rest[0]] = heard.intents.get(rest[0], 0) + n
    return found
