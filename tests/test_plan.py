"""The gate answers at once where nothing rare is known: by the same rules, with the answer of all checks.

A plan may keep silent; it must never say anything else than the checks do, be it yes, no or later.
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
from touchpoint.core.objections import objections, verdicts
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.settling import settle
from touchpoint.core.state import Address, Profile, State
from touchpoint.durations import instant, length
from touchpoint.errors import DefectiveJourney
from touchpoint.model.delivery import Accepted, Rate
from touchpoint.model.preference import Preferences
from touchpoint.policy.checks import look_here, rule_here
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
    Policy(
        Spacing(hours(40)), Spacing(hours(9), channels=["sms"]), Cap(2, per=days(7)), Cap(1, per=days(2), over="deny"),
        Hold(while_open=None, kinds=["marketing", "service"], cool_off=days(1)),
    ),
)  # fmt: skip

MOSTLY_PLANNED = (0, 1, 1, 2, 2, 5, 5, 5, 4, 4, 3)
"""By their places: messages meet more than a plan knows in the last one."""


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
    message("uncounted", "marketing", counted=False),
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
        standings={("email on email", "a@x"): ("opted out", "STOP")},
    ),
    World(
        channels={"email": frozenset({"email"}), "sms": frozenset({"phone"})},
        standings={("email", "a@x"): ("suppressed", "gone"), ("phone on sms", "+34"): ("opted out", "STOP")},
        rates={"sms": (Rate(1, per=hours(1)),)},
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
        st.integers(0, 330), st.sampled_from(["news", "limited"]), mostly("marketing", st.sampled_from(KINDS)),
        st.sampled_from(CHANNELS), mostly(True, st.just(False)),
        st.sampled_from(["accepted", "accepted", "ambiguous", "refused", "in_flight"]),
    ),
    max_size=6,
)  # fmt: skip
WISHES = (
    Preferences(channels_off=["email"]), Preferences(quiet=("10:00", "12:00")), Preferences(topics_off=["news"]),
    Preferences(topics_off=["marketing"]), Preferences(at_most=(1, days(3))), Preferences(topics_off=["other"]),
    Preferences(snooze_until=instant(NOW + 10 * HOUR)),
)  # fmt: skip
PROFILES = st.builds(
    lambda traits, addresses, zones, consents, wishes: Profile(
        traits, [Address(kind, key, standing) for kind, key, standing in addresses], zones, None, consents, wishes
    ),
    st.sampled_from([{"age": 20}, {"age": 10, "name": "Ann"}]),
    ADDRESSES,
    st.sampled_from([("Europe/Madrid",), ("UTC",), ("America/New_York", "Asia/Tokyo"), ()]),
    CONSENTS,
    mostly(None, st.sampled_from(WISHES)),
)
LATER = st.integers(0, 60).map(lambda n: NOW + n * HOUR // 2)
CASES = mostly(
    ({}, {}),
    st.tuples(
        st.sampled_from([{}, {"trouble": {"1": None}}]),
        st.sampled_from([{}, {"trouble": NOW - 24 * HOUR}, {"trouble": NOW - 20 * HOUR, "other": NOW}]),
    ),
)


def told(asked):
    """What anybody may act on, without what speaks for a message."""
    ruling = asked.ruling
    against = [
        (channel, [each for each in verdicts if each.answer != "allow"])
        for channel, verdicts in ruling.because
        if any(each.answer != "allow" for each in verdicts)
    ]
    return attrs.evolve(asked, ruling=attrs.evolve(ruling, because=())), against


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(MOSTLY_PLANNED), st.integers(0, len(MESSAGES) - 1), mostly(False, st.just(True)), PROFILES,
    HISTORY, mostly(WORLDS[0], st.sampled_from(WORLDS)), LATER, st.data(),
)  # fmt: skip
def test_an_answer_at_once_is_that_of_all_checks(policy, sent, still, profile, history, world, now, data):  # S6.5
    program, state = program_of(policy, sent, still), State("ann", profile)
    state.history = tuple(sorted(history, key=lambda each: each.at))
    for act in data.draw(mostly(["a"], st.just(["a", "b"]))):
        advance(program, state, Occurrence(TOUCHPOINT, "act", NOW, act), NOW)
    pending = state.pending[-1]
    if len(state.pending) > 1:
        state.pending[0].due = data.draw(st.sampled_from([NOW, now + 2 * HOUR, now + 40 * HOUR]))
        state.pending[0].priority = data.draw(st.sampled_from([0, 5]))
        pending.due = data.draw(mostly(NOW, st.just(now + 9 * HOUR)))  # as where somebody asks beforehand
    pending.refused = data.draw(mostly({}, st.just({"email": "no"})))
    pending.cases = data.draw(mostly(None, st.just([["trouble", "1"]])))
    state.cases, state.closed = data.draw(CASES)
    wall = data.draw(mostly(now, st.sampled_from([None, now - 9 * HOUR])))
    given = (program, state, pending, world, now, wall)
    whole = told(gate._ask(*given, rule_here))
    assert told(decide(*given)) == told(ask(*given)) == whole
    for look, all_checks in ((objections, look_here), (verdicts, rule_here)):
        short, long = gate._at_once(*given, look), gate._ask(*given, all_checks)
        assert told(long) == whole
        if short is not None:  # to the byte: with what was asked of every channel, its words, values and instants
            assert short == long
            assert short.ruling.to_record() == long.ruling.to_record()
            assert short.words == long.words


def at_once(*given):
    """What a plan has against a message; None where it keeps silent."""
    return gate._at_once(*given, objections)


def released(given, decide):
    """What a release leaves: what follows, what is kept with the message, and the trace."""
    program, state, pending, world, now, _ = given
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "decide", decide)
        ticket, decision = delivery.release(program, state, pending, world, delivery.Moment(now, 0.0, "m"))
    return ticket, decision.trace, repr(decision.effects), pending.reasons, pending.due, pending.status, repr(state)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(MOSTLY_PLANNED), st.integers(0, len(MESSAGES) - 1), PROFILES, HISTORY, LATER, CASES)
def test_what_follows_from_an_answer_at_once_is_what_follows_from_that_of_all_checks(
    policy, sent, profile, history, now, cases
):  # S6.5
    program, left = program_of(policy, sent, False), []
    for answer in (decide, lambda *given: gate._ask(*given, look_here)):
        state = State("ann", profile)
        state.history = tuple(sorted(history, key=lambda each: each.at))
        advance(program, state, Occurrence(TOUCHPOINT, "act", NOW, "a"), NOW)
        state.cases, state.closed = cases
        left.append(released((program, state, state.pending[0], WORLDS[0], now, now), answer))
    assert left[0] == left[1]


EASY = Profile({}, [Address("email", "a@x")], ("UTC",), None, {("marketing", "*"): ConsentFact(granted=True, at=0)})


def waiting(policy=1, sent=0, now=NOW, profile=EASY, still=False):
    program, state = program_of(policy, sent, still), State("ann", profile)
    advance(program, state, Occurrence(TOUCHPOINT, "act", now, "t"), now)
    return program, state, state.pending[0], WORLDS[0], now


@pytest.mark.parametrize("sent", [0, 1, 2, 4, 7])
def test_what_nothing_stands_against_is_answered_at_once(sent):
    assert at_once(*waiting(sent=sent), None).ruling.allowed


def full(state):
    state.history = [
        HandOver(NOW - n * HOUR, str(n), "one", "m", "marketing", "email", True, "accepted") for n in (9, 5)
    ]


def rival(state):
    """One that goes first needs the last place of the cap."""
    state.history = [HandOver(NOW - HOUR, "k", "one", "m", "marketing", "email", True, "accepted")]
    state.pending = (*state.pending, attrs.evolve(state.pending[0], key="r", priority=9, due=NOW + HOUR, no=2))


def rival_before(state):
    """It is asked before its time, and one that is due before goes first."""
    rival(state)
    state.pending[1].priority = state.pending[0].priority
    state.pending[0].due = NOW + 2 * HOUR


def rival_for_a_case(state):
    """One that makes good an open case, which holds another kind, goes first."""
    rival(state)
    state.pending[1].priority, state.pending[1].kind = 0, "service"
    state.pending[1].cases, state.cases = [["other", "1"]], {"other": {"1": None}}


def by_hand(state):
    state.runs[0].rule = state.pending[0].rule = "@by hand/marketing"
    state.runs[0].trigger = attrs.evolve(state.runs[0].trigger, channel="sms")


def without_consent(state, **said):
    state.profile = attrs.evolve(EASY, consents={("marketing", "*"): ConsentFact(**said)} if said else {})


USUAL = {
    "expiry": lambda it: setattr(it.pending[0], "expires", NOW),
    "consent": without_consent,
    "lapsed consent": lambda it: without_consent(it, granted=True, at=0, expires_at=NOW - HOUR),
    "withdrawn consent": lambda it: without_consent(it, granted=False, at=NOW - HOUR),
    "address": lambda it: setattr(it, "profile", attrs.evolve(EASY, addresses=[])),
    "dormant": lambda it: setattr(it, "profile", attrs.evolve(EASY, addresses=[Address("email", "a@x", "dormant")])),
    "open case": lambda it: setattr(it, "cases", {"trouble": {"1": None}}),
    "closed case": lambda it: setattr(it, "closed", {"trouble": NOW - HOUR}),
    "cap": full,
}
RARE = {
    "preferences": lambda it: setattr(
        it, "profile", attrs.evolve(EASY, preferences=Preferences(channels_off=CHANNELS))
    ),
    "arbitration": rival,
    "arbitration beforehand": rival_before,
    "arbitration because of a case": rival_for_a_case,
    "refused": lambda it: setattr(it.pending[0], "refused", {"email": "no"}),
    "in doubt": lambda it: (setattr(it.pending[0], "uncertain", True), setattr(it.pending[0], "channel", "sms")),
    "another release": lambda it: setattr(it.runs[0], "release", 1),
    "by hand": by_hand,
}
STANDING = {
    "opt-out": {"standings": {("email on email", "a@x"): ("opted out", "STOP")}},
    "suppressed": {"standings": {("email", "a@x"): ("suppressed", "gone")}},
}
SWITCHED = {
    "paused": {"paused": {"email": "broken"}},
    "stopped": {"stopped": {"marketing": "wrong"}},
    "switched off": {"switches": {("journey", "one"): Pause("journey", "one", "by hand")}},
    "paced": {"rates": {"email": (Rate(1, per=hours(1)),)}, "paces": {"email account": [NOW + HOUR, 0, []]}},
    "not configured": {"channels": {}},
}


@pytest.mark.parametrize("what", USUAL)
def test_a_plan_says_what_the_checks_say_of_what_usually_stands_against_a_message(what):  # S6.5
    program, state, pending, world, now = waiting()
    USUAL[what](state)
    given = (program, state, pending, world, now, None)
    found = at_once(*given)
    assert not found.ruling.allowed
    assert found == gate._ask(*given, look_here)
    assert told(found) == told(ask(*given))


@pytest.mark.parametrize("what", STANDING)
def test_a_plan_says_what_the_checks_say_of_how_an_address_stands(what):  # S7.3
    program, state, pending, world, now = waiting(sent=4)
    given = (program, state, pending, attrs.evolve(world, **STANDING[what]), now, None)
    found = at_once(*given)
    assert not found.ruling.allowed
    assert found == gate._ask(*given, look_here)


def test_a_plan_lets_another_channel_do_where_one_denies():  # S6.5
    given = waiting()
    given[1].profile = attrs.evolve(EASY, addresses=[Address("phone", "+34")])
    found = at_once(*given, None)
    assert (found.channel, found.address.key, found.words.text) == ("sms", "+34", "t")
    assert [channel for channel, _ in found.ruling.because] == ["email", "sms"]


@pytest.mark.parametrize("what", RARE)
def test_a_plan_keeps_silent_where_something_rare_is_known_of_the_customer_or_message(what):
    program, state, pending, world, now = waiting()
    assert at_once(program, state, pending, world, now, None).ruling.allowed
    RARE[what](state)
    given = (program, state, pending, world, now, None)
    assert at_once(*given) is None
    assert told(decide(*given)) == told(ask(*given))


def test_a_plan_knows_that_what_is_due_goes_before_what_is_to_come():  # S6.6
    given = waiting()
    rival(given[1])
    given[1].pending[1].priority = given[1].pending[0].priority
    assert at_once(*given, None).ruling.allowed
    assert told(at_once(*given, None)) == told(gate._ask(*given, None, look_here))


@pytest.mark.parametrize("what", SWITCHED)
def test_a_plan_keeps_silent_where_something_rare_is_known_of_the_channels(what):
    program, state, pending, world, now = waiting()
    given = (program, state, pending, attrs.evolve(world, **SWITCHED[what]), now, None)
    assert at_once(*given) is None
    assert told(decide(*given)) == told(ask(*given))


def test_a_plan_puts_off_at_night_and_keeps_silent_where_it_is_night_on_the_wall_alone():  # S11.3
    night, wall = (*waiting(now=NOW + 11 * HOUR), None), (*waiting(), NOW - 12 * HOUR)
    assert at_once(*night) == gate._ask(*night, look_here)
    assert at_once(*wall) is None
    assert [decide(*given).ruling.check for given in (night, wall)] == ["quiet hours", "quiet hours"]


def test_a_plan_keeps_silent_where_words_use_what_they_may_not():  # S7.5
    program, *given = waiting()
    careful = attrs.evolve(program)
    careful.misused = {("marketing", "*"): ("age",)}
    assert at_once(careful, *given, None) is None
    assert decide(careful, *given).ruling.check == "data use"


def test_a_plan_keeps_silent_where_a_step_asks_whether_it_is_still_wanted():  # S5.1
    given = waiting(still=True)
    assert at_once(*given, None) is None
    assert decide(*given).ruling.check == "wanted"


def test_a_plan_answers_where_it_is_still_wanted():  # S5.1
    given = waiting(still=True, profile=attrs.evolve(EASY, traits={"age": 20}))
    assert at_once(*given, None).ruling.allowed


@pytest.mark.parametrize("wishes", WISHES)
def test_a_plan_keeps_silent_where_the_customers_wishes_concern_its_message(wishes):  # S7.4
    consents, phone = {("news", "*"): GRANTED}, [Address("phone", "+34")]
    given = waiting(sent=3, profile=attrs.evolve(EASY, addresses=phone, consents=consents, preferences=wishes))
    concerned = wishes.topics_off != ("other",) and wishes.channels_off != ("email",)  # it goes by sms
    assert (at_once(*given, None) is None) is concerned
    assert told(decide(*given)) == told(gate._ask(*given, None, rule_here))


def test_a_message_that_meets_more_has_no_plan():
    assert [at_once(*waiting(policy), None) is None for policy in (0, 1, 3)] == [False, False, True]
    assert at_once(*waiting(sent=5), None) is None


def test_a_plan_keeps_silent_for_customers_in_a_hold_out_alone():  # S6.5
    found = set()
    for number in range(20):
        program, state, pending, world, now = waiting(policy=4)
        state.id = f"c{number}"
        given = (program, state, pending, world, now, None)
        held = decide(*given).ruling.check == "hold-out"
        found.add(held)
        assert (at_once(*given) is None) is held
        assert told(decide(*given)) == told(gate._ask(*given, look_here))
    assert found == {True, False}


@pytest.mark.parametrize("what", [
    {"stopped": {"another": "wrong"}}, {"switches": {("message", "another"): Pause("message", "another", "by hand")}},
])  # fmt: skip
def test_a_plan_answers_where_only_another_message_is_switched_off(what):  # S11.8
    program, state, pending, world, now = waiting()
    given = (program, state, pending, attrs.evolve(world, **what), now, None)
    assert at_once(*given).ruling.allowed
    assert told(at_once(*given)) == told(gate._ask(*given, look_here))


def test_a_plan_keeps_silent_where_the_message_is_of_another_kind_since_an_edit():
    program, state, pending, world, now = waiting(sent=1)
    assert at_once(program, state, pending, world, now, None).ruling.allowed
    pending.kind = "marketing"  # as it is where its definition has become promotional meanwhile
    state.profile = attrs.evolve(EASY, consents={})
    assert at_once(program, state, pending, world, now, None) is None
    assert decide(program, state, pending, world, now).ruling.check == "consent"


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


NEAR = st.lists(
    st.builds(
        lambda ago, key, state, counted: HandOver(
            NOW - ago * HOUR, f"k{key}", "one", f"m{key}", "marketing", "email", counted, state
        ),
        st.integers(150, 180) | st.integers(-2, 200), st.integers(0, 4),
        st.sampled_from(["accepted", "accepted", "refused"]), mostly(True, st.just(False)),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=300)
@given(
    NEAR, st.integers(1, 3), st.sampled_from([days(7), hours(30), calendar_days(1), calendar_days(7)]), st.booleans(),
)  # fmt: skip
def test_a_cap_is_full_where_as_many_as_it_allows_are_in_its_period(near, n, per, attempts):  # S6.6
    program = compile_program(
        [Journey("one", cases=[TROUBLE], rules=[Rule("r", when="act", then=[Send(MESSAGES[0])])])],
        Policy(Cap(n, per=per, attempts=attempts)),
    )
    state = State("ann", EASY)
    advance(program, state, Occurrence(TOUCHPOINT, "act", NOW, "t"), NOW)
    state.pending[0].key = "k0"
    state.history = tuple(sorted(near, key=lambda each: each.at))
    given = (program, state, state.pending[0], WORLDS[0], NOW, None)
    counted = [each for each in gate._ask(*given, rule_here).ruling.because[0][1] if each.check == "cap"]
    assert [each.answer for each in counted] in (["allow"], ["defer"])
    assert (counted[0].values["taken"] >= n) is (counted[0].answer == "defer")
    against = [] if counted[0].answer == "allow" else counted
    assert told(at_once(*given))[1] == ([("email", against)] if against else [])


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
    assert calls_of(lambda: decide(*given)) <= 15
    assert calls_of(lambda: ask(*given)) <= 36  # the same, with what speaks for it
    assert calls_of(lambda: gate._ask(*given, None, rule_here)) > 50  # and asked of every check


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


def held_by_case(state):
    state.cases = {"trouble": {"1": None}}


@pytest.mark.parametrize(
    ("hour", "against", "most"),
    [(11, lambda _: None, 20), (0, full, 29), (0, held_by_case, 25)],
    ids=["quiet hours", "cap", "hold"],
)
def test_an_objection_takes_few_calls_more_than_none(hour, against, most):
    given = waiting(now=NOW + hour * HOUR)
    against(given[1])
    assert not decide(*given).ruling.allowed
    assert calls_of(lambda: decide(*given)) <= most


def test_a_denial_on_two_channels_takes_few_calls():
    given = waiting()
    without_consent(given[1])
    assert calls_of(lambda: decide(*given)) <= 56


def test_a_denial_with_the_end_of_its_run_takes_few_calls():
    """One channel; how long it takes is printed by `python -m benchmarks.lives`."""
    program, ticks = program_of(1, 3, False), count()

    def denied():
        state = State("ann", attrs.evolve(EASY, consents={}))
        advance(program, state, Occurrence(TOUCHPOINT, "act", NOW, f"t{next(ticks)}"), NOW)
        delivery.release(program, state, state.pending[0], WORLDS[0], delivery.Moment(NOW, 0.0, "m"))
        assert not state.runs

    assert calls_of(denied) <= 104
