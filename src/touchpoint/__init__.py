"""touchpoint: customer journeys in code.

Describe a journey as data, record what customers do, bring your own channels, and ask why anybody did or did not get a
message.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchpoint.clock import Clock, SystemClock, VirtualClock
    from touchpoint.durations import calendar_days, days, forever, hours, minutes, months, seconds, weeks, years
    from touchpoint.engine.aio import AsyncEngine
    from touchpoint.engine.engine import Engine
    from touchpoint.errors import (
        ApprovalRefused,
        ConditionError,
        CustomerErased,
        DefectiveJourney,
        InvalidAddress,
        InvalidInput,
        InvalidTouchpoint,
        JourneyError,
        NotYetSupported,
        Problem,
        ReferralRefused,
        ReleaseRefused,
        SampleRatioMismatch,
        SecretNeeded,
        StoreBusy,
        StoreClosed,
        StoreCorrupt,
        StoreError,
        StoreFull,
        StoreReadOnly,
        StoreTooNew,
        TouchpointError,
        UnknownCustomer,
        UnknownName,
        UnsubscribeRejected,
        WebhookRejected,
    )  # fmt: skip
    from touchpoint.journey.calendar_triggers import DateDue, Schedule, usual
    from touchpoint.journey.changes import ConsentChanged, PreferenceChanged, TraitChanged
    from touchpoint.journey.conditions import (
        answered,
        case_open,
        clicked,
        collected,
        consented,
        count,
        customer,
        delivered,
        denied,
        event,
        ever,
        failed,
        in_segment,
        in_stage,
        last,
        now,
        opened,
        outcome,
        replied,
        result,
        sent,
        total,
        trigger,
        variant,
    )  # fmt: skip
    from touchpoint.journey.familiarity import Familiarity
    from touchpoint.journey.journey import Journey
    from touchpoint.journey.outcomes import Answered, Clicked, Delivered, Denied, Ended, Failed, Opened, Replied, Sent
    from touchpoint.journey.policy import (
        Approval,
        Cap,
        ConsentRule,
        ConsentRules,
        Hold,
        HoldOut,
        LiveRuns,
        Policy,
        Pull,
        Spacing,
    )
    from touchpoint.journey.rule import Goal, Rule
    from touchpoint.journey.segment import Segment
    from touchpoint.journey.stage import Stage
    from touchpoint.journey.steps import (
        Ask,
        Best,
        Branch,
        Call,
        Candidate,
        CloseCase,
        Emit,
        Enrol,
        Exit,
        Give,
        MoveTo,
        OpenCase,
        React,
        Reply,
        Send,
        SetTrait,
        Split,
        Wait,
        WaitFor,
        WaitUntil,
    )  # fmt: skip
    from touchpoint.journey.suggestion import Suggestion
    from touchpoint.journey.text import parse, to_text
    from touchpoint.journey.triggers import (
        Anniversary,
        CaseClosed,
        CaseOpened,
        CaseOverdue,
        Dwelt,
        Enrolled,
        Entered,
        Exposed,
        Joined,
        Left,
        LeftSegment,
        On,
        Referred,
        Silent,
    )  # fmt: skip
    from touchpoint.journey.waiver import Waiver
    from touchpoint.journey.windows import QuietHours, SendWindow
    from touchpoint.journey.wording import Wording
    from touchpoint.model.budget import Budget, Stock
    from touchpoint.model.case import Case, CaseType
    from touchpoint.model.experiment import assignment
    from touchpoint.model.figures import Figures
    from touchpoint.model.limits import cool_down, once, once_per_stage, times
    from touchpoint.model.message import Content, Gift, Message, Survey
    from touchpoint.model.preference import Preferences
    from touchpoint.model.release import Impact, Preview, Release, RunFacts
    from touchpoint.model.suggested import Suggested
    from touchpoint.model.touchpoint import Touchpoint
    from touchpoint.model.trait import trait
    from touchpoint.model.volume import VolumeBreaker

__all__ = [
    "Anniversary", "Answered", "Approval", "ApprovalRefused", "Ask", "AsyncEngine", "Best", "Branch", "Budget", "Call",
    "Candidate", "Cap", "Case", "CaseClosed", "CaseOpened",
    "CaseOverdue", "CaseType",
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

_FROM = {
    "clock": ("Clock", "SystemClock", "VirtualClock"),
    "durations": ("calendar_days", "days", "forever", "hours", "minutes", "months", "seconds", "weeks", "years"),
    "errors": (
        "ApprovalRefused",
        "ConditionError",
        "CustomerErased",
        "DefectiveJourney",
        "InvalidAddress",
        "InvalidInput",
        "InvalidTouchpoint",
        "JourneyError",
        "NotYetSupported",
        "Problem",
        "ReferralRefused",
        "ReleaseRefused",
        "SampleRatioMismatch",
        "SecretNeeded",
        "StoreBusy",
        "StoreClosed",
        "StoreCorrupt",
        "StoreError",
        "StoreFull",
        "StoreReadOnly",
        "StoreTooNew",
        "TouchpointError",
        "UnknownCustomer",
        "UnknownName",
        "UnsubscribeRejected",
        "WebhookRejected",
    ),
    "journey.calendar_triggers": ("DateDue", "Schedule", "usual"),
    "journey.changes": ("ConsentChanged", "PreferenceChanged", "TraitChanged"),
    "journey.conditions": (
        "answered",
        "case_open",
        "clicked",
        "collected",
        "consented",
        "count",
        "customer",
        "delivered",
        "denied",
        "event",
        "ever",
        "failed",
        "in_segment",
        "in_stage",
        "last",
        "now",
        "opened",
        "outcome",
        "replied",
        "result",
        "sent",
        "total",
        "trigger",
        "variant",
    ),
    "journey.familiarity": ("Familiarity",),
    "journey.journey": ("Journey",),
    "journey.outcomes": ("Answered", "Clicked", "Delivered", "Denied", "Ended", "Failed", "Opened", "Replied", "Sent"),
    "journey.policy": (
        "Approval",
        "Cap",
        "ConsentRule",
        "ConsentRules",
        "Hold",
        "HoldOut",
        "LiveRuns",
        "Policy",
        "Pull",
        "Spacing",
    ),
    "journey.rule": ("Goal", "Rule"),
    "journey.segment": ("Segment",),
    "journey.stage": ("Stage",),
    "journey.suggestion": ("Suggestion",),
    "journey.steps": (
        "Ask",
        "Best",
        "Branch",
        "Call",
        "Candidate",
        "CloseCase",
        "Emit",
        "Enrol",
        "Exit",
        "Give",
        "MoveTo",
        "OpenCase",
        "React",
        "Reply",
        "Send",
        "SetTrait",
        "Split",
        "Wait",
        "WaitFor",
        "WaitUntil",
    ),
    "journey.text": ("parse", "to_text"),
    "journey.triggers": (
        "Anniversary",
        "CaseClosed",
        "CaseOpened",
        "CaseOverdue",
        "Dwelt",
        "Enrolled",
        "Entered",
        "Exposed",
        "Joined",
        "Left",
        "LeftSegment",
        "On",
        "Referred",
        "Silent",
    ),
    "journey.waiver": ("Waiver",),
    "journey.windows": ("QuietHours", "SendWindow"),
    "model.budget": ("Budget", "Stock"),
    "journey.wording": ("Wording",),
    "model.case": ("Case", "CaseType"),
    "model.experiment": ("assignment",),
    "model.figures": ("Figures",),
    "model.limits": ("cool_down", "once", "once_per_stage", "times"),
    "model.message": ("Content", "Gift", "Message", "Survey"),
    "model.preference": ("Preferences",),
    "model.release": ("Impact", "Preview", "Release", "RunFacts"),
    "model.suggested": ("Suggested",),
    "model.touchpoint": ("Touchpoint",),
    "model.trait": ("trait",),
    "model.volume": ("VolumeBreaker",),
    "engine.aio": ("AsyncEngine",),
    "engine.engine": ("Engine",),
}
_WHERE = {name: f"{__name__}.{module}" for module, names in _FROM.items() for name in names}


def __getattr__(name: str) -> object:
    """Each name is loaded when it is first used, so that whoever only looks for plugins, say, pays next to nothing."""
    if name in _WHERE:
        found = getattr(import_module(_WHERE[name]), name)
        globals()[name] = found
        return found
    message = f"module 'touchpoint' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
