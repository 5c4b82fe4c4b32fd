"""Acts of a story as data: each can be done in a world, and written as a line of a test."""

import keyword
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import attrs

if TYPE_CHECKING:
    from touchpoint.testing.world import World


@attrs.frozen
class Call:
    """A call in the vocabulary of a world: of a method of the customer, or of the world where `customer` is None."""

    customer: str | None
    method: str
    given: tuple[object, ...] = ()
    named: Mapping[str, object] = attrs.Factory(dict)


@attrs.frozen
class Act:
    """One act of a story: a method of the world, or of the customer where the act has one."""

    method: ClassVar[str]

    def call(self) -> Call:
        """What it does, as a call: the first field is given as it is, the others by name where they say anything."""
        values = {each.name: getattr(self, each.name) for each in attrs.fields(type(self))}
        customer = values.pop("customer", None)
        first, *others = values
        return Call(customer, self.method, (values[first],), {name: values[name] for name in others if values[name]})

    def apply(self, world: "World") -> object:
        """Do it in a world."""
        call = self.call()
        target = world if call.customer is None else world[call.customer]
        return getattr(target, call.method)(*call.given, **call.named)

    @property
    def words(self) -> str:
        """It as a line of a test."""
        call = self.call()
        parts = [*map(_shown, call.given), *(_named(name, value) for name, value in call.named.items())]
        who = "world" if call.customer is None else f"world[{call.customer!r}]"
        return f"{who}.{call.method}({', '.join(parts)})"


def _named(name: str, value: object) -> str:
    # Any text may name a property, but not every one can stand before a "=".
    plain = name.isidentifier() and not keyword.iskeyword(name)
    return f"{name}={_shown(value)}" if plain else f"**{{{name!r}: {_shown(value)}}}"


def _shown(value: object) -> str:
    # A set comes in an order that differs from process to process.
    return f"{{{', '.join(map(repr, sorted(value)))}}}" if isinstance(value, frozenset) else repr(value)


@attrs.frozen
class Arrives(Act):
    """A customer appears, with the arguments of `World.customer`."""

    method: ClassVar[str] = "customer"
    customer: str
    timezone: str | tuple[str, ...] | None = None
    addresses: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    traits: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    locale: str | None = None
    consents: frozenset[tuple[str, str]] = frozenset()

    def call(self) -> Call:
        """`world.customer(…)`."""
        named = {each.name: getattr(self, each.name) for each in attrs.fields(Arrives)[1:]}
        return Call(None, self.method, (self.customer,), {name: value for name, value in named.items() if value})


@attrs.frozen
class Does(Act):
    """A touchpoint of a customer; `at` is aware, None means now."""

    method: ClassVar[str] = "does"
    customer: str
    type: str
    properties: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    at: datetime | None = None

    def call(self) -> Call:
        """`world["ann"].does(…)`."""
        when = {} if self.at is None else {"at": self.at}
        return Call(self.customer, self.method, (self.type,), when | dict(self.properties))


@attrs.frozen
class Replies(Act):
    """A customer writes back on a channel."""

    method: ClassVar[str] = "replies"
    customer: str
    text: str = attrs.field(repr=False)
    via: str


@attrs.frozen
class Clicks(Act):
    """A customer follows a link in the latest message of this name. Applying it to one they never got is an error."""

    method: ClassVar[str] = "clicks"
    customer: str
    message: str


@attrs.frozen
class Opens(Clicks):
    """A customer opens the latest message of this name. Applying it to one they never got is an error."""

    method: ClassVar[str] = "opens"


@attrs.frozen
class OpensCase(Act):
    """A case is opened."""

    method: ClassVar[str] = "opens_case"
    customer: str
    case: str
    ref: str


@attrs.frozen
class ClosesCase(OpensCase):
    """A case is closed."""

    method: ClassVar[str] = "closes_case"


@attrs.frozen
class GetsAnswer(OpensCase):
    """Somebody answers a customer about a case."""

    method: ClassVar[str] = "gets_answer"


@attrs.frozen
class Grants(Act):
    """A customer agrees to messages of a kind on a channel."""

    method: ClassVar[str] = "grants"
    customer: str
    purpose: str
    via: str


@attrs.frozen
class Withdraws(Grants):
    """A customer takes consent back."""

    method: ClassVar[str] = "withdraws"


@attrs.frozen
class Refers(Act):
    """A customer brings another, who is in the world."""

    method: ClassVar[str] = "refers"
    customer: str
    friend: str

    def call(self) -> Call:
        """`world["ann"].refers("bob")`."""
        return Call(self.customer, self.method, (self.friend,))


@attrs.frozen
class Changes(Act):
    """A customer has other traits, or lives elsewhere."""

    method: ClassVar[str] = "changes"
    customer: str
    traits: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    timezone: str | tuple[str, ...] | None = None

    def call(self) -> Call:
        """`world["ann"].changes(…)`."""
        given = {"traits": self.traits, "timezone": self.timezone}
        return Call(self.customer, self.method, (), {name: value for name, value in given.items() if value})


@attrs.frozen
class Passes(Act):
    """Time passes."""

    method: ClassVar[str] = "advance"
    by: timedelta


@attrs.frozen
class Until(Act):
    """Time passes until an instant; aware."""

    method: ClassVar[str] = "until"
    at: datetime


@attrs.frozen
class Crashes(Act):
    """The process dies, and starts again on what was committed."""

    method: ClassVar[str] = "crash_and_restart"

    def call(self) -> Call:
        """`world.crash_and_restart()`."""
        return Call(None, self.method)


def play(story: Iterable[Act], world: "World") -> None:
    """Do the acts of a story in a world."""
    for act in story:
        act.apply(world)
