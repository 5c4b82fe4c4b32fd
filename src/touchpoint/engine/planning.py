"""What is planned for one customer: what falls due, which messages that may lead to, and what holds them (S10)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import attrs

from touchpoint.core.compiled_rule import Node
from touchpoint.core.gate import ask
from touchpoint.core.state import IN_FLIGHT, Pending, Run
from touchpoint.durations import instant
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.shared import learn_addresses
from touchpoint.engine.unit import Unit
from touchpoint.engine.view import timers
from touchpoint.journey.steps import Best, Branch, Exit, Send, Split, WaitFor, WaitUntil
from touchpoint.policy.checks import WORDING
from touchpoint.policy.verdict import Ruling

_FAR: Final = 50
"""Steps that are looked ahead."""


@attrs.frozen
class Planned:
    """One thing that is planned for a customer.

    Args:
        at: the earliest instant, aware UTC; None where only an event can free it.
        what: in words.
        message: the message that waits; None where it is a timer.
        channel: by which the message would go out, as things stand.
        why: its purpose.
        held_by: what stands in its way now, in words: `quiet hours 21:00-08:00: open at …`.
        waits_for: the events that would free it, such as `case closed`.
        best_before: when it is given up; aware UTC.
        wording: in which the message would go out, as things stand; None for its own content.
        may_send: of a run's timer, the messages it may lead to without anything else happening.
    """

    at: datetime | None
    what: str
    message: str | None = None
    channel: str | None = None
    why: str = ""
    held_by: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    best_before: datetime | None = None
    may_send: tuple[str, ...] = ()
    wording: str | None = None


def plans(unit: Unit, loaded: Loaded, now: int) -> list[Planned]:
    """What is planned, earliest first; what waits for an event comes last. Asks the gate, and changes nothing."""
    learn_addresses(unit, loaded)
    state = loaded.state
    at = max(now, state.now)
    found = [_message(unit, loaded, each, at) for each in state.pending if each.status != IN_FLIGHT]
    found += [
        Planned(instant(run.due), f"{run.label} goes on at {run.node}", may_send=tuple(_after(unit, run)))
        for run in state.runs
        if run.due is not None
    ]
    found += [Planned(instant(due), what) for due, what in timers(unit.program, state)]
    return sorted(found, key=_order)


def _order(each: Planned) -> tuple[bool, datetime, str]:
    return each.at is None, each.at or instant(0), each.what


def _message(unit: Unit, loaded: Loaded, pending: Pending, now: int) -> Planned:
    due = None if pending.due is None else max(pending.due, now)
    if pending.is_call:
        return Planned(None if due is None else instant(due), f"{pending.message} is called")
    ruling = ask(unit.program, loaded.state, pending, unit.world, now).ruling
    at = _earliest(ruling, due)
    message = unit.program.message_of(loaded.state, pending)
    return Planned(
        None if at is None else instant(at),
        f"{pending.message} is asked for",
        pending.message,
        ruling.channel,
        "" if message is None else message.why,
        tuple(dict.fromkeys(_against(ruling))),
        ruling.waits_for,
        instant(pending.expires),
        wording=_wording(ruling),
    )


def _wording(ruling: Ruling) -> str | None:
    asked = (each for channel, verdicts in ruling.because if channel == ruling.channel for each in verdicts)
    said = next((each.values["wording"] for each in asked if each.check == WORDING), None)
    return str(said) if said else None


def _earliest(ruling: Ruling, due: int | None) -> int | None:
    """When it may go out as things stand: what the gate says now, but not before it is asked."""
    if ruling.answer != "defer":
        return due
    return ruling.until if ruling.until is None or due is None else max(ruling.until, due)


def _against(ruling: Ruling) -> Iterator[str]:
    for channel, verdicts in ruling.because:
        for each in verdicts:
            if each.answer != "allow":
                yield f"{channel}: {each.check}: {each.reason}" if channel else f"{each.check}: {each.reason}"


def _after(unit: Unit, run: Run) -> Iterator[str]:
    """The messages that a run may come to once its timer has fired, before it waits again."""
    rule = unit.program.rule_of(run)
    node = None if rule is None or run.node is None else rule.nodes.get(run.node)
    if node is None:
        return
    timed_out = isinstance(node.step, WaitFor | WaitUntil)
    ahead, seen = [node.otherwise if timed_out else node.next], set[str]()
    while ahead and len(seen) < _FAR:
        here = ahead.pop(0)
        if here is None or here.id in seen:
            continue
        seen.add(here.id)
        if isinstance(here.step, Send):
            yield here.step.message.name
        else:
            ahead += _following(here)


def _following(node: Node) -> "list[Node | None]":
    if isinstance(node.step, Branch):
        return [node.then, node.otherwise]
    if isinstance(node.step, Split):
        return list(node.arms.values())
    if isinstance(node.step, Best):
        return [*node.arms.values(), node.otherwise]
    # What waits once more needs another event or another timer.
    return [] if isinstance(node.step, Exit) or type(node.step).__name__.startswith("Wait") else [node.next]
