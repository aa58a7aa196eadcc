"""The services of one process, as the edge receives them."""

from dataclasses import dataclass

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.signing import Signer
from mailconfig.services.configs import ConfigService
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
    catalogue: Catalogue
    cursors: Signer
    """Signs page cursors."""
