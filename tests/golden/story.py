"""What a golden store holds, and how it goes on: told in words of the public API, so that every release can tell it."""

from datetime import timedelta

from touchpoint import Cap, Engine, Hold, Policy, VirtualClock, days
from touchpoint.channels.memory import MemoryChannel
from touchpoint.journey.codec import loads
from touchpoint.stores.sqlite import SqliteStore

PEOPLE = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal", "ivy", "jan", "kim", "lou", "mia 日本")
HOUSE = Policy(Cap(3, per=days(1)), Hold(while_open="complaint", kinds=["marketing"], cool_off=days(1)))
THE_END = timedelta(days=120)


def opened(path, now):
    """Today's engine on the store, with the journeys that the store itself has kept."""
    store = SqliteStore(path)
    with store.reading() as reader:
        journeys = [loads(body) for _, _, body, _ in reader.definitions()]
    return Engine(
        store, journeys=journeys, policy=HOUSE, clock=VirtualClock(now), functions={"note": lambda _: None},
        channels=[MemoryChannel("email"), MemoryChannel("sms"), MemoryChannel("push")],
    )  # fmt: skip


def until(engine, at):
    """Let time pass, doing everything when it falls due."""
    engine.run_pending()
    while (due := engine.next_due()) is not None and due <= at:
        engine.clock.until(due)
        engine.run_pending()
    engine.clock.until(at)
    engine.run_pending()


def told(engine):
    """Everything that can be asked of it."""
    people = {name: _person(engine, name) for name in PEOPLE}
    with engine.store.reading() as reader:
        rows = {row.id: row for row in reader.customers(PEOPLE)}
        ledgers = {
            name: [[each.purpose, each.channel, each.granted] for each in reader.consents(rows[name].no)]
            for name in PEOPLE
        }
        rows_of = {row.no: row.id for row in rows.values()}
        house = {
            "customers": reader.customer_count(),
            "spent": {name: str(amount) for name, amount in reader.spent(["voucher"]).items()},
            "tallies": [[row.subject, row.name, row.what, row.n] for row in reader.tallies() if row.subject == "rule"],
            "addresses": [each.standing for _, each in sorted(reader.addresses(_asked()).items())],
            "controls": [[row.scope, row.name, row.reason] for row in reader.controls()],
            "events": reader.event_count(),
            "advocates": [[rows_of[no], stand, came] for no, stand, came in reader.advocates(9)],
            "task": [*reader.task("task-1")][3:6],
            "definitions": sorted(name for _, name, _, _ in reader.definitions()),
        }
    return {"people": people, "consents": ledgers, "house": house, "parked": [each for each, _ in engine.parked()]}


def _asked():
    """Addresses of which something may have been written, also as opted out of a channel."""
    return [("email", f"{name}@example.com") for name in PEOPLE] + [("phone on sms", "+15550100098")]


def _person(engine, name):
    view = engine.customer(name)
    return {
        "stages": dict(view.stages),
        "segments": [f"{name} since {since.isoformat()}" for name, since in view.segments.items()],
        "traits": {key: str(value) for key, value in view.traits.items()},
        "timeline": [[each.type, each.at.isoformat(), each.direction, each.channel] for each in view.timeline()],
        "messages": [[each.name, each.status, each.via] for each in view.messages],
        "runs": [[each.rule, each.reason] for each in view.runs],
        "cases": [[each.kind, each.ref, each.open] for each in view.cases()],
        "planned": [at.isoformat() for at, _ in view.planned],
    }


def went_on(engine):
    """What is handed over from now on, when, and how everything ends."""
    end, handed, seen = engine.clock.now() + THE_END, [], dict.fromkeys(engine.adapters, 0)
    engine.record("gus", "answered", id="gus-answered")
    engine.record("mia 日本", "delivered", {"order": "mia 日本-1"}, id="mia-delivered")
    engine.close_case("dee", "complaint", ref="review")
    engine.resume(channel="push")
    while True:
        engine.run_pending()
        for name, adapter in engine.adapters.items():
            new = [
                [engine.clock.now().isoformat(), name, each.message.name, each.to.key]
                for each in adapter.sent[seen[name] :]
            ]
            handed += sorted(new)
            seen[name] += len(new)
        due = engine.next_due()
        if due is None or due > end:
            break
        engine.clock.until(due)
    ends = {name: [[each.name, each.status] for each in engine.customer(name).messages] for name in PEOPLE}
    return {"handed over": handed, "ends": ends}
