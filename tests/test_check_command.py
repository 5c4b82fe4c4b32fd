"""`touchpoint check` on the command line, and its page in the reference."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from touchpoint import Journey, Rule, Segment, Stage
from touchpoint.cli.app import cli
from touchpoint.lab import check
from touchpoint.lab.checks.catalogue import CHECKS, CONTENT, GROUPS
from touchpoint.lab.checks.examples import EXAMPLES, NAMES
from touchpoint.lab.checks.pages import page
from touchpoint.policy.content_findings import CODES

PAGE = Path(__file__).parent.parent / "docs/reference/checks.md"
PROGRAM = """
from touchpoint import *
hello = Message("hello", why="greet", channels=["email"], content=Content(text="Hello"))
shop = Journey("shop", rules=[Rule("greet", when="order", then=[Send(hello), {step}])])
{more}
"""
WAITS = 'WaitFor("paid", forever)'
HELD = 'OpenCase("late")'
HOLD = """
late = CaseType("late")
shop = Journey("shop", cases=[late], rules=[Rule("greet", when="order", then=[Send(hello), OpenCase(late)])])
policy = Policy(Hold(while_open=[late]))
"""


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(step=WAITS, more="", name="shop.py"):
    Path(name).write_text(PROGRAM.format(step=step, more=more), encoding="utf-8")


def run(*arguments):
    result = CliRunner().invoke(cli, ["check", *arguments])
    return result.exit_code, result.output


def test_findings_come_before_what_was_checked():
    write()
    status, out = run("shop.py")
    assert status == 1
    first, second = out.splitlines()
    assert first.startswith("shop: $.rules[0].then[1].timeout: TC301 waits-for-ever: ")
    assert second == "shop: 0 stages, 1 rule, 1 message: 1 problem found"


def test_a_level_of_escalation_that_there_is_not_fails_the_command():
    Path("shop.py").write_text(
        "from touchpoint import *\n"
        'late = CaseType("late", escalate=[hours(4)])\n'
        'hurry = Rule("hurry", when=CaseEscalated(late, level=5), then=[Emit("x")])\n'
        'shop = Journey("shop", cases=[late], rules=[hurry])\n',
        encoding="utf-8",
    )
    status, out = run("shop.py")
    assert (status, "$.rules[0].when[0]: TC208 deadline-never-set" in out, "level 5" in out) == (1, True, True)


def test_several_files_are_checked_each_by_itself():
    write()
    write(step="Wait(days(1))", name="other.py")
    status, out = run("shop.py", "other.py")
    assert (status, out.count("1 problem found"), out.count("no problems found")) == (1, 1, 1)


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("warning", 1), ("note", 1), ("never", 0)])
def test_which_findings_count_can_be_said(fail_on, status):
    write()
    assert run("shop.py", "--fail-on", fail_on)[0] == status


def test_a_note_is_shown_and_is_no_problem():
    write(step='Exit("done")', more=HOLD)
    status, out = run("shop.py")
    assert status == 0
    assert "TC207 case-never-closed (perhaps)" in out
    assert "no problems found" in out
    assert run("shop.py", "--fail-on", "note")[0] == 1


def test_json_tells_everything():
    write()
    status, out = run("shop.py", "--format", "json")
    told = json.loads(out)
    (finding,) = told["findings"]
    assert (status, told["counts"]) == (1, {"error": 0, "warning": 1, "note": 0})
    assert finding["page"] == "reference/checks.md#tc301-waits-for-ever"
    assert {"file", "code", "name", "severity", "journey", "path", "about", "what", "why", "mend", "source"} <= set(
        finding
    )


def test_github_gets_annotations_without_what_could_break_them():
    write(more='shop = Journey("a:b,\\nc", rules=shop.rules)')
    _, out = run("shop.py", "--format", "github")
    (line,) = out.splitlines()
    assert line.startswith("::warning file=shop.py,title=TC301 waits-for-ever::a:b,%0Ac: $.rules[0]")


@pytest.mark.parametrize("form", ["json", "github"])
def test_journeys_that_are_not_valid_are_findings_too(form):
    Path("bad.py").write_text('from touchpoint import *\nJourney("x", stages=[Stage("a", phase="b")])')
    status, out = run("bad.py", "--format", form)
    assert status == 1
    assert "TC001" in out
    assert "$.stages[0].phase" in out


def test_a_message_that_no_rule_sends_is_found():
    write(step='Exit("done")', more='bye = Message("bye", why="x", channels=["email"], content=Content(text="Bye"))')
    status, out = run("shop.py")
    assert status == 1
    assert "TC501" in out
    assert "shop.py: 1 problem found outside of journeys" in out


def test_the_adapters_and_the_policy_of_the_file_are_taken_into_account():
    write(step='Exit("done")', more='from touchpoint.channels import MemoryChannel\nchannels = [MemoryChannel("sms")]')
    assert "TC506" in run("shop.py")[1]
    write(step='Exit("done")', more="policy = Policy(Cap(1, per=days(30)))")
    assert "policy.items[0]: TC403" in run("shop.py")[1]


# --- waivers ----------------------------------------------------------------------------------------------------------


def test_a_check_is_waived_with_a_reason():
    write()
    assert run("shop.py", "--waive", "TC301=it always comes")[0] == 0
    status, out = run("shop.py", "--waive", "TC301=")
    assert status == 2
    assert "reason" in out


def test_a_waiver_that_fits_nothing_is_found():
    write(step='Exit("done")')
    assert "TC902" in run("shop.py", "--waive", "TC301=it always comes")[1]
    assert "TC901" in run("shop.py", "--waive", "TC311=it always comes")[1]


def test_a_project_waives_for_all_of_its_files():
    write()
    write(step='Exit("done")', name="other.py")
    Path("pyproject.toml").write_text('[tool.touchpoint.check]\nwaive = { TC301 = "it always comes" }')
    assert run("shop.py", "other.py")[0] == 0
    Path("pyproject.toml").write_text('[tool.touchpoint.check]\nwaive = { TC999 = "it always comes" }')
    assert "TC901" in run("other.py")[1]


@pytest.mark.parametrize("text", ["[tool.touchpoint.check]\nwaive = ['TC301']", "[tool", "tool = 1",
                                  '[tool.touchpoint.check]\nwaive = { TC301 = "" }'])  # fmt: skip
def test_a_project_file_that_cannot_be_read_is_refused(text):
    write()
    Path("pyproject.toml").write_text(text)
    status, out = run("shop.py")
    assert status == 2
    assert "pyproject.toml" in out


# --- the reference ----------------------------------------------------------------------------------------------------


def test_a_check_can_be_explained():
    status, out = run("--explain", "tc701")
    assert status == 0
    assert out.startswith("TC701 asks-only-the-happy (warning)")
    assert "Source: FTC" in out
    assert run("--explain", "TC999")[0] == 2


def test_the_page_of_all_checks_is_made_of_the_code():
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_mistake_that_the_page_shows_is_found(code):
    names = {}
    exec(NAMES, names)  # noqa: S102 - as a reader would run it
    part = eval(EXAMPLES[code], names)  # noqa: S307 - likewise
    whole = {Rule: {"rules": [part]}, Stage: {"stages": [part]}, Segment: {"segments": [part]}}.get(type(part))
    found = check(part if whole is None else Journey("shop", **whole))
    assert code in {each.code for each in found}
    assert len({each.code for each in found}) == (2 if code == "TC202" else 1)


def test_every_check_says_what_why_and_how_to_mend_it():
    for code, each in CHECKS.items():
        assert code == each.code
        assert code[2] in GROUPS
        assert all(text.endswith(".") for text in (each.what, each.why))
        assert each.mend
        assert not each.mend.endswith(".")
    assert len({each.name for each in CHECKS.values()}) == len(CHECKS)


def test_every_finding_of_content_rules_has_a_code():
    assert set(CONTENT) == set(CODES.values())
    assert all(CHECKS[code].name == name for name, code in CONTENT.items())
