"""What follows from what, round after round, with what is known on the way: the machine behind `circles`.

It takes rules and stages as the engine does (S4.2), but with what is known of a customer (`standing.py`) in place of a
customer: where a condition may come out either way, both ways are gone. One thing that was raised is followed at a
time; what the others may change is taken for unknown from then on.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.journey.changes import Change, ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.conditions import Literal
from touchpoint.journey.stage import Stage
from touchpoint.journey.triggers import Entered, Joined, LeftSegment
from touchpoint.lab.checks.links import Node
from touchpoint.lab.checks.runs import Runs
from touchpoint.lab.checks.scene import BARE, carried
from touchpoint.lab.checks.standing import Standing, Token, Value
from touchpoint.lab.checks.ways import Item, Props, Raised

_ITS_VALUE: Final = "its value"
_UNKNOWN: Final = dict[str, Value](value=_ITS_VALUE, before=None, purpose=None, channel=None)
"""The properties of a change (`journey.changes`)."""
_Entering: TypeAlias = tuple[Standing, bool, list[Item], tuple[Node, ...]]
"""What is known after stages were entered, whether for sure, what that raised, and which."""


class Rounds(Runs):
    """The machine for one world."""

    def begin(self, node: Node) -> Iterator[Raised]:
        """What a rule or stage raises when it begins, with nothing known of the customer."""
        if isinstance(node.of, Stage):
            for standing, items in self.moved(Standing(), node, sure=True):
                yield from self.let_go(items, standing, (node,), sure=True, sends=False)
            return
        for standing, props in _beginnings(node) if not self.links.is_limited(node) else ():
            yield from self.run(node, standing, props, sure=True)

    def follow(self, raised: Raised) -> Iterator[Raised]:
        """What follows when the turn of something comes that was raised."""
        standing, items = raised.standing.after_run(), list[Item]()
        if raised.key[0] == TOUCHPOINT:
            standing, items = self.reassessed(standing, {("touchpoint", raised.key[1])})
        rules = [node for node in self.links.rules if raised.key in node.keys]
        reached = [self.links.reaches[each] for each in rules if not self.links.is_limited(each)]
        sends = any(each[2] for each in reached)
        yield from self.let_go(items, standing, (), sure=True, sends=sends)
        standing, more = self.beside(standing, (each.key for each in items))
        for after, sure, moves, entered in self._stages(raised, standing):
            yield from self.let_go(moves, after, entered, sure=sure, sends=sends or more)
            now, most = self.beside(after, (each.key for each in moves))
            for node in rules:
                others = [each for each in rules if each is not node and not self.links.is_limited(each)]
                troubled = now.troubled(frozenset[Token]().union(*(self.links.reaches[each][1] for each in others)))
                yield from self._entered(node, troubled, raised, sure=sure, sends=sends or more or most)

    def _stages(self, raised: Raised, standing: Standing) -> Iterator[_Entering]:
        """The ways in which stages may be entered by it: in each journey the first that matches."""
        ways: list[_Entering] = [(standing, True, [], ())]
        for journey in self.links.scene.journeys:
            nodes = [each for each in self.links.stages if each.journey is journey and raised.key in each.keys]
            if nodes:
                ways = [
                    (after, sure and one, [*items, *more], (*entered, *actors))
                    for now, sure, items, entered in ways
                    for after, one, more, actors in self._first_of(nodes, now, raised.props)
                ]
        yield from ways

    def _first_of(self, nodes: Sequence[Node], standing: Standing, props: Props) -> Iterator[_Entering]:
        sure = True
        for node in nodes:
            stage = node.of
            matches = self.comes_after(stage, standing.facts.get(("stage", node.journey.name)))  # type: ignore[arg-type]
            if matches is not False and stage.given is not None:
                given = self.question(stage.given, node.journey)
                answer = self.asked(given, standing, props)
                matches = answer if matches or answer is False else None
                sure = sure and self.is_sure(given, standing, props)
            if matches is False:
                continue
            sure = sure and matches is True
            for after, items in self.moved(standing, node, sure=sure):
                yield after, sure, items, (node,) if items else ()
            if matches:
                return
        yield standing, sure, [], ()


def _beginnings(node: Node) -> Iterator[tuple[Standing, Props]]:
    """What may be known when runs of a rule begin; one without triggers is enrolled into, with whatever properties."""
    if not node.of.when or not all(isinstance(each, (*BARE, Change)) for each in node.of.when):
        yield Standing(), None
    for each in node.of.when:
        standing = Standing()
        match each:
            case TraitChanged():
                value = _ITS_VALUE if each.to is None else Literal(each.to)
                yield standing.having(("trait", each.trait), value), {**_UNKNOWN, "value": value}
            case ConsentChanged() | PreferenceChanged():
                yield standing, _UNKNOWN
            case Joined() | LeftSegment():
                name = f"{each.journey or node.journey.name}/{each.segment}"
                yield standing.having(("segment", name), isinstance(each, Joined)), {}
            case Entered():
                yield standing.having(("stage", each.journey or node.journey.name), each.stage), {}
            case _ if isinstance(each, BARE):
                yield standing, dict.fromkeys(carried(each))
