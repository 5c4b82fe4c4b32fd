"""Words that act by themselves when a customer replies with nothing else (S7.3).

Exact after trimming case, spaces, punctuation and emoji: "Stop." counts, "please stop by the shop" does not, and nor
does "stop please". The English words are those of the CTIA's Short Code Monitoring Handbook, of the FCC (47 CFR
64.1200(a)(10): stop, quit, end, revoke, opt out, cancel, unsubscribe) and of what the large SMS providers take unless
told otherwise; in Canada they take the French ones. The others are their counterparts in these languages. YES is left
out although some providers take it for START: it answers any question. What is answered is in `replies`.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

Keyword = Literal["stop", "start", "help"]
"""What a word asks for: no more messages, messages again, or help."""

WORDS: Final[Mapping[str, Mapping[Keyword, frozenset[str]]]] = {
    "en": {
        "stop": frozenset(
            {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke",
             "remove"}
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
        "stop": frozenset({"arret", "arrett", "arrete", "arreter", "desabonner", "desinscrire"}),
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
    "nl": {"stop": frozenset({"afmelden"}), "start": frozenset({"aanmelden"}), "help": frozenset({"hulp"})},
}  # fmt: skip
"""By language; accents are left out, since most phones leave them out too."""

_KNOWN: Final[Mapping[str, Keyword]] = {
    word: keyword for words in WORDS.values() for keyword, found in words.items() for word in found
}
_LONGEST: Final = 40
# Letters of other alphabets that look like Latin ones, in lower case: Cyrillic, Greek, and the Turkish i without a dot.
_LOOK_ALIKES: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458\u0501"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131",
    "abekmhopctyxsijd"
    "abehikmnoptyxi",
)  # fmt: skip
_UNSEEN: Final = frozenset({"Cf", "Mn", "Me"})


def keyword_in(text: str) -> Keyword | None:
    """What a reply asks for, where it is one of the words and nothing else; None for any other text.

    Every language's words count, whatever the customer's: who does not want to be written to may say so in any.
    """
    if len(text) > _LONGEST:
        return None
    return _KNOWN.get(_plain(text))


def _plain(text: str) -> str:
    """Lower case, without accents, punctuation, what cannot be seen, and needless spaces.

    Compatibility forms (full width, bold, in circles) become letters first, and those have a case of their own.
    """
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LOOK_ALIKES)
    seen = (each for each in letters if unicodedata.category(each) not in _UNSEEN)
    return " ".join("".join(each if each.isalnum() else " " for each in seen).split())
