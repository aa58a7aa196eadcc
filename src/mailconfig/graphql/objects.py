"""The objects of the graph that refer to each other: configurations and their tests.

They share a module because the graph has circles that imports must not have. Each type is shown
from its row by one function; what a list row does not hold comes by a loader of the operation.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry

from mailconfig.domain import configs, probes
from mailconfig.domain import providers as domain
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Scope
from mailconfig.domain.probes import StepStatus, TestStatus
from mailconfig.domain.selections import EVERYTHING, facts_of
from mailconfig.graphql import ids
from mailconfig.graphql.belongings import (
    File,
    SenderIdentity,
    SendingOptions,
    file,
    sender_identity,
)
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import object_type
from mailconfig.graphql.diagnoses import Diagnosis, diagnosis
from mailconfig.graphql.findings import (
    PortReach,
    RoundTrip,
    port_reach,
    root_cause,
    round_trip,
    step_finding,
)
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
from mailconfig.graphql.providers import Provider, shown_providers
from mailconfig.graphql.rows import config_layout
from mailconfig.graphql.scalars import EmailAddress, JSONObject
from mailconfig.graphql.servers import ServerSettings, server_settings
from mailconfig.graphql.steps import ConnectionTestStep, step


@object_type
class ConnectionTest(Node):
    """One run against the servers of a configuration or of a draft."""

    row: strawberry.Private[probes.ConnectionTest]
    status: TestStatus
    """How far the test is."""
    started_at: datetime
    """When it was asked for."""
    finished_at: datetime | None
    """When it ended."""

    @strawberry.field
    async def config(self, info: Info) -> "EmailConfig | None":
        """The configuration that was tested; null for a draft."""
        if self.row.config_id is None:
            return None
        context = info.context
        principal = await context.caller(Scope.CONFIGS_READ)
        try:
            found = await context.services.configs.get(principal, self.row.config_id)
        except NotFound:
            return None
        return email_config(found, context.services.catalogue)

    @strawberry.field
    def steps(self, info: Info) -> list[ConnectionTestStep]:
        """Steps in the order in which they run, IMAP first."""
        known = self._provider(info)
        return [step(self.row, found, known) for found in self.row.steps]

    @strawberry.field
    def diagnosis(self, info: Info) -> Diagnosis | None:
        """The root cause; null while running and when all is well."""
        found = root_cause(self.row, self._provider(info))
        return diagnosis(found, self.row.fix_id) if found is not None else None

    @strawberry.field
    def warnings(self, info: Info) -> list[Diagnosis]:
        """Findings that did not stop the test, in the order of the steps."""
        known = self._provider(info)
        warned = (step for step in self.row.steps if step.status is StepStatus.WARNING)
        found = (step_finding(self.row, step, known) for step in warned)
        return [diagnosis(finding) for finding in found if finding is not None]

    @strawberry.field
    def ports(self) -> list[PortReach]:
        """Which ports of the host answer from here; empty unless connecting failed."""
        return [port_reach(found) for found in self.row.ports]

    @strawberry.field
    def round_trip(self) -> RoundTrip | None:
        """The message that was sent round; null where none was asked for or it was not begun."""
        return round_trip(self.row.round_trip)

    def _provider(self, info: Info) -> domain.Provider | None:
        row_id = self.row.provider_id
        return info.context.services.catalogue.by_id(row_id) if row_id else None


def connection_test(row: probes.ConnectionTest) -> ConnectionTest:
    """Show a connection test."""
    return ConnectionTest(
        id=ids.encode("ConnectionTest", row.id),
        row=row,
        status=row.status,
        started_at=row.created_at,
        finished_at=row.finished_at,
    )


@object_type
class ConnectionTestEdge:
    """A test and its place."""

    cursor: str
    """Place in the list."""
    node: ConnectionTest
    """The test."""


@object_type
class ConnectionTestConnection:
    """A page of tests, newest first."""

    config_key: strawberry.Private[UUID]
    edges: list[ConnectionTestEdge]
    """Rows with their cursors."""
    nodes: list[ConnectionTest]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """Tests kept; counted only when asked for."""
        context = info.context
        principal = await context.caller(Scope.CONFIGS_READ)
        return await context.services.probes.count(principal, self.config_key)


@object_type
class EmailConfigVersion:
    """The settings of one revision, kept for rollback."""

    revision: int
    """What rollback takes."""
    name: str
    """Name at that time."""
    email_address: EmailAddress
    """Address at that time."""
    display_name: str | None
    """Sender name at that time."""
    incoming: ServerSettings | None
    """IMAP server at that time."""
    outgoing: ServerSettings | None
    """SMTP server at that time."""
    verified: bool
    """Whether a test of exactly this revision passed: a last known good state."""
    created_at: datetime
    """When this revision was made."""


@object_type
class EmailConfigVersionEdge:
    """A version and its place."""

    cursor: str
    """Place in the list."""
    node: EmailConfigVersion
    """The version."""


@object_type
class EmailConfigVersionConnection:
    """A page of versions, newest first."""

    edges: list[EmailConfigVersionEdge]
    """Rows with their cursors."""
    nodes: list[EmailConfigVersion]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""


@object_type
class EmailConfig(Node):
    """A stored mail account configuration. Secrets are write-only."""

    key: strawberry.Private[UUID]
    """Id in the database."""
    revision: int
    """Grows by one with each change; give it back in update and delete."""
    name: str
    """Name that the user chose."""
    email_address: EmailAddress
    """Address of the mailbox."""
    display_name: str | None
    """Name for the From header."""
    shared: bool
    """Whether it belongs to the workspace instead of one member."""
    owner_id: strawberry.ID | None
    """Global id of the user who owns it; null when it is shared."""
    external_id: str | None
    """The host application's own reference."""
    metadata: JSONObject | None
    """The host application's own data."""
    enabled: bool
    """Whether it may be used for sending."""
    status: ConfigStatus
    """What the latest test of these settings said."""
    incoming: ServerSettings | None
    """IMAP server; null for an account that only sends."""
    outgoing: ServerSettings | None
    """SMTP server; null for an account that only reads."""
    created_at: datetime
    """When it was submitted."""
    updated_at: datetime
    """When it last changed."""
    provider: Provider | None
    """The provider; null when the servers are not a known provider's."""

    @strawberry.field
    async def last_test(self, info: Info) -> ConnectionTest | None:
        """The latest finished or running test."""
        found = await info.context.loaders.latest_test.load(self.key)
        return connection_test(found) if found is not None else None

    @strawberry.field
    async def files(self, info: Info) -> list[File]:
        """Signature images, CA certificates trusted for this configuration, attachments."""
        return [file(row) for row in await info.context.loaders.files.load(self.key)]

    @strawberry.field
    async def sending_options(self, info: Info) -> SendingOptions:
        """What is done about its mail once it was sent."""
        chosen = await info.context.loaders.sending_options.load(self.key)
        return SendingOptions(save_to_sent=chosen.save_to_sent, read_bounces=chosen.read_bounces)

    @strawberry.field
    async def sender_identities(self, info: Info) -> list[SenderIdentity]:
        """Who its messages may be from, oldest first."""
        found = await info.context.loaders.identities.load(self.key)
        return [sender_identity(row) for row in found]

    @strawberry.field
    async def tests(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ConnectionTestConnection | None:
        """Tests of this configuration, newest first; the history is bounded."""
        context = info.context
        signer = context.services.cursors
        listing = f"tests {self.key}"
        request = page_request(signer, listing, first, after, last, before)
        principal = await context.caller(Scope.CONFIGS_READ)
        page = await context.services.probes.page(principal, self.key, request)
        nodes = [connection_test(row) for row in page.rows]
        edges, around = page_parts(info, listing, page, ConnectionTestEdge, nodes)
        return ConnectionTestConnection(
            config_key=self.key, edges=edges, nodes=nodes, page_info=around
        )

    @strawberry.field
    async def versions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> EmailConfigVersionConnection | None:
        """Earlier settings, newest first, for rollback."""
        context = info.context
        listing = f"versions {self.key}"
        request = page_request(context.services.cursors, listing, first, after, last, before)
        principal = await context.caller(Scope.CONFIGS_READ)
        page = await context.services.configs.versions(principal, self.key, request)
        nodes = [_version(row) for row in page.rows]
        edges, around = page_parts(info, listing, page, EmailConfigVersionEdge, nodes)
        return EmailConfigVersionConnection(edges=edges, nodes=nodes, page_info=around)


_WHOLE: Final = config_layout(EmailConfig, EVERYTHING)


def email_config(row: configs.EmailConfig, catalogue: Catalogue) -> EmailConfig:
    """Show a configuration."""
    return _WHOLE.made(facts_of(row), shown_providers(catalogue))


def _version(row: configs.ConfigVersion) -> EmailConfigVersion:
    return EmailConfigVersion(
        revision=row.revision,
        name=row.name,
        email_address=EmailAddress(row.email_address),
        display_name=row.display_name,
        incoming=server_settings(row.incoming),
        outgoing=server_settings(row.outgoing),
        verified=row.verified,
        created_at=row.created_at,
    )
