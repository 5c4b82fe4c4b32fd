"""Whether a round kept its promises: reads the files that it left, and shares no code with the engine.

Only the standard library is imported here.
"""

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

ENDS = {"sent", "withdrawn", "denied", "expired", "failed", "unknown"}
REPEAT_WITHIN = (20 * 60 // 2 + 20) * 1_000_000
"""Microseconds after which no call is repeated: half of what the provider remembers, and 20 s to hand over."""


def check(folder):
    """The violations of one round, and figures of it.

    Returns:
        (list of sentences, Counter)
    """
    folder = Path(folder)
    found, figures = [], Counter()
    intents = [line.split() for line in (folder / "intents").read_text("ascii").splitlines()]
    acknowledged = set((folder / "acknowledged").read_text("ascii").split())
    ledger = [line.split() for line in (folder / "ledger").read_text("ascii").splitlines()]
    with closing(sqlite3.connect(f"file:{folder / 'store.db'}?mode=rw", uri=True)) as store:
        whole = integrity(store)
        if whole != ["ok"]:
            return [f"the file is damaged: {whole[:3]}"], figures
        found += check_touchpoints(store, intents, acknowledged)
        found += check_chains(store)
        found += check_messages(store, ledger)
        (unknown,) = store.execute("SELECT count(*) FROM touchpoint_messages WHERE status = 'unknown'").fetchone()
    found += check_ledger(ledger)
    figures.update(rounds=1, acknowledged=len(acknowledged), calls=len(ledger), torn=len(intents) - len(acknowledged))
    keys = [(channel, key) for _, channel, key, what in ledger if what == "sent"]
    figures["unknown"] = unknown
    figures["messages"] = len(set(keys))
    figures["repeated within the provider's memory"] = len(keys) - len(set(keys))
    return found, figures


def integrity(store):
    """What SQLite says of the file; ["ok"] where all is well."""
    try:
        return [text for (text,) in store.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        return [str(error)]


def check_touchpoints(store, intents, acknowledged):
    """Each acknowledged touchpoint is there exactly once, each other at most once, with all that follows from it."""
    times = Counter(store.execute(
        "SELECT people.id, journal.id FROM touchpoint_journal AS journal "
        "JOIN touchpoint_customers AS people ON people.no = journal.customer WHERE journal.kind = 'touchpoint' "
        "AND journal.type IN ('ordered', 'returned')"
    ))  # fmt: skip
    runs = Counter(cause for (cause,) in store.execute("SELECT cause FROM touchpoint_runs"))
    orders = {order for (order,) in store.execute("SELECT id FROM orders")}
    known = {(customer, each) for customer, each, _ in intents}
    for customer, each, how in intents:
        n = times[customer, each]
        if each in acknowledged and n != 1:
            yield f"touchpoint {each} was acknowledged, and is there {n} times"
        if n > 1:
            yield f"touchpoint {each} is there {n} times"
        if n and runs[each] != 1:
            yield f"touchpoint {each} is there, and started {runs[each]} runs"
        if how == "host" and (each in orders) != bool(n):
            yield f"the host's row and ours parted at {each}"
    for customer, each in times:
        if (customer, each) not in known:
            yield f"touchpoint {each} was never recorded"


def check_chains(store):
    """Each customer's journal is one chain from the head to the first entry, and nothing is beside it."""
    entries = defaultdict(dict)
    for no, customer, prev in store.execute("SELECT no, customer, prev FROM touchpoint_journal"):
        entries[customer][no] = prev
    for customer, head in store.execute("SELECT no, head FROM touchpoint_customers"):
        left, at = entries.pop(customer, {}), head
        while at:
            if at not in left:
                yield f"the journal of customer {customer} breaks at entry {at}"
                break
            at = left.pop(at)
        if left:
            yield f"{len(left)} entries of customer {customer} are beside the chain"
    if entries:
        yield f"entries of {len(entries)} customers who do not exist"


def check_messages(store, ledger):
    """Every message has reached an end, and it is the end that the provider saw."""
    sent = {key for _, _, key, what in ledger if what == "sent"}
    tried = {key for _, _, key, _ in ledger}
    rows = store.execute("SELECT key, status, channel, name FROM touchpoint_messages").fetchall()
    for key, status, channel, name in rows:
        if status not in ENDS:
            yield f"{name} {key} is {status} for ever"
        elif status == "sent" and key not in sent:
            yield f"{name} {key} is said to be sent, and was not"
        elif status in ENDS - {"sent", "unknown"} and key in sent:
            yield f"{name} {key} is said to be {status}, and was sent over {channel}"
    for key in tried - {row[0] for row in rows}:
        yield f"{key} was handed over, and no store knows of it"
    names = Counter(name for _, _, _, name in rows)
    orders = store.execute("SELECT count(*) FROM touchpoint_runs WHERE rule = 'receipt'").fetchone()[0]
    if not names["receipt"] == names["nudge"] == orders:
        yield f"{orders} orders led to {names['receipt']} receipts and {names['nudge']} nudges"
    (live,) = store.execute("SELECT count(*) FROM touchpoint_runs WHERE ended_at IS NULL").fetchone()
    (due,) = store.execute("SELECT count(*) FROM touchpoint_due").fetchone()
    if live or due:
        yield f"{live} runs never end, {due} customers are due for ever"


def check_ledger(ledger):
    """Nobody got a message twice: a key counts once as long as the provider remembers it, or for ever."""
    effects = {}
    for at, channel, key, what in ledger:
        if what != "sent" or channel == "call":  # a call may be made again, under its key
            continue
        if key not in effects:
            effects[key] = int(at)
        elif channel == "sms":
            yield f"{key} went out twice, over a provider that remembers nothing"
        elif int(at) - effects[key] > REPEAT_WITHIN:
            yield f"{key} went out again when its provider may have forgotten it"
