"""No personal data and no secret in a log, a repr or an error (S7.5): what is given is marks."""

import gc
import io
import logging
import sqlite3
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime

import attrs
import pytest

from marking import MARKS, SECRET, START, Phone, fill, making
from touchpoint import Case, Engine, Preferences, Touchpoint, TouchpointError, days
from touchpoint.channels import Ambiguous, BaseAdapter, Capabilities, MemoryChannel, WebhookSecrets
from touchpoint.channels.inbound import Clicked, Complained, OptedOut, Receipt, Replied, TaskDone, WebhookRequest
from touchpoint.engine.intake import Recorded
from touchpoint.model.consent import Consent

NUMBER = "+436601234567"
HIDDEN = {**MARKS, "number": NUMBER, "secret": SECRET, "signing": "whsec_" + "c2VjcmV0" * 6}
OURS = ("touchpoint.",)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.db"


@pytest.fixture
def make(path):
    with making(path) as make:
        yield make


def shown(text):
    return sorted(name for name, mark in HIDDEN.items() if mark.lower() in text.lower())


def objects_of(*roots):
    """Every object of ours that is reachable, each once, by whatever path."""
    seen, waiting = {}, list(roots)
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | type(sys)):
            continue
        seen[id(each)] = each
        ours = type(each).__module__.startswith(OURS) or isinstance(each, TouchpointError)
        if ours or isinstance(each, dict | list | tuple | set | frozenset):
            waiting.extend(gc.get_referents(each))
            if ours and hasattr(each, "__dict__"):
                waiting.extend(vars(each).values())
            if attrs.has(type(each)):
                waiting.extend(getattr(each, field.name) for field in attrs.fields(type(each)))
    return [each for each in seen.values() if type(each).__module__.startswith(OURS)]


def lived(make):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    return engine


def test_no_object_that_can_be_reached_shows_any_of_it(make):
    engine = lived(make)
    who = MARKS["id"]
    view, why = engine.customer(who), [engine.why(who, name) for name in ("welcome", "news", "thank", "call", "seen")]
    with engine.together() as unit:
        loaded = unit.find(who)
        tickets = engine.delivery().release(lambda *_: [loaded])
        found = objects_of(
            engine, view, why, loaded, loaded.state, unit, tickets, view.timeline(), view.cases(), engine.adapters,
            engine.preferences(who), [each.sent for each in engine.adapters.values() if hasattr(each, "sent")],
        )  # fmt: skip
    kinds = {type(each).__name__ for each in found}
    assert kinds >= {"Engine", "CustomerView", "Why", "State", "Profile", "Run", "Occurrence", "Loaded", "SendRequest",
                     "RenderedMessage", "Touchpoint", "Preferences", "Keyed", "Case", "HandOver"}  # fmt: skip
    leaking = {(type(each).__name__, tuple(shown(repr(each)))) for each in found if shown(repr(each))}
    assert leaking == set()


def test_what_is_handed_in_and_given_back_shows_none_of_it():
    mail, marks = f"{MARKS['mail']}@example.com", MARKS
    given = [
        Touchpoint(marks["id"], "x", None, "1", {"a": marks["payload"]}, "web", marks["location"], about=marks["ref"]),
        Replied(marks["id"], "email", marks["reply"], mail, ref=marks["ref"], id=marks["event"]),
        Clicked(about=marks["ref"], link=marks["link"]),
        OptedOut("email", address=mail), Complained(channel="email", address=mail),
        Receipt(about=marks["ref"], state="delivered", id=marks["event"]),
        Preferences(topics_off=[marks["trait"]]), Recorded(marks["touchpoint"]),
        Case("complaint", marks["case"], START),
        Consent("x", "email", True, START, "express", marks["source"], marks["wording"], marks["evidence"]),
        TaskDone(marks["ref"], outcome="reached", reason=marks["reply"]),
        WebhookRequest(marks["reply"].encode(), {"authorization": marks["payload"]}),
        WebhookSecrets(HIDDEN["signing"]),
    ]  # fmt: skip
    assert {type(each).__name__: shown(repr(each)) for each in given if shown(repr(each))} == {}


def calls(engine):
    """Calls that are wrong, each with marks in what is handed in."""
    it, mail, long = MARKS["id"], f"{MARKS['mail']}@example.com", MARKS["payload"] * 90
    half = MARKS["payload"] + "\ud800"
    future = datetime(2030, 1, 1, tzinfo=UTC)
    key = engine.customer(it).messages[0].key
    bad = MARKS["payload"]
    return [
        lambda: engine.record(long, "x"), lambda: engine.record(half, "x"), lambda: engine.record("", "x"),
        lambda: engine.record(it, "no type!"), lambda: engine.record(it, "x", {"a": object()}),
        lambda: engine.record(it, "x", {"a": float("nan"), "b": bad}), lambda: engine.record(it, "x", {"a": {1: bad}}),
        lambda: engine.record(it, "x", {"a": half}), lambda: engine.record(it, "x", at=bad),
        lambda: engine.record(it, "x", at=datetime(2026, 1, 1)),
        lambda: engine.record(it, "x", at=future), lambda: engine.record(it, "x", id=long),
        lambda: engine.record(it, "x", id=half), lambda: engine.record(it, "x", bad),
        lambda: engine.record(it, "x", {"$instant": bad}), lambda: engine.record(it, "x", connection=bad),
        lambda: engine.record_many([Touchpoint(it, "x", {"a": half})]),
        lambda: engine.record_many([Touchpoint(it, "x", future)]),
        lambda: engine.identify(it, addresses={"email": bad}), lambda: engine.identify(it, addresses={"phone": mail}),
        lambda: engine.identify(it, addresses={"email": [mail, bad + "@"]}), lambda: engine.identify(it, traits=bad),
        lambda: engine.identify(it, traits={"a": half}), lambda: engine.identify(it, traits={"a": [bad, object()]}),
        lambda: engine.identify(long, traits={}), lambda: engine.grant(it, "", source=bad),
        lambda: engine.grant(it, "marketing", at=future, evidence=bad), lambda: engine.grant(it, "m", at=bad),
        lambda: engine.grant(it, "m", expires_at=bad), lambda: engine.withdraw(long), lambda: engine.prefer(long, None),
        lambda: engine.enrol(it, "seen", properties={"a": half}), lambda: engine.enrol(long, "seen"),
        lambda: engine.open_case(long, "complaint", ref=bad), lambda: engine.customer(bad),
        lambda: engine.why(bad, "x"),
        lambda: engine.planned(bad), lambda: engine.export(bad), lambda: engine.preferences(bad),
        lambda: engine.merge(long, it), lambda: engine.merge(it, half), lambda: engine.erase(long),
        lambda: engine.apply(Replied(it, "email", None)), lambda: engine.apply(Replied(it, "email", "STOP", bad)),
        lambda: engine.apply(Replied(None, "email", bad)), lambda: engine.apply(Clicked(about=bad, link=bad)),
        lambda: engine.apply(OptedOut("email", address=bad)),
        lambda: engine.apply(Complained(channel="email", address=bad)),
        lambda: engine.apply(Receipt(about=bad, state="delivered")), lambda: engine.apply(TaskDone(bad, "done")),
        lambda: engine.apply(Replied(it, "email", half, about=key)),
        lambda: Preferences(channels_off=[half, 7], topics_off=[bad]), lambda: Preferences(quiet=(bad, bad)),
        lambda: Preferences(snooze_until=bad), lambda: Preferences(at_most=(bad, bad)),
        lambda: Engine(f"postgres://{SECRET}@host/db"), lambda: Engine("sqlite://", secret=SECRET[:9]),
        lambda: Engine("sqlite://", secret=[SECRET, SECRET[:20]]), lambda: WebhookSecrets(HIDDEN["signing"][:20]),
    ]  # fmt: skip


def test_no_error_repeats_any_of_it(make):
    engine = lived(make)
    told, raised = [], 0
    for n, call in enumerate(calls(engine)):
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is searched
            raised += 1
            held = [error, *objects_of(error)]
            texts = [str(error), repr(error), *map(repr, held)]
            told += [(n, type(error).__name__, *found) for text in texts if (found := shown(text))]
    assert sorted(set(told)) == []
    assert raised >= 50


def test_no_error_about_somebody_erased_repeats_any_of_it(make):
    engine = lived(make)
    engine.erase(MARKS["id"])
    for who in (MARKS["id"], MARKS["alias"]):
        for act in (engine.record, engine.enrol):
            with pytest.raises(TouchpointError) as caught:
                act(who, "seen")
            assert shown(str(caught.value) + repr(caught.value)) == []


class Talkative(BaseAdapter):
    """A provider that tells everything it was given when it fails."""

    def __init__(self, how):
        super().__init__(Capabilities(channel="email", address_kinds={"email"}, remembers_keys_for=None))
        self.how = how

    def send(self, request):
        return self.how(request)


def told_all(request):
    raise RuntimeError(f"cannot send {request.message.text} {request.message.subject} to {request.to.key}")


HOWS = {
    "raises": told_all,
    "nonsense": lambda request: f"{request.message.text} {request.to.key}",
    "nothing": lambda request: None,  # noqa: ARG005 - it gives nothing
    "ambiguous": lambda request: Ambiguous(f"no answer for {request.to.key}"),
}


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_nothing_is_logged_or_printed_that_names_anybody(make, caplog, how):
    output = io.StringIO()
    caplog.set_level(logging.DEBUG)
    with redirect_stdout(output), redirect_stderr(output):
        engine = make(channels=[Talkative(how), MemoryChannel("sms"), Phone()])
        with suppress(StopIteration):
            fill(engine, MARKS["id"], MARKS)
        engine.clock.advance(days(1))
        engine.run_pending()
        engine.erase(MARKS["id"])
    assert shown(caplog.text + output.getvalue()) == []
    assert [shown(record.getMessage()) for record in caplog.records if shown(record.getMessage())] == []


def test_damage_is_reported_without_what_is_damaged(make, path):
    engine = lived(make)
    engine.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE touchpoint_customers SET state = substr(state, 1, length(state) - 9)")
    db.commit()
    db.close()
    other = make()
    try:
        other.customer(MARKS["id"])
    except TouchpointError as error:
        told = "".join(traceback.format_exception(error, limit=0))
    assert shown(told) == []
    assert "damaged" in told or "cannot be read" in told
