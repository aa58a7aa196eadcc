"""Failures that are known by their kind."""

import pytest

from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import Observation, Phase, diagnose_code
from mailconfig.domain.diagnostics.structure import UNREADABLE, structural_code
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.servers import MailProtocol, TransportSecurity

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
PLAIN, STARTTLS, TLS = (
    TransportSecurity.NONE,
    TransportSecurity.STARTTLS,
    TransportSecurity.TLS,
)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure.NAME_NOT_FOUND, Code.DNS_NXDOMAIN),
        (Failure.NAME_WITHOUT_ADDRESS, Code.DNS_NO_ADDRESS),
        (Failure.NAME_TEMPORARY, Code.DNS_TEMPORARY),
        (Failure.EGRESS_REFUSED, Code.EGRESS_BLOCKED),
        (Failure.REFUSED, Code.TCP_REFUSED),
        (Failure.UNREACHABLE, Code.TCP_TIMEOUT),
        (Failure.TLS_VERSION, Code.TLS_TOO_OLD),
        (Failure.TOO_LARGE, Code.RESPONSE_TOO_LARGE),
        (Failure.VIOLATION, Code.PROTOCOL_VIOLATION),
        (Failure.FOREIGN_PROTOCOL, Code.WRONG_PROTOCOL),
        (Failure.INJECTION, Code.STARTTLS_INJECTION),
        (Failure.PREAUTH, Code.PREAUTH_BEFORE_TLS),
        (Failure.STARTTLS_MISSING, Code.STARTTLS_NOT_OFFERED),
        (Failure.NO_MECHANISM, Code.AUTH_MECHANISM),
        (Failure.NO_AUTH_OFFERED, Code.AUTH_NOT_OFFERED_BEFORE_TLS),
    ],
)
def test_a_kind_of_failure_has_one_code(failure: Failure, code: Code) -> None:
    """These kinds need nothing else to be known."""
    assert diagnose_code(Observation(failure=failure)) is code


def test_every_kind_of_failure_is_known() -> None:
    """Each kind gives a code, or says that a text is needed and what remains without one."""
    for failure in Failure:
        known = structural_code(Observation(failure=failure))
        if failure is not Failure.TIMEOUT and failure is not Failure.CLOSED:
            assert (known is None) == (failure in UNREADABLE), failure
        assert diagnose_code(Observation(failure=failure)) in Code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (10, Code.CERT_EXPIRED),
        (9, Code.CERT_NOT_YET_VALID),
        (18, Code.CERT_SELF_SIGNED),
        (19, Code.CERT_UNTRUSTED_ROOT),
        (20, Code.CERT_UNTRUSTED_ROOT),
        (21, Code.CERT_CHAIN_INCOMPLETE),
        (62, Code.CERT_NAME_MISMATCH),
        (64, Code.CERT_NAME_MISMATCH),
        (66, Code.TLS_TOO_OLD),
        (68, Code.TLS_TOO_OLD),
        # any other number says that the chain is not trusted
        (26, Code.CERT_UNTRUSTED_ROOT),
    ],
)
def test_openssl_tells_what_is_wrong_with_a_certificate(number: int, code: Code) -> None:
    """OpenSSL's number decides; no words are needed."""
    seen = Observation(phase=Phase.TLS, failure=Failure.TLS_VERIFY, tls_verify_code=number)
    assert diagnose_code(seen) is code


def test_words_decide_where_openssl_gives_no_number() -> None:
    """A refused certificate without a number is read by its words, else it is not trusted."""
    seen = Observation(phase=Phase.TLS, failure=Failure.TLS_VERIFY, text="certificate has expired")
    assert diagnose_code(seen) is Code.CERT_EXPIRED
    silent = Observation(phase=Phase.TLS, failure=Failure.TLS_VERIFY)
    assert diagnose_code(silent) is Code.CERT_UNTRUSTED_ROOT


@pytest.mark.parametrize(
    ("phase", "port", "security", "code"),
    [
        (Phase.DNS, 993, TLS, Code.DNS_TEMPORARY),
        (Phase.CONNECT, 993, TLS, Code.TCP_TIMEOUT),
        (Phase.TLS, 993, TLS, Code.STEP_TIMEOUT),
        # a server that waits for TLS is silent
        (Phase.GREETING, 993, STARTTLS, Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS),
        (Phase.GREETING, 465, PLAIN, Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS),
        # one that does not wait is dead
        (Phase.GREETING, 143, STARTTLS, Code.TCP_TIMEOUT),
        (Phase.GREETING, 993, TLS, Code.TCP_TIMEOUT),
        (Phase.AUTH, 587, STARTTLS, Code.STEP_TIMEOUT),
        (Phase.TOKEN, 443, TLS, Code.OAUTH_ENDPOINT_DOWN),
    ],
)
def test_the_phase_says_what_silence_means(
    phase: Phase, port: int, security: TransportSecurity, code: Code
) -> None:
    """Silence means another thing in each phase."""
    seen = Observation(phase=phase, port=port, security=security, failure=Failure.TIMEOUT)
    assert diagnose_code(seen) is code


@pytest.mark.parametrize(
    ("phase", "port", "security", "code"),
    [
        (Phase.GREETING, 587, STARTTLS, Code.TCP_RESET_EOF),
        (Phase.GREETING, 465, STARTTLS, Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS),
        (Phase.AUTH, 465, TLS, Code.TCP_RESET_EOF),
        (Phase.TOKEN, 443, TLS, Code.OAUTH_ENDPOINT_DOWN),
    ],
)
def test_the_phase_says_what_hanging_up_means(
    phase: Phase, port: int, security: TransportSecurity, code: Code
) -> None:
    """A closed connection is a closed connection, but for a port that wants TLS."""
    seen = Observation(phase=phase, port=port, security=security, failure=Failure.CLOSED)
    assert diagnose_code(seen) is code


def test_clear_text_in_the_handshake_depends_on_the_mode() -> None:
    """At once the mode is wrong; after STARTTLS the server has failed."""
    at_once = Observation(phase=Phase.TLS, security=TLS, failure=Failure.TLS_PLAINTEXT)
    assert diagnose_code(at_once) is Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN
    later = Observation(phase=Phase.TLS, security=STARTTLS, failure=Failure.TLS_PLAINTEXT)
    assert diagnose_code(later) is Code.STARTTLS_FAILED_SERVER


def test_a_greeting_in_tls_shows_the_wrong_mode() -> None:
    """A port that answers in TLS records where a greeting is due wants TLS from the start."""
    seen = Observation(phase=Phase.GREETING, port=4650, failure=Failure.TLS_ALERT)
    assert diagnose_code(seen) is Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS


@pytest.mark.parametrize("failure", [Failure.NO_AUTH_OFFERED, Failure.NO_MECHANISM])
def test_logindisabled_beside_starttls_means_encryption_first(failure: Failure) -> None:
    """RFC 9051 section 6.2.3: the login comes after STARTTLS; inside TLS it means nothing."""
    offers = ("IMAP4rev1", "STARTTLS", "LOGINDISABLED")
    seen = Observation(protocol=IMAP, phase=Phase.AUTH, failure=failure, capabilities=offers)
    assert diagnose_code(seen) is Code.STARTTLS_REQUIRED
    inside = Observation(protocol=IMAP, failure=failure, capabilities=offers, tls_active=True)
    assert diagnose_code(inside) is not Code.STARTTLS_REQUIRED
    other = Observation(protocol=SMTP, failure=failure, capabilities=offers)
    assert diagnose_code(other) is not Code.STARTTLS_REQUIRED


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b.example.com",
        "https://mail.example.com",
        "anna@mail.example.com",
        "mail..example.com",
        ".example.com",
        "mail.example.com:993",
        "mail.example.com/x",
        "x" * 64 + ".example.com",
    ],
)
def test_a_host_that_is_no_name_is_told_first(host: str) -> None:
    """Whatever the resolver says of it, such a host has a typing error."""
    seen = Observation(phase=Phase.DNS, host=host, failure=Failure.NAME_NOT_FOUND)
    assert diagnose_code(seen) is Code.HOST_SYNTAX


@pytest.mark.parametrize(
    "host", ["mail.example.com", "xn--mller-kva.example", "2001:db8::1", "::1"]
)
def test_names_and_addresses_are_no_syntax_errors(host: str) -> None:
    """Names, IDN A-labels and IPv6 literals pass."""
    seen = Observation(phase=Phase.DNS, host=host, failure=Failure.NAME_NOT_FOUND)
    assert diagnose_code(seen) is Code.DNS_NXDOMAIN


def test_a_missing_name_that_exists_beyond_doubt_is_the_resolvers_fault() -> None:
    """imap.gmail.com exists; a name beside it may not."""
    gmail = Observation(phase=Phase.DNS, host="imap.gmail.com", failure=Failure.NAME_NOT_FOUND)
    assert diagnose_code(gmail) is Code.DNS_TEMPORARY
    typo = Observation(phase=Phase.DNS, host="imap.gmial.com", failure=Failure.NAME_NOT_FOUND)
    assert diagnose_code(typo) is Code.DNS_NXDOMAIN


def test_an_unreachable_ipv6_address_points_to_ipv6() -> None:
    """Only IPv6 is broken if the unreachable address is of IPv6."""
    seen = Observation(phase=Phase.CONNECT, host="2001:db8::1", failure=Failure.UNREACHABLE)
    assert diagnose_code(seen) is Code.IPV6_BROKEN


def test_what_no_mechanism_can_carry_is_told_apart() -> None:
    """A character that cannot be sent is not a missing method, whatever the words are."""
    assert diagnose_code(Observation(failure=Failure.UNSENDABLE)) is Code.AUTH_NON_ASCII
    said = Observation(failure=Failure.NO_MECHANISM, text="No character fits.")
    assert diagnose_code(said) is Code.AUTH_MECHANISM


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (True, Code.CERT_CHAIN_INCOMPLETE),
        (False, Code.CERT_UNTRUSTED_ROOT),
        (None, Code.CERT_UNTRUSTED_ROOT),
    ],
)
def test_a_lone_leaf_tells_what_the_number_cannot(missing: bool | None, code: Code) -> None:
    """OpenSSL's 20 is a missing intermediate only where the server left it out."""
    refused = Observation(failure=Failure.TLS_VERIFY, tls_verify_code=20, issuer_missing=missing)
    assert diagnose_code(refused) is code
    in_chain = Observation(failure=Failure.TLS_VERIFY, tls_verify_code=19, issuer_missing=missing)
    assert diagnose_code(in_chain) is Code.CERT_UNTRUSTED_ROOT
