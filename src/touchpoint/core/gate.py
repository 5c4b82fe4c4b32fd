"""The gate (S6.5): gathers what is true of a waiting message and asks every policy, channel by channel, at release."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import attrs

from touchpoint.core.program import Program
from touchpoint.core.render import render
from touchpoint.core.schedule import after, calendar_period
from touchpoint.core.context import Context
from touchpoint.core.reading import read
from touchpoint.core.state import WAITING, Address, Pending, Run, State
from touchpoint.model.delivery import ANY_ADDRESS, RenderedMessage
from touchpoint.model.message import Message, Number
from touchpoint.policy.checks import rule
from touchpoint.policy.facts import AddressFact, ChannelFacts, Facts, Rival
from touchpoint.policy.verdict import Ruling
from touchpoint.zones import tz_version


@attrs.define(kw_only=True)
class World:
    """What a customer's state does not know.

    Args:
        channels: kinds of address each configured channel takes.
        memories: for how long each channel's provider remembers keys; None for not at all.
        standings: addresses that are not simply active, as {(kind, key): (standing, reason)}.
        paused: channels that are paused, and why.
        stopped: messages that are stopped for everybody, and why.
        spent: what gifts have cost so far, by message name.
    """

    channels: Mapping[str, frozenset[str]] = attrs.Factory(dict)
    memories: Mapping[str, timedelta | None] = attrs.Factory(dict)
    standings: Mapping[tuple[str, str], tuple[str, str]] = attrs.Factory(dict)
    paused: Mapping[str, str] = attrs.Factory(dict)
    stopped: Mapping[str, str] = attrs.Factory(dict)
    spent: Mapping[str, Number] = attrs.Factory(dict)


@attrs.frozen
class Asked:
    """What the gate said, and, where it allows, what goes out and where to."""

    ruling: Ruling
    channel: str = ""
    address: Address | None = attrs.field(default=None, repr=False)
    words: RenderedMessage | None = attrs.field(default=None, repr=False)


def ask(program: Program, state: State, pending: Pending, world: World, now: int) -> Asked:
    """Ask whether this message may go out at `now`. Changes nothing."""
    message = program.messages.get(pending.message)
    run = state.run_by_order(pending.run)
    if message is None or run is None:
        reason = "its run is over" if run is None else "its journey no longer has it"
        return Asked(Ruling("deny", check="wanted", reason=reason, ends_as="withdrawn"))
    facts = _facts(program, state, pending, run, message, world, now)
    channels = _channels(pending, message)
    found: dict[str, tuple[Address | None, RenderedMessage | None]] = {}

    def look() -> Iterator[ChannelFacts]:
        for channel in channels:
            address, words, on = _on(program, state, pending, run, message, world, channel)
            found[channel] = address, words
            yield on

    ruling = rule(facts, look())
    if not ruling.allowed or ruling.channel is None:
        return Asked(ruling)
    return Asked(ruling, ruling.channel, *found[ruling.channel])


def _channels(pending: Pending, message: Message) -> tuple[str, ...]:
    # Nobody knows whether the customer has it: no other channel is tried (S6.8).
    if pending.uncertain and pending.channel is not None:
        return (pending.channel,)
    return message.channels


def _facts(
    program: Program, state: State, pending: Pending, run: Run, message: Message, world: World, now: int
) -> Facts:
    profile = state.profile
    still, reading = _still(program, state, pending, run, now)
    held = state.stages.get(pending.journey)
    bound = program.bounds[pending.journey]
    return Facts(
        now=now, key=pending.key, message=message, journey=pending.journey, policy=bound,
        kind=pending.kind, priority=pending.priority, first_due=pending.first_due,
        due=pending.first_due if pending.due is None else pending.due, expires_at=pending.expires, order=pending.no,
        about=run.key, still=still, still_reading=reading, stopped=world.stopped.get(message.name), zones=profile.zones,
        consents=profile.consents, jurisdiction=_jurisdiction(profile.traits), preferences=profile.preferences,
        open_cases=state.cases, closed_cases=state.closed, history=state.history,
        rivals=_rivals(program, state, pending) if bound.caps and len(state.pending) > 1 else (),
        stage_since=None if held is None else held[1],  # type: ignore[arg-type]
        spent=world.spent.get(message.name, 0), tz_version=tz_version(),
        calendar_period=lambda at, per: calendar_period(at, per, profile.zones),
        after=lambda at, lasts: after(at, lasts, profile.zones),
    )  # fmt: skip


def _jurisdiction(traits: Mapping[str, object]) -> str | None:
    found = traits.get("jurisdiction")
    return found if isinstance(found, str) else None


def _still(program: Program, state: State, pending: Pending, run: Run, now: int) -> tuple[object, str]:
    """`still`, asked again (S5.1); None where the step has none."""
    rule = program.by_label.get(run.label)
    node = rule.nodes.get(pending.step) if rule is not None else None
    if node is None or node.condition is None:
        return None, ""
    context = Context(
        event=run.event, trigger=run.trigger, traits=state.profile.traits, now=now, signals=state.signals,
        case_open=state.case_open, stage_of=lambda journey: state.stage_of(journey or run.journey), outcomes=run.outcomes,
    )  # fmt: skip
    value = node.condition(context)
    if value is True:
        return value, ""
    return value, read(node.step.still, context, program.signals).text  # type: ignore[union-attr]


def _rivals(program: Program, state: State, pending: Pending) -> list[Rival]:
    found = []
    for each in state.pending:
        message = program.messages.get(each.message)
        if each is pending or each.status != WAITING or message is None or each.uncertain:
            continue
        found.append(
            Rival(
                each.key, each.journey, each.message, each.kind, message.channels, each.priority, each.due, each.no,
                message.exempt, message.counted,
            )
        )  # fmt: skip
    return found


def _on(
    program: Program, state: State, pending: Pending, run: Run, message: Message, world: World, channel: str
) -> tuple[Address | None, RenderedMessage | None, ChannelFacts]:
    words = render(program, state, run, message, channel)
    kinds = world.channels.get(channel)
    address = _address(state, kinds or frozenset(), world)
    facts = ChannelFacts(
        channel=channel,
        configured=kinds is not None,
        address=None if address is None else AddressFact(address.kind, address.key, address.standing, address.reason),  # type: ignore[arg-type]
        refused=pending.refused.get(channel),
        paused=world.paused.get(channel),
        missing_words=words.missing,
    )
    return address, words.message, facts


def _address(state: State, kinds: frozenset[str], world: World) -> Address | None:
    """The customer's first active address that the channel takes, else the first one at all, as it stands."""
    first: Address | None = None
    for each in state.profile.addresses:
        if each.kind in kinds or ANY_ADDRESS in kinds:
            found = _standing(each, world)
            if found.standing == "active":
                return found
            first = first or found
    return first


def _standing(address: Address, world: World) -> Address:
    known = world.standings.get((address.kind, address.key))
    return address if known is None else Address(address.kind, address.key, *known)
