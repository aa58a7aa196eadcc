"""Reading of reply texts."""

import re

import pytest

from mailconfig.domain.diagnostics.replies import MAX_CHARS, MAX_CODES, read, unescape


def test_a_plain_reply_is_read() -> None:
    """Reply code and enhanced code are found in a bare reply."""
    (whole,) = read("535 5.7.8 Authentication failed")[-1:]
    assert whole.reply_codes == (535,)
    assert whole.enhanced_codes == ("5.7.8",)
    assert whole.words == "535 5.7.8 Authentication failed"


def test_continuation_lines_read_on_as_one_sentence() -> None:
    """The codes of continuation lines (RFC 5321, section 4.2.1) are taken out of the words."""
    text = "550-5.7.26 This mail is\n550-5.7.26 unauthenticated, which\n550 5.7.26 poses a risk"
    whole = read(text)[-1]
    assert whole.words == "550-5.7.26 This mail is unauthenticated, which poses a risk"
    assert whole.reply_codes == (550,)
    assert whole.enhanced_codes == ("5.7.26",)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        # a reply inside JSON inside a log line
        (r"{\"m\": \"a\\nb\"}", '{"m": "a\nb"}'),
        # bytes of Python, UTF-8
        (r"b'f\xc3\xbcr'", "b'für'"),
        # bytes of Python, Latin-1
        (r"b'f\xfcr'", "b'für'"),
        # JSON's form of other scripts
        (r"\u0437\u0430", "за"),
        # a web page's form
        ("&lt;b&gt; &amp; c", "<b> & c"),
        # typographic signs
        ("don\u2019t", "don't"),
        # the challenge of a refused bearer token
        ("+ eyJzdGF0dXMiOiI0MDEifQ==", '+ {"status":"401"}'),
        # base64 that is no JSON stays
        ("334 VXNlcm5hbWU6", "334 VXNlcm5hbWU6"),
    ],
)
def test_what_logs_did_to_a_reply_is_undone(text: str, plain: str) -> None:
    """Escapes, entities and base64 of JSON are undone."""
    assert unescape(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        # ports look like codes
        "connect to mail.example.com port 587 failed",
        "Error connecting to mail.example.com:465",
        # so do process ids, addresses and times
        "postfix/smtp[5501]: 10.0.0.550 at 12:550",
    ],
)
def test_other_numbers_are_no_reply_codes(text: str) -> None:
    """Ports, process ids and parts of addresses are not taken for SMTP reply codes."""
    assert read(text)[-1].reply_codes == ()


def test_the_first_refusal_of_a_dialogue_comes_first() -> None:
    """Of several replies the first refusal is read alone, because later ones follow from it."""
    text = "* OK ready\na1 NO [LIMIT] Too many\na2 NO [AUTHENTICATIONFAILED] Invalid\n* BYE"
    first, whole = read(text)
    assert first.response_codes == ("LIMIT",)
    assert whole.response_codes == ("LIMIT", "AUTHENTICATIONFAILED")


def test_a_reply_is_taken_out_of_its_wrapping() -> None:
    """Words of the program around a reply are not part of the first refusal."""
    first = read("Requires a secure connection or no login. Response was: 535 5.7.3 Refused")[0]
    assert first.words == "535 5.7.3 Refused"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # RFC 9051
        ("a1 NO [UNAVAILABLE] later", ("UNAVAILABLE",)),
        # with arguments
        ("* NO [WEBALERT https://example.org/x] Web login required", ("WEBALERT",)),
        # a client's object
        ("{ type: 'no', textCode: 'AUTHENTICATIONFAILED' }", ("AUTHENTICATIONFAILED",)),
        # Rust's
        ('No { code: Some(Alert), information: "x" }', ("ALERT",)),
        # words in brackets that are none
        ("[SSL: WRONG_VERSION_NUMBER] [INFO] x", ()),
    ],
)
def test_response_codes_are_found(text: str, codes: tuple[str, ...]) -> None:
    """IMAP response codes are found in replies and in the objects of clients."""
    assert read(text)[-1].response_codes == codes


def test_what_is_read_is_bounded() -> None:
    """A text from a stranger is cut before it is looked at, and so are its codes."""
    text = " ".join(f"5.{digit % 9}.{digit}" for digit in range(999)) + "z" * MAX_CHARS
    whole = read(text)[-1]
    assert len(whole.words) <= MAX_CHARS
    assert len(whole.enhanced_codes) == MAX_CODES


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SEC_ERROR_UNKNOWN_ISSUER", "sec error unknown issuer"),
        ("errSSLPeerProtocolVersion", "err ssl peer protocol version"),
        ("RemoteCertificateNameMismatch", "remote certificate name mismatch"),
        ("java.security.cert.CertificateNotYetValidException", "certificate not yet valid"),
    ],
)
def test_names_of_errors_are_spelled_out(name: str, words: str) -> None:
    """What a library writes as one word is read as several, on a line of its own."""
    (reply,) = read(name)
    assert words in reply.words.split("\n")[1]


def test_classes_of_mail_programs_are_not_spelled_out() -> None:
    """The name of a refused command ("SMTPSenderRefused") is not the reason."""
    (reply,) = read("smtplib.SMTPSenderRefused")
    assert reply.words == "smtplib.SMTPSenderRefused"


@pytest.mark.parametrize(
    "wrapped",
    [
        '{"error": {"message": "Login denied"}}',
        "server.backend.SyncError: Login denied",
        "failed to send email: Login denied",
    ],
)
def test_words_of_the_wrapping_are_not_read(wrapped: str) -> None:
    """Keys, packages and headlines speak of the program, not of the failure."""
    (reply,) = read(wrapped)
    assert "Login denied" in reply.words
    assert not {"message", "server", "email"} & set(re.findall("[a-z]+", reply.words))
