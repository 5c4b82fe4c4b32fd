"""Prints every criterion, for the end of the reference: `python -m touchpoint.lab.audit`."""

import sys

from touchpoint.lab.audit.pages import criteria

sys.stdout.write(criteria())
