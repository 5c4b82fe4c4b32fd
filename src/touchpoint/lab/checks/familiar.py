"""What messages use of customers too early in the relationship (TC5xx): policies about familiarity (S7.5)."""

from collections.abc import Iterator, Sequence

import attrs

from touchpoint.journey.conditions import Expression, InStage, walk
from touchpoint.journey.contents import contents
from touchpoint.journey.derived import TELLS_OF_TRAITS
from touchpoint.journey.familiarity import LEVELS, Familiarity
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import PlacedSend, Scene, at_home
from touchpoint.lab.checks.solve import NOT_TRUE, can_be, never
from touchpoint.model.message import Message
from touchpoint.model.template import Template


@attrs.frozen
class _Bond:
    """What binds the messages of a journey: the sensitivity of traits, and what each needs."""

    journey: str
    items: Sequence[Familiarity]
    known: dict[str, str]

    def sensitivity(self, trait: str) -> str:
        undeclared = max((item.undeclared for item in self.items), key=LEVELS.index)
        return self.known.get(trait, undeclared)

    def needs(self, trait: str, message: Message) -> list[Expression]:
        """Everything that must be true before a message may use a trait."""
        level = self.sensitivity(trait)
        names = LEVELS[: [*LEVELS].index(level) + 1] if level in LEVELS else LEVELS
        asked = [getattr(item, name) for item in self.items for name in names]
        if level != LEVELS[0]:
            purposes = (message.effective_kind, message.topic)
            asked += [each for item in self.items for name, each in item.purposes.items() if name in purposes]
        return [at_home(each, self.journey) for each in asked]


def familiarity(scene: Scene) -> Iterator[Finding]:
    """Words that are denied at a first contact, or always."""
    yield from _elsewhere(scene)
    told: set[tuple[str, str, str, str]] = set()
    for journey, rule, each in scene.sends():
        bond = _bond(scene, journey)
        if bond is None:
            continue
        yield from _occasions(bond, journey, rule, each)
        for place, trait in _needed(each.step.message):
            code = _verdict(bond, each, trait)
            key = (journey.name, each.step.message.name, trait, code)
            if code and key not in told:
                told.add(key)
                yield found(code, journey.name, f"{each.path}.message{place}", *_words(bond, each, trait, code))


def _elsewhere(scene: Scene) -> Iterator[Finding]:
    """Stages that the policy of the house asks about, and no journey has."""
    known = {journey.name: {each.name for each in journey.stages} for journey in scene.journeys}
    items = (item for item in scene.policy.items if isinstance(item, Familiarity))
    nodes = (node for item in items for _, each in item.conditions for node in walk(each))
    for node in nodes:
        if isinstance(node, InStage) and node.stage not in known.get(str(node.journey), {node.stage}):
            what = f"the journey {node.journey!r} has no stage {node.stage!r}"
            yield found("TC205", "", "policy", "the policy", what)


def _bond(scene: Scene, journey: Journey) -> _Bond | None:
    items = [each for one in (scene.policy, journey.policy) for each in one.items if isinstance(each, Familiarity)]
    if not items:
        return None
    declared = scene.declared
    known = {name: max((each.sensitivity for each in uses), key=LEVELS.index) for name, uses in declared.items()}
    return _Bond(journey.name, items, dict(known))


def _needed(message: Message) -> Iterator[tuple[str, str]]:
    """(place, trait) of what the message itself, without any wording, cannot do without."""
    yield from ((".uses", each) for each in message.uses)
    for said in contents(message):
        for part in ("subject", "text", "html") if said.wording is None else ():
            fields = Template.parse(getattr(said.content, part) or "").fields
            bare = [each for each in fields if each.root == "customer" and not each.has_fallback]
            yield from ((f"{said.place}.{part}", each.path[0]) for each in bare)


def _verdict(bond: _Bond, each: PlacedSend, trait: str) -> str:
    """The code of what is wrong; empty where nothing is.

    What has been true on the way may be so no longer at release, so only `still` speaks for what can never be.
    """
    needs = bond.needs(trait, each.step.message)
    at_release = () if each.step.still is None else (at_home(each.step.still, bond.journey),)
    if any(never(need, at_release) for need in needs):
        return "TC511"
    known = (*(at_home(one, bond.journey) for one in each.path_conditions), *at_release)
    return "TC512" if any(can_be(need, NOT_TRUE, known) for need in needs) else ""


def _words(bond: _Bond, each: PlacedSend, trait: str, code: str) -> tuple[str, str]:
    message, level = each.step.message, bond.sensitivity(trait)
    how = "which may never be used" if code == "TC511" else "and may be sent before that may be used"
    return f"message {message.name}", f"{message.name!r} cannot do without {trait!r}, {how}; it is {level}"


def _occasions(bond: _Bond, journey: Journey, rule: Rule, each: PlacedSend) -> Iterator[Finding]:
    message = each.step.message
    for trigger in rule.when:
        trait = trigger.trait if isinstance(trigger, TELLS_OF_TRAITS) else None
        if trait is not None and bond.sensitivity(trait) != LEVELS[0] and trait not in message.uses:
            what = f"{message.name!r} is sent because of {trait!r}, which is {bond.sensitivity(trait)}"
            yield found("TC513", journey.name, f"{each.path}.message.uses", f"rule {rule.name}", what)
