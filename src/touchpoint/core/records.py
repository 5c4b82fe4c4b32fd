"""What is remembered of one customer as it is written: positional JSON lists, readable for ever (S11.6)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import compress
from operator import attrgetter
from sys import intern
from typing import Any, Final

import attrs

from touchpoint.compact import compact, quoted
from touchpoint.core.cases import cases_from_record, cases_to_record
from touchpoint.core.collected import Burst, Collected, Deferred
from touchpoint.core.held import NONE, One, few
from touchpoint.core.kept import NO_LETTERS, Letters, kept_from_record, kept_to_record, kept_to_text
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.state import COMMON, Address, Pending, Profile, Rare, Record, Run, State, Watch
from touchpoint.model.preference import Preferences
from touchpoint.policy.facts import ConsentFact, HandOver

STATE_VERSION: Final = 3
"""The form in which states are written. In the second, logs were longer; in the first, each part had a place."""
_PROFILE_VERSION: Final = 1


def _values_of(cls: type) -> Callable[[object], tuple[object, ...]]:
    """All values of an attrs object in the order of its class: a position never changes its meaning."""
    return attrgetter(*(field.name for field in attrs.fields(cls)))


_VALUES_OF_PENDING: Final = _values_of(Pending)
_VALUES_OF_HAND_OVER: Final = _values_of(HandOver)
_VALUES_OF_ADDRESS: Final = _values_of(Address)
_VALUES_OF_FACT: Final = _values_of(ConsentFact)


VERSION_AT: Final = 4
"""Where a record of a state has the version of the program that it is up to."""
_HEAD: Final = 6
"""How much every state has; what comes after it in a record are parts, each with its place before it."""
_FIRST: Final = 21
"""How much every record of the first form has."""
_PLACES: Final = (
    "stages", "cases", "closed", "signals", "starts", "silences", "heard", "dwells", "calendar", "runs", "watches",
    "pending", "history", "awaited", "parked", "exposures", "segments", "lapses", "bursts", "deferred", "noticed",
    "occasions", "releases", "reopenable",
)  # fmt: skip
"""The parts of a state, the first at place `_HEAD`: a place never changes its meaning."""
_PART_AT: Final[Mapping[int, str]] = dict(enumerate(_PLACES, _HEAD))
_STAGES, _SIGNALS, _HISTORY = (_HEAD + _PLACES.index(name) for name in ("stages", "signals", "history"))
_RARE: Final = tuple(place for place, name in _PART_AT.items() if name in Rare.__slots__)
_RARE_OF: Final = attrgetter(*map(_PART_AT.__getitem__, _RARE))
_SOME: Final = tuple(sorted({*_PART_AT} - {*_RARE, _STAGES, _SIGNALS}))
_SOME_OF: Final = attrgetter(*map(_PART_AT.__getitem__, _SOME))


def state_to_record(state: State) -> Record:
    """Everything but the profile, as a JSON list: of the parts those that are not empty, which are few."""
    record: Record = [STATE_VERSION, state.now, state.orders, state.fences, state.version, state.zone_data]
    if state.stages:
        record += (_STAGES, state.stages)
    record += _beside(state)
    return [*record, _SIGNALS, kept_to_record(state.signals)] if state.signals else record


def state_to_text(state: State, dumps: Callable[[object], str]) -> str:
    """`state_to_record` as text; `dumps` writes JSON. What nearly every state has is put together without it."""
    stages, past = state.stages, state.signals
    head = _head_to_text(state.now, state.orders, state.fences, state.version, state.zone_data)
    if type(stages) is One:  # as most are
        stage, at, visit = stages.value
        moved = f"{_stage_to_text(stages.key, stage)},{at},{visit}]}}"
    else:
        moved = f",{_STAGES},{dumps(stages)}" if stages else ""
    kept = f",{_SIGNALS},{kept_to_text(past, dumps)}" if past.who or past.data else ""
    return f"[{head}{moved}{_beside_to_text(state, dumps)}{kept}]"


@lru_cache(maxsize=1_024)  # those of one batch are written at one instant, and few have had many runs
def _head_to_text(now: int, orders: int, fences: int, version: str, zone_data: str) -> str:
    """What every state has."""
    return f"{STATE_VERSION},{now},{orders},{fences},{_versions_to_text(version, zone_data)}"


@lru_cache(maxsize=256)  # nearly all customers have the same ones
def _versions_to_text(version: str, zone_data: str) -> str:
    return f"{compact(version)},{compact(zone_data)}"


@lru_cache(maxsize=4_096)  # a program has few, and each comes with every customer
def _stage_to_text(journey: str, stage: str) -> str:
    """The place of stages, and the stage of a journey, up to its instant."""
    return f",{_STAGES},{{{compact(journey)}:[{compact(stage)}"


def _beside_to_text(state: State, dumps: Callable[[object], str]) -> str:
    """`_beside` as text, each place and part after a comma."""
    text = ""
    for place, part in _some(state):
        if place == _HISTORY:
            text += f",{place},{_history_to_text(part, dumps)}"
        else:
            text += f",{place},{dumps(_WRITE[place](part) if place in _WRITE else part)}"
    if state.rare is not COMMON and (rare := _rare_to_record(state.rare)):
        text += f",{dumps(rare)[1:-1]}"
    return text


def _history_to_text(history: Iterable[HandOver], dumps: Callable[[object], str]) -> str:
    """Hand-overs as a JSON list; those of runs without a key, as most are, are put together without `dumps`."""
    texts = [
        f"[{it.at},{quoted(it.key)},"
        f"{_handed_to_text(it.journey, it.message, it.kind, it.channel, it.counted, it.state)},null]"
        if it.about is None
        else dumps(_VALUES_OF_HAND_OVER(it))
        for it in history
    ]
    return f"[{','.join(texts)}]"


@lru_cache(maxsize=4_096)  # a program has few messages, and each comes with every customer who got it
def _handed_to_text(journey: str, message: str, kind: str, channel: str, counted: bool, state: str) -> str:  # noqa: FBT001 - as they stand in a hand-over
    return compact([journey, message, kind, channel, counted, state])[1:-1]


def _beside(state: State) -> Record:
    """The places and parts that few have: all but stages and signals."""
    record: Record = []
    for place, part in _some(state):
        record += (place, _WRITE[place](part) if place in _WRITE else part)
    return record if state.rare is COMMON else record + _rare_to_record(state.rare)


def _some(state: State) -> "compress[tuple[int, Any]]":
    """Those of these parts that are not empty, with their places; what is rare is not among them."""
    some = _SOME_OF(state)
    return compress(zip(_SOME, some, strict=True), some)


def _rare_to_record(rare: Rare) -> Record:
    parts = _RARE_OF(rare)
    record: Record = []
    for place, part in compress(zip(_RARE, parts, strict=True), parts):
        record += (place, _WRITE[place](part) if place in _WRITE else part)
    return record


def state_from_record(customer: str, profile: Profile, record: Record, letters: Letters = NO_LETTERS) -> State:
    """The state that `state_to_record` wrote, now or ever.

    Args:
        customer: the host's id.
        profile: of that customer.
        record: a JSON list.
        letters: of the signals at work, which what it remembers then shares.

    Raises:
        ValueError: it has too few parts.
    """
    _, now, orders, fences, version, zone_data, *_ = record
    parts = dict(_parts(record))
    signals = kept_from_record(parts.pop(_SIGNALS, NONE), letters)
    state = State(customer, profile, now, orders, fences, _shared(version), _shared(zone_data), signals=signals)
    for place, part in parts.items():
        if part:
            read = _READ.get(place)
            setattr(state, _PART_AT[place], few(part) if read is None else read(part))
    return state


def _shared(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The one text of all that are alike, since names come with every customer."""
    return intern(value) if type(value) is str else value


def _parts(record: Record) -> Iterable[tuple[int, Any]]:
    """The places and parts of a record. In the first form there were all of them, in their order."""
    if record[0] == 1:
        if len(record) < _FIRST:
            raise ValueError("a record in the first form has all of its parts")
        return enumerate(record[_HEAD:], _HEAD)
    return zip(record[_HEAD::2], record[_HEAD + 1 :: 2], strict=True)


def _part_in(record: Record, name: str) -> Any:  # noqa: ANN401 - JSON
    return next((part for place, part in _parts(record) if _PART_AT[place] == name), None)


def runs_in(record: Record) -> list[Record]:
    """The records of the live runs, of a record that `state_to_record` wrote; to be changed in place."""
    return _part_in(record, "runs") or []


def stages_in(record: Record) -> object:
    """`State.stages`, of a record that `state_to_record` wrote."""
    return _part_in(record, "stages") or {}


def has_case(record: Record) -> bool:
    """Whether a case is open, of a record that `state_to_record` wrote."""
    return bool(_part_in(record, "cases"))


def releases_in(record: Record) -> Mapping[str, int]:
    """`State.releases`, likewise."""
    return _part_in(record, "releases") or NONE


def parked_in(record: Record) -> list[Record]:
    """What is parked, of a record that `state_to_record` wrote."""
    return _part_in(record, "parked") or []


def _pending_to_record(pending: Pending) -> Sequence[object]:
    values = _VALUES_OF_PENDING(pending)
    return values if pending.taken is not None else values[:-1]  # most draw on no account


def _pending_from_record(record: Record) -> Pending:
    pending = Pending(*record)
    pending.reasons = tuple(pending.reasons)
    return pending


def _run_to_record(run: Run) -> Record:
    same = run.event is run.trigger
    return [
        run.id, run.journey, run.rule, run.key, run.started, run.order, occurrence_to_record(run.trigger),
        None if same else occurrence_to_record(run.event), run.no, run.node, run.waiting, run.due, run.look, run.local,
        run.message, run.visits, run.outcomes, [[number, occurrence_to_record(each)] for number, each in run.kept],
        run.arrived, run.mark, run.reached, _collected_to_record(run.collected),
        run.results, run.since, run.release, run.told, run.cases,
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
    run.kept = tuple([(number, occurrence_from_record(each)) for number, each in kept])
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
        _PROFILE_VERSION, profile.traits, [*map(_VALUES_OF_ADDRESS, profile.addresses)], list(profile.zones),
        profile.locale,
        [[*key, *_VALUES_OF_FACT(fact)] for key, fact in profile.consents.items()],
        None if preferences is None else preferences.to_record(),
    ]  # fmt: skip


def profile_from_record(record: Record) -> Profile:
    """The profile that `profile_to_record` wrote."""
    _, traits, addresses, zones, locale, consents, preferences = record
    return Profile(
        {intern(name): _shared(value) for name, value in traits.items()},
        [Address(_shared(each[0]), each[1], *map(_shared, each[2:])) for each in addresses],
        tuple(map(intern, zones)), _shared(locale),
        {(intern(purpose), intern(channel)): ConsentFact(*map(_shared, fact)) for purpose, channel, *fact in consents},
        None if preferences is None else Preferences.from_record(preferences),
    )  # fmt: skip


_Of = Mapping[str, Callable[[Any], object]]
_WRITES: Final[_Of] = {
    "cases": cases_to_record,
    "runs": lambda runs: [*map(_run_to_record, runs)],
    "pending": lambda pending: [*map(_pending_to_record, pending)],
    "history": lambda history: [*map(_VALUES_OF_HAND_OVER, history)],
    "watches": lambda watches: [*map(_watch_to_record, watches)],
    "bursts": lambda bursts: [*map(burst_to_record, bursts)],
    "deferred": lambda deferred: [*map(_deferred_to_record, deferred)],
}
_READS: Final[_Of] = {
    "stages": lambda stages: few({intern(name): (intern(held[0]), *held[1:]) for name, held in stages.items()}),
    "cases": cases_from_record,
    "runs": lambda runs: tuple(map(run_from_record, runs)),
    "watches": lambda watches: tuple(map(_watch_from_record, watches)),
    "pending": lambda pending: tuple(map(_pending_from_record, pending)),
    "history": lambda history: tuple(HandOver(at, key, *map(_shared, more)) for at, key, *more in history),
    "parked": tuple,
    "bursts": lambda bursts: tuple(map(burst_from_record, bursts)),
    "deferred": lambda deferred: tuple(map(_deferred_from_record, deferred)),
}
_WRITE: Final = {place: _WRITES[name] for place, name in _PART_AT.items() if name in _WRITES}
"""How parts are written that are no JSON as they are, by place."""
_READ: Final = {place: _READS[name] for place, name in _PART_AT.items() if name in _READS}
"""How they are read."""
