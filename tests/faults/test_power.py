"""Power loss (S11.1): full sync loses nothing, `fast` only the last commits; the file is whole either way.

`TOUCHPOINT_FAULT_STATES` says in how many states of the disk the store is opened; a few unless given. Needs strace,
which must be allowed to trace.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from faults.power_disk import Disk, Op, read_line, why_not

STATES = os.environ.get("TOUCHPOINT_FAULT_STATES", "60")
FOLDER = Path(__file__).parent

needs_strace = pytest.mark.skipif(why_not() != "", reason=why_not() or "-")


def power(*options, states=STATES):
    return subprocess.run(
        [sys.executable, "-W", "error", FOLDER / "power.py", "--states", states, *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@needs_strace
@pytest.mark.parametrize("durability", ["full", "fast"])
def test_a_store_keeps_its_promises_when_power_is_lost(durability):  # S11.1
    done = power("--durability", durability, "--touchpoints", "300")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert " 0 violations" in done.stdout
    assert f" {STATES} states" in done.stdout


# The yardstick sees.

PLANTED = """
import sys
sys.path.insert(0, sys.argv[1])
from power import recorded, run

def without(kind, *names):
    return [op for op in full if op.kind != kind or (names and op.name not in names)]

full, fast = (recorded(sys.argv[2], durability, 80) for durability in ("full", "fast"))
early = list(full)
for i in [i for i, op in enumerate(full) if op.kind == "acknowledged"]:
    early.insert(i - 20, early.pop(i))
for name, ops in {
    "none": full, "fast for full": fast, "acknowledged before the commit": early,
    "no sync of the log": without("sync", "store.db-wal"), "no sync of the folder": without("sync folder"),
    "no sync of the file before the log starts over": without("sync", "store.db"),
}.items():
    tens = (len(run(ops, 10, seed, sys.argv[2], "full")[0]) for seed in range(6))
    print(next(filter(None, tens), 0), name)
"""
NAMES = [
    "fast for full", "acknowledged before the commit", "no sync of the log", "no sync of the folder",
    "no sync of the file before the log starts over",
]  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """How many promises each defect breaks."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLANTED, FOLDER, tmp_path_factory.mktemp("planted")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stderr == ""
    return {name: int(n) for n, name in (line.split(" ", 1) for line in done.stdout.splitlines())}


@needs_strace
@pytest.mark.parametrize("defect", NAMES)
def test_a_planted_defect_is_seen(defect, broken):
    assert broken[defect] > 0


@needs_strace
def test_without_a_defect_nothing_is_seen(broken):
    assert broken["none"] == 0


# The disk.


def disk(*ops):
    made = Disk()
    for op in ops:
        made.apply(op)
    return made


def found(made, n=300):
    return {tuple(sorted(made.after_power_loss(random.Random(seed)).items())) for seed in range(n)}


CREATED = (Op("create", "a"), Op("sync folder"))


def test_what_was_synced_is_there_in_every_state():
    kept = disk(*CREATED, Op("write", "a", 0, b"x" * 2000), Op("sync", "a"))
    assert found(kept) == {(("a", b"x" * 2000),)}


def test_what_was_not_synced_may_be_lost_kept_or_torn_at_sectors():
    states = found(disk(*CREATED, Op("write", "a", 0, b"x" * 512), Op("write", "a", 512, b"y" * 512)))
    none, first, second = b"", b"x" * 512, bytes(512) + b"y" * 512
    assert states == {(("a", each),) for each in (none, first, second, b"x" * 512 + b"y" * 512)}


def test_writes_to_one_place_may_change_their_order():
    states = found(disk(*CREATED, Op("write", "a", 0, b"1"), Op("write", "a", 0, b"2")))
    assert {each[0][1] for each in states} == {b"", b"1", b"2"}


def test_a_sector_is_never_torn():
    states = found(disk(*CREATED, Op("write", "a", 500, b"12345678901234567890")))
    assert {each[0][1][500:] for each in states} == {
        b"", b"123456789012", b"12345678901234567890", bytes(12) + b"34567890",
    }  # fmt: skip


def test_a_file_shortened_may_have_its_old_length():
    states = found(disk(*CREATED, Op("write", "a", 0, b"1234"), Op("sync", "a"), Op("truncate", "a", 2)))
    assert {each[0][1] for each in states} == {b"1234", b"12"}


def test_names_come_and_go_in_order_until_the_folder_is_synced():
    made = disk(Op("create", "a"), Op("sync", "a"), Op("create", "b"), Op("unlink", "a"))
    names = {tuple(name for name, _ in state) for state in found(made)}
    assert names == {(), ("a",), ("a", "b"), ("b",)}
    made.apply(Op("sync folder"))
    assert {tuple(name for name, _ in state) for state in found(made)} == {("b",)}


def test_a_name_that_comes_back_is_another_file():
    made = disk(*CREATED, Op("write", "a", 0, b"old"), Op("sync", "a"), Op("unlink", "a"), Op("create", "a"))
    assert found(made) == {(("a", b"old"),), (), (("a", b""),)}


def test_a_way_to_write_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match="fallocate"):
        read_line("7 fallocate(3</f/store.db>, 0, 0, 4096) = 0", Path("/f"))


def test_what_is_written_elsewhere_is_left_out():
    assert read_line('7 pwrite64(3</g/store.db>, "\\x41", 1, 0) = 1', Path("/f")) == []
