"""Settings that would mend a failure."""

from dataclasses import replace

import pytest

from kit.rows import provider_row
from mailconfig.domain.diagnostics import Observation, Phase, SettingsFix, propose_fix
from mailconfig.domain.diagnostics.values import Failure, ServerPatch
from mailconfig.domain.servers import MailProtocol, TransportSecurity

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
PLAIN, STARTTLS, TLS = (
    TransportSecurity.NONE,
    TransportSecurity.STARTTLS,
    TransportSecurity.TLS,
)


def observed(
    protocol: MailProtocol, port: int, security: TransportSecurity, failure: Failure, phase: Phase
) -> Observation:
    """An observation at mail.example.org."""
    return Observation(
        protocol=protocol,
        phase=phase,
        host="mail.example.org",
        port=port,
        security=security,
        failure=failure,
    )


def patch_of(fix: SettingsFix | None, protocol: MailProtocol) -> ServerPatch | None:
    """The patch of the protocol's side; the other side must be untouched."""
    if fix is None:
        return None
    mine, other = fix.incoming, fix.outgoing
    if protocol is SMTP:
        mine, other = other, mine
    assert other is None
    assert fix.title.endswith(".")
    return mine


def same_site(one: str, other: str) -> bool:
    """The last two labels decide."""
    return one.split(".")[-2:] == other.split(".")[-2:]


@pytest.mark.parametrize(
    ("seen", "patch"),
    [
        # TLS at once on a port that begins in clear text
        (
            observed(SMTP, 587, TLS, Failure.TLS_PLAINTEXT, Phase.TLS),
            ServerPatch(security=STARTTLS),
        ),
        (
            observed(IMAP, 143, TLS, Failure.TLS_PLAINTEXT, Phase.TLS),
            ServerPatch(security=STARTTLS),
        ),
        # clear text where TLS is waited for
        (observed(IMAP, 993, STARTTLS, Failure.TIMEOUT, Phase.GREETING), ServerPatch(security=TLS)),
        (observed(SMTP, 465, PLAIN, Failure.TIMEOUT, Phase.GREETING), ServerPatch(security=TLS)),
        # no STARTTLS: the implicit port
        (
            observed(SMTP, 587, STARTTLS, Failure.STARTTLS_MISSING, Phase.STARTTLS),
            ServerPatch(port=465, security=TLS),
        ),
        (
            observed(IMAP, 143, STARTTLS, Failure.STARTTLS_MISSING, Phase.STARTTLS),
            ServerPatch(port=993, security=TLS),
        ),
        # no login on the port between servers
        (
            observed(SMTP, 25, STARTTLS, Failure.NO_AUTH_OFFERED, Phase.AUTH),
            ServerPatch(port=587),
        ),
        # no login without encryption
        (
            observed(SMTP, 587, PLAIN, Failure.NO_AUTH_OFFERED, Phase.AUTH),
            ServerPatch(security=STARTTLS),
        ),
        # port 25 is blocked almost everywhere
        (observed(SMTP, 25, STARTTLS, Failure.TIMEOUT, Phase.CONNECT), ServerPatch(port=587)),
        # nothing is known without a row of the catalogue
        (observed(SMTP, 587, STARTTLS, Failure.TIMEOUT, Phase.CONNECT), None),
        (observed(IMAP, 993, TLS, Failure.NAME_NOT_FOUND, Phase.DNS), None),
        # what no setting mends
        (observed(IMAP, 993, TLS, Failure.VIOLATION, Phase.GREETING), None),
    ],
)
def test_settings_are_mended_from_the_observation(
    seen: Observation, patch: ServerPatch | None
) -> None:
    """TLS mode and port are mended without any catalogue; only what differs is in the patch."""
    assert seen.protocol is not None
    assert patch_of(propose_fix(seen), seen.protocol) == patch


@pytest.mark.parametrize(
    ("failure", "phase"),
    [
        (Failure.NAME_NOT_FOUND, Phase.DNS),
        (Failure.REFUSED, Phase.CONNECT),
        (Failure.TIMEOUT, Phase.CONNECT),
        (Failure.FOREIGN_PROTOCOL, Phase.GREETING),
    ],
)
def test_the_providers_server_replaces_one_that_is_not_there(
    failure: Failure, phase: Phase
) -> None:
    """Where the provider is known, its first server takes the place of the wrong one."""
    seen = observed(IMAP, 143, STARTTLS, failure, phase)
    fix = propose_fix(seen, provider=provider_row())
    assert patch_of(fix, IMAP) == ServerPatch(host="imap.example.com", port=993, security=TLS)


def test_the_providers_next_server_replaces_its_first() -> None:
    """A server of the catalogue that failed is not proposed again."""
    seen = replace(
        observed(SMTP, 465, TLS, Failure.TIMEOUT, Phase.CONNECT), host="smtp.example.com"
    )
    fix = propose_fix(seen, provider=provider_row())
    assert patch_of(fix, SMTP) == ServerPatch(port=587, security=STARTTLS)


def test_a_name_of_the_certificate_is_taken_inside_the_site() -> None:
    """Of the certificate's names, one of the same site is proposed, the protocol's habit first."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    names = ("*.example.org", "web.example.org", "IMAP.example.org", "192.0.2.7")
    fix = propose_fix(seen, names, None, same_site)
    assert patch_of(fix, IMAP) == ServerPatch(host="imap.example.org")


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("imap.attacker.example",),
        ("*.example.org",),
        ("192.0.2.7", "2001:db8::7"),
        ("localhost",),
    ],
)
def test_a_certificate_never_leads_off_the_site(names: tuple[str, ...]) -> None:
    """Names of other sites, wildcards and addresses are not proposed."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    assert propose_fix(seen, names, None, same_site) is None


def test_without_a_judge_of_sites_no_name_is_taken() -> None:
    """A caller that cannot tell sites apart gets no host of a certificate."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    assert propose_fix(seen, ("imap.example.org",)) is None


@pytest.mark.parametrize("names", [("*.example.com",), ("imap.example.com",)])
def test_the_providers_host_is_taken_where_the_certificate_proves_it(
    names: tuple[str, ...],
) -> None:
    """mail.customer.example at a hoster: the hoster's own host, known from the catalogue."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    fix = propose_fix(seen, names, provider_row(), same_site)
    assert patch_of(fix, IMAP) == ServerPatch(host="imap.example.com")
    assert propose_fix(seen, ("*.other.example",), provider_row(), same_site) is None


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
    seen = replace(
        observed(IMAP, 993, TLS, Failure.REPLY, Phase.AUTH),
        response_code="AUTHENTICATIONFAILED",
        username=username,
    )
    fix = propose_fix(seen, provider=provider_row(username_form=form))
    expected = ServerPatch(username=wanted) if wanted else None
    assert patch_of(fix, IMAP) == expected


def test_no_fix_weakens_the_protection() -> None:
    """A row without TLS (a bridge on the user's machine) is never proposed."""
    row = provider_row()
    bare = tuple(replace(server, security=PLAIN) for server in row.incoming)
    seen = observed(IMAP, 993, TLS, Failure.REFUSED, Phase.CONNECT)
    assert propose_fix(seen, provider=replace(row, incoming=bare)) is None


def test_without_a_protocol_there_is_no_fix() -> None:
    """A pasted text belongs to no server of a form."""
    assert propose_fix(Observation(failure=Failure.NAME_NOT_FOUND)) is None
