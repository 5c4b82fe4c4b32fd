"""What a message says, as far as content rules look at it: names, addresses, and how to stop more of it (S6.5).

Words are compared as their letters and digits: case, accents, punctuation and line breaks do not matter. A message with
plain words and HTML is read twice, because its reader sees one of them.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

import attrs

from touchpoint.model.delivery import RenderedMessage

OPT_OUT_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "unsubscribe", "unsub", "opt out", "optout", "reply stop", "text stop", "send stop", "txt stop", "stop to end",
        "stop to cancel", "stop to quit", "stop 2 end", "stop2end", "stop receiving", "reply end", "reply cancel",
    ),
    "de": (
        "abmelden", "abmeldung", "abbestellen", "austragen", "stop an", "mit stop", "mit stopp", "sende stop",
        "sende stopp", "antworte stop",
    ),
    "fr": (
        "desabonner", "desabonnez", "desabonnement", "desinscrire", "desinscription", "stop au", "envoyez stop",
        "repondez stop",
    ),
    "es": ("darse de baja", "darte de baja", "date de baja", "cancelar suscripcion", "cancelar la suscripcion",
           "envia baja", "envia stop", "responde baja", "responde stop"),
    "it": ("disiscriviti", "disiscrizione", "cancellati", "annulla iscrizione", "annulla l iscrizione",
           "cancella iscrizione", "cancella l iscrizione", "rispondi stop"),
    "pt": ("cancelar inscricao", "cancelar subscricao", "cancelar assinatura", "descadastrar", "responda sair",
           "responda stop", "envie sair"),
    "nl": ("uitschrijven", "afmelden", "antwoord stop", "stuur stop"),
}  # fmt: skip
"""Phrases that tell how to stop more messages, by language, as `folded` writes them."""

_BETWEEN: Final = re.compile(r"[\W_]+")
_LINK: Final = re.compile(r"https?://\S+|mailto:\S+", re.IGNORECASE)
_REST: Final = r"(?P<rest>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>"
_TAG: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<close>/?)(?P<name>a|img|script|style|title|template)(?![a-zA-Z0-9])" + _REST,
    re.DOTALL | re.IGNORECASE,
)
_INLINE: Final = re.compile(
    r"</?(?:abbr|b|big|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)(?![a-zA-Z0-9])" + _REST, re.IGNORECASE
)
_BLOCK: Final = re.compile(r"</?[a-zA-Z]" + _REST)
_ATTRIBUTE: Final = re.compile(r"\b(href|alt|title)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_UNSEEN: Final = frozenset({"script", "style", "title", "template"})


def folded(text: str) -> str:
    """Letters and digits alone, in lower case, without accents, a space between words."""
    if text.isascii():
        return _BETWEEN.sub(" ", text.lower()).strip()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _BETWEEN.sub(" ", "".join(each for each in plain if not unicodedata.combining(each))).strip()


def says(text: str, words: str) -> bool:
    """Whether folded `text` holds the folded `words`, as whole words where they are written with spaces between."""
    if not words:
        return False
    # Scripts without spaces between words, such as Chinese, have no edges of words to look for.
    return f" {words} " in f" {text} " if words.isascii() else words in text


_KNOWN: Final = tuple(phrase for phrases in OPT_OUT_PHRASES.values() for phrase in phrases)
_WORDS: Final = frozenset(phrase for phrase in _KNOWN if " " not in phrase)
_LONGER: Final = tuple((phrase.split()[0], phrase) for phrase in _KNOWN if " " in phrase)


def _tells(text: str) -> bool:
    """Whether folded text holds one of the known phrases: its words are looked up, for a search for each takes long."""
    words = frozenset(text.split())
    return not _WORDS.isdisjoint(words) or any(first in words and says(text, phrase) for first, phrase in _LONGER)


@attrs.frozen
class Reading:
    """One way in which a customer may read a message.

    Args:
        text: all that can be seen, folded.
        links: for each link, what it is called and where it leads, folded: in HTML its own words, in plain text its
            line and the one before.
    """

    text: str = attrs.field(repr=False)
    links: tuple[str, ...] = attrs.field(repr=False)

    # Several rules ask the same of one message.

    @cached_property
    def _told(self) -> bool:
        return _tells(self.text)

    @cached_property
    def _told_by_link(self) -> bool:
        return any(map(_tells, self.links))

    def names(self, wanted: Iterable[str]) -> bool:
        """Whether one of these is in it."""
        return any(says(self.text, folded(each)) for each in wanted)

    def tells_to_stop(self, phrases: Iterable[str], *, by_link: bool) -> bool:
        """Whether it tells how to stop more messages: with a phrase anywhere, or with one that is a link."""
        places = self.links if by_link else (self.text, *self.links)
        if self._told_by_link or (not by_link and self._told):
            return True
        return any(says(place, folded(phrase)) for phrase in phrases for place in places)


def readings(words: RenderedMessage) -> list[Reading]:
    """The ways in which a message may be read: its plain words, its HTML, or both."""
    return reading_of(words.subject, words.text, words.html)


def reading_of(subject: str | None, text: str, markup: str | None) -> list[Reading]:
    """The same for the parts of a message, finished or not."""
    found = []
    if text.strip() or not markup:
        found.append(Reading(folded(f"{subject or ''}\n{text}"), tuple(_links_in(text))))
    if markup:
        seen, links = _seen(markup)
        found.append(Reading(folded(f"{subject or ''}\n{seen}"), (*map(folded, links), *_links_in(seen))))
    return found


def _links_in(text: str) -> list[str]:
    found: list[str] = []
    before = ""
    for line in text.splitlines():
        if not line.strip():
            continue
        if ("://" in line or "mailto:" in line.lower()) and _LINK.search(line):
            found.append(folded(f"{before} {line}"))
        before = line
    return found


def _seen(markup: str) -> tuple[str, list[str]]:
    """What can be seen of HTML, and its links, each with where it leads and its words; styles are not looked at."""
    seen: list[str] = []
    links: list[str] = []
    opened: int | None = None
    end, unseen = 0, ""
    for tag in _TAG.finditer(markup):
        if not unseen:
            seen.append(_plain(markup[end : tag.start()]))
        end = tag.end()
        name = (tag["name"] or "").lower()
        if unseen:
            unseen = "" if tag["close"] and name == unseen else unseen
        elif name in _UNSEEN and not tag["close"]:
            unseen = name
        elif name == "a" and not tag["close"]:
            links.append(_attributes(tag["rest"], "href"))
            opened = len(seen)
        elif name == "a" and opened is not None:
            links[-1] += " " + "".join(seen[opened:])
            opened = None
        elif name == "img":
            seen.append(_attributes(tag["rest"], "alt"))
    if not unseen:
        seen.append(_plain(markup[end:]))
    return "".join(seen), links


def _unescaped(text: str) -> str:
    from html import unescape  # its table of entities is large, and most messages have no HTML

    return unescape(text)


def _plain(markup: str) -> str:
    """What can be seen of HTML without links and images: a line for each block."""
    return _unescaped(_BLOCK.sub("\n", _INLINE.sub("", markup)))


def _attributes(rest: str, wanted: str) -> str:
    found = [match for match in _ATTRIBUTE.finditer(rest) if match[1].lower() == wanted]
    return _unescaped(found[0][2] or found[0][3] or found[0][4] or "") if found else ""
