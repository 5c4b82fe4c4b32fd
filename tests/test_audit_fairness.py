"""Rules 5 and 6: gifts that hang on praise, and reactions to bad feedback, in whatever way they are written (S8.3)."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditing import (
    BAD,
    CALL,
    COMPLAINT,
    HELD,
    HOLD,
    HOW,
    OFFER,
    SORRY,
    THANKS,
    VOUCHER,
    audited,
    lacking,
    rules,
    shop,
)  # fmt: skip
from sizing import examples
from touchpoint import (
    Answered,
    Ask,
    Best,
    Branch,
    BusinessHours,
    BusinessTime,
    Call,
    Candidate,
    CaseEscalated,
    CaseOverdue,
    CaseType,
    Content,
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
    Replied,
    Rule,
    Segment,
    Send,
    Stage,
    Suggestion,
    Wait,
    WaitFor,
    days,
    event,
    ever,
    hours,
    once,
    trigger,
)  # fmt: skip
from touchpoint.lab.audit import ListeningPost
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale

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


def test_a_gift_for_praise_is_unfair_also_where_it_is_a_birthday_present_as_well():
    birthday = Rule("birthday", when="birthday", then=[Give(VOUCHER)])
    assert "5.2" in lacking(audited(shop(more=birthday, ask=Rule("ask", when="feedback", given=event.score >= 4, then=[
        Ask(attrs.evolve(HOW, name="and now")), Give(VOUCHER)]))))  # fmt: skip


def test_an_event_of_our_own_is_no_feedback_whatever_its_name():
    emit = Rule("pass on", when="feedback", given=BAD, then=[Emit("complaint")])
    greet = Rule("greet", when="complaint", then=[Send(SORRY)])
    assert lacking(audited(shop(more=emit, other=greet))) == []


FAIR = {
    "any answer": given_by(Give(VOUCHER)),
    "what was asked": shop(ask=Rule("ask", when="visited", then=[Ask(HOW, thank=VOUCHER)])),
    "what was asked twice": shop(ask=Rule("ask", when="visited", then=[Ask(HOW, remind=days(3), thank=VOUCHER)])),
    "an answer": shop(
        ask=Rule("ask", when="visited", then=[Ask(HOW)]),
        more=Rule("give", when=Answered(HOW, any_run=True), then=[Give(VOUCHER)]),
    ),
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


def test_a_survey_says_what_there_is_for_an_answer_and_nothing_else():
    silent = attrs.evolve(HOW, incentive="")
    assert lacking(audited(shop(ask=Rule("ask", when="visited", then=[Ask(silent, thank=VOUCHER)])))) == ["5.5"]
    mute = attrs.evolve(HOW, content=Content(text="How was it?"))
    assert lacking(audited(shop(ask=Rule("ask", when="visited", then=[Ask(mute, thank=VOUCHER)])))) == ["5.5"]
    other = Rule("ask too", when="ordered", then=[Ask(attrs.evolve(silent, name="other"))])
    assert lacking(audited(shop(ask=Rule("ask", when="visited", then=[Ask(HOW, thank=VOUCHER)]), more=other))) == []
    empty = Rule("ask too", when="ordered", then=[Ask(attrs.evolve(HOW, name="other"))])
    found = audited(shop(ask=Rule("ask", when="visited", then=[Ask(HOW, thank=VOUCHER)]), more=empty))
    assert lacking(found) == ["5.5"]
    assert "promises something" in found.rule(5).lacking[0].what


def test_a_promise_that_nothing_follows_is_no_incentive():
    found = audited(shop(ask=Rule("ask", when="visited", then=[Ask(HOW)])))
    assert lacking(found) == ["5.1"]
    assert found.rule(5).lacking[0].what == "'how' promises something, and no gift follows"


@pytest.mark.parametrize(("change", "codes"), [({"limit": None}, ["5.3"]), ({"budget": None}, ["5.4"])])
def test_an_incentive_is_bounded(change, codes):
    assert lacking(audited(given_by(Give(attrs.evolve(VOUCHER, **change))))) == codes


def test_the_limit_of_its_rule_bounds_a_gift_as_well():
    assert lacking(audited(given_by(Give(attrs.evolve(VOUCHER, limit=None)), limit=once()))) == []


def test_a_gift_among_the_next_best_actions_hangs_on_what_its_candidate_asks():
    best = Best("thanks", [Candidate("gift", [Give(VOUCHER)], value=1, given=event.score >= 4)])
    assert "5.2" in lacking(audited(given_by(best)))


def offering(*suggestions, **other):
    return Journey("shop", rules=rules(**other), cases=[COMPLAINT], policy=HELD, suggestions=suggestions)


def test_suggestions_invite_promote_and_give_as_messages_do():
    ask = Suggestion("tell us", why="hear it", place="web.home", value=1, kind="feedback", content="How was it?")
    answers = Rule("give", when="feedback", then=[Give(VOUCHER)])
    assert lacking(audited(offering(ask, ask=None, more=answers))) == []
    beans = Suggestion("beans", why="sell", place="web.home", value=1, content="New beans.")
    assert lacking(audited(offering(beans))) == []
    free = attrs.evolve(offering(beans), policy=Policy())
    (held,) = audited(free).rule(6).lacking
    assert (held.code, held.places[0].path) == ("6.5", "$.suggestions[0]")
    content = ever("feedback", where=event.score >= 4)
    bag = Suggestion("bag", why="thank", place="store.till", value=1, kind="gift", content="A bag.", given=content)
    assert lacking(audited(offering(bag))) == ["5.2"]


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
    "what an analyser found": {"mend": Rule("mend", when="feedback_analysed", given=event.intent == "criticism", then=[
        OpenCase(COMPLAINT), Send(SORRY)])},
    "an answer": {"mend": Rule("mend", when=Answered(HOW, any_run=True), given=event.share < 0.5, then=[
        OpenCase(COMPLAINT), Send(SORRY)])},
    "a reply": {"mend": Rule("mend", when=Replied(HOW, any_run=True), then=[OpenCase(COMPLAINT), Send(SORRY)]),
                "more": Rule("and else", when="feedback", given=BAD, then=[Call("ring")])},
    "criticism": {"mend": Rule("mend", when="feedback", given=event.intent == "criticism", then=[
        OpenCase(COMPLAINT), Send(SORRY)])},
}  # fmt: skip


@pytest.mark.parametrize("how", REACTS)
def test_a_reaction_to_bad_feedback_is_found_in_whatever_way_it_is_written(how):
    assert lacking(audited(shop(**REACTS[how]))) == []


def test_a_detractor_is_bad_news_also_with_six_of_ten():
    recommend = Rule("ask", when="visited", then=[Ask(attrs.evolve(HOW, scale="nps"), thank=VOUCHER)])
    found = audited(shop(ask=recommend))
    assert lacking(found) == ["6.2"]
    assert "nothing follows from 'feedback' with a score of 6, on the scale 0-10" in found.rule(6).lacking[0].what
    mend = Rule("mend", when="feedback", given=(event.score <= 6) & (event.kind == "nps"), then=[
        OpenCase(COMPLAINT), Send(SORRY)])  # fmt: skip
    assert lacking(audited(shop(ask=recommend, mend=mend))) == []


@settings(max_examples=examples(30))
@given(st.integers(1, 7), st.integers(1, 6), st.booleans())
def test_every_bad_score_is_reacted_to_or_it_is_told(width, bound, upwards):
    """Compared with trying every score of the scale."""
    scale = Scale(1, 1 + width, better="high" if upwards else "low")
    source = FeedbackSource("review", scale=scale, comment=None, location="store")
    condition = event.score <= bound if upwards else event.score >= bound
    mend = Rule("mend", when="review", given=condition, then=[OpenCase(COMPLAINT), Send(SORRY)])
    post = ListeningPost("form", type="review")
    found = audited(shop(mend=mend, ask=None, thank=None), feedback=[source], posts=[post])
    bad = [each for each in range(1, 2 + width) if scale.share(each) < 0.5]
    met = [each <= bound if upwards else each >= bound for each in bad]
    worst = met[0] if upwards else met[-1]
    assert ("6.1" in lacking(found), "6.2" in lacking(found)) == (not worst, worst and not all(met))


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


def test_a_function_of_the_host_may_tell_somebody():
    hurry = Rule("hurry", when=CaseOverdue(COMPLAINT), then=[Call("ring")])
    assert lacking(audited(shop(hurry=hurry))) == []


def test_a_survey_without_scores_is_judged_by_its_words():
    ask = Rule("ask", when="visited", then=[Ask(attrs.evolve(HOW, scale="text"), thank=VOUCHER)])
    assert lacking(audited(shop(ask=ask))) == []


def test_telling_the_customer_that_it_takes_longer_tells_nobody_of_us():
    assert lacking(audited(shop(hurry=Rule("hurry", when=CaseOverdue(COMPLAINT), then=[Send(SORRY)])))) == ["6.6"]


@settings(max_examples=examples(40))
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


def test_deadlines_by_severity_and_in_business_hours_are_deadlines():
    office = BusinessHours(("09:00", "17:00"), zone="Europe/Vienna")
    for within in ({"urgent": hours(2)}, BusinessTime(hours(8), office)):
        kind = CaseType("complaint", respond_within=within)
        assert lacking(audited(shop(cases=[kind]))) == []
    slow = mending(OpenCase(COMPLAINT), Wait(days(14)), Send(SORRY))
    urgent = CaseType("complaint", respond_within={"urgent": hours(2), "normal": hours(30)})
    assert lacking(audited(shop(cases=[urgent], mend=slow, ask=None))) == ["1.1", "5.1", "6.4"]


def test_an_escalation_tells_somebody():
    kind = CaseType("complaint", respond_within=hours(24), escalate=[hours(30)])
    hurry = Rule("hurry", when=CaseEscalated(kind), then=[Send(CALL)])
    assert lacking(audited(shop(cases=[kind], hurry=hurry))) == []
