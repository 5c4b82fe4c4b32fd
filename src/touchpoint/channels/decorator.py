"""A channel from one function: the shortest way to an adapter."""

import functools
import inspect
from collections.abc import Callable
from datetime import timedelta

from touchpoint.channels.base import BaseAdapter, default_address_kind, judge
from touchpoint.errors import InvalidAddress, InvalidInput
from touchpoint.model.delivery import Address, Capabilities, Outcome, SendRequest

SendFunction = Callable[[SendRequest], Outcome]
Normalise = Callable[[str], "Address | str"]


class FunctionChannel(BaseAdapter):
    """An adapter whose `send` is a function of the host's, which is still there to be called, as `__wrapped__` too."""

    __wrapped__: SendFunction

    def __init__(
        self, function: SendFunction, capabilities: Capabilities, address: str, normalise: Normalise | None = None
    ) -> None:
        super().__init__(capabilities, address)
        self._normalise = normalise
        # The function's own __dict__ stays its own: it might hold a name of ours.
        functools.update_wrapper(self, function, updated=())

    def __call__(self, request: SendRequest) -> Outcome:
        """The function as it was written."""
        return self.__wrapped__(request)

    def send(self, request: SendRequest) -> Outcome:
        """Call the function; an answer that is no outcome becomes `Ambiguous`. What it raises goes through."""
        return judge(self.__wrapped__(request))

    def normalise(self, raw: str, *, region: str | None = None) -> Address:
        """By the function given, else as `normalise_address`. Raises InvalidAddress."""
        if self._normalise is None:
            return super().normalise(raw, region=region)
        try:
            answer = self._normalise(raw)
        except InvalidAddress:
            raise
        except ValueError as error:
            # Its text and its traceback would most likely repeat the address.
            raise InvalidAddress(
                f"{self!r} cannot use this address: normalise= raised {type(error).__name__}"
            ) from None
        if isinstance(answer, Address):
            return answer
        if isinstance(answer, str) and answer:
            return Address(self._address_kind, answer)
        raise InvalidAddress(f"{self!r} cannot use this address: normalise= answered no Address and no text")

    def __repr__(self) -> str:
        name = getattr(self.__wrapped__, "__name__", type(self.__wrapped__).__name__)
        return f"<channel {self.capabilities.channel!r} by {name}()>"


def channel(
    name: str,
    *,
    address: str | None = None,
    remembers_keys_for: timedelta | None = None,
    normalise: Normalise | None = None,
    replies: bool = False,
    reactions: bool = False,
) -> Callable[[SendFunction], FunctionChannel]:
    """Make an adapter of a function that takes a `SendRequest` and returns `Accepted`, `Refused` or `Ambiguous`.

        @channel("email", address="email")
        def email(request):
            ref = mailer.send(request.to.key, request.message.subject, request.message.text)
            return Accepted(ref=ref)

    Args:
        name: the channel's, as messages and policies refer to it.
        address: the kind of address it takes; `default_address_kind(name)` unless given.
        remembers_keys_for: how long the provider remembers `request.key` and answers a repeated one without sending
            again. None: it does not, so what ended uncertain is never sent again.
        normalise: makes an `Address`, or the text of its key, of what people write; raises ValueError for what is none.
        replies: whether the function heeds `request.reply_to`.
        reactions: whether it heeds `request.reaction`.

    Raises:
        InvalidInput: used without a name, or on something that is not a plain function.
    """
    if callable(name):
        raise InvalidInput('write the decorator with its channel\'s name, as in @channel("email", address="email")')
    kind = address or default_address_kind(name)
    capabilities = Capabilities(
        name, frozenset({kind}), remembers_keys_for=remembers_keys_for, replies=replies, reactions=reactions
    )

    def decorate(function: SendFunction) -> FunctionChannel:
        if not callable(function) or inspect.iscoroutinefunction(function):
            raise InvalidInput(
                f"@channel({name!r}) takes a plain function of one SendRequest, neither async nor a value"
            )
        return FunctionChannel(function, capabilities, kind, normalise)

    return decorate
