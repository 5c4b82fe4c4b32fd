"""One Python function for all that starts on one key: the stages it may enter, and the conditions of its rules.

The function is written as source (`source_of`), compiled once a key has been met often enough to pay for it, and shown
in tracebacks, debuggers and by `touchpoint show-code` like any other code. It decides nothing that `core.advance` would
not decide by closures; tests hold the two together.
"""

import linecache
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import attrs

from touchpoint.core.generate import Locals, Namespace, Writer, comment
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.signals import SOME, SignalTable
from touchpoint.core.unmet import UNMET, Asked, Together, together
from touchpoint.durations import spoken

if TYPE_CHECKING:
    from touchpoint.core.compiled_rule import CompiledRule, CompiledStage
    from touchpoint.core.decision import Decision
    from touchpoint.core.keys import Key
    from touchpoint.core.program import Starts

T = TypeVar("T")
PAYS_AFTER: Final = 600
"""So many occurrences of a key are judged by closures before its function is made, since compiling it takes a while."""
Considered: TypeAlias = "list[CompiledRule]"
"""In declaration order, the rules whose condition is true; what is to be said of others is in the trace by then."""
Judge: TypeAlias = "Callable[[Decision, Occurrence, Parts], Considered]"


@attrs.frozen
class Parts:
    """What generated source leaves to `core.advance`, because it is rare, or long.

    Args:
        meet_all: live runs meet what has happened.
        drop_bursts: what is being collected may be given up.
        remember_more: what is remembered besides counts.
        note_about: what is about a message or a case.
        refused: leaves the line of the trace for a rule whose condition is not true.
    """

    meet_all: "Callable[[Decision, Occurrence, tuple[Key, ...]], None]"
    drop_bursts: "Callable[[Decision, Occurrence, tuple[Key, ...]], None]"
    remember_more: "Callable[[Decision, Occurrence], None]"
    note_about: "Callable[[Decision, Occurrence], None]"
    refused: "Callable[[Decision, CompiledRule, Occurrence], None]"


@attrs.frozen
class Code:
    """Generated source with the constants that it names."""

    text: str
    names: Mapping[str, object]


class Judges:
    """The functions of one program, each made when it pays.

    Args:
        starts: of the program.
        signals: likewise.
        more: the types of which more is remembered than counts; None where that is so of all.
        plain: as in the program.
        pays_after: so many occurrences of one key are judged by closures first; `PAYS_AFTER` unless given.

    Attributes:
        made: of whole rounds, by the type of the touchpoint.
    """

    def __init__(
        self, starts: "Mapping[Key, Starts]", signals: SignalTable, more: Collection[str] | None = (), *,
        plain: bool = False, pays_after: int | None = None,
    ) -> None:  # fmt: skip
        self._starts, self._signals, self._more = starts, signals, more
        after = PAYS_AFTER if pays_after is None else pays_after
        types = {name for kind, name in starts if kind == TOUCHPOINT} | signals.by_type.keys() if plain else ()
        self._wait_whole: dict[str, int] = dict.fromkeys(types, after)
        self._waits: dict[Key, int] = dict.fromkeys(starts, after)
        self.made: dict[str, Judge] = {}
        self._of_keys: dict[Key, Judge] = {}
        self._together: dict[Key, tuple[Together, ...]] = {}
        self._lists: dict[tuple[str, str], Asked] = {}

    def of(self, key: "Key") -> "Judge | None":
        """The function for what starts on a key; None until it pays."""
        known = self._of_keys.get(key)
        if known is None and _pays(self._waits, key):
            self._of_keys[key] = known = compiled(key, self.code(key))
        return known

    def together(self, key: "Key") -> tuple[Together, ...]:
        """The rules that start on a key, by their journeys."""
        found = self._together.get(key)
        if found is None:
            _, rules = self._starts.get(key, ((), ()))
            found = self._together.setdefault(key, together(rules, self._signals))
        return found

    def list_of(self, journey: str, code: str) -> Asked:
        """The list that stands in a joint line of a trace which this program has left."""
        if (journey, code) not in self._lists:
            every = [some for found in self._together.values() for some in found if some.has_told]
            self._lists = {(some.journey, some.asked.code): some.asked for some in every}
        return self._lists[journey, code]

    def whole(self, name: str) -> "Judge | None":
        """The function for all that a touchpoint of a type does in one round; None until it pays, or where none can.

        Those made before are in `made`.
        """
        known = self.made.get(name)
        if known is None and name in self._wait_whole and _pays(self._wait_whole, name):
            self.made[name] = known = compiled((TOUCHPOINT, name), self.code_of_type(name))
        return known

    def code(self, key: "Key") -> Code:
        """The source of what starts on a key, whether or not it pays."""
        stages, _ = self._starts[key]
        return source_of(key, stages, self.together(key), self._signals)

    def code_of_type(self, name: str) -> Code:
        """The source of all that a touchpoint of a type does, likewise."""
        key = (TOUCHPOINT, name)
        stages, _ = self._starts.get(key, ((), ()))
        more = self._more is None or name in self._more
        return source_of(key, stages, self.together(key), self._signals, remembers=True, more=more)

    def types(self) -> list[str]:
        """The types of touchpoints that have a function, or may get one."""
        return sorted(self._wait_whole)


def _pays(waits: dict[T, int], key: T) -> bool:
    left = waits[key] - 1
    waits[key] = left
    return left < 0


def source_of(
    key: "Key", stages: "Sequence[tuple[str, Sequence[CompiledStage]]]", rules: Sequence[Together],
    signals: SignalTable, *, remembers: bool = False, more: bool = False,
) -> Code:  # fmt: skip
    """The function for one key, as source.

    Args:
        key: that it is about.
        stages: that are entered on it.
        rules: that it starts, by their journeys.
        signals: what is kept of the past.
        remembers: with what a touchpoint leaves in memory, and what live runs make of it.
        more: of which more is remembered than counts.
    """
    names = Namespace()
    journeys = dict.fromkeys([*(journey for journey, _ in stages), *(some.journey for some in rules)])
    variables = {journey: f"stage_{place}" for place, journey in enumerate(journeys, 1)}
    does = "leaves in memory, enters and starts" if remembers else "enters and starts"
    lines = [
        "def judge(decision, event, parts):",
        f"    {f'What a {_described(key)} {does}.'!a}",
        "    state, now = decision.state, decision.now",
        "    properties, traits, signals = event.properties, state.profile.traits, state.signals",
    ]
    letters = names.constant(signals.letters, "letters")
    lines += [f"    if signals.letters is not {letters}:", f"        signals.adopt({letters})"]
    if remembers:
        lines += _remembers(names, signals, key[1], more=more)
        lines += _meets(names.constant((key,), "keys"))
    shared = Locals()
    writers = {journey: Writer(names, signals, journey, variables, shared) for journey in variables}
    for some in rules:
        writers[some.journey].foresee(some.asked.leaves)
    decides: list[str] = []
    for journey, entered in stages:
        decides += _moves(writers[journey], entered)
    decides.append("    considered = []")
    for some in rules:
        decides += _considers(writers[some.journey], some)
    for journey, variable in variables.items():
        if any(variable in line for line in decides):
            lines += [
                f"    held = state.stages.get({journey!r})",
                f"    {variable} = None if held is None else held[0]",
            ]
    lines += shared.lines()
    return Code("\n".join([*lines, *decides, "    return considered"]) + "\n", names.names)


def _remembers(names: Namespace, signals: SignalTable, name: str, *, more: bool) -> list[str]:
    """S4.2 point 2: what is counted is counted here, as `core.remembered` says how."""
    lines: list[str] = []
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


def _adds_instant(letter: str, within: int) -> list[str]:
    return [
        f"    if at > now - {within}:",
        "        if not instants or at >= instants[-1]:",
        "            instants.append(at)",
        f"            signals.who += {letter!r}",
        "        else:",
        f"            signals.add({letter!r}, at)",
    ]


def _keeps_when(key: str, add: str) -> list[str]:
    return [
        "    # When it was last.",
        f"    known = signals.get({key!r}, at)",
        "    if type(known) is not int or 'at' in properties:  # a property of that name is what is meant",
        f"        {add}(signals, event, now)",
        "    elif at >= known:",
        f"        signals[{key!r}] = at",
    ]


def _meets(keys: str) -> list[str]:
    """S4.2 point 3."""
    return [
        "    # Live runs, and what is being collected.",
        "    if state.runs or state.watches:",
        f"        parts.meet_all(decision, event, {keys})",
        "    if state.bursts:",
        f"        parts.drop_bursts(decision, event, {keys})",
    ]


def _moves(writer: Writer, stages: "Sequence[CompiledStage]") -> list[str]:
    """S3.2: the first declared stage that matches wins; if it is the current one, nothing happens."""
    stage, lines, word = writer.stages[writer.journey], [], "if"
    for each in stages:
        declared = each.stage
        conditions = []
        if declared.after:
            conditions.append(f"{stage} in {tuple(declared.after)!r}")
        if declared.given is not None:
            conditions.append(writer.holds(declared.given))
        asked = "" if declared.given is None else f": {comment(str(declared.given))}"
        lines += [
            f"    # {comment(writer.journey)}, stage {comment(declared.name)}{asked}",
            f"    {word} {' and '.join(conditions) or 'True'}:",
        ]
        enter = [
            f"decision.move({writer.journey!r}, {declared.name!r}, event.id)",
            f"{stage} = {declared.name!r}",
        ]
        if declared.reenter or (declared.after and declared.name not in declared.after):
            lines += [f"        {line}" for line in enter]
        else:
            lines += [f"        if {stage} != {declared.name!r}:", *(f"            {line}" for line in enter)]
        word = "elif"
    return lines


def _considers(writer: Writer, some: Together) -> list[str]:
    """S4.2 point 5; what is refused goes into the trace before anything starts."""
    bits = some.bits
    lines = ["    others = 0  # the bits of rules that are true"] if bits else []
    for rule in some.rules:
        known, bit = writer.names.constant(rule, "rule"), bits.get(rule)
        about = f"    # {comment(writer.journey)}, rule {comment(rule.rule.name)}"
        if rule.condition is None:
            lines += [about, f"    considered.append({known})"]
            continue
        lines += [
            f"{about}: {comment(str(rule.condition))}",
            f"    if {writer.holds(rule.condition)}:",
            f"        considered.append({known})",
        ]
        if bit is not None:
            lines.append(f"        others |= {bit}")
        elif rule.see is not None:
            lines += ["    else:", f"        parts.refused(decision, {known}, event)"]
    return [*lines, *_tells(writer, some)] if bits else lines


def _tells(writer: Writer, some: Together) -> list[str]:
    """The joint line for all others, where every value can be kept; else closures see to it."""
    asked = some.asked
    return [
        f"    if others != {asked.all}:",
        "        try:",
        f"            decision.trace.append([{UNMET!r}, {some.journey!r}, {asked.code!r}, others,",
        *(f"                {each}" for each in writer.values(asked.leaves)),
        "            ])",
        "        except Unkept:",
        f"            {writer.names.constant(some, 'together')}.tell(decision, others, event)",
    ]


def _described(key: "Key") -> str:
    kind, name = key
    return f"{kind} of type {name!r}" if kind == TOUCHPOINT else f"{kind} {name!r}"


def compiled(key: "Key", code: Code) -> Judge:
    """The function, with its source where tracebacks and debuggers look for it."""
    place = f"<touchpoint {comment(' '.join(key))} {sha256(code.text.encode()).hexdigest()[:12]}>"
    linecache.cache[place] = (len(code.text), None, code.text.splitlines(keepends=True), place)
    names: dict[str, Any] = dict(code.names)
    # Our own text: of the journey it holds numbers and literals that `repr` has quoted, as attrs writes its methods.
    exec(compile(code.text, place, "exec"), names)  # noqa: S102 - see above
    judge: Judge = names["judge"]
    return judge
