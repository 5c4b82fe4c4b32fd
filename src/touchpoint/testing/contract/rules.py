"""What a suite may and may not change: no check is taken away or replaced, and an excuse has its reason."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.delivery import FailureCode
from touchpoint.testing.contract.bench import AMBIGUOUS
from touchpoint.testing.contract.check import Check, check_of

SCENARIOS: Final = (*(code.value for code in FailureCode), AMBIGUOUS)


def checks_of(suite: type) -> Mapping[str, Check]:
    """The checks of a suite by name, in the order of their groups."""
    found: dict[str, Check] = {}
    for each in suite.__mro__:
        for name, value in vars(each).items():
            check = check_of(value)
            if check is not None:
                found.setdefault(name, check)
    return found


def verify_suite(base: type, suite: Any) -> None:  # noqa: ANN401 - a class whose attributes are looked at
    """Refuse a suite that changes what it may not.

    An override that is marked `pytest.mark.xfail(reason=…)` becomes an entry of `xfails`, and the check stays: it runs,
    and it has to fail.

    Raises:
        InvalidInput: a check is removed or overridden, or an excuse has no reason.
        UnknownName: an excuse or a scenario has a name that does not exist.
    """
    excused = {name: _reason(name, mark) for name, mark in _marked(suite)}
    for name in excused:
        if name in vars(suite):
            delattr(suite, name)
    suite.xfails = {**suite.xfails, **excused}
    known = checks_of(base)
    for name, reason in suite.xfails.items():
        if name not in known:
            raise UnknownName("check of AdapterContract", name, known)
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidInput(f"{suite.__name__}.xfails[{name!r}] gives no reason; say why the check cannot pass")
    verify_complete(base, suite)
    for scenario in suite.scenarios:
        if scenario not in SCENARIOS:
            raise UnknownName("scenario", str(scenario), SCENARIOS)


def verify_complete(base: type, suite: type) -> None:
    """Refuse a suite in which a check is another one than in the base class. Raises InvalidInput."""
    for name, check in checks_of(base).items():
        found = inspect.getattr_static(suite, name, None)
        if found is not inspect.getattr_static(base, name):
            done = "removes" if found is None else "overrides"
            raise InvalidInput(
                f"{suite.__name__} {done} {name}, which every adapter has to pass: {check.what} If yours cannot, "
                "say why "
                f"in xfails = {{{name!r}: 'the reason'}}, or mark the method @pytest.mark.xfail(reason='…')"
            )


def _marked(suite: type) -> Iterator[tuple[str, pytest.Mark]]:
    """The checks that a suite overrides with a method that is marked as expected to fail."""
    for name, value in [*vars(suite).items()]:
        if name.startswith("test") and check_of(value) is None and check_of(_inherited(suite, name)) is not None:
            for mark in getattr(value, "pytestmark", ()):
                if mark.name == "xfail" and _holds(name, mark):
                    yield name, mark


def _inherited(suite: type, name: str) -> object:
    return next((vars(each)[name] for each in suite.__mro__[1:] if name in vars(each)), None)


def _holds(name: str, mark: pytest.Mark) -> bool:
    conditions = [*mark.args, *([mark.kwargs["condition"]] if "condition" in mark.kwargs else [])]
    if mark.kwargs.get("run", True) is not True:
        raise InvalidInput(
            f"{name} is marked xfail(run=False); a check that is excused has to run, so that it can pass"
        )
    if not all(isinstance(each, bool) for each in conditions):
        raise InvalidInput(f"{name} is marked xfail with a condition in text; use True or False")
    return not conditions or any(conditions)


def _reason(name: str, mark: pytest.Mark) -> str:
    reason = mark.kwargs.get("reason", "")
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidInput(f"{name} is marked xfail without a reason; say reason='…' why the check cannot pass")
    return reason
