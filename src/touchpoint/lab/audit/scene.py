"""What an audit looks at: journeys, the house's policy, adapters, and how the host listens, put together."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

import attrs

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.engine.analysing import FEEDBACK_ANALYSED
from touchpoint.insight.analysis import Analyser
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression, aggregates_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import Answered
from touchpoint.journey.policy import Policy
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.taken_apart import walk_parts
from touchpoint.journey.triggers import On, Trigger
from touchpoint.lab.audit.listening import ListeningPost
from touchpoint.lab.audit.moods import Grade, Moods, is_survey, looks_like_feedback, mildest
from touchpoint.lab.audit.result import Place
from touchpoint.lab.audit.spots import Spot, spots
from touchpoint.lab.checks.links import TOLD_BY_PROVIDERS
from touchpoint.model.delivery import Capabilities
from touchpoint.model.feedback_source import FEEDBACK, FeedbackSource
from touchpoint.model.figures import Figures
from touchpoint.model.message import Message, Survey
from touchpoint.model.scale import Scale

_OURS: Final = frozenset(
    {*TOLD_BY_PROVIDERS, "opened", "clicked", "replied", "complained", "opted_out", "opted_in", "exposed",
     FEEDBACK_ANALYSED}
)  # fmt: skip
"""Types of touchpoints that the engine itself records; none of them is a type of feedback of the host's own."""
_PEOPLE: Final = frozenset({"call", "visit"})
"""Channels behind which people are, where nobody said which adapters there are."""


@attrs.frozen
class Way:
    """A way in which feedback comes to us.

    `channel` is None for one that belongs to none; `post` is the post it is, None for answers to messages.
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
        figures: that are kept; None for none.
    """

    journeys: tuple[Journey, ...]
    policy: Policy
    adapters: Mapping[str, Capabilities] | None
    sources: Mapping[str, FeedbackSource]
    analyser: Analyser | None
    locations: tuple[str, ...]
    posts: tuple[ListeningPost, ...]
    figures: Figures | None = None

    @cached_property
    def moods(self) -> Moods:
        """What follows from feedback."""
        types = frozenset((*self.declared, *self.undeclared))
        return Moods(self.journeys, self.sources, types, analysed=self.analyser is not None)

    @cached_property
    def invitations(self) -> tuple[Spot, ...]:
        """Every step that asks for feedback and that a run may come to."""
        asking = (each for each in self.moods.spots if isinstance(each.step, s.Send) and is_survey(each.step))
        return tuple(each for each in asking if self.moods.may_come(each))

    @cached_property
    def suggestions(self) -> tuple[tuple[Place, Suggestion], ...]:
        """Every suggestion, with its place in its journey."""
        return tuple(
            (Place(journey.name, f"$.suggestions[{n}]"), each)
            for journey in self.journeys for n, each in enumerate(journey.suggestions)
        )  # fmt: skip

    @cached_property
    def declared(self) -> tuple[str, ...]:
        """The types of touchpoints that are read as feedback here: the host's own, those of posts, and `feedback`."""
        own = [each.type for each in self.posts if each.type == FEEDBACK or each.type in self.sources]
        used = FEEDBACK in self._uses or FEEDBACK_ANALYSED in self._uses or self._hears_answers
        answers = [FEEDBACK] if used or self.takes_answers else []
        return tuple(dict.fromkeys((*self.sources, *own, *answers)))

    @cached_property
    def mild(self) -> tuple[tuple[str, Scale, Grade], ...]:
        """Feedback that is only just bad: each type with a scale on which it comes, as far as that is known."""
        found: list[tuple[str, Scale, Grade]] = []
        for name, source in self.sources.items():
            scales = [each for _, each in source.scale] if isinstance(source.scale, tuple) else [source.scale_at(None)]
            known = (each for each in scales if each is not None and source.score is not None)
            found += [(name, each, mildest(each, source.kind, source.score or "")) for each in known]
        for each in self.invitations if self.takes_answers else ():
            message = message_of(each)
            scale = message.answered_on() if isinstance(message, Survey) else None
            if isinstance(message, Survey) and scale is not None:
                found.append((FEEDBACK, scale, mildest(scale, message.scale, "score")))
        return tuple(dict.fromkeys(found))

    @cached_property
    def undeclared(self) -> Mapping[str, tuple[str, str]]:
        """Types that seem to hold feedback and that nobody reads as such, with journey and path of the first use."""
        found: dict[str, tuple[str, str]] = {}
        emitted = {each.step.type for each in spots(self.journeys) if isinstance(each.step, s.Emit)}
        for name, (place, conditions) in self._uses.items():
            known = name in self.sources or name == FEEDBACK or name in _OURS or name in emitted
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
        if self.adapters is None:
            return channel in _PEOPLE
        return channel in self.adapters and self.adapters[channel].human

    @cached_property
    def _hears_answers(self) -> bool:
        """Whether a journey reacts to answers to its surveys, which are feedback however they come."""
        steps = (step for journey in self.journeys for rule in journey.rules for step in s.flat(rule.then))
        return any(isinstance(step, s.Ask) and bool(step.follow_up) for step in steps) or any(
            isinstance(part, Answered) for journey in self.journeys for _, part in walk_parts(journey, "$")
        )

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

    @cached_property
    def takes_answers(self) -> bool:
        """Whether answers to a survey come back as `feedback` by themselves, with the location that they are about."""
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
