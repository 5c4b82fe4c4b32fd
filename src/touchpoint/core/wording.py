"""What the words of messages look up."""

from typing import TypeAlias

from touchpoint.model.message import Content

Look: TypeAlias = tuple[str, tuple[str, ...], bool]
"""A look-up of a template: its root, its path, and whether it has a fallback wherever it stands."""


def looks_in(content: Content | None) -> tuple[Look, ...]:
    """What a content looks up, each once; nothing where there is none."""
    parts = () if content is None else content.templates.values()
    found: dict[tuple[str, tuple[str, ...]], bool] = {}
    for field in (field for part in parts for field in part.fields):
        place = (field.root, field.path)
        found[place] = found.get(place, True) and field.has_fallback
    return tuple((*place, covered) for place, covered in found.items())
