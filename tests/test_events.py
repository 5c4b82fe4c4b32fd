"""Reading events: what a line must be, what is said of a bad one, and that nothing is lost or made up on the way."""

import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.errors import InvalidInput
from touchpoint.lab.event_files import LINE_LIMIT
from touchpoint.lab.events import BAD_KEPT, read_events
from touchpoint.model.touchpoint import Touchpoint

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
GOOD = {"customer": "ann", "type": "order_placed", "at": "2026-03-02T10:00:00Z"}


def line(**changes):
    return json.dumps({**GOOD, **changes})


@pytest.fixture
def file(tmp_path):
    def write(content, name="shop.jsonl"):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.fixture
def bad(file):
    """What is said of a file of one bad line."""

    def reason(content, name="shop.jsonl"):
        events = read_events(file(content, name), on_error="skip")
        assert list(events) == []
        (only,) = events.bad
        return only.reason

    return reason


# --- what a line becomes ----------------------------------------------------------------------------------------------


def test_a_line_becomes_a_touchpoint(file):  # S1.2
    whole = line(
        channel="web", direction="outbound", location="Linz", properties={"order": "o-1", "n": 2}, id="e-1", about="m-1"
    )
    assert list(read_events(file(whole))) == [
        Touchpoint("ann", "order_placed", T0, "e-1", {"order": "o-1", "n": 2}, "web", "Linz", "outbound", "m-1")
    ]


def test_what_is_left_out_has_its_default(file):
    (event,) = read_events(file(line(channel=None, direction=None, properties=None)))
    assert (event.channel, event.direction, event.properties) == (None, "inbound", {})


def test_a_line_without_an_id_gets_one_of_file_name_and_number(file):  # S1.3
    events = read_events(file("\n".join([line(), "", line(id="own"), line()])))
    assert [event.id for event in events] == ["shop.jsonl:000000001", "own", "shop.jsonl:000000004"]


def test_any_offset_is_turned_into_utc(file):  # S2.1
    (event,) = read_events(file(line(at="2026-03-02T12:30:00+02:30")))
    assert event.at == T0
    assert event.at.tzinfo is UTC


def test_events_can_be_read_again_and_again(file):
    events = read_events(file(line() + "\n" + line()))
    assert list(events) == list(events)


def test_blank_lines_are_no_events(file):
    assert len(list(read_events(file(f"\n{line()}\n   \n\r\n{line()}\r\n\n")))) == 2


def test_a_byte_order_mark_is_no_part_of_the_first_line(file):
    assert len(list(read_events(file(b"\xef\xbb\xbf" + line().encode())))) == 1


def test_an_empty_file_has_no_events(file):
    assert list(read_events(file(""))) == []


@pytest.mark.parametrize("name", ["shop.jsonl.gz", "shop.ndjson", "shop.JSON"])
def test_the_end_of_the_name_says_how_to_read(file, name):
    assert len(list(read_events(file(line(), name)))) == 1


def test_nested_properties_are_kept(file):
    nested = {"items": [{"sku": "a", "n": 1}], "note": None, "emoji": "😀"}
    (event,) = read_events(file(line(properties=nested)))
    assert event.properties == nested


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        max_size=5,
    ),
    st.datetimes(timezones=st.just(UTC) | st.integers(-12, 14).map(lambda n: timezone(timedelta(hours=n)))),
)
def test_what_was_written_is_read(tmp_path_factory, properties, at):
    at = at.replace(year=max(2, min(at.year, 9998)))
    path = tmp_path_factory.mktemp("law") / "law.jsonl"
    path.write_text(line(at=at.isoformat(), properties=properties) + "\n", encoding="utf-8")
    (event,) = read_events(path)
    assert (event.at, event.properties) == (at, properties)


# --- several files ----------------------------------------------------------------------------------------------------


def test_several_files_are_merged_by_time(file):
    orders = file("\n".join(line(at=f"2026-03-0{day}T10:00:00Z") for day in (1, 3)), "orders.jsonl")
    calls = file("\n".join(line(type="call", at=f"2026-03-0{day}T10:00:00Z") for day in (2, 3)), "calls.jsonl")
    events = [(event.at.day, event.type) for event in read_events([orders, calls])]
    assert events == [(1, "order_placed"), (2, "call"), (3, "order_placed"), (3, "call")]


def test_files_of_one_name_need_ids_in_their_lines(file, tmp_path):  # S1.3
    (tmp_path / "a").mkdir()
    paths = [file(line(id="1") + "\n" + line()), file(line(id="2"), "a/shop.jsonl")]
    events = read_events(paths, on_error="skip")
    assert [event.id for event in events] == ["1", "2"]
    assert "another file has the same name" in events.bad[0].reason


# --- bad lines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        (line() + line(), "Extra data, at column"),
        ("[]", "one object a line"),
        ('"secret"', "no JSON object"),
        ("{}", "at is a text"),
        ('{"customer": "a", "type": "b"}', "at is a text"),
        (line(customer=None), "customer is missing"),
        (line(customer=17), "customer is a text of 1 to 500 characters, not a number"),
        (line(customer=""), "1 to 500"),
        (line(customer="x" * 501), "1 to 500"),
        (line(type="order placed!"), "type is a text such as order_placed"),
        (line(type=["x"]), "type is a text"),
        (line(at="2026-03-02T10:00:00"), "no time zone"),
        (line(at="2026-03-02"), "no time zone"),
        (line(at="yesterday"), "ISO 8601"),
        (line(at="0001-01-01T00:00:00+14:00"), "ISO 8601"),
        (line(at=1772445600), "not a number"),
        (line(id=7), "id is a text of 1 to 500 characters, not a number"),
        (line(id=""), "id is a text"),
        (line(channel=1), "channel is a text or null, not a number"),
        (line(location=["x"]), "location is a text or null, not a list"),
        (line(about={}), "about is a text or null, not an object"),
        (line(direction="sideways"), "inbound, outbound or internal"),
        (line(direction=True), "inbound, outbound or internal"),
        (line(properties=[1]), "properties is an object, not a list"),
        (line(properties="x"), "properties is an object, not a text"),
        (line(properties={"$instant": 1}), "does not start with '$'"),
        (line(properties={"": 1}), "1 to 200 characters"),
        (line(properties={"x" * 201: 1}), "1 to 200 characters"),
        (line(properties={"x": "y" * 70_000}), "most is 65,536"),
        (line(order="o-1"), "belongs into properties"),
        (line(properties={"x": 0}).replace(" 0", " 1e999"), "finite"),
        (line(properties={"x": 0}).replace(" 0", " NaN"), "NaN and Infinity"),
        (line(properties={"x": 0}).replace(" 0", " " + "9" * 5000), "too long"),
        (line(properties={"x": 0}).replace(" 0", "[" * 100_000), "not valid JSON"),
        (line()[:-1] + ', "type": "review"}', "stands twice"),
        (line(customer="\ud83d"), "surrogate"),
        (line(properties={"x": "\ud83d"}), "surrogate"),
        (b"\xff\xfe\x00", "UTF-8"),
        (line(location="x" * LINE_LIMIT), "longer than 1,000,000 bytes"),
        (line(location="x" * (2 * LINE_LIMIT + 5)) + "\n", "longer than 1,000,000 bytes"),
    ],
)
def test_a_bad_line_is_reported_with_its_reason(bad, content, words):
    assert words in bad(content)


def test_a_reason_never_repeats_what_the_line_holds(bad):  # S7.5
    for field in ("customer", "type", "at", "id", "direction", "properties"):
        assert "jess" not in bad(line(**{field: "jess@example.com!" * 50}))
    assert "jess" not in bad(line(**{"jess@example.com": 1}))
    assert "jess" not in bad(f"jess@example.com {line()}")


def test_a_bad_line_ends_the_reading_and_says_where(file):
    path = file(f"{line()}\n\n{{oops\n{line()}\n")
    events = iter(read_events(path))
    assert next(events).customer == "ann"
    with pytest.raises(InvalidInput, match=r"shop\.jsonl:3: not valid JSON"):
        next(events)


def test_bad_lines_can_be_skipped_and_are_counted(file):
    events = read_events(file("\n".join([line(id="1"), "{", line(id="2"), "[]", line(id="3")])), on_error="skip")
    assert [event.id for event in events] == ["1", "2", "3"]
    assert (events.bad_count, [each.line for each in events.bad]) == (2, [2, 4])
    list(events)
    assert events.bad_count == 2  # not 4: each reading counts anew


def test_every_bad_line_is_reported_though_only_the_first_are_kept(file):
    told = []
    events = read_events(file("{\n" * (BAD_KEPT + 50)), on_error="skip", report=told.append)
    assert list(events) == []
    assert (len(events.bad), events.bad_count, len(told)) == (BAD_KEPT, BAD_KEPT + 50, BAD_KEPT + 50)
    assert str(told[0]).endswith("shop.jsonl:1: " + told[0].reason)


def test_the_line_after_one_that_is_too_long_has_its_own_number(file):
    events = read_events(file(line(location="x" * (LINE_LIMIT * 2)) + "\n" + line()), on_error="skip")
    assert [event.id for event in events] == ["shop.jsonl:000000002"]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0.3, 0.99])
def test_gzip_data_cut_off_are_reported_after_what_could_be_read(file, cut):
    whole = gzip.compress("\n".join(line(properties={"n": n}) for n in range(20_000)).encode())
    path = file(b"", "shop.jsonl")
    zipped = path.with_suffix(".jsonl.gz")
    zipped.write_bytes(whole[: int(len(whole) * cut)])
    events = iter(read_events(zipped, on_error="skip"))
    assert next(events).customer == "ann"
    with pytest.raises(InvalidInput, match="damaged or cut off after line"):
        list(events)


def test_gzip_data_that_are_none_are_reported(tmp_path):
    path = tmp_path / "shop.jsonl.gz"
    path.write_text(line())
    with pytest.raises(InvalidInput, match="damaged or cut off after line 0"):
        list(read_events(path))


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ("nowhere.jsonl", "no such file"),
        ("shop.xml", "end in .jsonl"),
        ("shop.gz", "end in .jsonl"),
        ([], "no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(paths, words):
    with pytest.raises(InvalidInput, match=words):
        read_events(paths)


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "x.jsonl").mkdir()
    with pytest.raises(InvalidInput, match="is a folder"):
        read_events(tmp_path / "x.jsonl")


def test_a_file_that_is_gone_by_the_time_of_reading_is_reported(file):
    path = file(line())
    events = read_events(path)
    path.unlink()
    with pytest.raises(InvalidInput, match="no such file"):
        list(events)


def test_an_unknown_choice_for_bad_lines_is_refused(file):
    with pytest.raises(InvalidInput, match="'raise' or 'skip'"):
        read_events(file(line()), on_error="ignore")


@pytest.mark.parametrize("name", ["shop.jsonl", "shop.jsonl.gz"])
def test_the_fraction_read_rises_to_one(file, name):
    events = read_events(file("\n".join(line(properties={"n": n}) for n in range(5_000)), name))
    seen = [events.fraction] + [events.fraction for _ in events] + [events.fraction]
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


@pytest.mark.untraced
def test_memory_stays_flat(file):
    path = file("\n".join(line(location="x" * 500) for _ in range(20_000)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_events(path)) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000 < path.stat().st_size


# --- CSV --------------------------------------------------------------------------------------------------------------

HEADER = "customer,type,at"
ROW = "ann,order_placed,2026-03-02T10:00:00Z"


def test_the_columns_of_a_csv_file_are_fields_and_properties(file):
    text = f'{HEADER},channel,order,note\n{ROW},web,o-1,\n{ROW},,o-2,"one, two"\n'
    first, second = read_events(file(text, "shop.csv"))
    assert (first.id, first.channel, first.properties) == ("shop.csv:000000002", "web", {"order": "o-1"})
    assert (second.channel, second.properties) == (None, {"order": "o-2", "note": "one, two"})


def test_a_column_of_properties_holds_json(file):
    (event,) = read_events(file(f'{HEADER},properties,order\n{ROW},"{{""score"": 5}}",o-1\n', "shop.csv"))
    assert event.properties == {"score": 5, "order": "o-1"}


def test_a_cell_may_hold_several_lines(file):
    text = f'{HEADER},note\n{ROW},"one\ntwo"\n{ROW},three\n'
    events = list(read_events(file(text, "shop.csv.gz")))
    assert [event.id for event in events] == ["shop.csv.gz:000000002", "shop.csv.gz:000000004"]
    assert events[0].properties == {"note": "one\ntwo"}


def test_a_csv_file_may_begin_with_a_byte_order_mark_and_hold_blank_lines(file):
    text = b"\xef\xbb\xbf" + f"{HEADER}\r\n\r\n{ROW}\r\n\r\n".encode()
    assert len(list(read_events(file(text, "shop.csv")))) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"{ROW},a,b", "5 cells, where the first line names 4 columns"),
        ("ann,order_placed", "2 cells"),
        (",order_placed,2026-03-02T10:00:00Z,x", "customer is missing"),
        ("ann,order_placed,2026-03-02,x", "no time zone"),
        (f'{ROW},"x', "not valid CSV"),
        (f'{ROW},"x"y', "not valid CSV"),
        (f"{ROW},{'y' * 70_000}", "most is 65,536"),
        (f"{ROW},{'y' * LINE_LIMIT}", "longer than"),
        (b"ann,order_placed,2026-03-02T10:00:00Z,\xff", "UTF-8"),
    ],
)
def test_a_bad_row_is_reported_and_the_next_one_read(file, row, words):
    row = row if isinstance(row, bytes) else row.encode()
    events = read_events(file(f"{HEADER},note\n".encode() + row + b"\n", "shop.csv"), on_error="skip")
    assert list(events) == []
    assert (events.bad_count, events.bad[0].line) == (1, 2)
    assert words in events.bad[0].reason


def test_reading_goes_on_after_a_bad_row(file):
    rows = [f'{ROW},"x"y', f"{ROW},{'y' * LINE_LIMIT}", f"{ROW},last"]
    events = read_events(file("\n".join([f"{HEADER},note", *rows]), "shop.csv"), on_error="skip")
    assert [event.id for event in events] == ["shop.csv:000000004"]
    assert [each.line for each in events.bad] == [2, 3]


@pytest.mark.parametrize(
    ("cells", "words"),
    [("[1],", "no JSON object"), ("{,", "not valid JSON"), ('"{""note"": 1}",x', "in a column of its own")],
)
def test_a_bad_cell_of_properties_is_reported(bad, file, cells, words):
    events = read_events(file(f"{HEADER},properties,note\n{ROW},{cells}\n", "shop.csv"), on_error="skip")
    assert list(events) == []
    assert words in events.bad[0].reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks customer, type, at"),
        ("customer;type;at\n", "separated by commas"),
        ("customer,at\n", "lacks type"),
        (f"{HEADER},\n", "no name"),
        (f"{HEADER},note,note\n", "name each once"),
        (b"\xff\n", "UTF-8"),
    ],
)
def test_a_csv_file_without_a_proper_first_line_is_refused(file, text, words):
    with pytest.raises(InvalidInput, match=words):
        list(read_events(file(text, "shop.csv"), on_error="skip"))
