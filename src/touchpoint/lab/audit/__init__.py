"""`audit`: the seven rules of engagement, held against journeys, channels and history (S8.3)."""

from touchpoint.lab.audit.auditing import audit
from touchpoint.lab.audit.listening import ListeningPost
from touchpoint.lab.audit.result import Audit, Criterion, Evidence, Judged, Place

__all__ = ["Audit", "Criterion", "Evidence", "Judged", "ListeningPost", "Place", "audit"]
