"""At most so many live runs (`LiveRuns`): who is refused, waits for a place, or takes that of another."""

import attrs

from reference.evaluate import Look, holds
from reference.records import same
from touchpoint.durations import length
from touchpoint.journey import steps as s
from touchpoint.journey.policy import LiveRuns

MOST = 100


@attrs.define(eq=False)
class Entry:
    """Somebody who waits for a place."""

    number: int
    journey: str
    rule: object
    key: object
    until: int
    trigger: object
    collected: list | None


def limits_on(program, journey, rule):
    """The limits that bind a rule, each with the journeys whose runs it counts."""
    house = [(item, [each.name for each in program.journeys]) for item in program.policy.items]
    own = [(item, [journey]) for item in program.by_name[journey].policy.items]
    return [(item, names) for item, names in (*house, *own) if isinstance(item, LiveRuns) and binds(item, rule)]


def binds(item, rule):
    sent = [step.message for step in s.flat(rule.then) if isinstance(step, s.Send)]
    return item.kinds is None or any(message.effective_kind in item.kinds for message in sent)


def counted(customer, item, names, going=()):
    live = [run for run in customer.runs if run.live and run not in going]
    return [run for run in live if run.path[0] in names and binds(item, run.rule)]


def admitted(customer, entry, going):
    """Whether one more may live now; else it was refused, or waits."""
    rule = entry.rule
    limits = limits_on(customer.program, entry.journey, rule)
    full = [each for each in limits if len(counted(customer, *each, going)) >= each[0].n]
    for item, names in full:
        if item.over == "refuse" or (item.over == "replace" and not weaker(customer, item, names, rule, going)):
            customer.refuse(rule, "live runs")
            return False
    waits = [item for item, _ in full if item.over == "defer"]
    if waits:
        entry.until = customer.now + min(length(item.within) for item in waits)
        wait(customer, entry)
        return False
    for item, names in full:
        while len(counted(customer, item, names, going)) >= item.n and (
            found := weaker(customer, item, names, rule, going)
        ):
            customer.end(found[0], f"replaced by {entry.journey}/{rule.name}")
            break
    return True


def weaker(customer, item, names, rule, going):
    """Runs of lower priority, the lowest first, of equally low ones the youngest."""
    lower = [run for run in counted(customer, item, names, going) if run.rule.priority < rule.priority]
    return sorted(lower, key=lambda run: (run.rule.priority, -run.seq))


def wait(customer, entry):
    twins = [each for each in customer.entries if each.rule is entry.rule and same(each.key, entry.key)]
    if twins and entry.rule.concurrency == "ignore":
        customer.refuse(entry.rule, "live runs")
        return
    if entry.rule.concurrency == "restart":
        customer.entries = [each for each in customer.entries if each not in twins]
    if len(customer.entries) >= MOST:
        customer.refuse(entry.rule, "live runs")
    else:
        customer.entries.append(entry)


def admit(customer):
    """Whether somebody who waited was looked at: a place was free for them."""
    for entry in [each for each in customer.entries if each.until < customer.now]:
        customer.entries.remove(entry)
        customer.refuse(entry.rule, "live runs")
    for entry in sorted(customer.entries, key=lambda each: -each.rule.priority):
        limits = limits_on(customer.program, entry.journey, entry.rule)
        if all(len(counted(customer, *each)) < each[0].n for each in limits):
            customer.entries.remove(entry)
            start(customer, entry)
            return True
    return False


def start(customer, entry):
    from reference import bursts

    look = Look(customer, entry.journey, entry.trigger, entry.trigger)
    if all(holds(part, look) for part in bursts.asked_of_each(entry.rule)):
        customer.try_to_start(entry.number, entry.journey, entry.rule, entry.trigger, entry.collected)
    else:
        customer.refuse(entry.rule, "given")
