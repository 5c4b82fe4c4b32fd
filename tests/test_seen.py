"""What traces keep of conditions, and the law that the words made of it are those of the moment (S4.6, S10)."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from test_readings import COMMON, EAST, EXPRESSIONS, PROPERTIES, T0, TOUCHPOINTS, happened
from touchpoint import Branch, Journey, Rule, Segment
from touchpoint.core.context import Context
from touchpoint.core.decision import Decision
from touchpoint.core.generate import Namespace, Writer
from touchpoint.core.kept import Past
from touchpoint.core.program import compile_program
from touchpoint.core.reading import read
from touchpoint.core.seen import Unkept, code_of, conditions_of, in_words, kept_of, plainly, seer_of
from touchpoint.core.signals import backfill, collect
from touchpoint.core.state import Profile, State
from touchpoint.durations import days, micros
from touchpoint.journey.conditions import case_open, count, customer, event, ever, in_stage, last, now, trigger
from touchpoint.stores.codec import dumps, loads


def seen(expression, context, table=None):
    """What is kept, as it comes back from a store."""
    return loads(dumps(seer_of(expression, table)(context)))


def told(expression, kept):
    return kept if isinstance(kept, str) else in_words(expression, kept)


@settings(max_examples=400)
@given(
    EXPRESSIONS | COMMON,
    st.lists(TOUCHPOINTS, max_size=4),
    st.none() | TOUCHPOINTS,
    st.none() | TOUCHPOINTS,
    PROPERTIES,
    st.booleans(),
)
def test_the_words_made_later_are_those_of_the_moment(expression, timeline, here, cause, traits, flag):  # S10
    table, data = collect([expression]), Past()
    backfill(table, data, timeline, micros(T0))
    context = Context(
        here, cause, traits, micros(T0), data, lambda _kind, _ref: flag, lambda _journey: "a" if flag else None,
        {"a": "sent"} if flag else {},
    )  # fmt: skip
    assert told(expression, seen(expression, context, table)) == read(expression, context, table).text


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        (event.score <= 2, [5]),
        ((event.score > 1) & (event.score < 9) & (customer.vip == "yes"), [5, "yes"]),
        (customer.age >= 18, [{"$": 0}]),
        (~customer.age.exists() & event.ok, [False, True]),
        (case_open(ref=event.order), [True, False]),
        (case_open(ref=trigger.order), [{"$": 0}, {"$": 0}]),
        (event.paid > 2, [Decimal("9.90")]),
        (event.tags.contains("a"), [["a", "b"]]),
        (now - event.at < days(1), [micros(T0), T0]),
        (event.none == 1, [None]),
    ],
)
def test_only_values_are_kept_each_once(expression, kept):
    here = happened(
        score=5, ok=True, order="o-1", paid=Decimal("9.90"), tags=["a", "b"], none=None
    )  # fmt: skip
    context = Context(event=here, traits={"vip": "yes"}, now=micros(T0))
    assert seen(expression, context) == [code_of(expression), *kept]


def test_what_a_case_is_asked_for_is_not_kept():  # S7.5
    expression = case_open(ref=event.order) & (event.n > 1)
    kept = seen(expression, Context(event=happened(order="a secret", n=1)))
    assert "a secret" not in repr(kept)
    assert told(expression, kept) == "case_open(ref=event.order) & (event.n > 1) → False & (1 > 1): false"


@pytest.mark.parametrize("value", [
    "x" * 79, math.nan, math.inf, T0.astimezone(EAST), {"a": "x" * 90}, ["x"] * 40, datetime(2026, 3, 1), 1j,
    Decimal("NaN"), [math.nan], {"$a": 1}, UTC,
])  # fmt: skip
def test_what_cannot_be_kept_shortly_and_exactly_is_kept_in_words(value):
    expression = (event.x == 1) & (event.y == 2)
    context = Context(event=happened(x=value, y=3))
    assert seer_of(expression)(context) == read(expression, context).text


@pytest.mark.parametrize("value", [
    0, True, None, "", "x" * 78, 2.5, -0.0, 1e300, Decimal("1.50"), T0, date(2026, 3, 1), timedelta(hours=3), [],
    [1, "a"], {}, {"a": [None, {"b": T0}]},
])  # fmt: skip
def test_whatever_else_a_store_keeps_exactly_is_kept_as_it_is(value):
    expression = event.x == 1
    context = Context(event=happened(x=value))
    kept = seen(expression, context)
    assert (kept, repr(kept[1])) == ([code_of(expression), value], repr(value).replace("datetime.UTC", repr(UTC)))
    assert in_words(expression, kept) == read(expression, context).text


def test_what_a_question_about_history_lacks_is_named_later_too():  # S4.6
    expression = (count("order_placed") >= 2) & ~ever("review", where=event.order == trigger.order)
    table, data = collect([expression]), Past()
    backfill(table, data, [happened(), happened(id="t2"), happened("review", order=1)], micros(T0))
    kept = seen(expression, Context(now=micros(T0), signals=data), table)
    assert kept[1:] == [2, {"$": [0]}]
    assert in_words(expression, kept).endswith("→ (2 >= 2) & ~?: unknown (trigger.order is missing)")


def test_a_calculation_of_what_a_case_is_about_is_kept_in_words():
    expression = case_open(ref=event.a + event.b)
    context = Context(event=happened(a="x", b=2))
    assert seer_of(expression)(context) == read(expression, context).text


def test_where_the_condition_is_not_known_any_more_the_values_are_told():
    kept = seen((event.a == 1) & (event.b == 1) & (event.c == "z"), Context(event=happened(a=2, c="y")))
    assert plainly(kept) == 'it saw 2, ?, "y" (its definition is not known any more)'
    assert plainly([code_of(event.a == 1)]) == "it saw no values (its definition is not known any more)"


def test_the_code_of_a_condition_is_the_same_everywhere():
    """It stands in stores: another one would match nothing that was kept before."""
    assert code_of((event.score >= 3) & (count("a", within=days(30)) <= 3)) == "26c2826991"


def test_a_journey_tells_all_conditions_that_traces_keep():
    asked = [event.a == number for number in range(5)]
    inner = Branch(asked[2], then=[Branch(asked[3])])
    journey = Journey(
        "one", segments=[Segment("s", customer.b == 1)], rules=[Rule("r", when="x", given=asked[1], then=[inner])]
    )  # fmt: skip
    assert [str(each) for each in conditions_of(journey)] == [
        "customer.b == 1", "event.a == 1", "event.a == 2", "event.a == 3"
    ]  # fmt: skip


def written(expression, table):
    """The function that generated source makes of what a condition saw; None where it has a line of its own."""
    names = Namespace()
    writer = Writer(names, table, "one", {"one": "stage"})
    found = kept_of(expression)
    if found is None:
        return None
    leaves = found.values()
    writer.foresee(leaves)
    lines = [f"{code_of(expression)!r},", *writer.values(leaves)]
    head = [
        "def seen(decision, event, stage):", "    state, now = decision.state, decision.now",
        "    properties, traits, signals = event.properties, state.profile.traits, state.signals",
        "    data = signals.data",
        *writer.variables.lines(), "    return [",
    ]  # fmt: skip
    made = dict(names.names)
    exec("\n".join([*head, *lines, "]"]), made)  # noqa: S102 - it is what the library does
    return made["seen"]


@settings(max_examples=400)
@given(COMMON | EXPRESSIONS, st.lists(TOUCHPOINTS, max_size=4), TOUCHPOINTS, PROPERTIES, st.booleans())
def test_generated_source_keeps_what_closures_keep(expression, timeline, here, traits, flag):
    table, data = collect([expression]), Past()
    backfill(table, data, timeline, micros(T0))
    see = written(expression, table)
    assume(see is not None)
    cases, stage = {"a": {"1": 1}} if flag else {}, "a" if flag else None
    state = State("ann", Profile(traits), now=micros(T0), signals=data)
    state.cases, state.stages = cases, {"one": ("a", micros(T0), 1)} if flag else {}
    decision = Decision(compile_program([]), state, micros(T0))
    try:
        kept = see(decision, here, stage)
    except Unkept:
        kept = decision.told(lambda context: read(expression, context, table).text, "one", here)
    assert dumps(kept) == dumps(decision.saw(seer_of(expression, table), "one", here))


@pytest.mark.parametrize(
    "expression",
    [
        event.a == 1, customer.a == 1, now - last("go").at > days(1), last("go").a == 1,
        count("go", within=days(2)) > 1, ever("go", within=days(2)), in_stage("a"), case_open("a"),
        (event.a > 1) & ~(event.b == "x"),
    ],
)  # fmt: skip
def test_what_is_asked_most_is_seen_without_closures(expression):
    writer = Writer(Namespace(), collect([expression]), "one", {"one": "stage"})
    assert "decision.ask" not in "".join(writer.values(kept_of(expression).values()))
