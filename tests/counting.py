"""Helpers for tests of figures: all counts of a store, and what a plain look at the store finds."""

from touchpoint.engine.figuring import begin

WHATS = (
    "stage", "flow", "stay", "stayed", "growth", "answer", "blank", "score", "intent", "case", "case now", "case span",
    "case time", "loop", "loop span", "loop time", "message", "message now",
)  # fmt: skip
EVERY_DAY = (-(10**7), 10**7)


def counts(engine):
    """Every count of a store, by (what, day, name)."""
    with engine._reading() as reader:
        return {(row.what, row.day, row.name): row.n for row in reader.figures_by_day(WHATS, *EVERY_DAY)}


def accounts(engine):
    """What is remembered of each customer who is counted."""
    with engine._reading() as reader:
        return reader.counted([row.no for row in reader.all_customers()])


def kept_by(engine, figures, sources=None):
    """Have the store of an engine keep figures, as `Engine(figures=)` does when it is opened."""
    engine._commit(lambda unit: begin(unit, figures, sources or {}))


def assert_the_same_from_the_journal(engine):
    """What was counted as it came is what is counted anew."""
    before = counts(engine), accounts(engine)
    engine.figures.rebuild(page=2)
    after = counts(engine), accounts(engine)
    assert after == before
    return before[0]


def tallied(engine, subject, what):
    """What the store's own tallies say, by name."""
    with engine._reading() as reader:
        return {row.name: row.n for row in reader.tallies() if (row.subject, row.what) == (subject, what) and row.n}
