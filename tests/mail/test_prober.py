"""The prober: steps and their order, both protocols side by side, deadlines, hanging up."""

import asyncio
import ssl
from contextlib import AsyncExitStack

import pytest

from kit.certs import CertificateKit, CertificatePaths, ssl_server_context
from kit.probing import HOST, PASSWORD, Result, probe_one, prober, target
from kit.scripted import Peer, scripted
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import ProbeRequest, ProbeStep, StepKind, StepStatus
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.mail.limits import ProbeSettings

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
NONE, STARTTLS, TLS = TransportSecurity.NONE, TransportSecurity.STARTTLS, TransportSecurity.TLS
PASSED, FAILED, SKIPPED = StepStatus.PASSED, StepStatus.FAILED, StepStatus.SKIPPED

SMTP_SIGN_IN = """
    S: 250-mail.example.test
    S: 250 AUTH PLAIN
    C: AUTH PLAIN *
    S: 235 in
"""
SUBMISSION = [
    "S: 220 mail.example.test ESMTP",
    "C: EHLO [127.0.0.1]",
    "S: 250-mail.example.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS",
    "C: EHLO [127.0.0.1]",
    SMTP_SIGN_IN,
]
SUBMISSIONS = ["TLS\nS: 220 mail.example.test ESMTP\nC: EHLO [127.0.0.1]", SMTP_SIGN_IN]
IMAP_SIGN_IN = """
    C: m{first} AUTHENTICATE PLAIN *
    S: m{first} OK in
    C: m{second} EXAMINE INBOX
    S: m{second} OK [READ-ONLY] ok
"""
IMAPS = [
    "TLS\nS: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready",
    IMAP_SIGN_IN.format(first=1, second=2),
]
IMAP_STARTTLS = [
    "S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready",
    "C: m1 STARTTLS\nS: m1 OK go\nTLS",
    "C: m2 CAPABILITY\nS: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\nS: m2 OK done",
    IMAP_SIGN_IN.format(first=3, second=4),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateKit:
    """One authority for all tests."""
    return CertificateKit(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(certificates: CertificateKit) -> ssl.SSLContext:
    """A server's context with a good certificate."""
    return ssl_server_context(certificates.issue(HOST))


ORDERS = [
    (
        SMTP,
        STARTTLS,
        SUBMISSION,
        "RESOLVE CONNECT GREETING STARTTLS TLS_HANDSHAKE CAPABILITIES AUTHENTICATE SENDER_CHECK",
    ),
    (
        SMTP,
        TLS,
        SUBMISSIONS,
        "RESOLVE CONNECT TLS_HANDSHAKE GREETING CAPABILITIES AUTHENTICATE SENDER_CHECK",
    ),
    (
        IMAP,
        TLS,
        IMAPS,
        "RESOLVE CONNECT TLS_HANDSHAKE GREETING CAPABILITIES AUTHENTICATE OPEN_MAILBOX",
    ),
    (
        IMAP,
        STARTTLS,
        IMAP_STARTTLS,
        "RESOLVE CONNECT GREETING STARTTLS TLS_HANDSHAKE CAPABILITIES AUTHENTICATE OPEN_MAILBOX",
    ),
]


@pytest.mark.parametrize(("protocol", "security", "script", "order"), ORDERS)
async def test_steps_come_in_the_order_of_the_mode(
    protocol: MailProtocol,
    security: TransportSecurity,
    script: list[str],
    order: str,
    tls: ssl.SSLContext,
    certificates: CertificateKit,
) -> None:
    """Every step is reported RUNNING and then PASSED, in order; the scripts also prove that no
    command more than needed is sent: each answer is one round trip.
    """
    async with scripted(script, tls=tls) as server:
        probed = target(server.port, protocol, security)
        result = await probe_one(probed, ca=certificates.ca_pem)
        await server.finished()
        server.check()
    kinds = [StepKind(name) for name in order.split()]
    assert [step.kind for step in result.steps if step.status is StepStatus.RUNNING] == [
        kind for kind in kinds if kind is not StepKind.SENDER_CHECK
    ]
    assert list(result.ends) == kinds
    last = SKIPPED if protocol is SMTP else PASSED  # no sender was named
    assert list(result.ends.values()) == [PASSED] * (len(kinds) - 1) + [last]
    assert result.outcome.code is DiagnosticCode.OK
    assert result.outcome.observation is None


async def test_details_tell_what_was_seen(
    tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """Address, TLS facts, capabilities, mechanism and replies are in the steps that saw them."""
    script = [*SUBMISSION, "C: MAIL FROM:<ann@example.test>\nS: 250 2.1.0 fine\nC: RSET\nC: QUIT"]
    async with scripted(script, tls=tls) as server:
        probed = target(server.port, SMTP, STARTTLS, sender="ann@example.test")
        result = await probe_one(probed, ca=certificates.ca_pem)
        await server.finished()
        server.check()
    assert {step.detail.port for step in result.steps if step.duration_ms is not None} == {
        server.port
    }
    assert result.step(StepKind.CONNECT).detail.address == "127.0.0.1"
    handshake = result.step(StepKind.TLS_HANDSHAKE).detail
    assert handshake.tls_version == "TLSv1.3"
    assert handshake.cipher
    assert handshake.cipher.startswith("TLS_")
    assert handshake.certificate is not None
    assert handshake.certificate.names == (HOST,)
    assert result.outcome.certificate == handshake.certificate
    assert result.step(StepKind.STARTTLS).detail.capabilities == ("STARTTLS",)
    assert result.step(StepKind.CAPABILITIES).detail.capabilities == ("AUTH PLAIN",)
    assert result.step(StepKind.AUTHENTICATE).detail.mechanism == "PLAIN"
    assert result.step(StepKind.AUTHENTICATE).detail.server_reply == "235 in"
    assert result.step(StepKind.SENDER_CHECK).detail.server_reply == "250 2.1.0 fine"


async def test_failed_step_carries_everything_the_diagnosis_needs(
    tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """A refused sign-in: step, code, mechanism, reply, and the whole observation."""
    script = [
        "TLS\nS: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 AUTH PLAIN",
        f"C: AUTH PLAIN *\nS: 535-5.7.8 wrong: {PASSWORD}\nS: 535 5.7.8 sorry",
    ]
    async with scripted(script, tls=tls) as server:
        result = await probe_one(target(server.port, SMTP, TLS), ca=certificates.ca_pem)
    failed = result.failed
    assert failed is not None
    assert (failed.kind, failed.code) == (StepKind.AUTHENTICATE, DiagnosticCode.UNKNOWN_REPLY)
    assert failed.detail.mechanism == "PLAIN"
    assert failed.detail.server_reply == "535-5.7.8 wrong: *** 535 5.7.8 sorry"
    assert result.outcome.code is DiagnosticCode.UNKNOWN_REPLY
    assert result.outcome.server_reply == failed.detail.server_reply
    seen = result.outcome.observation
    assert seen is not None
    assert (seen.protocol, seen.phase, seen.failure) == (SMTP, Phase.AUTH, Failure.REPLY)
    assert (seen.host, seen.port, seen.security) == (HOST, server.port, TLS)
    assert (seen.reply_code, seen.enhanced_code) == (535, "5.7.8")
    assert seen.text == "535-5.7.8 wrong: ***\n535 5.7.8 sorry"
    assert (seen.capabilities, seen.tls_active) == (("AUTH PLAIN",), True)
    assert seen.username == "ann@example.test"
    assert result.ends[StepKind.SENDER_CHECK] is SKIPPED


async def test_phase_tells_ehlo_from_starttls() -> None:
    """EHLO before STARTTLS belongs to that step, but its refusal is one of EHLO."""
    script = "S: 220 hi\nC: EHLO *\nS: 550 5.7.1 bad name"
    async with scripted(script) as server:
        result = await probe_one(target(server.port, SMTP, STARTTLS))
    assert result.failed is not None
    assert result.failed.kind is StepKind.STARTTLS
    assert result.outcome.observation is not None
    assert result.outcome.observation.phase is Phase.EHLO


async def test_without_secret_nobody_signs_in() -> None:
    """Port 25 without AUTH: sign-in is skipped, the sender is asked, the test passes."""
    script = (
        "S: 220 hi\nC: EHLO *\nS: 250 x\n"
        "C: MAIL FROM:<ann@example.test>\nS: 250 ok\nC: RSET\nC: QUIT"
    )
    async with scripted(script) as server:
        probed = target(server.port, SMTP, NONE, secret=None, sender="ann@example.test")
        result = await probe_one(probed)
        await server.finished()
        server.check()
    assert result.ends[StepKind.AUTHENTICATE] is SKIPPED
    assert result.ends[StepKind.SENDER_CHECK] is PASSED
    assert result.outcome.code is DiagnosticCode.OK


async def test_method_none_does_not_send_the_secret() -> None:
    """Authentication NONE wins over a secret that is there; IMAP then opens no mailbox."""
    script = "S: * OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] hi\nC: m1 LOGOUT"
    async with scripted(script) as server:
        method = AuthenticationMethod.NONE
        result = await probe_one(target(server.port, IMAP, NONE, method=method))
        await server.finished()
        server.check()
    assert result.ends[StepKind.AUTHENTICATE] is SKIPPED
    assert result.ends[StepKind.OPEN_MAILBOX] is SKIPPED
    assert result.outcome.code is DiagnosticCode.OK


@pytest.mark.parametrize("security", [TLS, STARTTLS])
@pytest.mark.parametrize(
    ("kind", "verify_code"),
    [("expired", 10), ("not_yet_valid", 9), ("self_signed", 18), ("wrong_name", 62)],
)
async def test_refused_certificate_is_described(
    kind: str, verify_code: int, security: TransportSecurity, certificates: CertificateKit
) -> None:
    """A certificate that is refused is described by a second look that sends no credentials."""
    makers = {
        "expired": certificates.expired,
        "not_yet_valid": certificates.not_yet_valid,
        "self_signed": certificates.self_signed,
    }
    paths = makers[kind](HOST) if kind in makers else certificates.wrong_name()
    script = SUBMISSION if security is STARTTLS else SUBMISSIONS
    async with scripted(script, tls=ssl_server_context(paths)) as server:
        probed = target(server.port, SMTP, security)
        result = await probe_one(probed, ca=certificates.ca_pem)
        await server.finished()
    assert result.failed is not None
    assert result.failed.kind is StepKind.TLS_HANDSHAKE
    seen = result.outcome.observation
    assert seen is not None
    assert (seen.failure, seen.tls_verify_code) == (Failure.TLS_VERIFY, verify_code)
    certificate = result.outcome.certificate
    assert certificate is not None
    assert certificate.names == ("other.example.test" if kind == "wrong_name" else HOST,)
    assert result.failed.detail.certificate == certificate
    assert len(server.peers) == 2
    assert server.inside == b""
    before_tls = b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n" if security is STARTTLS else b""
    assert server.clear == before_tls * 2


async def test_outdated_version_is_named(certificates: CertificateKit) -> None:
    """A server that only knows TLS 1.0 is TLS_VERSION, with its version in the step."""
    context = ssl_server_context(certificates.issue(HOST), only=ssl.TLSVersion.TLSv1)
    async with scripted(SUBMISSIONS, tls=context) as server:
        result = await probe_one(target(server.port, SMTP, TLS), ca=certificates.ca_pem)
    assert result.outcome.observation is not None
    assert result.outcome.observation.failure is Failure.TLS_VERSION
    assert result.failed is not None
    assert result.failed.detail.tls_version == "TLSv1"


@pytest.mark.parametrize("security", [STARTTLS, NONE])
async def test_port_that_waits_for_tls_is_named(
    security: TransportSecurity, tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """No greeting comes, and a second look finds TLS on the port: nothing was sent in clear."""
    async with scripted("TLS", tls=tls) as server:
        result = await probe_one(
            target(server.port, IMAP, security),
            ca=certificates.ca_pem,
            settings=ProbeSettings(greeting_seconds=0.3),
        )
        await server.finished()
    seen = result.outcome.observation
    assert seen is not None
    assert (seen.phase, seen.failure, seen.tls_active) == (
        Phase.GREETING,
        Failure.TLS_ALERT,
        False,
    )
    assert result.outcome.certificate is not None
    assert result.outcome.certificate.names == (HOST,)
    assert (len(server.peers), server.clear, server.inside) == (2, b"", b"")


async def test_silent_port_stays_silent() -> None:
    """A port that does not speak TLS either is told as what it is: no answer in time."""
    async with scripted("HOLD") as server:
        settings = ProbeSettings(greeting_seconds=0.2, inspect_seconds=0.2)
        result = await probe_one(target(server.port, SMTP, STARTTLS), settings=settings)
    assert result.outcome.observation is not None
    assert result.outcome.observation.failure is Failure.TIMEOUT
    assert result.outcome.certificate is None


async def test_uploaded_anchor_is_trusted_for_this_test_only(
    certificates: CertificateKit,
) -> None:
    """A request's own trust anchor opens the server that others refuse, on the same prober."""
    paths: CertificatePaths = certificates.unknown_ca(HOST)
    anchor = certificates.root_pem("unknown").read_text()
    async with scripted(SUBMISSIONS, tls=ssl_server_context(paths)) as server:
        runner = prober([server.port], ca=certificates.ca_pem)
        probed = target(server.port, SMTP, TLS)
        (with_anchor,) = await runner.probe(ProbeRequest((probed,), 5, (anchor,)), ignore)
        (without,) = await runner.probe(ProbeRequest((probed,), 5), ignore)
    assert with_anchor.code is DiagnosticCode.OK
    assert without.observation is not None
    assert without.observation.failure is Failure.TLS_VERIFY


def ignore(_: ProbeStep) -> None:
    """Take a report."""


@pytest.mark.parametrize(
    ("host", "port_allowed", "failure", "phase"),
    [
        ("missing.example.test", True, Failure.NAME_NOT_FOUND, Phase.DNS),
        ("10.0.0.1", True, Failure.EGRESS_REFUSED, Phase.DNS),
        (HOST, False, Failure.EGRESS_REFUSED, Phase.DNS),
        (HOST, True, Failure.REFUSED, Phase.CONNECT),
    ],
)
async def test_no_connection_is_a_verdict(
    host: str, port_allowed: bool, failure: Failure, phase: Phase
) -> None:
    """Names, refusals of egress and closed ports end the first steps, never the prober."""
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    probed = target(port, IMAP, TLS)
    settings = type(probed.settings)(IMAP, host, port, TLS)
    steps: list[ProbeStep] = []
    runner = prober([port if port_allowed else 1])
    request = ProbeRequest((type(probed)(settings, probed.secret),), 5)
    (outcome,) = await runner.probe(request, steps.append)
    result = Result(outcome, steps)
    assert outcome.observation is not None
    assert (outcome.observation.failure, outcome.observation.phase) == (failure, phase)
    assert list(result.ends.values()).count(FAILED) == 1
    assert list(result.ends.values())[-1] is SKIPPED
    assert len(result.ends) == 7


async def test_protocols_run_side_by_side(
    tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """IMAP waits for SMTP's greeting here, which only works when both run at once; outcomes come
    in the order of the request, and a failure of one does not touch the other.
    """
    smtp_greeted = asyncio.Event()

    async def tell(_: Peer) -> None:
        smtp_greeted.set()

    async def wait(_: Peer) -> None:
        await smtp_greeted.wait()

    async with AsyncExitStack() as stack:
        smtp = await stack.enter_async_context(scripted([tell, "S: 554 no"]))
        imap = await stack.enter_async_context(scripted([wait, *IMAPS], tls=tls))
        runner = prober([smtp.port, imap.port], ca=certificates.ca_pem)
        targets = (target(imap.port, IMAP, TLS), target(smtp.port, SMTP, NONE))
        outcomes = await runner.probe(ProbeRequest(targets, 5), ignore)
    assert [outcome.protocol for outcome in outcomes] == [IMAP, SMTP]
    assert [outcome.code for outcome in outcomes] == [
        DiagnosticCode.OK,
        DiagnosticCode.UNKNOWN_REPLY,
    ]


async def test_cancellation_hangs_up_at_once(
    tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """A cancelled test ends without a verdict, and the server sees the connection go."""
    waiting = asyncio.Event()

    async def tell(_: Peer) -> None:
        waiting.set()

    async with scripted([*SUBMISSION[:4], tell, "HOLD"], tls=tls) as server:
        runner = prober([server.port], ca=certificates.ca_pem)
        request = ProbeRequest((target(server.port, SMTP, STARTTLS),), 60)
        probing = asyncio.create_task(runner.probe(request, ignore))
        await waiting.wait()
        probing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probing
        async with asyncio.timeout(2):
            await server.finished()


async def test_bound_on_tests_at_once() -> None:
    """Only so many connections exist at once, and waiting counts: who gets no place in its time
    is told so, with all steps skipped and nothing dialled.
    """
    async with scripted("HOLD") as server:
        runner = prober([server.port], settings=ProbeSettings(concurrent_tests=2))
        targets = (target(server.port, SMTP, NONE),)
        steps: list[ProbeStep] = []
        begun = [runner.probe(ProbeRequest(targets, 1.5), ignore) for _ in range(2)]
        waiting = [runner.probe(ProbeRequest(targets, 0.3), steps.append) for _ in range(3)]
        outcomes = await asyncio.gather(*begun, *waiting)
        assert len(server.peers) == 2
    failures = [outcome.observation and outcome.observation.failure for (outcome,) in outcomes]
    assert failures == [Failure.TIMEOUT, Failure.TIMEOUT, None, None, None]
    assert [outcome.code for (outcome,) in outcomes[2:]] == [DiagnosticCode.STEP_TIMEOUT] * 3
    assert [step.status for step in steps] == [SKIPPED] * 3 * 6


async def test_place_is_given_back() -> None:
    """After a failed, a cancelled and a passed test the one place is free again."""
    async with scripted("S: 220 hi\nC: EHLO *\nS: 250 x") as server:
        runner = prober([server.port], settings=ProbeSettings(concurrent_tests=1))
        probed = target(server.port, SMTP, NONE, secret=None)
        refused = target(server.port, IMAP, NONE)
        await runner.probe(ProbeRequest((refused,), 5), ignore)
        cancelled = asyncio.create_task(runner.probe(ProbeRequest((probed,), 5), ignore))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        (outcome,) = await runner.probe(ProbeRequest((probed,), 5), ignore)
    assert outcome.code is DiagnosticCode.OK
