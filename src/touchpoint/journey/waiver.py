"""What the checker found, and somebody has looked at and stands by, with the reason."""

import attrs


@attrs.frozen
class Waiver:
    """One finding of `touchpoint check` that is meant to be so.

    Args:
        check: the code of the check, such as "TC403".
        why: the reason, for whoever reads the journey next.
        at: where: a rule, stage or message as findings name it ("rule win back"), or the beginning of a path
            ("$.rules[3]"); the whole journey unless given.
    """

    check: str
    why: str = attrs.field(kw_only=True)
    at: str | None = attrs.field(default=None, kw_only=True)
