"""The pytest plugin: the fixture `touchpoint_world`, and failures that explain themselves.

pytest loads it in every suite, so it imports nothing of the library before a test asks for a world.
"""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from touchpoint.testing import covering

if TYPE_CHECKING:
    from touchpoint.testing.world import World

WORLDS = pytest.StashKey[list["World"]]()
"""The worlds of a test, in the order in which they were made."""


@pytest.fixture
def touchpoint_world(request: pytest.FixtureRequest) -> Iterator[Callable[..., "World"]]:
    """Makes worlds: `touchpoint_world(journeys=[…], policy=…, at=…)`; see `touchpoint.testing.World`."""
    from touchpoint.testing.mutating import substitution
    from touchpoint.testing.world import World

    config = request.config
    worlds: list[World] = []
    request.node.stash[WORLDS] = worlds
    usual: dict[str, Any] = {
        "substitute": substitution(config).substituted,
        "closing": partial(covering.collect, config),
    }

    def make(journeys: Any, **settings: Any) -> World:  # noqa: ANN401 - World's own arguments
        worlds.append(World(journeys, **{**usual, **settings}))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of journey coverage."""
    covering.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to collect journey coverage, where it is asked for."""
    covering.start(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell how much of the journeys the tests have seen."""
    covering.finish(terminalreporter, config)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail where less of the journeys was seen than was asked for."""
    if exitstatus == 0 and covering.failed(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give a failed test's report a section for each customer that it asked about."""
    report = yield
    worlds = item.stash.get(WORLDS, [])
    if report.when == "call" and report.failed and worlds:
        from touchpoint.testing.failure import sections

        report.sections += [found for world in worlds for found in sections(world)]
    return report
