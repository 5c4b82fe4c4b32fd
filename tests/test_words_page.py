"""The reference page of the language is what the code says, and leaves nothing out."""

import inspect
import re
from pathlib import Path

import pytest

import touchpoint
from touchpoint.journey import plain_steps, steps, triggers
from touchpoint.lab.words import main, page, words

PAGE = Path(__file__).parent.parent / "docs/reference/words.md"
CALLED = [each for each in words() if not (inspect.isclass(each) and issubclass(each, touchpoint.TouchpointError))]


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text("utf-8") == page(), "run: python -m touchpoint.lab.words > docs/reference/words.md"


def test_the_command_prints_the_page(capsys):
    main()
    assert capsys.readouterr().out == page()


@pytest.mark.parametrize("module", [triggers, steps, plain_steps])
def test_every_class_of_the_language_is_on_it(module):
    classes = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__]
    told = set(words())
    assert [each.__name__ for each in classes if not each.__name__.startswith("_") and each not in told] == []


def test_every_error_is_on_it():
    errors = [
        name for name in touchpoint.__all__ if name[0].isupper() and name.endswith(("Error", "Erased", "Rejected"))
    ]
    assert [name for name in errors if f"### {name}\n" not in page()] == []


@pytest.mark.parametrize("word", CALLED, ids=lambda each: each.__name__)
def test_a_word_says_what_it_is_and_what_its_arguments_are(word):
    doc = inspect.getdoc(word)
    assert doc
    if word.__name__.startswith("check_") or "Arguments and errors as for" in doc:
        return  # nobody but the gate calls it, or another one tells
    names = [each for each in inspect.signature(word).parameters if each not in ("id", "was", "journey")]
    silent = [name for name in names if not re.search(rf"\b{name}\b", doc) and name not in word.__name__.lower()]
    assert silent == [] or len(names) == 1
