"""`python -m touchpoint.testing.contract checks` and `… matrix` print pages of the documentation."""

import sys

from touchpoint.testing.contract.pages import PAGES


def main(arguments: list[str]) -> int:
    """Print the page that is asked for; 2 where there is none of that name."""
    if len(arguments) != 1 or arguments[0] not in PAGES:
        sys.stderr.write(f"usage: python -m touchpoint.testing.contract {'|'.join(PAGES)}\n")
        return 2
    sys.stdout.write(PAGES[arguments[0]]())
    return 0


if __name__ == "__main__":  # pragma: no cover - what it calls is tested
    sys.exit(main(sys.argv[1:]))
