"""Contacts: what customers say to us that may be answered, and what they wish for (S8.1)."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from touchpoint.errors import InvalidInput
from touchpoint.model.feedback import INTENTS
from touchpoint.model.payload import is_unicode

FEEDBACK: Final = "feedback"
"""The type of the touchpoint that holds feedback."""
ANALYSED: Final = "feedback_analysed"
"""The type of the touchpoint that tells what an analyser found in feedback."""
REPLIED: Final = "replied"
"""The type of the touchpoint that holds a reply."""
UNKNOWN_INTENT: Final = ""
TOPIC: Final = 200
"""Characters that a topic may have."""
_TOPICS: Final = 50


def intent_of(type: str, direction: str, properties: Mapping[str, object]) -> str | None:
    """What somebody wants who says it: an intent, or empty where nobody knows; None for what is no contact.

    A contact is inbound, and is feedback, a reply in words of the customer's own, or of a type of the host's with a
    property `intent`. A reply of STOP and its kin is none, nor one that stands here because an address is shared.
    """
    if direction != "inbound":
        return None
    said = properties.get("intent")
    intent = said if isinstance(said, str) and said in INTENTS else None
    if type == REPLIED and ("keyword" in properties or properties.get("shared")):
        return None
    if intent is None and type not in (FEEDBACK, REPLIED):
        return None
    return intent or UNKNOWN_INTENT


def topics_of(properties: Mapping[str, object]) -> tuple[str, ...]:
    """The topics of a touchpoint, each in its one form and once; what is no topic is passed over."""
    given = properties.get("topics")
    named = [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    found = [_form(each) for each in named[:_TOPICS] if isinstance(each, str)]
    return tuple(dict.fromkeys(each for each in found if 0 < len(each) <= TOPIC and is_unicode(each)))


def topic_of(value: object, what: str = "topic") -> str:
    """A topic in its one form: case and spaces make no difference.

    Raises:
        InvalidInput: it is no text of 1 to 200 characters.
    """
    form = _form(value) if isinstance(value, str) and is_unicode(value) else ""
    if not 0 < len(form) <= TOPIC:
        raise InvalidInput(f'{what} is a text of 1 to {TOPIC} characters, such as "vegan menu"')
    return form


def _form(text: str) -> str:
    # Case is folded before the form is composed, since folding may take a composed letter apart.
    return unicodedata.normalize("NFC", " ".join(text.casefold().split()))
