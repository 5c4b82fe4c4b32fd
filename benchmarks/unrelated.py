"""Journeys of any number of rules of all kinds, in which nobody who lives through `SHOP` ever has a part."""

from collections.abc import Callable, Sequence

from touchpoint import (
    Anniversary,
    CaseType,
    CloseCase,
    Content,
    Gift,
    Give,
    Goal,
    Joined,
    Journey,
    Message,
    OpenCase,
    Opened,
    Rule,
    Segment,
    Send,
    Silent,
    Split,
    TraitChanged,
    Wait,
    WaitFor,
    count,
    customer,
    days,
    event,
    ever,
    last,
    now,
    times,
)

ACTS = tuple(f"act_{number}" for number in range(10))
_OTHERS = 400
_TOGETHER = 100
"""Rules of one journey."""


def _message(name: str) -> Message:
    return Message(name, why="to measure", kind="service", channels=["email"], content=Content(text=name))


def _rule_of_shop(number: int) -> Rule:
    return Rule(
        f"rule {number}",
        when=ACTS[number % 10],
        given=(event.score >= number % 5) & (count(ACTS[(number + 1) % 10], within=days(30)) <= 3),
        limit=times(1, per=days(20)),
        then=[Wait(days(1 + number % 3)), Send(_message(f"news {number}"))],
    )


SHOP = Journey("shop", rules=[_rule_of_shop(number) for number in range(20)])


def _type(number: int) -> str:
    return f"other_{number % _OTHERS}"


def _counting(number: int) -> Rule:
    asked = count(_type(number + 1), within=days(number % 90 + 1))
    return Rule(f"u{number}", when=_type(number), given=(event.score >= 3) & (asked <= 3), then=[_send(number)])


def _silent(number: int) -> Rule:
    return Rule(f"u{number}", when=Silent(days(30), of=_type(number)), then=[_send(number)])


def _waiting(number: int) -> Rule:
    return Rule(
        f"u{number}",
        when=_type(number),
        given=ever(_type(number + 7), within=days(number % 90 + 1)),
        then=[WaitFor(_type(number + 9), timeout=days(2)), _send(number)],
        goal=Goal(_type(number + 2), within=days(9)),
    )


def _yearly(number: int) -> Rule:
    return Rule(f"u{number}", when=Anniversary(f"trait_{number}", unknown_zone="UTC"), then=[_send(number)])


def _leaving(number: int) -> Rule:
    return Rule(
        f"u{number}",
        when=_type(number),
        given=(customer.tier == "gold") & (now - last(_type(number)).at >= days(9)),
        then=[Wait(days(2)), _send(number)],
        exit=[_type(number + 3)],
    )


def _giving(number: int) -> Rule:
    gift = Gift(
        f"gift {number}", why="to measure", channels=["email"], content=Content(text="g"), worth=1, currency="EUR",
        budget=500,
    )  # fmt: skip
    return Rule(f"u{number}", when=_type(number), then=[Give(gift)])


def _joined(number: int) -> Rule:
    return Rule(f"u{number}", when=Joined(f"s{number}"), then=[_send(number)])


def _opened(number: int) -> Rule:
    return Rule(f"u{number}", when=_type(number), then=[_send(number), WaitFor(Opened(f"m{number}"), timeout=days(3))])


def _changed(number: int) -> Rule:
    return Rule(f"u{number}", when=TraitChanged(f"trait_{number}", to="gold"), then=[_send(number)])


def _case(number: int) -> Rule:
    case = CaseType(f"case_{number}")
    return Rule(f"u{number}", when=_type(number), then=[OpenCase(case), Wait(days(1)), CloseCase(case)])


def _parting(number: int) -> Rule:
    return Rule(f"u{number}", when=_type(number), then=[Split(f"test {number}", {"a": [_send(number)], "b": []})])


def _send(number: int) -> Send:
    return Send(_message(f"m{number}"))


KINDS: Sequence[Callable[[int], Rule]] = (
    _counting, _silent, _waiting, _yearly, _leaving, _giving, _joined, _opened, _changed, _case, _parting,
)  # fmt: skip


def _journey(number: int, size: int) -> Journey:
    numbers = range(number * _TOGETHER, number * _TOGETHER + size)
    made = {each: KINDS[each % len(KINDS)](each) for each in numbers}
    return Journey(
        f"other {number}",
        rules=list(made.values()),
        segments=[
            Segment(f"s{each}", ever(_type(each), within=days(9)))
            for each in numbers
            if KINDS[each % len(KINDS)] is _joined
        ],
        cases=[CaseType(f"case_{each}") for each in numbers if KINDS[each % len(KINDS)] is _case],
    )


def journeys(unrelated: int) -> list[Journey]:
    """The shop with its 20 rules, and so many of others beside it, a hundred to a journey."""
    whole, rest = divmod(unrelated, _TOGETHER)
    sizes = [_TOGETHER] * whole + [rest] * (rest > 0)
    return [SHOP, *(_journey(number, size) for number, size in enumerate(sizes))]
