"""Source for a whole round of a touchpoint: it begins a decision, remembers, has live runs meet it, and ends.

It says what `core.advance` says with `Decision`, `core.remembering` and `core.meeting`, for a customer in no segment's
window and a touchpoint that is not late. What is rare is left to `Parts`. `core.judging` puts it together with the
stages and rules of the type.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.core.generate import Namespace, Source
from touchpoint.core.signals import SOME, SignalTable
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


def begins() -> list[Source]:
    """S4.2: what `Decision.__init__` does, and one round taken. A call of it would be half of what most rounds cost."""
    return [
        "    if now > state.now:",
        "        state.now = now",
        "    else:",
        "        now = state.now",
        "    decision = parts.blank()",
        "    decision.program, decision.state, decision.now = program, state, now",
        "    decision.trace = trace = []",
        "    decision.effects, decision.queue, decision.ready = [], [], []",
        "    decision.taken, decision.chain, decision._context = 1, 0, None",
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


def remembers(names: Namespace, signals: SignalTable, name: str, *, more: bool) -> list[Source]:
    """S4.2 point 2: what is counted is counted here, as `core.remembered` says how."""
    lines: list[Source] = []
    for signal, add in zip(signals.by_type.get(name, ()), signals.adders.get(name, ()), strict=True):
        if signal.shape == "instants" and not signal.static:
            kept = spoken(timedelta(microseconds=signal.within or 0))
            lines += [
                f"    # It is counted for {kept}.",
                *_adds_instant(signals.letters.of[signal.key], signal.within or 0),
            ]
        elif signal.shape == "latest" and signal.path == ("at",) and not signal.static:
            lines += _keeps_when(signal.key, names.constant(add, "add"))
        else:
            lines.append(f"    {names.constant(add, 'add')}(signals, event, now)")
    if lines:
        tidy = names.constant(signals.tidy, "tidy")
        lines = [
            "    at, instants = event.at, signals.ats",
            *lines,
            f"    if instants and (instants[0] <= now - {signals.furthest} or not len(instants) % {SOME}):",
            f"        {tidy}(signals, now)",
        ]
    if more:
        return [*lines, "    parts.remember_more(decision, event)"]
    return [*lines, "    if event.about is not None:", "        parts.note_about(decision, event)"]


def _adds_instant(letter: str, within: int) -> list[Source]:
    return [
        f"    if at > now - {within}:",
        "        if not instants or at >= instants[-1]:",
        "            instants.append(at)",
        f"            signals.who += {letter!r}",
        "        else:",
        f"            signals.add({letter!r}, at)",
    ]


def _keeps_when(key: str, add: str) -> list[Source]:
    return [
        "    # When it was last.",
        f"    known = signals.data.get({key!r}, at)",
        "    if type(known) is not int or 'at' in properties:  # a property of that name is what is meant",
        f"        {add}(signals, event, now)",
        "    elif at >= known:",
        f"        signals.keep({key!r}, at)",
    ]


def takes_in(names: Namespace, key: "Key", beyond: Beyond) -> list[Source]:
    """S3.3, and what leads from one run to another: what `core.advance` takes in for journeys that ask for it.

    `key` is the only one of the touchpoint.
    """
    lines = ["    if event.chain:", "        decision.chain = event.chain"] if beyond.chained else []
    if beyond.read is None:
        return lines
    looks = f"parts.reassess(decision, {names.constant(key, 'key')}, event.id)"
    if key in beyond.read:
        return [*lines, "    # Segments that read it, and those of which a window has lapsed.", f"    {looks}"]
    return [*lines, "    # Segments of which a window has lapsed.", "    if state.rare.lapses:", f"        {looks}"]


def meets(keys: Source) -> list[Source]:
    """S4.2 point 3."""
    return [
        "    # Live runs, and what is being collected.",
        "    if state.runs or state.rare.watches:",
        f"        parts.meet_all(decision, event, {keys})",
        "    if state.rare.bursts:",
        f"        parts.drop_bursts(decision, event, {keys})",
    ]


def ends(*, rules: bool, looks_ahead: bool) -> list[Source]:
    """S4.2 points 5 and 6: rules start, and what is left is worked off; `looks_ahead` as in the program."""
    starts = ["    if considered:", "        parts.start_all(decision, event, considered)"] if rules else []
    if looks_ahead:
        left = ["    return parts.work_off(decision)"]
    else:
        left = [
            "    if decision.ready or decision.queue or state.rare.deferred:",
            "        parts.work_off(decision)",
            "    return decision",
        ]
    return [*starts, *left]
