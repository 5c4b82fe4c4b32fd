"""The desks of `AsyncEngine`: those of the engine, with coroutines."""

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from touchpoint.engine.case_desk import CaseDesk
from touchpoint.engine.conversations import Conversations
from touchpoint.engine.feedback import FeedbackDesk
from touchpoint.engine.figures import FigureDesk
from touchpoint.engine.gifts import GiftDesk
from touchpoint.engine.suggestion_desk import SuggestionDesk
from touchpoint.engine.tasks import TaskDesk

if TYPE_CHECKING:
    from touchpoint.engine.aio import AsyncEngine

P = ParamSpec("P")
T = TypeVar("T")
Desk = TypeVar("Desk")


class AsyncDesk:
    """A desk of `AsyncEngine`: each method is that of the engine's own desk, called in a thread."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self.engine = engine


def _at(
    name: str, method: Callable[Concatenate[Desk, P], T]
) -> Callable[Concatenate[AsyncDesk, P], Coroutine[Any, Any, T]]:
    """A method of the desk that the engine gives by this name, as a coroutine function."""

    @functools.wraps(method)
    async def call(self: AsyncDesk, /, *args: P.args, **kwargs: P.kwargs) -> T:
        connection = kwargs.get("connection")
        return await self.engine.do(lambda engine: method(getattr(engine, name), *args, **kwargs), connection)

    return call


class AsyncCaseDesk(AsyncDesk):
    """What people do about cases, as `AsyncEngine.cases` gives it: a `CaseDesk` whose methods are coroutines."""

    assign = _at("cases", CaseDesk.assign)
    set_severity = _at("cases", CaseDesk.set_severity)
    reopen = _at("cases", CaseDesk.reopen)
    merge = _at("cases", CaseDesk.merge)
    loops = _at("cases", CaseDesk.loops)


class AsyncFeedbackDesk(AsyncDesk):
    """What customers say, as `AsyncEngine.feedback` gives it: a `FeedbackDesk` whose methods are coroutines."""

    record = _at("feedback", FeedbackDesk.record)
    of = _at("feedback", FeedbackDesk.of)
    analyse = _at("feedback", FeedbackDesk.analyse)


class AsyncFigureDesk(AsyncDesk):
    """The figures, as `AsyncEngine.figures` gives them: a `FigureDesk` whose methods are coroutines."""

    __call__ = _at("figures", FigureDesk.__call__)
    rebuild = _at("figures", FigureDesk.rebuild)
    fill = _at("figures", FigureDesk.fill)


class AsyncGiftDesk(AsyncDesk):
    """Gifts, as `AsyncEngine.gifts` gives it: a `GiftDesk` whose methods are coroutines."""

    pending = _at("gifts", GiftDesk.pending)
    approve = _at("gifts", GiftDesk.approve)
    decline = _at("gifts", GiftDesk.decline)
    restock = _at("gifts", GiftDesk.restock)
    stocks = _at("gifts", GiftDesk.stocks)
    budgets = _at("gifts", GiftDesk.budgets)
    given = _at("gifts", GiftDesk.given)
    get = _at("gifts", GiftDesk.get)
    returned = _at("gifts", GiftDesk.returned)
    declined = _at("gifts", GiftDesk.declined)


class AsyncSuggestionDesk(AsyncDesk):
    """What came of suggestions, as `AsyncEngine.suggestions` gives it: a `SuggestionDesk` of coroutines."""

    shown = _at("suggestions", SuggestionDesk.shown)
    accepted = _at("suggestions", SuggestionDesk.accepted)
    declined = _at("suggestions", SuggestionDesk.declined)


class AsyncTaskDesk(AsyncDesk):
    """The tasks of people, as `AsyncEngine.tasks` gives it: a `TaskDesk` whose methods are coroutines."""

    open = _at("tasks", TaskDesk.open)
    claimed = _at("tasks", TaskDesk.claimed)
    get = _at("tasks", TaskDesk.get)
    claim = _at("tasks", TaskDesk.claim)
    next = _at("tasks", TaskDesk.next)
    give_back = _at("tasks", TaskDesk.give_back)
    complete = _at("tasks", TaskDesk.complete)
    decline = _at("tasks", TaskDesk.decline)


class AsyncConversations(AsyncDesk):
    """Conversations, as `AsyncEngine.conversations` gives them: `Conversations` whose methods are coroutines."""

    __call__ = _at("conversations", Conversations.__call__)
    figures = _at("conversations", Conversations.figures)
