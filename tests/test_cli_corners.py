"""The command line on rarer ways: signals in this process, files that are none, journeys with segments and cases."""

import io
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import test_mutation as mutation
from touchpoint import Content, Engine, InvalidInput, Journey, Message, Rule, Send
from touchpoint.cli import main
from touchpoint.cli.exchange import _unsent
from touchpoint.cli.loading import load
from touchpoint.cli.mutate import mutate
from touchpoint.cli.testgen import testgen as command
from touchpoint.engine.working import Worked

tried = mutation.tried
STORE = "sqlite:///shop.db"
SHOP = """
import signal
from touchpoint import *
from touchpoint.channels import Accepted, channel

hello = Message("hello", why="test", kind="service", channels=["email"], content=Content(text="Hello"))
shop = Journey("shop", rules=[Rule("greet", when="order", then=[Send(hello)])])

@channel("email")
def email(request):
    ACT
    return Accepted()

channels = [email]
"""


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    for name in ("TOUCHPOINT_STORE", "TOUCHPOINT_TRACEBACK", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def write(text, name="shop.py"):
    Path(name).write_text(text, encoding="utf-8")


@pytest.fixture
def touchpoint(capsys):
    """Runs the command line: (status, standard output, standard error)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return run


def recorded(*customers):
    hello = Message("hello", why="test", kind="service", channels=["email"], content=Content(text="Hello"))
    with Engine(STORE, journeys=[Journey("shop", rules=[Rule("greet", when="order", then=[Send(hello)])])]) as engine:
        for each in customers:
            engine.identify(each, addresses={"email": f"{each}@example.com"})
            engine.record(each, "order")


# --- the program itself -----------------------------------------------------------------------------------------------


def test_it_writes_to_whatever_stands_in_for_the_terminal(monkeypatch):
    class Plain:
        """A stream that knows nothing of encodings, as some hosts have it."""

        def __init__(self):
            self.text = io.StringIO()
            self.write, self.flush, self.isatty = self.text.write, self.text.flush, lambda: False

    plain = Plain()
    monkeypatch.setattr(sys, "stdout", plain)
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert (stop.value.code or 0, "Usage: touchpoint" in plain.text.getvalue()) == (0, True)


# --- work -------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_signal_stops_the_worker_after_the_call_in_hand_and_is_the_hosts_own_again(touchpoint):
    write(SHOP.replace("ACT", "signal.raise_signal(signal.SIGTERM)"))
    recorded("ann", "bob")
    before = signal.getsignal(signal.SIGTERM)
    code, out, errors = touchpoint("work", "shop.py", "--store", STORE, "--poll", "3600")
    assert (code, errors, out.splitlines()[-1]) == (0, "", "stopped: 1 message handed over")
    assert signal.getsignal(signal.SIGTERM) is before
    with closing(sqlite3.connect("shop.db")) as db:
        assert sorted(db.execute("SELECT status FROM touchpoint_messages")) == [("sent",), ("waiting",)]


def test_outcomes_that_could_not_be_written_are_told_and_change_the_status(touchpoint, monkeypatch):
    write(SHOP.replace("ACT", "pass"))
    monkeypatch.setattr(Engine, "work", lambda *_, **__: Worked(handed=3, unsettled=2))
    code, out, errors = touchpoint("work", "shop.py", "--store", STORE, "--until-idle")
    assert (code, "3 messages handed over" in out) == (1, True)
    assert "2 outcomes could not be written: see the log" in errors


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_folder_is_no_json(touchpoint):
    Path("shop.json").mkdir()
    code, _, errors = touchpoint("check", "shop.json")
    assert (code, "shop.json" in errors) == (2, True)


def test_json_that_this_user_may_not_read_is_named_with_the_reason(monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    write("{}", "shop.json")
    monkeypatch.setattr(Path, "read_text", forbidden)
    with pytest.raises(InvalidInput, match=r"shop\.json cannot be read: Permission denied"):
        load(Path("shop.json"))


def test_a_file_may_tidy_up_the_path_it_is_loaded_with(touchpoint):
    write('import sys\nsys.path[:] = [each for each in sys.path if each]\nsys.path.remove(__import__("os").getcwd())\n'
          + SHOP.replace("ACT", "pass"))  # fmt: skip
    before = list(sys.path)
    code, out, errors = touchpoint("dump", "shop.py")
    assert code == 0, errors
    assert "greet" in out
    assert [each for each in sys.path if each == os.getcwd()] == [each for each in before if each == os.getcwd()]  # noqa: PTH109 - as sys.path has it


def test_json_as_it_is_dumped_has_no_messages_that_nobody_sends(touchpoint):
    write(SHOP.replace("ACT", "pass"))
    code, out, _ = touchpoint("dump", "shop.py")
    write(out, "shop.json")
    assert (code, list(_unsent(Path("shop.json")))) == (0, [])
    assert touchpoint("import", "shop.json", "--store", STORE)[0] == 0


def test_a_check_that_rests_on_no_source_names_none(touchpoint):
    code, without, _ = touchpoint("check", "--explain", "tc101")
    assert (code, without.startswith("TC101 rule-never-starts"), "Source:" in without) == (0, True, False)


# --- operators --------------------------------------------------------------------------------------------------------


def test_a_store_in_which_nothing_was_released_says_so(touchpoint):
    with Engine(STORE):
        pass
    assert touchpoint("release", "list", "--store", STORE)[:2] == (0, "nothing was released yet\n")


@pytest.mark.parametrize("value", ["[1]", '{"m": 7}', "{7: print}"])
def test_what_is_called_migrations_maps_names_to_functions(touchpoint, value):
    write(SHOP.replace("ACT", "pass") + f"migrations = {value}\n")
    recorded("ann")
    code, _, errors = touchpoint("release", "preview", "shop.py", "--store", STORE)
    assert (code, "migrations is a mapping of names to functions" in " ".join(errors.split())) == (2, True)


def test_a_store_that_breaks_while_it_is_examined_is_an_error_of_the_store(touchpoint):
    recorded("ann")
    with closing(sqlite3.connect("shop.db")) as db, db:
        db.execute("DROP TABLE touchpoint_due")
    code, out, _ = touchpoint("doctor", "--store", STORE)
    assert (code, "nothing can be recorded, and nothing goes out" in out) == (1, True)


# --- mutate -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("", "there are no tests in what --tests names"),
        ("def test_it(touchpoint_world):\n    assert False\n", "the tests do not pass without any fault"),
        ("import os\nos._exit(3)\n", "pytest did not run the tests"),
    ],
)
def test_why_no_fault_could_be_tried_is_said(tried, tests, problem):
    assert problem in str(tried("--limit", "2", tests=tests).exception)


def test_survivors_of_several_rules_are_listed_rule_by_rule(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from touchpoint import *\n"
        'shop = Journey("shop", rules=[Rule("a", when="x", limit=once(), then=[Emit("y")]),'
        ' Rule("b", when="x", limit=times(2), then=[Emit("z")])])\n'
    )
    (tmp_path / "conftest.py").write_text(mutation.WORLD)
    (tmp_path / "test_shop.py").write_text(
        "from shop import shop\n\ndef test_it(touchpoint_world):\n    assert touchpoint_world([shop])\n"
    )
    found = CliRunner().invoke(mutate, [str(tmp_path / "shop.py"), "--tests", str(tmp_path / "test_shop.py")])
    assert found.exit_code == 1, found.output
    lines = found.stdout.splitlines()
    a, b, order = (lines.index(each) for each in ("rule a", "rule b", "the order of the rules"))
    assert all("$.rules[0]" in each for each in lines[a + 1 : b] if each)
    assert all("$.rules[1]" in each for each in lines[b + 1 : order] if each)


# --- testgen ----------------------------------------------------------------------------------------------------------

BUSY = """
from touchpoint import *

broken = CaseType("broken")
plain = Journey("plain", rules=[Rule("only", when="start", then=[Emit("done")])])
shop = Journey(
    "shop",
    cases=[broken],
    segments=[Segment("regular", count("order", within=days(30)) >= 1)],
    rules=[Rule("mend", when="complaint", then=[OpenCase(broken)])],
)
"""


def test_written_tests_assert_segments_and_open_cases_and_no_stage_where_there_is_none():
    write(BUSY)
    found = CliRunner().invoke(command, ["shop.py", "--most", "150"], catch_exceptions=False)
    assert found.exit_code == 0
    assert "assert sorted(ann.segments) == " in found.stdout
    assert 'assert [case.kind for case in ann.cases(open=True)] == ["broken"]' in found.stdout
    assert "ann.stage(" not in found.stdout
    assert "no story was found" not in found.stderr
