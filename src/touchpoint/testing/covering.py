"""Journey coverage in a pytest run, as functions for the plugin: options, collecting, reports, the exit status.

Nothing of the library is loaded before a world is there to be collected from.
"""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from touchpoint.lab.coverage import Coverage
    from touchpoint.testing.world import World

MOST: Final = 60
"""Sentences for each journey on the terminal; JSON and HTML have them all."""
_KEY: "Final[pytest.StashKey[Coverage | None]]" = pytest.StashKey()


def add_options(parser: pytest.Parser) -> None:
    """Add the options of journey coverage to pytest's."""
    group = parser.getgroup("touchpoint", "customer journeys")
    group.addoption(
        "--touchpoint-cov", action="store_true", default=False,
        help="report what the tests live through of the journeys of their worlds",
    )  # fmt: skip
    group.addoption(
        "--touchpoint-cov-report", action="append", default=[], type=_report, metavar="KIND",
        help="term (the default), json:PATH or html:PATH; may be given several times; switches journey coverage on",
    )  # fmt: skip
    group.addoption(
        "--touchpoint-cov-fail-under", type=_percent, default=None, metavar="N",
        help="fail if journey coverage is under N per cent; switches journey coverage on",
    )  # fmt: skip


def _report(value: str) -> tuple[str, str]:
    kind, _, path = value.partition(":")
    if (kind == "term" and not path) or (kind in ("json", "html") and path):
        return kind, path
    message = f"{value!r} is no report of journey coverage: write term, json:PATH or html:PATH"
    raise ArgumentTypeError(message)


def _percent(value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 100:  # nan is not either
        message = f"{value!r} is no percentage: write a number from 0 to 100"
        raise ArgumentTypeError(message)
    return found


def start(config: pytest.Config) -> None:
    """Begin to collect, if one of the options asks for it; for `pytest_configure`."""
    floor = config.getoption("touchpoint_cov_fail_under", None)
    if config.getoption("touchpoint_cov", None) or config.getoption("touchpoint_cov_report", []) or floor is not None:
        config.stash[_KEY] = None


def collecting(config: pytest.Config) -> bool:
    """Whether journey coverage is switched on."""
    return _KEY in config.stash


def collect(config: pytest.Config, world: "World") -> None:
    """Add what was lived through in a world, while its engine is still open. Does nothing where coverage is off."""
    if not collecting(config):
        return
    from touchpoint.lab.coverage import Coverage

    lived = Coverage.of(world.engine.journeys, world.engine.policy)
    lived.collect(world.engine)
    total = config.stash[_KEY]
    if total is None:
        config.stash[_KEY] = lived
    else:
        total.merge(lived)


def total(config: pytest.Config) -> "Coverage | None":
    """What all worlds have covered so far; None where coverage is off, or there was no world."""
    return config.stash.get(_KEY, None)


def finish(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the reports that were asked for; for `pytest_terminal_summary`."""
    if not collecting(config):
        return
    terminalreporter.section("journey coverage")
    found = total(config)
    if found is None:
        terminalreporter.line("no test made a world, so nothing was covered; see the fixture touchpoint_world")
    else:
        for kind, path in config.getoption("touchpoint_cov_report") or [("term", "")]:
            terminalreporter.line(_written(found, kind, config.invocation_params.dir / path))
    if failed(config):
        floor = config.getoption("touchpoint_cov_fail_under")
        terminalreporter.line(f"FAIL journey coverage is under {floor:g} %", red=True)


def _written(found: "Coverage", kind: str, path: Path) -> str:
    from touchpoint.lab.coverage_report import html, term

    if kind == "term":
        return term(found, most=MOST)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.to_json() if kind == "json" else html(found), encoding="utf-8")
    return f"journey coverage written to {path}"


def failed(config: pytest.Config) -> bool:
    """Whether the coverage is under the floor that was asked for; for `pytest_sessionfinish`.

    Without any world nothing was covered, and every floor but 0 is missed: a run that lost its tests must not pass.
    """
    floor: float | None = config.getoption("touchpoint_cov_fail_under", None)
    if floor is None or not collecting(config):
        return False
    found = total(config)
    return (0.0 if found is None else found.percent) < floor
