"""The gate answers at once where nothing rare is known: by the same rules, with the answer of all checks.

A plan may keep silent; it must never say anything else than the checks do.
"""

import sys
from contextlib import closing
from functools import lru_cache
from itertools import count

import attrs
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from playing import Played
from reference import generate
from reference.interpreter import run
from touchpoint import (
    Cap,
    CaseType,
    ConsentRule,
    ConsentRules,
    Content,
    Hold,
    HoldOut,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    SendWindow,
    Spacing,
    calendar_days,
    customer,
    days,
    hours,
    times,
)
from touchpoint.core import delivery, gate
from touchpoint.core.advance import advance
from touchpoint.core.gate import World, ask, decide
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.settling import settle
from touchpoint.core.state import Address, Profile, State
from touchpoint.durations import length
from touchpoint.errors import DefectiveJourney
from touchpoint.model.delivery import Accepted, Rate
from touchpoint.model.preference import Preferences
from touchpoint.policy.facts import ConsentFact, HandOver, Pause

HOUR = length(hours(1))
NOW = 20_000 * 24 * HOUR + 12 * HOUR
TROUBLE = CaseType("trouble")
KINDS = ("marketing", "service", "transactional")
CHANNELS = ("email", "sms")
POLICIES = (
    Policy(),
    Policy(
        Cap(2, per=days(7), kinds=["marketing"]), QuietHours("21:00", "08:00", unknown_zone="deny"),
        Hold(while_open=[TROUBLE], kinds=["marketing"], cool_off=days(2)),
    ),
    Policy(
        Cap(1, per=calendar_days(1), over="deny", attempts=True), Cap(3, per=days(2), channels=["sms"]),
        SendWindow(("09:00", "13:00"), ("15:00", "20:00"), unknown_zone="UTC", channels=["email"], over="deny"),
    ),
    Policy(Spacing(hours(4)), Cap(4, per=days(1)), ConsentRules([ConsentRule(kinds=["service"], needs="grant")])),
    Policy(Cap(2, per=days(7)), HoldOut("quiet", percent=50)),
)  # fmt: skip


def message(name, kind, **more):
    content = Content(subject="s", text=more.pop("text", "t"))
    return Message(name, why="t", kind=kind, channels=more.pop("channels", CHANNELS), content=content, **more)


MESSAGES = (
    *(message(kind, kind) for kind in KINDS),
    message("news", "marketing", topic="news", channels=["sms"]),
    message("exempt", "marketing", exempt=True),
    message("limited", "service", limit=times(1, per=days(3))),
    message("personal", "service", text="Hello {customer.name}"),
    message("brief", "service", expires=hours(30)),
    message("dropped", "marketing", on_release="drop"),
)
WORLDS = (
    World(channels={"email": frozenset({"email"}), "sms": frozenset({"phone"})}),
    World(channels={"email": frozenset({"email"})}),
    World(
        channels={"email": frozenset({"email"}), "sms": frozenset({"phone"})}, paused={"email": "broken"},
        standings={("phone", "+34"): ("suppressed", "gone")}, stopped={"service": "wrong"},
    ),
    World(
        channels={"email": frozenset({"email"}), "sms": frozenset({"phone"})},
        switches={("message", "news"): Pause("message", "news", "by hand")},
        standings={("opted out on email", "a@x"): ("opted out", "STOP")},
    ),
)  # fmt: skip


@lru_cache(maxsize=64)
def program_of(policy, sent, still):
    steps = [Send(MESSAGES[sent], still=(customer.age > 17) if still else None)]
    one = Journey("one", cases=[TROUBLE], rules=[Rule("r", when="act", then=steps, concurrency="parallel")])
    return compile_program([one], POLICIES[policy])


def mostly(usual, rare):
    """Nearly always what is usual, so that what is rare comes alone."""
    return st.integers(0, 9).flatmap(lambda n: rare if n == 9 else st.just(usual))


BOTH = [("email", "a@x", "active"), ("phone", "+34", "active")]
ADDRESSES = mostly(BOTH, st.lists(st.sampled_from([*BOTH, ("email", "b@x", "dormant")]), max_size=3))
GRANTED = ConsentFact(granted=True, at=0)
FACTS = st.builds(
    ConsentFact, st.booleans(), st.sampled_from([0, NOW - HOUR, NOW, NOW + HOUR]),
    st.sampled_from([None, NOW - HOUR, NOW + 12 * HOUR]),
)  # fmt: skip
CONSENTS = st.builds(
    lambda said: {("*", "*"): GRANTED, **said},
    st.dictionaries(
        st.tuples(st.sampled_from(["marketing", "service", "news", "*"]), st.sampled_from(["email", "sms", "*"])),
        FACTS,
        max_size=2,
    ),
)
HISTORY = st.lists(
    st.builds(
        lambda ago, name, kind, channel, counted, state: HandOver(
            NOW - ago * HOUR // 2, f"k{ago}", "one", name, kind, channel, counted, state
        ),
        st.integers(0, 400), st.sampled_from(["news", "limited"]), st.sampled_from(KINDS), st.sampled_from(CHANNELS),
        st.booleans(), st.sampled_from(["accepted", "accepted", "ambiguous", "refused", "in_flight"]),
    ),
    max_size=6,
)  # fmt: skip
PROFILES = st.builds(
    lambda traits, addresses, zones, consents, wishes: Profile(
        traits, [Address(kind, key, standing) for kind, key, standing in addresses], zones, None, consents, wishes
    ),
    st.sampled_from([{"age": 20}, {"age": 10, "name": "Ann"}]),
    ADDRESSES,
    st.sampled_from([("Europe/Madrid",), ("UTC",), ("America/New_York", "Asia/Tokyo"), ()]),
    CONSENTS,
    mostly(None, st.sampled_from([Preferences(channels_off=["email"]), Preferences(quiet=("10:00", "12:00"))])),
)
LATER = st.integers(0, 60).map(lambda n: NOW + n * HOUR // 2)


def told(asked):
    """What anybody may act on."""
    ruling = asked.ruling
    against = [
        (channel, [each for each in verdicts if each.answer != "allow"])
        for channel, verdicts in ruling.because
        if any(each.answer != "allow" for each in verdicts)
    ]
    return attrs.evolve(asked, ruling=attrs.evolve(ruling, because=())), against


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, len(POLICIES) - 1), st.integers(0, len(MESSAGES) - 1), mostly(False, st.just(True)), PROFILES,
    HISTORY, mostly(WORLDS[0], st.sampled_from(WORLDS)), LATER, st.data(),
)  # fmt: skip
def test_an_answer_at_once_is_that_of_all_checks(policy, sent, still, profile, history, world, now, data):  # S6.5
    program, state = program_of(policy, sent, still), State("ann", profile)
    state.history = sorted(history, key=lambda each: each.at)
    for act in data.draw(mostly(["a"], st.just(["a", "b"]))):
        advance(program, state, Occurrence(TOUCHPOINT, "act", NOW, act), NOW)
    pending = state.pending[-1]
    pending.refused = data.draw(mostly({}, st.just({"email": "no"})))
    state.closed = data.draw(mostly({}, st.just({"trouble": NOW - 24 * HOUR})))
    wall = data.draw(mostly(now, st.sampled_from([None, now - 9 * HOUR])))
    whole = ask(program, state, pending, world, now, wall)
    assert told(decide(program, state, pending, world, now, wall)) == told(whole)


EASY = Profile({}, [Address("email", "a@x")], ("UTC",), None, {("marketing", "*"): ConsentFact(granted=True, at=0)})


def waiting(policy=1, sent=0, now=NOW, profile=EASY, still=False):
    program, state = program_of(policy, sent, still), State("ann", profile)
    advance(program, state, Occurrence(TOUCHPOINT, "act", now, "t"), now)
    return program, state, state.pending[0], WORLDS[0], now


@pytest.mark.parametrize("sent", [0, 1, 2, 4, 7])
def test_what_nothing_stands_against_is_answered_at_once(sent):
    assert gate._at_once(*waiting(sent=sent), None).ruling.allowed


def full(state):
    state.history = [
        HandOver(NOW - n * HOUR, str(n), "one", "m", "marketing", "email", True, "accepted") for n in (9, 5)
    ]


def rival(state):
    """One that goes first needs the last place of the cap."""
    state.history = [HandOver(NOW - HOUR, "k", "one", "m", "marketing", "email", True, "accepted")]
    state.pending = (*state.pending, attrs.evolve(state.pending[0], key="r", priority=9, due=NOW + HOUR, no=2))


def by_hand(state):
    state.runs[0].rule = state.pending[0].rule = "@by hand/marketing"
    state.runs[0].trigger = attrs.evolve(state.runs[0].trigger, channel="sms")


RARE = {
    "expiry": lambda it: setattr(it.pending[0], "expires", NOW),
    "consent": lambda it: setattr(it, "profile", attrs.evolve(EASY, consents={})),
    "address": lambda it: setattr(it, "profile", attrs.evolve(EASY, addresses=[])),
    "dormant": lambda it: setattr(it, "profile", attrs.evolve(EASY, addresses=[Address("email", "a@x", "dormant")])),
    "preferences": lambda it: setattr(
        it, "profile", attrs.evolve(EASY, preferences=Preferences(channels_off=CHANNELS))
    ),
    "open case": lambda it: setattr(it, "cases", {"trouble": {"1": None}}),
    "closed case": lambda it: setattr(it, "closed", {"trouble": NOW - HOUR}),
    "cap": full,
    "arbitration": rival,
    "refused": lambda it: setattr(it.pending[0], "refused", {"email": "no"}),
    "in doubt": lambda it: (setattr(it.pending[0], "uncertain", True), setattr(it.pending[0], "channel", "sms")),
    "another release": lambda it: setattr(it.runs[0], "release", 1),
    "by hand": by_hand,
}
SWITCHED = {
    "opt-out": {"standings": {("opted out on email", "a@x"): ("opted out", "STOP")}},
    "suppressed": {"standings": {("email", "a@x"): ("suppressed", "gone")}},
    "paused": {"paused": {"email": "broken"}},
    "stopped": {"stopped": {"marketing": "wrong"}},
    "switched off": {"switches": {("journey", "one"): Pause("journey", "one", "by hand")}},
    "rates": {"rates": {"email": (Rate(1, per=hours(1)),)}},
}


@pytest.mark.parametrize("what", RARE)
def test_a_plan_keeps_silent_where_something_rare_is_known_of_the_customer_or_message(what):
    program, state, pending, world, now = waiting()
    assert gate._at_once(program, state, pending, world, now, None).ruling.allowed
    RARE[what](state)
    given = (program, state, pending, world, now, None)
    assert gate._at_once(*given) is None
    assert told(decide(*given)) == told(ask(*given))


@pytest.mark.parametrize("what", SWITCHED)
def test_a_plan_keeps_silent_where_something_rare_is_known_of_the_channels(what):
    program, state, pending, world, now = waiting()
    given = (program, state, pending, attrs.evolve(world, **SWITCHED[what]), now, None)
    assert gate._at_once(*given) is None
    assert told(decide(*given)) == told(ask(*given))


@pytest.mark.parametrize(("now", "wall"), [(NOW + 11 * HOUR, None), (NOW, NOW - 12 * HOUR)])
def test_a_plan_keeps_silent_at_night_on_the_customers_clock_and_on_the_wall(now, wall):  # S11.3
    given = (*waiting(now=now), wall)
    assert gate._at_once(*given) is None
    assert decide(*given).ruling.check == "quiet hours"


def test_a_plan_keeps_silent_where_words_use_what_they_may_not():  # S7.5
    program, *given = waiting()
    careful = attrs.evolve(program, misused={("marketing", "*"): ("age",)})
    assert gate._at_once(careful, *given, None) is None
    assert decide(careful, *given).ruling.check == "data use"


def test_a_plan_keeps_silent_where_a_step_asks_whether_it_is_still_wanted():  # S5.1
    given = waiting(still=True)
    assert gate._at_once(*given, None) is None
    assert decide(*given).ruling.check == "wanted"


def test_a_message_that_meets_more_has_no_plan():
    assert [gate._at_once(*waiting(policy), None) is None for policy in (0, 1, 3, 4)] == [False, False, True, True]
    assert gate._at_once(*waiting(sent=5), None) is None


def test_a_message_of_the_same_name_after_an_edit_has_a_plan_of_its_own():
    program, state, pending, world, now = waiting(sent=1)
    assert gate._at_once(program, state, pending, world, now, None) is not None
    pending.kind = "marketing"  # as it is where its definition has become promotional meanwhile
    state.profile = attrs.evolve(EASY, consents={})
    assert gate._at_once(program, state, pending, world, now, None) is None


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(generate.worlds())
def test_whatever_is_released_in_random_worlds_is_answered_as_when_all_is_asked(world):
    history, asked = world.history, []
    try:
        run(world.journeys, world.policy, history.customers, history.events, history.end)
    except DefectiveJourney:
        reject()

    def both(program, state, pending, world, now, wall):
        found = decide(program, state, pending, world, now, wall)
        asked.append(told(found) == told(ask(program, state, pending, world, now, wall)))
        return found

    with pytest.MonkeyPatch.context() as patch, closing(Played(world.journeys, world.policy, history)) as played:
        patch.setattr(delivery, "decide", both)
        played.play()
    assert all(asked)


# What a message's life costs, in calls.


def calls_of(work):
    """How many functions of Python are called, once everything that is kept is there."""
    work()
    counted = []
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _: counted.append(event) if event == "call" else None)
    try:
        work()
    finally:
        sys.setprofile(before)
    return len(counted)


def test_an_answer_at_once_takes_few_calls():
    given = waiting()
    assert calls_of(lambda: decide(*given)) <= 22
    assert calls_of(lambda: ask(*given)) > 50  # the same, asked of every check


def test_a_message_lives_in_few_calls():
    """From its trigger to the end of its run; how many each phase takes is printed by `python -m benchmarks.lives`."""
    program, ticks = program_of(1, 0, False), count()

    def live():
        state, world = State("ann", EASY), WORLDS[0]
        advance(program, state, Occurrence(TOUCHPOINT, "act", NOW, f"t{next(ticks)}"), NOW)
        ticket, _ = delivery.release(program, state, state.pending[0], world, delivery.Moment(NOW, 0.0, "m"))
        settle(program, state, ticket, Accepted(), world, NOW)
        assert not state.runs
        assert not state.pending

    assert calls_of(live) <= 82


def test_a_denial_takes_no_words_on_what_is_not_against_it():
    given = waiting(now=NOW + 11 * HOUR)
    assert calls_of(lambda: decide(*given)) < calls_of(lambda: ask(*given)) - 15
