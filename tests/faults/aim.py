"""Aimed faults: what chance alone would need a hundred thousand schedules for, done on purpose and at the right moment.

An aim is asked before every step that a worker is about to take, and at every call of a provider. The schedule's other
faults go on around it.
"""

from faults.evidence import Act
from faults.host import HOUR, MINUTE
from touchpoint.core import delivery as core

SECOND = 1_000_000


class Aim:
    """The base of all: does nothing. `left` is how often it still acts."""

    left = 1

    def __init__(self, schedule):
        self.schedule = schedule
        self.begin()

    def begin(self):
        """What it does at the very beginning."""

    def before(self, process, doing):  # noqa: ARG002 - for those that do something
        """Before a worker takes a step; True to keep it from taking it now."""
        return False

    def fault_of_call(self):
        """What is to go wrong in a call; empty for nothing of its own."""
        return ""

    def hit(self):
        """Whether it acts now; counts down, and counts what it did."""
        if self.left <= 0:
            return False
        self.left -= 1
        self.schedule.injected[self.schedule.swarm.aimed] += 1
        return True

    def away(self, process, seconds):
        """A worker is stopped where it stands."""
        self.schedule.pause(process, int(seconds * SECOND))
        return True

    def act(self, what, customer, **data):
        """The host does something at once."""
        self.schedule.do(Act(what, customer, data))


class SlowSecondOwner(Aim):
    """One worker stops before its call, another takes over and stops before its own, then the first one goes on."""

    first = second = None

    def before(self, process, doing):
        if not isinstance(doing, core.Call):
            return False
        here = doing.ticket.key, process.number
        if self.first is None and self.hit():
            self.first = here
            return self.away(process, 125)
        if self.second is None and self.first is not None and self.first[0] == here[0] and self.first != here:
            self.second = here
            return self.away(process, 200)
        return False


class ClockSet(Aim):
    """Somebody sets the wall clock after the release: the window that was open then may be closed now."""

    def before(self, process, doing):
        if isinstance(doing, core.LastLook) and self.hit():
            self.schedule.set_clock(process.machine, self.schedule.rng.choice((-2 * HOUR, 2 * HOUR, 40 * SECOND)))
            if self.schedule.rng.random() < 0.5:
                return self.away(process, 100)
        return False


class Withdrawn(Aim):
    """The customer says no after the release, and the worker is slow."""

    left = 2

    def before(self, process, doing):
        if isinstance(doing, core.LastLook | core.Call) and self.hit():
            rng, customer = self.schedule.rng, doing.ticket.customer
            if rng.random() < 0.5:
                self.act("withdraw", customer, purpose="*", channel="*", at=None)
            else:
                self.schedule.do(self.schedule.script.word(customer, "STOP"))
            if rng.random() < 0.7:
                return self.away(process, rng.choice((5, 25, 100)))
        return False


class CrashAfterAccept(Aim):
    """The provider has it, and nobody writes that down."""

    left = 2

    def before(self, process, doing):
        if isinstance(doing, core.SettleAll) and self.hit():
            self.schedule.kill(process)
            process.forget()
            return True
        return False


class LateAnswer(Aim):
    """The answer comes after the lease was lost."""

    left = 3

    def before(self, process, doing):
        if isinstance(doing, core.SettleAll) and process.asleep_until <= self.schedule.now and self.hit():
            return self.away(process, self.schedule.rng.choice((70, 100, 400, 3000)))
        return False


class MemoryRunsOut(Aim):
    """Uncertain at first; then nobody works until the provider has forgotten, or nearly so."""

    waits = False

    def fault_of_call(self):
        if self.hit():
            self.waits = True
            return "sent, then raised"
        return ""

    def before(self, process, doing):
        if self.waits and isinstance(doing, core.SettleAll):
            self.waits, schedule = False, self.schedule
            seconds = schedule.rng.choice((1780, 1795, 1810, 3500, 3590, 3594, 3597, 3620, 5000))
            schedule.at(schedule.now + SECOND, lambda: self._sleep(schedule.now + seconds * SECOND))
            if schedule.rng.random() < 0.4:
                schedule.at(schedule.now + 2 * SECOND, lambda: schedule.set_clock(process.machine, -2 * HOUR))
            elif schedule.rng.random() < 0.3:
                schedule.at(schedule.now + 2 * SECOND, lambda: schedule.reboot(process.machine))
        return False

    def _sleep(self, until):
        self.schedule.stop_all(until)


class ToldToStop(Aim):
    """Refused for now; before the retry something changes that forbids it."""

    def fault_of_call(self):
        if self.left > 0:
            return "refused for now"
        return ""

    def before(self, process, doing):  # noqa: ARG002 - whichever worker it is
        if isinstance(doing, core.SettleAll) and doing.outcomes and self.hit():
            schedule, customer = self.schedule, doing.outcomes[0][0].customer
            kind = schedule.rng.choice(("withdraw", "STOP", "open", "expire", "away"))
            schedule.at(schedule.now + 2 * SECOND, lambda: self._change(kind, customer))
        return False

    def _change(self, kind, customer):
        schedule = self.schedule
        if kind == "withdraw":
            self.act("withdraw", customer, purpose="*", channel=schedule.rng.choice(("*", "email", "sms")), at=None)
        elif kind == "STOP":
            for _ in range(2):
                schedule.do(schedule.script.word(customer, "STOP"))
        elif kind == "open":
            self.act("open", customer, ref="one")
        else:
            days = 3 if kind == "expire" else 0.5
            schedule.stop_all(schedule.now + int(days * 24 * HOUR))


class CancelledInDoubt(Aim):
    """Nobody knows whether it went out, and before anybody asks again its run ends."""

    left = 2

    def fault_of_call(self):
        return self.schedule.rng.choice(("ambiguous", "sent, then raised")) if self.left > 0 else ""

    def before(self, process, doing):  # noqa: ARG002 - whichever worker it is
        if isinstance(doing, core.SettleAll) and doing.outcomes and self.hit():
            ticket, _ = doing.outcomes[0]
            order = "" if ticket.message is None else ticket.message.text
            data = {"type": "cancelled", "order": order, "id": f"t{self.schedule.script.number()}", "at": None}
            self.schedule.at(self.schedule.now + SECOND, lambda: self.act("touchpoint", ticket.customer, **data))
        return False


class ClockSetBack(Aim):
    """A fast clock enters a grant; it is put right, and the customer says no."""

    def begin(self):
        self.schedule.at(self.schedule.now + 3 * SECOND, self._grant)

    def _grant(self):
        if self.hit():
            schedule, machine = self.schedule, self.schedule.processes[0].machine
            schedule.set_clock(machine, 2 * HOUR)
            customer = schedule.script.customers[0]
            word = schedule.rng.random() < 0.5
            act = schedule.script.word(customer, "START") if word else None
            if act is None:
                self.act("grant", customer, purpose="*", channel="*", at=None)
            else:
                act.data["at"] = None
                schedule.do(act)
            schedule.at(schedule.now + MINUTE, lambda: self._withdraw(customer, act))

    def _withdraw(self, customer, act):
        schedule = self.schedule
        for machine in {id(each.machine): each.machine for each in schedule.processes}.values():
            schedule.set_clock(machine, 0)
        if act is None:
            self.act("withdraw", customer, purpose="*", channel="*", at=None)
        else:
            data = {**act.data, "word": "STOP", "id": f"r{schedule.script.number()}", "at": None}
            schedule.do(Act("reply", customer, data))
        schedule.do(schedule.script.touchpoint(customer, "order"))


class RushAtACap(Aim):
    """Many messages of one customer compete for few places, while those in flight are slow, or are taken back."""

    left = 3

    def begin(self):
        rng = self.schedule.rng
        kind = rng.choice(("browse", "browse", "upset"))
        for n in range(rng.choice((4, 5))):
            self.schedule.at(self.schedule.now + (n + 2) * SECOND, lambda: self._come(kind))

    def _come(self, kind):
        self.schedule.do(self.schedule.script.touchpoint(self.schedule.script.customers[0], kind))

    def before(self, process, doing):
        if not isinstance(doing, core.LastLook) or doing.ticket.message is None or not self.hit():
            return False
        rng = self.schedule.rng
        if rng.random() < 0.5:
            return self.away(process, rng.choice((5, 10, 15)))
        data = {"type": "cancelled", "order": doing.ticket.message.text, "id": f"t{self.schedule.script.number()}"}
        self.act("touchpoint", doing.ticket.customer, at=None, **data)
        return self.away(process, 25)


class FastAtNight(Aim):
    """Nobody works; a fast clock calls night day while the customer acts; it is put right, and work goes on."""

    def begin(self):
        schedule = self.schedule
        # Between half past six and nine in the morning of some zone that a customer may live in.
        start = schedule.now + schedule.rng.choice((0, 5, 9, 20)) * HOUR + int(schedule.rng.random() * HOUR)
        schedule.at(start, self._sleep)

    def _sleep(self):
        if not self.hit():
            return
        schedule, machine = self.schedule, self.schedule.processes[0].machine
        customer = schedule.rng.choice(schedule.script.customers)
        zone = schedule.rng.choice(("Europe/Berlin", "Asia/Kolkata", "UTC"))
        schedule.script.profiles[customer]["zone"] = zone
        self.act("identify", customer, **schedule.script.profiles[customer])
        self.act("grant", customer, purpose="*", channel="*", at=None)
        schedule.stop_all(schedule.now + 10 * MINUTE)
        schedule.do(schedule.script.touchpoint(customer, "browse"))
        schedule.set_clock(machine, 2 * HOUR)
        schedule.do(schedule.script.touchpoint(customer, "clicked"))
        schedule.set_clock(machine, 0)


_AIMS = {
    "a fast clock at night": FastAtNight,
    "cancelled while it is uncertain": CancelledInDoubt,
    "rush at a cap": RushAtACap,
    "slow second owner": SlowSecondOwner,
    "clock set between release and call": ClockSet,
    "withdrawn between release and call": Withdrawn,
    "crash right after accept": CrashAfterAccept,
    "lease expires during the call": LateAnswer,
    "memory runs out before the repeat": MemoryRunsOut,
    "told to stop at a retry": ToldToStop,
    "withdrawn after the clock was set back": ClockSetBack,
}


def take(schedule):
    """The aim that a schedule has drawn."""
    return _AIMS[schedule.swarm.aimed](schedule)
