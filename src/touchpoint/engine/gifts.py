"""Gifts (S6.5): who approves them, what is in stock, what budgets have left, and what comes back."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar, cast

from touchpoint.core import settling
from touchpoint.core.accounts import approvers, span_at
from touchpoint.core.advance import message_ended
from touchpoint.core.decision import Decision, MessageChanged
from touchpoint.core.held import dropped
from touchpoint.core.state import IN_FLIGHT, Pending
from touchpoint.durations import instant
from touchpoint.engine import accounts, shared
from touchpoint.engine.acts import take_touchpoints
from touchpoint.engine.intake import Recorded, prepare, text_of
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.errors import ApprovalRefused, InvalidInput, UnknownCustomer, UnknownName
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.gift import GIFT_DECLINED, GIFT_RETURNED, BudgetState, GiftStatus, Given
from touchpoint.model.message import Gift
from touchpoint.model.money import amount_of, millionths
from touchpoint.model.payload import TEXT
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.stores.base import GiftRow
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.inbound import Taking

T = TypeVar("T")
_NAME: Final = 200
_OPEN: Final = frozenset({"assigned", "claimed"})
_MOST: Final = 10**9


class GiftDesk:
    """Gifts, as `Engine.gifts` gives it.

    Every method that changes something takes `connection=` as `Engine.record` does, and raises InvalidInput where there
    is no gift with that key, and StoreError where it could not be stored.
    """

    def __init__(
        self, write: "Callable[[Callable[[Unit], object], object], object]", taking: "Callable[[], Taking]"
    ) -> None:
        self._write = write
        self._taking = taking

    # Approval.

    def pending(self, *, limit: int = 100) -> list[Given]:
        """Gifts that wait for somebody to approve them, oldest first, at most `limit`."""
        most = _limit(limit)
        return self._do(lambda unit, _: [view(unit, row) for row in unit.tx.gifts_asked(most)])

    def approve(self, key: str, *, by: str, connection: object = None) -> Given:
        """Say that a gift is to be given. Everything else is asked again, at once.

        Args:
            key: of the gift, as in `Given.key`.
            by: who says so. Not the one who gives it by hand, and one of those whom `Approval(by=)` names.
            connection: as for `record`.

        Raises:
            ApprovalRefused: it waits for no approval (any more), or this person cannot approve it.
        """
        who = _person(by)
        return self._do(lambda unit, taking: approve(unit, key, who, taking.now), connection)

    def decline(self, key: str, *, by: str, reason: str = "", connection: object = None) -> Given:
        """Say that a gift is not to be given: its message is denied, and its run goes on with `otherwise`.

        Raises ApprovalRefused where it waits for no approval (any more), or this person has no say in it.
        """
        who, why = _person(by), text_of(reason, "reason=", least=0, most=TEXT)
        return self._do(lambda unit, taking: decline(unit, key, who, why, taking.now), connection)

    # Accounts.

    def restock(self, stock: str | Stock, n: int, *, connection: object = None) -> int:
        """Add so many to a stock, and have whoever waits for it asked again. How many there are then.

        Raises:
            UnknownName: no gift is taken from a stock of this name.
            InvalidInput: `n` is no whole number from 1 to a billion.
        """
        if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _MOST:
            raise InvalidInput(f"restock() takes how many come in, a whole number from 1 to {_MOST:,}")
        return self._do(lambda unit, taking: restock(unit, stock, n, taking.now), connection)

    def stocks(self) -> dict[str, int]:
        """How many are left of every stock of the gifts at work, by name."""
        return self._do(lambda unit, _: {each.name: accounts.left(unit.tx, each) for each in shelves(unit)})

    def budgets(self) -> list[BudgetState]:
        """How every budget of the journeys at work stands in its present period, by name."""
        return self._do(lambda unit, taking: list(budgets(unit, taking.now)))

    # What became of them.

    def given(self, customer: str) -> list[Given]:
        """The gifts of a customer, oldest first, those included that are still to be given. Raises UnknownCustomer."""

        def found(unit: Unit, _: "Taking") -> list[Given]:
            loaded = unit.find(customer)
            if loaded is None:
                raise UnknownCustomer
            return [view(unit, row) for row in unit.tx.gifts_of(loaded.no)]

        return self._do(found)

    def get(self, key: str) -> Given:
        """One gift, whatever became of it."""
        return self._do(lambda unit, _: view(unit, _found(unit, key)))

    def returned(
        self, key: str, reason: str = "", *, at: datetime | None = None, connection: object = None
    ) -> Recorded:  # fmt: skip
        """A gift came back: the touchpoint `gift_returned`, about it. It goes back to its stock, once.

        What it is worth is booked back where the gift says `worth_back=True`. One that the customer had declined on
        its way is returned all the same; what was given back by then stays as it is.

        Args:
            key: of the gift.
            reason: in words.
            at: when; aware. Now, if not given.
            connection: as for `record`.

        Raises:
            InvalidInput: it was not given yet, or not at all; so one that was declined before it was handed over.
        """
        why = text_of(reason, "reason=", least=0, most=TEXT)
        return self._do(lambda unit, taking: came_back(unit, key, GIFT_RETURNED, why, at, taking), connection)

    def declined(
        self, key: str, reason: str = "", *, at: datetime | None = None, connection: object = None
    ) -> Recorded:  # fmt: skip
        """The customer does not want a gift: the touchpoint `gift_declined`, about it; arguments as for `returned`.

        One that was not given yet is withdrawn, its task as well, and costs nothing; else it is as if it came back.
        Of one that has come back nothing is changed: it is a duplicate, which differs.
        """
        why = text_of(reason, "reason=", least=0, most=TEXT)
        return self._do(lambda unit, taking: came_back(unit, key, GIFT_DECLINED, why, at, taking), connection)

    def _do(self, work: "Callable[[Unit, Taking], T]", connection: object = None) -> T:
        taking = self._taking()
        return cast("T", self._write(lambda unit: work(unit, taking), connection))


def view(unit: Unit, row: GiftRow) -> Given:
    """A row, for those who look."""
    body = loads(row.body)
    return Given(
        key=row.key, customer=unit.by_number(row.customer).id, gift=row.name, occasion=row.occasion,
        worth=Decimal(row.worth), currency=row.currency, status=cast("GiftStatus", row.status), given_by=row.giver,
        approval=row.approval, decided_by=body.get("by", ""), decided_at=_at(body.get("decided_at")),
        reason=body.get("reason", ""), at=_at(row.at), asked_at=_at(body.get("asked_at")),
        expires_at=_at(body.get("expires_at")),
    )  # fmt: skip


def _at(us: int | None) -> datetime | None:
    return None if us is None else instant(us)


def _found(unit: Unit, key: str) -> GiftRow:
    row = unit.tx.gift(key)
    if row is None:
        raise InvalidInput("there is no gift with that key; Engine.gifts.given(customer) lists those of a customer")
    return row


def _person(by: object) -> str:
    who = text_of(by, "by=", most=_NAME)
    if not who.strip():
        raise InvalidInput('by= says who decides, as in by="maria"')
    return who


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise InvalidInput(f"limit= is a whole number from 1 to {_MOST:,}")
    return value


# Approval.


def approve(unit: Unit, key: str, by: str, now: int) -> Given:
    """Have a gift given, as far as that depends on people; the gate is asked anew."""
    loaded, pending, row = _asked(unit, key, by, now)
    if row.giver and _same(row.giver, by):
        raise ApprovalRefused("own")
    at = max(now, loaded.state.now)
    accounts.write(unit, [accounts.decided(row, "approved", by, "", at)])

    def decide() -> Decision:
        decision = Decision(unit.program, loaded.state, at)
        held = loaded.state.pending_by_key(key) or pending
        held.due = max(at, held.not_before)
        decision.trace.append(["gift", "approved", held.message, by])
        decision.effects.append(MessageChanged(held))
        return decision

    unit.apply(loaded, "gift", pending.message, at, decide, body=_told(key, "approved", by, ""))
    return view(unit, _found(unit, key))


def decline(unit: Unit, key: str, by: str, reason: str, now: int) -> Given:
    """End a gift that waits for approval as denied."""
    loaded, pending, row = _asked(unit, key, by, now)
    at = max(now, loaded.state.now)
    accounts.write(unit, [accounts.decided(row, "declined", by, reason, at)])

    def decide() -> Decision:
        held = loaded.state.pending_by_key(key) or pending
        why = f"declined by {by}" + (f": {reason}" if reason else "")
        decision = message_ended(unit.program, loaded.state, held, "denied", at, why)
        decision.trace.insert(0, ["gift", "declined", held.message, by])
        return decision

    unit.apply(loaded, "gift", pending.message, at, decide, body=_told(key, "declined", by, reason), message=key)
    return view(unit, _found(unit, key))


def _told(key: str, what: str, by: str, reason: str) -> str:
    return dumps([key, what, by, reason])


def _asked(unit: Unit, key: str, by: str, now: int) -> tuple[Loaded, Pending, GiftRow]:
    """A gift that waits for approval, and may wait for that of this person. Raises ApprovalRefused."""
    row = _found(unit, key)
    loaded = unit.by_number(row.customer)
    unit.fire(loaded, until=max(now, loaded.state.now), inclusive=False)
    pending, row = loaded.state.pending_by_key(key), _found(unit, key)
    if row.approval != "asked" or pending is None or pending.status == IN_FLIGHT:
        raise ApprovalRefused("not asked")
    if pending.expires <= max(now, loaded.state.now):
        raise ApprovalRefused("expired")
    gift, bound = unit.program.message_of(loaded.state, pending), unit.program.bounds.get(pending.journey)
    named = approvers(bound, gift) if isinstance(gift, Gift) and bound is not None else None
    if named is not None and not any(_same(each, by) for each in named):
        raise ApprovalRefused("not named")
    return loaded, pending, row


def _same(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


# Accounts.


def shelves(unit: Unit) -> list[Stock]:
    """Every stock of the gifts at work, by name."""
    found = {each.shelf.name: each.shelf for each in _gifts(unit) if each.shelf is not None}
    return [found[name] for name in sorted(found)]


def _gifts(unit: Unit) -> Iterator[Gift]:
    return (each for each in unit.program.messages.values() if isinstance(each, Gift))


def restock(unit: Unit, stock: str | Stock, n: int, now: int) -> int:
    """Fill a stock up, and have the gifts that wait for it asked again, those that have waited longest first."""
    name = stock.name if isinstance(stock, Stock) else stock
    known = {each.name: each for each in shelves(unit)}
    if not isinstance(name, str) or name not in known:
        raise UnknownName("stock", name, known)
    count = accounts.restock(unit, known[name], n)
    for row in unit.tx.gifts_awaiting(name):
        _ask_again(unit, row, now)
    return count


def _ask_again(unit: Unit, row: GiftRow, now: int) -> None:
    loaded = unit.by_number(row.customer)
    at = max(now, loaded.state.now)
    unit.fire(loaded, until=at, inclusive=False)

    def decide() -> Decision:
        decision = Decision(unit.program, loaded.state, at)
        pending = loaded.state.pending_by_key(row.key)
        if pending is not None and pending.status != IN_FLIGHT:
            pending.due = max(at, pending.not_before)
            decision.trace.append(["gift", "restocked", pending.message, ""])
            decision.effects.append(MessageChanged(pending))
        return decision

    unit.apply(loaded, "gift", row.name, at, decide)


def budgets(unit: Unit, now: int) -> Iterator[BudgetState]:
    """How every budget stands, by name."""
    found = {each.purse.name: each.purse for each in _gifts(unit) if each.purse is not None}
    found |= {each.name: each for bound in unit.program.bounds.values() for each in bound.budgets}
    own = {each.name: each for each in _gifts(unit) if each.budget is not None and each.purse is None}
    for name in sorted({*found, *own}):
        if name in found:
            yield _state(unit, found[name], now)
        if name in own:
            yield _own_state(unit, own[name])


def _state(unit: Unit, budget: Budget, now: int) -> BudgetState:
    span = span_at(budget, now)
    taken = unit.tx.booked(span.name, span.start, span.until)
    reserved = unit.tx.reserved(span.name, span.start, span.until)
    end = now if span.kind.startswith("rolling") else span.end
    return BudgetState(
        name=budget.name, amount=amount_of(budget.in_millionths), currency=budget.currency,
        start=None if budget.per is None else instant(span.start), end=None if end is None else instant(end),
        spent=amount_of(taken - reserved), reserved=amount_of(reserved),
        left=amount_of(max(budget.in_millionths - taken, 0)),
        per_customer=None if budget.per_customer is None else amount_of(millionths(budget.per_customer)),
    )  # fmt: skip


def _own_state(unit: Unit, gift: Gift) -> BudgetState:
    amount = Decimal(str(gift.budget))
    spent = unit.tx.spent([gift.name])[gift.name] + unit.changes.budgets.get(gift.name, Decimal(0))
    return BudgetState(
        name=gift.name, amount=amount, currency=gift.currency, start=None, end=None, spent=spent,
        reserved=Decimal(0), left=max(amount - spent, Decimal(0)),
    )  # fmt: skip


# What comes back.


def came_back(
    unit: Unit, key: str, what: str, reason: str, at: datetime | None, taking: "Taking"
) -> Recorded:  # fmt: skip
    """A gift was returned, or declined by the customer: accounts are seen to, once, and the timeline tells of it."""
    row = _found(unit, key)
    identity = f"{what} {key}"
    loaded = unit.by_number(row.customer)
    if row.status == accounts.RETURNED or (row.status == accounts.DECLINED and what == GIFT_DECLINED):
        return Recorded(identity, duplicate=True, differs=not _is_told(unit, loaded, identity))
    unit.fire(loaded, until=max(taking.now, loaded.state.now), inclusive=False)
    told = Touchpoint(
        loaded.id, what, at, identity, _properties(row, reason), _channel(unit, key), None, "inbound", key
    )
    prepared = prepare(told, now=taking.now, skew=taking.skew, declared={})
    _settle(unit, loaded, _found(unit, key), what, taking.now)
    return take_touchpoints(unit, [prepared], taking.now, taking.late_after)[0]


def _is_told(unit: Unit, loaded: Loaded, identity: str) -> bool:
    pair = (identity, loaded.no)
    return pair in unit.seen([pair], [pair])


def _properties(row: GiftRow, reason: str) -> dict[str, object]:
    told: dict[str, object] = {"gift": row.name, "occasion": row.occasion}
    return {**told, "reason": reason} if reason else told


def _channel(unit: Unit, key: str) -> str | None:
    unit.flush()
    row = unit.tx.message(key)
    return None if row is None else row.channel


def _settle(unit: Unit, loaded: Loaded, row: GiftRow, what: str, now: int) -> None:
    """See to accounts, task and message before what is told sets anything off."""
    key, declined = row.key, what == GIFT_DECLINED
    pending = loaded.state.pending_by_key(key)
    if pending is not None and (pending.status == IN_FLIGHT or pending.uncertain):
        raise InvalidInput("this gift is just being handed over; tell it again in a few minutes, when that is known")
    if pending is not None and declined:
        _withdraw(unit, loaded, pending, now)
        accounts.change(unit, key, now, status=accounts.DECLINED)
        return
    if row.status == accounts.DECLINED:
        _come_back_anyway(unit, key, now)
        return
    if row.status not in (accounts.GIVEN, "unknown"):
        raise InvalidInput(f"this gift was not given: it is {row.status}")
    if row.status == "unknown":
        at = max(now, loaded.state.now)
        unit.apply(loaded, "proof", row.name, at, lambda: settling.proven(unit.program, loaded.state, key, at),
                   message=key)  # fmt: skip
    if _has_open_task(unit, loaded, key, now, withdraw=declined):
        if not declined:
            raise InvalidInput("this gift was not given yet: its task is still open, and can be declined")
        accounts.give_back_all(unit, row)
    else:
        gift = unit.program.messages.get(row.name)
        if isinstance(gift, Gift) and gift.worth_back:
            accounts.give_back_all(unit, row)
        else:
            accounts.give_back_stock(unit, key)
    accounts.change(unit, key, now, status=accounts.DECLINED if declined else accounts.RETURNED)


def _come_back_anyway(unit: Unit, key: str, now: int) -> None:
    """A gift that the customer declined comes back: what it had taken was given back then, and is not once more."""
    message = unit.tx.message(key)
    if message is not None and message.status == "withdrawn":
        raise InvalidInput("this gift was not given: it was declined before it was handed over")
    accounts.change(unit, key, now, status=accounts.RETURNED)


def _withdraw(unit: Unit, loaded: Loaded, pending: Pending, now: int) -> None:
    at = max(now, loaded.state.now)

    def decide() -> Decision:
        held = loaded.state.pending_by_key(pending.key) or pending
        return message_ended(unit.program, loaded.state, held, "withdrawn", at, "the customer declined it")

    unit.apply(loaded, "gift", pending.message, at, decide, message=pending.key)


def _has_open_task(unit: Unit, loaded: Loaded, key: str, now: int, *, withdraw: bool) -> bool:
    """Whether a person is still to give it; that is off now, where it is to be withdrawn."""
    unit.flush()
    task = unit.tx.task(key)
    if task is None or task.status not in _OPEN:
        return False
    if withdraw:
        loaded.state.awaited = dropped(loaded.state.awaited, key)
        unit.touch(loaded)
        shared.change_task(unit, task, "withdrawn", now)
    return True
