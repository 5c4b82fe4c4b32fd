"""The journey test kit: journeys under test in virtual time, on the very engine that runs in production.

`World` is a small world of customers, channels and a clock; with pytest the fixture `touchpoint_world` makes one.
`AdapterContract` is the suite that every adapter passes, `StoreContract` that of every store.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchpoint.testing.adapter_contract import AdapterContract, ContractFailure, ContractWarning, WebhookSample
    from touchpoint.testing.channels import Staff, StandIn, Task
    from touchpoint.testing.person import Got, Person
    from touchpoint.testing.sent import Sent
    from touchpoint.testing.store_contract import StoreContract
    from touchpoint.testing.world import World

__all__ = [
    "AdapterContract", "ContractFailure", "ContractWarning", "Got", "Person", "Sent", "Staff", "StandIn",
    "StoreContract", "Task", "WebhookSample", "World",
]  # fmt: skip

_WHERE = {
    "AdapterContract": "adapter_contract", "ContractFailure": "adapter_contract",
    "ContractWarning": "adapter_contract", "WebhookSample": "adapter_contract",
    "Got": "person", "Person": "person", "Sent": "sent", "Staff": "channels", "StandIn": "channels",
    "StoreContract": "store_contract", "Task": "channels", "World": "world",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Loaded when first used: pytest imports this package in every suite, also where nobody tests a journey."""
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
