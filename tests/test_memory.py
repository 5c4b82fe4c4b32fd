"""What a customer takes up in memory, in bytes by `sys.getsizeof`: bounds that no clock can blur."""

import gc
import sys
from types import BuiltinFunctionType, FunctionType, ModuleType

import pytest

from making import MARK
from touchpoint.core.advance import advance
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.records import state_from_record, state_to_record
from touchpoint.core.state import State
from touchpoint.durations import days, length
from touchpoint.journey.conditions import count
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.stores.codec import dumps, loads

HOUR = 3_600_000_000
TYPES = [f"t{n}" for n in range(10)]
WINDOWS = (1, 7, 30, 90)
CUSTOMERS = 50


def bytes_of(objects, seen):
    total, waiting = 0, list(objects)
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, type | ModuleType | FunctionType | BuiltinFunctionType):
            seen[id(each)] = each
            total += sys.getsizeof(each)
            waiting += gc.get_referents(each)
    return total


@pytest.fixture(scope="module")
def program():
    rules = [
        Rule(f"{kind} {within}", when=kind, given=count(kind, within=days(within)) > 99, then=[MARK])
        for kind in TYPES
        for within in WINDOWS
    ]
    stages = [Stage("new", phase="engage", when="t0"), Stage("old", phase="delight", when="t1", after="new")]
    return compile_program([Journey("j", stages=stages, rules=rules)])


def acts(n):
    return [(f"t{place * 7 % 10}", place * 96 * HOUR) for place in range(1, n + 1)]


def lived(program, n):
    states = [State(f"c{number}", version=program.version) for number in range(CUSTOMERS)]
    for state in states:
        for place, (kind, at) in enumerate(acts(n)):
            advance(program, state, Occurrence(TOUCHPOINT, kind, at + 0, f"{place}"), at)
    return states


def cost(program, states):
    seen = {}
    bytes_of([program], seen)
    return bytes_of([each.signals for each in states], seen) / CUSTOMERS, bytes_of(states, seen) / CUSTOMERS


def by_hand(n):
    """The same as lists of times in a dict, pruned to the longest window; bytes of each customer."""
    kept = [{} for _ in range(CUSTOMERS)]
    for each in kept:
        for kind, at in acts(n):
            each.setdefault(kind, []).append(at + 0)
        for kind, ats in each.items():
            each[kind] = [at for at in ats if at > acts(n)[-1][1] - length(days(max(WINDOWS)))]
    seen = {}
    bytes_of(TYPES, seen)
    return bytes_of(kept, seen) / CUSTOMERS


def test_what_windows_look_at_takes_less_than_a_quarter_of_lists_in_a_dict(program):
    signals, _ = cost(program, lived(program, 25))
    assert signals < by_hand(25) / 4


def test_it_grows_by_a_word_for_each_instant(program):
    few, many = (cost(program, lived(program, n))[0] for n in (6, 22))
    assert few < many < few + 16 * 10


def test_a_customer_in_a_stage_takes_700_bytes_beside_what_windows_look_at(program):
    _, rest = cost(program, lived(program, 25))
    assert rest <= 700


def test_a_state_of_which_nothing_rare_is_known_takes_less_than_two_hundred_bytes():
    assert sys.getsizeof(State("ann")) < 200


def test_a_customer_read_from_a_store_takes_no_more_than_one_who_has_just_acted(program):
    states = lived(program, 25)
    again = [state_from_record(each.id, each.profile, loads(dumps(state_to_record(each)))) for each in states]
    for each in again:
        each.signals.adopt(program.signals.letters)
    assert sum(cost(program, again)) <= sum(cost(program, states)) + 64
