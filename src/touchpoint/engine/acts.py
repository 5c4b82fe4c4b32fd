"""What the methods of the engine do inside a transaction: one function for each act."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, get_args

import attrs

from touchpoint.channels.base import Adapter, normalise_address
from touchpoint.core.advance import advance, work_off
from touchpoint.core.calendar import arm_calendar
from touchpoint.core.changes import Before, changes, look
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import Address
from touchpoint.engine import changed, erased
from touchpoint.engine.hearing import answered, hear
from touchpoint.engine.intake import (
    Prepared,
    Recorded,
    all_newly_recorded,
    instant_of,
    newly_recorded,
    prepare,
    text_of,
    texts_of,
)
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.engine.writing import consent_row
from touchpoint.errors import (
    CustomerErased,
    DefectiveJourney,
    InvalidInput,
    InvalidTouchpoint,
    StoreCorrupt,
    UnknownName,
)
from touchpoint.journey.journey import Journey
from touchpoint.model.case import about_case
from touchpoint.model.consent import Basis
from touchpoint.model.delivery import formerly
from touchpoint.model.names import type_of
from touchpoint.model.payload import TEXT, checked
from touchpoint.model.preference import Preferences
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.policy.consent import newer
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import EntryRow
from touchpoint.zones import tz_version, zone

_CIRCLE: Final = 3
_SWEEP: Final = 1_000
_WORD: Final = 200
_LOCALE: Final = 100
_BASES: Final = get_args(Basis)
_ZONE_DATA: Final = "zone_data"


def declared_types(journeys: Sequence[Journey]) -> dict[str, type]:
    """Declared touchpoint types by name."""
    return {type_of(cls): cls for journey in journeys for cls in journey.touchpoints}


def numbered(
    given: Sequence[Touchpoint], first: int, now: int | None, skew: int, declared: Mapping[str, type]
) -> list[Prepared]:
    """`prepare` for each of them, with the touchpoint's place in its error; `first` is that of the first."""
    if not declared and len(given) > 1:
        from touchpoint.engine.columns import prepare_all

        together = prepare_all(given, now, skew)
        if together is not None:
            return together
    prepared: list[Prepared] = []
    try:
        prepared.extend(prepare(each, now=now, skew=skew, declared=declared) for each in given)
    except InvalidTouchpoint as error:
        raise InvalidTouchpoint(f"touchpoints[{first + len(prepared)}]: {error}") from None
    return prepared


def follow_zone_data(unit: Unit) -> None:
    """Where the time-zone data are others than when this store was last at work, calendar waits are set anew (S2.2)."""
    if unit.tx.meta().get(_ZONE_DATA) == tz_version():
        return
    for row in unit.tx.all_customers():
        if row.due is not None:
            with suppress(StoreCorrupt):  # it is reported when somebody asks for that customer; the others go on
                unit.by_number(row.no)
        if len(unit.dirty) >= _SWEEP:
            unit.flush()
    unit.changes.meta[_ZONE_DATA] = tz_version()


# Touchpoints.


def take_touchpoints(unit: Unit, prepared: Sequence[Prepared], now: int, late_after: int) -> list[Recorded]:
    """Record touchpoints in their order and decide what follows from each."""
    owners = _owners(unit, prepared, now)
    pairs = [(each.id, owner.no) for each, owner in zip(prepared, owners, strict=True)]
    # Of somebody whom the store does not have yet, it has no touchpoint either.
    asked = [pair for pair, owner in zip(pairs, owners, strict=True) if not owner.is_new]
    seen = unit.seen(pairs, asked)
    if not seen and len({*pairs}) == len(pairs):  # as nearly always
        lates = [take_one(unit, owner, each, now, late_after) for each, owner in zip(prepared, owners, strict=True)]
        return all_newly_recorded([each.id for each in prepared], lates)
    taken: dict[tuple[str, int], Prepared] = {}
    results = []
    for each, owner, pair in zip(prepared, owners, pairs, strict=True):
        if taken.setdefault(pair, each) is not each:
            results.append(Recorded(each.id, duplicate=True, differs=_differs_from_first(each, taken[pair])))
        elif seen and pair in seen:
            del taken[pair]
            results.append(Recorded(each.id, duplicate=True, differs=_differs(each, seen[pair])))
        else:
            results.append(newly_recorded(each.id, late=take_one(unit, owner, each, now, late_after)))
    return results


def take_touchpoint(unit: Unit, each: Prepared, now: int, late_after: int, *, may_be_known: bool) -> Recorded:
    """Record a single touchpoint and decide what follows from it: what `take_touchpoints` does with one.

    Args:
        unit: in which it happens.
        each: what was handed in.
        now: microseconds UTC.
        late_after: microseconds after which it starts nothing.
        may_be_known: its id is the host's, which may have been recorded before; one made for it is new.
    """
    loaded = unit.cache.find(each.customer) or unit.find_or_add(each.customer, now)  # nearly always at hand
    if may_be_known:
        entry = unit.entry_of(each.id, loaded)
        if entry is not None:
            return Recorded(each.id, duplicate=True, differs=_differs(each, entry))
    return newly_recorded(each.id, late=take_one(unit, loaded, each, now, late_after))


def _owners(unit: Unit, prepared: Sequence[Prepared], now: int) -> Sequence[Loaded]:
    """Whose touchpoints they are; who is not known yet is created."""
    customers = [each.customer for each in prepared]
    at_hand = unit.cache.all_of(customers)  # as nearly always
    if at_hand is not None:
        return at_hand
    known, unknown = unit.prefetch(customers)
    for customer in unknown:
        try:
            known[customer] = unit.add(customer, now)
        except CustomerErased:
            raise CustomerErased(customers.index(customer) if len(customers) > 1 else None) from None
    return [known[each] for each in customers]


def _differs_from_first(each: Prepared, first: Prepared) -> bool:
    same = (first.body, first.occurrence.name) == (each.body, each.occurrence.name) and each.at in (None, first.at)
    return not same


def _differs(each: Prepared, entry: EntryRow) -> bool:
    return (
        entry.body != each.body or entry.type != each.occurrence.name or (each.at is not None and each.at != entry.at)
    )


def take_one(unit: Unit, loaded: Loaded, each: Prepared, now: int, late_after: int) -> bool:
    """Record one touchpoint that is known to be new; whether it came too late to start anything."""
    if now < loaded.state.now:  # noqa: PLR1730 - max() is a call, here and below, and this is where each event passes
        now = loaded.state.now
    at = now if each.at is None else each.at
    late = now - at > late_after
    each.occurrence.at = at if at < now else now  # noqa: FURB136
    hear(unit, loaded, each.occurrence)
    unit.touchpoint(loaded, each.occurrence, each.body, now, at=at, late=late)
    return late


# Profiles.


@attrs.frozen
class ProfileNews:
    """What `identify` was told, checked."""

    traits: dict[str, object] | None = attrs.field(repr=False)
    addresses: dict[str, list[str]] | None = attrs.field(repr=False)
    zones: tuple[str, ...] | None
    locale: str | None


def profile_news(
    traits: Mapping[str, object] | None, addresses: Mapping[str, str | Sequence[str]] | None,
    timezone: str | Sequence[str] | None, locale: str | None, adapters: Mapping[str, Adapter], declared: type | None,
) -> ProfileNews:  # fmt: skip
    """Check what `identify` was told. Raises InvalidInput, UnknownName for a time zone."""
    zones = None if timezone is None else tuple(texts_of(timezone, "timezone="))
    for name in zones or ():
        zone(name)
    if addresses is not None and not isinstance(addresses, Mapping):
        raise InvalidInput(f"addresses= maps kinds of address to addresses; it is no {type(addresses).__name__}")
    return ProfileNews(
        None if traits is None else _traits(traits, declared),
        None if addresses is None else {kind: _normal(kind, given, adapters) for kind, given in addresses.items()},
        zones,
        None if locale is None else text_of(locale, "locale=", least=0, most=_LOCALE),
    )


def _traits(traits: Mapping[str, object], declared: type | None) -> dict[str, object]:
    if declared is not None and isinstance(traits, Mapping):
        from touchpoint.journey.declared import structure_traits

        traits = structure_traits(declared, traits)
    return checked(traits, "traits")


def _normal(kind: str, given: str | Sequence[str], adapters: Mapping[str, Adapter]) -> list[str]:
    """Each address in its one form: by the first adapter that takes the kind, so that adapter and record agree."""
    kind = text_of(kind, "a kind of address", most=_WORD)
    takers = [each for each in adapters.values() if kind in each.capabilities.address_kinds]
    raw = texts_of(given, "an address")
    if takers:
        return [takers[0].normalise(each).key for each in raw]
    return [normalise_address(kind, each).key for each in raw]


def identify(unit: Unit, customer: str, said: ProfileNews, now: int) -> None:
    """Bring a customer's profile up to date."""
    loaded = unit.find_or_add(customer, now)
    unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
    profile = loaded.state.profile
    known_before = look(unit.program.listening.watching, profile)
    if said.traits is not None:
        profile.traits.update(said.traits)
    if said.addresses is not None:
        before = {(each.kind, each.key) for each in profile.addresses}
        known = {(each.kind, each.key): each for each in profile.addresses}
        kept = [each for each in profile.addresses if each.kind not in said.addresses]
        news = [known.get((kind, key), Address(kind, key)) for kind, keys in said.addresses.items() for key in keys]
        profile.addresses = kept + news
        _reach_changed(unit, loaded, before, now)
    if said.zones is not None:
        profile.zones = said.zones
    if said.locale is not None:
        profile.locale = said.locale
    loaded.change_profile()
    arm_calendar(unit.program, loaded.state, now=max(now, loaded.state.now))
    facts_changed(unit, loaded, "profile", now, known_before)


def _reach_changed(unit: Unit, loaded: Loaded, before: set[tuple[str, str]], now: int) -> None:
    """Keep by which addresses a customer is found, and which ones to erase with them, though they have them no more."""
    after = {(each.kind, each.key) for each in loaded.state.profile.addresses}
    gone, come = sorted(before - after), sorted(after - before)
    changes, no = unit.changes, loaded.no
    changes.reach_gone += [(kind, key, no) for kind, key in gone] + [(formerly(kind), key, no) for kind, key in come]
    changes.reach += [(kind, key, no) for kind, key in come] + [(formerly(kind), key, no) for kind, key in gone]
    if come and unit.cache.secrets:
        erased.learn_withdrawals(unit, loaded, come, now)


def facts_changed(
    unit: Unit, loaded: Loaded, kind: str, now: int, before: Before | None = None, *, late: bool = False
) -> None:  # fmt: skip
    """A change of facts: what waits is asked again (S5.2); the journal leaves out what it was.

    What is no longer as it was `before` is then told to those who wait for just that; `late` as for `changed.tell`.
    """
    at = max(now, loaded.state.now)
    raised = Occurrence(kind, "", at, f"{kind}:{at}")
    watched = unit.program.listening.watching
    news = changes(watched, before, loaded.state.profile, at, changed.cause_of(loaded, kind, at))

    def decide() -> Decision:
        decision = Decision(unit.program, loaded.state, at)
        decision.ask_again()
        decision.queue.append(raised)
        return work_off(decision)

    unit.apply(loaded, kind, "", at, decide, raised=raised)
    changed.tell(unit, loaded, news, late=late)


# Consent and preferences.


@attrs.frozen
class Said:
    """One statement for the ledger. `told`: whether the host said when it was made; else it is made now."""

    purpose: str
    channel: str
    fact: ConsentFact
    told: bool = True


def consent(
    purpose: str, channel: str, granted: bool,  # noqa: FBT001 - it is the ledger's word
    at: datetime | None, now: int, basis: Basis, source: str, expires_at: datetime | None,
) -> Said:  # fmt: skip
    """Check a statement. Raises InvalidInput for one dated in the future or without a purpose."""
    when = now if at is None else instant_of(at, "at=")
    if when > now:
        raise InvalidInput("consent dated in the future cannot be entered: record it when it is given")
    if not purpose or not channel:
        raise InvalidInput("consent is about a kind of message or topic, on a channel; '*' stands for all of them")
    purpose, channel = text_of(purpose, "purpose", most=_WORD), text_of(channel, "channel=", most=_WORD)
    if not isinstance(basis, str) or basis not in _BASES:
        raise InvalidInput(f"basis= is one of {', '.join(_BASES)}")
    source = text_of(source, "source=", least=0, most=TEXT)
    until = None if expires_at is None else instant_of(expires_at, "expires_at=")
    return Said(purpose, channel, ConsentFact(granted, when, until, basis, source), told=at is not None)


def evidence(wording: str, proof: str, jurisdiction: str) -> dict[str, object]:
    """What goes with a statement, where it was given."""
    given = {"wording": wording, "evidence": proof, "jurisdiction": jurisdiction}
    told = {name: text_of(value, f"{name}=", least=0, most=TEXT) for name, value in given.items()}
    return {name: value for name, value in told.items() if value}


def consent_said(unit: Unit, customer: str, said: Said, proof: dict[str, object], now: int) -> None:
    """Enter a statement; the standing is what was said last, a withdrawal winning ties (S7.1)."""
    loaded = unit.find_or_add(customer, now)
    unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
    before = look(unit.program.listening.watching, loaded.state.profile)
    consents = loaded.state.profile.consents
    key, fact = (said.purpose, said.channel), said.fact if said.told else _made_now(said.fact, consents.values())
    consents[key] = newer(consents.get(key), fact)
    loaded.change_profile()
    unit.changes.consents.append(consent_row(loaded.no, now, said.purpose, said.channel, fact, proof))
    facts_changed(unit, loaded, "consent", max(now, fact.at), before)


def _made_now(fact: ConsentFact, known: Iterable[ConsentFact]) -> ConsentFact:
    """A statement made now follows all that were made before, also where the clock was set back since (S11.3)."""
    newest = max((each.at for each in known), default=fact.at)
    if newest <= fact.at:
        return fact
    return attrs.evolve(fact, at=newest + 1 if fact.granted else newest)


def prefer(unit: Unit, customer: str, preferences: Preferences | None, now: int) -> None:
    """Set what the customer prefers. Raises InvalidInput for anything but preferences."""
    if preferences is not None and not isinstance(preferences, Preferences):
        raise InvalidInput(f"prefer() takes Preferences(…), or None, not {type(preferences).__name__}")
    loaded = unit.find_or_add(customer, now)
    unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
    before = look(unit.program.listening.watching, loaded.state.profile)
    loaded.state.profile.preferences = preferences
    loaded.change_profile()
    facts_changed(unit, loaded, "preferences", now, before)


# Journeys.


def rule_label(program: Program, rule: str, journey: str | None) -> str:
    """journey/rule of a rule's name. Raises UnknownName, also where several journeys have one of that name."""
    found = [each for each in program.rules if each.rule.name == rule and journey in (None, each.journey)]
    if len(found) != 1 or not isinstance(rule, str):
        known = [each.rule.name for each in program.rules] if not found else [each.label for each in found]
        raise UnknownName("rule" if not found else "single rule", rule, known)
    return found[0].label


def case_kind(program: Program, case: str) -> str:
    """A declared case type's name. Raises UnknownName."""
    known = {each.name for journey in program.journeys.values() for each in journey.cases}
    name = getattr(case, "name", case)
    if not isinstance(name, str) or name not in known:
        raise UnknownName("case type", name, known)
    return str.__str__(name)


def enrol(
    unit: Unit, customer: str, label: str, properties: Mapping[str, object] | None, identity: str | None, now: int
) -> Recorded:
    """Enrol a customer into a rule."""
    loaded = unit.find_or_add(customer, now)
    given = checked(properties, "properties")
    identity = None if identity is None else text_of(identity, "id=", error=InvalidTouchpoint)
    at = max(now, loaded.state.now)
    touchpoint = None if identity is None else f"enrol:{identity}"
    pairs = [] if touchpoint is None else [(touchpoint, loaded.no)]
    if touchpoint is not None and unit.seen(pairs, pairs):
        return Recorded(touchpoint, duplicate=True)
    cause = touchpoint or f"enrol:{at}:{loaded.state.orders}"
    unit.fire(loaded, until=at, inclusive=False)
    occurrence = Occurrence("enrolled", label, at, cause, given)
    unit.apply(
        loaded,
        "enrolled",
        label,
        at,
        lambda: advance(unit.program, loaded.state, occurrence, at),
        touchpoint=touchpoint,
        raised=occurrence,
    )
    return Recorded(cause)


def change_case(  # noqa: PLR0913 - what may be said of a case
    unit: Unit, customer: str, kind: str, ref: str, now: int, *, opening: bool, severity: str | None = None,
    owner: str | None = None, cause: str | None = None,
) -> bool:  # fmt: skip
    """Open or close a case on behalf of the host.

    Raises InvalidInput for a `ref` that is no text, and a `cause` that is no touchpoint of the customer's.
    """
    ref = text_of(ref, "ref=")
    loaded = unit.find_or_add(customer, now)
    at = max(now, loaded.state.now)
    unit.fire(loaded, until=at, inclusive=False)
    changed: list[bool] = []
    of = None if cause is None else _cause_of(unit, loaded, cause)

    def change() -> Decision:
        decision = Decision(unit.program, loaded.state, at)
        why = f"case:{kind}:{ref}:{at}"
        if opening:
            led = () if of is None else (of[0],)
            changed.append(decision.open_case(kind, ref, why, severity=severity, owner=owner, of=of, said=led))
        else:
            changed.append(decision.close_case(kind, ref, why))
        return decision

    unit.apply(loaded, "case", kind, at, lambda: work_off(change()), alone=change)
    return changed[-1]


def _cause_of(unit: Unit, loaded: Loaded, cause: str) -> tuple[str, str, int]:
    pair = (text_of(cause, "cause="), loaded.no)
    row = unit.seen([pair], [pair]).get(pair)
    if row is None:
        raise InvalidInput("open_case(cause=) is the id of a touchpoint that was recorded for this customer")
    return pair[0], row.type, row.at


def answer_case(unit: Unit, customer: str, kind: str, ref: str, at: datetime | None, now: int, skew: int) -> bool:
    """Note that a person has answered. Raises InvalidInput for a `ref` that is no text, or an `at` in the future."""
    ref = text_of(ref, "ref=")
    told = None if at is None else instant_of(at, "at=")
    if told is not None and told > now + skew:
        raise InvalidInput("answer_case(at=) lies in the future; say so when it has happened")
    loaded = unit.find_or_add(customer, now)
    here = max(now, loaded.state.now)
    unit.fire(loaded, until=here, inclusive=False)
    when = here if told is None else min(told, here)
    changed: list[bool] = []

    def change() -> Decision:
        decision = Decision(unit.program, loaded.state, here)
        changed.append(decision.answer_case(kind, ref, when))
        return decision

    unit.apply(loaded, "case", kind, here, lambda: work_off(change()), alone=change)
    if changed[-1]:
        answered(unit, loaded, {about_case(kind, ref), ref}, when)
    return changed[-1]


def readable(unit: Unit, due: Iterable[tuple[int, int]], left_out: dict[int, Exception]) -> list[Loaded]:
    """Those of these (due, number) whose records can be read; the others join `left_out`, and delay nobody (S11.4)."""
    numbers = [no for _, no in due]
    if len(found := unit.by_numbers(numbers)) == len(numbers):
        return found
    found = []
    for no in numbers:
        try:
            found.append(unit.by_number(no))
        except StoreCorrupt as error:
            left_out[no] = error
    return found


class Circle:
    """Notices work that never gets done.

    That is the same customers due again and again, and nothing entered into their journals.
    """

    def __init__(self) -> None:
        self._last: list[tuple[int, int]] = []
        self._times = 0

    def check(self, due: Iterable[tuple[int, int]]) -> None:
        """Raises DefectiveJourney rather than going on for ever."""
        now = list(due)
        self._times = self._times + 1 if now == self._last else 0
        self._last = now
        if self._times >= _CIRCLE:
            message = (
                f"{len(now)} customers stay due without anything left to do; "
                "this is a defect of the library: please report it"
            )
            raise DefectiveJourney(message)
