"""What a customer may choose, as data for the host's own preference page (S7.1, S7.4), and how a choice is entered."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.core.changes import look
from touchpoint.core.gate import facts_about
from touchpoint.core.schedule import after
from touchpoint.durations import Duration, instant, is_calendar, micros
from touchpoint.engine.acts import Said, consent_said, facts_changed
from touchpoint.engine.intake import instant_of
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.shared import learn_addresses
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput
from touchpoint.model.consent import ANY
from touchpoint.model.delivery import redact
from touchpoint.model.message import Message
from touchpoint.model.preference import Preferences
from touchpoint.policy.binding import BoundWindow
from touchpoint.policy.consent import UNBOUND, check_consent, check_preferences
from touchpoint.policy.facts import ConsentFact

OffBy = Literal["consent", "preferences"]


@attrs.frozen
class Choice:
    """One thing to say yes or no to: messages for a purpose, on a channel.

    Args:
        purpose: a topic, or the kind of message where it has none: what `grant`, `withdraw` and `choose` take.
        channel: its name.
        on: whether such messages may go out to the customer, as far as consent and wishes have a say.
        off_by: what says no: `consent` (withdrawn, lapsed or never given) or `preferences`; None where it is on.
        reason: why it is on or off, in words for the host.
        can_change: False for what the customer's own business with the house needs. A page does not offer a switch for
            it; a withdrawal is kept all the same.
        since: when the statement that counts was made, aware UTC; None where there is none.
        expires_at: when a grant lapses by itself; None for never.
        basis, source: of that statement.
        why: what such messages are for, one line for each of them (S6.1).
    """

    purpose: str
    channel: str
    on: bool
    off_by: OffBy | None
    reason: str
    can_change: bool
    since: datetime | None = None
    expires_at: datetime | None = None
    basis: str | None = None
    source: str = attrs.field(default="", repr=False)
    why: tuple[str, ...] = ()


@attrs.frozen
class Reach:
    """Where the customer is written to.

    Args:
        kind: of address, such as `email`.
        shown: what may be shown of it: `j…@example.com`.
        standing: `active`, `dormant` or `suppressed`.
    """

    kind: str
    shown: str = attrs.field(repr=False)
    standing: str = "active"


@attrs.frozen
class PreferenceCentre:
    """Everything a page needs on which customers see and change what they allow. A snapshot: ask the engine again.

    Args:
        choices: by purpose and channel, in the order in which journeys name them.
        wishes: the customer's own preferences, as `Engine.prefer` takes them.
        snoozed_until: aware UTC; None where nothing is snoozed now.
        reach: addresses, without anything that tells them to somebody who looks over a shoulder.
        house_hours: when the house writes to nobody anyway, in words; the stricter of these and the wishes holds.
    """

    choices: tuple[Choice, ...]
    wishes: Preferences = attrs.field(repr=False)
    snoozed_until: datetime | None
    reach: tuple[Reach, ...] = attrs.field(repr=False)
    house_hours: tuple[str, ...] = ()

    def choice(self, purpose: str, channel: str) -> Choice | None:
        """The choice for a purpose on a channel; None where no journey has messages of that sort."""
        return next((each for each in self.choices if (each.purpose, each.channel) == (purpose, channel)), None)


def centre(unit: Unit, loaded: Loaded, adapters: Mapping[str, Adapter], now: int) -> PreferenceCentre:
    """Gather it for one customer, without effects."""
    learn_addresses(unit, loaded)
    state, at = loaded.state, max(now, loaded.state.now)
    wishes = state.profile.preferences or Preferences()
    until = wishes.snooze_until
    snoozed = until if until is not None and micros(until) > at else None
    return PreferenceCentre(
        tuple(_choices(unit, loaded, adapters, at)),
        wishes,
        snoozed,
        tuple(Reach(each.kind, redact(each.kind, each.key), _standing(unit, each)) for each in state.profile.addresses),
        tuple(dict.fromkeys(_said(each) for bound in unit.program.bounds.values() for each in bound.windows)),
    )


def _standing(unit: Unit, address: object) -> str:
    known = unit.world.standings.get((address.kind, address.key))  # type: ignore[attr-defined]
    return address.standing if known is None else known[0]  # type: ignore[attr-defined]


def _said(bound: BoundWindow) -> str:
    return f"{bound.check} {bound.said}"


Kinds = dict[tuple[str, str], list[tuple[str, Message]]]


def _choices(unit: Unit, loaded: Loaded, adapters: Mapping[str, Adapter], at: int) -> Iterator[Choice]:
    offered: Kinds = {}
    for journey in unit.program.journeys.values():
        for message in journey.messages.values():
            for channel in () if message.answer else message.channels:
                if channel in adapters:
                    purpose = message.topic or message.effective_kind
                    offered.setdefault((purpose, channel), []).append((journey.name, message))
        for message in (each.message for each in journey.suggestions):
            for place in message.channels:
                purpose = message.topic or message.effective_kind
                offered.setdefault((purpose, place), []).append((journey.name, message))
    for (purpose, channel), found in offered.items():
        asked = [_choice(unit, loaded, journey, message, channel, at) for journey, message in found]
        # The policies of two journeys may differ: it is on if anything of the sort can come.
        first = next((each for each in asked if each.on), asked[0])
        why = tuple(dict.fromkeys(message.why for _, message in found))
        yield attrs.evolve(
            first, purpose=purpose, why=why, can_change=any(message.effective_kind != UNBOUND for _, message in found)
        )


def _choice(unit: Unit, loaded: Loaded, journey: str, message: Message, channel: str, at: int) -> Choice:
    state = loaded.state
    facts, on = facts_about(unit.program, state, unit.world, journey, message, channel, at)
    consents = check_consent(facts, on)
    wishes = [each for each in check_preferences(facts, on) if each.answer == "deny"]
    against = [each for each in consents if each.answer == "deny"]
    said = statement(state.profile.consents, message, channel, at)
    off_by: OffBy | None = "consent" if against else ("preferences" if wishes else None)
    deciding = (against or wishes or [*consents])[0]
    return Choice(
        "", channel, off_by is None, off_by, deciding.reason, True,  # noqa: FBT003 - set by who gathers them
        None if said is None else instant(said.at),
        None if said is None or said.expires_at is None else instant(said.expires_at),
        None if said is None else said.basis,
        "" if said is None else said.source,
    )  # fmt: skip


def statement(
    consents: Mapping[tuple[str, str], ConsentFact], message: Message, channel: str, at: int
) -> ConsentFact | None:
    """The statement a customer made last about messages of this sort on this channel, or broader ones; None for none.

    It is what a page shows; what stands of several is the business of `check_consent`.
    """
    purposes = dict.fromkeys([message.topic or message.effective_kind, message.effective_kind, ANY])
    about = [consents.get((purpose, where)) for purpose in purposes for where in (channel, ANY)]
    return max((each for each in about if each is not None and each.at <= at), key=_rank, default=None)


def _rank(said: ConsentFact) -> tuple[int, bool]:
    return said.at, not said.granted


# Changing it.


def choose(unit: Unit, customer: str, said: Said, proof: dict[str, object], now: int) -> None:
    """Enter a yes or a no; a yes also takes back the wish that switched the topic off.

    A channel that is switched off stays so: who says yes to one thing has not said yes to all the others there.
    """
    consent_said(unit, customer, said, proof, now)
    loaded = unit.find_or_add(customer, now)
    wishes = loaded.state.profile.preferences
    if not said.fact.granted or wishes is None:
        return
    topics = tuple(each for each in wishes.topics_off if each != said.purpose)
    if topics != wishes.topics_off:
        _set(unit, loaded, attrs.evolve(wishes, topics_off=topics), now)


def snooze(unit: Unit, customer: str, until: "datetime | Duration | None", now: int) -> datetime | None:
    """Put everything off that wishes bind, until an instant or for a length of time; None takes it back.

    Raises:
        InvalidInput: neither an aware datetime nor a length of time, or one that is over.
    """
    loaded = unit.find_or_add(customer, now)
    unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
    wishes = loaded.state.profile.preferences
    if until is None:
        if wishes is not None and wishes.snooze_until is not None:
            _set(unit, loaded, attrs.evolve(wishes, snooze_until=None), now)
        return None
    end = _end(until, max(now, loaded.state.now), loaded.state.profile.zones)
    if end <= now:
        raise InvalidInput("a snooze ends in the future; unsnooze() takes one back")
    _set(unit, loaded, attrs.evolve(wishes or Preferences(), snooze_until=instant(end)), now)
    return instant(end)


_SNOOZE: Final = "snooze() takes an aware datetime, or a length of time such as days(14) or months(1)"


def _end(until: object, now: int, zones: tuple[str, ...]) -> int:
    if isinstance(until, datetime):
        return instant_of(until, "until=")
    if not is_calendar(until) and not isinstance(until, timedelta):
        raise InvalidInput(f"{_SNOOZE}, not {type(until).__name__}")
    return after(now, until, zones)  # type: ignore[arg-type]  # one of the two, as was seen above


def _set(unit: Unit, loaded: Loaded, wishes: Preferences, now: int) -> None:
    before = look(unit.program.listening.watching, loaded.state.profile)
    loaded.state.profile.preferences = wishes
    loaded.change_profile()
    facts_changed(unit, loaded, "preferences", now, before)
