"""What may happen next in a story: acts of the customer, time that passes, and channels that refuse."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from keyword import iskeyword
from typing import Any, Final, Self, TypeAlias

import attrs

from touchpoint.channels import Ambiguous, FailureCode, Refused, default_address_kind
from touchpoint.channels.inbound import CLICKED, REPLIED, TASK_COMPLETED
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Policy
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.model.message import Message
from touchpoint.testing.said import ABSENT, Said
from touchpoint.testing.vocabulary import OWN_TYPES, Vocabulary
from touchpoint.testing.world import World
from touchpoint.testing.written import code, consents
from touchpoint.zones import zone

Path: TypeAlias = tuple[str, ...]
CUSTOMER: Final = "ann"
ZONE: Final = "Europe/London"
"""Where the customer of a story lives."""
_ADDRESSES: Final = {"email": "ann@example.com", "phone": "+15550100", "postal": "1 Main St"}
_FRIENDS: Final = ("bob", "cat")
_REF: Final = "#1"
_NEAR: Final = timedelta(seconds=1)
_VARIANTS: Final = 8


@attrs.frozen
class Act:
    """One act of a story.

    Args:
        words: it, as a line of a test with a `world` and a customer `ann`.
        do: it, on a world.
        note: what comes about by it, for a comment.
        first: it makes sense only before anything else has happened.
        near: time passes to just before or just after something.
        lasting: what it changes is not seen where the story ends.
        unseen: likewise, though it is an act like any other.
    """

    words: str
    do: Callable[[World], object] = attrs.field(eq=False, repr=False)
    note: str = ""
    first: bool = False
    near: bool = False
    lasting: bool = False
    unseen: bool = False


@attrs.frozen(eq=False)
class Opening:
    """The customer of a story.

    Args:
        given: arguments of `World.customer`.
        usual: they have everything that anybody may need.
    """

    given: Mapping[str, Any] = attrs.field(repr=False)
    usual: bool = False

    @property
    def words(self) -> str:
        """The line that brings them into the world."""
        return f"ann = world.customer({', '.join(self.arguments)})"

    @property
    def arguments(self) -> list[str]:
        """Those of `world.customer`, as they are written."""
        told = [f"{name}={consents(value) if name == 'consents' else code(value)}" for name, value in self._said]
        return [code(CUSTOMER), *told]

    @property
    def _said(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self.given.items() if value]

    def play(self, world: World) -> None:
        """Bring them into a world."""
        world.customer(CUSTOMER, **dict(self._said))


@attrs.define(eq=False)
class Moves:
    """What customers, channels and time may do to these journeys.

    Args:
        openings: customers to tell stories of; the first has everything that anybody may need.
        disturbances: acts to put into a story that works: channels that refuse, consent withdrawn, traits, hours.
        touches: what the customer may do at any time.
        friends: what friends may do first, each as a touchpoint type with its properties; None where referrals matter
            to nobody.
        clock_matters: a window binds messages, so the hour of the day tells states apart.
    """

    openings: tuple[Opening, ...]
    disturbances: tuple[Act, ...]
    touches: tuple[Act, ...]
    friends: Mapping[str, Mapping[str, Any]] | None
    clock_matters: bool
    _periods: tuple[timedelta, ...]
    _replies: tuple[str, ...]
    _clicks: bool
    _outcomes: tuple[str, ...]

    @classmethod
    def of(cls, journeys: Sequence[Journey], policy: Policy | None, at: datetime) -> Self:
        """For journeys under a policy of the house, in worlds that begin at an instant."""
        known, said = Vocabulary(journeys), Said.by(journeys)
        items = [each for one in (policy or Policy(), *(each.policy for each in journeys)) for each in one.items]
        messages = [each for journey in journeys for each in journey.messages.values()]
        windows = [each for each in items if isinstance(each, QuietHours | SendWindow)]
        changes = [act for path, values in said.traits.items() for act in _traits(path, values)]
        return cls(
            openings=tuple(_openings(messages, said, at)),
            disturbances=(
                *_receipts(known),
                *map(_opens, known.cases),
                *_edges(windows, at),
                *changes,
                *_consent(messages),
                *_channels(known),
            ),
            touches=(
                *_touches(known, said),
                *(act for path, values in said.awaited.items() for act in _traits(path, values)),
            ),
            friends={each: said.declared.get(each, {}) for each in sorted(known.conversions)} if known.refers else None,
            clock_matters=bool(windows),
            periods=tuple({each.per for each in items if isinstance(each, Cap) and isinstance(each.per, timedelta)}),
            replies=tuple(map(str, said.of(REPLIED, "text") or ["yes please"])) if REPLIED in known.types else (),
            clicks=CLICKED in known.types,
            outcomes=tuple(map(str, said.of(TASK_COMPLETED, "outcome") or ["reached"]))
            if TASK_COMPLETED in known.types
            else (),
        )

    def following(self, world: World) -> Iterator[Act]:
        """What may happen next in a world, what changes most first."""
        ann = world.people[CUSTOMER]
        yield from self._time(world)
        yield from self.touches
        for case in ann.cases(open=True):
            yield _closes(case.kind, case.ref)
            if case.kind in world.known.answered and case.first_response_at is None:
                yield _is_answered(case.kind, case.ref)
        open_ = {case.kind for case in ann.cases(open=True)}
        yield from (_opens(kind) for kind in world.cases if kind not in open_)
        yield from self._of_friends(world)
        got = dict.fromkeys(ann.inbox)
        yield from (_replies(text, via) for via in dict.fromkeys(via for _, via in got) for text in self._replies)
        yield from (_clicks(name) for name in dict.fromkeys(name for name, _ in got) if self._clicks)
        yield from (_completes(via, each) for via in dict.fromkeys(via for _, via in got) for each in self._outcomes)

    def _of_friends(self, world: World) -> Iterator[Act]:
        """They are brought, one after the other, and do what counts."""
        if self.friends is None:
            return
        there = [each for each in _FRIENDS if each in world.people]
        yield from (_refers(each) for each in _FRIENDS[len(there) :][:1])
        yield from (_does(type_, given, friend=each) for each in there for type_, given in self.friends.items())

    def _time(self, world: World) -> Iterator[Act]:
        """Time passes to what falls due next, or to when a cap frees: to it, to just before it and to just after it."""
        planned = world.people[CUSTOMER].view.planned
        at = {due: "; ".join(_falls_due(what) for when, what in planned if when == due) for due, _ in planned[:1]}
        for period in self._periods if world.accepted else ():
            at.setdefault(world.accepted[-1].at + period, "the cap frees a place")
        for due, what in at.items():
            gap = due - world.now
            yield from (_passes(gap, by, what) for by in (timedelta(0), -_NEAR, _NEAR) if gap + by > timedelta(0))


def _falls_due(what: str) -> str:
    """`shop/welcome goes on at waitfor:order` as what a reader would say."""
    label, goes_on, node = what.partition(" goes on at ")
    return f"{label}: {node} times out" if goes_on and node.startswith("wait") else what


def _passes(gap: timedelta, by: timedelta, what: str) -> Act:
    if not by:
        return Act(f"world.advance({code(gap)})", lambda world: world.advance(gap), what)
    early = by < timedelta(0)
    words = f"world.advance({code(gap)} {'-' if early else '+'} {code(abs(by))})"
    note = f"just {'before' if early else 'after'}: {what}"
    return Act(words, lambda world: world.advance(gap + by), note, near=True)


def _refers(friend: str) -> Act:
    def do(world: World) -> None:
        world[CUSTOMER].refers(world.customer(friend))

    return Act(f"ann.refers(world.customer({code(friend)}))", do, unseen=True)


def _does(type: str, properties: Mapping[str, Any], times: int = 1, *, friend: str | None = None) -> Act:
    named = all(name.isidentifier() and not iskeyword(name) for name in properties)
    told = [f"{name}={code(value)}" for name, value in properties.items()] if named else [f"**{code(properties)}"]
    once = f".does({', '.join([code(type), *told])})"

    def do(world: World) -> None:
        for _ in range(times):
            world[friend or CUSTOMER].does(type, **properties)

    return Act(f"{f'world[{code(friend)}]' if friend else 'ann'}{once * times}", do)


def _opens(kind: str) -> Act:
    return Act(
        f"ann.opens_case({code(kind)}, ref={code(_REF)})", lambda world: world[CUSTOMER].opens_case(kind, ref=_REF)
    )


def _closes(kind: str, ref: str) -> Act:
    words = f"ann.closes_case({code(kind)}, ref={code(ref)})"
    return Act(words, lambda world: world[CUSTOMER].closes_case(kind, ref=ref))


def _is_answered(kind: str, ref: str) -> Act:
    words = f"ann.gets_answer({code(kind)}, ref={code(ref)})"
    return Act(words, lambda world: world[CUSTOMER].gets_answer(kind, ref=ref))


def _replies(text: str, via: str) -> Act:
    words = f"ann.replies({code(text)}, via={code(via)})"
    return Act(words, lambda world: world[CUSTOMER].replies(text, via=via))


def _clicks(name: str) -> Act:
    return Act(f"ann.clicks({code(name)})", lambda world: world[CUSTOMER].clicks(name))


def _completes(via: str, outcome: str) -> Act:
    words = f"world.staff({code(via)}).claim().complete({code(outcome)})"
    return Act(words, lambda world: world.staff(via).claim().complete(outcome))


def _touches(known: Vocabulary, said: "Said") -> Iterator[Act]:
    """Touchpoints that a customer may leave: with the first value of every property, and with each other one."""
    for type_ in known.types:
        if type_ in OWN_TYPES or type_ in said.emitted:
            continue
        values = {path: each for (of, path), each in said.properties.items() if of == type_ and path != ("at",)}
        usual = {path: each[0] for path, each in values.items()}
        variants = [usual, *({**usual, path: other} for path, each in values.items() for other in each[1:])]
        needed = said.declared.get(type_, {})
        yield from (_does(type_, {**needed, **_nested(variant)}) for variant in variants[:_VARIANTS])
        for times in dict.fromkeys(said.counted.get(type_, ())):
            yield _does(type_, {**needed, **_nested(usual)}, times)


def _receipts(known: Vocabulary) -> Iterator[Act]:
    """Providers tell of the next message what journeys wait to hear."""
    for state in ("delivered", "bounced", "failed", "opened"):
        for channel in known.channels if state in known.types else ():
            words = f"world.channel({code(channel)}).receipts({code(state)})"
            yield Act(words, partial(_tells, channel=channel, state=state), lasting=True)


def _tells(world: World, channel: str, state: str) -> None:
    world.channel(channel).receipts(state)  # type: ignore[arg-type]  # one of the four


def _nested(values: Mapping[Path, object]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for path, value in values.items():
        place = made
        for name in path[:-1]:
            place = place.setdefault(name, {}) if isinstance(place.get(name, {}), dict) else {}
        if value is not ABSENT:
            place[path[-1]] = value
    return made


def _openings(messages: Sequence[Message], said: "Said", at: datetime) -> Iterator[Opening]:
    kinds = dict.fromkeys(default_address_kind(channel) for each in messages for channel in each.channels)
    addresses = {kind: _ADDRESSES.get(kind, f"{kind}-1") for kind in kinds}
    traits: dict[Path, object] = dict.fromkeys(said.shown, "something")
    traits |= {(name,): (at + timedelta(days=10) + ahead).date().isoformat() for name, ahead in said.dates.items()}
    usual = {
        "timezone": ZONE,
        "addresses": addresses,
        "consents": {(each.effective_kind, channel) for each in messages for channel in each.channels},
        "traits": _nested(traits),
    }
    yield Opening(usual, usual=True)
    yield Opening({**usual, "addresses": {}})
    yield Opening({**usual, "timezone": None})
    for kind in kinds if len(kinds) > 1 else ():
        yield Opening({**usual, "addresses": {each: addresses[each] for each in kinds if each != kind}})


def _traits(path: Path, values: Sequence[object]) -> Iterator[Act]:
    for value in values:
        if value is ABSENT:  # as it is before anything is changed
            continue
        given = _nested({path: value})
        words = f"ann.changes(traits={code(given)})"
        yield Act(words, lambda world, given=given: world[CUSTOMER].changes(traits=given), lasting=True)  # type: ignore[misc]


def _consent(messages: Sequence[Message]) -> Iterator[Act]:
    pairs = [(each.effective_kind, channel) for each in messages for channel in ("*", *each.channels)]
    for kind, channel in dict.fromkeys(pairs):
        words = f"ann.withdraws({code(kind)}{'' if channel == '*' else f', via={code(channel)}'})"
        do = partial(_withdraw, kind=kind, channel=channel)
        yield Act(words, do, lasting=True)


def _withdraw(world: World, kind: str, channel: str) -> None:
    world[CUSTOMER].withdraws(kind, via=channel)


def _channels(known: Vocabulary) -> Iterator[Act]:
    for channel in known.channels:
        name = f"world.channel({code(channel)})"
        yield Act(f'{name}.will(Refused("address_invalid"))', partial(_refuses, channel=channel), lasting=True)
        words = f'{name}.without_idempotency().will(Ambiguous("no answer"))'
        yield Act(words, partial(_leaves_in_doubt, channel=channel), lasting=True)


def _refuses(world: World, channel: str) -> None:
    world.channel(channel).will(Refused(FailureCode.ADDRESS_INVALID))


def _leaves_in_doubt(world: World, channel: str) -> None:
    world.channel(channel).without_idempotency().will(Ambiguous("no answer"))


def _edges(windows: Iterable[QuietHours | SendWindow], at: datetime) -> Iterator[Act]:
    """Time passes to an edge of a window on the customer's clock, to just before it and to just after it."""
    home = zone(ZONE)
    for window in windows:
        pairs = [(window.start, window.end)] if isinstance(window, QuietHours) else window.intervals
        margin = -window.margin if isinstance(window, QuietHours) else window.margin
        for clock, shift in [each for start, end in pairs for each in ((start, margin), (end, -margin))]:
            edge = _next_on(window.weekdays, clock, at.astimezone(home)) + shift
            for near in (edge - _NEAR, edge, edge + _NEAR):
                if near > at:
                    yield Act(f"world.until({code(near)})", partial(_until, near=near), first=True)


def _until(world: World, near: datetime) -> None:
    world.until(near)


def _next_on(weekdays: Sequence[str] | None, clock: str, local: datetime) -> datetime:
    """When a clock next shows this time on one of these days, tomorrow at the soonest."""
    time_ = time_of_day.min if clock == "24:00" else time_of_day.fromisoformat(clock)
    days_on = [local.date() + timedelta(days=1 + n) for n in range(7)]
    day = next((each for each in days_on if not weekdays or f"{each:%a}".lower() in weekdays), days_on[0])
    return datetime.combine(day, time_, local.tzinfo)
