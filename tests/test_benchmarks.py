"""The harness of `python -m benchmarks`: no test looks at how long anything took, and none needs a peer."""

import gc
import json
import operator
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # benchmarks lie beside the tests in a checkout, and in no package

from benchmarks import (  # noqa: E402
    conditions,
    decisions,
    first_journey,
    importing,
    measure,
    peers,
    quiet_hours,
    registry,
    replay,
    scaling,
    steady,
)
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.measure import Candidate, Size, Spread, Timing, fresh, in_rounds, interleaved  # noqa: E402
from benchmarks.results import (  # noqa: E402
    Demand,
    OtherAnswersError,
    Result,
    alone,
    at_least,
    at_most,
    compared,
    counted,
    not_measured,
    same_answers,
    table,
)

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence  # noqa: E402
from touchpoint.core.state import State  # noqa: E402

TINY = Size("tiny", rounds=1, share=0.001)
BESIDE_PEERS = ("conditions", "stages", "recording")
"""Those that measure nothing where their peers are not installed."""


class Ticking:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def takes(self, seconds):
        def work(_=None):
            self.now += seconds

        return work


@pytest.fixture
def alone_here(monkeypatch):
    """No peer is installed, and no process is started."""
    for peer in peers.PEERS:
        monkeypatch.setitem(sys.modules, peer.module, None)
        monkeypatch.setitem(sys.modules, peer.module.split(".")[0], None)
    monkeypatch.setattr(measure, "fresh", lambda script, _setup="": float(len(script)))
    monkeypatch.setattr("benchmarks.__main__.measured_apart", registry.measured)
    monkeypatch.setattr(steady, "PAYS_AFTER", 1)
    monkeypatch.setattr(first_journey, "DEMANDED", {2: (5e-3, 2e-3)})
    monkeypatch.setattr(conditions, "TYPES", conditions.TYPES[:1])
    for name, smaller in {"RULES": (2, 20), "CUSTOMERS": (20, 40), "PATTERNS": 20}.items():
        monkeypatch.setattr(scaling, name, smaller)


# Measuring.


def test_what_is_prepared_is_not_measured():
    clock = Ticking()
    candidate = Candidate(clock.takes(2.0), per=4, prepare=clock.takes(100.0))
    assert interleaved({"one": candidate}, TINY, clock=clock) == {"one": Timing((0.5,))}


def test_rounds_take_candidates_in_an_order_that_a_seed_shuffles():
    def order(seed):
        taken = []
        measures = {name: lambda name=name: taken.append(name) or 1.0 for name in "abcdef"}
        in_rounds(measures, 3, seed=seed)
        return [taken[first : first + 6] for first in range(0, len(taken), 6)]

    rounds = order(1)
    assert rounds == order(1) != order(2)
    assert len(rounds) == 4  # one of them to warm up
    assert all(sorted(each) == list("abcdef") for each in rounds)
    assert len(set(map(tuple, rounds))) > 1


def test_rounds_that_warm_up_count_for_nothing():
    seconds = iter([100.0, 1.0, 3.0])
    assert in_rounds({"one": lambda: next(seconds)}, 2) == {"one": Timing((1.0, 3.0))}


def test_a_ratio_is_that_of_each_round():
    noisy = Timing((1.0, 10.0, 100.0))  # the machine slowed down for both
    assert noisy.over(Timing((2.0, 20.0, 200.0))) == Spread(0.5, 0.5, 0.5)


def test_half_of_the_rounds_lie_within_the_spread():
    assert Timing((5.0, 1.0, 4.0, 2.0, 3.0)).spread == Spread(3.0, 2.0, 4.0)


def test_what_is_there_is_set_aside_and_taken_back():
    seen = []
    interleaved({"one": Candidate(lambda _: seen.append((gc.isenabled(), gc.get_freeze_count() > 0)))}, TINY)
    assert seen == [(True, True)] * 2
    assert gc.get_freeze_count() == 0


def test_a_size_has_a_share_of_the_full_work_and_at_least_something():
    assert [TINY.of(each, least=3) for each in (10_000, 20)] == [10, 3]


def test_a_fresh_process_tells_what_a_script_took():
    assert fresh("assert 'benchmarks.rules' in sys.modules", "import benchmarks.rules") >= 0


def test_what_a_fresh_process_has_loaded_is_set_aside():
    assert fresh("import gc; assert gc.get_freeze_count() > len(gc.get_objects())", "import benchmarks.rules") >= 0


def test_a_script_that_fails_in_a_fresh_process_says_why():
    with pytest.raises(RuntimeError, match=r"1 / 0[\s\S]*ZeroDivisionError"):
        fresh("1 / 0")


# Judging.


@pytest.mark.parametrize(
    ("demand", "value", "judged"),
    [
        (at_most(1.5, 1.1), 1.1, "stretch met"),
        (at_most(1.5, 1.1), 1.2, "met"),
        (at_most(1.5), 1.0, "met"),
        (at_most(1.5, 1.1), 1.6, "NOT MET"),
        (at_least(20, 35), 35, "stretch met"),
        (at_least(20, 35), 20, "met"),
        (at_least(20, 35), 19.9, "NOT MET"),
    ],
)
def test_a_figure_is_judged_in_words(demand, value, judged):
    assert demand.judge(value) == judged


def test_a_ratio_is_told_in_the_direction_of_its_demand():
    ours, theirs = Timing((2.0,)), Timing((8.0,))
    assert compared("w", ours, "peer", theirs, at_least(3)).ratio == Spread.exactly(4.0)
    assert compared("w", ours, "peer", theirs, at_most(3)).ratio == Spread.exactly(0.25)
    assert counted("w", 2, "bytes", "peer", 8, at_least(3)).judged == "met"


def test_a_demand_with_a_unit_is_one_of_our_own_figure():
    row = compared("w", Timing((2.0,)), "peer", Timing((1.0,)), Demand(3.0, unit="s"))
    assert (row.judged, row.ratio) == ("met", Spread.exactly(2.0))
    assert alone("w", Timing((2.0,)), 1.0).judged == "NOT MET"
    assert counted("w", 5_000, "bytes", demand=Demand(4_500, unit="bytes")).judged == "NOT MET"


def test_the_table_says_what_was_measured_beside_what_and_what_was_not():
    rows = [
        compared("deciding", Timing((2e-6,)), "peer", Timing((5e-5,)), at_least(20, 35)),
        not_measured("asking", "pip install other", at_least(20)),
        Result("told", Spread(1.0, 0.5, 2.0), "s", "peer", Spread.exactly(2.0), Spread(0.5, 0.25, 1.2345)),
    ]
    shown = [line.split("  ") for line in table(rows).splitlines()]
    assert [[cell.strip() for cell in line if cell] for line in shown] == [
        ["what", "ours", "peer", "ratio", "demanded"],
        ["deciding", "2 µs", "50 µs peer", "25×", "≥ 20×, 35×", "met"],
        ["asking [1]", "≥ 20×", "not measured"],
        ["told", "1 s", "2 s peer", "0.5× (0.25 … 1.23)"],
        ["[1] not measured: pip install other"],
    ]


def test_other_answers_are_said():
    same_answers({"ours": [1], "peer": [1]})
    with pytest.raises(OtherAnswersError, match="late, wrong answer otherwise than ours"):
        same_answers({"ours": [1], "peer": [1], "late": [2], "wrong": []})


# The command.


@pytest.mark.parametrize("name", registry.BENCHMARKS)
def test_without_peers_rows_come_out_and_say_what_is_missing(name, alone_here):
    found = list(registry.rows_of(name)(TINY))
    assert found
    if name in BESIDE_PEERS:
        assert {row.judged for row in found} == {"not measured"}
        assert all(row.note.startswith("not measured: pip install ") for row in found)
    else:
        assert {row.judged for row in found} <= {"stretch met", "met", "NOT MET", ""}


def test_the_command_prints_tables_and_does_not_fail(alone_here, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    assert main(["quiet_hours", "stages", "--quick"]) == 0
    said = capsys.readouterr().out
    assert "quiet_hours: asking quiet hours, beside zoneinfo" in said
    assert "not measured: pip install transitions" in said


def test_it_says_on_what_and_beside_whom_it_was_measured(alone_here, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    monkeypatch.setattr("benchmarks.__main__.PEERS", [peers.Peer("attrs", "attrs", "MIT", "maintained")])
    main(["stages", "--quick"])
    first = capsys.readouterr().out.splitlines()[0]
    assert re.fullmatch(r"CPython 3\.\S+, \w+ \S+; size tiny, 1 rounds; attrs \S+", first)


def test_tables_can_be_had_for_a_document(alone_here, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    assert main(["stages", "--quick", "--markdown"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "**stages**: transitions between stages, beside transitions",
        "",
        "| what | ours | peer | ratio | demanded |  |",
        "| --- | --- | --- | --- | --- | --- |",
        "| an event that leads to another stage [1] |  |  |  | ≥ 10×, 30× | not measured |",
        "| an event that leads nowhere [1] |  |  |  |  | not measured |",
        "",
        "[1] not measured: pip install transitions",
        "",
    ]


def test_everything_can_be_had_as_json(alone_here, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    assert main(["importing", "stages", "--quick", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["size"] == {"name": "tiny", "rounds": 1, "share": 0.001}
    first = told["benchmarks"]["importing"][0]
    assert (first["against"], first["demand"]["limit"]) == ("import attrs", 1.5)
    assert first["ratio"]["median"] == len("import touchpoint") / len("import attrs")
    assert {row["judged"] for row in told["benchmarks"]["stages"]} == {"not measured"}


def test_a_benchmark_that_there_is_not_is_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["nothing"])
    assert stopped.value.code == 2
    assert "there is no benchmark nothing; there are decisions, " in capsys.readouterr().err


def test_a_benchmark_that_can_do_nothing_without_its_peer_says_so(monkeypatch):
    def rows(_):
        raise peers.MissingPeerError(peers.TRANSITIONS)

    monkeypatch.setattr(registry, "rows_of", lambda _: rows)
    assert [row.note for row in registry.measured("stages", TINY)] == ["not measured: pip install transitions"]


def test_each_benchmark_has_a_process_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    monkeypatch.setattr(registry, "rows_of", lambda name: pytest.fail(f"{name} was measured here"))
    assert main(["quiet_hours", "--quick"]) == 0
    assert "beside zoneinfo" in capsys.readouterr().out


def test_what_fails_in_a_process_of_its_own_is_told():
    with pytest.raises(ModuleNotFoundError, match=r"benchmarks\.nothing"):
        registry.measured_apart("nothing", TINY)


def test_the_peers_are_those_of_the_dependency_group():
    group = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["bench"]
    assert {each.partition(">")[0] for each in group} == {peer.distribution for peer in peers.PEERS}


# The same answers, before anything is timed.


def by_python(_module, given):
    """What asks a condition in plain Python."""
    compare = {"==": operator.eq, ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}

    def holds(condition, event):
        match condition:
            case ("and", left, right):
                return holds(left, event) and holds(right, event)
            case ("or", left, right):
                return holds(left, event) or holds(right, event)
            case ("not", inner):
                return not holds(inner, event)
        field, asked, value = condition
        return compare[asked](event[field], value)

    return lambda kind, event: [name for name, each in given[kind].items() if holds(each, event)]


def never(_module, _given):
    return lambda _kind, _event: []


PYTHON = peers.Peer("python", "operator", "PSF-2.0", "maintained")


def test_conditions_are_compared_once_all_of_them_agree(alone_here, monkeypatch):
    monkeypatch.setattr(conditions, "RULES", [(PYTHON, by_python)])
    demanded, *others = conditions.rows(TINY)
    assert (demanded.against, demanded.demand) == ("python", at_least(20, 35))
    assert [each.demand for each in others] == [None] * 5
    assert [each.what for each in others][:2] == [f"… {conditions.UNTOLD}", f"… {conditions.WHOLE}"]


def test_conditions_are_asked_of_the_function_that_was_generated_and_nothing_starts():
    kind, state = conditions.TYPES[0], State("c0")
    program = conditions.compiled({kind: {"high": ("amount", ">=", 1), "never": ("amount", "<", 0)}})
    happened = Occurrence(TOUCHPOINT, kind, 1, "t", {"amount": 5})
    assert [each.rule.name for each in conditions.holding(conditions.judges_of(program), state, happened)] == ["high"]
    assert state.runs == ()


def test_conditions_are_not_compared_where_a_peer_finds_others(alone_here, monkeypatch):
    monkeypatch.setattr(conditions, "RULES", [(PYTHON, by_python), (peers.Peer("never", "operator", "", ""), never)])
    with pytest.raises(OtherAnswersError, match="never answer otherwise than ours"):
        list(conditions.rows(Size("small", rounds=1, share=0.1)))


class Standing:
    """A machine whose models never move."""

    models = ()

    def __init__(self, **_):
        self.triggers = registry.rows_of("stages").__globals__["TYPES"]

    def remove_model(self, _):
        pass

    def add_model(self, models):
        for model in models:
            model.state = "visitor"
            for trigger in self.triggers:
                setattr(model, trigger, lambda: None)


def test_stages_are_not_compared_where_a_peer_moves_otherwise(monkeypatch):
    monkeypatch.setitem(sys.modules, "transitions", SimpleNamespace(Machine=Standing))
    with pytest.raises(OtherAnswersError, match="transitions answer otherwise than ours"):
        list(registry.rows_of("stages")(TINY))


def test_decisions_are_not_compared_where_a_digest_differs(monkeypatch, capsys):
    plain = decisions.decide_slots

    def forgets(customers, acts):
        found = plain(customers, acts)
        found.moves.pop()
        return found

    monkeypatch.setattr(decisions, "decide_slots", forgets)
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    monkeypatch.setattr("benchmarks.__main__.measured_apart", registry.measured)
    assert main(["decisions", "--quick"]) == 1
    assert "decisions: slots answer otherwise than core" in capsys.readouterr().err


def test_quiet_hours_are_not_compared_where_an_answer_differs(monkeypatch):
    monkeypatch.setattr(quiet_hours, "by_zoneinfo", lambda asks: lambda _: [True] * len(asks))
    with pytest.raises(OtherAnswersError, match="zoneinfo answer otherwise than ours"):
        list(quiet_hours.rows(TINY))


def test_imports_are_measured_in_processes_of_their_own(monkeypatch):
    asked = []
    monkeypatch.setattr(measure, "fresh", lambda script, setup="": asked.append((setup, script)) or 1.0)
    list(importing.rows(TINY))
    assert set(asked) == {("", each) for each in (importing.PEER, *importing.OURS)}
    assert len(asked) == 2 * 4  # a round to warm up


# Replaying files, which has a command of its own.


def test_files_are_replayed_by_their_own_command(tmp_path, monkeypatch, capsys):
    (tmp_path / "shop.py").write_text(
        "from touchpoint import Journey, Stage\n"
        "JOURNEY = Journey('shop', stages=[Stage('buyer', phase='engage', when='ordered')])\n",
        encoding="utf-8",
    )
    told = (
        {"customer": "ann", "type": "ordered", "at": f"2026-01-0{day}T10:00:00Z", "id": f"o{day}"} for day in (1, 2)
    )
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, told)), encoding="utf-8")
    given = [str(tmp_path / "shop.py"), str(tmp_path / "orders.jsonl"), "--plain", "--times", "2"]
    monkeypatch.setattr(sys, "argv", ["replay", *given])
    replay.main()
    assert "4 events of 2 customers, everything durable" in capsys.readouterr().out


@pytest.mark.parametrize("name", registry.BENCHMARKS)
def test_a_benchmark_says_in_its_own_words_how_it_is_run(name):
    said = sys.modules[registry.rows_of(name).__module__].__doc__ or ""
    assert re.search(rf"`python -m benchmarks[ .]{name}`", said)
