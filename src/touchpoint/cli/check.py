"""`touchpoint check`: what a thoughtful reviewer would object to in journeys."""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import click

from touchpoint.channels.base import Adapter
from touchpoint.cli.loading import Program, load, words
from touchpoint.cli.show import plain
from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.lab.checks.catalogue import CHECKS
from touchpoint.lab.checks.checking import check as check_journeys
from touchpoint.lab.checks.checking import invalid
from touchpoint.lab.checks.finding import Finding
from touchpoint.model.message import Message

_SEVERITIES: Final = ("error", "warning", "note")
_GITHUB: Final = {"error": "error", "warning": "warning", "note": "notice"}
_TABLE: Final = "[tool.touchpoint.check] waive"


@attrs.frozen
class _Checked:
    """A file with what was found in it; `refused` is what was said where its journeys could not be built."""

    file: Path
    journeys: tuple[Journey, ...]
    findings: tuple[Finding, ...]
    refused: str = ""
    place: Callable[[str, str], tuple[int, int] | None] = lambda _path, _journey: None

    def where(self, finding: Finding) -> tuple[int, int] | None:
        """Line and column of a finding in a file of YAML or JSON."""
        return self.place(finding.path, finding.journey) if finding.journey else None


@click.command()
@click.argument("files", metavar="FILE…", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option(
    "--fail-on", type=click.Choice([*_SEVERITIES, "never"]), default="warning", show_default=True,
    help="The least severity for which the status is 1.",
)  # fmt: skip
@click.option("--waive", "waive", multiple=True, metavar="CODE=REASON", help="Do not report a check. May be repeated.")
@click.option("--explain", metavar="CODE", is_eager=True, expose_value=False, callback=lambda c, _, v: _explain(c, v),
              help="Say what a check is about, and end.")  # fmt: skip
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], form: str, fail_on: str, waive: tuple[str, ...]) -> None:
    """Look for mistakes in the journeys of each FILE.

    What can never happen, never ends, is sent to nobody, goes round in circles or is unfair is shown with its code,
    place and remedy; what may be all right is marked "perhaps". The house's policy, its adapters and its traits are
    taken from `policy`, `channels` and `traits` of the file. The status is 1 if anything is found, "perhaps" left
    aside.

    What is meant to be so is waived with a reason: in Journey(waivers=[…]), by --waive, or for all files in
    pyproject.toml: [tool.touchpoint.check] waive = {TC301 = "…"}.
    """
    reasons = dict(map(_reason, waive))
    checked = [_check(file, reasons) for file in files]
    show = {"text": _as_text, "json": _as_json, "github": _as_github}[form]
    for line in show(checked):
        click.echo(line)
    worst = [*_SEVERITIES, "never"].index(fail_on)
    found = [finding for each in checked for finding in each.findings]
    if fail_on != "never" and any(_SEVERITIES.index(each.severity) <= worst for each in found):
        ctx.exit(1)


def _explain(ctx: click.Context, code: str | None) -> None:
    if code is None or ctx.resilient_parsing:
        return
    known = CHECKS.get(code.upper())
    if known is None:
        raise click.BadParameter(f"there is no check {code!r}")
    click.echo(f"{known.code} {known.name} ({known.severity})\n\n{known.what}\n{known.why}\nTo mend it: {known.mend}.")
    if known.source:
        click.echo(f"Source: {known.source}.")
    ctx.exit(0)


def _reason(given: str) -> tuple[str, str]:
    code, _, why = given.partition("=")
    if not why.strip():
        raise click.BadParameter("write the code and a reason, as in --waive TC301='the shop closes each complaint'")
    return code.strip(), why.strip()


def _check(file: Path, reasons: Mapping[str, str]) -> _Checked:
    try:
        program = load(file)
    except JourneyError as error:
        return _Checked(file, (), tuple(invalid(error)), words(error))
    findings = check_journeys(
        program.journeys, _policy(program), _adapters(program),
        messages=[each for each in program.values.values() if isinstance(each, Message)],
        waive=reasons, waive_in_all=_project(file), traits=_traits(program),
    )  # fmt: skip
    refused = "these journeys cannot live together" if any(each.code == "TC001" for each in findings) else ""
    return _Checked(file, program.journeys, tuple(findings), refused, program.place)


def _policy(program: Program) -> Policy | None:
    found = program.values.get("policy")
    return found if isinstance(found, Policy) else None


def _adapters(program: Program) -> list[Adapter] | None:
    found = program.values.get("channels")
    known = [each for each in found if isinstance(each, Adapter)] if isinstance(found, list | tuple) else []
    return known or None


def _traits(program: Program) -> type | None:
    found = program.values.get("traits")
    return found if isinstance(found, type) and attrs.has(found) else None


def _project(file: Path) -> dict[str, str]:
    """What the pyproject.toml nearest to a file waives. Raises InvalidInput where that cannot be read."""
    folders = file.resolve().parents
    path = next((each / "pyproject.toml" for each in folders if (each / "pyproject.toml").is_file()), None)
    if path is None:
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        waived = found.get("tool", {}).get("touchpoint", {}).get("check", {}).get("waive", {})
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from None
    if not isinstance(waived, dict) or not all(isinstance(why, str) and why.strip() for why in waived.values()):
        raise InvalidInput(f'{path}: {_TABLE} is a table of codes with their reasons, such as {{TC301 = "…"}}')
    return waived


# --- what is shown ----------------------------------------------------------------------------------------------------


def _as_text(checked: Sequence[_Checked]) -> Iterator[str]:
    for each in checked:
        if each.refused and not each.journeys:
            yield from map(plain, each.refused.split("\n"))
            continue
        if each.refused:
            yield plain(each.refused)
        names = {journey.name for journey in each.journeys}
        others = [finding for finding in each.findings if finding.journey not in names]
        yield from (plain(str(finding)) for finding in others)
        for journey in each.journeys:
            yield from _of_journey(each, journey, [one for one in each.findings if one.journey == journey.name])
        certain = sum(one.severity != "note" for one in others)
        if certain and not each.refused:
            yield plain(f"{each.file}: {_counted(certain, 'problem')} found outside of journeys")


def _of_journey(checked: _Checked, journey: Journey, findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings:
        place = checked.where(each)
        written = "" if place is None else f"{checked.file}:{place[0]}:{place[1]}: "
        yield plain(written + str(each))
    parts = [(len(journey.stages), "stage"), (len(journey.rules), "rule"), (len(journey.messages), "message")]
    parts += [(len(journey.segments), "segment")] if journey.segments else []
    parts += [(len(journey.suggestions), "suggestion")] if journey.suggestions else []
    certain = sum(each.severity != "note" for each in findings)
    problems = _counted(certain, "problem") if certain else "no problems"
    yield plain(f"{journey.name}: {', '.join(_counted(n, what) for n, what in parts)}: {problems} found")


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _as_json(checked: Sequence[_Checked]) -> Iterator[str]:
    findings = [
        {"file": str(each.file), "name": one.name, "why": one.why, "page": one.page, **attrs.asdict(one)}
        for each in checked for one in each.findings
    ]  # fmt: skip
    counts = {severity: sum(one["severity"] == severity for one in findings) for severity in _SEVERITIES}
    yield json.dumps({"findings": findings, "counts": counts}, indent=2, ensure_ascii=False)


def _as_github(checked: Sequence[_Checked]) -> Iterator[str]:
    """Commands for the log of a GitHub workflow, which become annotations of the file."""
    for each in checked:
        for one in each.findings:
            title = _escaped(f"{one.code} {one.name}", ":,")
            place = f"{one.journey}: {one.path}" if one.journey else one.path
            said = _escaped(f"{place}: {one.what}; {one.mend}")
            there = each.where(one)
            line = "" if there is None else f",line={there[0]},col={there[1]}"
            yield f"::{_GITHUB[one.severity]} file={_escaped(str(each.file), ':,')}{line},title={title}::{said}"


def _escaped(text: str, also: str = "") -> str:
    for each in "%\r\n" + also:
        text = text.replace(each, f"%{ord(each):02X}")
    return text
