"""The keys under which occurrences meet the triggers that wait for them."""

import json
from collections.abc import Iterable
from typing import Final

from touchpoint.core.cases import (
    CASE_CLOSED,
    CASE_ESCALATED,
    CASE_MERGED,
    CASE_OPENED,
    CASE_OVERDUE,
    CASE_REOPENED,
    overdue_name,
)
from touchpoint.core.matching import key_of_news, keys_of_message
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.referrals import key_of_referral
from touchpoint.core.segments import JOINED, LEFT
from touchpoint.core.timed import (
    calendar_key,
    silence_name,
)
from touchpoint.durations import length
from touchpoint.journey.calendar_triggers import DateDue, Schedule
from touchpoint.journey.outcomes import MessageTrigger
from touchpoint.journey.rule import Rule
from touchpoint.journey.triggers import (
    Anniversary,
    CaseClosed,
    CaseEscalated,
    CaseMerged,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
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
    Trigger,
)
from touchpoint.model.case import DEADLINES, ESCALATIONS, level_name

Key = tuple[str, str]
"""What indexes triggers: (kind of occurrence, its name)."""
ENROLLED: Final = "enrolled"
_OF_CASE: Final = {CaseClosed: CASE_CLOSED, CaseReopened: CASE_REOPENED, CaseMerged: CASE_MERGED}


def key_of(trigger: Trigger, journey: str, rule: str = "") -> Key:  # noqa: C901, PLR0912 - one branch per class
    """The key under which occurrences that match this trigger arrive.

    An enrolment means one into the rule the trigger stands in.
    """
    match trigger:
        case On():
            key = TOUCHPOINT, trigger.type
        case Entered() | Left():
            key = type(trigger).__name__.lower(), f"{trigger.journey or journey}/{trigger.stage}"
        case Dwelt():
            key = "dwelt", f"{trigger.journey or journey}/{trigger.stage}|{length(trigger.length)}"
        case Joined() | LeftSegment():
            key = JOINED if isinstance(trigger, Joined) else LEFT, f"{trigger.journey or journey}/{trigger.segment}"
        case CaseOpened():
            key = CASE_OPENED, trigger.case
        case CaseClosed() | CaseReopened() | CaseMerged():
            key = _OF_CASE[type(trigger)], trigger.case
        case CaseEscalated():
            key = CASE_ESCALATED, overdue_name(trigger.case, level_name(trigger.level or 1))
        case CaseOverdue():
            key = CASE_OVERDUE, overdue_name(trigger.case, trigger.which or "")
        case Silent():
            key = "silence", silence_name(trigger)
        case Anniversary() | DateDue() | Schedule():
            key = calendar_key(trigger)
        case Exposed():
            key = "exposed", exposure_name(trigger.split, trigger.variant)
        case Referred():
            key = key_of_referral(trigger)
        case Enrolled():
            key = ENROLLED, f"{journey}/{rule}"
        case _:
            key = key_of_news(trigger)
    return key


def keys_of(trigger: Trigger, journey: str, rule: str = "", *, in_run: bool = False) -> tuple[Key, ...]:
    """All keys under which occurrences that match this trigger arrive; see `key_of`.

    Args:
        trigger: whose keys.
        journey: in which it stands.
        rule: likewise, where it stands in one.
        in_run: it stands where a run waits, exits or has its goal, and speaks of that run's own messages.
    """
    if isinstance(trigger, On):
        return ((TOUCHPOINT, trigger.type),)  # as nearly all of them
    if isinstance(trigger, MessageTrigger):
        return keys_of_message(trigger, in_run=in_run)
    if isinstance(trigger, CaseOverdue):
        named = (trigger.which,) if trigger.which is not None else DEADLINES
        return tuple((CASE_OVERDUE, overdue_name(trigger.case, each)) for each in named)
    if isinstance(trigger, CaseEscalated) and trigger.level is None:
        return tuple((CASE_ESCALATED, overdue_name(trigger.case, level_name(each))) for each in ESCALATIONS)
    return (key_of(trigger, journey, rule),)


def keys_to_start(rule: Rule, journey: str) -> tuple[Key, ...]:
    """All keys on which a rule starts; whoever is enrolled starts it, whatever it waits for."""
    keys = [key for each in rule.when for key in keys_of(each, journey, rule.name)]
    return tuple(dict.fromkeys([*keys, (ENROLLED, f"{journey}/{rule.name}")]))


def keys_in_run(given: Iterable[Trigger], journey: str, rule: str) -> frozenset[Key]:
    """All keys of triggers that stand where a run waits, exits or has its goal."""
    found: set[Key] = set()
    for each in given:
        found.update(keys_of(each, journey, rule, in_run=True))
    return frozenset(found)


def exposure_name(split: str, variant: str | None = None) -> str:
    """How an exposure is called: of a split in any variant, or in this one."""
    return split if variant is None else json.dumps([split, variant], ensure_ascii=False)
