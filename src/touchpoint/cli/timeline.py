"""`touchpoint timeline`: everything that happened to one customer, on their own clock."""

from textwrap import wrap

import click

from touchpoint.cli.show import console, plain
from touchpoint.durations import micros
from touchpoint.engine.engine import Engine
from touchpoint.engine.telling import Item, told
from touchpoint.zones import to_local, zone


def print_timeline(engine: Engine, customer: str) -> None:
    """Print what happened to a customer, oldest first. Raises UnknownCustomer."""
    view = engine.customer(customer)
    name = view.zones[0] if view.zones else "UTC"
    clock = zone(name)
    click.echo(f"times in {name}; → from the customer, ← from us, · what followed\n")
    out = console()
    # In a pipe a line stays a line, so that it can be searched for.
    width = out.width if out.is_terminal else None
    for item in told(view):
        click.echo(_line(item, f"{to_local(micros(item.at), clock):%Y-%m-%d %H:%M}", width))
    for due, what in view.planned:
        click.echo(f"next: {to_local(micros(due), clock):%Y-%m-%d %H:%M} {plain(what)}")


def _line(item: Item, at: str, width: int | None) -> str:
    text = f"{at} {item.arrow} {plain(item.what)}" + (f"  {plain(item.details)}" if item.details else "")
    if width is None:
        return text
    indent = " " * len(f"{at} {item.arrow} ")
    lines = wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
