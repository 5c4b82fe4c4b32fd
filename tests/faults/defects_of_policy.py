"""Planted defects of the gate: consent, holds, windows, expiry; see `defects.py`."""

import attrs

from faults.planting import CALLS, defect, without
from touchpoint.core import delivery, gate, objections, settling
from touchpoint.engine import acts, inbound, shared
from touchpoint.policy import consent, windows_check


def _asked_once(replace):
    allowed = {}

    def make(ask):
        def asking(program, state, pending, world, now, wall):
            if pending.key in allowed and state.run_by_order(pending.run) is not None:
                return allowed[pending.key]
            asked = ask(program, state, pending, world, now, wall)
            if asked.ruling.allowed:
                allowed[pending.key] = asked
            return asked

        return asking

    replace(delivery, "decide", make)


defect("the gate is asked once, and not again at a retry", aimed="told to stop at a retry", strengths={})(_asked_once)


@defect("the gate is asked when a message is begun, and not at its release", strengths={"act between": 0.3})
def _(replace):
    known = {}

    def make(facts):
        def frozen(program, state, pending, run, message, world, now):
            found = facts(program, state, pending, run, message, world, now)
            held = known.setdefault(pending.key, (dict(found.consents), dict(found.open_cases)))
            return attrs.evolve(found, consents=held[0], open_cases=held[1])

        return frozen

    replace(gate, "_facts", make)


def _only_at_first(replace, **facts):
    def make(gathered):
        def later(program, state, pending, run, message, world, now):
            found = gathered(program, state, pending, run, message, world, now)
            return attrs.evolve(found, **facts) if pending.attempts else found

        return later

    replace(gate, "_facts", make)


@defect("holds are not asked at a retry", aimed="told to stop at a retry", strengths={})
def _(replace):
    _only_at_first(replace, open_cases={}, closed_cases={})


@defect("best-before is not asked at a retry", aimed="told to stop at a retry", strengths={"down for days": 0.3})
def _(replace):
    _only_at_first(replace, expires_at=1 << 62)


@defect("opt-outs are not asked at a retry", aimed="told to stop at a retry", strengths={})
def _(replace):
    def make(on):
        def deaf(program, state, pending, *rest):
            address, words, facts = on(program, state, pending, *rest)
            return address, words, attrs.evolve(facts, opted_out=None) if pending.attempts else facts

        return deaf

    replace(gate, "_on", make)


@defect("best-before is not asked at release", strengths={"down for days": 0.3})
def _(replace):
    without(replace, "check_expiry")


@defect("holds are not asked at release")
def _(replace):
    without(replace, "check_holds")


@defect("consent is not asked at release")
def _(replace):
    without(replace, "check_consent")


@defect("quiet hours are those of UTC")
def _(replace):
    def make(ask):
        return lambda bound, facts, at: ask(bound, attrs.evolve(facts, zones=("UTC",)), at)

    replace(windows_check, "_ask_window", make)


@defect("quiet hours are those of a fast clock that was put right", aimed="a fast clock at night", strengths={})
def _(replace):  # found by this simulation
    def make(ask):
        return lambda program, state, pending, world, now, _wall: ask(program, state, pending, world, now)

    replace(delivery, "decide", make)


@defect("a cool-off is forgotten")
def _(replace):
    def make(facts):
        return lambda *args: attrs.evolve(facts(*args), closed_cases={})

    replace(gate, "_facts", make)


@defect("a withdrawal for all channels is missed where one channel has a grant", strengths={"act between": 0.5})
def _(replace):
    # Asked of what is said of one channel, and of all of them.
    replace(consent, "newer", lambda _: lambda here, _: here)


@defect("a withdrawal of everything is missed where a kind was granted", strengths={"act between": 0.5})
def _(replace):
    def make(said_in):
        def narrow(consents, spoken, now):
            known = [purpose for purpose, *_ in spoken.purposes]
            if {purpose for purpose, _ in consents} & {*known[:-1]}:
                spoken = consent.spoken_of([each for each in known if each != "*"], spoken.purposes[0][1][1])
            return said_in(consents, spoken, now)

        return narrow

    for place in (consent, objections):
        replace(place, "said_in", make)


@defect("an opt-out binds only who said it, not the address")
def _(replace):
    replace(shared, "learn_addresses", lambda _: lambda *_: None)


@defect("an address that does not exist is written to again", strengths={"refused": 0.6})
def _(replace):
    replace(gate, "_standing", lambda _: lambda address, _: attrs.evolve(address, standing="active"))


@defect(
    "what a refusal says of the address is lost where the message was uncertain", strengths={**CALLS, "refused": 0.6}
)
def _(replace):  # found by this simulation
    def make(remember):
        def forgetting(state, ticket, outcome, decision, world):
            pending = state.pending_by_key(ticket.key)
            if pending is None or not pending.uncertain:
                remember(state, ticket, outcome, decision, world)

        return forgetting

    replace(settling, "_remember_refusal", make)


@defect("a no is overtaken by an older yes when the clock was set back", aimed="withdrawn after the clock was set back")
def _(replace):  # found by this simulation
    replace(acts, "_made_now", lambda _: lambda fact, _: fact)


@defect(
    "a STOP is overtaken by an older START when the clock was set back", aimed="withdrawn after the clock was set back"
)
def _(replace):  # found by this simulation
    def make(standing):
        def newer(unit, address):
            row = standing(unit, address)
            return row and _Never(row)

        return newer

    replace(inbound.shared, "standing", make)


class _Never:
    """A standing whose time nobody raises another to."""

    def __init__(self, row):
        self.at, self.standing = _Time(row.at), row.standing


class _Time(int):
    def __gt__(self, other):
        return False if int(self) > other else int(self) > other
