"""The shipped content rules as a table in Markdown, made from the data; `python tests/rules_table.py` prints it."""

import sys

import attrs

from touchpoint.journey.statutes import NOT_COMMERCIAL, SHIPPED


def asked(requirement):
    """A requirement as it is written in code, without what is as usual."""
    fields = [(each, getattr(requirement, each.name)) for each in attrs.fields(type(requirement))]
    parts = [
        f"{'' if not each.kw_only else each.name + '='}{value!r}" for each, value in fields if value != each.default
    ]
    return f"`{type(requirement).__name__}({', '.join(parts)})`"


def validity(rule):
    since = f"from {rule.valid_from}" if rule.valid_from else ""
    until = f"until {rule.valid_until}" if rule.valid_until else ""
    return " ".join(each for each in (since, until) if each) or "always"


def kinds(rule):
    if rule.kinds is not None:
        return ", ".join(rule.kinds)
    return "commercial" if rule.except_kinds == NOT_COMMERCIAL else "every kind"


def row(rule):
    cells = [
        f"`{rule.name}`", ", ".join(map(asked, rule.asks)), kinds(rule), ", ".join(rule.channels or ("every channel",)),
        ", ".join(rule.jurisdictions or ("everywhere",)), validity(rule), f"[{rule.source}]({rule.url})",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def table():
    """One table for each constant, under its name."""
    lines = []
    for name, found in SHIPPED.items():
        lines += [f"### `{name}`", "", "| rule | asks | kinds | channels | where | valid | source |"]
        lines += ["| --- | --- | --- | --- | --- | --- | --- |", *map(row, found), ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
