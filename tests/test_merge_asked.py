"""Surveys that were out under both ids of one person (S1.6, S8.1): an answer to either answers the run that goes on."""

import pytest

from making import START, engine_of, handed, marks, message, pass_time, reasons
from touchpoint import Answered, Ask, Content, Emit, Figures, Rule, Survey, WaitFor, days, hours
from touchpoint.channels.inbound import Replied
from touchpoint.model.feedback import Feedback

RATE = Survey("rate", scale="nps", why="to learn", channels=["sms"], content=Content(text="How likely, 0 to 10?"))
AGAIN = Survey("again", scale="nps", why="to learn", channels=["sms"], content=Content(text="Still there? 0 to 10"))
FOLLOWED = Ask(RATE, remind=[days(3), days(3)], thank=message("thanks"))
EITHER = pytest.mark.parametrize("answered", ["dan", "eve"])


def asking(*steps, **options):
    return Rule("ask", when="visited", then=[*(steps or [FOLLOWED]), Emit("mark")], **options)


def both_asked(*steps, people=("dan", "eve"), store="sqlite://", **options):
    """An engine by which each of these was asked, one an hour after the other, and the keys of their surveys."""
    engine = engine_of(asking(*steps, **options), people=people, store=store, figures=Figures())
    keys = {}
    for who in people:
        engine.grant(who, "feedback")
        engine.record(who, "visited", location="Vienna")
        pass_time(engine)
        (only,) = engine.customer(who).messages
        keys[who] = only.key
        pass_time(engine, hours(1))
    return engine, keys


def reply(engine, key, text="9"):
    engine.apply(Replied("dan", "sms", text, about=key))
    pass_time(engine)


def scores(engine, who="dan"):
    return [(each.feedback.score, each.feedback.about) for each in engine.feedback.of(who)]


def figures(engine):
    return engine.figures().to_dict()


@EITHER
def test_an_answer_to_either_survey_answers_the_run_that_goes_on(answered):
    engine, keys = both_asked()
    with engine:
        assert engine.merge("eve", into="dan").ended == 1
        reply(engine, keys[answered])
        assert marks(engine, "dan") == [START + hours(2)]
        pass_time(engine, days(20))
        assert handed(engine, "sms") == ["rate", "rate"]
        assert handed(engine) == ["thanks"]
        assert sorted(reasons(engine, "dan")) == ["done", "merged"]
        assert scores(engine) == [(9, keys["dan"])]


@EITHER
def test_such_an_answer_counts_once_in_figures_and_they_are_what_a_rebuild_finds(answered):
    engine, keys = both_asked()
    with engine:
        engine.merge("eve", into="dan")
        for key in (keys[answered], *keys.values()):
            reply(engine, key, "7")
            pass_time(engine, hours(1))
        assert {about for _, about in scores(engine)} == {keys["dan"]}
        assert sum(each.counts for each in engine.feedback.of("dan")) == 1
        before = figures(engine)
        engine.figures.rebuild()
        assert figures(engine) == before


def test_feedback_by_a_form_about_the_other_survey_answers_it_too():
    engine, keys = both_asked()
    with engine:
        engine.merge("eve", into="dan")
        engine.feedback.record("dan", Feedback(kind="nps", score=3, about=keys["eve"]))
        pass_time(engine)
        assert marks(engine, "dan") == [START + hours(2)]
        assert scores(engine) == [(3, keys["dan"])]


def test_an_answer_to_a_reminder_of_the_run_that_ended_answers_it_too():
    engine, keys = both_asked(Ask(RATE, remind=days(3), reminder=AGAIN))
    with engine:
        pass_time(engine, days(3))
        (again,) = [each.key for each in engine.customer("eve").messages if each.name == "again"]
        engine.merge("eve", into="dan")
        reply(engine, again)
        assert len(marks(engine, "dan")) == 1
        assert [(each.message, each.feedback.about) for each in engine.feedback.of("dan")] == [("rate", keys["dan"])]


def test_of_three_ids_an_answer_to_the_first_that_ended_answers_the_run_that_goes_on():
    engine, keys = both_asked(people=("cat", "dan", "eve"))
    with engine:
        engine.merge("eve", into="dan")
        engine.merge("dan", into="cat")
        reply(engine, keys["eve"])
        assert len(marks(engine, "cat")) == 1
        assert scores(engine, "cat") == [(9, keys["cat"])]


def test_where_a_new_trigger_restarts_the_rule_the_answer_is_the_newer_runs():
    engine, keys = both_asked(concurrency="restart")
    with engine:
        engine.merge("eve", into="dan")
        reply(engine, keys["dan"])
        assert len(marks(engine, "dan")) == 1
        assert scores(engine) == [(9, keys["eve"])]


def test_runs_that_both_go_on_are_answered_each_by_itself():
    engine, keys = both_asked(concurrency="parallel")
    with engine:
        assert engine.merge("eve", into="dan").ended == 0
        reply(engine, keys["eve"])
        assert len(marks(engine, "dan")) == 1
        assert scores(engine) == [(9, keys["eve"])]


# S8.1: the latest answer to one survey counts
def test_another_answer_to_a_survey_that_was_answered_before_the_merge_stands_in_its_place():
    engine, keys = both_asked(Ask(RATE), WaitFor(Answered(RATE), days(9)), WaitFor("left", days(90)))
    with engine:
        engine.apply(Replied("eve", "sms", "2", about=keys["eve"]))
        engine.merge("eve", into="dan")
        reply(engine, keys["eve"], "8")
        assert [(each.feedback.score, each.counts) for each in engine.feedback.of("dan")] == [(2, False), (8, True)]


def test_of_several_runs_that_a_release_has_restart_each_other_any_survey_is_that_of_the_last(tmp_path):
    store = f"sqlite:///{tmp_path / 't.db'}"
    engine, _ = both_asked(concurrency="parallel", store=store)
    with engine:
        for who in ("dan", "eve"):
            engine.record(who, "visited", location="Vienna")
            pass_time(engine, hours(1))
    with engine_of(asking(concurrency="restart"), people=(), store=store, clock=engine.clock) as engine:
        assert engine.merge("eve", into="dan").ended == 3
        first, *_, latest = sorted(engine.customer("dan").messages, key=lambda each: each.at)
        reply(engine, first.key)
        assert len(marks(engine, "dan")) == 1
        assert scores(engine) == [(9, latest.key)]
