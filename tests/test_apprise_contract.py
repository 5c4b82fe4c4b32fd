"""`AppriseChannel` passes the contract suite, but for a reference, which Apprise has none to give."""

# ruff: noqa: RUF012 - suites have tables as attributes

import logging

import pytest

from touchpoint.channels import AppriseChannel
from touchpoint.testing import AdapterContract

pytest.importorskip(
    "apprise", reason="these tests notify through Apprise; in the folder of the source: pip install '.[test]'"
)
from apprise.decorators import notify
from apprise.manager_plugins import NotificationManager

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
TOKEN = "tok-3f9a17c0"


class Service:
    """What a service was asked, and what it answers next."""

    def __init__(self):
        self.calls, self.script = 0, []

    def said(self, meta):
        self.calls += 1
        logging.getLogger("apprise").warning("sent to %s", meta.get("url"))
        return self.script.pop(0) if self.script else True


class TestAppriseChannel(AdapterContract):
    good_addresses = ("room-0001", "room-0002")
    bad_addresses = ("", "one,two-rooms", "one/two-rooms")
    scenarios = {"ambiguous": False}
    secrets = (TOKEN,)
    xfails = {"test_an_accepted_send_has_a_reference": "Apprise says whether all went well, and nothing else"}

    @pytest.fixture
    def provider(self):
        service = Service()
        notify(on="tpcontract", name="Contract")(lambda *_, meta, **__: service.said(meta))
        yield service
        NotificationManager().remove("tpcontract")

    @pytest.fixture
    def adapter(self):
        return AppriseChannel("chat", f"tpcontract://{TOKEN}/{{to}}")

    @pytest.fixture
    def arrange(self, provider):
        return provider.script.append

    @pytest.fixture
    def provider_calls(self, provider):
        return lambda: provider.calls
