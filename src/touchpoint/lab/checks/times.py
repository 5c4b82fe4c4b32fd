"""Waits, limits and goals whose times do not go together (TC3xx)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

import attrs

from touchpoint.durations import Forever, is_calendar, spoken
from touchpoint.journey import steps as s
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Scene, placed

NO_TIME: Final = timedelta(0)


def times(scene: Scene) -> Iterator[Finding]:
    """Everything that is wrong with lengths of time in rules."""
    for journey, path, rule in scene.rules():
        yield from _waits(journey, path, rule)
        yield from _limit(journey, path, rule)
        yield from _goal(journey, path, rule)


def _waits(journey: Journey, path: str, rule: Rule) -> Iterator[Finding]:
    about = f"rule {rule.name}"
    for each in placed(rule, path):
        step = each.step
        length = step.length if isinstance(step, s.Wait) else getattr(step, "timeout", None)
        if isinstance(length, Forever) and not _may_end_early(rule):
            what = "waits for ever, and nothing else ends the run"
            yield found("TC301", journey.name, f"{each.path}.timeout", about, what)
        if length == NO_TIME and isinstance(length, timedelta):
            name = "length" if isinstance(step, s.Wait) else "timeout"
            yield found("TC304", journey.name, f"{each.path}.{name}", about, "is over as soon as it begins")


def _may_end_early(rule: Rule) -> bool:
    return bool(rule.exit) or (rule.goal is not None and rule.goal.ends)


def _limit(journey: Journey, path: str, rule: Rule) -> Iterator[Finding]:
    limit = rule.limit
    if limit is None or not isinstance(limit.per, timedelta) or rule.concurrency != "ignore" or _may_end_early(rule):
        return
    if rule.key is not None and not limit.per_key:
        return  # it counts the runs of all keys, which may be live side by side
    shortest = least(rule.then).whole
    if shortest is not None and shortest * limit.n >= limit.per and shortest > NO_TIME:
        what = f"a run takes {spoken(shortest)} at least, so {limit} never refuses a start"
        yield found("TC302", journey.name, f"{path}.limit", f"rule {rule.name}", what)


def _goal(journey: Journey, path: str, rule: Rule) -> Iterator[Finding]:
    within = None if rule.goal is None else rule.goal.within
    first = least(rule.then, until=lambda step: isinstance(step, s.Send)).first
    if within is not None and first is not None and first >= within:
        what = f"the first message goes out {spoken(first)} after the start, and the goal counts for {spoken(within)}"
        yield found("TC303", journey.name, f"{path}.goal.within", f"rule {rule.name}", what)


# --- how long steps take at least -------------------------------------------------------------------------------------


@attrs.frozen
class _Least:
    """At least how long until the steps are through, until the run leaves, and until a step that was asked for.

    None where it never comes to that.
    """

    through: timedelta | None = NO_TIME
    leaves: timedelta | None = None
    first: timedelta | None = None

    @property
    def whole(self) -> timedelta | None:
        """Until the run is over, by whichever way."""
        return _earlier(self.through, self.leaves)


def _earlier(*times: timedelta | None) -> timedelta | None:
    return min((each for each in times if each is not None), default=None)


def _later(time: timedelta | None, by: timedelta | None) -> timedelta | None:
    return None if time is None or by is None else time + by


def _nowhere(_: s.Step) -> bool:
    return False


def least(taken: Iterable[s.Step], until: Callable[[s.Step], bool] = _nowhere) -> _Least:
    """How long these steps take at least; `until` says which step is asked for."""
    so_far = _Least()
    for step in taken:
        one = _of_step(step, until)
        if until(step):
            one = attrs.evolve(one, first=NO_TIME)
        so_far = _Least(
            _later(so_far.through, one.through),
            _earlier(so_far.leaves, _later(so_far.through, one.leaves)),
            _earlier(so_far.first, _later(so_far.through, one.first)),
        )
    return so_far


def _of_step(step: s.Step, until: Callable[[s.Step], bool]) -> _Least:
    if isinstance(step, s.Exit):
        return _Least(None, NO_TIME)
    if isinstance(step, s.Wait):
        return _Least(shortest(step.length))
    arms = dict(s.arms(step))
    ways = [least(arm, until) for arm in arms.values()]
    if isinstance(step, s.WaitFor | s.WaitUntil):
        after = shortest(step.timeout)
        timed_out = least(arms.get("otherwise", ()), until)
        ways = [
            least(arms.get("then", ()), until),
            _Least(*(_later(each, after) for each in (timed_out.through, timed_out.leaves, timed_out.first))),
        ]
    elif len(ways) < _arms_of(step):
        ways.append(_Least())  # the way on beside the arms
    return _Least(
        _earlier(*(each.through for each in ways)), _earlier(*(each.leaves for each in ways)),
        _earlier(*(each.first for each in ways)),
    )  # fmt: skip


def _arms_of(step: s.Step) -> float:
    """How many ways lead on from a step; without an arm for each of them some lead on at once."""
    if isinstance(step, s.Split):
        return len(step.arms)
    if isinstance(step, s.Best):
        return len(step.candidates) + 1
    return 2 if isinstance(step, s.Branch) else float("inf")


def shortest(length: object) -> timedelta:
    """A length at its shortest; a calendar one depends on where it begins."""
    if isinstance(length, timedelta):
        return max(length, NO_TIME)
    if not is_calendar(length):
        return NO_TIME
    in_days = {"years": 365, "months": 28, "days": 1}
    days = sum(getattr(length, unit, 0) * n for unit, n in in_days.items())
    absolute = any(getattr(length, unit, None) is not None for unit in ("year", "month", "day", "weekday", "hour"))
    return NO_TIME if absolute else max(timedelta(days=days - 1), NO_TIME)
