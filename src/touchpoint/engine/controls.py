"""Kill switches (S11.8): what is paused or stopped for everybody, and how it goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.core import volume
from touchpoint.core.decision import MESSAGE_PAUSED
from touchpoint.core.program import Program
from touchpoint.core.state import WAITING, Pending, State
from touchpoint.durations import instant
from touchpoint.engine import shared
from touchpoint.engine.acts import facts_changed
from touchpoint.engine.intake import instant_of, text_of
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, StoreCorrupt, UnknownName
from touchpoint.model.payload import TEXT
from touchpoint.model.volume import VolumeBreaker
from touchpoint.policy.facts import Pause
from touchpoint.stores.base import ControlRow

Scope = Literal["channel", "message", "journey"]
Effect = Literal["paused", "stopped"]
TEST_STORE: Final = "test_store"
"""The note of a store that is made for tests."""
_SWEEP: Final = 1_000
_ROWS: Final[Mapping[Scope, tuple[str, ...]]] = {
    "channel": ("channel",),
    "message": (MESSAGE_PAUSED, "message"),
    "journey": ("journey",),
}
"""The scopes of rows that a scope of a control stands for; the first is the one that pauses."""


@attrs.frozen
class Control:
    """Something that is held back for everybody.

    Args:
        scope: `channel`, `message` or `journey`.
        name: of that.
        effect: `paused`: what it concerns waits until it is resumed, or expires; `stopped`: it is denied.
        reason: in words.
        since: aware UTC.
        until: when it ends by itself, aware UTC; None where somebody has to resume it.
    """

    scope: Scope
    name: str
    effect: Effect
    reason: str
    since: datetime
    until: datetime | None = None

    def __str__(self) -> str:
        until = "" if self.until is None else f" until {self.until:%Y-%m-%d %H:%M:%S} UTC"
        return (
            f"{self.scope} {self.name!r} {self.effect} since {self.since:%Y-%m-%d %H:%M:%S} UTC{until}: {self.reason}"
        )


@attrs.frozen
class Named:
    """What is to be paused or resumed."""

    scope: Scope
    name: str


def named(what: str, **given: object) -> list[Named]:
    """Those that were named, as names.

    Args:
        what: the method, for its error.
        given: names, or messages and journeys that have one, by scope; None for those that were not named.

    Raises:
        InvalidInput: none was named.
        UnknownName: one of them is no name.
    """
    found = [(scope, getattr(each, "name", each)) for scope, each in given.items() if each is not None]
    if not found:
        raise InvalidInput(f"{what}() takes channel= or message= or journey=: the name of what is meant")
    for scope, name in found:
        if not isinstance(name, str):
            raise UnknownName(scope, name)
    return [Named(scope, name) for scope, name in found]  # type: ignore[arg-type]  # the names of the arguments


def one_named(what: str, **given: object) -> Named:
    """The one that was named; as `named`, and InvalidInput for more than one."""
    found = named(what, **given)
    if len(found) > 1:
        raise InvalidInput(f"{what}() takes one of channel=, message= and journey= at a time; call it once for each")
    return found[0]


def pause(unit: Unit, what: Named, reason: str, until: datetime | None, now: int) -> None:
    """Have everything that concerns it wait.

    Raises:
        UnknownName: no such channel, message or journey.
        InvalidInput: no reason, or an end that is not in the future.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidInput("pause() takes a reason=, in words: whoever asks why nothing goes out will read it")
    reason = text_of(reason, "reason=", most=TEXT)
    ends = None if until is None else instant_of(until, "until=")
    if ends is not None and ends <= now:
        raise InvalidInput("pause(until=) has to lie in the future; leave it out to pause until somebody resumes it")
    _check(what, _known(unit, what.scope))
    scope = _ROWS[what.scope][0]
    before = [row for row in in_force(rows(unit), now) if (row.scope, row.name) == (scope, what.name)]
    shared.control(unit, ControlRow(scope, what.name, reason, now, ends))
    if before:
        _ask_again(unit, [what], now)  # it may end earlier than what is waiting for it believes


def resume(unit: Unit, given: Sequence[Named], now: int) -> None:
    """Have what was paused or stopped go on, and ask again about everything that waited for it.

    What the volume breaker held is resumed with the present volume as usual.

    Raises:
        UnknownName: no such channel, message or journey.
    """
    held = {(row.scope, row.name) for row in rows(unit)}
    for what in given:
        scopes = _ROWS[what.scope]
        _check(what, [*_known(unit, what.scope), *(name for scope, name in held if scope in scopes)])
        for scope in scopes:
            shared.lift(unit, scope, what.name)
        _approve(unit, what, now)
    _ask_again(unit, given, now)


def in_force(found: Iterable[ControlRow], now: int) -> list[ControlRow]:
    """Those that have not ended by themselves."""
    return [row for row in found if row.until is None or row.until > now]


def rows(unit: Unit) -> list[ControlRow]:
    """Every control as this unit sees it."""
    unit.flush()
    return unit.tx.controls()


def control_of(row: ControlRow) -> Control:
    """A row for people."""
    scope = next(scope for scope, names in _ROWS.items() if row.scope in names)
    effect: Effect = "stopped" if row.scope == "message" else "paused"
    until = None if row.until is None else instant(row.until)
    return Control(scope, row.name, effect, row.reason, instant(row.since), until)


def _check(what: Named, known: Iterable[str]) -> None:
    names = list(dict.fromkeys(known))
    if what.name not in names:
        raise UnknownName(what.scope, what.name, names)


def _known(unit: Unit, scope: Scope) -> list[str]:
    program = unit.program
    match scope:
        case "channel":
            return [*unit.world.channels, *channels_named(program), *program.suggestions]
        case "message":
            return [*program.messages, *(each.name for specs in program.suggestions.values() for each in specs)]
        case _:
            return list(program.journeys)


def channels_named(program: Program) -> list[str]:
    """The channels that messages name."""
    return list(dict.fromkeys(name for message in program.messages.values() for name in message.channels))


def _approve(unit: Unit, what: Named, now: int) -> None:
    """The present volume of these messages is meant."""
    for name, message in unit.program.messages.items() if what.scope != "journey" else ():
        if what.name == name if what.scope == "message" else what.name in message.channels:
            shared.learn_volume(unit, name)
            if name in unit.world.volumes:
                volume.approve(unit.world.volumes, name, now)
                shared.keep_volume(unit, name)


def _ask_again(unit: Unit, given: Sequence[Named], now: int) -> None:
    """Have the gate look at once at what waits and is concerned."""
    unit.flush()
    concerns = [_concern(unit.program, what) for what in given]
    for number, row in enumerate(unit.tx.all_customers(), 1):
        if number % _SWEEP == 0:
            unit.flush()  # so that memory stays flat
        if row.due is None:  # whatever waits has an instant at which it is asked again, or expires
            continue
        try:
            loaded = unit.by_number(row.no)
        except StoreCorrupt:  # it is reported when somebody asks for that customer; the others go on
            continue
        if _any_waits(loaded.state, concerns):
            unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
            facts_changed(unit, loaded, "resumed", now)


def _any_waits(state: State, concerns: Sequence[Callable[[Pending], bool]]) -> bool:
    return any(each.status == WAITING and any(concern(each) for concern in concerns) for each in state.pending)


def _concern(program: Program, what: Named) -> Callable[[Pending], bool]:
    match what.scope:
        case "journey":
            return lambda pending: pending.journey == what.name
        case "message":
            return lambda pending: pending.message == what.name
        case _:
            sent = {name for name, message in program.messages.items() if what.name in message.channels}
            return lambda pending: pending.message in sent or pending.channel == what.name


def switches(found: Iterable[ControlRow], now: int) -> dict[tuple[str, str], Pause]:
    """What is paused besides channels, as the gate is told."""
    paused = [shared.pause_of(row) for row in in_force(found, now) if row.scope in (MESSAGE_PAUSED, "journey")]
    return {(each.scope, each.name): each for each in paused}


def planned_names(program: Program, breaker: VolumeBreaker | None) -> None:
    """Raise UnknownName for a message that a breaker plans and no journey has."""
    for name in breaker.planned if breaker is not None else ():
        if name not in program.messages:
            raise UnknownName("message", name, program.messages)


def for_tests(unit: Unit, adapters: Iterable[Adapter], *, test_store: bool) -> None:
    """See to it that a store made for tests takes only adapters that reach nobody (S11.8).

    What hands tasks to people reaches somebody, too.

    Raises:
        InvalidInput: it is one, and an adapter is not; or it holds customers already and is to become one.
    """
    is_one = unit.tx.meta().get(TEST_STORE) == "yes"
    if test_store and not is_one:
        if unit.tx.customer_count():
            raise InvalidInput(
                "Engine(test_store=True) makes a store for tests of a new one; this one has customers already, and "
                "would refuse the adapters that serve them: use another file"
            )
        unit.changes.meta[TEST_STORE] = "yes"
    if not (is_one or test_store):
        return
    reaching = sorted(each.capabilities.channel for each in adapters if not each.capabilities.recording)
    if reaching:
        raise InvalidInput(
            f"this store is made for tests, and the adapter for {reaching[0]!r} reaches people: use one whose "
            "Capabilities(recording=True) say that it reaches nobody, such as MemoryChannel, or another store"
        )
