"""`touchpoint work`: a worker as a process of its own, which stops when it is told to by a signal."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeAlias, cast

import attrs
import click

from touchpoint.channels import Adapter, AsyncAdapter, ConsoleChannel
from touchpoint.cli.loading import Program, adapters_of, load
from touchpoint.cli.looking import SECRET, file_of
from touchpoint.cli.settings import Settings, settings_of
from touchpoint.engine.engine import Engine
from touchpoint.engine.working import MAX_THREADS, Worked, is_async
from touchpoint.errors import InvalidInput
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import Call, flat

AnyAdapter: TypeAlias = Adapter | AsyncAdapter
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@attrs.frozen
class Equipment:
    """What a worker needs beyond journeys."""

    channels: tuple[AnyAdapter, ...]
    functions: Mapping[str, Callable[..., object]]
    settings: Settings

    @property
    def is_async(self) -> bool:
        """Whether any of it has to be awaited."""
        return any(map(is_async, [*(each.send for each in self.channels), *self.functions.values()]))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--store", required=True, envvar="TOUCHPOINT_STORE", metavar="URL", help="Such as sqlite:///shop.db.",
    show_envvar=True,
)  # fmt: skip
@click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True, metavar="N",
    help="How many deliver at the same time.",
)  # fmt: skip
@click.option(
    "--poll", type=click.FloatRange(0.001, 86_400), default=1.0, show_default=True, metavar="SECONDS",
    help="How often to look for what other processes have recorded.",
)  # fmt: skip
@click.option("--until-idle", is_flag=True, help="End as soon as nothing is due, as for a cron job.")
@click.option("--console", is_flag=True, help="Print messages instead of sending them.")
@click.pass_context
def work(
    ctx: click.Context, file: Path, store: str, threads: int, poll: float, until_idle: bool, console: bool  # noqa: FBT001 - click passes it so
) -> None:  # fmt: skip
    """Do what is due in a store, with the journeys of FILE.

    FILE is a Python file with journeys at its top level, and with channels = [...]: the adapters to send with. It
    may define functions = {...} for Call steps, and policy, feedback, analyser and figures, as the engine has them.
    Several workers may share a store. SIGTERM and Ctrl-C let the calls in hand end; a second Ctrl-C does not wait.
    """
    program = load(file)
    if file_of(store) is None and store.startswith("sqlite:"):
        raise InvalidInput("a store in memory is empty, and nobody else can record into it; name a file")
    given = equipment(file, program, console=console)
    if given.is_async and threads > 1:
        raise click.UsageError("asynchronous channels are awaited side by side in one thread: leave --threads out")
    options = {"poll": timedelta(seconds=poll), "until_idle": until_idle}
    ready = _ready(program.journeys, given.channels)
    if given.is_async:
        done = _on_a_loop(store, program.journeys, given, ready, options)
    else:
        done = _in_threads(store, program.journeys, given, ready, {**options, "threads": threads})
    ctx.exit(_told(done, until_idle=until_idle))


def equipment(file: Path, program: Program, *, console: bool) -> Equipment:
    """What the file defines of it. Raises InvalidInput: something is missing, or is not what it should be."""
    functions = program.values.get("functions", {})
    if not isinstance(functions, Mapping) or not all(map(callable, functions.values())):
        raise InvalidInput(f"{file}: functions is a mapping of names to functions, as Engine(functions=) takes it")
    settings = settings_of(file, program)
    _check_functions(file, program.journeys, functions)
    if console:
        return Equipment(tuple(map(ConsoleChannel, _named(program.journeys))), functions, settings)
    return Equipment(_channels(file, program), functions, settings)


def _channels(file: Path, program: Program) -> tuple[AnyAdapter, ...]:
    found = adapters_of(file, program)
    served = {each.capabilities.channel for each in found}
    lost = [name for name, channels in _messages(program.journeys) if not served & set(channels)]
    if lost:
        names = ", ".join(name for name in _named(program.journeys) if name not in served)
        raise InvalidInput(
            f"{file}: no adapter could send the message {lost[0]!r}; write channels = [...] at the top level, with an "
            f"adapter for {names}; or pass --console, which prints messages instead of sending them"
        )
    return found


def _messages(journeys: Iterable[Journey]) -> Iterator[tuple[str, Sequence[str]]]:
    for journey in journeys:
        for name, message in journey.messages.items():
            yield name, message.channels


def _named(journeys: Iterable[Journey]) -> list[str]:
    return sorted({channel for _, channels in _messages(journeys) for channel in channels})


def _check_functions(file: Path, journeys: Iterable[Journey], functions: Mapping[str, object]) -> None:
    called = {
        step.function for journey in journeys for rule in journey.rules for step in flat(rule.then)
        if isinstance(step, Call)
    }  # fmt: skip
    missing = sorted(called - set(functions))
    if missing:
        raise InvalidInput(
            f"{file}: nobody knows the function {missing[0]!r} that a Call step names; write "
            f'functions = {{"{missing[0]}": …}} at the top level'
        )


def _ready(journeys: Sequence[Journey], channels: Sequence[AnyAdapter]) -> str:
    names = ", ".join(each.capabilities.channel for each in channels) or "none"
    return f"at work: {', '.join(each.name for each in journeys)}; channels: {names}"


def _in_threads(
    store: str, journeys: Sequence[Journey], given: Equipment, ready: str, options: Mapping[str, Any]
) -> Worked:
    stop = threading.Event()
    channels = cast("tuple[Adapter, ...]", given.channels)
    own = given.settings
    with Engine(
        store, journeys=journeys, channels=channels, functions=given.functions, policy=own.policy,
        secret=os.environ.get(SECRET), feedback=own.feedback, analyser=own.analyser, figures=own.figures,
    ) as engine, _at_signals(stop.set):  # fmt: skip
        click.echo(ready)
        return engine.work(stop=stop, **options)


def _on_a_loop(
    store: str, journeys: Sequence[Journey], given: Equipment, ready: str, options: Mapping[str, Any]
) -> Worked:
    import asyncio

    from touchpoint.engine.aio import AsyncEngine

    own = given.settings

    async def main() -> Worked:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with AsyncEngine(
            store, journeys=journeys, channels=given.channels, functions=given.functions, policy=own.policy,
            secret=os.environ.get(SECRET), feedback=own.feedback, analyser=own.analyser, figures=own.figures,
        ) as engine:  # fmt: skip
            with _at_signals(lambda: loop.call_soon_threadsafe(stop.set)):
                click.echo(ready)
                return await engine.work(stop=stop, **options)

    return asyncio.run(main())


@contextmanager
def _at_signals(stop: Callable[[], object]) -> Iterator[None]:
    """The first signal asks to stop; the next one does what it would have done without us.

    What whoever started us has us ignore stays ignored: an interrupt of the terminal is not for what is in the
    background.
    """

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal has it
        for each, handler in before.items():
            signal.signal(each, handler)
        stop()

    heard = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, handle) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _told(done: Worked, *, until_idle: bool) -> int:
    handed = f"{done.handed:,} message{'' if done.handed == 1 else 's'} handed over"
    click.echo(f"{'nothing is due any more' if until_idle else 'stopped'}: {handed}")
    if done.left_out:
        click.echo(f"{done.left_out:,} customers were left out: see the log", err=True)
    if done.unsettled:
        click.echo(f"{done.unsettled:,} outcomes could not be written: see the log", err=True)
    return 1 if done.left_out or done.unsettled else 0
