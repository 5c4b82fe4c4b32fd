"""Where workers live: machines with a clock that people set and a monotonic one that nobody does, and processes."""

from datetime import UTC, datetime, timedelta

import attrs

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone. A BaseException, so that nothing takes it for an error that can be handled."""


@attrs.define(eq=False)
class Machine:
    """One machine. `offset` is by how much its wall clock is wrong, in microseconds; `boot` counts its boots."""

    world: object
    number: int
    offset: int = 0
    booted: int = 0
    boot: int = 1

    def wall(self):
        """Microseconds since 1970, as its clock on the wall has it."""
        return self.world.now + self.offset

    def elapsed(self):
        """Seconds since it was booted."""
        return (self.world.now - self.booted) / 1e6

    def timeline(self):
        """Which of its boots this is."""
        return f"machine {self.number}, boot {self.boot}"


@attrs.define(eq=False)
class MachineClock:
    """The library's view of a machine's clocks."""

    machine: Machine

    def now(self):
        return EPOCH + timedelta(microseconds=self.machine.wall())

    def monotonic(self):
        return self.machine.elapsed()

    def timeline(self):
        return self.machine.timeline()


@attrs.define(eq=False)
class Process:
    """One process with an engine of its own. `walk` is the hand-over it is in, `upcoming` what it will do next."""

    number: int
    machine: Machine
    engine: object = None
    store: object = None
    alive: bool = True
    life: int = 0
    asleep_until: int = 0
    walk: object = None
    upcoming: object = None
    doing: object = None
    act: object = None
    due: object = None
    group: int = 50
    release: tuple = ()
    looks: dict = attrs.Factory(dict)
    calls: list = attrs.Factory(list)
    proofs: list = attrs.Factory(list)
    before: list = attrs.Factory(list)

    def idle(self):
        """Whether it is between two hand-overs."""
        return self.walk is None

    def forget(self):
        """Let go of the hand-over it was in."""
        self.walk = self.upcoming = self.doing = None
        self.looks, self.calls = {}, []
