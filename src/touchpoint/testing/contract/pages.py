"""Pages of the documentation that are made of code: every check, and what the adapters that ship can do."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import attrs

from touchpoint.channels.apprise import AppriseChannel
from touchpoint.channels.base import Adapter, Checks, Closes
from touchpoint.channels.console import ConsoleChannel
from touchpoint.channels.decorator import channel
from touchpoint.channels.memory import MemoryChannel
from touchpoint.channels.recording import RecordingChannel
from touchpoint.channels.smtp import SmtpChannel, SmtpServer
from touchpoint.channels.tasks import TaskChannel
from touchpoint.channels.webhook import WebhookChannel
from touchpoint.model.delivery import ANY_ADDRESS, Accepted, Capabilities, SendRequest
from touchpoint.testing.adapter_contract import AdapterContract
from touchpoint.testing.contract.check import Check, check_of


def _by_function(request: SendRequest) -> Accepted:
    return Accepted(request.key)


# One for each class that ships; a test asks whether any is missing.
SHIPPED: Final[Mapping[str, Callable[[], Adapter]]] = {
    "MemoryChannel": lambda: MemoryChannel("email"),
    "ConsoleChannel": lambda: ConsoleChannel("email"),
    "RecordingChannel": lambda: RecordingChannel("email"),
    "FunctionChannel": lambda: channel("email", address="email")(_by_function),
    "TaskChannel": lambda: TaskChannel("call"),
    "SmtpChannel": lambda: SmtpChannel(SmtpServer("mail.example.com", security="tls"), sender="shop@example.com"),
    "WebhookChannel": lambda: WebhookChannel("email", "https://example.com/messages", f"whsec_{'A' * 32}"),
    "AppriseChannel": lambda: AppriseChannel("email", "mailto://example.com/{to}"),
}
"""How to make each adapter that ships, by the name of its class; all of them as plainly as can be.

`AppriseChannel` raises MissingExtra where the extra is not installed.
"""

_MADE: Final = "This page is made by `python -m touchpoint.testing.contract {}`; a test keeps it equal to the code."
_BY_FUNCTION: Final = (
    "`FunctionChannel` is what `@channel` makes; what it takes and how long keys are remembered is as it is told. "
    "The kind "
    "of address of every adapter depends on its channel's name, here `email`, and `call` for `TaskChannel`."
)


def groups() -> Mapping[str, Sequence[Check]]:
    """The checks by group, in their order. Classes of one group share the first line of their docstrings."""
    found: dict[str, list[Check]] = {}
    for base in AdapterContract.__bases__:
        name = (base.__doc__ or "").rstrip(".")
        found.setdefault(name, []).extend(info for each in vars(base).values() if (info := check_of(each)) is not None)
    return found


def checks_page() -> str:
    """The reference of all checks, as Markdown."""
    total = sum(map(len, groups().values()))
    intro = (
        f"All {total} checks of `touchpoint.testing.AdapterContract`: what must hold, why, and how to mend it. How to "
        "run them is told in [Prove a channel](../how-to/prove-a-channel.md)."
    )
    lines = ["# The contract suite for adapters", "", intro, "", _MADE.format("checks")]
    for name, checks in groups().items():
        lines += ["", f"## {name}"]
        for check in checks:
            lines += ["", f"### {check.name}", "", f"{check.what} Why: {check.why}.", "", f"To mend it: {check.mend}."]
            if check.needs:
                lines += ["", f"Needs: {', '.join(f'`{each}`' for each in check.needs)}."]
            if check.since is not None:
                lines += ["", f"Since {check.since}: a warning until the next minor release."]
    return "\n".join(lines) + "\n"


def matrix_page() -> str:
    """What the adapters that ship can do, as Markdown."""
    made = {name: make() for name, make in SHIPPED.items()}
    rows = [["", *(f"`{name}`" for name in made)], ["---"] * (len(made) + 1)]
    declared = [each.capabilities for each in made.values()]
    names = [field.name for field in attrs.fields(Capabilities) if field.name != "channel"]
    rows += [[f"`{name}`", *(_cell(getattr(each, name)) for each in declared)] for name in names]
    for name, protocol in (("check()", Checks), ("close()", Closes)):
        rows.append([f"`{name}`", *(_cell(isinstance(each, protocol)) for each in made.values())])
    table = ["| " + " | ".join(row) + " |" for row in rows]
    intro = "What each adapter that ships declares in its `Capabilities`, made as plainly as can be."
    return "\n".join(["# What channels can do", "", intro, _BY_FUNCTION, "", *table, "", _MADE.format("matrix")]) + "\n"


def _cell(value: Any) -> str:  # noqa: ANN401 - of any field
    if isinstance(value, bool):
        return "yes" if value else "–"
    if isinstance(value, timedelta):
        return "for ever" if value == timedelta.max else str(value).removesuffix(", 0:00:00")
    if isinstance(value, (frozenset, tuple)):
        return ", ".join(sorted("any" if each == ANY_ADDRESS else str(each) for each in value)) or "–"
    return "–" if value is None else str(value)


PAGES: Final[Mapping[str, Callable[[], str]]] = {"checks": checks_page, "matrix": matrix_page}
