"""The IMAP dialogue, line by line. The wire claims TLS where a password is to be sent."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kit.scripted import Script, ScriptedServer, scripted
from kit.wires import open_wire
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import AuthenticationMethod as Method
from mailconfig.domain.text import Cleaner
from mailconfig.mail.failures import DialogueFailed
from mailconfig.mail.imap import ImapDialogue
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.sasl import Credentials

SETTINGS = ProbeSettings(client_version="2.0")


def b64(text: str) -> str:
    """Return base64 as text."""
    return base64.b64encode(text.encode()).decode()


PLAIN = b64("\0ann\0pencil")


@asynccontextmanager
async def dialogue_with(
    script: Script, *, tls_active: bool = True, secret: str = "pencil"
) -> AsyncIterator[tuple[ImapDialogue, ScriptedServer]]:
    """Connect a dialogue to a scripted server; at the end the script must have been followed."""
    async with scripted(script) as server:
        async with open_wire(server.port) as wire:
            wire.tls_active = tls_active
            yield ImapDialogue(wire, SETTINGS, Cleaner(secret)), server
        await server.finished()
        server.check()


def credentials(
    username: str = "ann", secret: str = "pencil", kind: SecretKind = SecretKind.PASSWORD
) -> Credentials:
    """Return credentials; the server's name only matters to OAUTHBEARER."""
    return Credentials(username, NewSecret(kind, Secret(secret)), "mail.example.test", 993)


async def greeted(dialogue: ImapDialogue) -> None:
    """Go on to where sign-in may begin."""
    await dialogue.greet()
    await dialogue.ask_capabilities()


async def test_shortest_dialogue_signs_in_with_one_command() -> None:
    """Capabilities in greeting and OK are used: nothing is asked, two commands do everything."""
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready
        C: m1 AUTHENTICATE PLAIN {PLAIN}
        S: m1 OK [CAPABILITY IMAP4rev1 MOVE] welcome
        C: m2 EXAMINE INBOX
        S: * FLAGS (\\Seen)
        S: * 3 EXISTS
        S: * OK [UIDVALIDITY 1] valid
        S: m2 OK [READ-ONLY] done
        C: m3 LOGOUT
    """
    async with dialogue_with(script) as (dialogue, _):
        assert await dialogue.greet() == "OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready"
        assert await dialogue.ask_capabilities() is None
        assert dialogue.capabilities == ("IMAP4rev1", "SASL-IR", "AUTH=PLAIN")
        reply = await dialogue.sign_in(credentials(), Method.AUTO)
        assert reply == "OK [CAPABILITY IMAP4rev1 MOVE] welcome"
        assert dialogue.mechanism == "PLAIN"
        assert dialogue.capabilities == ("IMAP4rev1", "MOVE")
        assert await dialogue.look_inside() == "OK [READ-ONLY] done"
        dialogue.goodbye()


async def test_capabilities_are_asked_once_where_not_told() -> None:
    """A bare greeting costs one CAPABILITY; the untagged answer counts, in any letter case."""
    script = """
        S: * ok hello
        C: m1 CAPABILITY
        S: * capability IMAP4rev1 auth=plain
        S: m1 ok done
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        assert dialogue.capabilities == ("IMAP4rev1", "auth=plain")


async def test_identity_is_told_where_asked_for() -> None:
    """ID goes before EXAMINE where it is offered (RFC 2971); its refusal does not matter."""
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN ID] ready
        C: m1 AUTHENTICATE PLAIN {PLAIN}
        S: m1 OK in
        C: m2 ID ("name" "mailconfig" "version" "2.0")
        S: * ID ("name" {{7}}
        S: Dovecot)
        S: m2 NO not you
        C: m3 EXAMINE INBOX
        S: m3 OK done
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        await dialogue.sign_in(credentials(), Method.AUTO)
        assert await dialogue.look_inside() == "OK done"


async def test_upgrade_forgets_what_was_told_before() -> None:
    """After STARTTLS the old capabilities are void (RFC 9051, section 6.2.1)."""
    script = """
        S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready
        C: m1 STARTTLS
        S: m1 OK begin
    """
    async with dialogue_with(script, tls_active=False) as (dialogue, _):
        await greeted(dialogue)
        assert await dialogue.request_upgrade() == "OK begin"
        assert dialogue.capabilities == ()


ODD_LOGINS = [
    # user name, password, LOGIN's arguments as sent; "+" is LITERAL+
    ("ann", "pencil", ['"ann" "pencil"']),
    ('a "b" \\c', "p q(){}%*", ['"a \\"b\\" \\\\c" "p q(){}%*"']),
    ("", "", ['"" ""']),
    ("jörg", "pencil", ["{5}", 'jörg "pencil"']),
    ("ann", "pässwörd", ['"ann" {10}', "pässwörd"]),
    ("jörg", "ä", ["{5}", "jörg {2}", "ä"]),
    ("ann", "x" * 1001, ['"ann" {1001}', "x" * 1001]),
]


@pytest.mark.parametrize(("username", "secret", "lines"), ODD_LOGINS)
async def test_login_command_carries_any_value(
    username: str, secret: str, lines: list[str]
) -> None:
    """LOGIN quotes what can be quoted and sends a literal for the rest, when the server asks."""
    parts = [f"C: m1 LOGIN {lines[0]}", *(f"S: + go\nC: {line}" for line in lines[1:])]
    script = "\n".join(["S: * OK [CAPABILITY IMAP4rev1] hi", *parts, "S: m1 OK in"])
    async with dialogue_with(script, secret=secret) as (dialogue, _):
        await greeted(dialogue)
        assert await dialogue.sign_in(credentials(username, secret), Method.AUTO) == "OK in"
        assert dialogue.mechanism == "LOGIN"


@pytest.mark.parametrize("capability", ["LITERAL+", "LITERAL-", "IMAP4rev2"])
async def test_literal_is_not_waited_for_where_allowed(capability: str) -> None:
    """With RFC 7888 the whole LOGIN goes out at once."""
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 {capability}] hi
        C: m1 LOGIN {{5+}}
        C: jörg {{2+}}
        C: ä
        S: m1 OK in
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        await dialogue.sign_in(credentials("jörg", "ä"), Method.AUTO)


async def test_literal_minus_has_a_limit() -> None:
    """LITERAL- covers 4,096 bytes; a longer literal is asked for first (RFC 7888, section 5)."""
    secret = "ä" * 2049
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 LITERAL-] hi
        C: m1 LOGIN "ann" {{4098}}
        S: + go
        C: {secret}
        S: m1 OK in
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        await dialogue.sign_in(credentials("ann", secret), Method.AUTO)


async def test_refused_literal_is_the_verdict() -> None:
    """A server that answers NO instead of asking for the literal gets no password."""
    script = """
        S: * OK [CAPABILITY IMAP4rev1] hi
        C: m1 LOGIN {5}
        S: m1 NO [AUTHENTICATIONFAILED] unknown user
    """
    async with dialogue_with(script) as (dialogue, server):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials("jörg", "pencil"), Method.AUTO)
    assert caught.value.failure is Failure.REPLY
    assert b"pencil" not in server.clear


@pytest.mark.parametrize(
    ("capabilities", "method", "first_line"),
    [
        ("AUTH=PLAIN", Method.AUTO, "m1 AUTHENTICATE PLAIN"),  # no SASL-IR: the server begins
        ("AUTH=PLAIN SASL-IR", Method.LOGIN, 'm1 LOGIN "ann" "pencil"'),
        ("AUTH=LOGIN LOGINDISABLED", Method.AUTO, "m1 AUTHENTICATE LOGIN"),
        ("AUTH=CRAM-MD5 LOGINDISABLED", Method.AUTO, "m1 AUTHENTICATE CRAM-MD5"),
        ("AUTH=CRAM-MD5", Method.AUTO, 'm1 LOGIN "ann" "pencil"'),
    ],
)
async def test_mechanism_and_command(capabilities: str, method: Method, first_line: str) -> None:
    """AUTHENTICATE PLAIN is preferred; LOGIN only where allowed; LOGINDISABLED is respected."""
    script = f"S: * OK [CAPABILITY IMAP4rev1 {capabilities}] hi\nC: {first_line}\nS: m1 NO no"
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials(), method)
    assert caught.value.failure is Failure.REPLY


@pytest.mark.parametrize(
    ("capabilities", "failure"),
    [
        ("LOGINDISABLED", Failure.NO_AUTH_OFFERED),
        ("AUTH=PLAIN", Failure.NO_MECHANISM),  # LOGIN and PLAIN would be clear text
        ("LOGINDISABLED AUTH=PLAIN", Failure.NO_MECHANISM),
    ],
)
async def test_nothing_is_sent_without_tls(capabilities: str, failure: Failure) -> None:
    """Without TLS a server that takes the password only in clear text does not get it."""
    script = f"S: * OK [CAPABILITY IMAP4rev1 {capabilities}] hi"
    async with dialogue_with(script, tls_active=False) as (dialogue, server):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials(), Method.AUTO)
    assert caught.value.failure is failure
    assert server.clear == b""


async def test_long_token_waits_for_the_server() -> None:
    """An initial response that would pass 8,192 bytes of line follows the server's "+"."""
    token = "t" * 8000
    expected = b64(f"user=ann\x01auth=Bearer {token}\x01\x01")
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hi
        C: m1 AUTHENTICATE XOAUTH2
        S: +
        C: {expected}
        S: m1 OK in
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        await dialogue.sign_in(credentials("ann", token, SecretKind.ACCESS_TOKEN), Method.AUTO)


async def test_refused_token_tells_the_reason() -> None:
    """The error challenge is answered, the NO arrives, and the diagnosis sees both."""
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=OAUTHBEARER] hi
        C: m1 AUTHENTICATE OAUTHBEARER *
        S: + {b64('{"status":"invalid_token"}')}
        C: AQ==
        S: m1 NO [AUTHENTICATIONFAILED] bad token
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials(kind=SecretKind.ACCESS_TOKEN), Method.AUTO)
    failed = caught.value
    assert failed.failure is Failure.REPLY
    assert failed.response_code == "AUTHENTICATIONFAILED"
    assert failed.text == '{"status": "invalid_token"}\nNO [AUTHENTICATIONFAILED] bad token'


async def test_warnings_before_the_refusal_are_kept() -> None:
    """Untagged NO and ALERT explain what the tagged NO only states."""
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
        C: m1 AUTHENTICATE PLAIN {PLAIN}
        S: * NO [WEBALERT https://example.test/x] Web login required.
        S: * OK still here
        S: m1 NO [alert] Please log in: pencil
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials(), Method.AUTO)
    assert caught.value.response_code == "ALERT"
    assert caught.value.text == (
        "NO [WEBALERT https://example.test/x] Web login required.\nNO [alert] Please log in: ***"
    )


async def test_untagged_data_between_commands_is_legal() -> None:
    """What a server tells unasked does not disturb the next command (RFC 9051, section 7)."""
    script = f"""
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
        S: * OK [ALERT] maintenance tonight
        S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN
        C: m1 AUTHENTICATE PLAIN {PLAIN}
        S: m1 OK in
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        assert await dialogue.sign_in(credentials(), Method.AUTO) == "OK in"


async def test_refused_examine_is_a_reply() -> None:
    """The words and the response code of a refused mailbox reach the diagnosis."""
    script = """
        S: * PREAUTH [CAPABILITY IMAP4rev1] welcome
        C: m1 EXAMINE INBOX
        S: m1 NO [NONEXISTENT] no such mailbox
    """
    async with dialogue_with(script) as (dialogue, _):
        await dialogue.greet()
        assert dialogue.preauthenticated
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.look_inside()
    assert caught.value.response_code == "NONEXISTENT"
    assert caught.value.text == "NO [NONEXISTENT] no such mailbox"
