"""Signing in at a simulated server: reading SASL messages (RFC 4422) and judging them.

The one secret of all accounts is public. Must not log what a client sends: people type real
passwords into wrong forms.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from mailconfig.simulator.services import PASSWORD, Account, Service

REFUSED_TOKEN: Final = base64.b64encode(
    json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}).encode()
).decode()
"""Error challenge of XOAUTH2; the client answers it with an empty line."""
PROMPTS: Final = ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")
"""User name and password in base64, as the LOGIN mechanism asks for them."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who wants in, with what."""

    username: str
    secret: str
    is_token: bool = False

    def account(self, service: Service) -> Account | None:
        """Return the account if it exists and the secret is right; what it may do comes later."""
        account = service.account(self.username)
        return account if self.secret == PASSWORD else None


def decoded(text: str) -> bytes | None:
    """Return the bytes of a base64 line; None for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def plain(message: bytes) -> Login | None:
    """Read a message of PLAIN (RFC 4616)."""
    parts = message.decode("utf-8", "replace").split("\0")
    return Login(parts[1], parts[2]) if len(parts) == 3 else None  # noqa: PLR2004 - its three parts


def xoauth2(message: bytes) -> Login | None:
    """Read a message of XOAUTH2."""
    parts = dict(
        part.split("=", 1)
        for part in message.decode("utf-8", "replace").split("\x01")
        if "=" in part
    )
    token = parts.get("auth", "").removeprefix("Bearer ")
    return Login(parts["user"], token, is_token=True) if "user" in parts else None
