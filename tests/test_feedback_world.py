"""Feedback in the test kit: people answer, analysers are asked, and crashes lose nothing (S8.1, S11.1)."""

import pytest

from making import journey, message
from test_ask_follow_up import RATE
from touchpoint import Ask, Rule, Send, days, event
from touchpoint.insight import KeywordAnalyser
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale
from touchpoint.testing.world import World

SOURCES = [FeedbackSource("review", scale=Scale(1, 5))]
TOPICS = KeywordAnalyser({"staff": ["staff"]})
ASK = Rule("ask", when="visited", then=[Ask(RATE, remind=days(3), thank=message("thanks"), within=days(10))])
TALK = Rule("talk", when="feedback_analysed", given=event.topics.contains("staff"), then=[Send(message("talk"))])


def story(world):
    ann = world.customer("ann", addresses={"phone": "+15551230001", "email": "ann@example.com"})
    ann.grants("feedback")
    ann.does("visited")
    world.advance(days(4))
    ann.replies("2, the staff was terrible", via="sms")
    world.advance(days(20))


def names(world):
    return [each.name for each in world.accepted]


@pytest.mark.parametrize("apart", [False, True])
def test_a_person_answers_and_is_thanked_and_what_was_said_is_read(apart):
    with World([journey(ASK, TALK)], feedback=SOURCES, analyser=TOPICS) as world:
        if apart:
            world.apart()
        story(world)
        assert names(world) == ["rate", "rate", "thanks", "talk"] or names(world) == ["rate", "rate", "talk", "thanks"]
        (heard,) = world.engine.feedback.of("ann")
        assert (heard.feedback.score, heard.message, heard.analysed) == (2, "rate", "done")


# S11.1, S6.8: whatever crashes, one answer is one, and thanks go out once
def test_a_crash_anywhere_neither_loses_an_answer_nor_thanks_twice():
    with World([journey(ASK, TALK)], analyser=TOPICS) as world:
        points = 0
        for crashed in world.for_each_crash_point(story):
            points += 1
            assert [each.feedback.score for each in crashed.engine.feedback.of("ann")] == [2], crashed.point
            assert sorted(set(names(crashed))) == ["rate", "talk", "thanks"], crashed.point
            assert names(crashed).count("thanks") == 1, crashed.point
            told = [each for each in crashed.engine.customer("ann").timeline() if each.type == "feedback_analysed"]
            assert len(told) == 1, crashed.point
        assert points > 5
