"""What is looked at on the way round: conditions, segments, stages, and what happens beside the way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import attrs

from touchpoint.core.keys import Key
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.segments import JOINED, LEFT
from touchpoint.durations import length
from touchpoint.journey.conditions import Expression, Field, Literal, path_of, root_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.stage import Stage
from touchpoint.lab.checks.links import Links, Node, Watched
from touchpoint.lab.checks.scene import at_home, of_trigger
from touchpoint.lab.checks.solve import NOT_TRUE, TRUE, can_be
from touchpoint.lab.checks.standing import RUN, Question, Standing, Token, written
from touchpoint.lab.checks.ways import Item, Props, Raised
from touchpoint.lab.checks.world import World

_ALWAYS_THERE: Final = frozenset({"type", "at", "direction", "channel", "location"})
_MOST_QUESTIONS: Final = 2_000
_MOST_STEPS: Final = 12_000


@attrs.define
class Effort:
    """How much has been looked at, so that it comes to an end whatever the journeys."""

    questions: int = 0
    steps: int = 0

    def is_spent(self) -> bool:
        """Whether nothing more is to be looked at."""
        return self.questions > _MOST_QUESTIONS or self.steps > _MOST_STEPS


class Looking:
    """What the machine for one world looks at."""

    def __init__(self, links: Links, world: World, effort: Effort) -> None:
        self.links, self.world, self.effort = links, world, effort
        self._listened = frozenset[Key]().union(*(each.keys for each in links.nodes))
        self._counted = {
            token[1] for each in links.segments for token in each.question.reads if token[0] == "touchpoint"
        }
        self._answers: dict[object, bool] = {}
        self._questions: dict[object, Question] = {}

    def question(self, condition: Expression, journey: Journey, *, moved: bool = False) -> Question:
        """What a condition asks in a journey; `moved` where `event` may be another one than the trigger."""
        key = id(condition), journey.name, moved  # the conditions are the scene's, and live as long
        if key not in self._questions:
            found = at_home(condition, journey.name)
            self._questions[key] = Question.of(found if moved else of_trigger(found))
        return self._questions[key]

    def may(self, question: Question, wanted: int, standing: Standing, props: Props = None) -> bool:
        """Whether it may come out as wanted (`solve`)."""
        about = standing.about(question)
        run = any(RUN in each.reads for each in (question, *about.asked.values(), *about.denied.values()))
        told = props if run else None
        shown = None if told is None else tuple(sorted((name, written(each)) for name, each in told.items()))
        key = question.written, wanted, about.key(), shown
        if key not in self._answers:
            self.effort.questions += 1
            self._answers[key] = self._found_out(question.condition, wanted, about, told)
        return self._answers[key]

    def _found_out(self, condition: Expression, wanted: int, standing: Standing, props: Props) -> bool:
        known = list(standing.known())
        for name, each in (props or {}).items():
            if isinstance(each, Literal):
                known.append(Field("trigger", (name,)) == each)
        denied = [each.condition for each in standing.denied.values()]
        known += self.world.facts([condition, *known, *denied], standing)
        names = None if props is None else frozenset(props)
        return can_be(condition, wanted, known, absent=_absent(names), denied=denied)

    def asked(self, question: Question, standing: Standing, props: Props = None) -> bool | None:
        """True or not true where that is certain; None where it may be either."""
        if not self.may(question, TRUE, standing, props):
            return False
        return None if self.may(question, NOT_TRUE, standing, props) else True

    def is_sure(self, question: Question, standing: Standing, props: Props = None) -> bool:
        """Whether it comes out as it does for everybody, and not because it did so before."""
        bare = attrs.evolve(standing, asked={}, denied={})
        return self.asked(question, bare, props) is not None

    def reassessed(self, standing: Standing, tokens: set[Token]) -> tuple[Standing, list[Item]]:
        """Segments are looked at again that read what has changed, and those that ask about these."""
        items, changed = list[Item](), set(tokens)
        for each in self.links.segments:
            if each.question.reads & changed:
                changed.add(("segment", each.name))
                standing, more = self._looked_at(standing, each, tokens)
                items += more
        return standing, items

    def _looked_at(self, standing: Standing, each: Watched, tokens: set[Token]) -> tuple[Standing, list[Item]]:
        token = ("segment", each.name)
        was = standing.facts.get(token)
        member = self.asked(each.question, standing.without([token]))
        may, sure = [True, False] if member is None else [member], was is not None and member is not None
        items = [
            Item((JOINED if one else LEFT, each.name), {}, sure=sure, then=(token, one), group=each.name)
            for one in may
            if was is not one
        ]
        now = standing.having(token, member) if member is not None else standing.without([token])
        if each.windows & {token[-1] for token in tokens if token[0] == "touchpoint"}:
            lapses = [
                Item((LEFT if one else JOINED, each.name), {}, sure=False, then=(token, not one), timed=True)
                for one in may
            ]
            items += lapses
        return now, items

    def moved(self, standing: Standing, node: Node, *, sure: bool) -> Iterator[tuple[Standing, list[Item]]]:
        """The ways in which a move to a stage may end: with it, or where they are in it already."""
        journey, token = node.journey, ("stage", node.journey.name)
        current, stage = standing.facts.get(token), node.of
        assert isinstance(stage, Stage)  # noqa: S101 - only stages are moved to
        if current in (None, stage.name) and not stage.reenter:
            yield standing.having(token, stage.name), []
            if current == stage.name:
                return
            sure = False
        here = f"{journey.name}/{stage.name}"
        left = [str(current)] if current is not None else [each.name for each in journey.stages if each is not stage]
        items = [
            Item(("left", f"{journey.name}/{each}"), {}, sure=sure and current is not None, group=here) for each in left
        ]
        items += [Item(("entered", here), {}, sure=sure)]
        ran = [each for each in standing.facts if each[0] == "ran" and each[1].startswith(f"{journey.name}/")]
        after, more = self.reassessed(standing.without(ran).having(token, stage.name), {token})
        for key, dwelt in self.links.dwells:
            if key[1].startswith(f"{here}|"):
                items.append(Item(key, {}, sure=sure, timed=True, most=length(dwelt.length)))
        yield after, [*items, *more]

    @staticmethod
    def comes_after(stage: Stage, current: object) -> bool | None:
        """Whether a stage may follow the current one; None where that is not known."""
        if not stage.after:
            return True
        return None if current is None else current in stage.after

    def let_go(
        self, items: Sequence[Item], standing: Standing, actors: tuple[Node, ...], *, sure: bool, sends: bool,
        at_once: bool = True, emits: frozenset[str] = frozenset(),
    ) -> Iterator[Raised]:  # fmt: skip
        """Each of what was raised together, with the others beside it."""
        for n, item in enumerate(items):
            if item.timed and self.world.at_once:
                continue
            if item.key not in self._listened and not (item.key[0] == TOUCHPOINT and item.key[1] in self._counted):
                continue
            others = {each.key for m, each in enumerate(items) if m != n and not self._excludes(item, each)}
            now, more = self.beside(standing, others - {item.key})
            for each in items[: n + 1]:
                now = now.noting(("emitted", each.emits), 0) if each.emits else now
            if item.timed:
                now = now.later(item.most)
            if item.then is not None:
                if now.facts.get(item.then[0], None) is item.then[1] and item.timed:
                    continue  # they are, or are not, in the segment already
                now = now.having(*item.then)
            who = actors if item.stage is None else (*actors, item.stage)
            instantly = at_once and not item.timed
            yield Raised(item.key, now, item.props, who, sure and item.sure, instantly, sends or more, emits)

    def _excludes(self, item: Item, other: Item) -> bool:
        """Whether the other one does not happen beside it."""
        return (other.timed and self.world.at_once) or (bool(item.group) and item.group == other.group)

    def beside(self, standing: Standing, keys: Iterable[Key]) -> tuple[Standing, bool]:
        """Beside what these may lead to; and whether messages go out there."""
        _, tokens, sends = self.links.beside(keys)
        return standing.troubled(tokens), sends


def _absent(names: frozenset[str] | None) -> Callable[[Field], bool]:
    def absent(field: Field) -> bool:
        root = root_of(field)
        if names is None or not isinstance(root, str) or root != "trigger":
            return False
        return path_of(field)[0] not in names | _ALWAYS_THERE

    return absent
