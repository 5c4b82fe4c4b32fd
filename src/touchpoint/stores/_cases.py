"""What is written of a case after it was opened."""

from typing import Final

CHANGE_CASE: Final = (
    "UPDATE touchpoint_cases SET first_response_at = ?, deadlines = ?, severity = ?, owner = ?, opened_at = ?, "
    "answered_by = ifnull(?, answered_by) WHERE no = ?"
)
"""What has become of it; what answered it stays where nothing else is said."""
CLOSE_CASE: Final = "UPDATE touchpoint_cases SET closed_at = ?, merged_into = ? WHERE no = ?"
"""Its end."""
