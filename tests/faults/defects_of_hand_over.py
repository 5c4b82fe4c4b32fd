"""Planted defects of keys, repeats and claims; see `defects.py`."""

from datetime import timedelta

import attrs

from faults.planting import CALLS, defect
from faults.providers import Patient
from touchpoint.core import delivery, settling
from touchpoint.core.decision import Decision
from touchpoint.engine import calling
from touchpoint.engine import delivery as driving
from touchpoint.engine.engine import Engine
from touchpoint.model.delivery import Accepted, FailureCode, Refused, judge


@defect("the key has the number of the attempt in it", strengths=CALLS)
def _(replace):
    def make(request):
        def numbered(self, ticket, adapter):
            found = request(self, ticket, adapter)
            return found if isinstance(found, Refused) else attrs.evolve(found, key=f"{found.key}-{ticket.attempt}")

        return numbered

    replace(driving.Delivery, "request", make)


@defect("an exception means that it was not sent", strengths=CALLS)
def _(replace):
    def make(_):
        return lambda each: Refused("provider_unavailable") if isinstance(each, BaseException) else judge(each)

    replace(driving, "judge", make)


@defect("whatever is no outcome counts as accepted", strengths={"garbage without sending": 0.2})
def _(replace):
    for module in (driving, delivery):
        replace(module, "judge", lambda _: lambda each: Accepted() if each in (None, True, "ok") else judge(each))


@defect("what is uncertain is repeated although the provider remembers nothing", strengths=CALLS)
def _(replace):
    def make(world):
        def remembering(self, *args):
            found = world(self, *args)
            found.memories = dict.fromkeys(found.memories, timedelta(days=1))
            return found

        return remembering

    replace(Engine, "_world", make)


@defect("what is uncertain goes out on the next channel", strengths=CALLS)
def _(replace):
    def make(_):
        def refused(program, state, pending, reason, world, now):
            ticket = delivery.Ticket(state.id, pending.key, 0, pending.channel, 1, None, None, None)
            return settling._refused(program, state, pending, ticket, Refused(FailureCode.UNKNOWN), world, now)

        return refused

    replace(settling, "_uncertain", make)


@defect("a retry is decided by the wall clock", aimed="memory runs out before the repeat", strengths={})
def _(replace):
    first = {}

    def timed(let_go):
        def noting(program, state, pending, asked, decision, moment, world):
            first.setdefault(pending.key, moment.wall)
            return let_go(program, state, pending, asked, decision, moment, world)

        return noting

    def make(_):
        def by_wall(pending, world, moment):
            half = world.memories[pending.channel] / 2
            return "" if (moment.wall - first[pending.key]) / 1e6 > half.total_seconds() else None

        return by_wall

    replace(delivery, "_let_go", timed)
    replace(delivery, "_too_late_to_repeat", make)


@defect("seconds of two boots are compared", aimed="memory runs out before the repeat", strengths={})
def _(replace):
    def make(late):
        return lambda pending, world, moment: late(
            pending, world, attrs.evolve(moment, timeline=pending.timeline or moment.timeline)
        )

    replace(delivery, "_too_late_to_repeat", make)


@defect(
    "the provider's memory is used to its end", aimed="memory runs out before the repeat", strengths={"slow step": 0.6}
)
def _(replace):
    def make(late):
        def doubled(pending, world, moment):
            longer = {name: each and each * 2 for name, each in world.memories.items()}
            return late(pending, attrs.evolve(world, memories=longer), moment)

        return doubled

    replace(delivery, "_too_late_to_repeat", make)


@defect("what is uncertain is repeated without end", aimed="memory runs out before the repeat", strengths={})
def _(replace):
    replace(delivery, "_too_late_to_repeat", lambda _: lambda *_: None)


@defect("what a provider proves later is not heard", strengths={**CALLS, "receipt": 0.6})
def _(replace):
    replace(settling, "proven", lambda _: lambda program, state, _key, now: Decision(program, state, now))


@defect("no last look", aimed="clock set between release and call", strengths={"paused": 0.2})
def _(replace):
    replace(delivery, "last_look", lambda _: lambda *_: None)


@defect("the last look forgets the fence", strengths={"paused": 0.3, "slow step": 0.2})
def _(replace):
    def make(look):
        return lambda ticket, _fence, moment: look(ticket, ticket.fence, moment)

    replace(delivery, "last_look", make)
    replace(delivery, "HAND_OVER_WITHIN", lambda _: 150.0)


@defect("a claim is good for ever", strengths={"paused": 0.2})
def _(replace):
    replace(delivery, "HAND_OVER_WITHIN", lambda _: float("inf"))


@defect("nobody notices that the clock was set", aimed="clock set between release and call", strengths={})
def _(replace):
    replace(delivery, "CLOCK_STEP", lambda _: float("inf"))


@defect(
    "no fence when an outcome is written", aimed="lease expires during the call", strengths={**CALLS, "paused": 0.3}
)
def _(replace):
    replace(settling, "_mine", lambda _: lambda state, ticket: state.pending_by_key(ticket.key))


@defect("a lease that is too short", strengths={"paused": 0.3, "slow step": 0.3})
def _(replace):
    replace(delivery, "LEASE", lambda _: 2_000_000)


@defect("a lost claim is never rescued", strengths={"crash": 0.1})
def _(replace):
    replace(delivery, "abandoned", lambda _: lambda *_: [])


@defect("what a vanished worker held is taken for refused", aimed="crash right after accept", strengths={})
def _(replace):
    def make(_):
        def refused(program, state, pending, world, now):
            ticket = delivery.Ticket(state.id, pending.key, pending.fence, pending.channel, 1, None, None, None)
            return settling.settle(program, state, ticket, Refused("provider_unavailable"), world, now)

        return refused

    replace(settling, "rescue", make)


@defect("an acceptance that comes late is ignored", aimed="lease expires during the call", strengths={})
def _(replace):
    def make(late):
        def deaf(program, state, ticket, outcome, world, now):
            return (
                Decision(program, state, now)
                if isinstance(outcome, Accepted)
                else late(program, state, ticket, outcome, world, now)
            )

        return deaf

    replace(settling, "_late_word", make)


@defect("a late proof is lost with the transaction that was to write it", strengths={"hangs": 0.5, "full": 0.1})
def _(replace):  # found by this simulation
    replace(calling.Caller, "put_back", lambda _: lambda *_: None)
    replace(Patient, "put_back", lambda _: lambda *_: None)


@defect("an act of one worker is not seen by another's memory", strengths={"paused": 0.1})
def _(replace):
    def make(_):
        return lambda self: (self._cache, 0)

    replace(Engine, "_take_cache", make)
