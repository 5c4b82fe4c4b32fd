"""Hostile values at every door of the engine: a typed refusal without a trace, or kept as they were (S11.1, S7.5)."""

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import (
    AT_THE_EDGE,
    HALF,
    LONG,
    MARKER,
    ODD,
    SQL,
    WRONG,
    anything,
    dump,
    nested,
    refused,
    taken_or_refused,
    texts,
)
from making import MARK, engine_of, message, pass_time, sending
from touchpoint import (
    Anniversary,
    CaseType,
    Content,
    Emit,
    InvalidInput,
    OpenCase,
    Preferences,
    Rule,
    Send,
    SetTrait,
    Touchpoint,
    Wait,
    WaitUntil,
    count,
    customer,
    days,
    event,
    last,
    now,
    total,
    trigger,
)
from touchpoint.channels.inbound import Clicked, Receipt, Replied, TaskDone
from touchpoint.engine.telling import text as told
from touchpoint.errors import UnknownName
from touchpoint.model.payload import DIGITS, TEXT, TEXTS

BY_HAND = Rule("by hand", key="order", then=[Send(message("hand", content=Content("Hi {trigger.x|there}")))])


def engine():
    made = engine_of(sending(), BY_HAND, parts={"cases": [CaseType("complaint")]})
    made.record("ann", "start")
    made.run_pending()
    return made


def key_of(engine):
    return engine.customer("ann").messages[0].key


DOORS = {
    "record(customer=)": lambda e, v: e.record(v, "start"),
    "record(type=)": lambda e, v: e.record("ann", v),
    "record(id=)": lambda e, v: e.record("ann", "start", id=v),
    "record(at=)": lambda e, v: e.record("ann", "start", at=v),
    "record(channel=)": lambda e, v: e.record("ann", "start", channel=v),
    "record(location=)": lambda e, v: e.record("ann", "start", location=v),
    "record(direction=)": lambda e, v: e.record("ann", "start", direction=v),
    "record(about=)": lambda e, v: e.record("ann", "start", about=v),
    "record(properties=)": lambda e, v: e.record("ann", "start", v),
    "record_many([…])": lambda e, v: e.record_many([v]),
    "identify(customer=)": lambda e, v: e.identify(v),
    "identify(traits=)": lambda e, v: e.identify("ann", traits=v),
    "identify(addresses=)": lambda e, v: e.identify("ann", addresses=v),
    "identify(addresses={email: …})": lambda e, v: e.identify("ann", addresses={"email": v}),
    "identify(addresses={phone: …})": lambda e, v: e.identify("ann", addresses={"phone": v}),
    "identify(addresses={postal: …})": lambda e, v: e.identify("ann", addresses={"postal": v}),
    "identify(timezone=)": lambda e, v: e.identify("ann", timezone=v),
    "identify(locale=)": lambda e, v: e.identify("ann", locale=v),
    "grant(customer=)": lambda e, v: e.grant(v, "marketing"),
    "grant(purpose=)": lambda e, v: e.grant("ann", v),
    **{
        f"grant({name}=)": lambda e, v, name=name: e.grant("ann", "marketing", **{name: v})
        for name in ("channel", "at", "basis", "source", "wording", "evidence", "jurisdiction", "expires_at")
    },
    "withdraw(purpose=)": lambda e, v: e.withdraw("ann", v),
    "withdraw(channel=)": lambda e, v: e.withdraw("ann", channel=v),
    "prefer(customer=)": lambda e, v: e.prefer(v, None),
    "prefer(preferences=)": lambda e, v: e.prefer("ann", v),
    **{
        f"Preferences({name}=)": lambda e, v, name=name: e.prefer("ann", Preferences(**{name: v}))
        for name in ("channels_off", "topics_off", "snooze_until", "quiet", "at_most")
    },
    "Preferences(at_most=(…, days))": lambda e, v: e.prefer("ann", Preferences(at_most=(v, days(1)))),
    "Preferences(at_most=(1, …))": lambda e, v: e.prefer("ann", Preferences(at_most=(1, v))),
    "enrol(customer=)": lambda e, v: e.enrol(v, "by hand"),
    "enrol(rule=)": lambda e, v: e.enrol("ann", v),
    "enrol(properties=)": lambda e, v: e.enrol("ann", "by hand", properties=v),
    "enrol(id=)": lambda e, v: e.enrol("ann", "by hand", id=v),
    "open_case(customer=)": lambda e, v: e.open_case(v, "complaint", ref="1"),
    "open_case(case=)": lambda e, v: e.open_case("ann", v, ref="1"),
    "open_case(ref=)": lambda e, v: e.open_case("ann", "complaint", ref=v),
    "close_case(ref=)": lambda e, v: e.close_case("ann", "complaint", ref=v),
    "resume(channel=)": lambda e, v: e.resume(channel=v),
    "resume(message=)": lambda e, v: e.resume(message=v),
    "apply(event=)": lambda e, v: e.apply(v),
    **{
        f"Replied({name}=)": lambda e, v, name=name: e.apply(
            Replied(**{"customer": "ann", "channel": "email", "text": "STOP"} | {name: v})
        )
        for name in ("customer", "channel", "text", "address", "about", "id", "at")
    },
    **{
        f"Clicked({name}=)": lambda e, v, name=name: e.apply(Clicked(**{"about": key_of(e)} | {name: v}))
        for name in ("about", "link", "id", "at")
    },
    **{
        f"Receipt({name}=)": lambda e, v, name=name: e.apply(
            Receipt(**{"about": key_of(e), "state": "delivered"} | {name: v})
        )
        for name in ("about", "state", "id", "at")
    },
    **{
        f"TaskDone({name}=)": lambda e, v, name=name: e.apply(
            TaskDone(**{"about": key_of(e), "outcome": "reached"} | {name: v})
        )
        for name in ("about", "outcome", "reason", "id", "at")
    },
    "customer()": lambda e, v: e.customer(v),
    "why(name=)": lambda e, v: e.why("ann", v),
}
FREE = [
    "record(location=)", "record(channel=)", "record(about=)", "record(id=)", "identify(addresses={postal: …})",
    "grant(source=)", "grant(wording=)", "grant(evidence=)", "grant(jurisdiction=)", "Clicked(link=)",
    "TaskDone(reason=)",
]  # fmt: skip
"""Doors through which any text goes."""
BOUNDED = [name for name in DOORS if name not in {"record(properties=)", "prefer(preferences=)"}]


@pytest.mark.parametrize("door", DOORS)
def test_a_value_of_a_wrong_kind_is_refused_or_taken_whole(door):
    made = engine()
    for value in WRONG:
        with taken_or_refused(made):
            DOORS[door](made, value)
    pass_time(made, days(1))
    told(made.customer("ann"))  # whatever was taken keeps nobody from working and looking


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", [HALF, LONG * 10], ids=["half a surrogate pair", "a long text"])
def test_a_text_that_cannot_be_kept_is_refused_without_a_trace(door, value):
    made = engine()
    if door in {"record(type=)", "Receipt(state=)"} or "rule" in door or "case=" in door or "resume" in door:
        with taken_or_refused(made):  # names of things, which errors do tell, up to 100 characters of them
            DOORS[door](made, value)
    elif door in {"identify(timezone=)", "Replied(channel=)", "why(name=)"}:
        with pytest.raises((UnknownName, InvalidInput)):
            DOORS[door](made, value)
    elif door != "Replied(text=)":
        with refused(made):
            DOORS[door](made, value)
    else:
        with refused(made):
            made.apply(Replied("ann", "email", value))


@pytest.mark.parametrize("door", FREE)
@pytest.mark.parametrize("value", ODD)
def test_an_odd_text_is_kept_like_any_other(door, value):
    made = engine()
    if not (value.strip() and "\0" not in value) and "postal" in door:
        return
    DOORS[door](made, value)
    pass_time(made, days(1))
    assert MARKER not in value or MARKER in dump(made)
    told(made.customer("ann"))


@pytest.mark.parametrize("value", [*ODD, "a" * 500])
def test_an_id_is_read_back_as_it_was(value):  # S1.1, S1.3
    made = engine()
    assert made.record(value, "start", {"x": 1}, id=value, location=value).id == value
    assert made.record(value, "start", {"x": 1}, id=value, location=value).duplicate
    assert not made.record("x" + value[1:] + "y"[: len(value) < 500], "start", id=value).duplicate
    (seen,) = [each for each in made.customer(value).timeline() if each.type == "start"]
    assert (seen.customer, seen.id, seen.location) == (value, value, value)


def test_ids_that_only_look_alike_are_two():  # S1.1
    cyrillic, composed, decomposed = "\u0430nn", "\xe9", "e\u0301"
    made = engine_of(people=())
    for each in ("ann", cyrillic, "ANN", "ann ", composed, decomposed, "ann\0", "ann\0x"):
        made.record(each, "start")
    assert len(list(made.store._connection.execute("SELECT * FROM touchpoint_customers"))) == 8


@pytest.mark.parametrize("name", [*(each for each in ODD if each[0] != "$"), "__class__", "constructor", "x" * 200])
@pytest.mark.parametrize(
    "value", [SQL, "\0", "\x1b[2J", "{customer.__class__}", "0" * TEXT, 10**DIGITS - 1, -0.0, [[]], {}]
)
def test_names_and_values_of_properties_and_traits_are_read_back_equal(name, value):  # S1.2
    made = engine_of(people=())
    made.identify("ann", traits={name: value})
    made.record("ann", "start", {name: value, "deep": {name: [value]}})
    found = made.customer("ann")
    assert found.traits == {name: value}
    assert found.timeline()[0].properties == {name: value, "deep": {name: [value]}}


@pytest.mark.parametrize(
    "value",
    [
        10**DIGITS, -(10**DIGITS), 10**5_000, float("nan"), float("inf"), Decimal("sNaN"), Decimal("-Infinity"),
        Decimal("1" * (DIGITS + 1)), HALF, "x" * (TEXT + 1), nested(17), nested(100_000), [0] * 10_001,
        ["x" * TEXT] * (TEXTS // TEXT + 1), {"$date": MARKER}, {HALF: 1}, {1: MARKER}, b"x", {1}, *AT_THE_EDGE,
        datetime(2026, 1, 1),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_no_payload_may_hold_is_refused_without_a_trace(value):  # S1.2, S11.1
    made = engine()
    for act in (
        lambda: made.record("bob", "start", {"x": value}),
        lambda: made.record("bob", "start", {"x": {"y": value}}),
        lambda: made.record_many([Touchpoint("ann", "start"), Touchpoint("bob", "start", properties={"x": value})]),
        lambda: made.identify("bob", traits={"x": value}),
        lambda: made.enrol("bob", "by hand", properties={"x": value}),
    ):
        with refused(made, InvalidInput):
            act()


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "Europe/../../../etc/passwd",
        "posix/UTC",
        "localtime",
        "",
        "Europe\\Vienna",
        "Europe/Vienna\0",
        "\uff35TC",
        "x" * 500,
        ["UTC", "../x"],
    ],
)
def test_a_time_zone_is_a_name_and_no_path(name):  # S2.2
    made = engine()
    before = dump(made)
    with pytest.raises((UnknownName, InvalidInput)) as caught:
        made.identify("ann", timezone=name)
    assert len(str(caught.value)) < 500
    assert dump(made) == before


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com\r\nBcc: all@example.com", "ann@example.com\nX", "ann@exa\0mple.com",
        "ann@example.com,b@example.com",
        "Ann <ann@example.com>", "ann@example.com>", '"ann@x"@example.com', "ann@\u202eexample.com",
        "a" * 65 + "@example.com",
        "ann@" + "a." * 200 + "com", "ann@-example.com", "@example.com", "ann@", "ann@@example.com",
        "ann@exam\u200bple.com",
        "ann;rm@example.com", "ann@[127.0.0.1]", HALF + "@example.com", "a\u2028b@example.com",
    ],
)  # fmt: skip
def test_an_address_that_could_mean_more_than_one_is_refused_without_being_told(address):  # S7.5
    made = engine()
    with refused(made, InvalidInput) as caught:
        made.identify("ann", addresses={"email": [address]})
    assert "example" not in str(caught.value).replace("example.com", "", 1).replace("as in ", "")


@pytest.mark.parametrize(
    "number",
    ["+1555\u0660123456", "tel:+15550123456", "+1555012345x6", "+1" * 500, "+15550123456;ext=1", "+1555\n0123456\0"],
)
def test_a_phone_number_is_digits(number):
    made = engine()
    with refused(made, InvalidInput):
        made.identify("ann", addresses={"phone": number})


def test_a_look_alike_of_an_address_is_another_address():
    homoglyph = "\u0430nn@example.com"
    made = engine_of(people=())
    made.identify("ann", addresses={"email": ["ann@example.com", homoglyph]})
    made.apply(Replied("ann", "email", "STOP", address=homoglyph))
    rows = list(made.store._connection.execute("SELECT * FROM touchpoint_addresses"))
    assert [row[1] for row in rows] == [homoglyph]


# --- what is taken keeps nobody from working --------------------------------------------------------------------------

EXTREME = [
    10**599, -(10**599), 1.7e308, 5e-324, Decimal("1e999999"), Decimal("-1e-999999"), Decimal("1e999999999999"),
    "9" * 4_000,
    date.max, date.min, timedelta.max, timedelta.min, datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
    "9999-12-31", "0001-01-01", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
    "x" * TEXT,
    [1] * 9_000, {"a": {"b": 1}}, True, None, "\0", "{customer.__class__}",
]  # fmt: skip
SQUARED = SetTrait("n", customer.n * customer.n)
REACTIONS = {
    "waits until a date": [Wait(until=trigger.x, at="23:59"), MARK],
    "waits until an instant": [Wait(until=trigger.x), MARK],
    "calculates": [SetTrait("n", trigger.x * trigger.x), *[SetTrait("n", customer.n * customer.n,
    id=f"n{n}") for n in range(9)]],
    "moves times": [SetTrait("m", now + trigger.x), SetTrait("o", now - trigger.x), SetTrait("p", trigger.x / 3)],
    "emits": [Emit("mark", {"a": trigger.x, "b": trigger.x + trigger.x})],
    "opens a case": [OpenCase("complaint", ref=trigger.x)],
    "waits for a condition": [WaitUntil(now - trigger.x > days(1), timeout=days(2)), MARK],
    "writes": [Send(message("m",
    content=Content("{trigger.x|a} {trigger.x:money|b} {trigger.x:datetime|c} {trigger.x:title|d}")))],
}  # fmt: skip
QUESTIONS = {
    "a total": total("start", "x") > 3,
    "a total in a window": total("start", "x", within=days(3)) > 3,
    "equals": count("start", where=event.x == trigger.x) > 0,
    "an order": count("start", within=days(3), where=event.x <= trigger.x) > 0,
    "the last": (last("start").x == trigger.x) | (event.x * event.x > 1) | event.x.contains("x") | event.x.in_([1]),
}


def listed(value):
    """The value with tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {name: listed(each) for name, each in value.items()}
    return [listed(each) for each in value] if isinstance(value, list | tuple) else value


def live(made, value):
    made.identify("ann", timezone=["Pacific/Kiritimati", "America/New_York"], traits={"birthday": value})
    for _ in range(2):
        made.record("ann", "start", {"x": value})
    pass_time(made, days(3))
    made.record("ann", "start", {"x": 1})
    made.record("bob", "start", {"x": 1})
    pass_time(made, days(400))
    return made


@pytest.mark.untraced
@pytest.mark.parametrize("then", REACTIONS)
def test_no_datum_keeps_a_journey_from_going_on(then):  # S11.4
    for value in EXTREME:
        made = engine_of(Rule("r", when="start", then=REACTIONS[then]), parts={"cases": [CaseType("complaint")]})
        live(made, value)
        assert made.parked() == []
        assert told(made.customer("ann"))
        assert str(made.why("ann", "r"))


@pytest.mark.parametrize("given", QUESTIONS)
def test_no_datum_keeps_a_question_from_being_answered(given):  # S4.6, S11.4
    for value in EXTREME:
        made = live(engine_of(Rule("r", when="start", given=QUESTIONS[given], key="x", then=[MARK])), value)
        assert made.parked() == []
        assert str(made.why("ann", "r"))


@pytest.mark.parametrize("before", [timedelta(0), days(30)])
def test_no_date_keeps_an_anniversary_from_being_looked_for(before):  # S11.4
    for value in EXTREME:
        rule = Rule("r", when=Anniversary("birthday", at="23:59", before=before, unknown_zone="UTC"), then=[MARK])
        assert told(live(engine_of(rule), value).customer("ann"))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize(
    "wishes",
    [
        Preferences(snooze_until=datetime.max.replace(tzinfo=UTC), quiet=("00:00", "24:00")),
        Preferences(at_most=(10**9, timedelta(days=36_525))),
        Preferences(channels_off=[*ODD], topics_off=ODD),
    ],
)
def test_no_wish_keeps_the_gate_from_answering(zone, wishes):  # S6.5, S7.4
    made = engine_of(sending(kind="marketing"))
    made.identify("ann", timezone=zone)
    made.grant("ann", "marketing")
    made.prefer("ann", wishes)
    assert made.preferences("ann").wishes == wishes
    made.record("ann", "start")
    pass_time(made, days(10))
    assert str(made.why("ann", "hello"))


# --- laws -------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(BOUNDED), anything), min_size=1, max_size=6))
def test_whatever_comes_is_taken_or_refused_without_a_trace(acts):
    made = engine()
    for door, value in acts:
        with taken_or_refused(made):
            DOORS[door](made, value)
    pass_time(made, days(2))
    assert told(made.customer("ann"))


@settings(max_examples=60)
@given(st.dictionaries(texts, st.recursive(anything, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts,
    inner, max_size=3), max_leaves=6), max_size=4))  # fmt: skip
def test_a_payload_is_read_back_equal_or_refused_without_a_trace(properties):  # S1.2
    made = engine_of(people=())
    with taken_or_refused(made):
        recorded = made.record("ann", "start", properties)
        (seen,) = [each for each in made.customer("ann").timeline() if each.id == recorded.id]
        assert seen.properties == listed(properties)


def calls(act):
    """How many functions are called."""
    counted = [0]

    def tell(_frame, what, _arg):
        counted[0] += what in ("call", "c_call")

    sys.setprofile(tell)
    try:
        act()
    finally:
        sys.setprofile(None)
    return counted[0]


@pytest.mark.untraced
@pytest.mark.parametrize(
    "payload",
    [
        lambda n: {"x": list(range(n))},
        lambda n: {f"x{i}": "\xe9" for i in range(n)},
        lambda n: {"x": [{"y": [i]} for i in range(n // 3)]},
        lambda n: {"x": [HALF] * n},
    ],
)
def test_twice_the_payload_takes_no_more_than_twice_the_work(payload):
    def act(n):
        made = engine_of(Rule("r", when="start", given=event.x == trigger.x, then=[MARK]), people=())
        given = payload(n)

        def record():
            with taken_or_refused(made):
                made.record("ann", "start", given)

        return calls(record)

    act(10)
    assert act(4_000) < 2.5 * act(2_000)
