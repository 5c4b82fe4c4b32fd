"""Planted defects: each is a mistake that delivery code really makes, as a small change of the real engine.

The yardstick is good for something only if it sees them: `test_yardstick.py` runs schedules until the checker has found
each, and fails for one that it does not find in time.

The list grows with every bug that is ever found in delivery, by whomever: plant it here again, in as few lines as
possible, watch the checker see it, and only then mend it. A bug that the checker does not see is first a hole in the
checker, or a fault that no schedule draws: mend that as well. Where chance alone would take long, give the aimed fault
or the strengths under which the defect shows.
"""

from faults import (
    defects_of_counts,
    defects_of_hand_over,
    defects_of_language,
    defects_of_policy,
    defects_of_recording,
)
from faults.planting import DEFECTS, Defect, planted

LISTS = (defects_of_hand_over, defects_of_policy, defects_of_counts, defects_of_recording, defects_of_language)
"""Where they stand. Importing one enters its defects."""

__all__ = ["DEFECTS", "LISTS", "Defect", "planted"]
