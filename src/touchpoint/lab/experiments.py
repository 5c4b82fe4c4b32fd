"""What an experiment has shown (S9): who was exposed to what, and who reached the goal; but first, whether it was fair.

Where customers are spread over the variants otherwise than the weights say, something loses or gains some of them, and
every comparison is worth nothing. So the figures of the goal are kept back until the sample ratio holds.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from touchpoint.core.records import profile_from_record, state_from_record
from touchpoint.core.state import Record
from touchpoint.engine.engine import Engine
from touchpoint.errors import InvalidInput, SampleRatioMismatch, UnknownName
from touchpoint.insight.distributions import chi_squared_tail
from touchpoint.journey.steps import Split, flat
from touchpoint.stores.base import CustomerRow, Reader
from touchpoint.stores.codec import loads

ALARM: Final = 0.001
"""A sample ratio that chance alone gives more seldom than this is a mismatch: the usual threshold of the field (Fabijan
et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019)."""


@attrs.frozen
class SampleRatio:
    """Whether customers are spread as the weights say: Pearson's chi-squared test.

    Args:
        counts: exposed customers by variant.
        expected: how many there would be on average.
        chi_squared: Σ (count − expected)² / expected.
        p: how likely chance alone spreads them at least as unevenly.
    """

    counts: Mapping[str, int]
    expected: Mapping[str, float]
    chi_squared: float
    p: float

    @property
    def mismatch(self) -> bool:
        """Whether something other than chance is at work."""
        return self.p < ALARM


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, int]) -> SampleRatio:
    """Compare counts with weights. Variants of weight 0 are left out, unless somebody is in them: that is a mismatch.

    Raises:
        InvalidInput: no weight is above 0, or a count is negative or of a variant without a weight.
    """
    unknown = [each for each in counts if each not in weights]
    if unknown or any(n < 0 for n in counts.values()) or not any(each > 0 for each in weights.values()):
        raise InvalidInput(
            "counts are whole numbers from 0, each of a variant that has a weight; some weight is above 0"
        )
    total, whole = sum(counts.values()), sum(weights.values())
    expected = {variant: total * weight / whole for variant, weight in weights.items() if weight > 0}
    if any(n and not weights[variant] for variant, n in counts.items()):
        return SampleRatio(dict(counts), expected, math.inf, 0.0)
    squares = [(counts.get(each, 0) - mean) ** 2 / mean for each, mean in expected.items() if mean]
    found = math.fsum(squares)
    return SampleRatio(dict(counts), expected, found, chi_squared_tail(found, len(expected) - 1))


@attrs.frozen
class Experiment:
    """What was recorded of one experiment.

    Args:
        name: of its splits.
        weights: by variant, as they are now.
        ratio: who was exposed, and whether they are spread as the weights say.
        spoilt: people who are known to have been in two variants, since two ids turned out to be one; counted nowhere.
    """

    name: str
    weights: Mapping[str, int]
    ratio: SampleRatio
    spoilt: int
    _reached: Mapping[str, int] = attrs.field(repr=False)

    @property
    def exposed(self) -> Mapping[str, int]:
        """Customers by variant."""
        return self.ratio.counts

    @property
    def reached(self) -> Mapping[str, int]:
        """Those among them who have reached the goal of a rule that parts ways here, since they were exposed.

        Raises:
            SampleRatioMismatch: they are not spread as the weights say, so nothing can be compared.
        """
        if self.ratio.mismatch:
            raise SampleRatioMismatch(self.name, self.ratio.p)
        return self._reached


def experiment(engine: Engine, split: str) -> Experiment:
    """Gather what the engine's store holds of an experiment; memory stays flat, and nothing is changed.

    Weights that were changed while it ran make it look unfair; give the new ones a new name.

    Raises:
        UnknownName: no journey at work has a split of this name.
        StoreError: the store is closed or damaged.
    """
    splits, rules = _places(engine)
    if split not in splits:
        raise UnknownName("split", split, splits)
    weights = splits[split].shares
    counts, reached, spoilt = Counter(dict.fromkeys(weights, 0)), Counter(dict.fromkeys(weights, 0)), 0
    with engine.store.reading() as reader:
        for row in reader.all_customers():
            held = _exposures(row).get(split)
            if held is None or held[0] not in weights:
                continue
            if held[2]:
                spoilt += 1
                continue
            counts[held[0]] += 1
            reached[held[0]] += any(at >= held[1] for at in _goals(reader, row.no, rules[split]))
    return Experiment(split, weights, sample_ratio(counts, weights), spoilt, dict(reached))


def _places(engine: Engine) -> tuple[dict[str, Split], dict[str, set[tuple[str, str]]]]:
    """Splits by name, and the (journey, rule) in which each of them stands."""
    splits: dict[str, Split] = {}
    rules: dict[str, set[tuple[str, str]]] = {}
    for journey in engine.journeys:
        for rule in journey.rules:
            for step in flat(rule.then):
                if isinstance(step, Split):
                    splits[step.name] = step
                    rules.setdefault(step.name, set()).add((journey.name, rule.name))
    return splits, rules


def _exposures(row: CustomerRow) -> Mapping[str, Record]:
    return state_from_record(row.id, profile_from_record(loads(row.profile)), loads(row.state)).exposures


def _goals(reader: Reader, customer: int, rules: set[tuple[str, str]]) -> Iterator[int]:
    """When goals of these rules were reached, newest first."""
    for entry in reader.journal(customer):
        if entry.trace and '["goal",' in entry.trace:
            for line in loads(entry.trace):
                if line[0] == "goal" and (line[1], line[2]) in rules:
                    yield entry.recorded_at
