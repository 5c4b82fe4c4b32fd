"""What is remembered of one customer: as much as decisions need, and no more.

Everything is mutable and small; `state_to_record` and its siblings give positional JSON lists. Instants are
microseconds UTC.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

import attrs

from touchpoint.core.cases import Held, next_deadline, resolved
from touchpoint.core.collected import Burst, Collected, Deferred
from touchpoint.core.held import NONE
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import Occurrence
from touchpoint.model.preference import Preferences
from touchpoint.policy.facts import ConsentFact, HandOver

T = TypeVar("T")

Record: TypeAlias = list[Any]
"""A positional JSON list."""

WAITING: Final = "waiting"
IN_FLIGHT: Final = "in_flight"
NEVER: Final = 1 << 63


@attrs.define(weakref_slot=False)
class Address:
    """One address of a customer and how it stands: `active`, `dormant` or `suppressed`."""

    kind: str
    key: str = attrs.field(repr=False)
    standing: str = "active"
    reason: str = ""


@attrs.define(weakref_slot=False)
class Profile:
    """What the host told us of a customer. Kept apart from the rest because it changes seldom."""

    traits: dict[str, object] = attrs.field(factory=dict, repr=False)
    addresses: list[Address] = attrs.field(factory=list, repr=False)
    zones: tuple[str, ...] = ()
    locale: str | None = None
    consents: dict[tuple[str, str], ConsentFact] = attrs.field(factory=dict, repr=False)
    preferences: Preferences | None = None


@attrs.define(weakref_slot=False)
class Run:
    """A live run of a rule.

    `order` numbers the customer's runs as they started; `no` is the store's number. `node` is the step it stands at and
    `waiting` what for: `time`, `event`, `until`, `message`. `due` is when its timer fires, `look` when a window lapses
    that a condition of it looks through, `local` the (local time, zone) a calendar wait stands for. `kept` holds
    (number, occurrence) for `WaitFor`s still to come, `mark` is the number at the last Send, Ask or Give.
    `collected` is what a rule with `collect=` brought together, `results` what functions of the host have returned, by
    their names. `since` is when its wait began, `release` the one it is pinned to; 0 where it goes by what is at
    work. `told` maps the key of a message of this run to its name and what came back of it, kept where a condition
    asks. `cases` are the [kind, ref] that it is about. What it holds of anything is replaced, never changed: most runs
    have nothing of it, and share that.
    """

    id: str
    journey: str
    rule: str
    key: object = attrs.field(repr=False)
    started: int
    order: int
    trigger: Occurrence
    event: Occurrence
    no: int = 0
    node: str | None = None
    waiting: str = ""
    due: int | None = None
    look: int | None = None
    local: tuple[str, str] | None = None
    message: str | None = None
    visits: Mapping[str, int] = NONE
    outcomes: Mapping[str, str] = NONE
    kept: Sequence[tuple[int, Occurrence]] = ()
    arrived: int = 0
    mark: int = 0
    reached: bool = False
    collected: Collected | None = None
    results: Mapping[str, object] = attrs.field(default=NONE, repr=False)
    since: int | None = None
    release: int = 0
    told: Mapping[str, Sequence[str]] = NONE
    cases: Sequence[Sequence[str]] = attrs.field(default=(), repr=False)

    @property
    def label(self) -> str:
        """journey/rule."""
        return f"{self.journey}/{self.rule}"

    def unblock(self) -> None:
        """Wait for nothing any more."""
        self.waiting, self.due, self.look, self.local, self.message = "", None, None, None, None


@attrs.define(weakref_slot=False)
class Watch:
    """A goal that is still watched after its run's last step, until `until` inclusive.

    `order` is the run's number among the customer's, `outcomes` how its messages ended, `release` as in `Run`; `id`,
    `visits` and `told` are those of the run.
    """

    order: int
    journey: str
    rule: str
    key: object = attrs.field(repr=False)
    until: int
    trigger: Occurrence
    outcomes: Mapping[str, str] = NONE
    collected: Collected | None = None
    results: Mapping[str, object] = attrs.field(default=NONE, repr=False)
    release: int = 0
    id: str = ""
    visits: Mapping[str, int] = NONE
    told: Mapping[str, Sequence[str]] = NONE


@attrs.define(weakref_slot=False)
class Pending:
    """A message (or call) that has not reached an end.

    `due` is when the gate is asked next (None: only an event can free it), `slot` the instant of its release, `lease`
    the wall instant until which its owner may act, `first_try` the elapsed seconds at the first hand-over on
    `timeline`. `refused` maps a channel to why its provider refused. `reasons` holds (instant, channel, verdict
    records) of every asking that was no plain Allow. `to` is the (kind, key) of the address it was last
    released to, `booked` the instant at which its channel's pace has a place for it. `cases` are the [kind, ref] that
    it answers; None for none. `taken` are the [account, amount] that its last release took; None where accounts know
    nothing of it.
    """

    key: str
    journey: str
    rule: str
    run: int
    step: str
    message: str
    kind: str
    priority: int
    first_due: int
    due: int | None
    expires: int
    no: int = 0
    status: str = WAITING
    channel: str | None = None
    fence: int = 0
    slot: int | None = None
    lease: int | None = None
    attempts: int = 0
    uncertain: bool = False
    first_try: float | None = None
    timeline: str = ""
    not_before: int = 0
    refused: Mapping[str, str] = NONE
    reasons: Sequence[Record] = ()
    arguments: dict[str, object] | None = attrs.field(default=None, repr=False)
    ref: str | None = None
    run_no: int = 0
    to: tuple[str, str] | None = attrs.field(default=None, repr=False)
    booked: int | None = None
    cases: Sequence[Sequence[str]] | None = attrs.field(default=None, repr=False)
    taken: Sequence[Record] | None = attrs.field(default=None, repr=False)

    @property
    def is_call(self) -> bool:
        """Whether it is a call of a host function rather than a message."""
        return self.arguments is not None


@attrs.define(weakref_slot=False)
class Rare:
    """What few customers have anything of; see `State`, which has all of it as attributes of its own."""

    closed: Mapping[str, int] = NONE
    dwells: Mapping[str, int] = NONE
    calendar: Mapping[str, Record] = NONE
    watches: tuple[Watch, ...] = ()
    parked: tuple[Record, ...] = attrs.field(default=(), repr=False)
    awaited: Mapping[str, Record] = attrs.field(default=NONE, repr=False)
    exposures: Mapping[str, Record] = NONE
    segments: Mapping[str, int] = NONE
    lapses: Mapping[str, int] = NONE
    bursts: tuple[Burst, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    noticed: Mapping[str, Sequence[str]] = NONE
    occasions: Mapping[str, Sequence[int]] = NONE
    reopenable: Mapping[str, Mapping[str, Record]] = attrs.field(default=NONE, repr=False)


@attrs.frozen(weakref_slot=False)
class _Common(Rare):
    """Nothing of it, which is everybody's and stays so."""


COMMON: Final[Rare] = _Common()
"""What most customers have for `State.rare`."""
_NOTHING_DUE: Final = (NEVER, NEVER)
_VALUES_OF_RARE: Final = attrgetter(*(field.name for field in attrs.fields(Rare)))


class _Part(property, Generic[T]):
    """One of `Rare`, as an attribute of the state: who gets something of it gets a `Rare` of their own.

    What is on the way of every touchpoint reads `state.rare` itself, which is no call.
    """

    def __init__(self, name: str) -> None:
        def change(state: "State", value: object) -> None:
            if state.rare is COMMON:
                if not value:
                    return
                state.rare = Rare()
            setattr(state.rare, name, value)

        super().__init__(attrgetter(f"rare.{name}"), change)

    if TYPE_CHECKING:

        def __get__(self, state: object, owner: type | None = None, /) -> T: ...  # type: ignore[override]  # no overloads
        def __set__(self, state: object, value: T, /) -> None: ...


@attrs.define(weakref_slot=False)
class State:
    """The state of one customer.

    `stages` maps a journey to (stage, entered at, visit); `cases` a kind to the open ones by their refs; `starts`
    a journey/rule to [[instant, key, visit], …]; `silences`, `dwells` and `calendar` (anniversaries, dates, schedules)
    map a definition to when it falls due, `heard` a silence to the touchpoint it counts from; `awaited` a message's key
    to [due, what, message, channel] where something has to come back of it: a receipt, or the end of a person's task,
    there with the cases that it answers once it is done;
    `exposures` a `Split` to [variant, since when, whether it is spoilt], spoilt being a merge of two people in
    different variants. `segments` maps `journey/segment` of those the customer is in to since when, `lapses` one to
    when it is looked at again; under an empty name that is when all of them are. `noticed` maps a definition of the
    calendar to the last dates that came, `occasions` a touchpoint type to the last instants of it (`core.rhythm`).
    `bursts` are being collected, `deferred` entries wait for a place. `releases` maps a journey to the
    release that the customer has met last, without those never released anew. `reopenable` has the cases by kind and
    ref that were closed not long ago: [closed at, opening, severity, owner].

    All mappings are changed by `core.held.put` and `dropped` alone. What few have any of is in `rare`, one object for
    everybody else, and is set by its own name.
    """

    id: str = attrs.field(repr=False)
    profile: Profile = attrs.Factory(Profile)
    now: int = 0
    orders: int = 0
    fences: int = 0
    version: str = ""
    zone_data: str = ""
    stages: Mapping[str, Sequence[Any]] = NONE
    cases: Held = attrs.field(default=NONE, repr=False)
    signals: Past = attrs.field(factory=Past, repr=False)
    starts: Mapping[str, Sequence[Record]] = attrs.field(default=NONE, repr=False)
    silences: Mapping[str, int] = NONE
    heard: Mapping[str, int] = NONE
    runs: tuple[Run, ...] = ()
    pending: tuple[Pending, ...] = ()
    history: tuple[HandOver, ...] = ()
    releases: Mapping[str, int] = NONE
    rare: Rare = attrs.field(default=COMMON, eq=_VALUES_OF_RARE)

    closed = _Part[Mapping[str, int]]("closed")
    dwells = _Part[Mapping[str, int]]("dwells")
    calendar = _Part[Mapping[str, Record]]("calendar")
    watches = _Part[tuple[Watch, ...]]("watches")
    parked = _Part[tuple[Record, ...]]("parked")
    awaited = _Part[Mapping[str, Record]]("awaited")
    exposures = _Part[Mapping[str, Record]]("exposures")
    segments = _Part[Mapping[str, int]]("segments")
    lapses = _Part[Mapping[str, int]]("lapses")
    bursts = _Part[tuple[Burst, ...]]("bursts")
    deferred = _Part[tuple[Deferred, ...]]("deferred")
    noticed = _Part[Mapping[str, Sequence[str]]]("noticed")
    occasions = _Part[Mapping[str, Sequence[int]]]("occasions")
    reopenable = _Part[Mapping[str, Mapping[str, Record]]]("reopenable")

    def case_open(self, kind: str | None, ref: str | None) -> bool:
        """Whether a case of this kind (or any) with this ref (or any) is open."""
        if not self.cases:
            return False
        if kind is None:
            return any(ref is None or resolved(self.cases, each, ref) in refs for each, refs in self.cases.items())
        refs = self.cases.get(kind)
        return refs is not None and bool(refs) and (ref is None or resolved(self.cases, kind, ref) in refs)

    def stage_of(self, journey: str | None) -> str | None:
        """The current stage in a journey, or None."""
        held = self.stages.get(journey or "")
        return None if held is None else str(held[0])

    def run_by_order(self, order: int) -> Run | None:
        """The live run with this number."""
        for run in self.runs:
            if run.order == order:
                return run
        return None

    def pending_by_key(self, key: str) -> Pending | None:
        """The unfinished message with this key."""
        for pending in self.pending:
            if pending.key == key:
                return pending
        return None

    def next_dues(self) -> tuple[int, int]:
        """The earliest instants at which a timer and a message of this customer fall due; `NEVER` for none."""
        # Asked after every decision, mostly of somebody who has nothing of it. A plain loop takes less time than a
        # generator, and no loop next to none.
        if not (self.runs or self.silences or self.cases or self.pending) and self.rare is COMMON:
            return _NOTHING_DUE
        earliest = NEVER
        for due in self.silences.values():
            if due < earliest:  # noqa: PLR1730 - min() would be a call
                earliest = due
        for run in self.runs:
            if run.due is not None and run.due < earliest:
                earliest = run.due
            if run.look is not None and run.look < earliest:
                earliest = run.look
        if self.rare is not COMMON:
            earliest = min(earliest, self._rarer_due())
        if self.cases:
            earliest = min(earliest, next_deadline(self.cases))
        return earliest, self._next_message() if self.pending else NEVER

    def _next_message(self) -> int:
        """While a message is on its way the others wait for it, at most until its lease is over."""
        due = lease = NEVER
        for pending in self.pending:
            if pending.status == IN_FLIGHT:
                lease = min(lease, pending.lease or NEVER)
            elif pending.due is not None and pending.due < due:
                due = pending.due
        return due if lease == NEVER else lease

    def _rarer_due(self) -> int:
        rare = self.rare
        entries = [int(entry[0]) for held in (rare.calendar, rare.awaited) for entry in held.values()]
        bursts = [burst.due for burst in rare.bursts]
        return min([*rare.dwells.values(), *rare.lapses.values(), *bursts, *entries], default=NEVER)


def without(held: tuple[T, ...], one: T) -> tuple[T, ...]:
    """All but this very one, for what is never changed in place."""
    if len(held) == 1 and held[0] is one:  # nearly always
        return ()
    return tuple([each for each in held if each is not one])  # a list is quicker than a generator
