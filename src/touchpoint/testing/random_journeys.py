"""A Hypothesis strategy for whole journeys: valid ones, without circles."""

from datetime import timedelta
from functools import cache
from typing import Any, Final

import attrs

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "touchpoint.testing.strategies draws its examples with Hypothesis, which is not installed: "
        "pip install hypothesis"
    ) from error

from touchpoint.durations import Duration, calendar_days, days, hours
from touchpoint.journey import conditions as c
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.calendar_triggers import DateDue, Schedule, Usual
from touchpoint.journey.changes import ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import Clicked, Delivered, Ended, Failed, Opened
from touchpoint.journey.policy import Cap, Hold, Policy, PolicyItem, Spacing
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.model.case import CaseType
from touchpoint.model.limits import cool_down, once, times
from touchpoint.model.message import Content, Message

_TYPES: Final = ("signed_up", "ordered", "reviewed")
_STAGES: Final = ("new", "regular", "lapsed")
_SEGMENTS: Final = ("regulars", "points")
_COMPLAINT: Final = CaseType("complaint", respond_within=hours(3), resolve_within=days(1))
_KINDS: Final = ("service", "marketing", "feedback", "transactional")
_COUNTS: Final = (1, 0, 2, 3)
_ELAPSED: Final = (hours(1), days(1), hours(36), days(3))
_SCOPES: Final = (None, ["marketing"], ["service", "feedback"])


@cache
def _lengths() -> st.SearchStrategy[Duration]:
    return st.sampled_from((*_ELAPSED, calendar_days(1)))


@cache
def _conditions() -> st.SearchStrategy[c.Expression]:
    types, within, counts = st.sampled_from(_TYPES), st.sampled_from((None, *_ELAPSED)), st.sampled_from(_COUNTS)
    numbers = st.one_of(
        st.just(c.event.n),
        st.just(c.customer.points),
        st.builds(lambda of, within: c.count(of, within=within), types, within),
        st.builds(lambda of, within: c.total(of, "n", within=within), types, within),
    )
    asked = st.one_of(
        st.builds(lambda value, n: value >= n, numbers, counts),
        st.builds(lambda value, n: value == n, numbers, counts),
        st.builds(lambda of, within: c.ever(of, within=within), types, within),
        st.sampled_from((c.customer.vip, c.event.k == "a", c.case_open(_COMPLAINT))),
        st.sampled_from(_STAGES).map(c.in_stage),
        st.sampled_from(_SEGMENTS).map(c.in_segment),
    )
    return st.one_of(
        asked,
        asked.map(lambda one: ~one),
        st.builds(lambda one, two: one & two, asked, asked),
        st.builds(lambda one, two: one | two, asked, asked),
    )


@cache
def _segments() -> st.SearchStrategy[tuple[Segment, ...]]:
    types, within, counts = st.sampled_from(_TYPES), st.sampled_from((None, *_ELAPSED)), st.sampled_from(_COUNTS)
    asked = st.builds(lambda of, within, n: c.count(of, within=within) >= n, types, within, counts)
    facts = st.sampled_from((c.customer.vip, c.customer.points >= 2, c.case_open(_COMPLAINT), c.in_stage("regular")))
    second = st.one_of(
        asked, facts, st.builds(lambda one, two: one & ~two, facts, asked), st.just(~c.in_segment("regulars"))
    )
    return st.tuples(asked | facts, second).map(lambda pair: tuple(map(Segment, _SEGMENTS, pair)))


@cache
def _signed_up() -> st.SearchStrategy[t.Trigger]:
    return st.sampled_from(_TYPES).map(t.On)


_ROUNDS: Final = ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=-1FR")


@cache
def _triggers() -> st.SearchStrategy[t.Trigger]:
    """What may start a rule besides a touchpoint."""
    stages, lengths = st.sampled_from(_STAGES), st.sampled_from(_ELAPSED)
    return st.one_of(
        st.sampled_from(_SEGMENTS).map(t.Joined), st.sampled_from(_SEGMENTS).map(t.LeftSegment),
        stages.map(t.Entered), stages.map(t.Left), st.builds(t.Dwelt, stages, lengths),
        st.just(t.CaseOpened(_COMPLAINT)), st.just(t.CaseClosed(_COMPLAINT)),
        st.sampled_from((None, "response", "resolution")).map(lambda which: t.CaseOverdue(_COMPLAINT, which)),
        st.builds(t.Silent, lengths, of=st.sampled_from((None, *_TYPES))),
        st.just(t.Anniversary("birthday", unknown_zone="UTC")),
        st.sampled_from((None, *_TYPES)).map(t.Referred),
        st.sampled_from((TraitChanged("points"), TraitChanged("vip", to=True), PreferenceChanged())),
        st.sampled_from((ConsentChanged(), ConsentChanged("marketing", to="withdrawn"))),
        st.builds(DateDue, st.just("renewal"), before=lengths, unknown_zone=st.just("UTC")),
        st.builds(Schedule, st.sampled_from(_ROUNDS), unknown_zone=st.just("UTC")),
        st.builds(
            t.Silent, st.sampled_from((Usual(1), Usual(1.5))), of=st.sampled_from((None, *_TYPES)), at_least=lengths,
            otherwise=lengths,
        ),
    )  # fmt: skip


@cache
def _messages(name: str) -> st.SearchStrategy[Message]:
    return st.builds(
        Message, st.just(name), why=st.just("a reason"), kind=st.sampled_from(_KINDS),
        channels=st.lists(st.sampled_from(("email", "sms")), min_size=1, unique=True),
        content=st.just(Content(subject=name, text=name)), expires=st.sampled_from((None, *_ELAPSED)),
        priority=st.integers(0, 2),
    )  # fmt: skip


@cache
def _policy_items() -> st.SearchStrategy[PolicyItem]:
    scopes, lengths = st.sampled_from(_SCOPES), st.sampled_from(_ELAPSED)
    zones = st.sampled_from(("deny", "UTC", "America/New_York"))
    return st.one_of(
        st.builds(Cap, st.integers(1, 2), per=_lengths(), kinds=scopes, over=st.sampled_from(("defer", "deny"))),
        st.builds(QuietHours, st.just("21:00"), st.just("08:00"), unknown_zone=zones, kinds=scopes),
        st.builds(lambda zone, kinds: SendWindow(("09:00", "17:00"), unknown_zone=zone, kinds=kinds), zones, scopes),
        st.builds(Hold, while_open=st.just([_COMPLAINT]), kinds=scopes, cool_off=st.sampled_from(_COOL_OFFS)),
        st.builds(Spacing, lengths, kinds=scopes),
    )


_COOL_OFFS: Final = (timedelta(0), *_ELAPSED)


@attrs.frozen
class _Scope:
    """What the steps of a rule may use: messages; rules they may enrol into; whether they may set off other rules.

    What sets off other rules is for rules that a touchpoint starts, and leads on only to later ones: so no decision
    goes round in a circle (S4.3).
    """

    draw: st.DrawFn
    messages: tuple[Message, ...]
    later: tuple[str, ...]
    leads_on: bool

    def steps(self, depth: int = 2) -> list[s.Step]:
        """Up to three steps, with arms of this depth."""
        makers = [self._send, self._wait, self._wait_for, self._branch, self._wait_until, self._split, self._plain]
        makers.append(self._best)
        makers += [self._leading] if self.leads_on else []
        count = self.draw(st.integers(0, 3 if depth > 1 else 1))
        return [self.draw(st.sampled_from(makers))(depth) for _ in range(count)]

    def _arms(self, depth: int) -> dict[str, Any]:
        return {arm: self.steps(depth - 1) for arm in s.ARMS} if depth else {}

    def _asked(self) -> c.Expression:
        return self.draw(_conditions())

    def _send(self, depth: int) -> s.Step:
        still = self._asked() if self.draw(st.booleans()) else None
        return s.Send(
            self.draw(st.sampled_from(self.messages)), still=still, otherwise=self.steps(depth - 1) if depth else ()
        )

    def _wait(self, _: int) -> s.Step:
        clocks = st.sampled_from(("09:00", "21:30"))
        return s.Wait(until=self.draw(clocks)) if self.draw(st.booleans()) else s.Wait(self.draw(_lengths()))

    def _wait_for(self, depth: int) -> s.Step:
        kinds = st.sampled_from((Opened, Clicked, Delivered, Failed, Ended))
        own = st.builds(lambda kind, message: kind(message), kinds, st.sampled_from(self.messages[:1]))
        return s.WaitFor(self.draw(_signed_up() | _triggers() | own), self.draw(_lengths()), **self._arms(depth))

    def _wait_until(self, depth: int) -> s.Step:
        return s.WaitUntil(self._asked(), self.draw(_lengths()), **self._arms(depth))

    def _branch(self, depth: int) -> s.Step:
        return s.Branch(self._asked(), **self._arms(depth))

    def _split(self, depth: int) -> s.Step:
        return s.Split("way", {each: self.steps(depth - 1) if depth else [] for each in ("left", "right")})

    def _best(self, depth: int) -> s.Step:
        values = st.sampled_from((1, 2, c.customer["points"]))
        sent = [s.Send(self.draw(st.sampled_from(self.messages)))] if self.draw(st.booleans()) else []
        found = [
            s.Candidate(name, sent if n else (), value=self.draw(values), given=self.draw(st.none() | _conditions()))
            for n, name in enumerate(("one", "other"))
        ]
        return s.Best("best", found, otherwise=self.steps(depth - 1) if depth else ())

    def _plain(self, _: int) -> s.Step:
        plain: list[s.Step] = [s.SetTrait("points", 2), s.Exit("enough")]
        return self.draw(st.sampled_from(plain))

    def _leading(self, _: int) -> s.Step:
        steps: list[s.Step] = [s.OpenCase(_COMPLAINT, ref="#1"), s.CloseCase(_COMPLAINT, ref="#1")]
        return self.draw(st.sampled_from([*map(s.MoveTo, _STAGES), *steps, *map(s.Enrol, self.later)]))


def _rule(draw: st.DrawFn, names: tuple[str, ...], number: int, messages: tuple[Message, ...]) -> Rule:
    by_touchpoint = draw(st.sampled_from((True, True, False)))
    scope = _Scope(draw, messages, names[number + 1 :], by_touchpoint)
    starts, within = _signed_up() if by_touchpoint else _triggers(), st.sampled_from((None, *_ELAPSED))
    return Rule(
        names[number],
        when=draw(st.lists(starts, min_size=1, max_size=2)),
        given=draw(st.one_of(st.none(), st.none(), _conditions()) if draw(st.booleans()) else st.none()),
        then=[s.Send(messages[0]), *scope.steps()],
        limit=draw(st.sampled_from((None, None, None, once(), times(2, per=days(1)), cool_down(days(1))))),
        key=draw(st.sampled_from((None, "k"))),
        concurrency=draw(st.sampled_from(("ignore", "restart", "parallel"))),
        exit=draw(st.lists(_signed_up() | _conditions(), max_size=1)),
        goal=draw(st.none() | st.builds(Goal, _signed_up(), within=within, ends=st.booleans())),
        priority=draw(st.integers(0, 2)),
        collect=draw(st.sampled_from((None, None, None, hours(1), days(1)))),
    )


def _journey(draw: st.DrawFn, name: str) -> Journey:
    messages = tuple(draw(_messages(each)) for each in ("hello", "offer"))
    names = ("first", "second", "third")[: draw(st.integers(1, 3))]
    given, when = st.none() | _conditions(), st.sampled_from(((), *_TYPES))
    phases = zip(_STAGES, ("attract", "engage", "delight"), strict=True)
    return Journey(
        name,
        stages=[Stage(each, phase=phase, when=draw(when), given=draw(given)) for each, phase in phases],  # type: ignore[misc]
        rules=[_rule(draw, names, number, messages) for number in range(len(names))],  # type: ignore[misc]
        segments=draw(_segments()),  # type: ignore[arg-type]  # as below
        cases=[_COMPLAINT],  # type: ignore[list-item]  # mypy cannot infer through the generic converter, here and above
        policy=Policy(*draw(st.lists(_policy_items(), max_size=2))),
    )


_drawn_journey = st.composite(_journey)


def journeys(*, name: str = "journey") -> st.SearchStrategy[Journey]:
    """A valid journey with stages, a case, a policy and up to three rules; none of them goes round in a circle.

    Args:
        name: of the journey. Messages, stages and cases bear the same names in each, so put only one to work at a time.
    """
    return _drawn_journey(name)
