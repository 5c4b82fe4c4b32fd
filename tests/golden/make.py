"""Makes the golden store of this release: small, always the same, and with something of everything in it.

    python tests/golden/make.py

writes `<version>.db.gz`, and `<version>.json` with what it holds and how it goes on. What was released is never made
again.
"""

import gzip
import json
import sqlite3
import sys
import tempfile
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import story
from story import HOUSE, opened

from touchpoint import (
    Anniversary,
    Ask,
    Branch,
    Call,
    CaseType,
    Content,
    DateDue,
    Dwelt,
    Emit,
    Engine,
    Gift,
    Give,
    Goal,
    Journey,
    LeftSegment,
    Message,
    MoveTo,
    OpenCase,
    Policy,
    Preferences,
    QuietHours,
    Referred,
    Rule,
    Schedule,
    Segment,
    Send,
    Silent,
    Spacing,
    Stage,
    Survey,
    VirtualClock,
    Wait,
    WaitFor,
    cool_down,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    in_segment,
    months,
    once,
    times,
    trigger,
    usual,
)  # fmt: skip
from touchpoint.channels.inbound import Clicked, Receipt, Replied
from touchpoint.channels.memory import MemoryChannel
from touchpoint.engine.delivery import CallRequest
from touchpoint.model.delivery import Ambiguous, Refused
from touchpoint.stores.base import Changes, TaskRow
from touchpoint.stores.sqlite import SqliteStore

HERE = Path(__file__).parent
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIXED = 1_772_441_000_000_000
"""Stands for what the machine's own clock says while the store is made."""

COMPLAINT = CaseType("complaint", respond_within=hours(24))


def message(name, kind="service", *, channels=("email",), **parts):
    given = {
        "why": "the golden store shows it",
        "content": Content(subject=name, text="{trigger.order|Something} for you"),
    }
    return Message(name, kind=kind, channels=list(channels), **(given | parts))


OFFER = message("offer", "marketing", topic="coffee", expires=days(20))
SHOP = Journey(
    "shop",
    cases=[COMPLAINT],
    stages=[
        Stage("new", phase="attract", when="signed_up"),
        Stage("regular", phase="engage", when="ordered", given=count("ordered", within=days(30)) >= 2),
        Stage("lapsed", phase="attract", when=Silent(days(40), of="ordered")),
    ],
    segments=[
        Segment("dear", customer.vip & in_segment("lately")),
        Segment("lately", count("ordered", within=days(20)) >= 1),
    ],
    rules=[
        Rule("welcome", when="signed_up", limit=once(), goal=Goal("ordered", within=days(30)), then=[
            Send(message("hello")), Wait(days(2)), Send(message("tips", channels=("email", "sms"))), Wait(months(1)),
            Send(message("still_there")),
        ]),
        Rule("order", when="ordered", key="order", then=[
            Send(message("receipt", "transactional")),
            WaitFor("delivered", timeout=days(10), otherwise=[OpenCase("complaint"), Emit("box_lost")]),
            Ask(Survey("taste", scale="csat", why="learn", channels=["email"], content=Content(text="How was it?"))),
        ]),
        Rule("sorry", when="review", given=event.score <= 2, limit=cool_down(days(5)), then=[
            OpenCase("complaint", ref="review"),
            Give(Gift("voucher", occasion="apologise", worth=9, currency="EUR", budget=50, why="make good",
                      channels=["email"], content=Content(text="It is on us."))),
            Call("note", {"score": trigger.score}),
        ]),
        Rule("sell", when=["visited", "clicked"], limit=times(2, per=days(7)), then=[Send(OFFER)]),
        Rule("dwelt", when=Dwelt("regular", days(20)), then=[
            Branch(customer.vip, then=[Send(message("thanks"))], otherwise=[Emit("not_yet")]), MoveTo("lapsed"),
        ]),
        Rule("gone", when=LeftSegment("dear"), then=[Emit("missed")]),
        Rule("birthday", when=Anniversary("birthday", unknown_zone="UTC"), then=[Send(message("birthday_wish"))]),
        Rule("renew", when=DateDue("renewal", before=days(2), unknown_zone="UTC"), then=[Send(message("renewal_due"))]),
        Rule("letter", when=Schedule("FREQ=WEEKLY;BYDAY=WE", unknown_zone="UTC"), given=customer.letter == "yes",
             then=[Send(message("weekly_letter"))]),
        Rule("missed", when=Silent(usual(1.5), of="ordered", at_least=days(2), otherwise=days(30)),
             then=[Send(message("missed_you"))]),
        Rule("talk", when="asked", then=[WaitFor("answered", timeout=forever), Send(message("glad"))]),
        Rule("brought", when=[Referred("signed_up"), Referred("answered")], key="referral",
             then=[Send(message("thanks_for_a_friend"))]),
        Rule("ring", when="rung", then=[Send(message("bell", channels=("push",)))]),
    ],
    policy=Policy(QuietHours("21:00", "08:00", unknown_zone="UTC"), Spacing(hours(2), kinds=["marketing"])),
)  # fmt: skip
LOOP = Journey("loop", rules=[
    Rule("ping", when="ping", concurrency="parallel", then=[Emit("pong")]),
    Rule("pong", when="pong", concurrency="parallel", then=[Emit("ping")]),
])  # fmt: skip


class Vanished(BaseException):
    """The process that hands over is gone."""


def vanish(_):
    raise Vanished


class Email(MemoryChannel):
    """Does what it is told for one customer, and accepts everything else."""

    def __init__(self):
        super().__init__("email")
        self.special = {}

    def send(self, request):
        act = self.special.get((request.to.key, request.message.name))
        return act(request) if act else super().send(request)


def made(path):
    """The store, told from the first to the last day."""
    clock = VirtualClock(START)
    email = Email()
    push = MemoryChannel("push").will(Refused("sender_misconfigured"))
    engine = Engine(
        SqliteStore(path), journeys=[SHOP, LOOP], policy=HOUSE, clock=clock, functions={"note": note},
        channels=[email, MemoryChannel("sms"), push],
    )  # fmt: skip
    with closing(engine):
        people(engine)
        first_days(engine, email)
        last_day(engine, email)
        with engine.store.transaction() as transaction:  # what asks people for tasks comes with their channels
            no = transaction.counters.task
            task = TaskRow(no, "task-1", 1, "phone", "claimed", '{"text":"call"}', FIXED, FIXED + 9, "chris", FIXED + 1)
            transaction.write(Changes(tasks=[task]))
    return clock.now()


def note(request: CallRequest):
    """A function of the host."""


def people(engine):
    for name, zone in (
        ("ann", "Europe/Berlin"), ("bob", "America/New_York"), ("cid", "Asia/Kolkata"), ("dee", "UTC"), ("eve", "UTC"),
        ("fay", "UTC"), ("gus", ("Europe/Paris", "Asia/Tokyo")), ("hal", "UTC"), ("ivy", "UTC"), ("jan", "UTC"),
        ("kim", "Pacific/Apia"), ("lou", "UTC"), ("mia 日本", "UTC"),
    ):  # fmt: skip
        short = name.split()[0]
        addresses = {
            "email": f"{short}@example.com",
            "push": f"device of {short}",
            "phone": f"+1555010{ord(short[0]):04}",
        }
        engine.identify(name, addresses=addresses, timezone=zone, locale="de-AT", traits={"vip": name < "d"})
        engine.grant(name, "marketing", basis="double_opt_in" if name == "ann" else "express", source="signup form")
        engine.grant(name, "gift" if name != "dee" else "other")
        engine.grant(name, "feedback", expires_at=START + timedelta(days=90))
    engine.identify("ann", traits={"birthday": date(1990, 4, 1), "spent": 12.5, "renewal": date(2026, 3, 9)})
    engine.prefer("lou", Preferences(topics_off=("coffee",), snooze_until=START + timedelta(days=30)))
    engine.withdraw("fay", "marketing", source="unsubscribe link", evidence="mail 7")


def first_days(engine, email):
    def at(day, hour=9):
        story.until(engine, START + timedelta(days=day, hours=hour - 9))

    for n, name in enumerate(("ann", "bob", "cid", "jan", "kim", "mia 日本")):
        engine.record(name, "signed_up", id=f"{name}-signed-up", at=START + timedelta(minutes=-n), channel="web")
    email.special["ivy@example.com", "receipt"] = lambda _: Refused("provider_unavailable")
    email.special["kim@example.com", "tips"] = lambda _: Ambiguous("the line went dead")
    email.special["bob@example.com", "tips"] = lambda _: Refused("address_invalid")
    at(1)
    for name in ("ann", "dee", "ivy", "jan", "mia 日本"):
        engine.record(name, "ordered", {"order": f"{name}-1", "total": 20}, id=f"{name}-order-1")
    at(3)
    engine.record("jan", "delivered", {"order": "jan-1"}, id="jan-delivered")
    engine.record("eve", "review", {"score": 1, "text": "Zu kalt ☹"}, id="eve-review", location="store 7")
    engine.record("dee", "review", {"score": 2}, id="dee-review")
    at(4)
    engine.record("ann", "ordered", {"order": "ann-2", "total": 35}, id="ann-order-2")
    engine.record("gus", "asked", id="gus-asked")
    for by, friend in (("dee", "gus"), ("jan", "hal"), ("jan", "kim")):
        engine.refer(by, friend, properties={"campaign": "spring"})
    engine.close_case("eve", "complaint", ref="review")
    at(5)
    for name in ("dee", "fay", "lou", "eve"):
        engine.record(name, "visited", id=f"{name}-visited")
    with suppress(Exception):  # the defect of a journey is no error of whoever records
        engine.record("gus", "ping", id="gus-ping")
    receipt = next(each for each in engine.customer("ann").messages if each.name == "receipt")
    engine.apply(Receipt(about=receipt.key, state="delivered", id="receipt-1"))
    engine.apply(Clicked(about=receipt.key, link="https://example.com", id="click-1"))
    engine.apply(Receipt(ref="unheard-of", channel="email", state="delivered", id="receipt-2"))
    engine.apply(Replied("bob", "sms", "STOP", id="reply-1", address="+15550100098"))
    at(6, 22)


def last_day(engine, email):
    """In the evening: quiet hours hold some back, one is under way, one is uncertain, one is refused for now."""
    engine.record("cid", "visited", id="cid-visited")
    engine.record("mia 日本", "visited", id="mia-visited")
    engine.record("eve", "rung", id="eve-rung")
    engine.run_pending()
    story.until(engine, START + timedelta(days=7))
    email.special["ann@example.com", "offer"] = vanish
    engine.record("ann", "visited", id="ann-visited")
    with suppress(Vanished):
        engine.run_pending()
    email.special["hal@example.com", "hello"] = lambda _: Ambiguous("no answer")
    engine.record("hal", "signed_up", id="hal-signed-up")
    email.special["ivy@example.com", "hello"] = lambda _: Refused("throttled", retry_after=timedelta(hours=1))
    engine.record("ivy", "signed_up", id="ivy-signed-up")
    for name in ("bob", "kim"):  # it is night where they are
        engine.record(name, "visited", id=f"{name}-visited")
    engine.run_pending()


def released():
    """The version in pyproject.toml, which is what is installed from here."""
    try:
        return version("touchpoint")
    except PackageNotFoundError:
        import tomllib

        return tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def settle(path):
    """Put what came of the machine's own clock to one side, and the file into its smallest form."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE touchpoint_migrations SET applied_at = ?", (FIXED,))
        connection.execute("UPDATE touchpoint_definitions SET stored_at = ? + rowid", (FIXED,))
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")


def main(folder=HERE):
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/golden.db"
        until = made(path)
        settle(path)
        data = Path(path).read_bytes()
        with opened(path, until) as engine:
            holds = story.told(engine)
        with opened(path, until) as engine:
            goes_on = story.went_on(engine)
    name = released()
    Path(folder, f"{name}.db.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    said = {"until": until.isoformat(), "holds": holds, "goes on": goes_on}
    Path(folder, f"{name}.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
