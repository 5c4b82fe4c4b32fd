"""What the reference keeps of people, events, runs and messages. Instants are microseconds since 1970 UTC."""

import json

import attrs

from reference.referrals import meets_referral
from touchpoint.journey import conditions as c
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.changes import ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.outcomes import Ended, Failed, MessageTrigger

LATE_AFTER = 7 * 86_400_000_000


@attrs.frozen
class Person:
    """A customer, reachable on every channel; `grants` are the kinds of message agreed to."""

    zones: tuple = ("UTC",)
    traits: dict = attrs.field(factory=dict)
    grants: frozenset = frozenset()


@attrs.frozen
class Event:
    """A touchpoint; or an act of the host.

    `act` is then open_case, close_case or answer_case (`type` the kind, property `ref` what it is about), enrol (`type`
    a rule), or refer (`type` the friend). `about` is the case (kind, ref) that a touchpoint belongs to.
    """

    customer: str
    type: str
    at: int
    properties: dict = attrs.field(factory=dict)
    channel: str | None = None
    id: str | None = None
    direction: str = "inbound"
    recorded_at: int = attrs.field(default=attrs.Factory(lambda self: self.at, takes_self=True))
    act: str = attrs.field(default="touchpoint", kw_only=True)
    about: tuple | None = attrs.field(default=None, kw_only=True)


@attrs.frozen(eq=False)
class Occurrence:
    """What rules react to.

    `what` is a trigger that it meets, with its journey filled in; None for a touchpoint. `message` is the `Pending`
    that it belongs to, `about` the case (kind, ref).
    """

    kind: str
    name: str
    at: int
    id: str
    properties: dict = attrs.field(factory=dict)
    channel: str | None = None
    direction: str = "internal"
    recorded_at: int = 0
    what: object = None
    message: object = None
    about: tuple | None = None

    @property
    def late(self):
        if self.kind == "touchpoint":
            return self.recorded_at - self.at > LATE_AFTER
        return self.kind in ("joined", "left_segment") and self.properties.get("late", False)


@attrs.define(eq=False)
class Run:
    """One run of a rule.

    `todo` are the steps still to take, `step` the one it is blocked in, and `due` when that one ends by itself.
    """

    path: tuple
    rule: object
    key: object
    trigger: Occurrence
    started: int
    seq: int
    rank: tuple
    event: Occurrence
    todo: list
    step: object = None
    due: float | None = None
    looked: int = 0
    ready: bool = True
    ended: str | None = None
    reached: bool = False
    kept: list = attrs.field(factory=list)
    arrivals: int = 0
    mark: int = 0
    taken: int = 0
    outcomes: dict = attrs.field(factory=dict)
    collected: list | None = None
    back: list | None = None
    results: dict = attrs.field(factory=dict)
    cases: list = attrs.field(factory=list)

    @property
    def live(self):
        return self.ended is None


@attrs.frozen(eq=False)
class Calling:
    """What a call of a host's function sends: its arguments, which the function gives back."""

    name: str
    arguments: dict
    exempt = True
    counted = False


@attrs.define(eq=False)
class Pending:
    """A message on its way to its end."""

    what: object
    still: object
    run: Run
    journey: str
    priority: int
    first_due: int
    expires_at: int
    seq: int
    ask_at: float
    status: str | None = None
    channel: str | None = None
    held: bool = False
    back: list | None = None
    step: object = None
    cases: tuple = ()


@attrs.frozen
class HandOver:
    """What the customer got."""

    at: int
    journey: str
    message: str
    kind: str
    channel: str
    counted: bool


@attrs.define
class Program:
    """What all customers share."""

    journeys: list
    policy: object
    most_work: int
    spent: dict = attrs.field(factory=dict)
    work: int = 0

    @property
    def by_name(self):
        return {journey.name: journey for journey in self.journeys}

    @property
    def rules(self):
        return [(journey.name, rule) for journey in self.journeys for rule in journey.rules]

    def hears(self, message, status):
        """Whether anybody waits for this end of a message."""
        return any(each.message == message and _names_end(each, status) for each in self.timed(MessageTrigger))

    @property
    def segments(self):
        """Every (journey, segment) as declared, but right before each those that it asks about."""
        declared = {(journey.name, each.name): each for journey in self.journeys for each in journey.segments}
        placed = {}

        def place(journey, name):
            segment = declared[journey, name]
            for asked in _asked_segments(journey, segment.condition):
                if asked in declared and asked not in placed:
                    place(*asked)
            placed.setdefault((journey, name), segment)

        for each in declared:
            place(*each)
        return [(journey, segment) for (journey, _), segment in placed.items()]

    def timed(self, kind):
        """Every trigger of a kind that some rule or stage names, in reading order, its journey filled in."""
        named = []
        for journey in self.journeys:
            parts = [*(stage.when for stage in journey.stages)]
            for rule in journey.rules:
                goal = rule.goal.trigger if rule.goal else ()
                waits = [step.trigger for step in s.flat(rule.then) if isinstance(step, s.WaitFor)]
                parts += [rule.when, rule.exit, goal, *waits]
            named += [_resolved(each, journey.name) for part in parts for each in part if isinstance(each, kind)]
        return list(dict.fromkeys(named))


def _asked_segments(journey, condition):
    return [(node.journey or journey, node.segment) for node in c.walk(condition) if isinstance(node, c.InSegment)]


def _resolved(trigger, journey):
    in_one = t.Entered | t.Left | t.Dwelt | t.Joined | t.LeftSegment
    in_journey = isinstance(trigger, in_one) and trigger.journey is None
    return attrs.evolve(trigger, journey=journey) if in_journey else trigger


def meets(trigger, occurrence, journey, rule=None, run=None):  # noqa: PLR0911 - one for each kind
    """Whether an occurrence is what a trigger names; `run`: that waits for it, exits or has its goal by it."""
    if isinstance(trigger, MessageTrigger):
        own = run is not None and not trigger.any_run
        return _tells_own(trigger, occurrence, run) if own else _tells(trigger, occurrence)
    if isinstance(trigger, TraitChanged):
        is_it = occurrence.kind == "trait_changed" and occurrence.name == trigger.trait
        return is_it and (trigger.to is None or occurrence.properties["value"] == trigger.to)
    if isinstance(trigger, ConsentChanged | PreferenceChanged):
        any_value = trigger if isinstance(trigger, PreferenceChanged) else attrs.evolve(trigger, to=None)
        is_it = occurrence.what == any_value
        return is_it and getattr(trigger, "to", None) in (None, occurrence.properties.get("value"))
    if isinstance(trigger, t.Referred):
        return meets_referral(trigger, occurrence)
    if isinstance(trigger, t.CaseOverdue):
        is_it = occurrence.kind == "case_overdue" and occurrence.name == trigger.case
        return is_it and trigger.which in (None, occurrence.properties["deadline"])
    if isinstance(trigger, t.On):
        return occurrence.kind == "touchpoint" and occurrence.name == trigger.type
    if isinstance(trigger, t.Enrolled):
        return rule is not None and enrols(occurrence, rule)
    return occurrence.what == _resolved(trigger, journey)


def enrols(occurrence, rule):
    """Whether an occurrence is an enrolment into this rule."""
    return occurrence.kind == "enrolled" and occurrence.name == rule.name


def same(one, other):
    """Whether two keys are the same JSON value: True is not 1."""
    return type(one) is type(other) and one == other


def ref_text(value):
    """A case's ref as text."""
    return value if isinstance(value, str) else json.dumps(value)


def _names_end(trigger, status):
    """Whether a trigger by what becomes of a message names this end of it."""
    if isinstance(trigger, Ended):
        return trigger.as_ in (None, status)
    return type(trigger).__name__.lower() == status


def _tells(trigger, occurrence):
    """Whether this is what became of any message of that name: an end, or the very thing that came back."""
    if occurrence.kind == "ended":
        return occurrence.name == trigger.message and _names_end(trigger, occurrence.properties["status"])
    if occurrence.kind != "touchpoint" or occurrence.properties.get("message") != trigger.message:
        return False
    names = ("bounced", "failed") if isinstance(trigger, Failed) else (type(trigger).__name__.lower(),)
    return occurrence.name in names and not occurrence.properties.get("machine")


def _tells_own(trigger, occurrence, run):
    """The same for the message of a run, of which a later thing proves what comes before it."""
    if occurrence.message is None or occurrence.message.run is not run:
        return False
    if occurrence.message.what.name != trigger.message:
        return False
    if occurrence.kind == "ended":
        return _names_end(trigger, occurrence.properties["status"])
    proofs = {
        "Delivered": ("delivered", "opened", "clicked", "replied", "feedback"),
        "Opened": ("opened", "clicked", "replied", "feedback"),
        "Clicked": ("clicked",), "Replied": ("replied",), "Failed": ("bounced", "failed"),
    }  # fmt: skip
    kind = type(trigger).__name__
    if occurrence.properties.get("machine"):
        return kind == "Delivered"
    return occurrence.name in proofs.get(kind, ())
