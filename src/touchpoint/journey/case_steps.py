"""What steps say of cases beside which they mean (S8.2)."""

from collections.abc import Mapping

from touchpoint.journey.expressions import Expression
from touchpoint.journey.plain_steps import CloseCase, OpenCase


def said_of_case(step: OpenCase | CloseCase) -> Mapping[str, Expression]:
    """What a step says of a case beside its ref: `severity` and `owner`, where it does."""
    said = {"severity": step.severity, "owner": step.owner} if isinstance(step, OpenCase) else {}
    return {name: each for name, each in said.items() if each is not None}
