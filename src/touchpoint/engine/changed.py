"""Telling the runs and rules of a customer what changed of them: traits, consent, wishes."""

from collections.abc import Callable, Iterable

from touchpoint.core.advance import work_off
from touchpoint.core.changes import opted
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import Occurrence
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit


def tell(unit: Unit, loaded: Loaded, changes: Iterable[Occurrence], *, late: bool = False) -> None:
    """Have each change decided on by itself, so that what one of them leads to keeps no other from being heard.

    Args:
        unit: in which it happens.
        loaded: the customer.
        changes: real ones, of now.
        late: they start no rule and move no stage; live runs alone hear of them.
    """
    for each in changes:
        unit.apply(loaded, each.kind, each.name, each.at, _decision(unit, loaded, each, late=late), raised=each)


def _decision(unit: Unit, loaded: Loaded, change: Occurrence, *, late: bool) -> Callable[[], Decision]:
    return lambda: work_off(Decision(unit.program, loaded.state, change.at, change), late=late)


def cause_of(loaded: Loaded, kind: str, at: int) -> str:
    """What tells an act from those before it, even of the same instant: where the run of one began, another is next."""
    return f"{kind}:{at}:{loaded.state.orders}"


def opted_out(unit: Unit, channel: str, address: tuple[str, str], now: int, *, out: bool) -> None:
    """Tell everybody who has an address that it was opted out on a channel, or that this was taken back (S7.3)."""
    watched = unit.program.listening.watching
    if watched is None or not watched.consents:
        return
    for loaded in unit.by_numbers(unit.tx.reached(*address)):
        at = max(now, loaded.state.now)
        unit.fire(loaded, until=at, inclusive=False)
        at = max(now, loaded.state.now)
        cause = cause_of(loaded, "opted out" if out else "opted in", at)
        tell(unit, loaded, opted(watched, loaded.state.profile.consents, channel, at, cause, out=out))
