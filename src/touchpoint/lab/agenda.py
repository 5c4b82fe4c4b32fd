"""Who is due when, in a replay."""

from heapq import heapify, heappop, heappush

from touchpoint.engine.loaded import Loaded


class Agenda:
    """Customers by when something of theirs falls due, up to a horizon: those the store named, and those that join."""

    def __init__(self, rows: list[tuple[int, int]], horizon: int) -> None:
        self.horizon = horizon
        self._rows = rows
        heapify(self._rows)
        # What counts of the rows: a customer joins anew whenever their next instant changes, and the old row stays.
        self._due = {no: due for due, no in rows}

    def next(self) -> int:
        """The earliest instant of all; after the horizon where there is none."""
        return self._rows[0][0] if self._rows else self.horizon + 1

    def take(self) -> tuple[int, int] | None:
        """Take the earliest row, (due, customer number), off; None if it no longer counts."""
        row = due, no = heappop(self._rows)
        if self._due.get(no) != due:
            return None
        del self._due[no]
        return row

    def join(self, loaded: Loaded) -> None:
        """Note when this customer is due next."""
        due = loaded.next_due()
        if due is None or due > self.horizon:
            self._due.pop(loaded.no, None)
        elif self._due.get(loaded.no) != due:
            self._due[loaded.no] = due
            heappush(self._rows, (due, loaded.no))
