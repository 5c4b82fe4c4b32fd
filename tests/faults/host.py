"""What the host does: acts with the engine's own methods, and the script of a schedule's acts."""

import inspect
from datetime import UTC, datetime, timedelta

from faults.evidence import Act
from faults.machines import EPOCH
from touchpoint.channels.inbound import Receipt, Replied
from touchpoint.engine.engine import Engine

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")
# The clocks of Europe change on 29 March: some schedules see it.
START = int(datetime(2026, 3, 27, 7, tzinfo=UTC).timestamp()) * 1_000_000
ERASES = hasattr(Engine, "erase") and "secret" in inspect.signature(Engine).parameters
WORDS = ("ping", "ping", "ping", "visit", "asked", "plan", "hold", "hold")
"""What customers do in the journeys of `language.py`."""
SHARED_PHONE = "+15550000000"


def when(microseconds):
    """As the library takes instants; None stays None."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


def perform(engine, act):
    """Do an act; returns what the engine answered."""
    return _ACTS[act.what](engine, act.customer, act.data)


def _touchpoint(engine, customer, data):
    properties = {"order": data["order"]}
    channel = data.get("channel")
    return engine.record(customer, data["type"], properties, id=data["id"], at=when(data["at"]), channel=channel)


def _identify(engine, customer, data):
    addresses = {"email": data["email"], "phone": data["phone"]}
    return engine.identify(customer, addresses=addresses, timezone=data["zone"])


def _grant(engine, customer, data):
    return engine.grant(customer, data["purpose"], channel=data["channel"], at=when(data["at"]))


def _withdraw(engine, customer, data):
    return engine.withdraw(customer, data["purpose"], channel=data["channel"], at=when(data["at"]))


def _open(engine, customer, data):
    return engine.open_case(customer, "complaint", ref=data["ref"])


def _close(engine, customer, data):
    return engine.close_case(customer, "complaint", ref=data["ref"])


def _reply(engine, customer, data):
    reply = Replied(customer, data["channel"], data["word"], data["address"], id=data["id"], at=when(data["at"]))
    return engine.apply(reply)


def _receipt(engine, _customer, data):
    return engine.apply(Receipt(data["key"], "delivered", id=data["id"]))


def _resume(engine, _customer, data):
    return engine.resume(**data)


def _erase(engine, customer, _data):
    return engine.erase(customer)


def _release(engine, _customer, data):
    journey = data["journey"]
    return engine.release(journey, confirm=engine.preview_release(journey).token, by="the host")


_ACTS = {
    "touchpoint": _touchpoint, "identify": _identify, "grant": _grant, "withdraw": _withdraw, "open": _open,
    "close": _close, "reply": _reply, "receipt": _receipt, "resume": _resume, "erase": _erase,
    "release": _release,
}  # fmt: skip


class Script:
    """Draws the host's acts of a schedule.

    Args:
        world: whose random numbers and clock are used.
    """

    def __init__(self, world):
        self._world, self._rng = world, world.rng
        self._n = 0
        self.customers = [f"c{n}" for n in range(world.swarm.customers)]
        self.profiles = {}

    def number(self):
        """A number that no other act of the schedule has."""
        self._n += 1
        return self._n

    def beginning(self):
        """Who the customers are, and what they allowed at first."""
        rng = self._rng
        share = rng.random() < 0.2
        for n, customer in enumerate(self.customers):
            phone = SHARED_PHONE if share else f"+1555000{n:04}"
            self.profiles[customer] = {
                "email": f"{customer}@example.com", "phone": phone, "zone": rng.choice(ZONES),
            }  # fmt: skip
            yield Act("identify", customer, dict(self.profiles[customer]))
            if rng.random() < 0.85:
                yield self._said("grant", customer, "*", "*")

    def acts(self):
        """(true time, act) of the rest, in order."""
        rng, at = self._rng, START
        poison = self._world.poison
        for _ in range(self._world.swarm.acts):
            at += int(MINUTE * rng.choice((0.01, 0.5, 2, 7, 45, 60 * 3, 60 * 13, 60 * 30)) * rng.random())
            customer = self.customers[-1] if poison and rng.random() < 0.3 else rng.choice(self.customers)
            act = self.some_act(customer)
            if act.data.get("type") == "plan" and rng.random() < 0.6:  # what is planned anew was held before
                yield at - SECOND, Act("open", customer, {"ref": "three"})
                yield at + rng.choice((1, 5, 20)) * HOUR, Act("close", customer, {"ref": "three"})
            if act.data.get("type") == "ping" and rng.random() < 0.4:
                yield at + int(rng.uniform(20, 59) * MINUTE), self.touchpoint(customer, "ping")
                yield at + int(rng.uniform(61, 100) * MINUTE), self.touchpoint(customer, "ping")
            yield at, act

    def some_act(self, customer):
        """Any act of a customer."""
        rng = self._rng
        if rng.random() < 0.62:
            return self.touchpoint(customer)
        return self.interference(customer)

    def touchpoint(self, customer, kind=None):
        """A touchpoint, of the kinds that begin something for the most part."""
        world, rng = self._world, self._rng
        n = self.number()
        # One customer alone takes the poison: nobody else may notice.
        if kind is None and world.poison and customer == self.customers[-1] and rng.random() < 0.5:
            kind = rng.choice(("poison", "late_poison"))
        if kind is None and world.swarm.words and rng.random() < 0.6:
            kind = rng.choice(WORDS)
        kind = kind or rng.choice(("order", "order", "browse", "browse", "upset", "cancelled", "clicked"))
        order = f"{customer}-{n if kind not in ('cancelled', 'clicked') else rng.randrange(max(n, 1))}"
        at = None
        if world.draws("late"):
            at = -10 * DAY
        elif world.draws("disordered"):
            at = -rng.choice((1, 30, 300)) * MINUTE
        data = {"type": kind, "order": order, "id": f"t{n}", "at": at}
        if kind == "asked":
            data["channel"] = rng.choice(("email", "sms"))
        return Act("touchpoint", customer, data)

    def interference(self, customer):
        """Something that changes what may be sent."""
        rng = self._rng
        kind = rng.choice(("withdraw", "withdraw", "grant", "open", "close", "stop", "start", "identify"))
        if kind in {"open", "close"}:
            return Act(kind, customer, {"ref": rng.choice(("one", "two"))})
        if kind in {"stop", "start"}:
            return self.word(customer, kind.upper())
        if kind == "identify":
            self.profiles[customer]["zone"] = rng.choice(ZONES)
            return Act("identify", customer, dict(self.profiles[customer]))
        purpose = rng.choice(("*", "marketing", "feedback", "gift", "transactional"))
        return self._said(kind, customer, purpose, rng.choice(("*", "*", "email", "sms")))

    def word(self, customer, word):
        """A reply of one word."""
        rng, channel = self._rng, self._rng.choice(("email", "sms"))
        address = self.profiles[customer]["email" if channel == "email" else "phone"]
        told = rng.choice((None, None, -5 * MINUTE))
        data = {"channel": channel, "word": word, "address": address, "id": f"r{self.number()}", "at": told}
        return Act("reply", customer, data)

    def _said(self, what, customer, purpose, channel):
        at = self._rng.choice((None, None, None, -10 * MINUTE))
        return Act(what, customer, {"purpose": purpose, "channel": channel, "at": at})
