"""`python -m benchmarks.memory`: bytes in memory that a customer costs after workload W, beside plain dicts.

Counted is `sys.getsizeof` of every object that is reached from the customers, each once, so that what many share costs
nobody much; the program, names, zones and ids are there anyway, and are not counted for either side. No clock is asked:
equal programs on one version of Python give equal numbers.

What the hand-written dicts know is less than a profile: no addresses, no consents. So what is remembered of a customer
is compared with the dicts without traits, and all that is kept, profile included, with all of theirs.
"""

import argparse
import gc
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from benchmarks.by_hand import customer_of, decide, touch_of
from benchmarks.deciding import compiled, occurrence_of, run_core, state_of
from benchmarks.ingest import Shop
from benchmarks.measure import FULL, QUICK, Size, Spread
from benchmarks.results import Result, at_most
from benchmarks.workload import Workload, make
from touchpoint.core.program import Program
from touchpoint.core.state import State
from touchpoint.engine.loaded import Loaded

DEMAND = at_most(0.5, 0.3)
PER_CUSTOMER = 25
_NOT_DATA = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def bytes_of(objects: Iterable[object], seen: dict[int, object]) -> int:
    """Bytes of these objects and all that they reach, but for what was seen before; all of it is then seen."""
    total, waiting = 0, list(objects)
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, _NOT_DATA):
            seen[id(each)] = each
            total += sys.getsizeof(each)
            waiting += gc.get_referents(each)
    return total


def there_anyway(work: Workload, *more: object) -> dict[int, object]:
    """What is there for everybody: the people's ids and names, and whatever else is named."""
    seen: dict[int, object] = {}
    bytes_of([*work.people, *more], seen)
    return seen


def lived_by_core(work: Workload, program: Program) -> list[State]:
    """The states of the library's core after all acts."""
    states = [state_of(each, program) for each in work.people]
    run_core(program, states, work.acts, [occurrence_of(each) for each in work.acts])
    return states


def lived_by_dicts(work: Workload) -> list[dict[str, Any]]:
    """The hand-written dicts after all acts."""
    customers = {each.id: customer_of(each) for each in work.people}
    for act in work.acts:
        touch = touch_of(act, work.people)
        decide(customers[touch["customer"]], touch)
    return list(customers.values())


def of_core(work: Workload) -> tuple[float, float]:
    """Bytes for each customer: of what is remembered, and of the profile."""
    program = compiled()
    states = lived_by_core(work, program)
    seen = there_anyway(work, program)
    profile = bytes_of([each.profile for each in states], seen)
    return bytes_of(states, seen) / len(states), profile / len(states)


def of_dicts(work: Workload) -> tuple[float, float]:
    """Bytes for each customer: of what is remembered, and of the traits."""
    customers = lived_by_dicts(work)
    seen = there_anyway(work, [each["zone"] for each in customers])
    traits = bytes_of([each["traits"] for each in customers], seen)
    return bytes_of(customers, seen) / len(customers), traits / len(customers)


def of_cache(work: Workload) -> tuple[float, float]:
    """Bytes for each customer in the engine's cache: after all acts, and as read from the store again."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder) / "memory.db", work)
        with shop.engine:
            shop.enrol()
            shop.live(len(work.acts) // 1_000)
            lived = _cached(shop)
            shop.engine._cache.generation = None  # noqa: SLF001 - somebody else has written, as far as it knows
            with shop.engine._unit() as unit:  # noqa: SLF001
                unit.prefetch(each.id for each in work.people)
            return lived, _cached(shop)


def _cached(shop: Shop) -> float:
    """Bytes for each customer in the cache of an engine."""
    engine = shop.engine
    loaded: list[Loaded] = list(engine._cache._by_number.values())  # noqa: SLF001 - what this is about
    seen: dict[int, object] = {}
    bytes_of([engine._program, *(each.state.profile.preferences for each in loaded)], seen)  # noqa: SLF001
    return bytes_of(loaded, seen) / len(loaded)


def rows(size: Size) -> Iterator[Result]:
    """What a customer costs, beside dicts, and in the cache of an engine."""
    people = size.of(4_000, least=400)
    work = make(people, people * PER_CUSTOMER)
    (core, profile), (dicts, traits) = of_core(work), of_dicts(work)
    yield _beside("remembered of a customer", core, "dicts without traits", dicts, DEMAND)
    yield _beside("a customer with the profile", core + profile, "dicts", dicts + traits, None)
    small = make(400, 400 * PER_CUSTOMER)
    for what, bytes_ in zip(("after W", "read from the store"), of_cache(small), strict=True):
        yield Result(f"a customer in the engine's cache, {what}", Spread.exactly(bytes_), "bytes")


def _beside(what: str, ours: float, against: str, theirs: float, demand: Any) -> Result:  # noqa: ANN401 - or None
    exactly: Callable[[float], Spread] = Spread.exactly
    return Result(what, exactly(ours), "bytes", against, exactly(theirs), exactly(ours / theirs), demand)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 customers instead of 4,000")
    size = QUICK if parser.parse_args().quick else FULL
    for each in rows(size):
        if each.ours is not None:
            line = f"{each.what}: {each.ours.median:,.0f} bytes"
            if each.peer is not None and each.ratio is not None:
                line += f"; {each.against} {each.peer.median:,.0f}; ratio {each.ratio.median:.2f} {each.judged}"
            print(line)


if __name__ == "__main__":
    main()
