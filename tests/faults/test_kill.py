"""Kill -9 (S11): nothing acknowledged is lost, nobody hears twice, everything reaches an end.

`TOUCHPOINT_FAULT_KILLS` says how many kills; a few unless given.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from faults.kill_check import check

KILLS = os.environ.get("TOUCHPOINT_FAULT_KILLS", "20")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def kill(folder, *options, defect="", kills=KILLS):
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            Path(__file__).with_name("kill.py"),
            "--kills",
            kills,
            "--folder",
            folder,
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TOUCHPOINT_FAULT_DEFECT": defect, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A run of kills whose stores are kept."""
    folder = tmp_path_factory.mktemp("kills")
    return kill(folder, "--keep"), folder


@pytest.fixture
def left(ended, tmp_path):
    """A copy of what one round has left."""
    (first, *_) = sorted(ended[1].glob("round-0-*"))
    return Path(shutil.copytree(first, tmp_path / "left"))


# S11.1, S11.3, S11.9
def test_processes_killed_at_random_moments_keep_every_promise(ended):
    done, _ = ended
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert " 0 violations" in done.stdout
    assert f" {KILLS} kills" in done.stdout


def test_a_round_is_worth_looking_at(ended):
    figures = {words[1]: int(words[0]) for line in ended[0].stdout.splitlines() if (words := line.split(maxsplit=1))}
    assert figures["acknowledged"] >= 15
    assert figures["messages"] >= 15


# The yardstick sees.


@pytest.mark.parametrize(
    ("defect", "seen"),
    [
        ("acknowledged before the commit", "was acknowledged, and is there 0 times"),
        ("a provider that only claims to remember keys", "went out twice"),
    ],
)
def test_a_planted_defect_is_seen(defect, seen, tmp_path):
    for seed in range(20):
        if seen in kill(tmp_path, "--seed", str(seed), defect=defect, kills="40").stderr:
            return
    pytest.fail(f"{defect}: 800 kills have not shown it")


def store(left, *statements):
    with closing(sqlite3.connect(left / "store.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def line(left, name, act):
    path = left / name
    path.write_text("\n".join(act(path.read_text("ascii").splitlines())) + "\n", "ascii")


def sent(lines, channel):
    return next(each for each in lines if f" {channel} " in each and each.endswith(" sent"))


def later(text):
    at, rest = text.split(" ", 1)
    return f"{int(at) + 11 * 60 * 1_000_000} {rest}"


LAST = "(SELECT max(no) FROM touchpoint_journal WHERE kind = 'touchpoint')"
ONE = "(SELECT min(no) FROM touchpoint_journal WHERE kind = 'touchpoint')"
TAMPERED = {
    "breaks at entry": lambda left: store(left, f"DELETE FROM touchpoint_journal WHERE no = {LAST}"),
    "are beside the chain": lambda left: store(left, f"UPDATE touchpoint_journal SET prev = 0 WHERE no = {LAST}"),
    "and is there 0 times": lambda left: store(left, f"UPDATE touchpoint_journal SET id = 'other' WHERE no = {ONE}"),
    "was never recorded": lambda left: store(left, f"UPDATE touchpoint_journal SET id = 'other' WHERE no = {ONE}"),
    "is there 2 times": lambda left: store(
        left,
        "DROP INDEX touchpoint_journal_id",
        "INSERT INTO touchpoint_journal "
        "SELECT no + 1000000, customer, prev, kind, id, type, at, recorded_at, body, trace "
        f"FROM touchpoint_journal WHERE no = {ONE}",
    ),
    "started 0 runs": lambda left: store(left, "DELETE FROM touchpoint_runs WHERE no = 1"),
    "the host's row and ours parted": lambda left: store(left, "DELETE FROM orders"),
    "is waiting for ever": lambda left: store(left, "UPDATE touchpoint_messages SET status = 'waiting' WHERE no = 1"),
    "is said to be sent, and was not": lambda left: line(left, "ledger", lambda _: ["0 email other sent"]),
    "and no store knows of it": lambda left: line(left, "ledger", lambda them: [*them, "0 email other sent"]),
    "is said to be failed, and was sent": lambda left: store(
        left, "UPDATE touchpoint_messages SET status = 'failed' WHERE no = "
        "(SELECT min(no) FROM touchpoint_messages WHERE status = 'sent')",
    ),
    "receipts and": lambda left: store(left, "DELETE FROM touchpoint_messages WHERE no = 1"),
    "runs never end": lambda left: store(left, "UPDATE touchpoint_runs SET ended_at = NULL WHERE no = 1"),
    "are due for ever": lambda left: store(left, "INSERT INTO touchpoint_due VALUES (1, 1)"),
    "remembers nothing": lambda left: line(left, "ledger", lambda them: [*them, sent(them, "sms")]),
    "may have forgotten it": lambda left: line(left, "ledger", lambda them: [*them, later(sent(them, "email"))]),
}  # fmt: skip


def test_what_a_run_has_left_is_in_order(left):
    assert check(left)[0] == []


@pytest.mark.parametrize("seen", TAMPERED)
def test_what_was_tampered_with_is_seen(seen, left):
    TAMPERED[seen](left)
    assert any(seen in each for each in check(left)[0])


def test_a_damaged_file_is_seen(left):
    with (left / "store.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)
    (said,) = check(left)[0]
    assert "damaged" in said
