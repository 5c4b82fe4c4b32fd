"""Checks of a store: gifts, and the accounts of what gifts and messages cost (S6.5)."""

from touchpoint.errors import StoreError
from touchpoint.stores.base import BookingRow, Store
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import NOW, booking, customer, gift, put

_EVER = 1 << 60


def _booked(store: Store, start: int, end: int, customer: int | None = None) -> int:
    with store.reading() as reader:
        return reader.booked("fund", start, end, customer)


class GiftChecks(Contract):
    """Gifts are found again; what is booked adds up, whatever period it is asked for."""

    def test_gifts_are_found_and_replaced_as_a_whole(self, store: Store) -> None:
        """By key, by customer, by what they are for, and by what they wait for."""
        put(store, gifts={each.key: each for each in (gift(2), gift(1, approval="asked"), gift(3, of=2, shelf="mugs"))})
        put(store, gifts={"gift-2": gift(2, status="given", approval="asked", at=NOW)})
        with store.reading() as reader:
            after = gift(2, status="given", approval="asked", at=NOW)
            same(reader.gift("gift-2"), after, "a gift that is written again is replaced")
            same(reader.gift("nothing"), None, "gift() gives None for a key that nobody has")
            same(reader.gifts_of(1), [after, gift(1, approval="asked")], "gifts_of() comes as first written")
            same(reader.gifts_marked(1, "mark-1"), [gift(1, approval="asked")], "gifts_marked() looks for the mark")
            same(reader.gifts_marked(2, "mark-1"), [], "gifts_marked() is about one customer")
            same(reader.gifts_asked(9), [after, gift(1, approval="asked")], "gifts_asked() comes as first written")
            same(reader.gifts_asked(1), [after], "gifts_asked() gives no more than it is asked for")
            same(reader.gifts_awaiting("mugs"), [gift(3, of=2, shelf="mugs")], "gifts_awaiting() looks for the stock")
            same(reader.gifts_awaiting(""), [], "what waits for no stock waits for none")

    def test_what_is_booked_adds_up_within_any_period(self, store: Store) -> None:
        """Whether its sum is kept or not, and whether the period begins earlier or later than the one that is kept."""
        put(store, bookings=[booking(1, at=10), booking(2, at=20, of=2), booking(3, at=30, account="other")])
        put(store, spans=[("fund", "ever", 0, _EVER)], bookings=[booking(4, at=30)])
        for start, end, wanted in ((0, _EVER, 3), (11, _EVER, 2), (0, 20, 1), (20, 31, 2), (31, _EVER, 0)):
            same(_booked(store, start, end), wanted * 100, f"booked() adds up from {start} on, before {end}")
        same(_booked(store, 0, _EVER, 2), 100, "booked() of one customer is theirs alone")

    def test_a_sum_that_rolls_forgets_what_has_left_it(self, store: Store) -> None:
        """And knows it again where a clock was set back."""
        put(store, spans=[("fund", "rolling", 0, _EVER)], bookings=[booking(n, at=n * 10) for n in (1, 2, 3)])
        put(store, spans=[("fund", "rolling", 15, _EVER)], bookings=[booking(4, at=40)])
        put(store, spans=[("fund", "rolling", 12, _EVER)], bookings=[booking(5, at=14)])
        for start, wanted in ((15, 3), (25, 2), (12, 4), (0, 5)):
            same(_booked(store, start, _EVER), wanted * 100, f"booked() adds up from {start} on")

    def test_what_is_given_back_is_gone_from_every_sum(self, store: Store) -> None:
        """Before anything of the same changes is booked."""
        put(store, spans=[("fund", "ever", 0, _EVER), ("fund", "calendar", 0, 25)], bookings=[booking(1, at=10)])
        put(store, bookings_gone=["gift-1"], bookings=[booking(1, at=30)])
        same((_booked(store, 0, _EVER), _booked(store, 0, 25)), (100, 0), "what is booked anew moves to its own period")
        put(store, bookings_gone=["gift-1", "nothing"])
        same((_booked(store, 0, _EVER), _booked(store, 0, 25)), (0, 0), "what is gone counts no more")

    def test_what_is_reserved_is_settled(self, store: Store) -> None:
        """It stays booked."""
        put(store, bookings=[booking(1, at=10), booking(2, at=20)])
        put(store, bookings_settled=["gift-1"])
        with store.reading() as reader:
            same(reader.reserved("fund", 0, _EVER), 100, "reserved() leaves out what is settled")
            same(reader.booked("fund", 0, _EVER), 200, "booked() does not")
            same(
                reader.bookings_of("gift-1"), [booking(1, at=10, settled=True)], "bookings_of() says that it is settled"
            )

    def test_bookings_come_in_pages_earliest_first(self, store: Store) -> None:
        """Of all, or of one customer."""
        put(store, bookings=[booking(2, at=20), booking(1, at=10, of=2), booking(3, at=30)])
        with store.reading() as reader:
            every: list[BookingRow] = [booking(1, at=10, of=2), booking(2, at=20), booking(3, at=30)]
            same(reader.bookings("fund", 0, 31, None, 9), every, "bookings() comes earliest first")
            same(
                reader.bookings("fund", 0, 31, None, 1, 1), every[1:2], "bookings() gives the page that it is asked for"
            )
            same(reader.bookings("fund", 0, 30, 1, 9), every[1:2], "bookings() of one customer, before the end")

    def test_a_message_books_once_on_an_account(self, store: Store) -> None:
        """The store does not take a second booking, whatever the caller thinks."""
        put(store, bookings=[booking(1, at=10)])
        try:
            put(store, bookings=[booking(1, at=20)])
        except StoreError:
            same(_booked(store, 0, _EVER), 100, "nothing of it was written")
        else:
            promised(False, "a second booking of one key on one account is refused")  # noqa: FBT003 - it is the promise

    def test_a_stock_is_never_below_none(self, store: Store) -> None:
        """What begins with a first count is counted from there."""
        put(store, stocks=[("mugs", 2, -1), ("mugs", 9, -1), ("cards", 0, 5)])
        with store.reading() as reader:
            same(reader.stocks(["mugs", "cards", "cups"]), {"mugs": 0, "cards": 5}, "stocks() tells what is known")
        try:
            put(store, stocks=[("mugs", 2, -1)])
        except StoreError:
            with store.reading() as reader:
                same(reader.stocks(["mugs"]), {"mugs": 0}, "nothing of it was written")
        else:
            promised(False, "a stock below none is refused")  # noqa: FBT003 - likewise

    def test_accounts_forget_who_is_erased_and_follow_who_is_merged(self, store: Store) -> None:
        """What was spent stays spent, and names nobody."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3)])
        put(store, gifts={"gift-1": gift(1), "gift-2": gift(2, of=2)},
            bookings=[booking(1, at=10), booking(2, at=20, of=2)])  # fmt: skip
        with store.transaction() as transaction:
            same(transaction.erase(1)["gifts"], 1, "erase() tells how many gifts it deleted")
            transaction.absorb(2, 3)
        with store.reading() as reader:
            nobody = BookingRow(None, "fund", None, 10, 100, settled=True)
            same(reader.bookings("fund", 0, 31, None, 9), [nobody, booking(2, at=20, of=3)], "bookings stay")
            same((reader.gifts_of(1), reader.gifts_of(3)), ([], [gift(2, of=3)]), "gifts go, or change hands")
