"""What is offered to somebody who asked (`Engine.suggest`), and the id by which what came of it is reported.

Asking stores nothing, so the id itself says what was offered, where and when. It names no customer.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.model.message import Number
from touchpoint.model.payload import is_finite

SHOWN: Final = "suggestion_shown"
"""The touchpoint of a suggestion that the customer saw."""
ACCEPTED: Final = "suggestion_accepted"
"""The touchpoint of one that they took up."""
DECLINED: Final = "suggestion_declined"
"""The touchpoint of one that they did not want."""
SUGGESTION_TYPES: Final = (SHOWN, ACCEPTED, DECLINED)
LONGEST_NAMES: Final = 250
"""Bytes that the names of journey, suggestion and place take together, at most, so that an id stays short."""
_VERSION: Final = 1
_CHECK: Final = 8
_LONGEST: Final = 480


@attrs.frozen(kw_only=True)
class Suggested:
    """One suggestion for one customer at one place.

    Args:
        id: to report back what came of it: `Engine.suggestions.shown(customer, id)` and its kin. It says which
            suggestion, where and when, and nothing about the customer.
        name: of the suggestion.
        journey: the name of its journey.
        place: where it was asked for.
        value: what it is worth now.
        kind: of the suggestion.
        subject, text, html: its words; `subject` and `html` are None where it has none.
        locale: of the customer; None where it is not known.
        at: the instant for which it was asked; aware UTC.
    """

    id: str
    name: str
    journey: str
    place: str
    value: Number = attrs.field(repr=False)
    kind: str
    subject: str | None = attrs.field(default=None, repr=False)
    text: str = attrs.field(default="", repr=False)
    html: str | None = attrs.field(default=None, repr=False)
    locale: str | None = attrs.field(default=None, repr=False)
    at: datetime


@attrs.frozen
class Offer:
    """What the id of a suggestion says. `at` is microseconds since 1970 UTC."""

    journey: str
    name: str
    place: str
    at: int


def is_number(value: object) -> bool:
    """Whether a value is one that suggestions can be ranked by: a finite number, and neither True nor False."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and is_finite(value)


def bytes_of_names(*names: str) -> int:
    """Bytes that these names take in an id: of UTF-8, as JSON writes them, in which a quotation mark takes two."""
    # Half of a surrogate pair is refused elsewhere, and counts until then.
    return sum(len(_written(name).encode(errors="surrogatepass")) - 2 for name in names)


def offer_id(offer: Offer) -> str:
    """The id: URL-safe text, equal for equal offers. Its names take `LONGEST_NAMES` together, at most."""
    told = _written([_VERSION, offer.journey, offer.name, offer.place, offer.at])
    return f"{_encoded(told)}.{_digest(told)}"


def offer_of(identity: object) -> Offer:
    """What an id says.

    Raises:
        InvalidInput: it is no id of a suggestion, or was cut or changed on its way.
    """
    told = _decoded(identity) if isinstance(identity, str) and len(identity) <= _LONGEST else None
    match told:
        case [1, str(journey), str(name), str(place), int(at)]:
            return Offer(journey, name, place, at)
    raise InvalidInput(
        "this is no id of a suggestion, or it was cut or changed on its way: hand back Suggested.id as suggest() gave "
        "it"
    )


def _written(told: object) -> str:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _decoded(identity: str) -> object:
    body, _, check = identity.partition(".")
    try:
        told = urlsafe_b64decode(body.encode("ascii") + b"=" * (-len(body) % 4)).decode()
        return json.loads(told) if _digest(told) == check and _encoded(told) == body else None
    except (ValueError, RecursionError):
        return None


def _encoded(told: str) -> str:
    return urlsafe_b64encode(told.encode()).decode("ascii").rstrip("=")


def _digest(told: str) -> str:
    # It finds accidents, not forgers: whose suggestion it is says the host's own session.
    return hashlib.sha256(told.encode()).hexdigest()[:_CHECK]
