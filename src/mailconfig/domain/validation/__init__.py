"""Checks a form while it is filled in: pure rules over a draft, no network.

Public: `Draft`, `ValidationPolicy`, `ValidationReport` and `validate`.
"""

from mailconfig.domain.validation.rules import validate
from mailconfig.domain.validation.values import Draft, ValidationPolicy, ValidationReport

__all__ = ["Draft", "ValidationPolicy", "ValidationReport", "validate"]
