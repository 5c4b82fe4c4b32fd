"""What experiments must be: Splits of one name are one, and everybody takes some variant (S9)."""

from collections.abc import Iterator, Mapping

from touchpoint.errors import Problem, hint
from touchpoint.journey import steps, triggers
from touchpoint.journey.taken_apart import Parts


def experiment_problems(nodes: Parts) -> Iterator[Problem]:
    """Splits of one name are one experiment: a customer keeps the variant wherever the paths part."""
    first: dict[str, tuple[str, Mapping[str, int]]] = {}
    for path, split in nodes.only(steps.Split):
        place, shares = first.setdefault(split.name, (path, split.shares))
        if dict(shares) != dict(split.shares):
            found = f"the split {split.name!r} has other variants or weights at {place}"
            yield Problem(path, found, "give both the same ones, or one of them another name")


def split_problems(nodes: Parts) -> Iterator[Problem]:
    """Variants, weights, and triggers that name a variant."""
    variants = {split.name: split.arms for _, split in nodes.only(steps.Split)}
    for path, split in nodes.only(steps.Split):
        if len(split.arms) < 2:
            yield Problem(f"{path}.arms", f"the split {split.name!r} has fewer than two variants", "name the others")
        for variant in split.weights:
            if variant not in split.arms:
                found = f"there is no variant {variant!r} in this split{hint(variant, split.arms)}"
                yield Problem(f"{path}.weights", found, "name a variant of arms")
        if split.arms and not any(split.shares.values()):
            yield Problem(f"{path}.weights", f"nobody takes any variant of the split {split.name!r}", "weigh one")
    for path, trigger in nodes.only(triggers.Exposed):
        if trigger.split in variants and trigger.variant is not None and trigger.variant not in variants[trigger.split]:
            found = f"the split {trigger.split!r} has no variant {trigger.variant!r}"
            yield Problem(path, found + hint(trigger.variant, variants[trigger.split]), "name a variant of it")
