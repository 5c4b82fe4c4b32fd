"""Other wordings of a message, chosen by what is known of the customer when it goes out (S6.1, S7.5)."""

from collections.abc import Mapping

import attrs

from touchpoint.journey.conditions import Expression, Literal, expression_eq, read_condition
from touchpoint.model.message import Content, contents_of, names_of


def _condition(value: Expression | str | bool) -> Expression:  # noqa: FBT001 - always or never
    if isinstance(value, bool):
        return Literal(value)
    return read_condition(value, "Wording(given=)")  # type: ignore[no-any-return]


@attrs.frozen
class Wording:
    """What a message says to some: `Message(…, content=Content("Hello"), wordings=[Wording("regulars", …)])`.

    At each release the first wording is taken whose condition is true then; unknown is not true. Within it the content
    is chosen by channel and locale as in the message. A wording that says nothing on the channel is passed over, and
    so is one that needs a trait which may not be used yet (`Familiarity`). Where none is left, the message says its
    own `content`. Which one it was is recorded, with why not those before it.

    It is no variant of an experiment: it is chosen by a condition, not by lot, and shows nothing about what works.

    Args:
        name: unique in its message.
        given: a condition, text, or True for always; it may look at all that `Send(still=)` may.
        content: as in `Message`; it need not have words for every channel of the message.
        uses: traits it uses beyond those that its templates and its condition name.
    """

    name: str
    given: Expression = attrs.field(kw_only=True, converter=_condition, eq=expression_eq)
    content: Mapping[str, Content] = attrs.field(kw_only=True, converter=contents_of, repr=False)
    uses: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=names_of)
