"""What people do about cases, as `Engine.cases` gives it: who has one, how bad it is; reopened, made one of two."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeAlias, cast, get_args

from touchpoint.core import case_acts
from touchpoint.core.advance import work_off
from touchpoint.core.decision import Decision
from touchpoint.core.program import Program
from touchpoint.engine.acts import case_kind
from touchpoint.engine.closed_loop import ClosedLoop, loops_of
from touchpoint.engine.intake import customer_id, text_of
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, UnknownCustomer, UnknownName
from touchpoint.model.case import CaseType, Severity
from touchpoint.stores.base import CaseRow

_MOST: Final = 200


class Write(Protocol):
    """Does something to a unit in a transaction, or in the host's."""

    def __call__(self, work: Callable[[Unit], bool], connection: object = None) -> bool:
        """Do it; what it gives."""


class CaseDesk:
    """What people do about cases, as `Engine.cases` gives it.

    Every method that changes something takes `connection=` as `Engine.record` does. It says whether it has changed
    anything, and raises

    - UnknownCustomer: nobody of that id,
    - UnknownName: a case type that no journey declares,
    - InvalidInput: an argument cannot be accepted.

    A `ref` may be that of a case that has become part of another one: then that is meant.
    """

    def __init__(
        self, write: Write, reading: Callable[[], AbstractContextManager[Unit]], program: Program,
        now: Callable[[], int],
    ) -> None:  # fmt: skip
        self._write = write
        self._reading = reading
        self._program = program
        self._now = now

    def assign(
        self, customer: str, case: CaseType | str, *, ref: str, owner: str | None, connection: object = None
    ) -> bool:
        """Give an open case to somebody, as the host calls them; None for nobody. False if it is not open, or theirs.

        `event.owner` tells of it in what happens to the case from then on.
        """
        named = None if owner is None else owner_of(owner)
        return self._do(customer, case, ref, lambda it, kind, of: case_acts.assign(it, kind, of, named), connection)

    def set_severity(
        self, customer: str, case: CaseType | str, *, ref: str, severity: Severity, connection: object = None
    ) -> bool:
        """Say how bad an open case is. False if it is not open, or just as bad.

        Its deadlines are those of that severity from then on, counted from its opening: one that lies in the past now
        is missed now. What was missed stays so.
        """
        told = severity_of(severity)
        return self._do(
            customer, case, ref, lambda it, kind, of: case_acts.set_severity(it, kind, of, told), connection
        )

    def reopen(self, customer: str, case: CaseType | str, *, ref: str, connection: object = None) -> bool:
        """Open a closed case again (`CaseReopened`): a new opening, with deadlines anew. False if it is open.

        Severity and owner are those of its last opening, which stays on record. However long ago it was closed.

        Raises:
            InvalidInput: there never was a case of that ref.
        """
        text_of(ref, "ref=")

        def looked_up(unit: Unit, loaded: Loaded, kind: str) -> Callable[[Decision], bool]:
            unit.flush()
            rows = unit.tx.cases(loaded.no)
            row = _last(rows, kind, ref)
            if row is None:
                raise InvalidInput("there is no case of that kind and ref; open one with Engine.open_case()")
            name, was = row.ref, (row.opening, row.severity, row.owner)
            refs = dict.fromkeys(each.ref for each in rows if each.kind == kind and each.ref != name)
            also = [each for each in refs if _last(rows, kind, each) == row]
            return lambda it: case_acts.reopen_case(it, kind, name, f"case:{kind}:{name}:{it.now}", was, also)

        return self._change(customer, case, looked_up, connection)

    def merge(
        self, customer: str, case: CaseType | str, *, ref: str, into: str, connection: object = None
    ) -> bool:  # fmt: skip
        """Have one open case become part of another of its kind: both are about the same thing (`CaseMerged`).

        The case `into` stays, with the earlier opening, deadlines and first answer of both, the higher severity and,
        where it has none, the other's owner. `ref` means it from then on, in whatever is said about it. No cool-off
        begins: its customer still waits. False if they are one already, or one of them is not open.
        """
        other = text_of(into, "into=")

        def act(decision: Decision, kind: str, name: str) -> bool:
            return case_acts.merge_cases(decision, kind, name, other, f"case:{kind}:{name}:{decision.now}")

        return self._do(customer, case, ref, act, connection)

    def loops(self, customer: str) -> list[ClosedLoop]:
        """Of every case of a customer: what led to it, what answered it, when it was closed, and how long each took.

        In the order in which they were opened; each opening is one. Raises UnknownCustomer.
        """
        identity = customer_id(customer)
        with self._reading() as unit:
            return loops_of(unit, _found(unit, identity))

    def _do(
        self, customer: str, case: object, ref: str, act: Callable[[Decision, str, str], bool], connection: object
    ) -> bool:
        name = text_of(ref, "ref=")
        return self._change(customer, case, lambda _, __, kind: lambda it: act(it, kind, name), connection)

    def _change(self, customer: str, case: object, act: "_Act", connection: object) -> bool:
        kind = case_kind(self._program, cast("str", case))
        identity, now = customer_id(customer), self._now()
        return self._write(lambda unit: _changed(unit, _found(unit, identity), kind, now, act), connection)


_Act: TypeAlias = Callable[[Unit, Loaded, str], Callable[[Decision], bool]]


def _changed(unit: Unit, loaded: Loaded, kind: str, now: int, act: _Act) -> bool:
    at = max(now, loaded.state.now)
    unit.fire(loaded, until=at, inclusive=False)
    do = act(unit, loaded, kind)
    changed: list[bool] = []

    def change() -> Decision:
        decision = Decision(unit.program, loaded.state, at)
        changed.append(do(decision))
        return decision

    unit.apply(loaded, "case", kind, at, lambda: work_off(change()), alone=change)
    return changed[-1]


def _found(unit: Unit, customer: str) -> Loaded:
    loaded = unit.find(customer)
    if loaded is None:
        raise UnknownCustomer
    return loaded


def _last(rows: list[CaseRow], kind: str, ref: str) -> CaseRow | None:
    """The last opening of a case; of one that has become part of another, that of the other."""
    seen: set[str] = set()
    while ref not in seen:
        seen.add(ref)
        row = next((each for each in reversed(rows) if (each.kind, each.ref) == (kind, ref)), None)
        if row is None or row.merged_into in (None, ref):
            return row
        ref = row.merged_into or ref
    return row


def severity_of(severity: object) -> Severity:
    """One of the severities. Raises UnknownName."""
    if severity not in get_args(Severity):
        raise UnknownName("severity", severity, get_args(Severity))
    return cast("Severity", severity)


def owner_of(owner: object) -> str:
    """Whoever looks after a case, as a text. Raises InvalidInput."""
    named = text_of(owner, "owner=", most=_MOST)
    if not named.strip():
        raise InvalidInput("owner= is whoever looks after it, as in owner='chris', or None for nobody")
    return named
