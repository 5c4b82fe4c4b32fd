"""One Python function for all that starts on one key: the stages it may enter, and the conditions of its rules.

The function is written as source (`source_of`), compiled once a key has been met often enough to pay for it, and shown
in tracebacks, debuggers and by `touchpoint show-code` like any other code. It decides nothing that `core.advance` would
not decide by closures; tests hold the two together.
"""

import linecache
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from touchpoint.core.generate import Locals, Namespace, Source, Writer, comment
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.signals import SignalTable
from touchpoint.core.unmet import UNMET, Asked, Together, together
from touchpoint.core.whole_round import NOTHING_BEYOND, Beyond, begins, ends, looks_up, meets, remembers, takes_in

if TYPE_CHECKING:
    from touchpoint.core.at_once import BlankDecision
    from touchpoint.core.compiled_rule import CompiledRule, CompiledStage
    from touchpoint.core.decision import Decision
    from touchpoint.core.keys import Key
    from touchpoint.core.program import Program, StagesEntered, Starts
    from touchpoint.core.state import State
    from touchpoint.journey.stage import Stage

PAYS_AFTER: Final = 600
"""So many occurrences of a key are judged by closures before its function is made, since compiling it takes a while."""
OTHER: Final = ""
"""In the place of the touchpoint types that no journey names: one function does for all of them."""
Considered: TypeAlias = "Sequence[CompiledRule]"
"""In declaration order, the rules whose condition is true; what is to be said of others is in the trace by then."""
Judge: TypeAlias = "Callable[[Decision, Occurrence], Considered]"
_Block: TypeAlias = "tuple[Sequence[Source], list[Source]]"
"""Lines, and what has to be so for them to be asked."""
Decide: TypeAlias = "Callable[[Program, State, Occurrence, int], Decision]"
"""All that a touchpoint does, decided."""


@attrs.frozen
class Parts:
    """What generated source leaves to `core.advance`, because it is rare, or long.

    Args:
        blank: makes a decision that is still to be filled.
        meet_all: live runs meet what has happened.
        drop_bursts: what is being collected may be given up.
        remember_more: what is remembered besides counts.
        note_about: what is about a message or a case.
        reassess: segments are looked at again.
        refused: leaves the line of the trace for a rule whose condition is not true.
        start_all: what was considered starts.
        work_off: whatever is left to react to, round after round.
    """

    blank: "type[BlankDecision]"
    meet_all: "Callable[[Decision, Occurrence, tuple[Key, ...]], None]"
    drop_bursts: "Callable[[Decision, Occurrence, tuple[Key, ...]], None]"
    remember_more: "Callable[[Decision, Occurrence], None]"
    note_about: "Callable[[Decision, Occurrence], None]"
    reassess: "Callable[[Decision, Key, str], None]"
    refused: "Callable[[Decision, CompiledRule, Occurrence], None]"
    start_all: "Callable[[Decision, Occurrence, Considered], None]"
    work_off: "Callable[[Decision], Decision]"


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
        beyond: what only some journeys ask of touchpoints.
        moves_heard: likewise.
        looks_ahead: likewise.
        pays_after: so many occurrences of one key are judged by closures first; `PAYS_AFTER` unless given.

    Attributes:
        made: of whole rounds, by the type of the touchpoint.
    """

    def __init__(
        self, starts: "Mapping[Key, Starts]", signals: SignalTable, more: Collection[str] | None = (), *,
        beyond: Beyond = NOTHING_BEYOND, moves_heard: bool = True, looks_ahead: bool = True,
        pays_after: int | None = None,
    ) -> None:  # fmt: skip
        self._starts, self._signals, self._more = starts, signals, more
        self._moves_heard, self._looks_ahead = moves_heard, looks_ahead
        self._beyond = beyond
        after = PAYS_AFTER if pays_after is None else pays_after
        types = {name for kind, name in starts if kind == TOUCHPOINT}.union(signals.by_type, more or ())
        self._apart = {name for kind, name in beyond.finer if kind == TOUCHPOINT}
        self._wait_whole: dict[str, int] = dict.fromkeys((*(types - self._apart), OTHER), after)
        self._waits: dict[Key, int] = dict.fromkeys(starts, after)
        self.made: dict[str, Decide] = {}
        self._of_keys: dict[Key, Judge] = {}
        self._together: dict[Key, tuple[Together, ...]] = {}
        self._lists: dict[tuple[str, str], Asked] = {}

    def of(self, key: "Key", parts: Parts) -> "Judge | None":
        """The function for what starts on a key; None until it pays."""
        known = self._of_keys.get(key)
        if known is None:
            self._waits[key] = left = self._waits[key] - 1
            if left < 0:
                self._of_keys[key] = known = compiled(key, self.code(key), "judge", parts)
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

    def whole(self, name: str, parts: Parts) -> "Decide | None":
        """The function for all that a touchpoint of a type does in one round; None until it pays, or where none can.

        Those made before are in `made`.
        """
        left = self._wait_whole.get(name)
        if left is None:
            if name in self._apart:
                return None
            name, left = OTHER, self._wait_whole[OTHER]
        known = self.made.get(name)
        if known is None:
            self._wait_whole[name] = left = left - 1
            if left < 0:
                self.made[name] = known = compiled((TOUCHPOINT, name), self.code_of_type(name), "decide", parts)
        return known

    def code(self, key: "Key") -> Code:
        """The source of what starts on a key, whether or not it pays."""
        source, (stages, _) = _Source(self._signals, key, moves_heard=self._moves_heard), self._starts[key]
        return source.judging(stages, self.together(key))

    def code_of_type(self, name: str) -> Code:
        """The source of all that a touchpoint of a type does, likewise."""
        key = (TOUCHPOINT, name)
        stages, _ = self._starts.get(key, ((), ()))
        more = self._more is None or name in self._more
        source = _Source(self._signals, key, moves_heard=self._moves_heard)
        asks = takes_in(source.names, key, self._beyond)
        return source.deciding(stages, self.together(key), asks, more=more, looks_ahead=self._looks_ahead)

    def types(self) -> list[str]:
        """The types of touchpoints that have a function, or may get one."""
        return sorted(self._wait_whole.keys() - {OTHER})


class _Source:
    """Writes one function of a key, with the constants that it names."""

    def __init__(self, signals: SignalTable, key: "Key", *, moves_heard: bool) -> None:
        self.names, self._signals, self._key, self._moves_heard = Namespace(), signals, key, moves_heard

    def judging(self, stages: "StagesEntered", rules: Sequence[Together]) -> Code:
        """The function of what starts on the key, within a round: what of it is considered."""
        whether, which = self._considered(rules)
        returned = f"{which} if {whether} else ()" if rules else "()"
        body = [*self._starts(stages, rules, Locals()), f"    return {returned}"]
        return self._code([
            "def judge(decision, event):",
            f"    {f'What a {_described(self._key)} enters and starts.'!a}",
        ], body, reads=("state", "now", "trace"))  # fmt: skip

    def deciding(
        self, stages: "StagesEntered", rules: Sequence[Together], asks: Sequence[Source], *, more: bool,
        looks_ahead: bool,
    ) -> Code:  # fmt: skip
        """The function of a whole round of touchpoints of the type; `more` is remembered of it than counts.

        What it `asks` first is what only some journeys want to know.
        """
        key, (_, name) = self._key, self._key
        known = Locals()
        starts = self._starts(stages, rules, known, counts=True)
        body = [
            *remembers(self.names, self._signals, name, known.firsts, more=more),
            *asks,
            *meets(self.names.constant((key,), "keys") if name else "((event.kind, event.name),)"),
            *starts,
            *ends(*self._considered(rules), looks_ahead=looks_ahead),
        ]
        return self._code([
            "def decide(program, state, event, now):",
            f"    {f'What a {_described(key)} leaves in memory, enters and starts.'!a}",
            *begins(),
        ], body)  # fmt: skip

    def _code(self, head: list[Source], body: list[Source], reads: Sequence[str] = ()) -> Code:
        """The function of this head and body; of the decision it `reads` only what it needs."""
        lines = [*looks_up(body, self.names.constant(self._signals.letters, "letters")), *body]
        used = [each for each in reads if any(re.search(rf"\b{each}\b", line) for line in lines)]
        read = [f"    {each} = decision.{each}" for each in used]
        return Code("\n".join([*head, *read, *lines]) + "\n", self.names.names)

    def _considered(self, rules: Sequence[Together]) -> tuple[Source, Source]:
        """Whether any rule starts, and which; both empty where there are none."""
        if not rules:
            return "", ""
        if _in_bits(rules):
            return "others", f"{self.names.constant(rules[0], 'together')}.true(others)"
        return "considered", "considered"

    def _starts(
        self, stages: "StagesEntered", rules: Sequence[Together], shared: Locals, *, counts: bool = False
    ) -> list[Source]:
        """S4.2 points 4 and 5, but for the starts themselves; what is looked up for them stands before.

        The local variables are `shared` by all of them; the function `counts` the touchpoint itself, or has been given
        one that was counted.
        """
        journeys = dict.fromkeys([*(journey for journey, _ in stages), *(some.journey for some in rules)])
        variables = {journey: f"stage_{place}" for place, journey in enumerate(journeys, 1)}
        decides: list[Source] = []
        kind, name = self._key
        just = name if kind == TOUCHPOINT else ""
        writers = {each: Writer(self.names, self._signals, each, variables, shared, just, counts) for each in journeys}
        for some in rules:
            writers[some.journey].foresee(some.asked.leaves)
        for journey, entered in stages:
            decides += _moves(writers[journey], entered, heard=self._moves_heard)
        listed = rules and not _in_bits(rules)
        if listed:
            decides.append("    considered = []")
        for some in rules:
            decides += _considers(writers[some.journey], some, listed=bool(listed))
        stands = [
            line
            for journey, variable in variables.items()
            if any(variable in line for line in decides)
            for line in _stands(journey, variable)
        ]
        if stands:
            stands.insert(0, "    stages = state.stages")
        lines = [*stands, *shared.lines(), *decides]
        return ["    data = signals.data", *lines] if any("data." in line for line in lines) else lines


def _stands(journey: str, variable: str) -> list[Source]:
    held = _held(variable)
    return [
        f"    if type(stages) is One and stages.key == {journey!r}:",
        f"        {held} = stages.value",
        f"        {variable} = {held}[0]",
        "    else:",
        f"        {held} = stages.get({journey!r})",
        f"        {variable} = None if {held} is None else {held}[0]",
    ]


def _held(variable: str) -> Source:
    """The variable of the stage with since when and for the how manyth time, beside that of its name alone."""
    return variable.replace("stage", "held")


def _moves(writer: Writer, stages: "Sequence[CompiledStage]", *, heard: bool) -> list[str]:
    """S3.2: the first declared stage that matches wins; if it is the current one, nothing happens.

    Where nobody has `heard` of moves, what `Decision.move` does is done here.
    """
    stage, lines, word = writer.stages[writer.journey], [], "if"
    for each in stages:
        declared = each.stage
        conditions = []
        if declared.after:
            conditions.append(f"{stage} in {{{', '.join(map(repr, declared.after))}}}")
        if declared.given is not None:
            conditions.append(writer.holds(declared.given))
        asked = "" if declared.given is None else f": {comment(str(declared.given))}"
        lines += [
            f"    # {comment(writer.journey)}, stage {comment(declared.name)}{asked}",
            f"    {word} {' and '.join(conditions) or 'True'}:",
        ]
        enter = _enters(writer, declared, heard=heard)
        if declared.reenter or (declared.after and declared.name not in declared.after):
            lines += [f"        {line}" for line in enter]
        else:
            lines += [f"        if {stage} != {declared.name!r}:", *(f"            {line}" for line in enter)]
        word = "elif"
    return lines


def _enters(writer: Writer, declared: "Stage", *, heard: bool) -> list[Source]:
    journey, stage, name = repr(writer.journey), writer.stages[writer.journey], repr(declared.name)
    held = _held(stage)
    if heard:
        moves = ["decision.open()", "opened = True", f"decision.move({journey}, {name}, event.id)"]
    else:
        moves = [
            f"trace.append(['stage', {journey}, {stage}, {name}])",
            f"if type(stages) is One and {held} is not None:",
            f"    stages.value = {name}, now, {held}[2] + 1",
            "else:",
            f"    visit = 1 if {held} is None else {held}[2] + 1",
            f"    state.stages = stages = put(stages, {journey}, ({name}, now, visit))",
        ]
    return [*moves, f"{stage} = {name}"]


def _in_bits(rules: Sequence[Together]) -> bool:
    """Whether bits alone say which rules are true."""
    return len(rules) == 1 and len(rules[0].bits) == len(rules[0].rules)


def _considers(writer: Writer, some: Together, *, listed: bool) -> list[str]:
    """S4.2 point 5; what is refused goes into the trace before anything starts. The true ones are `listed`, or bits."""
    lines = ["    others = 0  # the bits of rules that are true"] if some.bits else []
    lines += _lists(writer, some) if listed else _sets_bits(writer, some)
    return [*lines, *_tells(writer, some)] if some.bits else lines


def _sets_bits(writer: Writer, some: Together) -> list[Source]:
    """Rules of which bits alone say whether they are true, in any order: those that ask the same are asked at once."""
    alike: dict[str, list[CompiledRule]] = {}
    for rule in some.rules:
        alike.setdefault(str(rule.condition), []).append(rule)
    asked = [rules[0].condition for rules in alike.values() if rules[0].condition is not None]
    blocks: list[_Block] = []
    for guards, condition, rules in zip(writer.passing_over(asked), asked, alike.values(), strict=True):
        names = ", ".join(comment(rule.rule.name) for rule in rules)
        lines = [
            f"    # {comment(writer.journey)}, rule {names}: {comment(str(condition))}",
            f"    if {writer.holds(condition)}:",
            f"        others |= {sum(some.bits[rule] for rule in rules)}",
        ]
        blocks.append((guards, lines))
    return _guarded(blocks)


def _guarded(blocks: "Iterable[_Block]") -> list[Source]:
    """Lines with their guards: those with the same ones are passed over together."""
    lines: list[Source] = []
    within: dict[Source, list[_Block]] = {}
    for guards, block in blocks:
        if guards:
            within.setdefault(guards[0], []).append((guards[1:], block))
        else:
            lines += block
    for guard, some in within.items():
        lines += [f"    if {guard}:", *(f"    {line}" for line in _guarded(some))]
    return lines


def _lists(writer: Writer, some: Together) -> list[Source]:
    """Rules that are considered in declaration order; one that no joint line tells of has a line of its own."""
    lines: list[Source] = []
    guards = iter(writer.passing_over([each.condition for each in some.rules if each.condition is not None]))
    for rule in some.rules:
        known, bit = writer.names.constant(rule, "rule"), some.bits.get(rule)
        about = f"    # {comment(writer.journey)}, rule {comment(rule.rule.name)}"
        if rule.condition is None:
            lines += [about, f"    considered.append({known})"]
            continue
        holds = " and ".join([*next(guards)[-1:], writer.holds(rule.condition)])
        lines += [
            f"{about}: {comment(str(rule.condition))}",
            f"    if {holds}:",
            f"        considered.append({known})",
        ]
        if bit is not None:
            lines.append(f"        others |= {bit}")
        elif rule.see is not None:
            lines += ["    else:", f"        parts.refused(decision, {known}, event)"]
    return lines


def _tells(writer: Writer, some: Together) -> list[str]:
    """The joint line for all others, where every value can be kept; else closures see to it."""
    asked = some.asked
    return [
        f"    if others != {asked.all}:",
        "        try:",
        f"            trace.append([{UNMET!r}, {some.journey!r}, {asked.code!r}, others,",
        *(f"                {each}" for each in writer.values(asked.leaves)),
        "            ])",
        "        except Unkept:",
        f"            {writer.names.constant(some, 'together')}.tell(decision, others, event)",
    ]


def _described(key: "Key") -> str:
    kind, name = key
    if kind != TOUCHPOINT:
        return f"{kind} {name!r}"
    return f"{kind} of type {name!r}" if name else f"{kind} of any other type"


def compiled(key: "Key", code: Code, function: str, parts: Parts | None = None) -> Any:  # noqa: ANN401 - two sorts
    """The function of this name, with its source where tracebacks and debuggers look for it."""
    place = f"<touchpoint {comment(' '.join(key))} {sha256(code.text.encode()).hexdigest()[:12]}>"
    linecache.cache[place] = (len(code.text), None, code.text.splitlines(keepends=True), place)
    names: dict[str, Any] = {**code.names, "parts": parts}
    if parts is not None:
        names["blank"] = parts.blank
    # Our own text: of the journey it holds numbers and literals that `repr` has quoted, as attrs writes its methods.
    exec(compile(code.text, place, "exec"), names)  # noqa: S102 - see above
    return names[function]
