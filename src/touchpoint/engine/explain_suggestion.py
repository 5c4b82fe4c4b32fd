"""Why a customer is, or is not, offered a suggestion (S6.5, S10)."""

from collections.abc import Iterator, Sequence

from touchpoint.core.suggesting import Judged, judge
from touchpoint.engine.explain import Answer, Why, when
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.model.suggested import SUGGESTION_TYPES
from touchpoint.stores.base import EntryRow
from touchpoint.stores.codec import loads


def why_suggestion(unit: Unit, loaded: Loaded, name: str, entries: Sequence[EntryRow], now: int) -> Why:
    """What came of it so far, and for each of its places every check now, and what is worth more there."""
    program, state = unit.program, loaded.state
    places = [place for place, specs in program.suggestions.items() if any(name == each.name for each in specs)]
    spec = next(each for each in program.suggestions[places[0]] if each.name == name)
    lines = [f"purpose: {spec.suggestion.why}"]
    lines += [f"{when(entry.at, state)}: {what}" for entry in entries for what in _about(entry, name)]
    found: list[tuple[str, Judged]] = []
    for place in places:
        judged = judge(program, state, unit.world, place, now)
        own = next(each for each in judged if each.spec.name == name)
        found.append((place, own))
        lines += _lines(place, own, judged)
    offered = [place for place, own in found if own.rank is not None]
    best = next((own for _, own in found if own.rank is not None), found[0][1])
    status = f"may be offered at {', '.join(offered)}" if offered else "may not be offered"
    return Why(name, "suggestion", _answer(best), status, tuple(best.checks), tuple(lines))


def _answer(judged: Judged) -> Answer:
    answers = {each.answer for each in judged.checks}
    return "deny" if "deny" in answers else "defer" if "defer" in answers else "allow"


def _about(entry: EntryRow, name: str) -> Iterator[str]:
    if entry.type in SUGGESTION_TYPES and entry.kind == "touchpoint":
        *_, properties = loads(entry.body)
        if properties.get("suggestion") == name:
            yield f"{entry.type.removeprefix('suggestion_')} at {properties.get('place')}"


def _lines(place: str, own: Judged, all_of_place: Sequence[Judged]) -> Iterator[str]:
    offered = [each for each in all_of_place if each.rank is not None]
    if own.rank is not None:
        before = ", ".join(f"{each.spec.name} ({each.value})" for each in offered[: own.rank - 1])
        yield f"{place}: rank {own.rank} of {len(offered)}, value {own.value}" + (
            f"; before it {before}" if before else ""
        )
    else:
        yield f"{place}: not offered"
    for each in own.checks:
        yield f"  {each.check}: {each.answer}" + (f": {each.reason}" if each.reason else "")
