"""On what terms the units of an engine work: made once, since every transaction has a unit of its own."""

from collections.abc import Callable, Mapping

import attrs

from touchpoint.core.edits import Migration
from touchpoint.core.gate import World
from touchpoint.engine.analysing import Sources
from touchpoint.engine.at_work import AtWork
from touchpoint.engine.keyed import Keyed
from touchpoint.engine.loaded import Cache
from touchpoint.stores.base import Transaction


@attrs.frozen(eq=False)
class Terms:
    """What is the same for all units of an engine.

    Args:
        at_work: the releases that are decided by.
        world: gathers what the gate has to know beyond a customer.
        now: tells the time, microseconds UTC, to customers whose journeys have changed.
        keyed: makes the hashes of people who were erased; None where the host gave no secret.
        migrations: functions of the host that move runs at a release, by name.
        sources: which types of the host's are feedback.
        analysed: whether an analyser reads what is said in it.
    """

    at_work: AtWork
    world: Callable[[Transaction, Cache], World]
    now: Callable[[], int]
    keyed: Keyed | None
    migrations: Mapping[str, Migration]
    sources: Sources
    analysed: bool
