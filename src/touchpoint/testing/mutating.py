"""Tests run against journeys with a small fault each, in one pytest process: what `touchpoint mutate` starts.

The tests are collected once and must pass as they are. Then every mutant has a process forked off in which the worlds
of the tests get it in place of the journey, until the first test fails. Tests that never saw the journey are not run.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from touchpoint.journey.codec import definition_hash
from touchpoint.journey.journey import Journey
from touchpoint.lab.mutate import Fault

PATIENCE: Final = 5
"""How many times as long as without a fault the tests may take; then a mutant counts as noticed, by its time-out."""
LEAST: Final = 5.0
"""Seconds that every mutant has on top of that."""
TO_START: Final = 30.0
"""Seconds that a process of its own has besides, to start and to collect on a busy machine."""


# --- what worlds ask --------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Substitution:
    """What the worlds of a test run get in place of the journeys they are handed: these themselves, unless told.

    Attributes:
        fault: put into the journeys; None for no fault.
        handed: called with every journey that a world is handed.
    """

    fault: Fault | None = None
    handed: Callable[[Journey], object] = lambda _: None
    _made: dict[int, tuple[Journey, Journey]] = attrs.field(factory=dict, repr=False)

    def substituted(self, journey: Journey) -> Journey:
        """What to put to work for a journey. Raises JourneyError where the fault cannot be put into it."""
        self.handed(journey)
        if self.fault is None:
            return journey
        if id(journey) not in self._made:  # the journey is kept, so that its id stays its own
            self._made[id(journey)] = journey, self.fault.applied(journey)
        return self._made[id(journey)][1]


_SUBSTITUTION: Final = pytest.StashKey[Substitution]()


def substitution(config: pytest.Config) -> Substitution:
    """The substitution of a test run."""
    return config.stash.setdefault(_SUBSTITUTION, Substitution())


# --- the plugin: only where `-p touchpoint.testing.mutating` asks for it ----------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that `touchpoint mutate` sets."""
    group = parser.getgroup("touchpoint mutate")
    group.addoption("--touchpoint-job", metavar="FILE", help="The mutants, as `touchpoint mutate` writes them.")
    group.addoption("--touchpoint-mutant", type=int, metavar="N", help="Run the tests against this mutant alone.")


def pytest_configure(config: pytest.Config) -> None:
    """Takes over the running of the tests, where there is a job."""
    job = config.getoption("--touchpoint-job")
    if job is not None:
        config.pluginmanager.register(Mutating(Path(job), substitution(config)), "touchpoint-mutating-run")


class Mutating:
    """Runs the collected tests without a fault, then against every mutant of a job.

    Args:
        path: of the job; results are written beside it, a JSON object a line.
        swap: of the test run.
    """

    def __init__(self, path: Path, swap: Substitution) -> None:
        self.job: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.path = path
        self.swap = swap
        self.failed: list[str] = []
        self.seconds: dict[str, float] = {}
        self.items: list[pytest.Item] = []
        self.seen = _Seen()
        self.swap.handed = self.seen.handed

    # What pytest calls.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """The whole run. Nothing is left to pytest's own loop."""
        self.items = list(session.items)
        number = session.config.getoption("--touchpoint-mutant")
        if number is not None:
            self._be_mutant(number)
            return True
        if session.testsfailed or not self._baseline():
            self._tell(baseline="failed", failed=self.failed)
            return True
        self._tell(baseline="passed", tests=len(self.items), seconds=sum(self.seconds.values()))
        session.config.option.tbstyle = "no"  # nobody reads why a mutant's tests fail
        self._all_mutants(session.config)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes failures, also of fixtures, and how long a test takes with all of its fixtures."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[Any]") -> Iterator[None]:
        """Notes for which fixture a world is made: others may use it after the test that happened to be first."""
        self.seen.fixtures.append(fixturedef)
        try:
            return (yield)
        finally:
            self.seen.fixtures.pop()

    # Without a fault.

    def _baseline(self) -> bool:
        for n, item in enumerate(self.items):
            self.seen.test = item.nodeid
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=_after(self.items, n))
        return not self.failed

    # Against mutants.

    def _all_mutants(self, config: pytest.Config) -> None:
        self._tell(unseen=[each["name"] for each in self.job["journeys"] if not self.seen.journey(each["identity"])])
        killers: list[str] = []
        for number in range(len(self.job["mutants"])):
            fault = Fault.of(self.job, number)
            items = self._order(fault, killers)
            patience = PATIENCE * sum(self.seconds[each.nodeid] for each in items) + LEAST
            started = time.perf_counter()
            status, by = self._try(config, number, items, patience) if items else ("survived", None)
            if by is not None:
                killers = [by, *(each for each in killers if each != by)]
            self._tell(mutant=number, status=status, by=by, tests=len(items), seconds=time.perf_counter() - started)

    def _order(self, fault: Fault, killers: Sequence[str]) -> list[pytest.Item]:
        """The tests that can notice: first those that noticed something lately, then the quickest."""
        rank = {nodeid: n for n, nodeid in enumerate(killers)}
        return sorted(
            self.seen.tests(self.items, fault),
            key=lambda each: (rank.get(each.nodeid, len(rank)), self.seconds[each.nodeid]),
        )

    def _try(
        self, config: pytest.Config, number: int, items: Sequence[pytest.Item], patience: float
    ) -> tuple[str, str | None]:
        if self.job.get("fork", True) and hasattr(os, "fork"):
            answer = forked(lambda: self._run(number, items), patience)
        else:
            answer = self._spawned(config, number, items, patience)
        if answer is None:
            return "timeout", None
        # A process that dies without an answer did not pass its tests.
        return ("survived", None) if answer == "passed" else ("killed", answer or None)

    def _run(self, number: int, items: Sequence[pytest.Item]) -> str:
        """The first test that fails with this fault, or `passed`."""
        self.swap.handed = lambda _: None
        self.swap.fault = Fault.of(self.job, number)
        self.failed.clear()
        for n, item in enumerate(items):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=_after(items, n))
            if self.failed:
                return self.failed[0]
        return "passed"

    def _spawned(self, config: pytest.Config, number: int, items: Sequence[pytest.Item], patience: float) -> str | None:
        """As `forked`, in a process of its own that collects again: where processes cannot fork."""
        given = config.invocation_params
        answer = self.path.with_name("answer.json")
        answer.write_text(json.dumps([each.nodeid for each in items]), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", *map(str, given.args), f"--touchpoint-mutant={number}"]
        try:
            subprocess.run(  # noqa: S603 - this Python, and what it was started with
                command, cwd=given.dir, timeout=patience + TO_START, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        found = json.loads(answer.read_text(encoding="utf-8"))
        return found if isinstance(found, str) else ""

    def _be_mutant(self, number: int) -> None:
        answer = self.path.with_name("answer.json")
        order = {nodeid: n for n, nodeid in enumerate(json.loads(answer.read_text(encoding="utf-8")))}
        items = sorted((each for each in self.items if each.nodeid in order), key=lambda each: order[each.nodeid])
        answer.write_text(json.dumps(self._run(number, items)), encoding="utf-8")

    def _tell(self, **what: object) -> None:
        with self.path.with_name("results.jsonl").open("a", encoding="utf-8") as results:
            results.write(json.dumps(what) + "\n")


def _after(items: Sequence[pytest.Item], n: int) -> pytest.Item | None:
    return items[n + 1] if n + 1 < len(items) else None


# --- which test saw what ----------------------------------------------------------------------------------------------


class _Seen:
    """Which tests handed which journeys to a world, by themselves or through a fixture that several of them share."""

    def __init__(self) -> None:
        self.test = ""
        self.fixtures: list[pytest.FixtureDef[Any]] = []
        self._journeys: dict[str, Journey] = {}
        self._identities: dict[int, tuple[Journey, str]] = {}
        self._by_test: dict[str, set[str]] = defaultdict(set)
        self._by_fixture: dict[str, set[str]] = defaultdict(set)

    def handed(self, journey: Journey) -> None:
        """A world is handed this one, now."""
        if id(journey) not in self._identities:  # the journey is kept, so that its id stays its own
            self._identities[id(journey)] = journey, definition_hash(journey)
        identity = self._identities[id(journey)][1]
        self._journeys[identity] = journey
        self._by_test[self.test].add(identity)
        for each in self.fixtures:
            if each.scope != "function":
                self._by_fixture[each.argname].add(identity)

    def journey(self, identity: str) -> bool:
        """Whether any test saw the journey of this identity."""
        return identity in self._journeys

    def tests(self, items: Sequence[pytest.Item], fault: Fault) -> list[pytest.Item]:
        """Those tests that saw a journey in which the fault shows."""
        shows = {identity for identity, journey in self._journeys.items() if fault.meets(journey)}
        return [each for each in items if not shows.isdisjoint(self._by(each))]

    def _by(self, item: pytest.Item) -> set[str]:
        fixtures = getattr(item, "fixturenames", ())
        return self._by_test[item.nodeid].union(*(self._by_fixture[name] for name in fixtures))


# --- processes --------------------------------------------------------------------------------------------------------


def forked(work: Callable[[], str], patience: float) -> str | None:
    """What `work` returns in a process forked off this one.

    Args:
        work: done there; the process ends without any clean-up.
        patience: seconds; then the process is ended.

    Returns:
        The answer; empty where the process died without one, None where it took too long.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # A test that left a thread behind: the tests of a mutant run beside it no worse than those before them did.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _answer(work, reading, writing)
    os.close(writing)
    try:
        return _heard(reading, patience)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # had it no group of its own yet
        os.waitpid(child, 0)


def _answer(work: Callable[[], str], reading: int, writing: int) -> None:
    """In the child: answer, and end at once, whatever happens."""
    try:
        os.setpgid(0, 0)  # what the tests start ends with them
        os.close(reading)
        os.write(writing, f"{work()}\n".encode())
    finally:
        os._exit(0)


def _heard(reading: int, patience: float) -> str | None:
    end = time.monotonic() + patience
    heard = b""
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        part = os.read(reading, 65_536)
        heard += part
        if not part or heard.endswith(b"\n"):
            return heard.decode().rstrip("\n")
