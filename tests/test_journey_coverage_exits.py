"""Journey coverage: by which exit a rule was left, where only the kind of what happened is recorded."""

from making import engine_of, journey, message, pass_time
from touchpoint import ConsentChanged, Enrol, Joined, Rule, Segment, Send, SetTrait, TraitChanged, Wait, customer, days
from touchpoint.lab.coverage import Coverage


def exits(*exit_, acts, more=(), **parts):
    """The exits seen of a rule that waits, after these acts on an engine."""
    waiting = Rule("r", when="start", exit=list(exit_), then=[Wait(days(9)), Send(message())])
    engine = engine_of(journeys=[journey(waiting, *more, **parts)])
    for act in (lambda each: each.record("ann", "start"), *acts):
        act(engine)
        pass_time(engine)
    found = Coverage.of(engine.journeys)
    found.collect(engine)
    return {each.removeprefix("one/rules/r/exits/") for each in found.hits if "/r/exits/" in each}


def record(type):
    return lambda engine: engine.record("ann", type)


def test_an_exit_by_a_trait_that_the_host_changed_is_seen():
    acts = [lambda engine: engine.identify("ann", traits={"tier": "gold"})]
    assert exits(TraitChanged("tier"), "cancelled", acts=acts) == {"trait tier changed"}


def test_an_exit_by_a_trait_that_a_step_set_is_seen():
    sets = Rule("set", when="ordered", then=[SetTrait("tier", "gold")])
    assert exits(TraitChanged("tier"), "cancelled", acts=[record("ordered")], more=[sets]) == {"trait tier changed"}
    assert exits(TraitChanged("tier"), "cancelled", acts=[record("cancelled")], more=[sets]) == {"cancelled"}


def test_an_exit_by_consent_is_seen():
    found = exits(ConsentChanged(), "cancelled", acts=[lambda engine: engine.withdraw("ann", "marketing")])
    assert found == {str(ConsentChanged())}


def test_an_exit_by_a_segment_is_seen():
    gold = Segment("gold", customer.tier == "gold")
    acts = [lambda engine: engine.identify("ann", traits={"tier": "gold"})]
    assert exits(Joined("gold"), "cancelled", acts=acts, segments=[gold]) == {str(Joined("gold"))}


def test_where_two_exits_come_into_question_neither_counts():
    sets = Rule("set", when="cancelled", then=[SetTrait("tier", "gold")])
    assert exits(TraitChanged("tier"), TraitChanged("level"), acts=[record("cancelled")], more=[sets]) == set()


def test_a_rule_that_another_one_puts_people_into_is_seen_to_start():
    target = Rule("target", then=[Send(message("welcome"))])
    engine = engine_of(journeys=[journey(Rule("go", when="start", then=[Enrol("target")]), target)])
    engine.record("ann", "start")
    pass_time(engine)
    found = Coverage.of(engine.journeys)
    found.collect(engine)
    assert "one/rules/target/started" in found.hits
