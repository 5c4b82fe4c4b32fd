"""What a file of journeys says of the engine: `run`, `report`, `audit` and `work` read it under the same names."""

import json
import runpy
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from touchpoint import Content, Engine, Journey, Message, OpenCase, Rule, Send
from touchpoint.channels import MemoryChannel
from touchpoint.cli.app import cli
from touchpoint.insight import Analysis, KeywordAnalyser, Scale
from touchpoint.lab.replay import replay
from touchpoint.model.case import CaseType
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.touchpoint import Touchpoint

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOP = """
from touchpoint import *
from touchpoint.insight import KeywordAnalyser, Scale
from touchpoint.model.feedback_source import FeedbackSource

news = Message("news", why="to tell", kind="service", channels=["email"], content=Content(text="News"))
shop = Journey("shop", stages=[Stage("guest", phase="attract", when="visit")], rules=[
    Rule("tell", when="visit", then=[Send(news)]),
    Rule("mend", when="feedback_analysed", given=event.intent == "criticism", then=[OpenCase(CaseType("bad"))]),
], cases=[CaseType("bad")])
"""
TOLD = """
feedback = [FeedbackSource("review", scale=Scale(1, 5))]
analyser = KeywordAnalyser()
figures = Figures("Europe/Vienna")
"""
EVENTS = [
    {"customer": "ann", "type": "visit", "at": "2026-03-02T09:00:00Z"},
    {"customer": "ann", "type": "review", "at": "2026-03-02T23:30:00Z", "location": "Graz",
     "properties": {"score": 1, "comment": "The staff was terrible and rude."}},
    {"customer": "bob", "type": "visit", "at": "2026-03-05T09:00:00Z"},
]  # fmt: skip
STORE = ("--store", "sqlite:///shop.db")


@pytest.fixture(autouse=True)
def _a_plain_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("events.jsonl").write_text("\n".join(map(json.dumps, EVENTS)))


def write(more=TOLD):
    Path("shop.py").write_text(SHOP + more)


def touchpoint(*words, status=0):
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == status, result.output
    return result.output


def run_shop(status=0):
    return touchpoint("run", "shop.py", "--events", "events.jsonl", *STORE, status=status)


def report():
    return json.loads(touchpoint("report", *STORE, "--format", "json"))


def test_a_replay_keeps_the_figures_of_its_file():
    write()
    run_shop()
    told = report()
    assert (told["zone"], told["complete"], told["stages"][0]["now"]) == ("Europe/Vienna", True, 2)
    assert [(each["source"], each["places"][0]["location"]) for each in told["feedback"]] == [("review", "Graz")]


def test_a_replay_reads_words_with_the_analyser_of_its_file():
    write()
    run_shop()
    told = report()
    assert [each["intent"] for each in told["conversations"]["by_intent"]] == ["criticism"]
    assert [(each["kind"], each["opened"]) for each in told["cases"]] == [("bad", 1)]


def test_a_replay_obeys_the_policy_of_its_file():
    write("policy = Policy(Cap(1, per=days(30)))\n")
    Path("events.jsonl").write_text("\n".join(json.dumps(EVENTS[0] | {"at": f"2026-03-0{day}T09:00:00Z"})
                                              for day in (2, 3)))  # fmt: skip
    run_shop()
    touchpoint("report", *STORE, "--rebuild")
    found = report()["messages"][0]
    assert (sum(found["sent"].values()), found["held"]) == (1, {"cap": 1})


def test_without_figures_in_the_file_none_are_kept():
    write("")
    run_shop()
    assert "this store keeps no figures yet" in touchpoint("report", *STORE, status=2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("feedback = ['review']", "feedback is a list of FeedbackSource"),
        ("feedback = FeedbackSource('review', scale=Scale(1, 5))", "feedback is a list of FeedbackSource"),
        (
            "feedback = [FeedbackSource('review', scale=Scale(1, 5)), FeedbackSource('review', scale=Scale(1, 5))]",
            "two sources of feedback",
        ),
        ("figures = 'Europe/Vienna'", "figures is Figures("),
        ("figures = Figures", "figures is Figures("),
        ("analyser = 'keywords'", "analyser= takes what has a name"),
        ("policy = [Cap(1, per=days(1))]", "policy is a Policy"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, said):
    write(wrong)
    assert said in run_shop(status=2)
    assert not Path("shop.db").exists()


def test_other_things_may_bear_these_names():
    write("feedback = news\n\ndef analyser(): pass\n\nimport json as figures\n")
    run_shop()
    assert "keeps no figures" in touchpoint("report", *STORE, status=2)


def test_a_worker_has_the_settings_of_its_file():
    write("")
    run_shop()
    write(TOLD + "channels = []\n")
    touchpoint("work", "shop.py", *STORE, "--until-idle", "--console")
    assert report()["zone"] == "Europe/Vienna"


def test_the_example_tells_figures_and_evidence_of_its_replay():
    shutil.copytree(EXAMPLES, "examples")
    club = "examples/coffee_club.py"
    touchpoint("run", club, *STORE)
    told = report()
    assert (told["complete"], told["feedback"][0]["whole"]["answers"], told["conversations"]["contacts"]) == (
        True, 54, 54,
    )  # fmt: skip
    assert {each["budget"]: each["spent"] for each in told["gifts"]} == {"free_bag": "135", "sample": "76"}
    audited = touchpoint("audit", club, *STORE)
    assert "= surveys sent: 69" in audited
    assert "= answered share of bad feedback: 94% of 18" in audited


# Reading in a replay.

BAD = CaseType("bad")
SORRY = Message("sorry", why="to mend", kind="service", channels=["email"], content=Content(text="Sorry"))
MEND = Journey(
    "mend", cases=[BAD], rules=[Rule("mend", when="feedback_analysed", then=[OpenCase(BAD), Send(SORRY)])]
)  # fmt: skip


class Counted:
    """Finds criticism, and counts how often it is asked."""

    name, version = "counted", "1"

    def __init__(self, broken=False):
        self.asked = []
        self.broken = broken

    def analyse(self, text, language=None):  # noqa: ARG002 - as the port has it
        self.asked.append(text)
        if self.broken:
            raise ValueError(text)
        return Analysis(intent="criticism", version="1")


def said(hour, comment="bad", **properties):
    at = datetime(2026, 3, 2, hour, tzinfo=UTC)
    return Touchpoint("ann", "review", at, None, {"score": 1, **properties} | ({"comment": comment} if comment else {}))


SOURCE = FeedbackSource("review", scale=Scale(1, 5))


def test_what_is_found_sets_rules_off_at_the_instant_of_the_words():
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    events = [said(9), Touchpoint("bob", "visit", noon), Touchpoint("bob", "visit", noon.replace(hour=14))]
    found = replay([MEND], events, feedback=[SOURCE], analyser=Counted(), probe=[noon.replace(hour=9)])
    assert [each.customers(case_open="bad") for _, each in found.probes] == [["ann"]]
    assert found.sent == {"sorry": 1}


def test_words_are_read_once_and_what_has_none_is_not():
    analyser = Counted()
    told = Touchpoint("ann", "feedback", datetime(2026, 3, 2, 12, tzinfo=UTC), "f",
                      Feedback(kind="text", comment="worse").properties())  # fmt: skip
    replay([MEND], [said(9), said(10, comment=""), told, told], feedback=[SOURCE], analyser=analyser)
    assert analyser.asked == ["bad", "worse"]


def test_an_analyser_that_fails_stops_no_replay():  # S11.4
    found = replay([MEND], [said(9), said(10)], feedback=[SOURCE], analyser=Counted(broken=True))
    assert (found.events, found.sent, found.tallies["feedback", "counted", "failed: ValueError"]) == (2, {}, 2)


def test_a_replay_finds_what_an_analyser_at_work_finds():
    found = replay([MEND], [said(9, "The staff was terrible and rude.")], feedback=[SOURCE], analyser=KeywordAnalyser())
    assert found.tallies["feedback", KeywordAnalyser().name, "analysed"] == 1


# Looking, and working, as the file says.


def test_a_report_tells_the_budgets_of_the_policy_of_its_file():
    write(
        TOLD + 'policy = Policy(Budget("texts", 50, "EUR", per=months(1), zone="Europe/Vienna", kinds=["service"]))\n'
    )
    run_shop()
    told = json.loads(touchpoint("report", *STORE, "--journeys", "shop.py", "--format", "json"))
    assert [(each["budget"], each["amount"]) for each in told["gifts"]] == [("texts", "50")]


def test_a_worker_takes_the_secret_from_the_environment(monkeypatch):  # S1.7
    secret = b"a secret that only this test knows"
    write("")
    run_shop()
    program = runpy.run_path("shop.py")
    with Engine("sqlite:///shop.db", journeys=[program["shop"]], channels=[MemoryChannel("email")], secret=secret) as e:
        e.identify("cleo", addresses={"email": "cleo@example.com"})
        e.erase("cleo")
        e.identify("dora", addresses={"email": "dora@example.com"})
        e.record("dora", "visit")
    monkeypatch.setenv("TOUCHPOINT_SECRET", secret.decode())
    shown = touchpoint("work", "shop.py", *STORE, "--until-idle", "--console")
    assert "1 message handed over" in shown
