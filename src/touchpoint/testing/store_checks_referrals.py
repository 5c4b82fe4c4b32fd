"""Checks of a store: who brought whom (S4.1)."""

from touchpoint.errors import StoreError
from touchpoint.stores.base import Store
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_checks_sharing import Reopen, another
from touchpoint.testing.store_rows import NOW, customer, put, referral


def _put(store: Store, *rows: tuple[int, int | None, int | None]) -> None:
    """(number, by whom, of whom) of referrals."""
    put(store, referrals={no: referral(no, by=by, of=of) for no, by, of in rows})


class ReferralChecks(Contract):
    """Referrals are found from both sides, and say nothing of who was erased."""

    def test_a_referral_is_found_from_both_sides(self, store: Store) -> None:
        """By the friend, who has one, and by the one who refers, a page at a time."""
        with store.reading() as reader:
            promised(not reader.has_referrals(), "has_referrals() is false as long as there are none")
        _put(store, (3, 1, 2), (1, 1, 4), (2, 2, 3))
        with store.reading() as reader:
            promised(reader.has_referrals(), "has_referrals() tells that there are some")
            same(reader.referral_of(2), referral(3, of=2), "referral_of() gives the one by which a customer came")
            same(reader.referral_of(1), None, "referral_of() gives None where nobody brought them")
            both = [referral(1, of=4), referral(3, of=2)]
            same(reader.referrals_by(1, 0, 9), both, "referrals_by() gives a customer's own, in order of numbers")
            same(reader.referrals_by(1, 1, 9), both[1:], "referrals_by() begins after the number it is given")
            same(reader.referrals_by(1, 0, 1), both[:1], "referrals_by() gives no more than it is asked for")

    def test_a_referral_is_replaced_as_a_whole(self, store: Store) -> None:
        """By its number."""
        _put(store, (1, 1, 2), (2, 1, 3))
        after = referral(1, by=3, converted_at=NOW + 1, body='{"a":1}', dropped="ring")
        put(store, referrals={1: after})
        with store.reading() as reader:
            same(reader.referral_of(2), None, "the row that is written last stands")
            same(reader.referrals_by(1, 0, 9), [referral(2, of=3)], "another row stays as it is")

    def test_nobody_is_brought_by_two(self, store: Store) -> None:
        """The store does not take it, whatever the caller thinks."""
        _put(store, (1, 1, 2))
        try:
            _put(store, (2, 3, 2))
        except StoreError:
            with store.reading() as reader:
                same(reader.referral_of(2), referral(1, of=2), "nothing of it was written")
        else:
            promised(False, "a second referral of one customer is refused")  # noqa: FBT003 - it is the promise

    def test_those_that_stand_are_counted(self, store: Store) -> None:
        """And so are those of them that converted."""
        rows = [
            referral(1, of=11, converted_at=NOW), referral(2, of=12), referral(3, converted_at=NOW, dropped="second"),
            referral(4, by=2, of=13, converted_at=NOW), referral(5, by=2, of=14, converted_at=NOW),
            referral(6, by=None), referral(7, by=3, of=15), referral(8, by=4, of=16),
        ]  # fmt: skip
        put(store, referrals={row.no: row for row in rows})
        with store.reading() as reader:
            same(reader.referral_counts(1), (2, 1), "referral_counts() leaves out what was dropped")
            same(reader.referral_counts(9), (0, 0), "referral_counts() of nobody is none")
            every = [(2, 2, 2), (1, 2, 1), (3, 1, 0), (4, 1, 0)]
            same(reader.advocates(9), every, "advocates() gives who has most converted first, ties by number")
            same(reader.advocates(2), every[:2], "advocates() gives no more than it is asked for")

    def test_referrals_follow_people_and_forget_them(self, store: Store) -> None:
        """Of whoever is erased nothing is left but that there was a referral, and its number."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3, 4)])
        _put(store, (1, 1, 2), (2, 2, 3), (3, 4, 1))
        with store.transaction() as transaction:
            same(transaction.erase(2)["referrals"], 2, "erase() tells in how many referrals it left the customer out")
            transaction.absorb(1, 4)
        with store.reading() as reader:
            rows = [referral(1, by=4, of=None), referral(3, by=4, of=4)]
            same(reader.referrals_by(4, 0, 9), rows, "absorb() gives referrals of both sides to the other")
            same(reader.referral_of(3), referral(2, by=None, of=3), "erase() leaves a referral to whoever it brought")

    def test_a_number_of_a_referral_is_never_given_again(self, store: Store, reopen: Reopen) -> None:
        """Not even when both of its people were erased: timelines of others may still have it."""
        put(store, new_customers=[customer(1), customer(2)])
        _put(store, (1, 1, 2))
        with store.transaction() as transaction:
            transaction.erase(1)
            transaction.erase(2)
        with another(reopen) as again, again.transaction() as transaction:
            same(transaction.counters.referral, 2, "a number of a referral is never given again")
