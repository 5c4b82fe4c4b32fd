"""The example: it runs as its first lines say, shows what the library does, and its data can be made again."""

import runpy
from pathlib import Path

import pytest

from touchpoint.journey.codec import dumps, loads
from touchpoint.lab.audit import audit
from touchpoint.lab.events import read_events
from touchpoint.lab.replay import replay

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def program():
    return runpy.run_path(str(EXAMPLES / "coffee_club.py"), run_name="an_example")


@pytest.fixture(scope="module")
def result(program):
    return replay([program["club"]], read_events(EXAMPLES / program["EVENTS"]), grant=program["GRANT"])


def test_every_event_is_recorded(result):
    assert (result.events, result.duplicates, result.late, result.customers_seen) == (373, 0, 0, 40)


# S6.7
@pytest.mark.parametrize("what", ["sent", "deferred", "withdrawn", "denied", "expired"])
def test_it_shows_every_end_a_replay_can_give_a_message(result, what):
    assert getattr(result, what).total() > 0


# S3.1, S5.3, S8.2
@pytest.mark.parametrize(
    ("subject", "name", "what"),
    [
        ("stage", "club/lapsed", "entered"),
        ("rule", "club/welcome", "ended: goal"),
        ("rule", "club/win back", "goal reached"),
        ("rule", "club/make good", "ended: done"),
        ("rule", "club/make good", "ended: exit: nobody solved it"),
        ("rule", "club/make good", "refused: given"),
        ("case", "bad_box", "opened"),
        ("case", "bad_box", "closed"),
        ("reason", "come_back", "deferred: cap"),
        ("reason", "free_bag", "denied: limit"),
        ("reason", "join_in", "deferred: hold"),
        ("reason", "welcome", "deferred: quiet hours"),
    ],
)
def test_it_shows_what_journeys_are_made_of(result, subject, name, what):
    assert result.tallies[subject, name, what] > 0


def test_some_members_come_back(result):  # S3.1: the loop
    started = result.tallies["stage", "club/subscriber", "entered"] + result.tallies["stage", "club/regular", "entered"]
    assert started > result.customers_seen


def test_all_seven_rules_of_engagement_are_met(program):  # S8.3
    beside = {name: program[name] for name in ("feedback", "analyser", "locations", "posts", "figures")}
    assert [each.lacking for each in audit(program["club"], **beside).rules] == [()] * 7


def test_who_waits_too_long_for_an_answer_is_called(result):  # S8.2
    assert result.tallies["message", "call_them", "sent"] == result.tallies["rule", "club/answer late", "started"] == 2


def test_a_review_is_thanked_for_whatever_its_score(result):
    assert result.tallies["message", "sample", "begun"] == result.tallies["rule", "club/thank", "started"] == 54


def test_the_journey_survives_json(program):  # HOUSE 2
    assert loads(dumps(program["club"])) == program["club"]


def test_the_program_can_be_read_in_one_go():
    assert len((EXAMPLES / "coffee_club.py").read_text(encoding="utf-8").splitlines()) <= 130


def test_the_events_are_the_ones_its_script_makes(capsys):
    runpy.run_path(str(EXAMPLES / "make_coffee_club.py"))
    assert capsys.readouterr().out == (EXAMPLES / "coffee_club.jsonl").read_text(encoding="utf-8")
