"""Journeys as what JSON can hold, in the form in which files have them."""

from collections.abc import Sequence
from json import dumps
from typing import Final

from touchpoint.errors import InvalidInput
from touchpoint.files import parts
from touchpoint.files.kinds import Plain
from touchpoint.files.parts import Writer
from touchpoint.files.reading import SECTIONS, VERSION
from touchpoint.files.words import word_of
from touchpoint.files.yaml_text import yaml_text
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy

_FIRST: Final = ("name", "touchpoints", "traits", "cases", "stages", "segments")
_LAST: Final = ("rules", "policy")


def written(
    journeys: Sequence[Journey], *, policy: Policy | None = None, events: Sequence[str] = (), grant: Sequence[str] = ()
) -> dict[str, Plain]:
    """Journeys in the form of files, names in the order in which people read them.

    Args:
        journeys: one or several.
        policy: of the house.
        events: files of events on which they are tried.
        grant: kinds of message taken as agreed to when they are.
    """
    beside = {"events": list(events)} if events else {}
    beside |= {"grant": list(grant)} if grant else {}
    if len(journeys) == 1 and policy is None:
        return {"touchpoint": VERSION, **beside, **_journey(journeys[0])}
    house = {} if policy is None else {"policy": parts.POLICY.write(Writer(), policy)}
    return {"touchpoint": VERSION, **beside, **house, "journeys": [_journey(each) for each in journeys]}


def _journey(journey: Journey) -> dict[str, Plain]:
    writer, word = Writer(), word_of(Journey)
    fields = parts.write_fields(writer, word, journey)
    messages = {section: _messages(writer, cls) for section, cls in SECTIONS.items()}
    middle = [name for name in fields if name not in _FIRST + _LAST]
    ordered = {name: fields[name] for name in (*_FIRST, *middle) if name in fields}
    ordered |= {section: found for section, found in messages.items() if found}
    ordered |= {name: fields[name] for name in _LAST if name in fields}
    return {"journey" if name == "name" else name: value for name, value in ordered.items()}


def _messages(writer: Writer, cls: type) -> dict[str, Plain]:
    word = word_of(cls)
    found = {
        name: parts.write_fields(writer, word, each) for name, each in writer.messages.items() if type(each) is cls
    }
    return {name: {key: value for key, value in each.items() if key != "name"} for name, each in found.items()}


def write_text(
    *journeys: Journey,
    json: bool = False,
    policy: Policy | None = None,
    events: Sequence[str] = (),
    grant: Sequence[str] = (),
) -> str:
    """Journeys as the text of a file. `read_text` gives equal ones back.

    Args:
        journeys: one or several.
        json: write JSON; YAML unless told so.
        policy: of the house.
        events: files of events on which they are tried.
        grant: kinds of message taken as agreed to when they are.

    Raises:
        InvalidInput: no journey is given.
    """
    if not journeys:
        raise InvalidInput("a file holds at least one journey; hand one in")
    found = written(journeys, policy=policy, events=events, grant=grant)
    return dumps(found, indent=2, ensure_ascii=False) + "\n" if json else yaml_text(found)
