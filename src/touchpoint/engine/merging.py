"""Two ids turn out to be one person (S1.6): rows change hands, histories interleave, the core joins what it knows."""

from collections.abc import Iterator, Sequence

import attrs

from touchpoint.core.changes import look
from touchpoint.core.decision import Decision, MessageEnded, RunEnded
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.engine.acts import facts_changed
from touchpoint.engine.changed import tell
from touchpoint.engine.figuring import uncount
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.recorded import occurrences
from touchpoint.engine.referring import join
from touchpoint.engine.unit import Unit
from touchpoint.errors import CustomerErased
from touchpoint.stores.base import EntryRow
from touchpoint.stores.codec import dumps, loads

DOUBLED = "doubled"
"""The kind of a journal entry whose touchpoint the other side had, too: it is kept, and counts no more."""


@attrs.frozen(kw_only=True)
class Merged:
    """What a merge did.

    Args:
        changed: False if the two were one person already.
        renamed: nobody had the id that stays, so the other customer was given it.
        touchpoints, messages, runs, cases: how many changed hands.
        ended: how many live runs ended because the other side had one of that rule and key.
        withdrawn: how many waiting messages ended with them.
        duplicates: how many touchpoints both sides had; each counts once.
        referrals_dropped: how many referrals by which the two came stand no more: a person has one, and none from
            themselves.
        differing: ids of those among them whose content was not the same; the one of the id that stays counts.
    """

    changed: bool = True
    renamed: bool = False
    touchpoints: int = 0
    messages: int = 0
    runs: int = 0
    cases: int = 0
    ended: int = 0
    withdrawn: int = 0
    duplicates: int = 0
    referrals_dropped: int = 0
    differing: tuple[str, ...] = attrs.field(default=(), repr=False)


def merge(unit: Unit, old: str, into: str, now: int) -> Merged:
    """Have `old` be another id of `into`.

    Raises:
        CustomerErased: either of them was erased.
    """
    source, target = unit.find(old), unit.find(into)
    for each, name in ((source, old), (target, into)):
        if each is None and unit.is_erased(name):
            raise CustomerErased
    if old == into or (source is not None and source is target):
        return Merged(changed=False)
    unit.flush()
    if source is None:
        _alias(unit, old, target or unit.find_or_add(into, now))
        return Merged()
    if target is None:
        return _rename(unit, source, into)
    return _join(unit, source, target, now)


def _alias(unit: Unit, name: str, owner: Loaded) -> None:
    unit.changes.aliases.append((name, owner.no))
    unit.flush()
    unit.cache.has_aliases = True
    unit.cache.aliases[name] = owner.no


def _rename(unit: Unit, source: Loaded, into: str) -> Merged:
    unit.tx.rename(source.no, into)
    unit.cache.forget(source.no)
    before, source.state.id = source.state.id, into
    unit.cache.put(source)
    _alias(unit, before, source)
    return Merged(renamed=True)


def _join(unit: Unit, source: Loaded, target: Loaded, now: int) -> Merged:
    at = max(now, source.state.now, target.state.now)
    for each in (source, target):
        unit.fire(each, until=at, inclusive=False)
    unit.flush()
    dropped = join(unit, source, target)
    theirs, ours = list(unit.tx.journal(source.no)), list(unit.tx.journal(target.no))
    doubled = _doubled(theirs, ours)
    moved = Merged(
        touchpoints=sum(each.kind == TOUCHPOINT for each in theirs), messages=len(unit.tx.messages(source.no)),
        runs=len(unit.tx.runs(source.no)), cases=len(unit.tx.cases(source.no)), duplicates=len(doubled),
        referrals_dropped=len(dropped),
        differing=tuple(sorted(entry.id or "" for entry, other in doubled if _differ(entry, other))),
    )  # fmt: skip
    for each in (source, target):
        uncount(unit, each.no)
    _interleave(unit, source, target, [*theirs, *ours], [entry for entry, _ in doubled])
    unit.tx.absorb(source.no, target.no)
    unit.cache.forget(source.no)
    _alias(unit, source.id, target)

    from touchpoint.core import merging as core

    timeline = occurrences(reversed(list(unit.tx.journal(target.no))))
    before = look(unit.program.listening.watching, target.state.profile)
    decision = core.merge(unit.program, target.state, source.state, timeline, at)
    decision.trace += dropped
    target.change_profile()
    for line in decision.trace:
        if line[0] == core.JOINED:
            unit.tally("stage", f"{line[1]}/{line[2]}", "now", -1)
    unit.enter(target, core.MERGED, "", at, at, "", decision)
    facts_changed(unit, target, core.MERGED, at, before, late=True)
    tell(unit, target, decision.queue, late=True)
    return attrs.evolve(moved, ended=_count(decision, RunEnded), withdrawn=_count(decision, MessageEnded))


def _count(decision: Decision, what: type) -> int:
    return sum(isinstance(each, what) for each in decision.effects)


def _doubled(theirs: Sequence[EntryRow], ours: Sequence[EntryRow]) -> list[tuple[EntryRow, EntryRow]]:
    known = {each.id: each for each in ours if each.id is not None}
    return [(each, known[each.id]) for each in theirs if each.id is not None and each.id in known]


def _differ(one: EntryRow, other: EntryRow) -> bool:
    # Where no instant was told each has that at which it came, which says nothing of its content.
    same_time = one.at == other.at or (one.at == one.recorded_at and other.at == other.recorded_at)
    return (one.type, one.body) != (other.type, other.body) or not same_time


def _interleave(
    unit: Unit, source: Loaded, target: Loaded, entries: Sequence[EntryRow], doubled: Sequence[EntryRow]
) -> None:
    """One chain of both, in the order in which they arrived: their numbers have it."""
    for each in doubled:
        body = dumps([each.id, each.kind, loads(each.body) if each.body else None])
        unit.changes.entries_doubled.append((DOUBLED, body, each.no))
    unit.changes.entries_moved += _moved(sorted(entries), target.no)
    target.head = max(source.head, target.head)
    unit.touch(target)
    unit.flush()


def _moved(entries: Sequence[EntryRow], owner: int) -> Iterator[tuple[int, int, int]]:
    before = 0
    for each in entries:
        if (each.prev, each.customer) != (before, owner):
            yield before, owner, each.no
        before = each.no
