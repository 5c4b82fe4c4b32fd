"""Rule 6: what follows from bad feedback, how soon, and what from praise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Final

import attrs

from touchpoint.durations import spoken
from touchpoint.journey import steps as s
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Hold
from touchpoint.journey.triggers import CaseEscalated, CaseOverdue, Trigger
from touchpoint.lab.audit.criteria import listed, no, yes
from touchpoint.lab.audit.history import ENOUGH, History
from touchpoint.lab.audit.moods import Moods, is_survey
from touchpoint.lab.audit.result import Criterion, Place
from touchpoint.lab.audit.scene import Scene
from touchpoint.lab.audit.spots import Spot
from touchpoint.lab.checks.policies import binds
from touchpoint.model.case import RESPONSE, SEVERITIES, CaseType, Within
from touchpoint.model.message import Gift, Message

_OTHER_KINDS: Final = frozenset({"transactional", "service", "feedback", "gift"})
"""Kinds of message that promote nothing; of others that may be so."""
_SERVES: Final = (s.Send, s.OpenCase, s.Call, s.Give)
"""Steps by which somebody is answered, or somebody else is put to it."""


@attrs.frozen(eq=False)
class _Reaction:
    """What follows from bad feedback."""

    scene: Scene
    spots: tuple[Spot, ...]

    @cached_property
    def opened(self) -> Mapping[str, Spot]:
        """The kinds of case that are opened, each where it is first."""
        found: dict[str, Spot] = {}
        for each in self.spots:
            if isinstance(each.step, s.OpenCase):
                found.setdefault(each.step.case, each)
        return found

    @cached_property
    def kinds(self) -> Mapping[str, CaseType]:
        """The types of these cases, as far as they are declared."""
        known = {each.name: each for journey in self.scene.journeys for each in journey.cases}
        return {name: known[name] for name in self.opened if name in known}

    @cached_property
    def with_deadline(self) -> list[str]:
        """Those of which the first answer is due at some time."""
        return [name for name, each in self.kinds.items() if next(_promised(each), None) is not None]

    @cached_property
    def answers(self) -> list[Spot]:
        """The steps by which the customer is answered."""
        return answering(self.scene)


def reaction(scene: Scene, history: History | None) -> Iterator[Criterion]:
    """Rule 6."""
    spots = tuple(_reactions(scene, scene.moods))
    it = _Reaction(scene, spots)
    if not spots:
        yield no("6.1", "nothing follows from bad feedback")
    else:
        rules = dict.fromkeys(each.rule.name for each in spots)
        yield yes("6.1", f"starts {listed(rules)}", [each.place for each in spots[:1]])
        yield _to_all(scene)
        yield _case(it)
        yield _answered(it)
        yield _held(it)
        yield _told(it)
    yield _thanked(scene)
    if history is not None and history.bad >= ENOUGH:
        what = f"{history.bad_answered:,} of {history.bad:,} pieces of bad feedback were answered"
        yield yes("6.8", what) if history.bad_answered else no("6.8", what)


def _reactions(scene: Scene, moods: Moods, types: Iterable[str] | None = None) -> Iterator[Spot]:
    """The steps by which something is done about bad feedback, and not only what is sent to whoever says anything."""
    everybody = {each.place for each in moods.following("good", types)}
    for each in moods.following("bad", types):
        is_ours = isinstance(each.step, s.OpenCase) or _reaches_staff(scene, each)
        if _acts(each) and (is_ours or each.place not in everybody):
            yield each


def answering(scene: Scene) -> list[Spot]:
    """The steps by which somebody who said something bad hears from us; thanks for any answer are none."""
    thanked = {each.place for each in scene.moods.following("good") if _gives(each)}
    return [each for each in scene.moods.following("bad") if _is_answer(each) and each.place not in thanked]


def _gives(spot: Spot) -> bool:
    return isinstance(spot.step, s.Send) and isinstance(spot.step.message, Gift)


def _acts(spot: Spot) -> bool:
    return isinstance(spot.step, _SERVES) and not (isinstance(spot.step, s.Send) and is_survey(spot.step))


def _is_answer(spot: Spot) -> bool:
    """Whether the customer hears from us, or a person of ours is given the task."""
    return isinstance(spot.step, s.Send) and _acts(spot)


def _to_all(scene: Scene) -> Criterion:
    types = list(dict.fromkeys((*scene.declared, *scene.undeclared)))
    deaf = [each for each in types if not any(_reactions(scene, scene.moods, [each]))]
    if deaf:
        return no("6.2", f"nothing follows from bad {listed(deaf)}")
    for name, scale, grade in scene.mild:
        if not any(_reactions(scene, attrs.evolve(scene.moods, only=grade), [name])):
            what = f"nothing follows from {name!r} with a score of {grade.worst}, on the scale {scale}"
            return no("6.2", what, mend="let the rule start with every bad score, such as event.score <= 6 of 0 to 10")
    return yes("6.2", f"to {listed(types)}")


def _case(it: _Reaction) -> Criterion:
    if not it.opened:
        return no("6.3", "no case is opened", [it.spots[0].place])
    if not it.with_deadline:
        what = f"the case {listed(it.opened)} has no deadline for the first answer"
        return no("6.3", what, [each.place for each in it.opened.values()])
    name = it.with_deadline[0]
    within = it.kinds[name].within(RESPONSE) or next(_promised(it.kinds[name]))
    return yes("6.3", f"{name!r}, to be answered within {_said(within)}", [it.opened[name].place])


def _answered(it: _Reaction) -> Criterion:
    if not it.answers:
        return no("6.4", "no message, task or gift follows", [each.place for each in it.spots[:1]])
    first = min(it.answers, key=lambda each: each.since_start)
    # How long business hours take on the clock depends on the day: they are not compared.
    due = [each for name in it.with_deadline for each in _promised(it.kinds[name])]
    limit = max((each for each in due if isinstance(each, timedelta)), default=None)
    waits = first.waited if it.scene.moods.heard(first.event, it.scene.moods.types) else first.since_start
    if limit is not None and waits > limit:
        what = f"the first answer waits at least {spoken(waits)}, the case is to be answered within {spoken(limit)}"
        return no("6.4", what, [first.place], "answer first, and wait afterwards")
    message = first.step.message.name if isinstance(first.step, s.Send) else ""
    return yes("6.4", f"by {message!r}" + (f", {spoken(waits)} later" if waits > timedelta(0) else ""), [first.place])


def _promised(case: CaseType) -> Iterator[Within]:
    """The times to the first answer, by severity."""
    return (each for severity in SEVERITIES if (each := case.within(RESPONSE, severity)) is not None)


def _said(within: Within) -> str:
    return spoken(within) if isinstance(within, timedelta) else str(within)


# --- holds ------------------------------------------------------------------------------------------------------------


def _held(it: _Reaction) -> Criterion:
    promoting = list(_promotions(it.scene))
    if not promoting:
        return yes("6.5", "nothing is promoted")
    if not it.opened:
        return no("6.5", "there is no case for which promotions could wait")
    free = [(journey, path, message) for journey, path, message in promoting if not _waits(it, journey, message)]
    if free:
        what = f"{listed(message.name for _, _, message in free)} goes out while {listed(it.opened)} is open"
        return no("6.5", what, [Place(journey.name, path) for journey, path, _ in free])
    return yes("6.5", f"{listed(message.name for _, _, message in promoting)} waits")


def _promotions(scene: Scene) -> Iterator[tuple[Journey, str, Message]]:
    """Every message and suggestion that promotes something, at its first place."""
    seen: set[tuple[str, str]] = set()
    for journey in scene.journeys:
        offers = ((f"$.suggestions[{n}]", each.message) for n, each in enumerate(journey.suggestions))
        yield from ((journey, path, each) for path, each in offers if each.effective_kind not in _OTHER_KINDS)
    for each in scene.moods.spots:
        step = each.step
        if isinstance(step, s.Send) and step.message.effective_kind not in _OTHER_KINDS:
            key = each.journey.name, step.message.name
            if key not in seen:
                seen.add(key)
                yield each.journey, f"{each.path}.message", step.message


def _waits(it: _Reaction, journey: Journey, message: Message) -> bool:
    """Whether some hold keeps a message while any of the cases is open."""
    holds = [item for policy in it.scene.policies_of(journey) for item in policy.items if isinstance(item, Hold)]
    fitting = [each for each in holds if binds(each, message)]
    return all(any(hold.while_open is None or case in hold.while_open for hold in fitting) for case in it.opened)


# --- overdue ----------------------------------------------------------------------------------------------------------


def _told(it: _Reaction) -> Criterion:
    if not it.with_deadline:
        return no("6.6", "there is no deadline that could be missed")
    untold = [name for name in it.with_deadline if not _tells(it.scene, name)]
    if untold:
        what = f"no rule tells anybody that {listed(untold)} is overdue"
        return no("6.6", what, [it.opened[name].place for name in untold])
    return yes("6.6", f"somebody is told that {listed(it.with_deadline)} is overdue")


def _tells(scene: Scene, case: str) -> bool:
    """Whether somebody of ours learns that the first answer is overdue, or that the case is escalated."""
    return any(
        any(_is_late(each, case) for each in spot.rule.when) and _reaches_staff(scene, spot)
        for spot in scene.moods.spots
    )


def _is_late(trigger: Trigger, case: str) -> bool:
    if isinstance(trigger, CaseOverdue):
        return trigger.case == case and trigger.which in (None, RESPONSE)
    return isinstance(trigger, CaseEscalated) and trigger.case == case


def _reaches_staff(scene: Scene, spot: Spot) -> bool:
    """Whether somebody of ours learns of it: by a task, or by whatever the host does."""
    if isinstance(spot.step, s.Call):
        return True
    if not isinstance(spot.step, s.Send):
        return False
    return any(map(scene.is_human, spot.step.message.channels))


# --- praise -----------------------------------------------------------------------------------------------------------


def _thanked(scene: Scene) -> Criterion:
    found: Sequence[Spot] = [each for each in scene.moods.following("good") if _is_answer(each)]
    if not found:
        return no("6.7", "nothing is sent to who praises")
    step = found[0].step
    return yes("6.7", f"by {step.message.name!r}" if isinstance(step, s.Send) else "yes", [found[0].place])
