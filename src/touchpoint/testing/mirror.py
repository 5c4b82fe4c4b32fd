"""What a test has said of its customers, kept apart from the engine: the yardstick for what went out.

It knows nothing of the gate. What it says of a message is true of the acts that came before it, in their order.
"""

from collections.abc import Mapping, Sequence

import attrs

from touchpoint.channels.keywords import keyword_in
from touchpoint.model.delivery import default_address_kind

_NEEDS_NO_GRANT = frozenset({"transactional", "service"})
_ANY = "*"


@attrs.define(eq=False)
class Mirror:
    """The acts of a test that matter for whether a message may go out. `zones` are the customers' first time zones."""

    zones: dict[str, str] = attrs.field(factory=dict)
    _cases: dict[str, set[tuple[str, str]]] = attrs.field(factory=dict, repr=False)
    _said: dict[str, list[tuple[str, str, bool]]] = attrs.field(factory=dict, repr=False)
    _addresses: dict[tuple[str, str], str] = attrs.field(factory=dict, repr=False)
    _stopped: set[tuple[str, str]] = attrs.field(factory=set, repr=False)

    def lives_in(self, customer: str, timezone: str | Sequence[str] | None) -> None:
        """Where they live was told; None says nothing."""
        if timezone is not None:
            names = [timezone] if isinstance(timezone, str) else [*timezone]
            self.zones.pop(customer, None)
            self.zones.update((customer, name) for name in names[:1])

    def reached_at(self, customer: str, addresses: Mapping[str, str | Sequence[str]] | None) -> None:
        """Addresses were told; None says nothing."""
        for kind, given in (addresses or {}).items():
            keys = [given] if isinstance(given, str) else [*given]
            self._addresses.pop((customer, kind), None)
            self._addresses.update(((customer, kind), key) for key in keys[:1])

    def _address(self, customer: str, channel: str) -> tuple[str, str]:
        """Where a customer reads a channel; an opt-out is of that, whoever else reads there (S7.3)."""
        return channel, self._addresses.get((customer, default_address_kind(channel)), customer)

    def opened(self, customer: str, case: str, ref: str) -> None:
        """A case was opened."""
        self._cases.setdefault(customer, set()).add((case, ref))

    def closed(self, customer: str, case: str, ref: str) -> None:
        """A case was closed."""
        self._cases.get(customer, set()).discard((case, ref))

    def said(self, customer: str, purpose: str, channel: str, *, granted: bool) -> None:
        """Consent was given or taken back."""
        self._said.setdefault(customer, []).append((purpose, channel, granted))

    def replied(self, customer: str, channel: str, text: str) -> None:
        """A reply came in."""
        keyword = keyword_in(text)
        if keyword == "stop":
            self._stopped.add(self._address(customer, channel))
        elif keyword == "start":
            self._stopped.discard(self._address(customer, channel))

    def case_is_open(self, customer: str) -> bool:
        """Whether any case of theirs is open."""
        return bool(self._cases.get(customer))

    def consents(self, customer: str, kind: str, channel: str) -> bool:
        """Whether what they said last allows a message of this kind on a channel (S7.1, S7.2)."""
        if self._address(customer, channel) in self._stopped:
            return False
        for purpose, where, granted in reversed(self._said.get(customer, [])):
            if purpose in (kind, _ANY) and where in (channel, _ANY):
                return granted
        return kind in _NEEDS_NO_GRANT
