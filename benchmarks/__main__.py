"""`python -m benchmarks [NAME ...] [--quick] [--json | --markdown]`: measures, and says what is demanded of it.

Each benchmark has a process of its own, one after the other. Figures are ratios within one run: the candidates take
turns, round by round, in that process, in CPU time. Peers that are not installed are left out, and said so. The status
is 0 whatever the figures are; it is 1 where two candidates that are to do the same work give different answers, since
nothing can be said of their times then.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks.measure import FULL, QUICK
from benchmarks.peers import PEERS
from benchmarks.registry import BENCHMARKS, measured_apart
from benchmarks.results import OtherAnswersError, Result, as_json, as_markdown, table, told_of


def main(given: Sequence[str] | None = None) -> int:
    """Run what the command line names."""
    options = _options(given)
    size = QUICK if options.quick else FULL
    versions = {each.distribution: each.version for each in PEERS if each.version}
    found: dict[str, list[Result]] = {}
    if not options.json:
        print(f"{told_of(size, versions)}\n")
    for name in options.names or BENCHMARKS:
        begun = time.monotonic()
        try:
            found[name] = measured_apart(name, size)
        except OtherAnswersError as other:
            print(f"{name}: {other}", file=sys.stderr)
            return 1
        took = time.monotonic() - begun
        if options.markdown:
            print(f"**{name}**: {BENCHMARKS[name]}\n\n{as_markdown(found[name])}\n", flush=True)
        elif not options.json:
            print(f"{name}: {BENCHMARKS[name]} ({took:.0f} s)\n{table(found[name])}\n", flush=True)
    if options.json:
        print(as_json(found, size, versions))
    return 0


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    listed = "\n".join(f"  {name:16} {what}" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.partition(": ")[2], epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; all unless given")
    parser.add_argument("--quick", action="store_true", help="fewer rounds of less work: under a minute in all")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON; times are seconds")
    form.add_argument("--markdown", action="store_true", help="print tables for a document")
    options = parser.parse_args(given)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
