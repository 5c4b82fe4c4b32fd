"""`touchpoint pause`, `resume`, `controls`, `parked` and `doctor`: what people who run a store do with it."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from touchpoint.cli.loading import adapters_of, load
from touchpoint.cli.looking import engine_at_work, open_to_look
from touchpoint.cli.options import JOURNEYS, STORE, an_instant
from touchpoint.errors import StoreError

if TYPE_CHECKING:
    from touchpoint.engine.doctor import Finding

SHOWN: Final = 100
_CHANNEL = click.option("--channel", metavar="NAME", help="A channel.")
_MESSAGE = click.option("--message", metavar="NAME", help="A message.")
_JOURNEY = click.option("--journey", metavar="NAME", help="A journey.")


@click.command()
@STORE
@JOURNEYS
@_CHANNEL
@_MESSAGE
@_JOURNEY
@click.option("--reason", required=True, help="Why, in words: whoever asks will read it.")
@click.option("--until", callback=an_instant, metavar="ISO", help="When it ends by itself.  [default: never]")
def pause(
    store: str,
    journeys: Path | None,
    channel: str | None,
    message: str | None,
    journey: str | None,
    reason: str,
    until: datetime | None,
) -> None:
    """Have a channel, message or journey wait.

    It acts at the next release, for every worker on the store. Nothing is lost: what waits goes on waiting until it is
    resumed, or expires.
    """
    with engine_at_work(store, journeys) as engine:
        engine.pause(channel=channel, message=message, journey=journey, reason=reason, until=until)


@click.command()
@STORE
@JOURNEYS
@_CHANNEL
@_MESSAGE
@_JOURNEY
def resume(store: str, journeys: Path | None, channel: str | None, message: str | None, journey: str | None) -> None:
    """Have what is paused or stopped go on.

    What waits is asked again at once. What the volume breaker held goes on, with the present volume as usual.
    """
    with engine_at_work(store, journeys) as engine:
        engine.resume(channel=channel, message=message, journey=journey)


@click.command()
@STORE
def controls(store: str) -> None:
    """List what is paused or stopped."""
    from touchpoint.cli.show import plain
    from touchpoint.clock import SystemClock
    from touchpoint.durations import micros
    from touchpoint.engine.controls import control_of, in_force

    opened = open_to_look(store)
    try:
        with opened.reading() as reader:
            rows = in_force(reader.controls(), micros(SystemClock().now()))
    finally:
        opened.close()
    for row in rows:
        click.echo(plain(str(control_of(row))))
    if not rows:
        click.echo("nothing is paused or stopped")


@click.command()
@STORE
@JOURNEYS
@click.option("--replay", is_flag=True, help="Have it go through its decision again.")
@click.option("--customer", metavar="ID", help="Replay what is parked of this one only.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
@click.pass_context
def parked(
    ctx: click.Context, store: str, journeys: Path | None, *, replay: bool, customer: str | None, limit: int | None
) -> None:
    """List what defects of journeys keep from going on, or replay it.

    Mend the journey first, and name its file with --journeys. The status is 1 if anything stays parked that was
    replayed.
    """
    if not replay:
        _list(store, limit)
        return
    from touchpoint.cli.show import plain

    with engine_at_work(store, journeys, release=True) as engine:
        replayed = engine.replay_parked(customer, limit=limit)
    click.echo(f"{replayed.done} replayed, {len(replayed.failed)} stay parked")
    for who, what in replayed.failed[:SHOWN]:
        click.echo(plain(f"{who}: {what.what}: {what.error}"))
    if replayed.failed:
        ctx.exit(1)


def _list(store: str, limit: int | None) -> None:
    from touchpoint.cli.show import plain
    from touchpoint.engine.parked import listed

    opened = open_to_look(store)
    try:
        with opened.reading() as reader:
            n, found = reader.parked_count(), listed(reader, limit or SHOWN)
    finally:
        opened.close()
    click.echo(f"{n} parked")
    for who, what in found:
        click.echo(plain(f"{what.at:%Y-%m-%d %H:%M:%S} UTC {who}: {what.kind} {what.what}: {what.error}"))
    if len(found) < n:
        click.echo(f"and {n - len(found)} more")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@STORE
@click.option("--deep", is_flag=True, help="Look for damage in the file, too, which reads all of it.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects.")
@click.pass_context
def doctor(ctx: click.Context, file: Path | None, store: str, *, deep: bool, as_json: bool) -> None:
    """Say whether a store and this machine are fit for work.

    FILE is as for `touchpoint work`: it defines journeys, and channels = [...]; what concerns these is left out without
    it. The status is 1 if there are errors.
    """
    from touchpoint.cli.show import plain

    found = _examined(file, store, deep=deep)
    if as_json:
        click.echo(json.dumps([attrs.asdict(each) for each in found], indent=2, ensure_ascii=False))
    else:
        for each in found:
            click.echo("\n".join(plain(line) for line in str(each).splitlines()))
    if any(each.level == "error" for each in found):
        ctx.exit(1)


def _examined(file: Path | None, url: str, *, deep: bool) -> "list[Finding]":
    from touchpoint.engine.doctor import Finding, examine

    program = None if file is None else load(file)
    try:
        opened = open_to_look(url)
    except StoreError as error:
        return [Finding("store", "error", str(error), "nothing can be recorded, and nothing goes out")]
    try:
        if file is None or program is None:
            return examine(opened.store, deep=deep)
        channels = adapters_of(file, program) if "channels" in program.values else None
        return examine(opened.store, journeys=program.journeys, channels=channels, deep=deep)
    except StoreError as error:
        return [Finding("store", "error", str(error), "nothing can be recorded, and nothing goes out")]
    finally:
        opened.close()
