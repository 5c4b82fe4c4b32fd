"""`touchpoint show-code`: the Python that conditions are generated into."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from touchpoint.cli.loading import load, policy_of
from touchpoint.errors import UnknownName

if TYPE_CHECKING:
    from touchpoint.core.program import Program


@click.command(name="show-code")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only of this touchpoint type. May be repeated.")
def show_code(file: Path, types: Sequence[str]) -> None:
    """Print the Python that the journeys of FILE are decided by.

    One function for each touchpoint type and each event that enters a stage or starts a rule. An engine compiles one
    when its type has been met some hundred times; before that closures decide the same.
    """
    from touchpoint.core.program import compile_program

    loaded = load(file)
    program = compile_program(loaded.journeys, policy_of(file, loaded))
    known = sorted({name for kind, name in program.starts if kind == "touchpoint"} | set(program.judges.types()))
    for name in types:
        if name not in known:
            raise UnknownName("touchpoint type", name, known)
    click.echo("\n\n".join(_sources(program, types)), nl=False)


def _sources(program: "Program", types: Sequence[str]) -> Iterator[str]:
    """Whole rounds of the types that have such a function, then what else is started."""
    whole = [each for each in program.judges.types() if not types or each in types]
    for name in whole:
        yield program.judges.code_of_type(name).text
    for kind, name in sorted(program.starts):
        started = kind == "touchpoint" and name not in whole and (not types or name in types)
        if started or (kind not in ("touchpoint", "enrolled") and not types):
            yield program.judges.code((kind, name)).text
