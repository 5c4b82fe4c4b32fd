"""One person under two ids (S1.6): what is remembered of both becomes what is remembered of one.

Pure. Wherever there is a choice, the result is what would be remembered had everything been recorded under one id; what
cannot be known any more is decided so that nobody gets more than they would have: docs/explanation/decisions.md,
41 and 42.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from touchpoint.core.bursts import joined
from touchpoint.core.calendar import join_calendar
from touchpoint.core.case_acts import combine, join_renamed, join_reopenable
from touchpoint.core.cases import CaseChanged, CaseClosed
from touchpoint.core.decision import ConsentSaid, Decision, RunJoined
from touchpoint.core.held import NONE, dropped, few, put
from touchpoint.core.identity import same_key
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.rhythm import lasts
from touchpoint.core.segments import EVERY
from touchpoint.core.signals import backfill
from touchpoint.core.state import Address, Profile, Run, State, Watch
from touchpoint.core.timers import occasions_of
from touchpoint.model.consent import ANY
from touchpoint.model.feedback_source import FEEDBACK
from touchpoint.model.preference import Preferences
from touchpoint.policy.consent import newer
from touchpoint.policy.facts import ConsentFact

MERGED: Final = "merged"
JOINED: Final = "joined"
"""A line of the trace: a journey, and the stage of the one who is counted in it no more."""
_DAY: Final = 86_400
_WORST: Final = ("suppressed", "dormant", "active")


def merge(program: Program, into: State, old: State, timeline: Iterable[Occurrence], now: int) -> Decision:
    """Have `into` remember what `old` remembers, too; it is changed in place, and `old` is not to be used any more.

    Args:
        program: the compiled journeys; both states are up to it.
        into: of the id that stays.
        old: of the id that becomes another name.
        timeline: the touchpoints of both, in the order in which they arrived, each once.
        now: microseconds UTC.
    """
    decision = Decision(program, into, max(now, into.now, old.now))
    decision.trace.append([MERGED])
    _profile(decision, into.profile, old.profile)
    _number(into, old)
    into.fences = max(into.fences, old.fences)
    _stages(decision, into, old)
    _cases(decision, into, old)
    _silences(into, old)
    _segments(program, into, old, decision.now)
    told = list(timeline)
    into.signals = Past()
    backfill(program.signals, into.signals, told, decision.now)
    _usual_silences(decision, told)
    for rule, starts in old.starts.items():
        both = sorted([*into.starts.get(rule, []), *starts], key=lambda entry: entry[0])
        into.starts = put(into.starts, rule, both)
    into.history = tuple(sorted([*into.history, *old.history], key=attrgetter("at")))
    into.parked = tuple(sorted([*into.parked, *old.parked], key=lambda entry: entry[0]))
    into.awaited = few({**into.awaited, **old.awaited})
    _exposures(into, old)
    into.watches = tuple(sorted([*into.watches, *old.watches], key=attrgetter("order")))
    into.pending += old.pending
    into.bursts = joined(into, old)
    into.deferred = tuple(sorted([*into.deferred, *old.deferred], key=lambda entry: entry.trigger.at))
    into.runs = tuple(sorted([*into.runs, *old.runs], key=attrgetter("order")))
    for entry in into.parked:
        entry[5:6] = [max((run.order for run in into.runs if run.started <= entry[0]), default=0)]
    join_calendar(program, into, old, now=decision.now)
    answered = frozenset(each.about for each in told if each.name == FEEDBACK and each.about is not None)
    for run, survivor in _doubled(decision):
        decision.end(run, MERGED)
        decision.effects.append(RunJoined(run, survivor, answered))
    return decision


def _exposures(into: State, old: State) -> None:
    """The earlier exposure stands; whoever was in two variants of one experiment belongs to neither for its figures."""
    for split, other in old.exposures.items():
        known = into.exposures.get(split)
        if known is None:
            into.exposures = put(into.exposures, split, other)
            continue
        first, second = sorted((known, other), key=lambda held: (held[1], held[0]))
        spoilt = first[2] or second[2] or first[0] != second[0]
        into.exposures = put(into.exposures, split, [*first[:2], spoilt])


# Who they are.


def _profile(decision: Decision, into: Profile, old: Profile) -> None:
    """What the id that stays says of itself stands; the other fills in what it does not say."""
    into.traits = {**old.traits, **into.traits}
    into.zones = into.zones or old.zones
    into.locale = into.locale if into.locale is not None else old.locale
    into.addresses = _addresses(into.addresses, old.addresses)
    into.preferences = _preferences(into.preferences, old.preferences)
    into.consents = _consents(decision, into.consents, old.consents)


def _addresses(into: Iterable[Address], old: Iterable[Address]) -> list[Address]:
    found: dict[tuple[str, str], Address] = {}
    for each in (*into, *old):
        known = found.setdefault((each.kind, each.key), each)
        if _rank(each) < _rank(known):
            known.standing, known.reason = each.standing, each.reason
    return list(found.values())


def _rank(address: Address) -> int:
    return _WORST.index(address.standing) if address.standing in _WORST else 0


def _preferences(into: Preferences | None, old: Preferences | None) -> Preferences | None:
    """The stricter of both; of two quiet times that do not meet the one of the id that stays."""
    if into is None or old is None:
        return into or old
    snoozes = [each.snooze_until for each in (into, old) if each.snooze_until is not None]
    most = [each.at_most for each in (into, old) if each.at_most is not None]
    return Preferences(
        channels_off=(*into.channels_off, *old.channels_off),
        topics_off=(*into.topics_off, *old.topics_off),
        snooze_until=max(snoozes, default=None),
        quiet=_quiet(into.quiet, old.quiet),
        at_most=min(most, key=lambda each: each[0] / each[1].total_seconds(), default=None),
    )


def _quiet(into: tuple[str, str] | None, old: tuple[str, str] | None) -> tuple[str, str] | None:
    if into is None or old is None:
        return into or old
    one, other = _arc(into), _arc(old)
    from_one, from_other = (other[0] - one[0]) % _DAY, (one[0] - other[0]) % _DAY
    if from_one < one[1]:
        joined = one[0], max(one[1], from_one + other[1])
        if from_one and from_other < other[1]:  # each begins in the other
            joined = one[0], _DAY
    elif from_other < other[1]:
        joined = other[0], max(other[1], from_other + one[1])
    else:
        return into
    return ("00:00", "24:00") if joined[1] >= _DAY else (_clock(joined[0]), _clock(sum(joined) % _DAY))


def _arc(quiet: tuple[str, str]) -> tuple[int, int]:
    """(start, length) in seconds of a day that goes round."""
    start, end = map(_seconds, quiet)
    return start, (end - start) % _DAY or _DAY


def _seconds(clock: str) -> int:
    hours, minutes, seconds = [*map(int, clock.split(":")), 0][:3]
    return (hours * 60 + minutes) * 60 + seconds


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3_600)
    minutes, rest = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{rest:02}" if rest else "")


def _consents(
    decision: Decision, into: Mapping[tuple[str, str], ConsentFact], old: Mapping[tuple[str, str], ConsentFact]
) -> dict[tuple[str, str], ConsentFact]:
    """What was said last stands, but a withdrawal on either side beats a grant on the other.

    It is entered into the ledger with the grant's own instant, at which a withdrawal wins (S7.1). So the standing is
    still derived from the ledger, and whatever is granted later stands.
    """
    merged = dict(into)
    for key, fact in old.items():
        merged[key] = newer(merged.get(key), fact)
    beaten = {**_beaten(decision.program, into, old), **_beaten(decision.program, old, into)}
    for (purpose, channel), at in sorted(beaten.items()):
        fact = ConsentFact(granted=False, at=at, source="merge")
        merged[purpose, channel] = newer(merged.get((purpose, channel)), fact)
        decision.effects.append(ConsentSaid(purpose, channel, fact))
    return merged


def _beaten(
    program: Program, withdrew: Mapping[tuple[str, str], ConsentFact], granted: Mapping[tuple[str, str], ConsentFact]
) -> dict[tuple[str, str], int]:
    """(purpose, channel) → when, of later grants on one side that a withdrawal on the other speaks of."""
    found: dict[tuple[str, str], int] = {}
    for (purpose, channel), grant in granted.items():
        if not grant.granted:
            continue
        about = _broader(program, purpose)
        for (broad, where), said in withdrew.items():
            if said.granted or broad not in about or (where != channel and ANY not in (where, channel)):
                continue
            own = [withdrew[key] for key in ((purpose, channel), (purpose, where), (purpose, ANY)) if key in withdrew]
            allowed_since = any(each.granted and each.at > said.at for each in own)
            if grant.at > said.at and not allowed_since:
                found[purpose, channel if where == ANY else where] = grant.at
    return found


def _broader(program: Program, purpose: str) -> frozenset[str]:
    """The purposes whose withdrawal speaks of this one, too: itself, all, and the kinds of messages on this topic."""
    kinds = {each.effective_kind for each in program.messages.values() if each.topic == purpose}
    return frozenset({purpose, ANY, *kinds})


# Where they stand.


def _number(into: State, old: State) -> None:
    """Number the runs of both as they started; what refers to them follows."""
    started: dict[tuple[int, int], tuple[int, int]] = {}  # (when, the store's number, which rises with every start)
    for side, state in enumerate((into, old)):
        for run in state.runs:
            started[side, run.order] = run.started, run.no
        for watch in state.watches:
            started.setdefault((side, watch.order), (watch.trigger.at, 0))
        for pending in state.pending:
            started.setdefault((side, pending.run), (pending.first_due, pending.run_no))
    order = sorted(started, key=lambda each: (*started[each], *each))
    number = {each: n for n, each in enumerate(order, start=1)}
    for side, state in enumerate((into, old)):
        numbered: Sequence[Run | Watch] = (*state.runs, *state.watches)
        for each in numbered:
            each.order = number[side, each.order]
        for pending in state.pending:
            pending.run = number[side, pending.run]
    into.orders = max(into.orders + old.orders, len(number))


def _stages(decision: Decision, into: State, old: State) -> None:
    """In each journey the stage that was entered later; the same stage counts from its earlier entry."""
    dwells, into.dwells = into.dwells, NONE
    for journey in sorted({*into.stages, *old.stages}):
        ours, theirs = into.stages.get(journey), old.stages.get(journey)
        stands_ours = theirs is None or (ours is not None and _stands(ours, theirs))
        held, armed = (ours, dwells) if stands_ours else (theirs, old.dwells)
        assert held is not None  # noqa: S101 - one of them is in the journey
        if ours is not None and theirs is not None:
            decision.trace.append([JOINED, journey, (theirs if stands_ours else ours)[0]])
        visit = (ours[2] if ours else 0) + (theirs[2] if theirs else 0)
        for state in (into, old):
            _count_visit(state, journey, held[1], visit)
        into.stages = put(into.stages, journey, (held[0], held[1], visit))
        for name, _ in decision.program.dwells.get(f"{journey}/{held[0]}", ()):
            if name in armed:
                into.dwells = put(into.dwells, name, armed[name])


def _stands(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    if ours[0] == theirs[0]:
        return bool(ours[1] <= theirs[1])
    return bool(ours[1] >= theirs[1])


def _count_visit(state: State, journey: str, entered: int, visit: int) -> None:
    """Starts since the stage was entered belong to the visit that goes on; others to visits that are over already."""
    for rule, starts in state.starts.items():
        if rule.startswith(f"{journey}/"):
            for entry in starts:
                if entry[0] >= entered:
                    entry[2] = visit


def _cases(decision: Decision, into: State, old: State) -> None:
    """The open cases of both; of one that is open on both sides the one that was opened first stays open.

    One that has become part of another on one side does so on the other.
    """
    for kind, refs in old.cases.items():
        known = dict(into.cases.get(kind, NONE))
        for ref, held in refs.items():
            ours = known.get(ref)
            if ours is None:
                known[ref] = held
                continue
            stays, goes = (ours, held) if ours.opened_at <= held.opened_at else (held, ours)
            known[ref] = stays
            combine(stays, goes)
            stays.also = tuple(dict.fromkeys((*stays.also, *goes.also)))
            decision.trace.append(["case", "open on both sides", kind, ref])
            decision.effects += [CaseChanged(stays), CaseClosed(goes, decision.now, ref)]
        join_renamed(decision, kind, known)
        into.cases = put(into.cases, kind, few(known))
    for kind, at in old.closed.items():
        into.closed = put(into.closed, kind, max(at, into.closed.get(kind, at)))
    if into.reopenable or old.reopenable:
        into.reopenable = join_reopenable(into, old)


def _segments(program: Program, into: State, old: State, now: int) -> None:
    """Those that either was in, since the earlier time; what holds of both is looked at as the merge is told of."""
    for name, since in old.segments.items():
        into.segments = put(into.segments, name, min(since, into.segments.get(name, since)))
    into.lapses = {EVERY: now} if program.segments else NONE


def _silences(into: State, old: State) -> None:
    """Each silence counts from whatever was heard last, under either id."""
    for name, at in old.heard.items():
        heard = into.heard.get(name, -1)
        if at == heard and name not in old.silences:
            into.silences = dropped(into.silences, name)  # it has been noticed already
        elif at > heard:
            into.heard = put(into.heard, name, at)
            into.silences = dropped(into.silences, name)
            if name in old.silences:
                into.silences = put(into.silences, name, old.silences[name])


def _usual_silences(decision: Decision, timeline: Iterable[Occurrence]) -> None:
    """What is usual follows from both; a silence that goes on lasts as long as that says, from now on."""
    state, program = decision.state, decision.program
    state.occasions = occasions_of(program, timeline)
    for name in state.silences:
        spec = program.silences.get(name)
        if spec is not None and spec.usual is not None:
            due = max(state.heard[name] + lasts(spec, state.occasions), decision.now)
            state.silences = put(state.silences, name, due)


def _doubled(decision: Decision) -> Iterator[tuple[Run, Run]]:
    """The live runs that are one too many, each with the one that goes on: one for each rule and key survives.

    It is the older one, or, where a new trigger restarts the rule, the newer. Of parallel ones all survive.
    """
    kept: list[Run] = []
    for run in list(decision.state.runs):
        rule = decision.rule_of(run)
        concurrency = "ignore" if rule is None else rule.rule.concurrency
        if concurrency == "parallel":
            continue
        twin = next((each for each in kept if each.label == run.label and same_key(each.key, run.key)), None)
        if twin is None:
            kept.append(run)
        elif concurrency == "restart":
            kept[kept.index(twin)] = run
            yield twin, run
        else:
            yield run, twin
