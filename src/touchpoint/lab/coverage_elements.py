"""What there is to be lived through of journeys and the policy that binds them: the elements of journey coverage."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import attrs

from touchpoint.core.accounts import needs_approval
from touchpoint.core.compiled_rule import CompiledRule, Node
from touchpoint.core.live_limits import LiveLimit
from touchpoint.core.program import Program
from touchpoint.durations import Duration, Forever
from touchpoint.journey.conditions import Expression
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Hold
from touchpoint.journey.requirements import SessionWindow
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import (
    Best,
    Branch,
    Call,
    Exit,
    MoveTo,
    Send,
    Split,
    Step,
    Wait,
    WaitFor,
    WaitUntil,
    arm_of,
    arms,
    candidate_arm,
    flat,
)
from touchpoint.journey.windows import DENY
from touchpoint.model.message import Gift, Message
from touchpoint.policy.binding import BoundCap, BoundWindow, covers, meets
from touchpoint.policy.content import CONTENT, LACKS, SESSION, STATUTORY

Place: TypeAlias = tuple[str, ...]
NEAR: Final = 60_000_000
"""What is within a minute of a boundary is just before or just after it; microseconds."""
BOUNDARY: Final = ("just before", "exactly at", "just after")
MANY: Final = 256
OWN_WORDS: Final = "its own content"
"""What a message says where none of its wordings is taken."""
_ENDS: Final = ("withdrawn", "denied", "expired", "failed", "unknown")
_RARE: Final = {
    "arbitration": ("deny", "defer"), "stopped": ("deny",), "paused": ("defer",), "preferences": ("deny", "defer"),
    "frequency": ("defer",), "own quiet hours": ("deny", "defer"), "refused": ("deny",), "data use": ("deny",),
    "words": ("deny",), "given before": ("deny",), "gift address": ("deny",),
    "conversation": ("deny",), "familiarity": ("deny",),
}  # fmt: skip
_TURNS: Final = {"opens": "lets messages out again", "closes": "begins to hold them"}
_SAID: Final = {
    "allow": "allowed {}", "deny": "denied {}", "defer": "deferred {}", "cool-off": "deferred {} in its cool-off",
}  # fmt: skip


@attrs.frozen
class Element:
    """One thing that a test can live through.

    Args:
        journey: its name.
        place: where it stands in the journey, from `stages`, `segments`, `rules`, `suggestions`, `messages` or `policy`
            down.
        kind: stage, transition, segment, rule, step, arm, exit, suggestion, message, wording, gate, channel or
            boundary.
        words: the sentence to say while it was never seen.
        optional: shown where it was seen, and never missed: only something rare, or nothing declared, brings it about.
    """

    journey: str
    place: Place
    kind: str
    words: str
    optional: bool = False

    @property
    def id(self) -> str:
        """Stable while the names of what it is about are: journey and place, as a JSON pointer."""
        return identity(self.journey, *self.place)


def identity(*parts: str) -> str:
    """The id of the element with this journey and place."""
    return "/".join(each.replace("~", "~0").replace("/", "~1") for each in parts)


def near_of(at: int, edge: int) -> str | None:
    """Where an instant lies by an edge, as `BOUNDARY` calls it; None where it is not near."""
    if abs(at - edge) > NEAR:
        return None
    return BOUNDARY[1] if at == edge else BOUNDARY[0 if at < edge else 2]


# What there is to be covered.


def list_elements(program: Program, journey: str) -> Iterator[Element]:
    """Every element of one journey of a program, in reading order."""
    found = program.journeys[journey]
    rules = [rule for rule in program.rules if rule.journey == journey]
    told = [*_stages(found), *_segments(found), *(each for rule in rules for each in _rule(rule, program.live_limits))]
    told += list(_suggestions(found))
    told += [each for message in found.messages.values() for each in _message(program, found, message)]
    for kind, place, words in (*told, *_edges(program, found)):
        yield Element(journey, place, kind.removesuffix("?"), words, optional=kind.endswith("?"))


Told: TypeAlias = tuple[str, Place, str]
"""Kind, place and words of an element; a kind that ends in `?` is optional."""


def _stages(journey: Journey) -> Iterator[Told]:
    moved_to = {step.stage for rule in journey.rules for step in flat(rule.then) if isinstance(step, MoveTo)}
    open_ = [stage for stage in journey.stages if stage.when or stage.name in moved_to]
    for stage in open_:
        at, name = ("stages", stage.name), stage.name
        following = [each for each in open_ if _follows(each, name)]
        yield "stage", (*at, "entered"), f"nobody ever entered the stage {name}"
        if following:
            yield "stage", (*at, "left"), f"nobody ever left the stage {name}"
        if not stage.after:
            yield "transition", (*at, "as the first"), f"nobody came to {name} as their first stage"
        for each in following:
            yield "transition", (*at, f"to {each.name}"), f"nobody moved from the stage {name} to {each.name}"


def _segments(journey: Journey) -> Iterator[Told]:
    for segment in journey.segments:
        at = ("segments", segment.name)
        yield "segment", (*at, "joined"), f"nobody ever joined the segment {segment.name}"
        yield "segment", (*at, "left"), f"nobody ever left the segment {segment.name}"


def _suggestions(journey: Journey) -> Iterator[Told]:
    for each in journey.suggestions:
        at, name = ("suggestions", each.name), each.name
        yield "suggestion", (*at, "shown"), f"nobody was ever shown the suggestion {name}"
        yield "suggestion", (*at, "accepted"), f"nobody ever accepted the suggestion {name}"
        yield "suggestion", (*at, "declined"), f"nobody ever declined the suggestion {name}"


def _follows(stage: Stage, before: str) -> bool:
    return (stage.name != before or stage.reenter) and (not stage.after or before in stage.after)


def _rule(compiled: CompiledRule, limited: Sequence[LiveLimit]) -> Iterator[Told]:
    rule, at = compiled.rule, ("rules", compiled.rule.name)
    yield "rule", (*at, "started"), f"{rule.name} was never started"
    for many, words in (("one", "one trigger alone"), ("several", "several triggers")) if rule.collect else ():
        yield "rule", (*at, "collected", many), f"{rule.name} never collected {words}"
    blocks = any(isinstance(step, Send | Call | Wait | WaitFor | WaitUntil) for step in flat(rule.then))
    for why, words, applies in (
        ("given", "by its condition", rule.given is not None),
        ("live", "because a run was live", blocks and rule.concurrency == "ignore"),
        ("limit", f"by its limit ({rule.limit})", rule.limit is not None),
        ("live runs", "because enough runs were live", any(_can_refuse(each, compiled.label) for each in limited)),
    ):
        if applies:
            yield "rule", (*at, "refused", why), f"{rule.name} was never refused {words}"
    if blocks and rule.concurrency == "restart":
        yield "rule", (*at, "restarted"), f"{rule.name} was never restarted"
    for node, place in places_of(compiled).items():
        yield from _step(compiled.nodes[node], place, rule.name)
    for each in _exits(compiled):
        yield "exit", (*at, "exits", each), f"{rule.name} was never left by its exit: {each}"
    if rule.goal is not None:
        yield "exit", (*at, "goal"), f"the goal of {rule.name} was never reached"


def _can_refuse(limit: LiveLimit, label: str) -> bool:
    return label in limit.labels and limit.over != "defer"


def _exits(compiled: CompiledRule) -> list[str]:
    """The triggers it is left by, in words; its conditions are one, for nothing records which of them it was."""
    listed = [str(each) for each in compiled.rule.exit if not isinstance(each, Expression)]
    return listed + (["a condition"] if compiled.exit_conditions else [])


def places_of(compiled: CompiledRule) -> dict[str, Place]:
    """Node id → place of its step: nested as the steps are."""
    ids = iter(compiled.nodes)  # in reading order

    def under(steps: Sequence[Step], at: Place) -> Iterator[tuple[str, Place]]:
        for step in steps:
            name = next(ids)
            yield name, (*at, name)
            for arm, inner in arms(step):
                yield from under(inner, (*at, name, arm))

    return dict(under(compiled.rule.then, ("rules", compiled.rule.name, "steps")))


def _step(node: Node, place: Place, rule: str) -> Iterator[Told]:
    step, named = node.step, f"{node.id} in {rule}"
    if isinstance(step, Exit):
        yield "exit", (*place, "reached"), f"no run of {rule} was left by Exit({step.reason!r}), the step {node.id}"
        return
    yield "step", (*place, "reached"), f"the step {named} was never reached"
    for arm, words in _arms(step):
        yield "arm", (*place, arm, "taken"), f"{words} of {named} was never taken"
    if length_of(step) is not None:
        what = "what it waits for" if isinstance(step, WaitFor) else "a touchpoint"
        for near in BOUNDARY:
            yield "boundary", (*place, "its end", near), f"{what} never came {near} the end of {named}"


def _arms(step: Step) -> list[tuple[str, str]]:
    """The arms of a step that can be taken, also where nothing is done in them, and how they are called."""
    match step:
        case Branch():
            return [("then", "the then arm"), ("otherwise", "the otherwise arm")]
        case Split() | Best():
            return _choices(step)
        case WaitFor() | WaitUntil():
            first = "the event arm" if isinstance(step, WaitFor) else "the arm of the condition"
            timeout = [] if isinstance(step.timeout, Forever) else [("otherwise", "the timeout arm")]
            return [("then", first), *timeout]
        case Send() | Call() if step.otherwise:
            return [("otherwise", "the otherwise arm")]
        case Wait():
            missing = [("no date", "the exit without a date")] if isinstance(step.until, Expression) else []
            return [("then", "the way on from the end"), *missing]
    return []


def _choices(step: Split | Best) -> list[tuple[str, str]]:
    if isinstance(step, Split):
        return [(arm_of(each), f"the variant {each}") for each, weight in step.shares.items() if weight]
    found = [(candidate_arm(n), f"the candidate {each.name}") for n, each in enumerate(step.candidates)]
    return [*found, ("otherwise", "the otherwise arm")]


def length_of(step: Step) -> Duration | None:
    """How long a wait lasts at most, where that is a length that is not forever."""
    lasts = step.length if isinstance(step, Wait) else getattr(step, "timeout", None)
    return None if lasts is None or isinstance(lasts, Forever) else lasts


@attrs.frozen
class PolicyItem:
    """One thing that the gate asks of a message; `begins` or `hold` tells its reasons from those of its siblings."""

    check: str
    name: str
    answers: tuple[str, ...]
    begins: str = ""
    hold: Hold | None = None
    channels: tuple[str, ...] | None = None
    optional: bool = False

    def about(self, check: str, reason: str) -> bool:
        """Whether a verdict of this check with this reason is its own."""
        if check != self.check or not reason.startswith(self.begins):
            return False
        if self.hold is None or self.hold.while_open is None:
            return True
        named = reason.partition("a case is open: ")[2] or reason.partition("was closed (")[2]
        return any(kind in named.partition(";")[0].partition(")")[0].split(", ") for kind in self.hold.while_open)

    def answer(self, answer: str, reason: str) -> str:
        """What an answer counts as."""
        return "cool-off" if "cool-off" in self.answers and reason.startswith("cool-off") else answer


def items_of(program: Program, journey: Journey, message: Message) -> list[PolicyItem]:
    """What the gate asks of a message of this journey, in its order."""
    sends = [step for rule in journey.rules for step in flat(rule.then) if isinstance(step, Send)]
    still = any(each.message.name == message.name and each.still is not None for each in sends)
    waits = _waiting(program, journey, message)
    return [
        *([PolicyItem("wanted", "still wanted", ("deny",))] if still else []),
        PolicyItem("expiry", "expiry", ("deny",), optional=message.expires is None and not waits),
        PolicyItem("address", "address", ("deny",)),
        PolicyItem("consent", "consent", ("deny",)),
        *waits,
        *_content(program, journey, message),
        *([PolicyItem("limit", f"limit of {message.limit}", ("deny",))] if message.limit is not None else []),
        *_of_accounts(program, journey, message),
        *(PolicyItem(name, name, answers, optional=True) for name, answers in _RARE.items()),
    ]


def _of_accounts(program: Program, journey: Journey, message: Message) -> Iterator[PolicyItem]:
    """What accounts and people have to say about a gift, or about what a message costs."""
    bound, gift = program.bounds[journey.name], message if isinstance(message, Gift) else None
    drawn = [each for each in bound.budgets if message.cost and covers(each.kinds, message.effective_kind)]
    if gift is not None and gift.purse is not None:
        drawn.append(gift.purse)
    if drawn or (gift is not None and gift.budget is not None):
        waits = any(each.over == "defer" and each.per is not None for each in drawn)
        yield PolicyItem("budget", "budget", ("defer",) if waits else ("deny",))
    if gift is not None and gift.shelf is not None:
        yield PolicyItem("stock", "stock", ("defer",) if gift.shelf.none_left == "wait" else ("deny",))
    if gift is not None and needs_approval(gift, bound):
        yield PolicyItem("approval", "approval", ("defer",))


def _waiting(program: Program, journey: Journey, message: Message) -> list[PolicyItem]:
    """What of the policy can make the message wait, or refuse it for a time."""
    bound, kind = program.bounds[journey.name], message.effective_kind
    found: dict[str, PolicyItem] = {}
    for hold in (each.hold for each in bound.holds if covers(each.hold.kinds, kind)):
        how = ("deny",) if message.on_release == "drop" else ("defer",) + (("cool-off",) if hold.cool_off else ())
        found.setdefault(str(hold), PolicyItem("hold", str(hold), how, hold=hold))
    for window in bound.windows:
        if on := _on(window.window.kinds, window.window.channels, message):
            how = ("defer", "deny") if window.window.unknown_zone == DENY else ("defer",)
            name = called(window)
            found.setdefault(name, PolicyItem(window.check, name, how, begins=f"{name}:", channels=on))
    for cap in () if message.exempt else bound.caps:
        if on := _met(cap, journey.name, message):
            found.setdefault(
                cap.said, PolicyItem("cap", cap.said, (cap.cap.over,), begins=f"{cap.said} is full", channels=on)
            )
    for spacing in bound.spacings:
        if on := _on(spacing.spacing.kinds, spacing.spacing.channels, message):
            begins = f"{spacing.said}:"
            found.setdefault(spacing.said, PolicyItem("spacing", spacing.said, ("defer",), begins=begins, channels=on))
    return list(found.values())


def _content(program: Program, journey: Journey, message: Message) -> Iterator[PolicyItem]:
    """What content rules ask of the message; where the customer lives decides, so nothing of it is missed."""
    content = program.bounds[journey.name].content
    for bound in () if content is None else (each for _, rules in content.sets for each in rules):
        rule = bound.rule
        if on := tuple(each for each in message.channels if rule.binds(message.effective_kind, each)):
            name, kinds = rule.name, [type(each) for each in rule.asks]
            if any(each in LACKS for each in kinds):
                yield PolicyItem(CONTENT, name, ("deny",), begins=f"{name}:", channels=on, optional=True)
            for each, _ in bound.windows:
                said = f"{name} {each.start}-{each.end}"
                yield PolicyItem(STATUTORY, said, ("defer", "deny"), begins=f"{said}:", channels=on, optional=True)
            if SessionWindow in kinds:
                yield PolicyItem(SESSION, name, ("defer", "deny"), begins=f"{name}:", channels=on, optional=True)


def called(window: BoundWindow) -> str:
    """A window as the gate calls it, with its hours."""
    return f"{window.check} {window.said}"


def _on(kinds: tuple[str, ...] | None, channels: tuple[str, ...] | None, message: Message) -> tuple[str, ...]:
    """The channels of a message on which something with this scope binds it."""
    return tuple(each for each in message.channels if covers(channels, each) and covers(kinds, message.effective_kind))


def _met(cap: BoundCap, journey: str, message: Message) -> tuple[str, ...]:
    """The channels of a message on which it meets a cap."""
    return tuple(each for each in message.channels if meets(cap, message.effective_kind, journey, (each,)))


def _message(program: Program, journey: Journey, message: Message) -> Iterator[Told]:
    name, at = message.name, ("messages", message.name)
    yield "message", (*at, "sent"), f"{name} was never sent"
    for each in (*(wording.name for wording in message.wordings), OWN_WORDS) if message.wordings else ():
        yield "wording", (*at, "wordings", each), f"{name} was never worded as {each}"
    for end in _ENDS:
        yield "message?", (*at, "ended", end), f"{name} never ended as {end}"
    for item in items_of(program, journey, message):
        kind = "gate?" if item.optional else "gate"
        for answer in item.answers if item.check in _RARE else ("allow", *item.answers):
            yield kind, (*at, "gate", item.name, answer), f"the check of {item.name} never {_SAID[answer].format(name)}"
        yield kind, (*at, "gate", item.name, "decides"), f"the check of {item.name} never decided on {name}"
    for channel in message.channels:
        for outcome, words in (("accepted", "accepted"), ("refused", "refused"), ("ambiguous", "left in doubt")):
            yield "channel", (*at, "channels", channel, outcome), f"{name} was never {words} on {channel}"


def _edges(program: Program, journey: Journey) -> Iterator[Told]:
    """The instants at which windows open and close and caps free, for what binds any message of the journey."""
    bound, messages = program.bounds[journey.name], journey.messages.values()
    for window in bound.windows:
        if any(_on(window.window.kinds, window.window.channels, each) for each in messages):
            for edge in ("opens", "closes"):
                for near in BOUNDARY:
                    words = f"no message was asked for {near} the instant at which {called(window)} {_TURNS[edge]}"
                    yield "boundary", ("policy", called(window), edge, near), words
    for cap in bound.caps:
        if any(_met(cap, journey.name, each) for each in messages if not each.exempt):
            for near in BOUNDARY:
                words = f"no message was asked for {near} the instant at which the {cap.said} frees a place"
                yield "boundary", ("policy", cap.said, "frees", near), words
