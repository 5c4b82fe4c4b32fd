"""What customers share, and a unit learns and changes: addresses, channels and their pace, budgets, tasks, messages."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from touchpoint.core.complaints import count, name_of
from touchpoint.core.pace import pacing
from touchpoint.durations import length
from touchpoint.engine import erased
from touchpoint.engine.loaded import Loaded
from touchpoint.model.delivery import further, opt_out_of, takes
from touchpoint.policy.facts import Pause
from touchpoint.stores.base import AddressRow, ControlRow, MessageRow, Reader, TaskRow
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.unit import Unit


def learn_addresses(unit: "Unit", loaded: Loaded) -> None:
    """Ask the store how this customer's addresses stand for everybody who shares them."""
    if unit.cache.secrets:
        erased.learn(unit, loaded)
    if not unit.standings_known:
        return
    held = loaded.state.profile.addresses
    asked = [(each.kind, each.key) for each in held]
    for channel, kinds in unit.world.channels.items():
        asked += [(opt_out_of(channel, each.kind), each.key) for each in held if takes(kinds, each.kind)]
    known = unit.tx.addresses(asked)
    if known:
        # What this unit has still to write is newer than what the store says.
        newer = {(row.kind, row.key): row for row in unit.changes.addresses}
        found = {key: row for key, row in {**known, **newer}.items() if erased.said_since(unit, row)}
        news = {key: (row.standing, row.reason) for key, row in found.items()}
        unit.world.standings = {**unit.world.standings, **news}


def learn_paces(unit: "Unit", loaded: Loaded) -> None:
    """Ask the store how fast the channels of this customer are used."""
    cache = unit.cache
    if cache.has_paces is None:
        cache.has_paces = unit.tx.has_paces()
    if cache.has_paces:
        learn_paces_of(unit, [(each.kind, each.key) for each in loaded.state.profile.addresses])


def learn_paces_of(unit: "Unit", addresses: Iterable[tuple[str, str]]) -> None:
    """Ask the store how fast these addresses are written to, and what their owners complain of."""
    world, names = unit.world, set[str]()
    for kind, key in addresses:
        for channel, kinds in world.channels.items():
            if takes(kinds, kind):
                names.update(name for name, _ in pacing(channel, world.rates.get(channel, ()), kind, key).limits)
            if channel in unit.program.complaint_rates and (name := name_of(channel, kind, key)) is not None:
                names.add(name)
    for name, body in unit.tx.paces([*(names - world.paces.keys())]).items():
        world.paces[name] = loads(body)


def keep_paces(unit: "Unit", names: Iterable[str]) -> None:
    """Have the paces of these names written as they are in the world."""
    for name in names:
        if name in unit.world.paces:
            unit.changes.paces[name] = dumps(unit.world.paces[name])
    unit.cache.has_paces = True


def learn_volume(unit: "Unit", message: str) -> None:
    """Ask the store how much of a message goes out, where it is not known yet; what reaches nobody is not counted."""
    volumes = unit.world.volumes
    if message in volumes or unit.world.channels.keys() <= unit.world.recording:
        return
    body = unit.tx.volumes([message]).get(message)
    if body is not None:
        volumes[message] = loads(body)


def keep_volume(unit: "Unit", message: str) -> None:
    """Have the volume of a message written as it is in the world."""
    unit.changes.volumes[message] = dumps(unit.world.volumes[message])


def control(unit: "Unit", row: ControlRow) -> None:
    """Have something paused or stopped for everybody, now and for the questions to come in this unit."""
    world = unit.world
    unit.cache.controls = None
    unit.changes.controls_lifted = [each for each in unit.changes.controls_lifted if each != (row.scope, row.name)]
    unit.changes.controls.append(row)
    if row.scope == "channel":
        world.paused = {**world.paused, row.name: row.reason}
        world.paused_until = {name: at for name, at in world.paused_until.items() if name != row.name}
        if row.until is not None:
            world.paused_until = {**world.paused_until, row.name: row.until}
    elif row.scope == "message":
        world.stopped = {**world.stopped, row.name: row.reason}
    else:
        pause = pause_of(row)
        world.switches = {**world.switches, (pause.scope, pause.name): pause}


def lift(unit: "Unit", scope: str, name: str) -> None:
    """Have something go on that was paused or stopped."""
    world, changes = unit.world, unit.changes
    unit.cache.controls = None
    changes.controls = [row for row in changes.controls if (row.scope, row.name) != (scope, name)]
    changes.controls_lifted.append((scope, name))
    if scope == "channel":
        world.paused = {each: why for each, why in world.paused.items() if each != name}
    elif scope == "message":
        world.stopped = {each: why for each, why in world.stopped.items() if each != name}
    else:
        world.switches = {
            key: each for key, each in world.switches.items() if key != (scope.split(maxsplit=1)[0], name)
        }


def pause_of(row: ControlRow) -> Pause:
    """What the gate is told of a row about a journey or a message that waits."""
    return Pause(row.scope.split()[0], row.name, row.reason, row.until)


def complained(unit: "Unit", channel: str, address: tuple[str, str], now: int) -> None:
    """Count a complaint, where a content rule asks for that; too many hold the channel for this mailbox provider."""
    rates = unit.program.complaint_rates.get(channel)
    if rates is not None:
        learn_paces_of(unit, [address])
        keep_paces(unit, count(unit.world.paces, rates, channel, address, now, complaint=True))


def pause(unit: "Unit", channel: str, why: str, now: int, lasts: timedelta) -> None:
    """Pause a channel for a while, unless it is paused already."""
    if unit.world.pause_of(channel, now)[0] is None:
        control(unit, ControlRow("channel", channel, why, now, now + length(lasts)))


def standing(unit: "Unit", address: tuple[str, str]) -> AddressRow | None:
    """What was last written of an address, by this unit included; None if nothing ever was."""
    for row in reversed(unit.changes.addresses):
        if (row.kind, row.key) == address:
            return row
    known = unit.tx.addresses([address]).get(address)
    if not unit.cache.secrets:
        return known
    kept = next((row for row in erased.standings(unit, *address) if row.kind == address[0]), None)
    return kept if kept is not None and (known is None or kept.at > known.at) else known


def stand(unit: "Unit", row: AddressRow) -> None:
    """Have an address stand so from now on, for everybody who shares it."""
    if unit.cache.secrets and erased.was_only_theirs(unit, row.kind, row.key):
        erased.keep_standing(unit, row)
    else:
        unit.changes.addresses.append(row)
    unit.world.standings = {**unit.world.standings, (row.kind, row.key): (row.standing, row.reason)}
    unit.standings_known = unit.cache.has_addresses = True


class Spent(Mapping[str, Decimal]):
    """What gifts have cost so far, by message: of each the store is asked when somebody wants to know.

    Args:
        reader: the store.
        gifts: names of the messages that are gifts.
    """

    def __init__(self, reader: Reader, gifts: frozenset[str]) -> None:
        self._reader, self._gifts = reader, gifts
        self._known: dict[str, Decimal] = {}

    def __getitem__(self, message: str) -> Decimal:
        found = self._known.get(message)
        if found is None:
            if message not in self._gifts:
                raise KeyError(message)
            self._known[message] = found = self._reader.spent([message])[message]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._gifts)

    def __len__(self) -> int:
        return len(self._gifts)

    def add(self, message: str, worth: Decimal) -> None:
        """So much more of it is about to be written."""
        self._known[message] = self.get(message, Decimal(0)) + worth


def spend(unit: "Unit", message: str, worth: Decimal) -> None:
    """Take from a gift's budget, now and for the questions to come in this unit."""
    budgets = unit.changes.budgets
    budgets[message] = budgets.get(message, Decimal(0)) + worth
    spent = unit.world.spent
    if not isinstance(spent, Spent):  # no journey at work has a gift any more
        unit.world.spent = spent = Spent(unit.tx, frozenset())
    spent.add(message, worth)


def told_of(unit: "Unit", row: MessageRow, told: str, now: int) -> None:
    """Keep what was told of a message after its hand-over, where that is something new (S6.9)."""
    state = further(row.delivery, told)
    if state != row.delivery:
        unit.changes.delivered.append((state, now, row.key))
        unit.tally("delivery", row.name, state)


def change_task(unit: "Unit", row: TaskRow, status: str, now: int, *, by: str | None = None) -> TaskRow:
    """Have a task stand so from now on; who has claimed it is kept where `by` is not given."""
    unit.changes.tasks_changed.append((status, by, now, row.key))
    unit.tally("task", row.channel, status)
    return row._replace(status=status, claimed_by=by or row.claimed_by, changed_at=now)
