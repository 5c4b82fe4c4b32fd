"""Wordings and familiarity under the lamp: coverage, mutation, checks."""

import attrs

from making import journey, message
from touchpoint import (
    Anniversary,
    Content,
    Familiarity,
    Policy,
    Rule,
    Send,
    Wording,
    consented,
    count,
    customer,
    in_stage,
    trait,
)
from touchpoint.lab import check
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutate import mutants
from touchpoint.testing.world import World

VIPS = Wording("vips", given=customer.vip, content=Content("Dear friend"))
REGULARS = Wording("regulars", given=count("order") >= 2, content=Content("Nice to see you"))


def greeting(*wordings, **parts):
    one = message("hello", content=parts.pop("content", Content("Hello")), wordings=wordings, **parts)
    return Rule("r", when="start", then=[Send(one)])


# Checks.


def found(*rules, house=None, only="TC51", **parts):
    return [(each.code, each.path) for each in check(journey(*rules, **parts), house) if each.code.startswith(only)]


def test_a_wording_that_can_never_be_said_is_found():
    never = Wording("odd", given=(count("order") > 3) & (count("order") < 2), content=Content("x"))
    assert found(greeting(VIPS, never)) == [("TC510", "$.rules[0].then[0].message.wordings[1].given")]


def test_a_wording_for_everybody_is_no_mistake():
    """Where it is too close, those after it are said."""
    assert found(greeting(Wording("close", given=True, content=Content("x")), REGULARS), only="TC1") == []


def asking(text, personal, *, given=None, still=None, uses=(), wordings=(), when="start", traits=None):
    one = message("hello", content=Content(text), uses=uses, wordings=wordings)
    rule = Rule("r", when=when, given=given, then=[Send(one, still=still)])
    return found(rule, policy=Policy(Familiarity(personal=personal, special=False)), traits=traits)


WORDS = "$.rules[0].then[0].message"


def test_a_message_that_cannot_do_without_a_trait_at_a_first_contact_is_found():
    assert asking("Hello {customer.name}", count("order") >= 1) == [("TC512", f'{WORDS}.content["*"].text')]
    assert asking("Hello", count("order") >= 1, uses=["name"]) == [("TC512", f"{WORDS}.uses")]


def test_what_is_sent_only_to_those_who_are_familiar_is_no_mistake():
    assert asking("Hello {customer.name}", count("order") >= 1, given=count("order") >= 2) == []
    assert asking("Hello {customer.name}", count("order") >= 1, still=count("order") >= 2) == []


def test_a_fallback_or_an_ordinary_trait_is_no_mistake():
    @attrs.define
    class Shopper:
        name: str = attrs.field(default="", metadata=trait())

    assert asking("Hello {customer.name|there}", count("order") >= 1) == []
    assert asking("Hello {customer.name}", count("order") >= 1, traits=Shopper) == []


def test_a_trait_that_may_never_be_used_is_an_error():
    assert asking("Hello {customer.name}", personal=False) == [("TC511", f'{WORDS}.content["*"].text')]
    contrary = asking("Hello {customer.name}", count("order") >= 1, still=count("order") == 0)
    assert [code for code, _ in contrary] == ["TC511"]


def test_only_the_words_of_the_message_itself_are_the_last_resort():
    close = Wording("close", given=True, content=Content("Dear {customer.name}"))
    assert asking("Hello", count("order") >= 1, wordings=close) == []


def test_what_the_host_declares_is_known_where_it_is_handed_in():
    @attrs.define
    class Shopper:
        name: str = attrs.field(default="", metadata=trait())

    one = journey(greeting(content=Content("Hello {customer.name}")))
    house = Policy(Familiarity(personal=False, special=False))
    assert [each.code for each in check(one, house)] == ["TC511"]
    assert check(one, house, traits=Shopper) == []


def test_a_private_date_that_starts_a_rule_is_to_be_listed():
    party = Anniversary("birthday")
    assert ("TC513", f"{WORDS}.uses") in asking("Cheers!", count("order") >= 1, when=party)
    assert asking("Cheers!", True, when=party, uses=["birthday"]) == []


def test_a_stage_that_no_journey_has_is_found_in_the_policy_of_the_house():
    house = Policy(Familiarity(personal=in_stage("regular", journey="one"), special=False))
    assert found(greeting(), house=house, only="TC205") == [("TC205", "policy")]


# Coverage.


def test_each_wording_is_an_element_and_so_are_the_words_of_the_message_itself():
    listed = Coverage.of([journey(greeting(VIPS, REGULARS))])
    found = {each.id: each.words for each in listed.missing if "/wordings/" in each.id}
    assert found == {
        "one/messages/hello/wordings/vips": "hello was never worded as vips",
        "one/messages/hello/wordings/regulars": "hello was never worded as regulars",
        "one/messages/hello/wordings/its own content": "hello was never worded as its own content",
    }


def test_a_message_of_one_content_has_no_such_elements():
    assert not any("wordings" in each for each in Coverage.of([journey(greeting())]).elements)


def test_what_was_said_was_seen():
    one = journey(greeting(VIPS, REGULARS))
    seen = Coverage.of([one])
    with World([one]) as world:
        for name, vip in (("ann", True), ("bob", False)):
            world.customer(name, addresses={"email": f"{name}@example.com"}, traits={"vip": vip}).does("start")
        world.apart()  # commits
        seen.collect(world.engine)
    assert {each.id.rpartition("/")[2] for each in seen.covered if "/wordings/" in each.id} == {
        "vips", "its own content"
    }  # fmt: skip


# Mutation.


def of(*rules, **parts):
    return [each.sentence for each in mutants(journey(*rules, **parts))]


def test_a_wording_is_left_out_said_to_all_or_asked_for_later():
    found = [each for each in of(greeting(VIPS, REGULARS)) if "worded" in each]
    assert {
        "hello is never worded as vips",
        "hello is never worded as regulars",
        "hello is worded as vips whether or not customer.vip",
        "hello is worded as regulars before vips is asked for",
        'hello is worded as regulars where count("order") > 2 instead of count("order") >= 2',
    } <= set(found)


def test_familiarity_is_made_more_lenient():
    policy = Policy(Familiarity(
        personal=count("order") >= 1, special=consented("health"), purposes={"news": consented("news")},
    ))  # fmt: skip
    found = of(greeting(), policy=policy)
    assert {
        "the policy leaves out the familiarity",
        'what is personal may be used whether or not count("order") >= 1',
        'what is special may be used whether or not consented("health")',
        "nothing more is asked of what news messages use",
        "a trait of which nothing is declared counts as ordinary instead of personal",
    } <= set(found)
