"""Checks of a store: surveys that were sent, and what analysers found in answers (S8.1)."""

from touchpoint.stores.base import Store
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import NOW, analysis, asked, customer, put


class FeedbackChecks(Contract):
    """What an answer answers is found by its message; what an answer says waits, is kept, and is replaced."""

    def test_what_a_message_asked_is_found_by_its_key_and_by_its_customer(self, store: Store) -> None:
        """A message that is no survey has asked nothing."""
        rows = [asked(1), asked(2, about="message-1", location=None, scale=""), asked(3, of=2)]
        put(store, asked={row.key: row for row in rows})
        with store.reading() as reader:
            same(reader.asked("message-2"), rows[1], "asked() gives what a message asked")
            same(reader.asked("message-9"), None, "asked() gives None for a message that asked nothing")
            same(reader.asked_of(1), rows[:2], "asked_of() gives all that a customer was asked, in order of keys")
            same(reader.asked_of(9), [], "asked_of() gives nothing of whoever was asked nothing")

    def test_what_waits_for_an_analyser_comes_first_come_first(self, store: Store) -> None:
        """And no more than is asked for; what is done or has failed does not wait."""
        rows = [
            analysis("a", changed_at=NOW + 2), analysis("b", of=2, changed_at=NOW), analysis("c", status="done"),
            analysis("d", status="failed"), analysis("a", of=2, changed_at=NOW + 1),
        ]  # fmt: skip
        put(store, analyses={(row.customer, row.touchpoint): row for row in rows})
        with store.reading() as reader:
            waiting = [rows[1], rows[4], rows[0]]
            same(reader.analyses_waiting(9), waiting, "analyses_waiting() gives what came first")
            same(reader.analyses_waiting(2), waiting[:2], "analyses_waiting() gives no more than it is asked for")

    def test_an_analysis_is_replaced(self, store: Store) -> None:
        """By the customer and the id of the touchpoint: there is one of each."""
        put(store, analyses={(1, "a"): analysis("a"), (1, "b"): analysis("b")})
        done = analysis("a", status="done", name="keywords", version="2", body='{"intent":"wish"}', changed_at=NOW + 1)
        put(store, analyses={(1, "a"): done})
        with store.reading() as reader:
            same(reader.analyses_of(1), [done, analysis("b")], "analyses_of() gives what was written last, by id")
            same(reader.analyses_waiting(9), [analysis("b")], "what is done waits no more")

    def test_feedback_follows_people_and_forgets_them(self, store: Store) -> None:
        """Of a touchpoint that both of two people have, what is known of the one that stays stays."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3)])
        put(store, asked={row.key: row for row in (asked(1), asked(2, of=2), asked(3, of=3))})
        rows = [analysis("a"), analysis("a", of=2, status="done"), analysis("b"), analysis("c", of=3)]
        put(store, analyses={(row.customer, row.touchpoint): row for row in rows})
        with store.transaction() as transaction:
            transaction.absorb(1, 2)
            transaction.erase(3)
        with store.reading() as reader:
            same(reader.asked_of(2), [asked(1, of=2), asked(2, of=2)], "absorb() gives what was asked to the other")
            same(reader.analyses_of(2), [rows[1], analysis("b", of=2)], "absorb() gives what is known to the other")
            promised(reader.asked("message-3") is None, "erase() leaves nothing of what was asked")
            same(reader.analyses_of(3), [], "erase() leaves nothing of what was found")
            same(reader.analyses_of(1), [], "absorb() leaves nothing behind")
