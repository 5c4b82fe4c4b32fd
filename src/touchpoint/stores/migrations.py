"""How the tables of a store came to be: named steps, each applied once, in order, in a transaction of its own.

Where there are no tables yet, all steps are one transaction, and columns that came later are added where SQLite has
little to read again.

The host's own tables may be in the same file, so that its rows and ours commit together (S6.3): every name of ours
begins with `touchpoint_`, and what the host keeps in `PRAGMA user_version` is left alone.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import attrs

from touchpoint.errors import StoreCorrupt, StoreTooNew
from touchpoint.stores._trouble import Place
from touchpoint.stores.base import SCHEMA_VERSION

SCHEMA_VERSION_FOUND: Final = "SELECT value FROM touchpoint_meta WHERE key = 'schema_version'"
APPLICATION_ID: Final = 0x74706A31  # "tpj1": tells `file` and us that a database is a store of ours and nothing else


@attrs.frozen
class Migration:
    """One step; `statements` are run in order. What was released is never edited: a change is a new step."""

    name: str
    statements: tuple[str, ...]


_INITIAL: Final = (
    "CREATE TABLE touchpoint_migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE touchpoint_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE touchpoint_customers (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, profile TEXT NOT NULL, state TEXT NOT NULL, head INTEGER NOT NULL,
    due INTEGER
)""",
    """CREATE TABLE touchpoint_due (
    due INTEGER NOT NULL, customer INTEGER NOT NULL, PRIMARY KEY (due, customer)
) WITHOUT ROWID""",
    # Append-only, in order of arrival. A customer's entries are a chain (customers.head, then prev): an index over them
    # would scatter every insert.
    """CREATE TABLE touchpoint_journal (
    no INTEGER PRIMARY KEY, customer INTEGER NOT NULL, prev INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT,
    type TEXT NOT NULL, at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, body TEXT NOT NULL, trace TEXT
)""",
    "CREATE UNIQUE INDEX touchpoint_journal_id ON touchpoint_journal (id, customer) WHERE id IS NOT NULL",
    """CREATE TABLE touchpoint_runs (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL, customer INTEGER NOT NULL, journey TEXT NOT NULL, rule TEXT NOT NULL,
    key TEXT, cause TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, reason TEXT
)""",
    "CREATE INDEX touchpoint_runs_customer ON touchpoint_runs (customer)",
    """CREATE TABLE touchpoint_cases (
    no INTEGER PRIMARY KEY, customer INTEGER NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL,
    opened_at INTEGER NOT NULL, closed_at INTEGER
)""",
    "CREATE INDEX touchpoint_cases_customer ON touchpoint_cases (customer)",
    """CREATE TABLE touchpoint_messages (
    no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, customer INTEGER NOT NULL,
    journey TEXT NOT NULL, rule TEXT NOT NULL, run INTEGER NOT NULL, step TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL, channel TEXT,
    due INTEGER NOT NULL, expires_at INTEGER NOT NULL, at INTEGER, fence INTEGER NOT NULL,
    ref TEXT, reasons TEXT NOT NULL, changed_at INTEGER NOT NULL, sent_to TEXT, delivery TEXT NOT NULL
)""",
    "CREATE INDEX touchpoint_messages_customer ON touchpoint_messages (customer)",
    # Receipts name a message by the provider's reference.
    "CREATE INDEX touchpoint_messages_ref ON touchpoint_messages (ref, channel) WHERE ref IS NOT NULL",
    """CREATE TABLE touchpoint_tasks (
    no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, customer INTEGER NOT NULL, channel TEXT NOT NULL,
    status TEXT NOT NULL, body TEXT NOT NULL, assigned_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    claimed_by TEXT, changed_at INTEGER NOT NULL
)""",
    "CREATE INDEX touchpoint_tasks_status ON touchpoint_tasks (channel, status)",
    "CREATE INDEX touchpoint_tasks_customer ON touchpoint_tasks (customer)",
    """CREATE TABLE touchpoint_events (
    no INTEGER PRIMARY KEY, channel TEXT NOT NULL, ref TEXT NOT NULL, body TEXT NOT NULL, recorded_at INTEGER NOT NULL
)""",
    "CREATE INDEX touchpoint_events_ref ON touchpoint_events (ref, channel)",
    """CREATE TABLE touchpoint_consents (
    no INTEGER PRIMARY KEY, customer INTEGER NOT NULL, at INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
    purpose TEXT NOT NULL, channel TEXT NOT NULL, granted INTEGER NOT NULL, body TEXT NOT NULL
)""",
    "CREATE INDEX touchpoint_consents_customer ON touchpoint_consents (customer)",
    """CREATE TABLE touchpoint_addresses (
    kind TEXT NOT NULL, key TEXT NOT NULL, standing TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (key, kind)
) WITHOUT ROWID""",
    """CREATE TABLE touchpoint_reach (
    kind TEXT NOT NULL, key TEXT NOT NULL, customer INTEGER NOT NULL, PRIMARY KEY (key, kind, customer)
) WITHOUT ROWID""",
    "CREATE INDEX touchpoint_reach_customer ON touchpoint_reach (customer)",
    # Other ids of somebody, after a merge.
    "CREATE TABLE touchpoint_aliases (id TEXT PRIMARY KEY, customer INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX touchpoint_aliases_customer ON touchpoint_aliases (customer)",
    # What stays of whom was erased: keyed hashes (S1.7).
    """CREATE TABLE touchpoint_tombstones (
    secret TEXT NOT NULL, hash TEXT NOT NULL, what TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (secret, hash, what)
) WITHOUT ROWID""",
    # Who is in which segment; a list of what stands in the states of customers.
    """CREATE TABLE touchpoint_members (
    segment TEXT NOT NULL, customer INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (segment, customer)
) WITHOUT ROWID""",
    "CREATE INDEX touchpoint_members_customer ON touchpoint_members (customer)",
    # Who brought whom; one brings a customer, and who that was stands nowhere else.
    """CREATE TABLE touchpoint_referrals (
    no INTEGER PRIMARY KEY, advocate INTEGER, friend INTEGER, at INTEGER NOT NULL, converted_at INTEGER,
    body TEXT NOT NULL, dropped TEXT NOT NULL
)""",
    "CREATE INDEX touchpoint_referrals_advocate ON touchpoint_referrals (advocate) WHERE advocate IS NOT NULL",
    "CREATE UNIQUE INDEX touchpoint_referrals_friend ON touchpoint_referrals (friend) WHERE friend IS NOT NULL",
    "CREATE TABLE touchpoint_paces (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE touchpoint_volumes (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    # What is parked stands in the state of its customer; this tells of whom there is any, and how much.
    "CREATE TABLE touchpoint_parked (customer INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
    """CREATE TABLE touchpoint_controls (
    scope TEXT NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
    PRIMARY KEY (scope, name)
) WITHOUT ROWID""",
    """CREATE TABLE touchpoint_definitions (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, stored_at INTEGER NOT NULL
)""",
    # What of these was at work since when.
    """CREATE TABLE touchpoint_releases (
    no INTEGER PRIMARY KEY, journey TEXT NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL, mode TEXT NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (journey, number)
)""",
    "CREATE TABLE touchpoint_budgets (name TEXT PRIMARY KEY, spent TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE touchpoint_tallies (
    subject TEXT NOT NULL, name TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (subject, name, what)
) WITHOUT ROWID""",
)

_CASE_DEADLINES: Final = (
    "ALTER TABLE touchpoint_cases ADD COLUMN first_response_at INTEGER",
    # Whatever deadlines a case has, as JSON: nobody looks for them here, the agenda says who is due.
    "ALTER TABLE touchpoint_cases ADD COLUMN deadlines TEXT NOT NULL DEFAULT ''",
)

_GIFTS: Final = (
    """CREATE TABLE touchpoint_gifts (
    no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, customer INTEGER NOT NULL, name TEXT NOT NULL,
    occasion TEXT NOT NULL, mark TEXT NOT NULL, run TEXT NOT NULL, giver TEXT NOT NULL, status TEXT NOT NULL,
    approval TEXT NOT NULL, shelf TEXT NOT NULL, worth TEXT NOT NULL, currency TEXT NOT NULL, at INTEGER,
    changed_at INTEGER NOT NULL, body TEXT NOT NULL
)""",
    "CREATE INDEX touchpoint_gifts_customer ON touchpoint_gifts (customer, mark)",
    "CREATE INDEX touchpoint_gifts_asked ON touchpoint_gifts (no) WHERE approval = 'asked'",
    "CREATE INDEX touchpoint_gifts_shelf ON touchpoint_gifts (shelf) WHERE shelf != ''",
    # The accounts: what each message has taken, and sums of it over the periods that budgets ask about.
    """CREATE TABLE touchpoint_bookings (
    no INTEGER PRIMARY KEY, key TEXT, account TEXT NOT NULL, customer INTEGER, at INTEGER NOT NULL,
    amount INTEGER NOT NULL, settled INTEGER NOT NULL, UNIQUE (key, account)
)""",
    "CREATE INDEX touchpoint_bookings_at ON touchpoint_bookings (account, at)",
    "CREATE INDEX touchpoint_bookings_customer ON touchpoint_bookings (customer, account, at)",
    "CREATE INDEX touchpoint_bookings_reserved ON touchpoint_bookings (account, at) WHERE settled = 0",
    """CREATE TABLE touchpoint_accounts (
    name TEXT NOT NULL, until INTEGER NOT NULL, kind TEXT NOT NULL, start INTEGER NOT NULL, taken INTEGER NOT NULL,
    PRIMARY KEY (name, until, kind)
) WITHOUT ROWID""",
    "CREATE TABLE touchpoint_stocks (name TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0)) WITHOUT ROWID",
)

_FEEDBACK: Final = (
    # What an answer answers: the run that asked may be over by then.
    """CREATE TABLE touchpoint_asked (
    key TEXT PRIMARY KEY, customer INTEGER NOT NULL, about TEXT NOT NULL, message TEXT NOT NULL, kind TEXT NOT NULL,
    scale TEXT NOT NULL, location TEXT, within INTEGER NOT NULL
) WITHOUT ROWID""",
    "CREATE INDEX touchpoint_asked_customer ON touchpoint_asked (customer)",
    """CREATE TABLE touchpoint_analyses (
    customer INTEGER NOT NULL, touchpoint TEXT NOT NULL, status TEXT NOT NULL, name TEXT NOT NULL,
    version TEXT NOT NULL, body TEXT NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (customer, touchpoint)
) WITHOUT ROWID""",
    "CREATE INDEX touchpoint_analyses_waiting ON touchpoint_analyses (changed_at) WHERE status = 'waiting'",
)

_CONVERSATIONS: Final = (
    """CREATE TABLE touchpoint_contacts (
    customer INTEGER NOT NULL, id TEXT NOT NULL, intent TEXT NOT NULL, about TEXT NOT NULL, opened TEXT NOT NULL,
    at INTEGER NOT NULL, answered_at INTEGER, PRIMARY KEY (customer, id)
) WITHOUT ROWID""",
    "CREATE INDEX touchpoint_contacts_at ON touchpoint_contacts (at, customer, id)",
    "CREATE INDEX touchpoint_contacts_open ON touchpoint_contacts (customer) WHERE answered_at IS NULL",
    """CREATE TABLE touchpoint_wishes (
    topic TEXT NOT NULL, customer INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (topic, customer, id)
) WITHOUT ROWID""",
    "CREATE INDEX touchpoint_wishes_customer ON touchpoint_wishes (customer)",
    """CREATE TABLE touchpoint_topic_answers (
    topic TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (topic, answer)
) WITHOUT ROWID""",
)
# What became of one case stands in its row: it is asked for by customer, and counted as a whole.
_CASE_WORK: Final = tuple(
    f"ALTER TABLE touchpoint_cases ADD COLUMN {column}"
    for column in (
        "severity TEXT NOT NULL DEFAULT 'normal'", "owner TEXT", "opening INTEGER NOT NULL DEFAULT 1", "cause TEXT",
        "cause_type TEXT", "cause_at INTEGER", "answered_by TEXT NOT NULL DEFAULT ''", "merged_into TEXT",
    )
)  # fmt: skip

_FIGURES: Final = (
    # Days first: most are written about today, and reports ask for ranges of them.
    """CREATE TABLE touchpoint_figures (
    what TEXT NOT NULL, day INTEGER NOT NULL, name TEXT NOT NULL, layer INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (what, day, name, layer)
) WITHOUT ROWID""",
    # What is remembered of those who are counted.
    "CREATE TABLE touchpoint_figure_accounts (customer INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    "CREATE TABLE touchpoint_places (name TEXT PRIMARY KEY) WITHOUT ROWID",
)

MIGRATIONS: Final[tuple[Migration, ...]] = (
    Migration("0001_initial", _INITIAL),
    Migration("0002_case_deadlines", _CASE_DEADLINES),
    Migration("0003_feedback", _FEEDBACK),
    Migration("0004_conversations", _CONVERSATIONS),
    Migration("0005_gifts", _GIFTS),
    Migration("0006_figures", _FIGURES),
    Migration("0007_case_work", _CASE_WORK),
)


def check_not_newer(connection: sqlite3.Connection, place: Place) -> None:
    """Look before anything is changed.

    Raises:
        StoreTooNew: a newer version of the library wrote here.
        StoreCorrupt: our tables are there, but do not say which version they have.
        sqlite3.Error: what SQLite makes of the file.
    """
    refuse_newer(_version(connection, place), place)


def refuse_newer(found: int, place: Place) -> None:
    """Raise StoreTooNew for a schema version that this library does not know."""
    if found > SCHEMA_VERSION:
        raise StoreTooNew(
            f"{place} has schema version {found}; this version of touchpoint knows versions up to {SCHEMA_VERSION}. "
            "Upgrade the touchpoint package; the store was left as it is"
        )


def migrate(connection: sqlite3.Connection, now: int, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Bring the tables up to date; several processes may try at once.

    Args:
        connection: in autocommit mode (`isolation_level=None`), no transaction open.
        now: microseconds since 1970 UTC, noted beside each step.
        migrations: all there are, oldest first.

    Returns:
        The names of the steps that were applied by this call.

    Raises:
        sqlite3.Error: the step that failed has left nothing behind.
    """
    applied = _applied(connection)
    if not applied and migrations:
        if names := _apply(connection, migrations, len(migrations), now):
            return names
        applied = _applied(connection)
    return [
        name
        for version, step in enumerate(migrations, start=1)
        if step.name not in applied
        for name in _apply(connection, [step], version, now)
    ]


def _apply(connection: sqlite3.Connection, steps: Sequence[Migration], version: int, now: int) -> list[str]:
    """Apply these steps in one transaction, unless another process was quicker with any. Gives their names."""
    names = [step.name for step in steps]
    connection.execute("BEGIN IMMEDIATE")
    try:
        wanted = _applied(connection).isdisjoint(names)
        if wanted:
            _run(connection, steps, version, now)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return names if wanted else []


def _run(connection: sqlite3.Connection, steps: Sequence[Migration], version: int, now: int) -> None:
    alone = _is_ours_alone(connection)
    for statement in in_one_go(steps):
        connection.execute(statement)
    noted = [(step.name, now) for step in steps]
    connection.executemany("INSERT INTO touchpoint_migrations (name, applied_at) VALUES (?, ?)", noted)
    connection.execute(
        "INSERT INTO touchpoint_meta (key, value) VALUES ('schema_version', ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (str(version),),
    )
    if alone:
        # Pragmas take no parameters; both are whole numbers of our own.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")


def in_one_go(steps: Sequence[Migration]) -> list[str]:
    """The statements of these steps in order, but tables that get more columns first, and with these.

    To add a column SQLite reads the whole schema again, so it takes longer, the more tables there are.
    """
    statements = [statement for step in steps for statement in step.statements]
    columns = [each for each in statements if each.startswith("ALTER TABLE ") and " ADD COLUMN " in each]
    tables = {each.split()[2] for each in columns}
    grown = [each for each in statements if each.startswith("CREATE TABLE ") and each.split()[2] in tables]
    return [*grown, *columns, *(each for each in statements if each not in grown and each not in columns)]


def _applied(connection: sqlite3.Connection) -> frozenset[str]:
    if not _has_table(connection, "touchpoint_migrations"):
        return frozenset()
    return frozenset(name for (name,) in connection.execute("SELECT name FROM touchpoint_migrations"))


def _version(connection: sqlite3.Connection, place: Place) -> int:
    """The schema version of the tables, 0 where there are none yet."""
    if not _has_table(connection, "touchpoint_meta"):
        return (
            int(_pragma(connection, "user_version")) if _pragma(connection, "application_id") == APPLICATION_ID else 0
        )
    row = connection.execute(SCHEMA_VERSION_FOUND).fetchone()
    return version_of(row[0] if row else "", place)


def version_of(value: object, place: Place) -> int:
    """The schema version that our tables state. Raises StoreCorrupt where it is no number."""
    text = str(value)
    if not (text.isascii() and text.isdecimal()):
        raise StoreCorrupt(f"{place} does not say which schema version its tables have; restore a backup")
    return int(text)


def _is_ours_alone(connection: sqlite3.Connection) -> bool:
    if _pragma(connection, "application_id") == APPLICATION_ID:
        return True
    untouched = _pragma(connection, "application_id") == 0 and _pragma(connection, "user_version") == 0
    return untouched and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    return (
        connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone()
        is not None
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
