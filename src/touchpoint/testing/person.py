"""One customer of a test world: what they do, and what they got."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from keyword import iskeyword
from typing import TYPE_CHECKING, Self

import attrs

from touchpoint.channels.inbound import Clicked, Receipt, Replied
from touchpoint.engine.engine import Engine
from touchpoint.engine.suggestion_desk import SuggestionDesk
from touchpoint.engine.view import CustomerView, MessageView
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.case import Case, Severity
from touchpoint.model.names import type_of
from touchpoint.model.suggested import Suggested

_MANY = 1_000

if TYPE_CHECKING:
    from touchpoint.testing.world import World


def arguments(given: Mapping[str, object]) -> list[str]:
    """Arguments by name as they stand in a call; what is no Python name is in one mapping at the end."""
    named = [f"{name}={value!r}" for name, value in given.items() if _is_name(name)]
    others = {name: value for name, value in given.items() if not _is_name(name)}
    return [*named, f"**{others!r}"] if others else named


def _is_name(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


class StageName(str):
    """The name of a stage. Comparing it with one that its journey does not have is an error, not False."""

    __slots__ = ("known",)
    known: tuple[str, ...]

    def __new__(cls, name: str, known: Sequence[str]) -> Self:
        """The name, and all that the journey has."""
        made = super().__new__(cls, name)
        made.known = tuple(known)
        return made

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        if isinstance(other, str) and str(other) not in self.known:
            raise UnknownName("stage", str(other), self.known)
        return str.__eq__(self, other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)


class SegmentNames(frozenset[str]):
    """The segments somebody is in. Asking about one that no journey has is an error, not False."""

    known: frozenset[str]

    def __new__(cls, names: Iterable[str], known: Iterable[str]) -> Self:
        """Those they are in, and all that there are."""
        made = super().__new__(cls, names)
        made.known = frozenset(known)
        return made

    def _check(self, names: Iterable[object]) -> None:
        __tracebackhide__ = True
        for name in names:
            if name not in self.known:
                raise UnknownName("segment", str(name), sorted(self.known))

    def __contains__(self, name: object) -> bool:
        __tracebackhide__ = True
        self._check([name])
        return super().__contains__(name)

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        if isinstance(other, set | frozenset):
            self._check(other)
        return frozenset.__eq__(self, other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = frozenset.__hash__

    def __repr__(self) -> str:
        return repr(set(self)) if self else "set()"


class Inbox(list[tuple[str, str]]):
    """(message, channel) pairs. Comparing them with a message that no journey has is an error, not False."""

    def __init__(self, pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> None:
        super().__init__(pairs)
        self._known = tuple(known)

    def _check(self, pair: object) -> None:
        __tracebackhide__ = True
        if isinstance(pair, tuple) and pair and pair[0] not in self._known:
            raise UnknownName("message", str(pair[0]), self._known)

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        if isinstance(other, list):
            for pair in other:
                self._check(pair)
        return list.__eq__(self, other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __contains__(self, pair: object) -> bool:
        self._check(pair)
        return super().__contains__(pair)

    def count(self, pair: tuple[str, str]) -> int:
        """How often this one arrived."""
        self._check(pair)
        return super().count(pair)

    __hash__ = None


@attrs.frozen(kw_only=True)
class Got:
    """One message to a customer, and what became of it.

    Args:
        customer: the customer's id.
        name, kind: of the message.
        via: the channel; None before its first release.
        at: when it was released, aware UTC; None if it never was.
        local: the same on the customer's own clock (UTC where no zone is known).
        status: waiting, in_flight, sent, withdrawn, denied, expired, failed or unknown.
        because: every reason that stood in its way, in words, oldest first.
        subject, text: the words as they went out; None if they did not.
        key: its idempotency key.
        wording: which of the message's wordings went out; None for its own content, and if none did.
    """

    customer: str
    name: str
    kind: str
    via: str | None
    at: datetime | None
    local: datetime | None
    status: str
    because: tuple[str, ...] = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    text: str | None = attrs.field(default=None, repr=False)
    key: str = attrs.field(default="", repr=False)
    wording: str | None = None


class Person:
    """A customer in a world. Acts settle at once, and give the person back, so that they can be chained."""

    def __init__(self, world: "World", identity: str) -> None:
        self._world = world
        self.id = identity

    def __repr__(self) -> str:
        return f"<customer {self.id!r}>"

    # What they do.

    def does(self, type: str | type, /, *, at: datetime | None = None, **properties: object) -> Self:
        """Record a touchpoint; everything but `at` is a property.

        Raises:
            UnknownName: no journey of the world knows this type.
        """
        __tracebackhide__ = True
        name = type_of(type)
        world = self._world
        if name not in world.known.may_happen:
            world.check("touchpoint type", name, world.types)
        identity = world.next_id(self.id)
        given = ({} if at is None else {"at": at}) | properties
        world.act(
            f"world[{self.id!r}].does({', '.join([repr(name), *arguments(given)])})",
            lambda engine: engine.record(self.id, name, properties, id=identity, at=at),
            again=lambda other: other[self.id].does(name, at=at, **properties),
        )
        return self

    def replies(self, text: str, *, via: str) -> Self:
        """Write back on a channel: a `replied` touchpoint, and an opt-out where it says STOP and nothing else."""
        __tracebackhide__ = True
        world = self._world
        world.check("channel", via, world.channels)
        identity = world.next_id(self.id)
        latest = next((each for each in reversed(world.accepted) if each.via == via and each.customer == self.id), None)
        about = None if latest is None else latest.key
        world.mirror.replied(self.id, via, text)
        world.act(
            f"world[{self.id!r}].replies({text!r}, via={via!r})",
            lambda engine: engine.apply(Replied(self.id, via, text, about=about, id=identity)),
            again=lambda other: other[self.id].replies(text, via=via),
        )
        return self

    def clicks(self, message: str, link: str = "") -> Self:
        """Follow a link in the latest message of this name. Raises InvalidInput if they never got one."""
        world = self._world
        found = self.received(message)
        if found is None:
            raise InvalidInput(f"{self.id} has no message {message!r} to click on: it was never accepted")
        key, identity = found.key, world.next_id(self.id)
        world.act(
            f"world[{self.id!r}].clicks({message!r}{f', {link!r}' if link else ''})",
            lambda engine: engine.apply(Clicked(key, link, id=identity)),
            again=lambda other: other[self.id].clicks(message, link),
        )
        return self

    def opens(self, message: str, *, machine: bool = False) -> Self:
        """Open the latest message of this name; `machine`: their mail service does, before they look.

        Raises:
            InvalidInput: they never got one.
        """
        world = self._world
        found = self.received(message)
        if found is None:
            raise InvalidInput(f"{self.id} has no message {message!r} to open: it was never accepted")
        key, identity = found.key, world.next_id(self.id)
        world.act(
            f"world[{self.id!r}].opens({message!r}{', machine=True' if machine else ''})",
            lambda engine: engine.apply(Receipt(key, "opened", id=identity, machine=machine)),
            again=lambda other: other[self.id].opens(message, machine=machine),
        )
        return self

    def opens_case(
        self, case: str, *, ref: str, severity: Severity | None = None, owner: str | None = None
    ) -> Self:  # fmt: skip
        """Open a case. Raises UnknownName for a case type no journey declares, and for no severity."""
        __tracebackhide__ = True
        said = {"severity": severity, "owner": owner}
        return self._case("opens_case", case, ref, self._world.mirror.opened, Engine.open_case, **said)

    def closes_case(self, case: str, *, ref: str) -> Self:
        """Close a case. Raises UnknownName for a case type no journey declares."""
        __tracebackhide__ = True
        return self._case("closes_case", case, ref, self._world.mirror.closed, Engine.close_case)

    def gets_answer(self, case: str, *, ref: str) -> Self:
        """Be answered about a case by somebody, as by telephone. Raises UnknownName as `opens_case` does."""
        __tracebackhide__ = True
        world = self._world
        closes = any(each.answer_closes for held in world.journeys for each in held.cases if each.name == case)
        return self._case("gets_answer", case, ref, world.mirror.closed if closes else _unnoted, Engine.answer_case)

    def reopens_case(self, case: str, *, ref: str) -> Self:
        """Have a closed case opened again. Raises UnknownName as `opens_case` does."""
        __tracebackhide__ = True
        return self._case("reopens_case", case, ref, self._world.mirror.opened, _reopen)

    def _case(
        self, verb: str, case: str, ref: str, noted: Callable[[str, str, str], object], act: Callable[..., object],
        **said: object,
    ) -> Self:  # fmt: skip
        __tracebackhide__ = True
        world = self._world
        more = {name: value for name, value in said.items() if value is not None}
        words = "".join(f", {name}={value!r}" for name, value in more.items())
        world.check("case type", case, world.cases)
        noted(self.id, case, ref)
        world.act(
            f"world[{self.id!r}].{verb}({case!r}, ref={ref!r}{words})",
            lambda engine: act(engine, self.id, case, ref=ref, **more),
            again=lambda other: getattr(other[self.id], verb)(case, ref=ref, **more),
        )
        return self

    def refers(self, friend: "Person | str") -> Self:
        """Bring a friend, who is in the world already: `Engine.refer`.

        Raises:
            UnknownName: no such customer in this world.
            ReferralRefused: nobody refers themselves, not even by way of others.
        """
        __tracebackhide__ = True
        name = friend.id if isinstance(friend, Person) else friend
        other = self._world[name]
        self._world.act(
            f"world[{self.id!r}].refers({name!r})",
            lambda engine: engine.refer(by=self.id, customer=other.id),
            again=lambda world: world[self.id].refers(name),
        )
        return self

    def offered(self, place: str, n: int = 1) -> list[Suggested]:
        """What they are offered where they are now, best first: `Engine.suggest`. Raises UnknownName for a place."""
        __tracebackhide__ = True
        world = self._world
        world.check("place", place, world.known.places)
        world.noticed(self.id)
        return world.engine.suggest(self.id, place, n)

    def sees(self, place: str, suggestion: str | None = None) -> Self:
        """Be shown a suggestion where they are: of this name, else the best one.

        Raises:
            InvalidInput: they are not offered it now.
        """
        __tracebackhide__ = True
        return self._answers("sees", SuggestionDesk.shown, place, suggestion)

    def accepts(self, place: str, suggestion: str | None = None) -> Self:
        """Take up a suggestion; as `sees`."""
        __tracebackhide__ = True
        return self._answers("accepts", SuggestionDesk.accepted, place, suggestion)

    def declines(self, place: str, suggestion: str | None = None) -> Self:
        """Not want a suggestion; as `sees`."""
        __tracebackhide__ = True
        return self._answers("declines", SuggestionDesk.declined, place, suggestion)

    def _answers(self, verb: str, act: Callable[..., object], place: str, suggestion: str | None) -> Self:
        __tracebackhide__ = True
        found = self.offered(place, _MANY)
        chosen = next((each for each in found if suggestion in (None, each.name)), None)
        if chosen is None:
            raise InvalidInput(
                f"{self.id} is offered no {suggestion or 'suggestion'} at {place} now; ask why_suggested()"
            )
        said = arguments({} if suggestion is None else {"suggestion": suggestion})
        self._world.act(
            f"world[{self.id!r}].{verb}({', '.join([repr(place), *said])})",
            lambda engine: act(engine.suggestions, self.id, chosen.id),
            again=lambda other: getattr(other[self.id], verb)(place, suggestion),
        )
        return self

    def wishes(self, topic: str) -> Self:
        """Wish for something: `Engine.wish`. Raises InvalidInput for a topic that is no text of 1 to 200 characters."""
        __tracebackhide__ = True
        identity = self._world.next_id(self.id)
        self._world.act(
            f"world[{self.id!r}].wishes({topic!r})",
            lambda engine: engine.wish(self.id, topic, id=identity),
            again=lambda world: world[self.id].wishes(topic),
        )
        return self

    def moves_to(self, timezone: str | Sequence[str]) -> Self:
        """Live in another time zone from now on."""
        return self.changes(timezone=timezone)

    def changes(
        self,
        *,
        traits: Mapping[str, object] | None = None,
        addresses: Mapping[str, str | Sequence[str]] | None = None,
        timezone: str | Sequence[str] | None = None,
        locale: str | None = None,
    ) -> Self:
        """Tell the engine who they are, as `Engine.identify` does; what is not given stays as it is."""
        given = {"traits": traits, "addresses": addresses, "timezone": timezone, "locale": locale}
        said = {name: value for name, value in given.items() if value is not None}
        self._world.mirror.lives_in(self.id, timezone)
        self._world.mirror.reached_at(self.id, addresses)
        self._world.act(
            f"world[{self.id!r}].changes({', '.join(arguments(said))})",
            lambda engine: engine.identify(self.id, **said),  # type: ignore[arg-type]  # by name
            again=lambda other: other[self.id].changes(**said),  # type: ignore[arg-type]  # likewise
        )
        return self

    def grants(self, purpose: str, *, via: str = "*") -> Self:
        """Agree to messages of a kind or topic, on a channel. Raises UnknownName for a channel that is not there."""
        return self._says("grants", purpose, via, Engine.grant, granted=True)

    def withdraws(self, purpose: str = "*", *, via: str = "*") -> Self:
        """Take consent back, for a kind or topic, on a channel. Raises UnknownName for a channel that is not there."""
        return self._says("withdraws", purpose, via, Engine.withdraw, granted=False)

    def _says(self, verb: str, purpose: str, via: str, act: Callable[..., object], *, granted: bool) -> Self:
        __tracebackhide__ = True
        world, at = self._world, self._world.now
        world.check_channel(via)
        world.mirror.said(self.id, purpose, via, granted=granted)
        world.act(
            f"world[{self.id!r}].{verb}({purpose!r}, via={via!r})",
            lambda engine: act(engine, self.id, purpose, channel=via, at=at),
            again=lambda other: getattr(other[self.id], verb)(purpose, via=via),
        )
        return self

    # What they got.

    def received(self, message: str) -> Got | None:
        """The latest message of this name that a channel accepted, or None. Raises UnknownName."""
        __tracebackhide__ = True
        return next(iter(self.sent(message)[-1:]), None)

    def last(self, message: str) -> Got | None:
        """The latest message of this name whatever became of it, or None. Raises UnknownName."""
        __tracebackhide__ = True
        self._asked(message)
        return next((self._got(each) for each in reversed(self.view.messages) if each.name == message), None)

    def sent(self, message: str) -> list[Got]:
        """Every message of this name that a channel accepted, oldest first. Raises UnknownName."""
        __tracebackhide__ = True
        self._asked(message)
        views = {each.key: each for each in self.view.messages}
        own = [each.key for each in self._world.accepted if each.customer == self.id and each.name == message]
        return [self._got(views[key]) for key in own if key in views]

    @property
    def inbox(self) -> Inbox:
        """(message, channel) of everything that channels accepted, in order."""
        world = self._world
        world.noticed(self.id)
        pairs = [(each.name, each.via) for each in world.accepted if each.customer == self.id]
        return Inbox(pairs, world.messages)

    def stage(self, journey: str) -> StageName | None:
        """The current stage in a journey; None before the first. Raises UnknownName."""
        __tracebackhide__ = True
        world = self._world
        world.noticed(self.id)
        world.check("journey", journey, world.stages)
        found = self.view.stages.get(journey)
        return None if found is None else StageName(found, world.stages[journey])

    @property
    def segments(self) -> SegmentNames:
        """The names of the segments they are in now; with the journey, as in `shop/vip`, where several have one."""
        world = self._world
        world.noticed(self.id)
        return SegmentNames((world.segments[name] for name in self.view.segments), world.segments.values())

    def cases(self, *, open: bool | None = None) -> list[Case]:
        """Cases in the order they were opened; only open or only closed ones if asked."""
        self._world.noticed(self.id)
        return self.view.cases(open=open)

    @property
    def view(self) -> CustomerView:
        """The customer as `Engine.customer` gives them."""
        return self._world.view(self.id)

    def _asked(self, message: str) -> None:
        self._world.check("message", message, self._world.messages)
        self._world.noticed(self.id, message)

    def _got(self, view: MessageView) -> Got:
        words = next((each for each in self._world.accepted if each.key == view.key), None)
        return Got(
            customer=self.id, name=view.name, kind=view.kind, via=view.via, at=view.at,
            local=None if view.at is None else self._world.local(self.id, view.at),
            status=view.status, because=view.because, key=view.key,
            subject=None if words is None else words.subject, text=None if words is None else words.text,
            wording=None if words is None else words.wording,
        )  # fmt: skip


def _reopen(engine: Engine, customer: str, case: str, *, ref: str) -> bool:
    return engine.cases.reopen(customer, case, ref=ref)


def _unnoted(*_: str) -> None:
    """What nobody else need know of."""
