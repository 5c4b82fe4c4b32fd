"""Surveys that were sent, and the answers in what comes back (S8.1)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from touchpoint.channels.inbound import Replied
from touchpoint.channels.keywords import keyword_in
from touchpoint.core.decision import RunJoined
from touchpoint.core.identity import message_key
from touchpoint.core.state import Pending, Run
from touchpoint.durations import instant, length
from touchpoint.engine.intake import Prepared, prepare
from touchpoint.journey.asking import WITHIN, first_asked, within
from touchpoint.journey.steps import Ask
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FEEDBACK
from touchpoint.model.message import Survey
from touchpoint.model.scale import Scale
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import AskedRow, MessageRow
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit

MESSAGE: Final = "message"
"""The property of a `feedback` touchpoint that names the survey it answers."""
_ID: Final = 500


def note_asked(unit: "Unit", loaded: "Loaded", pending: Pending, run: Run) -> None:
    """Have what a survey asks written down, since its run may be over when the answer comes."""
    survey = unit.program.message_of(loaded.state, pending)
    if not isinstance(survey, Survey):
        return
    about, name, counts = pending.key, pending.message, length(WITHIN)
    rule = unit.program.rule_of(run)
    node = None if rule is None else rule.nodes.get(pending.step)
    if node is not None and isinstance(node.step, Ask):
        counts = length(within(node.step))
    asks = first_asked(pending.step)
    first = None if asks is None or rule is None else rule.nodes.get(asks)
    if first is not None and isinstance(first.step, Ask) and asks is not None:
        about, name = message_key(run.id, asks, abs(run.visits.get(asks, 1))), first.step.message.name
    scale = survey.answered_on()
    told = "" if scale is None else dumps([scale.low, scale.high, scale.better])
    unit.changes.asked[pending.key] = AskedRow(
        pending.key, loaded.no, about, name, survey.scale, told, run.trigger.location, counts
    )


def join_asked(unit: "Unit", loaded: "Loaded", joined: RunJoined) -> None:
    """Have answers to what the run that ended has asked answer what the one that goes on has asked at the same step.

    A survey that was answered by then keeps its answers: another one stands in place of the first, and one about
    something else would count beside it.
    """
    run, into = joined.run, joined.into
    theirs: dict[str, AskedRow] = {}
    for step, visits in run.visits.items():
        own = asked_by(unit, message_key(into.id, step, abs(into.visits.get(step, 0))))
        key = message_key(run.id, step, abs(visits))
        if own is not None and own.customer == loaded.no and key not in joined.answered:
            theirs[key] = own
    if not theirs:
        return
    rows = {row.key: row for row in unit.tx.asked_of(loaded.no)} | unit.changes.asked
    for row in rows.values():
        own = theirs.get(row.about)
        if own is not None:
            unit.changes.asked[row.key] = row._replace(about=own.about, message=own.message, within=own.within)


def answers_in(unit: "Unit", event: Replied, replies: Sequence[Prepared], now: int, skew: int) -> list[Prepared]:
    """The feedback in replies that answer a survey, each to be recorded after its reply.

    Args:
        unit: in which they are taken.
        event: what came back.
        replies: the touchpoints that it became.
        now: microseconds UTC.
        skew: as for `prepare`.
    """
    if keyword_in(event.text) is not None:
        return []
    found = []
    for reply in replies:
        about = reply.occurrence.about
        asked = None if about is None else asked_by(unit, about)
        if asked is None or not _counts(unit, asked, now if reply.at is None else reply.at):
            continue
        said = _said(unit, event, asked, reply)
        if said is not None:
            found.append(prepare(said, now=now, skew=skew, declared={}))
    return found


def asked_by(unit: "Unit", key: str) -> AskedRow | None:
    """What was asked by the message of this key, by this unit included; None where it was no survey."""
    return unit.changes.asked.get(key) or unit.tx.asked(key)


def scale_asked(asked: AskedRow) -> Scale | None:
    """The scale on which a survey asked, as it did then."""
    if not asked.scale:
        return None
    low, high, better = loads(asked.scale)
    return Scale(low, high, better=better)


def _counts(unit: "Unit", asked: AskedRow, at: int) -> bool:
    """Whether an answer of then still counts: `within` after the hand-over of what was sent first."""
    first = unit.tx.message(asked.about)
    handed = None if first is None else handed_over(first)
    return handed is None or at <= handed + asked.within


def handed_over(row: MessageRow) -> int:
    """When a message was handed over, as far as its row tells."""
    return row.changed_at if row.at is None else row.at


def _said(unit: "Unit", event: Replied, asked: AskedRow, reply: Prepared) -> Touchpoint | None:
    from touchpoint.insight.answers import read_answer
    from touchpoint.insight.automatic import is_automatic

    if is_automatic(event.text):
        return None
    loaded = unit.find(reply.customer)
    language = None if loaded is None else loaded.state.profile.locale
    answer = read_answer(event.text, asked.kind, scale=scale_asked(asked), language=language or None)  # type: ignore[arg-type]
    if answer is None or (answer.score is None and answer.comment is None):
        return None
    said = answer.feedback(channel=reply.occurrence.channel, location=asked.location, about=asked.about)
    at = None if reply.at is None else instant(reply.at)
    return touchpoint_of(reply.customer, said, feedback_id(reply.id), message=asked.message, at=at)


def touchpoint_of(
    customer: str, said: Feedback, identity: str | None, *, message: str | None, at: datetime | None = None
) -> Touchpoint:
    """Feedback as a touchpoint; `message` is the name of the survey that it answers."""
    properties = said.properties() if message is None else {**said.properties(), MESSAGE: message}
    return Touchpoint(
        customer, FEEDBACK, said.at if at is None else at, identity, properties, said.channel, said.location,
        "inbound", said.about,
    )  # fmt: skip


def feedback_id(reply: str) -> str:
    """The id of the feedback in a reply: the same reply that comes again says the same."""
    return derived_id(FEEDBACK, reply)


def derived_id(kind: str, identity: str) -> str:
    """The id of a touchpoint that follows from another: the same one for the same."""
    found = f"{kind}:{identity}"
    return found if len(found) <= _ID else f"{kind}:{hashlib.sha256(identity.encode()).hexdigest()}"
