"""What is answered to STOP, START and HELP (S7.3)."""

import pytest

from making import START, ends, engine_of, handed, journey, message, pass_time, reach, sending
from touchpoint import (
    Cap,
    CaseType,
    Hold,
    JourneyError,
    Policy,
    Preferences,
    QuietHours,
    VirtualClock,
    days,
    hours,
    minutes,
)
from touchpoint.channels import answers
from touchpoint.channels.inbound import Replied
from touchpoint.channels.replies import REPLIES
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.journey.codec import dumps, loads

NIGHT = START + hours(14)


def engine(*more, clock=None, people=("ann",), **options):
    journeys = [answers("Shop", "help@shop.example"), *more]
    return engine_of(journeys=journeys, clock=clock or VirtualClock(START), people=people, **options)


def says(engine, text, customer="ann", **parts):
    engine.apply(Replied(customer, "sms", text, **parts))
    pass_time(engine)


def words(engine):
    return [each.message.text for each in engine.adapters["sms"].sent]


@pytest.mark.parametrize(("word", "answer"), [("HELP", "help"), ("stop.", "stop"), ("Start", "start")])
def test_each_word_is_answered_on_the_channel_it_came_on(word, answer):  # S7.3
    made = engine()
    says(made, word)
    assert handed(made, "sms") == [f"{answer}_answer_sms"]
    assert words(made)[0].startswith("Shop: ")


def test_help_says_where_a_person_can_be_reached():  # S7.3
    made = engine()
    says(made, "HELP")
    assert "help@shop.example" in words(made)[0]


def test_the_answer_is_in_the_customers_language():  # S6.1
    made = engine()
    made.identify("ann", locale="de-AT")
    says(made, "HILFE")
    assert words(made) == [REPLIES["de"]["help"].format(brand="Shop", contact="help@shop.example")]


def test_any_other_text_is_not_answered():  # S7.3
    made = engine()
    says(made, "please stop by the shop")
    assert handed(made, "sms") == []


def test_a_word_on_another_channel_is_not_answered_here():
    made = engine()
    made.apply(Replied("ann", "email", "HELP"))
    pass_time(made)
    assert handed(made, "sms") == handed(made, "email") == []


def test_an_answer_passes_quiet_hours_caps_holds_and_wishes():  # S7.3
    policy = Policy(
        QuietHours("21:00", "09:00", unknown_zone="deny"), Cap(1, per=days(1)), Hold(while_open="complaint", kinds=None)
    )
    shop = journey(sending(channels=["sms"]), name="shop", cases=[CaseType("complaint")])
    made = engine(shop, clock=VirtualClock(START + hours(2)), policy=policy)
    made.identify("ann", timezone="UTC")
    made.record("ann", "start")
    pass_time(made)
    made.open_case("ann", "complaint", ref="1")
    made.prefer("ann", Preferences(channels_off=["sms"]))
    made.clock.until(NIGHT)
    says(made, "HELP")
    assert handed(made, "sms") == ["hello", "help_answer_sms"]


def test_the_answer_to_stop_goes_out_and_nothing_after_it():  # S7.3
    made = engine(journey(sending(channels=["sms"]), name="shop"))
    says(made, "STOP")
    made.record("ann", "start")
    pass_time(made)
    assert handed(made, "sms") == ["stop_answer_sms"]
    assert ends(made)[-1] == ("hello", "denied")


def test_of_several_who_share_the_number_one_is_answered():  # S7.3
    made = engine(people=())
    for each in ("ann", "bob"):
        made.identify(each, addresses={"phone": "+15551230000"})
    says(made, "HELP", customer=None, address="+1 555 123 0000")
    assert handed(made, "sms") == ["help_answer_sms"]
    assert [each.type for each in made.customer("bob").timeline()] == ["replied"]


def test_two_machines_that_answer_each_other_come_to_an_end():
    made = engine()
    for n in range(20):
        says(made, "HELP", id=f"r{n}")
        made.clock.advance(minutes(1))
    assert len(handed(made, "sms")) == 5


def test_an_answer_that_could_not_go_out_in_time_is_not_sent_later():  # S6.7
    made = engine()
    made.apply(Replied("ann", "sms", "HELP"))
    made.clock.advance(hours(1))
    pass_time(made)
    assert ends(made) == [("help_answer_sms", "expired")]


def test_braces_in_the_brand_are_words_and_no_template():  # S6.2
    made = engine_of(journeys=[answers("{Shop}", "{customer.name}")])
    says(made, "HELP")
    assert words(made)[0].startswith("{Shop}: For help contact {customer.name}.")


@pytest.mark.parametrize("given", [{"brand": " "}, {"contact": "a\nb"}, {"channels": "sms"}, {"channels": ()}])
def test_what_cannot_be_an_answer_is_refused(given):
    with pytest.raises(InvalidInput):
        answers(**({"brand": "Shop", "contact": "here"} | given))


def test_an_unknown_keyword_is_refused():
    with pytest.raises(UnknownName, match="keyword"):
        answers("Shop", "here", keywords=["hallo"])


def test_only_what_is_transactional_may_pass_as_an_answer():
    with pytest.raises(JourneyError, match=r"\.answer: .*is service"):
        journey(sending(answer=True))


def test_the_journey_is_data_like_any_other():  # HOUSE 2
    made = answers("Shop", "here", channels=["sms", "whatsapp"])
    assert loads(dumps(made)) == made
    assert message(answer=True, kind="transactional").answer


def test_who_is_not_reachable_gets_no_answer():
    made = engine(people=())
    reach(made, "ann")
    made.identify("ann", addresses={"phone": []})
    with pytest.raises(InvalidInput, match="which address"):
        made.apply(Replied("ann", "sms", "STOP"))
