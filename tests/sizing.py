"""How much the laws that take long try: half of their examples, unless more is asked for.

TOUCHPOINT_EXAMPLES=10 pytest tests/test_circles.py     ten times as many as are written there
"""

import os

SHARE = float(os.environ.get("TOUCHPOINT_EXAMPLES", "0.5"))


def examples(written):
    """So many of the examples that are written beside a law."""
    return max(round(written * SHARE), 1)
