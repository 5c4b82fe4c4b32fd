"""The JSON that stores keep: exact for everything a payload may hold, and readable for ever."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from test_payload import NAMES, VALUES
from touchpoint.core.cases import Deadline, LiveCase
from touchpoint.core.collected import Burst, Collected, Deferred
from touchpoint.core.held import few
from touchpoint.core.kept import Past, letters_for
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.records import (
    profile_from_record,
    profile_to_record,
    state_from_record,
    state_to_record,
    state_to_text,
)
from touchpoint.core.state import COMMON, Address, Pending, Profile, Rare, Run, State, Watch
from touchpoint.errors import StoreCorrupt
from touchpoint.model.payload import checked
from touchpoint.model.preference import Preferences
from touchpoint.policy.facts import ConsentFact, HandOver
from touchpoint.stores.codec import dumps, loads

GOLDEN = [
    (None, "null"),
    (True, "true"),
    (1 << 70, "1180591620717411303424"),
    (0.1, "0.1"),
    ("ä\n", '"ä\\n"'),
    (Decimal("1.10"), '{"$decimal":"1.10"}'),
    (date(2026, 3, 2), '{"$date":"2026-03-02"}'),
    (datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC), '{"$instant":1772442000000001}'),
    (timedelta(days=1, microseconds=1), '{"$elapsed":86400000001}'),
    ([1, [2], {"a": [Decimal(0)]}], '[1,[2],{"a":[{"$decimal":"0"}]}]'),
    ({"b": 1, "a": 2}, '{"b":1,"a":2}'),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN)
def test_the_form_on_disk_never_changes(value, text):  # S11.6
    assert dumps(value) == text
    assert loads(text) == value


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_whatever_a_payload_may_hold_comes_back_exactly(values):  # S1.2
    payload = checked(values, "properties")
    again = loads(dumps(payload))
    assert again == payload
    assert _types(again) == _types(payload)


def _types(value):
    if isinstance(value, dict):
        return {name: _types(each) for name, each in value.items()}
    return [_types(each) for each in value] if isinstance(value, list) else type(value)


@given(VALUES)
def test_equal_values_give_equal_text(value):  # S11.5
    assert dumps(value) == dumps(loads(dumps(value)))


def test_an_instant_of_another_zone_is_kept_as_the_same_instant():  # S2.1
    given = datetime(2026, 3, 2, 10, tzinfo=timezone(timedelta(hours=1)))
    assert loads(dumps(given)) == given
    assert loads(dumps(given)).tzinfo is UTC


def test_a_text_that_looks_like_a_tag_stays_a_text():  # S1.2
    value = {"note": '{"$date":"2026-01-01"}', "more": {"a": "$decimal"}}
    assert loads(dumps(value)) == value


@pytest.mark.parametrize(
    "text", ["", "{", '{"$date":"nonsense"}', '{"$decimal":"x"}', "[1,]", '{"a":marker}', '{"$instant":"x"}']
)
def test_what_cannot_be_read_is_reported_and_never_read_as_truth(text):  # S11.7
    with pytest.raises(StoreCorrupt, match="cannot be read") as caught:
        loads(text)
    assert "marker" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_not_written(value):  # S11.7
    with pytest.raises(ValueError, match="Out of range float values"):
        dumps({"x": value})


def test_an_object_is_not_written():
    with pytest.raises(TypeError, match="object cannot be stored"):
        dumps({"x": object()})


# --- what is remembered of a customer ---------------------------------------------------------------------------------


def occurrence(n=1):
    return Occurrence(
        "touchpoint",
        "order",
        n,
        f"t{n}",
        {"price": Decimal("1.10"), "at": datetime(2026, 1, 1, tzinfo=UTC)},
        "web",
        "Graz",
    )


def past():
    kept = Past({"s": 1})
    kept.letters = letters_for(["w", "v"])
    kept.add("1", 5)
    return kept


def full_state():
    run = Run(
        "r1",
        "one",
        "rule",
        "o1",
        5,
        1,
        occurrence(),
        occurrence(2),
        7,
        "wait",
        "time",
        9,
        8,
        ("2026-03-02T09:00", "UTC"),
        "m1",
    )
    run.cases = [["complaint", "x"]]
    run.visits, run.outcomes, run.kept = {"wait": 2}, {"hello": "sent"}, ((0, occurrence(3)),)
    pending = Pending(
        "m1", "one", "rule", 1, "send:hello", "hello", "service", 3, 10, 11, 12, arguments={"n": Decimal(1)}
    )
    pending.cases = [["complaint", "x"]]
    pending.reasons = ([10, "email", [["deny", "consent", "no grant"]]],)
    return State(
        "ann",
        now=10,
        orders=2,
        fences=3,
        version="v1",
        stages={"one": ("new", 1, 1)},
        cases={
            "complaint": {"x": LiveCase(1, 2)},
            "kept": {"z": LiveCase(1, 5, severity="urgent", owner="chris", opening=2, also=("z2",))},
            "late": {"y": LiveCase(1, 3, 4, {"response": Deadline(5), "resolution": Deadline(6, 7)}, {"m9": 8})},
        },
        signals=past(),
        starts={"one/rule": [[1, "o1", 0]]},
        silences={"|5": 20},
        heard={"|5": 15},
        runs=(run,),
        pending=(pending,),
        history=(HandOver(1, "k", "one", "hello", "service", "email", True, "accepted", "o1"),),
        releases={"one": 2},
        rare=Rare(
            closed={"complaint": 3},
            dwells={"one/new|5": 30},
            calendar={"birthday": [40, "2026-01-01", "stamp"]},
            watches=(Watch(1, "one", "rule", "o1", 50, occurrence()),),
            awaited={"m0": [60, "no_receipt", "hello", "email"]},
            parked=([1, "run", "one/rule", "r1", "why"],),
            exposures={"look": ["x", 1, False]},
            segments={"one/loyal": 1},
            lapses={"one/loyal": 70},
            bursts=(Burst("one", "rule", "o1", 90, Collected(2, [occurrence()])),),
            deferred=(Deferred("one", "rule", "o1", 95, occurrence()),),
            noticed={"date due|renewal||": ["2026-01-01"]},
            occasions={"a": [1, 2]},
            reopenable={"complaint": {"w": [3, 1, "normal", None]}},
        ),
    )


def test_every_part_of_a_state_is_tried():
    parts = {*State.__slots__, *Rare.__slots__}
    untouched = {each for each in parts if getattr(full_state(), each, None) == getattr(State("ann"), each, None)}
    assert untouched - {"id", "profile", "zone_data", "__weakref__"} == set()


def test_all_that_few_have_is_set_and_read_by_the_state_itself():
    full, state = full_state(), State("ann")
    for name in Rare.__slots__:
        setattr(state, name, getattr(full, name))
    assert state.rare == full.rare
    assert State("ben").rare is COMMON


def test_whoever_has_nothing_rare_any_more_is_as_somebody_who_never_had():
    state = State("ann")
    state.closed = {"complaint": 3}
    assert state != State("ann")
    state.closed = {}
    assert state == State("ann")


def test_the_first_form_of_a_state_had_every_part_and_is_read_as_before():  # S11.6
    record = state_to_record(full_state())
    parts = dict(zip(record[6::2], record[7::2], strict=True))
    first = [1, *record[1:6], *(parts.get(place, {}) for place in range(6, 30))]
    assert state_from_record("ann", Profile(), loads(dumps(first))) == state_from_record("ann", Profile(), record)


def test_a_state_is_written_without_what_is_empty():
    assert state_to_record(State("ann", now=5, version="v", zone_data="z")) == [3, 5, 0, 0, "v", "z"]


def test_a_state_comes_back_as_it_was():  # S11.6
    state = full_state()
    assert state_from_record("ann", state.profile, loads(dumps(state_to_record(state)))) == state


def test_the_text_of_a_state_is_its_record_to_the_byte():
    for state in (full_state(), State("ann", now=5), State("ann", signals=Past({"a": 1}))):
        assert state_to_text(state, dumps) == dumps(state_to_record(state))


HAND_OVERS = st.builds(
    HandOver, st.integers(), st.text(), st.text(), st.text(), st.sampled_from(["service", "marketing"]), st.text(),
    st.booleans(), st.sampled_from(["in_flight", "accepted", "refused"]), st.none() | st.text() | st.integers(),
)  # fmt: skip


@given(
    st.dictionaries(st.text(), st.tuples(st.text(), st.integers(), st.integers()), max_size=2),
    st.dictionaries(st.text(min_size=1), st.integers() | st.lists(st.integers()) | st.none(), max_size=2),
    st.dictionaries(st.text(), st.integers(), max_size=2),
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 9)), max_size=3),
    st.lists(HAND_OVERS, max_size=3),
    st.text(),
)
def test_any_names_and_values_of_a_state_are_written_as_json(stages, data, silences, log, history, version):
    past = Past(data)
    past.letters = letters_for(["a", "b"])
    for key, at in log:
        past.add(past.letters.of[key], at)
    state = State("ann", stages=few(stages), silences=few(silences), signals=past, version=version)
    state.history = tuple(history)
    assert state_to_text(state, dumps) == dumps(state_to_record(state))


def test_any_letter_of_a_log_comes_back_from_a_text():
    keys = [f"{n:03}" for n in range(300)]
    signals = Past()
    signals.adopt(letters_for(keys))
    for key in keys:
        signals.add(signals.letters.of[key], 1)
    record = loads(state_to_text(State("ann", signals=signals), dumps))
    assert state_from_record("ann", Profile(), record).signals == signals


def test_a_case_of_a_store_from_before_deadlines_has_none():  # S11.6
    record = state_to_record(State("ann", cases={"complaint": {"x": LiveCase(1, 2)}}))
    assert record[7] == {"complaint": {"x": [1, 2]}}
    assert state_from_record("ann", Profile(), record).cases["complaint"]["x"] == LiveCase(1, 2, None, {})


def test_a_run_that_has_not_moved_keeps_one_touchpoint_for_both():
    state = full_state()
    state.runs[0].event = state.runs[0].trigger
    (run,) = state_from_record("ann", state.profile, loads(dumps(state_to_record(state)))).runs
    assert run.event is run.trigger


def test_a_profile_comes_back_as_it_was():  # S11.6
    profile = Profile(
        {"tier": "gold", "born": date(1990, 1, 1)},
        [Address("email", "a@example.com", "suppressed", "address_invalid")],
        ("Europe/Berlin", "UTC"),
        "de-AT",
        {("marketing", "*"): ConsentFact(granted=True, at=1, expires_at=5, basis="double_opt_in", source="form")},
        Preferences(
            channels_off=["sms"],
            snooze_until=datetime(2026, 5, 1, tzinfo=UTC),
            quiet=("22:00", "07:00"),
            at_most=(2, timedelta(days=7)),
        ),
    )
    assert profile_from_record(loads(dumps(profile_to_record(profile)))) == profile
    assert profile_from_record(loads(dumps(profile_to_record(Profile())))) == Profile()


def test_a_state_whose_rare_parts_are_all_over_is_written_whole():
    state = State("ann", rare=Rare())
    assert loads(state_to_text(state, dumps)) == state_to_record(state)
