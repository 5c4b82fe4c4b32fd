"""Searching for stories, and the tests that are written from them."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest
from click.testing import CliRunner

import touchpoint
from touchpoint import (
    Anniversary,
    Cap,
    CaseClosed,
    CaseOpened,
    CaseOverdue,
    CaseType,
    Content,
    DateDue,
    Emit,
    Hold,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Schedule,
    Send,
    SendWindow,
    Silent,
    Stage,
    WaitFor,
    count,
    customer,
    days,
    event,
    hours,
    last,
    once,
    total,
    usual,
)  # fmt: skip
from touchpoint.cli.testgen import testgen as command
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.lab.coverage import Coverage
from touchpoint.testing.moves import Moves
from touchpoint.testing.paths import find_stories
from touchpoint.testing.said import Said
from touchpoint.testing.world import MONDAY, World
from touchpoint.testing.written import code

support = CaseType("support")


def message(name, kind="service", channel="email"):
    return Message(name, why="test", kind=kind, channels=[channel], content=Content(text=name))


def journey(*rules, **more):
    return Journey("shop", rules=rules, **more)


def seen_by(found):
    return {element.id.partition("/")[2] for chosen in found.chosen for element in chosen.elements}


def words_for(found, element):
    return next(
        chosen.story.words[1:]
        for chosen in found.chosen
        if any(each.id.endswith(element) for each in chosen.elements)
    )  # fmt: skip


WAITING = journey(
    Rule("ask", when="signed_up", then=[WaitFor("ordered", timeout=days(3), otherwise=[Send(message("m"))])])
)


# Searching.


def test_both_arms_of_a_wait_are_found():
    found = find_stories([WAITING], most=150)
    assert {"rules/ask/steps/waitfor:ordered/then/taken", "rules/ask/steps/waitfor:ordered/otherwise/taken"} <= seen_by(
        found
    )


def test_the_passing_of_a_timeout_is_an_act_that_says_what_falls_due():
    found = find_stories([WAITING], most=150)
    acts = [act for chosen in found.chosen for act in chosen.story.acts if act.words == "world.advance(days(3))"]
    assert {act.note for act in acts} == {"shop/ask: waitfor:ordered times out"}


@pytest.mark.parametrize(
    ("near", "act"),
    [
        ("just before", "world.advance(days(3) - seconds(1))"),
        ("exactly at", "world.advance(days(3))"),
        ("just after", "world.advance(days(3) + seconds(1))"),
    ],
)
def test_the_end_of_a_wait_is_tried_from_both_sides(near, act):
    assert act in words_for(find_stories([WAITING], most=300), f"its end/{near}")


def test_values_that_conditions_compare_with_are_tried_and_one_beyond():
    found = find_stories(
        [journey(Rule("mend", when="review", given=event.score <= 2, then=[Send(message("m"))]))], most=60
    )
    assert 'ann.does("review", score=2)' in words_for(found, "mend/started")
    assert 'ann.does("review", score=3)' in words_for(found, "refused/given")


def test_a_number_of_touchpoints_that_is_compared_with_is_done_at_once():
    thank = Rule("thank", when="ordered", given=count("ordered", within=days(90)) >= 3, then=[Send(message("m"))])
    found = find_stories([journey(thank)], most=60)
    assert words_for(found, "thank/started") == ('ann.does("ordered").does("ordered").does("ordered")',)


def test_traits_that_conditions_ask_for_are_tried():
    vip = Rule("vip", when="ordered", given=customer.vip, then=[Send(message("m"))])
    assert 'ann.changes(traits={"vip": True})' in words_for(find_stories([journey(vip)], most=60), "vip/started")


def test_a_key_is_given_to_what_a_rule_is_about():
    keyed = Rule("keyed", when="ordered", key="order", limit=once(), then=[Send(message("m"))])
    assert words_for(find_stories([journey(keyed)], most=60), "keyed/started") == ('ann.does("ordered", order="a")',)


def test_a_second_entry_is_tried_against_a_limit():
    limited = Rule("hello", when="signed_up", limit=once(), then=[Send(message("m"))])
    found = find_stories([journey(limited)], most=60)
    assert words_for(found, "refused/limit") == ('ann.does("signed_up")', 'ann.does("signed_up")')


def test_a_case_is_opened_to_have_a_message_held():
    # S6.10
    sale = Rule("sale", when="sale", then=[Send(message("offer", "marketing"))])
    policy = Policy(Hold(while_open=[support], kinds=["marketing"]))
    found = find_stories([journey(sale, cases=[support], policy=policy)], most=120)
    assert 'ann.opens_case("support", ref="#1")' in words_for(found, "(support)/defer")


def test_the_edges_of_a_window_are_tried_on_the_customers_clock():
    # S2.4
    sale = Rule("sale", when="sale", then=[Send(message("offer", "marketing"))])
    policy = Policy(QuietHours("21:00", "08:00", unknown_zone="deny", kinds=["marketing"]))
    found = find_stories([journey(sale, policy=policy)], most=120)
    at = 'world.until(datetime(2026, 1, 6, {}, tzinfo=ZoneInfo("Europe/London")))'
    assert at.format("20, 59, 59") in words_for(found, "closes/just before")
    assert at.format("21") in words_for(found, "closes/exactly at")
    assert "quiet hours 21:00-08:00/deny" in str(sorted(seen_by(found)))  # nobody knows the zone (S2.3)


def test_channels_refuse_and_leave_in_doubt():
    # S6.8
    found = find_stories([journey(Rule("hello", when="signed_up", then=[Send(message("m"))]))], most=60)
    assert 'world.channel("email").will(Refused("address_invalid"))' in words_for(found, "email/refused")
    assert 'world.channel("email").without_idempotency().will(Ambiguous("no answer"))' in words_for(
        found, "email/ambiguous"
    )


def test_consent_is_withdrawn():
    # S7.2
    found = find_stories([journey(Rule("hello", when="signed_up", then=[Send(message("m"))]))], most=60)
    assert any(line.startswith("ann.withdraws") for line in words_for(found, "gate/consent/deny"))


def test_what_only_the_journey_records_is_not_done_by_the_customer():
    found = find_stories(
        [journey(Rule("a", when="x", then=[Emit("y")]), Rule("b", when="y", then=[Send(message("m"))]))], most=60
    )
    assert words_for(found, "b/started") == ('ann.does("x")',)


def test_a_reply_that_a_journey_waits_for_is_written_on_the_channel_of_the_message():
    asked = Rule("ask", when="x", then=[Send(message("m")), WaitFor("replied", timeout=days(1))])
    found = find_stories([journey(asked)], most=60)
    assert 'ann.replies("yes please", via="email")' in words_for(found, "waitfor:replied/then/taken")


def test_a_click_that_a_journey_waits_for_is_made_on_a_message_that_came():
    asked = Rule("ask", when="x", then=[Send(message("m")), WaitFor("clicked", timeout=days(1))])
    found = find_stories([journey(asked)], most=60)
    assert 'ann.clicks("m")' in words_for(found, "waitfor:clicked/then/taken")


def test_a_task_that_a_journey_waits_for_is_done():
    asked = Rule("ask", when="x", then=[Send(message("m", channel="call")), WaitFor("task_completed", timeout=days(1))])
    found = find_stories([journey(asked)], most=60)
    assert 'world.staff("call").claim().complete("reached")' in words_for(found, "waitfor:task_completed/then/taken")


def test_a_receipt_that_a_journey_waits_for_is_told_by_the_channel():
    asked = Rule("ask", when="x", then=[Send(message("m")), WaitFor("opened", timeout=days(1))])
    found = find_stories([journey(asked)], most=60)
    assert 'world.channel("email").receipts("opened")' in words_for(found, "waitfor:opened/then/taken")


def test_a_case_is_closed_where_a_journey_waits_for_it():
    mended = Rule("mend", when=CaseClosed(support), then=[Send(message("m"))])
    found = find_stories([journey(mended, cases=[support])], most=60)
    assert words_for(found, "mend/started") == (
        'ann.opens_case("support", ref="#1")', 'ann.closes_case("support", ref="#1")',
    )  # fmt: skip


def test_a_deadline_of_a_case_is_missed_and_kept():  # S8.2
    case = CaseType("support", respond_within=hours(4))
    hurry = Rule("hurry", when=CaseOverdue(case), then=[Send(message("m"))])
    wait = WaitFor(CaseOverdue(case), timeout=days(1))
    calm = Rule("calm", when=CaseOpened(case), then=[wait], exit=CaseClosed(case))
    found = find_stories([journey(hurry, calm, cases=[case])], most=120)
    opens = 'ann.opens_case("support", ref="#1")'
    assert words_for(found, "hurry/started") == (opens, "world.advance(hours(4))")
    kept = words_for(found, "calm/steps/waitfor:caseoverdue support/otherwise/taken")
    assert kept == (opens, 'ann.gets_answer("support", ref="#1")', "world.advance(days(1))")


def test_an_anniversary_comes_round():
    party = Rule("party", when=Anniversary("birthday"), then=[Send(message("m"))])
    found = find_stories([journey(party)], most=60)
    notes = [act.note for chosen in found.chosen for act in chosen.story.acts]
    assert "anniversary of birthday" in notes


@pytest.mark.parametrize(
    "when",
    [
        DateDue("renewal", before=days(30)),
        Schedule("FREQ=WEEKLY;BYDAY=TU"),
        Silent(usual(2), of="order_placed", at_least=days(1), otherwise=days(3)),
    ],
    ids=["date", "schedule", "usual"],
)
def test_what_falls_due_by_itself_is_waited_for(when):
    found = find_stories([journey(Rule("r", when=when, then=[Send(message("m"))]))], most=60)
    assert words_for(found, "r/started")


def test_the_instant_at_which_a_cap_frees_is_tried():
    # S6.6
    sale = Rule("sale", when="sale", then=[Send(message("offer", "marketing"))])
    policy = Policy(Cap(1, per=days(2), kinds=["marketing"]))
    found = find_stories([journey(sale, policy=policy)], most=200)
    assert "world.advance(days(2) - seconds(1))" in words_for(found, "frees/just before")


def test_a_send_window_is_tried_on_a_day_on_which_it_opens():
    sale = Rule("sale", when="sale", then=[Send(message("offer", "marketing"))])
    policy = Policy(SendWindow(("09:00", "17:00"), unknown_zone="deny", weekdays=["wed"]))
    moves = Moves.of([journey(sale, policy=policy)], None, MONDAY)
    at = 'world.until(datetime(2026, 1, 7, 9, tzinfo=ZoneInfo("Europe/London")))'
    assert at in [act.words for act in moves.disturbances]


@attrs.frozen
class OrderPlaced:
    order: str
    total: Decimal
    note: str = ""


def test_a_declared_touchpoint_has_what_it_cannot_do_without():
    hello = Rule("hello", when=OrderPlaced, given=event.total > 10, then=[Send(message("m"))])
    found = find_stories([journey(hello, touchpoints=[OrderPlaced])], most=60)
    assert 'order="a", total=11' in str(words_for(found, "hello/started"))


@pytest.mark.parametrize(
    ("given", "done"),
    [
        (event.tier.in_(["gold", "silver"]), 'tier="gold"'),
        (event.tags.contains("new"), 'tags=["new"]'),
        (event.coupon.exists(), 'coupon="something"'),
        (event.total - event.discount >= 50, "total=50, discount=50"),
        (event.home.city == "Linz", 'home={"city": "Linz"}'),
        (event["order-id"] == "a", '**{"order-id": "a"}'),
        (event.day < date(2026, 5, 1), "day=date(2026, 5, 1)"),
        (event.took > hours(2), "took=hours(2)"),
        (event.nothing == None, "nothing=None"),  # noqa: E711 - it builds a condition
        (total("x", "spent") >= 100, "spent=100"),
    ],
)
def test_what_conditions_ask_of_a_touchpoint_is_tried(given, done):
    found = Moves.of([journey(Rule("r", when="x", given=given, then=[Send(message("m"))]))], None, MONDAY)
    assert any(done in act.words for act in found.touches), [act.words for act in found.touches]


def test_what_the_last_touchpoint_of_a_type_is_asked_for_is_tried():
    rule = Rule("r", when="y", given=last("x").rating <= 2, then=[Send(message("m"))])
    assert Said.by([journey(rule)]).of("x", "rating") == [2, 3, 1]


def test_what_messages_show_is_there():
    shown = Message(
        "m", why="w", kind="service", channels=["email"], content=Content(text="{customer.name} {trigger.order}")
    )
    found = find_stories([journey(Rule("r", when="x", then=[Send(shown)]))], most=60)
    assert 'ann.does("x", order="something")' in words_for(found, "messages/m/sent")


def test_stories_have_no_act_that_they_do_not_need():
    found = find_stories([journey(stages=[Stage("a", phase="engage", when="x"), Stage("b", phase="engage", when="y")])])
    assert words_for(found, "b/as the first") == ('ann.does("y")', 'ann.does("x")')
    assert max(len(chosen.story.acts) for chosen in found.chosen) == 2


def test_every_element_is_for_one_story_or_missed():
    found = find_stories([WAITING], most=150)
    told = [each.id for chosen in found.chosen for each in chosen.elements]
    assert len(told) == len(set(told))
    assert {*told, *(each.id for each in found.missed)} == {each.id for each in Coverage.of([WAITING]).missing}


def test_a_story_lives_through_what_it_is_for():
    for chosen in find_stories([WAITING], most=150).chosen:
        with World([WAITING], at=MONDAY) as world:
            chosen.story.play(world)
            world.apart()
            coverage = Coverage.of([WAITING])
            coverage.collect(world.engine)
            assert {each.id for each in chosen.elements} <= {each.id for each in coverage.covered}


def test_what_cannot_be_reached_is_missed():
    never = Rule("never", when="x", given=(event.n > 5) & (event.n < 5), then=[Send(message("m"))])
    found = find_stories([journey(never)], most=60)
    assert "shop/rules/never/started" in {each.id for each in found.missed}


@pytest.mark.untraced
def test_equal_searches_find_equal_stories():
    first, second = (find_stories([WAITING], most=100) for _ in range(2))
    assert [each.story.words for each in first.chosen] == [each.story.words for each in second.chosen]


def test_what_is_covered_is_left_out():
    done = Coverage.of([WAITING])
    done.hits.update(dict.fromkeys(done.elements, 1))
    found = find_stories([WAITING], covered=done)
    assert (found.chosen, found.missed, found.played) == ((), (), 0)


def test_a_search_keeps_to_its_bounds():
    assert find_stories([WAITING], most=7).played == 7
    assert find_stories([WAITING], seconds=0).played == 1


def test_only_the_journey_that_is_named_matters():
    other = Journey("other", rules=[Rule("greet", when="y", then=[Send(message("n"))])])
    found = find_stories([WAITING, other], journey="other", most=60)
    assert {each.journey for chosen in found.chosen for each in chosen.elements} == {"other"}


def test_an_unknown_journey_is_refused_with_what_may_have_been_meant():
    with pytest.raises(UnknownName, match="did you mean 'shop'"):
        find_stories([WAITING], journey="shp")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (days(3), "days(3)"),
        (days(2) + hours(23), "days(2) + hours(23)"),
        (timedelta(0), "seconds(0)"),
        (timedelta(microseconds=500_000), "seconds(0.5)"),
        (-hours(1), "-(hours(1))"),
        (datetime(2026, 1, 5, 9, tzinfo=UTC), "datetime(2026, 1, 5, 9, tzinfo=UTC)"),
        (datetime(2026, 1, 5, 9, 0, 1, tzinfo=ZoneInfo("Asia/Kolkata")),
         'datetime(2026, 1, 5, 9, 0, 1, tzinfo=ZoneInfo("Asia/Kolkata"))'),
        (date(2026, 1, 5), "date(2026, 1, 5)"),
        (Decimal("1.5"), "Decimal('1.5')"),
        ({"a": ['"', None, True]}, '{"a": ["\\"", None, True]}'),
        (("a",), '("a",)'),
    ],
)  # fmt: skip
def test_values_are_written_as_python(value, written):
    assert code(value) == written


# The command.

SHOP = """
from touchpoint import *
hello = Message("hello", why="greet", kind="service", channels=["email"], content=Content(text="Hello"))
nudge = Message("nudge", why="remind", kind="marketing", channels=["sms"], content=Content(text="Try {trigger.beans}"))
shop = Journey(
    "shop",
    stages=[Stage("new", phase="engage", when="signed_up")],
    rules=[
        Rule("greet", when="signed_up", limit=once(), then=[
            Send(hello), WaitFor("ordered", timeout=days(3), otherwise=[Send(nudge)]),
        ]),
    ],
    policy=Policy(QuietHours("21:00", "08:00", unknown_zone="deny", kinds=["marketing"])),
)
"""


@pytest.fixture
def generate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(SHOP, encoding="utf-8")

    def run(*options):
        return CliRunner().invoke(command, ["shop.py", "--most", "150", *options], catch_exceptions=False)

    return run


def run_pytest(folder, *options):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    # Options for this run, such as measuring coverage, are not meant for that one.
    ours = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    ours["PYTHONPATH"] = str(Path(touchpoint.__file__).parents[1])
    return subprocess.run(command, cwd=folder, env=ours, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What the command wrote into a file; it searches for seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("written"))
        Path("shop.py").write_text(SHOP, encoding="utf-8")
        arguments = ["shop.py", "--most", "150", "--out", "tests/test_shop.py"]
        CliRunner().invoke(command, arguments, catch_exceptions=False)
        return Path("tests/test_shop.py").read_text(encoding="utf-8")


def run_written(folder, text, shop, *options):
    (folder / "tests").mkdir()
    (folder / "shop.py").write_text(shop, encoding="utf-8")
    (folder / "tests/test_shop.py").write_text(text, encoding="utf-8")
    (folder / "tests/conftest.py").write_text("from touchpoint.testing.plugin import touchpoint_world\n")
    return run_pytest(folder, "tests", *options)


def test_the_written_tests_pass_as_they_are(written, tmp_path):
    result = run_written(tmp_path, written, SHOP)
    assert result.returncode == 0, result.stdout[-2_000:]


def test_the_written_tests_fail_where_the_journey_does_something_else(written, tmp_path):
    assert run_written(tmp_path, written, SHOP.replace("days(3)", "days(4)"), "-x").returncode == 1


def test_a_written_test_says_which_elements_it_is_for_and_asserts_what_was_observed(written):
    assert "    # for shop/messages/nudge/sent\n" in written
    assert "    world.advance(days(3))  # shop/greet: waitfor:ordered times out\n" in written
    assert '    assert ann.inbox == [("hello", "email"), ("nudge", "sms")]\n' in written
    assert '    assert ann.stage("shop") == "new"\n' in written
    assert '    assert ann.last("nudge").status == "sent"\n' in written
    assert '    assert world.why(ann, "greet").status == "refused"\n' in written


def test_names_of_written_tests_are_unique_and_lines_not_too_long(written):
    names = [line for line in written.splitlines() if line.startswith("def test_")]
    assert names
    assert len(names) == len(set(names))
    assert max(map(len, written.splitlines())) <= 120


@pytest.mark.untraced
def test_writing_twice_gives_the_same_text_in_a_file_and_on_the_terminal(generate, written):
    # But for where the journeys are, seen from the tests.
    assert generate().stdout == written.replace('Path(__file__).parent / "../shop.py"', 'Path("shop.py")')


def test_a_file_that_exists_is_not_overwritten(generate):
    Path("test_shop.py").write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInput, match="exists"):
        generate("--out", "test_shop.py")
    assert Path("test_shop.py").read_text(encoding="utf-8") == "mine"


def test_covered_elements_are_read_from_json(generate):
    from touchpoint.cli.loading import load

    done = Coverage.of(load(Path("shop.py")).journeys)
    done.hits.update(dict.fromkeys(done.elements, 1))
    Path("cov.json").write_text(done.to_json(), encoding="utf-8")
    result = generate("--covered", "cov.json")
    assert result.stdout == ""
    assert "everything is covered" in result.stderr


@pytest.mark.parametrize("content", ["{}", "x", None])
def test_a_coverage_file_that_is_none_is_refused_by_name(generate, content):
    if content is not None:
        Path("cov.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"cov\.json"):
        generate("--covered", "cov.json")


def test_what_no_story_reached_is_said_in_words(generate):
    assert "no story was found for" in generate("--most", "3").stderr
