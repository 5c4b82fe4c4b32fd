"""The complaint breaker: a mailbox provider whose customers complain too much gets nothing for a day."""

from hypothesis import given
from hypothesis import strategies as st

from making import START, ends, engine_of, pass_time, sending
from touchpoint import Policy, VirtualClock, days
from touchpoint.channels import Accepted, Complained
from touchpoint.core.complaints import DAY, count, name_of
from touchpoint.rules import ComplaintRate, ContentRule, ContentRules

ONE_IN_FIVE = ComplaintRate(0.2, minimum=10)
RULE = ContentRule(name="own/complaints", asks=ONE_IN_FIVE, channels="email")
RULES = ContentRules([RULE], unknown_jurisdiction="every")


def shop(people, domain="gmail.com", policy=None):
    made = engine_of(
        sending(), people=(), clock=VirtualClock(START), policy=Policy(RULES) if policy is None else policy
    )
    for each in people:
        made.identify(each, addresses={"email": f"{each}@{domain}"})
        made.record(each, "start")
    pass_time(made)
    return made


def crowd(n, first="c"):
    return [f"{first}{n:02}" for n in range(n)]


def complains(engine, *people):
    for each in people:
        engine.apply(Complained(engine.customer(each).messages[0].key))


def later(engine, who, domain):
    engine.identify(who, addresses={"email": f"{who}@{domain}"})
    engine.record(who, "start")
    engine.run_pending()
    return ends(engine, who)[0][1]


def test_too_many_complaints_hold_the_channel_for_that_mailbox_provider_alone():
    made = shop(crowd(10))
    complains(made, "c00", "c01")
    assert later(made, "zoe", "googlemail.com") == "waiting"
    assert later(made, "yan", "yahoo.com") == "sent"
    assert "free again at" in made.customer("zoe").messages[0].because[-1]


def test_a_day_later_it_goes_on_by_itself():
    made = shop(crowd(10))
    complains(made, "c00", "c01")
    later(made, "zoe", "gmail.com")
    pass_time(made, days(1))
    assert ends(made, "zoe") == [("hello", "sent")]


def test_few_deliveries_say_nothing_yet():
    made = shop(crowd(9))
    complains(made, *crowd(9))
    assert later(made, "zoe", "gmail.com") == "sent"


def test_without_such_a_rule_nothing_is_counted():
    made = shop(crowd(10), policy=Policy())
    complains(made, *crowd(10))
    assert later(made, "zoe", "gmail.com") == "sent"
    with made.store.reading() as reader:
        assert not reader.has_paces()


def test_the_count_outlives_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    options = {"store": url, "clock": VirtualClock(START), "policy": Policy(RULES), "people": ()}
    with engine_of(sending(), **options) as made:
        for each in crowd(10):
            made.identify(each, addresses={"email": f"{each}@gmail.com"})
            made.record(each, "start")
        made.run_pending()
        complains(made, "c00")
    with engine_of(sending(), **options) as again:
        complains(again, "c01")
        assert later(again, "zoe", "gmail.com") == "waiting"


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_the_counts_are_those_of_today_and_yesterday(events):
    paces, now, all_events = {}, 0, []
    for ahead, complaint in events:
        now += ahead * DAY // 2
        all_events.append((now // DAY, complaint))
        count(paces, [ONE_IN_FIVE], "email", ("email", "a@b.example"), now, complaint=complaint)
    if events:
        recent = [bad for day, bad in all_events if day >= now // DAY - 1]
        today, *counts = paces[name_of("email", "email", "a@b.example")]
        assert today == now // DAY
        assert (counts[0] + counts[2], counts[1] + counts[3]) == (sum(recent), len(recent) - sum(recent))


def test_what_is_no_mailbox_is_not_counted():
    assert list(count({}, [ONE_IN_FIVE], "sms", ("phone", "+1555"), 0, complaint=True)) == []


def test_a_complaint_that_came_before_its_reference_was_known_counts_once():
    made = shop(crowd(9))
    made.apply(Complained(channel="email", ref="r-1", address="zoe@gmail.com"))
    channel = made.adapters["email"]
    channel.send = lambda _: Accepted("r-1")
    made.identify("yan", addresses={"email": "yan@gmail.com"})
    made.record("yan", "start")
    pass_time(made)
    with made.store.reading() as reader:
        (body,) = reader.paces([name_of("email", "email", "zoe@gmail.com")]).values()
    assert body.split(",")[1:3] == ["1", "10"]  # complaints and deliveries of today
