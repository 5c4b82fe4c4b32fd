"""What is parked, and how it is replayed (S4.3)."""

from collections.abc import Iterator, Sequence
from functools import partial

import attrs

from touchpoint.core.decision import Decision
from touchpoint.core.records import parked_in
from touchpoint.core.replaying import Ended, Journal, Stuck, Told, replay
from touchpoint.core.state import Record
from touchpoint.engine.catching_up import edit_of
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.recorded import occurrence_of
from touchpoint.engine.unit import Unit
from touchpoint.engine.view import Parked, parked_view
from touchpoint.errors import InvalidInput
from touchpoint.stores.base import Reader
from touchpoint.stores.codec import loads

_PAGE = 256


@attrs.frozen
class Replayed:
    """What became of parked things that were replayed.

    Args:
        done: how many went through their decision.
        failed: those that stay parked, each as (customer id, what), with the reason of today as its `error`.
    """

    done: int
    failed: tuple[tuple[str, Parked], ...] = attrs.field(default=(), repr=lambda failed: f"<{len(failed)}>")


def how_many(limit: int | None) -> int:
    """A limit as a number. Raises InvalidInput for one that is no whole number from 1 on."""
    if limit is None:
        return 1 << 62
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidInput("limit= is a whole number from 1 on; leave it out for all")
    return limit


def customers_with(reader: Reader, after: int = 0) -> Iterator[int]:
    """Numbers of the customers of whom anything is parked, in their order, without looking at any other."""
    while page := reader.parked(after, _PAGE):
        yield from (no for no, _ in page)
        after = page[-1][0]


def listed(reader: Reader, limit: int) -> list[tuple[str, Parked]]:
    """What is parked, at most `limit`, as (customer id, what)."""
    found: list[tuple[str, Parked]] = []
    for no in customers_with(reader):
        for row in reader.customers_by_number([no]):
            found += [(row.id, parked_view(entry)) for entry in parked_in(loads(row.state))]
        if len(found) >= limit:
            break
    return found[:limit]


def replay_customer(unit: Unit, loaded: Loaded, limit: int, now: int) -> Replayed:
    """Replay what is parked of one customer, oldest first, at most `limit`."""
    unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
    unit.flush()
    answers = [_replay(unit, loaded, entry, max(now, loaded.state.now)) for entry in loaded.state.parked[:limit]]
    failed: Sequence[Parked] = [each for each in answers if each is not None]
    return Replayed(len(answers) - len(failed), tuple((loaded.id, each) for each in failed))


def _replay(unit: Unit, loaded: Loaded, entry: Record, now: int) -> Parked | None:
    """Replay one entry; None if it went through, else what stays."""
    stuck: list[str] = []

    def decide() -> Decision:
        answer = replay(unit.program, loaded.state, entry, _journal(unit, loaded), now, partial(edit_of, unit))
        return _stays(answer.why) if isinstance(answer, Stuck) else answer

    def _stays(why: str) -> Decision:
        stuck.append(why)
        for each in loaded.state.parked:
            if each == entry:
                each[4] = why
        return Decision(unit.program, loaded.state, now)

    decision = unit.guarded(loaded, decide, _stays)
    if not stuck:
        unit.enter(loaded, "replayed", str(entry[2]), now, now, "", decision)
        return None
    unit.touch(loaded)
    return attrs.evolve(parked_view(entry), error=stuck[0])


def _journal(unit: Unit, loaded: Loaded) -> Journal:
    def touchpoint(identity: str) -> Told | None:
        pair = (identity, loaded.no)
        row = unit.seen([pair], [pair]).get(pair)
        if row is None:
            return None
        return Told(occurrence_of(row), late=bool(row.trace) and ["late"] in loads(row.trace or "[]"))

    def message(key: str) -> Ended | None:
        row = unit.tx.message(key)
        return None if row is None else Ended(row.name, row.status)

    return Journal(touchpoint, message)
