"""A small world in which journeys are tested: customers, channels and a clock around a real engine.

Nothing about the engine is swapped but the clock and the channels: every policy really runs, on SQLite in memory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from touchpoint.channels.base import ADDRESS_KINDS, Adapter
from touchpoint.channels.inbound import Receipt, TaskDone
from touchpoint.clock import VirtualClock
from touchpoint.engine.delivery import CallRequest
from touchpoint.engine.engine import Engine
from touchpoint.engine.explain import Why
from touchpoint.engine.telling import text
from touchpoint.engine.view import CustomerView, RunView
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.journey.journey import Journey, journeys_of
from touchpoint.journey.policy import Policy
from touchpoint.model.delivery import SendRequest
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.figures import Figures
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing.channels import Staff, StandIn
from touchpoint.testing.driving import Apart, Driver, Together
from touchpoint.testing.faults import Crash, Faults, FaultyStore
from touchpoint.testing.mirror import Mirror
from touchpoint.testing.person import Person
from touchpoint.testing.sent import Sent
from touchpoint.testing.settings import Settings, consents_of
from touchpoint.testing.stuck import stuck
from touchpoint.testing.vocabulary import OWN_TYPES, Vocabulary
from touchpoint.zones import zone

if TYPE_CHECKING:
    from touchpoint.insight.analysis import Analyser

T = TypeVar("T")
MONDAY: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When a world begins unless it is told."""
USUAL: Final = tuple(dict.fromkeys([*ADDRESS_KINDS, "chat", "console"]))
"""Channels that every world has, whether or not a journey names them."""
_LONGEST: Final = timedelta(days=400)


class World:
    """A world for one test.

    Args:
        journeys: under test.
        policy: of the house.
        at: when it begins; aware.
        channels: the host's own adapters, whose capabilities and address forms the stand-ins take over.
        functions: of the host, for `Call` steps; those not given do nothing.
        traits: an attrs class that validates traits.
        strict: a name that no journey knows is an error.
        substitute: what to put to work instead of a journey; itself unless given.
        feedback, analyser, figures: as for `Engine`; `world.engine.figures()` gives them.
        closing: called with the world, and with every one made like it, before it closes.

    Attributes:
        point: where this world crashed, in one that `for_each_crash_point` gives.
        accepted: everything that channels accepted, in order.
        people: the customers by id.
        known: the names of its journeys.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all but the first are options
        self,
        journeys: Iterable[Journey],
        *,
        policy: Policy | None = None,
        at: datetime = MONDAY,
        channels: Iterable[Adapter] = (),
        functions: Mapping[str, Callable[[CallRequest], object]] | None = None,
        traits: type | None = None,
        strict: bool = True,
        substitute: Callable[[Journey], Journey] = lambda journey: journey,
        closing: "Callable[[World], object]" = lambda _: None,
        feedback: Iterable[FeedbackSource] = (),
        analyser: "Analyser | None" = None,
        figures: Figures | None = None,
    ) -> None:
        self._settings = Settings(
            journeys_of(journeys), policy, at, tuple(channels), dict(functions or {}), traits, strict, substitute,
            closing, tuple(feedback), analyser, figures,
        )  # fmt: skip
        self.clock = VirtualClock(at)
        self.faults = Faults()
        self.mirror = Mirror()
        self.people: dict[str, Person] = {}
        self.accepted: list[Sent] = []
        self.point = ""
        # Names are those of the journeys as they were given: what stands in for one may have lost some of them.
        self._given = list(self._settings.journeys)
        self._journeys = [substitute(each) for each in self._given]
        self._closed = False
        self._stand_ins: dict[str, StandIn] = {}
        self._staff: dict[str, Staff] = {}
        self._receipts: list[Receipt] = []
        self._script: list[tuple[str, Callable[[World], object]]] = []
        self._touched: dict[str, list[str]] = {}
        self._numbers: dict[str, int] = {}
        self._store = SqliteStore(None)
        self._apart = False
        self._handed_to = ""
        self._open()

    def _open(self) -> None:
        self.known = Vocabulary(self._given)
        hosts = {each.capabilities.channel: each for each in self._settings.channels}
        for name in (*USUAL, *hosts, *self.known.channels):
            if name not in self._stand_ins:
                self._stand_ins[name] = StandIn(name, hosts.get(name), self.faults, self._accepts, self._drive)
        self._seen = FaultyStore(self._store, self.faults)
        self.engine = Engine(
            self._seen, journeys=self._journeys, channels=self._stand_ins.values(), policy=self._settings.policy,
            clock=self.clock, traits=self._settings.traits, test_store=True, feedback=self._settings.feedback,
            functions={**dict.fromkeys(self.known.functions, _nothing), **self._settings.functions},
            analyser=self._settings.analyser, figures=self._settings.figures,
        )  # fmt: skip
        self._driver: Driver = Apart(self.engine)
        self._drive()

    def _drive(self) -> None:
        """Drive the engine from now on by what its channels can do now."""
        self._driver.stop()
        if not self._apart:
            self._driver = Together(self.engine, self.clock, self._hands_over)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<World of {', '.join(self.known.journeys)} at {self.now.isoformat()}>"

    def close(self) -> None:
        """Let go of the store. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self.apart()
        self._settings.closing(self)
        self._seen.gone()
        self._store.close()

    def apart(self) -> None:
        """Commit every act, release and outcome by itself from now on, as a host's process does; slower."""
        self._driver.stop()
        self._apart, self._driver = True, Apart(self.engine)

    # Names.

    @property
    def journeys(self) -> tuple[Journey, ...]:
        """The journeys at work."""
        return tuple(self._journeys)

    @property
    def types(self) -> tuple[str, ...]:
        """The touchpoint types that may be recorded."""
        return tuple(dict.fromkeys([*self.known.types, *OWN_TYPES]))

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages of all journeys."""
        return self.known.messages

    @property
    def compared(self) -> Mapping[str, tuple[object, ...]]:
        """Values around the constants that conditions compare properties of touchpoints with, by property."""
        return self.known.compared

    @property
    def cases(self) -> tuple[str, ...]:
        """The case types of all journeys."""
        return self.known.cases

    @property
    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """The stages of each journey."""
        return self.known.stages

    @property
    def segments(self) -> Mapping[str, str]:
        """`journey/segment` → what it is called here: its name, with its journey where several have that name."""
        return self.known.segments

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels there are."""
        return tuple(self._stand_ins)

    def check(self, what: str, name: str, known: Iterable[str]) -> None:
        """Raises UnknownName, with what may have been meant, where the world is strict and the name not known."""
        __tracebackhide__ = True
        if self._settings.strict and name not in (names := tuple(known)):
            raise UnknownName(what, name, names)

    def check_channel(self, name: str) -> None:
        """Raises UnknownName for a channel that is not there, but for `*`."""
        if name != "*":
            self.check("channel", name, self.channels)

    # Customers.

    def customer(
        self,
        customer: str,
        *,
        timezone: str | Sequence[str] | None = None,
        addresses: Mapping[str, str | Sequence[str]] | None = None,
        consents: Iterable[tuple[str, str]] = (),
        traits: Mapping[str, object] | None = None,
        locale: str | None = None,
    ) -> Person:
        """A customer, new or known already.

        Args:
            customer: the id.
            timezone: a zone name, or several where the home is not known.
            addresses: kind (email, phone, postal …) to address.
            consents: (kind of message or topic, channel) pairs granted now.
            traits: by name.
            locale: such as `de-AT`.
        """
        granted = consents_of(consents)
        for _, channel in granted:
            self.check_channel(channel)
        told = {"timezone": timezone, "addresses": addresses, "traits": traits, "locale": locale}
        given: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        person = self.people.setdefault(customer, Person(self, customer))
        words = ", ".join([repr(customer), *(f"{name}={value!r}" for name, value in given.items())])
        if granted:
            words += f", consents={{{', '.join(map(repr, granted))}}}"
        for purpose, channel in granted:
            self.mirror.said(customer, purpose, channel, granted=True)
        self.mirror.lives_in(customer, timezone)
        self.mirror.reached_at(customer, addresses)
        at = self.now

        def enter(engine: Engine) -> None:
            engine.identify(customer, **given)
            for purpose, channel in granted:
                engine.grant(customer, purpose, channel=channel, at=at, source="test")

        self.act(
            f"world.customer({words})", enter, again=lambda other: other.customer(customer, consents=granted, **given)
        )
        return person

    def __getitem__(self, customer: str) -> Person:
        if customer not in self.people:
            raise UnknownName("customer", customer, self.people)
        return self.people[customer]

    # Time.

    @property
    def now(self) -> datetime:
        """What the clock says; aware UTC."""
        return self.clock.now()

    def advance(self, by: timedelta) -> None:
        """Let this much time pass; everything happens when it falls due."""
        if by < timedelta(0):
            raise InvalidInput("time does not run backwards; start the world earlier, or use does(…, at=…)")
        self._script.append((f"world.advance({by!r})", lambda other: other.advance(by)))
        self._pass(self.now + by)

    def until(self, at: datetime) -> None:
        """Let time pass until an instant; aware, and not in the past."""
        if at.tzinfo is None:
            raise InvalidInput("until() takes an aware datetime: add a time zone, e.g. datetime(…, tzinfo=UTC)")
        if at < self.now:
            raise InvalidInput(f"{at.isoformat()} is past: it is {self.now.isoformat()}")
        self._script.append((f"world.until({at!r})", lambda other: other.until(at)))
        self._pass(at)

    def run_out(self, limit: timedelta = _LONGEST) -> None:
        """Let time pass until nothing falls due any more, or this long at most."""
        words = "" if limit == _LONGEST else repr(limit)
        self._script.append((f"world.run_out({words})", lambda other: other.run_out(limit)))
        end = self.now + limit
        while (due := self._do(lambda _: self._driver.next_due())) is not None and due <= end:
            self._pass(due)

    def _pass(self, end: datetime) -> None:
        while (due := self._do(lambda _: self._driver.next_due())) is not None and due <= end:
            self.clock.until(due)
            self._settle()
        self.clock.until(end)

    def _settle(self) -> None:
        """Do everything that is due now, and take in what providers tell of it."""
        while True:
            self._do(lambda _: self._driver.work())
            if not self._receipts:
                return
            receipt = self._receipts.pop(0)
            self._do(lambda engine, told=receipt: engine.apply(told))  # type: ignore[misc]

    # Acts.

    def act(self, words: str, do: Callable[[Engine], object], *, again: Callable[["World"], object]) -> None:
        """One act of the story: done, repeated if the process dies meanwhile, and settled.

        Args:
            words: the act as a line of a test.
            do: it, on the engine; repeating it does no harm.
            again: it, on another world.
        """
        self._do(do)
        self._script.append((words, again))
        self._settle()

    def _do(self, act: Callable[[Engine], T]) -> T:
        while True:
            try:
                return act(self.engine)
            except Crash:
                self._restart()

    def crash_and_restart(self) -> None:
        """Kill the process and start a new one on what was committed."""
        self._script.append(("world.crash_and_restart()", lambda other: other.crash_and_restart()))
        self._restart()

    def _restart(self) -> None:
        self._driver.stop()
        self._seen.gone()
        self.faults.restart()
        self._open()

    def next_id(self, customer: str) -> str:
        """An id for the next touchpoint of a customer: the same in every world with the same story."""
        self._numbers[customer] = number = self._numbers.get(customer, 0) + 1
        return f"{customer}-{number}"

    def add(self, journey: Journey) -> None:
        """Put one more journey to work."""
        self._script.append((f"world.add({journey.name})", lambda other: other.add(journey)))
        self._given.append(journey)
        self._journeys.append(self._settings.substitute(journey))
        self._restart()

    def channel(self, name: str) -> StandIn:
        """The stand-in for a channel. Raises UnknownName."""
        if name not in self._stand_ins:
            raise UnknownName("channel", name, self._stand_ins)
        return self._stand_ins[name].noted_by(self.note)

    def staff(self, channel: str) -> Staff:
        """The people behind a channel such as `call`, who do what messages ask of them. Raises UnknownName."""
        return self._staff.setdefault(channel, Staff(self, self.channel(channel)))

    def note(self, words: str, again: Callable[["World"], object]) -> None:
        """Add a line to the story that the engine has no part in."""
        self._script.append((words, again))

    def task_done(
        self, words: str, key: str, outcome: str | None, reason: str, *, again: Callable[["World"], object]
    ) -> None:
        """A person ended a task; see `Staff`."""
        identity = self.next_id("task")
        self.act(words, lambda engine: engine.apply(TaskDone(key, outcome, reason, id=identity)), again=again)

    def claim_task(self, key: str, by: str) -> tuple[str, str]:
        """What becomes of a task that somebody claims, and why; see `Staff`."""
        task = self._do(lambda engine: engine.tasks.claim(key, by=by))
        self._settle()
        return task.status, task.because

    def _hands_over(self, customer: str) -> None:
        self._handed_to = customer

    def _owner_of(self, request: SendRequest) -> str:
        """Whose message it is."""
        if not self._apart:
            return self._handed_to
        with self._store.reading() as reader:
            row = reader.message(request.key)
            return reader.customers_by_number([row.customer])[0].id if row is not None else ""

    def _accepts(self, request: SendRequest) -> None:
        owner, at = self._owner_of(request), self.now
        self.accepted.append(
            Sent(
                owner, request.message.name, request.message.kind, request.channel, request.key, at,
                self.local(owner, at),
                self.mirror.case_is_open(owner),
                self.mirror.consents(owner, request.message.kind, request.channel),
                request.message.subject, request.message.text, request.message.wording,
            )
        )  # fmt: skip
        for state in self._stand_ins[request.channel].next_receipts():
            self._receipts.append(Receipt(request.key, state, id=f"{request.key}-{state}", at=at))

    def local(self, customer: str, at: datetime) -> datetime:
        """An instant on the customer's own clock; in UTC where no zone of theirs is known."""
        return at.astimezone(zone(self.mirror.zones.get(customer, "UTC")))

    # Looking.

    def why(self, person: Person | str, name: str) -> Why:
        """Why a customer did or did not get a message, or why a rule did or did not start (S10). Raises UnknownName."""
        identity = _id(person)
        self.noticed(identity, name)
        return self._do(lambda engine: engine.why(identity, name))

    def where(self, person: Person | str) -> list[RunView]:
        """The live runs of a customer, in the order they started."""
        identity = _id(person)
        self.noticed(identity)
        return [run for run in self.view(identity).runs if run.live]

    def timeline(self, person: Person | str) -> str:
        """What happened to a customer, line by line, and what is planned; on their own clock."""
        self.noticed(_id(person))
        return text(self.view(_id(person)))

    def view(self, customer: str) -> CustomerView:
        """A customer as `Engine.customer` gives them."""
        return self._do(lambda engine: engine.customer(customer))

    def noticed(self, customer: str, name: str = "") -> None:
        """A test asks about this customer, and this message or rule: a failure's report will tell of them."""
        asked = self._touched.setdefault(customer, [])
        if name and name not in asked:
            asked.append(name)

    @property
    def touched(self) -> Mapping[str, Sequence[str]]:
        """What a test asked about so far: messages and rules by customer."""
        return self._touched

    @property
    def story(self) -> list[str]:
        """Everything that was done in this world, as lines of a test."""
        return [words for words, _ in self._script]

    def assert_nobody_is_stuck(self) -> None:
        """Fail where anything stands that nothing will ever move: what is overdue, parked, or in flight."""
        found = [f"{customer}: {what}" for customer in self.people for what in stuck(self.view(customer), self.now)]
        if found:
            raise AssertionError("somebody is stuck:\n  " + "\n  ".join(found))

    # Other worlds.

    def fork(self) -> "World":
        """Another world in which the same was done."""
        other = World(self._settings.journeys, **self._settings.options())
        for _, again in self._script:
            again(other)
        return other

    def for_each_crash_point(self, story: Callable[["World"], object]) -> Iterator["World"]:
        """Play a story in worlds like this one, each killed at another point, and restarted.

        The points lie before and after every commit, and before and after every call of an adapter. An act that had not
        returned is repeated with the same id, as a host would.

        Args:
            story: what happens; given the world it happens in.

        Returns:
            each world after its story, with its `point`.
        """
        with self.fork() as unharmed:
            unharmed.apart()
            unharmed.faults.points.clear()
            story(unharmed)
            count = len(unharmed.faults.points)
        for number in range(count):
            with self.fork() as world:
                world.apart()
                world.faults.points.clear()
                world.faults.at = number
                story(world)
                world.point = world.faults.crashed
                yield world

    def random_lives(
        self, seed: int, *, customers: int = 3, acts: int = 40, tail: timedelta = timedelta(days=60)
    ) -> list[Sent]:
        """Let customers live at random; see `touchpoint.testing.lives`."""
        from touchpoint.testing.lives import random_lives

        return random_lives(self, seed, customers, acts, tail)


def _nothing(_: CallRequest) -> None: ...


def _id(person: Person | str) -> str:
    return person if isinstance(person, str) else person.id
