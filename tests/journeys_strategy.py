"""Valid journeys that use every part of the data language, for the laws of validation and serialisation."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import attrs
from dateutil import relativedelta as rd
from hypothesis import strategies as st

from touchpoint.durations import days, forever, months
from touchpoint.journey import changes, outcomes, steps, triggers
from touchpoint.journey.calendar_triggers import usual
from touchpoint.journey.conditions import (
    case_open,
    clicked,
    collected,
    consented,
    count,
    customer,
    delivered,
    event,
    ever,
    failed,
    in_segment,
    in_stage,
    last,
    now,
    opened,
    outcome,
    replied,
    result,
    total,
    trigger,
)
from touchpoint.journey.content_rules import ContentRule, ContentRules, Sender
from touchpoint.journey.familiarity import Familiarity
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, ConsentRule, ConsentRules, Hold, Policy, Spacing
from touchpoint.journey.requirements import (
    ComplaintRate,
    Keywords,
    LinkLife,
    OneClickUnsubscribe,
    OptOutText,
    OptOutWithin,
    PostalAddress,
    QuietHoursIn,
    SenderIdentity,
    SessionWindow,
)
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.waiver import Waiver
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.journey.wording import Wording
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.business import BusinessHours, BusinessTime
from touchpoint.model.case import SEVERITIES, CaseType
from touchpoint.model.limits import cool_down, once, once_per_stage, times
from touchpoint.model.message import Content, Gift, Message, Survey


@attrs.frozen
class OrderPlaced:
    """A declared touchpoint type with the properties that the strategies use."""

    n: int
    k: str = ""
    due: date | None = None
    extra: object = None


@attrs.frozen
class Person:
    """Declared traits with the names that the strategies use."""

    vip: bool = False
    age: int | None = None
    renewal: date | None = None
    home: object = None


DECLARED = (OrderPlaced, Person)
STAGES, CASES, TYPES = ("new", "regular", "lapsed"), ("late", "complaint"), ("order_placed", "review", "shop:visit")
ZONES = ("Europe/Madrid", "America/New_York", "UTC")

TOLD = (opened, clicked, delivered, replied, failed)
texts = st.text(max_size=8)
types = st.sampled_from(TYPES)
kinds = st.sampled_from(["service", "marketing", "gift", "feedback"])
channels = st.sampled_from(["email", "sms", "post"])
elapsed = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=400))
clocks = st.sampled_from(["00:00", "09:00", "21:30", "23:59:59"])
weekdays = st.sampled_from([rd.MO, rd.FR(-1), rd.SU(+2)])
calendar = st.builds(
    rd.relativedelta,
    years=st.integers(0, 2),
    months=st.integers(0, 14),
    days=st.integers(-3, 40),
    hours=st.integers(0, 30),
    leapdays=st.integers(0, 1),
    day=st.none() | st.integers(1, 31),
    hour=st.none() | st.integers(0, 23),
    weekday=st.none() | weekdays,
)
periods = elapsed | st.sampled_from([rd.relativedelta(days=1), rd.relativedelta(months=1)])
lengths = elapsed | calendar
timeouts = lengths | st.just(forever)
maybe_zone = st.none() | st.sampled_from(ZONES) | st.sampled_from(ZONES).map(ZoneInfo)
numbers = st.integers(0, 10**20) | st.decimals(0, 10**6, places=2) | st.floats(0, 10**6)
instants = st.datetimes(
    datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.sampled_from([UTC, ZoneInfo(ZONES[1])])
)
scalars = st.one_of(
    st.none(), st.booleans(), texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-1000, 1000, places=3), instants, st.dates(), st.timedeltas(timedelta(-9), timedelta(9)),
)  # fmt: skip
literals = scalars | st.lists(scalars, max_size=3)


# --- conditions -------------------------------------------------------------------------------------------------------

wheres = st.sampled_from([
    None, event.n > 3, event.k == trigger.k, (event.k == customer.home.city) & ~(event.n == Decimal("1.50")),
    event.extra["order-id"].in_(["a", "b"]),
])  # fmt: skip
windowed = wheres | st.just((event.n < trigger.n) | event.k.exists())


@cache
def values(messages=()):
    """An expression with a value to compare."""
    fields = [
        event.n,
        trigger.k,
        event.extra["order-id"],
        customer.home.city,
        customer.age,
        now,
        event.due - timedelta(days=3),
    ]
    options = [
        st.sampled_from(fields),
        st.builds(lambda a, b: (a + b) * 2 / Decimal("0.5"), st.sampled_from([event.n, customer.age]), st.integers()),
        st.builds(lambda t, w, o: count(t, within=w, where=o), types, elapsed, windowed),
        st.builds(lambda t, o: count(t, where=o), types, wheres),
        st.builds(lambda t, w: total(t, of="n", within=w), types, elapsed),
        st.builds(lambda t, o: total(t, of=event.extra.price, where=o), types, wheres),
        st.builds(lambda t, o: last(t, where=o).extra.price, types, wheres),
    ]
    if messages:
        options.append(st.sampled_from(messages).map(outcome))
    return st.one_of(options)


@cache
def conditions(messages=()):
    """A condition; `messages` are the names of those whose outcome it may ask."""
    compared = st.one_of(*(
        st.builds(build, values(messages), literals)
        for build in (
            lambda a, b: a == b, lambda a, b: a != b, lambda a, b: a < b, lambda a, b: a >= b, lambda a, b: b <= a,
            lambda a, b: a.contains(b), lambda a, b: a.in_([b, "x"]),
        )
    ))  # fmt: skip
    asked = st.one_of(
        compared,
        st.builds(lambda t, o: ever(t, where=o), types, wheres),
        st.sampled_from(
            [customer.vip, event.k.exists(), case_open(), case_open("late", ref=trigger.k), case_open("complaint", "x")]
        ),
        st.sampled_from(
            [
                in_stage("new"),
                in_stage("elsewhere", journey="another"),
                ever("review", within=timedelta(days=2)),
                in_segment("vip"),
                in_segment("theirs", journey="another"),
                consented("personalisation"),
                consented("news", channel="email"),
            ]
        ),
    )
    if messages:
        asked |= st.builds(lambda make, name: make(name), st.sampled_from(TOLD), st.sampled_from(messages))
    return st.recursive(
        asked,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            inner.map(lambda a: ~a),
        ),
        max_leaves=4,
    )


segment_conditions = st.sampled_from(
    [
        customer.vip & ~case_open(),
        ever("review", within=timedelta(days=2)) | in_stage("new"),
        ever("review", where=event.k == "x") & ~in_segment("theirs", journey="another"),
    ]
)


# --- parts ------------------------------------------------------------------------------------------------------------

contents = st.builds(
    Content,
    text=st.sampled_from(["Hello {customer.home.name|there}", "{{literally}}"]),
    subject=st.none() | st.just("Order {trigger.k:upper|}"),
    html=st.none() | st.just("<b>{event.n}</b>"),
    promotional=st.booleans(),
)
by_locale = st.fixed_dictionaries({"*": contents}, optional={"de": contents, "en-GB": contents})
limits = st.one_of(
    st.builds(times, st.integers(1, 9), per=st.none() | periods), st.just(once()), st.builds(cool_down, periods)
)  # fmt: skip


BUDGETS = [
    Budget("fund", 500, "EUR", per=months(1), zone="Europe/Madrid", per_customer=Decimal("20.50"), over="deny"),
    Budget("rolling", Decimal(100), "EUR", per=days(30)),
    Budget("once", 10_000, "EUR"),
]
SHELF = Stock("mugs", 4, none_left="wait")


@cache
def wordings():
    """Up to two wordings of a message."""
    given, uses = conditions(), st.sampled_from([(), ("vip",)])
    one = st.builds(Wording, st.sampled_from(["vips", "a/b@c"]), given=given, content=contents | by_locale, uses=uses)
    return st.lists(one, max_size=2, unique_by=lambda each: each.name)


@st.composite
def messages(draw, name):
    """A message, survey or gift of this name."""
    on = draw(st.lists(channels, min_size=1, unique=True))
    common = {
        "why": "because", "wants": draw(texts), "feels": draw(texts), "channels": on,
        "content": draw(contents | by_locale | by_locale.map(lambda some: {f"{on[0]}/de": Content(text="x"), **some})),
        "topic": draw(st.none() | st.just("news")), "uses": draw(st.sampled_from([(), ("vip",)])),
        "expires": draw(st.none() | elapsed), "priority": draw(st.integers(-5, 5)), "cost": draw(numbers),
        "exempt": draw(st.booleans()), "counted": draw(st.booleans()), "limit": draw(st.none() | limits),
        "on_release": draw(st.sampled_from(["send", "drop", "replan"])), "wordings": draw(wordings()),
    }  # fmt: skip
    match draw(st.integers(0, 2)):
        case 0:
            return Message(name, kind=draw(kinds), **common)
        case 1:
            kind, points = draw(st.sampled_from([("nps", None), ("text", None), ("csat", (1, 10)), ("ces", None)]))
            return Survey(name, scale=kind, points=points, incentive=draw(texts), **common)
    occasion = draw(st.sampled_from(["thank", "apologise", "celebrate", "care"]))
    if draw(st.booleans()):
        worth = draw(numbers)
        budget = draw(st.none() | st.just(worth))
        return Gift(name, occasion=occasion, worth=worth, currency="EUR", budget=budget, **common)
    return Gift(
        name, occasion=occasion, worth=draw(st.sampled_from([5, Decimal("9.50")])), currency="EUR",
        budget=draw(st.sampled_from(BUDGETS)), stock=draw(st.none() | st.integers(0, 9) | st.just(SHELF)),
        approve_above=draw(st.none() | st.just(Decimal("7.25"))), worth_back=draw(st.booleans()), **common,
    )  # fmt: skip


@cache
def trigger_lists():
    """Triggers of every kind."""
    ahead = lengths.filter(_not_negative)
    rounds = st.sampled_from(
        ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY", "freq=monthly;byday=+1mo,-1FR", "RRULE:FREQ=YEARLY;COUNT=4;WKST=SU"]
    )
    one = st.one_of(
        types.map(triggers.On),
        st.sampled_from([triggers.Entered("new"), triggers.Left("lapsed"), triggers.Entered("x", journey="another")]),
        st.sampled_from([triggers.Joined("vip"), triggers.LeftSegment("vip"), triggers.Joined("x", journey="another")]),
        st.builds(triggers.Dwelt, st.just("regular"), elapsed),
        st.sampled_from([triggers.CaseOpened("late"), triggers.CaseClosed("complaint"), triggers.Enrolled()]),
        st.sampled_from(
            [triggers.CaseReopened("late"), triggers.CaseMerged("late"), triggers.CaseEscalated("late", 2)]
        ),
        st.builds(triggers.CaseOverdue, st.just("late"), st.sampled_from([None, "response", "resolution"])),
        st.builds(triggers.Silent, elapsed, of=st.none() | types),
        st.builds(
            triggers.Anniversary,
            st.just("renewal"),
            at=clocks,
            before=ahead,
            unknown_zone=maybe_zone,
        ),
        st.builds(triggers.Referred, st.none() | types),
        st.builds(changes.TraitChanged, st.sampled_from(["vip", "age"]), to=scalars),
        st.builds(
            changes.ConsentChanged,
            st.none() | kinds,
            st.none() | channels,
            to=st.none() | st.sampled_from(changes.STANDINGS),
        ),
        st.builds(changes.PreferenceChanged, st.none() | st.sampled_from(changes.WISHES)),
        st.builds(
            outcomes.Ended, st.just("any"), as_=st.none() | st.sampled_from(outcomes.ENDS), any_run=st.just(True)
        ),
        st.sampled_from(outcomes.MESSAGE_TRIGGERS).map(lambda kind: kind("any", any_run=True)),
        st.builds(triggers.DateDue, st.just("renewal"), at=clocks, before=ahead, unknown_zone=maybe_zone),
        st.builds(triggers.DateDue, st.just("renewal"), at=clocks, after=ahead, unknown_zone=maybe_zone),
        st.builds(triggers.Schedule, rounds, at=clocks, start=st.just(date(2026, 3, 2)), unknown_zone=maybe_zone),
        st.builds(
            triggers.Silent,
            st.sampled_from([usual(), usual(1.5), usual(Decimal("0.75"))]),
            of=st.none() | types,
            at_least=elapsed,
            otherwise=elapsed,
        ),
    )
    return st.lists(one, min_size=1, max_size=3)


def _not_negative(length):
    return not isinstance(length, timedelta) or length >= timedelta(0)


properties = st.dictionaries(st.sampled_from(["type", "n", "a b"]), literals | values())
refs = st.none() | st.just("r") | st.just(trigger.k)
severities = st.none() | st.sampled_from(SEVERITIES) | st.just(trigger.how)
offices = st.sampled_from([
    BusinessHours(("09:00", "17:00"), zone="Europe/Berlin"),
    BusinessHours(("22:00", "06:00"), ("08:00", "12:30"), zone="UTC", weekdays=None, holidays=[date(2026, 12, 25)]),
])  # fmt: skip
within = elapsed.filter(lambda lasts: lasts <= timedelta(days=300)).flatmap(
    lambda lasts: st.just(lasts) | st.builds(BusinessTime, st.just(lasts), offices)
)
promises = within | st.dictionaries(st.sampled_from(SEVERITIES), within, min_size=1)


@st.composite
def step_lists(draw, pool, ids, depth=2):
    """Steps; `pool` holds the messages of the rule by name, `ids` makes names that no step has yet."""
    return [draw(_step(pool, ids, depth)) for _ in range(draw(st.integers(0, 3)))]


THANKS = Message("many thanks", why="because", channels=("email",), content=Content(text="Thanks"))
follow_ups = st.fixed_dictionaries(
    {},
    optional={
        "remind": st.sampled_from([timedelta(3), (timedelta(1), timedelta(2))]), "thank": st.just(THANKS),
        "within": st.sampled_from([timedelta(7), timedelta(30)]),
    },
)  # fmt: skip


@st.composite
def _step(draw, pool, ids, depth):
    asks = conditions(tuple(pool))
    more = {"id": draw(st.none() | st.just(None).map(lambda _: next(ids)))}

    def arm():
        return draw(step_lists(pool, ids, depth - 1)) if depth else []

    sample = draw(st.sampled_from(range(14)))
    if sample == 0:
        message = draw(st.sampled_from(list(pool.values())))
        make = {Survey: steps.Ask, Gift: steps.Give}.get(type(message), steps.Send)
        if make is steps.Ask and (follow := draw(st.just({}) | follow_ups)):
            more |= follow
            message = attrs.evolve(message, name=next(ids))  # what is followed up is asked in one place
        return make(message, still=draw(st.none() | asks), otherwise=arm(), **more)
    if sample == 1:
        until = draw(clocks | st.sampled_from([customer.renewal, event.due]))
        at = None if isinstance(until, str) else draw(st.none() | clocks)
        return steps.Wait(until=until, at=at, unknown_zone=draw(maybe_zone), **more)
    waiting = {"timeout": draw(timeouts), "unknown_zone": draw(maybe_zone)}
    plain = [
        lambda: steps.Wait(draw(lengths), unknown_zone=draw(maybe_zone), **more),
        lambda: steps.WaitFor(
            draw(trigger_lists()), then=arm(), otherwise=arm(), given=draw(st.none() | asks),
            since=draw(st.sampled_from(["send", "now", "run"])), **waiting, **more,
        ),
        lambda: steps.WaitUntil(draw(asks), then=arm(), otherwise=arm(), **waiting, **more),
        lambda: steps.Branch(draw(asks), then=arm(), otherwise=arm(), **more),
        lambda: steps.Split("offer", {"a": arm(), "b": arm()}, **more),
        lambda: steps.Best(
            "win", [steps.Candidate("a", arm(), value=draw(st.integers(-9, 9)), given=draw(st.none() | asks)),
                    steps.Candidate("b", value=1.5)], otherwise=arm(), **more,
        ),
        lambda: draw(st.sampled_from([steps.MoveTo, steps.Enrol, steps.Exit]))("new", **more),
        lambda: steps.SetTrait("vip", draw(literals | values(tuple(pool))), **more),
        lambda: steps.Emit(draw(types), draw(properties), **more),
        lambda: steps.Branch(result("ship").n == "x", then=[steps.Call("ship", **more)]),
        lambda: steps.Call("ship", draw(properties), otherwise=arm(), **more),
        lambda: draw(st.sampled_from([steps.OpenCase, steps.CloseCase]))("late", ref=draw(refs), **more),
        lambda: steps.OpenCase("late", severity=draw(severities), owner=draw(st.none() | st.just("care")), **more),
    ]  # fmt: skip
    return plain[sample - 2]()


@st.composite
def rules(draw, name, pool):
    """A rule that begins by sending each of its messages, so that their outcome may be asked."""
    ids = (f"step {n}" for n in range(10_000))
    own = draw(st.lists(st.sampled_from(sorted(pool)), min_size=1, max_size=2, unique=True))
    collect = draw(st.none() | st.none() | elapsed)
    asks = conditions(tuple(own))
    if collect is not None:
        asks |= st.sampled_from([collected.count >= 3, collected.last.n > collected.first.n, collected.all.k == ["x"]])
    return Rule(
        name,
        when=draw(trigger_lists()),
        given=draw(st.none() | asks),
        then=[*(steps.Send(pool[each]) for each in own), *draw(step_lists({each: pool[each] for each in own}, ids))],
        why=draw(texts),
        limit=draw(st.none() | limits | st.just(once_per_stage(per_key=True))),
        key=draw(st.sampled_from([None, "k"])),
        concurrency=draw(st.sampled_from(["ignore", "restart", "parallel"])),
        exit=draw(st.lists(trigger_lists().map(lambda each: each[0]) | asks, max_size=2)),
        goal=draw(st.none() | goals(asks)),
        priority=draw(st.integers(-3, 3)),
        collect=collect,
    )  # fmt: skip


def goals(asks):
    """A goal; `asks` gives its conditions."""
    return st.builds(Goal, trigger_lists(), within=st.none() | elapsed, given=st.none() | asks, ends=st.booleans())


scopes = st.none() | st.lists(kinds, min_size=1, max_size=2, unique=True)
unknown_zones = st.just("deny") | st.sampled_from(ZONES)
words = st.lists(st.sampled_from(["STOP", "Ende", "help me"]), max_size=2)
requirements = st.one_of(
    st.builds(SenderIdentity, contact=st.booleans()),
    st.just(PostalAddress()),
    st.builds(OptOutText, st.sampled_from(["words", "link"]), phrases=words),
    st.just(OneClickUnsubscribe()),
    st.builds(LinkLife, st.integers(1, 90)),
    st.builds(OptOutWithin, st.integers(1, 30), business=st.booleans()),
    st.builds(
        QuietHoursIn,
        st.just("21:00"),
        st.sampled_from(["08:00", "24:00"]),
        weekdays=st.none() | st.just(["sat", "sun"]),
        holidays=st.sampled_from([(), "US", ("US", "US-RI")]),
    ),
    st.builds(
        ComplaintRate,
        st.floats(0.0001, 1),
        provider=st.sampled_from([None, "gmail", "yahoo"]),
        minimum=st.integers(1, 10_000),
    ),
    st.builds(SessionWindow, st.integers(1, 100), closed=st.sampled_from(["next", "wait"])),
    st.builds(Keywords, stop=words, help=words),
)
senders = st.builds(
    Sender,
    texts,
    also=words,
    postal=texts,
    contact=texts,
    one_click=st.sampled_from([(), "email"]),
    links_live=st.none() | st.integers(1, 90),
    opt_outs_within=st.integers(0, 20),
    approved=st.sampled_from([(), "hello"]),
    answers=words,
)
content_rules = st.builds(
    ContentRules,
    st.lists(
        st.builds(
            ContentRule,
            name=st.sampled_from(["can-spam/opt-out", "our own", "x"]),
            asks=requirements | st.lists(requirements, min_size=1, max_size=3),
            kinds=scopes,
            except_kinds=st.sampled_from([(), "service", ("service", "gift")]),
            channels=st.sampled_from(["sms", ("email", "whatsapp")]),
            jurisdictions=st.none() | st.just("US-FL") | st.just(["EU", "GB"]),
            source=texts,
            url=texts,
            valid_from=st.none() | st.dates(date(2000, 1, 1), date(2020, 1, 1)),
            valid_until=st.none() | st.dates(date(2020, 1, 2)),
        ),
        max_size=3,
        unique_by=lambda rule: rule.name,
    ),
    sender=senders,
    unknown_jurisdiction=st.sampled_from(["every", "US", "DE-BY"]),
)
policy_items = st.one_of(
    content_rules,
    st.builds(
        QuietHours,
        st.just("21:00"),
        st.sampled_from(["08:00", "24:00"]),
        unknown_zone=unknown_zones,
        kinds=scopes,
        weekdays=st.none() | st.just(["sat", "sun"]),
        holidays=st.lists(st.dates(), max_size=2),
        margin=elapsed,
    ),
    st.builds(
        lambda holidays, **more: SendWindow(("09:00", "12:00"), ("13:00", "24:00"), holidays=holidays, **more),
        st.lists(st.dates(), max_size=2),
        unknown_zone=unknown_zones,
        kinds=scopes,
    ),
    st.builds(
        Cap,
        st.integers(1, 5),
        per=periods,
        kinds=scopes,
        channels=st.none() | st.just("sms"),
        over=st.sampled_from(["defer", "deny"]),
        attempts=st.booleans(),
    ),
    st.builds(Spacing, elapsed, kinds=scopes),
    st.builds(Hold, while_open=st.none() | st.just(CASES), kinds=scopes, cool_off=elapsed),
    st.builds(
        Familiarity,
        personal=segment_conditions | st.booleans(),
        special=st.just(consented("personalisation")),
        ordinary=st.booleans() | segment_conditions,
        purposes=st.sampled_from([None, {"news": in_stage("new")}, {"marketing": True, "type": False}]),
        undeclared=st.sampled_from(["ordinary", "personal", "special"]),
    ),
    st.builds(
        lambda *rules: ConsentRules(rules),
        st.builds(
            ConsentRule,
            needs=st.sampled_from(["grant", "no_withdrawal"]),
            valid_until=st.none() | st.dates(),
            source=texts,
        ),
    ),
)


waivers = st.builds(
    Waiver, st.sampled_from(["TC301", "TC403"]), why=st.just("so"), at=st.sampled_from([None, "rule new", "$.rules[1]"])
)


@st.composite
def journeys(draw):
    """A valid journey."""
    pool = {name: draw(messages(name)) for name in ("hello", "offer")}
    return Journey(
        draw(st.sampled_from(["shop", "Läden & more"])),
        stages=[
            Stage(
                name,
                phase=draw(st.sampled_from(["attract", "engage", "delight"])),
                when=draw(st.just([]) | trigger_lists()),
                given=draw(st.none() | conditions()),
                after=draw(st.sampled_from([(), "new", ("new", "lapsed")])),
                reenter=draw(st.booleans()),
            )
            for name in STAGES
        ],
        segments=[Segment("vip", draw(segment_conditions))],
        rules=[draw(rules(name, pool)) for name in ("new", "second")],
        cases=[
            CaseType(
                CASES[0], respond_within=draw(st.none() | promises), escalate=draw(st.lists(promises, max_size=3))
            ),
            CaseType(
                CASES[1],
                severity="high",
                escalate_until=draw(st.sampled_from(["response", "resolution"])),
                reopen_within=draw(st.none() | elapsed),
            ),
        ],
        policy=Policy(*draw(st.lists(policy_items, max_size=3)), look_ahead=draw(elapsed)),
        touchpoints=draw(st.sampled_from([(), (OrderPlaced,)])),
        traits=draw(st.sampled_from([None, Person])),
        team=draw(st.sampled_from(["", "growth"])),
        waivers=draw(st.lists(waivers, max_size=2)),
    )
