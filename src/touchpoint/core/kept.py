"""What is kept of the past, as a store has it: plain JSON. What the data look like is said in `core.remembered`."""

from array import array
from collections.abc import Mapping
from sys import intern
from typing import Any, Final, TypeAlias

Data: TypeAlias = Any
"""What is kept of one signal."""

INSTANTS: Final = "q"
"""The type code of an array of instants: whole numbers of 64 bits."""
_LARGEST: Final = 1 << 63
_WITHOUT_PAST: Final[tuple[Data, ...]] = (None, [], {}, [[], []])
"""How signals without a past were stored once; now they are left out."""


def kept_to_record(kept: Mapping[str, Data]) -> dict[str, Data]:
    """A customer's data by their signals' keys as JSON: instants become lists."""
    return {key: _as_json(data) if type(data) in (array, list) else data for key, data in kept.items()}


def kept_from_record(record: Mapping[str, Data]) -> dict[str, Data]:
    """The data that `kept_to_record` wrote, now or ever."""
    return {
        intern(key): _from_json(data) if type(data) is list else data
        for key, data in record.items()
        if data not in _WITHOUT_PAST
    }


def _as_json(data: Data) -> Data:
    if type(data) is array:
        return data.tolist()
    return [data[0].tolist(), data[1]] if type(data[0]) is array else data


def _from_json(data: Data) -> Data:
    first, last = data[0], data[-1]
    if type(first) is list:
        return [array(INSTANTS, first), last]
    # Which signal it is of is not asked: where the latest value is a whole number, an array of both reads the same.
    return array(INSTANTS, data) if type(last) is int and -_LARGEST <= last < _LARGEST else data
