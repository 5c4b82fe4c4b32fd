"""Mutation of journeys: which faults are made, and what is said of those that no test notices."""

import json
from datetime import date, timedelta
from decimal import Decimal

import attrs
import pytest
from click.testing import CliRunner
from dateutil.relativedelta import relativedelta
from hypothesis import Phase, given, settings

from journeys_strategy import journeys
from making import journey, message, sending
from sizing import examples
from touchpoint import (
    Branch,
    BusinessHours,
    BusinessTime,
    Cap,
    CaseEscalated,
    CaseOverdue,
    CaseType,
    DateDue,
    Dwelt,
    Entered,
    Exit,
    Goal,
    Hold,
    Policy,
    QuietHours,
    Rule,
    Schedule,
    Send,
    SendWindow,
    Silent,
    Stage,
    Wait,
    WaitFor,
    WaitUntil,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    minutes,
    months,
    times,
    trigger,
    usual,
)  # fmt: skip
from touchpoint.cli.loading import load
from touchpoint.cli.mutate import mutate
from touchpoint.journey.codec import definition_hash, dumps, loads
from touchpoint.journey.conditions import source
from touchpoint.lab.mutate import Fault, as_job, mutants, spread
from touchpoint.lab.shifts import clock_times, conditions, lengths
from touchpoint.testing.mutating import Substitution, forked

pytest_plugins = ["pytester"]

GENERATE = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking whole journeys takes minutes
HELLO, NUDGE = message("hello"), message("nudge", kind="marketing", channels=["sms", "email"])


def sentences(made):
    return [each.sentence for each in mutants(made)]


def of(*rules, **parts):
    return sentences(journey(*rules, **parts))


# --- laws -------------------------------------------------------------------------------------------------------------


@settings(max_examples=examples(4), phases=GENERATE)
@given(journeys())
def test_every_mutant_is_another_valid_journey_that_can_be_handed_to_another_process(made):
    found = list(mutants(made))
    assert {each.journey.name for each in found} <= {made.name}
    identities = [definition_hash(each.journey) for each in found]
    assert len({*identities, definition_hash(made)}) == len(found) + 1
    classes = [*made.touchpoints, *filter(None, [made.traits])]
    for each in spread(found, 20):
        assert definition_hash(loads(dumps(each.journey), types=classes)) == definition_hash(each.journey)


def test_mutants_are_the_same_in_every_run():
    made = journey(Rule("r", when=["a", "b"], given=event.n > 1, then=[Send(HELLO), Wait(days(1)), Send(NUDGE)]))
    assert list(mutants(made)) == list(mutants(made))


# --- which faults there are -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (days(3), [days(4), days(2)]),
        (days(1), [hours(25), hours(23)]),
        (hours(1), [minutes(66), minutes(54)]),
        (months(2), [months(3), months(1)]),
        (months(1), [months(2), relativedelta(days=27)]),
        (timedelta(0), []),
        (forever, []),
        (None, []),
    ],
)
def test_a_length_is_changed_by_a_day_an_hour_or_a_tenth(length, expected):
    assert list(lengths(length)) == expected


def test_a_time_of_day_is_changed_by_an_hour_round_the_clock():
    assert list(clock_times("00:30")) == ["23:30", "01:30"]
    assert list(clock_times("24:00")) == ["23:00", "01:00"]
    assert list(clock_times("08:15:30")) == ["07:15:30", "09:15:30"]


# S4.6
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (customer.vip, {"~customer.vip"}),
        (~customer.vip, {"customer.vip"}),
        (event.score >= 3, {"~(event.score >= 3)", "event.score > 3", "event.score >= 2"}),
        (event.score < Decimal("2.5"), {
            '~(event.score < Decimal("2.5"))', 'event.score <= Decimal("2.5")', 'event.score < Decimal("1.5")',
        }),
        (event.score == 3, {"~(event.score == 3)", "event.score == 4", "event.score == 2"}),
        (event.gold == True, {"~(event.gold == True)"}),  # noqa: E712 - a condition
        (event.day > date(2026, 1, 2), {
            "~(event.day > date(2026, 1, 2))", "event.day >= date(2026, 1, 2)", "event.day > date(2026, 1, 3)",
        }),
        (customer.vip & ~customer.new, {"~customer.vip & ~customer.new", "customer.vip & customer.new"}),
        (ever("paid", within=days(3)), {
            '~ever("paid", within=days(3))', 'ever("paid", within=days(4))', 'ever("paid", within=days(2))',
        }),
        (ever("paid", where=event.order == trigger.order), {'~ever("paid", where=event.order == trigger.order)'}),
        (count("paid", where=event.price > 9) == 1, {
            '~(count("paid", where=event.price > 9) == 1)', 'count("paid", where=event.price > 9) == 2',
            'count("paid", where=event.price > 9) == 0', 'count("paid", where=event.price >= 9) == 1',
            'count("paid", where=event.price > 10) == 1',
        }),
    ],
)  # fmt: skip
def test_a_condition_is_negated_and_its_boundaries_and_constants_moved(condition, expected):
    assert {source(each.whole) for each in conditions(condition)} == expected


# S5
@pytest.mark.parametrize(
    "expected",
    [
        "rule r never sends hello",
        "nudge (rule r) waits 2 days instead of 3 days for paid",
        "nudge (rule r) waits 4 days instead of 3 days for paid",
        "rule r swaps the arms of the wait for paid (3 days)",
        "rule r leaves out the exit 'lost'",
        'nudge (rule r) is still sent whether or not ~ever("paid")',
        "nudge prefers email, sms instead of sms, email",
        "nudge never goes by sms",
        "nudge is of kind service instead of marketing",
        "hello is of kind marketing instead of service",
        "rule r waits 23 hours instead of 1 day",
        "rule r waits until 10:00 instead of 09:00",
        "rule r swaps the arms of the branch on customer.age > 17",
        "rule r branches on customer.age >= 17 instead of customer.age > 17",
        "rule r branches on customer.age > 18 instead of customer.age > 17",
        "rule r waits until ~customer.ready instead of customer.ready",
        "rule r ends the wait for paid (3 days) by what came since its own start instead of since the last message",
    ],
)
def test_steps_and_messages_have_faults(expected):
    steps = [
        Send(HELLO),
        WaitFor("paid", timeout=days(3), otherwise=[Send(NUDGE, still=~ever("paid")), Exit("lost")]),
        Branch(customer.age > 17, then=[Wait(days(1)), Wait(until="09:00")]),
        WaitUntil(customer.ready, timeout=forever),
    ]
    assert expected in of(Rule("r", when="start", then=steps))


# S4.1, S4.4, S5.3
@pytest.mark.parametrize(
    "expected",
    [
        "rule r starts whether or not event.score <= 2",
        "rule r starts where event.score < 2 instead of event.score <= 2",
        "rule r is not started by start",
        "rule r is started by a silence for 8 days instead of 7 days",
        "rule r has no limit (2 per 30 days)",
        "the limit of rule r is 3 instead of 2",
        "the limit of rule r counts over 29 days instead of 30 days",
        "the limit of rule r counts per key instead of per customer",
        'rule r has concurrency "restart" instead of "ignore" while a run is live',
        "rule r has no key order, so that all its runs are about the same",
        "rule r is not left on cancelled",
        "rule r is left where ~customer.gone instead of customer.gone",
        "rule r has no goal",
        "the goal of rule r is watched for 9 days instead of 10 days",
        "the goal of rule r does not end the run",
        "rule r has priority -5 instead of 5",
    ],
)
def test_rules_have_faults(expected):
    rule = Rule(
        "r", when=["start", Silent(days(7))], given=event.score <= 2, limit=times(2, per=days(30)), key="order",
        exit=["cancelled", customer.gone], goal=Goal("paid", within=days(10)), priority=5, then=[Wait(days(1))],
    )  # fmt: skip
    assert expected in of(rule)


# S4.1
@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (DateDue("renewal", before=days(7)), "rule r is started by the date renewal 8 days instead of 7 days before"),
        (DateDue("renewal"), "rule r is started by renewal comes at 10:00 instead of 09:00"),
        (
            Schedule("FREQ=MONTHLY;BYDAY=-1MO"),
            "rule r is started by the schedule FREQ=MONTHLY;BYDAY=-1TU instead of FREQ=MONTHLY;BYDAY=-1MO",
        ),
        (
            Schedule("FREQ=MONTHLY;BYMONTHDAY=-1"),
            "rule r is started by the schedule FREQ=MONTHLY;BYMONTHDAY=1 instead of FREQ=MONTHLY;BYMONTHDAY=-1",
        ),
        (
            Silent(usual(1.5), at_least=days(7), otherwise=days(60)),
            "rule r is started by a silence for twice as many usual gaps",
        ),
        (
            Silent(usual(1.5), at_least=days(7), otherwise=days(60)),
            "rule r is started by a silence by the usual gap, at least 8 days instead of 7 days",
        ),
    ],
)
def test_dates_schedules_and_habits_have_faults(when, expected):
    assert expected in of(Rule("r", when=when, then=[Send(HELLO)]))


# S6.4, S6.6, S6.10
@pytest.mark.parametrize(
    "expected",
    [
        "the policy leaves out the quiet hours from 21:00 to 08:00",
        "the quiet hours from 21:00 to 08:00 start at 20:00 instead of 21:00",
        "the quiet hours from 21:00 to 08:00 end at 09:00 instead of 08:00",
        "where no time zone is known, the quiet hours from 21:00 to 08:00 assume UTC instead of denying",
        "the send window from 09:00 to 17:00 ends at 16:00 instead of 17:00",
        "where no time zone is known, the send windows from 09:00 to 17:00 deny instead of assuming Europe/Madrid",
        "the cap of 2 per 1 day (marketing) is 3 instead of 2",
        "the cap of 2 per 1 day (marketing) is 1 instead of 2",
        "the cap of 2 per 1 day (marketing) counts over 25 hours instead of 1 day",
        "the cap of 2 per 1 day (marketing) denies one too many instead of deferring it",
        "the policy leaves out the hold while a case is open (support)",
        "the cool-off of the hold while a case is open (support) is 1 day instead of 2 days",
        "nudge is exempt from caps",
        "nudge, once held, is dropped after the hold, where it goes out now",
    ],
)
def test_policies_have_faults(expected):
    policy = Policy(
        QuietHours("21:00", "08:00", unknown_zone="deny"),
        SendWindow(("09:00", "17:00"), unknown_zone="Europe/Madrid"),
        Cap(2, per=days(1), kinds=["marketing"]),
        Hold(while_open=["support"], kinds=["marketing"], cool_off=days(2)),
    )
    rule = Rule("r", when="start", then=[Send(NUDGE)])
    assert expected in of(rule, policy=policy, cases=[CaseType("support")])


# S3.1, S3.2
@pytest.mark.parametrize(
    "expected",
    [
        "stage b is not entered by paid",
        "stage b is entered whether or not event.price > 9",
        "stage b is entered also after others than a",
        "stage b is entered again while it is the current one",
        "stage b comes before stage a",
        "rule late is started by having dwelt in b for 6 days instead of 7 days",
    ],
)
def test_stages_have_faults(expected):
    stages = [
        Stage("a", phase="attract", when=["start", "paid"]),
        Stage("b", phase="engage", when="paid", given=event.price > 9, after="a"),
    ]
    assert expected in of(sending(rule="late", when=Dwelt("b", days(7))), stages=stages)


# S8.2
@pytest.mark.parametrize(
    "expected",
    [
        "a response to support is due after 5 hours instead of 4 hours",
        "a resolution to support is due after 1 day instead of 2 days",
        "rule hurry is started by case support overdue (response) instead of case support overdue",
        "rule close is started by case support overdue (response) instead of case support overdue (resolution)",
    ],
)
def test_deadlines_of_cases_have_faults(expected):
    case = CaseType("support", respond_within=hours(4), resolve_within=days(2))
    rules = [
        sending("a", rule="hurry", when=CaseOverdue(case)),
        sending("b", rule="close", when=CaseOverdue(case, "resolution")),
    ]
    assert expected in of(*rules, cases=[case])


@pytest.mark.parametrize(
    "expected",
    [
        "support is escalated to level 2 after 5 hours instead of 4 hours of business hours",
        "of urgent severity, support is escalated to level 1 after 5 hours instead of 4 hours",
        "rule hurry is started by case support escalated instead of case support escalated to level 2",
    ],
)
def test_levels_of_escalation_have_faults(expected):
    office = BusinessHours(("09:00", "17:00"), zone="UTC")
    case = CaseType("support", escalate=[{"urgent": hours(4)}, BusinessTime(hours(4), office)])
    rules = [
        sending("a", rule="hurry", when=CaseEscalated(case, 2)),
        sending("b", rule="look", when=CaseEscalated(case, 1)),
    ]
    assert expected in of(*rules, cases=[case])


def test_deadlines_that_nothing_waits_for_have_none():
    case = CaseType("support", respond_within=hours(4), resolve_within=days(2))
    told = of(sending("a", when=CaseOverdue(case, "response")), cases=[case])
    assert [each for each in told if "a resolution to" in each] == []


# S4.2
def test_rules_change_places_only_where_one_trigger_starts_both_with_equal_priority():
    one, two, other = sending("a"), sending("b"), sending("c", when="else")
    first = attrs.evolve(sending("d"), priority=1)
    found = [each for each in of(one, two, other, first) if " comes before " in each]
    assert found == ["rule send b comes before rule send a"]


# --- which there are not ----------------------------------------------------------------------------------------------


def test_what_would_not_be_valid_is_no_mutant():
    found = of(sending(), policy=Policy(Cap(1, per=days(7)), QuietHours("21:00", "22:00", unknown_zone="deny")))
    assert not [each for each in found if each.endswith("is 0 instead of 1")]
    assert not [each for each in found if "start at 22:00" in each]


def test_a_wait_that_comes_first_cannot_look_back():
    found = of(Rule("r", when="start", then=[WaitFor("paid", timeout=days(1))]))
    assert not [each for each in found if "since" in each]


def test_a_stage_that_nobody_watches_is_not_entered_again():
    stage = Stage("a", phase="attract", when="start")
    again = "stage a is entered again while it is the current one"
    assert again not in of(sending(), stages=[stage])
    assert again in of(sending(when=Entered("a")), stages=[stage])


def test_a_journey_that_needs_another_one_beside_it_has_mutants_all_the_same():
    assert of(sending(), policy=Policy(Hold(while_open=["elsewhere"])))


def test_a_step_that_is_left_out_stays_known_by_name():
    dropped = next(each for each in mutants(journey(sending())) if each.sentence == "rule send hello never sends hello")
    assert set(dropped.journey.messages) == {"hello"}


def test_a_limited_choice_is_spread_over_all_of_them():
    assert spread(range(10), 4) == [0, 2, 5, 7]
    assert spread([1, 2], 5) == [1, 2]


# --- faults in worlds -------------------------------------------------------------------------------------------------


def fault_of(made, sentence):
    job = json.loads(json.dumps(as_job([made], [(0, each) for each in mutants(made)])))
    number = [each.sentence for each in mutants(made)].index(sentence)
    return Substitution(Fault.of(job, number))


def test_a_world_gets_the_mutant_of_an_equal_journey_and_others_as_they_are():
    made, other = journey(sending()), journey(sending("bye"), name="two")
    swap = fault_of(made, "rule send hello never sends hello")
    assert isinstance(swap.substituted(journey(sending())).rules[0].then[0], Branch)
    assert swap.substituted(other) is other
    assert swap.substituted(journey(sending(when="else"))).rules[0].when[0].type == "else"


def test_without_a_fault_a_world_gets_what_it_is_handed():
    made, seen = journey(sending()), []
    assert Substitution(handed=seen.append).substituted(made) is made
    assert seen == [made]


def test_a_changed_message_is_changed_in_every_journey_that_sends_it():
    made, other = journey(sending()), journey(Rule("again", when="else", then=[Send(HELLO)]), name="two")
    swap = fault_of(made, "hello is of kind marketing instead of service")
    kinds = {swap.substituted(each).messages["hello"].kind for each in (made, other)}
    assert kinds == {"marketing"}


def test_declared_classes_are_those_of_the_journey_that_is_met():
    @attrs.frozen
    class Paid:
        price: int

    made = journey(sending(when=Paid), touchpoints=[Paid])
    assert fault_of(made, "rule send hello never sends hello").substituted(made).touchpoints == (Paid,)


def test_a_process_that_takes_too_long_is_ended_and_one_that_dies_gives_no_answer():
    assert forked(lambda: "passed", 30) == "passed"
    assert forked([].pop, 30) == ""
    assert forked(_for_ever, 0.2) is None


def _for_ever():
    while True:
        pass


# --- the command ------------------------------------------------------------------------------------------------------

SHOP = """
from touchpoint import Content, Exit, Journey, Message, Rule, Send, WaitFor, days

nudge = Message("nudge", why="to remind", channels=["sms", "email"], content=Content(text="Hello"))
shop = Journey("shop", rules=[Rule("remind", when="start", then=[
    WaitFor("paid", timeout=days(3)), Send(nudge),
])])
"""
WORLD = """
import pytest
from touchpoint.testing.mutating import substitution

@pytest.fixture(scope="session")
def touchpoint_world(request):
    return lambda journeys: [substitution(request.config).substituted(each) for each in journeys]
"""
TESTS = """
from shop import nudge, shop
from touchpoint import days

def test_everything(touchpoint_world):
    (made,) = touchpoint_world(journeys=[shop])
    assert made.rules[0].then == shop.rules[0].then

def test_concurrency(touchpoint_world):
    (made,) = touchpoint_world(journeys=[shop])
    assert made.rules[0].concurrency != "parallel"

def test_nothing_of_it():
    assert True
"""


@pytest.fixture
def tried(tmp_path):
    """Runs the command on files in a directory of their own."""

    def run(*options, tests=TESTS):
        files = {"shop.py": SHOP, "conftest.py": WORLD, "test_shop.py": tests}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\naddopts = -q -x\n")
        arguments = [str(tmp_path / "shop.py"), "--tests", str(tmp_path / "test_shop.py"), *options]
        return CliRunner().invoke(mutate, arguments)

    return run


def test_survivors_are_listed_by_what_they_belong_to(tried):
    found = tried()
    assert found.exit_code == 1, found.output
    lines = found.stdout.splitlines()
    assert lines[0].startswith("10 faults: 9 noticed by a test, 0 by a time-out, 1 by nobody")
    assert lines[1:] == [
        "", "No test fails when", "", "rule remind",
        '  rule remind has concurrency "restart" instead of "ignore" while a run is live  [$.rules[0].concurrency]',
    ]  # fmt: skip


def test_the_status_is_0_when_every_fault_is_noticed(tried):
    tests = "def test_it(touchpoint_world):\n    from shop import shop\n    assert touchpoint_world([shop]) == [shop]\n"
    found = tried("--limit", "3", "--json", tests=tests)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["counts"] == {"killed": 3, "timeout": 0, "survived": 0}
    assert told["tests"] == 1
    assert all(each["by"].endswith("test_it") for each in told["mutants"])


def test_a_world_that_tests_share_counts_for_each_of_them(tried):
    tests = """
import pytest
from shop import shop

@pytest.fixture(scope="module")
def made(touchpoint_world):
    return touchpoint_world([shop])[0]

def test_one(made):
    assert made.name == "shop"

def test_two(made):
    assert made == shop
"""
    found = tried("--limit", "3", tests=tests)
    assert found.exit_code == 0, found.output


def test_tests_that_fail_without_a_fault_are_shown_and_nothing_is_tried(tried):
    found = tried(tests="def test_it():\n    assert 1 == 2\n")
    assert found.exit_code != 0
    assert "assert 1 == 2" in found.stderr
    assert "do not pass without any fault" in str(found.exception)


def test_a_journey_that_no_world_is_handed_is_said_to_be_untested(tried):
    found = tried(tests="def test_it():\n    assert True\n")
    assert "no test hands journey shop to a world" in found.stderr
    assert "so none was tried" in str(found.exception)


def test_an_endless_test_is_ended_and_its_fault_counts_as_noticed(tried):
    tests = """
from shop import shop
from touchpoint.testing import mutating

mutating.LEAST = 0.2

def test_it(touchpoint_world):
    while touchpoint_world([shop]) != [shop]:
        pass
"""
    found = tried("--limit", "1", tests=tests)
    assert found.exit_code == 0, found.output
    assert "0 noticed by a test, 1 by a time-out" in found.stdout


def test_where_processes_cannot_fork_each_fault_gets_one_of_its_own(tried):
    tests = "import os\nif hasattr(os, 'fork'):\n    del os.fork\n" + TESTS
    found = tried("--limit", "2", tests=tests)
    assert "2 faults: 1 noticed by a test, 0 by a time-out, 1 by nobody" in found.stdout, found.output


def test_a_journey_of_another_name_is_refused_with_a_suggestion(tried):
    found = tried("--journey", "shpo")
    assert "did you mean 'shop'" in str(found.exception)


def test_without_pytest_the_command_says_what_to_install(tried, monkeypatch):
    monkeypatch.setattr("touchpoint.cli.mutate.find_spec", lambda _: None)
    assert "install touchpoint[test]" in str(tried().exception)


# --- the run itself, in this process ----------------------------------------------------------------------------------

NOTICED = """
import pytest
from shop import shop

def test_it(touchpoint_world):
    assert touchpoint_world([shop]) == [shop]

def test_fast(touchpoint_world):
    touchpoint_world([shop])

def test_elsewhere():
    pass
"""


@pytest.fixture
def ran(pytester, monkeypatch):
    """Runs a job as the command's process does; gives the results, and what else was left to read."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(tests, *options, fork=True, limit=3):
        pytester.makepyfile(shop=SHOP, conftest=WORLD, test_shop=tests)
        pytester.syspathinsert()
        (shop,) = load(pytester.path / "shop.py").journeys
        found = spread([(0, each) for each in mutants(shop)], limit)
        job = pytester.path / "job.json"
        job.write_text(json.dumps({**as_job([shop], found), "fork": fork}))
        plugin = ("-p", "no:touchpoint", "-p", "touchpoint.testing.mutating", "-p", "no:cacheprovider")
        pytester.runpytest_inprocess("test_shop.py", *plugin, f"--touchpoint-job={job}", *options)
        results = pytester.path / "results.jsonl"
        return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []

    return run


@pytest.mark.parametrize("fork", [True, False])
def test_a_run_tells_the_baseline_and_what_became_of_each_mutant(ran, fork, monkeypatch):
    monkeypatch.setattr("touchpoint.testing.mutating.LEAST", 60.0)  # a busy machine takes seconds to start a process
    baseline, unseen, *tried = ran(NOTICED, fork=fork)
    assert (baseline["baseline"], baseline["tests"]) == ("passed", 3)
    assert unseen == {"unseen": []}
    assert [(each["mutant"], each["status"], each["by"], each["tests"]) for each in tried] == [
        (number, "killed", "test_shop.py::test_it", 2) for number in range(3)
    ]


def test_tests_that_never_saw_the_journey_are_not_run(ran):
    _, unseen, *tried = ran("def test_it(touchpoint_world):\n    pass\n")
    assert unseen == {"unseen": ["shop"]}
    assert [(each["status"], each["tests"]) for each in tried] == [("survived", 0)] * 3


def test_a_baseline_that_fails_is_told_and_nothing_is_tried(ran):
    assert ran("def test_it():\n    assert 1 == 2\n") == [{"baseline": "failed", "failed": ["test_shop.py::test_it"]}]


@pytest.mark.parametrize(("tests", "answer"), [(NOTICED, "test_shop.py::test_it"), ("def test_it(): pass", "passed")])
def test_a_mutant_of_its_own_process_answers_in_a_file(ran, pytester, tests, answer):
    file = pytester.path / "answer.json"
    file.write_text(json.dumps(["test_shop.py::test_it"]))
    assert ran(tests, "--touchpoint-mutant=0") == []
    assert json.loads(file.read_text()) == answer


def test_the_command_puts_faults_into_real_worlds(tried, tmp_path):
    tests = """
from shop import shop
from touchpoint import days
from touchpoint.testing.plugin import touchpoint_world

def test_the_reminder_comes_after_three_days(touchpoint_world):
    world = touchpoint_world([shop])
    ann = world.customer("ann", addresses={"phone": "+15550100", "email": "a@example.com"}, timezone="UTC",
                         consents={("marketing", "sms"), ("service", "sms")})
    ann.does("start")
    world.advance(days(2.9))
    assert ann.inbox == []
    world.advance(days(0.2))
    assert ann.inbox == [("nudge", "sms")]
"""
    told = json.loads(tried("--json", tests=tests).stdout)
    status = {each["sentence"]: each["status"] for each in told["mutants"]}
    assert status["rule remind never sends nudge"] == "killed"
    assert set(status.values()) == {"killed", "survived"}
    assert all("days" not in sentence for sentence, what in status.items() if what == "survived"), status
