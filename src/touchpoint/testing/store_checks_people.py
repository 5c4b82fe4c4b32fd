"""Checks of a store: customers, their journal, what falls due for them, and what they have."""

from touchpoint.errors import StoreError
from touchpoint.stores.base import Changes, Store
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import (
    MANY,
    NOW,
    address,
    case,
    consent,
    customer,
    entry,
    message,
    put,
    run,
    values,
)


class PeopleChecks(Contract):
    """Rows that belong to customers come back as they were, in the order that the port promises."""

    def test_customers_are_found_by_id(self, store: Store) -> None:
        """Those that exist, and nobody else."""
        put(store, new_customers=[customer(1), customer(2), customer(3)])
        with store.reading() as reader:
            found = sorted(reader.customers(["customer-3", "nobody", "customer-1"]))
            same(found, [customer(1), customer(3)], "customers() gives those of these ids that exist")
            same(reader.customers([]), [], "customers() of no ids is empty")

    def test_an_id_is_told_from_one_that_looks_alike(self, store: Store) -> None:
        """An id is the host's own opaque text (S1.1)."""
        ids = ["Ann", "ann", "ann ", " ann", "ânn", "a\u0302nn", "ann\0", "1", "01", "1.0"]
        rows = [customer(no, id=text) for no, text in enumerate(ids, start=1)]
        put(store, new_customers=rows)
        with store.reading() as reader:
            for row in rows:
                same(reader.customers([row.id]), [row], "ids are compared exactly: case, spaces and accents count")

    def test_many_customers_are_found_at_once(self, store: Store) -> None:
        """However many are asked for."""
        rows = [customer(no) for no in range(1, MANY + 1)]
        put(store, new_customers=rows)
        with store.reading() as reader:
            by_number = sorted(reader.customers_by_number(range(1, 2 * MANY)))
            same(by_number, rows, "customers_by_number() takes any number of numbers")
            same(sorted(reader.customers([row.id for row in rows])), rows, "customers() takes any number of ids")
            same(reader.customer_count(), MANY, "customer_count() counts them all")

    def test_all_customers_come_by_number(self, store: Store) -> None:
        """Whatever the order in which they were written."""
        put(store, new_customers=[customer(no) for no in range(MANY, 0, -1)])
        with store.reading() as reader:
            found = [row.no for row in reader.all_customers()]
        same(found, list(range(1, MANY + 1)), "all_customers() comes by number")

    def test_all_customers_come_once_while_they_are_changed(self, store: Store) -> None:
        """A loop over them may write to each."""
        put(store, new_customers=[customer(no) for no in range(1, MANY + 1)])
        seen = []
        with store.transaction() as transaction:
            for row in transaction.all_customers():
                seen.append(row.no)
                transaction.write(Changes(customers=[("", '{"seen":1}', 0, None, row.no)]))
        same(seen, list(range(1, MANY + 1)), "all_customers() gives each customer once while they are written to")

    def test_a_change_without_profile_leaves_the_profile(self, store: Store) -> None:
        """An empty profile means: as it is."""
        put(store, new_customers=[customer(1)])
        put(store, customers=[("", '{"n":1}', 7, NOW, 1)])
        with store.reading() as reader:
            after = customer(1, state='{"n":1}', head=7, due=NOW)
            same(
                reader.customers_by_number([1]),
                [after],
                'a change with profile "" leaves the profile and sets the rest',
            )

    def test_a_change_with_profile_replaces_it(self, store: Store) -> None:
        """Also of a customer inserted by the same changes."""
        put(store, new_customers=[customer(1, due=NOW)], customers=[('{"a":1}', "{}", 0, None, 1)])
        with store.reading() as reader:
            after = customer(1, profile='{"a":1}')
            same(reader.customers_by_number([1]), [after], "a change sets profile, state, head and due of the customer")

    def test_changes_of_one_customer_are_applied_in_their_order(self, store: Store) -> None:
        """Order within a list is kept."""
        put(store, new_customers=[customer(1)])
        put(store, customers=[("", '{"n":1}', 0, NOW, 1), ("", '{"n":2}', 0, None, 1)])
        with store.reading() as reader:
            same(reader.customers_by_number([1]), [customer(1, state='{"n":2}')], "of two changes the last one stands")

    def test_entries_come_back_as_they_were(self, store: Store) -> None:
        """An empty id or trace is None."""
        rows = [
            entry(1, id="t1", trace='[["late"]]', kind="timer", type="wait"),
            entry(2, prev=1, id=None, trace=None, at=NOW - 5),
        ]
        blank = (3, 1, 2, "touchpoint", "", "order_placed", NOW, NOW + 1, "{}", "")
        put(store, new_customers=[customer(1, head=3)], entries=[*map(values, rows), blank])
        with store.reading() as reader:
            same(list(reader.journal(1)), [entry(3, prev=2), *rows[::-1]], "entries come back exactly as written")

    def test_a_touchpoint_is_found_by_its_id_and_customer(self, store: Store) -> None:
        """The same id of another customer is another touchpoint (S1.3)."""
        rows = [entry(1, id="t"), entry(2, of=2, id="t"), entry(3, id="u")]
        put(store, entries=[values(row) for row in rows])
        with store.reading() as reader:
            found = reader.seen([("t", 2), ("u", 2), ("v", 1), ("u", 1)])
            same(found, {("t", 2): rows[1], ("u", 1): rows[2]}, "seen() gives those pairs that were recorded before")
            same(reader.seen([]), {}, "seen() of nothing is empty")

    def test_many_touchpoints_are_looked_up_at_once(self, store: Store) -> None:
        """However many are asked for."""
        rows = [entry(no, id=f"t{no}") for no in range(1, MANY + 1)]
        put(store, entries=[values(row) for row in rows])
        with store.reading() as reader:
            found = reader.seen([(f"t{no}", 1) for no in range(1, 2 * MANY)])
        same(found, {(row.id, 1): row for row in rows}, "seen() takes any number of pairs")

    def test_a_journal_comes_newest_first(self, store: Store) -> None:
        """A customer's own entries, whole, between those of others."""
        mine = [entry(no, prev=max(no - 2, 0)) for no in range(1, 2 * MANY, 2)]
        others = [entry(no, of=2, prev=no - 2) for no in range(2, 2 * MANY, 2)]
        heads = [customer(1, head=mine[-1].no), customer(2, head=others[-1].no)]
        put(store, new_customers=heads, entries=[values(row) for row in sorted(mine + others)])
        with store.reading() as reader:
            same(list(reader.journal(1)), mine[::-1], "journal() gives all entries of a customer, newest first")
            same(
                [list(reader.journal(no)) for no in (3, 99)], [[], []], "journal() of somebody without entries is empty"
            )

    def test_what_falls_due_comes_earliest_first(self, store: Store) -> None:
        """At one instant by customer number; the bound itself is due (S2.5)."""
        put(store, dues=[(None, NOW + 5, 1), (None, NOW, 3), (None, NOW, 2), (None, NOW + 6, 4), (None, -1, 5)])
        with store.reading() as reader:
            wanted = [(-1, 5), (NOW, 2), (NOW, 3), (NOW + 5, 1)]
            same(reader.due(NOW + 5, 10), wanted, "due() gives what is due <= until, earliest first")
            same(reader.due(NOW + 5, 2), wanted[:2], "due() gives the earliest, at most `limit`")
            same(reader.due(-2, 10), [], "due() gives nothing later than `until`")

    def test_a_due_instant_moves_and_goes(self, store: Store) -> None:
        """Old and new instant may each be None."""
        put(store, dues=[(None, NOW, 1), (None, NOW, 2), (None, NOW, 3)])
        put(store, dues=[(NOW, NOW + 1, 1), (NOW, None, 2), (NOW, NOW, 3)])
        with store.reading() as reader:
            same(reader.due(NOW + 9, 10), [(NOW, 3), (NOW + 1, 1)], "dues move each customer from old to new")

    def test_a_due_instant_that_moves_twice_ends_where_it_moved_last(self, store: Store) -> None:
        """Also when it returns to where it was, and when it comes and goes at once."""
        put(store, dues=[(None, NOW, 1), (None, NOW, 2)])
        put(
            store,
            dues=[
                (NOW, NOW + 1, 1),
                (NOW + 1, NOW + 2, 1),
                (NOW, NOW + 3, 2),
                (NOW + 3, NOW, 2),
                (None, NOW, 3),
                (NOW, None, 3),
            ],
        )
        with store.reading() as reader:
            promise = "of a customer named twice in dues the first old and the last new instant count"
            same(reader.due(NOW + 9, 10), [(NOW, 2), (NOW + 2, 1)], promise)

    def test_runs_come_oldest_first_and_end(self, store: Store) -> None:
        """With a reason."""
        rows = [run(3, key="order-3"), run(1), run(2, of=2)]
        put(store, runs=rows)
        put(store, runs_ended=[(NOW + 5, "goal", 3)])
        with store.reading() as reader:
            ended = rows[0]._replace(ended_at=NOW + 5, reason="goal")
            same(reader.runs(1), [run(1), ended], "runs() gives all runs of a customer by number, ended ones included")

    def test_cases_come_oldest_first_and_close(self, store: Store) -> None:
        """Each once."""
        put(store, cases=[case(2), case(1), case(3, of=2)])
        put(store, cases_closed=[(NOW + 5, None, 1)])
        with store.reading() as reader:
            same(
                reader.cases(1),
                [case(1, closed_at=NOW + 5), case(2)],
                "cases() gives all cases of a customer by number",
            )

    def test_what_becomes_of_a_case_is_kept(self, store: Store) -> None:
        """Its first answer, its deadlines, who has it and how bad it is; not whether it is closed."""
        put(store, cases=[case(1, deadlines='{"response":[1,null]}'), case(2)])
        put(store, cases_closed=[(NOW + 5, None, 1)])
        put(store, cases_changed=[(NOW + 4, '{"response":[1,2]}', "urgent", "chris", NOW - 1, "message:m-1", 1)])
        changed = case(
            1, closed_at=NOW + 5, first_response_at=NOW + 4, deadlines='{"response":[1,2]}', severity="urgent",
            owner="chris", opened_at=NOW - 1, answered_by="message:m-1",
        )  # fmt: skip
        with store.reading() as reader:
            same(
                reader.cases(1), [changed, case(2)], "cases() gives the first answer and the deadlines as written last"
            )

    def test_what_answered_a_case_stays_unless_another_does(self, store: Store) -> None:
        """A change that says nothing of it leaves it as it is; what it came of and what it was merged into are kept."""
        came = case(1, cause="t-1", cause_type="review", cause_at=NOW - 9, opening=2)
        put(store, cases=[came])
        put(store, cases_changed=[(NOW, "", "normal", None, NOW, "task:m-2", 1)])
        put(store, cases_changed=[(NOW, "", "low", None, NOW, None, 1)])
        put(store, cases_closed=[(NOW + 5, "order-7", 1)])
        kept = came._replace(
            first_response_at=NOW, severity="low", answered_by="task:m-2", closed_at=NOW + 5, merged_into="order-7"
        )
        with store.reading() as reader:
            same(reader.cases(1), [kept], "cases() gives all that was said of a case")

    def test_the_consent_ledger_keeps_the_order_of_writing(self, store: Store) -> None:
        """Whatever the instants; equal lines are lines of their own (S7.1)."""
        rows = [consent(n) for n in (2, 1, 3, 3)]
        for row in rows:
            put(store, consents=[row, row._replace(customer=2)])
        with store.reading() as reader:
            same(reader.consents(1), rows, "consents() keeps the order of writing")
            promised(all(type(row.granted) is bool for row in reader.consents(1)), "`granted` comes back as a bool")

    def test_an_address_stands_as_it_was_written_last(self, store: Store) -> None:
        """By kind and key; one of which nothing was written is not there."""
        with store.reading() as reader:
            promised(not reader.has_addresses(), "has_addresses() is False before anything was written of one")
        put(
            store, addresses=[address("e1", standing="dormant"), address("e1"), address("e1", kind="phone", at=NOW + 1)]
        )
        with store.reading() as reader:
            promised(reader.has_addresses(), "has_addresses() is True once anything was written of one")
            found = reader.addresses([("email", "e1"), ("sms", "e1"), ("email", "e2")])
            same(found, {("email", "e1"): address("e1")}, "addresses() gives what was written last of these")

    def test_many_addresses_are_looked_up_at_once(self, store: Store) -> None:
        """However many are asked for."""
        rows = [address(f"e{n}") for n in range(MANY)]
        put(store, addresses=rows)
        with store.reading() as reader:
            found = reader.addresses((row.kind, row.key) for row in rows)
        same(
            found, {(row.kind, row.key): row for row in rows}, "addresses() takes any number of pairs, also an iterator"
        )

    def test_who_has_an_address_comes_in_order(self, store: Store) -> None:
        """Said twice it counts once; gone and back in one breath it is there."""
        put(
            store, reach=[("email", "a", 3), ("email", "a", 1), ("email", "a", 3), ("phone", "a", 7), ("email", "A", 8)]
        )
        put(store, reach_gone=[("email", "a", 1), ("email", "a", 99)], reach=[("email", "a", 2)])
        put(store, reach_gone=[("email", "a", 3)], reach=[("email", "a", 3)])
        with store.reading() as reader:
            same(reader.reached("email", "a"), [2, 3], "reached() gives each customer with the address once, by number")
            same(reader.reached("email", "nobody"), [], "reached() of an unknown address is empty")

    def test_customers_are_found_by_what_they_have(self, store: Store) -> None:
        """An open case, a run, a message; each customer once."""
        put(
            store,
            new_customers=[customer(no) for no in (1, 2, 3)],
            cases=[case(1, of=3), case(2, of=2, closed_at=NOW), case(3, of=3)],
            runs=[run(1, of=2), run(2), run(3, of=2), run(4, of=3, rule="welcome")],
            messages=[message(1, of=3), message(2, of=3), message(3, status="sent"), message(4, of=2, name="other")],
        )
        with store.reading() as reader:
            same(reader.ids_with_case_open("complaint"), ["customer-3"], "ids_with_case_open(): open ones, each once")
            same(sorted(reader.ids_with_run("come_back")), ["customer-1", "customer-2"], "ids_with_run(): each once")
            same(
                reader.ids_with_message("offer", "waiting"),
                ["customer-3"],
                "ids_with_message(): of this name and status",
            )

    def test_an_id_taken_twice_is_refused(self, store: Store) -> None:
        """Of a customer, and of a touchpoint of one customer (S1.3); the error does not say whose."""
        put(store, new_customers=[customer(1, id="secret-id")], entries=[values(entry(1, id="secret-id"))])
        for changes in (
            Changes(new_customers=[customer(2, id="secret-id")]),
            Changes(entries=[values(entry(2, id="secret-id"))]),
            Changes(entries=[values(entry(1, id="other"))]),
        ):
            self.refused(store, changes, "a number or id that is taken must be refused")

    @staticmethod
    def refused(store: Store, changes: Changes, promise: str) -> None:
        """Fail unless the store refuses these changes with an error of its own that says nothing secret."""
        try:
            with store.transaction() as transaction:
                transaction.write(changes)
        except StoreError as error:
            promised("secret" not in f"{error!r} {error}", "an error of a store quotes nothing that a row holds")
            return
        raise AssertionError(promise)
