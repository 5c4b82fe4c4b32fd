"""The public names are frozen: whoever adds, renames or takes one away changes these lists, and the changelog."""

import inspect
import re

import pytest

import touchpoint
import touchpoint.lab.audit
from touchpoint import channels, files, insight, lab

LANGUAGE = [
    "Anniversary", "Answered", "Approval", "ApprovalRefused", "Ask", "AsyncEngine", "Best", "Branch", "Budget",
    "BusinessHours", "BusinessTime", "Call", "Candidate", "Cap", "Case", "CaseClosed",
    "CaseEscalated", "CaseMerged", "CaseOpened", "CaseOverdue", "CaseReopened", "CaseType",
    "Clicked", "Clock", "CloseCase", "ConditionError", "ConsentChanged", "ConsentRule", "ConsentRules", "Content",
    "CustomerErased", "DateDue", "DefectiveJourney", "Delivered", "Denied", "Dwelt", "Emit", "Ended", "Engine",
    "Enrol", "Enrolled", "Entered", "Exit", "Exposed", "Failed", "Familiarity", "Figures", "Gift", "Give", "Goal",
    "Hold", "HoldOut",
    "Impact", "InvalidAddress", "InvalidInput", "InvalidTouchpoint", "Joined", "Journey", "JourneyError", "Left",
    "LeftSegment", "LiveRuns", "Message", "MoveTo", "NotYetSupported", "On", "OpenCase", "Opened", "Policy",
    "PreferenceChanged", "Preferences", "Preview", "Problem", "Pull",
    "QuietHours", "React", "ReferralRefused", "Referred",
    "Release", "ReleaseRefused",
    "Replied", "Reply", "Rule", "RunFacts", "SampleRatioMismatch", "Schedule", "SecretNeeded", "Segment", "Send",
    "SendWindow", "Sent", "SetTrait", "Silent", "Spacing", "Split", "Stage", "Stock", "StoreBusy", "StoreClosed",
    "StoreCorrupt", "StoreError", "StoreFull", "StoreReadOnly", "StoreTooNew",
    "Suggested", "Suggestion", "Survey", "SystemClock",
    "Touchpoint", "TouchpointError", "TraitChanged", "UnknownCustomer", "UnknownName", "UnsubscribeRejected",
    "VirtualClock", "VolumeBreaker", "Wait", "WaitFor", "WaitUntil", "Waiver", "WebhookRejected", "Wording",
    "answered",
    "assignment", "calendar_days", "case_open", "clicked", "collected", "consented", "cool_down", "count",
    "customer", "days",
    "delivered", "denied", "event", "ever", "failed", "forever", "hours", "in_segment", "in_stage", "last",
    "minutes", "months", "now", "once", "once_per_stage", "opened", "outcome", "parse", "replied", "result",
    "seconds", "sent", "times", "to_text", "total", "trait", "trigger", "usual", "variant", "weeks", "years",
]  # fmt: skip

CHANNELS = [
    "ADDRESS_KINDS", "ANY_ADDRESS", "MAX_ATTEMPTS", "REMEDIES", "Accepted", "Action", "Adapter", "Address",
    "Ambiguous", "BaseAdapter", "Capabilities", "ConsoleChannel", "Failure", "FailureCode", "FunctionChannel",
    "InvalidAddress", "MemoryChannel", "Outcome", "Preflight", "RecordingChannel", "Refused", "Remedy",
    "RenderedMessage", "SendRequest", "backoff", "channel", "clean_subject", "default_address_kind", "judge",
    "normalise_address", "redact", "AskFirst", "OneClick", "ReplayGuard", "Segments", "Unsubscribe", "UnsubscribeLink",
    "questions",
    "WebhookSecrets", "reply_to", "TaskChannel", "answers", "AsyncAdapter", "Cancels", "Checks", "Closes", "LooksUp",
    "Rate", "Receives", "Scope", "Clicked", "Complained", "OptedOut", "Received", "Receipt", "Replied", "TaskDone",
    "WebhookRequest",
    "AppriseChannel", "SmtpChannel", "SmtpServer", "WebhookChannel",
]  # fmt: skip

AUDIT = ["Audit", "Criterion", "Evidence", "Judged", "ListeningPost", "Place", "audit"]

LAB = ["Finding", "Probe", "Replay", "check", "read_events", "replay"]

FILES = [
    "Difference", "FileProblem", "JourneyFile", "Place", "differences", "read_file", "read_text", "schema",
    "write_text",
]  # fmt: skip

INSIGHT = [
    "BudgetFigures", "CaseFigures", "FeedbackFigures", "Flow", "GrowthFigures", "LoopFigures", "MessageFigures",
    "PhaseFigures", "PlaceFigures", "Report", "ScoreCount", "Spans", "StageFigures", "StockFigures",
    "Adjusted", "Analyser", "Analysis", "Answer", "Ces", "Difference", "FIVE_POINTS", "Figure", "Growth",
    "ConversationFigures", "IntentFigures", "Wait", "conversation_figures",
    "GrowthPeriod", "Interval", "JamesStein", "KeywordAnalyser", "Lexicon", "Nps", "PooledMean", "Ranked",
    "Ranking", "SEVEN_POINTS", "Sample", "Scale", "ScaleCount", "Share", "TEN_POINTS", "Tally", "TextBlobAnalyser",
    "ZERO_TO_TEN", "adjust", "answers_needed", "ces", "compare_means", "compare_shares", "csat", "day_number",
    "growth", "james_stein", "normalise", "nps", "nps_groups", "period_of", "pooled_mean", "proportion",
    "quick_ratio", "rank_means", "rank_shares", "read_answer", "repeat_rate", "rescale", "retention",
    "wald_difference",
]  # fmt: skip

PUBLIC = {touchpoint: LANGUAGE, channels: CHANNELS, lab: LAB, lab.audit: AUDIT, files: FILES, insight: INSIGHT}

NAMES = [(module, name) for module, names in PUBLIC.items() for name in names]


def spoken(value):
    return value.__name__ if inspect.ismodule(value) else str(value)


@pytest.mark.parametrize("module", PUBLIC, ids=spoken)
def test_the_public_names_are_these(module):
    assert sorted(module.__all__) == sorted(PUBLIC[module])


@pytest.mark.parametrize("module", PUBLIC, ids=spoken)
def test_no_public_name_is_listed_twice(module):
    assert len(module.__all__) == len(set(module.__all__))


@pytest.mark.parametrize(("module", "name"), NAMES, ids=spoken)
def test_every_public_name_is_there(module, name):
    assert hasattr(module, name)


# Values without a class of their own are documented where they are defined, which the reference shows.
@pytest.mark.parametrize(("module", "name"), NAMES, ids=spoken)
def test_every_public_class_and_function_has_a_docstring(module, name):
    value = getattr(module, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert (value.__doc__ or "").strip()


@pytest.mark.parametrize(("module", "name"), NAMES, ids=spoken)
def test_every_public_method_of_a_public_class_has_a_docstring(module, name):
    value = getattr(module, name)
    members = vars(value).items() if inspect.isclass(value) else ()
    public = [key for key, each in members if key[0] != "_" and (inspect.isroutine(each) or isinstance(each, property))]
    assert [key for key in public if not inspect.getdoc(getattr(value, key))] == []


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match=re.escape("module 'touchpoint' has no attribute 'Frob'")):
        _ = touchpoint.Frob


@pytest.mark.parametrize("module", PUBLIC, ids=spoken)
def test_dir_shows_the_public_names(module):
    assert set(dir(module)) >= set(module.__all__)
