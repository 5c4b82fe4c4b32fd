"""What a release would do, counted over every live run in one pass of flat memory (S5.4)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import attrs

from touchpoint.core.compiled_rule import Node
from touchpoint.core.decision import PARKED, Decision
from touchpoint.core.edits import FINISHES, GOES_ON, PARKS, STAYS, Edit, Migration, Order, Plan
from touchpoint.core.following import began_at, ends_anew, follow, longer_or_shorter
from touchpoint.core.migrating import MIGRATES, asked, facts_of
from touchpoint.core.records import (
    parked_in,
    profile_from_record,
    releases_in,
    run_from_record,
    runs_in,
    state_from_record,
    state_to_record,
)
from touchpoint.core.state import Record
from touchpoint.core.steps import take_kept
from touchpoint.durations import length
from touchpoint.engine.at_work import AtWork
from touchpoint.engine.releasing import digest_of, token_of
from touchpoint.errors import DefectiveJourney
from touchpoint.journey.by_hand import PREFIX
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import Wait, WaitFor
from touchpoint.model.release import Impact, Mode, Preview
from touchpoint.stores.base import CustomerRow, Reader
from touchpoint.stores.codec import dumps, loads

_EXAMPLES: Final = 5
_RULE, _KEPT_AT, _SINCE_AT, _RELEASE_AT = 2, 17, 23, 24
_ORDER: Final = 1 << 62
"""Stands for the `no` of a release that is not made."""


@attrs.define
class _Count:
    runs: int = 0
    examples: list[int] = attrs.Factory(list)


@attrs.define(eq=False)
class _Counting:
    """Counts what becomes of each run.

    Args:
        name: of the journey.
        edit: what changes.
        unmet: gives the releases that a customer has not met yet, by the number of the last one they have.
        mode: of the release.
        migrations: functions of the host, by name.
        now: microseconds UTC.
    """

    name: str
    edit: Edit
    unmet: Callable[[int], Sequence[Edit]]
    mode: str
    migrations: Mapping[str, Migration]
    now: int
    counts: dict[tuple[str, str | None, str, str | None, str], _Count] = attrs.Factory(dict)
    runs: int = 0

    def customer(self, row: CustomerRow, state: Record) -> None:
        met = releases_in(state).get(self.name, 1)
        if met < self.edit.order.number - 1:
            state = self._brought_up(row, state, met)
        for run in runs_in(state):
            if run[1] == self.name and not run[_RULE].startswith(PREFIX):
                self._run(row, state, run)

    def _brought_up(self, row: CustomerRow, state: Record, met: int) -> Record:
        """A copy of the record of somebody who has not met the last releases, as those will leave it."""
        copy = state_from_record(row.id, profile_from_record(loads(row.profile)), state)
        with suppress(DefectiveJourney):
            for edit in self.unmet(met):
                follow(edit, copy, self.migrations.get(edit.order.migration))
        return state_to_record(copy)

    def _run(self, row: CustomerRow, state: Record, run: Record) -> None:
        edit, migration = self.edit, self.migrations.get(self.edit.order.migration)
        rule, no, step = run[_RULE], run[8], run[9]
        pinned = run[_RELEASE_AT] if len(run) > _RELEASE_AT else 0
        if pinned or self.mode == "pin":
            reason = f"it finishes on release {pinned} already" if pinned else ""
            self._add(rule, step, FINISHES, step, reason, no)
            return
        waiting = run[10]
        if waiting == PARKED:
            entry = next((each for each in parked_in(state) if each[3] == run[0] and each[6]), None)
            waiting = PARKED if entry is None else entry[6][0]
            if entry is not None and waiting == MIGRATES:
                self._add(rule, step, PARKS, step, f"{entry[4]}; it is replayed first", no)
                return
        if self.mode == "migrate":
            plan = asked(edit, facts_of(run_from_record(run), waiting), migration)
        else:
            plan = edit.plan(rule, step, waiting)
        fate = self._fate(row, state, run, plan)
        self._add(rule, step, fate, plan.step, plan.reason, no)

    def _fate(self, row: CustomerRow, state: Record, run: Record, plan: Plan) -> str:
        """The plan's, as far as it does not depend on when the run's wait began."""
        _, rule = self.edit.rules_of(run[_RULE])
        if plan.fate != STAYS or rule is None or plan.step is None:
            return plan.fate
        if run[10] == PARKED or not (plan.timed or (plan.listens and run[_KEPT_AT])):
            return plan.fate
        node, due = rule.nodes[plan.step], run[11]
        since = run[_SINCE_AT] if len(run) > _SINCE_AT else None
        lasts = _elapsed(node)
        if since is not None and lasts is not None and not (plan.listens and run[_KEPT_AT]):
            return self._by(due, since + lasts)
        return self._closely(row, state, run, plan, node)

    def _by(self, due: int | None, new: int | None) -> str:
        if new == due:
            return STAYS
        return GOES_ON if new is not None and new <= self.now else longer_or_shorter(due, new)

    def _closely(self, row: CustomerRow, state: Record, run: Record, plan: Plan, node: Node) -> str:
        """As the release itself would look at it, on a copy of the customer."""
        edit = self.edit
        before, _ = edit.rules_of(run[_RULE])
        known = state_from_record(row.id, profile_from_record(loads(row.profile)), state)
        own = known.run_by_order(run[5])
        if own is None or before is None:
            return plan.fate
        decision = Decision(edit.after, known, self.now)
        own.rule = plan.rule
        if plan.listens and isinstance(node.step, WaitFor) and take_kept(decision, own, node, node.step):
            return GOES_ON
        began = began_at(own, own.due, before.nodes[run[9]].step)
        if not plan.timed or began is None:
            return STAYS
        new = ends_anew(decision, own, node, began)
        return "exits" if new is None and isinstance(node.step, Wait) else self._by(run[11], new)

    def _add(self, rule: str, step: str | None, fate: str, to: str | None, reason: str, no: int) -> None:
        self.runs += 1
        count = self.counts.get((rule, step, fate, to, reason))
        if count is None:
            self.counts[rule, step, fate, to, reason] = count = _Count()
        count.runs += 1
        if len(count.examples) < _EXAMPLES:
            count.examples.append(no)


def _elapsed(node: Node) -> int | None:
    step = node.step
    lasts = getattr(step, "length", None) if isinstance(step, Wait) else getattr(step, "timeout", None)
    return length(lasts) if isinstance(lasts, timedelta) else None


def preview(
    reader: Reader, at_work: AtWork, journey: Journey, mode: Mode, migration: str, migrations: Mapping[str, Migration],
    now: int,
) -> Preview:  # fmt: skip
    """Count what a release would do. Raises JourneyError where the definition contradicts the others at work."""
    digest, _ = digest_of(journey)
    head = at_work.head(journey.name)
    after = at_work.would_be(reader, journey)
    number = 1 if head is None else head.number
    edit = Edit(at_work.program, after, Order(_ORDER, journey.name, number + 1, mode, now, migration))

    def unmet(met: int) -> list[Edit]:
        return [at_work.edit(reader, row) for row in at_work.of(journey.name) if row.number > met]

    counting = _Counting(journey.name, edit, unmet, mode, migrations, now)
    mark = dumps(journey.name)
    for row in reader.all_customers():
        if mark in row.state:  # whoever has a run of it has its name in their record
            counting.customer(row, loads(row.state))
    before = "" if head is None else head.hash
    impacts = tuple(
        Impact(rule, step, fate, to, reason, count.runs, tuple(count.examples))
        for (rule, step, fate, to, reason), count in sorted(counting.counts.items(), key=_in_order)
    )
    return Preview(
        journey.name, mode, token_of(before, digest, mode, migration), impacts, counting.runs, before != digest,
        tuple(_notes(edit)) if mode != "pin" else (),
    )  # fmt: skip


def _in_order(counted: tuple[tuple[str, str | None, str, str | None, str], _Count]) -> tuple[Any, ...]:
    (rule, step, fate, to, reason), _ = counted
    return rule, step or "", fate, to or "", reason


def _notes(edit: Edit) -> Iterator[str]:
    """What nobody can tell without asking each customer at the release."""
    for old in edit.rules:
        before, after = edit.rules_of(old)
        if before is None or after is None:
            continue
        if after.rule.exit != before.rule.exit and any(after.exit_conditions):
            yield f"the exit of rule {after.rule.name!r} is asked at the release; those for whom it holds leave then"
        if after.rule.limit != before.rule.limit and after.rule.limit is not None:
            kept = edit.before.starts_kept[before.label] != 0
            yield (
                f"the limit of rule {after.rule.name!r} is another one: it counts "
                + ("the starts that are remembered" if kept else "from the release on")
            )
