"""Rules as people write them, as many as are wanted: conditions, counts, limits, waits, and messages."""

from touchpoint import Branch, Content, Message, Rule, Send, Wait, WaitFor, count, days, event, ever, times

TYPES = [f"act_{number}" for number in range(12)]


def message(name: str, kind: str) -> Message:
    """A message by e-mail."""
    return Message(name, why="to measure", kind=kind, channels=["email"], content=Content(subject=name, text=name))


def rule(number: int) -> Rule:
    """One of the rules: conditions, a limit, waits, and a message now and then."""
    kind = "marketing" if number % 3 else "service"
    return Rule(
        f"rule {number}",
        when=TYPES[number % 12],
        given=(event.score >= number % 5) & (count(TYPES[(number + 5) % 12], within=days(30)) <= 3),
        limit=times(1, per=days(30 + number)),
        then=[
            WaitFor(TYPES[(number + 3) % 12], timeout=days(3), otherwise=[Send(message(f"nudge {number}", kind))]),
            Branch(ever(TYPES[(number + 7) % 12]), then=[Wait(days(2)), Send(message(f"news {number}", kind))]),
        ],
    )
