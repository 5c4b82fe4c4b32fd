"""What is at work: the journeys that the releases of the store say, compiled (S5.4).

The store decides, not the code of a process: where the code has the definition that is at work, its own journey is
used, else the one that the store has kept. See docs/explanation/releases.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any, Final

import attrs

from touchpoint.core.edits import Edit, Migration, Order
from touchpoint.core.program import Program, compile_program
from touchpoint.errors import JourneyError, StoreTooNew
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.model.message import Gift
from touchpoint.stores.base import Reader, ReleaseRow
from touchpoint.stores.codec import loads

if TYPE_CHECKING:
    from touchpoint.core.gate import World
    from touchpoint.engine.analysing import Sources
    from touchpoint.engine.keyed import Keyed
    from touchpoint.engine.loaded import Cache
    from touchpoint.engine.tallying import Adds
    from touchpoint.stores.base import Transaction

_PROGRAMS_KEPT: Final = 16
_EDITS_KEPT: Final = 64


class AtWork:
    """The journeys of one engine as the store says they are at work. Belongs to one process.

    Args:
        journeys: what the host's code has, in order.
        policy: of the house.
        traits: the class by which the host declares them.

    Attributes:
        rows: every release, by `no`.
        last: the `no` of the last one that was looked at; 0 for none.
        program: what is at work now.
        gifts: names of the messages that have a budget.

    Raises:
        JourneyError: the journeys contradict each other.
    """

    def __init__(self, journeys: Sequence[Journey], policy: Policy, traits: type | None = None) -> None:
        self._policy, self._traits = policy, traits
        classes = [cls for each in journeys for cls in (*each.touchpoints, each.traits) if cls is not None]
        self._classes = tuple(dict.fromkeys(classes))
        self._code = {each.name: each for each in journeys}
        self._known: dict[str, Journey] = {}
        self._programs: dict[int, Program] = {}
        self._edits: dict[int, Edit] = {}
        self._opened: int | None = None
        self.names = [each.name for each in journeys]
        self.rows: tuple[ReleaseRow, ...] = ()
        self.last = 0
        self.program = compile_program(journeys, policy, traits)
        self.gifts = _gifts(self.program)

    def know(self, digest: str, journey: Journey) -> None:
        """A journey that is there as an object need not be read from the store."""
        self._known[digest] = journey

    def renew(self, reader: Reader, last: int) -> None:
        """Look at the releases anew.

        Raises:
            StoreTooNew: what is at work cannot be read by this version of the library.
            JourneyError: it contradicts the other journeys of this engine.
        """
        rows = tuple(reader.releases())
        if self._opened is None:
            self._opened = last
        # One that was released first while this process runs joins; one that it was not given stays out.
        joined = [row.journey for row in rows if row.number == 1 and row.no > self._opened]
        names = [*self.names, *(each for each in joined if each not in self.names)]
        program = self._compiled(reader, rows, names, last)
        self.rows, self.names, self.last, self.program = rows, names, last, program
        self.gifts = _gifts(program)
        self._programs = {last: program}
        self._edits = {}

    def opened(self, last: int) -> None:
        """The process has been opened: what is released first from now on joins."""
        self._opened = last

    def head(self, journey: str) -> ReleaseRow | None:
        """The release of a journey that is at work."""
        return _heads(self.rows, self.last).get(journey)

    def of(self, journey: str) -> tuple[ReleaseRow, ...]:
        """All releases of a journey, the first one first."""
        return tuple(row for row in self.rows if row.journey == journey)

    def journey(self, reader: Reader, row: ReleaseRow) -> Journey:
        """The journey of a release. Raises JourneyError where this version of the library cannot read it."""
        return self._journey(reader, row.hash)

    # Customers who have not met a release yet.

    def has_unmet(self, met: Mapping[str, int]) -> bool:
        """Whether any journey at work has a release that a customer has not met."""
        releases = self.program.releases
        return met != releases and any(met.get(name, 1) != number for name, number in releases.items())

    def unmet(self, met: Mapping[str, int]) -> Iterator[ReleaseRow]:
        """The releases that a customer has not met, in their order."""
        return (row for row in self.rows if row.journey in self.names and row.number > met.get(row.journey, 1))

    def edit(self, reader: Reader, row: ReleaseRow) -> Edit:
        """What a release changes."""
        found = self._edits.get(row.no)
        if found is None:
            first, final = self._together_with(row)
            before, after = self.program_at(reader, first - 1), self.program_at(reader, final)
            found = Edit(before, after, order_of(row))
            if len(self._edits) >= _EDITS_KEPT:
                self._edits.clear()
            self._edits[row.no] = found
        return found

    def _together_with(self, row: ReleaseRow) -> tuple[int, int]:
        """The first and last `no` of the releases that were made in one go with this one.

        Each alone might contradict the others, as two journeys do that share a message.
        """
        groups: list[list[ReleaseRow]] = []
        for each in self.rows:
            group = groups[-1] if groups else None
            if group and group[-1].at == each.at and each.journey not in {one.journey for one in group}:
                group.append(each)
            else:
                groups.append([each])
        group = next(each for each in groups if row in each)
        return group[0].no, group[-1].no

    def program_at(self, reader: Reader, no: int) -> Program:
        """What was at work after the release with this `no`.

        A journey that cannot be read any more is left out: its runs are parked when their turn comes.
        """
        if no >= self.last:
            return self.program
        found = self._programs.get(no)
        if found is None:
            if len(self._programs) >= _PROGRAMS_KEPT:
                self._programs = {self.last: self.program}
            self._programs[no] = found = self._compiled(reader, self.rows, self.names, no)
        return found

    def would_be(self, reader: Reader, journey: Journey) -> Program:
        """The program if this journey was released next. Raises JourneyError where it contradicts the others."""
        heads = _heads(self.rows, self.last)
        names = self.names if journey.name in self.names else [*self.names, journey.name]
        found = [journey if name == journey.name else self._present(reader, name, heads.get(name)) for name in names]
        return compile_program([each for each in found if each is not None], self._policy, self._traits)

    # Making them.

    def _compiled(self, reader: Reader, rows: Sequence[ReleaseRow], names: Sequence[str], no: int) -> Program:
        heads = _heads(rows, no)
        journeys = []
        for name in names:
            try:
                found = self._present(reader, name, heads.get(name))
            except JourneyError as error:
                if no >= (rows[-1].no if rows else 0):
                    raise _unreadable(name, error) from error
                continue
            journeys += [] if found is None else [found]
        releases = {name: row.number for name, row in heads.items() if row.number > 1 and name in names}
        pinned = self._pinned(reader, rows, set(names), no)
        if not pinned and _is_of(self.program, journeys):
            return self.program if self.program.releases == releases else attrs.evolve(self.program, releases=releases)
        return compile_program(journeys, self._policy, self._traits, releases=releases, pinned=pinned)

    def _present(self, reader: Reader, name: str, head: ReleaseRow | None) -> Journey | None:
        return self._code.get(name) if head is None else self._journey(reader, head.hash)

    def _pinned(
        self, reader: Reader, rows: Sequence[ReleaseRow], names: set[str], no: int
    ) -> dict[tuple[str, int], Journey]:
        """The earlier definitions on which runs may still finish; those that cannot be read have theirs parked."""
        found = {}
        by_number = {(row.journey, row.number): row for row in rows}
        for row in rows:
            if row.mode == "pin" and row.no <= no and row.journey in names and not loads(row.body).get("closed"):
                earlier = by_number[row.journey, row.number - 1]
                try:
                    found[row.journey, earlier.number] = self._journey(reader, earlier.hash)
                except JourneyError:
                    continue
        return found

    def _journey(self, reader: Reader, digest: str) -> Journey:
        known = self._known.get(digest)
        if known is None:
            from touchpoint.journey.codec import journey_from_dict

            text = reader.definition(digest)
            if text is None:
                raise JourneyError(f"the store does not have the definition {digest}; restore a backup")
            data = loads(text)
            try:
                known = journey_from_dict(data, types=self._classes)
            except JourneyError:
                # Declared classes check what is handed in and written; deciding needs none of them, and those of this
                # process may be missing, or of another version than the definition.
                bare = {key: value for key, value in data.items() if key not in ("touchpoints", "traits")}
                known = journey_from_dict(bare)
            self._known[digest] = known
        return known


def order_of(row: ReleaseRow) -> Order:
    """A release as the core knows it."""
    return Order(row.no, row.journey, row.number, row.mode, row.at, loads(row.body).get("migration", ""))


def _heads(rows: Iterable[ReleaseRow], no: int) -> dict[str, ReleaseRow]:
    """The last release of each journey up to this one."""
    return {row.journey: row for row in rows if row.no <= no}


def _is_of(program: Program, journeys: Sequence[Journey]) -> bool:
    """Whether a program is what would be compiled, but for numbers: of these objects, with nobody on earlier ones."""
    compiled = program.journeys.values()
    return len(compiled) == len(journeys) and all(map(is_, compiled, journeys)) and not program.pinned


def _gifts(program: Program) -> frozenset[str]:
    return frozenset(name for name, message in program.messages.items() if isinstance(message, Gift))


def _unreadable(name: str, error: JourneyError) -> StoreTooNew:
    return StoreTooNew(
        f"the definition of the journey {name!r} that is at work cannot be read by this version of touchpoint: use the "
        f"version that released it, or release it anew from here. {error}"
    )


@attrs.frozen(eq=False)
class Terms:
    """On what terms all units of an engine work: made once, since every transaction has a unit of its own.

    Args:
        at_work: the releases that are decided by.
        world: gathers what the gate has to know beyond a customer.
        now: tells the time, microseconds UTC, to customers whose journeys have changed.
        keyed: makes the hashes of people who were erased; None where the host gave no secret.
        migrations: functions of the host that move runs at a release, by name.
        sources: which types of the host's are feedback.
        analysed: whether an analyser reads what is said in it.

    Attributes:
        adds: what lines of traces add to tallies, as far as it is known by now (`engine.tallying`).
    """

    at_work: AtWork
    world: "Callable[[Transaction, Cache], World]"
    now: Callable[[], int]
    keyed: "Keyed | None"
    migrations: Mapping[str, Migration]
    sources: "Sources"
    analysed: bool
    adds: "dict[tuple[Any, ...], Adds]" = attrs.field(factory=dict, init=False, repr=False)
