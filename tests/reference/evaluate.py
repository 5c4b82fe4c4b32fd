"""What a condition is worth: expression objects walked node by node, in three-valued logic (S4.6)."""

import operator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import attrs

from touchpoint.durations import instant, length
from touchpoint.journey import conditions as c
from touchpoint.journey.history import split_where


class Unknown:
    """The value of what is missing."""

    def __repr__(self):
        return "UNKNOWN"

    def __bool__(self):
        raise TypeError("unknown is neither true nor false")


UNKNOWN = Unknown()
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@attrs.frozen
class Look:
    """From where a condition looks: the occurrences it names, a run's outcomes, and the customer."""

    customer: object
    journey: str
    event: object = None
    trigger: object = None
    outcomes: dict = attrs.field(factory=dict)
    collected: list | None = None
    results: dict = attrs.field(factory=dict)
    run: object = None


def holds(condition, look):
    """Whether a condition is true: false and unknown are both no (S4.6)."""
    return condition is None or truth(evaluate(condition, look)) is True


def evaluate(node, look):  # noqa: C901, PLR0911, PLR0912 - one line for each kind of node
    """The value of a node, or UNKNOWN."""
    match node:
        case c.Literal():
            return node.value
        case c.Now():
            return instant(look.customer.now)
        case c.Field():
            return _field(node, look)
        case c.And():
            return _all(truth(evaluate(part, look)) for part in node.parts)
        case c.Or():
            return _not(_all(_not(truth(evaluate(part, look))) for part in node.parts))
        case c.Not():
            return _not(truth(evaluate(node.part, look)))
        case c.Compare():
            return _compare(node.op, evaluate(node.left, look), evaluate(node.right, look))
        case c.Arithmetic():
            return _calculate(node.op, evaluate(node.left, look), evaluate(node.right, look))
        case c.In():
            return _member(evaluate(node.value, look), evaluate(node.options, look))
        case c.Contains():
            return _contains(evaluate(node.container, look), evaluate(node.item, look))
        case c.Exists():
            return evaluate(node.value, look) is not UNKNOWN
        case c.Ever() if seen(node, look):
            return True
        case c.Count() | c.Ever() | c.Total() if in_doubt(node, look):
            return UNKNOWN
        case c.Count():
            return len(seen(node, look))
        case c.Ever():
            return False
        case c.Total():
            return _sum(_step_into(past.properties, node.of) for past in seen(node, look))
        case c.CaseOpen():
            ref = None if node.ref is None else evaluate(node.ref, look)
            return UNKNOWN if ref is UNKNOWN else look.customer.has_case_open(node.kind, ref)
        case c.InStage():
            return look.customer.stage_of(node.journey or look.journey) == node.stage
        case c.InSegment():
            return (node.journey or look.journey, node.segment) in look.customer.segments
        case c.Variant():
            return look.customer.exposed.get(node.split, UNKNOWN)
        case c.Outcome():
            return look.outcomes.get(node.message, UNKNOWN)
        case c.Told():
            return _told(node, look)
    raise TypeError(f"the reference does not know {type(node).__name__}")


def _told(node, look):
    """What came back of the messages of that name of the run, each by itself; the furthest counts (S6.9)."""
    ours = [each for each in look.customer.messages if each.run is look.run and each.what.name == node.message]
    for message in ours:
        came = [past for past in look.customer.timeline if past.message is message]
        persons = {past.name for past in came if not past.properties.get("machine")}
        lost, alive = persons & {"bounced", "failed"}, persons & {"opened", "clicked", "replied"}
        reached = alive or ((came and not lost) and any(p.name != "bounced" for p in came))
        true = {
            "delivered": bool(reached), "opened": bool(alive), "clicked": "clicked" in persons,
            "replied": "replied" in persons, "failed": bool(lost) and not alive,
        }  # fmt: skip
        if true[node.what]:
            return True
    return node.what == "failed" and look.outcomes.get(node.message) == "failed"


def seen(aggregate, look):
    """The touchpoints that an aggregate counts, in order of arrival."""
    return [past for past in _in_window(aggregate, look) if _selects(aggregate, past, look) is True]


def in_doubt(aggregate, look):
    """Whether a touchpoint in its window might count or not, for want of what `where` compares it with."""
    return any(_selects(aggregate, past, look) is UNKNOWN for past in _in_window(aggregate, look))


def _in_window(aggregate, look):
    """The touchpoints in `(now - within, now]` of which something can count; a total is of numbers alone."""
    within = getattr(aggregate, "within", None)
    since = None if within is None else look.customer.now - length(within)
    return [past for past in _countable(aggregate, look) if since is None or past.at > since]


def _countable(aggregate, look):
    """The touchpoints of all time that can count: of that type, with a number where numbers are added up."""
    named = [past for past in look.customer.timeline if past.name == aggregate.type]
    is_total = isinstance(aggregate, c.Total)
    return [past for past in named if not is_total or _is_number(_step_into(past.properties, aggregate.of))]


def _selects(aggregate, past, look):
    """Whether `where` selects a past touchpoint; unknown only for want of something outside of that touchpoint."""
    where = aggregate.where
    parts = where.parts if isinstance(where, c.And) else () if where is None else (where,)
    return _all(_part_selects(part, attrs.evolve(look, event=past)) for part in parts)


def _part_selects(part, look):
    value = truth(evaluate(part, look))
    own, outside = [], []
    for leaf in _asked(part):
        is_own = isinstance(leaf, c.Field) and c.root_of(leaf) == "event"
        (own if is_own else outside).append(evaluate(leaf, look) is UNKNOWN)
    is_one = not any(isinstance(node, c.And | c.Or) for node in c.walk(part))
    never = any(own) and is_one  # of several comparisons each may be true without what another one lacks
    return False if value is UNKNOWN and (never or not any(outside)) else value


def _asked(node):
    """The data that a condition cannot do without."""
    if isinstance(node, c.Field | c.Outcome | c.Variant):
        yield node
    for child in () if isinstance(node, c.Exists) else c.children(node):
        yield from _asked(child)


def next_lapse(condition, look, after):
    """The first instant later than `after` at which a touchpoint leaves a window of the condition; None: none does."""
    windowed = [node for node in c.aggregates_of(condition) if getattr(node, "within", None) is not None]
    kept = [(node, past) for node in windowed for past in _countable(node, look) if _is_kept(node, past, look)]
    lapses = [past.at + length(node.within) for node, past in kept]
    return min((lapse for lapse in lapses if lapse > after), default=None)


def _is_kept(aggregate, past, look):
    """Whether a window keeps a touchpoint: whatever a run is about, its `where` may concern it."""
    parts = split_where(aggregate.where)
    has_keys = all(_of_occurrence(past, path) is not UNKNOWN for path, _ in parts.keys)
    return has_keys and all(holds(part, attrs.evolve(look, event=past)) for part in parts.static)


def truth(value):
    """A value as a condition: nothing, zero and emptiness are false; what is missing is unknown."""
    return UNKNOWN if value is UNKNOWN else bool(value)


def _not(value):
    return UNKNOWN if value is UNKNOWN else not value


def _all(values):
    values = list(values)
    if any(value is False for value in values):
        return False
    return UNKNOWN if any(value is UNKNOWN for value in values) else True


def _field(node, look):
    root, path = c.root_of(node), c.path_of(node)
    if isinstance(root, c.Last):
        past = seen(root, look)
        # Of equally late ones the one that arrived last: max() keeps the first, so it is asked backwards.
        return _of_occurrence(max(reversed(past), key=lambda each: each.at), path) if past else UNKNOWN
    if root == "customer":
        return _step_into(look.customer.traits, path)
    if root == "result":
        return _step_into(look.results, path)
    if root == "collected":
        return _of_burst(look.collected, path)
    occurrence = look.event if root == "event" else look.trigger
    return UNKNOWN if occurrence is None else _of_occurrence(occurrence, path)


def _of_burst(came, path):
    if came is None:
        return UNKNOWN
    if path[0] == "count":
        return len(came)
    if path[0] in ("first", "last"):
        return _of_occurrence(came[0 if path[0] == "first" else -1], path[1:])
    return tuple(value for each in came if (value := _of_occurrence(each, path[1:])) is not UNKNOWN)


def _of_occurrence(occurrence, path):
    if path[0] in occurrence.properties:
        return _step_into(occurrence.properties, path)
    own = {
        "type": occurrence.name,
        "at": instant(occurrence.at),
        "channel": occurrence.channel,
        "direction": occurrence.direction,
    }
    value = own.get(path[0]) if len(path) == 1 else None
    return UNKNOWN if value is None else value


def _step_into(value, path):
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return UNKNOWN
        value = value[name]
    return tuple(value) if isinstance(value, list) else value


def _is_number(value):
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _kind(value):
    if _is_number(value):
        return "number"
    if isinstance(value, list | tuple):
        return "list"
    return next(kind for kind in (bool, str, datetime, date, timedelta, dict, object) if isinstance(value, kind))


def _read_as(text, other):
    """A text that is compared with an instant or a date, read as one; UNKNOWN if it is none."""
    try:
        if isinstance(other, datetime):
            read = datetime.fromisoformat(text)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        return date.fromisoformat(text)
    except ValueError:
        return UNKNOWN


def _pair(left, right):
    if isinstance(left, str) and isinstance(right, date):
        left = _read_as(left, right)
    elif isinstance(right, str) and isinstance(left, date):
        right = _read_as(right, left)
    return left, right


def _compare(op, left, right):
    left, right = _pair(left, right)
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if op in ("==", "!="):
        return _equal(left, right) == (op == "==")
    if _kind(left) != _kind(right) or _kind(left) in (bool, dict, object):
        return UNKNOWN
    try:
        return ORDER[op](left, right)
    except TypeError:
        return UNKNOWN


def _equal(left, right):
    if _kind(left) != _kind(right):
        return False
    if _kind(left) == "list":
        return len(left) == len(right) and all(map(_equal, left, right))
    return left == right


def _member(value, options):
    if value is UNKNOWN or options is UNKNOWN:
        return UNKNOWN
    return isinstance(options, list | tuple) and any(_compare("==", value, option) is True for option in options)


def _contains(container, item):
    if container is UNKNOWN or item is UNKNOWN:
        return UNKNOWN
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, dict):
        return item in container
    return _member(item, container)


def _calculate(op, left, right):
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    try:
        if _is_number(left) and _is_number(right):
            return _arithmetic(op, left, right)
        return {"+": operator.add, "-": operator.sub}[op](left, right)
    except (KeyError, TypeError, ZeroDivisionError, OverflowError):
        return UNKNOWN


def _arithmetic(op, left, right):
    if Decimal in (type(left), type(right)):
        left, right = (Decimal(str(each)) for each in (left, right))
    sign = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[op]
    return sign(left, right)


def _sum(values):
    numbers = [value for value in values if _is_number(value)]
    if all(isinstance(number, int) for number in numbers):
        return sum(numbers)
    exact = sum(Fraction(str(number)) for number in numbers)
    return Decimal(exact.numerator) / Decimal(exact.denominator)
