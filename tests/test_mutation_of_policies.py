"""Mutation of policies, and of what conditions and triggers are made of: which faults are made."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.relativedelta import MO, relativedelta

from making import journey, message
from touchpoint import (
    Clicked,
    ConsentRule,
    ConsentRules,
    HoldOut,
    LiveRuns,
    Policy,
    QuietHours,
    Rule,
    Send,
    SendWindow,
    Wait,
    days,
    event,
    hours,
    now,
)  # fmt: skip
from touchpoint.journey.conditions import source
from touchpoint.journey.outcomes import Ended
from touchpoint.lab.mutate import mutants
from touchpoint.lab.shifts import conditions, lengths
from touchpoint.rules import ContentRule, ContentRules, PostalAddress

NUDGE = message("nudge", kind="marketing", channels=["sms", "email"])


def of(*rules, **parts):
    return [each.sentence for each in mutants(journey(*rules, **parts))]


def of_policy(*items):
    return of(Rule("r", when="start", then=[Send(NUDGE)]), policy=Policy(*items))


def test_a_number_of_live_runs_is_changed_and_what_becomes_of_one_too_many():
    found = of_policy(LiveRuns(2))
    assert {each for each in found if "live runs" in each} == {
        "at most 2 live runs is 3 instead of 2",
        "at most 2 live runs is 1 instead of 2",
        "at most 2 live runs defers one too many, which it refuses now",
        "at most 2 live runs replaces by one too many, which it refuses now",
    }


def test_a_hold_out_is_left_out():
    assert [each for each in of_policy(HoldOut("quiet", percent=5)) if "quiet" in each] == [
        "the policy leaves out the hold-out quiet of 5 %"
    ]


def test_an_interval_of_several_is_left_out_and_each_of_them_moved():
    found = of_policy(SendWindow(("09:00", "12:00"), ("14:00", "17:00"), unknown_zone="deny"))
    assert {
        "the send window is not open from 09:00 to 12:00",
        "the send window is not open from 14:00 to 17:00",
        "the send window from 09:00 to 12:00 ends at 13:00 instead of 12:00",
        "the send window from 14:00 to 17:00 starts at 15:00 instead of 14:00",
    } <= set(found)


def test_the_only_interval_is_not_left_out():
    assert not [each for each in of_policy(SendWindow(("09:00", "12:00"), unknown_zone="deny")) if "not open" in each]


def test_a_moved_interval_leaves_the_other_one_as_it_is():
    made = journey(
        Rule("r", when="start", then=[Send(NUDGE)]),
        policy=Policy(SendWindow(("09:00", "12:00"), ("14:00", "17:00"), unknown_zone="deny")),
    )
    moved = next(each for each in mutants(made) if "from 14:00 to 17:00 starts at 15:00" in each.sentence)
    assert moved.journey.policy.items[0].intervals == (("09:00", "12:00"), ("15:00", "17:00"))


def test_the_days_on_which_hours_hold_are_left_out():
    found = of_policy(
        QuietHours("21:00", "08:00", unknown_zone="deny", weekdays=["mon"], holidays=[date(2026, 12, 25)])
    )
    assert "the weekdays of the quiet hours from 21:00 to 08:00 are left out" in found
    assert "the holidays of the quiet hours from 21:00 to 08:00 are left out" in found


def test_days_that_are_not_named_cannot_be_left_out():
    found = of_policy(QuietHours("21:00", "08:00", unknown_zone="deny"))
    assert not [each for each in found if "days of the quiet hours" in each]


# S7.2
def test_a_consent_rule_asks_for_more_or_for_less():
    rules = [ConsentRule(needs="grant", kinds=["marketing"]), ConsentRule(needs="no_withdrawal")]
    found = of_policy(ConsentRules(rules))
    assert {each for each in found if "consent" in each} == {
        "the consent rule for marketing asks for no more than that nothing was withdrawn instead of a grant",
        "the consent rule for every kind asks for a grant instead of no more than that nothing was withdrawn",
    }


def test_each_content_rule_is_left_out_but_not_all_of_them():
    rules = [ContentRule(name=name, asks=PostalAddress()) for name in ("here", "there")]
    found = of_policy(ContentRules(rules, unknown_jurisdiction="every"))
    assert {each for each in found if "content" in each} == {
        "the content rule here is left out",
        "the content rule there is left out",
    }


# S4.1
def test_a_burst_is_collected_longer_shorter_or_not_at_all():
    found = of(Rule("r", when="start", collect=hours(2), then=[Send(NUDGE)]))
    assert [each for each in found if "collects" in each or "at once" in each] == [
        "rule r collects for 3 hours instead of 2 hours",
        "rule r collects for 1 hour instead of 2 hours",
        "rule r starts at once, with each trigger",
    ]


# S4.1
def test_a_rule_that_starts_by_one_end_of_a_message_starts_by_any():
    after, other = Ended("nudge", as_="expired"), Rule("r", when="start", then=[Send(NUDGE)])
    found = of(other, Rule("again", when=[after, Clicked("nudge")], then=[Wait(days(1))]))
    assert "rule again is started by nudge ended instead of nudge ended as expired" in found
    assert not [each for each in of(other, Rule("again", when=Ended("nudge"), then=[Wait(days(1))])) if "ended" in each]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (event.day > date.max, {"~(event.day > date(9999, 12, 31))", "event.day >= date(9999, 12, 31)"}),
        (now > datetime(2026, 1, 2, tzinfo=UTC), {
            "~(now > datetime(2026, 1, 2, 0, tzinfo=UTC))", "now >= datetime(2026, 1, 2, 0, tzinfo=UTC)",
            "now > datetime(2026, 1, 3, 0, tzinfo=UTC)",
        }),
        (now - event.at > days(3), {
            "~(now - event.at > days(3))", "now - event.at >= days(3)", "now - event.at > days(4)",
        }),
    ],
)  # fmt: skip
def test_a_constant_is_moved_within_the_calendar(condition, expected):
    assert {source(each.whole) for each in conditions(condition)} == expected


def test_a_weekday_alone_is_no_length_that_could_be_longer():
    assert list(lengths(relativedelta(weekday=MO(1)))) == []


def test_a_length_as_long_as_lengths_can_be_is_only_shortened():
    assert list(lengths(timedelta.max)) == [timedelta.max - timedelta(days=1)]
