"""What journeys say of cases that cannot be (S8.2)."""

from collections.abc import Iterator, Sequence
from typing import Any

from touchpoint.errors import Problem, hint
from touchpoint.journey.expressions import Literal
from touchpoint.journey.plain_steps import OpenCase
from touchpoint.journey.taken_apart import Parts
from touchpoint.model.case import ESCALATIONS, SEVERITIES, CaseType


def problems_of(nodes: Parts) -> Iterator[Problem]:
    """Severities that do not exist, owners without a name, and more levels of escalation than there can be."""
    parts: Sequence[tuple[str, Any]] = nodes.only(OpenCase, CaseType)
    for path, node in parts:
        if isinstance(node, OpenCase):
            yield from _opened(path, node)
        elif isinstance(node.escalate, tuple) and len(node.escalate) > len(ESCALATIONS):
            found = f"{len(node.escalate)} levels of escalation, and there are at most {len(ESCALATIONS)}"
            yield Problem(f"{path}.escalate", found, "leave some out")


def _opened(path: str, step: OpenCase) -> Iterator[Problem]:
    severity, owner = step.severity, step.owner
    if isinstance(severity, Literal) and severity.value not in SEVERITIES:
        found = f"there is no such severity{hint(str(severity.value), SEVERITIES)}"
        yield Problem(f"{path}.severity", found, f"write {', '.join(SEVERITIES)}")
    if isinstance(owner, Literal) and not (isinstance(owner.value, str) and owner.value.strip()):
        yield Problem(f"{path}.owner", "an owner is called by a text", 'write owner="care team"')
