"""What a function of the host returns is kept with the run, and read by its next steps (S5)."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from making import MARK, START, ends, engine_of, handed, journey, marks, message, pass_time, state_of, trace
from touchpoint import (
    AsyncEngine,
    Branch,
    Call,
    Content,
    Emit,
    Goal,
    JourneyError,
    Rule,
    Send,
    Stage,
    VirtualClock,
    Wait,
    days,
    event,
    hours,
    result,
)
from touchpoint.channels import Accepted, Ambiguous, FailureCode, MemoryChannel, Refused
from touchpoint.core.returned import MOST
from touchpoint.journey.codec import dumps, loads

ASKED = result("refund").amount >= 10


def rule(*then, **parts):
    return Rule("r", **{"when": "start", "then": [Call("refund"), *then], **parts})


def engine(*rules, returns=None, act=None, **options):
    function = act or (lambda _: returns)
    return engine_of(*rules, functions={"refund": function}, **options)


def play(made, after=None):
    made.record("ann", "start")
    pass_time(made, after or days(1))
    return made


def said(made):
    return [line[4] for line in trace(made) if line[0] == "returned"]


@pytest.mark.parametrize(("amount", "taken"), [(12, 1), (10, 1), (9, 0)])
def test_a_branch_reads_what_a_function_returned(amount, taken):
    made = play(engine(rule(Branch(ASKED, then=[MARK])), returns={"amount": amount}))
    assert len(marks(made)) == taken


@pytest.mark.parametrize(
    "value",
    [
        7, 0, False, True, 1.5, "x", "", [1, "a"], [], {"a": {"b": [None]}}, Decimal("1.10"), date(2026, 3, 2),
        datetime(2026, 3, 2, tzinfo=UTC), days(2),
    ],
)  # fmt: skip
def test_what_it_returned_is_what_conditions_see(value):
    asked = result("refund") == value if not isinstance(value, dict) else result("refund").a.b.exists()
    made = play(engine(rule(Branch(asked, then=[MARK])), returns=value))
    assert (len(marks(made)), said(made)) == (1, ["kept"])


def test_words_look_it_up():
    words = Content(
        text="{result.refund.amount:money} euros to {result.refund.to:join}, {result.refund.note|as agreed}"
    )
    made = play(engine(rule(Send(message(content=words))), returns={"amount": 5, "to": ["a", "b"]}))
    assert [each.message.text for each in made.adapters["email"].sent] == ["5.00 euros to a, b, as agreed"]


def test_a_message_whose_words_lack_a_result_is_denied():  # S6.2
    made = play(engine(rule(Send(message(content=Content(text="{result.refund.amount}"))))))
    assert [each for each in ends(made) if each[0] == "hello"] == [("hello", "denied")]


@pytest.mark.parametrize("value", [None, object(), {1: 2}, {"$x": 1}, {"amount": float("nan")}, "x" * (MOST + 1)])
def test_what_cannot_be_kept_is_missing_and_the_run_goes_on(value):  # S4.6
    made = play(engine(rule(Branch(ASKED, then=[MARK], otherwise=[Send(message())])), returns=value))
    assert (marks(made), handed(made)) == ([], ["hello"])
    assert said(made) != ["kept"]
    assert "$x" not in said(made)[0]


def test_why_says_what_became_of_a_result():  # S10
    made = play(engine(rule(Branch(ASKED, then=[MARK])), returns=object()))
    told = str(made.why("ann", "r"))
    assert "refund returned a object that does not consist of JSON values" in told
    assert 'result("refund").amount >= 10: unknown (result("refund").amount is missing)' in told


def test_a_mapping_that_cannot_be_read_harms_nobody():
    class Trap(dict):
        def items(self):
            raise RuntimeError("no")

    made = play(engine(rule(Branch(ASKED, otherwise=[MARK])), returns=Trap(a=1)))
    assert len(marks(made)) == 1


def test_a_result_that_nothing_reads_is_not_kept():  # S7.5
    made = play(engine(rule(Wait(days(9))), returns={"secret": "s3cr3t"}))
    assert state_of(made).runs[0].results == {}
    assert said(made) == []


def test_a_result_is_in_no_trace_and_no_repr():  # S7.5
    made = play(engine(rule(Branch(result("refund").name == "x", then=[]), Wait(days(9))), returns={"name": "s3cr3t"}))
    assert "s3cr3t" not in repr(state_of(made))
    assert [line for line in trace(made) if line[0] == "returned"] == [["returned", "one", "r", "refund", "kept"]]


def test_a_result_outlasts_a_restart(tmp_path):  # S11.1
    clock, url = VirtualClock(START), f"sqlite:///{tmp_path}/t.db"
    waiting = rule(Wait(days(1)), Branch(ASKED, then=[MARK]))
    with engine(waiting, returns={"amount": 11}, store=url, clock=clock) as made:
        play(made, hours(1))
    with engine(waiting, returns=None, store=url, clock=clock, people=()) as made:
        pass_time(made, days(2))
        assert len(marks(made)) == 1


def test_the_latest_call_of_a_function_counts():
    answers = iter([{"amount": 50}, {"amount": 1}, None])
    asked = [Branch(ASKED, then=[MARK], id=f"b{n}") for n in range(3)]
    then = [asked[0], Call("refund"), asked[1], Call("refund"), asked[2]]
    made = play(engine(rule(*then), act=lambda _: next(answers)))
    assert (len(marks(made)), said(made)) == (1, ["kept", "kept", "nothing"])


def test_a_call_that_fails_is_tried_again_and_its_last_word_counts():  # S5
    answers = iter([RuntimeError("down"), Ambiguous("?"), Refused(FailureCode.UNKNOWN), {"amount": 10}])

    def act(_):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    made = play(engine(rule(Branch(ASKED, then=[MARK])), act=act))
    assert len(marks(made)) == 1


def test_a_call_that_fails_for_good_has_no_result():
    def act(_):
        raise RuntimeError

    step = Call("refund", otherwise=[Branch(~result("refund").exists(), then=[MARK])])
    made = play(engine(Rule("r", when="start", then=[step]), act=act), days(9))
    assert len(marks(made)) == 1


def test_a_function_may_say_that_it_was_accepted():
    made = play(engine(rule(Branch(result("refund").exists(), otherwise=[MARK])), returns=Accepted("ref")))
    assert len(marks(made)) == 1


def test_every_run_has_results_of_its_own():
    step = Call("refund", {"n": event.n})
    made = engine(
        Rule("r", when="start", then=[step, Branch(result("refund") == event.n, then=[MARK])], key="n"),
        act=lambda request: request.arguments["n"],
    )
    for n in (1, 2, 3):
        made.record("ann", "start", {"n": n})
    pass_time(made)
    assert len(marks(made)) == 3


def test_a_goal_that_is_watched_later_knows_the_result():  # S5.3
    made = play(engine(rule(goal=Goal("paid", within=days(2), given=ASKED)), returns={"amount": 10}))
    made.record("ann", "paid")
    assert [line[0] for line in trace(made)].count("goal") == 1


def test_an_exit_may_be_what_a_function_returned():  # S5.3
    made = play(engine(rule(Send(message()), exit=[ASKED]), returns={"amount": 10}))
    assert handed(made) == []
    assert [each.reason for each in made.customer("ann").runs] == ["exit"]


def test_a_run_that_is_parked_after_its_call_still_has_the_result():  # S4.3
    steps = [Branch(ASKED, then=[Emit("ping")]), Branch(ASKED, then=[MARK], id="again")]
    made = play(engine(rule(*steps), Rule("loop", when="ping", then=[Emit("ping")]), returns={"amount": 10}))
    ((_, parked),) = made.parked()
    assert (parked.kind, state_of(made).runs[0].results) == ("run", {"refund": {"amount": 10}})


def test_merging_and_erasing_take_results_along():  # S1.6, S1.7
    waiting = rule(Wait(days(1)), Branch(ASKED, then=[MARK]))
    made = engine(waiting, returns={"amount": 10, "name": "s3cr3t"}, people=("ann", "bob"), secret=b"0" * 32)
    play(made, hours(1))
    made.merge("ann", into="bob")
    pass_time(made, days(2))
    assert len(marks(made, "bob")) == 1
    assert "s3cr3t" in repr(made.export("bob"))
    made.erase("bob")
    with made.store.reading() as reader:
        assert list(reader.customers(["ann", "bob"])) == []


def test_an_asynchronous_function_has_a_result_too():
    async def refund(_):
        return {"amount": 10}

    async def go():
        email = MemoryChannel("email")
        parts = {"journeys": [journey(rule(Branch(ASKED, then=[Send(message())])))], "channels": [email]}
        async with AsyncEngine("sqlite://", functions={"refund": refund}, clock=VirtualClock(START), **parts) as made:
            await made.identify("ann", addresses={"email": "ann@example.com"})
            await made.record("ann", "start")
            await made.run_pending()
        return [each.message.name for each in email.sent]

    assert asyncio.run(go()) == ["hello"]


@pytest.mark.parametrize(
    "parts",
    [
        {"then": [Branch(result("refunds") == 1, then=[MARK])]},
        {"then": [Send(message(content=Content(text="{result.other.amount}")))]},
        {"given": result("nobody").exists()},
    ],
)
def test_the_result_of_a_function_that_the_rule_does_not_call_is_refused(parts):
    with pytest.raises(JourneyError, match="no run calls the function"):
        engine(Rule("r", **{"when": "start", "then": [Call("refund")], **parts}))


def test_a_stage_has_no_results():
    with pytest.raises(JourneyError, match="no run calls the function"):
        engine_of(rule(), parts={"stages": [Stage("s", phase="engage", when="x", given=ASKED)]})


@pytest.mark.parametrize("wrong", ["", None, 3, event.x])
def test_a_result_is_asked_for_by_name(wrong):
    with pytest.raises(JourneyError, match="result"):
        result(wrong)


def test_a_result_is_written_as_it_is_read():
    asked = (result("refund")["order-id"] == "x") & (result("a b") >= 3)
    assert str(asked) == '(result("refund")["order-id"] == "x") & (result("a b") >= 3)'
    told = journey(Rule("r", when="x", then=[Call("refund"), Call("a b"), Branch(asked, then=[])]))
    assert loads(dumps(told)) == told


def test_functions_that_return_nothing_are_as_they_were():
    made = play(engine(rule(Send(message())), returns=None))
    assert handed(made) == ["hello"]
