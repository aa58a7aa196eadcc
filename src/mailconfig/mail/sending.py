"""Sends messages by SMTP over kept connections. Implements `domain.delivery.Transport`.

Whoever calls `send` owns what it starts: when it returns, raises or is cancelled, the connection is
either kept by the pool or closed. Connections are opened and signed in by our own dialogue (one
attempt, STARTTLS as the settings demand, pinned address); aiosmtplib sends (ADR 0011).

Without TLS nothing leaves but towards a host inside of a network that the operator has allowed:
a message is as private as a password. Even there no password goes out in clear, see `mail.sasl`.

Must not judge a failure, retry a message, or store anything.
"""

import hashlib
import secrets
from ipaddress import ip_address
from typing import Final

from mailconfig.domain.delivery import Commit, Delivery, Sending
from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.networks import is_public
from mailconfig.domain.resolution import ResolutionError
from mailconfig.domain.servers import TransportSecurity
from mailconfig.domain.text import cut, tidy
from mailconfig.egress import Egress, EgressError
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.observing import translated
from mailconfig.mail.sending_limits import SendingSettings
from mailconfig.mail.sending_pool import ConnectionKey, ConnectionPool, SendingConnection
from mailconfig.mail.sending_transaction import Transaction
from mailconfig.mail.sessions import Session, within
from mailconfig.mail.smtp import SmtpDialogue
from mailconfig.mail.tls import TlsContexts

__all__ = ["SendingSettings", "SmtpTransport"]

_KEY_BYTES: Final = 32
_TLS_FIRST: Final = "5.7.10"
"""Enhanced code "encryption needed" (RFC 5248): what our own refusal of clear text stands for."""


class SmtpTransport:
    """Sends messages; connections are kept between them within the bounds of the settings."""

    def __init__(self, egress: Egress, contexts: TlsContexts, settings: SendingSettings) -> None:
        self._egress = egress
        self._contexts = contexts
        self._settings = settings
        self._pool = ConnectionPool(settings)
        self._fingerprint_key = secrets.token_bytes(_KEY_BYTES)

    async def send(self, sending: Sending, commit: Commit) -> Delivery:
        """Make one attempt, see `domain.delivery.Transport`.

        Raises `tls.TrustAnchorUnreadable` before anything is dialled, and what `commit` raises.
        Waits while the account has `connections_per_account` messages under way.
        """
        key = self._key(sending)
        async with self._pool.place(key.account_id):
            kept = await self._pool.take(key)
            if kept is not None:
                delivery = await self._over(kept, sending, commit)
                if delivery is not None:
                    return delivery
            self._pool.make_room()
            fresh = await self._opened(key, sending)
            if isinstance(fresh, Delivery):
                return fresh
            delivery = await self._over(fresh, sending, commit)
            if delivery is None:
                raise RuntimeError("only a kept connection can have died before")
            return delivery

    async def close(self) -> None:
        """Close all kept connections, at once; those in use are closed after their message."""
        self._pool.close()

    async def _over(
        self, connection: SendingConnection, sending: Sending, commit: Commit
    ) -> Delivery | None:
        """Make the attempt over a connection, then keep or close it. None: it was dead."""
        transaction = Transaction(connection, sending.envelope, commit, self._settings)
        try:
            delivery = await transaction.run()
        except BaseException:
            connection.spoil()
            raise
        connection.messages += 1
        self._pool.keep(connection)
        return delivery

    async def _opened(self, key: ConnectionKey, sending: Sending) -> SendingConnection | Delivery:
        """Open a connection and sign in; where that fails, return what it means."""
        session = Session(
            sending.target,
            SmtpDialogue,
            egress=self._egress,
            context=await self._contexts.verified(sending.trust_anchors),
            settings=self._settings.for_dialogues(),
        )
        try:
            await self._sign_in(session, sending)
            return SendingConnection(key, session, self._pool)
        except DialogueFailed as failed:
            session.close()
            reply = cut(tidy(failed.text)) if failed.from_server else ""
            seen = session.observation(failed)
            return Delivery(observation=seen, reply=reply, session_refused=True)
        except BaseException:
            session.close()
            raise

    async def _sign_in(self, session: Session[SmtpDialogue], sending: Sending) -> None:
        """Open a session up to the point where it is our turn to speak. Raises DialogueFailed."""
        is_clear = sending.target.settings.security is TransportSecurity.NONE
        if is_clear:
            await self._check_inside(session, sending)
        await session.open()
        if await session.wire.unread():
            raise violation("The server answered before it was asked.")
        if is_clear:
            _check_address(session)

    async def _check_inside(self, session: Session[SmtpDialogue], sending: Sending) -> None:
        """Refuse clear text to public addresses before anything is dialled.

        Where the connection came out in the end is checked again, before a message goes over it.
        """
        server = sending.target.settings
        try:
            async with within(self._settings.connect_seconds):
                route = await self._egress.resolve(server.host, server.port)
        except (ResolutionError, EgressError) as error:
            raise translated(error) from error
        if any(is_public(address) for address in route.addresses):
            raise _tls_first(session)

    def _key(self, sending: Sending) -> ConnectionKey:
        """Return what connections are kept for; the secret is in it as a keyed digest only."""
        target = sending.target
        secret = target.secret
        parts = [repr(target.settings), *sorted(set(sending.trust_anchors))]
        parts += [secret.kind.value, secret.value.reveal()] if secret is not None else []
        digest = hashlib.blake2b(key=self._fingerprint_key, digest_size=_KEY_BYTES)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return ConnectionKey(sending.account_id, sending.revision, digest.digest())


def _check_address(session: Session[SmtpDialogue]) -> None:
    """Refuse a connection in clear text that came out at a public address after all."""
    if session.address is not None and is_public(ip_address(session.address)):
        raise _tls_first(session)


def _tls_first(session: Session[SmtpDialogue]) -> DialogueFailed:
    session.phase = Phase.EHLO  # where a server would ask for it
    return DialogueFailed(Failure.REPLY, enhanced_code=_TLS_FIRST)
