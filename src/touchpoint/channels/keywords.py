"""Words that act by themselves when a customer replies with nothing else (S7.3).

Exact after trimming case, spaces and punctuation: "Stop." counts, "please stop by the shop" does not. The English words
are those that the CTIA's Short Code Monitoring Handbook and the large SMS providers have in common; the others are
their counterparts in use with carriers of these languages.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

Keyword = Literal["stop", "start", "help"]
"""What a word asks for: no more messages, messages again, or help."""

WORDS: Final[Mapping[str, Mapping[Keyword, frozenset[str]]]] = {
    "en": {
        "stop": frozenset(
            {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"}
        ),
        "start": frozenset({"start", "unstop"}),
        "help": frozenset({"help", "info"}),
    },
    "de": {
        "stop": frozenset({"stopp", "abmelden", "abbestellen"}),
        "start": frozenset({"anmelden"}),
        "help": frozenset({"hilfe"}),
    },
    "fr": {
        "stop": frozenset({"arret", "arreter", "desabonner", "desinscrire"}),
        "start": frozenset({"abonner"}),
        "help": frozenset({"aide"}),
    },
    "es": {
        "stop": frozenset({"alto", "baja", "parar", "cancelar"}),
        "start": frozenset({"alta", "iniciar"}),
        "help": frozenset({"ayuda"}),
    },
    "it": {"stop": frozenset({"cancella", "annulla"}), "start": frozenset(), "help": frozenset({"aiuto"})},
    "pt": {"stop": frozenset({"parar", "sair", "cancelar"}), "start": frozenset(), "help": frozenset({"ajuda"})},
    "nl": {"stop": frozenset({"afmelden"}), "start": frozenset({"aanmelden"}), "help": frozenset()},
}  # fmt: skip
"""By language; accents are left out, since most phones leave them out too."""

_KNOWN: Final[Mapping[str, Keyword]] = {
    word: keyword for words in WORDS.values() for keyword, found in words.items() for word in found
}
_LONGEST: Final = 40


def keyword_in(text: str) -> Keyword | None:
    """What a reply asks for, where it is one of the words and nothing else; None for any other text.

    Every language's words count, whatever the customer's: who does not want to be written to may say so in any.
    """
    if len(text) > _LONGEST:
        return None
    return _KNOWN.get(_plain(text))


def _plain(text: str) -> str:
    """Lower case, without accents, punctuation and needless spaces."""
    letters = (each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return " ".join("".join(each if each.isalnum() else " " for each in letters).split())
