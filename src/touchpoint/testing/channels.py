"""Stand-ins for channels: they accept, refuse or stay in doubt as they are told, and reach nobody."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import attrs

from touchpoint.channels.base import Adapter, normalise_address
from touchpoint.channels.inbound import ReceiptState
from touchpoint.channels.memory import MemoryChannel
from touchpoint.errors import InvalidInput
from touchpoint.model.delivery import (
    Address,
    Capabilities,
    FailureCode,
    Outcome,
    Preflight,
    RenderedMessage,
    SendRequest,
)
from touchpoint.testing.faults import Faults

if TYPE_CHECKING:
    from touchpoint.testing.world import World

Note = Callable[[str, Callable[["World"], object]], None]
_HUMAN = frozenset({"call", "visit"})
"""Behind channels of these names are people, unless the host's own adapter says otherwise."""
_RECEIPTS = ("delivered", "bounced", "failed", "opened")


class StandIn(MemoryChannel):
    """Stands for a channel in a test: a `MemoryChannel` with crash points, that tells the world what it accepted.

    Args:
        name: the channel's.
        like: the host's own adapter, whose capabilities and address form it takes over.
        faults: of the world.
        accepted: called with every request that is accepted for the first time.
        changed: called when it can no longer do what it could.
    """

    def __init__(
        self,
        name: str,
        like: Adapter | None,
        faults: Faults,
        accepted: Callable[[SendRequest], object],
        changed: Callable[[], object],
    ) -> None:
        super().__init__(name)
        self._like = like
        self._faults = faults
        self._accepted = accepted
        self._changed = changed
        self._receipts: list[ReceiptState] = []
        self._repeat: tuple[ReceiptState, ...] = ()
        self._note: Note | None = None
        if like is not None:
            self._capabilities: Capabilities = attrs.evolve(like.capabilities, recording=True)
        elif name in _HUMAN:
            self._capabilities = attrs.evolve(self._capabilities, human=True)

    def normalise(self, raw: str, *, region: str | None = None) -> Address:
        """As the host's adapter does; without one, addresses of a known kind in their one form, others trimmed."""
        if self._like is not None:
            return self._like.normalise(raw, region=region)
        return normalise_address(self._address_kind, raw)

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:
        """As the host's adapter does."""
        return super().preflight(message, to) if self._like is None else self._like.preflight(message, to)

    def send(self, request: SendRequest) -> Outcome:
        """See `MemoryChannel.send`; the process may die before or after."""
        self._faults.point(f"before {self.name} is handed {request.message.name}")
        before = len(self.sent)
        outcome = super().send(request)
        if len(self.sent) > before:
            self._accepted(request)
        self._faults.point(f"after {self.name} was handed {request.message.name}")
        return outcome

    def noted_by(self, note: Note) -> Self:
        """Have what it is told from now on noted, so that another world can be told the same."""
        self._note = note
        return self

    def _noted(self, words: str, again: "Callable[[StandIn], object]") -> None:
        if self._note is not None:
            self._note(f"world.channel({self.name!r}).{words}", lambda world: again(world.channel(self.name)))

    def will(self, *outcomes: Outcome | Exception) -> Self:
        """See `MemoryChannel.will`."""
        self._noted(f"will({', '.join(map(_outcome, outcomes))})", lambda other: other.will(*outcomes))
        return super().will(*outcomes)

    def without_idempotency(self) -> Self:
        """See `MemoryChannel.without_idempotency`."""
        self._noted("without_idempotency()", lambda other: other.without_idempotency())
        super().without_idempotency()
        self._changed()
        return self

    @property
    def name(self) -> str:
        """The channel's."""
        return self._capabilities.channel

    def receipts(self, *states: ReceiptState, always: bool = False) -> Self:
        """Have the provider tell what became of the next accepted messages, one state for each.

        States are `delivered`, `bounced`, `failed` and `opened`. With `always` all of them are told of every message
        from now on.
        """
        for state in states:
            if state not in _RECEIPTS:
                raise InvalidInput(f"a receipt is one of {', '.join(_RECEIPTS)}, not {state!r}")
        self._noted(
            f"receipts({', '.join(map(repr, states))}{', always=True' if always else ''})",
            lambda other: other.receipts(*states, always=always),
        )
        if always:
            self._repeat = states
        else:
            self._receipts.extend(states)
        return self

    def next_receipts(self) -> Sequence[ReceiptState]:
        """What the provider tells of the message just accepted."""
        return (*self._repeat, *([self._receipts.pop(0)] if self._receipts else []))


def _outcome(outcome: Outcome | Exception) -> str:
    """An outcome as it stands in a test."""
    if isinstance(outcome, Exception):
        return repr(outcome)
    fields: list[attrs.Attribute[object]] = [*attrs.fields(type(outcome))]
    values = {each.name: getattr(outcome, each.name) for each in fields}
    given = {each.name: values[each.name] for each in fields if values[each.name] != each.default}
    words = [
        f"FailureCode.{value.name}" if isinstance(value, FailureCode) else f"{name}={value!r}"
        for name, value in given.items()
    ]
    return f"{type(outcome).__name__}({', '.join(words)})"


@attrs.define
class Task:
    """One task of a person: what a message asks them to do for a customer."""

    _staff: "Staff" = attrs.field(repr=False)
    request: SendRequest = attrs.field(repr=False)
    status: str = "assigned"

    @property
    def message(self) -> str:
        """The name of the message it comes from."""
        return self.request.message.name

    @property
    def text(self) -> str:
        """What to say or do."""
        return self.request.message.text

    def complete(self, outcome: str) -> "Task":
        """The person did it, and this came of it, such as `reached`."""
        return self._end("completed", outcome, "")

    def decline(self, reason: str = "") -> "Task":
        """The person does not do it."""
        return self._end("declined", None, reason)

    def _end(self, status: str, outcome: str | None, reason: str) -> "Task":
        if self.status != "claimed":
            raise InvalidInput(f"this task is {self.status}: claim() comes first, and a task ends once")
        self.status = status
        self._staff.ended(self, outcome, reason)
        return self


class Staff:
    """The people behind a channel such as `call`: what it was handed are their tasks, oldest first."""

    def __init__(self, world: "World", channel: StandIn) -> None:
        self._world = world
        self._channel = channel
        self._tasks: dict[str, Task] = {}

    @property
    def tasks(self) -> list[Task]:
        """Every task so far, oldest first."""
        return [self._tasks.setdefault(each.key, Task(self, each)) for each in self._channel.sent]

    def claim(self) -> Task:
        """Take the oldest task that nobody has taken and that every policy still allows.

        Raises InvalidInput if there is none, with what stands against those that there are.
        """
        self._world.note(f"task = world.staff({self._channel.name!r}).claim()", lambda other: self._of(other).claim())
        against: list[str] = []
        for task in self.tasks:
            if task.status == "assigned":
                status, because = self._world.claim_task(task.request.key, self._channel.name)
                task.status = status
                if status == "claimed":
                    return task
                against.append(because or status)
        why = f" ({'; '.join(against)})" if against else ""
        raise InvalidInput(f"nobody asked for anything on {self._channel.name}: there is no task to claim{why}")

    def ended(self, task: Task, outcome: str | None, reason: str) -> None:
        """A task ended; `outcome` is None where it was declined."""
        key = task.request.key
        words = f"task.decline({reason!r})" if outcome is None else f"task.complete({outcome!r})"

        def again(other: "World") -> None:
            same = next(each for each in self._of(other).tasks if each.request.key == key)
            _ = same.decline(reason) if outcome is None else same.complete(outcome)

        self._world.task_done(words, key, outcome, reason, again=again)

    def _of(self, other: "World") -> "Staff":
        return other.staff(self._channel.name)
