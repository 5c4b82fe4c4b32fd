"""Templates: words with look-ups of data, and nothing else (S6.2).

    Hello {customer.name:title|there}, your {trigger["order-id"]} comes on {trigger.due:date}.

A look-up is a root (one of `ROOTS`), a path, any filters after `:`, a fallback after `|`.
`{{` and `}}` are literal braces. The path reaches data through a function the caller hands in, never Python attributes;
there are no conversions, format specifications, calls or indexes. What was looked up is never read as a template.

Without data and without a fallback there are no words at all, but the list of what is missing. None, and text that is
blank after its filters, count as missing: "Hello ," is as wrong as "Hello None,". Where nothing is right, say so with
an empty fallback: `{customer.suffix|}`.

Without a filter text is shown as it is; numbers without exponent or grouping; booleans as yes and no; dates as
2026-03-04, times of day as 14:30, instants as 2026-03-04 14:30; lengths of time in words. Lists, mappings and anything
else cannot be shown, and count as missing. The filters know no locale:

    upper, lower, title, capitalize, trim    of text
    join                  of a list: its items with commas between
    number                1,234.5     of a number, or of text that is one
    money                 1,234.50    the same, halves away from zero; the currency is the author's to add
    date, time, datetime              of an instant, a date or a time of day, or of ISO 8601 text that is one
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

import attrs

from touchpoint.durations import spoken
from touchpoint.errors import JourneyError, Problem, hint
from touchpoint.model.payload import is_unicode

Lookup: TypeAlias = Callable[[str, tuple[str, ...]], object]
"""Given a root and a path: the value, or None (or a LookupError) where there is none."""

ROOTS: Final = ("customer", "trigger", "event", "message", "collected", "result")
"""Where a look-up may begin."""

_MISTAKES: Final = 100
# The possessive quantifiers keep a look-up that does not close from being read again and again.
_TOKEN: Final = re.compile(r"""\{\{|\}\}|\{(?:\[\s*(?:"[^"]*"|'[^']*')\s*\]|[^{}])*+\}|[{}]""")
_SEGMENT: Final = r"""\.[^\W\d]\w*|\[\s*(?:"[^"]+"|'[^']+')\s*\]"""
_FIELD: Final = re.compile(
    rf"""\s*(?P<root>[^\W\d]\w*)(?P<path>(?:{_SEGMENT})*+)\s*(?P<filters>(?::\s*\w+\s*)*+)(?:\|(?P<fallback>.*))?""",
    re.DOTALL,
)
_STEP: Final = re.compile(_SEGMENT)
_ROOTED: Final = re.compile(rf"\s*(?:{'|'.join(ROOTS)})(?:{_SEGMENT})+\s*")


class _Mistake(NamedTuple):
    message: str
    fix: str


@attrs.frozen
class Field:
    """One look-up in a template.

    Args:
        root: one of `ROOTS`.
        path: at least one name, from there on.
        filters: in the order they are applied.
        fallback: the author's words where there is no data, without spaces around them; None if there are none.
    """

    root: str
    path: tuple[str, ...]
    filters: tuple[str, ...] = ()
    fallback: str | None = None

    @property
    def has_fallback(self) -> bool:
        """Whether the template does without this datum."""
        return self.fallback is not None

    @property
    def name(self) -> str:
        """How people write it: `customer.name`, `trigger["order-id"]`."""
        return self.root + "".join(map(_segment, self.path))


@attrs.define
class Rendered:
    """Finished words, or what stood against them. Treat it as immutable: it is mutable only to be quick to build.

    Args:
        text: the words; None if anything is missing.
        missing: names of look-ups that have no showable data and no fallback, each once, in order.
        reasons: for each of them, why: `customer.name has no value`. Never the data.
    """

    text: str | None = attrs.field(repr=False)
    missing: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@attrs.frozen
class Template:
    """Words with look-ups, read once and rendered often.

    What they may say is at the top of this module.

    Raises:
        JourneyError: with every mistake, its line and column, and how to mend it.
    """

    text: str
    _parts: tuple[str | Field, ...] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(lambda self: _parse(self.text), takes_self=True)
    )

    @cached_property
    def _fixed(self) -> Rendered | None:
        """What it says to everybody, where nothing is looked up."""
        words = self.words
        return Rendered("".join(words)) if len(words) == len(self._parts) else None

    @classmethod
    def parse(cls, text: str) -> "Template":
        """The same as `Template(text)`."""
        return cls(text)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every look-up, in order of appearance."""
        return tuple(part for part in self._parts if isinstance(part, Field))

    @property
    def words(self) -> tuple[str, ...]:
        """The author's own words around the look-ups, in order; fallbacks are not among them."""
        return tuple(part for part in self._parts if isinstance(part, str))

    def render(self, lookup: Lookup, *, escape_html: bool, zone: tzinfo | None = None) -> Rendered:
        """Put the data in.

        Args:
            lookup: reaches the data; see `Lookup` and `data_lookup`.
            escape_html: escape looked-up values for HTML text and quoted attributes; the author's own words, fallbacks
                included, stay as they are.
            zone: aware datetimes are shown in it, without it in their own offset.
        """
        if self._fixed is not None:
            return self._fixed
        escape = _escaping() if escape_html else str
        words: list[str] = []
        reasons: dict[str, str] = {}
        for part in self._parts:
            if isinstance(part, str):
                words.append(part)
                continue
            try:
                words.append(_words(part, lookup, zone, escape))
            except _Unshowable as problem:
                reasons.setdefault(part.name, f"{part.name} {problem}")
        return Rendered(None, tuple(reasons), tuple(reasons.values())) if reasons else Rendered("".join(words))


def data_lookup(data: Mapping[str, object]) -> Lookup:
    """A look-up in nested mappings, `{"customer": {"name": …}, …}`. It reads keys only; nothing else has any."""

    def lookup(root: str, path: tuple[str, ...]) -> object:
        here: object = data.get(root)
        for name in path:
            if not isinstance(here, Mapping):
                return None
            here = here.get(name)
        return here

    return lookup


def _escaping() -> Callable[[str], str]:
    from html import escape  # its table of entities is large, and most messages have no HTML

    return escape


def _segment(name: str) -> str:
    quote = "'" if '"' in name else '"'
    return f".{name}" if name.isidentifier() else f"[{quote}{name}{quote}]"


def _words(field: Field, lookup: Lookup, zone: tzinfo | None, escape: Callable[[str], str]) -> str:
    try:
        return escape(_value(field, lookup, zone))
    except _Unshowable:
        if field.fallback is None:
            raise
        return field.fallback


def _value(field: Field, lookup: Lookup, zone: tzinfo | None) -> str:
    try:
        value = lookup(field.root, field.path)
    except LookupError:
        value = None
    if value is None:
        raise _Unshowable("has no value")
    for name in field.filters:
        value = FILTERS[name](value, zone)
    text = _shown(value, zone)
    if not text.strip():
        raise _Unshowable("is empty")
    return text


def _parse(text: object) -> tuple[str | Field, ...]:
    if not isinstance(text, str):
        raise JourneyError(f"a template is text, not {type(text).__name__}")
    if not is_unicode(text):
        raise JourneyError("a template holds half of a surrogate pair; decode it properly first")
    if "{" not in text and "}" not in text:
        return (text,) if text else ()
    parts: list[str | Field] = []
    problems: list[Problem] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts.append(text[end : token.start()])
        end = token.end()
        found = _token(token[0])
        if isinstance(found, _Mistake):
            problems.append(Problem(_position(text, token.start()), found.message, found.fix))
            if len(problems) == _MISTAKES:  # to find the place of each takes longer, the longer the text
                break
        else:
            parts.append(found)
    if problems:
        raise JourneyError("a template is not valid", problems)
    parts.append(text[end:])
    return tuple(part for part in parts if part)


def _token(token: str) -> str | Field | _Mistake:
    match token:
        case "{{" | "}}":
            return token[0]
        case "{":
            return _Mistake("a { that nothing closes", "close the look-up with }, or write {{ for a literal brace")
        case "}":
            return _Mistake("a } that nothing opened", "write }} for a literal brace")
        case _:
            return _field(token[1:-1])


def _field(inner: str) -> Field | _Mistake:
    match = _FIELD.fullmatch(inner)
    if match is None:
        return _not_a_field(inner)
    path = tuple(step[1:] if step[0] == "." else step[1:-1].strip()[1:-1] for step in _STEP.findall(match["path"]))
    filters = tuple(name.strip() for name in match["filters"].split(":") if name.strip())
    field = Field(match["root"], path, filters, match["fallback"] and match["fallback"].strip())
    return _mistake_in(field) or field


def _mistake_in(field: Field) -> _Mistake | None:
    if field.root not in ROOTS:
        return _Mistake(f"{{{field.root}}} begins nowhere: no root is called that{hint(field.root, ROOTS)}", _ROOT_FIX)
    if not field.path:
        return _Mistake(f"{{{field.root}}} is everything at once", f"name what to show, as in {{{field.root}.name}}")
    if any(name.startswith("__") for name in field.path):
        return _Mistake(f"{field.name} asks for a Python attribute", "templates reach data only; name a datum")
    for name in field.filters:
        if name not in FILTERS:
            return _Mistake(f"there is no filter {name!r}{hint(name, FILTERS)}", _FILTER_FIX)
    return _mistake_in_fallback(field)


def _mistake_in_fallback(field: Field) -> _Mistake | None:
    # Each of these is a habit from other template languages that would reach the customer as words.
    fallback = field.fallback
    if fallback is None:
        return None
    if fallback in FILTERS:
        return _Mistake(f"|{fallback} is a fallback, not a filter", f"write :{fallback} for the filter")
    if "|" in fallback or _ROOTED.fullmatch(fallback):
        return _Mistake("a fallback is words, not another look-up", f"keep one fallback, as in {{{field.name}|there}}")
    return None


def _not_a_field(inner: str) -> _Mistake:
    excerpt = inner if len(inner) <= 40 else inner[:40] + "…"
    message, fix = next((message, fix) for habit, message, fix in _HABITS if habit.fullmatch(inner))
    return _Mistake(f"{{{excerpt}}}: {message}", fix)


def _position(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


class _Unshowable(Exception):
    """A datum is missing or cannot be shown. Never leaves this module; the text follows a look-up's name."""


def _shown(value: object, zone: tzinfo | None) -> str:
    match value:
        case str():
            return str.__str__(value)
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return f"{_decimal(value):f}"
        case date() | time():
            return _moment(value, zone)
        case timedelta():
            return spoken(value)
        case _:
            raise _Unshowable(f"is a {type(value).__name__}, which cannot be shown")


def _title(text: str) -> str:
    # str.title() would write "It'S".
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0].capitalize(), text)


_Filter: TypeAlias = Callable[[object, tzinfo | None], str]


def _of_text(function: Callable[[str], str]) -> _Filter:
    return lambda value, zone: function(_shown(value, zone))


def _joined(value: object, zone: tzinfo | None) -> str:
    if not isinstance(value, list | tuple):
        raise _Unshowable(f"is a {type(value).__name__}, and no list to join")
    return ", ".join(_shown(each, zone) for each in value)


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?")
_MOST_DIGITS: Final = 60  # beyond this nobody reads a number, and 1E+999999999 would fill the memory


def _decimal(value: object) -> Decimal:
    """A number, exactly as it prints, without depending on the host's decimal context."""
    match value:
        case str() if _NUMBER.fullmatch(value.strip()):
            number = Decimal(value.strip())
        case float() if not value.is_integer():
            number = Decimal(repr(float(value)))
        case int() | float() if not isinstance(value, bool) and abs(value) < 10**_MOST_DIGITS:
            number = Decimal(int(value))
        case Decimal():
            number = value
        case _:
            raise _Unshowable("is not a number that can be shown")
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > _MOST_DIGITS or len(digits) > 2 * _MOST_DIGITS:
        raise _Unshowable("is not a number that can be shown")
    return number or number.copy_abs()


def _money(value: object, _: tzinfo | None) -> str:
    exact = Context(prec=4 * _MOST_DIGITS, rounding=ROUND_HALF_UP, traps=[])
    amount = _decimal(value).quantize(Decimal("0.01"), context=exact)
    return f"{amount or amount.copy_abs():,f}"


_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
# Narrower than fromisoformat, which reads more with every version of Python.
_ISO: Final[tuple[tuple[re.Pattern[str], Callable[[str], date | time]], ...]] = (
    (re.compile(_DAY), date.fromisoformat),
    (re.compile(_CLOCK), time.fromisoformat),
    (re.compile(rf"{_DAY}[T ]{_CLOCK}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?"), datetime.fromisoformat),
)


def _when(value: object, zone: tzinfo | None) -> date | time:
    try:
        if isinstance(value, str):
            value = next((read(value.strip()) for form, read in _ISO if form.fullmatch(value.strip())), None)
        if isinstance(value, datetime) and value.tzinfo is not None and zone is not None:
            return value.astimezone(zone)
    except (ValueError, OverflowError):
        value = None
    if isinstance(value, date | time):
        return value
    raise _Unshowable("is not a date or time that can be shown")


def _moment(value: object, zone: tzinfo | None) -> str:
    moment = _when(value, zone)
    show = _datetime if isinstance(moment, datetime) else _time if isinstance(moment, time) else _date
    return show(moment, None)


def _date(value: object, zone: tzinfo | None) -> str:
    moment = _when(value, zone)
    if isinstance(moment, time):
        raise _Unshowable("is a time of day and has no date")
    return moment.isoformat()[:10]


def _time(value: object, zone: tzinfo | None) -> str:
    moment = _when(value, zone)
    if isinstance(moment, datetime | time):
        return f"{moment.hour:02}:{moment.minute:02}"
    raise _Unshowable("is a date and has no time of day")


def _datetime(value: object, zone: tzinfo | None) -> str:
    return f"{_date(value, zone)} {_time(value, zone)}"


FILTERS: Final[Mapping[str, _Filter]] = {
    "upper": _of_text(str.upper),
    "lower": _of_text(str.lower),
    "title": _of_text(_title),
    "capitalize": _of_text(str.capitalize),
    "trim": _of_text(str.strip),
    "join": _joined,
    "number": lambda value, _: f"{_decimal(value):,f}",
    "money": _money,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
}
"""The filters, by name. There are no others, and a host cannot add any: a template stays data."""

_ROOT_FIX: Final = f"begin with {', '.join(ROOTS)}, or write {{{{ and }}}} for literal braces"
_FILTER_FIX: Final = f"after : comes one of {', '.join(sorted(FILTERS))}"
_HABITS: Final = tuple(
    (re.compile(form, re.DOTALL), message, fix)
    for form, message, fix in (
        (r"\s*", "there is nothing between the braces", _ROOT_FIX),
        (r"[^|]*!.*", "conversions such as !r do not exist", "leave it out"),
        (r"[^|]*\(.*", "nothing can be called in a template", "look up a datum, and use a filter after :"),
        (r"[^|]*\[\s*[^\"'].*", "indexes do not exist", 'quote a name, as in {trigger["order-id"]}'),
        (r"[^|:]*:.*", "format specifications do not exist", _FILTER_FIX),
        (r".*", "this is not a look-up", 'write {customer.name|there}, and an odd name as in {trigger["order-id"]}'),
    )
)
