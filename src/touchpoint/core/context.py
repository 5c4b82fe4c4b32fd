"""What a condition may look at when it is evaluated."""

from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from touchpoint.core.collected import Collected
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.values import UNKNOWN
from touchpoint.model.consent import ANY
from touchpoint.policy.consent import standing_of
from touchpoint.policy.facts import ConsentFact

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_NO_OUTCOMES: Final[Mapping[str, str]] = MappingProxyType({})
_NO_CONSENTS: Final[Mapping[tuple[str, str], ConsentFact]] = MappingProxyType({})
_NO_PAST: Final = Past()
_NOTHING_TOLD: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


def _no_case(_kind: str | None, _ref: str | None) -> bool:
    return False


def _no_stage(_journey: str | None) -> str | None:
    return None


@attrs.define(eq=False, repr=False)
class Context:
    """The state of one customer at one instant, as conditions see it. Its repr shows nothing: it holds personal data.

    `event` is the touchpoint decided on, or the one that last moved the run; `trigger` the one that started the run;
    `traits` the customer's; `now` microseconds UTC; `signals` the customer's signal data (`core.signals`);
    `case_open(kind, ref)` answers for None as for "any kind", "any ref"; `stage_of(journey)` for the name of a journey,
    of `journey` where a condition names none;
    `segments` has `journey/segment` of those the customer is in;
    `outcomes` maps the messages of this run that have ended to how they did, `told` the keys of its messages to their
    names and what came back of them, `results` the functions it has called to
    what they returned; `consents` is what was said last, by (purpose, channel); `collected` is what it brought together
    before it started. `row` is for the library's own use:
    what is remembered of the touchpoint looked back at.
    """

    event: Occurrence | None = None
    trigger: Occurrence | None = None
    traits: Mapping[str, object] = _NOTHING
    now: int = 0
    signals: Past = _NO_PAST
    case_open: Callable[[str | None, str | None], bool] = _no_case
    stage_of: Callable[[str | None], str | None] = _no_stage
    exposures: Mapping[str, Sequence[object]] = _NOTHING  # type: ignore[assignment]  # an empty one
    segments: Container[str] = ()
    outcomes: Mapping[str, str] = _NO_OUTCOMES
    row: Sequence[object] = ()
    journey: str | None = None
    told: Mapping[str, Sequence[str]] = _NOTHING_TOLD
    collected: Collected | None = None
    results: Mapping[str, object] = _NOTHING
    consents: Mapping[tuple[str, str], ConsentFact] = _NO_CONSENTS

    def variant_of(self, split: str) -> object:
        """The variant to which the customer was exposed; UNKNOWN before that."""
        held = self.exposures.get(split)
        return UNKNOWN if held is None else held[0]

    def consented(self, purpose: str, channel: str | None) -> bool:
        """Whether there is a yes to just this purpose that no later no to it, or to everything, has taken back."""
        on, said = ANY if channel is None else channel, self.consents
        asked = ((purpose,), (purpose, ANY))
        return all(standing_of(said, purposes, on, self.now) == "granted" for purposes in asked)

    def in_stage(self, journey: str | None, stage: str) -> bool:
        """Whether the customer is in this stage of a journey; None is the journey of whoever asks."""
        return self.stage_of(self.journey if journey is None else journey) == stage

    def in_segment(self, journey: str | None, segment: str) -> bool:
        """Whether the customer is in this segment of a journey; None is the journey of whoever asks."""
        return f"{self.journey if journey is None else journey}/{segment}" in self.segments
