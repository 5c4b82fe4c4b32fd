"""A store of every release is opened for ever (S11.6): it holds what it held, and people in the middle go on.

When a release is made, `python tests/golden/make.py` adds its store to `tests/golden`, with what it holds and how it
goes on; until then the one of the release to come is made anew whenever the tables or the stored records change. A
store that was released is never touched again: if a test here fails for one, the library has to change, not the store.
"""

import gzip
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from golden import story
from touchpoint.stores.base import SCHEMA_VERSION

GOLDEN = Path(story.__file__).parent
RELEASES = sorted(path.name.removesuffix(".db.gz") for path in GOLDEN.glob("*.db.gz"))


@pytest.fixture(params=RELEASES)
def release(request):
    return request.param


@pytest.fixture
def path(release, tmp_path):
    """A copy of the store."""
    copy = tmp_path / "golden.db"
    copy.write_bytes(gzip.decompress((GOLDEN / f"{release}.db.gz").read_bytes()))
    return str(copy)


@pytest.fixture
def kept(release):
    """What its own release said of it."""
    return json.loads((GOLDEN / f"{release}.json").read_text("utf-8"))


@pytest.fixture
def engine(path, kept):
    with story.opened(path, datetime.fromisoformat(kept["until"])) as opened:
        yield opened


def plain(value):
    return json.loads(json.dumps(value))


def test_it_holds_what_it_held(engine, kept):
    assert plain(story.told(engine)) == kept["holds"]


def test_it_goes_on_to_the_end_as_it_would_have(engine, kept):
    assert plain(story.went_on(engine)) == kept["goes on"]


def test_everybody_reaches_an_end(engine):
    ends = {status for each in story.went_on(engine)["ends"].values() for _, status in each}
    assert ends == {"sent", "denied", "failed", "unknown"}


def test_nobody_who_was_told_is_told_again(engine):
    """But for the message that was under way when its process died, and the uncertain one, under their old keys."""
    before = {each.key: each.status for name in story.PEOPLE for each in engine.customer(name).messages}
    story.went_on(engine)
    keys = [each.key for adapter in engine.adapters.values() for each in adapter.sent]
    assert len(keys) == len(set(keys))
    assert {before[key] for key in keys if key in before} == {"in_flight", "waiting"}


def test_its_tables_are_those_of_today(engine, path):
    engine.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = connection.execute("SELECT value FROM touchpoint_meta WHERE key = 'schema_version'").fetchone()
    assert found == (str(SCHEMA_VERSION),)


@pytest.mark.parametrize("what", ["in_flight", "waiting", "sent", "denied", "failed", "unknown"])
def test_it_is_worth_keeping(what, kept):
    people = kept["holds"]["people"].values()
    assert any(status == what for each in people for _, status, _ in each["messages"])
    assert any(each["planned"] for each in people)
    assert any(reason is None for each in people for _, reason in each["runs"])


def test_the_release_at_hand_has_one():
    import tomllib

    pyproject = tomllib.loads((GOLDEN.parent.parent / "pyproject.toml").read_text("utf-8"))
    assert pyproject["project"]["version"] in RELEASES


def test_making_one_twice_gives_the_same(tmp_path):
    made = []
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        subprocess.run([sys.executable, "-W", "error", GOLDEN / "make.py", folder], check=True)
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
