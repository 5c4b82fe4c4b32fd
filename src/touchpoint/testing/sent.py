"""What a channel of a test world accepted."""

from datetime import datetime

import attrs


@attrs.frozen
class Sent:
    """A message that a channel accepted, with the facts of that moment as the test's own acts tell them.

    Args:
        customer: the customer's id.
        name, kind, via, key: of the message.
        at: when it was accepted, aware UTC; `local` on the customer's own clock then.
        case_was_open: whether a case of theirs was open.
        consented: whether what they had said last allowed it.
        subject, text: its words.
        wording: which of the message's wordings these are; None for its own content.
    """

    customer: str
    name: str
    kind: str
    via: str
    key: str = attrs.field(repr=False)
    at: datetime
    local: datetime
    case_was_open: bool
    consented: bool
    subject: str | None = attrs.field(default=None, repr=False)
    text: str = attrs.field(default="", repr=False)
    wording: str | None = None
