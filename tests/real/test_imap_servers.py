"""Connection tests against a real Dovecot: the right step fails, with the right code, and no login
is tried twice.
"""

import pytest

from kit.cases import PASSWORD_METHODS, TLS_FAILURES, TOKEN_METHODS
from kit.connections import (
    Account,
    Run,
    fresh_name,
    probe,
    refused,
    target,
    tls_1_0_server,
)
from kit.dovecot import Dovecot
from kit.servers import (
    GOOD_HOST,
    UNKNOWN_CA_HOST,
    Certificates,
    free_ports,
)
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import Prober, ProbeTarget, StepKind
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity

pytestmark = pytest.mark.servers

IMPLICIT_TLS_STEPS = [
    StepKind.RESOLVE,
    StepKind.CONNECT,
    StepKind.TLS_HANDSHAKE,
    StepKind.GREETING,
    StepKind.CAPABILITIES,
    StepKind.AUTHENTICATE,
    StepKind.OPEN_MAILBOX,
]
STARTTLS_STEPS = [
    StepKind.RESOLVE,
    StepKind.CONNECT,
    StepKind.GREETING,
    StepKind.STARTTLS,
    StepKind.TLS_HANDSHAKE,
    StepKind.CAPABILITIES,
    StepKind.AUTHENTICATE,
    StepKind.OPEN_MAILBOX,
]
ODD_USERS = [
    pytest.param("utf8", "pässwörd €", id="UTF-8 password"),
    pytest.param('qu"ote', 'a"b"', id="quotes"),
    pytest.param("back\\slash", "c\\d\\", id="backslashes"),
    pytest.param("sp ace", " e f ", id="spaces"),
    pytest.param("(par%en*{3}", "{5+})", id="IMAP specials"),
    pytest.param("u" * 200, "p" * 200, id="200 characters"),
]


def imap(
    dovecot: Dovecot,
    account: Account | None,
    security: TransportSecurity = TransportSecurity.TLS,
    *,
    host: str = GOOD_HOST,
    method: AuthenticationMethod = AuthenticationMethod.AUTO,
) -> ProbeTarget:
    """The server as on port 993, or as on 143 where TLS does not come first."""
    port = dovecot.imaps_port if security is TransportSecurity.TLS else dovecot.imap_port
    return target(MailProtocol.IMAP, port, security, account, host=host, method=method)


def authenticated_by(run: Run) -> str | None:
    """The mechanism that was used."""
    return run.step(StepKind.AUTHENTICATE).detail.mechanism


async def test_imaps_passes(prober: Prober, dovecot: Dovecot, account: Account) -> None:
    """IMAPS passes every step, with the facts of TLS and the strongest simple mechanism."""
    run = await probe(prober, imap(dovecot, account))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert run.passed() == IMPLICIT_TLS_STEPS
    tls = run.step(StepKind.TLS_HANDSHAKE).detail
    assert tls.tls_version == "TLSv1.3"
    assert tls.certificate is not None
    assert tls.certificate.names[0] == GOOD_HOST
    assert run.step(StepKind.CONNECT).detail.address == "127.0.0.2"
    assert "IMAP4REV1" in [
        word.upper() for word in run.step(StepKind.CAPABILITIES).detail.capabilities
    ]
    assert authenticated_by(run) == "PLAIN"
    assert await refused(dovecot, account) == 0


async def test_starttls_passes(prober: Prober, dovecot: Dovecot, account: Account) -> None:
    """IMAP with STARTTLS passes every step."""
    run = await probe(prober, imap(dovecot, account, TransportSecurity.STARTTLS))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert [kind for kind in run.passed() if kind is not StepKind.CAPABILITIES] == [
        kind for kind in STARTTLS_STEPS if kind is not StepKind.CAPABILITIES
    ]
    assert run.step(StepKind.TLS_HANDSHAKE).detail.tls_version == "TLSv1.3"
    assert authenticated_by(run) == "PLAIN"
    assert await refused(dovecot, account) == 0


async def test_without_account_nobody_signs_in(prober: Prober, dovecot: Dovecot) -> None:
    """A target without a secret is tested up to the capabilities."""
    run = await probe(prober, imap(dovecot, None))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert run.passed()[-1] is StepKind.CAPABILITIES


@pytest.mark.parametrize(("method", "mechanism"), PASSWORD_METHODS)
@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
async def test_password_mechanism_passes(
    prober: Prober,
    dovecot: Dovecot,
    account: Account,
    method: AuthenticationMethod,
    mechanism: str,
    security: TransportSecurity,
) -> None:
    """Each mechanism for passwords signs in, by the name that was asked for."""
    run = await probe(prober, imap(dovecot, account, security, method=method))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == mechanism
    assert await refused(dovecot, account) == 0


@pytest.mark.parametrize(("method", "mechanism"), PASSWORD_METHODS)
async def test_wrong_password_fails_once(
    prober: Prober,
    dovecot: Dovecot,
    account: Account,
    method: AuthenticationMethod,
    mechanism: str,
) -> None:
    """A wrong password costs one attempt, whatever the mechanism."""
    wrong = Account(account.name, "wrong horse")
    run = await probe(prober, imap(dovecot, wrong, method=method))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_BAD_CREDENTIALS)
    assert authenticated_by(run) == mechanism
    assert await refused(dovecot, account) == 1


@pytest.mark.parametrize("security", [TransportSecurity.STARTTLS, TransportSecurity.TLS])
async def test_wrong_password_with_auto_fails_once(
    prober: Prober, dovecot: Dovecot, account: Account, security: TransportSecurity
) -> None:
    """AUTO does not go on to the next mechanism when the first one is refused."""
    wrong = Account(account.name, "wrong horse")
    run = await probe(prober, imap(dovecot, wrong, security))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_BAD_CREDENTIALS)
    assert run.outcomes[0].server_reply is not None
    assert "Authentication failed" in run.outcomes[0].server_reply
    assert await refused(dovecot, account) == 1


async def test_unknown_user_fails_once(prober: Prober, dovecot: Dovecot) -> None:
    """A user that does not exist reads like a wrong password."""
    nobody = Account(fresh_name(), "anything")
    run = await probe(prober, imap(dovecot, nobody))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_BAD_CREDENTIALS)
    assert await refused(dovecot, nobody) == 1


@pytest.mark.parametrize(("method", "mechanism"), TOKEN_METHODS)
async def test_token_passes(
    prober: Prober, dovecot: Dovecot, method: AuthenticationMethod, mechanism: str
) -> None:
    """A good bearer token signs in."""
    name = fresh_name()
    account = Account(name, dovecot.token(name), SecretKind.ACCESS_TOKEN)
    run = await probe(prober, imap(dovecot, account, method=method))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == mechanism


@pytest.mark.parametrize(("method", "mechanism"), TOKEN_METHODS)
async def test_expired_token_fails_once(
    prober: Prober, dovecot: Dovecot, method: AuthenticationMethod, mechanism: str
) -> None:
    """A bearer token that has run out is refused once, and the dialogue ends as the RFC says."""
    name = fresh_name()
    account = Account(name, dovecot.token(name, seconds=-60), SecretKind.ACCESS_TOKEN)
    run = await probe(prober, imap(dovecot, account, method=method))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.OAUTH_TOKEN_EXPIRED)
    assert authenticated_by(run) == mechanism
    assert await refused(dovecot, account) == 1


async def test_token_with_auto_passes(prober: Prober, dovecot: Dovecot) -> None:
    """AUTO takes a mechanism for tokens when the secret is a token."""
    name = fresh_name()
    account = Account(name, dovecot.token(name), SecretKind.ACCESS_TOKEN)
    run = await probe(prober, imap(dovecot, account))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) in {"XOAUTH2", "OAUTHBEARER"}


@pytest.mark.parametrize(("name", "password"), ODD_USERS)
@pytest.mark.parametrize(("method", "mechanism"), PASSWORD_METHODS)
async def test_odd_user_signs_in(
    prober: Prober,
    dovecot: Dovecot,
    name: str,
    password: str,
    method: AuthenticationMethod,
    mechanism: str,
) -> None:
    """Characters with a meaning in the protocol reach the server as they are."""
    dovecot.add_user(name, password)
    run = await probe(prober, imap(dovecot, Account(name, password), method=method))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == mechanism


async def test_closed_mailbox_is_no_wrong_password(prober: Prober, dovecot: Dovecot) -> None:
    """A user who may not use IMAP is told so: the password was right."""
    account = Account(fresh_name(), "right")
    dovecot.add_user(account.name, account.secret, login=False)
    run = await probe(prober, imap(dovecot, account))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.ACCOUNT_DISABLED)
    assert await refused(dovecot, account) == 0


@pytest.mark.parametrize(("host", "code"), TLS_FAILURES)
@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
async def test_bad_certificate_stops_before_login(
    prober: Prober,
    dovecot: Dovecot,
    account: Account,
    host: str,
    code: DiagnosticCode,
    security: TransportSecurity,
) -> None:
    """Each bad certificate fails the handshake with its own code and is described."""
    run = await probe(prober, imap(dovecot, account, security, host=host))
    assert run.verdict() == ([StepKind.TLS_HANDSHAKE], code)
    certificate = run.outcomes[0].certificate
    assert certificate is not None
    assert len(certificate.sha256) == 64
    assert account.name not in dovecot.log()


async def test_uploaded_authority_is_trusted(
    prober: Prober, dovecot: Dovecot, certificates: Certificates, account: Account
) -> None:
    """A trust anchor of the test makes its authority's certificates good."""
    anchor = certificates.unknown_ca_text()
    run = await probe(prober, imap(dovecot, account, host=UNKNOWN_CA_HOST), trust=(anchor,))
    assert run.verdict() == ([], DiagnosticCode.OK)


async def test_tls_1_0_is_too_old(
    prober: Prober, certificates: Certificates, account: Account
) -> None:
    """A server that speaks TLS 1.0 only is refused in the handshake."""
    async with tls_1_0_server(certificates) as port:
        run = await probe(prober, target(MailProtocol.IMAP, port, TransportSecurity.TLS, account))
    assert run.verdict() == ([StepKind.TLS_HANDSHAKE], DiagnosticCode.TLS_TOO_OLD)


@pytest.mark.parametrize("method", [AuthenticationMethod.LOGIN, AuthenticationMethod.PLAIN])
async def test_login_disabled_before_tls(
    prober: Prober, dovecot: Dovecot, account: Account, method: AuthenticationMethod
) -> None:
    """Where the server disables logins before TLS nothing is sent, and STARTTLS is advised."""
    run = await probe(prober, imap(dovecot, account, TransportSecurity.NONE, method=method))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.STARTTLS_REQUIRED)
    assert await refused(dovecot, account) == 0
    assert account.name not in dovecot.log()


async def test_auto_without_tls_sends_no_clear_password(
    prober: Prober, dovecot: Dovecot, account: Account
) -> None:
    """Without TLS AUTO takes a mechanism that does not show the password."""
    run = await probe(prober, imap(dovecot, account, TransportSecurity.NONE))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == "SCRAM-SHA-256"


async def test_tls_on_starttls_port(prober: Prober, dovecot: Dovecot, account: Account) -> None:
    """TLS from the first byte on the port for STARTTLS names the mix-up."""
    swapped = target(MailProtocol.IMAP, dovecot.imap_port, TransportSecurity.TLS, account)
    run = await probe(prober, swapped)
    assert run.verdict() == (
        [StepKind.TLS_HANDSHAKE],
        DiagnosticCode.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    )


async def test_starttls_on_tls_port(prober: Prober, dovecot: Dovecot, account: Account) -> None:
    """STARTTLS on the port for TLS names the mix-up: no greeting comes."""
    swapped = target(MailProtocol.IMAP, dovecot.imaps_port, TransportSecurity.STARTTLS, account)
    run = await probe(prober, swapped)
    assert run.verdict() == ([StepKind.GREETING], DiagnosticCode.TLS_MODE_MISMATCH_PLAIN_ON_TLS)


async def test_smtp_settings_on_an_imap_server(
    prober: Prober, dovecot: Dovecot, account: Account
) -> None:
    """An IMAP server in the field for SMTP is told from its greeting; nothing is sent."""
    swapped = target(MailProtocol.SMTP, dovecot.imap_port, TransportSecurity.STARTTLS, account)
    run = await probe(prober, swapped)
    assert run.verdict() == ([StepKind.GREETING], DiagnosticCode.WRONG_PROTOCOL)
    assert account.name not in dovecot.log()


async def test_closed_port(prober: Prober, account: Account) -> None:
    """A port where nobody listens fails to connect."""
    (port,) = free_ports(1)
    run = await probe(prober, target(MailProtocol.IMAP, port, TransportSecurity.TLS, account))
    assert run.verdict() == ([StepKind.CONNECT], DiagnosticCode.TCP_REFUSED)
