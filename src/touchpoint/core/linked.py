"""What belongs together by links: each thing names at most one that it belongs to, so that all lead back to a root."""

from collections.abc import Mapping


def roots(parents: Mapping[str, str | None], order: Mapping[str, int]) -> dict[str, str]:
    """What each thing leads back to. It takes time in proportion to how many there are.

    A link to what is not there leads to just that, so that all who name it stand together. Of things that name each
    other in a circle the first in order is the root.

    Args:
        parents: what each belongs to; None for nothing.
        order: the rank of each; what is missing comes last.
    """
    found: dict[str, str] = {}
    for start in parents:
        way: dict[str, None] = {}
        at = start
        while at not in found and at not in way:
            way[at] = None
            above = parents.get(at)
            if above is None:
                found[at] = at
            else:
                at = above
        if at not in found:
            circle = list(way)[list(way).index(at) :]
            first = min(circle, key=lambda each: (order.get(each, len(order)), each))
            found.update(dict.fromkeys(circle, first))
        found.update(dict.fromkeys(way, found[at]) | {at: found[at]})
    return found
