"""TLS towards mail servers: shared contexts, what a failed handshake means, whose certificate.

The handshake itself belongs to `mail.wire`, which upgrades a connection with a context from here:

    context = await contexts.verified(request.trust_anchors)
    await loop.start_tls(transport, protocol, context, server_hostname=host)
    session = describe_session(transport.get_extra_info("ssl_object"))

When that raises, `classify(error)` names the failure; if it is among INSPECTABLE, `inspect` learns
certificate and version over a second connection that the caller made ready in the same way.

Must not open connections, look names up, or hand out a context that does not verify: the only one
without verification stays inside `inspect`, which sends nothing after the handshake.
"""

import asyncio
import hashlib
import re
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Final

from cryptography import x509

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.errors import Fault
from mailconfig.domain.probes import Certificate
from mailconfig.domain.text import cut, tidy

_RAW_MAX_CHARACTERS: Final = 4096
"""Read of any text in a certificate before it is cleaned; a hostile one can hold megabytes."""
_NAMES_MAX: Final = 100
"""Names told of one certificate: public authorities issue no more than that."""
_LEGACY_SERVER_CONNECT: Final = 0x4
"""OpenSSL's SSL_OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on (RFC 5746)."""


class TrustAnchorUnreadable(Fault):
    """The operator's CA file, or the PEM text of a configuration, holds no readable certificate."""


class CertificateUnreadable(Fault):
    """A server's certificate is no X.509 certificate, or one without readable dates."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Whom TLS towards mail servers trusts."""

    ca_file: Path | None = None
    """PEM file of trust anchors beside the system's."""
    anchors: tuple[str, ...] = ()
    """PEM certificates that are trusted like those of the file."""
    system_trust: bool = True
    """Whether the system's trust anchors count."""
    contexts_kept: int = 32
    """Contexts in memory, one for each set of anchors; each takes up to about 1 MiB."""


@dataclass(frozen=True, slots=True)
class TlsSession:
    """What a finished handshake agreed on."""

    version: str | None
    """Such as "TLSv1.3"."""
    cipher: str | None
    """OpenSSL's name of the cipher suite."""
    certificate: Certificate | None
    """The server's leaf; None where it sent none or none that can be read."""
    issuer_missing: bool | None = None
    """Whether the leaf came alone although it names where its issuer lies; None: not known."""


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """Why a handshake failed."""

    failure: Failure
    text: str
    """OpenSSL's words, cleaned and cut; empty where it had none."""
    verify_code: int | None = None
    """OpenSSL's X509_V_ERR number; set with Failure.TLS_VERIFY only."""


INSPECTABLE: Final = frozenset(
    {Failure.TLS_VERIFY, Failure.TLS_VERSION, Failure.TLS_ALERT, Failure.CLOSED}
)
"""Failures of a handshake about which `inspect` may tell more: the certificate or the version.

CLOSED is one: servers that know only outdated versions often hang up without an alert.
"""


class TlsContexts:
    """Shares one verifying client context per set of trust anchors; the oldest are forgotten.

    Building one costs tens of milliseconds, so that happens in a worker thread, once.
    """

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        self._kept: OrderedDict[bytes, ssl.SSLContext] = OrderedDict()
        self._building = asyncio.Lock()

    async def verified(self, trust_anchors: tuple[str, ...] = ()) -> ssl.SSLContext:
        """Return the context that trusts the system, the operator and these PEM certificates.

        It demands TLS 1.2 (RFC 8996), a valid chain and the host among the alternative names
        (RFC 9525: the common name does not count). Raises TrustAnchorUnreadable.
        """
        anchors = tuple(sorted(set(trust_anchors)))
        key = hashlib.sha256("\0".join(anchors).encode()).digest()
        async with self._building:
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(_verifying, self._settings, anchors)
                if len(self._kept) > self._settings.contexts_kept:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def _verifying(settings: TlsSettings, anchors: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and name by default
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    # An uploaded intermediate or leaf certificate is an anchor too, not only a root.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if settings.system_trust:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    try:
        if settings.ca_file is not None:
            context.load_verify_locations(cafile=settings.ca_file)
        # One by one: an empty one must not hide among the others.
        for anchor in (*settings.anchors, *anchors):
            # PEM is ASCII (RFC 7468); anything else stands in comments around it.
            context.load_verify_locations(cadata=anchor.encode("ascii", "ignore").decode())
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TrustAnchorUnreadable("A trust anchor cannot be read.") from error
    return context


_PLAINTEXT_REASONS: Final = frozenset(
    {
        "WRONG_VERSION_NUMBER",  # "220 ...", "* OK ...", "HTTP/1.1 ..."
        "HTTP_REQUEST",  # "GET ..."
        "HTTPS_PROXY_REQUEST",  # "CONNECT ..."
        "UNKNOWN_PROTOCOL",  # OpenSSL 1.x for the same
        "RECORD_LAYER_FAILURE",  # OpenSSL 3.2 and later for the same
        "PACKET_LENGTH_TOO_LONG",  # no TLS record has this size
        "BAD_RECORD_TYPE",  # no TLS record has this type
    }
)
_VERSION_REASONS: Final = frozenset(
    {
        "ALERT_PROTOCOL_VERSION",  # the server's word: it knows none of our versions
        "ALERT_INSUFFICIENT_SECURITY",  # the server's word: it wants stronger ciphers
        "ALERT_HANDSHAKE_FAILURE",  # the server's word: no common cipher, as a rule
        "UNSUPPORTED_PROTOCOL",  # our word: the server chose an outdated version
        "NO_PROTOCOLS_AVAILABLE",  # our word: nothing left to offer
        "NO_CIPHERS_AVAILABLE",
        "NO_SHARED_CIPHER",
        "WRONG_CIPHER_RETURNED",
        "UNKNOWN_CIPHER_RETURNED",
        "WRONG_SSL_VERSION",
        "DH_KEY_TOO_SMALL",
        "EE_KEY_TOO_SMALL",
        "CA_KEY_TOO_SMALL",
        "CA_MD_TOO_WEAK",
        "BAD_ECPOINT",
        "WRONG_CURVE",
        "WRONG_SIGNATURE_TYPE",  # SHA-1 signatures only
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",  # a server from before RFC 5746
    }
)
_ALERT_PREFIX: Final = re.compile(r"^(SSLV3|TLSV1|TLSV13|TLS)_(?=ALERT_)")
"""OpenSSL writes the version in which an alert was introduced before its name."""
_HANDSHAKE_TIMEOUT: Final = "SSL handshake is taking longer"
"""Begin of asyncio's ConnectionAbortedError on its own handshake timeout."""


def classify(error: BaseException) -> TlsFailure:
    """Name the failure that an exception out of a handshake stands for.

    Anything unknown is TLS_ALERT: any other failure of the handshake.
    """
    text = _words(str(error))
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailure(Failure.TLS_VERIFY, text, verify_code=getattr(error, "verify_code", None))
    if isinstance(error, ssl.SSLError):
        return TlsFailure(_of_openssl(error), text)
    if isinstance(error, TimeoutError) or text.startswith(_HANDSHAKE_TIMEOUT):
        return TlsFailure(Failure.TIMEOUT, text)
    if isinstance(error, (ConnectionError, EOFError)):
        return TlsFailure(Failure.CLOSED, text)
    return TlsFailure(Failure.TLS_ALERT, text)


def _of_openssl(error: ssl.SSLError) -> Failure:
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Failure.CLOSED
    reason = _ALERT_PREFIX.sub("", getattr(error, "reason", None) or "")
    if reason in _PLAINTEXT_REASONS:
        return Failure.TLS_PLAINTEXT
    if reason in _VERSION_REASONS:
        return Failure.TLS_VERSION
    return Failure.CLOSED if reason == "UNEXPECTED_EOF_WHILE_READING" else Failure.TLS_ALERT


def describe_session(session: ssl.SSLObject) -> TlsSession:
    """Tell what a finished handshake agreed on."""
    cipher = session.cipher()
    der = session.getpeercert(binary_form=True)
    return TlsSession(
        version=session.version(),
        cipher=None if cipher is None else cipher[0],
        certificate=None if der is None else _described(der),
        issuer_missing=None if der is None else _issuer_missing(der, _sent_certificates(session)),
    )


def _sent_certificates(session: ssl.SSLObject) -> int | None:
    """Count the certificates that the server sent; Python offers the list openly from 3.13 on."""
    inner = getattr(session, "_sslobj", session)
    list_chain = getattr(session, "get_unverified_chain", None) or getattr(
        inner, "get_unverified_chain", None
    )
    return None if list_chain is None else len(list_chain() or ())


def _issuer_missing(der: bytes, sent: int | None) -> bool | None:
    """Tell a chain that was left out from a private authority (RFC 5280, section 4.2.2.1)."""
    if sent is None:
        return None
    return sent == 1 and _names_its_issuers_place(der)


def _names_its_issuers_place(der: bytes) -> bool:
    try:
        access = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        )
    except (*_UNREADABLE, x509.ExtensionNotFound):
        return False
    place = x509.oid.AuthorityInformationAccessOID.CA_ISSUERS
    return any(each.access_method == place for each in access.value)


def _described(der: bytes) -> Certificate | None:
    try:
        return describe_certificate(der)
    except CertificateUnreadable:
        return None


def describe_certificate(der: bytes) -> Certificate:
    """Read a certificate for display (RFC 5280); parts that cannot be read are left empty.

    Raises CertificateUnreadable when there is no certificate in `der`, or none with dates.
    """
    try:
        parsed = x509.load_der_x509_certificate(der)
        not_before, not_after = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    except _UNREADABLE as error:
        raise CertificateUnreadable("The server's certificate cannot be read.") from error
    return Certificate(
        subject=_distinguished(lambda: parsed.subject),
        issuer=_distinguished(lambda: parsed.issuer),
        names=_names(parsed),
        not_before=not_before.astimezone(UTC),
        not_after=not_after.astimezone(UTC),
        sha256=hashlib.sha256(der).hexdigest(),
    )


_UNREADABLE: Final = (
    ValueError,  # broken DER, broken text, dates outside of the calendar
    TypeError,  # attribute values of a type that does not belong there
    OverflowError,  # dates outside of the calendar
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UserWarning,  # the library's warnings about odd numbers, where a process makes them errors
)
"""What the library raises for odd certificates."""


def _distinguished(read: Callable[[], x509.Name]) -> str:
    """Return a name in its text form (RFC 4514), or nothing."""
    try:
        return _words(read().rfc4514_string())
    except _UNREADABLE:
        return ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return DNS names and IP addresses of the alternative names (RFC 5280, section 4.2.1.6)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*found.get_values_for_type(x509.DNSName)]
        names += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    except (*_UNREADABLE, x509.ExtensionNotFound):
        return ()
    return tuple(_words(name) for name in names[:_NAMES_MAX])


def _words(text: str) -> str:
    return cut(tidy(text[:_RAW_MAX_CHARACTERS]))


class _Listener(asyncio.Protocol):
    """Takes what the server says after the handshake and forgets it."""


async def inspect(
    transport: asyncio.Transport, server_name: str, timeout_seconds: float
) -> TlsSession | None:
    """Learn version, cipher and certificate of a server whose handshake had failed.

    `transport` is a second connection through egress at the point where TLS begins: at once, or
    after STARTTLS was accepted. Verifies nothing, allows TLS 1.0 and weak keys, sends nothing but
    the handshake, and has aborted the connection when it returns. None: no handshake in time.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_seconds):
            upgraded = await loop.start_tls(
                transport, _Listener(), _inspecting(), server_hostname=server_name
            )
        session = upgraded and upgraded.get_extra_info("ssl_object")
        return describe_session(session) if session else None
    except (OSError, ValueError) as error:  # ssl.SSLError and TimeoutError are OSErrors
        error.with_traceback(None)  # its frames would keep 256 KiB of buffer until collected
        return None
    finally:
        transport.abort()


def _inspecting() -> ssl.SSLContext:
    """Return a context that accepts whatever a server has. Never send a secret through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    # Anonymous suites stay out: a server that preferred them would show no certificate.
    context.set_ciphers("ALL:!aNULL:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT
    return context
