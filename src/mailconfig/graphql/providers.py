"""Known providers: types and queries. Everything is answered from memory."""

from collections.abc import Mapping
from typing import Annotated, Final
from weakref import WeakKeyDictionary

import strawberry

from mailconfig.domain import providers as domain
from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.pages import Keyset, Page, PageRequest
from mailconfig.domain.providers import Confidence, ProviderKind, ProviderStatus
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import object_type, one_of_type
from mailconfig.graphql.nodes import Node
from mailconfig.graphql.pages import (
    After,
    Before,
    First,
    Last,
    PageInfo,
    page_parts,
    page_request,
)


@object_type
class ProviderServer:
    """A server that a provider recommends."""

    protocol: MailProtocol
    """Which protocol the server speaks."""
    host_template: str
    """Host name; may hold {domain}, {region} and the like, to be filled or asked for."""
    port: int
    """TCP port."""
    security: TransportSecurity
    """How the connection is protected."""


@object_type
class Provider(Node):
    """A mail provider with recommended settings."""

    catalogue_id: str
    """Stable id of the row in the catalogue."""
    name: str
    """Name to show."""
    kind: ProviderKind
    """What the provider offers."""
    status: ProviderStatus
    """Whether the service still runs."""
    regions: list[str]
    """Country codes, global, eu or local."""
    domains: list[str]
    """Right-hand sides of addresses of this provider."""
    incoming: list[ProviderServer]
    """IMAP servers, best first; empty when none is known."""
    outgoing: list[ProviderServer]
    """SMTP servers, best first; empty when none is known."""
    username_form: str
    """email, local, local.domain, email_or_local, literal:x, or words to show."""
    auth: list[str]
    """Accepted ways to sign in, best first: password, app_password, oauth2 and others."""
    requires: list[str]
    """What the user or an administrator has to do first."""
    password_format: str | None
    """How the password for mail programs looks."""
    help_url: str | None
    """The provider's own help page."""
    app_password_url: str | None
    """Where app passwords are made."""
    notes: str | None
    """What else is good to know."""
    closed: str | None
    """When the service ended."""
    confidence: Confidence
    """How sure the catalogue is of this row."""


def provider(row: domain.Provider) -> Provider:
    """Show a row of the catalogue."""
    return Provider(
        id=ids.encode("Provider", row.id),
        catalogue_id=row.id,
        name=row.name,
        kind=row.kind,
        status=row.status,
        regions=list(row.regions),
        domains=list(row.domains),
        incoming=[_server(server) for server in row.incoming],
        outgoing=[_server(server) for server in row.outgoing],
        username_form=row.username_form,
        auth=list(row.auth),
        requires=list(row.requires),
        password_format=row.password_format,
        help_url=row.help_url,
        app_password_url=row.app_password_url,
        notes=row.notes,
        closed=row.closed,
        confidence=row.confidence,
    )


def _server(server: domain.ProviderServer) -> ProviderServer:
    return ProviderServer(
        protocol=server.protocol,
        host_template=server.host_template,
        port=server.port,
        security=server.security,
    )


_shown: Final[WeakKeyDictionary[Catalogue, Mapping[str, Provider]]] = WeakKeyDictionary()
"""The providers of each catalogue; there is one catalogue in a process."""


def shown_providers(catalogue: Catalogue) -> Mapping[str, Provider]:
    """Return all providers by the ids of their rows, made once; they are shared: change none."""
    shown = _shown.get(catalogue)
    if shown is None:
        shown = _shown[catalogue] = {row.id: provider(row) for row in catalogue.providers}
    return shown


def provider_or_none(catalogue: Catalogue, row_id: str | None) -> Provider | None:
    """Show the row with that id, None when there is none."""
    return shown_providers(catalogue).get(row_id) if row_id is not None else None


@object_type
class ProviderEdge:
    """A provider and its place."""

    cursor: str
    """Place in the list."""
    node: Provider
    """The provider."""


@object_type
class ProviderConnection:
    """A page of providers."""

    edges: list[ProviderEdge]
    """Rows with their cursors."""
    nodes: list[Provider]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""
    total_count: int
    """Rows of the whole list."""


@one_of_type
class ProviderBy:
    """Exactly one way to find a provider."""

    id: strawberry.Maybe[strawberry.ID]
    """Global id, or id in the catalogue."""
    domain: strawberry.Maybe[str]
    """Right-hand side of an address."""
    email_address: strawberry.Maybe[str]
    """Address of a user of the provider."""


def find(catalogue: Catalogue, by: ProviderBy) -> domain.Provider | None:
    """Return the row that is meant, None when there is none."""
    if by.id is not None:
        return catalogue.by_id(ids.provider_key(by.id.value))
    if by.domain is not None:
        return catalogue.by_domain(by.domain.value.strip().lower())
    if by.email_address is not None:
        try:
            return catalogue.by_address(parse_address(by.email_address.value))
        except AddressInvalid:
            return None
    return None


def _window(rows: tuple[domain.Provider, ...], request: PageRequest) -> Page[domain.Provider]:
    """Return a page of rows in memory.

    A row is found again by its id, so that a page stays right when the catalogue is replaced.
    """
    places = {row.id: place for place, row in enumerate(rows)}
    start = places.get(request.after.id, -1) + 1 if request.after else 0
    end = places.get(request.before.id, len(rows)) if request.before else len(rows)
    if request.backward:
        start = max(start, end - request.limit)
    else:
        end = min(end, start + request.limit)
    shown = rows[start:end]
    keys = tuple(Keyset(row.name, row.id) for row in shown)
    return Page(shown, keys, has_next=end < len(rows), has_previous=start > 0)


@object_type
class ProviderQuery:
    """Reads of the catalogue; no account is needed."""

    @strawberry.field
    def providers(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        search: Annotated[
            str | None,
            strawberry.argument(description="Part of the name or of a domain, any case."),
        ] = None,
    ) -> ProviderConnection | None:
        """Known mail providers, by name."""
        services = info.context.services
        listing = f"providers {search or ''}"
        request = page_request(services.cursors, listing, first, after, last, before)
        rows = services.catalogue.search(search) if search else services.catalogue.providers
        page = _window(rows, request)
        known = shown_providers(services.catalogue)
        nodes = [known[row.id] for row in page.rows]
        edges, around = page_parts(info, listing, page, ProviderEdge, nodes)
        return ProviderConnection(edges=edges, nodes=nodes, page_info=around, total_count=len(rows))

    @strawberry.field
    def provider(
        self,
        info: Info,
        by: Annotated[ProviderBy, strawberry.argument(description="Which provider.")],
    ) -> Provider | None:
        """One provider, by id, by domain or by the address of a user of it."""
        catalogue = info.context.services.catalogue
        row = find(catalogue, by)
        return shown_providers(catalogue)[row.id] if row is not None else None
