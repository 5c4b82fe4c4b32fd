"""Who runs a mailbox: the domains of the large providers, so that complaints can be counted for each of them."""

from collections.abc import Mapping
from typing import Final

PROVIDERS: Final[Mapping[str, frozenset[str]]] = {
    # https://support.google.com/a/answer/81126 speaks of "personal Gmail accounts": these two domains.
    "gmail": frozenset({"gmail.com", "googlemail.com"}),
    # https://senders.yahooinc.com/best-practices/: Yahoo and AOL are one.
    "yahoo": frozenset({"yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "aim.com", "myyahoo.com"}),
    # https://sendersupport.olc.protection.outlook.com/
    "microsoft": frozenset({"outlook.com", "hotmail.com", "live.com", "msn.com"}),
    "apple": frozenset({"icloud.com", "me.com", "mac.com"}),
}
"""Their domains. Of those with national ones (yahoo.de, hotmail.co.uk), see `provider_of`."""

_NATIONAL: Final = {"yahoo": "yahoo", "hotmail": "microsoft", "live": "microsoft", "outlook": "microsoft"}
"""Providers that use one name under many national domains."""
_OF: Final = {domain: name for name, domains in PROVIDERS.items() for domain in domains}


def provider_of(domain: str) -> str | None:
    """The provider whose mailboxes have addresses of this domain; None for any other.

    It goes by the domain alone: a company's own domain at a provider cannot be told without asking the DNS.
    """
    plain = domain.strip().rstrip(".").lower()
    if plain in _OF:
        return _OF[plain]
    name, *suffix = plain.split(".")
    national = bool(suffix) and len(suffix[-1]) == 2 and len(suffix) <= 2 and (len(suffix) == 1 or len(suffix[0]) <= 3)
    return _NATIONAL.get(name) if national else None
