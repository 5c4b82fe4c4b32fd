"""Searching for stories: the shortest ones that live through what no test has lived through yet.

A story is a customer and a few acts. The search goes breadth-first from what has just found something new, tries every
act that the journeys know of and lets time pass to just before, at and after what falls due next. Stories that end
where a shorter one ended are not followed. Equal journeys and bounds give equal stories.
"""

import heapq
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from touchpoint.core.records import state_from_record
from touchpoint.core.state import Profile, State
from touchpoint.durations import micros
from touchpoint.errors import TouchpointError, UnknownName
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.lab.coverage import Coverage, Element
from touchpoint.stores.codec import loads
from touchpoint.testing.moves import Act, Moves, Opening
from touchpoint.testing.world import MONDAY, World

CUSTOMER: Final = "ann"
LONGEST: Final = 8
"""Acts in a story."""
_NEXT_TO_NEW: Final = -1
"""Rank in the queue of what is one act away from a story that found something new; such stories rank before it."""


@attrs.frozen
class Story:
    """A customer, and what happens to them.

    Args:
        opening: who they are.
        acts: in order.
    """

    opening: Opening
    acts: tuple[Act, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The story as lines of a test."""
        return (self.opening.words, *(act.words for act in self.acts))

    @property
    def plain(self) -> bool:
        """Whether nothing but what the customer does and the passing of time makes it."""
        return self.opening.usual and not any(act.lasting or act.first for act in self.acts)

    def play(self, world: World) -> None:
        """Let it happen in a world. Raises TouchpointError where an act is not possible."""
        self.opening.play(world)
        for act in self.acts:
            act.do(world)


@attrs.frozen
class Chosen:
    """A story worth a test, and the elements that it is for: none of the stories before it has lived through them."""

    story: Story
    elements: tuple[Element, ...]


@attrs.frozen
class Search:
    """What a search came to.

    Args:
        chosen: stories that together live through everything that was found.
        missed: elements that no story lived through.
        played: how many stories were tried.
    """

    chosen: tuple[Chosen, ...]
    missed: tuple[Element, ...]
    played: int


def find_stories(
    journeys: Iterable[Journey],
    *,
    policy: Policy | None = None,
    journey: str | None = None,
    covered: Coverage | None = None,
    at: datetime = MONDAY,
    most: int = 1_500,
    seconds: float = 60.0,
) -> Search:
    """The shortest stories that live through what is not covered.

    Args:
        journeys: at work together.
        policy: of the house.
        journey: the one whose elements matter; all unless given.
        covered: what tests have lived through already.
        at: when the stories begin; aware.
        most: stories to try.
        seconds: of elapsed time to spend; a search that this one ends may differ from machine to machine.

    Raises:
        UnknownName: there is no such journey.
        JourneyError: journeys that contradict each other.
    """
    played = _Player(tuple(journeys), policy, at)
    names = [each.name for each in played.journeys]
    if journey is not None and journey not in names:
        raise UnknownName("journey", journey, names)
    done = {name for name, hits in covered.hits.items() if hits} if covered is not None else set[str]()
    wanted = {
        each.id: each for each in played.coverage.missing if each.id not in done and journey in (None, each.journey)
    }
    search = _Search(played, frozenset(wanted), most, time.monotonic() + seconds)
    if wanted:
        search.run()
    chosen = [
        Chosen(story, tuple(each for name, each in wanted.items() if name in found)) for story, found in search.cover()
    ]
    missed = tuple(each for name, each in wanted.items() if name not in search.found)
    return Search(tuple(chosen), missed, search.played)


# Playing.


@attrs.define(eq=False)
class _Lived:
    """A story that was played: what of the wanted was seen, where it ended, and what may follow."""

    story: Story
    seen: frozenset[str]
    end: object
    moves: tuple[Act, ...]


class _Player:
    """Plays stories, each in a world of its own."""

    def __init__(self, journeys: Sequence[Journey], policy: Policy | None, at: datetime) -> None:
        self.journeys, self.policy, self.at = journeys, policy, at
        self.coverage = Coverage.of(journeys, policy)
        self.moves = Moves.of(journeys, policy, at)

    def play(self, story: Story, wanted: Collection[str]) -> _Lived | None:
        """What comes of a story; None where it is not possible."""
        with World(self.journeys, policy=self.policy, at=self.at) as world:
            try:
                story.play(world)
            except TouchpointError:
                return None
            world.apart()  # commits, so that the store tells all
            self.coverage.hits.clear()
            self.coverage.collect(world.engine)
            seen = frozenset(name for name in self.coverage.hits if name in wanted)
            return _Lived(story, seen, self._end(world, story), tuple(self.moves.following(world)))

    def _end(self, world: World, story: Story) -> object:
        """Where a story ends: two that end alike go on alike, as far as can be told cheaply."""
        state, now = _state(world), micros(world.now)
        runs = sorted(
            (run.label, str(run.key), run.node or "", run.waiting, None if run.due is None else run.due - now)
            for run in state.runs
        )
        pending = [(each.message, None if each.due is None else each.due - now) for each in state.pending]
        held = (state.silences, state.dwells, state.lapses)
        timers = [(name, due - now) for each in held for name, due in sorted(each.items())]
        timers += [(each.label, each.due - now) for each in state.bursts]
        cases = [
            (kind, ref, [(which, due - now) for which in case.deadlines if (due := case.armed(which)) is not None])
            for kind, refs in sorted(state.cases.items())
            for ref, case in sorted(refs.items())
        ]
        # How often a rule has started matters to limits, and what went out last to caps: two are told from many.
        starts = [(label, min(len(each), 2)) for label, each in sorted(state.starts.items())]
        lasting = sorted(act.words for act in story.acts if act.lasting or act.unseen)
        got = [(name, via) for name, via in world.people[CUSTOMER].inbox[-2:]]
        hour = world.now.hour if self.moves.clock_matters else 0
        parts = (
            runs,
            pending,
            timers,
            cases,
            starts,
            lasting,
            got,
            hour,
            sorted(map(str, state.stages.items())),
            sorted(state.segments),
        )
        return repr((story.opening.words, parts))


def _state(world: World) -> State:
    with world.engine.store.reading() as reader:
        row = reader.customers([CUSTOMER])[0]
    record: list[Any] = loads(row.state)
    return state_from_record(CUSTOMER, Profile(), record)


# Searching.


@attrs.define(eq=False)
class _Search:
    _player: _Player
    _wanted: frozenset[str]
    _most: int
    _until: float
    played: int = 0
    found: set[str] = attrs.Factory(set)
    _lives: list[_Lived] = attrs.Factory(list)
    _tried: set[tuple[str, ...]] = attrs.Factory(set)
    _ends: set[object] = attrs.Factory(set)
    _queue: list[tuple[int, int, int, _Lived]] = attrs.Factory(list)

    def run(self) -> None:
        """Search until everything is found, nothing is left to try, or the bounds are reached."""
        first, *others = self._player.moves.openings
        self._try(Story(first), _NEXT_TO_NEW)
        while self._queue and not self._over():
            rank, _, _, lived = heapq.heappop(self._queue)
            for story in _followed(lived, self._player.moves, others, found=rank < _NEXT_TO_NEW):
                if self._over():
                    return
                self._try(story, _NEXT_TO_NEW if rank < _NEXT_TO_NEW else 0)

    def _over(self) -> bool:
        # A clock is asked only whether to go on, never what to do.
        return self.found == self._wanted or self.played >= self._most or time.monotonic() > self._until

    def _try(self, story: Story, otherwise: int) -> None:
        """Play a story and queue it, at the rank `otherwise` if it finds nothing new but ends where none did."""
        if len(story.acts) > LONGEST or story.words in self._tried:
            return
        self._tried.add(story.words)
        self.played += 1
        lived = self._player.play(story, self._wanted)
        if lived is None:
            return
        new = lived.seen - self.found
        self.found |= new
        if lived.seen:
            self._lives.append(lived)
        if new or lived.end not in self._ends:
            self._ends.add(lived.end)
            heapq.heappush(
                self._queue, (_NEXT_TO_NEW - len(new) if new else otherwise, len(story.acts), self.played, lived)
            )

    def cover(self) -> Iterator[tuple[Story, frozenset[str]]]:
        """A few stories that together see everything found, each with what it alone, or it first, is for."""
        for lived, due in _greedy(self._lives, self.found):
            yield self._trimmed(lived.story, due), due

    def _trimmed(self, story: Story, due: frozenset[str]) -> Story:
        """The story without acts that what it is for does not need."""
        for place in range(len(story.acts) - 1, -1, -1):
            shorter = attrs.evolve(story, acts=story.acts[:place] + story.acts[place + 1 :])
            lived = self._player.play(shorter, self._wanted)
            if lived is not None and due <= lived.seen:
                story = shorter
        return story


def _followed(lived: _Lived, moves: "Moves", openings: Sequence[Opening], *, found: bool) -> Iterator[Story]:
    """Stories one act away: longer by one and, where this one found something new, disturbed by one."""
    story = lived.story
    for act in lived.moves:
        yield Story(story.opening, (*story.acts, act))
    if not found or not story.acts:
        return
    for passes in (act for act in lived.moves if act.near):  # by itself it finds nothing: something has to happen then
        for touch in moves.touches:
            yield Story(story.opening, (*story.acts, passes, touch))
    for opening in openings:
        yield Story(opening, story.acts)
    last = len(story.acts) - 1
    for act in moves.disturbances:
        for place in dict.fromkeys((0, last)) if not act.first else (0,):
            yield Story(story.opening, (*story.acts[:place], act, *story.acts[place:]))


def _greedy(lives: Sequence[_Lived], found: Iterable[str]) -> list[tuple[_Lived, frozenset[str]]]:
    """Few lives that together see all that was found; of equal ones the shorter, then the one tried first.

    Undisturbed ones come first: they are what a reader wants to see the journey by.
    """
    open_, chosen = set(found), list[tuple[_Lived, frozenset[str]]]()
    while open_:
        useful = [each for each in lives if each.seen & open_]
        plain = [each for each in useful if each.story.plain]
        best = max(plain or useful, key=lambda each: (len(each.seen & open_), -len(each.story.acts)))
        chosen.append((best, frozenset(best.seen & open_)))
        open_ -= best.seen
    return _without_needless(chosen)


def _without_needless(chosen: Sequence[tuple[_Lived, frozenset[str]]]) -> list[tuple[_Lived, frozenset[str]]]:
    """Without lives whose every element others see, and the shortest first."""
    kept = [lived for lived, _ in chosen]
    for lived in reversed([lived for lived, _ in chosen]):
        others = frozenset().union(*(each.seen for each in kept if each is not lived))
        if lived.seen <= others:
            kept.remove(lived)
    done, told = set[str](), list[tuple[_Lived, frozenset[str]]]()
    for lived in sorted(kept, key=lambda each: len(each.story.acts)):
        told.append((lived, frozenset(lived.seen - done)))
        done |= lived.seen
    return told
