"""What stays of people who were erased: how their addresses stand, under hashes alone (S1.7)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from touchpoint.engine.keyed import Keyed, able
from touchpoint.model.delivery import kind_of
from touchpoint.policy.consent import newer
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import AddressRow, ConsentRow, TombstoneRow
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Loaded
    from touchpoint.engine.unit import Unit

ID: Final = "id"
ADDRESS: Final = "address"
_STANDS: Final = "stands "
_WITHDREW: Final = "withdrew "
SOURCE: Final = "said before an erasure"


def hashes(unit: "Unit") -> Keyed:
    """What makes and finds them. Raises SecretNeeded where nobody can tell who was erased."""
    return able(unit.terms.keyed, unit.cache.secrets or frozenset())


def keep(unit: "Unit", address: tuple[str, str], what: str, body: str, at: int) -> None:
    """Keep something of an address under its hash alone."""
    made = hashes(unit).new(ADDRESS, kind_of(address[0]), address[1])
    unit.changes.tombstones.append(TombstoneRow(*made, what, body, at))
    unit.cache.secrets = (unit.cache.secrets or frozenset()) | {made[0]}


def keep_id(unit: "Unit", customer: str, at: int) -> None:
    """Keep that somebody of this id was erased."""
    made = hashes(unit).new(ID, customer)
    unit.changes.tombstones.append(TombstoneRow(*made, ID, "", at))
    unit.cache.secrets = (unit.cache.secrets or frozenset()) | {made[0]}


def keep_standing(unit: "Unit", row: AddressRow) -> None:
    """Keep how an address stands under its hash alone."""
    keep(unit, (row.kind, row.key), _STANDS + row.kind, dumps([row.standing, row.reason]), row.at)


def keep_withdrawal(unit: "Unit", address: tuple[str, str], purpose: str, channel: str, at: int) -> None:
    """Keep under the hash of an address that whoever had it withdrew consent."""
    keep(unit, address, _WITHDREW + dumps([purpose, channel]), "", at)


def standings(unit: "Unit", kind: str, key: str) -> list[AddressRow]:
    """How an address stands that somebody had who was erased: of each name what was said last."""
    rows = sorted(_of(unit, kind, key), key=lambda row: row.at)
    known = {row.what: row for row in rows if row.what.startswith(_STANDS)}
    return [AddressRow(what.removeprefix(_STANDS), key, *_told(row), row.at) for what, row in known.items()]


def _told(row: TombstoneRow) -> tuple[str, str]:
    standing, reason = loads(row.body)
    return standing, reason


def learn(unit: "Unit", loaded: "Loaded") -> None:
    """Ask the store how this customer's addresses stand because of people who had them before."""
    held = [(each.kind, each.key) for each in loaded.state.profile.addresses]
    news = {(row.kind, row.key): (row.standing, row.reason) for each in held for row in standings(unit, *each)}
    if news:
        unit.world.standings = {**unit.world.standings, **news}


def learn_withdrawals(unit: "Unit", loaded: "Loaded", addresses: Iterable[tuple[str, str]], now: int) -> None:
    """What people withdrew who had these addresses before and were erased binds whoever comes with them now.

    It is entered with its own instant, so that a later grant stands (S7.1).
    """
    consents = loaded.state.profile.consents
    for kind, key in addresses:
        for row in _of(unit, kind, key):
            if row.what.startswith(_WITHDREW):
                purpose, channel = loads(row.what.removeprefix(_WITHDREW))
                fact = ConsentFact(granted=False, at=row.at, source=SOURCE)
                consents[purpose, channel] = newer(consents.get((purpose, channel)), fact)
                body = dumps({"basis": fact.basis, "source": fact.source, "expires_at": None})
                unit.changes.consents.append(ConsentRow(loaded.no, row.at, now, purpose, channel, False, body))  # noqa: FBT003 - it is the ledger's word


def said_since(unit: "Unit", row: AddressRow) -> bool:
    """Whether what is written of an address was said no earlier than what is kept of it under its hash."""
    if not unit.cache.secrets:
        return True
    return all(each.at <= row.at for each in standings(unit, row.kind, row.key) if each.kind == row.kind)


def was_only_theirs(unit: "Unit", kind: str, key: str) -> bool:
    """Whether an address was of people who were erased, and is of nobody else."""
    plain = kind_of(kind)
    if any(each[:2] == (plain, key) for each in unit.changes.reach) or unit.tx.reached(plain, key):
        return False
    return bool(_of(unit, kind, key))


def _of(unit: "Unit", kind: str, key: str) -> list[TombstoneRow]:
    return unit.tx.tombstones(hashes(unit).every(ADDRESS, kind_of(kind), key))
