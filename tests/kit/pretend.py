"""Services that answer from memory, for tests and benches of how answers are made.

    context = pretend_context(50)
    await schema.execute("{ configs { nodes { id } } }", context_value=context)

Nothing is stored, dialled or checked but what resolvers check themselves; rows are the same for
the same arguments. What no query of theirs needs is missing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from kit.drafts import shipped
from mailconfig.domain.clock import utc_now
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigStatus,
    ConfigVersion,
    EmailConfig,
    StoredServer,
)
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import NotFound
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.languages import Languages
from mailconfig.domain.pages import Keyset, Page, PageRequest
from mailconfig.domain.probes import (
    ConnectionTest,
    ProbeStep,
    StepDetail,
    StepKind,
    StepStatus,
    TestStatus,
)
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.selections import (
    ConfigField,
    ConfigPage,
    ConfigRow,
    ConfigRows,
    Selection,
    facts_of,
)
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.domain.signing import Signer
from mailconfig.graphql.context import Context
from mailconfig.services.registry import Services

_BEGAN = datetime(2026, 3, 1, 8, 30, 0, 125000, tzinfo=UTC)
_WORKSPACE = UUID(int=1)
_USER = UUID(int=2)
PRINCIPAL = Principal(_USER, _WORKSPACE, Role.OWNER, UUID(int=3), Channel.BEARER, "ann@example.org")


def _server(protocol: MailProtocol, number: int) -> StoredServer:
    settings = ServerSettings(
        protocol=protocol,
        host=f"{protocol.value.lower()}{number}.example.net",
        port=993 if protocol is MailProtocol.IMAP else 587,
        security=TransportSecurity.TLS if number % 2 else TransportSecurity.STARTTLS,
        authentication=AuthenticationMethod.AUTO,
        username=f"user{number}@example.net" if number % 3 else None,
    )
    return StoredServer(settings, UUID(int=number + 9), SecretKind.PASSWORD, _BEGAN)


def config_row(number: int) -> EmailConfig:
    """Return a configuration; every seventh has no incoming server, every fifth is shared."""
    return EmailConfig(
        id=UUID(int=1000 + number),
        workspace_id=_WORKSPACE,
        owner_id=_USER if number % 5 else None,
        revision=number + 1,
        name=f"Mailbox {number} \N{EM DASH} ü",
        email_address=f"user{number}@example.net",
        display_name=f"User {number}" if number % 2 else None,
        provider_id=("gmail", "fastmail", None)[number % 3],
        external_id=f"crm-{number}" if number % 4 else None,
        metadata=f'{{"row":{number},"tags":["a","b"]}}' if number % 2 else None,
        enabled=bool(number % 6),
        status=tuple(ConfigStatus)[number % len(ConfigStatus)],
        incoming=_server(MailProtocol.IMAP, number) if number % 7 else None,
        outgoing=_server(MailProtocol.SMTP, number),
        created_at=_BEGAN + timedelta(minutes=number),
        updated_at=_BEGAN + timedelta(hours=number, microseconds=number),
    )


def version_row(row: EmailConfig) -> ConfigVersion:
    """Return the version of a configuration as it is."""
    return ConfigVersion(
        config_id=row.id,
        revision=row.revision,
        name=row.name,
        email_address=row.email_address,
        display_name=row.display_name,
        provider_id=row.provider_id,
        incoming=row.incoming,
        outgoing=row.outgoing,
        created_at=row.created_at,
        created_by=_USER,
        verified=True,
    )


def check_row(number: int) -> ConnectionTest:
    """Return a connection test of the configuration of that number, which failed to sign in."""
    detail = StepDetail(address="192.0.2.1")
    steps = (
        ProbeStep(MailProtocol.IMAP, StepKind.CONNECT, StepStatus.PASSED, 4, detail),
        ProbeStep(
            MailProtocol.IMAP,
            StepKind.AUTHENTICATE,
            StepStatus.FAILED,
            9,
            code=DiagnosticCode.AUTH_BAD_CREDENTIALS,
        ),
    )
    return ConnectionTest(
        id=UUID(int=5000 + number),
        workspace_id=_WORKSPACE,
        config_id=UUID(int=1000 + number),
        config_revision=1,
        started_by=_USER,
        status=TestStatus.FAILED,
        created_at=_BEGAN,
        deadline_at=_BEGAN + timedelta(minutes=1),
        finished_at=_BEGAN + timedelta(seconds=2),
        code=DiagnosticCode.AUTH_BAD_CREDENTIALS,
        code_protocol=MailProtocol.IMAP,
        provider_id="gmail",
        server_reply="NO [AUTHENTICATIONFAILED] no",
        fix_id=None,
        fix=None,
        steps=steps,
    )


def file_row(number: int) -> StoredFile:
    """Return a file of the configuration of that number."""
    return StoredFile(
        id=UUID(int=7000 + number),
        workspace_id=_WORKSPACE,
        owner_id=_USER,
        config_id=UUID(int=1000 + number),
        kind=tuple(FileKind)[number % len(FileKind)],
        filename=f"file {number}.png",
        content_type="image/png",
        size=100 + number,
        sha256=f"{number:064x}",
        created_at=_BEGAN,
    )


def _number(config_id: UUID, base: int, most: int) -> int:
    number = config_id.int - base
    if not 0 <= number < most:
        raise NotFound(("id",))
    return number


def _facts(row: EmailConfig, selection: Selection) -> ConfigRow:
    facts = _known_facts(row)
    return tuple(facts[place] for place in _places(selection))


@cache
def _known_facts(row: EmailConfig) -> ConfigRow:
    return facts_of(row)


@cache
def _places(selection: Selection) -> tuple[int, ...]:
    fields = tuple(ConfigField)
    return tuple(map(fields.index, selection.fields))


class PretendConfigs:
    """Configurations 0 to `rows`."""

    def __init__(self, rows: int) -> None:
        self._rows = tuple(map(config_row, range(rows)))
        self._keys = tuple(Keyset(str(row.created_at), str(row.id)) for row in self._rows)

    async def page(
        self,
        _principal: Principal,
        _filter: ConfigFilter,
        selection: Selection,
        page: ConfigPage,
    ) -> ConfigRows:
        """Return facts of the first rows, as many as asked for."""
        most = page.request.limit
        rows = [_facts(row, selection) for row in self._rows[:most]]
        keys = self._keys[:most] if page.places else ()
        return ConfigRows(rows, keys, has_next=most < len(self._rows), has_previous=False)

    async def one(self, principal: Principal, config_id: UUID, selection: Selection) -> ConfigRow:
        """Return facts of one row; raises NotFound."""
        return _facts(await self.get(principal, config_id), selection)

    async def get(self, _principal: Principal, config_id: UUID) -> EmailConfig:
        """Return one row; raises NotFound."""
        return self._rows[_number(config_id, 1000, len(self._rows))]

    async def count(self, _principal: Principal, _filter: ConfigFilter) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    async def versions(
        self, _principal: Principal, config_id: UUID, request: PageRequest
    ) -> Page[ConfigVersion]:
        """Return the one version of a configuration."""
        row = self._rows[_number(config_id, 1000, len(self._rows))]
        rows = (version_row(row),)[: request.limit]
        keys = tuple(Keyset(str(version.revision), str(row.id)) for version in rows)
        return Page(rows, keys, has_next=False, has_previous=False)

    async def submit(self, *_given: object) -> EmailConfig:
        """Return the first row, whatever is to be stored."""
        return self._rows[0]

    async def update(self, *_given: object) -> EmailConfig:
        """Return the second row, whatever is to be changed."""
        return self._rows[1]

    async def delete(self, _principal: Principal, config_id: UUID, *_given: object) -> EmailConfig:
        """Return the row that is to be removed; raises NotFound."""
        return await self.get(_principal, config_id)


class PretendIdentity:
    """Nobody shows a wrong token."""

    def csrf_valid(self, *_given: object) -> bool:
        """Take any."""
        return True

    def csrf_token(self, *_given: object) -> str:
        """Return one."""
        return "csrf"


class PretendProbes:
    """One connection test for every second configuration."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    async def latest(
        self, _principal: Principal, config_ids: Sequence[UUID]
    ) -> dict[UUID, ConnectionTest]:
        """Return the tests of these configurations."""
        numbers = (key.int - 1000 for key in config_ids)
        return {UUID(int=1000 + n): check_row(n) for n in numbers if n % 2}

    async def get(self, _principal: Principal, test_id: UUID) -> ConnectionTest:
        """Return one test; raises NotFound."""
        return check_row(_number(test_id, 5000, self._rows))

    async def page(
        self, _principal: Principal, config_id: UUID, request: PageRequest
    ) -> Page[ConnectionTest]:
        """Return the tests of a configuration."""
        rows = (check_row(config_id.int - 1000),)[: request.limit]
        keys = tuple(Keyset(str(row.created_at), str(row.id)) for row in rows)
        return Page(rows, keys, has_next=False, has_previous=False)

    async def count(self, _principal: Principal, _config_id: UUID) -> int:
        """Return how many tests a configuration has."""
        return 1


class PretendFiles:
    """Files of every third configuration."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    async def of_configs(
        self, _principal: Principal, config_ids: Sequence[UUID]
    ) -> dict[UUID, tuple[StoredFile, ...]]:
        """Return the files of these configurations."""
        numbers = (key.int - 1000 for key in config_ids)
        return {UUID(int=1000 + n): (file_row(n), file_row(n + 1)) for n in numbers if n % 3 == 0}

    async def get(self, _principal: Principal, file_id: UUID) -> StoredFile:
        """Return one file; raises NotFound."""
        return file_row(_number(file_id, 7000, self._rows))

    def url(self, file: StoredFile) -> str:
        """Return a link to a file."""
        return f"/files/{file.id}"


class PretendSessions:
    """Everybody is the owner of the one workspace."""

    async def caller(self, *_given: object) -> Principal:
        """Return the owner."""
        return PRINCIPAL

    def client(self, *_given: object) -> str:
        """Return the one address."""
        return "192.0.2.7"


def pretend_services(rows: int) -> Services:
    """Return services over so many configurations."""
    services = SimpleNamespace(
        identity=PretendIdentity(),
        configs=PretendConfigs(rows),
        probes=PretendProbes(rows),
        files=PretendFiles(rows),
        catalogue=shipped(),
        languages=Languages({}),
        cursors=Signer(b"a key of thirty-two bytes, known"),
        clock=utc_now,
    )
    return cast("Services", services)


def pretend_context(rows: int, services: Services | None = None) -> Context:
    """Return the surroundings of one operation over HTTP."""
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/graphql", "headers": []}
    sessions: Any = PretendSessions()
    return Context(services or pretend_services(rows), sessions, Request(scope), Response())
