"""What a suite tells about the webhooks of its provider."""

from collections.abc import Mapping, Sequence

import attrs

from touchpoint.channels.inbound import WebhookRequest


@attrs.frozen
class WebhookSample:
    """One webhook as the provider sends it, without its signature, and what it tells.

    Args:
        body: the raw bytes.
        events: what the adapter has to make of it, in order. Of each event the fields that differ from their defaults
            are compared; none where the adapter has to leave it out.
        headers: that the provider sends besides the signature.
        method, query: of the request.
    """

    body: bytes = attrs.field(repr=False)
    events: Sequence[object] = attrs.field(default=(), repr=False, converter=tuple)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    method: str = "POST"
    query: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    def request(self, signature: Mapping[str, str], body: bytes | None = None) -> WebhookRequest:
        """The request with these headers of a signature, and with another body if one is given."""
        raw = self.body if body is None else body
        return WebhookRequest(raw, {**self.headers, **signature}, self.method, self.query)
