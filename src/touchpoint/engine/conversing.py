"""The conversations of one customer: read from their own timeline, messages and cases, and put together by links."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from touchpoint.channels.inbound import (
    CLICKED,
    COMPLAINED,
    OPTED_OUT,
    RECEIPT_STATES,
    REPLIED,
    TASK_COMPLETED,
    TASK_DECLINED,
)
from touchpoint.core.by_hand import SENT
from touchpoint.core.causes import behind
from touchpoint.core.linked import roots
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.program import Program
from touchpoint.durations import instant
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.engine.view import case_view
from touchpoint.model.case import Case, case_of
from touchpoint.model.contact import FEEDBACK, intent_of
from touchpoint.model.conversation import Conversation, Said, Speaker, Turn
from touchpoint.model.message import Survey
from touchpoint.model.referral import REFERRAL_TYPES
from touchpoint.stores.base import CaseRow, ContactRow, EntryRow, MessageRow
from touchpoint.stores.codec import loads

_QUIET: Final = frozenset({*RECEIPT_STATES, *REFERRAL_TYPES, CLICKED, COMPLAINED, OPTED_OUT, SENT})
"""Types of touchpoints that nobody says: they link, and are told elsewhere."""
_TOLD: Final = frozenset({TASK_COMPLETED, TASK_DECLINED})
_TOUCHPOINTS, _CASES, _MESSAGES = range(3)
"""Their order at one instant."""


def read(unit: Unit, loaded: Loaded) -> "Threads":
    """All threads of a customer. It costs one reading of their timeline."""
    unit.flush()
    tx, no = unit.tx, loaded.no
    entries = [each for each in tx.journal(no) if each.kind == TOUCHPOINT or each.trace is not None][::-1]
    messages = [row for row in tx.messages(no) if (row.kind, row.channel) != ("call", "call")]
    return Threads(
        unit.program, unit.world.human, entries, messages, tx.cases(no),
        {row.id: (row.cause, row.no) for row in tx.runs(no)}, {row.id: row for row in tx.contacts_of(no)},
    )  # fmt: skip


@attrs.define
class Threads:
    """What belongs together of one customer's timeline.

    Nodes are named by what they are, so that a touchpoint that bears a message's key is not taken for the message:
    `t:` touchpoints, `m:` messages, `c:` cases, `?:` what is not there.
    """

    program: Program
    human: frozenset[str]
    journal: Sequence[EntryRow]
    messages: Sequence[MessageRow]
    cases: Sequence[CaseRow]
    runs: Mapping[str, tuple[str, int]]
    contacts: Mapping[str, ContactRow]
    _nodes: set[str] = attrs.field(init=False, factory=set)
    _roots: Mapping[str, str] = attrs.field(init=False, factory=dict)
    _bodies: dict[str, list[Any]] = attrs.field(init=False, factory=dict)
    _replies: set[str] = attrs.field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        told = [each for each in self.journal if each.kind == TOUCHPOINT]
        self._bodies = {each.id or "": loads(each.body) for each in told}
        self._replies = {each.id or "" for each in told if each.type == REPLIED}
        ranked = [f"t:{each.id}" for each in told] + [f"m:{row.key}" for row in self.messages]
        ranked += [f"c:{case_view(row).about}" for row in self.cases]
        self._nodes = set(ranked)
        parents = {node: parent for node, parent in self._links(told) if node != parent}
        order = {node: n for n, node in enumerate(ranked)}
        self._roots = roots(dict.fromkeys(ranked) | parents, order)

    # What belongs to what.

    def _links(self, told: Sequence[EntryRow]) -> Iterator[tuple[str, str]]:
        causes, named = {run: cause for run, (cause, _) in self.runs.items()}, [(c.kind, c.ref) for c in self.cases]
        for each in told:
            about = self._bodies[each.id or ""][3]
            if about is not None:
                yield f"t:{each.id}", self._node(about)
            elif "/" in (each.id or ""):  # a step raised it
                yield from self._up(f"t:{each.id}", list(behind(each.id or "", causes, named))[1:])
        by_number = {no: cause for cause, no in self.runs.values()}
        for row in self.messages:
            if row.run in by_number:
                yield from self._up(f"m:{row.key}", list(behind(by_number[row.run], causes, named)))
        yield from self._openings()

    def _up(self, node: str, candidates: Sequence[str]) -> Iterator[tuple[str, str]]:
        known = (found for each in candidates if (found := self._node(each))[0] != "?")
        yield from ((node, parent) for parent in list(known)[:1])

    def _openings(self) -> Iterator[tuple[str, str]]:
        """What each case was opened by: later ones are what is known better."""
        for row in self.cases:
            if f"t:{row.ref}" in self._nodes:
                yield f"c:{case_view(row).about}", f"t:{row.ref}"
        for entry in self.journal:
            if entry.kind == TOUCHPOINT and entry.trace is not None and '["case","opened",' in entry.trace:
                for line in loads(entry.trace):
                    if line[:2] == ["case", "opened"] and (node := self._case(line[2], line[3])) is not None:
                        yield node, f"t:{entry.id}"
        for contact in self.contacts.values():
            if contact.opened and f"c:{contact.opened}" in self._nodes:
                yield f"c:{contact.opened}", f"t:{contact.id}"

    def _case(self, kind: str, ref: str) -> str | None:
        rows = (row for row in self.cases if (row.kind, row.ref) == (kind, ref))
        return next((f"c:{case_view(row).about}" for row in rows), None)

    def _node(self, about: str) -> str:
        kinds = ("c",) if case_of(about) is not None and f"c:{about}" in self._nodes else ("m", "t")
        return next((node for kind in kinds if (node := f"{kind}:{about}") in self._nodes), f"?:{about}")

    # What is told.

    def all(self) -> list[Conversation]:
        """Those in which a customer spoke, or that are about a case; what was said last comes first."""
        by_root: dict[str, list[_Line]] = {}
        for line in self._lines():
            by_root.setdefault(self._roots[line.node], []).append(line)
        held = [(root, lines) for root, lines in by_root.items() if any(_talks(line.said) for line in lines)]
        found = [self._conversation(root, lines) for root, lines in held]
        return sorted(found, key=lambda each: (each.last_at, each.root), reverse=True)

    def one(self, about: str) -> Conversation | None:
        """The one to which something belongs; None where nothing does."""
        node = self._node(about)
        root = self._roots.get(node, node)
        lines = [line for line in self._lines() if self._roots[line.node] == root]
        return self._conversation(root, lines) if lines else None

    def _lines(self) -> list["_Line"]:
        told = (each for each in self.journal if each.kind == TOUCHPOINT)
        lines = [line for each in told if (line := self._touchpoint(each)) is not None]
        lines += [self._message(row) for row in self.messages if row.status == "sent"]
        lines += [line for row in self.cases for line in _case_lines(row)]
        return sorted(lines, key=lambda line: (line.said.at, line.rank))

    def _touchpoint(self, entry: EntryRow) -> "_Line | None":
        channel, location, direction, about, properties = self._bodies[entry.id or ""]
        contact = self.contacts.get(entry.id or "")
        intent = intent_of(entry.type, direction, properties) if contact is None else contact.intent
        is_reading = entry.type == FEEDBACK and (entry.id or "").removeprefix(f"{FEEDBACK}:") in self._replies
        if entry.type in _QUIET or is_reading or (direction == "internal" and entry.type not in _TOLD):
            return None
        answered = None if contact is None or contact.answered_at is None else instant(contact.answered_at)
        speaker: Speaker | None = None
        if direction == "outbound" or entry.type == TASK_COMPLETED:
            speaker = "us"
        elif intent is not None or (direction == "inbound" and about is not None):
            speaker = "customer"
        text = properties.get("comment", properties.get("text"))
        said = Said(
            key=entry.id or "", type=entry.type, at=instant(entry.at), speaker=speaker, channel=channel,
            location=location, about=about, intent=intent, answered_at=answered,
            text=text if isinstance(text, str) else None,
        )  # fmt: skip
        return _Line(f"t:{entry.id}", _TOUCHPOINTS, said, unknown=intent is not None and contact is None)

    def _message(self, row: MessageRow) -> "_Line":
        task = row.channel in self.human
        said = Said(
            key=row.key, type="task_assigned" if task else "message_sent", at=instant(row.at or row.due),
            speaker=None if task else "us", what=row.name, channel=row.channel, by=self._sender(row),
        )  # fmt: skip
        message = self.program.messages.get(row.name)
        asks = not task and message is not None and (isinstance(message, Survey) or bool(message.wants))
        return _Line(f"m:{row.key}", _MESSAGES, said, asks=asks)

    def _sender(self, row: MessageRow) -> str:
        cause = next((cause for cause, no in self.runs.values() if no == row.run), "")
        by = self._bodies[cause][4].get("by") if cause in self._bodies else None
        return by if isinstance(by, str) else f"{row.journey}/{row.rule}"

    def _conversation(self, root: str, lines: Sequence["_Line"]) -> Conversation:
        entries = tuple(_filled(lines))
        nodes = {line.node for line in lines}
        cases = tuple(case for row in self.cases if f"c:{(case := case_view(row)).about}" in nodes)
        channels = dict.fromkeys(each.channel for each in entries if each.speaker is not None and each.channel)
        return Conversation(
            root=root[2:], entries=entries, channels=tuple(channels), cases=cases, turn=_turn(lines, entries, cases)
        )


@attrs.frozen
class _Line:
    """An entry with its node and order. `asks`: it asks the customer for something; `unknown`: nobody noted it."""

    node: str
    rank: int
    said: Said
    asks: bool = False
    unknown: bool = False


def _talks(said: Said) -> bool:
    return said.speaker == "customer" or said.type == "case_opened"


def _case_lines(row: CaseRow) -> Iterator[_Line]:
    case = case_view(row)
    for type_, at in (("case_opened", case.opened_at), ("case_closed", case.closed_at)):
        if at is not None:
            yield _Line(f"c:{case.about}", _CASES, Said(key=case.about, type=type_, at=at, what=case.kind))


def _filled(lines: Sequence[_Line]) -> Iterator[Said]:
    """Entries; what was said before answers were noted was answered by what we said next."""
    for n, line in enumerate(lines):
        if line.unknown:
            later = (each.said.at for each in lines[n + 1 :] if each.said.speaker == "us")
            yield attrs.evolve(line.said, answered_at=next(later, None))
        else:
            yield line.said


def _turn(lines: Sequence[_Line], entries: Sequence[Said], cases: Sequence[Case]) -> Turn | None:
    if any(each.waits for each in entries) or any(each.open and each.first_response_at is None for each in cases):
        return "ours"
    spoken = [line for line in lines if line.said.speaker is not None]
    return "theirs" if spoken and spoken[-1].asks else None
