"""The figures of a store, as `AsyncEngine.figures` gives them."""

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from touchpoint.engine.figures import FigureDesk

if TYPE_CHECKING:
    from touchpoint.engine.aio import AsyncEngine

P = ParamSpec("P")
T = TypeVar("T")


def _of_figures(
    method: Callable[Concatenate[FigureDesk, P], T],
) -> Callable[Concatenate["AsyncFigureDesk", P], Coroutine[Any, Any, T]]:
    """The same method, in a thread, as a coroutine function."""

    @functools.wraps(method)
    async def call(self: "AsyncFigureDesk", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.engine.do(lambda engine: method(engine.figures, *args, **kwargs), kwargs.get("connection"))

    return call


class AsyncFigureDesk:
    """The figures, as `AsyncEngine.figures` gives them: a `FigureDesk` whose methods are coroutines."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self.engine = engine

    __call__ = _of_figures(FigureDesk.__call__)
    rebuild = _of_figures(FigureDesk.rebuild)
    fill = _of_figures(FigureDesk.fill)
