"""The command line: `touchpoint run`, `check`, `dump`, `why` and `timeline`. Needs the extra `cli`."""

import sys
from collections.abc import Sequence

__all__ = ["main"]

_WITH = frozenset({"click", "rich"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process: status 0, 1 for problems found by `check`, 2 for errors.

    Args:
        arguments: without the program's name; those of the process unless given.
    """
    try:
        from touchpoint.cli.app import cli
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _WITH:
            raise
        # Not by name from PyPI: another project has it there.
        sys.exit(f"the command line needs {error.name}; in the folder of touchpoint's source: pip install '.[cli]'")
    for stream in (sys.stdout, sys.stderr):
        # What a terminal or pipe cannot show must not end a report half-way.
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")
    cli.main(args=None if arguments is None else list(arguments), prog_name="touchpoint")
