# ruff: noqa: I001, INP001, T201 - the imports stay short, examples are no package, and this one tells a story
"""Ninety days with one customer of a corner shop, told on the console. All of it is made up.

    python examples/ninety_days.py

Ida orders, complains, is heard, gets an apology and a gift, asks and is answered, comes back, writes a review, and
brings a friend. Nobody sells her anything while something is wrong. Time is virtual: every rule and every policy
really runs, and the ninety days take a moment.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import attrs

from touchpoint import (
    Approval, Ask, Budget, BusinessHours, BusinessTime, Cap, CaseEscalated, CaseType, CloseCase, Content, Engine,
    Enrolled, Familiarity, Figures, Gift, Give, Hold, Journey, Message, OpenCase, Policy, QuietHours, Referred, Rule,
    Send, Stage, Stock, Suggestion, Survey, VirtualClock, Wait, WaitFor, Wording, consented, count, days, event, ever,
    hours, months, once, times, trait,
)  # fmt: skip
from touchpoint.channels import Accepted, Replied, SendRequest, TaskChannel, channel, questions
from touchpoint.insight import KeywordAnalyser, Scale
from touchpoint.model.feedback_source import FeedbackSource

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "at least thirty-two bytes that nobody else has"  # noqa: S105 - of nobody
Say = Callable[[str], None]
PHONES = {"+4915112345678": "ida", "+4915187654321": "ben"}


@attrs.frozen
class Person:
    """What the shop may know of a customer, how close it is, and what it is for."""

    name: str | None = attrs.field(
        default=None, metadata=trait(sensitivity="personal", uses=["transactional", "service", "gift"])
    )
    allergy: str | None = attrs.field(default=None, metadata=trait(sensitivity="special", uses=["service"]))


# Deadlines count while somebody is there. Whoever is not answered by then is told of to the manager.
office = BusinessHours(("09:00", "18:00"), zone="Europe/Berlin")
broken = CaseType("broken", severity="high", respond_within=BusinessTime(hours(8), office), resolve_within=days(10),
                  escalate=[days(3)])  # fmt: skip
kindness = Budget("kindness", 200, "EUR", per=months(1), zone="Europe/Berlin", per_customer=50, over="deny")

welcome = Message(
    "welcome", why="say what happens next", kind="transactional", channels=["sms"],
    content=Content(text="Hello {customer.name|there}, your order {trigger.order} is being packed."),
    # Whoever buys again is greeted as somebody we know. On a first order nobody is told what we know of them.
    wordings=[Wording("regulars", given=count("order_placed") >= 2,
                      content=Content(text="{customer.name|Good day}, back again! {trigger.order} is being packed."))],
)  # fmt: skip
how_was_it = Survey(
    "how_was_it", scale="csat", why="hear it first where something was wrong", wants="answer with 1 to 5",
    channels=["sms"], content=Content(text="How was it, from 1 to 5? Just answer. Every answer is read."),
)  # fmt: skip
thank_you = Message(
    "thank_you", why="nobody answers into the void", channels=["sms"],
    content=Content(text="Thank you for telling us. Somebody has read it."),
)  # fmt: skip
sorry = Message(
    "sorry", why="own the mistake at once", feels="taken seriously", channels=["sms"], priority=10,
    content=Content(text="We are sorry. That is our fault, and we will put it right."),
)  # fmt: skip
new_cup = Gift(
    "new_cup", occasion="apologise", worth=18, currency="EUR", budget=kindness, stock=Stock("cups", 12),
    why="make good what was broken", channels=["post"], content=Content(text="A new cup, and a note by hand."),
    limit=times(1, per=days(180)),
)  # fmt: skip
call_her = Message(
    "call", why="ask what would make it right", channels=["phone"], content=Content(text="Call about the broken cup."),
)  # fmt: skip
tell_manager = Message(
    "tell_manager", why="a promise is about to be broken", channels=["desk"],
    content=Content(text="A broken cup is not put right after three days."),
)  # fmt: skip
answer_it = Message(
    "answer_it", why="a question is owed an answer", channels=["desk"],
    content=Content(text="{customer.name|Somebody} asks: {trigger.comment}"),
)  # fmt: skip
spring = Message(
    "spring", why="show what is new to whoever likes to see it", wants="come and look", kind="marketing",
    channels=["sms"], content=Content(text="Spring teas are in."), expires=days(21),
)  # fmt: skip
vegan = Message(
    "vegan", why="you said, we did", channels=["sms"],
    content=Content(text="You asked for {trigger.topic}. {trigger.done}"),
)  # fmt: skip
thanks_for_review = Message(
    "thanks_for_review", why="a review is work, and is thanked whatever it says", channels=["sms"],
    content=Content(text="Thank you for the review. We have read it."),
)  # fmt: skip
tea_for_two = Gift(
    "tea_for_two", occasion="thank", worth=12, currency="EUR", budget=kindness, why="thank whoever brought a friend",
    channels=["post"], content=Content(text="A box of tea for two."), limit=times(4, per=days(365)),
)  # fmt: skip

shop = Journey(
    "corner_shop",
    traits=Person,
    cases=[broken],
    stages=[
        Stage("visitor", phase="attract", when="visited"),
        Stage("advocate", phase="delight", when="referral_made", after="regular"),
        Stage("regular", phase="delight", when="order_placed", given=count("order_placed", within=days(365)) >= 2),
        Stage("buyer", phase="engage", when="order_placed"),
    ],
    rules=[
        Rule("welcome", when="order_placed", key="order", then=[Send(welcome)]),
        # Silence is answered with one reminder, every answer with thanks, whatever it says.
        Rule("ask", when="order_delivered", key="order", why="feedback is welcome", then=[
            Wait(days(1)),
            Ask(how_was_it, remind=days(4), thank=thank_you),
        ]),
        # The apology and the gift are about the case: no hold of it holds them, and they go before all else.
        Rule("make good", when="feedback", given=event.score <= 2, why="criticism is answered at once", then=[
            OpenCase(broken, ref=event.about),
            Send(sorry),
            Give(new_cup),
            Send(call_her),
            WaitFor("put_right", timeout=days(10)),
            CloseCase(broken, ref=event.about),
        ]),
        Rule("still open", when=CaseEscalated(broken), then=[Send(tell_manager)]),
        Rule("spring", when="season_opened", limit=times(1, per=days(300)), then=[Send(spring)]),
        # Only people start this one: `answer_topic` tells whoever wished for it.
        Rule("you said, we did", when=Enrolled(), then=[Send(vegan)]),
        Rule("thank reviewers", when="review", then=[Send(thanks_for_review)]),
        Rule("thank advocates", when=Referred("order_placed"), key="referral", then=[Give(tea_for_two)]),
    ],
    suggestions=[
        Suggestion("tasting", why="regulars like to taste first", place=["store.till"], stages=["regular", "advocate"],
                   value=8, content="A tasting on Thursday: would you like to come?", rest_after_declined=days(60)),
        Suggestion("loyalty_card", why="the tenth tea is free", place=["store.till"], value=3, limit=once(),
                   content="Would you like a card? The tenth tea is free."),
    ],
    policy=Policy(
        QuietHours("21:00", "08:00", unknown_zone="Europe/Berlin", kinds=["service", "marketing", "feedback"]),
        Cap(2, per=days(7), kinds=["marketing"]),
        Hold(while_open=[broken, "question"], kinds=["marketing"], cool_off=days(3)),
        Familiarity(personal=ever("order_delivered"), special=consented("allergies")),
        Approval(15, "EUR", by=["Maria"]),
    ),
)  # fmt: skip
help_desk = questions(answer_it, respond_within=BusinessTime(hours(4), office), name="help_desk")
reviews = FeedbackSource("review", scale=Scale(1, 5))


class Diary:
    """Ida's ninety days: an engine in virtual time, and a line for whatever happens.

    Args:
        say: takes each line.
    """

    def __init__(self, say: Say) -> None:
        self.say = say
        self.clock = VirtualClock(START)

        @channel("sms")
        def sms(request: SendRequest) -> Accepted:
            self.tell(f"we to {PHONES[request.to.key]}: {request.message.text}")
            return Accepted()

        self.sms = sms
        self.engine = Engine(
            "sqlite://", journeys=[shop, help_desk], clock=self.clock, analyser=KeywordAnalyser(), feedback=[reviews],
            channels=[sms, TaskChannel("post"), TaskChannel("phone"), TaskChannel("desk", "*")],
            figures=Figures("Europe/Berlin"), secret=SECRET,
        )  # fmt: skip

    def tell(self, what: str) -> None:
        """One line, with the day."""
        self.say(f"day {(self.clock.now() - START).days:2}  {what}")

    def day(self, day: int, hour: int = 10) -> None:
        """Let time pass until that day and hour; what falls due on the way happens when it is due."""
        until = START.replace(hour=hour) + timedelta(days=day)
        while (due := self.engine.next_due()) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            self.engine.run_pending()
        self.clock.set(until)
        self.engine.run_pending()

    def does(self, who: str, what: str, /, location: str = "web", **properties: object) -> None:
        """A customer does something; what follows at once follows."""
        self.tell(f"{who}: {what}")
        self.engine.record(who, what, properties, location=location)
        self.engine.run_pending()

    def writes(self, who: str, text: str) -> None:
        """A customer answers by text message."""
        self.tell(f"{who} to us: {text}")
        self.engine.apply(Replied(who, "sms", text))
        self.engine.run_pending()

    def staff(self, place: str, outcome: str) -> None:
        """A colleague takes the next task and does it."""
        task = self.engine.tasks.next(place, by="Kim")
        if task is None:
            raise LookupError(f"nothing to do for {place}")
        self.tell(f"Kim ({place}): {task.text} {outcome}")
        self.engine.tasks.complete(task.key, outcome)
        self.engine.run_pending()


def story(say: Say) -> Diary:
    """Ninety days of Ida, and what they came to."""
    diary = Diary(say)
    engine = diary.engine
    ida, ben = PHONES
    engine.identify(
        "ida", traits={"name": "Ida", "allergy": "nuts"}, addresses={"phone": ida, "postal": "Ida, Hafenstr. 1"},
        timezone="Europe/Berlin",
    )  # fmt: skip
    for purpose in ("marketing", "feedback", "gift"):
        engine.grant("ida", purpose, source="till")
    engine.grant("ben", "feedback", source="till")

    # Something is wrong, and she says so.
    diary.does("ida", "order_placed", order="A1")
    diary.day(3)
    diary.does("ida", "order_delivered", order="A1")
    diary.day(4, 12)
    diary.writes("ida", "1, the cup is broken")
    diary.does("ida", "season_opened")  # spring begins, and waits: nobody sells to somebody who has a broken cup
    diary.tell("spring: " + next(line for line in engine.why("ida", "spring").lines if "asked now" in line).strip())

    # A new cup is dear enough to be approved; then it is packed, and somebody calls.
    diary.day(4, 15)
    for gift in engine.gifts.pending():
        diary.tell(f"Maria approves {gift.gift}, {gift.worth} {gift.currency}")
        engine.gifts.approve(gift.key, by="Maria")
    engine.run_pending()
    diary.staff("post", "packed")
    diary.staff("phone", "reached")
    diary.day(6)
    diary.does("ida", "put_right")
    diary.day(20)

    # A question is answered by whoever is at the desk.
    asked = {"kind": "text", "intent": "question", "comment": "Do you mend handles?"}
    diary.tell(f"ida asks: {asked['comment']}")
    engine.record("ida", "feedback", asked, channel="web", id="handles")
    diary.day(20, 13)
    diary.staff("desk", "answered")

    # She asks for something; months later it is there, and whoever asked is told.
    engine.wish("ida", "vegan chocolate", channel="till", location="Hamburg")
    diary.tell("ida wishes for vegan chocolate")
    diary.day(34)
    diary.does("ida", "order_placed", order="A2")
    diary.day(40)
    told = engine.answer_topic("vegan chocolate", done="It is on the shelf by the door.", by="Kim", message="vegan")
    diary.tell(f"we tell {told.told} of those who wished for it")
    engine.run_pending()

    # At the till we ask what to offer, rather than send.
    diary.day(48)
    for each in engine.suggest("ida", place="store.till"):
        engine.suggestions.shown("ida", each.id, location="Hamburg")
        diary.tell(f"the till offers: {each.text}")
        engine.suggestions.accepted("ida", each.id, location="Hamburg")

    # A review, and a friend.
    diary.day(60)
    diary.does("ida", "review", score=5, location="Hamburg")
    diary.day(70)
    engine.identify("ben", addresses={"phone": ben}, timezone="Europe/Berlin")
    engine.refer(by="ida", customer="ben")
    diary.tell("ida brings ben")
    diary.day(75)
    diary.does("ben", "order_placed", order="B1")
    diary.staff("post", "packed")
    diary.day(90)
    return diary


def main() -> None:
    """Tell it on the console, with what is asked at the end."""
    with story(print).engine as engine:
        stage, brought = engine.customer("ida").stage("corner_shop"), engine.advocate("ida").new_customers
        print(f"\nIda is in the stage {stage} now, and brought {brought} customer.")
        for case in engine.cases.loops("ida"):
            first = case.contact.name if case.contact else "nobody"
            print(f"Case {case.kind}: first answer by {first} after {case.to_response}, closed after {case.to_close}.")
        figures = engine.figures()
        for flow in figures.flows:
            print(f"From {flow.left or 'nowhere'} to {flow.entered}: {flow.n}")
        for budget in figures.gifts:
            print(f"Budget {budget.budget}: {budget.spent} of {budget.amount} {budget.currency} spent this month.")


if __name__ == "__main__":
    main()
