"""The seven rules of engagement: a shop that meets them all, and others that break one each (S8.3)."""

import runpy
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditing import (
    BAD,
    COMPLAINT,
    HOW,
    SORRY,
    THANKS,
    VOUCHER,
    Mail,
    audited,
    lacking,
    setting,
    shop,
    statuses,
)  # fmt: skip
from journeys_strategy import journeys as any_journeys
from sizing import examples
from touchpoint import (
    Ask,
    Give,
    Journey,
    OpenCase,
    Policy,
    Rule,
    Send,
    Wait,
    WaitFor,
    days,
    event,
    ever,
)  # fmt: skip
from touchpoint.channels import TaskChannel
from touchpoint.core.program import compile_program
from touchpoint.errors import InvalidInput, JourneyError, UnknownName
from touchpoint.lab.audit import Evidence, ListeningPost, audit
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
    2: ({}, {"posts": [
        ListeningPost("chat", locations=["web"], dedicated=False),
        ListeningPost("till", offline=True, locations=["graz"], dedicated=False),
    ]}, ["2.1"]),
    3: ({}, {"analyser": None}, ["3.4"]),
    4: ({}, {"locations": ["graz", "web", "linz"]}, ["4.2"]),
    5: (
        {"ask": Rule("ask", when="visited", then=[
            Ask(HOW), WaitFor("feedback", timeout=days(14), given=event.score >= 4, then=[Give(VOUCHER)]),
        ])},
        {}, ["5.2"],
    ),
    6: ({"hurry": None}, {}, ["6.6"]),
    7: ({}, {"figures": None}, ["7.3"]),
}  # fmt: skip


def broken(number):
    changes, other, _ = BROKEN[number]
    return audited(shop(**changes), **other)


@pytest.mark.parametrize("number", BROKEN)
def test_a_journey_that_breaks_one_rule_is_told_which_and_why(number):
    found = broken(number)
    assert [rule.number for rule in found.rules if rule.status != "met"] == [number]
    assert lacking(found) == BROKEN[number][2]
    for each in found.rule(number).lacking:
        assert each.what
        assert each.mend


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


def test_a_post_records_a_type_that_is_read_as_feedback():
    found = audited(posts=[*setting()["posts"], ListeningPost("wall", locations=["graz"], type="scribble")])
    assert {"3.1", "2.2"} <= set(lacking(found))
    assert str(found.rule(3).lacking[0].places[0]) == "posts['wall']"


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


# --- 7 ---------------------------------------------------------------------------------------------------------------


def test_feedback_without_a_location_cannot_be_compared():
    posts = [ListeningPost("form"), ListeningPost("card at the till", offline=True)]
    found = audited(posts=posts)
    assert lacking(found) == ["7.2"]
    assert found.rule(7).status == "not"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(59, "59 seconds"), (90, "1.5 minutes"), (5_400, "1.5 hours"), (129_600, "1.5 days"), (None, "nothing to count")],
)
def test_lengths_of_time_are_told_in_words(seconds, said):
    assert str(Evidence("wait", seconds, "seconds", 1)) == f"wait: {said}"


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
        lambda: audited(figures=7),
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


# --- a program that the project is accepted by ------------------------------------------------------------------------

SHOP = Path(__file__).parent.parent.parent / "shared/acceptance/shop.py"


@pytest.mark.skipif(not SHOP.exists(), reason="../shared/acceptance/shop.py is not there")
def test_of_the_acceptance_shop_it_is_said_which_rules_are_not_met_and_why():
    found = audit(runpy.run_path(str(SHOP), run_name="a_program")["shop"])
    assert statuses(found) == ["met", "not", "not", "not", "not", "partly", "not"]
    why = {each.code: each.what for rule in found.rules for each in rule.lacking}
    assert why["2.1"] == "'review' seems to be feedback, and nobody said how it comes in"
    assert why["3.1"] == "'review' seems to be feedback, and no FeedbackSource reads it"
    assert why["5.1"] == "there is nothing for an answer"  # its voucher follows complaints alone: it is an apology
    assert {code: what for code, what in why.items() if code.startswith("6")} == {
        "6.6": "no rule tells anybody that 'complaint' is overdue",
        "6.7": "nothing is sent to who praises",
    }


@pytest.mark.skipif(not SHOP.exists(), reason="../shared/acceptance/shop.py is not there")
def test_what_the_acceptance_shop_lacks_can_be_said_beside_it():
    journey = runpy.run_path(str(SHOP), run_name="a_program")["shop"]
    page = ListeningPost("review page", channel="email", type="review", says_where=True)
    card = ListeningPost("card in the parcel", offline=True, type="review", says_where=True)
    source = FeedbackSource("review", "csat")
    found = audited(journey, channels=None, feedback=[source], posts=[page, card], locations=["web"])
    assert lacking(found) == ["5.1", "6.6", "6.7"]


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=examples(30))
@given(any_journeys())
def test_any_journey_that_can_be_at_work_can_be_audited(journey):
    try:
        compile_program([journey], Policy())
    except JourneyError:
        with pytest.raises(JourneyError):
            audit(journey)
        return
    assert [rule.number for rule in audit(journey).rules] == list(range(1, 8))


@settings(max_examples=examples(30))
@given(plain_journeys(), st.booleans())
def test_an_audit_says_the_same_each_time_and_what_to_do(journey, whether):
    other = setting() if whether else {}
    found = audit(journey, **other)
    assert found.to_dict() == audit([journey], **other).to_dict()
    assert all(each.what and each.mend for rule in found.rules for each in rule.lacking)
