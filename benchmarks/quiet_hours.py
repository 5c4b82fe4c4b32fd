"""`python -m benchmarks quiet_hours`: whether it is quiet where a customer is, beside `zoneinfo`.

Quiet hours from 21:00 to 09:00, asked for instants of 120 days in ten time zones, some of which change their clocks
meanwhile. The peer is what one writes by hand: the local time by `zoneinfo`, and two comparisons. That both say the
same is asserted before anything is timed. The second row is the whole check of the policy, whose verdict has a reason.
"""

import random  # noqa: TID251 - a seeded workload
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.measure import Candidate, Size, interleaved
from benchmarks.results import Demand, Result, compared, same_answers
from touchpoint import Message, Policy, QuietHours
from touchpoint.policy.binding import bind
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Verdict
from touchpoint.policy.windows import WindowEvaluator
from touchpoint.policy.windows_check import check_windows

ZONES: Final = (
    "Europe/London", "Europe/Madrid", "Europe/Berlin", "Europe/Helsinki", "America/New_York", "America/Sao_Paulo",
    "America/Los_Angeles", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
QUIET: Final = QuietHours("21:00", "09:00", unknown_zone="deny")
CHANGE: Final = int(datetime(2026, 3, 29, tzinfo=UTC).timestamp())
"""Clocks change in Europe on this day; it lies in the middle of what is asked."""
DAYS: Final = 120
ASKS: Final = 50_000
"""Of all zones and days together: some forty for each zone and day."""
DEMAND: Final = Demand(0.5e-6, 0.2e-6, unit="s")
Ask = tuple[str, int]
"""(time zone, microseconds since 1970 UTC)."""


def asks_of(number: int, days: int) -> list[Ask]:
    """Instants and places; events come in the order of time."""
    chance = random.Random(3)  # noqa: S311 - likewise
    first, span = CHANGE - days * 43_200, days * 86_400
    seconds = sorted(first + chance.randrange(span) for _ in range(number))
    return [(chance.choice(ZONES), each * 1_000_000) for each in seconds]


def ours(asks: Sequence[Ask]) -> Callable[[object], list[bool]]:
    """By the evaluator that a policy keeps."""
    evaluator, told = WindowEvaluator(QUIET), [((name,), at) for name, at in asks]

    def work(_: object) -> list[bool]:
        opens = evaluator.opens
        return [opens(zones, at).state == "open" for zones, at in told]

    return work


def by_zoneinfo(asks: Sequence[Ask]) -> Callable[[object], list[bool]]:
    """By hand."""
    told = [(ZoneInfo(name), at) for name, at in asks]
    morning, night, since_epoch = time(9), time(21), datetime.fromtimestamp

    def work(_: object) -> list[bool]:
        return [morning <= since_epoch(at / 1e6, place).time() < night for place, at in told]

    return work


def checked(asks: Sequence[Ask]) -> Callable[[object], list[bool]]:
    """By the whole check of the policy, with its verdict."""
    bound = bind(Policy(QUIET), {"j": Policy()})["j"]
    message = Message("hello", why="to measure", channels=["email"])
    facts = [Facts(now=at, key="k", message=message, journey="j", policy=bound, zones=(name,)) for name, at in asks]
    on = ChannelFacts(channel="email")

    def work(_: object) -> list[bool]:
        return [_allowed(check_windows(each, on)) for each in facts]

    return work


def _allowed(verdicts: Sequence[Verdict]) -> bool:
    return verdicts[0].answer == "allow"


def rows(size: Size) -> Iterator[Result]:
    """The question alone, of which something is demanded, and the whole check."""
    asks = asks_of(size.of(ASKS, least=100), size.of(DAYS, least=2))
    works = {"ours": ours(asks), "check": checked(asks), "zoneinfo": by_zoneinfo(asks)}
    same_answers({name: work(None) for name, work in works.items()})
    timed = interleaved({name: Candidate(work, len(asks)) for name, work in works.items()}, size)
    yield compared("whether quiet hours are over", timed["ours"], "zoneinfo", timed["zoneinfo"], DEMAND)
    yield compared("the check of the policy, with its verdict", timed["check"], "zoneinfo", timed["zoneinfo"])
