"""A walk through a journey with one customer: what is read, what is told, and in which words."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from touchpoint import (
    Branch,
    CaseType,
    Content,
    Hold,
    Journey,
    Message,
    Policy,
    QuietHours,
    Referred,
    Rule,
    Send,
    Stage,
    WaitFor,
    customer,
    days,
    ever,
)  # fmt: skip
from touchpoint.cli.walk import lines
from touchpoint.cli.walk import walk as command
from touchpoint.errors import InvalidInput
from touchpoint.testing.walk import read_persona, walk

support = CaseType("support")
hello = Message(
    "hello", why="greet new people", kind="service", channels=["email"],
    content=Content(subject="Welcome, {customer.name|friend}", text="Good to have you.\nWrite back any time."),
)  # fmt: skip
nudge = Message(
    "nudge", why="help with the first order", kind="marketing", channels=["sms", "email"], content=Content(text="Try!")
)
shop = Journey(
    "shop",
    cases=[support],
    stages=[Stage("trying", phase="engage", when="signed_up")],
    rules=[
        Rule("onboard", when="signed_up", then=[
            Send(hello),
            WaitFor("ordered", timeout=days(3), otherwise=[Send(nudge, still=~ever("ordered"))]),
            Branch(customer.vip, then=[]),
        ]),
    ],
    policy=Policy(QuietHours("21:00", "08:00", unknown_zone="deny", kinds=["marketing"]),
                  Hold(while_open=[support], kinds=["marketing"])),
)  # fmt: skip
MOTHER = {
    "customer": "mother",
    "timezone": "America/New_York",
    "locale": "en-US",
    "addresses": {"email": "mother@example.com", "phone": "+15550199"},
    "traits": {"name": "Ruth"},
    "consents": [["marketing", "sms"], ["marketing", "email"]],
    "at": "2026-03-04T22:30:00-05:00",
    "acts": [{"does": "signed_up", "properties": {"from": "web"}}],
}


def walked(journey=shop, until=None, **changes):
    return walk([journey], read_persona({**MOTHER, **changes}, [journey]), until=until)


def told(found, what):
    return [step for step in found.steps if step.what == what]


def problems(record):
    with pytest.raises(InvalidInput) as caught:
        read_persona(record, [shop])
    return str(caught.value)


# What is told.


def test_a_message_is_told_with_its_words_as_they_went_out():
    # S6.2
    step = told(walked(), "sent")[0]
    assert (step.name, step.channel, step.subject) == ("hello", "email", "Welcome, Ruth")
    assert step.text == "Good to have you.\nWrite back any time."
    assert step.purpose == "greet new people"


def test_times_are_on_the_customers_own_clock_across_a_change_of_clocks():
    # S2.2, S2.4
    sent = told(walked(), "sent")[1]
    assert (sent.name, sent.at.isoformat(), sent.zone) == ("nudge", "2026-03-08T08:00:00-04:00", "America/New_York")


def test_what_was_held_back_is_told_when_and_why():
    # S6.5, S10
    (held,) = told(walked(), "deferred")
    assert (held.name, held.channel, held.at.isoformat()) == ("nudge", "sms", "2026-03-07T22:30:00-05:00")
    assert "quiet hours" in held.because


def test_a_message_called_off_is_told_with_its_reason():
    # S5.1, S6.7
    found = walked(acts=[{"does": "signed_up"}, {"after": "3d1h", "does": "ordered"}])
    (ended,) = told(found, "withdrawn")
    assert ended.name == "nudge"
    assert "still=" in ended.because


def test_a_channel_that_may_not_be_used_is_told_and_the_next_one_taken():
    # S6.5
    found = walked(at="2026-03-04T18:00:00-05:00", consents=[["marketing", "email"]])
    assert [(step.name, step.channel) for step in told(found, "deny")] == [("nudge", "sms")]
    assert told(found, "sent")[-1].channel == "email"


def test_a_message_that_nobody_may_send_is_denied_with_the_reason():
    # S6.7
    (ended,) = told(walked(consents=[]), "denied")
    assert "consent" in ended.because


def test_what_waits_at_the_end_is_told():
    # S6.10
    acts = [{"does": "signed_up"}, {"opens_case": "support", "ref": "#7"}]
    found = walked(acts=acts, at="2026-03-04T18:00:00-05:00", until=datetime(2026, 3, 8, tzinfo=UTC))
    (waiting,) = told(found, "waiting")
    assert waiting.name == "nudge"
    assert "support" in waiting.because


def test_the_same_answer_given_again_is_told_once():
    acts = [{"does": "signed_up"}, {"opens_case": "support", "ref": "#7"}, {"after": "4d", "opens_case": "support"}]
    found = walked(acts=acts, at="2026-03-04T18:00:00-05:00", until=datetime(2026, 3, 10, tzinfo=UTC))
    assert len(told(found, "deferred")) == len({(step.channel, step.because) for step in told(found, "deferred")})


def test_every_kind_of_act_can_be_done_and_is_told_in_order():
    acts = [
        {"does": "signed_up", "properties": {"from": "web"}},
        {"after": "1h", "clicks": "hello"},
        {"after": "30m", "opens_case": "support", "ref": "#1"},
        {"gets_answer": "support", "ref": "#1"},
        {"after": "1d12h", "closes_case": "support", "ref": "#1"},
        {"withdraws": "marketing", "via": "sms"},
        {"grants": "marketing", "via": "sms"},
        {"moves_to": "Europe/Madrid"},
        {"replies": "STOP", "via": "sms"},
    ]
    found = walked(acts=acts)
    assert [step.name for step in told(found, "act")] == [
        "signed_up (from web)", "clicks hello", "opens case support (ref #1)", "gets answer support (ref #1)",
        "closes case support (ref #1)",
        "withdraws marketing (via sms)", "grants marketing (via sms)", "moves to Europe/Madrid",
        "replies “STOP” (via sms)",
    ]  # fmt: skip
    assert told(found, "sent")[-1].channel == "email"  # S7.3
    assert told(found, "sent")[-1].zone == "Europe/Madrid"


def test_without_until_it_goes_on_until_nothing_falls_due():
    # the nudge is asked for again on the morning of the 8th, and nothing comes after it
    assert walked().until == datetime(2026, 3, 8, 12, tzinfo=UTC)


def test_until_ends_it_and_later_acts_are_left_out():
    found = walked(
        until=datetime(2026, 3, 6, tzinfo=UTC), acts=[{"does": "signed_up"}, {"after": "9d", "does": "ordered"}]
    )
    assert [step.name for step in told(found, "act")] == ["signed_up"]
    assert found.until == datetime(2026, 3, 6, tzinfo=UTC)


def test_until_before_the_beginning_is_refused():
    with pytest.raises(InvalidInput, match="until="):
        walked(until=datetime(2020, 1, 1, tzinfo=UTC))


def test_an_act_that_is_not_possible_is_named():
    with pytest.raises(InvalidInput, match=r"\$\.acts\[0\]: .*never accepted"):
        walked(acts=[{"clicks": "nudge"}])


def test_equal_personas_have_equal_walks():
    # S11.5
    assert walked().steps == walked().steps


# What is read.


def test_an_unknown_name_is_told_with_its_path_and_what_was_probably_meant():
    assert "$.acts[0].does: there is no touchpoint type 'signd_up'; did you mean 'signed_up'?" in problems(
        {**MOTHER, "acts": [{"does": "signd_up"}]}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"custmer": "x"}, "$.custmer: is no field here; did you mean 'customer'?"),
        ({"timezone": "America/New_Yrok"}, "did you mean 'America/New_York'?"),
        ({"timezone": 5}, "$.timezone: is a text, not a number"),
        (
            {"addresses": {"emial": "x"}},
            "$.addresses.emial: there is no kind of address 'emial'; did you mean 'email'?",
        ),
        ({"traits": []}, "$.traits: is an object, not a list"),
        ({"consents": [["marketing"]]}, "$.consents[0]: is a kind of message and a channel"),
        ({"consents": [["marketting", "sms"]]}, "$.consents[0][0]: there is no kind or topic of message 'marketting'"),
        ({"consents": [["marketing", "smss"]]}, "$.consents[0][1]: there is no channel 'smss'; did you mean 'sms'?"),
        ({"at": "tomorrow"}, "$.at: is an instant in ISO 8601"),
        ({"at": "2026-03-04T18:00:00"}, "$.at: has no time zone"),
        ({"acts": {}}, "$.acts: is a list, not an object"),
        ({"acts": [{"dos": "signed_up"}]}, "$.acts[0]: says nothing to do: dos; did you mean 'does'?"),
        ({"acts": [{"does": "signed_up", "clicks": "hello"}]}, "$.acts[0]: says more than one thing to do"),
        ({"acts": [{"does": "signed_up", "propertys": {}}]}, "did you mean 'properties'?"),
        ({"acts": [{"does": "signed_up", "after": "soon"}]}, "$.acts[0].after: is a length of time"),
        ({"acts": [{"replies": "hi"}]}, "$.acts[0].via: is missing"),
        ({"acts": [{"replies": "hi", "via": "smss"}]}, "$.acts[0].via: there is no channel 'smss'"),
        ({"acts": [{"opens_case": "suport"}]}, "$.acts[0].opens_case: there is no case type 'suport'"),
        ({"acts": [{"moves_to": "Mars"}]}, "$.acts[0].moves_to: "),
    ],
)
def test_each_mistake_in_a_persona_is_told_with_its_path(change, said):
    assert said in problems({**MOTHER, **change})


def test_all_mistakes_are_told_at_once():
    found = problems({"at": "x", "acts": [{"does": "nothing"}]})
    assert [line.split(":")[0] for line in found.splitlines()[1:]] == [
        "  - $.customer",
        "  - $.at",
        "  - $.acts[0].does",
    ]


def test_a_mistake_never_shows_what_is_known_of_the_person():
    # S7.5
    found = problems({**MOTHER, "addresses": {"email": 5}, "traits": "Ruth", "acts": [{"does": "x"}]})
    assert "Ruth" not in found
    assert "mother" not in found


def test_lengths_of_time_may_be_put_together():
    acts = [{"after": "1w2d3h4m5s", "does": "signed_up"}]
    persona = read_persona({**MOTHER, "acts": acts}, [shop])
    assert persona.acts[0].after == timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)


# The command.

SHOP = """
from touchpoint import *
hello = Message("hello", why="greet", kind="service", channels=["email"], content=Content(subject="Hi", text="Hello"))
shop = Journey("shop", rules=[Rule("greet", when="signed_up", then=[Send(hello)])])
"""


@pytest.fixture
def ran(tmp_path):
    def run(record, *options):
        (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
        text = record if isinstance(record, str) else json.dumps(record)
        (tmp_path / "mother.json").write_text(text, encoding="utf-8")
        return CliRunner().invoke(command, [str(tmp_path / "shop.py"), "--as", str(tmp_path / "mother.json"), *options])

    return run


RUTH = {**MOTHER, "consents": []}


def test_the_command_prints_messages_dated_on_the_customers_clock(ran):
    assert ran(RUTH).output == (
        "times in America/New_York; → from the customer, ← to them, … held back, × not sent\n"
        "\n"
        "Wed 2026-03-04 22:30 EST\n"
        "  → signed_up (from web)\n"
        "  ← hello (service) by email\n"
        "      why:     greet\n"
        "      subject: Hi\n"
        "      | Hello\n"
    )


def test_what_was_not_sent_is_printed_with_the_reason():
    acts = [{"does": "signed_up"}, {"opens_case": "support"}]
    began = "2026-03-04T18:00:00-05:00"
    text = "\n".join(lines(walked(at=began, acts=acts, until=datetime(2026, 3, 8, tzinfo=UTC), addresses={})))
    assert "  × hello (service) not by email: " in text
    assert "  × hello (service) denied: " in text
    text = "\n".join(lines(walked(at=began, acts=acts, until=datetime(2026, 3, 8, tzinfo=UTC))))
    assert "  … nudge (marketing) held back on sms: a case is open: support" in text
    assert "  … nudge (marketing) is still waiting: " in text


def test_a_clock_in_another_zone_is_named():
    acts = [{"does": "signed_up"}, {"after": "1h", "moves_to": "Europe/Madrid"}]
    assert "Thu 2026-03-05 05:30 CET Europe/Madrid" in "\n".join(lines(walked(acts=acts)))


def test_an_instant_is_read_for_the_end(ran):
    assert json.loads(ran(RUTH, "--json", "--until", "2026-03-06T00:00:00Z").output)["until"].startswith("2026-03-06")


def test_what_is_no_instant_is_refused(ran):
    assert "ISO 8601" in ran(RUTH, "--until", "soon").output


def test_a_persona_that_is_not_there_is_refused(ran, tmp_path):
    ran(RUTH)
    result = CliRunner().invoke(command, [str(tmp_path / "shop.py"), "--as", str(tmp_path / "nobody.json")])
    assert "cannot be read" in str(result.exception)


def test_the_command_gives_json_for_other_programs(ran):
    found = json.loads(ran(RUTH, "--json").output)
    assert [(step["what"], step["name"]) for step in found["steps"]] == [
        ("act", "signed_up (from web)"),
        ("sent", "hello"),
    ]
    assert found["steps"][1]["text"] == "Hello"


def test_the_command_says_so_when_nothing_came(ran):
    assert ran({**RUTH, "acts": []}).output.endswith("They received nothing.\n")


def test_an_instant_without_a_zone_is_refused(ran):
    result = ran(RUTH, "--until", "2026-03-05")
    assert result.exit_code == 2
    assert "--until" in result.output


def test_a_file_that_is_no_json_is_refused(ran):
    assert isinstance(ran("{").exception, InvalidInput)


def test_long_words_are_folded_and_control_characters_never_reach_the_terminal():
    long = Message(
        "long", why="w", kind="service", channels=["email"], content=Content(text="{customer.name} " + "word " * 40)
    )
    journey = Journey("long", rules=[Rule("r", when="signed_up", then=[Send(long)])])
    found = list(lines(walked(journey, traits={"name": "a\x1b[31mb"})))
    assert max(map(len, found)) <= 82
    assert not any("\x1b" in line for line in found)


THANKED = Journey("thanks", rules=[
    Rule("thank", when=Referred("ordered"), key="referral", then=[Send(Message(
        "thank_you", why="thank who brings others", channels=["email"], content=Content(text="Thank you!"),
    ))]),
])  # fmt: skip


def referring(*acts):
    return walk([shop, THANKED], read_persona({**MOTHER, "acts": list(acts)}, [shop, THANKED]))


def test_who_refers_a_friend_is_thanked_when_that_one_does_what_counts():
    found = referring(
        {"refers": "Zoe"}, {"after": "2d", "friend_does": "ordered", "friend": "Zoe"},
        {"after": "1d", "friend_does": "ordered", "friend": "Zoe"},
    )  # fmt: skip
    told = [(each.what, each.name) for each in found.steps]
    assert told == [
        ("act", "refers a friend"), ("act", "a friend does ordered"), ("sent", "thank_you"),
        ("act", "a friend does ordered"),
    ]  # fmt: skip
    assert "Zoe" not in " ".join(lines(found))


@pytest.mark.parametrize(("acts", "said"), [
    ([{"friend_does": "ordered"}], r"\$\.acts\[0\]\.friend: is missing"),
    ([{"friend_does": "orderd", "friend": "zoe"}], r"\$\.acts\[0\]\.friend_does.*ordered"),
    ([{"friend_does": "ordered", "friend": "zoe"}], r"\$\.acts\[0\]:"),
    ([{"refers": "mother"}], r"\$\.acts\[0\]:"), ([{"refers": ""}], r"\$\.acts\[0\]\.refers"),
])  # fmt: skip
def test_a_friend_is_somebody_who_was_referred(acts, said):
    with pytest.raises(InvalidInput, match=said):
        referring(*acts)
