"""What is remembered of one customer: as much as decisions need, and no more.

Everything is mutable and small; `state_to_record` and its siblings give positional JSON lists. Instants are
microseconds UTC.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from touchpoint.core.cases import Held, cases_from_record, cases_to_record, next_deadline, resolved
from touchpoint.core.collected import Burst, Collected, Deferred
from touchpoint.core.held import NONE
from touchpoint.core.kept import kept_from_record, kept_to_record
from touchpoint.core.occurrence import Occurrence
from touchpoint.model.preference import Preferences
from touchpoint.policy.facts import ConsentFact, HandOver

T = TypeVar("T")

STATE_VERSION: Final = 1

Record: TypeAlias = list[Any]
"""A positional JSON list."""

WAITING: Final = "waiting"
IN_FLIGHT: Final = "in_flight"
NEVER: Final = 1 << 63


@attrs.define
class Address:
    """One address of a customer and how it stands: `active`, `dormant` or `suppressed`."""

    kind: str
    key: str = attrs.field(repr=False)
    standing: str = "active"
    reason: str = ""


@attrs.define
class Profile:
    """What the host told us of a customer. Kept apart from the rest because it changes seldom."""

    traits: dict[str, object] = attrs.field(factory=dict, repr=False)
    addresses: list[Address] = attrs.field(factory=list, repr=False)
    zones: tuple[str, ...] = ()
    locale: str | None = None
    consents: dict[tuple[str, str], ConsentFact] = attrs.field(factory=dict, repr=False)
    preferences: Preferences | None = None


@attrs.define
class Run:
    """A live run of a rule.

    `order` numbers the customer's runs as they started; `no` is the store's number. `node` is the step it stands at and
    `waiting` what for: `time`, `event`, `until`, `message`. `due` is when its timer fires, `look` when a window lapses
    that a condition of it looks through, `local` the (local time, zone) a calendar wait stands for. `kept` holds
    (number, occurrence) for `WaitFor`s still to come, `mark` is the number at the last Send, Ask or Give.
    `collected` is what a rule with `collect=` brought together, `results` what functions of the host have returned, by
    their names. `since` is when its wait began, `release` the one it is pinned to; 0 where it goes by what is at
    work. `told` maps the key of a message of this run to its name and what came back of it, kept where a condition
    asks. `cases` are the [kind, ref] that it is about.
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
    visits: dict[str, int] = attrs.Factory(dict)
    outcomes: dict[str, str] = attrs.Factory(dict)
    kept: list[tuple[int, Occurrence]] = attrs.Factory(list)
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


@attrs.define
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
    outcomes: dict[str, str] = attrs.Factory(dict)
    collected: Collected | None = None
    results: Mapping[str, object] = attrs.field(default=NONE, repr=False)
    release: int = 0
    id: str = ""
    visits: dict[str, int] = attrs.Factory(dict)
    told: Mapping[str, Sequence[str]] = NONE


@attrs.define
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
    refused: dict[str, str] = attrs.Factory(dict)
    reasons: list[Record] = attrs.Factory(list)
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


@attrs.define
class State:
    """The state of one customer.

    `stages` maps a journey to [stage, entered at, visit]; `cases` a kind to the open ones by their refs; `starts`
    a journey/rule to [[instant, key], …]; `silences`, `dwells` and `calendar` (anniversaries, dates, schedules) map a
    definition to when it falls due, `heard` a silence to the touchpoint it counts from; `awaited` a message's key to
    [due, what, message, channel] where something has to come back of it: a receipt, or the end of a person's task,
    there with the cases that it answers once it is done;
    `exposures` a `Split` to [variant, since when, whether it is spoilt], spoilt being a merge of two people in
    different variants. `segments` maps `journey/segment` of those the customer is in to since when, `lapses` one to
    when it is looked at again; under an empty name that is when all of them are. `noticed` maps a definition of the
    calendar to the last dates that came, `occasions` a touchpoint type to the last instants of it (`core.rhythm`).
    `bursts` are being collected, `deferred` entries wait for a place. `releases` maps a journey to the
    release that the customer has met last, without those never released anew. `reopenable` has the cases by kind and
    ref that were closed not long ago: [closed at, opening, severity, owner].
    """

    id: str = attrs.field(repr=False)
    profile: Profile = attrs.Factory(Profile)
    now: int = 0
    orders: int = 0
    fences: int = 0
    version: str = ""
    zone_data: str = ""
    stages: dict[str, Record] = attrs.Factory(dict)
    cases: Held = attrs.field(factory=dict, repr=False)
    closed: Mapping[str, int] = NONE
    signals: dict[str, object] = attrs.field(factory=dict, repr=False)
    starts: Mapping[str, list[Record]] = attrs.field(default=NONE, repr=False)
    silences: Mapping[str, int] = NONE
    heard: Mapping[str, int] = NONE
    dwells: Mapping[str, int] = NONE
    calendar: Mapping[str, Record] = NONE
    runs: tuple[Run, ...] = ()
    watches: tuple[Watch, ...] = ()
    pending: tuple[Pending, ...] = ()
    history: tuple[HandOver, ...] = ()
    parked: tuple[Record, ...] = attrs.field(default=(), repr=False)
    awaited: Mapping[str, Record] = attrs.field(default=NONE, repr=False)
    exposures: Mapping[str, Record] = NONE
    segments: Mapping[str, int] = NONE
    lapses: Mapping[str, int] = NONE
    bursts: tuple[Burst, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    noticed: Mapping[str, Sequence[str]] = NONE
    occasions: Mapping[str, Sequence[int]] = NONE
    releases: Mapping[str, int] = NONE
    reopenable: Mapping[str, Mapping[str, Record]] = attrs.field(default=NONE, repr=False)

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
        # Asked after every decision: a plain loop is half the time of a generator.
        earliest = NEVER
        for due in self.silences.values():
            if due < earliest:  # noqa: PLR1730 - min() would be a call
                earliest = due
        for run in self.runs:
            if run.due is not None and run.due < earliest:
                earliest = run.due
            if run.look is not None and run.look < earliest:
                earliest = run.look
        if self.dwells or self.calendar or self.awaited or self.lapses or self.bursts:
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
        entries = [int(entry[0]) for held in (self.calendar, self.awaited) for entry in held.values()]
        return min([*self.dwells.values(), *self.lapses.values(), *(burst.due for burst in self.bursts), *entries])


def without(held: tuple[T, ...], one: T) -> tuple[T, ...]:
    """All but this very one, for what is never changed in place."""
    return tuple([each for each in held if each is not one])  # a list is quicker than a generator


def _values_of(cls: type) -> Callable[[object], tuple[object, ...]]:
    """All values of an attrs object in the order of its class: a position never changes its meaning."""
    return attrgetter(*(field.name for field in attrs.fields(cls)))


_VALUES_OF_PENDING: Final = _values_of(Pending)
_VALUES_OF_HAND_OVER: Final = _values_of(HandOver)
_VALUES_OF_ADDRESS: Final = _values_of(Address)
_VALUES_OF_FACT: Final = _values_of(ConsentFact)


VERSION_AT: Final = 4
"""Where a record of a state has the version of the program that it is up to."""
_CASES: Final = 7
_RUNS: Final = 15
_PARKED: Final = 20
_RELEASES: Final = 28
"""Where a record of a state has what is parked."""


def state_to_record(state: State) -> Record:
    """Everything but the profile, as a positional JSON list."""
    return [
        STATE_VERSION, state.now, state.orders, state.fences, state.version, state.zone_data, state.stages,
        cases_to_record(state.cases) if state.cases else {},
        state.closed, kept_to_record(state.signals), state.starts, state.silences, state.heard, state.dwells,
        state.calendar,
        [_run_to_record(run) for run in state.runs],
        [_watch_to_record(watch) for watch in state.watches],
        [*map(_pending_to_record, state.pending)],
        [*map(_VALUES_OF_HAND_OVER, state.history)],
        state.awaited, state.parked, state.exposures, state.segments, state.lapses,
        [*map(burst_to_record, state.bursts)],
        [*map(_deferred_to_record, state.deferred)],
        state.noticed, state.occasions, state.releases,
        # Few journeys have any, and every customer would pay for it.
        *([state.reopenable] if state.reopenable else ()),
    ]  # fmt: skip


_LATER: Final[tuple[Any, ...]] = ({}, {}, NONE, (), (), NONE, NONE, NONE, NONE)
"""What a state has at its end since the first version, as those that were stored before it had it."""


def state_from_record(customer: str, profile: Profile, record: Record) -> State:
    """The state that `state_to_record` wrote."""
    (_, now, orders, fences, version, zone_data, stages, cases, closed, signals, starts, silences, heard, dwells,
     calendar, runs, watches, pending, history, awaited, parked, *more) = record  # fmt: skip
    exposures, segments, lapses, bursts, deferred, noticed, *last = [*more, *_LATER[len(more) :]]
    occasions, releases, reopenable = last
    return State(
        customer, profile, now, orders, fences, version, zone_data, stages, cases_from_record(cases),
        closed or NONE, kept_from_record(signals), starts or NONE, silences or NONE, heard or NONE, dwells or NONE,
        calendar or NONE,
        tuple(map(run_from_record, runs)),
        tuple(map(_watch_from_record, watches)),
        tuple(Pending(*each) for each in pending),
        tuple(HandOver(*each) for each in history),
        tuple(parked),
        awaited or NONE,
        exposures or NONE,
        segments or NONE,
        lapses or NONE,
        tuple(map(burst_from_record, bursts)),
        tuple(map(_deferred_from_record, deferred)),
        noticed or NONE,
        occasions or NONE,
        releases or NONE,
        reopenable or NONE,
    )  # fmt: skip


def runs_in(record: Record) -> list[Record]:
    """The records of the live runs, of a record that `state_to_record` wrote."""
    runs: list[Record] = record[_RUNS]
    return runs


def has_case(record: Record) -> bool:
    """Whether a case is open, of a record that `state_to_record` wrote."""
    return bool(record[_CASES])


def releases_in(record: Record) -> Mapping[str, int]:
    """`State.releases`, likewise."""
    releases: Mapping[str, int] = record[_RELEASES] if len(record) > _RELEASES else NONE
    return releases


def parked_in(record: Record) -> list[Record]:
    """What is parked, of a record that `state_to_record` wrote."""
    parked: list[Record] = record[_PARKED]
    return parked


def _pending_to_record(pending: Pending) -> Sequence[object]:
    values = _VALUES_OF_PENDING(pending)
    return values if pending.taken is not None else values[:-1]  # most draw on no account


def _run_to_record(run: Run) -> Record:
    same = run.event is run.trigger
    return [
        run.id, run.journey, run.rule, run.key, run.started, run.order, occurrence_to_record(run.trigger),
        None if same else occurrence_to_record(run.event), run.no, run.node, run.waiting, run.due, run.look, run.local,
        run.message, run.visits, run.outcomes, [[number, occurrence_to_record(each)] for number, each in run.kept],
        run.arrived, run.mark, run.reached, _collected_to_record(run.collected), run.results, run.since,
        run.release, run.told, run.cases,
    ]  # fmt: skip


def _collected_to_record(collected: Collected | None) -> Record | None:
    return None if collected is None else [collected.count, [*map(occurrence_to_record, collected.kept)]]


def _collected_from_record(record: Any) -> Collected | None:  # noqa: ANN401 - JSON
    return None if record is None else Collected(record[0], [*map(occurrence_from_record, record[1])])


def burst_to_record(burst: Burst) -> Record:
    """A burst as a positional JSON list."""
    return [burst.journey, burst.rule, burst.key, burst.due, _collected_to_record(burst.what)]


def burst_from_record(record: Record) -> Burst:
    """The burst that `burst_to_record` wrote."""
    journey, rule, key, due, (count, kept) = record
    return Burst(journey, rule, key, due, Collected(count, [*map(occurrence_from_record, kept)]))


def _deferred_to_record(entry: Deferred) -> Record:
    trigger, collected = occurrence_to_record(entry.trigger), _collected_to_record(entry.collected)
    return [entry.journey, entry.rule, entry.key, entry.until, trigger, collected]


def _deferred_from_record(record: Record) -> Deferred:
    journey, rule, key, until, trigger, collected = record
    return Deferred(journey, rule, key, until, occurrence_from_record(trigger), _collected_from_record(collected))


def _watch_to_record(watch: Watch) -> Record:
    trigger = occurrence_to_record(watch.trigger)
    collected = _collected_to_record(watch.collected)
    return [
        watch.order, watch.journey, watch.rule, watch.key, watch.until, trigger, watch.outcomes, collected,
        watch.results, watch.release, watch.id, watch.visits, watch.told,
    ]  # fmt: skip


def _watch_from_record(record: Record) -> Watch:
    order, journey, rule, key, until, trigger, *rest = record
    watch = Watch(order, journey, rule, key, until, occurrence_from_record(trigger), *rest)
    watch.collected = _collected_from_record(watch.collected)
    return watch


def run_from_record(record: Record) -> Run:
    """The run that is written in the record of a state."""
    identity, journey, rule, key, started, order, first, last, *rest = record
    trigger = occurrence_from_record(first)
    event = trigger if last is None else occurrence_from_record(last)
    run = Run(identity, journey, rule, key, started, order, trigger, event, *rest)
    kept: Any = run.kept
    run.kept = [(number, occurrence_from_record(each)) for number, each in kept]
    if run.local is not None:
        run.local = (run.local[0], run.local[1])
    run.collected = _collected_from_record(run.collected)
    return run


def occurrence_to_record(each: Occurrence) -> Record:
    """An occurrence as a positional JSON list."""
    plain = [each.kind, each.name, each.at, each.id, each.properties, each.channel, each.location, each.direction]
    # Most are about no message, and are written with every customer.
    return plain if each.about is None and not each.chain else [*plain, each.about, each.chain]


def occurrence_from_record(record: Record) -> Occurrence:
    """The occurrence that `occurrence_to_record` wrote."""
    return Occurrence(*record)


def profile_to_record(profile: Profile) -> Record:
    """A profile as a positional JSON list."""
    preferences = profile.preferences
    return [
        STATE_VERSION, profile.traits, [*map(_VALUES_OF_ADDRESS, profile.addresses)], list(profile.zones),
        profile.locale,
        [[*key, *_VALUES_OF_FACT(fact)] for key, fact in profile.consents.items()],
        None if preferences is None else preferences.to_record(),
    ]  # fmt: skip


def profile_from_record(record: Record) -> Profile:
    """The profile that `profile_to_record` wrote."""
    _, traits, addresses, zones, locale, consents, preferences = record
    return Profile(
        traits, [Address(*each) for each in addresses], tuple(zones), locale,
        {(purpose, channel): ConsentFact(*fact) for purpose, channel, *fact in consents},
        None if preferences is None else Preferences.from_record(preferences),
    )  # fmt: skip
