"""`touchpoint timeline`: everything that happened to one customer, on their own clock."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from textwrap import wrap
from typing import Final

import attrs
import click

from touchpoint.cli.looking import LookOnly
from touchpoint.cli.show import console, plain
from touchpoint.durations import instant, micros
from touchpoint.engine.engine import Engine
from touchpoint.engine.view import CustomerView, MessageView, RunView
from touchpoint.model.case import Case
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.codec import dumps, loads
from touchpoint.zones import to_local, zone

_ARROWS: Final = {"inbound": "→", "outbound": "←", "internal": "·"}
_VALUE_SHOWN: Final = 60
"""Characters of a property's value."""


@attrs.frozen
class _Item:
    """One line. At one instant, what is told comes before what followed from it: `rank`."""

    at: datetime
    rank: int
    arrow: str
    what: str
    details: str


def print_timeline(engine: Engine, store: LookOnly, customer: str) -> None:
    """Print what happened to a customer, oldest first. Raises UnknownCustomer."""
    view = engine.customer(customer)
    items = sorted(_items(view, store, customer), key=lambda item: (item.at, item.rank))
    name = view.zones[0] if view.zones else "UTC"
    clock = zone(name)
    click.echo(f"times in {name}; → from the customer, ← from us, · what followed\n")
    out = console()
    # In a pipe a line stays a line, so that it can be searched for.
    width = out.width if out.is_terminal else None
    for item in items:
        click.echo(_line(item, f"{to_local(micros(item.at), clock):%Y-%m-%d %H:%M}", width))
    for due, what in view.planned:
        click.echo(f"next: {to_local(micros(due), clock):%Y-%m-%d %H:%M} {plain(what)}")


def _line(item: _Item, at: str, width: int | None) -> str:
    text = f"{at} {item.arrow} {plain(item.what)}" + (f"  {plain(item.details)}" if item.details else "")
    if width is None:
        return text
    indent = " " * len(f"{at} {item.arrow} ")
    lines = wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def _items(view: CustomerView, store: LookOnly, customer: str) -> Iterator[_Item]:
    messages = {message.key for message in view.messages}
    for touchpoint in view.timeline():
        if touchpoint.id not in messages:  # our own messages are told with what became of them
            yield _touchpoint(touchpoint)
    yield from _moves(store, customer)
    for run in view.runs:
        yield from _run(run)
    for case in view.cases():
        yield from _case(case)
    for message in view.messages:
        yield _message(message)


def _touchpoint(touchpoint: Touchpoint) -> _Item:
    where = [each for each in (touchpoint.channel, touchpoint.location) if each]
    details = "  ".join([*where, *_values(touchpoint.properties)])
    return _Item(touchpoint.at or instant(0), 0, _ARROWS[touchpoint.direction], touchpoint.type, details)


def _values(properties: Mapping[str, object]) -> Iterator[str]:
    for name, value in properties.items():
        text = value if isinstance(value, str) else dumps(value)
        yield f"{name}={text if len(text) <= _VALUE_SHOWN else text[:_VALUE_SHOWN] + '…'}"


def _moves(store: LookOnly, customer: str) -> Iterator[_Item]:
    """The customer's way through the stages, from the journal."""
    with store.reading() as reader:
        for row in reader.customers([customer]):
            for entry in reader.journal(row.no):
                for line in loads(entry.trace) if entry.trace else ():
                    if line[0] == "stage":
                        _, journey, left, entered = line
                        came = f" (from {left})" if left else ""
                        yield _Item(instant(entry.recorded_at), 1, "·", f"stage {entered}", f"{journey}{came}")


def _run(run: RunView) -> Iterator[_Item]:
    about = run.journey + (f", for {run.key}" if run.key is not None else "")
    yield _Item(run.started_at, 2, "·", f"{run.rule}: started", about)
    if run.ended_at is not None:
        yield _Item(run.ended_at, 5, "·", f"{run.rule}: ended", f"{about}: {run.reason}")


def _case(case: Case) -> Iterator[_Item]:
    yield _Item(case.opened_at, 3, "·", f"case {case.kind}: opened", case.ref)
    if case.closed_at is not None:
        yield _Item(case.closed_at, 3, "·", f"case {case.kind}: closed", case.ref)


def _message(message: MessageView) -> _Item:
    sent = message.status == "sent" and message.at is not None
    details = message.status + (f" by {message.via}" if sent else "") + f", {message.kind}"
    if message.because:
        details += ("; had to wait: " if sent else "; ") + message.because[-1]
    return _Item(message.at or message.due, 4, "←" if sent else "·", message.name, details)
