"""What a schedule is like, drawn from its seed: each fault is off, or has a strength (swarm testing)."""

import random

import attrs

STRENGTHS = (0.02, 0.08, 0.25)
AT_STORE = ("busy", "busy reading", "full", "crash before commit", "crash after commit", "unknown result")
AT_PROVIDER = (
    "refused",
    "sent, then raised",
    "raised without sending",
    "garbage after sending",
    "garbage without sending",
    "ambiguous",
    "died in the call after sending",
    "died in the call without sending",
    "meanwhile",
    "slow call",
    "hangs",
)
AT_WORKER = ("paused", "crash", "clock set", "reboot", "slow step", "act between")
OF_LANGUAGE = ("function raised", "function died", "released in the middle")
BY_HOST = ("down for days", "new release", "duplicate", "late", "disordered", "poison", "receipt", "erased")
AIMED = (
    "slow second owner",
    "clock set between release and call",
    "withdrawn between release and call",
    "crash right after accept",
    "lease expires during the call",
    "memory runs out before the repeat",
    "told to stop at a retry",
    "withdrawn after the clock was set back",
    "rush at a cap",
    "cancelled while it is uncertain",
    "a fast clock at night",
)
KINDS = AT_STORE + AT_PROVIDER + AT_WORKER + BY_HOST + OF_LANGUAGE + AIMED
HOUR = 3_600_000_000


@attrs.define
class Swarm:
    """One schedule's make-up.

    Args:
        rng: draws everything of this schedule.
        strengths: probability of each fault whenever it could happen; those left out are off.
        workers: processes with an engine, 1 to 3.
        machines: 1 or 2; several workers on one share its clocks.
        memories: for how long each channel's provider remembers keys, in microseconds; None for not at all.
        lookups: channels whose provider can be asked what became of a message.
        on_file: each process opens the store's file for itself.
        aimed: the aimed fault of this schedule, or none.
        calm: nothing goes wrong but what customers do, poison among it.
        words: with the journeys of the rest of the language, and what customers do in them.
    """

    rng: random.Random
    strengths: dict = attrs.Factory(dict)
    workers: int = 1
    machines: int = 1
    memories: dict = attrs.Factory(dict)
    lookups: frozenset = frozenset()
    customers: int = 2
    acts: int = 6
    on_file: bool = False
    aimed: str = ""
    calm: bool = False
    words: bool = False


def draw(seed, *, aimed="", strengths=None):
    """The make-up of the schedule with this seed.

    Args:
        seed: a whole number.
        aimed: this aimed fault whatever the seed says, for those who look for one thing.
        strengths: likewise, in place of what is drawn.
    """
    rng = random.Random(seed)
    swarm = Swarm(rng)
    swarm.calm = rng.random() < 0.08
    if not swarm.calm:
        # How much goes wrong at all differs from schedule to schedule: a few faults at a time reach deeper than many.
        share = rng.choice((0.1, 0.3, 0.6))
        for kind in AT_STORE + AT_PROVIDER + AT_WORKER + BY_HOST:
            if rng.random() < share:
                swarm.strengths[kind] = rng.choice(STRENGTHS) * (0.4 if kind in AT_STORE else 1)
        if rng.random() < 0.4:
            swarm.aimed = rng.choice(AIMED)
    elif rng.random() < 0.5:
        swarm.strengths["poison"] = 0.4
    if aimed or strengths:
        swarm.aimed, swarm.strengths, swarm.calm = aimed, strengths or swarm.strengths, False
    _make_up(swarm)
    if rng.random() < 0.5:
        _with_words(swarm, drawn=not (swarm.calm or strengths))
    return swarm


def _with_words(swarm, *, drawn):
    """Have a schedule meet the rest of the language, and what goes wrong in it."""
    rng, swarm.words = swarm.rng, True
    swarm.acts += rng.choice((2, 4, 8, 12))
    for kind in OF_LANGUAGE if drawn else ():
        if rng.random() < 0.4:
            swarm.strengths[kind] = rng.choice(STRENGTHS if kind != "function raised" else (0.1, 0.5, 1))


def _make_up(swarm):
    """Who takes part in it, and how often."""
    rng = swarm.rng
    swarm.workers = rng.choice((1, 1, 2, 2, 3))
    if swarm.aimed in ("slow second owner", "lease expires during the call", "rush at a cap"):
        swarm.workers = max(swarm.workers, 2)
    swarm.machines = rng.choice((1, 1, 1, 2)) if swarm.workers > 1 else 1
    swarm.memories = {name: rng.choice((None, HOUR, 6 * HOUR, 24 * HOUR)) for name in ("email", "sms")}
    if swarm.aimed in ("memory runs out before the repeat", "slow second owner"):
        swarm.memories["email"] = HOUR
    if rng.random() < 0.25:
        swarm.lookups = frozenset(name for name in ("email", "sms") if rng.random() < 0.6)
    swarm.customers = rng.choice((1, 1, 2, 3))
    swarm.acts = rng.choice((2, 3, 4, 6, 8))
    swarm.on_file = rng.random() < 0.02
