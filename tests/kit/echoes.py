"""Mail servers that publish what they were sent: in greetings, capabilities and every reply.

    async with echoing(tls_context) as (imap_port, smtp_port):
        ...

A user name that begins with `bad` is refused, any other is let in. Must not be mistaken for the
worst case: a server can always publish a secret in a cipher of its own.
"""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote, quote_plus

from kit.scripted import Peer, scripted


def echoes(sent: bytes) -> list[str]:
    """Return what was sent in the forms in which programs write it."""
    text = sent.decode()
    parts = [part for part in text.replace("\x01", "\0").split("\0") if part]
    secret = parts[-1].removeprefix("auth=Bearer ")
    return [
        secret,
        f"<{secret}>",
        base64.b64encode(sent).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        base64.b64encode(b"x" + secret.encode()).decode(),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret),
        secret.encode().hex(),
        secret.upper(),
    ]


async def smtp(peer: Peer) -> None:
    """Speak SMTP over TLS."""
    await peer.start_tls()
    known: list[str] = ["nothing yet"]
    await peer.send(b"220 mail.test ESMTP\r\n")
    while True:
        line = await peer.line()
        verb = line.split(" ", 1)[0].upper()
        if verb == "EHLO":
            await peer.send(b"250-mail.test\r\n250 AUTH PLAIN XOAUTH2\r\n")
        elif verb == "AUTH":
            sent = base64.b64decode(line.split(" ")[2])
            known = echoes(sent)
            refused = b"bad" in sent
            await peer.send(_lines("535" if refused else "235", known))
        else:
            await peer.send(_lines("250", known))


def _lines(code: str, texts: Sequence[str]) -> bytes:
    *before, last = texts
    listed = [f"{code}-{text}" for text in before] + [f"{code} {last}"]
    return "".join(f"{line}\r\n" for line in listed).encode()


async def imap(peer: Peer) -> None:
    """Speak IMAP over TLS."""
    await peer.start_tls()
    known: list[str] = ["nothing yet"]
    offers = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2"
    await peer.send(f"* OK [CAPABILITY {offers}] ready\r\n".encode())
    while True:
        tag, command, *rest = (await peer.line()).split(" ")
        if command == "AUTHENTICATE":
            sent = base64.b64decode(rest[1])
            known = echoes(sent)
            if b"bad" in sent:
                words = " ".join(known)
                await peer.send(f"{tag} NO [AUTHENTICATIONFAILED] {words}\r\n".encode())
                continue
            extra = " ".join(each for each in known if not set(each) & set(' "]<'))
            await peer.send(f"* CAPABILITY {offers} {extra}\r\n".encode())
        alerts = "".join(f"* OK [ALERT] {each}\r\n" for each in known)
        await peer.send(f"{alerts}{tag} OK {' '.join(known)}\r\n".encode())


@asynccontextmanager
async def echoing(tls: ssl.SSLContext) -> AsyncIterator[tuple[int, int]]:
    """Listen for IMAP and SMTP, both with TLS from the start; yield their ports."""
    async with scripted(imap, tls=tls) as incoming, scripted(smtp, tls=tls) as outgoing:
        yield incoming.port, outgoing.port
