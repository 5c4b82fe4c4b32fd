"""Who brought whom, and what a friend does first (S4.1): looked up in whole timelines, for two customers at a time."""

from datetime import timedelta

import attrs

from touchpoint.journey import triggers as t


@attrs.define
class Brought:
    """One referral: who refers, the friend, when, and the types of touchpoints that count no more."""

    id: str
    by: str
    friend: str
    at: int
    done: set = attrs.field(factory=set)


def meets_referral(trigger, occurrence):
    """Whether a touchpoint is what a trigger by a referral names."""
    if occurrence.kind != "touchpoint":
        return False
    if trigger.converted is None:
        return occurrence.name == "referral_made"
    return occurrence.name == "referral_converted" and occurrence.properties["converted"] == trigger.converted


def refer(brought, advocate, friend, event, settle):
    """One is brought by another: both are told, unless it is the same person, a ring, or not the first time.

    Whether it was so.
    """
    if advocate is friend or any(each.friend == friend.name for each in brought):
        return False
    above = {each.friend: each.by for each in brought}
    name = advocate.name
    while name is not None:
        if name == friend.name:
            return False
        name = above.get(name)
    own = f"referral:{len(brought) + 1}"
    for customer, what, told, direction in (
        (advocate, "referral_made", own, "inbound"),
        (friend, "referral_received", f"{own}:friend", "internal"),
    ):
        settle(customer)
        customer.now = max(customer.now, event.recorded_at)
        at = min(event.at, customer.now)
        customer.decide(customer.touchpoint(what, at, told, {"referral": own}, direction=direction))
    brought.append(Brought(own, advocate.name, friend.name, min(event.at, friend.now)))
    return True


def convert(brought, known, friend, event, settle):
    """What a friend has just done is told to whoever brought them, where they had never done it before."""
    if event.type not in {each.converted for each in friend.program.timed(t.Referred)}:
        return
    for each in brought:
        if each.friend != friend.name or event.type in each.done:
            continue
        each.done.add(event.type)
        at = min(event.at, friend.now)
        before = [past for past in friend.timeline if past.name == event.type and past.id != event.id]
        if before or at < each.at:
            continue
        advocate = known[each.by]
        settle(advocate)
        advocate.now = max(advocate.now, event.recorded_at)
        told = {"referral": each.id, "converted": event.type, "after": timedelta(microseconds=at - each.at)}
        advocate.decide(
            advocate.touchpoint("referral_converted", min(at, advocate.now), f"{each.id}:{event.type}", told)
        )
