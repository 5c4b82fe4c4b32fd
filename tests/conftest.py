# A test of pytest within pytest forgets the modules that it was the first to import; of these there must be one each.
import asyncio  # noqa: F401
import concurrent.futures.thread  # noqa: F401
import os
import socket

import pytest
from hypothesis import HealthCheck, settings

# No deadline: a busy machine is no bug. In CI every run tries the same examples, so that a red build can be run again.
_IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
settings.register_profile("touchpoint", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("touchpoint-ci", settings.get_profile("touchpoint"), derandomize=True, database=None)
settings.load_profile("touchpoint-ci" if _IN_CI else "touchpoint")


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    """Refuses connections to other machines; a server on this one is a fake like any other."""
    connect = socket.socket.connect

    def connect_locally(self, address):
        if isinstance(address, tuple) and address[0] not in {"localhost", "127.0.0.1", "::1"}:
            pytest.fail(f"a test wants to reach port {address[1]} of another machine; give it a fake", pytrace=True)
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_locally)
        yield
