"""The seven rules of engagement: a shop that meets them all, and others that break one each (S8.3)."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditing import (
    BAD,
    COMPLAINT,
    HOLD,
    HOW,
    OFFER,
    SORRY,
    THANKS,
    VOUCHER,
    Mail,
    audited,
    lacking,
    rules,
    setting,
    shop,
    statuses,
)  # fmt: skip
from journeys_strategy import journeys as any_journeys
from touchpoint import (
    Ask,
    Branch,
    CaseType,
    Emit,
    Enrol,
    Entered,
    Exit,
    Gift,
    Give,
    Hold,
    Joined,
    Journey,
    OpenCase,
    Policy,
    Rule,
    Segment,
    Send,
    Stage,
    Wait,
    WaitFor,
    days,
    event,
    ever,
    hours,
    once,
    trigger,
)  # fmt: skip
from touchpoint.channels import TaskChannel
from touchpoint.core.program import compile_program
from touchpoint.errors import InvalidInput, JourneyError, UnknownName
from touchpoint.lab.audit import ListeningPost, audit
from touchpoint.lab.audit.catalogue import ASKED, PRINCIPLES
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale
from touchpoint.testing.strategies import journeys as plain_journeys

MET = ["met"] * 7


def test_a_shop_can_meet_all_seven():
    assert lacking(audited()) == []
    assert statuses(audited()) == MET
    assert audited().status == "met"


# Each breaks one rule: its number, the change, what is said to be lacking, and where.
BROKEN = {
    1: ({"ask": Rule("ask", when="feedback", then=[Give(VOUCHER)])}, {}, ["1.1"]),
    2: ({}, {"posts": [], "feedback": []}, ["2.1"]),
    3: ({}, {"analyser": None}, ["3.4"]),
    4: ({}, {"locations": ["graz", "web", "linz"]}, ["4.2"]),
    5: (
        {"ask": Rule("ask", when="visited", then=[
            Ask(HOW), WaitFor("feedback", timeout=days(14), given=event.score >= 4, then=[Give(VOUCHER)]),
        ])},
        {}, ["5.2"],
    ),
    6: ({"hurry": None}, {}, ["6.6"]),
    7: ({}, {"report": ""}, ["7.3"]),
}  # fmt: skip


def broken(number):
    changes, other, _ = BROKEN[number]
    return audited(shop(**changes), **other)


@pytest.mark.parametrize("number", [1, 3, 4, 5, 6, 7])
def test_a_journey_that_breaks_one_rule_is_told_which_and_why(number):
    found = broken(number)
    assert [rule.number for rule in found.rules if rule.status != "met"] == [number]
    assert lacking(found) == BROKEN[number][2]
    for each in found.rule(number).lacking:
        assert each.what
        assert each.mend


# A shop without any post has no way offline, and no location has one: rule 4 hangs on what rule 2 asks for.
def test_without_a_way_of_its_own_for_feedback_nothing_is_open_at_locations_either():
    found = broken(2)
    assert found.rule(2).status == "not"
    assert {rule.number for rule in found.rules if rule.status != "met"} == {2, 4, 7}


def test_a_source_of_feedback_alone_is_a_way_of_its_own():
    found = audited(posts=[], feedback=[FeedbackSource("review", scale=Scale(1, 5))])
    assert "2.1" not in lacking(found)


@pytest.mark.parametrize("number", BROKEN)
def test_mending_it_makes_it_met(number):  # the law of each of them
    changes, other, codes = BROKEN[number]
    assert set(codes) <= set(lacking(audited(shop(**changes), **other)))
    mended = {name: setting()[name] for name in other if name in setting()}
    assert set(codes).isdisjoint(lacking(audited(shop(), **mended)))


# --- 1 ---------------------------------------------------------------------------------------------------------------


def test_an_invitation_that_nobody_comes_to_is_none():
    ask = Rule("ask", when="visited", given=(event.n > 2) & (event.n < 1), then=[Ask(HOW)])
    assert "1.1" in lacking(audited(shop(ask=ask)))


def test_an_invitation_of_the_happy_alone_is_unfair():
    ask = Rule("ask", when="feedback", given=event.score >= 4, then=[Ask(HOW), Give(VOUCHER)])
    assert "1.2" in lacking(audited(shop(ask=ask)))


def test_an_invitation_says_what_it_wants_and_can_go_out():
    silent = attrs.evolve(HOW, wants="", channels=["letter"])
    ask = Rule("ask", when="visited", then=[Ask(silent), WaitFor("feedback", timeout=days(9), then=[Give(VOUCHER)])])
    assert {"1.3", "1.4", "3.2"} <= set(lacking(audited(shop(ask=ask))))


# --- 2 and 3 ---------------------------------------------------------------------------------------------------------


def test_a_type_whose_score_is_asked_about_seems_to_be_feedback():
    rule = Rule("mend too", when="opinion", given=event.stars <= 2, then=[Send(SORRY)])
    found = audited(shop(more=rule))
    assert {"3.1", "7.2"} <= set(lacking(found))
    (place,) = found.rule(3).lacking[0].places
    assert (place.journey, place.path) == ("shop", "$.rules[5].when[0]")


def test_what_is_asked_of_the_past_is_not_asked_of_the_present():
    rule = Rule("greet", when="ordered", given=ever("feedback", where=event.score >= 4), then=[Send(THANKS)])
    assert lacking(audited(shop(more=rule))) == []


def test_a_declared_type_is_feedback_and_some_rule_has_to_listen_to_it():
    found = audited(feedback=[FeedbackSource("review", scale=Scale(1, 5), location="store")])
    assert lacking(found) == ["2.2", "6.2"]
    both = Rule("mend", when=["feedback", "review"], given=BAD, then=[OpenCase(COMPLAINT), Send(SORRY)])
    assert lacking(audited(shop(mend=both), feedback=[FeedbackSource("review", scale=Scale(1, 5), location="s")])) == []


def test_answers_that_come_in_nowhere_are_lost():
    mute = [Mail(), TaskChannel("call")]
    assert lacking(audited(channels=mute)) == ["3.2", "4.1"]
    page = ListeningPost("survey page", channel="email", says_where=True)
    assert lacking(audited(channels=mute, posts=[*setting()["posts"], page])) == []


def test_what_somebody_types_in_is_not_automatic():
    card = ListeningPost("card", offline=True, automatic=False, says_where=True)
    posts = [card, ListeningPost("form", locations=["web"])]
    assert lacking(audited(posts=posts)) == ["3.3"]


# --- 4 ---------------------------------------------------------------------------------------------------------------


def test_online_and_offline_are_both_asked_for():
    online = [ListeningPost("form", says_where=True)]
    assert lacking(audited(posts=online)) == ["4.4"]
    offline = [ListeningPost("card", offline=True, says_where=True)]
    mute = shop(ask=Rule("ask", when="visited", then=[Ask(attrs.evolve(HOW, channels=["call"])), Wait(days(1))]))
    assert "4.3" in lacking(audited(mute, posts=offline))


def test_a_person_who_asks_by_telephone_is_a_way_offline():
    ask = Rule("ask", when="visited", then=[
        Ask(attrs.evolve(HOW, channels=["call"])), WaitFor("feedback", timeout=days(9), then=[Give(VOUCHER)]),
    ])  # fmt: skip
    assert lacking(audited(shop(ask=ask), posts=[ListeningPost("form", says_where=True)])) == []


def test_without_adapters_it_is_said_that_nobody_knows():
    found = audited(channels=None)
    assert lacking(found) == ["3.2", "4.1"]
    assert all("channels=" in each.mend for rule in found.rules for each in rule.lacking)


# --- 5 ---------------------------------------------------------------------------------------------------------------


def given_by(*steps, **more):
    give = Rule("give", when="feedback", then=steps, **more)
    return shop(ask=Rule("ask", when="visited", then=[Ask(HOW)]), more=give)


UNFAIR = {
    "the condition of the rule": given_by(Give(VOUCHER), given=event.score >= 4),
    "a branch": given_by(Branch(event.score > 3, then=[Give(VOUCHER)])),
    "the other arm of a branch": given_by(Branch(event.score <= 3, then=[Exit()], otherwise=[Give(VOUCHER)])),
    "what is left after a branch": given_by(Branch(~(event.score >= 4), then=[Exit()]), Give(VOUCHER)),
    "what is left after two branches": given_by(
        Branch(event.score == 1, then=[Exit()]), Branch(event.score.in_([0, 2, 3]), then=[Exit()]), Give(VOUCHER)
    ),
    "arithmetic": given_by(Give(VOUCHER), given=(event.score >= 4) & (event.kind == "csat")),
    "praise": given_by(Give(VOUCHER), given=(event.intent == "praise") & (event.score >= 3)),
    "what is asked at release": given_by(Give(VOUCHER, still=trigger.score >= 4)),
    "the past": given_by(Give(VOUCHER), given=ever("feedback", where=event.score >= 4)),
    "words of a host": given_by(Give(VOUCHER), given=event.happy == True),  # noqa: E712 - a condition
}


@pytest.mark.parametrize("how", UNFAIR)
def test_a_gift_for_a_good_score_alone_is_found_wherever_the_condition_stands(how):
    found = audited(UNFAIR[how])
    assert found.rule(5).status == "not"
    assert "5.2" in lacking(found)


FAIR = {
    "any answer": given_by(Give(VOUCHER)),
    "any answer with a score": given_by(Give(VOUCHER), given=event.score >= 0),
    "either arm": given_by(Branch(event.score >= 4, then=[Give(VOUCHER)], otherwise=[Give(VOUCHER)])),
    "on another matter": given_by(Give(VOUCHER), given=event.visits >= 4),
}


@pytest.mark.parametrize("how", FAIR)
def test_a_gift_for_any_score_is_fair(how):
    assert lacking(audited(FAIR[how])) == []


def test_how_high_a_score_is_depends_on_its_scale():
    effort = FeedbackSource("review", scale=Scale(1, 7, better="low"), location="store")
    mend = Rule("mend", when="review", given=event.score >= 6, then=[OpenCase(COMPLAINT), Send(SORRY)])
    thank = Rule("thank", when="review", given=event.score <= 2, then=[Send(THANKS)])
    ours = [ListeningPost("form", offline=True, type="review"), ListeningPost("page", type="review")]
    give = Rule("give", when="review", then=[Branch(event.score >= 4, then=[Give(VOUCHER)])])
    shops = shop(mend=mend, thank=thank, give=give, ask=Rule("ask", when="visited", then=[Ask(HOW)]))
    found = audited(shops, feedback=[effort], posts=ours)
    assert "5.2" not in lacking(found)  # a high number is a bad score here: it is an apology
    assert not {"6.1", "6.3", "6.4"} & set(lacking(found))


def test_an_apology_is_no_incentive():
    sorry = attrs.evolve(VOUCHER, name="sorry bag", occasion="apologise")
    none = shop(ask=Rule("ask", when="visited", then=[Ask(HOW)]), more=Rule("make good", when="feedback", given=BAD,
                then=[Give(sorry)]))  # fmt: skip
    assert lacking(audited(none)) == ["5.1"]


@pytest.mark.parametrize(("change", "codes"), [({"limit": None}, ["5.3"]), ({"budget": None}, ["5.4"])])
def test_an_incentive_is_bounded(change, codes):
    assert lacking(audited(given_by(Give(attrs.evolve(VOUCHER, **change))))) == codes


def test_the_limit_of_its_rule_bounds_a_gift_as_well():
    assert lacking(audited(given_by(Give(attrs.evolve(VOUCHER, limit=None)), limit=once()))) == []


# --- 6 ---------------------------------------------------------------------------------------------------------------


REACTS = {
    "a rule for bad scores": {},
    "a rule for all, with a branch": {"mend": Rule("mend", when="feedback", then=[
        Branch(event.score <= 2, then=[OpenCase(COMPLAINT), Send(SORRY)])])},
    "a wait": {"mend": Rule("mend", when="visited", then=[
        WaitFor("feedback", timeout=days(9), then=[
            Branch(event.score < 3, then=[OpenCase(COMPLAINT), Send(SORRY)])])])},
    "an event of our own": {
        "mend": Rule("mend", when="feedback", given=BAD, then=[Emit("went_wrong")]),
        "more": Rule("mend it", when="went_wrong", then=[OpenCase(COMPLAINT), Send(SORRY)]),
    },
    "an enrolment": {
        "mend": Rule("mend", when="feedback", given=BAD, then=[Enrol("mend it")]),
        "more": Rule("mend it", then=[OpenCase(COMPLAINT), Send(SORRY)]),
    },
    "criticism": {"mend": Rule("mend", when="feedback", given=event.intent == "criticism", then=[
        OpenCase(COMPLAINT), Send(SORRY)])},
}  # fmt: skip


@pytest.mark.parametrize("how", REACTS)
def test_a_reaction_to_bad_feedback_is_found_in_whatever_way_it_is_written(how):
    assert lacking(audited(shop(**REACTS[how]))) == []


def test_a_stage_or_a_segment_of_the_unhappy_starts_a_reaction():
    steps = [OpenCase(COMPLAINT), Send(SORRY)]
    for when, more in (
        (Entered("unhappy"), {"stages": [Stage("unhappy", phase="engage", when="feedback", given=BAD)]}),
        (Joined("unhappy"), {"segments": [Segment("unhappy", ever("feedback", where=BAD))]}),
    ):
        own = rules(mend=Rule("mend", when=when, then=steps))
        journey = Journey("shop", rules=own, cases=[COMPLAINT], policy=Policy(HOLD), **more)
        assert lacking(audited(journey)) == []


NOT_BAD = [event.score >= 4, (event.score > 2) & (event.score < 2), event.intent == "praise"]


@pytest.mark.parametrize("condition", NOT_BAD)
def test_a_rule_for_good_feedback_is_no_reaction_to_bad(condition):
    found = audited(shop(mend=Rule("mend", when="feedback", given=condition, then=[OpenCase(COMPLAINT), Send(SORRY)]),
                         ask=Rule("ask", when="visited", then=[Ask(HOW)])))  # fmt: skip
    assert "6.1" in lacking(found)
    assert found.rule(6).status == "not"


def mending(*steps):
    return Rule("mend", when="feedback", given=BAD, then=steps)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"mend": mending(Send(SORRY))}, ["6.3", "6.5", "6.6"]),
        ({"mend": mending(OpenCase(COMPLAINT)), "ask": Rule("ask", when="visited", then=[Ask(HOW)])}, ["5.1", "6.4"]),
        ({"thank": None, "ask": Rule("ask", when="visited", then=[Ask(HOW)])}, ["5.1", "6.7"]),
        ({"mend": mending(OpenCase(COMPLAINT), Wait(days(14)), Send(SORRY)), "ask": None}, ["1.1", "5.1", "6.4"]),
        ({"policy": Policy()}, ["6.5"]),
        ({"policy": Policy(Hold(while_open=["other"])), "cases": [COMPLAINT, CaseType("other")]}, ["6.5"]),
        ({"policy": Policy(Hold(while_open=[COMPLAINT], kinds=["gift"]))}, ["6.5"]),
        ({"hurry": Rule("hurry", when="case_is_late", then=[Send(SORRY)])}, ["6.6"]),
    ],
)  # fmt: skip
def test_each_part_of_a_reaction_is_asked_for(change, codes):
    assert lacking(audited(shop(**change))) == codes


def test_a_case_without_a_deadline_is_nobodys_business():
    endless = CaseType("complaint")
    own = {"cases": [endless], "hurry": None}
    assert lacking(audited(shop(**own))) == ["6.3", "6.6"]


def test_an_apology_within_the_deadline_may_wait():
    assert lacking(audited(shop(mend=mending(OpenCase(COMPLAINT), Wait(hours(2)), Send(SORRY))))) == []


def test_the_policy_of_the_house_holds_promotions_of_every_journey():
    other = Journey("news", rules=[Rule("news", when="visited", then=[Send(attrs.evolve(OFFER, name="news"))])])
    assert lacking(audited([shop(), other])) == ["6.5"]
    assert lacking(audited([shop(), other], policy=Policy(HOLD))) == []


def test_telling_the_customer_that_it_takes_longer_tells_nobody_of_us():
    from touchpoint import CaseOverdue

    assert lacking(audited(shop(hurry=Rule("hurry", when=CaseOverdue(COMPLAINT), then=[Send(SORRY)])))) == ["6.6"]


# --- 7 ---------------------------------------------------------------------------------------------------------------


def test_feedback_without_a_location_cannot_be_compared():
    posts = [ListeningPost("form"), ListeningPost("card at the till", offline=True)]
    found = audited(posts=posts)
    assert lacking(found) == ["7.2"]
    assert found.rule(7).status == "not"


# --- the result ------------------------------------------------------------------------------------------------------


def test_nothing_said_is_nothing_there():
    found = audit(Journey("empty"))
    assert found.status == "not"
    assert [each.status for each in found.rules].count("met") == 0
    assert not found.is_met("partly")
    assert found.is_met("not")


def test_it_is_told_as_plain_data_and_in_words():
    found = audited(shop(hurry=None))
    told = found.to_dict()
    assert told["counts"] == {"met": 6, "partly": 1, "not": 0}
    assert told["rules"][5]["criteria"][5]["places"] == [{"journey": "shop", "path": "$.rules[1].then[0]"}]
    assert "  - 6.6 told when overdue: no rule tells anybody that 'complaint' is overdue" in str(found)


def test_rules_are_asked_for_by_their_number():
    assert audited().rule(3).principle.name == "automatic"
    with pytest.raises(IndexError, match="from 1 to 7"):
        audited().rule(8)


def test_the_catalogue_numbers_what_it_asks():
    assert [each.number for each in PRINCIPLES] == list(range(1, 8))
    for each in PRINCIPLES:
        codes = [asked.code for asked in each.asked]
        assert codes == [f"{each.number}.{n}" for n in range(1, len(codes) + 1)]
    assert len(ASKED) == sum(len(each.asked) for each in PRINCIPLES)


# --- what is handed in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: audited(locations="graz"),
        lambda: audited(locations=[""]),
        lambda: audited(posts=["form"]),
        lambda: audited(posts=ListeningPost("form")),
        lambda: audited(posts=[ListeningPost("form"), ListeningPost("form")]),
        lambda: audited(report=7),
        lambda: audited(feedback=["review"]),
        lambda: ListeningPost(""),
        lambda: ListeningPost("form", locations=[]),
        lambda: ListeningPost("form", locations="graz"),
        lambda: ListeningPost("form", channel="e mail"),
        lambda: ListeningPost("form", offline="yes"),
        lambda: ListeningPost("form", says_where="yes"),
    ],
)
def test_what_cannot_be_used_is_refused(wrong):
    with pytest.raises(InvalidInput):
        wrong()


def test_a_post_at_an_unknown_location_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'graz'"):
        audited(posts=[ListeningPost("form", locations=["gratz"])])


def test_channels_may_be_named_alone():
    assert lacking(audited(channels=["email", "call"])) == ["3.2", "4.1", "6.6"]


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(any_journeys())
def test_any_journey_that_can_be_at_work_can_be_audited(journey):
    try:
        compile_program([journey], Policy())
    except JourneyError:
        with pytest.raises(JourneyError):
            audit(journey)
        return
    assert [rule.number for rule in audit(journey).rules] == list(range(1, 8))


@settings(max_examples=30)
@given(plain_journeys(), st.booleans())
def test_an_audit_says_the_same_each_time_and_what_to_do(journey, whether):
    other = setting() if whether else {}
    found = audit(journey, **other)
    assert found.to_dict() == audit([journey], **other).to_dict()
    assert all(each.what and each.mend for rule in found.rules for each in rule.lacking)


@settings(max_examples=40)
@given(st.integers(0, 10), st.integers(0, 10), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_a_gift_hangs_on_praise_exactly_where_no_bad_score_leads_to_it(low, high, op):
    """Compared with trying every score of the scale."""
    import operator

    test = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
            "!=": operator.ne}[op]  # fmt: skip
    low, high = min(low, high), max(low, high) + 1
    source = FeedbackSource("review", scale=Scale(low, high), comment=None, location="store")
    bound = (low + high) // 2
    give = Rule("give", when="review", given=test(event.score, bound), then=[Give(VOUCHER)])
    found = audited(shop(give=give, ask=Rule("ask", when="visited", then=[Ask(HOW)])), feedback=[source])
    worst, best = test(low, bound), test(high, bound)
    assert ("5.2" in lacking(found)) == (best and not worst)


def test_a_gift_of_a_message_type_is_a_gift_however_it_is_sent():
    assert isinstance(VOUCHER, Gift)
    assert "5.2" in lacking(audited(given_by(Send(VOUCHER), given=event.score >= 5)))
