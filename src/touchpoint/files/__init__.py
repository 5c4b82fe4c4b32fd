"""Journeys as files: YAML and JSON that people write by hand, with a line and a column in every error.

found = read_file("shop.yaml")
engine = Engine(journeys=found.journeys)
print(write_text(shop))
"""

from touchpoint.files.compare import Difference, differences
from touchpoint.files.nodes import FileProblem, Place
from touchpoint.files.reading import JourneyFile, read_file, read_text
from touchpoint.files.schema import schema
from touchpoint.files.writing import write_text

__all__ = [
    "Difference",
    "FileProblem",
    "JourneyFile",
    "Place",
    "differences",
    "read_file",
    "read_text",
    "schema",
    "write_text",
]
