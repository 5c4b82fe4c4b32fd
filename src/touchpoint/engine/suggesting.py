"""Suggestions for pages, tills and agents (S6.5): `Engine.suggest`, and why (S10). Asking changes nothing."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

import attrs

from touchpoint.core import suggesting
from touchpoint.core.gate import World
from touchpoint.core.program import Program
from touchpoint.core.segments import UNSEEN
from touchpoint.core.state import State
from touchpoint.core.suggesting import Judged
from touchpoint.durations import instant
from touchpoint.engine.ground import Ground
from touchpoint.engine.intake import customer_id, text_of
from touchpoint.engine.loaded import Cache
from touchpoint.engine.recorded import state_of
from touchpoint.errors import InvalidInput, UnknownCustomer, UnknownName
from touchpoint.journey.policy import Pull
from touchpoint.model.message import Number
from touchpoint.model.suggested import Offer, Suggested, offer_id
from touchpoint.policy.checks import TOLD
from touchpoint.policy.verdict import Verdict
from touchpoint.stores.base import Reader
from touchpoint.zones import tz_version

T = TypeVar("T")
_MOST = 1_000


@attrs.frozen
class Weighed:
    """One suggestion of a place, with everything that was asked about it.

    Args:
        name, journey: of the suggestion.
        value: what it is worth now; None where that is not known.
        rank: from 1 among those that may be offered; None for the others.
        checks: every check in its order, with the values it saw.
    """

    name: str
    journey: str
    value: Number | None = attrs.field(repr=False)
    rank: int | None
    checks: tuple[Verdict, ...] = attrs.field(repr=False)

    @property
    def eligible(self) -> bool:
        """Whether it may be offered."""
        return self.rank is not None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What stands against it, check by check: `consent: no consent to marketing on web.home`."""
        return tuple(f"{each.check}: {each.reason}" for each in self.checks if each.answer != "allow")

    @property
    def again_at(self) -> datetime | None:
        """When nothing would stand against it any more, aware UTC; None where that is now, or nobody knows."""
        against = [each.until for each in self.checks if each.answer != "allow"]
        known = [each for each in against if each is not None]
        return instant(max(known)) if known and len(known) == len(against) else None


@attrs.frozen
class WhySuggested:
    """Why somebody is offered what, at one place.

    Args:
        place: where.
        suggestions: all of the place: those that may be offered best first, then the others as they are declared.
    """

    place: str
    suggestions: tuple[Weighed, ...] = attrs.field(repr=False)

    @property
    def lines(self) -> tuple[str, ...]:
        """The explanation, a line for each suggestion and each of its checks."""
        return tuple(line for each in self.suggestions for line in _lines(each))

    def __str__(self) -> str:
        return "\n".join([f"suggestions at {self.place}:", *(f"  {line}" for line in self.lines)])


class Suggesting(Ground):
    """What to offer to whom, where somebody asks."""

    def suggest(self, customer: str, place: str, n: int = 1) -> list[Suggested]:
        """The best suggestions for a customer who is at a place now: highest value first.

        Nothing is recorded: say what came of it by `suggestions.shown`, `accepted` and `declined`. It takes no lock,
        unless the journeys have begun to ask something new of this customer.

        Args:
            customer: the host's own id. Somebody of whom nothing is known gets suggestions where the policy of the
                house says so (`Pull(unknown=True)`).
            place: such as `web.home`. Where no suggestion is declared for it, there is none to be had.
            n: at most so many, 1 to 1,000.

        Raises:
            UnknownCustomer: no such customer, and the house does not say what to offer to such.
            InvalidInput: `n` or `place` is not acceptable.
        """
        where, most = text_of(place, "place="), _count(n)

        def best(program: Program, state: State, world: World, now: int) -> list[Suggested]:
            found = suggesting.suggest(program, state, world, where, now, most)
            return [_suggested(each, state, where, max(now, state.now)) for each in found]

        return self._asking(customer, where, best)

    def why_suggested(self, customer: str, place: str) -> WhySuggested:
        """Every suggestion of a place for a customer, with every check and the values that it saw (S10).

        Raises:
            UnknownCustomer: as for `suggest`.
            UnknownName: no suggestion is declared for this place.
        """
        where = text_of(place, "place=")

        def judged(program: Program, state: State, world: World, now: int) -> WhySuggested:
            if where not in program.suggestions:
                raise UnknownName("place", where, program.suggestions)
            return WhySuggested(where, tuple(map(weighed, suggesting.judge(program, state, world, where, now))))

        return self._asking(customer, where, judged)

    def _asking(self, customer: str, place: str, ask: Callable[[Program, State, World, int], T]) -> T:
        identity, now = customer_id(customer), self._now()
        with self._reading() as reader:
            program, is_current = self._program, reader.last_release() == self._at_work.last
            state = _state(reader, identity)
            if state is None and suggesting.takes_unknown(self._house_pulls, place):
                state = _nobody(identity, program, now)
            if is_current and state is not None and _is_up_to(program, state):
                return ask(program, state, self._world(reader, Cache()), now)
        if state is None and is_current:
            raise UnknownCustomer
        # What is remembered of them is brought up to the journeys at work, and kept so: the next time it is.
        with self._unit() as unit:
            loaded = unit.find(identity)
            if loaded is not None:
                return ask(unit.program, loaded.state, unit.world, now)
            if suggesting.takes_unknown(self._house_pulls, place):
                return ask(unit.program, _nobody(identity, unit.program, now), unit.world, now)
        raise UnknownCustomer

    @property
    def _house_pulls(self) -> list[Pull]:
        return [each for each in self.policy.items if isinstance(each, Pull)]


def weighed(judged: Judged) -> Weighed:
    """What was found of a suggestion, for people."""
    spec = judged.spec
    return Weighed(spec.name, spec.journey, judged.value, judged.rank, tuple(judged.checks))


def _lines(each: Weighed) -> list[str]:
    worth = "" if each.value is None else f" (value {each.value})"
    head = f"{each.rank}. {each.name}{worth}" if each.eligible else f"not {each.name}{worth}"
    checks = [line for one in each.checks for line in _told(one)]
    again = [] if each.again_at is None else [f"  eligible again at {each.again_at:%Y-%m-%d %H:%M:%S} UTC"]
    return [head, *checks, *again]


def _told(one: Verdict) -> Iterator[str]:
    yield f"  {one.check}: {one.answer}" + (f": {one.reason}" if one.reason else "")
    told = one.values.get(TOLD, ())
    yield from (f"    {line}" for line in told) if isinstance(told, list) else ()


def _suggested(judged: Judged, state: State, place: str, now: int) -> Suggested:
    spec, words = judged.spec, judged.words
    return Suggested(
        id=offer_id(Offer(spec.journey, spec.name, place, now)),
        name=spec.name,
        journey=spec.journey,
        place=place,
        value=0 if judged.value is None else judged.value,
        kind=spec.message.effective_kind,
        subject=None if words is None else words.subject,
        text="" if words is None else words.text,
        html=None if words is None else words.html,
        locale=state.profile.locale,
        at=instant(now),
    )


def _state(reader: Reader, identity: str) -> State | None:
    rows = reader.customers([identity])
    if not rows and (known := reader.aliases([identity])):
        rows = reader.customers_by_number([known[identity]])
    return state_of(rows[0]) if rows else None


def _nobody(identity: str, program: Program, now: int) -> State:
    """Somebody of whom nothing is known, as they would be created."""
    state = State(
        identity, now=now, version=program.version, zone_data=tz_version(), releases=program.releases,
    )  # fmt: skip
    if program.segments:
        state.lapses = {UNSEEN: now}
    return state


def _is_up_to(program: Program, state: State) -> bool:
    met = state.releases
    return state.version == program.version and all(met.get(name, 1) == no for name, no in program.releases.items())


def _count(n: object) -> int:
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _MOST:
        raise InvalidInput(f"n= is a whole number from 1 to {_MOST:,}, not {n!r}")
    return n
