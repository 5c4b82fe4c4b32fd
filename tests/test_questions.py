"""Questions as cases: asked, answered in time or not, and closed by their answer (S8.2)."""

from contextlib import closing

import pytest

from making import START, Scripted, engine_of, journey, message, pass_time
from touchpoint import (
    CaseClosed,
    CaseType,
    Content,
    Emit,
    Hold,
    InvalidInput,
    JourneyError,
    OpenCase,
    Policy,
    Rule,
    Send,
    days,
    hours,
    minutes,
)
from touchpoint.channels import Ambiguous, questions
from touchpoint.channels.inbound import Receipt, Replied
from touchpoint.channels.tasks import TaskChannel
from touchpoint.engine.analysing import FEEDBACK_ANALYSED
from touchpoint.insight import Analysis
from touchpoint.journey.codec import dumps, loads
from touchpoint.model.contact import ANALYSED
from touchpoint.testing import World

TASK = message(
    "answer_it", channels=["inbox"], content=Content(text="{customer.name|Somebody} asks: {trigger.comment}")
)
NOTE = message("answer", content=Content(text="We look into: {trigger.comment|it}"))
HURRY = message("hurry", channels=["inbox"], content=Content(text="Question {trigger.ref} waits."))
NAMED = CaseType("named", answer_closes=True)


def asking(*journeys, **options):
    channels = ["email", "sms", TaskChannel("inbox", "*")]
    return closing(engine_of(journeys=list(journeys), channels=channels, **options))


def ask(engine, comment="Do you open on Sundays?", **more):
    said = {"kind": "text", "comment": comment, "intent": "question", **more}
    recorded = engine.record("ann", "feedback", said)
    engine.run_pending()
    return recorded


def cases(engine, *, open_=None):
    return [each for each in engine.customer("ann").cases() if open_ is None or each.open is open_]


def complete(engine):
    engine.tasks.complete(engine.tasks.next("inbox", by="chris").key, "answered")


def test_a_question_opens_a_case_and_asks_a_colleague():
    with asking(questions(TASK)) as engine:
        ask(engine)
        engine.record("ann", "feedback", {"kind": "text", "comment": "lovely", "intent": "praise"})
        [case] = cases(engine)
        assert (case.kind, case.open, case.respond_by) == ("question", True, START + days(1))
        assert [each.text for each in engine.tasks.open("inbox")] == ["Somebody asks: Do you open on Sundays?"]


def test_the_answer_of_a_colleague_closes_it():
    with asking(questions(TASK)) as engine:
        ask(engine)
        engine.clock.advance(hours(2))
        complete(engine)
        [case] = cases(engine)
        assert (case.first_response_at, case.closed_at) == (START + hours(2), START + hours(2))
        [conversation] = engine.conversations("ann")
        assert (conversation.question_open, conversation.turn) == (False, None)
        assert conversation.time_to_answer == hours(2)


def test_an_answer_without_people_closes_it_at_once():
    with asking(questions(NOTE)) as engine:
        ask(engine)
        assert [each.open for each in cases(engine)] == [False]
        assert engine.conversations("ann")[0].time_to_answer == days(0)


@pytest.mark.parametrize("how", ["answer_case", "touchpoint", "by hand"])
def test_whatever_is_a_first_response_closes_it(how):
    by_hand = [Rule("by hand", then=[Send(message("letter"))])]
    with asking(questions(TASK), journey(*by_hand)) as engine:
        ask(engine)
        engine.clock.advance(hours(1))
        [case] = cases(engine)
        if how == "answer_case":
            engine.answer_case("ann", "question", ref=case.ref)
        elif how == "touchpoint":
            engine.record("ann", "call", direction="outbound", about=case.about)
        else:
            engine.send("ann", "letter", by="chris", about=case)
            engine.run_pending()
        [case] = cases(engine)
        assert (case.open, case.first_response_at) == (False, START + hours(1))
        assert engine.conversations("ann")[0].question_open is False


def test_two_questions_are_two_cases():
    with asking(questions(TASK)) as engine:
        ask(engine, "one?")
        engine.clock.advance(minutes(5))
        ask(engine, "two?")
        assert len(cases(engine, open_=True)) == 2
        complete(engine)
        assert [each.open for each in cases(engine)] == [False, True]
        found = {each.entries[0].text: each.question_open for each in engine.conversations("ann")}
        assert found == {"one?": False, "two?": True}


def test_nobody_answers_in_time():
    with asking(questions(TASK, respond_within=hours(4), overdue=HURRY)) as engine:
        ask(engine)
        pass_time(engine, hours(5))
        [case] = cases(engine)
        assert (case.overdue, case.response_overdue_since) == (True, START + hours(4))
        texts = [each.text for each in engine.tasks.open("inbox")]
        assert texts[-1] == f"Question {case.ref} waits."


def test_with_a_key_a_question_is_its_own_and_asked_once_while_it_is_open():
    with asking(questions(TASK, key="ticket")) as engine:
        ask(engine, ticket="T1")
        ask(engine, ticket="T1")
        ask(engine, ticket="T2")
        assert [each.ref for each in cases(engine)] == ["T1", "T2"]


def test_with_a_key_an_answer_that_waits_is_withdrawn_when_somebody_was_quicker():
    with asking(questions(NOTE, key="ticket")) as engine:
        engine.pause(message="answer", reason="wait")
        ask(engine, ticket="T1")
        ask(engine, ticket="T2")
        engine.answer_case("ann", "question", ref="T1")
        engine.resume(message="answer")
        engine.run_pending()
        statuses = [each.status for each in engine.customer("ann").messages]
        assert statuses == ["withdrawn", "sent"]


def test_types_of_the_hosts_own_are_questions():
    with asking(questions(NOTE, types=["enquiry", "replied"])) as engine:
        engine.record("ann", "enquiry", {"comment": "?"})
        engine.apply(Replied("ann", "email", "and this?"))
        engine.apply(Replied("ann", "email", "STOP"))
        engine.run_pending()
        assert len(cases(engine)) == 2


class Reads:
    """An analyser that takes everything for a question."""

    name, version = "told", "1"

    def analyse(self, _text, _language=None):
        return Analysis(intent="question", version=self.version)


def test_what_an_analyser_takes_for_a_question_is_one():
    assert ANALYSED == FEEDBACK_ANALYSED
    with asking(questions(NOTE, analysed=True), analyser=Reads(), call_within=None) as engine:
        for n, stated in enumerate(({}, {"intent": "question"})):
            engine.record("ann", "feedback", {"kind": "text", "comment": "Sundays?", **stated}, id=f"f{n}")
        assert cases(engine) == []
        engine.clock.advance(hours(1))
        pass_time(engine)
        assert [each.open for each in cases(engine)] == [False, False]
        assert {each.time_to_answer for each in engine.conversations("ann")} == {hours(1)}


def test_what_cannot_be_is_refused():
    with pytest.raises(InvalidInput, match="names of touchpoint types"):
        questions(TASK, types="enquiry")
    with pytest.raises(InvalidInput, match="needs respond_within"):
        questions(TASK, respond_within=None, overdue=HURRY)
    with pytest.raises(JourneyError):
        questions(message("no_why", why=""))


def test_the_journey_is_data_like_any_other():
    made = questions(TASK, types=["enquiry"], key="ticket", respond_within=hours(4), overdue=HURRY, name="help desk")
    assert loads(dumps(made)) == made
    assert made.name == "help desk"


# A kind that its answer closes.


def test_what_is_closed_by_its_answer_starts_rules():
    rules = [Rule("open", when="x", then=[OpenCase(NAMED)]), Rule("shut", when=CaseClosed(NAMED), then=[Emit("mark")])]
    with closing(engine_of(*rules, parts={"cases": [NAMED]})) as engine:
        engine.record("ann", "x")
        [case] = cases(engine)
        engine.record("ann", "call", direction="outbound", about=case.about)
        assert [each.type for each in engine.customer("ann").timeline()] == ["x", "call", "mark"]


def test_of_other_kinds_an_answer_closes_nothing():
    plain = CaseType("plain")
    with closing(engine_of(parts={"cases": [plain, NAMED]})) as engine:
        for kind in ("plain", "named"):
            engine.open_case("ann", kind, ref="1")
            engine.answer_case("ann", kind, ref="1")
        assert [(each.kind, each.open) for each in cases(engine)] == [("plain", True), ("named", False)]
        assert engine.answer_case("ann", "named", ref="1") is False


def test_a_question_whose_answer_is_in_doubt_stays_open_until_it_is_proven():  # S6.8
    doubtful = Scripted("email", act=lambda _: Ambiguous("timed out"))
    with closing(engine_of(journeys=[questions(NOTE)], channels=[doubtful])) as engine:
        ask(engine)
        assert [each.open for each in cases(engine)] == [True]
        engine.apply(Receipt(engine.customer("ann").messages[0].key, "delivered"))
        assert [each.open for each in cases(engine)] == [False]


# In tests of hosts.


def test_a_world_knows_that_an_answer_has_closed_a_case():
    offer = message("offer", kind="marketing")
    hold = Policy(Hold(while_open=[NAMED], kinds=["marketing"]))
    held = journey(Rule("r", when="visit", then=[Send(offer)]), cases=[NAMED])
    with World([held], policy=hold) as world:
        ann = world.customer("ann", addresses={"email": "ann@example.com"}, consents=[("marketing", "email")])
        ann.opens_case("named", ref="1").gets_answer("named", ref="1").does("visit")
        world.run_out()
        assert ann.received("offer") is not None


def test_a_person_of_a_world_wishes_and_is_told():
    did = message("did", content=Content(text="{trigger.topic}: {trigger.done}"))
    with World([journey(Rule("by hand", then=[Send(did)]))]) as world:
        ann = world.customer("ann", addresses={"email": "ann@example.com"})
        ann.wishes("Parking").wishes("parking")
        told = world.engine.answer_topic("parking", done="at the back", by="chris", message="did")
        world.run_out()
        assert (told.told, ann.received("did").text) == (1, "parking: at the back")
