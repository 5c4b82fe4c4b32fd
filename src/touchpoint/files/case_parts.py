"""How long something of a case may take: `4h`, `{business_time: 8h, hours: …}`, or `{urgent: 1h, normal: 24h}`."""

from collections.abc import Mapping
from typing import Final

from touchpoint.files import kinds, nodes
from touchpoint.files.kinds import Kind, Plain, Reader, Schema
from touchpoint.files.nodes import Node
from touchpoint.files.parts import Writer, fields, read_tagged, schema_of, write_tagged
from touchpoint.files.words import Word, word_of
from touchpoint.model.business import BusinessTime
from touchpoint.model.case import BySeverity


def _known() -> Mapping[str, Word]:
    return {"business_time": word_of(BusinessTime)}


def _read_within(reader: Reader, node: Node, path: str) -> object:
    if isinstance(node, nodes.Mapping) and node.get("type") is not None:
        return kinds.TREE.read(reader, node, path)
    if isinstance(node, nodes.Mapping) and node.get("business_time") is not None:
        return read_tagged(reader, node, path, _known(), "length of time")
    return kinds.DURATION.read(reader, node, path)


def _write_within(writer: Writer, value: object) -> Plain:
    if isinstance(value, BusinessTime):
        return write_tagged(writer, word_of(BusinessTime), value)
    return kinds.DURATION.write(writer, value)


def _within_schema() -> Schema:
    return {"anyOf": [*kinds.DURATION.schema()["anyOf"], schema_of(word_of(BusinessTime))]}


def _read_promised(reader: Reader, node: Node, path: str) -> object:
    names = {each.key for each in node.entries} if isinstance(node, nodes.Mapping) else set()
    if names and names.isdisjoint({"type", "business_time", "calendar"}):
        return fields(BySeverity).read(reader, node, path)
    return _read_within(reader, node, path)


def _write_promised(writer: Writer, value: object) -> Plain:
    return fields(BySeverity).write(writer, value) if isinstance(value, BySeverity) else _write_within(writer, value)


def _promised_schema() -> Schema:
    return {"anyOf": [*_within_schema()["anyOf"], schema_of(word_of(BySeverity))]}


WITHIN: Final = Kind("a length of time such as 3d, or business_time", _read_within, _write_within, _within_schema)
PROMISED: Final = Kind(
    "a length of time such as 3d, business_time, or one for each severity",
    _read_promised, _write_promised, _promised_schema,
)  # fmt: skip
