"""What the gate is told: everything the checks look at, gathered under the customer's lock, for one message.

The checks know nothing else, so equal facts give equal verdicts. Instants are `int` microseconds since 1970 UTC.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol, TypeAlias

import attrs

from touchpoint.durations import Duration, instant, length
from touchpoint.errors import InvalidInput
from touchpoint.model.consent import Basis
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Message, Number
from touchpoint.model.preference import Preferences
from touchpoint.policy.accounts import AccountFacts
from touchpoint.policy.binding import Bound
from touchpoint.zones import said_by_clock, zone

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

HandOverState = Literal["in_flight", "accepted", "ambiguous", "refused"]
CalendarPeriod: TypeAlias = "Callable[[int, relativedelta], tuple[int, int]]"
"""The calendar day, week, month or year of the customer that contains an instant, as `[start, end)`."""
After: TypeAlias = "Callable[[int, Duration], int]"
"""The instant that lies a length of time after another; a calendar length is taken on the customer's calendar."""


@attrs.define(weakref_slot=False)
class HandOver:
    """One hand-over to the customer, from its release on.

    Args:
        at: the instant of its release.
        key: of the message.
        journey, message, kind, channel: names.
        counted: whether caps count it.
        state: `in_flight` until its outcome is known, then `accepted`, `ambiguous` or `refused`.
        about: the key of its run, such as an order; None for a run without one.
    """

    at: int
    key: str
    journey: str
    message: str
    kind: str
    channel: str
    counted: bool = True
    state: HandOverState = "in_flight"
    about: object = attrs.field(default=None, repr=False)

    @property
    def reached(self) -> bool:
        """Whether the customer got it, or may have."""
        return self.state != "refused"


@attrs.define(weakref_slot=False)
class ConsentFact:
    """What the customer last said about one purpose on one channel.

    Args:
        granted: False for a withdrawal.
        at: when it was said.
        expires_at: when a grant lapses by itself; None for never.
        basis, source: as in `model.consent.Consent`.
    """

    granted: bool
    at: int
    expires_at: int | None = None
    basis: Basis = "express"
    source: str = attrs.field(default="", repr=False)


class Reachable(Protocol):
    """An address that a channel would use, and how it stands. Dormant and suppressed ones are not written to."""

    @property
    def kind(self) -> str:
        """What sort of address it is, such as `email` or `phone`."""

    @property
    def standing(self) -> str:
        """`active`, `dormant` or `suppressed`."""

    @property
    def reason(self) -> str:
        """Why it stands so; may be empty."""


@attrs.define
class Rival:
    """Another message of the customer that waits to go out.

    Args:
        due: when it is asked next, possibly in the future; None where it waits for an event.
        order: its place in the outbox.
        exempt, counted: as in `Message`.
        first: it goes before others, because it makes good a case that is open.
    """

    key: str
    journey: str
    message: str
    kind: str
    channels: Sequence[str]
    priority: int
    due: int | None
    order: int
    exempt: bool = False
    counted: bool = True
    first: bool = False


@attrs.frozen
class Pause:
    """A kill switch that somebody has thrown: what it names waits.

    Args:
        scope: `message` or `journey`.
        name: of that.
        reason: why.
        until: when it ends by itself; None where somebody has to resume it.
    """

    scope: str
    name: str
    reason: str
    until: int | None = None


@attrs.frozen
class Unfamiliar:
    """A trait that may not be used yet.

    Args:
        trait: its name.
        sensitivity: `ordinary`, `personal` or `special`.
        reason: what of the policy is not true, without any values.
        told: the same with the values filled in.
    """

    trait: str
    sensitivity: str
    reason: str
    told: str = attrs.field(repr=False)

    @property
    def words(self) -> str:
        """In words, without any values."""
        return f"the trait {self.trait!r} is {self.sensitivity} and may not be used yet: {self.reason}"

    @property
    def told_words(self) -> str:
        """In words, with the values by which that was decided; never that of the trait."""
        return f"the trait {self.trait!r} is {self.sensitivity} and may not be used yet: {self.told}"


@attrs.frozen
class ChosenWording:
    """Which of its wordings a message says.

    Args:
        wording: its name; empty for the message's own content.
        lost: (name, why, with the values filled in) of those before it that were not taken.
        told: its condition with the values filled in.
        without: traits that its words do without.
    """

    wording: str
    lost: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    told: str = attrs.field(default="", repr=False)
    without: tuple[Unfamiliar, ...] = ()


@attrs.define
class ChannelFacts:
    """What is special to one channel.

    Args:
        channel: its name.
        configured: whether it has an adapter.
        address: the address it would use; None where there is none.
        address_problem: why there is none, where that is known.
        opted_out: how whoever reads at this address said that they want nothing more here; None where nobody did.
        refused: why the provider refused this message here; None where it did not.
        paused: why the channel is paused; None where it is not.
        paused_until: when that ends by itself; None where somebody has to resume it.
        too_fast_until: when the channel's pace lets it through; None for now.
        missing_words: fields without a value that the content for this channel needs, such as `customer.name`.
        misused: traits that the content uses beyond their declared uses.
        words: the finished words; only where content rules look at them.
        last_inbound: when the customer last wrote on this channel; only where a session there counts.
        unable: why the channel cannot answer in the conversation; None where it can, or nothing is to be answered.
        worded: which of its wordings the message says here; None where it has but one, and does without nothing.
        unfamiliar: the traits without which nothing can be said here, and which may not be used yet.
    """

    channel: str
    configured: bool = True
    address: Reachable | None = None
    address_problem: str = ""
    refused: str | None = None
    paused: str | None = None
    missing_words: tuple[str, ...] = ()
    misused: tuple[str, ...] = ()
    opted_out: str | None = None
    paused_until: int | None = None
    too_fast_until: int | None = None
    words: RenderedMessage | None = attrs.field(default=None, repr=False)
    last_inbound: int | None = attrs.field(default=None, repr=False)
    unable: str | None = None
    worded: ChosenWording | None = None
    unfamiliar: tuple[Unfamiliar, ...] = ()


def _no_calendar(*_: object) -> NoReturn:
    raise InvalidInput("a calendar length needs the customer's calendar; pass calendar_period= and after= to Facts()")


@attrs.define
class Facts:
    """What is true of one message and its customer at `now`, whatever the channel.

    Args:
        now: the instant asked about.
        key: of the message; its own earlier hand-overs do not stand in its way, because its slot moves.
        message, journey: the message, and the name of its journey.
        policy: what binds it.
        kind: its effective kind.
        priority: its own and its rule's together.
        first_due, due: when it was due at first, and now.
        expires_at: its best-before; by default counted from `first_due`.
        order: its place in the outbox.
        about: the key of its run; None for a run without one.
        live: whether its run still lives.
        withdrawn: why it was withdrawn; None where it was not.
        still: the value of its `still` condition, None where it has none; anything but True withdraws it.
        still_reading: that condition with its values filled in.
        stopped: why the message was stopped for everyone; None where it was not.
        paused: what of it is paused for everyone.
        zones: names of the customer's candidate time zones.
        consents: by (purpose, channel); `*` stands for every one.
        jurisdiction: whose law holds for the customer; None where nobody knows.
        open_cases: references of open cases by kind.
        closed_cases: when the last case of a kind was closed.
        history: hand-overs of this customer, sorted by `at`.
        rivals: other messages of this customer that wait.
        stage_since: when the customer entered the current stage of the journey.
        spent: what the gift's budget has been used for so far, this one not included.
        holdout: the hold-out that keeps such messages from the customer; None where none does.
        tz_version: of the time-zone data in use.
        calendar_period, after: the customer's calendar.
        makes_good: kinds of cases that it is sent to make good: their holds do not hold it.
        first: it goes before others, because such a case is open.
        wall: what the clock on the wall reads where that is earlier than `now`, because somebody has set it back.
        given: what accounts say of it; None for what draws on none, and is no gift.
    """

    now: int
    key: str
    message: Message
    journey: str
    policy: Bound
    kind: str = attrs.field(default=attrs.Factory(lambda self: self.message.effective_kind, takes_self=True))
    priority: int = attrs.field(default=attrs.Factory(lambda self: self.message.priority, takes_self=True))
    first_due: int = attrs.field(default=attrs.Factory(lambda self: self.now, takes_self=True))
    due: int = attrs.field(default=attrs.Factory(lambda self: self.now, takes_self=True))
    expires_at: int = attrs.field(
        default=attrs.Factory(lambda self: self.first_due + length(self.message.best_before), takes_self=True)
    )
    order: int = 0
    about: object = attrs.field(default=None, repr=False)
    live: bool = True
    withdrawn: str | None = None
    still: object = None
    still_reading: str = attrs.field(default="", repr=False)
    stopped: str | None = None
    zones: Sequence[str] = ()
    consents: Mapping[tuple[str, str], ConsentFact] = attrs.field(factory=dict, repr=False)
    jurisdiction: str | None = attrs.field(default=None, repr=False)
    preferences: Preferences | None = attrs.field(default=None, repr=False)
    open_cases: Mapping[str, Collection[str]] = attrs.field(factory=dict, repr=False)
    closed_cases: Mapping[str, int] = attrs.field(factory=dict, repr=False)
    history: Sequence[HandOver] = attrs.field(default=(), repr=False)
    rivals: Sequence[Rival] = attrs.field(default=(), repr=False)
    stage_since: int | None = None
    spent: Number = 0
    holdout: str | None = None
    tz_version: str = ""
    calendar_period: CalendarPeriod = attrs.field(default=_no_calendar, repr=False)
    after: After = attrs.field(default=_no_calendar, repr=False)
    paused: Sequence[Pause] = ()
    wall: int | None = None
    given: AccountFacts | None = attrs.field(default=None, repr=False)
    makes_good: Collection[str] = ()
    first: bool = False

    def when(self, us: int, *, otherwise: str = "UTC") -> str:
        """An instant as the customer's clock shows it: local ISO 8601 and the zone's name.

        Without a zone of the customer it is the clock of the zone named `otherwise`.
        """
        return shown_at(us, self.zones, otherwise)


def shown_at(us: int, zones: Sequence[str], otherwise: str = "UTC") -> str:
    """An instant as the clock of the first of these zones shows it, or without any that of `otherwise`."""
    name = zones[0] if zones else otherwise
    if name == "UTC":
        return f"{instant(us).replace(tzinfo=None).isoformat()} UTC"
    return f"{said_by_clock(us, zone(name))} {name}"
