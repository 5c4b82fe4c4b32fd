"""Channels: the port, what an adapter may answer and what follows (S6.8), and the adapters that need no provider."""

import io
from datetime import timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint.channels import (
    ADDRESS_KINDS,
    ANY_ADDRESS,
    MAX_ATTEMPTS,
    REMEDIES,
    Accepted,
    Action,
    Adapter,
    Address,
    Ambiguous,
    Capabilities,
    ConsoleChannel,
    Failure,
    FailureCode,
    InvalidAddress,
    MemoryChannel,
    Preflight,
    RecordingChannel,
    Refused,
    RenderedMessage,
    SendRequest,
    backoff,
    channel,
    clean_subject,
    default_address_kind,
    judge,
    normalise_address,
    redact,
)
from touchpoint.durations import hours, minutes, seconds
from touchpoint.errors import InvalidInput, UnknownName

JESS = Address("email", "jess@example.com")
WELCOME = RenderedMessage("welcome", subject="Welcome, Jess", text="Your beans")


def request(key="k1", **more):
    return SendRequest(**{"key": key, "to": JESS, "message": WELCOME, "channel": "email"} | more)


@pytest.fixture
def email():
    @channel("email", address="email", remembers_keys_for=hours(24))
    def send_mail(request):
        """Send one mail."""
        return Accepted(ref=f"{request.to.key}/{request.message.subject}/{request.message.text}")

    return send_mail


# HOUSE 9: what goes through the port


def test_an_address_shows_kind_and_display_only():
    assert repr(JESS) == "Address(kind='email', display='j…@example.com')"


def test_a_display_may_be_given():
    assert Address(kind="phone", key="+15550100", display="Jess").display == "Jess"


def test_words_and_keys_stay_out_of_reprs():
    message = RenderedMessage("m", subject="Dear Jess", text="Jess", html="<p>Jess")
    shown = repr(request("jess/welcome/1", message=message))
    assert "Jess" not in shown
    assert "jess" not in shown


def test_the_words_of_a_provider_stay_out_of_reprs():
    assert "+1555" not in repr(Refused(FailureCode.UNKNOWN, detail="+15550100 is odd"))


def test_a_request_can_be_copied_with_changes():
    assert attrs.evolve(request(), key="k2", attempt=2).key == "k2"


def test_capabilities_say_whether_keys_are_remembered():  # S6.8: there is no safe default
    with pytest.raises(TypeError, match="remembers_keys_for"):
        Capabilities("sms", frozenset({"phone"}))


def test_an_uncertain_send_may_be_repeated_within_half_of_the_providers_memory():  # S6.8
    assert Capabilities("sms", ["phone"], remembers_keys_for=hours(24)).repeat_within == hours(12)
    assert Capabilities("sms", ["phone"], remembers_keys_for=None).repeat_within is None


@pytest.mark.parametrize(
    ("name", "kinds", "memory"),
    [("", {"email"}, None), ("e mail", {"email"}, None), (7, {"email"}, None), ("email", (), None),
     ("email", {"email"}, 60), ("email", {"email"}, timedelta(0))],
)  # fmt: skip
def test_impossible_capabilities_are_refused(name, kinds, memory):
    with pytest.raises(InvalidInput):
        Capabilities(name, kinds, remembers_keys_for=memory)


def test_capabilities_know_the_kinds_they_take():
    assert Capabilities("sms", "phone", remembers_keys_for=None).takes("phone")
    assert not Capabilities("sms", "phone", remembers_keys_for=None).takes("email")
    assert Capabilities("x", ANY_ADDRESS, remembers_keys_for=None).takes("email")


def test_a_preflight_without_problems_is_ok():
    assert Preflight().ok
    assert not Preflight(units=11, problems=[Failure("content_rejected", "longer than 10 segments")]).ok


def test_a_subject_is_one_line_whatever_the_data_holds():  # S6.2: data adds no headers
    assert RenderedMessage("m", subject="Hi\r\nBcc: all@example.com\u2028!").subject == "Hi Bcc: all@example.com !"
    assert clean_subject(None) is None


@settings(max_examples=50)
@given(st.text())
def test_a_clean_subject_stays_as_it_is(text):
    assert clean_subject(clean_subject(text)) == clean_subject(text)
    assert len((clean_subject(text) or "x").splitlines()) == 1


# S6.8: answers


def test_a_code_may_be_given_by_its_value():
    assert Refused("throttled", retry_after=seconds(30)) == Refused(FailureCode.THROTTLED, retry_after=seconds(30))


def test_an_unknown_code_is_refused_with_a_hint():
    with pytest.raises(UnknownName, match="did you mean 'throttled'"):
        Refused("throtled")


def test_retry_after_is_a_length_of_time():
    with pytest.raises(InvalidInput, match="timedelta"):
        Refused("throttled", retry_after=30)


@pytest.mark.parametrize("units", [None, -1, "2", 1.5, True])
def test_an_acceptance_with_odd_units_is_still_an_acceptance(units):
    assert Accepted(ref=12, units=units) == Accepted(ref="12", units=1)


@pytest.mark.parametrize("outcome", [Accepted(), Refused("unknown"), Ambiguous("time-out")])
def test_outcomes_are_taken_as_they_are(outcome):
    assert judge(outcome) is outcome


@pytest.mark.parametrize(
    ("answer", "name"),
    [(None, "NoneType"), (True, "bool"), ("jess@example.com", "str"), (Accepted, "type"), ({}, "dict")],
)
def test_any_other_answer_is_ambiguous_and_named_by_type(answer, name):
    judged = judge(answer)
    assert isinstance(judged, Ambiguous)
    assert name in judged.reason
    assert "jess" not in judged.reason


def test_an_exception_is_ambiguous_and_its_text_is_not_kept():
    assert judge(ValueError("jess@example.com")) == Ambiguous("the adapter raised ValueError")


# S6.8: remedies


def test_every_failure_code_has_a_remedy():
    assert set(REMEDIES) == set(FailureCode)


@pytest.mark.parametrize(
    ("action", "codes"),
    [
        (Action.RETRY, {"throttled", "provider_unavailable", "sender_misconfigured", "budget_exhausted"}),
        (Action.NEXT_CHANNEL, {"address_invalid", "address_unreachable", "address_incapable", "recipient_opted_out",
                               "session_closed", "region_forbidden", "unknown"}),
        (Action.FAIL, {"content_rejected"}),
        (Action.EXPIRE, {"expired"}),
    ],
)  # fmt: skip
def test_a_refusal_decides_what_becomes_of_the_message(action, codes):
    assert {code for code, remedy in REMEDIES.items() if remedy.action is action} == codes


@pytest.mark.parametrize(
    ("effect", "codes"),
    [
        ("suppress_address", {"address_invalid", "address_unreachable"}),
        ("record_opt_out", {"recipient_opted_out"}),
        ("stop_message", {"content_rejected"}),
        ("pause_channel", {"sender_misconfigured", "budget_exhausted"}),
    ],
)
def test_a_refusal_has_its_effects_beyond_the_message(effect, codes):
    assert {code for code, remedy in REMEDIES.items() if getattr(remedy, effect)} == codes


keys, attempts = st.text(max_size=20), st.integers(1, 10_000)


@settings(max_examples=50)
@given(attempts, keys)
def test_backoff_is_a_part_of_a_doubling_wait_up_to_an_hour(attempt, key):
    whole = min(seconds(30) * 2 ** min(attempt - 1, 20), hours(1))
    assert whole / 2 <= backoff(attempt, key) <= whole


@settings(max_examples=50)
@given(attempts, keys, st.timedeltas(timedelta(0), timedelta(days=366)))
def test_backoff_is_never_shorter_than_the_provider_asks(attempt, key, retry_after):
    assert retry_after <= backoff(attempt, key, retry_after) <= max(retry_after + minutes(30), hours(1))


def test_backoff_is_the_same_everywhere():  # S11.5
    assert backoff(1, "k") == timedelta(microseconds=28_529_435)


def test_backoff_spreads_messages_that_were_refused_together():
    assert len({backoff(1, f"k{n}", minutes(5)) for n in range(100)}) == 100


def test_a_first_throttling_is_over_within_minutes():
    assert backoff(1, "k") <= minutes(1)


def test_an_absurd_wait_stays_a_valid_length():
    assert backoff(10**9, "k", timedelta.max) <= timedelta(days=367)


def test_attempts_last_longer_than_a_short_outage():
    assert sum((backoff(n, "k") for n in range(1, MAX_ATTEMPTS)), timedelta()) > hours(2)


# Addresses


@pytest.mark.parametrize(
    ("kind", "raw", "key", "display"),
    [
        ("email", " Jess@Example.COM\n", "Jess@example.com", "J…@example.com"),
        ("email", "j@example.co.uk", "j@example.co.uk", "…@example.co.uk"),
        ("email", "zoë+x@bücher.example", "zoë+x@bücher.example", "z…@bücher.example"),
        ("phone", "+1 (555) 010-0199", "+15550100199", "+155…99"),
        ("phone", "+44.20/7946 0958", "+442079460958", "+442…58"),
        ("postal", " 1 Main St\nSpringfield ", "1 Main St\nSpringfield", "1 …ld"),
        ("push", "abc", "abc", "…"),
    ],
)
def test_addresses_are_normalised_and_shown_in_part(kind, raw, key, display):
    address = normalise_address(kind, raw)
    assert (address.kind, address.key, address.display) == (kind, key, display)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        *(("email", raw) for raw in (
            "secret", "secret@", "@secret.example", "secret@localhost", "a@b@secret.example",
            "Jess <secret@example.com>", "secret@example..com", "secret@example.com\r\nBcc: x@example.com",
            "se cret@example.com", "secret@-x.com",
            "secret@example.com,b@example.com", "s" * 65 + "@example.com", "secret\u200b@example.com",
        )),
        *(("phone", raw) for raw in (
            "secret", "555-0100", "0015550100", "+1234567", "+1234567890123456", "+05550100", "+1555010O",
            "+٤٤٢٠٧٩٤٦٠٩٥٨", "+44 (0)20 7946 0958", "+15550100 ext 3", "++15550100",
        )),
        ("push", "  "), ("push", "secret\0"), ("email", None), ("phone", 15550100),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(kind, raw):
    with pytest.raises(InvalidAddress) as caught:
        normalise_address(kind, raw)
    assert "secret" not in str(caught.value)
    assert not isinstance(raw, str) or not raw.strip() or raw not in str(caught.value)


@settings(max_examples=50)
@given(
    st.sampled_from(["email", "phone", "push"]), st.emails() | st.from_regex(r"\+[1-9][0-9 ()-]{7,14}", fullmatch=True)
)
def test_a_normalised_address_stays_as_it_is(kind, raw):
    try:
        address = normalise_address(kind, raw)
    except InvalidAddress:
        return
    assert normalise_address(kind, address.key) == address


@settings(max_examples=50)
@given(st.sampled_from(["email", "phone", "push", "postal"]), st.text(min_size=1))
def test_nothing_is_shown_in_full(kind, key):
    assert redact(kind, key) != key or key == "…"


@pytest.mark.parametrize(("name", "kind"), [*ADDRESS_KINDS.items(), ("fax", "fax")])
def test_a_channel_has_a_kind_of_address_by_default(name, kind):
    assert default_address_kind(name) == kind
    assert MemoryChannel(name).normalise({"email": "j@example.com", "phone": "+15550100"}.get(kind, "x")).kind == kind


# The decorator


def test_a_decorated_function_is_an_adapter(email):
    assert isinstance(email, Adapter)
    assert email.capabilities == Capabilities("email", frozenset({"email"}), remembers_keys_for=hours(24))
    assert email.send(request()).ref == "jess@example.com/Welcome, Jess/Your beans"
    assert email.preflight(WELCOME, JESS) == Preflight(units=1)


def test_a_decorated_function_stays_a_function(email):
    assert email(request()) == email.__wrapped__(request())
    assert (email.__name__, email.__doc__) == ("send_mail", "Send one mail.")
    assert repr(email) == "<channel 'email' by send_mail()>"


def test_a_decorated_function_forgets_keys_unless_it_says_otherwise():  # S6.8
    assert channel("sms")(print).capabilities.remembers_keys_for is None
    assert channel("sms")(print).capabilities.address_kinds == {"phone"}


def test_a_function_that_answers_nothing_is_ambiguous():  # S6.8
    assert isinstance(channel("sms")(lambda _: None).send(request()), Ambiguous)


def test_what_a_function_raises_goes_through():
    @channel("sms")
    def down(request):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        down.send(request())


def test_the_default_normaliser_is_that_of_the_kind(email):
    assert email.normalise("jess@EXAMPLE.com") == JESS
    with pytest.raises(InvalidAddress):
        email.normalise("+15550100")


@pytest.mark.parametrize("answer", [Address("badge", "0042"), "0042"])
def test_a_normaliser_of_ones_own_makes_an_address_or_its_key(answer):
    desk = channel("desk", address="badge", normalise=lambda _: answer)(print)
    assert desk.normalise("42") == Address("badge", "0042")


@pytest.mark.parametrize("answer", [None, "", 42])
def test_a_normaliser_of_ones_own_that_answers_nonsense_is_refused(answer):
    with pytest.raises(InvalidAddress):
        channel("desk", normalise=lambda _: answer)(print).normalise("42")


def test_a_normaliser_of_ones_own_does_not_leak_the_address():
    with pytest.raises(InvalidAddress) as caught:
        channel("desk", normalise=int)(print).normalise("secret")
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_normaliser_of_ones_own_may_refuse_in_its_own_words():
    def normalise(raw):
        raise InvalidAddress("a badge has four digits")

    with pytest.raises(InvalidAddress, match="four digits"):
        channel("desk", normalise=normalise)(print).normalise("x")


def test_the_decorator_needs_its_name():
    with pytest.raises(InvalidInput, match="@channel"):

        @channel
        def email(request): ...


def test_an_async_function_is_refused():
    with pytest.raises(InvalidInput, match="async"):

        @channel("email")
        async def email(request): ...


# Adapters that need no provider


@pytest.mark.parametrize("adapter", [MemoryChannel("email"), RecordingChannel("email"), ConsoleChannel("email")])
def test_they_are_adapters_that_reach_nobody(adapter):  # S11.8
    assert isinstance(adapter, Adapter)
    assert adapter.capabilities.recording
    assert adapter.capabilities.channel == "email"
    assert "email" in repr(adapter)


def test_memory_keeps_what_it_was_handed():
    memory = MemoryChannel("email")
    assert [memory.send(request("a")).ref, memory.send(request("b")).ref] == ["email-1", "email-2"]
    assert [sent.key for sent in memory.sent] == ["a", "b"]


def test_memory_answers_a_known_key_alike_and_sends_nothing_twice():  # S11.9
    memory = MemoryChannel("email")
    assert memory.send(request()) == memory.send(request(attempt=2))
    assert (len(memory.sent), memory.attempts) == (1, 2)


def test_memory_plays_its_script_and_then_accepts():
    memory = MemoryChannel("sms").will(Refused("throttled"), Ambiguous("time-out"), OSError("down"), Accepted("mine"))
    assert memory.send(request()) == Refused("throttled")
    assert memory.send(request()) == Ambiguous("time-out")
    with pytest.raises(OSError, match="down"):
        memory.send(request())
    assert memory.sent == []
    assert memory.send(request()) == Accepted("mine")
    assert memory.send(request("b")) == Accepted("sms-2")


def test_memory_takes_only_outcomes_in_its_script():
    with pytest.raises(InvalidInput, match="str"):
        MemoryChannel("sms").will("throttled")


def test_memory_can_forget_keys():
    memory = MemoryChannel("sms").without_idempotency()
    assert memory.capabilities.remembers_keys_for is None
    assert memory.send(request()) != memory.send(request())


def test_recording_only_counts():
    recording = RecordingChannel("email")
    for n in range(3):
        recording.send(request(str(n)))
    assert recording.counts == {"welcome": 3}


def test_recording_takes_any_address():
    recording = RecordingChannel("email")
    assert recording.capabilities.takes("phone")
    assert recording.normalise(" customer 17 ").key == "customer 17"
    with pytest.raises(InvalidAddress):
        recording.normalise(" ")


def test_recording_tells_whoever_listens():
    heard = []
    RecordingChannel("email", on_send=heard.append).send(request())
    assert heard == [request()]


def test_console_prints_the_words_and_only_part_of_the_address():
    stream = io.StringIO()
    assert ConsoleChannel("email", stream).send(request()) == Accepted()
    assert stream.getvalue() == (
        "--- email to j…@example.com: welcome (service)\nSubject: Welcome, Jess\n\nYour beans\n\n"
    )


def test_console_prints_to_standard_output_as_it_is_at_the_call(capsys):
    ConsoleChannel().send(request(message=RenderedMessage("m", html="<p>Hi</p>")))
    assert "<p>Hi</p>" in capsys.readouterr().out


def test_console_lets_no_data_steer_the_terminal():
    stream = io.StringIO()
    ConsoleChannel("email", stream).send(request(message=RenderedMessage("m", text="\x1b[2J\x9b\tyes")))
    assert "�[2J�\tyes" in stream.getvalue()


def test_console_prints_on_a_terminal_that_cannot_show_every_letter():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    ConsoleChannel("email", stream).send(request())
    assert b"j\\u2026@example.com" in raw.getvalue()
