"""The reference page of the language, made of the code: every trigger, step, condition, limit, policy, check and error.

`python -m touchpoint.lab.words` prints it.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, get_args

from touchpoint import errors
from touchpoint.journey.calendar_triggers import usual
from touchpoint.journey.codec import json_name
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import PolicyItem
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import Candidate, Step
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.triggers import Trigger
from touchpoint.journey.vocabulary import ROOTS, functions
from touchpoint.journey.waiver import Waiver
from touchpoint.model import limits
from touchpoint.policy.checks import CHECKS

Word = Callable[..., object]

_HEADING: Final = re.compile(r"(Args|Attributes|Raises|Returns|Yields):")
_ENTRY: Final = re.compile(r" {4}(?P<name>[A-Za-z_*][\w*, ]*): (?P<text>.*)")
_DEFAULT: Final = re.compile(r"<(?:function|class|attrs|object)[^>]*>|NOTHING")
_LIMITS: Final = (limits.once, limits.once_per_stage, limits.times, limits.cool_down)


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def words() -> list[Word]:
    """Everything that the page tells of."""
    return [each for _, _, found in _parts() for each in found]


def _lines() -> Iterator[str]:
    yield "# The words of the language"
    yield ""
    yield "Every trigger, step, condition, limit, policy, gate check and error, from its own docstring. How they"
    yield "work together is told in [the language](language.md)."
    yield ""
    yield "This page is made by `python -m touchpoint.lab.words`; a test keeps it equal to the code."
    for title, intro, found in _parts():
        yield from _section(title, intro, found)


def _parts() -> Iterator[tuple[str, str, Sequence[Word]]]:
    yield "Journeys", "The parts of a journey.", (Journey, Stage, Segment, Rule, Goal, Suggestion, Waiver)
    yield (
        "Triggers",
        "They start rules, move stages, end waits, reach goals and exit runs.",
        (*get_args(Trigger), usual),
    )
    yield "Steps", "What a run does, one after the other.", (*get_args(Step), Candidate)
    roots = ", ".join(f"`{name}`" for name in sorted(ROOTS))
    intro = f"Functions that conditions call, in Python and as text. What they speak of: {roots}."
    yield "Conditions", intro, [each.build for each in functions().values()]
    yield "Limits", "How often a rule may start, or a message go out.", _LIMITS
    yield "Policies", "What binds messages: the parts of a `Policy`.", get_args(PolicyItem)
    yield "Checks of the gate", "What is asked of every message at every release, in this order.", CHECKS
    yield "Errors", "Each is a `TouchpointError`, and the built-in that it resembles.", _errors()


def _errors() -> list[type]:
    found = [
        each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, errors.TouchpointError)
    ]
    return [each for each in found if not each.__name__.startswith("_")]


def _section(title: str, intro: str, words: Iterable[Word]) -> Iterator[str]:
    yield from ("", f"## {title}", "", intro)
    for each in words:
        yield from ("", f"### {each.__name__}", "", *_told(each))


def _told(word: Word) -> Iterator[str]:
    if signature := _signature(word):
        yield from (f"`{signature}`", "")
    if isinstance(word, type) and issubclass(word, errors.TouchpointError):
        bases = [each.__name__ for each in word.__bases__]
        yield f"A `{'`, `'.join(bases)}`."
        yield ""
    yield from _documented(inspect.getdoc(word) or "")
    if isinstance(word, type) and (name := json_name(word)):
        yield from ("", f"In JSON: `{name}`.")


def _signature(word: Word) -> str:
    """How it is called; nothing for checks and errors, which nobody calls."""
    if (isinstance(word, type) and issubclass(word, errors.TouchpointError)) or word in CHECKS:
        return ""
    parameters = inspect.signature(word).parameters.values()
    shown = [_parameter(each) for each in parameters]
    first_by_name = next((n for n, each in enumerate(parameters) if each.kind is each.KEYWORD_ONLY), None)
    if first_by_name is not None and not any(each.kind is each.VAR_POSITIONAL for each in parameters):
        shown.insert(first_by_name, "*")
    return f"{word.__name__}({', '.join(shown)})"


def _parameter(each: inspect.Parameter) -> str:
    name = f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name
    if each.default is each.empty:
        return name
    default = repr(each.default)
    return f"{name}={'…' if _DEFAULT.search(default) else default}"


def _documented(doc: str) -> Iterator[str]:
    """A docstring as Markdown: its sections become lists."""
    section = ""
    for line in doc.splitlines():
        if found := _HEADING.fullmatch(line.strip()):
            section = found[1]
            yield f"{section}:"
            yield ""
        elif section and (entry := _ENTRY.fullmatch(line)):
            yield f"- `{entry['name']}`: {entry['text']}"
        elif section and line.strip():
            yield f"  {line.strip()}"
        else:
            yield line


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
