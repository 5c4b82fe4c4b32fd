"""Checks of a store: who is in which segment (S3.3)."""

from touchpoint.stores.base import Store
from touchpoint.testing.contracts import Contract, same
from touchpoint.testing.store_rows import NOW, customer, put


class SegmentChecks(Contract):
    """Lists of members, page by page, which follow what happens to people."""

    def test_members_come_by_number_a_page_at_a_time(self, store: Store) -> None:
        """Of the segment that is asked for, with their ids."""
        put(
            store,
            new_customers=[customer(no) for no in (1, 2, 3)],
            members=[("shop/vip", 3, NOW), ("shop/vip", 1, NOW + 1), ("shop/vi", 2, NOW), ("shop/vip2", 2, NOW)],
        )
        with store.reading() as reader:
            both = [(1, "customer-1", NOW + 1), (3, "customer-3", NOW)]
            same(reader.members("shop/vip", 0, 9), both, "members() gives (number, id, since) in order of numbers")
            same(reader.members("shop/vip", 1, 9), both[1:], "members() begins after the number it is given")
            same(reader.members("shop/vip", 0, 1), both[:1], "members() gives no more than it is asked for")
            same(reader.members("shop", 0, 9), [], "members() of a segment that nobody is in is empty")
            same(reader.member_count("shop/vip"), 2, "member_count() counts those of one segment")

    def test_members_leave_and_come_again(self, store: Store) -> None:
        """What is written last stands; who leaves and joins in the same changes is in it."""
        put(store, new_customers=[customer(1), customer(2)], members=[("a", 1, NOW), ("a", 2, NOW), ("b", 1, NOW)])
        put(store, members=[("a", 1, NOW + 5)], members_gone=[("a", 1), ("a", 2), ("b", 2)])
        with store.reading() as reader:
            same(reader.members("a", 0, 9), [(1, "customer-1", NOW + 5)], "members_gone comes before members")
            same(reader.member_count("b"), 1, "members_gone takes nobody else away")

    def test_whoever_is_erased_or_absorbed_is_in_no_segment(self, store: Store) -> None:
        """What the one who stays is in is written with their record."""
        put(
            store, new_customers=[customer(no) for no in (1, 2, 3)],
            members=[(name, no, NOW) for name in ("a", "b") for no in (1, 2, 3)],
        )  # fmt: skip
        with store.transaction() as transaction:
            same(transaction.erase(1)["members"], 2, "erase() tells from how many segments it took the customer")
            transaction.absorb(2, 3)
        with store.reading() as reader:
            same(
                [[no for no, _, _ in reader.members(name, 0, 9)] for name in ("a", "b")], [[3], [3]],
                "erase() and absorb() take the customer off every list",
            )  # fmt: skip
            same(reader.member_count("a"), 1, "erase() and absorb() take the customer out of every count")

    def test_customers_come_in_pages(self, store: Store) -> None:
        """In order of numbers, as rows."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3, 4)])
        with store.reading() as reader:
            same(reader.customers_after(1, 2), [customer(2), customer(3)], "customers_after() gives the next page")
            same(reader.customers_after(4, 2), [], "customers_after() is empty at the end")
