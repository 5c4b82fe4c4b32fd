"""The gate (S6.5): gathers what is true of a waiting message and asks every policy, channel by channel, at release."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

import attrs

from touchpoint.core.accounts import Ledger, account_facts
from touchpoint.core.conversation import REACT, Conversation, answered_by
from touchpoint.core.gathered import gathered, node_of
from touchpoint.core.making_good import goes_first, kinds_made_good
from touchpoint.core.objections import is_known, objections, verdicts
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.pace import Paces, Pacing, pacing
from touchpoint.core.program import Program
from touchpoint.core.render import Words, render
from touchpoint.core.sessions import session_on
from touchpoint.core.state import COMMON, NEVER, Address, Pending, Run, State
from touchpoint.core.volume import Volumes
from touchpoint.journey.by_hand import PREFIX
from touchpoint.model.delivery import OPTED_OUT, Rate, RenderedMessage, opt_out_of, takes
from touchpoint.model.message import Gift, Message, Number
from touchpoint.model.volume import VolumeBreaker
from touchpoint.policy.checks import CONVERSATION, look_here, rule_here
from touchpoint.policy.facts import ChannelFacts, ChosenWording, Facts, Pause
from touchpoint.policy.holds import hold_out_of
from touchpoint.policy.plan import Place, Plan, plan_of
from touchpoint.policy.verdict import Ruling, Verdict, alone, combine, looks_ahead, rule_over_channels

_NO_KINDS: Final[frozenset[str]] = frozenset()
RuleHere: TypeAlias = Callable[[Facts, ChannelFacts], Ruling]
"""The ruling for one channel."""
Look: TypeAlias = Callable[
    [Plan, Place, State, Pending, Address | None, str | None, tuple[str, ...], int], Sequence[Verdict]
]
"""The verdicts of a plan for one channel."""


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
        paused_until: when a pause of a channel ends by itself.
        rates: how fast the providers of channels take messages.
        paces: how fast channels are used; changed in place.
        lookups: channels whose providers can be asked what became of a message.
        receipts: microseconds within which a receipt comes, for the channels that give them.
        human: channels behind which people are.
        switches: what is paused besides channels, as {(scope, name): pause}.
        breaker: what is too much of one message; None where nobody counts.
        volumes: how much goes out of messages; changed in place.
        recording: channels that reach nobody.
        replies, reactions: channels that can answer, and react, within a conversation.
        ledger: what accounts of gifts and costs say; None where nobody keeps any.
    """

    channels: Mapping[str, frozenset[str]] = attrs.Factory(dict)
    memories: Mapping[str, timedelta | None] = attrs.Factory(dict)
    standings: Mapping[tuple[str, str], tuple[str, str]] = attrs.Factory(dict)
    paused: Mapping[str, str] = attrs.Factory(dict)
    stopped: Mapping[str, str] = attrs.Factory(dict)
    spent: Mapping[str, Number] = attrs.Factory(dict)
    paused_until: Mapping[str, int] = attrs.Factory(dict)
    rates: Mapping[str, tuple[Rate, ...]] = attrs.Factory(dict)
    paces: Paces = attrs.Factory(dict)
    lookups: frozenset[str] = frozenset()
    receipts: Mapping[str, int] = attrs.Factory(dict)
    human: frozenset[str] = frozenset()
    switches: Mapping[tuple[str, str], Pause] = attrs.Factory(dict)
    breaker: VolumeBreaker | None = None
    volumes: Volumes = attrs.Factory(dict)
    recording: frozenset[str] = frozenset()
    replies: frozenset[str] = frozenset()
    reactions: frozenset[str] = frozenset()
    ledger: Ledger | None = None

    def paused_here(self, journey: str, message: str) -> Sequence[Pause]:
        """What of a message of a journey is paused."""
        switches = self.switches
        if not switches:
            return ()
        found = (switches.get(("journey", journey)), switches.get(("message", message)))
        return tuple(each for each in found if each is not None)

    def halts(self, journey: str, message: str) -> bool:
        """Whether a message of a journey is stopped, or paused, or its journey is."""
        return message in self.stopped or bool(self.paused_here(journey, message))

    def pause_of(self, channel: str, now: int) -> tuple[str | None, int | None]:
        """Why a channel is paused at this instant, and until when; (None, None) where it is not."""
        until = self.paused_until.get(channel)
        return (None, None) if until is not None and until <= now else (self.paused.get(channel), until)

    def pacing(self, channel: str, kind: str, key: str) -> Pacing | None:
        """What paces a hand-over on a channel to an address; None where nothing does."""
        rates = self.rates.get(channel, ())
        return pacing(channel, rates, kind, key) if rates or self.paces else None


class TaskFacts(Protocol):
    """What the gate is told of a task. Instants are microseconds UTC."""

    @property
    def key(self) -> str:
        """Of the message it comes from."""

    @property
    def channel(self) -> str:
        """Behind which the person is."""

    @property
    def assigned_at(self) -> int:
        """When it was handed over."""

    @property
    def expires_at(self) -> int:
        """Its best-before."""


@attrs.define
class Asked:
    """What the gate said, channel and address it came to last, and the words if it allows. Treat it as immutable.

    `reply_to` is the touchpoint that it answers in a conversation, with a sign if it `reacts`; `worded` tells which of
    its wordings it says, where there was a choice. The `plan` is that by which it was answered at once.
    """

    ruling: Ruling
    channel: str = ""
    address: Address | None = attrs.field(default=None, repr=False)
    words: RenderedMessage | None = attrs.field(default=None, repr=False)
    reply_to: str | None = attrs.field(default=None, repr=False)
    reacts: bool = False
    worded: ChosenWording | None = None
    plan: Plan | None = attrs.field(default=None, eq=False, repr=False)


def ask(program: Program, state: State, pending: Pending, world: World, now: int, wall: int | None = None) -> Asked:
    """Ask whether this message may go out at `now`, while the clock on the wall reads `wall`. Changes nothing.

    The two differ where somebody has set the clock back: `now` is the customer's own clock, which waits for the wall.
    """
    usual = _at_once(program, state, pending, world, now, wall, verdicts)
    return _ask(program, state, pending, world, now, wall, rule_here) if usual is None else usual


def decide(program: Program, state: State, pending: Pending, world: World, now: int, wall: int | None = None) -> Asked:
    """As `ask`, for whoever acts on the answer: the ruling does not tell what has nothing against the message."""
    usual = _at_once(program, state, pending, world, now, wall, objections)
    return _ask(program, state, pending, world, now, wall, look_here) if usual is None else usual


def _at_once(
    program: Program, state: State, pending: Pending, world: World, now: int, wall: int | None, look: Look
) -> Asked | None:
    """The answer where nothing rare is known of the customer, the message or the channels; None where anything is."""
    try:
        plan = program.plans[pending.journey, pending.rule, pending.step]
    except KeyError:
        plan = _planned(program, pending)
    run = state.run_by_order(pending.run)
    if plan is None or plan.kind != pending.kind or plan.message.name != pending.message or run is None or run.release:
        return None
    if pending.refused or pending.uncertain or (wall is not None and wall < now):
        return None
    if (world.stopped or world.switches) and world.halts(pending.journey, pending.message):
        return None
    unusual = len(state.pending) > 1 or state.cases or state.rare is not COMMON or state.profile.preferences is not None
    if unusual and not is_known(plan, state, pending, now):
        return None
    if (plan.hold_outs or plan.asks) and not _is_meant(program, state, pending, run, plan, now):
        return None
    return _by_plan(program, state, pending, world, now, run, plan, look)


def _is_meant(program: Program, state: State, pending: Pending, run: Run, plan: Plan, now: int) -> bool:
    """Whether the customer is in no hold-out, and the message is still wanted (S5.1)."""
    if hold_out_of(plan.hold_outs, state.id, plan.kind) is not None:
        return False
    return not plan.asks or gathered(program, state, pending, run, plan.message, now, {}).still is True


def _planned(program: Program, pending: Pending) -> Plan | None:
    """The plan of a step, made when its message is first asked about; None where that meets more than a plan knows."""
    rule = program.by_name.get((pending.journey, pending.rule))  # where those by which people send are not
    node = None if rule is None else rule.nodes.get(pending.step)
    if node is None:
        return None
    plan = None
    if node.message is not None and not node.answers:
        bound, asks = program.bounds[pending.journey], node.condition is not None
        plan = plan_of(bound, node.message, node.kind, pending.journey, asks=asks)
    program.plans[pending.journey, pending.rule, pending.step] = plan
    return plan


def _by_plan(
    program: Program, state: State, pending: Pending, world: World, now: int, run: Run, plan: Plan, look: Look
) -> Asked | None:
    asked: Sequence[Ruling] = ()  # of the channels before
    for place in plan.places:
        channel, address = place.channel, addressed(state, place.channel, world)
        words = place.words.get(state.profile.locale) or _words_at(place, program, state, run, plan.message, now)
        if words is None or (address is None and channel not in world.channels):
            return None
        if (world.paused or world.rates or world.paces) and _is_closed(world, plan, pending, channel, address, now):
            return None
        opted_out = _opt_out(world, channel, address) if world.standings and address is not None else None
        found = look(plan, place, state, pending, address, opted_out, words.missing, now)
        if not found and not asked:  # nearly always
            return Asked(place.allowed, channel, address, words.message, None, False, None, plan)  # noqa: FBT003 - by name takes longer
        if len(found) == 1 and found[0].answer != "allow":
            ruling = alone(found[0], channel)
        elif looks_ahead(found):
            return None
        else:
            ruling = combine(found, channel=channel) if found else place.allowed
        if ruling.own and ruling.answer == "deny":
            asked = (*asked, ruling)
            continue
        if asked:
            ruling = rule_over_channels((*asked, ruling))
        said = words.message if ruling.answer == "allow" else None
        return Asked(ruling, channel, address, said, None, False, None, plan)  # noqa: FBT003 - likewise
    return Asked(rule_over_channels(asked))


def _words_at(
    place: Place, program: Program, state: State, run: Run, message: Message, now: int
) -> Words | None:  # fmt: skip
    """The words on a channel, kept where they are the same for everybody; None where checks have a say in them."""
    words, locale = render(program, state, run, message, place.channel, now), state.profile.locale
    if words.worded is not None or words.unfamiliar or (program.misused and _misused(program, message, words)):
        return None
    if program.words.get((message.name, words.key, locale)) is words:
        place.words[locale] = words
    return words


def _is_closed(
    world: World, plan: Plan, pending: Pending, channel: str, address: Address | None, now: int
) -> bool:  # fmt: skip
    """Whether a channel is paused, or used too fast."""
    return channel in world.paused or _paced_until(world, plan.message, pending, channel, address, now) is not None


def _ask(
    program: Program, state: State, pending: Pending, world: World, now: int, wall: int | None, rule: RuleHere
) -> Asked:
    message = program.message_of(state, pending)
    run = state.run_by_order(pending.run)
    if message is None or run is None or pending.journey not in program.bounds:
        reason = "its run is over" if run is None else "its journey no longer has it"
        return Asked(Ruling("deny", check="wanted", reason=reason, ends_as="withdrawn"))
    facts = _facts(program, state, pending, run, message, world, now)
    if world.ledger is not None:
        _keep_accounts(facts, state, run, world)
    if state.cases or state.closed:
        _tell_of_cases(facts, state, pending, message)
    if wall is not None and wall < now:
        facts.wall = wall
    return _ask_channels(program, state, pending, run, message, world, facts, rule)


def _ask_channels(
    program: Program, state: State, pending: Pending, run: Run, message: Message, world: World, facts: Facts,
    rule: RuleHere,
) -> Asked:  # fmt: skip
    now = facts.now
    talk = _conversation(program, run, pending) if program.answers else None
    asked: list[Ruling] = []
    for channel in _channels(pending, run, message, talk):
        address, words, on = _on(program, state, pending, run, message, world, channel, now)
        if talk is not None:
            on.unable = talk.problem(channel, message.channels, able=_able(talk, channel, world))
        ruling = rule(facts, on)
        if ruling.answer == "allow" and not asked and talk is None:  # nearly always
            return Asked(ruling, channel, address, words, worded=on.worded)
        asked.append(ruling)
        if ruling.answer == "allow":
            return _spoken(Asked(rule_over_channels(asked), channel, address, words, worded=on.worded), talk, world)
        if not ruling.moves_on:
            return Asked(ruling if len(asked) == 1 else rule_over_channels(asked), channel, address)
    if asked:
        return Asked(rule_over_channels(asked))
    reason = "the message names no channel" if talk is None else talk.nowhere
    return Asked(Ruling("deny", check=CONVERSATION, reason=reason))


def _tell_of_cases(facts: Facts, state: State, pending: Pending, message: Message) -> None:
    facts.makes_good = kinds_made_good(state, pending.cases, pending.kind, message)
    facts.first = goes_first(state, pending, message)


def _spoken(found: Asked, talk: Conversation | None, world: World) -> Asked:
    """With what it answers, where its channel is that of the conversation and can."""
    if talk is not None and talk.to is not None and talk.is_here(found.channel) and _able(talk, found.channel, world):
        found.reply_to, found.reacts = talk.to.id, talk.how == REACT
    return found


def ask_about_task(
    program: Program, state: State, world: World, journey: str, message: str, kind: str, row: TaskFacts, now: int
) -> Ruling:
    """Ask again about what a person was asked to do, before they do it. Changes nothing.

    Its run need not wait for it any more, so nothing but the customer, the policies and the channel has a say.
    """
    known = program.messages.get(message)
    if known is None or journey not in program.bounds:
        return Ruling("deny", check="wanted", reason="its journey no longer has it", ends_as="withdrawn")
    facts, on = facts_about(
        program, state, world, journey, known, row.channel, now, key=row.key, kind=kind, since=row.assigned_at,
        expires=row.expires_at,
    )  # fmt: skip
    if state.cases or state.closed:
        entry = state.awaited.get(row.key, ())
        facts.makes_good = kinds_made_good(state, next(iter(entry[4:]), ()), kind, known)
    if isinstance(known, Gift):
        facts.spent = facts.spent - known.worth  # type: ignore[operator]  # both of one sort of number
    return rule_over_channels([rule_here(facts, on)])


def facts_about(  # noqa: PLR0913 - what the gate is told of, and what a row of the store adds
    program: Program, state: State, world: World, journey: str, message: Message, channel: str, now: int, *,
    key: str = "", kind: str = "", since: int | None = None, expires: int = NEVER,
) -> tuple[Facts, ChannelFacts]:  # fmt: skip
    """What the gate would be told of a message on a channel that no run waits for: nothing competes with it.

    Args:
        program: of the journeys at work.
        state: of the customer.
        world: what the state does not know.
        journey: the name of the message's journey.
        message: what it is about.
        channel: where it would go out.
        now: the instant asked about.
        key: of the message, where it was handed over before.
        kind: its effective kind; as the message is defined unless given.
        since: when it was first due; now unless given.
        expires: its best-before.
    """
    first = now if since is None else since
    pending = Pending(
        key, journey, "", 0, "", message.name, kind or message.effective_kind, message.priority, first, now, expires,
        channel=channel,
    )  # fmt: skip
    nothing = Occurrence("", "", now, "")
    run = Run("", journey, "", None, first, 0, nothing, nothing)
    facts = _facts(program, state, pending, run, message, world, now)
    facts.rivals = ()
    _keep_accounts(facts, state, None, world)
    address = addressed(state, channel, world)
    opted_out = _opt_out(world, channel, address) if address is not None and world.standings else None
    paused, until = world.pause_of(channel, now)
    configured = channel in world.channels
    return facts, ChannelFacts(channel, configured, address, paused=paused, opted_out=opted_out, paused_until=until)


def _conversation(program: Program, run: Run, pending: Pending) -> Conversation | None:
    """What the message answers, where its step is a `Reply` or a `React`."""
    node = node_of(program, run, pending.step)
    return Conversation(node.answers, answered_by(run)) if node is not None and node.answers else None


def _able(talk: Conversation, channel: str, world: World) -> bool:
    return channel in (world.reactions if talk.how == REACT else world.replies)


def _channels(pending: Pending, run: Run, message: Message, talk: Conversation | None) -> tuple[str, ...]:
    # Nobody knows whether the customer has it: no other channel is tried (S6.8).
    if pending.uncertain and pending.channel is not None:
        return (pending.channel,)
    # Whoever sends by hand may have chosen one.
    if run.trigger.channel is not None and pending.rule.startswith(PREFIX):
        return (run.trigger.channel,)
    return message.channels if talk is None else talk.channels(message.channels)


def _facts(
    program: Program, state: State, pending: Pending, run: Run, message: Message, world: World, now: int
) -> Facts:
    facts = gathered(program, state, pending, run, message, now, world.spent)
    if world.stopped:
        facts.stopped = world.stopped.get(message.name)
    if world.switches:
        facts.paused = world.paused_here(pending.journey, message.name)
    return facts


def _keep_accounts(facts: Facts, state: State, run: Run | None, world: World) -> None:
    """What accounts say of a message, where any have a say; of what no run waits for, without what it is given for."""
    if world.ledger is not None and (facts.policy.budgets or isinstance(facts.message, Gift)):
        facts.given = account_facts(
            world.ledger, facts.message, facts.policy, facts.kind, key=facts.key, customer=state.id, run=run,
            now=facts.now,
        )  # fmt: skip


def _on(
    program: Program, state: State, pending: Pending, run: Run, message: Message, world: World, channel: str, now: int
) -> tuple[Address | None, RenderedMessage | None, ChannelFacts]:
    words = render(program, state, run, message, channel, now)
    kinds = world.channels.get(channel)
    address = addressed(state, channel, world)
    paused, until = world.pause_of(channel, now) if world.paused else (None, None)
    facts = ChannelFacts(
        channel, kinds is not None, address, "", pending.refused.get(channel), paused, words.missing,
        _misused(program, message, words) if program.misused else (),
        _opt_out(world, channel, address) if address is not None and world.standings else None,
        until,
    )  # fmt: skip
    if words.worded is not None or words.unfamiliar:
        facts.worded, facts.unfamiliar = words.worded, words.unfamiliar
    if world.rates or world.paces:
        facts.too_fast_until = _paced_until(world, message, pending, channel, address, now)
    if program.bounds[pending.journey].content is not None:
        facts.words = words.message
        facts.last_inbound = state.heard.get(session_on(channel)) if program.sessions else None
    return address, words.message, facts


def _paced_until(
    world: World, message: Message, pending: Pending, channel: str, address: Address | None, now: int
) -> int | None:
    paced = None if address is None else world.pacing(channel, address.kind, address.key)
    # Who asked for help is answered before those who wait in the queue.
    return None if paced is None else paced.free_from(world.paces, now, now if message.answer else pending.booked)


def _misused(program: Program, message: Message, words: Words) -> tuple[str, ...]:
    return program.misused.get((message.name, words.key), ())


def tell_of_words(program: Program, message: Message, words: Words, on: ChannelFacts) -> None:
    """Tell the checks what there is to say of the words of a message on a channel (S6.2, S7.5)."""
    on.missing_words, on.worded, on.unfamiliar = words.missing, words.worded, words.unfamiliar
    on.misused = _misused(program, message, words) if program.misused else ()


def _opt_out(world: World, channel: str, address: Address) -> str | None:
    standing, reason = world.standings.get((opt_out_of(channel, address.kind), address.key), ("active", ""))
    return reason if standing == OPTED_OUT else None


def addressed(state: State, channel: str, world: World) -> Address | None:
    """The customer's first active address that the channel takes, else the first one at all, as it stands."""
    kinds = world.channels.get(channel, _NO_KINDS)
    first: Address | None = None
    for each in state.profile.addresses:
        if each.kind in kinds or takes(kinds, each.kind):  # nearly always by its name
            found = _standing(each, world) if world.standings else each
            if found.standing == "active":
                return found
            first = first or found
    return first


def _standing(address: Address, world: World) -> Address:
    known = world.standings.get((address.kind, address.key))
    return address if known is None else Address(address.kind, address.key, *known)
