"""Referrals: one customer brings another. What stands of them on timelines, and what is told of them.

On a timeline the other one is named by nothing but the referral's own id. Who that is stands in one place beside the
timelines, which erasing either of the two empties (S1.7).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

MADE: Final = "referral_made"
"""The touchpoint of the one who refers."""
RECEIVED: Final = "referral_received"
"""The touchpoint of the friend."""
CONVERTED: Final = "referral_converted"
"""The touchpoint of the one who refers, when the friend does what counts."""
REFERRAL_TYPES: Final = frozenset({MADE, RECEIVED, CONVERTED})


def referral_id(no: int) -> str:
    """The id of a referral, and of its touchpoint on the timeline of the one who refers."""
    return f"referral:{no}"


def referral_number(identity: object) -> int | None:
    """The number of a referral, from its id; None for anything else."""
    head, _, number = identity.partition(":") if isinstance(identity, str) else ("", "", "")
    if head != "referral" or not (number.isascii() and number.isdecimal() and len(number) < _DIGITS):
        return None
    return int(number)


_DIGITS: Final = 19
"""From so many on a number may not fit into 64 bits."""


@attrs.frozen(kw_only=True)
class Referral:
    """One referral as it stands.

    Args:
        id: its own, by which timelines name it.
        by: id of the one who refers; None where they were erased.
        customer: id of the friend; None where they were erased.
        at: when; aware UTC.
        converted: touchpoint type to when the friend first did that, aware UTC; of types that a trigger
            `Referred(converted=)` names.
        duplicate: it was there before; nothing has changed.
        differs: it is a duplicate with other time, channel, location or properties; the first one stands.
        taken: somebody else had referred this customer before; nothing has changed, and this tells of that referral.
        late: it counted, but started no rule and moved no stage (S1.5).
    """

    id: str
    by: str | None = attrs.field(repr=False)
    customer: str | None = attrs.field(repr=False)
    at: datetime
    converted: Mapping[str, datetime] = attrs.Factory(dict)
    duplicate: bool = False
    differs: bool = False
    taken: bool = False
    late: bool = False


@attrs.frozen(kw_only=True)
class Advocate:
    """Somebody who refers others, with how many they have brought.

    Args:
        customer: their id.
        referred: how many they have referred.
        new_customers: how many of those have done what counts, of whatever type.
    """

    customer: str = attrs.field(repr=False)
    referred: int
    new_customers: int
