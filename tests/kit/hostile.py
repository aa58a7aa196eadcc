"""Hostile and broken mail servers, each with the verdict that it must get.

Every case names protocol and TLS mode of the client, plays a script (see `kit.scripted`) and says
how the test of that server must end: the kind of failure and the step in which it shows.
"""

import asyncio
import base64
from dataclasses import dataclass, field

from kit.scripted import Peer, Script, Step
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import StepKind
from mailconfig.domain.servers import MailProtocol, TransportSecurity

SECRET = 'corr3ct "horse" b4ttery'

IMAP = MailProtocol.IMAP
SMTP = MailProtocol.SMTP
NONE = TransportSecurity.NONE
STARTTLS = TransportSecurity.STARTTLS
TLS = TransportSecurity.TLS

_SHORT_SECONDS = 0.6
"""Deadline of tests that a silent server lets run into it."""


@dataclass(frozen=True)
class Hostile:
    """One hostile server and its verdict."""

    name: str
    protocol: MailProtocol
    security: TransportSecurity
    script: Script
    failure: Failure | None
    """None: the test passes all the same."""
    step: StepKind | None
    """Where it fails."""
    reply_code: int | None = None
    deadline_seconds: float = 10.0
    token: bool = False
    """Whether the secret is an access token."""
    sent_in_clear: tuple[str, ...] = field(default=())
    """Lines that the server must have received outside of TLS, exactly these; () is unchecked."""


def raw(data: bytes) -> Step:
    """Send bytes as they are."""

    async def step(peer: Peer) -> None:
        await peer.send(data)

    return step


def endless(data: bytes) -> Step:
    """Send the same bytes for ever, as fast as the client takes them."""

    async def step(peer: Peer) -> None:
        while True:
            await peer.send(data)

    return step


def dripping(data: bytes) -> Step:
    """Send one byte at a time, each within any time limit for a single byte."""

    async def step(peer: Peer) -> None:
        for position in range(len(data)):
            await peer.send(data[position : position + 1])
            await asyncio.sleep(0.1)

    return step


def after_first_bytes(data: bytes) -> Step:
    """Wait for whatever the client sends, then answer with these bytes."""

    async def step(peer: Peer) -> None:
        await peer.read()
        await peer.send(data)

    return step


def b64(data: bytes | str) -> str:
    """Return base64 as text."""
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def scram(server_first: str, *, imap: bool, final: str | None = None) -> Step:
    """Answer client-first with `server_first` (its {nonce} is the client's), then with `final`."""

    async def step(peer: Peer) -> None:
        sign = "+ " if imap else "334 "
        line = await peer.line()
        client_first = base64.b64decode(line.split()[-1]).decode()
        nonce = client_first.split("r=", 1)[1]
        await peer.send(f"{sign}{b64(server_first.format(nonce=nonce))}\r\n".encode())
        if final is not None:
            await peer.line()
            await peer.send(final.encode() + b"\r\n")

    return step


def _greeted(rest: str, *capabilities: str) -> str:
    """Return a script up to the reply to EHLO."""
    lines = [f"S: 250-{each}" for each in ("mail.example.test", *capabilities)]
    lines[-1] = lines[-1].replace("250-", "250 ", 1)
    return "\n".join(
        ["S: 220 mail.example.test ESMTP", "C: EHLO [127.0.0.1]", *lines, *rest.split("; ")]
    )


def _welcome(rest: str, capabilities: str = "IMAP4rev1") -> str:
    """Return a script that begins with an IMAP greeting."""
    return "\n".join([f"S: * OK [CAPABILITY {capabilities}] ready", *rest.split("; ")])


_TLS_ALERT = b"\x15\x03\x03\x00\x02\x02"
"""A fatal alert (RFC 8446, section 6) but for its last byte, which tells the reason."""
_CRAM = "AUTH CRAM-MD5"
_CHALLENGE = b64("<1896.697170952@mail.example.test>")
_SALT = b64("sixteen-byte-sal")
_ECHO = f"535-5.7.8 you sent {SECRET}\r\n535-5.7.8 {b64(SECRET)}\r\n535 5.7.8 "

SILENT = (
    Hostile("silent SMTP", SMTP, NONE, "HOLD", Failure.TIMEOUT, StepKind.GREETING,
            deadline_seconds=_SHORT_SECONDS),
    Hostile("silent IMAP", IMAP, NONE, "HOLD", Failure.TIMEOUT, StepKind.GREETING,
            deadline_seconds=_SHORT_SECONDS),
    Hostile("silent after the greeting", SMTP, NONE, "S: 220 hello\nHOLD",
            Failure.TIMEOUT, StepKind.CAPABILITIES, deadline_seconds=_SHORT_SECONDS),
    Hostile("silent after AUTH", SMTP, NONE, _greeted("C: AUTH CRAM-MD5; HOLD", _CRAM),
            Failure.TIMEOUT, StepKind.AUTHENTICATE, deadline_seconds=_SHORT_SECONDS),
    Hostile("silent after the literal's size", IMAP, NONE,
            "S: * OK hi\nC: m1 CAPABILITY\nS: * LIST () {10000}\nHOLD",
            Failure.TIMEOUT, StepKind.CAPABILITIES, deadline_seconds=_SHORT_SECONDS),
    Hostile("one byte at a time SMTP", SMTP, NONE, dripping(b"220 " + b"x" * 999),
            Failure.TIMEOUT, StepKind.GREETING, deadline_seconds=_SHORT_SECONDS),
    Hostile("one byte at a time IMAP", IMAP, STARTTLS, dripping(b"* OK " + b"x" * 999),
            Failure.TIMEOUT, StepKind.GREETING, deadline_seconds=_SHORT_SECONDS),
    Hostile("TLS that never completes", SMTP, TLS, "HOLD", Failure.TIMEOUT,
            StepKind.TLS_HANDSHAKE, deadline_seconds=_SHORT_SECONDS),
    Hostile("TLS that never completes after STARTTLS", SMTP, STARTTLS,
            _greeted("C: STARTTLS; S: 220 go; HOLD", "STARTTLS"),
            Failure.TIMEOUT, StepKind.TLS_HANDSHAKE, deadline_seconds=_SHORT_SECONDS),
    Hostile("TLS port spoken to in clear text", SMTP, STARTTLS, "TLS", Failure.TIMEOUT,
            StepKind.GREETING, deadline_seconds=_SHORT_SECONDS),
)
"""Servers that let the clock run."""

CLOSING = (
    Hostile("closes at once", SMTP, NONE, "CLOSE", Failure.CLOSED, StepKind.GREETING),
    Hostile("resets at once", IMAP, NONE, "RESET", Failure.CLOSED, StepKind.GREETING),
    Hostile("closes in the greeting", SMTP, NONE, [raw(b"220 mail.exam"), "CLOSE"],
            Failure.CLOSED, StepKind.GREETING),
    Hostile("closes after EHLO", SMTP, NONE, "S: 220 hello\nC: EHLO *\nCLOSE",
            Failure.CLOSED, StepKind.CAPABILITIES),
    Hostile("resets after EHLO", SMTP, NONE, "S: 220 hello\nC: EHLO *\nRESET",
            Failure.CLOSED, StepKind.CAPABILITIES),
    Hostile("closes after CAPABILITY", IMAP, NONE, "S: * OK hi\nC: m1 CAPABILITY\nCLOSE",
            Failure.CLOSED, StepKind.CAPABILITIES),
    Hostile("closes after STARTTLS", SMTP, STARTTLS,
            _greeted("C: STARTTLS; CLOSE", "STARTTLS"), Failure.CLOSED, StepKind.STARTTLS),
    Hostile("closes instead of the handshake", SMTP, STARTTLS,
            [_greeted("C: STARTTLS; S: 220 go", "STARTTLS"), after_first_bytes(b""), "CLOSE"],
            Failure.CLOSED, StepKind.TLS_HANDSHAKE),
    Hostile("resets in the handshake", IMAP, TLS, [after_first_bytes(b"\x16\x03"), "RESET"],
            Failure.CLOSED, StepKind.TLS_HANDSHAKE),
    Hostile("closes after AUTH", SMTP, NONE, _greeted("C: AUTH CRAM-MD5; CLOSE", _CRAM),
            Failure.CLOSED, StepKind.AUTHENTICATE),
    Hostile("closes inside of TLS", IMAP, TLS, "TLS\nCLOSE", Failure.CLOSED, StepKind.GREETING),
    Hostile("421 as greeting", SMTP, NONE, "S: 421 4.3.2 busy\nCLOSE",
            Failure.REPLY, StepKind.GREETING, reply_code=421),
    Hostile("421 to EHLO", SMTP, NONE, "S: 220 hello\nC: EHLO *\nS: 421 4.3.2 bye\nCLOSE",
            Failure.REPLY, StepKind.CAPABILITIES, reply_code=421),
    Hostile("421 to AUTH", SMTP, NONE, _greeted("C: AUTH CRAM-MD5; S: 421 4.7.0 no; CLOSE", _CRAM),
            Failure.REPLY, StepKind.AUTHENTICATE, reply_code=421),
    Hostile("421 before AUTH, unasked", SMTP, NONE, _greeted("S: 421 4.4.2 idle; CLOSE", _CRAM),
            Failure.REPLY, StepKind.AUTHENTICATE, reply_code=421),
    Hostile("421 to STARTTLS", SMTP, STARTTLS,
            _greeted("C: STARTTLS; S: 421 4.7.0 no; CLOSE", "STARTTLS"),
            Failure.REPLY, StepKind.STARTTLS, reply_code=421),
    Hostile("BYE as greeting", IMAP, NONE, "S: * BYE too many connections\nCLOSE",
            Failure.REPLY, StepKind.GREETING),
    Hostile("BYE to CAPABILITY", IMAP, NONE, "S: * OK hi\nC: m1 CAPABILITY\nS: * BYE x\nCLOSE",
            Failure.REPLY, StepKind.CAPABILITIES),
    Hostile("BYE to AUTHENTICATE", IMAP, NONE,
            _welcome("C: m1 AUTHENTICATE CRAM-MD5; S: * BYE locked; CLOSE",
                     "IMAP4rev1 LOGINDISABLED AUTH=CRAM-MD5"),
            Failure.REPLY, StepKind.AUTHENTICATE),
    Hostile("BYE before AUTHENTICATE, unasked", IMAP, NONE,
            _welcome("S: * BYE idle; CLOSE", "IMAP4rev1 AUTH=CRAM-MD5"),
            Failure.REPLY, StepKind.AUTHENTICATE),
    Hostile("BYE to EXAMINE", IMAP, TLS,
            "TLS\n" + _welcome("C: m1 AUTHENTICATE PLAIN *; S: m1 OK in; C: m2 EXAMINE INBOX; "
                               "S: * BYE shutting down", "IMAP4rev1 SASL-IR AUTH=PLAIN"),
            Failure.REPLY, StepKind.OPEN_MAILBOX),
)
"""Servers that hang up, in words or without."""

FLOODING = (
    Hostile("endless line SMTP", SMTP, NONE, endless(b"220-" * 4096),
            Failure.TOO_LARGE, StepKind.GREETING),
    Hostile("endless line IMAP", IMAP, NONE, [raw(b"* OK "), endless(b"x" * 16384)],
            Failure.TOO_LARGE, StepKind.GREETING),
    Hostile("endless lines SMTP", SMTP, NONE, ["S: 220 hi\nC: EHLO *", endless(b"250-X\r\n" * 999)],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("endless lines IMAP", IMAP, NONE, ["S: * OK hi\nC: m1 *", endless(b"* 1 EXISTS\r\n" * 99)],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("20,000 untagged lines", IMAP, NONE,
            ["S: * OK hi\nC: m1 CAPABILITY", raw(b"* OK x\r\n" * 20_000 + b"m1 OK done\r\n")],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("huge EHLO reply", SMTP, NONE,
            ["S: 220 hi\nC: EHLO *", raw(b"250-X-WORD\r\n" * 300 + b"250 END\r\n")],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("huge capability list", IMAP, NONE,
            ["S: * OK hi\nC: m1 CAPABILITY", raw(b"* CAPABILITY" + b" X" * 9999 + b"\r\nm1 OK\r\n")],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("literal bomb", IMAP, NONE,
            ["S: * OK hi\nC: m1 CAPABILITY", raw(b"* LIST () {4294967296}\r\n"), endless(b"x" * 999)],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("literal with an endless number", IMAP, NONE,
            ["S: * OK hi\nC: m1 CAPABILITY", raw(b"* LIST () {" + b"9" * 20 + b"}\r\n")],
            Failure.TOO_LARGE, StepKind.CAPABILITIES),
    Hostile("endless bytes inside of TLS", SMTP, TLS, ["TLS", endless(b"220-x\r\n" * 999)],
            Failure.TOO_LARGE, StepKind.GREETING),
)
"""Servers that say too much."""

UPGRADES = (
    Hostile("STARTTLS injection SMTP", SMTP, STARTTLS,
            _greeted("C: STARTTLS; S: 220 go; S: 235 you are in", "STARTTLS", "AUTH PLAIN"),
            Failure.INJECTION, StepKind.STARTTLS,
            sent_in_clear=("EHLO [127.0.0.1]", "STARTTLS")),
    Hostile("STARTTLS injection IMAP", IMAP, STARTTLS,
            _welcome("C: m1 STARTTLS; S: m1 OK go; S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
                     "IMAP4rev1 STARTTLS"),
            Failure.INJECTION, StepKind.STARTTLS, sent_in_clear=("m1 STARTTLS",)),
    Hostile("STARTTLS refused SMTP", SMTP, STARTTLS,
            _greeted("C: STARTTLS; S: 454 4.7.0 not available", "STARTTLS", "AUTH PLAIN"),
            Failure.REPLY, StepKind.STARTTLS, reply_code=454,
            sent_in_clear=("EHLO [127.0.0.1]", "STARTTLS")),
    Hostile("STARTTLS refused IMAP", IMAP, STARTTLS,
            _welcome("C: m1 STARTTLS; S: m1 NO not now", "IMAP4rev1 STARTTLS AUTH=PLAIN"),
            Failure.REPLY, StepKind.STARTTLS, sent_in_clear=("m1 STARTTLS",)),
    Hostile("STARTTLS stripped SMTP", SMTP, STARTTLS, _greeted("HOLD", "AUTH PLAIN LOGIN"),
            Failure.STARTTLS_MISSING, StepKind.STARTTLS, sent_in_clear=("EHLO [127.0.0.1]",)),
    Hostile("STARTTLS stripped IMAP", IMAP, STARTTLS, _welcome("HOLD", "IMAP4rev1 AUTH=PLAIN"),
            Failure.STARTTLS_MISSING, StepKind.STARTTLS),
    Hostile("PREAUTH on a STARTTLS port", IMAP, STARTTLS,
            "S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome back",
            Failure.PREAUTH, StepKind.GREETING),
    Hostile("PREAUTH without TLS", IMAP, NONE, "S: * PREAUTH welcome back",
            Failure.PREAUTH, StepKind.GREETING),
    Hostile("clear text instead of the handshake", SMTP, STARTTLS,
            [_greeted("C: STARTTLS; S: 220 go", "STARTTLS"), after_first_bytes(b"500 what?\r\n")],
            Failure.TLS_PLAINTEXT, StepKind.TLS_HANDSHAKE),
    Hostile("clear text greeting on the TLS port", SMTP, TLS, "S: 220 mail.example.test ESMTP",
            Failure.TLS_PLAINTEXT, StepKind.TLS_HANDSHAKE),
    Hostile("clear text answer to TLS", IMAP, TLS, after_first_bytes(b"* BAD what?\r\n"),
            Failure.TLS_PLAINTEXT, StepKind.TLS_HANDSHAKE),
    Hostile("TLS alert: internal error", SMTP, TLS, after_first_bytes(_TLS_ALERT + b"\x50"),
            Failure.TLS_ALERT, StepKind.TLS_HANDSHAKE),
    Hostile("TLS alert: protocol version", SMTP, TLS, after_first_bytes(_TLS_ALERT + b"\x46"),
            Failure.TLS_VERSION, StepKind.TLS_HANDSHAKE),
    Hostile("TLS alert as greeting", IMAP, NONE, raw(_TLS_ALERT + b"\x46"),
            Failure.TLS_ALERT, StepKind.GREETING),
    Hostile("login only in clear text SMTP", SMTP, NONE, _greeted("HOLD", "AUTH PLAIN LOGIN"),
            Failure.NO_MECHANISM, StepKind.AUTHENTICATE, sent_in_clear=("EHLO [127.0.0.1]",)),
    Hostile("login only in clear text IMAP", IMAP, NONE, _welcome("HOLD", "IMAP4rev1 AUTH=PLAIN"),
            Failure.NO_MECHANISM, StepKind.AUTHENTICATE),
    Hostile("token wanted in clear text", SMTP, NONE, _greeted("HOLD", "AUTH XOAUTH2"),
            Failure.NO_MECHANISM, StepKind.AUTHENTICATE, token=True,
            sent_in_clear=("EHLO [127.0.0.1]",)),
    Hostile("no login at all", IMAP, NONE, _welcome("HOLD", "IMAP4rev1 LOGINDISABLED"),
            Failure.NO_AUTH_OFFERED, StepKind.AUTHENTICATE),
)
"""Servers, or somebody on the way, that want the secret without TLS."""

FOREIGN = tuple(
    Hostile(name, protocol, NONE, raw(greeting), Failure.FOREIGN_PROTOCOL, StepKind.GREETING)
    for name, protocol, greeting in (
        ("HTTP on the SMTP port", SMTP, b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"),
        ("HTTP on the IMAP port", IMAP, b"HTTP/1.0 400 Bad Request\n\n"),
        ("SSH on the SMTP port", SMTP, b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("POP3 on the IMAP port", IMAP, b"+OK POP3 ready\r\n"),
        ("POP3 on the SMTP port", SMTP, b"+OK POP3 ready\r\n"),
        ("FTP on the SMTP port", SMTP, b"220 ProFTPD Server ready\r\n"),
        ("IMAP on the SMTP port", SMTP, b"* OK IMAP4rev1 ready\r\n"),
        ("SMTP on the IMAP port", IMAP, b"220 mail.example.test ESMTP\r\n"),
    )
)
"""Servers of another kind."""

LYING = (
    Hostile("garbage SMTP", SMTP, NONE, raw(bytes(range(128, 256)) + b"\r\n"),
            Failure.VIOLATION, StepKind.GREETING),
    Hostile("garbage IMAP", IMAP, NONE, raw(b"\x00\x01\x02\xff\xfe\r\n"),
            Failure.VIOLATION, StepKind.GREETING),
    Hostile("unsolicited 235 after 535", SMTP, NONE,
            _greeted(f"C: AUTH CRAM-MD5; S: 334 {_CHALLENGE}; C: *; S: 535 5.7.8 no; S: 235 in",
                     _CRAM),
            Failure.REPLY, StepKind.AUTHENTICATE, reply_code=535),
    Hostile("235 before AUTH", SMTP, NONE, _greeted("S: 235 2.7.0 in", _CRAM),
            Failure.VIOLATION, StepKind.AUTHENTICATE, sent_in_clear=("EHLO [127.0.0.1]",)),
    Hostile("OK before AUTHENTICATE", IMAP, NONE,
            _welcome("S: m1 OK in", "IMAP4rev1 AUTH=CRAM-MD5"),
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("mixed reply codes", SMTP, NONE, "S: 220 hi\nC: EHLO *\nS: 250-a\nS: 550 b",
            Failure.VIOLATION, StepKind.CAPABILITIES),
    Hostile("code 999", SMTP, NONE, "S: 220 hi\nC: EHLO *\nS: 999 what",
            Failure.VIOLATION, StepKind.CAPABILITIES),
    Hostile("250 to AUTH", SMTP, NONE, _greeted("C: AUTH CRAM-MD5; S: 250 fine", _CRAM),
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("success before the mechanism ended", SMTP, NONE,
            _greeted("C: AUTH SCRAM-SHA-256 *; S: 235 in", "AUTH SCRAM-SHA-256"),
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("bare LF SMTP", SMTP, NONE, raw(b"220 mail.example.test ESMTP\n"),
            Failure.VIOLATION, StepKind.GREETING),
    Hostile("bare LF IMAP", IMAP, NONE, raw(b"* OK ready\n"),
            Failure.VIOLATION, StepKind.GREETING),
    Hostile("NULs", SMTP, NONE, raw(b"220 mail\0.example.test\r\n"),
            Failure.VIOLATION, StepKind.GREETING),
    Hostile("wrong tag", IMAP, NONE, "S: * OK hi\nC: m1 CAPABILITY\nS: m9 OK done",
            Failure.VIOLATION, StepKind.CAPABILITIES),
    Hostile("tagged garbage", IMAP, NONE, "S: * OK hi\nC: m1 CAPABILITY\nS: m1 MAYBE done",
            Failure.VIOLATION, StepKind.CAPABILITIES),
    Hostile("continuation out of place", IMAP, NONE, "S: * OK hi\nC: m1 CAPABILITY\nS: + more",
            Failure.VIOLATION, StepKind.CAPABILITIES),
    Hostile("OK without capabilities", IMAP, NONE, "S: * OK hi\nC: m1 CAPABILITY\nS: m1 OK done",
            Failure.VIOLATION, StepKind.CAPABILITIES),
    Hostile("challenge that is not base64", SMTP, NONE,
            _greeted("C: AUTH CRAM-MD5; S: 334 ?!?!; C: *", _CRAM),
            Failure.VIOLATION, StepKind.AUTHENTICATE,
            sent_in_clear=("EHLO [127.0.0.1]", "AUTH CRAM-MD5", "*")),
    Hostile("endless challenges SMTP", SMTP, NONE,
            [_greeted("C: AUTH CRAM-MD5", _CRAM), endless(f"334 {_CHALLENGE}\r\n".encode())],
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("endless continuations IMAP", IMAP, NONE,
            [_welcome("C: m1 AUTHENTICATE CRAM-MD5", "IMAP4rev1 LOGINDISABLED AUTH=CRAM-MD5"),
             endless(f"+ {_CHALLENGE}\r\n".encode())],
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("SCRAM with a wrong signature", SMTP, NONE,
            [_greeted("", "AUTH SCRAM-SHA-256"),
             scram(f"r={{nonce}}more,s={_SALT},i=4096", imap=False,
                   final=f"334 {b64('v=' + b64(b'x' * 32))}")],
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("SCRAM without a signature", IMAP, NONE,
            [_welcome("", "IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256"),
             scram(f"r={{nonce}}more,s={_SALT},i=4096", imap=True, final="m1 OK in")],
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("SCRAM with a huge iteration count", SMTP, NONE,
            [_greeted("", "AUTH SCRAM-SHA-256"),
             scram(f"r={{nonce}}more,s={_SALT},i=999999999", imap=False)],
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("SCRAM with another nonce", IMAP, NONE,
            [_welcome("", "IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256"),
             scram(f"r=other,s={_SALT},i=4096", imap=True)],
            Failure.VIOLATION, StepKind.AUTHENTICATE),
    Hostile("token refused by a challenge", IMAP, TLS,
            "TLS\n" + _welcome(f"C: m1 AUTHENTICATE XOAUTH2 *; S: + {b64('{}')}; C: ; S: m1 NO no",
                               "IMAP4rev1 SASL-IR AUTH=XOAUTH2"),
            Failure.REPLY, StepKind.AUTHENTICATE, token=True),
    Hostile("password echoed", SMTP, TLS,
            ["TLS\n" + _greeted("C: AUTH PLAIN *", "AUTH PLAIN"),
             raw(_ECHO.encode() + b64(f"\0ann@example.test\0{SECRET}").encode() + b"\r\n")],
            Failure.REPLY, StepKind.AUTHENTICATE, reply_code=535),
    Hostile("QUIT never answered", SMTP, NONE,
            _greeted(f"C: AUTH CRAM-MD5; S: 334 {_CHALLENGE}; C: *; S: 235 in; C: QUIT; HOLD", _CRAM),
            None, None),
    Hostile("LOGOUT never answered", IMAP, TLS,
            "TLS\n" + _welcome("C: m1 AUTHENTICATE PLAIN *; S: m1 OK in; C: m2 EXAMINE INBOX; "
                               "S: m2 OK [READ-ONLY] ok; C: m3 LOGOUT; HOLD",
                               "IMAP4rev1 SASL-IR AUTH=PLAIN"),
            None, None),
)
"""Servers whose words do not fit."""

ALL = (*SILENT, *CLOSING, *FLOODING, *UPGRADES, *FOREIGN, *LYING)
