"""What is kept of the past: in memory flat and never empty, in a store the JSON that it always was (S4.7, S11.6)."""

import json
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core.compile import compile_expression
from touchpoint.core.context import Context
from touchpoint.core.kept import kept_from_record, kept_to_record
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.remembered import signal_of
from touchpoint.core.signals import backfill, collect, lapses_at, update
from touchpoint.durations import days, hours, length
from touchpoint.errors import UnknownName
from touchpoint.journey.conditions import count, event, ever, last, total, trigger

DAY = length(days(1))
FORMS = {
    "number": count("go"),
    "latest": last("go").n,
    "instants": count("go", within=days(2)),
    "rows": total("go", "n", within=days(2)),
    "by_values": count("go", where=event.n == trigger.n),
}


def go(at, **properties):
    return Occurrence(TOUCHPOINT, "go", at, f"go-{at}", properties)


def lived(table, *ats):
    data = {}
    for at in ats:
        update(table, data, go(at, n=at), at)
    return data


@pytest.mark.parametrize(("shape", "expression"), FORMS.items())
def test_every_shape_is_named_and_comes_back_from_a_store(shape, expression):  # S11.6
    table = collect([expression])
    (signal,) = table.signals.values()
    data = lived(table, 1, 2, 2)
    assert signal.shape == shape
    assert kept_from_record(json.loads(json.dumps(kept_to_record(data)))) == kept_from_record(kept_to_record(data))
    again = kept_from_record(json.loads(json.dumps(kept_to_record(data))))
    asking = compile_expression(expression, table)
    answers = [asking(Context(now=3, signals=each, trigger=go(2, n=2))) for each in (data, again)]
    assert answers[0] == answers[1]
    update(table, again, go(4, n=2), 4)
    assert asking(Context(now=4, signals=again, trigger=go(2, n=2))) != answers[0] or shape == "latest"


def test_instants_are_kept_flat_and_stored_as_a_list():
    data = lived(collect([FORMS["instants"]]), 1, 2)
    (ats,) = data.values()
    assert ats == array("q", [1, 2])
    assert list(kept_to_record(data).values()) == [[1, 2]]


@pytest.mark.parametrize("latest", [[5, "a"], [5, None], [5, True], [5, 1.5], [5, 1 << 70], [5, 7], [5, ["at", 9]]])
def test_a_latest_value_of_any_kind_is_what_it_was(latest):
    found = kept_to_record(kept_from_record({"key": latest}))["key"]
    assert found == latest
    assert [type(each) for each in found] == [type(each) for each in latest]


def test_what_has_no_past_is_not_kept_though_it_once_was():  # S11.6
    assert kept_from_record({"a": None, "b": [], "c": {}, "d": [[], []], "e": 3}) == {"e": 3}


@given(st.lists(st.integers(0, 3 * DAY), min_size=1, max_size=20))
def test_nothing_is_kept_empty_or_out_of_order_however_touchpoints_arrive(ats):
    table = collect([FORMS["instants"], FORMS["rows"]])
    data, clock = {}, 0
    for at in ats:
        clock = max(clock, at)
        update(table, data, go(at, n=at), clock)
    for key, kept in data.items():
        found = table.signals[key].instants(kept)
        assert len(found) > 0
        assert list(found) == sorted(found)
        assert found[0] > clock - 2 * DAY


def test_windows_over_the_same_touchpoints_share_what_the_longest_keeps():  # S4.7
    short, long = count("go", within=hours(24)), ever("go", within=days(3))
    other = count("go", within=days(9), where=event.n > 1)
    table = collect([short, long, other])
    assert [signal.within for signal in table.signals.values()] == [3 * DAY, 9 * DAY]
    data = lived(table, 0, 2 * DAY, 3 * DAY - 1)
    here = Context(now=3 * DAY - 1, signals=data)
    assert compile_expression(short, table)(here) == 2
    assert compile_expression(long, table)(here) is True
    assert lapses_at(short, table, data, here.now) == 3 * DAY
    assert lapses_at(long, table, data, here.now) == 3 * DAY
    assert lapses_at(None, table, data, 3 * DAY) == 4 * DAY - 1


def test_a_table_knows_no_keeper_of_what_it_was_not_collected_from():
    with pytest.raises(UnknownName, match="count of 'stop'"):
        collect([count("go")]).keeper(signal_of(count("stop")))


def test_a_longer_window_that_comes_later_is_filled_from_the_timeline_and_a_shorter_one_too():  # S4.7
    short, long = collect([count("go", within=days(1))]), collect([count("go", within=days(3))])
    story = [go(0), go(2 * DAY)]
    data = {}
    backfill(short, data, story, 2 * DAY)
    assert list(kept_to_record(data).values()) == [[2 * DAY]]
    backfill(long, data, story, 2 * DAY)
    assert list(kept_to_record(data).values()) == [[0, 2 * DAY]]
    backfill(short, data, story, 2 * DAY)
    assert list(kept_to_record(data).values()) == [[2 * DAY]]


def test_a_touchpoint_that_no_window_sees_any_more_changes_nothing():  # S1.5
    table = collect([FORMS["instants"], FORMS["rows"]])
    data = lived(table, 9 * DAY)
    before = kept_to_record(data)
    update(table, data, go(1, n=1), 9 * DAY)
    assert kept_to_record(data) == before
