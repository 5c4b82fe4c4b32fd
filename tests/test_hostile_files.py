"""Hostile files of events, and hostile words on their way to a terminal."""

import gzip
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import HALF, MARKER, ODD
from making import journey, sending, started
from touchpoint import Content, Engine, InvalidInput, Journey
from touchpoint.journey.codec import dumps
from touchpoint.lab import read_events, replay
from touchpoint.model.payload import DIGITS

pytest.importorskip("click")

GOOD = {"customer": "ann", "type": "start", "at": "2026-03-01T10:00:00Z"}


def line(**fields):
    return (json.dumps(GOOD | fields) + "\n").encode()


def raw(rest):
    return (json.dumps(GOOD)[:-1] + ", " + rest + "}\n").encode()


def events(folder, data, name="events.jsonl"):
    """(what was read, reasons of bad lines); whatever is read has to be fit for a replay."""
    path = folder / name
    path.write_bytes(data)
    found = read_events(path, on_error="skip")
    given = list(found)
    assert not any(MARKER in bad.reason for bad in found.bad)
    replay([journey(started("start"))], read_events(path, on_error="skip"))
    return given, [bad.reason for bad in found.bad]


BAD_LINES = {
    "deep lists": raw('"properties": {"x": ' + "[" * 400_000 + "]" * 400_000 + "}"),
    "deep objects": raw('"properties": {"x": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}"),
    "lists that do not close": raw('"properties": {"x": ' + "[" * 900_000),
    "17 levels": raw('"properties": {"x": ' + "[" * 17 + "]" * 17 + "}"),
    "a number of 601 digits": raw('"properties": {"x": ' + "9" * (DIGITS + 1) + "}"),
    "a number of 5,000 digits": raw('"properties": {"x": ' + "9" * 5_000 + "}"),
    "a number too large": raw('"properties": {"x": 1e999}'),
    "not a number": raw('"properties": {"x": NaN}'),
    "infinity as a field": raw('"location": -Infinity'),
    "half a pair as a value": raw('"properties": {"x": "\\ud800"}'),
    "half a pair as a name": raw('"properties": {"\\udfff": 1}'),
    "half a pair as an id": raw('"id": "\\udfff"'),
    "half a pair in bytes": b'{"customer": "\xed\xa0\x80", "type": "start", "at": "2026-03-01T10:00:00Z"}\n',
    "a field twice": raw('"customer": "bob"'),
    "a property twice": raw('"properties": {"x": {"a": 1, "a": 2}}'),
    "ten megabytes in a value": raw('"properties": {"x": "' + "y" * 10_000_000 + '"}'),
    "ten megabytes of nothing": b"\0" * 10_000_000 + b"\n",
    "a long location": line(location=MARKER * 100),
    "a long channel": line(channel=MARKER * 100),
    "a long about": line(about=MARKER * 100),
    "an instant outside": line(at="9999-12-31T23:59:59-14:00"),
    "an instant before all": line(at="0001-01-01T00:00:00+14:00"),
    "an instant of 100,000 digits": line(at="9" * 100_000),
    "a direction that is a list": line(direction=[]),
    "a direction that is an object": line(direction={MARKER: 1}),
    "a type of a class": line(type="os.system()"),
    "a tag of the store": raw('"properties": {"x": {"\\u0024decimal": "1"}}'),
    "a raw NUL": raw('"properties": {"x": "\0"}'),
    "UTF-16": json.dumps(GOOD).encode("utf-16") + b"\n",
    "a mark in the middle": b"\xef\xbb\xbf" + line(),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_hostile_line_is_bad_and_the_next_one_is_read(kind, tmp_path):
    given, reasons = events(tmp_path, line() + BAD_LINES[kind] + line(customer="bob"))
    assert [each.customer for each in given] == ["ann", "bob"]
    assert len(reasons) == 1
    assert len(reasons[0]) < 300


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_in_a_line_are_read_as_they_are(text, tmp_path):
    fields = {"customer": text, "id": text, "location": text, "channel": text, "properties": {"x": text, "y": [text]}}
    ((event,), _) = events(tmp_path, line(**fields))
    assert [event.customer, event.id, event.location, event.channel, event.properties] == list(fields.values())


@pytest.mark.parametrize("text", [each for each in ODD if each.strip() and "\0" not in each])
def test_odd_texts_in_a_cell_are_read_as_they_are(text, tmp_path):
    quoted = text.replace('"', '""')
    ((event,), _) = events(
        tmp_path, f'customer,type,at,note\nann,start,2026-03-01T10:00:00Z,"{quoted}"\n'.encode(), "events.csv"
    )
    assert event.properties == {"note": text}


@pytest.mark.parametrize(
    "row",
    [
        b'ann,start,2026-03-01T10:00:00Z,"open\n', b"ann,start,2026-03-01T10:00:00Z," + b"y" * 200_000 + b"\n",
        b"ann,start,2026-03-01T10:00:00Z," + b'"' * 300_001 + b"\n", b"ann,start,2026-03-01T10:00:00Z,\xed\xa0\x80\n",
        b'ann,start,2026-03-01T10:00:00Z,"a"b\n', b"," * 500_000 + b"\n",
    ],
)  # fmt: skip
def test_a_hostile_row_is_bad(row, tmp_path):
    given, reasons = events(tmp_path, b"customer,type,at,note\n" + row, "events.csv")
    assert given == []
    assert len(reasons) == 1


@pytest.mark.parametrize("name", ["$date", "n" * 300])
def test_a_column_that_can_be_no_property_makes_its_rows_bad(name, tmp_path):
    given, reasons = events(tmp_path, f"customer,type,at,{name}\nann,start,2026-03-01T10:00:00Z,1\n".encode(), "e.csv")
    assert (given, len(reasons)) == ([], 1)


@pytest.mark.untraced
@pytest.mark.parametrize("inside", [b"x" * 100_000_000, b"\n" * 200_000], ids=["one line", "many lines"])
def test_a_gzip_bomb_fills_no_memory(inside, tmp_path):
    import tracemalloc

    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(inside, 1))
    found = read_events(path, on_error="skip")
    tracemalloc.start()
    assert list(found) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000
    assert found.bad_count <= 1


def test_an_error_names_the_place_and_not_the_content(tmp_path):  # S7.5
    path = tmp_path / "events.jsonl"
    path.write_bytes(line(customer=MARKER * 100))
    with pytest.raises(InvalidInput, match=r"events\.jsonl:1") as caught:
        list(read_events(path))
    assert MARKER not in str(caught.value)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([line(),
    *[each for each in BAD_LINES.values() if len(each) < 10_000]]), max_size=5))  # fmt: skip
def test_any_bytes_are_events_or_bad_lines(tmp_path_factory, pieces):
    for name in ("a.jsonl", "a.csv"):
        path = tmp_path_factory.getbasetemp() / name
        path.write_bytes((b"customer,type,at\n" if name == "a.csv" else b"") + b"".join(pieces))
        found = read_events(path, on_error="skip")
        assert len(list(found)) + found.bad_count <= b"".join(pieces).count(b"\n") + b"".join(pieces).count(b"\r") + 1


# --- the command line -------------------------------------------------------------------------------------------------

STEERING = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\r\b"


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    from touchpoint.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["touchpoint", *map(str, arguments)])
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return run


def assert_harmless(shown):
    assert not set(shown) & set(STEERING.replace("[2J", "").replace("]0;owned", "").replace("31m", ""))
    assert "Traceback" not in shown


def test_nothing_that_is_shown_steers_a_terminal(command, tmp_path):
    odd = Journey(
        f"shop{STEERING}",
        rules=[sending(f"hello{STEERING}", rule=f"r{STEERING}", why="x", content=Content("{trigger.x}"))],
    )
    (tmp_path / "shop.json").write_text(dumps(odd), encoding="utf-8")
    (tmp_path / "events.jsonl").write_bytes(line(location=STEERING, channel=STEERING, properties={"x": STEERING}))
    for arguments in (
        ["check", "shop.json"],
        ["run", "shop.json", "--events", "events.jsonl", "--store", "sqlite:///shop.db"],
        ["timeline", "ann", "--store", "sqlite:///shop.db"],
        ["why", "ann", f"hello{STEERING}", "--store", "sqlite:///shop.db"],
        ["why", "ann", f"r{STEERING}", "--store", "sqlite:///shop.db"],
        ["why", "ann", f"nothing{STEERING}", "--store", "sqlite:///shop.db"],
    ):
        _, shown = command(*arguments)
        assert shown
        assert_harmless(shown)


def test_an_error_about_a_journey_steers_no_terminal(command, tmp_path):
    data = json.loads(dumps(journey(sending())))
    data["rules"][0]["then"][0]["type"] = f"nothing{STEERING}"
    data[f"odd{STEERING}"] = 1
    (tmp_path / "shop.json").write_text(json.dumps(data), encoding="utf-8")
    for arguments in (["check", "shop.json"], ["run", "shop.json"]):
        status, shown = command(*arguments)
        assert status
        assert_harmless(shown)


def test_a_formula_stays_the_text_of_a_property(command, tmp_path):
    # Nothing of ours writes CSV, so a cell that a spreadsheet would run only ever comes out behind its name.
    (tmp_path / "shop.json").write_text(dumps(journey(started("start"))), encoding="utf-8")
    (tmp_path / "events.csv").write_text("customer,type,at,x\nann,start,2026-03-01T10:00:00Z,=cmd|'/C calc'!A0\n")
    command("run", "shop.json", "--events", "events.csv", "--store", "sqlite:///shop.db")
    _, shown = command("timeline", "ann", "--store", "sqlite:///shop.db")
    assert "x==cmd|'/C calc'!A0" in shown
    assert not any(each.startswith("=") for each in shown.splitlines())


def test_half_a_pair_never_gets_as_far_as_the_terminal():
    with Engine("sqlite://") as engine, pytest.raises(InvalidInput) as caught:
        engine.record("ann", "start", {"x": HALF})
    assert caught.value.args[0].isascii()
