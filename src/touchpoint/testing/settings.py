"""What a test world is made with."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.engine.delivery import CallRequest
from touchpoint.errors import InvalidInput
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.figures import Figures

if TYPE_CHECKING:
    from touchpoint.insight.analysis import Analyser
    from touchpoint.testing.world import World


@attrs.frozen
class Settings:
    """What a world was made with, so that another one can be made like it."""

    journeys: tuple[Journey, ...]
    policy: Policy | None
    at: datetime
    channels: tuple[Adapter, ...]
    functions: Mapping[str, Callable[[CallRequest], object]]
    traits: type | None
    strict: bool
    substitute: Callable[[Journey], Journey]
    closing: "Callable[[World], object]"
    feedback: tuple[FeedbackSource, ...] = ()
    analyser: "Analyser | None" = None
    figures: Figures | None = None

    def options(self) -> dict[str, Any]:
        """The arguments of such a world, but its journeys."""
        return {field.name: getattr(self, field.name) for field in attrs.fields(Settings) if field.name != "journeys"}


def consents_of(given: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Consents as pairs, sorted. Raises InvalidInput for what is no (kind or topic, channel)."""
    found = list(given)
    if isinstance(given, str) or any(isinstance(each, str) or len(each) != 2 for each in found):
        raise InvalidInput('consents= takes pairs of a kind or topic and a channel, such as [("feedback", "*")]')
    return sorted(found)
