"""What figures count, and what they leave out (S1.5, S1.6, S1.7, S8.1)."""

import json
import sqlite3
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from counting import WHATS, accounts, assert_the_same_from_the_journal, counts
from touchpoint import (
    Cap,
    CaseType,
    Content,
    Engine,
    Figures,
    Gift,
    Give,
    InvalidInput,
    Journey,
    Message,
    Policy,
    Rule,
    Send,
    Stage,
    StoreCorrupt,
    Touchpoint,
    UnknownName,
    VirtualClock,
    days,
    hours,
)
from touchpoint.channels import MemoryChannel
from touchpoint.cli.app import cli
from touchpoint.engine import figuring
from touchpoint.insight import Scale, csat, nps, proportion
from touchpoint.insight.account import Account, Cells
from touchpoint.insight.activity import SPAN, Activity
from touchpoint.insight.counting import Counting
from touchpoint.insight.spans import BOUNDS, Spans, bucket_of, ends_of
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.figures import from_record
from touchpoint.stores.base import Changes
from touchpoint.testing import World

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
trouble = CaseType("trouble", respond_within=hours(4))
HELLO = Message("hello", why="to greet", kind="service", channels=["email"], content=Content(text="Hello"))
OFFER = Message("offer", why="to sell", kind="marketing", channels=["email"], content=Content(text="Buy"))
ROSES = Gift("roses", why="thanks", channels=["email"], worth=20, currency="EUR", budget=50, content=Content(text="R"))
SHOP = Journey(
    "shop",
    cases=[trouble],
    stages=[
        Stage("visitor", phase="attract", when="visit"), Stage("buyer", phase="engage", when="bought"),
        Stage("fan", phase="delight", when="praised"),
    ],
    rules=[
        Rule("greet", when="visit", then=[Send(HELLO)]), Rule("sell", when="bought", then=[Send(OFFER)]),
        Rule("thank", when="praised", then=[Give(ROSES)]),
    ],
)  # fmt: skip
SOURCES = (
    FeedbackSource("review", scale={datetime(2000, 1, 1, tzinfo=UTC): Scale(1, 5),
                                    datetime(2026, 3, 10, tzinfo=UTC): Scale(1, 10)}),
    FeedbackSource("effort", kind="ces", location="desk"),
)  # fmt: skip


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def make(clock):
    engines = []

    def make(store="sqlite://", **more):
        given = {"figures": Figures(), "feedback": SOURCES, "secret": b"k" * 32} | more
        engine = Engine(store, journeys=[SHOP], channels=[MemoryChannel("email")], clock=clock, **given)
        engines.append(engine)
        return engine

    yield make
    for each in engines:
        each.close()


@pytest.fixture
def engine(make):
    return make()


def known(engine, *people):
    for each in people:
        engine.identify(each, addresses={"email": f"{each}@example.com"})


def of(told, **wanted):
    [found] = [each for each in told if all(getattr(each, name) == value for name, value in wanted.items())]
    return found


# Stages.


def test_who_stays_where_and_for_how_long(engine, clock):  # S3.2
    for person in ("ann", "bob", "cleo"):
        engine.record(person, "visit")
    clock.advance(hours(10))
    engine.record("ann", "bought")
    clock.advance(hours(20))
    engine.record("bob", "bought")
    found = engine.figures()
    visitor = of(found.stages, stage="visitor")
    assert (visitor.phase, visitor.now, visitor.entered, visitor.left) == ("attract", 1, 3, 2)
    assert (visitor.dwell.n, visitor.dwell.total, visitor.dwell.mean) == (2, 40 * 3600, 20 * 3600)
    assert visitor.dwell.shortest[0] <= 10 * 3600 < visitor.dwell.shortest[1]
    assert visitor.dwell.longest[0] <= 30 * 3600 < visitor.dwell.longest[1]
    assert [(each.left, each.entered, each.n) for each in found.flows] == [
        (None, "visitor", 3),
        ("visitor", "buyer", 2),
    ]
    assert [(each.phase, each.now, each.entered, each.left) for each in found.phases] == [
        ("attract", 1, 3, 2), ("engage", 2, 2, 0), ("delight", 0, 0, 0)
    ]  # fmt: skip


def test_a_range_of_days_is_told_in_the_zone_of_the_firm(make, clock):
    engine = make(figures=Figures("Asia/Tokyo"))
    clock.advance(hours(5))  # 14:00 UTC is 23:00 in Tokyo
    engine.record("ann", "visit")
    clock.advance(hours(2))
    engine.record("bob", "visit")
    entered = [
        of(engine.figures(since=day, until=day).stages, stage="visitor").entered
        for day in (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))
    ]
    assert entered == [1, 1, 0]
    assert of(engine.figures(until=date(2026, 3, 1)).stages, stage="visitor").now == 2  # now is now


def test_journeys_are_told_apart(make):
    other = Journey("club", stages=[Stage("in", phase="engage", when="bought")])
    engine = Engine("sqlite://", journeys=[SHOP, other], channels=[MemoryChannel("email")], figures=Figures())
    engine.record("ann", "bought")
    assert {each.journey for each in engine.figures(journeys=["club"]).stages} == {"club"}
    assert {each.journey for each in engine.figures(journeys=["club"]).messages} == set()
    assert {each.journey for each in engine.figures().stages} == {"shop", "club"}
    engine.close()


# Growth.


def test_growth_is_accounted_for_whatever_comes_when(engine, clock):  # S1.5
    engine.record("ann", "visit")
    clock.advance(days(70))
    engine.record("ann", "visit")
    assert [each.growth.churned for each in engine.figures().months] == [0, 1, 0]
    engine.record("ann", "visit", at=datetime(2026, 4, 20, tzinfo=UTC))  # late: she had not gone
    told = engine.figures().months
    assert [(each.name, each.over) for each in told] == [("2026-03", True), ("2026-04", True), ("2026-05", False)]
    kinds = [(each.growth.new, each.growth.retained, each.growth.resurrected) for each in told]
    assert kinds == [(1, 0, 0), (0, 1, 0), (0, 1, 0)]


def test_what_channels_report_makes_nobody_active(engine):
    for kind in ("delivered", "opened", "complained", "opted_out"):
        engine.record("ann", kind)
    engine.record("ann", "mail", direction="outbound")
    assert engine.figures().months == ()
    engine.record("ann", "replied")
    assert engine.figures().months[0].growth.new == 1


def test_what_counts_as_activity_can_be_said(make):
    engine = make(figures=Figures(active=["bought"]))
    engine.record("ann", "visit")
    engine.record("bob", "bought")
    assert engine.figures().weeks[0].growth.new == 1


def test_merged_customers_were_active_once(engine):  # S1.6
    engine.record("anonymous", "visit")
    engine.record("ann", "visit")
    engine.merge("anonymous", into="ann")
    found = engine.figures()
    assert (found.months[0].growth.new, of(found.stages, stage="visitor").now) == (1, 1)
    assert_the_same_from_the_journal(engine)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_an_activity_remembers_ten_years(periods):
    activity, changes = Activity(), Counter()
    for period in periods:
        for what, at, n in activity.add(period, 10):
            changes[what, at] += n
    assert min(changes.values()) >= 0
    assert sum(n for (what, _), n in changes.items() if what == "new") == 1
    assert changes["new", min(periods)] == 1
    assert activity.bits.bit_length() <= 11
    assert SPAN == {"month": 120, "week": 530}


# Feedback.


def asks(engine, *scores, source="review", **more):
    for n, score in enumerate(scores):
        engine.record(f"p{n}", source, {"score": score}, **more)


def test_scores_stand_on_the_scale_of_their_day(engine, clock):  # S8.1
    asks(engine, 1, 5, 3, location="Graz")
    clock.advance(days(10))
    asks(engine, 10, 1, location="Graz")
    graz = engine.figures().feedback[0].place("Graz")
    assert [(each.scale.high, each.score, each.n) for each in graz.counts] == [
        (5, "1", 1), (5, "3", 1), (5, "5", 1), (10, "1", 1), (10, "10", 1),
    ]  # fmt: skip
    assert graz.mean.value == 50
    assert [(each.scale.high, each.n) for each in graz.mean.scales] == [(5, 3), (10, 2)]
    assert graz.low == proportion(2, 5)
    assert graz.at_most(3, Scale(1, 5)) == 2


def test_each_kind_has_its_own_figure(engine):
    for n, score in enumerate([10, 9, 8, 6, 0]):
        engine.record(f"p{n}", "feedback", {"kind": "nps", "score": score}, location="A")
    for n, score in enumerate([5, 4, 3, 1]):
        engine.record(f"p{n}", "feedback", {"kind": "csat", "score": score}, location="A")
    asks(engine, 7, 6, 2, source="effort")
    told = {(each.source, each.kind): each.whole for each in engine.figures().feedback}
    assert told["feedback", "nps"].nps == nps(2, 1, 2)
    assert told["feedback", "csat"].csat == csat(2, 4)
    assert (told["effort", "ces"].ces.statistic, told["effort", "ces"].ces.value) == ("mean", 5)
    assert told["feedback", "nps"].nps.interval.method == "adjusted_wald"
    assert told["feedback", "csat"].csat.interval.method == "wilson"


def test_the_latest_answer_to_one_thing_counts(engine, clock):
    engine.record("ann", "review", {"score": 1}, about="survey-1")
    engine.record("ann", "review", {"score": 2}, about="survey-2")
    engine.record("bob", "review", {"score": 3}, about="survey-1")
    clock.advance(hours(1))
    engine.record("ann", "review", {"score": 5}, about="survey-1")
    engine.record("ann", "review", {"score": 4}, about="survey-1", at=START - hours(3))  # late, and said before
    engine.record("ann", "review", {"comment": "as I said"}, about="survey-1")  # takes no score back
    whole = engine.figures().feedback[0].whole
    assert [(each.score, each.n) for each in whole.counts] == [("2", 1), ("3", 1), ("5", 1)]
    assert whole.answers == 3
    assert_the_same_from_the_journal(engine)


def test_answers_to_nothing_count_each(engine):
    for score in (5, 5, 1):
        engine.record("ann", "review", {"score": score})
    assert engine.figures().feedback[0].whole.answers == 3


def test_of_many_surveys_the_latest_are_remembered(engine):
    for n in range(80):
        engine.record("ann", "review", {"score": 3}, about=f"survey-{n}")
    [account] = [json.loads(each) for each in accounts(engine).values()]
    assert len(account[3]) == 32
    assert engine.figures().feedback[0].whole.answers == 80
    assert_the_same_from_the_journal(engine)


def test_words_intents_and_blanks_are_counted(engine):
    engine.record("ann", "review", {"comment": "lovely"}, location="Graz")
    engine.record("ann", "feedback", {"kind": "text", "comment": "more tea", "intent": "wish"}, location="Graz")
    engine.record("bob", "review", {"score": "none"}, location="Linz")
    engine.record("bob", "review", {"score": 77}, location="Linz")
    told = {(each.source, each.kind): each for each in engine.figures().feedback}
    reviews, texts = told["review", "review"], told["feedback", "text"]
    assert (reviews.whole.answers, reviews.whole.blank, reviews.whole.scored) == (1, 2, 0)
    assert (reviews.place("Linz").blank, reviews.whole.mean, reviews.ranking) == (2, None, None)
    assert texts.whole.intents == {"wish": 1}


def test_broken_scores_are_counted_to_a_hundredth(engine):
    asks(engine, 4.5, 4.499999, 4.5001)
    assert [(each.score, each.n) for each in engine.figures().feedback[0].whole.counts] == [("9/2", 3)]
    assert engine.figures().feedback[0].whole.mean.value == pytest.approx(87.5)


def test_a_location_made_up_for_each_answer_is_counted_with_others(make):
    engine = make(figures=Figures(locations=3))
    for n in range(10):
        engine.record("ann", "review", {"score": 5}, location=f"L{n}")
    engine.record("ann", "review", {"score": 1}, location="L1")
    [reviews] = engine.figures().feedback
    assert sorted((each.location or "", each.others, each.answers) for each in reviews.places) == [
        ("", True, 7), ("L0", False, 1), ("L1", False, 2), ("L2", False, 1),
    ]  # fmt: skip
    assert {each.name for each in reviews.ranking.groups} == {"L0", "L1", "L2"}
    assert_the_same_from_the_journal(engine)


def test_small_locations_are_not_ranked_by_luck(engine):
    for n in range(100):
        for name, scores in (
            ("large and good", (5, 5, 5, 2)),
            ("usual", (5, 1, 5, 2)),
            ("large and poor", (5, 1, 3, 2)),
        ):
            engine.record("ann", "review", {"score": scores[n % 4]}, location=name)
    for name in ("small A", "small B"):
        engine.record("ann", "review", {"score": 5}, location=name)
    ranking = engine.figures().feedback[0].ranking
    assert max(ranking.groups, key=lambda each: each.raw).name.startswith("small")
    assert ranking.groups[0].name == "large and good"
    assert not any(each.apart for each in ranking.groups if each.name.startswith("small"))


# Cases and messages.


def test_cases_tell_how_long_they_took(engine, clock):  # S8.2
    for person in ("ann", "bob"):
        engine.open_case(person, trouble, ref="1")
    clock.advance(hours(2))
    engine.answer_case("ann", trouble, ref="1", at=START + hours(1))
    clock.advance(hours(8))
    engine.run_pending()
    engine.close_case("ann", trouble, ref="1")
    [told] = engine.figures().cases
    assert (told.open, told.opened, told.answered, told.closed, told.overdue) == (1, 2, 1, 1, {"response": 1})
    assert (told.to_answer.total, told.to_close.total) == (3600, 36_000)
    assert_the_same_from_the_journal(engine)


class Caused(NamedTuple):
    """A case that knows what led to it, as stores have it."""

    kind: str
    opened_at: int
    closed_at: int | None
    first_response_at: int | None
    cause_type: str
    cause_at: int
    merged_into: str | None = None


def test_a_loop_is_closed_from_what_was_said_to_what_was_done(engine):
    hour = 3_600_000_000
    counting, cells = Counting(Figures(), {}), Cells()
    counting.case(cells, Caused("trouble", 2 * hour, 30 * hour, 5 * hour, "feedback", hour), {})
    counting.case(cells, Caused("trouble", 2 * hour, None, None, "order_placed", hour), {})
    first = date(1970, 1, 1).toordinal()
    assert cells["loop", first, '["feedback","heard"]'] == 1
    assert cells["loop time", first, '["feedback","answered"]'] == 4 * 3_600_000
    assert cells["loop time", first + 1, '["feedback","closed"]'] == 29 * 3_600_000
    assert not any("order_placed" in name for _, _, name in cells)
    with engine.together() as unit:
        unit.tx.write(Changes(figures={(0, *key): n for key, n in cells.items()}))
    [told] = engine.figures().loops
    assert (told.source, told.heard, told.to_answer.mean, told.to_close.mean) == ("feedback", 1, 14_400, 104_400)


def test_a_case_that_became_part_of_another_is_not_closed():
    counting, cells = Counting(Figures(), {}), Cells()
    part = Caused("trouble", 0, 5_000_000, None, "visit", 0, merged_into="r2")
    counting.case(cells, part, {"response": [1, 2, True], "level 1": [1, 2]})
    names = {json.loads(name)[1] for what, _, name in cells if what == "case"}
    assert names == {"opened", "merged", "overdue", "escalated"}
    counting.case(cells, part, {"response": [1, 2, True], "level 1": [1, 2]}, -1)
    assert not any(cells.values())


def test_messages_are_told_by_what_became_of_them(make, clock):
    engine = make(policy=Policy(Cap(1, per=days(1), kinds=["service"])))
    known(engine, "ann")
    for person in ("ann", "ann", "bob"):
        engine.record(person, "visit")
        engine.run_pending()
        clock.advance(hours(1))
    engine.record("ann", "bought")
    engine.run_pending()
    told = {each.message: each for each in engine.figures().messages}
    hello, offer = told["hello"], told["offer"]
    assert (hello.kind, hello.due, hello.sent, hello.waiting) == ("service", 3, {"email": 1}, 1)
    assert hello.held == {"cap": 1}
    assert hello.ended == {"denied": {"address": 1}}
    assert (offer.due, offer.sent, offer.ended) == (1, {}, {"denied": {"consent": 1}})
    assert_the_same_from_the_journal(engine)


def test_a_message_that_was_held_is_told_with_what_held_it(make, clock):
    engine = make(policy=Policy(Cap(1, per=days(1), kinds=["service", "marketing"])))
    known(engine, "ann")
    engine.grant("ann", "marketing")
    engine.record("ann", "visit")
    engine.record("ann", "bought")
    engine.run_pending()
    waiting = {each.message: each for each in engine.figures().messages}["offer"]
    assert (waiting.waiting, waiting.held, waiting.sent) == (1, {"cap": 1}, {})
    clock.advance(days(2))
    engine.run_pending()
    gone = {each.message: each for each in engine.figures().messages}["offer"]
    assert (gone.waiting, gone.held, gone.sent) == (0, {"cap": 1}, {"email": 1})
    assert_the_same_from_the_journal(engine)


def test_gifts_stand_against_their_budget(engine):
    known(engine, "ann", "bob", "cleo")
    for person in ("ann", "bob", "cleo"):
        engine.grant(person, "gift")
        engine.record(person, "praised")
        engine.run_pending()
    [gift] = engine.figures().gifts
    assert (gift.budget, gift.amount, gift.spent, gift.reserved) == ("roses", "50", "40", "0")
    assert (gift.left, gift.currency, gift.used, gift.since) == ("10", "EUR", 0.8, None)


# People who go, and stores that are older.


def test_who_is_erased_stays_counted_as_nobody(engine, clock):  # S1.7
    known(engine, "ann")
    engine.record("ann", "visit")
    engine.record("ann", "review", {"score": 5}, location="Graz")
    engine.open_case("ann", trouble, ref="1")
    engine.run_pending()
    before = engine.figures()
    engine.erase("ann")
    after = engine.figures()
    assert (of(after.stages, stage="visitor").now, of(after.stages, stage="visitor").entered) == (0, 1)
    assert (after.feedback, after.months, after.flows) == (before.feedback, before.months, before.flows)
    assert (after.cases[0].opened, after.cases[0].open) == (1, 0)
    assert not accounts(engine)
    assert_the_same_from_the_journal(engine)
    assert engine.figures() == after


def test_what_is_remembered_to_count_by_is_exported(engine):
    engine.record("ann", "review", {"score": 5}, about="survey-1")
    assert "survey-1" in json.dumps(engine.export("ann")["remembered_for_figures"])


def test_figures_that_begin_later_say_that_they_are_not_complete(make, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    with make(url, figures=None) as engine:
        for person in ("ann", "bob", "cleo"):
            engine.record(person, "visit")
        with pytest.raises(InvalidInput, match="keeps no figures"):
            engine.figures()
        with pytest.raises(InvalidInput, match="keeps no figures"):
            engine.figures.rebuild()
    engine = make(url)
    assert (engine.figures().complete, of(engine.figures().stages, stage="visitor").entered) == (False, 0)
    engine.record("ann", "nothing")  # whoever is touched is counted as a whole
    assert of(engine.figures().stages, stage="visitor").entered == 1
    assert engine.figures.fill(page=1) == 2
    assert (engine.figures().complete, of(engine.figures().stages, stage="visitor").entered) == (True, 3)


def test_who_is_erased_before_anybody_counted_them_is_counted_then(make, tmp_path):  # S1.7
    url = f"sqlite:///{tmp_path}/shop.db"
    with make(url, figures=None) as engine:
        engine.record("ann", "visit")
        engine.record("bob", "visit")
    engine = make(url)
    engine.erase("ann")
    engine.figures.rebuild()
    visitor = of(engine.figures().stages, stage="visitor")
    assert (visitor.entered, visitor.now) == (2, 1)


def test_an_engine_that_was_not_told_keeps_the_figures_of_its_store(make, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    with make(url, figures=Figures("Asia/Tokyo")):
        pass
    engine = make(url, figures=None, feedback=())
    engine.record("ann", "review", {"score": 5})
    assert (engine.figures().zone, engine.figures().feedback[0].whole.answers) == ("Asia/Tokyo", 1)
    assert engine.figures().complete


def test_other_figures_begin_anew(make, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    with make(url) as engine:
        engine.record("ann", "visit")
    engine = make(url, figures=Figures("Asia/Tokyo"))
    assert (engine.figures().complete, engine.figures().flows) == (False, ())
    assert engine.figures.rebuild() == 1
    assert engine.figures().complete


def test_two_processes_count_on_one_store(make, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    one, other = make(url), make(url)
    for n in range(6):
        (one, other)[n % 2].record("ann", ("visit", "bought")[n % 2])
    assert sum(each.n for each in one.figures().flows) == 6
    assert_the_same_from_the_journal(other)
    one.record("ann", "visit")
    assert_the_same_from_the_journal(one)


def test_a_damaged_journal_delays_nobody(make, tmp_path):  # S11.4
    path = tmp_path / "shop.db"
    with make(f"sqlite:///{path}") as engine:
        for person in ("ann", "bob"):
            engine.record(person, "visit")
            engine.record(person, "visit")
    db = sqlite3.connect(path)
    db.execute("DELETE FROM touchpoint_journal WHERE no = 1")
    db.commit()
    db.close()
    engine = make(f"sqlite:///{path}")
    assert engine.figures.rebuild() == 2
    assert (engine.figures().complete, of(engine.figures().stages, stage="visitor").entered) == (False, 1)


def test_what_a_host_rolls_back_is_not_counted(make, tmp_path):  # S6.3
    path = tmp_path / "shop.db"
    engine = make(f"sqlite:///{path}")
    host = sqlite3.connect(path, isolation_level=None)
    for end in ("ROLLBACK", "COMMIT"):
        host.execute("BEGIN IMMEDIATE")
        engine.record("ann", "visit", connection=host)
        host.execute(end)
    host.execute("BEGIN IMMEDIATE")
    assert engine.figures.rebuild(connection=host) == 1
    host.execute("ROLLBACK")
    host.close()
    assert of(engine.figures().stages, stage="visitor").entered == 1
    assert_the_same_from_the_journal(engine)


def test_threads_that_share_a_commit_count_alike(make, tmp_path):
    engine = make(f"sqlite:///{tmp_path}/shop.db")

    def work(number):
        for n in range(15):
            engine.record(f"p{(number + n) % 5}", ("visit", "bought", "review")[n % 3], {"score": 3}, location="Graz")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert engine.figures().feedback[0].whole.answers == 20
    assert_the_same_from_the_journal(engine)


def test_figures_are_the_same_whenever_the_process_dies():  # S11.1
    def story(world):
        ann = world.customer("ann", addresses={"email": "ann@example.com"}, timezone="UTC")
        for kind in ("visit", "bought", "praised"):
            ann.does(kind)
            world.advance(hours(3))
        world.act("rebuild", lambda engine: engine.figures.rebuild(page=1), again=lambda _: None)

    points = 0
    with World([SHOP], at=START, figures=Figures()) as world:
        for crashed in world.for_each_crash_point(story):
            points += 1
            if not crashed.engine.figures().complete:
                crashed.engine.figures.fill()
            found = assert_the_same_from_the_journal(crashed.engine)
            assert found["flow", START.toordinal(), '["shop",null,"visitor"]'] == 1
    assert points > 10


@pytest.mark.parametrize("seed", range(4))
def test_figures_of_random_lives_are_those_of_their_journals(seed):
    with World([SHOP], policy=Policy(Cap(2, per=days(7))), at=START, figures=Figures("America/New_York")) as world:
        world.random_lives(seed, customers=4, acts=40, tail=days(30))
        found = assert_the_same_from_the_journal(world.engine)
        assert {"stage", "growth", "message"} <= {what for what, _, _ in found}


# Who pays.


@contextmanager
def calls():
    """Counts the calls of functions that count."""
    counted = Counter()

    def look(frame, event, _):
        name = Path(frame.f_code.co_filename)
        if event == "call" and (name.stem == "figuring" or name.parent.name == "insight"):
            counted[name.stem, frame.f_code.co_name] += 1

    sys.setprofile(look)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def test_a_store_that_keeps_no_figures_pays_nothing(make):
    engine = make(figures=None)
    engine.record("ann", "visit")
    with calls() as counted:
        for kind in ("visit", "bought", "review"):
            engine.record("ann", kind, {"score": 3})
    assert counted == {}


def test_a_touchpoint_that_changes_no_figure_writes_none(engine, monkeypatch):
    engine.record("ann", "visit")
    written = []
    monkeypatch.setattr(figuring, "_write", lambda *args: written.append(args[-1]))
    engine.record("ann", "clicked_around")
    assert [{key: n for key, n in cells.items() if n} for cells in written] == [{}]


# Settings, days, words.


@pytest.mark.parametrize("wrong", [
    lambda: Figures(active="bought"), lambda: Figures(active=[]), lambda: Figures(active=[3]),
    lambda: Figures(locations=0), lambda: Figures(locations=True), lambda: Figures(7),
])  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(InvalidInput):
        wrong()


def test_a_zone_that_is_none_is_refused(make):
    with pytest.raises(UnknownName):
        Figures("Mars/Olympus")
    with pytest.raises(InvalidInput, match="figures="):
        make(figures="yes")


def test_settings_are_read_as_they_were_written():
    figures = Figures("Europe/Vienna", active=["b", "a"], locations=5)
    sources = {each.type: each for each in (*SOURCES, FeedbackSource("t", kind="text", comment="c", intent="i"))}
    assert from_record(figures.to_record(sources)) == (figures, dict(sorted(sources.items())))
    with pytest.raises(StoreCorrupt):
        from_record('{"zone":"UTC"}')


@pytest.mark.parametrize("range_", [
    {"since": "2026-01-01"}, {"until": START}, {"since": date(2026, 2, 1), "until": date(2026, 1, 1)},
])  # fmt: skip
def test_days_that_are_none_are_refused(engine, range_):
    with pytest.raises(InvalidInput):
        engine.figures(**range_)


@pytest.mark.parametrize("page", [0, True, 1.5, 100_001])
def test_a_page_that_cannot_be_is_refused(engine, page):
    with pytest.raises(InvalidInput, match="page="):
        engine.figures.rebuild(page=page)


def test_a_report_is_plain_data(engine):
    asks(engine, 1, 5, location="Graz")
    asks(engine, 2, location="Linz")
    told = engine.figures().to_dict()
    assert json.loads(json.dumps(told)) == told
    assert {name for name, _, _ in counts(engine)} <= set(WHATS)


# Lengths of time.


@given(st.lists(st.integers(0, 2**45), min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_lies_where_it_says(times, q):
    found = Spans(sum(times) / 1000, tuple(Counter(map(bucket_of, times)).items()))
    rank = max(1, -int(-q * len(times) // 1))
    low, high = found.between(q)
    assert low * 1000 <= sorted(times)[rank - 1] < high * 1000
    assert found.shortest[0] * 1000 <= min(times) < found.shortest[1] * 1000
    assert (found + found).n == 2 * found.n
    assert (found + found).between(0.5) == found.between(0.5)


def test_a_quantile_is_at_most_half_an_eighth_of_a_doubling_from_the_truth():
    for low, high in pairwise(BOUNDS):
        told = Spans(0, ((bucket_of(low), 1),)).quantile(0.5) * 1000
        for truth in (low, high - 1):
            assert abs(told - truth) <= (2 ** (1 / 8) - 1) / 2 * truth + 1


def test_bounds_are_eighths_of_a_doubling():
    assert [BOUNDS[8 * n] for n in range(4)] == [1000, 2000, 4000, 8000]
    assert (ends_of(0), ends_of(len(BOUNDS))[1]) == ((0.0, 1.0), float("inf"))
    assert max(Fraction(after, before) for before, after in pairwise(BOUNDS)) < Fraction(10_921, 10_000)
    with pytest.raises(InvalidInput):
        ends_of(-1)
    assert (Spans(0, ()).mean, Spans(0, ()).quantile(0.5), Spans(0, ()).shortest) == (None, None, None)


def test_counts_that_cancel_out_are_told_from_those_that_were_never_made():
    cells = Cells()
    cells.note("flow", 1, ("a",))
    cells.note("flow", 1, ("a",), -1)
    assert (cells.noted, any(cells.values()), Account.from_record(Account().to_record())) == (2, False, Account())


# The command.


@pytest.fixture
def shop(make, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    engine = make(url)
    known(engine, "ann", "bob")
    for person in ("ann", "bob"):
        engine.record(person, "visit")
        engine.record(person, "bought")
        engine.record(person, "review", {"score": 4}, location="Graz\x1b[31m")
        engine.record(person, "feedback", {"kind": "nps", "score": 9}, location="Linz")
        engine.record(person, "feedback", {"kind": "csat", "score": 2}, location="Linz")
        engine.record(person, "effort", {"score": 2, "desk": "1"})
    engine.open_case("ann", trouble, ref="1")
    engine.run_pending()
    engine.close()
    return url


def run(*words):
    return CliRunner().invoke(cli, ["report", *words])


def test_the_command_prints_every_table(shop):
    found = run("--store", shop)
    assert found.exit_code == 0
    for title in ("customers per stage", "flywheel", "moves", "growth by month", "review: review by location",
                  "feedback: nps by location", "cases", "messages", "why not, or not at once", "gifts"):  # fmt: skip
        assert title in found.output
    assert "\x1b" not in found.output
    assert "shop/visitor  attract" in found.output
    assert max(map(len, found.output.splitlines())) <= 100


def test_the_command_prints_json_of_a_range(shop):
    found = json.loads(run("--store", shop, "--format", "json", "--since", "2026-03-03", "shop").output)
    assert (found["since"], found["flows"], found["complete"]) == ("2026-03-03", [], True)


def test_the_command_says_what_is_wrong(shop, make, tmp_path):
    assert "no journey at work is called 'shoe'" in run("--store", shop, "shoe").output
    assert "a day such as 2026-01-31" in run("--store", shop, "--since", "March").output
    older = f"sqlite:///{tmp_path}/older.db"
    make(older, figures=None).close()
    found = run("--store", older)
    assert (found.exit_code, "touchpoint report --rebuild" in found.output) == (2, True)


def test_the_command_counts_what_was_there_before(make, tmp_path):
    older = f"sqlite:///{tmp_path}/older.db"
    with make(older, figures=None) as engine:
        engine.record_many([Touchpoint(f"p{n}", "visit", START - timedelta(days=n)) for n in range(5)])
    found = run("--store", older, "--rebuild")
    assert "counted 5 customers" in found.stderr
    assert "shop/visitor  attract    5        5" in found.output
    assert run("--store", older).output in found.output
