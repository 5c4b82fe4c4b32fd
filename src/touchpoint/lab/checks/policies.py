"""Policies that let nothing through, bind nothing, or last longer than what they hold (TC4xx)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

import attrs

from touchpoint.durations import Duration, spoken
from touchpoint.errors import hint
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Hold, HoldOut, LiveRuns, Policy, PolicyItem, Pull, Spacing
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Scene, policies
from touchpoint.lab.checks.windows import longest_closed
from touchpoint.model.message import BEST_BEFORE, Message

_KINDS: Final = (*BEST_BEFORE, "marketing", "feedback", "gift")
_SCOPED: Final = (QuietHours, SendWindow, Cap, Spacing, Hold, HoldOut, LiveRuns)
_NAMED: Final = 3
Scoped: TypeAlias = QuietHours | SendWindow | Cap | Spacing | Hold | HoldOut | LiveRuns


@attrs.frozen
class _Item:
    """An item of a policy, where it stands, and the messages that it binds."""

    owner: str
    path: str
    item: Scoped
    binds: tuple[Message, ...]

    def found(self, code: str, what: str) -> Finding:
        return found(code, self.owner, self.path, "the policy", what)

    def where(self, test: Callable[[Message], bool]) -> str:
        """The names of the messages for which this holds; "" for none."""
        return listed([each.name for each in self.binds if test(each)])


def listed(names: Sequence[str]) -> str:
    """Some names, the first of them in full."""
    several = list(dict.fromkeys(names))
    more = f" and {len(several) - _NAMED} more" if len(several) > _NAMED else ""
    return ", ".join(several[:_NAMED]) + more


def policy(scene: Scene) -> Iterator[Finding]:
    """Everything that is wrong with the policies of the house and of the journeys."""
    items = list(_items(scene))
    yield from _windows(scene)
    for each in items:
        yield from _lasting(each)
        yield from _urgent(each)
        yield from _stricter(each, items)
        yield from _scope(each, scene)
    yield from _pulls(scene)
    for journey, path, message in scene.first_sends():
        if message.exempt and message.effective_kind == "marketing":
            what = f"message {message.name!r} promotes something and is exempt from caps"
            yield found("TC409", journey.name, f"{path}.exempt", f"message {message.name}", what)


def _items(scene: Scene) -> Iterator[_Item]:
    messages = [(journey.name, each) for journey, _, each in scene.first_sends() if not each.answer]
    for owner, one in policies(scene).items():
        base = "$.policy" if owner else "policy"
        for n, item in enumerate(one.items):
            if isinstance(item, _SCOPED):
                # A hold binds the messages of every journey, whoever names it (S6.10).
                own = [each for name, each in messages if owner in ("", name) or isinstance(item, Hold)]
                yield _Item(owner, f"{base}.items[{n}]", item, tuple(each for each in own if binds(item, each)))


def binds(item: Scoped, message: Message) -> bool:
    """Whether an item of a policy binds a message on any of its channels."""
    channels = getattr(item, "channels", None)
    kind = item.kinds is None or message.effective_kind in item.kinds
    return kind and (channels is None or any(each in channels for each in message.channels))


# --- windows ----------------------------------------------------------------------------------------------------------


def _windows(scene: Scene) -> Iterator[Finding]:
    for journey, path, message in scene.first_sends():
        for channel in () if message.answer else message.channels:
            bound = _windows_of((scene.policy, journey.policy), message, channel)
            yield from _closed(journey, path, message, channel, bound)


def _windows_of(both: Sequence[Policy], message: Message, channel: str) -> list[QuietHours | SendWindow]:
    there = attrs.evolve(message, channels=(channel,))
    windows = (item for one in both for item in one.items if isinstance(item, QuietHours | SendWindow))
    return [item for item in windows if binds(item, there)]


def _closed(
    journey: Journey, path: str, message: Message, channel: str, bound: Sequence[QuietHours | SendWindow]
) -> Iterator[Finding]:
    about = f"message {message.name}"
    closed = longest_closed(bound)
    if closed is None:
        what = f"no time of the week is open for {message.name!r} on {channel!r}"
        yield found("TC401", journey.name, path, about, what)
    elif closed > message.best_before:
        what = (
            f"{message.name!r} on {channel!r} may wait for {_hours(closed)}, and is best before "
            f"{spoken(message.best_before)} are over"
        )
        yield found("TC402", journey.name, path, about, what)


def _hours(length: timedelta) -> str:
    return spoken(timedelta(minutes=round(length.total_seconds() / 60)))


# --- caps, holds, spacing ---------------------------------------------------------------------------------------------


def _lasting(each: _Item) -> Iterator[Finding]:
    item = each.item
    if isinstance(item, Cap) and item.over == "defer":
        per = longest(item.per)
        if names := each.where(lambda message: not message.exempt and message.best_before < per):
            yield each.found("TC403", f"{item} lasts longer than the best-before of {names}")
    if isinstance(item, Hold):
        late = item.cool_off
        if names := each.where(lambda message: message.on_release == "send" and message.best_before < late):
            yield each.found("TC404", f"a cool-off of {spoken(late)} lasts longer than the best-before of {names}")
    if isinstance(item, Spacing):
        gap = item.gap
        if names := each.where(lambda message: message.best_before < gap):
            yield each.found("TC405", f"{item} lasts longer than the best-before of {names}")


def longest(length: Duration) -> timedelta:
    """A length at its longest; a calendar one depends on where it begins."""
    if isinstance(length, timedelta):
        return length
    in_days = {"years": 366, "months": 31, "days": 1}
    return timedelta(days=sum(getattr(length, unit, 0) * n for unit, n in in_days.items()))


def _urgent(each: _Item) -> Iterator[Finding]:
    item = each.item
    if item.kinds is not None or isinstance(item, HoldOut | LiveRuns):
        return

    def is_urgent(message: Message) -> bool:
        return message.effective_kind == "transactional" and not (isinstance(item, Cap) and message.exempt)

    if names := each.where(is_urgent):
        yield each.found("TC406", f"{_called(item)} binds {names} too, which is transactional")


def _called(item: PolicyItem) -> str:
    match item:
        case QuietHours():
            return f"quiet hours {item.start}-{item.end}"
        case SendWindow():
            return "a send window"
    return str(item)


def _stricter(each: _Item, items: Sequence[_Item]) -> Iterator[Finding]:
    cap = each.item
    if not isinstance(cap, Cap):
        return
    for other in items:
        rival = other.item
        if isinstance(rival, Cap) and rival != cap and other.owner in ("", each.owner) and _is_stricter(rival, cap):
            yield each.found("TC407", f"{cap} is never reached beside {rival} at {other.owner or 'the house'}")
            return


def _is_stricter(rival: Cap, cap: Cap) -> bool:
    if not (isinstance(rival.per, timedelta) and isinstance(cap.per, timedelta)):
        return False
    wider = all(_covers(getattr(rival, name), getattr(cap, name)) for name in ("kinds", "channels"))
    counts = rival.attempts or not cap.attempts
    return wider and counts and rival.n <= cap.n and rival.per >= cap.per


def _covers(wide: tuple[str, ...] | None, narrow: tuple[str, ...] | None) -> bool:
    return wide is None or (narrow is not None and set(narrow) <= set(wide))


def _suggestions(scene: Scene) -> list[Suggestion]:
    return [each for journey in scene.journeys for each in journey.suggestions]


def _pulls(scene: Scene) -> Iterator[Finding]:
    """What a policy says of suggestions that nobody declares."""
    suggestions = _suggestions(scene)
    places = {place for each in suggestions for place in each.place}
    kinds = {*_KINDS, *(each.kind for each in suggestions)}
    for owner, one in policies(scene).items():
        base = "$.policy" if owner else "policy"
        for n, item in enumerate(one.items):
            if isinstance(item, Pull) and suggestions:
                for what, names, known in (("place", item.places, places), ("kind", item.kinds, kinds)):
                    for name in names or ():
                        if name not in known:
                            said = f"no suggestion has the {what} {name!r}{hint(name, known)}"
                            yield found("TC408", owner, f"{base}.items[{n}]", "the policy", said)


def _scope(each: _Item, scene: Scene) -> Iterator[Finding]:
    # A policy may be there for suggestions alone: it sees their places as channels.
    messages = [*(message for _, _, message in scene.first_sends()), *(each.message for each in _suggestions(scene))]
    if not messages:
        return
    kinds = {*_KINDS, *(one.effective_kind for one in messages), *(one.kind for one in messages)}
    channels = {*(name for one in messages for name in one.channels), *(scene.channels or ())}
    for what, names, known in (
        ("kind", each.item.kinds, kinds),
        ("channel", getattr(each.item, "channels", None), channels),
    ):
        for name in names or ():
            if name not in known:
                yield each.found("TC408", f"no message has the {what} {name!r}{hint(name, known)}")
