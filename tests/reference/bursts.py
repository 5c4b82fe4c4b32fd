"""Bursts: triggers that are collected for a time, and start one run then (`Rule(collect=)`)."""

import attrs

from reference.evaluate import Look, holds
from reference.records import meets, same
from touchpoint.durations import length
from touchpoint.journey import conditions as c


@attrs.define(eq=False)
class Burst:
    """What was collected so far, all of it."""

    number: int
    journey: str
    rule: object
    key: object
    due: int
    came: list


def asked_of_each(rule):
    """The parts of the condition that each trigger is asked."""
    return [part for part in _parts(rule.given) if rule.collect is None or not _speaks_of_burst(part)]


def asked_of_all(rule):
    """The parts that are asked when the burst is complete."""
    return [part for part in _parts(rule.given) if rule.collect is not None and _speaks_of_burst(part)]


def _parts(given):
    return given.parts if isinstance(given, c.And) else () if given is None else (given,)


def _speaks_of_burst(part):
    return any(isinstance(node, c.Field) and _root(node) == "collected" for node in c.walk(part))


def _root(node):
    root = c.root_of(node)
    return root if isinstance(root, str) else None


def gather(customer, number, journey, rule, key, occurrence):
    """One more of a burst, or the first of a new one."""
    for burst in customer.bursts:
        if burst.rule is rule and same(burst.key, key):
            burst.came.append(occurrence)
            return
    customer.bursts.append(Burst(number, journey, rule, key, customer.now + length(rule.collect), [occurrence]))


def offer(customer, occurrence):
    """An exit or a goal that ends runs ends the collecting too."""
    for burst in list(customer.bursts):
        rule = burst.rule
        carried = occurrence.kind == "touchpoint" and rule.key is not None and rule.key in occurrence.properties
        if carried and not same(occurrence.properties[rule.key], burst.key):
            continue
        if any(
            not isinstance(each, c.Expression) and meets(each, occurrence, burst.journey, rule, burst)
            for each in rule.exit
        ):
            drop(customer, burst, "exit")
        elif rule.goal is not None and rule.goal.ends:
            named = any(meets(each, occurrence, burst.journey, rule, burst) for each in rule.goal.trigger)
            if named and holds(rule.goal.given, look(customer, burst, occurrence)):
                drop(customer, burst, "goal")


def drop(customer, burst, why):
    customer.bursts.remove(burst)
    customer.log.append(("dropped", burst.rule.name, why, customer.now))


def look(customer, burst, event):
    return Look(customer, burst.journey, event, burst.came[0], {}, burst.came)


def complete(customer, burst):
    """The time is over: one run starts, unless something stands against it now."""
    customer.bursts.remove(burst)
    rule, here = burst.rule, look(customer, burst, burst.came[-1])
    customer.log.append(("complete", rule.name, len(burst.came), customer.now))
    if not all(holds(part, here) for part in asked_of_all(rule)):
        customer.refuse(rule, "given")
    elif any(isinstance(each, c.Expression) and holds(each, here) for each in rule.exit):
        customer.refuse(rule, "exit")
    else:
        customer.try_to_start(burst.number, burst.journey, rule, burst.came[0], burst.came)
    customer.decide()
