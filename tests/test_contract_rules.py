"""The rules of the contract suite: nothing is left out in silence, excuses have reasons, and what is new only warns."""

# ruff: noqa: RUF012, SIM300 - suites have tables as attributes, and tests of comparisons compare

import logging
import socket
import subprocess
import sys
import threading
import warnings
from unittest import mock

import pytest

from contract_fakes import Provider, Right, Suite, fixtures, judge
from contract_wrong import BillsOneUnit
from contract_wrong_sends import Sleeps
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.testing import AdapterContract, ContractFailure, ContractWarning
from touchpoint.testing.contract import check as checks
from touchpoint.testing.contract.check import Check, broken, check
from touchpoint.testing.contract.declaration import _done_by_import
from touchpoint.testing.contract.rules import checks_of, verify_complete
from touchpoint.testing.contract.timing import Text, noting_comparisons
from touchpoint.testing.contract.watch import FILE, SOCKET, THREAD, watching


def anything():
    """A new method, for a body that is refused or replaced; marks stay with the function that they are put on."""

    def method(*_):
        """Nothing."""

    return method


pytest_plugins = ["pytester"]

BILLED = "test_the_units_told_before_are_those_billed_after"


def run(suite, name, adapter=Right):
    provider = Provider()
    with watching() as made:
        tried = adapter(provider)
    bench = suite().make_bench(tried, made, fixtures(provider, tried))
    try:
        getattr(suite(), name)(bench)
    finally:
        bench.close()


# --- no check is removed or overridden


def test_a_check_cannot_be_removed():
    with pytest.raises(InvalidInput, match=f"removes {BILLED}, which every adapter has to pass: .*xfails"):

        class Less(AdapterContract):
            test_the_units_told_before_are_those_billed_after = None


def test_a_check_cannot_be_overridden():
    with pytest.raises(InvalidInput, match=f"overrides {BILLED}"):

        class Other(AdapterContract):
            def test_the_units_told_before_are_those_billed_after(self):
                pass


def test_a_check_cannot_be_overridden_by_another_base():
    class Mixin:
        def test_the_units_told_before_are_those_billed_after(self):
            pass

    with pytest.raises(InvalidInput, match=f"overrides {BILLED}"):

        class Other(Mixin, AdapterContract):
            pass


def test_a_check_cannot_be_overridden_further_down():
    with pytest.raises(InvalidInput, match="overrides"):

        class Other(Suite):
            test_a_send_does_not_sleep = check(why="w", mend="m")(anything())


def test_a_check_that_is_taken_away_later_is_missed_when_the_suite_runs():
    class Later(AdapterContract):
        pass

    Later.test_a_send_does_not_sleep = None
    with pytest.raises(InvalidInput, match="removes test_a_send_does_not_sleep"):
        verify_complete(AdapterContract, Later)


def test_tests_of_ones_own_are_welcome():
    class More(AdapterContract):
        def test_something_else(self, bench):
            pass

    assert "test_something_else" not in checks_of(More)


# --- excuses


def test_an_excuse_needs_a_reason():
    for reason in ("", "  ", None):
        with pytest.raises(InvalidInput, match="gives no reason"):
            type("Excused", (AdapterContract,), {"xfails": {BILLED: reason}})


def test_an_excuse_for_a_check_that_does_not_exist_is_refused():
    with pytest.raises(UnknownName, match=f"did you mean '{BILLED}'"):
        type("Excused", (AdapterContract,), {"xfails": {BILLED + "s": "typo"}})


def test_an_excused_check_runs_and_is_expected_to_fail():
    class Excused(Suite):
        xfails = {BILLED: "Acme bills by the message"}

    with pytest.raises(pytest.xfail.Exception, match="Acme bills by the message"):
        run(Excused, BILLED, BillsOneUnit)


def test_an_excused_check_that_passes_fails():
    class Excused(Suite):
        xfails = {BILLED: "Acme bills by the message"}

    with pytest.raises(ContractFailure, match="passes, although xfails expects it to fail"):
        run(Excused, BILLED)


def test_a_check_marked_as_expected_to_fail_is_excused_and_stays_what_it_is():
    class Marked(Suite):
        @pytest.mark.xfail(reason="Acme bills by the message")
        def test_the_units_told_before_are_those_billed_after(self):
            pass

    assert Marked.xfails == {BILLED: "Acme bills by the message"}
    with pytest.raises(pytest.xfail.Exception):
        run(Marked, BILLED, BillsOneUnit)
    with pytest.raises(ContractFailure):
        run(Marked, BILLED)


def test_excuses_are_inherited():
    class Excused(Suite):
        xfails = {BILLED: "Acme bills by the message"}

    class Marked(Excused):
        @pytest.mark.xfail(reason="slow")
        def test_a_send_does_not_sleep(self):
            pass

    assert set(Marked.xfails) == {BILLED, "test_a_send_does_not_sleep"}
    assert set(Excused.xfails) == {BILLED}


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (pytest.mark.xfail, "without a reason"),
        (pytest.mark.xfail(reason=" "), "without a reason"),
        (pytest.mark.xfail(reason="r", run=False), "has to run"),
        (pytest.mark.xfail("sys.platform == 'win32'", reason="r"), "condition in text"),
        (pytest.mark.xfail(condition=False, reason="r"), "overrides"),
        (pytest.mark.skip(reason="r"), "overrides"),
    ],
)
def test_a_mark_that_says_too_little_is_refused(mark, words):
    with pytest.raises(InvalidInput, match=words):
        type("Marked", (AdapterContract,), {"test_a_send_does_not_sleep": mark(anything())})


def test_a_mark_with_a_condition_that_holds_counts():
    mark = pytest.mark.xfail(sys.version_info > (3,), reason="always")
    marked = type("Marked", (AdapterContract,), {"test_a_send_does_not_sleep": mark(anything())})
    assert marked.xfails == {"test_a_send_does_not_sleep": "always"}


def test_a_scenario_that_does_not_exist_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'throttled'"):
        type("Odd", (AdapterContract,), {"scenarios": {"throtled": 429}})


def test_a_suite_without_an_adapter_says_so(pytester):
    pytester.makepyfile(
        "from touchpoint.testing import AdapterContract\nclass TestNone(AdapterContract):\n    good_addresses = ('a',)"
    )
    result = pytester.runpytest("-q", "-p", "no:cacheprovider", "-k", "sleep")
    result.stdout.fnmatch_lines("*TestNone has no fixture `adapter`: write one that makes the adapter*")


def test_a_suite_without_good_addresses_says_so():
    class Empty(Suite):
        good_addresses = ()

    with pytest.raises(ContractFailure, match=r"names no good_addresses.*\n.*\n.*two at least"):
        run(Empty, "test_good_addresses_are_accepted")


# --- what is new only warns


class Fresh:
    """A suite with one check that came with release 0.2."""

    strict, xfails = False, {}

    @check(why="it is new", mend="mend it", since="0.2")
    def test_new(self, bench):  # noqa: ARG002 - the form of a check
        """It is new."""
        broken("new and broken")


class Bench:
    adapter = None


def fresh(release, **more):
    suite = type("Suite", (Fresh,), more)()
    with mock.patch.object(checks, "library_release", return_value=release):
        suite.test_new(Bench())


@pytest.mark.parametrize("release", ["0.1.9", "0.2.0", "0.2.7", "0.2.0.dev1"])
def test_a_check_warns_in_the_minor_release_it_came_with(release):
    with pytest.warns(ContractWarning, match="new and broken") as caught:
        fresh(release)
    assert "how to mend it: mend it" in str(caught[0].message)


@pytest.mark.parametrize("release", ["0.3.0", "0.10.0", "1.0", None])
def test_a_check_fails_from_the_next_minor_release_on(release):
    with pytest.raises(ContractFailure, match="new and broken"):
        fresh(release)


def test_a_strict_suite_fails_at_once():
    with pytest.raises(ContractFailure, match="new and broken"):
        fresh("0.2.0", strict=True)


def test_a_warning_turned_into_an_error_fails_too():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ContractWarning):
            fresh("0.2.0")


def test_an_excuse_holds_for_new_checks_too():
    with pytest.raises(pytest.xfail.Exception, match="later"):
        fresh("0.2.0", xfails={"test_new": "later"})


def test_the_checks_of_the_first_release_never_only_warn():
    assert not any(each.only_warns("0.1.0") for each in checks_of(AdapterContract).values())
    assert not Check("n", "w", "y", "m").only_warns("0.0.1")


def test_the_release_is_that_of_the_installed_package():
    from importlib.metadata import PackageNotFoundError

    def missing(name):
        raise PackageNotFoundError(name)

    with mock.patch.object(checks, "version", lambda name: f"1.2.3 of {name}"):
        assert checks.library_release() == "1.2.3 of touchpoint"
    with mock.patch.object(checks, "version", missing):
        assert checks.library_release() is None


# --- how adapters are watched


def imported(tmp_path, monkeypatch, source):
    monkeypatch.syspath_prepend(tmp_path)
    name = f"adapter_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    return _done_by_import(name)


@pytest.mark.parametrize(
    ("source", "done"),
    [
        ("import threading\nthreading.Thread(target=int).start()", "starts a thread"),
        ("import socket\nsocket.getaddrinfo('localhost', 80)", "looks up a host name"),
        ("import socket\nsocket.socket().connect(('127.0.0.1', 9))", ""),
        ("import json, http.client, ssl", ""),
    ],
)
def test_what_importing_a_module_does_is_seen(tmp_path, monkeypatch, source, done):
    assert imported(tmp_path, monkeypatch, source) == done


def test_a_module_that_is_no_file_is_left_alone():
    assert _done_by_import("__main__") == ""


def test_an_adapter_whose_module_does_something_is_caught(tmp_path, monkeypatch):
    class Elsewhere(Right):
        pass

    (tmp_path / "busy_adapter.py").write_text("import threading\nthreading.Thread(target=int).start()")
    monkeypatch.syspath_prepend(tmp_path)
    Elsewhere.__module__ = "busy_adapter"
    found = judge(Elsewhere, only=["test_importing_its_module_does_nothing"])
    assert "importing busy_adapter starts a thread" in found.failed["test_importing_its_module_does_nothing"]


def test_what_happens_is_put_down_to_the_adapter_only_where_it_is_on_the_stack():
    class Adapter:
        def work(self):
            threading.Thread(target=int).start()
            with socket.socket():
                pass

    adapter, other = Adapter(), Adapter()
    with watching() as watch:
        adapter.work()
        with open(__file__, encoding="utf-8"):  # noqa: PTH123 - what is watched
            pass
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert {each.what for each in watch.of(adapter, THREAD, SOCKET, FILE)} == {THREAD, SOCKET}
    assert watch.of(other, THREAD, SOCKET, FILE) == []
    assert FILE in {each.what for each in watch.events}


def test_what_the_stand_in_of_a_provider_logs_is_not_put_down_to_the_adapter():
    class Loud(Provider):
        def post(self, key, phone, *rest):
            thread = threading.Thread(target=lambda: logging.getLogger("server").info("mail to %s", phone))
            thread.start()
            thread.join()
            return super().post(key, phone, *rest)

    name = "test_logs_and_output_hold_nothing_personal"
    provider = Loud()
    adapter = Right(provider)
    bench = Suite().make_bench(adapter, watch_of(adapter), fixtures(provider, adapter))
    getattr(Suite(), name)(bench)
    assert provider.calls > 1


def watch_of(_):
    with watching() as made:
        return made


def test_the_sleep_of_an_adapter_is_left_out_in_every_check():
    assert judge(Sleeps, only=["test_a_failure_does_not_stick"]).failed == {}


def test_everything_is_put_back_after_watching():
    before = (threading.Thread.start, socket.socket.__init__, socket.getaddrinfo, open)
    with watching(Right(Provider())):
        pass
    assert before == (threading.Thread.start, socket.socket.__init__, socket.getaddrinfo, open)


@pytest.mark.parametrize(
    "compare",
    [
        lambda text: text == "a" * 40,
        lambda text: "a" * 40 == text,
        lambda text: text != "a" * 40,
        lambda text: text.removeprefix("v1=")[:20] == "b" * 20,
        lambda text: text.split("=")[0].encode() == b"a" * 40,
        lambda text: b"a" * 40 != text.strip().encode(),
        lambda text: __import__("base64").b64decode(text) == b"a" * 30,
    ],
)
def test_a_comparison_of_a_signature_is_noticed(compare):
    with noting_comparisons() as noted:
        compare(Text.of("a" * 40, noted))
    assert noted


def test_other_comparisons_are_not():
    with noting_comparisons() as noted:
        text = Text.of("a" * 40, noted)
        assert text != "v1"
        assert text.partition("a")[0] == ""
        assert str(text) is text
        assert {text: 1}["a" * 40] == 1 or noted
    assert len(noted) <= 1  # the look-up of an equal key compares
