"""Small builders for tests of releases: a rule, a journey released as a person does, and engines on one store."""

from contextlib import contextmanager

from making import engine_of, journey
from touchpoint import Rule
from touchpoint.channels import MemoryChannel


def rule(*steps, name="r", **parts):
    """A rule of these steps, started by `start`."""
    return Rule(name, when="start", then=list(steps), **parts)


def changed(engine, *rules, mode="follow", name="one", parts=None, **options):
    """Release a journey of these rules, as a person does; gives the preview."""
    new = journey(*rules, name=name, **(parts or {}))
    preview = engine.preview_release(new, mode=mode, **options)
    engine.release(new, confirm=preview.token, by="chris", mode=mode, **options)
    return preview


@contextmanager
def on_one_store(path, clock, *, people=("ann",), beside=False):
    """Gives a function that opens an engine with some rules, all with one clock and one channel.

    Args:
        people: who is made known, unless an engine is told otherwise.
        beside: whether engines that are open already stay open.
    """
    channels, engines = [MemoryChannel("email")], []

    def opened(*rules, people=people, **options):
        if not beside:
            close()
        given = {"channels": channels, **options}
        engines.append(engine_of(*rules, store=f"sqlite:///{path}", clock=clock, people=people, **given))
        return engines[-1]

    def close():
        for each in engines:
            each.close()

    try:
        yield opened
    finally:
        close()
