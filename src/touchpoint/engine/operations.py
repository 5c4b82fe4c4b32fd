"""What people who run the engine do with it: hold things back, replay what is parked, send something by hand.

A part of `Engine`, in a file of its own; what its methods do is in the modules beside.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from touchpoint.engine import controls
from touchpoint.engine.controls import Control
from touchpoint.engine.ground import Ground
from touchpoint.engine.intake import Recorded, customer_id
from touchpoint.engine.unit import Unit
from touchpoint.errors import UnknownCustomer
from touchpoint.journey.journey import Journey
from touchpoint.model.case import Case
from touchpoint.model.message import Gift, Message

if TYPE_CHECKING:
    from touchpoint.engine.parked import Replayed
    from touchpoint.engine.view import Parked

T = TypeVar("T")


class Operations(Ground):
    """Kill switches, parked things, and acts by hand."""

    # What is held back (S11.8).

    def pause(
        self, *, channel: str | None = None, message: str | Message | None = None, journey: str | Journey | None = None,
        reason: str, until: datetime | None = None, connection: object = None,
    ) -> None:  # fmt: skip
        """Throw a kill switch: from the next release on nothing of it goes out, whoever works on this store.

        What waits goes on waiting until it is resumed, or expires. Runs go on deciding, and new ones start. Calls of
        host functions wait with their journey.

        Args:
            channel: a channel. Exactly one of these three is named.
            message: a message, or its name.
            journey: a journey, or its name.
            reason: in words, for whoever asks why.
            until: when it ends by itself; aware. Until somebody resumes it, unless given.
            connection: as for `record`.

        Raises:
            UnknownName: no such channel, message or journey.
            InvalidInput: not exactly one is named, no reason is given, or the end does not lie in the future.
        """
        what = controls.one_named("pause", channel=channel, message=message, journey=journey)
        now = self._now()
        self._write(lambda unit: controls.pause(unit, what, reason, until, now), connection)

    def resume(
        self, *, channel: str | None = None, message: str | Message | None = None, journey: str | Journey | None = None,
        connection: object = None,
    ) -> None:  # fmt: skip
        """Lift a pause, or the stop of a message; what waits is asked again at once.

        What the volume breaker held goes on, with the present volume as usual from now on.

        Raises:
            UnknownName: no such channel, message or journey.
            InvalidInput: none was named.
        """
        what = controls.named("resume", channel=channel, message=message, journey=journey)
        now = self._now()
        self._write(lambda unit: controls.resume(unit, what, now), connection)

    def controls(self) -> list[Control]:
        """Everything that is paused or stopped just now, by scope and name."""
        with self._reading() as reader:
            rows = reader.controls()
        return [controls.control_of(row) for row in controls.in_force(rows, self._now())]

    # What defects of journeys keep from going on (S4.3).

    def parked(self, *, limit: int | None = None) -> "list[tuple[str, Parked]]":
        """Everything that defects of journeys keep from going on, as (customer id, what), oldest first of each.

        Args:
            limit: at most so many; all unless given.
        """
        from touchpoint.engine import parked

        with self._reading() as reader:
            return parked.listed(reader, parked.how_many(limit))

    def parked_count(self) -> int:
        """How many things are parked, of all customers together; what it costs does not depend on their number."""
        with self._reading() as reader:
            return reader.parked_count()

    def replay_parked(
        self, customer: str | None = None, *, limit: int | None = None, connection: object = None
    ) -> "Replayed":  # fmt: skip
        """Have what is parked go through its decision again, once the journey is mended and loaded.

        Each goes through once, in the order of each customer's, with its own instant as `at` and the present as now: it
        meets the runs that had begun by then, and history as it is today. Every customer is a transaction of their own.
        What is defective still, or whose rule or step is not loaded, stays and says why.

        Args:
            customer: of this one only.
            limit: at most so many; all unless given.
            connection: as for `record`; then all of it is part of the host's transaction.

        Raises:
            UnknownCustomer: no such customer.
            StoreError: it could not be stored; customers before this one are done.
        """
        from touchpoint.engine import parked

        left = parked.how_many(limit)
        done = 0
        failed: list[tuple[str, Parked]] = []
        for no in self._numbers(customer):
            if left <= 0:
                break
            one = self._write(lambda unit, no=no, left=left: self._replay(unit, no, left), connection)  # type: ignore[misc]
            done, left = done + one.done, left - one.done - len(one.failed)
            failed += one.failed
        return parked.Replayed(done, tuple(failed))

    def _numbers(self, customer: str | None) -> list[int]:
        from touchpoint.engine import parked

        with self._reading() as reader:  # without the write lock, which the host may hold
            if customer is None:
                return list(parked.customers_with(reader))
            name = customer_id(customer)
            found = [row.no for row in reader.customers([name])] or list(reader.aliases([name]).values())
        if not found:
            raise UnknownCustomer
        return found

    def _replay(self, unit: Unit, no: int, limit: int) -> "Replayed":
        from touchpoint.engine import parked

        return parked.replay_customer(unit, unit.by_number(no), limit, self._now())

    # What people do by hand.

    def send(
        self, customer: str, message: str | Message, *, by: str, about: str | Case | None = None,
        channel: str | None = None, id: str | None = None, properties: Mapping[str, object] | None = None,
        connection: object = None,
    ) -> Recorded:  # fmt: skip
        """Send a message to one customer, because a person wants it.

        It goes the way of every message: through the outbox, the gate with every policy, and the release. The timeline
        has a touchpoint `sent_by_hand` that says who sent what, to which rules may react.

        Args:
            customer: the host's own id.
            message: one that a journey at work declares, or its name.
            by: who does it.
            about: the case, touchpoint or message it belongs to.
            channel: the only one to use; those of the message, in order, unless given.
            id: the act's own id; the same one counts once for each customer. Made by the engine if not given.
            properties: what templates find as `{trigger…}`.
            connection: as for `record`.

        Raises:
            UnknownCustomer: no such customer.
            UnknownName: no journey declares such a message, or it has no such channel.
            InvalidInput: the message is a gift, or not the one that is declared; nobody says who sends it.
        """
        from touchpoint.engine import by_hand

        now = self._now()
        what = by_hand.act(
            self._program, customer_id(customer), message, by=by, about=about, channel=channel, id=id,
            properties=properties, gift=False, now=now,
        )  # fmt: skip
        return self._write(lambda unit: by_hand.take(unit, what, now), connection)

    def give(
        self, customer: str, gift: str | Gift, *, by: str, about: str | Case | None = None,
        channel: str | None = None, id: str | None = None, properties: Mapping[str, object] | None = None,
        connection: object = None,
    ) -> Recorded:  # fmt: skip
        """Give a gift to one customer, because a person wants it; as `send`, and its budget and limit apply."""
        from touchpoint.engine import by_hand

        now = self._now()
        what = by_hand.act(
            self._program, customer_id(customer), gift, by=by, about=about, channel=channel, id=id,
            properties=properties, gift=True, now=now,
        )  # fmt: skip
        return self._write(lambda unit: by_hand.take(unit, what, now), connection)
