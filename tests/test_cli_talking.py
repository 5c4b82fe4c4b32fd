"""What people said, on the command line: conversations, topics, and who brings others."""

from contextlib import closing

import pytest
from click.testing import CliRunner

from making import engine_of, message
from touchpoint import Content, Referred, Rule, Send, hours
from touchpoint.cli.app import cli

RULES = (
    Rule("help", when="feedback", then=[Send(message("answer", content=Content(text="Yes")))]),
    Rule("thank", when=Referred("order_placed"), key="referral", then=[Send(message("thanks"))]),
)


@pytest.fixture
def store(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with closing(engine_of(*RULES, store=url, people=("ann", "bob"))) as engine:
        engine.identify("ann", timezone="Europe/Vienna")
        engine.record(
            "ann", "feedback", {"kind": "text", "comment": "Open on\nSundays?\x1b[0m", "intent": "question"}, id="f1"
        )
        engine.clock.advance(hours(2))
        engine.run_pending()
        engine.wish("bob", "Vegan Menu", id="f2")
        for customer in ("ann", "bob"):
            engine.wish(customer, "parking")
        engine.answer_topic("parking", done="at the back", by="chris", message="answer")
        engine.refer("ann", "cat")
        engine.refer("ann", "dan")
        engine.record("cat", "order_placed")
    return url


@pytest.fixture
def empty(tmp_path):
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with closing(engine_of(*RULES, store=url)):
        return url


def ran(*args, code=0):
    result = CliRunner().invoke(cli, list(args))
    assert result.exit_code == code, result.output
    return result.output


def test_a_conversation_is_told_on_the_customers_clock(store):
    told = ran("conversation", "--store", store, "ann", "--about", "f1")
    assert told.splitlines() == [
        "times in Europe/Vienna; → from the customer, ← from us, · what followed",
        "",
        "2 entries on email: nobody is waited for; answered after 2 hours",
        "  2026-03-02 10:00 → feedback  question  “Open on Sundays?�[0m”",
        "  2026-03-02 12:00 ← message_sent answer  by email",
    ]


def test_conversations_say_who_waits(store):
    told = ran("conversation", "--store", store, "bob")
    assert "we are to answer" in told
    assert "(waits for an answer)" in told
    assert told.count("entries") == 2
    assert ran("conversation", "--store", store, "bob", "--limit", "1").count("entries") == 1


def test_what_belongs_to_nothing_is_refused(store):
    assert "nothing on this customer's timeline" in ran("conversation", "--store", store, "ann", "--about", "x", code=2)


def test_topics_are_listed_with_what_became_of_them(store):
    assert ran("topics", "--store", store).splitlines() == [
        "parking: 2 customers since 2026-03-02; answered 2026-03-02",
        "vegan menu: 1 customer since 2026-03-02; not answered",
    ]


def test_advocates_are_listed_with_whom_they_brought(store):
    assert ran("advocates", "--store", store).splitlines() == ["ann: 1 new customers of 2 referred"]


def test_where_nothing_is_there_it_says_so(empty):
    assert "nothing was said yet" in ran("conversation", "--store", empty, "ann")
    assert "nobody has wished" in ran("topics", "--store", empty)
    assert "nobody has referred" in ran("advocates", "--store", empty)
