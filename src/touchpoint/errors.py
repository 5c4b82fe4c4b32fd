"""Every error of the library: one tree, one root, each also the built-in it resembles.

    TouchpointError
    ├── JourneyError (ValueError)          a journey, or a part of one, is not valid
    │   ├── NotYetSupported (NotImplementedError)   designed, but not in this release
    │   └── ConditionError                 a condition written as text cannot be read; says where in it
    ├── InvalidInput (ValueError)          something handed in cannot be accepted; nothing was stored
    │   ├── InvalidTouchpoint
    │   │   └── CustomerErased             about somebody who was erased; `index` in a batch
    │   ├── SecretNeeded                   the engine's secret, where people are or were erased
    │   ├── ApprovalRefused                a gift that this person cannot approve, or nobody any more; `reason` says why
    │   ├── ReferralRefused                somebody would refer themselves; `reason` says in which way
    │   ├── ReleaseRefused                 a release that is not confirmed, or has nothing to change
    │   ├── InvalidAddress
    │   ├── WebhookRejected                a request that claims to be a webhook; `reason` says what is wrong with it
    │   └── UnsubscribeRejected            a request that claims to follow an unsubscribe link
    ├── SampleRatioMismatch (ValueError)   the variants of an experiment cannot be compared
    ├── UnknownName (LookupError)          a name nobody declared; says which ones exist
    ├── UnknownCustomer (LookupError)
    ├── MissingExtra (ImportError)         an optional dependency is not installed
    ├── DefectiveJourney (RuntimeError)    a decision took more than 1,000 steps
    └── StoreError (OSError)               the store; nothing was acknowledged
        ├── StoreBusy (TimeoutError)       somebody else holds the lock; try again
        ├── StoreReadOnly (PermissionError)
        ├── StoreFull
        ├── StoreCorrupt
        ├── StoreTooNew                    written by a newer version of the library
        └── StoreClosed

Messages say what, where, why and how to mend it. They name fields, rules and types, never the values of personal data.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

_NAME_TOLD: Final = 100
_TEXT_TOLD: Final = 2_000
_PROBLEMS_TOLD: Final = 100
_DETAIL_TOLD: Final = 500


class TouchpointError(Exception):
    """The root of every error that the library raises on purpose."""


@attrs.frozen
class Problem:
    """One thing that is wrong in a journey.

    `path` leads to it as in `$.rules[3].then[0].timeout`; `message` says what is wrong and why; `fix` how to mend it.
    """

    path: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" + (f" ({self.fix})" if self.fix else "")


class JourneyError(TouchpointError, ValueError):
    """A journey is not valid. `problems` holds every problem found, not only the first."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        told = [_short(str(problem)) for problem in self.problems[:_PROBLEMS_TOLD]]
        if len(self.problems) > len(told):
            told.append(f"… and {len(self.problems) - len(told):,} more, in .problems")
        super().__init__("\n  - ".join([_short(message), *told]))


class NotYetSupported(JourneyError, NotImplementedError):
    """Part of the language by design, but not in this release: refused as a whole rather than half there."""


class SampleRatioMismatch(TouchpointError, ValueError):
    """The customers of an experiment are not spread as its weights say, so its variants cannot be compared (S9)."""

    def __init__(self, experiment: str, p: float) -> None:
        self.experiment, self.p = experiment, p
        super().__init__(
            f"experiment {experiment!r}: its customers are not spread over the variants as the weights say (chance "
            f"alone does that with a probability of {p:.2g}); find out what loses or adds some, such as weights that "
            "were changed or a way around the Split, and begin anew under another name"
        )


class ConditionError(JourneyError):
    """A condition written as text cannot be read. Its message shows the line, with a caret under the place.

    Attributes:
        where: what takes the condition, such as `Rule(given=)`.
        detail: what is wrong there, without the place.
        line: of the text; starts at 1.
        column: of the line, in characters; starts at 1.
    """

    def __init__(
        self, detail: str, *, where: str = "", line: int = 1, column: int = 1, excerpt: str = "", caret: int = 0
    ) -> None:
        self.where, self.detail, self.line, self.column = where, detail, line, column
        told = detail if len(detail) <= _DETAIL_TOLD else detail[:_DETAIL_TOLD] + "…"
        place = f"line {line}, column {column}: {told}"
        picture = f"\n    {excerpt}\n    {' ' * caret}^" if excerpt else ""
        super().__init__((f"{where}: " if where else "") + place + picture)


class InvalidInput(TouchpointError, ValueError):
    """Something handed in cannot be accepted; nothing of it was stored."""


class InvalidTouchpoint(InvalidInput):
    """A touchpoint cannot be recorded: its type, time, id or payload is not acceptable."""


class CustomerErased(InvalidTouchpoint):
    """Somebody who was erased is recorded about, identified or merged (S1.7); nothing was stored. It names nobody.

    Attributes:
        index: the place in the batch that was handed in; None where there was none.
    """

    def __init__(self, index: int | None = None) -> None:
        self.index = index
        super().__init__(
            ("" if index is None else f"touchpoints[{index}]: ")
            + "this customer was erased, and nothing more is taken about them; engine.readmit() lets them in again as "
            "somebody new"
        )


class SecretNeeded(InvalidInput):
    """`Engine(secret=…)` is missing, or lacks one with which people were erased. It repeats no secret."""


class ApprovalRefused(InvalidInput):
    """A gift cannot be approved or declined like this; nothing was stored. It names nobody.

    Attributes:
        reason: `not asked` (nobody has to, it was decided already, or it has its end), `expired` (its best-before has
            come), `own` (whoever gives a gift by hand does not approve it) or `not named` (a policy names others).
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(_APPROVAL_REFUSED[reason])


_APPROVAL_REFUSED: Final = {
    "not asked": "this gift waits for nobody's approval: Engine.gifts.pending() lists those that do",
    "expired": "the best-before of this gift has come; give it anew if it is still wanted",
    "own": "whoever gives a gift by hand does not approve it: somebody else has to (four eyes)",
    "not named": "the policy names who approves such gifts, and this person is not among them; see Approval(by=)",
}


class ReferralRefused(InvalidInput):
    """Nobody can refer themselves, not even by way of others; nothing was stored. It names nobody.

    Attributes:
        reason: `self` (one person, by whichever ids), `ring` (the one who refers came, by however many steps, through
            the one who is referred) or `chain` (that cannot be excluded: too many were brought one by the other).
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(_REFERRAL_REFUSED[reason])


_REFERRAL_REFUSED: Final = {
    "self": "by= and customer= are one person, and nobody refers themselves; check whose code was used",
    "ring": "the customer of by= came through this customer, directly or by way of others: a referral back would be a "
    "ring; check whose code was used",
    "chain": "the customer of by= came through more others, one brought by the next, than are looked at to exclude a "
    "ring; it can be recorded as a touchpoint of another type",
}


class ReleaseRefused(InvalidInput):
    """A release or rollback is not made: its token is void, or there is nothing to change. Nothing was stored."""


class InvalidAddress(InvalidInput):
    """An address cannot be used on this channel. The message never repeats the address."""


class WebhookRejected(InvalidInput):
    """A webhook cannot be trusted or read: its signature, its age or its form. Nothing of it was used.

    Attributes:
        reason: `missing` or `malformed` (a header), `stale` (its time is too far from now), `forged` (no signature
            fits), `replayed` (it was handled before), `in_progress` (it is being handled), `full` (too many at once).
    """

    def __init__(self, message: str, reason: str = "malformed") -> None:
        self.reason = reason
        super().__init__(message)


class UnsubscribeRejected(InvalidInput):
    """A request that claims to follow an unsubscribe link is not accepted: the link is not ours, or the form is not."""


class MissingExtra(TouchpointError, ImportError):
    """An optional dependency is not installed. `extra` is what to install."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        # Not by our name alone: on PyPI another project has it.
        super().__init__(
            f"{what} needs the extra {extra!r} (touchpoint[{extra}]); in the folder of touchpoint's source: "
            f"pip install '.[{extra}]'"
        )


class UnknownName(TouchpointError, LookupError):
    """A name that nobody declared."""

    def __init__(self, what: str, name: object, known: Iterable[str] = ()) -> None:
        self.what, self.name, self.known = what, name, tuple(known)
        super().__init__(f"there is no {what} {shown(name)}" + hint(name, self.known))


class UnknownCustomer(TouchpointError, LookupError):
    """No such customer. The message does not repeat the id, which may say who it is."""

    def __init__(self) -> None:
        super().__init__(
            "there is no customer with this id; record a touchpoint or call identify() first, or check the id"
        )


class DefectiveJourney(TouchpointError, RuntimeError):
    """One decision took more than 1,000 steps (S4.3): rules or steps trigger each other in a circle."""


class StoreError(TouchpointError, OSError):
    """The store could not do its work; nothing was acknowledged."""


class StoreBusy(StoreError, TimeoutError):
    """Another connection holds the write lock for longer than the time-out. Nothing was written; try again."""


class StoreReadOnly(StoreError, PermissionError):
    """The store cannot be written to."""


class StoreFull(StoreError):
    """The disk is full. Nothing was written; free some space and try again."""


class StoreCorrupt(StoreError):
    """What the store holds is damaged; it is reported, never read as truth."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of the library than this one."""


class StoreClosed(StoreError):
    """The engine or store was closed before this call."""


def shown(name: object) -> str:
    """A name as errors tell it: quoted, without control characters, and cut off where it is too long to be one."""
    if not isinstance(name, str):
        return f"of type {type(name).__name__}"
    return repr(str.__str__(name)) if len(name) <= _NAME_TOLD else f"{name[:_NAME_TOLD]!r}…"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_TOLD else text[:_TEXT_TOLD] + "…"


def hint(name: object, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for a near miss, else the list of what exists, else nothing."""
    from difflib import get_close_matches

    names = sorted(known)
    is_name = isinstance(name, str) and len(name) <= _NAME_TOLD
    close = get_close_matches(str(name), names, n=1, cutoff=0.6) if is_name else []
    if close:
        return f"; did you mean {close[0]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; known: {shown}"
