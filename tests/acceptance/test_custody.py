"""A stored secret cannot be steered to another host: each way of changing a target, each change.

Who may edit a configuration without knowing its password points it at a server of theirs. Every
way below either refuses, with nothing stored and nothing dialled, or sends the same secret to a
host of the same site. The prober is a fake that records what it would have sent.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from kit.api import ADMIN, Api, form
from kit.records import NOON
from kit.rowdump import all_rows
from kit.steering import (
    BASE,
    FIX,
    KEEP,
    OTHER_HOST,
    ROLLBACK,
    SIDES,
    TEST,
    TYPED,
    UPDATE,
    WAYS,
    Change,
    examined,
    payload,
    sent,
    target,
)
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import Certificate, ProtocolOutcome
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.graphql.schema import build_schema
from mailconfig.settings import Settings

OWN = target("imap.example.net")
UPGRADED = target("imap.example.net", port=143, security="STARTTLS")
HOSTED = target("ann.duckdns.org")
BRITISH = target("imap.ann.co.uk")
GERMAN = target("imap.xn--bcher-kva.de")
GOOGLE = target("imap.gmail.com", username="ann@gmail.com")
IONOS = target("imap.ionos.de")
LITERAL = target("93.184.216.34")
REFUSED: Mapping[str, tuple[dict[str, Any], dict[str, object]]] = {
    # What changes -> the server as it is stored, what is changed.
    "another domain": (OWN, {"host": "imap.example.com"}),
    "the domain as a prefix": (OWN, {"host": "imap.example.net.evil.org"}),
    "the domain as a suffix without a dot": (OWN, {"host": "imap.evilexample.net"}),
    "letters that look the same": (OWN, {"host": "imap.\u0435xample.net"}),
    "the other server's host": (OWN, {"host": OTHER_HOST}),
    "an address": (OWN, {"host": "93.184.216.34"}),
    "an IPv6 address": (OWN, {"host": "[2606:2800:220:1:248:1893:25c8:1946]"}),
    "another address": (LITERAL, {"host": "93.184.216.35"}),
    "a name instead of an address": (LITERAL, {"host": "imap.example.net"}),
    "a neighbour below a hoster's suffix": (HOSTED, {"host": "eve.duckdns.org"}),
    "the hoster's suffix itself": (HOSTED, {"host": "duckdns.org"}),
    "a neighbour below a country's suffix": (BRITISH, {"host": "imap.eve.co.uk"}),
    "a host of the provider's domain that is not its server": (GOOGLE, {"host": "x.gmail.com"}),
    "another provider": (GOOGLE, {"host": "imap.mail.yahoo.com"}),
    "another user": (OWN, {"username": "eve@example.net"}),
    "another spelling of the user": (OWN, {"username": "Ann@example.net"}),
    "the local part as user": (OWN, {"username": "ann"}),
    "no encryption instead of TLS": (OWN, {"port": 143, "security": "NONE"}),
    "no encryption instead of STARTTLS": (UPGRADED, {"security": "NONE"}),
}
ALLOWED: Mapping[str, tuple[dict[str, Any], dict[str, object], str]] = {
    # As above, and the host that is dialled.
    "another port": (OWN, {"port": 143}, "imap.example.net"),
    "STARTTLS instead of TLS": (OWN, {"port": 143, "security": "STARTTLS"}, "imap.example.net"),
    "TLS instead of STARTTLS": (UPGRADED, {"port": 993, "security": "TLS"}, "imap.example.net"),
    "another host of the domain": (OWN, {"host": "mail.example.net"}, "mail.example.net"),
    "the domain itself": (OWN, {"host": "example.net"}, "example.net"),
    "a deeper host of the domain": (OWN, {"host": "a.b.example.net"}, "a.b.example.net"),
    "upper case": (OWN, {"host": "IMAP.Example.NET"}, "imap.example.net"),
    "a dot at the end": (OWN, {"host": "imap.example.net."}, "imap.example.net"),
    "full-width letters": (OWN, {"host": "\uff49map.example.net"}, "imap.example.net"),
    "umlauts": (GERMAN, {"host": "mail.B\u00dcCHER.de"}, "mail.xn--bcher-kva.de"),
    "a host of the hoster's same customer": (
        HOSTED,
        {"host": "mail.ann.duckdns.org"},
        "mail.ann.duckdns.org",
    ),
    "a host of the country's same domain": (BRITISH, {"host": "mail.ann.co.uk"}, "mail.ann.co.uk"),
    "a server of the same family": (GOOGLE, {"host": "smtp.gmail.com"}, "smtp.gmail.com"),
    "a server of the same row": (IONOS, {"host": "imap.1und1.de"}, "imap.1und1.de"),
    "the same address": (LITERAL, {"port": 143}, "93.184.216.34"),
}


@pytest.fixture
def app_settings(app_settings: Settings) -> Settings:
    """Allow servers without TLS, so that it is custody that refuses the weaker protection."""
    return app_settings.model_copy(update={"allow_plaintext": True})


def changes(api: Api, way: str, rows: Mapping[str, Any]) -> list[tuple[str, Change]]:
    """Return every change of a table; sides alternate, and differ from way to way."""
    start = list(WAYS).index(way)
    return [
        (name, Change(api, f"n{number}@example.net", SIDES[number % 2], old, {**old, **new}))
        for number, (name, (old, new, *_)) in enumerate(rows.items(), start)
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_a_changed_target_asks_for_the_secret(api: Api, way: str) -> None:
    """Whatever changes, this way of changing it is refused; no row changes, nothing is dialled."""
    for name, change in changes(api, way, REFUSED):
        attempt = await WAYS[way](change)
        api.prober.requests.clear()
        before = await all_rows(api.settings.effective_database_url)
        found = await attempt()
        errors = [(error["__typename"], error["path"]) for error in found.pop("errors")]
        path = [f"{change.side}Secret"] if way == "rollback" else [change.side, "secret"]
        assert errors == [("SecretRequiredError", path)], name
        assert set(found.values()) == {None}, name
        assert await all_rows(api.settings.effective_database_url) == before, name
        assert api.prober.requests == [], name


@pytest.mark.parametrize("way", WAYS)
async def test_within_its_site_the_same_secret_is_sent(api: Api, way: str) -> None:
    """Changes that stay with whoever has the secret already go through, in canonical spelling."""
    for name, change in changes(api, way, ALLOWED):
        attempt = await WAYS[way](change)
        api.prober.requests.clear()
        assert (await attempt())["errors"] == [], name
        expected = {(ALLOWED[name][2], change.old["username"], BASE)}
        assert sent(api, change.side) == expected, name


CANNOT_STEER = {
    # Stores a new configuration, which has nothing to keep: test_submit says so.
    "submit",
    # Looks at the form only.
    "validate",
    # Name no server.
    "delete",
    "cancelTest",
    "uploadFile",
    # Asks the DNS about a name; takes no account and no secret.
    "checkDomain",
    # Asks about an address; takes no secret, and what it finds is for a form.
    "discover",
    "deleteFile",
    # The provider's servers of a configuration get a secret of their own; no target changes.
    "beginMailboxAuthorization",
    "completeMailboxAuthorization",
    "revokeMailboxGrant",
    "setOAuthClient",
    "deleteOAuthClient",
    # People and workspaces; a configuration that is handed over keeps its servers.
    "renameWorkspace",
    "inviteMember",
    "withdrawInvitation",
    "acceptInvitation",
    "changeMemberRole",
    "removeMember",
    "leaveWorkspace",
    "transferOwnership",
    "exportWorkspace",
    "deleteWorkspace",
    "deleteAccount",
    # Send by the stored outgoing server with its own secret; what a message names is its
    # recipients.
    "sendEmail",
    "previewEmail",
    "cancelMessage",
    "retryMessage",
    "retryMessages",
    "retryAmbiguous",
    "pauseSending",
    "resumeSending",
    # Names, addresses and signatures; the server stays the stored one.
    "setSendingOptions",
    "addSenderIdentity",
    "updateSenderIdentity",
    "deleteSenderIdentity",
    "suppressAddress",
    "unsuppressAddress",
    # Sessions, passwords, and tokens of machines.
    "login",
    "logout",
    "logoutEverywhere",
    "refreshSession",
    "endSession",
    "switchWorkspace",
    "changePassword",
    "requestPasswordReset",
    "resetPassword",
    "createApiKey",
    "revokeApiKey",
    "createEmbedToken",
}
"""Mutations that cannot bring a stored secret and another target together."""
STEERING = {"update": 2, "testConnection": 2, "applyFix": 1, "rollback": 1}
"""Mutations that could, and the number of `WAYS` that try."""


def test_every_mutation_is_judged() -> None:
    """A mutation that comes newly (an import, say) must get its ways here, or this fails."""
    schema = build_schema()._schema
    assert schema.mutation_type is not None
    assert set(schema.mutation_type.fields) == CANNOT_STEER | set(STEERING)
    assert sum(STEERING.values()) == len(WAYS)


def test_hosts_and_users_are_set_by_known_mutations_only() -> None:
    """No other mutation takes a host or a user name anywhere in its input."""

    def fields_of(kind: GraphQLInputObjectType, seen: set[str]) -> set[str]:
        names = set()
        for name, found in kind.fields.items():
            names.add(name)
            inner = get_named_type(found.type)
            if isinstance(inner, GraphQLInputObjectType) and inner.name not in seen:
                names |= fields_of(inner, seen | {inner.name})
        return names

    schema = build_schema()._schema
    assert schema.mutation_type is not None
    setting = {
        name
        for name, found in schema.mutation_type.fields.items()
        for given in found.args.values()
        if isinstance(kind := get_named_type(given.type), GraphQLInputObjectType)
        and fields_of(kind, set()) & {"host", "username"}
    }
    assert setting == {"submit", "update", "validate", "testConnection"}


EVIL = target("imap.evil.org")


async def test_a_server_that_is_removed_takes_its_secret_along(api: Api) -> None:
    """Taken out and put in again elsewhere, a server has no secret, and none can be kept."""
    config_id = await Change(api, "a@example.net", "incoming", OWN, OWN).begin()
    for server in (None, EVIL):
        given = {"id": config_id, "incoming": server}
        assert (await payload(api, UPDATE, given))["errors"] == []
    await examined(api, config_id)
    assert sent(api, "incoming") == {("imap.evil.org", "ann@example.net", None)}
    await refused(api, UPDATE, {"id": config_id, "incoming": {**EVIL, **KEEP}})
    await refused(api, ROLLBACK, {"id": config_id, "revision": 1})


async def test_a_sign_in_that_is_switched_off_takes_its_secret_along(api: Api) -> None:
    """With the method NONE in between, nothing comes back on another host."""
    config_id = await Change(api, "a@example.net", "incoming", OWN, OWN).begin()
    off = {"id": config_id, "incoming": {**EVIL, "authentication": "NONE"}}
    assert (await payload(api, UPDATE, off))["errors"] == []
    assert (await payload(api, UPDATE, {"id": config_id, "incoming": EVIL}))["errors"] == []
    await examined(api, config_id)
    assert sent(api, "incoming") == {("imap.evil.org", "ann@example.net", None)}
    await refused(api, ROLLBACK, {"id": config_id, "revision": 1})


async def test_a_secret_of_an_earlier_revision_is_never_revived(api: Api) -> None:
    """Back at the first host, neither its old secret nor today's is used: one has to be typed."""
    config_id = await Change(api, "a@example.net", "incoming", OWN, OWN).begin()
    given = {"id": config_id, "incoming": {**EVIL, "secret": {"password": TYPED}}}
    assert (await payload(api, UPDATE, given))["errors"] == []
    back = {"id": config_id, "revision": 1}
    await refused(api, ROLLBACK, back)
    typed = {**back, "incomingSecret": {"password": "typed-for-the-first-4"}}
    assert (await payload(api, ROLLBACK, typed))["errors"] == []
    await examined(api, config_id)
    assert sent(api, "incoming") == {
        ("imap.example.net", "ann@example.net", "typed-for-the-first-4")
    }


async def test_a_shared_secret_stays_where_its_admin_put_it(api: Api) -> None:
    """A member may use a shared configuration, but not for a server of their own."""
    own = {**OWN, "secret": {"password": BASE}}
    config_id = await api.stored(ADMIN, **form(shared=True, incoming=own, outgoing=None))
    draft = {"emailAddress": "ann@example.net", "basedOn": config_id, "incoming": EVIL}
    await refused(api, TEST, {"target": {"draft": draft}})
    draft = {**draft, "incoming": OWN}
    found = await payload(api, TEST, {"target": {"draft": draft}, "waitSeconds": 20})
    assert found["errors"] == []
    assert sent(api, "incoming") == {("imap.example.net", "ann@example.net", BASE)}


async def refused(api: Api, query: str, given: dict[str, Any]) -> None:
    """Expect that the secret of the server for receiving is asked for, and nothing dialled."""
    dialled = len(api.prober.requests)
    (error,) = (await payload(api, query, given))["errors"]
    path = ["incomingSecret"] if query == ROLLBACK else ["incoming", "secret"]
    assert (error["__typename"], error["path"]) == ("SecretRequiredError", path)
    assert len(api.prober.requests) == dialled


async def test_a_user_name_that_is_left_out_is_nobody_else(api: Api) -> None:
    """Draft and update keep who was stored; under another address it would be somebody else."""
    change = Change(api, "eve@example.net", "incoming", OWN, {**OWN, "username": None})
    config_id = await change.begin()
    draft = {"emailAddress": "eve@example.net", "basedOn": config_id, "incoming": change.new}
    other = {**draft, "emailAddress": "mallory@example.net"}
    await refused(api, TEST, {"target": {"draft": other}})
    assert (await payload(api, TEST, {"target": {"draft": draft}}))["errors"] == []
    given = {"id": config_id, "incoming": change.new}
    assert (await payload(api, UPDATE, given))["errors"] == []
    await examined(api, config_id)
    assert sent(api, "incoming") == {("imap.example.net", "ann@example.net", BASE)}


async def test_a_secret_typed_for_a_rollback_obeys_the_rules(api: Api) -> None:
    """One that is too long is refused as in any form, and the revision stays."""
    config_id = await Change(api, "a@example.net", "incoming", OWN, OWN).begin()
    given = {"id": config_id, "revision": 1, "incomingSecret": {"password": "x" * 5000}}
    before = await all_rows(api.settings.effective_database_url)
    (error,) = (await payload(api, ROLLBACK, given))["errors"]
    assert error["__typename"] == "ValidationIssue"
    assert error["path"] == ["incomingSecret", "password"]
    assert await all_rows(api.settings.effective_database_url) == before


def failed(host: str, *names: str) -> tuple[ProtocolOutcome, ...]:
    """Return a failure that a fix with another host may follow: by certificate, or refused."""
    seen = Observation(
        protocol=MailProtocol.IMAP,
        phase=Phase.TLS if names else Phase.CONNECT,
        host=host,
        port=993,
        security=TransportSecurity.TLS,
        failure=Failure.TLS_VERIFY if names else Failure.REFUSED,
        tls_verify_code=62 if names else None,
        username="ann@example.net",
    )
    code = DiagnosticCode.CERT_NAME_MISMATCH if names else DiagnosticCode.TCP_REFUSED
    shown = Certificate(names[0], "CA", names, NOON, NOON, "0" * 64) if names else None
    return (ProtocolOutcome(MailProtocol.IMAP, code, seen, certificate=shown),)


@pytest.mark.parametrize(
    ("old", "names"),
    [
        # Another domain, also beside names that end alike.
        (OWN, ("imap.evil.org", "imap.example.net.evil.org")),
        # A neighbour below a hoster's suffix, and the suffix.
        (HOSTED, ("eve.duckdns.org", "duckdns.org")),
        # No host.
        (OWN, ("*.example.net", "93.184.216.34")),
        # A name that the provider's servers do not have.
        (GOOGLE, ("x.gmail.com",)),
    ],
)
async def test_a_certificate_proposes_no_host_of_another_site(
    api: Api, old: dict[str, Any], names: tuple[str, ...]
) -> None:
    """Whoever shows the certificate chooses its names; the diagnosis has no fix then."""
    config_id = await Change(api, "a@example.net", "incoming", old, old).begin()
    api.prober.outcomes = failed(str(old["host"]), *names)
    assert (await examined(api, config_id))["diagnosis"]["fix"] is None


async def test_a_certificate_may_propose_a_host_of_the_site(api: Api) -> None:
    """The fix goes through, and the stored secret is sent to the new host by its test."""
    config_id = await Change(api, "a@example.net", "incoming", OWN, OWN).begin()
    api.prober.outcomes = failed("imap.example.net", "imap.evil.org", "mx.example.net")
    test = await examined(api, config_id)
    api.prober.requests.clear()
    given = {"testId": test["id"], "fixId": test["diagnosis"]["fix"]["id"]}
    assert (await payload(api, FIX, given))["errors"] == []
    await examined(api, config_id)
    assert sent(api, "incoming") == {("mx.example.net", "ann@example.net", BASE)}


async def test_the_catalogue_may_propose_but_the_secret_stays(api: Api) -> None:
    """The provider's host is a fix for the form; one click asks for the password first."""
    config_id = await Change(api, "ann@gmail.com", "incoming", OWN, OWN).begin()
    api.prober.outcomes = failed("imap.example.net")
    test = await examined(api, config_id)
    given = {"testId": test["id"], "fixId": test["diagnosis"]["fix"]["id"]}
    await refused(api, FIX, given)
