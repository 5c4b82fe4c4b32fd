"""What a customer allowed and when: consent, opt-outs, addresses, cases, quiet hours, from the host's acts alone."""

from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
PROMOTIONS = {"marketing", "feedback", "gift"}
FREE = {"transactional", "service"}
BEST_BEFORE = {"confirm": 30 * HOUR, "promo": 72 * HOUR, "sorry": 168 * HOUR}
COOL_OFF = 12 * HOUR
GONE = {"address_invalid", "address_unreachable"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - plain Python of any version


def day(n):
    """So many days in microseconds."""
    return n * 24 * HOUR


@cache
def _zone(name):
    return ZoneInfo(name)


def quiet(zone, wall):
    """Whether it is between nine in the evening and nine in the morning there."""
    local = (_EPOCH + timedelta(microseconds=wall)).astimezone(_zone(zone))
    return not 9 <= local.hour < 21


class Customer:
    """One customer, as the host's acts have them.

    Args:
        customer: the id.
        acts: theirs, in the order in which they were committed.
        evidence: for what is shared with others: opt-outs and suppressed addresses.
    """

    def __init__(self, customer, acts, evidence):
        self.customer, self._acts, self._evidence = customer, acts, evidence
        self._said = self._statements()
        self._begun = {}
        for act in acts:
            if act.what == "touchpoint" and act.data["type"] in {"order", "browse", "upset"}:
                self._begun.setdefault(act.data["order"], act)

    def _statements(self):
        """(since, at, granted, purpose, channel); what was said without a time was said when it came."""
        said, newest = [], 0
        for act in self._acts:
            if act.what in {"grant", "withdraw"}:
                told = act.data["at"]
                at = told if told is not None else act.wall if newest <= act.wall else newest + 1
                newest = max(newest, at)
                said.append((act.since, at, act.what == "grant", act.data["purpose"], act.data["channel"]))
        return said

    def denies(self, call):
        """What stood against this call's release, as committed then; empty for nothing."""
        return next((why for why, stood in self._against(call) if stood), "")

    def _against(self, call):
        """(what, whether it stood in the way), in no order that matters; night is what the clock on the wall says."""
        place, wall = call.release, call.released_wall
        yield "an erasure", any(act.what == "erase" and act.since < place for act in self._acts)
        yield "consent", not self.consents(call.kind, call.channel, place)
        yield "an opt-out", self._opted_out(call)
        yield "a suppressed address", self._suppressed(call)
        yield "its best-before", self._expired(call)
        if call.kind in PROMOTIONS:
            zone = self.zone(place)
            yield "an open case", bool(self._open_cases(place))
            yield "a cool-off", self._cooling(place, wall)
            yield "quiet hours", zone is None or quiet(zone, wall)

    def consents(self, kind, channel, place):
        """Whether the ledger allows this kind on this channel."""
        by_purpose = {}
        for since, at, granted, purpose, where in self._said:
            if since < place and where in {"*", channel} and purpose in {"*", kind}:
                before = by_purpose.get(purpose)
                if before is None or (at, not granted) > (before[0], not before[1]):
                    by_purpose[purpose] = at, granted
        narrow, wide = by_purpose.get(kind), by_purpose.get("*")
        if narrow is not None and not narrow[1]:
            return False
        if wide is not None and not wide[1]:
            return narrow is not None and narrow[0] > wide[0]
        return narrow is not None or wide is not None or kind in FREE

    def ever_against(self):
        """Whether anything ever stood against any message, here or among those who share an address."""
        acts = self._evidence.acts
        if any(act.what == "reply" for act in acts):
            return True
        return any(not each[2] for each in self._said) or any(c.answer == "refused" for c in self._evidence.calls)

    def zone(self, place):
        """The customer's zone then."""
        return next((a.data["zone"] for a in reversed(self._acts) if a.what == "identify" and a.since < place), None)

    def _opted_out(self, call):
        """The last word from this address on this channel, by when it was said; without a time, by when it came."""
        stands, at = None, 0
        words = [act for act in self._evidence.acts if act.what == "reply" and act.since < call.release]
        seen = set()
        for act in sorted(words, key=lambda each: each.since):
            data = act.data
            if data["channel"] != call.channel or data["address"] != call.address or (act.customer, data["id"]) in seen:
                continue
            seen.add((act.customer, data["id"]))
            told = data["at"]
            said = max(act.wall, at) if told is None else told
            if stands is None or said > at or (said == at and (data["word"] == "STOP" or told is None)):
                stands, at = data["word"], said
        return stands == "STOP" or self._told_by_provider(call)

    def _told_by_provider(self, call):
        """A provider refused because the recipient had opted out, and nothing was granted since."""
        for each in self._refusals({"recipient_opted_out"}, call):
            if each.customer != self.customer or each.channel != call.channel:
                continue
            if not any(s[2] and s[0] > each.settled for s in self._said) and not self._granted_ahead(each):
                return True
        return False

    def _granted_ahead(self, each):
        # A grant that a fast clock dated ahead of the refusal.
        return any(s[2] and s[1] > each.released_wall for s in self._said)

    def _suppressed(self, call):
        return any(each.address == call.address for each in self._refusals(GONE, call))

    def _refusals(self, codes, call):
        """Refusals with these codes that were surely written back before the release of `call`.

        One whose claim was lost meanwhile writes nothing, so only those are sure that were written back soon.
        """
        for each in self._evidence.calls:
            known = each.code in codes and each.settled is not None and each.settled < call.release
            if known and each.settled_at - each.released_at < 80e6 and not self._evidence.slack:
                yield each

    def _open_cases(self, place):
        refs = set()
        for act in self._acts:
            if act.since < place and act.what == "open":
                refs.add(act.data["ref"])
            elif act.since < place and act.what == "close":
                refs.discard(act.data["ref"])
        return refs

    def _cooling(self, place, clock):
        refs, closed = set(), None
        for act in self._acts:
            if act.since < place and act.what == "open":
                refs.add(act.data["ref"])
            elif act.since < place and act.what == "close" and act.data["ref"] in refs:
                refs.discard(act.data["ref"])
                closed = act.wall
        return closed is not None and clock < closed + COOL_OFF - self._evidence.slack

    def _expired(self, call):
        lasts, began = BEST_BEFORE.get(call.name), self._begun.get(call.about)
        if lasts is None or began is None:
            return False
        return call.released_wall >= began.wall + lasts + self._evidence.slack


__all__ = ["MINUTE", "Customer", "day", "quiet"]
