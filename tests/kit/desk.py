"""A post office whose only account sends by a scripted server; only the clock is turned.

async with manned(storage_settings, keyring, tmp_path, Outgoing()) as desk:
    desk.say("RCPT", "451 later")
    message = await desk.tried()
    assert await desk.wait(message) == TRIES

Must not be used for several workers; messages are carried out one after the other.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from kit.certs import CertificateKit, ssl_server_context
from kit.outgoing import opened
from kit.posting import Post
from kit.probing import HOST, USERNAME, loopback_egress
from kit.records import make_config, password
from kit.scripted import Peer
from kit.sendserver import Outgoing, Twist, silent
from mailconfig.domain.configs import StoredServer
from mailconfig.domain.messages import Message, Recipient, RecipientKind
from mailconfig.domain.servers import MailProtocol, ServerSettings, TransportSecurity
from mailconfig.egress import Egress
from mailconfig.mail.sending import SendingSettings, SmtpTransport
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.sealing import Keyring

TIME = 7200
"""Seconds after which a message is given up."""
TRIES = [0, 60, 240, 780, 2400]
"""When it is tried until then: after a minute, three, nine, 27; the next would be too late."""
RECHECK = 300
"""How often the account of a held message is looked at."""
BOTH = ("bob@example.org", "eve@example.net")
PATIENT = SendingSettings(greeting_seconds=20, reset_seconds=0.3)
"""A busy machine must not look like a silent server."""
DEADLINES = {
    "": "greeting_seconds",
    **dict.fromkeys(("EHLO", "STARTTLS", "AUTH"), "sign_in_seconds"),
    **dict.fromkeys(("MAIL", "RCPT", "DATA"), "command_seconds"),
    ".": "answer_seconds",
    "TLS": "connect_seconds",
}
"""What bounds each stage."""


async def half_a_handshake(peer: Peer) -> None:
    """Agree to STARTTLS and then keep silent."""
    await peer.send(b"220 go on\r\n")
    await peer.hold()


@dataclass
class Desk:
    """A post office whose only account sends by a scripted server, with STARTTLS."""

    post: Post
    server: Outgoing
    config_id: UUID
    egress: Egress
    trust: TlsContexts

    def hasten(self, stage: str) -> None:
        """Wait for the server less than half a second where it is silent, and nowhere else."""
        settings = replace(PATIENT, **{DEADLINES[stage]: 0.4})
        self.post.transport = SmtpTransport(self.egress, self.trust, settings)

    def say(self, stage: str, what: Twist | list[Twist]) -> None:
        """Let the server say or do something at a stage."""
        self.server.says[stage] = what
        for each in what if isinstance(what, list) else [what]:
            if each is silent or each is half_a_handshake:
                self.hasten(stage if each is silent else "TLS")

    async def hand_in(self, *to: str, **changes: object) -> Message:
        """Take in a message to some people."""
        recipients = tuple(Recipient(each, RecipientKind.TO) for each in to or BOTH)
        expires_at = self.post.office.clock.now + timedelta(seconds=TIME)
        return await self.post.taken_in(
            config_id=self.config_id, recipients=recipients, expires_at=expires_at, **changes
        )

    async def tried(self, *to: str, **changes: object) -> Message:
        """Take in a message, carry out what is due, and return the message as it is then."""
        message = await self.hand_in(*to, **changes)
        assert await self.post.round() == 1
        return await self.post.office.read(message.id)

    async def wait(self, message: Message) -> list[int]:
        """Let a message have all its turns until it ends; return when the server heard of it.

        In seconds after it was taken in. A second before it is due nothing happens.
        """
        office, before = self.post.office, self.server.connections
        heard = [0] if before else []
        while (message := await office.read(message.id)).ended_at is None:
            office.clock.turn((message.due_at - office.clock.now).total_seconds() - 1)
            assert await self.post.round() == 0
            assert await office.state(message.id) is message.state
            office.clock.turn(1)
            assert await self.post.round() == 1
            if self.server.connections + len(self.server.commands) > before:
                heard.append(int((office.clock.now - message.created_at).total_seconds()))
            before = self.server.connections + len(self.server.commands)
        return heard


@asynccontextmanager
async def manned(
    settings: StorageSettings, keyring: Keyring, folder: Path, server: Outgoing
) -> AsyncIterator[Desk]:
    """Open the post office and the server."""
    kit = CertificateKit(folder)
    server.tls = ssl_server_context(kit.issue(HOST))
    async with opened(settings, keyring) as office, server.listening() as port:
        trust = TlsContexts(TlsSettings(ca_file=kit.ca_pem, system_trust=False))
        egress = loopback_egress([port])
        post = Post(office, SmtpTransport(egress, trust, PATIENT))
        async with office.database.work(office.tenant.workspace_id) as work:
            secret_id = await work.secrets.add("outgoing", password("correct horse"))
            smtp = ServerSettings(
                MailProtocol.SMTP, HOST, port, TransportSecurity.STARTTLS, username=USERNAME
            )
            config = make_config(
                office.tenant,
                owner_id=None,
                email_address="counter@example.com",
                provider_id=None,
                outgoing=StoredServer(smtp, secret_id),
            )
            await work.configs.insert(config, office.tenant.user_id)
        try:
            yield Desk(post, server, config.id, egress, trust)
        finally:
            await post.transport.close()
