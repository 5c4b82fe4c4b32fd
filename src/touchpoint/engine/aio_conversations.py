"""`AsyncEngine.conversations`: conversations and their figures, as coroutines."""

from datetime import datetime
from typing import TYPE_CHECKING

from touchpoint.model.conversation import Conversation

if TYPE_CHECKING:
    from touchpoint.engine.aio import AsyncEngine
    from touchpoint.insight.contacts import ConversationFigures


class AsyncConversations:
    """Conversations, as `AsyncEngine.conversations` gives it: see `Conversations`, with coroutines."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self.engine = engine

    async def __call__(self, customer: str, *, limit: int = 100) -> list[Conversation]:
        """Those of a customer; what was said last comes first."""
        return await self.engine.do(lambda engine: engine.conversations(customer, limit=limit))

    async def figures(self, since: datetime, until: datetime) -> "ConversationFigures":
        """How what customers said in [since, until) was answered, as of now."""
        return await self.engine.do(lambda engine: engine.conversations.figures(since, until))
