"""Configurations: list, read, submit, update, rollback, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import configs as domain
from mailconfig.domain.configs import ConfigFilter, ConfigOrderField, ConfigStatus
from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Scope
from mailconfig.domain.pages import OrderDirection, PageRequest
from mailconfig.domain.selections import (
    EVERYTHING,
    ConfigPage,
    ConfigRow,
    Selection,
    facts_of,
)
from mailconfig.domain.servers import TransportSecurity
from mailconfig.graphql import forms, ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.forms import DeleteInput, RollbackInput, SubmitInput, UpdateInput
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.layouts import Column, Layout, Listed, Within
from mailconfig.graphql.objects import EmailConfig
from mailconfig.graphql.pages import (
    After,
    Before,
    Cursors,
    First,
    Last,
    PageInfo,
    check_length,
    page_info,
    page_request,
)
from mailconfig.graphql.providers import shown_providers
from mailconfig.graphql.rows import config_layout, selection_of
from mailconfig.graphql.selecting import Tree, selected


@object_type
class EmailConfigEdge:
    """A configuration and its place."""

    cursor: str
    """Place in the list."""
    node: EmailConfig
    """The configuration."""


@object_type
class EmailConfigConnection:
    """A page of configurations."""

    conditions: strawberry.Private[ConfigFilter]
    edges: Sequence[EmailConfigEdge]
    """Rows with their cursors."""
    nodes: Sequence[EmailConfig]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """Rows of the whole list; counted only when asked for."""
        context = info.context
        principal = await context.caller(Scope.CONFIGS_READ)
        return await context.services.configs.count(principal, self.conditions)


@input_type
class DateTimeFilter:
    """A span of time."""

    gte: datetime | None = None
    """At this moment or later."""
    lt: datetime | None = None
    """Before this moment."""


@input_type
class EmailConfigFilter:
    """Conditions; all that are given must hold."""

    search: str | None = None
    """Part of name or address, any case."""
    provider_id: list[strawberry.ID] | None = None
    """One of these providers."""
    status: list[ConfigStatus] | None = None
    """One of these states."""
    security: list[TransportSecurity] | None = None
    """A server with one of these protections."""
    enabled: bool | None = None
    """Only enabled ones, or only others."""
    external_id: str | None = None
    """Exactly this reference of the host application."""
    shared: bool | None = None
    """Only shared ones, or only others."""
    updated_at: DateTimeFilter | None = None
    """Changed in this span of time."""


@input_type
class EmailConfigOrder:
    """One sort key; rows of equal keys are sorted by id."""

    field: ConfigOrderField
    """What to sort by."""
    direction: OrderDirection = OrderDirection.ASC
    """Smallest or largest first."""


@object_type
class SubmitPayload:
    """What submit answers."""

    config: EmailConfig | None = None
    """The new configuration; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was stored."""


@object_type
class UpdatePayload:
    """What update answers."""

    config: EmailConfig | None = None
    """The changed configuration; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@object_type
class RollbackPayload:
    """What rollback answers."""

    config: EmailConfig | None = None
    """The configuration with its earlier settings; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@object_type
class DeletePayload:
    """What delete answers."""

    deleted_id: strawberry.ID | None = None
    """For the client's cache eviction."""
    config: EmailConfig | None = None
    """The last state, so that caches that work by type name see the type."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was removed."""


def _conditions(given: EmailConfigFilter | None) -> ConfigFilter:
    if given is None:
        return ConfigFilter()
    for name, values in (
        ("providerId", given.provider_id),
        ("status", given.status),
        ("security", given.security),
    ):
        check_length(values, "filter", name)
    span = given.updated_at or DateTimeFilter()
    return ConfigFilter(
        search=given.search,
        provider_ids=tuple(ids.provider_key(item) for item in given.provider_id or ()),
        statuses=tuple(given.status or ()),
        security=tuple(given.security or ()),
        enabled=given.enabled,
        external_id=given.external_id,
        shared=given.shared,
        updated_from=span.gte,
        updated_before=span.lt,
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a document wants of configurations."""

    selection: Selection
    """Facts of each."""
    layout: Layout[EmailConfig]
    """How their rows are shown."""
    edges: Layout[EmailConfigEdge]
    """How pairs of a cursor and a row are."""
    places: tuple[int, ...]
    """Where the selected facts are among all facts."""
    cursors: Cursors = Cursors.NONE
    """Which cursors of a page."""
    neighbours: bool = False
    """Whether rows beside the page are looked for."""

    @staticmethod
    def of_payload(payload: Tree) -> "_Wish":
        """Return what the selection of a mutation's payload wants of its configuration."""
        return _Wish.of_one(payload.get("config", {}))

    @staticmethod
    def of_one(config: Tree) -> "_Wish":
        """Return what the selection of a configuration wants."""
        selection = selection_of(config)
        return _Wish.of_rows(selection)

    @staticmethod
    def of(connection: Tree) -> "_Wish":
        """Return what the selection of a page wants."""
        rows = (connection.get("nodes", {}), connection.get("edges", {}).get("node", {}))
        facts = [fact for row in rows for fact in selection_of(row).fields]
        selection = Selection.of(facts)
        sides = {"hasNextPage", "hasPreviousPage"}.intersection(connection.get("pageInfo", {}))
        return _Wish.of_rows(selection, Cursors.of(connection), neighbours=bool(sides))

    @staticmethod
    def of_rows(
        selection: Selection, cursors: Cursors = Cursors.NONE, *, neighbours: bool = False
    ) -> "_Wish":
        """Return the wish for rows of a selection."""
        layout = config_layout(EmailConfig, selection)
        edges = Layout(EmailConfigEdge, {"cursor": Column(0), "node": Within(1, layout)})
        places = tuple(EVERYTHING.fields.index(field) for field in selection.fields)
        return _Wish(selection, layout, edges, places, cursors, neighbours)

    def row(self, config: domain.EmailConfig) -> ConfigRow:
        """Return the facts of a configuration that is at hand."""
        facts = facts_of(config)
        return [facts[place] for place in self.places]

    def page(self, order: EmailConfigOrder, request: PageRequest) -> ConfigPage:
        """Return the page to read."""
        places = self.cursors is not Cursors.NONE
        return ConfigPage(
            order.field, order.direction, request, places=places, neighbours=self.neighbours
        )


def _shown(info: Info, config: domain.EmailConfig) -> EmailConfig:
    """Show a configuration in a payload: what was selected of it."""
    wish = selected(info, _Wish.of_payload)
    providers = shown_providers(info.context.services.catalogue)
    return wish.layout.made(wish.row(config), providers)


@object_type
class ConfigQuery:
    """Reads of configurations."""

    @strawberry.field
    async def configs(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            EmailConfigFilter | None, strawberry.argument(description="All conditions must hold.")
        ] = None,
        order_by: Annotated[
            EmailConfigOrder | None, strawberry.argument(description="Newest first by default.")
        ] = None,
    ) -> EmailConfigConnection | None:
        """Configurations that the caller may see."""
        context = info.context
        principal = await context.caller(Scope.CONFIGS_READ)
        order = order_by or EmailConfigOrder(
            field=ConfigOrderField.CREATED_AT, direction=OrderDirection.DESC
        )
        conditions = _conditions(filter)
        signer = context.services.cursors
        listing = f"configs {order.field} {order.direction}"
        request = page_request(signer, listing, first, after, last, before)
        wish = selected(info, _Wish.of)
        asked = wish.page(order, request)
        page = await context.services.configs.page(principal, conditions, wish.selection, asked)
        providers = shown_providers(context.services.catalogue)
        made = wish.cursors.made(signer, listing, page.keys)
        cursors = made or [""] * len(page.rows)
        return EmailConfigConnection(
            conditions=conditions,
            edges=Listed(wish.edges, list(zip(cursors, page.rows, strict=True)), providers),
            nodes=Listed(wish.layout, page.rows, providers),
            page_info=page_info(made, has_next=page.has_next, has_previous=page.has_previous),
        )

    @strawberry.field
    async def config(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],
    ) -> EmailConfig | None:
        """One configuration, null when it does not exist or may not be seen."""
        principal = await info.context.caller(Scope.CONFIGS_READ)
        try:
            key = ids.key_of("EmailConfig", id)
            wish = selected(info, _Wish.of_one)
            services = info.context.services
            row = await services.configs.one(principal, key, wish.selection)
            return wish.layout.made(row, shown_providers(services.catalogue))
        except NotFound:
            return None


@strawberry.type
class ConfigMutation:
    """Writes of configurations."""

    @mutation(Guard.MEMBER, SubmitPayload, Scope.CONFIGS_WRITE)
    async def submit(
        self,
        info: Info,
        input: Annotated[SubmitInput, strawberry.argument(description="The form.")],
    ) -> SubmitPayload | None:
        """Store a new configuration with its secrets and files. Never connects to anything."""
        principal = await info.context.caller()
        stored = await info.context.services.configs.submit(principal, forms.submission(input))
        return SubmitPayload(config=_shown(info, stored))

    @mutation(Guard.MEMBER, UpdatePayload, Scope.CONFIGS_WRITE)
    async def update(
        self,
        info: Info,
        input: Annotated[UpdateInput, strawberry.argument(description="The change.")],
    ) -> UpdatePayload | None:
        """Change a configuration; absent fields stay, null clears."""
        principal = await info.context.caller()
        stored = await info.context.services.configs.update(principal, forms.change(input))
        return UpdatePayload(config=_shown(info, stored))

    @mutation(Guard.MEMBER, RollbackPayload, Scope.CONFIGS_WRITE)
    async def rollback(
        self,
        info: Info,
        input: Annotated[RollbackInput, strawberry.argument(description="Where to go back to.")],
    ) -> RollbackPayload | None:
        """Make the settings of an earlier revision current again."""
        principal = await info.context.caller()
        stored = await info.context.services.configs.rollback(principal, forms.rollback(input))
        return RollbackPayload(config=_shown(info, stored))

    @mutation(Guard.MEMBER, DeletePayload, Scope.CONFIGS_WRITE)
    async def delete(
        self,
        info: Info,
        input: Annotated[DeleteInput, strawberry.argument(description="What to remove.")],
    ) -> DeletePayload | None:
        """Remove a configuration with its versions, tests, files and secrets for good."""
        principal = await info.context.caller()
        key = ids.key_of("EmailConfig", input.id)
        last = await info.context.services.configs.delete(principal, key, input.expected_revision)
        return DeletePayload(deleted_id=input.id, config=_shown(info, last))
