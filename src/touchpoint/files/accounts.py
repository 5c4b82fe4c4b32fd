"""Budgets and stocks in files: a number of the gift's own, or one by name that others may share."""

from typing import Any, Final

from touchpoint.files import kinds, nodes
from touchpoint.files.kinds import Kind, Plain, Reader, Schema
from touchpoint.files.nodes import Node
from touchpoint.files.parts import Writer, read_tagged, schema_of, write_tagged
from touchpoint.files.words import word_of
from touchpoint.model.budget import Budget, Stock


def _number_or(cls: type, number: Kind, words: str) -> Kind:
    def read(reader: Reader, node: Node, path: str) -> object:
        if isinstance(node, nodes.Mapping):
            word = word_of(cls)
            return read_tagged(reader, node, path, {word.word: word}, words)
        return number.read(reader, node, path)

    def write(writer: Writer, value: Any) -> Plain:  # noqa: ANN401 - a number, or an object of the class
        return write_tagged(writer, word_of(cls), value) if isinstance(value, cls) else number.write(writer, value)

    def schema() -> Schema:
        return {"anyOf": [number.schema(), schema_of(word_of(cls))]}

    return Kind(words, read, write, schema)


BUDGET: Final = _number_or(Budget, kinds.NUMBER, "number, or a budget with its name")
STOCK: Final = _number_or(Stock, kinds.WHOLE, "whole number, or a stock with its name")
