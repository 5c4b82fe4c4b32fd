"""At most so many live runs of a customer, over all journeys (`LiveRuns`)."""

import pytest

from making import MARK, START, engine_of, handed, journey, marks, message, pass_time, reasons, state_of, trace
from touchpoint import (
    Content,
    Emit,
    Enrol,
    JourneyError,
    LiveRuns,
    Policy,
    Rule,
    Segment,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    minutes,
    times,
)
from touchpoint.channels import MemoryChannel, answers
from touchpoint.channels.inbound import Replied
from touchpoint.core.program import compile_program
from touchpoint.journey.codec import dumps, loads


def rule(name, **parts):
    return Rule(name, **{"when": name, "then": [WaitFor(f"end {name}".replace(" ", "_"), forever), MARK], **parts})


A, B, C = rule("a"), rule("b"), rule("c")


def engine(*rules, over="refuse", n=2, within=None, policy=None, **options):
    more = {} if within is None else {"within": within}
    policy = policy or Policy(LiveRuns(n, over=over, **more))
    return engine_of(*rules, policy=policy, **options)


def do(made, *types):
    for each in types:
        made.record("ann", each)
    pass_time(made)


def live(made):
    return [run.rule for run in state_of(made).runs]


def refused(made):
    return [(line[2], line[3]) for line in trace(made) if line[0] == "refused"]


# --- refuse -----------------------------------------------------------------------------------------------------------


def test_one_too_many_is_refused_and_says_which_are_live():
    made = engine(A, B, C)
    do(made, "a", "b", "c")
    assert live(made) == ["a", "b"]
    assert refused(made) == [("c", "live runs")]
    assert "not started (live runs): at most 2 live runs: one/a, one/b" in str(made.why("ann", "c"))


def test_a_run_that_ends_makes_room():
    made = engine(A, B, C)
    do(made, "a", "b", "end_a", "c")
    assert live(made) == ["b", "c"]


def test_runs_of_all_journeys_count_for_the_house_and_its_own_for_a_journey():
    journeys = [journey(A, B, name="one"), journey(C, rule("d"), name="two", policy=Policy(LiveRuns(1)))]
    made = engine(n=3, journeys=journeys)
    do(made, "c", "d", "a", "b")
    assert live(made) == ["c", "a", "b"]
    assert refused(made) == [("d", "live runs")]
    made = engine(journeys=journeys)
    do(made, "a", "c", "b", "d")
    assert live(made) == ["a", "c"]


def test_of_one_round_the_first_declared_gets_the_place():  # S4.2
    rules = [rule(name, when="go", priority=priority) for name, priority in (("x", 0), ("y", 9))]
    made = engine(*rules, n=1)
    do(made, "go")
    assert live(made) == ["x"]


def test_customers_have_places_of_their_own():
    made = engine(A, n=1, people=("ann", "bob"))
    made.record("bob", "a")
    do(made, "a")
    assert live(made) == ["a"]


def test_a_restart_needs_no_place_of_its_own():  # S4.4
    made = engine(rule("a", concurrency="restart"), n=1)
    do(made, "a", "a")
    assert reasons(made) == ["restarted", None]


def test_concurrency_and_limit_are_asked_first():  # S4.4
    made = engine(A, rule("b", limit=times(1)), n=1)
    do(made, "a", "a", "b", "end_a", "b", "end_b", "b")
    assert refused(made) == [("a", "live"), ("b", "live runs"), ("b", "limit")]


def test_only_rules_that_send_these_kinds_are_bound_and_counted():
    promo = Send(message("promo", kind="marketing"))
    sends = rule("sends", then=[WaitFor("x", forever), promo])
    made = engine(A, B, sends, rule("also", then=[WaitFor("x", forever), promo]), policy=Policy(
        LiveRuns(1, kinds=["marketing"])
    ))  # fmt: skip
    do(made, "a", "b", "sends", "also")
    assert (live(made), refused(made)) == (["a", "b", "sends"], [("also", "live runs")])


def test_words_such_as_help_are_answered_and_people_may_send():  # S7.3
    texts = answers("Shop", "help@shop.example")
    made = engine(n=1, journeys=[journey(A, Rule("r", then=[Send(message())])), texts])
    do(made, "a")
    made.send("ann", "hello", by="eve")
    made.apply(Replied("ann", "sms", "HELP"))
    pass_time(made)
    assert (handed(made), len(handed(made, "sms")), live(made)) == (["hello"], 1, ["a"])


# --- defer ------------------------------------------------------------------------------------------------------------


def test_an_entry_waits_until_a_place_is_free():
    made = engine(A, B, over="defer", n=1)
    do(made, "a", "b")
    assert (live(made), made.why("ann", "b").status) == (["a"], "deferred")
    pass_time(made, days(2))
    do(made, "end_a")
    assert live(made) == ["b"]
    assert made.customer("ann").runs[1].started_at == START + days(2)


def test_of_those_that_wait_the_highest_priority_is_next_then_the_earliest_then_the_first_declared():
    rules = [A, rule("low"), rule("x", when="both"), rule("y", when="both"), rule("high", priority=1)]
    made = engine(*rules, over="defer", n=1)
    do(made, "a", "both", "low", "high")
    order = []
    for _ in rules:
        order += live(made)
        do(made, f"end_{order[-1]}")
    assert order == ["a", "high", "x", "y", "low"]


def test_what_was_asked_at_the_trigger_is_asked_again_when_there_is_a_place():
    made = engine(A, rule("b", given=customer.vip & (event.n == 1)), over="defer", n=1)
    made.identify("ann", traits={"vip": True})
    do(made, "a")
    made.record("ann", "b", {"n": 1})
    made.identify("ann", traits={"vip": False})
    do(made, "end_a")
    assert (live(made), refused(made)) == ([], [("b", "given")])


def test_an_entry_that_waited_too_long_is_dropped_and_that_is_recorded():  # S2.5
    made = engine(A, B, over="defer", n=1, within=days(1))
    do(made, "a", "b")
    pass_time(made, days(1) + minutes(1))
    do(made, "end_a")
    assert (live(made), refused(made), state_of(made).deferred) == ([], [("b", "live runs")], ())


def test_at_the_very_end_of_its_time_an_entry_may_still_start():
    made = engine(A, B, over="defer", n=1, within=days(1))
    do(made, "a", "b")
    pass_time(made, days(1))
    do(made, "end_a")
    assert live(made) == ["b"]


def test_a_look_at_a_segment_that_changes_nothing_drops_no_entry():  # S3.3, S11.5
    """How often that is looked for is a matter of foresight, and no decision may depend on it."""
    active = Segment("active", count("x", within=hours(1), where=event.k == customer.k) > 0)
    made = engine(A, B, over="defer", n=1, within=minutes(30), parts={"segments": [active]})
    do(made, "a", "b")
    made.identify("ann", traits={"k": 1})
    for _ in range(20):
        pass_time(made, minutes(1))
        made.record("ann", "x", {"k": 1})
    looked_for = made.next_due()
    pass_time(made, minutes(55))
    assert looked_for < made.clock.now() < made.next_due()
    assert (refused(made), state_of(made).segments.keys()) == ([], {"one/active"})
    do(made, "x")
    assert refused(made) == [("b", "live runs")]


@pytest.mark.parametrize("concurrency", ["ignore", "restart", "parallel"])
def test_of_one_rule_and_key_one_entry_waits(concurrency):  # S4.4
    made = engine(A, rule("b", concurrency=concurrency, then=[Emit("got", {"n": event.n}), MARK]), over="defer", n=1)
    do(made, "a")
    for n in (1, 2):
        made.record("ann", "b", {"n": n})
    waiting = [entry.trigger.properties["n"] for entry in state_of(made).deferred]
    assert waiting == {"ignore": [1], "restart": [2], "parallel": [1, 2]}[concurrency]
    do(made, "end_a")
    assert len(marks(made, type="got")) == (2 if concurrency == "parallel" else 1)


def test_no_more_than_a_hundred_entries_wait():
    made = engine(A, rule("b", key="n"), over="defer", n=1)
    do(made, "a")
    for n in range(103):
        made.record("ann", "b", {"n": n})
    assert (len(state_of(made).deferred), refused(made)) == (100, [("b", "live runs")] * 3)


def test_many_runs_that_end_at_once_follow_each_other_in_one_decision():  # S4.3
    made = engine(A, rule("b", key="n", then=[Emit("got")]), over="defer", n=1)
    do(made, "a")
    for n in range(50):
        made.record("ann", "b", {"n": n})
    do(made, "end_a")
    assert len(marks(made, type="got")) == 50


def test_entries_outlast_a_restart(tmp_path):  # S11.1
    clock, url, channel = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", MemoryChannel("email")
    for steps in (["a", "b"], ["end_a"]):
        with engine(A, B, over="defer", n=1, store=url, clock=clock, channels=[channel]) as made:
            do(made, *steps)
            assert live(made) == ["a" if steps[0] == "a" else "b"]


def test_a_burst_waits_as_a_whole():
    burst = rule("b", collect=hours(1), then=[Send(message(content=Content(text="{collected.count}")))])
    made = engine(A, burst, over="defer", n=1)
    do(made, "a", "b", "b")
    pass_time(made, hours(2))
    do(made, "end_a")
    assert [each.message.text for each in made.adapters["email"].sent] == ["2"]


def test_merging_keeps_the_entries_of_both_and_gives_places_out_later():  # S1.6
    made = engine(A, B, C, over="defer", n=1, people=("ann", "bob"))
    for who, types in (("bob", ["a", "c"]), ("ann", ["b"])):
        for each in types:
            made.record(who, each)
    made.merge("bob", into="ann")
    assert sorted(live(made)) == ["a", "b"]
    do(made, "end_a")
    assert live(made) == ["b"]
    do(made, "end_b")
    assert live(made) == ["c"]


# --- replace ----------------------------------------------------------------------------------------------------------


def test_a_run_of_lower_priority_gives_its_place_up():
    made = engine(A, rule("b", priority=2), rule("c", priority=1), over="replace")
    do(made, "a", "b", "c")
    assert live(made) == ["b", "c"]
    assert reasons(made) == ["replaced by one/c", None, None]


def test_nobody_of_equal_priority_is_replaced():
    made = engine(A, B, over="replace", n=1)
    do(made, "a", "b")
    assert (live(made), refused(made)) == (["a"], [("b", "live runs")])


def test_of_equally_low_ones_the_one_that_started_last_goes():
    made = engine(A, B, rule("c", priority=1), over="replace")
    do(made, "b", "a", "c")
    assert live(made) == ["b", "c"]


def test_messages_of_the_one_that_is_replaced_are_withdrawn():  # S5.3
    held = rule("a", then=[Send(message("late", content=Content(text="{trigger.n}"), channels=["fax"]))])
    made = engine(held, rule("b", priority=1), over="replace", n=1, channels=[MemoryChannel("fax")], people=())
    made.identify("ann", addresses={"fax": "1"})
    made.pause(channel="fax", reason="a test")
    made.record("ann", "a", {"n": 1})
    do(made, "b")
    assert [(each.name, each.status) for each in made.customer("ann").messages] == [("late", "withdrawn")]


def test_what_one_limit_refuses_another_does_not_make_room_for():
    policy = Policy(LiveRuns(1, over="replace"), LiveRuns(1))
    made = engine(A, rule("b", priority=1), policy=policy)
    do(made, "a", "b")
    assert (live(made), refused(made)) == (["a"], [("b", "live runs")])


def test_a_rule_may_replace_what_it_was_enrolled_by():
    made = engine(rule("a", then=[Enrol("b"), Wait(days(1)), MARK]), rule("b", priority=1), over="replace", n=1)
    do(made, "a")
    assert (live(made), reasons(made)) == (["b"], ["replaced by one/b", None])


# --- as data ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: LiveRuns(0),
        lambda: LiveRuns(1, within=days(0)),
        lambda: journey(A, policy=Policy(LiveRuns(1, over="maybe"))),
        lambda: journey(A, policy=Policy(LiveRuns(1, kinds=["no kind"]))),
        lambda: journey(A, policy=Policy(LiveRuns(1.5))),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(JourneyError):
        make()


def test_it_is_written_and_read():
    told = journey(A, policy=Policy(LiveRuns(2, over="defer", kinds=["marketing"], within=hours(3)), LiveRuns(1)))
    assert loads(dumps(told)) == told
    assert [str(each) for each in told.policy.items] == ["at most 2 live runs (marketing)", "at most 1 live run"]


def test_who_has_no_such_limit_pays_nothing():
    assert compile_program([journey(A)]).live_limits == ()
