"""Being told of forks: what a store holds open belongs to one process."""

import os
import weakref
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def watch_forks(
    whom: T, before: Callable[[T], None], after_in_parent: Callable[[T], None], after_in_child: Callable[[T], None]
) -> None:
    """Have these be called at each fork, for as long as somebody else holds on to `whom`."""
    if not hasattr(os, "register_at_fork"):
        return
    known = weakref.ref(whom)

    def tell(what: Callable[[T], None]) -> Callable[[], None]:
        def hook() -> None:
            living = known()
            if living is not None:
                what(living)

        return hook

    os.register_at_fork(before=tell(before), after_in_parent=tell(after_in_parent), after_in_child=tell(after_in_child))
