"""What a report says of conversations and of what gifts are taken from."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from touchpoint import (
    Budget,
    Content,
    Engine,
    Figures,
    Gift,
    Give,
    Journey,
    Message,
    Rule,
    Send,
    Stock,
    VirtualClock,
    hours,
    months,
)
from touchpoint.channels import MemoryChannel
from touchpoint.cli.report import SHOWN, in_words

START = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
ANSWER = Message("answer", why="to answer", kind="service", channels=["email"], content=Content(text="Here it is"))
TREATS = Budget("treats", 100, "EUR", per=months(1), zone="Europe/Vienna", per_customer=40)
ROSES = Gift(
    "roses", why="thanks", channels=["email"], worth=15, currency="EUR", budget=TREATS, stock=Stock("roses", 3),
    content=Content(text="R"),
)  # fmt: skip
CARD = Gift("card", why="thanks", channels=["email"], worth=2, currency="EUR", budget=10, content=Content(text="C"))
SHOP = Journey(
    "shop",
    rules=[
        Rule("answer", when="asked", then=[Send(ANSWER)]), Rule("roses", when="praised", then=[Give(ROSES)]),
        Rule("card", when="birthday", then=[Give(CARD)]),
    ],
)  # fmt: skip


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def engine(clock):
    with Engine(
        "sqlite://", journeys=[SHOP], channels=[MemoryChannel("email")], clock=clock, secret=b"k" * 32,
        figures=Figures("Europe/Vienna"),
    ) as engine:  # fmt: skip
        for person in ("ann", "bob"):
            engine.identify(person, addresses={"email": f"{person}@example.com"})
            engine.grant(person, "gift")
        yield engine


def say(engine, customer, intent, id=None):
    engine.record(customer, "feedback", {"kind": "text", "comment": "…", "intent": intent}, id=id)


def reply(engine, customer, about):
    engine.record(customer, "letter", direction="outbound", about=about)


def test_it_tells_how_what_customers_said_was_answered(engine, clock):  # S8.1
    say(engine, "ann", "question", "q")
    say(engine, "bob", "criticism", "c")
    clock.advance(hours(2))
    reply(engine, "ann", "q")
    told = engine.figures().conversations
    assert (told.contacts, told.answered.count, told.not_complaints.count) == (2, 1, 1)
    assert (told.waits[0].seconds, told.answered_median) == (7200.0, 7200.0)
    assert told == engine.conversations.figures(START - timedelta(days=9), START + timedelta(days=9))


def test_what_was_said_counts_on_its_day_in_the_zone_of_the_firm(engine, clock):
    say(engine, "ann", "wish")  # half past eleven in the evening in Vienna
    clock.advance(hours(1))
    say(engine, "ann", "praise")
    days = [date(2026, 3, day) for day in (1, 2, 3, 4)]
    by_day = [engine.figures(since=day, until=day).conversations for day in days]
    assert [[each.intent for each in told.by_intent] for told in by_day] == [[], ["wish"], ["praise"], []]
    assert engine.figures(until=days[1]).conversations == by_day[1]
    assert engine.figures(since=days[2]).conversations == by_day[2]
    assert engine.figures(since=days[1], until=date.max).conversations.contacts == 2
    assert engine.figures(until=date(9999, 12, 30)).conversations.contacts == 2


def test_days_without_contacts_have_no_shares(engine):
    told = engine.figures().conversations
    assert (told.contacts, told.answered, told.not_complaints, told.by_intent) == (0, None, None, ())
    assert {each.seconds for each in told.waits} == {None}


def test_whoever_is_erased_is_no_longer_among_the_conversations(engine):  # S1.7
    say(engine, "ann", "question")
    say(engine, "bob", "question")
    engine.erase("ann")
    assert engine.figures().conversations.contacts == 1


def test_it_tells_every_kind_of_budget_and_the_stocks(engine):  # S6.5
    for person in ("ann", "bob"):
        engine.record(person, "praised")
        engine.record(person, "birthday")
        engine.run_pending()
    report = engine.figures()
    card, treats = report.gifts
    assert (card.budget, card.amount, card.spent, card.left, card.since, card.per_customer) == (
        "card", "10", "4", "6", None, None,
    )  # fmt: skip
    assert (treats.budget, treats.spent, treats.left, treats.per_customer) == ("treats", "30", "70", "40")
    assert (treats.since, treats.until) == ("2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00")
    assert [(each.stock, each.left) for each in report.stocks] == [("roses", 1)]


def test_all_of_it_is_plain_data(engine):
    say(engine, "ann", "question")
    told = engine.figures().to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["stocks"] == [{"stock": "roses", "left": 3}]
    assert told["conversations"]["by_intent"][0]["answered"]["n"] == 1
    assert told["conversations"]["waits"][0] == {"quantile": 0.5, "seconds": None}


def test_the_text_tells_it_in_tables(engine, clock):
    say(engine, "ann", "question", "q")
    say(engine, "bob", "")
    clock.advance(hours(2))
    reply(engine, "ann", "q")
    parts = dict(each.split("\n", 1) for each in in_words(engine.figures()).split("\n\n")[1:])
    said = [line.split() for line in parts["what customers said to us"].splitlines()[2:]]
    assert said[0] == ["all", "2", "50%", "9%", "to", "91%", "2.0", "h", "-"]
    assert [line[0] for line in said] == ["all", "not", "question"]
    assert parts["contacts that are no complaints"].splitlines()[-1].split() == ["100%", "21%", "to", "100%", "1"]
    assert parts["gifts"].splitlines()[-1].split() == ["treats", "100", "EUR", "0", "0", "100", "0%", "2026-03-01"]
    assert parts["stocks of gifts"].splitlines()[-1].split() == ["roses", "3"]


def rated(engine, location, *scores):
    for n, score in enumerate(scores):
        engine.record(f"{location} {n}", "feedback", {"kind": "csat", "score": score}, location=location)


def ratings(engine):
    """Title and rows of the table of what was said about locations."""
    told = in_words(engine.figures()).split("\n\n")
    (table,) = (each for each in told if each.startswith("feedback: csat by location"))
    title, _, _, *rows = table.splitlines()
    return title, rows


def test_places_that_can_be_told_apart_come_best_first(engine):
    rated(engine, "north", *[1] * 30)
    rated(engine, "south", *[5] * 20)
    rated(engine, "centre", *[5] * 15, *[1] * 15)
    title, rows = ratings(engine)
    assert title == "feedback: csat by location, the best first"
    assert [row.split()[0] for row in rows] == ["all", "south", "centre", "north"]
    assert [row.split()[-1] for row in rows if "yes" in row] == ["yes", "yes"]


def test_places_that_chance_explains_are_not_called_the_best_but_shown_by_their_answers(engine):
    rated(engine, "few", 5, 1)
    rated(engine, "many", *[5, 1] * 10)
    rated(engine, "some", *[5, 1] * 5)
    assert engine.figures().feedback[0].ranking.between == 0
    title, rows = ratings(engine)
    assert title == "feedback: csat by location, too alike to be ranked"
    assert [row.split()[:2] for row in rows] == [["all", "32"], ["many", "20"], ["some", "10"], ["few", "2"]]


def test_a_long_table_says_how_many_rows_it_leaves_out(engine):
    for n in range(SHOWN + 3):
        rated(engine, f"shop{n:02}", 5, 1)
    _, rows = ratings(engine)
    assert [row.split()[0] for row in rows[1:-1]] == [f"shop{n:02}" for n in range(SHOWN)]
    assert rows[-1].split() == ["3", "more"]


def test_a_table_that_is_just_long_enough_leaves_nothing_out(engine):
    for n in range(SHOWN):
        rated(engine, f"shop{n:02}", 5, 1)
    _, rows = ratings(engine)
    assert len(rows) == 1 + SHOWN
    assert not any("more" in row for row in rows)
