"""`Ask(remind=, thank=)`: once more where nobody answers, and thanks whatever the answer says (S5, S8.1)."""

from datetime import timedelta

import pytest

from making import START, ends, engine_of, handed, marks, message, pass_time, reasons
from touchpoint import (
    Ask,
    Branch,
    Content,
    Emit,
    Ended,
    Gift,
    Journey,
    JourneyError,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    Survey,
    Wait,
    answered,
    days,
    hours,
    outcome,
    times,
)
from touchpoint.channels.inbound import Replied
from touchpoint.journey.codec import journey_from_dict, journey_to_dict
from touchpoint.journey.steps import identified
from touchpoint.model.feedback import Feedback

RATE = Survey("rate", scale="nps", why="to learn", channels=["sms"], content=Content(text="How likely, 0 to 10?"))
VOUCHER = Gift(
    "voucher",
    why="to thank",
    channels=["email"],
    content=Content(text="5 off"),
    worth=5,
    currency="EUR",
    kind="service",
)
AGAIN = Survey(
    "rate again", scale="nps", why="to learn", channels=["sms"], content=Content(text="Still there? 0 to 10")
)


def asking(*then, name="ask", survey=RATE, **options):
    return Rule(name, when="visited", then=[Ask(survey, **options), *(then or [Emit("mark")])], key="visit")


def visited(*rules, **options):
    engine = engine_of(*rules, **options)
    engine.grant("ann", "feedback")
    engine.record("ann", "visited", {"visit": 1}, location="Vienna")
    pass_time(engine)
    return engine


def reply(engine, text, **parts):
    return engine.apply(Replied("ann", "sms", text, **parts))


# S5.1: as any message
def test_without_reminder_and_thanks_the_run_goes_on_at_the_hand_over():
    with visited(asking()) as engine:
        assert marks(engine) == [START]


def test_who_does_not_answer_is_reminded_once_and_the_run_goes_on_when_answers_no_longer_count():
    with visited(asking(remind=days(3), within=days(10))) as engine:
        pass_time(engine, days(3) - timedelta(microseconds=1))
        assert handed(engine, "sms") == ["rate"]
        pass_time(engine, timedelta(microseconds=1))
        assert handed(engine, "sms") == ["rate", "rate"]
        pass_time(engine, days(20))
        assert handed(engine, "sms") == ["rate", "rate"]
        assert marks(engine) == [START + days(10)]
        assert len({each.key for each in engine.customer("ann").messages}) == 2


def test_each_reminder_counts_from_the_hand_over_of_the_one_before():
    with visited(asking(remind=(days(1), days(2)), within=days(7))) as engine:
        pass_time(engine, days(9))
        at = [each.at for each in engine.customer("ann").timeline() if each.type == "message_sent"]
        assert at == [START, START + days(1), START + days(3)]
        assert marks(engine) == [START + days(7)]


# S8.1: never after an answer
@pytest.mark.parametrize("text", ["9", "0", "it was too loud"])
def test_who_has_answered_is_not_reminded_and_the_run_goes_on_at_once(text):
    with visited(asking(remind=days(3))) as engine:
        pass_time(engine, hours(5))
        reply(engine, text)
        assert marks(engine) == [START + hours(5)]
        pass_time(engine, days(20))
        assert handed(engine, "sms") == ["rate"]


def test_a_reply_that_is_no_answer_keeps_no_reminder_away():
    with visited(asking(remind=days(3))) as engine:
        reply(engine, "Out of office until Monday")
        pass_time(engine, days(3))
        assert handed(engine, "sms") == ["rate", "rate"]


def test_an_answer_while_the_reminder_waits_for_the_gate_withdraws_it():
    quiet = QuietHours("11:00", "12:00", unknown_zone="UTC")
    with visited(asking(remind=days(3) + hours(2)), policy=Policy(quiet)) as engine:
        pass_time(engine, days(3) + hours(2) + timedelta(minutes=30))
        assert ends(engine) == [("rate", "sent"), ("rate", "waiting")]
        reply(engine, "9")
        pass_time(engine, days(1))
        assert ends(engine) == [("rate", "sent"), ("rate", "withdrawn")]
        assert len(marks(engine)) == 1


def test_an_answer_to_the_reminder_answers_the_survey():
    with visited(asking(remind=days(3), reminder=AGAIN, thank=message("thanks"))) as engine:
        first = engine.customer("ann").messages[0].key
        pass_time(engine, days(3))
        assert handed(engine, "sms") == ["rate", "rate again"]
        reply(engine, "7")
        (said,) = engine.feedback.of("ann")
        assert (said.message, said.feedback.about, said.feedback.location) == ("rate", first, "Vienna")
        pass_time(engine, days(1))
        assert handed(engine) == ["thanks"]


def test_an_answer_by_a_form_counts_as_one():
    with visited(asking(remind=days(3))) as engine:
        key = engine.customer("ann").messages[0].key
        engine.feedback.record("ann", Feedback(kind="nps", score=3, about=key))
        assert marks(engine) == [START]


def test_what_became_of_a_reminder_does_not_change_what_became_of_the_survey():
    then = Branch(outcome("rate") == "sent", then=[Emit("mark")])
    with visited(asking(then, remind=days(3))) as engine:
        pass_time(engine, days(3) - hours(1))
        reply(engine, "9")
        pass_time(engine, days(1))
        assert len(marks(engine)) == 1


def test_a_survey_that_was_not_sent_is_followed_by_nothing_of_that():
    with engine_of(asking(remind=days(3), otherwise=[Emit("unsent")])) as engine:
        engine.record("ann", "visited", {"visit": 1})  # without consent
        pass_time(engine, days(20))
        assert ends(engine) == [("rate", "denied")]
        assert marks(engine, type="unsent") == [START]
        assert marks(engine) == [START]


# S8.1: thanks whatever the score, once for each survey, and not too often
@pytest.mark.parametrize("text", ["10", "0", "awful, never again"])
def test_thanks_go_out_whatever_the_answer_says(text):
    with visited(asking(thank=VOUCHER)) as engine:
        reply(engine, text)
        pass_time(engine)
        assert handed(engine) == ["voucher"]
        assert marks(engine) == [START]


def test_nobody_is_thanked_for_nothing():
    with visited(asking(thank=VOUCHER)) as engine:
        pass_time(engine, days(14) - timedelta(microseconds=1))
        assert marks(engine) == []
        pass_time(engine, timedelta(microseconds=1))
        assert (handed(engine), marks(engine)) == ([], [START + days(14)])


def test_two_answers_to_one_survey_earn_one_gift():
    with visited(asking(thank=VOUCHER)) as engine:
        for text in ("9", "9", "10, and lovely staff"):
            reply(engine, text)
            pass_time(engine, hours(1))
        assert handed(engine) == ["voucher"]


def test_a_gift_without_a_limit_of_its_own_is_given_once_in_ninety_days():
    with visited(asking(thank=VOUCHER)) as engine:
        for visit in range(2, 5):
            reply(engine, "9")
            pass_time(engine, days(30))
            engine.record("ann", "visited", {"visit": visit})
            pass_time(engine)
        reply(engine, "9")
        pass_time(engine)
        assert [each for each in ends(engine) if each[0] == "voucher"] == [
            ("voucher", "sent"), ("voucher", "denied"), ("voucher", "denied"), ("voucher", "sent"),
        ]  # fmt: skip
    assert Ask(RATE, thank=VOUCHER).thank.limit == times(1, per=days(90))


def test_a_limit_of_its_own_stays():
    often = Gift("sticker", why="to thank", channels=["email"], limit=times(5, per=days(1)))
    assert Ask(RATE, thank=often).thank == often
    assert Ask(RATE, thank=message("thanks")).thank == message("thanks")
    assert Ask(RATE, thank=message("card", kind="gift")).thank.limit == times(1, per=days(90))


# S4.5, S5.4: identity of the steps
def names(*steps):
    return [name for name, _ in identified(steps)]


def test_what_follows_is_named_after_its_survey_and_moves_no_other_name():
    rest = [Send(message("thanks")), Ask(AGAIN, remind=days(1)), Send(message("thanks"))]
    with_it = names(Ask(RATE, remind=(days(3), days(2)), thank=VOUCHER), *rest)
    assert [each for each in with_it if not each.startswith("ask:rate/")] == names(Ask(RATE), *rest)
    assert [each for each in with_it if each.startswith("ask:rate/")] == [
        "ask:rate/answer", "ask:rate/remind", "ask:rate/answer#2", "ask:rate/remind#2", "ask:rate/answer#3",
        "ask:rate/answered", "ask:rate/thank",
    ]  # fmt: skip


def test_a_survey_that_is_renamed_takes_what_follows_along(tmp_path):
    store = f"sqlite:///{tmp_path / 't.db'}"
    with visited(asking(remind=days(3), name="a"), store=store) as engine:
        clock = engine.clock
    renamed = Rule(
        "a", when="visited", then=[Ask(RATE, remind=days(5), id="ask them", was="ask:rate"), Emit("mark")], key="visit"
    )
    with engine_of(renamed, store=store, clock=clock) as engine:
        pass_time(engine, days(5) - timedelta(microseconds=1))
        assert handed(engine, "sms") == []
        pass_time(engine, timedelta(microseconds=1))
        assert handed(engine, "sms") == ["rate"]


def test_a_release_that_no_longer_reminds_lets_those_who_wait_go_on(tmp_path):
    store = f"sqlite:///{tmp_path / 't.db'}"
    with visited(asking(remind=days(3)), store=store) as engine:
        clock = engine.clock
    with engine_of(asking(), store=store, clock=clock) as engine:
        pass_time(engine, days(1))
        assert len(marks(engine)) == 1
        assert reasons(engine) == ["done"]


def test_it_is_written_and_read_back_as_it_was_said():
    rule = asking(remind=(days(3), days(4)), reminder=AGAIN, thank=VOUCHER, within=days(10))
    made = Journey("shop", rules=[rule])
    assert journey_from_dict(journey_to_dict(made)) == made


@pytest.mark.parametrize(
    ("options", "path", "named"),
    [
        ({"remind": days(0)}, "remind", ""),
        ({"remind": (days(7), days(7))}, "remind", "no longer count"),
        ({"remind": days(3), "within": days(2)}, "remind", "no longer count"),
        ({"within": days(0)}, "within", ""),
        ({"within": -days(1)}, "within", ""),
        ({"reminder": AGAIN}, "reminder", "nobody is ever reminded"),
        ({"remind": days(1), "reminder": Survey("x", scale="ces", why="y", channels=["sms"])}, "reminder", "scale"),
        ({"thank": AGAIN}, "thank", "thanks nobody"),
        ({"thank": Message("rate", why="y", channels=["sms"])}, "", "rate"),
        ({"remind": "3 days"}, "remind", ""),
        ({"thank": "thanks"}, "thank", ""),
    ],
)
def test_what_cannot_be_done_is_told_with_its_path(options, path, named):
    with pytest.raises(JourneyError) as told:
        Journey("shop", rules=[asking(**options)])
    assert any(path in each.path and named in each.message for each in told.value.problems)


def test_a_survey_that_is_followed_up_is_asked_in_one_place():
    rule = Rule("ask", when="visited", then=[Ask(RATE, remind=days(3)), Wait(days(1)), Ask(RATE)])
    with pytest.raises(JourneyError, match="in several places"):
        Journey("shop", rules=[rule])


@pytest.mark.parametrize("points", [(5, 1), (1, 2, 3), (0, 5000), ("a", "b")])
def test_points_that_are_no_scale_are_told(points):
    with pytest.raises(JourneyError):
        Journey("shop", rules=[asking(survey=Survey("s", points=points, why="y", channels=["sms"]))])
    with pytest.raises(JourneyError, match="points"):
        Journey("shop", rules=[asking(survey=Survey("s", scale="nps", points=(1, 5), why="y", channels=["sms"]))])


def test_an_exit_may_wait_for_the_end_of_the_survey():
    rule = Rule("ask", when="visited", then=[Ask(RATE, remind=days(3))], exit=[Ended("rate", as_="denied")])
    assert answered("rate").message == "rate"
    with engine_of(rule) as engine:
        engine.record("ann", "visited")
        pass_time(engine)
        assert reasons(engine) == ["exit"]
