"""What people say: `touchpoint conversation`, `topics` and `advocates`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from touchpoint.cli.looking import engine_on
from touchpoint.cli.options import JOURNEYS, STORE
from touchpoint.cli.show import plain
from touchpoint.durations import micros, spoken
from touchpoint.engine.engine import Engine
from touchpoint.errors import InvalidInput
from touchpoint.model.conversation import Conversation, Said
from touchpoint.model.topic import Topic
from touchpoint.zones import to_local, zone

_ARROWS: Final = {"customer": "→", "us": "←", None: "·"}
_TURNS: Final = {"ours": "we are to answer", "theirs": "they are to answer", None: "nobody is waited for"}
_SHOWN: Final = 120
"""Characters of what somebody said."""


@click.command()
@STORE
@JOURNEYS
@click.option("--about", metavar="ID", help="Only the one to which this touchpoint, message or case belongs.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@click.argument("customer")
def conversation(store: str, journeys: Path | None, about: str | None, limit: int, customer: str) -> None:
    """Tell what was said to and by one customer.

    Prints the conversations of CUSTOMER, across channels: who said what, and who is to answer now. What was said last
    comes first.
    """
    with engine_on(store, journeys, None) as (engine, _):
        found = engine.conversations(customer, limit=limit) if about is None else [_one(engine, customer, about)]
        zones = engine.customer(customer).zones
    name = zones[0] if zones else "UTC"
    click.echo(f"times in {name}; → from the customer, ← from us, · what followed")
    for each in found:
        click.echo("\n" + "\n".join(map(plain, _lines(each, name))))
    if not found:
        click.echo("nothing was said yet")


def _one(engine: Engine, customer: str, about: str) -> Conversation:
    found = engine.conversation(customer, about=about)
    if found is None:
        raise InvalidInput(
            "nothing on this customer's timeline belongs to that; touchpoint timeline shows what there is"
        )
    return found


def _lines(it: Conversation, zone_name: str) -> Iterator[str]:
    took = it.time_to_answer
    answered = "" if took is None else f"; answered after {spoken(took) if took > timedelta(0) else 'no time'}"
    channels = f" on {', '.join(it.channels)}" if it.channels else ""
    yield f"{len(it.entries)} entries{channels}: {_TURNS[it.turn]}{answered}"
    for each in it.entries:
        at = f"{to_local(micros(each.at), zone(zone_name)):%Y-%m-%d %H:%M}"
        yield f"  {at} {_ARROWS[each.speaker]} {_told(each)}"


def _told(it: Said) -> str:
    parts = [it.type if it.what is None else f"{it.type} {it.what}"]
    parts += [] if it.channel is None else [f"by {it.channel}"]
    parts += [it.intent] if it.intent else []
    if it.text is not None:
        text = " ".join(it.text.split())
        parts.append(f"“{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}”")
    if it.waits:
        parts.append("(waits for an answer)")
    return "  ".join(parts)


@click.command()
@STORE
@JOURNEYS
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
def topics(store: str, journeys: Path | None, limit: int) -> None:
    """List what customers wish for.

    How many wish for it, since when, and whether they were told that it was done. Most wished for first.
    """
    with engine_on(store, journeys, None) as (engine, _):
        found = engine.topics(limit=limit)
    for each in found:
        click.echo(plain(_topic(each)))
    if not found:
        click.echo("nobody has wished for anything yet")


def _topic(it: Topic) -> str:
    since = f"{it.customers} customer{'s' * (it.customers != 1)} since {it.oldest:%Y-%m-%d}"
    if it.answered_at is None:
        return f"{it.name}: {since}; not answered"
    more = f", {it.waiting} more since" if it.waiting else ""
    return f"{it.name}: {since}; answered {it.answered_at:%Y-%m-%d}{more}"


@click.command()
@STORE
@JOURNEYS
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
def advocates(store: str, journeys: Path | None, limit: int) -> None:
    """List who brings new customers.

    How many each has referred, and how many of those became customers. Who has brought most comes first.
    """
    with engine_on(store, journeys, None) as (engine, _):
        found = engine.advocates(limit=limit)
    for each in found:
        click.echo(plain(f"{each.customer}: {each.new_customers} new customers of {each.referred} referred"))
    if not found:
        click.echo("nobody has referred anybody yet")
