"""Settings that would mend a refused sign-in: user name and mechanism."""

from dataclasses import replace

import pytest

from kit.rows import provider_row
from mailconfig.domain.diagnostics import Observation, Phase, propose_fixes
from mailconfig.domain.diagnostics.proposals import Known
from mailconfig.domain.diagnostics.values import Failure, ServerPatch
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)

METHOD = AuthenticationMethod


def refused(failure: Failure, **more: object) -> Observation:
    """A sign-in at imap.example.org that failed."""
    values = {"port": 993, "security": TransportSecurity.TLS, "tls_active": True}
    return Observation(
        protocol=MailProtocol.IMAP,
        phase=Phase.AUTH,
        host="mail.example.org",
        failure=failure,
        **values | more,  # type: ignore[arg-type]
    )


def patches(seen: Observation, known: Known | None = None) -> list[ServerPatch | None]:
    """What all proposals change, in their order; the other server stays as it is."""
    fixes = propose_fixes(seen, known)
    assert {fix.outgoing for fix in fixes} <= {None}
    return [fix.incoming for fix in fixes]


def settings(method: AuthenticationMethod, port: int = 993) -> ServerSettings:
    """What is set."""
    security = TransportSecurity.TLS if port == 993 else TransportSecurity.NONE
    return ServerSettings(MailProtocol.IMAP, "mail.example.org", port, security, method)


@pytest.mark.parametrize(
    ("form", "username", "wanted"),
    [
        ("local", "anna@example.com", "anna"),
        ("email", "anna", "anna@example.com"),
        ("literal:apikey", "anna@example.com", "apikey"),
        # already right
        ("email", "anna@example.com", None),
        ("local", "anna", None),
        # words to show are no form
        ("customer number", "anna@example.com", None),
    ],
)
def test_the_user_name_takes_the_form_of_the_catalogue(
    form: str, username: str, wanted: str | None
) -> None:
    """A refused login with a user name of the wrong form is mended by the right one."""
    seen = refused(Failure.REPLY, response_code="AUTHENTICATIONFAILED", username=username)
    found = patches(seen, Known(provider=provider_row(username_form=form)))
    assert found == ([ServerPatch(username=wanted)] if wanted else [])


UNKNOWN_USER = refused(
    Failure.REPLY,
    text="535 5.7.8 Username must be a full email address",
    reply_code=535,
)
"""A reply that tells that the form of the user name is wrong."""


@pytest.mark.parametrize(
    ("form", "username", "wanted"),
    [
        (None, "anna@example.net", ["anna"]),
        (None, "anna", ["anna@example.net"]),
        ("email", "anna", ["anna@example.net"]),
        ("local", "anna@example.net", ["anna"]),
        ("local.domain", "anna@example.net", ["anna.example.net"]),
        ("email_or_local", "anna@example.net", ["anna"]),
        ("email_or_local", "anna", ["anna@example.net"]),
        ("local_for_imap_else_email", "anna@example.net", ["anna"]),
        ("customer number", "anna@example.net", []),
        ("email", "anna@example.net", []),
    ],
)
def test_a_user_name_of_the_wrong_form_takes_the_other(
    form: str | None, username: str, wanted: list[str]
) -> None:
    """By the row where it knows the form, else full address and local part change places."""
    seen = replace(UNKNOWN_USER, username=username)
    row = provider_row(username_form=form) if form else None
    found = patches(seen, Known(provider=row, address="anna@example.net"))
    assert found == [ServerPatch(username=name) for name in wanted]


@pytest.mark.parametrize(
    ("current", "kind", "capabilities", "wanted"),
    [
        (METHOD.CRAM_MD5, "password", ("AUTH PLAIN LOGIN",), [METHOD.AUTO]),
        (METHOD.PLAIN, "password", ("AUTH=PLAIN", "AUTH=LOGIN"), [METHOD.LOGIN]),
        (METHOD.XOAUTH2, "access_token", ("AUTH=OAUTHBEARER",), [METHOD.AUTO]),
        (METHOD.XOAUTH2, "access_token", ("AUTH=PLAIN",), []),
        (METHOD.AUTO, "password", ("AUTH=PLAIN", "AUTH=SCRAM-SHA-256"), [METHOD.SCRAM_SHA_256]),
        (METHOD.AUTO, "password", ("AUTH=PLAIN",), []),
        (METHOD.PLAIN, "password", ("AUTH PLAIN",), []),
        (METHOD.CRAM_MD5, "password", (), []),
    ],
)
def test_another_mechanism_is_one_that_server_and_secret_share(
    current: AuthenticationMethod,
    kind: str,
    capabilities: tuple[str, ...],
    wanted: list[AuthenticationMethod],
) -> None:
    """It counts as proven: the server lists it. A method that needs another secret is no fix."""
    seen = refused(Failure.NO_MECHANISM, capabilities=capabilities)
    fixes = propose_fixes(seen, Known(settings=settings(current), secret_kind=SecretKind(kind)))
    assert [fix.incoming for fix in fixes] == [ServerPatch(authentication=each) for each in wanted]
    assert all(fix.proven for fix in fixes)


def test_without_tls_no_mechanism_shows_the_secret() -> None:
    """PLAIN is not proposed on a connection in clear text."""
    seen = refused(
        Failure.NO_MECHANISM,
        port=143,
        security=TransportSecurity.NONE,
        tls_active=False,
        capabilities=("AUTH=PLAIN", "AUTH=CRAM-MD5"),
    )
    mine = settings(METHOD.PLAIN, 143)
    found = patches(seen, Known(settings=mine, secret_kind=SecretKind.PASSWORD))
    assert found == [ServerPatch(authentication=METHOD.AUTO)]


@pytest.mark.parametrize(
    ("current", "listed", "wanted"),
    [
        (METHOD.SCRAM_SHA_256, ("AUTH=CRAM-MD5",), []),
        (METHOD.SCRAM_SHA_256, ("AUTH=CRAM-MD5", "AUTH=SCRAM-SHA-256"), []),
        (METHOD.CRAM_MD5, ("AUTH=SCRAM-SHA-256",), [METHOD.AUTO]),
        (METHOD.AUTO, ("AUTH=SCRAM-SHA-256", "AUTH=CRAM-MD5"), []),
    ],
)
def test_without_tls_no_weaker_mechanism_is_proposed(
    current: AuthenticationMethod, listed: tuple[str, ...], wanted: list[AuthenticationMethod]
) -> None:
    """Who sits on the line can strike SCRAM from the list: that must not lead to CRAM-MD5."""
    seen = refused(
        Failure.NO_MECHANISM,
        port=143,
        security=TransportSecurity.NONE,
        tls_active=False,
        capabilities=listed,
    )
    known = Known(settings=settings(current, 143), secret_kind=SecretKind.PASSWORD)
    assert patches(seen, known) == [ServerPatch(authentication=each) for each in wanted]
