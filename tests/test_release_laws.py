"""Laws of releases over random edits of random journeys in the midst of random histories (S5.4, S11.5, S11.6)."""

from collections import Counter
from contextlib import closing
from datetime import timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from making import START, engine_of, message, pass_time
from touchpoint import (
    Branch,
    Emit,
    Journey,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    count,
    days,
    hours,
    trigger,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel
from touchpoint.stores.codec import loads

NAMES = ["a", "b", "c", "d", "e", "f", "g"]
LAW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SENDS = {name: message(f"m{name}") for name in NAMES}
LENGTHS = st.sampled_from([hours(6), days(1), days(2), days(4)])


@st.composite
def steps_of(draw, names, depth=0):
    """Steps whose ids are these names; which kind each has goes by its name, so that edits keep most of them."""
    made = []
    while names and draw(st.booleans()):
        name = names.pop(0)
        made.append(draw(step_of(name, names, depth)))
    return made


@st.composite
def step_of(draw, name, names, depth):
    kind = NAMES.index(name) % 5
    inner = {"then": draw(steps_of(names, depth + 1)), "otherwise": draw(steps_of(names, depth + 1))}
    arms = inner if depth < 2 else {}
    match kind:
        case 0:
            return Wait(draw(LENGTHS), id=name)
        case 1:
            return Send(SENDS[name], id=name)
        case 2:
            return WaitFor("go", timeout=draw(LENGTHS), id=name, **arms)
        case 3:
            return Branch(trigger.n >= draw(st.integers(0, 2)), id=name, **arms)
        case _:
            return WaitUntil(count("go") >= draw(st.integers(1, 3)), timeout=draw(LENGTHS), id=name, **arms)


@st.composite
def versions(draw):
    """A journey several times over: steps in another order, of other lengths, gone, new, in and out of arms."""
    made = []
    for _ in range(draw(st.integers(2, 3))):
        rules = []
        for name in ["r", "s"] if draw(st.integers(0, 4)) else ["r"]:
            names = draw(st.permutations(NAMES))[: draw(st.integers(2, len(NAMES)))]
            steps = [Wait(draw(LENGTHS), id="first"), *draw(steps_of(list(names))), Emit("end", id="end")]
            rules.append(Rule(name, when="start", then=steps))
        made.append(Journey("j", rules=rules))
    return made


def live(journeys, acts, looks, mode="follow"):
    """What is told of everybody after a history in which the journey is released anew; and what previews have said."""
    clock, said = VirtualClock(START), []
    with closing(
        engine_of(journeys=[journeys[0]], clock=clock, channels=[MemoryChannel("email")], people=("ann", "bob"))
    ) as engine:
        for n, (who, what, wait) in enumerate(acts):
            engine.record(who, what, {"n": n % 3}, id=f"t{n}")
            pass_time(engine, wait)
            if n < len(journeys) - 1:
                new = journeys[n + 1]
                preview = engine.preview_release(new, mode=mode)
                if preview.changed:
                    engine.release(new, confirm=preview.token, by="law", mode=mode)
                    said.append((preview, fates(engine) if n in looks else None))
        pass_time(engine, days(60))
        return [told(engine, who) for who in ("ann", "bob")], said


def fates(engine):
    """What the release has made of the runs: the lines of the traces."""
    found = Counter()
    with engine.together() as unit:  # they are met; nothing is handed over
        for who in ("ann", "bob"):
            unit.find(who)
    with engine.store.reading() as reader:
        for row in reader.customers(["ann", "bob"]):
            number = engine.releases("j")[-1].number
            edits = [entry for entry in reader.journal(row.no) if entry.kind == "edit"]
            newest = [entry for entry in edits if loads(entry.body) == {"release": number}]
            for entry in newest:
                found.update(line[4] for line in loads(entry.trace or "[]") if line[0] == "edited")
    return found


def told(engine, who):
    view = engine.customer(who)
    keys = [(each.key, each.name, each.status) for each in view.messages]
    timeline = [(each.type, each.at) for each in view.timeline()]
    return timeline, keys, [(each.rule, each.reason) for each in view.runs]


ACTS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(["start", "start", "go"]), LENGTHS),
    min_size=3,
    max_size=7,
)


@LAW
@given(versions(), ACTS)
def test_who_looks_when_makes_no_difference(journeys, acts):  # S11.5
    assert live(journeys, acts, ())[0] == live(journeys, acts, (0, 1, 2))[0]


@LAW
@given(versions(), ACTS, st.sampled_from(["follow", "pin"]))
def test_no_run_takes_a_send_twice_and_everybody_comes_to_an_end(journeys, acts, mode):  # S11.6
    for _, keys, runs in live(journeys, acts, (), mode)[0]:
        assert len({key for key, *_ in keys}) == len(keys)
        assert all(status in ("sent", "withdrawn") for *_, status in keys)
        assert all(reason in ("done", "changed") for _, reason in runs)
        event(f"{mode}: {sorted(set(runs))}")


@LAW
@given(versions(), ACTS)
def test_a_preview_says_what_the_release_does(journeys, acts):  # S5.4
    for preview, done in live(journeys, acts, (0, 1, 2))[1]:
        foreseen = Counter()
        for each in preview.impacts:
            if each.fate not in ("stays", "finishes on it"):
                foreseen[each.fate] += each.runs
        event(str(sorted(foreseen)))
        # A condition that holds by now is asked in the round of the release, and counts as no fate.
        assert foreseen == done


def test_a_pinned_run_lives_as_if_nothing_had_been_released():  # S5.4
    old = Journey("j", rules=[Rule("r", when="start", then=[
        Wait(days(2)), Send(SENDS["a"]), WaitFor("go", timeout=days(3), then=[Send(SENDS["b"])], otherwise=[Emit("o")]),
    ])])  # fmt: skip
    new = Journey("j", rules=[Rule("r", when="other", then=[Emit("x")])])
    acts = [("ann", "start", days(1)), ("bob", "go", days(2)), ("ann", "go", timedelta(days=1))]
    assert live([old, new], acts, (), "pin")[0][0] == live([old], acts, ())[0][0]
