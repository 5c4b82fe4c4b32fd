"""`AdapterContract`: the suite that every adapter passes, as a class to subclass.

Say what the channel takes and how to have its provider answer; what the adapter declares in `Capabilities` switches the
checks on. Each failure says what is wrong, why it matters, and how to mend it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import EllipsisType
from typing import Any, ClassVar, Final

import pytest

from touchpoint.model.delivery import RenderedMessage
from touchpoint.testing.contract.addresses import AddressChecks
from touchpoint.testing.contract.bench import Bench
from touchpoint.testing.contract.calling import CallingChecks
from touchpoint.testing.contract.check import ContractFailure, ContractWarning
from touchpoint.testing.contract.declaration import DeclarationChecks
from touchpoint.testing.contract.inbound import InboundChecks
from touchpoint.testing.contract.keys import KeyChecks
from touchpoint.testing.contract.lifecycle import LifeCycleChecks
from touchpoint.testing.contract.outcomes import OutcomeChecks
from touchpoint.testing.contract.preflight import PreflightChecks
from touchpoint.testing.contract.rules import verify_complete, verify_suite
from touchpoint.testing.contract.samples import WebhookSample
from touchpoint.testing.contract.talking import TalkingChecks
from touchpoint.testing.contract.watch import Watch, watching

__all__ = ["AdapterContract", "ContractFailure", "ContractWarning", "WebhookSample"]

ATTRIBUTES: Final = (
    "good_addresses", "bad_addresses", "aliases", "scenarios", "message", "headers", "retry_after", "provider_codes",
    "segments", "secrets", "dated", "fork", "patience",
)  # fmt: skip
FIXTURES: Final = (
    "arrange", "provider_calls", "provider_keys", "provider_headers", "now", "sign", "sign_previous", "webhooks",
    "reply", "challenges", "staff",
)  # fmt: skip


class AdapterContract(
    DeclarationChecks, AddressChecks, PreflightChecks, KeyChecks, OutcomeChecks, CallingChecks, InboundChecks,
    TalkingChecks, LifeCycleChecks,
):  # fmt: skip
    """The checks for an adapter. Subclass it, give it an `adapter`, and tell of the channel and its provider.

    Attributes:
        good_addresses: as people write them, of different people; two or more.
        bad_addresses: that must be refused.
        aliases: tuples of spellings of one address.
        scenarios: what `arrange` takes to have the provider answer so, by `FailureCode` value or `"ambiguous"`.
        message: an ordinary message that the channel takes; its words are looked for in logs and failures.
        headers: that are sent along, for an adapter that declares `unsubscribe`.
        retry_after: what the provider says when it throttles; `...` for anything, None where it says nothing.
        provider_codes: the provider's own code by scenario, where it has to be kept as it is.
        segments: True where the provider bills by the segments of 3GPP TS 23.038.
        secrets: that must never be shown; what the adapter keeps as token, secret, password, … is found by itself.
        dated: False where signatures of webhooks carry no time.
        fork: False where the provider's stand-in cannot be reached from a forked process.
        patience: seconds that a process or a task may take before it counts as hanging.
        xfails: why a check cannot pass, by its name. It still runs, and fails where it passes after all.
        strict: True where checks that are new in this minor release fail rather than warn.

    Raises:
        InvalidInput: when the class is made: it removes or overrides a check, or gives no reason for an excuse.
        UnknownName: likewise: an excuse or a scenario that does not exist.
    """

    good_addresses: ClassVar[Sequence[str]] = ()
    bad_addresses: ClassVar[Sequence[str]] = ()
    aliases: ClassVar[Sequence[Sequence[str]]] = ()
    scenarios: ClassVar[Mapping[str, Any]] = {}
    message: ClassVar[RenderedMessage] = RenderedMessage(
        "contract", subject="Words of contract for Jess", text="Jess, these are the words of the contract suite."
    )
    headers: ClassVar[Mapping[str, str]] = {
        "List-Unsubscribe": "<https://example.com/u/contract>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    retry_after: ClassVar[timedelta | EllipsisType | None] = ...
    provider_codes: ClassVar[Mapping[str, str]] = {}
    segments: ClassVar[bool] = False
    secrets: ClassVar[Sequence[str]] = ()
    dated: ClassVar[bool] = True
    fork: ClassVar[bool] = hasattr(os, "fork")
    patience: ClassVar[float] = 10.0
    xfails: ClassVar[Mapping[str, str]] = {}
    strict: ClassVar[bool] = False

    def __init_subclass__(cls, **more: Any) -> None:  # noqa: ANN401 - of other bases
        """Refuse a suite without all checks."""
        super().__init_subclass__(**more)
        verify_suite(AdapterContract, cls)

    @pytest.fixture
    def adapter(self) -> Any:  # noqa: ANN401 - an Adapter; its own suite knows which
        """The adapter under test; override it. One is made for each check."""
        pytest.fail(f"{type(self).__name__} has no fixture `adapter`: write one that makes the adapter", pytrace=False)

    @pytest.fixture
    def provider(self) -> Any:  # noqa: ANN401 - whatever stands for the provider
        """What stands for the provider; nothing unless given. It is made before the adapter."""
        return None

    @pytest.fixture
    def arrange(self) -> Callable[[Any], object] | None:
        """Sets what the provider answers next, given a value of `scenarios`."""
        return None

    @pytest.fixture
    def provider_calls(self) -> Callable[[], int] | None:
        """Counts the calls that the provider got so far."""
        return None

    @pytest.fixture
    def provider_keys(self) -> Callable[[], Sequence[str]] | None:
        """Lists the keys of the sends that the provider got so far, in order, with repetitions."""
        return None

    @pytest.fixture
    def provider_headers(self) -> Callable[[], Mapping[str, str]] | None:
        """Gives the headers of the last message that the provider got."""
        return None

    @pytest.fixture
    def now(self) -> Callable[[], Any] | None:
        """What the adapter takes for now, aware; the system's clock unless given."""
        return None

    @pytest.fixture
    def sign(self) -> Callable[..., Mapping[str, str]] | None:
        """`sign(body, at)`: the headers that make a genuine webhook of a raw body at an instant; those alone."""
        return None

    @pytest.fixture
    def sign_previous(self) -> Callable[..., Mapping[str, str]] | None:
        """The same with the secret before a rotation, which the adapter still takes."""
        return None

    @pytest.fixture
    def webhooks(self) -> Sequence[WebhookSample]:
        """Samples of what the provider sends."""
        return ()

    @pytest.fixture
    def reply(self) -> Callable[[str], bytes] | None:
        """`reply(text)`: the raw body of the webhook for a reply with these words."""
        return None

    @pytest.fixture
    def challenges(self) -> Sequence[tuple[Any, bytes | None]]:
        """Pairs of a `WebhookRequest` and the body it has to be answered with; None where it has to be refused."""
        return ()

    @pytest.fixture
    def staff(self) -> Any:  # noqa: ANN401 - an object with the two methods below
        """The people behind a human channel: `complete(key, outcome)` and `decline(key, reason)` give the events."""
        return None

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest, provider: Any) -> Iterator[Bench]:  # noqa: ANN401, ARG002 - made first
        """Everything that a check needs."""
        verify_complete(AdapterContract, type(self))
        with watching() as made:
            adapter = request.getfixturevalue("adapter")
        bench = self.make_bench(adapter, made, {name: request.getfixturevalue(name) for name in FIXTURES})
        yield bench
        bench.close()

    def make_bench(self, adapter: object, made: Watch, fixtures: Mapping[str, Any]) -> Bench:
        """The bench for an adapter that was just made, with the attributes of this suite."""
        return Bench(adapter, made, {**{name: getattr(self, name) for name in ATTRIBUTES}, **fixtures})
