"""Journey coverage: what there is to be covered, what is counted as seen, and how it is reported."""

import json
import runpy
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import MARK, START, Scripted, engine_of, journey, message, pass_time, sending, started, waiting
from touchpoint import (
    Branch,
    Cap,
    CaseClosed,
    CaseEscalated,
    CaseOverdue,
    CaseReopened,
    CaseType,
    Content,
    Emit,
    Exit,
    Goal,
    Hold,
    Journey,
    Message,
    MoveTo,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Send,
    Spacing,
    Stage,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    customer,
    days,
    ever,
    forever,
    hours,
    minutes,
    once,
    seconds,
    times,
)  # fmt: skip
from touchpoint.errors import InvalidInput
from touchpoint.journey.validate import check_together
from touchpoint.lab.coverage import Coverage, Element
from touchpoint.lab.coverage_report import html, shown, term
from touchpoint.lab.events import read_events
from touchpoint.lab.replay import replay
from touchpoint.model.delivery import Accepted, Ambiguous, FailureCode, Refused
from touchpoint.testing import covering

EXAMPLES = Path(__file__).parent.parent / "examples"
NY = ZoneInfo("America/New_York")
support = CaseType("support")


def note(name, kind, *channels, **more):
    return Message(name, why=f"test {name}", kind=kind, channels=list(channels), content=Content(text=name), **more)


onboarding = Journey(
    "welcome",
    cases=[support],
    stages=[Stage("trying", phase="engage", when="signed_up"), Stage("customer", phase="delight", when="first_order")],
    rules=[Rule("onboard", when="signed_up", limit=times(1, per=days(30)), then=[
        Send(note("hello", "service", "email")),
        WaitFor("first_order", timeout=days(3), otherwise=[
            Send(note("nudge", "marketing", "sms", "email"), still=~ever("first_order")),
            WaitFor("first_order", timeout=days(7), otherwise=[Exit("lost")]),
        ]),
        Branch(customer.vip, then=[Send(note("thanks", "gift", "post"))]),
        Wait(days(5)),
        Send(note("how_was_it", "feedback", "email")),
    ])],
    policy=Policy(
        QuietHours("21:00", "08:00", unknown_zone="deny", kinds=["marketing"]),
        Cap(1, per=hours(24), kinds=["marketing"]),
        Hold(while_open=[support], kinds=["marketing"]),
    ),
)  # fmt: skip
FIRST = "welcome/rules/onboard/steps/waitfor:first_order"
SECOND = f"{FIRST}/otherwise/waitfor:first_order#2"
GATE = "welcome/messages/nudge/gate"


def welcomed(at=datetime(2026, 3, 4, 18, tzinfo=NY), zone="America/New_York", **options):
    """An engine with the onboarding journey, and Ann, who may be written to."""
    channels = options.pop("channels", ["email", "sms", "post"])
    engine = engine_of(journeys=[onboarding], people=(), channels=channels, clock=VirtualClock(at), **options)
    addresses = {"email": "a@example.com", "phone": "+15550100", "postal": "1 Main St"}
    engine.identify("ann", addresses=addresses, timezone=zone)
    for kind, channel in (("marketing", "sms"), ("marketing", "email"), ("feedback", "email"), ("gift", "post")):
        engine.grant("ann", kind, channel=channel)
    return engine


def do(engine, *types, customer="ann"):
    for each in types:
        engine.record(customer, each)
        pass_time(engine)


def covered(engine, policy=None):
    """The coverage of an engine's own journeys."""
    found = Coverage.of(engine.journeys, policy)
    found.collect(engine)
    return found


def seen(engine, policy=None):
    """Ids of what an engine's customers lived through."""
    return set(covered(engine, policy).hits)


def lived(*rules, acts=("start",), then=timedelta(0), **parts):
    """Ids of what Ann lived through in a journey of these rules."""
    engine = engine_of(*rules, **parts)
    do(engine, *acts)
    pass_time(engine, then)
    return seen(engine)


# What there is to be covered.


def test_everything_that_a_journey_offers_is_listed_once():
    listed = Coverage.of([onboarding])
    assert len({each.id for each in listed.elements.values()}) == len(listed.elements)
    assert (listed.percent, listed.covered) == (0.0, [])


def test_an_empty_coverage_is_whole():
    assert (Coverage().percent, Coverage().missing) == (100.0, [])


@pytest.mark.parametrize(
    "name",
    [
        "welcome/stages/trying/entered", "welcome/stages/trying/left", "welcome/stages/trying/to customer",
        "welcome/rules/onboard/refused/limit", "welcome/rules/onboard/refused/live", f"{FIRST}/then/taken",
        f"{SECOND}/otherwise/exit/reached", "welcome/rules/onboard/steps/branch/otherwise/taken",
        "welcome/messages/thanks/channels/post/ambiguous", f"{GATE}/quiet hours 21:00-08:00/deny",
        f"{GATE}/cap of 1 per 1 day (marketing)/decides", f"{GATE}/hold while a case is open (support)/defer",
        f"{GATE}/still wanted/deny", f"{FIRST}/its end/exactly at",
    ],
)  # fmt: skip
def test_an_element_has_a_stable_id(name):
    assert name in Coverage.of([onboarding]).elements


@pytest.mark.parametrize(
    "name",
    [
        "welcome/rules/onboard/refused/given",  # no condition
        "welcome/messages/hello/gate/quiet hours 21:00-08:00/defer",  # for marketing only
        "welcome/messages/hello/gate/still wanted/deny",  # no still=
        "welcome/rules/onboard/goal",
    ],
)
def test_what_is_not_declared_is_not_listed(name):
    assert name not in Coverage.of([onboarding]).elements


# S3.1
def test_only_transitions_that_after_permits_are_listed():
    first = Stage("new", phase="attract", when="sign_up")
    second = Stage("active", phase="engage", when="order", after="new", reenter=True)
    listed = Coverage.of([Journey("one", stages=[first, second])]).elements
    found = {name for name, each in listed.items() if each.kind == "transition"}
    assert found == {"one/stages/new/as the first", "one/stages/new/to active", "one/stages/active/to new"}


def test_a_wait_that_lasts_for_ever_has_no_timeout_arm():
    listed = Coverage.of([journey(waiting(WaitFor("go", timeout=forever)))]).elements
    assert "one/rules/waiting/steps/waitfor:go/then/taken" in listed
    assert "one/rules/waiting/steps/waitfor:go/otherwise/taken" not in listed


def test_a_rule_that_never_waits_cannot_be_refused_for_a_live_run():
    assert "one/rules/marking/refused/live" not in Coverage.of([journey(started("start"))]).elements


def test_the_policy_of_the_house_is_covered_too():
    house = Policy(Spacing(hours(4)))
    assert "one/messages/hello/gate/spacing of 4 hours/defer" in Coverage.of([journey(sending())], house).elements


def test_names_with_slashes_stay_apart():
    one, other = Element("a", ("b/c",), "step", ""), Element("a", ("b", "c"), "step", "")
    assert one.id != other.id


# Stages and rules.


# S3.2
def test_stages_are_entered_and_left():
    engine = welcomed()
    do(engine, "signed_up", "first_order")
    found = {each for each in seen(engine) if each.startswith("welcome/stages")}
    assert found == {
        "welcome/stages/trying/entered", "welcome/stages/trying/as the first", "welcome/stages/trying/left",
        "welcome/stages/trying/to customer", "welcome/stages/customer/entered",
    }  # fmt: skip


# S4.4
def test_a_rule_is_refused_by_condition_limit_and_live_run():
    found = lived(
        started("start", name="conditional", given=customer.vip),
        started("start", name="limited", limit=once()),
        waiting(Wait(days(1))),
        acts=("start", "start"),
    )
    refused = {each.removeprefix("one/rules/") for each in found if "/refused/" in each}
    assert refused == {"conditional/refused/given", "limited/refused/limit", "waiting/refused/live"}


# S4.4
def test_a_restart_is_seen():
    assert "one/rules/waiting/restarted" in lived(
        waiting(Wait(days(1)), concurrency="restart"), acts=("start", "start")
    )


# S5.3
def test_an_exit_is_told_by_its_trigger():
    rule = waiting(Wait(days(1)), exit=["stop", "quit", CaseClosed("support"), customer.gone])
    found = lived(rule, acts=("start", "quit"), parts={"cases": [support]})
    exits = {each for each in found if "/exits/" in each}
    assert exits == {"one/rules/waiting/exits/quit"}


# S8.2
def test_a_missed_deadline_is_told_from_the_other():
    case = CaseType("support", respond_within=hours(1), resolve_within=days(1))
    rule = waiting(Wait(days(9)), exit=[CaseOverdue(case, "resolution"), CaseOverdue(case, "response")])
    opens = Rule("opens", when="start", then=[OpenCase(case, ref="#1")])
    found = lived(opens, rule, parts={"cases": [case]}, then=days(2))
    assert {each for each in found if "/exits/" in each} == {"one/rules/waiting/exits/case support overdue (response)"}


# S8.2
def test_a_level_of_escalation_is_told_from_the_other():
    case = CaseType("support", escalate=[hours(1), days(1)])
    rule = waiting(Wait(days(9)), exit=[CaseEscalated(case, 2), CaseEscalated(case, 1), CaseReopened(case)])
    opens = Rule("opens", when="start", then=[OpenCase(case, ref="#1")])
    found = lived(opens, rule, parts={"cases": [case]}, then=days(2))
    assert {each for each in found if "/exits/" in each} == {
        "one/rules/waiting/exits/case support escalated to level 1"
    }  # fmt: skip


# S5.3
def test_an_exit_by_a_condition_is_not_taken_for_one_by_a_trigger():
    found = lived(waiting(Wait(days(1)), exit=["stop", ever("quit")]), acts=("start", "quit"))
    assert {each for each in found if "/exits/" in each} == {"one/rules/waiting/exits/a condition"}


# S5.3
def test_a_goal_is_reached():
    assert "one/rules/waiting/goal" in lived(waiting(Wait(days(1)), goal=Goal("won")), acts=("start", "won"))


# Steps and arms.


def arms(found, rule="waiting"):
    """What was taken and reached of a rule, shortly."""
    at = f"one/rules/{rule}/steps/"
    return {each.removeprefix(at) for each in found if each.startswith(at) and each.endswith(("/taken", "/reached"))}


FOR_GO = WaitFor("go", timeout=days(1), then=[MARK], otherwise=[Exit("too late")])


# S5.2
def test_a_wait_ended_by_its_event_takes_the_event_arm():
    assert arms(lived(waiting(FOR_GO), acts=("start", "go"))) == {
        "waitfor:go/reached", "waitfor:go/then/taken", "waitfor:go/then/emit:mark/reached", "emit:mark#2/reached",
    }  # fmt: skip


# S5.2
def test_a_wait_ended_by_its_timeout_takes_the_timeout_arm():
    assert arms(lived(waiting(FOR_GO), then=days(1))) == {
        "waitfor:go/reached", "waitfor:go/otherwise/taken", "waitfor:go/otherwise/exit/reached",
    }  # fmt: skip


def test_a_run_that_still_waits_has_reached_its_wait_and_no_arm():
    assert arms(lived(waiting(FOR_GO))) == {"waitfor:go/reached"}


# S5.3
def test_a_run_ended_by_its_goal_has_taken_no_arm():
    found = lived(waiting(FOR_GO, goal=Goal("won")), acts=("start", "won"))
    assert arms(found) == {"waitfor:go/reached"}


# S5.3
def test_where_the_records_leave_two_waits_open_neither_later_one_counts():
    rule = waiting(WaitFor("go", timeout=days(2)), WaitFor("more", timeout=days(2)), goal=Goal("won"))
    assert arms(lived(rule, acts=("start", "go", "won"))) == {"waitfor:go/reached"}


# S5.2
def test_a_condition_that_comes_true_takes_its_arm():
    found = lived(waiting(WaitUntil(ever("go"), timeout=days(1))), acts=("start", "go"))
    assert "waituntil/then/taken" in arms(found)
    assert "waituntil/otherwise/taken" not in arms(found)


# S4.6
def test_both_arms_of_a_branch_are_told_apart():
    found = arms(lived(waiting(Branch(customer.vip, then=[Emit("yes")], otherwise=[Emit("no")]))))
    assert found == {
        "branch/reached", "branch/otherwise/taken", "branch/otherwise/emit:no/reached", "emit:mark/reached"
    }  # fmt: skip


def test_a_wait_that_has_passed_counts_and_one_that_has_not_does_not():
    rule = waiting(Wait(hours(1)), Wait(days(9)))
    assert arms(lived(rule, then=hours(2))) == {"wait/reached", "wait/then/taken", "wait#2/reached"}


# S5
def test_a_wait_without_a_date_is_left_by_its_own_exit():
    assert arms(lived(waiting(Wait(until=customer.renewal)))) == {"wait/reached", "wait/no date/taken"}


# S5.1
def test_a_message_that_was_not_sent_takes_the_otherwise_arm():
    rule = waiting(Send(message(kind="marketing"), otherwise=[Emit("missed")]))
    found = arms(lived(rule))
    assert {"send:hello/otherwise/taken", "send:hello/otherwise/emit:missed/reached"} <= found


def test_the_same_step_twice_is_two_elements():
    rule = waiting(Wait(hours(1)), Wait(hours(1)))
    assert {"wait/then/taken", "wait#2/then/taken"} <= arms(lived(rule, then=hours(2)))


# S4.4
def test_runs_side_by_side_do_not_lend_each_other_their_arms():
    rule = Rule("waiting", when="start", key="order", then=[FOR_GO])
    engine = engine_of(rule)
    for each in ("a", "b"):
        engine.record("ann", "start", {"order": each})
    engine.record("ann", "go", {"order": "a"})
    pass_time(engine, days(2))
    assert {"waitfor:go/then/taken", "waitfor:go/otherwise/taken"} <= arms(seen(engine))


# S3.2
def test_a_stage_moved_to_by_a_step_is_entered():
    stages = [Stage("best", phase="delight")]
    found = lived(waiting(MoveTo("best")), parts={"stages": stages})
    assert {"one/stages/best/entered", "one/rules/waiting/steps/moveto:best/reached"} <= found


# S11.5
@given(st.lists(st.sampled_from(["start", "go", "won", "stop"]), max_size=8), st.integers(0, 50))
def test_what_was_reached_hangs_together(acts, passed):
    """A step is only reached by way of the arm it stands in, and an arm only taken of a step that was reached."""
    rule = waiting(FOR_GO, Wait(hours(3)), goal=Goal("won"), exit="stop", concurrency="restart")
    engine = engine_of(rule)
    for each in acts:
        engine.record("ann", each)
        pass_time(engine, hours(passed))
    found = arms(seen(engine))
    for each in found:
        step, _, arm = each.removesuffix("/taken").removesuffix("/reached").rpartition("/")
        if each.endswith("/taken"):
            assert f"{step}/reached" in found
        elif step:
            assert f"{step}/taken" in found, arm


TELLING = [
    WaitFor("go", timeout=days(1), then=[Emit("went")], otherwise=[Emit("waited")]),
    WaitUntil(ever("more"), timeout=days(1), then=[Emit("saw")], otherwise=[Emit("saw_not")]),
    Branch(ever("won"), then=[Emit("had_won")], otherwise=[Emit("had_not"), Wait(hours(5))]),
    Emit("last"),
]
"""Steps that leave a mark on the timeline wherever a run comes by."""
STORY = st.lists(
    st.tuples(st.sampled_from(["start", "go", "more", "won", "stop"]), st.sampled_from("ab"), st.integers(0, 30)),
    max_size=10,
)


def told(story, **parts):
    """What coverage says was reached of the marks, what was left on the timeline, and how the runs ended."""
    engine = engine_of(Rule("telling", when="start", then=TELLING, exit="stop", **parts))
    for act, key, passed in story:
        engine.record("ann", act, {"order": key})
        pass_time(engine, hours(passed))
    marked = {each.split("/")[-2].removeprefix("emit:") for each in seen(engine) if "/emit:" in each}
    view = engine.customer("ann")
    left = {each.type for each in view.timeline() if each.direction == "internal"}
    return marked, left, [each.reason for each in view.runs]


# S4.4
@given(STORY, st.sampled_from(["ignore", "restart", "parallel"]), st.sampled_from([None, "order"]))
def test_nothing_counts_as_reached_that_was_not(story, concurrency, key):
    marked, left, _ = told(story, concurrency=concurrency, key=key)
    assert marked <= left


@given(STORY)
def test_what_a_run_did_counts_as_reached_unless_something_cut_it_short(story):
    marked, left, ended = told(story)
    if all(each in ("done", None) for each in ended):
        assert marked == left


def test_too_many_ways_through_a_rule_leave_it_at_what_is_certain():
    steps = [WaitFor("go", timeout=days(1)) for _ in range(12)]
    engine = engine_of(Rule("waiting", when="start", key="order", then=[*steps, MARK], goal=Goal("won")))
    for each in "abc":
        engine.record("ann", "start", {"order": each})
        pass_time(engine, hours(9))
    pass_time(engine, days(6))
    do(engine, "go", "won")
    assert "one/rules/waiting/started" in seen(engine)
    assert "emit:mark/reached" not in arms(seen(engine))


# Messages and the gate.


def gate(found, check, name="nudge"):
    """What the gate was seen to answer for a check."""
    at = f"welcome/messages/{name}/gate/{check}/"
    return {each.removeprefix(at) for each in found if each.startswith(at)}


QUIET, CAP, HOLD = "quiet hours 21:00-08:00", "cap of 1 per 1 day (marketing)", "hold while a case is open (support)"


# S6.5
def test_a_message_that_goes_out_was_allowed_by_all_that_binds_it():
    engine = welcomed()
    do(engine, "signed_up")
    pass_time(engine, days(3))
    found = seen(engine)
    assert "welcome/messages/nudge/channels/sms/accepted" in found
    for check in (QUIET, CAP, HOLD, "consent", "address", "expiry", "still wanted"):
        assert gate(found, check) == {"allow"}


# S6.5
def test_quiet_hours_that_hold_a_message_deferred_it_and_decided():
    engine = welcomed(datetime(2026, 3, 4, 22, 30, tzinfo=NY))
    do(engine, "signed_up")
    pass_time(engine, days(4))
    assert gate(seen(engine), QUIET) == {"allow", "defer", "decides"}


# S2.3
def test_an_unknown_zone_is_denied_by_the_quiet_hours():
    engine = welcomed(zone=None)
    do(engine, "signed_up")
    pass_time(engine, days(4))
    assert gate(seen(engine), QUIET) == {"deny", "decides"}


# S6.10
def test_an_open_case_is_a_defer_of_the_hold_alone():
    engine = welcomed()
    do(engine, "signed_up")
    engine.open_case("ann", "support", ref="1")
    pass_time(engine, days(4))
    found = seen(engine)
    assert gate(found, HOLD) == {"defer", "decides"}
    assert gate(found, CAP) == {"allow"}


# S5.1
def test_an_order_in_the_night_withdraws_the_nudge():
    engine = welcomed(datetime(2026, 3, 4, 22, 30, tzinfo=NY))
    do(engine, "signed_up")
    pass_time(engine, days(3) + hours(1))
    do(engine, "first_order")
    pass_time(engine, days(1))
    found = seen(engine)
    assert {"deny", "decides"} <= gate(found, "still wanted")
    assert "welcome/messages/nudge/ended/withdrawn" in found


# S6.5
def test_a_channel_without_consent_moves_on_and_counts_for_the_consent():
    engine = welcomed()
    engine.withdraw("ann", "marketing", channel="sms")
    do(engine, "signed_up")
    pass_time(engine, days(4))
    found = seen(engine)
    assert gate(found, "consent") == {"deny", "decides", "allow"}
    assert "welcome/messages/nudge/channels/email/accepted" in found


# S6.6
def test_a_full_cap_defers():
    house = Policy(Cap(1, per=hours(24)))
    engine = engine_of(sending("one"), sending("two"), policy=house)
    do(engine, "start")
    pass_time(engine, days(2))
    found = {each for each in seen(engine, house) if "/cap of 1 per 1 day/" in each}
    assert {
        "one/messages/two/gate/cap of 1 per 1 day/defer", "one/messages/two/gate/cap of 1 per 1 day/decides",
        "one/policy/cap of 1 per 1 day/frees/exactly at",
    } <= found  # fmt: skip


# S6.10
def test_a_cool_off_is_told_from_an_open_case():
    house = Policy(Hold(while_open=[support], cool_off=days(2)))
    engine = engine_of(sending(), parts={"cases": [support]}, policy=house)
    engine.open_case("ann", "support", ref="1")
    engine.close_case("ann", "support", ref="1")
    do(engine, "start")
    at = "one/messages/hello/gate/hold while a case is open (support)/"
    found = {each.removeprefix(at) for each in seen(engine, house) if each.startswith(at)}
    assert found == {"cool-off", "decides"}


# S6.8
@pytest.mark.parametrize(
    ("outcome", "name", "end"),
    [
        (Accepted(), "accepted", "sent"),
        (Refused(FailureCode.ADDRESS_INVALID), "refused", "ended/failed"),
        (Ambiguous("lost"), "ambiguous", "ended/unknown"),
    ],
)
def test_what_a_channel_did_is_counted_for_the_message(outcome, name, end):
    engine = engine_of(sending(), channels=[Scripted(act=lambda _: outcome)])
    do(engine, "start")
    found = seen(engine)
    channels = {each for each in found if "/channels/" in each}
    assert channels == {f"one/messages/hello/channels/email/{name}"}
    assert f"one/messages/hello/{end}" in found


def test_what_is_rare_is_shown_but_never_missed():
    listed = Coverage.of([onboarding])
    assert listed.elements["welcome/messages/nudge/ended/denied"].optional
    assert "welcome/messages/nudge/ended/denied" not in {each.id for each in listed.missing}


# Boundaries.


# S2.5
@pytest.mark.parametrize(
    ("off", "near"), [(-seconds(60), "just before"), (timedelta(0), "exactly at"), (seconds(60), "just after")]
)
def test_what_comes_near_the_end_of_a_wait_is_told_by_its_side(off, near):
    engine = engine_of(waiting(FOR_GO))
    do(engine, "start")
    pass_time(engine, days(1) + off - timedelta(microseconds=1))
    engine.clock.until(START + days(1) + off)
    do(engine, "go")
    found = {each for each in seen(engine) if "/its end/" in each}
    assert found == {f"one/rules/waiting/steps/waitfor:go/its end/{near}"}


def test_what_comes_more_than_a_minute_away_from_the_end_of_a_wait_is_not_near_it():
    found = lived(waiting(FOR_GO), acts=("start", "go"), then=days(2))
    assert not [each for each in found if "/its end/" in each]


# S2.4
@pytest.mark.parametrize(
    ("clock", "edge"),
    [
        ((20, 59), "closes/just before"), ((21, 0), "closes/exactly at"), ((21, 1), "closes/just after"),
        ((7, 59), "opens/just before"), ((8, 0), "opens/exactly at"), ((8, 1), "opens/just after"),
    ],
)  # fmt: skip
def test_a_message_asked_for_near_the_edge_of_a_window_is_told_by_its_side(clock, edge):
    policy = Policy(QuietHours("21:00", "08:00", unknown_zone="UTC"))
    engine = engine_of(sending(), policy=policy, clock=VirtualClock(datetime(2026, 3, 2, *clock, tzinfo=UTC)))
    do(engine, "start")
    assert f"one/policy/quiet hours 21:00-08:00/{edge}" in seen(engine, policy)


# S6.6
def test_a_message_asked_for_just_before_a_cap_frees_is_told():
    policy = Policy(Cap(1, per=hours(1)))
    engine = engine_of(sending(), policy=policy)
    do(engine, "start")
    pass_time(engine, minutes(59) + seconds(30))
    do(engine, "start")
    found = {each for each in seen(engine, policy) if "/frees/" in each}
    assert found == {"one/policy/cap of 1 per 1 hour/frees/just before"}


# Collecting and merging.


def test_collecting_changes_nothing_in_the_store():
    engine = welcomed()
    do(engine, "signed_up")
    before = (engine.customer("ann"), engine.next_due())
    covered(engine)
    assert (engine.customer("ann"), engine.next_due()) == before


def test_what_two_worlds_saw_adds_up():
    one, other = welcomed(), welcomed()
    do(one, "signed_up")
    pass_time(one, days(11))
    do(other, "signed_up", "first_order")
    merged, both = covered(one), covered(other)
    apart = set(merged.hits) | set(both.hits)
    merged.merge(both)
    assert set(merged.hits) == apart
    assert merged.hits[f"{FIRST}/reached"] == 2
    assert {f"{FIRST}/then/taken", f"{FIRST}/otherwise/taken", f"{SECOND}/otherwise/exit/reached"} <= apart


def test_an_empty_coverage_takes_over_what_is_merged_into_it():
    engine, total = welcomed(), Coverage()
    do(engine, "signed_up")
    total.merge(covered(engine))
    assert total.to_json() == covered(engine).to_json()


def test_json_brings_everything_back():
    engine = welcomed()
    do(engine, "signed_up")
    found = covered(engine)
    again = Coverage.from_json(found.to_json())
    assert (again.elements, again.hits, again.percent) == (found.elements, found.hits, found.percent)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "another"}', '{"format": "touchpoint coverage 1"}'])
def test_what_is_no_coverage_is_refused(text):
    with pytest.raises(InvalidInput):
        Coverage.from_json(text)


def test_what_was_read_back_cannot_be_collected_into():
    with pytest.raises(InvalidInput, match=r"Coverage\.of"):
        Coverage.from_json(Coverage().to_json()).collect(welcomed())


def test_a_store_with_other_journeys_adds_nothing():
    engine = engine_of(sending())
    do(engine, "start")
    other = Coverage.of([onboarding])
    other.collect(engine)
    assert not other.hits


# The example.


@pytest.fixture(scope="module")
def club():
    program = runpy.run_path(str(EXAMPLES / "coffee_club.py"), run_name="an_example")
    check_together([program["club"]])
    played = replay([program["club"]], read_events(EXAMPLES / program["EVENTS"]), grant=program["GRANT"])
    found = Coverage.of([program["club"]])
    found.collect_store(played._store)
    return found


def test_the_example_lives_through_every_step_and_arm_of_its_journey(club):
    assert not [each for each in club.missing if each.kind in ("step", "arm", "stage", "exit", "message")]
    assert 50 < club.percent < 60


# Reports.


def test_the_terminal_gets_a_line_for_each_journey_and_a_sentence_for_each_gap():
    engine = welcomed()
    do(engine, "signed_up", "first_order")
    found = covered(engine)
    first, *sentences = term(found).splitlines()
    listed = len(found.covered) + len(found.missing)
    assert first.startswith(f"welcome: {shown(found.percent)} of {listed} (stages 3/4, transitions 2/4")
    assert "  - the timeout arm of waitfor:first_order in onboard was never taken" in sentences
    assert len(sentences) == len(found.missing)


def test_a_long_list_says_how_much_of_it_is_left_out():
    found = Coverage.of([onboarding])
    *_, last = term(found, most=3).splitlines()
    assert last == f"  … and {len(found.missing) - 3} more"


def test_several_journeys_are_summed_up():
    found = Coverage.of([onboarding, journey(started("start"))])
    assert term(found).splitlines()[-1] == f"all journeys: 0.0 % of {len(found.missing)}"


@pytest.mark.parametrize(("percent", "words"), [(100.0, "100.0 %"), (99.99, "99.9 %"), (0.0, "0.0 %")])
def test_only_what_is_whole_is_called_a_hundred(percent, words):
    assert shown(percent) == words


class Page(HTMLParser):
    """Notes the tags of a page, and whether each of them was closed in its place."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(club):
    page = Page(html(club))
    assert (page.open, page.links) == ([], [])
    assert not {"script", "link", "img"} & set(page.tags)


def test_the_page_marks_what_was_never_seen_by_sign_and_words():
    engine = welcomed()
    do(engine, "signed_up", "first_order")
    text = html(covered(engine))
    assert "✗ taken" in text
    assert "never: the timeout arm of waitfor:first_order in onboard was never taken" in text
    assert "✓ entered" in text


def test_the_page_escapes_names():
    text = html(Coverage.of([Journey("<b>&", rules=[Rule('<i>"', when="start", then=[MARK])])]))
    assert "<b>&" not in text
    assert "<i>" not in text
    assert "&lt;b&gt;&amp;" in text


# The pytest side.


class Config:
    """What of pytest's configuration the functions look at."""

    def __init__(self, directory=Path(), **options):
        self.stash, self.options = pytest.Stash(), options
        self.invocation_params = SimpleNamespace(dir=directory)

    def getoption(self, name, default=None):
        return self.options.get(name, default)


class Terminal:
    """A terminal that keeps what is written to it."""

    def __init__(self):
        self.lines = []

    def section(self, title):
        self.lines.append(title)

    def line(self, text, **_):
        self.lines += text.splitlines()


def run(config, *engines):
    """A pytest run with a world around each of these engines; what its terminal shows, and whether it failed."""
    covering.start(config)
    for each in engines:
        covering.collect(config, SimpleNamespace(engine=each))
    terminal = Terminal()
    covering.finish(terminal, config)
    return terminal.lines, covering.failed(config)


@pytest.fixture
def signed_up():
    engine = welcomed()
    do(engine, "signed_up")
    return engine


def test_nothing_is_collected_unless_it_is_asked_for(signed_up):
    config = Config(touchpoint_cov=False, touchpoint_cov_report=[], touchpoint_cov_fail_under=None)
    assert run(config, signed_up) == ([], False)
    assert not covering.collecting(config)


def test_the_terminal_is_reported_to_unless_told_otherwise(signed_up):
    lines, failed = run(Config(touchpoint_cov=True, touchpoint_cov_report=[]), signed_up)
    assert lines[0] == "journey coverage"
    assert lines[1].startswith("welcome: ")
    assert not failed


def test_reports_go_where_they_are_told_to(tmp_path, signed_up):
    config = Config(tmp_path, touchpoint_cov_report=[("json", "out/c.json"), ("html", "c.html")])
    lines, _ = run(config, signed_up, signed_up)
    assert lines[1:] == [f"journey coverage written to {tmp_path / each}" for each in ("out/c.json", "c.html")]
    assert json.loads((tmp_path / "out/c.json").read_text(encoding="utf-8"))["elements"]
    assert (tmp_path / "c.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert covering.total(config).hits["welcome/stages/trying/entered"] == 2


@pytest.mark.parametrize(("floor", "fails"), [(1.0, False), (99.0, True), (0.0, False)])
def test_a_floor_that_is_missed_fails_the_run(floor, fails, signed_up):
    lines, failed = run(Config(touchpoint_cov_fail_under=floor), signed_up)
    assert failed == fails
    assert (lines[-1] == f"FAIL journey coverage is under {floor:g} %") == fails


@pytest.mark.parametrize(("floor", "fails"), [(1.0, True), (0.0, False)])
def test_a_run_without_a_world_misses_every_floor_but_nought(floor, fails):
    lines, failed = run(Config(touchpoint_cov_fail_under=floor))
    assert failed == fails
    assert lines[1].startswith("no test made a world")


@pytest.fixture
def parse():
    parser = pytest.Parser(_ispytest=True)
    covering.add_options(parser)
    return lambda *given: vars(parser.parse([*given]))


def test_the_options_are_read(parse):
    given = parse("--touchpoint-cov-report=term", "--touchpoint-cov-report=html:a b.html")
    assert given["touchpoint_cov_report"] == [("term", ""), ("html", "a b.html")]
    assert parse("--touchpoint-cov", "--touchpoint-cov-fail-under=80.5")["touchpoint_cov_fail_under"] == 80.5


@pytest.mark.parametrize("value", ["json", "html:", "xml:a", "term:a", ""])
def test_an_unknown_report_is_refused(value):
    with pytest.raises(ArgumentTypeError, match=r"write term, json:PATH or html:PATH"):
        covering._report(value)


@pytest.mark.parametrize("value", ["-1", "101", "nan", "most"])
def test_what_is_no_percentage_is_refused(value):
    with pytest.raises(ArgumentTypeError, match="0 to 100"):
        covering._percent(value)
