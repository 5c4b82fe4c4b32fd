"""The contract of stores sees mistakes, and no check of it goes away unnoticed."""

import inspect
from contextlib import closing

import pytest

from store_mistakes import ALSO, WRONG
from test_store_contract import begun
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing import StoreContract
from wrong_stores import Wrong


class Suite(StoreContract):
    __test__ = False


def ways(check):
    """The arguments with which a check is run, besides its fixtures."""
    marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    return [{marks[0].args[0]: getattr(each, "values", [each])[0]} for each in marks[0].args[1]] if marks else [{}]


def broken(name, wrong, tmp_path):
    """The promises that a check finds broken, as it says them."""
    check, found = getattr(Suite(), name), []
    for n, given in enumerate(ways(check)):
        path = str(tmp_path / f"{name}-{n}.db")
        inner = SqliteStore(path, durability="fast")
        fixtures = {
            "connect": lambda path=path: begun(path),
            "store": wrong(inner),
            "reopen": lambda path=path: wrong(SqliteStore(path, durability="fast")),
        }
        wanted = {key: each for key, each in fixtures.items() if key in inspect.signature(check).parameters}
        with closing(inner):
            try:
                check(**wanted, **given)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - however a check fails
                found.append(str(error))
    return found


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_store_is_caught(name, tmp_path):
    wrong, check = WRONG[name]
    assert broken(check, wrong, tmp_path), f"a store that {name} passes {check}"


@pytest.mark.parametrize("check", StoreContract.checks())
def test_a_right_store_behind_the_same_wrapper_passes(check, tmp_path):
    assert broken(check, Wrong, tmp_path) == []


def test_a_failed_check_says_the_promise_and_what_came(tmp_path):
    wrong, check = WRONG["takes the first of two dues"]
    (said,) = broken(check, wrong, tmp_path)
    assert "named twice in dues" in said
    assert "expected: [" in said
    assert "got:      [" in said


@pytest.mark.parametrize("check", ALSO)
def test_every_other_check_is_seen_to_fail(check, tmp_path):
    assert broken(check, WRONG[ALSO[check]][0], tmp_path)


def test_no_check_is_left_that_no_mistake_breaks():
    assert {check for _, check in WRONG.values()} | set(ALSO) == set(StoreContract.checks())
    assert len(StoreContract.checks()) >= 60


def test_a_check_cannot_be_replaced():
    with pytest.raises(InvalidInput, match=r"replaces the check test_threads_take_turns.*xfails = "):

        class Mine(StoreContract):
            def test_threads_take_turns(self):
                pass


def test_a_check_cannot_be_taken_away():
    with pytest.raises(InvalidInput, match="replaces the check test_threads_take_turns"):

        class Mine(StoreContract):
            test_threads_take_turns = None


def test_a_check_cannot_be_replaced_by_another_base():
    class Shadow:
        def test_threads_take_turns(self):
            pass

    with pytest.raises(InvalidInput, match="replaces the check"):

        class Mine(Shadow, StoreContract):
            pass


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_a_check_cannot_be_waived_without_a_reason(reason):
    with pytest.raises(InvalidInput, match="no reason for test_threads_take_turns"):

        class Mine(StoreContract):
            xfails = {"test_threads_take_turns": reason}  # noqa: RUF012


def test_what_is_no_check_cannot_be_waived():
    with pytest.raises(UnknownName, match="no check of this contract 'test_threads'"):

        class Mine(StoreContract):
            xfails = {"test_threads": "there are none"}  # noqa: RUF012


SUITE = """
from contextlib import closing
import pytest
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing import StoreContract

class TestMine(StoreContract):
    xfails = {waived}

    @pytest.fixture
    def store(self):
        with closing(SqliteStore(None)) as store:
            yield store

    @pytest.fixture
    def reopen(self):
        return {reopen}

    @pytest.fixture
    def connect(self):
        return None
"""


@pytest.fixture
def outcomes(tmp_path, monkeypatch):
    """Runs a suite of this text, and counts what became of its checks."""
    counted = {}

    class Counting:
        def pytest_runtest_logreport(self, report):
            if report.when == "call" or report.outcome != "passed":
                what = "xfailed" if hasattr(report, "wasxfail") else report.outcome
                counted.setdefault(what, []).append(report.nodeid.split("::")[-1])
                counted["said"] = str(report.longrepr)

    def run(but="", **parts):
        suite = tmp_path / f"test_{tmp_path.name}.py"  # a module of its own
        suite.write_text(SUITE.format(**parts) + but, "utf-8")
        arguments = [
            str(suite),
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            "-c",
            str(tmp_path / "no.ini"),
        ]
        (tmp_path / "no.ini").write_text("[pytest]\n", "utf-8")
        # Options meant for the run around this one, such as coverage with its report, are not for this one.
        monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
        pytest.main(arguments, plugins=[Counting()])
        return counted

    return run


def test_a_waived_check_that_fails_is_expected_to(outcomes):
    # In memory the second store object is another store: it lacks what the first one wrote.
    name = "test_everything_is_there_after_opening_again"
    waived = {
        name: "a store in memory ends with its object",
        "test_what_another_commits_is_seen_at_once": "two objects in memory are two stores",
    }
    counted = outcomes(waived=waived, reopen="lambda: SqliteStore(None)")
    assert set(counted["xfailed"]) == set(waived)
    assert "test_store_objects_take_turns" in counted["failed"]


def test_a_waived_check_that_passes_fails(outcomes):
    counted = outcomes(waived={"test_threads_take_turns": "not yet"}, reopen=None)
    assert counted["failed"] == ["test_threads_take_turns"]


def test_where_there_can_be_no_second_object_its_checks_are_skipped(outcomes):
    counted = outcomes(waived={}, reopen=None)
    assert "test_store_objects_take_turns" in counted["skipped"]
    assert "failed" not in counted


def test_a_suite_without_fixtures_is_told_which_one(outcomes):
    counted = outcomes(waived={}, reopen=None, but="    store = StoreContract.store\n")
    assert {"test_threads_take_turns", "test_counters_begin_at_one"} <= set(counted["failed"])
    assert "TestMine needs a fixture `store`" in counted["said"]
