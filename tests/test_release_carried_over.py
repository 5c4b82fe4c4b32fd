"""What a release carries over, and what it leaves as it is: names, other journeys, what is on its way, old records."""

import attrs
import pytest

import editing
from editing import rule
from making import MARK, START, Scripted, ends, engine_of, journey, marks, message, pass_time, reasons, trace
from touchpoint import (
    Call,
    CaseType,
    Content,
    Emit,
    Goal,
    Hold,
    LiveRuns,
    Policy,
    QuietHours,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    months,
    once,
)
from touchpoint.channels import Accepted, Ambiguous, MemoryChannel, Refused
from touchpoint.stores.base import Changes
from touchpoint.stores.codec import dumps, loads

CASE = CaseType("complaint")
OTHER = Emit("other")
NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))


def changed(engine, *rules, **options):
    preview = editing.changed(engine, *rules, **options)
    pass_time(engine)
    return preview


def started(*rules, **options):
    engine = engine_of(*rules, **options)
    engine.record("ann", "start", {"order": 7, "n": 1})
    engine.run_pending()
    return engine


def goals(engine):
    with engine.store.reading() as reader:
        return {each.name for each in reader.tallies() if each.what == "goal reached"}


def edited(engine):
    return [line[4:] for line in trace(engine) if line[0] == "edited"]


# --- other journeys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["follow", "pin"])
def test_runs_and_watched_goals_of_other_journeys_stay_as_they_are(mode):  # S5.4
    goal = Goal("paid", within=days(9))
    ours, theirs = journey(rule(Wait(days(2)), MARK), rule(MARK, name="g", goal=goal)), journey(
        rule(Wait(days(2)), OTHER), rule(OTHER, name="g", goal=goal), name="two"
    )  # fmt: skip
    engine = started(journeys=[ours, theirs])
    changed(engine, rule(Wait(days(9)), name="new", was="r"), rule(MARK, name="h", was="g", goal=goal), mode=mode)
    # The release of one is none of the other's business: its run is not pinned, and its rules keep their names.
    changed(engine, rule(Wait(days(3)), OTHER), rule(OTHER, name="g", goal=goal), name="two")
    engine.record("ann", "paid")
    assert goals(engine) == {"one/h" if mode == "follow" else "one/g", "two/g"}
    pass_time(engine, days(3))
    assert marks(engine, type="other") == [START, START + days(3)]


def test_bursts_and_entries_of_other_journeys_stay_as_they_are():  # S4.1, S5.4
    ours, held = Rule("m", when="full", then=[WaitFor("free", forever), MARK]), Policy(LiveRuns(3, over="defer"))
    rules = [
        rule(Send(message(content=Content(text="{collected.count}"))), name="b", collect=hours(1)),
        Rule("d", when="more", then=[MARK]),
    ]
    full = [Rule(name, when="full", then=[WaitFor("free", forever)]) for name in ("f", "g")]
    engine = engine_of(journeys=[journey(ours), journey(*rules, *full, name="two")], policy=held)
    for each in ("full", "start", "more"):
        engine.record("ann", each)
    changed(engine, ours, *(Rule(f"new {old}", when="never", then=[OTHER], was=old) for old in ("b", "d")))
    engine.record("ann", "free")
    pass_time(engine, hours(2))
    assert ([each.message.text for each in engine.adapters["email"].sent], len(marks(engine))) == (["1"], 2)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["follow", "pin"])
def test_a_renamed_rule_keeps_its_counts_of_starts(mode):  # S4.4, S4.5, S5.4
    engine = started(rule(MARK, limit=once()))
    changed(engine, rule(MARK, name="new", was="r", limit=once()), mode=mode)
    engine.record("ann", "start")
    assert len(marks(engine)) == 1


@pytest.mark.parametrize("mode", ["follow", "pin"])
def test_a_burst_of_a_renamed_rule_is_complete_under_the_new_name(mode):  # S4.1, S4.5
    burst = {"collect": hours(1), "then": [Send(message(content=Content(text="{collected.count}")))]}
    engine = started(Rule("r", when="start", **burst))
    changed(engine, Rule("new", when="start", was="r", **burst), mode=mode)
    engine.record("ann", "start")
    pass_time(engine, hours(2))
    assert ([each.message.text for each in engine.adapters["email"].sent], engine.parked_count()) == (["2"], 0)
    assert [each.rule for each in engine.customer("ann").runs] == ["new"]


@pytest.mark.parametrize("mode", ["follow", "pin"])
def test_an_entry_of_a_renamed_rule_that_waits_for_a_place_gets_it_under_the_new_name(mode):  # S4.5
    first = Rule("first", when="start", then=[WaitFor("free", forever)])
    engine = started(first, rule(MARK), policy=Policy(LiveRuns(1, over="defer")))
    assert marks(engine) == []
    changed(engine, first, rule(MARK, name="new", was="r"), mode=mode)
    engine.record("ann", "free")
    assert (len(marks(engine)), [each.rule for each in engine.customer("ann").runs]) == (1, ["first", "new"])


def test_a_waiting_message_of_a_renamed_rule_goes_out_under_the_new_name():  # S4.5, S6.3
    other = rule(Send(message("tips")), name="other")
    engine = started(rule(Send(message()), MARK), other, policy=NIGHT)
    changed(engine, rule(Send(message()), MARK, name="new", was="r"), other)
    pass_time(engine, days(1))
    told = [(each.rule, each.status) for each in engine.customer("ann").messages]
    assert (told, len(marks(engine))) == ([("new", "sent"), ("other", "sent")], 1)


def test_a_watched_goal_that_is_pinned_is_counted_by_its_own_definition():  # S5.3, S5.4
    engine = started(rule(MARK, goal=Goal("paid", within=days(9))))
    changed(engine, rule(MARK), mode="pin")
    changed(engine, rule(OTHER))
    engine.record("ann", "paid")
    assert goals(engine) == {"one/r"}


# --- exits ------------------------------------------------------------------------------------------------------------


def test_whoever_leaves_at_the_release_takes_no_step_more():  # S5.3, S5.4
    engine = started(rule(Wait(days(9)), MARK))
    engine.identify("ann", traits={"gone": True})
    engine.clock.until(START + days(3))
    changed(engine, rule(Wait(days(2)), MARK, exit=customer.gone))
    assert (marks(engine), reasons(engine)) == ([], ["exit"])


# --- messages on their way --------------------------------------------------------------------------------------------


def in_doubt(*rules):
    """An engine whose provider has not said whether the message went out."""
    answers = iter([Ambiguous("timed out")])
    channel = Scripted(act=lambda _: next(answers, Accepted()), memory=days(9))
    return started(*rules, channels=[channel, "sms"])


def test_a_message_that_may_have_gone_out_counts_as_the_one_that_its_step_sends_now():  # S5.4, S6.8
    engine = in_doubt(rule(Send(message(), id="greet"), MARK))
    changed(engine, rule(Send(message("welcome"), id="greet"), MARK))
    pass_time(engine, days(1))
    assert [name for name, _ in ends(engine)] == ["hello"]
    assert (len(marks(engine)), reasons(engine)) == (1, ["done"])


def test_a_message_that_may_have_gone_out_is_not_tried_again_where_its_step_is_gone():  # S5.4, S6.8
    engine = in_doubt(rule(Send(message()), MARK))
    changed(engine, rule(MARK))
    pass_time(engine, days(1))
    assert (ends(engine), len(marks(engine)), len(engine.adapters["email"].requests)) == ([("hello", "unknown")], 1, 1)


ALSO = Rule("also", when="never", then=[Send(message())])
"""For which the message is still there, whoever does not send it any more."""


def released_while_it_is_handed_over(tmp_path, new, answer):
    """An engine of whose journey there is a release while a provider has a message of it in hand."""
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)

    def act(_):
        with engine_of(store=url, clock=clock, journeys=[journey(new, ALSO)], people=()) as second:
            second.record("ann", "hello")
        return answer

    channel = Scripted(act=act)
    engine = started(
        rule(Send(message()), MARK, Wait(days(3))), ALSO, store=url, clock=clock, channels=[channel, "sms"]
    )
    channel.act = lambda _: Accepted()
    pass_time(engine, days(1))
    return engine


@pytest.mark.parametrize(("answer", "end"), [(Accepted(), "sent"), (Refused("provider_unavailable"), "expired")])
def test_a_message_that_is_handed_over_while_its_step_goes_away_is_not_tried_again(tmp_path, answer, end):  # S5.4, S6.8
    with released_while_it_is_handed_over(tmp_path, rule(MARK, Wait(days(3))), answer) as engine:
        assert (ends(engine), len(marks(engine)), len(engine.adapters["email"].requests)) == ([("hello", end)], 1, 1)


def test_a_message_that_is_handed_over_while_its_step_becomes_another_one_counts_as_its_message(tmp_path):  # S5.4
    with released_while_it_is_handed_over(tmp_path, rule(Call("tell", id="send:hello"), MARK), Accepted()) as engine:
        assert (ends(engine), len(marks(engine)), reasons(engine)) == ([("hello", "sent")], 1, ["done"])


def test_a_call_that_waits_for_its_turn_is_made_after_the_release():  # S5, S5.4
    made = []
    functions = {"tell": lambda request: made.append(dict(request.arguments))}
    engine = engine_of(rule(Call("tell", {"n": event.n}), MARK), functions=functions)
    engine.pause(journey="one", reason="a test")
    engine.record("ann", "start", {"n": 1})
    pass_time(engine)
    changed(engine, rule(Call("tell", {"n": event.n}), OTHER))
    engine.resume(journey="one")
    pass_time(engine, hours(1))
    assert (made, len(marks(engine, type="other"))) == ([{"n": 1}], 1)


# --- waits ------------------------------------------------------------------------------------------------------------


def test_a_wait_for_something_whose_condition_alone_has_changed_ends_when_it_did():  # S5.2, S5.4
    engine = started(rule(WaitFor("go", timeout=days(9), given=event.n > 5), MARK))
    changed(engine, rule(WaitFor("go", timeout=days(9), given=event.n > 2), MARK))
    assert edited(engine) == []
    engine.record("ann", "go", {"n": 3})
    assert len(marks(engine)) == 1


def test_a_time_out_of_a_wait_for_a_condition_is_counted_anew():  # S5.2, S5.4
    engine = started(rule(WaitUntil(count("visit") > 5, timeout=days(9), otherwise=[OTHER]), MARK))
    engine.clock.until(START + days(1))
    changed(engine, rule(WaitUntil(count("visit") > 5, timeout=days(3), otherwise=[OTHER]), MARK))
    pass_time(engine, days(9))
    assert marks(engine, type="other") == [START + days(3)]


def test_a_date_to_wait_for_that_is_missing_ends_the_run_at_the_release():  # S5, S5.4
    engine = started(rule(Wait(days(2)), MARK))
    preview = changed(engine, rule(Wait(until=customer.birthday, unknown_zone="UTC"), MARK))
    assert reasons(engine) == ["exit: the date to wait for is missing"]
    assert [(each.fate, each.reason) for each in preview.impacts] == [("exits", "it waits for another time")]


# --- migrations -------------------------------------------------------------------------------------------------------


def test_a_migration_that_names_the_step_where_a_run_waits_leaves_it_waiting():  # S5.4
    engine = started(rule(Wait(days(2)), MARK), migrations={"m": lambda *_: "wait"})
    engine.clock.until(START + days(1))
    changed(engine, rule(Wait(days(3)), MARK), mode="migrate", migration="m")
    pass_time(engine, days(9))
    assert marks(engine) == [START + days(3)]


def test_a_migration_cannot_give_a_step_of_a_rule_that_is_gone():  # S4.3, S5.4
    engine = started(rule(Wait(days(2)), MARK), migrations={"m": lambda *_: "emit:mark"})
    changed(engine, Rule("other", when="never", then=[MARK]), mode="migrate", migration="m")
    ((_, what),) = engine.parked()
    assert what.error == "the migration 'm' gave a step, and the rule is gone"


# --- old records, and definitions that cannot be read -----------------------------------------------------------------


def aged(engine, customer="ann"):
    """Have the store hold a customer as an early version wrote them: when a wait began was not kept."""
    from touchpoint.core.records import runs_in

    with engine.store.transaction() as tx:
        (row,) = tx.customers([customer])
        state = loads(row.state)
        for run in runs_in(state):
            del run[23:]
        tx.write(Changes(customers=[("", dumps(state), row.head, row.due, row.no)]))


@pytest.mark.parametrize(
    ("old", "end"),
    [
        (Wait(days(9)), days(4)),
        (WaitFor("go", timeout=days(9)), days(4)),
        (Wait(months(1)), days(31)),
        (WaitFor("go", timeout=forever), None),
        (Wait(until="12:00", unknown_zone="UTC"), hours(3)),
    ],
)
def test_a_wait_of_which_an_old_record_does_not_say_when_it_began_is_counted_from_its_end(tmp_path, old, end):  # S11.6
    clock, url = VirtualClock(START), f"sqlite:///{tmp_path}/t.db"
    with started(rule(old, MARK), store=url, clock=clock) as engine:
        aged(engine)
    new = WaitFor("go", timeout=days(4)) if isinstance(old, WaitFor) else Wait(days(4))
    with engine_of(rule(new, MARK), store=url, clock=clock, people=()) as engine:
        pass_time(engine, days(60))
        assert marks(engine) == ([] if end is None else [START + end])


def unreadable(engine, number):
    """Have the store hold a definition in a form that nobody can read any more."""
    with engine.store.transaction() as tx:
        row = next(each for each in tx.releases() if each.number == number)
        tx.write(Changes(releases=[row._replace(hash="lost")]))


def over_what_nobody_can_read(tmp_path, old, new):
    """An engine whose customer meets a release of a definition that cannot be compared with the one before."""
    clock, url = VirtualClock(START), f"sqlite:///{tmp_path}/t.db"
    started(old, store=url, clock=clock).close()
    with engine_of(new, store=url, clock=clock, people=()) as engine:
        unreadable(engine, 1)
    return engine_of(new, store=url, clock=clock, people=())


def test_a_run_whose_earlier_definition_cannot_be_read_keeps_its_place_by_step_id(tmp_path):  # S5.4, S11.6
    with over_what_nobody_can_read(tmp_path, rule(Wait(days(2)), MARK), rule(Wait(days(9)), OTHER)) as engine:
        pass_time(engine, days(3))
        assert (marks(engine), marks(engine, type="other")) == ([], [START + days(2)])


def test_a_run_whose_step_nothing_that_can_be_read_has_is_parked_when_its_turn_comes(tmp_path):  # S4.3, S11.6
    with over_what_nobody_can_read(tmp_path, rule(Wait(days(2), id="a")), rule(Wait(days(9), id="b"))) as engine:
        pass_time(engine, days(3))
        assert [each.error for _, each in engine.parked()] == ["its rule or step is not loaded"]
        assert reasons(engine) == [None]


def test_a_run_whose_rule_nothing_that_can_be_read_has_is_parked_when_its_turn_comes(tmp_path):  # S4.3, S11.6
    with over_what_nobody_can_read(tmp_path, rule(Wait(days(2))), rule(MARK, name="s")) as engine:
        pass_time(engine, days(3))
        assert [each.error for _, each in engine.parked()] == ["its rule or step is not loaded"]
        assert reasons(engine) == [None]


def test_a_message_that_is_to_be_planned_anew_where_nothing_has_its_step_waits_with_its_run(tmp_path):  # S4.3, S6.7
    clock, url, channel = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", MemoryChannel("email")
    promo = Send(message(on_release="replan", expires=days(9)), id="a")
    held = {"policy": Policy(Hold(while_open=[CASE], kinds=["service"])), "parts": {"cases": [CASE]}}

    def opened(*steps, people=()):
        return engine_of(rule(*steps), store=url, clock=clock, channels=[channel], people=people, **held)

    with opened(promo, MARK, people=("ann",)) as engine:
        engine.open_case("ann", "complaint", ref="c1")
        engine.record("ann", "start")
        pass_time(engine, hours(1))
    with opened(attrs.evolve(promo, id="b"), MARK) as engine:
        unreadable(engine, 1)
    with opened(attrs.evolve(promo, id="b"), MARK) as engine:
        engine.close_case("ann", "complaint", ref="c1")
        pass_time(engine, hours(1))
        assert [each.error for _, each in engine.parked()] == ["its rule or step is not loaded"]
    with opened(promo, MARK) as engine:
        assert engine.replay_parked().done == 1
        pass_time(engine, hours(1))
        assert (ends(engine), len(marks(engine))) == ([("hello", "withdrawn"), ("hello", "sent")], 1)
