"""The domain's enums as the schema shows them."""

from typing import Final

from mailconfig.domain.configs import ConfigOrderField, ConfigStatus
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy
from mailconfig.domain.files import FileKind
from mailconfig.domain.identity import Role
from mailconfig.domain.issues import Severity, ValidationCode
from mailconfig.domain.pages import OrderDirection
from mailconfig.domain.probes import StepKind, StepStatus, TestStatus
from mailconfig.domain.providers import Confidence, ProviderKind, ProviderStatus
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.graphql.describing import enum_type

NAMES: Final = {
    AuthenticationMethod: "AuthenticationMethod",
    Confidence: "Confidence",
    ConfigOrderField: "EmailConfigOrderField",
    ConfigStatus: "EmailConfigStatus",
    DiagnosticCode: "DiagnosticCode",
    FileKind: "FileKind",
    FixableBy: "FixableBy",
    MailProtocol: "MailProtocol",
    OrderDirection: "OrderDirection",
    ProviderKind: "ProviderKind",
    ProviderStatus: "ProviderStatus",
    Role: "Role",
    Severity: "Severity",
    StepKind: "ConnectionTestStepKind",
    StepStatus: "ConnectionTestStepStatus",
    TestStatus: "ConnectionTestStatus",
    TransportSecurity: "TransportSecurity",
    ValidationCode: "ValidationCode",
}
"""Name in the schema of each enum; importing this module registers them all."""

for _enum, _name in NAMES.items():
    enum_type(_name)(_enum)
