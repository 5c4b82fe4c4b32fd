"""Many touchpoints that are handed in at once, checked column by column.

Nearly all touchpoints of a batch are what they should be, and a question about all of them is a single pass in C. Where
a column holds anything out of the ordinary, nobody here has to know what: `intake.prepare` looks at one after the other
then, takes what is rare, and says what is wrong with what.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from operator import attrgetter, is_
from typing import Any, Final

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import micros
from touchpoint.engine.intake import DIRECTIONS, LONGEST_ID, Prepared, beginning, is_of_referrals, own_id
from touchpoint.errors import InvalidTouchpoint
from touchpoint.model.payload import checked, is_unicode, plain_json, plain_jsons
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.codec import dumps, dumps_all

_FEW: Final = 16
"""Fewer touchpoints than these are looked at one by one: a pass costs something even where there is little to see."""
_COLUMNS: Final = [*map(attrgetter, (
    "customer", "type", "at", "id", "properties", "channel", "location", "direction", "about",
))]  # fmt: skip
_ZONE: Final = attrgetter("tzinfo")
_TOUCHPOINT: Final = frozenset({Touchpoint})
_DICT: Final = frozenset({dict})
_INSTANT: Final = frozenset({datetime})
_TEXT: Final = frozenset({str})
_TEXT_OR_NONE: Final = frozenset({str, type(None)})


def prepare_all(given: Sequence[Touchpoint], now: int | None, skew: int) -> list[Prepared] | None:
    """What `intake.prepare` makes of each of these, whose types nobody has declared; None where it has to be asked.

    Args:
        given: what was handed in.
        now: microseconds UTC; None where each is recorded at its own instant.
        skew: microseconds by which one may lie ahead of `now`.
    """
    if len(given) < _FEW or not _TOUCHPOINT.issuperset(map(type, given)):
        return None
    columns = [[*map(column, given)] for column in _COLUMNS]
    customers, kinds, ats, named, properties, channels, locations, directions, abouts = columns
    told = (channels, locations, directions, abouts)
    if not (_are_ids(customers) and _are_kinds(kinds, by_engine=now is None) and all(map(_are_texts_or_none, told))):
        return None
    if not (DIRECTIONS.issuperset(directions) and _DICT.issuperset(map(type, properties))):
        return None
    copies = [*map(dict.copy, properties)]  # so that they are nobody else's
    instants = _instants(ats, now, skew)
    ids = None if instants is None else _ids(named, instants if now is None else [now] * len(instants))
    written = None if ids is None else _written(kinds, copies)
    if instants is None or ids is None or written is None:
        return None
    heads = {each: beginning(*each) for each in {*zip(*told, strict=True)}}
    bodies = map("".join, zip(map(heads.__getitem__, zip(*told, strict=True)), written, repeat("]")))
    occurrences = map(
        Occurrence, repeat(TOUCHPOINT), kinds, instants, ids, copies, channels, locations, directions, abouts
    )
    as_told = [None if at is None else instant for at, instant in zip(ats, instants, strict=True)]
    return [*map(Prepared, customers, ids, as_told, bodies, occurrences)]


def _are_ids(column: Sequence[Any]) -> bool:
    """Whether these are texts of 1 to 500 characters each."""
    return _TEXT.issuperset(map(type, column)) and all(column) and _are_sound(column)


def _are_texts_or_none(column: Sequence[Any]) -> bool:
    """Whether what is there are texts of at most 500 characters each."""
    return _TEXT_OR_NONE.issuperset(map(type, column)) and _are_sound([*filter(None, {*column})])


def _are_sound(texts: Sequence[str]) -> bool:
    return not texts or (max(map(len, texts)) <= LONGEST_ID and is_unicode("".join(texts)))


def _are_kinds(column: Sequence[Any], *, by_engine: bool) -> bool:
    """Whether these are names of types, and the host's to record unless the engine has recorded them."""
    try:
        return _TEXT.issuperset(map(type, column)) and (not any([*map(is_of_referrals, {*column})]) or by_engine)
    except InvalidTouchpoint:  # as `prepare` says, with its place
        return False


def _written(kinds: Sequence[str], payloads: list[dict[str, object]]) -> list[str] | None:
    """The JSON of each payload; those that take a look at each of their values are replaced by what may be kept."""
    written = plain_jsons(payloads, dumps_all)
    return _written_one_by_one(kinds, payloads) if written is None else written


def _written_one_by_one(kinds: Sequence[str], payloads: list[dict[str, object]]) -> list[str] | None:
    written = []
    for place, (kind, values) in enumerate(zip(kinds, payloads, strict=True)):
        text = plain_json(values, dumps)
        if text is None:
            try:
                kept = payloads[place] = checked(values, kind, InvalidTouchpoint)
            except InvalidTouchpoint:  # likewise
                return None
            text = dumps(kept)
        written.append(text)
    return written


def _instants(ats: Sequence[Any], now: int | None, skew: int) -> list[int] | None:
    """When each happened, microseconds UTC; None where one has to be looked at."""
    there = [each for each in ats if each is not None]
    if not (_INSTANT.issuperset(map(type, there)) and all(map(is_, map(_ZONE, there), repeat(UTC)))):
        return None
    if len(there) == len(ats):
        found = [*map(micros, there)]
    elif now is None:  # a replay needs to be told
        return None
    else:
        found = [now if each is None else micros(each) for each in ats]
    return found if now is None or max(found) <= now + skew else None


def _ids(named: Sequence[Any], recorded: Sequence[int]) -> Sequence[str] | None:
    """Their ids, made for those who have none; None where one has to be looked at."""
    there = [each for each in named if each is not None]
    if not _are_ids(there):
        return None
    if len(there) == len(named):
        return named
    return [own_id(at) if each is None else each for each, at in zip(named, recorded, strict=True)]
