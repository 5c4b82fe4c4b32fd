"""Opening a store to look at it: nothing is created, and nothing that is done while looking stays."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NoReturn

from touchpoint.channels import (
    Capabilities,
    FailureCode,
    FunctionChannel,
    Outcome,
    Refused,
    SendRequest,
    default_address_kind,
)
from touchpoint.cli.loading import load
from touchpoint.cli.settings import Settings, settings_of
from touchpoint.clock import VirtualClock
from touchpoint.engine.engine import Engine
from touchpoint.engine.opening import open_store
from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.journey.journey import Journey
from touchpoint.stores.base import Reader, Store, Transaction

SECRET: Final = "TOUCHPOINT_SECRET"  # noqa: S105 - a name, not what it holds
"""The environment variable from which the secret of `Engine(secret=)` is taken."""


class _UndoError(Exception):
    """Makes a transaction roll back."""


def _undo() -> NoReturn:
    raise _UndoError


class LookOnly:
    """A store on which every transaction is rolled back.

    An engine keeps the journeys it is given, and brings customers up to them; asking a question should do neither.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @contextmanager
    def transaction(self, connection: object = None) -> Iterator[Transaction]:
        """As the store's, but rolled back at its end."""
        try:
            with self.store.transaction(connection) as tx:
                yield tx
                _undo()
        except _UndoError:
            return

    def reading(self) -> AbstractContextManager[Reader]:
        """As the store's."""
        return self.store.reading()

    def generation(self) -> int:
        """As the store's."""
        return self.store.generation()

    def checkpoint(self, *, rewrite: bool = False) -> bool:  # noqa: ARG002 - part of the port
        """Nothing to fold."""
        return True

    def left_over(self, texts: Sequence[str]) -> bool:
        """As the store's."""
        return self.store.left_over(texts)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def file_of(url: str) -> Path | None:
    """The file of a store's URL; None for one in memory, or of another kind."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme == "sqlite" and path and path != ":memory:" else None


def open_to_look(url: str) -> LookOnly:
    """The store behind a URL, which has to be there.

    Raises:
        InvalidInput: there is no such store.
        StoreError: it cannot be opened.
    """
    return LookOnly(open_store(there(url)))


def there(url: str) -> str:
    """The URL itself, where its store is there. Raises InvalidInput."""
    path = file_of(url)
    if url.startswith("sqlite:") and (path is None or not path.is_file()):
        where = "a store in memory is empty when it is opened" if path is None else f"there is no file {path}"
        raise InvalidInput(f"no store there: {where}; make one with touchpoint run --store sqlite:///file.db")
    return url


def kept_journeys(store: Store) -> Sequence[Journey]:
    """The latest version of each journey that the store has been used with.

    Raises:
        InvalidInput: there is none, or one that cannot be read by itself, since it declares classes.
    """
    from touchpoint.journey.codec import loads

    with store.reading() as reader:
        latest = {name: text for _, name, text, _ in sorted(reader.definitions(), key=lambda row: row[3])}
        latest |= {row.journey: reader.definition(row.hash) or "" for row in reader.releases()}
    if not latest:
        raise InvalidInput("this store keeps no journeys yet; name the file that defines them: --journeys FILE")
    try:
        return [loads(text) for text in latest.values()]
    except JourneyError as error:
        message = (
            f"the journeys kept in this store cannot be used by themselves; name their file: --journeys FILE\n{error}"
        )
        raise InvalidInput(message) from error


@contextmanager
def engine_on(url: str, journeys: Path | None, at: datetime | None) -> Iterator[tuple[Engine, LookOnly]]:
    """An engine that only looks at a store, with the store.

    Where people were erased, the environment variable of `SECRET` tells the secret: without it nobody can say how some
    addresses stand.

    Args:
        url: of the store.
        journeys: the file that defines them, and the policy and feedback of the engine; those kept in the store unless
            given.
        at: what the clock says; the machine's unless given.

    Raises:
        InvalidInput, JourneyError, StoreError.
    """
    store = open_to_look(url)
    try:
        found, own = _defined(store, journeys)
        clock = None if at is None else VirtualClock(at)
        engine = Engine(
            store, journeys=found, channels=stand_ins(found), policy=own.policy, clock=clock,
            secret=os.environ.get(SECRET), feedback=own.feedback,
        )  # fmt: skip
        yield engine, store
    finally:
        store.close()


@contextmanager
def engine_at_work(url: str, journeys: Path | None, *, release: bool = False) -> Iterator[Engine]:
    """An engine that changes a store, which has to be there, and hands nothing over.

    Args:
        url: of the store.
        journeys: the file that defines them, and the policy of the house; those kept in the store unless given.
        release: whether what the file has changed is released by this, in the mode `follow`.

    Raises:
        InvalidInput, JourneyError, StoreError.
    """
    store = open_store(there(url))
    try:
        found, own = _defined(store, journeys)
        yield Engine(
            store, journeys=found, channels=stand_ins(found), policy=own.policy, volume_breaker=None,
            release_on_open=release, secret=os.environ.get(SECRET), feedback=own.feedback,
        )  # fmt: skip
    finally:
        store.close()


def _defined(store: Store, journeys: Path | None) -> tuple[Sequence[Journey], Settings]:
    """The journeys of a file, with what it says of the engine; those kept in the store where there is no file."""
    if journeys is None:
        return kept_journeys(store), Settings()
    program = load(journeys)
    return program.journeys, settings_of(journeys, program)


def stand_ins(journeys: Iterable[Journey]) -> list[FunctionChannel]:
    """Channels for those that the journeys name, so that the gate looks at addresses as it would with real ones."""
    messages = [message for journey in journeys for message in journey.messages.values()]
    return [_stand_in(name) for name in sorted({name for message in messages for name in message.channels})]


def _stand_in(name: str) -> FunctionChannel:
    kind = default_address_kind(name)
    return FunctionChannel(
        _nobody, Capabilities(name, frozenset({kind}), remembers_keys_for=None, recording=True), kind
    )


def _nobody(request: SendRequest) -> Outcome:
    return Refused(FailureCode.CONTENT_REJECTED, detail=f"nothing is sent while looking: {request.channel}")


def size_of(path: Path) -> int:
    """Bytes of a store's file and its write-ahead log."""
    files = [path, Path(f"{path}-wal")]
    return sum(each.stat().st_size for each in files if each.exists())
