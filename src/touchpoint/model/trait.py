"""What a trait may be used for, and how sensitive it is (S7.5): said where the host declares its traits."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import JourneyError

Sensitivity = Literal["ordinary", "personal", "special"]
_METADATA: Final = "touchpoint"


@attrs.frozen
class TraitUse:
    """The declaration of one trait.

    Args:
        sensitivity: `ordinary`, `personal`, or `special`: what nobody would like to read about themselves in a mail,
            such as health or religion (GDPR, article 9).
        uses: kinds of message and topics whose words may use it; None for any, of a special one for none.
    """

    sensitivity: Sensitivity = "ordinary"
    uses: tuple[str, ...] | None = None

    def allows(self, *purposes: str | None) -> bool:
        """Whether a message of this kind or topic may use it."""
        if self.uses is None:
            return self.sensitivity != "special"
        return any(each in self.uses for each in purposes)


def trait(*, sensitivity: Sensitivity = "ordinary", uses: Iterable[str] | None = None) -> dict[str, object]:
    """Metadata for a field of the class that declares a customer's traits.

        @attrs.define
        class Shopper:
            birthday: date | None = attrs.field(default=None, metadata=trait(sensitivity="personal", uses=["gift"]))

    A message that uses the trait for anything else is refused when its journey is built, and at the gate. What is
    `special` needs `uses=` before any message may use it.

    Args:
        sensitivity: `ordinary`, `personal` or `special`.
        uses: kinds of message (`service`, `marketing` …) and topics; None for any.

    Raises:
        JourneyError: another sensitivity, or uses that are no names.
    """
    if sensitivity not in get_args(Sensitivity):
        raise JourneyError(f"sensitivity= is one of {', '.join(get_args(Sensitivity))}, not {sensitivity!r}")
    named = None if uses is None else tuple(uses)
    if isinstance(uses, str) or not all(isinstance(each, str) and each for each in named or ()):
        raise JourneyError('uses= is a list of kinds of message and topics; write uses=["service"]')
    return {_METADATA: TraitUse(sensitivity, named)}


def uses_of(cls: type) -> Mapping[str, TraitUse]:
    """What the fields of a class declare; those that declare nothing are left out."""
    found = ((field.name, field.metadata.get(_METADATA)) for field in attrs.fields(cls))
    return {name: use for name, use in found if isinstance(use, TraitUse)}
