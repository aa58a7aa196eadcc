"""SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password.

Threat: a server that does not know the password but pretends to, that replays another exchange,
or that asks for so many iterations that this process computes for minutes. Limits: no channel
binding (-PLUS), as Python's ssl offers none for TLS 1.3.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar, Final

from mailconfig.domain.secrets import Secret
from mailconfig.mail.failures import violation
from mailconfig.mail.saslprep import Unpreparable, prepared

ITERATIONS_MIN: Final = 4096
"""RFC 7677 section 4; fewer would make the sent proof cheap to guess from."""
ITERATIONS_MAX: Final = 1_000_000
"""About 0.4 s of one core; real servers use 4,096 to 310,000."""
_NONCE_BYTES: Final = 18
"""24 characters of base64 without padding; RFC 5802 names no size, 144 bits do not repeat."""
_COUNT: Final = re.compile(r"[1-9][0-9]{0,9}\Z")
"""posit-number (RFC 5802, section 7) of a length that is cheap to read."""
_GS2_HEADER: Final = "n,,"
"""No channel binding, no authorization identity (RFC 5802, section 7)."""


@dataclass(frozen=True, slots=True)
class _ServerFirst:
    """server-first-message (RFC 5802, section 7)."""

    nonce: str
    salt: bytes
    iterations: int


class ScramSha256:
    """One exchange: client-first, server-first, client-final, server-final."""

    name: ClassVar[str] = "SCRAM-SHA-256"

    def __init__(self, username: str, secret: Secret, nonce: str | None = None) -> None:
        """`nonce` is for tests that know the answers; otherwise it is random."""
        self._secret = secret
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()
        # RFC 5802 section 5.1: "=" and "," are written =3D and =2C.
        name = _prepared(username).replace("=", "=3D").replace(",", "=2C")
        self._first_bare = f"n={name},r={self._nonce}"
        self._expected_signature: bytes | None = None
        self._verified = False
        self.remark = ""

    def initial(self) -> bytes:
        """Return client-first-message."""
        return (_GS2_HEADER + self._first_bare).encode()

    async def respond(self, challenge: bytes) -> bytes:
        """Answer server-first by the proof, server-final by nothing once its signature is right."""
        if self._verified or self.remark:
            raise violation("The server goes on asking after the login is complete.")
        if self._expected_signature is None:
            return await self._client_final(_text(challenge))
        self._verify(_text(challenge))
        return b""

    def finish(self) -> None:
        """Raises VIOLATION where success was reported without the server's proof."""
        if not self._verified:
            raise violation("The server did not prove that it knows the password.")

    async def _client_final(self, server_first: str) -> bytes:
        challenge = self._read(server_first)
        without_proof = f"c={base64.b64encode(_GS2_HEADER.encode()).decode()},r={challenge.nonce}"
        message = f"{self._first_bare},{server_first},{without_proof}".encode()
        salted = await asyncio.to_thread(  # up to half a second that would stop every other test
            hashlib.pbkdf2_hmac,
            "sha256",
            _prepared(self._secret.reveal()).encode(),
            challenge.salt,
            challenge.iterations,
        )
        # RFC 5802, section 3
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        stored_key = hashlib.sha256(client_key).digest()
        signature = hmac.digest(stored_key, message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self._expected_signature = hmac.digest(server_key, message, "sha256")
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def _read(self, server_first: str) -> _ServerFirst:
        """Raises VIOLATION for a foreign nonce, extensions (m=), and counts out of bounds."""
        nonce, salt, count = _attributes(server_first, "rsi")
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise violation("The server's nonce does not continue ours.")
        iterations = int(count) if _COUNT.match(count) else 0
        if not ITERATIONS_MIN <= iterations <= ITERATIONS_MAX:
            raise violation("The server asks for an iteration count that is out of bounds.")
        return _ServerFirst(nonce, _base64(salt), iterations)

    def _verify(self, server_final: str) -> None:
        if server_final.startswith("e="):  # server-error: the refusal itself follows
            self.remark = server_final
            return
        (signature,) = _attributes(server_final, "v")
        if not hmac.compare_digest(_base64(signature), self._expected_signature or b""):
            raise violation("The server's proof is wrong: it does not know the password.")
        self._verified = True


def _attributes(message: str, names: str) -> list[str]:
    """Return the values of the attributes, which must stand first and in this order."""
    parts = message.split(",")
    if len(parts) < len(names) or any(
        not part.startswith(f"{name}=") for name, part in zip(names, parts, strict=False)
    ):
        raise violation("The server's message is not one of SCRAM.")
    return [part[2:] for part in parts[: len(names)]]


def _text(challenge: bytes) -> str:
    try:
        return challenge.decode("utf-8")
    except UnicodeDecodeError as error:
        raise violation("The server's message is not one of SCRAM.") from error


def _base64(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise violation("The server's message is not one of SCRAM.") from error


def _prepared(text: str) -> str:
    """Return SASLprep's form; where it has none, the text itself: many servers never prepare."""
    try:
        return prepared(text)
    except Unpreparable:
        return text
