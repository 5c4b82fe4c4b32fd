"""A journey in which questions are cases (S8.2): asked, answered within a time, and closed by their answer."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from touchpoint.channels.inbound import REPLIED
from touchpoint.errors import InvalidInput
from touchpoint.journey.conditions import case_open, event, trigger
from touchpoint.journey.expressions import Expression
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import OpenCase, Send
from touchpoint.journey.triggers import CaseOverdue
from touchpoint.model.case import CaseType
from touchpoint.model.contact import ANALYSED, FEEDBACK
from touchpoint.model.message import Message

QUESTION: Final = "question"
"""The kind of case, and the intent of feedback that opens one."""
_WHY: Final = "who asks is owed an answer, and in time"


def questions(
    answer: Message, *, types: Sequence[str] = (), key: str | None = None,
    respond_within: timedelta | None = timedelta(days=1), overdue: Message | None = None, analysed: bool = False,
    name: str = "questions",
) -> Journey:  # fmt: skip
    """A journey in which each question opens a case of the kind `question`, and the first answer closes it.

    `answer` is sent for each. On a channel of people, such as `TaskChannel`, it asks a colleague to answer, and
    completing the task is the answer; on any other it is the answer itself. Whatever else is a first response (S8.2)
    answers, too: `engine.answer_case`, or an outbound touchpoint about the case.

    Args:
        answer: what is sent for each question; its words find what was asked as `{trigger.comment}`, or whatever the
            touchpoint has.
        types: the host's own touchpoint types that are questions, beside feedback with the intent `question`. With
            `replied` every reply in words is one.
        key: the property that names a question, such as `ticket`: then that is the case's `ref`, each is asked once
            while it is open, and an answer that waits to go out is withdrawn when somebody else was quicker.
        respond_within: elapsed time to the first answer; None for no deadline.
        overdue: what is sent when that is missed, once for each question; the case is `{trigger.ref}`.
        analysed: the engine has an analyser: questions are also what it takes for one, as soon as it has read them. The
            words are not in what tells of it, so that `answer` has to do without: `{trigger.comment|…}`.
        name: the journey's.

    Raises:
        InvalidInput: `types` is a text, or `overdue` is given without a deadline.
        JourneyError: the messages or names are not acceptable; it lists every problem.
    """
    if isinstance(types, str):
        raise InvalidInput('questions(types=) takes the names of touchpoint types, as in ("enquiry",)')
    if overdue is not None and respond_within is None:
        raise InvalidInput("questions(overdue=) needs respond_within=: without a deadline nothing is ever overdue")
    case = CaseType(QUESTION, respond_within=respond_within, answer_closes=True)
    said = ANALYSED if analysed else FEEDBACK  # what was stated is in both
    asked = [_rule(type_, _given(type_), answer, case, key) for type_ in dict.fromkeys((said, *types))]
    rules = asked if overdue is None else [*asked, _late(overdue, case)]
    return Journey(name, cases=(case,), rules=rules)  # type: ignore[arg-type]  # its converters take any iterable


def _rule(type_: str, given: Expression | None, answer: Message, case: CaseType, key: str | None) -> Rule:
    # Without a key nothing but its run knows which case it is.
    still = None if key is None else case_open(case, ref=trigger[key])
    return Rule(
        f"asked by {type_}", when=type_, given=given, then=[OpenCase(case), Send(answer, still=still)], key=key,
        concurrency="parallel" if key is None else "ignore", why=_WHY,
    )  # fmt: skip


def _given(type_: str) -> Expression | None:
    if type_ in (FEEDBACK, ANALYSED):
        return event.intent == QUESTION
    if type_ == REPLIED:
        return ~event.keyword.exists() & ~event.shared.exists()
    return None


def _late(overdue: Message, case: CaseType) -> Rule:
    return Rule(
        "overdue", when=CaseOverdue(case, "response"), key="ref", then=[Send(overdue)], why=_WHY,
        concurrency="parallel",
    )  # fmt: skip
