"""What both real servers are tried with: bad certificates by host name, and every mechanism."""

from kit.servers import (
    CHAIN_MISSING_HOST,
    EXPIRED_HOST,
    NOT_YET_VALID_HOST,
    SELF_SIGNED_HOST,
    UNKNOWN_CA_HOST,
    WRONG_NAME_HOST,
)
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.servers import AuthenticationMethod

TLS_FAILURES = [
    (EXPIRED_HOST, DiagnosticCode.CERT_EXPIRED),
    (NOT_YET_VALID_HOST, DiagnosticCode.CERT_NOT_YET_VALID),
    (SELF_SIGNED_HOST, DiagnosticCode.CERT_SELF_SIGNED),
    (WRONG_NAME_HOST, DiagnosticCode.CERT_NAME_MISMATCH),
    (UNKNOWN_CA_HOST, DiagnosticCode.CERT_UNTRUSTED_ROOT),
    # what OpenSSL says of a missing intermediate is what it says of an unknown authority
    (CHAIN_MISSING_HOST, DiagnosticCode.CERT_UNTRUSTED_ROOT),
]
PASSWORD_METHODS = [
    (AuthenticationMethod.PLAIN, "PLAIN"),
    (AuthenticationMethod.LOGIN, "LOGIN"),
    (AuthenticationMethod.CRAM_MD5, "CRAM-MD5"),
    (AuthenticationMethod.SCRAM_SHA_256, "SCRAM-SHA-256"),
]
TOKEN_METHODS = [
    (AuthenticationMethod.XOAUTH2, "XOAUTH2"),
    (AuthenticationMethod.OAUTHBEARER, "OAUTHBEARER"),
]
