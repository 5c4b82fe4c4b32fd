"""Journeys that may well go round in circles, drawn by chance, and played until it shows whether they do."""

from hypothesis import strategies as st

from making import START, engine_of, message
from touchpoint import (
    Branch,
    Call,
    CaseClosed,
    CaseOpened,
    CaseType,
    CloseCase,
    Emit,
    Ended,
    Enrol,
    Entered,
    Exit,
    Exposed,
    Joined,
    Journey,
    Left,
    LeftSegment,
    MoveTo,
    OpenCase,
    Rule,
    Segment,
    Send,
    Sent,
    SetTrait,
    Silent,
    Split,
    Stage,
    TraitChanged,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    case_open,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    in_segment,
    in_stage,
    minutes,
    once,
    once_per_stage,
    times,
)  # fmt: skip
from touchpoint.channels.base import BaseAdapter
from touchpoint.errors import TouchpointError
from touchpoint.model.delivery import Accepted, Capabilities

MANY = 40
"""So many messages without any act of the customer, and there is no end to them."""
SPAN = days(40)
NAMES = ("one", "two", "three")
late = CaseType("late")
hello = message("hello")

triggers = st.sampled_from([
    "a", "a", "b", TraitChanged("t"), TraitChanged("t", to=1), TraitChanged("u"), Joined("s"), LeftSegment("s"),
    CaseOpened(late), CaseClosed(late), Entered("x"), Left("x"), Entered("y"), Sent("hello"), Ended("hello"),
    Silent(days(1), of="a"), Exposed("way"),
])  # fmt: skip
conditions = st.sampled_from([
    customer.t == 1, customer.t != 1, customer.u == customer.t, count("a") < 3, count("b", within=hours(2)) >= 1,
    ~ever("b"),
    in_segment("s"), ~in_segment("s"), in_stage("x"), ~in_stage("x"), case_open(late), event.n == 1, ~event.n.exists(),
    ever("a", within=days(2)),
])  # fmt: skip
segments = st.sampled_from([
    customer.t == 1, count("a") >= 2, ever("a", within=days(1)), in_stage("x"), case_open(late),
    ~ever("b", within=hours(3)),
])  # fmt: skip
plain = st.sampled_from([
    Emit("a"), Emit("a", {"n": 1}), Emit("a", {"n": event.n}), Emit("b"), Emit("b", {"n": event.n + 1}),
    SetTrait("t", 1), SetTrait("t", 2), SetTrait("t", event.value), SetTrait("u", customer.t),
    SetTrait("t", customer.t + 1),
    MoveTo("x"), MoveTo("y"), OpenCase(late), OpenCase(late, ref="#1"), CloseCase(late), CloseCase(late, ref="#1"),
    Enrol("one"), Enrol("two"), Send(hello), Call("work"), Wait(hours(1)), Wait(days(2)), WaitFor("b", hours(2)),
    WaitUntil(customer.t == 1, hours(5)), Exit(),
])  # fmt: skip


def _arms(inner):
    steps = st.lists(inner, max_size=2)
    return st.one_of(
        st.builds(lambda c, a, b: Branch(c, then=a, otherwise=b), conditions, steps, steps),
        st.builds(lambda a, b: WaitFor("a", days(1), then=a, otherwise=b), steps, steps),
        st.builds(lambda a: WaitFor(Sent("hello", any_run=True), forever, then=a), steps),
        st.builds(lambda a, b: Split("way", {"left": a, "right": b}), steps, steps),
    )


steps = st.lists(plain | plain | _arms(plain), min_size=1, max_size=4)


@st.composite
def circling(draw):
    """A journey of up to three rules that set each other off, or seem to."""
    rules = [
        Rule(
            name,
            when=draw(st.lists(triggers, min_size=1, max_size=2, unique_by=str)),
            given=draw(st.none() | st.none() | conditions),
            then=draw(steps),
            limit=draw(st.sampled_from([None] * 7 + [once(), times(2), once_per_stage()])),
            key=draw(st.sampled_from([None, None, None, "n"])),
            concurrency=draw(st.sampled_from(["ignore", "ignore", "restart", "parallel"])),
            collect=draw(st.sampled_from([None] * 6 + [hours(1)])),
        )
        for name in NAMES[: draw(st.integers(2, 3))]
    ]
    stages = [
        Stage("x", phase="engage", when=draw(st.sampled_from([(), "a", "b", Left("y")]))),
        Stage("y", phase="engage", when=draw(st.sampled_from([(), "b", Entered("x")])), reenter=draw(st.booleans())),
    ]
    # So that there is what the others may wait for.
    rules.append(Rule("there", then=[Split("way", {"left": [], "right": []}), Send(hello)]))
    return Journey("one", rules=rules, stages=stages, segments=[Segment("s", draw(segments))], cases=[late])


class _Enough(BaseException):
    """There is no end to it."""


class Slow(BaseAdapter):
    """A channel that takes five minutes for each message, and gives up after so many without an act of the customer."""

    def __init__(self, clock):
        super().__init__(Capabilities("email", {"email"}, remembers_keys_for=days(9), recording=True))
        self.clock, self.sent = clock, []

    def busy(self):
        """Something was handed over."""
        self.sent.append(self.clock.now())
        self.clock.until(self.clock.now() + minutes(5))
        if len(self.sent) > MANY:
            raise _Enough

    def send(self, _):
        self.busy()
        return Accepted()


ACTS = {
    "a": lambda engine, who, n: engine.record(who, "a", {"n": 1} if n % 2 else {}, id=f"a{n}"),
    "b": lambda engine, who, n: engine.record(who, "b", {}, id=f"b{n}"),
    "t": lambda engine, who, n: engine.identify(who, traits={"t": n % 2}),
    "u": lambda engine, who, _: engine.identify(who, traits={"u": 7, "t": 1}),
    "open": lambda engine, who, n: engine.open_case(who, "late", ref=str(n)),
    "close": lambda engine, who, n: engine.close_case(who, "late", ref=str(n - 1)),
    "wait": lambda engine, _who, _: _pass_time(engine, days(2)),
    **{name: lambda engine, who, _, name=name: engine.enrol(who, name) for name in NAMES},
}
acts = st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=5)


ONE_OF_EACH = ("ann", "bob")
"""Customers who go different ways where a split has two."""


def goes_round(journey, done, span=SPAN, who="ann"):
    """What comes of these acts of a customer within a time, if it has no end: "at once" or "in time"; else nothing."""
    clock = VirtualClock(START)
    slow = Slow(clock)
    engine = engine_of(journeys=[journey], clock=clock, channels=[slow], functions={"work": lambda _: slow.busy()})
    try:
        for n, act in enumerate(done):
            slow.sent.clear()
            try:
                ACTS[act](engine, who, n)
                _pass_time(engine, minutes(1))
            except TouchpointError:  # there is no such rule or case
                continue
        slow.sent.clear()
        _pass_time(engine, span)
    except _Enough:
        return "in time"
    if any("steps" in each.error for _, each in engine.parked()):
        return "at once"
    return "in time" if [each for each in slow.sent if each > engine.clock.now() - span / 5] else ""


def _pass_time(engine, delta):
    end = engine.clock.now() + delta
    engine.run_pending()
    while (due := engine.next_due()) is not None and due <= end:
        engine.clock.until(max(due, engine.clock.now()))
        engine.run_pending()
    engine.clock.until(max(end, engine.clock.now()))


def starting(rule):
    """Acts by which a rule begins, with what may have to be so before."""
    return [[*before, rule, "a", "b", "t", "t", "u"] for before in ([], ["u"], ["open"], ["t", "b"], ["a", "b"])]
