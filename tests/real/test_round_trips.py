"""What a connection test costs over a distance, in round trips up to the end of the sign-in."""

import pytest

from kit.connections import Account, fresh_name, network_prober, probe, target, trips_at_sign_in
from kit.delay import DelayProxy
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import Certificates
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.servers import MailProtocol, TransportSecurity

pytestmark = pytest.mark.servers

ONE_WAY_SECONDS = 0.03
"""Well above what the client computes between two packets, also on a loaded machine."""


@pytest.mark.parametrize(
    ("security", "smtp_trips"),
    [
        # TCP, greeting, EHLO, STARTTLS, TLS, EHLO, AUTH
        (TransportSecurity.STARTTLS, 7),
        # TCP, TLS, greeting, EHLO, AUTH
        (TransportSecurity.TLS, 5),
    ],
)
async def test_round_trips_to_the_sign_in(
    certificates: Certificates,
    dovecot: Dovecot,
    postfix: Postfix,
    security: TransportSecurity,
    smtp_trips: int,
) -> None:
    """AUTH PLAIN with TLS 1.3: 7 round trips by 587, 5 by 465, and IMAP on 993 is not slower."""
    account = Account(fresh_name(), "correct horse")
    dovecot.add_user(account.name, account.secret)
    implicit = security is TransportSecurity.TLS
    port = postfix.submissions_port if implicit else postfix.submission_port
    trips: dict[MailProtocol, int] = {}
    async with (
        DelayProxy(port, one_way_seconds=ONE_WAY_SECONDS) as smtp,
        DelayProxy(dovecot.imaps_port, one_way_seconds=ONE_WAY_SECONDS) as imap,
    ):
        run = await probe(
            network_prober(certificates),
            target(MailProtocol.IMAP, imap.port, TransportSecurity.TLS, account),
            target(MailProtocol.SMTP, smtp.port, security, account),
            watch=trips_at_sign_in({MailProtocol.SMTP: smtp, MailProtocol.IMAP: imap}, trips),
        )
    assert run.codes() == (DiagnosticCode.OK, DiagnosticCode.OK)
    assert trips[MailProtocol.SMTP] <= smtp_trips
    # TCP, TLS, greeting, CAPABILITY unless the greeting had it, AUTHENTICATE
    assert trips[MailProtocol.IMAP] <= 5
