"""What content rules say before anything is sent, on the command line too, and the reference of them (S6.5)."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import journey, message, sending
from rules_table import table
from touchpoint import Content, Gift, Policy, Rule, Send, Wording, hours, rules
from touchpoint.model.delivery import RenderedMessage
from touchpoint.policy.phrases import OPT_OUT_PHRASES, folded, readings
from touchpoint.rules import (
    BULK_SENDERS,
    CAN_SPAM,
    CTIA,
    SHIPPED,
    TCPA_QUIET_HOURS,
    WHATSAPP,
    ContentRule,
    ContentRules,
    OptOutText,
    PostalAddress,
    Sender,
    check_content,
)

PAGE = Path(__file__).parent.parent / "docs/reference/content-rules.md"
SENDER = Sender("Roast & Co.", postal="1 Mill Lane, Boston", one_click="email", links_live=60, answers=["help", "INFO"])
ADDRESS = ContentRule(name="our/address", asks=PostalAddress(), source="our own")


def house(*found, sender=SENDER):
    return Policy(ContentRules(found, sender=sender, unknown_jurisdiction="US"))


def check(*found, content="Hello", sender=SENDER, kind="marketing", channels=("email",), **more):
    options = {name: more.pop(name) for name in ("jurisdictions", "on") if name in more}
    made = content if isinstance(content, Content | dict) else Content(text=content)
    written = sending(content=made, kind=kind, channels=list(channels), **more)
    return check_content([journey(written)], house(*found, sender=sender), **options)


def codes(*found, **more):
    return [each.code for each in check(*found, **more)]


def test_a_finding_says_what_where_why_and_how_to_mend_it():
    (found,) = check(ADDRESS)
    assert (found.code, found.journey, found.certain) == ("postal-address", "one", True)
    assert found.path == '$.rules[0].then[0].message.content["*"]'
    assert "is not in the words" in found.why
    assert found.fix
    assert (found.rule, found.source) == ("our/address", "our own")
    assert str(found).startswith("one: $.rules[0].then[0].message.content")


def test_words_that_have_what_is_asked_for_are_fine():
    assert check(ADDRESS, content="1 Mill Lane\nBoston") == []


def test_what_data_may_supply_is_not_certain():
    (found,) = check(ADDRESS, content="Hello from {customer.shop_address|us}")
    assert not found.certain
    assert "perhaps" in str(found)


def test_a_link_whose_address_is_looked_up_is_found():
    assert check(*CAN_SPAM, content="1 Mill Lane, Boston\nUnsubscribe: https://x.example/u/{customer.token}") == []


def test_a_link_in_html_whose_whole_address_is_looked_up_is_found():
    html = '<p>1 Mill Lane, Boston</p><a href="{trigger.leave}">unsubscribe</a>'
    assert check(*CAN_SPAM, content=Content(html=html)) == []


def test_every_wording_is_looked_at_too():
    lacking = Wording("vips", given=True, content=Content("Hello"))
    (found,) = check(ADDRESS, content="1 Mill Lane, Boston", wordings=[lacking])
    assert found.path == '$.rules[0].then[0].message.wordings[0].content["*"]'


def test_every_content_that_may_go_out_on_a_channel_is_looked_at():
    content = {
        "email": Content(text="1 Mill Lane, Boston"),
        "email/de": Content(text="Hallo"),
        "sms": Content(text="never looked at"),
        "*": Content(text="for others"),
    }
    scoped = ContentRule(name="x", asks=PostalAddress(), channels="email")
    found = check(scoped, content=content, channels=["email", "sms"])
    assert [each.path.rpartition("content")[2] for each in found] == ['["email/de"]']


def test_a_message_that_is_sent_twice_is_found_once():
    twice = message("hello", kind="marketing")
    made = journey(Rule("a", when="start", then=[Send(twice)]), Rule("b", when="start", then=[Send(twice)]))
    assert len(check_content([made], house(ADDRESS))) == 1


def test_gifts_are_messages_too():
    gift = Gift("cake", why="a test wants it", channels=["email"], content=Content(text="For you"))
    made = journey(Rule("a", when="start", then=[Send(gift)]))
    assert len(check_content([made], house(ADDRESS))) == 1


def test_what_the_sender_does_not_say_is_found_once_in_the_policy():
    two = journey(sending("a", kind="marketing"), sending("b", kind="marketing"))
    found = check_content([two], house(ADDRESS, sender=Sender("x")))
    assert [(each.path, each.certain) for each in found] == [("policy", True)]


def test_promises_are_compared():
    found = codes(*CAN_SPAM, *BULK_SENDERS, sender=Sender("x", postal="Hello", links_live=7, opt_outs_within=12))
    assert set(found) == {"link-life", "opt-out-within", "one-click-unsubscribe", "opt-out-text"}


def test_a_message_that_no_rule_binds_has_no_findings():
    assert check(*CAN_SPAM, *CTIA, kind="service", sender=Sender()) == []


@pytest.mark.parametrize(("where", "found"), [(None, 1), (["US-FL"], 1), (["CA", "US"], 1), (["DE"], 0), ([], 0)])
def test_only_rules_of_the_named_jurisdictions_are_looked_at(where, found):
    scoped = ContentRule(name="x", asks=PostalAddress(), jurisdictions="US")
    assert len(check(scoped, jurisdictions=where)) == found


@pytest.mark.parametrize(("on", "found"), [(None, 1), (date(2025, 12, 31), 0), (date(2026, 1, 1), 1)])
def test_only_rules_that_hold_on_the_day_are_looked_at(on, found):
    scoped = ContentRule(name="x", asks=PostalAddress(), valid_from=date(2026, 1, 1))
    assert len(check(scoped, on=on)) == found


def test_a_message_for_one_channel_that_needs_a_session_is_told_of_it():
    (found,) = check(*WHATSAPP, channels=["whatsapp"], kind="service")
    assert (found.code, found.certain) == ("session-only", False)
    assert check(*WHATSAPP, channels=["whatsapp", "email"], kind="service") == []
    assert check(*WHATSAPP, channels=["whatsapp"], kind="service", sender=Sender(approved="hello")) == []


def test_a_message_that_may_expire_in_quiet_hours_is_told_of_it():
    assert codes(*TCPA_QUIET_HOURS, channels=["sms"], expires=hours(10)) == ["expires-in-quiet-hours"]
    assert codes(*TCPA_QUIET_HOURS, channels=["sms"], expires=hours(11)) == []


def test_words_that_nobody_answers_are_found():
    text = "Roast & Co.: news. Reply STOP to end"
    assert codes(*CTIA, channels=["sms"], content=text) == []
    (found,) = check(*CTIA, channels=["sms"], content=text, sender=Sender("Roast & Co.", answers=["HELP"]))
    assert (found.code, found.certain) == ("keywords-unanswered", False)
    assert "INFO" in found.why
    assert "STOP" not in found.why


def test_a_journeys_own_policy_counts_too():
    made = journey(sending(kind="marketing"), policy=house(ADDRESS))
    assert len(check_content([made])) == 1


def test_what_is_certain_is_denied_at_the_gate_and_what_is_fine_is_not():
    from making import ends, engine_of, pass_time

    for text in ("Hello", "1 Mill Lane, Boston"):
        written = sending(content=Content(text=text))
        with engine_of(written, policy=house(ADDRESS)) as made:
            made.record("ann", "start")
            pass_time(made)
            denied = ends(made) == [("hello", "denied")]
        assert denied == bool(check_content([journey(written)], house(ADDRESS)))


# --- the command line -------------------------------------------------------------------------------------------------

PROGRAM = """from touchpoint import Content, Journey, Message, Policy, Rule, Send
from touchpoint.rules import ContentRule, ContentRules, PostalAddress, Sender

law = ContentRule(name="our/address", asks=PostalAddress(), source="our own")
news = Message("news", why="news", kind="marketing", channels=["email"], content=Content(text={text!r}))
shop = Journey(
    "shop",
    rules=[Rule("tell", when="start", then=[Send(news)])],
    policy=Policy(ContentRules([law], sender=Sender("x", postal="1 Mill Lane"), unknown_jurisdiction="US")),
)
"""


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("1 Mill Lane", 0, "no problems found"), ("Hello", 1, "postal-address: the sender's postal address"),
        ("Hello", 1, "1 problem found"), ("At {customer.shop|ours}", 0, "postal-address (perhaps)"),
    ],
)  # fmt: skip
def test_check_shows_what_content_rules_will_hold_against_a_message(text, status, words, tmp_path):
    from click.testing import CliRunner

    from touchpoint.cli.app import cli

    file = tmp_path / "shop.py"
    file.write_text(PROGRAM.format(text=text))
    result = CliRunner().invoke(cli, ["check", str(file)])
    assert (result.exit_code, words in result.output) == (status, True), result.output


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "phrase"), [(language, each) for language, found in OPT_OUT_PHRASES.items() for each in found]
)
def test_phrases_are_written_as_they_are_compared(language, phrase):
    assert folded(phrase) == phrase, language


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=80), st.text(max_size=80), st.none() | st.text(max_size=20))
def test_any_words_can_be_read(text, html, subject):
    words = RenderedMessage("m", "marketing", subject, text, html)
    assert 1 <= len(readings(words)) <= 2


@pytest.mark.parametrize(
    "hostile",
    ["<a " * 40_000, "<!--" * 40_000, "<a href='" * 40_000, "<" * 200_000, '<a b="' * 40_000, "&" * 200_000,
     "<a href=" + "x" * 200_000, "<script>" * 20_000, "https://" * 30_000, "<a x" + "=" * 200_000 + ">"],
    ids=range(10),
)  # fmt: skip
def test_no_words_take_long_to_read(hostile):
    from time import process_time

    begun = process_time()
    readings(RenderedMessage("m", "marketing", None, hostile, hostile))
    assert process_time() - begun < 5


# --- the reference ----------------------------------------------------------------------------------------------------


def test_the_reference_shows_the_rules_that_ship():
    page = PAGE.read_text("utf-8")
    assert table() in page, "put what python tests/rules_table.py prints into docs/reference/content-rules.md"


def test_the_reference_says_that_it_is_no_legal_advice():
    assert "not legal advice" in PAGE.read_text("utf-8")[:400]


@pytest.mark.parametrize("name", rules.__all__)
def test_the_reference_names_everything_public(name):
    assert f"`{name}" in PAGE.read_text("utf-8")


def test_the_public_names_of_the_rules_are_these():
    assert sorted(rules.__all__) == [
        "BULK_SENDERS", "CAN_SPAM", "CASL", "CTIA", "ComplaintRate", "ContentRule", "ContentRules", "EEA", "EU",
        "EVERY",
        "Finding", "GDPR_PECR", "HOLIDAYS", "Holiday", "Keywords", "LinkLife", "OPT_OUT_PHRASES", "OneClickUnsubscribe",
        "OptOutText", "OptOutWithin", "PROVIDERS", "PostalAddress", "QuietHoursIn", "SHIPPED", "STATE_QUIET_HOURS",
        "Sender", "SenderIdentity", "SessionWindow", "TCPA_QUIET_HOURS", "WHATSAPP", "check_content", "days_of",
        "falls_under", "provider_of",
    ]  # fmt: skip


def test_every_public_name_of_the_rules_is_there_and_says_what_it_is():
    for name in rules.__all__:
        value = getattr(rules, name)
        assert not isinstance(value, type) or (value.__doc__ or "").strip()


def test_shipped_constants_are_public():
    assert all(getattr(rules, name) is found for name, found in SHIPPED.items())


def test_opt_out_text_may_be_asked_for_with_own_phrases():
    own = ContentRule(name="x", asks=OptOutText(phrases=["no more"]))
    assert check(own, content="say no more") == []
