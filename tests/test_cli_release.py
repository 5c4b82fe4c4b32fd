"""`touchpoint release`: preview, confirm, list, rollback (S5.4)."""

from pathlib import Path

import pytest

from touchpoint import Engine
from touchpoint.cli import main
from touchpoint.cli.loading import load

SHOP = """
from touchpoint import *

shop = Journey("shop", rules=[Rule("thank", when="ordered", then=[Wait(days(DAYS)), Emit("done")])])
migrations = {"m": lambda step, facts: Exit("moved out")}
"""
STORE = "sqlite:///shop.db"


@pytest.fixture(autouse=True)
def _a_shop_at_work(tmp_path, monkeypatch):
    for name in ("TOUCHPOINT_STORE", "TOUCHPOINT_TRACEBACK", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_STORE", STORE)
    write(3)
    with Engine(STORE, journeys=load(Path("shop.py")).journeys) as engine:
        engine.record("ann", "ordered")


def write(days):
    Path("shop.py").write_text(SHOP.replace("DAYS", str(days)), encoding="utf-8")


@pytest.fixture
def touchpoint(capsys):
    """Runs the command line: (status, standard output, standard error)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return run


def token(touchpoint, *options):
    status, out, err = touchpoint("release", "preview", "shop.py", *options)
    assert (status, err) == (0, "")
    return out.splitlines()[-1].removeprefix("token: ")


def listed(touchpoint):
    return touchpoint("release", "list")[1].splitlines()


def test_a_preview_says_what_would_happen_and_changes_nothing(touchpoint):
    write(5)
    status, out, _ = touchpoint("release", "preview", "shop.py")
    assert (status, out.splitlines()[:2]) == (
        0,
        [
            "shop: 1 live runs, mode follow",
            "  1 waits longer (thank at wait: 5 days instead of 3 days; such as run 1)",
        ],
    )
    assert len(listed(touchpoint)) == 1


def test_what_was_previewed_is_confirmed_with_its_token_and_listed(touchpoint):
    write(5)
    status, out, _ = touchpoint("release", "confirm", "shop.py", "--token", token(touchpoint), "--by", "chris")
    assert (status, "shop release 2" in out, "by chris" in out) == (0, True, True)
    first, second = listed(touchpoint)
    assert ("by opening an engine" in first, second.endswith("at work")) == (True, True)


def test_another_token_is_refused(touchpoint):
    write(5)
    status, _, err = touchpoint("release", "confirm", "shop.py", "--token", "x", "--by", "chris")
    assert (status, "no token of preview_release()" in err, len(listed(touchpoint))) == (2, True, 1)


def test_a_migration_of_the_file_is_used(touchpoint):
    status, out, _ = touchpoint("release", "preview", "shop.py", "--mode", "migrate", "--migration", "m")
    assert (status, "1 exits" in out) == (0, True)


def test_what_was_at_work_before_is_put_to_work_again(touchpoint):
    write(5)
    touchpoint("release", "confirm", "shop.py", "--token", token(touchpoint), "--by", "chris")
    status, out, _ = touchpoint("release", "rollback", "shop", "--by", "eve")
    assert (status, "back to release 1" in out) == (0, True)
    assert touchpoint("release", "rollback", "tea", "--by", "eve")[0] == 2


def test_other_commands_that_are_given_a_changed_file_release_nothing(touchpoint):
    write(5)
    assert touchpoint("pause", "--journeys", "shop.py", "--journey", "shop", "--reason", "a test")[0] == 0
    assert len(listed(touchpoint)) == 1


def test_which_journey_is_asked_where_there_are_several(touchpoint):
    Path("shop.py").write_text(SHOP.replace("DAYS", "5") + 'two = Journey("two")\n', encoding="utf-8")
    assert "--journey" in touchpoint("release", "preview", "shop.py")[2]
    assert touchpoint("release", "preview", "shop.py", "--journey", "shop")[0] == 0
    assert touchpoint("release", "preview", "shop.py", "--journey", "tea")[0] == 2
