"""Opening a store by its URL: the one place where the engine meets a concrete store, and only when it is asked to."""

from typing import Literal

from touchpoint.errors import StoreError
from touchpoint.stores.base import Store

Durability = Literal["full", "fast"]


def open_store(url: str, *, durability: Durability = "full") -> Store:
    """The store behind a URL: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite://` for one in memory.

    Raises:
        StoreError: no such kind of store, or it cannot be opened.
    """
    if not url.startswith("sqlite:"):
        raise StoreError(
            f"no store for the URL scheme {url.partition(':')[0]!r}; "
            "there is sqlite:///file.db, and sqlite:// in memory"
        )
    from touchpoint.stores.sqlite import open_url

    return open_url(url, durability=durability)
