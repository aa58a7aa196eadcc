"""Settings that would mend a failure."""

from dataclasses import replace

import pytest

from kit.rows import provider_row
from mailconfig.domain.diagnostics import Observation, Phase, SettingsFix, propose_fixes
from mailconfig.domain.diagnostics.proposals import Known
from mailconfig.domain.diagnostics.values import Failure, ServerPatch
from mailconfig.domain.servers import MailProtocol, ServerSettings, TransportSecurity

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


def best(seen: Observation, known: Known | None = None) -> SettingsFix | None:
    """The first proposal."""
    return next(iter(propose_fixes(seen, known)), None)


def patches(seen: Observation, known: Known | None = None) -> list[ServerPatch | None]:
    """What all proposals change at the server that failed, in their order."""
    assert seen.protocol is not None
    return [patch_of(fix, seen.protocol) for fix in propose_fixes(seen, known)]


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
    assert patch_of(best(seen), seen.protocol) == patch


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
    fix = best(seen, Known(provider=provider_row()))
    assert patch_of(fix, IMAP) == ServerPatch(host="imap.example.com", port=993, security=TLS)


def test_the_providers_next_server_replaces_its_first() -> None:
    """A server of the catalogue that failed is not proposed again."""
    seen = replace(
        observed(SMTP, 465, TLS, Failure.TIMEOUT, Phase.CONNECT), host="smtp.example.com"
    )
    fix = best(seen, Known(provider=provider_row()))
    assert patch_of(fix, SMTP) == ServerPatch(port=587, security=STARTTLS)


def test_a_name_of_the_certificate_is_taken_inside_the_site() -> None:
    """Of the certificate's names, one of the same site is proposed, the protocol's habit first."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    names = ("*.example.org", "web.example.org", "IMAP.example.org", "192.0.2.7")
    fix = best(seen, Known(names, same_site=same_site))
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
    assert best(seen, Known(names, same_site=same_site)) is None


def test_without_a_judge_of_sites_no_name_is_taken() -> None:
    """A caller that cannot tell sites apart gets no host of a certificate."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    assert best(seen, Known(("imap.example.org",))) is None


@pytest.mark.parametrize("names", [("*.example.com",), ("imap.example.com",)])
def test_the_providers_host_is_taken_where_the_certificate_proves_it(
    names: tuple[str, ...],
) -> None:
    """mail.customer.example at a hoster: the hoster's own host, known from the catalogue."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    fix = best(seen, Known(names, provider_row(), same_site))
    assert patch_of(fix, IMAP) == ServerPatch(host="imap.example.com")
    assert best(seen, Known(("*.other.example",), provider_row(), same_site)) is None


def test_no_fix_weakens_the_protection() -> None:
    """A row without TLS (a bridge on the user's machine) is never proposed."""
    row = provider_row()
    bare = tuple(replace(server, security=PLAIN) for server in row.incoming)
    seen = observed(IMAP, 993, TLS, Failure.REFUSED, Phase.CONNECT)
    assert propose_fixes(seen, Known(provider=replace(row, incoming=bare))) == ()


def test_without_a_protocol_there_is_no_fix() -> None:
    """A pasted text belongs to no server of a form."""
    assert propose_fixes(Observation(failure=Failure.NAME_NOT_FOUND)) == ()


SUBMISSIONS = ServerPatch(port=465, security=TLS)
REFUSED_IMAP = observed(IMAP, 1993, TLS, Failure.REFUSED, Phase.CONNECT)
REFUSED_SMTP = observed(SMTP, 26, STARTTLS, Failure.REFUSED, Phase.CONNECT)


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (
            observed(IMAP, 143, TLS, Failure.TLS_PLAINTEXT, Phase.TLS),
            [ServerPatch(security=STARTTLS), ServerPatch(port=993)],
        ),
        (
            observed(SMTP, 587, TLS, Failure.TLS_PLAINTEXT, Phase.TLS),
            [ServerPatch(security=STARTTLS), ServerPatch(port=465)],
        ),
        (
            observed(IMAP, 993, STARTTLS, Failure.TIMEOUT, Phase.GREETING),
            [ServerPatch(security=TLS), ServerPatch(port=143)],
        ),
        (
            observed(SMTP, 465, STARTTLS, Failure.TIMEOUT, Phase.GREETING),
            [ServerPatch(security=TLS), ServerPatch(port=587)],
        ),
        (
            observed(IMAP, 993, PLAIN, Failure.TIMEOUT, Phase.GREETING),
            [ServerPatch(security=TLS)],
        ),
        (
            observed(SMTP, 587, PLAIN, Failure.NO_AUTH_OFFERED, Phase.AUTH),
            [
                ServerPatch(security=STARTTLS),
                SUBMISSIONS,
                ServerPatch(port=2525, security=STARTTLS),
            ],
        ),
    ],
)
def test_a_wrong_tls_mode_is_mended_by_mode_or_port(
    seen: Observation, wanted: list[ServerPatch]
) -> None:
    """The mode that the port expects first, then the port that the mode expects."""
    assert patches(seen) == wanted


@pytest.mark.parametrize(
    ("seen", "open_ports", "wanted"),
    [
        (
            REFUSED_IMAP,
            {143, 993, 25},
            [ServerPatch(port=993), ServerPatch(port=143, security=STARTTLS)],
        ),
        (REFUSED_IMAP, {465, 587}, []),
        (REFUSED_IMAP, set(), []),
        (
            REFUSED_SMTP,
            {25, 465, 587, 2525},
            [SUBMISSIONS, ServerPatch(port=587), ServerPatch(port=2525)],
        ),
        (REFUSED_SMTP, {25, 993}, []),
        (
            observed(SMTP, 25, STARTTLS, Failure.TIMEOUT, Phase.CONNECT),
            {2525},
            [ServerPatch(port=2525)],
        ),
    ],
)
def test_ports_that_answer_are_proposed(
    seen: Observation, open_ports: set[int], wanted: list[ServerPatch]
) -> None:
    """Of the protocol's usual ports those that are open, the safest first, never without TLS."""
    assert patches(seen, Known(open_ports=frozenset(open_ports))) == wanted


def test_a_typing_error_is_corrected_by_the_catalogue() -> None:
    """The listed host that was meant, where nobody knows the provider of the address."""
    seen = observed(IMAP, 993, TLS, Failure.NAME_NOT_FOUND, Phase.DNS)
    near = {"mail.example.org": "mail.example.com"}
    assert patches(seen, Known(nearest_host=near.get)) == [ServerPatch(host="mail.example.com")]
    assert patches(seen, Known(nearest_host={}.get)) == []


def test_the_rows_own_domain_fills_its_servers() -> None:
    """A template of the catalogue takes the domain of the address, not of the user name."""
    row = provider_row()
    templates = tuple(replace(each, host_template="imap.{domain}") for each in row.incoming)
    seen = replace(observed(IMAP, 993, TLS, Failure.NAME_NOT_FOUND, Phase.DNS), username="anna")
    known = Known(provider=replace(row, incoming=templates), address="anna@customer.example")
    assert patches(seen, known)[0] == ServerPatch(host="imap.customer.example")


def test_a_listed_name_of_the_certificate_must_be_the_same_machine() -> None:
    """Off the site a name counts only if the catalogue lists it, and the address decides."""
    seen = replace(observed(IMAP, 993, TLS, Failure.TLS_VERIFY, Phase.TLS), tls_verify_code=62)
    names = ("imap.hoster.example", "mail.stranger.example", "www.example.org")
    known = Known(names, same_site=same_site, listed={"imap.hoster.example": True}.get)  # type: ignore[arg-type]
    fixes = propose_fixes(seen, known)
    assert [fix.incoming for fix in fixes] == [
        ServerPatch(host="imap.hoster.example"),
        ServerPatch(host="www.example.org"),
    ]
    assert {fix.same_address for fix in fixes} == {True}


def settings(protocol: MailProtocol, host: str, port: int, **more: object) -> ServerSettings:
    """Settings with TLS."""
    return ServerSettings(protocol, host, port, TLS, **more)  # type: ignore[arg-type]


def test_swapped_servers_are_one_fix() -> None:
    """Both sides change, and the usual ports of the same host come after."""
    seen = observed(SMTP, 993, TLS, Failure.FOREIGN_PROTOCOL, Phase.GREETING)
    other = settings(IMAP, "smtp.example.org", 465)
    first, *rest = propose_fixes(seen, Known(other=other))
    assert first.outgoing == ServerPatch(host="smtp.example.org", port=465)
    assert first.incoming == ServerPatch(host="mail.example.org", port=993)
    assert [fix.outgoing for fix in rest] == [
        ServerPatch(port=465),
        ServerPatch(port=587, security=STARTTLS),
        ServerPatch(port=2525, security=STARTTLS),
    ]
    assert {fix.incoming for fix in rest} == {None}


def test_a_swap_never_leads_to_a_server_without_tls() -> None:
    """Nor does it put one in the other's place."""
    seen = observed(SMTP, 993, TLS, Failure.FOREIGN_PROTOCOL, Phase.GREETING)
    other = replace(settings(IMAP, "smtp.example.org", 25), security=PLAIN)
    assert None not in patches(seen, Known(other=other))
    bare = replace(seen, security=PLAIN)
    assert {fix.incoming for fix in propose_fixes(bare, Known(other=settings(IMAP, "x.y", 1)))} == {
        None
    }
