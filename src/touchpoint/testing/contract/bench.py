"""The bench on which an adapter is tried: it makes requests, hands them over, and knows what must not leak."""

import asyncio
import inspect
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import attrs

from touchpoint.channels.base import Closes
from touchpoint.clock import SystemClock
from touchpoint.model.delivery import (
    Accepted,
    Address,
    Ambiguous,
    Capabilities,
    Outcome,
    Preflight,
    Refused,
    RenderedMessage,
    SendRequest,
)
from touchpoint.testing.contract.check import broken
from touchpoint.testing.contract.watch import Watch

_SECRET_NAMES: Final = ("token", "secret", "password", "passwd", "api_key", "apikey", "credential", "auth")
AMBIGUOUS: Final = "ambiguous"


class Bench:
    """One adapter with all that its suite was given.

    Args:
        adapter: under test, just made.
        made: what happened while it was made.
        given: attributes and fixtures of the suite by name.
    """

    def __init__(self, adapter: Any, made: Watch, given: Mapping[str, Any]) -> None:  # noqa: ANN401 - it may be anything
        self.adapter = adapter
        self.made = made
        self._given = given
        self._prefix = uuid.uuid4().hex
        self._requests = 0
        self._loop: asyncio.Runner | None = None

    def given(self, name: str) -> Any:  # noqa: ANN401 - each has a type of its own
        """What the suite was given under this name; None where it is nothing or empty."""
        value = self._given.get(name)
        return None if isinstance(value, (tuple, list, dict)) and not value else value

    def close(self) -> None:
        """Let go of what the adapter holds open, and of the event loop, if there was one."""
        if isinstance(self.adapter, Closes):
            with suppress(Exception):  # how it closes is for a check
                self.adapter.close()
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    # --- what it declares

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the adapter declares, as it was first told; nothing at all where that is no `Capabilities`."""
        declared = getattr(self.adapter, "capabilities", None)
        if isinstance(declared, Capabilities):
            return declared
        return Capabilities("undeclared", frozenset({"undeclared"}), remembers_keys_for=None)

    @property
    def is_async(self) -> bool:
        """Whether `send` is a coroutine function."""
        return inspect.iscoroutinefunction(getattr(self.adapter, "send", None))

    @property
    def now(self) -> datetime:
        """What the adapter takes for now."""
        now: Callable[[], datetime] | None = self.given("now")
        return (SystemClock().now() if now is None else now()).astimezone(UTC)

    @property
    def secrets(self) -> list[str]:
        """What must never be shown: the secrets that the suite names, and what the adapter keeps under such a name."""
        named = [*(self.given("secrets") or ())]
        held = getattr(self.adapter, "__dict__", {})
        found = [
            value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in held.items()
            if isinstance(value, (str, bytes)) and any(each in name.lower() for each in _SECRET_NAMES)
        ]
        return [each for each in dict.fromkeys([*named, *found]) if len(each) >= 4]

    # --- what it is handed

    @property
    def message(self) -> RenderedMessage:
        """What is sent, as the suite has it."""
        message: RenderedMessage = self._given["message"]
        return message

    def words(self, text: str) -> RenderedMessage:
        """The same message with this plain text alone."""
        return attrs.evolve(self.message, text=text, subject=None, html=None)

    @property
    def raw(self) -> Sequence[str]:
        """The good addresses, as people write them."""
        good: Sequence[str] | None = self.given("good_addresses")
        if good is None:
            broken(
                "the suite names no good_addresses, so nothing can be sent",
                mend="set good_addresses = (…) to what people write: two at least, of different people",
            )
        return good

    def address(self, n: int = 0) -> Address:
        """The nth good address as the adapter normalises it."""
        address: Address = self.adapter.normalise(self.raw[n % len(self.raw)])
        return address

    def request(self, message: RenderedMessage | None = None, *, to: int = 0, key: str | None = None) -> SendRequest:
        """A request with a key of its own, of the form that the engine's keys have."""
        self._requests += 1
        key = key or uuid.uuid5(uuid.UUID(self._prefix), str(self._requests)).hex
        headers = self.given("headers") if self.capabilities.unsubscribe else None
        return SendRequest(
            key, self.address(to), message or self.message, self.capabilities.channel, headers=headers or {}
        )

    # --- handing over

    def send(self, request: SendRequest) -> Any:  # noqa: ANN401 - a wrong adapter answers anything
        """What the adapter answers; a coroutine is awaited, always in the same loop."""
        answer = self.adapter.send(request)
        return self.run(answer) if inspect.iscoroutine(answer) else answer

    def run(self, coroutine: Any) -> Any:  # noqa: ANN401 - as it is awaited
        """Await it."""
        if self._loop is None:
            self._loop = asyncio.Runner()
        return self._loop.run(coroutine)

    def forget_loop(self) -> None:  # pragma: no cover - in another process
        """Leave the loop alone: it belongs to the process that this one was forked from."""
        # Kept, because a loop that is collected takes its sockets out of what the first process waits for.
        self._left, self._loop = self._loop, None

    def accepted(self, request: SendRequest | None = None) -> Accepted:
        """Hand it over; anything but `Accepted` fails the check."""
        outcome = self.send(request or self.request())
        if not isinstance(outcome, Accepted):
            broken(f"an ordinary message was not accepted: send() answered {told(outcome)}")
        return outcome

    def arrange(self, scenario: str) -> None:
        """Have the provider answer the next call as the suite's `scenarios` say."""
        arrange: Callable[[object], object] = self.given("arrange")
        arrange(self.scenarios[scenario])

    @property
    def scenarios(self) -> Mapping[str, object]:
        """What `arrange` takes, by `FailureCode` value or `ambiguous`."""
        return self.given("scenarios") or {}

    def played(self) -> Iterator[tuple[str, SendRequest, Any]]:
        """Each scenario with the request that met it, and what the adapter answered, or raised."""
        for scenario in self.scenarios:
            request = self.request()
            self.arrange(scenario)
            try:
                answer = self.send(request)
            except Exception as error:  # noqa: BLE001 - a check of its own says that it must not
                answer = error
            yield scenario, request, answer

    def calls(self) -> int | None:
        """How many calls the provider got so far; None where the suite cannot tell."""
        count: Callable[[], int] | None = self.given("provider_calls")
        return None if count is None else count()

    def keys(self) -> list[str]:
        """The keys that the provider got so far, in order."""
        listed: Callable[[], Sequence[str]] = self.given("provider_keys")
        return [*listed()]

    def preflight(self, message: RenderedMessage) -> Preflight:
        """What the adapter says beforehand; anything but a `Preflight` fails the check."""
        answer = self.adapter.preflight(message, self.address())
        if not isinstance(answer, Preflight):
            broken(f"preflight() answered {type(answer).__name__} instead of Preflight")
        return answer

    # --- what must not be told

    def personal(self) -> Mapping[str, str]:
        """Markers that must stay out of failures, logs and output, with what they are."""
        message = self.message
        found = {self.address().key: "the address", self.raw[0]: "the address as it was written"}
        found |= dict.fromkeys(self.secrets, "a secret")
        for text, what in ((message.text, "the text"), (message.subject, "the subject"), (message.html, "the HTML")):
            if text:
                found[text] = what
        return found

    def leaks(self, text: str, leave_out: Sequence[str] = ()) -> list[str]:
        """What of all that is in a text, in words."""
        lowered = text.lower()
        found = {
            what
            for marker, what in self.personal().items()
            if what not in leave_out and len(marker) >= 4 and marker.lower() in lowered
        }
        return sorted(found)


def told(outcome: object) -> str:
    """An outcome in a few words, without what it holds."""
    if isinstance(outcome, Refused):
        return f"Refused({outcome.code.value})"
    if isinstance(outcome, (Accepted, Ambiguous)):
        return type(outcome).__name__
    if outcome is None or isinstance(outcome, bool):
        return repr(outcome)
    if isinstance(outcome, Exception):
        return f"the exception {type(outcome).__name__}"
    return f"an object of type {type(outcome).__name__}"


def is_outcome(answer: object) -> bool:
    """Whether it is one of the three answers."""
    return isinstance(answer, Outcome)
