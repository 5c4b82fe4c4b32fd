"""What is kept of the past: in memory flat and never empty, in a store the JSON that it always was (S4.7, S11.6)."""

import json
from array import array
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core import kept
from touchpoint.core.compile import compile_expression
from touchpoint.core.context import Context
from touchpoint.core.held import NONE, dropped, put
from touchpoint.core.kept import Letters, Past, kept_from_record, kept_to_record, letters_for
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.remembered import signal_of
from touchpoint.core.signals import backfill, collect, lapses_at, update
from touchpoint.durations import days, hours, length
from touchpoint.errors import UnknownName
from touchpoint.journey.conditions import count, event, ever, last, total, trigger
from touchpoint.stores.codec import dumps, loads

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
    data = Past()
    for at in ats:
        update(table, data, go(at, n=at), at)
    return data


@pytest.mark.parametrize(("shape", "expression"), FORMS.items())
def test_every_shape_is_named_and_comes_back_from_a_store(shape, expression):  # S11.6
    table = collect([expression])
    (signal,) = table.signals.values()
    data = lived(table, 1, 2, 2)
    assert signal.shape == shape
    assert kept_from_record(loads(dumps(kept_to_record(data)))) == kept_from_record(kept_to_record(data))
    again = kept_from_record(loads(dumps(kept_to_record(data))))
    asking = compile_expression(expression, table)
    answers = [asking(Context(now=3, signals=each, trigger=go(2, n=2))) for each in (data, again)]
    assert answers[0] == answers[1]
    update(table, again, go(4, n=2), 4)
    assert asking(Context(now=4, signals=again, trigger=go(2, n=2))) != answers[0] or shape == "latest"


def test_a_log_is_stored_as_it_is():
    table = collect([FORMS["instants"], ever("stop", within=days(9))])
    data = lived(table, 1, 2)
    update(table, data, Occurrence(TOUCHPOINT, "stop", 2, "s", {}), 2)
    go_key, stop_key = (signal.key for signal in table.signals.values())
    letters = table.letters.of
    who, named, ats = kept_to_record(data)[""]
    assert who == letters[go_key] * 2 + letters[stop_key]
    assert named == " ".join(sorted(letters, key=letters.get))
    assert b64decode(ats) == b"".join(at.to_bytes(8, "little") for at in (1, 2, 2))
    assert kept_from_record(kept_to_record(data)) == data


def test_a_log_in_its_first_form_is_read_as_before():  # S11.6
    table = collect([FORMS["instants"], ever("stop", within=days(9))])
    go_key, stop_key = (signal.key for signal in table.signals.values())
    past = kept_from_record({"": ["xyx", "xy", [go_key, stop_key], [1, 2, 2]]})
    assert past.told() == {go_key: [1, 2], stop_key: [2]}
    assert kept_from_record(kept_to_record(past)) == past
    past.adopt(table.letters)
    assert past.told() == {go_key: [1, 2], stop_key: [2]}


def test_a_log_of_the_table_at_work_shares_its_letters_and_another_does_not():
    table, other = collect([FORMS["instants"]]), collect([ever("stop", within=days(9))])
    record = kept_to_record(lived(table, 1, 2))
    assert kept_from_record(record, table.letters).letters is table.letters
    again = kept_from_record(record, other.letters)
    assert again.letters is not other.letters
    assert again == kept_from_record(record)


@given(st.sampled_from([3, 80, 81, 400]), st.data())
def test_letters_name_the_signals_that_are_used_in_their_order_however_many_there_are(number, data):
    letters = letters_for(f"k{n:03}" for n in range(number))
    every = sorted(letters.keys)
    for who in data.draw(st.lists(st.text([*every, "\u07ff"], max_size=6), min_size=1, max_size=4)):
        assert letters.named(who) == " ".join(letters.keys[each] for each in every if each in who)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
def test_instants_of_a_log_come_back_from_a_store(ats):
    past = Past()
    past.adopt(Letters({"a": "0"}))
    past.ats, past.who = array("q", ats), "0" * len(ats)
    assert kept_from_record(loads(dumps(kept_to_record(past)))).ats == past.ats


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=2, max_size=20),
    st.integers(0, 40),
    st.booleans(),
)
def test_what_has_left_the_windows_is_dropped_from_short_and_long_logs(entries, now, long):  # S4.7
    past, withins = Past(), {"0": 3, "1": 10, "2": 25}
    past.adopt(Letters({"a": "0", "b": "1", "c": "2"}))
    for at, name in entries:
        past.add(past.letters.of[name], at)
    seen = [(at, who) for at, who in zip(past.ats, past.who, strict=True) if now - at < withins[who]]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kept, "_MANY", len(entries) - long)
        patched.setattr(kept, "SOME", len(entries) + 1)
        past.thin(withins, 25, now)
    assert list(zip(past.ats, past.who, strict=True)) == seen


def test_windows_of_a_store_from_before_the_log_answer_at_once_and_are_taken_into_it():  # S11.6
    table = collect([FORMS["instants"], FORMS["number"], FORMS["latest"], ever("stop", within=days(2))])
    counted, number, latest, stopped = table.signals
    past = kept_from_record({counted: [1, 5], number: 2, latest: [5, 7], stopped: [3]})
    assert (past.count(counted, 5, 9), past.count(counted, 4, 9), past.first_after(counted, 1)) == (2, 1, 5)
    assert (past.last(counted), past.last(counted, 1), past.last(counted, 2)) == (5, 1, None)
    update(table, past, go(6, n=8), 6)
    assert past.told() == {counted: [1, 5, 6], number: 3, latest: [6, 8], stopped: [3]}
    assert list(past.ats) == [1, 3, 5, 6]


def test_a_log_of_another_table_is_adopted_by_the_keys_of_its_signals():
    long, other = count("go", within=days(3)), count("go", within=days(9), where=event.n > 1)
    before, after = collect([long]), collect([other, long, ever("stop", within=days(1))])
    story = [go(1, n=1), go(2, n=2)]
    past = Past()
    backfill(before, past, story, 2)
    (key,) = before.signals
    update(after, past, go(3, n=3), 3)
    assert past.letters is after.letters
    assert past.told() == {key: [1, 2, 3], signal_of(other).key: [3]}
    again = kept_from_record(kept_to_record(past))
    assert again == past
    assert (again.count(key, 3, 9), again.count(key, 2, 9), again.count("nobody", 3, 9)) == (3, 2, 0)


@pytest.mark.parametrize("latest", [[5, "a"], [5, None], [5, True], [5, 1.5], [5, 1 << 70], [5, 7], [5, ["at", 9]]])
def test_a_latest_value_of_any_kind_is_what_it_was(latest):
    found = kept_to_record(kept_from_record({"key": latest}))["key"]
    assert found == latest
    assert [type(each) for each in found] == [type(each) for each in latest]


def test_a_past_with_a_log_alone_is_not_nothing():
    assert not Past()
    assert lived(collect([FORMS["instants"]]), 1)
    assert Past({"key": 1})


def test_what_has_no_past_is_not_kept_though_it_once_was():  # S11.6
    assert kept_from_record({"a": None, "b": [], "c": {}, "d": [[], []], "e": 3}) == Past({"e": 3})


@given(st.lists(st.tuples(st.integers(0, 4 * DAY), st.booleans()), max_size=30))
def test_a_log_is_in_order_and_knows_no_instant_that_all_windows_have_passed(acts):
    asked = {True: count("go", within=days(2)), False: count("stop", within=hours(30))}
    table, data, clock = collect(asked.values()), Past(), 0
    for at, goes in acts:
        clock = max(clock, at)
        update(table, data, Occurrence(TOUCHPOINT, "go" if goes else "stop", at, "x", {}), clock)
        assert list(data.ats) == sorted(data.ats)
        assert len(data.ats) == len(data.who)
    for goes, question in asked.items():
        signal = signal_of(question)
        inside = [at for at, each in acts if each is goes and clock - signal.within < at]
        assert data.count(signal.key, clock, signal.within) == len(inside)
        assert [at for at in data.instants(signal.key) if at > clock - signal.within] == sorted(inside)
        assert data.last(signal.key) in {None, *(at for at, each in acts if each is goes)}


def test_a_short_window_beside_a_long_one_leaves_a_bounded_log():
    table = collect([count("go", within=hours(1)), ever("stop", within=days(365))])
    past = Past()
    for minute in range(5_000):
        at = minute * 60_000_000
        update(table, past, go(at), at)
        assert len(past.ats) <= 76


def test_a_long_log_is_looked_through_only_now_and_then():
    table = collect([count("go", within=days(1)), ever("stop", within=days(365))])
    past, looked = Past(), []
    through = Past._look_through
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Past, "_look_through", lambda self, *rest: (looked.append(len(self.ats)), through(self, *rest)))
        for second in range(2_048):
            update(table, past, go(second * 1_000_000), second * 1_000_000)
    assert len(past.ats) == 2_048
    assert looked == [512, 768, 1_024, 1_280, 1_536, 1_792, 2_048]


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
    data = Past()
    backfill(short, data, story, 2 * DAY)
    assert list(data.told().values()) == [[2 * DAY]]
    backfill(long, data, story, 2 * DAY)
    assert list(data.told().values()) == [[0, 2 * DAY]]
    backfill(short, data, story, 2 * DAY)
    assert list(data.told().values()) == [[2 * DAY]]


def test_a_touchpoint_that_no_window_sees_any_more_changes_nothing():  # S1.5
    table = collect([FORMS["instants"], FORMS["rows"]])
    data = lived(table, 9 * DAY)
    before = kept_to_record(data)
    update(table, data, go(1, n=1), 9 * DAY)
    assert kept_to_record(data) == before


def test_what_everybody_has_stays_empty():
    assert dropped(put(NONE, "a", 1), "a") is NONE
    assert dropped(NONE, "a") is NONE
    with pytest.raises(TypeError, match="put and dropped"):
        NONE["a"] = 1
    with pytest.raises(TypeError, match="put and dropped"):
        NONE.setdefault("a", 1)
    assert NONE == {}
    assert json.dumps(NONE) == "{}"
