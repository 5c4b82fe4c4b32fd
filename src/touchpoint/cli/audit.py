"""`touchpoint audit`: the seven rules of engagement, held against journeys, channels and history."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from touchpoint.channels.base import Adapter
from touchpoint.cli.loading import Program, read
from touchpoint.cli.looking import kept_journeys, open_to_look
from touchpoint.cli.show import plain
from touchpoint.errors import InvalidInput
from touchpoint.insight.analysis import Analyser
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy, PolicyItem
from touchpoint.lab.audit import Audit, Criterion, ListeningPost, Place
from touchpoint.lab.audit import audit as hold_against
from touchpoint.lab.audit.catalogue import PRINCIPLES
from touchpoint.lab.audit.result import STATUSES, Status
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.figures import Figures
from touchpoint.stores.base import Store

T = TypeVar("T")
_TABLE: Final = "[tool.touchpoint.audit]"
_SHOWN: Final[Mapping[Status, str]] = {"met": "met", "partly": "partly met", "not": "not met"}


@attrs.frozen(kw_only=True)
class _Setting:
    """All that the files say beside their journeys."""

    policy: Policy
    channels: tuple[Adapter, ...] | None
    feedback: tuple[FeedbackSource, ...]
    analyser: Analyser | None
    locations: tuple[str, ...]
    posts: tuple[ListeningPost, ...]
    figures: Figures | None


@click.command()
@click.argument("files", metavar="[FILE…]", type=click.Path(path_type=Path), nargs=-1)
@click.option("--store", metavar="URL", help="Read its history, too, such as sqlite:///shop.db. Nothing is changed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--require", type=click.Choice(["met", "partly"]), default="met", show_default=True,
    help="How far each rule has to be met for the status 0.",
)  # fmt: skip
@click.option("--explain", metavar="N", is_eager=True, expose_value=False, callback=lambda c, _, v: _explain(c, v),
              help="Say what a rule, from 1 to 7, is about and judged by, and end.")  # fmt: skip
@click.pass_context
def audit(ctx: click.Context, files: tuple[Path, ...], store: str | None, form: str, require: Status) -> None:
    """Hold journeys against the seven rules of engagement.

    All FILEs are taken together, as one engine has them; without any, the journeys that are kept in the store. For
    each rule it is said whether it is met, by what, where, and what to do. The status is 1 if one is not.

    Beside journeys and `policy`, Python files may say `channels`, `feedback`, `analyser` and `figures` as the engine
    has them, and `locations` and `posts`, which may also stand in pyproject.toml: [tool.touchpoint.audit].
    """
    if not files and store is None:
        raise click.UsageError("name a FILE with journeys, or a store that keeps some: --store URL")
    programs = {file: read(file) for file in files}
    opened = None if store is None else open_to_look(store)
    try:
        found = _audited(programs, opened)
    finally:
        if opened is not None:
            opened.close()
    show = {"text": _as_text, "json": _as_json}[form]
    for line in show(found, programs):
        click.echo(line)
    if not found.is_met(require):
        ctx.exit(1)


def _explain(ctx: click.Context, number: str | None) -> None:
    if number is None or ctx.resilient_parsing:
        return
    known = {str(each.number): each for each in PRINCIPLES}
    if number not in known:
        raise click.BadParameter(f"the rules are numbered from 1 to {len(PRINCIPLES)}")
    principle = known[number]
    click.echo(f"{principle.number} {principle.name}\n\n{principle.what}\n{principle.why}\n")
    for each in principle.asked:
        vital = " Without this the rule is not met." if each.vital else ""
        click.echo(f"{each.code} {each.name}: {each.what}{vital}\n    To mend it: {each.mend}.")
    ctx.exit(0)


def _audited(programs: Mapping[Path, Program], store: Store | None) -> Audit:
    journeys = [journey for program in programs.values() for journey in program.journeys]
    if not journeys and store is not None:
        journeys = list(kept_journeys(store))
    if not journeys:
        raise InvalidInput("no file defines a journey; write one at the top level: shop = Journey(…)")
    setting = _setting(programs)
    return hold_against(
        journeys, setting.policy, setting.channels, feedback=setting.feedback, analyser=setting.analyser,
        locations=setting.locations, posts=setting.posts, figures=setting.figures, store=store,
    )  # fmt: skip


# --- what the files say -----------------------------------------------------------------------------------------------


def _setting(programs: Mapping[Path, Program]) -> _Setting:
    values = [program.values for program in programs.values()]
    project = _project(next(iter(programs), Path("pyproject.toml")))
    policies = [each["policy"] for each in values if isinstance(each.get("policy"), Policy)]
    items: list[PolicyItem] = [item for each in policies if isinstance(each, Policy) for item in each.items]
    adapters = _all(values, "channels", Adapter)  # type: ignore[type-abstract]  # a protocol that can be asked for
    analysers = [found for each in values if isinstance(found := each.get("analyser"), Analyser)]
    figures = [found for each in values if isinstance(found := each.get("figures"), Figures)]
    return _Setting(
        policy=policies[0] if len(policies) == 1 and isinstance(policies[0], Policy) else Policy(*dict.fromkeys(items)),
        channels=tuple(adapters) if any("channels" in each for each in values) else None,
        feedback=tuple(_all(values, "feedback", FeedbackSource)),
        analyser=analysers[0] if analysers else None,
        locations=tuple(dict.fromkeys((*_whatever(values, "locations"), *_locations(project)))),
        posts=(*_whatever(values, "posts"), *_posts(project)),
        figures=figures[0] if figures else None,
    )


def _all(values: Sequence[Mapping[str, object]], name: str, of: type[T]) -> list[T]:
    """What the files call so, where that is a list of these; other things may bear the name."""
    lists = [found for each in values if isinstance(found := each.get(name), list | tuple)]
    return [one for found in lists for one in found if isinstance(one, of) and not isinstance(one, type)]


def _whatever(values: Sequence[Mapping[str, object]], name: str) -> list[Any]:
    """What the files call so, whatever is in it: the audit refuses what it cannot use."""
    return [one for each in values if isinstance(found := each.get(name), list | tuple) for one in found]


def _project(file: Path) -> Mapping[str, object]:
    """What the pyproject.toml nearest to a file says. Raises InvalidInput where that cannot be read."""
    path = next(
        (each / "pyproject.toml" for each in file.resolve().parents if (each / "pyproject.toml").is_file()), None
    )
    if path is None:
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        table = found.get("tool", {}).get("touchpoint", {}).get("audit", {})
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from None
    unknown = sorted(set(table) - {"locations", "posts"}) if isinstance(table, dict) else ["audit"]
    if unknown:
        raise InvalidInput(f"{path}: {_TABLE} takes locations and posts, not {unknown[0]!r}")
    return table  # type: ignore[no-any-return]


def _locations(project: Mapping[str, object]) -> list[str]:
    found = project.get("locations", [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise InvalidInput(f'pyproject.toml: {_TABLE} locations is a list of names, such as ["graz", "web"]')
    return found


def _posts(project: Mapping[str, object]) -> list[ListeningPost]:
    found = project.get("posts", [])
    known = {each.name for each in attrs.fields(ListeningPost)}
    if not isinstance(found, list) or not all(isinstance(each, dict) and "name" in each for each in found):
        raise InvalidInput(f'pyproject.toml: {_TABLE} posts is a list of tables, such as [{{name = "card", …}}]')
    for each in found:
        if unknown := sorted(set(each) - known):
            raise InvalidInput(f"pyproject.toml: a post takes {', '.join(sorted(known))}, not {unknown[0]!r}")
    return [ListeningPost(**each) for each in found]


# --- what is shown ----------------------------------------------------------------------------------------------------


def _as_text(found: Audit, programs: Mapping[Path, Program]) -> Iterator[str]:
    for rule in found.rules:
        yield f"{rule.number} {rule.principle.name}: {_SHOWN[rule.status]}"
        for each in rule.criteria:
            yield plain(f"  {'+' if each.met else '-'} {each.code} {each.asked.name}: {each.what}")
            if not each.met:
                yield from (plain(f"      at {_where(place, programs)}{place}") for place in each.places)
                yield plain(f"      to mend it: {each.mend}")
        yield from (plain(f"  = {each}") for each in rule.evidence)
    counts = {status: sum(each.status == status for each in found.rules) for status in STATUSES}
    looked = "" if found.customers is None else f"; customers looked at in the store: {found.customers:,}"
    yield f"{counts['met']} of {len(found.rules)} rules met, {counts['partly']} partly, {counts['not']} not{looked}"


def _as_json(found: Audit, programs: Mapping[Path, Program]) -> Iterator[str]:
    rules = [
        each.to_dict() | {"criteria": [_told(criterion, programs) for criterion in each.criteria]}
        for each in found.rules
    ]  # fmt: skip
    yield json.dumps(found.to_dict() | {"rules": rules}, indent=2, ensure_ascii=False)


def _told(criterion: Criterion, programs: Mapping[Path, Program]) -> dict[str, object]:
    """A criterion as data; with each place its file, line and column, where those are known."""
    places = [attrs.asdict(each) | {"at": _where(each, programs).rstrip(": ")} for each in criterion.places]
    return criterion.to_dict() | {"places": places}


def _where(place: Place, programs: Mapping[Path, Program]) -> str:
    """File, line and column of a place, where its file is of YAML or JSON."""
    for file, program in programs.items():
        if any(isinstance(each, Journey) and each.name == place.journey for each in program.journeys):
            there = program.place(place.path, place.journey)
            return "" if there is None else f"{file}:{there[0]}:{there[1]}: "
    return ""
