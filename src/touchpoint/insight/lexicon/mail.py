"""How mail programs mark what they quote and what they sign with, by language; for whole lines."""

from typing import Final

WROTE: Final[tuple[tuple[str, str], ...]] = (
    ("on ", "wrote:"),
    ("am ", "schrieb:"),
    ("am ", "folgendes:"),  # "Am … schrieb … folgendes:"
    ("le ", "a écrit :"),
    ("le ", "a écrit:"),
    ("el ", "escribió:"),
    ("il ", "ha scritto:"),
    ("em ", "escreveu:"),
    ("op ", "schreef:"),
)
"""How the line above a quotation begins and ends; with a digit in between, that of a date."""

WROTE_INSIDE: Final[tuple[tuple[str, str], ...]] = (("am ", " schrieb "), ("op ", " schreef "))
"""The same where the name comes last: "Am 3. März 2026 um 10:12 schrieb Kaffee & Co. <…>:"."""

ORIGINAL: Final[frozenset[str]] = frozenset(
    {
        "original message",
        "original appointment",
        "forwarded message",
        "ursprüngliche nachricht",
        "originalnachricht",
        "weitergeleitete nachricht",
        "message d'origine",
        "message d’origine",
        "message original",
        "message transféré",
        "mensaje original",
        "mensaje reenviado",
    }
)
"""Between rows of dashes: everything below is the original."""

HEADERS: Final[tuple[tuple[str, str], ...]] = (
    ("from:", "sent:"),
    ("from:", "date:"),
    ("von:", "gesendet:"),
    ("von:", "datum:"),
    ("de :", "envoyé :"),
    ("de:", "envoyé:"),
    ("de:", "enviado:"),
    ("de:", "fecha:"),
)
"""Two lines one below the other: everything below is the original."""

SENT_FROM: Final[tuple[str, ...]] = (
    "sent from my ",
    "sent from mail for ",
    "get outlook for ",
    "von meinem iphone gesendet",
    "von meinem ipad gesendet",
    "gesendet von meinem ",
    "gesendet mit der ",
    "diese nachricht wurde von meinem ",
    "envoyé de mon ",
    "envoyé depuis mon ",
    "enviado desde mi ",
    "obtener outlook para ",
)
"""A line that a telephone adds by itself."""
