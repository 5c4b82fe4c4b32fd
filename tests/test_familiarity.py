"""Personalisation without intrusion: what may be used of a customer grows with the relationship (S7.5)."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import engine_of, journey, message, pass_time, trace
from touchpoint import (
    Anniversary,
    Call,
    CaseOpened,
    CaseType,
    Content,
    Emit,
    Familiarity,
    JourneyError,
    OpenCase,
    Policy,
    Rule,
    Segment,
    Send,
    SetTrait,
    Stage,
    TraitChanged,
    Wording,
    case_open,
    consented,
    count,
    customer,
    days,
    event,
    in_segment,
    in_stage,
    outcome,
    result,
    times,
    trait,
    trigger,
)
from touchpoint.channels.memory import MemoryChannel


@attrs.define
class Patient:
    nick: str = attrs.field(default="", metadata=trait())
    name: str = attrs.field(default="", metadata=trait(sensitivity="personal"))
    born: str = attrs.field(default="", metadata=trait(sensitivity="personal"))
    illness: str = attrs.field(default="", metadata=trait(sensitivity="special", uses=["service", "health"]))
    note: str = ""


FAMILIAR = Familiarity(personal=count("visit") >= 1, special=consented("personalisation"))
TRAITS = {"nick": "Bee", "name": "Beatrix", "illness": "gout", "born": "1980-04-01", "note": "tall"}


def care(text="Hello", *, familiarity=FAMILIAR, wordings=(), rules=(), traits=TRAITS, house=True, parts=None, **more):
    """An engine whose one message says this, and a customer of whom much is known and who has never been here."""
    one = message("m", content=text if isinstance(text, dict) else Content(text), wordings=wordings, **more)
    rule = Rule("r", when="start", limit=times(99, per=days(1)), then=[Send(one)])
    policy = Policy(*([familiarity] if isinstance(familiarity, Familiarity) else familiarity))
    of_journey = {} if house else {"policy": policy}
    engine = engine_of(
        rule, *rules, parts={**of_journey, **(parts or {})}, traits=Patient, people=(),
        **({"policy": policy} if house else {}),
    )  # fmt: skip
    engine.identify("ann", traits=traits, addresses={"email": "ann@example.com", "phone": "+15550123456"})
    return engine


def told(engine, channel="email"):
    """What the customer is told now; how it ended where that is nothing."""
    before = len(engine.adapters[channel].sent)
    engine.record("ann", "start", {"order": "o1"})
    engine.run_pending()
    sent = engine.adapters[channel].sent[before:]
    return sent[0].message.text if sent else engine.customer("ann").messages[-1].status


# What may be used when.


def test_at_a_first_contact_only_what_is_ordinary_is_used():
    assert told(care("Hello {customer.nick}")) == "Hello Bee"
    assert told(care("Hello {customer.name}")) == "denied"
    assert told(care("Your {customer.illness}")) == "denied"


def test_what_is_personal_may_be_used_once_the_policy_is_true():
    engine = care("Hello {customer.name}")
    engine.record("ann", "visit")
    assert told(engine) == "Hello Beatrix"


def test_what_is_special_needs_all_that_is_asked_of_what_is_personal_too():
    engine = care("Your {customer.illness}")
    engine.grant("ann", "personalisation")
    assert told(engine) == "denied"
    engine.record("ann", "visit")
    assert told(engine) == "Your gout"


def test_consent_may_be_withdrawn_at_any_time_and_lapses_by_itself():
    engine = care("Your {customer.illness}")
    engine.record("ann", "visit")
    engine.grant("ann", "personalisation", expires_at=engine.clock.now() + days(10))
    assert told(engine) == "Your gout"
    pass_time(engine, days(10))
    assert told(engine) == "denied"
    engine.grant("ann", "personalisation")
    assert told(engine) == "Your gout"
    engine.withdraw("ann", "personalisation")
    assert told(engine) == "denied"


def test_it_is_asked_at_each_release_not_when_the_message_is_asked_for():
    engine = care("Your {customer.illness}")
    engine.record("ann", "visit")
    engine.grant("ann", "personalisation")
    engine.record("ann", "start")
    engine.withdraw("ann", "personalisation")
    engine.run_pending()
    assert engine.customer("ann").messages[-1].status == "denied"


def test_a_fallback_stands_in_the_place_of_what_may_not_be_used_yet():
    engine = care("Hello {customer.name|there}, {customer.nick}")
    assert told(engine) == "Hello there, Bee"
    engine.record("ann", "visit")
    assert told(engine) == "Hello Beatrix, Bee"


def test_a_trait_that_stands_without_a_fallback_anywhere_cannot_be_done_without():
    assert told(care("{customer.name|there} {customer.name}")) == "denied"


def test_nested_and_filtered_look_ups_belong_to_their_trait():
    engine = care("{customer.name.first:upper|there}", traits={"name": "x"})
    assert told(engine) == "there"


def test_subject_and_html_are_looked_at_too():
    content = {"*": Content(text="Hi", subject="For {customer.name}"), "sms": Content("Hi")}
    engine = care(content, channels=["email", "sms"])
    assert told(engine, "sms") == "Hi"
    content = {"*": Content(text="Hi", html="<b>{customer.name|you}</b>")}
    engine = care(content)
    assert told(engine) == "Hi"
    assert engine.adapters["email"].sent[-1].message.html == "<b>you</b>"


def test_only_the_channel_whose_words_are_too_close_is_denied():
    engine = care({"email": Content("Dear {customer.name}"), "sms": Content("Hi")}, channels=["email", "sms"])
    assert told(engine, "sms") == "Hi"


def test_what_a_message_says_that_it_uses_counts_for_all_of_its_words():
    engine = care("Look at this picture", uses=["name"], wordings=[Wording("x", given="true", content=Content("x"))])
    assert told(engine) == "denied"
    engine.record("ann", "visit")
    assert told(engine) == "x"


def test_a_trait_of_which_nothing_is_declared_counts_as_personal():
    assert told(care("{customer.note}")) == "denied"
    assert told(care("{customer.elsewhere|x}")) == "x"
    open_ = Familiarity(personal=False, special=False, undeclared="ordinary")
    assert told(care("{customer.note}", familiarity=open_)) == "tall"


def test_the_strictest_declaration_of_a_trait_counts():
    @attrs.define
    class Other:
        nick: str = attrs.field(default="", metadata=trait(sensitivity="special", uses=["service"]))

    assert told(care("{customer.nick|you}", parts={"traits": Other})) == "you"


def test_a_kind_or_topic_may_ask_for_more():
    asked = Familiarity(personal=True, special=True, purposes={"health": count("visit") >= 1})
    assert told(care("{customer.name}", familiarity=asked)) == "Beatrix"
    assert told(care("{customer.name|you}", familiarity=asked, topic="health")) == "you"
    assert told(care("{customer.nick}", familiarity=asked, topic="health")) == "Bee"


def test_ordinary_traits_are_held_back_where_the_policy_says_so():
    asked = Familiarity(ordinary=count("visit") >= 1, personal=True, special=True)
    assert told(care("{customer.nick|you}", familiarity=asked)) == "you"
    assert told(care("{customer.name|you}", familiarity=asked)) == "you"


def test_a_stage_of_a_named_journey_may_be_asked_for():
    asked = Familiarity(personal=in_stage("regular", journey="one"), special=False)
    stages = [Stage("regular", phase="engage", when="visit")]
    engine = care("{customer.name|you}", familiarity=asked, parts={"stages": stages})
    assert told(engine) == "you"
    engine.record("ann", "visit")
    assert told(engine) == "Beatrix"


def test_a_relationship_of_some_time_is_told_by_history():
    """Whoever visited more often ever than of late has been known for longer."""
    asked = Familiarity(personal=count("visit") > count("visit", within=days(30)), special=False)
    engine = care("{customer.name|you}", familiarity=asked)
    engine.record("ann", "visit")
    assert told(engine) == "you"
    pass_time(engine, days(31))
    assert told(engine) == "Beatrix"


# Which policy binds whom (S6.4).


def test_a_journey_can_only_ask_for_more_than_the_house():
    house = Familiarity(personal=count("visit") >= 1, special=False)
    lenient = Familiarity(personal=True, special=True, undeclared="ordinary")
    engine = care("{customer.name|you}", familiarity=house, parts={"policy": Policy(lenient)})
    assert told(engine) == "you"
    strict = Familiarity(personal=count("visit") >= 2, special=False)
    engine = care("{customer.name|you}", familiarity=house, parts={"policy": Policy(strict)})
    engine.record("ann", "visit")
    assert told(engine) == "you"
    engine.record("ann", "visit")
    assert told(engine) == "Beatrix"


def test_the_policy_of_one_journey_binds_no_other():
    engine = care("{customer.name}", house=False)
    assert told(engine) == "denied"
    other = journey(Rule("r", when="start", then=[Send(message("n", content=Content("{customer.name}")))]), name="two")
    strict = journey(policy=Policy(FAMILIAR), name="three")
    engine = engine_of(journeys=[other, strict], traits=Patient)
    engine.identify("ann", traits=TRAITS)
    assert told(engine) == "Beatrix"


def test_without_a_policy_nothing_is_held_back():
    assert told(care("{customer.illness}", familiarity=())) == "gout"


# Wordings.


CLOSE = Wording("close", given="true", content=Content("Dear {customer.name}"))
NEAR = Wording("near", given="true", content=Content("Hello {customer.nick}"))


def test_a_wording_that_is_too_close_is_passed_over_for_a_less_personal_one():
    engine = care("Hello", wordings=[CLOSE, NEAR])
    assert told(engine) == "Hello Bee"
    engine.record("ann", "visit")
    assert told(engine) == "Dear Beatrix"


def test_a_wording_whose_fallbacks_cover_what_is_held_back_is_said_without_it():
    engine = care("Hello", wordings=[Wording("close", given="true", content=Content("Dear {customer.name|friend}"))])
    assert told(engine) == "Dear friend"


@pytest.mark.parametrize(
    "asked",
    [customer.illness == "gout", customer.illness.exists(), ~customer.illness.exists(), in_segment("ill"),
     ~in_segment("ill"), (customer.illness == "gout") | (count("start") > 0)],
)  # fmt: skip
def test_words_are_not_chosen_by_what_may_not_be_used_yet(asked):
    ill = [Segment("ill", customer.illness == "gout")]
    one = Wording("ill", given=asked, content=Content("You may need this."))
    engine = care("Hello", wordings=[one], parts={"segments": ill})
    assert told(engine) == "Hello"
    assert "the trait 'illness' is special and may not be used yet" in str(engine.why("ann", "m"))


def test_what_a_wording_says_that_it_uses_is_its_own():
    one = Wording("picture", given="true", content=Content("Look!"), uses="name")
    assert told(care("Hello", wordings=[one])) == "Hello"


# What was made of traits, and what tells of them.


def copying(*steps, when="copy"):
    return Rule("copying", when=when, then=list(steps))


def test_what_a_step_made_of_a_private_trait_is_as_private():
    @attrs.define
    class Shopper(Patient):
        plain: str = attrs.field(default="", metadata=trait())
        twice: str = attrs.field(default="", metadata=trait())

    copy = [SetTrait("plain", customer.illness), SetTrait("twice", customer.plain)]
    text = "{customer.plain|a} {customer.twice|b}"
    engine = care(text, rules=[copying(*copy)], parts={"traits": Shopper}, traits={"illness": "gout"})
    engine.record("ann", "copy")
    assert engine.customer("ann").traits["twice"] == "gout"
    assert told(engine) == "a b"
    engine.record("ann", "visit")
    engine.grant("ann", "personalisation")
    assert told(engine) == "gout gout"


def test_a_touchpoint_that_a_step_emits_with_a_private_trait_is_as_private():
    rules = [
        copying(Emit("asked", {"what": customer.illness, "when": event.order})),
        saying("asked", "{trigger.what|a}"),
    ]
    engine = care(rules=rules)
    engine.record("ann", "copy", {"order": "o1"})
    pass_time(engine)
    assert engine.adapters["email"].sent[-1].message.text == "a"


def saying(when, text, **parts):
    return Rule("saying", when=when, then=[Send(message("says", content=Content(text), **parts))])


def test_what_was_said_in_this_very_interaction_may_be_quoted():
    engine = care(rules=[saying("asked", "About {trigger.what}: {event.what}")])
    engine.record("ann", "asked", {"what": "gout"})
    pass_time(engine)
    assert engine.adapters["email"].sent[-1].message.text == "About gout: gout"


def test_an_event_that_tells_of_a_trait_is_as_private_as_the_trait():
    engine = care(rules=[saying(TraitChanged("illness"), "{trigger.value|something}, was {event.before|something}")])
    for each in ("asthma", "gout"):
        engine.identify("ann", traits={"illness": each})
    pass_time(engine)
    assert {each.message.text for each in engine.adapters["email"].sent} == {"something, was something"}


def test_a_birthday_may_be_used_for_a_date_and_not_be_quoted():
    engine = care(
        rules=[
            saying(Anniversary("born", at="09:00", unknown_zone="UTC"), "{trigger.date|Today}: {trigger.years|many}!")
        ]
    )
    pass_time(engine, days(40))
    assert [each.message.text for each in engine.adapters["email"].sent] == ["Today: many!"]


def test_what_a_function_makes_of_a_private_trait_is_as_private():
    rules = [
        Rule(
            "calls",
            when="go",
            then=[Call("look", {"of": customer.illness}), Send(message("says", content=Content("{result.look.x|a}")))],
        )
    ]
    one = message("m")
    engine = engine_of(
        Rule("r", when="start", then=[Send(one)]), *rules, policy=Policy(FAMILIAR), traits=Patient,
        functions={"look": lambda _: {"x": "gout"}},
    )  # fmt: skip
    engine.record("ann", "go")
    pass_time(engine)
    assert engine.adapters["email"].sent[-1].message.text == "a"


def test_the_ref_of_a_case_that_is_a_private_trait_is_as_private():
    ask = CaseType("ask")
    rules = [copying(OpenCase(ask, ref=customer.illness)), saying(CaseOpened(ask), "{trigger.ref|it}")]
    engine = care(rules=rules, parts={"cases": [ask]})
    engine.record("ann", "copy")
    pass_time(engine)
    assert engine.adapters["email"].sent[-1].message.text == "it"


def test_what_was_collected_is_looked_at_too():
    rules = [
        copying(Emit("asked", {"what": customer.illness})),
        Rule("saying", when="asked", collect=days(1), then=[
            Send(message("says", content=Content("{collected.last.what|a} {collected.count}"))),
        ]),
    ]  # fmt: skip
    engine = care(rules=rules)
    engine.record("ann", "copy")
    pass_time(engine, days(2))
    assert engine.adapters["email"].sent[-1].message.text == "a 1"


# What is told of it.


def test_the_denial_names_the_trait_and_never_its_value():
    engine = care("Your {customer.illness}")
    assert told(engine) == "denied"
    (found,) = engine.customer("ann").messages
    assert "the trait 'illness' is special and may not be used yet" in found.because[0]
    why = str(engine.why("ann", "m"))
    assert 'count("visit") >= 1 → 0 >= 1: false' in why
    assert 'consented("personalisation") → False: false' in why
    assert "gout" not in why + repr(found) + str(found.because)


def test_why_tells_what_a_message_that_waits_would_lack():  # S10
    engine = care("Hello {customer.name|there}")
    engine.record("ann", "start")
    why = engine.why("ann", "m")
    assert "said without name, which may not be used yet" in str(why)
    assert 'count("visit") >= 1 → 0 >= 1: false' in str(why)
    assert {each.check: each.answer for each in why.checks}["familiarity"] == "allow"


def test_what_it_was_said_without_is_recorded():
    engine = care("Hello {customer.name|there}")
    told(engine)
    (line,) = [each for each in trace(engine) if each[0] == "worded"]
    assert line[5] == [
        "without it: the trait 'name' is personal and may not be used yet: count(\"visit\") >= 1 → 0 >= 1: false"
    ]


def test_the_answer_to_a_word_is_bound_as_well():
    one = message("stop", kind="transactional", answer=True, content=Content("Bye {customer.name|you}"))
    engine = engine_of(
        Rule("r", when="start", then=[Send(one)]), policy=Policy(FAMILIAR), traits=Patient,
        channels=[MemoryChannel("email")],
    )  # fmt: skip
    engine.identify("ann", traits=TRAITS)
    assert told(engine) == "Bye you"


# The law.


PRIVATE = ("name", "illness", "note", "unheard_of")
FIELDS = [
    *(f"{{customer.{each}}}" for each in (*PRIVATE, "nick", "plain")), "{customer.name|you}",
    "{customer.illness:upper|it}", "{customer.note|}",
    "{trigger.order}", "{event.secret|x}", "{trigger.secret}", "{message.name}", "Hello ", ". ",
]  # fmt: skip
words = st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4).map("".join)
contents = st.one_of(
    words.map(lambda text: {"*": Content(text)}),
    st.builds(lambda one, two: {"email": Content(one, subject=two), "*": Content("Hi", html=one)}, words, words),
)
asked = st.sampled_from([
    customer.illness.exists(), customer.name == "Zq", ~(customer.note == "x"), in_segment("ill"), ~in_segment("ill"),
    count("start") >= 1, customer.nick == "Bee", case_open(), in_segment("ill") | (customer.plain == "x"),
])  # fmt: skip
some_wordings = st.lists(
    st.builds(Wording, st.uuids().map(str), given=asked, content=contents.filter(bool)), max_size=3
)  # fmt: skip


def life(secret, content, wordings, uses):
    """Everything that reaches, or is told of, a customer who is not familiar yet and of whom this is known."""
    copy = Rule("copy", when="start", then=[
        SetTrait("plain", customer.illness), Emit("told", {"secret": customer.name, "order": trigger.order}),
    ])  # fmt: skip
    one = message("m", content=content, wordings=wordings, uses=uses, channels=["email", "sms"])
    say = Rule("say", when=["start", "told"], limit=times(9, per=days(1)), concurrency="parallel", then=[Send(one)])
    engine = engine_of(
        say, copy, traits=Lawful, policy=Policy(Familiarity(personal=False, special=False)),
        parts={"segments": [Segment("ill", customer.illness.exists() | (customer.name == secret))]},
    )  # fmt: skip
    with engine:
        engine.identify("ann", traits={"nick": "Bee", **dict.fromkeys(PRIVATE, secret)} if secret else {"nick": "Bee"})
        engine.record("ann", "start", {"order": "o1"}, id="t1")
        pass_time(engine)
        sent = [each.message for channel in ("email", "sms") for each in engine.adapters[channel].sent]
        reached = [(each.name, each.text, each.subject, each.html, each.wording) for each in sent]
        return (
            reached,
            [(each.status, each.because) for each in engine.customer("ann").messages],
            str(engine.why("ann", "m")),
        )


@attrs.define
class Lawful:
    nick: str = attrs.field(default="", metadata=trait())
    plain: str = attrs.field(default="", metadata=trait())
    name: str = attrs.field(default="", metadata=trait(sensitivity="personal"))
    illness: str = attrs.field(default="", metadata=trait(sensitivity="special", uses=["service"]))
    note: str = ""
    unheard_of: str = ""


@settings(max_examples=25, deadline=None)
@given(contents, some_wordings, st.sampled_from([(), ("name",)]))
def test_a_first_contact_is_the_same_whatever_is_known_in_private(content, wordings, uses):
    """Whatever a message says and however it is chosen: who is not familiar yet gets what anybody would get.

    So no private value is ever quoted, and nothing can be told of it from which words were chosen either.
    """
    one, other = (life(secret, content, wordings, uses) for secret in ("Zqxsecret", "Wvother"))
    assert one == other
    assert "Zqxsecret" not in str(one)


@settings(max_examples=10, deadline=None)
@given(contents, some_wordings)
def test_nor_can_it_be_told_whether_anything_is_known_at_all(content, wordings):
    assert life("Zqxsecret", content, wordings, ()) == life("", content, wordings, ())


# Building.


@pytest.mark.parametrize(
    "wrong", [event.score > 1, trigger.x == 1, outcome("m") == "sent", result("f").x == 1, "event.x"]
)
def test_familiarity_is_about_the_customer_and_no_event(wrong):
    with pytest.raises(JourneyError, match="has no place in it"):
        Familiarity(personal=wrong, special=False)


@pytest.mark.parametrize("wrong", [None, 3, "1 +", customer])
def test_what_is_no_condition_is_refused(wrong):
    with pytest.raises(JourneyError):
        Familiarity(personal=True, special=wrong)


def test_another_sensitivity_is_refused():
    with pytest.raises(JourneyError, match=r"undeclared=\) is one of ordinary, personal, special"):
        Familiarity(personal=True, special=True, undeclared="secret")


def test_the_house_belongs_to_no_journey():
    with pytest.raises(JourneyError, match="name the journey"):
        engine_of(policy=Policy(Familiarity(personal=in_stage("regular"), special=False)))


def test_what_a_journey_asks_about_itself_must_be_there():
    with pytest.raises(JourneyError, match="there is no stage 'regular'"):
        journey(policy=Policy(Familiarity(personal=in_stage("regular"), special=False)))


def test_always_and_never_need_no_condition():
    one = Familiarity(personal=True, special=False)
    assert [str(each) for _, each in one.conditions] == ["True", "True", "False"]
    assert one == Familiarity(personal="true", special="false")
