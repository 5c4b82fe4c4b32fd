"""The port of analysers: what a text says, as data that is stored with its version (S8.1)."""

import math
from collections.abc import Iterable
from typing import Final, Protocol, runtime_checkable

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.feedback import INTENTS, Intent
from touchpoint.model.payload import is_unicode

_LONGEST: Final = 200


def _topics(topics: Iterable[str]) -> tuple[str, ...]:
    if isinstance(topics, str):
        raise InvalidInput("Analysis(topics=) takes several names, not one text; write ('staff',)")
    return tuple(topics)


@attrs.frozen(kw_only=True)
class Analysis:
    """What an analyser found in one text.

    Args:
        sentiment: from -1 (as bad as can be) to 1; None where the text gives no hint, which is not 0.
        intent: praise, criticism, wish or question; None where it is none of them.
        topics: names of what it is about.
        language: in which it was read, such as `en`; None where that is not known.
        version: of the analyser, with its data: results of another version are computed anew before they are compared.

    Raises:
        InvalidInput: the sentiment is no number from -1 to 1, or a name is none.
        UnknownName: there is no such intent.
    """

    sentiment: float | None = None
    intent: Intent | None = None
    topics: tuple[str, ...] = attrs.field(default=(), converter=_topics)
    language: str | None = None
    version: str

    def __attrs_post_init__(self) -> None:
        if self.sentiment is not None:
            object.__setattr__(self, "sentiment", _sentiment(self.sentiment))
        if self.intent is not None and self.intent not in INTENTS:
            raise UnknownName("intent", self.intent, INTENTS)
        named = [*self.topics, self.version, *([] if self.language is None else [self.language])]
        if not all(isinstance(name, str) and 0 < len(name) <= _LONGEST and is_unicode(name) for name in named):
            raise InvalidInput(f"Analysis(): topics, language and version are texts of 1 to {_LONGEST} characters")

    def to_dict(self) -> dict[str, object]:
        """Plain data, as JSON has it."""
        return attrs.asdict(self) | {"topics": list(self.topics)}


def _sentiment(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1:
        raise InvalidInput("Analysis(sentiment=) takes a number from -1 to 1, or None where there is no hint")
    return float(value)


@runtime_checkable
class Analyser(Protocol):
    """What finds out what a text says. The same version gives the same analysis of the same text, whenever asked.

    Attributes:
        name: such as `keywords`.
        version: of everything that the results depend on; at most 200 characters.
    """

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def version(self) -> str:
        """Of everything that the results depend on."""

    def analyse(self, text: str, language: str | None = None) -> Analysis:
        """What the text says.

        Args:
            text: a comment, in the customer's words; it is not kept.
            language: such as `de` or `pt-BR`; None where it is not known.
        """
