"""The gate's combination of checks: what each check says, and what becomes of all that they say."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core.state import Address
from touchpoint.durations import days, hours, length, micros
from touchpoint.journey.policy import Cap, Hold, Policy, Spacing
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.model.limits import times
from touchpoint.model.message import Gift, Message
from touchpoint.model.preference import Preferences
from touchpoint.policy.arbitration import arbitration_order
from touchpoint.policy.binding import bind
from touchpoint.policy.checks import CHECKS, ask, rule
from touchpoint.policy.facts import ChannelFacts, ConsentFact, Facts, HandOver, Rival
from touchpoint.policy.verdict import Ruling, Verdict, allow, combine, defer, deny, deny_here, rule_over_channels

T0 = micros(datetime(2026, 6, 1, 12, tzinfo=UTC))
HOUR = length(hours(1))
GRANTED = {("marketing", "*"): ConsentFact(granted=True, at=0)}


def facts_of(*items, kind="marketing", own=None, journeys=None, message=None, **more):
    bounds = bind(
        Policy(*items, look_ahead=more.pop("look_ahead", days(1))), {"j": own or Policy(), **(journeys or {})}
    )
    settings = {"now": T0, "key": "k", "journey": "j", "policy": bounds["j"], "zones": ("UTC",), "consents": GRANTED}
    return Facts(message=message or Message("m", why="t", kind=kind), **settings | more)


def on(channel="email", **more):
    return ChannelFacts(**{"channel": channel, "address": Address(channel, "someone@example.com")} | more)


def decide(*items, channels=None, **more):
    return rule(facts_of(*items, **more), channels or [on()])


def past(hours_ago, channel="email", *, message="m", key="other", **more):
    return HandOver(T0 - int(hours_ago * HOUR), key, "j", message, "marketing", channel, **{"state": "accepted"} | more)


def rival(message="big", *, due=1.0, priority=5, key="r", order=9, channels=("email",), **more):
    at = None if due is None else T0 + int(due * HOUR)
    return Rival(key, "j", message, "marketing", channels, priority, at, order, **more)


# --- how answers become one -------------------------------------------------------------------------------------------


def test_nothing_against_it_is_an_allow():  # S6.5
    ruling = combine([allow("a"), allow("b")], channel="email")
    assert ruling.allowed
    assert ruling.channel == "email"


def test_any_deny_wins_over_a_defer():  # S6.5
    ruling = combine([defer("a", "later", until=5), deny("b", "no"), allow("c")])
    assert (ruling.answer, ruling.check, ruling.reason) == ("deny", "b", "no")


def test_the_latest_defer_wins():  # S6.5
    ruling = combine([defer("a", "soon", until=5), defer("b", "late", until=9)])
    assert (ruling.answer, ruling.until, ruling.check) == ("defer", 9, "b")


def test_a_defer_without_an_end_waits_for_its_event():  # S6.5
    ruling = combine([defer("a", "soon", until=5), defer("b", "case", waits_for="case closed")])
    assert (ruling.until, ruling.waits_for, ruling.check) == (None, ("case closed",), "b")


@pytest.mark.parametrize(("lapses", "answer"), [(9, "defer"), (10, "defer"), (11, "deny"), (None, "deny")])
def test_a_refusal_that_lapses_in_time_is_a_defer(lapses, answer):  # S6.5
    ruling = combine([defer("a", "later", until=10), deny("b", "full", until=lapses)])
    assert (ruling.answer, ruling.until) == (answer, 10 if answer == "defer" else None if lapses is None else 11)


def test_a_refusal_that_lapses_is_one_where_all_else_allows_now():  # S6.5
    assert combine([allow("a"), deny("b", "full", until=10)]).answer == "deny"


def test_of_two_refusals_the_one_that_outlasts_the_other_stands():  # S6.5
    ruling = combine([deny("a", "full", until=10), deny("b", "full", until=20)])
    assert (ruling.answer, ruling.until) == ("deny", 20)


def test_a_refusal_that_lapses_waits_with_a_defer_that_only_an_event_ends():  # S6.5
    ruling = combine([defer("a", "case", waits_for="case closed"), deny("b", "full", until=10)])
    assert (ruling.answer, ruling.until) == ("defer", None)


def test_the_first_deny_says_how_the_message_ends():  # S6.7
    ruling = combine([deny("a", "gone", ends_as="withdrawn"), deny("b", "late", ends_as="expired")])
    assert ruling.ends_as == "withdrawn"
    assert ruling.reason == "gone; late"


@given(st.lists(st.sampled_from([allow("a"), defer("b", "x", until=5), deny("c", "y"), deny_here("d", "z")])))
def test_the_order_of_checks_does_not_change_the_answer(verdicts):  # S6.5
    one, other = combine(verdicts), combine(reversed(verdicts))
    assert (one.answer, one.until, one.own) == (other.answer, other.until, other.own)


@given(
    st.lists(st.builds(lambda at: defer("d", "", until=at), st.integers(1, 9))),
    st.lists(st.builds(lambda at: deny("n", "", until=at), st.integers(1, 9))),
)
def test_a_deferred_message_is_asked_again_after_every_refusal_has_lapsed(defers, denies):  # S6.5
    ruling = combine([*defers, *denies])
    latest = max((each.until for each in defers), default=0)
    stands = [each for each in denies if each.until > latest]
    assert ruling.answer == ("deny" if stands else "defer" if defers else "allow")


# --- over the channels ------------------------------------------------------------------------------------------------


def here(channel, *verdicts):
    return combine(verdicts, channel=channel)


def test_a_denial_of_the_channels_own_moves_on_to_the_next():  # S6.5
    ruling = rule_over_channels([here("sms", deny_here("address", "none")), here("email", allow("a"))])
    assert (ruling.answer, ruling.channel) == ("allow", "email")


def test_a_deferred_channel_is_waited_for():  # S6.5
    ruling = rule_over_channels([here("sms", defer("cap", "full", until=5)), here("email", allow("a"))])
    assert (ruling.answer, ruling.channel, ruling.until) == ("defer", "sms", 5)


def test_any_other_denial_ends_the_message():  # S6.5
    own_and_general = here("sms", deny_here("address", "none"), deny("cap", "full"))
    ruling = rule_over_channels([own_and_general, here("email", allow("a"))])
    assert (ruling.answer, ruling.check) == ("deny", "cap")


def test_where_every_channel_denies_of_its_own_the_message_is_denied_with_all_reasons():  # S6.5
    ruling = rule_over_channels([here("sms", deny_here("a", "no number")), here("email", deny_here("b", "opted out"))])
    assert (ruling.answer, ruling.ends_as) == ("deny", "denied")
    assert "sms: no number" in ruling.reason
    assert "email: opted out" in ruling.reason


def test_a_channel_is_asked_only_where_those_before_it_cannot_be_used():  # S6.5
    asked = []

    def channels():
        for name in ("sms", "email", "post"):
            asked.append(name)
            yield here(name, deny_here("a", "none") if name == "sms" else allow("a"))

    ruling = rule_over_channels(channels())
    assert asked == ["sms", "email"]
    assert [channel for channel, _ in ruling.because] == ["sms", "email"]


def test_a_message_without_channels_is_denied_and_says_so():
    ruling = rule_over_channels([])
    assert ruling.answer == "deny"
    assert "channels=" in ruling.reason


def test_verdicts_and_rulings_survive_json():  # S10
    ruling = decide(
        QuietHours("10:00", "14:00", unknown_zone="deny"),
        Hold(while_open=["x"]),
        open_cases={"x": ["1"]},
        kind="service",
    )
    again = Ruling.from_record(json.loads(json.dumps(ruling.to_record())))
    assert again == ruling
    assert Ruling.from_record(Ruling("allow").to_record()) == Ruling("allow")
    verdict = Verdict("a", "defer", "b", until=0, waits_for="c", own=True, ends_as="expired", values={"n": [1]})
    assert Verdict.from_record(json.loads(json.dumps(verdict.to_record()))) == verdict


# --- one check after the other ----------------------------------------------------------------------------------------


def test_all_checks_are_asked_and_none_hides_another():  # S6.5, S10
    facts = facts_of(QuietHours("10:00", "14:00", unknown_zone="deny"), consents={}, live=False, holdout="2026")
    verdicts = ask(facts, on(address=None, paused="by hand"))
    against = [each.check for each in verdicts if each.answer != "allow"]
    assert against == ["wanted", "address", "consent", "quiet hours", "paused", "hold-out"]


POLICIES = st.lists(
    st.sampled_from(
        [
            QuietHours("10:00", "14:00", unknown_zone="deny"),
            Cap(1, per=days(1)),
            Cap(3, per=days(7), channels=["sms"]),
            Hold(while_open=["x"], kinds=["marketing"]),
            Spacing(hours(4)),
        ]
    ),
    unique_by=str,
)
MESSAGES = st.sampled_from(
    [
        Message("m", why="t", kind="marketing"),
        Message("m", why="t", kind="service", counted=False),
        Message("m", why="t", kind="transactional", exempt=True),
        Message("m", why="t", kind="marketing", limit=times(1, per=days(1))),
        Gift("m", why="t", worth=5, budget=10, currency="EUR"),
    ]
)
SOMETIMES = st.fixed_dictionaries(
    {},
    optional={
        "history": st.just([past(2), past(1, "sms")]),
        "rivals": st.just([rival()]),
        "preferences": st.just(Preferences(quiet=("10:00", "14:00"), topics_off=["marketing"])),
        "stopped": st.just("rejected"),
        "holdout": st.just("2026"),
        "open_cases": st.just({"x": ["1"]}),
        "live": st.just(False),
        "spent": st.just(9),
    },
)
CHANNELS = st.fixed_dictionaries(
    {},
    optional={
        "refused": st.just("bad"),
        "paused": st.just("by hand"),
        "missing_words": st.just(("customer.name",)),
        "misused": st.just(("birthday",)),
    },
)


@given(POLICIES, st.lists(st.tuples(MESSAGES, SOMETIMES, CHANNELS), min_size=1, max_size=3))
def test_checks_that_are_left_out_would_have_said_nothing(items, asked):  # S6.5
    bound = bind(Policy(*items), {"j": Policy()})["j"]  # of one, because it remembers what applies to which message
    for message, facts, channel in asked:
        told, here = facts_of(message=message, **facts, policy=bound), on(**channel)
        assert list(ask(told, here)) == [verdict for check in CHECKS for verdict in check(told, here)]


def test_the_message_goes_out_where_nothing_speaks_against_it():
    ruling = decide()
    assert (ruling.answer, ruling.channel) == ("allow", "email")


@pytest.mark.parametrize(
    ("fact", "word"),
    [({"live": False}, "run"), ({"withdrawn": "its run met its goal"}, "goal"), ({"still": False}, "false")],
)
def test_what_is_no_longer_wanted_is_withdrawn(fact, word):  # S5.3
    ruling = decide(**fact)
    assert (ruling.answer, ruling.ends_as) == ("deny", "withdrawn")
    assert word in ruling.reason


@pytest.mark.parametrize(("still", "answer"), [(None, "allow"), (True, "allow"), (False, "deny"), ("unknown", "deny")])
def test_only_a_true_still_lets_it_out(still, answer):  # S5.1
    assert decide(still=still).answer == answer


def test_the_reading_of_still_is_a_value_and_not_in_the_reason():  # S10, S7.5
    ruling = decide(still=False, still_reading="customer.name == 'Jess': false")
    verdict = ruling.because[0][1][0]
    assert "Jess" not in ruling.reason
    assert "Jess" in verdict.values["still"]


def test_being_withdrawn_says_more_than_a_missing_consent():  # S6.7
    assert decide(still=False, consents={}).ends_as == "withdrawn"


@pytest.mark.parametrize(("left", "answer"), [(1, "allow"), (0, "deny")])
def test_at_its_best_before_it_expires(left, answer):  # S6.7
    ruling = decide(expires_at=T0 + left)
    assert ruling.answer == answer
    assert answer == "allow" or ruling.ends_as == "expired"


def test_best_before_counts_from_when_it_was_first_due():  # S6.7
    assert facts_of(first_due=T0 - HOUR, kind="transactional").expires_at == T0 + 23 * HOUR


def test_a_message_stopped_for_everyone_is_denied():  # S6.8
    ruling = decide(stopped="the provider rejects its content", channels=[on("sms"), on("email")])
    assert (ruling.answer, ruling.own) == ("deny", False)


def test_a_paused_channel_is_waited_for_without_an_end():  # S6.8
    ruling = decide(channels=[on(paused="its credentials expired")])
    assert (ruling.answer, ruling.until, ruling.waits_for) == ("defer", None, ("channel resumed",))


@pytest.mark.parametrize(
    ("channel", "word"),
    [
        ({"configured": False}, "adapter"),
        ({"address": None}, "no address"),
        ({"address": None, "address_problem": "two addresses, none preferred"}, "preferred"),
        ({"address": Address("email", "x", "suppressed", "opted out")}, "opted out"),
        ({"address": Address("email", "x", "dormant")}, "dormant"),
        ({"refused": "address invalid"}, "address invalid"),
        ({"missing_words": ("customer.name",)}, "customer.name"),
        ({"misused": ("birthday",)}, "birthday"),
    ],
)
def test_what_is_amiss_with_one_channel_leaves_the_next(channel, word):  # S6.2, S6.5, S7.5
    alone = decide(channels=[on(**channel)])
    assert (alone.answer, alone.own) == ("deny", True)
    assert word in alone.reason
    assert decide(channels=[on(**channel), on("sms")]).channel == "sms"


def test_no_reason_shows_an_address():  # S7.5
    ruling = decide(channels=[on(address=Address("email", "jess@example.com", "suppressed"))])
    assert "jess" not in repr(ruling)
    assert "jess" not in json.dumps(ruling.to_record())


def test_whoever_is_in_the_hold_out_gets_nothing():  # S9
    assert decide(holdout="2026").answer == "deny"


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["transactional", "service", "marketing"])
def test_quiet_hours_bind_every_kind_unless_told_otherwise(kind):  # S6.5
    ruling = decide(QuietHours("10:00", "14:00", unknown_zone="deny"), kind=kind)
    assert (ruling.answer, ruling.until) == ("defer", T0 + 2 * HOUR)
    assert "quiet hours" in ruling.reason


@pytest.mark.parametrize(
    "window",
    [
        QuietHours("10:00", "14:00", unknown_zone="deny", over="deny"),
        SendWindow(("14:00", "16:00"), unknown_zone="deny", over="deny"),
    ],
)
def test_a_window_that_denies_drops_a_message_and_says_when_it_would_go(window):  # S6.5
    ruling = decide(window)
    assert (ruling.answer, ruling.until) == ("deny", T0 + 2 * HOUR)
    assert decide(window, now=T0 + 2 * HOUR).allowed


def test_a_window_binds_only_its_kinds_and_channels():  # S6.5
    quiet = QuietHours("10:00", "14:00", unknown_zone="deny", kinds=["marketing"], channels=["sms"])
    assert decide(quiet).allowed
    assert decide(quiet, kind="service", channels=[on("sms")]).allowed
    assert decide(quiet, channels=[on("sms")]).answer == "defer"


def test_the_reason_speaks_in_the_customers_local_time():  # S10
    ruling = decide(QuietHours("05:00", "09:00", unknown_zone="deny"), zones=("America/New_York",))
    assert "2026-06-01T09:00:00 America/New_York" in ruling.reason


def test_an_unknown_zone_denies_where_the_window_says_so():  # S2.3
    ruling = decide(QuietHours("10:00", "14:00", unknown_zone="deny"), zones=(), channels=[on(), on("sms")])
    assert (ruling.answer, ruling.own) == ("deny", False)
    assert "zone" in ruling.reason


def test_an_unknown_zone_is_taken_to_be_the_one_the_window_names():  # S2.3
    quiet = QuietHours("08:00", "10:00", unknown_zone=ZoneInfo("America/Sao_Paulo"))
    ruling = decide(quiet, zones=())
    assert ruling.until == T0 + HOUR
    assert "America/Sao_Paulo" in ruling.reason


def test_a_window_that_never_opens_denies():  # S2.3
    ruling = decide(SendWindow(("09:00", "10:00"), unknown_zone="deny", margin=hours(1)))
    assert ruling.answer == "deny"
    assert "400 days" in ruling.reason


def test_the_version_of_the_time_zone_data_is_kept_with_the_decision():  # S2.2
    ruling = decide(QuietHours("10:00", "14:00", unknown_zone="deny"), tz_version="2026a")
    assert [each.values["tz"] for each in ruling.because[0][1] if each.check == "quiet hours"] == ["2026a"]


# --- holds ------------------------------------------------------------------------------------------------------------


def test_an_open_case_holds_the_named_kinds_until_it_is_closed():  # S6.10
    hold = Hold(while_open=["trouble"], kinds=["marketing"])
    ruling = decide(hold, open_cases={"trouble": ["1"]})
    assert (ruling.answer, ruling.until, ruling.waits_for) == ("defer", None, ("case closed",))
    assert "trouble" in ruling.reason
    assert decide(hold, open_cases={"trouble": ["1"]}, kind="service").allowed
    assert decide(hold, open_cases={"other": ["1"], "trouble": []}).allowed


def test_a_hold_of_no_kind_in_particular_is_about_any_case_and_any_message():  # S6.10
    assert decide(Hold(), open_cases={"x": ["1"]}, kind="transactional").answer == "defer"


@pytest.mark.parametrize(("ago", "answer"), [(5.9, "defer"), (6, "allow")])
def test_after_closing_a_cool_off_is_kept(ago, answer):  # S6.10
    closed = T0 - int(ago * HOUR)
    ruling = decide(Hold(while_open=["x"], cool_off=hours(6)), closed_cases={"x": closed, "y": T0})
    assert (ruling.answer, ruling.until) == (answer, closed + 6 * HOUR if answer == "defer" else None)


def test_while_another_case_is_open_the_cool_off_has_not_begun():  # S6.10
    ruling = decide(Hold(cool_off=hours(6)), open_cases={"x": ["2"]}, closed_cases={"x": T0 - HOUR})
    assert (ruling.answer, ruling.until) == ("defer", None)


@pytest.mark.parametrize("cases", [{"open_cases": {"x": ["1"]}}, {"closed_cases": {"x": T0 - HOUR}}])
def test_a_message_that_is_dropped_rather_than_held_is_withdrawn(cases):  # S6.7
    ruling = decide(Hold(cool_off=hours(6)), message=Message("m", why="t", on_release="drop"), **cases)
    assert (ruling.answer, ruling.ends_as) == ("deny", "withdrawn")


def test_a_hold_of_one_journey_holds_the_messages_of_all():  # S6.10
    other = {"shop": Policy(Hold(while_open=["x"]))}
    assert decide(journeys=other, open_cases={"x": ["1"]}).answer == "defer"


# --- binding ----------------------------------------------------------------------------------------------------------


def test_the_house_binds_every_journey_and_a_journey_only_adds():  # S6.4
    quiet, cap, gap = QuietHours("21:00", "08:00", unknown_zone="deny"), Cap(1, per=days(1)), Spacing(hours(1))
    bounds = bind(Policy(quiet, cap), {"a": Policy(gap, cap), "b": Policy()})
    assert [len(bounds["a"].windows), len(bounds["a"].caps), len(bounds["a"].spacings)] == [1, 1, 1]
    assert [len(bounds["b"].windows), len(bounds["b"].caps), len(bounds["b"].spacings)] == [1, 1, 0]


def test_equal_windows_share_one_evaluator():  # S6.4
    windows = [QuietHours("21:00", "08:00", unknown_zone="deny") for _ in range(3)]
    other = SendWindow(("09:00", "17:00"), unknown_zone="deny")
    bounds = bind(Policy(windows[0]), {"a": Policy(windows[1], other), "b": Policy(other, windows[2])})
    assert bounds["a"].windows == bounds["b"].windows
    assert [each.window for each in bounds["a"].windows] == [windows[0], other]


def test_customers_who_want_equal_quiet_hours_share_one_evaluator():  # S7.4
    bound = bind(Policy(), {"j": Policy()})["j"]
    first = bound.own_quiet(("21:00", "08:00"))
    assert bound.own_quiet(("21:00", "08:00")) is first
    for minute in range(60):
        for hour in (1, 2):
            bound.own_quiet((f"{hour:02}:{minute:02}", "08:00"))
    assert bound.own_quiet(("21:00", "08:00")) is not first  # no more are kept than a bounded number


def test_equal_caps_of_journeys_share_one_counter():  # S6.4
    bounds = bind(Policy(), {"a": Policy(Cap(1, per=days(1))), "b": Policy(Cap(1, per=hours(24))), "c": Policy()})
    assert bounds["a"].caps[0].journeys == {"a", "b"}
    assert bounds["c"].caps == ()


def test_the_larger_look_ahead_holds():  # S6.6
    house = Policy(look_ahead=hours(2))
    bounds = bind(house, {"a": Policy(look_ahead=hours(5)), "b": Policy(look_ahead=hours(1))})
    assert [bounds["a"].look_ahead, bounds["b"].look_ahead] == [5 * HOUR, 2 * HOUR]


# --- arbitration ------------------------------------------------------------------------------------------------------

ONE_A_WEEK = Cap(1, per=days(7))


def test_a_rival_of_higher_priority_that_is_due_soon_keeps_its_place():  # S6.6
    ruling = decide(ONE_A_WEEK, rivals=[rival("big", due=3)])
    assert (ruling.answer, ruling.until, ruling.check) == ("defer", T0 + 3 * HOUR, "arbitration")
    assert "big" in ruling.reason


@pytest.mark.parametrize(
    "weak",
    [
        rival(priority=0),
        rival(priority=-1),
        rival(due=24.1),
        rival(due=None),
        rival(due=0),
        rival(exempt=True),
        rival(channels=["sms"]),
        rival(key="k"),
    ],
)
def test_who_ranks_lower_or_comes_too_late_or_meets_another_cap_keeps_no_place(weak):  # S6.6
    assert decide(Cap(1, per=days(7), channels=["email"]), rivals=[weak]).allowed


def test_the_end_of_the_look_ahead_is_part_of_it():  # S6.6
    assert decide(ONE_A_WEEK, rivals=[rival(due=24)]).answer == "defer"


def test_the_look_ahead_is_the_policys():  # S6.6
    assert decide(ONE_A_WEEK, rivals=[rival(due=3)], look_ahead=hours(2), own=Policy(look_ahead=hours(2))).allowed


def test_no_place_is_kept_where_there_is_room_for_both():  # S6.6
    assert decide(Cap(2, per=days(7)), rivals=[rival()]).allowed
    assert decide(Cap(2, per=days(7)), rivals=[rival(), rival("huge", key="s", due=2)]).answer == "defer"


def test_no_place_is_kept_where_this_one_has_left_the_period_by_then():  # S6.6: (t - per, t]
    assert decide(Cap(1, per=hours(3)), rivals=[rival(due=3)]).allowed
    assert decide(Cap(1, per=hours(3)), rivals=[rival(due=2.9)]).answer == "defer"


def test_what_leaves_the_period_before_the_rival_is_due_makes_room():  # S6.6
    cap = Cap(2, per=hours(6))
    assert decide(cap, rivals=[rival(due=2)], history=[past(4)]).allowed
    assert decide(cap, rivals=[rival(due=1.9)], history=[past(4)]).answer == "defer"


def test_a_rival_that_is_not_counted_needs_a_place_but_keeps_none_from_the_next():  # S6.6
    rivals = [rival("free", counted=False), rival("big", key="s", due=2)]
    assert decide(Cap(2, per=days(7)), rivals=rivals).allowed


def test_a_cap_that_denies_denies_the_loser_and_names_the_winner():  # S6.6
    ruling = decide(Cap(1, per=days(7), over="deny"), rivals=[rival("big")])
    assert ruling.answer == "deny"
    assert "big" in ruling.reason


def test_whoever_takes_no_place_gives_way_to_nobody():  # S6.6
    for message in (Message("m", why="t", exempt=True), Message("m", why="t", counted=False)):
        assert decide(ONE_A_WEEK, rivals=[rival()], message=message, kind="marketing").allowed


def test_messages_at_one_instant_go_by_priority_then_due_then_name_then_outbox_order():  # S6.6
    first = [
        rival("z", priority=9, due=5),
        rival("y", priority=1, due=1),
        rival("a", priority=1, due=2, order=7),
        rival("b", priority=1, due=2, order=1),
        rival("b", priority=1, due=2, order=2),
        rival("a", priority=1, due=None),
    ]
    mixed = [first[index] for index in (4, 1, 5, 0, 3, 2)]
    assert sorted(mixed, key=arbitration_order) == first


def test_the_loser_at_one_instant_names_the_winner():  # S6.6
    ruling = decide(ONE_A_WEEK, history=[past(0, message="big")])
    assert "big" in ruling.reason


@given(
    st.integers(1, 3),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 1)), max_size=8),
)
def test_a_message_gets_its_place_on_time_unless_one_of_its_own_rank_took_it(n, per, waiting):  # S6.6
    """Every message is asked when due, in order; one of the highest priority never waits for one of a lower."""
    cap, out = Cap(n, per=per * hours(1)), []
    queue = [
        rival(f"m{index}", due=due, priority=priority, key=str(index), order=index)
        for index, (due, priority) in enumerate(waiting)
    ]
    for _ in range(200):
        if not queue:
            break
        queue.sort(key=lambda each: (each.due, arbitration_order(each)))
        mine = queue.pop(0)
        ruling = decide(
            cap,
            now=mine.due,
            due=mine.due,
            key=mine.key,
            order=mine.order,
            message=Message(mine.message, why="t", kind="marketing", priority=mine.priority, expires=days(99)),
            rivals=list(queue),
            history=list(out),
        )
        if ruling.allowed:
            out.append(HandOver(mine.due, mine.key, "j", mine.message, "marketing", "email"))
            continue
        if mine.due == T0 + waiting[int(mine.key)][0] * HOUR and mine.priority == 1:
            holders = [waiting[int(each.key)][1] for each in out if each.at > mine.due - per * HOUR]
            assert holders.count(1) > 0
        assert ruling.until > mine.due
        mine.due = ruling.until
        queue.append(mine)
    assert len(out) == len(waiting)


# --- together ---------------------------------------------------------------------------------------------------------

QUIET_AFTERNOON = QuietHours("13:00", "18:00", unknown_zone="deny")


def test_a_refusal_that_lapses_by_the_end_of_quiet_hours_is_no_refusal():  # S6.5
    ruling = decide(QUIET_AFTERNOON, Cap(1, per=hours(6), over="deny"), now=T0 + 2 * HOUR, history=[past(0)])
    assert (ruling.answer, ruling.until) == ("defer", T0 + 6 * HOUR)


def test_a_refusal_that_outlasts_quiet_hours_is_one():  # S6.5
    ruling = decide(QUIET_AFTERNOON, Cap(1, per=hours(7), over="deny"), now=T0 + 2 * HOUR, history=[past(0)])
    assert (ruling.answer, ruling.until) == ("deny", T0 + 7 * HOUR)


def test_a_refusal_is_weighed_against_the_instant_at_which_the_others_truly_allow():  # S6.5
    # The spacing defers into quiet hours that end at 18:00; by then the cap, which denies until 17:00, is free again.
    gap, cap = Spacing(hours(4)), Cap(1, per=hours(5), over="deny")
    history = [past(0, "sms")]
    ruling = decide(QUIET_AFTERNOON, gap, cap, now=T0 + HOUR - 1, history=history)
    assert (ruling.answer, ruling.until) == ("defer", T0 + 4 * HOUR)
    assert decide(gap, cap, now=T0 + HOUR - 1, history=history).answer == "deny"


def test_a_refusal_that_lapses_only_after_the_best_before_stands():  # S6.5, S6.7
    gap, cap = Spacing(hours(4)), Cap(1, per=hours(5), over="deny")
    ruling = decide(QUIET_AFTERNOON, gap, cap, now=T0 + HOUR - 1, expires_at=T0 + 3 * HOUR, history=[past(0, "sms")])
    assert ruling.answer == "deny"


def test_a_refusal_is_not_final_where_the_others_come_to_wait_for_an_event():  # S6.5
    def later(at):
        return [deny("cap", "full", until=at + 1), defer("hold", "a case", waits_for="case closed")]

    asked = [defer("window", "closed", until=5), deny("cap", "full", until=9)]
    assert combine(asked, later=later).answer == "defer"


def test_a_refusal_that_never_lapses_in_time_is_found_out_in_bounded_time():  # S6.5
    def later(at):
        return [deny("cap", "full", until=at + 9), defer("window", "closed", until=at + 5)]

    asked = [defer("window", "closed", until=5), deny("cap", "full", until=9)]
    assert combine(asked, later=later).answer == "deny"


def test_a_limit_that_lapses_while_a_case_is_open_waits_for_the_case():  # S6.5
    message = Message("m", why="t", kind="marketing", limit=times(1, per=days(1)))
    ruling = decide(Hold(), message=message, history=[past(2)], open_cases={"x": ["1"]})
    assert (ruling.answer, ruling.waits_for) == ("defer", ("case closed",))


def test_a_cap_of_one_channel_defers_there_although_another_is_free():  # S6.5
    ruling = decide(Cap(1, per=days(1), channels=["sms"]), channels=[on("sms"), on("email")], history=[past(1, "sms")])
    assert (ruling.answer, ruling.channel, ruling.until) == ("defer", "sms", T0 + 23 * HOUR)


def test_equal_facts_give_equal_rulings():  # S11.5
    facts = {"history": [past(1)], "rivals": [rival()], "consents": GRANTED}
    assert decide(ONE_A_WEEK, QUIET_AFTERNOON, **facts) == decide(ONE_A_WEEK, QUIET_AFTERNOON, **facts)
