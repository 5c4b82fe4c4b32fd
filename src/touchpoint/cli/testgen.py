"""`touchpoint testgen`: tests for what no test lives through yet, as a Python file to read, to keep and to change."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from touchpoint.cli.loading import load
from touchpoint.errors import InvalidInput

if TYPE_CHECKING:
    from touchpoint.lab.coverage import Coverage
    from touchpoint.testing.moves import Act, Opening
    from touchpoint.testing.paths import Chosen, Search
    from touchpoint.testing.world import World

_NAME: Final = 100
_WIDE: Final = 110
_LENGTHS: Final = ("days", "hours", "minutes", "seconds")
_SHORT: Final = (  # what an act is called in the name of a test, by how its line begins
    (r'ann\.does\("([^"]+)".*\)\.does.*', r"\1 again and again"),
    (r'ann\.does\("([^"]+)".*', r"\1"),
    (r"world\.advance\((.*)\)", r"\1"),
    (r"world\.until\(datetime\(\d+, \d+, \d+, ([\d, ]+), tz.*", r"at \1"),
    (r'world\.channel\("([^"]+)"\)\.will\(Refused.*', r"\1 refuses"),
    (r'world\.channel\("([^"]+)"\)\.without_idempotency.*', r"\1 leaves in doubt"),
    (r'world\.channel\("([^"]+)"\)\.receipts\((.*)\)', r"\1 tells \2"),
    (r"ann\.changes\(traits=(.*)\)", r"with \1"),
    (r'ann\.(open|close)s_case\("([^"]+)".*', r"\1s \2"),
    (r"ann\.|world\.|via=", ""),
)


@click.command()
@click.argument("journeys", type=click.Path(path_type=Path))
@click.option("--journey", metavar="NAME", help="The one to cover.  [default: all that the file defines]")
@click.option(
    "--covered", type=click.Path(path_type=Path), metavar="FILE", help="What tests cover: JSON of --touchpoint-cov."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A new file.  [default: standard output]")
@click.option("--most", type=click.IntRange(1), default=1_500, show_default=True, help="Stories to try.")
@click.option("--seconds", type=click.FloatRange(0), default=60.0, show_default=True, help="To search at most.")
def testgen(
    journeys: Path, journey: str | None, covered: Path | None, out: Path | None, most: int, seconds: float
) -> None:
    """Write tests for what no test lives through.

    Searches the shortest stories that live through the parts of JOURNEYS that are not covered, and writes
    them as tests that pass. Each asserts what happens today: whether that is right is for you to say.
    """
    from touchpoint.testing.paths import find_stories

    if out is not None and out.exists():
        raise InvalidInput(f"{out} exists, and may have been changed by hand; name a new file with --out")
    found = find_stories(
        load(journeys).journeys, journey=journey, covered=_covered(covered), most=most, seconds=seconds
    )
    for line in _told(found):
        click.echo(line, err=True)
    if not found.chosen:
        return
    text = written(journeys, found.chosen, out)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")


def _covered(path: Path | None) -> "Coverage | None":
    from touchpoint.lab.coverage import Coverage

    if path is None:
        return None
    try:
        return Coverage.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    except (InvalidInput, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: {error}") from None


def _told(found: "Search") -> Iterator[str]:
    elements = sum(len(each.elements) for each in found.chosen)
    if not elements and not found.missed:
        yield "everything is covered: there is nothing to write"
        return
    yield f"{len(found.chosen)} tests for {elements} parts; {found.played:,} stories tried"
    if found.missed:
        yield f"no story was found for {len(found.missed)} parts:"
        yield from (f"  {each.words}" for each in found.missed)


# The file.


def written(journeys: Path, chosen: Sequence["Chosen"], out: Path | None) -> str:
    """A test file, as text.

    Args:
        journeys: the file that defines them.
        chosen: the stories.
        out: where the text will be kept; without it, the tests find the journeys from the current folder.
    """
    from touchpoint.testing.world import MONDAY, World
    from touchpoint.testing.written import code

    loaded = load(journeys).journeys
    usual = max((each.story.opening for each in chosen), key=lambda each: len(each.words))  # who has everything
    tests, names = list[str](), set[str]()
    for each in chosen:
        with World(loaded, at=MONDAY) as world:
            each.story.play(world)
            tests.append("\n".join(_test(each, usual, _unique(each, names), list(_asserted(world, each)))))
    body = "\n\n\n".join([*_fixtures(usual, code(MONDAY)), *tests]) + "\n"
    return _head(journeys, out, body) + body


def _head(journeys: Path, out: Path | None, body: str) -> str:
    place = f"Path({_quoted(journeys.as_posix())})"
    if out is not None:
        place = f"Path(__file__).parent / {_quoted(Path(os.path.relpath(journeys, out.parent)).as_posix())}"
    standard = _import("datetime", ("UTC", "date", "datetime", "timedelta"), body) + _import(
        "decimal", ("Decimal",), body
    )
    ours = _import("touchpoint", _LENGTHS, body) + _import("touchpoint.channels", ("Ambiguous", "Refused"), body)
    return (
        f'"""Stories that no test lived through, from `touchpoint testgen {journeys.name}`.\n\n'
        'Each asserts what happens today: keep it where that is right, and give it a name that says why.\n"""\n\n'
        f"{standard}from pathlib import Path\n{_import('zoneinfo', ('ZoneInfo',), body)}\nimport pytest\n\n"
        f"{ours}from touchpoint.cli.loading import load\n\n"
        f"JOURNEYS = load({place}).journeys\n\n\n"
    )


def _import(module: str, names: Iterable[str], body: str) -> str:
    said = re.sub(r'"(?:[^"\\]|\\.)*"|#.*', '""', body)
    used = [name for name in names if re.search(rf"(?<![\w.]){name}\b", said)]
    return f"from {module} import {', '.join(used)}\n" if used else ""


def _fixtures(usual: "Opening", at: str) -> Iterator[str]:
    yield (f"@pytest.fixture\ndef world(touchpoint_world):\n    return touchpoint_world(journeys=JOURNEYS, at={at})")
    yield f"@pytest.fixture\ndef ann(world):\n    return {_customer(usual)}"


def _customer(opening: "Opening") -> str:
    inner = "".join(f"\n        {each}," for each in opening.arguments)
    inner = re.sub(r"(?<=\)), (?=\()", ",\n            ", inner).replace("consents={(", "consents={\n            (")
    inner = inner.replace(")},", "),\n        },")
    return f"world.customer({inner}\n    )"


def _test(chosen: "Chosen", usual: "Opening", name: str, asserted: Sequence[str]) -> Iterator[str]:
    story = chosen.story
    yield f"def {name}(world{', ann' if story.opening.words == usual.words else ''}):"
    yield from (f"    # for {each.id}" for each in chosen.elements)
    if story.opening.words != usual.words:
        yield f"    ann = {_customer(story.opening)}"
    for act in story.acts:
        note = f"  # {act.note}" if act.note else ""
        yield f"    {act.words}{note}" if len(act.words) + len(note) < _WIDE else f"    {note.strip()}\n    {act.words}"
    yield from (f"    {line}" for line in asserted)


def _unique(chosen: "Chosen", names: set[str]) -> str:
    said = "_then_".join(_short(act) for act in chosen.story.acts) or "nobody_does_anything"
    name = stem = f"test_{said}"[:_NAME].rstrip("_")
    number = 1
    while name in names:
        number += 1
        name = f"{stem}_{number}"
    names.add(name)
    return name


def _short(act: "Act") -> str:
    if act.note:
        before = act.note.partition(": ")[0] + " " if act.near else ""
        return _slug(before + act.note.rpartition(": ")[2])
    for pattern, short in _SHORT:
        said, n = re.subn(pattern, short, act.words)
        if n:
            break
    return _slug(said)


def _slug(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower()


def _quoted(text: str) -> str:
    from touchpoint.testing.written import code

    return code(text)


# What is observed.


def _asserted(world: "World", chosen: "Chosen") -> Iterator[str]:
    """What holds at the end of a story, as assertions."""
    from touchpoint.testing.moves import CUSTOMER
    from touchpoint.testing.written import code

    ann = world[CUSTOMER]
    yield f"assert ann.inbox == {code(list(ann.inbox))}"
    for journey, stages in world.stages.items():
        if stages:
            stage = ann.stage(journey)
            yield f"assert ann.stage({code(journey)}) " + ("is None" if stage is None else f"== {code(str(stage))}")
    if world.segments:
        yield f"assert sorted(ann.segments) == {code(sorted(ann.segments))}"
    for name in world.messages:
        if (last := ann.last(name)) is not None:
            yield f"assert ann.last({code(name)}).status == {code(last.status)}"
    if runs := [run.rule for run in world.where(ann)]:
        yield f"assert [run.rule for run in world.where(ann)] == {code(runs)}"
    if cases := [case.kind for case in ann.cases(open=True)]:
        yield f"assert [case.kind for case in ann.cases(open=True)] == {code(cases)}"
    refused = dict.fromkeys(each.place[1] for each in chosen.elements if each.place[2:3] == ("refused",))
    for rule in refused:
        if rule not in world.messages and world.why(ann, rule).status == "refused":
            yield f'assert world.why(ann, {code(rule)}).status == "refused"'
