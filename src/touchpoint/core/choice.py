"""Which of its wordings a message says to a customer, and without what (S6.1, S7.5)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs

from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.familiar import Acquaintance, acquaintance
from touchpoint.core.occurrence import TRAIT_CHANGED, Occurrence
from touchpoint.core.reading import teller_of
from touchpoint.core.signals import SignalTable
from touchpoint.core.timed import ANNIVERSARY, DATE_DUE
from touchpoint.core.wording import Look
from touchpoint.journey.contents import wordings
from touchpoint.journey.data_use import traits_behind
from touchpoint.journey.wording import Wording
from touchpoint.model.message import Content, Message, fitting, said_as
from touchpoint.policy.facts import ChosenWording, Unfamiliar

if TYPE_CHECKING:
    from touchpoint.core.program import Program
    from touchpoint.core.state import Run, State

Withheld: TypeAlias = frozenset[tuple[str, tuple[str, ...]]]
"""Look-ups, by root and path, that are to be as if they found nothing."""


@attrs.frozen(eq=False)
class CompiledWording:
    """A wording, ready to be asked."""

    wording: Wording
    closure: Callable[[Context], object]
    tell: Callable[[Context], str]


@attrs.define(eq=False)
class Choice:
    """What a message says on a channel. Treat it as immutable.

    Args:
        key: of the content, among all of the message; "" where there is none.
        content: the words; None where there are none for the channel.
        withheld: what they have to do without.
        worded: what is told of the choice; None where there was none, and nothing is withheld.
        refusals: the traits without which nothing can be said, and which may not be used yet.
    """

    key: str
    content: Content | None
    withheld: Withheld = frozenset()
    worded: ChosenWording | None = None
    refusals: tuple[Unfamiliar, ...] = ()


def compile_wordings(messages: Iterable[Message], table: SignalTable) -> dict[str, tuple[CompiledWording, ...]]:
    """The wordings of each message that has any."""
    return {
        message.name: tuple(
            CompiledWording(each, compile_condition(each.given, table), teller_of(each.given, table))
            for _, each in wordings(message)
        )
        for message in messages
        if message.wordings
    }


def choose(program: "Program", state: "State", run: "Run", message: Message, channel: str, now: int) -> Choice:
    """Choose among the wordings of a message, and its own content, for a channel.

    The first is taken whose condition is true, that has words for the channel and locale, and that can do without every
    trait which may not be used yet.
    """
    asking = _Asking.of(program, state, run, message, channel, now)
    lost: list[tuple[str, str]] = []
    every = asking.refused(message.uses)
    for each in asking.home.wordings.get(message.name, ()):
        why = asking.passed_over(each)
        if why is not None:
            lost.append((each.wording.name, why))
            continue
        if not every:
            return asking.said(each.wording.name, each.wording.content, lost, each.tell(asking.context))
    found = asking.said("", message.content, lost, "")
    refusals = (*every, *asking.needs(found.key))
    if refusals:
        return attrs.evolve(found, refusals=tuple({each.trait: each for each in refusals}.values()))
    return found


@attrs.define(eq=False)
class _Asking:
    """One choice; `home` has the definition by which the run goes, `program` the policies that bind it."""

    program: "Program"
    home: "Program"
    state: "State"
    run: "Run"
    message: Message
    channel: str
    context: Context
    known: Acquaintance | None

    @classmethod
    def of(cls, program: "Program", state: "State", run: "Run", message: Message, channel: str, now: int) -> "_Asking":
        context = Context(
            event=run.event, trigger=run.trigger, traits=state.profile.traits, now=now, signals=state.signals,
            case_open=state.case_open, stage_of=state.stage_of, outcomes=run.outcomes, journey=run.journey,
            told=run.told, collected=run.collected, results=run.results, exposures=state.exposures,
            segments=state.segments, consents=state.profile.consents,
        )  # fmt: skip
        home = (program.home(run.journey, run.release) if run.release else program) or program
        known = acquaintance(program, state, run.journey, message, now)
        return cls(program, home, state, run, message, channel, context, known)

    def passed_over(self, each: CompiledWording) -> str | None:
        """Why a wording is not taken, with the values that were seen; None where it is."""
        wording = each.wording
        key = fitting(wording.content, self.channel, self.state.profile.locale)
        if key is None:
            return f"it says nothing on {self.channel}"
        if self.known is not None:
            asks = traits_behind(wording.given, self.run.journey, self.program.asked_of_segments)
            refused = self.refused((*asks, *wording.uses)) or self.needs(said_as(key, wording.name))
            if refused:
                return "; ".join(each.told_words for each in refused)
        return None if each.closure(self.context) is True else each.tell(self.context)

    def refused(self, traits: Iterable[str]) -> tuple[Unfamiliar, ...]:
        """Those of these traits that may not be used yet."""
        return () if self.known is None else self.known.refusals(self._behind(traits))

    def needs(self, key: str) -> tuple[Unfamiliar, ...]:
        """Traits that may not be used yet, and without which this content cannot be said."""
        if self.known is None or not key:
            return ()
        bare = (look for look in self.home.looks_of(self.message.name, key) if not look[2])
        return tuple(each for look in bare for each in self.known.refusals(self._traits(look)))

    def said(self, name: str, content: Mapping[str, Content], lost: Sequence[tuple[str, str]], told: str) -> Choice:
        """What this content says, without what may not be used yet."""
        under = fitting(content, self.channel, self.state.profile.locale)
        key = "" if under is None else said_as(under, name)
        withheld: dict[tuple[str, tuple[str, ...]], tuple[Unfamiliar, ...]] = {}
        if self.known is not None and key:
            for look in self.home.looks_of(self.message.name, key):
                if refused := self.known.refusals(self._traits(look)):
                    withheld[look[0], look[1]] = refused
        without = {each.trait: each for refused in withheld.values() for each in refused}
        worded = (
            ChosenWording(name, tuple(lost), told, tuple(without.values()))
            if self.message.wordings or without
            else None
        )
        return Choice(key, None if under is None else content[under], frozenset(withheld), worded)

    def _traits(self, look: Look) -> Iterable[str]:
        """The traits that a look-up quotes."""
        root, path, _ = look
        if root == "customer":
            return self._behind((path[0],))
        if root == "result":
            return self.program.derived.results.get(path[0], ())
        if root == "collected":
            kept = self.run.collected.kept if self.run.collected is not None else ()
            return tuple(each for one in kept for each in self._of_event(one, path[1:]))  # after `last` or `first`
        return self._of_event(self.run.trigger if root == "trigger" else self.run.event, path)

    def _of_event(self, event: Occurrence, path: Sequence[str]) -> Iterable[str]:
        """What happened quotes a trait where it tells of it, or where a step has put it there."""
        if not path:
            return ()
        about = self._trait_of(event)
        if about is not None:
            return self._behind((about,))
        return self.program.derived.properties.get((event.name, path[0]), ())

    def _trait_of(self, event: Occurrence) -> str | None:
        """The trait of which an event tells by itself."""
        if event.kind == TRAIT_CHANGED:
            return event.name
        if event.kind not in (ANNIVERSARY, DATE_DUE):
            return None
        spec = self.program.calendar.get(event.name)
        if spec is not None:
            return spec.trait
        # A release has taken the trigger out, and the run lives on: its name begins with the trait, or tells it second.
        return event.name.split("|")[event.kind == DATE_DUE]

    def _behind(self, traits: Iterable[str]) -> Iterable[str]:
        """These traits, and those that they were made of."""
        made = self.program.derived.traits
        return dict.fromkeys(one for each in traits for one in (each, *made.get(each, ())))
