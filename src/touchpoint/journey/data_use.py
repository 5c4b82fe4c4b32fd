"""Which traits messages use, and whether they may (S7.5)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import attrs

from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, fields_of
from touchpoint.journey.contents import contents, texts, wordings
from touchpoint.journey.segment_checks import asked_segments
from touchpoint.model.message import Message
from touchpoint.model.template import Template
from touchpoint.model.trait import TraitUse, uses_of

Declared = Mapping[str, tuple[TraitUse, ...]]
"""What is declared of each trait: by every class that has it, and each of them binds."""
Segments: TypeAlias = Mapping[tuple[str, str], Expression]
"""The conditions of segments by (journey, name)."""
Behind: TypeAlias = Callable[[Expression], Iterable[str]]
"""The traits that a condition depends on."""


@attrs.frozen
class Misuse:
    """A trait that a message uses beyond its declaration.

    Args:
        trait: its name.
        place: where, from the message on: `.content["*"].text`, `.wordings[0].given`, `.uses`.
        contents: the keys (`Message.contents`) of the content that it concerns.
    """

    trait: str
    place: str
    contents: tuple[str, ...]


def declared(classes: Iterable[type]) -> Declared:
    """What these classes declare, together."""
    found: dict[str, tuple[TraitUse, ...]] = {}
    for cls in dict.fromkeys(classes):
        for name, use in uses_of(cls).items():
            found[name] = (*found.get(name, ()), use)
    return found


def traits_in(text: str) -> tuple[str, ...]:
    """The traits that a template looks up, each once; none where it cannot be read."""
    try:
        fields = Template.parse(text).fields
    except JourneyError:
        return ()
    return tuple(dict.fromkeys(each.path[0] for each in fields if each.root == "customer"))


def traits_of(condition: Expression) -> tuple[str, ...]:
    """The traits that a condition names, each once."""
    return tuple(dict.fromkeys(path[0] for root, path in fields_of(condition) if root == "customer"))


def traits_behind(condition: Expression, journey: str, segments: Segments) -> tuple[str, ...]:
    """The traits that a condition depends on: those it names, and those behind the segments that it asks about.

    Args:
        condition: what is asked.
        journey: to which it belongs.
        segments: the conditions of segments, by (journey, name).
    """
    found: dict[str, None] = {}
    todo, seen = [(journey, condition)], set[tuple[str, str]]()
    while todo:
        home, here = todo.pop(0)
        found |= dict.fromkeys(traits_of(here))
        for each in asked_segments(home, here):
            if each in segments and each not in seen:
                seen.add(each)
                todo.append((each[0], segments[each]))
    return tuple(found)


def traits_used(message: Message) -> tuple[str, ...]:
    """Every trait that a message uses, each once.

    Those its words look up, those by which its wordings are chosen, and those it names; in that order.
    """
    found = [name for _, _, text in texts(message) for name in traits_in(text)]
    for _, each in wordings(message):
        found += [*traits_of(each.given), *each.uses]
    return tuple(dict.fromkeys([*found, *message.uses]))


def misuses(message: Message, known: Declared, behind: Behind = traits_of) -> Iterator[Misuse]:
    """What a message uses that it may not; `behind` tells which traits the condition of a wording depends on."""
    purposes = message.effective_kind, message.topic

    def forbidden(name: str) -> bool:
        return any(not each.allows(*purposes) for each in known.get(name, ()))

    every = tuple(message.contents)
    yield from (Misuse(name, ".uses", every) for name in message.uses if forbidden(name))
    for n, each in wordings(message):
        own = tuple(said.key for said in contents(message) if said.wording is each)
        for place, names in ((f".wordings[{n}].uses", each.uses), (f".wordings[{n}].given", behind(each.given))):
            yield from (Misuse(name, place, own) for name in names if forbidden(name))
    for said, part, text in texts(message):
        yield from (Misuse(name, f"{said.place}.{part}", (said.key,)) for name in traits_in(text) if forbidden(name))


def misused_content(
    messages: Iterable[tuple[Message, Behind]], known: Declared
) -> dict[tuple[str, str], tuple[str, ...]]:
    """(message, content key) → the traits that its words use beyond their declaration; only where there are any."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for message, behind in messages if known else ():
        for each in misuses(message, known, behind):
            for key in each.contents:
                found.setdefault((message.name, key), {})[each.trait] = None
    return {place: tuple(names) for place, names in found.items()}
