"""Laws of gifts: no budget is overspent, no stock is below none, and nobody gets a gift twice for one cause (S6.5)."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gift_worker
from making import START, Scripted, engine_of, journey
from touchpoint import (
    Approval,
    Budget,
    Content,
    Emit,
    Gift,
    Give,
    Policy,
    Rule,
    Stock,
    VirtualClock,
    calendar_days,
    days,
    months,
)
from touchpoint.core.accounts import TAKEN, span_at
from touchpoint.durations import micros
from touchpoint.model.delivery import Accepted, Ambiguous, FailureCode, Refused
from touchpoint.model.money import MILLION


def test_processes_never_spend_the_same_money(tmp_path):  # S6.5, S6.8: reserved in the transaction of the release
    store, ledger = str(tmp_path / "store.db"), str(tmp_path / "ledger")
    with gift_worker.engine(store, ledger) as made:
        for n in range(gift_worker.CUSTOMERS):
            made.identify(f"c{n}", addresses={"email": f"c{n}@example.com"})
            made.record(f"c{n}", "complained")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", gift_worker.__file__, store, ledger],
            stderr=subprocess.PIPE, text=True, env=environment,
        )
        for _ in range(3)
    ]  # fmt: skip
    assert [worker.communicate(timeout=60)[1] for worker in workers] == [""] * 3
    lines = Path(ledger).read_text("ascii").split("\n")[:-1]
    calls = Counter(line.split()[0] for line in lines)
    assert len(set(lines)) == len(lines) == 7
    assert calls["mug"] <= 5
    with gift_worker.engine(store, ledger) as made:
        (state,) = made.gifts.budgets()
        assert (state.spent, state.reserved, state.left) == (70, 0, 0)
        assert made.gifts.stocks() == {"mugs": 5 - calls["mug"]}
        given_to = [made.gifts.given(f"c{n}") for n in range(gift_worker.CUSTOMERS)]
    assert max(sum(each.status == "given" for each in gifts) for gifts in given_to) == 1


# --- random stories ---------------------------------------------------------------------------------------------------

PEOPLE = ("ann", "bob", "eve")
ANSWERS = st.sampled_from(["yes", "yes", "no", "later", "doubt", "strange"])
_BUDGETS = (
    Budget("fund", 12, "EUR", per=days(2)),
    Budget("fund", 12, "EUR", per=calendar_days(1), zone="America/New_York", over="deny"),
    Budget("fund", 16, "EUR", per=months(1), zone="Europe/Madrid", per_customer=12),
    Budget("fund", Decimal("20.5"), "EUR"),
)
_HAD = ("given", "declined", "returned")
ACTS = st.one_of(
    st.tuples(st.just("complain"), st.sampled_from(PEOPLE), st.integers(0, 9)),
    st.tuples(st.just("by hand"), st.sampled_from(PEOPLE), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 60 * 7, 60 * 24, 60 * 50]), st.none()),
    st.tuples(st.just("back"), st.sampled_from([1, 60 * 5]), st.none()),
    st.tuples(st.just("approve"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("restock"), st.integers(1, 3), st.none()),
    st.tuples(st.just("return"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("merge"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)),
    st.tuples(st.just("withdraw"), st.sampled_from(PEOPLE), st.none()),
    st.tuples(st.just("resume"), st.none(), st.none()),
)


def _gift(name, worth, **parts):
    return Gift(
        name, why="a test", kind="service", channels=["email"], content=Content(text=name), worth=worth, currency="EUR",
        **parts,
    )  # fmt: skip


class Story:
    """One engine and what was done to it; keeps every call that may have reached a customer."""

    def __init__(self, budget, answers, *, worth_back):
        self.budget, self.answers = budget, list(answers)
        self.restocked = 0
        self.reached = []
        self.marks = Counter()
        shelf = Stock("mugs", 2, none_left="wait")
        mug = _gift("mug", 10, budget=budget, stock=shelf, worth_back=worth_back, expires=days(30))
        card = _gift("card", Decimal("5.25"), budget=budget, occasion="apologise", expires=days(30))
        rules = [
            Rule("mug", when="complained", key="order", concurrency="parallel", then=[Give(mug)]),
            Rule("again", when="complained", key="order", concurrency="restart", then=[Give(card), Give(mug)]),
        ]
        self.engine = engine_of(
            clock=VirtualClock(START), people=PEOPLE, channels=[Scripted(act=self.answer, memory=days(9))],
            journeys=[journey(*rules)], policy=Policy(Approval(8, "EUR")),
        )  # fmt: skip

    def answer(self, request):
        answer = self.answers.pop(0) if self.answers else "yes"
        if answer not in ("no", "later"):
            self.reached.append(request.key)
        match answer:
            case "no":
                return Refused(FailureCode.EXPIRED)
            case "later":
                return Refused(FailureCode.PROVIDER_UNAVAILABLE, retry_after=days(1))
            case "doubt":
                return Ambiguous("who knows")
            case "strange":
                raise RuntimeError("no answer at all")
        return Accepted()

    def act(self, what, one, other):  # noqa: C901, PLR0912 - one branch for each thing to do
        engine = self.engine
        match what:
            case "complain":
                engine.record(one, "complained", {"order": other % 2}, id=f"complaint-{other}")
            case "by hand":
                engine.give(one, "card", by="chris", id=f"act-{other}")
            case "wait":
                engine.clock.advance(timedelta(minutes=one))
            case "back":
                engine.clock.set(engine.clock.now() - timedelta(minutes=one))
            case "approve":
                for asked in engine.gifts.pending()[one : one + 1]:
                    (engine.gifts.approve if other else engine.gifts.decline)(asked.key, by="maria")
            case "restock":
                engine.gifts.restock("mugs", one)
                self.restocked += one
            case "return":
                given_now = [each for who in PEOPLE for each in engine.gifts.given(who) if each.status in _HAD]
                for each in given_now[one : one + 1]:
                    (engine.gifts.returned if other else engine.gifts.declined)(each.key)
            case "merge":
                if one != other:
                    engine.merge(one, into=other)
            case "withdraw":
                engine.withdraw(one, "*")
            case "resume":
                engine.resume(channel="email")
        engine.run_pending()
        self.check(what)

    def rows(self):
        with self.engine.store.reading() as reader:
            numbers = [row.no for row in reader.all_customers()]
            gifts = [(no, row) for no in numbers for row in reader.gifts_of(no)]
            bookings = reader.bookings("fund", -(1 << 62), 1 << 62, None, 10_000)
        return gifts, bookings

    def check(self, what=""):
        """What is true at every instant."""
        gifts, bookings = self.rows()
        self._spent(bookings)
        self._stock(gifts)
        marks = Counter((no, row.mark) for no, row in gifts if row.status in TAKEN)
        if what == "merge":  # each of two ids may have had it before
            self.marks = marks
        assert all(n <= max(1, self.marks[key]) for key, n in marks.items())
        taken = {row.key for _, row in gifts if row.status in (*TAKEN, "waiting")}
        assert set(self.reached) <= taken

    def _spent(self, bookings):
        state = next(each for each in self.engine.gifts.budgets() if each.name == "fund")
        now, most = micros(self.engine.clock.now()), self.budget.in_millionths
        assert (state.spent + state.reserved) * MILLION == _within(bookings, span_at(self.budget, now))
        unsettled = [row for row in bookings if not row.settled]
        assert state.reserved * MILLION == _within(unsettled, span_at(self.budget, now))
        for each in bookings:
            # Windows end with what they let in; whatever was booked, under any clock, had to fit into its own.
            span = attrs.evolve(span_at(self.budget, each.at), end=span_at(self.budget, each.at).end or each.at + 1)
            assert _within(bookings, span) <= most
            if self.budget.per_customer is not None and not self.marks:
                theirs = [row for row in bookings if row.customer == each.customer]
                assert _within(theirs, span) <= self.budget.per_customer * MILLION

    def _stock(self, gifts):
        left = self.engine.gifts.stocks()["mugs"]
        with self.engine.store.reading() as reader:
            out = sum(row.amount for _, each in gifts for row in reader.bookings_of(each.key) if "mugs" in row.account)
        assert left >= 0
        assert left + out == 2 + self.restocked


def _is_in(row, span):
    return span.start <= row.at < span.until


def _within(bookings, span):
    return sum(row.amount for row in bookings if _is_in(row, span))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(ACTS, min_size=3, max_size=22), st.lists(ANSWERS, max_size=12), st.sampled_from(_BUDGETS), st.booleans()
)
def test_accounts_hold_whatever_happens(acts, answers, budget, worth_back):  # S6.5, S6.8, S1.6
    story = Story(budget, answers, worth_back=worth_back)
    with story.engine:
        for each in acts:
            story.act(*each)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 2)), min_size=1, max_size=8),
    st.integers(0, 8), st.booleans(),
)  # fmt: skip
def test_one_person_gets_a_gift_for_one_cause_once(acts, merged_after, send_first):  # S1.6
    sent = []
    gift = _gift("card", 5)
    rules = [Rule(each, when="complained", concurrency="parallel", then=[Give(gift)]) for each in ("one", "two")]
    channel = Scripted(act=lambda request: sent.append(request.key) or Accepted())
    engine = engine_of(*rules, people=("ann", "bob"), channels=[channel])
    given_before = 0
    for n, (who, cause) in enumerate(acts):
        if n == merged_after:
            given_before = _causes(engine, "ann") + _causes(engine, "bob")
            engine.merge("bob", into="ann")
        engine.record(who, "complained", id=f"cause-{cause}")
        if send_first:
            engine.run_pending()
    engine.run_pending()
    if merged_after < len(acts):
        causes = {cause for _, cause in acts}
        # Before the merge each of two ids may have had one for the same touchpoint id; after it nobody gets another.
        assert len(sent) <= max(len(causes), given_before + len(causes))
        assert len(sent) == len(set(sent))
    else:
        assert len(sent) == len(set(acts))
    engine.close()


def _causes(engine, customer):
    return sum(each.status == "given" for each in engine.gifts.given(customer))


def test_what_is_replayed_gives_nothing_twice():  # S4.3
    card = _gift("card", 5)
    spinning = Rule("give", when="complained", then=[Give(card), Emit("spin")])
    circle = Rule("circle", when="spin", concurrency="parallel", then=[Emit("spin")])
    other = Rule("other", when="complained", then=[Give(card)])
    engine = engine_of(spinning, circle, other)
    engine.record("ann", "complained", id="one")
    engine.run_pending()
    assert engine.parked_count() == 1
    for _ in range(2):
        engine.replay_parked()
        engine.run_pending()
    assert Counter(each.status for each in engine.customer("ann").messages if each.name == "card") == {
        "sent": 1, "denied": 1,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_equal_stories_give_equal_accounts(seed):  # S11.5
    def told():
        story = Story(_BUDGETS[seed], ["later", "doubt", "yes", "no"], worth_back=False)
        for n in range(6):
            story.act("complain", PEOPLE[n % 3], n % 4)
            story.act("approve", 0, True)
            story.act("wait", 60 * 20, None)
        gifts, bookings = story.rows()
        return [row[:2] for _, row in gifts], [(row.key, row.at, row.amount) for row in bookings]

    assert told() == told()
