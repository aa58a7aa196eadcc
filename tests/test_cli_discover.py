"""`mailconfig discover`: one address with its evidence, and batches offline."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from kit.dns import DnsServer
from kit.serving import run
from mailconfig.cli.discovering import discover

LINES = [
    ({"domain": "gmail.com", "mx": None}, "provider", "gmail", "imap.gmail.com"),
    ({"domain": "custom.example", "mx": ["aspmx.l.google.com"]}, "provider", "google_workspace", 1),
    ({"domain": "custom.example", "mx": ["eu.mimecast.com."]}, "gateway", None, None),
    ({"domain": "custom.example", "mx": ["mx1.improvmx.com"]}, "forwarder", None, None),
    ({"domain": "duck.com", "mx": ["mx1.duck.com"]}, "forwarder", "duckduckgo", None),
    ({"domain": "custom.example", "mx": ["mx.serverdata.net"]}, "ambiguous", None, None),
    ({"domain": "custom.example", "mx": [""]}, "none", None, None),
    ({"domain": "custom.example", "mx": []}, "unknown", None, None),
    ({"domain": "custom.example"}, "unknown", None, None),
    ({"domain": "Bücher.example", "mx": None, "note": "ignored"}, "unknown", None, None),
    ({"domain": "tutanota.com", "mx": None}, "provider", "tuta", None),
]
"""Line, class, provider, IMAP host (1: some host)."""
BAD_LINES = [
    ("nonsense", "this is not JSON"),
    ("[1]", "this is not an object"),
    ("{}", "domain is no text"),
    ('{"domain": 5}', "domain is no text"),
    ('{"domain": "a b"}', "domain is no domain name"),
    ('{"domain": "x.test", "mx": "mx.x.test"}', "mx is no list of host names"),
    ('{"domain": "x.test", "mx": [null]}', "mx is no list of host names"),
    ("[" * 100_000, "this is not JSON"),
]
"""Lines of a batch that cannot be read, and what is said about each."""


def answers(text: str) -> list[dict[str, Any]]:
    """Return the lines of an answer."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_batch_is_answered_line_by_line(tmp_path: Path) -> None:
    """In order, one object a line, with exactly the promised members; a blank line is none."""
    file = tmp_path / "domains.jsonl"
    file.write_text("\n\n".join(json.dumps(line) for line, *_ in LINES) + "\n", "utf-8")
    done = run("discover", "--offline", "--jsonl", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    found = answers(done.stdout)
    assert len(found) == len(LINES)
    for item, (line, wanted, provider, imap) in zip(found, LINES, strict=True):
        assert list(item) == ["domain", "class", "provider", "imap", "smtp"]
        assert (item["domain"], item["class"]) == (line["domain"], wanted)
        assert item["provider"] == provider
        assert (item["imap"] is None) is (imap is None)
        if isinstance(imap, str):
            assert item["imap"] == {"host": imap, "port": 993, "security": "tls"}


def test_security_is_written_as_in_the_catalogue() -> None:
    """tls, starttls and, for servers of tests, plain."""
    lines = [{"domain": "icloud.com"}, {"domain": "gmail.com"}]
    given = "".join(json.dumps(line) + "\n" for line in lines)
    found = answers(run("discover", "--offline", "--jsonl", "-", given=given).stdout)
    assert [item["smtp"]["security"] for item in found] == ["starttls", "tls"]


def test_a_line_that_cannot_be_read_is_answered_by_its_error() -> None:
    """The rest goes on; the exit status tells that something was wrong."""
    good = '{"domain": "gmail.com"}'
    given = "\n".join([good, *(line for line, _ in BAD_LINES), good]) + "\n"
    done = run("discover", "--offline", "--jsonl", "-", given=given)
    assert (done.returncode, done.stderr) == (1, "")
    first, *errors, last = answers(done.stdout)
    assert first["provider"] == last["provider"] == "gmail"
    assert [item["error"] for item in errors] == [
        f"line {number}: {message}" for number, (_, message) in enumerate(BAD_LINES, start=2)
    ]


def test_bytes_that_are_no_text_spoil_their_line_only(tmp_path: Path) -> None:
    """A file of another encoding is not the end of the batch."""
    file = tmp_path / "domains.jsonl"
    file.write_bytes(b'{"domain": "b\xfccher.example"}\n{"domain": "gmail.com"}\n')
    done = run("discover", "--offline", "--jsonl", str(file))
    assert done.returncode == 1
    first, last = answers(done.stdout)
    assert first == {"error": "line 1: domain is no domain name"}
    assert last["provider"] == "gmail"


def test_offline_for_one_address() -> None:
    """What the catalogue says; exit status 1 where it names no server."""
    done = run("discover", "--offline", "ann@gmail.com")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "gmail.com: provider gmail",
        "IMAP  imap.gmail.com:993/tls",
        "SMTP  smtp.gmail.com:465/tls",
    ]
    done = run("discover", "custom.example", "--offline")
    assert (done.returncode, done.stdout) == (1, "custom.example: unknown\n")


def test_a_known_address_is_shown_with_its_evidence() -> None:
    """Servers, user name, trust and source; in the language that was asked for."""
    done = run("discover", "ann@gmail.com")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "✓ catalogue   The catalogue lists gmail.com as Gmail (personal).",
        "",
        "1. Gmail (personal)",
        "   IMAP  imap.gmail.com:993/tls  ann@gmail.com",
        "   SMTP  smtp.gmail.com:465/tls  ann@gmail.com",
        "   known and checked",
        "   Named by: catalogue",
    ]


async def test_records_of_a_real_dns_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way through our own resolver: SRV records found, exit status 0."""
    async with DnsServer() as dns:
        dns.record("custom.test", "MX", "10 mx.custom.test.")
        dns.record("_imaps._tcp.custom.test", "SRV", "0 1 993 imap.custom.test.")
        dns.record("_submissions._tcp.custom.test", "SRV", "0 1 465 smtp.custom.test.")
        host, port = dns.endpoint
        monkeypatch.setenv("MAILCONFIG_DNS_SERVERS", f"{host}:{port}")
        monkeypatch.setenv("MAILCONFIG_DATA_DIR", str(tmp_path))
        status = await _in_thread("ann@custom.test")
    assert status == 0
    shown = capsys.readouterr().out
    assert "   IMAP  imap.custom.test:993/tls  ann@custom.test\n" in shown
    assert "   SMTP  smtp.custom.test:465/tls  ann@custom.test\n" in shown
    assert "could have been forged on the way" in shown
    assert "Named by: srv" in shown


async def test_a_domain_that_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1, the reason, and the domain that was probably meant."""
    async with DnsServer() as dns:
        host, port = dns.endpoint
        monkeypatch.setenv("MAILCONFIG_DNS_SERVERS", f"{host}:{port}")
        monkeypatch.setenv("MAILCONFIG_DATA_DIR", str(tmp_path))
        assert await _in_thread("ann@gmial.com") == 1
    shown = capsys.readouterr().out
    assert "The domain gmial.com does not exist." in shown
    assert shown.endswith("Did you mean gmail.com?\n")


USELESS = [
    ((), "Give an address or a domain, or with --offline a file by --jsonl."),
    (("--jsonl", "x"), "A file is answered from the catalogue alone: give --offline, too."),
    (("192.0.2.1",), "This is neither an e-mail address nor a domain."),
    (("ann@", "--offline"), "This is neither an e-mail address nor a domain."),
    (("--offline", "--jsonl", "/none.jsonl"), "/none.jsonl: No such file or directory."),
]


@pytest.mark.parametrize(("words", "message"), USELESS)
def test_what_cannot_be_asked_is_one_sentence(words: tuple[str, ...], message: str) -> None:
    """Exit status 1, nothing on standard output."""
    done = run("discover", *words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{message}\n")


async def _in_thread(address: str) -> int:
    """Run the command beside the DNS server, which lives in this loop."""
    return await asyncio.to_thread(discover, address)
