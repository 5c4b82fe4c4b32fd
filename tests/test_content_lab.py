"""Content rules under the lamp: coverage shows them, mutation leaves them out, a replay obeys them."""

from making import engine_of, journey, pass_time, sending
from touchpoint import Content, Policy
from touchpoint.core.program import compile_program
from touchpoint.journey.codec import dumps, loads
from touchpoint.lab.coverage_elements import list_elements
from touchpoint.lab.mutate import mutants
from touchpoint.rules import SHIPPED, WHATSAPP, ContentRule, ContentRules, PostalAddress, QuietHoursIn, Sender

RULES = [
    ContentRule(name="our/address", asks=PostalAddress(), source="our own"),
    ContentRule(name="our/hours", asks=QuietHoursIn("21:00", "08:00"), source="our own"),
    *WHATSAPP,
]


def shop(*rules, **sender):
    own = Policy(ContentRules(rules or RULES, sender=Sender("x", **sender), unknown_jurisdiction="US"))
    return journey(sending(channels=["whatsapp", "email"], content=Content(text="Hello")), policy=own)


def test_coverage_lists_what_content_rules_ask_and_misses_nothing_of_it():
    program = compile_program([shop()])
    gate = [each for each in list_elements(program, "one") if each.place[2:3] == ("gate",)]
    names = {each.place[3]: each.optional for each in gate}
    assert {"our/address", "our/hours 21:00-08:00", "whatsapp/session"} <= {
        name for name, rare in names.items() if rare
    }


def test_each_content_rule_is_left_out_once_by_mutation():
    sentences = [each.sentence for each in mutants(shop())]
    assert [each for each in sentences if each.startswith("the content rule")] == [
        f"the content rule {rule.name} is left out" for rule in RULES
    ]


def test_every_shipped_rule_survives_json_in_a_journey():  # HOUSE 2
    made = shop(*SHIPPED.values(), postal="1 Mill Lane", links_live=60)
    again = loads(dumps(made))
    assert again.policy == made.policy
    assert dumps(again) == dumps(made)


def test_a_journey_with_content_rules_read_from_a_store_decides_alike():
    for made in (shop(), loads(dumps(shop()))):
        with engine_of(journeys=[made], channels=["whatsapp", "email"]) as engine:
            engine.record("ann", "start")
            pass_time(engine)
            (sent,) = engine.customer("ann").messages
            assert sent.status == "denied"
