"""What no journey and no adapter shows: where customers can say something, on a form, on a card, at the till."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.feedback_source import FEEDBACK
from touchpoint.model.names import check_type_name

_LONGEST: Final = 200
_CHANNEL: Final = re.compile(r"\S+")


def names(what: str, value: object) -> tuple[str, ...]:
    """Names, each a text of 1 to 200 characters, without those that are repeated. Raises InvalidInput."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidInput(f"{what} takes a list of names, such as ['berlin', 'web']")
    found = tuple(dict.fromkeys(value))
    if not all(isinstance(each, str) and 0 < len(each.strip()) <= _LONGEST for each in found):
        raise InvalidInput(f"{what} takes names of 1 to {_LONGEST} characters, such as ['berlin', 'web']")
    return found


def _locations(value: object) -> tuple[str, ...] | None:
    return None if value is None else names("ListeningPost(locations=)", value)


@attrs.frozen
class ListeningPost:
    """A place where customers can give feedback: a form on the web, a card in the box, a tablet at the till.

    "Listening post" is the usual word for it in programmes that listen to customers (voice of the customer).

    Args:
        name: how people call it.
        channel: the channel whose customers answer there, as messages name it, such as `email` for a page that mails
            lead to; None for one that belongs to none.
        locations: where it stands; None for everywhere.
        offline: it takes no screen of the customer's: in person, on paper, by telephone.
        automatic: what is said there is recorded by itself; False where somebody types it in.
        says_where: what is recorded has its location. Unless given, that is so where there is one location only.
        dedicated: it is there for feedback; False where it serves other things as well, as a till or a hotline does.
        type: of the touchpoints that are recorded.

    Raises:
        InvalidInput: a name is none, or no location is left.
        InvalidTouchpoint: the type cannot be one.
    """

    name: str
    channel: str | None = attrs.field(default=None, kw_only=True)
    locations: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_locations)
    offline: bool = attrs.field(default=False, kw_only=True)
    automatic: bool = attrs.field(default=True, kw_only=True)
    says_where: bool | None = attrs.field(default=None, kw_only=True)
    dedicated: bool = attrs.field(default=True, kw_only=True)
    type: str = attrs.field(default=FEEDBACK, kw_only=True)

    def __attrs_post_init__(self) -> None:
        names("ListeningPost(name)", [self.name])
        if self.locations == ():
            raise InvalidInput("ListeningPost(locations=[]) stands nowhere; leave it out where it is everywhere")
        if self.channel is not None and not (isinstance(self.channel, str) and _CHANNEL.fullmatch(self.channel)):
            raise InvalidInput("ListeningPost(channel=) takes the name of a channel, such as 'email', or None")
        flags = {"offline": self.offline, "automatic": self.automatic, "dedicated": self.dedicated}
        if wrong := next((name for name, value in flags.items() if not isinstance(value, bool)), None):
            raise InvalidInput(f"ListeningPost({wrong}=) takes True or False")
        if self.says_where is not None and not isinstance(self.says_where, bool):
            raise InvalidInput("ListeningPost(says_where=) takes True or False; None for what follows from locations=")
        check_type_name(self.type)

    @property
    def tells_location(self) -> bool:
        """Whether what is recorded there has its location."""
        alone = self.locations is not None and len(self.locations) == 1
        return alone if self.says_where is None else self.says_where

    def is_at(self, location: str) -> bool:
        """Whether it stands at a location."""
        return self.locations is None or location in self.locations


def together(posts: object, locations: Sequence[str]) -> tuple[ListeningPost, ...]:
    """Posts that can stand beside each other.

    Raises:
        InvalidInput: one is none, or two have one name.
        UnknownName: one stands at a location that nobody named.
    """
    if isinstance(posts, str | ListeningPost) or not isinstance(posts, Iterable):
        raise InvalidInput('posts= takes a list, such as [ListeningPost("card at the till", offline=True)]')
    found = tuple(posts)
    if not all(isinstance(each, ListeningPost) for each in found):
        raise InvalidInput("posts= takes ListeningPost(…) and nothing else")
    seen: set[str] = set()
    for each in found:
        if each.name in seen:
            raise InvalidInput(f"two listening posts are called {each.name!r}; give each a name of its own")
        seen.add(each.name)
        if unknown := next((one for one in each.locations or () if one not in locations), None):
            raise UnknownName("location", unknown, locations)
    return found
