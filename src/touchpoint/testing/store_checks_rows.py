"""Checks of a store: messages, tasks, what is kept for everybody, and values that are easily changed on the way."""

from decimal import Decimal, localcontext

import attrs

from touchpoint.stores.base import SCHEMA_VERSION, Changes, ControlRow, EventRow, ReleaseRow, Store, TallyRow
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import (
    FAR,
    MANY,
    NOW,
    ODD_TEXTS,
    customer,
    entry,
    everything,
    held,
    message,
    put,
    run,
    something,
    something_else,
    task,
    values,
)


class RowChecks(Contract):
    """Rows of the outbox and of the whole house come back as they were, and add up."""

    def test_an_empty_store_answers_every_question(self, store: Store) -> None:
        """With nothing, and with the version of its tables."""
        found = held(store)
        same(
            found.pop("meta"), {"schema_version": str(SCHEMA_VERSION)}, "meta() of a new store names its schema version"
        )
        found.pop("spent")
        same([name for name, each in found.items() if _any(each)], [], "a new store holds nothing")

    def test_what_a_transaction_wrote_it_sees_itself(self, store: Store) -> None:
        """Every question sees the changes before the commit, as it does after."""
        with store.transaction() as transaction:
            transaction.write(something())
            transaction.write(something_else())
            inside = everything(transaction)
        same(held(store), inside, "questions inside a transaction see what it wrote, as those after the commit do")

    def test_changes_written_at_once_or_one_by_one_give_the_same(self, store: Store) -> None:
        """Inserts of one `Changes` come before its changes of the same rows."""
        put(store, **_fields(something()))
        with store.reading() as reader:
            same(
                reader.message("message-1"),
                message(
                    1, status="sent", channel="email", at=NOW, ref="ref-1", delivery='{"opened":1}', changed_at=NOW + 2
                ),
                "one write inserts a message, changes it, and notes its receipt, in this order",
            )
            claimed = task(1, status="claimed", claimed_by="chris", changed_at=NOW + 1)
            same(reader.task("message-1"), claimed, "likewise a task")
            same(reader.runs(2)[0].reason, "goal", "likewise a run")
            same(reader.cases(2)[0].closed_at, NOW + 1, "likewise a case")
            same(reader.cases(2)[0].first_response_at, NOW, "likewise its first answer")

    def test_messages_are_found_by_key_and_by_customer(self, store: Store) -> None:
        """Oldest first (S6.3)."""
        put(store, messages=[message(3), message(1), message(2, of=2)])
        with store.reading() as reader:
            same(reader.message("message-2"), message(2, of=2), "message() finds a message by its key")
            same(reader.message("nothing"), None, "message() of an unknown key is None")
            same(reader.messages(1), [message(1), message(3)], "messages() gives all of a customer by number")

    def test_a_changed_message_is_replaced_as_a_whole(self, store: Store) -> None:
        """The last change stands."""
        after = message(
            1, status="sent", channel="email", at=NOW + 2, fence=3, ref="x", reasons='["ok"]', changed_at=NOW + 3,
            due=NOW + 1, expires_at=NOW + 8, sent_to='["email","a"]',
        )  # fmt: skip
        put(store, messages=[message(1), message(2)])
        put(store, messages_changed=[message(1, fence=1, channel="sms"), after])
        with store.reading() as reader:
            same(
                reader.messages(1),
                [after, message(2)],
                "messages_changed sets every field of the message, the last wins",
            )

    def test_who_settles_a_message_leaves_what_its_provider_told(self, store: Store) -> None:
        """A receipt may come before the outcome is written (S6.9)."""
        put(store, messages=[message(1, delivery='{"delivered":1}')])
        put(store, messages_changed=[message(1, status="sent", delivery="")])
        with store.reading() as reader:
            wanted = message(1, status="sent", delivery='{"delivered":1}')
            same(reader.message("message-1"), wanted, "messages_changed leaves `delivery` as it is")

    def test_what_a_provider_tells_changes_nothing_else_of_the_message(self, store: Store) -> None:
        """But the instant of the change."""
        put(store, messages=[message(1, status="sent", ref="x")])
        put(store, delivered=[('{"opened":1}', NOW + 5, "message-1")])
        with store.reading() as reader:
            wanted = message(1, status="sent", ref="x", delivery='{"opened":1}', changed_at=NOW + 5)
            same(reader.message("message-1"), wanted, "delivered sets `delivery` and `changed_at` of the message")

    def test_a_reference_leads_to_the_newest_message(self, store: Store) -> None:
        """Of this channel; references of two channels are strangers."""
        put(
            store,
            messages=[
                message(1, channel="email", ref="r"), message(2, channel="email", ref="r"),
                message(3, channel="sms", ref="r"), message(4, channel="email"),
            ],
        )  # fmt: skip
        with store.reading() as reader:
            found = reader.message_by_ref("email", "r")
            same(found and found.no, 2, "message_by_ref() gives the newest message of the channel with this reference")
            same(reader.message_by_ref("phone", "r"), None, "message_by_ref() looks at this channel only")
            same(reader.message_by_ref("email", "R"), None, "message_by_ref() compares exactly")

    def test_tasks_come_oldest_first(self, store: Store) -> None:
        """Of a channel in a status, at most so many; and all about a customer."""
        put(store, tasks=[task(3), task(1), task(2, of=2), task(4, channel="visit"), task(5, status="claimed")])
        with store.reading() as reader:
            same(reader.tasks("phone", "assigned", 10), [task(1), task(2, of=2), task(3)], "tasks() comes oldest first")
            same(
                reader.tasks("phone", "assigned", 2),
                [task(1), task(2, of=2)],
                "tasks() gives at most `limit`, the oldest",
            )
            wanted = [task(1), task(3), task(4, channel="visit"), task(5, status="claimed")]
            same(reader.tasks_of(1), wanted, "tasks_of() gives all tasks about a customer")
            same(reader.task("message-2"), task(2, of=2), "task() finds a task by its key")
            same(reader.task("nothing"), None, "task() of an unknown key is None")

    def test_a_task_changes_hands(self, store: Store) -> None:
        """And is found under its new status only; whoever claimed it is kept where nobody else is named."""
        put(store, tasks=[task(1), task(2)], tasks_changed=[("claimed", "chris", NOW + 1, "message-1")])
        after = task(1, status="claimed", claimed_by="chris", changed_at=NOW + 1)
        with store.reading() as reader:
            same(reader.tasks("phone", "claimed", 9), [after], "a changed task is found under its new status")
            same(reader.tasks("phone", "assigned", 9), [task(2)], "a changed task is not found under its old status")
        put(store, tasks_changed=[("completed", None, NOW + 2, "message-1")])
        with store.reading() as reader:
            wanted = after._replace(status="completed", changed_at=NOW + 2)
            same(reader.task("message-1"), wanted, "tasks_changed without a name leaves who claimed the task")

    def test_unheard_events_come_in_their_order(self, store: Store) -> None:
        """Until they are done with; equal ones are events of their own."""
        rows = [EventRow("email", "r", body, at) for body, at in (("{}", 9), ("[]", 1), ("{}", 9))]
        put(store, events=[*rows, EventRow("sms", "r", "{}", 1), EventRow("email", "s", "{}", 1)])
        with store.reading() as reader:
            same(reader.events("email", "r"), rows, "events() come in the order of writing")
            same(reader.event_count(), 5, "event_count() counts them all")
        put(store, events_done=[("email", "r")])
        with store.reading() as reader:
            same(reader.events("email", "r"), [], "events_done takes all events of a channel's reference away")
            same(reader.event_count(), 2, "events_done leaves those of others")

    def test_old_events_are_removed(self, store: Store) -> None:
        """Those older than `events_before`, and none of the same changes."""
        rows = [EventRow("email", "r", "{}", at) for at in (NOW - 1, NOW, NOW + 1)]
        put(store, events=rows)
        old = EventRow("email", "r", "[]", NOW - 9)
        put(store, events_before=NOW, events=[old])
        with store.reading() as reader:
            same(reader.events("email", "r"), [*rows[1:], old], "events_before removes what was there and is older")

    def test_paces_are_replaced(self, store: Store) -> None:
        """Of those asked for, the known ones."""
        with store.reading() as reader:
            promised(not reader.has_paces(), "has_paces() is False before any pace was kept")
        put(store, paces={"a": "5", "b": "{}"} | {f"n{n}": str(n) for n in range(MANY)})
        put(store, paces={"a": "3"})
        with store.reading() as reader:
            promised(reader.has_paces(), "has_paces() is True once any pace was kept")
            same(
                reader.paces(["a", "b", "c"]),
                {"a": "3", "b": "{}"},
                "paces() gives what was written last, of known names",
            )
            every = {f"n{n}": str(n) for n in range(MANY)}
            same(reader.paces(list(every)), every, "paces() takes any number of names")

    def test_volumes_are_replaced(self, store: Store) -> None:
        """Of those asked for, the known ones (S11.8)."""
        put(store, volumes={"a": "5", "b": "{}"} | {f"n{n}": str(n) for n in range(MANY)})
        put(store, volumes={"a": "3"})
        with store.reading() as reader:
            found = reader.volumes(["a", "b", "c"])
            same(found, {"a": "3", "b": "{}"}, "volumes() gives what was written last, of known names")
            every = {f"n{n}": str(n) for n in range(MANY)}
            same(reader.volumes(list(every)), every, "volumes() takes any number of names")

    def test_parked_things_are_counted(self, store: Store) -> None:
        """Of whom there is any, by number; a page at a time (S4.3)."""
        put(store, new_customers=[customer(no) for no in range(1, 6)], parked={5: 1, 2: 3, 4: 2})
        put(store, parked={2: 1, 4: 0, 3: 0})
        with store.reading() as reader:
            same(reader.parked(0, 10), [(2, 1), (5, 1)], "parked() gives what was written last, by number, and no zero")
            same(reader.parked(2, 10), [(5, 1)], "parked() begins after the number it is given")
            same(reader.parked(0, 1), [(2, 1)], "parked() gives no more than it is asked for")
            same(reader.parked_count(), 2, "parked_count() adds up what is parked of everybody")

    def test_controls_are_set_and_lifted(self, store: Store) -> None:
        """Listed by scope and name; what is lifted and set in one breath is set (S11.8)."""
        pause = ControlRow("channel", "sms", "breaker", NOW, None)
        stop = ControlRow("message", "offer", "kill switch", NOW, NOW + 9)
        email = pause._replace(name="email")
        put(store, controls=[stop, pause._replace(until=NOW), pause, email])
        with store.reading() as reader:
            same(reader.controls(), [email, pause, stop], "controls() gives what was set last, by scope and name")
        put(store, controls_lifted=[("channel", "sms"), ("message", "offer"), ("channel", "x")], controls=[stop])
        with store.reading() as reader:
            same(reader.controls(), [email, stop], "what is lifted is gone; set in the same changes, it stays")

    def test_budgets_add_up_exactly(self, store: Store) -> None:
        """Whatever precision the host has set for its decimals."""
        with localcontext(prec=3):
            put(store, budgets={"gifts": Decimal("100000000000000000000.01")})
            put(store, budgets={"gifts": Decimal("0.20"), "other": Decimal("-1.5")})
            put(store, budgets={f"n{n}": Decimal(n) for n in range(MANY)})
        with store.reading() as reader:
            found = reader.spent(["gifts", "other", "none"])
            wanted = {"gifts": Decimal("100000000000000000000.21"), "other": Decimal("-1.5"), "none": Decimal(0)}
            same(found, wanted, "spent() is the exact sum of what was added, 0 of an unknown budget")
            every = {f"n{n}": Decimal(n) for n in range(MANY)}
            same(reader.spent(list(every)), every, "spent() takes any number of names")

    def test_tallies_add_up(self, store: Store) -> None:
        """Listed by subject, name and what was counted; also below zero."""
        put(store, tallies={("message", "b", "sent"): 2, ("rule", "r", "started"): 1, ("message", "a", "sent"): 1})
        put(store, tallies={("message", "b", "sent"): 3, ("rule", "r", "started"): -4, ("message", "b", "denied"): 1})
        wanted = [
            TallyRow("message", "a", "sent", 1), TallyRow("message", "b", "denied", 1),
            TallyRow("message", "b", "sent", 5), TallyRow("rule", "r", "started", -3),
        ]  # fmt: skip
        with store.reading() as reader:
            same(reader.tallies(), wanted, "tallies() gives every sum, by subject, name and what was counted")

    def test_definitions_come_by_when_they_were_put_to_work_last(self, store: Store) -> None:
        """Each version once (S11.6)."""
        put(store, definitions=[("h1", "shop", "{}", NOW), ("h2", "shop", '{"v":2}', NOW + 1)])
        put(store, definitions=[("h1", "shop", "{}", NOW + 2)])
        wanted = [("h2", "shop", '{"v":2}', NOW + 1), ("h1", "shop", "{}", NOW + 2)]
        with store.reading() as reader:
            same(reader.definitions(), wanted, "definitions() gives each once, the one put to work last at the end")

    def test_releases_come_in_their_order_and_keep_the_last_body(self, store: Store) -> None:
        """So that all processes go by the same one (S5.4)."""
        rows = [ReleaseRow(no, "shop", no, f"h{no}", "follow", NOW + no, "{}") for no in (1, 2, 3)]
        put(store, definitions=[("h2", "shop", '{"v":2}', NOW)], releases=[rows[1], rows[0]])
        put(store, releases=[rows[2], rows[0]._replace(body='{"closed":true}')])
        wanted = [rows[0]._replace(body='{"closed":true}'), *rows[1:]]
        with store.reading() as reader:
            same(reader.releases(), wanted, "releases() gives each once, by its no, as written last")
            same(reader.last_release(), 3, "last_release() gives the highest no")
            same([reader.definition("h2"), reader.definition("h9")], ['{"v":2}', None], "definition() finds by hash")

    def test_live_runs_of_a_journey_are_found_below_a_number(self, store: Store) -> None:
        """Those that have ended, of other journeys, or with higher numbers do not count (S5.4)."""
        put(store, new_customers=[customer(1)], runs=[run(1), run(2), run(3, journey="tea"), run(4)])
        put(store, runs_ended=[(NOW, "done", 1), (NOW, "done", 4)])
        with store.reading() as reader:
            found = [reader.live_run_before("shop", no) for no in (1, 2, 3)] + [reader.live_run_before("tea", 3)]
            same(
                found,
                [False, False, True, False],
                "live_run_before() looks at live runs of the journey below it",
            )

    def test_notes_keep_the_last_value(self, store: Store) -> None:
        """And the version of the tables stays."""
        put(store, meta={"timeline": "a"})
        put(store, meta={"timeline": "b", "": ""})
        wanted = {"schema_version": str(SCHEMA_VERSION), "timeline": "b", "": ""}
        with store.reading() as reader:
            same(dict(reader.meta()), wanted, "meta() gives every note as written last")

    def test_odd_texts_come_back_exactly(self, store: Store) -> None:
        """As ids, bodies, names and notes."""
        people = [customer(no, id=text, profile=text or "{}", state=text) for no, text in enumerate(ODD_TEXTS, start=1)]
        put(
            store,
            new_customers=people,
            entries=[values(entry(row.no, of=row.no, id=row.id, body=row.id, type=row.id)) for row in people if row.id],
            messages=[
                message(row.no, of=row.no, key=row.id, ref=row.id, channel="email", reasons=row.id) for row in people
            ],
            meta={f"k{text}": text for text in ODD_TEXTS},
        )
        with store.reading() as reader:
            same(sorted(reader.customers(ODD_TEXTS)), people, "texts of customers come back exactly")
            for row in people:
                found = reader.message(row.id)
                same(found and (found.ref, found.reasons), (row.id, row.id), "texts of messages come back exactly")
                known = reader.seen([(row.id, row.no)])
                same(
                    [each.body for each in known.values()], [row.id][: bool(row.id)], "touchpoints are found by odd ids"
                )
            same(
                {text: reader.meta()[f"k{text}"] for text in ODD_TEXTS},
                dict(zip(ODD_TEXTS, ODD_TEXTS, strict=True)),
                "notes",
            )

    def test_huge_texts_come_back_exactly(self, store: Store) -> None:
        """Megabytes in one row."""
        huge = "ä€😀\0'" * 300_000
        put(
            store,
            new_customers=[customer(1, profile=huge, state=huge, head=1)],
            entries=[values(entry(1, body=huge, trace=huge))],
        )
        with store.reading() as reader:
            promised(reader.customers_by_number([1])[0].state == huge, "a text of megabytes comes back exactly")
            same([row.trace == huge for row in reader.journal(1)], [True], "likewise in the journal")

    def test_numbers_of_64_bits_come_back_exactly(self, store: Store) -> None:
        """Also those that a floating-point number cannot hold."""
        for no, far in enumerate(FAR, start=1):
            put(
                store,
                new_customers=[customer(no, due=far)],
                dues=[(None, far, no)],
                messages=[message(no, of=no, due=far, expires_at=far, at=far, changed_at=far)],
                entries=[values(entry(no, of=no, at=far, recorded_at=far, id="t"))],
                tallies={("far", f"{no}", ""): far},
            )
        with store.reading() as reader:
            for no, far in enumerate(FAR, start=1):
                found = reader.messages(no)[0]
                same(
                    (found.due, found.expires_at, found.at, found.changed_at),
                    (far,) * 4,
                    "numbers of 64 bits are exact",
                )
                same(reader.seen([("t", no)])["t", no].at, far, "numbers of 64 bits are exact")
                same(reader.customers_by_number([no])[0].due, far, "numbers of 64 bits are exact")
            same(reader.due(FAR[-1], 99), [(far, no) for no, far in enumerate(FAR, start=1)], "due() orders by number")
            same([row.n for row in reader.tallies()], list(FAR), "numbers of 64 bits are exact")


def _fields(changes: Changes) -> dict[str, object]:
    return {field.name: getattr(changes, field.name) for field in attrs.fields(Changes)}


def _any(value: object) -> bool:
    return any(map(_any, value)) if isinstance(value, list) else bool(value)
