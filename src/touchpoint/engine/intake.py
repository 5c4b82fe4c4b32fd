"""What is handed in, checked and brought into the shape the core takes; nothing is stored before all of it is sound."""

import os
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import repeat
from typing import Final

import attrs

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import FIRST_INSTANT, LAST_INSTANT, length, micros, spoken
from touchpoint.errors import InvalidInput, InvalidTouchpoint
from touchpoint.model.names import check_type_name
from touchpoint.model.payload import checked, is_unicode, plain_json
from touchpoint.model.referral import REFERRAL_TYPES
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.codec import dumps

LATE_AFTER: Final = timedelta(days=7)
MAX_SKEW: Final = timedelta(minutes=5)
LONGEST_ID: Final = 500
"""Characters of an id, a channel, a place, or what a touchpoint is about."""
_MANY: Final = 100
DIRECTIONS: Final = frozenset({"inbound", "outbound", "internal"})


@attrs.frozen
class Recorded:
    """What became of a touchpoint.

    Args:
        id: its id, made by the engine where none was given.
        duplicate: it was recorded before; nothing has changed.
        differs: it is a duplicate whose content is not the same; the first one stands.
        late: it counted, but started no rule and moved no stage (S1.5).
        unmatched: nobody is known whom it is about. What it asks of an address is done all the same; what is about a
            reference that nobody knows yet is kept, and taken as soon as somebody does.
    """

    id: str = attrs.field(repr=False)
    duplicate: bool = False
    differs: bool = False
    late: bool = False
    unmatched: bool = False


# A frozen class is filled by names, which are looked up one by one; its fields themselves take half of that.
_id, _duplicate, _differs, _late, _unmatched = (
    Recorded.__dict__[field.name].__set__ for field in attrs.fields(Recorded)
)  # fmt: skip


def newly_recorded(identity: str, *, late: bool) -> Recorded:
    """`Recorded` of a touchpoint that was not there before, as nearly all are."""
    made = object.__new__(Recorded)
    _id(made, identity)
    _duplicate(made, False)  # noqa: FBT003 - a field takes nothing but its value, here and below
    _differs(made, False)  # noqa: FBT003
    _late(made, late)
    _unmatched(made, False)  # noqa: FBT003
    return made


def all_newly_recorded(identities: Sequence[str], lates: Sequence[bool]) -> list[Recorded]:
    """`newly_recorded` of each of these, field by field."""
    made = [*map(object.__new__, repeat(Recorded, len(identities)))]
    no = [False] * len(made)
    for put, values in ((_id, identities), (_late, lates), (_duplicate, no), (_differs, no), (_unmatched, no)):
        deque(map(put, made, values), maxlen=0)  # which is a loop, and nothing besides
    return made


@attrs.define
class Prepared:
    """A touchpoint ready to be decided on. `at` is as told, or None where it was not told."""

    customer: str = attrs.field(repr=False)
    id: str = attrs.field(repr=False)
    at: int | None
    body: str = attrs.field(repr=False)
    occurrence: Occurrence = attrs.field(repr=False)


def prepare(  # noqa: C901, PLR0912 - every touchpoint passes here, and calls would take longer than the checks
    given: Touchpoint, *, now: int | None, skew: int, declared: Mapping[str, type], refers: bool = False
) -> Prepared:
    """Check a touchpoint.

    Args:
        given: what was handed in.
        now: microseconds UTC; None where each is recorded at its own instant, as in a replay.
        skew: microseconds by which it may lie ahead of `now`.
        declared: classes of touchpoints by type.
        refers: it is of a referral, which nobody but the engine records; a replay takes what was recorded.

    Raises:
        InvalidTouchpoint: with what is wrong and how to mend it.
    """
    if not isinstance(given, Touchpoint):
        raise InvalidTouchpoint(f"a touchpoint is a Touchpoint, not of type {type(given).__name__}")
    kind = given.type if type(given.type) is str else check_type_name(given.type)
    if is_of_referrals(kind) and not (refers or now is None):
        raise InvalidTouchpoint(
            f"touchpoint {kind!r} is the engine's own, so that nobody is thanked for a friend who is not there: "
            "call refer(by=…, customer=…), which records it for both"
        )
    customer = given.customer
    if not (
        type(customer) is str and 0 < len(customer) <= LONGEST_ID and customer.isascii()
    ):  # as most are, here and below
        customer = _text(customer, "customer")
    at = None if given.at is None else instant_of(given.at, "at=")
    if now is None:
        if at is None:
            raise InvalidTouchpoint(f"touchpoint {kind!r} has no time: a replay needs at=")
        now = at
    elif at is not None and at > now + skew:
        ahead = spoken(timedelta(seconds=(at - now) // 1_000_000))
        raise InvalidTouchpoint(
            f"touchpoint {kind!r}: at= lies {ahead} in the future, "
            f"more than max_skew ({spoken(timedelta(microseconds=skew))}); "
            "record it when it has happened, or check the clock of its source"
        )
    direction = given.direction
    if not isinstance(direction, str) or direction not in DIRECTIONS:
        raise InvalidTouchpoint(f"touchpoint {kind!r}: direction is inbound or outbound")
    properties, written = given.properties, None
    if type(properties) is dict and not declared:
        properties = properties.copy()  # so that it is nobody else's
        written = plain_json(properties, dumps)
    if written is None:
        properties = _properties(properties, kind, declared)
        written = dumps(properties)
    identity = given.id
    if identity is None:
        identity = own_id(now)
    elif not (type(identity) is str and 0 < len(identity) <= LONGEST_ID and identity.isascii()):
        identity = _text(identity, "id=")
    channel, location, about = given.channel, given.location, given.about
    if channel is not None and not (type(channel) is str and len(channel) <= LONGEST_ID and channel.isascii()):
        channel = _known_text(channel, "channel=")
    if location is not None:
        location = _known_text(location, "location=")
    if about is not None:
        about = _known_text(about, "about=")
    occurrence = Occurrence(
        TOUCHPOINT, kind, now if at is None else at, identity, properties, channel, location, direction, about
    )
    plain = location is None and about is None
    head = _usual_beginning(channel, direction) if plain else beginning(channel, location, direction, about)
    return Prepared(customer, identity, at, f"{head}{written}]", occurrence)


@lru_cache(maxsize=1_024)  # there are few types, and each comes again and again
def is_of_referrals(kind: str) -> bool:
    """Whether touchpoints of this type are the engine's own. Raises InvalidTouchpoint for what is no type's name."""
    return check_type_name(kind) in REFERRAL_TYPES


def _properties(given: object, kind: str, declared: Mapping[str, type]) -> dict[str, object]:
    cls = declared.get(kind)
    if cls is not None:
        from touchpoint.journey.declared import structure

        given = structure(cls, given)
    return checked(given, kind, InvalidTouchpoint)  # type: ignore[arg-type]  # which it looks at


def beginning(channel: str | None, location: str | None, direction: str, about: str | None) -> str:
    """The beginning of the body of an entry; the properties and a bracket follow."""
    return dumps([channel, location, direction, about])[:-1] + ","


@lru_cache(maxsize=256)  # there are few channels, and most touchpoints say neither where nor about what they are
def _usual_beginning(channel: str | None, direction: str) -> str:
    return beginning(channel, None, direction, None)


def customer_id(value: object) -> str:
    """A customer's id, as the host has it. Raises InvalidTouchpoint for anything but a text of 1 to 500 characters."""
    return _text(value, "customer")


def _text(value: object, what: str) -> str:
    return text_of(value, what, error=InvalidTouchpoint)


def _known_text(value: object, what: str) -> str:
    """A text of at most 500 characters, which may be empty."""
    if type(value) is str and len(value) <= LONGEST_ID and value.isascii():
        return value
    return text_of(value, what, least=0, error=InvalidTouchpoint)


def text_of(
    value: object, what: str, *, least: int = 1, most: int = LONGEST_ID, error: type[InvalidInput] = InvalidInput
) -> str:
    """A text that was handed in, as a plain one.

    Raises:
        InvalidInput: of the class `error`, for anything but a text of `least` to `most` characters that can be written
            as UTF-8. It never repeats the text.
    """
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise error(f"{what} is a text of {least} to {most:,} characters, not {_described(value)}")
    if not is_unicode(value):
        raise error(f"{what} holds half of a surrogate pair; decode it properly first")
    return str.__str__(value)


def texts_of(value: object, what: str) -> list[str]:
    """One text, or a list of up to 100, as a list. Raises InvalidInput."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or len(given) > _MANY:
        raise InvalidInput(f"{what} is a text, or a list of at most {_MANY} of them, not {_described(value)}")
    return [text_of(each, what) for each in given]


def _described(value: object) -> str:
    return f"a text of {len(value):,}" if isinstance(value, str) else type(value).__name__


def instant_of(value: object, what: str) -> int:
    """An aware datetime as microseconds UTC. Raises InvalidTouchpoint for a naive one or anything else."""
    if type(value) is datetime and value.tzinfo is UTC:  # as most are; none of them lies outside of the calendar
        return micros(value)
    if not isinstance(value, datetime):
        raise InvalidTouchpoint(f"{what} takes an aware datetime, not {type(value).__name__}")
    if value.tzinfo is None:
        raise InvalidTouchpoint(f"{what} takes an aware datetime: add a time zone, e.g. datetime(…, tzinfo=UTC)")
    try:
        us = micros(value)
    except Exception:  # noqa: BLE001 - a time zone of the host's own may do anything
        raise InvalidTouchpoint(f"{what} takes an aware datetime, and its time zone gives no offset") from None
    if not FIRST_INSTANT <= us <= LAST_INSTANT:
        raise InvalidTouchpoint(f"{what} lies outside of the calendar: the years 1 to 9999 UTC")
    return us


def own_id(now: int) -> str:
    """An id for a touchpoint that has none."""
    # Time first: ids that rise with time are cheap to index. The rest keeps processes apart.
    return f"{now:015x}-{os.urandom(6).hex()}"


def lengths(late_after: timedelta, max_skew: timedelta) -> tuple[int, int]:
    """Both in microseconds. Raises InvalidInput for a negative one."""
    if late_after < timedelta(0) or max_skew < timedelta(0):
        raise InvalidInput("late_after= and max_skew= are lengths of time and cannot be negative")
    return length(late_after), length(max_skew)
