"""Released in the midst of live runs, in every mode, and killed: no step is repeated or skipped (S5.4, S11.6).

TOUCHPOINT_RELEASE_RUNS says how many people (two runs each); `python -m pytest tests/test_release_kill.py` is quick.
"""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import releasing

PEOPLE = int(os.environ.get("TOUCHPOINT_RELEASE_RUNS", "21"))
KILLS = int(os.environ.get("TOUCHPOINT_RELEASE_KILLS", "4"))
SCRIPT = str(Path(releasing.__file__))


def process(folder, mode):
    given = [sys.executable, SCRIPT, str(folder / "shop.db"), str(folder / "log"), mode, str(PEOPLE)]
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(given, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE)


def to_the_end(folder, mode):
    """How long an undisturbed process takes, in seconds."""
    began = time.monotonic()
    with process(folder, mode) as child:
        error = child.stderr.read().decode()
    assert (child.returncode, "Traceback" in error) == (0, False), error
    return time.monotonic() - began


def story(folder):
    """What was handed over by key and name, each once; and how every run and message ended, by identity."""
    handed = sorted(set((folder / "log").read_text().splitlines()))
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        runs = connection.execute("SELECT id, rule, reason FROM touchpoint_runs ORDER BY id").fetchall()
        messages = connection.execute("SELECT key, step, name, status FROM touchpoint_messages ORDER BY key").fetchall()
        parked = connection.execute("SELECT count(*) FROM touchpoint_parked").fetchone()[0]
    return handed, runs, messages, parked


def drawn(mode, n):
    """Between 0 and 1, another one for each."""
    return int(hashlib.sha256(f"{mode} {n}".encode()).hexdigest()[:8], 16) / 2**32


@pytest.mark.parametrize("mode", ["follow", "pin", "migrate"])
def test_killed_in_the_midst_of_a_release_no_step_is_repeated_or_skipped(tmp_path, mode):
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    calm.mkdir()
    rough.mkdir()
    lasts = to_the_end(calm, mode)
    for n in range(KILLS):
        with process(rough, mode) as child:
            try:
                child.wait(0.3 + lasts * 0.8 * drawn(mode, n))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
    to_the_end(rough, mode)
    handed, runs, messages, parked = story(rough)
    assert (handed, runs, messages, parked) == story(calm)
    assert len({line.split()[0] for line in handed}) == len(handed)
    assert {status for *_, status in messages} <= {"sent", "withdrawn"}
    assert parked == 0
    assert all(reason for *_, reason in runs)
    # Each step of a run sends once: no two messages of one run and step but by a migration's own wish.
    assert len(messages) == len({key for key, *_ in messages})


def test_each_mode_does_something_else_to_people_in_the_midst(tmp_path):
    """So that the test above really looks at releases."""
    told = {}
    for mode in ("", "follow", "pin", "migrate"):
        folder = tmp_path / (mode or "none")
        folder.mkdir()
        to_the_end(folder, mode)
        told[mode] = story(folder)[2]
    assert len({str(each) for each in told.values()}) == 4
    names = {mode: {name for _, _, name, _ in each} for mode, each in told.items()}
    assert "more" in names["follow"] & names["pin"] & names["migrate"]
    assert "more" not in names[""]
