"""One customer's decisions (S3-S6): rounds, runs, steps and messages, from the full timeline."""

from collections import deque
from itertools import compress

import attrs

from reference import bursts, cases, live_runs
from reference.evaluate import UNKNOWN, Look, evaluate, holds
from reference.gate import is_held, items, rule_on
from reference.local import as_date, at_clock, from_local, later, next_clock, period
from reference.records import Calling, HandOver, Occurrence, Pending, Run, enrols, meets, ref_text, same
from touchpoint.durations import days, forever, is_calendar, length, micros
from touchpoint.errors import DefectiveJourney
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.changes import ConsentChanged, PreferenceChanged
from touchpoint.journey.conditions import Expression
from touchpoint.journey.policy import HoldOut
from touchpoint.model.experiment import assignment, held_out
from touchpoint.model.message import Gift, Survey

MOST_WORK = 1_000
CARRIES_DATA = ("touchpoint", "ended", "trait_changed", "consent_changed", "preference_changed")


class Customer:
    """One customer's timeline, and the decisions made on it."""

    def __init__(self, name, person, program, now):
        self.name, self.person, self.program, self.now = name, person, program, now
        self.since = now
        self.traits = dict(person.traits)
        self.traits_set = dict.fromkeys(person.traits, now)
        self.timeline, self.events, self.log = [], {}, []
        self.runs, self.starts, self.messages, self.hand_overs, self.bursts = [], [], [], [], []
        self.openings = {}
        self.stages, self.cases, self.fired, self.exposed, self.wishes = {}, {}, {}, {}, {}
        self.consents = dict.fromkeys(person.grants, (0, True))
        self.segments, self.segments_looked = {}, now
        self.queue, self.seq, self.entries = deque(), 0, []

    # --- what conditions ask ------------------------------------------------------------------------------------------

    def look(self, run, event=None):
        return Look(self, run.path[0], event or run.event, run.trigger, run.outcomes, run.collected, run.results, run)

    def stage_of(self, journey):
        return self.stages[journey][0] if journey in self.stages else None

    def has_case_open(self, kind, ref):
        return any(
            closed is None and kind in (None, case[0]) and (ref is None or ref_text(ref) == case[1])
            for case, closed in self.cases.items()
        )

    def waiting(self):
        return [message for message in self.messages if message.status is None]

    def next_seq(self):
        self.seq += 1
        return self.seq

    # --- one decision (S4.2) ------------------------------------------------------------------------------------------

    def record(self, event):
        """Takes in an event: a duplicate changes nothing, a host's act is an occurrence of its own."""
        self.now = max(self.now, event.recorded_at)
        if event.id in self.events:
            known, new = (attrs.evolve(each, recorded_at=0) for each in (self.events[event.id], event))
            self.log.append(("duplicate" if known == new else "conflict", event.id, self.now))
            return
        self.events[event.id] = event
        if event.act == "touchpoint":
            at = min(event.at, self.now)
            told = self.touchpoint(event.type, at, event.id, event.properties, event.channel, event.direction)
            self.decide(attrs.evolve(told, about=event.about))
        elif event.act == "enrol":
            self.decide(Occurrence("enrolled", event.type, self.now, event.id, event.properties))
        elif event.act in ("identify", "consent", "prefer"):
            self.learn(event)
        elif event.act == "receipt":
            self.told_of(event)
        elif event.act == "answer_case":
            cases.answer(self, event.type, ref_text(event.properties["ref"]), min(event.at, self.now))
            self.decide()
        else:
            cases.change(self, event.act, event.type, ref_text(event.properties["ref"]), event.id)
            self.decide()

    def learn(self, event):
        """What the host tells of a customer: everything that waits is asked again, then real changes are decided on."""
        changes = [*{"identify": self.identify, "consent": self.consent, "prefer": self.prefer}[event.act](event)]
        for message in self.waiting():
            message.ask_at = self.now
        self.decide(Occurrence(event.act, "", self.now, event.id))
        for change in changes:
            self.decide(change)

    def identify(self, event):
        for trait, value in event.properties.items():
            before = self.traits.get(trait, UNKNOWN)
            self.set_trait(trait, value)
            if value != before:
                yield self.trait_changed(trait, before, value, event.id)

    def set_trait(self, trait, value):
        """Dates that were armed for what the trait was already stay so."""
        if self.traits.get(trait, UNKNOWN) != value:
            self.traits_set[trait] = self.now
        self.traits[trait] = value

    def trait_changed(self, trait, before, value, id):
        told = {"value": value} if before is UNKNOWN else {"value": value, "before": before}
        return Occurrence("trait_changed", trait, self.now, id, told)

    def consent(self, event):
        purpose, granted = event.type, event.properties["granted"]
        at, was = self.consents.get(purpose, (-1, None))
        # The later statement stands, at a tie the withdrawal (S7.1).
        if self.now > at or not granted:
            self.consents[purpose] = (self.now, granted)
        now = self.consents[purpose][1]
        words = {None: None, True: "granted", False: "withdrawn"}
        for asked in dict.fromkeys(attrs.evolve(each, to=None) for each in self.program.timed(ConsentChanged)):
            if asked.purpose in (None, purpose) and now != was:
                told = {"purpose": purpose, "value": words[now], "before": words[was]}
                told = {name: value for name, value in told.items() if value is not None}
                yield Occurrence("consent_changed", purpose, self.now, event.id, told, what=asked)

    def prefer(self, event):
        before, self.wishes = self.wishes, {name: value for name, value in event.properties.items() if value}
        changed = [name for name in ("channels", "topics") if before.get(name) != self.wishes.get(name)]
        for asked in self.program.timed(PreferenceChanged) if changed else ():
            if asked.what is None or asked.what in changed:
                yield Occurrence("preference_changed", str(asked.what), self.now, event.id, what=asked)

    def told_of(self, event):
        """A provider tells of the latest message that was sent; where there is none, of nothing."""
        sent = [each for each in self.messages if each.status == "sent" and each.channel != "call"]
        if not sent:
            return
        direction = "inbound" if event.type in ("clicked", "replied") else "internal"
        properties = {**event.properties, "message": sent[-1].what.name}
        if event.type == "replied":
            properties["text"] = "yes"
        direction = "internal" if properties.get("machine") else direction
        told = self.touchpoint(event.type, self.now, event.id, properties, sent[-1].channel, direction, sent[-1])
        self.decide(told)
        if event.type == "replied" and isinstance(sent[-1].what, Survey):  # S8.1: what is replied to it is feedback too
            self.decide(self.touchpoint(
                "feedback", self.now, f"{event.id} read", {}, sent[-1].channel, "inbound", sent[-1]
            ))  # fmt: skip

    def touchpoint(self, type, at, id, properties, channel=None, direction="internal", message=None):
        return Occurrence("touchpoint", type, at, id, properties, channel, direction, self.now, message=message)

    def decide(self, occurrence=None):
        """Rounds, first in first out; after each the runs that can go on take their steps."""
        if occurrence is not None:
            self.queue.append(occurrence)
        self.work = 0
        if not (self.queue and self.queue[0].kind == "touchpoint"):
            self.look_at_segments(f"{self.now} segment")  # a touchpoint is counted first
        self.take_steps()
        while self.queue or live_runs.admit(self):
            if self.queue:
                self.worked()
                self.round(self.queue.popleft())
            self.take_steps()

    def worked(self):
        self.work += 1
        self.program.work += 1
        if self.work > MOST_WORK or self.program.work > self.program.most_work:
            raise DefectiveJourney("rules or steps trigger each other in a circle")

    def round(self, occurrence):
        """Counters and segments; exits, goals and waits of the live runs; stage moves; rules."""
        if occurrence.kind == "touchpoint":
            self.timeline.append(occurrence)
            if occurrence.about is not None and occurrence.direction == "outbound":
                cases.answer(self, *occurrence.about, occurrence.at)
            self.look_at_segments(occurrence.id, late=occurrence.late)
        for run in list(self.runs):
            self.offer(run, occurrence)
        bursts.offer(self, occurrence)
        if occurrence.late:
            return
        for journey in self.program.journeys:
            self.enter_by_trigger(journey, occurrence)
        self.consider_rules(occurrence)

    def look_at_segments(self, cause, *, late=False):
        """Every segment, from scratch; whoever joins or leaves one is told of it (S3.3)."""
        self.segments_looked = self.now
        for journey, segment in self.program.segments:
            key, member = (journey, segment.name), holds(segment.condition, Look(self, journey))
            if member == (key in self.segments):
                continue
            if member:
                self.segments[key] = self.now
            else:
                del self.segments[key]
            self.log.append(("segment", "joined" if member else "left", journey, segment.name, self.now))
            kind, trigger = ("joined", t.Joined) if member else ("left_segment", t.LeftSegment)
            what, more = trigger(segment.name, journey=journey), {"late": True} if late else {}
            self.queue.append(Occurrence(kind, segment.name, self.now, cause, more, what=what))

    # --- live runs ----------------------------------------------------------------------------------------------------

    def concerns(self, run, occurrence):
        """A touchpoint that carries the key property meets only runs with that key (S4.4)."""
        key = run.rule.key
        carries = ("touchpoint", "open_case", "close_case", "case_overdue")
        if key is None or occurrence.kind not in carries or key not in occurrence.properties:
            return True
        return same(occurrence.properties[key], run.key)

    def offer(self, run, occurrence):
        concerned = self.concerns(run, occurrence)
        if run.live and self.leaves(run, occurrence if concerned else None):
            self.end(run, "exit")
            return
        if concerned and self.reaches(run, occurrence):
            run.reached = True
            self.log.append(("goal", run.rule.name, self.now))
            if run.live and run.rule.goal.ends:
                self.end(run, "goal")
                return
        if run.live:
            self.offer_to_wait(run, occurrence, concerned)

    def leaves(self, run, occurrence):
        run.looked = self.now
        for exit_ in run.rule.exit:
            if isinstance(exit_, Expression):
                if holds(exit_, self.look(run, occurrence)):
                    return True
            elif occurrence is not None and meets(exit_, occurrence, run.path[0], run.rule, run):
                return True
        return False

    def reaches(self, run, occurrence):
        goal = run.rule.goal
        if goal is None or run.reached:
            return False
        if goal.within is not None and self.now > run.started + length(goal.within):
            return False
        watched_on = goal.within is not None and run.ended is not None and run.ended.startswith(("done", "exit: "))
        if not run.live and not watched_on:
            return False
        named = any(meets(each, occurrence, run.path[0], run.rule, run) for each in goal.trigger)
        return named and holds(goal.given, self.look(run, occurrence))

    def offer_to_wait(self, run, occurrence, concerned):
        if isinstance(run.step, s.WaitUntil) and holds(run.step.condition, self.look(run)):
            run.event = occurrence if concerned and occurrence.kind == "touchpoint" else run.event
            self.go_on(run, run.step.then)
            return
        if not concerned:
            return
        waits = [step for step in s.flat(run.rule.then) if isinstance(step, s.WaitFor)]
        if not any(meets(each, occurrence, run.path[0], run.rule, run) for step in waits for each in step.trigger):
            return
        run.kept.append((run.arrivals, occurrence))
        run.arrivals += 1
        if isinstance(run.step, s.WaitFor) and self.answers(run, run.step, occurrence):
            self.go_on(run, run.step.then)

    def answers(self, run, step, occurrence):
        """Whether an occurrence ends this wait; if so it moves the run and is used up."""
        if not any(meets(each, occurrence, run.path[0], run.rule, run) for each in step.trigger):
            return False
        if not holds(step.given, self.look(run, occurrence)):
            return False
        run.kept = [kept for kept in run.kept if kept[1] is not occurrence]
        run.event = occurrence if occurrence.kind in CARRIES_DATA else run.event
        run.cases += cases.about(occurrence)
        return True

    def go_on(self, run, arm):
        run.todo = [*arm, *run.todo]
        run.step = run.due = None
        run.ready = True

    def end(self, run, reason):
        run.ended, run.step, run.due, run.ready = reason, None, None, False
        self.log.append(("ended", run.rule.name, cases.shown(run.key), reason, self.now))
        for message in self.waiting():
            if message.run is run:
                self.queue.extend(self.close(message, "withdrawn"))

    # --- stages, cases, rules -----------------------------------------------------------------------------------------

    def enter_by_trigger(self, journey, occurrence):
        current = self.stage_of(journey.name)
        look = Look(self, journey.name, occurrence)
        for stage in journey.stages:
            named = any(meets(each, occurrence, journey.name) for each in stage.when)
            if named and (not stage.after or current in stage.after) and holds(stage.given, look):
                self.enter(journey, stage, occurrence.id)
                return

    def enter(self, journey, stage, cause):
        current = self.stage_of(journey.name)
        if (current == stage.name and not stage.reenter) or (stage.after and current not in stage.after):
            return
        self.stages[journey.name] = (stage.name, self.now, self.next_seq())
        self.log.append(("stage", journey.name, current, stage.name, self.now))
        if current is not None:
            left = t.Left(current, journey=journey.name)
            self.queue.append(Occurrence("left", current, self.now, cause, what=left))
        entered = t.Entered(stage.name, journey=journey.name)
        self.queue.append(Occurrence("entered", stage.name, self.now, cause, what=entered))
        self.look_at_segments(cause)

    def consider_rules(self, occurrence):
        """Condition, concurrency, limit: all conditions before any run starts."""
        named = [
            (number, journey, rule)
            for number, (journey, rule) in enumerate(self.program.rules)
            if enrols(occurrence, rule) or any(meets(each, occurrence, journey, rule) for each in rule.when)
        ]
        given = [
            all(holds(part, Look(self, journey, occurrence, occurrence)) for part in bursts.asked_of_each(rule))
            for _, journey, rule in named
        ]
        for (_, _, rule), allowed in zip(named, given, strict=True):
            if not allowed:
                self.refuse(rule, "given")
        for number, journey, rule in compress(named, given):
            if rule.collect is not None:
                bursts.gather(self, number, journey, rule, self.key_of(rule, occurrence), occurrence)
            else:
                self.try_to_start(number, journey, rule, occurrence)

    def key_of(self, rule, occurrence):
        return None if rule.key is None else occurrence.properties.get(rule.key)

    def try_to_start(self, number, journey, rule, occurrence, collected=None):
        key = self.key_of(rule, occurrence)
        live = [r for r in self.runs if r.live and r.path == (journey, rule.name) and same(r.key, key)]
        if live and rule.concurrency == "ignore":
            self.refuse(rule, "live")
        elif not self.within_limit(journey, rule, key):
            self.refuse(rule, "limit")
        else:
            going = live if rule.concurrency == "restart" else []
            entry = live_runs.Entry(number, journey, rule, key, 0, occurrence, collected)
            if live_runs.admitted(self, entry, going):
                for run in going:
                    self.end(run, "restarted")
                self.start(number, journey, rule, key, occurrence, collected)

    def refuse(self, rule, why):
        self.log.append(("refused", rule.name, why, self.now))

    def within_limit(self, journey, rule, key):
        limit, path = rule.limit, (journey, rule.name)
        if limit is None:
            return True
        starts = [run for run in self.starts if run.path == path and (not limit.per_key or same(run.key, key))]
        if limit.kind == "once_per_stage" and journey in self.stages:
            starts = [run for run in starts if run.seq > self.stages[journey][2]]
        elif limit.kind == "cool_down":
            starts = [run for run in starts if later(run.started, limit.per, self.person.zones) > self.now]
        elif is_calendar(limit.per):
            start, _ = period(self.now, limit.per, self.person.zones)
            starts = [run for run in starts if run.started >= start]
        elif limit.per is not None:
            starts = [run for run in starts if run.started > self.now - length(limit.per)]
        return len(starts) < limit.n

    def start(self, number, journey, rule, key, trigger, collected=None):
        seq = self.next_seq()
        rank = (-rule.priority, number, seq)
        path, todo = (journey, rule.name), list(rule.then)
        event = trigger if collected is None else collected[-1]
        run = Run(path, rule, key, trigger, self.now, seq, rank, event, todo, looked=self.now, collected=collected)
        run.cases += cases.about(trigger)
        self.runs.append(run)
        self.starts.append(run)
        self.log.append(("started", rule.name, cases.shown(key), self.now))

    # --- steps (S5) ---------------------------------------------------------------------------------------------------

    def take_steps(self):
        for run in sorted((run for run in self.runs if run.ready), key=lambda run: run.rank):
            run.ready = False
            while run.live and run.step is None:
                if not run.todo:
                    self.end(run, "done")
                    break
                self.worked()
                self.take(run, run.todo.pop(0))

    def take(self, run, step):  # noqa: C901 - one arm for each kind of step
        run.taken += 1
        cause, journey = f"{self.name}/{run.seq}/{run.taken}", self.program.by_name[run.path[0]]
        back, run.back = run.back, None
        match step:
            case s.Send():
                self.send(run, step, back or [step, *run.todo])
            case s.Call():
                self.call(run, step)
            case s.Wait() | s.WaitFor() | s.WaitUntil():
                self.wait(run, step)
            case s.Branch():
                arm = step.then if holds(step.condition, self.look(run)) else step.otherwise
                # Planned anew is from the outermost branch that leads on to the first step of an arm.
                run.back = (back or [step, *run.todo]) if arm else None
                run.todo = [*(step.then if holds(step.condition, self.look(run)) else step.otherwise), *run.todo]
            case s.Split():
                run.todo = [*step.arms[self.variant(run, step, cause)], *run.todo]
            case s.MoveTo():
                self.enter(journey, next(stage for stage in journey.stages if stage.name == step.stage), cause)
            case s.SetTrait():
                if (value := evaluate(step.value, self.look(run))) is not UNKNOWN:
                    before = self.traits.get(step.trait, UNKNOWN)
                    self.set_trait(step.trait, value)
                    changed = self.trait_changed(step.trait, before, value, cause)
                    self.queue.append(changed if before != value else Occurrence("trait", step.trait, self.now, cause))
                    self.look_at_segments(cause)
            case s.Emit():
                values = {name: evaluate(each, self.look(run)) for name, each in step.properties.items()}
                properties = {name: value for name, value in values.items() if value is not UNKNOWN}
                self.queue.append(self.touchpoint(step.type, self.now, cause, properties))
            case s.OpenCase() | s.CloseCase():
                act = "open_case" if isinstance(step, s.OpenCase) else "close_case"
                ref = self.ref_of(run, step)
                cases.change(self, act, step.case, ref, cause)
                run.cases += [(step.case, ref)] if act == "open_case" else []
            case s.Enrol():
                self.queue.append(Occurrence("enrolled", step.rule, self.now, cause, dict(run.trigger.properties)))
            case s.Exit():
                self.end(run, f"exit: {step.reason}")

    def variant(self, run, split, cause):
        """Where this customer belongs; whoever is exposed keeps that, and whoever is held out is exposed to nothing."""
        known = self.exposed.get(split.name)
        variant = known if known in split.arms else assignment(split.name, self.name, split.shares)
        outs = [item for item, _ in items(self.program, run.path[0]) if isinstance(item, HoldOut)]
        if known is None and not any(held_out(each.name, self.name, each.percent) for each in outs):
            self.exposed[split.name] = variant
            told = {"split": split.name, "variant": variant}
            self.queue.append(self.touchpoint("exposed", self.now, cause, told))
            for each in (variant, None):
                what = t.Exposed(split.name, each)
                self.queue.append(Occurrence("exposed", split.name, self.now, cause, told, what=what))
            self.look_at_segments(cause)
        return variant

    def ref_of(self, run, step):
        """A case's ref: what the step says, else the run's key, else the run."""
        said = UNKNOWN if step.ref is None else evaluate(step.ref, self.look(run))
        ref = run.key if said is UNKNOWN or said is None else said
        return f"run:{run.seq}" if ref is None else ref_text(ref)

    def wait(self, run, step):
        run.step, run.looked = step, self.now
        if isinstance(step, s.Wait):
            self.wait_a_while(run, step)
            return
        if isinstance(step, s.WaitUntil) and holds(step.condition, self.look(run)):
            self.go_on_at_once(run, step)
            return
        if isinstance(step, s.WaitFor):
            since = {"send": run.mark, "run": 0, "now": run.arrivals}[step.since]
            if any(number >= since and self.answers(run, step, kept) for number, kept in list(run.kept)):
                self.go_on_at_once(run, step)
                return
        run.due = None if step.timeout is forever else later(self.now, step.timeout, self.zones(step))

    def go_on_at_once(self, run, step):
        self.go_on(run, getattr(step, "then", ()))
        run.ready = False  # it is being walked already

    def wait_a_while(self, run, step):
        zones = self.zones(step)
        if step.length is not None:
            run.due = later(self.now, step.length, zones)
        elif isinstance(step.until, str):
            run.due = next_clock(self.now, step.until, zones)
        else:
            value = evaluate(step.until, self.look(run))
            if hasattr(value, "hour"):
                run.due = max(self.now, micros(value))
            elif as_date(value) is None:
                self.end(run, "exit: no date")
            else:
                local = at_clock(as_date(value), step.at or "00:00")
                run.due = max(self.now, *(from_local(local, zone) for zone in zones))
        if run.due is not None and run.due <= self.now:
            self.go_on_at_once(run, step)

    def zones(self, step):
        return self.person.zones or (step.unknown_zone or "UTC",)

    # --- messages (S6) ------------------------------------------------------------------------------------------------

    def send(self, run, step, back):
        what = step.message
        run.step, run.mark = step, run.arrivals
        priority = run.rule.priority + what.priority
        expires_at = self.now + length(what.best_before)
        message = Pending(
            what, step.still, run, run.path[0], priority, self.now, expires_at, self.next_seq(), ask_at=self.now,
            back=back, step=step, cases=tuple(run.cases),
        )  # fmt: skip
        self.messages.append(message)

    def call(self, run, step):
        """A function that gives back what it is given, asked for like a message and held up by nothing."""
        given = {name: evaluate(each, self.look(run)) for name, each in step.arguments.items()}
        run.step = step
        what = Calling(step.function, {name: value for name, value in given.items() if value is not UNKNOWN})
        never = self.now + length(days(7))
        calling = Pending(what, None, run, run.path[0], 0, self.now, never, self.next_seq(), ask_at=self.now, step=step)
        self.messages.append(calling)

    def answer(self, calling):
        calling.run.results[calling.what.name] = calling.what.arguments
        self.close(calling, "sent", "call")
        self.after(calling, ())

    def after(self, message, arm):
        if any(isinstance(each, Expression) and holds(each, self.look(message.run)) for each in message.run.rule.exit):
            self.end(message.run, "exit")
        else:
            self.go_on(message.run, arm)
        self.decide()

    def release(self, message):
        """Asks the gate; an end lets the run go on at once."""
        if isinstance(message.what, Calling):
            self.answer(message)
            return
        status, *more = rule_on(self, message)
        held = is_held(self, message)
        if message.held and not held and status in ("sent", "defer") and message.what.on_release == "replan":
            self.replan(message)
            return
        if status == "defer":
            message.held |= held
            message.ask_at = min(*more, message.expires_at)
            return
        what, channel = message.what, more[0]
        if status == "sent":
            sent = HandOver(self.now, message.journey, what.name, what.effective_kind, channel, what.counted)
            self.hand_overs.append(sent)
            if isinstance(what, Gift):
                self.program.spent[what.name] = self.program.spent.get(what.name, 0) + what.worth
        # Others hear of it before the run goes on, so that an exit or goal by it acts at once (S5.3).
        for ended in self.close(message, status, channel):
            self.round(ended)
        if message.run.live:
            self.after(message, () if status == "sent" else message.run.step.otherwise)
        else:
            self.decide()

    def replan(self, message):
        """The run goes back to the decision before the message, as if it had never come to it."""
        message.status = "withdrawn"
        self.log.append(("message", message.what.name, "withdrawn", self.now, None))
        run = message.run
        run.todo, run.step, run.ready = list(message.back), None, True
        self.decide()

    def close(self, message, status, channel=None):
        message.status = message.run.outcomes[message.what.name] = status
        message.channel = channel
        self.log.append(("message", message.what.name, status, self.now, channel))
        if status == "sent":
            cases.answered_by(self, message)
        if not self.program.hears(message.what.name, status):
            return []
        run = message.run
        key = {} if run.rule.key is None or run.key is None else {run.rule.key: run.key}
        told = {**key, "message": message.what.name, "status": status}
        ended = Occurrence("ended", message.what.name, self.now, f"{message.seq}", told, channel, message=message)
        return [ended]
