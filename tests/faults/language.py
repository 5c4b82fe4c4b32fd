"""The journeys under faults that have the rest of the language; what is lost, or done twice, shows in their events."""

from functools import cache

from touchpoint import (
    Ask,
    Branch,
    Call,
    ConsentChanged,
    Content,
    Emit,
    Ended,
    Exposed,
    Failed,
    Joined,
    Journey,
    LeftSegment,
    LiveRuns,
    Message,
    Policy,
    Reply,
    Rule,
    Segment,
    Send,
    Sent,
    SetTrait,
    Split,
    Survey,
    TraitChanged,
    Wait,
    count,
    customer,
    days,
    hours,
    minutes,
    result,
    trigger,
)

ABOUT = {"order": trigger.order}
ARMS = {"left": [SetTrait("side", "left")], "right": [SetTrait("side", "right")]}


def _message(make, name, kind, *channels, text="{trigger.order}", **parts):
    return make(name, why="a proof wants it", kind=kind, channels=channels, content=Content(text=text), **parts)


@cache
def language(version):
    """The journeys of a release; the second waits for other lengths, and has one step more."""
    return _club(version), _few(version)


def _each(name, when, *then, **parts):
    return Rule(name, when=when, key="order", concurrency="parallel", then=then, **parts)


def _any(name, when, *then):
    return Rule(name, when=when, concurrency="parallel", then=then)


def _club(version):
    wait = Wait(minutes(30) if version == 1 else hours(2))
    more = [] if version == 1 else [Emit("parted_more", ABOUT)]
    refunded = [Wait(hours(1)), Emit("refunded", {**ABOUT, "n": result("refund").n})]
    nudge, poke = (_message(Survey, name, "feedback", "email", on_release="replan") for name in ("nudge", "poke"))
    greet = _message(Message, "greet", "service", "email", "sms", text="You are busy")
    rules = [
        Rule(
            "burst", when="ping", collect=hours(1), concurrency="parallel",
            then=[Call("refund", ABOUT, otherwise=[Emit("unrefunded", ABOUT)]),
                  Branch(result("refund").n > 0, then=refunded)],
        ),
        _each("visited", "visit", Split("way", ARMS), wait, Emit("parted", {**ABOUT, "side": customer.side}), *more),
        _each("asked", "asked", Reply(_message(Message, "answer", "service"))),
        _each("planned", "plan", Branch(customer.side == "left", then=[Ask(nudge)], otherwise=[Ask(poke)]),
              Emit("planned", ABOUT)),
        _any("joined", Joined("busy"), Send(greet)),
        _any("left", LeftSegment("busy"), Emit("not_busy")),
        _any("heard", [Sent("greet"), Failed("greet"), Ended("greet")], Emit("heard")),
        _any("noticed", Exposed("way"), Emit("noticed")),
        _any("sided", TraitChanged("side"), Emit("sided")),
        _any("consented", ConsentChanged("marketing"), Emit("consented")),
    ]  # fmt: skip
    return Journey("club", rules=rules, segments=[Segment("busy", count("ping", within=hours(5)) >= 2)])


def _few(version):
    held = _each("held", "hold", Wait(hours(40 if version == 1 else 30)), Emit("let_go", ABOUT))
    return Journey("few", rules=[held], policy=Policy(LiveRuns(2, over="defer", within=days(2))))
