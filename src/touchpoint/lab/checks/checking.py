"""`check`: journeys under the lamp, as a thoughtful colleague would read them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.core.program import compile_program
from touchpoint.errors import JourneyError
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.lab.checks.catalogue import CHECKS, CONTENT
from touchpoint.lab.checks.circles import circles
from touchpoint.lab.checks.contradictions import conditions, names
from touchpoint.lab.checks.familiar import familiarity
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.gifts import gifts
from touchpoint.lab.checks.messages import messages as about_messages
from touchpoint.lab.checks.people import people
from touchpoint.lab.checks.policies import policy as about_policies
from touchpoint.lab.checks.reach import reach
from touchpoint.lab.checks.scene import Scene
from touchpoint.lab.checks.times import times
from touchpoint.lab.checks.waivers import waived
from touchpoint.model.message import Message
from touchpoint.rules import check_content

_ORDER: Final = {code: n for n, code in enumerate(CHECKS)}


def check(
    journeys: Journey | Iterable[Journey],
    policy: Policy | None = None,
    channels: Iterable[str | Adapter | AsyncAdapter] | None = None,
    *,
    messages: Iterable[Message] = (),
    waive: Mapping[str, str] | None = None,
    waive_in_all: Mapping[str, str] | None = None,
    traits: type | None = None,
) -> list[Finding]:
    """What a thoughtful reviewer would object to: what can never happen, never ends, or is unfair.

    A condition is called impossible only where no data at all could make it true. What is not understood, such as a
    step of a later release, could be anything.

    Args:
        journeys: one or several that are at work in one engine; each is valid already, or could not have been built.
        policy: the policy of the engine; None for none.
        channels: the adapters of the engine, or the names of their channels; None where that is not known.
        messages: what is defined beside the journeys, to find those that no rule sends.
        waive: a reason for each code that is not to be reported. A journey's own are in `Journey(waivers=)`.
        waive_in_all: the same for several engines: that one of its codes is not found here is no finding.
        traits: the class by which the engine declares traits; None where it does not.

    Returns:
        the findings, in the order of journeys, places and codes; empty where there is nothing to say.
    """
    given = (journeys,) if isinstance(journeys, Journey) else tuple(journeys)
    house = policy or Policy()
    try:
        compile_program(given, house, traits)
    except JourneyError as error:
        return list(invalid(error))
    scene = Scene(given, house, _names(channels), tuple(messages), traits)
    everything = [finding for find in _FINDERS for finding in find(scene)]
    everything += _content(scene)
    left = waived(dict.fromkeys(everything), given, waive or {}, waive_in_all or {})
    return _sorted(left, given)


def invalid(error: JourneyError) -> Iterator[Finding]:
    """The problems of journeys that are refused, as findings."""
    if not error.problems:
        yield found("TC001", "", "$", "the journey", str(error), mend="correct it")
    for each in error.problems:
        yield found("TC001", "", each.path, "the journey", each.message, mend=each.fix or "correct it")


_FINDERS: Final[tuple[Callable[[Scene], Iterator[Finding]], ...]] = (
    conditions, names, reach, times, about_policies, about_messages, familiarity, gifts, circles, people,
)  # fmt: skip


def _names(channels: Iterable[str | Adapter | AsyncAdapter] | None) -> frozenset[str] | None:
    if channels is None:
        return None
    return frozenset(each if isinstance(each, str) else each.capabilities.channel for each in channels)


def _content(scene: Scene) -> Iterator[Finding]:
    for each in check_content(scene.journeys, scene.policy):
        severity = "error" if each.certain else "note"
        source = f"{each.rule}: {each.source}" if each.source else each.rule
        yield found(
            CONTENT[each.code], each.journey, each.path, "the policy", each.why, severity=severity, mend=each.fix,
            source=source,
        )  # fmt: skip


def _sorted(findings: Iterable[Finding], journeys: tuple[Journey, ...]) -> list[Finding]:
    order = {journey.name: n for n, journey in enumerate(journeys)}
    return sorted(findings, key=lambda each: (order.get(each.journey, -1), _steps(each.path), _ORDER[each.code]))


def _steps(path: str) -> tuple[tuple[int, int, str], ...]:
    """A path for sorting: numbers by their size."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return tuple((0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts)
