"""How many schedules the checker needs to see a planted defect."""

from faults.checker import check
from faults.defects import planted
from faults.schedule import Schedule


def needed(one):
    """(schedules, the first promise that was seen broken), or None where it was not found in time."""
    with planted(one):
        for seed in range(one.within):
            found = check(Schedule(seed, aimed=one.aimed, strengths=one.strengths).run())
            if found:
                return seed + 1, found[0].promise
    return None
