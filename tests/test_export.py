"""Export (S1.7): everything held about a person, and nothing about anybody else, as JSON."""

import json
import sqlite3
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from making import START
from marking import MARKS, fill, making, marks_of
from touchpoint import UnknownCustomer, days

NUMBERS = {"no", "customer", "head", "prev", "fence", "run", "due", "started_at", "ended_at", "recorded_at"}
"""Columns that only number, and instants, which are told in words."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.db"


@pytest.fixture
def make(path):
    with making(path) as make:
        yield make


def leaves(value):
    """Every text in JSON, however deep, names included."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, str):
        yield value


def texts_of(value):
    """The texts that a column holds: of JSON those in it."""
    try:
        held = json.loads(value)
    except ValueError:
        return {value}
    return {each for text in leaves(held) for each in unpacked(text)} - {"$instant", "$decimal", "$date", "$elapsed"}


def unpacked(text):
    """The instants of a log, which is packed where it is stored; anything else as it is."""
    try:
        held = b64decode(text, validate=True)
    except ValueError:
        return [text]
    ats = [int.from_bytes(held[at : at + 8], "little") for at in range(0, len(held), 8)]
    is_log = ats and all(abs(at / 1e6 - START.timestamp()) < 1e9 for at in ats)
    return map(str, ats) if is_log else [text]


def rows_about(path, number):
    """(table, column, value) of everything that mentions a customer, read without the library."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    try:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [each[1] for each in db.execute(f"PRAGMA table_info({table})")]
            owner = "no" if table == "touchpoint_customers" else "customer"
            if owner in columns:
                for row in db.execute(f"SELECT * FROM {table} WHERE {owner} = ?", (number,)):  # noqa: S608
                    yield from ((table, name, row[name]) for name in columns if name not in NUMBERS)
    finally:
        db.close()


def test_every_text_in_every_table_that_mentions_a_customer_is_exported(make, path):  # S1.7
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    told = set(leaves(engine.export(MARKS["id"])))
    flat = json.dumps(engine.export(MARKS["id"]), ensure_ascii=False)
    engine.checkpoint()
    asked = 0
    for table, column, value in rows_about(path, 1):
        for text in texts_of(value) if isinstance(value, str) else ():
            asked += 1
            kind = text.removeprefix("former ") if column == "kind" else text
            assert kind in told or kind in flat, f"{table}.{column} holds {text!r}, and the export does not"
    assert asked > 300


def test_every_mark_is_exported(make):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    told = json.dumps(engine.export(MARKS["id"]))
    assert [mark for mark in MARKS.values() if mark not in told] == []


def test_nothing_of_anybody_else_is_exported(make):
    engine = make()
    fill(engine, "other", marks_of(1))
    fill(engine, MARKS["id"], MARKS)
    told = json.dumps(engine.export(MARKS["id"]))
    assert [mark for mark in marks_of(1).values() if mark in told] == []


def test_it_is_plain_json(make):
    engine = make()
    value = {"price": Decimal("1.20"), "day": date(2026, 3, 2), "at": datetime(2026, 3, 2, tzinfo=UTC), "for": days(1)}
    engine.record("ann", "x", {**value, "deep": [value]}, id="1")
    told = engine.export("ann")
    assert json.loads(json.dumps(told)) == told
    flat = {"price": "1.20", "day": "2026-03-02", "at": "2026-03-02T00:00:00+00:00", "for": 86400.0}
    [touchpoint] = told["touchpoints"]
    assert touchpoint["properties"] == {**flat, "deep": [flat]}
    assert touchpoint["at"] == "2026-03-02T10:00:00+00:00"


def test_an_address_tells_how_it_stands_and_which_one_was_given_up(make):
    engine = make()
    fill(engine, "ann", MARKS)
    former, current = (
        next(each for each in engine.export("ann")["addresses"] if each["address"].startswith(MARKS[name]))
        for name in ("former", "mail")
    )
    assert (former["former"], current["former"]) == (True, False)
    assert current["standing"] == "active"


def test_messages_tell_what_was_in_their_way_in_words(make):
    engine = make()
    engine.record("ann", "order_placed", {"order": "1", "note": "n"})
    engine.identify("ann", traits={"name": "A"})
    engine.run_pending()
    [welcome] = [each for each in engine.export("ann")["messages"] if each["name"] == "welcome"]
    assert (welcome["status"], welcome["in_its_way"][0]) == ("denied", "email: no address for email")


def test_nobody_is_exported_as_nothing(make):
    with pytest.raises(UnknownCustomer):
        make().export("ann")


def test_an_export_changes_nothing(make, path):
    engine = make()
    fill(engine, "ann", MARKS)
    before = engine.export("ann")
    engine.clock.advance(timedelta(0))
    assert engine.export("ann") == before
