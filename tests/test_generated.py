"""Generated source and closures have one meaning (S4.6)."""

import ast
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_readings import COMMON, EXPRESSIONS, LITERALS, PROPERTIES, T0, TOUCHPOINTS
from touchpoint import Emit, Entered, Journey, Rule, Stage, count, days, event, last, now
from touchpoint.core import generate, judging
from touchpoint.core.advance import advance
from touchpoint.core.cases import LiveCase
from touchpoint.core.compile import compile_condition
from touchpoint.core.decision import Decision
from touchpoint.core.generate import Namespace, Writer
from touchpoint.core.judging import Code, compiled
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.records import state_to_record
from touchpoint.core.signals import backfill, collect
from touchpoint.core.state import Profile, State
from touchpoint.durations import micros
from touchpoint.journey import conditions as c
from touchpoint.stores.codec import dumps

sys.path.append(str(Path(__file__).parents[1]))  # benchmarks lie beside the tests in a checkout, and in no package

from benchmarks import deciding
from benchmarks.by_hand import run_dicts, run_slots, touch_of
from benchmarks.workload import make

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
STANDING = st.builds(c.InStage, st.sampled_from("ab"), st.sampled_from([None, "j", "other"]))
STANDING_SOMEWHERE = st.builds(
    lambda joined, parts: joined(tuple(parts)),
    st.sampled_from([c.And, c.Or]), st.lists(STANDING | st.builds(c.Not, STANDING), min_size=2, max_size=3),
)  # fmt: skip
ASKED_OFTEN = st.one_of(
    IDLE, COUNTED, AMONG, STANDING, STANDING_SOMEWHERE,
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
        state.stages = {"j": ("a", micros(T0), 1)}
        state.cases = {"a": {"1": LiveCase(micros(T0))}}
    return state


def generated(expression, table, *, asked):
    """A function (decision, event) of the source that is true exactly where the condition is `asked`."""
    names = Namespace()
    writer = Writer(names, table, "j", {"j": "stage"})
    source = writer.holds(expression, asked=asked)
    lines = [
        "def judge(decision, event):", "    state, now = decision.state, decision.now",
        "    properties, traits, signals = event.properties, state.profile.traits, state.signals",
        "    data, stage = signals.data, state.stage_of('j')", *writer.variables.lines(),
        f"    return {source}",
    ]  # fmt: skip
    return compiled((TOUCHPOINT, "go"), Code("\n".join(lines), names.names), "judge")


@settings(max_examples=400)
@given(WHOLE | EXPRESSIONS, st.lists(TOUCHPOINTS, max_size=4), TOUCHPOINTS, PROPERTIES, st.booleans())
def test_generated_source_is_true_where_the_closure_is_and_false_where_it_is(  # S4.6
    expression, timeline, happening, traits, flag
):
    table, data = collect([expression]), Past()
    backfill(table, data, timeline, micros(T0))
    decision = Decision(compile_program([]), state_of(traits, data, flag=flag), micros(T0))
    truth = decision.ask(compile_condition(expression, table), "j", happening)
    for asked in (True, False):
        judge = generated(expression, table, asked=asked)
        assert bool(judge(decision, happening)) is (truth is asked)


def lived_through(monkeypatch, pays_after):
    """What a small workload comes to: its digest, every trace and every state."""
    monkeypatch.setattr(judging, "PAYS_AFTER", pays_after)
    workload, program = make(people=40, acts=2_500, seed=3), deciding.compiled()
    states = [deciding.state_of(each, program) for each in workload.people]
    traces = []

    def told(program, state, event, now):
        decision = advance(program, state, event, now)
        traces.append((event.id, decision.trace))
        return decision

    monkeypatch.setattr(deciding, "advance", told)
    events = [deciding.occurrence_of(each) for each in workload.acts]
    found = deciding.run_core(program, states, workload.acts, events)
    return found.digest(), dumps(traces), [dumps(state_to_record(each)) for each in states]


def test_closures_and_generated_source_decide_a_workload_alike_to_the_byte(monkeypatch):  # S4.2
    assert lived_through(monkeypatch, 0) == lived_through(monkeypatch, 10**9)


def test_by_hand_and_by_the_core_the_workload_comes_to_the_same():
    workload, program = make(people=40, acts=2_500, seed=3), deciding.compiled()
    states = [deciding.state_of(each, program) for each in workload.people]
    events = [deciding.occurrence_of(each) for each in workload.acts]
    found = deciding.run_core(program, states, workload.acts, events)
    assert len(found.decided) > 50
    assert {reason for _, reason in found.suppressed} == {"hold", "quiet hours", "cap"}
    touches = [touch_of(each, workload.people) for each in workload.acts]
    by_hand = {run_slots(workload.people, workload.acts).digest(), run_dicts(workload.people, touches).digest()}
    assert by_hand == {found.digest()}


def test_a_name_cannot_end_a_line_of_generated_source(monkeypatch):
    hostile = 'x"""\nraise SystemExit\n#'
    rule = Rule(hostile, when="go", given=event.a == hostile, then=[Emit("went")])
    program = compile_program([Journey("j", rules=[rule])])
    code = program.judges.code_of_type("go").text
    assert "\nraise" not in code
    monkeypatch.setattr(judging, "PAYS_AFTER", 0)
    happened = Occurrence(TOUCHPOINT, "go", 1, "t", {"a": hostile})
    decision = advance(compile_program([Journey("j", rules=[rule])]), State("ann"), happened, 1)
    assert ["started", "j", hostile, None] in decision.trace


def test_no_name_of_a_journey_is_ever_run_as_code():
    hostile = """x\"\"\"; raise SystemExit; '''; raise SystemExit #"""
    stages = [Stage(hostile, phase="engage", when="go")]
    steps = [Emit("went")]
    rules = [Rule("entered", when=Entered(hostile), then=steps), Rule(hostile, when="go", then=steps)]
    program = compile_program([Journey(hostile, stages=stages, rules=rules)])
    sources = [program.judges.code(key).text for key in program.starts] + [program.judges.code_of_type("go").text]
    assert any("entered" in each for each in sources)
    for each in sources:
        module = ast.parse(each)
        assert [type(part) for part in module.body] == [ast.FunctionDef]
        assert not [part for part in ast.walk(module) if isinstance(part, ast.Raise)]


def test_what_enters_stages_and_starts_no_rule_is_decided_by_generated_source_too(monkeypatch):  # S3.2
    monkeypatch.setattr(judging, "PAYS_AFTER", 0)
    stages = [Stage("a", phase="attract", when="go"), Stage("b", phase="engage", when=Entered("a"))]
    program, state = compile_program([Journey("j", stages=stages)]), State("ann")
    advance(program, state, Occurrence(TOUCHPOINT, "go", 1, "t"), 1)
    assert state.stage_of("j") == "b"


def test_a_key_on_which_stages_are_entered_and_no_rule_starts_has_a_function_too():
    stages = [Stage("new", phase="engage", when="a"), Stage("moved", phase="engage", when=Entered("new"))]
    program = compile_program([Journey("j", stages=stages)])
    key = next(each for each in program.starts if each[0] == "entered")
    judge = compiled(key, program.judges.code(key), "judge")
    decision = Decision(program, State("ann"), now=1)
    assert not judge(decision, Occurrence("entered", key[1], 1, "e1", {}))
    assert decision.state.stages["j"][0] == "moved"


def test_generated_source_is_found_by_tracebacks():
    program = compile_program([Journey("j", rules=[Rule("r", when="go", given=event.a > 1, then=[Emit("went")])])])
    decide = compiled((TOUCHPOINT, "go"), program.judges.code_of_type("go"), "decide")
    with pytest.raises(AttributeError) as raised:
        decide(program, None, Occurrence(TOUCHPOINT, "go", 1, "t"), 1)
    assert "if now > state.now:" in "".join(traceback.format_tb(raised.tb))


WINDOWED = [
    Rule("often", when="go", given=count("go", within=days(2)) >= 3, then=[Emit("seen")]),
    Rule("both", when="go", given=count("stop", within=days(9)) >= count("go", within=days(5)), then=[Emit("seen")]),
    Rule("idle", when="stop", given=(now - last("stop").at >= days(1)) | (count("stop") > 4), then=[Emit("seen")]),
    Rule("after", when="stop", given=now - last("go").at >= days(1), then=[Emit("seen")]),
]


ALONE = [Rule("idle", when="go", given=now - last("go").at >= days(1), then=[Emit("seen")])]


def remembered(rules, happenings, pays_after):
    """What touchpoints that came at an instant, but lie before it, leave of somebody; and what was decided."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judging, "PAYS_AFTER", pays_after)
        program = compile_program([Journey("j", rules=rules)])
        state, at, traces = State("ann", version=program.version), micros(T0), []
        for n, (name, later, back) in enumerate(happenings):
            at += later
            traces.append(advance(program, state, Occurrence(TOUCHPOINT, name, at - back, f"o{n}"), at).trace)
    return dumps(traces), dumps(state_to_record(state))


HOURS = st.integers(0, 240).map(lambda n: n * 3_600_000_000)
HAPPENINGS = st.lists(st.tuples(st.sampled_from(["go", "stop"]), HOURS, st.just(0) | HOURS), max_size=12)


@pytest.mark.parametrize("rules", [WINDOWED, ALONE])
@given(HAPPENINGS)
def test_generated_source_remembers_what_came_later_than_it_happened_as_closures_do(rules, happenings):  # S1.5, S4.7
    assert remembered(rules, happenings, 0) == remembered(rules, happenings, 10**9)


def test_what_happened_before_it_was_recorded_and_after_all_before_it_is_remembered_without_a_call(monkeypatch):
    """As most touchpoints of a batch: it is recorded when the last of them has happened."""
    monkeypatch.setattr(judging, "PAYS_AFTER", 0)
    program = compile_program([Journey("j", rules=WINDOWED)])
    text = program.judges.code_of_type("go").text
    assert text.index("instants.append(at)") < text.index("update(")
    assert "at >= instants[-1]" in text


def test_who_has_not_done_it_before_is_not_counted(monkeypatch):
    """Most have done most things once, or not for long."""
    monkeypatch.setattr(judging, "PAYS_AFTER", 0)
    monkeypatch.setattr(generate, "bisect_right", None)
    program = compile_program([Journey("j", rules=[WINDOWED[0]])])
    first, second = (Occurrence(TOUCHPOINT, "go", at, f"t{at}") for at in (1, 2))
    state = State("ann")
    assert advance(program, state, first, 1).trace[0][4] == 1
    with pytest.raises(TypeError):  # for the second it is looked up how many there are
        advance(program, state, second, 2)
