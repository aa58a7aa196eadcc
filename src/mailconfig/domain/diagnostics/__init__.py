"""Diagnosis: what a failure means, who can mend it and how. Pure and driven by data."""

from mailconfig.domain.diagnostics.codes import DiagnosticCode, FixableBy
from mailconfig.domain.diagnostics.engine import describe, diagnose, diagnose_code
from mailconfig.domain.diagnostics.fixes import propose_fixes
from mailconfig.domain.diagnostics.values import (
    Diagnosis,
    Observation,
    Phase,
    SettingsFix,
)

__all__ = [
    "Diagnosis",
    "DiagnosticCode",
    "FixableBy",
    "Observation",
    "Phase",
    "SettingsFix",
    "describe",
    "diagnose",
    "diagnose_code",
    "propose_fixes",
]
