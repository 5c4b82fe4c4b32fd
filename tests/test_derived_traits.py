"""What steps make of traits is as private as these: which of them is behind what (S7.5)."""

import pytest

from making import journey
from touchpoint import (
    Anniversary,
    Branch,
    Call,
    Emit,
    Rule,
    Segment,
    SetTrait,
    TraitChanged,
    WaitFor,
    collected,
    count,
    customer,
    event,
    forever,
    hours,
    in_segment,
    last,
    result,
    total,
    trigger,
)
from touchpoint.journey.derived import derived_of

ILL = {("one", "ill"): customer.illness == "gout", ("one", "both"): in_segment("ill") & (customer.age > 60)}


def derived(*steps, **parts):
    return derived_of([journey(Rule("r", when="start", then=list(steps), **parts))], ILL)


def traits(value):
    """Those behind a trait that is set to this, where a touchpoint `told` carries an illness and `seen` an age."""
    emitting = (Emit("told", {"what": customer.illness, "plain": 1}), Emit("seen", {"age": customer.age}))
    calling = Call("score", {"of": customer.income})
    rule = Rule("r", when=["start"], then=[*emitting, calling, SetTrait("made", value)])
    segments = [Segment(name, condition) for (_, name), condition in ILL.items()]
    return derived_of([journey(rule, segments=segments)], ILL).traits.get("made", ())


@pytest.mark.parametrize(
    ("value", "behind"),
    [
        (1, ()),
        (customer.name, ("name",)),
        (customer.age + customer.bonus, ("age", "bonus")),
        (in_segment("ill"), ("illness",)),
        (in_segment("both"), ("age", "illness")),
        (trigger.what, ("illness",)),
        (event.age * 2, ("age",)),
        (trigger.plain, ()),
        (trigger.other, ()),
        (last("told").what, ("illness",)),
        (last("told").plain, ()),
        (last("start").what, ()),
        (total("seen", of="age"), ("age",)),
        (total("other", of="age"), ()),
        (count("told", where=event.what == "gout"), ("illness",)),
        (count("other", where=event.what == "gout"), ()),
        (count("order", where=event.size == customer.size), ("size",)),
        (result("score").points, ("income",)),
        (result("score"), ("income",)),
    ],
)
def test_a_value_has_behind_it_what_it_is_computed_of(value, behind):
    assert traits(value) == behind


def test_what_was_collected_may_be_any_touchpoint():
    rule = Rule("r", when="told", collect=hours(1), then=[SetTrait("made", collected.last.what)])
    emitting = Rule("e", when="start", then=[Emit("told", {"what": customer.illness})])
    assert derived_of([journey(rule, emitting)], {}).traits == {"made": ("illness",)}


def test_what_an_event_tells_of_a_trait_by_itself_is_followed_as_well():
    copying = Rule("r", when=TraitChanged("illness"), then=[SetTrait("a", trigger.value), SetTrait("b", 1)])
    waiting = Rule("w", when="x", then=[WaitFor(TraitChanged("age"), forever), SetTrait("c", event.before)])
    party = Rule("p", when=Anniversary("born"), then=[Emit("party", {"years": trigger.years})])
    found = derived_of([journey(copying, waiting, party)], {})
    assert found.traits == {"a": ("illness",), "c": ("age",)}
    assert found.properties == {("party", "years"): ("born",)}


def test_it_is_followed_at_second_hand_and_in_circles():
    found = derived(SetTrait("b", customer.c), SetTrait("a", customer.b), SetTrait("c", customer.a))
    assert found.traits == dict.fromkeys("abc", ("a", "b", "c"))


def test_what_a_branch_leads_to_is_not_followed():
    assert derived(Branch(customer.illness == "gout", then=[SetTrait("a", 1)])).traits == {}


def test_steps_in_arms_and_other_journeys_count_too():
    inner = journey(Rule("r", when="x", then=[Branch(event.n > 1, then=[SetTrait("a", customer.b)])]))
    other = journey(Rule("s", when="x", then=[SetTrait("b", customer.secret)]), name="two")
    assert derived_of([inner, other], {}).traits == {"a": ("b", "secret"), "b": ("secret",)}
