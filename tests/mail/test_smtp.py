"""The SMTP dialogue, line by line. The wire claims TLS where a password is to be sent."""

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
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.sasl import Credentials
from mailconfig.mail.smtp import SmtpDialogue

SETTINGS = ProbeSettings(ehlo_name="app.example.test")


def b64(text: str) -> str:
    """Return base64 as text."""
    return base64.b64encode(text.encode()).decode()


PLAIN = b64("\0ann\0pencil")


@asynccontextmanager
async def dialogue_with(
    script: Script, *, tls_active: bool = True, secret: str = "pencil"
) -> AsyncIterator[tuple[SmtpDialogue, ScriptedServer]]:
    """Connect a dialogue to a scripted server; at the end the script must have been followed."""
    async with scripted(script) as server:
        async with open_wire(server.port) as wire:
            wire.tls_active = tls_active
            yield SmtpDialogue(wire, SETTINGS, Cleaner(secret)), server
        await server.finished()
        server.check()


def credentials(
    username: str = "ann", secret: str = "pencil", kind: SecretKind = SecretKind.PASSWORD
) -> Credentials:
    """Return credentials; the server's name only matters to OAUTHBEARER."""
    return Credentials(username, NewSecret(kind, Secret(secret)), "mail.example.test", 465)


def offering(*extensions: str) -> str:
    """Return a script up to the EHLO reply."""
    lines = ["mail.example.test", *extensions]
    replies = [f"S: 250-{line}" for line in lines[:-1]] + [f"S: 250 {lines[-1]}"]
    return "\n".join(["S: 220 mail.example.test ESMTP", "C: EHLO app.example.test", *replies, ""])


async def greeted(dialogue: SmtpDialogue) -> None:
    """Go on to where sign-in may begin."""
    await dialogue.greet()
    await dialogue.ask_capabilities()


async def refusal(script: Script, method: Method = Method.AUTO, **kinds: object) -> DialogueFailed:
    """Play a script whose sign-in fails and return the failure."""
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials(**kinds), method)  # type: ignore[arg-type]
    return caught.value


async def test_shortest_dialogue_signs_in_with_two_commands() -> None:
    """EHLO and AUTH with an initial response; MAIL and RSET in one flight; QUIT not awaited."""
    script = [
        offering("PIPELINING", "AUTH LOGIN PLAIN"),
        f"""
        C: AUTH PLAIN {PLAIN}
        S: 235 2.7.0 welcome
        C: MAIL FROM:<ann@example.test>
        C: RSET
        S: 250 2.1.0 ok
        C: QUIT
        """,
    ]
    async with dialogue_with(script) as (dialogue, _):
        assert await dialogue.greet() == "220 mail.example.test ESMTP"
        assert await dialogue.ask_capabilities() == (
            "250-mail.example.test 250-PIPELINING 250 AUTH LOGIN PLAIN"
        )
        assert dialogue.capabilities == ("PIPELINING", "AUTH LOGIN PLAIN")
        assert await dialogue.sign_in(credentials(), Method.AUTO) == "235 2.7.0 welcome"
        assert dialogue.mechanism == "PLAIN"
        assert await dialogue.look_inside("ann@example.test") == "250 2.1.0 ok"
        dialogue.goodbye()


async def test_reset_waits_without_pipelining() -> None:
    """A server that does not take pipelining gets RSET after its reply to MAIL."""
    script = [
        offering("SIZE 1000"),
        "C: MAIL FROM:<ann@example.test>\nS: 250 ok\nC: RSET\nS: 250 ok\nC: QUIT",
    ]
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        await dialogue.look_inside("ann@example.test")
        dialogue.goodbye()


async def test_refused_sender_is_the_verdict_without_waiting_for_rset() -> None:
    """The reply to MAIL decides; a reply to RSET that never comes cannot hide it."""
    script = [
        offering("PIPELINING"),
        """
        C: MAIL FROM:<ann@example.test>
        C: RSET
        S: 553-5.7.1 not yours
        S: 553 5.7.1 really
        """,
    ]
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.look_inside("ann@example.test")
    failed = caught.value
    assert (failed.failure, failed.reply_code, failed.enhanced_code) == (
        Failure.REPLY,
        553,
        "5.7.1",
    )
    assert failed.text == "553-5.7.1 not yours\n553 5.7.1 really"


@pytest.mark.parametrize(
    ("sender", "extensions", "line"),
    [
        ("ann@bücher.example", (), "MAIL FROM:<ann@xn--bcher-kva.example>"),  # RFC 5891
        ("jörg@example.test", ("SMTPUTF8",), "MAIL FROM:<jörg@example.test> SMTPUTF8"),  # RFC 6531
        ("o'neil+tag@example.test", (), "MAIL FROM:<o'neil+tag@example.test>"),
    ],
)
async def test_sender_is_written_for_the_server(
    sender: str, extensions: tuple[str, ...], line: str
) -> None:
    """International addresses are sent in the form that the server takes."""
    async with dialogue_with([offering(*extensions), f"C: {line}\nS: 250 ok\nC: RSET"]) as (
        dialogue,
        _,
    ):
        await greeted(dialogue)
        await dialogue.look_inside(sender)


@pytest.mark.parametrize(
    ("sender", "failure"),
    [
        ("jörg@example.test", Failure.REPLY),  # SMTPUTF8 is not offered
        ("a@b> SIZE=1\r\nRCPT TO:<x@y", Failure.VIOLATION),
        ("a b@example.test", Failure.VIOLATION),
        ("nobody", Failure.VIOLATION),
        ("a@-\u2028.example", Failure.VIOLATION),
    ],
)
async def test_sender_that_cannot_be_sent_is_not_sent(sender: str, failure: Failure) -> None:
    """An address that would break the command, or that the server cannot take, stays here."""
    async with dialogue_with(offering("SIZE")) as (dialogue, server):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.look_inside(sender)
    assert caught.value.failure is failure
    assert server.lines == ["EHLO app.example.test"]


async def test_upgrade_forgets_what_was_told_before() -> None:
    """After STARTTLS the old extensions are void (RFC 3207, section 4.2)."""
    script = [offering("STARTTLS"), "C: STARTTLS\nS: 220 go"]
    async with dialogue_with(script, tls_active=False) as (dialogue, _):
        await greeted(dialogue)
        assert await dialogue.request_upgrade() == "220 go"
        assert dialogue.capabilities == ()


async def test_old_server_is_greeted_with_helo() -> None:
    """EHLO unknown: HELO, and no extensions (RFC 5321, section 3.2)."""
    script = """
        S: 220 hello
        C: EHLO app.example.test
        S: 502 5.5.1 what?
        C: HELO app.example.test
        S: 250 hello
    """
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        assert dialogue.capabilities == ()


async def test_refused_ehlo_is_not_tried_again() -> None:
    """A server that does not like our name is not asked a second time."""
    script = "S: 220 hello\nC: EHLO app.example.test\nS: 550 5.7.1 bad name"
    async with dialogue_with(script) as (dialogue, _):
        await dialogue.greet()
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.ask_capabilities()
    assert caught.value.reply_code == 550


async def test_greeting_of_several_lines() -> None:
    """A greeting may have several lines; a code without text is a reply too."""
    async with dialogue_with("S: 220-one\nS: 220-two\nS: 220") as (dialogue, _):
        assert await dialogue.greet() == "220-one 220-two 220"


async def test_refusing_greeting() -> None:
    """554 instead of 220 is the server's word, with its codes."""
    async with dialogue_with("S: 554 5.7.1 blocked, see example.test") as (dialogue, _):
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.greet()
    failed = caught.value
    assert (failed.failure, failed.reply_code) == (Failure.REPLY, 554)
    assert (failed.enhanced_code, failed.text) == ("5.7.1", "554 5.7.1 blocked, see example.test")


async def test_login_dialogue() -> None:
    """LOGIN: name and password, each after its prompt, never in the AUTH line."""
    script = [
        offering("AUTH=LOGIN"),  # as servers before RFC 2554 wrote it
        f"""
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: {b64("jörg")}
        S: 334 UGFzc3dvcmQ6
        C: {b64('p ä"')}
        S: 235 in
        """,
    ]
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        assert await dialogue.sign_in(credentials("jörg", 'p ä"'), Method.AUTO) == "235 in"
        assert dialogue.mechanism == "LOGIN"


async def test_long_initial_response_waits_for_the_server() -> None:
    """The AUTH line keeps to 512 bytes (RFC 4954, section 4): a longer secret follows 334."""
    secret = "x" * 400
    script = [
        offering("AUTH PLAIN"),
        f"C: AUTH PLAIN\nS: 334\nC: {b64(f'{chr(0)}ann{chr(0)}{secret}')}\nS: 235 in",
    ]
    async with dialogue_with(script) as (dialogue, _):
        await greeted(dialogue)
        await dialogue.sign_in(credentials(secret=secret), Method.AUTO)


@pytest.mark.parametrize("size", [355, 356])
async def test_limit_of_the_initial_response_is_exact(size: int) -> None:
    """A line of 512 bytes with its end is the longest one."""
    secret = "x" * size
    async with dialogue_with([offering("AUTH PLAIN"), "C: AUTH PLAIN*\nS: 535 no"]) as (
        dialogue,
        server,
    ):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed):
            await dialogue.sign_in(credentials("a" * 16, secret), Method.AUTO)
    line = server.lines[-1]
    fits = len("AUTH PLAIN ") + len(b64(f"\0{'a' * 16}\0{secret}")) + 2 <= 512
    assert (line == "AUTH PLAIN") is not fits
    assert len(line) + 2 <= 512


async def test_one_attempt_only() -> None:
    """After a refusal no other mechanism is tried, whatever the server offers."""
    failed = await refusal(
        [offering("AUTH PLAIN LOGIN CRAM-MD5"), f"C: AUTH PLAIN {PLAIN}\nS: 535 5.7.8 pencil? no"]
    )
    assert (failed.reply_code, failed.enhanced_code) == (535, "5.7.8")
    assert failed.text == "535 5.7.8 ***? no"


async def test_temporary_refusal_is_one_attempt_too() -> None:
    """454 ends the dialogue like 535 does."""
    failed = await refusal([offering("AUTH PLAIN LOGIN"), "C: AUTH *\nS: 454 4.7.0 later"])
    assert failed.reply_code == 454


async def test_refused_token_tells_the_reason() -> None:
    """The error challenge is answered by an empty line, the 535 arrives, both are kept."""
    failed = await refusal(
        [
            offering("AUTH XOAUTH2"),
            f"""
            C: AUTH XOAUTH2 *
            S: 334 {b64('{"status":"400"}')}
            C:
            S: 535-5.7.8 not accepted
            S: 535 5.7.8 see example.test
            """,
        ],
        kind=SecretKind.ACCESS_TOKEN,
    )
    assert failed.text == ('{"status": "400"}\n535-5.7.8 not accepted\n535 5.7.8 see example.test')


@pytest.mark.parametrize(
    ("extension", "failure"),
    [
        ("SIZE", Failure.NO_AUTH_OFFERED),
        ("AUTH", Failure.NO_AUTH_OFFERED),
        ("AUTH PLAIN LOGIN", Failure.NO_MECHANISM),
        ("AUTH GSSAPI", Failure.NO_MECHANISM),
    ],
)
async def test_nothing_is_sent_without_tls(extension: str, failure: Failure) -> None:
    """Without TLS the password goes to nobody, and the two reasons are told apart."""
    async with dialogue_with(offering(extension), tls_active=False) as (dialogue, server):
        await greeted(dialogue)
        with pytest.raises(DialogueFailed) as caught:
            await dialogue.sign_in(credentials(), Method.AUTO)
    assert caught.value.failure is failure
    assert server.lines == ["EHLO app.example.test"]
