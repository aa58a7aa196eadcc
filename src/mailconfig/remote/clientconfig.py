"""Reads clientConfig documents (draft-ietf-mailmaint-autoconfig, section "XML configuration").

Threat: the document is a stranger's. Documents with a DTD, entities or external references are
refused before anything of them is used; every value is checked; what clients must not do, such as
signing in without TLS, is left out with a reason. Must not fetch anything.
"""

import re
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, ParseError  # nosec B405

import defusedxml
from defusedxml.ElementTree import fromstring

from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery import FoundServer, Proposal, Query
from mailconfig.domain.hosts import HostInvalid, parse_host
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.servers import (
    DEFAULT_PORTS,
    AuthenticationMethod,
    MailProtocol,
    TransportSecurity,
)
from mailconfig.domain.text import cut, tidy
from mailconfig.remote.documents import DocumentInvalid, Reading

_PLACEHOLDER: Final = re.compile(r"%([A-Z]+)%")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_PORT_MAX: Final = 65535
_NAME_MAX_CHARS: Final = 100
"""Shown of an operator's name."""
_USERNAME_MAX_CHARS: Final = 320
"""Longest user name: the longest local part, @ and the longest domain."""
_SERVERS_MAX: Final = 20
"""Read of each kind; the longest list of the public database has 6."""
_LOOKED_AT_BYTES: Final = 1024
"""Where a web page shows itself."""

_PROTOCOLS: Final = {
    "incomingServer": ("imap", MailProtocol.IMAP),
    "outgoingServer": ("smtp", MailProtocol.SMTP),
}
"""Type that each element must have; others (pop3, jmap, exchange) are not spoken here."""
_SECURITY: Final = {
    "ssl": TransportSecurity.TLS,
    "tls": TransportSecurity.TLS,
    "starttls": TransportSecurity.STARTTLS,
    "plain": TransportSecurity.NONE,
}
"""Values of socketType, in lower case; "TLS" is not in the draft and means SSL where it is used."""

_PASSWORD: Final = (AuthenticationMethod.PLAIN, AuthenticationMethod.LOGIN)
_CHALLENGE: Final = (AuthenticationMethod.SCRAM_SHA_256, AuthenticationMethod.CRAM_MD5)
_METHODS: Final[dict[str, tuple[AuthenticationMethod, ...]]] = {
    "password-cleartext": _PASSWORD,
    "plain": _PASSWORD,  # the word of older documents
    "password-encrypted": _CHALLENGE,
    "secure": _CHALLENGE,  # the word of older documents
    "oauth2": (AuthenticationMethod.XOAUTH2, AuthenticationMethod.OAUTHBEARER),
    "client-ip-address": (AuthenticationMethod.NONE,),
    "none": (AuthenticationMethod.NONE,),
}
"""Values of authentication, in lower case. NTLM, GSSAPI and client certificates are not spoken."""

_OWNERS: Final = {
    port: (protocol, security)
    for (protocol, security), port in DEFAULT_PORTS.items()
    if security is not TransportSecurity.NONE
} | {25: (MailProtocol.SMTP, TransportSecurity.STARTTLS), 110: None, 995: None}
"""What each registered port is for; None: for protocols that are not spoken here (POP3)."""


def read_client_config(body: bytes, query: Query) -> Reading:
    """Return the servers of a document in its order, placeholders filled from the question.

    Raises DocumentInvalid, with AUTOCONFIG_HTML for a web page.
    """
    provider = _root(body).find("emailProvider")
    if provider is None:
        raise DocumentInvalid(N_("It names no provider."))
    found: dict[MailProtocol, list[FoundServer]] = {each: [] for each in MailProtocol}
    left_out = []
    for element in _servers(provider):
        try:
            server = _server(element, query)
        except _LeftOut as error:
            left_out.append(error.reason)
        else:
            found[server.protocol].append(server)
    proposal = Proposal(
        incoming=tuple(found[MailProtocol.IMAP]),
        outgoing=tuple(found[MailProtocol.SMTP]),
        display_name=cut(tidy(_text(provider, "displayName")), _NAME_MAX_CHARS) or None,
    )
    return Reading(proposal, tuple(left_out))


class _LeftOut(Exception):
    """A server is of no use; `reason` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _root(body: bytes) -> Element:
    start = body[:_LOOKED_AT_BYTES].lower()
    if b"<!doctype html" in start or b"<html" in start:
        raise DocumentInvalid(N_("It is a web page."), DiagnosticCode.AUTOCONFIG_HTML)
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except defusedxml.DefusedXmlException as error:
        raise DocumentInvalid(
            N_("It holds a document type or entities, which are not allowed.")
        ) from error
    except (ParseError, ValueError, LookupError) as error:  # the latter two: odd encodings
        raise DocumentInvalid(N_("It is not well-formed XML.")) from error
    if root.tag != "clientConfig":
        raise DocumentInvalid(N_("It is an XML document of another kind."))
    return root


def _servers(provider: Element) -> Iterable[Element]:
    for tag, (wanted, _) in _PROTOCOLS.items():
        of_type = [each for each in provider.findall(tag) if _type(each) == wanted]
        yield from of_type[:_SERVERS_MAX]


def _type(element: Element) -> str:
    return element.get("type", "").strip().lower()


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _server(element: Element, query: Query) -> FoundServer:
    """Return a server whose values are all right. Raises _LeftOut."""
    protocol = _PROTOCOLS[element.tag][1]
    host = _host(element, query)
    port = _port(element, host)
    security = _security(element, host)
    if not _plausible(protocol, port, security):
        raise _LeftOut(
            phrase(
                "{host} was left out: port {port} does not fit {protocol} with {security}.",
                host=host,
                port=port,
                protocol=protocol.value,
                security=security.value,
            )
        )
    named = (each.text or "" for each in element.findall("authentication"))
    methods = dict.fromkeys(method for each in named for method in _methods(each))
    return FoundServer(protocol, host, port, security, _username(element, query), tuple(methods))


def _methods(text: str) -> tuple[AuthenticationMethod, ...]:
    return _METHODS.get(text.strip().lower(), ())


def _host(element: Element, query: Query) -> str:
    """Return the name, made of the domain alone: what is kept serves everybody of the domain."""
    everybody = Query(query.domain)
    try:
        return parse_host(_filled(_text(element, "hostname"), everybody) or "")
    except HostInvalid:
        raise _LeftOut(N_("A server was left out: it has no valid host name.")) from None


def _port(element: Element, host: str) -> int:
    text = _text(element, "port")
    port = int(text) if _PORT.fullmatch(text) else 0
    if not 1 <= port <= _PORT_MAX:
        raise _LeftOut(phrase("{host} was left out: it has no valid port.", host=host))
    return port


def _security(element: Element, host: str) -> TransportSecurity:
    security = _SECURITY.get(_text(element, "socketType").lower())
    if security is None:
        raise _LeftOut(
            phrase("{host} was left out: its kind of encryption is not known.", host=host)
        )
    if security is TransportSecurity.NONE:
        raise _LeftOut(
            phrase("{host} was left out: it is to be used without encryption.", host=host)
        )
    return security


def _plausible(protocol: MailProtocol, port: int, security: TransportSecurity) -> bool:
    """Tell whether a registered port is used for what it is registered for; others are free."""
    return port not in _OWNERS or _OWNERS[port] == (protocol, security)


def _username(element: Element, query: Query) -> str | None:
    name = _filled(_text(element, "username"), query)
    usable = name and len(name) <= _USERNAME_MAX_CHARS and tidy(name) == name
    return name if usable else None


def _filled(template: str, query: Query) -> str | None:
    """Fill the placeholders; None where one is unknown, broken, or needs an address we lack."""
    known = {"EMAILDOMAIN": query.domain}
    if query.address is not None:
        known |= {
            "EMAILADDRESS": query.address,
            "EMAILLOCALPART": query.address.rpartition("@")[0],
        }
    names = set(_PLACEHOLDER.findall(template))
    if not names <= known.keys() or "%" in _PLACEHOLDER.sub("", template):
        return None
    return _PLACEHOLDER.sub(lambda match: known[match[1]], template)
