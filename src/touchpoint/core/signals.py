"""What rules ask about history, kept incrementally and bounded (S4.7): nothing ever scans the timeline.

`collect` derives from a journey's expressions which *signals* must be kept. What is kept of one customer is a
`core.kept.Past`; how it is stored is nobody's business here. Functions that change it do so in place. The shapes of the
data are described in `core.remembered`.

The key hashes what is kept, not who asks: `count("a")` and `ever("a")` share one signal, and so do two questions that
compare the same property with different things. A key changes when the meaning does; the signal is then filled anew.
Of signals that differ in nothing but how far back they look, only the one that looks furthest is kept: their *keeper*.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from touchpoint.core.compile import Evaluator, Path
from touchpoint.core.kept import SOME, Letters, Past, letters_for
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.questions import answer
from touchpoint.core.remembered import Plain, Signal, signal_of
from touchpoint.core.upkeep import Add, adder
from touchpoint.errors import UnknownName
from touchpoint.journey.conditions import Aggregate, Count, Ever, Expression, Field, Last, Total, path_of, root_of, walk

_ASKING: Final = (Count, Ever, Total)
"""Questions about history that stand for themselves, and not at the root of a field."""
_READERS_KEPT: Final = 10_000


@attrs.frozen(eq=False)
class SignalTable:
    """The signals that journeys need: those that are kept, by key and by the touchpoint type that changes them.

    `adders` has what adds a touchpoint of a type to a customer's data, `letters` those of the log, `withins` by letter
    how far back it is looked at, and `furthest` the longest of these; microseconds. `grows` says by how many instants
    the log grows at most with a touchpoint of a type, where it does.
    """

    signals: Mapping[str, Signal]
    by_type: Mapping[str, tuple[Signal, ...]]
    adders: Mapping[str, tuple[Add, ...]] = attrs.field(repr=False)
    letters: Letters = attrs.field(repr=False)
    withins: Mapping[str, int] = attrs.field(repr=False)
    furthest: int
    grows: Mapping[str, int]
    # By the key of each signal that is asked for.
    _keepers: Mapping[str, Signal] = attrs.field(repr=False)
    # By the identity of the expressions it was collected from, which are kept here so that no other can get theirs.
    _asked: Mapping[int, tuple[Expression, tuple[Signal, ...]]] = attrs.field(repr=False)
    # The signal of each question in them, likewise.
    _answering: Mapping[tuple[int, Path], Signal] = attrs.field(repr=False)
    # Closures for questions that were asked before, likewise by identity.
    _readers: dict[tuple[int, Path], tuple[Aggregate, Evaluator]] = attrs.field(factory=dict, init=False, repr=False)

    def asked_by(self, expression: Expression) -> tuple[Signal, ...]:
        """The signals one expression asks for; at once for those the table was collected from."""
        known = self._asked.get(id(expression))
        return tuple(signals_of(expression)) if known is None else known[1]

    def keeper(self, signal: Signal) -> Signal:
        """The signal in whose data this one has its own: itself, or one whose window reaches further back.

        Raises:
            UnknownName: the table was collected from other expressions.
        """
        found = self._keepers.get(signal.key)
        if found is None:
            raise UnknownName("signal for", f"{signal.kind} of {signal.type!r}")
        return found

    def reader(self, question: Aggregate, path: Path = ()) -> Evaluator:
        """A closure that answers the question from `context.signals`; of a `Last`, the property at `path`.

        Raises:
            UnknownName: the table was collected from other expressions.
        """
        known = self._readers.get((id(question), path))
        if known is not None:
            return known[1]
        signal = self._answering.get((id(question), path)) or signal_of(question, path)
        found = answer(question, signal, self.keeper(signal).key)
        if len(self._readers) < _READERS_KEPT:
            self._readers[id(question), path] = question, found
        return found

    def windows(self) -> Iterator[Signal]:
        """The signals that are asked for and look through a window."""
        asked = {signal.key: signal for _, signals in self._asked.values() for signal in signals}
        return (signal for signal in asked.values() if signal.within is not None)


def collect(expressions: Iterable[Expression]) -> SignalTable:
    """The signals that these expressions ask for, each once, in the order they are first asked for."""
    signals: dict[str, Signal] = {}
    asked, answering = {}, {}
    plain: Plain = {}
    for expression in expressions:
        own = []
        for question, path in _questions(expression):
            found = signal_of(question, path, plain)
            own.append(signals.setdefault(found.key, found))
            answering[id(question), path] = own[-1]
        asked[id(expression)] = (expression, tuple(own))
    keepers = _keepers(signals.values())
    kept = {key: signal for key, signal in signals.items() if keepers[key] is signal}
    by_type = _indexed(kept.values())
    logged = [each for each in kept.values() if each.shape == "instants"]
    letters = letters_for(each.key for each in logged)
    adders = {name: tuple(adder(each, letters) for each in own) for name, own in by_type.items()}
    withins = {letters.of[each.key]: each.within or 0 for each in logged}
    furthest = max(withins.values(), default=0)
    grows: dict[str, int] = {}
    for each in logged:
        grows[each.type] = grows.get(each.type, 0) + 1
    return SignalTable(kept, by_type, adders, letters, withins, furthest, grows, keepers, asked, answering)


def _keepers(signals: Iterable[Signal]) -> dict[str, Signal]:
    """By the key of each: the one of its family whose window reaches furthest back."""
    furthest: dict[object, Signal] = {}
    families = [(signal, signal.family if signal.within is not None else signal.key) for signal in signals]
    for signal, family in families:
        known = furthest.setdefault(family, signal)
        if (signal.within or 0) > (known.within or 0):
            furthest[family] = signal
    return {signal.key: furthest[family] for signal, family in families}


def signals_of(expression: Expression) -> Iterator[Signal]:
    """What must be kept to evaluate one expression."""
    return (signal_of(*each) for each in _questions(expression))


def _questions(expression: Expression) -> Sequence[tuple[Aggregate, Path]]:
    """The questions about history in one expression; of a `Last`, each with the property that is meant."""
    found: list[tuple[Aggregate, Path]] = []
    for node in walk(expression):
        if isinstance(node, Field):
            if isinstance(root := root_of(node), Last):
                found.append((root, path_of(node)))
        elif isinstance(node, _ASKING):
            found.append((node, ()))
    return found


def update(table: SignalTable, past: Past, occurrence: Occurrence, now: int) -> None:
    """Add one touchpoint to a customer's data, in place. It costs what the signals of its type cost.

    A late one is put where its time belongs; one that a window can no longer see is left out. Events that are not
    touchpoints (a stage entered, say) change nothing.

    Args:
        table: from `collect`.
        past: what is kept of the customer; adopted, if it is of another table.
        occurrence: the touchpoint, not seen before; `at` is not later than `now`.
        now: microseconds UTC, not before the previous update.
    """
    if occurrence.kind != TOUCHPOINT or (adders := table.adders.get(occurrence.name)) is None:
        return
    past.adopt(table.letters)
    for add in adders:
        add(past, occurrence, now)
    if len(past.ats) % SOME < table.grows.get(occurrence.name, 0):
        past.thin(table.withins, table.furthest, now)


def backfill(table: SignalTable, past: Past, occurrences: Iterable[Occurrence], now: int) -> None:
    """Have what is kept of a customer be what the table asks, in place: fill what is missing, drop what nobody asks.

    Args:
        table: from `collect`.
        past: what is kept of the customer; an empty one for a new customer.
        occurrences: the customer's touchpoints, all of them in order of arrival; read only if something is missing.
        now: microseconds UTC.
    """
    missing = [signal for key, signal in table.signals.items() if key not in past and key not in past.letters.of]
    past.adopt(table.letters)
    past.forget(past.data.keys() - table.signals.keys())
    if not missing:
        return
    adders = {name: [adder(each, table.letters) for each in signals] for name, signals in _indexed(missing).items()}
    for occurrence in occurrences:
        for add in adders.get(occurrence.name, ()):
            add(past, occurrence, now)


def lapses_at(expression: Expression | None, table: SignalTable, past: Past, now: int) -> int | None:
    """The next instant after `now` (microseconds UTC) at which a touchpoint leaves a window; None if none will.

    A touchpoint at t leaves a window of length w at t + w exactly, since windows are `(now - w, now]` (S4.4).

    Args:
        expression: look only at the windows it asks for; None looks at all.
        table: from `collect`.
        past: what is kept of the customer.
        now: microseconds UTC.
    """
    signals = table.windows() if expression is None else table.asked_by(expression)
    lapses = (next_lapse(each, table.keeper(each).key, past, now) for each in signals)
    return min((at for at in lapses if at is not None), default=None)


def next_lapse(signal: Signal, key: str, past: Past, now: int) -> int | None:
    """The next instant after `now` at which a touchpoint leaves the window of one signal; None if none will.

    `key` is that of its keeper.
    """
    if signal.within is None:
        return None
    if signal.shape == "instants":
        first = past.first_after(key, now - signal.within)
    else:
        ats = past.get(key)[0] if key in past else ()
        place = bisect_right(ats, now - signal.within)
        first = ats[place] if place < len(ats) else None
    return None if first is None else first + signal.within


def _indexed(signals: Iterable[Signal]) -> dict[str, tuple[Signal, ...]]:
    index: dict[str, tuple[Signal, ...]] = {}
    for signal in signals:
        index[signal.type] = (*index.get(signal.type, ()), signal)
    return index
