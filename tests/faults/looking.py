"""What the store holds at the very end, as raw rows."""

from faults.evidence import Ending
from touchpoint.durations import LAST_INSTANT

LATEST, MANY = LAST_INSTANT + 1, 10_000


def look(store, evidence):
    """Read every customer's touchpoints, runs and messages, and what is left of those who are gone."""
    with store.reading() as reader:
        booked = reader.bookings("apologies", 0, LATEST, None, MANY)
        evidence.accounts = (
            reader.booked("apologies", 0, LATEST), sum(row.amount for row in booked),
            reader.stocks(["vouchers"]).get("vouchers"), [(row.key, row.settled) for row in booked],
        )  # fmt: skip
        for number, key in {(row.customer, row.key): None for row in evidence.rows}:
            if reader.message(key) is not None and not reader.customers_by_number([number]):
                evidence.orphans.append(key)
        for row in list(reader.all_customers()):
            evidence.numbers[row.no] = row.id
            runs = {run.no: run for run in reader.runs(row.no)}
            evidence.runs += [(row.id, run.rule, run.cause) for run in runs.values()]
            evidence.lives += [(row.id, run.rule, run.started_at, run.ended_at) for run in runs.values()]
            for each in reader.messages(row.no):
                run = runs.get(each.run)
                cause = "" if run is None else run.cause
                evidence.endings.append(Ending(row.id, each.rule, cause, each.name, each.key, each.status))
            evidence.timeline += [
                (row.id, entry.id, entry.type, entry.body)
                for entry in reader.journal(row.no)
                if entry.kind == "touchpoint"
            ]
