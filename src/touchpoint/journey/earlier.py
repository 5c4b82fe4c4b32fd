"""Checks of `was=`: earlier names are gone, and were those of one rule or step (S4.5, S5.4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from touchpoint.errors import Problem
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Step

Named = tuple[str, str, Sequence[str]]
"""The path of a `was`, whose it is, and the earlier names."""


def wrong_earlier_names(
    rules: Sequence[tuple[str, Rule]], steps: Mapping[str, Sequence[tuple[str, str, Step]]]
) -> Iterator[Problem]:
    """What is wrong with the earlier names in these rules, each with its path.

    Args:
        rules: (path, rule).
        steps: by the path of each rule the (path, identity, step) of its steps.
    """
    named = [(f"{path}.was", rule.name, rule.was) for path, rule in rules]
    yield from _wrong("rule", named, {name for _, name, _ in named})
    for path, _ in rules:
        found = [(f"{place}.was", name, step.was) for place, name, step in steps[path] if step.was]
        if found:
            yield from _wrong("step", found, {name for _, name, _ in steps[path]})


def _wrong(what: str, named: Iterable[Named], known: set[str]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, name, earlier in named:
        for each in earlier:
            if each in known:
                found = f"{each!r} is no earlier name of {what} {name!r}: there is a {what} of that name now"
                yield Problem(path, found, "leave it out; was= lists names that are gone")
            elif each in first:
                found = f"{each!r} is an earlier name of two {what}s, of the other one at {first[each]}"
                yield Problem(path, found, "whoever stands there can go on in one of them only")
            first.setdefault(each, path)
