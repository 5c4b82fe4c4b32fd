"""Checks of `was=`: earlier names are gone, and were those of one rule or step (S4.5, S5.4)."""

from collections.abc import Iterable, Iterator, Sequence

from touchpoint.errors import Problem
from touchpoint.journey import steps
from touchpoint.journey.rule import Rule

Named = tuple[str, str, Sequence[str]]
"""The path of a `was`, whose it is, and the earlier names."""


def wrong_earlier_names(rules: Sequence[tuple[str, Rule]]) -> Iterator[Problem]:
    """What is wrong with the earlier names in these rules, each with its path."""
    named = [(f"{path}.was", rule.name, rule.was) for path, rule in rules]
    yield from _wrong("rule", named, {name for _, name, _ in named})
    for path, rule in rules:
        names = [name for name, _ in steps.identified(rule.then)]
        placed = zip(_placed(rule.then, f"{path}.then"), names, strict=True)
        found = [(f"{place}.was", name, getattr(step, "was", ())) for (place, step), name in placed]
        yield from _wrong("step", found, set(names))


def _placed(taken: Iterable[steps.Step], path: str) -> Iterator[tuple[str, steps.Step]]:
    """Every step with its path, in the order of `flat`."""
    for n, step in enumerate(taken):
        yield f"{path}[{n}]", step
        for name, arm in steps.arms(step):
            yield from _placed(arm, f"{path}[{n}].{name}")


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
