"""A walk through journeys: what one customer would receive over time, in words, and what was held back and why.

Would you take your mother through it? A persona is who walks: a customer and a few acts, from a small JSON file. What
happens is decided by the engine that runs in production; only clock and channels are stand-ins.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import attrs

from touchpoint.channels.base import ADDRESS_KINDS, default_address_kind
from touchpoint.durations import instant
from touchpoint.errors import InvalidInput, Problem, TouchpointError, UnknownName, hint
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.stores.base import MessageRow
from touchpoint.stores.codec import loads
from touchpoint.testing.person import Person
from touchpoint.testing.vocabulary import OWN_TYPES, Vocabulary
from touchpoint.testing.world import MONDAY, USUAL, World
from touchpoint.zones import zone

What: TypeAlias = Literal[
    "act", "sent", "deferred", "deny", "waiting", "withdrawn", "denied", "expired", "failed", "unknown"
]
KINDS: Final = ("transactional", "service", "marketing", "feedback", "gift")
_UNITS: Final = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_LENGTH: Final = re.compile(r"(?:\d+(?:\.\d+)?[wdhms])+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
_ACTS: Final[Mapping[str, tuple[str, ...]]] = {  # what an act does → what else it must say, and what it may
    "does": ("properties?",), "replies": ("via",), "clicks": ("link?",), "opens": (), "opens_case": ("ref?",),
    "closes_case": ("ref?",), "gets_answer": ("ref?",), "moves_to": (), "grants": ("via?",), "withdraws": ("via?",),
    "refers": (), "friend_does": ("friend", "properties?"),
}  # fmt: skip
_FIELDS: Final = ("customer", "timezone", "locale", "addresses", "traits", "consents", "at", "acts")
_ENDS: Final = ("withdrawn", "denied", "expired", "failed", "unknown")


@attrs.frozen
class Act:
    """Something a persona does.

    Args:
        after: how long after the act before it, or after the beginning.
        verb: does, replies, clicks, opens, opens_case, closes_case, gets_answer, moves_to, grants, withdraws, refers
            or friend_does.
        what: the touchpoint type, text, message, case type, zone, kind of message, or friend.
        more: what else belongs to it.
    """

    after: timedelta
    verb: str
    what: str = attrs.field(repr=False)
    more: Mapping[str, Any] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class Persona:
    """Who walks, and what they do.

    Args:
        customer: their id.
        at: when it begins, aware.
        given: further arguments of `World.customer`.
        acts: in order.
    """

    customer: str = attrs.field(repr=False)
    at: datetime
    given: Mapping[str, Any] = attrs.field(repr=False)
    acts: tuple[Act, ...]


@attrs.frozen
class Step:
    """One thing on the way.

    Args:
        at: when; aware, on the customer's own clock (UTC where no zone is known).
        zone: the name of that clock's zone.
        what: an act of the customer; a message sent, deferred, or turned away on a channel (deny); the end of a message
            that was not sent; or one that is still waiting.
        name: of the message, or the act in words.
        kind, purpose: of the message.
        channel: it was about, where it was about one.
        subject, text: as they went out.
        because: the reason, in words.
    """

    at: datetime
    zone: str
    what: What
    name: str
    kind: str = ""
    purpose: str = ""
    channel: str | None = None
    subject: str | None = attrs.field(default=None, repr=False)
    text: str | None = attrs.field(default=None, repr=False)
    because: str = ""


@attrs.frozen
class Walk:
    """What came of it: `steps` in the order they happened, up to `until` (aware UTC)."""

    persona: Persona
    until: datetime
    steps: tuple[Step, ...]


# Who walks.


def read_persona(record: object, journeys: Sequence[Journey]) -> Persona:
    """A persona from what its JSON file holds.

    `{"customer": "…", "timezone": "…", "locale": "…", "addresses": {…}, "traits": {…}, "consents": [["marketing",
    "email"], …], "at": "2026-03-04T18:00:00-05:00", "acts": [{"after": "2d", "does": "order", "properties": {…}}, …]}`

    Args:
        record: the file's content, parsed.
        journeys: whose touchpoint types, messages and case types the acts may name.

    Raises:
        InvalidInput: with every problem, the path to it, and what was probably meant. Never a value of the person's.
    """
    messages = [message for journey in journeys for message in journey.messages.values()]
    topics = [message.topic for message in messages if message.topic]
    reader = _Reader(Vocabulary(journeys), ("*", *KINDS, *(each.effective_kind for each in messages), *topics))
    persona = reader.persona(record)
    if reader.problems:
        raise InvalidInput("\n  - ".join(["the persona cannot be used:", *map(str, reader.problems)]))
    return persona


class _Reader:
    def __init__(self, known: Vocabulary, purposes: Iterable[str]) -> None:
        self._known = known
        self._purposes = tuple(dict.fromkeys(purposes))
        self.problems: list[Problem] = []

    def persona(self, record: object) -> Persona:
        """What can be read of it; `problems` tells the rest."""
        fields = self._mapping("$", record)
        self._names("$", fields, _FIELDS)
        text = {name: self._text(f"$.{name}", fields.get(name)) for name in ("customer", "locale")}
        if "customer" not in fields:
            self._problem("$.customer", "is missing", 'give the customer an id, such as "ann"')
        zones = self._zones(fields.get("timezone"))
        given = {
            "timezone": zones, "locale": text["locale"], "addresses": self._addresses(fields.get("addresses")),
            "traits": self._mapping("$.traits", fields.get("traits", {})),
            "consents": self._consents(fields.get("consents", [])),
        }  # fmt: skip
        acts = self._list("$.acts", fields.get("acts", []))
        return Persona(
            text["customer"] or "", self._instant(fields.get("at")),
            {name: each for name, each in given.items() if each},
            tuple(self._act(f"$.acts[{n}]", each) for n, each in enumerate(acts)),
        )  # fmt: skip

    def _problem(self, path: str, message: str, fix: str = "") -> None:
        self.problems.append(Problem(path, message, fix))

    def _mapping(self, path: str, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._problem(path, f"is an object, not {_kind(value)}")
        return {}

    def _list(self, path: str, value: object) -> list[Any]:
        if isinstance(value, list):
            return value
        self._problem(path, f"is a list, not {_kind(value)}")
        return []

    def _text(self, path: str, value: object) -> str | None:
        if value is None or (isinstance(value, str) and value):
            return value
        self._problem(path, f"is a text, not {_kind(value)}")
        return None

    def _names(self, path: str, fields: Mapping[str, object], known: Iterable[str]) -> None:
        for name in fields:
            if name not in known:
                self._problem(f"{path}.{name}", f"is no field here{hint(name, known)}")

    def _zones(self, value: object) -> str | list[str] | None:
        found = value if isinstance(value, list) else [value]
        for n, each in enumerate(found):
            path = f"$.timezone[{n}]" if isinstance(value, list) else "$.timezone"
            if (name := self._text(path, each)) is not None:
                self._zone(path, name)
        return value if isinstance(value, str | list) else None

    def _zone(self, path: str, name: str) -> None:
        try:
            zone(name)
        except UnknownName as error:
            self._problem(path, str(error))

    def _addresses(self, value: object) -> dict[str, Any]:
        fields = {} if value is None else self._mapping("$.addresses", value)
        kinds = {*ADDRESS_KINDS.values(), *map(default_address_kind, self._known.channels)}
        for kind, each in fields.items():
            self._known_name(f"$.addresses.{kind}", "kind of address", kinds, kind)
            for one in each if isinstance(each, list) else [each]:
                self._text(f"$.addresses.{kind}", one)
        return fields

    def _consents(self, value: object) -> list[tuple[str, str]]:
        pairs = self._list("$.consents", value)
        for n, each in enumerate(pairs):
            if not (isinstance(each, list) and len(each) == 2 and all(isinstance(one, str) for one in each)):
                self._problem(f"$.consents[{n}]", "is a kind of message and a channel", 'as in ["marketing", "email"]')
                continue
            self._known_name(f"$.consents[{n}][0]", "kind or topic of message", self._purposes, each[0])
            self._known_name(f"$.consents[{n}][1]", "channel", (*USUAL, *self._known.channels, "*"), each[1])
        return [(each[0], each[1]) for each in pairs if isinstance(each, list) and len(each) == 2]

    def _instant(self, value: object) -> datetime:
        text = self._text("$.at", value)
        if text is None:
            return MONDAY
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self._problem("$.at", "is an instant in ISO 8601", "as in 2026-03-04T18:00:00-05:00")
            return MONDAY
        if at.tzinfo is None:
            self._problem("$.at", "has no time zone", "end it with Z for UTC, or with an offset such as -05:00")
            return MONDAY
        return at

    def _act(self, path: str, value: object) -> Act:
        fields = self._mapping(path, value)
        verbs = [name for name in fields if name in _ACTS]
        if len(verbs) != 1:
            wrong = [f"{name}{hint(name, _ACTS)}" for name in fields if name not in ("after", *_ACTS, *_OTHERS)]
            said = "says more than one thing to do" if verbs else f"says nothing to do{': ' if wrong else ''}"
            self._problem(path, said + "; ".join(wrong), f"one of {', '.join(_ACTS)}")
            return Act(timedelta(0), "", "")
        verb = verbs[0]
        more = {each.rstrip("?"): fields.get(each.rstrip("?")) for each in _ACTS[verb]}
        self._names(path, fields, ("after", verb, *more))
        for needed, fix in _NEEDED.items():
            if needed in _ACTS[verb] and not fields.get(needed):
                self._problem(f"{path}.{needed}", "is missing", fix)
        what = self._text(f"{path}.{verb}", fields[verb]) or ""
        self._check(path, verb, what, more)
        return Act(self._after(f"{path}.after", fields.get("after")), verb, what, {k: v for k, v in more.items() if v})

    def _check(self, path: str, verb: str, what: str, more: Mapping[str, Any]) -> None:
        """Whether an act names what the journeys know."""
        known: Mapping[str, tuple[str, Iterable[str]]] = {
            "does": ("touchpoint type", (*self._known.types, *OWN_TYPES)),
            "friend_does": ("touchpoint type", (*self._known.types, *OWN_TYPES)),
            "clicks": ("message", self._known.messages),
            "opens": ("message", self._known.messages),
            "opens_case": ("case type", self._known.cases),
            "closes_case": ("case type", self._known.cases),
            "gets_answer": ("case type", self._known.cases),
        }
        if verb in known and what:
            self._known_name(f"{path}.{verb}", *known[verb], what)
        if verb == "moves_to" and what:
            self._zone(f"{path}.{verb}", what)
        for name in ("via", "ref", "link", "friend"):
            self._text(f"{path}.{name}", more.get(name))
        if verb == "replies" and isinstance(via := more.get("via"), str):
            self._known_name(f"{path}.via", "channel", (*USUAL, *self._known.channels), via)
        if more.get("properties") is not None:
            self._mapping(f"{path}.properties", more["properties"])

    def _known_name(self, path: str, what: str, known: Iterable[str], name: str) -> None:
        if name not in (names := tuple(known)):
            self._problem(path, str(UnknownName(what, name, names)))

    def _after(self, path: str, value: object) -> timedelta:
        if value is None:
            return timedelta(0)
        if not (isinstance(value, str) and _LENGTH.fullmatch(value)):
            self._problem(path, "is a length of time", "as in 2d, 3h, 1d12h or 90m (w, d, h, m, s)")
            return timedelta(0)
        return timedelta(**_lengths(value))


_OTHERS: Final = ("properties", "via", "ref", "link", "friend")
_NEEDED: Final[Mapping[str, str]] = {
    "via": "name the channel that they write on", "friend": "name a friend whom they have referred",
}  # fmt: skip


def _lengths(value: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for n, unit in _PART.findall(value):
        found[_UNITS[unit]] = found.get(_UNITS[unit], 0) + float(n)
    return found


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return "an empty text" if value == "" else kinds.get(type(value), "a number")


# The walk.


def walk(
    journeys: Iterable[Journey], persona: Persona, *, policy: Policy | None = None, until: datetime | None = None
) -> Walk:
    """Take a persona through journeys.

    Args:
        journeys: at work together.
        persona: who, and what they do.
        policy: of the house.
        until: how far to go, aware; unless given until nothing falls due any more, at most 400 days after the last act.

    Raises:
        InvalidInput: an act is not possible, such as a click in a message that never came; it says which.
        JourneyError: journeys that contradict each other.
    """
    if until is not None and (until.tzinfo is None or until < persona.at):
        raise InvalidInput("until= is an aware instant after the persona's beginning: at")
    with World(journeys, policy=policy, at=persona.at) as world:
        walker = _Walker(world, persona)
        walker.go(until)
        return Walk(persona, world.now, tuple(walker.told()))


class _Walker:
    def __init__(self, world: World, persona: Persona) -> None:
        self._world, self._persona = world, persona
        self._zones: list[tuple[datetime, str]] = []
        self._acts: list[tuple[datetime, str]] = []
        self._friends: dict[str, Person] = {}

    def go(self, until: datetime | None) -> None:
        """Do what the persona does, as far as it goes."""
        world = self._world
        person = world.customer(self._persona.customer, **self._persona.given)
        zones = person.view.zones
        self._zones.append((world.now, zones[0] if zones else "UTC"))
        for n, act in enumerate(self._persona.acts):
            at = world.now + act.after
            if until is not None and at > until:
                break
            world.until(at)
            self._acts.append((at, _told(act)))
            try:
                self._do(person, act)
            except TouchpointError as error:
                raise InvalidInput(f"$.acts[{n}]: {error}") from error
            if act.verb == "moves_to":
                self._zones.append((at, act.what))
        if until is None:
            world.run_out()
        else:
            world.until(until)

    def _do(self, person: Person, act: Act) -> None:
        if act.verb == "refers":
            person.refers(self._friends.setdefault(act.what, self._world.customer(act.what)))
        elif act.verb == "friend_does":
            friend = act.more["friend"]
            if friend not in self._friends:
                raise UnknownName("friend", friend, self._friends)
            self._friends[friend].does(act.what, **act.more.get("properties", {}))
        else:
            _DO[act.verb](person, act)

    def told(self) -> list[Step]:
        """Everything that happened, in order."""
        world = self._world
        world.apart()  # commits, so that the store tells all
        with world.engine.store.reading() as reader:
            owner = reader.customers([self._persona.customer])[0]
            rows = [row for row in reader.messages(owner.no) if row.kind != "call"]
        steps = [self._step(at, "act", words) for at, words in self._acts]
        steps += [step for row in rows for step in self._message(row)]
        return sorted(steps, key=lambda each: each.at)  # stable: an act comes before what follows from it

    def _step(self, at: datetime, what: What, name: str, **more: Any) -> Step:  # noqa: ANN401 - the fields of a step
        name_of_zone = [each for since, each in self._zones if since <= at or since == self._zones[0][0]][-1]
        return Step(at.astimezone(zone(name_of_zone)), name_of_zone, what, name, **more)

    def _message(self, row: MessageRow) -> Iterator[Step]:
        message = next(journey.messages[row.name] for journey in self._world.journeys if row.name in journey.messages)
        about = {"kind": row.kind, "purpose": message.why}
        said: list[tuple[object, ...]] = []
        for at, channel, against in loads(row.reasons):
            for answer, *_, reason in against:
                verdict = (channel, answer, reason)
                if channel is not None and verdict not in said:  # asked again with the same answer: told once
                    said.append(verdict)
                    what: What = "deferred" if answer == "defer" else "deny"
                    yield self._step(instant(at), what, row.name, channel=channel, because=reason, **about)
        yield self._end(row, about)

    def _end(self, row: MessageRow, about: Mapping[str, str]) -> Step:
        last = loads(row.reasons)[-1:]
        because = str(last[0][2][-1][-1]) if last and last[0][2] else ""
        if row.status == "sent":
            words = next((each for each in self._world.accepted if each.key == row.key), None)
            more = {"subject": words.subject, "text": words.text} if words is not None else {}
            return self._step(instant(row.at or row.due), "sent", row.name, channel=row.channel, **about, **more)
        if row.status in _ENDS:
            return self._step(instant(row.changed_at), row.status, row.name, because=because, **about)  # type: ignore[arg-type]
        return self._step(self._world.now, "waiting", row.name, because=because, **about)


def _told(act: Act) -> str:
    """An act in words. Who a friend is, is nobody's business but theirs."""
    if act.verb in ("refers", "friend_does"):
        return "refers a friend" if act.verb == "refers" else f"a friend does {act.what}"
    more = {**act.more.get("properties", {}), **{name: each for name, each in act.more.items() if name != "properties"}}
    what = f"“{act.what}”" if act.verb == "replies" else act.what
    given = ", ".join(f"{name} {each}" for name, each in more.items())
    said = what if act.verb == "does" else f"{act.verb.replace('_', ' ')} {what}"
    return said + (f" ({given})" if given else "")


_REF: Final = "#1"
_DO: Final[Mapping[str, Callable[[Person, Act], object]]] = {
    "does": lambda person, act: person.does(act.what, **act.more.get("properties", {})),
    "replies": lambda person, act: person.replies(act.what, via=act.more["via"]),
    "clicks": lambda person, act: person.clicks(act.what, act.more.get("link", "")),
    "opens": lambda person, act: person.opens(act.what),
    "opens_case": lambda person, act: person.opens_case(act.what, ref=act.more.get("ref", _REF)),
    "closes_case": lambda person, act: person.closes_case(act.what, ref=act.more.get("ref", _REF)),
    "gets_answer": lambda person, act: person.gets_answer(act.what, ref=act.more.get("ref", _REF)),
    "moves_to": lambda person, act: person.moves_to(act.what),
    "grants": lambda person, act: person.grants(act.what, via=act.more.get("via", "*")),
    "withdraws": lambda person, act: person.withdraws(act.what, via=act.more.get("via", "*")),
}
