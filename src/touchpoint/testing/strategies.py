"""Hypothesis strategies: customers, stories that fit given journeys, and whole journeys.

    @given(stories([welcome]))
    def test_nobody_is_ever_stuck(story):
        with World([welcome]) as world:
            play(story, world)
            world.assert_nobody_is_stuck()

Values lie where journeys change their mind: on the constants that conditions compare with and just beside them, and
just before, at and just after the end of every wait, cap and window. Everything shrinks towards a short, plain story.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar, get_type_hints

import attrs

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "touchpoint.testing.strategies draws its examples with Hypothesis, which is not installed: "
        "pip install hypothesis"
    ) from error

from touchpoint.channels.base import default_address_kind
from touchpoint.durations import Duration, days, hours, instant, micros, minutes
from touchpoint.errors import TouchpointError
from touchpoint.journey.declared import structure, structure_traits
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.model.names import type_of
from touchpoint.model.referral import REFERRAL_TYPES
from touchpoint.testing.acts import (
    Act,
    Arrives,
    Call,
    Changes,
    Clicks,
    ClosesCase,
    Crashes,
    Does,
    GetsAnswer,
    Grants,
    Opens,
    OpensCase,
    Passes,
    Refers,
    Replies,
    Until,
    Withdraws,
    play,
)
from touchpoint.testing.known import BEGIN, Known
from touchpoint.testing.lives import ZONES
from touchpoint.testing.random_journeys import journeys
from touchpoint.zones import from_local, to_local, zone

T = TypeVar("T")
__all__ = [
    "BEGIN",
    "Act",
    "Arrives",
    "Call",
    "Changes",
    "Clicks",
    "ClosesCase",
    "Crashes",
    "Does",
    "GetsAnswer",
    "Grants",
    "Known",
    "Opens",
    "OpensCase",
    "Passes",
    "Refers",
    "Replies",
    "Until",
    "Withdraws",
    "acts",
    "arriving",
    "customers",
    "journeys",
    "play",
    "stories",
]
REPLIES: Final = ("yes please", "STOP", "START", "please stop by the shop", " stop. ", "help")
REFS: Final = ("#1", "#2")
_TICK: Final = timedelta(microseconds=1)
_BESIDE: Final = (timedelta(0), -_TICK, _TICK)
_EVERYDAY: Final = (minutes(1), hours(3), days(1))
_NEEDS_NO_GRANT: Final = ("transactional", "service")


def customers(
    journeys: Iterable[Journey], *, policy: Policy | None = None, name: str = "ann"
) -> st.SearchStrategy[Arrives]:
    """A customer for given journeys: a zone, several or none; an address or none of each kind; grants; traits.

    Args:
        journeys: decide which addresses, grants and traits matter.
        policy: of the house.
        name: the customer's id; addresses are made of it, so that two customers never share one.
    """
    return arriving(Known.of(journeys, policy), name)


def arriving(known: Known, name: str) -> st.SearchStrategy[Arrives]:
    """See `customers`."""
    number = int.from_bytes(name.encode(), "big") % 10**7
    forms = {"email": f"customer{number}@example.com", "phone": f"+1555{number:07}"}
    kinds = dict.fromkeys(map(default_address_kind, known.names.channels or ("email",)))
    mine = {kind: forms.get(kind, f"{kind} {number}") for kind in kinds}
    return st.builds(
        Arrives, st.just(name),
        timezone=st.sampled_from(("UTC", *(each for each in ZONES if each != "UTC"))),
        addresses=_left_out(mine).map(lambda kinds: {kind: mine[kind] for kind in kinds}),
        traits=_traits(known),
        consents=_left_out(pair for pair in known.grants if pair[0] not in _NEEDS_NO_GRANT).map(frozenset),
    )  # fmt: skip


def _left_out(names: Iterable[T]) -> st.SearchStrategy[list[T]]:
    """These names without a few; the plainest is all of them."""
    given = list(names)
    if not given:
        return st.just([])
    some = st.lists(st.sampled_from(given), unique=True, max_size=len(given))
    left_out: st.SearchStrategy[list[T]] = st.one_of(st.just([]), some, st.just(given))
    return left_out.map(lambda without: [each for each in given if each not in without])


def _some(values: Mapping[str, Sequence[object]], least: Iterable[str] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """A value for some of these names, and for all of `least`."""
    drawn = {name: st.sampled_from(each) for name, each in values.items()}
    needed = {name: drawn.pop(name) for name in least}
    return st.fixed_dictionaries(needed, optional=drawn)


def _fits(structured: Callable[[type, dict[str, Any]], object], cls: type) -> Callable[[dict[str, Any]], bool]:
    """Whether a declared class accepts some values."""

    def fits(values: dict[str, Any]) -> bool:
        try:
            structured(cls, values)
        except TouchpointError:
            return False
        return True

    return fits


def _traits(known: Known) -> st.SearchStrategy[dict[str, Any]]:
    drawn = _some(known.properties("customer"))
    for journey in known.journeys:
        drawn = drawn if journey.traits is None else drawn.filter(_fits(structure_traits, journey.traits))
    return drawn


def _payloads(known: Known, type: str) -> st.SearchStrategy[dict[str, Any]]:
    """Properties of a touchpoint type; of a declared one what its class accepts."""
    values = known.properties(type)
    declared = (each for journey in known.journeys for each in journey.touchpoints)
    cls = next((each for each in declared if type_of(each) == type), None)
    if cls is None:
        return _some(values)
    hints, fields = get_type_hints(cls), attrs.fields(cls)
    plain = {each.alias or each.name: _PLAIN.get(hints.get(each.name, object), ("a", 1)) for each in fields}
    offered = {name: [*values.get(name, []), *some] for name, some in plain.items()}
    needed = [each.alias or each.name for each in fields if each.default is attrs.NOTHING]
    return _some(offered, needed).filter(_fits(structure, cls))


_PLAIN: Final[Mapping[object, Sequence[object]]] = {
    int: (1, 0), float: (1.5, 0.0), Decimal: (Decimal(1), Decimal("0.01")), bool: (True, False),
    str: ("a", "b"), date: (BEGIN.date(),), datetime: (BEGIN,), timedelta: (days(1),),
}  # fmt: skip
"""Values of a declared property that no condition speaks of."""


@attrs.frozen
class _Pause:
    """Time passes until a length after an act (the last but `since`), or until the clock on the customer's wall."""

    length: Duration | str
    beside: timedelta = timedelta(0)
    since: int = 0


@attrs.frozen
class _Late:
    """Something that happened a while ago."""

    act: Does
    ago: timedelta


def acts(known: Known, customer: str, friends: Sequence[str] = ()) -> dict[str, st.SearchStrategy[Act]]:
    """What a customer can do, by what kind of act it is; kinds that these journeys know nothing of are left out.

    Args:
        known: what the journeys speak of.
        customer: the id.
        friends: ids of others whom they may bring.
    """
    who, names = st.just(customer), known.names
    found: dict[str, st.SearchStrategy[Act]] = {}
    types = [each for each in names.types if each not in REFERRAL_TYPES]
    if types:
        found["does"] = st.one_of(*(st.builds(Does, who, st.just(each), _payloads(known, each)) for each in types))
    if names.refers and friends:
        found["refers"] = st.builds(Refers, who, st.sampled_from(friends))
    if names.cases:
        case = st.sampled_from(names.cases), st.sampled_from(REFS)
        found |= {"opens_case": st.builds(OpensCase, who, *case), "closes_case": st.builds(ClosesCase, who, *case)}
    if names.answered:
        found["gets_answer"] = st.builds(GetsAnswer, who, st.sampled_from(names.answered), st.sampled_from(REFS))
    if names.channels:
        found["replies"] = st.builds(Replies, who, st.sampled_from(REPLIES), st.sampled_from(names.channels))
    if known.grants:
        pair = st.sampled_from(known.grants)
        found["withdraws"] = pair.map(lambda given: Withdraws(customer, *given))
        found["grants"] = pair.map(lambda given: Grants(customer, *given))
    moves: st.SearchStrategy[Act] = st.sampled_from([each for each in ZONES if each is not None]).map(
        lambda to: Changes(customer, timezone=to)
    )
    news = _traits(known).filter(bool).map(lambda traits: Changes(customer, traits))
    found["changes"] = moves | news if known.properties("customer") else moves
    return found


def stories(
    journeys: Iterable[Journey],
    *,
    policy: Policy | None = None,
    at: datetime = BEGIN,
    people: Sequence[str] = ("ann",),
    max_acts: int = 12,
) -> st.SearchStrategy[list[Act]]:
    """Stories for given journeys: customers arrive, act, and time passes; see `play`.

    Args:
        journeys: whose types, keys, constants, waits, caps and windows the story is about.
        policy: of the house.
        at: when the world begins in which the story will be played; aware.
        people: ids of the customers.
        max_acts: how many acts follow after the customers have arrived.
    """
    known = Known.of(journeys, policy, at)
    arrivals = st.tuples(*(arriving(known, name) for name in people))
    # Each brings only those behind them, so that nobody is refused.
    acting = [_acting(known, name, people[n:]) for n, name in enumerate(people, 1)]
    pauses, does = _pauses(known), st.one_of(acting)
    step = st.integers(0, 4).flatmap(lambda n: does if n < 3 else pauses)
    # Hypothesis likes lists short; much of what goes wrong needs a longer story.
    then = st.lists(step, max_size=max_acts) | st.lists(step, min_size=max_acts // 2, max_size=max_acts)
    return st.builds(lambda born, told: [*born, *_told(born, told, at)], arrivals, then)


def _acting(known: Known, customer: str, friends: Sequence[str]) -> st.SearchStrategy[Any]:
    """What a customer does, mostly the touchpoints that journeys are about, now and then told late."""
    found = acts(known, customer, friends)
    does, refers = found.pop("does", st.nothing()), found.pop("refers", st.nothing())
    often = [does, does, does, does if refers.is_empty else refers]
    late = st.builds(_Late, does, st.sampled_from((days(7), days(7) + _TICK, days(1), minutes(1))))
    rest = st.one_of(*found.values(), late)
    return st.integers(0, 4).flatmap(lambda n: rest if n == 4 or often[n].is_empty else often[n])


def _pauses(known: Known) -> st.SearchStrategy[Any]:
    lengths = st.sampled_from(known.lengths) if known.lengths else st.nothing()
    clocks = st.sampled_from(known.clocks) if known.clocks else st.nothing()
    beside = st.sampled_from(_BESIDE)
    return st.one_of(
        st.builds(_Pause, st.sampled_from(_EVERYDAY)),
        st.builds(_Pause, lengths, beside, st.integers(0, 3)),
        st.builds(_Pause, clocks, beside),
    )


def _told(born: Sequence[Arrives], steps: Iterable[Any], at: datetime) -> Iterator[Act]:
    """Acts with their instants. What cannot be at its place (a reply from no address) is left out."""
    reached = {each.customer: set(each.addresses) for each in born}
    zones = [each.timezone for each in born if each.timezone]
    home = "UTC" if not zones else zones[0] if isinstance(zones[0], str) else zones[0][0]
    now, instants = at, [at]
    for step in steps:
        if isinstance(step, _Pause):
            end = _end(step, now, instants, home)
            if end > now:
                yield Passes(end - now) if isinstance(step.length, timedelta) else Until(end)
                now = end
            continue
        act = attrs.evolve(step.act, at=now - step.ago) if isinstance(step, _Late) else step
        if isinstance(act, Replies) and default_address_kind(act.via) not in reached[act.customer]:
            continue
        instants.append(now)
        yield act


def _end(pause: _Pause, now: datetime, instants: Sequence[datetime], home: str) -> datetime:
    """When a pause ends; after an act whose length is over already, as long after now."""
    since = instants[max(0, len(instants) - 1 - pause.since)]
    ends = (_after(each, pause.length, home) + pause.beside for each in (since, now))
    return next((end for end in ends if end > now), now)


def _after(at: datetime, length: Duration | str, home: str) -> datetime:
    if isinstance(length, timedelta):
        return at + length
    local = to_local(micros(at), zone(home))
    if not isinstance(length, str):
        return instant(from_local(local + length, zone(home)))
    clock = datetime.combine(local.date(), datetime.strptime(length[:5], "%H:%M").time())  # noqa: DTZ007 - a clock on the wall
    return instant(from_local(clock if clock > local else clock + days(1), zone(home)))
