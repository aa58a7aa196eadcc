"""Makes configurations of the graph from rows: the one place that knows how they are shown.

A row holds the facts that were selected and no others, and so does the object made of it. Objects
of this kind are made by the hundred, so they are not built field by field: names are zipped with
the row's values, and the few fields that are not facts themselves are added.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from mailconfig.domain.selections import ConfigField, ConfigRow, Selection
from mailconfig.domain.servers import MailProtocol
from mailconfig.graphql import ids
from mailconfig.graphql.providers import Provider
from mailconfig.graphql.selecting import Tree
from mailconfig.graphql.servers import ServerSettings

_T = TypeVar("_T")
_INCOMING: Final = tuple(field for field in ConfigField if field.startswith("incoming_"))
_OUTGOING: Final = tuple(field for field in ConfigField if field.startswith("outgoing_"))
_SERVER_FIELDS: Final[Mapping[str, str]] = {
    "host": "host",
    "port": "port",
    "security": "security",
    "authentication": "authentication",
    "username": "username",
    "secretSetAt": "secret_set_at",
}
"""Facts of a server, by the names of its fields in the schema."""
_FIELDS: Final[Mapping[str, ConfigField]] = {
    "revision": ConfigField.REVISION,
    "name": ConfigField.NAME,
    "emailAddress": ConfigField.EMAIL_ADDRESS,
    "displayName": ConfigField.DISPLAY_NAME,
    "shared": ConfigField.OWNER_ID,
    "ownerId": ConfigField.OWNER_ID,
    "externalId": ConfigField.EXTERNAL_ID,
    "metadata": ConfigField.METADATA,
    "enabled": ConfigField.ENABLED,
    "status": ConfigField.STATUS,
    "createdAt": ConfigField.CREATED_AT,
    "updatedAt": ConfigField.UPDATED_AT,
    "provider": ConfigField.PROVIDER_ID,
}
"""The fact behind each field of a configuration; what is missing here needs its id alone."""


def selection_of(selected: Tree) -> Selection:
    """Return the facts behind the selected fields of a configuration."""
    wanted = {ConfigField.ID}  # every resolver of a configuration begins with it
    wanted.update(_FIELDS[name] for name in selected if name in _FIELDS)
    for side in ("incoming", "outgoing"):
        if side in selected:
            wanted.update(_server_facts(side, selected[side]))
    return Selection.of(wanted)


def _server_facts(side: str, selected: Tree) -> Iterable[ConfigField]:
    yield ConfigField(f"{side}_host")  # tells whether there is a server
    for name in selected:
        if name in _SERVER_FIELDS:
            yield ConfigField(f"{side}_{_SERVER_FIELDS[name]}")


class Reader(Generic[_T]):
    """Makes objects of rows of one selection; made once for each."""

    def __init__(self, kind: type[_T], selection: Selection) -> None:
        own = [field for field in selection.fields if field not in _INCOMING + _OUTGOING]
        self._kind = kind
        self._names = tuple(map(str, own))
        self._wants_owner = ConfigField.OWNER_ID in own
        self._wants_provider = ConfigField.PROVIDER_ID in own
        self._servers = tuple(_servers(selection))

    def read(self, row: ConfigRow, providers: Mapping[str, Provider]) -> _T:
        """Return the object of a row."""
        held: dict[str, Any] = dict(zip(self._names, row, strict=False))  # servers come after
        key = held["key"] = held["id"]
        held["id"] = ids.encode("EmailConfig", key)
        if self._wants_owner:
            owner = held["owner_id"]
            held["shared"] = owner is None
            held["owner_id"] = None if owner is None else _user_id(owner)
        if self._wants_provider:
            held["provider"] = providers.get(held.pop("provider_id"))
        for name, server in self._servers:
            held[name] = server(row)
        return _made(self._kind, held)


def _servers(selection: Selection) -> Iterator[tuple[str, Callable[[ConfigRow], Any]]]:
    """Yield how each selected server is made of a row; its facts lie side by side."""
    for name, protocol, known in (
        ("incoming", MailProtocol.IMAP, _INCOMING),
        ("outgoing", MailProtocol.SMTP, _OUTGOING),
    ):
        facts = [field for field in selection.fields if field in known]
        if facts:
            start = selection.fields.index(facts[0])
            place = slice(start, start + len(facts))
            names = tuple(field.removeprefix(f"{name}_") for field in facts)
            yield name, partial(_server, place, protocol, names)


def _server(
    place: slice, protocol: MailProtocol, names: tuple[str, ...], row: ConfigRow
) -> ServerSettings | None:
    facts = row[place]
    if facts[0] is None:  # the host
        return None
    held = dict(zip(names, facts, strict=True))
    held["protocol"] = protocol
    return _made(ServerSettings, held)


@lru_cache(maxsize=1000)
def _user_id(key: UUID) -> str:
    return ids.encode("User", key)


def _made(kind: type[_T], held: dict[str, Any]) -> _T:
    """Return an object that holds these attributes, without asking for those not selected."""
    made = object.__new__(kind)
    made.__dict__ = held
    return made
