"""Cases: open, answered, overdue, closed (S8.2)."""

import attrs

from reference.records import Occurrence
from touchpoint.durations import length
from touchpoint.journey import triggers as t

WHICH = ("response", "resolution")


@attrs.define(eq=False)
class Opening:
    """One opening of a case; `missed` are the deadlines that it has missed."""

    kind: str
    ref: str
    at: int
    seq: int
    answered: int | None = None
    missed: list = attrs.field(factory=list)


def declared(program, kind):
    return next(each for journey in program.journeys for each in journey.cases if each.name == kind)


def deadlines(customer):
    """What is still to be missed: (due, order at one instant, opening, which)."""
    for opening in customer.openings.values():
        case = declared(customer.program, opening.kind)
        for place, within in enumerate((case.respond_within, case.resolve_within)):
            answered = WHICH[place] == "response" and opening.answered is not None
            if within is not None and WHICH[place] not in opening.missed and not answered:
                yield opening.at + length(within), (opening.at, opening.seq, place), opening, WHICH[place]


def told(customer, kind, ref):
    """What every event of a case carries."""
    return {"case": kind, "ref": ref, "severity": declared(customer.program, kind).severity}


def miss(customer, opening, which):
    opening.missed.append(which)
    customer.log.append(("overdue", which, opening.kind, shown(opening.ref), customer.now))
    carried = {**told(customer, opening.kind, opening.ref), "deadline": which}
    customer.decide(Occurrence("case_overdue", opening.kind, customer.now, f"{customer.now}", carried))


def change(customer, act, kind, ref, cause):
    """Opening an open case and closing one that is not open change nothing."""
    is_open = (kind, ref) in customer.openings
    if is_open == (act == "open_case"):
        return
    if act == "open_case":
        customer.openings[kind, ref] = Opening(kind, ref, customer.now, customer.next_seq())
    else:
        del customer.openings[kind, ref]
    customer.cases[kind, ref] = None if act == "open_case" else customer.now
    customer.log.append(("opened" if act == "open_case" else "closed", kind, shown(ref), customer.now))
    what = t.CaseOpened(kind) if act == "open_case" else t.CaseClosed(kind)
    customer.queue.append(Occurrence(act, kind, customer.now, cause, told(customer, kind, ref), what=what))
    customer.look_at_segments(cause)
    for message in customer.waiting() if act == "close_case" else ():
        message.ask_at = customer.now


def answer(customer, kind, ref, at):
    """The earliest answer counts, and none from before the case was opened."""
    opening = customer.openings.get((kind, ref))
    if opening is None:
        return
    at = max(at, opening.at)
    if opening.answered is None or at < opening.answered:
        opening.answered = at
        customer.log.append(("answered", kind, shown(ref), customer.now))


def answered_by(customer, message):
    """What goes out answers every case that its run is about, if nothing has before."""
    for kind, ref in message.cases:
        opening = customer.openings.get((kind, ref))
        if opening is not None and opening.answered is None:
            answer(customer, kind, ref, customer.now)


def may_make_good(message):
    """Whether it is neither a promotion nor a request for feedback."""
    return message.what.effective_kind not in ("marketing", "feedback")


def goes_first(customer, message):
    """Whether it makes good a case that is open: its run is about it (S6.10)."""
    return any(each in customer.openings for each in message.cases) and may_make_good(message)


def about(occurrence):
    """The cases that something is about."""
    if occurrence.kind in ("open_case", "close_case", "case_overdue"):
        return [(occurrence.properties["case"], occurrence.properties["ref"])]
    return [] if occurrence.about is None else [occurrence.about]


def shown(ref):
    """What a case or a run is about, in the log; None for a run, which the engine calls otherwise."""
    return None if isinstance(ref, str) and ref.startswith("run:") else ref
