"""`mailconfig explain`: one text, and batches of them."""

import json
from pathlib import Path

from kit.serving import run

REPLY = "535-5.7.8 Username and Password not accepted. gsmtp"
BAD_LINES = [
    ("nonsense", "this is not JSON"),
    ("[1]", "this is not an object"),
    ('{"id": NaN, "text": "x"}', "this is not JSON"),
    ('{"id": 1}', "text is missing"),
    ('{"id": 1, "text": 5}', "text is no text"),
    ('{"text": "x", "phase": "lunch"}', "phase is not one of"),
    (
        '{"text": "x", "protocol": "http"}',
        "protocol is not one of dns, imap, oauth, smtp, tcp, tls",
    ),
    ('{"text": "x", "security": "ssl"}', "security is not one of plain, starttls, tls"),
    ('{"text": "x", "port": 70000}', "port is no number from 1 to 65535"),
    ('{"text": "x", "capabilities": {}}', "capabilities is no list of texts"),
]
"""Lines of a batch that cannot be read, and what is said about each."""


def test_one_text() -> None:
    """The code comes first, so that a script can cut it off; then what to do and who can."""
    done = run("explain", REPLY)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("GMAIL_BAD: ")
    assert lines[2] == "Who can fix it: you. Worth trying again: no."


def test_a_text_from_standard_input_with_its_circumstances() -> None:
    """A dash reads the text; options say where it was met."""
    options = ("--protocol", "imap", "--phase", "auth", "--host", "imap.mail.me.com")
    done = run("explain", "-", *options, given="a1 NO [AUTHENTICATIONFAILED] no\n")
    assert done.returncode == 0
    assert done.stdout.startswith("ICLOUD: ")


def test_nothing_to_explain() -> None:
    """A missing or empty text is a sentence on standard error."""
    for words, given in (((), ""), (("-",), " \n")):
        done = run("explain", *words, given=given)
        assert done.returncode == 1
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


def test_a_batch_answers_line_by_line(tmp_path: Path) -> None:
    """One object a line, in order, with the members that a scorer compares."""
    rows = [
        {
            "id": "one",
            "protocol": "smtp",
            "phase": "auth",
            "host": "smtp.gmail.com",
            "port": 587,
            "security": "starttls",
            "text": REPLY,
            "capabilities": None,
        },
        {"id": "two", "protocol": "tcp", "phase": "connect", "text": "Connection refused"},
        {
            "id": "three",
            "protocol": "imap",
            "phase": "auth",
            "host": None,
            "text": "a NO [EXPIRED] x",
        },
    ]
    file = tmp_path / "texts.jsonl"
    file.write_text("\n\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = run("explain", "--jsonl", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": "one", "label": "GMAIL_BAD", "retryable": False, "fixable_by": "user"},
        {"id": "two", "label": "TCP_REFUSED", "retryable": False, "fixable_by": "user"},
        {"id": "three", "label": "AUTH_EXPIRED", "retryable": False, "fixable_by": "user"},
    ]


def test_a_line_that_cannot_be_read_does_not_end_the_batch() -> None:
    """It is answered by its error, the others by their diagnosis; the exit status tells."""
    good = json.dumps({"id": "good", "text": "Connection refused", "phase": "connect"})
    lines = [*(line for line, _ in BAD_LINES), good]
    done = run("explain", "--jsonl", "-", given="\n".join(lines))
    assert done.returncode == 1
    *bad, last = map(json.loads, done.stdout.splitlines())
    for number, (answer, (_, reason)) in enumerate(zip(bad, BAD_LINES, strict=True), start=1):
        assert answer["error"].startswith(f"line {number}: {reason}")
    assert last["label"] == "TCP_REFUSED"


def test_an_id_of_any_characters_comes_back() -> None:
    """Half a character does not end the batch, whatever the encoding of standard output."""
    ids = ["\ud800", "ünïcode", 7, None]
    lines = [json.dumps({"id": each, "text": "Connection refused"}) for each in ids]
    done = run("explain", "--jsonl", "-", given="\n".join(lines), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ids


def test_a_missing_file(tmp_path: Path) -> None:
    """It is named on standard error."""
    done = run("explain", "--jsonl", tmp_path / "no.jsonl")
    assert done.returncode == 1
    assert str(tmp_path / "no.jsonl") in done.stderr
