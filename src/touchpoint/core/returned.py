"""What a function of the host returned to a run (`Call`), as far as it can be kept."""

from typing import Final

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.model.delivery import Accepted
from touchpoint.model.payload import checked

MOST: Final = 16_384
"""Characters of a result: it is part of the customer's state until its run is over."""
_PLAIN: Final = 16


@attrs.frozen
class Returned(Accepted):
    """It came to its end. `value` is None where it returned nothing, or nothing that can be kept (`why_not`)."""

    value: object = attrs.field(default=None, repr=False, kw_only=True)
    why_not: str = attrs.field(default="", kw_only=True)


def returned(found: object) -> Returned:
    """What a function returned, checked. Never raises: the function has done its work, whatever it says."""
    if found is None or isinstance(found, Accepted):
        return Returned()
    try:
        value = checked({"result": found}, "a result")["result"]
    except InvalidInput:
        return Returned(why_not=f"a {type(found).__name__} that does not consist of JSON values within their bounds")
    except Exception as error:  # noqa: BLE001 - a mapping of the host's own may raise anything
        return Returned(why_not=f"a {type(found).__name__} that raised {type(error).__name__} when it was read")
    if _characters(value) > MOST:
        return Returned(
            why_not=f"a {type(found).__name__} of more than {MOST:,} characters; return a reference instead"
        )
    return Returned(value=value)


def _characters(value: object) -> int:
    """About how long it is as text: names and texts as they are, everything else as a long number."""
    match value:
        case str():
            return len(value)
        case dict():
            return sum(len(name) + _characters(each) for name, each in value.items())
        case list():
            return sum(map(_characters, value))
    return _PLAIN
