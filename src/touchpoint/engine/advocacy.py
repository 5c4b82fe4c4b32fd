"""Customers who bring others: `Engine.refer`, and what is known of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from touchpoint.engine import referring
from touchpoint.engine.ground import Ground
from touchpoint.errors import InvalidInput
from touchpoint.model.referral import Advocate, Referral, referral_number

_MOST: Final = 10_000


class Advocacy(Ground):
    """Referrals."""

    def refer(
        self, by: str, customer: str, *, at: datetime | None = None, channel: str | None = None,
        location: str | None = None, properties: Mapping[str, object] | None = None, connection: object = None,
    ) -> Referral:  # fmt: skip
        """Record that a customer was brought by another, on both timelines, in one transaction (S4.1).

        The one who refers has a touchpoint `referral_made`, the friend `referral_received`. Nobody is brought by more
        than one: the first stands, and saying so again changes nothing. When the friend first does what a trigger
        `Referred(converted=)` names, whoever referred them has a touchpoint `referral_converted`. Somebody who is
        known already may be referred, too; but what they had done before never counts.

        Args:
            by: the id of the one who refers; created if new.
            customer: the id of the friend; created if new.
            at: when; aware. Now, if not given.
            channel: on which it happened, such as `email`.
            location: where it happened, such as a store.
            properties: as for `record`, such as a campaign. They stand on both timelines, and stay on one when the
                other person is erased: nothing that tells who either of them is.
            connection: as for `record`.

        Raises:
            ReferralRefused: nobody refers themselves, not even by way of others.
            CustomerErased: either of them was erased.
            InvalidTouchpoint: something else cannot be accepted. Nothing was stored.
        """
        now = self._now()
        made, received = referring.checked(by, customer, at, channel, location, properties, now, self._skew)
        return self._write(lambda unit: referring.refer(unit, made, received, now, self._late_after), connection)

    def referral(self, customer: str) -> Referral | None:
        """The referral by which a customer came, or None. Raises UnknownCustomer."""
        with self._unit() as unit:
            loaded = self._known(unit, customer)
            unit.flush()
            row = referring.row_of(unit, loaded)
            return None if row is None else referring.told(unit, row)

    def referrals(self, by: str, *, after: str | None = None, limit: int = 100) -> list[Referral]:
        """Whom a customer has referred, in the order in which it was recorded. How many there are: see `advocate`.

        Args:
            by: any of their ids.
            after: only those behind this `Referral.id`, for the next page.
            limit: at most so many; up to 10,000.

        Raises:
            UnknownCustomer: no such customer.
            InvalidInput: `after` is no id of a referral, or `limit` no whole number in its range.
        """
        behind, most = _number(after), _limit(limit)
        with self._unit() as unit:
            loaded = self._known(unit, by)
            unit.flush()
            return [referring.told(unit, row) for row in unit.tx.referrals_by(loaded.no, behind, most)]

    def advocate(self, customer: str) -> Advocate:
        """How many a customer has referred, and how many of them became customers. Raises UnknownCustomer."""
        with self._unit() as unit:
            loaded = self._known(unit, customer)
            unit.flush()
            referred, converted = unit.tx.referral_counts(loaded.no)
            return Advocate(customer=loaded.id, referred=referred, new_customers=converted)

    def advocates(self, *, limit: int = 100) -> list[Advocate]:
        """Who has brought most new customers, most first. It counts every referral: for reports, not for each event.

        Raises InvalidInput where `limit` is no whole number from 1 to 10,000.
        """
        most = _limit(limit)
        with self._reading() as reader:
            counts = reader.advocates(most)
            ids = {row.no: row.id for row in reader.customers_by_number([no for no, _, _ in counts])}
        return [
            Advocate(customer=ids[no], referred=referred, new_customers=converted)
            for no, referred, converted in counts
            if no in ids
        ]


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise InvalidInput(f"limit= is a whole number from 1 to {_MOST:,}, not {value!r}")
    return value


def _number(after: object) -> int:
    if after is None:
        return 0
    number = referral_number(after)
    if number is None:
        raise InvalidInput("after= takes the id of a referral, as in Referral.id")
    return number
