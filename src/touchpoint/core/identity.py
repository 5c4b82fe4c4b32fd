"""Identity of runs, steps and messages (S4.5, S6.3): made of meaning only, and never changed once released.

Stores hold these digests for ever, so neither the canonical form nor the length may change.
"""

import hashlib
import json

from touchpoint.compact import prepared

_LENGTH = 32  # hex digits: 128 bits, enough that two never meet
_canonical = prepared(json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False))


def run_id(customer: str, journey: str, rule: str, key: object, cause: str) -> str:
    """The identity of a run: (customer, rule, key, cause)."""
    return _digest(["run", customer, journey, rule, key, cause])


def message_key(run: str, step: str, visit: int) -> str:
    """The key of what a step hands over: run + step + occurrence. Tells a provider nothing about the customer."""
    return _digest(["message", run, step, visit])


def cause_of_step(run: str, step: str, visit: int) -> str:
    """The cause of whatever a step raises."""
    return f"{run}/{step}/{visit}"


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(_canonical(parts).encode("ascii")).hexdigest()[:_LENGTH]
