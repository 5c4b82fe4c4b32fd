"""What the answers of mail servers mean, by table: RFC 3463 and RFC 5321."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.channels import REMEDIES, FailureCode
from touchpoint.channels.smtp_status import (
    ENHANCED,
    REPLIES,
    SUBJECTS,
    Stage,
    enhanced_of,
    failure_code,
    refused,
    status_in,
)  # fmt: skip

BEFORE_THE_RECIPIENT = [Stage.CONNECT, Stage.HELLO, Stage.TLS, Stage.LOGIN, Stage.SENDER]
TABLE = sorted(ENHANCED.items())


@pytest.mark.parametrize(("status", "code"), TABLE)
def test_each_code_of_the_table_is_what_the_table_says_at_the_end_of_a_mail(status, code):
    reply = 550 if status.startswith("5") else 450
    assert refused(reply, f"{status} words", Stage.CONTENT).code == code


@pytest.mark.parametrize(
    ("reply", "text", "stage", "expected"),
    [
        (550, "5.1.1 no such user", Stage.RECIPIENT, "address_invalid"),
        (556, "5.1.10 null MX", Stage.RECIPIENT, "address_invalid"),
        (551, "5.1.6 moved", Stage.RECIPIENT, "address_unreachable"),
        (550, "5.2.1 disabled", Stage.RECIPIENT, "address_unreachable"),
        (452, "4.2.2 full", Stage.RECIPIENT, "throttled"),
        (552, "5.2.2 full", Stage.RECIPIENT, "address_incapable"),
        (550, "5.7.26 DMARC", Stage.CONTENT, "sender_misconfigured"),
        (451, "4.7.1 greylisted", Stage.RECIPIENT, "throttled"),
        (451, "4.3.2 busy", Stage.RECIPIENT, "provider_unavailable"),
        (552, "5.3.4 too big", Stage.CONTENT, "content_rejected"),
        (554, "5.7.1 spam", Stage.CONTENT, "content_rejected"),
        (554, "5.7.1 relaying denied", Stage.RECIPIENT, "unknown"),
        (554, "5.7.1 who are you", Stage.SENDER, "sender_misconfigured"),
        (501, "5.5.4 what", Stage.DATA, "sender_misconfigured"),
        (501, "5.1.3 what", Stage.RECIPIENT, "address_invalid"),
        (501, "5.5.2 syntax", Stage.RECIPIENT, "unknown"),
        (550, "no such user", Stage.RECIPIENT, "address_invalid"),
        (551, "user not local", Stage.RECIPIENT, "address_unreachable"),
        (553, "no such name", Stage.RECIPIENT, "address_invalid"),
        (450, "busy", Stage.RECIPIENT, "throttled"),
        (451, "error", Stage.RECIPIENT, "provider_unavailable"),
        (500, "what", Stage.DATA, "sender_misconfigured"),
        (500, "what", Stage.RECIPIENT, "unknown"),
        (550, "no", Stage.SENDER, "sender_misconfigured"),
        (552, "too big", Stage.SENDER, "content_rejected"),
        (550, "5.7.28 flood", Stage.SENDER, "throttled"),
        (454, "4.7.0 later", Stage.LOGIN, "provider_unavailable"),
        (535, "5.7.8 wrong", Stage.LOGIN, "sender_misconfigured"),
        (599, "5.99.99 of the future", Stage.RECIPIENT, "unknown"),
        (550, "5.99.1 of the future", Stage.RECIPIENT, "unknown"),
        (550, "5.4.310 of one provider", Stage.RECIPIENT, "unknown"),
        (550, "5.0.0 whatever", Stage.RECIPIENT, "address_invalid"),
        (550, "5.0.0 whatever", Stage.REPORT, "unknown"),
    ],
)
def test_what_servers_say(reply, text, stage, expected):
    assert refused(reply, text, stage).code == expected


def test_the_class_of_the_reply_binds_and_the_words_are_not_kept():  # RFC 5321, 4.2.1
    outcome = refused(450, "5.1.1 <ann@example.com> unknown", Stage.RECIPIENT)
    assert (outcome.provider_code, outcome.code) == ("450 4.1.1", FailureCode.PROVIDER_UNAVAILABLE)
    assert "ann" not in outcome.detail


@pytest.mark.parametrize("text", ["", "no", "5.1", "5.1.1.1", "6.1.1 x", "version 5.1.1", "5.1.1000"])
def test_what_is_no_enhanced_code_is_none(text):
    assert enhanced_of(550, text) is None


def test_a_code_in_a_report_may_stand_anywhere_in_its_field():
    assert status_in("smtp; 5.1.1 (bad)") == "5.1.1"
    assert status_in("nothing") is None


@given(
    reply=st.integers(400, 599),
    subject=st.integers(0, 999),
    detail=st.integers(0, 999),
    enhanced=st.booleans(),
    stage=st.sampled_from(Stage),
)
def test_every_refusal_has_a_meaning(reply, subject, detail, enhanced, stage):
    text = f"{reply // 100}.{subject}.{detail} words" if enhanced else "words"
    outcome = refused(reply, text, stage)
    assert outcome.provider_code.startswith(str(reply))
    remedy = REMEDIES[outcome.code]
    if reply < 500:
        assert not remedy.suppress_address, "nothing that is for the time being condemns an address"
    if stage in BEFORE_THE_RECIPIENT:
        assert not remedy.suppress_address, "nobody was named yet"
    assert (outcome.retry_after is not None) == (outcome.code is FailureCode.THROTTLED)


@pytest.mark.parametrize("stage", [Stage.RECIPIENT, Stage.REPORT])
def test_no_code_of_policy_condemns_an_address_or_stops_a_message_for_everybody(stage):
    for detail in range(30):
        code = failure_code(550, f"5.7.{detail}", stage)
        if detail not in (3, 16, 17, 18):  # the content by its own code; mailboxes that belong to somebody else now
            assert not REMEDIES[code].suppress_address
            assert not REMEDIES[code].stop_message


def test_the_tables_are_of_codes():
    assert all(status_in(each) == each for each in ENHANCED)
    assert all(status_in(f"{each}.0") for each in SUBJECTS)
    assert all(400 <= reply <= 599 for _, reply in REPLIES)
