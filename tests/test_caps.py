"""Caps, frequency, spacing, limits and budgets: how many, and the exact instant at which there is room again."""

from bisect import insort
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core.schedule import after, calendar_period
from touchpoint.durations import calendar_days, days, hours, length, micros, months
from touchpoint.errors import InvalidInput
from touchpoint.journey.policy import Cap, Policy, Spacing
from touchpoint.model.limits import cool_down, once, once_per_stage, times
from touchpoint.model.message import Gift, Message
from touchpoint.model.preference import Preferences
from touchpoint.policy.binding import bind, retention
from touchpoint.policy.caps import check_budget, check_caps, check_frequency, check_limit, check_spacing, frees_at
from touchpoint.policy.facts import ChannelFacts, Facts, HandOver

T0 = micros(datetime(2026, 6, 1, 12, tzinfo=UTC))
HOUR = length(hours(1))
DAY = 24 * HOUR


def sent(hours_ago, *, kind="marketing", channel="email", journey="j", message="m", key="other", **more):
    return HandOver(T0 - int(hours_ago * HOUR), key, journey, message, kind, channel, **{"state": "accepted"} | more)


def facts_of(*history, house=None, own=None, message=None, zones=("UTC",), others=None, **more):
    bounds = bind(house or Policy(), {"j": own or Policy(), **(others or {})})
    return Facts(
        **{"now": T0, "key": "k", "journey": "j", "policy": bounds["j"]} | more,
        message=message or Message("m", why="t", kind="marketing"),
        history=sorted(history, key=lambda each: each.at),
        zones=zones,
        calendar_period=lambda at, per: calendar_period(at, per, zones),
        after=lambda at, by: after(at, by, zones),
    )


def ask(check, *history, channel="email", **more):
    return list(check(facts_of(*history, **more), ChannelFacts(channel=channel)))


def cap(limit, *history, **more):
    (verdict,) = ask(check_caps, *history, house=Policy(limit), **more)
    return verdict


@pytest.mark.parametrize("state", ["accepted", "ambiguous", "in_flight"])
def test_what_was_or_may_have_been_handed_over_takes_a_place(state):  # S6.6
    assert cap(Cap(1, per=days(1)), sent(1, state=state)).answer == "defer"


def test_a_refused_hand_over_takes_no_place():  # S6.6
    assert cap(Cap(1, per=days(1)), sent(1, state="refused")).answer == "allow"


def test_a_cap_on_attempts_counts_refused_ones_too():  # S6.6
    assert cap(Cap(1, per=days(1), attempts=True), sent(1, state="refused")).answer == "defer"
    assert cap(Cap(1, per=days(1), attempts=True), sent(1, state="refused", key="k")).answer == "defer"


def test_an_uncounted_hand_over_takes_no_place():  # S6.6
    assert cap(Cap(1, per=days(1)), sent(1, counted=False)).answer == "allow"


def test_the_messages_own_earlier_hand_over_is_not_in_its_way():  # S6.8
    assert cap(Cap(1, per=days(1)), sent(1, state="ambiguous", key="k")).answer == "allow"


@pytest.mark.parametrize("other", [{"kind": "service"}, {"channel": "sms"}])
def test_a_cap_counts_only_what_it_is_about(other):  # S6.6
    limit = Cap(1, per=days(1), kinds=["marketing"], channels=["email"])
    assert cap(limit, sent(1, **other)).answer == "allow"
    assert cap(limit, sent(1)).answer == "defer"


def test_a_cap_does_not_bind_what_it_is_not_about():  # S6.6
    assert ask(check_caps, sent(1), house=Policy(Cap(1, per=days(1), kinds=["gift"]))) == []
    assert ask(check_caps, sent(1), house=Policy(Cap(1, per=days(1), channels=["sms"]))) == []


def test_an_exempt_message_ignores_caps_and_is_counted_all_the_same():  # S6.6
    assert cap(Cap(1, per=days(1)), sent(1), message=Message("m", why="t", exempt=True)).answer == "allow"
    assert Message("m", why="t", exempt=True).counted


def test_the_defer_names_the_exact_instant_and_who_holds_the_place():  # S6.6
    verdict = cap(Cap(1, per=days(1)), sent(1, message="big_news"), zones=("Europe/Madrid",))
    assert verdict.until == T0 + 23 * HOUR
    assert "big_news" in verdict.reason
    assert "2026-06-02T13:00:00 Europe/Madrid" in verdict.reason


def test_a_cap_that_denies_says_when_its_refusal_lapses():  # S6.5
    verdict = cap(Cap(1, per=days(1), over="deny"), sent(1))
    assert (verdict.answer, verdict.until, verdict.own) == ("deny", T0 + 23 * HOUR, False)


@pytest.mark.parametrize(("past", "answer"), [(0, "allow"), (-1, "defer")])
def test_a_place_is_free_again_at_exactly_its_period(past, answer):  # S6.6: (t - per, t]
    assert cap(Cap(1, per=days(1)), HandOver(T0 - DAY - past, "o", "j", "m", "x", "email")).answer == answer


def test_each_cap_answers_for_itself():  # S6.5
    house = Policy(Cap(1, per=hours(2)), Cap(1, per=days(2)))
    assert [each.until for each in ask(check_caps, sent(1), house=house)] == [T0 + HOUR, T0 + 47 * HOUR]


def test_a_cap_of_the_house_counts_every_journey():  # S6.4
    assert cap(Cap(1, per=days(1)), sent(1, journey="elsewhere")).answer == "defer"


def test_a_cap_of_a_journey_counts_the_journeys_that_share_it():  # S6.4
    mine, others = Policy(Cap(1, per=days(1))), {"same": Policy(Cap(1, per=hours(24))), "free": Policy()}
    (shared,) = ask(check_caps, sent(1, journey="same"), own=mine, others=others)
    (apart,) = ask(check_caps, sent(1, journey="free"), own=mine, others=others)
    assert (shared.answer, apart.answer) == ("defer", "allow")


def test_an_equal_cap_of_house_and_journey_is_asked_once():  # S6.4
    house, own = Policy(Cap(1, per=days(1))), Policy(Cap(1, per=days(1)))
    (verdict,) = ask(check_caps, sent(1, journey="elsewhere"), house=house, own=own)
    assert verdict.answer == "defer"


def test_a_calendar_cap_frees_with_the_customers_next_day():  # S6.6
    day = Cap(1, per=calendar_days(1))
    verdict = cap(day, sent(1), zones=("America/Sao_Paulo",))
    assert verdict.until == micros(datetime(2026, 6, 2, 3, tzinfo=UTC))
    assert cap(day, sent(9.5), zones=("America/Sao_Paulo",)).answer == "allow"  # 23:30 of the day before


def test_a_calendar_cap_takes_the_widest_day_of_all_candidate_zones():  # S2.3
    # On Kiritimati (UTC+14) it is the 2nd already, and stays so until 10:00 UTC on the 2nd.
    verdict = cap(Cap(1, per=calendar_days(1)), sent(0.5), zones=("UTC", "Pacific/Kiritimati"))
    assert verdict.until == micros(datetime(2026, 6, 2, 10, tzinfo=UTC))


def test_a_calendar_cap_frees_as_soon_as_one_zone_lets_go_of_what_the_others_never_counted():  # S2.3, S6.6
    # Sent on the 1st at 23:00 UTC, asked on the 2nd at 05:00: only Kiritimati, until 10:00, still counts it.
    now = micros(datetime(2026, 6, 2, 5, tzinfo=UTC))
    verdict = cap(Cap(1, per=calendar_days(1)), sent(-11), zones=("UTC", "Pacific/Kiritimati"), now=now)
    assert verdict.until == micros(datetime(2026, 6, 2, 10, tzinfo=UTC))


def test_a_calendar_cap_without_a_calendar_says_what_is_missing():
    bound = bind(Policy(Cap(1, per=months(1))), {"j": Policy()})["j"]
    facts = Facts(now=T0, key="k", message=Message("m", why="t"), journey="j", policy=bound, history=[sent(1)])
    with pytest.raises(InvalidInput, match="calendar_period"):
        list(check_caps(facts, ChannelFacts(channel="email")))


gaps = st.lists(st.integers(0, 40), min_size=1, max_size=25)


@given(gaps, st.integers(1, 3), st.integers(1, 30))
def test_whoever_obeys_a_rolling_cap_never_exceeds_it_in_any_window(gaps, n, per):  # S6.6
    limit, out, now = Cap(n, per=per * hours(1)), [], T0
    for index, gap in enumerate(gaps):
        now += gap * HOUR
        facts = facts_of(*out, house=Policy(limit), now=now, key=str(index))
        (verdict,) = check_caps(facts, ChannelFacts(channel="email"))
        if verdict.answer == "defer" and index % 2:
            now = verdict.until  # some are patient, the others give up
        elif verdict.answer == "defer":
            continue
        out.append(HandOver(now, str(index), "j", "m", "marketing", "email"))
    instants = [each.at for each in out]
    assert all(sum(at - per * HOUR < each <= at for each in instants) <= n for at in instants)


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 4), st.integers(1, 40))
def test_the_instant_named_is_the_first_that_is_free(hours_ago, n, per):  # S6.6
    history = [sent(ago) for ago in hours_ago]

    def answer(now):
        verdict = next(iter(ask(check_caps, *history, house=Policy(Cap(n, per=per * hours(1))), now=now)))
        return verdict.answer, verdict.until

    found, until = answer(T0)
    if found == "defer":
        assert answer(until)[0] == "allow"
        assert answer(until - 1) == ("defer", until)


@given(
    st.lists(st.integers(-72, 0), max_size=8), st.integers(1, 3), st.sampled_from([("UTC",), ("UTC", "Asia/Kolkata")])
)
def test_the_instant_a_calendar_cap_names_is_the_first_that_is_free(offsets, n, zones):  # S6.6
    history = [sent(-offset) for offset in offsets]

    def answer(now):
        return cap(Cap(n, per=calendar_days(1)), *history, now=now, zones=zones)

    verdict = answer(T0)
    if verdict.answer == "defer":
        assert answer(verdict.until).answer == "allow"
        assert answer(verdict.until - 1).until == verdict.until


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 5), st.integers(1, 20), st.integers(0, 60))
def test_frees_at_agrees_with_looking_at_every_instant(instants, n, per, now):  # S6.6
    taken = []
    for each in instants:
        insort(taken, each)
    taken = [each for each in taken if each <= now]

    def count(at):
        return sum(at - per < each <= at for each in taken)

    by_hand = next(at for at in range(now, now + 200) if count(at) < n)
    assert frees_at(taken, n, days(1) * per / 86_400_000_000, now, None) == by_hand


# --- the customer's own frequency -------------------------------------------------------------------------------------


def frequency(*history, kind="marketing", **more):
    message = Message("m", why="t", kind=kind, **more)
    return ask(check_frequency, *history, message=message, preferences=Preferences(at_most=(1, days(7))))


def test_the_customers_own_frequency_counts_all_kinds_but_transactional_ones():  # S7.4
    (full,) = frequency(sent(1, kind="service", channel="sms"))
    (free,) = frequency(sent(1, kind="transactional"))
    assert (full.answer, full.until) == ("defer", T0 + 7 * DAY - HOUR)
    assert free.answer == "allow"


def test_an_exemption_from_our_caps_is_none_from_the_customers_wish():  # S7.4
    (verdict,) = frequency(sent(1), exempt=True)
    assert verdict.answer == "defer"


def test_the_customers_own_frequency_does_not_bind_transactional_messages():  # S7.4
    assert frequency(sent(1), kind="transactional") == []


# --- spacing ----------------------------------------------------------------------------------------------------------


def spacing(*history, **more):
    (verdict,) = ask(check_spacing, *history, house=Policy(Spacing(hours(4))), **more)
    return verdict


def test_spacing_waits_after_another_channel():  # S6.5
    verdict = spacing(sent(1, channel="sms", message="code"))
    assert (verdict.answer, verdict.until) == ("defer", T0 + 3 * HOUR)
    assert "code" in verdict.reason


@pytest.mark.parametrize(
    "before",
    [sent(1), sent(4, channel="sms"), sent(1, channel="sms", state="refused"), sent(1, channel="sms", key="k")],
)
def test_spacing_is_about_what_reached_the_customer_elsewhere_and_lately(before):  # S6.5
    assert spacing(before).answer == "allow"


def test_spacing_looks_at_its_own_kinds_and_channels_only():  # S6.5
    apart = Policy(Spacing(hours(4), kinds=["marketing"], channels=["email", "sms"]))
    (service,) = ask(check_spacing, sent(1, channel="sms", kind="service"), house=apart)
    (call,) = ask(check_spacing, sent(1, channel="call"), house=apart)
    assert (service.answer, call.answer) == ("allow", "allow")
    assert ask(check_spacing, sent(1, channel="sms"), house=apart, channel="push") == []


# --- limits of a message ----------------------------------------------------------------------------------------------


def limit(rule, *history, **more):
    (verdict,) = ask(check_limit, *history, message=Message("m", why="t", limit=rule), **more)
    return verdict.answer, verdict.until


def test_a_limit_denies_and_says_when_that_lapses():  # S4.4
    assert limit(times(1, per=days(90)), sent(24)) == ("deny", T0 + 89 * DAY)
    assert limit(times(2, per=days(90)), sent(24)) == ("allow", None)
    assert limit(times(1, per=days(1)), sent(24)) == ("allow", None)


def test_once_is_for_ever():  # S4.4
    assert limit(once(), sent(24 * 4000)) == ("deny", None)
    assert limit(once(), sent(1, message="another")) == ("allow", None)


def test_a_limit_does_not_count_what_was_refused_nor_itself():  # S6.6
    assert limit(once(), sent(1, state="refused"), sent(1, key="k", state="ambiguous")) == ("allow", None)


def test_a_cool_down_counts_from_the_last_one():  # S4.4
    assert limit(cool_down(days(2)), sent(40), sent(24)) == ("deny", T0 + DAY)
    assert limit(cool_down(months(1)), sent(24)) == ("deny", micros(datetime(2026, 6, 30, 12, tzinfo=UTC)))
    assert limit(cool_down(days(2))) == ("allow", None)


def test_a_calendar_limit_lapses_with_its_month():  # S4.4
    assert limit(times(1, per=months(1)), sent(2)) == ("deny", micros(datetime(2026, 7, 1, tzinfo=UTC)))
    assert limit(times(1, per=months(1)), sent(24)) == ("allow", None)


def test_a_limit_per_stage_counts_from_its_entry():  # S4.4
    assert limit(once_per_stage(), sent(2), stage_since=T0 - HOUR) == ("allow", None)
    assert limit(once_per_stage(), sent(2), stage_since=T0 - 2 * HOUR) == ("deny", None)


def test_a_limit_per_key_counts_runs_about_the_same_thing():  # S4.4
    assert limit(once(per_key=True), sent(1, about="a"), about="b") == ("allow", None)
    assert limit(once(per_key=True), sent(1, about="a"), about="a") == ("deny", None)


# --- budgets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spent", "answer"), [(90, "allow"), (Decimal("90.1"), "deny"), (90.1, "deny"), (100, "deny")])
def test_a_gift_stays_within_its_budget(spent, answer):  # S6.5
    gift = Gift("g", why="t", worth=10, budget=100)
    (verdict,) = ask(check_budget, message=gift, spent=spent)
    assert verdict.answer == answer


def test_tenths_add_up_to_the_whole_budget():
    gift = Gift("g", why="t", worth=0.1, budget=0.3)
    (verdict,) = ask(check_budget, message=gift, spent=Decimal("0.2"))
    assert verdict.answer == "allow"


def test_a_gift_without_a_budget_has_no_bound():
    assert ask(check_budget, message=Gift("g", why="t", worth=10), spent=10**9) == []


# --- how long history is needed ---------------------------------------------------------------------------------------


def kept(*items, limits=()):
    messages = [Message(f"m{index}", why="t", limit=each) for index, each in enumerate(limits)]
    return retention(bind(Policy(), {"j": Policy(*items)}).values(), messages)


def test_history_is_kept_for_the_longest_look_back():
    assert kept() == 0
    assert kept(Cap(1, per=days(2)), Spacing(hours(72))) == 3 * DAY
    assert kept(Cap(1, per=days(2)), limits=[cool_down(days(9)), None]) == 9 * DAY
    assert kept(Cap(1, per=days(2)), limits=[once()]) is None


def test_history_for_a_calendar_period_has_a_margin():
    assert kept(Cap(1, per=months(1))) >= 32 * DAY
