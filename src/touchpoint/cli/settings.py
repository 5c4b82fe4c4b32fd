"""What a file says of the engine beside its journeys, under the names that the engine has for it."""

from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, ModuleType

import attrs

from touchpoint.cli.loading import Program, policy_of
from touchpoint.engine.analysing import checked_analyser
from touchpoint.errors import InvalidInput
from touchpoint.insight.analysis import Analyser
from touchpoint.journey.policy import Policy
from touchpoint.model.feedback_source import FeedbackSource, sources_by_type
from touchpoint.model.figures import Figures


@attrs.frozen
class Settings:
    """What `policy`, `feedback`, `analyser` and `figures` at the top level of a file are, as for `Engine`."""

    policy: Policy | None = None
    feedback: tuple[FeedbackSource, ...] = ()
    analyser: Analyser | None = None
    figures: Figures | None = None


def settings_of(path: Path, program: Program) -> Settings:
    """What a file says of the engine.

    A message, a function or a module may be called `feedback`, `analyser` or `figures`, too: it is passed over.

    Raises:
        InvalidInput: plain data under one of these names that cannot be what the engine takes; two sources name one
            type; or `policy` is no policy.
    """
    values = program.values
    figures = _plain_or(values, "figures", Figures)
    if figures is not None and not isinstance(figures, Figures):
        raise InvalidInput(f'{path}: figures is Figures("Europe/Vienna") or the like; give the value another name')
    sources = _plain_or(values, "feedback", FeedbackSource)
    if sources is None:
        sources = ()
    if not isinstance(sources, list | tuple) or not all(isinstance(each, FeedbackSource) for each in sources):
        raise InvalidInput(f'{path}: feedback is a list of FeedbackSource("review", …); give the value another name')
    sources_by_type(sources)
    return Settings(policy_of(path, program), tuple(sources), _analyser(path, values), figures)


def _analyser(path: Path, values: Mapping[str, object]) -> Analyser | None:
    found = values.get("analyser")
    if not isinstance(found, Analyser) and _is_of_its_own(found):
        return None
    try:
        return checked_analyser(found)  # type: ignore[arg-type]  # that is what it finds out
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def _plain_or(values: Mapping[str, object], name: str, wanted: type) -> object:
    """What is called so; None where that is something else that bears the name by chance."""
    found = values.get(name)
    return None if found is not wanted and not isinstance(found, wanted) and _is_of_its_own(found) else found


def _is_of_its_own(value: object) -> bool:
    return isinstance(value, FunctionType | ModuleType | type) or attrs.has(type(value))
