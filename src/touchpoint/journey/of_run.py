"""What a run alone has: what its rule collected, and what the functions that it calls returned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from touchpoint.errors import JourneyError, Problem, hint
from touchpoint.journey import steps
from touchpoint.journey.conditions import Field, path_of, root_of
from touchpoint.journey.contents import looks_up, texts
from touchpoint.journey.rule import Rule
from touchpoint.journey.taken_apart import owner
from touchpoint.model.template import Field as Looked
from touchpoint.model.template import Template

_OF_BURST: Final = ("count", "first", "last", "all")
_OF_RUN: Final = frozenset({"collected", "result"})
_STAGES: Final = "$.stages["


def problems_of(
    rules: Mapping[str, Rule],
    fields: Iterable[tuple[str, Field]],
) -> Iterator[Problem]:
    """Where conditions look up what no run has there.

    Args:
        rules: by their paths.
        fields: each with the path of the condition in which it stands.
    """
    for path, field in fields:
        root = root_of(field)
        if not isinstance(root, str) or root not in _OF_RUN:
            continue
        rule = rules.get(owner(path))
        if rule is not None or path.startswith(_STAGES):
            for found, fix in _lacks(rule, root, path_of(field)):
                yield Problem(path, f"{field}: {found}", fix)


def lacking_words(
    rules: Iterable[tuple[str, Rule]], placed: Mapping[str, Sequence[tuple[str, str, steps.Step]]]
) -> Iterator[Problem]:
    """Where words do.

    Args:
        rules: each with its path.
        placed: by that the (path, identity, step) of the steps of each.
    """
    for path, rule in rules:
        yield from _lacking_words(rule, placed[path])


def _lacking_words(rule: Rule, placed: Sequence[tuple[str, str, steps.Step]]) -> Iterator[Problem]:
    for place, _, step in placed:
        for said, part, text in texts(step.message) if isinstance(step, steps.Send) and looks_up(step.message) else ():
            for field in _fields(text):
                for found, fix in _lacks(rule, field.root, field.path):
                    yield Problem(f"{place}.message{said.place}.{part}", f"{{{field.name}}}: {found}", fix)


def _fields(text: str | None) -> Sequence[Looked]:
    try:
        return Template.parse(text or "").fields
    except JourneyError:  # said elsewhere
        return ()


def _lacks(rule: Rule | None, root: str, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Why a look-up finds nothing in a rule (None: there is no run), and how to mend it."""
    if root == "collected":
        if rule is None or rule.collect is None:
            yield "nothing is collected here", "write collect=hours(1), say, in the rule that asks"
        elif not path or path[0] not in _OF_BURST or (len(path) == 1) != (path[0] == "count"):
            asked = hint(path[0], _OF_BURST) if path else ""
            yield f"a burst has no such thing{asked}", "write collected.count, or collected.last.price, say"
    elif root == "result" and path:
        taken = () if rule is None else steps.flat(rule.then)
        called = [each.function for each in taken if isinstance(each, steps.Call)]
        if path[0] not in called:
            yield f"no run calls the function {path[0]!r} here{hint(path[0], called)}", "call it in the same rule"
