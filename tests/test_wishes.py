"""Wishes and "you said, we did": whoever wished for something is told once that it was done."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import START, engine_of, message, reach
from storing import in_threads, script
from touchpoint import (
    AsyncEngine,
    Content,
    InvalidInput,
    InvalidTouchpoint,
    Rule,
    Send,
    UnknownName,
    VirtualClock,
    days,
    hours,
)
from touchpoint.channels.memory import MemoryChannel
from touchpoint.engine import wishing
from touchpoint.model.contact import intent_of, topic_of, topics_of
from touchpoint.model.message import Gift
from touchpoint.stores.sqlite import SqliteStore

SECRET = "a secret that only this test knows, 32 bytes long"
DID = message("did", content=Content(text="You wished for {trigger.topic}. {trigger.done}"))
GIFT = Gift("voucher", why="a test wants it", channels=["email"], content=Content(text="Here"), worth=5)
RULES = (Rule("by hand", then=[Send(DID)]),)
WORDS = {"done": "We have one now", "by": "the chef", "message": "did"}
MENU = "vegan menu"


@pytest.fixture
def engine():
    with closing(engine_of(*RULES, people=("ann", "bob", "cat"), secret=SECRET)) as engine:
        yield engine


def told(engine):
    engine.run_pending()
    return [(each.to.key.partition("@")[0], each.message.text) for each in engine.adapters["email"].sent]


def counted(result):
    return result.wished, result.told, result.already


# Wishes.


def test_a_wish_is_feedback_on_the_timeline(engine):  # S8.1
    recorded = engine.wish("ann", "Vegan Menu", comment="please!", channel="web", location="vienna", about="m1")
    [wish] = engine.customer("ann").timeline()
    assert (wish.type, wish.id, wish.channel, wish.location, wish.about) == (
        "feedback", recorded.id, "web", "vienna", "m1",
    )  # fmt: skip
    assert wish.properties == {"kind": "text", "intent": "wish", "topics": [MENU], "comment": "please!"}


def test_a_topic_is_the_same_in_any_case_and_with_any_spaces(engine):
    for customer, topic in (("ann", "Vegan  Menu"), ("bob", " VEGAN\tmenu\n"), ("cat", "vegan menu")):
        engine.wish(customer, topic)
    [topic] = engine.topics()
    assert (topic.name, topic.customers, topic.wishes) == (MENU, 3, 3)
    assert topic_of("Straße CAFE\u0301") == topic_of("STRASSE caf\u00e9")


@pytest.mark.parametrize("topic", ["", "  ", "x" * 201, 7, None, "\ud800"])
def test_a_topic_is_a_short_text(engine, topic):
    for act in (lambda: engine.wish("ann", [topic]), lambda: engine.answer_topic(topic, **WORDS)):
        with pytest.raises(InvalidInput, match="topic is a text of 1 to 200"):
            act()


def test_a_wish_without_a_topic_is_none(engine):
    with pytest.raises(InvalidInput, match="takes a topic"):
        engine.wish("ann", [])


def test_feedback_from_elsewhere_is_a_wish_where_it_says_so(engine):
    said = {"kind": "text", "comment": "…", "intent": "wish"}
    engine.record("ann", "feedback", {**said, "topics": ["Parking", MENU, "parking", 7, ""]})
    engine.record("bob", "suggestion_box", {"intent": "wish", "topics": "parking"})
    engine.record("cat", "feedback", {**said, "intent": "praise", "topics": ["parking"]})
    engine.record("cat", "feedback", {**said, "topics": ["parking"]}, direction="outbound")
    assert [(each.name, each.customers) for each in engine.topics()] == [("parking", 2), (MENU, 1)]


def test_a_wish_that_is_recorded_twice_counts_once(engine):  # S1.3
    assert engine.wish("ann", MENU, id="w1").duplicate is False
    assert engine.wish("ann", MENU, id="w1").duplicate is True
    [topic] = engine.topics()
    assert (topic.customers, topic.wishes) == (1, 1)


def test_topics_are_listed_by_how_many_wish_for_them(engine):
    clock = engine.clock
    for customer, topic in (("ann", "parking"), ("bob", MENU), ("ann", MENU), ("ann", MENU)):
        engine.wish(customer, topic)
        clock.advance(hours(1))
    menu, parking = engine.topics()
    assert (menu.name, menu.customers, menu.wishes, menu.waiting) == (MENU, 2, 3, 2)
    assert (menu.oldest, menu.newest) == (START + hours(1), START + hours(3))
    assert (parking.name, parking.answered_at, parking.answered) == ("parking", None, False)
    assert engine.topics(limit=1) == [menu]
    for limit in (0, 10_001, True, "x"):
        with pytest.raises(InvalidInput, match="limit="):
            engine.topics(limit=limit)


@pytest.mark.parametrize(("said", "expected"), [
    (("feedback", "inbound", {}), ""), (("feedback", "inbound", {"intent": "wish"}), "wish"),
    (("feedback", "inbound", {"intent": "rage"}), ""), (("feedback", "outbound", {}), None),
    (("replied", "inbound", {"text": "hi"}), ""), (("replied", "inbound", {"keyword": "stop"}), None),
    (("replied", "inbound", {"shared": True}), None), (("order", "inbound", {}), None),
    (("enquiry", "inbound", {"intent": "question"}), "question"), (("enquiry", "inbound", {"intent": 3}), None),
])  # fmt: skip
def test_what_is_said_and_what_is_not(said, expected):
    assert intent_of(*said) == expected


def test_topics_of_any_shape_are_read():
    assert topics_of({"topics": {"a": 1}}) == topics_of({}) == topics_of({"topics": 3}) == ()
    assert topics_of({"topics": ("A ", "a", "b")}) == ("a", "b")
    assert len(topics_of({"topics": [str(n) for n in range(1_000)]})) == 50


# Telling.


def test_whoever_wished_is_told_what_was_done(engine):
    engine.wish("ann", MENU)
    engine.wish("cat", "VEGAN MENU")
    engine.wish("bob", "parking")
    result = engine.answer_topic("Vegan Menu", **WORDS)
    assert (counted(result), result.topic, result.answered_at, result.finished) == ((2, 2, 0), MENU, START, True)
    text = "You wished for vegan menu. We have one now"
    assert told(engine) == [("ann", text), ("cat", text)]
    menu = next(each for each in engine.topics() if each.name == MENU)
    assert (menu.answered, menu.answered_at, menu.done, menu.waiting) == (True, START, "We have one now", 0)


def test_nobody_is_told_twice(engine):  # S6.3
    for topic in (MENU, MENU, "vegan food"):
        engine.wish("ann", topic)
    assert counted(engine.answer_topic(MENU, **WORDS, also=["Vegan Food"])) == (1, 1, 0)
    engine.run_pending()
    for topic in (MENU, " vegan  MENU", "vegan food"):
        assert counted(engine.answer_topic(topic, **{**WORDS, "by": "somebody else"})) == (1, 0, 1)
    engine.run_pending()
    assert len(told(engine)) == 1
    assert all(each.answered for each in engine.topics())


def test_a_message_that_was_held_is_not_sent_twice(engine):
    engine.wish("ann", MENU)
    engine.pause(message="did", reason="wait")
    for _ in range(2):
        engine.answer_topic(MENU, **WORDS)
        engine.run_pending()
    engine.resume(message="did")
    assert len(told(engine)) == 1


def test_the_message_is_about_the_wish_and_says_who_sent_it(engine):
    wish = engine.wish("ann", MENU)
    engine.answer_topic(MENU, **WORDS)
    sent = engine.customer("ann").timeline()[-1]
    assert (sent.type, sent.about) == ("sent_by_hand", wish.id)
    assert sent.properties == {"topic": MENU, "done": "We have one now", "message": "did", "by": "the chef"}
    assert sent.id == "answered:vegan menu"


def test_it_goes_through_the_gate():  # S6.5, S7.2
    asks = message("did", kind="feedback", content=DID.content["*"])
    with closing(engine_of(Rule("by hand", then=[Send(asks)]), people=("ann", "bob"))) as engine:
        engine.grant("bob", "feedback")
        for customer in ("ann", "bob"):
            engine.wish(customer, MENU)
        assert counted(engine.answer_topic(MENU, **WORDS)) == (2, 2, 0)
        assert [to for to, _ in told(engine)] == ["bob"]
        assert "did: denied" in str(engine.why("ann", "did")) or "consent" in str(engine.why("ann", "did"))


def test_whoever_wishes_later_is_not_told_of_it_unless_asked_for(engine):
    engine.wish("ann", MENU)
    engine.answer_topic(MENU, **WORDS)
    engine.run_pending()
    engine.clock.advance(days(3))
    engine.wish("bob", MENU)
    assert counted(engine.answer_topic(MENU, **WORDS)) == (1, 0, 1)
    [topic] = engine.topics()
    assert (topic.answered, topic.waiting) == (False, 1)
    engine.clock.advance(days(1))
    engine.wish("cat", MENU)
    until = START + days(3)
    assert counted(engine.answer_topic(MENU, **WORDS, told_until=until)) == (2, 1, 1)
    assert [to for to, _ in told(engine)] == ["ann", "bob"]


def test_a_wish_of_before_that_arrives_late_is_told(engine):  # S1.5
    engine.clock.advance(days(20))
    engine.wish("ann", MENU)
    engine.answer_topic(MENU, **WORDS)
    engine.wish("bob", MENU, at=START)
    assert counted(engine.answer_topic(MENU, **WORDS)) == (2, 1, 1)


def test_a_topic_can_be_answered_again_for_those_who_wished_since(engine):
    for customer in ("ann", "bob"):
        engine.wish(customer, MENU)
    engine.answer_topic(MENU, **WORDS)
    engine.clock.advance(days(300))
    for customer in ("bob", "cat"):
        engine.wish(customer, MENU)
    words = {**WORDS, "done": "It has desserts now", "ref": "2027"}
    assert counted(engine.answer_topic(MENU, **words)) == (2, 2, 0)
    assert counted(engine.answer_topic(MENU, **words)) == (2, 0, 2)
    assert counted(engine.answer_topic(MENU, **WORDS)) == (2, 0, 2), "the first answer stands as it was"
    assert [to for to, text in told(engine) if "desserts" in text] == ["bob", "cat"]
    assert engine.topics()[0].done == "It has desserts now"


def test_an_answer_with_a_name_of_its_own_is_not_taken_for_another(engine):
    engine.wish("ann", MENU)
    engine.answer_topic(MENU, **WORDS, ref="spring")
    engine.clock.advance(days(1))
    engine.wish("ann", MENU)
    assert counted(engine.answer_topic(MENU, **WORDS)) == (1, 1, 0)
    assert len(told(engine)) == 2


def test_other_words_for_the_same_answer_are_refused(engine):
    engine.wish("ann", MENU)
    engine.answer_topic(MENU, **WORDS)
    with pytest.raises(InvalidInput, match="answered on 2026-03-02 in other words") as caught:
        engine.answer_topic(MENU, **{**WORDS, "done": "No menu after all"})
    assert "No menu" not in str(caught.value)


def test_a_dry_run_tells_nobody_and_keeps_nothing(engine):
    for customer in ("ann", "bob"):
        engine.wish(customer, MENU)
    before = engine.export("ann")
    assert counted(engine.answer_topic(MENU, **WORDS, dry_run=True)) == (2, 2, 0)
    assert engine.export("ann") == before
    assert engine.topics()[0].answered_at is None
    engine.answer_topic(MENU, **WORDS, limit=1)
    assert counted(engine.answer_topic(MENU, **WORDS, dry_run=True)) == (2, 1, 1)
    assert len(told(engine)) == 1


def test_a_limit_is_of_those_who_are_told_and_the_next_call_goes_on(engine):
    for customer in ("ann", "bob", "cat"):
        engine.wish(customer, MENU)
    found = [engine.answer_topic(MENU, **WORDS, limit=1) for _ in range(4)]
    assert [each.told for each in found] == [1, 1, 1, 0]
    assert [each.finished for each in found] == [False, False, True, True]


def test_what_cannot_be_told_is_refused_before_anything_is_kept(engine):
    engine.wish("ann", MENU)
    for wrong in ({"done": ""}, {"done": " "}, {"by": ""}, {"also": "vegan food"}, {"also": [""]}, {"limit": 0},
                  {"message": 7}, {"ref": ""}, {"told_until": START + days(1)}):  # fmt: skip
        with pytest.raises(InvalidInput):
            engine.answer_topic(MENU, **{**WORDS, **wrong})
    with pytest.raises(InvalidTouchpoint, match="told_until"):
        engine.answer_topic(MENU, **WORDS, told_until="tomorrow")
    with pytest.raises(UnknownName, match="dit"):
        engine.answer_topic(MENU, **{**WORDS, "message": "dit"})
    with pytest.raises(InvalidInput, match="not the one that the journeys declare"):
        engine.answer_topic(MENU, **{**WORDS, "message": message("did")})
    assert engine.topics()[0].answered_at is None


def test_a_gift_is_no_answer():
    with closing(engine_of(Rule("by hand", then=[Send(DID)]), journeys=None)) as engine:
        engine.wish("ann", MENU)
        with pytest.raises(UnknownName):
            engine.answer_topic(MENU, **{**WORDS, "message": GIFT})


KILLED = """
import os, sys
from test_wishes import RULES, WORDS, MENU
from making import engine_of
from touchpoint.engine import wishing
engine = engine_of(*RULES, store=sys.argv[1], people=())
plain, left = wishing.by_hand.take, iter(range(115))
def breaks(*args):
    if next(left, None) is None:
        os._exit(9)
    return plain(*args)
wishing.by_hand.take = breaks
engine.answer_topic(MENU, **WORDS)
"""


# Crowds, crashes, others at the same time.


def test_a_crowd_is_told_in_batches_and_nobody_twice_after_a_crash(monkeypatch):  # S11.1
    people = [f"c{n:03}" for n in range(250)]
    with closing(engine_of(*RULES, people=())) as engine:
        for each in people:
            reach(engine, each)
            engine.wish(each, MENU)
        plain, left = wishing.by_hand.take, iter(range(163))

        def breaks(*args):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return plain(*args)

        monkeypatch.setattr(wishing.by_hand, "take", breaks)
        with pytest.raises(KeyboardInterrupt):
            engine.answer_topic(MENU, **WORDS)
        monkeypatch.undo()
        assert counted(engine.answer_topic(MENU, **WORDS)) == (250, 150, 100)
        assert sorted(to for to, _ in told(engine)) == people


def test_two_who_answer_at_the_same_time_tell_everybody_once(tmp_path):  # S1.4
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with closing(engine_of(*RULES, store=url, people=())) as engine:
        for n in range(60):
            reach(engine, f"c{n}")
            engine.wish(f"c{n}", MENU)
        with closing(engine_of(*RULES, store=url, people=())) as other:
            both = []
            in_threads(2, lambda each: both.append(each.answer_topic(MENU, **WORDS)), engine, other)
        assert sum(each.told for each in both) == 60
        assert len(told(engine)) == 60


def test_another_process_that_was_killed_is_taken_over_from(tmp_path):
    path = tmp_path / "shop.db"
    with closing(engine_of(*RULES, store=f"sqlite:///{path}", people=())) as engine:
        for n in range(130):
            reach(engine, f"c{n}")
            engine.wish(f"c{n}", MENU)
    killed = script(KILLED, f"sqlite:///{path}")
    killed.communicate(timeout=120)
    assert killed.returncode == 9
    with closing(engine_of(*RULES, store=f"sqlite:///{path}", people=())) as engine:
        assert counted(engine.answer_topic(MENU, **WORDS)) == (130, 30, 100)
        assert len(told(engine)) == 130


def test_one_damaged_customer_keeps_nobody_from_being_told(tmp_path):  # S11.4
    path = tmp_path / "shop.db"
    with closing(engine_of(*RULES, store=f"sqlite:///{path}", people=("ann", "bob", "cat"))) as engine:
        for customer in ("ann", "bob", "cat"):
            engine.wish(customer, MENU)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = 'bob'")
    with closing(engine_of(*RULES, store=f"sqlite:///{path}", people=())) as engine:
        result = engine.answer_topic(MENU, **WORDS)
        assert (counted(result), result.left_out) == ((3, 2, 0), 1)


def test_it_is_part_of_the_hosts_own_transaction(tmp_path):  # S6.3
    path = tmp_path / "shop.db"
    with closing(engine_of(*RULES, store=SqliteStore(str(path)))) as engine:
        for commit in (False, True):
            with closing(sqlite3.connect(path, isolation_level=None)) as host:
                host.execute("BEGIN IMMEDIATE")
                engine.wish("ann", MENU, connection=host)
                assert engine.answer_topic(MENU, **WORDS, connection=host).told == 1
                host.execute("COMMIT" if commit else "ROLLBACK")
            assert len(engine.topics()) == commit
        assert len(told(engine)) == 1


def test_the_async_engine_tells_as_well():
    async def main():
        parts = {"journeys": engine_of(*RULES).journeys, "channels": [MemoryChannel("email")]}
        async with AsyncEngine("sqlite://", clock=VirtualClock(START), **parts) as engine:
            await engine.identify("ann", addresses={"email": "ann@example.com"})
            await engine.wish("ann", MENU)
            result = await engine.answer_topic(MENU, **WORDS)
            return result.told, [each.name for each in await engine.topics()], await engine.run_pending()

    assert asyncio.run(main()) == (1, [MENU], 1)


# Whole people.


def test_a_person_under_two_ids_is_told_once(engine):  # S1.6
    engine.wish("ann", MENU)
    engine.wish("bob", MENU)
    engine.answer_topic(MENU, **WORDS, limit=1)
    engine.merge("bob", "ann")
    assert counted(engine.answer_topic(MENU, **WORDS)) == (1, 0, 1)
    assert [(each.customers, each.wishes) for each in engine.topics()] == [(1, 2)]


def test_wishes_go_with_whoever_is_erased(engine):  # S1.7
    engine.wish("ann", [MENU, "parking"])
    engine.wish("bob", MENU)
    assert engine.export("ann")["wishes"] == [
        {"topic": topic, "touchpoint": engine.customer("ann").timeline()[0].id, "at": START.isoformat()}
        for topic in ("parking", MENU)
    ]
    erased = engine.erase("ann")
    assert (erased.contacts, erased.wishes) == (1, 2)
    assert [(each.name, each.customers) for each in engine.topics()] == [(MENU, 1)]
    assert counted(engine.answer_topic(MENU, **WORDS)) == (1, 1, 0)


def test_texts_of_an_answer_are_in_no_repr(engine):
    engine.wish("ann", MENU)
    answer = wishing.checked(MENU, "something private", "chris", "did", (), None, None, 0)
    assert not any(word in repr(answer) for word in ("private", "chris"))
    assert "ann" not in repr([engine.topics(), engine.answer_topic(MENU, **WORDS)])


ACTS = st.lists(st.tuples(st.sampled_from(["ann", "bob", "cat"]), st.sampled_from("abc"), st.booleans()), max_size=25)


@settings(max_examples=30, deadline=None)
@given(ACTS)
def test_told_are_those_who_wished_in_time_as_a_plain_set_says(acts):
    with closing(engine_of(*RULES, people=("ann", "bob", "cat"))) as engine:
        wished, answers = {}, {}
        for customer, topic, answering in acts:
            engine.clock.advance(hours(1))
            if answering:
                answers.setdefault(topic, engine.clock.now())
                engine.answer_topic(topic, **WORDS)
                engine.run_pending()
            else:
                wished.setdefault((customer, topic), engine.clock.now())
                engine.wish(customer, topic)
        expected = [
            (customer, f"You wished for {topic}. We have one now")
            for (customer, topic), at in wished.items()
            if topic in answers and at <= answers[topic]
        ]
        assert sorted(told(engine)) == sorted(expected)
