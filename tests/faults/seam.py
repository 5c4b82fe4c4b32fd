"""The seam at the store: it fails where a store can fail, and notes what really was committed."""

from contextlib import contextmanager

import attrs

from faults.machines import Crash
from touchpoint.errors import StoreBusy, StoreError, StoreFull


@attrs.define(eq=False)
class SeamStore:
    """A store as one process sees it, for one life of that process. Closing it leaves the store itself open.

    Args:
        store: the real one.
        world: draws faults, and takes note of commits.
        process: whose view it is; from its death on, nothing gets through.
    """

    store: object
    world: object
    process: object
    life: int

    def _check(self):
        if not self.process.alive or self.process.life != self.life:
            raise Crash("this process is no more")

    @contextmanager
    def transaction(self, connection=None):
        """As the store's; may be busy, full, die before or after its commit, or not know how that went."""
        self._check()
        world, process = self.world, self.process
        if world.draws("busy"):
            raise StoreBusy("somebody else is writing for longer than the time-out")
        written = []
        with self.store.transaction(connection) as tx:
            _watch(tx, written)
            yield tx
            if world.draws("crash before commit"):
                world.kill(process)
                raise Crash("before the commit")
            if world.draws("full"):
                raise StoreFull("the disk is full")
        world.committed(process, written)
        if world.draws("crash after commit"):
            world.kill(process)
            raise Crash("after the commit")
        if world.draws("unknown result"):
            raise StoreError("the connection broke while the commit was under way")

    @contextmanager
    def reading(self):
        """As the store's; may be busy."""
        self._check()
        if self.world.draws("busy reading"):
            raise StoreBusy("somebody else is writing for longer than the time-out")
        with self.store.reading() as reader:
            yield reader

    def generation(self):
        """As the store's."""
        return self.store.generation() if self.world.on_file else self.world.generation_seen_by(self.process)

    def left_over(self, texts):
        return self.store.left_over(texts)

    def checkpoint(self, **how):
        """As the store's."""
        self._check()
        return self.store.checkpoint(**how)

    def close(self):
        """Nothing: whoever made the store closes it."""


def _watch(tx, written):
    write = tx.write

    def watched(changes):
        written.append(changes)
        write(changes)

    tx.write = watched
