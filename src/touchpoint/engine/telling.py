"""What happened to one customer, line by line: touchpoints, stages, runs, cases, messages; for people and for tests."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import attrs

from touchpoint.durations import instant, micros
from touchpoint.engine.view import CustomerView, MessageView, RunView
from touchpoint.model.case import Case
from touchpoint.model.referral import CONVERTED, MADE, RECEIVED
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.codec import dumps
from touchpoint.zones import to_local, zone

_ARROWS: Final = {"inbound": "→", "outbound": "←", "internal": "·"}
_SAID: Final = {
    MADE: "referred a friend", RECEIVED: "was referred by a customer", CONVERTED: "a referred friend became a customer",
}  # fmt: skip
"""Types of touchpoints that are told in words."""
_VALUE_SHOWN: Final = 60
"""Characters of a property's value."""


@attrs.frozen
class Item:
    """One line of a timeline. At one instant, what is told comes before what followed from it: `rank`."""

    at: datetime
    rank: int
    arrow: str
    what: str
    details: str


def told(view: CustomerView) -> list[Item]:
    """Everything that happened to a customer, oldest first."""
    return sorted(_items(view), key=lambda item: (item.at, item.rank))


def text(view: CustomerView) -> str:
    """The timeline as text on the customer's own clock, and what is planned next; the same for the same history."""
    name = view.zones[0] if view.zones else "UTC"
    lines = [f"times in {name}; → from the customer, ← from us, · what followed"]
    for item in told(view):
        details = f"  {item.details}" if item.details else ""
        lines.append(f"{_clock(item.at, name)} {item.arrow} {item.what}{details}")
    lines += [f"next: {_clock(due, name)} {what}" for due, what in view.planned]
    return "\n".join(lines)


def _clock(at: datetime, name: str) -> str:
    return f"{to_local(micros(at), zone(name)):%Y-%m-%d %H:%M}"


def _items(view: CustomerView) -> Iterator[Item]:
    messages = {message.key for message in view.messages}
    for touchpoint in view.timeline():
        if touchpoint.id not in messages:  # our own messages are told with what became of them
            yield _touchpoint(touchpoint)
    for move in view.moves:
        came = f" (from {move.left})" if move.left else ""
        yield Item(move.at, 1, "·", f"stage {move.entered}", f"{move.journey}{came}")
    for each in view.memberships:
        yield Item(each.at, 1, "·", f"segment {each.segment}: {'joined' if each.joined else 'left'}", each.journey)
    for run in view.runs:
        yield from _run(run)
    for case in view.cases():
        yield from _case(case, view.zones[0] if view.zones else "UTC")
    for message in view.messages:
        yield _message(message)


def _touchpoint(touchpoint: Touchpoint) -> Item:
    where = [each for each in (touchpoint.channel, touchpoint.location) if each]
    details = "  ".join([*where, *_values(touchpoint.properties)])
    what = _SAID.get(touchpoint.type, touchpoint.type)
    return Item(touchpoint.at or instant(0), 0, _ARROWS[touchpoint.direction], what, details)


def _values(properties: Mapping[str, object]) -> Iterator[str]:
    for name, value in properties.items():
        text = value if isinstance(value, str) else dumps(value)
        yield f"{name}={text if len(text) <= _VALUE_SHOWN else text[:_VALUE_SHOWN] + '…'}"


def _run(run: RunView) -> Iterator[Item]:
    about = run.journey + (f", for {run.key}" if run.key is not None else "")
    yield Item(run.started_at, 2, "·", f"{run.rule}: started", about)
    if run.ended_at is not None:
        yield Item(run.ended_at, 5, "·", f"{run.rule}: ended", f"{about}: {run.reason}")


def _case(case: Case, zone_name: str) -> Iterator[Item]:
    due = {"response": case.respond_by, "resolution": case.resolve_by}
    owed = [f"{which} due {_clock(at, zone_name)}" for which, at in due.items() if at is not None]
    said: list[str] = [] if case.severity == "normal" else [case.severity]
    said += [] if case.owner is None else [f"owner {case.owner}"]
    begins = "opened" if case.opening == 1 else "reopened"
    yield Item(case.opened_at, 3, "·", f"case {case.kind}: {begins}", "  ".join([case.ref, *said, *owed]))
    for level, reached in enumerate(case.escalated_at, start=1):
        yield Item(reached, 3, "·", f"case {case.kind}: escalated to level {level}", case.ref)
    if case.first_response_at is not None:
        yield Item(case.first_response_at, 3, "·", f"case {case.kind}: answered", case.ref)
    missed = {"response": case.response_overdue_since, "resolution": case.resolution_overdue_since}
    for which, at in missed.items():
        if at is not None:
            yield Item(at, 3, "·", f"case {case.kind}: {which} overdue", case.ref)
    if case.closed_at is not None:
        end = "closed" if case.merged_into is None else f"merged into {case.merged_into}"
        yield Item(case.closed_at, 3, "·", f"case {case.kind}: {end}", case.ref)


def _message(message: MessageView) -> Item:
    sent = message.status == "sent" and message.at is not None
    details = message.status + (f" by {message.via}" if sent else "") + f", {message.kind}"
    if message.because:
        details += ("; had to wait: " if sent else "; ") + message.because[-1]
    return Item(message.at or message.due, 4, "←" if sent else "·", message.name, details)
