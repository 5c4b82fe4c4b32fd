"""The provider's stand-in and its ledger: it decides what reaches a customer, and remembers what it was handed."""

from datetime import timedelta

import attrs

from faults.machines import Crash
from touchpoint.channels.base import Accepted, Ambiguous, BaseAdapter, Capabilities, FailureCode, Refused
from touchpoint.errors import TouchpointError

CODES = tuple(FailureCode)
NONSENSE = (None, True, "ok", {"status": "sent"}, 250, FailureCode.UNKNOWN)


@attrs.define(eq=False)
class Provider:
    """One provider behind a channel, the same for all processes.

    Args:
        memory: for how long it remembers keys, in microseconds; None for not at all.
        lookup: it can be asked what became of a key, for ever.
        seen: key to when it was taken first, in true time.
    """

    name: str
    memory: int | None
    lookup: bool = False
    seen: dict = attrs.Factory(dict)

    def take(self, key, now):
        """Hand a message on to the customer; False where the key is remembered, and it is not sent again."""
        if self.memory is not None:
            first = self.seen.get(key)
            if first is not None and now - first < self.memory:
                return False
        self.seen[key] = now
        return True


class Line(BaseAdapter):
    """A process's adapter for a provider; goes wrong as the schedule draws."""

    def __init__(self, provider, process, world):
        memory = None if provider.memory is None else timedelta(microseconds=provider.memory)
        capabilities = Capabilities(
            provider.name, frozenset({"email" if provider.name == "email" else "phone"}), remembers_keys_for=memory,
            lookup=provider.lookup, thread_safe=True, replies=True,
        )  # fmt: skip
        super().__init__(capabilities)
        self._provider, self._process, self._world = provider, process, world

    def send(self, request):
        """One call."""
        world, process = self._world, self._process
        fault = world.fault_of_call()
        call = world.note_call(process, self._provider, request)
        goes = fault.split(" ")[0] != "refused" and "without sending" not in fault
        goes = goes and (fault != "ambiguous" or world.rng.random() < 0.5)
        # Whether it is taken at the beginning or at the end of a long call; one that can be asked knows it at once.
        at_once = self._provider.lookup or world.rng.random() < 0.5
        if goes and at_once:
            call.reached = self._provider.take(request.key, world.now)
        if world.draws("meanwhile"):
            world.meanwhile(process)
        if world.draws("slow call"):
            world.pass_time(world.rng.choice((3, 12, 25, 50)) * 1_000_000)
        if goes and not at_once:
            call.reached = self._provider.take(request.key, world.now)
        outcome = self._outcome(fault, call, request.key)
        if isinstance(outcome, Crash):
            world.kill(process)
            raise outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def lookup(self, key):
        """What became of a key."""
        self._world.injected["asked what became of it"] += 1
        found = key in self._provider.seen
        self._world.note_lookup(self._process, key, found=found)
        return Accepted(f"ref {key}") if found else None

    def _outcome(self, fault, call, key):
        rng = self._world.rng
        if fault == "refused for now":
            call.answer, call.code = "refused", "provider_unavailable"
            return Refused(FailureCode.PROVIDER_UNAVAILABLE)
        if fault == "refused":
            return self._refuse(call)
        if not fault:
            call.answer = "accepted"
            return Accepted(f"ref {key}")
        return _doubt(fault, rng)

    def _refuse(self, call):
        rng = self._world.rng
        code = rng.choice(CODES)
        # What stops everybody would leave nothing to look at, were it as frequent as the others.
        if code in _FOR_EVERYBODY and rng.random() < 0.7:
            code = FailureCode.PROVIDER_UNAVAILABLE
        call.answer, call.code = "refused", str(code)
        after = rng.choice((None, None, timedelta(seconds=40), timedelta(hours=3)))
        return Refused(code, retry_after=after, provider_code=rng.choice((None, "4.2.1")))


class Refunds:
    """A process's function of the host: gives every call a number of its own, and notes it."""

    def __init__(self, process, world):
        self._process, self._world = process, world

    def __call__(self, request):
        """One call; it may raise, or its process may die, before or after the work is done."""
        world, rng = self._world, self._world.rng
        raises, dies = world.draws("function raised"), world.draws("function died")
        n = world.script.number()
        if not (raises or dies) or rng.random() < 0.5:
            world.evidence.returned.append((request.customer, request.arguments["order"], n))
        if dies:
            world.kill(self._process)
            raise Crash("died in the function")
        if raises:
            raise ConnectionError("gone")
        return {"n": n}


def _doubt(fault, rng):
    """What an adapter does that is neither an acceptance nor a refusal; exceptions are raised."""
    if fault.startswith("died"):
        return Crash("died in the call")
    if fault.startswith("garbage"):
        return rng.choice(NONSENSE)
    if fault == "ambiguous":
        return Ambiguous("the connection broke")
    return rng.choice((ConnectionError("gone"), TimeoutError("late"), TouchpointError("odd"), KeyError("x")))


class Patient:
    """Stands in for what gives calls a deadline: a call that hangs is given up, and its answer may come later.

    The library's own does that with threads, which no seed could repeat.
    """

    within = timedelta(seconds=30)

    def __init__(self, process, world):
        self._process, self._world = process, world
        self._late = []
        self._calls = {}

    def call(self, ticket, work, *, thread_safe):  # noqa: ARG002 - part of what it stands in for
        """What the work returned or raised; Ambiguous where it hangs."""
        world = self._world
        if ticket.lookup or ticket.function is not None or not world.draws("hangs"):
            return work()
        world.pass_time(30_000_000)
        try:
            answer = work()
        except Exception:  # noqa: BLE001 - nobody waits for it any more
            answer = None
        call = self._process.calls[-1]
        call.answer, call.code = "unsure", ""
        if isinstance(answer, Accepted):
            self._calls[ticket.key, ticket.fence] = call
            self._late.append((world.now + world.rng.choice((1, 20, 300)) * 1_000_000, ticket, answer, call))
        return Ambiguous("no answer within 30 s")

    def take_late(self):
        """Proofs of sending that came after nobody waited for them any more; each is handed out once."""
        now = self._world.now
        come = [each for each in self._late if each[0] <= now]
        self._late = [each for each in self._late if each[0] > now]
        self._process.proofs += [call for _, _, _, call in come]
        return [(ticket, answer) for _, ticket, answer, _ in come]

    def forget(self, customers):
        """Answers about these are not kept: they were erased."""
        self._late = [each for each in self._late if each[1].customer not in customers]

    def put_back(self, late):
        """Those that could not be written; they are handed out again."""
        for ticket, answer in late:
            self._late.append((0, ticket, answer, self._calls[ticket.key, ticket.fence]))


_FOR_EVERYBODY = (FailureCode.SENDER_MISCONFIGURED, FailureCode.BUDGET_EXHAUSTED, FailureCode.CONTENT_REJECTED)
