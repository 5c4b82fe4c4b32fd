"""Touchpoints that are handed in together are what each of them alone would be."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import Touchpoint
from touchpoint.durations import micros
from touchpoint.engine.acts import numbered
from touchpoint.engine.columns import _FEW, prepare_all
from touchpoint.engine.intake import Recorded, all_newly_recorded, newly_recorded, prepare
from touchpoint.errors import InvalidTouchpoint

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = micros(AT)
HALF = "\ud83d"


class Word(str):
    """A text of a class of its own."""

    __slots__ = ()


class Order(Touchpoint):
    """A touchpoint of a class of its own."""


def usual(n, **other):
    fields = {"customer": f"c{n}", "type": "viewed", "at": AT, "id": f"t{n}", "properties": {"score": n}}
    return Touchpoint(**{**fields, **other})


def alone(touchpoints, now):
    """What each of them alone comes to, or what is wrong with the first that cannot be taken."""
    found = []
    for place, each in enumerate(touchpoints):
        try:
            found.append(prepare(each, now=now, skew=0, declared={}))
        except InvalidTouchpoint as error:
            return f"touchpoints[{place}]: {error}"
    return found


def together(touchpoints, now):
    try:
        return numbered(touchpoints, 0, now, 0, {})
    except InvalidTouchpoint as error:
        return str(error)


RARE = {
    "customer": ["", "x" * 501, 7, None, Word("ann"), HALF, "Ängström", ["ann"]],
    "type": ["", "no type", Word("viewed"), 7, None, ["viewed"], "referral_made", "x" * 101],
    "at": [
        AT.replace(tzinfo=None), AT + timedelta(seconds=1), AT.astimezone(timezone(timedelta(hours=2))), "now",
        date(2026, 3, 2), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))), datetime(1960, 1, 1, tzinfo=UTC),
    ],
    "id": ["", "x" * 501, 7, Word("t"), HALF, "t\u00e9"],
    "properties": [
        {}, None, 7, {"": 1}, {"$x": 1}, {7: 1}, {"x": float("nan")}, {"x": HALF}, {"x": "y" * 300}, {"x" * 201: 1},
        {"x": 10**599}, {"x": 10**601}, {"x": [1, {"y": Decimal("1.5")}]}, {"x": AT}, {"x": '"$'}, {"x": 'a"":'},
        {"x": object()},
        {"x": {"$y": 1}}, {"x": "y" * 70_000}, {Word("x"): 1}, {"x": 1.5, "y": None, "z": True}, {"x": "é"},
    ],
    "channel": ["web", "", "x" * 501, 7, Word("web"), HALF, ["web"]],
    "location": ["shop", "", "x" * 501, 7, HALF],
    "direction": ["outbound", "internal", "sideways", None, 7, Word("outbound"), ["inbound"]],
    "about": ["message", "", "x" * 501, 7, HALF],
}  # fmt: skip
CASES = [(field, value) for field, values in RARE.items() for value in values]


@pytest.mark.parametrize("now", [NOW, None])
@pytest.mark.parametrize(("field", "value"), CASES, ids=lambda it: str(it)[:20])
def test_one_that_is_out_of_the_ordinary_is_taken_or_refused_as_ever(field, value, now):
    touchpoints = [usual(n) for n in range(_FEW)]
    touchpoints[7] = usual(7, **{field: value})
    assert together(touchpoints, now) == alone(touchpoints, now)


@given(st.lists(st.sampled_from([("score", 1), *CASES]), max_size=3 * _FEW), st.sampled_from([NOW, None]))
def test_any_of_them_are_what_each_alone_would_be(chosen, now):
    touchpoints = [usual(n, **{field: value} if field in RARE else {}) for n, (field, value) in enumerate(chosen)]
    assert together(touchpoints, now) == alone(touchpoints, now)


def test_most_batches_are_looked_at_together():
    touchpoints = [usual(n, channel="web", about=None if n % 2 else "it") for n in range(_FEW)]
    found = prepare_all(touchpoints, NOW, 0)
    assert found == alone(touchpoints, NOW)


def test_what_has_neither_time_nor_id_gets_the_time_of_recording_and_an_id_of_its_own():
    found = prepare_all([usual(n, at=None, id=None) for n in range(_FEW)], NOW, 0)
    assert {(each.at, each.occurrence.at) for each in found} == {(None, NOW)}
    assert len({each.id for each in found}) == _FEW
    assert {each.id.partition("-")[0] for each in found} == {f"{NOW:015x}"}
    assert all(each.id == each.occurrence.id for each in found)


@pytest.mark.parametrize("late", [True, False])
def test_what_is_said_of_a_new_one_is_whole(late):
    made = newly_recorded("t", late=late)
    assert all_newly_recorded(["s", "t"], [not late, late])[1] == made
    assert made == Recorded("t", late=late)
    assert hash(made) == hash(Recorded("t", late=late))
    with pytest.raises(FrozenInstanceError):
        made.late = not late


def test_in_a_replay_each_needs_its_time():
    assert prepare_all([usual(n, at=None) for n in range(_FEW)], None, 0) is None


def test_what_the_host_does_to_its_properties_later_changes_nothing():
    properties = {"score": 1}
    found = prepare_all([usual(n, properties=properties) for n in range(_FEW)], NOW, 0)
    properties["score"] = 2
    assert {each.occurrence.properties["score"] for each in found} == {1}


def test_touchpoints_of_a_class_of_their_own_are_looked_at_one_by_one():
    touchpoints = [usual(n) for n in range(_FEW - 1)] + [Order("ann", "viewed", AT, "t")]
    assert prepare_all(touchpoints, NOW, 0) is None
    assert together(touchpoints, NOW) == alone(touchpoints, NOW)


def test_few_are_looked_at_one_by_one():
    assert prepare_all([usual(n) for n in range(_FEW - 1)], NOW, 0) is None
