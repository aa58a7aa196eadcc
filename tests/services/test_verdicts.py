"""The verdict of a connection test: which failure is the root cause, of steps or round trip."""

from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.probes import ProtocolOutcome
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.verdicts import lost_on_the_way, root_cause


def outcome(
    protocol: MailProtocol, code: DiagnosticCode, phase: Phase | None = None
) -> ProtocolOutcome:
    """Return how one server's test ended."""
    observation = Observation(phase=phase) if phase else None
    return ProtocolOutcome(protocol, code, observation)


IMAP_AUTH = outcome(MailProtocol.IMAP, DiagnosticCode.AUTH_BAD_CREDENTIALS, Phase.AUTH)
SMTP_AUTH = outcome(MailProtocol.SMTP, DiagnosticCode.AUTH_BAD_CREDENTIALS, Phase.AUTH)
SMTP_NAME = outcome(MailProtocol.SMTP, DiagnosticCode.DNS_NXDOMAIN, Phase.DNS)
SMTP_OK = outcome(MailProtocol.SMTP, DiagnosticCode.OK)


def test_nothing_failed() -> None:
    """Without a failure there is no cause."""
    assert root_cause([SMTP_OK]) is None


def test_the_one_failure_is_the_cause() -> None:
    """A server that passed is left aside."""
    assert root_cause([IMAP_AUTH, SMTP_OK]) is IMAP_AUTH


def test_the_earlier_step_says_more() -> None:
    """A name that does not resolve stands before a refused sign-in."""
    assert root_cause([IMAP_AUTH, SMTP_NAME]) is SMTP_NAME


def test_two_equal_failures_have_one_cause() -> None:
    """Among equals the first of the request, IMAP, stands for both."""
    assert root_cause([IMAP_AUTH, SMTP_AUTH]) is IMAP_AUTH


def test_an_outcome_without_observation_comes_last() -> None:
    """What never began explains nothing."""
    lost = outcome(MailProtocol.IMAP, DiagnosticCode.STEP_TIMEOUT)
    assert root_cause([lost, SMTP_AUTH]) is SMTP_AUTH
    assert root_cause([lost]) is lost


def test_a_message_that_came_home_is_no_failure() -> None:
    """Neither in the inbox nor as spam, and nothing was lost that was not sent."""
    for code in (DiagnosticCode.OK, DiagnosticCode.ROUNDTRIP_SPAM):
        assert lost_on_the_way(RoundTrip(code, "<1@mail.test>")) is None
    assert lost_on_the_way(None) is None


def test_a_lost_message_is_the_receiving_sides() -> None:
    """It was sent; where the failure is known by an observation, its server is blamed."""
    lost = RoundTrip(DiagnosticCode.ROUNDTRIP_LOST, "<1@mail.test>")
    assert lost_on_the_way(lost) == outcome(MailProtocol.IMAP, DiagnosticCode.ROUNDTRIP_LOST)
    seen = Observation(protocol=MailProtocol.SMTP, phase=Phase.DATA)
    refused = RoundTrip(
        DiagnosticCode.TOO_BIG, "<1@mail.test>", observation=seen, server_reply="552 no"
    )
    assert lost_on_the_way(refused) == ProtocolOutcome(
        MailProtocol.SMTP, DiagnosticCode.TOO_BIG, seen, "552 no"
    )
