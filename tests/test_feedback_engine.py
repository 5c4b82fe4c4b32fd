"""Feedback in the engine: answers in replies, forms, which message and which location they are about (S8.1)."""

from datetime import timedelta

import pytest

from making import START, engine_of, marks, message, pass_time
from touchpoint import (
    Answered,
    Ask,
    Branch,
    Content,
    Emit,
    InvalidInput,
    InvalidTouchpoint,
    Journey,
    Rule,
    Send,
    Survey,
    Touchpoint,
    Wait,
    answered,
    days,
    event,
    hours,
)
from touchpoint.channels.inbound import Replied
from touchpoint.lab import read_events, replay
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale


def survey(name="rate", **parts):
    given = {"scale": "nps", "why": "to learn", "channels": ["sms"], "content": Content(text="How likely, 0 to 10?")}
    return Survey(name, **(given | parts))


def asking(**options):
    return Rule("ask", when="visited", then=[Ask(survey(), **options)], limit=None)


FORTNIGHT = days(14)


def asked(*rules, within=FORTNIGHT, **options):
    """An engine in which Ann was sent the survey about a visit in Vienna."""
    engine = engine_of(asking(within=within), *rules, **options)
    engine.grant("ann", "feedback")
    engine.record("ann", "visited", location="Vienna")
    pass_time(engine)
    return engine


def reply(engine, text, **parts):
    return engine.apply(Replied("ann", "sms", text, **parts))


def key_of(engine, name="rate"):
    return next(each.key for each in engine.customer("ann").messages if each.name == name)


def heard(engine):
    return [(each.feedback.score, each.feedback.comment) for each in engine.feedback.of("ann")]


def types(engine):
    return [each.type for each in engine.customer("ann").timeline() if not each.type.startswith("message_")]


# S8.1: a reply to an NPS text counts
def test_a_reply_to_a_survey_is_feedback_about_that_message_and_that_location():
    with asked() as engine:
        engine.identify("ann", locale="en")
        reply(engine, "9, lovely staff", id="in-1")
        (said,) = engine.feedback.of("ann")
        assert said.feedback == Feedback(
            kind="nps", score=9, comment="lovely staff", channel="sms", location="Vienna", about=key_of(engine),
            language="en", at=START,
        )  # fmt: skip
        assert (said.id, said.type, said.message, said.counts) == ("feedback:in-1", "feedback", "rate", True)


def test_the_reply_itself_stays_what_it_was_and_comes_first():
    with asked() as engine:
        reply(engine, "9, lovely staff", id="in-1")
        assert types(engine)[-2:] == ["replied", "feedback"]


def test_the_same_reply_again_says_nothing_twice():
    with asked() as engine:
        for _ in range(2):
            recorded = reply(engine, "9", id="in-1")
        assert recorded.duplicate
        assert heard(engine) == [(9, None)]


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "start",
        "Out of office: I am back on 9 March",
        "Abwesenheitsnotiz: bin ab 9. März zurück",
        "> 0 to 10?",
        "  ",
    ],
)
def test_what_is_no_answer_stays_a_reply(text):
    with asked() as engine:
        reply(engine, text, id="in-1")
        assert types(engine)[-1] == "replied"
        assert heard(engine) == []


def test_a_reply_to_another_message_is_no_feedback():
    with asked(Rule("more", when="bought", then=[Send(message("thanks", channels=["sms"]))])) as engine:
        engine.clock.advance(hours(1))
        engine.record("ann", "bought")
        pass_time(engine)
        reply(engine, "9", id="in-1")
        assert heard(engine) == []
        reply(engine, "9", id="in-2", about=key_of(engine))
        assert heard(engine) == [(9, None)]


def test_a_customer_who_is_known_by_the_address_alone_answers_what_they_were_asked():
    with asked() as engine:
        engine.apply(Replied(None, "sms", "10", address="+15551230317", id="in-1"))
        assert heard(engine) == [(10, None)]


# S8.1: partial and repeated answers
def test_the_score_may_come_first_and_the_words_later():
    with asked() as engine:
        reply(engine, "7")
        engine.clock.advance(hours(1))
        reply(engine, "lovely staff")
        assert heard(engine) == [(7, None), (None, "lovely staff")]
        assert {each.feedback.about for each in engine.feedback.of("ann")} == {key_of(engine)}


def test_of_several_scores_the_latest_counts_and_the_others_stay():
    with asked() as engine:
        for text in ("2", "9", "so friendly"):
            engine.clock.advance(hours(1))
            reply(engine, text)
        assert [(each.feedback.score, each.counts) for each in engine.feedback.of("ann")] == [
            (2, False), (9, True), (None, False),
        ]  # fmt: skip


def test_an_answer_that_was_written_earlier_counts_less_however_late_it_arrives():
    with asked() as engine:
        engine.clock.advance(hours(5))
        reply(engine, "9", at=START + hours(4))
        reply(engine, "2", at=START + hours(3))
        assert [(each.feedback.score, each.counts) for each in engine.feedback.of("ann")] == [(9, True), (2, False)]


@pytest.mark.parametrize(("after", "counts"), [(days(3), True), (days(3) + timedelta(microseconds=1), False)])
def test_answers_count_for_as_long_as_the_survey_says(after, counts):
    with asked(within=days(3)) as engine:
        engine.clock.advance(after)
        reply(engine, "9")
        assert heard(engine) == ([(9, None)] if counts else [])


def test_answers_are_read_on_the_scale_on_which_the_survey_asked():
    rule = Rule("ask", when="visited", then=[Ask(survey(scale="csat", points=(1, 10)))])
    with engine_of(rule) as engine:
        engine.grant("ann", "feedback")
        engine.record("ann", "visited")
        pass_time(engine)
        reply(engine, "7, fine")
        (said,) = engine.feedback.of("ann")
        assert (said.feedback.score, said.feedback.scale) == (7, Scale(1, 10))


# S8.1: a source that moves from five to ten points
def test_an_answer_to_what_was_sent_before_a_release_is_read_on_the_scale_of_then(tmp_path):
    store, clock = f"sqlite:///{tmp_path / 't.db'}", None
    with engine_of(Rule("ask", when="visited", then=[Ask(survey(scale="csat"))]), store=store) as engine:
        engine.grant("ann", "feedback")
        engine.record("ann", "visited")
        pass_time(engine)
        clock = engine.clock
    changed = Rule("ask", when="visited", then=[Ask(survey(scale="csat", points=(1, 10)))])
    with engine_of(changed, store=store, clock=clock) as engine:
        reply(engine, "4")
        assert engine.feedback.of("ann")[0].feedback.share == 0.75


# Rules.


def test_rules_react_to_feedback_by_its_score_and_by_its_share():
    low = Rule("low", when="feedback", given=event.score <= 2, then=[Emit("by_score")], limit=None)
    share = Rule("share", when="feedback", given=event.share <= 0.25, then=[Emit("by_share")], limit=None)
    with engine_of(low, share) as engine:
        engine.feedback.record("ann", Feedback(kind="csat", score=2))
        engine.feedback.record("ann", Feedback(kind="review", score=3, scale=Scale(1, 10)))
        engine.feedback.record("ann", Feedback(kind="csat", score=3))
        assert len(marks(engine, type="by_score")) == 1
        assert len(marks(engine, type="by_share")) == 2


def test_a_rule_waits_for_answers_to_a_survey_and_no_others():
    rule = Rule("sorry", when=Answered("rate"), given=event.share < 0.5, then=[Emit("mark")], limit=None)
    with asked(rule) as engine:
        engine.feedback.record("ann", Feedback(kind="nps", score=1))
        assert marks(engine) == []
        reply(engine, "1")
        assert marks(engine) == [START]


def test_what_was_answered_in_this_run_is_a_condition():
    later = [Wait(days(2)), Branch(answered("rate"), then=[Emit("mark")], otherwise=[Emit("silent")])]
    rule = Rule("ask", when="visited", then=[Ask(survey()), *later])
    for text, emitted in (("9", "mark"), ("STOP", "silent")):
        with engine_of(rule) as engine:
            engine.grant("ann", "feedback")
            engine.record("ann", "visited")
            pass_time(engine)
            reply(engine, text)
            pass_time(engine, days(2))
            assert types(engine)[-1] == emitted


def test_the_hosts_own_types_get_the_share_of_their_scores_on_the_scale_of_then():
    moved = START + days(10)
    source = FeedbackSource("review", scale={START - days(1): Scale(1, 5), moved: Scale(1, 10)})
    rule = Rule("low", when="review", given=event.share <= 0.25, then=[Emit("mark")], limit=None)
    with engine_of(rule, feedback=[source]) as engine:
        engine.record("ann", "review", {"score": 2})
        engine.clock.until(moved)
        engine.record("ann", "review", {"score": 3, "comment": "hm"}, location="Graz")
        engine.record("ann", "review", {"score": 5})
        assert marks(engine) == [START, moved]
        assert [each.feedback.share for each in engine.feedback.of("ann")][:2] == [0.25, pytest.approx(2 / 9)]
        assert engine.feedback.of("ann")[1].feedback.location == "Graz"


# Files.


def test_answers_are_read_from_a_file(tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text(
        "id,customer,type,at,location,stars,said\n"
        "a1,ann,review,2026-03-01T09:00:00Z,Graz,2,stale bread\n"
        "a2,ann,review,2026-03-01T10:00:00Z,Graz,five,lovely\n"
        "a3,bob,review,2026-03-01T11:00:00Z,Linz,4,\n"
    )
    source = FeedbackSource("review", score="stars", comment="said", scale=Scale(1, 5))
    rule = Rule("low", when="review", given=event.share <= 0.25, then=[Emit("mark")], limit=None)
    with engine_of(rule, feedback=[source]) as engine:
        for _ in range(2):
            engine.record_many(read_events(file))
        assert heard(engine) == [(2, "stale bread"), (None, "lovely")]
        assert len(marks(engine)) == 1
        assert engine.feedback.of("bob")[0].feedback.location == "Linz"
    found = replay([Journey("one", rules=[rule])], read_events(file), feedback=[source])
    assert found.tallies["rule", "one/low", "started"] == 1


def test_what_is_no_touchpoint_is_refused_with_its_place_as_ever():
    source = FeedbackSource("review", scale=Scale(1, 5))
    with engine_of(feedback=[source]) as engine, pytest.raises(InvalidTouchpoint, match=r"touchpoints\[1\]"):
        engine.record_many([Touchpoint("ann", "review"), "review"])


# Forms.


def test_a_form_answers_the_survey_that_it_is_about():
    with asked() as engine:
        said = Feedback(kind="nps", score=6, comment="too loud", channel="web", about=key_of(engine))
        assert not engine.feedback.record("ann", said, id="form-1").duplicate
        assert engine.feedback.record("ann", said, id="form-1").duplicate
        (found,) = engine.feedback.of("ann")
        assert (found.message, found.feedback.location, found.feedback.channel) == ("rate", "Vienna", "web")


def test_a_form_may_say_more_of_where_it_was_and_be_about_nothing_that_we_sent():
    with asked() as engine:
        engine.feedback.record("ann", Feedback(kind="nps", score=6, about=key_of(engine), location="Graz"))
        engine.feedback.record("ann", Feedback(kind="text", comment="oat milk, please", about="visit-7"))
        found = engine.feedback.of("ann")
        assert [each.feedback.location for each in found] == ["Graz", None]
        assert [(each.message, each.feedback.about) for each in found][1] == (None, "visit-7")


def test_nobody_answers_for_somebody_else():
    with asked(people=("ann", "bob")) as engine:
        with pytest.raises(InvalidInput, match="another customer"):
            engine.feedback.record("bob", Feedback(kind="nps", score=0, about=key_of(engine)))
        with pytest.raises(InvalidInput, match="another customer"):
            engine.feedback.record("eve", Feedback(kind="nps", score=0, about=key_of(engine)))
        assert heard(engine) == []


def test_what_is_no_feedback_is_refused():
    with engine_of() as engine, pytest.raises(InvalidInput, match="takes Feedback"):
        engine.feedback.record("ann", {"score": 5})  # type: ignore[arg-type]


def test_feedback_of_two_ids_of_one_person_becomes_that_of_one():
    with asked(people=("ann", "bob")) as engine:
        reply(engine, "9")
        engine.feedback.record("bob", Feedback(kind="csat", score=2))
        engine.merge("ann", "bob")
        assert [each.feedback.score for each in engine.feedback.of("bob")] == [9, 2]
        key = engine.customer("bob").messages[0].key
        engine.feedback.record("bob", Feedback(kind="nps", score=3, about=key))
        assert [each.counts for each in engine.feedback.of("bob")] == [False, True, True]


def test_what_was_asked_is_exported_and_erased():
    with asked(secret="a secret that only this test knows") as engine:
        reply(engine, "9, lovely staff")
        (told,) = engine.export("ann")["surveys"]
        assert (told["message"], told["location"], told["kind"]) == ("rate", "Vienna", "nps")
        engine.erase("ann")
        with engine.store.reading() as reader:
            assert reader.asked_of(1) == []
