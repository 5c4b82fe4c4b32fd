"""Outcomes, receipts, look-ups, rescues, opt-outs and clock steps in any order (S6.7, S6.8, S6.9, S11).

The checks look at the provider's own ledger and at the rows of the store, and share no code with the engine.
"""

from datetime import timedelta

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from making import engine_of, message, pass_time, reach
from sizing import examples
from touchpoint import Cap, Policy, Rule, Send, days, hours, minutes, seconds
from touchpoint.channels import Accepted, Ambiguous, Capabilities, Refused
from touchpoint.channels.base import BaseAdapter
from touchpoint.channels.inbound import Clicked, Complained, OptedOut, Receipt, Replied
from touchpoint.errors import InvalidInput

PEOPLE = ("ann", "bob")
MEMORY = days(2)
CAP = 3
SLACK = timedelta(seconds=21)
ENDS = {"sent", "withdrawn", "denied", "expired", "failed", "unknown"}
ANSWERS = {
    "accepted": lambda n: Accepted(f"ref {n}"),
    "no answer": lambda _: Ambiguous("timed out"),
    "lost": lambda _: Ambiguous("connection refused"),
    "garbage": lambda _: None,
    "down": lambda _: Refused("provider_unavailable"),
    "throttled": lambda _: Refused("throttled", retry_after=minutes(5), scope="account"),
    "incapable": lambda _: Refused("address_incapable"),
    "expired": lambda _: Refused("expired"),
}
ARRIVES = {"accepted", "no answer", "garbage"}
DOUBT = {"no answer", "lost", "garbage"}


@attrs.define
class Handed:
    """One call, as the provider saw it."""

    key: str
    to: str
    at: object
    elapsed: float
    answer: str
    ref: str | None


class Provider(BaseAdapter):
    """A stand-in with a ledger; `answer` is what it does at the next call."""

    def __init__(self, name, kind, clock, *, memory, lookup, receipts):
        super().__init__(
            Capabilities(
                name, {kind}, remembers_keys_for=memory, lookup=lookup, receipts=receipts, recording=True,
                thread_safe=True,
            ),
            kind,
        )  # fmt: skip
        self.clock, self.ledger, self.answer, self.check = clock, [], "accepted", None

    def send(self, request):
        self.check(self, request.key)
        answer = ANSWERS[self.answer](len(self.ledger))
        ref = answer.ref if isinstance(answer, Accepted) else None
        self.ledger.append(
            Handed(request.key, request.to.key, self.clock.now(), self.clock.monotonic(), self.answer, ref)
        )
        return answer

    def lookup(self, key):
        if self.answer in DOUBT:
            return Ambiguous("busy")
        known = [each for each in self.ledger if each.key == key and each.answer in ARRIVES]
        return Accepted(known[-1].ref) if known else None


class Deliveries(RuleBasedStateMachine):
    """Everything that can happen to messages, at any moment of their hand-over."""

    @initialize(remembers=st.booleans(), lookup=st.booleans(), receipts=st.booleans())
    def begin(self, remembers, lookup, receipts):
        send = Rule(
            "r", when="start", then=[Send(message(channels=["email", "sms"]))], concurrency="parallel", exit=["stop"]
        )
        self.engine = engine_of(send, channels=[], policy=Policy(Cap(CAP, per=days(1))), people=())
        self.clock = self.engine.clock
        self.remembers, self.lookup = remembers, lookup
        memory = MEMORY if remembers else None
        self.mail = Provider("email", "email", self.clock, memory=memory, lookup=lookup, receipts=receipts)
        self.text = Provider("sms", "phone", self.clock, memory=None, lookup=False, receipts=False)
        self.engine.adapters.update(email=self.mail, sms=self.text)
        for each in (self.mail, self.text):
            each.check = self.check_call
        for each in PEOPLE:
            reach(self.engine, each)
        self.walks, self.proven, self.ended, self.stepped, self.started = [], {}, {}, False, 0

    # What must hold whenever somebody is called.

    def calls(self):
        return [*self.mail.ledger, *self.text.ledger]

    def check_call(self, provider, key):
        """Whether this call may be made at all."""
        before = [each for each in self.calls() if each.key == key]
        doubtful = [each for each in before if each.answer in DOUBT | {"accepted"}]
        assert key not in self.proven, "handed over after it was proven to have gone out"
        assert key not in self.ended, "handed over after its end"
        if provider is self.text or not (self.remembers or self.lookup):
            assert not doubtful, "handed over again though nobody remembers its key"
        if self.lookup:
            assert not any(each.answer in ARRIVES for each in before), "handed over again though it could be looked up"
        elif doubtful:
            first = min(each.elapsed for each in before)
            assert self.clock.monotonic() - first <= MEMORY.total_seconds() / 2

    # What people and customers do.

    @rule(who=st.sampled_from(PEOPLE))
    def start(self, who):
        self.started += 1
        self.engine.record(who, "start", id=f"start {self.started}")

    @rule(who=st.sampled_from(PEOPLE))
    def stop(self, who):
        self.started += 1
        self.engine.record(who, "stop", id=f"stop {self.started}")

    @rule(who=st.sampled_from(PEOPLE), granted=st.sampled_from([True, True, False]))
    def consent(self, who, granted):
        (self.engine.grant if granted else self.engine.withdraw)(who, "service")

    @rule(who=st.sampled_from(PEOPLE), n=st.sampled_from([1, 1, 2, 0]))
    def move(self, who, n):
        given = [f"{who}{each}@example.com" for each in range(n)]
        self.engine.identify(who, addresses={"email": given})

    # What providers do.

    @rule(answer=st.sampled_from(sorted(ANSWERS)), text=st.sampled_from(sorted(ANSWERS)))
    def answers(self, answer, text):
        self.mail.answer, self.text.answer = answer, text

    @rule(data=st.data())
    def comes_back(self, data):
        called = {each.key for each in self.calls()}
        keys = [row.key for row in self.rows() if row.key in called or row.sent_to is None]
        if not keys:
            return
        key = data.draw(st.sampled_from(keys), label="key")
        calls = [each for each in self.calls() if each.key == key and each.ref is not None]
        by_ref = calls and data.draw(st.booleans(), label="by ref")
        channel = "email" if not calls or calls[-1] in self.mail.ledger else "sms"
        about = {"about": None, "channel": channel, "ref": calls[-1].ref} if by_ref else {"about": key}
        kind = data.draw(st.sampled_from(["delivered", "bounced", "clicked", "complained", "opted out", "replied"]))
        identity = data.draw(st.sampled_from([None, "1", "2"]))
        event = {
            "delivered": lambda: Receipt(state="delivered", id=identity, **about),
            "bounced": lambda: Receipt(state="bounced", id=identity, **about),
            "clicked": lambda: Clicked(id=identity, **about),
            "complained": lambda: Complained(id=identity, **about),
            "opted out": lambda: OptedOut(**{"channel": channel, "id": identity, **about}),
            "replied": lambda: Replied(None, **{"channel": channel, "text": "thanks", "id": identity, **about}),
        }[kind]()
        handed = [each for each in self.calls() if each.key == key]
        try:
            recorded = self.engine.apply(event)
        except InvalidInput:
            assert not handed, "what comes back of a message that went out is never refused"
            return
        if handed and kind != "bounced" and not recorded.duplicate and not recorded.unmatched:
            self.proven[key] = kind

    # What workers do.

    @rule(by=st.sampled_from([seconds(1), seconds(25), minutes(2), hours(1), days(1)]))
    def time_passes(self, by):
        self.clock.advance(by)

    @rule(by=st.sampled_from([-hours(2), -minutes(1), minutes(1), hours(2)]))
    def clock_is_set(self, by):
        self.clock.set(self.clock.now() + by)
        self.stepped = True

    @rule(answer=st.sampled_from(sorted(ANSWERS)))
    def work(self, answer):
        self.mail.answer = answer
        self.engine.run_pending()

    @rule(who=st.sampled_from(PEOPLE), answer=st.sampled_from([*sorted(ANSWERS), *sorted(DOUBT)]))
    def something_is_handed_over(self, who, answer):
        self.start(who)
        self.work(answer)

    @precondition(lambda self: len(self.walks) < 3)
    @rule(who=st.sampled_from(PEOPLE), steps=st.integers(1, 4))
    def worker_begins(self, who, steps):
        walk = self.engine.delivery().walk(lambda unit, _: [unit.find(who)])
        self.walks.append(walk)
        for _ in range(steps):
            if next(walk, "over") == "over":
                self.walks.remove(walk)
                break

    @precondition(lambda self: self.walks)
    @rule(n=st.integers(0, 2), vanishes=st.booleans())
    def worker_ends(self, n, vanishes):
        walk = self.walks.pop(n % len(self.walks))
        if vanishes:
            walk.close()
        else:
            for _ in walk:
                pass

    # What must hold at every moment.

    def rows(self):
        with self.engine.store.reading() as reader:
            numbers = [row.no for row in reader.customers(PEOPLE)]
            return [row for no in numbers for row in reader.messages(no)]

    @invariant()
    def every_message_has_one_end_and_keeps_it(self):
        for row in self.rows():
            before = self.ended.setdefault(row.key, row.status) if row.status in ENDS else self.ended.get(row.key)
            assert before in (None, row.status)
            if row.status == "sent":
                assert row.at is not None
                assert any(each.key == row.key for each in self.calls()) or row.delivery

    @invariant()
    def what_may_have_arrived_is_never_called_undelivered(self):
        for row in self.rows():
            arrived = any(each.key == row.key and each.answer in ARRIVES for each in self.calls())
            if row.status in {"withdrawn", "denied", "expired", "failed"}:
                assert not arrived, row.status

    @invariant()
    def nobody_gets_more_than_the_cap(self):
        if self.stepped:
            return
        owner = {row.key: row.customer for row in self.rows()}
        last = {each.key: each.at for each in self.calls() if each.answer in DOUBT | {"accepted"}}
        for key, at in last.items():
            near = [k for k, t in last.items() if owner[k] == owner[key] and at - days(1) + SLACK < t <= at]
            assert len(near) <= CAP

    def teardown(self):
        for walk in self.walks:
            walk.close()
        self.mail.answer = self.text.answer = "accepted"
        self.clock.advance(hours(3))
        pass_time(self.engine, days(12))
        assert all(row.status in ENDS for row in self.rows())
        assert self.engine.run_pending() == 0
        for each in PEOPLE:
            assert self.engine.customer(each).planned == []
        with self.engine.store.reading() as reader:
            assert reader.event_count() <= len(self.calls()) + 50
        self.engine.close()


Deliveries.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=30, deadline=None)
TestDeliveries = Deliveries.TestCase
