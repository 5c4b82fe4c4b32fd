"""What became of a message, as triggers (S4.1, S6.7, S6.9).

In `Rule(when=)` and `Stage(when=)` any message of that name to the customer counts. Inside a run (its waits, exits and
goal) the run's own message is meant (S4.6), unless the trigger says `any_run=True`.
"""

from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import JourneyError, UnknownName
from touchpoint.model.message import Message

End = Literal["sent", "withdrawn", "denied", "expired", "failed", "unknown"]
ENDS: Final = get_args(End)
"""The ends of a message (S6.7)."""


def message_name(value: Message | str) -> str:
    """The name of a message, from it or from its name. Raises JourneyError for anything else."""
    name = value.name if isinstance(value, Message) else value
    if not isinstance(name, str) or not name:
        raise JourneyError(f"a message or its name stands here, not a {type(value).__name__}")
    return name


def _end(value: str | None) -> str | None:
    if value is not None and value not in ENDS:
        raise JourneyError(str(UnknownName("end of a message", value, ENDS)))
    return value


# Those that add no fields to it are plain classes: attrs would only make anew what they have of it.


@attrs.frozen
class _OfMessage:
    message: str = attrs.field(converter=message_name)
    any_run: bool = attrs.field(default=False, kw_only=True)

    def __str__(self) -> str:
        whose = " (of any run)" if self.any_run else ""
        return f"{self.message} {type(self).__name__.lower()}{whose}"


class Sent(_OfMessage):
    """A message was sent: its provider has accepted it.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Denied(_OfMessage):
    """A message was refused by a policy: it went to nobody.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Failed(_OfMessage):
    """A message did not reach the customer: no channel took it, or the provider told later that it came back.

    One of which nobody knows whether it went out has not failed: see `Ended(message, as_="unknown")`.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Delivered(_OfMessage):
    """The provider told that a message was delivered. For a run, an open, a click or a reply tells so as well.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Opened(_OfMessage):
    """A message was opened, each time. For a run, a click or a reply tells so as well. Machines do not count.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Clicked(_OfMessage):
    """A link in a message was followed, each time. Clicks by machines do not count.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Replied(_OfMessage):
    """The customer answered a message.

    That is the one the reply names; a reply that names none answers the message that was sent last on its channel, in
    the last 30 days.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


class Answered(_OfMessage):
    """The customer answered a survey, each time: what they said is feedback, whatever they said.

    `event` is that feedback, with `kind`, `score`, `share` and `comment`. A reply that is no answer, such as an
    out-of-office note, is none.

    Args:
        message: which survey, or its name.
        any_run: inside a run, those of other runs as well.
    """

    __slots__ = ()


@attrs.frozen
class Ended(_OfMessage):
    """A message has reached its end.

    Args:
        message: which, or its name.
        any_run: inside a run, those of other runs as well.
        as_: how: `sent`, `withdrawn`, `denied`, `expired`, `failed` or `unknown`; None for whichever it is.
    """

    as_: End | None = attrs.field(default=None, kw_only=True, converter=_end)

    def __str__(self) -> str:
        whose = " (of any run)" if self.any_run else ""
        return f"{self.message} ended{f' as {self.as_}' if self.as_ else ''}{whose}"


MessageTrigger = Sent | Denied | Failed | Delivered | Opened | Clicked | Replied | Answered | Ended
MESSAGE_TRIGGERS: Final[tuple[type, ...]] = get_args(MessageTrigger)
