"""What the trail says of a changed configuration."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from mailconfig.domain.configs import ConfigStatus, EmailConfig, StoredServer
from mailconfig.domain.ids import new_id
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.domain.signing import Signer
from mailconfig.services.changes import changes
from mailconfig.services.fingerprints import Fingerprints

DIGEST: Final = Fingerprints(Signer(b"k" * 32)).of_value
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SERVER: Final = StoredServer(
    ServerSettings(
        protocol=MailProtocol.SMTP,
        host="smtp.example.net",
        port=465,
        security=TransportSecurity.TLS,
        authentication=AuthenticationMethod.PLAIN,
        username="ann",
    ),
    secret_id=new_id(),
)


def config(**changed: Any) -> EmailConfig:  # noqa: ANN401 - values of any field
    """Return a configuration with an outgoing server."""
    made = EmailConfig(
        id=UUID(int=1),
        workspace_id=UUID(int=2),
        owner_id=None,
        revision=1,
        name="Work",
        email_address="ann@example.net",
        display_name=None,
        provider_id=None,
        external_id=None,
        metadata=None,
        enabled=True,
        status=ConfigStatus.UNVERIFIED,
        incoming=None,
        outgoing=SERVER,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **changed)


def test_closed_words_stand_and_typed_ones_are_digests() -> None:
    """Ports, modes and switches can be read; a host is a digest, equal for equal hosts."""
    settings = replace(
        SERVER.settings,
        host="mail.example.net",
        port=587,
        security=TransportSecurity.STARTTLS,
    )
    after = config(revision=2, enabled=False, outgoing=replace(SERVER, settings=settings))
    assert changes(config(), after, DIGEST) == {
        "revision": 2,
        "before.enabled": True,
        "after.enabled": False,
        "before.outgoing.host": DIGEST(UUID(int=2), "smtp.example.net"),
        "after.outgoing.host": DIGEST(UUID(int=2), "mail.example.net"),
        "before.outgoing.port": 465,
        "after.outgoing.port": 587,
        "before.outgoing.security": "TLS",
        "after.outgoing.security": "STARTTLS",
    }


def test_nothing_that_was_typed_is_in_it() -> None:
    """Names, addresses, user names, references and secrets cannot be read from the trail."""
    settings = replace(SERVER.settings, username="typed user", host="typed.example.org")
    after = config(
        name="typed name",
        email_address="typed@example.org",
        display_name="typed display",
        external_id="typed reference",
        metadata='{"typed": true}',
        outgoing=replace(SERVER, settings=settings, secret_id=new_id()),
    )
    found = changes(config(), after, DIGEST)
    assert "typed" not in str(found)
    assert (found["before.outgoing.secret"], found["after.outgoing.secret"]) == ("***", "***")
    assert len(found) == 1 + 2 * 8


def test_a_server_that_comes_or_goes() -> None:
    """Its fields are null on the side where it is not."""
    found = changes(config(), config(outgoing=None), DIGEST)
    assert found["before.outgoing.port"] == SERVER.settings.port
    assert found["after.outgoing.port"] is None
    assert changes(config(), config(), DIGEST) == {"revision": 1}


def test_digests_are_of_one_workspace() -> None:
    """Two workspaces cannot compare theirs."""
    assert DIGEST(UUID(int=2), "same") != DIGEST(UUID(int=3), "same")
