"""Consent at the gate: what the ledger's statements mean together, and what preferences add."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.durations import days, hours, length, micros
from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import ConsentRule, ConsentRules, Policy
from touchpoint.model.message import Content, Message
from touchpoint.model.preference import Preferences
from touchpoint.policy.binding import bind
from touchpoint.policy.consent import _narrowest, check_consent, check_preferences, newer, said_in, spoken_of
from touchpoint.policy.facts import ChannelFacts, ConsentFact, Facts, HandOver
from touchpoint.policy.windows_check import check_windows

T0 = micros(datetime(2026, 6, 1, 12, tzinfo=UTC))
DAY = length(days(1))


def consent(kind="marketing", *, consents=None, topic=None, house=None, own=None, channel="email", **more):
    bound = bind(house or Policy(), {"j": own or Policy()})["j"]
    message = Message("m", why="t", kind=kind, topic=topic, content=more.pop("content", None))
    facts = Facts(now=T0, key="k", message=message, journey="j", policy=bound, consents=consents or {}, **more)
    (verdict,) = check_consent(facts, ChannelFacts(channel=channel))
    return verdict


def yes(ago=1, **more):
    return ConsentFact(granted=True, at=T0 - ago * DAY, **more)


def no(ago=1):
    return ConsentFact(granted=False, at=T0 - ago * DAY)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("transactional", "allow"), ("service", "allow"), ("marketing", "deny"), ("feedback", "deny"), ("survey", "deny")],
)
def test_which_kinds_go_out_without_a_grant(kind, answer):  # S7.2
    assert consent(kind).answer == answer


def test_a_missing_grant_is_the_channels_own_denial_and_says_so():  # S6.5
    verdict = consent()
    assert verdict.own
    assert "consent" in verdict.reason


def test_promotional_content_makes_any_message_need_a_grant():  # S6.1
    assert consent("service", content=Content(text="x", promotional=True)).answer == "deny"


@pytest.mark.parametrize("purpose", ["marketing", "coffee", "*"])
@pytest.mark.parametrize("where", ["email", "*"])
def test_a_grant_for_the_kind_the_topic_or_everything_will_do(purpose, where):  # S7.1
    assert consent(topic="coffee", consents={(purpose, where): yes()}).answer == "allow"


@pytest.mark.parametrize("entry", [("feedback", "email"), ("marketing", "sms"), ("tea", "email")])
def test_a_grant_for_something_else_will_not_do(entry):  # S7.1
    assert consent(topic="coffee", consents={entry: yes()}).answer == "deny"


@pytest.mark.parametrize("purpose", ["service", "coffee", "*"])
@pytest.mark.parametrize("where", ["email", "*"])
def test_a_withdrawal_stops_what_needs_no_grant(purpose, where):  # S7.2
    verdict = consent("service", topic="coffee", consents={(purpose, where): no()})
    assert verdict.answer == "deny"
    assert "opted out" in verdict.reason
    assert "withdrawn" in verdict.reason
    assert "consent" in verdict.reason


def test_a_withdrawal_elsewhere_does_not_matter_here():  # S6.5
    assert consent(consents={("marketing", "email"): yes(), ("marketing", "sms"): no()}).answer == "allow"


@pytest.mark.parametrize("broad", [("marketing", "*"), ("*", "email"), ("*", "*")])
def test_a_later_broad_withdrawal_beats_a_narrow_grant(broad):  # S7.1
    assert consent(consents={("marketing", "email"): yes(2), broad: no(1)}).answer == "deny"


@pytest.mark.parametrize("broad", [("marketing", "*"), ("*", "email"), ("*", "*")])
def test_a_grant_after_a_broad_withdrawal_counts_again(broad):  # S7.1
    assert consent(consents={("marketing", "email"): yes(1), broad: no(2)}).answer == "allow"


def test_a_broad_grant_does_not_undo_a_narrower_no():  # S7.1
    assert consent(consents={("marketing", "email"): no(2), ("*", "*"): yes(1)}).answer == "deny"
    assert consent(topic="tea", consents={("tea", "email"): no(2), ("marketing", "email"): yes(1)}).answer == "deny"


def test_a_withdrawal_wins_ties():  # S7.1
    assert consent(consents={("marketing", "email"): yes(1), ("marketing", "*"): no(1)}).answer == "deny"
    assert consent(consents={("marketing", "email"): yes(1), ("*", "*"): no(1)}).answer == "deny"


@pytest.mark.parametrize(("left", "answer"), [(0, "deny"), (1, "allow")])
def test_a_grant_lapses_at_its_expiry(left, answer):  # S7.1
    verdict = consent(consents={("marketing", "email"): yes(30, expires_at=T0 + left)})
    assert verdict.answer == answer
    assert answer == "allow" or "lapsed" in verdict.reason


def test_a_lapsed_grant_does_not_hide_one_for_all_channels():  # S7.1
    consents = {("marketing", "email"): yes(1, expires_at=T0), ("marketing", "*"): yes(5)}
    assert consent(consents=consents).answer == "allow"


def test_a_grant_from_the_future_is_set_aside():  # S7.1
    assert consent(consents={("marketing", "email"): yes(-1)}).answer == "deny"


def test_of_two_statements_the_later_stands_and_at_a_tie_the_withdrawal():  # S7.1
    assert newer(yes(2), no(1)) == no(1)
    assert newer(no(1), yes(2)) == no(1)
    assert newer(yes(1), no(1)) == no(1)
    assert newer(no(1), yes(1)) == no(1)
    assert newer(None, yes(1)) == yes(1)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=6), st.randoms())
def test_the_order_in_which_statements_arrive_does_not_matter(statements, chance):  # S7.1
    def standing(order):
        found = None
        for at, granted in order:
            found = newer(found, ConsentFact(granted=granted, at=at))
        return found

    shuffled = list(statements)
    chance.shuffle(shuffled)
    assert standing(statements) == standing(shuffled)


SAID = st.builds(ConsentFact, st.booleans(), st.integers(0, 4), st.none() | st.integers(0, 4))
ENTRIES = st.tuples(st.sampled_from(["news", "marketing", "service", "*"]), st.sampled_from(["email", "sms", "*"]))


@given(st.dictionaries(ENTRIES, SAID, max_size=3), st.sampled_from([("marketing", "*"), ("news", "marketing", "*")]))
def test_what_was_said_once_stands_as_it_would_among_much_else(consents, purposes):  # S7.1
    spoken = spoken_of(purposes, "email")
    assert said_in(consents, spoken, 2) == _narrowest(consents, spoken, 2)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["marketing", "coffee", "*"]), st.sampled_from(["email", "sms", "*"])),
        st.builds(lambda ago, granted: ConsentFact(granted=granted, at=T0 - ago), st.integers(0, 3), st.booleans()),
    )
)
def test_a_withdrawal_of_everything_now_silences_whatever_was_said(consents):  # S7.1
    said = {**consents, ("*", "*"): ConsentFact(granted=False, at=T0)}
    verdict = consent("transactional", topic="coffee", consents=said)
    assert verdict.answer == "deny"


def test_a_rule_may_let_a_kind_out_unless_withdrawn():  # S7.2
    rules = ConsentRules([ConsentRule(needs="no_withdrawal", kinds=["feedback"], source="our counsel, 2026-01")])
    verdict = consent("feedback", house=Policy(rules))
    assert verdict.answer == "allow"
    assert verdict.values["rule"] == "our counsel, 2026-01"
    assert consent("feedback", house=Policy(rules), consents={("feedback", "email"): no()}).answer == "deny"


def test_the_first_rule_that_fits_is_used():  # S7.2
    rules = ConsentRules([ConsentRule(needs="grant", channels=["sms"]), ConsentRule(needs="no_withdrawal")])
    assert consent("service", house=Policy(rules), channel="sms").answer == "deny"
    assert consent("marketing", house=Policy(rules), channel="email").answer == "allow"


@pytest.mark.parametrize(("jurisdiction", "answer"), [("US", "allow"), ("EU", "deny"), (None, "deny")])
def test_a_rule_may_be_about_a_jurisdiction(jurisdiction, answer):  # S7.2
    rules = ConsentRules([ConsentRule(needs="no_withdrawal", jurisdictions=["US"])])
    assert consent(house=Policy(rules), jurisdiction=jurisdiction).answer == answer


@pytest.mark.parametrize(
    ("since", "until", "answer"),
    [(None, None, "allow"), ("2026-06-01", None, "allow"), ("2026-06-02", None, "deny"), (None, "2026-06-01", "deny")],
)
def test_a_rule_holds_from_its_first_day_to_before_its_last(since, until, answer):  # S7.2
    rule = ConsentRule(
        needs="no_withdrawal",
        valid_from=since and date.fromisoformat(since),
        valid_until=until and date.fromisoformat(until),
    )
    assert consent(house=Policy(ConsentRules([rule]))).answer == answer


@pytest.mark.parametrize(
    ("house", "own", "answer"),
    [("grant", "no_withdrawal", "deny"), ("no_withdrawal", "grant", "deny"), ("no_withdrawal", None, "allow")],
)
def test_a_journeys_own_rules_can_only_be_stricter(house, own, answer):  # S6.4
    def policy(needs):
        return Policy(ConsentRules([ConsentRule(needs=needs)])) if needs else Policy()

    assert consent("service", house=policy(house), own=policy(own)).answer == answer


def test_a_journey_cannot_lift_the_default_need_of_a_grant():  # S6.4, S7.2
    own = Policy(ConsentRules([ConsentRule(needs="no_withdrawal")]))
    assert consent("marketing", own=own).answer == "deny"


# --- preferences ------------------------------------------------------------------------------------------------------


def facts_with(preferences, kind="marketing", **more):
    message = Message("m", why="t", kind=kind, topic=more.pop("topic", None))
    bound = bind(Policy(), {"j": Policy()})["j"]
    settings = {"now": T0, "key": "k", "journey": "j", "policy": bound, "zones": ("UTC",)} | more
    return Facts(message=message, preferences=preferences, **settings)


def preferred(preferences, kind="marketing", **more):
    facts = facts_with(preferences, kind, **more)
    on = ChannelFacts(channel="email")
    return [*check_preferences(facts, on), *check_windows(facts, on)]


def test_a_channel_switched_off_is_denied_for_that_channel_only():  # S7.4
    (verdict,) = preferred(Preferences(channels_off=["email"]))
    assert (verdict.answer, verdict.own) == ("deny", True)


@pytest.mark.parametrize("off", ["coffee", "marketing"])
def test_a_topic_switched_off_is_denied_everywhere(off):  # S7.4
    (verdict,) = preferred(Preferences(topics_off=[off]), topic="coffee")
    assert (verdict.answer, verdict.own) == ("deny", False)


@pytest.mark.parametrize("left", [1, 0])
def test_a_snooze_defers_until_its_end(left):  # S7.4
    until = datetime(2026, 6, 1, 12, 0, 0, left, tzinfo=UTC)
    found = preferred(Preferences(snooze_until=until))
    assert [(each.answer, each.until) for each in found] == ([("defer", T0 + 1)] if left else [])


def test_own_quiet_hours_defer_like_those_of_the_house():  # S7.4
    (verdict,) = preferred(Preferences(quiet=("11:00", "14:00")))
    assert (verdict.answer, verdict.until) == ("defer", T0 + length(hours(2)))
    assert "quiet hours" in verdict.reason


def test_own_quiet_hours_without_a_known_zone_deny():  # S2.3, S7.4
    (verdict,) = preferred(Preferences(quiet=("11:00", "14:00")), zones=())
    assert verdict.answer == "deny"
    assert "zone" in verdict.reason


def test_preferences_do_not_bind_transactional_messages():  # S7.4
    wishes = Preferences(
        channels_off=["email"],
        topics_off=["transactional"],
        quiet=("00:00", "24:00"),
        snooze_until=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert preferred(wishes, "transactional") == []


def test_preferences_survive_a_record():
    wishes = Preferences(
        channels_off=["sms"],
        topics_off=["tea"],
        snooze_until=datetime(2026, 7, 1, tzinfo=UTC),
        quiet=("22:00", "07:00"),
        at_most=(2, days(7)),
    )
    assert Preferences.from_record(wishes.to_record()) == wishes
    assert Preferences.from_record(Preferences().to_record()) == Preferences()


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"snooze_until": datetime(2026, 7, 1)}, "aware"),
        ({"quiet": ("22:00", "22:00")}, "same time"),
        ({"quiet": ("25:00", "07:00")}, "24-hour"),
        ({"quiet": "22:00"}, "pair"),
        ({"at_most": (0, days(7))}, "starts at 1"),
        ({"at_most": (1, timedelta(0))}, "longer"),
        ({"at_most": 3}, "number and"),
        ({"channels_off": [3]}, "texts"),
    ],
)
def test_a_wish_that_cannot_be_kept_is_refused_with_what_to_write(wish, word):
    with pytest.raises(InvalidInput, match=word):
        Preferences(**wish)


def test_no_repr_shows_what_a_customer_said():  # S7.5
    facts = facts_with(Preferences(channels_off=["sms"]), consents={("secret", "email"): yes()}, still_reading="Jess")
    shown = repr(facts) + repr(facts.preferences) + repr(HandOver(T0, "k", "j", "m", "service", "email", about="Jess"))
    assert not [word for word in ("secret", "sms", "Jess") if word in shown]


def test_one_rule_may_stand_alone_and_what_is_none_is_refused_with_its_place():
    rule = ConsentRule(needs="no_withdrawal")
    assert ConsentRules(rule) == ConsentRules([rule])
    for wrong in (7, ["x"]):
        with pytest.raises(JourneyError, match=r"\$\.policy\.items\[0\]\.rules\[0\]: expected a ConsentRule"):
            Journey("shop", policy=Policy(ConsentRules(wrong)))
