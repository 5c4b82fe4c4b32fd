"""Identity of runs, steps and messages (S4.5, S6.3): made of meaning only, and never changed once released.

Stores hold these digests for ever, so neither the canonical form nor the length may change. The form is a JSON list
without spaces, in ASCII: a list whose parts cannot run into each other.
"""

import json
import json.encoder
from collections.abc import Mapping
from hashlib import sha256

_AS_THEY_ARE = (str, int, type(None))
_LENGTH = 32  # hex digits: 128 bits, enough that two never meet
_said = json.encoder.encode_basestring_ascii


def run_id(customer: str, journey: str, rule: str, key: object, cause: str) -> str:
    """The identity of a run: (customer, rule, key, cause)."""
    return run_id_of(customer, rule_said(journey, rule), key, cause)


def rule_said(journey: str, rule: str) -> str:
    """What the identities of all runs of a rule have in common, for `run_id_of`."""
    return f"{_said(journey)},{_said(rule)}"


def run_id_of(customer: str, rule: str, key: object, cause: str) -> str:
    """As `run_id`, for whoever keeps what `rule_said` gives."""
    about = "null" if key is None else _key(key)
    said = f'["run",{_said(customer)},{rule},{about},{_said(cause)}]'
    return sha256(said.encode()).hexdigest()[:_LENGTH]


def message_key(run: str, step: str, visit: int) -> str:
    """The key of what a step hands over: run + step + occurrence. Tells a provider nothing about the customer."""
    return message_key_of(_said(run)[1:-1], step_said(step, visit))


def step_said(step: str, visit: int) -> str:
    """What the keys of messages that a step begins with this visit have in common, for `message_key_of`."""
    return f"{_said(step)},{visit}]"


def message_key_of(run: str, step: str) -> str:
    """As `message_key`, for whoever keeps what `step_said` gives; in an identity of a run is nothing to be quoted."""
    return sha256(f'["message","{run}",{step}'.encode()).hexdigest()[:_LENGTH]


def gift_mark(gift: str, occasion: str, key: object, cause: str) -> str:
    """What a gift is given for, whoever of two ids of one customer it is given to: nobody gets it twice."""
    said = f'["gift",{_said(gift)},{_said(occasion)},{_key(key)},{_said(cause)}]'
    return sha256(said.encode()).hexdigest()[:_LENGTH]


def cause_of_step(run: str, step: str, visit: int) -> str:
    """The cause of whatever a step raises."""
    return f"{run}/{step}/{visit}"


def same_key(one: object, other: object) -> bool:
    """Whether two keys are one: as JSON values, where true is not 1."""
    return one == other and type(one) is type(other)


def key_value(value: object) -> object:
    """A key as it is kept and compared: strings, integers and booleans as they are, anything else in words."""
    return value if isinstance(value, _AS_THEY_ARE) else str(value)


def key_of_rule(name: str | None, properties: Mapping[str, object]) -> object:
    """The key of a run that what has these properties starts; None for a rule without `key=`."""
    return None if name is None else key_value(properties.get(name))


def _key(key: object) -> str:
    return _said(key) if type(key) is str else json.dumps(key)
