"""Conditions as text: what is read, what is refused and where, and that text and objects say the same."""

import inspect
import sys
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fuzz_conditions
import touchpoint
from journeys_strategy import conditions, literals, types
from sizing import examples
from touchpoint.core.compile import compile_expression
from touchpoint.core.context import Context
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import days, forever, hours, micros
from touchpoint.errors import ConditionError, JourneyError
from touchpoint.journey import conditions as c
from touchpoint.journey import history
from touchpoint.journey.codec import journey_from_dict, journey_to_dict
from touchpoint.journey.conditions import (
    case_open,
    count,
    customer,
    event,
    ever,
    in_stage,
    last,
    now,
    outcome,
    sent,
    total,
    trigger,
    variant,
)
from touchpoint.journey.cursor import DEPTH
from touchpoint.journey.expressions import Arithmetic, Compare, Expression, Literal, operand
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import Branch, Exit, Send, Wait, WaitFor, WaitUntil
from touchpoint.journey.text import condition, duration, parse, to_text
from touchpoint.journey.tokens import LENGTH, WORDS
from touchpoint.journey.triggers import On
from touchpoint.journey.vocabulary import ROOTS, functions
from touchpoint.model.message import Content, Message

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
HELLO = Message("hello", why="to greet", channels=["email"], content=Content(text="Hello"))


def refused(text, **more):
    with pytest.raises(ConditionError) as caught:
        parse(text, **more)
    return caught.value


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        (
            "count(order_placed, within=30d) >= 3 and customer.tier == 'gold'",
            (count("order_placed", within=days(30)) >= 3) & (customer.tier == "gold"),
        ),
        ("customer.vip", customer.vip),
        ("true", operand(True)),
        ("not customer.vip or event.ok", ~customer.vip | event.ok),
        ("not (customer.vip or event.ok)", ~(customer.vip | event.ok)),
        ("not event.a == 1", ~(event.a == 1)),
        ("not not customer.vip", ~~customer.vip),
        ("~customer.vip & event.ok", ~customer.vip & event.ok),
        ("customer.a or customer.b and customer.c", customer.a | customer.b & customer.c),
        ("customer.a and (customer.b and customer.c)", customer.a & customer.b & customer.c),
        ("(event.a == 1) & (event.b == 2)", (event.a == 1) & (event.b == 2)),
        ("(event.a == 1) == true", (event.a == 1) == True),  # noqa: E712 - it builds a condition
        ("event.tier in ['gold', 'silver']", event.tier.in_(["gold", "silver"])),
        ("event.tier in ('gold', 'silver')", event.tier.in_(["gold", "silver"])),
        ("event.tier in ('gold',)", event.tier.in_(["gold"])),
        ("event.tier in ()", event.tier.in_([])),
        ("event.tier in [[1, 2], ['a'],]", event.tier.in_([[1, 2], ["a"]])),
        ("event.tier not in customer.tiers", ~event.tier.in_(customer.tiers)),
        ("event.tags.contains('a')", event.tags.contains("a")),
        ('event["order-id"].exists()', event["order-id"].exists()),
        ("event['a b'].c['d']", event["a b"].c["d"]),
        ("event.class == 1", event["class"] == 1),
        ("event.a + 2 * event.b - 1 > 0", event.a + operand(2) * event.b - 1 > 0),
        ("(event.a + 2) / -1.5 > 0", (event.a + 2) / -1.5 > 0),
        ("event.a - -1 > 0", event.a - -1 > 0),
        ("1_000 < event.a", operand(1000) < event.a),
        ("event.a == 1e-7", event.a == 1e-7),
        ("event.a == Decimal('1.50')", event.a == Decimal("1.50")),
        ("event.a == none", event.a == operand(None)),
        ("now - last(order_placed).at > 90d", now - last("order_placed").at > days(90)),
        ("event.wait < 1d12h", event.wait < hours(36)),
        ("event.wait < 1.5h", event.wait < timedelta(minutes=90)),
        ("event.wait < 2w", event.wait < days(14)),
        ("event.wait > -250ms", event.wait > timedelta(milliseconds=-250)),
        ("event.wait < timedelta(microseconds=1500)", event.wait < timedelta(microseconds=1500)),
        ("event.day == 2026-12-11", event.day == date(2026, 12, 11)),
        ("event.n == 2026 - 12 - 11", event.n == operand(2026) - 12 - 11),
        ("now > 2026-03-01T10:00Z", now > T0),
        ("now > 2026-03-01T12:00:00.5+02:00", now > T0.replace(microsecond=500_000)),
        ("now > datetime(2026, 3, 1, 10, tzinfo=UTC)", now > T0),
        ("event.day == date(2026, 3, 1)", event.day == date(2026, 3, 1)),
        ("ever(review, where=event.order == trigger.order)", ever("review", where=event.order == trigger.order)),
        ("ever('shop:visit', within=days(2))", ever("shop:visit", within=days(2))),
        ("count(type=a, within=none) > 1", count("a") > 1),
        ("total(order) >= 100", total("order") >= 100),
        ("total(order, amount) >= 100", total("order", "amount") >= 100),
        ("total(order, of='a b') >= 100", total("order", "a b") >= 100),
        ("total(order, of=event.basket.sum, within=1h) > 1", total("order", event.basket.sum, within=hours(1)) > 1),
        ("case_open()", case_open()),
        ("case_open(complaint, ref=trigger.order)", case_open("complaint", ref=trigger.order)),
        ("case_open(ref='#1')", case_open(ref="#1")),
        ("in_stage(buyer, shop)", in_stage("buyer", journey="shop")),
        ("sent(offer)", sent("offer")),
        ("variant(offer) == 'gift'", variant("offer") == "gift"),
        ("outcome('my offer') == 'failed'", outcome("my offer") == "failed"),
        ("event.a == 1\n  and\tevent.b == 2\r\n", (event.a == 1) & (event.b == 2)),
        (r"""event.a == '\'\x41\u00e9\U0001f600\ud83d\ude00\n\\'""", event.a == "'Aé😀😀\n\\"),
        ("event.a == '👨\u200d👩\u200d👧 größe'", event.a == "👨\u200d👩\u200d👧 größe"),
    ],
)
def test_a_text_means_what_the_same_python_means(text, expression):  # S4.6
    assert parse(text).same_as(expression)


def test_a_text_decides_like_the_condition_that_it_stands_for():
    decide = compile_expression(parse("event.score <= 2 and not event.seen or event.score == 9"))

    def asked(**properties):
        return decide(Context(event=Occurrence(TOUCHPOINT, "review", micros(T0), "t1", properties), now=micros(T0)))

    assert asked(score=1, seen=False) is True
    assert asked(score=1, seen=True) is False
    assert asked(score=9, seen=True) is True


def test_every_function_of_conditions_can_be_called_in_a_text():
    public = [value for name in touchpoint.__all__ if inspect.isfunction(value := getattr(touchpoint, name))]
    asked = {each for each in public if each.__module__ in (c.__name__, history.__name__)}
    assert {each.__name__ for each in asked} == set(functions())


def test_a_text_can_call_nothing_that_does_not_make_a_node_of_plain_data():
    assert {"operand", "read_condition", "walk", "same", "source", "children"}.isdisjoint(functions())


def test_every_root_of_conditions_can_be_named_in_a_text():
    asked = {name for name in touchpoint.__all__ if isinstance(getattr(touchpoint, name), Expression)}
    assert asked == set(ROOTS)


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (
            (count("order_placed", within=days(30)) >= 3) & (customer.tier == "gold"),
            'count(order_placed, within=30d) >= 3 and customer.tier == "gold"',
        ),
        (~ever("shop:visit", within=hours(36)), 'not ever("shop:visit", within=36h)'),
        (~(event.a == 1), "not (event.a == 1)"),
        (~event.a.in_([1, "b"]), 'event.a not in [1, "b"]'),
        (customer.a & (customer.b | customer.c), "customer.a and (customer.b or customer.c)"),
        ((event.a + 1) * 2 - (3 - event.b) > -1, "(event.a + 1) * 2 - (3 - event.b) > -1"),
        (operand(-5).exists(), "(-5).exists()"),
        (event["order-id"]["class"]["now"] == "", 'event["order-id"]["class"].now == ""'),
        (last("in").a == last("x").a, 'last("in").a == last(x).a'),
        (now > T0, "now > 2026-03-01T10:00Z"),
        (now > T0.replace(second=1), "now > 2026-03-01T10:00:01Z"),
        (event.day == date(26, 3, 1), "event.day == 0026-03-01"),
        (event.wait > timedelta(microseconds=-1500), "event.wait > -1500us"),
        (event.wait < timedelta.max, "event.wait < 86399999999999999999us"),
        (event.a == Decimal("1.50"), 'event.a == Decimal("1.50")'),
        (event.a == "\u202e\x7f\n\U000e0041", r'event.a == "\u202e\u007f\n\U000e0041"'),
        (operand(None) == True, "none == true"),  # noqa: E712 - it builds a condition
        (case_open("my case", ref="#1"), 'case_open("my case", ref="#1")'),
        (sent("offer"), 'outcome(offer) == "sent"'),
        (variant("offer") == "gift", 'variant(offer) == "gift"'),
        (variant("now") == variant("my offer"), 'variant("now") == variant("my offer")'),
    ],
)
def test_an_expression_is_written_for_people(expression, text):
    assert to_text(expression) == text


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6) | st.sampled_from(
    ["score", "in_", "_x", "ﬁ", "event", "a.b", '"', "\\", "\u202e", "class", "UTC"]
)


@st.composite
def odd_expressions(draw):
    """Expressions over names and literals of every kind, those on the left too, which Python's operators turn round."""
    roots = [event, trigger, customer, last(draw(types))]
    leaves = st.one_of(
        st.builds(
            lambda root, path: [root := root[name] for name in path][-1],
            st.sampled_from(roots),
            st.lists(names, min_size=1, max_size=3),
        ),
        literals.map(operand),
        st.just(now),
        st.builds(outcome, names),
        st.builds(variant, names),
    )
    quantities = st.one_of(st.integers(-5, 5), st.decimals(-5, 5, places=1), st.timedeltas()).map(operand)

    def calculated(left):
        return st.builds(Arithmetic, st.sampled_from("+-*/"), left | quantities, left | quantities)

    values = st.recursive(st.builds(lambda n: event[n], names) | quantities, calculated, max_leaves=4)
    plain = leaves | values
    compared = st.builds(Compare, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), plain, plain)
    asked = st.one_of(
        compared,
        st.builds(lambda a, b: a.contains(b), leaves, leaves),
        leaves.map(lambda a: a.exists()),
        st.builds(case_open, names, names),
        st.builds(in_stage, names, names),
    )
    return draw(
        st.recursive(
            asked | st.builds(lambda a, b: a.in_(b), leaves, st.lists(literals, max_size=3)),
            lambda inner: st.one_of(
                st.builds(lambda a, b: a & b, inner, inner),
                st.builds(lambda a, b: a | b, inner, inner),
                inner.map(lambda a: ~a),
                st.builds(lambda a: a == True, inner),  # noqa: E712 - it builds a condition
            ),
            max_leaves=4,
        )
    )


@settings(max_examples=examples(150), deadline=None)
@given(conditions(("offer",)) | odd_expressions())
def test_what_is_written_reads_as_the_same_condition(expression):
    assert parse(to_text(expression)).same_as(expression)


@settings(max_examples=examples(150), deadline=None)
@given(conditions(("offer",)) | odd_expressions())
def test_the_python_form_reads_as_the_same_condition(expression):
    assert parse(str(expression)).same_as(expression)


@settings(max_examples=examples(150), deadline=None)
@given(conditions(("offer",)) | odd_expressions())
def test_what_was_read_is_written_the_same_again(expression):
    text = to_text(expression)
    assert to_text(parse(text)) == text
    assert to_text(parse(str(expression))) == text


@settings(max_examples=examples(100), deadline=None)
@given(conditions(("offer",)))
def test_a_text_means_what_python_makes_of_it(expression):
    known = {name: getattr(touchpoint, name) for name in touchpoint.__all__ if name.islower()}
    python = {"Decimal": Decimal, "date": date, "datetime": datetime, "UTC": UTC, "timedelta": timedelta}
    made = eval(str(expression), known | python)  # noqa: S307 - our own text
    assert parse(str(expression)).same_as(made)


# --- refusing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "is empty"),
        ("  \n ", 1, "is empty"),
        ("customer.tier = 'gold'", 15, "write =="),
        ("customer.tier === 'gold'", 15, "write =="),
        ("event.a && event.b", 9, "write and"),
        ("event.a || event.b", 9, "write or"),
        ("!event.a", 1, "write not"),
        ("event.a <> 1", 9, "write !="),
        ("event.a ≥ 1", 9, "write >="),
        ("event.a AND event.b", 9, "write and"),
        ("event.a is none", 9, "write =="),
        ("event.a == TRUE", 12, "write true"),
        ("if event.a", 1, "no place"),
        ("event.a not event.b", 9, "not in, or and not"),
        ("event.a'x'", 7, "no f, r or b"),
        ("count(a)['b']", 9, "have properties"),
        ("event['exist'](1)", 15, "did you mean 'exists'"),
        ("now > datetime(2026, 3, 1, 1, 1, 1, 1, 1, tzinfo=UTC)", 7, "seven parts"),
        ("timedelta(1, days=2) > event.a", 1, "no value"),
        ("timedelta(days=1, days=2) > event.a", 24, "once"),
        ("timedelta(days=1, 2) > event.a", 19, "once"),
        ("event.a == “gold”", 12, "straight quotes"),
        ("event.a == 'gold", 12, "does not end"),
        ("event.a == 'gold\n'", 12, "does not end"),
        ("event.a == f'gold'", 12, "no f, r or b"),
        ("event.a == 'a' 'b'", 16, "operator"),
        ("(event.a", 1, "never closed"),
        ("event.a)", 8, "nothing here to close"),
        ("(event.a]", 9, "nothing here to close"),
        ("event.a ==", 11, "missing"),
        ("and event.a", 1, "missing before and"),
        ("event.a and", 12, "missing"),
        ("count(, a)", 7, "name"),
        ("1 < event.a < 5", 13, "do not chain"),
        ("event.a in [1] in [2]", 16, "do not chain"),
        ("event.a == 1 & event.b == 2", 14, "binds tighter"),
        ("event.a == not event.b", 12, "parentheses"),
        ("customer.vip and 5", 14, "is a value"),
        ("not (event.a + 1)", 1, "is a value"),
        ("event.a + 'x' > 1", 9, "takes numbers"),
        ("tier == 'gold'", 1, "customer.tier"),
        ("custmer.tier", 1, "did you mean 'customer'"),
        ("cuont(order) > 1", 1, "did you mean 'count'"),
        ("count > 1", 1, r"write count\(…\)"),
        ("count() > 1", 1, "needs a name"),
        ("count(order.placed) > 1", 7, '"order.placed"'),
        ("count(order-placed) > 1", 7, '"order-placed"'),
        ("count(event) > 1", 7, "in quotes"),
        ("count(5) > 1", 7, "takes a name"),
        ("count('a b') > 1", 1, "not a touchpoint type"),
        ("count(a, whithin=3d) > 1", 10, "did you mean 'within'"),
        ("count(a, within=3d, within=3d) > 1", 21, "twice"),
        ("count(a, 3d) > 1", 10, "name what follows"),
        ("count(within=3d, a) > 1", 18, "nothing more here"),
        ("count(a, within=3) > 1", 17, "takes a length"),
        ("count(a, within=0d) > 1", 1, "longer than zero"),
        ("count(a, within=months(1)) > 1", 17, "calendar"),
        ("count(a, within=1y) > 1", 17, "calendar"),
        ("count(a, where='event.a') > 1", 16, "takes a condition"),
        ("count(a, where=event.a > trigger.a) > 1", 1, "within"),
        ("count(a, where=ever(b)) > 1", 1, "again"),
        ("case_open(ref=5)", 1, "ref="),
        ("total(a, of=customer.price) > 1", 1, "of="),
        ("event", 1, "alone has no value"),
        ("event == 1", 7, "alone has no value"),
        ("last(order) == 1", 13, "alone has no value"),
        ("now.year > 1", 4, "have properties"),
        ("count(a).b", 9, "have properties"),
        ("event[0]", 7, "in quotes"),
        ("event[event.a]", 7, "in quotes"),
        ("event.", 7, "property is named"),
        ("event.5", 7, "property is named"),
        ("event.in_ == 1", 7, "in_"),
        ("event.a.exist()", 9, "did you mean 'exists'"),
        ("event.a.upper()", 9, "cannot|can be asked"),
        ("event(1)", 1, "no function"),
        ("count(a)(1)", 9, "only the functions"),
        ("event.a.exists(1)", 16, "cannot stand here"),
        ("event.a in 'gold'", 9, "takes a list"),
        ("event.a in ('gold')", 9, "takes a list"),
        ("event.a in [event.b]", 13, "plain values"),
        ("event.a == -event.b", 12, "before a number"),
        ("event.a == +5", 12, r"without \+"),
        ("event.a == -true", 12, "before a number"),
        ("event.a == 007", 12, "begins with a zero"),
        ("event.a == 0x10", 12, "no number"),
        ("event.a == 1j", 12, "no number"),
        ("event.a == .5", 12, "missing|cannot stand"),
        ("event.a == 5.", 14, "property is named"),
        ("event.a == 1e999", 12, "not a finite number"),
        ("event.a == " + "9" * 601, 12, "600 digits"),
        ("event.a == 3mins", 12, "unit"),
        ("event.a == 0.5us", 12, "between two microseconds"),
        ("event.a == 1000000000d", 12, "longer than any"),
        ("event.a == days(1e300)", 12, "more than any"),
        ("event.a == days('x')", 12, "no value"),
        ("event.a == days(true)", 17, "plain numbers"),
        ("event.a == Decimal('x')", 12, "number in quotes"),
        ("event.a == Decimal('NaN')", 12, "finite"),
        ("event.a == date(2026, 2, 30)", 12, "no value"),
        ("event.a == 2026-02-30", 12, "there is no day"),
        ("now > 2026-03-01T10:00", 7, "no time zone"),
        ("now > 2026-03-01T25:00Z", 7, "no instant"),
        ("now > 0001-01-01T00:00+14:00", 7, "years 1 to 9999"),
        ("now > datetime(2026, 3, 1)", 7, "time zone"),
        ("event.größe", 9, r"U\+00F6"),
        ("\u0435vent.a", 1, r"U\+0435"),
        ("event.ﬁ", 7, r"U\+FB01"),
        (r"event.a == '\d'", 13, r"\\\\ for a backslash"),
        (r"event.a == '\ud83d'", 12, "surrogate"),
        (r"event.a == '\U00110000'", 13, "no such character"),
        ("event.a == 'a\u202eb'", 14, "RIGHT-TO-LEFT"),
        ("\ufeffevent.a", 1, r"U\+FEFF"),
        ("event.a\x00", 8, r"U\+0000"),
        ("event.a == '\ud800'", 13, "half of a surrogate"),
        ("event.__class__.__mro__", 7, "begins with _"),
        ("event._path", 7, "begins with _"),
        ("event.same_as(event.a)", 7, "same_as"),
        ("__import__('os')", 1, "no function '__import__'"),
        ("lambda: 1", 7, "no place"),
        ("event.a if event.b else 1", 9, "no place"),
        ("[x for x in event.a]", 2, "no 'x'"),
        ("(event.a := 1)", 10, ":="),
        ("{'a': 1}", 1, "mappings"),
        ("event.a ** 2 > 1", 9, "no powers"),
        ("event.a == 1 # so", 14, "comments"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, column, says):
    error = refused(text)
    assert (error.line, error.column) == (1, column)
    with pytest.raises(ConditionError, match=says):
        raise error


def test_the_error_points_at_the_place():
    error = refused("customer.vip and\n  custmer.tier == 'gold'", where="Rule(given=)")
    assert (error.line, error.column, error.where) == (2, 3, "Rule(given=)")
    assert str(error).splitlines() == [
        (
            "Rule(given=): line 2, column 3: there is no 'custmer'; did you mean 'customer'? A trait is written "
            "customer.custmer, a property event.custmer, a text in quotes"
        ),
        "      custmer.tier == 'gold'",
        "      ^",
    ]


def test_the_caret_stands_under_the_place_where_characters_are_wide_or_combine():
    shown = str(refused("event.a == '日本e\u0301' x")).splitlines()
    assert shown[1:] == ["    event.a == '日本e\u0301' x", "    " + " " * 19 + "^"]


def test_an_error_shows_no_character_that_could_change_how_it_reads():
    shown = str(refused("event.a == '\u202e\x1b[31m' x"))
    assert r"\u202e\u001b" in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown


def test_an_error_about_a_long_text_shows_the_neighbourhood_only():
    error = refused("event.a == 1 and " * 300 + "event.b = 1" + " and event.c" * 300)
    assert len(str(error)) < 400
    line, caret = str(error).splitlines()[1:]
    assert line[caret.index("^")] == "="


@pytest.mark.parametrize("text", ["5", "'gold'", "event.a + 1", "now", "none", "[1]"])
def test_a_value_is_no_condition(text):
    with pytest.raises(ConditionError, match="neither true nor false"):
        condition(text)


def test_what_is_no_text_is_refused():
    with pytest.raises(JourneyError, match="as text, not a bytes"):
        parse(b"event.a")


def test_nothing_of_a_host_is_ever_run():
    class Sly(str):
        __slots__ = ()

        def __len__(self):
            raise AssertionError

    assert parse(Sly("event.a == 1")).same_as(event.a == 1)


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_text_may_be_long_up_to_a_limit():
    text = "event.a == '" + "x" * (LENGTH - 13) + "'"
    assert isinstance(parse(text), Expression)
    assert "at most 20,000 characters" in str(refused(text + " "))


def test_a_text_may_have_many_words_up_to_a_limit():
    text = "event.a in [" + "1," * ((WORDS - 6) // 2) + "]"
    assert isinstance(parse(text + " " * 9), Expression)
    assert "at most 5,000" in str(refused(text + " and event.b"))


@pytest.mark.parametrize(
    "text",
    [
        lambda n: "not " * (n - 1) + "event.a",
        lambda n: "event.a" + ".exists()" * (n - 1),
        lambda n: "+".join(["event.a"] * n),
        lambda n: "event" + ".a" * n,
        lambda n: "event.a - (" * (n - 1) + "event.a" + ")" * (n - 1),
    ],
)
def test_a_condition_may_be_deep_up_to_a_limit(text):
    found = parse(text(DEPTH))
    assert parse(to_text(found)).same_as(found)
    assert parse(str(found)).same_as(found)
    assert "at most 100" in str(refused(text(DEPTH + 1)))


def test_brackets_that_mean_nothing_have_a_limit_too():
    assert parse("(" * 150 + "event.a" + ")" * 150).same_as(event.a)
    assert "at most 220 deep" in str(refused("(" * 300 + "event.a" + ")" * 300))


def test_a_condition_as_deep_as_can_be_read_is_one_a_journey_takes():
    deepest = parse("not " * (DEPTH - 1) + "event.a")
    assert Journey("j", rules=[Rule("r", when="a", given=deepest, then=[Exit("x")])])


def test_little_stack_is_an_error_of_ours():
    def lower(left):
        return lower(left - 1) if left else refused("(" * 90 + "event.a" + ")" * 90)

    depth = len(inspect.stack(0))
    assert "stack" in str(lower(sys.getrecursionlimit() - depth - 150))


WORST = {
    "and": " and ".join(["event.a"] * 1_250),
    "tight and": "&".join(["event.a"] * 1_250),
    "comparisons": " or ".join(["event.a==1"] * 830),
    "not in": " and ".join(["event.a not in [1]"] * 550),
    "a list": "event.a in [" + "'abcde'," * 2_490 + "]",
    "a where": "count(a, within=3d, where=" + " and ".join(["event.a > trigger.b"] * 600) + ") > 1",
    "questions": " and ".join(["ever(a, where=event.a==trigger.b)"] * 300),
    "escapes": "event.a == '" + r"\n" * 9_980 + "'",
    "brackets": "(" * 10_000 + ")" * 10_000,
    "signs": "-" * 20_000,
    "digits": "1" * 20_000,
    "units": "event.a == " + "1d" * 9_990 + "_",
    "a name": "a" * 20_000,
    "lines": "\n" * 19_990 + "=",
    "a text without end": "event.a == '" + "\\'" * 9_990,
}


@pytest.mark.untraced
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_the_worst_texts_take_little_time_and_memory(text):
    def took():
        since = time.thread_time()
        with suppress(ConditionError):
            parse(text)
        return time.thread_time() - since

    # Whoever traces every line, as a measure of coverage does, takes a multiple of the time.
    most = 0.1 if sys.gettrace() is None else 1.0
    assert any(took() < most for _ in range(3))
    tracemalloc.start()
    try:
        with suppress(ConditionError):
            parse(text)
        assert tracemalloc.get_traced_memory()[1] < 64_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.untraced
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_the_worst_texts_are_read_or_refused_like_any_other(text):
    assert fuzz_conditions.tried(text) in (True, False)


def test_random_and_damaged_texts_raise_no_error_but_ours(capsys):
    assert fuzz_conditions.main(["--examples", "700", "--every", "0"]) == 0
    assert "700 texts" in capsys.readouterr().out


def test_the_fuzz_tells_a_defect_from_a_refusal(monkeypatch, capsys):
    def broken(text):
        return ZeroDivisionError if "0" in text else parse(text)

    monkeypatch.setattr(fuzz_conditions, "parse", broken)
    assert fuzz_conditions.main(["--examples", "700", "--every", "0"]) == 1
    assert "FAILED seed 0" in capsys.readouterr().out


# --- where a condition is taken ---------------------------------------------------------------------------------------

VIP = customer.vip == True  # noqa: E712 - it builds a condition


@pytest.mark.parametrize(
    ("by_text", "by_object"),
    [
        (Rule("r", given="customer.vip == true"), Rule("r", given=VIP)),
        (Rule("r", exit="customer.vip == true"), Rule("r", exit=VIP)),
        (Rule("r", exit=["paid", "(customer.vip)"]), Rule("r", exit=["paid", customer.vip])),
        (Stage("s", phase="engage", given="customer.vip == true"), Stage("s", phase="engage", given=VIP)),
        (Goal("paid", given="customer.vip == true"), Goal("paid", given=VIP)),
        (Branch("customer.vip == true"), Branch(VIP)),
        (WaitUntil("customer.vip == true", forever), WaitUntil(VIP, forever)),
        (WaitFor("paid", forever, given="customer.vip == true"), WaitFor("paid", forever, given=VIP)),
        (Send(HELLO, still="customer.vip == true"), Send(HELLO, still=VIP)),
        (Wait(until="customer.renewal - 3d"), Wait(until=customer.renewal - days(3))),
    ],
)
def test_a_text_stands_wherever_a_condition_does(by_text, by_object):
    assert by_text == by_object


def test_a_where_may_be_text():
    asked = count("a", where="event.order == trigger.order")
    assert asked.same_as(count("a", where=event.order == trigger.order))


def test_an_exit_that_could_be_a_touchpoint_type_is_one():
    assert Rule("r", exit="customer.created").exit == (On("customer.created"),)


def test_a_time_of_day_is_no_condition():
    assert Wait(until="09:00").until == "09:00"


@pytest.mark.parametrize(
    ("build", "where"),
    [
        (lambda: Rule("r", given="custmer.vip"), "Rule(given=)"),
        (lambda: Rule("r", exit="custmer.vip == 1"), "Rule(exit=)"),
        (lambda: Stage("s", phase="engage", given="custmer.vip"), "Stage(given=)"),
        (lambda: Goal("paid", given="custmer.vip"), "Goal(given=)"),
        (lambda: Branch("custmer.vip"), "Branch()"),
        (lambda: WaitUntil("custmer.vip", forever), "WaitUntil()"),
        (lambda: WaitFor("paid", forever, given="custmer.vip"), "WaitFor(given=)"),
        (lambda: Send(HELLO, still="custmer.vip"), "Send(still=)"),
        (lambda: Wait(until="custmer.renewal"), "Wait(until=)"),
        (lambda: ever("a", where="custmer.vip"), 'ever("a"): where='),
    ],
)
def test_the_error_names_what_takes_the_condition(build, where):
    with pytest.raises(ConditionError, match="did you mean 'customer'") as caught:
        build()
    assert caught.value.where == where


def test_a_stored_journey_may_say_its_conditions_as_text():
    rules = [Rule("r", when="a", given=count("a", within=days(30)) >= 3, then=[Branch(VIP, then=[Exit("x")])])]
    journey = Journey("j", rules=rules)
    data = journey_to_dict(journey)
    (rule,) = data["rules"]
    rule["given"] = "count(a, within=30d) >= 3"
    rule["then"][0]["condition"] = "customer.vip == true"
    assert journey_from_dict(data) == journey


def test_a_stored_journey_with_a_wrong_text_says_where():
    data = journey_to_dict(Journey("j", rules=[Rule("r", when="a", given=VIP, then=[Exit("x")])]))
    data["rules"][0]["given"] = "custmer.vip"
    with pytest.raises(JourneyError, match="line 1, column 1") as caught:
        journey_from_dict(data)
    assert [problem.path for problem in caught.value.problems] == ["$.rules[0]"]


# --- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"), [("30d", days(30)), ("1d12h", hours(36)), ("0.25h", timedelta(minutes=15))]
)
def test_a_length_of_time_is_read_exactly(text, length):
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "d", "3", "3 d", "3months", "-3d", "1d" * 51, "٣d"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(JourneyError, match="no length of time"):
        duration(text)


def test_equal_texts_are_equal_literals():
    assert isinstance(parse("'a'"), Literal)
