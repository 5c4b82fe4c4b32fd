"""Journeys under the lamp: checked, and recorded events read and replayed in virtual time."""

from touchpoint.lab.checks.checking import check
from touchpoint.lab.checks.finding import Finding
from touchpoint.lab.events import read_events
from touchpoint.lab.replay import Probe, Replay, replay

__all__ = ["Finding", "Probe", "Replay", "check", "read_events", "replay"]
