"""What one schedule leaves behind for the checker: plain records, in the order in which things really happened.

Every record has a `seq`, its place in the one true order of events, and `at`, true time in microseconds since 1970.
`wall` is what the clock of the machine concerned read then, in the same unit; `elapsed` its monotonic clock in seconds.
Nothing in here knows the engine.
"""

import attrs


@attrs.define
class Act:
    """Something that the host did. `committed` and `acked` are places in the true order; None for never."""

    what: str
    customer: str
    data: dict
    seq: int = 0
    at: int = 0
    wall: int = 0
    committed: int | None = None
    acked: int | None = None
    answer: object = None

    @property
    def since(self):
        """From when on it counts: when it was committed, or else when the host was told that it was."""
        return self.committed if self.committed is not None else self.acked


@attrs.define
class Call:
    """One call of a provider, and what became of it.

    `answer` is what the caller was told: accepted, refused, or unsure for everything else. `reached`: the customer got
    it by this very call. `release`, `look` and `settled` are places in the true order.
    """

    seq: int
    at: int
    elapsed: float
    timeline: str
    process: int
    channel: str
    address: str
    key: str
    customer: str
    name: str
    kind: str
    about: str
    answer: str
    code: str
    reached: bool
    release: int
    released_at: int
    released_wall: int
    released_elapsed: float
    released_timeline: str
    look: int
    look_wall: int
    look_elapsed: float
    look_timeline: str
    settled: int | None = None
    settled_at: int | None = None


@attrs.define
class Row:
    """A row of the outbox, as a transaction wrote it; `release` marks one that takes the message in flight."""

    seq: int
    at: int
    wall: int
    elapsed: float
    timeline: str
    process: int
    customer: int
    key: str
    name: str
    kind: str
    channel: str
    status: str
    fence: int


@attrs.define
class Entry:
    """A journal entry, as a transaction wrote it; `trace` is JSON."""

    seq: int
    at: int
    wall: int
    customer: int
    kind: str
    trace: str


@attrs.define
class Ending:
    """A message at the very end. `cause` is the id of the touchpoint that set its run off."""

    customer: str
    rule: str
    cause: str
    name: str
    key: str
    status: str


@attrs.define
class Evidence:
    """All of it.

    Args:
        memories: for how long each channel's provider really remembers keys, in microseconds; None for not at all.
        slack: by how much wall clocks disagreed at most over the schedule, in microseconds; 0 where nobody set one.
        calm: nothing went wrong but what customers and poison do, and workers were always at work.
        given_back: (place, key) of releases that were given back without a call.
        looks: (place, true time) of every release by a worker who looks at all customers.
        numbers: customers' ids by number.
        orphans: keys of messages whose customer is no more.
        returned: (customer, order, n) of every call of the function, also where nobody heard of it.
        lives: (customer, rule, started, ended) of every run at the very end.
        accounts: what accounts of gifts say at the very end: (sum booked, sum of the bookings, how many vouchers are
            left, [(key, settled)] of bookings on the budget).
        lost: calls whose late proof of sending was taken by a worker, and neither written nor tried again.
    """

    memories: dict = attrs.Factory(dict)
    slack: int = 0
    calm: bool = False
    acts: list = attrs.Factory(list)
    calls: list = attrs.Factory(list)
    rows: list = attrs.Factory(list)
    entries: list = attrs.Factory(list)
    given_back: list = attrs.Factory(list)
    looks: list = attrs.Factory(list)
    endings: list = attrs.Factory(list)
    runs: list = attrs.Factory(list)
    timeline: list = attrs.Factory(list)
    numbers: dict = attrs.Factory(dict)
    lost: list = attrs.Factory(list)
    accounts: tuple | None = None
    orphans: list = attrs.Factory(list)
    returned: list = attrs.Factory(list)
    lives: list = attrs.Factory(list)
