"""Connection tests against a real Postfix: the right step fails, with the right code, and no login
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
from kit.postfix import Postfix
from kit.servers import (
    GOOD_HOST,
    UNKNOWN_CA_HOST,
    Certificates,
)
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import Prober, ProbeTarget, StepKind
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity

pytestmark = pytest.mark.servers

ODD_USERS = [
    pytest.param("smtp-utf8", "pässwörd €", id="UTF-8 password"),
    pytest.param('smtp-qu"ote', 'a"b"', id="quotes"),
    pytest.param("smtp-back\\slash", "c\\d\\", id="backslashes"),
    pytest.param("smtp-sp ace", " e f ", id="spaces"),
    pytest.param("smtp-=<base64>=", "=", id="base64 and brackets"),
    pytest.param("s" * 200, "p" * 200, id="200 characters"),
]


def submission(
    postfix: Postfix,
    account: Account | None,
    security: TransportSecurity = TransportSecurity.STARTTLS,
    *,
    host: str = GOOD_HOST,
    method: AuthenticationMethod = AuthenticationMethod.AUTO,
    sender: str | None = None,
) -> ProbeTarget:
    """The server as on port 587, or as on 465 where TLS comes first."""
    implicit = security is TransportSecurity.TLS
    port = postfix.submissions_port if implicit else postfix.submission_port
    return target(
        MailProtocol.SMTP, port, security, account, host=host, method=method, sender=sender
    )


def authenticated_by(run: Run) -> str | None:
    """The mechanism that was used."""
    return run.step(StepKind.AUTHENTICATE, MailProtocol.SMTP).detail.mechanism


async def test_submission_passes(prober: Prober, postfix: Postfix, account: Account) -> None:
    """Port 587 with STARTTLS passes every step, in the order of the dialogue."""
    run = await probe(prober, submission(postfix, account, sender=account.name))
    assert run.verdict() == ([], DiagnosticCode.OK)
    passed = run.passed()
    assert passed[:3] == [StepKind.RESOLVE, StepKind.CONNECT, StepKind.GREETING]
    assert passed[-4:] == [
        StepKind.TLS_HANDSHAKE,
        StepKind.CAPABILITIES,
        StepKind.AUTHENTICATE,
        StepKind.SENDER_CHECK,
    ]
    assert StepKind.STARTTLS in passed
    assert run.step(StepKind.TLS_HANDSHAKE).detail.tls_version == "TLSv1.3"
    assert "8BITMIME" in run.step(StepKind.CAPABILITIES).detail.capabilities
    assert authenticated_by(run) == "PLAIN"
    assert await refused(postfix, account) == 0


async def test_submissions_passes(prober: Prober, postfix: Postfix, account: Account) -> None:
    """Port 465 passes every step, in the order of the dialogue."""
    run = await probe(
        prober, submission(postfix, account, TransportSecurity.TLS, sender=account.name)
    )
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert run.passed() == [
        StepKind.RESOLVE,
        StepKind.CONNECT,
        StepKind.TLS_HANDSHAKE,
        StepKind.GREETING,
        StepKind.CAPABILITIES,
        StepKind.AUTHENTICATE,
        StepKind.SENDER_CHECK,
    ]
    certificate = run.step(StepKind.TLS_HANDSHAKE).detail.certificate
    assert certificate is not None
    assert certificate.names[0] == GOOD_HOST
    assert await refused(postfix, account) == 0


async def test_no_recipient_and_no_message(
    prober: Prober, postfix: Postfix, account: Account
) -> None:
    """The sender check names no recipient and leaves no message behind."""
    await probe(prober, submission(postfix, account, sender=account.name))
    assert await refused(postfix, account) == 0
    sessions = [line for line in postfix.log().splitlines() if "disconnect from" in line]
    assert any("mail=1 rset=1" in line for line in sessions)
    assert not any(f"from=<{account.name}>" in line for line in postfix.log().splitlines())


@pytest.mark.parametrize(("method", "mechanism"), PASSWORD_METHODS)
@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
async def test_password_mechanism_passes(
    prober: Prober,
    postfix: Postfix,
    account: Account,
    method: AuthenticationMethod,
    mechanism: str,
    security: TransportSecurity,
) -> None:
    """Each mechanism for passwords signs in, by the name that was asked for."""
    run = await probe(prober, submission(postfix, account, security, method=method))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == mechanism
    assert await refused(postfix, account) == 0


@pytest.mark.parametrize(("method", "mechanism"), PASSWORD_METHODS)
async def test_wrong_password_fails_once(
    prober: Prober,
    postfix: Postfix,
    account: Account,
    method: AuthenticationMethod,
    mechanism: str,
) -> None:
    """A wrong password costs one attempt, whatever the mechanism."""
    wrong = Account(account.name, "wrong horse")
    run = await probe(prober, submission(postfix, wrong, method=method))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_BAD_CREDENTIALS)
    assert authenticated_by(run) == mechanism
    assert await refused(postfix, account) == 1


@pytest.mark.parametrize("security", [TransportSecurity.STARTTLS, TransportSecurity.TLS])
async def test_wrong_password_with_auto_fails_once(
    prober: Prober, postfix: Postfix, account: Account, security: TransportSecurity
) -> None:
    """AUTO does not go on to the next mechanism when the first one is refused."""
    run = await probe(prober, submission(postfix, Account(account.name, "wrong horse"), security))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_BAD_CREDENTIALS)
    assert run.outcomes[0].server_reply is not None
    assert "535" in run.outcomes[0].server_reply
    assert await refused(postfix, account) == 1


@pytest.mark.parametrize(("method", "mechanism"), TOKEN_METHODS)
async def test_token_passes(
    prober: Prober,
    postfix: Postfix,
    dovecot: Dovecot,
    method: AuthenticationMethod,
    mechanism: str,
) -> None:
    """A good bearer token signs in."""
    name = fresh_name()
    account = Account(name, dovecot.token(name), SecretKind.ACCESS_TOKEN)
    run = await probe(prober, submission(postfix, account, method=method))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == mechanism


@pytest.mark.parametrize(("method", "mechanism"), TOKEN_METHODS)
async def test_expired_token_fails_once(
    prober: Prober,
    postfix: Postfix,
    dovecot: Dovecot,
    method: AuthenticationMethod,
    mechanism: str,
) -> None:
    """A bearer token that has run out is refused once, and the dialogue ends as the RFC says."""
    name = fresh_name()
    account = Account(name, dovecot.token(name, seconds=-60), SecretKind.ACCESS_TOKEN)
    run = await probe(prober, submission(postfix, account, method=method))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.OAUTH_TOKEN_EXPIRED)
    assert authenticated_by(run) == mechanism
    assert await refused(postfix, account) == 1


@pytest.mark.parametrize(("name", "password"), ODD_USERS)
@pytest.mark.parametrize(("method", "mechanism"), PASSWORD_METHODS)
async def test_odd_user_signs_in(
    prober: Prober,
    postfix: Postfix,
    dovecot: Dovecot,
    name: str,
    password: str,
    method: AuthenticationMethod,
    mechanism: str,
) -> None:
    """Characters with a meaning in the protocol reach the server as they are."""
    dovecot.add_user(name, password)
    run = await probe(prober, submission(postfix, Account(name, password), method=method))
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert authenticated_by(run) == mechanism


@pytest.mark.parametrize(("host", "code"), TLS_FAILURES)
@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
async def test_bad_certificate_stops_before_login(
    prober: Prober,
    postfix: Postfix,
    account: Account,
    host: str,
    code: DiagnosticCode,
    security: TransportSecurity,
) -> None:
    """Each bad certificate fails the handshake with its own code and is described."""
    run = await probe(prober, submission(postfix, account, security, host=host))
    assert run.verdict() == ([StepKind.TLS_HANDSHAKE], code)
    certificate = run.outcomes[0].certificate
    assert certificate is not None
    assert len(certificate.sha256) == 64
    assert account.name not in postfix.log()


async def test_uploaded_authority_is_trusted(
    prober: Prober, postfix: Postfix, certificates: Certificates, account: Account
) -> None:
    """A trust anchor of the test makes its authority's certificates good."""
    anchor = certificates.unknown_ca_text()
    run = await probe(prober, submission(postfix, account, host=UNKNOWN_CA_HOST), trust=(anchor,))
    assert run.verdict() == ([], DiagnosticCode.OK)


async def test_tls_1_0_is_too_old(
    prober: Prober, certificates: Certificates, account: Account
) -> None:
    """A server that speaks TLS 1.0 only is refused in the handshake."""
    async with tls_1_0_server(certificates) as port:
        run = await probe(prober, target(MailProtocol.SMTP, port, TransportSecurity.TLS, account))
    assert run.verdict() == ([StepKind.TLS_HANDSHAKE], DiagnosticCode.TLS_TOO_OLD)


@pytest.mark.parametrize("security", [TransportSecurity.STARTTLS, TransportSecurity.NONE])
async def test_port_25_offers_no_login(
    prober: Prober, postfix: Postfix, account: Account, security: TransportSecurity
) -> None:
    """A relay port without AUTH is no place to sign in, whatever the TLS mode."""
    run = await probe(prober, target(MailProtocol.SMTP, postfix.relay_port, security, account))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_NOT_OFFERED_BEFORE_TLS)
    assert account.name not in postfix.log()


async def test_port_25_without_account_passes(prober: Prober, postfix: Postfix) -> None:
    """Where nobody signs in a relay port passes up to the sender check."""
    chosen = target(
        MailProtocol.SMTP,
        postfix.relay_port,
        TransportSecurity.STARTTLS,
        None,
        sender=f"anybody@{GOOD_HOST}",
    )
    run = await probe(prober, chosen)
    assert run.verdict() == ([], DiagnosticCode.OK)
    assert run.passed()[-1] is StepKind.SENDER_CHECK


@pytest.mark.parametrize("method", [AuthenticationMethod.AUTO, AuthenticationMethod.PLAIN])
async def test_login_only_after_tls(
    prober: Prober, postfix: Postfix, account: Account, method: AuthenticationMethod
) -> None:
    """Submission without TLS sends nothing where AUTH is offered inside TLS only."""
    run = await probe(prober, submission(postfix, account, TransportSecurity.NONE, method=method))
    assert run.verdict() == ([StepKind.AUTHENTICATE], DiagnosticCode.AUTH_NOT_OFFERED_BEFORE_TLS)
    assert await refused(postfix, account) == 0
    assert account.name not in postfix.log()


async def test_starttls_is_not_offered(prober: Prober, postfix: Postfix, account: Account) -> None:
    """A port without STARTTLS stops the test before anything is sent."""
    chosen = target(MailProtocol.SMTP, postfix.clear_port, TransportSecurity.STARTTLS, account)
    run = await probe(prober, chosen)
    assert run.verdict() == ([StepKind.STARTTLS], DiagnosticCode.STARTTLS_NOT_OFFERED)
    assert account.name not in postfix.log()


async def test_foreign_sender_is_refused(
    prober: Prober, postfix: Postfix, account: Account
) -> None:
    """A server that guards its senders refuses somebody else's address."""
    chosen = target(
        MailProtocol.SMTP,
        postfix.owner_port,
        TransportSecurity.STARTTLS,
        account,
        sender=f"somebody.else@{GOOD_HOST}",
    )
    run = await probe(prober, chosen)
    assert run.verdict() == ([StepKind.SENDER_CHECK], DiagnosticCode.SENDER_NOT_OWNED)


async def test_own_sender_is_taken(prober: Prober, postfix: Postfix, account: Account) -> None:
    """The same server takes the address that signed in."""
    chosen = target(
        MailProtocol.SMTP,
        postfix.owner_port,
        TransportSecurity.STARTTLS,
        account,
        sender=account.name,
    )
    run = await probe(prober, chosen)
    assert run.verdict() == ([], DiagnosticCode.OK)


async def test_tls_on_starttls_port(prober: Prober, postfix: Postfix, account: Account) -> None:
    """TLS from the first byte on the port for STARTTLS names the mix-up."""
    chosen = target(MailProtocol.SMTP, postfix.submission_port, TransportSecurity.TLS, account)
    run = await probe(prober, chosen)
    assert run.verdict() == (
        [StepKind.TLS_HANDSHAKE],
        DiagnosticCode.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    )


async def test_starttls_on_tls_port(prober: Prober, postfix: Postfix, account: Account) -> None:
    """STARTTLS on the port for TLS names the mix-up: no greeting comes."""
    swapped = target(
        MailProtocol.SMTP, postfix.submissions_port, TransportSecurity.STARTTLS, account
    )
    run = await probe(prober, swapped)
    assert run.verdict() == ([StepKind.GREETING], DiagnosticCode.TLS_MODE_MISMATCH_PLAIN_ON_TLS)


async def test_imap_settings_on_an_smtp_server(
    prober: Prober, postfix: Postfix, account: Account
) -> None:
    """An SMTP server in the field for IMAP is told from its greeting; nothing is sent."""
    swapped = target(
        MailProtocol.IMAP, postfix.submission_port, TransportSecurity.STARTTLS, account
    )
    run = await probe(prober, swapped)
    assert run.verdict() == ([StepKind.GREETING], DiagnosticCode.WRONG_PROTOCOL)
    assert account.name not in postfix.log()
