"""What figures a store keeps, as data: by whose calendar, what counts as activity, where feedback is found."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from touchpoint.compact import compact
from touchpoint.errors import InvalidInput, StoreCorrupt
from touchpoint.model.feedback_source import FeedbackSource, sources_by_type
from touchpoint.model.names import check_type_name
from touchpoint.model.scale import Scale
from touchpoint.zones import zone

VERSION: Final = 1
"""Of how figures are counted. A store that counted by another one is to be counted anew."""
LOCATIONS: Final = 1_000
_MOST: Final = 100_000


def _types(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset) or not value:
        raise InvalidInput("Figures(active=) takes types of touchpoints, such as ['order_placed'], or None")
    for each in value:
        if not isinstance(each, str):
            raise InvalidInput("Figures(active=) takes the names of types of touchpoints")
        check_type_name(each)
    return tuple(sorted(set(value)))


@attrs.frozen
class Figures:
    """What figures a store keeps from now on, with every touchpoint (docs/reference/figures.md).

    Args:
        zone: the firm's time zone: days, weeks and months of figures are those of its calendar.
        active: the types of touchpoints by which a customer is active in a period, such as `order_placed`. None: any
            that is inbound, but for what channels report (delivered, opened, complained and their kin).
        locations: how many locations are told apart, first come, first served; feedback from any more is counted
            together. It bounds what somebody can do who makes locations up.

    Raises:
        UnknownName: there is no such time zone.
        InvalidInput: a type is no name, or `locations` no whole number from 1 to 100,000.
    """

    zone: str = "UTC"
    active: tuple[str, ...] | None = attrs.field(default=None, converter=_types, kw_only=True)
    locations: int = attrs.field(default=LOCATIONS, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.zone, str):
            raise InvalidInput("Figures(zone=) takes the name of a time zone, such as 'Europe/Vienna'")
        zone(self.zone)
        if type(self.locations) is not int or not 1 <= self.locations <= _MOST:
            raise InvalidInput(f"Figures(locations=) is a whole number from 1 to {_MOST:,}")

    def to_record(self, sources: Mapping[str, FeedbackSource]) -> str:
        """As JSON, with where feedback is found; equal ones are equal texts."""
        told = [_source(each) for _, each in sorted(sources.items())]
        return compact(
            {
                "version": VERSION,
                "zone": self.zone,
                "active": None if self.active is None else list(self.active),
                "locations": self.locations,
                "sources": told,
            }
        )


def from_record(text: str) -> tuple[Figures, Mapping[str, FeedbackSource]]:
    """What `to_record` wrote. Raises StoreCorrupt for anything else, UnknownName where the zone is not known here."""
    try:
        told = json.loads(text)
        sources = sources_by_type(_read(each) for each in told["sources"])
        given = told["zone"], told["active"], told["locations"]
    except (ValueError, TypeError, LookupError, AttributeError):
        raise StoreCorrupt("what the store says of its figures is damaged; restore a backup") from None
    return Figures(given[0], active=given[1], locations=given[2]), sources


def is_of_this_version(text: str) -> bool:
    """Whether figures were counted as this version of the library does."""
    try:
        return bool(json.loads(text)["version"] == VERSION)
    except (ValueError, TypeError, LookupError):
        return False


def _source(it: FeedbackSource) -> list[Any]:
    scales: Any = it.scale
    if isinstance(it.scale, Scale):
        scales = _scale(it.scale)
    elif isinstance(it.scale, tuple):
        scales = [[since.isoformat(), _scale(scale)] for since, scale in it.scale]
    return [it.type, it.kind, it.score, it.comment, scales, it.location, it.intent, it.language]


def _scale(it: Scale) -> list[Any]:
    return [it.low, it.high, it.better]


def _read(record: Sequence[Any]) -> FeedbackSource:
    name, kind, score, comment, told, location, intent, language = record
    scale: Any = told
    if told is not None and isinstance(told[0], int):
        scale = _read_scale(told)
    elif told is not None:
        scale = {datetime.fromisoformat(since): _read_scale(each) for since, each in told}
    return FeedbackSource(name, kind, score, comment, scale, location, intent=intent, language=language)


def _read_scale(told: Sequence[Any]) -> Scale:
    low, high, better = told
    return Scale(low, high, better=better)
