"""What is unfair to customers, or to those who read their reviews (TC7xx)."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from touchpoint.core.keys import Key
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import And, Compare, Count, Ever, Expression, Field, In, Literal, Or, path_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Spacing
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.policies import binds
from touchpoint.lab.checks.scene import PlacedSend, Scene, keys_of
from touchpoint.model.message import BEST_BEFORE, Gift, Message, Survey

SCORES: Final = frozenset(
    {"score", "rating", "stars", "nps", "csat", "ces", "share", "satisfaction", "sentiment", "mood", "feeling"}
)
HAPPY: Final = frozenset({"happy", "promoter", "is_happy", "is_promoter", "satisfied", "is_satisfied"})
_GOOD: Final = frozenset({"positive", "good", "happy", "great", "excellent", "promoter", "satisfied", "praise"})
_ASKS_REVIEW: Final = re.compile(
    r"\breview (us|it|your)\b|\b(write|leave|post|give|share) (us )?(a|an|your) (\w+ )?(review|rating)\b|\brate us\b"
    r"|\btrustpilot\b|\bgoogle review|\bbewerten sie\b|\bbewertung (abgeben|schreiben)\b",
    re.IGNORECASE,
)
_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_HALF: Final = 0.5
_MIDDLE: Final = 3
"""On every scale from 1 to 5 upwards, who gives at least this much is not unhappy."""


def people(scene: Scene) -> Iterator[Finding]:
    """Everything that is unfair to somebody."""
    yield from _only_the_happy(scene)
    yield from _untold(scene)
    yield from _compete(scene)


# --- only the happy ---------------------------------------------------------------------------------------------------


def _only_the_happy(scene: Scene) -> Iterator[Finding]:
    sends: dict[tuple[str, str], list[tuple[Journey, Rule, PlacedSend]]] = {}
    for journey, rule, each in scene.sends():
        sends.setdefault((journey.name, each.step.message.name), []).append((journey, rule, each))
    for places in sends.values():
        journey, rule, first = places[0]
        message = first.step.message
        good = [next((one for one in _wishes(each) if is_good(one)), None) for _, _, each in places]
        if any(each is None for each in good):  # somewhere it goes to others, too
            continue
        about = f"rule {rule.name}"
        if asks_review(message):
            what = f"{message.name!r} asks for a review, and only where {good[0]}"
            yield found("TC701", journey.name, first.path, about, what)
        elif _is_given(message):
            what = f"the gift {message.name!r} is given only where {good[0]}"
            yield found("TC702", journey.name, first.path, about, what)


def _wishes(each: PlacedSend) -> Sequence[Expression]:
    still = each.step.still
    return (*each.path_conditions, *(() if still is None else (still,)))


def asks_review(message: Message) -> bool:
    """Whether a message asks for a review that others will read."""
    if isinstance(message, Survey) and message.scale == "review":
        return True
    words = [message.wants, *(text or "" for each in message.contents.values() for text in (each.subject, each.text))]
    return any(_ASKS_REVIEW.search(each) for each in words)


def is_good(condition: Expression) -> bool:
    """Whether a condition is true only of customers who were content."""
    if isinstance(condition, And):
        return any(map(is_good, condition.parts))
    if isinstance(condition, Or):
        return all(map(is_good, condition.parts))
    if isinstance(condition, Ever):
        return condition.where is not None and is_good(condition.where)
    if isinstance(condition, Field):
        return _is_mood(condition)
    return _is_good_comparison(condition)


def _is_good_comparison(condition: Expression) -> bool:
    match condition:
        case Compare(">" | ">=" | "==", Count(where=Expression() as where), Literal(value)):
            return value != 0 and is_good(where)
        case Compare(op, Literal() as value, Field() as field):
            return is_good(Compare(_FLIPPED[op], field, value))
        case Compare(op, Field() as field, Literal(value)):
            return (_is_score(field) and _is_high(op, value, _middle(field))) or (
                _is_mood(field) and op == "==" and value is True
            )
        case In(Field() as field, Literal(value=tuple() as options)):
            return _is_score(field) and bool(options) and all(_is_high("==", each, _middle(field)) for each in options)
    return False


def _is_score(field: Field) -> bool:
    return bool(path_of(field)) and path_of(field)[-1].lower() in SCORES


def _is_mood(field: Field) -> bool:
    return bool(path_of(field)) and path_of(field)[-1].lower() in HAPPY


def _middle(field: Field) -> float:
    """What somebody gives at least who is not unhappy."""
    return _HALF if path_of(field)[-1].lower() == "share" else _MIDDLE


def _is_high(op: str, value: object, middle: float) -> bool:
    if isinstance(value, bool):
        return value and op == "=="
    if isinstance(value, str):
        return op == "==" and value.lower() in _GOOD
    if not isinstance(value, int | float | Decimal):
        return False
    return op in (">", ">=", "==") and value >= middle


# --- incentives -------------------------------------------------------------------------------------------------------


def _is_given(message: Message) -> bool:
    return isinstance(message, Gift) or message.kind == "gift"


def _untold(scene: Scene) -> Iterator[Finding]:
    """Surveys that do not tell of the gift that their answer earns."""
    for journey, rule, each in scene.sends():
        ask = each.step
        if not isinstance(ask, s.Ask) or ask.thank is None or not _is_given(ask.thank):
            continue
        for survey in (ask.message, ask.reminder):
            if survey is None or tells(survey):
                continue
            said = f"does not say so in the words {survey.incentive!r}" if survey.incentive else "has no incentive="
            what = f"the answer to {survey.name!r} earns {ask.thank.name!r}, and the survey {said}"
            yield found("TC704", journey.name, each.path, f"rule {rule.name}", what)


def tells(survey: Survey) -> bool:
    """Whether every content of a survey has its incentive in it, in plain words and in HTML alike."""
    told = " ".join(survey.incentive.split())
    parts = [text for content in survey.content.values() for text in (content.text, content.html) if text]
    return bool(told) and bool(parts) and all(told in " ".join(text.split()) for text in parts)


# --- teams ------------------------------------------------------------------------------------------------------------


def _compete(scene: Scene) -> Iterator[Finding]:
    promoting = [(journey, _promotions(journey)) for journey in scene.journeys if journey.team]
    for n, (one, ours) in enumerate(promoting):
        for other, theirs in promoting[n + 1 :]:
            if one.team == other.team:
                continue
            for key in sorted(ours.keys() & theirs.keys()):
                if not _is_shared(scene, one, other, [*ours[key], *theirs[key]]):
                    what = (
                        f"team {one.team!r} and team {other.team!r} (journey {other.name!r}) both promote something "
                        f"after {key[1] or key[0]}"
                    )
                    yield found("TC703", one.name, "$", "the journey", what)
                    break


def _promotions(journey: Journey) -> dict[Key, list[Message]]:
    """What a journey promotes, by the events that lead to it."""
    promoted: dict[Key, list[Message]] = {}
    for rule in journey.rules:
        messages = [step.message for step in s.flat(rule.then) if isinstance(step, s.Send)]
        kinds = [each for each in messages if each.effective_kind not in BEST_BEFORE and not each.exempt]
        for key in keys_of(rule.when, journey.name, rule.name) if kinds else ():
            promoted.setdefault(key, []).extend(kinds)
    return promoted


def _is_shared(scene: Scene, one: Journey, other: Journey, messages: Sequence[Message]) -> bool:
    """Whether one cap or spacing binds all of these, whichever journey they come from."""
    both = [each for each in one.policy.items if each in other.policy.items]
    shared = [each for each in (*scene.policy.items, *both) if isinstance(each, Cap | Spacing)]
    return any(all(binds(item, message) for message in messages) for item in shared)
