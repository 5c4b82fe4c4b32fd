"""A customer of whom every text that can be given is a mark, so that whatever is left or told of them is found."""

from contextlib import contextmanager
from datetime import UTC, datetime

from touchpoint import (
    CaseType,
    Content,
    Engine,
    Journey,
    Message,
    OpenCase,
    Preferences,
    Referred,
    Rule,
    Send,
    SetTrait,
    Stage,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    event,
    last,
    trigger,
)
from touchpoint.channels import Accepted, BaseAdapter, Capabilities, MemoryChannel
from touchpoint.channels.inbound import Clicked, Replied

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECRET = "a secret that only the host of this test knows"
NAMES = ("id", "mail", "former", "trait", "payload", "touchpoint", "ref", "evidence", "wording", "source",
         "location", "reply", "case", "key", "link", "event", "enrol", "alias", "kept")  # fmt: skip
MARKS = {name: f"Mark{name}Xq7" for name in NAMES}


class Phone(BaseAdapter):
    """A person who calls; their tasks are listed in the store."""

    def __init__(self):
        super().__init__(Capabilities(channel="phone", address_kinds={"phone"}, remembers_keys_for=None, human=True))

    def send(self, request):  # noqa: ARG002 - part of the port
        return Accepted(ref="call")


def welcome(*, name="welcome", **changes):
    told = {
        "why": "say hello", "kind": "service", "channels": ["email"],
        "content": Content(subject="Hello {customer.name}", text="About {trigger.note|it}"),
    }  # fmt: skip
    return Message(name, **{**told, **changes})


def journeys():
    call = Message("call", why="help", kind="service", channels=["phone"], content=Content(text="Call {customer.name}"))
    news = Message("news", why="tell", kind="marketing", channels=["email"], content=Content(text="{trigger.note|x}"))
    return [
        Journey(
            "shop",
            stages=[Stage("buyer", phase="engage", when="order_placed")],
            cases=[CaseType("complaint")],
            rules=[
                Rule("thank", when="order_placed", key="order", limit=None, then=[
                    Send(welcome()), WaitFor("replied", timeout=days(30)), SetTrait("note", event.text)]),
                Rule("help", when="trouble", then=[OpenCase("complaint", ref=trigger.note), Send(call), Wait(days(3))]),
                Rule("news", when="order_placed", given=count("order_placed", within=days(9)) >= 1, then=[Send(news)]),
                Rule("brought", when=Referred("order_placed"), key="referral", then=[Send(welcome(name="brought"))]),
                Rule("seen", when="order_placed", given=last("order_placed").note != "", then=[Wait(days(300))]),
            ],
        )
    ]  # fmt: skip


@contextmanager
def making(path):
    """Makes engines on a file, and closes them."""
    made = []

    def make(*, secret=SECRET, store=None, channels=None, **more):
        adapters = channels or [MemoryChannel("email"), MemoryChannel("sms"), Phone()]
        url = store or f"sqlite:///{path}"
        engine = Engine(url, journeys=journeys(), channels=adapters, clock=VirtualClock(START), secret=secret, **more)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


def fill(engine, who, marks):
    """Somebody of whom every text that can be given is a mark."""
    engine.identify(who, addresses={"email": f"{marks['former']}@example.com"})
    engine.identify(
        who, traits={"name": marks["trait"], "list": [{"deep": marks["trait"]}]},
        addresses={"email": f"{marks['mail']}@example.com", "phone": "+436601234567"}, timezone="Europe/Vienna",
    )  # fmt: skip
    engine.grant(who, "marketing", source=marks["source"], wording=marks["wording"], evidence=marks["evidence"])
    engine.withdraw(who, "feedback", source=marks["source"], wording=marks["wording"], evidence=marks["evidence"])
    engine.prefer(who, Preferences(topics_off=["noise"], quiet=("23:00", "05:00")))
    engine.record(
        who, "order_placed", {"order": marks["key"], "note": marks["payload"]}, id=marks["touchpoint"],
        location=marks["location"], about=marks["ref"], channel="web",
    )  # fmt: skip
    engine.record(who, "trouble", {"note": marks["case"]})
    engine.enrol(who, "seen", properties={"note": marks["enrol"]}, id=marks["enrol"])
    engine.open_case(who, "complaint", ref=marks["case"] + "2")
    engine.run_pending()
    sent = next(each for each in engine.customer(who).messages if each.name == "welcome")
    engine.apply(Replied(None, "email", marks["reply"], about=sent.key, id=marks["event"]))
    engine.apply(Clicked(about=sent.key, link=f"https://example.com/{marks['link']}"))
    engine.apply(Replied(None, "email", marks["kept"], f"{marks['mail']}@example.com", ref="nobody knows"))
    engine.refer("who brought them", who)
    engine.refer(who, f"friend of {len(who)}")
    engine.merge(marks["alias"], who)
    engine.record(who, "order_placed", {"order": marks["key"] + "b", "note": marks["payload"]})
    engine.run_pending()


def marks_of(n):
    return {name: f"Other{n}{name}Xq7" for name in NAMES}
