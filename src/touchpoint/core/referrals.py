"""Referrals as the core sees them: touchpoints on two timelines, and the triggers that these meet."""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.journey.triggers import Referred, Trigger
from touchpoint.model.referral import CONVERTED, MADE

REFERRAL: Final = "referral"
"""The kind of key for what a referred friend does first."""


@attrs.frozen
class Conversions:
    """One more key of the touchpoint that tells of a friend who did one of these first."""

    types: frozenset[str]

    def keys(self, occurrence: Occurrence) -> tuple[tuple[str, str], ...]:
        """The one it has, if any."""
        what = occurrence.properties.get("converted")
        return ((REFERRAL, what),) if isinstance(what, str) and what in self.types else ()


def key_of_referral(trigger: Referred) -> tuple[str, str]:
    """The key of a trigger by a referral."""
    return (TOUCHPOINT, MADE) if trigger.converted is None else (REFERRAL, trigger.converted)


def conversions_of(triggers: Iterable[Trigger]) -> frozenset[str]:
    """Types of touchpoints by which a referred friend becomes a customer."""
    return frozenset(each.converted for each in triggers if isinstance(each, Referred) and each.converted is not None)


def finer_of_referrals(triggers: Iterable[Trigger]) -> dict[tuple[str, str], Conversions]:
    """Which occurrences have more keys than one because of referrals."""
    types = conversions_of(triggers)
    return {(TOUCHPOINT, CONVERTED): Conversions(types)} if types else {}


def is_about(trigger: Trigger, type: str, properties: Mapping[str, object]) -> bool:
    """Whether a trigger by a referral is met by a touchpoint of this type and properties."""
    if not isinstance(trigger, Referred):
        return False
    if trigger.converted is None:
        return type == MADE
    return type == CONVERTED and properties.get("converted") == trigger.converted
