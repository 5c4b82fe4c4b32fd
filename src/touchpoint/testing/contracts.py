"""What contract suites have in common: classes to subclass, whose checks can be waived only with a reason."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from touchpoint.errors import InvalidInput, UnknownName


class Contract:
    """A suite of checks that somebody else's implementation must pass.

    A subclass supplies fixtures. It can neither remove nor override a check; one that its implementation cannot pass
    yet is named in `xfails` with the reason, runs all the same, and fails once it begins to pass.

    Attributes:
        xfails: names of checks (`test_…`) and why each is expected to fail.

    Raises:
        InvalidInput: on making a subclass that removes or overrides a check, or waives one without a reason.
        UnknownName: it waives one that does not exist.
    """

    xfails: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if cls.__module__.startswith(__package__ + "."):  # the suites themselves, made of parts
            return
        known = {
            name for base in cls.__mro__[1:] if base.__module__.startswith(__package__ + ".") for name in checks(base)
        }
        for name in sorted(known):
            if getattr(cls, name, None) is not _of_suite(cls, name):
                raise InvalidInput(
                    f"{cls.__qualname__} replaces the check {name}; checks of a contract stay as they are; to waive it "
                    f"write xfails = {{{name!r}: 'the reason'}}"
                )
        for name, reason in cls.xfails.items():
            if name not in known:
                raise UnknownName("check of this contract", name, known)
            if not (isinstance(reason, str) and reason.strip()):
                raise InvalidInput(
                    f"{cls.__qualname__}.xfails gives no reason for {name}; say why, for whoever reads it"
                )

    @pytest.fixture(autouse=True)
    def _waived(self, request: pytest.FixtureRequest) -> None:
        """Expect the failure of checks that are waived."""
        reason = self.xfails.get(request.function.__name__)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def checks(suite: type) -> list[str]:
    """Names of the checks that a class itself defines, in their order."""
    return [name for name in vars(suite) if name.startswith("test_")]


def _of_suite(cls: type, name: str) -> object:
    """The check of this name as the suites have it; one of them has."""
    suites = (vars(base) for base in cls.__mro__ if base.__module__.startswith(__package__ + "."))
    return next(each[name] for each in suites if name in each)


def same(got: object, wanted: object, promise: str) -> None:
    """Fail unless the two are equal, with the promise that is broken.

    Raises:
        AssertionError: says the promise, what was expected and what came, each cut short.
    """
    if got != wanted:
        raise AssertionError(f"{promise}\n  expected: {_short(wanted)}\n  got:      {_short(got)}")


def promised(kept: object, promise: str) -> None:
    """Fail with the promise unless it is kept. Raises AssertionError."""
    if not kept:
        raise AssertionError(promise)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 600 else f"{shown[:300]} … {shown[-300:]} ({len(shown)} characters)"
