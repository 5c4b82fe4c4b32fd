"""What keeps a customer from going on: parked things, timers overdue, messages that nobody takes over."""

from collections.abc import Iterator
from datetime import datetime

from touchpoint.engine.view import CustomerView


def stuck(view: CustomerView, now: datetime) -> Iterator[str]:
    """Each of them in words, as of this instant; nothing where all is well."""
    yield from (f"{each.what} is parked: {each.error}" for each in view.parked)
    yield from (f"{what}, due at {due.isoformat()}, is overdue" for due, what in view.planned if due < now)
    for each in view.messages:
        if each.status == "in_flight":
            yield f"message {each.name} is in flight, and nobody takes it over"
