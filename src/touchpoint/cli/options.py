"""Options that several commands take."""

from datetime import datetime
from pathlib import Path

import click

STORE = click.option(
    "--store",
    required=True,
    envvar="TOUCHPOINT_STORE",
    metavar="URL",
    help="Such as sqlite:///shop.db.",
    show_envvar=True,
)
JOURNEYS = click.option(
    "--journeys",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Defines the journeys; those kept in the store unless given.",
)


def an_instant(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """An aware datetime from ISO 8601."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("write an instant in ISO 8601, such as 2026-03-01T10:00:00Z") from None
    if at.tzinfo is None:
        raise click.BadParameter("an instant needs its time zone; write Z for UTC: 2026-03-01T10:00:00Z")
    return at
