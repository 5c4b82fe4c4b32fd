"""The journeys that run under faults: rich enough that every promise has something to break."""

from functools import cache

from faults.language import language
from touchpoint import (
    Ask,
    Budget,
    Cap,
    Content,
    Emit,
    Gift,
    Give,
    Hold,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    Stock,
    Survey,
    Wait,
    WaitFor,
    days,
    hours,
)
from touchpoint.model.case import CaseType

WORDS = Content(text="{trigger.order}")
"""What a provider is told: which touchpoint it is about. The checker knows messages by that, not by their keys."""
APOLOGIES = Budget("apologies", 20, "EUR", over="deny")
"""Of two gifts; `checker.py` has the same number of its own."""
SHELF = Stock("vouchers", 5)
PROMOTIONS = ["marketing", "feedback", "gift"]


def _message(make, name, kind, *channels, **parts):
    return make(name, why="a proof wants it", kind=kind, channels=channels, content=WORDS, **parts)


@cache
def policy():
    """The house policy of every schedule; `checker.py` has the same numbers of its own."""
    return Policy(
        QuietHours("21:00", "09:00", kinds=PROMOTIONS, unknown_zone="deny"),
        Cap(2, per=days(7), kinds=["marketing"]),
        Hold(while_open="complaint", kinds=PROMOTIONS, cool_off=hours(12)),
    )


@cache
def journeys(version, *, poison, words=False):
    """The journeys of a release.

    Args:
        version: 1 or 2; the second waits for other lengths, and has one message more.
        poison: with a journey that turns in circles.
        words: with those of the rest of the language.
    """
    return (_shop(version), *((_poison(),) if poison else ()), *(language(version) if words else ()))


def _shop(version):
    wait = Wait(hours(2) if version == 1 else hours(3))
    more = [] if version == 1 else [Send(_message(Message, "more", "marketing", "email"))]
    ordered = Rule(
        "ordered", when="order", key="order", concurrency="parallel", exit="cancelled",
        then=[
            Send(_message(Message, "confirm", "transactional", "email", "sms", expires=hours(30))),
            wait,
            Send(_message(Message, "offer", "marketing", "email", "sms")),
            *more,
            WaitFor("clicked", days(1)),
            Ask(_message(Survey, "survey", "feedback", "email")),
        ],
    )  # fmt: skip
    browsed = Rule(
        "browsed", when="browse", key="order", concurrency="parallel", exit="cancelled",
        then=[Send(_message(Message, "promo", "marketing", "sms", "email", expires=days(3)))],
    )  # fmt: skip
    upset = Rule(
        "upset", when="upset", key="order", concurrency="parallel", exit="cancelled",
        then=[Give(_message(Gift, "sorry", "gift", "email", worth=10, currency="EUR", budget=APOLOGIES, stock=SHELF))],
    )  # fmt: skip
    return Journey("shop", rules=[ordered, browsed, upset], cases=[CaseType("complaint")])


def _poison():
    spinning = Rule("spinning", when=["poison", "spin"], concurrency="parallel", then=[Emit("spin")])
    late = Rule(
        "late poison", when="late_poison", key="order", concurrency="parallel",
        then=[Send(_message(Message, "bait", "transactional", "email", "sms")), Emit("spin")],
    )  # fmt: skip
    return Journey("poison", rules=[spinning, late])
