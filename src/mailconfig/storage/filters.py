"""Conditions of the list of configurations, as SQL."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, Uuid, bindparam, false, or_

from mailconfig.domain.configs import ConfigFilter, ConfigOrderField, Visibility
from mailconfig.domain.pages import OrderDirection
from mailconfig.storage.keyset import Order
from mailconfig.storage.tables import configs

Condition = ColumnElement[bool]

_COLUMNS = {
    ConfigOrderField.CREATED_AT: configs.c.created_at,
    ConfigOrderField.UPDATED_AT: configs.c.updated_at,
    ConfigOrderField.NAME: configs.c.name_key,
    ConfigOrderField.EMAIL_ADDRESS: configs.c.address_key,
}


def config_order(field: ConfigOrderField, direction: OrderDirection) -> Order:
    """Return the order of a list; each has an index that begins with the workspace."""
    return Order(_COLUMNS[field], configs.c.id, direction)


def config_conditions(
    workspace_id: UUID, filter: ConfigFilter, visibility: Visibility
) -> tuple[Condition, ...]:
    """Return all conditions of a list: workspace, what the caller may see, the filter.

    Workspace, owner and the purpose of an embed token are the parameters that `caller_values`
    fills; the values of the filter are part of the conditions.
    """
    return (
        configs.c.workspace_id == bindparam("workspace_id", workspace_id, type_=Uuid()),
        *_visible(visibility),
        *_words(filter),
        *_sets(filter),
        *_moments(filter),
    )


def caller_values(workspace_id: UUID, visibility: Visibility) -> dict[str, object]:
    """Return the parameters of `config_conditions`."""
    return {
        "workspace_id": workspace_id,
        "owner_id": visibility.owner_id,
        "only_id": visibility.config_id,
        "only_address": visibility.address and visibility.address.lower(),
    }


def _visible(visibility: Visibility) -> Iterator[Condition]:
    if visibility.config_id is not None:
        yield configs.c.id == bindparam("only_id", visibility.config_id, type_=Uuid())
    if visibility.address is not None:
        only = bindparam("only_address", visibility.address.lower(), type_=String())
        yield configs.c.address_key == only
    if visibility.everything:
        return
    shared = false() if visibility.only_own else configs.c.owner_id.is_(None)
    own = visibility.owner_id
    named = bindparam("owner_id", own, type_=Uuid())
    yield shared if own is None else or_(shared, configs.c.owner_id == named)


def _words(filter: ConfigFilter) -> Iterator[Condition]:
    if filter.search is not None:
        part = filter.search.lower()
        yield or_(_holds(configs.c.name_key, part), _holds(configs.c.address_key, part))
    if filter.external_id is not None:
        yield configs.c.external_id == filter.external_id


def _holds(column: ColumnElement[Any], part: str) -> Condition:
    """Find a part of a text; its % and _ mean themselves."""
    return column.contains(part, autoescape=True)


def _sets(filter: ConfigFilter) -> Iterator[Condition]:
    if filter.provider_ids:
        yield configs.c.provider_id.in_(filter.provider_ids)
    if filter.statuses:
        yield configs.c.status.in_([status.value for status in filter.statuses])
    if filter.security:
        modes = [mode.value for mode in filter.security]
        yield or_(configs.c.incoming_security.in_(modes), configs.c.outgoing_security.in_(modes))
    if filter.enabled is not None:
        yield configs.c.enabled.is_(filter.enabled)
    if filter.shared is not None:
        yield configs.c.owner_id.is_(None) if filter.shared else configs.c.owner_id.is_not(None)


def _moments(filter: ConfigFilter) -> Iterator[Condition]:
    if filter.updated_from is not None:
        yield configs.c.updated_at >= filter.updated_from
    if filter.updated_before is not None:
        yield configs.c.updated_at < filter.updated_before
