"""`import touchpoint` loads nothing before it is asked for: pytest imports the plugin in every suite."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import touchpoint
from touchpoint import channels


def declared(package):
    """(module, names) of the imports that type checkers see, and only they."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    guarded = [each for each in tree.body if isinstance(each, ast.If)]
    for node in ast.walk(ast.Module(guarded, [])):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("touchpoint."):
            yield node.module.removeprefix(f"{package.__name__}."), tuple(sorted(alias.name for alias in node.names))


@pytest.mark.parametrize("package", [touchpoint, channels], ids=lambda each: each.__name__)
def test_what_type_checkers_see_is_what_is_loaded(package):
    assert dict(declared(package)) == {module: tuple(sorted(names)) for module, names in package._FROM.items()}


@pytest.mark.parametrize("name", touchpoint.__all__)
def test_every_name_is_there_once_it_is_asked_for(name):
    module = touchpoint._WHERE[name]
    assert getattr(touchpoint, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("what", ["touchpoint", "touchpoint.testing", "touchpoint.testing.plugin"])
def test_importing_it_loads_no_room(what):
    script = f"import sys, pytest, {what}; print([name for name in sys.modules if name.startswith('touchpoint.')])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert set(ast.literal_eval(ran.stdout)) <= {f"touchpoint.testing{part}" for part in ("", ".plugin", ".covering")}


@pytest.mark.parametrize("name", channels._WHERE)
def test_every_name_of_the_channels_is_there_once_it_is_asked_for(name):
    assert getattr(channels, name) is getattr(import_module(channels._WHERE[name]), name)


def test_a_name_that_no_channel_has_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'touchpoint\.channels' has no attribute 'Frob'"):
        _ = channels.Frob


def test_the_engine_loads_nothing_that_only_webhooks_and_links_need():
    script = "import sys, touchpoint; touchpoint.Engine; print([name for name in sys.modules if 'channels.' in name])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert not set(ast.literal_eval(ran.stdout)) & set(channels._WHERE.values())
