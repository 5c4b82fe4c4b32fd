"""The contract suite itself: right adapters pass all of it, and every mistake is caught by the checks it belongs to."""

# ruff: noqa: RUF012, E501 - suites have tables as attributes; a row of a table is one line

import inspect
import io
import re

import pytest

import contract_wrong as wrong
import contract_wrong_inbound as inbound
import contract_wrong_more as more
import contract_wrong_sends as sends
from contract_fakes import Awaited, Hasty, OverSocket, Provider, Right, Suite, fixtures, judge
from touchpoint.channels import (
    Accepted,
    ConsoleChannel,
    FunctionChannel,
    MemoryChannel,
    RecordingChannel,
    TaskChannel,
    channel,
)
from touchpoint.channels.inbound import Received
from touchpoint.durations import hours
from touchpoint.testing import AdapterContract, WebhookSample
from touchpoint.testing.adapter_contract import FIXTURES
from touchpoint.testing.contract.rules import checks_of

pytest_plugins = ["pytester"]

CHECKS = checks_of(AdapterContract)
_SEND = (
    "the_units_told_before_are_those_billed_after", "a_send_answers_with_an_outcome",
    "an_accepted_send_has_a_reference", "distinct_keys_are_distinct_sends", "the_same_key_is_one_send",
    "a_key_that_ended_in_doubt_is_sent_once", "one_send_is_one_call", "headers_go_along_with_the_message",
    "every_scenario_has_its_outcome", "retry_after_is_passed_on", "an_unknown_code_is_kept_as_it_is",
    "a_failure_does_not_stick", "any_words_are_sent_or_refused", "a_reply_is_a_send_like_any_other",
    "a_reaction_is_accepted",
    "it_works_in_another_thread_than_it_was_made_in", "threads_do_not_mix_as_declared",
    "a_send_after_closing_has_an_outcome", "it_sends_after_a_fork", "looking_up_a_key_tells_what_became_of_it",
    "cancelling_says_whether_it_is_certain", "a_task_that_is_completed_comes_back",
    "a_task_that_is_declined_comes_back",
)  # fmt: skip
_SEGMENTS = (
    "plain_text_is_counted_in_segments", "gsm_escapes_are_two_septets_in_one_segment",
    "other_alphabets_are_counted_in_code_units",
)  # fmt: skip
_UNITS = (*_SEGMENTS, "too_long_is_a_problem_and_no_exception", "the_units_told_before_are_those_billed_after")
_PREFLIGHT = (
    *_UNITS, "preflight_answers_with_units_and_problems", "preflight_says_the_same_every_time",
    "preflight_raises_for_no_words",
)  # fmt: skip
_OTHER_KEY = (
    "the_key_reaches_the_provider_unchanged", "keys_reach_the_provider_in_the_order_of_sends",
    "threads_do_not_mix_as_declared", "looking_up_a_key_tells_what_became_of_it",
)  # fmt: skip
_NO_MEMORY = ("the_same_key_is_one_send", "a_key_that_ended_in_doubt_is_sent_once", *_OTHER_KEY)
_CALLS = ("one_send_is_one_call", "a_send_that_fails_is_not_repeated_inside")
_GENUINE = (
    "genuine_webhooks_are_understood", "altered_webhooks_are_refused",
    "webhooks_signed_before_a_rotation_are_understood",
)  # fmt: skip

# Each mistake with the checks that catch it, no more and no fewer; the first one is its own, and says the words.
CAUGHT = [
    (wrong.HasNoPreflight, "preflight cannot be called", "it_has_every_member_of_an_adapter", *_PREFLIGHT, "preflight_asks_nobody"),
    (wrong.DeclaresAPlainObject, "of type Loose", "capabilities_are_frozen_data", "capabilities_are_the_same_at_every_call", "good_addresses_are_accepted"),
    (wrong.ForgetsItsPromiseAfterASend, "after a message was sent", "capabilities_are_the_same_at_every_call"),
    (wrong.DeclaresWhatItCannot, "has no lookup()", "every_capability_has_its_method", "looking_up_a_key_tells_what_became_of_it", "looking_up_a_key_never_seen_gives_none"),
    (wrong.DeclaresNoUnit, "the unit is no word", "units_are_declared_as_words_and_numbers"),
    (wrong.ConnectsWhenMade, "a socket was made in ConnectsWhenMade.__init__()", "making_one_does_no_io"),
    (wrong.ReadsAFileWhenMade, "a file was opened", "making_one_does_no_io"),
    (wrong.StartsAThreadWhenMade, "a thread was started", "making_one_starts_no_thread"),
    (wrong.ShowsItsToken, "shows a secret", "its_repr_hides_secrets"),
    (wrong.RefusesSpaces, "InvalidAddress was raised in RefusesSpaces.normalise()", "good_addresses_are_accepted", "normalising_twice_changes_nothing", "spellings_of_one_address_are_one_address", "different_addresses_stay_apart", "what_is_shown_of_an_address_is_redacted", "keys_reach_the_provider_in_the_order_of_sends", "threads_do_not_mix_as_declared"),
    (wrong.AddsAPrefixEachTime, "another key when its key is normalised again", "normalising_twice_changes_nothing"),
    (wrong.KeepsPunctuation, "aliases[0] have different keys", "spellings_of_one_address_are_one_address"),
    (wrong.MixesPeopleUp, "have the same key", "different_addresses_stay_apart"),
    (wrong.AcceptsAnything, "bad_addresses[0] is accepted", "bad_addresses_are_refused"),
    (wrong.RaisesValueError, "ValueError instead of InvalidAddress", "bad_addresses_are_refused", "odd_text_is_no_crash"),
    (wrong.RepeatsTheAddress, "repeats the address", "a_refused_address_is_not_repeated"),
    (wrong.RepeatsItInTheCause, "repeats the address", "a_refused_address_is_not_repeated"),
    (wrong.ShowsTheAddress, "the display of good_addresses[0] shows it", "what_is_shown_of_an_address_is_redacted"),
    (wrong.CrashesOnOddText, "UnicodeEncodeError instead of InvalidAddress", "odd_text_is_no_crash"),
    (wrong.LooksAddressesUp, "normalise() called the provider", "normalising_asks_nobody", "preflight_asks_nobody", *_CALLS),
    (wrong.TakesNoRegion, "TypeError was raised", "a_region_changes_no_international_address"),
    (wrong.PutsTheRegionFirst, "another key with region='GB'", "a_region_changes_no_international_address"),
    (wrong.NamesAnotherKind, "of kind 'sms'", "good_addresses_are_accepted"),
    (wrong.CountsByCharacters, "160 characters from 'a' to 'a' are 1 segments, not 2", *_SEGMENTS),
    (wrong.SplitsEscapes, "are 3 segments, not 2", "gsm_escapes_are_two_septets_in_one_segment", "other_alphabets_are_counted_in_code_units"),
    (wrong.ForgetsOtherAlphabets, "not 1", "other_alphabets_are_counted_in_code_units"),
    (wrong.RaisesForTooLong, "ValueError was raised", "too_long_is_a_problem_and_no_exception"),
    (wrong.KnowsNoLimit, "has no problem, though max_units is 10", "too_long_is_a_problem_and_no_exception"),
    (wrong.NeedsAnAddress, "AttributeError was raised", "preflight_says_the_same_every_time"),
    (wrong.AsksThePriceBeforehand, "preflight() called the provider", "preflight_asks_nobody"),
    (wrong.CrashesWithoutASubject, "AttributeError was raised", "preflight_raises_for_no_words", *_UNITS),
    (wrong.CountsPreflights, "different answers", "preflight_says_the_same_every_time", *_UNITS[:-1]),
    (wrong.AnswersTrueToPreflight, "answered bool instead of Preflight", "preflight_answers_with_units_and_problems", *_PREFLIGHT),
    (wrong.BillsOneUnit, "preflight() said 2 units, send() billed 1", "the_units_told_before_are_those_billed_after"),
    (sends.ForgetsTheKey, "sent twice", *_NO_MEMORY),
    (sends.PutsTheAttemptIntoTheKey, "sent twice", *_NO_MEMORY),
    (sends.CutsTheKey, "another key", *_OTHER_KEY),
    (sends.MakesTheKeyOfTheWords, "two keys got one reference", "distinct_keys_are_distinct_sends", *_OTHER_KEY),
    (sends.NewKeyAfterDoubt, "after a doubt: it was sent again", "a_key_that_ended_in_doubt_is_sent_once"),
    (sends.AnswersTrue, "send() answered True", "a_send_answers_with_an_outcome", *_SEND),
    (sends.AnswersNothing, "send() answered None", "a_send_answers_with_an_outcome", *_SEND),
    (sends.ForgetsTheReference, "Accepted has no ref", "an_accepted_send_has_a_reference", "looking_up_a_key_tells_what_became_of_it"),
    (sends.RetriesInside, "called the provider 2 times", "a_send_that_fails_is_not_repeated_inside", "every_scenario_has_its_outcome"),
    (sends.AsksTheAccountFirst, "called the provider 2 times", *_CALLS),
    (sends.SendsLater, "before the provider had the message", "keys_reach_the_provider_in_the_order_of_sends", *_CALLS, "a_key_that_ended_in_doubt_is_sent_once", "headers_go_along_with_the_message", "every_scenario_has_its_outcome", "retry_after_is_passed_on", "an_unknown_code_is_kept_as_it_is", "looking_up_a_key_tells_what_became_of_it"),
    (sends.RefusesReplies, "a reply was not accepted: send() answered Refused(unknown)", "a_reply_is_a_send_like_any_other"),
    (sends.CrashesOnReactions, "KeyError was raised", "a_reaction_is_accepted"),
    (sends.DropsHeaders, "a header of the request", "headers_go_along_with_the_message"),
    (sends.CallsEveryRefusalContent, "'address_invalid' was answered with Refused(content_rejected)", "every_scenario_has_its_outcome"),
    (sends.CallsDoubtARefusal, "'ambiguous' was answered with Refused(provider_unavailable)", "every_scenario_has_its_outcome", "a_key_that_ended_in_doubt_is_sent_once"),
    (sends.CallsAnOutageDoubt, "'provider_unavailable' was answered with Ambiguous", "every_scenario_has_its_outcome"),
    (sends.RaisesForOutages, "the exception ConnectionError", "every_scenario_has_its_outcome"),
    (sends.LosesRetryAfter, "no retry_after", "retry_after_is_passed_on"),
    (sends.TakesSecondsForMinutes, "retry_after is 0:30:00 where the provider says 0:00:30", "retry_after_is_passed_on"),
    (sends.RewritesUnknownCodes, "another one than the suite's provider_codes say", "an_unknown_code_is_kept_as_it_is"),
    (sends.DropsUnknownCodes, "code was not kept", "an_unknown_code_is_kept_as_it_is"),
    (sends.StopsAfterAnOutage, "after the scenario 'provider_unavailable'", "a_failure_does_not_stick", "every_scenario_has_its_outcome"),
    (sends.PutsTheAddressIntoTheReason, "the outcome shows the address", "outcomes_hold_nothing_personal"),
    (sends.LogsTheAddress, "a log record holds the address", "logs_and_output_hold_nothing_personal"),
    (sends.LogsItsToken, "a log record holds a secret", "logs_and_output_hold_nothing_personal"),
    (sends.PrintsTheWords, "what it printed holds the text", "logs_and_output_hold_nothing_personal"),
    (sends.Sleeps, "it slept in Sleeps.outcome()", "a_send_does_not_sleep"),
    (sends.SleepsUnderAnotherName, "it slept", "a_send_does_not_sleep"),
    (sends.SleepsWhileAwaited, "it slept", "a_send_does_not_sleep"),
    (sends.CrashesOnEmptyText, "IndexError was raised", "any_words_are_sent_or_refused"),
    (sends.HoldsADatabase, "ProgrammingError was raised", "it_works_in_another_thread_than_it_was_made_in", "threads_do_not_mix_as_declared"),
    (sends.KeepsTheRequestInSelf, "at the same time", "threads_do_not_mix_as_declared"),
    (sends.KeepsTheAwaitedInSelf, "at the same time", "sends_that_are_awaited_at_once_do_not_mix"),
    (sends.SwallowsCancelling, "went on after it was cancelled", "a_send_can_be_cancelled"),
    (inbound.BelievesAnything, "a webhook without a signature is accepted", "webhooks_without_a_signature_are_refused", "altered_webhooks_are_refused", "stale_webhooks_are_refused", "malformed_signatures_are_refused"),
    (inbound.VerifiesTheParsedBody, "with an altered body is accepted", "altered_webhooks_are_refused"),
    (inbound.ComparesWithEquals, "compared with ==", "signatures_are_compared_in_constant_time"),
    (inbound.AcceptsStale, "signed a day ago is accepted", "stale_webhooks_are_refused"),
    (inbound.LooksAtTheTimeOnlyBackwards, "dated a day ahead is accepted", "stale_webhooks_are_refused"),
    (inbound.CrashesOnMalformedHeaders, "as x-time raises ValueError", "malformed_signatures_are_refused"),
    (inbound.CrashesOnAMissingHeader, "raises KeyError", "webhooks_without_a_signature_are_refused"),
    (inbound.KnowsOneSecret, "a genuine webhook is refused", "webhooks_signed_before_a_rotation_are_understood"),
    (inbound.MakesIdsUp, "gives other events when it is delivered again", "event_ids_are_stable", *_GENUINE),
    (inbound.IdsOfTheSecond, "gives other events when it is delivered again", "event_ids_are_stable", *_GENUINE),
    (inbound.StopsBySubstring, "'please stop by the shop' is taken for an opt-out", "opt_out_words_mean_what_they_mean_everywhere"),
    (inbound.CutsReplies, "handed on in other words", "opt_out_words_mean_what_they_mean_everywhere"),
    (inbound.SwallowsStop, "'STOP' gives no event", "opt_out_words_mean_what_they_mean_everywhere"),
    (inbound.BouncesWithoutACode, "without a code", "receipts_speak_of_failures_as_sends_do", *_GENUINE[:2]),
    (inbound.ForgetsWhoWrote, "gives a Replied that says nothing of the sort", "every_event_says_whom_it_is_about", *_GENUINE[:2]),
    (inbound.ForgetsItsChannel, "does not name this channel", "every_event_says_whom_it_is_about", *_GENUINE),
    (inbound.CrashesOnUnknownBodies, "instead of WebhookRejected", "unreadable_webhooks_are_no_crash"),
    (inbound.TakesRubbishForAReply, "as if it told something", "unreadable_webhooks_are_no_crash"),
    (inbound.ShowsTheExpectedSignature, "repeats a part of it", "a_refused_webhook_is_not_repeated"),
    (inbound.AsksWhenItReceives, "receive() called the provider", "receiving_asks_nobody"),
    (inbound.AnswersAnyChallenge, "challenges[1] is accepted", "challenges_are_answered"),
    (wrong.ChecksWithATestMessage, "check() sent a message", "checking_sends_nothing"),
    (wrong.ChecksWithTrue, "check() answered bool", "checking_answers_with_failures"),
    (wrong.ClosesOnce, "RuntimeError was raised in ClosesOnce.close()", "closing_twice_is_fine"),
    (wrong.IsDeadAfterClosing, "AttributeError was raised", "a_send_after_closing_has_an_outcome"),
    (wrong.KeepsItsSocketOverAFork, "through a socket of the first process", "it_sends_after_a_fork"),
    (wrong.SendsInAThreadOfItsOwn, "never came back", "it_sends_after_a_fork"),
    (wrong.LooksUpWithTrue, "answered True", "looking_up_a_key_tells_what_became_of_it", "looking_up_a_key_never_seen_gives_none"),
    (wrong.FindsWhatWasNeverSent, "answered Accepted", "looking_up_a_key_never_seen_gives_none"),
    (wrong.RefusesWhatItDoesNotFind, "answered Refused(unknown)", "looking_up_a_key_never_seen_gives_none"),
    (wrong.CancelsEverything, "nobody knows", "cancelling_says_whether_it_is_certain"),
    (wrong.CancelsWithoutAnAnswer, "NoneType", "cancelling_says_whether_it_is_certain"),
    (wrong.DeclinesAsDone, "another outcome", "a_task_that_is_declined_comes_back"),
    (wrong.ForgetsWhatWasDone, "not exactly one TaskDone", "a_task_that_is_completed_comes_back"),
]  # fmt: skip


def test_there_are_at_least_forty_mistakes():
    assert len({row[0] for row in CAUGHT}) >= 40


def test_every_mistake_that_was_written_down_is_tried():
    written = {
        each
        for module in (wrong, sends, inbound)
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, Right) and each.__module__ == module.__name__
    }
    assert written == {row[0] for row in CAUGHT}


@pytest.mark.parametrize("row", CAUGHT, ids=lambda row: row[0].__name__)
def test_a_mistake_is_caught_by_the_checks_it_belongs_to(row):
    adapter, words, first, *others = row
    found = judge(adapter, Hasty if adapter is wrong.SendsInAThreadOfItsOwn else Suite).failed
    assert {name.removeprefix("test_") for name in found} == {first, *others}
    assert words in found[f"test_{first}"].splitlines()[0]
    for text in found.values():
        assert re.fullmatch(r"[^\n]+\n  why it matters: [^\n]+\n  how to mend it: [^\n]+", text)
        assert not re.search(r"555.?0100|7946|tok-3f9a|whsec", text)


# A check whose failures nobody has seen could be one that cannot fail. The import is tried below, with modules of its own.
def test_every_check_catches_some_mistake():
    caught = {f"test_{name}" for _, _, *names in CAUGHT for name in names}
    assert set(CHECKS) - caught == {"test_importing_its_module_does_nothing"}


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_says_what_must_hold_why_and_how_to_mend_it(name):
    check = CHECKS[name]
    assert check.what.endswith(".")
    assert check.why
    assert check.mend


@pytest.mark.parametrize("row", more.FINDINGS, ids=lambda row: row[0].__name__)
def test_a_finding_is_told_in_its_own_words(row):
    adapter, name, words = row
    found = judge(adapter, only=[f"test_{name}"]).failed
    assert words in found[f"test_{name}"].splitlines()[0]


def test_what_is_no_adapter_at_all_has_none_of_the_members():
    found = judge(lambda _: more.Nothing(), only=["test_it_has_every_member_of_an_adapter"]).failed
    words = "the adapter has no capabilities, no normalise, no preflight, no send"
    assert words in found["test_it_has_every_member_of_an_adapter"]


def test_a_thread_that_hangs_does_not_hang_the_suite():
    name = "test_it_works_in_another_thread_than_it_was_made_in"
    assert "never came back" in judge(more.NeverLetsGo, Hasty, only=[name]).failed[name]


def test_a_send_that_is_done_at_once_need_not_be_cancelled():
    assert judge(more.AwaitsNothing, only=["test_a_send_can_be_cancelled"]).failed == {}


def test_what_is_refused_beforehand_need_not_be_billed():
    assert judge(more.Accepts, only=[f"test_{_SEND[0]}"]).failed == {}


def test_a_webhook_that_is_no_json_is_altered_in_its_bytes_alone():
    def form(provider, adapter):
        return {**fixtures(provider, adapter), "webhooks": (WebhookSample(b"a=1"),)}

    found = judge(Form, only=["test_altered_webhooks_are_refused"], given=form)
    assert found.failed == {}


class Form(Right):
    def receive(self, request):
        self.verify(request)
        return Received()


# --- right adapters


@pytest.mark.parametrize("adapter", [Right, Awaited, OverSocket])
def test_a_right_adapter_passes_every_check(adapter):
    found = judge(adapter)
    assert found.failed == {}
    theirs = {"test_it_works_in_another_thread_than_it_was_made_in", "test_threads_do_not_mix_as_declared"}
    awaited = {"test_sends_that_are_awaited_at_once_do_not_mix", "test_a_send_can_be_cancelled"}
    assert set(found.skipped) == (theirs if adapter is Awaited else awaited)


def test_a_check_is_skipped_where_the_adapter_does_not_declare_what_it_is_about():
    found = judge(lambda _: MemoryChannel("sms"), given=lambda *_: dict.fromkeys(FIXTURES))
    assert found.failed == {}
    assert {"test_looking_up_a_key_tells_what_became_of_it", "test_stale_webhooks_are_refused"} <= set(found.skipped)
    assert "test_the_same_key_is_one_send" in found.passed


class Mail(Suite):
    """For the adapters that ship: they take e-mail addresses."""

    good_addresses = ("Ann.Smith@Example.com", "bob@example.org")
    bad_addresses = ("", "hello", "ann smith@example.com", "ann@nowhere")
    aliases = (("ann@example.com", " ann@EXAMPLE.com"),)
    scenarios = {}


class Anything(Mail):
    """For those that take every kind of address."""

    bad_addresses = ("", "  ")
    aliases = (("ann@example.com", " ann@example.com "),)


def by_function(_):
    sent = {}

    @channel("email", address="email", remembers_keys_for=hours(24))
    def send(request):
        return Accepted(sent.setdefault(request.key, f"mail-{len(sent)}"))

    return send


SHIPPED = [
    (lambda _: MemoryChannel("email"), Mail),
    (lambda _: ConsoleChannel("email", io.StringIO()), Mail),
    (lambda _: ConsoleChannel("email"), Mail),
    (by_function, Mail),
    (lambda _: RecordingChannel("email"), Anything),
    (lambda _: TaskChannel("visit", "email"), Mail),
    (lambda _: TaskChannel("packing", "*"), Anything),
]


@pytest.mark.parametrize(
    ("make", "suite"), SHIPPED, ids=["memory", "console", "terminal", "function", "recording", "tasks", "any tasks"]
)
def test_an_adapter_that_ships_passes(make, suite, capsys):
    found = judge(make, suite, lambda *_: dict.fromkeys(FIXTURES))
    assert found.failed == {}
    assert len(found.passed) >= 30


def test_the_function_channel_is_the_one_that_is_tried():
    assert isinstance(by_function(None), FunctionChannel)


# --- the runner of these tests is no weaker than pytest

IN_PYTEST = """
import pytest
from contract_fakes import {adapter}, Provider, Suite, fixtures

class Test(Suite):
    @pytest.fixture
    def provider(self):
        return Provider()

    @pytest.fixture
    def adapter(self, provider):
        return {adapter}(provider)

def given(name):
    return pytest.fixture(name=name)(lambda self, provider, adapter: fixtures(provider, adapter)[name])

from touchpoint.testing.adapter_contract import FIXTURES
for each in FIXTURES:
    setattr(Test, each, given(each))
"""


def in_pytest(pytester, adapter, module="contract_fakes"):
    source = IN_PYTEST.format(adapter=adapter)
    pytester.makepyfile(test_it=f"from {module} import {adapter}\n" + source.replace(f"import {adapter}, ", "import "))
    return pytester.runpytest("-q", "-p", "no:cacheprovider", "-rA", "-W", "error")


def test_pytest_finds_a_right_adapter_right(pytester):
    in_pytest(pytester, "Right").assert_outcomes(passed=len(CHECKS) - 2, skipped=2)


def test_pytest_finds_in_a_wrong_adapter_what_our_runner_finds(pytester):
    result = in_pytest(pytester, "PutsTheAttemptIntoTheKey", "contract_wrong_sends")
    failed = {re.search(r"::(test_\w+)", line)[1] for line in result.outlines if line.startswith("FAILED")}
    assert failed == set(judge(sends.PutsTheAttemptIntoTheKey).failed)


def test_a_suite_needs_no_more_than_an_adapter_and_its_addresses(pytester):
    pytester.makepyfile("""
        import pytest
        from touchpoint.channels import MemoryChannel
        from touchpoint.testing import AdapterContract

        class TestMemory(AdapterContract):
            good_addresses = ("ann@example.com", "bob@example.com")

            @pytest.fixture
            def adapter(self):
                return MemoryChannel("email")
    """)
    result = pytester.runpytest("-q", "-p", "no:cacheprovider", "-rs", "-W", "error")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= 25
    result.stdout.fnmatch_lines("*the adapter does not declare Capabilities(lookup=*")


def test_a_provider_is_made_for_each_check():
    assert Provider().keys == []
    assert set(fixtures(Provider(), None)) == set(FIXTURES)
