"""The command line: `touchpoint run`, `check`, `dump`, `why` and `timeline`. Needs the extra `cli`."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process: status 0, 1 for problems found by `check`, 2 for errors.

    Args:
        arguments: without the program's name; those of the process unless given.
    """
    for name in ("click", "rich"):
        if find_spec(name) is None:
            # Not by our name: on PyPI another project has it.
            sys.exit(f"the command line needs {name}; in the folder of touchpoint's source: pip install '.[cli]'")
    from touchpoint.cli.app import cli

    for stream in (sys.stdout, sys.stderr):
        # What a terminal or pipe cannot show must not end a report half-way.
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")
    cli.main(args=None if arguments is None else list(arguments), prog_name="touchpoint")
