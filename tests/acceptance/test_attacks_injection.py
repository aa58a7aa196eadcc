"""SMTP and IMAP injection: no text argument becomes a command of its own, or a second one.

The arguments are found by walking the schema: every String of a mutation that leads to a dialogue
is sent with each payload, to servers that record whole lines. Whatever the application makes of
it - it refuses the form, or signs in with it as data - each line is one command of ours.
"""

import base64
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLSchema

from kit.api import MEMBER, Api, serving
from kit.attacks import errors_of, graphql
from kit.attacks_inputs import Path, Way, ways
from kit.attacks_servers import Servers, recording
from kit.certs import CertificateKit, ssl_server_context
from kit.probing import HOST, loopback_egress, prober
from kit.worlds import mutation
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.graphql.schema import build_schema
from mailconfig.mail.roundtrip import MailRoundTripper, RoundTripSettings
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.settings import Settings

MARK = "INJECTED"
PAYLOADS = (
    f"\r\nm9 DELETE {MARK}",
    f"\r\nRCPT TO:<{MARK}@example.test>\r\nDATA\r\n",
    f"\nm9 DELETE {MARK}\n",
    f"\rQUIT {MARK}\r",
    f"\x00{MARK}",
    f"\u2028m9 NOOP {MARK}",
    f"\u0085QUIT {MARK}",
    f'" "x"\r\nm9 DELETE {MARK}',
    f'\\"{MARK}"\\',
    f"{{5}}\r\n{MARK}",
    f"{{5+}}\r\n{MARK}",
    f"> SIZE=1\r\nRSET {MARK}",
    f"> BODY={MARK} <",
    f"\x01auth=Bearer {MARK}\x01\x01",
    f"%0d%0aQUIT {MARK}",
    f"\uff0d\uff0a{MARK}",
    f"{MARK}" + "x" * 20_000,
)
"""What might end a line, a string or a path, begin a literal, or fill a buffer."""
DIALOGUES = {"testConnection", "submit", "update", "rollback"}
"""Mutations whose texts a test of connections says to a server, at once or from what is stored."""
APART: Mapping[str, str] = {
    "acceptInvitation": "a token and a password of ours",
    "beginMailboxAuthorization": "goes into a URL: test_attacks_oauth",
    "changePassword": "passwords of ours",
    "checkDomain": "asks the DNS, and the web by HTTPS",
    "completeMailboxAuthorization": "goes into a form: test_attacks_oauth",
    "createApiKey": "a name that is shown",
    "createEmbedToken": "a subject that is hashed",
    "deleteAccount": "a password of ours",
    "deleteWorkspace": "a slug that is compared",
    "discover": "knocks at names of the DNS and says nothing of the address",
    "inviteMember": "an address that is stored",
    "login": "credentials of ours",
    "previewEmail": "goes into a message: test_attacks_messages",
    "refreshSession": "a token of ours",
    "renameWorkspace": "a name that is shown",
    "addSenderIdentity": "becomes headers, and is checked as those are: tests/domain/test_senders",
    "updateSenderIdentity": "as addSenderIdentity",
    "requestPasswordReset": "an address that is compared; mail goes to the stored one",
    "resetPassword": "a token and a password of ours",
    "sendEmail": "goes into a message: test_attacks_messages",
    "setOAuthClient": "goes into a form, by HTTPS",
    "uploadFile": "goes into a header of ours: test_attacks_headers",
    "validate": "connects to nothing",
}
"""Mutations with texts that no test of connections tells a mail server, and why."""
BY_FORM = ("files", "upload", "filename")
"""Needs a form, and is told to no mail server."""
TEST = mutation("testConnection", "TestConnectionInput", "test { status steps { kind status } }")
SUBMIT = mutation("submit", "SubmitInput", "config { id revision }")
UPDATE = mutation("update", "UpdateInput", "config { id revision }")
ROLLBACK = mutation("rollback", "RollbackInput", "config { id revision }")


@pytest.fixture
def engine() -> str:
    """What is said does not depend on where it was stored."""
    return "sqlite"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema as it is served."""
    return build_schema().graphql_schema


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateKit:
    """One authority for all tests."""
    return CertificateKit(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(certificates: CertificateKit) -> ssl.SSLContext:
    """A server's context with a good certificate."""
    return ssl_server_context(certificates.issue(HOST))


@dataclass
class Wired:
    """The application with the real prober, and the servers that it reaches."""

    api: Api
    servers: Servers

    def form(self) -> dict[str, Any]:
        """Return the texts of a form that is fine."""
        servers = {"incoming": self.servers.imap_port, "outgoing": self.servers.smtp_port}
        sides = {
            side: {
                "host": HOST,
                "port": port,
                "security": "TLS",
                "username": "ann@example.test",
                "secret": {"password": "corr3ct-horse"},
            }
            for side, port in servers.items()
        }
        return {"name": "Work", "emailAddress": "ann@example.test", **sides}

    async def send(self, query: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run a mutation; return its payload where it had no errors at all."""
        authorization = f"Bearer {await self.api.token(MEMBER)}"
        answer = await graphql(self.api, query, {"input": given}, Authorization=authorization)
        if errors_of(answer):
            return None
        (payload,) = answer.json()["data"].values()
        return dict(payload)

    async def tested(self, target: Mapping[str, Any], *, round_trip: bool = False) -> bool:
        """Test to the end and hold every line against the grammar; tell whether it was dialled."""
        seen = self.servers.fresh()
        given = {"target": target, "waitSeconds": 20, "roundTrip": round_trip}
        await self.send(TEST, given)
        await self.servers.quiet()
        seen.check()
        return bool(seen.imap or seen.smtp)


@asynccontextmanager
async def wired(
    settings: Settings, mode: str, certificates: CertificateKit, tls: ssl.SSLContext
) -> AsyncIterator[Wired]:
    """Run servers that want this kind of sign-in, and the application before them."""
    changes = {
        "tests_per_minute": 100_000,
        "points_per_minute": 100_000_000,
        "quota_tests_per_day": 0,
    }
    known = {name: value for name, value in changes.items() if name in Settings.model_fields}
    async with recording(mode, tls) as servers:
        ports = (servers.imap_port, servers.smtp_port)
        trust = TlsContexts(TlsSettings(ca_file=certificates.ca_pem, system_trust=False))
        tripper = MailRoundTripper(
            loopback_egress(ports), trust, diagnose_code, RoundTripSettings()
        )
        real: Any = prober(ports, ca=certificates.ca_pem)
        changed = settings.model_copy(update=known)
        async with serving(changed, real, round_tripper=tripper) as api:
            yield Wired(api, servers)


def texts(schema: GraphQLSchema, name: str) -> list[Way]:
    """Return the ways to the texts of a mutation, but for names of files."""
    return [
        way
        for way in ways(schema, leaves=True)
        if (way.root, way.name, str(way.kind)) == ("mutation", name, "String")
        and way.path[-3:] != BY_FORM
    ]


def spelled(path: Path, payload: str) -> tuple[str, ...]:
    """Return texts with the payload inside, as near to a good one as can be."""
    if path[-1] == "emailAddress":
        return (f"ann{payload}@example.test", f"ann@example.test{payload}", f'"a{payload}"@x.test')
    if path[-1] == "host":
        return (f"{HOST}{payload}",)
    return (f"ann{payload}", payload)


def placed(value: Mapping[str, Any], path: Path, leaf: str) -> dict[str, Any]:
    """Return the input with a text at the end of a way; a secret is of one kind alone."""
    first, *rest = path
    if not rest:
        return {first: leaf} if first in {"password", "accessToken"} else {**value, first: leaf}
    return {**value, first: placed(value.get(first) or {}, tuple(rest), leaf)}


def test_every_text_of_every_mutation_has_a_row(schema: GraphQLSchema) -> None:
    """A new argument of a mutation above is tried by itself; a new mutation needs its line here."""
    found = {
        way.name
        for way in ways(schema, leaves=True)
        if (way.root, str(way.kind)) == ("mutation", "String")
    }
    assert found == DIALOGUES | APART.keys()
    assert not DIALOGUES & APART.keys()


@pytest.mark.parametrize("mode", ["PLAIN", "LOGIN", "LITERAL+"])
async def test_texts_of_drafts_are_no_commands(
    app_settings: Settings,
    certificates: CertificateKit,
    tls: ssl.SSLContext,
    schema: GraphQLSchema,
    mode: str,
) -> None:
    """testConnection: what reaches a server does so as data; names and secrets do reach it."""
    reached: set[str] = set()
    async with wired(app_settings, mode, certificates, tls) as live:
        for way in texts(schema, "testConnection"):
            path = way.path[2:]  # without input.target
            for payload in PAYLOADS:
                for text in spelled(path, payload):
                    target = placed({"draft": live.form()}, path, text)
                    if await live.tested(target):
                        reached.add(".".join(path[1:]))
    sides = {f"{side}.{name}" for side in ("incoming", "outgoing") for name in ("username",)}
    secrets = {f"{side}.secret.password" for side in ("incoming", "outgoing")}
    assert sides | secrets <= reached


async def test_texts_that_are_stored_are_no_commands(
    app_settings: Settings, certificates: CertificateKit, tls: ssl.SSLContext, schema: GraphQLSchema
) -> None:
    """submit, update and rollback: then a test of what is stored."""
    stored = 0
    async with wired(app_settings, "LOGIN", certificates, tls) as live:
        made = await live.send(SUBMIT, live.form())
        assert made is not None
        config = made["config"]["id"]
        documents = {"submit": SUBMIT, "update": UPDATE, "rollback": ROLLBACK}
        for name, document in documents.items():
            base = live.form() if name == "submit" else {"id": config}
            base |= {"revision": 1} if name == "rollback" else {}
            tries = list(enumerate(texts(schema, name)))
            # Every other payload for each: drafts, which go the same way, have had them all.
            for way, payload in (
                (way, each) for at, way in tries for each in PAYLOADS[at % 2 :: 2]
            ):
                path = way.path[1:]
                start = dict(base)
                if name == "update" and len(path) > 1:
                    start[path[0]] = live.form()[path[0]]
                for at, text in enumerate(spelled(path, payload)):
                    if name == "submit":  # each address is stored once
                        start["emailAddress"] = f"ann{stored}-{at}@example.test"
                    payloads = await live.send(document, placed(start, path, text))
                    if payloads is not None:
                        stored += 1
                        target = {"configId": payloads["config"]["id"]}
                        await live.tested(target)
    assert stored > len(PAYLOADS)


async def test_addresses_on_a_round_trip_are_one_recipient(
    app_settings: Settings, certificates: CertificateKit, tls: ssl.SSLContext
) -> None:
    """Every address goes into one MAIL and one RCPT, and into two fields of the message alone."""
    async with wired(app_settings, "PLAIN", certificates, tls) as live:
        trips = 0
        for payload in ("", "+x", "=?utf-8?q?=0ABcc=3Aevil?=", "{5}", "%0d%0aBcc:x", *PAYLOADS):
            for text in spelled(("emailAddress",), payload):
                made = await live.send(SUBMIT, {**live.form(), "emailAddress": text})
                if made is None:
                    continue
                seen = live.servers.fresh()
                await live.send(
                    TEST,
                    {
                        "target": {"configId": made["config"]["id"]},
                        "waitSeconds": 20,
                        "roundTrip": True,
                    },
                )
                await live.servers.quiet()
                trips += len(seen.letters)
                for letter in seen.letters:
                    head = letter.partition(b"\r\n\r\n")[0].decode()
                    names = re.findall(r"(?m)^([A-Za-z-]+):", head)
                    assert sorted(names) == sorted(FIELDS), text
                    assert MARK not in "".join(seen.smtp) or MARK in text
                named = [line for line in seen.smtp if line.startswith("RCPT")]
                assert len(named) <= 1, text
        assert trips


FIELDS = (
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
)  # fmt: skip


async def test_what_is_said_is_what_was_typed(
    app_settings: Settings, certificates: CertificateKit, tls: ssl.SSLContext
) -> None:
    """A password with line ends, quotes and a literal's beginning arrives as it is, as data."""
    password = 'a"b\\c{5+} é'
    async with wired(app_settings, "LITERAL+", certificates, tls) as live:
        draft = live.form()
        for side in ("incoming", "outgoing"):
            draft[side]["secret"] = {"password": password}
        assert await live.tested({"draft": draft})
        assert password.encode() in live.servers.seen.data
        assert base64.b64encode(password.encode()).decode() in live.servers.seen.continued
