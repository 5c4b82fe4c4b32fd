"""Figures are counted in the transaction that changes what they are about (S11.1), for stores that keep any.

What is new in this transaction is added; nothing is read but what changes. Whoever is not counted yet, because they are
older than the figures or have just become one person, is counted from the store as a whole. So the counts are, at every
commit, what `contribution` gives for each customer who is counted, added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import attrs

from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.errors import InvalidInput, StoreCorrupt
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.figures import Figures, from_record, is_of_this_version
from touchpoint.stores.base import CaseRow, Changes, EntryValues, MessageRow, Reader
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.unit import Unit
    from touchpoint.insight.account import Account, Cells
    from touchpoint.insight.counting import Counting, Places

SETTINGS: Final = "figures"
"""The note of the store that says what figures it keeps."""
COMPLETE: Final = "figures_complete"
"""The note that says whether every customer is counted."""
_LIVE: Final = 0
_GONE: Final = 1
_STAGE: Final = '["stage",'
_JOINED: Final = '["joined",'
"""How lines of a trace begin that are counted."""


@attrs.define(eq=False)
class Kept:
    """How this store keeps figures, and the locations it tells apart."""

    counting: "Counting"
    places: "Places"


def kept_of(unit: "Unit") -> Kept | None:
    """How the store keeps figures; None where it keeps none, or as another version of the library counts."""
    cache = unit.cache
    if cache.figures is None:
        text = unit.tx.meta().get(SETTINGS)
        cache.figures = _kept(unit.tx, text) if text else False
    return cache.figures or None


def _kept(reader: Reader, text: str) -> Kept | None:
    from touchpoint.insight.counting import Counting, Places

    if not is_of_this_version(text):
        return None
    figures, sources = from_record(text)
    return Kept(Counting(figures, sources), Places(reader.places(), figures.locations))


# With each transaction.


def write_counted(unit: "Unit", changes: Changes) -> None:
    """Write changes, and count them where the store keeps figures."""
    kept = kept_of(unit)
    if kept is None:
        unit.cache.figures = False
        unit.tx.write(changes)
        return
    cases, messages = _rows_before(unit, changes)
    unit.tx.write(changes)
    touched = {each[1] for each in changes.entries}
    touched.update(row.no for row in changes.new_customers)
    touched.update(row.customer for rows in (cases, messages, changes.cases, changes.messages) for row in rows)
    if touched:
        _count(unit, kept, changes, touched, cases, messages)


def _rows_before(unit: "Unit", changes: Changes) -> tuple[list[CaseRow], list[MessageRow]]:
    """The cases and messages that are about to change, as they are."""
    numbers = [each[-1] for each in changes.cases_changed] + [each[-1] for each in changes.cases_closed]
    cases = {*numbers} - {row.no for row in changes.cases}
    messages = [row.no for row in changes.messages_changed]
    return (
        unit.tx.cases_by_number([*cases]) if cases else [],
        unit.tx.messages_by_number(messages) if messages else [],
    )


def _count(
    unit: "Unit", kept: Kept, changes: Changes, touched: set[int], cases: list[CaseRow], messages: list[MessageRow]
) -> None:
    from touchpoint.insight.account import Cells

    counting, cells = kept.counting, Cells()
    accounts, uncounted = _accounts(unit, kept, changes, touched)
    changed: set[int] = set()
    for row in changes.entries:
        if (account := accounts.get(row[1])) is not None and _entry(kept, account, cells, row):
            changed.add(row[1])
    numbers = [*{row.no for row in (*cases, *changes.cases)}]
    after = unit.tx.cases_by_number(numbers) if numbers else []
    for n, rows in ((-1, cases), (1, after)):
        _cases(counting, cells, [row for row in rows if row.customer in accounts], n)
    for n, some in ((-1, messages), (1, changes.messages), (1, changes.messages_changed)):
        _messages(counting, cells, [row for row in some if row.customer in accounts], n)
    more = Changes()
    for no in uncounted:
        accounts[no], all_of_it = contribution(unit.tx, kept, no)
        cells.take(all_of_it)
    for no in (*changed, *uncounted, *(row.no for row in changes.new_customers)):
        more.counted[no] = dumps(accounts[no].to_record())
    _write(unit, kept, more, _LIVE, cells)
    for no, account in accounts.items():
        if (loaded := unit.cache.get(no)) is not None:
            loaded.account = (kept, account)


def _accounts(unit: "Unit", kept: Kept, changes: Changes, touched: set[int]) -> tuple[dict[int, "Account"], list[int]]:
    """What is remembered of these customers, and who of them is not counted yet."""
    from touchpoint.insight.account import Account

    new = {row.no for row in changes.new_customers}
    found = {no: Account() for no in touched & new}
    asked = []
    for no in sorted(touched - new):
        loaded = unit.cache.get(no)
        held: Any = None if loaded is None else loaded.account
        if held is not None and held[0] is kept:
            found[no] = held[1]
        else:
            asked.append(no)
    stored = unit.tx.counted(asked) if asked else {}
    found.update((no, Account.from_record(loads(text))) for no, text in stored.items())
    return found, [no for no in asked if no not in stored]


def _write(unit: "Unit", kept: Kept, more: Changes, layer: int, cells: "Cells") -> None:
    more.figures.update(((layer, *key), n) for key, n in cells.items() if n)
    more.places, kept.places.new = kept.places.new, []
    if not more.is_empty():
        unit.tx.write(more)


# What each row adds.


def contribution(reader: Reader, kept: Kept, customer: int) -> tuple["Account", "Cells"]:
    """What is remembered of a customer, and all that they add to the counts: of what the store holds of them.

    Raises:
        StoreCorrupt: their journal is damaged.
    """
    from touchpoint.insight.account import Account, Cells

    account, cells = Account(), Cells()
    for entry in reversed(list(reader.journal(customer))):
        _entry(kept, account, cells, entry)
    _cases(kept.counting, cells, reader.cases(customer), 1)
    _messages(kept.counting, cells, reader.messages(customer), 1)
    return account, cells


def _entry(kept: Kept, account: "Account", cells: "Cells", row: EntryValues) -> bool:
    """Count one journal entry. Whether anything of the account may have changed."""
    _, _, _, kind, _, name, at, recorded_at, body, trace = row
    before, counting = cells.noted, kept.counting
    if kind == TOUCHPOINT and counting.may_count(name, body):
        counting.touchpoint(account, cells, kept.places, name, min(at, recorded_at), loads(body))
    if trace and (_STAGE in trace or _JOINED in trace):
        counting.trace(account, cells, loads(trace), recorded_at)
    return cells.noted != before


def _cases(counting: "Counting", cells: "Cells", rows: Iterable[CaseRow], n: int) -> None:
    for row in rows:
        counting.case(cells, row, loads(row.deadlines) if row.deadlines else {}, n)


def _messages(counting: "Counting", cells: "Cells", rows: Iterable[MessageRow], n: int) -> None:
    for row in rows:
        counting.message(cells, row, loads(row.reasons), n)


# When a customer goes, or two become one.


def uncount(unit: "Unit", customer: int, *, erased: bool = False) -> None:
    """Have a customer be counted no more, until something of theirs is written again.

    Args:
        unit: in which it happens; all that it changed before has to be written.
        customer: their number.
        erased: they are about to be erased: what was counted of them stays, as of nobody (S1.7).
    """
    kept = kept_of(unit)
    if kept is None:
        return
    with suppress(StoreCorrupt):  # what cannot be read cannot be taken back; it names nobody
        _, cells = contribution(unit.tx, kept, customer)
        if unit.tx.counted([customer]):
            more = Changes(counted={customer: ""})
            _write(unit, kept, more, _LIVE, _negative(cells))
        if erased:
            _write(unit, kept, Changes(), _GONE, cells.lasting())
    if (loaded := unit.cache.get(customer)) is not None:
        loaded.account = None


def _negative(cells: "Cells") -> "Cells":
    from touchpoint.insight.account import Cells

    found = Cells()
    found.take(cells, -1)
    return found


# Beginning, and beginning anew.


def begin(unit: "Unit", figures: Figures | None, sources: Mapping[str, FeedbackSource]) -> None:
    """Have the store keep these figures from now on; None leaves it as it is.

    Where it kept others, or as another version of the library counts, it begins anew.
    """
    stored = unit.tx.meta().get(SETTINGS)
    if figures is None and stored is None:
        return
    if figures is None and stored is not None:
        if is_of_this_version(stored):
            return
        figures, sources = from_record(stored)
    assert figures is not None  # noqa: S101 - given, or stored
    if figures.to_record(sources) != stored:
        unit.flush()
        unit.tx.clear_figures(places=True)
        unit.changes.meta[SETTINGS] = figures.to_record(sources)
        unit.changes.meta[COMPLETE] = "" if unit.tx.uncounted(0, 1) else "1"
        unit.flush()
        unit.cache.figures = None


def begin_anew(unit: "Unit") -> None:
    """Count nobody who is there; `count_page` then counts all.

    Raises:
        InvalidInput: the store keeps no figures.
    """
    _needed(unit)
    unit.flush()
    unit.tx.clear_figures(places=False)
    unit.changes.meta[COMPLETE] = ""
    unit.flush()
    unit.cache.figures = None


def count_page(unit: "Unit", after: int, size: int) -> list[int]:
    """Count some who are not counted, with numbers above `after`. Their numbers; none when nobody is left.

    A customer whose journal is damaged is left out, and the figures are then not complete.

    Raises:
        InvalidInput: the store keeps no figures.
    """
    from touchpoint.insight.account import Cells

    unit.flush()
    kept = _needed(unit)
    numbers = unit.tx.uncounted(after, size)
    more, cells = Changes(), Cells()
    for no in numbers:
        with suppress(StoreCorrupt):
            account, found = contribution(unit.tx, kept, no)
            more.counted[no] = dumps(account.to_record())
            cells.take(found)
    if not numbers and not unit.tx.uncounted(0, 1):
        more.meta[COMPLETE] = "1"
    _write(unit, kept, more, _LIVE, cells)
    return numbers


def _needed(unit: "Unit") -> Kept:
    kept = kept_of(unit)
    if kept is None:
        raise InvalidInput("this store keeps no figures; open it with Engine(figures=Figures()) to have them kept")
    return kept


def remembered(reader: Reader, customer: int) -> Sequence[Any] | None:
    """What is remembered of a customer to count by, for an export; None where nothing is."""
    text = reader.counted([customer]).get(customer)
    found: Sequence[Any] | None = None if text is None else loads(text)
    return found
