"""Journey coverage for people: lines for a terminal, and one page of HTML with each journey drawn."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

import attrs

from touchpoint.lab.coverage import Coverage, Element

_PARTS: Final[Mapping[str, str]] = {
    "stage": "stages", "transition": "transitions", "segment": "segments",
    "rule": "rules", "step": "steps", "arm": "arms", "exit": "exits",
    "suggestion": "suggestions", "message": "messages", "wording": "wordings", "gate": "gate", "channel": "channels",
    "boundary": "boundaries",
}  # fmt: skip
_SECTIONS: Final[Mapping[str, str]] = {
    "stages": "Stages", "segments": "Segments", "rules": "Rules", "suggestions": "Suggestions", "messages": "Messages",
    "policy": "Edges of windows and caps",
}  # fmt: skip
_LEGEND: Final = (
    "✓ was seen, ✗ never was. ○ is something rare that was seen and would not have been missed. What stands in a box "
    "belongs to it; the arms of a step are boxes in it."
)
_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em; color: #1b1b1b; background: #fff }
ul { list-style: none; margin: 0; padding: 0 }
.stages > ul { display: flex; flex-wrap: wrap; gap: .7em }
.box { border: 1px solid #777; border-left-width: 6px; border-radius: 4px; margin: .35em 0; padding: .25em .6em }
.leaf { margin: .1em 0; padding: 0 .4em }
.leaf.all, .leaf.also { background: #e3f1e3 }
.leaf.none { background: #fbe1df; outline: 1px dashed #a1251b }
.box.all { border-color: #2c6e2f }
.box.some { border-color: #9a6a00 }
.box.none { border-color: #a1251b; border-style: dashed }
.count { color: #555; font-size: 90% }
"""


def term(coverage: Coverage, *, most: int | None = None) -> str:
    """Text for a terminal: for each journey a line with its percentage, then what is missing, a sentence each.

    Args:
        coverage: what was collected.
        most: how many sentences for each journey at most; all of them unless given.
    """
    lines = [line for name in coverage.journeys for line in _journey_lines(name, coverage.part(name), most)]
    total = f"all journeys: {shown(coverage.percent)} of {len(coverage.covered) + len(coverage.missing)}"
    return "\n".join([*lines, total] if len(coverage.journeys) != 1 else lines)


def shown(percent: float) -> str:
    """A percentage with one decimal, rounded down, so that only what is whole is called 100.0 %."""
    return f"{int(percent * 10) / 10:.1f} %"


def _journey_lines(name: str, part: Coverage, most: int | None) -> Iterator[str]:
    covered = Counter(_PARTS.get(each.kind, each.kind) for each in part.covered)
    listed = covered + Counter(_PARTS.get(each.kind, each.kind) for each in part.missing)
    parts = ", ".join(f"{each} {covered[each]}/{n}" for each, n in listed.items())
    yield f"{name}: {shown(part.percent)} of {listed.total()}" + (f" ({parts})" if parts else "")
    missing = part.missing if most is None else part.missing[:most]
    yield from (f"  - {each.words}" for each in missing)
    if len(missing) < len(part.missing):
        yield f"  … and {len(part.missing) - len(missing)} more"


@attrs.define(eq=False)
class _Part:
    """A part of the drawing: an element, or a box with parts in it, by name and in order."""

    name: str
    element: Element | None = None
    parts: dict[str, "_Part"] = attrs.Factory(dict)

    def elements(self) -> Iterator[Element]:
        """Every element in it."""
        if self.element is not None:
            yield self.element
        for each in self.parts.values():
            yield from each.elements()


def html(coverage: Coverage, title: str = "Journey coverage") -> str:
    """A page of HTML that stands alone: every journey drawn, what was never seen marked by colour, sign and word."""
    body = [f"<h1>{escape(title)}: {shown(coverage.percent)}</h1>", f"<p>{_LEGEND}</p>"]
    body += [line for name in coverage.journeys for line in _drawn(name, coverage.part(name))]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _drawn(name: str, part: Coverage) -> Iterator[str]:
    yield f"<h2>{escape(name)}: {shown(part.percent)} of {len(part.covered) + len(part.missing)}</h2>"
    drawing = _tree(each for each in part.elements.values() if not each.optional or part.hits[each.id])
    for key, section in drawing.parts.items():
        yield f'<section class="{escape(key, quote=True)}"><h3>{escape(_SECTIONS.get(key, key))}</h3><ul>'
        for each in section.parts.values():
            yield from _lines(each, part.hits)
        yield "</ul></section>"


def _tree(elements: Iterable[Element]) -> _Part:
    root = _Part("")
    for element in elements:
        at = root
        for name in element.place:
            at = at.parts.setdefault(name, _Part(name))
        at.element = element
    return root


def _lines(part: _Part, hits: Counter[str]) -> Iterator[str]:
    if part.element is not None:
        yield _leaf(part.name, part.element, hits[part.element.id])
    if not part.parts:
        return
    asked = [each for each in part.elements() if not each.optional]
    seen = sum(1 for each in asked if hits[each.id])
    how, sign = ("all", "✓") if seen == len(asked) else (("some", "◐") if seen else ("none", "✗"))
    count = f"{seen} of {len(asked)} seen" if seen else "never seen"
    label = f'<strong>{escape(part.name)}</strong> <span class="count">{count}</span>' if asked else escape(part.name)
    yield f'<li class="box {how}">{sign} {label}<ul>'
    for each in part.parts.values():
        yield from _lines(each, hits)
    yield "</ul></li>"


def _leaf(name: str, element: Element, hits: int) -> str:
    how, sign = ("also", "○") if element.optional else (("all", "✓") if hits else ("none", "✗"))
    times = "once" if hits == 1 else f"{hits} times"
    words = f"seen {times}" if hits else f"never: {element.words}"
    return f'<li class="leaf {how}">{sign} {escape(name)} <span class="count">{escape(words)}</span></li>'
