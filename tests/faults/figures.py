"""Print all figures of the proof by faults into the files that the documentation shows: the command for a release.

    python tests/faults/figures.py --schedules 200000 --kills 10000 --states 3000

Every file begins with the version it was printed by; a test compares that with the version of the library. Exits with 1
where a promise was broken or a planted defect not seen.
"""

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INTO = ROOT / "docs/explanation/_faults"


def heading():
    """The first line of every file."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return f"touchpoint {version}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def printed(into, name, *words):
    """Run one command from the project's root, and keep what it prints; whether it succeeded."""
    command = [sys.executable, f"tests/faults/{name}.py", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    said = " ".join(["python", *command[1:]])
    (INTO / into).write_text(f"{heading()}\n{said}\n\n{done.stdout}", "utf-8")
    return done.returncode == 0


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", default="2000")
    parser.add_argument("--kills", default="300")
    parser.add_argument("--states", default="300")
    parser.add_argument("--processes", default=str(os.cpu_count() or 1))
    given = parser.parse_args()
    fine = [
        printed("kill.txt", "kill", "--kills", given.kills),
        printed("power-full.txt", "power", "--states", given.states, "--durability", "full"),
        printed("power-fast.txt", "power", "--states", given.states, "--durability", "fast"),
        printed("defects.txt", "run", "--defects"),
        printed("simulation.txt", "run", "--schedules", given.schedules, "--processes", given.processes),
    ]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
