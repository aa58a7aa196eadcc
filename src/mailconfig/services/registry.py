"""The services of one process, as the edge receives them."""

from dataclasses import dataclass

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.languages import Languages
from mailconfig.domain.signing import Signer
from mailconfig.services.audit import AuditService
from mailconfig.services.configs import ConfigService
from mailconfig.services.discovery import DiscoveryService
from mailconfig.services.domains import DomainService
from mailconfig.services.explaining import ExplainService
from mailconfig.services.files import FileService
from mailconfig.services.identity import IdentityService
from mailconfig.services.probes import ProbeService
from mailconfig.services.validation import ValidationService


@dataclass(frozen=True, slots=True)
class Services:
    """One service a noun."""

    identity: IdentityService
    configs: ConfigService
    probes: ProbeService
    files: FileService
    validation: ValidationService
    explaining: ExplainService
    domains: DomainService
    discovery: DiscoveryService
    audit: AuditService
    catalogue: Catalogue
    languages: Languages
    """What texts for people are said in."""
    cursors: Signer
    """Signs page cursors."""
