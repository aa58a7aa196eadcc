"""Rows of configurations: which facts a selection takes, and how they are shown."""

from datetime import UTC, datetime
from uuid import UUID

from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.selections import EVERYTHING, ConfigField, ConfigRow, Selection
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.graphql.ids import encode
from mailconfig.graphql.objects import EmailConfig
from mailconfig.graphql.rows import config_layout, selection_of
from mailconfig.graphql.servers import ServerSettings

KEY, OWNER = UUID(int=7), UUID("ffffffff-ffff-4fff-bfff-ffffffffffff")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVER: ConfigRow = ("mx.example", 993, "TLS", "AUTO", None, NOON)
HEAD: ConfigRow = (KEY, OWNER, 3, "Work", "ann@example.net", None, "gmail", None, None)
ROW: ConfigRow = (*HEAD, True, "WORKING", NOON, NOON, *SERVER, *(None,) * 6)
"""As the tables have it: words, not members of enums."""


def test_selections_take_no_more_than_they_show() -> None:
    """The key always; the host wherever anything of a server is shown; no column twice."""
    tree = {"name": {}, "shared": {}, "ownerId": {}, "files": {}, "outgoing": {"port": {}}}
    assert selection_of(tree).fields == (
        ConfigField.ID,
        ConfigField.OWNER_ID,
        ConfigField.NAME,
        ConfigField.OUTGOING_HOST,
        ConfigField.OUTGOING_PORT,
    )


def test_a_whole_row() -> None:
    """Ids become global, words members, servers objects; what is absent is None."""
    provider = object()
    shown = config_layout(EmailConfig, EVERYTHING).made(ROW, {"gmail": provider})
    assert type(shown) is EmailConfig
    assert vars(shown) | {"incoming": None} == {
        "key": KEY,
        "id": encode("EmailConfig", KEY),
        "shared": False,
        "owner_id": encode("User", OWNER),
        "revision": 3,
        "name": "Work",
        "email_address": "ann@example.net",
        "display_name": None,
        "provider": provider,
        "external_id": None,
        "metadata": None,
        "enabled": True,
        "status": ConfigStatus.WORKING,
        "created_at": NOON,
        "updated_at": NOON,
        "incoming": None,
        "outgoing": None,
    }
    assert shown.status is ConfigStatus.WORKING
    assert type(shown.incoming) is ServerSettings
    assert vars(shown.incoming) == {
        "protocol": MailProtocol.IMAP,
        "host": "mx.example",
        "port": 993,
        "security": TransportSecurity.TLS,
        "authentication": AuthenticationMethod.AUTO,
        "username": None,
        "secret_set_at": NOON,
    }


def test_a_shared_row_of_no_provider() -> None:
    """Without owner a configuration is shared; a provider that is not known is None."""
    fields = Selection.of([ConfigField.ID, ConfigField.OWNER_ID, ConfigField.PROVIDER_ID])
    shown = config_layout(EmailConfig, fields).made((KEY, None, "gone"), {})
    assert (shown.shared, shown.owner_id, shown.provider) == (True, None, None)


def test_global_ids_of_keys() -> None:
    """The encoder of UUIDs writes what `encode` does, for each type's name and any key."""
    for key in (UUID(int=0), KEY, OWNER, UUID(int=2**128 - 1)):
        shown = config_layout(
            EmailConfig, Selection.of([ConfigField.ID, ConfigField.OWNER_ID])
        ).made((key, key), {})
        assert shown.id == encode("EmailConfig", key)
        assert shown.owner_id == encode("User", key)
