"""What an import loads, counted in modules: how long it takes is for `python -m benchmarks importing` to say."""

import ast
import subprocess
import sys
from functools import cache

import pytest

import touchpoint
from test_packaging import HEAVY

OF_THE_LANGUAGE = {"clock", "durations", "errors", "journey", "model"}
"""Where the words are with which journeys are written."""
GROUND = {"compact", "zones"}
"""What those may use below them; what decides, stores and sends is not among it."""
WORDS = ", ".join(sorted(name for name, module in touchpoint._WHERE.items() if module.split(".")[1] in OF_THE_LANGUAGE))
SELDOM = {"difflib", "html.entities"}
"""Needed where a name is misspelt, or a message has HTML."""
FIRST = "Journey, Rule, Send"


@cache
def loaded_by(statement):
    """The modules that a statement loads in a Python of its own."""
    script = f"import sys; before = set(sys.modules); {statement}; print(sorted(set(sys.modules) - before))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return frozenset(ast.literal_eval(ran.stdout))


def ours(loaded):
    return {name.partition("touchpoint.")[2] for name in loaded if name.startswith("touchpoint.")}


# HOUSE 10
def test_importing_touchpoint_loads_one_module_of_ours_and_no_dependency():
    loaded = loaded_by("import touchpoint")
    assert ours(loaded) == set()
    assert not loaded & {*HEAVY, "attr", "attrs", "decimal", "inspect", "threading", "zoneinfo"}


@pytest.mark.parametrize("names", [FIRST, WORDS], ids=["a first journey", "every word of the language"])
def test_words_of_journeys_load_the_language_and_nothing_heavy(names):
    loaded = loaded_by(f"from touchpoint import {names}")
    assert not {*HEAVY, *SELDOM, "zoneinfo"} & loaded
    assert {name.split(".")[0] for name in ours(loaded)} <= OF_THE_LANGUAGE | GROUND


def test_using_the_words_loads_nothing_heavy_either():
    made = "Journey('j', rules=[Rule('r', when='a', given=event.n > 1, then=[Wait(days(2))])])"
    loaded = loaded_by(f"from touchpoint import {WORDS}; {made}")
    assert not HEAVY & loaded


def test_the_engine_is_imported_without_what_only_stores_files_and_loops_need():
    loaded = loaded_by(f"from touchpoint import Engine, {FIRST}")
    assert not {*HEAVY, *SELDOM} & loaded
    assert not [name for name in ours(loaded) if name.split(".")[0] in ("cli", "files", "insight", "lab", "testing")]


@pytest.mark.parametrize(("names", "most"), [(FIRST, 44), (f"Engine, {FIRST}", 251)])
def test_what_users_import_first_loads_no_more_modules_of_ours_than_it_did(names, most):
    assert 1 < len(ours(loaded_by(f"from touchpoint import {names}"))) <= most
