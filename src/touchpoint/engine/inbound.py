"""Taking what comes back from channels (S6.9, S7.3): each becomes a touchpoint, and some act at once."""

from collections.abc import Mapping
from typing import Final

from touchpoint.channels.base import Adapter
from touchpoint.channels.inbound import (
    CLICKED,
    REPLIED,
    TASK_COMPLETED,
    TASK_DECLINED,
    Clicked,
    Inbound,
    Receipt,
    Replied,
    TaskDone,
)  # fmt: skip
from touchpoint.channels.keywords import Keyword, keyword_in
from touchpoint.core.gate import addressed
from touchpoint.engine.acts import take_touchpoints
from touchpoint.engine.intake import Recorded, customer_id, prepare
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.delivery import OPTED_OUT, opt_out_of
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import AddressRow, MessageRow

_STANDS: Final[Mapping[Keyword, str]] = {"stop": OPTED_OUT, "start": "active"}


def apply(
    unit: Unit, event: Inbound, now: int, adapters: Mapping[str, Adapter], skew: int, late_after: int
) -> Recorded:
    """Record one inbound event, and do what it asks for by itself. Raises InvalidInput."""
    if not isinstance(event, Replied):
        prepared = prepare(_about(unit, event), now=now, skew=skew, declared={})
        return take_touchpoints(unit, [prepared], now, late_after)[0]
    prepared = prepare(_reply(unit, event, adapters), now=now, skew=skew, declared={})
    keyword = keyword_in(event.text)
    if keyword is not None and keyword in _STANDS:
        # First of all, so that what the reply sets off sees it; but nothing is done for a reply that came before.
        address = _address(unit, event, keyword, adapters[event.channel])
        pairs = [(prepared.id, unit.find_or_add(prepared.customer, now).no)]
        if not unit.seen(pairs, pairs):
            _stand(unit, event.channel, address, keyword, now, prepared.at)
    return take_touchpoints(unit, [prepared], now, late_after)[0]


def _reply(unit: Unit, event: Replied, adapters: Mapping[str, Adapter]) -> Touchpoint:
    if not isinstance(event.text, str):
        raise InvalidInput(f"a reply's text is text, not {type(event.text).__name__}")
    if event.channel not in adapters:
        raise UnknownName("channel", event.channel, adapters)
    properties: dict[str, object] = {"text": event.text}
    keyword = keyword_in(event.text)
    if keyword is not None:
        properties["keyword"] = keyword
    if event.about is not None:
        properties["message"] = _message(unit, event.about).name
    return Touchpoint(
        event.customer, REPLIED, event.at, event.id, properties, event.channel, direction="inbound", about=event.about
    )


def _address(unit: Unit, event: Replied, keyword: Keyword, adapter: Adapter) -> tuple[str, str]:
    """(kind, key) of the address that wrote. Raises InvalidInput where nobody can tell."""
    if event.address is not None:
        to = adapter.normalise(event.address)
        return to.kind, to.key
    loaded = unit.find(customer_id(event.customer))
    known = None
    if loaded is not None:
        unit.learn_addresses(loaded)
        known = addressed(loaded.state, event.channel, unit.world)
    if known is None:
        raise InvalidInput(
            f"nobody can tell which address wrote {keyword.upper()} on {event.channel}: the customer has none for "
            "that channel; pass Replied(address=…)"
        )
    return known.kind, known.key


def _stand(unit: Unit, channel: str, address: tuple[str, str], keyword: Keyword, now: int, told: int | None) -> None:
    """Have the address stand as the word says, on this channel, for everybody who shares it.

    What was said last holds, in whatever order it came. Of two words with the same time told STOP does (S7.1); where no
    time was told, the order in which they came is the order in which they were said.
    """
    kind, key = address
    name, at = opt_out_of(channel, kind), now if told is None else told
    before = unit.standing((name, key))
    if before is None or at > before.at or (at == before.at and (keyword == "stop" or told is None)):
        unit.stand(AddressRow(name, key, _STANDS[keyword], f"{keyword.upper()} by {channel}", at))


def _about(unit: Unit, event: Clicked | Receipt | TaskDone) -> Touchpoint:
    row = _message(unit, event.about)
    customer = unit.by_number(row.customer).id
    properties: dict[str, object] = {"message": row.name}
    direction: str
    match event:
        case Clicked():
            kind, direction = CLICKED, "inbound"
            if event.link:
                properties["link"] = event.link
        case Receipt():
            kind, direction = event.state, "internal"
        case TaskDone():
            kind, direction = (TASK_DECLINED if event.outcome is None else TASK_COMPLETED), "internal"
            told = {"outcome": event.outcome, "reason": event.reason or None}
            properties |= {name: value for name, value in told.items() if value is not None}
    return Touchpoint(customer, kind, event.at, event.id, properties, row.channel, None, direction, event.about)  # type: ignore[arg-type]  # the three above


def _message(unit: Unit, key: str) -> MessageRow:
    unit.flush()
    row = unit.tx.message(key)
    if row is None:
        raise InvalidInput("this store knows no message with that key; about= takes the key that was handed over")
    return row
