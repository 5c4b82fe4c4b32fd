"""The reference of all checks, made of the code."""

from itertools import groupby

from touchpoint.lab.checks.catalogue import CHECKS, Check
from touchpoint.lab.checks.examples import EXAMPLES, NAMES

_INTRO = """# Checks

What `touchpoint check` and `touchpoint.lab.check` find, {total} checks in {groups} groups. How to run them is told in
[Check a journey](../how-to/check-journeys.md).

A code is stable: one that was given is never given to another check. An *error* is certainly not what is meant, a
*warning* very likely not; a *note* is worth a look, and shown as "perhaps". A condition is called impossible only where
no data at all could make it true.

This page is made by `python -m touchpoint.lab.checks`; a test keeps it equal to the code, and another finds each
mistake that it shows. The examples use these names:"""


def page() -> str:
    """The page, as Markdown."""
    groups = [(name, list(checks)) for name, checks in groupby(CHECKS.values(), key=lambda each: each.group)]
    lines = [_INTRO.format(total=len(CHECKS), groups=len(groups)), "", "```python", NAMES, "```"]
    for name, checks in groups:
        lines += ["", f"## {name}"]
        for each in checks:
            lines += ["", *_section(each)]
    return "\n".join(lines) + "\n"


def _section(check: Check) -> list[str]:
    wrong = EXAMPLES.get(check.code)
    lines = [f"### {check.code} {check.name}", "", f"*{check.severity.capitalize()}.* {check.what}", ""]
    lines += [] if wrong is None else ["```python", wrong, "```", ""]
    lines += [f"Why it matters: {_lowered(check.why)}", "", f"To mend it: {check.mend}."]
    return [*lines, "", f"Source: {check.source}."] if check.source else lines


def _lowered(text: str) -> str:
    return text if text[:2].isupper() or text.startswith("The FTC") else text[0].lower() + text[1:]
