"""Prints the reference of all checks: `python -m touchpoint.lab.checks > docs/reference/checks.md`."""

import sys

from touchpoint.lab.checks.pages import page

sys.stdout.write(page())
