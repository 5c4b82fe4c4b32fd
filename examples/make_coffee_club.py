# ruff: noqa: INP001 - examples are no package
"""Makes up the events of the coffee club: 40 members, four months, the same ones every time.

    python examples/make_coffee_club.py > examples/coffee_club.jsonl

Nobody needs to run it again, unless to make up others.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

START, END = datetime(2026, 1, 5, 7, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC)
BEANS = ["Yirgacheffe", "Huila", "Antigua", "Sidamo"]
WHERE = ["Graz", "Linz", "Salzburg", "Wien"]
Happening = tuple[datetime, str, str, str, dict[str, object]]


def dice(sides: int, *about: object) -> int:
    """From 0 to sides - 1; the same for the same question."""
    return int.from_bytes(hashlib.sha256(repr(about).encode()).digest()[:8]) % sides


def life(member: str) -> Iterator[Happening]:
    """What happens to one member."""
    beans = BEANS[dice(4, member, "beans")]
    at = START + timedelta(days=dice(60, member, "day"), minutes=dice(900, member, "minute"))
    yield at, "trial_ordered", "web", "inbound", {"beans": beans}
    yield from box(member, 0, at + timedelta(days=2))
    if dice(10, member, "subscribes") < 3:
        return
    at += timedelta(days=4 + dice(12, member, "after"))
    yield at, "subscribed", "web", "inbound", {"beans": beans}
    for number in range(1, 2 + dice(8, member, "boxes")):
        # Some take a long break, lapse, and come back.
        at += timedelta(days=45 if dice(9, member, number, "break") == 0 else 14)
        yield from box(member, number, at)
    if dice(3, member, "cancels") == 0:
        yield at + timedelta(days=3), "cancelled", "phone", "inbound", {}


def box(member: str, number: int, at: datetime) -> Iterator[Happening]:
    """One box of beans, and what the member says about it."""
    about = {"box": f"{member[-2:]}-{number}"}
    at = at.replace(hour=8) + timedelta(minutes=dice(600, member, number, "minute"))
    yield at - timedelta(days=1), "box_shipped", "post", "outbound", about
    if dice(9, member, number, "late") == 0:
        yield at, "box_late", "post", "internal", about
        at += timedelta(days=3)
    yield at, "box_delivered", "post", "outbound", about
    if dice(2, member, number, "reviews"):
        at += timedelta(hours=8 + dice(100, member, number, "hours"))
        score = 5 - dice(12, member, number, "score") // 3 if dice(6, member, number) else 1
        yield at, "review", "web", "inbound", {**about, "score": score}
        if score < 3 and dice(2, member, number, "solved"):
            yield at + timedelta(days=1 + dice(8, member, number, "days")), "problem_solved", "phone", "internal", about


def main() -> None:
    """Write everybody's events in the order of their time."""
    members = [f"member-{n:02}" for n in range(1, 41)]
    events = sorted((event[0], member, event) for member in members for event in life(member) if event[0] < END)
    for at, member, (_, kind, channel, direction, properties) in events:
        line = {"customer": member, "type": kind, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "channel": channel}
        line |= {"direction": direction, "location": WHERE[dice(4, member, "home")], "properties": properties}
        sys.stdout.write(json.dumps(line) + "\n")


main()
