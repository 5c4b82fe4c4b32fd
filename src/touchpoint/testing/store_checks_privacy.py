"""Checks of a store: a person's other ids, their erasure, and two who turn out to be one (S1.6, S1.7)."""

from touchpoint.stores.base import EventRow, Reader, Store, TombstoneRow
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import (
    NOW,
    address,
    case,
    consent,
    customer,
    entry,
    message,
    put,
    run,
    task,
    values,
)


def put_two(store: Store) -> None:
    """Two customers, each with something of everything."""
    put(
        store,
        new_customers=[customer(1, head=3, due=NOW), customer(2, head=2, due=NOW)],
        entries=[values(entry(1, id="a")), values(entry(2, of=2, id="a")), values(entry(3, prev=1, id="b"))],
        runs=[run(1), run(2, of=2)], cases=[case(1), case(2, of=2)], messages=[message(1), message(2, of=2)],
        tasks=[task(1), task(2, of=2)], consents=[consent(0), consent(1, of=2)],
        reach=[("email", "a@x", 1), ("email", "both@x", 1), ("email", "both@x", 2)],
        dues=[(None, NOW, 1), (None, NOW, 2)], aliases=[("other one", 1)],
    )  # fmt: skip


class PrivacyChecks(Contract):
    """Whole people: erased, merged, called by other names."""

    def test_another_id_leads_to_its_customer(self, store: Store) -> None:
        """And only those that were given."""
        put(store, new_customers=[customer(1)])
        with store.reading() as reader:
            promised(not reader.has_aliases(), "has_aliases() is false as long as there are none")
        put(store, aliases=[("b", 1), ("a", 1)])
        with store.reading() as reader:
            promised(reader.has_aliases(), "has_aliases() tells that there are some")
            same(reader.aliases(["a", "nobody"]), {"a": 1}, "aliases() gives the customers behind these ids")
            same(reader.aliases_of(1), ["a", "b"], "aliases_of() gives a customer's other ids")

    def test_what_is_erased_is_gone_and_nothing_else(self, store: Store) -> None:
        """Everything that bears the customer's number, at once."""
        put_two(store)
        with store.transaction() as transaction:
            counts = transaction.erase(1)
            same(counts["journal"], 2, "erase() tells how many journal entries it deleted")
            same(counts["messages"], 1, "erase() tells how many messages it deleted")
            same(
                transaction.customers(["customer-1", "customer-2"]),
                [customer(2, head=2, due=NOW)],
                "erase() is at once",
            )
        with store.reading() as reader:
            same(_held(reader, 1), [[]] * 8, "erase() leaves nothing of the customer")
            same([len(each) for each in _held(reader, 2)], [1] * 7 + [0], "erase() leaves everybody else alone")
            same(reader.due(NOW, 9), [(NOW, 2)], "erase() takes the customer off what falls due")
            same(reader.seen([("a", 1), ("b", 1)]), {}, "erase() deletes the journal entries of the customer")
            same(sorted(reader.seen([("a", 2)])), [("a", 2)], "erase() keeps the journal entries of others")

    def test_two_customers_become_one(self, store: Store) -> None:
        """All rows change hands but those of the journal, which the caller chains anew."""
        put_two(store)
        with store.transaction() as transaction:
            transaction.absorb(2, 1)
        with store.reading() as reader:
            same([len(each) for each in _held(reader, 1)], [2] * 6 + [1, 1], "absorb() gives all rows to the other")
            same(_held(reader, 2)[:5], [[]] * 5, "absorb() leaves none behind")
            same(reader.customers(["customer-2"]), [], "absorb() deletes the customer")
            same(reader.due(NOW, 9), [(NOW, 1)], "absorb() takes the customer off what falls due")

    def test_entries_change_hands_and_lose_their_ids(self, store: Store) -> None:
        """In the order in which they arrived; one that both had keeps its number, and not its id."""
        put_two(store)
        put(store, entries_doubled=[("doubled", "[]", 2)], entries_moved=[(1, 1, 2), (2, 1, 3)])
        with store.reading() as reader:
            found = [(each.no, each.prev, each.id, each.kind) for each in reader.journal(1)]
        expected = [(3, 2, "b", "touchpoint"), (2, 1, None, "doubled"), (1, 0, "a", "touchpoint")]
        same(found, expected, "entries_doubled and entries_moved change what they name")

    def test_a_customer_is_given_another_id(self, store: Store) -> None:
        """And is not found under the one before."""
        put(store, new_customers=[customer(1)])
        with store.transaction() as transaction:
            transaction.rename(1, "new")
        with store.reading() as reader:
            same([each.no for each in reader.customers(["new", "customer-1"])], [1], "rename() changes the id")
            same([each.id for each in reader.customers_by_number([1])], ["new"], "rename() keeps the number")

    def test_tombstones_are_found_by_secret_and_hash(self, store: Store) -> None:
        """Of each hash and what it is of, the one that was told last."""
        one = TombstoneRow("s1", "h1", "id", "", NOW)
        two, three = one._replace(what="stands email", body="[]"), one._replace(secret="s2")  # noqa: S106 - no password
        put(store, tombstones=[one, two, three, two._replace(at=NOW - 1, body="older")])
        put(store, tombstones=[one._replace(at=NOW + 1)])
        with store.reading() as reader:
            found = sorted(reader.tombstones([("s1", "h1"), ("s2", "h2")]))
            same(found, [one._replace(at=NOW + 1), two], "tombstones() gives what was told last under these")
            same(reader.secrets(), frozenset({"s1", "s2"}), "secrets() gives each secret once")
        put(store, tombstones_gone=[("s1", "h1"), ("s2", "h1")])
        with store.reading() as reader:
            same(reader.secrets(), frozenset(), "secrets() is empty where there are no tombstones")

    def test_what_is_written_of_addresses_can_be_taken_away(self, store: Store) -> None:
        """By kind and key; and of paces what begins with a name and a blank."""
        put(store, addresses=[address("a"), address("a", kind="email on sms"), address("b")],
            paces={"x r 1": "1", "x r 1 0": "2", "x r 12": "3"})  # fmt: skip
        with store.reading() as reader:
            kinds = sorted(each.kind for each in reader.standings(["a"]))
            same(kinds, ["email", "email on sms"], "standings() finds a key under every kind")
        put(store, addresses_gone=[("email", "a")], paces_gone=["x r 1"])
        with store.reading() as reader:
            same([each.kind for each in reader.standings(["a"])], ["email on sms"], "addresses_gone are gone")
            same(list(reader.paces(["x r 1", "x r 1 0", "x r 12"])), ["x r 12"], "paces_gone are gone, and no others")

    def test_what_waits_for_a_reference_can_be_taken_away(self, store: Store) -> None:
        """Each by its number."""
        rows = [EventRow("sms", "r1", "{}", NOW), EventRow("sms", "r2", "{}", NOW)]
        put(store, events=rows)
        with store.reading() as reader:
            waiting = list(reader.waiting_events())
        same([event for _, event in waiting], rows, "waiting_events() gives all of them in their order")
        put(store, events_gone=[waiting[0][0]])
        with store.reading() as reader:
            same([event for _, event in reader.waiting_events()], rows[1:], "events_gone are gone")

    def test_after_a_checkpoint_of_a_rewritten_store_everything_is_there(self, store: Store) -> None:
        """And nothing of what was erased."""
        put_two(store)
        with store.transaction() as transaction:
            transaction.erase(1)
        promised(store.checkpoint(rewrite=True), "checkpoint() tells that nothing older is left")
        promised(
            not store.left_over(["customer-1"]), "nothing of what was erased is left after checkpoint(rewrite=True)"
        )
        with store.reading() as reader:
            same([len(each) for each in _held(reader, 2)], [1] * 7 + [0], "a rewritten store holds what it held")


def _held(reader: Reader, customer_no: int) -> list[list[object]]:
    """Rows of every kind that bear this number; those of the journal are asked for by whoever needs them."""
    return [
        [*reader.runs(customer_no)], [*reader.cases(customer_no)], [*reader.messages(customer_no)],
        [*reader.tasks_of(customer_no)], [*reader.consents(customer_no)], [*reader.links(customer_no)],
        [*reader.customers_by_number([customer_no])], [*reader.aliases_of(customer_no)],
    ]  # fmt: skip
