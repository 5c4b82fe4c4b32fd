"""Wordings of a message: which one is said is chosen by condition when it goes out, and recorded (S6.1, S10)."""

import attrs
import pytest

from making import engine_of, journey, message, pass_time, trace
from touchpoint import (
    Content,
    JourneyError,
    Message,
    React,
    Rule,
    Segment,
    Send,
    Wait,
    WaitFor,
    Wording,
    case_open,
    count,
    customer,
    days,
    forever,
    in_segment,
    in_stage,
    outcome,
    times,
    trait,
    trigger,
)
from touchpoint.journey.data_use import traits_used
from touchpoint.testing.world import World

PLAIN = Content("Hello.")


def worded(*wordings, name="hello", content=PLAIN, **parts):
    return message(name, content=content, wordings=wordings, **parts)


def vips(text="Hello, dear friend.", given="customer.vip", **parts):
    return Wording("vips", given=given, content=Content(text), **parts)


def regulars(text="Nice to see you again."):
    return Wording("regulars", given=count("order") >= 2, content=Content(text))


def engine_with(one, **options):
    always = times(9, per=days(1))
    options.setdefault("people", ("ann",))
    return engine_of(Rule("r", when="start", limit=always, then=[Send(one)]), **options)


def said(engine, who="ann", channel="email", **properties):
    """What they are told now: the wording and the text."""
    engine.record(who, "start", properties)
    engine.run_pending()
    last = engine.adapters[channel].sent[-1].message
    return last.wording, last.text


# Choosing.


def test_the_first_wording_whose_condition_is_true_is_said():
    engine = engine_with(worded(vips(), regulars()))
    engine.identify("ann", traits={"vip": True})
    for _ in range(2):
        engine.record("ann", "order")
    assert said(engine) == ("vips", "Hello, dear friend.")
    engine.identify("ann", traits={"vip": False})
    assert said(engine) == ("regulars", "Nice to see you again.")


def test_where_none_is_true_the_message_says_its_own_content():
    assert said(engine_with(worded(vips(given=customer.vip == True), regulars()))) == (None, "Hello.")  # noqa: E712


def test_unknown_is_not_true():  # S4.6
    assert said(engine_with(worded(vips(given=~(customer.vip == True))))) == (None, "Hello.")  # noqa: E712


def test_within_a_wording_channel_and_locale_choose_as_in_the_message():
    content = {"*": Content("Dear friend"), "de": Content("Lieber Freund"), "email/fr": Content("Cher ami")}
    engine = engine_with(worded(Wording("vips", given="true", content=content)), people=("ann", "eva", "luc"))
    engine.identify("eva", locale="de-AT")
    engine.identify("luc", locale="fr")
    assert [said(engine, who)[1] for who in ("ann", "eva", "luc")] == ["Dear friend", "Lieber Freund", "Cher ami"]


def test_a_wording_without_words_for_the_channel_is_passed_over():
    one = worded(Wording("vips", given="true", content={"sms": Content("hi")}), channels=["email", "sms"])
    engine = engine_with(one)
    assert said(engine) == (None, "Hello.")
    assert "not 'vips': it says nothing on email" in str(engine.why("ann", "hello"))


def test_a_wording_that_has_words_in_another_language_only_is_passed_over():
    engine = engine_with(worded(Wording("vips", given="true", content={"de": Content("Lieber Freund")})))
    assert said(engine) == (None, "Hello.")


def test_it_is_chosen_at_release_not_when_the_message_is_asked_for():
    engine = engine_with(worded(vips()))
    engine.record("ann", "start")
    engine.identify("ann", traits={"vip": True})
    engine.run_pending()
    assert engine.adapters["email"].sent[0].message.wording == "vips"


def test_a_condition_may_look_at_the_run_and_at_what_happened():
    late = Wording("late", given=trigger.days > 3, content=Content("It was {trigger.days} days late."))
    engine = engine_with(worded(late))
    assert said(engine, days=5) == ("late", "It was 5 days late.")
    assert said(engine, days=1) == (None, "Hello.")


def test_a_condition_may_ask_how_an_earlier_message_of_the_run_ended():
    again = worded(Wording("again", given=outcome("first") == "sent", content=Content("Once more")), name="second")
    engine = engine_of(Rule("r", when="start", then=[Send(message("first")), Wait(days(1)), Send(again)]))
    engine.record("ann", "start")
    pass_time(engine, days(2))
    assert engine.adapters["email"].sent[-1].message.wording == "again"


def test_a_condition_may_ask_about_segments_and_cases():
    friends = Wording("friends", given=in_segment("friends") & ~case_open(), content=Content("Friend!"))
    rule = Rule("r", when="start", then=[Send(worded(friends))])
    engine = engine_of(rule, parts={"segments": [Segment("friends", count("order") >= 1)]})
    engine.record("ann", "order")
    assert said(engine) == ("friends", "Friend!")


def test_what_it_says_is_what_content_rules_and_templates_are_asked_about():
    engine = engine_with(worded(vips("Hello {customer.nick}", given="true")))
    engine.record("ann", "start")
    engine.run_pending()
    assert (
        engine.customer("ann").messages[0].status == "denied"
    )  # S6.2: missing data is no reason to say something else
    assert "customer.nick" in str(engine.why("ann", "hello"))


def test_promotional_words_in_any_wording_make_it_marketing():
    one = worded(Wording("sale", given="customer.vip", content=Content("-20 %", promotional=True)))
    assert one.effective_kind == "marketing"
    engine = engine_with(one)
    engine.record("ann", "start")
    engine.run_pending()
    assert [(each.kind, each.status) for each in engine.customer("ann").messages] == [("marketing", "denied")]


def test_every_wording_has_templates_of_its_own_that_are_escaped_in_html():
    content = Content(text="x", subject="For {customer.name}", html="<p>{customer.name}</p>")
    engine = engine_with(worded(Wording("all", given="true", content=content)))
    engine.identify("ann", traits={"name": "A&B"})
    engine.record("ann", "start")
    engine.run_pending()
    (request,) = engine.adapters["email"].sent
    assert (request.message.subject, request.message.html) == ("For A&B", "<p>A&amp;B</p>")


def test_functions_that_only_a_wording_asks_about_are_kept():
    from touchpoint import Call, result

    asked = Wording("rich", given=result("score").points > 3, content=Content("{result.score.points} points"))
    engine = engine_of(
        Rule("r", when="start", then=[Call("score"), Send(worded(asked))]),
        functions={"score": lambda _: {"points": 7}},
    )
    engine.record("ann", "start")
    pass_time(engine)
    assert engine.adapters["email"].sent[-1].message.text == "7 points"


# What is told of it.


def test_the_choice_is_recorded_with_those_that_lost_and_why():
    engine = engine_with(worded(vips(given=count("order") >= 5), regulars()))
    for _ in range(2):
        engine.record("ann", "order")
    said(engine)
    (line,) = [each for each in trace(engine) if each[0] == "worded"]
    assert (line[1], *line[3:5]) == ("hello", "email", "regulars")
    assert line[5] == [
        "not 'vips': count(\"order\") >= 5 → 2 >= 5: false", "'regulars': count(\"order\") >= 2 → 2 >= 2: true"
    ]  # fmt: skip


def test_why_tells_the_past_and_the_present_with_values():  # S10
    engine = engine_with(worded(regulars()))
    said(engine)
    engine.record("ann", "order")
    engine.record("ann", "start")
    told = str(engine.why("ann", "hello"))
    assert "asked now: allow" in told
    assert "not 'regulars': count(\"order\") >= 2 → 1 >= 2: false" in told
    engine.run_pending()
    past = str(engine.why("ann", "hello"))
    assert "(email): says its own content" in past
    assert "1 >= 2: false" in past


def test_what_is_planned_tells_the_wording_it_would_have():
    engine = engine_with(worded(vips()))
    engine.identify("ann", traits={"vip": True})
    engine.record("ann", "start")
    assert [each.wording for each in engine.planned("ann")] == ["vips"]


def test_a_message_without_wordings_leaves_no_trace_of_a_choice():
    engine = engine_with(message())
    assert said(engine) == (None, "Hello")
    assert [each for each in trace(engine) if each[0] == "worded"] == []


def test_tests_see_which_wording_was_sent():
    with World([journey(Rule("r", when="start", then=[Send(worded(vips()))]))]) as world:
        ann = world.customer("ann", addresses={"email": "ann@example.com"}, traits={"vip": True})
        ann.does("start")
        assert ann.received("hello").wording == "vips"
        assert [each.wording for each in world.accepted] == ["vips"]


# Over releases.


def test_whoever_waits_when_a_release_changes_a_wording_gets_the_new_one(tmp_path):  # S5.4
    store = f"sqlite:///{tmp_path / 'a.db'}"
    first = journey(Rule("r", when="start", then=[WaitFor("go", forever), Send(worded(vips("old", given="true")))]))
    then = journey(Rule("r", when="start", then=[WaitFor("go", forever), Send(worded(vips("new", given="true")))]))
    engine = engine_of(store=store, journeys=[first])
    engine.record("ann", "start")
    engine.close()
    engine = engine_of(store=store, journeys=[then], people=())
    engine.record("ann", "go")
    engine.run_pending()
    assert engine.adapters["email"].sent[-1].message.text == "new"


# Building.


def problems(*wordings, **parts):
    with pytest.raises(JourneyError) as error:
        journey(Rule("r", when="start", then=[Send(worded(*wordings, **parts))]))
    return {each.path.removeprefix("$.rules[0].then[0].message"): each.message for each in error.value.problems}


def test_two_wordings_of_one_name_are_refused():
    assert "two wordings of the name 'vips'" in problems(vips(), vips())[".wordings[1].name"]


def test_words_under_a_key_that_means_nothing_are_refused_with_their_place():
    found = problems(Wording("vips", given="true", content={"fax/xx/yy": Content("x")}))
    assert list(found) == ['.wordings[0].content["fax/xx/yy"]']


@pytest.mark.parametrize("content", [None, Content(" ")])
def test_a_wording_that_says_nothing_is_refused(content):
    assert any("says nothing" in each for each in problems(Wording("vips", given="true", content=content)).values())


def test_a_template_that_cannot_be_read_is_refused_with_its_place():
    assert list(problems(vips("Hello {customer"))) == ['.wordings[0].content["*"].text']


def test_what_its_condition_names_must_be_there():
    assert "there is no stage 'x'" in problems(vips(given=in_stage("x")))[".wordings[0].given"]
    assert "no run sends" in problems(vips(given=outcome("other") == "sent"))[".wordings[0].given"]


@pytest.mark.parametrize("given", [None, 3, ["a"]])
def test_a_wording_without_a_condition_is_refused(given):
    assert ".wordings[0].given" in problems(Wording("vips", given=given, content=PLAIN))


def test_what_is_no_wording_is_refused():
    assert "expected a Wording" in problems(Content("x"))[".wordings[0]"]


def test_a_message_has_content_of_its_own_whatever_its_wordings():
    assert "has nothing to say on channel 'email'" in problems(vips(), content={"sms": PLAIN})[".content"]
    with pytest.raises(JourneyError, match="says nothing"):
        journey(Rule("r", when="start", then=[Send(Message("m", why="w", channels=["email"], wordings=[vips()]))]))


def test_a_reaction_has_one_text():
    sign = Message("sign", why="w", kind="service", content=Content("👍"), wordings=[vips("👎")])
    with pytest.raises(JourneyError, match="one text for everybody"):
        journey(Rule("r", when="start", then=[React(sign)]))


@attrs.define
class Shopper:
    vip: bool = False
    allergy: str = attrs.field(default="", metadata=trait(sensitivity="special"))


def test_look_ups_are_compared_with_what_is_declared():
    with pytest.raises(JourneyError) as error:
        journey(
            Rule("r", when="start", then=[Send(worded(vips("{customer.nmae|}", given="customer.vpi")))]), traits=Shopper
        )
    assert [each.path.rpartition("message")[2] for each in error.value.problems] == [
        ".wordings[0].given", '.wordings[0].content["*"].text'
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wording", "place"),
    [
        (vips("{customer.allergy|}"), '.wordings[0].content["*"].text'),
        (vips(given=customer.allergy.exists()), ".wordings[0].given"),
        (vips(uses="allergy"), ".wordings[0].uses"),
        (vips(given=in_segment("allergic")), ".wordings[0].given"),
    ],
)
def test_a_wording_uses_what_it_quotes_what_chooses_it_and_what_it_names(wording, place):  # S7.5
    with pytest.raises(JourneyError) as error:
        journey(
            Rule("r", when="start", then=[Send(worded(wording))]),
            traits=Shopper, segments=[Segment("allergic", customer.allergy.exists())],
        )  # fmt: skip
    assert [each.path.rpartition("message")[2] for each in error.value.problems] == [place]


def test_a_message_lists_what_its_wordings_use():
    one = worded(vips("{customer.nick|}", uses=["photo"]), content=Content("{customer.name|}"), uses=["age"])
    assert traits_used(one) == ("name", "nick", "vip", "photo", "age")


def test_one_wording_alone_needs_no_list():
    assert [each.name for each in message(wordings=vips()).wordings] == ["vips"]


@pytest.mark.parametrize("wrong", [{"content": 5}, {"content": Content("x"), "uses": 5}])
def test_what_can_be_no_part_of_a_wording_is_a_mistake_of_the_journey(wrong):
    with pytest.raises(JourneyError, match="not a int"):
        Wording("vips", given=True, **wrong)
