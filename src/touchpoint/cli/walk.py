"""`touchpoint walk`: what one customer would receive over time, on their own clock, and what was held back and why."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import click

from touchpoint.cli.loading import load
from touchpoint.cli.show import plain
from touchpoint.errors import InvalidInput

if TYPE_CHECKING:
    from touchpoint.testing.walk import Step, Walk

_WIDTH: Final = 80
_MARKS: Final = {"act": "→", "sent": "←", "deferred": "…", "deny": "×", "waiting": "…"}


@click.command()
@click.argument("journeys", type=click.Path(path_type=Path))
@click.option(
    "--as", "persona", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Who walks: JSON."
)
@click.option("--until", metavar="ISO", help="How far to go.  [default: until nothing falls due any more]")
@click.option("--json", "as_json", is_flag=True, help="For other programs.")
def walk(journeys: Path, persona: Path, until: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Take one customer through JOURNEYS.

    Shows what they would receive over time, in words and on their own clock, and what was held back or
    not sent, and why. Would you take your mother through it? Nobody is really written to.
    """
    from touchpoint.testing.walk import read_persona
    from touchpoint.testing.walk import walk as walked

    loaded = load(journeys).journeys
    try:
        who = read_persona(_read(persona), loaded)
        found = walked(loaded, who, until=None if until is None else _instant(until))
    except InvalidInput as error:
        error.add_note(f"in {persona}")
        raise
    click.echo(_json(found) if as_json else "\n".join(lines(found)))


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"not valid JSON: {error}") from None
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}") from error


def _instant(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise click.BadParameter(
            "write an instant in ISO 8601 with its time zone, such as 2026-03-01T10:00:00Z", param_hint="--until"
        )
    return at


# For people.


def lines(found: "Walk") -> Iterator[str]:
    """A walk as text, 80 columns wide."""
    zone = found.steps[0].zone if found.steps else "UTC"
    yield f"times in {zone}; → from the customer, ← to them, … held back, × not sent"
    at = None
    for step in found.steps:
        clock = f"{step.at:%a %Y-%m-%d %H:%M %Z}" + ("" if step.zone == zone else f" {step.zone}")
        if clock != at:
            yield f"\n{clock}"
            at = clock
        yield from _step(step)
    if not any(step.what == "sent" for step in found.steps):
        yield "\nThey received nothing."


def _step(step: "Step") -> Iterator[str]:
    yield from _folded(f"  {_MARKS.get(step.what, '×')} ", _headline(step), "    ")
    if step.what != "sent":
        return
    if step.purpose:
        yield from _folded("      why:     ", step.purpose, " " * 15)
    if step.subject:
        yield from _folded("      subject: ", step.subject, " " * 15)
    for line in (step.text or "").splitlines():
        yield from _folded("      | ", line, "      | ")


def _headline(step: "Step") -> str:
    if step.what == "act":
        return step.name
    about = f"{step.name} ({step.kind})"
    because = f": {step.because}" if step.because else ""
    match step.what:
        case "sent":
            return f"{about} by {step.channel}"
        case "deferred":
            return f"{about} held back on {step.channel}{because}"
        case "deny":
            return f"{about} not by {step.channel}{because}"
        case "waiting":
            return f"{about} is still waiting{because}"
        case _:
            return f"{about} {step.what}{because}"


def _folded(first: str, text: str, following: str) -> list[str]:
    return wrap(
        plain(text), _WIDTH, initial_indent=first, subsequent_indent=following, break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]  # fmt: skip


# For programs.


def _json(found: "Walk") -> str:
    steps = [{name: value for name, value in _fields(step).items() if value not in (None, "")} for step in found.steps]
    record = {
        "customer": found.persona.customer, "from": found.persona.at.isoformat(), "until": found.until.isoformat(),
        "steps": steps,
    }  # fmt: skip
    return json.dumps(record, indent=2, ensure_ascii=False)


def _fields(step: "Step") -> dict[str, Any]:
    import attrs

    return {**attrs.asdict(step), "at": step.at.isoformat()}
