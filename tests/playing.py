"""Plays a reference history through the real engine, in the reference's order, and reads the log off the journal."""

from contextlib import suppress

import attrs

from touchpoint import Engine, ReferralRefused, VirtualClock
from touchpoint.channels.inbound import Clicked, Receipt, Replied
from touchpoint.channels.recording import RecordingChannel
from touchpoint.core.calendar import arm_calendar
from touchpoint.core.state import Address, Profile
from touchpoint.durations import instant, micros
from touchpoint.engine.recalled import Recalled
from touchpoint.model.case import about_case
from touchpoint.model.consent import ANY
from touchpoint.model.preference import Preferences
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.codec import loads

RUN_ID = 32  # hex digits; a case that a run is about has the run's id as its ref


class Played:
    """An engine that plays a history.

    Args:
        store: where; in memory, if nothing else is said.
        reopening: close the engine and open it anew between every two events. The store must then be a file.
    """

    channel = RecordingChannel

    def __init__(self, journeys, policy, history, store="sqlite://", *, reopening=False):
        self.clock = VirtualClock(instant(0))
        self.journeys, self.policy, self.history, self.store = journeys, policy, history, store
        self.reopening = reopening
        self.engine = self._opened()
        self.known, self.acted = set(), set()

    def _opened(self):
        return self.engine_of(Engine)

    def engine_of(self, kind):
        """An engine of this kind with everything the journeys need."""
        messages = [each for journey in self.journeys for each in journey.messages.values()]
        channels = [self.channel(name) for name in sorted({name for each in messages for name in each.channels})]
        functions = {"f": lambda request: dict(request.arguments)}
        return kind(
            self.store, durability="fast", journeys=self.journeys, policy=self.policy, clock=self.clock,
            channels=channels, functions=functions,
        )  # fmt: skip

    def play(self):
        for event in self.history.events:
            if instant(event.recorded_at) > self.clock.now():
                self.work_until(event.recorded_at - 1)
                self.clock.until(instant(event.recorded_at))
            if self.reopening:
                self.reopen()
            self.take(event)
        self.work_until(self.history.end)
        return self

    def close(self):
        self.engine.close()

    def reopen(self):
        self.close()
        self.engine = self._opened()

    def work_until(self, end):
        done = None
        while (due := self.engine.next_due()) is not None and micros(due) <= end:
            assert done is None or due > done, "what was due is still due after all of it was done"
            self.clock.until(due)
            self.engine.run_pending(group=1)
            done = due

    def take(self, event):
        if event.act == "receipt" and event.customer not in self.known:
            return  # nobody was written to yet
        self.meet(event)
        if event.act == "refer":
            self.bring(event)
        elif event.act == "touchpoint":
            self.engine.record(
                event.customer, event.type, event.properties, id=event.id, at=instant(event.at), channel=event.channel,
                direction=event.direction,
                about=None if event.about is None else about_case(*event.about),
            )  # fmt: skip
        elif event.act == "enrol":
            self.engine.enrol(event.customer, event.type, journey="one", properties=event.properties, id=event.id)
        elif event.act in ("identify", "consent", "prefer"):
            self.learn(event)
        elif event.act == "receipt":
            self.tell(event)
        elif (event.customer, event.id) not in self.acted:
            # A case changes by its ref, not by the act's id: a repeated act is the host's to notice.
            self.acted.add((event.customer, event.id))
            act, more = getattr(self.engine, event.act), {}
            if event.act == "answer_case":
                more = {"at": instant(event.at)}
            act(event.customer, event.type, ref=event.properties["ref"], **more)

    def bring(self, event):
        """A customer refers another; whoever would refer themselves is refused."""
        self.meet(attrs.evolve(event, customer=event.type))
        with suppress(ReferralRefused):
            self.engine.refer(event.customer, event.type, at=instant(event.at))

    def learn(self, event):
        """What the host tells of a customer."""
        if event.act == "identify":
            self.engine.identify(event.customer, traits=event.properties)
        elif event.act == "prefer":
            off = {f"{name}_off": each for name, each in event.properties.items()}
            self.engine.prefer(event.customer, Preferences(**off))
        elif event.properties["granted"]:
            self.engine.grant(event.customer, event.type)
        else:
            self.engine.withdraw(event.customer, event.type)

    def tell(self, event):
        """What a provider tells of the latest message that was sent."""
        found, machine = self.engine.customer(event.customer).messages, event.properties.get("machine", False)
        last = next((each for each in reversed(found) if each.status == "sent" and each.via != "call"), None)
        if last is None:
            return
        key = last.key
        if event.type == "clicked":
            self.engine.apply(Clicked(key, id=event.id, machine=machine))
        elif event.type == "replied":
            self.engine.apply(Replied(event.customer, last.via, "yes", about=key, id=event.id))
        else:
            self.engine.apply(Receipt(key, event.type, id=event.id, machine=machine))

    def meet(self, event):
        """Make the customer at their first event as the reference has them: reachable everywhere, with their grants."""
        if event.customer in self.known:
            return
        self.known.add(event.customer)
        person = self.history.customers[event.customer]
        fact = ConsentFact(granted=True, at=0)
        kinds = {kind for adapter in self.engine.adapters.values() for kind in [adapter.normalise("x").kind]}
        profile = Profile(
            traits=dict(person.traits),
            addresses=[Address(kind, f"{kind}-{event.customer}") for kind in sorted(kinds)],
            zones=tuple(person.zones),
            consents={(kind, ANY): fact for kind in person.grants},
        )
        with self.engine.together() as unit:
            loaded = unit.find_or_add(event.customer, event.recorded_at, profile)
            arm_calendar(unit.program, loaded.state, now=event.recorded_at)

    def journal(self, customer):
        """The customer's journal entries, oldest first."""
        with self.engine.together() as unit:
            loaded = unit.find(customer)
            return list(unit.tx.journal(loaded.no))[::-1] if loaded else []

    def traced(self, customer):
        """Every line of the customer's traces, in order, with its instant; of a joint one, one for each rule."""
        entries = self.journal(customer)
        with self.engine.together() as unit:
            recalled = Recalled(unit)
            told = [(recalled.lines(loads(each.trace)) if each.trace else (), each.recorded_at) for each in entries]
            return [(line, at) for lines, at in told for line in lines]

    def log(self, customer):
        """What happened to a customer, as tuples in the reference's shape."""
        return [told for line, at in self.traced(customer) for told in _told(line, at)]


def _shown(ref):
    """What a case or a run is about; None for a run's id, of which the reference has its own."""
    return None if isinstance(ref, str) and len(ref) >= RUN_ID else ref


def _told(line, at):  # noqa: C901 - one case for each kind
    match line:
        case ["started", _, rule, key]:
            yield ("started", rule, _shown(key), at)
        case ["refused", _, rule, why, _]:
            yield ("refused", rule, why, at)
        case ["ended", _, rule, key, reason]:
            yield ("ended", rule, _shown(key), reason, at)
        case ["complete", _, rule, _, count]:
            yield ("complete", rule, count, at)
        case ["dropped", _, rule, _, _, why]:
            yield ("dropped", rule, why, at)
        case ["goal", _, rule, _]:
            yield ("goal", rule, at)
        case ["stage", journey, left, entered]:
            yield ("stage", journey, left, entered, at)
        case ["segment", what, journey, segment, _]:
            yield ("segment", what, journey, segment, at)
        case ["case", "opened" | "closed" as what, kind, ref]:
            yield (what, kind, _shown(ref), at)
        case ["case", "answered", kind, ref]:
            yield ("answered", kind, _shown(ref), at)
        case ["case", "response overdue" | "resolution overdue" as what, kind, ref]:
            yield ("overdue", what.partition(" ")[0], kind, _shown(ref), at)
        case ["message", name, status, channel, _]:
            yield ("message", name, status, at, channel)
