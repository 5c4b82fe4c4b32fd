"""Workload W written by hand, twice: as tight as Python goes, and as a careful developer would write it.

`Slots` keeps a customer in an attrs class with slots and asks one function for each touchpoint; everything that can be
known beforehand is a local or a constant. `Dicts` keeps plain dicts and lists, asks the time zone of each customer, and
hands out a list of what it decided with a reason. Both prune what no window sees any more.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from benchmarks.workload import DAY, PROMOTIONS, SECOND, START, Act, Found, Person

_HOUR = 3_600 * SECOND
_NO_STAGE = 0
_STAGES = (None, "visitor", "prospect", "buyer", "loyal", "at_risk", "lost")
VISITOR, PROSPECT, BUYER, LOYAL, AT_RISK, LOST = range(1, 7)


@cache
def offsets_of(zone: str) -> tuple[list[int], list[int]]:
    """Instants at which the clock of a zone changes within the workload, and its offsets from each on; microseconds."""
    place, instants = ZoneInfo(zone), [0]
    offsets: list[int] = []
    for hour in range(-24, 130 * 24):
        at = START + timedelta(hours=hour)
        offset = int(at.astimezone(place).utcoffset().total_seconds()) * SECOND  # type: ignore[union-attr]  # aware
        if not offsets:
            offsets.append(offset)
        elif offset != offsets[-1]:
            instants.append(int(at.timestamp()) * SECOND)
            offsets.append(offset)
    return instants, offsets


@attrs.define
class Slots:
    """One customer."""

    tier: str
    age: int
    instants: list[int]
    offsets: list[int]
    stage: int = _NO_STAGE
    ticket: bool = False
    viewed: deque[int] = attrs.Factory(deque)
    searched: deque[int] = attrs.Factory(deque)
    clicked: deque[int] = attrs.Factory(deque)
    carted: deque[int] = attrs.Factory(deque)
    ordered: deque[int] = attrs.Factory(deque)
    paid: deque[int] = attrs.Factory(deque)
    delivered: deque[int] = attrs.Factory(deque)
    reviewed: deque[int] = attrs.Factory(deque)
    returned: deque[int] = attrs.Factory(deque)
    called: deque[int] = attrs.Factory(deque)
    last_order: int | None = None
    sent: list[int] = attrs.Factory(list)


def slots_of(person: Person) -> Slots:
    """A customer at rest."""
    return Slots(person.tier, person.age, *offsets_of(person.zone))


def _kept(times: deque[int], at: int, within: int) -> int:
    """Note a time, drop what has left the window; how many are in it."""
    times.append(at)
    oldest = at - within
    while times[0] <= oldest:
        times.popleft()
    return len(times)


def _left(times: deque[int], oldest: int) -> int:
    """How many are in a window of just this signal."""
    while times and times[0] <= oldest:
        times.popleft()
    return len(times)


def _within(times: deque[int], oldest: int) -> int:
    """How many are in a window shorter than what is kept."""
    n = 0
    for each in reversed(times):
        if each <= oldest:
            break
        n += 1
    return n


def run_slots(people: Sequence[Person], acts: Sequence[Act]) -> Found:
    """Every touchpoint of customers at rest."""
    return decide_slots([slots_of(each) for each in people], acts)


def decide_slots(customers: Sequence[Slots], acts: Sequence[Act]) -> Found:  # noqa: C901, PLR0915 - tight: it is a bound
    """Every touchpoint through one call."""
    found = Found()
    decided, suppressed, moves = found.decided, found.suppressed, found.moves

    def move(act: Act, it: Slots, stage: int) -> None:
        moves.append((act.number, _STAGES[it.stage], _STAGES[stage]))  # type: ignore[arg-type]  # never to none
        it.stage = stage

    def send(act: Act, it: Slots, rule: str, *, promotion: bool) -> None:
        at = act.at
        if promotion and it.ticket:
            suppressed[rule, "hold"] += 1
            return
        local = (at + it.offsets[bisect_right(it.instants, at) - 1]) % DAY
        if local >= 21 * _HOUR or local < 9 * _HOUR:
            suppressed[rule, "quiet hours"] += 1
            return
        sent = it.sent
        oldest = at - 7 * DAY
        while sent and sent[0] <= oldest:
            del sent[0]
        if len(sent) >= 2:
            suppressed[rule, "cap"] += 1
            return
        sent.append(at)
        decided.append((act.number, rule))

    def lost(act: Act, it: Slots) -> bool:
        if it.last_order is None or act.at - it.last_order < 45 * DAY or it.stage in (_NO_STAGE, VISITOR, LOST):
            return False
        move(act, it, LOST)
        return True

    def viewed(act: Act, it: Slots) -> None:
        at = act.at
        _kept(it.viewed, at, 14 * DAY)
        if not lost(act, it) and it.stage in (_NO_STAGE, LOST):
            move(act, it, VISITOR)
        first = act.category == "shoes" and it.tier == "gold" and _within(it.viewed, at - DAY) >= 2
        second = it.last_order is not None and at - it.last_order >= 30 * DAY and act.amount > 50_000
        if first:
            send(act, it, "r01", promotion=True)
        if second:
            send(act, it, "r02", promotion=True)

    def searched(act: Act, it: Slots) -> None:
        n = _kept(it.searched, act.at, 7 * DAY)
        if not lost(act, it) and it.stage in (_NO_STAGE, LOST):
            move(act, it, VISITOR)
        if n >= 3 and act.score >= 4 and not _within(it.ordered, act.at - 30 * DAY):
            send(act, it, "r03", promotion=True)

    def clicked(act: Act, it: Slots) -> None:
        at = act.at
        n = _kept(it.clicked, at, 2 * DAY)
        stage = it.stage
        if stage in (VISITOR, LOST, AT_RISK) and _left(it.viewed, at - 14 * DAY) >= 2:
            move(act, it, PROSPECT)
        elif stage in (_NO_STAGE, LOST):
            move(act, it, VISITOR)
        first = act.score == 5 and (it.tier == "gold" or it.age < 30) and not act.online
        second = n >= 3 and it.stage != LOST and not _within(it.carted, at - 2 * DAY)
        if first:
            send(act, it, "r04", promotion=True)
        if second:
            send(act, it, "r18", promotion=True)

    def carted(act: Act, it: Slots) -> None:
        at = act.at
        n = _kept(it.carted, at, 30 * DAY)
        if it.stage in (VISITOR, LOST, AT_RISK) and _left(it.viewed, at - 14 * DAY) >= 2:
            move(act, it, PROSPECT)
        first = act.amount >= 54_000 and not _within(it.ordered, at - 14 * DAY)
        second = n >= 3 and act.category in ("books", "toys")
        if first:
            send(act, it, "r05", promotion=True)
        if second:
            send(act, it, "r06", promotion=True)

    def ordered(act: Act, it: Slots) -> None:
        at, amount = act.at, act.amount
        n = _kept(it.ordered, at, 90 * DAY)
        it.last_order = at
        stage = it.stage
        if n >= 3 and stage in (BUYER, AT_RISK):
            move(act, it, LOYAL)
        elif stage in (VISITOR, PROSPECT, AT_RISK, LOST):
            move(act, it, BUYER)
        if n == 5:
            send(act, it, "r07", promotion=True)
        if amount > 58_000 or (amount > 54_000 and it.tier == "gold"):
            send(act, it, "r08", promotion=True)
        if it.stage == LOYAL and act.score >= 4 and not _left(it.reviewed, at - 60 * DAY):
            send(act, it, "r09", promotion=True)

    def paid(act: Act, it: Slots) -> None:
        n = _kept(it.paid, act.at, 90 * DAY)
        if act.amount >= 45_000 and not act.online:
            send(act, it, "r10", promotion=False)
        if n == 1 and it.age >= 72:
            send(act, it, "r11", promotion=True)

    def delivered(act: Act, it: Slots) -> None:
        if _kept(it.delivered, act.at, 7 * DAY) >= 2 and act.score <= 3:
            send(act, it, "r12", promotion=False)

    def reviewed(act: Act, it: Slots) -> None:
        _kept(it.reviewed, act.at, 60 * DAY)
        if it.stage in (BUYER, AT_RISK) and _left(it.ordered, act.at - 90 * DAY) >= 3:
            move(act, it, LOYAL)
        if act.score <= 1:
            if act.category != "toys":
                send(act, it, "r13", promotion=False)
        elif act.score == 5 and _within(it.ordered, act.at - 60 * DAY) >= 2:
            send(act, it, "r14", promotion=True)

    def called(act: Act, it: Slots) -> None:
        at = act.at
        n = _kept(it.called, at, 14 * DAY)
        if it.stage in (BUYER, LOYAL, PROSPECT) and (act.score <= 2 or _left(it.returned, at - 60 * DAY) >= 2):
            move(act, it, AT_RISK)
        else:
            lost(act, it)
        if act.score <= 1 or n >= 3:
            send(act, it, "r16", promotion=False)

    def returned(act: Act, it: Slots) -> None:
        at = act.at
        n = _kept(it.returned, at, 60 * DAY)
        if it.stage in (BUYER, LOYAL, PROSPECT) and (act.score <= 2 or n >= 2):
            move(act, it, AT_RISK)
        if _within(it.returned, at - 30 * DAY) >= 2:
            send(act, it, "r15", promotion=False)

    def ticket_opened(_: Act, it: Slots) -> None:
        it.ticket = True

    def ticket_closed(act: Act, it: Slots) -> None:
        it.ticket = False
        if act.score <= 2:
            send(act, it, "r17", promotion=False)

    by_type: dict[str, Callable[[Act, Slots], None]] = {
        "viewed": viewed, "searched": searched, "clicked": clicked, "carted": carted, "ordered": ordered, "paid": paid,
        "delivered": delivered, "reviewed": reviewed, "called": called, "returned": returned,
        "ticket_opened": ticket_opened, "ticket_closed": ticket_closed,
    }  # fmt: skip
    for act in acts:
        by_type[act.type](act, customers[act.customer])
    return found


# --- plain dicts ------------------------------------------------------------------------------------------------------

_KEPT = {
    "viewed": 14, "searched": 7, "clicked": 2, "carted": 30, "ordered": 90, "paid": 90, "delivered": 7, "reviewed": 60,
    "returned": 60, "called": 14,
}  # fmt: skip
_AFTER: dict[str, frozenset[str | None]] = {
    "loyal": frozenset({"buyer", "at_risk"}),
    "buyer": frozenset({"visitor", "prospect", "at_risk", "lost"}),
    "prospect": frozenset({"visitor", "lost", "at_risk"}),
    "at_risk": frozenset({"buyer", "loyal", "prospect"}),
    "lost": frozenset({"prospect", "at_risk", "buyer", "loyal"}),
    "visitor": frozenset({None, "lost"}),
}
Customer = dict[str, Any]
Touch = dict[str, Any]


def customer_of(person: Person) -> Customer:
    """A customer at rest."""
    return {
        "id": person.id, "zone": ZoneInfo(person.zone), "traits": {"tier": person.tier, "age": person.age},
        "stage": None, "tickets": set(), "times": {}, "last_order": None, "sent": [],
    }  # fmt: skip


def touch_of(act: Act, people: Sequence[Person]) -> Touch:
    """A touchpoint as a host would have it."""
    return {
        "customer": people[act.customer].id, "type": act.type, "at": datetime.fromtimestamp(act.at / SECOND, UTC),
        "us": act.at, "channel": act.channel, "id": str(act.number),
        "properties": {"amount": act.amount, "score": act.score, "category": act.category, "online": act.online},
    }  # fmt: skip


def _count(it: Customer, kind: str, now: int, within: int) -> int:
    times = it["times"].get(kind, ())
    return len(times) - bisect_right(times, now - within * DAY)


def _idle(it: Customer, now: int, length: int) -> bool:
    return it["last_order"] is not None and now - it["last_order"] >= length * DAY


_STAGE_RULES: dict[str, list[tuple[str, Callable[[Customer, Touch, int], bool]]]] = {}
_RULES: dict[str, list[tuple[str, Callable[[Customer, Touch, int], bool]]]] = {}


def _stage(name: str, *kinds: str) -> Callable[[Callable[[Customer, Touch, int], bool]], None]:
    def add(condition: Callable[[Customer, Touch, int], bool]) -> None:
        for kind in kinds:
            _STAGE_RULES.setdefault(kind, []).append((name, condition))

    return add


def _rule(name: str, kind: str) -> Callable[[Callable[[Customer, Touch, int], bool]], None]:
    return lambda condition: _RULES.setdefault(kind, []).append((name, condition))


_stage("loyal", "ordered", "reviewed")(lambda it, _, now: _count(it, "ordered", now, 90) >= 3)
_stage("buyer", "ordered")(lambda _it, _, _now: True)
_stage("prospect", "carted", "clicked")(lambda it, _, now: _count(it, "viewed", now, 14) >= 2)
_stage("at_risk", "called", "returned")(lambda it, p, now: p["score"] <= 2 or _count(it, "returned", now, 60) >= 2)
_stage("lost", "viewed", "searched", "called")(lambda it, _, now: _idle(it, now, 45))
_stage("visitor", "viewed", "searched", "clicked")(lambda _it, _, _now: True)
_rule("r01", "viewed")(
    lambda it, p, now: p["category"] == "shoes" and it["traits"]["tier"] == "gold" and _count(it, "viewed", now, 1) >= 2
)
_rule("r02", "viewed")(lambda it, p, now: _idle(it, now, 30) and p["amount"] > 50_000)
_rule("r03", "searched")(
    lambda it, p, now: _count(it, "searched", now, 7) >= 3 and _count(it, "ordered", now, 30) == 0 and p["score"] >= 4
)
_rule("r04", "clicked")(
    lambda it, p, _: (
        p["score"] == 5 and (it["traits"]["tier"] == "gold" or it["traits"]["age"] < 30) and not p["online"]
    )
)
_rule("r05", "carted")(lambda it, p, now: p["amount"] >= 54_000 and not _count(it, "ordered", now, 14))
_rule("r06", "carted")(lambda it, p, now: _count(it, "carted", now, 30) >= 3 and p["category"] in ("books", "toys"))
_rule("r07", "ordered")(lambda it, _, now: _count(it, "ordered", now, 90) == 5)
_rule("r08", "ordered")(
    lambda it, p, _: p["amount"] > 58_000 or (p["amount"] > 54_000 and it["traits"]["tier"] == "gold")
)
_rule("r09", "ordered")(
    lambda it, p, now: it["stage"] == "loyal" and _count(it, "reviewed", now, 60) == 0 and p["score"] >= 4
)
_rule("r10", "paid")(lambda _, p, _now: p["amount"] >= 45_000 and not p["online"])
_rule("r11", "paid")(lambda it, _, now: _count(it, "paid", now, 90) == 1 and it["traits"]["age"] >= 72)
_rule("r12", "delivered")(lambda it, p, now: _count(it, "delivered", now, 7) >= 2 and p["score"] <= 3)
_rule("r13", "reviewed")(lambda _, p, _now: p["score"] <= 1 and p["category"] != "toys")
_rule("r14", "reviewed")(lambda it, p, now: p["score"] == 5 and _count(it, "ordered", now, 60) >= 2)
_rule("r15", "returned")(lambda it, _, now: _count(it, "returned", now, 30) >= 2)
_rule("r16", "called")(lambda it, p, now: p["score"] <= 1 or _count(it, "called", now, 14) >= 3)
_rule("r17", "ticket_closed")(lambda it, p, _: p["score"] <= 2 and "other" not in it["tickets"])
_rule("r18", "clicked")(
    lambda it, _, now: (
        _count(it, "clicked", now, 2) >= 3 and it["stage"] != "lost" and _count(it, "carted", now, 2) == 0
    )
)


def _suppressed(it: Customer, rule: str, now: int) -> str | None:
    if rule in PROMOTIONS and it["tickets"]:
        return "hold"
    if not 9 <= datetime.fromtimestamp(now / SECOND, it["zone"]).hour < 21:
        return "quiet hours"
    it["sent"] = [each for each in it["sent"] if each > now - 7 * DAY]
    return "cap" if len(it["sent"]) >= 2 else None


def decide(it: Customer, touch: Touch) -> list[tuple[str, ...]]:
    """What follows from one touchpoint, with reasons: ("sent", rule), ("suppressed", rule, why), ("moved", …)."""
    kind, now, properties = touch["type"], touch["us"], touch["properties"]
    decisions: list[Any] = []
    if kind in _KEPT:
        times = it["times"].setdefault(kind, [])
        times.append(now)
        gone = bisect_right(times, now - _KEPT[kind] * DAY)
        if gone:
            del times[:gone]
    if kind == "ordered":
        it["last_order"] = now
    for stage, condition in _STAGE_RULES.get(kind, ()):
        if it["stage"] in _AFTER[stage] and condition(it, properties, now):
            decisions.append(("moved", it["stage"], stage))
            it["stage"] = stage
            break
    fired = [rule for rule, condition in _RULES.get(kind, ()) if condition(it, properties, now)]
    if kind == "ticket_opened":
        it["tickets"].add("one")
    elif kind == "ticket_closed":
        it["tickets"].discard("one")
    for rule in fired:
        why = _suppressed(it, rule, now)
        if why is None:
            it["sent"].append(now)
            decisions.append(("sent", rule))
        else:
            decisions.append(("suppressed", rule, why))
    return decisions


def note(found: Found, number: int, decisions: list[tuple[str, ...]]) -> None:
    """Add what was decided on one touchpoint to what is found."""
    for what, *more in decisions:
        if what == "sent":
            found.decided.append((number, more[0]))
        elif what == "moved":
            found.moves.append((number, more[0], more[1]))
        else:
            found.suppressed[more[0], more[1]] += 1


def run_dicts(people: Sequence[Person], touches: Sequence[Touch]) -> Found:
    """Every touchpoint of customers at rest."""
    return decide_dicts({each.id: customer_of(each) for each in people}, touches)


def decide_dicts(customers: Mapping[str, Customer], touches: Sequence[Touch]) -> Found:
    """Every touchpoint through `decide`."""
    found = Found()
    for number, touch in enumerate(touches):
        if decisions := decide(customers[touch["customer"]], touch):
            note(found, number, decisions)
    return found
