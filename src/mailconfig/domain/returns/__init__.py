"""What comes back of messages that were sent: delivery reports and complaints, read and matched.

Pure: `reading` makes a report of a mail, `matching` says what it means for one of our messages.
"""

from mailconfig.domain.returns.matching import Returned, matched
from mailconfig.domain.returns.reading import REPORT_MAX_BYTES, read_report
from mailconfig.domain.returns.values import (
    ComplaintReport,
    DeliveryReport,
    RecipientReport,
    Report,
    ReportAction,
)

__all__ = [
    "REPORT_MAX_BYTES",
    "ComplaintReport",
    "DeliveryReport",
    "RecipientReport",
    "Report",
    "ReportAction",
    "Returned",
    "matched",
    "read_report",
]
