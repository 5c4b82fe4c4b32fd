"""What analysers find in feedback: stored with its version, told once, computed anew, never in the way (S8.1)."""

import threading
from datetime import timedelta

import pytest

from making import START, engine_of, marks, message, pass_time
from touchpoint import Emit, InvalidInput, Rule, Send, Touchpoint, days, event, ever, hours
from touchpoint.insight import Analysis, KeywordAnalyser
from touchpoint.model.feedback import Feedback
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.scale import Scale

SECRET_WORDS = "my neighbour Violet said it was terrible"
TOPICS = KeywordAnalyser({"staff": ["staff"], "food": ["bread"]})
BAD = Feedback(kind="csat", score=2, comment="The staff was terrible", location="Vienna", channel="web")


class Analyst:
    """Answers what it is told to, and counts how often it is asked."""

    def __init__(self, version="1", act=None):
        self.name, self.version, self.asked, self.act = "analyst", version, [], act

    def analyse(self, text, language=None):
        self.asked.append((text, language))
        if self.act is not None:
            return self.act(text)
        return Analysis(sentiment=-0.5, topics=("staff",), version=self.version)


def analysed(engine, customer="ann"):
    return [(each.analysed, each.analysis and each.analysis.version) for each in engine.feedback.of(customer)]


def told(engine, customer="ann"):
    return [each for each in engine.customer(customer).timeline() if each.type == "feedback_analysed"]


def test_what_is_found_is_stored_beside_the_feedback_and_told_once():
    with engine_of(analyser=TOPICS) as engine:
        engine.feedback.record("ann", BAD, id="f1")
        assert analysed(engine) == [("waiting", None)]
        assert engine.next_due() == START
        engine.run_pending()
        (heard,) = engine.feedback.of("ann")
        assert (heard.analysed, heard.analyser) == ("done", "keywords")
        assert heard.analysis == TOPICS.analyse(BAD.comment)
        (event_of,) = told(engine)
        assert (event_of.about, event_of.location, event_of.channel) == ("f1", "Vienna", "web")
        assert event_of.properties == {
            "kind": "csat", "score": 2, "share": 0.25, "scale": [1, 5], "sentiment": heard.analysis.sentiment,
            "intent": "criticism", "topics": ["staff"], "language": "en", "analyser": "keywords",
            "version": TOPICS.version,
        }  # fmt: skip
        engine.run_pending()
        assert len(told(engine)) == 1
        assert engine.next_due() is None


def test_rules_react_to_what_was_found():
    rule = Rule(
        "sorry",
        when="feedback_analysed",
        given=event.topics.contains("staff") & (event.sentiment < 0),
        then=[Send(message())],
    )
    with engine_of(rule, analyser=TOPICS) as engine:
        engine.feedback.record("ann", BAD)
        engine.feedback.record("ann", Feedback(kind="csat", score=2, comment="The bread was terrible"))
        pass_time(engine)
        assert len(engine.adapters["email"].sent) == 1


def test_later_conditions_ask_for_what_was_found():
    rule = Rule("visit", when="visit", given=ever("feedback_analysed", where=event.sentiment < 0), then=[Emit("mark")])
    with engine_of(rule, analyser=TOPICS) as engine:
        engine.feedback.record("ann", BAD)
        pass_time(engine)
        engine.record("ann", "visit")
        assert marks(engine) == [START]


def test_the_hosts_own_types_are_read_where_a_source_says_so():
    source = FeedbackSource("review", scale=Scale(1, 5), comment="said", language="lang")
    analyst = Analyst()
    with engine_of(feedback=[source], analyser=analyst) as engine:
        engine.record("ann", "review", {"score": 1, "said": "schlecht", "lang": "de"})
        engine.record("ann", "review", {"score": 1})
        engine.record("ann", "visit", {"said": "schlecht"})
        engine.record_many([Touchpoint("bob", "review", properties={"said": "gut"})])
        engine.run_pending()
        assert sorted(analyst.asked, key=str) == [("gut", None), ("schlecht", "de")]
        assert [each.analysed for each in engine.feedback.of("ann")] == ["done", ""]


def test_what_the_customer_stated_goes_before_what_was_guessed():
    with engine_of(analyser=TOPICS) as engine:
        engine.feedback.record("ann", Feedback(kind="text", comment="Terrible!", intent="question"))
        engine.run_pending()
        assert told(engine)[0].properties["intent"] == "question"


def test_old_feedback_is_read_and_starts_nothing():
    rule = Rule("sorry", when="feedback_analysed", then=[Emit("mark")])
    with engine_of(rule, analyser=TOPICS) as engine:
        engine.feedback.record("ann", Feedback(kind="text", comment="Terrible!", at=START - days(30)))
        engine.run_pending()
        assert len(told(engine)) == 1
        assert marks(engine) == []


# S11.4: a broken or slow analyser is in nobody's way


def broken(_):
    raise ValueError(SECRET_WORDS)


@pytest.mark.parametrize(("act", "error"), [(broken, "ValueError"), (lambda _: {"sentiment": 1}, "no Analysis")])
def test_feedback_stands_where_the_analyser_fails_and_its_error_tells_no_words(act, error, caplog):
    with engine_of(analyser=Analyst(act=act)) as engine:
        engine.feedback.record("ann", Feedback(kind="text", comment=SECRET_WORDS))
        engine.run_pending()
        (heard,) = engine.feedback.of("ann")
        assert (heard.analysed, heard.error, heard.analysis) == ("failed", error, None)
        assert heard.feedback.comment == SECRET_WORDS
        assert told(engine) == []
        assert "Violet" not in caplog.text
        with engine.store.reading() as reader:
            assert "Violet" not in str([reader.analyses_of(1), reader.tallies()])


def test_one_text_that_cannot_be_read_keeps_no_other_waiting():
    def act(text):
        return broken(text) if "bad" in text else Analysis(version="1")

    with engine_of(analyser=Analyst(act=act)) as engine:
        for comment in ("bad", "good", "bad", "fine"):
            engine.feedback.record("ann", Feedback(kind="text", comment=comment))
        engine.run_pending()
        assert [each.analysed for each in engine.feedback.of("ann")] == ["failed", "done", "failed", "done"]


def test_an_analyser_that_hangs_delays_messages_once_and_is_left_alone_then():
    go_on, rule = threading.Event(), Rule("hello", when="feedback", then=[Send(message())])
    analyst = Analyst(act=lambda _: go_on.wait(20) and None)
    try:
        with engine_of(rule, analyser=analyst, call_within=timedelta(milliseconds=50)) as engine:
            for n in range(3):
                engine.feedback.record("ann", BAD, id=f"f{n}")
            for _ in range(3):
                engine.run_pending()
            assert len(engine.adapters["email"].sent) == 1
            assert [each.analysed for each in engine.feedback.of("ann")] == ["failed", "waiting", "waiting"]
            assert engine.feedback.of("ann")[0].error == "TimeoutError"
            assert engine.next_due() is None  # a worker that sleeps is not kept awake
            assert len(analyst.asked) == 1
    finally:
        go_on.set()


def test_a_worker_has_it_read_without_being_asked():
    with engine_of(analyser=TOPICS) as engine:
        engine.feedback.record("ann", BAD)
        engine.work(until_idle=True)
        assert [each.analysed for each in engine.feedback.of("ann")] == ["done"]


# Anew.


def test_results_of_another_version_are_replaced_and_told_no_second_time():
    with engine_of(analyser=Analyst("1")) as engine:
        engine.feedback.record("ann", BAD)
        engine.run_pending()
        engine._analyst.analyser = Analyst("2")
        assert engine.feedback.analyse() == 0
        assert engine.feedback.analyse(again=True) == 1
        assert analysed(engine) == [("done", "2")]
        assert len(told(engine)) == 1
        assert engine.feedback.analyse(again=True) == 0


def test_what_was_recorded_before_there_was_an_analyser_is_read_when_asked_for(tmp_path):
    store = f"sqlite:///{tmp_path / 't.db'}"
    with engine_of(store=store, people=("ann", "bob")) as engine:
        for customer in ("ann", "bob"):
            engine.feedback.record(customer, BAD)
        clock = engine.clock
    analyst = Analyst()
    with engine_of(store=store, clock=clock, analyser=analyst) as engine:
        engine.run_pending()
        assert analyst.asked == []
        assert engine.feedback.analyse(again=True, limit=1) == 1
        assert engine.feedback.analyse(again=True) == 1
        assert len(analyst.asked) == 2
        assert analysed(engine) == analysed(engine, "bob") == [("done", "1")]
        assert len(told(engine)) == 1


def test_what_failed_is_tried_again_when_asked_for():
    analyst = Analyst(act=broken)
    with engine_of(analyser=analyst) as engine:
        engine.feedback.record("ann", BAD)
        engine.run_pending()
        analyst.act = None
        engine.run_pending()
        assert analysed(engine) == [("failed", None)]
        assert engine.feedback.analyse(again=True) == 1
        assert analysed(engine) == [("done", "1")]


@pytest.mark.parametrize("limit", [0, -1, True, 1.5])
def test_a_limit_is_a_number_from_one(limit):
    with engine_of(analyser=TOPICS) as engine, pytest.raises(InvalidInput, match="limit"):
        engine.feedback.analyse(limit=limit)


def test_without_an_analyser_nothing_waits_and_nothing_can_be_analysed():
    with engine_of() as engine:
        engine.feedback.record("ann", BAD)
        assert engine.next_due() is None
        assert analysed(engine) == [("", None)]
        with pytest.raises(InvalidInput, match="no analyser"):
            engine.feedback.analyse()


@pytest.mark.parametrize("given", ["keywords", 5, object(), Analyst("")])
def test_what_is_no_analyser_is_refused_at_once(given):
    with pytest.raises(InvalidInput, match="analyser="):
        engine_of(analyser=given)


# S1.6, S1.7


def test_results_follow_people_and_are_erased_with_them():
    with engine_of(analyser=TOPICS, people=("ann", "bob"), secret="a secret that only this test knows") as engine:
        engine.feedback.record("ann", BAD)
        engine.run_pending()
        engine.feedback.record("ann", Feedback(kind="text", comment="Terrible!"))
        engine.merge("ann", "bob")
        assert [each.analysed for each in engine.feedback.of("bob")] == ["done", "waiting"]
        engine.run_pending()
        assert [each.analysed for each in engine.feedback.of("bob")] == ["done", "done"]
        (first, _) = engine.export("bob")["analyses"]
        assert first["analyser"] == "keywords"
        assert first["found"]["intent"] == "criticism"
        engine.feedback.record("bob", BAD)
        engine.erase("bob")
        engine.run_pending()
        with engine.store.reading() as reader:
            assert reader.analyses_waiting(9) == []


def test_an_analysis_may_come_while_its_customer_is_erased():
    def act(_):
        engine.erase("ann")
        return Analysis(version="1")

    with engine_of(analyser=Analyst(act=act), secret="a secret that only this test knows") as engine:
        engine.feedback.record("ann", BAD)
        engine.run_pending()
        with engine.store.reading() as reader:
            assert reader.analyses_waiting(9) == []
            assert reader.customer_count() == 0
        assert engine.clock.now() < START + hours(1)
