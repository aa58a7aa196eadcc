"""Failures that are known by their kind: an exhaustive table, with the few that depend on more.

No text is read here, except where a library's text is all that tells a failure's kind apart.
"""

import re
from collections.abc import Callable
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.families import WELL_KNOWN_HOSTS
from mailconfig.domain.diagnostics.signatures import TLS_PORTS
from mailconfig.domain.diagnostics.values import Failure, Observation, Phase
from mailconfig.domain.servers import MailProtocol, TransportSecurity

VERIFY_CODES: Final[dict[int, Code]] = {
    2: Code.CERT_CHAIN_INCOMPLETE,  # UNABLE_TO_GET_ISSUER_CERT
    9: Code.CERT_NOT_YET_VALID,  # CERT_NOT_YET_VALID
    10: Code.CERT_EXPIRED,  # CERT_HAS_EXPIRED
    18: Code.CERT_SELF_SIGNED,  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: Code.CERT_UNTRUSTED_ROOT,  # SELF_SIGNED_CERT_IN_CHAIN
    20: Code.CERT_UNTRUSTED_ROOT,  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY: no trust anchor was reached
    21: Code.CERT_CHAIN_INCOMPLETE,  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
    62: Code.CERT_NAME_MISMATCH,  # HOSTNAME_MISMATCH
    63: Code.CERT_NAME_MISMATCH,  # EMAIL_MISMATCH
    64: Code.CERT_NAME_MISMATCH,  # IP_ADDRESS_MISMATCH
    66: Code.TLS_TOO_OLD,  # EE_KEY_TOO_SMALL
    67: Code.TLS_TOO_OLD,  # CA_KEY_TOO_SMALL
    68: Code.TLS_TOO_OLD,  # CA_MD_TOO_WEAK
}
"""OpenSSL's X509_V_ERR numbers (x509_vfy.h); all others say that the chain is not trusted."""

_NO_LOCAL_ISSUER: Final = 20
"""X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: an intermediate was not sent, or a root is foreign;
the number alone cannot tell."""

_MALFORMED_HOST: Final = re.compile(r"[\s@/\\,;\"'<>?#%]|\.\.|^\.|^$|^[^:]*:[^:]*$|[^.]{64}")
"""What no host name holds; a single colon is a port, several are an IPv6 address."""


def structural_code(observation: Observation) -> Code | None:
    """Name the code of a failure of a known kind; None if only a text can tell."""
    if observation.host is not None and _names_nothing(observation):
        return Code.HOST_SYNTAX
    return _RULES[observation.failure](observation)


def _names_nothing(observation: Observation) -> bool:
    opening = {None, Phase.DNS, Phase.CONFIG, Phase.CONNECT}
    return observation.phase in opening and bool(_MALFORMED_HOST.search(observation.host or ""))


def _always(code: Code | None) -> Callable[[Observation], Code | None]:
    def rule(_: Observation) -> Code | None:
        return code

    return rule


def _name_not_found(observation: Observation) -> Code:
    """A name that exists beyond doubt is not missing: our resolver is at fault."""
    known = WELL_KNOWN_HOSTS.fullmatch(observation.host or "")
    return Code.DNS_TEMPORARY if known else Code.DNS_NXDOMAIN


def _unreachable(observation: Observation) -> Code:
    is_ipv6 = ":" in (observation.host or "") or ":" in observation.text
    return Code.IPV6_BROKEN if is_ipv6 else Code.TCP_TIMEOUT


def _timeout(observation: Observation) -> Code:
    match observation.phase:
        case Phase.DNS:
            return Code.DNS_TEMPORARY
        case Phase.CONNECT:
            return Code.TCP_TIMEOUT
        case Phase.GREETING:
            # A server that waits for TLS says nothing (RFC 8314, section 3)
            waits = waits_for_tls(observation)
            return Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS if waits else Code.TCP_TIMEOUT
        case Phase.AUTHORIZE | Phase.TOKEN:
            return Code.OAUTH_ENDPOINT_DOWN
        case _:
            return Code.STEP_TIMEOUT


def _closed(observation: Observation) -> Code:
    opening = observation.phase in {Phase.GREETING, Phase.EHLO, Phase.CAPABILITY, Phase.STARTTLS}
    if opening and waits_for_tls(observation):
        return Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS
    if observation.phase in {Phase.AUTHORIZE, Phase.TOKEN}:
        return Code.OAUTH_ENDPOINT_DOWN
    return Code.TCP_RESET_EOF


def waits_for_tls(observation: Observation) -> bool:
    """Tell whether plain text was spoken on a port that is registered for TLS."""
    return (
        observation.port in TLS_PORTS
        and not observation.tls_active
        and observation.security is not TransportSecurity.TLS
    )


def _verify(observation: Observation) -> Code | None:
    if observation.tls_verify_code is None:
        return None
    if observation.tls_verify_code == _NO_LOCAL_ISSUER and observation.issuer_missing:
        return Code.CERT_CHAIN_INCOMPLETE
    return VERIFY_CODES.get(observation.tls_verify_code, Code.CERT_UNTRUSTED_ROOT)


def _alert(observation: Observation) -> Code | None:
    """A server that answers in TLS where its greeting is due was spoken to in plain text."""
    if observation.phase is Phase.GREETING and not observation.tls_active:
        return Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS
    return None


def _plaintext(observation: Observation) -> Code:
    """In clear text after STARTTLS was accepted, the server failed; else the mode is wrong."""
    if observation.security is TransportSecurity.STARTTLS:
        return Code.STARTTLS_FAILED_SERVER
    return Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN


def _no_mechanism(observation: Observation) -> Code:
    return Code.STARTTLS_REQUIRED if _wants_tls_first(observation) else Code.AUTH_MECHANISM


def _no_auth(observation: Observation) -> Code:
    if _wants_tls_first(observation):
        return Code.STARTTLS_REQUIRED
    return Code.AUTH_NOT_OFFERED_BEFORE_TLS


def _wants_tls_first(observation: Observation) -> bool:
    """LOGINDISABLED beside STARTTLS says so (RFC 9051, section 6.2.3)."""
    offers = {capability.upper() for capability in observation.capabilities}
    return (
        observation.protocol is MailProtocol.IMAP
        and not observation.tls_active
        and {"LOGINDISABLED", "STARTTLS"} <= offers
    )


_RULES: Final[dict[Failure, Callable[[Observation], Code | None]]] = {
    Failure.NAME_NOT_FOUND: _name_not_found,
    Failure.NAME_WITHOUT_ADDRESS: _always(Code.DNS_NO_ADDRESS),
    Failure.NAME_TEMPORARY: _always(Code.DNS_TEMPORARY),
    Failure.EGRESS_REFUSED: _always(Code.EGRESS_BLOCKED),
    Failure.REFUSED: _always(Code.TCP_REFUSED),
    Failure.UNREACHABLE: _unreachable,
    Failure.TIMEOUT: _timeout,
    Failure.CLOSED: _closed,
    Failure.TLS_VERIFY: _verify,
    Failure.TLS_VERSION: _always(Code.TLS_TOO_OLD),
    Failure.TLS_PLAINTEXT: _plaintext,
    Failure.TLS_ALERT: _alert,
    Failure.TOO_LARGE: _always(Code.RESPONSE_TOO_LARGE),
    Failure.VIOLATION: _always(Code.PROTOCOL_VIOLATION),
    Failure.FOREIGN_PROTOCOL: _always(Code.WRONG_PROTOCOL),
    Failure.INJECTION: _always(Code.STARTTLS_INJECTION),
    Failure.PREAUTH: _always(Code.PREAUTH_BEFORE_TLS),
    Failure.STARTTLS_MISSING: _always(Code.STARTTLS_NOT_OFFERED),
    Failure.NO_MECHANISM: _no_mechanism,
    Failure.UNSENDABLE: _always(Code.AUTH_NON_ASCII),
    Failure.NO_AUTH_OFFERED: _no_auth,
    Failure.REPLY: _always(None),
}
"""One rule for each kind of failure; a test compares it with the enum."""

UNREADABLE: Final[dict[Failure, Code]] = {
    Failure.TLS_VERIFY: Code.CERT_UNTRUSTED_ROOT,
    Failure.TLS_ALERT: Code.TCP_RESET_EOF,
    Failure.REPLY: Code.UNKNOWN_REPLY,
}
"""What remains when the text says nothing, for the kinds that need one."""
