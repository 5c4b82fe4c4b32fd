"""`touchpoint release`: what a changed journey would do to live runs, the release itself, and the way back (S5.4)."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click

from touchpoint.cli.loading import load
from touchpoint.cli.looking import SECRET, LookOnly, kept_journeys, there
from touchpoint.cli.options import JOURNEYS, STORE
from touchpoint.cli.settings import Settings, settings_of
from touchpoint.engine.engine import Engine
from touchpoint.engine.opening import open_store
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.journey.journey import Journey
from touchpoint.model.release import Mode

_FILE = click.argument("file", type=click.Path(path_type=Path))
_MODE = click.option(
    "--mode", type=click.Choice(get_args(Mode)), default="follow", show_default=True, help="What becomes of live runs."
)
_MIGRATION = click.option(
    "--migration", metavar="NAME", help="With --mode migrate: a function in FILE's migrations = {…}."
)
_ONE = click.option("--journey", metavar="NAME", help="Which one, where FILE defines several.")
_BY = click.option("--by", required=True, metavar="NAME", help="Who does it.")


@click.group()
def release() -> None:
    """Change a live journey: preview, confirm, list, roll back."""


@release.command()
@STORE
@_FILE
@_ONE
@_MODE
@_MIGRATION
def preview(store: str, file: Path, journey: str | None, mode: Mode, migration: str | None) -> None:
    """Say what releasing FILE's journey would do to every live run.

    Nothing is changed. The last line is the token for `touchpoint release confirm`.
    """
    with _engine_for(store, file, look_only=True) as (engine, journeys):
        found = engine.preview_release(_chosen(journeys, journey), mode=mode, migration=migration)
    _say(str(found))
    click.echo(f"token: {found.token}")


@release.command()
@STORE
@_FILE
@_ONE
@_MODE
@_MIGRATION
@_BY
@click.option("--token", required=True, help="What the preview has said.")
def confirm(
    store: str, file: Path, journey: str | None, mode: Mode, migration: str | None, by: str, token: str
) -> None:
    """Release FILE's journey, as previewed; it is at work at once, in every process on the store.

    The status is 2 if anything else was released since the preview.
    """
    with _engine_for(store, file, look_only=False) as (engine, journeys):
        made = engine.release(_chosen(journeys, journey), confirm=token, by=by, mode=mode, migration=migration)
    _say(str(made))


@release.command("list")
@STORE
@click.option("--journey", metavar="NAME", help="Of this one only.")
def list_releases(store: str, journey: str | None) -> None:
    """List the releases of the journeys in a store, oldest first."""
    from touchpoint.engine.releasing import listed

    opened = open_store(there(store))
    try:
        with opened.reading() as reader:
            found = listed(reader, journey)
    finally:
        opened.close()
    for each in found:
        _say(str(each))
    if not found:
        click.echo("nothing was released yet")


@release.command()
@STORE
@JOURNEYS
@click.argument("journey")
@_BY
@click.option("--to", type=click.IntRange(min=1), metavar="N", help="A release.  [default: the one before]")
@click.option("--mode", type=click.Choice(["follow", "pin"]), default="follow", show_default=True)
def rollback(store: str, journeys: Path | None, journey: str, by: str, to: int | None, mode: Mode) -> None:
    """Put to work again what JOURNEY was before. Nothing that was done is undone."""
    with _engine_for(store, journeys, look_only=False) as (engine, _):
        _say(str(engine.rollback(journey, by=by, to=to, mode=mode)))


@contextmanager
def _engine_for(url: str, file: Path | None, *, look_only: bool) -> Iterator[tuple[Engine, tuple[Journey, ...]]]:
    """An engine that hands nothing over and releases nothing by itself, with the journeys of the file."""
    opened = open_store(there(url))
    store = LookOnly(opened) if look_only else opened
    try:
        program = None if file is None else load(file)
        journeys = tuple(kept_journeys(opened) if program is None else program.journeys)
        own = Settings() if program is None or file is None else settings_of(file, program)
        functions = {} if program is None or file is None else migrations_of(file, program.values.get("migrations"))
        yield (
            Engine(
                store,
                journeys=journeys,
                policy=own.policy,
                volume_breaker=None,
                release_on_open=False,
                migrations=functions,
                secret=os.environ.get(SECRET),
                feedback=own.feedback,
            ),
            journeys,
        )
    finally:
        opened.close()


def migrations_of(file: Path, value: object) -> dict[str, Callable[..., Any]]:
    """What the file calls `migrations`. Raises InvalidInput for anything but functions by name."""
    found = {} if value is None else value
    if not isinstance(found, dict) or not all(isinstance(name, str) and callable(each) for name, each in found.items()):
        raise InvalidInput(f'{file}: migrations is a mapping of names to functions, such as {{"to_v2": to_v2}}')
    return found


def _chosen(journeys: tuple[Journey, ...], name: str | None) -> Journey:
    found = [each for each in journeys if name in (None, each.name)]
    if not found:
        raise UnknownName("journey", name, [each.name for each in journeys])
    if len(found) > 1:
        raise InvalidInput(f"there are {len(found)} journeys in that file: say which one with --journey")
    return found[0]


def _say(text: str) -> None:
    from touchpoint.cli.show import plain

    click.echo("\n".join(map(plain, text.split("\n"))))
