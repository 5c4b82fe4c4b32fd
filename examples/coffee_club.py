# ruff: noqa: I001, INP001 - the imports stay short, and examples are no package
"""A coffee club: boxes of beans by post, from the trial box to the regular who comes back. All of it is made up.

    touchpoint check examples/coffee_club.py
    touchpoint audit examples/coffee_club.py
    touchpoint run examples/coffee_club.py --store sqlite:///coffee.db
    touchpoint report --store sqlite:///coffee.db
    touchpoint timeline member-07 --store sqlite:///coffee.db
    touchpoint why member-07 free_bag --store sqlite:///coffee.db

They look for mistakes, hold it against the seven rules of engagement, replay four months, print their figures, tell one
member's story, and explain a message.
"""

from touchpoint import (
    Ask, Branch, Cap, CaseOverdue, CaseType, CloseCase, Content, Entered, Exit, Figures, Gift, Give, Goal, Hold,
    Journey, Message, OpenCase, Policy, QuietHours, Rule, Send, Silent, Stage, Survey, Wait, WaitFor, Waiver, count,
    days, event, ever, hours, once, times, trigger,
)  # fmt: skip
from touchpoint.insight import KeywordAnalyser, Scale
from touchpoint.lab.audit import ListeningPost
from touchpoint.model.feedback_source import FeedbackSource

EVENTS = "coffee_club.jsonl"  # what `touchpoint run` replays, beside this file
GRANT = ["feedback", "gift", "marketing"]  # what it takes every member to have agreed to

# Something is wrong with a box. While such a case is open, nobody tries to sell anything (see Hold below).
bad_box = CaseType("bad_box", respond_within=hours(24))

# Every message says why it is sent. Its kind decides which policies bind it, and whether it needs consent.
welcome = Message(
    "welcome", why="help the first brew succeed", feels="at home", kind="service", channels=["email"],
    content=Content(subject="Welcome to the club", text="{trigger.beans|Your beans} are on their way. Brew at 93 °C."),
)  # fmt: skip
join_in = Message(
    "join_in", why="a second box before the first runs out", wants="subscribe", kind="marketing", channels=["email"],
    content=Content(subject="Running low?", text="A box every two weeks, and you can stop at any time."),
)  # fmt: skip
sorry_late = Message(
    "sorry_late", why="own the delay before anybody has to ask", kind="service", channels=["sms", "email"],
    content=Content(subject="Your box is late", text="Box {trigger.box} is late. We are sorry, and we are on it."),
)  # fmt: skip
taste = Survey(
    "taste", scale="csat", why="learn which beans they like", wants="score the box from 1 to 5", channels=["email"],
    content=Content(subject="How did it taste?", text="Tell us about box {trigger.box}. Any answer is worth a sample."),
    incentive="Any answer is worth a sample",
)  # fmt: skip
sample = Gift(
    "sample", occasion="thank", worth=2, currency="EUR", budget=400, why="thank for the time, not for the score",
    channels=["email"], content=Content(subject="For you", text="The next box holds a sample of another roast."),
    limit=times(1, per=days(30)),
)  # fmt: skip
free_bag = Gift(
    "free_bag", occasion="apologise", worth=9, currency="EUR", budget=500, why="make good what went wrong",
    channels=["email"], content=Content(subject="A small sorry", text="Your next bag is on us."),
    limit=times(1, per=days(60)),  # a second one within 60 days is denied
)  # fmt: skip
call_them = Message(
    "call_them", why="nobody has answered in time", kind="service", channels=["call"],
    content=Content(text="Box {trigger.ref} was bad, and a day has passed. Please call."),
)  # fmt: skip
recipes = Message(
    "recipes", why="give regulars something to try", wants="try a recipe", kind="marketing", channels=["email"],
    content=Content(subject="For the third box", text="Three recipes for the beans you have."),
)  # fmt: skip
come_back = Message(
    "come_back", why="remind a member who liked us that we are here", wants="look at the new roasts", kind="marketing",
    channels=["email"], content=Content(subject="It has been a while", text="There are new roasts."), expires=days(5),
)  # fmt: skip

club = Journey(
    "club",
    cases=[bad_box],
    # A member is in one stage at a time; the first one that matches wins. A lapsed member who gets a box again is a
    # regular or a subscriber once more: the loop.
    stages=[
        Stage("taster", phase="attract", when="trial_ordered"),
        Stage("regular", phase="delight", when="box_delivered", given=count("box_delivered", within=days(90)) >= 3),
        Stage("subscriber", phase="engage", when=["subscribed", "box_delivered"], given=ever("subscribed")),
        Stage("lapsed", phase="attract", when=Silent(days(30), of="box_delivered")),
    ],
    rules=[
        # The goal ends the run at once, wherever it is: who has subscribed is not asked to.
        Rule("welcome", when="trial_ordered", limit=once(), goal=Goal("subscribed", within=days(30)), then=[
            Send(welcome),
            Wait(days(7)),
            Branch(ever("review", where=event.score >= 4), then=[Send(join_in)], otherwise=[
                Wait(days(5)),
                Send(join_in),
            ]),
        ]),
        Rule("own the delay", when="box_late", key="box", then=[Send(sorry_late)]),
        # key="box": one run for each box. `still` is asked again when the message is about to leave, which may be
        # hours later because of the quiet hours.
        Rule("ask", when="box_delivered", key="box", then=[
            Wait(days(3)),
            Ask(taste, still=~ever("review", where=event.box == trigger.box)),
        ]),
        Rule("make good", when="review", given=event.score <= 2, key="box", then=[
            OpenCase(bad_box),
            Give(free_bag),
            WaitFor("problem_solved", timeout=days(21), otherwise=[CloseCase(bad_box), Exit("nobody solved it")]),
            CloseCase(bad_box),
        ]),
        Rule("answer late", when=CaseOverdue(bad_box), key="ref", then=[Send(call_them)]),  # a task for a person
        Rule("thank", when="review", key="box", then=[Give(sample)]),
        Rule("thank regulars", when=Entered("regular"), then=[Send(recipes)]),
        Rule("win back", when=Entered("lapsed"), limit=times(1, per=days(60)),
             goal=Goal("box_delivered", within=days(30)), then=[Send(come_back)]),
    ],
    # Asked for every message at the moment it is about to leave, all of them, every time.
    policy=Policy(
        QuietHours("21:00", "08:00", unknown_zone="Europe/Vienna"),
        Cap(1, per=days(21), kinds=["marketing"]),
        Hold(while_open=[bad_box], kinds=["marketing"], cool_off=days(2)),
    ),
    # `touchpoint check` would say that the cap lasts longer than these messages are of use. That is meant to be so.
    waivers=[Waiver("TC403", why="what the cap holds for longer than a week is better not sent at all")],
)  # fmt: skip

# How the club listens and what is counted, for `touchpoint run`, `report` and `audit`. A review knows its town.
feedback = [FeedbackSource("review", "csat", scale=Scale(1, 5))]
analyser = KeywordAnalyser()
locations = ["Graz", "Linz", "Salzburg", "Wien"]
posts = [
    ListeningPost("review page", channel="email", type="review", says_where=True),
    ListeningPost("answers to texts", channel="sms", type="review", says_where=True),
    ListeningPost("card in the box, scanned at the shop", offline=True, type="review", says_where=True),
]
figures = Figures("Europe/Vienna")
