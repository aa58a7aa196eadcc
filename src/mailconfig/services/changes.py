"""What the audit trail says of a changed configuration: each field that differs, before and after.

Words of closed sets and numbers stand as they are. Whatever a person typed is a keyed digest of its
workspace, equal for equal values, so that a trail tells that two changes set the same host, and
nothing of anybody is left in it when they are erased. Of a secret it tells that it was changed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from uuid import UUID

from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.storage.audit import Detail

Digest = Callable[[UUID, str], str]
"""Makes the keyed digest of a text in a workspace."""
MASKED: Final = "***"
"""Stands for a secret."""


def changes(before: EmailConfig, after: EmailConfig, digest: Digest) -> dict[str, Detail]:
    """Return `before.FIELD` and `after.FIELD` of each field that differs, and the new revision.

    Fields are named as in the API.
    """
    place = before.workspace_id
    found = differences(
        dict(_values(before)), dict(_values(after)), lambda text: digest(place, text)
    )
    return {"revision": after.revision, **found}


def differences(
    old: Mapping[str, Detail], new: Mapping[str, Detail], digest: Callable[[str], str]
) -> dict[str, Detail]:
    """Return `before.FIELD` and `after.FIELD` of each field that differs, by their names."""
    found: dict[str, Detail] = {}
    for name in old.keys() | new.keys():
        pair = old.get(name), new.get(name)
        if pair[0] == pair[1]:
            continue
        for when, value in zip(("before", "after"), pair, strict=True):
            found[f"{when}.{name}"] = _shown(name, value, digest)
    return dict(sorted(found.items()))


_PLAIN: Final = frozenset(
    {"port", "security", "authentication", "enabled", "providerId", "isDefault"}
)
"""Last parts of the names of fields whose values say nothing about anybody."""


def _shown(name: str, value: Detail, digest: Callable[[str], str]) -> Detail:
    last = name.rpartition(".")[2]
    if value is None or last in _PLAIN:
        return value
    return MASKED if last == "secret" else digest(str(value))


def _values(config: EmailConfig) -> Iterator[tuple[str, Detail]]:
    yield "name", config.name
    yield "emailAddress", config.email_address
    yield "displayName", config.display_name
    yield "providerId", config.provider_id
    yield "externalId", config.external_id
    yield "metadata", config.metadata
    yield "enabled", config.enabled
    for side, server in (("incoming", config.incoming), ("outgoing", config.outgoing)):
        if server is not None:
            yield from _server_values(side, server)


def _server_values(side: str, server: StoredServer) -> Iterator[tuple[str, Detail]]:
    settings = server.settings
    yield f"{side}.host", settings.host
    yield f"{side}.port", settings.port
    yield f"{side}.security", settings.security.value
    yield f"{side}.authentication", settings.authentication.value
    yield f"{side}.username", settings.username
    yield f"{side}.secret", str(server.secret_id) if server.secret_id else None
