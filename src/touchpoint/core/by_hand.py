"""What a person sends or gives (S11.8): each message has a rule of its own that nothing but a person starts.

Such a rule belongs to the journey that declares the message, so that its policies bind it, and holds one step. So what
a person sends goes through the same outbox, gate, release and end as everything else.
"""

from typing import Final

from touchpoint.core.advance import start, work_off
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.parking import park_touchpoint
from touchpoint.core.program import Program
from touchpoint.core.state import State
from touchpoint.journey.by_hand import PREFIX

SENT: Final = "sent_by_hand"
"""The type of the touchpoint that tells of it."""


def rule_by_hand(program: Program, message: str) -> CompiledRule | None:
    """The rule by which a person sends this message; None where no journey declares it."""
    return next(
        (
            rule
            for journey in program.journeys
            if (rule := program.by_hand.get((journey, PREFIX + message))) is not None
        ),
        None,
    )


def send_by_hand(program: Program, state: State, rule: CompiledRule, occurrence: Occurrence, now: int) -> Decision:
    """Decide what follows from the touchpoint that tells of it, and have the message wait for its release.

    Raises:
        DefectiveJourney: what others make of that touchpoint is defective; the state is then not to be used any more.
    """
    decision = work_off(Decision(program, state, now, occurrence))
    start(decision, rule, occurrence)
    return work_off(decision)


def send_alone(
    program: Program, state: State, rule: CompiledRule, occurrence: Occurrence, now: int, error: str
) -> Decision:
    """The same where what others make of the touchpoint is defective: that is parked, and the message goes its way."""
    decision = park_touchpoint(program, state, occurrence, now, error, late=False)
    start(decision, rule, occurrence)
    return work_off(decision)
