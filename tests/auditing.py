"""A small shop in which all seven rules of engagement are met, and which can be changed part by part."""

from datetime import timedelta

from touchpoint import (
    Ask,
    CaseOverdue,
    CaseType,
    CloseCase,
    Content,
    Gift,
    Give,
    Hold,
    Journey,
    Message,
    OpenCase,
    Policy,
    Rule,
    Send,
    Survey,
    Wait,
    WaitFor,
    days,
    event,
    hours,
    times,
)
from touchpoint.channels import TaskChannel
from touchpoint.channels.base import BaseAdapter, Capabilities
from touchpoint.insight import KeywordAnalyser
from touchpoint.lab.audit import ListeningPost, audit
from touchpoint.model.figures import Figures

COMPLAINT = CaseType("complaint", respond_within=hours(24))
VOUCHER = Gift(
    "voucher", why="thank for the time it took", channels=["email"], worth=2, currency="EUR", budget=1000,
    content=Content(text="Your next espresso is on us."), limit=times(1, per=days(90)),
)  # fmt: skip
HOW = Survey(
    "how", why="learn what to mend", wants="say what you think", channels=["email"],
    content=Content(text="How was it? There is an espresso for any answer."), incentive="an espresso for any answer",
)  # fmt: skip
SORRY = Message("sorry", why="own it", channels=["email"], content=Content(text="We are sorry, and we are on it."))
THANKS = Message("thanks", why="thank for praise", channels=["email"], content=Content(text="That is kind of you."))
OFFER = Message("offer", why="sell beans", kind="marketing", channels=["email"], content=Content(text="New beans."))
CALL = Message("call them", why="a complaint waits too long", channels=["call"], content=Content(text="Call, please."))
BAD, GOOD = event.score <= 2, event.score >= 4
HOLD = Hold(while_open=[COMPLAINT], kinds=["marketing"], cool_off=days(2))
HELD = Policy(HOLD)


class Mail(BaseAdapter):
    """A channel whose answers come in."""

    def __init__(self, name="email", **can):
        super().__init__(
            Capabilities(name, frozenset({"email"}), remembers_keys_for=timedelta(days=1), recording=True, **can)
        )

    def send(self, request):
        raise NotImplementedError


def rules(**other):
    """The rules by their names; None leaves one out."""
    own = {
        "ask": Rule("ask", when="visited", then=[
            Wait(days(1)),
            Ask(HOW),
            WaitFor("feedback", timeout=days(14), then=[Give(VOUCHER)]),
        ]),
        "mend": Rule("mend", when="feedback", given=BAD, then=[
            OpenCase(COMPLAINT), Send(SORRY), WaitFor("solved", timeout=days(9)), CloseCase(COMPLAINT),
        ]),
        "thank": Rule("thank", when="feedback", given=GOOD, then=[Send(THANKS)]),
        "hurry": Rule("hurry", when=CaseOverdue(COMPLAINT), then=[Send(CALL)]),
        "sell": Rule("sell", when="visited", then=[Wait(days(9)), Send(OFFER)]),
    }  # fmt: skip
    return [each for each in (own | other).values() if each is not None]


def shop(policy=HELD, cases=(COMPLAINT,), **other):
    return Journey("shop", rules=rules(**other), cases=cases, policy=policy)


def setting(**other):
    own = {
        "channels": [Mail(inbound=True), TaskChannel("call")],
        "analyser": KeywordAnalyser(),
        "locations": ["graz", "web"],
        "posts": [
            ListeningPost("form", locations=["web"]),
            ListeningPost("card at the till", offline=True, locations=["graz"]),
        ],
        "figures": Figures(),
    }
    return own | other


def audited(journey=None, **other):
    return audit(shop() if journey is None else journey, **setting(**other))


def statuses(found):
    return [each.status for each in found.rules]


def lacking(found):
    return [criterion.code for rule in found.rules for criterion in rule.lacking]
