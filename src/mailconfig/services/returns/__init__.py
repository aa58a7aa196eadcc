"""After a message was sent: its copy in Sent, and what comes back of it; per account, if wanted."""

from mailconfig.services.returns.noting import note_sent
from mailconfig.services.returns.options import SendingOptionsService
from mailconfig.services.returns.reports import Reports
from mailconfig.services.returns.visitor import Visitor, VisitorSettings
from mailconfig.services.returns.visits import VisitPolicy, Visits

__all__ = [
    "Reports",
    "SendingOptionsService",
    "VisitPolicy",
    "Visitor",
    "VisitorSettings",
    "Visits",
    "note_sent",
]
