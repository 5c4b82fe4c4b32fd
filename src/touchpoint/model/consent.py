"""The consent ledger: append-only facts; the standing is derived from them (S7.1)."""

from datetime import datetime
from typing import Literal

import attrs

Basis = Literal["express", "double_opt_in", "soft_opt_in", "implied", "os_permission"]
ANY = "*"
"""A grant or withdrawal for every channel, or for every purpose."""


@attrs.frozen
class Consent:
    """One line of the ledger.

    Args:
        purpose: the kind of message or topic it is about, or `*` for all.
        channel: the channel, or `*` for all.
        granted: False for a withdrawal.
        at: when the customer said so; aware UTC.
        basis: what kind of grant it is.
        source: where it was said, such as "signup form".
        wording: what the customer was shown.
        evidence: a reference to the proof the host keeps.
        jurisdiction: whose law, such as "EU".
        expires_at: when the grant lapses by itself; None for never.
    """

    purpose: str
    channel: str
    granted: bool
    at: datetime
    basis: Basis = "express"
    source: str = attrs.field(default="", repr=False)
    wording: str = attrs.field(default="", repr=False)
    evidence: str = attrs.field(default="", repr=False)
    jurisdiction: str = ""
    expires_at: datetime | None = None
