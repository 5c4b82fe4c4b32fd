"""Workload W: a shop's journey, its customers and what they do, from a seed; and what everybody has to find.

20,000 customers in 10 time zones, 500,000 touchpoints of 12 types over 120 days, with clock changes inside; 6 stages
with 18 transitions; 20 rules; at most 2 messages in 7 days, promotions held while a ticket is open, quiet hours from 21
to 9 on the customer's clock. What is found are the messages decided, the suppressions by rule and reason, and the
transitions. Implementations that find the same have the same digest; two that are written by hand are in
`benchmarks.by_hand`.
"""

import hashlib
import json
import random  # noqa: TID251 - a seeded workload
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

import attrs

from touchpoint import (
    Cap,
    CaseType,
    CloseCase,
    Content,
    Hold,
    Journey,
    Message,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Send,
    Stage,
    case_open,
    count,
    customer,
    days,
    event,
    ever,
    hours,
    in_stage,
    last,
    now,
)

START = datetime(2026, 2, 10, tzinfo=UTC)
DAYS = 120
SECOND = 1_000_000
DAY = 86_400 * SECOND
SEED = 7
ZONES = (
    "Europe/Madrid", "Europe/London", "Europe/Athens", "America/New_York", "America/Chicago", "America/Los_Angeles",
    "America/Sao_Paulo", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney",
)  # fmt: skip
CHANNELS = ("web", "app", "store", "phone", "email")
CATEGORIES = ("shoes", "books", "toys", "garden", "music", "food")
TIERS = ("gold", "silver", "plain")
WEIGHTS = {
    "viewed": 27, "searched": 14, "clicked": 13, "carted": 11, "ordered": 9, "paid": 8, "delivered": 7, "reviewed": 4,
    "called": 3, "returned": 2, "ticket_opened": 1, "ticket_closed": 1,
}  # fmt: skip
HOURS_OF_DAY = (1, 1, 1, 1, 1, 1, 3, 6, 9, 12, 12, 12, 12, 12, 12, 12, 12, 13, 14, 14, 12, 8, 4, 2)
"""How often something happens in each hour of the customer's own day."""
PROMOTIONS = frozenset({"r01", "r02", "r03", "r04", "r05", "r06", "r07", "r08", "r09", "r11", "r14", "r18"})


@attrs.define
class Act:
    """One touchpoint: `number` is its place in all of them, `customer` that of its customer, `at` microseconds UTC."""

    number: int
    customer: int
    type: str
    at: int
    amount: int
    score: int
    category: str
    online: bool
    channel: str


@attrs.define
class Person:
    """Who does it."""

    id: str
    zone: str
    tier: str
    age: int


@attrs.define
class Found:
    """What an implementation finds: `decided` (touchpoint, rule), `suppressed` by (rule, reason), and `moves`."""

    decided: list[tuple[int, str]] = attrs.Factory(list)
    suppressed: Counter[tuple[str, str]] = attrs.Factory(Counter)
    moves: list[tuple[int, str | None, str]] = attrs.Factory(list)

    def digest(self) -> str:
        """Equal for all who find the same."""
        suppressed = sorted([*key, n] for key, n in self.suppressed.items())
        text = json.dumps([sorted(self.decided), suppressed, self.moves])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@attrs.define
class Workload:
    """Customers, and what they do in order."""

    people: Sequence[Person]
    acts: Sequence[Act]


def make(people: int = 20_000, acts: int = 500_000, seed: int = SEED) -> Workload:
    """The workload of a seed, at this size."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    made = [
        Person(f"c{each:07}", chance.choice(ZONES), chance.choices(TIERS, (2, 3, 5))[0], chance.randrange(18, 81))
        for each in range(people)
    ]
    first = int(START.timestamp()) * SECOND
    offsets = {zone: int(START.astimezone(ZoneInfo(zone)).utcoffset().total_seconds()) for zone in ZONES}  # type: ignore[union-attr]  # aware
    types, type_weights = list(WEIGHTS), list(accumulate(WEIGHTS.values()))
    by_hour = list(accumulate(HOURS_OF_DAY))
    drawn = []
    for _ in range(acts):
        often = chance.random() < 0.5  # a few do most of it
        who = min(int(chance.expovariate(4) * people), people - 1) if often else chance.randrange(people)
        hour = chance.choices(range(24), cum_weights=by_hour)[0]
        local = chance.randrange(DAYS) * DAY + (hour * 3_600 - offsets[made[who].zone]) * SECOND
        at = first + DAY + local + chance.randrange(3_600 * SECOND)
        drawn.append((at, who, chance.choices(types, cum_weights=type_weights)[0], chance.random()))
    drawn.sort()
    before, done = 0, []
    for number, (at, who, kind, more) in enumerate(drawn):
        before = max(at, before + 1)
        amount = int(more * more * 60_000)
        score = 1 + int(more * 1_000) % 5
        category = CATEGORIES[int(more * 10_000) % 6]
        done.append(
            Act(number, who, kind, before, amount, score, category, int(more * 100_000) % 3 > 0,
                CHANNELS[int(more * 1_000_000) % 5])
        )  # fmt: skip
    return Workload(made, done)


# The journey, in the library's words. `by_hand` says the same in plain Python.

TICKET = CaseType("ticket")


def _send(name: str) -> Send:
    kind = "marketing" if name in PROMOTIONS else "service"
    content = Content(subject=name, text="There is something for you.")
    return Send(
        Message(name, why="to measure", kind=kind, channels=["email"], content=content, expires=hours(12),
                on_release="drop")
    )  # fmt: skip


def _rule(name: str, when: str, given: object) -> Rule:
    return Rule(name, when=when, given=given, then=[_send(name)])


def _elsewhere(*stages: str) -> object:
    found = ~in_stage(stages[0])
    for each in stages[1:]:
        found = found & ~in_stage(each)
    return found


STAGES = (
    Stage("loyal", phase="delight", when=["ordered", "reviewed"], given=count("ordered", within=days(90)) >= 3,
          after=["buyer", "at_risk"]),
    Stage("buyer", phase="delight", when="ordered", after=["visitor", "prospect", "at_risk", "lost"]),
    Stage("prospect", phase="engage", when=["carted", "clicked"], given=count("viewed", within=days(14)) >= 2,
          after=["visitor", "lost", "at_risk"]),
    Stage("at_risk", phase="engage", when=["called", "returned"],
          given=(event.score <= 2) | (count("returned", within=days(60)) >= 2), after=["buyer", "loyal", "prospect"]),
    Stage("lost", phase="attract", when=["viewed", "searched", "called"], given=now - last("ordered").at >= days(45),
          after=["prospect", "at_risk", "buyer", "loyal"]),
    Stage("visitor", phase="attract", when=["viewed", "searched", "clicked"],
          given=_elsewhere("visitor", "prospect", "buyer", "loyal", "at_risk")),
)  # fmt: skip
RULES = (
    _rule("r01", "viewed",
          (event.category == "shoes") & (customer.tier == "gold") & (count("viewed", within=days(1)) >= 2)),
    _rule("r02", "viewed", (now - last("ordered").at >= days(30)) & (event.amount > 50_000)),
    _rule("r03", "searched",
          (count("searched", within=days(7)) >= 3) & (count("ordered", within=days(30)) == 0) & (event.score >= 4)),
    _rule("r04", "clicked",
          (event.score == 5) & ((customer.tier == "gold") | (customer.age < 30)) & (event.online == False)),  # noqa: E712
    _rule("r05", "carted", (event.amount >= 54_000) & ~ever("ordered", within=days(14))),
    _rule("r06", "carted", (count("carted", within=days(30)) >= 3) & event.category.in_(["books", "toys"])),
    _rule("r07", "ordered", count("ordered", within=days(90)) == 5),
    _rule("r08", "ordered", (event.amount > 58_000) | ((event.amount > 54_000) & (customer.tier == "gold"))),
    _rule("r09", "ordered", in_stage("loyal") & (count("reviewed", within=days(60)) == 0) & (event.score >= 4)),
    _rule("r10", "paid", (event.amount >= 45_000) & (event.online == False)),  # noqa: E712
    _rule("r11", "paid", (count("paid", within=days(90)) == 1) & (customer.age >= 72)),
    _rule("r12", "delivered", (count("delivered", within=days(7)) >= 2) & (event.score <= 3)),
    _rule("r13", "reviewed", (event.score <= 1) & ~(event.category == "toys")),
    _rule("r14", "reviewed", (event.score == 5) & (count("ordered", within=days(60)) >= 2)),
    _rule("r15", "returned", count("returned", within=days(30)) >= 2),
    _rule("r16", "called", (event.score <= 1) | (count("called", within=days(14)) >= 3)),
    _rule("r17", "ticket_closed", (event.score <= 2) & ~case_open("ticket", "other")),
    _rule("r18", "clicked",
          (count("clicked", within=days(2)) >= 3) & ~in_stage("lost") & (count("carted", within=days(2)) == 0)),
    Rule("r19", when="ticket_opened", then=[OpenCase(TICKET, ref="one")]),
    Rule("r20", when="ticket_closed", then=[CloseCase(TICKET, ref="one")]),
)  # fmt: skip
POLICY = Policy(
    QuietHours("21:00", "09:00", unknown_zone="deny", over="deny"),
    Cap(2, per=days(7), over="deny"),
    Hold(while_open=[TICKET], kinds=["marketing"]),
)
JOURNEY = Journey("shop", cases=[TICKET], stages=STAGES, rules=RULES, policy=POLICY)
