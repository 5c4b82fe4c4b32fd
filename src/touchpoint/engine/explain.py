"""Why a customer did or did not get a message, or why a rule did or did not start (S10).

For the past it reads what was recorded; for now it asks the gate again, without effects.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

import attrs

from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.gate import ask
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.referrals import is_about
from touchpoint.core.state import State
from touchpoint.core.unmet import UNMET
from touchpoint.durations import instant, length
from touchpoint.engine.awaiting import awaited
from touchpoint.engine.explain_gift import gift_lines
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.recalled import Recalled, unnamed
from touchpoint.engine.referring import awaited_of
from touchpoint.engine.shared import learn_addresses
from touchpoint.engine.unit import Unit
from touchpoint.errors import UnknownName
from touchpoint.journey.by_hand import PREFIX
from touchpoint.journey.steps import Send, flat
from touchpoint.journey.triggers import Referred, Trigger
from touchpoint.model.limits import Limit
from touchpoint.model.referral import CONVERTED, MADE
from touchpoint.policy.checks import TOLD
from touchpoint.policy.verdict import Ruling, Verdict
from touchpoint.stores.base import EntryRow, MessageRow
from touchpoint.stores.codec import loads
from touchpoint.zones import to_local, zone

Answer = Literal["allow", "deny", "defer"]
_CAUSES: Final = ("because", "date")
"""Lines of the trace that say why a timer fired."""


@attrs.frozen
class Why:
    """An explanation.

    Args:
        name: of the message, rule, segment or suggestion it is about.
        subject: `message`, `rule`, `segment` or `suggestion`.
        verdict: `allow`, `deny` or `defer`: for a message what the gate said last, for a rule whether it started last
            time, for a segment whether they are in it, for a suggestion whether it may be offered now.
        status: of the message (sent, denied …) or the rule (live, collecting, deferred, ended, refused, never
            considered).
        checks: what the gate answers now, check by check, for a message that waits and for a suggestion; empty
            otherwise.
        lines: the explanation, a sentence each.
    """

    name: str
    subject: Literal["message", "rule", "segment", "suggestion"]
    verdict: Answer
    status: str
    checks: tuple[Verdict, ...] = attrs.field(default=(), repr=False)
    lines: tuple[str, ...] = attrs.field(default=(), repr=False)

    def __str__(self) -> str:
        return "\n".join([f"{self.subject} {self.name!r}: {self.status}", *(f"  {line}" for line in self.lines)])


def explain(unit: Unit, loaded: Loaded, name: str, now: int) -> Why:
    """Explain a message, a rule, a segment or a suggestion.

    Where several have the name, the message answers if there is one, else the rule, else the segment.
    """
    if not isinstance(name, str):
        raise UnknownName("message or rule", name, _names(unit))
    unit.flush()
    rows = [row for row in unit.tx.messages(loaded.no) if row.name == name]
    if rows:
        return _message(unit, loaded, rows, now)
    entries = list(unit.tx.journal(loaded.no))[::-1]
    rules = [rule for rule in unit.program.rules if rule.rule.name == name]
    if rules:
        return _rules(unit, loaded, rules, entries)
    if name in unit.program.messages:
        return _never_sent(unit, loaded, name, entries)
    for spec in unit.program.segments.values():
        if name in (spec.segment, spec.name):
            from touchpoint.engine.explain_segment import why_in_segment  # it stands on this module

            return why_in_segment(unit, loaded, spec, entries, now)
    for specs in unit.program.suggestions.values():
        if any(name == spec.name for spec in specs):
            from touchpoint.engine.explain_suggestion import why_suggestion  # it stands on this module

            return why_suggestion(unit, loaded, name, entries, now)
    raise UnknownName("message or rule", name, _names(unit))


def _names(unit: Unit) -> list[str]:
    segments = (spec.segment for spec in unit.program.segments.values())
    suggestions = dict.fromkeys(spec.name for specs in unit.program.suggestions.values() for spec in specs)
    return [*unit.program.messages, *(rule.rule.name for rule in unit.program.rules), *segments, *suggestions]


def when(us: int, state: State) -> str:
    """An instant on the customer's clock, with the zone's name; in UTC where the zone is not known."""
    if not state.profile.zones:
        return f"{instant(us):%Y-%m-%d %H:%M:%S} UTC"
    name = state.profile.zones[0]
    return f"{to_local(us, zone(name)):%Y-%m-%d %H:%M:%S} {name}"


# Messages.


def _message(unit: Unit, loaded: Loaded, rows: Sequence[MessageRow], now: int) -> Why:
    row = rows[-1]
    message = unit.program.messages.get(row.name)
    state = loaded.state
    lines = [f"purpose: {message.why}"] if message else []
    due, best_before = when(row.due, state), when(row.expires_at, state)
    asked = _by_hand(unit, loaded, row) or f"rule {row.journey}/{row.rule} asked for it"
    lines.append(f"{asked}; due {due}, best before {best_before}")
    lines += list(_history(row, state))
    lines += gift_lines(unit, row.key, lambda us: when(us, state))
    lines += _worded(unit, loaded, row)
    if row.status in ("waiting", "in_flight"):
        return _waiting(unit, loaded, row, lines, now)
    if row.status == "sent" and row.at is not None:
        lines.append(f"sent by {row.channel} at {when(row.at, state)}")
    if len(rows) > 1:
        lines.append(f"{len(rows) - 1} earlier: " + ", ".join(each.status for each in rows[:-1]))
    return Why(row.name, "message", "allow" if row.status == "sent" else "deny", row.status, (), tuple(lines))


def _by_hand(unit: Unit, loaded: Loaded, row: MessageRow) -> str:
    """Who sent it, where that was a person."""
    if not row.rule.startswith(PREFIX):
        return ""
    cause = next((run.cause for run in unit.tx.runs(loaded.no) if run.no == row.run), "")
    told = unit.seen([(cause, loaded.no)], [(cause, loaded.no)]).get((cause, loaded.no))
    if told is None:
        return "a person sent it by hand"
    _, _, _, about, properties = loads(told.body)
    return f"{properties['by']} sent it by hand" + (f", about {about}" if about is not None else "")


def _history(row: MessageRow, state: State) -> Iterator[str]:
    for at, channel, against in loads(row.reasons):
        for each in against:
            place = f" ({channel})" if channel else ""
            check = f"{each[1]}: " if len(each) > 2 else ""
            yield f"{when(at, state)}{place}: {each[0]}: {check}{each[-1]}"


def _worded(unit: Unit, loaded: Loaded, row: MessageRow) -> list[str]:
    """What it said when it was asked last, or what it could not say; with the values that were seen then."""
    for entry in unit.tx.journal(loaded.no):  # newest first
        trace = entry.trace if entry.kind == "release" and entry.trace else ""
        may = '"worded"' in trace or '"unsaid"' in trace
        about = [line for line in loads(trace) if line[0] in _SAID and line[2] == row.key] if may else []
        if about:
            at = when(entry.at, loaded.state)
            return [told for line in about for told in _SAID[line[0]](at, *line[3:])]
    return []


def _said(at: str, channel: str, wording: str | None, told: Sequence[str]) -> Iterator[str]:
    yield f"{at} ({channel}): " + (f"worded as {wording!r}" if wording else "says its own content")
    yield from (f"  {each}" for each in told)


def _unsaid(at: str, channel: str, told: Sequence[str]) -> Iterator[str]:
    yield f"{at} ({channel}): has nothing to say yet"
    yield from (f"  {each}" for each in told)


_SAID: Final[Mapping[object, Callable[..., Iterator[str]]]] = {"worded": _said, "unsaid": _unsaid}
"""Lines of the trace that tell which words a message had."""


def _waiting(unit: Unit, loaded: Loaded, row: MessageRow, lines: list[str], now: int) -> Why:
    pending = loaded.state.pending_by_key(row.key)
    if pending is None or pending.status == "in_flight" or pending.is_call:
        return Why(row.name, "message", "allow", row.status, (), (*lines, "it is being handed over"))
    learn_addresses(unit, loaded)
    ruling = ask(unit.program, loaded.state, pending, unit.world, max(now, loaded.state.now)).ruling
    lines.append(f"asked now: {ruling.answer}" + (f": {ruling.reason}" if ruling.reason else ""))
    lines += [line for channel, verdicts in ruling.because for each in verdicts for line in _verdict(channel, each)]
    lines.append(_again(ruling, loaded.state, pending.due))
    checks = tuple(each for _, verdicts in ruling.because for each in verdicts)
    return Why(row.name, "message", ruling.answer, row.status, checks, tuple(lines))


def _verdict(channel: str, each: Verdict) -> Iterator[str]:
    """One answer of the gate; where it is about data, with them beneath."""
    yield f"  {channel}: {each.check}: {each.answer}" + (f": {each.reason}" if each.reason else "")
    told = each.values.get(TOLD, ())
    yield from (f"    {line}" for line in told) if isinstance(told, list) else ()


def _again(ruling: Ruling, state: State, due: int | None) -> str:
    if ruling.until is not None:
        return f"eligible again at {when(ruling.until, state)}"
    if ruling.waits_for:
        return f"it waits for: {', '.join(ruling.waits_for)}"
    return "it goes out at the next release" if due is None else f"asked again at {when(due, state)}"


def _never_sent(unit: Unit, loaded: Loaded, name: str, entries: Sequence[EntryRow]) -> Why:
    rules = [rule for rule in unit.program.rules if any(_sends(step, name) for step in flat(rule.rule.then))]
    lines = [f"no run has come to it; it is sent by {', '.join(rule.label for rule in rules)}"]
    status, recalled = "never asked for", Recalled(unit)
    for rule in rules:
        about = _rule(unit, loaded, rule, entries, recalled)
        if about.status == "never considered":
            status = "never considered"
            lines.append(
                f"no rule ever considered it because {about.lines[-1]}" if about.lines else "no rule ever considered it"
            )
        else:
            lines += [f"{rule.label}: {line}" for line in about.lines]
    return Why(name, "message", "deny", status, (), tuple(lines))


def _sends(step: object, name: str) -> bool:
    return isinstance(step, Send) and step.message.name == name


# Rules.


def _rules(unit: Unit, loaded: Loaded, rules: Iterable[CompiledRule], entries: Sequence[EntryRow]) -> Why:
    recalled = Recalled(unit)
    found = [_rule(unit, loaded, rule, entries, recalled) for rule in rules]
    return next((each for each in found if each.status != "never considered"), found[0])


def _rule(
    unit: Unit, loaded: Loaded, rule: CompiledRule, entries: Sequence[EntryRow], recalled: Recalled
) -> Why:  # fmt: skip
    state, name = loaded.state, rule.rule.name
    told = [(entry, line) for entry in entries for line in _about(entry, rule, recalled)]
    lines = [f"{when(entry.at, state)}: {_words(recalled.line(line))}" for entry, line in told]
    live = [run for run in state.runs if run.label == rule.label]
    lines += [f"live since {when(run.started, state)}, at {run.node}" + _until(run.due, state) for run in live]
    bursts = [burst for burst in state.bursts if burst.label == rule.label]
    lines += [f"collecting, {burst.what.count} so far" + _until(burst.due, state) for burst in bursts]
    lines += _parked(rule, state)
    ahead = [*awaited(unit.program, state, rule), *awaited_of(unit, loaded, rule.rule.when)]
    if not told and not lines:
        return Why(name, "rule", "deny", "never considered", (), (*ahead, _unconsidered(rule, entries)))
    lines += ahead
    if not told:
        return Why(name, "rule", "deny", "parked", (), tuple(lines))
    last = next((line for _, line in reversed(told) if line[0] in _SETTLED), told[-1][1])
    refused = last[0] in ("refused", "dropped", "entry deferred")
    if last[0] == "refused" and last[3] == "limit":
        lines += _eligible(rule, state)
    waits = any(entry.label == rule.label for entry in state.deferred)
    status = "live" if live else "collecting" if bursts else "deferred" if waits else "refused" if refused else "ended"
    return Why(name, "rule", "deny" if refused else "allow", status, (), tuple(lines))


def _parked(rule: CompiledRule, state: State) -> Iterator[str]:
    """What a defect of the journey keeps from going on: the rule's own runs, and touchpoints that would start it."""
    for at, kind, name, _, error, *_ in state.parked:
        if name == rule.label or (kind == "touchpoint" and any(_is_named(each, name) for each in rule.rule.when)):
            yield f"{when(at, state)}: parked ({name}): {error}"


def _is_named(trigger: Trigger, type: str) -> bool:
    return str(trigger) == type or (
        isinstance(trigger, Referred) and type == (MADE if trigger.converted is None else CONVERTED)
    )


def _meets(trigger: Trigger, entry: EntryRow) -> bool:
    return str(trigger) == entry.type or is_about(trigger, entry.type, loads(entry.body)[4])


_TOLD: Final = frozenset({
    "started", "ended", "refused", "goal", "branch", "split", "not exposed", "timer", "parked", "collected", "complete",
    "best", "dropped", "returned", "entry deferred", "answers", "replanned",
    "edited",
})  # fmt: skip
"""Lines of the trace that are about a rule."""


def _about(entry: EntryRow, rule: CompiledRule, recalled: Recalled) -> Iterator[list[object]]:
    names = (rule.rule.name, *rule.rule.was)
    trace = list(recalled.lines(loads(entry.trace), names)) if entry.trace else []
    if any(line[0] in ("started", "refused") and line[1:3] == [rule.journey, rule.rule.name] for line in trace):
        yield from ([*line[:1], rule.journey, rule.rule.name, *line[1:3]] for line in trace if line[0] in _CAUSES)
    for line in trace:
        if line[0] in _TOLD and line[1] == rule.journey and line[2] in names:
            yield line
        elif line[0] == UNMET and line[1] == rule.journey and _may_have_asked(entry, rule, trace):
            yield ["refused", rule.journey, rule.rule.name, "given", unnamed(line)]
        elif line[0] == "late" and entry.kind == TOUCHPOINT and any(_meets(each, entry) for each in rule.rule.when):
            yield ["refused", rule.journey, rule.rule.name, "late", "the touchpoint came too late to start anything"]


def _may_have_asked(entry: EntryRow, rule: CompiledRule, trace: Sequence[list[object]]) -> bool:
    """Whether a rule may be among those of a line whose definition is lost: it waits for this, and did not start."""
    started = any(line[:3] == ["started", rule.journey, rule.rule.name] for line in trace)
    return entry.kind == TOUCHPOINT and not started and any(_meets(each, entry) for each in rule.rule.when)


_SETTLED: Final = ("started", "refused", "dropped", "entry deferred")


def _words(line: list[object]) -> str:
    """A line of the trace about a rule, in words; after its kind, journey and rule stands what the words need."""
    told = _WORDS.get(line[0])
    if told is None:
        return " ".join(str(each) for each in line if each is not None)
    return told(*line[3:])


def _started(key: object) -> str:
    return "started" + (f" for {key}" if key is not None else "")


def _ended(key: object, reason: object) -> str:
    return f"ended: {reason}" + (f" (for {key})" if key is not None else "")


def _refused(why: object, text: object) -> str:
    return f"not started, its condition was not true: {text}" if why == "given" else f"not started ({why}): {text}"


def _goal(*_: object) -> str:
    return "goal reached"


def _run_parked(_key: object, error: object) -> str:
    return f"parked: {error}"


def _because(text: object) -> str:
    return str(text)


def _date(what: object, day: object) -> str:
    return f"{what}: {day}"


def _branched(step: object, taken: object, reading: object) -> str:
    return f"{step}: {'then' if taken else 'otherwise'}: {reading}"


def _collected(key: object, count: object) -> str:
    return f"collected, number {count}" + (f" for {key}" if key is not None else "")


def _complete(key: object, count: object) -> str:
    return f"the collecting is over, with {count}" + (f" for {key}" if key is not None else "")


def _dropped(key: object, count: object, why: object) -> str:
    return f"no longer collected, {count} dropped by its {why}" + (f" (for {key})" if key is not None else "")


def _returned(function: object, said: object) -> str:
    return f"{function} returned {'a result' if said == 'kept' else said}"


def _answers(message: object, touchpoint: object) -> str:
    return f"{message} answers {touchpoint}"


def _edited(_key: object, fate: object, place: object, to: object, reason: object) -> str:
    where = f" → {to}" if to not in (None, place) else ""
    return f"a release changed the journey: at {place or 'its beginning'} it {fate}{where}" + (
        f": {reason}" if reason else ""
    )


def _replanned(step: object, back: object) -> str:
    return f"{step} was held, and is planned anew from {back}"


def _entry_deferred(key: object, why: object, until: object) -> str:
    about = f" for {key}" if key is not None else ""
    return f"waits for a place{about}, at most until {instant(int(str(until))):%Y-%m-%d %H:%M:%S} UTC: {why}"


def _parted(step: object, variant: object) -> str:
    return f"{step}: {variant}"


def _chosen(step: object, taken: object, weighed: object) -> str:
    losers = "; ".join(_weighed(*each) for each in weighed if each[0] != taken)  # type: ignore[attr-defined]
    worth = next((f" (value {each[1]})" for each in weighed if each[0] == taken), "")  # type: ignore[attr-defined]
    return f"{step}: {'nothing to choose' if taken is None else taken}{worth}" + (f"; {losers}" if losers else "")


def _weighed(name: object, value: object, against: object) -> str:
    return f"not {name}" + (f" (value {value})" if value is not None else "") + f": {against}"


def _not_exposed(split: object, hold_out: object) -> str:
    return f"not exposed to {split}: the customer is in the hold-out {hold_out!r}"


_WORDS: Final[Mapping[object, Callable[..., str]]] = {
    "entry deferred": _entry_deferred,
    "answers": _answers,
    "replanned": _replanned,
    "edited": _edited,
    "returned": _returned,
    "collected": _collected,
    "complete": _complete,
    "dropped": _dropped,
    "started": _started,
    "ended": _ended,
    "refused": _refused,
    "goal": _goal,
    "parked": _run_parked,
    "branch": _branched,
    "because": _because,
    "date": _date,
    "split": _parted,
    "best": _chosen,
    "not exposed": _not_exposed,
}


def _until(due: int | None, state: State) -> str:
    return "" if due is None else f" until {when(due, state)}"


def _unconsidered(rule: CompiledRule, entries: Sequence[EntryRow]) -> str:
    awaited = " or ".join(str(each) for each in rule.rule.when)
    types = sorted({entry.type for entry in entries if entry.kind == TOUCHPOINT})
    had = f"the timeline has {', '.join(types[:8])}" if types else "the timeline is empty"
    return f"nothing that starts {rule.label} has happened: it waits for {awaited}, and {had}"


def _eligible(rule: CompiledRule, state: State) -> Iterator[str]:
    limit = rule.rule.limit
    starts = [entry[0] for entry in state.starts.get(rule.label, [])]
    if isinstance(limit, Limit) and isinstance(limit.per, timedelta) and len(starts) >= limit.n:
        yield f"eligible again at {when(sorted(starts)[-limit.n] + length(limit.per), state)}"
