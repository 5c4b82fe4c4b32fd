"""Rule 5: what there is for an answer, and whether that is fair."""

from collections.abc import Iterator, Mapping, Sequence

from touchpoint.journey import steps as s
from touchpoint.journey.policy import Cap
from touchpoint.journey.steps import FOLLOW_UP
from touchpoint.lab.audit.criteria import listed, no, yes
from touchpoint.lab.audit.history import History
from touchpoint.lab.audit.result import Criterion, Place
from touchpoint.lab.audit.scene import Scene, message_of
from touchpoint.lab.audit.spots import Spot
from touchpoint.lab.checks.people import tells
from touchpoint.lab.checks.policies import binds
from touchpoint.model.message import Gift, Survey


def incentive(scene: Scene, history: History | None) -> Iterator[Criterion]:  # noqa: ARG001 - as all rules have it
    """Rule 5."""
    gifts = _gifts(scene)
    unfair = _unfair(scene, gifts)
    thanks = _thanks(scene, unfair)
    if thanks:
        yield yes("5.1", f"{listed(thanks)} for an answer", [places[0].place for places in thanks.values()])
    else:
        promised = [message_of(each).name for each in scene.invitations if _promise(each)]
        empty = f"{listed(promised)} promises something, and no gift follows"
        yield no("5.1", empty if promised else "there is nothing for an answer")
    offers = _unfair_offers(scene)
    if unfair or offers:
        what = f"{listed((*unfair, *offers))} is given only for a good score"
        yield no("5.2", what, [*(places[0].place for places in unfair.values()), *offers.values()])
    else:
        yield yes("5.2", "no gift depends on a good score")
    if not thanks:
        return
    open_ended = {
        name: places for name, places in thanks.items() if not all(_is_limited(scene, each) for each in places)
    }
    places = [each[0].place for each in open_ended.values()]
    yield no("5.3", f"{listed(open_ended)} may be had again and again", places) if open_ended else yes("5.3", "it is")
    endless = {name: each for name, each in thanks.items() if not _is_bounded(_gift(each[0]))}
    places = [each[0].place for each in endless.values()]
    yield (
        no("5.4", f"{listed(endless)} has neither a budget nor a stock", places)
        if endless
        else yes("5.4", "it has one")
    )
    yield _disclosed(scene, [place for each in thanks.values() for place in each])


def _disclosed(scene: Scene, given: Sequence[Spot]) -> Criterion:
    """Whether each survey whose answer leads to a gift says so, and no other does."""
    thanked = {(each.journey.name, asked) for each in given if (asked := _asked_by(each))}
    whoever = any(not _asked_by(each) for each in given)
    silent, empty = [], []
    for each in scene.invitations:
        message = message_of(each)
        gives = whoever or (each.journey.name, _asked_by(each) or each.path) in thanked
        if gives and not (isinstance(message, Survey) and tells(message)):
            silent.append(each)
        elif _promise(each) and not gives:
            empty.append(each)
    if silent:
        what = f"{listed(message_of(each).name for each in silent)} does not say in all of its words what there is"
        return no("5.5", what, [each.place for each in silent])
    if empty:
        what = f"{listed(message_of(each).name for each in empty)} promises something, and no gift follows"
        return no("5.5", what, [each.place for each in empty], "give it: Ask(…, thank=Gift(…))")
    return yes("5.5", "each survey says so")


def _promise(spot: Spot) -> str:
    """What a survey says that there is for an answer."""
    message = message_of(spot)
    return message.incentive.strip() if isinstance(message, Survey) else ""


def _asked_by(spot: Spot) -> str:
    """The path of the `Ask` that a step follows up; "" for any other step."""
    return spot.path.partition(f".{FOLLOW_UP}")[0] if f".{FOLLOW_UP}" in spot.path else ""


def _gifts(scene: Scene) -> Mapping[str, Sequence[Spot]]:
    """Every gift by its name, with each step that gives it and that a run may come to."""
    found: dict[str, list[Spot]] = {}
    for each in scene.moods.spots:
        if isinstance(each.step, s.Send) and isinstance(each.step.message, Gift) and scene.moods.may_come(each):
            found.setdefault(each.step.message.name, []).append(each)
    return found


def _unfair(scene: Scene, gifts: Mapping[str, Sequence[Spot]]) -> Mapping[str, Sequence[Spot]]:
    """The gifts that somewhere hang on a good score, and that do not follow from bad feedback as well."""
    bad = set(map(id, scene.moods.following("bad")))
    found: dict[str, list[Spot]] = {}
    for name, places in gifts.items():
        praised = [each for each in places if scene.moods.hangs_on_praise(each)]
        if praised and not any(id(each) in bad and each not in praised for each in places):
            found[name] = praised
    return found


def _unfair_offers(scene: Scene) -> Mapping[str, Place]:
    """The suggestions of gifts that are made only to those who were content."""
    gifts = ((place, each) for place, each in scene.suggestions if each.kind == "gift" and each.given is not None)
    return {each.name: place for place, each in gifts if each.given is not None and scene.moods.is_praise(each.given)}


def _thanks(scene: Scene, unfair: Mapping[str, Sequence[Spot]]) -> Mapping[str, Sequence[Spot]]:
    """The gifts that follow from feedback, and not from bad feedback alone: those are apologies."""
    found: dict[str, list[Spot]] = {}
    good, bad = scene.moods.following("good"), scene.moods.following("bad")
    for each in good:
        if isinstance(each.step, s.Send) and isinstance(each.step.message, Gift):
            name = each.step.message.name
            if name in unfair or any(isinstance(one.step, s.Send) and one.step.message.name == name for one in bad):
                found.setdefault(name, []).append(each)
    return found


def _gift(spot: Spot) -> Gift:
    message = spot.step.message if isinstance(spot.step, s.Send) else None
    if not isinstance(message, Gift):
        raise TypeError("this step gives nothing")
    return message


def _is_bounded(gift: Gift) -> bool:
    return gift.budget is not None or gift.stock is not None


def _is_limited(scene: Scene, spot: Spot) -> bool:
    """Whether one customer gets it only so often: by the gift's own limit, its rule's, or a cap."""
    gift, limit = _gift(spot), spot.rule.limit
    caps = [item for policy in scene.policies_of(spot.journey) for item in policy.items if isinstance(item, Cap)]
    return (
        gift.limit is not None
        or (limit is not None and not limit.per_key)
        or (not gift.exempt and any(binds(each, gift) for each in caps))
    )
