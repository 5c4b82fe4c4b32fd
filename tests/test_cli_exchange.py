"""`touchpoint export`, `import`, `schema` and `diff`, and journeys in YAML wherever a module may stand."""

import json
import re
from pathlib import Path

import pytest

from touchpoint import Engine
from touchpoint.cli import main
from touchpoint.cli.loading import load
from touchpoint.files import schema
from touchpoint.journey.codec import dumps

pytest.importorskip("yaml")

SHOP = """
from touchpoint import *

EVENTS = "events.jsonl"
GRANT = ["service"]
policy = Policy(Cap(2, per=days(7)))
hello = Message("hello", why="greet", kind="service", channels=["email"], content=Content(text="Hello"))
shop = Journey("shop", rules=[Rule("greet", when="order", then=[Send(hello), Wait(days(2))])])
"""
EVENT = {"customer": "ann", "type": "order", "at": "2026-03-02T10:00:00Z"}


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    for name in ("TOUCHPOINT_STORE", "TOUCHPOINT_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(SHOP, "utf-8")
    Path("events.jsonl").write_text(json.dumps(EVENT) + "\n", "utf-8")


@pytest.fixture
def run(capsys):
    """Runs a command; gives its status, what it printed, and what it printed as errors."""

    def go(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return go


def exported(run, *more, name="shop.yaml"):
    status, out, _ = run("export", "shop.py", *more)
    assert status == 0
    Path(name).write_text(out, "utf-8")
    return load(Path(name))


def test_what_is_exported_is_the_same_program(run):
    module, file = load(Path("shop.py")), exported(run)
    assert (file.journeys, file.events, file.grant) == (module.journeys, module.events, module.grant)
    assert file.values["policy"] == module.values["policy"]


def test_export_writes_json_too(run):
    assert exported(run, "--json", name="shop.json").journeys == load(Path("shop.py")).journeys


def test_a_file_in_yaml_runs_like_the_module(run):
    exported(run)
    of_yaml, of_module = run("run", "shop.yaml"), run("run", "shop.py")
    assert of_yaml[0] == 0
    assert of_yaml[1].split("took")[0] == of_module[1].split("took")[0]


def test_a_file_in_yaml_is_checked_like_the_module(run):
    exported(run)
    of_yaml, of_module = run("check", "shop.yaml"), run("check", "shop.py")
    assert of_yaml[0] == of_module[0]
    # What is found in YAML begins with where it stands there.
    assert re.sub(r"^shop\.yaml(:\d+:\d+: )?", "", of_yaml[1], flags=re.MULTILINE) == re.sub(
        r"^shop\.py", "", of_module[1], flags=re.MULTILINE
    )


def test_json_as_dump_writes_it_is_still_read(run):
    (journey,) = load(Path("shop.py")).journeys
    Path("dumped.json").write_text(dumps(journey), "utf-8")
    assert load(Path("dumped.json")).journeys == (journey,)


def test_a_mistake_in_a_file_is_told_with_line_and_column(run):
    exported(run)
    Path("shop.yaml").write_text(Path("shop.yaml").read_text("utf-8").replace("send: hello", "send: helo"), "utf-8")
    status, _, err = run("run", "shop.yaml")
    assert status == 2
    assert "there is no message 'helo' in this file; did you mean 'hello'?" in err
    assert "shop.yaml:" in err


def test_import_puts_journeys_into_a_store_and_export_gets_them_out(run):
    exported(run)
    status, out, _ = run("import", "shop.yaml", "--store", "sqlite:///shop.db")
    assert (status, out) == (0, "shop: 0 stages, 1 rule, 1 message\n")
    status, out, _ = run("export", "--store", "sqlite:///shop.db")
    Path("kept.yaml").write_text(out, "utf-8")
    assert load(Path("kept.yaml")).journeys == load(Path("shop.py")).journeys


def test_what_is_imported_is_what_an_engine_would_keep(run):
    run("import", "shop.py", "--store", "sqlite:///shop.db")
    (journey,) = load(Path("shop.py")).journeys
    engine = Engine("sqlite:///shop.db", journeys=[journey], channels=[])
    try:
        with engine.store.reading() as reading:
            assert len(reading.definitions()) == 1
    finally:
        engine.close()


def test_import_tells_of_messages_that_are_not_kept(run):
    exported(run)
    text = Path("shop.yaml").read_text("utf-8")
    more = "\n      lost:\n        why: x\n        channels: [email]\n        content: x\n\n    rules:"
    Path("shop.yaml").write_text(text.replace("\n    rules:", more, 1), "utf-8")
    assert "message lost is not kept: no step sends it" in run("import", "shop.yaml")[2]


def test_export_names_one_journey_or_says_which_there_are(run):
    assert run("export", "shop.py", "--journey", "shop")[0] == 0
    status, _, err = run("export", "shop.py", "--journey", "shp")
    assert (status, "did you mean 'shop'?" in err) == (2, True)


def test_export_needs_something_to_export(run):
    assert run("export")[0] == 2


def test_the_schema_is_printed(run):
    status, out, _ = run("schema")
    assert (status, json.loads(out)) == (0, schema())


def test_diff_says_nothing_where_nothing_differs(run):
    exported(run)
    assert run("diff", "shop.py", "shop.yaml") == (0, "", "")


def test_diff_says_in_words_what_differs_and_ends_with_1(run):
    exported(run)
    text = Path("shop.yaml").read_text("utf-8").replace("wait: 2d", "wait: 3d").replace("cap: 2", "cap: 5")
    Path("shop.yaml").write_text(text, "utf-8")
    status, out, _ = run("diff", "shop.py", "shop.yaml")
    assert status == 1
    assert out.splitlines() == [
        "rule greet, wait: waits 3 days instead of 2 days",
        "policy of the house, cap of 2 per 7 days: n is 5 instead of 2",
    ]
    status, out, _ = run("diff", "shop.py", "shop.yaml", "--json")
    assert json.loads(out)[0] == {"subject": "rule greet, wait", "words": "waits 3 days instead of 2 days"}


def test_diff_ends_with_2_where_a_file_cannot_be_read(run):
    assert run("diff", "shop.py", "none.yaml")[0] == 2


def test_what_is_checked_in_a_file_is_found_at_its_line_and_column(run):
    exported(run)
    impossible = "when: order\n        given: event.n > 3 and event.n < 2\n"
    text = Path("shop.yaml").read_text("utf-8").replace("when: order\n", impossible)
    Path("shop.yaml").write_text(text, "utf-8")
    line = text[: text.index("given:")].count("\n") + 1
    status, out, _ = run("check", "shop.yaml")
    assert status == 1
    assert f"shop.yaml:{line}:9: shop: $.rules[0].given: TC101" in out
    assert f"file=shop.yaml,line={line},col=9," in run("check", "shop.yaml", "--format", "github")[1]
