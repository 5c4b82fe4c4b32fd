"""What history has to say of the seven rules, read with a bounded number of questions, without anybody's data."""

import json
import runpy
import statistics
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditing import COMPLAINT, HOW, lacking, setting, shop
from touchpoint import Ask, Engine, Figures, OpenCase, Rule, Touchpoint
from touchpoint.channels import MemoryChannel
from touchpoint.clock import VirtualClock
from touchpoint.engine.opening import open_store
from touchpoint.lab import read_events, replay
from touchpoint.lab.audit import ListeningPost, audit
from touchpoint.lab.audit.history import ENTRIES, Known, is_bad, read_history
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale

EXAMPLES = Path(__file__).parent.parent / "examples"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KNOWN = Known(
    sources={}, surveys=frozenset({"how"}), answers=frozenset({("shop", "sorry")}), gifts=frozenset({"voucher"}),
    channels=frozenset({"email"}), locations=frozenset({"graz", "web"}),
)  # fmt: skip


class Lived:
    """A store in which customers live through the shop."""

    def __init__(self, **changes):
        self.clock = VirtualClock(START)
        self.store = open_store("sqlite://")
        self.engine = Engine(self.store, journeys=[shop(**changes)], clock=self.clock, secret=b"s" * 32,
                             channels=[MemoryChannel("email"), MemoryChannel("call")])  # fmt: skip

    def visits(self, *names, location="graz"):
        for name in names:
            self.engine.identify(name, addresses={"email": f"{name}@example.com"}, timezone="Europe/Vienna")
            self.engine.grant(name, "*")
            self.engine.record(name, "visited", location=location)

    def days(self, n):
        for _ in range(n):
            self.clock.advance(timedelta(days=1))
            self.engine.run_pending()

    def says(self, name, score, location="graz", **more):
        told = Feedback(kind="csat", score=score).properties()
        self.engine.record(name, "feedback", told, location=location, channel="email", **more)
        self.engine.run_pending()

    def audited(self, **other):
        return audit(self.engine.journeys, store=self.store, **setting(**other))


@pytest.fixture
def lived():
    made = []

    def make(**changes):
        made.append(Lived(**changes))
        return made[-1]

    yield make
    for each in made:
        each.engine.close()


def figures(found):
    return {each.name: each for rule in found.rules for each in rule.evidence}


def test_without_a_store_nothing_is_said_of_history():
    found = audit(shop(), **setting())
    assert found.customers is None
    assert figures(found) == {}


def test_an_empty_store_proves_nothing_and_disproves_nothing(lived):
    found = lived().audited()
    assert found.customers == 0
    assert lacking(found) == []
    assert {each.value for each in figures(found).values() if each.unit in ("share", "seconds")} == {None}


def test_the_share_of_who_was_asked_and_answered_is_counted(lived):
    it = lived()
    it.visits("ann", "bob", "eve", "joe")
    it.days(2)
    it.says("ann", 5)
    it.says("bob", 1)
    told = figures(it.audited())
    assert told["surveys sent"].value == 4
    assert (told["asked customers who answered"].value, told["asked customers who answered"].of) == (0.5, 4)
    assert told["gifts given"].value == 2


def test_feedback_from_before_the_question_is_no_answer(lived):
    it = lived()
    it.visits("ann")
    it.says("ann", 5)
    it.days(2)
    assert figures(it.audited())["asked customers who answered"].value == 0


def test_bad_feedback_is_answered_by_what_follows_from_it(lived):
    it = lived()
    it.visits("ann", "bob")
    it.says("ann", 1)
    it.says("bob", 5)
    told = figures(it.audited())
    assert (told["answered share of bad feedback"].value, told["answered share of bad feedback"].of) == (1.0, 1)
    assert told["median time to the answer"].value == 0


def test_an_agent_who_writes_about_it_answers_it(lived):
    it = lived(mend=Rule("mend", when="feedback", given="event.score <= 2", then=[OpenCase(COMPLAINT)]))
    it.visits("ann", "bob")
    it.says("ann", 1, id="said")
    it.says("bob", 1)
    it.clock.advance(timedelta(hours=6))
    it.engine.record("ann", "mail_sent", direction="outbound", about="said")
    told = figures(it.audited())
    assert told["answered share of bad feedback"].value == 0.5
    assert told["median time to the answer"].value == 6 * 3600
    assert str(told["median time to the answer"]) == "median time to the answer: 6.0 hours"


def test_only_names_that_the_host_has_given_are_shown(lived):
    it = lived()
    it.visits("ann")
    it.says("ann", 5, location="graz")
    it.says("ann", 5, location="the flat of ann@example.com")
    found = it.audited()
    assert figures(found)["locations from which feedback came"].names == ("graz",)
    assert figures(found)["feedback that names a location"].value == 1
    shown = json.dumps(found.to_dict()) + str(found) + repr(found)
    assert [each for each in ("'ann'", "flat", "example.com", "csat") if each in shown] == []


def test_history_that_plainly_disagrees_is_told(lived):
    it = lived(mend=Rule("mend", when="feedback", given="event.score <= 2", then=[OpenCase(COMPLAINT)]),
               ask=Rule("ask", when="never", then=[Ask(HOW)]))  # fmt: skip
    for n in range(20):
        it.visits(f"c{n}")
        it.says(f"c{n}", 1, location=None)
    found = lacking(it.audited())
    assert {"1.5", "6.8", "7.4"} <= set(found)


def test_surveys_without_any_answer_are_told(lived):
    it = lived()
    it.visits(*(f"c{n}" for n in range(20)))
    it.days(2)
    assert lacking(it.audited()) == ["3.5"]
    it.says("c3", 5)
    assert lacking(it.audited()) == []


def test_a_location_that_is_never_heard_of_is_told(lived):
    it = lived()
    it.visits("ann")
    for _ in range(40):
        it.says("ann", 5)
    found = it.audited()
    assert lacking(found) == ["4.5"]
    assert "'web'" in found.rule(4).lacking[0].what


def test_history_can_show_that_feedback_says_where(lived):
    posts = [ListeningPost("form"), ListeningPost("card", offline=True)]
    it = lived()
    it.visits("ann")
    assert lacking(it.audited(posts=posts)) == ["7.2"]
    for _ in range(10):
        it.says("ann", 5)
        it.says("ann", 5, location="web")
    assert lacking(it.audited(posts=posts)) == []


def test_the_figures_that_a_store_keeps_count_whatever_is_said(lived):
    it = lived()
    assert lacking(it.audited(figures=None)) == ["7.3"]
    kept = Engine(it.store, journeys=it.engine.journeys, figures=Figures(), clock=it.clock)
    assert lacking(it.audited(figures=None)) == []
    assert kept.journeys


def test_more_locations_than_figures_tell_apart_cannot_be_compared():
    found = audit(shop(), **setting(figures=Figures(locations=1)))
    assert lacking(found) == ["7.3"]
    assert found.rule(7).lacking[0].what == "of 2 locations figures tell at most 1 apart"


# --- of the example, beside counting by hand --------------------------------------------------------------------------


def test_the_figures_of_the_example_are_those_of_its_events(tmp_path):
    program = runpy.run_path(str(EXAMPLES / "coffee_club.py"), run_name="an_example")
    url = f"sqlite:///{tmp_path}/club.db"
    events = [json.loads(line) for line in (EXAMPLES / "coffee_club.jsonl").read_text("utf-8").splitlines()]
    result = replay([program["club"]], read_events(EXAMPLES / program["EVENTS"]), grant=program["GRANT"], store=url)
    store = open_store(url)
    source = FeedbackSource("review", scale=Scale(1, 5))
    towns = ["Graz", "Linz", "Salzburg", "Wien"]
    found = audit([program["club"]], feedback=[source], locations=towns, store=store)
    store.close()
    reviews = [each for each in events if each["type"] == "review"]
    told = figures(found)
    assert found.customers == len({each["customer"] for each in events})
    assert told["pieces of feedback in the sample"].value == len(reviews)
    assert told["feedback that names a location"].value == 1
    assert told["locations from which feedback came"].names == tuple(sorted({each["location"] for each in reviews}))
    assert told["answered share of bad feedback"].of == sum(each["properties"]["score"] <= 2 for each in reviews)
    assert told["surveys sent"].value == result.sent["taste"]


# --- how it is read ---------------------------------------------------------------------------------------------------


class CountingReader:
    def __init__(self, reader, asked):
        self._reader = reader
        self._asked = asked

    def __getattr__(self, name):
        self._asked[name] += 1
        return getattr(self._reader, name)


class CountingStore:
    def __init__(self, store):
        self.store = store
        self.asked = Counter()

    @contextmanager
    def reading(self):
        with self.store.reading() as reader:
            yield CountingReader(reader, self.asked)


@pytest.mark.parametrize("customers", [30, 300])
def test_the_number_of_questions_to_the_store_is_bounded(lived, customers):
    it = lived()
    it.engine.record_many(_touchpoint(f"c{n}") for n in range(customers))
    counting = CountingStore(it.store)
    found = read_history(counting, KNOWN, customers=25)
    assert found.customers == 25
    assert counting.asked.total() <= 1 + 1 + 2 * 11 + 25 * 3


def test_the_sample_is_spread_over_all_customers_also_where_some_are_erased(lived):
    it = lived()
    it.engine.record_many(_touchpoint(f"c{n}", "feedback" if n >= 90 else "visited") for n in range(100))
    for n in range(0, 50, 2):
        it.engine.erase(f"c{n}")
    found = read_history(it.store, KNOWN, customers=50)
    assert found.customers < 50
    assert 3 <= found.feedback <= 6


def test_of_one_customer_only_the_newest_touchpoints_are_read(lived):
    it = lived()
    it.engine.record_many(_touchpoint("ann", "feedback") for _ in range(ENTRIES + 20))
    assert read_history(it.store, KNOWN).feedback <= ENTRIES


def _touchpoint(customer, type="visited"):
    told = Feedback(kind="csat", score=5).properties() if type == "feedback" else {}
    return Touchpoint(customer, type, START, None, told)


@pytest.mark.parametrize(
    ("feedback", "bad"),
    [
        (Feedback(kind="nps", score=6), True),
        (Feedback(kind="nps", score=7), False),
        (Feedback(kind="csat", score=2), True),
        (Feedback(kind="csat", score=3), False),
        (Feedback(kind="review", score=2, scale=Scale(1, 7, better="low")), False),
        (Feedback(kind="review", score=6, scale=Scale(1, 7, better="low")), True),
        (Feedback(kind="text", comment="Cold.", intent="criticism"), True),
        (Feedback(kind="text", comment="Cold?"), False),
    ],
)
def test_what_bad_feedback_is_depends_on_its_scale(feedback, bad):
    assert is_bad(feedback) is bad


def test_the_median_is_that_of_the_waits(lived):
    steps = [OpenCase(COMPLAINT)]
    it = lived(mend=Rule("mend", when="feedback", given="event.score <= 2", then=steps))
    waits = [1, 2, 10]
    for n, hours in enumerate(waits):
        it.visits(f"c{n}")
        it.says(f"c{n}", 1, id=f"said{n}")
        it.clock.advance(timedelta(hours=hours))
        it.engine.record(f"c{n}", "mail_sent", direction="outbound", about=f"said{n}")
    assert figures(it.audited())["median time to the answer"].value == statistics.median(waits) * 3600
