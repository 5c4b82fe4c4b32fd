"""The decisions (S3-S6): every one recomputed from the full timeline of the customer.

`run` plays a history in virtual time: at one instant touchpoints first, then timers, then releases, until nothing is
due. Instants are microseconds since 1970 UTC. What happened is a list of plain tuples for each customer:

    ("started", rule, key, at)              ("stage", journey, from, to, at)
    ("refused", rule, why, at)              ("opened" | "closed", case, ref, at)
    ("goal", rule, at)                      ("message", name, status, at, channel)
    ("segment", "joined" | "left", journey, name, at)
    ("ended", rule, key, reason, at)        ("duplicate" | "conflict", id, at)
    ("complete", rule, count, at)           ("dropped", rule, why, at)
    ("answered", case, ref, at)             ("overdue", which, case, ref, at)

`why` is given, live, limit, live runs, exit or goal; `reason` is done, `exit: …` (an Exit step), exit, goal, restarted
or `replaced by …`; a case's `ref` is None where it is the run itself. Functions give back what they are given. Not
here: failures of channels and functions, merging, erasure.
"""

from collections import deque

import attrs

from reference import bursts, cases, referrals
from reference.decisions import Customer
from reference.evaluate import Look, holds, next_lapse
from reference.local import as_date, next_anniversary
from reference.records import Event, Occurrence, Person, Program
from reference.rhythms import date_comes, next_round, silence_lasts
from touchpoint.durations import length
from touchpoint.errors import InvalidTouchpoint
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.conditions import Expression
from touchpoint.journey.policy import Policy

__all__ = ["Event", "Outcome", "Person", "run"]

MAX_SKEW = 5 * 60_000_000


@attrs.define
class Outcome:
    """What came of it: the log of each customer, in order, and each customer as they are at the end."""

    log: dict
    customers: dict

    def of(self, customer, *kinds):
        """A customer's log, or only what happened of these kinds."""
        return [entry for entry in self.log.get(customer, []) if not kinds or entry[0] in kinds]

    def inbox(self, customer):
        """The (message, channel) that a customer got, in order."""
        return [(name, channel) for _, name, status, _, channel in self.of(customer, "message") if status == "sent"]

    def ends(self, customer):
        """The (message, status, at) of every message that has ended, in order."""
        return [(name, status, at) for _, name, status, at, _ in self.of(customer, "message")]


def run(journeys, policy, customers, events, end, most_work=5_000):
    """Plays a history in virtual time, up to and including the instant `end`.

    Args:
        journeys: in the engine's order.
        policy: the house's; None is consent alone.
        customers: `Person` by id; whoever is not there is a `Person()`.
        events: `Event`s, in any order; those recorded at one instant keep their order.
        end: the last instant played, microseconds UTC.
        most_work: rounds and steps in all; more is taken for journeys that multiply without end.

    Raises:
        DefectiveJourney: more than 1,000 rounds and steps in one decision, or `most_work` in all.
        InvalidTouchpoint: a touchpoint lies in the future of its recording by more than five minutes.
    """
    program = Program(list(journeys), policy or Policy(), most_work)
    known, brought = {}, []
    waiting = deque(sorted(_numbered(events), key=lambda event: event.recorded_at))
    while True:
        dues = [waiting[0].recorded_at] if waiting else []
        dues += [due for each in known.values() if (due := next_due(each)) is not None]
        if not dues or min(dues) > end:
            return Outcome({name: each.log for name, each in known.items()}, known)
        now, quiet = min(dues), []
        while waiting and waiting[0].recorded_at == now:
            event = waiting.popleft()
            if event.act == "receipt" and event.customer not in known:
                continue  # nobody was written to yet
            named = (event.customer, event.type) if event.act == "refer" else (event.customer,)
            new = [name for name in dict.fromkeys(named) if name not in known]
            known |= {name: Customer(name, customers.get(name) or Person(), program, now) for name in new}
            if not _take(brought, known, event, _settled_before(now)):
                quiet += new
        for name in quiet:  # nothing has happened to them, but that they are there
            known[name].decide()
        for each in known.values():
            settle(each, now)


def _settled_before(now):
    return lambda customer: settle_timers(customer, now, before=True)


def _take(brought, known, event, settle):
    """One event; what it means for somebody else follows at once. Whether anything was decided."""
    customer = known[event.customer]
    if event.act == "refer":
        return referrals.refer(brought, customer, known[event.type], event, settle)
    settle(customer)
    is_new = event.id not in customer.events
    customer.record(event)
    if event.act == "touchpoint" and is_new:
        referrals.convert(brought, known, customer, event, settle)
    return True


def _numbered(events):
    for number, event in enumerate(events):
        if event.at > event.recorded_at + MAX_SKEW:
            raise InvalidTouchpoint("a touchpoint more than five minutes in the future cannot be recorded")
        yield event if event.id is not None else attrs.evolve(event, id=f"e{number}")


def _timers(customer):
    """Everything that will happen by itself: (due, order at one instant, what to do)."""
    yield from _segment_timers(customer)
    for order, silence in enumerate(customer.program.timed(t.Silent)):
        last, due = _last_heard(customer, silence)
        if last is not None and last > customer.fired.get(silence, last - 1):
            yield due, (0, order), (_fall_silent, silence, last)
    for order, dwelt in enumerate(customer.program.timed(t.Dwelt)):
        stage, since, visit = customer.stages.get(dwelt.journey, (None, 0, 0))
        if stage == dwelt.stage and customer.fired.get(dwelt) != visit:
            yield since + length(dwelt.length), (1, order), (_dwell, dwelt, visit)
    yield from _calendar(customer)
    for due, order, opening, which in cases.deadlines(customer):
        yield due, (2.5, *order), (cases.miss, opening, which)
    for order, burst in enumerate(customer.bursts):
        yield burst.due, (5, -burst.rule.priority, burst.number, order), (bursts.complete, burst)
    for run in customer.runs:
        due = _run_due(customer, run)
        if due is not None:
            yield due, (3, run.rank), (_run_timer, run, due)


def _calendar(customer):
    """Of the calendar: anniversaries, then dates, then schedules."""
    for order, feast in enumerate(customer.program.timed(t.Anniversary)):
        due = _next_feast(customer, feast)
        if due is not None:
            yield due, (2, 0, order), (_celebrate, feast, due)
    for order, coming in enumerate(customer.program.timed(t.DateDue)):
        day = as_date(customer.traits.get(coming.trait))
        due = _date_due(customer, coming, day)
        if due is not None:
            yield due, (2, 1, order), (_come, coming, day)
    for order, schedule in enumerate(customer.program.timed(t.Schedule)):
        due = _next_round(customer, schedule)
        if due is not None:
            yield due, (2, 2, order), (_come_round, schedule, due)


def _segment_timers(customer):
    for journey, segment in customer.program.segments:
        due = next_lapse(segment.condition, Look(customer, journey), customer.segments_looked)
        if due is not None:
            yield due, (-1,), (_look_again,)


def _look_again(customer):
    """Windows have lapsed; a look that changes nothing is no decision."""
    customer.look_at_segments(f"{customer.now} segment")
    if customer.queue:
        customer.decide()


def _last_heard(customer, silence):
    """When the silence began, and when it is over.

    It began with the latest matching touchpoint, but none so late that its silence was over already; how long it lasts
    was known then.
    """
    last = due = None
    known = []
    for past in customer.timeline:
        if past.name == silence.of if silence.of else past.direction == "inbound":
            known.append(past.at)
            over = past.at + silence_lasts(silence, known)
            if (last is None or past.at > last) and not (past.late and over <= past.recorded_at):
                last, due = past.at, over
    return last, due


def _fall_silent(customer, silence, last):
    customer.fired[silence] = last
    customer.decide(Occurrence("silence", str(silence), customer.now, f"{customer.now}", what=silence))


def _dwell(customer, dwelt, visit):
    customer.fired[dwelt] = visit
    customer.decide(Occurrence("dwelt", dwelt.stage, customer.now, f"{customer.now}", what=dwelt))


def _next_feast(customer, feast):
    day = as_date(customer.traits.get(feast.trait))
    zones = customer.person.zones or ((feast.unknown_zone,) if feast.unknown_zone else ())
    if day is None or not zones:
        return None
    known = max(customer.traits_set[feast.trait], customer.fired.get(feast, 0))
    return next_anniversary(day, known, zones, feast)


def _celebrate(customer, feast, due):
    customer.fired[feast] = due
    customer.decide(Occurrence("anniversary", feast.trait, customer.now, f"{due}", what=feast))


def _date_due(customer, coming, day):
    """When the date in a trait comes, if it has not come yet and was not past when it was learned."""
    zones = customer.person.zones or ((coming.unknown_zone,) if coming.unknown_zone else ())
    if day is None or not zones or day in customer.fired.get(coming, ()):
        return None
    due = date_comes(day, zones, coming)
    return due if due > customer.traits_set[coming.trait] else None


def _come(customer, coming, day):
    customer.fired.setdefault(coming, []).append(day)
    customer.decide(Occurrence("date_due", coming.trait, customer.now, f"{day}", what=coming))


def _next_round(customer, schedule):
    zones = customer.person.zones or ((schedule.unknown_zone,) if schedule.unknown_zone else ())
    return next_round(schedule, max(customer.since, customer.fired.get(schedule, 0)), zones) if zones else None


def _come_round(customer, schedule, due):
    customer.fired[schedule] = due
    customer.decide(Occurrence("schedule", schedule.rule, customer.now, f"{due}", what=schedule))


def _asked_again(customer, run):
    """The conditions that a window's lapse has looked at again."""
    conditions = [each for each in run.rule.exit if isinstance(each, Expression)]
    return conditions + ([run.step.condition] if isinstance(run.step, s.WaitUntil) else [])


def _run_due(customer, run):
    if not run.live:
        return None
    lapses = [next_lapse(each, customer.look(run), run.looked) for each in _asked_again(customer, run)]
    return min((due for due in [run.due, *lapses] if due is not None), default=None)


def _run_timer(customer, run, due):
    """A run's own timer: its exit conditions first, then the condition it waits for, then the end of its wait."""
    conditions = _asked_again(customer, run)
    lapsed = any(next_lapse(each, customer.look(run), run.looked) == due for each in conditions)
    run.looked = due
    waits_for = getattr(run.step, "condition", None)
    true = [each for each in conditions if lapsed and holds(each, customer.look(run))]
    if any(each is not waits_for for each in true):
        customer.end(run, "exit")
    elif true:
        customer.go_on(run, run.step.then)
    elif run.due is not None and run.due <= customer.now:
        customer.go_on(run, getattr(run.step, "otherwise", ()))
    customer.decide()


def next_due(customer):
    dues = [due for due, _, _ in _timers(customer)] + [message.ask_at for message in customer.waiting()]
    return min(dues, default=None)


def settle(customer, now):
    """Timers, then one release, over and over: what follows from one is known to the next."""
    while True:
        settle_timers(customer, now)
        releases = [each for each in customer.waiting() if each.ask_at <= now]
        if not releases:
            return
        customer.now = max(customer.now, now)
        customer.release(min(releases, key=lambda each: _arbitration(customer, each)))


def settle_timers(customer, now, *, before=False):
    """Fires what is due at this instant, or only what was due before it (S4.2 point 0)."""
    while timers := [timer for timer in _timers(customer) if timer[0] < now + (not before)]:
        due, _, (act, *about) = min(timers, key=lambda timer: timer[:2])
        customer.now = max(customer.now, due)
        act(customer, *about)


def _arbitration(customer, message):
    """What makes good an open case, then higher priority, then earlier due, then name, then outbox order (S6.6)."""
    return not cases.goes_first(customer, message), -message.priority, message.first_due, message.what.name, message.seq
