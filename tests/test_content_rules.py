"""Content rules as data, and as the gate asks them: words, promises, statutory hours, sessions (S6.5)."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core.state import Address
from touchpoint.durations import instant, micros
from touchpoint.errors import InvalidInput, JourneyError, UnknownName
from touchpoint.journey.policy import ConsentRule, ConsentRules, Policy
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Message
from touchpoint.policy.binding import bind
from touchpoint.policy.checks import CHECKS, ask, rule_here
from touchpoint.policy.content import CONTENT, SESSION, STATUTORY, check_content_rules
from touchpoint.policy.facts import ChannelFacts, ConsentFact, Facts
from touchpoint.rules import (
    CAN_SPAM,
    EU,
    GDPR_PECR,
    HOLIDAYS,
    PROVIDERS,
    SHIPPED,
    STATE_QUIET_HOURS,
    TCPA_QUIET_HOURS,
    WHATSAPP,
    ComplaintRate,
    ContentRule,
    ContentRules,
    Keywords,
    LinkLife,
    OneClickUnsubscribe,
    OptOutText,
    OptOutWithin,
    PostalAddress,
    QuietHoursIn,
    Sender,
    SenderIdentity,
    SessionWindow,
    days_of,
    falls_under,
    provider_of,
)

NOON = micros(datetime(2026, 6, 1, 12, tzinfo=UTC))
HOUR = 3_600_000_000
SENDER = Sender(
    "Roast & Co.", postal="1 Mill Lane, Boston MA 02108", contact="hello@roast.example", one_click="email",
    links_live=60,
)  # fmt: skip
GRANTED = {("*", "*"): ConsentFact(granted=True, at=0)}


def rules(*asks, sender=SENDER, unknown="every", **scope):
    return ContentRules(
        [ContentRule(name=f"r{n}", asks=each, **scope) for n, each in enumerate(asks)], sender=sender,
        unknown_jurisdiction=unknown,
    )  # fmt: skip


def facts_of(*items, kind="marketing", **more):
    message = more.pop("message", None) or Message("news", why="t", kind=kind)
    settings = {"now": NOON, "key": "k", "journey": "j", "zones": ("UTC",), "consents": GRANTED}
    return Facts(message=message, policy=bind(Policy(*items), {"j": Policy()})["j"], **settings | more)


def on(text="", *, channel="email", html=None, subject=None, **more):
    words = RenderedMessage("news", "marketing", subject, text, html)
    return ChannelFacts(channel, address=Address("email", "ann@example.com"), words=words, **more)


def verdicts(*items, here=None, **facts):
    return list(check_content_rules(facts_of(*items, **facts), here or on("Hello")))


def answers(*items, here=None, **facts):
    return [each.answer for each in verdicts(*items, here=here, **facts)]


# --- whose law holds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lives", "names", "bound"),
    [
        ("US-FL", ["US"], True), ("US", ["US-FL"], False), ("US-FL", ["US-FL"], True), ("US-TX", ["US-FL"], False),
        ("DE", ["EU"], True), ("DE-BY", ["EU"], True), ("NO", ["EU"], False), ("NO", ["EEA"], True),
        ("EU", ["EEA"], True), ("GB", ["EU"], False), ("UK", ["GB"], True), ("us_fl", ["US"], True),
        ("CA", ["US-CA"], False), ("XX", ["US"], False), ("house", ["house"], True), ("house", ["US"], False),
    ],
)  # fmt: skip
def test_a_part_lies_within_the_whole_and_never_the_other_way_round(lives, names, bound):
    assert falls_under(lives, names) is bound


def test_the_union_has_27_members():
    assert len(EU) == 27


@pytest.mark.parametrize(("lives", "answer"), [("US-FL", "deny"), ("CA", None), ("DE", None)])
def test_a_rule_binds_customers_of_its_jurisdiction_alone(lives, answer):  # S6.5
    found = answers(rules(PostalAddress(), jurisdictions="US"), jurisdiction=lives)
    assert found == ([answer] if answer else [])


@pytest.mark.parametrize("lives", [None, "somewhere", ""])
@pytest.mark.parametrize(("unknown", "bound"), [("every", True), ("US", True), ("DE", False)])
def test_where_nobody_knows_the_jurisdiction_the_policy_says_which_to_assume(lives, unknown, bound):
    found = answers(rules(PostalAddress(), jurisdictions="US", unknown=unknown), jurisdiction=lives)
    assert bool(found) is bound


def test_consent_rules_see_parts_within_wholes_too():  # S7.2
    consent = ConsentRules([ConsentRule(needs="no_withdrawal", jurisdictions=["US"])])
    told = facts_of(consent, jurisdiction="US-FL", consents={})
    assert rule_here(told, on("Hello")).allowed


# --- what a rule is about ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "kind", "bound"),
    [
        ({}, "marketing", True), ({"kinds": "gift"}, "marketing", False), ({"channels": "sms"}, "marketing", False),
        ({"except_kinds": ["service"]}, "service", False), ({"except_kinds": ["service"]}, "our own", True),
    ],
)  # fmt: skip
def test_a_rule_binds_by_kind_and_channel(scope, kind, bound):
    assert bool(answers(rules(PostalAddress(), **scope), kind=kind)) is bound


@pytest.mark.parametrize(
    ("day", "bound"),
    [(date(2026, 5, 31), False), (date(2026, 6, 1), True), (date(2026, 6, 30), True), (date(2026, 7, 1), False)],
)
def test_a_rule_holds_from_its_first_day_until_the_day_it_ends(day, bound):
    dated = rules(PostalAddress(), valid_from=date(2026, 6, 1), valid_until=date(2026, 7, 1))
    now = micros(datetime(day.year, day.month, day.day, tzinfo=UTC))
    assert bool(answers(dated, now=now)) is bound


def test_rules_of_house_and_journey_are_both_asked_and_equal_ones_once():  # S6.4
    same, other = rules(PostalAddress()), rules(SenderIdentity(), sender=Sender("Beans"))
    bound = bind(Policy(same), {"j": Policy(same, other)})["j"]
    told = Facts(now=NOON, key="k", message=Message("m", why="t"), journey="j", policy=bound, zones=("UTC",))
    assert len(check_content_rules(told, on("Hello"))) == 2


def test_without_content_rules_nothing_is_asked():
    told = facts_of()
    assert check_content_rules not in {check for check in CHECKS if check(told, on("Hello"))}
    assert told.policy.content is None


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: ContentRule(name="", asks=PostalAddress()),
        lambda: ContentRule(name="x", asks=[]),
        lambda: ContentRule(name="x", asks=["postal"]),
        lambda: ContentRule(name="x", asks=PostalAddress(), jurisdictions=["Narnia"]),
        lambda: ContentRule(name="x", asks=SessionWindow(24)),
        lambda: ContentRule(name="x", asks=PostalAddress(), valid_from=date(2026, 1, 1), valid_until=date(2026, 1, 1)),
        lambda: ContentRules(["x"], unknown_jurisdiction="US"),
        lambda: ContentRules(7, unknown_jurisdiction="US"),
        lambda: ContentRules([], unknown_jurisdiction="Narnia"),
        lambda: ContentRules(
            [ContentRule(name="x", asks=PostalAddress()), ContentRule(name="x", asks=SenderIdentity())],
            unknown_jurisdiction="US",
        ),
        lambda: ContentRule(name="x", asks=PostalAddress(), kinds=[1]),
        lambda: ContentRule(name="x", asks=PostalAddress(), channels=[None]),
        lambda: ContentRule(name="x", asks=PostalAddress(), valid_from=datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: ContentRule(name="x", asks=PostalAddress(), source=None),
        lambda: ContentRules([], sender="Roast & Co.", unknown_jurisdiction="US"),
        lambda: Sender(None),
        lambda: Sender("x", also=[1]),
        lambda: Sender("x", links_live="60"),
        lambda: Sender("x", links_live=0),
        lambda: Sender("x", opt_outs_within=-1),
        lambda: LinkLife(0),
        lambda: LinkLife(True),
        lambda: OptOutWithin(1.5),
        lambda: OptOutText("both"),
        lambda: OptOutText(phrases=[" "]),
        lambda: QuietHoursIn("21:00", "21:00"),
        lambda: QuietHoursIn("21:00", "08:00", weekdays=["someday"]),
        lambda: QuietHoursIn("21:00", "08:00", holidays=["Mars"]),
        lambda: ComplaintRate(0),
        lambda: ComplaintRate(1.1),
        lambda: ComplaintRate(0.1, provider="nobody"),
        lambda: SessionWindow(24, closed="maybe"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_written(mistake):
    with pytest.raises(JourneyError):
        mistake()


# --- words and promises -----------------------------------------------------------------------------------------------

FOOTER = "Roast & Co., 1 Mill Lane\nBoston, MA  02108. hello@roast.example\nUnsubscribe: https://roast.example/u"


@pytest.mark.parametrize(
    ("asked", "text", "answer"),
    [
        (SenderIdentity(), "Here is ROAST & Co. with news", "allow"),
        (SenderIdentity(), "Here is Roastery Cooper with news", "deny"),
        (SenderIdentity(contact=True), FOOTER, "allow"),
        (SenderIdentity(contact=True), "Roast & Co.", "deny"),
        (PostalAddress(), FOOTER, "allow"),
        (PostalAddress(), "1 Mill Lane", "deny"),
        (OptOutText("words"), "Reply STOP to end", "allow"),
        (OptOutText("words"), "please stop by the shop", "deny"),
        (OptOutText("words"), "Hier können Sie sich abmelden.", "allow"),
        (OptOutText("words"), "Pour vous désabonner, écrivez-nous", "allow"),
        (OptOutText("link"), "Reply STOP to end", "deny"),
        (OptOutText("link"), FOOTER, "allow"),
        (OptOutText("link"), "Shop: https://roast.example/shop\n\nWrite to us to unsubscribe", "deny"),
        (OptOutText("link"), "To unsubscribe:\nhttps://roast.example/x?y=1", "allow"),
        (OptOutText("link"), "mailto:unsubscribe@roast.example", "allow"),
        (OptOutText("words", phrases=["say no more"]), "Just say: no more!", "allow"),
    ],
)
def test_what_a_rule_asks_for_is_looked_for_in_the_words(asked, text, answer):
    assert answers(rules(asked), here=on(text)) == [answer]


@pytest.mark.parametrize(
    ("html", "answer"),
    [
        ('<p>News</p><a href="https://roast.example/unsubscribe?t=1">here</a>', "allow"),
        ("<a href=https://roast.example/u>Click to <b>un</b>subscribe</a>", "allow"),
        ('<a href="https://x.example/u"><img src="u.png" alt="Unsubscribe"></a>', "allow"),
        ("<p>Unsubscribe</p>", "deny"),
        ('<a href="https://roast.example/shop">Shop</a><p>unsubscribe by post</p>', "deny"),
        ("<!-- <a href='https://roast.example/unsubscribe'>unsubscribe</a> -->Hi", "deny"),
        ("<style>.unsubscribe{}</style><a href='https://roast.example/shop'>Shop</a>", "deny"),
    ],
)
def test_links_in_html_are_told_by_where_they_lead_and_what_they_are_called(html, answer):
    assert answers(rules(OptOutText("link")), here=on(html=html)) == [answer]


def test_a_message_in_two_forms_says_it_in_both_for_its_reader_sees_one():
    here = on("News without more", html='<a href="https://roast.example/u">unsubscribe</a>')
    assert answers(rules(OptOutText("link")), here=here) == ["deny"]


def test_the_subject_may_name_the_sender():
    assert answers(rules(SenderIdentity()), here=on("Hello", subject="Roast & Co.: news")) == ["allow"]


def test_a_sender_may_go_by_other_names():
    assert answers(rules(SenderIdentity(), sender=Sender("Roast Ltd", also=["咖啡"])), here=on("我们是咖啡店")) == [
        "allow"
    ]


@pytest.mark.parametrize(
    ("asked", "sender", "answer"),
    [
        (OneClickUnsubscribe(), SENDER, "allow"),
        (OneClickUnsubscribe(), Sender("x"), "deny"),
        (LinkLife(60), SENDER, "allow"),
        (LinkLife(61), SENDER, "deny"),
        (LinkLife(1), Sender("x"), "deny"),
        (OptOutWithin(10), Sender("x"), "allow"),
        (OptOutWithin(10), Sender("x", opt_outs_within=11), "deny"),
        (SenderIdentity(), Sender(""), "deny"),
        (SenderIdentity(contact=True), Sender("x"), "deny"),
        (PostalAddress(), Sender("x"), "deny"),
    ],
)
def test_what_the_words_cannot_show_the_host_has_to_say(asked, sender, answer):
    assert answers(rules(asked, sender=sender), here=on(f"{FOOTER} x")) == [answer]


def test_a_denial_is_the_channels_own_and_names_rule_and_source():  # S6.5, S10
    lacking = ContentRule(
        name="our/address", asks=PostalAddress(), source="15 U.S.C. § 7704", url="https://law.example/7704"
    )
    (verdict,) = verdicts(ContentRules([lacking], sender=SENDER, unknown_jurisdiction="US"))
    assert (verdict.check, verdict.answer, verdict.own) == (CONTENT, "deny", True)
    assert verdict.reason == (
        "our/address: the sender's postal address (Sender.postal) is not in the words (15 U.S.C. § 7704)"
    )
    assert verdict.values == {"rule": "our/address", "source": "15 U.S.C. § 7704", "url": "https://law.example/7704"}


def test_every_rule_answers_and_none_hides_another():  # S6.5
    assert answers(rules(PostalAddress(), SenderIdentity(), LinkLife(30))) == ["deny", "deny", "allow"]


def test_words_that_are_missing_are_left_to_the_check_of_words():  # S6.2
    here = ChannelFacts("email", missing_words=("customer.name",))
    assert answers(rules(PostalAddress()), here=here) == ["allow"]


def test_nothing_personal_is_in_a_reason():  # S7.5
    secret = "Ann Marker of 7 Marker Road"
    (verdict,) = verdicts(rules(PostalAddress()), here=on(secret), jurisdiction="US-FL")
    assert "Marker" not in f"{verdict} {verdict.values}"
    assert "Marker" not in repr(on(secret))


# --- statutory quiet hours --------------------------------------------------------------------------------------------


def at(hour, minute=0, *, day=date(2026, 6, 1)):
    return micros(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC))


def hours_of(*shipped):
    return ContentRules(shipped, unknown_jurisdiction="US")


def told(lives, now, *, zones=("UTC",), channel="sms", kind="marketing"):
    both = hours_of(TCPA_QUIET_HOURS, STATE_QUIET_HOURS)
    return verdicts(both, here=on("Hi", channel=channel), jurisdiction=lives, now=now, zones=zones, kind=kind)


@pytest.mark.parametrize(
    ("lives", "when", "quiet_until"),
    [
        ("US", at(20, 59), None), ("US", at(21), at(8, day=date(2026, 6, 2))), ("US", at(7, 59), at(8)),
        ("US", at(8), None), ("US-FL", at(19, 59), None), ("US-FL", at(20), at(8, day=date(2026, 6, 2))),
        ("US-WA", at(20), at(8, day=date(2026, 6, 2))), ("US-CT", at(8, 30), at(9)), ("US-CA", at(20, 30), None),
        ("US-TX", at(11, 59, day=date(2026, 6, 7)), at(12, day=date(2026, 6, 7))),  # a Sunday
        ("US-MS", at(12, day=date(2026, 6, 7)), at(8, day=date(2026, 6, 8))),
        ("US-RI", at(9, 30, day=date(2026, 6, 6)), at(10, day=date(2026, 6, 6))),  # a Saturday
        ("US-RI", at(12, day=date(2026, 9, 7)), at(9, day=date(2026, 9, 8))),  # Labor Day
        ("US-RI", at(12, day=date(2026, 8, 10)), at(9, day=date(2026, 8, 11))),  # Victory Day, kept there alone
        ("US-TX", at(12, day=date(2026, 9, 7)), None),
    ],
)  # fmt: skip
def test_statutory_hours_defer_to_the_exact_instant_at_which_they_end(lives, when, quiet_until):  # S2.4, S6.5
    bound = Policy(hours_of(TCPA_QUIET_HOURS, STATE_QUIET_HOURS))
    facts = Facts(
        now=when, key="k", message=Message("m", why="t", kind="marketing", expires=timedelta(days=9)), journey="j",
        policy=bind(bound, {"j": Policy()})["j"], zones=("UTC",), consents=GRANTED, jurisdiction=lives,
    )  # fmt: skip
    now = when
    for _ in range(5):
        ruling = rule_here(Facts(**{**_fields(facts), "now": now}), on("Hi", channel="sms"))
        if ruling.allowed:
            break
        assert ruling.answer == "defer"
        now = ruling.until
    assert (now if now != when else None) == quiet_until, instant(now)


def _fields(facts):
    return {name: getattr(facts, name) for name in ("key", "message", "journey", "policy", "zones", "consents")} | {
        "jurisdiction": facts.jurisdiction, "expires_at": facts.expires_at,
    }  # fmt: skip


def test_the_stricter_of_federal_and_state_hours_holds():
    assert [each.answer for each in told("US-FL", at(20, 30))] == ["allow", "defer"]
    assert [each.answer for each in told("US-FL", at(21, 30))] == ["defer", "defer"]


def test_hours_are_those_of_the_customers_clock_and_all_candidate_zones_agree():  # S2.3
    assert [each.answer for each in told("US", at(12), zones=("America/New_York",))] == ["allow"]
    assert [each.answer for each in told("US", at(12), zones=("America/New_York", "America/Los_Angeles"))] == ["defer"]


def test_without_a_zone_nothing_goes_out_on_the_channel_that_a_statute_binds():  # S2.3
    (verdict,) = told("US", at(12), zones=())
    assert (verdict.check, verdict.answer, verdict.own) == (STATUTORY, "deny", True)
    assert "time zone is not known" in verdict.reason


def test_without_a_zone_a_rule_for_every_channel_leaves_none():  # S2.3
    (verdict,) = verdicts(rules(QuietHoursIn("21:00", "08:00")), zones=())
    assert (verdict.answer, verdict.own) == ("deny", False)


@pytest.mark.parametrize(("channel", "kind"), [("email", "marketing"), ("sms", "service"), ("sms", "transactional")])
def test_statutory_hours_are_for_advertising_by_telephone(channel, kind):
    assert told("US", at(3), channel=channel, kind=kind) == []


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25), date(2026, 6, 19), date(2026, 7, 3),
        date(2026, 7, 4), date(2026, 9, 7), date(2026, 10, 12), date(2026, 11, 11), date(2026, 11, 26),
        date(2026, 12, 25), date(2027, 7, 5), date(2027, 12, 24),
    ],
)  # fmt: skip
def test_federal_holidays_fall_on_the_days_that_are_published(day):
    assert day in days_of("US")


def test_a_year_of_federal_holidays_has_no_other_days():
    assert len([day for day in days_of("US") if day.year == 2026]) == 12  # eleven, and the Friday before 4 July


@given(st.sampled_from(sorted(HOLIDAYS)), st.integers(2021, 2060))
def test_a_holiday_lies_in_its_month_and_on_its_weekday(calendar, year):
    for each in HOLIDAYS[calendar]:
        day = each.on(year)
        assert (day.year, day.month) == (year, each.month)
        assert day.day == each.day or day.weekday() == each.weekday
        if each.day is None and each.nth == -1:
            assert (day + timedelta(days=7)).month != each.month
        elif each.day is None:
            assert (day.day - 1) // 7 == each.nth - 1


def test_a_calendar_that_nobody_keeps_is_an_error():
    with pytest.raises(UnknownName, match="Mars"):
        days_of("Mars")


# --- sessions ---------------------------------------------------------------------------------------------------------


def session(last, *, message=None, sender=SENDER, closed=None):
    shipped = (
        WHATSAPP
        if closed is None
        else ContentRule(name="w", asks=SessionWindow(24, closed=closed), channels="whatsapp")
    )
    here = on("Hi", channel="whatsapp", last_inbound=last)
    (verdict,) = verdicts(ContentRules([shipped], sender=sender, unknown_jurisdiction="US"), here=here, message=message)
    return verdict


@pytest.mark.parametrize(
    ("ago", "answer"), [(0, "allow"), (24 * HOUR - 1, "allow"), (24 * HOUR, "deny"), (48 * HOUR, "deny")]
)
def test_free_text_goes_out_within_24_hours_of_the_last_message(ago, answer):
    assert session(NOON - ago).answer == answer


def test_without_a_session_the_next_channel_is_tried():  # S6.5
    verdict = session(None)
    assert (verdict.check, verdict.answer, verdict.own) == (SESSION, "deny", True)
    assert "never wrote" in verdict.reason


def test_without_a_session_a_message_may_wait_for_the_customer():  # S6.5
    verdict = session(None, closed="wait")
    assert (verdict.answer, verdict.waits_for, verdict.until) == ("defer", "the customer wrote", None)


def test_an_approved_template_needs_no_session():
    approved = Sender("x", approved="news")
    assert session(None, sender=approved).answer == "allow"
    assert session(None, sender=approved, message=Message("other", why="t")).answer == "deny"


def test_a_session_verdict_carries_its_values():  # S10
    assert session(NOON - HOUR).values["until"] == NOON + 23 * HOUR


# --- deadlines and rates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "days", "holidays", "last"),
    [
        (date(2026, 6, 1), 10, (), date(2026, 6, 15)),
        (date(2026, 6, 5), 1, (), date(2026, 6, 8)),  # a Friday
        (date(2026, 6, 6), 1, (), date(2026, 6, 8)),
        (date(2026, 7, 2), 1, days_of("US"), date(2026, 7, 6)),
    ],
)
def test_a_deadline_in_business_days_skips_weekends_and_holidays(said, days, holidays, last):
    assert OptOutWithin(days).deadline(said, holidays) == last


def test_a_deadline_in_days_skips_none():
    assert OptOutWithin(2, business=False).deadline(date(2026, 6, 5)) == date(2026, 6, 7)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 40))
def test_as_many_business_days_lie_up_to_the_deadline_as_are_allowed(said, days):
    last = OptOutWithin(days).deadline(said)
    between = [said + timedelta(days=n) for n in range(1, (last - said).days + 1)]
    assert sum(day.weekday() < 5 for day in between) == days
    assert last.weekday() < 5


@pytest.mark.parametrize(
    ("complaints", "delivered", "held"),
    [(2, 1_000, False), (3, 1_000, True), (3, 1_001, False), (300, 100_000, True), (999, 999, False), (0, 0, False)],
)
def test_the_rate_is_reached_at_three_in_a_thousand_and_not_before(complaints, delivered, held):
    assert ComplaintRate(0.003).exceeded(complaints, delivered) is held


@given(st.integers(0, 10**6), st.integers(0, 10**7), st.integers(1, 999), st.integers(1, 10**4))
def test_a_rate_is_exact(complaints, delivered, per_mille, minimum):
    held = ComplaintRate(per_mille / 1000, minimum=minimum).exceeded(complaints, delivered)
    assert held == (delivered >= minimum and Fraction(complaints) >= Fraction(per_mille, 1000) * delivered)


def test_counts_below_nothing_are_refused():
    with pytest.raises(InvalidInput, match="counts from 0"):
        ComplaintRate().exceeded(-1, 10)


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "gmail"), ("GoogleMail.com.", "gmail"), ("yahoo.de", "yahoo"), ("yahoo.co.uk", "yahoo"),
        ("hotmail.fr", "microsoft"), ("icloud.com", "apple"), ("example.com", None), ("yahoo.example.com", None),
        ("mail.gmail.com", None), ("", None), ("yahoo", None), ("live.com.evil.example.uk", None),
    ],
)  # fmt: skip
def test_a_mailbox_provider_is_told_by_its_domains(domain, provider):
    assert provider_of(domain) == provider


def test_every_domain_belongs_to_one_provider():
    domains = [each for found in PROVIDERS.values() for each in found]
    assert len(domains) == len(set(domains))
    assert all(provider_of(each) == name for name, found in PROVIDERS.items() for each in found)


# --- what ships -------------------------------------------------------------------------------------------------------


def test_every_shipped_rule_names_its_source_and_where_to_read_it():
    for rule in (each for found in SHIPPED.values() for each in found):
        assert rule.source
        assert rule.url.startswith(("https://", "http://webserver.rilin.state.ri.us/"))


def test_all_shipped_rules_can_be_used_together():
    together = ContentRules(SHIPPED.values(), sender=SENDER, unknown_jurisdiction="every")
    assert len(together.rules) == sum(map(len, SHIPPED.values()))


def test_the_opt_out_words_that_carriers_want_act_by_themselves():  # S7.3
    from touchpoint.channels.keywords import keyword_in

    for asked in (each for found in SHIPPED.values() for rule in found for each in rule.asks):
        if isinstance(asked, Keywords):
            assert {keyword_in(word) for word in asked.stop} == {"stop"}
            assert {keyword_in(word) for word in asked.help} == {"help"}


@pytest.mark.parametrize("lives", ["US-FL", "CA", "DE", "GB", None])
def test_a_mail_with_everything_in_it_passes_every_shipped_rule(lives):
    everything = ContentRules(SHIPPED.values(), sender=SENDER, unknown_jurisdiction="every")
    ruling = rule_here(facts_of(everything, jurisdiction=lives), on(FOOTER))
    assert ruling.allowed, ruling.reason


@pytest.mark.parametrize("shipped", [CAN_SPAM, GDPR_PECR])
def test_a_bare_mail_passes_none_of_the_statutes_about_mail(shipped):
    set_ = ContentRules(shipped, sender=SENDER, unknown_jurisdiction="every")
    assert not rule_here(facts_of(set_), on("Hello")).allowed


@given(
    st.lists(st.sampled_from(sorted(SHIPPED)), max_size=4, unique=True),
    st.sampled_from([None, "US", "US-RI", "DE", "CA"]),
    st.sampled_from(["email", "sms", "whatsapp"]),
    st.sampled_from(["marketing", "service", "our own"]),
    st.sampled_from(["", "Hello", FOOTER]),
    st.none() | st.integers(NOON - 48 * HOUR, NOON),
)
def test_content_rules_are_left_out_only_where_they_would_have_said_nothing(names, lives, channel, kind, text, last):
    items = [ContentRules([SHIPPED[name] for name in names], sender=SENDER, unknown_jurisdiction="every")]
    told, here = facts_of(*items, jurisdiction=lives, kind=kind), on(text, channel=channel, last_inbound=last)
    assert list(ask(told, here)) == [verdict for check in CHECKS for verdict in check(told, here)]


def test_one_rule_may_stand_alone():
    rule = ContentRule(name="x", asks=PostalAddress())
    one = ContentRules(rule, unknown_jurisdiction="US")
    assert one == ContentRules([rule], unknown_jurisdiction="US")
