"""What comes back from channels: replies, clicks, receipts, tasks; and words that act by themselves (S6.9, S7.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import START, ends, engine_of, handed, pass_time, sending
from touchpoint import VirtualClock, WaitFor, days, hours
from touchpoint.channels.inbound import Clicked, Receipt, Replied, TaskDone
from touchpoint.channels.keywords import WORDS, keyword_in
from touchpoint.errors import InvalidInput, UnknownName

SHARED = "+15551230000"
FULL_WIDTH = "\uff33\uff34\uff2f\uff30"


def engine(*rules, people=("ann",), channels=("email", "sms", "call")):
    made = engine_of(
        *(rules or [sending(channels=["sms"])]), people=people, channels=channels, clock=VirtualClock(START)
    )
    for each in people:
        made.identify(each, addresses={"phone": SHARED})
    return made


def key_of(engine, customer="ann"):
    return engine.customer(customer).messages[-1].key


def last_touchpoint(engine, customer="ann"):
    # At one instant our own message is told after the touchpoints.
    return [each for each in engine.customer(customer).timeline() if each.type != "message_sent"][-1]


def start(engine, customer="ann"):
    engine.record(customer, "start")
    pass_time(engine)


# --- opt-out words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "keyword", "word"),
    [
        (language, keyword, word)
        for language, each in WORDS.items()
        for keyword, found in each.items()
        for word in sorted(found)
    ],
)  # fmt: skip
def test_every_word_of_every_language_asks_for_what_it_is_listed_under(language, keyword, word):  # S7.3
    assert keyword_in(word) == keyword


@pytest.mark.parametrize(
    "text", ["STOP", " stop ", "Stop.", "«Stop!»", "stop\n", "StOp", "S\u0301top", "\uff33\uff34\uff2f\uff30"]
)
def test_case_spaces_accents_and_punctuation_do_not_matter(text):  # S7.3
    assert keyword_in(text) == "stop"


@pytest.mark.parametrize("text", ["please stop by the shop", "stop it", "nonstop", "don't stop", "", "...", "s t o p"])
def test_a_word_inside_other_words_means_nothing(text):  # S7.3
    assert keyword_in(text) is None


def test_words_with_accents_may_be_written_with_them():  # S7.3
    assert keyword_in("Arrêt !") == "stop"


def test_a_long_text_of_punctuation_around_the_word_is_no_keyword():
    assert keyword_in("stop" + "." * 40) is None


words = st.sampled_from([word for each in WORDS.values() for found in each.values() for word in found])


@given(words, st.text(alphabet=" .,!?\n\t*-«»", max_size=5), st.text(alphabet=" .,!?\n\t*-«»", max_size=5))
def test_punctuation_around_a_word_never_changes_what_it_asks_for(word, before, after):  # S7.3
    assert keyword_in(before + word.upper() + after) == keyword_in(word)


@given(words, st.sampled_from(["the", "shop", "x", "7"]))
def test_one_word_more_is_another_text(word, more):  # S7.3
    assert keyword_in(f"{word} {more}") is None


# --- replies ----------------------------------------------------------------------------------------------------------


def test_a_reply_is_an_inbound_touchpoint_on_its_channel():  # S6.9
    with engine() as made:
        made.apply(Replied("ann", "sms", "yes please"))
        found = last_touchpoint(made)
        assert (found.type, found.direction, found.channel, found.properties) == (
            "replied", "inbound", "sms", {"text": "yes please"},
        )  # fmt: skip


def test_a_reply_names_the_message_it_answers():  # S6.9
    with engine() as made:
        start(made)
        made.apply(Replied("ann", "sms", "yes", about=key_of(made)))
        assert last_touchpoint(made).properties["message"] == "hello"


def test_a_reply_ends_a_wait_for_one():  # S5.2, S6.9
    waiting = sending(channels=["sms"], then=[WaitFor("replied", timeout=hours(9))])
    with engine(waiting) as made:
        start(made)
        made.apply(Replied("ann", "sms", "yes"))
        assert [run.live for run in made.customer("ann").runs] == [False]


def test_the_same_reply_counts_once():  # S1.3
    with engine() as made:
        first, again = (made.apply(Replied("ann", "sms", "hi", id="x")) for _ in range(2))
        assert (first.duplicate, again.duplicate) == (False, True)


def test_stop_keeps_messages_from_the_channel():  # S7.3
    with engine() as made:
        made.apply(Replied("ann", "sms", "STOP"))
        start(made)
        assert handed(made, "sms") == []


def test_stop_is_told_as_the_reason():  # S6.5, S7.3
    with engine() as made:
        made.apply(Replied("ann", "sms", "STOP"))
        start(made)
        assert "opted out: STOP by sms" in str(made.why("ann", "hello"))


def test_stop_acts_on_the_address_for_everybody_who_shares_it():  # S7.3
    with engine(people=("ann", "bob")) as made:
        made.apply(Replied("ann", "sms", "stop"))
        start(made, "bob")
        assert ends(made, "bob") == [("hello", "denied")]


def test_stop_says_nothing_about_another_address():  # S7.3
    with engine(people=("ann", "bob")) as made:
        made.identify("bob", addresses={"phone": "+15551239999"})
        made.apply(Replied("ann", "sms", "stop"))
        start(made, "bob")
        assert handed(made, "sms") == ["hello"]


def test_stop_says_nothing_about_another_channel():  # S7.3
    with engine(sending(channels=["sms", "email"])) as made:
        made.apply(Replied("ann", "sms", "stop"))
        start(made)
        assert handed(made, "email") == ["hello"]


def test_stop_acts_on_a_message_that_waits_already():  # S7.3, S11.2
    with engine() as made:
        made.record("ann", "start")
        made.apply(Replied("ann", "sms", "STOP"))
        pass_time(made)
        assert ends(made) == [("hello", "denied")]


def test_start_takes_it_back():  # S7.3
    with engine() as made:
        made.apply(Replied("ann", "sms", "STOP"))
        made.apply(Replied("ann", "sms", "START"))
        start(made)
        assert handed(made, "sms") == ["hello"]


def test_start_by_one_takes_it_back_for_everybody_who_shares_the_address():  # S7.3
    with engine(people=("ann", "bob")) as made:
        made.apply(Replied("ann", "sms", "STOP"))
        made.apply(Replied("bob", "sms", "START"))
        start(made)
        assert handed(made, "sms") == ["hello"]


def test_a_reply_that_only_mentions_the_word_stops_nothing():  # S7.3
    with engine() as made:
        made.apply(Replied("ann", "sms", "please stop by the shop"))
        start(made)
        assert handed(made, "sms") == ["hello"]


def test_help_stops_nothing_and_is_told_apart():  # S7.3
    with engine() as made:
        made.apply(Replied("ann", "sms", "HELP"))
        start(made)
        assert (handed(made, "sms"), made.customer("ann").timeline()[0].properties["keyword"]) == (["hello"], "help")


def test_stop_may_come_from_an_address_that_is_not_the_customers_first():  # S7.3
    with engine(people=("ann", "bob")) as made:
        made.identify("bob", addresses={"phone": "+15551239999"})
        made.apply(Replied("ann", "sms", "stop", address="+1 555 123-9999"))
        start(made, "bob")
        assert handed(made, "sms") == []


def test_stop_from_nobody_knows_where_is_refused():  # S7.3
    with engine_of(sending(), people=(), channels=["sms"]) as made:
        made.identify("eve")
        with pytest.raises(InvalidInput, match=r"STOP on sms.*address="):
            made.apply(Replied("eve", "sms", "STOP"))


def test_what_was_refused_leaves_nothing_behind():  # S11.1
    with engine_of(sending(), people=(), channels=["sms"]) as made:
        made.identify("eve")
        with pytest.raises(InvalidInput):
            made.apply(Replied("eve", "sms", "STOP"))
        assert made.customer("eve").timeline() == []


def test_a_reply_on_an_unknown_channel_asks_what_was_meant():
    with engine() as made, pytest.raises(UnknownName, match="did you mean 'sms'"):
        made.apply(Replied("ann", "smss", "hi"))


def test_a_replys_text_is_text():
    with engine() as made, pytest.raises(InvalidInput, match="not int"):
        made.apply(Replied("ann", "sms", 7))


def test_an_error_does_not_repeat_what_was_written():  # S7.5
    with engine() as made, pytest.raises(InvalidInput) as caught:
        made.apply(Replied("ann", "sms", "my secret", about="no such key"))
    assert "secret" not in str(caught.value)


def test_a_reply_shows_neither_its_text_nor_its_writer():  # S7.5
    shown = repr(Replied("zoe", "sms", "my secret", address=SHARED))
    assert not any(each in shown for each in ("zoe", "secret", SHARED))


# --- clicks, receipts, tasks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        Clicked("nothing"),
        Receipt("nothing", "delivered"),
        TaskDone("nothing", "reached"),
        Replied("ann", "sms", "hi", about="nothing"),
    ],
    ids=["click", "receipt", "task", "reply"],
)
def test_what_is_about_an_unknown_message_is_refused(event):  # S6.9
    with engine() as made, pytest.raises(InvalidInput, match="no message with that key"):
        made.apply(event)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda key: Clicked(key, "https://example.com"),
         ("clicked", "inbound", {"message": "hello", "link": "https://example.com"})),
        (Clicked, ("clicked", "inbound", {"message": "hello"})),
        (lambda key: Receipt(key, "delivered"), ("delivered", "internal", {"message": "hello"})),
        (lambda key: Receipt(key, "bounced"), ("bounced", "internal", {"message": "hello"})),
        (lambda key: TaskDone(key, "reached"),
         ("task_completed", "internal", {"message": "hello", "outcome": "reached"})),
        (lambda key: TaskDone(key, None, "ill"), ("task_declined", "internal", {"message": "hello", "reason": "ill"})),
    ],
    ids=["click", "click without a link", "delivered", "bounced", "task done", "task declined"],
)  # fmt: skip
def test_what_came_of_a_message_is_a_touchpoint_about_it(make, expected):  # S6.9
    with engine() as made:
        start(made)
        key = key_of(made)
        made.apply(make(key))
        found = last_touchpoint(made)
        assert (found.type, found.direction, found.properties) == expected
        assert (found.about, found.channel) == (key, "sms")


def test_the_same_receipt_counts_once():  # S1.3
    with engine() as made:
        start(made)
        key = key_of(made)
        made.apply(Receipt(key, "delivered", id="r1"))
        assert made.apply(Receipt(key, "delivered", id="r1")).duplicate


def test_a_receipt_is_nothing_that_the_customer_did():  # S4.1: silence looks at what is inbound
    with engine() as made:
        start(made)
        made.apply(Receipt(key_of(made), "delivered"))
        assert last_touchpoint(made).direction == "internal"


def test_what_comes_back_sets_off_rules():  # S6.9
    thanks = sending("thanks", when="task_completed", channels=["email"])
    with engine(sending(channels=["call"]), thanks) as made:
        start(made)
        made.apply(TaskDone(key_of(made), "reached"))
        pass_time(made)
        assert handed(made) == ["thanks"]


# --- words that come twice, late, or not at all -----------------------------------------------------------------------


def test_a_word_delivered_again_changes_nothing():  # S1.3, S7.3
    with engine() as made:
        made.apply(Replied("ann", "sms", "STOP", id="r1"))
        pass_time(made, hours(1))
        made.apply(Replied("ann", "sms", "START", id="r2"))
        assert made.apply(Replied("ann", "sms", "STOP", id="r1")).duplicate
        made.record("ann", "start")
        pass_time(made)
        assert handed(made, "sms") == ["hello"]


@pytest.mark.parametrize(("first", "then", "arrives"), [("STOP", "START", ["hello"]), ("START", "STOP", [])])
def test_words_hold_in_the_order_they_were_written(first, then, arrives):  # S7.1
    with engine() as made:
        pass_time(made, hours(3))
        made.apply(Replied("ann", "sms", then, at=START + hours(2)))
        made.apply(Replied("ann", "sms", first, at=START + hours(1)))
        made.record("ann", "start")
        pass_time(made)
        assert handed(made, "sms") == arrives


@pytest.mark.parametrize("words", [("STOP", "START"), ("START", "STOP")])
def test_of_two_words_of_one_instant_stop_holds(words):  # S7.1
    with engine() as made:
        for word in words:
            made.apply(Replied("ann", "sms", word, at=START))
        made.record("ann", "start")
        pass_time(made)
        assert handed(made, "sms") == []


def test_an_opt_out_acts_however_late_it_comes():  # S1.5
    with engine() as made:
        pass_time(made, days(30))
        assert made.apply(Replied("ann", "sms", "STOP", at=START)).late
        made.record("ann", "start")
        pass_time(made)
        assert handed(made, "sms") == []


def test_a_word_that_is_refused_does_nothing():
    with engine() as made, made.together():
        with pytest.raises(InvalidInput, match="no message with that key"):
            made.apply(Replied("ann", "sms", "STOP", about="unheard of"))
        with pytest.raises(InvalidInput, match="in the future"):
            made.apply(Replied("ann", "sms", "STOP", at=START + days(1)))
        made.record("ann", "start")
        made.run_pending()
        assert handed(made, "sms") == ["hello"]
