"""Why nothing can be set up, in words about the address: codes were made for servers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mailconfig.domain.diagnostics import Diagnosis, DiagnosticCode, describe
from mailconfig.domain.discovery.values import Discovery
from mailconfig.domain.phrases import N_
from mailconfig.domain.providers import Provider, ProviderStatus

_WORDS: Final[Mapping[DiagnosticCode, tuple[str, str]]] = {
    DiagnosticCode.DNS_NXDOMAIN: (
        N_("The domain of this address does not exist."),
        N_("Look for a typing error in the part of the address after the @."),
    ),
    DiagnosticCode.DNS_NO_ADDRESS: (
        N_("The domain of this address takes no mail."),
        N_("Look for a typing error, or enter another address of yours."),
    ),
    DiagnosticCode.DNS_TEMPORARY: (
        N_("The domain of this address could not be looked up just now."),
        N_("Try again in a few minutes, or enter the servers yourself."),
    ),
}
"""Title and advice where the taxonomy's speak of a server name."""
_CLOSED: Final = (
    N_("This mail service has ended."),
    N_("Enter an address of the service that your mailbox was moved to, or of another one."),
)
_ENDED: Final = frozenset({ProviderStatus.CLOSED, ProviderStatus.MOVED})


def reason(answer: Discovery, provider: Provider | None) -> Diagnosis | None:
    """Say why nothing can be set up for the address; None where something can, or nobody knows."""
    if answer.code is None:
        return None
    found = describe(answer.code, None, provider)
    words = _WORDS.get(answer.code)
    if answer.code is DiagnosticCode.NO_CLIENT_ACCESS and provider and provider.status in _ENDED:
        words = _CLOSED
    if words is not None:
        found = replace(found, title=words[0], advice=words[1])
    # Nothing was entered but an address: that is what there is to look at.
    return replace(found, paths=(("emailAddress",),))
