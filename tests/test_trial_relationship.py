"""What somebody trips over who uses feedback, cases, wishes and gifts together for the first time."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from touchpoint import (
    Answered,
    Ask,
    CaseType,
    Content,
    Emit,
    Engine,
    Gift,
    Give,
    InvalidInput,
    Journey,
    JourneyError,
    Message,
    OpenCase,
    Rule,
    Send,
    Survey,
    Touchpoint,
    VirtualClock,
    days,
    event,
    times,
)
from touchpoint.channels import MemoryChannel, Replied
from touchpoint.lab import replay
from touchpoint.lab.audit import audit
from touchpoint.testing import World

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNHAPPY = Journey("shop", rules=[Rule("sad", when="feedback", given=event.share <= 0.25, then=[Emit("sad")])])
RATE = Survey(
    "rate", why="learn", wants="a score", channels=["sms"], incentive="a coffee", content=Content(text="a coffee")
)
COFFEE = Gift(
    "coffee", why="thank", channels=["sms"], worth=3, currency="EUR", budget=30, content=Content(text="Here it is.")
)
SORRY = Message("sorry", why="own it", kind="service", channels=["email"], content=Content(text="We are sorry."))


def engine(*journeys, clock=None):
    return Engine("sqlite://", journeys=journeys, clock=clock or VirtualClock(START))


# --- feedback that is recorded as it is ---------------------------------------------------------------------------


def test_feedback_that_the_host_records_itself_has_the_share_of_its_score():
    # S8.1, S8.2
    with engine(UNHAPPY) as shop:
        shop.record("ann", "feedback", {"kind": "csat", "score": 2})
        shop.record_many([Touchpoint("bob", "feedback", properties={"kind": "csat", "score": 4})])
        assert [each.type for each in shop.customer("ann").timeline()] == ["feedback", "sad"]
        (said,) = shop.customer("bob").timeline()
        assert said.properties["share"] == 0.75


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "csat", "score": 9},
        {"kind": "csat", "score": "1"},
        {"kind": ["csat"], "score": 1},
        {"kind": "stars", "score": 1},
        {"score": 1},
        {"kind": "text", "comment": "good"},
    ],
)
def test_what_has_no_score_on_its_scale_is_recorded_as_it_is(told):
    with engine(UNHAPPY) as shop:
        shop.record("ann", "feedback", told)
        (said,) = shop.customer("ann").timeline()
        assert said.properties == told


def test_feedback_that_is_recorded_twice_is_a_duplicate_and_no_other_content():
    # S1.3
    with engine(UNHAPPY) as shop:
        shop.record("ann", "feedback", {"kind": "csat", "score": 2}, id="f1")
        again = shop.record("ann", "feedback", {"kind": "csat", "score": 2}, id="f1")
        assert again.duplicate
        assert not again.differs


def test_a_replay_decides_on_feedback_as_the_engine_does():
    # S4.2
    said = Touchpoint("ann", "feedback", START, "f1", {"kind": "csat", "score": 1})
    assert replay([UNHAPPY], [said]).started == {"sad": 1}


def test_what_one_of_two_who_share_a_number_answers_was_said_once_by_whoever_was_asked_last():
    # S6.9, S8.1
    clock, sms = VirtualClock(START), MemoryChannel("sms")
    ask = Journey("shop", rules=[Rule("ask", when="visited", then=[Ask(RATE)])])
    with Engine("sqlite://", journeys=[ask], channels=[sms], clock=clock) as shop:
        for name in ("ann", "bob"):
            shop.identify(name, addresses={"phone": "+15551230001"})
            shop.grant(name, "feedback")
            shop.record(name, "visited")
            shop.run_pending()
            clock.advance(days(1))
        reply = Replied(None, "sms", "9, lovely staff", id="in-1", address="+15551230001")
        shop.apply(reply)
        again = shop.apply(reply)
        assert (again.duplicate, again.differs) == (True, False)
        replies = {
            name: next(each for each in shop.customer(name).timeline() if each.type == "replied")
            for name in ("ann", "bob")
        }
        assert ["shared" in replies[name].properties for name in ("ann", "bob")] == [True, False]
        assert [len(shop.feedback.of(name)) for name in ("ann", "bob")] == [0, 1]
        assert shop.conversations.figures(START, clock.now() + days(1)).contacts == 1


# --- the closed loop of cases that were merged --------------------------------------------------------------------


def merged_after(first, *, answer_second):
    complaint = CaseType("complaint")
    answer = [Send(SORRY)] if answer_second else []
    shop = Journey(
        "shop",
        cases=[complaint],
        rules=[
            Rule("one", when="first", key="order", then=[OpenCase(complaint), Send(SORRY)]),
            Rule("two", when="second", key="order", then=[OpenCase(complaint), *answer]),
        ],
    )
    clock = VirtualClock(START)
    made = Engine("sqlite://", journeys=[shop], channels=[MemoryChannel("email")], clock=clock)
    made.identify("ann", addresses={"email": "ann@example.com"})
    made.record("ann", "first", {"order": "A"})
    made.run_pending()
    clock.advance(first)
    made.record("ann", "second", {"order": "B"})
    clock.advance(timedelta(hours=1))
    made.run_pending()
    made.cases.merge("ann", "complaint", ref="B", into="A")
    return made


def test_no_answer_comes_before_what_it_answers():
    # S8.2
    with merged_after(days(3), answer_second=True) as shop:
        assert [each.to_response for each in shop.cases.loops("ann")] == [timedelta(0), timedelta(hours=1)]


def test_a_case_is_not_answered_by_what_was_sent_before_it_was_opened():
    with merged_after(days(3), answer_second=False) as shop:
        _, second = shop.cases.loops("ann")
        assert (second.to_response, second.contact) == (None, None)


# --- a case that was merged, closed and comes back ----------------------------------------------------------------


def closed_together(clock=None):
    complaint = CaseType("complaint", severity="low", reopen_within=days(14))
    made = engine(
        Journey("shop", cases=[complaint], rules=[Rule("two", when="again", then=[OpenCase(complaint, ref="B")])]),
        clock=clock,
    )
    made.open_case("ann", "complaint", ref="A", severity="high")
    made.open_case("ann", "complaint", ref="B")
    made.cases.merge("ann", "complaint", ref="B", into="A")
    made.close_case("ann", "complaint", ref="B")
    return made


def last_opening(shop):
    return [(each.ref, each.opening, each.severity) for each in shop.customer("ann").cases(open=True)]


@pytest.mark.parametrize("ref", ["A", "B"])
def test_a_case_that_is_reopened_by_hand_still_goes_by_the_ref_of_what_is_part_of_it(ref):
    # S8.2
    with closed_together() as shop:
        assert shop.cases.reopen("ann", "complaint", ref=ref)
        assert last_opening(shop) == [("A", 2, "high")]
        assert shop.answer_case("ann", "complaint", ref="B")
        assert shop.close_case("ann", "complaint", ref="B")
        assert last_opening(shop) == []


@pytest.mark.parametrize("by", ["host", "step"])
def test_opening_a_case_that_has_become_part_of_another_reopens_that_one(by):
    # S8.2
    with closed_together() as shop:
        if by == "host":
            assert shop.open_case("ann", "complaint", ref="B")
        else:
            shop.record("ann", "again")
        assert last_opening(shop) == [("A", 2, "high")]
        assert not shop.open_case("ann", "complaint", ref="B")
        assert shop.close_case("ann", "complaint", ref="B")


def test_what_has_become_a_case_of_its_own_again_stays_one():
    clock = VirtualClock(START)
    with closed_together(clock) as shop:
        clock.advance(days(20))  # opening it reopens nothing by then
        assert shop.open_case("ann", "complaint", ref="B")
        assert shop.cases.reopen("ann", "complaint", ref="A")
        assert shop.close_case("ann", "complaint", ref="B")
        assert last_opening(shop) == [("A", 2, "high")]


# --- errors that say how to mend ----------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", [3, None, {"menu": 1}])
def test_what_is_no_topic_is_refused_with_an_error_of_ours(topic):
    with engine() as shop, pytest.raises(InvalidInput, match=r"wish.. takes a topic"):
        shop.wish("ann", topic)


@pytest.mark.parametrize("consents", [["feedback"], "feedback", [("feedback",)]])
def test_a_consent_in_a_test_that_names_no_channel_says_how_to_write_it(consents):
    with World([UNHAPPY]) as world, pytest.raises(InvalidInput, match=r"such as \[\(.feedback., .\*.\)\]"):
        world.customer("ann", consents=consents)


def test_a_gift_that_thanks_and_is_given_elsewhere_says_that_it_needs_a_limit():
    ask, give = Rule("ask", when="visited", then=[Ask(RATE, thank=COFFEE)]), Rule("g", when="won", then=[Give(COFFEE)])
    with pytest.raises(JourneyError, match=r"two definitions.*limit=times"):
        Journey("shop", rules=[ask, give])
    limited = attrs.evolve(COFFEE, limit=times(1, per=days(90)))
    Journey(
        "shop", rules=[attrs.evolve(ask, then=[Ask(RATE, thank=limited)]), attrs.evolve(give, then=[Give(limited)])]
    )


# --- the audit knows what answers a survey ------------------------------------------------------------------------


def test_thanks_for_an_answer_are_an_incentive_whatever_adapters_there_are():
    # S8.3
    found = audit(Journey("shop", rules=[Rule("ask", when="visited", then=[Ask(RATE, thank=COFFEE)])]))
    assert found.rule(5).status == "met"


def test_history_says_of_names_that_were_not_given_that_nobody_named_them():
    # S8.3
    with engine(UNHAPPY) as shop:
        shop.record("ann", "feedback", {"kind": "csat", "score": 2}, location="Graz")
        found = audit(UNHAPPY, store=shop.store)
    told = [str(each) for each in found.rule(4).evidence]
    assert "locations from which feedback came: none that was named" in told


def test_a_rule_that_answers_starts_is_a_reaction_to_feedback():
    # S8.3
    rules = [
        Rule("ask", when="visited", then=[Ask(RATE)]),
        Rule("mend", when=Answered(RATE), given=event.share <= 0.6, then=[Send(SORRY)]),
    ]
    lacking = {each.code for each in audit(Journey("shop", rules=rules)).rule(6).lacking}
    assert "6.1" not in lacking
    assert "6.1" in {each.code for each in audit(Journey("shop", rules=rules[:1])).rule(6).lacking}
