"""Changes of what we know of a customer, as triggers (S4.1): consent, preferences, traits. Only real ones count.

Within what such a change sets off, `event.value` is what is true now and `event.before` what was true until then;
either is missing where nothing is, or was, known.
"""

from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import JourneyError, UnknownName
from touchpoint.journey.literals import literal
from touchpoint.model.consent import ANY

Standing = Literal["granted", "withdrawn"]
STANDINGS: Final = get_args(Standing)
Wish = Literal["channels", "topics", "frequency", "snooze", "quiet"]
WISHES: Final = get_args(Wish)


def _standing(value: str | None) -> str | None:
    return _one_of("standing of consent", value, STANDINGS)


def _wish(value: str | None) -> str | None:
    return _one_of("part of preferences", value, WISHES)


def _one_of(what: str, value: str | None, known: tuple[str, ...]) -> str | None:
    if value is not None and value not in known:
        raise JourneyError(str(UnknownName(what, value, known)))
    return value


def _trait(value: str) -> str:
    if not isinstance(value, str):
        raise JourneyError(f"TraitChanged() takes the name of a trait, not a {type(value).__name__}")
    return value


def _to(value: object) -> object:
    if value is None or isinstance(value, list | tuple):
        if value is None:
            return None
        raise JourneyError("TraitChanged(to=) is one value such as 'gold'; for several write one trigger for each")
    return literal(value)


def _typed(value: object) -> tuple[str, object]:
    return type(value).__name__, value


@attrs.frozen
class ConsentChanged:
    """What stands of a customer's consent is no longer what it was: by a statement, an opt-out word, a complaint.

    Args:
        purpose: a kind of message or a topic; None for whichever the statement is about. What is said of all purposes
            counts where it changes what stands of this one.
        channel: likewise.
        to: only where it is `"granted"`, or `"withdrawn"`, now.

    `event.purpose` and `event.channel` are those of the trigger, else of the statement (`*` for all). A grant that
    lapses by itself raises nothing.
    """

    purpose: str | None = None
    channel: str | None = None
    to: Standing | None = attrs.field(default=None, kw_only=True, converter=_standing)

    def __str__(self) -> str:
        on = "" if self.channel is None else f" on {self.channel}"
        of = (
            "consent" if self.purpose is None else f"consent to {'everything' if self.purpose == ANY else self.purpose}"
        )
        return f"{of}{on} {self.to or 'changed'}"


@attrs.frozen
class PreferenceChanged:
    """The customer's own wishes are no longer what they were.

    Args:
        what: `channels` and `topics` (those that are off), `frequency` (`n` and `per`), `snooze` (until when), `quiet`
            (from and to); None for any of them: then `event.value` and `event.before` hold those that changed, by name.
    """

    what: Wish | None = attrs.field(default=None, converter=_wish)

    def __str__(self) -> str:
        return f"preference {self.what} changed" if self.what else "preferences changed"


@attrs.frozen
class TraitChanged:
    """A trait has another value than before, or has one for the first time.

    Args:
        trait: its name.
        to: only where it is this now, as `customer.trait == to` would say; None for whatever it is.
    """

    trait: str = attrs.field(converter=_trait)
    to: object = attrs.field(default=None, kw_only=True, converter=_to, eq=_typed)

    def __str__(self) -> str:
        if self.to is None:
            return f"trait {self.trait} changed"
        from touchpoint.journey.source import literal_source  # there the expressions are needed

        return f"trait {self.trait} changed to {literal_source(self.to)}"


Change = ConsentChanged | PreferenceChanged | TraitChanged
