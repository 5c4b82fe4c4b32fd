"""What of a customer may be used yet (S7.5): policies about familiarity, compiled and asked at a release."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.reading import teller_of
from touchpoint.core.segments import members_at
from touchpoint.core.signals import SignalTable
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, source
from touchpoint.journey.data_use import Behind, Declared, Segments, declared, misused_content, traits_behind
from touchpoint.journey.familiarity import LEVELS, Familiarity, homeless
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.model.message import Message
from touchpoint.policy.facts import Unfamiliar

if TYPE_CHECKING:
    from touchpoint.core.program import Program
    from touchpoint.core.state import State

_ORDINARY: Final = LEVELS[0]


@attrs.frozen(eq=False)
class Asked:
    """One condition of a policy about familiarity."""

    condition: Expression
    closure: Callable[[Context], object]
    tell: Callable[[Context], str]


@attrs.frozen(eq=False)
class Bond:
    """What binds the messages of one journey.

    Args:
        levels: sensitivity → everything that must be true; what the less close ones need is among it.
        purposes: kind or topic → what must be true besides.
        declared: the sensitivity of traits, the strictest of all that declare it.
        undeclared: of all others.
    """

    levels: Mapping[str, tuple[Asked, ...]]
    purposes: Mapping[str, tuple[Asked, ...]]
    declared: Mapping[str, str]
    undeclared: str

    def sensitivity(self, trait: str) -> str:
        """Of a trait."""
        return self.declared.get(trait, self.undeclared)


def declared_in(journeys: Iterable[Journey], traits: type | None) -> Declared:
    """What the host, and each journey, declares of traits."""
    return declared(each for each in (traits, *(journey.traits for journey in journeys)) if each is not None)


def misused_words(
    journeys: Iterable[Journey], segments: Segments, known: Declared
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(message, content key) → the traits that it would use beyond their declaration, suggestions included."""
    said: list[tuple[Message, Behind]] = []
    for journey in journeys if known else ():
        behind = partial(traits_behind, journey=journey.name, segments=segments)
        messages = (*journey.messages.values(), *(each.message for each in journey.suggestions))
        said += [(message, behind) for message in messages]
    return misused_content(said, known)


def conditions_of(policies: Iterable[Policy]) -> Iterator[Expression]:
    """Everything that policies about familiarity ask, in reading order."""
    for policy in policies:
        for item in _of(policy):
            yield from (each for _, each in item.conditions)


def bonds_of(house: Policy, journeys: Iterable[Journey], known: Declared, table: SignalTable) -> dict[str, Bond]:
    """What binds each journey, by its name; only those that anything binds.

    Raises:
        JourneyError: the policy of the house asks about a stage or segment without naming its journey.
    """
    for item in _of(house):
        for asked in homeless(item):
            raise JourneyError(
                f"Familiarity: the policy of the house belongs to no journey, so {asked} says nothing; "
                "name the journey as well: journey=…"
            )
    declared = {name: max((each.sensitivity for each in uses), key=LEVELS.index) for name, uses in known.items()}
    found: dict[str, Bond] = {}
    for journey in journeys:
        items = _unique((*_of(house), *_of(journey.policy)))
        if items:
            found[journey.name] = _bond(items, declared, table)
    return found


def _of(policy: Policy) -> Iterator[Familiarity]:
    return (item for item in policy.items if isinstance(item, Familiarity))


def _unique(items: Iterable[Familiarity]) -> list[Familiarity]:
    return list(dict.fromkeys(items))


def _bond(items: list[Familiarity], declared: Mapping[str, str], table: SignalTable) -> Bond:
    levels: dict[str, tuple[Asked, ...]] = {}
    so_far: tuple[Asked, ...] = ()
    for level in LEVELS:
        so_far = (*so_far, *(_asked(getattr(item, level), table) for item in items))
        levels[level] = so_far
    purposes: dict[str, tuple[Asked, ...]] = {}
    for item in items:
        for name, condition in item.purposes.items():
            purposes[name] = (*purposes.get(name, ()), _asked(condition, table))
    return Bond(levels, purposes, declared, max((item.undeclared for item in items), key=LEVELS.index))


def _asked(condition: Expression, table: SignalTable) -> Asked:
    return Asked(condition, compile_condition(condition, table), teller_of(condition, table))


@attrs.define(eq=False)
class Acquaintance:
    """What may be used of one customer in one message, at one instant; each sensitivity is asked about once."""

    bond: Bond
    context: Context
    message: Message
    _asked: dict[str, Unfamiliar | None] = attrs.field(factory=dict, init=False)

    def refusal(self, trait: str) -> Unfamiliar | None:
        """Why a trait may not be used yet; None where it may."""
        sensitivity = self.bond.sensitivity(trait)
        if sensitivity not in self._asked:
            self._asked[sensitivity] = self._refusal(sensitivity)
        found = self._asked[sensitivity]
        return None if found is None else attrs.evolve(found, trait=trait)

    def refusals(self, traits: Iterable[str]) -> tuple[Unfamiliar, ...]:
        """Likewise, of those of them that may not be used, each once."""
        found = (self.refusal(each) for each in dict.fromkeys(traits))
        return tuple(each for each in found if each is not None)

    def _refusal(self, sensitivity: str) -> Unfamiliar | None:
        asked = self.bond.levels[sensitivity]
        if sensitivity != _ORDINARY:
            purposes = dict.fromkeys((self.message.effective_kind, self.message.topic or ""))
            asked = (*asked, *(each for name in purposes for each in self.bond.purposes.get(name, ())))
        lacking = [each for each in asked if each.closure(self.context) is not True]
        if not lacking:
            return None
        why = "; ".join(dict.fromkeys(f"{source(each.condition)} is not true" for each in lacking))
        return Unfamiliar("", sensitivity, why, "; ".join(dict.fromkeys(each.tell(self.context) for each in lacking)))


def acquaintance(program: "Program", state: "State", journey: str, message: Message, now: int) -> Acquaintance | None:
    """What may be used of a customer in a message of a journey at `now`: of them as they are, not of any run.

    None where nothing binds it.
    """
    bond = program.bonds.get(journey)
    if bond is None:
        return None
    context = Context(
        traits=state.profile.traits, now=now, signals=state.signals, case_open=state.case_open,
        stage_of=state.stage_of, exposures=state.exposures, segments=members_at(program, state, now),
        journey=journey,
        consents=state.profile.consents,
    )  # fmt: skip
    return Acquaintance(bond, context, message)
