"""Rows to try a store with: one of every kind, and everything that can be asked, as one value to compare."""

from decimal import Decimal
from typing import Any, Final

from touchpoint.stores.base import (
    AddressRow,
    AnalysisRow,
    AskedRow,
    BookingRow,
    CaseRow,
    Changes,
    ConsentRow,
    ContactRow,
    ControlRow,
    CustomerRow,
    EntryRow,
    EntryValues,
    EventRow,
    GiftRow,
    MessageRow,
    Reader,
    ReferralRow,
    ReleaseRow,
    RunRow,
    Store,
    TaskRow,
    TopicAnswerRow,
    WishRow,
)

NOW: Final = 1_760_000_000_000_000
"""An instant of 2025, in microseconds."""

MANY: Final = 700
"""More than a store may ask or fetch at once."""

ODD_TEXTS: Final = (
    "", " ", "\n\r\t", "it's", '"quoted"', "'; DROP TABLE x; --", "100 % of {this} and %s", "nul\0inside",
    "\x7f\x1b[0m", "é", "e\u0301", "ﬀ", "İıſẞ", "עברית", "العربية", "日本語", "👩\u200d👩\u200d👧", "\U0010fffd",
    "\u202eright", "\ufeffbom", "\u2028line", "NULL", "null", "0", "007", "1e5", "x" * 70_000,
)  # fmt: skip
"""Texts that stores have been known to change."""

FAR: Final = (-(1 << 63), -(1 << 53) - 1, -1, 0, 1, (1 << 53) + 1, (1 << 63) - 1)
"""Numbers of 64 bits that a floating-point number cannot hold, among others."""


def customer(no: int, **changes: Any) -> CustomerRow:  # noqa: ANN401 - any field of the row
    """A customer."""
    return CustomerRow(no, f"customer-{no}", '{"tier":"gold"}', "{}", 0, None)._replace(**changes)


def entry(no: int, *, of: int = 1, prev: int = 0, id: str | None = None, **changes: Any) -> EntryRow:  # noqa: ANN401 - likewise
    """A journal entry."""
    return EntryRow(no, of, prev, "touchpoint", id, "order_placed", NOW, NOW + 1, "{}", None)._replace(**changes)


def values(row: EntryRow) -> EntryValues:
    """An entry as it is handed in."""
    return (*row,)


def message(no: int, *, of: int = 1, **changes: Any) -> MessageRow:  # noqa: ANN401 - likewise
    """A message that waits."""
    what = ("shop", "come_back", 1, "send:offer", "offer", "marketing", "waiting", None)
    row = MessageRow(no, f"message-{no}", of, *what, NOW, NOW + 9, None, 0, None, "[]", NOW)
    return row._replace(**changes)


def task(no: int, *, of: int = 1, **changes: Any) -> TaskRow:  # noqa: ANN401 - likewise
    """A task that nobody has claimed."""
    row = TaskRow(no, f"message-{no}", of, "phone", "assigned", '{"text":"call"}', NOW, NOW + 9, None, NOW)
    return row._replace(**changes)


def run(no: int, *, of: int = 1, **changes: Any) -> RunRow:  # noqa: ANN401 - likewise
    """A live run."""
    return RunRow(no, f"run-{no}", of, "shop", "come_back", None, "t1", NOW, None, None)._replace(**changes)


def case(no: int, *, of: int = 1, **changes: Any) -> CaseRow:  # noqa: ANN401 - likewise
    """An open case."""
    return CaseRow(no, of, "complaint", f"order-{no}", NOW, None)._replace(**changes)


def consent(n: int = 0, *, of: int = 1, **changes: Any) -> ConsentRow:  # noqa: ANN401 - likewise
    """A line of the ledger."""
    return ConsentRow(of, NOW - n, NOW, "marketing", "email", granted=bool(n % 2), body="{}")._replace(**changes)


def address(key: str, **changes: Any) -> AddressRow:  # noqa: ANN401 - likewise
    """An address that is not simply active."""
    return AddressRow("email", key, "suppressed", "hard_bounce", NOW)._replace(**changes)


def referral(no: int, *, by: int | None = 1, of: int | None = None, **changes: Any) -> ReferralRow:  # noqa: ANN401 - likewise
    """A referral that has not converted; nobody is the friend unless given."""
    return ReferralRow(no, by, of, NOW, None, "{}", "")._replace(**changes)


def gift(no: int, *, of: int = 1, **changes: Any) -> GiftRow:  # noqa: ANN401 - likewise
    """A gift that waits."""
    what = f"gift-{no}", of, "mug", "thank", f"mark-{no}", f"run-{no}", "", "waiting", "", ""
    return GiftRow(*what, "9.50", "EUR", None, NOW, "{}")._replace(**changes)


def booking(no: int, *, at: int, of: int = 1, **changes: Any) -> BookingRow:  # noqa: ANN401 - likewise
    """What a gift has reserved."""
    return BookingRow(f"gift-{no}", "fund", of, at, 100, settled=False)._replace(**changes)


def asked(no: int, *, of: int = 1, **changes: Any) -> AskedRow:  # noqa: ANN401 - likewise
    """A survey that was sent."""
    return AskedRow(f"message-{no}", of, f"message-{no}", "rate", "csat", "[1,5]", "Vienna", 9)._replace(**changes)


def analysis(id: str, *, of: int = 1, **changes: Any) -> AnalysisRow:  # noqa: ANN401 - likewise
    """A touchpoint whose words wait for an analyser."""
    return AnalysisRow(of, id, "waiting", "", "", "", NOW)._replace(**changes)


def contact(n: int, *, of: int = 1, **changes: Any) -> ContactRow:  # noqa: ANN401 - likewise
    """Something that a customer said, and that nobody has answered."""
    return ContactRow(of, f"said-{n}", "question", "", "", NOW + n, None)._replace(**changes)


def contacts(*rows: ContactRow) -> dict[tuple[int, str], ContactRow]:
    """Contacts as they are written."""
    return {(row.customer, row.id): row for row in rows}


def wish(topic: str, *, of: int = 1, **changes: Any) -> WishRow:  # noqa: ANN401 - likewise
    """A wish."""
    return WishRow(topic, of, "t1", NOW)._replace(**changes)


def put(store: Store, **changes: Any) -> None:  # noqa: ANN401 - any field of Changes
    """Write these changes in a transaction of their own."""
    with store.transaction() as transaction:
        transaction.write(Changes(**changes))


def something() -> Changes:
    """Changes that write to every table."""
    return Changes(
        new_customers=[customer(1, head=2, due=NOW), customer(2, id="customer two", profile="{}")],
        customers=[("", '{"n":1}', 2, NOW, 1)],
        dues=[(None, NOW, 1), (None, NOW + 1, 2)],
        entries=[values(entry(1, id="t1")), values(entry(2, prev=1, kind="timer", trace="[]"))],
        runs=[run(1), run(2, of=2, key="order-1")],
        runs_ended=[(NOW + 1, "goal", 2)],
        messages=[message(1), message(2, of=2)],
        messages_changed=[message(1, status="sent", channel="email", at=NOW, ref="ref-1")],
        delivered=[('{"opened":1}', NOW + 2, "message-1")],
        reach=[("email", "a@example.com", 1), ("email", "a@example.com", 2)],
        tasks=[task(1), task(2, of=2)],
        tasks_changed=[("claimed", "chris", NOW + 1, "message-1")],
        events=[EventRow("email", "unheard", "{}", NOW)],
        paces={"email/account": "1"},
        volumes={"offer": "1"},
        parked={1: 2, 2: 1},
        members=[("shop/vip", 1, NOW), ("shop/vip", 2, NOW)],
        referrals={1: referral(1, of=2), 2: referral(2)},
        asked={"message-1": asked(1), "message-2": asked(2, of=2, location=None, scale="")},
        analyses={(1, "t1"): analysis("t1"), (2, "t2"): analysis("t2", of=2)},
        contacts=contacts(contact(1), contact(2, of=2)),
        wishes=[wish("vegan menu"), wish("vegan menu", of=2)],
        topic_answers=[TopicAnswerRow("vegan menu", "vegan menu", NOW, "{}")],
        cases=[case(1), case(2, of=2)],
        cases_changed=[(NOW, '{"response":[1,2]}', "urgent", "chris", NOW, "message:m-1", 2)],
        cases_closed=[(NOW + 1, None, 2)],
        consents=[consent(1), consent(2, of=2)],
        addresses=[address("a@example.com")],
        controls=[ControlRow("channel", "sms", "breaker", NOW, None)],
        definitions=[("hash-1", "shop", "{}", NOW)],
        releases=[ReleaseRow(1, "shop", 1, "hash-1", "follow", NOW, "{}")],
        budgets={"gifts": Decimal("10.50")},
        gifts={"gift-1": gift(1, approval="asked"), "gift-2": gift(2, of=2, shelf="mugs")},
        spans=[("fund", "ever", 0, NOW * 2)],
        bookings=[booking(1, at=NOW), booking(2, at=NOW, of=2)],
        bookings_settled=["gift-1"],
        stocks=[("mugs", 3, -1)],
        tallies={("message", "shop/offer", "sent"): 2},
        meta={"timeline": "a"},
        figures={(0, "flow", 5, "[1]"): 2, (1, "flow", 5, "[1]"): 1},
        counted={1: "[1]", 2: "[2]"},
        places=["Graz"],
    )


def something_else() -> Changes:
    """Changes to every table in which `something` stands."""
    return Changes(
        new_customers=[customer(3)],
        customers=[("{}", '{"n":2}', 3, None, 1)],
        dues=[(NOW, None, 1), (NOW + 1, NOW + 5, 2)],
        entries=[values(entry(3, prev=2, id="t3"))],
        runs=[run(3)],
        runs_ended=[(NOW + 2, "exit", 1)],
        messages=[message(3)],
        messages_changed=[message(2, of=2, status="denied", fence=4)],
        delivered=[('{"opened":2}', NOW + 3, "message-1")],
        reach=[("phone", "+1555", 1)],
        reach_gone=[("email", "a@example.com", 2)],
        tasks=[task(3)],
        tasks_changed=[("completed", None, NOW + 2, "message-1")],
        events=[EventRow("sms", "new", "{}", NOW)],
        events_done=[("email", "unheard")],
        paces={"email/account": "2", "sms/account": "{}"},
        volumes={"offer": "2", "hello": "{}"},
        parked={1: 0, 3: 4},
        members=[("shop/vip", 3, NOW + 1)],
        referrals={1: referral(1, of=2, converted_at=NOW + 1, body='{"a":1}'), 3: referral(3, of=3)},
        asked={"message-3": asked(3, about="message-1")},
        analyses={
            (1, "t1"): analysis("t1", status="done", name="keywords", version="1", body="{}", changed_at=NOW + 1)
        },
        contacts=contacts(contact(1, answered_at=NOW + 5), contact(3)),
        wishes=[wish("parking")],
        topic_answers=[TopicAnswerRow("vegan menu", "vegan menu", NOW, '{"done":"x"}')],
        members_gone=[("shop/vip", 2)],
        cases=[case(3)],
        cases_changed=[(None, '{"resolution":[3,null]}', "low", None, NOW, None, 1)],
        cases_closed=[(NOW + 2, "order-2", 1)],
        consents=[consent(3)],
        addresses=[address("a@example.com", standing="dormant"), address("b@example.com")],
        controls=[ControlRow("message", "offer", "kill switch", NOW, NOW + 9)],
        controls_lifted=[("channel", "sms")],
        definitions=[("hash-2", "shop", "{}", NOW + 1)],
        releases=[ReleaseRow(2, "shop", 2, "hash-2", "pin", NOW + 1, '{"by":"chris"}')],
        budgets={"gifts": Decimal("0.50"), "vouchers": Decimal(1)},
        gifts={"gift-1": gift(1, status="given"), "gift-3": gift(3)},
        bookings_gone=["gift-2"],
        spans=[("fund", "rolling", 5, NOW * 2)],
        bookings=[booking(3, at=NOW + 1)],
        bookings_settled=["gift-3"],
        stocks=[("mugs", 3, -1), ("cards", 0, 2)],
        tallies={("message", "shop/offer", "sent"): 1, ("rule", "shop/r", "started"): 1},
        meta={"timeline": "b", "more": "c"},
        figures={(0, "flow", 5, "[1]"): 1, (0, "flow", 6, "[1]"): 4},
        counted={1: "[3]", 2: ""},
        places=["Graz", "Linz"],
    )


def everything(reader: Reader) -> dict[str, object]:
    """All that can be asked about what `something` and `something_else` write."""
    numbers = (1, 2, 3)
    refs = [("email", "ref-1"), ("email", "unheard"), ("sms", "new")]
    return {
        "customers": sorted(reader.customers_by_number(numbers)),
        "customers by id": sorted(reader.customers(["customer-1", "customer two", "customer-3"])),
        "customer_count": reader.customer_count(),
        "all_customers": list(reader.all_customers()),
        "seen": reader.seen([(id_, no) for id_ in ("t1", "t3") for no in numbers]),
        "due": reader.due(NOW + 100, 10),
        "journal": [list(reader.journal(no)) for no in numbers],
        "message": [reader.message(f"message-{no}") for no in numbers],
        "messages": [reader.messages(no) for no in numbers],
        "message_by_ref": [reader.message_by_ref(*each) for each in refs],
        "reached": [reader.reached("email", "a@example.com"), reader.reached("phone", "+1555")],
        "task": [reader.task(f"message-{no}") for no in numbers],
        "tasks": [reader.tasks("phone", status, 10) for status in ("assigned", "claimed", "completed")],
        "tasks_of": [reader.tasks_of(no) for no in numbers],
        "events": [reader.events(*each) for each in refs],
        "event_count": reader.event_count(),
        "paces": reader.paces(["email/account", "sms/account"]),
        "has_paces": reader.has_paces(),
        "volumes": reader.volumes(["offer", "hello"]),
        "parked": reader.parked(0, 10),
        "parked_count": reader.parked_count(),
        "members": reader.members("shop/vip", 0, 10),
        "member_count": reader.member_count("shop/vip"),
        "has_referrals": reader.has_referrals(),
        "referral_of": [reader.referral_of(no) for no in numbers],
        "referrals_by": [reader.referrals_by(no, 0, 10) for no in numbers],
        "referral_counts": [sum(reader.referral_counts(no)) for no in numbers],
        "advocates": reader.advocates(10),
        "asked": [reader.asked(f"message-{no}") for no in numbers],
        "asked_of": [reader.asked_of(no) for no in numbers],
        "analyses_waiting": reader.analyses_waiting(10),
        "analyses_of": [reader.analyses_of(no) for no in numbers],
        "has_contacts": reader.has_contacts(),
        "contacts_open": [reader.contacts_open(no, ["said-1", "said-2", "said-3"]) for no in numbers],
        "contacts_of": [reader.contacts_of(no) for no in numbers],
        "contacts_between": reader.contacts_between(NOW, NOW + 9, None, 10),
        "wishes_of": [reader.wishes_of(no) for no in numbers],
        "wishers": reader.wishers(["vegan menu", "parking"], 0, NOW, 0, 10),
        "wished_after": reader.wished_after("vegan menu", NOW - 1),
        "topics": reader.topics(),
        "topic_answers": [reader.topic_answers(), reader.topic_answers("vegan menu")],
        "customers_after": reader.customers_after(1, 10),
        "runs": [reader.runs(no) for no in numbers],
        "cases": [reader.cases(no) for no in numbers],
        "consents": [reader.consents(no) for no in numbers],
        "addresses": reader.addresses([("email", "a@example.com"), ("email", "b@example.com")]),
        "has_addresses": reader.has_addresses(),
        "controls": reader.controls(),
        "spent": reader.spent(["gifts", "vouchers"]),
        "gift": [reader.gift(f"gift-{no}") for no in numbers],
        "gifts_of": [reader.gifts_of(no) for no in numbers],
        "gifts_marked": [reader.gifts_marked(1, f"mark-{no}") for no in numbers],
        "gifts_asked": reader.gifts_asked(9),
        "gifts_awaiting": reader.gifts_awaiting("mugs"),
        "bookings_of": [reader.bookings_of(f"gift-{no}") for no in numbers],
        "bookings": reader.bookings("fund", 0, NOW * 2, None, 9),
        "booked": [reader.booked("fund", 0, NOW * 2), reader.booked("fund", 0, NOW * 2, 1)],
        "reserved": reader.reserved("fund", 0, NOW * 2),
        "stocks": reader.stocks(["mugs", "cards"]),
        "tallies": reader.tallies(),
        "definitions": reader.definitions(),
        "definition": [reader.definition(each) for each in ("hash-1", "hash-2", "hash-3")],
        "releases": reader.releases(),
        "last_release": reader.last_release(),
        "live_run_before": [reader.live_run_before("shop", no) for no in numbers],
        "meta": dict(reader.meta()),
        "figures": reader.figures(["flow"], 0, 9),
        "figures_by_day": reader.figures_by_day(["flow"], 0, 9),
        "counted": reader.counted(numbers),
        "uncounted": reader.uncounted(0, 10),
        "places": reader.places(),
        "cases_by_number": sorted(reader.cases_by_number(numbers)),
        "messages_by_number": sorted(reader.messages_by_number(numbers)),
        "ids_with_case_open": reader.ids_with_case_open("complaint"),
        "ids_with_run": reader.ids_with_run("come_back"),
        "ids_with_message": [reader.ids_with_message("offer", status) for status in ("waiting", "sent", "denied")],
    }


def held(store: Store) -> dict[str, object]:
    """`everything`, asked in a transaction of its own."""
    with store.reading() as reader:
        return everything(reader)
