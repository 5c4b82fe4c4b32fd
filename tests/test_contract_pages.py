"""The pages that are made of code are what the code says, and leave nothing out."""

import inspect
from importlib.util import find_spec
from pathlib import Path

import pytest

from touchpoint import channels
from touchpoint.channels import Accepted, BaseAdapter, RenderedMessage, SendRequest
from touchpoint.testing import AdapterContract
from touchpoint.testing.contract.__main__ import main
from touchpoint.testing.contract.check import Check
from touchpoint.testing.contract.needs import NEEDS
from touchpoint.testing.contract.pages import PAGES, SHIPPED, checks_page, groups
from touchpoint.testing.contract.rules import checks_of

REFERENCE = Path(__file__).parent.parent / "docs/reference"
FILES = {"checks": "adapter-contract.md", "matrix": "channels-matrix.md"}


needs_apprise = pytest.mark.skipif(
    find_spec("apprise") is None,
    reason="AppriseChannel is in the matrix; in the folder of the source: pip install '.[test]'",
)
pages = pytest.mark.parametrize("page", ["checks", pytest.param("matrix", marks=needs_apprise)])


def test_these_are_all_the_pages():
    assert set(PAGES) == set(FILES) == {"checks", "matrix"}


@pages
def test_a_page_is_what_the_code_says(page):
    shown = (REFERENCE / FILES[page]).read_text("utf-8")
    assert shown == PAGES[page](), f"run: python -m touchpoint.testing.contract {page} > docs/reference/{FILES[page]}"


@pages
def test_the_command_prints_a_page(page, capsys):
    assert main([page]) == 0
    assert capsys.readouterr().out == PAGES[page]()


@pytest.mark.parametrize("arguments", [[], ["pages"], ["checks", "matrix"]])
def test_the_command_says_which_pages_there_are(arguments, capsys):
    assert main(arguments) == 2
    assert "checks|matrix" in capsys.readouterr().err


def test_every_adapter_that_ships_is_in_the_matrix():
    public = {name: getattr(channels, name) for name in channels.__all__}
    adapters = {
        name
        for name, each in public.items()
        if inspect.isclass(each) and not getattr(each, "_is_protocol", False) and hasattr(each, "capabilities")
    }
    assert set(SHIPPED) == adapters - {BaseAdapter.__name__}, "add it to SHIPPED in testing/contract/pages.py"


@needs_apprise
@pytest.mark.parametrize("name", SHIPPED)
def test_an_adapter_in_the_matrix_is_of_the_class_it_stands_for(name):
    assert type(SHIPPED[name]()).__name__ == name


def test_the_function_of_the_matrix_is_a_channel_like_any_other():
    sms = SHIPPED["FunctionChannel"]()
    request = SendRequest("k", sms.normalise("ann@example.com"), RenderedMessage("m"), "email")
    assert sms.send(request) == Accepted("k")


def test_the_page_of_checks_is_grouped_as_the_suite_is():
    assert [*groups()] == ["Declaration", "Addresses", "Preflight", "Send", "Inbound", "Conversation", "Life cycle"]
    assert {each.name for group in groups().values() for each in group} == set(checks_of(AdapterContract))


def test_every_check_needs_what_exists():
    assert {need for each in checks_of(AdapterContract).values() for need in each.needs} <= set(NEEDS)


def test_every_need_switches_some_check_on():
    assert {need for each in checks_of(AdapterContract).values() for need in each.needs} == set(NEEDS)


def test_a_check_that_is_new_says_so_on_its_page(monkeypatch):
    new = Check("test_new", "It is new.", "it matters", "mend it", since="0.2")
    monkeypatch.setattr("touchpoint.testing.contract.pages.groups", lambda: {"Send": [new]})
    assert "Since 0.2: a warning until the next minor release." in checks_page()
