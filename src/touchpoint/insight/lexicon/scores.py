"""How people write a score in a reply: the words around it, by language; lower case, without accents.

To add a language is to add its words here; nothing else knows any.
"""

from collections.abc import Mapping
from typing import Final

NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "de": ("null", "eins", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "zehn"),
    "fr": ("zero", "", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
}
"""From 0 to 10. The French word for 1 is left out: it is an article first of all."""

OTHER_NUMBERS: Final[Mapping[str, int]] = {"fuenf": 5}

LEADS: Final[Mapping[str, frozenset[str]]] = {
    "en": frozenset(
        "i id ill im would will say give giving rate rating score scoring it its this that you is was be a an my our "
        "the answer definitely solid strong easily maybe perhaps probably actually overall or even well nps csat ces "
        "think guess just".split()
    ),
    "de": frozenset(
        "ich wir wurde wuerde sage sagen gebe geben vergebe eine einen ne ihnen euch dir es ist meine mein note "
        "wertung "
        "bewertung antwort klare glatte vielleicht wohl oder eher insgesamt denke also".split()
    ),
    "fr": frozenset(
        "je jai nous dirais donne donnerais mets mettrais attribue un une le la ma mon note reponse cest est vous "
        "peut etre plutot ou globalement sans hesiter disons".split()
    ),
    "es": frozenset(
        "yo le les doy daria pongo pondria diria un una el la mi nota respuesta puntuacion es seria quizas quiza tal "
        "vez "
        "o mas bien digamos".split()
    ),
}
"""What may stand before it in its own clause, and nothing else: "I'd say an 8"."""

VAGUE: Final[frozenset[str]] = frozenset(
    "it its this that is be the you i we my our es ist dir ihnen euch mein meine cest est ce le la ma mon vous je el "
    "mi "
    "les yo".split()
)
"""Of those, the ones that say nothing by themselves: "le 9" is a day, "it's 9" the time, "my 2" may be children."""

ARTICLES: Final[frozenset[str]] = frozenset({"a", "an", "un", "una"})

TRAILS: Final[frozenset[str]] = frozenset(
    "from me overall altogether insgesamt globalement total i guess "
    "think suppose say would von mir denke glaube wurde sagen pour moi je pense de mi "
    "parte creo".split()
)
"""What may stand behind it, and nothing else: "8 I guess"."""

BECAUSE: Final[frozenset[str]] = frozenset(
    "because cause thanks thank weil denn danke car parce puisque merci porque gracias".split()
)
"""What begins a reason or thanks: "8 because it was late"."""

BUT: Final[frozenset[str]] = frozenset("but although though aber obwohl doch mais pero aunque".split())
"""What begins a reservation; a second number behind it makes it unclear which one counts."""

UNITS: Final[frozenset[str]] = frozenset("point points pts punkt punkte punkten pt puntos punto".split())
STARS: Final[frozenset[str]] = frozenset("star stars stern sterne sternen etoile etoiles estrella estrellas".split())

OUT_OF: Final[frozenset[tuple[str, ...]]] = frozenset(
    {("/",), ("out", "of"), ("of",), ("von",), ("aus",), ("sur",), ("de",), ("sobre",)}
)

HELLOS: Final[frozenset[str]] = frozenset("hi hello hey hallo moin servus bonjour bonsoir salut hola".split())
"""Greetings that are never anything else."""

GREETINGS: Final[frozenset[str]] = frozenset(
    "hi hello hey dear there all team good morning afternoon evening hallo guten morgen tag abend moin servus gruss "
    "bonjour bonsoir salut hola buenos buenas dias tardes noches".split()
)
CLOSINGS: Final[frozenset[str]] = frozenset(
    "thanks thank you very much many cheers regards kind best bye danke vielen dank schon schoen lg vg liebe viele "
    "grusse gruesse merci beaucoup cordialement gracias muchas saludos cordiales".split()
)

LABELS: Final[frozenset[str]] = frozenset(
    "score rating answer nps csat ces reply vote mark result note bewertung antwort wertung punkte reponse evaluation "
    "nota puntuacion respuesta calificacion valoracion".split()
)
"""Before a colon: what follows is the score."""

OTHERWISE: Final[frozenset[str]] = frozenset(
    # what is numbered
    "tel telephone phone mobile fax ext extension call no nr num number ref reference order invoice ticket case room "
    "table gate flat apt suite unit floor desk seat bus line bay bin page version code pin id zip box hausnr "
    "p pp v q approx circa ca volume chapter step question telefon handy anruf nummer bestellung rechnung zimmer "
    "tisch wohnung etage stock platz linie seite kunde plz "
    "numero commande facture chambre table porte etage bureau page pedido factura habitacion mesa puerta planta piso "
    # what wants a number behind it
    "for of at to in on by than about nearly almost only around over under after before since until till from with and "
    "was were are had have got took waited ordered paid bought fur fuer um ab bis seit nach vor mit und nur fast etwa "
    "waren hatten pour depuis apres avant avec et de des a dans por para desde hasta con y en".split()
)
"""Before a number at the end of a text: then it is something else."""

PLAIN_DOT: Final[frozenset[str]] = frozenset({"en", "fr", "es", "it", "pt", "nl"})
"""Languages in which "9." is never an ordinal; in German "1. Besuch" is the first visit."""
