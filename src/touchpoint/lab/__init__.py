"""Journeys under the lamp: recorded events read and replayed in virtual time."""

from touchpoint.lab.events import read_events
from touchpoint.lab.replay import Probe, Replay, replay

__all__ = ["Probe", "Replay", "read_events", "replay"]
