"""Rule 5: what there is for an answer, and whether that is fair."""

from collections.abc import Iterator, Mapping, Sequence

from touchpoint.journey import steps as s
from touchpoint.journey.policy import Cap
from touchpoint.lab.audit.criteria import listed, no, yes
from touchpoint.lab.audit.history import History
from touchpoint.lab.audit.result import Criterion
from touchpoint.lab.audit.scene import Scene
from touchpoint.lab.audit.spots import Spot
from touchpoint.lab.checks.policies import binds
from touchpoint.model.message import Gift


def incentive(scene: Scene, history: History | None) -> Iterator[Criterion]:  # noqa: ARG001 - as all rules have it
    """Rule 5."""
    gifts = _gifts(scene)
    unfair = {name: places for name, places in gifts.items() if all(map(scene.moods.hangs_on_praise, places))}
    thanks = _thanks(scene, unfair)
    if thanks:
        yield yes("5.1", f"{listed(thanks)} for an answer", [places[0].place for places in thanks.values()])
    else:
        yield no("5.1", "there is nothing for an answer")
    if unfair:
        what = f"{listed(unfair)} is given only for a good score"
        yield no("5.2", what, [places[0].place for places in unfair.values()])
    else:
        yield yes("5.2", "no gift depends on a good score")
    if not thanks:
        return
    open_ended = {
        name: places for name, places in thanks.items() if not all(_is_limited(scene, each) for each in places)
    }
    places = [each[0].place for each in open_ended.values()]
    yield no("5.3", f"{listed(open_ended)} may be had again and again", places) if open_ended else yes("5.3", "it is")
    endless = {name: each for name, each in thanks.items() if _gift(each[0]).budget is None}
    places = [each[0].place for each in endless.values()]
    yield no("5.4", f"{listed(endless)} has no budget", places) if endless else yes("5.4", "it has one")


def _gifts(scene: Scene) -> Mapping[str, Sequence[Spot]]:
    """Every gift by its name, with each step that gives it and that a run may come to."""
    found: dict[str, list[Spot]] = {}
    for each in scene.moods.spots:
        if isinstance(each.step, s.Send) and isinstance(each.step.message, Gift) and scene.moods.may_come(each):
            found.setdefault(each.step.message.name, []).append(each)
    return found


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


def _is_limited(scene: Scene, spot: Spot) -> bool:
    """Whether one customer gets it only so often: by the gift's own limit, its rule's, or a cap."""
    gift, limit = _gift(spot), spot.rule.limit
    caps = [item for policy in scene.policies_of(spot.journey) for item in policy.items if isinstance(item, Cap)]
    return (
        gift.limit is not None
        or (limit is not None and not limit.per_key)
        or (not gift.exempt and any(binds(each, gift) for each in caps))
    )
