"""The command line: what it prints, where, and with which status."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from touchpoint import Content, Engine, Journey, Message, Rule, Send
from touchpoint.cli import main
from touchpoint.cli.looking import LookOnly, open_to_look
from touchpoint.errors import InvalidInput
from touchpoint.stores.sqlite import open_url

SHOP = """
from touchpoint import *

MARK = __name__
EVENTS = "events.jsonl"
GRANT = ["marketing"]

broken = CaseType("broken")
hello = Message("hello", why="greet", kind="service", channels=["email"], content=Content(text="Hello"))
offer = Message("offer", why="sell", kind="marketing", topic="beans", channels=["email"], content=Content(text="Buy"))
ask = Survey("ask", why="learn", channels=["email"], content=Content(text="How?"))
shop = Journey(
    "shop",
    cases=[broken],
    stages=[Stage("buyer", phase="engage", when="order"), Stage("fan", phase="delight", when="praise")],
    rules=[
        Rule("greet", when="order", limit=once(), then=[Send(hello), Wait(days(1)), Send(offer)]),
        Rule("mend", when="complaint", given=event.score <= 2, then=[OpenCase(broken)]),
        Rule("learn", when="order", then=[Ask(ask)], concurrency="parallel"),
    ],
)
"""
EVENTS = [
    {"customer": "ann", "type": "order", "at": "2026-03-02T10:00:00Z", "channel": "web", "properties": {"n": 1}},
    {"customer": "bob", "type": "order", "at": "2026-03-02T11:00:00Z", "location": "Linz"},
    {"customer": "ann", "type": "order", "at": "2026-03-03T10:00:00Z"},
    {"customer": "ann", "type": "complaint", "at": "2026-03-04T10:00:00Z", "properties": {"score": 1}},
    {"customer": "bob", "type": "complaint", "at": "2026-03-04T10:00:00Z", "properties": {"score": 4}},
]


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    """A folder with a shop in it, 80 columns, and nothing set by the host."""
    for name in ("TOUCHPOINT_STORE", "TOUCHPOINT_TRACEBACK", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    write("shop.py", SHOP)
    write_events("events.jsonl", EVENTS)


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")


def write_events(name, events):
    write(name, "".join(json.dumps(event) + "\n" for event in events))


@pytest.fixture
def touchpoint(capsys):
    """Runs the command line: (status, standard output, standard error)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return run


@pytest.fixture
def shown(touchpoint):
    """Runs it where it must go well and say nothing on standard error; what it prints, with its spaces squeezed."""

    def run(*arguments):
        status, out, err = touchpoint(*arguments)
        assert (status, err) == (0, "")
        return re.sub(r" +", " ", re.sub(r" +\n", "\n", out))

    return run


@pytest.fixture
def refused(touchpoint):
    """Runs it where it must be refused; what it says on standard error."""

    def run(*arguments):
        status, out, err = touchpoint(*arguments)
        assert (status, out) == (2, "")
        assert "Traceback" not in err
        return err

    return run


# --- run --------------------------------------------------------------------------------------------------------------


def test_a_run_shows_what_became_of_everything(shown):
    out = shown("run", "shop.py")
    assert "5 events recorded, 2026-03-02 to 2026-03-04; 2 customers in the store" in out
    assert "consent assumed for: marketing (every customer; nobody really asked)" in out
    for row in [
        "buyer engage 2 2",
        "fan delight 0 0",
        "message begun sent deferred withdrawn denied expired",
        "hello 2 2 0 0 0 0",
        "offer 2 2 0 0 0 0",
        "ask 3 0 0 0 3 0",
        "ask denied 3 no consent",
        "greet 2 0 2 done 1 one was live already",
        "mend 1 0 1 done 1 condition not true",
        "broken 1 0 1",
    ]:
        assert f"\n{row}\n" in out, row
    assert re.search(r"took \d+\.\d s \([\d,]+ events/s\); CPU \d+\.\d s", out)
    assert "store" not in out.splitlines()[-1]


def test_events_and_consent_can_be_named(shown):
    write_events("others.jsonl", EVENTS[:1])
    out = shown("run", "shop.py", "--events", "others.jsonl", "--grant", "feedback, beans")
    assert "1 events recorded" in out
    assert "consent assumed for: feedback, beans (" in out


def test_several_files_of_events_are_read_together(shown):
    write_events("a.jsonl", EVENTS[:1])
    write("b.csv", "customer,type,at\nbob,order,2026-03-02T09:00:00Z\n")
    assert "2 events recorded" in shown("run", "shop.py", "--events", "a.jsonl", "--events", "b.csv")


def test_all_stands_for_every_kind(shown):
    assert "consent assumed for: service, marketing, feedback (every" in shown("run", "shop.py", "--grant", "all")


def test_without_a_grant_nothing_is_said_of_consent(shown):
    out = shown("run", "shop.py", "--grant", "")
    assert "consent assumed" not in out
    assert "offer 2 0 0 0 2 0" in out


def test_an_unknown_kind_is_refused_with_a_hint(refused):
    assert "no message is of the kind 'marketting'; did you mean 'marketing'?" in refused(
        "run", "shop.py", "--grant", "marketting"
    )


def test_a_second_run_into_a_store_says_that_nothing_is_new(shown):  # S1.3
    first = shown("run", "shop.py", "--store", "sqlite:///shop.db")
    second = shown("run", "shop.py", "--store", "sqlite:///shop.db")
    assert "nothing new: all 5 events were recorded before; below is what the store holds" in second
    assert second.splitlines()[1:-1] == first.splitlines()[1:-1]
    assert re.search(r"; store \d+\.\d MB", second.splitlines()[-1])


def test_a_store_that_holds_a_part_gets_the_rest(shown):
    write_events("part.jsonl", EVENTS[:2])
    shown("run", "shop.py", "--store", "sqlite:///shop.db", "--events", "part.jsonl")
    Path("part.jsonl").unlink()
    write_events("part.jsonl", EVENTS)
    out = shown("run", "shop.py", "--store", "sqlite:///shop.db", "--events", "part.jsonl")
    assert "3 events recorded" in out
    assert "2 more were recorded before and changed nothing" in out


def test_a_run_can_go_on_after_its_last_event(shown):
    write_events("one.jsonl", EVENTS[:1])
    assert "offer" not in shown("run", "shop.py", "--events", "one.jsonl").split("message begun")[1].split("hello")[0]
    out = shown("run", "shop.py", "--events", "one.jsonl", "--until", "2026-03-03T10:00:00Z")
    assert "offer 1 1 0 0 0 0" in out


@pytest.mark.parametrize(("until", "words"), [("2026-03-03", "time zone"), ("soon", "ISO 8601")])
def test_an_end_that_is_no_instant_is_bad_usage(refused, until, words):
    assert words in refused("run", "shop.py", "--until", until)


def test_live_runs_and_waiting_messages_are_counted(shown):
    write("waits.py", SHOP.replace("Send(hello)", "WaitFor('paid', timeout=forever), Send(hello)"))
    assert "greet 2 2 1 one was live already" in shown("run", "waits.py")
    hours = 'policy=Policy(QuietHours("09:00", "20:00", unknown_zone="UTC")),\n    rules=['
    write("late.py", SHOP.replace("rules=[", hours))
    write_events("one.jsonl", EVENTS[:1])
    out = shown("run", "late.py", "--events", "one.jsonl")
    assert "message begun sent deferred withdrawn denied expired waiting" in out
    assert "hello 1 0 1 0 0 0 1" in out


def test_numbers_have_separators(shown):
    write_events("many.jsonl", [{**EVENTS[0], "customer": f"c{n}"} for n in range(1_200)])
    out = shown("run", "shop.py", "--events", "many.jsonl")
    assert "1,200 events recorded, 2026-03-02 to 2026-03-02; 1,200 customers" in out
    assert "buyer engage 1,200 1,200" in out


def test_nothing_is_cut_off_or_coloured_in_eighty_columns(touchpoint):
    long = "a_message_with_a_name_that_is_longer_than_any_message_should_have_it_and_then_some_more"
    write("long.py", SHOP.replace('"hello"', f'"{long}"'))
    _, out, _ = touchpoint("run", "long.py")
    assert "…" not in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    column = "".join(line.split(" ")[0] for line in out.split("expired")[1].splitlines())
    assert long in column


def test_what_is_not_in_this_version_of_the_journey_is_still_shown(shown):
    shown("run", "shop.py", "--store", "sqlite:///shop.db")
    write("shop.py", SHOP.replace('"buyer"', '"customer"').replace('"offer"', '"deal"'))
    out = shown("run", "shop.py", "--store", "sqlite:///shop.db")
    assert "customer engage 0 0" in out
    assert "buyer 2 2" in out
    assert "offer 2 2 0 0 0 0" in out


def test_customers_in_no_stage_are_counted(shown):
    write_events("one.jsonl", [{**EVENTS[0], "type": "visit"}])
    assert "(none) 1" in shown("run", "shop.py", "--events", "one.jsonl")


def test_names_are_never_taken_for_markup(shown):
    write("markup.py", SHOP.replace('"buyer"', '"[bold]:smile:"'))
    assert "[bold]:smile: engage 2 2" in shown("run", "markup.py")


def test_goals_and_messages_of_ended_runs_are_explained(shown):
    held = "policy=Policy(Hold(while_open=[broken])), rules=[Rule('first', when='order', then=[OpenCase(broken)]), "
    goal = "limit=once(), goal=Goal('complaint', given=event.score <= 2),"
    write("held.py", SHOP.replace("rules=[", held).replace("limit=once(),", goal, 1))
    out = shown("run", "held.py")
    assert "greet 2 1 1 1 goal reached 1 one was live already" in out
    assert "hello withdrawn 1 its run ended first" in out


# --- run: lines that are no events ------------------------------------------------------------------------------------


def test_a_bad_line_ends_the_run_and_says_where(refused):
    write("bad.jsonl", json.dumps(EVENTS[0]) + "\n{\n")
    assert "Error: bad.jsonl:2: not valid JSON" in (said := refused("run", "shop.py", "--events", "bad.jsonl"))
    assert "--skip-bad" in said


def test_bad_lines_can_be_skipped_and_are_listed(touchpoint):
    write("bad.jsonl", json.dumps(EVENTS[0]) + "\n" + "{\n" * 25)
    status, out, err = touchpoint("run", "shop.py", "--events", "bad.jsonl", "--skip-bad")
    assert status == 0
    assert "25 bad lines skipped" in out
    assert err.splitlines()[0].startswith("bad.jsonl:2: not valid JSON")
    assert err.splitlines()[-1] == "and 5 more bad lines"


def test_late_events_are_counted(shown):  # S1.5
    write_events("late.jsonl", [EVENTS[0], {**EVENTS[0], "at": "2026-01-01T00:00:00Z"}])
    assert "1 came too late to start anything; they were counted" in shown("run", "shop.py", "--events", "late.jsonl")


# --- run: progress ----------------------------------------------------------------------------------------------------


def test_a_terminal_gets_a_progress_bar_on_standard_error(touchpoint, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    status, out, err = touchpoint("run", "shop.py")
    assert status == 0
    assert "5 events" in err
    assert "%" not in out


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "defines no journey"),
        ("x =", "program.py, line 1: invalid syntax"),
        ("\nimport nowhere", "program.py, line 2: ModuleNotFoundError"),
        ("raise SystemExit(3)", "line 1: SystemExit"),
        (SHOP + "\nEVENTS = 7", "EVENTS is a text or a list of texts, not int"),
        (SHOP + "\nGRANT = [7]", "GRANT is a text or a list of texts, not list"),
        ("from touchpoint import *\n\nWait(days(-1))", "program.py, line 3: Wait() takes a length of time"),
        (SHOP.replace('EVENTS = "events.jsonl"', ""), "no events: name a file with --events"),
        (SHOP.replace("events.jsonl", "gone.jsonl"), "gone.jsonl: there is no such file"),
    ],
)
def test_a_program_that_cannot_be_run_is_refused_with_its_line(refused, text, words):
    write("program.py", text)
    assert words in refused("run", "program.py")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.py", "no such file"),
        ("shop.txt", "Python file (.py), from YAML (.yaml, .yml) or from JSON (.json)"),
    ],
)
def test_a_file_of_another_kind_is_refused(refused, name, words):
    assert words in refused("check", name)


@pytest.mark.parametrize(("text", "words"), [("{", "not valid JSON"), ("[]", "defines no journey")])
def test_json_that_holds_no_journeys_is_refused(refused, text, words):
    write("shop.json", text)
    assert words in refused("dump", "shop.json")


def test_a_program_is_not_run_as_the_main_one(shown):
    write("main.py", SHOP + '\nif __name__ == "__main__":\n    raise SystemExit("started")\n')
    assert "5 events recorded" in shown("run", "main.py")


def test_a_program_may_import_its_neighbour(shown):
    write("neighbour_of_shop.py", SHOP)
    write("imports.py", "from neighbour_of_shop import shop\n")
    before = list(sys.path)
    assert "shop: 2 stages" in shown("check", "imports.py")
    assert sys.path == before


def test_events_are_looked_for_beside_the_program(shown, monkeypatch):
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert "5 events recorded" in shown("run", "../shop.py")


def test_declared_classes_may_have_annotations_that_are_texts(shown):  # S1.2
    declared = """from __future__ import annotations
import attrs
from decimal import Decimal

@attrs.frozen
class Order:
    n: int | None = None
    price: Decimal | None = None
"""
    write("declared.py", declared + SHOP.replace('"shop",', '"shop", touchpoints=[Order],'))
    assert "5 events recorded" in shown("run", "declared.py")


# --- check and dump ---------------------------------------------------------------------------------------------------


def test_check_finds_no_problems_in_a_sound_journey(shown):
    assert shown("check", "shop.py") == "shop: 2 stages, 3 rules, 3 messages: no problems found\n"


def test_check_lists_every_problem_and_where_it_comes_from(touchpoint):
    bad = SHOP.replace('phase="engage"', 'phase="nonsense"').replace('why="greet", ', "")
    write("bad.py", bad)
    status, out, err = touchpoint("check", "bad.py")
    assert (status, err) == (1, "")
    assert out.startswith("bad.py, line 12: journey 'shop' is not valid")
    assert "$.stages[0].phase" in out
    assert "why" in out


def test_check_finds_journeys_that_contradict_each_other(touchpoint):
    write("two.py", SHOP + '\nother = Journey("shop", rules=[])\n')
    status, out, _ = touchpoint("check", "two.py")
    assert status == 1
    assert "cannot live together" in out


def test_a_dump_is_a_program_itself(shown):  # HOUSE 2
    write("shop.json", shown("dump", "shop.py"))
    assert shown("dump", "shop.json") == shown("dump", "shop.py")
    out = shown("run", "shop.json", "--events", "events.jsonl", "--grant", "marketing")
    assert out.splitlines()[:-1] == shown("run", "shop.py").splitlines()[:-1]


def test_several_journeys_are_dumped_as_a_list_in_the_order_of_their_definition(shown):
    write("two.py", SHOP + '\nbefore = shop\nafter = Journey("after", rules=[])\n')
    dumped = json.loads(shown("dump", "two.py"))
    assert [each["name"] for each in dumped] == ["shop", "after"]
    write("two.json", json.dumps(dumped))
    assert shown("check", "two.json").count("no problems found") == 2


# --- show-code --------------------------------------------------------------------------------------------------------


def test_the_code_that_a_journey_is_decided_by_is_shown_with_its_conditions(touchpoint):
    status, out, err = touchpoint("show-code", "shop.py")
    assert (status, err) == (0, "")
    assert "# shop, rule mend: event.score <= 2" in out
    assert "# shop, stage buyer" in out
    compile(out, "shown", "exec")  # it is Python


def test_code_is_shown_of_one_type_where_one_is_asked_for(touchpoint, refused):
    _, out, _ = touchpoint("show-code", "shop.py", "--type", "complaint")
    assert out.count("def decide(") == 1
    assert "did you mean 'complaint'" in refused("show-code", "shop.py", "--type", "complant")


# --- why and timeline -------------------------------------------------------------------------------------------------


@pytest.fixture
def store(touchpoint):
    touchpoint("run", "shop.py", "--store", "sqlite:///shop.db")
    return "sqlite:///shop.db"


def test_why_explains_a_message(shown, store):  # S10
    out = shown("why", "--store", store, "ann", "ask")
    assert "message 'ask': denied" in out
    assert "consent" in out


def test_why_explains_a_rule(shown, store):  # S10
    assert "rule 'mend': refused" in shown("why", "--store", store, "bob", "mend")


def test_the_store_may_come_from_the_environment(shown, store, monkeypatch):
    monkeypatch.setenv("TOUCHPOINT_STORE", store)
    assert "message 'hello': sent" in shown("why", "ann", "hello")


def test_why_can_be_asked_as_of_another_instant(shown, touchpoint):
    write("held.py", SHOP.replace("rules=[", "policy=Policy(Hold(cool_off=days(3))), rules=["))
    write_events("held.jsonl", [*EVENTS, {**EVENTS[0], "at": "2026-03-05T10:00:00Z"}])
    touchpoint("run", "held.py", "--events", "held.jsonl", "--grant", "all", "--store", "sqlite:///held.db")
    asked = ("why", "--store", "sqlite:///held.db", "ann", "ask", "--at")
    assert "asked now: defer: a case is open" in shown(*asked, "2026-03-06T10:00:00Z")
    assert "asked now: deny: expired" in shown(*asked, "2026-06-06T10:00:00Z")


def test_a_timeline_tells_everything_in_order(shown, store):
    lines = shown("timeline", "--store", store, "ann").splitlines()
    assert lines[0] == "times in UTC; → from the customer, ← from us, · what followed"
    assert lines[2:] == [
        "2026-03-02 10:00 → order web n=1",
        "2026-03-02 10:00 · stage buyer shop",
        "2026-03-02 10:00 · greet: started shop",
        "2026-03-02 10:00 · learn: started shop",
        "2026-03-02 10:00 ← hello sent by email, service",
        "2026-03-02 10:00 · ask denied, feedback; no channel is left: email: no consent to feedback on email",
        "2026-03-02 10:00 · learn: ended shop: done",
        "2026-03-03 10:00 → order",
        *lines[10:],
    ]
    assert "2026-03-03 10:00 ← offer sent by email, marketing" in lines
    assert any(line.startswith("2026-03-04 10:00 · case broken: opened ") for line in lines)


def test_a_terminal_gets_lines_that_fit(touchpoint, store, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = touchpoint("timeline", "--store", store, "ann")
    assert max(map(len, out.splitlines()[2:])) <= 60


def test_a_timeline_is_on_the_clock_of_the_customer(shown, store):  # S2.1
    import touchpoint as tp

    with tp.Engine(store, journeys=[]) as engine:
        engine.identify("ann", timezone="Asia/Tokyo")
    out = shown("timeline", "--store", store, "ann", "--journeys", "shop.py")
    assert out.startswith("times in Asia/Tokyo;")
    assert "2026-03-02 19:00 → order" in out


def test_characters_that_steer_a_terminal_are_not_passed_on(touchpoint):
    write_events("evil.jsonl", [{**EVENTS[0], "properties": {"note": "\x1b[2J\u202egone\nnext", "long": "x" * 100}}])
    touchpoint("run", "shop.py", "--events", "evil.jsonl", "--store", "sqlite:///evil.db")
    _, out, _ = touchpoint("timeline", "--store", "sqlite:///evil.db", "ann")
    assert "note=�[2J�gone�next" in out
    assert f"long={'x' * 60}…" in out


@pytest.mark.parametrize("command", ["why", "timeline"])
def test_a_store_that_is_not_there_is_not_made(refused, command):
    arguments = ["ann", "hello"] if command == "why" else ["ann"]
    assert "there is no file nowhere.db" in refused(command, "--store", "sqlite:///nowhere.db", *arguments)
    assert not Path("nowhere.db").exists()
    assert "in memory" in refused(command, "--store", "sqlite://", *arguments)
    assert "redis" in refused(command, "--store", "redis://x", *arguments)


def test_without_a_store_it_is_bad_usage(refused):
    assert "--store" in refused("why", "ann", "hello")


def test_an_unknown_customer_or_name_is_refused(refused, store):
    assert "no customer" in refused("timeline", "--store", store, "zoe")
    assert "did you mean 'hello'" in refused("why", "--store", store, "ann", "helo")


def test_a_store_without_journeys_asks_for_them(refused, shown, touchpoint):
    open_url("sqlite:///empty.db").close()
    assert "--journeys FILE" in refused("timeline", "--store", "sqlite:///empty.db", "ann")
    assert "no customer" in refused("timeline", "--store", "sqlite:///empty.db", "--journeys", "shop.py", "ann")


def test_journeys_that_declare_classes_have_to_be_named(refused, shown, touchpoint):
    declared = "import attrs\n\n@attrs.frozen\nclass Order:\n    n: int | None = None\n"
    write("declared.py", declared + SHOP.replace('"shop",', '"shop", touchpoints=[Order],'))
    touchpoint("run", "declared.py", "--store", "sqlite:///declared.db")
    assert "--journeys FILE" in refused("why", "--store", "sqlite:///declared.db", "ann", "hello")
    assert "sent" in shown("why", "--store", "sqlite:///declared.db", "--journeys", "declared.py", "ann", "hello")


def test_looking_changes_nothing_in_the_store(shown, store):
    def content():
        with open_url(store).reading() as reader:
            return list(reader.all_customers()), reader.definitions(), reader.tallies()

    before = content()
    write("other.py", SHOP.replace("score <= 2", "score <= 3").replace('"order"', '"order_placed"'))
    shown("why", "--store", store, "--journeys", "other.py", "ann", "hello")
    shown("timeline", "--store", store, "--journeys", "other.py", "ann")
    assert content() == before


def test_an_error_while_looking_is_passed_on(store):
    looking = open_to_look(store)
    assert isinstance(looking, LookOnly)
    looking.checkpoint()
    with pytest.raises(ZeroDivisionError), looking.transaction():
        1 / 0
    looking.close()


# --- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_of_the_library_is_one_message(refused):
    assert refused("check", "nowhere.py") == "Error: nowhere.py: there is no such file; check the path\n"


def test_the_traceback_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("TOUCHPOINT_TRACEBACK", "1")
    with pytest.raises(InvalidInput):
        main(["check", "nowhere.py"])


@pytest.mark.parametrize(
    "arguments", [["fly"], ["run"], ["run", "shop.py", "--fast"], ["why", "--store", "sqlite:///x"]]
)
def test_bad_usage_ends_with_status_two(refused, arguments):
    assert "Usage: touchpoint" in refused(*arguments)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_it_says_how_to_install_it(monkeypatch, missing):
    for name in [name for name in sys.modules if name.split(".")[0] == missing or name.startswith("touchpoint.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as stop:
        main(["run", "shop.py"])
    assert f"needs {missing}" in str(stop.value.code)
    assert "pip install '.[cli]'" in str(stop.value.code)


def test_another_module_that_is_missing_is_not_taken_for_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "touchpoint.cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "touchpoint.cli.loading", None)
    with pytest.raises(ModuleNotFoundError):
        main(["run", "shop.py"])


def test_it_can_be_run_as_a_module():
    import subprocess

    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-m", "touchpoint.cli", "check", "shop.py"],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "shop: 2 stages, 3 rules, 3 messages: no problems found\n",
        "",
    )


def test_where_people_were_erased_the_secret_comes_from_the_environment(tmp_path, monkeypatch, refused, shown):
    secret = "a secret that only this test knows"
    greet = Message("greet", why="say", kind="service", channels=["email"], content=Content(subject="s", text="t"))
    hello = Journey("hello", rules=[Rule("greet", when="x", then=[Send(greet)])])
    url = f"sqlite:///{tmp_path}/app.db"
    with Engine(url, journeys=[hello], secret=secret) as engine:
        engine.identify("bob", addresses={"email": "bob@example.com"})
        engine.record("bob", "x")
        engine.erase("ann")
    asked = ["why", "--store", url, "bob", "greet"]
    assert "Engine(secret=" in refused(*asked)
    monkeypatch.setenv("TOUCHPOINT_SECRET", secret)
    assert "message 'greet': waiting" in shown(*asked)
