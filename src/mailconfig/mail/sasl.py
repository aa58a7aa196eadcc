"""SASL (RFC 4422): which mechanism to use, and what each one says.

A mechanism is asked for an initial response, then for an answer to each challenge; `finish` is
called when the server reports success. Threat: the server is a stranger. It must not make us send
a password in clear text, answer without end, compute for minutes, or be believed when a mechanism
that proves the server did not do so. Must not know how SMTP and IMAP carry the messages, but that
both do so in base64 lines (`Exchange`).
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.secrets import NewSecret, SecretKind
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.scram import ScramSha256

CANCEL: Final = b"*"
"""Line by which a client gives an exchange up (RFC 4954 section 4, RFC 9051 section 6.2.2)."""
_NO_DATA: Final = b"="
"""An initial response that is empty (RFC 4954 section 4, RFC 4959 section 3)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in, with what, and where (OAUTHBEARER names the server)."""

    username: str
    secret: NewSecret
    host: str
    port: int


class Mechanism(Protocol):
    """One mechanism in one exchange."""

    remark: str
    """What the server said in the exchange that explains a refusal; not cleaned."""

    def initial(self) -> bytes | None:
        """Return what the client says first; None where the server has to begin."""
        ...

    async def respond(self, challenge: bytes) -> bytes:
        """Answer a challenge. Raises DialogueFailed VIOLATION where none may come."""
        ...

    def finish(self) -> None:
        """Check the reported success. Raises DialogueFailed where the server must not report it."""
        ...


class _Stepwise:
    """A mechanism with a fixed number of challenges, in which the server proves nothing."""

    challenges: ClassVar[int] = 0
    """How many the server may send; a hostile one would go on for ever."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._username = credentials.username
        self._secret = credentials.secret.value
        self._answered = 0
        self.remark = ""

    def initial(self) -> bytes | None:
        """See Mechanism; here the server begins."""
        return None

    async def respond(self, challenge: bytes) -> bytes:
        """See Mechanism."""
        self._answered += 1
        if self._answered > self.challenges:
            raise violation("The server goes on asking after the login is complete.")
        return self._answer(challenge)

    def finish(self) -> None:
        """See Mechanism; here the server is believed."""

    def _answer(self, _challenge: bytes) -> bytes:
        return b""


class Plain(_Stepwise):
    """RFC 4616."""

    name = "PLAIN"

    def initial(self) -> bytes:
        """Return authorization identity (none), user name and password."""
        return f"\0{self._username}\0{self._secret.reveal()}".encode()


class Login(_Stepwise):
    """The LOGIN mechanism (draft-murchison-sasl-login): a name, then a password.

    The prompts are not read: servers write them in many ways, some not even in base64.
    """

    name = "LOGIN"
    challenges = 2

    def _answer(self, _challenge: bytes) -> bytes:
        return (self._username if self._answered == 1 else self._secret.reveal()).encode()


class CramMd5(_Stepwise):
    """RFC 2195: a keyed digest of the server's challenge."""

    name = "CRAM-MD5"
    challenges = 1

    def _answer(self, challenge: bytes) -> bytes:
        digest = hmac.new(self._secret.reveal().encode(), challenge, "md5").hexdigest()
        return f"{self._username} {digest}".encode()


class _Bearer(_Stepwise):
    """What both token mechanisms share: a refusal is explained in a challenge, then repeated."""

    challenges = 1
    acknowledgement: ClassVar[bytes]
    """What makes the server go on to its final refusal."""

    def _answer(self, challenge: bytes) -> bytes:
        self.remark = _one_line_json(challenge)
        return self.acknowledgement

    def finish(self) -> None:
        """Raises VIOLATION for a success after an error challenge."""
        if self._answered:
            raise violation("The server accepted a token that it had just refused.")


class XOAuth2(_Bearer):
    """Google's and Microsoft's mechanism; the error challenge is answered by an empty line."""

    name = "XOAUTH2"
    acknowledgement = b""

    def initial(self) -> bytes:
        """Return user name and token."""
        return f"user={self._username}\x01auth=Bearer {self._secret.reveal()}\x01\x01".encode()


class OAuthBearer(_Bearer):
    """RFC 7628; the error challenge is answered by one 0x01 (section 3.2.3)."""

    name = "OAUTHBEARER"
    acknowledgement = b"\x01"

    def initial(self) -> bytes:
        """Return user name, server and token."""
        name = self._username.replace("=", "=3D").replace(",", "=2C")  # RFC 5801, section 4
        where = f"host={self._credentials.host}\x01port={self._credentials.port}"
        token = self._secret.reveal()
        return f"n,a={name},\x01{where}\x01auth=Bearer {token}\x01\x01".encode()


def _scram(credentials: Credentials) -> Mechanism:
    return ScramSha256(credentials.username, credentials.secret.value)


_BUILDERS: Final[dict[str, Callable[[Credentials], Mechanism]]] = {
    "PLAIN": Plain,
    "LOGIN": Login,
    "SCRAM-SHA-256": _scram,
    "CRAM-MD5": CramMd5,
    "XOAUTH2": XOAuth2,
    "OAUTHBEARER": OAuthBearer,
}

_PREFERENCE: Final[dict[tuple[SecretKind, bool], tuple[str, ...]]] = {
    (SecretKind.PASSWORD, True): ("PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5"),
    # Without TLS nothing that a listener could use again: no password, no token.
    (SecretKind.PASSWORD, False): ("SCRAM-SHA-256", "CRAM-MD5"),
    (SecretKind.ACCESS_TOKEN, True): ("XOAUTH2", "OAUTHBEARER"),
    (SecretKind.ACCESS_TOKEN, False): (),
}
"""Mechanisms by kind of secret and whether TLS is active, the first that is offered wins."""

_FORBIDDEN: Final = {
    # Separators of the mechanisms' own messages: inside a value they would end it.
    SecretKind.PASSWORD: frozenset("\0"),
    SecretKind.ACCESS_TOKEN: frozenset("\0\x01\r\n"),
}


def choose(
    method: AuthenticationMethod,
    credentials: Credentials,
    offered: Collection[str],
    *,
    tls_active: bool,
) -> str:
    """Return the name of the one mechanism to try; nothing has been sent when this raises.

    Raises DialogueFailed NO_AUTH_OFFERED where the server offers nothing, NO_MECHANISM where it
    offers nothing that method, kind of secret and connection allow, UNSENDABLE where user name or
    secret hold what ends the mechanism's own fields.
    """
    if not offered:
        raise DialogueFailed(Failure.NO_AUTH_OFFERED, "The server offers no login here.")
    allowed = _PREFERENCE[credentials.secret.kind, tls_active]
    if method is not AuthenticationMethod.AUTO:
        allowed = tuple(name for name in allowed if name == method.value.replace("_", "-"))
    chosen = next((name for name in allowed if name in offered), None)
    if chosen is None:
        raise DialogueFailed(
            Failure.NO_MECHANISM,
            "The server's login methods do not fit: " + ", ".join(sorted(offered)),
        )
    if not _sendable(credentials):
        raise DialogueFailed(
            Failure.UNSENDABLE, "User name or secret hold a character that cannot be sent."
        )
    return chosen


def _sendable(credentials: Credentials) -> bool:
    text = credentials.username + credentials.secret.value.reveal()
    if _FORBIDDEN[credentials.secret.kind].intersection(text):
        return False
    return not any("\ud800" <= each <= "\udfff" for each in text)  # surrogates: no UTF-8 form


class Exchange:
    """One authentication exchange as SMTP and IMAP carry it: base64 lines both ways."""

    def __init__(self, name: str, credentials: Credentials) -> None:
        self._mechanism = _BUILDERS[name](credentials)
        self._pending = self._mechanism.initial()

    @property
    def remark(self) -> str:
        """See Mechanism."""
        return self._mechanism.remark

    def initial_response(self, room_bytes: int) -> bytes | None:
        """Return the initial response in base64, or None: the server begins, or no room for it."""
        if self._pending is None:
            return None
        line = base64.b64encode(self._pending) or _NO_DATA
        if len(line) > room_bytes:
            return None
        self._pending = None
        return line

    async def answer(self, challenge_line: bytes) -> bytes:
        """Return the answer to a challenge, both in base64.

        The challenge that only asks for an initial response not yet sent is not read.
        """
        if self._pending is not None:
            response, self._pending = self._pending, None
        else:
            response = await self._mechanism.respond(self._decoded(challenge_line))
        return base64.b64encode(response)

    def finish(self) -> None:
        """See Mechanism."""
        if self._pending is not None:
            raise violation("The server reported success before anything was sent.")
        self._mechanism.finish()

    def _decoded(self, line: bytes) -> bytes:
        try:
            return binascii.a2b_base64(line, strict_mode=True) if line else b""
        except binascii.Error as error:
            if isinstance(self._mechanism, Login):
                return b""
            raise violation("The server sent a challenge that is not base64.") from error


def _one_line_json(challenge: bytes) -> str:
    """Return an error challenge as compact JSON, or its text where it is none."""
    text = challenge.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
