"""A message's whole way with real servers: sent, saved in Sent, sent back, matched.

The worker's own parts do all of it: the queue, Postfix by SMTP, Dovecot by IMAP.
"""

import asyncio
import imaplib
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from secrets import token_hex
from typing import cast

import pytest

from kit.connections import Account, target
from kit.dovecot import Dovecot
from kit.outgoing import opened
from kit.postfix import Postfix
from kit.posting import Files, Grants, Post
from kit.records import password
from kit.servers import FAR, GOOD_HOST, Certificates, LoopbackResolver
from mailconfig.domain.clock import utc_now
from mailconfig.domain.composition import MessageDraft, NamedAddress, compose, new_message_id
from mailconfig.domain.configs import StoredServer
from mailconfig.domain.messages import (
    Message,
    MessageState,
    Recipient,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.sentmail import SendingOptions
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.domain.suppressions import SuppressionReason
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.postbox import ImapPostbox, PostboxSettings
from mailconfig.mail.sending import SendingSettings, SmtpTransport
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.returns import Visitor, VisitorSettings, VisitPolicy, Visits
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.sealing import Keyring

pytestmark = pytest.mark.servers

SECONDS = 30.0
"""For Postfix to send back what it cannot deliver."""
KNOWN = f"eve@{GOOD_HOST}"
"""Somebody whom the servers know."""
SECURITY = [TransportSecurity.TLS, TransportSecurity.STARTTLS]


def nobody() -> str:
    """Return an address that the servers send back as unknown, and that no other test uses."""
    return f"unknown-{token_hex(6)}@{GOOD_HOST}"


@dataclass(frozen=True, slots=True)
class Journey:
    """An account at the real servers, its worker, and what looks after its mailbox."""

    post: Post
    visitor: Visitor
    account: Account
    dovecot: Dovecot
    certificates: Certificates

    async def sent(self, *recipients: str, blind: str | None = None) -> Message:
        """Write a message as the product does and send it by the worker."""
        draft = MessageDraft(
            sender=NamedAddress(self.account.name),
            to=tuple(map(NamedAddress, recipients)),
            bcc=(NamedAddress(blind),) if blind else (),
            subject="Grüße",
            text="Hello\n.\n",
        )
        composed = compose(draft, new_message_id(self.account.name), utc_now())
        message = await self.post.taken_in(
            content=composed.content,
            message_id=composed.message_id,
            sender=composed.sender,
            recipients=composed.recipients,
        )
        assert await self.post.round() == 1
        return await self.post.office.read(message.id)

    async def visit(self, seconds: float = 600) -> int:
        """Let time pass and look after the mailbox."""
        self.post.office.clock.turn(seconds)
        return await self.visitor.once()

    async def delivered(self, mark: str) -> None:
        """Wait until the server has put a mail with a text into the mailbox."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = await asyncio.to_thread(self.dovecot.holding, mark)
            if any("tmp" not in Path(path).parts for path in found):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{mark} did not come back")

    def folder(self, name: str) -> list[tuple[bytes, bytes]]:
        """Return flags and content of the mails in a folder, by another IMAP client."""
        context = ssl.create_default_context(cafile=self.certificates.ca)
        with imaplib.IMAP4_SSL("localhost", self.dovecot.imaps_port, ssl_context=context) as imap:
            imap.login(self.account.name, self.account.secret)
            imap.select(name, readonly=True)
            _, found = imap.search(None, "ALL")
            fetched = [imap.fetch(number, "(FLAGS BODY.PEEK[])")[1] for number in found[0].split()]
        return [cast("tuple[bytes, bytes]", one[0]) for one in fetched]


@pytest.fixture(params=SECURITY, ids=lambda security: security.value)
async def journey(
    request: pytest.FixtureRequest,
    storage_settings: StorageSettings,
    keyring: Keyring,
    certificates: Certificates,
    dovecot: Dovecot,
    postfix: Postfix,
    account: Account,
) -> AsyncIterator[Journey]:
    """Everything is real but the clock."""
    security = request.param
    policy = EgressPolicy(
        allow_networks=(ip_network(f"{FAR}/32"),), allow_ports=frozenset(range(1024, 65536))
    )
    egress = Egress(policy, LoopbackResolver())
    contexts = TlsContexts(TlsSettings(ca_file=Path(certificates.ca)))
    transport = SmtpTransport(egress, contexts, SendingSettings())
    implicit = security is TransportSecurity.TLS
    imap_port = dovecot.imaps_port if implicit else dovecot.imap_port
    smtp_port = postfix.submissions_port if implicit else postfix.submission_port
    async with opened(storage_settings, keyring, utc_now()) as office:
        async with office.database.work(office.tenant.workspace_id) as work:
            secrets = {
                name: await work.secrets.add(name, password(account.secret))
                for name in ("incoming", "outgoing")
            }
            config = await work.configs.get(office.config_id)
            incoming = target(MailProtocol.IMAP, imap_port, security, account).settings
            outgoing = target(MailProtocol.SMTP, smtp_port, security, account).settings
            kind = SecretKind.PASSWORD
            changed = replace(
                config,
                revision=2,
                provider_id=None,
                email_address=account.name,
                incoming=StoredServer(incoming, secrets["incoming"], kind, office.clock.now),
                outgoing=StoredServer(outgoing, secrets["outgoing"], kind, office.clock.now),
            )
            await work.configs.replace(changed, 1, None)
            await work.postboxes.choose(config.id, SendingOptions(read_bounces=True))
        visits = Visits(
            office.database,
            ImapPostbox(egress, contexts, PostboxSettings()),
            cast("GrantService", Grants()),
            cast("FileService", Files()),
            VisitPolicy(),
            office.clock,
        )
        visitor = Visitor(office.database, visits, VisitorSettings(), office.clock)
        yield Journey(Post(office, transport), visitor, account, dovecot, certificates)
        await transport.close()


async def test_sent_saved_sent_back_and_matched(journey: Journey) -> None:
    """The message is found in Sent as it was sent, read, with its Bcc; the report of the unknown
    recipient, which a real Postfix wrote, marks that recipient and suppresses the address; INBOX
    is as before, and looking again changes nothing.
    """
    unknown = nobody()
    message = await journey.sent(unknown, blind=KNOWN)
    assert message.state is MessageState.SENT
    assert {one.state for one in message.recipients} == {RecipientState.ACCEPTED}
    await journey.delivered(f"Final-Recipient: rfc822; {unknown}")
    assert await journey.visit() == 1
    office = journey.post.office
    async with office.database.reading(message.workspace_id) as work:
        content = await work.messages.content(message.id)
        copies = await work.postboxes.copies([message.id])
        suppressed = await work.suppressions.among([unknown, KNOWN])
    ((head, copy),) = await asyncio.to_thread(journey.folder, "Sent")
    assert copy == f"Bcc: {KNOWN}\r\n".encode() + content
    assert b"\\Seen" in head
    assert copies[message.id].saved_at == office.clock.now
    after = await office.read(message.id)
    bob, eve = after.recipients
    assert (bob.address, bob.state, bob.enhanced_code) == (unknown, RecipientState.BOUNCED, "5.1.1")
    assert eve.state is RecipientState.ACCEPTED
    assert after.state is MessageState.SENT
    assert suppressed == {unknown: SuppressionReason.BOUNCE}
    inbox = await asyncio.to_thread(journey.folder, "INBOX")
    assert [b"\\Seen" in flags for flags, _ in inbox] == [False]
    assert await journey.visit() == 1
    assert await office.read(message.id) == after
    assert len(await asyncio.to_thread(journey.folder, "Sent")) == 1


async def test_message_to_nobody_who_exists(journey: Journey) -> None:
    """It is BOUNCED as a whole; who is suppressed is not sent to again."""
    unknown = nobody()
    message = await journey.sent(unknown)
    await journey.delivered(f"Final-Recipient: rfc822; {unknown}")
    await journey.visit()
    office = journey.post.office
    assert await office.state(message.id) is MessageState.BOUNCED
    again = await journey.post.taken_in(
        sender=journey.account.name, recipients=(Recipient(unknown, RecipientKind.TO),)
    )
    await journey.post.round()
    assert await office.state(again.id) is MessageState.FAILED
    (one,) = (await office.read(again.id)).recipients
    assert one.state is RecipientState.SUPPRESSED
