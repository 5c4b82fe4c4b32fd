"""What is answered to STOP, START and HELP (S7.3): short defaults in the languages of `keywords.WORDS`.

Each says who writes, as the CTIA's Short Code Monitoring Handbook asks; the answer to STOP that nothing more will come,
the answer to HELP where a person can be reached and how to stop. With a brand of 20 and a contact of 30 characters each
fits one segment of a text message: they use only letters of the GSM alphabet. They are no legal advice; a host may have
to say more, such as what messages cost.
"""

import re
from collections.abc import Mapping
from typing import Final

from touchpoint.channels.keywords import Keyword
from touchpoint.errors import InvalidInput, UnknownName

REPLIES: Final[Mapping[str, Mapping[Keyword, str]]] = {
    "en": {
        "stop": "{brand}: You are unsubscribed and will get no more messages from us. Reply START to get them again.",
        "start": "{brand}: You will get messages from us again. Reply HELP for help, STOP to end them.",
        "help": "{brand}: For help contact {contact}. Reply STOP to get no more messages.",
    },
    "de": {
        "stop": "{brand}: Sie sind abgemeldet und erhalten keine Nachrichten mehr von uns. Wieder anmelden: START.",
        "start": "{brand}: Sie erhalten wieder Nachrichten von uns. Hilfe: HILFE. Abmelden: STOP.",
        "help": "{brand}: Hilfe erhalten Sie über {contact}. Mit der Antwort STOP melden Sie sich ab.",
    },
    "fr": {
        "stop": "{brand}: Votre demande est enregistrée, vous ne recevrez plus de messages. Pour en recevoir: START.",
        "start": "{brand}: Vous recevrez de nouveau nos messages. Pour de l'aide: AIDE. Pour les refuser: STOP.",
        "help": "{brand}: Pour de l'aide, contactez {contact}. Pour ne plus recevoir de messages: STOP.",
    },
    "es": {
        "stop": "{brand}: Hemos registrado su baja y no le enviaremos otros mensajes. Para recibirlos: START.",
        "start": "{brand}: Vuelve a recibir nuestros mensajes. Para ayuda: AYUDA. Para darse de baja: STOP.",
        "help": "{brand}: Para ayuda, contacte con {contact}. Para no recibir mensajes: STOP.",
    },
    "it": {
        "stop": "{brand}: La disiscrizione è avvenuta, non riceverà altri messaggi. Per riceverli: START.",
        "start": "{brand}: Riceverà di nuovo i nostri messaggi. Per aiuto: AIUTO. Per non riceverli: STOP.",
        "help": "{brand}: Per aiuto contatti {contact}. Per non ricevere altri messaggi: STOP.",
    },
    "pt": {
        "stop": "{brand}: O seu pedido foi registado e deixa de receber mensagens. Para voltar a receber: START.",
        "start": "{brand}: Volta a receber as nossas mensagens. Para ajuda: AJUDA. Para deixar de receber: STOP.",
        "help": "{brand}: Para ajuda contacte {contact}. Para deixar de receber mensagens: STOP.",
    },
    "nl": {
        "stop": "{brand}: U bent afgemeld en krijgt geen berichten meer van ons. Weer aanmelden: START.",
        "start": "{brand}: U krijgt weer berichten van ons. Hulp: HELP. Afmelden: STOP.",
        "help": "{brand}: Hulp krijgt u via {contact}. Antwoord STOP om geen berichten meer te krijgen.",
    },
}
"""By language, then by keyword; `{brand}` and `{contact}` are filled by `reply_to`."""

_ELSE: Final = "en"
_PLACE: Final = re.compile(r"\{(brand|contact)\}")
_LINE_BREAK: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def reply_to(keyword: Keyword, locale: str | None = None, *, brand: str, contact: str) -> str:
    """The answer to a word such as HELP.

    Args:
        keyword: what `keyword_in` found.
        locale: the customer's, such as `de-AT`; English where there is none or its language is not in `REPLIES`.
        brand: who writes, as customers know it.
        contact: where a person can be reached: a phone number, an address, a page.

    Raises:
        UnknownName: there is no such keyword.
        InvalidInput: brand or contact is not one line of text.
    """
    for what, value in (("brand", brand), ("contact", contact)):
        if not isinstance(value, str) or not value.strip() or _LINE_BREAK.search(value):
            raise InvalidInput(f"{what}= of a reply is one line of text")
    language = re.split("[-_]", locale)[0].lower() if isinstance(locale, str) else _ELSE
    replies = REPLIES.get(language, REPLIES[_ELSE])
    if keyword not in replies:
        raise UnknownName("keyword", str(keyword), replies)
    # At one go: what is filled in is not read again.
    filled = {"brand": brand.strip(), "contact": contact.strip()}
    return _PLACE.sub(lambda found: filled[found[1]], replies[keyword])
