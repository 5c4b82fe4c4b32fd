"""Pinned and migrated runs, previews, rollbacks, and processes with other code (S5.4, S11.6)."""

import logging

import pytest

from editing import changed, on_one_store, rule
from making import MARK, START, ends, engine_of, handed, journey, marks, message, pass_time, reasons
from touchpoint import (
    Branch,
    Content,
    Emit,
    Exit,
    Goal,
    InvalidInput,
    JourneyError,
    MoveTo,
    Policy,
    QuietHours,
    ReleaseRefused,
    Rule,
    Send,
    Stage,
    StoreTooNew,
    UnknownName,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    event,
    hours,
    months,
    trigger,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel
from touchpoint.stores.base import Changes

OTHER = Emit("other")
NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def live(tmp_path, clock):
    with on_one_store(tmp_path / "t.db", clock, beside=True) as opened:
        yield opened


def started(live, *steps, options=None, **parts):
    engine = live(rule(*steps, **parts), **(options or {}))
    engine.record("ann", "start", {"order": 7, "n": 1})
    engine.run_pending()
    return engine


# --- pin --------------------------------------------------------------------------------------------------------------


def test_a_pinned_run_finishes_on_the_definition_it_started_with(live, clock):  # S5.4
    engine = started(live, Wait(days(2)), Branch(trigger.n == 1, then=[MARK]), Emit("end"))
    changed(engine, rule(Wait(days(9)), OTHER), mode="pin")
    engine.record("bob", "start")
    pass_time(engine, days(3))
    assert (len(marks(engine)), marks(engine, type="other"), reasons(engine)) == (1, [], ["done"])
    pass_time(engine, days(9))
    assert len(marks(engine, "bob", type="other")) == 1


def test_a_pinned_run_goes_on_in_a_process_that_never_had_its_definition(live):  # S5.4, S11.6
    engine = started(live, Wait(days(2)), MARK)
    new = rule(Wait(days(9)), OTHER)
    changed(engine, new, mode="pin")
    engine.close()
    engine = live(new, people=())
    pass_time(engine, days(3))
    assert (marks(engine), reasons(engine)) == ([START + days(2)], ["done"])


def test_a_pinned_run_sends_the_words_of_its_own_definition(live):  # S5.4, S6.5
    engine = started(live, Wait(days(2)), Send(message(content=Content(text="old {trigger.n}"))), MARK)
    changed(engine, rule(Wait(days(2)), Send(message(content=Content(text="new")))), mode="pin")
    engine.record("bob", "start")
    engine.identify("bob", addresses={"email": "bob@example.com"})
    pass_time(engine, days(3))
    assert [each.message.text for each in engine.adapters["email"].sent] == ["old 1", "new"]


def test_a_pinned_run_keeps_a_message_that_is_gone_now(live):  # S5.4
    engine = started(live, Send(message(), still=trigger.n == 1), MARK, options={"policy": NIGHT})
    changed(engine, rule(OTHER), mode="pin")
    pass_time(engine, days(1))
    assert (ends(engine), len(marks(engine))) == ([("hello", "sent")], 1)


def test_what_a_pinned_run_asks_of_history_is_kept_up(live):  # S4.7, S5.4
    engine = started(live, Wait(days(2)), Branch(count("visit", within=days(5)) == 2, then=[MARK]))
    changed(engine, rule(OTHER), mode="pin")
    engine.record("ann", "visit")
    engine.record("ann", "visit")
    pass_time(engine, days(3))
    assert len(marks(engine)) == 1


def test_a_pinned_run_stays_where_it_is_over_later_releases(live):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, rule(Wait(days(9)), OTHER), mode="pin")
    preview = changed(engine, rule(Emit("third")))
    pass_time(engine, days(3))
    assert (len(marks(engine)), reasons(engine)) == (1, ["done"])
    ((impact),) = preview.impacts
    assert (impact.fate, impact.reason) == ("finishes on it", "it finishes on release 1 already")


def test_exits_and_goals_of_a_pinned_run_are_those_of_its_definition(live):  # S5.3, S5.4
    engine = started(live, Wait(days(2)), MARK, exit="stop", goal=Goal("paid", within=days(9)))
    engine.record("bob", "start")
    changed(engine, rule(Wait(days(2)), MARK), mode="pin")
    engine.record("ann", "stop")
    pass_time(engine, days(3))
    engine.record("bob", "paid")
    with engine.store.reading() as reader:
        counted = {each.what for each in reader.tallies() if each.subject == "rule"}
    assert (reasons(engine), "goal reached" in counted) == (["exit"], True)


def test_a_pinned_run_that_wants_into_a_stage_that_is_gone_goes_on(live):  # S5.4
    engine = live(rule(Wait(days(2)), MoveTo("new"), MARK), parts={"stages": [Stage("new", phase="attract")]})
    engine.record("ann", "start")
    changed(engine, rule(OTHER), mode="pin")
    pass_time(engine, days(3))
    assert (len(marks(engine)), engine.customer("ann").stage("one")) == (1, None)


def test_an_earlier_definition_is_let_go_when_no_run_is_left(live):  # S5.4
    engine = started(live, Wait(days(2)), Branch(count("visit") == 2, then=[MARK]))
    new = rule(OTHER)
    changed(engine, new, mode="pin")
    assert engine._program.pinned.keys() == {("one", 1)}
    pass_time(engine, days(3))
    engine.close()
    engine = live(new, people=())
    assert engine._program.pinned == {}


# --- migrate ----------------------------------------------------------------------------------------------------------


def moving(answer):
    """A migration that gives this, and keeps what it was told."""
    told = []

    def migration(step, facts):
        told.append((step, facts))
        if isinstance(answer, Exception):
            raise answer
        return answer

    migration.told = told
    return migration


def migrated(live, answer, *steps):
    engine = started(live, Wait(days(2)), MARK, options={"migrations": {"m": moving(answer)}})
    preview = changed(engine, rule(*steps), mode="migrate", migration="m")
    pass_time(engine)
    return engine, preview


def test_a_migration_says_at_which_step_a_run_goes_on(live):  # S5.4
    engine, preview = migrated(live, "emit:other", Wait(days(2)), MARK, OTHER, Emit("last"))
    assert (marks(engine), marks(engine, type="other"), reasons(engine)) == ([], [START], ["done"])
    assert [(each.fate, each.to, each.runs) for each in preview.impacts] == [("moves", "emit:other", 1)]


def test_a_migration_may_have_a_step_taken_again(live):  # S5.4
    engine = started(live, MARK, Wait(days(2)), options={"migrations": {"m": moving("emit:mark")}})
    changed(engine, rule(MARK, Wait(days(1))), mode="migrate", migration="m")
    pass_time(engine, days(2))
    assert (len(marks(engine)), reasons(engine)) == (2, ["done"])


def test_a_migration_may_end_a_run(live):  # S5.4
    engine, preview = migrated(live, Exit("moved out"), Wait(days(2)), MARK)
    assert (reasons(engine), [each.fate for each in preview.impacts]) == (["exit: moved out"], ["exits"])


def test_a_migration_that_gives_nothing_leaves_it_to_follow(live):  # S5.4
    engine, _ = migrated(live, None, Wait(days(1)), MARK)
    pass_time(engine, days(1))
    assert marks(engine) == [START + days(1)]


def test_a_migration_is_told_what_the_run_is_about(live):  # S5.4
    migration = moving(None)
    engine = started(live, Send(message()), Wait(days(2)), MARK, options={"migrations": {"m": migration}})
    changed(engine, rule(Wait(days(1))), mode="migrate", migration="m")
    pass_time(engine)
    step, facts = migration.told[-1]
    assert (step, facts.waiting, facts.since, dict(facts.outcomes)) == ("wait", "time", START, {"hello": "sent"})
    assert (facts.properties["order"], facts.visited) == (7, {"send:hello", "wait"})
    assert "7" not in repr(facts)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ValueError("ann@example.com"), "the migration 'm' failed with ValueError"),
        ("nowhere", "the migration 'm' gave no step of the rule; known: emit:mark, wait"),
        (7, "the migration 'm' gave no step of the rule; known: emit:mark, wait"),
    ],
)
def test_a_run_whose_migration_gives_no_place_is_parked_and_says_why(live, answer, why):  # S4.3, S11.6
    engine, preview = migrated(live, answer, Wait(days(1)), MARK)
    ((_, what),) = engine.parked()
    assert (what.error, [each.fate for each in preview.impacts]) == (why, ["is parked"])
    pass_time(engine, days(9))
    assert (marks(engine), reasons(engine)) == ([], [None])


def test_a_run_goes_on_when_a_process_has_the_function_that_moves_it(live):  # S4.3, S11.6
    engine, _ = migrated(live, ValueError(), Wait(days(1)), OTHER, MARK)
    engine.close()
    without = live(rule(Wait(days(1)), OTHER, MARK), people=())
    ((_, what),) = without.replay_parked().failed
    assert what.error == "this engine has no function 'm': Engine(migrations={…})"
    without.close()
    engine = live(rule(Wait(days(1)), OTHER, MARK), people=(), migrations={"m": moving("emit:mark")})
    assert (engine.replay_parked().done, len(marks(engine)), marks(engine, type="other")) == (1, 1, [])


# --- preview ----------------------------------------------------------------------------------------------------------


def test_a_preview_counts_by_rule_and_step_and_changes_nothing(live, clock):  # S5.4
    steps = [Wait(days(4), id="short"), Wait(days(4), id="long"), Wait(days(4), id="past"), Wait(days(4), id="gone")]
    rules = [Rule(f"at {each.id}", when="start", then=[each, MARK]) for each in steps]
    engine = live(*rules, Rule("over", when="start", then=[Wait(days(9))]), people=("ann", "bob"))
    for each in ("ann", "bob"):
        engine.record(each, "start")
    clock.until(START + days(2))
    new = {"short": days(3), "long": days(9), "past": days(1), "kept": days(4)}
    after = [
        Rule(f"at {name}", when="start", was=["at gone"] if name == "kept" else (), then=[Wait(lasts, id=name), MARK])
        for name, lasts in new.items()
    ]
    before = state(engine)
    preview = engine.preview_release(journey(*after))
    assert state(engine) == before
    assert [(each.rule, each.step, each.fate, each.to, each.runs) for each in preview.impacts] == [
        ("at gone", "gone", "moves", "emit:mark", 2),
        ("at long", "long", "waits longer", "long", 2),
        ("at past", "past", "goes on", "past", 2),
        ("at short", "short", "waits shorter", "short", 2),
        ("over", "wait", "exits", None, 2),
    ]
    assert (preview.runs, preview.count("exits"), len(preview.impacts[0].examples)) == (10, 2, 2)
    assert "3 days instead of 4 days" in str(preview)


def state(engine):
    with engine.store.reading() as reader:
        return [*reader.all_customers()], reader.releases(), reader.definitions(), reader.meta()


def test_a_preview_looks_closely_at_waits_on_the_calendar(live, clock):  # S2.1, S5.4
    engine = started(live, Wait(days(60)), MARK)
    clock.until(START + days(40))
    preview = engine.preview_release(journey(rule(Wait(months(1)), MARK)))
    assert [each.fate for each in preview.impacts] == ["goes on"]


def test_a_preview_looks_at_what_has_arrived(live):  # S5.2, S5.4
    engine = started(live, WaitFor("go", timeout=days(9), given=event.n > 5), MARK)
    engine.record("ann", "go", {"n": 3})
    preview = engine.preview_release(journey(rule(WaitFor("go", timeout=days(9), given=event.n > 2), MARK)))
    assert [each.fate for each in preview.impacts] == ["goes on"]


def test_a_token_is_void_once_something_else_is_released(live):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    mine, other = journey(rule(Wait(days(3)), MARK)), journey(rule(Wait(days(4)), MARK))
    token = engine.preview_release(mine).token
    engine.release(other, confirm=engine.preview_release(other).token, by="eve")
    with pytest.raises(ReleaseRefused, match="another release may have been made"):
        engine.release(mine, confirm=token, by="chris")


@pytest.mark.parametrize("options", [{"mode": "pin"}, {"mode": "migrate", "migration": "m"}])
def test_a_token_is_for_its_own_mode(live, options):  # S5.4
    engine = started(live, Wait(days(2)), MARK, options={"migrations": {"m": moving(None)}})
    new = journey(rule(Wait(days(3)), MARK))
    with pytest.raises(ReleaseRefused):
        engine.release(new, confirm=engine.preview_release(new).token, by="chris", **options)


def test_what_is_at_work_cannot_be_released_again(live):
    engine = started(live, Wait(days(2)), MARK)
    same = journey(rule(Wait(days(2)), MARK))
    preview = engine.preview_release(same)
    assert not preview.changed
    with pytest.raises(ReleaseRefused, match="at work"):
        engine.release(same, confirm=preview.token, by="chris")


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (InvalidInput, {"mode": "jump"}),
        (InvalidInput, {"mode": "migrate"}),
        (InvalidInput, {"migration": "m"}),
        (UnknownName, {"mode": "migrate", "migration": "n"}),
    ],
)
def test_a_mode_that_makes_no_sense_is_refused(live, error, given):
    engine = started(live, Wait(days(2)), options={"migrations": {"m": moving(None)}})
    with pytest.raises(error):
        engine.preview_release(journey(rule(MARK)), **given)


def test_nobody_releases_anonymously(live):
    engine = started(live, Wait(days(2)))
    new = journey(rule(MARK))
    with pytest.raises(InvalidInput, match="by="):
        engine.release(new, confirm=engine.preview_release(new).token, by=" ")


def test_a_definition_that_contradicts_another_journey_is_refused(live):
    one, two = journey(rule(Send(message()))), journey(rule(Send(message())), name="two")
    engine = live(journeys=[one, two])
    with pytest.raises(JourneyError, match="cannot live together"):
        engine.preview_release(journey(rule(Send(message(priority=5)))))


# --- what is at work --------------------------------------------------------------------------------------------------


def test_releases_are_listed_with_who_and_when(live, clock):  # S5.4
    engine = started(live, Wait(days(2)))
    clock.until(START + days(1))
    changed(engine, rule(MARK), mode="pin")
    first, second = engine.releases("one")
    assert (first.number, first.opened, first.by, first.at_work) == (1, True, "", False)
    assert (second.number, second.mode, second.by, second.at, second.at_work) == (
        2, "pin", "chris", START + days(1), True,
    )  # fmt: skip
    assert str(second).endswith("pin, 2026-03-03 09:00:00 UTC by chris, at work")
    with pytest.raises(UnknownName):
        engine.releases("two")


def test_code_that_the_store_has_not_seen_is_released_by_opening(live):  # S5.4
    started(live, Wait(days(2)), MARK).close()
    engine = live(rule(Wait(days(1)), MARK), people=())
    pass_time(engine, days(1))
    assert marks(engine) == [START + days(1)]
    assert [(each.number, each.mode, each.opened) for each in engine.releases()] == [
        (1, "follow", True), (2, "follow", True),
    ]  # fmt: skip


def test_code_that_the_store_has_not_seen_waits_for_a_person_where_that_is_asked_for(live):  # S5.4
    started(live, Wait(days(2)), MARK).close()
    new = rule(Wait(days(1)), MARK)
    engine = live(new, people=(), release_on_open=False)
    assert len(engine.releases()) == 1
    changed(engine, new)
    assert len(engine.releases()) == 2


def test_an_old_process_that_starts_again_flips_nothing_back_and_says_so(live, caplog):  # S5.4: a rolling deployment
    old, new = rule(Wait(days(2)), MARK), rule(Wait(days(2)), OTHER)
    first = live(old)
    second = live(new, people=())
    first.record("ann", "start")  # by a process with the old code
    with caplog.at_level(logging.WARNING):
        third = live(old, people=())
    third.record("bob", "start")
    pass_time(third, days(3))
    assert len(second.releases()) == 2
    assert all(len(marks(each, who, type="other")) == 1 for each in (first, second, third) for who in ("ann", "bob"))
    assert first.parked_count() == 0
    assert "an earlier definition of one than is at work" in caplog.text


def test_a_journey_that_is_new_in_the_store_is_picked_up_by_running_processes(live):  # S5.4: a rolling deployment
    first = live(rule(MARK))
    second = live(
        journeys=[journey(rule(MARK)), journey(Rule("b", when="visit", then=[Wait(days(1)), OTHER]), name="two")],
        people=(),
    )
    second.record("ann", "visit")
    pass_time(first, days(2))
    first.record("bob", "visit")
    assert (len(marks(first, type="other")), first.parked_count(), len(first.customer("bob").runs)) == (1, 0, 1)


def test_two_journeys_that_share_a_message_are_released_by_opening_together(live):  # S5.4
    def both(priority):
        return [journey(rule(Wait(days(1)), Send(message(priority=priority))), name=name) for name in ("one", "two")]

    engine = live(journeys=both(1))
    engine.record("ann", "start")
    engine.close()
    engine = live(journeys=both(2), people=())
    pass_time(engine, days(2))
    assert handed(engine) == ["hello", "hello"]


def test_rollback_puts_to_work_what_was_at_work_before(live):  # S5.4
    engine = started(live, Wait(days(4)), MARK)
    changed(engine, rule(Wait(days(9)), OTHER))
    made = engine.rollback("one", by="eve")
    pass_time(engine, days(5))
    assert (marks(engine), marks(engine, type="other")) == ([START + days(4)], [])
    assert (made.number, made.back_to, made.by) == (3, 1, "eve")


def test_rolling_back_twice_goes_back_two(live):  # S5.4
    engine = live(rule(Emit("a")))
    for each in "bc":
        changed(engine, rule(Emit(each)))
    assert [engine.rollback("one", by="eve").back_to for _ in range(2)] == [2, 1]
    with pytest.raises(ReleaseRefused, match="no earlier definition"):
        engine.rollback("one", by="eve")
    assert engine.rollback("one", by="eve", to=3).back_to == 3


def test_rolling_back_to_what_is_not_there_is_refused(live):
    engine = live(rule(Emit("a")))
    with pytest.raises(UnknownName):
        engine.rollback("two", by="eve")
    with pytest.raises(UnknownName):
        engine.rollback("one", by="eve", to=7)


def test_what_is_at_work_in_a_form_of_a_newer_version_is_an_error_rather_than_a_guess(live):  # S11.6
    engine = live(rule(Emit("a")))
    with engine.store.transaction() as tx:
        row = tx.releases()[0]
        text = tx.definition(row.hash).replace('"version": 1', '"version": 99').replace('"version":1', '"version":99')
        tx.write(
            Changes(
                definitions=[("newer", "one", text, 0)],
                releases=[row._replace(no=2, number=2, hash="newer")],
            )
        )
    with pytest.raises(StoreTooNew, match="'one' that is at work cannot be read"):
        live(rule(Emit("a")), people=())


# --- the pass through everybody ---------------------------------------------------------------------------------------


def test_workers_bring_those_up_whose_wait_became_shorter(live, clock):  # S5.4
    people = [f"p{n}" for n in range(600)]
    engine = live(rule(Wait(days(9)), MARK), people=())
    for each in people:
        engine.record(each, "start")
    changed(engine, rule(Wait(days(2)), MARK))
    clock.until(START + days(2))
    engine.run_pending()
    assert all(marks(engine, each) == [START + days(2)] for each in people)


def test_a_journey_can_be_released_anew_in_a_world_of_the_test_kit():  # S5.4
    from touchpoint.testing import World

    with World([journey(rule(Wait(days(3)), MARK))]) as world:
        world.engine.record("ann", "start")
        changed(world.engine, rule(Wait(days(1)), MARK))
        world.advance(days(2))
        assert len(marks(world.engine)) == 1


def test_a_pass_that_is_cut_off_goes_on_where_it_was(live, clock, monkeypatch):  # S5.4, S11.6
    from touchpoint.engine import ground

    people = [f"p{n}" for n in range(600)]
    engine = live(rule(Wait(days(9)), MARK), people=())
    for each in people:
        engine.record(each, "start")
    changed(engine, rule(Wait(days(2)), MARK))
    batches = []

    def killed(unit):
        batches.append(1)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return pass_on(unit)

    pass_on = ground.pass_on
    monkeypatch.setattr(ground, "pass_on", killed)
    with pytest.raises(KeyboardInterrupt):
        engine.run_pending()
    engine.close()
    monkeypatch.setattr(ground, "pass_on", pass_on)
    engine = live(rule(Wait(days(2)), MARK), people=())
    with engine.store.reading() as reader:
        assert reader.meta()["release_pass"] == "[2,256]"
    clock.until(START + days(2))
    engine.run_pending()
    assert all(marks(engine, each) == [START + days(2)] for each in people)


def test_it_does_not_matter_who_looks_when(tmp_path):  # S11.5
    """Some are touched at once, some between two releases, some never: all end alike."""

    def told(looks):
        clock = VirtualClock(START)
        with engine_of(*first, clock=clock, channels=[MemoryChannel("email")]) as engine:
            engine.record("ann", "start", {"n": 1}, id="t")
            for n, rules in enumerate(later):
                clock.until(START + days(n + 1))
                changed(engine, *rules)
                if n in looks:
                    engine.customer("ann")
                    with engine.together() as unit:
                        unit.find("ann")
            pass_time(engine, days(30))
            timeline = [(each.type, each.at) for each in engine.customer("ann").timeline()]
            return timeline, reasons(engine), ends(engine)

    first = [rule(Wait(hours(20)), Emit("a"), Wait(days(9)), MARK, Wait(days(9)), OTHER)]
    later = [
        [rule(Wait(hours(20)), Emit("b"), Wait(hours(12), id="w", was="wait#2"), MARK, OTHER)],
        [rule(Emit("c"), Wait(days(1)), Emit("d"), MARK, Send(message()))],
        [rule(Emit("c"), Wait(days(20)), Emit("d"), name="new", was="r")],
    ]
    assert told(()) == told((0, 1, 2)) == told((1,)) == told((0,))


def test_a_release_is_one_short_transaction_whoever_is_in_the_journey(live):  # S5.4
    engine = live(rule(Wait(days(9)), MARK), people=())
    for n in range(50):
        engine.record(f"p{n}", "start")
    new = journey(rule(Wait(days(2)), MARK))
    token = engine.preview_release(new).token
    before = state(engine)
    engine.release(new, confirm=token, by="chris")
    assert state(engine)[0] == before[0]
