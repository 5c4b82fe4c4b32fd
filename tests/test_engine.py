"""The engine from outside: recording, profiles, consent, looking, and what it never shows."""

from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import (
    START,
    ends,
    engine_of,
    handed,
    journey,
    marks,
    message,
    pass_time,
    reach,
    sending,
    state_of,
    trace,
)
from touchpoint import (
    CaseType,
    Emit,
    Engine,
    InvalidAddress,
    InvalidInput,
    InvalidTouchpoint,
    JourneyError,
    Policy,
    Preferences,
    QuietHours,
    Rule,
    Send,
    Silent,
    Stage,
    StoreError,
    Touchpoint,
    UnknownCustomer,
    UnknownName,
    VirtualClock,
    Wait,
    WaitUntil,
    count,
    days,
    forever,
    hours,
    minutes,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel

MARK = Emit("mark")
MARKING = Rule("marking", when="start", then=[MARK])
TICK = timedelta(microseconds=1)


def timeline(engine, who="ann"):
    return [each.type for each in engine.customer(who).timeline()]


# --- recording --------------------------------------------------------------------------------------------------------


def test_a_touchpoint_is_on_the_timeline_as_it_was_handed_in():  # S1.2
    engine = engine_of()
    given = engine.record(
        "ann",
        "order",
        {"price": 5},
        id="o1",
        at=START - hours(1),
        channel="web",
        location="Graz",
        direction="outbound",
        about="c1",
    )
    (touchpoint,) = engine.customer("ann").timeline()
    assert given.id == "o1"
    assert touchpoint == Touchpoint(
        "ann", "order", START - hours(1), "o1", {"price": 5}, "web", "Graz", "outbound", "c1", recorded_at=START
    )


def test_a_touchpoint_of_somebody_new_makes_a_customer():  # S1.2
    engine = engine_of(people=())
    engine.record("zoe", "order")
    assert timeline(engine, "zoe") == ["order"]


def test_the_same_touchpoint_counts_once():  # S1.3
    engine = engine_of(MARKING)
    first, again = (engine.record("ann", "start", {"n": 1}, id="t1") for _ in range(2))
    assert [(each.duplicate, each.differs) for each in (first, again)] == [(False, False), (True, False)]
    assert timeline(engine) == ["start", "mark"]


@pytest.mark.parametrize(
    "other",
    [
        {"properties": {"n": 2}},
        {"type": "stop"},
        {"channel": "web"},
        {"at": START - hours(1)},
        {"direction": "outbound"},
        {"about": "x"},
    ],
)
def test_the_same_id_with_other_content_is_reported_and_not_applied(other):  # S1.3
    engine = engine_of(MARKING)
    engine.record("ann", "start", {"n": 1}, id="t1", at=START)
    again = engine.record("ann", **({"type": "start", "properties": {"n": 1}, "id": "t1", "at": START} | other))
    assert (again.duplicate, again.differs, timeline(engine)) == (True, True, ["start", "mark"])


def test_a_duplicate_is_known_for_ever_and_after_a_restart(tmp_path):  # S1.3
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(store=url) as engine:
        engine.record("ann", "start", id="t1")
    with engine_of(store=url, clock=VirtualClock(START + days(5_000))) as engine:
        assert engine.record("ann", "start", id="t1").duplicate


def test_two_customers_may_use_one_id():  # S1.3: an id is the customer's own
    engine = engine_of()
    engine.record("ann", "start", id="t1")
    assert not engine.record("bob", "start", id="t1").duplicate


def test_ids_made_by_the_engine_rise_with_time():  # S1.2
    engine = engine_of()
    made = []
    for _ in range(20):
        made.append(engine.record("ann", "visit").id)
        engine.clock.advance(TICK)
    assert made == sorted(made)
    assert len(set(made)) == 20


def test_two_touchpoints_of_one_instant_have_two_ids():  # S1.3
    engine = engine_of()
    assert engine.record("ann", "visit").id != engine.record("ann", "visit").id


@pytest.mark.parametrize(("age", "late"), [(days(7), False), (days(7) + TICK, True)])
def test_a_late_touchpoint_starts_no_rule(age, late):  # S1.5
    engine = engine_of(MARKING)
    recorded = engine.record("ann", "start", at=START - age)
    assert (recorded.late, len(marks(engine))) == (late, 0 if late else 1)


def test_a_late_touchpoint_moves_no_stage():  # S1.5
    engine = engine_of(parts={"stages": [Stage("new", phase="attract", when="start")]})
    engine.record("ann", "start", at=START - days(30))
    assert engine.customer("ann").stage("one") is None


def test_a_late_touchpoint_counts_and_live_runs_see_it():  # S1.5
    rule = Rule("r", when="start", then=[WaitUntil(count("order") == 1, timeout=forever), MARK])
    engine = engine_of(rule)
    engine.record("ann", "start")
    engine.record("ann", "order", at=START - days(30))
    assert marks(engine) == [START]


def test_how_late_is_too_late_may_be_told():  # S1.5
    engine = engine_of(MARKING, late_after=hours(1))
    assert engine.record("ann", "start", at=START - hours(2)).late


def test_the_trace_says_that_a_touchpoint_was_late():  # S1.5
    engine = engine_of(MARKING)
    engine.record("ann", "start", at=START - days(30))
    assert trace(engine) == [["late"]]


@pytest.mark.parametrize("ahead", [timedelta(0), minutes(5)])
def test_a_slightly_fast_clock_is_forgiven(ahead):  # S1.5
    engine = engine_of(MARKING)
    engine.record("ann", "start", at=START + ahead)
    assert len(marks(engine)) == 1


def test_a_touchpoint_from_the_future_is_refused():  # S1.5
    engine = engine_of(MARKING)
    with pytest.raises(InvalidTouchpoint, match="in the future, more than max_skew"):
        engine.record("ann", "start", at=START + minutes(5) + TICK)
    assert timeline(engine) == []


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"at": datetime(2026, 3, 2)}, "aware datetime"),
        ({"at": "2026-03-02"}, "aware datetime, not str"),
        ({"id": ""}, "id= is a text"),
        ({"id": 7}, "id= is a text of 1 to 500 characters, not int"),
        ({"id": "x" * 501}, "not a text of 501"),
        ({"direction": "sideways"}, "direction is inbound or outbound"),
        ({"properties": {"x": float("nan")}}, r"\$\.x: a number must be finite"),
        ({"properties": [1]}, "mapping from names to values"),
        ({"type": ""}, "type"),
    ],
)
def test_what_cannot_be_accepted_says_why_and_stores_nothing(parts, says):  # S2.1, HOUSE 11
    engine = engine_of(people=())
    with pytest.raises(InvalidTouchpoint, match=says):
        engine.record("ann", **({"type": "start"} | parts))
    with pytest.raises(UnknownCustomer):
        engine.customer("ann")


@pytest.mark.parametrize("who", ["", 7, None, "x" * 501, "\ud800"])
def test_a_customers_id_is_a_text(who):  # S1.1
    with pytest.raises(InvalidTouchpoint, match="customer"):
        engine_of().record(who, "start")


def test_properties_are_kept_exactly_as_they_were():  # S1.2
    from datetime import date
    from decimal import Decimal

    properties = {
        "a": Decimal("1.10"),
        "b": date(2026, 1, 1),
        "c": START,
        "d": days(1),
        "e": [None, {"f": 0.1}],
        "g": 1 << 80,
    }
    engine = engine_of()
    engine.record("ann", "start", properties)
    (touchpoint,) = engine.customer("ann").timeline()
    assert touchpoint.properties == properties
    assert [type(each) for each in touchpoint.properties.values()] == [type(each) for each in properties.values()]


def test_changing_what_was_handed_in_changes_nothing():  # S1.3
    properties = {"tags": ["a"]}
    engine = engine_of()
    engine.record("ann", "start", properties)
    properties["tags"].append("b")
    assert engine.customer("ann").timeline()[0].properties == {"tags": ["a"]}


def test_a_declared_type_is_validated():  # S1.2
    @attrs.frozen
    class Bought:
        price: int

    engine = engine_of(journeys=[journey(Rule("r", when=Bought, then=[MARK]), touchpoints=[Bought])])
    with pytest.raises(InvalidTouchpoint, match="price"):
        engine.record("ann", "bought", {"price": "much"})
    engine.record("ann", "bought", {"price": 5})
    assert len(marks(engine)) == 1


# --- recording many ---------------------------------------------------------------------------------------------------


def test_many_touchpoints_are_recorded_in_their_order():  # S1.4
    engine = engine_of()
    recorded = engine.record_many(Touchpoint("ann", f"t{n}", id=f"{n}") for n in range(30))
    assert [each.id for each in recorded] == [str(n) for n in range(30)]
    assert timeline(engine) == [f"t{n}" for n in range(30)]


def test_a_bad_touchpoint_among_many_is_named_and_nothing_of_its_batch_is_stored(monkeypatch):  # S11.7
    monkeypatch.setattr("touchpoint.engine.engine.BATCH", 3)
    engine = engine_of(people=())
    good = [Touchpoint("ann", f"t{n}") for n in range(5)]
    with pytest.raises(InvalidTouchpoint, match=r"touchpoints\[5\]: .*aware"):
        engine.record_many([*good, Touchpoint("ann", "bad", at=datetime(2026, 1, 1))])
    assert timeline(engine) == ["t0", "t1", "t2"]


def test_duplicates_among_many_are_told_wherever_the_first_one_was(monkeypatch):  # S1.3
    monkeypatch.setattr("touchpoint.engine.engine.BATCH", 2)
    engine = engine_of()
    engine.record("ann", "t", id="a")
    recorded = engine.record_many(
        [
            Touchpoint("ann", "t", id="a"),
            Touchpoint("ann", "t", id="b"),
            Touchpoint("ann", "u", id="b"),
            Touchpoint("ann", "t", id="c"),
            Touchpoint("bob", "t", id="c"),
        ]
    )
    assert [(each.duplicate, each.differs) for each in recorded] == [
        (True, False),
        (False, False),
        (True, True),
        (False, False),
        (False, False),
    ]


def test_a_duplicate_within_one_batch_is_compared_with_the_first():  # S1.3
    engine = engine_of()
    recorded = engine.record_many(
        [
            Touchpoint("ann", "t", id="a", at=START),
            Touchpoint("ann", "t", id="a"),
            Touchpoint("ann", "t", id="a", at=START - hours(1)),
        ]
    )
    assert [(each.duplicate, each.differs) for each in recorded] == [(False, False), (True, False), (True, True)]


def test_no_touchpoints_are_no_trouble():
    assert engine_of().record_many([]) == []


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 40)), max_size=12))
def test_recording_many_is_recording_each(events):  # S4.2: equal journals, equal decisions
    given = [Touchpoint(who, f"t{n % 2}", id=f"{n}", at=START - hours(age)) for who, n, age in events]
    rule = Rule("r", when=["t0", "t1"], given=count("t0", within=hours(24)) >= 1, then=[MARK])
    one, other = engine_of(rule, people="ab"), engine_of(rule, people="ab")
    assert one.record_many(given) == [other.record(each.customer, each.type, id=each.id, at=each.at) for each in given]
    for who in "ab":
        assert trace(one, who) == trace(other, who)
        assert state_of(one, who) == state_of(other, who)


# --- customers --------------------------------------------------------------------------------------------------------


def addresses(engine, who="ann"):
    return [(each.kind, each.key) for each in state_of(engine, who).profile.addresses]


def test_traits_are_merged():  # S1.1
    engine = engine_of()
    engine.identify("ann", traits={"a": 1, "b": 1})
    engine.identify("ann", traits={"b": 2}, locale="de-AT")
    engine.identify("ann", timezone="Europe/Vienna")
    view = engine.customer("ann")
    assert (view.traits, view.zones) == ({"a": 1, "b": 2}, ("Europe/Vienna",))


def test_addresses_are_replaced_kind_by_kind():  # S1.1
    engine = engine_of(people=())
    engine.identify("ann", addresses={"email": ["a@example.com", "b@example.com"], "phone": "+15550100001"})
    engine.identify("ann", addresses={"email": "c@example.com"})
    assert addresses(engine) == [("phone", "+15550100001"), ("email", "c@example.com")]


def test_addresses_are_kept_in_the_form_their_adapter_gives_them():  # S1.1
    class Upper(MemoryChannel):
        def normalise(self, raw, *, region=None):  # noqa: ARG002 - part of the port
            from touchpoint.channels.base import Address

            return Address("email", raw.strip().upper())

    engine = engine_of(channels=[Upper("email")], people=())
    engine.identify("ann", addresses={"email": " ann@example.com ", "phone": "+1 (555) 010-0001"})
    assert addresses(engine) == [("email", "ANN@EXAMPLE.COM"), ("phone", "+15550100001")]


def test_an_address_that_cannot_be_used_is_refused_and_not_repeated():  # S7.5
    engine = engine_of(people=())
    with pytest.raises(InvalidAddress) as caught:
        engine.identify("ann", traits={"x": 1}, addresses={"email": "marker-at-nowhere"})
    assert "marker" not in str(caught.value)
    with pytest.raises(UnknownCustomer):
        engine.customer("ann")


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        ({"timezone": "Europe/Berlim"}, UnknownName, "Europe/Berlin"),
        ({"traits": {"x": object()}}, InvalidInput, r"\$\.x: object cannot be stored"),
        ({"traits": {"x": datetime(2026, 1, 1)}}, InvalidInput, "without a time zone"),
    ],
)
def test_identify_refuses_what_it_cannot_keep(said, error, says):  # HOUSE 11
    engine = engine_of()
    with pytest.raises(error, match=says):
        engine.identify("ann", **said)


def test_declared_traits_are_validated():  # S1.1
    @attrs.frozen
    class Traits:
        age: int | None = None

    engine = engine_of(traits=Traits)
    with pytest.raises(InvalidInput, match="age"):
        engine.identify("ann", traits={"age": "old"})
    engine.identify("ann", traits={"age": 7})
    assert engine.customer("ann").traits == {"age": 7}


def test_a_new_address_lets_a_message_out_that_was_not_asked_yet():  # S6.5
    engine = engine_of(sending(), people=())
    engine.record("zoe", "start")
    reach(engine, "zoe")
    pass_time(engine)
    assert ends(engine, "zoe") == [("hello", "sent")]


def test_a_changed_zone_moves_a_message_that_waits():  # S6.5: asked again at every change
    quiet = Policy(QuietHours("08:00", "20:00", unknown_zone="deny"))
    engine = engine_of(sending(expires=days(3)), policy=quiet)
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "start")
    pass_time(engine)
    assert ends(engine) == [("hello", "waiting")]
    engine.identify("ann", timezone="Pacific/Auckland")  # ten in the evening there
    pass_time(engine)
    assert ends(engine) == [("hello", "sent")]


@pytest.mark.parametrize("ask", ["customer", "planned", "preferences"])
def test_nobody_knows_an_unknown_customer(ask):
    with pytest.raises(UnknownCustomer) as caught:
        getattr(engine_of(), ask)("marker")
    assert "marker" not in str(caught.value)


# --- consent and preferences ------------------------------------------------------------------------------------------


def asking(**parts):
    engine = engine_of(sending(kind="marketing", expires=days(30)), **parts)
    engine.clock.advance(days(1))
    return engine


def sends(engine):
    engine.record("ann", "start")
    pass_time(engine)
    return engine.customer("ann").messages[-1].status == "sent"


def test_marketing_needs_a_grant():  # S7.2
    engine = asking()
    assert not sends(engine)
    engine.grant("ann", "marketing")
    assert sends(engine)


@pytest.mark.parametrize(
    ("grant", "withdrawal", "out"),
    [
        (START, START + hours(1), False),
        (START + hours(1), START, True),  # order is by `at`, not by arrival
        (START, START, False),  # a withdrawal wins ties
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_was_said_last_counts_and_a_withdrawal_wins_ties(grant, withdrawal, out, turned):  # S7.1
    engine = asking()
    said = [
        lambda: engine.grant("ann", "marketing", at=grant),
        lambda: engine.withdraw("ann", "marketing", at=withdrawal),
    ]
    for each in reversed(said) if turned else said:
        each()
    assert sends(engine) is out


def test_a_grant_that_lapses_lets_nothing_out_afterwards():  # S7.1
    engine = asking()
    engine.grant("ann", "marketing", expires_at=START + days(3))
    assert sends(engine)
    pass_time(engine, days(2))
    assert not sends(engine)


@pytest.mark.parametrize("say", ["grant", "withdraw"])
def test_consent_dated_in_the_future_is_refused(say):  # S7.1
    with pytest.raises(InvalidInput, match="future"):
        getattr(engine_of(), say)("ann", "marketing", at=START + TICK)


def test_consent_at_a_naive_time_is_refused():  # S2.1
    with pytest.raises(InvalidInput, match="aware"):
        engine_of().grant("ann", "marketing", at=datetime(2026, 1, 1))


def test_a_withdrawal_acts_on_a_message_that_waits():  # S6.5, S11.2
    engine = asking(policy=Policy(QuietHours("00:00", "23:00", unknown_zone="deny")))
    engine.identify("ann", timezone="UTC")
    engine.grant("ann", "marketing")
    assert not sends(engine)
    assert ends(engine) == [("hello", "waiting")]
    engine.withdraw("ann", "marketing")
    pass_time(engine)
    assert ends(engine) == [("hello", "denied")]


def test_a_withdrawal_of_everything_stops_service_messages_too():  # S7.2
    engine = engine_of(sending())
    assert sends(engine)
    engine.withdraw("ann")
    assert not sends(engine)


def test_a_withdrawal_on_one_channel_leaves_the_others():  # S6.5: the channel's own
    engine = engine_of(sending(channels=["email", "sms"]))
    engine.withdraw("ann", "service", channel="email")
    engine.record("ann", "start")
    pass_time(engine)
    assert (handed(engine, "email"), handed(engine, "sms")) == ([], ["hello"])


def test_every_statement_is_in_the_ledger():  # S7.1
    engine = engine_of()
    engine.grant("ann", "marketing", wording="Yes, please", source="form", evidence="ref-1", jurisdiction="EU")
    engine.withdraw("ann", "marketing")
    with engine.store.reading() as reader:
        (row,) = reader.customers(["ann"])
        ledger = reader.consents(row.no)
    assert [each.granted for each in ledger] == [True, False]
    assert all(words in ledger[0].body for words in ("Yes, please", "form", "ref-1", "EU"))


@pytest.mark.parametrize("bad", [{"purpose": ""}, {"purpose": "x", "channel": ""}])
def test_consent_needs_a_purpose_and_a_channel(bad):  # HOUSE 11
    with pytest.raises(InvalidInput, match=r"\*"):
        engine_of().grant("ann", **bad)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (Preferences(snooze_until=START + hours(3)), "sent"),
        (Preferences(snooze_until=START + days(30)), "waiting"),
        (Preferences(channels_off=["email"]), "denied"),
        (Preferences(topics_off=["service"]), "denied"),
        (Preferences(quiet=("08:00", "12:00")), "sent"),
    ],
)
def test_wishes_of_the_customer_bind(wish, status):  # S7.4
    engine = engine_of(sending())
    engine.identify("ann", timezone="UTC")
    engine.prefer("ann", wish)
    engine.record("ann", "start")
    engine.run_pending()
    assert ends(engine) != [("hello", "sent")]
    pass_time(engine, days(1))
    assert (engine.preferences("ann").wishes, ends(engine)) == (wish, [("hello", status)])


def test_a_frequency_wished_for_is_kept():  # S7.4
    engine = engine_of(sending())
    engine.prefer("ann", Preferences(at_most=(1, days(2))))
    for _ in range(2):
        engine.record("ann", "start")
        pass_time(engine)
    assert ends(engine) == [("hello", "sent"), ("hello", "waiting")]
    pass_time(engine, days(2))
    assert [each.at for each in engine.customer("ann").messages] == [START, START + days(2)]


def test_taking_a_snooze_back_lets_the_message_out_at_once():  # S7.4
    engine = engine_of(sending())
    engine.prefer("ann", Preferences(snooze_until=START + days(2)))
    engine.record("ann", "start")
    pass_time(engine)
    engine.prefer("ann", None)
    pass_time(engine)
    assert (ends(engine), engine.preferences("ann").wishes) == ([("hello", "sent")], Preferences())


def test_changes_of_a_profile_come_after_the_timers_that_were_due():  # S4.2: each at its due instant
    rule = Rule("r", when="start", then=[Wait(days(1)), MARK])
    for change in (
        lambda engine: engine.prefer("ann", Preferences()),
        lambda engine: engine.identify("ann", locale="de"),
        lambda engine: engine.grant("ann", "marketing"),
        lambda engine: engine.withdraw("ann"),
    ):
        engine = engine_of(rule)
        engine.record("ann", "start")
        engine.clock.advance(days(3))
        change(engine)
        pass_time(engine)
        assert marks(engine) == [START + days(1)]


# --- cases, enrolment, names ------------------------------------------------------------------------------------------


def test_the_host_opens_and_closes_a_case_once():  # S8.2
    engine = engine_of(parts={"cases": [CaseType("complaint")]})
    answers = [engine.open_case("ann", "complaint", ref="o1") for _ in range(2)]
    answers += [engine.close_case("ann", "complaint", ref="o1") for _ in range(2)]
    assert answers == [True, False, True, False]
    (case,) = engine.customer("ann").cases()
    assert (case.ref, case.open, engine.customer("ann").cases(open=True)) == ("o1", False, [])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda engine: engine.open_case("ann", "complaynt", ref="x"),
            "case type 'complaynt'; did you mean 'complaint'",
        ),
        (lambda engine: engine.close_case("ann", "complaynt", ref="x"), "did you mean 'complaint'"),
        (lambda engine: engine.enrol("ann", "markin"), "rule 'markin'; did you mean 'marking'"),
        (lambda engine: engine.enrol("ann", "marking", journey="two"), "no rule 'marking'"),
        (lambda engine: engine.why("ann", "helo"), "message or rule 'helo'; did you mean 'hello'"),
        (lambda engine: engine.customer("ann").stage("onne"), "journey 'onne'; did you mean 'one'"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(call, says):  # HOUSE 11
    engine = engine_of(MARKING, sending(), parts={"cases": [CaseType("complaint")]})
    with pytest.raises(UnknownName, match=says):
        call(engine)


def test_a_rule_name_that_two_journeys_have_needs_its_journey():  # S4.1
    engine = engine_of(
        journeys=[journey(MARKING, name="a"), journey(Rule("marking", when="x", then=[Emit("b")]), name="b")]
    )
    with pytest.raises(UnknownName, match="single rule 'marking'"):
        engine.enrol("ann", "marking")
    engine.enrol("ann", "marking", journey="b")
    assert timeline(engine) == ["b"]


def test_two_adapters_for_one_channel_are_refused():  # HOUSE 11
    with pytest.raises(JourneyError, match="two adapters for the channel 'email'"):
        engine_of(channels=["email", "email"])


@pytest.mark.parametrize("option", ["late_after", "max_skew"])
def test_a_negative_length_is_refused(option):  # HOUSE 11
    with pytest.raises(InvalidInput, match="negative"):
        engine_of(**{option: -days(1)})


def test_another_kind_of_store_is_refused():  # HOUSE 11
    with pytest.raises(StoreError, match="no store for the URL scheme 'mysql'"):
        Engine("mysql://secret@host/db")


def test_a_naive_clock_is_refused():  # S2.1
    class Naive(VirtualClock):
        def now(self):
            return datetime(2026, 1, 1)

    with pytest.raises(InvalidInput, match=r"clock\.now\(\) takes an aware datetime"):
        engine_of(clock=Naive(START))


# --- looking ----------------------------------------------------------------------------------------------------------


def test_the_timeline_holds_our_messages_between_the_touchpoints():  # S1.2
    engine = engine_of(sending())
    engine.record("ann", "start")
    pass_time(engine, hours(1))
    engine.record("ann", "reply", about=engine.customer("ann").messages[0].key)
    assert timeline(engine) == ["start", "message_sent", "reply"]
    _, ours, reply = engine.customer("ann").timeline()
    assert (ours.direction, ours.channel, ours.properties["message"], ours.id) == (
        "outbound",
        "email",
        "hello",
        reply.about,
    )


def test_the_timeline_is_in_the_order_in_which_things_happened():  # S1.5: by `at`, not by arrival
    engine = engine_of()
    for name, age in (("b", 2), ("a", 3), ("c", 2)):
        engine.record("ann", name, at=START - hours(age))
    assert timeline(engine) == ["a", "b", "c"]


def test_what_is_planned_is_told_earliest_first():  # S10
    silent = Rule("quiet", when=Silent(days(3)), then=[MARK])
    engine = engine_of(Rule("r", when="start", then=[Wait(days(5)), MARK]), sending(when="start"), silent)
    engine.record("ann", "start")
    assert [each.at for each in engine.planned("ann")] == [START, START + days(3), START + days(5)]
    assert [each.what.split()[0] for each in engine.planned("ann")] == ["hello", "silent", "one/r"]


def test_a_view_does_not_change_with_the_customer():
    engine = engine_of()
    before = engine.customer("ann")
    engine.record("ann", "start")
    engine.identify("ann", traits={"x": 1})
    assert (before.timeline(), before.traits) == ([], {})


def test_runs_tell_when_and_how_they_ended():  # S5
    engine = engine_of(Rule("r", when="start", then=[Wait(days(1))]))
    engine.record("ann", "start")
    (live,) = engine.customer("ann").runs
    pass_time(engine, days(2))
    (over,) = engine.customer("ann").runs
    assert (live.live, live.ended_at, over.live, over.ended_at, over.reason) == (
        True,
        None,
        False,
        START + days(1),
        "done",
    )


# --- what is never shown ----------------------------------------------------------------------------------------------


def test_no_personal_data_is_in_a_repr():  # S7.5
    rule = Rule(
        "r", when="start", key="order", then=[Send(message(content=message().content["*"]), id="s"), Wait(days(1))]
    )
    engine = engine_of(rule, parts={"cases": [CaseType("complaint")]}, people=())
    who = "marker-id"
    engine.identify(who, traits={"name": "marker-name"}, addresses={"email": "marker@example.com"}, timezone="UTC")
    recorded = engine.record(who, "start", {"order": "marker-order", "note": "marker-note"}, location="marker-place")
    engine.prefer(who, Preferences(topics_off=["marker-topic"]))
    pass_time(engine)
    with engine.together() as unit:
        loaded = unit.find(who)
        inside = [
            loaded,
            loaded.state,
            *loaded.state.runs,
            *loaded.state.pending,
            loaded.state.profile,
            *loaded.state.history,
        ]
        shown = [repr(each) for each in inside]
    view = engine.customer(who)
    shown += map(
        repr,
        [
            engine,
            view,
            *view.runs,
            *view.messages,
            *view.timeline(),
            recorded,
            engine.why(who, "r"),
            engine.preferences(who),
        ],
    )
    assert [each for each in shown if "marker" in each] == []


def test_no_personal_data_is_in_an_error():  # S7.5
    @attrs.frozen
    class Bought:
        price: int

    engine = engine_of(journeys=[journey(Rule("r", when=Bought, then=[MARK]), touchpoints=[Bought])])
    attempts = [
        lambda: engine.record("marker", "bought", {"price": "marker"}),
        lambda: engine.record("marker", "start", {"note": {"marker": object()}, "x": {1: "marker"}}),
        lambda: engine.record("marker" * 200, "start"),
        lambda: engine.identify("ann", addresses={"email": ["marker"]}),
        lambda: engine.identify("ann", addresses={"phone": "marker"}),
        lambda: engine.identify("ann", traits={"x": ["marker", object()]}),
        lambda: engine.customer("marker"),
        lambda: engine.why("marker", "r"),
        lambda: engine.record("ann", "start", at="marker"),
        lambda: engine.record("ann", "start", id=["marker"]),
    ]
    for attempt in attempts:
        with pytest.raises((InvalidInput, UnknownCustomer)) as caught:
            attempt()
        assert "marker" not in str(caught.value).replace("$.note.marker", "")
