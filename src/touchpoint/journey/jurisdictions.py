"""Whose law holds: ISO 3166 codes, and which of them lie within which.

`US-FL` (ISO 3166-2) lies within `US` (ISO 3166-1), and the members of the European Union within `EU`. Those of the
European Economic Area lie within `EEA` as well. A name that is none of these lies within itself alone.
"""

import re
from collections.abc import Collection
from typing import Final

EU: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a table
)
"""The members of the European Union, https://european-union.europa.eu/principles-countries-history/eu-countries_en."""
EEA: Final = EU | {"IS", "LI", "NO"}
"""The members of the European Economic Area."""

_SPELT: Final = {"UK": "GB", "EL": "GR"}
"""Codes in common use that are not those of ISO 3166: the European institutions write these."""
_UNIONS: Final = frozenset({"EU", "EEA"})
_CODE: Final = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")


def spelt(name: str) -> str | None:
    """A jurisdiction as ISO 3166 spells it (`us_fl` is `US-FL`, `UK` is `GB`), or `EU` or `EEA`; None if it is none."""
    plain = name.strip().upper().replace("_", "-")
    if plain in _UNIONS:
        return plain
    match = _CODE.fullmatch(plain)
    if match is None:
        return None
    country = _SPELT.get(match[1], match[1])
    return country if match[2] is None else f"{country}-{match[2]}"


def within(name: str) -> tuple[str, ...]:
    """A jurisdiction and those that it lies within, narrowest first: `DE-BY`, `DE`, `EU`, `EEA`."""
    code = spelt(name)
    if code is None:
        return (name,)
    country = code.partition("-")[0]
    around = [code, country]
    if country in EU:
        around.append("EU")
    if country in EEA or country == "EU":
        around.append("EEA")
    return tuple(dict.fromkeys(around))


def falls_under(name: str, names: Collection[str]) -> bool:
    """Whether whoever lives in this jurisdiction is bound by what holds in one of `names`."""
    return name in names or any(each in names for each in within(name))
