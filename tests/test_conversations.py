"""Conversations: what links bring together of a timeline, who is to answer, and how long that takes."""

import asyncio
from collections import Counter
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import START, Scripted, engine_of, journey, message
from touchpoint import (
    Ask,
    AsyncEngine,
    CaseOpened,
    CaseOverdue,
    CaseType,
    Content,
    Emit,
    InvalidInput,
    InvalidTouchpoint,
    OpenCase,
    Rule,
    Send,
    Survey,
    UnknownCustomer,
    VirtualClock,
    WaitFor,
    days,
    event,
    forever,
    hours,
    minutes,
)
from touchpoint.channels import Ambiguous
from touchpoint.channels.inbound import Clicked, Receipt, Replied
from touchpoint.channels.tasks import TaskChannel
from touchpoint.core.linked import roots
from touchpoint.insight import Analysis
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale

CALL = message("call_them", channels=["call"])
BY_HAND = Rule("by hand", then=[Send(message("note")), Send(CALL)])
HELP = CaseType("help")
SECRET = "a secret that only this test knows, 32 bytes long"


def talking(*rules, **options):
    channels = ["email", "sms", TaskChannel("call")]
    return closing(engine_of(*rules, channels=channels, secret=SECRET, **options))


def later(engine, length=None):
    engine.run_pending()
    engine.clock.advance(length or hours(1))


def told(conversation):
    return [each.what or each.type for each in conversation.entries]


def only(engine, customer="ann"):
    [conversation] = engine.conversations(customer)
    return conversation


def keys(engine, customer="ann"):
    return {each.name: each.key for each in engine.customer(customer).messages}


def complete(engine, outcome="reached"):
    task = engine.tasks.next("call", by="chris")
    engine.tasks.complete(task.key, outcome)


# What belongs together.


def test_a_conversation_runs_across_channels_and_departments():  # S1.2
    shop = Rule("confirm", when="order_placed", then=[Send(message("confirmed"))])
    help_ = Rule("help", when="replied", then=[Send(CALL)])
    with talking(journeys=[journey(shop, name="shop"), journey(help_, name="service")]) as engine:
        order = engine.record("ann", "order_placed", channel="web")
        later(engine)
        reply = engine.apply(Replied("ann", "email", "Where is it?", about=keys(engine)["confirmed"]))
        later(engine)
        complete(engine)
        engine.record("ann", "review", {"intent": "praise"}, channel="app", about=reply.id)
        engine.record("ann", "visit", channel="web")
        found = only(engine)
        assert told(found) == ["order_placed", "confirmed", "replied", "call_them", "task_completed", "review"]
        assert found.root == order.id
        assert found.channels == ("email", "call", "app")
        assert [each.by for each in found.entries if each.what] == ["shop/confirm", "service/help"]
        assert found.entries[2].text == "Where is it?"


def test_what_belongs_to_something_else_is_another_conversation():
    with talking(BY_HAND) as engine:
        one = engine.record("ann", "feedback", {"kind": "text", "comment": "a", "intent": "question"})
        later(engine)
        other = engine.record("ann", "feedback", {"kind": "text", "comment": "b", "intent": "wish"})
        engine.clock.advance(hours(1))
        engine.record("ann", "call", direction="outbound", about=one.id)
        first, second = engine.conversations("ann")
        assert (told(first), told(second)) == (["feedback", "call"], ["feedback"])
        assert (first.root, second.root) == (one.id, other.id)
        assert engine.conversations("ann", limit=1) == [first], "what was said last comes first"


def test_something_sent_by_hand_belongs_to_what_it_is_about():
    with talking(BY_HAND) as engine:
        said = engine.record("ann", "feedback", {"kind": "text", "comment": "a", "intent": "criticism"})
        engine.send("ann", "note", by="chris", about=said.id)
        later(engine)
        found = only(engine)
        assert told(found) == ["feedback", "note"]
        assert found.entries[1].by == "chris"


def test_a_case_belongs_to_what_opened_it_and_what_names_it_to_the_case():  # S8.2
    rules = [Rule("take up", when="complaint", then=[OpenCase(HELP), Send(CALL)]), BY_HAND]
    with talking(*rules, parts={"cases": [HELP]}) as engine:
        engine.record("ann", "complaint", {"intent": "criticism"})
        later(engine)
        [case] = engine.customer("ann").cases()
        engine.record("ann", "came_in", location="vienna", about=case.about)
        engine.send("ann", "note", by="chris", about=case)
        later(engine)
        engine.close_case("ann", "help", ref=case.ref)
        found = only(engine)
        assert told(found) == ["complaint", "help", "call_them", "came_in", "note", "help"]
        assert [each.kind for each in found.cases] == ["help"]
        for about in (case, case.about, keys(engine)["note"]):
            assert engine.conversation("ann", about=found.cases[0] if about is case else about) == found


def test_a_rule_about_a_case_takes_part_in_what_led_to_it():
    kind = CaseType("late", respond_within=hours(2))
    rules = [
        Rule("open", when="complaint", concurrency="parallel", then=[OpenCase(kind)]),
        Rule("first", when=CaseOpened(kind), key="ref", then=[Send(message("we_look"), still=event.no)]),
        Rule("hurry", when=CaseOverdue(kind), key="ref", then=[Send(message("hurry"))]),
    ]
    with talking(*rules, parts={"cases": [kind]}) as engine:
        engine.record("ann", "complaint", {"intent": "criticism"})
        engine.open_case("ann", "late", ref="by hand")
        later(engine, hours(3))
        later(engine)
        mine = next(each for each in engine.conversations("ann") if each.entries[0].type == "complaint")
        assert told(mine) == ["complaint", "late", "hurry"]
        other = engine.conversation("ann", about="case:late:by hand")
        assert told(other) == ["late", "hurry"]


def test_what_a_step_raised_belongs_to_what_started_its_run():
    with talking(Rule("r", when="enquiry", then=[Emit("noted")]), Rule("n", when="noted", then=[Send(message())])) as e:
        e.record("ann", "enquiry", {"intent": "question"})
        later(e)
        assert told(only(e)) == ["enquiry", "hello"]


def test_links_to_nowhere_hold_together_who_names_it():
    with talking() as engine:
        for n in range(2):
            engine.record("ann", "feedback", {"kind": "text", "comment": "x"}, id=f"f{n}", about="gone")
        engine.record("ann", "feedback", {"kind": "text", "comment": "x"}, id="g", about="other")
        found = engine.conversation("ann", about="gone")
        assert (found.root, [each.key for each in found.entries]) == ("gone", ["f0", "f1"])
        assert len(engine.conversations("ann")) == 2
        assert engine.conversation("ann", about="nothing") is None


def test_links_in_a_circle_come_to_an_end():
    with talking() as engine:
        for one, other in ("ab", "bc", "ca", "dd", "ea"):
            engine.record("ann", "feedback", {"kind": "text", "comment": "x"}, id=one, about=other)
        found = {each.root: [one.key for one in each.entries] for each in engine.conversations("ann")}
        assert found == {"a": ["a", "b", "c", "e"], "d": ["d"]}


def test_a_touchpoint_that_bears_the_key_of_a_message_is_not_taken_for_it():
    with talking(BY_HAND) as engine:
        engine.send("ann", "note", by="chris")
        later(engine)
        key = keys(engine)["note"]
        engine.record("ann", "survey", {"intent": "praise"}, id=key)
        engine.record("ann", "feedback", {"kind": "text", "comment": "x"}, about=key)
        assert told(engine.conversation("ann", about=key)) == ["note", "feedback"]


def test_receipts_and_clicks_say_nothing():
    with talking(BY_HAND) as engine:
        engine.send("ann", "note", by="chris")
        later(engine)
        key = keys(engine)["note"]
        engine.apply(Receipt(key, "delivered"))
        engine.apply(Clicked(key))
        assert engine.conversations("ann") == []
        assert told(engine.conversation("ann", about=key)) == ["note"]


def test_a_message_that_did_not_go_out_was_not_said():
    with talking(Rule("r", when="enquiry", then=[Send(message(kind="marketing"))])) as engine:
        engine.record("ann", "enquiry", {"intent": "question"})
        later(engine)
        assert told(only(engine)) == ["enquiry"]


def test_nobody_else_is_read():
    with talking(people=("ann", "bob")) as engine:
        for customer in ("ann", "bob"):
            engine.record(customer, "feedback", {"kind": "text", "comment": customer}, id="f", about="same")
        assert [each.text for each in only(engine).entries] == ["ann"]
        with pytest.raises(UnknownCustomer):
            engine.conversations("zoe")
        with pytest.raises(UnknownCustomer):
            engine.conversation("zoe", about="same")
        for wrong in (0, True, 10_001, "x"):
            with pytest.raises(InvalidInput, match="limit="):
                engine.conversations("ann", limit=wrong)
        with pytest.raises(InvalidInput, match="about="):
            engine.conversation("ann", about=7)


def test_what_was_said_is_in_no_repr():
    with talking() as engine:
        engine.record("bob", "feedback", {"kind": "text", "comment": "private"}, id="named zoe", about="zoe too")
        assert not any(word in repr(only(engine, "bob")) for word in ("private", "zoe", "bob"))


NODES = st.sampled_from("abcdefgh")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NODES, st.none() | NODES))
def test_whatever_is_linked_has_one_root_and_nothing_else_has(parents):
    found = roots(parents, {name: n for n, name in enumerate(sorted(parents))})
    groups = {name: {name} for name in {*parents, *filter(None, parents.values())}}
    for one, other in parents.items():
        if other is not None:
            joined = groups[one] | groups[other]
            for each in joined:
                groups[each] = joined
    assert all((found[one] == found[other]) == (other in groups[one]) for one in found for other in found)
    assert set(found) == set(groups)
    for start, root in found.items():  # going up, one comes by the root
        way, at = [], start
        while at is not None and at not in way:
            way.append(at)
            at = parents.get(at)
        assert root in way


# Who is to answer.


def test_the_turn_is_ours_until_the_customer_is_answered():
    with talking(BY_HAND) as engine:
        said = engine.record("ann", "feedback", {"kind": "text", "comment": "?", "intent": "question"})
        assert (only(engine).turn, only(engine).question_open, only(engine).time_to_answer) == ("ours", True, None)
        later(engine, hours(2))
        engine.record("ann", "call", direction="outbound", about=said.id)
        assert (only(engine).turn, only(engine).question_open) == (None, False)
        assert only(engine).time_to_answer == timedelta(hours=2)


def test_the_turn_is_theirs_when_we_have_asked_for_something():
    asks = Survey("how", scale="csat", why="w", kind="service", channels=["email"], content=Content(text="?"))
    with talking(Rule("r", when="enquiry", then=[Ask(asks)])) as engine:
        engine.record("ann", "enquiry", {"intent": "question"})
        later(engine)
        assert only(engine).turn == "theirs"
        engine.apply(Replied("ann", "email", "fine", about=keys(engine)["how"]))
        assert only(engine).turn == "ours"


def test_praise_waits_for_no_answer():
    with talking() as engine:
        engine.record("ann", "feedback", {"kind": "text", "comment": "nice", "intent": "praise"})
        assert only(engine).turn is None


def test_the_turn_is_ours_while_a_case_was_not_answered():
    with talking(parts={"cases": [HELP]}) as engine:
        engine.open_case("ann", "help", ref="7")
        assert only(engine).turn == "ours"
        engine.answer_case("ann", "help", ref="7")
        assert only(engine).turn is None


# What is an answer.


def asked(engine, **more):
    return engine.record("ann", "feedback", {"kind": "text", "comment": "?", "intent": "question"}, **more)


def waited(engine, customer="ann"):
    rows = engine.export(customer)["said"]
    return [row["answered_at"] and row["answered_at"][11:16] for row in rows]


@pytest.mark.parametrize(
    "then", [[Send(message())], [WaitFor("nothing", timeout=minutes(1)), Send(message())]], ids=["at once", "later"]
)
def test_a_message_of_a_run_that_it_started_answers(then):
    with talking(Rule("r", when="feedback", then=then)) as engine:
        asked(engine, channel="email")
        later(engine, minutes(1))
        later(engine)
        assert waited(engine) == ["09:00" if len(then) == 1 else "09:01"]


def test_a_reply_that_moves_a_run_is_answered_by_what_it_sends_next():
    steps = [Send(message("one")), WaitFor("replied", timeout=forever, then=[Send(message("two"))])]
    with talking(Rule("r", when="start", then=steps)) as engine:
        engine.record("ann", "start")
        later(engine)
        engine.apply(Replied("ann", "email", "hi", about=keys(engine)["one"]))
        assert waited(engine) == [None]
        later(engine)
        assert waited(engine) == ["10:00"]


def test_what_follows_from_a_receipt_is_no_answer():
    rule = Rule("nudge", when="opened", then=[Send(message("nudge"))])
    with talking(BY_HAND, rule) as engine:
        engine.send("ann", "note", by="chris")
        later(engine)
        key = keys(engine)["note"]
        engine.apply(Replied("ann", "email", "hm", about=key))
        engine.apply(Receipt(key, "opened"))
        later(engine)
        assert "nudge" in keys(engine)
        assert waited(engine) == [None]


def test_a_task_answers_when_it_is_done():  # S8.2
    with talking(Rule("r", when="feedback", then=[Send(CALL)])) as engine:
        asked(engine)
        later(engine)
        assert waited(engine) == [None], "assigning it is no answer"
        complete(engine)
        assert waited(engine) == ["10:00"]


def test_a_task_answers_the_reply_that_led_to_it():
    steps = [Send(message("one")), WaitFor("replied", timeout=forever, then=[Send(CALL)])]
    with talking(Rule("r", when="start", then=steps)) as engine:
        engine.record("ann", "start")
        later(engine)
        engine.apply(Replied("ann", "email", "hi", about=keys(engine)["one"]))
        later(engine)
        complete(engine)
        assert waited(engine) == ["11:00"]


def test_a_task_about_a_case_answers_what_opened_it():
    rules = [
        Rule("open", when="feedback", then=[OpenCase(HELP)]),
        Rule("call", when=CaseOpened(HELP), key="ref", then=[Send(CALL)]),
    ]
    with talking(*rules, parts={"cases": [HELP]}) as engine:
        asked(engine)
        later(engine)
        complete(engine)
        assert waited(engine) == ["10:00"]


def test_a_message_that_went_out_after_all_has_answered():  # S6.8
    doubtful = Scripted("email", act=lambda _: Ambiguous("timed out"))
    rule = Rule("r", when="feedback", then=[Send(message())])
    with closing(engine_of(rule, channels=[doubtful])) as engine:
        asked(engine)
        later(engine)
        assert (engine.customer("ann").messages[0].status, waited(engine)) == ("unknown", [None])
        engine.apply(Receipt(keys(engine)["hello"], "delivered"))
        assert waited(engine) == ["09:00"]


def test_a_task_that_is_declined_is_no_answer():
    with talking(Rule("r", when="feedback", then=[Send(CALL)])) as engine:
        asked(engine)
        later(engine)
        engine.tasks.decline(engine.tasks.next("call", by="chris").key, "no time")
        assert waited(engine) == [None]


@pytest.mark.parametrize("about", ["question", "message", "case"])
def test_whoever_answers_what_it_is_about_answers_it(about):
    with talking(BY_HAND, parts={"cases": [HELP]}) as engine:
        engine.send("ann", "note", by="chris")
        later(engine)
        engine.open_case("ann", "help", ref="7")
        [case] = engine.customer("ann").cases()
        belongs = {"question": None, "message": keys(engine)["note"], "case": case.about}[about]
        said = asked(engine, id="a", about=belongs)
        asked(engine, id="b", about="something else")
        later(engine)
        engine.record("ann", "call", direction="outbound", about=belongs or said.id)
        assert waited(engine) == ["11:00", None]


def test_answering_a_case_answers_what_opened_it():
    rules = [Rule("open", when="feedback", then=[OpenCase(HELP)])]
    with talking(*rules, parts={"cases": [HELP]}) as engine:
        asked(engine)
        [case] = engine.customer("ann").cases()
        later(engine)
        engine.answer_case("ann", "help", ref=case.ref)
        assert waited(engine) == ["10:00"]


def test_a_case_whose_ref_is_the_question_is_about_it():
    with talking(parts={"cases": [HELP]}) as engine:
        said = asked(engine)
        engine.open_case("ann", "help", ref=said.id)
        later(engine)
        engine.answer_case("ann", "help", ref=said.id, at=START + minutes(30))
        assert waited(engine) == ["09:30"]
        assert told(only(engine)) == ["feedback", "help"]


def test_the_first_answer_counts_and_none_comes_before_the_question():
    with talking() as engine:
        engine.record("ann", "call", direction="outbound", about="q")
        engine.clock.advance(hours(1))
        asked(engine, id="q")
        for _ in range(2):
            engine.clock.advance(hours(1))
            engine.record("ann", "call", direction="outbound", about="q")
        assert waited(engine) == ["11:00"]


def test_an_opt_out_word_is_no_contact():  # S7.3
    with talking() as engine:
        engine.apply(Replied("ann", "sms", "STOP", address="+15550123456"))
        assert engine.export("ann")["said"] == []


def test_of_an_address_that_is_shared_one_person_spoke():
    with talking(people=()) as engine:
        for customer in ("ann", "bob"):
            engine.identify(customer, addresses={"email": "both@example.com"})
        engine.apply(Replied(None, "email", "hello?", address="both@example.com"))
        assert [len(engine.export(each)["said"]) for each in ("ann", "bob")] == [1, 0]


def test_in_a_store_in_which_nobody_said_anything_nothing_is_asked(monkeypatch):
    from touchpoint.stores.sqlite import SqliteTransaction

    questions = Counter()
    plain = SqliteTransaction.run
    monkeypatch.setattr(
        SqliteTransaction, "run", lambda it, text, values=(): questions.update([text]) or plain(it, text, values)
    )
    with talking(BY_HAND) as engine:
        for n in range(20):
            engine.record("ann", "visit", about="x", direction="outbound")
            engine.send("ann", "note", by=f"b{n}")
            engine.run_pending()
    contacts = {text: n for text, n in questions.items() if "contacts" in text}
    assert sum(contacts.values()) <= 2, contacts


# Feedback as the engine reads it.


def test_a_reply_that_is_read_as_feedback_was_said_once():
    survey = Survey("how", scale="nps", why="w", kind="service", channels=["email"], content=Content(text="0 to 10?"))
    thanks = Rule("thanks", when="feedback", then=[Send(message("thanks"))])
    with talking(Rule("r", when="start", then=[Ask(survey)]), thanks) as engine:
        engine.record("ann", "start")
        later(engine)
        engine.apply(Replied("ann", "email", "9, lovely staff", about=keys(engine)["how"], id="r1"))
        assert [each.type for each in engine.customer("ann").timeline()][-2:] == ["replied", "feedback"]
        assert [row["touchpoint"] for row in engine.export("ann")["said"]] == ["r1"]
        assert told(only(engine)) == ["start", "how", "replied"]
        later(engine)
        assert waited(engine) == ["10:00"], "what follows from the feedback answers the reply"


def test_a_type_that_is_declared_as_feedback_is_said():
    source = FeedbackSource("review", kind="review", score="stars", comment="words", scale=Scale(1, 5))
    with talking(feedback=[source]) as engine:
        engine.record("ann", "review", {"stars": 2, "words": "slow"}, id="a")
        engine.record("ann", "review", {"other": 1}, id="b")
        engine.record("ann", "review", {"stars": 5, "intent": "praise"}, id="c")
        said = {row["touchpoint"]: row["intent"] for row in engine.export("ann")["said"]}
        assert said == {"a": None, "c": "praise"}


class Reads:
    """An analyser that finds what it is told to."""

    name, version = "told", "1"

    def analyse(self, text, _language=None):
        return Analysis(intent=text.partition(" ")[0], topics=("Vegan Menu",), version=self.version)


def test_what_an_analyser_finds_is_what_somebody_wants():
    with talking(analyser=Reads(), call_within=None) as engine:
        for n, words in enumerate(("wish one", "question two")):
            engine.record("ann", "feedback", {"kind": "text", "comment": words}, id=f"f{n}")
        engine.record("ann", "feedback", {"kind": "text", "comment": "wish x", "intent": "praise"}, id="f9")
        engine.run_pending()
        engine.feedback.analyse()
        assert [row["intent"] for row in engine.export("ann")["said"]] == ["wish", "question", "praise"]
        assert [(each.name, each.customers, each.wishes) for each in engine.topics()] == [("vegan menu", 1, 1)]


# Whole people.


def test_what_two_ids_said_is_one_persons():  # S1.6
    with talking(people=("ann", "bob")) as engine:
        for customer in ("ann", "bob"):
            engine.record(customer, "feedback", {"kind": "text", "comment": "x", "intent": "wish"}, id="same")
        engine.record("bob", "feedback", {"kind": "text", "comment": "y", "intent": "question"}, id="other")
        engine.merge("bob", "ann")
        assert [row["touchpoint"] for row in engine.export("ann")["said"]] == ["other", "same"]
        engine.record("ann", "call", direction="outbound", about="other")
        figures = engine.conversations.figures(START, START + days(1))
        assert (figures.contacts, figures.answered.count) == (2, 1)


def test_nothing_is_left_of_what_somebody_erased_said():  # S1.7
    with talking() as engine:
        asked(engine)
        assert engine.erase("ann").contacts == 1
        assert engine.conversations.figures(START, START + days(1)).contacts == 0


# Figures.


def test_figures_tell_how_what_was_said_is_answered():
    with talking(people=("ann", "bob", "cat")) as engine:
        for customer, intent, wait in (("ann", "question", 2), ("bob", "criticism", None), ("cat", "praise", 6)):
            engine.record(customer, "feedback", {"kind": "text", "comment": "x", "intent": intent}, id="f")
            if wait is not None:
                at = engine.clock.now() + hours(wait)
                engine.clock.until(at)
                engine.record(customer, "call", direction="outbound", about="f")
        engine.apply(Replied("ann", "email", "hm"))
        engine.clock.advance(days(1))
        found = engine.conversations.figures(START, START + days(1))
        assert (found.contacts, found.answered.count, found.answered.n) == (4, 2, 4)
        assert (found.not_complaints.count, found.not_complaints.n) == (2, 3)
        assert [each.seconds for each in found.waits] == [6 * 3600, None, None]
        assert found.answered_median == 4 * 3600
        assert [(each.intent, each.contacts, each.answered.count) for each in found.by_intent] == [
            ("", 1, 0), ("criticism", 1, 0), ("praise", 1, 1), ("question", 1, 1),
        ]  # fmt: skip
        assert found.to_dict()["contacts"] == 4


def test_figures_are_of_a_time():
    with talking() as engine:
        for _ in range(3):
            asked(engine)
            engine.clock.advance(hours(1))
        counts = [
            engine.conversations.figures(START + hours(n), START + hours(m)).contacts
            for n, m in ((0, 1), (1, 3), (0, 9), (9, 10))
        ]
        assert counts == [1, 2, 3, 0]
        empty = engine.conversations.figures(START - days(9), START)
        assert (empty.answered, empty.not_complaints, empty.answered_median) == (None, None, None)
        with pytest.raises(InvalidInput, match="until="):
            engine.conversations.figures(START, START)
        with pytest.raises(InvalidTouchpoint, match="since="):
            engine.conversations.figures("x", START)


def test_figures_of_many_are_read_in_pages(monkeypatch):
    from touchpoint.engine import conversations

    monkeypatch.setattr(conversations, "_PAGE", 3)
    with talking(people=[f"c{n}" for n in range(4)]) as engine:
        for n in range(11):
            engine.record(f"c{n % 4}", "feedback", {"kind": "text", "comment": "x"})
        assert engine.conversations.figures(START, START + days(1)).contacts == 11


ACTS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["ask", "reply", "answer", "send"])), max_size=18)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_what_is_noted_as_it_happens_is_what_the_timeline_says(acts):
    with talking(BY_HAND) as engine:
        ids = []
        for n, (place, act) in enumerate(acts):
            engine.clock.advance(hours(1))
            about = ids[place % len(ids)] if ids else None
            if act == "ask":
                ids.append(asked(engine, id=f"q{n}").id)
            elif act == "reply" and about is not None:
                ids.append(
                    engine.record("ann", "feedback", {"kind": "text", "comment": "x"}, id=f"r{n}", about=about).id
                )
            elif act == "answer" and about is not None:
                engine.record("ann", "call", id=f"a{n}", direction="outbound", about=about)
            elif act == "send" and about is not None:
                engine.send("ann", "note", by="chris", about=about)
                engine.run_pending()
        # An answer is what goes out about it, or about what it is about, once it was said.
        timeline = engine.customer("ann").timeline()
        answers = [(each.at, each.about) for each in timeline if each.type in ("call", "sent_by_hand")]
        said = [each for each in timeline if each.type == "feedback"]
        expected = {
            each.id: min(
                (at for at, about in answers if at >= each.at and about in (each.id, each.about)), default=None
            )
            for each in said
        }
        entries = [one for each in engine.conversations("ann") for one in each.entries]
        assert {one.key: one.answered_at for one in entries if one.intent is not None} == expected


def test_the_async_engine_tells_conversations_as_well():
    async def main():
        async with AsyncEngine("sqlite://", clock=VirtualClock(START)) as engine:
            await engine.record("ann", "feedback", {"kind": "text", "comment": "x"}, id="f")
            listed = await engine.conversations("ann")
            one = await engine.conversation("ann", about="f")
            figures = await engine.conversations.figures(START, START + days(1))
            return listed == [one], figures.contacts

    assert asyncio.run(main()) == (True, 1)
