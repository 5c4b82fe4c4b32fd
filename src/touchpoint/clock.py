"""The only place that reads a clock. The core is told `now`; the engine asks a `Clock`."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from touchpoint.errors import InvalidInput


class Clock(Protocol):
    """What the engine needs of a clock.

    `now()` is the wall clock (aware, UTC) and may be set by people. `monotonic()` is elapsed seconds that nobody can
    set; values compare only where `timeline()` is equal (one boot of one machine, or one virtual clock).
    """

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Elapsed seconds, never set back."""
        ...

    def timeline(self) -> str:
        """What monotonic readings must have in common to be compared."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start, never set back."""
        return time.monotonic()

    def timeline(self) -> str:
        """Names this boot, so that monotonic readings of two processes compare, and those of two boots do not."""
        from pathlib import Path

        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return ""


class VirtualClock:
    """A clock that moves only when told to. For tests, replays and demonstrations.

    Args:
        start: aware datetime; `now()` begins here.
    """

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)
        self._elapsed = 0.0

    def now(self) -> datetime:
        """The virtual instant, aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced since the start."""
        return self._elapsed

    def timeline(self) -> str:
        """All virtual clocks share one timeline, so that a test may restart an engine."""
        return "virtual"

    def advance(self, by: timedelta) -> None:
        """Let this much time pass. Raises InvalidInput for a negative length."""
        if by < timedelta(0):
            raise InvalidInput(
                "a virtual clock cannot advance by a negative length; use set() to step the wall clock back"
            )
        self._now += by
        self._elapsed += by.total_seconds()

    def until(self, at: datetime) -> None:
        """Let time pass until this aware instant; earlier instants change nothing."""
        self.advance(max(_aware(at) - self._now, timedelta(0)))

    def set(self, at: datetime) -> None:
        """Set the wall clock, as an administrator would: no time passes."""
        self._now = _aware(at)

    def __repr__(self) -> str:
        return f"VirtualClock({self._now.isoformat()})"


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise InvalidInput(
            f"{at.isoformat()} has no time zone; every instant must be aware, e.g. datetime(…, tzinfo=UTC)"
        )
    return at.astimezone(UTC)
