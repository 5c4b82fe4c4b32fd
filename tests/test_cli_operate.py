"""The commands with which people run a store: pause, resume, controls, parked, doctor."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from touchpoint import Engine
from touchpoint.channels import MemoryChannel
from touchpoint.cli import main
from touchpoint.cli.loading import load

SHOP = """
from touchpoint import *
from touchpoint.channels import channel

@channel("email")
def email(request):
    return True

hello = Message("hello", why="greet", kind="service", channels=["email"], content=Content(text="Hello"))
shop = Journey("shop", rules=[
    Rule("greet", when="order", then=[Send(hello)]),
    Rule("loop", when="ping", then=[Emit("LOOP")]),
])
channels = [email]
"""
BAD, GOOD = SHOP.replace("LOOP", "ping"), SHOP.replace("LOOP", "pong")
STORE = "sqlite:///shop.db"


@pytest.fixture(autouse=True)
def _a_shop_at_work(tmp_path, monkeypatch):
    for name in ("TOUCHPOINT_STORE", "TOUCHPOINT_TRACEBACK", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    write(BAD)
    with engine() as at_work:
        at_work.identify("ann", addresses={"email": "ann@example.com"})
        at_work.record("ann", "ping")


def write(text):
    Path("shop.py").write_text(text, encoding="utf-8")


def engine():
    return Engine(STORE, journeys=load(Path("shop.py")).journeys, channels=[MemoryChannel("email")])


@pytest.fixture
def touchpoint(capsys):
    """Runs the command line: (status, standard output, standard error)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return run


def test_pause_holds_a_message_and_resume_lets_it_go(touchpoint):  # S11.8
    assert touchpoint("pause", "--store", STORE, "--message", "hello", "--reason", "wrong price") == (0, "", "")
    with engine() as at_work:
        at_work.record("ann", "order")
        at_work.run_pending()
        assert at_work.adapters["email"].sent == []
    status, out, _ = touchpoint("controls", "--store", STORE)
    assert (status, out.startswith("message 'hello' paused since 2"), out.endswith(": wrong price\n")) == (
        0,
        True,
        True,
    )
    assert touchpoint("resume", "--store", STORE, "--message", "hello") == (0, "", "")
    assert touchpoint("controls", "--store", STORE)[1] == "nothing is paused or stopped\n"
    with engine() as at_work:
        at_work.run_pending()
        assert len(at_work.adapters["email"].sent) == 1


def test_pause_takes_an_end(touchpoint):
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()  # noqa: TID251 - the command's clock is the machine's
    assert touchpoint("pause", "--store", STORE, "--journey", "shop", "--reason", "x", "--until", until)[0] == 0
    assert " until " in touchpoint("controls", "--store", STORE)[1]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("pause", "--store", STORE, "--reason", "x"), 2, "takes channel= or message= or journey="),
        (("pause", "--store", STORE, "--message", "helo", "--reason", "x"), 2, "did you mean 'hello'"),
        (("pause", "--store", STORE, "--message", "hello"), 2, "--reason"),
        (("pause", "--store", STORE, "--message", "hello", "--reason", "x", "--until", "soon"), 2, "ISO 8601"),
        (("resume", "--store", STORE, "--channel", "emial"), 2, "did you mean 'email'"),
        (("pause", "--store", "sqlite:///none.db", "--message", "hello", "--reason", "x"), 2, "there is no file"),
        (("parked", "--store", STORE, "--limit", "0"), 2, "--limit"),
    ],
)
def test_what_cannot_be_is_refused(touchpoint, arguments, status, says):  # HOUSE 11
    found, _, err = touchpoint(*arguments)
    assert (found, says in err, Path("none.db").exists()) == (status, True, False)


def test_parked_lists_and_replays_once_the_journey_is_mended(touchpoint):  # S4.3
    status, out, _ = touchpoint("parked", "--store", STORE)
    assert (status, out.startswith("1 parked\n"), "ann: touchpoint ping: a decision took more" in out) == (
        0,
        True,
        True,
    )
    status, out, _ = touchpoint("parked", "--store", STORE, "--replay")
    assert (status, out.startswith("0 replayed, 1 stay parked\nann: ping: ")) == (1, True)
    write(GOOD)
    assert touchpoint("parked", "--store", STORE, "--replay", "--journeys", "shop.py") == (
        0,
        "1 replayed, 0 stay parked\n",
        "",
    )
    assert touchpoint("parked", "--store", STORE)[1] == "0 parked\n"
    with engine() as at_work:
        assert [each.type for each in at_work.customer("ann").timeline()] == ["ping", "pong"]


def test_a_long_list_of_parked_things_is_cut(touchpoint):
    with engine() as at_work:
        for _ in range(3):
            at_work.record("ann", "ping")
    out = touchpoint("parked", "--store", STORE, "--limit", "2")[1].splitlines()
    assert (out[0], len(out), out[-1]) == ("4 parked", 4, "and 2 more")


def test_doctor_says_what_is_wrong_and_how_to_mend_it(touchpoint):
    status, out, _ = touchpoint("doctor", "shop.py", "--store", STORE, "--deep")
    assert (status, "warning: parked: 1 thing is parked\n" in out, "ok: damage: none found" in out) == (0, True, True)
    assert "note: adapter: 'email' declares no memory of its provider\n" in out


def test_doctor_fails_where_there_are_errors(touchpoint):
    write(GOOD.replace('channels=["email"]', 'channels=["sms"]'))
    status, out, _ = touchpoint("doctor", "shop.py", "--store", STORE)
    assert (status, out.startswith("error: channel: no adapter serves 'sms'")) == (1, True)


def test_doctor_leaves_out_adapters_that_nobody_told_of(touchpoint):
    assert "adapter" not in touchpoint("doctor", "--store", STORE)[1]


def test_doctor_prints_json(touchpoint):
    found = json.loads(touchpoint("doctor", "--store", STORE, "--json")[1])
    assert all(list(each) == ["check", "level", "what", "why", "mend"] for each in found)
    assert "parked" in {each["check"] for each in found}


def test_doctor_reports_a_file_that_is_no_store(touchpoint):  # S11.7
    Path("broken.db").write_bytes(b"no database" * 100)
    status, out, _ = touchpoint("doctor", "--store", "sqlite:///broken.db")
    assert (status, out.startswith("error: store: ")) == (1, True)
    assert Path("broken.db").read_bytes().startswith(b"no database")


def test_questions_can_be_asked_of_a_store_made_for_tests(touchpoint):
    Engine("sqlite:///t.db", journeys=load(Path("shop.py")).journeys, test_store=True).close()
    status, _, err = touchpoint("why", "nobody", "hello", "--store", "sqlite:///t.db")
    assert (status, "there is no customer" in err) == (2, True)
    assert touchpoint("pause", "--store", "sqlite:///t.db", "--message", "hello", "--reason", "x")[0] == 0
