"""The documentation is true: its Python runs and prints what it says, its links lead somewhere, nothing is left out.

In a page the blocks fenced as `python` share one namespace and run in order in an empty folder. A block fenced as
`text` is what the `python` block before it printed; a line `…` in it stands for any lines.
"""

import io
import re
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

import touchpoint.channels
import touchpoint.files
import touchpoint.insight
import touchpoint.lab
import touchpoint.lab.audit
from touchpoint import Journey, errors
from touchpoint.lab import check

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")
COMMAND = re.compile(r"^(?:.*&& )?touchpoint (\S+)", re.MULTILINE)

run_python = PythonEvaluator()


def named(path):
    return str(path.relative_to(ROOT))


def run_and_listen(example):
    printed = io.StringIO()
    with redirect_stdout(printed):
        run_python(example)
    example.document.namespace["_printed"] = printed.getvalue()


def compare_with_what_was_printed(example):
    printed = example.document.namespace.pop("_printed", None)
    assert printed is not None, f"{example.path}:{example.line}: no python block comes before this text block"
    shown = str(example.parsed).rstrip().splitlines()
    pattern = "".join("(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()) + "\n" for line in shown)
    real = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    assert re.fullmatch(pattern, real), f"{example.path}:{example.line} shows other words than were printed:\n{real}"


def slug(heading):
    """A heading's anchor, as the usual Markdown viewers make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path):
    text = FENCED.sub("", path.read_text("utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def code_in(path):
    """Everything that a page sets as code outside of its blocks."""
    return "\n".join(re.findall(r"`([^`\n]+)`", FENCED.sub("", path.read_text("utf-8"))))


def mentions(code, name):
    return re.search(rf"(?<![\w.]){name}(?!\w)", code) is not None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_example_runs_and_prints_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parsers = [CodeBlockParser("python", run_and_listen), CodeBlockParser("text", compare_with_what_was_printed)]
    seen = {}
    for example in Sybil(parsers=parsers).parse(page).examples():
        example.evaluate()
        seen |= {id(each): each for each in example.document.namespace.values() if isinstance(each, Journey)}
    # What the documentation shows is what `touchpoint check` has nothing against.
    if page.stem not in ("audit-journeys", "check-journeys", "checks"):
        assert [str(found) for journey in seen.values() for found in check(journey)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    for target, anchor in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(there), f"{target} has no heading #{anchor}"


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = LINK.findall(FENCED.sub("", page.read_text("utf-8")))
        waiting += [(page.parent / target).resolve() for target, _ in links if target]
    assert set(PAGES) <= seen, "not linked: " + ", ".join(named(page) for page in set(PAGES) - seen)


def test_the_readme_is_short():  # STYLE
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


# On the public index another project has the name.
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_installs_touchpoint_by_name(page):
    by_name = r"""pip3? install[^&|;\n]*[\s"']touchpoint(?![./\w-])"""
    assert not re.search(by_name, page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_a_page_shows_exists(page):
    from touchpoint.cli.app import cli

    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    shown = {command for block in blocks for command in COMMAND.findall(block)}
    assert shown <= {*cli.list_commands(click.Context(cli)), "--help", "--version"}


@pytest.mark.parametrize("name", touchpoint.__all__)
def test_the_language_reference_names_everything_public(name):
    assert mentions(code_in(ROOT / "docs/reference/language.md"), name)


def test_the_language_reference_names_every_method_of_the_engine():
    code = code_in(ROOT / "docs/reference/language.md")
    methods = [name for name in dir(touchpoint.Engine) if not name.startswith("_")]
    left_out = [name for name in methods if not re.search(rf"\b{name}\b", code)]
    assert set(left_out) <= {
        "delivery",
        "take_prepared",
        "together",
        "workplace",
    }  # for whoever drives the engine step by step


ROOMS = [touchpoint.channels, touchpoint.files, touchpoint.insight, touchpoint.lab, touchpoint.lab.audit]


@pytest.mark.parametrize("module", ROOMS, ids=lambda module: module.__name__)
def test_the_reference_names_what_is_public_in_the_rooms(module):
    code = "\n".join(code_in(page) for page in sorted((ROOT / "docs/reference").glob("*.md")))
    assert [name for name in module.__all__ if not mentions(code, name)] == []


def test_what_is_said_about_consent_is_no_legal_advice():  # S7.2
    consent = (ROOT / "docs/reference/language.md").read_text("utf-8").split("## Consent")[1]
    assert "not legal advice" in consent[:200]


def test_the_error_reference_names_every_error():
    code = code_in(ROOT / "docs/reference/errors.md")
    tree = [name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)]
    assert [name for name in tree if not mentions(code, name)] == []


def test_the_architecture_page_names_every_room():
    code = code_in(ROOT / "docs/explanation/architecture.md")
    rooms = [each.stem for each in (ROOT / "src/touchpoint").iterdir() if not each.name.startswith(("_", "py."))]
    assert [room for room in rooms if not re.search(rf"\b{room}\b", code)] == []


def test_the_architecture_page_names_only_files_that_exist():
    code = code_in(ROOT / "docs/explanation/architecture.md")
    for name in re.findall(r"\b[\w/]+\.py\b", code):
        assert (ROOT / "src/touchpoint" / name).exists(), name


def test_the_architecture_page_draws_the_layers_that_are_enforced():  # HOUSE
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["id"] == "layers")
    drawn = (ROOT / "docs/explanation/architecture.md").read_text("utf-8").split("```")[1].splitlines()
    rooms = [re.findall(r"\w+", line.split("  ")[0]) for line in drawn if line.strip()]
    enforced = [[room for room in re.findall(r"[(\w)]+", layer) if "(" not in room] for layer in layers]
    assert rooms == [layer for layer in enforced if layer]
