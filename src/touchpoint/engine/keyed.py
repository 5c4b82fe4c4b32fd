"""Hashes under the host's own secret: what stays of somebody erased, and tells nobody who it was (S1.7).

Without the secret nobody can try out ids or addresses against them.
"""

import hmac
from collections.abc import Sequence
from typing import Final, TypeAlias

import attrs

from touchpoint.errors import InvalidInput, SecretNeeded

Secret: TypeAlias = bytes | str
LEAST: Final = 32
"""Bytes that a secret has at least."""
_DOMAIN: Final = b"touchpoint tombstone 1"
_FINGERPRINT: Final = 16  # hex digits: enough to tell a host's few secrets apart


@attrs.frozen
class Keyed:
    """Makes the hashes; the first secret is used for new ones, the others to find what was made with them.

    Args:
        secrets: what the host keeps, newest first.
    """

    _secrets: tuple[bytes, ...] = attrs.field(repr=False)
    fingerprints: tuple[str, ...] = attrs.field(repr=False)

    def new(self, what: str, *parts: str) -> tuple[str, str]:
        """(fingerprint, hash) under the newest secret."""
        return self.fingerprints[0], _hashed(self._secrets[0], what, parts)

    def every(self, what: str, *parts: str) -> list[tuple[str, str]]:
        """(fingerprint, hash) under each secret."""
        pairs = zip(self.fingerprints, self._secrets, strict=True)
        return [(fingerprint, _hashed(secret, what, parts)) for fingerprint, secret in pairs]


def keyed(secret: Secret | Sequence[Secret] | None) -> Keyed | None:
    """What `Engine(secret=)` was given, ready for use; None for None.

    Raises:
        InvalidInput: it is no secret, or too short. The message does not repeat it.
    """
    if secret is None:
        return None
    given = [secret] if isinstance(secret, bytes | str) else list(secret)
    if not given or not all(isinstance(each, bytes | str) for each in given):
        raise InvalidInput(f"secret= takes bytes or text of at least {LEAST} bytes, or several, newest first")
    raw = tuple(each.encode() if isinstance(each, str) else each for each in given)
    if short := [n for n, each in enumerate(raw) if len(each) < LEAST]:
        raise InvalidInput(
            f"secret= needs at least {LEAST} bytes, and number {short[0] + 1} has {len(raw[short[0]])}; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))' and keep it where you keep your passwords"
        )
    return Keyed(raw, tuple(_hashed(each, "fingerprint", ())[:_FINGERPRINT] for each in raw))


def able(made: Keyed | None, used: frozenset[str]) -> Keyed:
    """The hashes, if they can be compared with all that the store holds.

    Args:
        made: from `Engine(secret=)`.
        used: fingerprints of the secrets that the store's tombstones were made with.

    Raises:
        SecretNeeded: a secret is missing, so that nobody can tell who was erased.
    """
    if made is None:
        raise SecretNeeded(
            "people were erased from this store, and what keeps them out is hashed with a secret: pass it as "
            "Engine(secret=…)" if used else "erasing needs a secret of your own, so that what stays names nobody: pass "
            "Engine(secret=…) with at least 32 bytes, and keep it as long as the store"
        )  # fmt: skip
    if missing := used - set(made.fingerprints):
        raise SecretNeeded(
            f"people were erased from this store with {len(missing)} secrets that were not passed; after a change pass "
            "Engine(secret=[new, old])"
        )
    return made


def _hashed(secret: bytes, what: str, parts: Sequence[str]) -> str:
    # Each part with its length before it: no two lists of parts look alike.
    text = [_DOMAIN, what.encode(), *(part.encode("utf-8", "surrogatepass") for part in parts)]
    return hmac.digest(secret, b"".join(len(each).to_bytes(4, "big") + each for each in text), "sha256").hex()
