"""Wordings and familiarity under the lamp: coverage, mutation, checks."""

from making import journey, message
from touchpoint import Content, Familiarity, Policy, Rule, Send, Wording, consented, count, customer
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutate import mutants

VIPS = Wording("vips", given=customer.vip, content=Content("Dear friend"))
REGULARS = Wording("regulars", given=count("order") >= 2, content=Content("Nice to see you"))


def greeting(*wordings, **parts):
    one = message("hello", content=parts.pop("content", Content("Hello")), wordings=wordings, **parts)
    return Rule("r", when="start", then=[Send(one)])


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


def test_what_was_said_was_seen(touchpoint_world):
    one = journey(greeting(VIPS, REGULARS))
    world = touchpoint_world([one])
    for name, vip in (("ann", True), ("bob", False)):
        world.customer(name, addresses={"email": f"{name}@example.com"}, traits={"vip": vip}).does("start")
    world.apart()  # commits
    seen = Coverage.of([one])
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
