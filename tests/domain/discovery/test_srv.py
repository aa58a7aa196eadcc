"""Reading SRV records of mail servers."""

from mailconfig.domain.discovery.srv import SRV_SERVICES, declined, srv_proposal, srv_secure
from mailconfig.domain.resolution import Answer, SrvRecord
from mailconfig.domain.servers import MailProtocol

IMAPS, IMAP, SUBMISSIONS, SUBMISSION = SRV_SERVICES


def answer(*records: tuple[int, int, int, str], secure: bool = False) -> Answer[SrvRecord]:
    """Return an answer with these records: priority, weight, port, target."""
    return Answer(tuple(SrvRecord(*record) for record in records), 300, secure)


def places(answers: dict[object, Answer[SrvRecord]]) -> list[str]:
    """Return what the records name, in order."""
    said = srv_proposal(answers)
    if said is None:
        return []
    return [
        f"{server.protocol} {server.host}:{server.port}/{server.security}"
        for server in said.incoming + said.outgoing
    ]


def test_priority_comes_before_weight() -> None:
    """Lowest priority first, then highest weight (RFC 2782)."""
    records = (
        (20, 99, 993, "third.test"),
        (10, 10, 993, "second.test"),
        (10, 60, 993, "first.test"),
    )
    assert places({IMAPS: answer(*records)}) == [
        "IMAP first.test:993/TLS",
        "IMAP second.test:993/TLS",
        "IMAP third.test:993/TLS",
    ]


def test_each_service_has_its_protocol_and_security() -> None:
    """TLS from the first byte comes before STARTTLS, whatever the priorities (RFC 8314)."""
    answers = {
        IMAP: answer((0, 1, 143, "a.test")),
        IMAPS: answer((5, 1, 993, "b.test")),
        SUBMISSION: answer((0, 1, 587, "c.test")),
        SUBMISSIONS: answer((5, 1, 465, "d.test")),
    }
    assert places(answers) == [
        "IMAP b.test:993/TLS",
        "IMAP a.test:143/STARTTLS",
        "SMTP d.test:465/TLS",
        "SMTP c.test:587/STARTTLS",
    ]


def test_a_dot_says_that_a_service_is_not_offered() -> None:
    """The other service of the protocol still counts; without one the protocol is declined."""
    answers = {IMAPS: answer((0, 0, 0, "")), IMAP: answer((0, 1, 143, "a.test"))}
    assert places(answers) == ["IMAP a.test:143/STARTTLS"]
    assert declined(answers) == frozenset()
    answers = {IMAPS: answer((0, 0, 0, "")), IMAP: answer((0, 0, 0, ""))}
    assert places(answers) == []
    assert declined(answers) == {MailProtocol.IMAP}


def test_targets_that_are_no_names_are_left_out() -> None:
    """Addresses, underscores, impossible ports: what cannot be a server's name is none."""
    records = (
        (0, 1, 993, "192.0.2.1"),
        (0, 2, 993, "im_ap.test"),
        (0, 3, 0, "port.test"),
        (1, 1, 993, "good.test"),
    )
    assert places({IMAPS: answer(*records)}) == ["IMAP good.test:993/TLS"]
    assert declined({IMAPS: answer(*records)}) == frozenset()


def test_no_records_are_no_proposal() -> None:
    """Neither absent names nor empty answers name a server."""
    assert srv_proposal({}) is None
    assert srv_proposal({IMAPS: answer()}) is None
    assert declined({IMAPS: answer()}) == frozenset()


def test_every_answer_that_names_a_server_must_be_vouched_for() -> None:
    """One answer without DNSSEC is enough to doubt the whole; a "." is none of them."""
    good, bad = answer((0, 1, 993, "a.test"), secure=True), answer((0, 1, 465, "b.test"))
    assert srv_secure({IMAPS: good, SUBMISSIONS: answer((0, 0, 0, ""))})
    assert not srv_secure({IMAPS: good, SUBMISSIONS: bad})
    assert not srv_secure({})
