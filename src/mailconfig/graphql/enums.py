"""The domain's enums as the schema shows them."""

from typing import Final

from mailconfig.domain.arrivals import MessageFolder
from mailconfig.domain.composition import Priority
from mailconfig.domain.configs import ConfigOrderField, ConfigStatus
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy, Phase
from mailconfig.domain.discovery import DiscoverySource, FindingStatus, Trust
from mailconfig.domain.domains import CheckKind, CheckVerdict
from mailconfig.domain.files import FileKind
from mailconfig.domain.identity import Channel, Role, Scope
from mailconfig.domain.issues import Severity, ValidationCode
from mailconfig.domain.mailboxes import ClientSource, GrantStatus
from mailconfig.domain.messages import (
    HeldFor,
    MessageEvent,
    MessageState,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.pages import OrderDirection
from mailconfig.domain.probes import StepKind, StepStatus, TestStatus
from mailconfig.domain.providers import Confidence, ProviderKind, ProviderStatus
from mailconfig.domain.reachability import IpVersion, PortState
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.domain.suppressions import SuppressionReason
from mailconfig.domain.workspaces import Quota
from mailconfig.graphql.describing import enum_type

NAMES: Final = {
    AuthenticationMethod: "AuthenticationMethod",
    Channel: "Channel",
    CheckKind: "DomainCheckKind",
    CheckVerdict: "DomainCheckVerdict",
    ClientSource: "OAuthClientSource",
    Confidence: "Confidence",
    ConfigOrderField: "EmailConfigOrderField",
    ConfigStatus: "EmailConfigStatus",
    DiagnosticCode: "DiagnosticCode",
    DiscoverySource: "DiscoverySource",
    FileKind: "FileKind",
    FindingStatus: "EvidenceStatus",
    FixableBy: "FixableBy",
    GrantStatus: "MailboxGrantStatus",
    HeldFor: "MessageHeldFor",
    IpVersion: "IpVersion",
    MailProtocol: "MailProtocol",
    MessageEvent: "MessageEvent",
    MessageFolder: "MessageFolder",
    MessageState: "MessageState",
    OrderDirection: "OrderDirection",
    Phase: "ConversationPhase",
    PortState: "PortState",
    Priority: "MessagePriority",
    ProviderKind: "ProviderKind",
    ProviderStatus: "ProviderStatus",
    RecipientKind: "RecipientKind",
    RecipientState: "RecipientState",
    Role: "Role",
    Quota: "WorkspaceQuotaKind",
    Scope: "Scope",
    Severity: "Severity",
    StepKind: "ConnectionTestStepKind",
    StepStatus: "ConnectionTestStepStatus",
    SuppressionReason: "SuppressionReason",
    TestStatus: "ConnectionTestStatus",
    TransportSecurity: "TransportSecurity",
    Trust: "Trust",
    ValidationCode: "ValidationCode",
}
"""Name in the schema of each enum; importing this module registers them all."""

for _enum, _name in NAMES.items():
    enum_type(_name)(_enum)
