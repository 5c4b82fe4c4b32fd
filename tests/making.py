"""Small builders for tests of the engine: messages, journeys, and engines on virtual time that reach nobody."""

from datetime import UTC, datetime, timedelta

from touchpoint import Content, Emit, Engine, Journey, Message, Rule, Send, Stage, VirtualClock
from touchpoint.channels.base import BaseAdapter
from touchpoint.channels.memory import MemoryChannel
from touchpoint.engine.recalled import Recalled
from touchpoint.model.delivery import Accepted, Capabilities, default_address_kind
from touchpoint.stores.codec import loads

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning, well before the clocks change in Europe."""

ADDRESSES = {"email": "ann@example.com", "phone": "+15550123456"}


MARK = Emit("mark")


def message(name="hello", **parts):
    """A message by e-mail that needs no consent, unless told otherwise."""
    given = {"why": "a test wants it", "kind": "service", "channels": ["email"], "content": Content(text="Hello")}
    return Message(name, **(given | parts))


def sending(name="hello", *, when="start", rule=None, then=(), **parts):
    """A rule that sends one message, then goes on with `then`."""
    return Rule(rule or f"send {name}", when=when, then=[Send(message(name, **parts)), *then])


def journey(*rules, name="one", **parts):
    """A journey of these rules."""
    return Journey(name, rules=rules, **parts)


def engine_of(
    *rules, store="sqlite://", clock=None, channels=None, people=("ann",), journeys=None, parts=None, **options
):
    """An engine on virtual time.

    Args:
        rules: of one journey; `parts` are its other parts, and `journeys` replaces it altogether.
        channels: adapters, or names that become `MemoryChannel`s; e-mail and SMS unless given.
        people: customers who can be reached on both.
        options: passed on to `Engine`.
    """
    made = ["email", "sms"] if channels is None else channels
    adapters = [MemoryChannel(each) if isinstance(each, str) else each for each in made]
    engine = Engine(
        store, journeys=[journey(*rules, **(parts or {}))] if journeys is None else journeys, channels=adapters,
        clock=clock or VirtualClock(START), **options,
    )  # fmt: skip
    for each in people:
        reach(engine, each)
    return engine


def reach(engine, customer="ann"):
    """Give a customer an address of each kind, unlike anybody else's."""
    number = sum(map(ord, customer)) % 10_000
    engine.identify(customer, addresses={"email": f"{customer}@example.com", "phone": f"+1555123{number:04}"})


def pass_time(engine, delta=timedelta(0)):
    """Let time pass, doing everything when it falls due."""
    end = engine.clock.now() + delta
    engine.run_pending()
    while (due := engine.next_due()) is not None and due <= end:
        engine.clock.until(due)
        engine.run_pending()
    engine.clock.until(end)
    engine.run_pending()


def handed(engine, channel="email"):
    """Names of what a `MemoryChannel` was handed, in order."""
    return [each.message.name for each in engine.adapters[channel].sent]


def ends(engine, customer="ann"):
    """(name, status) of every message of a customer, in the order they were begun."""
    return [(each.name, each.status) for each in engine.customer(customer).messages]


def marks(engine, customer="ann", type="mark"):
    """When touchpoints of this type happened; an `Emit("mark")` tells when a run came by."""
    return [each.at for each in engine.customer(customer).timeline() if each.type == type]


def reasons(engine, customer="ann"):
    """How the runs of a customer ended, None for a live one, in the order they started."""
    return [each.reason for each in engine.customer(customer).runs]


def trace(engine, customer="ann"):
    """Every line that the journal of a customer has on what was decided, with what conditions saw in words."""
    with engine.together() as unit:
        recalled = Recalled(unit)
        (row,) = unit.tx.customers([customer])
        entries = list(unit.tx.journal(row.no))[::-1]
        return [line for entry in entries for line in (recalled.told(loads(entry.trace)) if entry.trace else [])]


def state_of(engine, customer="ann"):
    """What is remembered of a customer, as the store has it."""
    from touchpoint.core.records import profile_from_record, state_from_record

    with engine.store.reading() as reader:
        (row,) = reader.customers([customer])
    return state_from_record(row.id, profile_from_record(loads(row.profile)), loads(row.state))


class Scripted(BaseAdapter):
    """A channel that does what a function says; counts the calls and keeps the requests.

    Args:
        name: the channel's.
        act: called with each request; what it returns is answered, whatever it is.
        memory: `remembers_keys_for`.
    """

    def __init__(self, name="email", act=lambda _: Accepted(), memory=None):
        kind = default_address_kind(name)
        super().__init__(Capabilities(name, frozenset({kind}), remembers_keys_for=memory, recording=True), kind)
        self.act = act
        self.requests = []

    def send(self, request):
        self.requests.append(request)
        return self.act(request)


def at(*when):
    """An instant in UTC."""
    return datetime(*when, tzinfo=UTC)


def started(*triggers, name="marking", **parts):
    """A rule that leaves a mark when it starts."""
    return Rule(name, when=list(triggers), then=[MARK], **parts)


def stages(*named, **first):
    """A stage for those who sign up, one for those who order, and more."""
    return (
        Stage("new", phase="attract", when="sign_up", **first),
        Stage("active", phase="engage", when="order"),
        *named,
    )


def waiting(*steps, **parts):
    """A rule that takes these steps and then leaves a mark."""
    return Rule("waiting", when="start", then=[*steps, MARK], **parts)
