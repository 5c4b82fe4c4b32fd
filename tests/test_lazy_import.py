"""`import touchpoint` loads nothing before it is asked for: pytest imports the plugin in every suite."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import touchpoint

SOURCE = Path(touchpoint.__file__)


def declared():
    """(module, names) of the imports that type checkers see."""
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("touchpoint."):
            yield node.module.removeprefix("touchpoint."), tuple(sorted(alias.name for alias in node.names))


def test_what_type_checkers_see_is_what_is_loaded():
    assert dict(declared()) == {module: tuple(sorted(names)) for module, names in touchpoint._FROM.items()}


@pytest.mark.parametrize("name", touchpoint.__all__)
def test_every_name_is_there_once_it_is_asked_for(name):
    module = touchpoint._WHERE[name]
    assert getattr(touchpoint, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("what", ["touchpoint", "touchpoint.testing", "touchpoint.testing.plugin"])
def test_importing_it_loads_no_room(what):
    script = f"import sys, pytest, {what}; print([name for name in sys.modules if name.startswith('touchpoint.')])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert set(ast.literal_eval(ran.stdout)) <= {f"touchpoint.testing{part}" for part in ("", ".plugin", ".covering")}
