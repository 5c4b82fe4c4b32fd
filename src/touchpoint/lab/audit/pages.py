"""The part of the reference page of the audit that is made of its catalogue."""

from typing import Final

from touchpoint.lab.audit.catalogue import PRINCIPLES, Asked, Principle

_OF_HISTORY: Final = frozenset({"1.5", "3.5", "4.5", "6.8", "7.4"})


_HEAD: Final = """## The criteria

This part is made by `python -m touchpoint.lab.audit`; a test keeps it equal to the code."""


def criteria() -> str:
    """Every criterion, as Markdown."""
    lines = [_HEAD]
    for each in PRINCIPLES:
        lines += ["", *_section(each)]
    return "\n".join(lines) + "\n"


def _section(principle: Principle) -> list[str]:
    head = [f"### {principle.number} {principle.name}", "", f"{principle.what} {principle.why}", ""]
    return [*head, "| | asks | to mend it |", "| --- | --- | --- |", *map(_row, principle.asked)]


def _row(asked: Asked) -> str:
    mark = " ◆" if asked.vital else " ○" if asked.code in _OF_HISTORY else ""
    mend = asked.mend.replace("|", "\\|")
    return f"| {asked.code} {asked.name}{mark} | {asked.what} | {mend} |"
