"""What came of suggestions: shown, accepted, declined, as touchpoints of the customer."""

from datetime import datetime
from typing import Final, Protocol

from touchpoint.engine.intake import Recorded
from touchpoint.model.suggested import ACCEPTED, DECLINED, SHOWN, offer_of
from touchpoint.model.touchpoint import Direction


class Recording(Protocol):
    """`Engine.record`."""

    def __call__(  # noqa: PLR0913, D102 - as `Engine.record`, which says what
        self, customer: str, type: str, properties: dict[str, object], *, id: str, at: datetime | None, channel: str,
        location: str | None, direction: Direction, about: str, connection: object,
    ) -> Recorded: ...  # fmt: skip


_DIRECTIONS: Final[dict[str, Direction]] = {SHOWN: "outbound", ACCEPTED: "inbound", DECLINED: "inbound"}


class SuggestionDesk:
    """What came of suggestions, as `Engine.suggestions` gives it.

    Each becomes a touchpoint (`suggestion_shown`, `suggestion_accepted`, `suggestion_declined`) whose properties are
    `suggestion`, `journey` and `place`, with the place as its `channel` and the id of the suggestion as its `about`.
    Rules react to it, and the limits of the suggestion count it. The same id counts once for each of the three. What a
    release has taken out of its journey since is recorded all the same.

    Args of every method:
        customer: whom it was offered to, as the host's own session knows them; created if new.
        id: `Suggested.id`.
        at: when; aware. Now, if not given.
        location: where it happened, such as a store.
        connection: as for `Engine.record`.

    Raises InvalidInput for what is no id of a suggestion, else as `Engine.record`.
    """

    def __init__(self, record: Recording) -> None:
        self._record = record

    def shown(
        self, customer: str, id: str, *, at: datetime | None = None, location: str | None = None,
        connection: object = None,
    ) -> Recorded:  # fmt: skip
        """The customer saw it."""
        return self._told(SHOWN, customer, id, at, location, connection)

    def accepted(
        self, customer: str, id: str, *, at: datetime | None = None, location: str | None = None,
        connection: object = None,
    ) -> Recorded:  # fmt: skip
        """The customer took it up."""
        return self._told(ACCEPTED, customer, id, at, location, connection)

    def declined(
        self, customer: str, id: str, *, at: datetime | None = None, location: str | None = None,
        connection: object = None,
    ) -> Recorded:  # fmt: skip
        """The customer does not want it."""
        return self._told(DECLINED, customer, id, at, location, connection)

    def _told(
        self, what: str, customer: str, identity: str, at: datetime | None, location: str | None, connection: object
    ) -> Recorded:
        offer = offer_of(identity)
        properties: dict[str, object] = {"suggestion": offer.name, "journey": offer.journey, "place": offer.place}
        return self._record(
            customer, what, properties, id=f"{identity}:{what}", at=at, channel=offer.place, location=location,
            direction=_DIRECTIONS[what], about=identity, connection=connection,
        )  # fmt: skip
