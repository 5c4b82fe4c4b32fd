"""What a failed test tells: the timelines of the customers it asked about, and the gate's checks for the messages."""

from collections.abc import Iterator

from touchpoint.errors import TouchpointError
from touchpoint.testing.faults import Crash
from touchpoint.testing.world import World


def sections(world: World) -> Iterator[tuple[str, str]]:
    """(title, text) for each customer a test asked about; for all of them if it asked about none."""
    touched = dict(world.touched) or {customer: [] for customer in world.people}
    for customer, names in touched.items():
        if customer not in world.people:
            continue
        try:
            yield f"touchpoint: {customer}", _about(world, customer, tuple(names))
        except (TouchpointError, Crash) as error:
            yield f"touchpoint: {customer}", f"cannot be told: {error}"


def _about(world: World, customer: str, names: tuple[str, ...]) -> str:
    parts = [world.timeline(customer)]
    for name in names:
        try:
            why = world.why(customer, name)
        except TouchpointError as error:
            parts.append(str(error))
            continue
        parts.append(f"why({name!r}):\n{why}")
    return "\n\n".join(parts)
