"""The yardstick: reads what the host did and what providers were called with, and says which promise was broken.

It shares no code with the library, and takes no word of it for what should have happened: it knows the acts that were
committed, the ledger of the providers, and the rows as they were written. The rules of the journeys stand here a second
time, in plain numbers.
"""

import json
from collections import Counter, defaultdict
from itertools import pairwise

import attrs

from faults.laws_of_language import FUNCTION, REPEATED, OfLanguage
from faults.permits import MINUTE, Customer, day

HAND_OVER_WITHIN = 20.0
ENDS = {"sent", "withdrawn", "denied", "expired", "failed", "unknown"}
STARTS = {"order": "ordered", "browse": "browsed", "upset": "upset"}
FIRST = {"order": "confirm", "browse": "promo", "upset": "sorry"}
CAP, BUDGET = 2, 2
WORTH, SHELF = 10_000_000, 5
MARKETING = {"offer", "promo", "more"}
LATE = day(7)


@attrs.frozen
class Violation:
    """A promise that was broken. `clause` is of the semantics."""

    promise: str
    clause: str
    detail: str


class Checker:
    """Judges one schedule.

    Args:
        evidence: what it left behind.
    """

    def __init__(self, evidence):
        self.evidence = evidence
        self.found = []
        self.acts = defaultdict(list)
        for act in sorted(evidence.acts, key=lambda each: each.since):
            if act.customer:
                self.acts[act.customer].append(act)
        self.erased = {act.customer for act in evidence.acts if act.what == "erase"}
        self.by_key = defaultdict(list)
        for call in evidence.calls:
            self.by_key[call.key].append(call)
        self.releases = defaultdict(list)
        for row in evidence.rows:
            if row.status == "in_flight":
                self.releases[row.key].append(row)
        self.people = {customer: Customer(customer, acts, evidence) for customer, acts in self.acts.items()}

    def run(self):
        """Every violation, in the order of the promises."""
        self._reached_once()
        for calls in self.by_key.values():
            self._attempts(calls)
        for call in self.evidence.calls:
            self._one_call(call)
        self._caps()
        self._budget()
        self._touchpoints()
        self._runs()
        self._endings()
        self._erasures()
        OfLanguage(self).run()
        self._deferrals()
        self._rescues()
        if self.evidence.calm:
            self._promptness()
        return self.found

    def say(self, promise, clause, detail):
        """Note a violation."""
        self.found.append(Violation(promise, clause, detail))

    # --- what providers were called with --------------------------------------------------------------------------

    def _reached_once(self):
        reached, keys = Counter(), defaultdict(set)
        for call in self.evidence.calls:
            meaning = call.customer, call.name, call.key if call.name in REPEATED else call.about
            keys[meaning].add(call.key)
            reached[meaning] += call.reached
        for meaning, times in reached.items():
            if times > 1:
                self.say("a customer gets a message once", "S6.8", f"{meaning} came {times} times")
        for meaning, several in keys.items():
            if len(several) > 1:
                self.say("a message keeps its key", "S6.3", f"{meaning} went under {len(several)} keys")

    def _attempts(self, calls):
        """What may follow upon what under one key."""
        for call in self.evidence.lost:
            if call.key == calls[0].key and call.customer not in self.erased:
                self.say("a late proof of sending is kept", "S11.3", _told(call))
        for before, call in ((a, b) for n, b in enumerate(calls) for a in calls[:n]):
            if before.answer == "refused":
                continue
            if self.evidence.memories[before.channel] is None:
                self.say("what may have gone out is never repeated without memory", "S6.8", _told(call))
            if call.channel != before.channel:
                self.say("no other channel is tried for what may have gone out", "S6.8", _told(call))
            if before.answer == "accepted" and before.settled is not None and before.settled < call.look:
                self.say("nothing is handed over after it was accepted", "S6.8", _told(call))
        self._lookups(calls)

    def _lookups(self, calls):
        receipts = [a for a in self.acts[calls[0].customer] if a.what == "receipt" and a.data["key"] == calls[0].key]
        for call in calls:
            if any(act.since < call.release for act in receipts):
                self.say("nothing is handed over after a receipt", "S6.8", _told(call))

    def _one_call(self, call):
        self._last_look(call)
        person = self.people[call.customer]
        denied = person.denies(call)
        if denied:
            self.say(f"no release against {denied}", "S11.2", _told(call))

    def _last_look(self, call):
        if not call.look:
            self.say("a last look comes before every call", "S6.8", _told(call))
            return
        elapsed = call.look_elapsed - call.released_elapsed
        if call.look_timeline != call.released_timeline or not 0 <= elapsed <= HAND_OVER_WITHIN:
            self.say("at most 20 s lie between release and call", "S6.8", f"{_told(call)}, {elapsed:.0f} s")
        elif abs((call.look_wall - call.released_wall) / 1e6 - elapsed) > 2.5:
            self.say("nothing is handed over when the clock was set since its release", "S6.8", _told(call))
        for row in self.releases[call.key]:
            if call.release < row.seq < call.look:
                self.say("a live claim is never taken over silently", "S11.3", _told(call))

    # --- counts ---------------------------------------------------------------------------------------------------

    def _caps(self):
        """At most so many promotions reach a customer in any seven days, whatever the order of releases."""
        per_person = defaultdict(dict)
        for call in self.evidence.calls:
            if call.name in MARKETING and call.answer != "refused":
                per_person[call.customer].setdefault(call.key, []).append(call)
        period = day(7) - self.evidence.slack
        for customer, by_key in per_person.items():
            for call in (each for calls in by_key.values() for each in calls):
                at = call.released_wall
                # Each key counts where its newest release until then lies.
                last = [
                    max((c for c in calls if c.release <= call.release), key=lambda c: c.release, default=None)
                    for calls in by_key.values()
                ]
                n = sum(each is not None and at - period < each.released_wall <= at for each in last)
                if n > CAP:
                    self.say("caps hold", "S6.6", f"{customer} got {n} promotions until {_told(call)}")

    def _budget(self):
        gifts = {call.key for call in self.evidence.calls if call.kind == "gift" and call.answer != "refused"}
        if len(gifts) > BUDGET:
            self.say("a budget holds", "S6.5", f"{len(gifts)} gifts of {BUDGET}")
        booked, added, left, rows = self.evidence.accounts
        if booked != added or added != len(rows) * WORTH or added > BUDGET * WORTH:
            self.say("accounts add up", "S6.5", f"{booked} booked, {added} in {len(rows)} rows")
        if left is not None and left != SHELF - len(rows):
            self.say("a stock is counted", "S6.5", f"{left} left of {SHELF}, and {len(rows)} taken")
        ends = {each.key: each.status for each in self.evidence.endings}
        for key, settled in rows:
            if key is not None and settled != (ends.get(key) in ("sent", "unknown")):
                self.say("accounts say what became of a gift", "S6.5", f"settled: {settled}, and {ends.get(key)}")
        kept = {key for key, _ in rows}
        for each in self.evidence.endings:
            if each.name == "sorry" and each.status in ("sent", "unknown") and each.key not in kept:
                self.say("what went out stays spent", "S6.5", each.status)

    def _counted(self, key, seq, wall):
        """Whether a cap may count this key at that place: it is in flight, accepted or uncertain; never surely free."""
        counted = unsure = held = False
        events = [(row.seq, "release", row) for row in self.releases[key]]
        events += [(place, "back", None) for place, given in self.evidence.given_back if given == key]
        events += [(call.settled, "settled", call) for call in self.by_key[key] if call.settled is not None]
        events += [(call.seq, "called", call) for call in self.by_key[key]]
        for place, what, it in sorted(events, key=lambda each: (each[0], each[1])):
            if place >= seq:
                break
            if what == "release":
                # Whoever held it before has vanished, and nobody knows what it did.
                unsure, held = unsure or held, True
                counted = abs(wall - it.wall) < day(7) + 2 * self.evidence.slack + MINUTE
            elif what == "called":
                unsure = unsure or it.answer != "refused"
                continue
            elif what == "back" or (it.answer == "refused" and it.settled_at - it.released_at < 80e6):
                counted = counted and unsure
            held = what == "release"
        return counted

    def _deferrals(self):
        """A cap counts what reached the customer, or may have; it never counts what was refused, or given back."""
        if self.evidence.slack:
            return
        keys = defaultdict(set)
        for row in self.evidence.rows:
            if row.name in MARKETING:
                keys[row.customer].add(row.key)
        for entry in self.evidence.entries:
            if '"cap"' not in entry.trace:
                continue
            for line in json.loads(entry.trace):
                if line[0] == "deferred" and line[2] == "cap":
                    n = sum(self._counted(key, entry.seq, entry.wall) for key in keys[entry.customer])
                    if n < CAP:
                        self.say("caps never count what was refused", "S6.6", f"{line[1]} was kept back by {n}")

    # --- what the store holds -------------------------------------------------------------------------------------

    def accepted(self):
        """The host's touchpoints that were accepted, the first of each id."""
        first = {}
        for customer, acts in self.acts.items():
            for act in acts:
                if act.what == "touchpoint" and customer not in self.erased:
                    first.setdefault((customer, act.data["id"]), act)
        return first

    def _touchpoints(self):
        stored = Counter((customer, it) for customer, it, _, _ in self.evidence.timeline)
        contents = {(customer, it): (what, body) for customer, it, what, body in self.evidence.timeline}
        for pair, act in self.accepted().items():
            if stored[pair] != 1:
                self.say("what was accepted is there once", "S11.1", f"{pair} is there {stored[pair]} times")
            elif contents[pair][0] != act.data["type"] or f'"{act.data["order"]}"' not in contents[pair][1]:
                self.say("what was accepted is there as it was", "S1.3", f"{pair} has another content")

    def _runs(self):
        """What an accepted touchpoint sets off is there with it, and once."""
        began = Counter(self.evidence.runs)
        expected = Counter()
        for (customer, it), act in self.accepted().items():
            rule = STARTS.get(act.data["type"])
            told = act.data["at"]
            if rule is not None and (told is None or act.wall - told < LATE):
                expected[customer, rule, it] += 1
        for run in expected.keys() | {each for each in began if each[1] in STARTS.values()}:
            if began[run] != expected[run] and run[0] not in self.erased:
                self.say("a touchpoint and what follows commit together, once", "S11.1", f"{run}: {began[run]} runs")
        first = Counter((each.customer, each.cause, each.name) for each in self.evidence.endings)
        for (customer, it), act in self.accepted().items():
            name = FIRST.get(act.data["type"])
            if expected[customer, STARTS.get(act.data["type"]), it] and first[customer, it, name] != 1:
                self.say(
                    "an intent is written with what caused it", "S6.3", f"{name} of {it}: {first[customer, it, name]}"
                )

    def _endings(self):
        for each in (one for one in self.evidence.endings if one.name != FUNCTION):
            calls = self.by_key[each.key]
            open_ = [call for call in calls if call.answer != "refused"]
            if each.status not in ENDS:
                self.say("every message reaches an end", "S6.7", f"{each.name} of {each.customer} is {each.status}")
            elif open_ and each.status not in {"sent", "unknown"}:
                self.say("what may have gone out ends as sent or unknown", "S6.8", f"{each.name} is {each.status}")
            elif (
                each.status == "sent"
                and not any(call.answer == "accepted" for call in calls)
                and not self._receipt(each)
            ):
                self.say("what ends as sent was accepted", "S6.8", f"{each.name} of {each.customer}")
            elif each.status == "unknown" and not self.releases[each.key]:
                self.say("only what was released is unknown", "S6.7", f"{each.name} of {each.customer}")
            elif each.status == "unknown":
                self._proofs(each, calls)

    def _receipt(self, each):
        return any(act.what == "receipt" and act.data["key"] == each.key for act in self.acts[each.customer])

    def _proofs(self, each, calls):
        """An acceptance that was written back while the message was still open makes it sent, however late it came."""
        ended = next(row.seq for row in self.evidence.rows if row.key == each.key and row.status == "unknown")
        if any(call.answer == "accepted" and call.settled is not None and call.settled < ended for call in calls):
            self.say("a late proof of sending is kept", "S11.3", f"{each.name} of {each.customer}")

    def _erasures(self):
        """Of somebody who was erased nothing is left, and nothing comes back."""
        left = {each[0] for each in (*self.evidence.timeline, *self.evidence.runs)}
        left |= {each.customer for each in self.evidence.endings} | set(self.evidence.numbers.values())
        for customer in sorted(left & self.erased):
            self.say("erasure leaves nothing", "S1.7", f"{customer} is still there")
        for key in self.evidence.orphans:
            self.say("erasure leaves nothing", "S1.7", f"message {key} is still there")

    # --- in time --------------------------------------------------------------------------------------------------

    def _rescues(self):
        """A claim whose owner vanished is taken over by the next worker that looks two minutes later."""
        open_claims, rows = {}, iter(self.evidence.rows)
        row = next(rows, None)
        for seq, at in self.evidence.looks:
            while row is not None and row.seq <= seq:
                if row.status == "in_flight":
                    open_claims[row.key] = row
                else:
                    open_claims.pop(row.key, None)
                row = next(rows, None)
            for claim in list(open_claims.values()):
                gone = claim.customer not in self.evidence.numbers
                if at - claim.at > 125e6 and not self.evidence.slack and not gone:
                    self.say("a lost claim is rescued within two minutes", "S11.3", f"{claim.name}, {claim.key}")
                    del open_claims[claim.key]
        for before, after in ((a, b) for rows in self.releases.values() for a, b in pairwise(rows)):
            taken_back = any(row.key == after.key and before.seq < row.seq < after.seq and row.status != "in_flight"
                             for row in self.evidence.rows)  # fmt: skip
            soon = (after.at - before.at) < 60e6 and before.process != after.process
            if soon and not self.evidence.slack and not self._done(before, after) and taken_back:
                self.say("a live claim is never taken over", "S11.3", f"{after.name}, {after.key}")

    def _done(self, before, after):
        """Whether the owner itself wrote something of the message back in between."""
        mine = {row.seq for row in self.evidence.rows if row.key == before.key and row.process == before.process}
        return any(before.seq < seq < after.seq for seq in mine)

    def _promptness(self):
        """Where nothing goes wrong, what nothing stands against is handed over at once, poison or none."""
        for act in self.accepted().values():
            told = act.data["at"]
            if act.data["type"] != "order" or (told is not None and act.wall - told >= LATE):
                continue
            called = [c for c in self.evidence.calls if c.about == act.data["order"] and c.name == "confirm"]
            soon = [c for c in called if c.at - act.at < 60e6]
            if not soon and not self.people[act.customer].ever_against():
                self.say("one customer's poison delays nobody else", "S11.4", f"confirm of {act.data['id']}")


def _told(call):
    return f"{call.name} {call.key[:6]} of {call.customer} on {call.channel} (call {call.seq}, release {call.release})"


def check(evidence):
    """Every violation of a schedule."""
    return Checker(evidence).run()
