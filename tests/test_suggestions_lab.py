"""Suggestions as data and under the lamp: validation, files, coverage, mutation, checks, asyncio and the test kit."""

import asyncio
import runpy
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import attrs
import pytest

from making import START, engine_of
from touchpoint import (
    AsyncEngine,
    Best,
    Candidate,
    ConsentRule,
    ConsentRules,
    Content,
    Hold,
    InvalidInput,
    Journey,
    JourneyError,
    Message,
    Policy,
    Pull,
    Rule,
    Segment,
    Send,
    SetTrait,
    Stage,
    Suggestion,
    UnknownName,
    VirtualClock,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    once,
    once_per_stage,
    outcome,
    times,
    trait,
)
from touchpoint.files import differences, read_text, write_text
from touchpoint.journey.codec import dumps, loads
from touchpoint.lab import check
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutations import changes
from touchpoint.testing.world import World

HOME = "web.home"
ROOT = Path(__file__).parent.parent


def tea(name="tea", **parts):
    usual = {"why": "a test wants it", "place": HOME, "value": 1, "content": "Tea?", "kind": "service"}
    return Suggestion(name, **(usual | parts))


def whole():
    """A journey with a suggestion that has everything."""
    return Journey(
        "shop",
        stages=[Stage("fan", phase="delight", when="order")],
        segments=[Segment("lively", ever("visit", within=days(3)))],
        suggestions=[
            tea(
                place=[HOME, "agent"], given=(count("order") >= 2) & (customer.age > 18), value=customer.basket * 2,
                content={"*": Content(text="Tea?"), "agent/de": Content(subject="Tee", text="Tee?")}, stages=["fan"],
                segments=["lively"], limit=times(2, per=days(3)), rest_after_declined=days(30), topic="drinks",
                rest_after_accepted=forever,
                valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1), uses=["age"], priority=3,
            ),
            tea("other", value=2.5, limit=once()),
        ],
        policy=Policy(Pull(places=["agent"], kinds=["service"], quiet_hours=True, caps=True)),
    )  # fmt: skip


# As data.


def test_it_is_stored_and_read_back_without_loss():
    assert loads(dumps(whole())) == whole()
    assert read_text(write_text(whole())).journeys == (whole(),)


def test_it_can_be_written_by_hand():
    file = f"""
touchpoint: 1
journey: shop
suggestions:
  - suggestion: tea
    why: they like tea
    place: {HOME}
    value: 3
    given: count(order, within=30d) >= 2
    content: Tea?
    limit: {{times: 2, per: 7d}}
    rest_after_declined: forever
policy:
  - pull: {{unknown: false, caps: true}}
"""
    (found,) = read_text(file).journeys[0].suggestions
    made = Suggestion(
        "tea", why="they like tea", place=HOME, value=3, given=count("order", within=days(30)) >= 2, content="Tea?",
        limit=times(2, per=days(7)), rest_after_declined=forever,
    )  # fmt: skip
    assert found == made


def test_two_versions_are_compared_field_by_field():
    old = whole()
    first, *others = old.suggestions
    new = attrs.evolve(old, suggestions=[attrs.evolve(first, value=9), *others, tea("third")])
    told = [str(each) for each in differences([old], [new])]
    assert told == ["suggestion tea: value is 9 instead of customer.basket * 2", "suggestion third: is new"]


def refused(*suggestions, **parts):
    with pytest.raises(JourneyError) as error:
        Journey("shop", suggestions=suggestions, **parts)
    return [(each.path, each.message) for each in error.value.problems]


@pytest.mark.parametrize(
    ("parts", "path", "words"),
    [
        ({"why": " "}, ".why", "no purpose"),
        ({"place": ()}, ".place", "no place"),
        ({"place": "web home"}, ".place[0]", "name of a channel"),
        ({"value": True}, ".value", "a value is a number"),
        ({"value": "customer.a == 1"}, ".value", "this is a condition"),
        ({"given": event.x == 1}, ".given", "there is no event"),
        ({"given": outcome("mail") == "sent"}, ".given", "no message of one"),
        ({"content": ()}, ".content", ""),
        ({"content": {"agent": Content(text="x")}}, ".content", "nothing to say on place"),
        ({"content": "Hello {trigger.name}"}, '.content["*"].text', "there is none"),
        ({"content": "Hello {customer.name"}, '.content["*"].text', ""),
        ({"limit": once_per_stage()}, ".limit", "knows no visit"),
        ({"limit": once(per_key=True)}, ".limit", "no key"),
        ({"rest_after_declined": timedelta(0)}, ".rest_after_declined", "longer than nothing"),
        ({"rest_after_accepted": 3}, ".rest_after_accepted", "expected"),
        ({"valid_from": date(2026, 2, 1), "valid_until": date(2026, 2, 1)}, ".valid_until", "over before"),
        ({"stages": "fun"}, "", "no stage 'fun'"),
        ({"segments": ["x"]}, "", "no segment 'x'"),
        ({"name": "n" * 190, "place": "p" * 80}, ".name", "250 bytes"),
        ({"name": '"' * 125}, ".name", "250 bytes"),
        ({"priority": "high"}, ".priority", "whole number"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(parts, path, words):
    found = refused(tea(**parts))
    assert any(place.startswith(f"$.suggestions[0]{path}") and words in message for place, message in found), found


def test_a_name_that_is_no_unicode_is_told_of_as_any_other():
    with pytest.raises(JourneyError, match=r"\$\.name: expected a name"):
        Journey("j\ud800", suggestions=[tea()])


def test_names_are_unique_among_suggestions_and_messages():
    mail = Message("tea", why="a test", channels=["email"], content=Content(text="Hi"))
    rule = Rule("r", when="x", then=[Send(mail)])
    assert refused(tea(), tea())[0][0] == "$.suggestions[1].name"
    assert refused(tea(), rules=[rule])[0][0] == "$.suggestions[0].name"
    with pytest.raises(JourneyError, match="taken"):
        engine_of(journeys=[Journey("a", suggestions=[tea()]), Journey("b", suggestions=[tea()])])


def test_a_journey_cannot_say_who_is_known():
    assert refused(tea(), policy=Policy(Pull(unknown=True)))[0][0] == "$.policy.items[0].unknown"


def test_declared_traits_and_their_uses_bind_it():  # S7.5
    @attrs.frozen
    class Traits:
        pet: str = attrs.field(default="", metadata=trait(uses=["transactional"]))

    assert "not declared for use" in refused(tea(content="{customer.pet|you}"), traits=Traits)[0][1]
    assert "$.suggestions[0].given" in dict(refused(tea(given=customer.pat == "x"), traits=Traits))
    assert refused(tea(uses=["pat"]), traits=Traits)
    with closing(engine_of(parts={"suggestions": [tea(content="{customer.pet|you}")]}, traits=Traits)) as engine:
        (found,) = engine.why_suggested("ann", HOME).suggestions
        assert found.reasons == ("data use: used beyond their declaration: pet",)


# Under the lamp.


def test_coverage_asks_for_each_to_be_shown_accepted_and_declined():
    journey = Journey("shop", suggestions=[tea(), tea("other")])
    coverage = Coverage.of([journey])
    assert len([each for each in coverage.missing if each.kind == "suggestion"]) == 6
    with closing(engine_of(journeys=[journey])) as engine:
        first, second = engine.suggest("ann", HOME, 2)
        engine.suggestions.shown("ann", first.id)
        engine.suggestions.declined("ann", first.id)
        engine.suggestions.accepted("ann", second.id)
        coverage.collect(engine)
    assert sorted(each.words for each in coverage.missing if each.kind == "suggestion") == [
        "nobody ever accepted the suggestion tea", "nobody ever declined the suggestion other",
        "nobody was ever shown the suggestion other",
    ]  # fmt: skip


def test_mutants_touch_every_part_that_decides():
    told = [each.sentence for each in changes(whole()) if "suggestion" in each.sentence]
    for words in (
        "suggestion tea is offered whether or not", "whoever is in the stage fan", "whoever is in the segment lively",
        "is not offered at agent", "is worth 0 instead of customer.basket", "suggestion tea has no limit",
        "once declined, is offered again at once", "once declined, rests for",
        "once accepted, is offered again at once",
        "suggestions are not bound by quiet hours",
    ):  # fmt: skip
        assert any(words in each for each in told), words
    for each in changes(whole()):
        try:
            each.build()
        except JourneyError:
            continue


def test_the_linter_finds_what_can_never_be_offered():
    never = (count("order") > 2) & (count("order") < 2)
    found = check(Journey("shop", suggestions=[tea(given=never), tea("always", given=count("order") >= 0)]))
    assert [(each.code, each.path, each.about) for each in found] == [
        ("TC118", "$.suggestions[0].given", "suggestion tea"), ("TC108", "$.suggestions[1].given", "suggestion always"),
    ]  # fmt: skip


def test_a_policy_may_be_there_for_suggestions_alone_and_names_what_there_is():
    journey = Journey("shop", suggestions=[tea(kind="offer")])
    rules = ConsentRules(ConsentRule(needs="no_withdrawal", kinds=["offer"], channels=[HOME]))
    assert check(journey, Policy(rules, Hold(kinds=["offer"]), Pull(places=[HOME], kinds=["offer"], caps=True))) == []
    found = check(journey, Policy(Pull(places=["web.hom"], kinds=["ofer"])))
    assert [(each.code, each.what.partition(";")[0]) for each in found] == [
        ("TC408", "no suggestion has the place 'web.hom'"), ("TC408", "no suggestion has the kind 'ofer'"),
    ]  # fmt: skip


def test_customers_can_object_to_what_a_page_offers():  # S7.4
    with closing(engine_of(parts={"suggestions": [tea(kind="marketing")]})) as engine:
        assert not engine.preferences("ann").choice("marketing", HOME).on
        engine.choose("ann", "marketing", yes=True, channel=HOME, source="preference page")
        assert engine.preferences("ann").choice("marketing", HOME).on
        assert len(engine.suggest("ann", HOME)) == 1


def test_random_stories_say_what_suggestions_and_candidates_ask_for():
    from touchpoint.testing.said import Said

    rule = Rule("r", when="x", then=[Best("b", [Candidate("a", value=1, given=customer.tier == "gold")])])
    said = Said.by([Journey("shop", suggestions=[tea(given=customer.plan == "pro")], rules=[rule])])
    assert {"tier", "plan"} <= {path[0] for path in said.traits}


# Other front doors.


def test_it_is_the_same_on_asyncio():
    async def story():
        async with AsyncEngine("sqlite://", journeys=[Journey("shop", suggestions=[tea(limit=once())])]) as engine:
            await engine.identify("ann")
            (found,) = await engine.suggest("ann", HOME)
            assert (await engine.why_suggested("ann", HOME)).suggestions[0].rank == 1
            assert not (await engine.suggestions.shown("ann", found.id)).duplicate
            assert (await engine.suggestions.declined("ann", found.id)).id
            assert (await engine.suggestions.accepted("ann", found.id)).id
            assert await engine.suggest("ann", HOME) == []

    asyncio.run(story())


def test_the_desk_of_asyncio_has_what_the_desk_has():
    from touchpoint.engine.aio_desks import AsyncSuggestionDesk
    from touchpoint.engine.suggestion_desk import SuggestionDesk

    own = {name for name in vars(SuggestionDesk) if name[0] != "_"}
    assert own == {name for name in vars(AsyncSuggestionDesk) if name[0] != "_"}
    assert all(asyncio.iscoroutinefunction(getattr(AsyncSuggestionDesk, name)) for name in own)


def test_it_is_part_of_the_hosts_own_transaction(tmp_path):
    import sqlite3

    path = tmp_path / "x.db"
    with closing(engine_of(store=f"sqlite:///{path}", parts={"suggestions": [tea()]})) as engine:
        (found,) = engine.suggest("ann", HOME)
        with closing(sqlite3.connect(path, isolation_level=None)) as own:
            own.execute("BEGIN IMMEDIATE")
            engine.suggestions.shown("ann", found.id, connection=own)
            own.execute("ROLLBACK")
        assert engine.customer("ann").timeline() == []


def test_the_test_kit_sees_accepts_and_declines():
    rule = Rule("join", when="suggestion_accepted", given=event.suggestion == "tea", then=[SetTrait("member", True)])
    some = tea(limit=times(2)), tea("other", value=0, rest_after_declined=days(3))
    journey = Journey("shop", suggestions=some, rules=[rule])
    with World([journey]) as world:
        ann = world.customer("ann")
        assert [each.name for each in ann.offered(HOME, 5)] == ["tea", "other"]
        ann.sees(HOME).accepts(HOME).declines(HOME, "other")
        assert ann.view.traits["member"] is True
        assert [each.name for each in ann.offered(HOME, 5)] == ["tea"]
        with pytest.raises(InvalidInput, match="no other at"):
            ann.sees(HOME, "other")
        with pytest.raises(UnknownName):
            ann.offered("web.hom")
        again = world.fork()
        assert [each.type for each in again["ann"].view.timeline()] == [each.type for each in ann.view.timeline()]


def test_reports_survive_every_crash():  # S11.1
    journey = Journey("shop", suggestions=[tea(limit=once())])

    def story(world):
        world.customer("ann").sees(HOME)

    with World([journey]) as world:
        for crashed in world.for_each_crash_point(story):
            assert [each.type for each in crashed["ann"].view.timeline()] == ["suggestion_shown"]
            assert crashed["ann"].offered(HOME) == []


def test_a_worker_that_writes_holds_nobody_up(tmp_path):
    with closing(engine_of(store=f"sqlite:///{tmp_path}/x.db", parts={"suggestions": [tea()]})) as engine:
        assert engine.suggest("ann", HOME)
        with engine.store.transaction():  # somebody has the write lock
            assert [each.name for each in engine.suggest("ann", HOME)] == ["tea"]


def test_the_policy_of_the_house_may_be_that_of_one_place():
    house = Policy(ConsentRules(ConsentRule(needs="grant", channels=["agent"])))
    parts = {"suggestions": [tea(place=[HOME, "agent"])]}
    with closing(engine_of(parts=parts, policy=house, clock=VirtualClock(START))) as engine:
        assert len(engine.suggest("ann", HOME)) == 1
        assert engine.suggest("ann", "agent") == []


def test_the_benchmark_runs(capsys, monkeypatch):
    given = ["--customers", "30", "--asks", "80", "--suggestions", "4", "--writing"]
    monkeypatch.setattr(sys, "argv", ["suggest", *given])
    runpy.run_path(str(ROOT / "benchmarks/suggest.py"), run_name="__main__")
    assert "p99" in capsys.readouterr().out
