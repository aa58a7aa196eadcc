"""Asks a domain for its configuration in JSON (draft-ietf-mailmaint-pacc).

A TXT record at _ua-auto-config.<domain> holds the SHA-256 of a document, which is at
https://ua-auto-config.<domain>/.well-known/user-agent-configuration.json. The record comes first:
where there is none, there is no document that may be used (on some domains anybody can have a
sub-domain of any name), and nothing else is asked. The document names hosts only: IMAP and
submission are spoken on their default ports with TLS from the first byte.

Drafts up to 02 call submission "smtp", later ones "submit"; both are read.
"""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Iterable
from functools import partial
from typing import Final

from mailconfig.domain.clock import Now
from mailconfig.domain.discovery import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Query,
)
from mailconfig.domain.fetching import Fetcher
from mailconfig.domain.hosts import HostInvalid, parse_host
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.resolution import NameNotFound, NameTemporary, Records
from mailconfig.domain.servers import (
    DEFAULT_PORTS,
    AuthenticationMethod,
    MailProtocol,
    TransportSecurity,
)
from mailconfig.domain.text import cut, tidy
from mailconfig.remote.documents import DocumentInvalid, Question, Reading, ask

_NAME_MAX_CHARS: Final = 60
"""Shown of an operator's name, as long as the draft lets it be."""
_DEPTH_MAX: Final = 16
"""Deepest nesting; the draft needs 4."""
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A string, also one without an end: it is read once and never again from its middle."""
_BRACKET: Final = re.compile(r"[\[\]{}]")


class PaccSource:
    """Asks for the digest, then for the document."""

    kind = DiscoverySource.PACC

    def __init__(self, fetcher: Fetcher, records: Records, now: Now) -> None:
        self._fetcher = fetcher
        self._records = records
        self._now = now

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask; never raises for what strangers do, never later than `seconds`; cancellable."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        name = f"_ua-auto-config.{query.domain}"
        try:
            async with asyncio.timeout(seconds):
                texts = (await self._records.txt(name)).records
        except NameNotFound:
            texts = ()
        except (NameTemporary, TimeoutError) as error:
            return self._unanswered(name, error)
        digests = frozenset(_digests(texts))
        if not digests:
            nothing = phrase("There is no checksum of a configuration file at {name}.", name=name)
            return Finding(self.kind, FindingStatus.NOTHING, nothing, self._now())
        url = f"https://ua-auto-config.{query.domain}/.well-known/user-agent-configuration.json"
        question = Question(self.kind, url, partial(_vouched, digests=digests))
        return await ask(self._fetcher, question, end - loop.time(), self._now)

    def _unanswered(self, name: str, error: Exception) -> Finding:
        late = isinstance(error, TimeoutError)
        status = FindingStatus.TIMED_OUT if late else FindingStatus.UNAVAILABLE
        detail = phrase("The DNS gave no answer about {name}.", name=name)
        return Finding(self.kind, status, detail, self._now(), ttl_seconds=60)


def _digests(texts: Iterable[str]) -> Iterable[bytes]:
    """Yield the SHA-256 digests of records such as "v=UAAC1; a=sha256; d=<base64>".

    There may be several while a document changes. Unknown tags and other records are passed over.
    """
    for text in texts:
        pairs = (each.partition("=") for each in text.split(";"))
        tags = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if tags.get("v", "").upper() == "UAAC1" and tags.get("a", "").lower() == "sha256":
            digest = _decoded(tags.get("d", ""))
            if len(digest) == hashlib.sha256().digest_size:
                yield digest


def _decoded(text: str) -> bytes:
    """Return what base64 stands for, nothing for what is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, and for characters beyond ASCII
        return b""


def _vouched(body: bytes, digests: frozenset[bytes]) -> Reading:
    if hashlib.sha256(body).digest() not in digests:
        raise DocumentInvalid(N_("Its checksum is not the one in the DNS."))
    return read_pacc(body)


def read_pacc(body: bytes) -> Reading:
    """Return the servers that a document names. Raises DocumentInvalid."""
    document = _parsed(body)
    methods = tuple(_methods(_object(document, "authentication")))
    protocols = _object(document, "protocols")
    incoming = _server(MailProtocol.IMAP, _object(protocols, "imap"), methods)
    submission = "submit" if "submit" in protocols else "smtp"
    outgoing = _server(MailProtocol.SMTP, _object(protocols, submission), methods)
    name = _object(_object(document, "info"), "provider").get("name")
    shown = cut(tidy(name), _NAME_MAX_CHARS) if isinstance(name, str) else None
    return Reading(Proposal(incoming, outgoing, display_name=shown or None))


def _parsed(body: bytes) -> dict[str, object]:
    """Parse strict JSON (RFC 8259) in UTF-8: no name twice, no NaN, no endless nesting."""
    try:
        text = _shallow(body.decode("utf-8"))
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except ValueError as error:  # no UTF-8, no JSON, endless numbers
        raise DocumentInvalid(N_("It is not JSON.")) from error
    if not isinstance(found, dict):
        raise DocumentInvalid(N_("It is not a JSON object."))
    return found


def _shallow(text: str) -> str:
    """Return the text; raises DocumentInvalid where it is nested deeper than any document."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEPTH_MAX:
            raise DocumentInvalid(N_("It is nested too deeply."))
    return text


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):  # readers disagree on which one counts
        raise DocumentInvalid(N_("It holds the same name twice."))
    return found


def _no_number(constant: str) -> object:
    raise ValueError(constant)


def _object(parent: dict[str, object], name: str) -> dict[str, object]:
    """Return a member that must be an object, an empty one where it is missing."""
    member = parent.get(name, {})
    if not isinstance(member, dict):
        raise DocumentInvalid(phrase("Its part {name} is not a JSON object.", name=name))
    return member


def _methods(authentication: dict[str, object]) -> Iterable[AuthenticationMethod]:
    """Yield how to sign in: with the issuer's tokens (draft-ietf-mailmaint-oauth-public) first."""
    issuer = _object(authentication, "oauth-public").get("issuer")
    if isinstance(issuer, str) and issuer.startswith("https://"):
        yield AuthenticationMethod.OAUTHBEARER
    if authentication.get("password") is True:
        yield AuthenticationMethod.PLAIN
        yield AuthenticationMethod.LOGIN


def _server(
    protocol: MailProtocol, member: dict[str, object], methods: tuple[AuthenticationMethod, ...]
) -> tuple[FoundServer, ...]:
    """Return the one server of a protocol, or none where the document does not name it."""
    if not member:
        return ()
    try:
        host = parse_host(str(member.get("host", "")))
    except HostInvalid:
        raise DocumentInvalid(N_("It names a server without a host name.")) from None
    security = TransportSecurity.TLS
    port = DEFAULT_PORTS[protocol, security]
    return (FoundServer(protocol, host, port, security, authentication=methods),)
