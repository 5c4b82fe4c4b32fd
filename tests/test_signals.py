"""Signals: what rules ask about history, kept incrementally and bounded (S4.4, S4.6, S4.7)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint.core.compile import compile_expression
from touchpoint.core.context import Context
from touchpoint.core.kept import Past, kept_from_record, kept_to_record
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.questions import outside_of
from touchpoint.core.remembered import signal_of
from touchpoint.core.signals import SOME, backfill, collect, lapses_at, update
from touchpoint.core.values import UNKNOWN, Unknown, conjunction, equal, look_up, truth
from touchpoint.durations import days, hours, length
from touchpoint.errors import UnknownName
from touchpoint.journey.conditions import (
    Or,
    count,
    customer,
    event,
    ever,
    last,
    now,
    path_of,
    root_of,
    split_where,
    total,
    trigger,
)
from touchpoint.stores.codec import dumps, loads

HOUR = length(hours(1))
DAY = 24 * HOUR
T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
KEYS = ["de5b1ce6e285", "7ecfa4855d5d", "d3874b54fda2"]


def go(at=0, name="go", kind=TOUCHPOINT, **properties):
    return Occurrence(kind, name, at, f"{name}-{at}", properties)


def lived(expression, *occurrences, at=None):
    """The table and the data after these touchpoints, in order of arrival."""
    table, data, clock = collect([expression]), Past(), 0
    backfill(table, data, [], 0)
    for occurrence in occurrences:
        clock = max(clock, occurrence.at)
        update(table, data, occurrence, clock)
        data = kept_from_record(loads(dumps(kept_to_record(data))))  # a store may keep it at any time
    return table, data


def asked(expression, *occurrences, at=0, **context):
    table, data = lived(expression, *occurrences)
    return compile_expression(expression, table)(Context(now=at, signals=data, **context))


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_questions_that_need_the_same_data_share_a_signal():  # S4.7
    table = collect(
        [
            count("go") > 1,
            ever("go"),
            count("go", where=event.a == trigger.a) & ever("go", where=customer.b == event.a),
            count("go", where=(event.x > 1) & (event.y == 2)),
            ever("go", where=(event.y == 2) & (event.x > 1) & customer.vip),
            count("go", within=days(1)) | ever("go", within=hours(24)),
            last("go").a.exists() & (last("go").b == 1),
        ]
    )
    assert len(table.signals) == 6
    assert len(table.by_type["go"]) == 6


def test_a_key_depends_on_meaning_alone_and_never_changes():  # S4.7 S11.6
    keys = [
        signal_of(question).key
        for question in (count("go"), count("go", within=days(7)), total("go", where=event.x == 1))
    ]
    assert keys == KEYS
    assert len({*keys, signal_of(count("stop")).key, signal_of(total("go")).key}) == 5


def test_a_touchpoint_costs_only_the_signals_of_its_type():  # HOUSE 4
    table, data = lived(count("go") + count("stop"), go(1), go(2, "stop"), go(3, "other"))
    assert sorted(data.data.values()) == [1, 1]
    assert {name: len(signals) for name, signals in table.by_type.items()} == {"go": 1, "stop": 1}


def test_events_that_are_no_touchpoints_count_nothing():
    assert asked(count("go"), go(kind="entered")) == 0


def test_data_are_plain_json_and_pruned_to_the_window_now_and_then():  # S4.7
    in_window = {n: [at * HOUR for at in range(n)][-2:] for n in (SOME, SOME + 1, 10 * SOME, 11 * SOME - 1)}
    for n, expected in in_window.items():
        _, data = lived(count("go", within=hours(2)), *(go(at * HOUR) for at in range(n)))
        kept = data.told().popitem()[1]
        assert kept[-2:] == expected
        assert len(kept) < SOME


def test_what_counts_twice_is_pruned_as_well():  # S4.7
    twice = (count("go", within=hours(2)) > 1) & (count("go", within=hours(3), where=event.a == 1) > 1)
    _, data = lived(twice, *(go(at * HOUR, a=1) for at in range(300)))
    assert len(data.ats) < SOME + 2 * 3


def test_values_are_kept_only_where_they_are_needed():  # S4.7
    _, data = lived(total("go", within=days(1), where=event.a >= trigger.a), go(1, price=5, a="x", secret="s"))
    assert data.told().popitem()[1] == [[1], [[5, "x"]]]


def test_a_table_knows_only_what_it_was_collected_from():
    with pytest.raises(UnknownName, match="count"):
        collect([]).reader(count("go"))


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "expected"), [(DAY - 1, 1), (DAY, 0), (0, 1), (-1, 0)])
def test_a_window_is_open_at_its_start_and_closed_at_its_end(at, expected):  # S4.4
    assert asked(count("go", within=days(1)), go(0), at=at) == expected
    assert asked(ever("go", within=days(1)), go(0), at=at) is bool(expected)
    assert asked(total("go", within=days(1)), go(0, price=3), at=at) == expected * 3


def test_a_late_touchpoint_is_put_where_its_time_belongs():  # S1.5
    expression = count("go", within=hours(3))
    table, data = lived(expression, go(5 * HOUR), go(3 * HOUR), go(4 * HOUR), go(1 * HOUR))
    assert data.told().popitem()[1] == [3 * HOUR, 4 * HOUR, 5 * HOUR]
    assert lapses_at(expression, table, data, 5 * HOUR) == 6 * HOUR


def test_the_next_lapse_is_when_the_oldest_touchpoint_leaves_its_window():  # S3.3 S5.2
    short, long, never = count("go", within=hours(1)) > 0, ever("go", within=days(1)), count("go") > 0
    table, data = collect([short, long, never]), Past()
    for at in (0, HOUR // 2):
        update(table, data, go(at), at)
    seen = [lapses_at(short, table, data, at) for at in (HOUR // 2, HOUR, 2 * HOUR)]
    assert seen == [HOUR, HOUR + HOUR // 2, None]
    assert lapses_at(long, table, data, HOUR) == DAY
    assert lapses_at(never, table, data, HOUR) is None
    assert lapses_at(None, table, data, 2 * HOUR) == DAY
    assert lapses_at(short & long, table, data, 2 * HOUR) == DAY
    assert lapses_at(ever("go", within=hours(1)), table, data, 0) == HOUR


# --- last and total ---------------------------------------------------------------------------------------------------


def test_last_is_the_latest_by_time_and_of_equals_the_last_to_arrive():
    story = [go(2, n="a"), go(5, n="b"), go(5, n="c"), go(3, n="d")]
    assert asked(last("go").n, *story) == "c"
    assert asked(last("go").at, *story) == datetime(1970, 1, 1, 0, 0, 0, 5, tzinfo=UTC)
    assert asked(last("go").n) is UNKNOWN
    assert asked(last("go").deep.n, go(1, deep={"n": 1})) == 1
    assert asked(last("go").n, go(1, n=1), go(2)) is UNKNOWN


def test_last_looks_among_those_that_where_selects():
    story = [go(1, order="a", n=1), go(2, order="b", n=2), go(3, order="a", n=None)]
    where = event.order == trigger.order
    assert asked(last("go", where=where).n, *story, trigger=go(order="b")) == 2
    assert asked(last("go", where=where).n, *story, trigger=go(order="a")) is None
    assert asked(last("go", where=where & (event.n > 0)).n, *story, trigger=go(order="a")) == 1


@pytest.mark.parametrize(
    ("prices", "sum_"),
    [
        ([], 0),
        ([1, 2, 10**30], 10**30 + 3),
        ([0.1, 0.2], Decimal("0.3")),
        ([Decimal("19.99"), 19.99, 1], Decimal("40.98")),
        ([1e300, 1.5, -1e300], Decimal("1.5")),
        ([True, "5", None, float("nan"), float("inf"), Decimal("1e999999"), Decimal("sNaN"), 4], 4),
    ],
)
@pytest.mark.parametrize("within", [None, days(1)])
def test_totals_are_exact_and_leave_out_what_is_no_number(prices, sum_, within):
    found = asked(total("go", within=within), *(go(at, price=price) for at, price in enumerate(prices)), go(9), at=10)
    assert (found, type(found)) == (sum_, type(sum_))


def test_a_total_adds_up_the_property_it_is_told():
    story = [go(1, basket={"sum": 2}), go(2, basket={"sum": 3}), go(3, basket=7)]
    assert asked(total("go", event.basket.sum), *story) == 5
    assert asked(total("go", of="basket"), *story) == 7


# --- where ------------------------------------------------------------------------------------------------------------


def test_parts_about_the_touchpoint_alone_are_decided_when_it_is_recorded():
    expression = count("go", where=(event.x > 1) & event.ok)
    _, data = lived(expression, go(x=2, ok=True), go(x=1, ok=True), go(ok=True), go(x="a", ok=True), go(x=3, ok=1))
    assert list(data.data.values()) == [2]


def test_the_declared_outside_belongs_to_the_run():
    where = (event.order == trigger.order) & (customer.vip == True)  # noqa: E712
    story = [go(order="a"), go(order="a"), go(order="b")]
    vip = {"vip": True}
    assert asked(count("go", where=where), *story, trigger=go(order="a"), traits=vip) == 2
    assert asked(count("go", where=where), *story, trigger=go(order="c"), traits=vip) == 0
    assert asked(count("go", where=where), *story, trigger=go(order="a"), traits={"vip": False}) == 0


@pytest.mark.parametrize("within", [None, days(1)])
@pytest.mark.parametrize(
    ("kept", "outside", "meets"),
    [
        (1, 1.0, True), (1, Decimal("1.00"), True), (100, Decimal("1E+2"), True), (0, -0.0, True), (True, 1, False),
        ("1", 1, False), ("2026-03-01T10:00:00Z", T0, True), (T0, "2026-03-01T19:00:00+09:00", True),
        (date(2026, 3, 1), "2026-03-01", True), ("2026-03-01", date(2026, 3, 1), True), (None, None, True),
        ([1, {"k": 2.0}], [1.0, {"k": 2}], True), ([1, {"k": 2.0}], [1.0, {"k": 3}], False), (days(1), hours(24), True),
        (float("nan"), float("nan"), False), (object(), 1, False),
    ],
)  # fmt: skip
def test_kept_values_meet_what_equals_them(kept, outside, meets, within):  # S4.6
    expression = ever("go", within=within, where=event.a == trigger.a)
    assert asked(expression, go(a=kept), trigger=go(a=outside)) is meets


def test_a_touchpoint_that_lacks_what_where_asks_for_does_not_count():
    expression = count("go", where=event.order == trigger.order)
    assert asked(expression, go(), trigger=go(order="a")) == 0


@pytest.mark.parametrize("within", [None, days(1)])
def test_what_the_outside_lacks_puts_the_answer_in_doubt(within):  # S4.6
    where = event.order == trigger.order
    story = [go(order="a", price=0)]
    for question in (count, ever, total):
        assert asked(question("go", within=within, where=where), *story) is UNKNOWN
    assert asked(last("go", where=where).order, *story) is UNKNOWN
    assert asked(ever("go", within=within, where=where)) is False
    assert asked(count("go", within=within, where=where & (event.other == 1)), *story) == 0
    assert asked(count("go", within=within, where=customer.vip), *story) is UNKNOWN


def test_what_is_certain_stays_certain():  # S4.6
    where = (event.a == trigger.a) | (event.b == trigger.b)
    here = {"trigger": go(a=1)}
    assert asked(ever("go", within=days(1), where=where), go(a=1), go(a=2), **here) is True
    assert asked(count("go", within=days(1), where=where), go(a=1), **here) == 1
    assert asked(count("go", within=days(1), where=where), go(a=1), go(a=2, b=1), **here) is UNKNOWN


def test_a_where_may_use_the_present():
    expression = count("go", within=days(7), where=(event.at > now - hours(2)) & (event.price >= trigger.price))
    assert (
        asked(expression, go(0, price=9), go(HOUR, price=9), go(2 * HOUR, price=1), at=2 * HOUR, trigger=go(price=5))
        == 1
    )


# --- backfill ---------------------------------------------------------------------------------------------------------


def test_backfill_fills_what_is_missing_drops_what_nobody_asks_and_leaves_the_rest():  # S4.7
    old, new = collect([count("go"), count("gone")]), collect([count("go"), last("go").n])
    story = [go(5, n="b"), go(3, n="a")]
    data = Past()
    for occurrence in story:
        update(old, data, occurrence, 5)
    backfill(new, data, story, 6)
    assert data.data.keys() == new.signals.keys()
    assert list(data.data.values()) == [2, [5, "b"]]


def test_backfill_reads_the_timeline_only_if_something_is_missing():
    def never():
        raise AssertionError
        yield

    table, data = lived(count("go"), go())
    backfill(table, data, never(), 0)


# --- laws -------------------------------------------------------------------------------------------------------------

SCALARS = st.sampled_from([0, 1, 2, 1.0, 0.1, Decimal("0.1"), True, "1", "2026-03-01", date(2026, 3, 1), None])
OCCURRENCES = st.builds(
    lambda at, properties: Occurrence(TOUCHPOINT, "go", at, "x", properties),
    st.integers(0, 8),
    st.dictionaries(st.sampled_from("abp"), SCALARS, max_size=3),
)
STATIC = st.sampled_from([None, event.p >= 1, event.a.exists(), ~(event.b == 1)])
KEYED = st.sampled_from(
    [None, event.a == trigger.a, customer.b == event.b, customer.b, (event.a == trigger.a) & (event.b == trigger.b)]
)
RELATED = st.sampled_from(
    [None, event.a >= trigger.a, (event.a == trigger.a) | (event.b == customer.b), event.a != customer.a]
)


def joined(*parts):
    there = [part for part in parts if part is not None]
    return reduce(and_, there) if there else None


WIDTHS = st.integers(1, 6).map(lambda us: timedelta(microseconds=us))
COUNTS = st.sampled_from([count, ever])
QUESTIONS = st.one_of(
    st.builds(lambda q, s, k: q("go", where=joined(s, k)), COUNTS, STATIC, KEYED),
    st.builds(lambda s, k: total("go", "p", where=joined(s, k)), STATIC, KEYED),
    st.builds(lambda s, k: last("go", where=joined(s, k)).p, STATIC, KEYED),
    st.builds(
        lambda q, w, s, k, r: q("go", within=w, where=joined(s, k, r)),
        COUNTS | st.just(total),
        WIDTHS,
        STATIC,
        KEYED,
        RELATED,
    ),
)


def recomputed(asking, timeline, context):
    """The same answer from the whole timeline, by the rules as they are written down."""
    question = root_of(asking) if hasattr(asking, "_root") else asking
    parts = split_where(question.where)
    within = getattr(question, "within", None)
    found, in_doubt = [], False
    for each in timeline:
        if within is not None and not context.now - length(within) < each.at <= context.now:
            continue
        here = Context(event=each, trigger=context.trigger, traits=context.traits, now=context.now)
        verdict = selects(parts, here)
        in_doubt |= verdict is UNKNOWN
        found += [each] if verdict is True else []
    return reduced(asking, question, found, in_doubt=in_doubt)


def selects(parts, here):
    held = lambda part: truth(compile_expression(part)(here))  # noqa: E731
    if not all(held(part) is True for part in parts.static):
        return False
    verdicts = [held(part) for part in parts.outside]
    for path, outside in parts.keys:
        ours, theirs = look_up(here.event, path), compile_expression(outside)(here)
        verdicts.append(False if ours is UNKNOWN else UNKNOWN if theirs is UNKNOWN else equal(ours, theirs) is True)
    for part in parts.relations:
        lacking = any(compile_expression(need)(here) is UNKNOWN for need in outside_of(part))
        lacks_own = not isinstance(part, Or) and look_up(here.event, ("a",)) is UNKNOWN
        verdict = held(part)
        verdicts.append(False if verdict is UNKNOWN and (lacks_own or not lacking) else verdict)
    return conjunction(verdicts)


def reduced(asking, question, found, *, in_doubt):
    kind = type(question).__name__
    if kind == "Ever":
        return True if found else UNKNOWN if in_doubt else False
    if in_doubt:
        return UNKNOWN
    if kind == "Count":
        return len(found)
    if kind == "Total":
        amounts = [look_up(each, question.of) for each in found]
        return sum(Decimal(str(each)) for each in amounts if type(each) in (int, float, Decimal))
    latest = max(enumerate(found), key=lambda pair: (pair[1].at, pair[0]), default=None)
    return UNKNOWN if latest is None else look_up(latest[1], path_of(asking))


def alike(left, right):
    return left is right if isinstance(left, Unknown) or isinstance(right, Unknown) else left == right


def in_doubt_about_nothing(asking, timeline):
    """Totals add only numbers, so touchpoints without one put nothing in doubt."""
    question = root_of(asking) if hasattr(asking, "_root") else asking
    if type(question).__name__ != "Total":
        return timeline
    return [each for each in timeline if type(look_up(each, question.of)) in (int, float, Decimal)]


@settings(max_examples=examples(400))
@given(
    QUESTIONS,
    st.lists(OCCURRENCES, max_size=7),
    OCCURRENCES,
    st.dictionaries(st.sampled_from("ab"), SCALARS),
    st.integers(0, 6),
)
def test_what_is_kept_answers_as_the_whole_timeline_would(asking, timeline, cause, traits, later):  # S4.7
    table, data = lived(asking, *timeline)
    at = max([each.at for each in timeline], default=0) + later
    context = Context(trigger=cause, traits=traits, now=at, signals=data)
    kept = compile_expression(asking, table)(context)
    expected = recomputed(asking, in_doubt_about_nothing(asking, timeline), context)
    assert alike(kept, expected)


@settings(max_examples=examples(150))
@given(QUESTIONS, st.lists(OCCURRENCES, max_size=7), st.integers(0, 6), OCCURRENCES)
def test_backfill_answers_as_if_it_had_always_been_asked(asking, timeline, later, cause):  # S4.7
    table, data = lived(asking, *timeline)
    at = max([each.at for each in timeline], default=0) + later
    filled = Past()
    backfill(table, filled, timeline, at)
    answers = [
        compile_expression(asking, table)(Context(trigger=cause, now=at, signals=each)) for each in (data, filled)
    ]
    assert alike(*answers)


@settings(max_examples=examples(150))
@given(WIDTHS, st.lists(OCCURRENCES, min_size=1, max_size=7), st.integers(0, 15))
def test_a_window_changes_at_its_lapse_and_not_before(within, timeline, later):  # S4.4 S5.2
    question = count("go", within=within)
    table, data = lived(question, *timeline)
    at = max(each.at for each in timeline) + later
    look = compile_expression(question, table)
    before = look(Context(now=at, signals=data))
    lapse = lapses_at(question, table, data, at)
    assert (lapse is None) is (before == 0)
    if lapse is not None:
        assert look(Context(now=lapse - 1, signals=data)) == before > look(Context(now=lapse, signals=data))
