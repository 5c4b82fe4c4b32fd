"""Source for a whole round of a touchpoint: it begins a decision, remembers, has live runs meet it, and ends.

It says what `core.advance` says with `Decision`, `core.remembering` and `core.meeting`, for a customer in no segment's
window and a touchpoint that is not late. What is rare is left to `Parts`. `core.judging` puts it together with the
stages and rules of the type.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.core.generate import Namespace, Source
from touchpoint.core.kept import SOME
from touchpoint.core.signals import SignalTable
from touchpoint.durations import spoken

if TYPE_CHECKING:
    from touchpoint.core.keys import Key

_LOOKED_UP: Final = {
    "properties": "event.properties", "traits": "state.profile.traits", "signals": "state.signals",
}  # fmt: skip
"""Local variables that a function has where it names them."""


@attrs.frozen
class Beyond:
    """What only some journeys ask of touchpoints.

    Args:
        finer: the keys whose occurrences may have others besides; such touchpoints have no function of their round.
        read: what segments read; None where there are none.
        chained: whether anybody waits for ends of messages, and so for how many runs in a row led to one.
    """

    finer: "Collection[Key]" = ()
    read: "Collection[Key] | None" = None
    chained: bool = False


NOTHING_BEYOND: Final = Beyond()
OPENS: Final = ("    decision.open()", "    opened = True")
"""What stands before whatever may put something into the lists of a decision."""


def begins() -> list[Source]:
    """S4.2: what `Decision.__init__` does, and one round taken. A call of that is half of what most rounds cost."""
    return [
        "    if now > state.now:",
        "        state.now = now",
        "    else:",
        "        now = state.now",
        "    decision = blank()",
        "    decision.program, decision.state, decision.now = program, state, now",
        "    decision.trace = trace = []",
        "    opened = False  # whether something may follow from it",
    ]


def looks_up(lines: Iterable[Source], letters: Source) -> Iterator[Source]:
    """What the lines name, and nothing else; `letters` are those that the customer's log has to have."""
    text = "\n".join(lines)
    for name, source in _LOOKED_UP.items():
        if re.search(rf"\b{name}\b", text):
            yield f"    {name} = {source}"
    if "signals." in text:
        yield f"    if signals.letters is not {letters}:"
        yield f"        signals.adopt({letters})"


def remembers(
    names: Namespace, signals: SignalTable, name: str, firsts: Mapping[str, str], *, more: bool
) -> list[Source]:
    """S4.2 point 2. What lies after all that is in the log is added here, everything else as it ever was.

    `firsts` say, by letter of the log, whether a touchpoint of now is the first of its sort there; variables.
    """
    adds: list[Source] = []
    for signal, add in zip(signals.by_type.get(name, ()), signals.adders.get(name, ()), strict=True):
        if signal.shape == "instants" and not signal.static:
            kept = spoken(timedelta(microseconds=signal.within or 0))
            adds += [
                f"    # It is counted for {kept}.",
                "    instants.append(at)",
                f"    signals.who += {signals.letters.of[signal.key]!r}",
            ]
        elif signal.shape == "number" and signal.kind == "count" and not signal.static:
            adds += [
                "    # It is counted for ever.",
                f"    signals.data = put(signals.data, {signal.key!r}, signals.data.get({signal.key!r}, 0) + 1)",
            ]
        elif signal.shape == "latest" and signal.path == ("at",) and not signal.static:
            adds += _keeps_when(signal.key, f"{names.constant(add, 'add')}(signals, event, now)")
        else:
            adds.append(f"    {names.constant(add, 'add')}(signals, event, now)")
    lines = _added(names, signals, name, adds, firsts) if adds else []
    if more:
        return [*lines, "    parts.remember_more(decision, event)"]
    return [*lines, *_if_so("event.about is not None", "parts.note_about(decision, event)")]


def _keeps_when(key: str, add: Source) -> list[Source]:
    """What keeps when it was last, of a touchpoint that happens now or happened after the one before."""
    return [
        "    # When it was last; a property of that name is what is meant.",
        "    data = signals.data",
        "    if 'at' in properties:",
        f"        {add}",
        f"    elif type(data) is One and data.key == {key!r} and type(data.value) is int and data.value <= at:",
        "        data.value = at",
        "    elif at == now:",
        f"        signals.keep({key!r}, now)",
        "    else:",
        f"        {add}",
    ]


def _added(
    names: Namespace, signals: SignalTable, name: str, adds: list[Source], firsts: Mapping[str, str]
) -> list[Source]:
    table, grows = names.constant(signals, "table"), signals.grows.get(name)
    if not grows:
        return ["    at = event.at", *adds]
    least = min(each.within or 0 for each in signals.by_type[name] if each.shape == "instants")
    adds += [
        f"    if len(instants) % {SOME} < {grows}:",
        f"        signals.thin({names.constant(signals.withins, 'withins')}, {signals.furthest}, now)",
    ]
    return [
        "    at, instants = event.at, signals.ats",
        *(
            f"    {first} = at == now and {letter!r} not in signals.who  # the only one of its sort in the log"
            for letter, first in firsts.items()
        ),
        "    # Nothing in the log is later than now.",
        f"    if at == now or (at > now - {least} and (not instants or at >= instants[-1])):",
        *(f"    {each}" for each in adds),
        "    else:",
        f"        update({table}, signals, event, now)",
    ]


def takes_in(names: Namespace, key: "Key", beyond: Beyond) -> list[Source]:
    """S3.3, and what leads from one run to another: what `core.advance` takes in for journeys that ask for it.

    `key` is the only one of the touchpoint.
    """
    lines = _if_so("event.chain", "decision.chain = event.chain") if beyond.chained else []
    if beyond.read is None:
        return lines
    looks = f"parts.reassess(decision, {names.constant(key, 'key')}, event.id)"
    if key in beyond.read:
        return [
            *lines,
            "    # Segments that read it, and those of which a window has lapsed.",
            *OPENS,
            f"    {looks}",
        ]
    lapsed = _if_so("state.rare.lapses and min(state.rare.lapses.values()) <= now", looks)
    return [*lines, "    # Segments of which a window has lapsed.", *lapsed]


def meets(keys: Source) -> list[Source]:
    """S4.2 point 3."""
    return [
        "    # Live runs, what is being collected, and who waits for a place.",
        "    rare = state.rare",
        *_if_so(
            "state.runs or rare is not COMMON and (rare.watches or rare.bursts or rare.deferred)",
            "if state.runs or rare.watches:",
            f"    parts.meet_all(decision, event, {keys})",
            "if state.rare.bursts:",
            f"    parts.drop_bursts(decision, event, {keys})",
        ),
    ]


def _if_so(condition: Source, *calls: Source) -> list[Source]:
    """Rare calls that may put something into the lists of the decision."""
    return [f"    if {condition}:", *(f"    {each}" for each in OPENS), *(f"        {each}" for each in calls)]


def ends(whether: Source, which: Source, *, looks_ahead: bool) -> list[Source]:
    """S4.2 points 5 and 6: rules start, and what is left is worked off; `looks_ahead` as in the program.

    Says `whether` any rules start, and `which`; of a decision that was never opened nothing is left.
    """
    starts = [
        f"    if {whether}:", f"        parts.start_all(decision, event, {which})", "        opened = True",
    ] if whether else []  # fmt: skip
    if looks_ahead:
        return [*starts, "    return parts.work_off(decision)"]
    return [
        *starts,
        "    if opened and (decision.queue or decision.ready or state.rare is not COMMON):",
        "        parts.work_off(decision)",
        "    return decision",
    ]
