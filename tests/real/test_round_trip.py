"""Round trips through a real Postfix that delivers to a real Dovecot."""

import secrets
from ipaddress import ip_network
from pathlib import Path

import pytest

from kit.connections import Account, target
from kit.dovecot import JUNK, Dovecot
from kit.postfix import RESULTS, Postfix
from kit.servers import FAR, GOOD_HOST, Certificates, LoopbackResolver
from mailconfig.domain.arrivals import MessageFolder, RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.probes import ProbeStep, StepKind, StepStatus
from mailconfig.domain.roundtrips import RoundTripRequest
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.roundtrip import MailRoundTripper, RoundTripSettings
from mailconfig.mail.tls import TlsContexts, TlsSettings

pytestmark = pytest.mark.servers

DEADLINE_SECONDS = 20.0


class Road:
    """Both servers and one way to sign in; accounts are made as needed."""

    def __init__(self, certificates: Certificates, dovecot: Dovecot, postfix: Postfix) -> None:
        self._certificates = certificates
        self._dovecot = dovecot
        self._postfix = postfix
        self.steps: list[ProbeStep] = []
        self.security = TransportSecurity.TLS
        self.method = AuthenticationMethod.PLAIN
        self.settings = RoundTripSettings()

    async def travel(self, prefix: str, *, seconds: float = DEADLINE_SECONDS) -> RoundTrip:
        """Make a round trip with a new account whose address begins with `prefix`."""
        account = Account(f"{prefix}{secrets.token_hex(6)}@{GOOD_HOST}", "correct horse")
        self._dovecot.add_user(account.name, account.secret)
        implicit = self.security is TransportSecurity.TLS
        imap_port = self._dovecot.imaps_port if implicit else self._dovecot.imap_port
        smtp_port = self._postfix.submissions_port if implicit else self._postfix.submission_port
        request = RoundTripRequest(
            target(MailProtocol.IMAP, imap_port, self.security, account, method=self.method),
            target(MailProtocol.SMTP, smtp_port, self.security, account, method=self.method),
            account.name,
            seconds,
        )
        return await self._tripper().travel(request, self.steps.append)

    def left_behind(self, trip: RoundTrip) -> list[str]:
        """Return the files of all mailboxes that hold the message."""
        return self._dovecot.holding(trip.message_id)

    def _tripper(self) -> MailRoundTripper:
        policy = EgressPolicy(
            allow_networks=(ip_network(f"{FAR}/32"),), allow_ports=frozenset(range(1024, 65536))
        )
        return MailRoundTripper(
            Egress(policy, LoopbackResolver()),
            TlsContexts(TlsSettings(ca_file=Path(self._certificates.ca))),
            diagnose_code,
            self.settings,
        )


@pytest.fixture
def road(certificates: Certificates, dovecot: Dovecot, postfix: Postfix) -> Road:
    """Both servers."""
    return Road(certificates, dovecot, postfix)


@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
@pytest.mark.parametrize("method", [AuthenticationMethod.PLAIN, AuthenticationMethod.SCRAM_SHA_256])
async def test_message_comes_back_and_is_removed(
    road: Road, security: TransportSecurity, method: AuthenticationMethod
) -> None:
    """Both steps pass; folder, seconds and Authentication-Results are told, in the header's order;
    nobody's mailbox holds the message afterwards.
    """
    road.security, road.method = security, method
    trip = await road.travel("u")
    assert (trip.code, trip.observation) == (DiagnosticCode.OK, None)
    assert (trip.folder, trip.folder_name) == (MessageFolder.INBOX, "INBOX")
    assert trip.seconds is not None
    assert 0 < trip.seconds < DEADLINE_SECONDS
    assert trip.authentication_results == RESULTS
    assert trip.removed
    assert road.left_behind(trip) == []
    assert [(step.kind, step.status) for step in road.steps] == [
        (StepKind.SUBMIT_MESSAGE, StepStatus.RUNNING),
        (StepKind.SUBMIT_MESSAGE, StepStatus.PASSED),
        (StepKind.FIND_MESSAGE, StepStatus.RUNNING),
        (StepKind.FIND_MESSAGE, StepStatus.PASSED),
    ]


async def test_spam_folder_is_known_by_its_attribute(road: Road) -> None:
    """What was delivered into Junk is found there, told as spam with the folder's name, removed."""
    trip = await road.travel("junk-")
    assert trip.code is DiagnosticCode.ROUNDTRIP_SPAM
    assert (trip.folder, trip.folder_name) == (MessageFolder.JUNK, JUNK)
    assert trip.removed
    assert road.left_behind(trip) == []
    last = road.steps[-1]
    assert (last.kind, last.status, last.code) == (
        StepKind.FIND_MESSAGE,
        StepStatus.WARNING,
        DiagnosticCode.ROUNDTRIP_SPAM,
    )


async def test_copy_in_sent_is_removed_as_well(road: Road) -> None:
    """A server that saves what is sent leaves no copy in Sent, even if it saves it late."""
    road.settings = RoundTripSettings(copy_seconds=3)
    trip = await road.travel("saved-")
    assert (trip.code, trip.folder) == (DiagnosticCode.OK, MessageFolder.INBOX)
    assert trip.removed
    assert road.left_behind(trip) == []


async def test_accepted_and_never_delivered_is_lost(road: Road) -> None:
    """A message that was thrown away is lost when the time is up; nothing was found or removed."""
    trip = await road.travel("lost-", seconds=2)
    assert (trip.code, trip.folder) == (DiagnosticCode.ROUNDTRIP_LOST, None)
    assert (trip.seconds, trip.removed) == (None, False)
    last = road.steps[-1]
    assert (last.kind, last.status) == (StepKind.FIND_MESSAGE, StepStatus.FAILED)
