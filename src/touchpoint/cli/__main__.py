"""`python -m touchpoint.cli` is `touchpoint`."""

from touchpoint.cli import main

main()
