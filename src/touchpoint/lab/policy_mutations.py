"""The small faults that are made in policies and limits."""

from collections.abc import Iterator
from typing import Final

from touchpoint.durations import spoken
from touchpoint.journey.conditions import Literal
from touchpoint.journey.content_rules import ContentRules
from touchpoint.journey.familiarity import LEVELS, Familiarity
from touchpoint.journey.policy import Cap, ConsentRules, Hold, LiveRuns, PolicyItem, Pull, Spacing
from touchpoint.journey.windows import DENY, QuietHours, SendWindow
from touchpoint.lab.places import Change, Place, change
from touchpoint.lab.shifts import clock_times, conditions, lengths
from touchpoint.model.limits import Limit

_ALWAYS: Final = Literal(value=True)


def policy_changes(place: Place) -> Iterator[Change]:  # noqa: C901 - one arm for each kind of item
    """Every small fault of a journey's policy."""
    for one, rest in place.without("items"):
        if not isinstance(
            one.node, Cap | ConsentRules | ContentRules | LiveRuns | Pull
        ):  # a test that notices one more notices any number
            yield change(one, rest, f"the policy leaves out the {_name(one.node)}")
    for item in place.each("items"):
        match item.node:
            case Cap():
                yield from _cap(item)
            case QuietHours():
                yield from _quiet_hours(item)
            case SendWindow():
                yield from _send_window(item)
            case Spacing():
                yield from _lengths(item.field("gap"), f"the {item.node} is")
            case Hold():
                yield from _lengths(item.field("cool_off"), f"the cool-off of the {item.node} is")
            case LiveRuns():
                yield from _live_runs(item)
            case Pull():
                yield from _pull(item)
            case ConsentRules() | ContentRules():
                yield from _rules(item)
            case Familiarity():
                yield from _familiarity(item)


def limit_changes(place: Place, name: str, *, keyed: bool = False) -> Iterator[Change]:
    """Every small fault of a limit.

    Args:
        place: of the limit; nothing where there is none.
        name: what is limited, such as "rule onboard".
        keyed: it may count per key.
    """
    limit: Limit | None = place.node
    if limit is None:
        return
    yield change(place, None, f"{name} has no limit ({limit})")
    if limit.kind == "times":
        for n in (limit.n + 1, limit.n - 1):
            yield change(place.field("n"), n, f"the limit of {name} is {n} instead of {limit.n}")
    yield from _lengths(place.field("per"), f"the limit of {name} counts over")
    if keyed:
        what = "per customer instead of per key" if limit.per_key else "per key instead of per customer"
        yield change(place.field("per_key"), not limit.per_key, f"the limit of {name} counts {what}")


def _cap(place: Place) -> Iterator[Change]:
    cap: Cap = place.node
    for n in (cap.n + 1, cap.n - 1):
        yield change(place.field("n"), n, f"the {cap} is {n} instead of {cap.n}")
    yield from _lengths(place.field("per"), f"the {cap} counts over")
    over = "deny" if cap.over == "defer" else "defer"
    does = {"deny": "denies", "defer": "defers"}
    yield change(place.field("over"), over, f"the {cap} {does[over]} one too many instead of {_doing(cap.over)} it")


def _live_runs(place: Place) -> Iterator[Change]:
    item: LiveRuns = place.node
    for n in (item.n + 1, item.n - 1):
        yield change(place.field("n"), n, f"{item} is {n} instead of {item.n}")
    does = {"refuse": "refuses", "defer": "defers", "replace": "replaces by"}
    for over, words in does.items():
        if over != item.over:
            yield change(place.field("over"), over, f"{item} {words} one too many, which it {does[item.over]} now")


def _pull(place: Place) -> Iterator[Change]:
    for field, what in (("quiet_hours", "quiet hours"), ("caps", "caps")):
        bound = "not bound" if getattr(place.node, field) else "bound"
        yield change(place.field(field), not getattr(place.node, field), f"suggestions are {bound} by {what}")


def _doing(over: str) -> str:
    return "deferring" if over == "defer" else "denying"


def _quiet_hours(place: Place) -> Iterator[Change]:
    for edge in ("start", "end"):
        here = place.field(edge)
        for new in clock_times(here.node):
            yield change(here, new, f"the {_name(place.node)} {edge} at {new} instead of {here.node}")
    yield from _window(place)


def _send_window(place: Place) -> Iterator[Change]:
    window: SendWindow = place.node
    here = place.field("intervals")
    for n, (start, end) in enumerate(window.intervals):
        moved = [("starts", new, start, (new, end)) for new in clock_times(start)]
        moved += [("ends", new, end, (start, new)) for new in clock_times(end)]
        for does, new, old, pair in moved:
            intervals = (*window.intervals[:n], pair, *window.intervals[n + 1 :])
            yield change(here, intervals, f"the send window from {start} to {end} {does} at {new} instead of {old}")
    if len(window.intervals) > 1:
        for one, rest in place.without("intervals"):
            yield change(one, rest, f"the send window is not open from {one.node[0]} to {one.node[1]}")
    yield from _window(place)


def _window(place: Place) -> Iterator[Change]:
    """What quiet hours and send windows have in common."""
    here, name = place.field("unknown_zone"), _name(place.node)
    new, does = ("UTC", "assume UTC") if here.node == DENY else (DENY, "deny")
    old = "denying" if here.node == DENY else f"assuming {here.node}"
    yield change(here, new, f"where no time zone is known, the {name} {does} instead of {old}")
    yield from _lengths(place.field("margin"), f"the margin of the {name} is")
    over = place.field("over")
    other, instead = (
        ("deny", "denied instead of deferred") if over.node == "defer" else ("defer", "deferred, not denied")
    )
    yield change(over, other, f"outside of the open time of the {name} a message is {instead}")
    for field in ("holidays", "weekdays"):
        if getattr(place.node, field):
            none = () if field == "holidays" else None
            yield change(place.field(field), none, f"the {field} of the {name} are left out")


def _consent(place: Place) -> Iterator[Change]:
    for rule in place.each("rules"):
        needs = rule.field("needs")
        new = "no_withdrawal" if needs.node == "grant" else "grant"
        scope = ", ".join(rule.node.kinds or ("every kind",))
        words = {"grant": "a grant", "no_withdrawal": "no more than that nothing was withdrawn"}
        yield change(needs, new, f"the consent rule for {scope} asks for {words[new]} instead of {words[needs.node]}")


def _rules(place: Place) -> Iterator[Change]:
    if isinstance(place.node, ConsentRules):
        yield from _consent(place)
        return
    for one, rest in place.without("rules"):
        yield change(one, rest, f"the content rule {one.node.name} is left out")


def _familiarity(place: Place) -> Iterator[Change]:
    for level in LEVELS:
        given = place.field(level)
        if not given.node.same_as(_ALWAYS):
            yield change(given, _ALWAYS, f"what is {level} may be used whether or not {given.node}")
            for new in conditions(given.node):
                yield change(given, new.whole, f"what is {level} may be used where {new.new} instead of {new.old}")
    for name in place.node.purposes:
        rest = {each: asked for each, asked in place.node.purposes.items() if each != name}
        yield change(place.field("purposes"), rest, f"nothing more is asked of what {name} messages use")
    undeclared = place.field("undeclared")
    if undeclared.node != LEVELS[0]:
        said = f"a trait of which nothing is declared counts as {LEVELS[0]} instead of {undeclared.node}"
        yield change(undeclared, LEVELS[0], said)


def _lengths(place: Place, what: str) -> Iterator[Change]:
    for new in lengths(place.node):
        yield change(place, new, f"{what} {spoken(new)} instead of {spoken(place.node)}")


def _name(item: PolicyItem) -> str:
    match item:
        case QuietHours():
            return f"quiet hours from {item.start} to {item.end}"
        case SendWindow():
            return "send windows from " + ", ".join(f"{start} to {end}" for start, end in item.intervals)
    return str(item)
