"""Checks of a store: counts that name nobody, and who is counted (S1.7, S11.1)."""

from touchpoint.stores.base import FigureRow, Store
from touchpoint.testing.contracts import Contract, same
from touchpoint.testing.store_rows import NOW, case, customer, entry, message, put, values

_LIVE, _GONE = 0, 1


class FigureChecks(Contract):
    """Counts add up over days and layers; customers who are not counted are found."""

    def test_figures_add_up(self, store: Store) -> None:
        """By what, day and name; of customers who are there and of those who were erased together."""
        put(store, figures={(_LIVE, "flow", 5, "[1]"): 2, (_LIVE, "flow", 6, "[1]"): 1, (_LIVE, "stage", 0, "[2]"): 1})
        put(store, figures={(_LIVE, "flow", 5, "[1]"): 3, (_GONE, "flow", 6, "[1]"): 4, (_LIVE, "stage", 0, "[2]"): -1})
        with store.reading() as reader:
            days = [FigureRow("flow", 5, "[1]", 5), FigureRow("flow", 6, "[1]", 5)]
            same(reader.figures_by_day(["flow", "stage"], 0, 9), days, "figures_by_day() leaves out what is 0")
            same(reader.figures_by_day(["flow"], 6, 6), days[1:], "figures_by_day() keeps to the days it is asked for")
            same(reader.figures(["flow"], 0, 9), [FigureRow("flow", 9, "[1]", 10)], "figures() adds the days up")
            same(reader.figures(["stay"], 0, 9), [], "figures() gives nothing of what was never counted")

    def test_who_is_not_counted_is_found(self, store: Store) -> None:
        """In order of numbers, a page at a time."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3, 4)], counted={2: "[1]"})
        with store.reading() as reader:
            same(reader.counted([1, 2, 9]), {2: "[1]"}, "counted() gives what is remembered of those who are counted")
            same(reader.uncounted(0, 2), [1, 3], "uncounted() gives no more than it is asked for, in their order")
            same(reader.uncounted(3, 9), [4], "uncounted() begins after the number it is given")
        put(store, counted={1: "[2]", 2: ""})
        with store.reading() as reader:
            same(reader.uncounted(0, 9), [2, 3, 4], "an empty account is none")

    def test_what_is_remembered_to_count_goes_with_its_customer(self, store: Store) -> None:
        """Counts stay: they name nobody."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3)], counted={1: "[1]", 2: "[2]", 3: "[3]"})
        put(store, figures={(_LIVE, "flow", 5, "[1]"): 2})
        with store.transaction() as transaction:
            transaction.absorb(2, 1)
            counts = transaction.erase(3)
            same(counts["figure_accounts"], 1, "erase() tells that it deleted the account")
        with store.reading() as reader:
            same(reader.counted([1, 2, 3]), {1: "[1]"}, "absorb() and erase() leave no account of who is gone")
            same(reader.figures(["flow"], 0, 9), [FigureRow("flow", 9, "[1]", 2)], "counts stay")

    def test_figures_are_cleared(self, store: Store) -> None:
        """But for those of people who were erased; locations go only where that is asked for."""
        put(store, new_customers=[customer(1)], counted={1: "[1]"}, places=["B", "A", "B"])
        put(store, figures={(_LIVE, "flow", 5, "[1]"): 2, (_GONE, "flow", 5, "[1]"): 3})
        with store.transaction() as transaction:
            transaction.clear_figures(places=False)
        with store.reading() as reader:
            same(reader.uncounted(0, 9), [1], "clear_figures() has nobody be counted")
            same(reader.figures(["flow"], 0, 9), [FigureRow("flow", 9, "[1]", 3)], "what was erased stays counted")
            same(reader.places(), ["A", "B"], "places() gives each location once, in their order")
        with store.transaction() as transaction:
            transaction.clear_figures(places=True)
        with store.reading() as reader:
            same(reader.places(), [], "clear_figures(places=True) forgets the locations")

    def test_cases_and_messages_are_found_by_number(self, store: Store) -> None:
        """As they are in this transaction."""
        put(store, new_customers=[customer(1, head=1)], entries=[values(entry(1))], cases=[case(1), case(2)])
        put(store, messages=[message(1), message(2)])
        with store.transaction() as transaction:
            before = transaction.cases_by_number([2, 9])
            same(before, [case(2)], "cases_by_number() gives those that exist")
            same(transaction.messages_by_number([1]), [message(1)], "messages_by_number() gives those that exist")
        put(store, cases_closed=[(NOW + 1, None, 2)])
        with store.reading() as reader:
            same(reader.cases_by_number([2]), [case(2, closed_at=NOW + 1)], "cases_by_number() sees what was written")
