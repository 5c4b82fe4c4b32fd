"""Customers meet the releases they have not met yet: each at its own instant, whoever looks at them first (S5.4)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from touchpoint.core.decision import Decision
from touchpoint.core.edits import Edit
from touchpoint.core.following import RELEASED, Again, concerns, follow
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.records import has_case, releases_in, runs_in
from touchpoint.core.state import Record
from touchpoint.core.timers import refresh
from touchpoint.engine.membership import segments_since
from touchpoint.engine.writing import note_case
from touchpoint.stores.base import Reader, ReleaseRow
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.at_work import AtWork
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit

KIND: Final = "edit"
"""The kind of journal entry that says what a release made of a customer's runs."""
PASS: Final = "release_pass"  # noqa: S105 - nobody passes by this word
"""The note of how far the pass through all customers is: [no of the release, number of the last customer]."""
_EVERYBODY: Final = -1
_BATCH: Final = 256


def catch_up(unit: "Unit", loaded: "Loaded") -> None:
    """Have a customer meet every release they have not met, in order."""
    at_work = unit.terms.at_work
    for row in list(at_work.unmet(loaded.state.releases)):
        _meet(unit, loaded, row, at_work.edit(unit.tx, row))
        loaded.state.releases = {**loaded.state.releases, row.journey: row.number}
        if row.no == at_work.last:
            bring_up(unit, loaded, at_work.program, row.at)
    unit.touch(loaded)


def _meet(unit: "Unit", loaded: "Loaded", row: ReleaseRow, edit: Edit) -> None:
    if loaded.next_timer() < row.at:
        with unit.under(edit.before):
            bring_up(unit, loaded, edit.before, row.at)
            unit.fire(loaded, until=row.at, inclusive=False)
    if concerns(edit, loaded.state):
        with unit.under(edit.after):
            bring_up(unit, loaded, edit.after, row.at)
            _decide(unit, loaded, row, edit)


def _decide(unit: "Unit", loaded: "Loaded", row: ReleaseRow, edit: Edit) -> None:
    at = max(row.at, loaded.state.now)
    migration = unit.terms.migrations.get(edit.order.migration)
    raised = Occurrence(RELEASED, row.journey, at, f"release {row.journey} {row.number}")

    def decide(held: str = "") -> Decision:
        return follow(edit, loaded.state, migration, held=held)

    unit.apply(
        loaded, KIND, row.journey, at, decide, body=dumps({"release": row.number}), raised=raised,
        alone=lambda: decide("what follows from the release is defective"),
    )  # fmt: skip


def bring_up(unit: "Unit", loaded: "Loaded", program: Program, now: int | None = None) -> None:
    """Have what is remembered of a customer be what this program asks (S4.7), as of then; of now, unless given."""
    if loaded.state.version == program.version:
        return
    if loaded.no in unit.dirty and not loaded.is_new:
        unit.flush()  # what was decided since stands in the journal, too
    since = segments_since(unit) if program.segments else {}
    at = unit.terms.now() if now is None else now
    for case in refresh(program, loaded.state, unit.timeline(loaded.no), at, since):
        note_case(unit, case)
    unit.touch(loaded)


# The pass through everybody, so that nobody waits for an instant that a release has taken away.


def is_passed(reader: Reader, at_work: "AtWork") -> bool:
    """Whether everybody has met the last releases, as far as the note of the pass says."""
    until, after = loads(reader.meta().get(PASS, f"[0, {_EVERYBODY}]"))
    if after != _EVERYBODY:
        return False
    return not any(row.no > until and row.number > 1 and row.mode != "pin" for row in at_work.rows)


def pass_on(unit: "Unit") -> bool:
    """Take the next batch of customers through the last releases; whether there are more.

    How far it is gets committed with the batch, so that whoever goes on repeats nothing.
    """
    at_work = unit.terms.at_work
    if is_passed(unit.tx, at_work):
        return False
    until, after = loads(unit.tx.meta().get(PASS, "[0, 0]"))
    first = after + 1 if until == at_work.last else 1
    final = unit.tx.counters.customer - 1
    last = min(first + _BATCH - 1, final)
    for each in unit.tx.customers_by_number(range(first, last + 1)):
        if unit.cache.get(each.no) is None and _may_wait(loads(each.state), at_work.program.releases):
            unit.by_numbers([each.no])  # a damaged one is reported when somebody asks for that customer
    unit.changes.meta[PASS] = dumps([at_work.last, last if last < final else _EVERYBODY])
    return last < final


def _may_wait(state: Record, releases: Mapping[str, int]) -> bool:
    """Whether this customer has a run that has not met a release, or a case whose deadlines one may have changed."""
    met = releases_in(state)
    if has_case(state) and any(met.get(name, 1) != number for name, number in releases.items()):
        return True
    journeys = {str(run[1]) for run in runs_in(state)}
    return any(met.get(name, 1) != releases.get(name, 1) for name in journeys)


def edit_of(unit: "Unit", no: int) -> Again | None:
    """A release by its `no`, with its function, for whoever is asked again; None where the store does not have it."""
    row = next((each for each in unit.terms.at_work.rows if each.no == no), None)
    if row is None:
        return None
    edit = unit.terms.at_work.edit(unit.tx, row)
    return Again(edit, unit.terms.migrations.get(edit.order.migration))
