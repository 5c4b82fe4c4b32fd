"""Planted defects of bursts, calls, experiments, segments, ends, answers, live runs and releases; see `defects.py`."""

from faults.planting import defect
from touchpoint.core import advance, bursts, decision, following, live_runs, records, replanning, segments, steps
from touchpoint.core import delivery as delivering
from touchpoint.core.conversation import Conversation
from touchpoint.core.held import dropped

RESULTS = 22
"""The place of results in the record of a run."""


@defect("what belongs to a burst begins one of its own")
def _(replace):
    replace(bursts, "_burst_of", lambda _: lambda *_: None)


@defect("a burst grows with every trigger")
def _(replace):
    def make(gather):
        def prolonging(at_hand, rule, occurrence):
            gather(at_hand, rule, occurrence)
            for each in at_hand.state.bursts:
                each.due = at_hand.now + (rule.collects or 0)

        return prolonging

    replace(advance, "gather", make)


@defect("a result is not kept")
def _(replace):
    replace(advance, "_keep_result", lambda _: lambda *_: None)


@defect("a result is forgotten in a restart", strengths={"crash": 0.25})
def _(replace):
    def make(record):
        def forgetting(run):
            found = record(run)
            found[RESULTS] = {}
            return found

        return forgetting

    replace(records, "_run_to_record", make)


@defect("a call that fails for good goes on as if it had not", strengths={"function raised": 1})
def _(replace):
    def make(go_on):
        return lambda at_hand, run, step, status: go_on(at_hand, run, step, "sent" if status == "failed" else status)

    replace(advance, "go_on_after", make)


@defect("an exposure is recorded each time")
def _(replace):
    def make(expose):
        def forgetting(at_hand, run, node, split, variant):
            expose(at_hand, run, node, split, variant)
            at_hand.state.exposures = dropped(at_hand.state.exposures, split)

        return forgetting

    replace(steps, "_expose", make)


@defect("a trait that a step sets changes nothing for others")
def _(replace):
    replace(steps, "trait_changed", lambda _: lambda *_: None)


@defect("a window that lapses lets nobody out of a segment")
def _(replace):
    replace(segments, "_arm", lambda _: lambda *_, **__: None)


@defect("only who was sent something is heard of", strengths={"refused": 0.5})
def _(replace):
    def make(ended):
        def deaf(program, customer, pending, status, *rest):
            return ended(program, customer, pending, status, *rest) if status == "sent" else None

        return deaf

    replace(decision, "ended_message", make)


@defect("one more run than there are places")
def _(replace):
    def make(live):
        return lambda at_hand, limit, going=(): live(at_hand, limit, going)[1:]

    replace(live_runs, "_live", make)


@defect("an answer goes out where the customer is written to first")
def _(replace):
    replace(Conversation, "channels", lambda _: lambda *_: ("email", "sms"))


@defect("what is planned anew is left out", strengths={"paused": 0.02})
def _(replace):
    def make(replan):
        def leaving(at_hand, run, pending):
            replan(at_hand, run, pending)
            run.visits[pending.step] = abs(run.visits[pending.step])

        return leaving

    replace(delivering, "replan", make)
    replace(replanning, "replan", make)


@defect("a release forgets until when a run waits", strengths={"released in the middle": 0.25, "new release": 0.1})
def _(replace):
    def make(_):
        def forgetting(_, run, *_rest):
            run.due = None
            return []

        return forgetting

    replace(following, "_goes_on", make)
