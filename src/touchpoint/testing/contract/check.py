"""What a check of a contract suite is, and what becomes of its result.

A check says what must hold, why it matters and how to mend it; a failure repeats all three. It is switched on by what
the adapter declares and the suite is given. A check that came with the library's present minor release only warns.
"""

import functools
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from traceback import walk_tb
from typing import Any, Final, NoReturn, Protocol, TypeVar

import attrs
import pytest

from touchpoint.testing.contract.needs import Needing, missing
from touchpoint.testing.contract.watch import awake


class ContractFailure(AssertionError):
    """An adapter breaks the contract. The text says what is wrong, why it matters, and how to mend it."""

    __module__ = "touchpoint.testing"  # where it is public: pytest's summary has room for little more


class ContractWarning(UserWarning):
    """An adapter breaks a part of the contract that is new in this minor release, and will fail with the next one."""

    __module__ = "touchpoint.testing"


class Broken(Exception):
    """What a check found wrong; `mend` replaces the check's own advice."""

    def __init__(self, what: str, mend: str | None = None) -> None:
        self.what, self.mend = what, mend
        super().__init__(what)


def broken(what: str, *, mend: str | None = None) -> NoReturn:
    """Fail the check that is running: `what` is wrong."""
    raise Broken(what, mend)


@attrs.frozen
class Check:
    """One check.

    Args:
        name: of the method.
        what: must hold; the docstring's words.
        why: it matters.
        mend: how.
        needs: what it takes to run, names of `needs.NEEDS`; it is skipped without.
        since: the minor release it came with, such as `0.2`; None for those of the first one.
    """

    name: str
    what: str
    why: str
    mend: str
    needs: tuple[str, ...] = ()
    since: str | None = None

    def only_warns(self, release: str | None) -> bool:
        """Whether a failure is a warning in this release of the library; never where the release is not known."""
        return self.since is not None and release is not None and _minor(release) <= _minor(self.since)

    def told(self, what: str, mend: str | None = None) -> str:
        """A failure in words."""
        return f"{what}\n  why it matters: {self.why}\n  how to mend it: {mend or self.mend}"


def _minor(release: str) -> tuple[int, int]:
    major, minor, *_ = [*release.split("."), "0"]
    return int(major), int(minor)


def library_release() -> str | None:
    """The installed version of touchpoint; None where it runs from a folder that was not installed."""
    try:
        return version("touchpoint")
    except PackageNotFoundError:
        return None


class Suite(Protocol):
    """What a check needs of the suite it belongs to."""

    xfails: Mapping[str, str]
    strict: bool


S_contra = TypeVar("S_contra", bound=Suite, contravariant=True)
B_contra = TypeVar("B_contra", bound=Needing, contravariant=True)
Body = Callable[[Any, Any], None]
_INFO: Final = "__touchpoint_check__"


def check(*, why: str, mend: str, needs: tuple[str, ...] = (), since: str | None = None) -> Callable[[Body], Body]:
    """Make a check of a method that takes the bench; its docstring says what must hold.

    It is wrong where the body calls `broken`, or lets an exception of the adapter through.
    """

    def decorate(body: Body) -> Body:
        what = " ".join((body.__doc__ or "").split())
        info = Check(body.__name__, what, why, mend, needs, since)

        @functools.wraps(body)
        def run(self: Suite, bench: Needing) -> None:
            __tracebackhide__ = True
            lacking = missing(bench, info.needs)
            if lacking:
                pytest.skip(lacking)
            _settle(self, info, _failure(body, self, bench, info))

        setattr(run, _INFO, info)
        return run

    return decorate


def check_of(method: object) -> Check | None:
    """The check that a method is, if it is one."""
    info = getattr(method, _INFO, None)
    return info if isinstance(info, Check) else None


def _failure(body: Body, suite: Suite, bench: Needing, info: Check) -> ContractFailure | None:
    try:
        with awake(bench.adapter):  # one that sleeps is found out by a check of its own, and slows down no other
            body(suite, bench)
    except Broken as error:
        failure = ContractFailure(info.told(error.what, error.mend))
        failure.__cause__ = error.__cause__
        return failure
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises where it must not
        failure = ContractFailure(info.told(f"{info.what} Instead {type(error).__name__} was raised{_where(error)}."))
        failure.__cause__ = error
        return failure
    return None


def _where(error: BaseException) -> str:
    """The innermost place, in words; never the text of the error, which could hold an address."""
    frame, line = [*walk_tb(error.__traceback__)][-1]
    return f" in {frame.f_code.co_qualname}(), line {line}"


def _settle(suite: Suite, info: Check, failure: ContractFailure | None) -> None:
    __tracebackhide__ = True
    reason = suite.xfails.get(info.name)
    if reason is not None and failure is None:
        raise ContractFailure(
            f"{info.name} passes, although xfails expects it to fail ({reason})\n"
            "  why it matters: an excuse that is no longer needed would hide the next mistake\n"
            "  how to mend it: take it out of xfails"
        )
    if failure is None:
        return
    if reason is not None:
        pytest.xfail(reason)
    if info.only_warns(library_release()) and not suite.strict:
        text = f"{info.name}: {failure} (new in {info.since}: a failure from the next minor release on)"
        warnings.warn(ContractWarning(text), stacklevel=3)
        return
    raise failure
