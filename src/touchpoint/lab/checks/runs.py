"""Runs on the way round: what starts one, what it waits for, and what becomes of what it sends."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

import attrs

from touchpoint.core.matching import TOLD
from touchpoint.core.occurrence import ENDED, TOUCHPOINT
from touchpoint.durations import Forever, length
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression, Literal
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.links import CLOCK, TOLD_BY_PROVIDERS, Node, keys_awaited, written_by
from touchpoint.lab.checks.looking import Looking
from touchpoint.lab.checks.solve import TRUE
from touchpoint.lab.checks.standing import Standing, Value
from touchpoint.lab.checks.taken import TAKE, microseconds
from touchpoint.lab.checks.times import NO_TIME, least
from touchpoint.lab.checks.ways import Next, Props, Raised, Way, is_same_key, key_of

_MOST_WAYS: Final = 400


class Runs(Looking):
    """The runs of rules."""

    def _entered(self, node: Node, standing: Standing, raised: Raised, *, sure: bool, sends: bool) -> Iterator[Raised]:
        """A rule is triggered: concurrency, limit and condition are asked (S4.4)."""
        rule, key = node.of, key_of(node, raised.props)
        assert isinstance(rule, Rule)  # noqa: S101 - only rules are entered
        if self.is_limited(node, key) or ("ran", node.label) in standing.facts:
            return
        for held in (standing.facts.get((kind, node.label)) for kind in ("live", "round")):
            if held is not None and rule.concurrency == "ignore":
                if is_same_key(held[0], key):  # type: ignore[index]  # what is noted of live runs
                    return
                sure = False
        rounds = [each for each in standing.facts if each[0] == "round"]
        yield from self.run(node, standing.without(rounds), raised.props, sure=sure, sends=sends)

    def is_limited(self, node: Node, key: object) -> bool:
        """Whether the limit of a rule stops its runs of this key sooner or later."""
        limit = node.of.limit if isinstance(node.of, Rule) else None
        if limit is not None and limit.per_key and limit.kind != "once_per_stage":
            return key is not None
        return self.links.is_limited(node)

    def run(self, node: Node, standing: Standing, props: Props, *, sure: bool, sends: bool = False) -> Iterator[Raised]:
        """What a run raises, if its condition lets it start."""
        rule = node.of
        assert isinstance(rule, Rule)  # noqa: S101 - only rules have runs
        if rule.collect is not None and self.world.at_once:
            return
        if rule.given is not None:
            given = self.question(rule.given, node.journey, moved=rule.collect is not None)
            props = props if rule.collect is None else None
            answer = self.asked(given, standing, props)
            if answer is False:
                return
            sure = sure and self.is_sure(given, standing, props)
            standing = standing if answer else standing.assuming(given, true=True)
        stays = ("stage", node.journey.name) not in standing.restless
        if rule.limit is not None and rule.limit.kind == "once_per_stage":
            # Whoever moves may run again, as often as there are moves that nobody here has counted.
            sure = sure and stays
            standing = standing.noting(("ran", node.label), True) if stays else standing  # noqa: FBT003 - a fact
        if rule.collect is not None:
            standing = standing.later(length(rule.collect))
        ends = keys_awaited(node, (each for each in rule.exit if not isinstance(each, Expression)))
        own = not ends.isdisjoint(self.links.reaches[node][0])
        sure = sure and not own and not any(isinstance(each, Expression) for each in rule.exit)
        way = Way(
            node, standing, props, sure, at_once=rule.collect is None, sends=sends, moved=rule.collect is not None
        )
        yield from self._walked(way, rule.then)

    def _walked(self, way: Way, then: tuple[s.Step, ...]) -> Iterator[Raised]:
        todo: list[Next] = [(way, then)]
        for _ in range(_MOST_WAYS):
            self.effort.steps += 1
            if not todo or self.effort.is_spent():
                return
            at, rest = todo.pop()
            if not rest or isinstance(rest[0], s.Exit):
                yield from self._handed_on(at, ())
                continue
            step = rest[0]
            take = TAKE.get(type(step))
            if take is not None:
                todo += reversed(list(take(self, at, step, rest[1:])))
                continue
            yield from self._handed_on(at, rest)
            todo += reversed(list(self._past(at, step, rest[1:])))
            if isinstance(step, s.Send) and not self.world.at_once:
                yield from self._come_back(at, step, rest[1:])

    def _handed_on(self, way: Way, rest: tuple[s.Step, ...]) -> Iterator[Raised]:
        """What the run has raised has its turn, now that it waits or is over; `rest` are the steps before it."""
        if not way.items:
            return
        standing = self._live(way, rest) if rest else way.standing
        sure = way.sure
        if rest and self._hears_itself(way, rest[0]):
            # What ends its own wait meets a run that is live still: it goes on after the rules were asked (S4.2).
            sure = False
            if len(way.items) == 1:
                standing = standing.noting(("round", way.node.label), (key_of(way.node, way.props),))
        yield from self.let_go(
            way.items, standing, (way.node,), sure=sure, sends=way.sends, at_once=way.at_once, emits=way.emits
        )

    def _hears_itself(self, way: Way, step: s.Step) -> bool:
        """Whether a run waits for something that it has just raised."""
        return isinstance(step, s.WaitFor) and not keys_awaited(way.node, step.trigger).isdisjoint(
            each.key for each in way.items
        )

    def _live(self, way: Way, rest: tuple[s.Step, ...]) -> Standing:
        """Noted that the run is live, where it surely is for a while."""
        rule = way.rule
        ends_early = rule.goal is not None and rule.goal.ends and self._may_come(way.node, rule.goal.trigger)
        exits = [each for each in rule.exit if not isinstance(each, Expression)]
        if len(exits) < len(rule.exit) or ends_early or self._may_come(way.node, exits) or self._may_pass(way, rest[0]):
            return way.standing
        left = least(rest).whole or NO_TIME
        return way.standing.noting(("live", way.node.label), (key_of(way.node, way.props), length(left)))

    def _may_pass(self, way: Way, step: s.Step) -> bool:
        """Whether a wait may be over in the same decision."""
        match step:
            case s.Wait():
                return step.length is None or (not _is_long(step.length))
            case s.WaitFor():
                return self._may_come(way.node, step.trigger)
            case s.WaitUntil():
                return self.may(self.question(step.condition, way.node.journey, moved=True), TRUE, way.standing)
        return False

    def _may_come(self, node: Node, triggers: Iterable[object]) -> bool:
        """Whether one of these may come by itself to a run of the rule."""
        given = list(triggers)
        if any(isinstance(each, CLOCK) for each in given):
            return True
        keys = keys_awaited(node, given)  # type: ignore[arg-type]  # triggers all
        return not keys.isdisjoint(self.links.reaches[node][0])

    def _past(self, way: Way, step: s.Step, rest: tuple[s.Step, ...]) -> Iterator[Next]:
        """The ways on after a step that the run waits at."""
        match step:
            case s.Send():
                yield from self._arms(self._waited(way, length(step.message.best_before), sends=True), step, rest)
            case s.Call():
                yield from self._arms(self._waited(way, None, sends=True), step, rest)
            case s.Wait():
                passes = self._may_pass(way, step)
                if not self.world.at_once or passes:
                    most = microseconds(step.length)
                    after = attrs.evolve(way, sure=way.sure and step.length is not None)
                    yield (after if self.world.at_once else self._waited(after, most)), rest
            case s.WaitFor() | s.WaitUntil():
                yield from self._waits(way, step, rest)

    def _arms(self, way: Way, step: s.Send | s.Call, rest: tuple[s.Step, ...]) -> Iterator[Next]:
        if self.world.at_once:
            return
        if not step.otherwise:
            yield way, rest
            return
        unsure = attrs.evolve(way, sure=False)
        yield unsure, rest
        yield unsure, (*step.otherwise, *rest)

    def _waits(self, way: Way, step: s.WaitFor | s.WaitUntil, rest: tuple[s.Step, ...]) -> Iterator[Next]:
        for_ever = isinstance(step.timeout, Forever)
        most = microseconds(step.timeout)
        unsure = attrs.evolve(way, sure=False)
        after = unsure if self.world.at_once else self._waited(unsure, most)
        if isinstance(step, s.WaitFor):
            if self._may_come(way.node, step.trigger):
                # What has ended the wait has had its turn.
                items = () if len(way.items) == 1 and self._hears_itself(way, step) else after.items
                yield attrs.evolve(after, moved=True, items=items), (*step.then, *rest)
        else:
            condition = self.question(step.condition, way.node.journey, moved=True)
            if self.may(condition, TRUE, after.standing):
                assumed = after.standing.assuming(condition, true=True)
                yield attrs.evolve(after, standing=assumed), (*step.then, *rest)
        if not for_ever and not self.world.at_once:
            yield after, (*step.otherwise, *rest)

    def _waited(self, way: Way, most: int | None, *, sends: bool = False) -> Way:
        """After some time, in which what was raised has gone its way."""
        standing, more = self.beside(way.standing, (each.key for each in way.items))
        for each in way.items:
            standing = standing.noting(("emitted", each.emits), 0) if each.emits else standing
        gone = way.sends or sends or more
        return attrs.evolve(way, standing=standing.later(most), items=(), at_once=False, sends=gone)

    def _come_back(self, way: Way, step: s.Send, rest: tuple[s.Step, ...]) -> Iterator[Raised]:
        """What becomes of a message by itself; the run that has sent it is live when others hear of its end."""
        name, node = step.message.name, way.node
        keys = [key for one in s.flat(rest) for key in self.links.keys_of_step(node.journey, one)]
        written = {token for one in s.flat(rest) for token in written_by(node.journey, one)}
        sent = self._waited(way, length(step.message.best_before), sends=True)
        before = self.beside(sent.standing, keys)[0].troubled(frozenset(written))
        held = before.noting(("round", node.label), (key_of(node, way.props),))
        told: dict[str, Value] = {"message": Literal(name), "status": None, "reason": None}
        if way.rule.key is not None:
            told[way.rule.key] = None if way.props is None else way.props.get(way.rule.key)
        back = (TOLD, f"{name}|delivered"), (TOLD, f"{name}|failed")
        for key in sorted(self._listened):
            if key[0] == ENDED and key[1].rpartition("|")[0] == name:
                end: dict[str, Value] = {**told, "status": Literal(key[1].rpartition("|")[2])}
                yield way.back(key, held, end)
            elif key in back or (key[0] == TOUCHPOINT and key[1] in TOLD_BY_PROVIDERS):
                yield way.back(key, before.later(None), None)


def _is_long(given: object) -> bool:
    """Whether a length is surely more than nothing."""
    return bool(given) if isinstance(given, timedelta) else not isinstance(given, Forever)
