"""`touchpoint export`, `import`, `schema` and `diff`: journeys as files that people read, write and review."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from touchpoint.cli.loading import Program, load, policy_of, together
from touchpoint.errors import TouchpointError

if TYPE_CHECKING:
    from touchpoint.journey.journey import Journey
    from touchpoint.model.message import Message

_FILE = click.Path(path_type=Path)
_STORE = click.option(
    "--store", envvar="TOUCHPOINT_STORE", metavar="URL", show_envvar=True, help="Such as sqlite:///shop.db."
)


@click.command()
@click.argument("file", type=_FILE, required=False)
@_STORE
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of YAML.")
@click.option("--journey", "names", multiple=True, metavar="NAME", help="Only this one. May be repeated.")
def export(file: Path | None, store: str | None, *, as_json: bool, names: tuple[str, ...]) -> None:
    """Print journeys in the form in which people write them.

    Those of FILE, or those kept in a store. Commands that take a file of journeys read it back.
    """
    from touchpoint.files import write_text

    if file is not None:
        program = load(file)
        policy = policy_of(file, program)
        events = tuple(each.name if each.parent == file.parent else str(each) for each in program.events)
        journeys, grant = _only(program.journeys, names), program.grant
        text = write_text(*journeys, json=as_json, policy=policy, events=events, grant=grant)
    elif store is not None:
        text = write_text(*_only(_kept(store), names), json=as_json)
    else:
        raise click.UsageError("name a FILE, or a store with --store")
    click.echo(text, nl=False)


def _only(journeys: Sequence["Journey"], names: Sequence[str]) -> list["Journey"]:
    from touchpoint.errors import UnknownName

    known = {each.name: each for each in journeys}
    for name in names:
        if name not in known:
            raise UnknownName("journey", name, known)
    return [each for each in journeys if not names or each.name in names]


def _kept(store: str) -> Sequence["Journey"]:
    from touchpoint.cli.looking import kept_journeys, open_to_look

    opened = open_to_look(store)
    try:
        return kept_journeys(opened.store)
    finally:
        opened.close()


@click.command("import")
@click.argument("file", type=_FILE)
@_STORE
def import_(file: Path, store: str | None) -> None:
    """Read the journeys of FILE, and put them into a store.

    Without a store they are only read. A store that is not there is made. What is at work on the store takes them up
    when it is started again.
    """
    from touchpoint.cli.show import plain

    program = load(file)
    together(program.journeys)
    if store is not None:
        _put(file, program, store)
    for each in program.journeys:
        parts = [(len(each.stages), "stage"), (len(each.rules), "rule"), (len(each.messages), "message")]
        click.echo(plain(f"{each.name}: " + ", ".join(f"{n} {what}" + ("" if n == 1 else "s") for n, what in parts)))
    for journey, message in _unsent(file):
        click.echo(plain(f"{journey}: message {message.name} is not kept: no step sends it"), err=True)


def _put(file: Path, program: Program, url: str) -> None:
    from touchpoint.cli.looking import stand_ins
    from touchpoint.engine.engine import Engine
    from touchpoint.engine.opening import open_store

    store = open_store(url)
    try:
        policy, channels = policy_of(file, program), stand_ins(program.journeys)
        Engine(store, journeys=program.journeys, channels=channels, policy=policy, volume_breaker=None)
    finally:
        store.close()


def _unsent(file: Path) -> Sequence[tuple[str, "Message"]]:
    from touchpoint.files import read_file
    from touchpoint.files.reading import ENDINGS

    try:
        return read_file(file).unsent if file.suffix in ENDINGS else ()
    except TouchpointError:  # JSON as `dump` writes it has no such messages
        return ()


@click.command()
def schema() -> None:
    """Print the JSON Schema of journey files.

    Editors complete and check by it. Write at the top of a file: # yaml-language-server: $schema=touchpoint.schema.json
    """
    from touchpoint.files import schema as made

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False))


@click.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects.")
@click.pass_context
def diff(ctx: click.Context, old: Path, new: Path, *, as_json: bool) -> None:
    """Say in words what is different between the journeys of two files.

    OLD and NEW are each Python, YAML or JSON. The status is 0 where they are equal, 1 where they differ, 2 where one
    cannot be read.
    """
    from touchpoint.cli.show import plain
    from touchpoint.files import differences

    before, after = load(old), load(new)
    found = differences(
        before.journeys, after.journeys, old_policy=policy_of(old, before), new_policy=policy_of(new, after)
    )
    if as_json:
        click.echo(
            json.dumps([{"subject": each.subject, "words": each.words} for each in found], indent=2, ensure_ascii=False)
        )
    else:
        for each in found:
            click.echo(plain(str(each)))
    if found:
        ctx.exit(1)
