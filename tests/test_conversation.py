"""Answers in a conversation: replies and reactions, on the channel by which the event came (S5)."""

import json

import pytest

from making import MARK, START, Scripted, ends, engine_of, handed, journey, pass_time, trace
from touchpoint import (
    Ask,
    Content,
    Enrolled,
    JourneyError,
    Message,
    Policy,
    QuietHours,
    React,
    Reply,
    Rule,
    Send,
    Survey,
    VirtualClock,
    Wait,
    WaitFor,
    days,
    event,
    hours,
    minutes,
    sent,
    trigger,
)
from touchpoint.channels import Accepted, Ambiguous, Capabilities, MemoryChannel, Refused
from touchpoint.channels.base import BaseAdapter
from touchpoint.channels.inbound import Replied
from touchpoint.core.program import compile_program
from touchpoint.journey.codec import dumps, loads
from touchpoint.lab.coverage_elements import list_elements
from touchpoint.lab.mutations import changes

THANKS = Reply("Thanks, {event.text}!", name="thanks", why="they wrote")
LIKE = React("👍", why="so that they see that we have read it")


def answer(name="thanks", *channels, **parts):
    return Message(name, why="they wrote", channels=channels, content=Content(text="thanks"), **parts)


def rule(*then, when="replied", **parts):
    return Rule("r", when=when, then=then, **parts)


class Plain(Scripted):
    """A channel that knows no conversations."""

    @property
    def sent(self):
        return self.requests


def says(made, text="hello", via="sms", id="m1", customer="ann"):
    made.apply(Replied(customer, via, text, id=id))
    pass_time(made)


def requests(made, channel="sms"):
    return [(each.message.name, each.reply_to, each.reaction) for each in made.adapters[channel].sent]


def why_not(made, name="thanks"):
    (view,) = [each for each in made.customer("ann").messages if each.name == name]
    return view.status, view.because[-1] if view.because else ""


# --- replies ----------------------------------------------------------------------------------------------------------


def test_a_reply_goes_where_the_event_came_from_and_names_what_it_answers():
    made = engine_of(rule(THANKS))
    says(made, "Ann")
    assert requests(made) == [("thanks", "m1", None)]
    assert made.adapters["sms"].sent[0].message.text == "Thanks, Ann!"
    assert handed(made, "email") == []


def test_the_conversation_is_that_of_the_touchpoint_that_last_moved_the_run():  # S5.3
    made = engine_of(rule(Send(answer("hi", "email")), WaitFor("replied", days(1), then=[THANKS]), when="start"))
    made.record("ann", "start")
    pass_time(made)
    says(made, via="email", id="m2")
    assert requests(made, "email") == [("hi", None, None), ("thanks", "m2", None)]


def test_where_a_host_moved_the_run_the_conversation_is_that_of_its_trigger():
    made = engine_of(rule(WaitFor("shipped", days(1), then=[Reply(answer())])))
    says(made)
    made.record("ann", "shipped", direction="internal")
    pass_time(made)
    assert requests(made) == [("thanks", "m1", None)]


def test_other_channels_of_the_message_are_for_where_the_conversation_cannot_be():  # S6.5
    made = engine_of(rule(Reply(answer("thanks", "email"))), channels=[Plain("sms"), MemoryChannel("email")])
    says(made)
    assert (handed(made, "sms"), requests(made, "email")) == ([], [("thanks", None, None)])


def test_a_channel_that_the_message_names_takes_it_as_an_ordinary_one():
    made = engine_of(rule(Reply(answer("thanks", "email", "sms"))), channels=[Plain("sms"), MemoryChannel("email")])
    says(made)
    assert (requests(made), requests(made, "email")) == ([("thanks", None, None)], [])


def test_a_reply_that_can_go_nowhere_is_denied_with_the_reason():
    made = engine_of(rule(Reply(answer(), otherwise=[MARK])), channels=[Plain("sms"), "email"])
    says(made)
    status, because = why_not(made)
    assert (status, ends(made)) == ("denied", [("thanks", "denied")])
    assert "the adapter of 'sms' cannot reply in a conversation, and the message does not name it" in because
    assert "conversation" in str(made.why("ann", "thanks"))


def test_what_came_by_no_channel_can_only_be_answered_on_channels_that_are_named():
    made = engine_of(rule(Reply(answer(), id="x"), Reply(answer("other", "email")), when="start"))
    made.record("ann", "start")
    pass_time(made)
    assert ends(made) == [("thanks", "denied"), ("other", "sent")]
    assert "what is answered came by no channel, and the message names no other" in why_not(made)[1]


def test_what_we_wrote_ourselves_is_not_answered():
    made = engine_of(rule(Reply(answer()), when="start"))
    made.record("ann", "start", channel="sms", direction="outbound")
    pass_time(made)
    assert ends(made) == [("thanks", "denied")]


def test_a_refusal_by_the_provider_moves_on_to_the_named_channels():  # S6.8
    class Talks(Scripted):
        @property
        def capabilities(self):
            return Capabilities("sms", {"phone"}, remembers_keys_for=None, recording=True, replies=True)

    made = engine_of(
        rule(Reply(answer("thanks", "email"))), channels=[Talks("sms", lambda _: Refused("unknown")), "email"]
    )
    says(made)
    assert requests(made, "email") == [("thanks", None, None)]


def test_a_reply_passes_the_gate_like_any_message():  # S6.5
    quiet = QuietHours("08:00", "10:00", unknown_zone="UTC", kinds=["service"])
    made = engine_of(rule(Reply(answer())), policy=Policy(quiet))
    says(made)
    assert ends(made) == [("thanks", "waiting")]
    pass_time(made, hours(1))
    assert requests(made) == [("thanks", "m1", None)]
    made = engine_of(rule(Reply(answer())))
    made.withdraw("ann", "service", channel="sms")
    says(made)
    assert ends(made) == [("thanks", "denied")]


def test_what_is_answered_stays_the_same_while_it_waits_and_at_every_attempt():  # S6.8
    answers = iter([Ambiguous("?"), Accepted("x")])

    class Talks(Scripted):
        @property
        def capabilities(self):
            return Capabilities("sms", {"phone"}, remembers_keys_for=days(1), recording=True, replies=True)

    made = engine_of(rule(Reply(answer())), channels=[Talks("sms", lambda _: next(answers))])
    says(made)
    says(made, id="m2")
    pass_time(made, hours(1))
    asked = made.adapters["sms"].requests
    assert [(each.reply_to, each.attempt) for each in asked] == [("m1", 1), ("m1", 2)]
    assert asked[0].key == asked[1].key


def test_still_is_asked_again_and_the_outcome_is_known_to_the_next_steps():  # S5.1
    steps = [
        Reply(answer(), still=event.text == "yes"),
        Wait(hours(1)),
        Send(answer("more", "sms"), still=sent("thanks")),
    ]
    made = engine_of(rule(*steps))
    says(made, "yes")
    pass_time(made, hours(2))
    assert [name for name, _ in ends(made)] == ["thanks", "more"]
    made = engine_of(rule(*steps))
    says(made, "no")
    pass_time(made, hours(2))
    assert ends(made) == [("thanks", "withdrawn"), ("more", "withdrawn")]


def test_the_trace_says_which_touchpoint_was_answered():  # S10
    made = engine_of(rule(THANKS))
    says(made)
    assert ["answers", "one", "r", "thanks", "m1"] in trace(made)
    assert "thanks answers m1" in str(made.why("ann", "r"))


def test_each_of_several_runs_answers_its_own(tmp_path):
    made = engine_of(rule(Wait(minutes(5)), THANKS, concurrency="parallel"), store=f"sqlite:///{tmp_path}/t.db")
    says(made, id="m1")
    says(made, id="m2")
    pass_time(made, hours(1))
    assert [each[1] for each in requests(made)] == ["m1", "m2"]


def test_a_person_may_send_it_on_a_channel_it_names():
    made = engine_of(Rule("r", when=Enrolled(), then=[Reply(answer("thanks", "email")), Reply(answer("other"))]))
    made.send("ann", "thanks", by="eve")
    made.send("ann", "other", by="eve")
    pass_time(made)
    assert ends(made) == [("thanks", "sent"), ("other", "denied")]
    assert "the message names no channel" in why_not(made, "other")[1]


# --- reactions --------------------------------------------------------------------------------------------------------


def test_a_reaction_is_a_sign_at_what_the_customer_wrote():
    made = engine_of(rule(LIKE))
    says(made)
    assert requests(made) == [("reaction 👍", "m1", "👍")]


def test_a_reaction_goes_nowhere_else():
    made = engine_of(rule(LIKE), channels=[Plain("sms"), "email"])
    says(made)
    assert why_not(made, "reaction 👍")[1].endswith("the adapter of 'sms' cannot react to messages")
    assert handed(made, "email") == []
    made = engine_of(rule(LIKE, when="start"))
    made.record("ann", "start")
    pass_time(made)
    assert why_not(made, "reaction 👍")[1].endswith("what is answered came by no channel")


# --- as data ----------------------------------------------------------------------------------------------------------


def test_they_are_written_and_read():
    told = journey(
        rule(THANKS, LIKE, Reply(answer("x", "sms"), otherwise=[MARK], id="y"), React("🙏", why="w", name="z"))
    )
    assert loads(dumps(told)) == told
    assert [each["type"] for each in json.loads(dumps(told))["rules"][0]["then"]] == [
        "reply",
        "react",
        "reply",
        "react",
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Reply("hello", why="w"), "needs a name"),
        (lambda: Reply(answer(), why="w"), "takes why= and name= from its message"),
        (lambda: journey(rule(Reply("hello", name="x"))), "must say why"),
        (lambda: journey(rule(React("👍"))), "must say why"),
        (lambda: journey(rule(Reply(answer(kind="marketing")))), "and is marketing"),
        (
            lambda: journey(rule(Reply(Message("x", why="w", content=Content("y", promotional=True))))),
            "and is marketing",
        ),
        (lambda: journey(rule(React("👍 👍", why="w"))), "one sign"),
        (lambda: journey(rule(React("{event.x}", why="w"))), "one sign"),
        (lambda: journey(rule(React("", why="w"))), "one sign"),
        (lambda: journey(rule(React("x" * 33, why="w"))), "one sign"),
        (lambda: journey(rule(React(answer("x", "sms")))), "names channels"),
        (lambda: journey(rule(React(Message("x", why="w", content=Content("y", subject="z"))))), "one text"),
        (
            lambda: journey(rule(React(Message("x", why="w", content={"de": Content("y"), "*": Content("z")})))),
            "one text",
        ),
        (lambda: journey(rule(Send(answer()))), "no channel to go out on"),
        (lambda: journey(rule(Reply(answer()), Send(answer()))), "no channel to go out on"),
        (lambda: journey(rule(Reply(Survey("x", why="w", content=Content("y"))))), "expected a Message"),
        (lambda: journey(rule(Reply(3))), "expected"),
    ],
)
def test_what_cannot_be_is_refused_and_the_error_says_why(make, words):
    with pytest.raises(JourneyError, match=words):
        make()


def test_a_reply_may_have_words_for_any_channel():
    words = {"*": Content(text="hello"), "whatsapp": Content(text="hi"), "sms/de": Content(text="hallo")}
    told = journey(rule(Reply(Message("x", why="w", content=words))))
    assert told.messages["x"].words("sms", "de").text == "hallo"


def test_coverage_and_mutation_know_them():
    told = journey(rule(THANKS, LIKE, Ask(Survey("s", why="w", channels=["sms"], content=Content("?")))))
    words = [each.words for each in list_elements(compile_program([told]), "one")]
    assert "the step reply:thanks in r was never reached" in words
    said = [each.sentence for each in changes(told)]
    assert {"rule r never replies with thanks", "rule r never makes its reaction 👍"} <= set(said)


def test_the_requests_of_others_are_as_they_were():
    made = engine_of(rule(Send(answer("hi", "sms")), when="start"))
    made.record("ann", "start", channel="sms")
    pass_time(made)
    assert requests(made) == [("hi", None, None)]
    assert (trigger.x.same_as(trigger.x), START.year) == (True, 2026)


def test_adapters_say_what_they_can():
    assert MemoryChannel("sms").capabilities.replies
    assert not Capabilities("sms", {"phone"}, remembers_keys_for=None).reactions
    assert isinstance(Plain("sms"), BaseAdapter)
    assert VirtualClock(START).now() == START
