"""The next best action: of several candidates the one of the highest value, with the losers and their reasons (S5)."""

from contextlib import closing
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import engine_of, message, sending
from touchpoint import (
    Best,
    Branch,
    Candidate,
    CaseType,
    Content,
    Emit,
    Exit,
    Hold,
    HoldOut,
    Journey,
    JourneyError,
    Policy,
    Preferences,
    Reply,
    Rule,
    Send,
    Split,
    Wait,
    count,
    customer,
    days,
    event,
    once,
    trait,
)
from touchpoint.core.beforehand import denied_for_good
from touchpoint.files import read_text, write_text
from touchpoint.files.compare import differences
from touchpoint.journey.codec import dumps, loads
from touchpoint.lab import check
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutations import changes
from touchpoint.stores.codec import loads as read


def best(*candidates, **parts):
    return Best("win", candidates, **parts)


def mark(name, value=1, **parts):
    """A candidate that only leaves its name."""
    return Candidate(name, Emit(name), value=value, **parts)


def choosing(*candidates, otherwise=(), then=(), when="start", **options):
    rule = Rule("choose", when=when, then=[best(*candidates, otherwise=otherwise), *then])
    return engine_of(rule, **options)


def traced(engine, who="ann"):
    """The choices in the journal: (taken, {candidate: reason})."""
    with engine.store.reading() as reader:
        entries = list(reader.journal(reader.customers([who])[0].no))
    lines = [line for entry in entries for line in (read(entry.trace) if entry.trace else ())]
    return [(line[4], {name: why for name, _, why in line[5]}) for line in lines if line[0] == "best"]


def taken(engine):
    engine.record("ann", "start")
    return traced(engine)[0][0]


def happened(engine):
    return [each.type for each in engine.customer("ann").timeline()]


# Choosing.


def test_the_highest_value_is_taken_and_the_run_goes_on_after_it():
    with closing(choosing(mark("a", 1), mark("b", 3), mark("c", 2), then=[Emit("after")])) as engine:
        engine.record("ann", "start")
        assert happened(engine) == ["start", "b", "after"]


def test_a_candidate_without_steps_may_win_too():
    with closing(choosing(mark("a", 1), Candidate("rest", value=2), then=[Emit("after")])) as engine:
        engine.record("ann", "start")
        assert happened(engine) == ["start", "after"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from((0, 1, -2, 0.5, Decimal("0.5"), 3)), min_size=1, max_size=6))
def test_of_equal_values_the_one_declared_first_is_taken(values):
    with closing(choosing(*(mark(f"c{n}", value) for n, value in enumerate(values)))) as engine:
        assert taken(engine) == f"c{values.index(max(values))}"


def test_conditions_and_values_ask_the_run_and_what_is_unknown_is_not_taken():  # S4.6
    some = (
        mark("vip", 9, given=customer.tier == "gold"), mark("worth", event.price * 2),
        mark("often", 5, given=count("start") >= 2),
        mark("text", customer.name), mark("plain", 1),
    )  # fmt: skip
    with closing(choosing(*some)) as engine:
        engine.identify("ann", traits={"name": "Ann"})
        engine.record("ann", "start", {"price": 2})
        engine.record("ann", "start")
        (first, reasons), (second, _) = traced(engine)[::-1]
        assert (first, second) == ("worth", "often")
        assert reasons["vip"].startswith("its condition was not true: customer.tier")
        assert reasons["text"] == "its value is no number"
        assert reasons["plain"] == "worth less than worth, or the same"
        assert reasons["worth"] == ""


def test_where_none_may_be_taken_the_otherwise_arm_is():
    with closing(choosing(mark("a", customer.points), otherwise=[Emit("none")], then=[Emit("after")])) as engine:
        assert taken(engine) is None
        assert happened(engine) == ["start", "none", "after"]


def test_a_candidate_with_steps_that_wait_goes_on_where_it_is():
    with closing(choosing(Candidate("slow", [Wait(days(1)), Emit("later")], value=1), then=[Emit("after")])) as engine:
        engine.record("ann", "start")
        engine.clock.advance(days(1))
        engine.run_pending()
        assert happened(engine) == ["start", "later", "after"]


# The hint of the gate (S6.5).


def offer(name="offer", value=9, **parts):
    return Candidate(name, Send(message(name, **parts)), value=value)


def test_what_the_gate_would_deny_for_good_is_not_taken():  # S7.2
    with closing(choosing(offer(kind="marketing"), mark("plain"))) as engine:
        assert taken(engine) == "plain"
        assert traced(engine)[0][1]["offer"] == "offer would be denied: email: no consent to marketing on email"
    with closing(choosing(offer(kind="marketing"), mark("plain"))) as engine:
        engine.grant("ann", "marketing")
        assert taken(engine) == "offer"


def test_one_channel_that_is_left_is_enough():
    with closing(choosing(offer(kind="marketing", channels=["email", "sms"]), mark("plain"))) as engine:
        engine.grant("ann", "marketing", channel="sms")
        assert taken(engine) == "offer"


@pytest.mark.parametrize(
    ("parts", "act"),
    [
        ({"topic": "news"}, lambda engine: engine.prefer("ann", Preferences(topics_off=["news"]))),
        ({}, lambda engine: engine.prefer("ann", Preferences(channels_off=["email"]))),
        ({"content": Content(text="{customer.pet}")}, lambda _: None),
        ({}, lambda engine: engine.withdraw("ann", "service")),
    ],
)
def test_wishes_withdrawals_and_missing_words_are_known_beforehand(parts, act):
    with closing(choosing(offer(**parts), mark("plain"))) as engine:
        act(engine)
        assert taken(engine) == "plain"


def test_a_hold_out_is_known_beforehand():  # S9
    house = Policy(HoldOut("2026", percent=50, kinds=["service"]))
    with closing(choosing(offer(), mark("plain"), policy=house, people=[f"c{n}" for n in range(20)])) as engine:
        for n in range(20):
            engine.record(f"c{n}", "start")
        engine.run_pending()
        chosen = {traced(engine, f"c{n}")[0][0] for n in range(20)}
        sent = [each for n in range(20) for each in engine.customer(f"c{n}").messages]
        assert chosen == {"offer", "plain"}
        assert {each.status for each in sent} == {"sent"}


def test_a_limit_that_is_used_up_for_good_is_known_beforehand():
    with closing(choosing(offer(limit=once()), mark("plain"))) as engine:
        for _ in range(2):
            engine.record("ann", "start")
            engine.run_pending()
        assert [each for each, _ in traced(engine)] == ["plain", "offer"]


def test_a_trait_used_beyond_its_declaration_is_known_beforehand():  # S7.5
    @attrs.frozen
    class Traits:
        pet: str = attrs.field(default="", metadata=trait(uses=["transactional"]))

    made = offer(content=Content(text="{customer.pet|you}"))
    with closing(choosing(made, mark("plain"), traits=Traits)) as engine:
        engine.identify("ann", traits={"pet": "Rex"})
        assert taken(engine) == "plain"


def test_what_only_waits_is_taken_and_the_gate_decides():  # S6.10
    hold = Policy(Hold(while_open=["complaint"]))
    with closing(choosing(offer(), mark("plain"), parts={"cases": [CaseType("complaint")], "policy": hold})) as engine:
        engine.open_case("ann", "complaint", ref="1")
        assert taken(engine) == "offer"
        engine.run_pending()
        assert [each.status for each in engine.customer("ann").messages] == ["waiting"]


def test_the_gate_still_decides_at_release():
    with closing(choosing(Candidate("offer", [Send(message("offer"), otherwise=[Emit("denied")])], value=1))) as engine:
        assert taken(engine) == "offer"
        engine.withdraw("ann", "service")
        engine.run_pending()
        assert happened(engine) == ["start", "denied"]


def test_answers_in_a_conversation_go_out_where_that_is_so_nothing_is_known_of_them():
    reply = Candidate("reply", Reply("Hello {customer.pet|you}", name="hi", why="they asked"), value=2)
    with closing(choosing(reply, mark("plain"))) as engine:
        assert taken(engine) == "reply"


def test_only_what_the_journal_tells_decides_so_kill_switches_do_not():  # S11.5
    with closing(choosing(offer(), mark("plain"))) as engine:
        engine.pause(message="offer", reason="a slip")
        assert taken(engine) == "offer"
        assert denied_for_good.__module__.startswith("touchpoint.core")


# Explained (S10).


def test_why_tells_the_choice_the_losers_and_their_reasons():
    with closing(choosing(mark("a", 1), mark("b", 3), mark("c", 9, given=customer.vip))) as engine:
        engine.record("ann", "start")
        (line,) = [each for each in engine.why("ann", "choose").lines if "best:win" in each]
        assert "best:win: b (value 3); not a (value 1): worth less than b, or the same; not c: its condition" in line


def test_why_tells_where_nothing_was_chosen():
    with closing(choosing(mark("a", customer.points))) as engine:
        engine.record("ann", "start")
        assert any(
            "nothing to choose; not a: its value is unknown" in line for line in engine.why("ann", "choose").lines
        )


# Identity and live edits (S4.5, S5.4).


def test_a_step_is_known_by_its_name_and_those_in_it_keep_their_places():
    from touchpoint.journey.steps import identified

    step = best(mark("a"), Candidate("b", [Wait(days(1)), Emit("b")], value=2), otherwise=[Exit("none")])
    assert [name for name, _ in identified([step, best(mark("a"))])] == [
        "best:win", "emit:a", "wait", "emit:b", "exit", "best:win#2", "emit:a#2",
    ]  # fmt: skip


def test_values_may_be_changed_while_people_are_in_the_rule():
    def rule(value):
        return Rule("choose", when="start", then=[Wait(days(1)), best(mark("a", value), mark("b", 2))])

    with closing(engine_of(rule(1))) as engine:
        engine.record("ann", "start")
        new = Journey("one", rules=[rule(3)])
        engine.release(new, confirm=engine.preview_release(new).token, by="chris")
        engine.clock.advance(days(1))
        engine.run_pending()
        assert happened(engine) == ["start", "a"]


def test_a_run_within_a_candidate_that_is_gone_goes_on_after_the_choice():
    def rule(*candidates):
        return Rule("choose", when="start", then=[best(*candidates), Emit("after")])

    slow = Candidate("slow", [Wait(days(1), id="w"), Emit("late")], value=9)
    with closing(engine_of(rule(slow, mark("a")))) as engine:
        engine.record("ann", "start")
        new = Journey("one", rules=[rule(mark("a"))])
        engine.release(new, confirm=engine.preview_release(new).token, by="chris")
        engine.run_pending()
        assert happened(engine) == ["start", "after"]


def test_what_was_held_and_is_planned_anew_is_chosen_anew():
    hold = Policy(Hold(while_open=["complaint"]))
    some = (offer(on_release="replan"), Candidate("call", Emit("call"), value=customer.points))
    with closing(choosing(*some, parts={"cases": [CaseType("complaint")], "policy": hold})) as engine:
        engine.open_case("ann", "complaint", ref="1")
        engine.record("ann", "start")
        engine.run_pending()
        engine.identify("ann", traits={"points": 99})
        engine.close_case("ann", "complaint", ref="1")
        engine.run_pending()
        assert [each for each, _ in traced(engine)] == ["call", "offer"]


# As data.


def whole():
    step = best(
        Candidate("mail", [Send(message("mail"))], value=customer.points * 2, given=customer.vip),
        mark("call", Decimal("1.5")), otherwise=[Emit("none")], id="b", was=["old"],
    )  # fmt: skip
    return Journey("one", rules=[Rule("choose", when="start", then=[step])])


def test_it_is_stored_and_read_back_without_loss():
    assert loads(dumps(whole())) == whole()
    assert read_text(write_text(whole())).journeys == (whole(),)


def test_problems_are_told_with_their_paths():
    with pytest.raises(JourneyError) as error:
        Journey("one", rules=[Rule("r", when="a", then=[Best("none", []), best(
            mark("x", True), mark("x", customer.vip == 1), Candidate("y", value="1 + 1", given=customer.vip),
        )])])  # fmt: skip
    paths = [each.path for each in error.value.problems]
    assert paths == [
        "$.rules[0].then[0].candidates", "$.rules[0].then[1].candidates[0].value",
        "$.rules[0].then[1].candidates[1].name", "$.rules[0].then[1].candidates[1].value",
    ]  # fmt: skip


def test_two_versions_are_compared_candidate_by_candidate():
    def made(value, *more):
        return Journey("one", rules=[Rule("r", when="a", then=[best(mark("x", value), *more)])])

    told = [str(each) for each in differences([made(1)], [made(2, mark("y"))])]
    assert any("candidate x" in each and "2" in each for each in told)
    assert any("candidate y: is new" in each for each in told)
    assert sum("new step emit y" in each for each in told) == 1
    assert [each for each in told if "candidate" in each.partition(":")[0] and "then" in each.partition(":")[2]] == []


# Under the lamp.


def test_coverage_knows_every_candidate():
    journey = Journey(
        "one",
        rules=[Rule("choose", when="start", then=[best(mark("a", 2), mark("b", event.x), otherwise=[Emit("n")])])],
    )
    coverage = Coverage.of([journey])
    with closing(engine_of(journeys=[journey])) as engine:
        engine.record("ann", "start")
        coverage.collect(engine)
        missing = [each.words for each in coverage.missing if each.kind == "arm"]
        assert missing == [
            "the candidate b of best:win in choose was never taken",
            "the otherwise arm of best:win in choose was never taken",
        ]
        engine.record("ann", "start", {"x": 5})
        coverage.collect(engine)
        assert [each.words for each in coverage.missing if each.kind == "arm"] == missing[1:]


def test_mutants_touch_conditions_values_and_candidates():
    told = [each.sentence for each in changes(whole())]
    assert any("whether or not customer.vip" in each for each in told)
    assert any("never chooses mail in win" in each for each in told)
    assert any("gives mail and call each other's value in win" in each for each in told)
    for each in changes(whole()):
        try:
            each.build()
        except JourneyError:
            continue


def test_the_linter_finds_candidates_that_are_never_chosen():
    def codes(*candidates, **parts):
        return [
            (each.code, each.path.partition("then[0]")[2])
            for each in check(Journey("one", rules=[Rule("r", when="a", then=[best(*candidates, **parts)])]))
            if each.code in ("TC119", "TC209")
        ]

    assert codes(mark("a", 2), mark("b", 1), mark("c", customer.points), otherwise=[Emit("x")]) == [
        ("TC209", ".candidates[1]"), ("TC209", ".otherwise"),
    ]  # fmt: skip
    assert codes(mark("a", 1), mark("b", 1)) == [("TC209", ".candidates[1]")]
    assert codes(mark("a", 2, given=customer.vip), mark("b", 1)) == []
    assert codes(offer(), mark("b", 1)) == []
    impossible = (customer.points > 2) & (customer.points < 1)
    assert codes(mark("a", 1, given=impossible), mark("b", 2, given=customer.vip)) == [
        ("TC119", ".candidates[0].given")
    ]


def test_a_choice_within_a_choice_and_beside_a_split_is_taken():
    inner = Best("inner", [mark("x", 1), mark("y", 2)])
    way = Split("way", {"left": [inner], "right": [inner]})
    outer = best(Candidate("deep", [Branch(customer.vip, otherwise=[way])], value=1))
    with closing(engine_of(Rule("r", when="start", then=[outer]))) as engine:
        engine.record("ann", "start")
        assert happened(engine) == ["start", "exposed", "y"]


def test_rules_without_a_choice_are_not_touched_by_it():
    with closing(engine_of(sending(when="start"))) as engine:
        engine.record("ann", "start")
        engine.run_pending()
        assert traced(engine) == []
