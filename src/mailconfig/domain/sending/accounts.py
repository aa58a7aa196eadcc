"""What stands against an account's sending at the moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailconfig.domain.configs import ConfigStatus, EmailConfig
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.messages import HeldFor


@dataclass(frozen=True, slots=True)
class AccountHold:
    """Why an account does not send; what somebody has mended counts no more, see `holds`."""

    held_for: HeldFor
    """RATE, ACCOUNT or TOKEN_ENDPOINT."""
    code: DiagnosticCode
    until: datetime | None
    """When it is tried again; None: when somebody has mended it."""
    revision: int
    """Of the configuration when it failed."""
    test_id: UUID | None
    """Its latest test at that time."""

    def holds(self, config: EmailConfig, now: datetime) -> bool:
        """Tell whether it still stands."""
        if self.until is not None:
            return now < self.until
        tested = config.last_test_id != self.test_id and config.status is ConfigStatus.WORKING
        return config.revision == self.revision and not tested


@dataclass(frozen=True, slots=True)
class AccountPace:
    """What is kept about an account's sending."""

    paused_at: datetime | None = None
    """When somebody paused it."""
    hold: AccountHold | None = None
