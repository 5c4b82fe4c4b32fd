"""One Python function for all that starts on one key: the stages it may enter, and the conditions of its rules.

The function is written as source (`source_of`), compiled once a key has been met often enough to pay for it, and shown
in tracebacks, debuggers and by `touchpoint show-code` like any other code. It decides nothing that `core.advance` would
not decide by closures; tests hold the two together.
"""

import linecache
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from touchpoint.core.generate import Namespace, Writer
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.signals import SignalTable

if TYPE_CHECKING:
    from touchpoint.core.decision import Decision
    from touchpoint.core.keys import Key
    from touchpoint.core.program import CompiledRule, CompiledStage, Starts
    from touchpoint.core.seen import Seen

PAYS_AFTER: Final = 600
"""So many occurrences of a key are judged by closures before its function is made, which takes a millisecond or two."""
Considered: TypeAlias = "list[tuple[CompiledRule, Seen | None]]"
"""Rules in declaration order: with None those whose condition is true, the others with what it saw."""
Refusal: TypeAlias = "Callable[[Decision, CompiledRule, Occurrence], Seen]"
"""What the condition of a rule saw that is not true."""
Judge: TypeAlias = "Callable[[Decision, Occurrence, Refusal], Considered]"


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
        pays_after: so many occurrences of one key are judged by closures first; `PAYS_AFTER` unless given.
    """

    def __init__(self, starts: "Mapping[Key, Starts]", signals: SignalTable, pays_after: int | None = None) -> None:
        self._starts, self._signals = starts, signals
        after = PAYS_AFTER if pays_after is None else pays_after
        self._waits: dict[Key, int] = dict.fromkeys(starts, after)
        self._made: dict[Key, Judge] = {}

    def of(self, key: "Key") -> "Judge | None":
        """The function for what starts on a key; None until it pays."""
        known = self._made.get(key)
        if known is None:
            left = self._waits[key] - 1
            self._waits[key] = left
            if left < 0:
                self._made[key] = known = compiled(key, self.code(key))
        return known

    def code(self, key: "Key") -> Code:
        """The source of a key, whether or not it pays."""
        stages, rules = self._starts[key]
        return source_of(key, stages, rules, self._signals)


def source_of(
    key: "Key", stages: "Sequence[tuple[str, Sequence[CompiledStage]]]", rules: "Sequence[CompiledRule]",
    signals: SignalTable,
) -> Code:  # fmt: skip
    """The function for one key, as source."""
    names = Namespace()
    journeys = dict.fromkeys([*(journey for journey, _ in stages), *(rule.journey for rule in rules)])
    variables = {journey: f"stage_{place}" for place, journey in enumerate(journeys, 1)}
    lines = [
        "def judge(decision, event, refusal):",
        f'    """What a {_described(key)} enters and starts."""',
        "    state, now = decision.state, decision.now",
        "    properties, traits, signals = event.properties, state.profile.traits, state.signals",
    ]
    for journey, variable in variables.items():
        lines += [f"    held = state.stages.get({journey!r})", f"    {variable} = None if held is None else held[0]"]
    for journey, entered in stages:
        lines += _moves(Writer(names, signals, journey, variables), entered)
    lines.append("    considered = []")
    for rule in rules:
        lines += _considers(Writer(names, signals, rule.journey, variables), rule)
    lines.append("    return considered")
    return Code("\n".join(lines) + "\n", names.names)


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
        lines.append(f"    {word} {' and '.join(conditions) or 'True'}:  # enter {_comment(declared.name)}")
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


def _considers(writer: Writer, rule: "CompiledRule") -> list[str]:
    known = writer.names.constant(rule, "rule")
    fires = f"considered.append(({known}, None))  # {_comment(rule.label)}"
    if rule.condition is None:
        return [f"    {fires}"]
    return [
        f"    if {writer.holds(rule.condition)}:  # {_comment(str(rule.condition))}",
        f"        {fires}",
        "    else:",
        f"        considered.append(({known}, refusal(decision, {known}, event)))",
    ]


def _described(key: "Key") -> str:
    kind, name = key
    return f"{kind} of type {name!r}" if kind == TOUCHPOINT else f"{kind} {name!r}"


def _comment(text: str) -> str:
    # Names and literals are the host's: none of them may end the line.
    return ascii(text)[1:-1]


def compiled(key: "Key", code: Code) -> Judge:
    """The function, with its source where tracebacks and debuggers look for it."""
    place = f"<touchpoint {_comment(' '.join(key))} {sha256(code.text.encode()).hexdigest()[:12]}>"
    linecache.cache[place] = (len(code.text), None, code.text.splitlines(keepends=True), place)
    names: dict[str, Any] = dict(code.names)
    # Our own text: of the journey it holds numbers and literals that `repr` has quoted, as attrs writes its methods.
    exec(compile(code.text, place, "exec"), names)  # noqa: S102 - see above
    judge: Judge = names["judge"]
    return judge
