"""A journey: stages, rules, cases and policies, described as data (HOUSE 2)."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.journey.policy import Policy
from touchpoint.journey.rule import Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import Send
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.waiver import Waiver
from touchpoint.model.case import CaseType
from touchpoint.model.message import Message

if TYPE_CHECKING:
    from touchpoint.journey.taken_apart import Scene

T = TypeVar("T")


def _tuple(value: Iterable[T] | None) -> tuple[T, ...]:
    return () if value is None else tuple(value)


def journeys_of(given: object) -> "tuple[Journey, ...]":
    """Journeys that were handed in as a list. Raises InvalidInput for a single one, and for what is none."""
    if isinstance(given, Journey) or not isinstance(given, Iterable):
        raise InvalidInput(f"journeys= takes a list, such as journeys=[shop], not a {type(given).__name__}")
    found = tuple(given)
    for each in found:
        if not isinstance(each, Journey):
            raise InvalidInput(f"journeys= takes Journey(…) objects; there is a {type(each).__name__} among them")
    return found


def _policy(value: Policy | None) -> Policy:
    return Policy() if value is None else value


@attrs.frozen
class Journey:
    """One journey. Building one validates it as a whole and reports every problem at once.

    Args:
        name: unique in an engine.
        stages: in order; the first declared one that matches wins (S3.2).
        rules: in order.
        segments: groups of customers, each kept by a condition.
        cases: the case types that its steps and policies name.
        policy: added to the engine's.
        touchpoints: attrs classes that declare touchpoint types; payloads are validated, conditions checked against
            them.
        traits: an attrs class that declares the customer's traits.
        team: whose journey it is; `touchpoint check` tells where teams compete for one customer.
        suggestions: what pages, tills and agents may offer; in order.
        waivers: findings of `touchpoint check` that are meant to be so. Nothing is decided by them.

    Raises:
        JourneyError: with every problem, its path and its fix.
    """

    name: str
    stages: tuple[Stage, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)
    rules: tuple[Rule, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)
    segments: tuple[Segment, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)
    cases: tuple[CaseType, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)
    policy: Policy = attrs.field(default=None, kw_only=True, converter=_policy)
    touchpoints: tuple[type, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)
    traits: type | None = attrs.field(default=None, kw_only=True)
    team: str = attrs.field(default="", kw_only=True)
    suggestions: tuple[Suggestion, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)
    waivers: tuple[Waiver, ...] = attrs.field(default=(), kw_only=True, converter=_tuple)

    def __attrs_post_init__(self) -> None:
        from touchpoint.journey.validate import check  # it reads journeys, so it cannot be imported by this module

        check(self)

    @cached_property
    def _scene(self) -> "Scene":
        """Itself taken apart, once for its checks and for all who look at its parts later (`parts_of`)."""
        from touchpoint.journey.taken_apart import taken_apart  # likewise

        return taken_apart(self)

    @property
    def messages(self) -> dict[str, Message]:
        """Its messages by name, in reading order."""
        steps = (step for placed in self._scene.steps.values() for _, _, step in placed)
        return {step.message.name: step.message for step in steps if isinstance(step, Send)}
