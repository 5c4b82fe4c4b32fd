"""Consent in conditions; familiarity and wordings over releases, by hand, in suggestions, and on an event loop (S7)."""

import asyncio

import attrs
import pytest

from editing import changed, on_one_store, rule
from making import MARK, START, engine_of, journey, marks, message, pass_time
from touchpoint import (
    Anniversary,
    AsyncEngine,
    Branch,
    Content,
    DateDue,
    Emit,
    Familiarity,
    Journey,
    JourneyError,
    Policy,
    Rule,
    Segment,
    Send,
    Suggestion,
    VirtualClock,
    WaitFor,
    WaitUntil,
    Wording,
    consented,
    count,
    customer,
    days,
    forever,
    in_segment,
    times,
    trait,
)
from touchpoint.channels.memory import MemoryChannel
from touchpoint.rules import ContentRule, ContentRules, PostalAddress, Sender

NAMED = Content("Hello {customer.name|there}")
VISITED = Familiarity(personal=count("visit") >= 1, special=False)


# Consent in conditions.


def branch(condition, **consent):
    """Which way somebody goes whose ledger has these lines, one after the other."""
    engine = engine_of(Rule("r", when="start", then=[Branch(condition, then=[MARK], otherwise=[Emit("not")])]))
    for said, purposes in consent.items():
        for purpose, channel in purposes:
            (engine.grant if said.startswith("grant") else engine.withdraw)("ann", purpose, channel=channel)
            engine.clock.advance(days(1))
    engine.record("ann", "start")
    return bool(marks(engine))


@pytest.mark.parametrize(
    ("consent", "holds"),
    [
        ({}, False),
        ({"grant": [("care", "*")]}, True),
        ({"grant": [("*", "*")]}, False),  # a yes to everything is no yes to this
        ({"grant": [("care", "email")]}, False),  # not on all channels
        ({"grant": [("care", "*")], "withdraw": [("care", "*")]}, False),
        ({"grant": [("care", "*")], "withdraw": [("*", "*")]}, False),  # a later no to everything
        ({"withdraw": [("*", "*")], "grant": [("care", "*")]}, True),  # an earlier one
    ],
)
def test_consent_is_to_just_this_purpose_and_stands(consent, holds):  # S7.1
    assert branch(consented("care"), **consent) is holds


def test_consent_may_be_asked_for_one_channel():
    assert branch(consented("care", channel="email"), grant=[("care", "email")])
    assert branch(consented("care", channel="email"), grant=[("care", "*")])
    assert not branch(consented("care", channel="sms"), grant=[("care", "email")])


def test_a_run_may_wait_for_consent():
    waiting = Rule("r", when="start", then=[WaitUntil(consented("care"), timeout=days(9)), MARK])
    engine = engine_of(waiting)
    engine.record("ann", "start")
    assert marks(engine) == []
    engine.grant("ann", "care")
    assert len(marks(engine)) == 1


def test_why_shows_what_stood():
    engine = engine_of(Rule("r", when="start", given=consented("care"), then=[MARK]))
    engine.record("ann", "start")
    assert 'consented("care") → False: false' in str(engine.why("ann", "r"))


def test_a_segment_cannot_ask_for_consent_because_nobody_would_notice_that_it_lapsed():
    with pytest.raises(JourneyError, match="a segment cannot ask this"):
        journey(segments=[Segment("s", consented("care"))])


@pytest.mark.parametrize("wrong", [None, 3, "", customer.x])
def test_a_purpose_has_a_name(wrong):
    with pytest.raises(JourneyError, match="a purpose or its name"):
        consented(wrong)


# Over releases.


@pytest.fixture
def live(tmp_path):
    with on_one_store(tmp_path / "t.db", VirtualClock(START)) as opened:
        yield opened


def worded(text, **parts):
    return message(wordings=[Wording("all", given=True, content=Content(text))], **parts)


@pytest.mark.parametrize(("mode", "text"), [("follow", "new"), ("pin", "old")])
def test_whoever_is_pinned_to_a_release_gets_its_wordings(live, mode, text):  # S5.4
    engine = live(rule(WaitFor("go", forever), Send(worded("old"))))
    engine.record("ann", "start")
    changed(engine, rule(WaitFor("go", forever), Send(worded("new"))), mode=mode)
    engine.record("ann", "go")
    engine.run_pending()
    (sent,) = engine.adapters["email"].sent
    assert (sent.message.text, sent.message.wording) == (text, "all")


def test_familiarity_of_today_binds_whoever_is_pinned_to_an_earlier_release(live):  # S6.4
    engine = live(rule(WaitFor("go", forever), Send(message(content=NAMED))), policy=Policy(VISITED))
    engine.identify("ann", traits={"name": "Ann"})
    engine.record("ann", "start")
    changed(engine, rule(WaitFor("go", forever), Send(message(content=Content("x")))), mode="pin")
    engine.record("ann", "go")
    engine.run_pending()
    assert engine.adapters["email"].sent[0].message.text == "Hello there"


@pytest.mark.parametrize(
    "told", [Anniversary("born", at="10:00", unknown_zone="UTC"), DateDue("born", at="10:00", unknown_zone="UTC")]
)
def test_a_date_stays_private_when_a_release_takes_away_what_it_started(live, told):
    said = Send(message(content=Content("{trigger.date|today}")))
    born = "2026-03-20"
    engine = live(Rule("r", when=["start", told], then=[WaitFor("go", forever), said]), policy=Policy(VISITED))
    engine.identify("ann", traits={"born": born}, timezone="UTC")
    pass_time(engine, days(30))
    changed(engine, Rule("r", when="start", then=[WaitFor("go", forever), said]))
    engine.record("ann", "go")
    engine.run_pending()
    assert [each.message.text for each in engine.adapters["email"].sent] == ["today"]


def test_no_words_in_a_language_are_missing_words_as_ever():  # S6.2
    one = message(content={"de": Content("Hallo"), "email/fr": Content("Salut")})
    engine = engine_of(Rule("r", when="start", then=[Send(one)]), policy=Policy(VISITED))
    engine.record("ann", "start")
    engine.run_pending()
    assert "content for email" in str(engine.why("ann", "hello"))


def test_content_rules_look_at_the_words_that_were_chosen():  # S6.5
    short = Wording("short", given=count("visit") >= 1, content=Content("Hello"))
    one = message(content=Content("Hello from 1 Mill Lane, Boston"), wordings=short)
    asked = ContentRules(
        [ContentRule(name="our/address", asks=PostalAddress(), source="our own")],
        sender=Sender("Roast", postal="1 Mill Lane, Boston"), unknown_jurisdiction="US",
    )  # fmt: skip
    engine = engine_of(Rule("r", when="start", limit=times(9, per=days(1)), then=[Send(one)]), policy=Policy(asked))
    for _ in range(2):
        engine.record("ann", "start")
        engine.run_pending()
        engine.record("ann", "visit")
    assert [each.status for each in engine.customer("ann").messages] == ["sent", "denied"]


@pytest.mark.parametrize(("visits", "text"), [(0, "Hello there"), (1, "Hello Ann")])
def test_a_new_policy_knows_the_history_from_before_it(live, visits, text):  # S4.7
    engine = live(rule(Send(message(content=NAMED))))
    engine.identify("ann", traits={"name": "Ann"})
    for _ in range(visits):
        engine.record("ann", "visit")
    engine.record("ann", "start")
    engine = live(rule(Send(message(content=NAMED))), policy=Policy(VISITED), people=())
    engine.run_pending()
    assert engine.adapters["email"].sent[0].message.text == text


# Other ways out.


def test_what_a_person_sends_by_hand_is_worded_and_bound_as_well():
    one = message(content=NAMED, wordings=[Wording("dear", given=True, content=Content("Dear {customer.name}"))])
    engine = engine_of(Rule("r", when="start", then=[Send(one)]), policy=Policy(VISITED))
    engine.identify("ann", traits={"name": "Ann"})
    for n in range(2):
        engine.send("ann", "hello", by="chris")
        engine.run_pending()
        engine.record("ann", "visit", {"n": n})
    assert [each.message.text for each in engine.adapters["email"].sent] == ["Hello there", "Dear Ann"]


@attrs.define
class Shopper:
    name: str = attrs.field(default="", metadata=trait(sensitivity="personal"))


def offering(*suggestions):
    shop = Journey("shop", suggestions=suggestions)
    engine = engine_of(journeys=[shop], policy=Policy(VISITED), traits=Shopper)
    engine.identify("ann", traits={"name": "Ann"})
    engine.grant("ann", "marketing")
    return engine


def offer(name, text):
    return Suggestion(name, why="it may help", place="web.home", value=1, content=text)


def test_suggestions_are_bound_as_well():
    engine = offering(offer("close", "For {customer.name}"), offer("near", "For {customer.name|you}"))
    assert [each.text for each in engine.suggest("ann", place="web.home", n=9)] == ["For you"]
    why = str(engine.why_suggested("ann", place="web.home"))
    assert "the trait 'name' is personal and may not be used yet" in why
    assert 'count("visit") >= 1 → 0 >= 1: false' in why
    engine.record("ann", "visit")
    assert {each.text for each in engine.suggest("ann", place="web.home", n=9)} == {"For Ann"}


def test_a_window_that_has_lapsed_unnoticed_makes_nobody_familiar():
    """Suggestions are asked for between two looks at the customer's timers."""
    of_late = Segment("of_late", count("visit", within=days(30)) >= 1)
    shop = Journey("shop", segments=[of_late], suggestions=[offer("near", "For {customer.name|you}")])
    asked = Familiarity(personal=in_segment("of_late", journey="shop"), special=False)
    engine = engine_of(journeys=[shop], policy=Policy(asked), traits=Shopper)
    engine.identify("ann", traits={"name": "Ann"})
    engine.grant("ann", "marketing")
    engine.record("ann", "visit")
    told = [engine.suggest("ann", place="web.home")[0].text]
    engine.clock.advance(days(30))
    told.append(engine.suggest("ann", place="web.home")[0].text)
    assert told == ["For Ann", "For you"]


def test_an_engine_on_an_event_loop_chooses_alike():
    one = message(content=NAMED, wordings=[Wording("regulars", given=count("visit") >= 2, content=Content("Again!"))])

    async def live():
        channel = MemoryChannel("email")
        engine = AsyncEngine(
            "sqlite://", journeys=[journey(Rule("r", when="start", then=[Send(one)]))], channels=[channel],
            policy=Policy(VISITED), clock=VirtualClock(START),
        )  # fmt: skip
        async with engine:
            await engine.identify("ann", addresses={"email": "ann@example.com"}, traits={"name": "Ann"})
            for _ in range(3):
                await engine.record("ann", "start")
                await engine.run_pending()
                await engine.record("ann", "visit")
        return [each.message.text for each in channel.sent]

    assert asyncio.run(live()) == ["Hello there", "Hello Ann", "Again!"]


def test_nothing_of_a_journey_that_binds_nobody_is_held_back():
    engine = engine_of(Rule("r", when="start", then=[Send(message(content=NAMED))]))
    engine.identify("ann", traits={"name": "Ann"})
    engine.record("ann", "start")
    pass_time(engine)
    assert engine.adapters["email"].sent[0].message.text == "Hello Ann"
