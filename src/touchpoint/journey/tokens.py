"""The words of a condition written as text: what it may be made of, and where in it something is wrong.

The text is looked at before anything is built from it: its length, its characters, and the number of its words. All of
that takes time in proportion to its length.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

from touchpoint.errors import ConditionError, JourneyError, hint, shown
from touchpoint.journey.literals import UNSEEN, literal, visible
from touchpoint.model.payload import DIGITS

LENGTH: Final = 20_000
"""Characters in one condition."""
WORDS: Final = 5_000
"""Names, values, operators and brackets in one condition."""
RESERVED: Final = frozenset({
    "and", "or", "not", "in", "true", "True", "false", "False", "none", "None", "null", "event", "trigger", "customer",
    "now", "is", "if", "else", "for", "lambda",
})  # fmt: skip
"""Names that mean something of their own, so that a touchpoint type of that name stands in quotes."""
UNITS: Final = {
    "w": 604_800_000_000, "d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000,
    "us": 1,
}  # fmt: skip
"""What the units of a length of time are, in microseconds."""

_SHOWN: Final = 60  # characters before and after the wrong place
_FORBIDDEN: Final = re.compile(f"[{UNSEEN}]")
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<instant>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]*(?:Z|[+-][0-9]{2}:[0-9]{2})?(?![A-Za-z0-9_]))
    |(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?![A-Za-z0-9_]))
    |(?P<duration>(?:[0-9]+(?:\.[0-9]+)?(?:ms|us|[wdhms]))+(?![A-Za-z0-9_]))
    |(?P<number>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_]))
    |(?P<text>"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*')
    |(?P<op>==(?!=)|!=(?!=)|<=|>=|<(?![<>])|>(?!>)|[+\-~()\[\],.]|\*(?!\*)|/(?!/)|&(?!&)|\|(?!\|)|=)
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(?:([\\'\"/abfnrtv])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_LETTERS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PAIR: Final = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|us|[wdhms])")
_INSTEAD: Final = {
    "===": "write ==", "!==": "write !=", "&&": "write and", "||": "write or", "!": "write not", "<>": "write !=",
    "**": "there are no powers", "//": "write /", "%": "there is no remainder", "<<": "there is no such operator",
    ">>": "there is no such operator", "^": "there is no such operator", "@": "there is no such operator",
    ":": "slices, mappings and := have no place here",
    "{": "mappings and sets have no place here; write a list in [ ]", "}": "there is nothing to close",
    ";": "one condition is all there is", "#": "there are no comments in a condition",
    "$": "name it customer.… or event.…",
    "?": "an optional part is asked for with .exists()", "`": 'texts stand in " or in \'',
    "\\": "a backslash has a meaning inside of a text only",
    "\u201c": 'texts stand in straight quotes, "', "\u201d": 'texts stand in straight quotes, "',
    "\u201e": 'texts stand in straight quotes, "', "\u2018": "texts stand in straight quotes, '",
    "\u2019": "texts stand in straight quotes, '", "\u00ab": 'texts stand in straight quotes, "',
    "\u00bb": 'texts stand in straight quotes, "', "\u2264": "write <=", "\u2265": "write >=", "\u2260": "write !=",
    "\u2212": "write the plain -", "\u2013": "write the plain -", "\u00a0": "use a plain space",
}  # fmt: skip


class Token(NamedTuple):
    """One word: its kind (`name`, `value`, `text`, `op` or `end`), as written, where it begins, what it stands for."""

    kind: str
    text: str
    start: int
    value: object = None


class Source:
    """The text of one condition, and what takes it, for errors that show the place."""

    __slots__ = ("text", "where")

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where

    def wrong(self, at: int, message: str) -> ConditionError:
        """The error that says what is wrong at the character with index `at`."""
        before = self.text[:at]
        line, begin = before.count("\n") + 1, before.rfind("\n") + 1
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        first, last = max(begin, at - _SHOWN), min(end, at + _SHOWN)
        left = ("…" if first > begin else "") + visible(self.text[first:at])
        right = visible(self.text[at:last]) + ("…" if last < end else "")
        return ConditionError(
            message, where=self.where, line=line, column=at - begin + 1, excerpt=left + right, caret=_width(left)
        )


def tokens_of(source: Source) -> list[Token]:
    """The words of a condition, the last one of kind `end`.

    Raises:
        ConditionError: it is too long, or a place in it begins no word.
    """
    text = source.text
    if len(text) > LENGTH:
        raise source.wrong(LENGTH, f"a condition has at most {LENGTH:,} characters; this one has {len(text):,}")
    if unseen := _FORBIDDEN.search(text):
        raise source.wrong(unseen.start(), _unseen(unseen[0]))
    found = list(_words(source))
    found.append(Token("end", "", len(text.rstrip())))
    return found


def _words(source: Source) -> Iterator[Token]:
    text, at, count = source.text, 0, 0
    match_at = _TOKEN.match
    while at < len(text):
        match = match_at(text, at)
        if match is None:
            raise _stranger(source, at)
        kind, word = match.lastgroup, match[0]
        if kind != "space":
            count += 1
            if count > WORDS:
                raise source.wrong(at, f"a condition has at most {WORDS:,} names, values and operators")
            if kind in ("name", "op"):
                yield Token(str(kind), word, at)
            else:
                yield Token("text" if kind == "text" else "value", word, at, _value(source, str(kind), word, at))
        at = match.end()


def _value(source: Source, kind: str, word: str, at: int) -> object:
    try:
        return literal(_text(source, word, at) if kind == "text" else _READ[kind](word))
    except ConditionError:
        raise
    except JourneyError as error:
        raise source.wrong(at, str(error)) from None
    except (ValueError, ArithmeticError):
        raise source.wrong(at, _WRONG[kind].format(shown(word))) from None


def duration(text: str) -> timedelta:
    """A length of time as conditions write it: `30d`, `1d12h`, `1.5h`; units w, d, h, m, s, ms and us.

    Raises:
        JourneyError: it is none, is longer than 999,999,999 days, or falls between two microseconds.
    """
    if len(text) > 100 or not re.fullmatch(rf"(?:{_PART.pattern})+", text):
        raise JourneyError(f"{shown(text)} is no length of time: write 30d, 12h, 15m, 90s, 2w, or 1d12h")
    us = sum((Fraction(number) * UNITS[unit] for number, unit in _PART.findall(text)), start=Fraction(0))
    if us.denominator != 1:
        raise JourneyError(f"{shown(text)} falls between two microseconds")
    try:
        return timedelta(microseconds=us.numerator)
    except OverflowError:
        raise JourneyError(f"{shown(text)} is longer than any length of time can be") from None


def _number(word: str) -> int | float:
    digits = word.replace("_", "")
    if not digits.isdigit():
        return float(digits)
    if len(digits) > 1 and digits.startswith("0"):
        raise JourneyError(
            f"{shown(word)} begins with a zero, which may mean another base: leave it out, or use quotes"
        )
    if len(digits) > DIGITS:  # before it is read, for reading takes time with the square of its length
        raise JourneyError(f"a number of more than {DIGITS} digits cannot stand in a condition")
    return int(digits)


def _instant(word: str) -> datetime:
    at = datetime.fromisoformat(word)
    if at.utcoffset() is None:
        raise JourneyError(f"{word} has no time zone, so it is no instant: write {word}Z for UTC, or {word}+02:00")
    return at


_READ: Final[dict[str, Callable[[str], object]]] = {
    "instant": _instant, "date": date.fromisoformat, "duration": duration, "number": _number,
}  # fmt: skip
_WRONG: Final = {
    "instant": "there is no instant {}; write 2026-03-01T10:00Z, say",
    "date": "there is no day {}; write 2026-03-01, say",
    "duration": "{} is no length of time",
    "number": "{} is no number",
    "text": "{} is no text",
}


def _text(source: Source, word: str, at: int) -> str:
    if "\\" not in word:
        return word[1:-1]

    def meant(match: re.Match[str]) -> str:
        letter, *codes, other = match.groups()
        if letter is not None:
            return _LETTERS.get(letter, letter)
        if other is not None:
            place = at + 1 + match.start()
            raise source.wrong(place, f"\\{visible(other)} means nothing in a text; write \\\\ for a backslash")
        code = int(next(each for each in codes if each is not None), 16)
        if code > 0x10FFFF:
            raise source.wrong(at + 1 + match.start(), "there is no such character")
        return chr(code)

    found = _ESCAPE.sub(meant, word[1:-1])
    # JSON writes a character beyond the first 65,536 as two escapes.
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), found)


def _stranger(source: Source, at: int) -> ConditionError:
    rest = source.text[at : at + 4]
    character = rest[0]
    if character.isascii() and character.isdigit():
        word = re.compile(r"[0-9A-Za-z_.]*").match(source.text, at)
        return source.wrong(at, _no_number(word[0] if word else character))
    if character in "\"'":
        return source.wrong(at, f"this text does not end: close it with {character} on the same line")
    for length in (3, 2, 1):
        if instead := _INSTEAD.get(rest[:length]):
            return source.wrong(at, f"{rest[:length]} cannot stand here: {instead}")
    return source.wrong(
        at,
        f"{character} (U+{ord(character):04X}) cannot stand here: outside of texts only ASCII is read, for other "
        'letters look alike; write the property as customer["…"]',
    )


def _no_number(word: str) -> str:
    unit = re.fullmatch(r"[0-9][0-9_.]*([A-Za-z]+)", word)
    if unit is None:
        return f"{shown(word)} is no number"
    known = {"mo": "calendar months", "month": "calendar months", "months": "calendar months", "y": "calendar years"}
    if unit[1].lower() in known:
        return f"{shown(word)}: {known[unit[1].lower()]} are no elapsed length; write 30d or 365d, say"
    return f"{shown(word)} is no number, and its unit none of w, d, h, m, s, ms, us{hint(unit[1], ('ms', 'us'))}"


def _unseen(character: str) -> str:
    code = ord(character)
    name = unicodedata.name(character, "")
    escape = f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    what = f"U+{code:04X}" + (f" ({name})" if name else "")
    if 0xD800 <= code <= 0xDFFF:
        return f"{what} is half of a surrogate pair, and no character"
    return f"{what} cannot be seen, or changes how the rest is seen; leave it out, or write {escape} in a text"


def _width(text: str) -> int:
    """How many columns a terminal takes for the text."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )
