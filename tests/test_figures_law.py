"""The law of figures: what is counted as touchpoints come is what is counted anew from the journal (S11.1, S11.5)."""

from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counting import assert_the_same_from_the_journal, counts, kept_by, tallied
from sizing import examples
from touchpoint import (
    CaseType,
    CloseCase,
    Content,
    Engine,
    Figures,
    Hold,
    InvalidInput,
    Journey,
    Message,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Send,
    Silent,
    Stage,
    Touchpoint,
    UnknownCustomer,
    VirtualClock,
    Wait,
    days,
    hours,
    trigger,
)
from touchpoint.channels import MemoryChannel
from touchpoint.insight import Scale, growth, period_of
from touchpoint.model.feedback_source import FeedbackSource, sources_by_type
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.zones import zone

START = datetime(2026, 1, 28, 20, tzinfo=UTC)
SECRET = b"k" * 32
ZONE = "America/New_York"
PEOPLE = ("ann", "bob", "cleo")
MOVED = START + timedelta(days=20)
SOURCES = (
    FeedbackSource("review", scale={datetime(2000, 1, 1, tzinfo=UTC): Scale(1, 5), MOVED: Scale(1, 10)}),
    FeedbackSource("asked", kind="nps", location="shop"),
)
trouble = CaseType("trouble", respond_within=hours(5), resolve_within=days(3))


def told(name, kind):
    return Message(name, why="to say it", kind=kind, channels=["email"], content=Content(subject=name, text=name))


SHOP = Journey(
    "shop",
    cases=[trouble],
    stages=[
        Stage("visitor", phase="attract", when="visit"),
        Stage("buyer", phase="engage", when="bought", reenter=True),
        Stage("lost", phase="attract", when=Silent(days(9))),
    ],
    rules=[
        Rule("sorry", when="missed", key="ref", concurrency="parallel", then=[
            OpenCase(trouble, ref=trigger.ref), Send(told("sorry", "service")), Wait(days(1)),
        ]),
        Rule("mended", when="mended", key="ref", then=[CloseCase(trouble, ref=trigger.ref)]),
        Rule("offer", when="bought", then=[Send(told("offer", "marketing"))]),
    ],
    policy=Policy(QuietHours("21:00", "08:00", unknown_zone="deny"), Hold(while_open=[trouble], kinds=["marketing"])),
)  # fmt: skip
CLUB = Journey(
    "club", stages=[Stage("in", phase="delight", when="bought"), Stage("out", phase="attract", when="missed")]
)
SETTINGS = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])

who = st.sampled_from(PEOPLE)
late = st.sampled_from([0, 0, 0, 1, 6, 10, 40, 400, 4_000])
scores = st.sampled_from([0, 1, 2, 3, 4.5, 5, 7, 9, 10, 11, None, "x", "4"])
places = st.sampled_from(["A", "B", "C", "D", None])
records = st.tuples(
    st.just("record"), who, st.sampled_from(["visit", "bought", "missed", "mended", "delivered"]), late,
    st.sampled_from(["1", "2"]),
)  # fmt: skip
reviews = st.tuples(
    st.just("says"), who, st.sampled_from(["review", "asked", "feedback"]), late, scores, places,
    st.sampled_from([None, "m1", "m2", "m3"]), st.booleans(),
)  # fmt: skip
ops = st.lists(
    st.one_of(
        records, records, reviews, reviews,
        st.tuples(st.just("pass"), st.sampled_from([0, 1, 7, 30, 24 * 10, 24 * 40])),
        st.tuples(st.just("work")),
        st.tuples(st.just("agrees"), who),
        st.tuples(st.just("case"), who, st.sampled_from(["open", "close", "answer"])),
        st.tuples(st.just("desk"), who, st.sampled_from(["reopen", "merge"])),
        st.tuples(st.just("merge"), who, st.sampled_from([*PEOPLE, "dora"])),
        st.tuples(st.just("erase"), who),
        st.tuples(st.just("readmit"), who),
        st.tuples(st.just("restart"), st.booleans()),
        st.tuples(st.just("fill")),
    ),
    min_size=3, max_size=40,
)  # fmt: skip


class Life:
    """A store that keeps figures, and whatever happens to it."""

    def __init__(self, *, figures=Figures(ZONE, locations=3)):  # noqa: B008 - it is frozen
        self.clock = VirtualClock(START)
        self.store = SqliteStore(None)
        self.figures = figures
        self.n = 0
        self.active = []
        self.home = {each: each for each in (*PEOPLE, "dora")}
        self.open(figures)

    def open(self, figures):
        self.engine = Engine(
            self.store, journeys=[SHOP, CLUB], channels=[MemoryChannel("email")], clock=self.clock, secret=SECRET,
            feedback=SOURCES, figures=figures, volume_breaker=None,
        )  # fmt: skip

    def close(self):
        self.engine.close()

    def live(self, operations):
        for name, *rest in operations:
            getattr(self, name)(*rest)
        return self

    def _id(self):
        self.n += 1
        return f"t{self.n}"

    def _take(self, person, kind, ago, properties, **more):
        at = self.clock.now() - timedelta(days=ago, minutes=self.n)
        if self.erased(person):
            return
        self.engine.record_many([Touchpoint(person, kind, at, self._id(), properties, **more)])
        if kind != "delivered":
            self.active.append((person, at))

    def erased(self, person):
        with self.engine._unit() as unit:
            return unit.find(person) is None and unit.is_erased(person)

    def record(self, person, kind, ago, ref):
        self._take(person, kind, ago, {"ref": ref})

    def says(self, person, kind, ago, score, place, about, own):
        given = {"kind": "csat", "score": score} if kind == "feedback" else {"score": score}
        given |= {"shop": place} if own and place else {}
        self._take(person, kind, ago, {k: v for k, v in given.items() if v is not None}, location=place, about=about)

    def agrees(self, person):
        if not self.erased(person):
            self.engine.identify(person, addresses={"email": f"{person}@example.com"}, timezone=ZONE)
            self.engine.grant(person, "marketing")

    def case(self, person, what):
        if not self.erased(person):
            getattr(self.engine, f"{what}_case")(person, trouble, ref="#1")

    def desk(self, person, what):
        if not self.erased(person):
            with suppress(UnknownCustomer, InvalidInput):
                if what == "reopen":
                    self.engine.cases.reopen(person, trouble, ref="#1")
                else:
                    self.engine.cases.merge(person, trouble, ref="#1", into="1")

    def merge(self, old, into):
        if not self.erased(old) and not self.erased(into):
            self.engine.merge(old, into=into)
            gone, stays = self.home[old], self.home[into]
            self.home = {name: stays if home == gone else home for name, home in self.home.items()}

    def erase(self, person):
        self.engine.erase(person)

    def readmit(self, person):
        self.engine.readmit(person)

    def work(self):
        self.engine.run_pending()

    def fill(self):
        self.engine.figures.fill(page=1)

    def restart(self, told):
        self.open(self.figures if told else None)


Life.pass_ = lambda self, n: self.clock.advance(hours(n))
setattr(Life, "pass", Life.pass_)


@SETTINGS
@given(ops)
def test_what_is_counted_as_it_comes_is_what_is_counted_anew(operations):
    with closing(Life().live(operations)) as life:
        assert_the_same_from_the_journal(life.engine)


@SETTINGS
@given(ops)
def test_a_store_that_is_older_than_its_figures_has_the_very_same_ones(operations):
    with closing(Life().live(operations)) as known, closing(Life(figures=None).live(
        [each for each in operations if each[0] != "fill"]
    )) as older:  # fmt: skip
        if any(each[0] == "erase" for each in operations):
            return  # who was erased before figures were kept was never counted
        kept_by(older.engine, known.figures, sources_by_type(SOURCES))
        assert older.engine.figures().complete == (not people(older.engine))
        older.engine.figures.fill(page=1)
        if not _too_many_places(known.engine):
            assert counts(older.engine) == counts(known.engine)
        assert older.engine.figures().complete


def people(engine):
    with engine._reading() as reader:
        return reader.customer_count()


@SETTINGS
@given(ops)
def test_growth_is_that_of_a_plain_look_at_all_touchpoints(operations):  # S1.5, S1.6
    told = [each for each in operations if each[0] != "erase" and 4_000 not in each]
    with closing(Life().live(told)) as life:
        found = life.engine.figures()
        for unit, periods in (("month", found.months), ("week", found.weeks)):
            days = [(life.home[person], at.astimezone(zone(ZONE)).date()) for person, at in life.active]
            plain = growth(sorted(((person, period_of(day, unit)) for person, day in days), key=lambda each: each[1]))
            assert [each.growth for each in periods][: len(plain)] == [*plain]
            assert sum(each.growth.active for each in periods[len(plain) :]) == 0


@SETTINGS
@given(ops)
def test_stages_and_messages_are_those_that_the_store_tallies(operations):
    with closing(Life().live(operations)) as life:
        found = life.engine.figures()
        stages = {f"{each.journey}/{each.stage}": each for each in found.stages}
        assert {name: each.now for name, each in stages.items() if each.now} == tallied(life.engine, "stage", "now")
        entered = {name: each.entered for name, each in stages.items() if each.entered}
        assert entered == tallied(life.engine, "stage", "entered")
        assert all(each.left == each.dwell.n for each in found.stages)
        sent = Counter({each.message: sum(each.sent.values()) for each in found.messages})
        assert {name: n for name, n in sent.items() if n} == tallied(life.engine, "message", "sent")
        due = {each.message: each.due for each in found.messages if each.due}
        assert due == tallied(life.engine, "message", "begun")
        assert all(
            each.due == each.waiting + sum(each.sent.values()) + sum(map(_total, each.ended.values()))
            for each in found.messages
        ) or any(each[0] == "erase" for each in operations)
        assert {each.kind: each.opened for each in found.cases if each.opened} == tallied(life.engine, "case", "opened")


def _total(reasons):
    return sum(reasons.values())


def _too_many_places(engine):
    """With more locations than are told apart, which they are depends on who came first."""
    with engine._reading() as reader:
        return len(reader.places()) >= 3
