"""What is kept of one customer's past (S4.7): a log of what windows look at, and a datum for every other question.

Everything that somebody counts in a window is in one log: `ats` has the instants, ascending, equal ones in order of
arrival, and `who` a letter beside each: the signal that it counts for. A count is `who.count(letter, start)` where
`start = bisect_right(ats, now - within)`, which takes no longer than the search in a list of its own would, and a
customer at rest costs 9 bytes for each instant instead of an object for each signal.

In a store both are plain JSON: a dict from the signals' keys to their data, with the log under the empty key: its
letters, the keys that these stand for (in the order of the letters, with blanks between them), and the instants as
base64 of 8 bytes each, least significant first, which is written far sooner than a list of numbers.
"""

import sys
from array import array
from binascii import a2b_base64, b2a_base64
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import compress
from sys import intern
from typing import Any, Final, TypeAlias

from touchpoint.compact import compact
from touchpoint.core.held import NONE, One, dropped, few, put

Data: TypeAlias = Any
"""What is kept of one signal, of the shape described in `core.remembered`."""

_SIGNED: Final = "l" if array("l").itemsize == array("q").itemsize else "q"
"""64 bits; of the two types that may have as many, the one that takes a number sooner."""
_IS_BIG: Final = sys.byteorder == "big"
_FIRST: Final = 48
SOME: Final = 8
"""Whenever a log has so many instants more, what has left the windows is dropped."""
_MANY: Final = 256
"""In a longer log what has left the shorter ones is looked for once in so many: that costs what the log is long."""
_REMEMBERED: Final = 1_024
"""Selections of letters whose names are kept at most."""
_LOG: Final = ""
"""Under which key a store has the log."""
_FIRST_FORM: Final = 4
"""How many parts the first form of a log had: the letters, those that are used, their keys, and instants as numbers."""
_WITHOUT_PAST: Final[tuple[Data, ...]] = (None, [], {}, [[], []])
"""How signals without a past were stored once; now they are left out."""


class Letters:
    """Which letter of a log stands for which signal: `of` by the signals' keys, `keys` by letter."""

    __slots__ = ("_ascii", "_named", "keys", "of")

    def __init__(self, of: Mapping[str, str]) -> None:
        self.of = of
        self.keys = {letter: key for key, letter in of.items()}
        every = "".join(self.keys)
        self._ascii = every.encode() if every.isascii() else None
        self._named: dict[bytes | frozenset[str], str] = {}

    def named(self, who: str) -> str:
        """The keys of the signals that these letters stand for, in the order of the letters, each once.

        A letter that stands for none is passed over.
        """
        # Which letters are not used says as much as which are, and is found sooner.
        used = frozenset(who) if self._ascii is None else self._ascii.translate(None, who.encode())
        names = self._named.get(used)
        if names is None:  # many customers have the same ones
            if len(self._named) >= _REMEMBERED:
                self._named.clear()
            names = self._named[used] = " ".join([key for letter, key in sorted(self.keys.items()) if letter in who])
        return names


def letters_for(keys: Iterable[str]) -> Letters:
    """A letter for each of these signals."""
    return Letters({key: chr(_FIRST + place) for place, key in enumerate(sorted(keys))})


NO_LETTERS: Final = Letters({})
"""Of a past that is nobody's yet."""


class Past:
    """What is kept of one customer's past: `data` by the signals' keys, but for those that are in the log.

    `data` is changed by `keep` and `forget` alone. `letters` says for which signals the letters of `who` stand. It
    belongs to a `SignalTable`, and many share it; what was stored, or filled by another table, is adopted before
    something is added.
    """

    __slots__ = ("ats", "data", "letters", "who")

    def __init__(self, data: Mapping[str, Data] = NONE) -> None:
        self.data = few(data)
        self.ats: array[int] = array(_SIGNED)
        self.who = ""
        self.letters = NO_LETTERS

    def __repr__(self) -> str:
        return f"<Past of {len(self.who)} instants>"  # the rest is personal data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Past) and self.data == other.data and self._log() == other._log()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __bool__(self) -> bool:
        return self.who != "" or bool(self.data)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def get(self, key: str, default: Data = None) -> Data:
        """The datum of a signal that is not in the log."""
        return self.data.get(key, default)

    def keep(self, key: str, datum: Data) -> None:
        """Have this be the datum of a signal that is not in the log."""
        self.data = put(self.data, key, datum)

    def forget(self, keys: Iterable[str]) -> None:
        """Keep no data of these signals."""
        for key in keys:
            self.data = dropped(self.data, key)

    def _log(self) -> list[tuple[int, str]]:
        return [(at, self.letters.keys[letter]) for at, letter in zip(self.ats, self.who, strict=True)]

    def count(self, key: str, now: int, within: int) -> int:
        """How many instants of a signal lie in the window `(now - within, now]`."""
        letter, ats = self.letters.of.get(key), self.ats
        if letter is None:
            ats = self.instants(key)
            return bisect_right(ats, now) - bisect_right(ats, now - within)
        start = bisect_right(ats, now - within)
        if ats and ats[-1] > now:
            return self.who.count(letter, start, bisect_right(ats, now))
        return self.who.count(letter, start)

    def first_after(self, key: str, since: int) -> int | None:
        """The first instant of a signal after this one; None where there is none."""
        letter = self.letters.of.get(key)
        if letter is None:
            return next((at for at in self.instants(key) if at > since), None)
        place = self.who.find(letter, bisect_right(self.ats, since))
        return None if place < 0 else self.ats[place]

    def last(self, key: str, back: int = 0) -> int | None:
        """The latest instant of a signal, or one further back; None where there are not so many."""
        letter = self.letters.of.get(key)
        if letter is None:
            ats = self.instants(key)
            return ats[-1 - back] if back < len(ats) else None
        place = len(self.who)
        for _ in range(back + 1):
            place = self.who.rfind(letter, 0, place)
            if place < 0:
                return None
        return self.ats[place]

    def instants(self, key: str) -> "array[int]":
        """All instants of a signal."""
        letter = self.letters.of.get(key)
        if letter is None:
            return array(_SIGNED, self.data.get(key, ()))  # as it was stored before there was a log
        return array(_SIGNED, [at for at, each in zip(self.ats, self.who, strict=True) if each == letter])

    def told(self) -> dict[str, Data]:
        """The data of every signal by its key, the log in parts."""
        logged = {key: self.instants(key).tolist() for key, letter in self.letters.of.items() if letter in self.who}
        return {**self.data, **logged}

    def add(self, letter: str, at: int) -> None:
        """One more instant, where its time belongs."""
        ats = self.ats
        if not ats or at >= ats[-1]:
            ats.append(at)
            self.who += letter
            return
        place = bisect_right(ats, at)
        ats.insert(place, at)
        self.who = f"{self.who[:place]}{letter}{self.who[place:]}"

    def adopt(self, letters: Letters) -> None:
        """Have the log be of these signals; what stands for others is dropped."""
        if self.letters is letters:
            return
        if not self.who and not self.data:  # as of everybody once
            self.letters = letters
            return
        listed = letters.of.keys() & self.data.keys()
        if not listed and self.letters.of.items() <= letters.of.items():
            self.letters = letters
            return
        before = self._log()
        for key in listed:
            before += ((at, key) for at in self.data[key])
            before.sort(key=lambda entry: entry[0])
        self.forget(listed)
        self.letters = letters
        self._keep((at, letters.of[key]) for at, key in before if key in letters.of)

    def thin(self, withins: Mapping[str, int], furthest: int, now: int) -> None:
        """Drop what no window sees any more; of a long log mostly what is older than all of them.

        Args:
            withins: by letter, how far back it is looked at.
            furthest: the longest of these.
            now: microseconds UTC.
        """
        ats, place, kept = self.ats, 0, ""
        if len(ats) > _MANY:
            if len(ats) % _MANY < SOME:
                self._look_through(withins, now)
            else:
                self._drop_until(now - furthest)
            return
        for who in self.who:
            if now - ats[place] < withins[who]:
                place += 1
                kept += who
            else:
                del ats[place]
        self.who = kept

    def _look_through(self, withins: Mapping[str, int], now: int) -> None:
        """In a long log each that is dropped by itself would move most of the rest."""
        seen = [now - at < withins[who] for at, who in zip(self.ats, self.who, strict=True)]
        self.ats = array(_SIGNED, compress(self.ats, seen))
        self.who = "".join(compress(self.who, seen))

    def _drop_until(self, since: int) -> None:
        gone = bisect_right(self.ats, since)
        del self.ats[:gone]
        self.who = self.who[gone:]

    def _keep(self, entries: Iterable[tuple[int, str]]) -> None:
        kept = list(entries)
        self.ats = array(_SIGNED, [at for at, _ in kept])
        self.who = "".join(who for _, who in kept)


def kept_to_record(past: Past) -> Mapping[str, Data]:
    """What is kept as JSON."""
    if not past.who:
        return past.data
    return {**past.data, _LOG: [past.who, past.letters.named(past.who), _packed(past.ats)]}


def kept_to_text(past: Past, dumps: Callable[[object], str]) -> str:
    """`kept_to_record` as text; `dumps` writes JSON.

    A log is put together without it: JSON has all of it as it is, but for one letter, and looking through it for more
    takes longer than the rest.
    """
    data = past.data
    if type(data) is One and type(data.value) is int:  # an instant or a count, as most are
        text = f"{name_to_text(data.key)}:{data.value}"
    else:
        text = dumps(data)[1:-1] if data else ""
    if not past.who:
        return f"{{{text}}}"
    who = past.who.replace("\\", "\\\\")
    before = f"{text}," if text else ""
    return f'{{{before}"{_LOG}":["{who}","{past.letters.named(past.who)}","{_packed(past.ats)}"]}}'


@lru_cache(maxsize=4_096)  # a program has few, and each comes with every customer
def name_to_text(name: str) -> str:
    """A name out of a program as JSON."""
    return compact(name)


def kept_from_record(record: Mapping[str, Data], letters: Letters = NO_LETTERS) -> Past:
    """What `kept_to_record` wrote, now or ever.

    Args:
        record: of a store.
        letters: of the table at work: where the log has the same ones, as it nearly always has, it shares them.
    """
    past = Past({key: data for key, data in record.items() if key != _LOG and data not in _WITHOUT_PAST})
    log, named = record.get(_LOG), ""
    if log is not None:
        past.who, named, past.ats = _log_from_record(log)
    if named == letters.named(past.who) and letters.of.keys().isdisjoint(past.data):
        past.letters = letters
    elif past.who:
        past.letters = Letters(dict(zip(map(intern, named.split(" ")), sorted(set(past.who)), strict=True)))
    return past


def _log_from_record(log: list[Any]) -> tuple[str, str, "array[int]"]:
    """The letters of a log, the keys that they stand for, and the instants."""
    if len(log) == _FIRST_FORM:
        who, used, keys, ats = log
        return who, " ".join(key for _, key in sorted(zip(used, keys, strict=True))), array(_SIGNED, ats)
    who, named, packed = log
    return who, named, _unpacked(packed)


def _packed(ats: "array[int]") -> str:
    if _IS_BIG:
        ats = ats[:]
        ats.byteswap()
    return b2a_base64(ats, newline=False).decode()


def _unpacked(text: str) -> "array[int]":
    ats = array(_SIGNED)
    ats.frombytes(a2b_base64(text))
    if _IS_BIG:
        ats.byteswap()
    return ats
