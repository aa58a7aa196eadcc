"""The services of one process, as the edge receives them."""

from dataclasses import dataclass, field

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.languages import Languages
from mailconfig.domain.signing import Signer
from mailconfig.services.audit import AuditService
from mailconfig.services.authorizations import AuthorizationService
from mailconfig.services.bearers import Bearers
from mailconfig.services.configs import ConfigService
from mailconfig.services.denials import Denials
from mailconfig.services.discovery import DiscoveryService
from mailconfig.services.domains import DomainService
from mailconfig.services.erasure import ErasureService
from mailconfig.services.explaining import ExplainService
from mailconfig.services.exports import ExportService
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.identity import IdentityService
from mailconfig.services.invitations import InvitationService
from mailconfig.services.messagechanges import MessageChanges
from mailconfig.services.messages import MessageService
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.services.probes import ProbeService
from mailconfig.services.quotas import QuotaService
from mailconfig.services.resetmail import ResetMail
from mailconfig.services.returns import SendingOptionsService
from mailconfig.services.senders import SenderService
from mailconfig.services.suppressions import SuppressionService
from mailconfig.services.unsubscribing import UnsubscribeService
from mailconfig.services.validation import ValidationService
from mailconfig.services.workspaces import WorkspaceService


@dataclass(frozen=True, slots=True)
class Services:
    """One service a noun."""

    identity: IdentityService
    bearers: Bearers
    """Keys, embed tokens and tokens of the host application."""
    configs: ConfigService
    probes: ProbeService
    reset_mail: ResetMail
    """Mails tokens for forgotten passwords, once its loop runs."""
    messages: MessageService
    message_changes: MessageChanges
    suppressions: SuppressionService
    unsubscribing: UnsubscribeService
    sending_options: SendingOptionsService
    senders: SenderService
    files: FileService
    validation: ValidationService
    explaining: ExplainService
    domains: DomainService
    discovery: DiscoveryService
    audit: AuditService
    authorizations: AuthorizationService
    grants: GrantService
    oauth_clients: OAuthClientService
    workspaces: WorkspaceService
    invitations: InvitationService
    quotas: QuotaService
    exports: ExportService
    erasure: ErasureService
    catalogue: Catalogue
    languages: Languages
    """What texts for people are said in."""
    cursors: Signer
    """Signs page cursors."""
    denials: Denials = field(default_factory=Denials)
    """Writes down who was refused."""
