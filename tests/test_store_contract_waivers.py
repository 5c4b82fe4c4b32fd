"""A check of the store contract that is waived runs all the same, and a suite that lacks a fixture says which."""

import pytest

pytest_plugins = ["pytester"]
CHECK = "test_an_id_taken_twice_is_refused"
SUITE = '''
from contextlib import closing

import pytest
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing import StoreContract


class Lenient:
    """Takes everything, and keeps nothing."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def transaction(self, connection=None):
        return closing(Nothing())


class Nothing:
    def write(self, changes):
        pass

    def close(self):
        pass


class TestOurs(StoreContract):
    xfails = {XFAILS}

    @pytest.fixture
    def store(self):
        with closing(SqliteStore(None)) as store:
            yield MAKE(store)
'''


def run(pytester, *, xfails=(), make="", checks=CHECK):
    given = dict.fromkeys(xfails, "the driver is not ready yet")
    pytester.makepyfile(SUITE.replace("{XFAILS}", repr(given)).replace("MAKE", make))
    return pytester.runpytest("-p", "no:touchpoint", "-p", "no:cacheprovider", "-rxX", "-k", checks)


def test_a_waived_check_that_fails_does_not_fail_the_suite_and_its_reason_is_told(pytester):
    result = run(pytester, xfails=[CHECK], make="Lenient")
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines([f"XFAIL *{CHECK} - the driver is not ready yet"])


def test_a_waived_check_that_passes_fails_the_suite(pytester):
    result = run(pytester, xfails=[CHECK])
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*XPASS(strict)*the driver is not ready yet*"])


def test_a_check_that_is_not_waived_fails_with_the_promise_that_is_broken(pytester):
    result = run(pytester, xfails=["test_threads_take_turns"], make="Lenient")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: a number or id that is taken must be refused*"])


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            "test_a_reader_sees_one_instant",
            "*TestOurs needs a fixture `reopen`: a function that opens another*",
        ),
        ("test_a_part_that_fails_is_undone_alone", "*TestOurs needs a fixture `connect`: a function that opens a*"),
    ],
)
def test_a_suite_without_a_fixture_says_which_one_it_needs(pytester, check, words):
    run(pytester, checks=check).stdout.fnmatch_lines([words])
