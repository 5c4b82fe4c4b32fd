"""Generated source and closures have one meaning (S4.6)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from test_readings import COMMON, EXPRESSIONS, LITERALS, PROPERTIES, T0, TOUCHPOINTS
from touchpoint import count, days, event, last, now
from touchpoint.core.cases import LiveCase
from touchpoint.core.compile import compile_condition
from touchpoint.core.decision import Decision
from touchpoint.core.generate import Namespace, Writer
from touchpoint.core.judging import Code, compiled
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.program import compile_program
from touchpoint.core.signals import backfill, collect
from touchpoint.core.state import Profile, State
from touchpoint.durations import micros
from touchpoint.journey import conditions as c

OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
IDLE = st.builds(
    lambda op, length: c.Compare(op, now - last("go").at, c.operand(length)),
    OPERATORS, st.sampled_from([days(0), days(1), days(2)]),
)  # fmt: skip
COUNTED = st.builds(
    lambda op, within, n: c.Compare(op, count("go", within=within), c.operand(n)),
    OPERATORS, st.sampled_from([days(1), days(2)]), st.integers(0, 3),
)  # fmt: skip
AMONG = st.builds(
    lambda name, options: c.In(getattr(event, name), c.operand(options)),
    st.sampled_from("abc"), st.lists(st.sampled_from(["", "a", "abc", "2026-03-01"]), max_size=3),
)  # fmt: skip
ASKED_OFTEN = st.one_of(
    IDLE, COUNTED, AMONG,
    st.builds(lambda name, within: c.Ever(name, within, None), st.sampled_from(["go", "no"]), st.just(days(1))),
    st.builds(lambda name: c.Exists(getattr(event, name)), st.sampled_from("abc")),
    st.builds(
        lambda name, op, value: c.Compare(op, getattr(event, name), value), st.sampled_from("abc"), OPERATORS, LITERALS
    ),
)  # fmt: skip
WHOLE = st.recursive(
    st.one_of(ASKED_OFTEN, COMMON),
    lambda inner: st.one_of(
        st.builds(c.And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(c.Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(c.Not, inner),
    ),
    max_leaves=6,
)


def state_of(traits, signals, *, flag):
    state = State("ann", Profile(traits), now=micros(T0), signals=signals)
    if flag:
        state.stages["j"] = ["a", micros(T0), 1]
        state.cases["a"] = {"1": LiveCase(micros(T0))}
    return state


def generated(expression, table, *, asked):
    """A function (decision, event) of the source that is true exactly where the condition is `asked`."""
    names = Namespace()
    source = Writer(names, table, "j", {"j": "stage"}).holds(expression, asked=asked)
    lines = [
        "def judge(decision, event, _):", "    state, now = decision.state, decision.now",
        "    properties, traits, signals = event.properties, state.profile.traits, state.signals",
        "    stage = state.stage_of('j')", f"    return {source}",
    ]  # fmt: skip
    return compiled((TOUCHPOINT, "go"), Code("\n".join(lines), names.names))


@settings(max_examples=400)
@given(WHOLE | EXPRESSIONS, st.lists(TOUCHPOINTS, max_size=4), TOUCHPOINTS, PROPERTIES, st.booleans())
def test_generated_source_is_true_where_the_closure_is_and_false_where_it_is(  # S4.6
    expression, timeline, happening, traits, flag
):
    table, data = collect([expression]), {}
    backfill(table, data, timeline, micros(T0))
    decision = Decision(compile_program([]), state_of(traits, data, flag=flag), micros(T0))
    truth = decision.ask(compile_condition(expression, table), "j", happening)
    for asked in (True, False):
        judge = generated(expression, table, asked=asked)
        assert bool(judge(decision, happening, None)) is (truth is asked)
