"""A message that was held may be planned anew once the hold is over (`on_release="replan"`, S6.7, S6.10)."""

import pytest

from making import MARK, START, engine_of, handed, journey, marks, pass_time, trace
from test_against_reference import TROUBLE, at, ends, told
from touchpoint import (
    Branch,
    Cap,
    CaseType,
    Content,
    Emit,
    Hold,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    SetTrait,
    VirtualClock,
    Wait,
    count,
    customer,
    days,
    event,
    hours,
    outcome,
)
from touchpoint.channels import MemoryChannel, Refused
from touchpoint.core.program import compile_program
from touchpoint.core.replanning import decision_before
from touchpoint.journey.codec import dumps, loads

CASE = CaseType("complaint")
HOLD = Hold(while_open=[CASE], kinds=["marketing"])
ANGRY = customer.angry == True  # noqa: E712 - it builds a condition


def promo(name="promo", **parts):
    given = {"why": "w", "kind": "marketing", "channels": ["email"], "content": Content(text="{customer.word|none}")}
    return Message(name, **{**given, "on_release": "replan", **parts})


def engine(*then, policy=None, **options):
    made = engine_of(
        Rule("r", when="start", then=then), policy=policy or Policy(HOLD), parts={"cases": [CASE]}, **options
    )
    made.grant("ann", "marketing")
    return made


def held(made, after=None):
    """Ann complains, the rule starts, and some time passes."""
    made.open_case("ann", "complaint", ref="c1")
    made.record("ann", "start")
    pass_time(made, after or hours(1))
    return made


def free(made):
    made.close_case("ann", "complaint", ref="c1")
    pass_time(made)


def status(made):
    return [(each.name, each.status) for each in made.customer("ann").messages]


def test_the_branch_that_led_to_it_is_asked_again():
    made = held(engine(Branch(ANGRY, then=[Send(promo("sorry"))], otherwise=[Send(promo())])))
    made.identify("ann", traits={"angry": True})
    free(made)
    assert status(made) == [("promo", "withdrawn"), ("sorry", "sent")]
    assert made.customer("ann").messages[0].because[-1].endswith("held, and planned anew")


def test_without_a_branch_it_is_planned_anew_itself_with_words_and_best_before_of_then():
    made = held(engine(Send(promo(expires=hours(12))), MARK), hours(11))
    made.identify("ann", traits={"word": "now"})
    before = made.customer("ann").messages[0].key
    free(made)
    old, new = made.customer("ann").messages
    assert (old.status, new.status, new.key != before) == ("withdrawn", "sent", True)
    assert new.due == START + hours(11)
    assert made.adapters["email"].sent[0].message.text == "now"
    assert len(marks(made)) == 1


def test_still_is_asked_again_and_so_is_what_comes_after():
    made = held(engine(Send(promo(), still=~ANGRY, otherwise=[MARK])))
    made.identify("ann", traits={"angry": True})
    free(made)
    assert (status(made), len(marks(made))) == ([("promo", "withdrawn")], 1)


def test_of_branches_that_lead_to_each_other_the_outermost_is_asked():
    inner = Branch(customer.vip, then=[Send(promo("vip"))], otherwise=[Send(promo())])
    made = held(engine(Emit("begun"), Branch(ANGRY, then=[MARK], otherwise=[inner])))
    made.identify("ann", traits={"angry": True})
    free(made)
    assert (status(made), len(marks(made)), len(marks(made, type="begun"))) == ([("promo", "withdrawn")], 1, 1)
    assert [line[3:] for line in trace(made) if line[0] == "replanned"] == [["send:promo", "branch"]]


def test_what_was_done_in_between_is_not_done_again():
    arm = [SetTrait("n", count("start")), Emit("once"), Send(promo())]
    made = held(engine(Branch(~ANGRY, then=[], otherwise=arm, id="b")))
    free(made)
    assert (status(made), len(marks(made, type="once"))) == ([("promo", "withdrawn"), ("promo", "sent")], 1)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([Send(promo())], "send:promo"),
        ([MARK, Branch(ANGRY, then=[Send(promo())])], "branch"),
        ([Branch(ANGRY, then=[MARK, Send(promo())])], "send:promo"),
        ([Branch(ANGRY, then=[MARK], otherwise=[Send(promo())], id="x")], "x"),
        ([Branch(ANGRY, then=[MARK]), Send(promo())], "send:promo"),
        ([Branch(ANGRY, then=[Branch(ANGRY, then=[Send(promo())], id="in")], id="out")], "out"),
        ([Branch(ANGRY, then=[MARK, Branch(ANGRY, then=[Send(promo())], id="in")], id="out")], "in"),
        ([Send(promo("a"), otherwise=[Send(promo())])], "send:promo"),
        ([Branch(ANGRY, then=[Send(promo("a"), otherwise=[Send(promo())])])], "send:promo"),
    ],
)
def test_the_decision_before_a_message_is_a_branch_with_nothing_in_between(then, expected):
    (rule,) = compile_program([journey(Rule("r", when="x", then=then))]).rules
    assert decision_before(rule, "send:promo") == expected
    assert decision_before(rule, "send:gone") is None


def test_what_was_never_held_is_not_planned_anew():
    policy = Policy(HOLD, QuietHours("08:00", "12:00", unknown_zone="UTC"))
    made = engine(Send(promo()), policy=policy)
    made.record("ann", "start")
    pass_time(made, days(1))
    assert status(made) == [("promo", "sent")]


def test_after_the_cool_off_and_not_before():  # S6.10
    made = held(engine(Send(promo()), policy=Policy(Hold(while_open=[CASE], cool_off=hours(5)))))
    free(made)
    assert status(made) == [("promo", "waiting")]
    pass_time(made, hours(5))
    assert status(made) == [("promo", "withdrawn"), ("promo", "sent")]


def test_it_is_planned_anew_as_soon_as_the_hold_is_over_also_where_something_else_makes_it_wait():
    made = held(engine(Send(promo(expires=hours(12))), policy=Policy(HOLD, Cap(1, per=days(1)))), hours(1))
    made.record("ann", "start")
    made.send("ann", "promo", by="eve")
    free(made)
    assert [name for name, _ in status(made)].count("promo") >= 2
    pass_time(made, days(3))
    assert "waiting" not in [each for _, each in status(made)]


def test_it_may_be_held_and_planned_anew_again_and_again():
    made = held(engine(Send(promo())))
    for _ in range(3):
        made.close_case("ann", "complaint", ref="c1")
        made.open_case("ann", "complaint", ref="c1")
        pass_time(made, hours(1))
    assert status(made)[-1] == ("promo", "waiting")
    free(made)
    assert status(made)[-1] == ("promo", "sent")
    assert len(handed(made)) == 1


def test_a_hold_does_not_prolong_the_best_before():  # S6.7
    made = held(engine(Send(promo(expires=hours(12)), otherwise=[MARK])), days(1))
    assert (status(made), len(marks(made))) == ([("promo", "expired")], 1)
    free(made)
    assert status(made) == [("promo", "expired")]


def test_the_outcome_of_the_one_that_was_withdrawn_is_none_for_its_run():
    asked = Branch(outcome("promo").exists(), then=[MARK], otherwise=[Send(promo())])
    made = held(engine(asked))
    free(made)
    assert (marks(made), status(made)[-1]) == ([], ("promo", "sent"))


def test_what_was_handed_over_before_is_not_planned_anew():  # S6.3
    email = MemoryChannel("email").will(Refused("throttled", retry_after=hours(1)))
    made = engine(Send(promo()), channels=[email])
    made.record("ann", "start")
    pass_time(made)
    made.open_case("ann", "complaint", ref="c1")
    pass_time(made, hours(2))
    free(made)
    assert status(made) == [("promo", "sent")]


def test_an_exit_of_the_run_is_stronger():  # S5.3
    made = engine_of(
        Rule("r", when="start", then=[Send(promo())], exit=["stop"]), policy=Policy(HOLD), parts={"cases": [CASE]}
    )
    made.grant("ann", "marketing")
    held(made)
    made.record("ann", "stop")
    free(made)
    assert status(made) == [("promo", "withdrawn")]


def test_a_message_whose_step_is_gone_meanwhile_is_not_planned_anew(tmp_path):  # S5.4
    clock, url, email = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", MemoryChannel("email")
    with engine(Send(promo(), id="old"), store=url, clock=clock, channels=[email]) as made:
        held(made)
    with engine(Send(promo(), id="new"), store=url, clock=clock, channels=[email], people=()) as made:
        free(made)
        assert status(made) == [("promo", "withdrawn")]
        assert [run.reason for run in made.customer("ann").runs] == ["changed"]


def test_what_the_other_ways_do_is_as_it_was():
    for way, expected in (("send", ["sent"]), ("drop", ["withdrawn"])):
        made = held(engine(Send(promo(on_release=way))))
        free(made)
        assert [each for _, each in status(made)] == expected


def test_why_and_the_data_say_it():  # S10
    told_of = journey(Rule("r", when="start", then=[Send(promo())]))
    assert loads(dumps(told_of)) == told_of
    made = held(engine(Send(promo())))
    free(made)
    assert "send:promo was held, and is planned anew from send:promo" in str(made.why("ann", "r"))


# --- as the reference does it -----------------------------------------------------------------------------------------

STORY = [
    at(0, "trouble", {"ref": "x"}, act="open_case"),
    at(0, "go", {"n": 1}),
    at(2, "b"),
    at(6, "trouble", {"ref": "x"}, act="close_case"),
]
WAITS = Hold(while_open=[TROUBLE], kinds=["marketing"])
AFTER = Hold(while_open=[TROUBLE], kinds=["marketing"], cool_off=hours(3))


@pytest.mark.parametrize("hold", [WAITS, AFTER], ids=["open", "cool-off"])
@pytest.mark.parametrize(
    "then",
    [
        [Send(promo("m"))],
        [Branch(count("b") == 0, then=[Send(promo("m"))], otherwise=[Send(promo("other"))])],
        [Branch(count("b") == 0, then=[Emit("e0"), Send(promo("m"))], otherwise=[Send(promo("other"))])],
        [
            Branch(event.n == 1, then=[Branch(count("b") == 0, then=[Send(promo("m"))])]),
            Wait(hours(1)),
            Send(promo("z")),
        ],
        [
            Branch(event.n == 2, then=[Emit("e0")]),
            Send(promo("m"), still=count("b") == 0, otherwise=[Send(promo("o"))]),
        ],
        [Branch(count("b") == 0, then=[Send(promo("m"), otherwise=[Send(promo("o"))])]), Send(promo("last"))],
        [Send(promo("m", expires=hours(5)), otherwise=[Send(promo("o"))])],
    ],
)
def test_the_engine_plans_anew_as_the_reference_does(then, hold):  # S6.7
    log = told([Rule("r", when="go", then=then)], *STORY, policy=Policy(hold), cases=[TROUBLE])
    assert ends(log)
