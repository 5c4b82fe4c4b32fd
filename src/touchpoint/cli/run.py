"""`touchpoint run`: a replay, and what is said about it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from touchpoint.cli.loading import Program, granted
from touchpoint.cli.looking import file_of, size_of
from touchpoint.cli.settings import settings_of
from touchpoint.cli.show import console, number, plain, tables
from touchpoint.lab.events import Events, read_events
from touchpoint.lab.replay import Replay, rarely_collected, replay

BAD_SHOWN: Final = 20


def replay_file(
    file: Path,
    program: Program,
    paths: Sequence[str],
    grant: str | None,
    *,
    store: str,
    until: datetime | None,
    skip_bad: bool,
) -> None:
    """Replay events through the journeys of a program, and print what happened.

    Args:
        file: where the program is, for errors.
        program: from `load`; its policy, feedback, analyser and figures are those of the replay.
        paths: files of events; the program's own unless given.
        grant: kinds, separated by commas, or `all`; the program's own unless given.
        store: the URL of the store.
        until: where to end.
        skip_bad: go on after bad lines, and list them on standard error.

    Raises:
        TouchpointError: something handed in cannot be used, or the store failed.
    """
    if not paths and not program.events:
        raise click.UsageError('no events: name a file with --events, or write EVENTS = "file.jsonl" into FILE')
    own = settings_of(file, program)
    kinds = program.grant if grant is None else tuple(each.strip() for each in grant.split(",") if each.strip())
    kinds = granted(program.journeys, kinds)
    events = read_events(paths or program.events, on_error="skip" if skip_bad else "raise")
    with _progress(events) as progress, rarely_collected():
        result = replay(
            program.journeys, events, policy=own.policy, grant=kinds, store=store, until=until, progress=progress,
            feedback=own.feedback, analyser=own.analyser, figures=own.figures,
        )  # fmt: skip
    for line in _bad_lines(events):
        click.echo(plain(line), err=True)
    out = console()
    for line in _summary(result, events):
        out.print(line, soft_wrap=True)
    for title, table in tables(program.journeys, result.tallies, result.customers_seen):
        out.print(f"\n{plain(title)}\n", style="bold")
        out.print(table)
    out.print("\n" + _pace(result, store), soft_wrap=True)


@contextmanager
def _progress(events: Events) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[done]:,} events"), TimeElapsedColumn())
    # Drawn after each batch, without a thread of its own.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task("", total=1.0, done=0)

        def progress(done: int) -> None:
            bar.update(task, completed=events.fraction, done=done, refresh=True)

        yield progress


def _bad_lines(events: Events) -> list[str]:
    shown = [str(each) for each in events.bad[:BAD_SHOWN]]
    more = events.bad_count - len(shown)
    return [*shown, *([f"and {number(more)} more bad lines"] if more else [])]


def _summary(result: Replay, events: Events) -> Iterator[str]:
    if result.duplicates and not result.events:
        yield f"nothing new: all {number(result.duplicates)} events were recorded before; below is what the store holds"
    else:
        between = f", {result.first:%Y-%m-%d} to {result.last:%Y-%m-%d}" if result.first and result.last else ""
        known = number(result.customers_seen)
        yield f"{number(result.events)} events recorded{between}; {known} customers in the store"
        if result.duplicates:
            yield f"{number(result.duplicates)} more were recorded before and changed nothing"
    if result.late:
        yield f"{number(result.late)} came too late to start anything; they were counted"
    if events.bad_count:
        yield f"{number(events.bad_count)} bad lines skipped"
    if result.granted:
        yield f"consent assumed for: {', '.join(result.granted)} (every customer; nobody really asked)"


def _pace(result: Replay, store: str) -> str:
    done = result.events + result.duplicates
    said = [_rate(done, "took", result.elapsed), _rate(done, "CPU", result.cpu)]
    path = file_of(store)
    if path is not None and path.exists():
        said.append(f"store {size_of(path) / 1e6:,.1f} MB")
    return "; ".join(said)


def _rate(done: int, what: str, seconds: float) -> str:
    return f"{what} {seconds:.1f} s" + (f" ({number(round(done / seconds))} events/s)" if seconds > 0 else "")
