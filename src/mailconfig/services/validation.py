"""Checking drafts for the form: the rules of the domain under this instance's policy."""

from dataclasses import dataclass

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.validation import Draft, ValidationPolicy, ValidationReport, validate


@dataclass(frozen=True, slots=True)
class ValidationService:
    """Runs the rules; touches neither network nor storage."""

    catalogue: Catalogue
    policy: ValidationPolicy
    now: Now

    def check(self, draft: Draft) -> ValidationReport:
        """Return the issues of a draft and the provider that its address or choice names."""
        return validate(draft, self.catalogue, self.policy, self.now().date())
