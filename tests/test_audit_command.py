"""`touchpoint audit` on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from touchpoint.cli.app import cli
from touchpoint.lab.audit.pages import criteria

PROGRAM = """
from auditing import *
club = shop({changes})
globals().update(setting({other}))
"""
YAML = """\
touchpoint: 1
journey: shop
rules:
  - rule: mend
    when: feedback
    given: event.score <= 2
    then:
      - open_case: complaint
cases:
  - case: complaint
"""
TABLE = """
[tool.touchpoint.audit]
locations = ["graz"]

[[tool.touchpoint.audit.posts]]
name = "card at the till"
offline = true
locations = ["graz"]
"""


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.chdir(tmp_path)


def write(changes="", other="", name="club.py"):
    Path(name).write_text(PROGRAM.format(changes=changes, other=other), encoding="utf-8")


def run(*arguments):
    result = CliRunner().invoke(cli, ["audit", *arguments])
    return result.exit_code, result.output


def test_all_rules_met_is_the_status_0():
    write()
    status, out = run("club.py")
    assert out.splitlines()[-1] == "7 of 7 rules met, 0 partly, 0 not"
    assert out.count(": met\n") == 7
    assert status == 0


def test_what_is_lacking_is_told_with_place_and_remedy():
    write(changes="hurry=None")
    status, out = run("club.py")
    assert status == 1
    at = out.index("6 answered in time: partly met")
    told = out[at:].splitlines()
    assert "  - 6.6 told when overdue: no rule tells anybody that 'complaint' is overdue" in told
    assert "      at shop: $.rules[1].then[0]" in told
    assert any(line.startswith("      to mend it: write a rule with when=CaseOverdue") for line in told)


@pytest.mark.parametrize(
    ("changes", "require", "status"),
    [("hurry=None", "met", 1), ("hurry=None", "partly", 0), ("ask=None", "partly", 1), ("", "met", 0)],
)
def test_how_much_is_required_can_be_said(changes, require, status):
    write(changes)
    assert run("club.py", "--require", require)[0] == status


def test_json_tells_everything():
    write(changes="hurry=None")
    status, out = run("club.py", "--format", "json")
    told = json.loads(out)
    assert status == 1
    assert told["counts"] == {"met": 6, "partly": 1, "not": 0}
    assert [each["code"] for each in told["rules"][5]["criteria"] if not each["met"]] == ["6.6"]


def test_files_of_yaml_are_told_with_line_and_column_and_python_may_say_the_rest():
    Path("shop.yaml").write_text(YAML, encoding="utf-8")
    Path("rest.py").write_text('locations = ["graz"]\n', encoding="utf-8")
    status, out = run("shop.yaml", "rest.py")
    assert status == 1
    assert "      at shop.yaml:8:9: shop: $.rules[0].then[0]" in out
    assert "  + 7.1 locations are known: 'graz'" in out
    told = json.loads(run("shop.yaml", "rest.py", "--format", "json")[1])
    (deadline,) = (each for each in told["rules"][5]["criteria"] if each["code"] == "6.3")
    assert deadline["places"] == [{"journey": "shop", "path": "$.rules[0].then[0]", "at": "shop.yaml:8:9"}]


def test_journeys_of_several_files_are_judged_together():
    write(changes="thank=None, ask=Rule('ask', when='visited', then=[Ask(HOW)])")
    Path("more.py").write_text(
        "from auditing import *\n"
        "more = Journey('more', rules=[Rule('thank', when='feedback', then=[Give(VOUCHER)])])\n",
        encoding="utf-8",
    )
    assert run("club.py")[0] == 1
    assert run("club.py", "more.py")[0] == 0


def test_what_no_journey_shows_may_stand_in_the_project():
    Path("shop.yaml").write_text(YAML, encoding="utf-8")
    Path("pyproject.toml").write_text(TABLE, encoding="utf-8")
    out = run("shop.yaml")[1]
    assert "  + 4.2 at every location: there is a post at 'graz'" in out
    assert "  + 4.4 offline: offline by 'card at the till'" in out
    assert "  + 7.1 locations are known" in out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("locations = 7", "locations is a list of names"),
        ("posts = ['form']", "posts is a list of tables"),
        ("posts = [{name = 'form', ofline = true}]", "not 'ofline'"),
        ("posts = [{name = 'form', locations = ['linz']}]", "there is no location 'linz'"),
        ("location = ['graz']", "not 'location'"),
        ("locations = ", "cannot be read"),
    ],
)
def test_a_project_that_cannot_be_used_is_refused(table, said):
    Path("shop.yaml").write_text(YAML, encoding="utf-8")
    Path("pyproject.toml").write_text(f"[tool.touchpoint.audit]\n{table}\n", encoding="utf-8")
    status, out = run("shop.yaml")
    assert status == 2
    assert said in out


def test_a_store_has_its_say_and_is_not_changed():
    from touchpoint import Engine

    write()
    Path("pyproject.toml").write_text("", encoding="utf-8")
    from auditing import shop

    engine = Engine("sqlite:///shop.db", journeys=[shop()])
    engine.record("ann", "feedback", {"kind": "csat", "score": 5}, location="graz")
    engine.close()
    before = Path("shop.db").read_bytes()
    status, out = run("club.py", "--store", "sqlite:///shop.db")
    assert status == 0
    assert "  = feedback that names a location: 100% of 1" in out
    assert out.endswith("; customers looked at in the store: 1\n")
    assert Path("shop.db").read_bytes() == before


def test_the_journeys_of_a_store_are_audited_where_no_file_is_named():
    from auditing import shop
    from touchpoint import Engine

    Engine("sqlite:///shop.db", journeys=[shop()]).close()
    status, out = run("--store", "sqlite:///shop.db")
    assert status == 1
    assert "1 feedback is welcome: met" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a FILE with journeys"),
        (["nowhere.py"], "there is no such file"),
        (["club.py", "--store", "sqlite:///nowhere.db"], "no store there"),
        (["rest.py"], "no file defines a journey"),
        (["club.py", "wrong.py"], "posts= takes ListeningPost"),
        (["club.py", "--require", "not"], "Invalid value"),
        (["club.py", "--explain", "8"], "numbered from 1 to 7"),
    ],
)
def test_what_cannot_be_done_is_the_status_2(arguments, said):
    write()
    Path("rest.py").write_text("locations = ['graz']\n", encoding="utf-8")
    Path("wrong.py").write_text("posts = ['form']\n", encoding="utf-8")
    status, out = run(*arguments)
    assert status == 2
    assert said in out


def test_a_rule_is_explained():
    status, out = run("--explain", "5")
    assert status == 0
    assert out.startswith("5 worth the effort\n")
    assert "5.2 not for praise: No gift hangs on a good score. Without this the rule is not met." in out


def test_the_criteria_on_the_reference_page_are_those_of_the_code():
    there = Path(__file__).parent.parent / "docs/reference/audit.md"
    assert there.read_text("utf-8").endswith(criteria()), "python -m touchpoint.lab.audit prints the end of the page"
