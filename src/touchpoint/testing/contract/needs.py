"""What switches checks on: what the adapter declares, what it has, and what the suite was given."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from touchpoint.channels.base import Checks, Closes

if TYPE_CHECKING:
    from touchpoint.model.delivery import Capabilities


class Needing(Protocol):
    """What the switches look at: a bench."""

    @property
    def adapter(self) -> Any: ...  # noqa: ANN401, D102 - whatever is under test

    @property
    def capabilities(self) -> "Capabilities": ...  # noqa: D102 - what it declares

    @property
    def is_async(self) -> bool: ...  # noqa: D102 - whether its send is a coroutine function

    def given(self, name: str) -> object: ...  # noqa: D102 - what the suite was given, or None


@attrs.frozen
class Need:
    """One switch: whether it is on, and what to do where it is not."""

    on: Callable[[Needing], bool]
    told: str


def _declares(name: str) -> Need:
    return Need(
        lambda bench: bool(getattr(bench.capabilities, name)),
        f"the adapter does not declare Capabilities({name}=…)",
    )


def _given(name: str, what: str) -> Need:
    return Need(lambda bench: bench.given(name) is not None, f"the suite has no `{name}`: {what}")


def _scenario(name: str) -> Need:
    return Need(
        lambda bench: bench.given("arrange") is not None and name in _scenarios(bench),
        f"the suite cannot have the provider answer {name!r}: name what `arrange` takes for it in `scenarios`",
    )


def _scenarios(bench: Needing) -> Mapping[str, object]:
    found = bench.given("scenarios")
    return found if isinstance(found, Mapping) else {}


NEEDS: Final[Mapping[str, Need]] = {
    "inbound": _declares("inbound"),
    "lookup": _declares("lookup"),
    "cancel": _declares("cancel"),
    "human": _declares("human"),
    "thread_safe": _declares("thread_safe"),
    "max_units": _declares("max_units"),
    "unsubscribe": _declares("unsubscribe"),
    "replies": _declares("replies"),
    "reactions": _declares("reactions"),
    "remembers_keys_for": _declares("remembers_keys_for"),
    "a provider": Need(
        lambda bench: not bench.capabilities.recording and (not bench.capabilities.human or bool(bench.given("staff"))),
        "the adapter declares Capabilities(recording=True), or human=True without a `staff` of its provider",
    ),
    "unit=segment": Need(
        lambda bench: bench.capabilities.unit == "segment", "the adapter does not declare Capabilities(unit='segment')"
    ),
    "segments": Need(
        lambda bench: bench.capabilities.unit == "segment" and bool(bench.given("segments")),
        "the suite does not say `segments = True`: its provider bills by the segments of 3GPP TS 23.038",
    ),
    "check()": Need(lambda bench: isinstance(bench.adapter, Checks), "the adapter has no check()"),
    "close()": Need(lambda bench: isinstance(bench.adapter, Closes), "the adapter has no close()"),
    "async": Need(lambda bench: bench.is_async, "the adapter's send is no coroutine function"),
    "sync": Need(lambda bench: not bench.is_async, "the adapter's send is a coroutine function"),
    "fork": Need(lambda bench: bool(bench.given("fork")), "this system cannot fork, or the suite says `fork = False`"),
    "retry_after": Need(
        lambda bench: bench.given("retry_after") is not None, "the suite says `retry_after = None`: the provider "
        "tells none"
    ),
    "dated": Need(
        lambda bench: bool(bench.given("dated")), "the suite says `dated = False`: signatures carry no time"
    ),
    "bad_addresses": _given("bad_addresses", "addresses that the adapter must refuse"),
    "aliases": _given("aliases", "tuples of spellings of one address"),
    "scenarios": Need(
        lambda bench: bench.given("arrange") is not None and bool(bench.given("scenarios")),
        "the suite has no `arrange` fixture and `scenarios`: what it takes to have the provider refuse or stay in "
        "doubt",
    ),
    "provider_calls": _given("provider_calls", "a fixture with a function that counts the calls the provider got"),
    "provider_keys": _given("provider_keys", "a fixture with a function that lists the keys the provider got, in "
    "order"),
    "provider_headers": _given("provider_headers", "a fixture with a function that gives the last message's headers"),
    "sign": _given("sign", "a fixture with sign(body, at) that gives the headers of a genuine webhook"),
    "sign_previous": _given("sign_previous", "a fixture like `sign`, with the secret before a rotation"),
    "webhooks": _given("webhooks", "samples of what the provider sends, each a WebhookSample"),
    "reply": _given("reply", "a fixture with reply(text) that gives the body of a webhook for a reply with these "
    "words"),
    "challenges": _given("challenges", "pairs of a WebhookRequest and the body it is answered with, None for refused"),
    "staff": _given("staff", "a fixture with complete(key, outcome) and decline(key, reason) that give the events"),
    **{f"scenario {name}": _scenario(name) for name in ("throttled", "unknown", "ambiguous")},
}  # fmt: skip
"""By name. The words say what is missing where a check is skipped."""


def missing(bench: Needing, needs: tuple[str, ...]) -> str:
    """What a check lacks to run, in words; empty where it has everything."""
    return "; ".join(NEEDS[name].told for name in needs if not NEEDS[name].on(bench))
