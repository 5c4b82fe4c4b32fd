"""Promises to customers that hold whatever happens, judged from the engine's own journal in random worlds.

The judge knows nothing of how the engine decides: it reads what was sent, and when cases were open.
"""

import os
from contextlib import closing
from datetime import timedelta

import attrs
from hypothesis import HealthCheck, given, reject, settings

from playing import Played
from reference import generate
from reference.interpreter import run
from reference.local import opening, period
from touchpoint.durations import length
from touchpoint.errors import DefectiveJourney
from touchpoint.journey.policy import Cap, Hold, Spacing
from touchpoint.journey.steps import OpenCase, Send, WaitFor, flat
from touchpoint.journey.triggers import CaseClosed, CaseOpened, CaseOverdue, On
from touchpoint.journey.windows import QuietHours, SendWindow

EXAMPLES = max(int(os.environ.get("TOUCHPOINT_REFERENCE_EXAMPLES", "100")) // 2, 1)
WORLDS = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
FREE_KINDS = ("transactional", "service")


@attrs.frozen
class Got:
    """One message that a customer got: the message, its journey, when and on which channel."""

    what: object
    journey: str
    at: int
    channel: str
    customer: str

    @property
    def kind(self):
        return self.what.effective_kind


@attrs.frozen
class Told:
    """What the journals of a world tell: the messages each customer got, and every line with its instant."""

    world: generate.World
    got: dict
    lines: dict

    def items(self, *kinds):
        """The policy items of these kinds, each with the journeys whose messages it binds; a hold's are all (S6.10)."""
        everyone = [journey.name for journey in self.world.journeys]
        for item in self.world.policy.items:
            if isinstance(item, kinds):
                yield item, everyone
        for journey in self.world.journeys:
            for item in journey.policy.items:
                if isinstance(item, kinds) and item not in self.world.policy.items:
                    sharing = [each.name for each in self.world.journeys if item in each.policy.items]
                    yield item, everyone if isinstance(item, Hold) else sharing

    def bound_by(self, item, journeys):
        """The messages that an item speaks of, as each customer got them."""
        for name, got in self.got.items():
            concerned = [each for each in got if each.journey in journeys and concerns(item, each)]
            yield self.world.history.customers[name], concerned


def concerns(item, got):
    on_channel = getattr(item, "channels", None) is None or got.channel in item.channels
    return on_channel and (item.kinds is None or got.kind in item.kinds)


def told(world):
    """Plays a world; one whose journeys turn in circles, or multiply without end, is no good example."""
    history = world.history
    try:
        run(world.journeys, world.policy, history.customers, history.events, history.end)
    except DefectiveJourney:
        reject()
    messages = {name: (what, each.name) for each in world.journeys for name, what in each.messages.items()}
    got, lines = {}, {}
    with closing(Played(world.journeys, world.policy, history)) as played:
        played.play()
        for name in history.customers:
            lines[name] = list(played.traced(name))
            sent = [(line[1], line[3], at) for line, at in lines[name] if line[0] == "message" and line[2] == "sent"]
            # A call of a host's function leaves the outbox like a message, and is none.
            got[name] = [Got(*messages[each], at, channel, name) for each, channel, at in sent if each in messages]
    return Told(world, got, lines)


@WORLDS
@given(generate.worlds())
def test_no_cap_is_ever_exceeded(world):  # S6.6
    story = told(world)
    for cap, journeys in story.items(Cap):
        for person, got in story.bound_by(cap, journeys):
            for number, each in enumerate(got):
                since = first_instant(cap.per, each.at, person.zones)
                taken = sum(before.what.counted and before.at >= since for before in got[:number])
                assert each.what.exempt or taken < cap.n


def first_instant(per, at, zones):
    """Of the period that an instant is counted in: `(at - per, at]`, or the calendar's."""
    return at - length(per) + 1 if isinstance(per, timedelta) else period(at, per, zones)[0]


@WORLDS
@given(generate.worlds())
def test_nothing_is_sent_in_quiet_hours_or_outside_of_a_send_window(world):  # S2.4, S6.5
    story = told(world)
    for window, journeys in story.items(QuietHours, SendWindow):
        for person, got in story.bound_by(window, journeys):
            assert all(opening(window, each.at, tuple(person.zones)) == each.at for each in got)


@WORLDS
@given(generate.worlds())
def test_nothing_that_a_hold_names_is_sent_while_its_case_is_open_or_cooling_off(world):  # S6.10
    story = told(world)
    kinds = {name: what.effective_kind for journey in world.journeys for name, what in journey.messages.items()}
    good = {name for journey in world.journeys for rule in journey.rules if names_cases(rule) for name in sent_by(rule)}
    # What makes good a case goes first; a promotion or a request for feedback never does.
    exempt = {name for name in good if kinds[name] not in ("marketing", "feedback")}
    for hold, _ in story.items(Hold):
        for lines in story.lines.values():
            still_open, closed_at = set(), None
            for line, at in lines:
                match line:
                    case ["case", "opened", kind, ref] if hold.while_open is None or kind in hold.while_open:
                        still_open.add((kind, ref))
                    case ["case", "closed", kind, ref] if (kind, ref) in still_open:
                        still_open.remove((kind, ref))
                        closed_at = at
                    case ["message", name, "sent", *_] if name not in exempt and kinds.get(name) in (
                        hold.kinds or kinds.values()
                    ):
                        assert not still_open
                        assert closed_at is None or at >= closed_at + length(hold.cool_off)


def names_cases(rule):
    """Whether a run of a rule may be about a case: it opens one, or hears of one."""
    steps = list(flat(rule.then))
    heard = [*rule.when, *(each for step in steps if isinstance(step, WaitFor) for each in step.trigger)]
    of_cases = (CaseOpened, CaseClosed, CaseOverdue, On)  # a touchpoint may be about a case, too
    return any(isinstance(step, OpenCase) for step in steps) or any(isinstance(each, of_cases) for each in heard)


def sent_by(rule):
    return {step.message.name for step in flat(rule.then) if isinstance(step, Send)}


@WORLDS
@given(generate.worlds())
def test_what_needs_a_consent_is_sent_only_to_those_who_gave_it(world):  # S7.1, S7.2
    for name, got in told(world).got.items():
        # What is said at the instant of sending may come before or after it.
        assert all(any(agreed(world.history, name, each, until) for until in (each.at - 1, each.at)) for each in got)


def agreed(history, name, got, until):
    """Whether a customer had agreed to a message by then: the later statement stands, at a tie the withdrawal."""
    said = [
        (each.recorded_at, not each.properties["granted"], each.properties["granted"])
        for each in history.events
        if each.act == "consent" and (each.customer, each.type) == (name, got.kind) and each.recorded_at <= until
    ]
    return max(said)[-1] if said else got.kind in (*FREE_KINDS, *history.customers[name].grants)


@WORLDS
@given(generate.worlds())
def test_messages_on_different_channels_keep_their_distance(world):  # S6.5
    story = told(world)
    for spacing, journeys in story.items(Spacing):
        for _, got in story.bound_by(spacing, journeys):
            for number, each in enumerate(got):
                others = [before.at for before in got[:number] if before.channel != each.channel]
                assert all(each.at - at >= length(spacing.gap) for at in others)


@WORLDS
@given(generate.worlds())
def test_every_message_begun_ends_at_most_once_and_in_time(world):  # S6.7
    messages = [each for journey in world.journeys for each in journey.messages.values()]
    best_before = {each.name: length(each.best_before) for each in messages}
    for lines in told(world).lines.values():
        begun = {name: [] for name in best_before}
        for line, at in lines:
            if line[0] == "begun" and line[3] in begun:  # the others are calls
                begun[line[3]].append(at)
            elif line[0] == "message" and line[1] in begun:
                assert begun[line[1]], "it ends without having begun"
                assert at <= max(begun[line[1]]) + best_before[line[1]]
                begun[line[1]].pop(0)
