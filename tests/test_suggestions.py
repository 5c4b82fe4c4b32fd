"""Suggestions: what pages, tills and agents are told to offer, through the gate (S6.5, S9, S10)."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from making import START, engine_of
from touchpoint import (
    CaseType,
    ConsentRule,
    ConsentRules,
    Content,
    Hold,
    HoldOut,
    InvalidInput,
    Journey,
    Policy,
    Preferences,
    Pull,
    QuietHours,
    Rule,
    Segment,
    SetTrait,
    Stage,
    Suggestion,
    UnknownCustomer,
    UnknownName,
    cool_down,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    in_segment,
    now,
    once,
    times,
)
from touchpoint.journey.policy import Cap
from touchpoint.model.suggested import LONGEST_NAMES, Offer, bytes_of_names, offer_id, offer_of

HOME = "web.home"


def tea(name="tea", **parts):
    """A suggestion that needs no consent, unless told otherwise."""
    usual = {"why": "a test wants it", "place": HOME, "value": 1, "content": "Tea?", "kind": "service"}
    return Suggestion(name, **(usual | parts))


def offering(*suggestions, store="sqlite://", people=("ann",), parts=None, rules=(), **options):
    return engine_of(*rules, store=store, people=people, parts={"suggestions": suggestions, **(parts or {})}, **options)


def names(engine, place=HOME, who="ann", n=9):
    return [each.name for each in engine.suggest(who, place, n)]


def against(engine, name="tea", place=HOME, who="ann"):
    """What stands against a suggestion."""
    found = engine.why_suggested(who, place).suggestions
    return [each.partition(":")[0] for each in next(one for one in found if one.name == name).reasons]


def release(engine, journey):
    engine.release(journey, confirm=engine.preview_release(journey).token, by="chris")


# Ranking.


def test_the_highest_value_comes_first_whatever_the_order_of_declaration():
    with closing(offering(tea("low", value=1), tea("high", value=3), tea("middle", value=2.5))) as engine:
        assert names(engine) == ["high", "middle", "low"]
        assert names(engine, n=2) == ["high", "middle"]
        assert [each.value for each in engine.suggest("ann", HOME, 3)] == [3, 2.5, 1]


def test_of_equal_values_the_higher_priority_comes_first_then_the_one_declared_first():
    some = tea("a"), tea("b", priority=1), tea("c", value=Decimal("1.0")), tea("d", priority=-1)
    with closing(offering(*some)) as engine:
        assert names(engine) == ["b", "a", "c", "d"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from((0, 1, -1, 0.5, Decimal("0.5"), 2)), min_size=1, max_size=6), st.integers(1, 7))
def test_fewer_are_the_beginning_of_more_and_the_explanation_ranks_alike(values, n):
    some = [tea(f"s{place}", value=value) for place, value in enumerate(values)]
    with closing(offering(*some)) as engine:
        whole = names(engine)
        assert names(engine, n=n) == whole[:n]
        assert [each.name for each in engine.why_suggested("ann", HOME).suggestions] == whole
        ranked = sorted(range(len(values)), key=lambda place: (-values[place], place))
        assert whole == [f"s{place}" for place in ranked]


def test_a_value_may_be_an_expression_and_without_one_that_is_known_nothing_is_offered():
    with closing(offering(tea(value=customer.basket * 0.5), tea("plain", value=4))) as engine:
        assert names(engine) == ["plain"]
        assert against(engine) == ["value"]
        engine.identify("ann", traits={"basket": 20})
        assert names(engine) == ["tea", "plain"]
        engine.identify("ann", traits={"basket": "much"})
        assert names(engine) == ["plain"]


def test_only_what_is_declared_for_a_place_is_offered_there():
    with closing(offering(tea(place=["store.till", "agent"]), tea("page"))) as engine:
        assert (names(engine), names(engine, "agent"), names(engine, "nowhere")) == (["page"], ["tea"], [])
        with pytest.raises(UnknownName):
            engine.why_suggested("ann", "nowhere")


def test_suggestions_of_several_journeys_compete_at_one_place():
    journeys = [Journey("shop", suggestions=[tea(value=1)]), Journey("club", suggestions=[tea("card", value=2)])]
    with closing(engine_of(journeys=journeys)) as engine:
        assert [(each.journey, each.name) for each in engine.suggest("ann", HOME, 9)] == [
            ("club", "card"), ("shop", "tea"),
        ]  # fmt: skip


ASKED = (None, count("order") >= 1, customer.points > 1, ~ever("visit", within=days(2)))


@st.composite
def some_suggestions(draw):
    """Suggestions for whom now one thing, now another stands in the way."""

    def one(name):
        return tea(
            name, value=draw(st.sampled_from((1, 2, customer.points, customer.name))), priority=draw(st.integers(0, 1)),
            given=draw(st.sampled_from(ASKED)), limit=draw(st.sampled_from((None, once(), times(2, per=days(3))))),
            stages=draw(st.sampled_from(((), "buyer"))), segments=draw(st.sampled_from(((), "lively"))),
            kind=draw(st.sampled_from(("service", "marketing"))),
            content=draw(st.sampled_from(("Tea?", "Tea, {customer.name}?"))),
            rest_after_declined=draw(st.sampled_from((None, days(2), forever))),
            valid_from=draw(st.sampled_from((None, date(2026, 3, 4)))),
        )  # fmt: skip

    return [one(f"s{n}") for n in range(draw(st.integers(1, 5)))]


ACTS = st.sampled_from(("order", "visit", "shown", "declined", "points", "name", "grant", "case", "wait"))


@settings(max_examples=40, deadline=None)
@given(some_suggestions(), st.lists(ACTS, max_size=8))
def test_whatever_happened_the_answer_is_what_the_explanation_ranks(some, acts):  # S10
    parts = {
        "stages": [Stage("buyer", phase="engage", when="order")], "cases": [CaseType("late")],
        "segments": [Segment("lively", ever("visit", within=days(2)))], "policy": Policy(Hold(kinds=["marketing"])),
    }  # fmt: skip
    with closing(offering(*some, parts=parts)) as engine:
        for act in acts:
            live(engine, act)
            told = engine.why_suggested("ann", HOME).suggestions
            eligible = [each for each in told if not each.reasons]
            assert [each.name for each in eligible] == names(engine)
            assert [each.rank for each in told] == [*range(1, len(eligible) + 1), *[None] * (len(told) - len(eligible))]
            values = [each.value for each in eligible]
            assert values == sorted(values, reverse=True)


def live(engine, act):
    offered = engine.suggest("ann", HOME)
    match act:
        case "shown" | "declined" if offered:
            getattr(engine.suggestions, act)("ann", offered[0].id)
        case "points":
            engine.identify("ann", traits={"points": 3})
        case "name":
            engine.identify("ann", traits={"name": "Ann"})
        case "grant":
            engine.grant("ann", "marketing")
        case "case":
            engine.open_case("ann", "late", ref="1")
        case "wait":
            engine.clock.advance(days(1))
        case "order" | "visit":
            engine.record("ann", act)


# Who it is for.


def test_a_condition_asks_history_traits_and_now():
    given = (count("order", within=days(7)) >= 2) & (customer.age >= 18) & (now < datetime(2026, 4, 1, tzinfo=UTC))
    with closing(offering(tea(given=given))) as engine:
        engine.identify("ann", traits={"age": 30})
        engine.record("ann", "order")
        assert names(engine) == []
        engine.record("ann", "order")
        assert names(engine) == ["tea"]
        engine.clock.advance(days(7))
        assert names(engine) == []  # the windows are as of now, whoever has looked in between


def test_what_is_unknown_is_not_offered():  # S4.6
    with closing(offering(tea(given=customer.age < 99))) as engine:
        assert against(engine) == ["given"]
        assert "age" in engine.why_suggested("ann", HOME).suggestions[0].reasons[0]


def test_stages_and_segments_say_who_it_is_for():
    parts = {
        "stages": [Stage("buyer", phase="engage", when="order"), Stage("fan", phase="delight", when="review")],
        "segments": [Segment("lively", ever("visit", within=days(3))), Segment("loud", ever("shout"))],
    }
    some = tea("stage", stages=["fan"]), tea("segment", segments=["lively", "loud"]), tea("both", stages="buyer")
    with closing(offering(*some, parts=parts)) as engine:
        assert (names(engine), against(engine, "stage"), against(engine, "segment")) == ([], ["stage"], ["segment"])
        engine.record("ann", "order")
        engine.record("ann", "visit")
        assert names(engine) == ["segment", "both"]
        engine.record("ann", "review")
        assert names(engine) == ["stage", "segment"]


def test_who_has_left_a_segment_by_time_alone_is_out_of_it_before_anybody_has_looked():  # S3.3
    parts = {"segments": [Segment("lively", ever("visit", within=days(3))), Segment("quiet", ~in_segment("lively"))]}
    with closing(offering(tea(segments="lively"), tea("rest", given=in_segment("quiet")), parts=parts)) as engine:
        engine.record("ann", "visit")
        assert names(engine) == ["tea"]
        engine.clock.advance(days(3))
        assert names(engine) == ["rest"]
        engine.run_pending()
        assert names(engine) == ["rest"]


def test_it_is_offered_on_the_customers_own_dates():
    one = tea(valid_from=date(2026, 3, 3), valid_until=date(2026, 3, 4))
    with closing(offering(one, people=("ann", "bob"))) as engine:
        engine.identify("ann", timezone="Asia/Tokyo")
        engine.clock.advance(timedelta(hours=7))  # 16:00 UTC, which is the 3rd in Tokyo
        assert (names(engine), names(engine, who="bob")) == (["tea"], [])
        engine.clock.advance(timedelta(hours=8))
        assert (names(engine), names(engine, who="bob")) == (["tea"], ["tea"])
        engine.clock.advance(timedelta(hours=15))
        assert (names(engine), names(engine, who="bob")) == ([], ["tea"])
        assert against(engine) == ["valid"]


# The gate (S6.5).


def test_marketing_needs_a_grant_for_the_place_unless_the_policy_says_otherwise():  # S7.2
    with closing(offering(tea(kind="marketing"))) as engine:
        assert against(engine) == ["consent"]
        engine.grant("ann", "marketing", channel=HOME)
        assert names(engine) == ["tea"]
    house = Policy(ConsentRules(ConsentRule(needs="no_withdrawal", channels=[HOME], kinds=["marketing"])))
    with closing(offering(tea(kind="marketing", place=[HOME, "agent"]), policy=house)) as engine:
        assert (names(engine), names(engine, "agent")) == (["tea"], [])
        engine.withdraw("ann", "marketing")
        assert against(engine) == ["consent"]


def test_promotional_words_make_a_suggestion_marketing():  # S6.1
    with closing(offering(tea(content=Content(text="-20 %", promotional=True)))) as engine:
        assert against(engine) == ["consent"]


def test_an_open_case_holds_it_and_so_does_the_cool_off():  # S6.10
    hold = Hold(while_open=["complaint"], kinds=["service"], cool_off=days(2))
    parts = {"cases": [CaseType("complaint")], "policy": Policy(hold)}
    with closing(offering(tea(), parts=parts)) as engine:
        engine.open_case("ann", "complaint", ref="1")
        assert against(engine) == ["hold"]
        engine.close_case("ann", "complaint", ref="1")
        assert engine.why_suggested("ann", HOME).suggestions[0].again_at == START + days(2)
        engine.clock.advance(days(2))
        assert names(engine) == ["tea"]


def test_a_hold_out_gets_none_of_its_kinds():  # S9
    house = Policy(HoldOut("2026", percent=50, kinds=["service"]))
    people = [f"c{n}" for n in range(40)]
    with closing(offering(tea(), people=people, policy=house)) as engine:
        offered = [each for each in people if names(engine, who=each)]
        out = [each for each in people if against(engine, who=each) == ["hold-out"]]
        assert sorted(offered + out) == sorted(people)
        assert 8 < len(out) < 32


def test_wishes_of_the_customer_bind_it():  # S7.4
    with closing(offering(tea(topic="drinks"))) as engine:
        for wish in (Preferences(topics_off=["drinks"]), Preferences(channels_off=[HOME])):
            engine.prefer("ann", wish)
            assert against(engine) == ["preferences"]
        engine.prefer("ann", None)
        engine.snooze("ann", days(3))
        assert against(engine) == ["preferences"]


def test_kill_switches_act_at_once_on_a_suggestion_a_journey_and_a_place():  # S11.8
    with closing(offering(tea())) as engine:
        for what in ({"message": "tea"}, {"journey": "one"}, {"channel": HOME}):
            engine.pause(reason="a slip", **what)
            assert (names(engine), against(engine)) == ([], ["paused"])
            engine.resume(**what)
            assert names(engine) == ["tea"]


def test_quiet_hours_and_caps_bind_no_suggestion_unless_the_policy_says_so():
    quiet, cap = QuietHours("08:00", "20:00", unknown_zone="UTC"), Cap(1, per=days(1))
    with closing(offering(tea(), policy=Policy(quiet, cap))) as engine:
        assert names(engine) == ["tea"]
    with closing(
        offering(tea(place=[HOME, "agent"]), policy=Policy(quiet, Pull(places=["agent"], quiet_hours=True)))
    ) as engine:
        assert (names(engine), names(engine, "agent")) == (["tea"], [])
        assert against(engine, place="agent") == ["quiet hours"]


def test_where_caps_bind_it_what_was_sent_counts():
    from touchpoint import Message, Send

    note = Message("note", why="a test", kind="service", channels=["email"], content=Content(text="Hi"))
    house = Policy(Cap(1, per=days(1)), Pull(caps=True, kinds=["service"]))
    with closing(offering(tea(), rules=[Rule("write", when="order", then=[Send(note)])], policy=house)) as engine:
        assert names(engine) == ["tea"]
        engine.record("ann", "order")
        engine.run_pending()
        assert against(engine) == ["cap"]
        engine.clock.advance(days(1))
        assert names(engine) == ["tea"]


def test_a_journeys_own_policy_only_adds():  # S6.4
    parts = {"policy": Policy(Pull(quiet_hours=True))}
    house = Policy(QuietHours("08:00", "20:00", unknown_zone="UTC"), Pull(unknown=True))
    with closing(offering(tea(), parts=parts, policy=house)) as engine:
        assert against(engine) == ["quiet hours"]


# Words.


def test_words_are_chosen_by_place_and_locale_and_filled():
    content = {
        "*": Content(text="Tea, {customer.name|friend}?"),
        f"{HOME}/de": Content(subject="Tee", text="Tee, {customer.name}?"),
        "agent": Content(text="Offer tea", html="<b>{customer.name|?}</b>"),
    }  # fmt: skip
    with closing(offering(tea(place=[HOME, "agent"], content=content))) as engine:
        (found,) = engine.suggest("ann", HOME)
        assert (found.text, found.subject, found.locale) == ("Tea, friend?", None, None)
        engine.identify("ann", traits={"name": "<Ann>"}, locale="de-AT")
        (found,) = engine.suggest("ann", HOME)
        assert (found.text, found.subject, found.locale) == ("Tee, <Ann>?", "Tee", "de-AT")
        assert engine.suggest("ann", "agent")[0].html == "<b>&lt;Ann&gt;</b>"


def test_missing_words_are_a_reason_that_names_them():  # S6.2
    with closing(offering(tea(content="Tea, {customer.name}?"))) as engine:
        assert names(engine) == []
        assert "customer.name" in engine.why_suggested("ann", HOME).suggestions[0].reasons[0]


# What came of it.


def test_what_came_of_it_is_on_the_timeline_with_suggestion_and_place():
    with closing(offering(tea())) as engine:
        (found,) = engine.suggest("ann", HOME)
        assert engine.customer("ann").timeline() == []  # asking changes nothing
        for report in (engine.suggestions.shown, engine.suggestions.declined, engine.suggestions.accepted):
            report("ann", found.id, location="store 7")
        told = engine.customer("ann").timeline()
        assert [(each.type, each.direction) for each in told] == [
            ("suggestion_shown", "outbound"), ("suggestion_declined", "inbound"), ("suggestion_accepted", "inbound"),
        ]  # fmt: skip
        assert {(each.about, each.channel, each.location) for each in told} == {(found.id, HOME, "store 7")}
        assert all(each.properties == {"suggestion": "tea", "journey": "one", "place": HOME} for each in told)


def test_the_same_id_counts_once():  # S1.3
    with closing(offering(tea(limit=times(2)))) as engine:
        (found,) = engine.suggest("ann", HOME)
        assert [engine.suggestions.shown("ann", found.id).duplicate for _ in range(3)] == [False, True, True]
        assert names(engine) == ["tea"]
        engine.clock.advance(timedelta(minutes=1))
        engine.suggestions.shown("ann", engine.suggest("ann", HOME)[0].id)
        assert against(engine) == ["limit"]


def test_asking_never_changes_the_store(tmp_path):  # S9
    some = tea(), tea("lively", segments="lively", value=2)
    parts = {"segments": [Segment("lively", ever("visit", within=days(3)))]}
    with closing(offering(*some, store=f"sqlite:///{tmp_path}/x.db", parts=parts)) as engine:
        engine.record("ann", "visit")
        engine.run_pending()
        engine.clock.advance(days(4))
        before = engine.export("ann")
        for _ in range(3):
            engine.suggest("ann", HOME, 5)
            engine.why_suggested("ann", HOME)
        assert engine.export("ann") == before


@pytest.mark.parametrize(
    ("limit", "again"),
    [(once(), None), (times(1, per=days(5)), days(5)), (cool_down(days(2)), days(2)), (times(1), None)],
)
def test_a_limit_counts_how_often_it_was_shown(limit, again):
    with closing(offering(tea(limit=limit), tea("other", value=0))) as engine:
        engine.suggestions.shown("ann", engine.suggest("ann", HOME)[0].id)
        assert (names(engine), against(engine)) == (["other"], ["limit"])
        engine.clock.advance(again or days(3000))
        assert names(engine) == (["other"] if again is None else ["tea", "other"])


def test_a_calendar_limit_is_that_of_the_customers_own_day():
    from touchpoint import calendar_days

    with closing(offering(tea(limit=times(1, per=calendar_days(1))))) as engine:
        engine.identify("ann", timezone="America/New_York")  # 04:00 there
        engine.suggestions.shown("ann", engine.suggest("ann", HOME)[0].id)
        engine.clock.advance(timedelta(hours=19, minutes=59))
        assert against(engine) == ["limit"]
        engine.clock.advance(timedelta(minutes=1))
        assert names(engine) == ["tea"]


def test_it_rests_once_it_was_declined_or_accepted():
    some = tea(rest_after_declined=days(30), rest_after_accepted=forever), tea("other", value=0)
    with closing(offering(*some, people=("ann", "bob"))) as engine:
        engine.suggestions.declined("ann", engine.suggest("ann", HOME)[0].id)
        engine.suggestions.accepted("bob", engine.suggest("bob", HOME)[0].id)
        assert (against(engine), against(engine, who="bob")) == (["rests"], ["rests"])
        assert engine.why_suggested("ann", HOME).suggestions[-1].again_at == START + days(30)
        engine.clock.advance(days(30))
        assert (names(engine), names(engine, who="bob")) == (["tea", "other"], ["other"])


def test_rules_react_to_what_came_of_it():
    rule = Rule("join", when="suggestion_accepted", given=event.suggestion == "club", then=[SetTrait("member", True)])
    with closing(offering(tea("club"), rules=[rule])) as engine:
        engine.suggestions.accepted("ann", engine.suggest("ann", HOME)[0].id)
        assert engine.customer("ann").traits["member"] is True


def test_an_id_that_was_cut_or_changed_is_refused_and_says_nothing_of_the_customer():
    with closing(offering(tea())) as engine:
        (found,) = engine.suggest("ann", HOME)
        body, _, check = found.id.partition(".")
        for wrong in (found.id[:-1], body, f"{body}A.{check}", "", 7, "x" * 9_999, "💥.12345678"):
            with pytest.raises(InvalidInput, match="no id of a suggestion"):
                engine.suggestions.shown("ann", wrong)
        assert offer_of(found.id) == Offer("one", "tea", HOME, offer_of(found.id).at)
        assert "ann" not in str(offer_of(found.id))


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.integers(-(10**15), 10**16))
def test_every_offer_comes_back_from_its_id(journey, name, place, at):
    try:
        (journey + name + place).encode()
    except UnicodeEncodeError:
        return
    assume(bytes_of_names(journey, name, place) <= LONGEST_NAMES)  # else no journey has them
    assert offer_of(offer_id(Offer(journey, name, place, at))) == Offer(journey, name, place, at)


def test_what_a_release_took_away_can_still_be_accepted(tmp_path):
    store = f"sqlite:///{tmp_path}/x.db"
    with closing(offering(tea(), store=store)) as engine:
        (found,) = engine.suggest("ann", HOME)
    with closing(offering(tea("other"), store=store, people=())) as engine:
        assert names(engine) == ["other"]
        engine.suggestions.accepted("ann", found.id)
        assert engine.customer("ann").timeline()[-1].properties["suggestion"] == "tea"


# People.


def test_nobody_known_is_an_error_unless_the_house_says_what_to_offer():
    with closing(offering(tea())) as engine, pytest.raises(UnknownCustomer):
        engine.suggest("stranger", HOME)
    some = (
        tea("known", given=ever("order"), value=3),
        tea("new", limit=once(), rest_after_declined=forever),
        tea("named", content="{customer.name}"),
    )
    with closing(offering(*some, policy=Policy(Pull(places=[HOME], unknown=True)))) as engine:
        assert names(engine, who="stranger") == ["new"]
        with pytest.raises(UnknownCustomer):
            engine.suggest("stranger", "agent")
        with pytest.raises(UnknownCustomer):
            engine.customer("stranger")  # asking has made nobody
        engine.suggestions.shown("stranger", engine.suggest("stranger", HOME)[0].id)
        assert names(engine, who="stranger") == []


def test_what_a_visitor_was_shown_counts_for_who_they_turn_out_to_be():  # S1.6
    with closing(offering(tea(limit=once()), policy=Policy(Pull(unknown=True)))) as engine:
        engine.suggestions.shown("visitor", engine.suggest("visitor", HOME)[0].id)
        engine.merge("visitor", into="ann")
        assert (names(engine), names(engine, who="visitor")) == ([], [])


def test_who_was_erased_leaves_nothing_of_it():  # S1.7
    with closing(offering(tea(limit=once()), policy=Policy(Pull(unknown=True)), secret=b"s" * 32)) as engine:
        engine.suggestions.shown("ann", engine.suggest("ann", HOME)[0].id)
        engine.erase("ann")
        assert names(engine) == ["tea"]


@pytest.mark.parametrize("n", [0, -1, 1_001, True, 1.0, "1", None])
def test_a_number_out_of_range_is_refused(n):
    with closing(offering(tea())) as engine, pytest.raises(InvalidInput, match="n="):
        engine.suggest("ann", HOME, n)


# Releases and history.


def test_a_new_question_is_filled_from_the_timeline_at_the_first_asking(tmp_path):  # S4.7
    store = f"sqlite:///{tmp_path}/x.db"
    with closing(engine_of(store=store, journeys=[])) as engine:
        for _ in range(2):
            engine.record("ann", "order")
    with closing(
        offering(
            tea(given=count("order", where=event.price > 0) == 0),
            tea("two", given=count("order") == 2),
            store=store,
            people=(),
        )
    ) as engine:
        assert names(engine) == ["tea", "two"]
        assert names(engine) == ["tea", "two"]


def test_a_suggestion_released_while_the_engine_runs_is_offered_at_once():
    with closing(offering(tea())) as engine:
        assert names(engine) == ["tea"]
        release(engine, Journey("one", suggestions=[tea(), tea("new", value=9, given=~ever("order"))]))
        assert names(engine) == ["new", "tea"]


def test_in_a_transaction_that_is_open_it_sees_what_was_recorded_there():
    with closing(offering(tea(given=ever("order")))) as engine:
        with engine.together():
            engine.record("ann", "order")
            assert names(engine) == ["tea"]
        assert names(engine) == ["tea"]


# Why (S10).


def test_why_suggested_tells_every_check_in_order_with_values():
    some = tea(value=customer.basket * 2, given=count("order") >= 1), tea("dear", kind="marketing", value=99)
    with closing(offering(*some)) as engine:
        engine.identify("ann", traits={"basket": 4})
        engine.record("ann", "order")
        told = engine.why_suggested("ann", HOME)
        assert [(each.name, each.rank, each.eligible) for each in told.suggestions] == [
            ("tea", 1, True), ("dear", None, False),
        ]  # fmt: skip
        assert [each.check for each in told.suggestions[0].checks] == ["given", "value", "consent"]
        assert told.suggestions[1].value == 99
        assert "customer.basket * 2 → 4 * 2: 8" in str(told)
        assert "not dear (value 99)" in str(told)


def test_one_check_hides_no_other():
    one = tea(given=ever("order"), stages="fan", kind="marketing", valid_until=date(2026, 1, 1), value=customer.x)
    with closing(offering(one, parts={"stages": [Stage("fan", phase="delight", when="x")]})) as engine:
        assert against(engine) == ["valid", "stage", "given", "value", "consent"]


def test_why_a_suggestion_tells_what_came_of_it_and_what_is_worth_more():
    with closing(offering(tea(limit=times(2)), tea("better", value=5), tea("gone", given=ever("never")))) as engine:
        engine.suggestions.shown("ann", engine.suggest("ann", HOME, 2)[1].id)
        why = engine.why("ann", "tea")
        assert (why.subject, why.verdict, why.status) == ("suggestion", "allow", f"may be offered at {HOME}")
        assert any(line.endswith(f"shown at {HOME}") for line in why.lines)
        assert any("rank 2 of 2, value 1; before it better (5)" in line for line in why.lines)
        assert engine.why("ann", "gone").verdict == "deny"
        with pytest.raises(UnknownName, match="tea"):
            engine.why("ann", "te")


def test_reprs_and_errors_hold_no_personal_data():  # S7.5
    with closing(offering(tea(content="Hello {customer.name}"))) as engine:
        engine.identify("ann", traits={"name": "Secret"})
        (found,) = engine.suggest("ann", HOME)
        assert "Secret" in found.text
        assert "Secret" not in repr(found) + repr(engine.why_suggested("ann", HOME))


def test_journeys_without_suggestions_have_none_to_offer():
    with closing(engine_of()) as engine:
        assert engine.suggest("ann", HOME) == []
