"""Send, second part: what the provider said, in our words, and nothing personal in any of them."""

from contextlib import suppress
from datetime import timedelta

from touchpoint.model.delivery import Accepted, Ambiguous, FailureCode, Refused
from touchpoint.testing.contract.bench import AMBIGUOUS, Bench, is_outcome, told
from touchpoint.testing.contract.check import broken, check
from touchpoint.testing.contract.watch import listening


class OutcomeChecks:
    """Send."""

    @check(
        why="each code has a remedy of its own: the wrong one suppresses a good address, stops a message for "
        "everybody, or "
        "sends on to an address that is dead",
        mend="map the provider's codes one by one with a table; what is not in it is FailureCode.UNKNOWN",
        needs=("scenarios",),
    )
    def test_every_scenario_has_its_outcome(self, bench: Bench) -> None:
        """Each scenario is answered with `Refused` of its code, or with `Ambiguous`."""
        wrong = []
        for scenario, _, outcome in bench.played():
            expected = scenario if scenario == AMBIGUOUS else FailureCode(scenario).value
            found = AMBIGUOUS if isinstance(outcome, Ambiguous) else getattr(outcome, "code", None)
            if found != expected or not is_outcome(outcome):
                wrong.append(f"{scenario!r} was answered with {told(outcome)}")
        if wrong:
            broken("; ".join(wrong))

    @check(
        why="an engine that does not know how long to stay away comes back too soon, and is throttled for longer",
        mend="return Refused(FailureCode.THROTTLED, retry_after=timedelta(seconds=…)) with what the provider says",
        needs=("scenario throttled", "retry_after"),
    )
    def test_retry_after_is_passed_on(self, bench: Bench) -> None:
        """A send that is throttled tells how long the provider wants us to stay away."""
        bench.arrange("throttled")
        outcome = bench.send(bench.request())
        if not isinstance(outcome, Refused):
            broken(f"the scenario 'throttled' was answered with {told(outcome)}")
        expected = bench.given("retry_after")
        if outcome.retry_after is None or outcome.retry_after <= timedelta(0):
            broken("Refused has no retry_after")
        if isinstance(expected, timedelta) and outcome.retry_after != expected:
            broken(f"retry_after is {outcome.retry_after} where the provider says {expected}")

    @check(
        why="whoever looks at an unknown failure finds it in the provider's documentation by its code alone",
        mend="return Refused(FailureCode.UNKNOWN, provider_code=…) with the code as the provider wrote it",
        needs=("scenario unknown",),
    )
    def test_an_unknown_code_is_kept_as_it_is(self, bench: Bench) -> None:
        """A failure that the adapter does not know is UNKNOWN, with the provider's code as it came."""
        bench.arrange("unknown")
        outcome = bench.send(bench.request())
        if not isinstance(outcome, Refused):
            broken(f"the scenario 'unknown' was answered with {told(outcome)}")
        code = outcome.provider_code
        if not code or code in {"None", FailureCode.UNKNOWN.value}:
            broken("the provider's code was not kept")
        expected = (bench.given("provider_codes") or {}).get("unknown", code)
        if code != expected:
            broken("provider_code is another one than the suite's provider_codes say")

    @check(
        why="a refusal says something about one message; an adapter that keeps it to itself stops everybody",
        mend="keep no state between sends; pausing a channel is the engine's",
        needs=("scenarios",),
    )
    def test_a_failure_does_not_stick(self, bench: Bench) -> None:
        """After each failure an ordinary message is accepted again."""
        for scenario in bench.scenarios:
            bench.arrange(scenario)
            with suppress(Exception):
                bench.send(bench.request())
            outcome = bench.send(bench.request())
            if not isinstance(outcome, Accepted):
                broken(f"after the scenario {scenario!r} an ordinary message was answered with {told(outcome)}")

    @check(
        why="outcomes are stored with the decision, shown in timelines and logged",
        mend="give a reason of your own words; leave the provider's text in Refused(detail=), which is not shown",
        needs=("scenarios",),
    )
    def test_outcomes_hold_nothing_personal(self, bench: Bench) -> None:
        """No address, words or secrets are in what is shown of an outcome, or of an exception in its place."""
        for scenario, _, outcome in bench.played():
            shown = f"{outcome!r} {outcome} {getattr(outcome, 'provider_code', '')}"
            for what in bench.leaks(shown):
                broken(f"scenario {scenario!r}: the outcome shows {what}")

    @check(
        why="logs and output are kept for long, copied, and read by many",
        mend="log the key's first characters, the code and request.to.display; nothing else of a request",
    )
    def test_logs_and_output_hold_nothing_personal(self, bench: Bench) -> None:
        """No address, words or secrets are logged or printed, whether a send goes well or not."""
        leave_out = ("the text", "the subject", "the HTML") if bench.capabilities.recording else ()
        with listening(bench.adapter) as heard:
            bench.send(bench.request())
            for _ in bench.played() if bench.given("arrange") is not None else ():
                pass
        for record in heard.records:
            for what in bench.leaks(record):
                broken(f"a log record holds {what}")
        for what in bench.leaks(heard.printed.getvalue(), leave_out):
            broken(f"what it printed holds {what}")
