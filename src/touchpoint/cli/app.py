"""The commands and their options. What they do is in the modules beside."""

import os
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any, Final

import click

from touchpoint.cli.loading import load, words
from touchpoint.cli.options import JOURNEYS, STORE, an_instant
from touchpoint.errors import TouchpointError


class _RefusedError(click.ClickException):
    """An error of the library, as one message."""

    exit_code = 2


_ELSEWHERE: Final[Mapping[str, str]] = {
    **{name: f"touchpoint.cli.{name}" for name in ("audit", "check", "mutate", "report", "testgen", "walk", "work")},
    **dict.fromkeys(("controls", "doctor", "parked", "pause", "resume"), "touchpoint.cli.operate"),
    "release": "touchpoint.cli.releasing",
    "show-code": "touchpoint.cli.show_code",
    **dict.fromkeys(("advocates", "conversation", "topics"), "touchpoint.cli.talking"),
    **dict.fromkeys(("diff", "export", "import", "schema"), "touchpoint.cli.exchange"),
}
"""Commands that live in modules of their own, and load more than the others need."""


class _Commands(click.Group):
    """Shows what the library refuses without a traceback, unless TOUCHPOINT_TRACEBACK=1 asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Those here and those elsewhere."""
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command; one from elsewhere is loaded when it is asked for."""
        if cmd_name in _ELSEWHERE:
            name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
            found: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), name)
            return found
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        try:
            return super().invoke(ctx)
        except TouchpointError as error:
            if os.environ.get("TOUCHPOINT_TRACEBACK", "") not in ("", "0"):
                raise
            raise _RefusedError(_plainly(words(error))) from error


def _plainly(text: str) -> str:
    from touchpoint.cli.show import plain

    return "\n".join(map(plain, text.split("\n")))


_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="touchpoint")
def cli() -> None:
    """Customer journeys: try them on recorded events, and ask why."""


@cli.command()
@_FILE
@click.option(
    "--events",
    multiple=True,
    metavar="PATH",
    help="JSON lines or CSV, also .gz. May be repeated.  [default: EVENTS of FILE]",
)
@click.option(
    "--grant",
    metavar="KIND,…",
    help="Kinds of message that every customer is taken to have agreed to, or all.  [default: GRANT of FILE]",
)
@click.option(
    "--store",
    default="sqlite://",
    metavar="URL",
    help="Where to keep everything, such as sqlite:///shop.db.  [default: in memory]",
)
@click.option("--until", callback=an_instant, metavar="ISO", help="Where to end.  [default: the last event]")
@click.option("--skip-bad", is_flag=True, help="Go on after lines that are no events, and list them.")
def run(
    file: Path,
    events: tuple[str, ...],
    grant: str | None,
    store: str,
    until: datetime | None,
    skip_bad: bool,  # noqa: FBT001 - click passes it so
) -> None:
    """Replay events through the journeys of FILE.

    FILE is a Python file with journeys at its top level, or YAML or JSON. Time is virtual, and nobody is really
    written to. A Python file may also say `policy`, `feedback`, `analyser` and `figures`, as the engine has them.
    """
    from touchpoint.cli.run import replay_file

    replay_file(file, load(file), events, grant, store=store, until=until, skip_bad=skip_bad)


@cli.command()
@STORE
@JOURNEYS
@click.option("--at", callback=an_instant, metavar="ISO", help="Ask as if it were then.  [default: now]")
@click.argument("customer")
@click.argument("name")
def why(store: str, journeys: Path | None, at: datetime | None, customer: str, name: str) -> None:
    """Explain a message or rule to one customer.

    Why CUSTOMER did or did not get the message NAME, or why the rule NAME did or did not start for them.
    """
    from touchpoint.cli.looking import engine_on
    from touchpoint.cli.show import plain

    with engine_on(store, journeys, at) as (engine, _):
        click.echo("\n".join(plain(line) for line in str(engine.why(customer, name)).splitlines()))


@cli.command()
@STORE
@JOURNEYS
@click.argument("customer")
def timeline(store: str, journeys: Path | None, customer: str) -> None:
    """Tell what happened to one customer.

    Prints touchpoints, messages, stages, rules and cases of CUSTOMER, oldest first.
    """
    from touchpoint.cli.looking import engine_on
    from touchpoint.cli.timeline import print_timeline

    with engine_on(store, journeys, None) as (engine, _):
        print_timeline(engine, customer)


@cli.command()
@_FILE
def dump(file: Path) -> None:
    """Print the journeys of FILE as JSON.

    One object, or a list where there are several. `touchpoint run` and `check` read it, too.
    """
    import json

    from touchpoint.journey.codec import journey_to_dict

    found = [journey_to_dict(journey) for journey in load(file).journeys]
    click.echo(json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False))
