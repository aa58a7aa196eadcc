"""SASL: the examples of the RFCs, the choice of a mechanism, what a hostile server may not do."""

import base64
import hashlib

import pytest

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import AuthenticationMethod as Method
from mailconfig.mail.failures import DialogueFailed
from mailconfig.mail.sasl import Credentials, Exchange, choose
from mailconfig.mail.saslprep import Unpreparable, prepared
from mailconfig.mail.scram import ScramSha256

PASSWORD = SecretKind.PASSWORD
TOKEN = SecretKind.ACCESS_TOKEN
EVERY = ("PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "GSSAPI")


def credentials(
    username: str = "user@example.com", secret: str = "pencil", kind: SecretKind = PASSWORD
) -> Credentials:
    """Return credentials for server.example.com:143, as in RFC 7628."""
    return Credentials(username, NewSecret(kind, Secret(secret)), "server.example.com", 143)


def failure_of(caught: pytest.ExceptionInfo[DialogueFailed]) -> Failure:
    """Return the kind of failure."""
    return caught.value.failure


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("PLAIN", PASSWORD, b"\0user@example.com\0pencil"),  # RFC 4616, section 2
        ("XOAUTH2", TOKEN, b"user=user@example.com|auth=Bearer pencil||"),
        # RFC 7628, section 4.1
        (
            "OAUTHBEARER",
            TOKEN,
            b"n,a=user@example.com,|host=server.example.com|port=143|auth=Bearer pencil||",
        ),
    ],
)
async def test_initial_response_is_exact(name: str, kind: SecretKind, expected: bytes) -> None:
    """The initial response is byte for byte what the specification shows ("|" for 0x01)."""
    line = Exchange(name, credentials(kind=kind)).initial_response(500)
    assert line == base64.b64encode(expected.replace(b"|", b"\x01"))


async def test_initial_response_without_room_answers_the_first_challenge() -> None:
    """Where the line would be too long, the same bytes follow the server's empty challenge."""
    exchange = Exchange("PLAIN", credentials())
    assert exchange.initial_response(10) is None
    assert base64.b64decode(await exchange.answer(b"")) == b"\0user@example.com\0pencil"
    exchange.finish()


async def test_non_ascii_is_sent_as_utf8() -> None:
    """User name and password of any script travel as UTF-8 (RFC 4616, section 2)."""
    line = Exchange("PLAIN", credentials("jörg", "pä 'ß\"\\")).initial_response(500)
    assert base64.b64decode(line or b"").decode() == "\0jörg\0pä 'ß\"\\"


async def test_authorization_identity_is_escaped() -> None:
    """A comma or equals sign in the name cannot end OAUTHBEARER's header (RFC 5801, section 4)."""
    line = Exchange("OAUTHBEARER", credentials("a,b=c", kind=TOKEN)).initial_response(500)
    assert base64.b64decode(line or b"").startswith(b"n,a=a=2Cb=3Dc,\x01")


async def test_login_sends_name_then_password() -> None:
    """LOGIN answers two prompts, whatever they say, and never a third."""
    exchange = Exchange("LOGIN", credentials())
    assert exchange.initial_response(500) is None
    assert await exchange.answer(b"VXNlcm5hbWU6") == base64.b64encode(b"user@example.com")
    assert await exchange.answer(b"not base64!") == base64.b64encode(b"pencil")
    with pytest.raises(DialogueFailed) as caught:
        await exchange.answer(b"")
    assert failure_of(caught) is Failure.VIOLATION


async def test_cram_md5_matches_rfc_2195() -> None:
    """The digest is that of the RFC's example."""
    exchange = Exchange("CRAM-MD5", credentials("tim", "tanstaaftanstaaf"))
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>")
    answer = base64.b64decode(await exchange.answer(challenge))
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"


SERVER_FIRST = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def rfc_7677() -> ScramSha256:
    """Return the client of the example in RFC 7677, section 3."""
    return ScramSha256("user", Secret("pencil"), nonce="rOprNGfwEbeRWgbNEkqO")


async def test_scram_matches_rfc_7677() -> None:
    """All four messages are those of the RFC's example, and success is believed at the end only."""
    scram = rfc_7677()
    assert scram.initial() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert await scram.respond(SERVER_FIRST) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    with pytest.raises(DialogueFailed):
        scram.finish()
    assert await scram.respond(SERVER_FINAL) == b""
    scram.finish()


@pytest.mark.parametrize(
    "server_first",
    [
        SERVER_FIRST.replace(b"i=4096", b"i=4095"),  # weaker than RFC 7677 allows
        SERVER_FIRST.replace(b"i=4096", b"i=1000001"),  # would compute for too long
        SERVER_FIRST.replace(b"i=4096", b"i=99999999999999999999"),
        SERVER_FIRST.replace(b"i=4096", b"i=-1"),
        SERVER_FIRST.replace(
            b"i=4096", "i=\uff14\uff10\uff19\uff16".encode()
        ),  # digits, but not ASCII ones
        SERVER_FIRST.replace(b"r=rOpr", b"r=xOpr"),  # another nonce
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  # nothing added to ours
        b"m=ext," + SERVER_FIRST,  # a mandatory extension that we do not know
        SERVER_FIRST.replace(b"s=W22Z", b"s=!!!!"),  # salt that is not base64
        b"",
        b"\xff\xfe",
        b"e=other-error",
    ],
)
async def test_scram_refuses_a_bad_server_first(
    server_first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is computed or answered for a message that is out of bounds."""
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", None)
    with pytest.raises(DialogueFailed) as caught:
        await rfc_7677().respond(server_first)
    assert failure_of(caught) is Failure.VIOLATION


@pytest.mark.parametrize("final", [b"v=" + base64.b64encode(b"x" * 32), b"v=", b"", b"x=1"])
async def test_scram_refuses_a_wrong_signature(final: bytes) -> None:
    """A server that does not know the password is not believed."""
    scram = rfc_7677()
    await scram.respond(SERVER_FIRST)
    with pytest.raises(DialogueFailed) as caught:
        await scram.respond(final)
    assert failure_of(caught) is Failure.VIOLATION


async def test_scram_keeps_the_server_error() -> None:
    """server-error is answered by nothing and kept for the diagnosis; success is not believed."""
    scram = rfc_7677()
    await scram.respond(SERVER_FIRST)
    assert await scram.respond(b"e=invalid-proof") == b""
    assert scram.remark == "e=invalid-proof"
    with pytest.raises(DialogueFailed):
        scram.finish()


def test_scram_escapes_the_name_and_never_repeats_a_nonce() -> None:
    """Signs in the name are written as RFC 5802 section 5.1 says; no two exchanges are alike."""
    one, two = (ScramSha256("a=b,c", Secret("x")).initial() for _ in range(2))
    assert one.startswith(b"n,,n=a=3Db=2Cc,r=")
    assert one != two


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I\u00adX", "IX"),  # RFC 4013, section 3, example 1
        ("user", "user"),  # example 2
        ("USER", "USER"),  # example 3
        ("\u00aa", "a"),  # example 4
        ("\u2168", "IX"),  # example 5
        ("a\u00a0b", "a b"),  # section 2.1: a space is a space
        ("pa\u0308", "p\u00e4"),  # composed
        ("\u0627a\u0628", None),  # left-to-right between right-to-left
        ("\u0007", None),  # example 6
        ("\u0627\u0031", None),  # example 7
        ("\U0001f511", None),  # not in Unicode 3.2
    ],
)
def test_saslprep_matches_rfc_4013(text: str, expected: str | None) -> None:
    """The examples of the RFC; None is refused."""
    if expected is None:
        with pytest.raises(Unpreparable):
            prepared(text)
    else:
        assert prepared(text) == expected


def test_unpreparable_password_is_used_as_it_is() -> None:
    """An emoji in a user name does not end the test before the server had its say."""
    assert ScramSha256("\U0001f511", Secret("x")).initial().startswith("n,,n=\U0001f511,".encode())


@pytest.mark.parametrize(("name", "acknowledgement"), [("XOAUTH2", b""), ("OAUTHBEARER", b"AQ==")])
async def test_refused_token_is_acknowledged_and_explained(
    name: str, acknowledgement: bytes
) -> None:
    """The error challenge is answered, so that the refusal arrives, and its JSON is kept."""
    exchange = Exchange(name, credentials(kind=TOKEN))
    exchange.initial_response(500)
    challenge = base64.b64encode(b'{"status":"401",\r\n"schemes":"bearer"}')
    assert await exchange.answer(challenge) == acknowledgement
    assert exchange.remark == '{"status": "401", "schemes": "bearer"}'
    with pytest.raises(DialogueFailed):  # a success after that is a lie
        exchange.finish()
    with pytest.raises(DialogueFailed):  # and there is one error challenge only
        await exchange.answer(challenge)


async def test_challenge_that_is_not_base64_ends_the_exchange() -> None:
    """A mechanism that computes with the challenge does not guess at it."""
    with pytest.raises(DialogueFailed) as caught:
        await Exchange("CRAM-MD5", credentials()).answer(b"PDE4OTY?")
    assert failure_of(caught) is Failure.VIOLATION


async def test_success_before_anything_was_sent_is_refused() -> None:
    """A server that says yes to a mechanism's bare name has checked nothing."""
    exchange = Exchange("PLAIN", credentials())
    exchange.initial_response(0)
    with pytest.raises(DialogueFailed):
        exchange.finish()


@pytest.mark.parametrize(
    ("kind", "tls_active", "offered", "expected"),
    [
        (PASSWORD, True, EVERY, "PLAIN"),
        (PASSWORD, True, ("LOGIN", "SCRAM-SHA-256", "CRAM-MD5"), "LOGIN"),
        (PASSWORD, True, ("CRAM-MD5", "SCRAM-SHA-256"), "SCRAM-SHA-256"),
        (PASSWORD, True, ("CRAM-MD5", "XOAUTH2"), "CRAM-MD5"),
        (PASSWORD, True, ("XOAUTH2", "GSSAPI"), None),
        (PASSWORD, False, EVERY, "SCRAM-SHA-256"),
        (PASSWORD, False, ("PLAIN", "LOGIN", "CRAM-MD5"), "CRAM-MD5"),
        (PASSWORD, False, ("PLAIN", "LOGIN"), None),  # never in clear text
        (TOKEN, True, EVERY, "XOAUTH2"),
        (TOKEN, True, ("PLAIN", "OAUTHBEARER"), "OAUTHBEARER"),
        (TOKEN, True, ("PLAIN", "LOGIN"), None),  # a token is no password
        (TOKEN, False, EVERY, None),  # never in clear text
    ],
)
def test_automatic_choice(
    kind: SecretKind, tls_active: bool, offered: tuple[str, ...], expected: str | None
) -> None:
    """AUTO takes the first mechanism that server, kind of secret and connection allow."""
    assert chosen(Method.AUTO, kind, offered, tls_active=tls_active) == expected


@pytest.mark.parametrize(
    ("method", "kind", "tls_active", "offered", "expected"),
    [
        (Method.LOGIN, PASSWORD, True, EVERY, "LOGIN"),
        (Method.CRAM_MD5, PASSWORD, True, EVERY, "CRAM-MD5"),
        (Method.SCRAM_SHA_256, PASSWORD, False, EVERY, "SCRAM-SHA-256"),
        (Method.OAUTHBEARER, TOKEN, True, EVERY, "OAUTHBEARER"),
        (Method.LOGIN, PASSWORD, True, ("PLAIN",), None),  # not offered, not replaced
        (Method.PLAIN, PASSWORD, False, EVERY, None),  # not even when asked for
        (Method.XOAUTH2, TOKEN, False, EVERY, None),
        (Method.XOAUTH2, PASSWORD, True, EVERY, None),  # a password is no token
        (Method.PLAIN, TOKEN, True, EVERY, None),
    ],
)
def test_chosen_method_is_used_or_fails(
    method: Method,
    kind: SecretKind,
    tls_active: bool,
    offered: tuple[str, ...],
    expected: str | None,
) -> None:
    """A method that the user chose is taken or refused, never exchanged for another."""
    assert chosen(method, kind, offered, tls_active=tls_active) == expected


def chosen(
    method: Method, kind: SecretKind, offered: tuple[str, ...], *, tls_active: bool
) -> str | None:
    """Return the chosen name, None for NO_MECHANISM; other failures are not expected."""
    try:
        return choose(method, credentials(kind=kind), offered, tls_active=tls_active)
    except DialogueFailed as failed:
        if failed.failure is not Failure.NO_MECHANISM:
            raise
        return None


def test_nothing_offered_is_told_apart() -> None:
    """A server without any login is another failure than one with the wrong ones."""
    with pytest.raises(DialogueFailed) as caught:
        choose(Method.AUTO, credentials(), (), tls_active=True)
    assert failure_of(caught) is Failure.NO_AUTH_OFFERED


@pytest.mark.parametrize(
    ("kind", "username", "secret"),
    [
        (PASSWORD, "user\0admin", "x"),  # would become another identity in PLAIN
        (PASSWORD, "user", "x\0y"),
        (PASSWORD, "user", "\ud800"),  # no UTF-8 form
        (TOKEN, "user\x01auth=Bearer other", "x"),  # would add a field
        (TOKEN, "user", "x\r\nA1 LOGOUT"),
    ],
)
def test_separators_inside_of_values_are_never_sent(
    kind: SecretKind, username: str, secret: str
) -> None:
    """A value that would end the mechanism's own fields is refused before anything is sent."""
    with pytest.raises(DialogueFailed) as caught:
        choose(Method.AUTO, credentials(username, secret, kind), EVERY, tls_active=True)
    assert failure_of(caught) is Failure.UNSENDABLE
