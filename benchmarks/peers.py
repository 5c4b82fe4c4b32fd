"""The libraries that are measured beside ours: which they are, whether they are here, and what they may be used for.

    pip install --group bench

installs them (pip 25.1 or newer). They are measured, and are neither needed by touchpoint nor shipped with it.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Final

import attrs


@attrs.frozen
class Peer:
    """A library that is measured beside ours.

    Args:
        distribution: what pip calls it.
        module: what is imported.
        licence: of the peer; all of them are used here only to be measured.
        standing: whether it is maintained.
    """

    distribution: str
    module: str
    licence: str
    standing: str

    def load(self) -> ModuleType:
        """The module.

        Raises:
            MissingPeerError: it is not installed.
        """
        try:
            return import_module(self.module)
        except ImportError as absent:
            raise MissingPeerError(self) from absent

    @property
    def version(self) -> str:
        """What is installed; "" where nothing is."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return ""


class MissingPeerError(Exception):
    """A peer is not installed, so nothing is measured beside it.

    Args:
        peer: the missing one.
    """

    def __init__(self, peer: Peer) -> None:
        super().__init__(f"pip install {peer.distribution}")
        self.peer = peer


RULE_ENGINE: Final = Peer("rule-engine", "rule_engine", "BSD-3-Clause", "maintained")
BUSINESS_RULES: Final = Peer("business-rules", "business_rules", "MIT", "asleep: the last release is of 2022")
JSON_LOGIC: Final = Peer("json-logic-qubit", "json_logic", "MIT", "asleep: the last release is of 2018")
DURABLE_RULES: Final = Peer("durable_rules", "durable.lang", "MIT", "asleep: the last release is of 2020")
TRANSITIONS: Final = Peer("transitions", "transitions", "MIT", "maintained")
EVENTSOURCING: Final = Peer("eventsourcing", "eventsourcing", "BSD-3-Clause", "maintained")
PEERS: Final = (RULE_ENGINE, BUSINESS_RULES, JSON_LOGIC, DURABLE_RULES, TRANSITIONS, EVENTSOURCING)
