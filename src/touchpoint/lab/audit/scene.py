"""What an audit looks at: journeys, the house's policy, adapters, and how the host listens, put together."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

import attrs

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.insight.analysis import Analyser
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression, aggregates_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.triggers import On, Trigger
from touchpoint.journey.validate import walk_parts
from touchpoint.lab.audit.listening import ListeningPost
from touchpoint.lab.audit.moods import Moods, is_survey, looks_like_feedback
from touchpoint.lab.audit.spots import Spot
from touchpoint.lab.checks.links import TOLD_BY_PROVIDERS
from touchpoint.model.delivery import Capabilities
from touchpoint.model.feedback_source import FEEDBACK, FeedbackSource
from touchpoint.model.message import Message

_OURS: Final = frozenset(
    {*TOLD_BY_PROVIDERS, "opened", "clicked", "replied", "complained", "opted_out", "opted_in", "exposed"}
)
"""Types of touchpoints that the engine records of messages; none of them is feedback by itself."""


@attrs.frozen
class Way:
    """A way in which feedback comes to us.

    `channel` is None for one that belongs to none; `standing` is the post it is, None for replies to messages.
    """

    name: str
    channel: str | None
    offline: bool
    post: ListeningPost | None = None


@attrs.frozen(eq=False)
class Scene:
    """Everything that is audited together.

    Args:
        journeys: at work in one engine.
        policy: of the house.
        adapters: what they can do, by channel; None where nobody said.
        sources: the host's own types of feedback.
        analyser: of what is said in words; None for none.
        locations: that are to be compared.
        posts: where customers can say something.
        report: who looks at figures by location; "" for nobody.
    """

    journeys: tuple[Journey, ...]
    policy: Policy
    adapters: Mapping[str, Capabilities] | None
    sources: Mapping[str, FeedbackSource]
    analyser: Analyser | None
    locations: tuple[str, ...]
    posts: tuple[ListeningPost, ...]
    report: str = ""

    @cached_property
    def moods(self) -> Moods:
        """What follows from feedback."""
        return Moods(self.journeys, self.sources, frozenset((*self.declared, *self.undeclared)))

    @cached_property
    def invitations(self) -> tuple[Spot, ...]:
        """Every step that asks for feedback and that a run may come to."""
        asking = (each for each in self.moods.spots if isinstance(each.step, s.Send) and is_survey(each.step))
        return tuple(each for each in asking if self.moods.may_come(each))

    @cached_property
    def declared(self) -> tuple[str, ...]:
        """The types of touchpoints that are read as feedback here: the host's own, those of posts, and `feedback`."""
        own = [each.type for each in self.posts if each.type == FEEDBACK or each.type in self.sources]
        answers = [FEEDBACK] if self._is_used(FEEDBACK) or self._takes_answers() else []
        return tuple(dict.fromkeys((*self.sources, *own, *answers)))

    @cached_property
    def undeclared(self) -> Mapping[str, tuple[str, str]]:
        """Types that seem to hold feedback and that nobody reads as such, with journey and path of the first use."""
        found: dict[str, tuple[str, str]] = {}
        for name, (place, conditions) in self._uses.items():
            known = name in self.sources or name == FEEDBACK or name in _OURS
            if not known and looks_like_feedback(name, conditions):
                found[name] = place
        for each in self.posts:
            if each.type != FEEDBACK and each.type not in self.sources:
                found.setdefault(each.type, ("", f"posts[{each.name!r}]"))
        return found

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Every way in, as far as adapters and posts show."""
        posts = [Way(each.name, each.channel, each.offline, each) for each in self.posts]
        asked = {name for each in self.invitations for name in message_of(each).channels}
        known = [each for name, each in (self.adapters or {}).items() if answers(each) and name in asked]
        return (*posts, *(Way(f"answers on {each.channel}", each.channel, each.human) for each in known))

    def policies_of(self, journey: Journey) -> tuple[Policy, ...]:
        """What binds the messages of a journey."""
        return (self.policy, journey.policy)

    def is_human(self, channel: str) -> bool:
        """Whether what goes out on a channel is the task of a person, as far as its adapter shows."""
        found = (self.adapters or {}).get(channel)
        return found is not None and found.human

    @cached_property
    def _uses(self) -> Mapping[str, tuple[tuple[str, str], list[Expression]]]:
        """Every type of touchpoint that journeys speak of: where first, and what is asked of such a touchpoint."""
        found: dict[str, tuple[tuple[str, str], list[Expression]]] = {}
        for journey in self.journeys:
            for path, part in walk_parts(journey, "$"):
                if isinstance(part, On):
                    found.setdefault(part.type, ((journey.name, path), []))
                for each in aggregates_of(part) if isinstance(part, Expression) else ():
                    use = found.setdefault(each.type, ((journey.name, path), []))
                    use[1].extend(() if each.where is None else (each.where,))
        for journey in self.journeys:
            for triggers, asked in _asked(journey):
                for trigger in triggers:
                    if isinstance(trigger, On):
                        found[trigger.type][1].append(asked)
        return found

    def _is_used(self, type: str) -> bool:
        return type in self._uses

    def _takes_answers(self) -> bool:
        """Whether answers to a survey come back as `feedback`."""
        adapters = self.adapters or {}
        steps = (step for journey in self.journeys for rule in journey.rules for step in s.flat(rule.then))
        asked = {
            name for step in steps if isinstance(step, s.Send) and is_survey(step) for name in step.message.channels
        }
        return any(answers(adapters[name]) for name in asked if name in adapters)


def answers(adapter: Capabilities) -> bool:
    """Whether what customers answer on this channel comes in by itself, or is told by the person who does the task."""
    return adapter.inbound or adapter.replies or adapter.human


def message_of(spot: Spot) -> Message:
    """The message of a step that sends one."""
    step = spot.step
    if not isinstance(step, s.Send):
        raise TypeError(f"{type(step).__name__} sends nothing")
    return step.message


def capabilities(channels: Iterable[str | Adapter | AsyncAdapter] | None) -> dict[str, Capabilities] | None:
    """What adapters can do, by channel. A channel of which only the name is given can do nothing but send."""
    if channels is None:
        return None
    named = (Capabilities(each, frozenset({each}), remembers_keys_for=None) if isinstance(each, str)
             else each.capabilities for each in channels)  # fmt: skip
    return {each.channel: each for each in named}


def _asked(journey: Journey) -> Iterator[tuple[tuple[Trigger, ...], Expression]]:
    """What is asked of the touchpoints that start something, or end a wait."""
    for stage in journey.stages:
        if stage.given is not None:
            yield stage.when, stage.given
    for rule in journey.rules:
        if rule.given is not None:
            yield rule.when, rule.given
        for step in s.flat(rule.then):
            if isinstance(step, s.WaitFor) and step.given is not None:
                yield step.trigger, step.given
            elif isinstance(step, s.Branch) and not any(isinstance(each, s.WaitFor) for each in s.flat(rule.then)):
                yield rule.when, step.condition
