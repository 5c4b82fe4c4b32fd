"""What is different between two versions of journeys, in words that a reviewer reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import SequenceMatcher
from typing import Any, Final

import attrs

from touchpoint.durations import is_calendar, spoken
from touchpoint.files.words import word_name
from touchpoint.journey.expressions import Expression
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.rule import Rule
from touchpoint.journey.source import source
from touchpoint.journey.steps import ARMS, Candidate, Step, arms, identified
from touchpoint.model.message import Content, Message
from touchpoint.model.names import type_name

_SHORT: Final = 80
_WORDS: Final[Mapping[str, str]] = {
    "length": "waits {new} instead of {old}",
    "timeout": "waits at most {new} instead of {old}",
}
_TOLD: Final[Mapping[type, Sequence[str]]] = {Candidate: ("name", "then")}
"""Fields that are told by themselves: the name of what is compared, and the steps of a candidate."""
_NAMED: Final[Mapping[str, str]] = {"given": "condition", "when": "trigger", "respond_within": "respond_within"}


@attrs.frozen
class Difference:
    """One difference. `subject` is what it is about, such as `rule thank`; `words` says what is other now."""

    subject: str
    words: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.words}"


def differences(
    old: Sequence[Journey],
    new: Sequence[Journey],
    *,
    old_policy: Policy | None = None,
    new_policy: Policy | None = None,
) -> list[Difference]:
    """Everything that is different in `new`, in reading order; empty where they are equal.

    Args:
        old: journeys as they were.
        new: journeys as they are now.
        old_policy: the policy of the house as it was.
        new_policy: the policy of the house as it is now.
    """
    before, after = {each.name: each for each in old}, {each.name: each for each in new}
    several = len(before.keys() | after.keys()) > 1
    found: list[Difference] = []
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            found.append(Difference(f"journey {name}", "is new" if name in after else "is gone"))
        else:
            place = f"journey {name}, " if several else ""
            found += [attrs.evolve(each, subject=place + each.subject) for each in _journeys(before[name], after[name])]
    return found + list(_policies("policy of the house", old_policy or Policy(), new_policy or Policy()))


def _journeys(old: Journey, new: Journey) -> Iterator[Difference]:
    for attribute in attrs.fields(Journey):
        before, after = getattr(old, attribute.name), getattr(new, attribute.name)
        if isinstance(before, Policy):
            yield from _policies("policy", before, after)
        elif attribute.name == "rules":
            yield from _messages(old.messages, new.messages)
            yield from _listed("rule", before, after)
        elif _is_named(before) and _is_named(after):
            yield from _listed(attribute.name.removesuffix("s"), before, after)
        elif attribute.name != "name" and before != after:
            yield from _field("journey", attribute.name, before, after)


def _is_named(value: object) -> bool:
    return isinstance(value, tuple) and all(attrs.has(type(each)) and hasattr(each, "name") for each in value)


# --- lists of what has a name -----------------------------------------------------------------------------------------


def _listed(what: str, old: Iterable[Any], new: Iterable[Any]) -> Iterator[Difference]:
    before, after = {each.name: each for each in old}, {each.name: each for each in new}
    names = _renamed(before, after)
    for name, each in before.items():
        if name not in names.values():
            yield Difference(f"{what} {name}", "is gone")
        elif name not in after:
            renamed = next(now for now, was in names.items() if was == name)
            yield Difference(f"{what} {renamed}", f"has a new name, was {name}")
        del each
    for name, each in after.items():
        if name in names:
            yield from _pair(f"{what} {name}", before[names[name]], each, told=_TOLD.get(type(each), ("name",)))
        else:
            yield Difference(f"{what} {name}", "is new")
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Difference(f"{what}s", f"stand in another order: {', '.join(after)}")


def _renamed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """For each name that there is now, the one that it was."""
    found = {name: name for name in after if name in before}
    for name, each in after.items():
        was = [old for old in getattr(each, "was", ()) if old in before and old not in after]
        if name not in found and was:
            found[name] = was[0]
    return found


def _pair(subject: str, old: Any, new: Any, told: Sequence[str] = ARMS) -> Iterator[Difference]:  # noqa: ANN401 - any class
    """The fields of two objects that are one and the same thing, without those that have been told already."""
    if type(old) is not type(new):
        yield Difference(subject, f"is a {word_name(type(new))} instead of a {word_name(type(old))}")
        return
    for attribute in attrs.fields(type(old)):
        before, after = getattr(old, attribute.name), getattr(new, attribute.name)
        if attribute.name == "then" and isinstance(old, Rule):
            yield from _steps(subject, old, new)
        elif attribute.name == "arms":
            if list(before) != list(after):
                yield Difference(subject, f"variants are {', '.join(after)} instead of {', '.join(before)}")
        elif attribute.name not in told and not _same(attribute, before, after):
            yield from _field(subject, attribute.name, before, after)


def _same(attribute: "attrs.Attribute[Any]", old: object, new: object) -> bool:
    key = getattr(attribute, "eq_key", None)
    return bool(old == new) if key is None else bool(key(old) == key(new))


# --- steps ------------------------------------------------------------------------------------------------------------


@attrs.frozen
class _Placed:
    """A step with its identity, and the list of steps in which it stands."""

    id: str
    step: Step = attrs.field(eq=False)
    within: tuple[str, str]


def _placed(rule: Rule) -> dict[str, _Placed]:
    names = {id(step): name for name, step in identified(rule.then)}
    ordered = [name for name, _ in identified(rule.then)]
    if len(names) == len(ordered):
        found = list(_walk(rule.then, ("", ""), names))
        return {each.id: each for each in found}
    # One object stands in several places: only the order tells them apart.
    copied = attrs.evolve(rule, then=tuple(_copied(each) for each in rule.then))
    return _placed(copied)


def _copied(step: Step) -> Step:
    changed: dict[str, Any] = {}
    for attribute in attrs.fields(type(step)):
        value = getattr(step, attribute.name)
        if attribute.name in ARMS:
            changed[attribute.name] = tuple(map(_copied, value))
        elif attribute.name == "candidates":
            changed["candidates"] = tuple(attrs.evolve(each, then=tuple(map(_copied, each.then))) for each in value)
        elif attribute.name == "arms":
            changed[attribute.name] = {name: tuple(map(_copied, arm)) for name, arm in value.items()}
    return attrs.evolve(step, **changed)


def _walk(steps: Iterable[Step], within: tuple[str, str], names: Mapping[int, str]) -> Iterator[_Placed]:
    for step in steps:
        name = names[id(step)]
        yield _Placed(name, step, within)
        for arm, inside in arms(step):
            yield from _walk(inside, (name, arm), names)


def _steps(subject: str, old: Rule, new: Rule) -> Iterator[Difference]:
    before, after = _placed(old), _placed(new)
    for name, each in before.items():
        if name not in after:
            yield Difference(subject, f"step {_step(each)} is gone{_where(each, before)}")
    moved = _moved(before, after)
    for name, each in after.items():
        if name not in before:
            yield Difference(subject, f"new step {_step(each)}{_where(each, after)}")
            continue
        if name in moved:
            yield Difference(subject, f"step {_step(each)} has moved: now{_where(each, after)}")
        yield from _pair(f"{subject}, {_step(each)}", before[name].step, each.step)


def _moved(before: Mapping[str, _Placed], after: Mapping[str, _Placed]) -> set[str]:
    """Steps that stand in another list now, or in another order in the same one."""
    found = {name for name, each in after.items() if name in before and before[name].within != each.within}
    for within in {each.within for each in after.values()}:
        old = [each.id for each in before.values() if each.within == within and each.id in after]
        new = [each.id for each in after.values() if each.within == within and each.id in before]
        common = {name for name in old if name in new}
        old, new = [n for n in old if n in common], [n for n in new if n in common]
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        kept = {name for block in blocks for name in new[block.b : block.b + block.size]}
        found |= common - kept
    return found


def _step(each: _Placed) -> str:
    kind = type(each.step).__name__.lower()
    name = word_name(type(each.step)) + each.id.removeprefix(kind) if each.id.startswith(kind) else each.id
    return name.replace(":", " ", 1)


def _where(each: _Placed, placed: Mapping[str, _Placed]) -> str:
    beside = [other.id for other in placed.values() if other.within == each.within]
    at = beside.index(each.id)
    if at:
        return f" after {_step(placed[beside[at - 1]])}"
    step, arm = each.within
    return f", first in {arm} of {_step(placed[step])}" if step else " at the beginning"


# --- messages, policies -----------------------------------------------------------------------------------------------


def _messages(old: Mapping[str, Message], new: Mapping[str, Message]) -> Iterator[Difference]:
    yield from _listed("message", old.values(), [new[name] for name in sorted(new, key=_as_in(old))])


def _as_in(old: Mapping[str, object]) -> Any:  # noqa: ANN401 - a key to sort by
    """Messages have no order of their own: they stand where they are first sent."""
    places = {name: n for n, name in enumerate(old)}
    return lambda name: places.get(name, len(places))


def _content(subject: str, old: Mapping[str, Content], new: Mapping[str, Content]) -> Iterator[Difference]:
    for key in dict.fromkeys([*old, *new]):
        place = subject if key == "*" else f"{subject}, content {key}"
        if key not in old or key not in new:
            yield Difference(place, "has words" if key in new else "has no words any more")
        else:
            yield from _pair(place, old[key], new[key])


def _policies(subject: str, old: Policy, new: Policy) -> Iterator[Difference]:
    gone = [each for each in old.items if each not in new.items]
    come = [each for each in new.items if each not in old.items]
    for each in list(gone):
        alike = [other for other in come if type(other) is type(each)]
        if len(alike) == 1 and sum(type(other) is type(each) for other in gone) == 1:
            yield from _pair(f"{subject}, {_said(each)}", each, alike[0])
            gone.remove(each)
            come.remove(alike[0])
    yield from (Difference(subject, f"without {_said(each)}") for each in gone)
    yield from (Difference(subject, f"new: {_said(each)}") for each in come)
    if old.look_ahead != new.look_ahead:
        yield from _field(subject, "look_ahead", old.look_ahead, new.look_ahead)


# --- single fields ----------------------------------------------------------------------------------------------------


def _field(subject: str, name: str, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401 - whatever a field holds
    if isinstance(old, Message) and isinstance(new, Message):
        return  # messages are told by themselves
    if name == "content":
        yield from _content(subject, old, new)
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            if key not in old or key not in new or not _alike(old[key], new[key]):
                yield from _field(subject, f"{name} {key}", old.get(key), new.get(key))
        return
    if _is_named(old) and _is_named(new):
        listed = _listed(name.removesuffix("s"), old, new)
        yield from (attrs.evolve(each, subject=f"{subject}, {each.subject}") for each in listed)
        return
    if type(old) is type(new) and _is_told_by_fields(old, new):
        yield from _pair(f"{subject}, {name}", old, new)
        return
    if isinstance(old, tuple) and isinstance(new, tuple) and _said(old) == _said(new) and len(old) == len(new) == 1:
        yield from _field(subject, _NAMED.get(name, name), old[0], new[0])
        return
    yield Difference(subject, _changed(_NAMED.get(name, name), name, old, new))


def _is_told_by_fields(old: Any, new: Any) -> bool:  # noqa: ANN401 - whatever a field holds
    """Whether the words of two objects would not tell them apart, or leave parts out."""
    if isinstance(old, Expression) or not attrs.has(type(old)):
        return False
    return not _has_words(old) or _said(old) == _said(new)


def _has_words(value: object) -> bool:
    """Whether its class says how it is called."""
    return any("__str__" in vars(cls) for cls in type(value).__mro__[:-1])


def _alike(old: Any, new: Any) -> bool:  # noqa: ANN401 - whatever a field holds
    return bool(old.same_as(new)) if isinstance(old, Expression) else bool(old == new)


def _changed(word: str, name: str, old: Any, new: Any) -> str:  # noqa: ANN401 - whatever a field holds
    if _is_nothing(old):
        return f"has now {word}: {_said(new)}"
    if _is_nothing(new):
        return f"has no {word} any more (was {_said(old)})"
    before, after = _said(old), _said(new)
    if before == after or len(before) + len(after) > 2 * _SHORT:  # words that leave out what is other now tell nothing
        return f"{word} changed"
    return _WORDS.get(name, "{word} is {new} instead of {old}").format(word=word, old=before, new=after)


def _is_nothing(value: object) -> bool:
    return value is None or value in ((), "") if not isinstance(value, Expression) else False


def _said(value: Any) -> str:  # noqa: ANN401, PLR0911 - whatever a field holds, one answer for each
    if isinstance(value, Expression):
        return source(value)
    if isinstance(value, tuple):
        return ", ".join(map(_said, value))
    if isinstance(value, timedelta) or is_calendar(value):
        return spoken(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return f'"{value}"' if " " in value or not value else value
    if isinstance(value, type):
        return type_name(value)
    if attrs.has(type(value)) and not _has_words(value):
        return _summed(value)
    return str(value)


def _summed(value: Any) -> str:  # noqa: ANN401 - an attrs object without words of its own
    kept = [getattr(value, each.name) for each in attrs.fields(type(value))]
    said = [_said(each) for each in kept if not _is_nothing(each) and not isinstance(each, bool)]
    return f"{word_name(type(value))} {' '.join(said)}".replace("_", " ").strip()
