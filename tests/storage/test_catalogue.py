"""Claims about reading and checking the catalogue and its overlay."""

from pathlib import Path

import pytest
import yaml

from kit.drafts import shipped
from mailconfig.domain.providers import ProviderKind
from mailconfig.storage.catalogue import CatalogueInvalid, load_catalogue


def _row(**fields: object) -> dict[str, object]:
    """Return a valid row of an operator's own."""
    row = {
        "id": "acme",
        "name": "Acme Mail",
        "kind": "mailbox",
        "region": ["de"],
        "domains": ["acme.example"],
        "mx_suffixes": ["mx.acme.example"],
        "imap": [{"host": "imap.acme.example", "port": 993, "security": "tls"}],
        "smtp": [{"host": "smtp.acme.example", "port": 465, "security": "tls"}],
        "username": "email",
        "auth": ["password"],
        "sources": ["vendor-doc"],
        "confidence": "high",
    }
    return row | fields


def _server(**fields: object) -> list[dict[str, object]]:
    return [{"host": "imap.acme.example", "port": 993, "security": "tls"} | fields]


def _overlay(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"providers": list(rows)}), "utf-8")
    return path


def test_overlay_adds(tmp_path: Path) -> None:
    """A new id adds a row that every look-up finds."""
    catalogue = load_catalogue(_overlay(tmp_path, _row()))
    row = catalogue.by_id("acme")
    assert row is not None
    assert len(catalogue.providers) == 350
    assert catalogue.by_domain("acme.example") is row
    assert catalogue.by_mx(["mx.acme.example"]).provider is row
    assert catalogue.by_host("imap.acme.example") is row


def test_overlay_replaces(tmp_path: Path) -> None:
    """A known id replaces the whole row in its place."""
    own = _row(id="gmail", name="Gmail by proxy", domains=["gmail.com"])
    catalogue = load_catalogue(_overlay(tmp_path, own))
    row = catalogue.by_id("gmail")
    assert row is not None
    assert len(catalogue.providers) == 349
    assert row.name == "Gmail by proxy"
    assert catalogue.by_domain("gmail.com") is row
    assert catalogue.by_domain("googlemail.com") is None


def test_overlay_hides(tmp_path: Path) -> None:
    """A hidden row is found in no way, and what refers to it falls away."""
    hidden = [{"id": name, "hidden": True} for name in ("icloud", "forward_email")]
    catalogue = load_catalogue(_overlay(tmp_path, *hidden))
    assert len(catalogue.providers) == 347
    assert catalogue.by_id("icloud") is None
    assert catalogue.by_domain("icloud.com") is None
    assert "icloud" not in {hint.provider_id for hint in catalogue.dns_hints}
    assert catalogue.by_mx(["mx1.forwardemail.net"]).maybe_provider is None


FAULTS = [
    (_row(colour="red"), "acme.colour"),  # unknown field
    (_row(kind="mailboxes"), "acme.kind"),
    (_row(domains="acme.example"), "acme.domains"),  # no list
    (_row(imap=_server(port="993")), "acme.imap.0.port"),  # no conversion
    (_row(imap=_server(port=0)), "acme.imap.0.port"),
    (_row(imap=_server(port=587)), "acme.imap.0.port"),  # does not fit TLS
    (_row(imap=_server(security="starttls")), "acme.imap.0.port"),
    (_row(imap=_server(port=143, security="plain")), "acme.imap.0.port"),
    (_row(imap=_server(host="IMAP.acme.example")), "acme.imap.0.host"),
    (_row(imap=_server(host="imap.{customer}.example")), "acme.imap.0.host"),
    (_row(imap=_server(host="imap.acme.example:993")), "acme.imap.0.host"),
    (_row(domains=["Acme.example"]), "acme.domains"),
    (_row(domains=["müller.example"]), "acme.domains"),  # A-labels only
    (_row(domains=["gmail.com"]), "acme.domains"),  # another row's
    (_row(mx_suffixes=["l.google.com"]), "acme.mx_suffixes"),
    (_row(domain_suffixes=["plus.com"]), "acme.domain_suffixes"),
    (_row(status="closed"), "acme.imap"),  # silent rows name no server
    (_row(kind="alias_only"), "acme.imap"),
    (_row(imap=[], smtp=[]), "acme.imap"),  # active rows name one
    (_row(mx_regex="["), "acme.mx_regex"),
    ({"id": "nosuch", "hidden": True}, "nosuch.hidden"),
    ({"id": "gmail", "hidden": True, "name": "x"}, "gmail.name"),
    ({"name": "without id"}, "providers[0].id"),
]


@pytest.mark.parametrize(("row", "where"), FAULTS)
def test_faults_name_row_and_field(tmp_path: Path, row: dict[str, object], where: str) -> None:
    """Each fault of an overlay refuses the whole and names the row and the field."""
    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(_overlay(tmp_path, row))
    places = [line.partition(":")[0] for line in caught.value.problems]
    assert any(f"{place}.".startswith(f"{where}.") for place in places), caught.value.problems
    assert "own.yaml" in caught.value.message


def test_a_row_twice_is_a_fault(tmp_path: Path) -> None:
    """One overlay names each id once."""
    with pytest.raises(CatalogueInvalid, match=r"acme\.id: is in the file twice"):
        load_catalogue(_overlay(tmp_path, _row(), _row()))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"providers: [", "not YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"- a list", "valid dictionary"),
        (b"providers: 5", "providers"),
        (b"schema_version: 3", "schema_version"),
    ],
)
def test_files_that_are_no_overlay(tmp_path: Path, content: bytes, words: str) -> None:
    """A file of another kind is refused in words."""
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with pytest.raises(CatalogueInvalid, match=words):
        load_catalogue(path)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is refused by its name, not passed over."""
    with pytest.raises(CatalogueInvalid, match=r"gone\.yaml"):
        load_catalogue(tmp_path / "gone.yaml")


def test_empty_overlay_changes_nothing(tmp_path: Path) -> None:
    """An empty file lays nothing over the catalogue."""
    path = tmp_path / "own.yaml"
    path.write_text("", "utf-8")
    assert load_catalogue(path).providers == shipped().providers


def test_silent_rows_have_no_servers() -> None:
    """The rows that only explain name no server, and there are 45 of them."""
    silent = [row for row in shipped().providers if row.silent]
    assert [row.id for row in silent if row.servers] == []
    assert len(silent) == 45


def test_kinds_are_mapped() -> None:
    """Kinds of the file become those of the domain."""
    counts = dict.fromkeys(ProviderKind, 0)
    for row in shipped().providers:
        counts[row.kind] += 1
    assert counts == {
        ProviderKind.MAILBOX: 231,
        ProviderKind.HOSTING: 76,
        ProviderKind.RELAY: 1,
        ProviderKind.TRANSACTIONAL: 22,
        ProviderKind.SANDBOX: 4,
        ProviderKind.LOCAL_BRIDGE: 1,
        ProviderKind.NO_CLIENT_ACCESS: 8,
        ProviderKind.ALIAS_ONLY: 6,
    }


def test_help_links_are_the_operators_own(tmp_path: Path) -> None:
    """A link stays where it is the vendor's documentation, else it is not shown."""
    gmail, cytanet = shipped().by_id("gmail"), shipped().by_id("cytanet")
    assert gmail is not None
    assert cytanet is not None
    assert gmail.help_url == "https://support.google.com/mail/answer/7126229"
    assert cytanet.help_url is None  # somebody's blog
    own = _row(help="https://intranet.example/mail", sources=["own"])
    row = load_catalogue(_overlay(tmp_path, own)).by_id("acme")
    assert row is not None
    assert row.help_url == "https://intranet.example/mail"  # the operator's own word


def test_alternative_hosts() -> None:
    """Hosts are found in the free text of `alt`."""
    daum, ionos = shipped().by_id("daum"), shipped().by_id("ionos_de")
    assert daum is not None
    assert ionos is not None
    assert daum.alternative_hosts == ("imap.kakao.com", "smtp.kakao.com")
    assert ionos.alternative_hosts == ("imap.1und1.de", "smtp.1und1.de")
