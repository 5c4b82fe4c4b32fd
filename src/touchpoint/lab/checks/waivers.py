"""Findings that somebody stands by, with a reason (TC9xx)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from touchpoint.errors import hint
from touchpoint.journey.journey import Journey
from touchpoint.journey.waiver import Waiver
from touchpoint.lab.checks.catalogue import CHECKS
from touchpoint.lab.checks.finding import Finding, found

OUTSIDE = "waivers"
"""The path of waivers that stand in no journey."""


def waived(
    findings: Iterable[Finding], journeys: Sequence[Journey], waive: Mapping[str, str], waive_in_all: Mapping[str, str]
) -> Iterator[Finding]:
    """The findings that nobody waives, then what is wrong with the waivers.

    Args:
        findings: all of them.
        journeys: with their own waivers, which bind their own findings.
        waive: a reason for each code that is waived everywhere.
        waive_in_all: the same, though it need not be found here.
    """
    own = {journey.name: [(n, each) for n, each in enumerate(journey.waivers)] for journey in journeys}
    used: set[tuple[str, int]] = set()
    outside: set[str] = set()
    for finding in findings:
        fitting = [n for n, each in own.get(finding.journey, ()) if fits(each, finding)]
        used.update((finding.journey, n) for n in fitting)
        if finding.code in waive or finding.code in waive_in_all:
            outside.add(finding.code)
        elif not fitting:
            yield finding
    for journey in journeys:
        for n, each in own[journey.name]:
            yield from _own(journey, n, each, is_used=(journey.name, n) in used)
    for code in dict.fromkeys([*waive, *waive_in_all]):
        yield from _outside(code, is_used=code in outside or code not in waive)


def fits(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver is about this finding."""
    at = waiver.at
    if waiver.check != finding.code:
        return False
    return at is None or at in (finding.about, finding.path) or finding.path.startswith((f"{at}.", f"{at}["))


def _own(journey: Journey, n: int, waiver: Waiver, *, is_used: bool) -> Iterator[Finding]:
    path = f"$.waivers[{n}]"
    if waiver.check not in CHECKS:
        yield found("TC901", journey.name, path, "the journey", _unknown(waiver.check))
    elif not is_used:
        where = "" if waiver.at is None else f" at {waiver.at!r}"
        yield found("TC902", journey.name, path, "the journey", f"nothing is found by {waiver.check}{where}")


def _outside(code: str, *, is_used: bool) -> Iterator[Finding]:
    if code not in CHECKS:
        yield found("TC901", "", OUTSIDE, OUTSIDE, _unknown(code))
    elif not is_used:
        yield found("TC902", "", OUTSIDE, OUTSIDE, f"nothing is found by {code}")


def _unknown(code: str) -> str:
    return f"there is no check {code!r}{hint(code, CHECKS)}"
