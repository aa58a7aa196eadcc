"""How rows of configurations are shown: the one place that knows.

A row holds the facts that were selected and no others, and so does its layout. See `layouts` for
the way of a row into an answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.selections import ConfigField, Selection
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.graphql import ids
from mailconfig.graphql.layouts import Column, Constant, Layout, Looked, Made, Origin, Part, Word
from mailconfig.graphql.selecting import Tree
from mailconfig.graphql.servers import ServerSettings

_T = TypeVar("_T")
_SIDES: Final = {"incoming": MailProtocol.IMAP, "outgoing": MailProtocol.SMTP}
"""The servers of a configuration, by attribute, which also begins the names of their facts."""
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


def _words(kind: type[StrEnum]) -> dict[str, StrEnum]:
    return {member.value: member for member in kind}


_ENUMS: Final = {
    "status": _words(ConfigStatus),
    "security": _words(TransportSecurity),
    "authentication": _words(AuthenticationMethod),
}
"""Members by words, for the attributes that are members of the domain's enums."""
_config_id: Final = ids.uuid_encoder("EmailConfig")
_encoded_user: Final = lru_cache(maxsize=1000)(ids.uuid_encoder("User"))


def selection_of(selected: Tree) -> Selection:
    """Return the facts behind the selected fields of a configuration."""
    wanted = {ConfigField.ID}  # every resolver of a configuration begins with it
    wanted.update(_FIELDS[name] for name in selected if name in _FIELDS)
    for side in _SIDES:
        if side in selected:
            wanted.update(_server_facts(side, selected[side]))
    return Selection.of(wanted)


def _server_facts(side: str, selected: Tree) -> Iterable[ConfigField]:
    yield ConfigField(f"{side}_host")  # tells whether there is a server
    for name in selected:
        if name in _SERVER_FIELDS:
            yield ConfigField(f"{side}_{_SERVER_FIELDS[name]}")


def config_layout(kind: type[_T], selection: Selection) -> Layout[_T]:
    """Return how rows of a selection are shown as objects of the type of configurations.

    Objects looked up are providers, known by the ids of their rows in the catalogue.
    """
    places = {str(field): place for place, field in enumerate(selection.fields)}
    return Layout(kind, dict(_config_origins(places)))


def _config_origins(places: Mapping[str, int]) -> Iterator[tuple[str, Origin]]:
    for fact, place in places.items():
        match fact:
            case ConfigField.ID:
                yield "key", Column(place)
                yield "id", Made(place, _config_id)
            case ConfigField.OWNER_ID:
                yield "shared", Made(place, _is_shared)
                yield "owner_id", Made(place, _user_id)
            case ConfigField.PROVIDER_ID:
                yield "provider", Looked(place)
            case _ if not fact.startswith(tuple(_SIDES)):
                yield fact, _fact(fact, place)
    for side, protocol in _SIDES.items():
        host = places.get(f"{side}_host")
        if host is not None:
            yield side, Part(host, _server_layout(side, protocol, places))


def _server_layout(
    side: str, protocol: MailProtocol, places: Mapping[str, int]
) -> Layout[ServerSettings]:
    names = {fact: fact.removeprefix(f"{side}_") for fact in places if fact.startswith(side)}
    origins: dict[str, Origin] = {name: _fact(name, places[fact]) for fact, name in names.items()}
    return Layout(ServerSettings, {"protocol": Constant(protocol), **origins})


def _fact(name: str, place: int) -> Origin:
    members = _ENUMS.get(name)
    return Column(place) if members is None else Word(place, members)


def _is_shared(owner_id: UUID | None) -> bool:
    return owner_id is None


def _user_id(key: UUID | None) -> str | None:
    return None if key is None else _encoded_user(key)
