"""Journeys as files: what is read equals what Python says, what is written is read back, errors say where."""

import json
import os
import runpy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from dateutil.relativedelta import FR, relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys_strategy import DECLARED, journeys
from touchpoint import (
    Ask,
    Branch,
    Cap,
    CaseType,
    Content,
    Emit,
    Entered,
    Exit,
    Gift,
    Give,
    Goal,
    Hold,
    InvalidInput,
    Journey,
    JourneyError,
    Message,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Send,
    SendWindow,
    SetTrait,
    Silent,
    Stage,
    Survey,
    Wait,
    WaitFor,
    WaitUntil,
    calendar_days,
    case_open,
    cool_down,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    months,
    once,
    times,
    trigger,
)
from touchpoint.files import read_file, read_text, write_text
from touchpoint.files.lengths import length_text, read_length
from touchpoint.files.nodes import Place, decoded, plain
from touchpoint.files.yaml_nodes import yaml_nodes
from touchpoint.files.yaml_text import yaml_text

pytest.importorskip("yaml")

SHOP = """\
touchpoint: 1
journey: shop
cases:
  - late
  - case: complaint
    respond_within: 24h
stages:
  - stage: regular
    phase: delight
    when: order_placed
    given: count(order_placed, within=365d) >= 2
  - stage: lapsed
    phase: attract
    when: {silent: 120d, of: order_placed}
messages:
  sorry:
    why: own the delay
    channels: email
    content:
      subject: Your order is late
      text: |
        Order {trigger.order} is late.

        We are sorry.
surveys:
  how:
    why: learn how it went
    channels: [email, sms]
    scale: nps
    content: How was it?
gifts:
  voucher:
    why: make good
    channels: email
    worth: "9.90"
    currency: EUR
    limit: {times: 1, per: 90d}
    content: {text: A voucher, html: <b>A voucher</b>}
rules:
  - rule: own the delay
    when: estimate_missed
    key: order
    limit: {cool_down: 7d, per_key: true}
    exit: [order_cancelled, customer.vip == false]
    then:
      - open_case: late
        ref: = trigger.order
      - send: sorry
        still: not case_open("complaint")
        otherwise: [exit: not sent]
      - wait: {until: "09:00", unknown_zone: Europe/Madrid}
      - wait: 1 month
      - wait_for: {trigger: order_delivered, timeout: forever}
      - wait_until: customer.seen
        timeout: 3 calendar days
        then:
          - set_trait: visits
            value: = customer.visits + 1
          - set_trait: tier
            value: gold
      - emit: delay_owned
        properties: {order: = trigger.order, by: [1, x]}
  - rule: win back
    when: {entered: lapsed}
    limit: once
    goal: {trigger: order_placed, within: 30d}
    then:
      - branch: not case_open()
        then:
          - ask: how
          - give: voucher
policy:
  - quiet_hours: 21:00-08:00
    unknown_zone: deny
  - send_window: [09:00-12:00, 13:00-18:00]
    unknown_zone: Europe/Madrid
    weekdays: [mon, tue]
    holidays: [2026-12-25]
  - cap: 2
    per: 7d
    kinds: [marketing]
  - hold: {while_open: [late], cool_off: 2d}
"""


def shop():
    sorry = Message(
        "sorry",
        why="own the delay",
        channels=["email"],
        content=Content(subject="Your order is late", text="Order {trigger.order} is late.\n\nWe are sorry.\n"),
    )
    how = Survey("how", why="learn how it went", channels=["email", "sms"], scale="nps", content=Content("How was it?"))
    voucher = Gift(
        "voucher",
        why="make good",
        channels=["email"],
        worth=Decimal("9.90"),
        currency="EUR",
        limit=times(1, per=days(90)),
        content=Content(text="A voucher", html="<b>A voucher</b>"),
    )
    return Journey(
        "shop",
        cases=[CaseType("late"), CaseType("complaint", respond_within=hours(24))],
        stages=[
            Stage("regular", phase="delight", when="order_placed", given=count("order_placed", within=days(365)) >= 2),
            Stage("lapsed", phase="attract", when=Silent(days(120), of="order_placed")),
        ],
        rules=[
            Rule(
                "own the delay",
                when="estimate_missed",
                key="order",
                limit=cool_down(days(7), per_key=True),
                exit=["order_cancelled", customer.vip == False],  # noqa: E712 - it builds a condition
                then=[
                    OpenCase("late", ref=trigger.order),
                    Send(sorry, still=~case_open("complaint"), otherwise=[Exit("not sent")]),
                    Wait(until="09:00", unknown_zone="Europe/Madrid"),
                    Wait(months(1)),
                    WaitFor("order_delivered", timeout=forever),
                    WaitUntil(
                        customer.seen,
                        timeout=calendar_days(3),
                        then=[SetTrait("visits", customer.visits + 1), SetTrait("tier", "gold")],
                    ),
                    Emit("delay_owned", {"order": trigger.order, "by": [1, "x"]}),
                ],
            ),
            Rule(
                "win back",
                when=Entered("lapsed"),
                limit=once(),
                goal=Goal("order_placed", within=days(30)),
                then=[Branch(~case_open(), then=[Ask(how), Give(voucher)])],
            ),
        ],
        policy=Policy(
            QuietHours("21:00", "08:00", unknown_zone="deny"),
            SendWindow(
                ("09:00", "12:00"),
                ("13:00", "18:00"),
                unknown_zone="Europe/Madrid",
                weekdays=["mon", "tue"],
                holidays=["2026-12-25"],
            ),
            Cap(2, per=days(7), kinds=["marketing"]),
            Hold(while_open=["late"], cool_off=days(2)),
        ),
    )


def only(text, **more):
    (found,) = read_text(text, **more).journeys
    return found


def problems(text, **more):
    with pytest.raises(JourneyError) as caught:
        read_text(text, file="shop.yaml", **more)
    return caught.value.problems


def test_a_file_says_what_python_says():
    assert only(SHOP) == shop()


def test_json_has_the_same_shape():
    assert only(write_text(shop(), json=True), json=True) == shop()


def test_yaml_is_a_fixed_point_of_writing_and_reading():
    once_written = write_text(shop())
    assert write_text(only(once_written)) == once_written


# HOUSE 2: the same data in every form
@settings(max_examples=int(os.environ.get("TOUCHPOINT_FILES_EXAMPLES", "20")))
@given(journeys(), st.booleans())
def test_every_journey_is_read_as_it_was_written(journey, as_json):
    text = write_text(journey, json=as_json)
    assert read_text(text, json=as_json, types=DECLARED).journeys == (journey,)


keys = st.text(max_size=10) | st.sampled_from(
    ["NO", "21:00", "<<", "=", "- a", "a: b", "~", "1e3", "x #y", "null", "*a"]
)
texts = keys | st.text(alphabet="ab :#\n-'\"{}[],&*!|>%@`\t=~\\\u2028\u0085\xa0é😀\ufeff", max_size=14)
single = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(single, lambda some: st.lists(some, max_size=3) | st.dictionaries(keys, some, max_size=3))


@settings(max_examples=200)
@given(st.dictionaries(keys, values, min_size=1, max_size=4))
def test_whatever_is_written_as_yaml_is_read_as_the_same_values(value):
    read = plain(yaml_nodes(decoded("x", yaml_text(value).encode()), "x"))
    assert json.dumps(read) == json.dumps(value)


def test_several_journeys_share_a_file_with_the_policy_of_the_house():
    other = attrs.evolve(shop(), name="other")
    house = Policy(Cap(1, per=days(1)), look_ahead=hours(2))
    found = read_text(write_text(shop(), other, policy=house, events=["a.jsonl"], grant=["marketing"]))
    assert (found.journeys, found.policy) == ((shop(), other), house)
    assert (found.events, found.grant) == (("a.jsonl",), ("marketing",))


def test_a_file_of_no_journey_is_not_written():
    with pytest.raises(InvalidInput, match="at least one journey"):
        write_text()


def test_a_step_may_have_its_fields_inside_or_beside():
    inside = SHOP.replace("wait: 1 month", "wait: {length: 1 month}")
    beside = SHOP.replace(
        "wait_for: {trigger: order_delivered, timeout: forever}", "wait_for: order_delivered\n        timeout: forever"
    )
    assert only(inside) == only(beside) == shop()


def test_a_message_that_no_step_sends_is_told():
    text = SHOP.replace("surveys:", "  lost:\n    why: x\n    channels: email\n    content: x\nsurveys:")
    assert [(journey, message.name) for journey, message in read_text(text).unsent] == [("shop", "lost")]


def test_a_trigger_of_a_wait_may_have_the_wait_s_own_names():
    waits = "wait_for: {anniversary: birthday, unknown_zone: UTC}\n        timeout: 3d"
    journey = only(SHOP.replace("wait_for: {trigger: order_delivered, timeout: forever}", waits))
    assert journey.rules[0].then[4].trigger[0].unknown_zone == "UTC"


@attrs.frozen
class OrderPlaced:
    n: int


def test_declared_classes_are_handed_in():
    text = SHOP.replace("journey: shop\n", "journey: shop\ntouchpoints: [order_placed]\n")
    assert only(text, types=[OrderPlaced]) == attrs.evolve(shop(), touchpoints=(OrderPlaced,))
    (problem,) = problems(text)
    assert (problem.place, problem.path) == (Place(3, 1), "$.touchpoints")


# --- errors -----------------------------------------------------------------------------------------------------------


def at(text, old, new):
    """Where `new` stands once it is put in the place of `old`: the line and column of its beginning."""
    changed = text.replace(old, new, 1)
    assert changed != text
    before = changed[: changed.index(new)]
    return changed, before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize(
    ("old", "new", "shift", "message"),
    [
        ("- send: sorry", "- sned: sorry", 2, "there is no step 'sned'; did you mean 'send'?"),
        ("- send: sorry", "- send: sory", 8, "there is no message 'sory' in this file; did you mean 'sorry'?"),
        ("timeout: 3 calendar days", "timout: 3d", 0, "wait_until has no 'timout'; did you mean 'timeout'?"),
        ("- wait: 1 month", "- wait: 1 fortnight", 8, "there is no unit 'fortnight'"),
        ("- wait: 1 month", "- wait: 3", 8, "has a unit, and the number 3 has none"),
        ("- wait: 1 month", "- wait: [1d]", 8, "expected a length of time such as 3d, not a list"),
        ("- wait: 1 month", "- wait: 1 month 3d", 8, "mixes lengths on the calendar with elapsed ones"),
        ("- wait: 1 month", "- wait: 1d\n        send: sorry", 18, "'send' is another step beside 'wait'"),
        ("- wait: 1 month", "- {}", 2, "expected a step, not names with values"),
        ("- wait: 1 month", "- sorry", 2, "expected a step, not the text 'sorry'"),
        ("phase: attract", "phase: atract", 7, "not the text 'atract'; did you mean 'attract'?"),
        ("phase: attract", "phaze: attract", 0, "stage has no 'phaze'; did you mean 'phase'?"),
        ("when: {silent: 120d, of: order_placed}", "when: {silnt: 120d}", 7, "there is no trigger 'silnt'"),
        ("limit: once", "limit: twice", 7, "expected one of once, once_per_stage"),
        ("cap: 2", "cap: 0", 0, "lets nothing out"),
        ("cap: 2", "cap: two", 5, "expected a whole number, not the text 'two'"),
        ('worth: "9.90"', "worth: cheap", 7, "expected a number, not the text 'cheap'"),
        ("quiet_hours: 21:00-08:00", "quiet_hours: nights", 13, "is not two times of day"),
        ("quiet_hours: 21:00-08:00", "quiet_hours: 21:00-21:00", 0, "starts and ends at"),
        ("holidays: [2026-12-25]", "holidays: [2026-13-25]", 11, "is no date"),
        ("per_key: true", "per_key: 1", 9, "expected true or false, not the number 1"),
        ("when: estimate_missed", "when: a b", 6, "not a touchpoint type"),
        ("key: order", "key:", 0, "there is nothing"),
        ("journey: shop", "journal: shop", -17, "a journey has a name"),
        ("surveys:", "survey:", 0, "there is no 'survey' in a journey; did you mean 'surveys'?"),
        ("  how:\n    why: learn", "  sorry:\n    why: learn", 2, "there are two messages 'sorry'"),
        ("    content: How was it?", "    content: {de: {txt: x}}", 19, "content has no 'txt'; did you mean 'text'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_column(old, new, shift, message):
    text, line, column = at(SHOP, old, new)
    found = problems(text)
    assert [each for each in found if message in each.message], [str(each) for each in found]
    place = next(each.place for each in found if message in each.message)
    if "\n" in new and "another step" in message:
        assert place.line == line + 1
    elif "a journey has a name" in message:
        assert place == Place(1, 1)
    elif message.startswith("there is nothing"):
        assert place.line == line
    else:
        assert place == Place(line, column + shift), [str(each) for each in found]


def test_a_condition_that_cannot_be_read_is_told_at_the_very_column():
    text, line, column = at(SHOP, "branch: not case_open()", "branch: customer.vip = true")
    (problem,) = problems(text)
    assert problem.place == Place(line, column + len("branch: customer.vip "))


def test_a_condition_in_quotes_or_behind_an_equals_sign_is_told_at_the_very_column_too():
    text, line, column = at(SHOP, "branch: not case_open()", 'branch: "customer.vip = true"')
    assert problems(text)[0].place == Place(line, column + len('branch: "customer.vip '))
    text, line, column = at(SHOP, "value: = customer.visits + 1", "value: = customer.visits ++")
    assert problems(text)[0].place.line == line


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines():
    text = (
        SHOP.replace("phase: attract", "phase: atract")
        .replace("limit: once", "limit: twice")
        .replace("cap: 2", "cap: x")
    )
    found = problems(text)
    assert [each.place.line for each in found] == sorted(each.place.line for each in found)
    assert len(found) == 3


def test_what_validation_finds_is_told_where_it_is_written():
    text, line, column = at(SHOP, "- open_case: late\n", "- open_case: lte\n")
    (problem,) = problems(text)
    assert problem.place == Place(line, column + 2)
    assert problem.path == "$.rules[0].then[0]"


def test_what_is_wrong_with_a_message_is_told_where_it_is_declared():
    text, line, column = at(SHOP, "why: own the delay", 'why: ""')
    assert [each.place for each in problems(text)] == [Place(line, column)]


def test_a_template_that_cannot_be_read_is_told_at_its_text():
    text, line, column = at(SHOP, "subject: Your order is late", 'subject: "Order {trigger.order"')
    assert [each.place for each in problems(text)] == [Place(line, column)]


def test_an_error_begins_with_file_line_and_column():
    text, line, column = at(SHOP, "phase: attract", "phase: atract")
    assert str(problems(text)[0]).startswith(f"shop.yaml:{line}:{column + 7}: $.stages[1].phase: ")


def test_a_finding_can_be_placed_by_its_path():
    found = read_text(SHOP)
    line = SHOP[: SHOP.index("timeout: 3 calendar")].count("\n") + 1
    assert found.place("$.rules[0].then[5].timeout") == Place(line, 9)
    assert found.place("$.rules[0].then[5].timeout.days") == Place(line, 9)
    assert found.place("$.rules[0]", journey="elsewhere") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("journey: x", "begin with touchpoint: 1"),
        ("touchpoint: 2\njourney: x", "written in version 2"),
        ("touchpoint: x\njourney: x", "a whole number from 1"),
        ("- touchpoint", "expected names with values"),
        ("touchpoint: 1\njourneys: x", "expected a list of journeys"),
        ("touchpoint: 1\njourneys: [x]", "expected a journey, not the text"),
        ("touchpoint: 1\njourneys: []\nrules: []", "there is no 'rules' beside journeys"),
        ("touchpoint: 1\njourney: x\nname: y", "there is no 'name' here"),
        ("touchpoint: 1\njourney: x\nmessages: []", "holds messages by their names"),
        ("touchpoint: 1\njourney: x\nmessages: {a: b}", "expected why:"),
    ],
)
def test_a_file_that_is_none_of_ours_says_how_one_begins(text, message):
    assert any(message in str(each) for each in problems(text))


def test_a_file_too_large_is_not_read():
    assert "at most 1,000,000 bytes" in str(problems("x" * 1_000_001)[0])


def test_a_file_in_another_encoding_is_told_so():
    assert "no UTF-8" in str(problems("touchpoint: 1\njourney: Läden".encode("latin-1"))[0])
    assert problems("touchpoint: 1\njourney: Läden".encode("latin-1"))[0].place == Place(2, 11)


def test_a_byte_order_mark_is_no_mistake():
    assert only(("\ufeff" + SHOP).encode()) == shop()


def test_files_are_told_by_the_end_of_their_name(tmp_path):
    for name, as_json in (("a.yaml", False), ("a.yml", False), ("a.json", True)):
        (tmp_path / name).write_text(write_text(shop(), json=as_json), "utf-8")
        assert read_file(tmp_path / name).journeys == (shop(),)
    with pytest.raises(InvalidInput, match="journeys are read from"):
        read_file(tmp_path / "a.toml")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_file(tmp_path / "none.yaml")


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"touchpoint": 1,}', (1, 18), "a name in double quotes"),
        ('{"a": 1,\n "a": 2}', (2, 2), "stands here twice, first at 1:2"),
        ('{"a": NaN}', (1, 7), "expected a value"),
        ('{"a": 1e999}', (1, 7), "too large"),
        ('{"a": ' + "1" * 5000 + "}", (1, 7), "digits"),
        ('{"a": "\\x"}', (1, 7), "no such escape"),
        ('{"a": "x\ny"}', (1, 7), "no end"),
        ('{"a": "\\ud800"}', (1, 7), "surrogate"),
        ('{"a" 1}', (1, 6), "colon"),
        ("[1 2]", (1, 4), "comma"),
        ("{} {}", (1, 4), "after the end"),
        ("[" * 5000, (1, 102), "nested at most"),
        ("", (1, 1), "expected a value"),
        ("[" + "1," * 60_000 + "1]", (1, 100_000), "at most 50,000 values"),
    ],
)
def test_json_that_cannot_be_read_is_told_with_its_place(text, place, message):
    (problem,) = problems(text, json=True)
    assert message in problem.message
    assert problem.place == Place(*place)


# --- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3d", days(3)), ("1h 30m", timedelta(minutes=90)), ("2 weeks", days(14)), ("1.5d", hours(36)),
        ("-2h", hours(-2)),
        ("90 seconds", timedelta(seconds=90)), ("250ms", timedelta(milliseconds=250)), ("0s", timedelta(0)),
        ("1 month", months(1)), ("1 year 2 months", relativedelta(years=1, months=2)),
        ("3 calendar days", calendar_days(3)),
        ("2 calendar weeks", calendar_days(14)),
    ],
)  # fmt: skip
def test_lengths_are_read_as_people_write_them(text, length):
    assert read_length(text) == length


NO_LENGTHS = ["", "3", "d", "3x", "3 d x", "1M", "1.5 months", "1 month 1 month",
    "99999999999999w", "0.0000001s", "3dd", "9" * 200 + "d"]  # fmt: skip


@pytest.mark.parametrize("text", NO_LENGTHS)
def test_what_is_no_length_is_refused(text):
    with pytest.raises(JourneyError):
        read_length(text)


@given(
    st.timedeltas()
    | st.builds(relativedelta, years=st.integers(0, 9), months=st.integers(0, 11), days=st.integers(0, 99))
)
def test_every_length_with_a_text_is_read_back(length):
    text = length_text(length)
    assert text is None or read_length(text) == length
    assert text is not None or length == relativedelta()


def test_a_length_with_a_weekday_has_no_text():
    assert length_text(relativedelta(weekday=FR(-1))) is None


# --- the real shop ----------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


def test_the_shop_of_the_acceptance_programs_is_the_same_in_yaml(tmp_path):
    program = SHARED / "acceptance/shop.py"
    if not program.is_file():
        pytest.skip("the acceptance programs are not there")
    from touchpoint.cli.loading import load

    (journey,) = load(program).journeys
    (tmp_path / "shop.yaml").write_text(write_text(journey), "utf-8")
    assert load(tmp_path / "shop.yaml").journeys == (journey,)


def test_the_shop_in_yaml_leaves_the_same_replay_behind_to_the_last_byte(tmp_path):  # S11.5
    program, events = SHARED / "acceptance/shop.py", SHARED / "data/olist.A.jsonl.gz"
    if not (program.is_file() and events.is_file()):
        pytest.skip("the acceptance programs or their data are not there")
    from touchpoint.cli.loading import load

    replayed = runpy.run_path(str(ROOT / "benchmarks/replay_digest.py"))["replayed"]

    (tmp_path / "shop.yaml").write_text(write_text(*load(program).journeys), "utf-8")
    found = [replayed(path, [str(events)], "all", 500) for path in (program, tmp_path / "shop.yaml")]
    assert found[0] == found[1]
    assert found[0][1] > 400


def test_an_event_in_a_condition_is_the_touchpoint(tmp_path):
    text = SHOP.replace(
        "when: estimate_missed\n", 'when: estimate_missed\n    given: event["order-id"] == 1 and event.n > 2\n'
    )
    assert only(text).rules[0].given.same_as((event["order-id"] == 1) & (event.n > 2))
