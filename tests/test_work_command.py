"""`touchpoint work`: a worker as a process of its own, real signals included."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from touchpoint import Content, Engine, Journey, Message, Rule, Send
from touchpoint.cli import main

JOURNEY = """
from touchpoint import Call, Content, Journey, Message, Policy, QuietHours, Rule, Send

hello = Message("hello", why="test", kind="service", channels=["email", "sms"], content=Content(text="Hello"))
shop = Journey("shop", rules=[Rule("greet", when="order", then=[Send(hello)])])
"""

SLOW = """
import sys
from touchpoint.channels import Accepted, channel

@channel("email")
def email(request):
    print("calling", flush=True)
    sys.stdin.readline()
    return Accepted()

channels = [email]
"""

QUICK = """
from touchpoint.channels import Accepted, channel

@channel("email")
def email(request):
    print("calling", flush=True)
    return Accepted()

channels = [email]
"""

AWAITED = """
import asyncio
from touchpoint.channels import Accepted, BaseAdapter, Capabilities

class Email(BaseAdapter):
    def __init__(self):
        super().__init__(Capabilities("email", frozenset({"email"}), remembers_keys_for=None), "email")

    async def send(self, request):
        print("calling", flush=True)
        await asyncio.sleep(0)
        return Accepted()

channels = [Email()]
"""


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    monkeypatch.delenv("TOUCHPOINT_STORE", raising=False)
    monkeypatch.delenv("TOUCHPOINT_TRACEBACK", raising=False)
    monkeypatch.chdir(tmp_path)


def write(text, name="shop.py"):
    Path(name).write_text(text, encoding="utf-8")


def recorded(*customers):
    hello = Message(
        "hello", why="test", kind="service", channels=["email", "sms"], content=Content(text="Hello")
    )  # fmt: skip
    journey = Journey("shop", rules=[Rule("greet", when="order", then=[Send(hello)])])
    with Engine("sqlite:///shop.db", journeys=[journey]) as engine:
        for each in customers:
            engine.identify(each, addresses={"email": f"{each}@example.com"})
            engine.record(each, "order")


def status():
    with closing(sqlite3.connect("shop.db")) as db:
        return sorted(each for (each,) in db.execute("SELECT status FROM touchpoint_messages"))


@pytest.fixture
def touchpoint(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return run


@pytest.fixture
def worker():
    """Starts `touchpoint work` as a process of its own; whatever is left of it ends with the test."""
    begun = []

    def start(*options):
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "touchpoint.cli",
            "work",
            "shop.py",
            "--store",
            "sqlite:///shop.db",
        ]
        source = Path(__file__).parent.parent / "src"
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])}
        process = subprocess.Popen(
            [*command, *options], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        begun.append(process)
        return process

    # A process in the background of a shell ignores interrupts, and its children would.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield start
    signal.signal(signal.SIGINT, before)
    for each in begun:
        each.kill()
        each.communicate()


def line(process):
    return process.stdout.readline().rstrip("\n")


def ended(process):
    out, errors = process.communicate(timeout=30)
    return process.returncode, out, errors


# --- what it does -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [QUICK, AWAITED], ids=["threads", "loop"])
def test_until_idle_it_sends_what_is_due_and_ends(touchpoint, channels):
    write(JOURNEY + channels)
    recorded("ann", "bob")
    code, out, errors = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--until-idle")
    assert (code, errors) == (0, "")
    assert out.splitlines() == [
        "at work: shop; channels: email", "calling", "calling", "nothing is due any more: 2 messages handed over",
    ]  # fmt: skip
    assert status() == ["sent", "sent"]


def test_it_may_print_instead_of_sending(touchpoint):
    write(JOURNEY)
    recorded("ann")
    code, out, _ = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--until-idle", "--console")
    assert (code, "--- email to a…@example.com: hello (service)" in out) == (0, True)


def test_the_policy_of_the_house_binds(touchpoint):
    write(JOURNEY + QUICK + 'policy = Policy(QuietHours("00:00", "23:59", unknown_zone="deny"))\n')
    recorded("ann")
    code, out, _ = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--until-idle")
    assert (code, "calling" in out, status()) == (0, False, ["denied"])


def test_customers_who_are_left_out_are_counted_and_change_the_status(touchpoint):
    write(JOURNEY + QUICK)
    recorded("ann", "bob")
    with closing(sqlite3.connect("shop.db")) as db, db:
        db.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = 'ann'")
    code, out, errors = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--until-idle")
    assert (code, "1 message handed over" in out, "1 customers were left out" in errors) == (1, True, True)


# --- signals ----------------------------------------------------------------------------------------------------------

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("channels", [QUICK, AWAITED], ids=["threads", "loop"])
def test_a_signal_stops_a_worker_that_sleeps(worker, number, channels):
    write(JOURNEY + channels)
    recorded("ann")
    process = worker("--poll", "3600")
    assert [line(process), line(process)] == ["at work: shop; channels: email", "calling"]
    process.send_signal(number)
    assert ended(process) == (0, "stopped: 1 message handed over\n", "")
    assert status() == ["sent"]


@needs_signals
def test_a_signal_lets_the_call_in_hand_end_and_gives_back_the_rest(worker):
    write(JOURNEY + SLOW)
    recorded("ann", "bob", "cid")
    process = worker()
    assert [line(process), line(process)] == ["at work: shop; channels: email", "calling"]
    assert status() == ["in_flight"] * 3
    process.send_signal(signal.SIGTERM)
    process.stdin.write("\n")
    process.stdin.flush()
    code, out, errors = ended(process)
    assert (code, errors, out) == (0, "", "stopped: 1 message handed over\n")
    assert status() == ["sent", "waiting", "waiting"]


@needs_signals
def test_a_second_interrupt_does_not_wait(worker):
    write(JOURNEY + SLOW)
    recorded("ann")
    process = worker()
    assert [line(process), line(process)] == ["at work: shop; channels: email", "calling"]
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)  # two that come at once are one
    assert process.returncode != 0


@needs_signals
def test_in_the_background_an_interrupt_of_the_terminal_is_not_for_it(worker):
    write(JOURNEY + QUICK)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as the shell does
    process = worker()
    assert line(process) == "at work: shop; channels: email"
    process.send_signal(signal.SIGINT)
    recorded("ann")
    while status() != ["sent"]:
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    code, out, _ = ended(process)
    assert (code, out.splitlines()[-1]) == (0, "stopped: 1 message handed over")


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (JOURNEY, "adapter for email, sms; or pass --console, which prints messages"),
        (JOURNEY + "channels = 7", "channels is a list of adapters"),
        (JOURNEY + "channels = [7]", "channels is a list of adapters"),
        (JOURNEY + QUICK + "functions = 7", "functions is a mapping of names to functions"),
        (JOURNEY + QUICK + "policy = 7", "policy is a Policy, not int"),
        (JOURNEY + QUICK + 'more = Journey("more", rules=[Rule("r", when="x", then=[Call("refund")])])',
         "nobody knows the function 'refund'"),
    ],
)  # fmt: skip
def test_what_it_cannot_work_with_is_refused_with_how_to_mend_it(touchpoint, text, words):
    write(text)
    code, _, errors = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--until-idle")
    assert code == 2
    assert words in " ".join(errors.split())
    assert not Path("shop.db").exists()


def test_a_store_in_memory_is_refused(touchpoint):
    write(JOURNEY + QUICK)
    code, _, errors = touchpoint("work", "shop.py", "--store", "sqlite://", "--until-idle")
    assert (code, "a store in memory is empty" in errors) == (2, True)


def test_threads_are_of_no_use_to_asynchronous_channels(touchpoint):
    write(JOURNEY + AWAITED)
    code, _, errors = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--threads", "2")
    assert (code, "leave --threads out" in errors) == (2, True)


def test_a_function_that_is_there_may_be_called(touchpoint):
    write(
        JOURNEY.replace("Send(hello)", 'Call("note")') + "channels = []\nfunctions = {'note': lambda _: print('noted')}"
    )
    recorded()
    code, out, _ = touchpoint("work", "shop.py", "--store", "sqlite:///shop.db", "--until-idle")
    assert (code, out.splitlines()[0]) == (0, "at work: shop; channels: none")
