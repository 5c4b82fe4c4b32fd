"""Planted defects of what is accepted, and what follows from it; see `defects.py`."""

from faults.host import ERASES
from faults.planting import STORE, defect
from touchpoint.core import advance as advancing
from touchpoint.core import settling
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.engine import acts
from touchpoint.engine.engine import Engine
from touchpoint.engine.unit import Unit
from touchpoint.errors import StoreError
from touchpoint.stores._sql import SqliteTransaction


@defect("acknowledged before it was committed", strengths=STORE)
def _(replace):
    def make(write):
        def hasty(self, work, connection=None):
            done = []
            try:
                return write(self, lambda unit: done.append(work(unit)) or done[-1], connection)
            except StoreError:
                if done:
                    return done[-1]
                raise

        return hasty

    replace(Engine, "_write", make)


@defect("what follows is written in a second transaction", strengths=STORE)
def _(replace):
    later = []

    def taking(_):
        def alone(unit, loaded, each, now, _late_after):
            each.occurrence.at = now = max(now, loaded.state.now)
            nothing = Decision(unit.program, loaded.state, now)
            unit.enter(loaded, TOUCHPOINT, each.occurrence.name, now, now, each.body, nothing, touchpoint=each.id)
            later.append((loaded.id, each.occurrence, now))
            return False

        return alone

    def writing(write):
        def twice(self, work, connection=None):
            later.clear()
            found = write(self, work, connection)
            for customer, occurrence, now in later:
                write(self, lambda unit, c=customer, o=occurrence, n=now: follow(unit, c, o, n))
            return found

        return twice

    def follow(unit, customer, occurrence, now):
        loaded = unit.find(customer)
        unit.apply(
            loaded, "later", "", now, lambda: advancing.advance(unit.program, loaded.state, occurrence, now)
        )  # fmt: skip

    replace(acts, "take_one", taking)
    replace(Engine, "_write", writing)


@defect("a duplicate is recorded again", strengths={"duplicate": 0.8})
def _(replace):
    def anew(unit, each, now):
        pair = (each.id, unit.find_or_add(each.customer, now).no)
        if unit.seen([pair], [pair]):
            each.id = each.occurrence.id = f"{each.id} again {now}"

    def one(take):
        def again(unit, each, now, late_after, *, may_be_known):
            anew(unit, each, now)
            return take(unit, each, now, late_after, may_be_known=may_be_known)

        return again

    def several(take):
        def again(unit, prepared, now, late_after):
            for each in prepared:
                anew(unit, each, now)
            return take(unit, prepared, now, late_after)

        return again

    replace(acts, "take_touchpoint", one)
    replace(acts, "take_touchpoints", several)


@defect("a duplicate with another content replaces the first one", strengths={"duplicate": 0.9})
def _(replace):
    def put(unit, each, recorded):
        if recorded.differs:
            unit.flush()
            unit.tx.run("UPDATE touchpoint_journal SET body = ? WHERE id = ?", (each.body, each.id))
        return recorded

    def one(take):
        return lambda unit, each, *when, **known: put(unit, each, take(unit, each, *when, **known))

    def several(take):
        def replacing(unit, prepared, *when):
            found = take(unit, prepared, *when)
            return [put(unit, each, recorded) for each, recorded in zip(prepared, found, strict=True)]

        return replacing

    replace(acts, "take_touchpoint", one)
    replace(acts, "take_touchpoints", several)


@defect("what comes late starts rules all the same", strengths={"late": 0.5})
def _(replace):
    def make(take):
        return lambda unit, loaded, each, now, _late_after: take(unit, loaded, each, now, 1 << 62)

    replace(acts, "take_one", make)


if ERASES:  # as soon as the library does

    @defect("erasure leaves the outbox", strengths={"erased": 0.5})
    def _(replace):
        def make(erase_from):
            return lambda self, table, customer: 0 if table == "messages" else erase_from(self, table, customer)

        replace(_owner(SqliteTransaction, "_erase_from"), "_erase_from", make)


def _owner(cls, name):
    """Which of its bases has the attribute."""
    return next(each for each in cls.__mro__ if name in each.__dict__)


@defect("poison stops whoever works next to it", strengths={"poison": 0.9})
def _(replace):
    def make(_):
        def unguarded(self, loaded, decide, parked):
            return decide()

        return unguarded

    replace(Unit, "guarded", make)


@defect("what may have gone out is called withdrawn", aimed="cancelled while it is uncertain", strengths={})
def _(replace):  # found by this simulation
    def make(end):
        def ending(self, pending, status, reason, over=None):
            wrong = status == "unknown" and reason.startswith("its run ended")
            end(self, pending, "withdrawn" if wrong else status, reason, over)

        return ending

    replace(Decision, "end_message", make)


@defect("a message that failed to the end is left in flight", strengths={"refused": 0.5})
def _(replace):
    def make(wait):
        def leaving(pending, due, decision):
            wait(pending, due, decision)
            if pending.attempts > 1:
                pending.due = None

        return leaving

    replace(settling, "_wait_again", make)
