"""Traits have a sensitivity and declared uses; what goes beyond them is refused, when built and at the gate (S7.5)."""

import attrs
import pytest

from making import engine_of, journey, message, sending
from touchpoint import Content, JourneyError, trait
from touchpoint.journey.data_use import traits_used
from touchpoint.model.trait import TraitUse, uses_of


@attrs.define
class Shopper:
    name: str = ""
    birthday: str = attrs.field(default="", metadata=trait(sensitivity="personal", uses=["gift", "party"]))
    allergy: str = attrs.field(default="", metadata=trait(sensitivity="special"))
    diet: str = attrs.field(default="", metadata=trait(sensitivity="special", uses=["service"]))


def words(text, **parts):
    return Content(text=text, **parts)


def built(text="", **parts):
    return journey(sending("m", content=words(text or "Hello"), **parts), traits=Shopper)


def problems(**parts):
    with pytest.raises(JourneyError) as error:
        built(**parts)
    return [(each.path, each.message) for each in error.value.problems]


def test_what_is_not_declared_otherwise_may_be_used():
    built("Hello {customer.name|there}")


def test_a_declared_use_is_allowed_by_kind_and_by_topic():
    built("{customer.birthday|}", kind="gift")
    built("{customer.birthday|}", kind="marketing", topic="party")
    built("{customer.diet|}", kind="service")


def test_use_beyond_the_declaration_is_refused_with_its_place():
    path, said = problems(text="Soon: {customer.birthday|}", kind="marketing")[0]
    assert path == '$.rules[0].then[0].message.content["*"].text'
    assert "'birthday' is not declared for use in this marketing message 'm'" in said


def test_what_is_special_needs_a_declared_use():
    assert "allergy" in problems(text="{customer.allergy|}")[0][1]


def test_what_a_message_says_that_it_uses_counts_like_its_words():
    assert problems(uses=["birthday"], kind="service")[0][0] == "$.rules[0].then[0].message.uses"


def test_promotional_content_makes_it_another_use():
    with pytest.raises(JourneyError, match="diet"):
        journey(sending("m", content=words("{customer.diet|}", promotional=True), kind="service"), traits=Shopper)


def test_every_part_of_the_words_is_looked_at():
    found = Content(text="Hi", subject="{customer.allergy|}", html="<p>{customer.allergy|}</p>")
    with pytest.raises(JourneyError) as error:
        journey(sending("m", content=found), traits=Shopper)
    assert [each.path.rpartition(".")[2] for each in error.value.problems] == ["subject", "html"]


def test_a_message_lists_the_traits_it_uses():
    content = {"email": words("{customer.name|x} {customer.home.city|y} {customer.name|z} {trigger.order|w}")}
    assert traits_used(message(content=content, uses=["age", "name"])) == ("name", "home", "age")


# At the gate.


@pytest.mark.parametrize(("kind", "status"), [("service", "denied"), ("gift", "sent")])
def test_what_only_the_house_declares_is_denied_at_the_gate(kind, status):
    rule = sending("m", content=words("{customer.birthday|soon}"), kind=kind)
    with engine_of(rule, traits=Shopper) as engine:
        engine.grant("ann", "*")
        engine.record("ann", "start")
        engine.run_pending()
        (found,) = engine.customer("ann").messages
        assert found.status == status
        if status == "denied":
            assert "used beyond their declaration: birthday" in found.because[0]
            assert "beyond their declaration" in str(engine.why("ann", "m"))


def test_only_the_words_that_misuse_a_trait_are_denied():
    content = {"email": words("{customer.birthday|soon}"), "sms": words("Hello")}
    rule = sending("m", content=content, channels=["email", "sms"])
    with engine_of(rule, traits=Shopper) as engine:
        engine.record("ann", "start")
        engine.run_pending()
        assert [(each.status, each.via) for each in engine.customer("ann").messages] == [("sent", "sms")]


def test_words_in_another_language_are_looked_at_too():
    content = {"*": words("Hello"), "de": words("Hallo {customer.birthday|bald}")}
    with engine_of(sending("m", content=content), traits=Shopper, people=("ann", "eva")) as engine:
        engine.identify("eva", locale="de-AT")
        for name in ("ann", "eva"):
            engine.record(name, "start")
        engine.run_pending()
        assert [engine.customer(each).messages[0].status for each in ("ann", "eva")] == ["sent", "denied"]


def test_the_declaration_of_one_journey_binds_the_others():
    other = journey(sending("m", content=words("{customer.allergy|}")), name="two")
    with engine_of(journeys=[journey(traits=Shopper), other]) as engine:
        engine.record("ann", "start")
        engine.run_pending()
        assert engine.customer("ann").messages[0].status == "denied"


# Declaring.


@pytest.mark.parametrize("wrong", [{"sensitivity": "secret"}, {"uses": "gift"}, {"uses": [""]}, {"uses": [3]}])
def test_a_wrong_declaration_says_what_is_right(wrong):
    with pytest.raises(JourneyError, match=r"sensitivity=|uses="):
        trait(**wrong)


def test_what_is_declared_can_be_read_back():
    assert uses_of(Shopper) == {
        "birthday": TraitUse("personal", ("gift", "party")),
        "allergy": TraitUse("special", None),
        "diet": TraitUse("special", ("service",)),
    }
