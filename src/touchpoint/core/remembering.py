"""What a touchpoint leaves in the memory of its customer (S4.2 point 2), before anything follows from it."""

from collections.abc import Sequence

from touchpoint.core.cases import about_case, is_answer
from touchpoint.core.decision import Decision
from touchpoint.core.held import put
from touchpoint.core.matching import note_told
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.rhythm import lasts, noted
from touchpoint.core.sessions import hear, wrote_on
from touchpoint.core.signals import update
from touchpoint.core.state import Run, Watch


def remember(decision: Decision, occurrence: Occurrence, *, late: bool) -> None:
    """S4.2 point 2: windows, counters, silences."""
    update(decision.program.signals, decision.state.signals, occurrence, decision.now)
    remember_more(decision, occurrence, late=late)


def remember_more(decision: Decision, occurrence: Occurrence, *, late: bool = False) -> None:
    """What is remembered besides what is counted: silences, habits, sessions, answers."""
    state, program = decision.state, decision.program
    if program.usuals:
        state.occasions = noted(program.usuals, state.occasions, occurrence)
    silences = program.silences_of.get(occurrence.name, ())
    if program.silences_any and occurrence.direction == "inbound":
        silences += program.silences_any
    for spec in silences:
        due = occurrence.at + (spec.length or lasts(spec, state.occasions))
        if occurrence.at > state.heard.get(spec.name, -1) and not (late and due <= decision.now):
            state.heard = put(state.heard, spec.name, occurrence.at)
            state.silences = put(state.silences, spec.name, due)
    if program.sessions and (channel := wrote_on(program.sessions, occurrence)) is not None:
        state.heard = hear(state.heard, channel, occurrence.at)
        if program.sessions[channel]:
            decision.ask_again()
    if occurrence.about is not None:
        note_about(decision, occurrence)


def note_about(decision: Decision, occurrence: Occurrence) -> None:
    """What is about a message, or a case."""
    if decision.program.listening.tells:
        _keep_told(decision, occurrence)
    if is_answer(occurrence) and (case := about_case(occurrence)) is not None:
        decision.answer_case(*case, occurrence.at, f"touchpoint:{occurrence.id}")


def _keep_told(decision: Decision, occurrence: Occurrence) -> None:
    """Keep what came back of a message with the run that sent it, however late (S1.5)."""
    runs: Sequence[Run | Watch] = (*decision.state.runs, *decision.state.watches)
    for each in runs:
        rule = decision.program.rule_of(each)
        if rule is not None and rule.tells:
            note_told(each, occurrence)
