"""Planted defects of caps and budgets; see `defects.py`."""

from faults.planting import CALLS, defect, without
from touchpoint.core import delivery, objections, settling
from touchpoint.core.decision import Booked, Unbooked
from touchpoint.core.state import IN_FLIGHT, NEVER, WAITING, State
from touchpoint.engine import writing
from touchpoint.policy import caps
from touchpoint.policy.accounts import Purse
from touchpoint.stores.base import Changes


@defect("a cap counts only when the outcome is known", aimed="rush at a cap", strengths={})
def _(replace):
    def make(taken):
        return lambda *known: [each for each in taken(*known) if each.state != IN_FLIGHT]

    def several(_):
        return lambda _, state, now: [
            e for e in state.pending if e.status == WAITING and e.due is not None and e.due <= now
        ]

    # Else one message of a customer at a time would keep the others back, whatever the cap says.
    replace(delivery, "due_messages", several)
    replace(State, "_next_message", lambda _: lambda self: min(e.lease or e.due or NEVER for e in self.pending))
    replace(caps, "taken", make)


@defect("a cap counts what was accepted, not what may have gone out", strengths=CALLS)
def _(replace):
    def make(taken):
        return lambda *known: [each for each in taken(*known) if each.state != "ambiguous"]

    replace(caps, "taken", make)


@defect("a cap counts what was refused", strengths={"refused": 0.5})
def _(replace):
    def make(mark):
        def marking(state, pending, as_):
            mark(state, pending, "ambiguous" if as_ == "refused" else as_)

        return marking

    replace(settling, "_mark", make)


@defect("a slot stays where the first attempt was", strengths={"refused": 0.4, "down for days": 0.1}, within=1200)
def _(replace):
    first = {}

    def make(take):
        def keeping(program, state, pending, message):
            slot, pending.slot = pending.slot, first.setdefault((state.id, pending.key), pending.slot)
            take(program, state, pending, message)
            pending.slot = slot
            state.history = tuple(sorted(state.history, key=lambda each: each.at))

        return keeping

    replace(delivery, "_take_slot", make)


@defect("what is given back keeps its slot", aimed="rush at a cap", strengths={})
def _(replace):
    def make(give_back):
        def keeping(program, state, ticket, now):
            before = list(state.history)
            decision = give_back(program, state, ticket, now)
            state.history = before
            return decision

        return keeping

    replace(settling, "give_back", make)


@defect("a gift's worth comes back when it is uncertain", aimed="rush at a cap", strengths=CALLS)
def _(replace):
    def make(uncertain):
        def refunding(program, state, pending, *rest):
            decision = uncertain(program, state, pending, *rest)
            if pending.kind == "gift":
                decision.effects.append(Unbooked(pending))
            return decision

        return refunding

    replace(settling, "_uncertain", make)


@defect("a gift leaves its stock twice", aimed="rush at a cap", strengths=CALLS)
def _(replace):
    def make(booked):
        def taking_two(unit, loaded, effect, now):
            booked(unit, loaded, effect, now)
            if effect.shelf is not None:
                unit.tx.write(Changes(stocks=[(effect.shelf.name, effect.shelf.n, -1)]))

        return taking_two

    booked = make(writing._WRITE[Booked])
    replace(writing, "_WRITE", lambda known: {**known, Booked: booked})


@defect("no budget at all", aimed="rush at a cap", strengths={})
def _(replace):
    replace(Purse, "covers_at", lambda _: lambda _self, _now: True)


@defect("no cap at all")
def _(replace):
    without(replace, "check_caps")
    replace(objections, "full", lambda _: lambda *_: None)  # which is asked where nothing rare is known
