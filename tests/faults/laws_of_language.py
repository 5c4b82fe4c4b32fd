"""What the rest of the language promises under faults, judged by acts, events and runs alone; see `checker.py`."""

import json
from collections import Counter, defaultdict

from faults.permits import HOUR, day

RULES = ("burst", "visited", "asked", "planned", "joined", "left", "heard", "noticed", "sided", "consented", "held")
ONCE = {"visit": ("visited", "parted"), "asked": ("asked", None), "plan": ("planned", "planned")}
"""Touchpoint → the rule that it starts, and the event that each run comes by once."""
FUNCTION, REPEATED = "refund", {"greet"}
PLANNED = {"nudge", "poke"}
PLACES, BURST = 2, HOUR
LATE = day(7)


class OfLanguage:
    """Judges the journeys of `language.py` in one schedule.

    Args:
        checker: whose evidence and acts it looks at, and who takes note of violations.
    """

    def __init__(self, checker):
        self.evidence, self.erased, self.say = checker.evidence, checker.erased, checker.say
        self.accepted = {
            pair: act for pair, act in checker.accepted().items()
            if act.data["at"] is None or act.wall - act.data["at"] < LATE
        }  # fmt: skip
        self.began = Counter(each for each in self.evidence.runs if each[0] not in self.erased)
        self.events = defaultdict(list)
        for customer, _, kind, body in self.evidence.timeline:
            if customer not in self.erased:
                self.events[customer, kind].append(json.loads(body)[4])

    def run(self):
        """Note every violation."""
        for run, times in self.began.items():
            if run[1] in RULES and times > 1:
                self.say("one cause starts one run", "S4.5", f"{run}: {times} runs")
        self._each_once()
        self._bursts()
        self._results()
        self._experiment()
        self._segments()
        self._ends()
        self._places()
        self._answers()
        self._planned_anew()

    def _each_once(self):
        """No step is repeated or skipped, whatever dies in between and whatever is released meanwhile."""
        for (customer, it), act in self.accepted.items():
            rule, event = ONCE.get(act.data["type"], (None, None))
            if rule is not None and self.began[customer, rule, it] != 1:
                self.say("a touchpoint and what follows commit together, once", "S11.1", f"{rule} of {it}")
            if event is not None:
                self._came_by(customer, event, act.data["order"])

    def _came_by(self, customer, event, order):
        times = sum(each.get("order") == order for each in self.events[customer, event])
        if times != 1:
            self.say("no step is repeated or skipped", "S11.6", f"{event} of {order}: {times} times")

    def _bursts(self):
        """What comes within an hour of the first is one burst, and starts one run."""
        if self.evidence.slack:
            return
        pings = defaultdict(list)
        for (customer, it), act in self.accepted.items():
            if act.data["type"] == "ping":
                pings[customer].append((act.since, act.wall, it))
        for customer, found in pings.items():
            due, first = -1, set()
            for _, wall, it in sorted(found):
                if wall > due:
                    due = wall + BURST
                    first.add(it)
            began = {run[2] for run in self.began if run[:2] == (customer, "burst")}
            if began != first:
                self.say("a burst becomes one run", "S4.1", f"{customer}: {sorted(began)}, not {sorted(first)}")

    def _results(self):
        """What a function returned is there when the run goes on, whoever died in between."""
        returned = defaultdict(set)
        for customer, order, n in self.evidence.returned:
            returned[customer, order].add(n)
        orders = {(customer, it): act.data["order"] for (customer, it), act in self.accepted.items()}
        for each in self.evidence.endings:
            order = orders.get((each.customer, each.cause))
            if each.name != FUNCTION or order is None:
                continue
            refunded = [e.get("n") for e in self.events[each.customer, "refunded"] if e.get("order") == order]
            failed = sum(e.get("order") == order for e in self.events[each.customer, "unrefunded"])
            if each.status not in {"sent", "failed", "expired"}:
                self.say("a call comes to its end", "S5", f"{FUNCTION} of {order} is {each.status}")
            elif (len(refunded), failed) != ((1, 0) if each.status == "sent" else (0, 1)):
                self.say("an arm is taken once", "S5", f"{order} {each.status}: {len(refunded)} and {failed} times")
            elif set(refunded) - returned[each.customer, order]:
                self.say("a result survives a restart", "S5", f"{order} was never answered {refunded}")

    def _experiment(self):
        """Who parts ways is exposed once, and stays on that side."""
        for customer in {run[0] for run in self.began if run[1] == "visited"}:
            exposed = self.events[customer, "exposed"]
            if len(exposed) != 1:
                self.say("exposure is recorded once", "S9", f"{customer}: {len(exposed)} times")
                continue
            for event in ("noticed", "sided"):
                if len(self.events[customer, event]) != 1:
                    self.say("a change is told once", "S4.1", f"{event} {len(self.events[customer, event])} times")
            if {each.get("side") for each in self.events[customer, "parted"]} - {exposed[0]["variant"]}:
                self.say("a variant is kept", "S9", f"{customer} parted otherwise")

    def _segments(self):
        """Nobody joins twice without leaving, or leaves twice; in the end the window is empty."""
        for customer in {run[0] for run in self.began if run[1] in ("joined", "left")}:
            joined, left = (sum(n for r, n in self.began.items() if r[:2] == (customer, e)) for e in ("joined", "left"))
            if joined != left:
                self.say("who joins a segment leaves it", "S3.3", f"{customer}: joined {joined} times, left {left}")

    def _ends(self):
        """The end of a message is heard once by whoever waits for it."""
        for each in self.evidence.endings:
            if each.name == "greet" and each.customer not in self.erased:
                heard = self.began[each.customer, "heard", f"{each.key} {each.status}"]
                if heard != 1:
                    self.say("an end is heard once", "S4.1", f"greet, {each.status}: {heard} times")

    def _places(self):
        """Never more live runs than there are places."""
        live = defaultdict(list)
        for customer, rule, started, ended in self.evidence.lives:
            if rule == "held" and customer not in self.erased:
                live[customer].append((started, ended))
        for customer, found in live.items():
            for at, _ in found:
                n = sum(started <= at and (ended is None or at < ended) for started, ended in found)
                if n > PLACES:
                    self.say("live runs are limited", "S4.4", f"{customer} had {n} at {at}")

    def _answers(self):
        """An answer goes out where the question came from."""
        acts = [act for act in self.accepted.values() if act.data["type"] == "asked"]
        asked = {act.data["order"]: act.data["channel"] for act in acts}
        for call in self.evidence.calls:
            if call.name == "answer" and call.channel != asked.get(call.about, call.channel):
                self.say("an answer goes where the question came from", "S5", f"{call.about} on {call.channel}")

    def _planned_anew(self):
        """Each time a message is planned anew, it begins once more."""
        begun, again = Counter(), Counter()
        for each in self.evidence.endings:
            begun[each.customer] += each.name in PLANNED
        for entry in self.evidence.entries:
            if '["replanned"' in entry.trace:
                again[self.evidence.numbers.get(entry.customer)] += entry.trace.count('["replanned"')
        for customer in {run[0] for run in self.began if run[1] == "planned"}:
            runs = sum(n for run, n in self.began.items() if run[:2] == (customer, "planned"))
            if begun[customer] != runs + again[customer]:
                words = f"{customer}: {begun[customer]} messages of {runs} runs, {again[customer]} of them anew"
                self.say("what was held is planned anew", "S6.7", words)


def met(evidence):
    """What of the language a schedule met, counted."""
    found = Counter(f"run of {rule}" for _, rule, _ in evidence.runs if rule in RULES)
    found["result returned"] = len(evidence.returned)
    for entry in evidence.entries:
        for what, words in TRACED.items():
            found[words] += entry.trace.count(what)
    found["exposed"] = sum(kind == "exposed" for _, _, kind, _ in evidence.timeline)
    found["arm of a call that failed"] = sum(kind == "unrefunded" for _, _, kind, _ in evidence.timeline)
    found["answered in the conversation"] = sum(call.name == "answer" for call in evidence.calls)
    found["released in the middle"] = sum(act.what == "release" for act in evidence.acts)
    return found


TRACED = {
    '["replanned"': "planned anew", '["entry deferred"': "entry waited for a place", '["collected"': "collected",
}  # fmt: skip
MORE = {
    "result returned", "exposed", "arm of a call that failed", "answered in the conversation", "released in the middle",
}  # fmt: skip
"""What else schedules meet, beside runs of the rules."""
