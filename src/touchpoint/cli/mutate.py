"""`touchpoint mutate`: which small faults in journeys no test notices."""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import attrs
import click

from touchpoint.cli.loading import load
from touchpoint.cli.show import plain
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.journey.journey import Journey
from touchpoint.lab.mutate import Mutant, as_job, mutants, spread

_QUIET: Final = (("pytest_cov", "--no-cov"), ("xdist", "-n0"))
"""Plugins that would only be in the way, and how they are told to stay away."""


@attrs.frozen
class _Tried:
    """A mutant, the journey it is one of, and what became of it: killed, survived or timeout."""

    journey: str
    mutant: Mutant
    status: str
    by: str | None


@click.command()
@click.argument("journeys", type=click.Path(path_type=Path))
@click.option(
    "--tests", "tests", multiple=True, required=True, metavar="PATH", help="Tests for pytest. May be repeated."
)
@click.option("--journey", "name", metavar="NAME", help="Of this journey only.  [default: all of the file]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Try at most so many faults, evenly spread.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def mutate(
    ctx: click.Context,
    journeys: Path,
    tests: tuple[str, ...],
    name: str | None,
    limit: int | None,
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> None:
    """Make small faults in JOURNEYS and see whether tests fail.

    JOURNEYS is a Python file or JSON, as for `touchpoint run`. The tests must pass as they are. Then each fault is put
    into the worlds of `touchpoint_world`, and what no test notices is listed. The status is 0 if everything was
    noticed, 1 if something was not, and 2 if it cannot be told.
    """
    if find_spec("pytest") is None:
        raise InvalidInput("touchpoint mutate runs tests with pytest, which is not here; install touchpoint[test]")
    chosen = _chosen(load(journeys).journeys, name)
    found = [(n, each) for n, journey in enumerate(chosen) for each in mutants(journey)]
    found = spread(found, limit)
    results = _run(as_job(chosen, found), tests)
    unseen = _unseen(results, chosen)
    tried = _tried(chosen, found, results, unseen)
    click.echo(_as_json(tried, results) if as_json else "\n".join(_report(tried, results)))
    ctx.exit(1 if unseen or any(each.status == "survived" for each in tried) else 0)


def _chosen(found: Sequence[Journey], name: str | None) -> list[Journey]:
    chosen = [each for each in found if name in (None, each.name)]
    if name is not None and not chosen:
        raise UnknownName("journey", name, [each.name for each in found])
    return chosen


# --- the tests, in a process of their own -----------------------------------------------------------------------------


def _run(job: Mapping[str, object], tests: Sequence[str]) -> list[dict[str, Any]]:
    """The results, in order. Raises InvalidInput where the tests cannot be run or fail without any fault."""
    with tempfile.TemporaryDirectory(prefix="touchpoint-mutate-") as folder:
        path = Path(folder, "job.json")
        path.write_text(json.dumps(job), encoding="utf-8")
        plugins = [option for plugin, option in _QUIET if find_spec(plugin) is not None]
        options = ["-p", "touchpoint.testing.mutating", f"--touchpoint-job={path}", *plugins]
        output = Path(folder, "output.txt")
        with output.open("wb") as written:
            command = [sys.executable, "-m", "pytest", *tests, *options]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, check=False)  # noqa: S603 - this Python, and pytest in it
        results = _read(Path(folder, "results.jsonl"))
        _refuse(results, len(_mutants_of(job)), output.read_text(encoding="utf-8", errors="replace"))
    return results


def _mutants_of(job: Mapping[str, object]) -> Sequence[object]:
    found = job["mutants"]
    return found if isinstance(found, list) else []


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _refuse(results: Sequence[Mapping[str, Any]], mutants: int, output: str) -> None:
    baseline = next((each for each in results if "baseline" in each), None)
    if baseline is None:
        problem = "pytest did not run the tests"
    elif baseline["baseline"] == "failed":
        problem = "the tests do not pass without any fault: mend them first"
    elif not baseline["tests"]:
        problem = "there are no tests in what --tests names"
    elif sum("mutant" in each for each in results) < mutants:
        problem = "pytest ended before every fault was tried"
    else:
        return
    click.echo(plain_lines(output), err=True)
    raise InvalidInput(problem)


def plain_lines(text: str) -> str:
    """Output of another program, without what could command a terminal."""
    return "\n".join(map(plain, text.splitlines()))


def _unseen(results: Sequence[Mapping[str, Any]], chosen: Sequence[Journey]) -> list[str]:
    """Journeys that no test hands to a world. Raises InvalidInput where that is all of them."""
    unseen: list[str] = next(each["unseen"] for each in results if "unseen" in each)
    for name in unseen:
        click.echo(f"no test hands journey {name} to a world, as it is in this file: nothing in it is tested", err=True)
    if len(unseen) == len(chosen):
        raise InvalidInput("no test uses touchpoint_world(journeys=[…]) with a journey of this file, so none was tried")
    return unseen


def _tried(
    chosen: Sequence[Journey],
    found: Sequence[tuple[int, Mutant]],
    results: Sequence[Mapping[str, Any]],
    unseen: Sequence[str],
) -> list[_Tried]:
    answers = {each["mutant"]: each for each in results if "mutant" in each}
    return [
        _Tried(chosen[of].name, mutant, answers[n]["status"], answers[n]["by"])
        for n, (of, mutant) in enumerate(found)
        if chosen[of].name not in unseen
    ]


# --- what is said -----------------------------------------------------------------------------------------------------


def _report(tried: Sequence[_Tried], results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = Counter(each.status for each in tried)
    seconds = sum(each["seconds"] for each in results if "seconds" in each)
    what = f"{len(tried)} faults" if len(tried) != 1 else "1 fault"
    noticed = f"{counts['killed']} noticed by a test, {counts['timeout']} by a time-out"
    yield f"{what}: {noticed}, {counts['survived']} by nobody ({seconds:.1f} s)"
    survivors = [each for each in tried if each.status == "survived"]
    if survivors:
        yield "\nNo test fails when"
    several = len({each.journey for each in tried}) > 1
    groups = dict.fromkeys((each.journey, each.mutant.about) for each in survivors)
    for journey, about in groups:
        yield f"\n{journey}: {about}" if several else f"\n{about}"
        for each in survivors:
            if (each.journey, each.mutant.about) == (journey, about):
                yield f"  {plain(each.mutant.sentence)}  [{each.mutant.where}]"


def _as_json(tried: Sequence[_Tried], results: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(each.status for each in tried)
    baseline = next(each for each in results if "baseline" in each)
    return json.dumps(
        {
            "tests": baseline["tests"],
            "counts": {status: counts[status] for status in ("killed", "timeout", "survived")},
            "mutants": [
                {
                    "journey": each.journey, "about": each.mutant.about, "sentence": each.mutant.sentence,
                    "where": each.mutant.where, "status": each.status, "by": each.by,
                }
                for each in tried
            ],
        },
        indent=2, ensure_ascii=False,
    )  # fmt: skip
