"""A state machine for Hypothesis over a world: customers do what they like, and some things must hold all the while.

    TestWelcome = journey_machine([welcome], checks=[nobody_hears_from_us_twice_a_day]).TestCase

What fails shrinks to a short story, which the failure tells as a test, ready to paste.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.testing.strategies import (
    BEGIN,
    Act,
    Arrives,
    Clicks,
    Crashes,
    Known,
    Opens,
    Passes,
    Refers,
    Replies,
    Until,
    acts,
    arriving,
)
from touchpoint.testing.world import World

# After `strategies`, which says what to do where Hypothesis is not installed.
from hypothesis import strategies as st  # isort: skip
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule  # isort: skip

Check = Callable[[World], object]
"""Something that must hold at any time; it raises AssertionError where it does not."""
_BESIDE: Final = (timedelta(0), -timedelta(microseconds=1), timedelta(microseconds=1))
_EVERYDAY: Final = (timedelta(minutes=1), timedelta(hours=3), timedelta(days=1))
_FARTHEST: Final = timedelta(days=400)


def nobody_is_stuck(world: World) -> None:
    """Nothing stands that nothing will ever move."""
    world.assert_nobody_is_stuck()


def marketing_is_consented(world: World) -> None:
    """Every marketing message was allowed by what the customer had said last (S7.2)."""
    for each in world.accepted:
        assert each.kind != "marketing" or each.consented, (  # noqa: S101 - it speaks to tests
            f"{each.customer} got the marketing message {each.name!r} by {each.via} at {each.local.isoformat()} "
            "without having agreed to it"
        )


def nothing_arrives_twice(world: World) -> None:
    """No message is accepted twice under one key (S6.8)."""
    twice = [key for key, count in Counter(each.key for each in world.accepted).items() if count > 1]
    names = sorted({f"{each.name} to {each.customer} by {each.via}" for each in world.accepted if each.key in twice})
    assert not twice, f"accepted twice under one key: {', '.join(names)}"  # noqa: S101 - likewise


ALWAYS: Final[tuple[Check, ...]] = (nobody_is_stuck, marketing_is_consented, nothing_arrives_twice)
"""What must hold in every world."""


class JourneyMachine(RuleBasedStateMachine):
    """The machine behind `journey_machine`, which gives it its rules.

    Attributes:
        world: in which it plays.
        story: the acts so far.
    """

    make: ClassVar[Callable[[], World]]
    checks: ClassVar[Sequence[Check]]
    words: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make()
        self.story: list[Act] = []

    def perform(self, act: Act) -> None:
        """Do one act, where it can be done; an error tells the story so far."""
        if not _possible(act, self.world):
            return
        self.story.append(act)
        try:
            act.apply(self.world)
        except Exception as error:
            error.add_note(self.as_test())
            raise

    def until_something_is_due(self, beside: timedelta) -> None:
        """Let time pass until just before, at or just after the next instant at which anything falls due."""
        due = self.world.engine.next_due()
        if due is not None and self.world.now < due + beside:
            self.perform(Until(due + beside))

    @invariant()
    def everything_holds(self) -> None:
        """Ask every check; one that fails tells the story so far."""
        for check in type(self).checks:
            try:
                check(self.world)
            except Exception as error:
                error.add_note(self.as_test(check))
                raise

    def as_test(self, check: Check | None = None) -> str:
        """The story so far as a test that asks one check in the end; `journeys` and `policy` are the reader's own."""
        body = [f"world = touchpoint_world({type(self).words})", *(act.words for act in self.story)]
        imports = ["import datetime"]
        if any("Decimal(" in line for line in body):
            imports.append("from decimal import Decimal")
        if check is not None:
            name = getattr(check, "__qualname__", repr(check))
            body.append(f"{name}(world)" if name.isidentifier() else f"# here this did not hold: {name}")
            imports += [f"\nfrom {check.__module__} import {name}"] if name.isidentifier() else []
        return "\n".join(["", *imports, "", "", "def test_story(touchpoint_world):", *(f"    {each}" for each in body)])

    def teardown(self) -> None:
        """Let go of the world."""
        self.world.close()


def _possible(act: Act, world: World) -> bool:
    """Whether an act makes sense as things stand: one clicks on what one got, and answers where one was written to."""
    customer = getattr(act, "customer", None)
    match act:
        case Arrives():
            return act.customer not in world.people
        case Clicks():
            return any((each.customer, each.name) == (customer, act.message) for each in world.accepted)
        case Refers():
            return {act.customer, act.friend} <= world.people.keys()
        case Replies():
            return any((each.customer, each.via) == (customer, act.via) for each in world.accepted)
    return customer is None or customer in world.people


def journey_machine(
    journeys: Iterable[Journey],
    policy: Policy | None = None,
    *,
    checks: Iterable[Check] = (),
    always: Iterable[Check] = ALWAYS,
    at: datetime = BEGIN,
    people: Sequence[str] = ("ann",),
    **settings: Any,  # noqa: ANN401 - World's own arguments
) -> type[JourneyMachine]:
    """A state machine for Hypothesis in which customers live with these journeys; its `TestCase` is a test.

    Args:
        journeys: under test.
        policy: of the house.
        at: when the world begins; aware.
        checks: what else must hold at any time; each is called with the world after every act.
        always: what holds in every world. Leave out `marketing_is_consented` where `ConsentRules` ask for less.
        people: ids of the customers; the first is there from the start, others come when they like.
        settings: the other arguments of `World`.
    """
    given = tuple(journeys)
    words = ["journeys=journeys", *(["policy=policy"] if policy is not None else []), f"at={at!r}"]
    namespace: dict[str, object] = {
        "make": staticmethod(lambda: World(given, policy=policy, at=at, **settings)),
        "checks": (*always, *checks),
        "words": ", ".join([*words, *(f"{name}={name}" for name in settings)]),
        **_rules(Known.of(given, policy, at), people),
    }
    return type("JourneyMachine", (JourneyMachine,), namespace)


def _rules(known: Known, people: Sequence[str]) -> dict[str, object]:
    """The rules of a machine by name. Hypothesis tries each about as often: what rarely matters shares one."""
    found: dict[str, st.SearchStrategy[Act]] = {}
    for n, name in enumerate(people, 1):
        mine = acts(known, name, people[n:])  # each brings only those behind them, so that nobody is refused
        found |= {kind: found.get(kind, st.nothing()) | each for kind, each in mine.items()}
    pauses = st.sampled_from([*_EVERYDAY, *known.elapsed])
    passes = pauses.map(Passes) | st.builds(lambda by, beside: Passes(by + beside), pauses, st.sampled_from(_BESIDE))
    named = known.names.messages
    answers = [found.pop("replies", st.nothing())]
    answers += [st.builds(act, st.sampled_from(people), st.sampled_from(named)) for act in (Clicks, Opens) if named]
    cases = st.one_of([found.pop(each, st.nothing()) for each in ("opens_case", "closes_case", "gets_answer")])
    does = found.pop("does", st.nothing())
    given = {
        "does": does,
        "does_more": does,
        "passes": passes,
        "cases": cases,
        "else": st.one_of(*found.values(), _CRASH),
    }
    rules: dict[str, Any] = {kind: rule(act=each)(_performing()) for kind, each in given.items() if not each.is_empty}
    if named:
        rules["answers"] = precondition(_somebody_got_something)(rule(act=st.one_of(answers))(_performing()))
    rules["arrives"] = initialize(act=arriving(known, people[0]))(_performing())
    for number, name in enumerate(people[1:], 2):
        arrives = rule(act=arriving(known, name))(_performing())
        rules[f"arrives_{number}"] = precondition(_is_not_there(name))(arrives)
    waits = rule(beside=st.sampled_from(_BESIDE))(JourneyMachine.until_something_is_due)
    return rules | {"until_due": precondition(_something_is_due)(waits)}


_CRASH: Final = st.just(Crashes())


def _something_is_due(machine: JourneyMachine) -> bool:
    due = machine.world.engine.next_due()
    return due is not None and due < machine.world.now + _FARTHEST


def _somebody_got_something(machine: JourneyMachine) -> bool:
    return bool(machine.world.accepted)


def _is_not_there(name: str) -> Callable[[JourneyMachine], bool]:
    return lambda machine: name not in machine.world.people


def _performing() -> Callable[[JourneyMachine, Act], None]:
    # Hypothesis marks the function it is given, so that every rule needs one of its own.
    def perform(self: JourneyMachine, act: Act) -> None:
        self.perform(act)

    return perform
