"""`python -m benchmarks.quiet_hours`: how long it takes to say whether a window is open, and until when not.

Beside it what most would write by hand with `zoneinfo`, which answers the first question only. The candidates take
turns in short rounds of CPU time, and of each the shortest counts.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from touchpoint import QuietHours
from touchpoint.durations import micros
from touchpoint.policy.windows import OPEN, WindowEvaluator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUIET = QuietHours("21:00", "09:00", unknown_zone="deny")
ONE = ("Europe/Madrid",)
SEVERAL = ("Europe/Madrid", "Europe/London", "America/New_York")
NOON = micros(datetime(2026, 3, 30, 15, tzinfo=UTC))
NIGHT = micros(datetime(2026, 3, 30, 23, tzinfo=UTC))
BY_NAME = {name: ZoneInfo(name) for name in SEVERAL}
Check = Callable[[Sequence[str], int], object]


def by_hand(zones: Sequence[str], us: int) -> bool:
    """Whether the quiet hours are over everywhere, with `zoneinfo` alone."""
    utc = EPOCH + timedelta(microseconds=us)
    return all(9 <= utc.astimezone(BY_NAME[name]).hour < 21 for name in zones)


def round_of(check: Check, zones: Sequence[str], us: int, times: int) -> float:
    """Microseconds of CPU per check."""
    begun = time.process_time()
    for _ in range(times):
        check(zones, us)
    return (time.process_time() - begun) / times * 1e6


def nothing(_zones: Sequence[str], _us: int) -> None:
    """What a loop with a call costs by itself."""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quiet_hours", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--times", type=int, default=2_000, help="checks in a round")
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds")
    given = parser.parse_args()
    evaluator = WindowEvaluator(QUIET)
    candidates: dict[str, Check] = {"nothing": nothing, "ours": evaluator.opens, "zoneinfo": by_hand}
    for zones in (ONE, SEVERAL):
        for us in (NOON, NIGHT):
            if (evaluator.opens(zones, us) is OPEN) != by_hand(zones, us):
                raise RuntimeError("the two do not agree")
            spent = dict.fromkeys(candidates, float("inf"))
            for _ in range(given.rounds // (5 if given.quick else 1)):
                for name, check in candidates.items():
                    spent[name] = min(spent[name], round_of(check, zones, us, given.times))
            ours, other = spent["ours"] - spent["nothing"], spent["zoneinfo"] - spent["nothing"]
            state = "open" if us == NOON else "quiet"
            print(f"{state}, zones: {len(zones)}: {ours:.2f} µs; zoneinfo by hand {other:.2f} µs: {other / ours:.1f}×")


if __name__ == "__main__":
    main()
