"""Random journeys, policies and histories: a small vocabulary on a coarse grid of time, so that coincidences abound.

Touchpoint types are a to d (customers) and e0, e1 … (emitted by rule 0, 1 …); properties `n` (0 to 3) and `k` (x, y)
are sometimes missing. Waits, windows, caps and events lie on multiples of six hours, now and then a microsecond beside.

    @given(worlds())                    a world that Hypothesis can shrink: journeys, a house policy, a history
    world(Dice.seeded(7))               the same from a number, quicker, for long runs

Left out on purpose, because the semantics fix no answer: `now` and settable traits in what is asked again when a window
lapses, calendar cool-downs, triggers of one rule that share a cause, waits for a date from data.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from reference.records import Event, Person
from reference.rhythms import ROUNDS
from touchpoint.durations import calendar_days, days, forever, hours, length, micros, months
from touchpoint.journey import changes
from touchpoint.journey import conditions as c
from touchpoint.journey import outcomes as o
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.calendar_triggers import usual
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Hold, LiveRuns, Policy, Spacing
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.model.case import CaseType
from touchpoint.model.limits import cool_down, once, once_per_stage, times
from touchpoint.model.message import Content, Gift, Message, Survey

START = micros(datetime(2026, 3, 26, tzinfo=UTC))  # three days before the clocks change in Europe
GRID = length(hours(6))
TYPES = ("a", "b", "c", "d")
CASES = (
    CaseType("trouble", respond_within=hours(12), resolve_within=days(2)),
    CaseType("wish", resolve_within=hours(18)),
)
STAGES = ("s0", "s1", "s2")
SEGMENTS = ("g0", "g1", "g2")
SPLITS = ("two", "three")
KINDS = ("marketing", "service", "marketing", "transactional", "feedback")
EVERY_KIND = frozenset({"marketing", "feedback", "gift"})
ZONES = (("UTC",), (), ("UTC",), ("Europe/Madrid",), ("America/New_York",), ("Europe/Madrid", "America/New_York"))
DAYS = ("1990-03-28", "2026-03-29", "1980-04-01", "2026-04-02")
LENGTHS = (hours(6), hours(12), hours(6), hours(18), days(1), days(2), days(3))
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
LOOK_AHEAD = days(1)
ONCE = ("identify", "consent", "prefer", "receipt", "refer")
"""Acts of the host that are not known by an id."""
BYTES = 1_300  # more than a world uses; beyond them the dice always show the first side


class Dice:
    """Choices read off bytes, one each; the first option is the simplest, so that Hypothesis shrinks towards it."""

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)
        self.about = ""  # what a world turns on: "messages", "changes", "cases", or nothing in particular

    @classmethod
    def seeded(cls, seed: int) -> "Dice":
        """Dice that fall the same way for the same number, on every machine."""
        return cls(hashlib.shake_256(str(seed).encode()).digest(BYTES))

    def pick(self, *options):
        """One of the options."""
        return options[next(self._data, 0) % len(options)]

    def once_in(self, n: int) -> bool:
        """True once in `n` times."""
        return next(self._data, 0) % n == n - 1

    def upto(self, most: int, least: int = 0) -> range:
        """As many rounds as the dice say."""
        return range(self.pick(*range(least, most + 1)))


@attrs.frozen
class Scope:
    """What a part of a rule may name: touchpoint types, whether there is a run, traits, the run's own messages."""

    types: tuple = TYPES
    in_run: bool = False
    traits: tuple = ("t", "u")
    messages: tuple = ()
    looks_again: bool = False
    number: int = 0
    enrols: tuple = ()
    collects: bool = False
    calls: bool = False
    others: tuple = ()

    @property
    def again(self) -> "Scope":
        """The same for conditions that are asked again when a window lapses."""
        return attrs.evolve(self, looks_again=True, traits=("u",))


# --- conditions -----------------------------------------------------------------------------------------------------


def condition(dice: Dice, scope: Scope, depth: int = 1) -> c.Expression:  # noqa: PLR0911 - one line for each kind
    """A condition over the vocabulary, of at most this depth."""
    if dice.about == "messages" and scope.messages and dice.pick(True, False):
        asked = dice.pick(c.opened, c.clicked, c.delivered, c.replied, c.failed, c.denied)(dice.pick(*scope.messages))
        return asked if dice.pick(True, False) else ~asked
    match dice.pick(*range(8 if depth else 5)):
        case 0 | 1:
            return _about_fields(dice, scope)
        case 2 | 3:
            return _about_history(dice, scope)
        case 4:
            return _about_state(dice, scope)
        case 5:
            return ~condition(dice, scope, depth - 1)
        case 6:
            return condition(dice, scope, depth - 1) & condition(dice, scope, depth - 1)
        case _:
            return condition(dice, scope, depth - 1) | condition(dice, scope, depth - 1)


def _compared(dice, value):
    return c.Compare(dice.pick(*OPERATORS), value, c.Literal(dice.pick(1, 2, 3, 0)))


def _about_fields(dice, scope):
    numbers = [c.event.n, *(c.customer[trait] for trait in scope.traits)]
    plain = [c.event.k == "x", c.event.k.in_(["y", "z"]), c.event.n.exists(), c.event.type == "a"]
    plain += [c.event.flag, c.event.k.contains("x")]
    if scope.in_run:
        numbers += [c.trigger.n, c.event.n + c.trigger.n, c.event.n - 1]
        plain += [c.event.k == c.trigger.k, c.event.n < c.trigger.n]
    if scope.collects:
        numbers += [c.collected.count, c.collected.last.n]
        plain += [c.collected.all.k.contains("x"), c.collected.first.k == c.collected.last.k]
    if scope.calls:
        numbers += [c.result("f").n]
        plain += [c.result("f").k == "x", c.result("f").n.exists()]
    return _compared(dice, dice.pick(*numbers)) if dice.pick(True, False) else dice.pick(*plain)


def _about_history(dice, scope):
    asked = dice.pick(*scope.types)
    within = dice.pick(*LENGTHS) if dice.once_in(2) else None
    wheres = [c.event.k == "x", c.event.n >= 2, (c.event.k == "y") & (c.event.n != 1)]
    if scope.in_run:
        wheres += [c.event.k == c.trigger.k, (c.event.k == c.trigger.k) & (c.event.n > 0)]
        wheres += [c.event.n >= c.trigger.n] if within else []
    where = dice.pick(*wheres) if dice.once_in(3) else None
    bounded = where if within is None else None  # last() has no window, so no such `where` either
    match dice.pick("count", "count", "ever", "last", "key", "total"):
        case "count":
            return _compared(dice, c.count(asked, within=within, where=where))
        case "ever":
            return c.ever(asked, within=within, where=where)
        case "last":
            return _compared(dice, c.last(asked, where=bounded).n)
        case "key":
            return c.last(asked, where=bounded).k == c.event.k
        case _:
            return _compared(dice, c.total(asked, "n", within=within, where=where))


def _about_state(dice, scope):
    found = [c.case_open(), c.case_open("trouble"), c.case_open("wish", ref="x"), c.in_stage("s0"), c.in_stage("s1")]
    found += [c.in_segment("g0"), c.in_segment("g1"), c.in_segment("g2")]
    found += [c.variant(dice.pick(*SPLITS)) == dice.pick("x", "y")]
    found += [c.case_open("trouble", ref=c.trigger.k)] if scope.in_run else []
    if not scope.looks_again:
        found += [c.now - c.last("a").at > hours(12)]
    for message in scope.messages:
        found += [c.sent(message), c.outcome(message) != "sent"]
        found += [c.opened(message), c.delivered(message), c.clicked(message), ~c.failed(message)]
    return dice.pick(*found)


def _given(dice, scope, one_in=3):
    return condition(dice, scope) if dice.once_in(one_in) else None


# --- triggers, limits, messages -------------------------------------------------------------------------------------


def trigger(dice: Dice, types: tuple = TYPES, own: tuple = (), others: tuple = ()) -> t.Trigger:
    """One trigger of any kind; half of them a touchpoint.

    `own` are messages of the rule it stands in, where it waits in a run, `others` names of those of other rules.
    """
    if dice.about == "messages" and (own or others) and dice.pick(True, True, False):
        return _of_message(dice, own, others)
    if dice.about == "changes" and dice.pick(True, True, False):
        return _change(dice)
    if dice.about == "cases" and dice.pick(True, True, False):
        return _of_case(dice)
    if dice.about == "referrals" and dice.pick(True, True, False):
        return _referred(dice)
    if dice.pick(True, True, False):
        return t.On(dice.pick(*types))
    stage = dice.pick(*STAGES)
    makers = (
        lambda _: t.Entered(stage),
        lambda _: t.Left(stage),
        lambda _: t.Dwelt(stage, dice.pick(*LENGTHS)),
        _of_case,
        _of_case,
        _silence,
        _anniversary,
        _date_due,
        _schedule,
        _usual,
        lambda _: t.Exposed(dice.pick(*SPLITS), dice.pick(None, "x", "y")),
        lambda _: t.Joined(dice.pick(*SEGMENTS)),
        lambda _: t.Joined(dice.pick(*SEGMENTS)),
        lambda _: t.LeftSegment(dice.pick(*SEGMENTS)),
        lambda _: t.Enrolled(),
        _referred,
        _change,
        _change,
        lambda _: _of_message(dice, own, others),
        lambda _: _of_message(dice, own, others),
    )
    return dice.pick(*makers)(dice)


def _of_case(dice):
    case = dice.pick(*CASES)
    if dice.pick(True, False):
        return t.CaseOverdue(case, dice.pick(None, "response", "resolution"))
    return dice.pick(t.CaseOpened, t.CaseClosed)(case)


def _referred(dice):
    return t.Referred(dice.pick(None, "a", "b", "c"))


def _change(dice):
    if dice.pick(True, False):
        return changes.TraitChanged("t", to=dice.pick(None, None, 1, 2))
    if dice.once_in(3):
        return changes.PreferenceChanged(dice.pick(None, "channels", "topics"))
    purpose = dice.pick(None, "marketing", "marketing", "service")
    return changes.ConsentChanged(purpose, to=dice.pick(None, "withdrawn", "granted"))


def _of_message(dice, own, others):
    if not own and not others:
        return changes.TraitChanged("t")
    mine = own and (not others or dice.pick(True, True, False))
    name = dice.pick(*(each.name for each in own)) if mine else dice.pick(*others)
    kinds = (o.Opened, o.Sent, o.Clicked, o.Delivered, o.Failed, o.Denied, o.Replied, o.Ended)
    return dice.pick(*kinds)(name, any_run=bool(others) and not mine and bool(own))


def _silence(dice):
    return t.Silent(dice.pick(hours(6), days(1), days(3), days(8)), of=dice.pick(None, "a", "b"))


def _usual(dice):
    bounds = {"at_least": dice.pick(hours(6), hours(12)), "otherwise": dice.pick(days(2), hours(6))}
    return t.Silent(usual(dice.pick(1, 1.5, Decimal("0.7"))), of=dice.pick(None, "a", "b"), **bounds)


def _date_due(dice):
    apart = dice.pick({}, {"before": days(1)}, {"after": hours(6)}, {"before": calendar_days(1)}, {"after": days(2)})
    clock, unknown = dice.pick("12:00", "06:00", "02:30"), dice.pick(None, "UTC")
    return t.DateDue("day", at=clock, unknown_zone=unknown, **apart)


def _schedule(dice):
    rule, start, _ = dice.pick(*ROUNDS)
    clock, unknown = dice.pick("12:00", "06:00", "02:30"), dice.pick(None, "UTC")
    return t.Schedule(rule, at=clock, start=start, unknown_zone=unknown)


def _anniversary(dice):
    ahead = dice.pick(timedelta(0), days(1), calendar_days(1), hours(6))
    clock, unknown = dice.pick("12:00", "06:00", "02:30"), dice.pick(None, "UTC")
    return t.Anniversary("day", at=clock, before=ahead, unknown_zone=unknown)


def limit(dice: Dice):
    """How often a rule may start; mostly None."""
    if not dice.once_in(3):
        return None
    per_key = dice.once_in(2)
    match dice.pick(*range(4)):
        case 0:
            per = dice.pick(None, hours(6), days(1), days(2), calendar_days(1), calendar_days(7), months(1))
            return times(dice.pick(1, 2, 3), per=per, per_key=per_key)
        case 1:
            return once(per_key=per_key)
        case 2:
            return once_per_stage(per_key=per_key)
        case _:
            return cool_down(dice.pick(*LENGTHS), per_key=per_key)


def message(dice: Dice, name: str) -> Message:
    """A message, a survey or a gift of this name."""
    more = {
        "why": "to be tested",
        "channels": dice.pick(["email"], ["sms"], ["sms", "email"]),
        "content": Content(text="hello"),
        "priority": dice.pick(0, 1),
        "expires": dice.pick(None, hours(6), None, hours(12), None, days(1), days(4)),
        "exempt": dice.once_in(7),
        "counted": not dice.once_in(7),
        "on_release": dice.pick("send", "replan", "send", "send", "replan", "drop"),
        "limit": dice.pick(None, None, None, None, once(), times(2, per=days(2)), cool_down(days(1))),
    }
    match dice.pick(*range(8)):
        case 6:
            return Survey(name, **more)
        case 7:
            return Gift(name, worth=10, currency="EUR", budget=dice.pick(None, 10, 25), **more)
        case _:
            kinds = ("transactional", "service") if dice.about == "messages" else KINDS
            return Message(name, kind=dice.pick(*kinds), **more)


# --- steps and rules ------------------------------------------------------------------------------------------------


def steps(dice: Dice, scope: Scope, most: int = 5, depth: int = 2) -> list:
    """Steps with nested arms."""
    return [step(dice, scope, depth) for _ in dice.upto(most)]


def step(dice: Dice, scope: Scope, depth: int) -> s.Step:
    """One step of any kind; the ones that take time are the likelier ones."""
    makers = (_send, _wait, _wait_for, _send, _wait_for, _wait, _wait_until, _branch, _split, _at_once, _at_once)
    if dice.about == "messages":
        makers = (_wait_for, _wait_for, _wait_until, _branch, _send, *makers)
    return dice.pick(*makers)(dice, scope, depth)


def _arm(dice, scope, depth):
    return steps(dice, scope, 2, depth - 1) if depth and dice.once_in(2) else []


def _send(dice, scope, depth):
    what = dice.pick(*scope.messages)
    answers = type(what) is Message and what.kind in ("service", "transactional") and dice.once_in(2)
    kind = s.Reply if answers else sending
    return kind(what, still=_given(dice, scope, 4), otherwise=_arm(dice, scope, depth))


def sending(what: Message, **more) -> s.Send:
    """The step that sends this: Send, Ask or Give."""
    kind = s.Ask if isinstance(what, Survey) else s.Give if isinstance(what, Gift) else s.Send
    return kind(what, **more)


def _call(dice, scope):
    return s.Call("f", {"n": dice.pick(c.event.n, c.trigger.n, 2), "k": c.event.k})


def _wait(dice, scope, depth):
    if dice.once_in(4):
        return s.Wait(until=dice.pick("06:00", "12:00", "02:30"))
    return s.Wait(dice.pick(*LENGTHS, calendar_days(1), calendar_days(2)))


def _timeout(dice):
    return dice.pick(*LENGTHS, forever, calendar_days(1))


def _wait_for(dice, scope, depth):
    named = [trigger(dice, scope.types, scope.messages, scope.others) for _ in dice.upto(2, 1)]
    given, since = _given(dice, scope, 4), dice.pick("send", "send", "now", "run")
    arms = {"then": _arm(dice, scope, depth), "otherwise": _arm(dice, scope, depth)}
    return s.WaitFor(named, _timeout(dice), given=given, since=since, **arms)


def _wait_until(dice, scope, depth):
    arms = {"then": _arm(dice, scope, depth), "otherwise": _arm(dice, scope, depth)}
    return s.WaitUntil(condition(dice, scope.again), _timeout(dice), **arms)


def _branch(dice, scope, depth):
    first = [_send(dice, scope, 0)] if dice.once_in(2) else []
    arms = {"then": [*first, *_arm(dice, scope, depth)], "otherwise": _arm(dice, scope, depth)}
    return s.Branch(condition(dice, scope), **arms)


def _split(dice, scope, depth):
    name = dice.pick(*SPLITS)  # with the same variants wherever it stands
    arms = {each: _arm(dice, scope, depth) for each in ("x", "y", *(["z"] if name == "three" else []))}
    return s.Split(name, arms, weights={"x": 3, "y": 1, "z": 2} if name == "three" else None)


def _at_once(dice, scope, depth):
    refs = {"referrals": (None, "x"), "cases": ("x", "y", "x", c.event.k)}
    ref = dice.pick(*refs.get(dice.about, (None, "x", c.trigger.k)))
    options = [
        s.SetTrait("t", dice.pick(1, 2, c.event.n, c.trigger.n)),
        s.SetTrait("day", dice.pick(*DAYS)),
        s.Emit(f"e{scope.number}", {"n": c.event.n, "k": c.trigger.k}),
        s.OpenCase(dice.pick(*CASES), ref=ref),
        s.CloseCase(dice.pick(*CASES), ref=ref),
        s.MoveTo(dice.pick(*STAGES)),
        s.MoveTo(dice.pick(*STAGES)),
        s.Exit(dice.pick("enough", "other")),
        *map(s.Enrol, scope.enrols),
        *([_call(dice, scope)] if scope.calls else []),
    ]
    return dice.pick(*options)


def rule(dice: Dice, journey: str, number: int, total: int) -> Rule:
    """A rule; it may listen to what earlier rules emit and enrol into later ones, so that few turn in circles."""
    name = f"{journey}-r{number}"
    types = (*TYPES, *(f"e{n}" for n in range(number)))
    pool = tuple(message(dice, f"{name}-m{n}") for n in dice.upto(2, 1))
    enrols = tuple(f"{journey}-r{n}" for n in range(number + 1, total))
    others = _first_messages(journey, total)
    collect = dice.pick(hours(6), hours(12), days(1), days(3)) if dice.once_in(5) else None
    scope = Scope(types, in_run=True, messages=pool, number=number, enrols=enrols, collects=collect is not None)
    scope = attrs.evolve(scope, calls=dice.once_in(5), others=others)
    then = [sending(pool[0])] if dice.about == "messages" else []
    then += [_call(dice, scope)] if scope.calls else []
    then += steps(dice, scope)
    sent = {each.message.name for each in s.flat(then) if isinstance(each, s.Send)}
    then += [sending(each) for each in pool if each.name not in sent]  # or conditions would name what is never sent
    return Rule(
        name,
        when=[t.On("a"), t.On(dice.pick("b", "c"))]
        if dice.once_in(5)
        else trigger(dice, types, (), _first_messages(journey, number)),
        given=_given(dice, attrs.evolve(scope, messages=()), 4),
        then=then,
        limit=limit(dice),
        key=_key(dice),
        concurrency=dice.pick("ignore", "parallel", "ignore", "restart"),
        exit=_exits(dice, scope),
        goal=_goal(dice, scope),
        priority=dice.pick(0, 1),
        collect=collect,
    )


def _key(dice):
    """The property that a rule's runs are about."""
    if dice.about == "referrals":
        return dice.pick("k", "referral", None)
    if dice.about == "cases":
        return dice.pick("k", "ref")
    return "k" if dice.once_in(2) else None


def _first_messages(journey, many):
    """Of each of these rules a message that it sends for certain."""
    return tuple(f"{journey}-r{number}-m0" for number in range(many))


def _exits(dice, scope):
    if not dice.once_in(4):
        return []
    triggers = [trigger(dice, scope.types, scope.messages, scope.others) for _ in dice.upto(2, 1)]
    return [condition(dice, scope.again) if dice.once_in(2) else each for each in triggers]


def _goal(dice, scope):
    if not dice.once_in(3):
        return None
    within = dice.pick(None, *LENGTHS)
    reached = trigger(dice, scope.types, scope.messages, scope.others)
    return Goal(reached, within=within, given=_given(dice, scope, 4), ends=dice.pick(True, False))


def stage(dice: Dice, name: str, phase: str) -> Stage:
    """A stage."""
    when = [dice.pick(t.On(dice.pick(*TYPES, "e0")), _silence(dice), t.CaseOpened("wish")) for _ in dice.upto(2)]
    after = dice.pick(*STAGES) if dice.once_in(6) else ()
    return Stage(name, phase=phase, when=when, given=_given(dice, Scope(), 4), after=after, reenter=dice.once_in(3))


def _segments(dice):
    """Segments, some declared before those that they ask about."""
    found = [segment(dice, number) for number in range(len(SEGMENTS))]
    return found if dice.pick(True, False) else found[::-1]


def segment(dice: Dice, number: int) -> Segment:
    """A segment; it may ask about those of lower numbers, so that none turns in circles."""
    return Segment(SEGMENTS[number], _of_segment(dice, number))


def _of_segment(dice, number, depth=1):  # noqa: PLR0911 - one for each kind
    match dice.pick(*range(8 if depth else 5)):
        case 0 | 1:
            return _compared(dice, c.count(dice.pick(*TYPES), within=dice.pick(*LENGTHS), where=_plain_where(dice)))
        case 2:
            return c.ever(dice.pick(*TYPES, "e0"), within=dice.pick(*LENGTHS), where=_plain_where(dice))
        case 3:
            within = dice.pick(*LENGTHS, None)
            return _compared(
                dice, dice.pick(c.total("a", "n", within=within), c.last("b").n, c.customer.t, c.customer.u)
            )
        case 4:
            about = [
                c.variant(dice.pick(*SPLITS)) == "x",
                c.in_stage(dice.pick(*STAGES)),
                c.case_open("trouble"),
                c.case_open(ref="x"),
            ]
            return dice.pick(*about, *map(c.in_segment, SEGMENTS[:number]))
        case 5:
            return ~_of_segment(dice, number, depth - 1)
        case 6:
            return _of_segment(dice, number, depth - 1) & _of_segment(dice, number, depth - 1)
        case _:
            return _of_segment(dice, number, depth - 1) | _of_segment(dice, number, depth - 1)


def _plain_where(dice):
    return dice.pick(None, None, None, c.event.k == "x", c.event.n >= c.customer.u, c.event.k == c.customer.t)


def journey(dice: Dice, name: str = "one", *, most_rules: int = 3, look_ahead: timedelta = LOOK_AHEAD) -> Journey:
    """A valid journey."""
    total = dice.pick(*range(1, most_rules + 1))
    return Journey(
        name,
        stages=[stage(dice, *each) for each in zip(STAGES, ("attract", "engage", "delight"), strict=True)],
        rules=[rule(dice, name, number, total) for number in range(total)],
        segments=_segments(dice),
        cases=CASES,
        policy=policy(dice, look_ahead=look_ahead),
    )


# --- policies and histories -----------------------------------------------------------------------------------------


def policy(dice: Dice, *, look_ahead: timedelta = LOOK_AHEAD) -> Policy:
    """A policy of up to two items."""
    most = 0 if dice.about == "messages" and dice.pick(True, True, False) else 2
    return Policy(*(_item(dice) for _ in dice.upto(most)), look_ahead=look_ahead)


def _item(dice):
    kinds = dice.pick(None, ["marketing"], None, ["service"], ["feedback", "gift"])
    channels = dice.pick(None, None, ["email"], ["sms"])
    unknown = dice.pick("deny", "UTC", "America/New_York")
    span = dice.pick(("21:00", "08:00"), ("12:00", "18:00"), ("00:00", "06:00"), ("02:30", "12:00"))
    match dice.pick(*range(10)):
        case 6 | 7:
            over = dice.pick("refuse", "defer", "replace")
            return LiveRuns(dice.pick(1, 2), over=over, kinds=kinds, within=dice.pick(*LENGTHS))
        case 0 | 1:
            per = dice.pick(days(1), hours(6), hours(12), days(2), calendar_days(1), calendar_days(7))
            over = dice.pick("defer", "defer", "deny")
            return Cap(dice.pick(1, 2), per=per, kinds=kinds, channels=channels, over=over)
        case 2:
            return QuietHours(*span, unknown_zone=unknown, kinds=kinds)
        case 3:
            weekdays = dice.pick(None, ["mon", "tue", "wed", "thu", "fri"])
            return SendWindow(span, unknown_zone=unknown, weekdays=weekdays, channels=channels)
        case 4 | 8 | 9:
            cool_off = dice.pick(timedelta(0), *LENGTHS)
            return Hold(while_open=dice.pick(["trouble"], None, ["trouble", "wish"]), kinds=kinds, cool_off=cool_off)
        case _:
            return Spacing(dice.pick(*LENGTHS), kinds=kinds)


@attrs.frozen
class History:
    """What `interpreter.run` plays: people, events in order of arrival, and the last instant."""

    customers: dict
    events: list
    end: int


def history(dice: Dice, journey: Journey | None = None, *, most_events: int = 24, span_days: int = 8) -> History:
    """A history of one or two customers; with a journey, now and then the host enrols somebody into a rule."""
    names = ("ann", "bob", "cat") if dice.about == "referrals" else dice.pick(("ann",), ("ann", "bob"))
    customers = {name: _person(dice) for name in names}
    rules = [rule.name for rule in journey.rules] if journey else []
    events = [_event(dice, tuple(customers), rules, span_days) for _ in dice.upto(most_events, 1)]
    events = sorted(events, key=lambda event: event.recorded_at)
    events = [attrs.evolve(event, id=f"t{number}") for number, event in enumerate(events)]
    if dice.once_in(3):
        again = dice.pick(*events)
        events += [_again(dice, again)] if again.act not in ONCE else []
    end = START + length(days(span_days + 10))
    return History(customers, sorted(events, key=lambda event: event.recorded_at), end)


def _again(dice, event):
    """The same touchpoint recorded once more, or another under its id."""
    other = event.properties if dice.pick(True, False) or event.act != "touchpoint" else {"n": 9}
    return attrs.evolve(event, properties=other, recorded_at=event.recorded_at + dice.pick(0, 1, 2) * GRID)


def _person(dice):
    traits = {name: dice.pick(0, 1, 2, 3) for name in ("t", "u") if dice.pick(True, False)}
    if dice.pick(True, False):
        traits["day"] = dice.pick(*DAYS)
    grants = dice.pick(EVERY_KIND, EVERY_KIND, EVERY_KIND, frozenset({"marketing"}), frozenset())
    return Person(dice.pick(*ZONES), traits, grants)


def _event(dice, names, rules, span_days):  # noqa: PLR0911 - one for each kind
    name = dice.pick(*names)
    beside = dice.pick(0, 0, 0, 0, 0, 0, -1, 1)
    recorded_at = START + dice.pick(*range(span_days * 4)) * GRID + beside
    if dice.about == "referrals":
        if dice.pick(True, False, False):
            return _brings(dice, name, names, recorded_at)
    elif dice.about and dice.pick(True, False):
        made = {"messages": _told, "changes": _learnt, "cases": _of_a_case}[dice.about]
        return made(dice, name, recorded_at)
    match dice.pick(*range(13)):
        case 10:
            return _told(dice, name, recorded_at)
        case 11:
            return _learnt(dice, name, recorded_at)
        case 6 | 7 | 8:
            return _of_a_case(dice, name, recorded_at)
        case 9 if rules:
            return Event(name, dice.pick(*rules), recorded_at, act="enrol")
        case 12:
            return _brings(dice, name, names, recorded_at)
    late = dice.pick(*[0] * 9, 1, 4, 28, 29, 40) * GRID
    drawn = {"n": dice.pick(1, 2, 3, 0, None), "k": dice.pick("x", "y", None), "flag": dice.pick(None, True, False)}
    properties = {name: value for name, value in drawn.items() if value is not None}
    direction = dice.pick("inbound", "inbound", "inbound", "inbound", "outbound")
    type_, channel = dice.pick("a", "a", "b", "b", "c", "d"), dice.pick(None, "sms", "email")
    at, about = recorded_at - late, (dice.pick(*CASES).name, "x") if dice.once_in(4) else None
    return Event(name, type_, at, properties, channel, direction=direction, recorded_at=recorded_at, about=about)


def _of_a_case(dice, name, recorded_at):
    """A person opens, closes or answers a case; an answer may be told of later."""
    act, ref = dice.pick("open_case", "open_case", "close_case", "answer_case"), {"ref": dice.pick("x", "x", "y")}
    at = recorded_at - (dice.pick(0, 0, 1, 3) * GRID if act == "answer_case" else 0)
    return Event(name, dice.pick(CASES[0], CASES[0], CASES[1]).name, at, ref, recorded_at=recorded_at, act=act)


def _told(dice, name, recorded_at):
    """What a provider tells of the message that the customer got last."""
    what = dice.pick("opened", "delivered", "clicked", "replied", "bounced", "failed")
    machine = {"machine": True} if what in ("opened", "clicked") and dice.once_in(4) else {}
    return Event(name, what, recorded_at, machine, act="receipt")


def _brings(dice, name, names, recorded_at):
    """A customer refers another, or themselves; now and then it is told late."""
    late = dice.pick(*[0] * 9, 1, 4, 28, 29, 40) * GRID
    return Event(name, dice.pick(*names), recorded_at - late, recorded_at=recorded_at, act="refer")


def _learnt(dice, name, recorded_at):
    """What the host tells of a customer."""
    match dice.pick(*range(4)):
        case 0 | 1:
            return Event(name, "", recorded_at, {"t": dice.pick(1, 2, 3, 0)}, act="identify")
        case 2:
            granted = {"granted": dice.pick(False, True)}
            return Event(name, dice.pick("marketing", "service"), recorded_at, granted, act="consent")
        case _:
            wishes = {"channels": dice.pick((), ("fax",)), "topics": dice.pick((), ("news",))}
            return Event(name, "", recorded_at, wishes, act="prefer")


# --- worlds ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class World:
    """All that `interpreter.run` takes."""

    journeys: list
    policy: Policy
    history: History


def world(dice: Dice, *, look_ahead: timedelta = LOOK_AHEAD, about: str = "") -> World:
    """One or two journeys, a house policy, and a history; `about` as for `Dice`."""
    dice.about = about
    journeys = [journey(dice, "one", look_ahead=look_ahead)]
    if dice.once_in(3):
        journeys.append(journey(dice, "two", most_rules=1, look_ahead=look_ahead))
    return World(journeys, policy(dice, look_ahead=look_ahead), history(dice, journeys[0]))


def _made(make):
    def strategy(*args, **more) -> st.SearchStrategy:
        """The same as a Hypothesis strategy."""
        return st.binary(min_size=BYTES, max_size=BYTES).map(lambda data: make(Dice(data), *args, **more))

    return strategy


journeys = _made(journey)
policies = _made(policy)
histories = _made(history)
worlds = _made(world)
