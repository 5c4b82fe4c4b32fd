"""The figures of the proof by faults are those of the version that is told beside them."""

import pytest

from faults.figures import INTO, ROOT, heading

FILES = ["simulation.txt", "defects.txt", "kill.txt", "power-full.txt", "power-fast.txt"]


@pytest.mark.parametrize("name", FILES)
def test_the_figures_are_of_this_version_and_nothing_broke(name):
    text = (INTO / name).read_text("utf-8")
    assert text.split(",")[0] == heading().split(",")[0], "stale: run python tests/faults/figures.py for this release"
    assert not [line for line in text.splitlines() if line.lstrip().startswith("not seen")]


def test_the_page_shows_every_file():
    page = (ROOT / "docs/explanation/faults.md").read_text("utf-8")
    assert [name for name in FILES if f"_faults/{name}" not in page] == []
