import json
import subprocess
import sys

# Without `site` nothing is loaded beforehand; the search path is handed over instead.
BARE = "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"

HEAVY = {"asyncio", "cattrs", "dataclasses", "dateutil", "logging", "sqlite3"}

LOADED_BY_TOUCHPOINT = """
import touchpoint
print(json.dumps(sorted(sys.modules)))
"""

THREADS_STARTED_BY_EACH_MODULE = """
import _thread, importlib, pkgutil

current, seen, culprits = "touchpoint", [], set()

def watched(start):
    def start_and_tell(*args, **kwargs):
        culprits.add(current)
        return start(*args, **kwargs)
    return start_and_tell

# Before `threading` takes hold of them; so threads that are gone again are seen too. The second exists from 3.13 on.
assert "threading" not in sys.modules
for name in ("start_new_thread", "start_joinable_thread"):
    if hasattr(_thread, name):
        setattr(_thread, name, watched(getattr(_thread, name)))

def visit(name):
    global current
    current = name
    seen.append(name)
    return importlib.import_module(name)

def refuse(name):
    raise ImportError(f"{name} cannot be imported")

for module in pkgutil.walk_packages(visit("touchpoint").__path__, "touchpoint.", onerror=refuse):
    if module.name.rpartition(".")[2] != "__main__":  # importing that one is running it
        visit(module.name)
print(json.dumps({"seen": seen, "culprits": sorted(culprits)}))
"""


def in_a_bare_python(script):
    """What this script prints, as JSON, in a fresh Python that has loaded nothing of ours."""
    path = json.dumps([entry for entry in sys.path if entry])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE + script, path],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# HOUSE 10
def test_importing_touchpoint_loads_nothing_heavy():
    loaded = in_a_bare_python(LOADED_BY_TOUCHPOINT)
    assert "touchpoint" in loaded
    offending = sorted(HEAVY.intersection(loaded))
    assert not offending, f"`import touchpoint` loads {', '.join(offending)}; import them where they are used"


# HOUSE 9
def test_importing_any_module_starts_no_thread():
    result = in_a_bare_python(THREADS_STARTED_BY_EACH_MODULE)
    assert "touchpoint.engine" in result["seen"]
    assert not result["culprits"], f"importing {', '.join(result['culprits'])} starts threads"
