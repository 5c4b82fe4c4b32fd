"""How a defect is planted, and taken out again."""

from contextlib import contextmanager

import attrs

from faults import quick
from touchpoint.policy import checks

CALLS = {"refused": 0.2, "ambiguous": 0.15, "raised without sending": 0.15, "sent, then raised": 0.15}
STORE = {"crash before commit": 0.05, "full": 0.05, "crash after commit": 0.05}
DEFECTS = {}


@attrs.frozen
class Defect:
    """A planted defect.

    Args:
        name: the mistake, in words.
        plant: given a function that replaces an attribute until the end, makes the mistake.
        aimed: the aimed fault of the schedules in which it is looked for; chance unless given.
        strengths: of the faults in them; drawn unless given.
        within: schedules after which it must have been found.
    """

    name: str
    plant: object
    aimed: str = ""
    strengths: dict | None = None
    within: int = 400


def defect(name, **how):
    """Enter a defect into the list."""

    def enter(plant):
        DEFECTS[name] = Defect(name, plant, **how)
        return plant

    return enter


@contextmanager
def planted(one):
    """While this lasts, the engine makes the mistake."""
    undo = []

    def replace(owner, name, make):
        if isinstance(owner, type):  # the class that has it, which may be one that this one is made of
            owner = next(each for each in owner.__mro__ if name in vars(each))
        before = getattr(owner, name)
        undo.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, make(before))

    try:
        one.plant(replace)
        quick.forget()
        yield
    finally:
        for owner, name, before in reversed(undo):
            setattr(owner, name, before)
        quick.forget()


def without(replace, check):
    """Have the gate leave out a check."""
    replace(checks, "CHECKS", lambda before: tuple(each for each in before if each.__name__ != check))
