"""Connection tests of both servers of one account at once: separate verdicts, one login each."""

import pytest

from kit.connections import Account, fresh_name, probe, refused, target
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import Prober, ProbeTarget, StepKind
from mailconfig.domain.servers import MailProtocol, TransportSecurity

pytestmark = pytest.mark.servers


def both(dovecot: Dovecot, postfix: Postfix, account: Account) -> tuple[ProbeTarget, ProbeTarget]:
    """Both servers of one account, as a form has them."""
    return (
        target(MailProtocol.IMAP, dovecot.imaps_port, TransportSecurity.TLS, account),
        target(
            MailProtocol.SMTP,
            postfix.submission_port,
            TransportSecurity.STARTTLS,
            account,
            sender=account.name,
        ),
    )


async def test_both_servers_pass_side_by_side(
    prober: Prober, dovecot: Dovecot, postfix: Postfix, account: Account
) -> None:
    """One test of both servers answers both, in the order of the request."""
    run = await probe(prober, *both(dovecot, postfix, account))
    assert [(outcome.protocol, outcome.code) for outcome in run.outcomes] == [
        (MailProtocol.IMAP, DiagnosticCode.OK),
        (MailProtocol.SMTP, DiagnosticCode.OK),
    ]
    assert run.passed(MailProtocol.IMAP)[-1] is StepKind.OPEN_MAILBOX
    assert run.passed(MailProtocol.SMTP)[-1] is StepKind.SENDER_CHECK


async def test_both_servers_refuse_once_each(
    prober: Prober, dovecot: Dovecot, postfix: Postfix, account: Account
) -> None:
    """A wrong password costs one attempt at each server, no more."""
    wrong = Account(account.name, "wrong horse")
    run = await probe(prober, *both(dovecot, postfix, wrong))
    assert run.codes() == (
        DiagnosticCode.AUTH_BAD_CREDENTIALS,
        DiagnosticCode.AUTH_BAD_CREDENTIALS,
    )
    assert run.failed(MailProtocol.IMAP) == [StepKind.AUTHENTICATE]
    assert run.failed(MailProtocol.SMTP) == [StepKind.AUTHENTICATE]
    assert await refused(dovecot, account) == 1
    assert await refused(postfix, account) == 1


async def test_closed_mailbox_may_send(prober: Prober, dovecot: Dovecot, postfix: Postfix) -> None:
    """A user without IMAP fails there and passes SMTP: the verdicts are separate."""
    account = Account(fresh_name(), "right")
    dovecot.add_user(account.name, account.secret, login=False)
    run = await probe(prober, *both(dovecot, postfix, account))
    assert run.codes() == (DiagnosticCode.ACCOUNT_DISABLED, DiagnosticCode.OK)
