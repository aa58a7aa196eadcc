"""docs/reference says what the code does: pages as written anew, links, and what may be refused."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tools.reference.pages import _guards, render
from tools.reference.refusing import BUDGETS, CODES, FAILURES, PAYLOADS
from tools.reference.settling import Settling

from kit.api import MEMBER, OWNER, PASSWORD, Api, form, server, serving
from kit.outcomes import passed, plain_on_tls_port
from mailconfig.domain.servers import MailProtocol
from mailconfig.graphql import ids
from mailconfig.graphql.guards import Guard
from mailconfig.graphql.schema import build_schema
from mailconfig.settings import Settings

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
"""Which database it is plays no part here."""

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
JSON = dict[str, Any]
NOWHERE = UUID(int=7)
NO_CONFIG = ids.encode("EmailConfig", NOWHERE)
NO_TEST = ids.encode("ConnectionTest", NOWHERE)
NO_FILE = ids.encode("File", NOWHERE)
NO_FIX = ids.encode("SettingsFix", NOWHERE)
ELSEWHERE = {**server("imap.elsewhere.example"), "secret": None}
"""Another provider's server without a password."""
UNPROVOKED = {
    # A fix stays with the provider and was valid a moment ago: both need the catalogue or the
    # settings of the service to change between test and fix.
    ("applyFix", "SecretRequiredError"),
    ("applyFix", "ValidationIssue"),
    # Need a provider's sign-in service, or a client of one: see test_mailbox_authorization.
    ("beginMailboxAuthorization", "NotFoundError"),
    ("beginMailboxAuthorization", "RateLimitedError"),
    ("completeMailboxAuthorization", "MissingScopesError"),
    ("completeMailboxAuthorization", "ProviderRefusedError"),
    # A hundred keys, two hundred invitations, ten exports.
    ("createApiKey", "LimitExceededError"),
    ("inviteMember", "RateLimitedError"),
    ("exportWorkspace", "RateLimitedError"),
    # Three mails: test_password_mail.
    ("requestPasswordReset", "RateLimitedError"),
    # The operator sets quotas: see tests/storage/test_quotas.py.
    ("sendEmail", "QuotaExceededError"),
    ("submit", "QuotaExceededError"),
    ("testConnection", "QuotaExceededError"),
    ("uploadFile", "QuotaExceededError"),
}
NO_MESSAGE = ids.encode("Message", NOWHERE)
CASES: list[tuple[str, str, Callable[[Api], Awaitable[JSON]]]] = []
"""Operation, error, and what makes the input that it answers."""


def case(operation: str, error: str) -> Callable[[Any], Any]:
    """Add the input that a function makes to the cases."""

    def add(make: Callable[[Api], Awaitable[JSON]]) -> Callable[[Api], Awaitable[JSON]]:
        CASES.append((operation, error, make))
        return make

    return add


def plain(operation: str, error: str, **given: object) -> None:
    """Add an input that needs nothing before."""

    async def make(_api: Api) -> JSON:
        return given

    CASES.append((operation, error, make))


def of_config(operation: str, error: str, **given: object) -> None:
    """Add an input about a stored configuration."""

    async def make(api: Api) -> JSON:
        return {"id": await api.stored(MEMBER), **given}

    CASES.append((operation, error, make))


NO_USER = ids.encode("User", NOWHERE)
TO_NOBODY = {"transferTo": NO_USER}
plain("refreshSession", "UnauthenticatedError", refreshToken="no such token")
plain("changePassword", "CredentialsError", currentPassword="not mine at all", newPassword=PASSWORD)
plain("changePassword", "ValidationIssue", currentPassword=PASSWORD, newPassword="short")
plain("requestPasswordReset", "ValidationIssue", email="ada@example.com")
plain("resetPassword", "ValidationIssue", token="no such token", newPassword=PASSWORD)
plain("switchWorkspace", "NotFoundError", workspaceId=ids.encode("Workspace", NOWHERE))
plain("endSession", "NotFoundError", id=ids.encode("Session", NOWHERE))
plain("createApiKey", "ValidationIssue", name="", role="MEMBER", scopes=["TESTS_RUN"])
plain("revokeApiKey", "NotFoundError", id=ids.encode("ApiKey", NOWHERE))
plain("createEmbedToken", "NotFoundError", subject="u", purpose={"configId": NO_CONFIG})
plain("createEmbedToken", "ValidationIssue", subject="", purpose={})
plain("beginMailboxAuthorization", "ValidationIssue", target={"providerId": "gmail"})
plain("completeMailboxAuthorization", "AuthorizationInvalidError", state="none", code="none")
plain("revokeMailboxGrant", "NotFoundError", id=ids.encode("MailboxGrant", NOWHERE))
plain("setOAuthClient", "ValidationIssue", providerId="gmail", clientId="")
plain("deleteOAuthClient", "NotFoundError", providerId="gmail")
plain("renameWorkspace", "ValidationIssue", name="")
plain("changeMemberRole", "NotFoundError", userId=NO_USER, role="VIEWER")
plain("removeMember", "NotFoundError", userId=NO_USER)
plain("leaveWorkspace", "LastOwnerError")
plain("transferOwnership", "NotFoundError", to=NO_USER)
plain("inviteMember", "ValidationIssue", email="nobody", role="VIEWER")
plain("inviteMember", "DuplicateError", email="member@example.org", role="VIEWER")
plain("withdrawInvitation", "NotFoundError", id=ids.encode("Invitation", NOWHERE))
plain("acceptInvitation", "InvitationInvalidError", token="no such token")
plain("deleteWorkspace", "ValidationIssue", slug="another")
plain("deleteAccount", "CredentialsError", password="not mine at all")
plain("deleteAccount", "LastOwnerError", password=PASSWORD)
for one in ("cancelMessage", "retryMessage", "retryAmbiguous"):
    plain(one, "NotFoundError", id=NO_MESSAGE)
for one in ("pauseSending", "resumeSending", "sendEmail", "previewEmail", "setSendingOptions"):
    plain(one, "NotFoundError", configId=NO_CONFIG)
NO_SENDER = ids.encode("SenderIdentity", NOWHERE)
plain("addSenderIdentity", "NotFoundError", configId=NO_CONFIG, address="a@example.net")
for one in ("updateSenderIdentity", "deleteSenderIdentity"):
    plain(one, "NotFoundError", id=NO_SENDER)
plain("retryMessages", "NotFoundError", ids=["none"])
plain("retryMessages", "ValidationIssue", ids=[NO_MESSAGE] * 101)
plain("suppressAddress", "ValidationIssue", address="nobody")
plain("unsuppressAddress", "ValidationIssue", address="nobody")
plain("unsuppressAddress", "NotFoundError", address="nobody@example.org")
plain("applyFix", "NotFoundError", testId=NO_TEST, fixId=NO_FIX)
plain("cancelTest", "NotFoundError", testId=NO_TEST)
plain("checkDomain", "ValidationIssue", domain="no domain")
plain("delete", "NotFoundError", id=NO_CONFIG)
of_config("delete", "RevisionConflictError", expectedRevision=9)
plain("deleteFile", "NotFoundError", id=NO_FILE)
plain("discover", "ValidationIssue")
plain("login", "CredentialsError", email="member@example.org", password="not the right password")
plain("rollback", "NotFoundError", id=NO_CONFIG, revision=1)
of_config("rollback", "RevisionConflictError", revision=1, expectedRevision=9)
of_config("rollback", "ValidationIssue", revision=1, incomingSecret={"keep": False})
plain("submit", "ValidationIssue", **form(emailAddress="nobody"))
plain(
    "submit",
    "SecretRequiredError",
    **form(incoming={**server("imap.example.net"), "secret": {"keep": True}}),
)
plain("submit", "NotFoundError", **form(files=[{"fileId": NO_FILE}]))
plain("submit", "LimitExceededError", **form(files=[{"fileId": NO_FILE}] * 21))
plain("testConnection", "NotFoundError", target={"configId": NO_CONFIG})
plain("testConnection", "ValidationIssue", target={"configId": NO_CONFIG}, waitSeconds=26)
plain("update", "NotFoundError", id=NO_CONFIG)
of_config("update", "RevisionConflictError", expectedRevision=9)
of_config("update", "ValidationIssue", emailAddress="nobody")
of_config("update", "SecretRequiredError", incoming=ELSEWHERE)
of_config("update", "LimitExceededError", files=[{"fileId": NO_FILE}] * 21)


MEMBERS = "query { workspace { members { nodes { id role } } } }"


async def member(api: Api, role: str) -> str:
    """Return the id of a member who has that role."""
    found = (await api.data(OWNER, MEMBERS))["workspace"]["members"]["nodes"]
    return next(node["id"] for node in found if node["role"] == role)


async def invited(api: Api, email: str) -> str:
    """Invite an address and return the token."""
    given = {"email": email, "role": "VIEWER"}
    return (await run(api, "inviteMember", given, "token", OWNER))["token"]


@case("changeMemberRole", "LastOwnerError")
async def a_demotion_of_the_only_owner(api: Api) -> JSON:
    """Nobody else is an owner."""
    return {"userId": await member(api, "OWNER"), "role": "VIEWER"}


@case("removeMember", "LastOwnerError")
async def a_removal_of_the_only_owner(api: Api) -> JSON:
    """Nobody else is an owner."""
    return {"userId": await member(api, "OWNER")}


@case("removeMember", "ConfigurationsRemainError")
async def a_removal_that_leaves_something(api: Api) -> JSON:
    """The member has a configuration."""
    await api.stored(MEMBER)
    viewer = await api.data(MEMBER, "{ viewer { id } }")
    return {"userId": viewer["viewer"]["id"]}


@case("removeMember", "ValidationIssue")
async def a_removal_in_favour_of_a_viewer(api: Api) -> JSON:
    """Viewers have no configurations of their own."""
    heir = {"transferTo": await member(api, "VIEWER")}
    return {**await a_removal_that_leaves_something(api), "configurations": heir}


@case("leaveWorkspace", "ConfigurationsRemainError")
async def a_departure_that_leaves_something(api: Api) -> JSON:
    """The member has a configuration."""
    await api.stored(MEMBER)
    return {}


@case("leaveWorkspace", "NotFoundError")
async def a_departure_in_favour_of_nobody(api: Api) -> JSON:
    """There is no such member."""
    await api.stored(MEMBER)
    return {"configurations": TO_NOBODY}


@case("leaveWorkspace", "ValidationIssue")
async def a_departure_in_favour_of_a_viewer(api: Api) -> JSON:
    """Viewers have no configurations of their own."""
    await api.stored(MEMBER)
    return {"configurations": {"transferTo": await member(api, "VIEWER")}}


@case("acceptInvitation", "UnauthenticatedError")
async def an_invitation_of_somebody_who_is_known(api: Api) -> JSON:
    """Whoever has an account signs in first."""
    return {"token": await invited(api, "stranger@example.org")}


@case("acceptInvitation", "ValidationIssue")
async def an_invitation_without_a_password(api: Api) -> JSON:
    """A new account needs one."""
    return {"token": await invited(api, "new@example.org")}


@case("applyFix", "RevisionConflictError")
async def fix_of_a_changed_configuration(api: Api) -> JSON:
    """A test offers a fix; the form knows another revision."""
    wrong = server("smtp.example.net", port=465, security="STARTTLS")
    config_id = await api.stored(MEMBER, outgoing=wrong)
    api.prober.outcomes = (passed(MailProtocol.IMAP), plain_on_tls_port())
    given = {"target": {"configId": config_id}, "waitSeconds": 20}
    test = (await run(api, "testConnection", given, "test { id diagnosis { fix { id } } }"))["test"]
    fix_id = test["diagnosis"]["fix"]["id"]
    return {"testId": test["id"], "fixId": fix_id, "expectedRevision": 9}


async def letter(api: Api, **changes: object) -> JSON:
    """Return the input of a message."""
    return {
        "configId": await api.stored(MEMBER),
        "to": [{"address": "bo@example.org"}],
        "text": "Hello",
        **changes,
    }


def of_letter(error: str, **changes: object) -> None:
    """Add a message that can neither be sent nor looked at."""

    async def make(api: Api) -> JSON:
        return await letter(api, **changes)

    CASES.extend((one, error, make) for one in ("sendEmail", "previewEmail"))


of_letter("ValidationIssue", to=[])


@case("addSenderIdentity", "ValidationIssue")
async def a_sender_without_an_address(api: Api) -> JSON:
    """There is no @ in it."""
    return {"configId": await api.stored(MEMBER), "address": "nobody"}


@case("updateSenderIdentity", "ValidationIssue")
async def a_sender_that_loses_its_address(api: Api) -> JSON:
    """There is no @ in the new one."""
    given = {"configId": await api.stored(MEMBER), "address": "a@example.net"}
    added = await run(api, "addSenderIdentity", given, "senderIdentity { id }")
    return {"id": added["senderIdentity"]["id"], "address": "nobody"}


@case("addSenderIdentity", "LimitExceededError")
async def one_sender_too_many(api: Api) -> JSON:
    """There are twenty already."""
    given = {"configId": await api.stored(MEMBER), "address": "a@example.net"}
    for _ in range(20):
        assert (await run(api, "addSenderIdentity", given))["errors"] == []
    return given


@case("sendEmail", "IdempotencyConflictError")
async def the_same_key_of_another_message(api: Api) -> JSON:
    """The key was used with another message."""
    given = await letter(api, idempotencyKey="1")
    await run(api, "sendEmail", given)
    return {**given, "text": "Hello again"}


@case("sendEmail", "RecipientsSuppressedError")
async def a_message_to_nobody(api: Api) -> JSON:
    """The only recipient is on the list."""
    await run(api, "suppressAddress", {"address": "bo@example.org"}, who=OWNER)
    return await letter(api)


@case("suppressAddress", "DuplicateError")
async def an_address_of_the_list(api: Api) -> JSON:
    """It is there already."""
    given: JSON = {"address": "bo@example.org"}
    await run(api, "suppressAddress", given, who=OWNER)
    return given


async def message_in(api: Api, *, cancelled: bool) -> JSON:
    """Return the input that names a message."""
    taken = await run(api, "sendEmail", await letter(api), "message { id }")
    given: JSON = {"id": taken["message"]["id"]}
    if cancelled:
        await run(api, "cancelMessage", given)
    return given


@case("cancelMessage", "MessageStateError")
async def a_message_that_is_stopped(api: Api) -> JSON:
    """There is nothing to stop any more."""
    return await message_in(api, cancelled=True)


@case("retryAmbiguous", "MessageStateError")
@case("retryMessage", "MessageStateError")
async def a_message_that_is_due(api: Api) -> JSON:
    """It is tried by itself."""
    return await message_in(api, cancelled=False)


@case("submit", "DuplicateError")
async def the_same_address(api: Api) -> JSON:
    """The form is stored already."""
    await api.stored(MEMBER)
    return form()


@case("submit", "IdempotencyConflictError")
async def the_same_key(api: Api) -> JSON:
    """The key was used with another form."""
    await api.stored(MEMBER, idempotencyKey="1")
    return form(idempotencyKey="1", name="Other")


@case("update", "DuplicateError")
async def another_ones_address(api: Api) -> JSON:
    """Another configuration has the address."""
    await api.stored(MEMBER)
    return {
        "id": await api.stored(MEMBER, emailAddress="bob@example.net"),
        "emailAddress": "ann@example.net",
    }


@case("rollback", "DuplicateError")
async def an_address_that_was_given_away(api: Api) -> JSON:
    """Since revision 1 another configuration has taken the address."""
    config_id = await api.stored(MEMBER)
    await run(api, "update", {"id": config_id, "emailAddress": "bob@example.net"})
    await api.stored(MEMBER)
    return {"id": config_id, "revision": 1}


@case("rollback", "SecretRequiredError")
async def back_to_another_provider(api: Api) -> JSON:
    """The password is that of the new server."""
    config_id = await api.stored(MEMBER)
    await run(api, "update", {"id": config_id, "incoming": server("imap.elsewhere.example")})
    return {"id": config_id, "revision": 1}


@case("testConnection", "SecretRequiredError")
async def a_draft_for_another_provider(api: Api) -> JSON:
    """The stored password must not go to the server that was typed."""
    based_on = await api.stored(MEMBER)
    draft = {**form(incoming=ELSEWHERE), "basedOn": based_on}
    return {"target": {"draft": draft}}


def mutation(operation: str, more: str = "") -> str:
    """Return the document of a mutation that asks for its errors."""
    kind = f"{operation[0].upper()}{operation[1:]}Input"
    body = f"{{ errors {{ __typename }} {more} }}"
    return f"mutation ($input: {kind}!) {{ {operation}(input: $input) {body} }}"


async def run(  # a payload is JSON
    api: Api, operation: str, given: JSON, more: str = "", who: str | None = MEMBER
) -> Any:  # noqa: ANN401
    """Run a mutation and return its payload."""
    return (await api.data(who, mutation(operation, more), {"input": given}))[operation]


def caller(operation: str, error: str) -> str | None:
    """Return who provokes an error: a member, where members may do it."""
    if operation == "acceptInvitation":
        return None
    demanding = _guards(build_schema())[operation] in {Guard.ADMIN, Guard.OWNER}
    return OWNER if demanding or error == "LastOwnerError" else MEMBER


@on_sqlite
@pytest.mark.parametrize(
    ("operation", "error", "make"), CASES, ids=[f"{name}-{kind}" for name, kind, _ in CASES]
)
async def test_a_mutation_refuses_as_the_page_says(
    api: Api, operation: str, error: str, make: Callable[[Api], Awaitable[JSON]]
) -> None:
    """Each error of a mutation happens."""
    payload = await run(api, operation, await make(api), who=caller(operation, error))
    assert {each["__typename"] for each in payload["errors"]} == {error}


UPLOADS = [
    ("uploadFile", "FileRefusedError", "", b"no certificate"),
    ("uploadFile", "LimitExceededError", "", b"x" * (5 * 1024 * 1024 + 1)),
    ("submit", "FileRefusedError", "files.0.upload.", b"no certificate"),
    ("update", "FileRefusedError", "files.0.upload.", b"no certificate"),
    *(
        (name, error, "attachments.0.source.upload", content)
        for name in ("sendEmail", "previewEmail")
        for error, content in (
            ("FileRefusedError", b"%PDF-1.7 but no text"),
            ("LimitExceededError", b"x" * (5 * 1024 * 1024 + 1)),
        )
    ),
]


@on_sqlite
@pytest.mark.parametrize(
    ("operation", "error", "path", "content"),
    UPLOADS,
    ids=[f"{name}-{kind}" for name, kind, _, _ in UPLOADS],
)
async def test_a_file_is_refused_as_the_page_says(
    api: Api, operation: str, error: str, path: str, content: bytes
) -> None:
    """Each error about a file happens."""
    kind = "CA_CERTIFICATE" if error == "FileRefusedError" else "ATTACHMENT"
    upload: JSON = {"kind": kind, "file": None}
    letters = {"sendEmail", "previewEmail"}
    last = "" if operation in letters else "file"
    given = {
        "uploadFile": lambda: upload,
        "submit": lambda: form(files=[{"upload": upload}]),
        "update": lambda: {"id": config_id, "files": [{"upload": upload}]},
        "sendEmail": lambda: {"configId": config_id, "attachments": [{"source": {"upload": None}}]},
    }
    given["previewEmail"] = given["sendEmail"]
    config_id = await api.stored(MEMBER) if operation in {"update", *letters} else None
    answer = await api.upload(
        MEMBER,
        mutation(operation),
        {"input": given[operation]()},
        {f"variables.input.{path}{last}": ("ca.pem", content, "text/plain")},
    )
    assert [each["__typename"] for each in answer["data"][operation]["errors"]] == [error]


QUERIES = [
    ("apiKeys", "INVALID_INPUT", "{ apiKeys(first: 101) { nodes { id } } }"),
    ("configs", "INVALID_INPUT", "{ configs(first: 101) { nodes { id } } }"),
    ("messages", "INVALID_INPUT", "{ messages(first: 101) { nodes { id } } }"),
    ("explain", "INVALID_INPUT", '{ explain(input: { text: "" }) { code } }'),
    ("explain", "RATE_LIMITED", '{ explain(input: { text: "550 no" }) { code } }'),
    (
        "nodes",
        "INVALID_INPUT",
        "{ nodes(ids: [" + ", ".join(f'"{n}"' for n in range(101)) + "]) { id } }",
    ),
    ("providers", "INVALID_INPUT", "{ providers(first: 0) { nodes { id } } }"),
    (
        "connectionTestProgress",
        "NOT_FOUND",
        f'subscription {{ connectionTestProgress(testId: "{NO_TEST}") {{ test {{ id }} }} }}',
    ),
    (
        "discoveryProgress",
        "INVALID_INPUT",
        'subscription { discoveryProgress(emailAddress: "@@") { result { domain } } }',
    ),
    (
        "discoveryProgress",
        "RATE_LIMITED",
        'subscription { discoveryProgress(emailAddress: "a@gmail.com") { result { domain } } }',
    ),
]


@on_sqlite
@pytest.mark.parametrize(
    ("operation", "code", "text"), QUERIES, ids=[f"{name}-{code}" for name, code, _ in QUERIES]
)
async def test_a_read_refuses_as_the_page_says(
    app_settings: Settings, operation: str, code: str, text: str
) -> None:
    """Each code of a query or subscription happens; budgets are spent by a first request."""
    few = {"explains_per_minute": 1, "discoveries_per_minute": 1}
    async with serving(app_settings.model_copy(update=few)) as api:
        headers = {"Authorization": f"Bearer {await api.token(MEMBER)}"}
        headers["Accept"] = "text/event-stream"
        for _ in range(2 if code == "RATE_LIMITED" else 1):
            answer = await api.client.post("/graphql", json={"query": text}, headers=headers)
    lines = [line for line in answer.text.splitlines() if line.startswith("data: {")]
    (event,) = [json.loads(line.removeprefix("data:")) for line in lines]
    assert [error["extensions"]["code"] for error in event["errors"]] == [code], operation


def test_every_row_of_the_tables_is_provoked() -> None:
    """What the pages say about refusals was seen to happen, but for what is said above."""
    mutations = {(name, error) for name, error, _ in CASES}
    mutations |= {(name, error) for name, error, _, _ in UPLOADS}
    told = {(name, error) for name, errors in PAYLOADS.items() for error in errors}
    assert told - mutations == UNPROVOKED
    assert mutations - told == set()
    codes = {(name, code) for name, found in CODES.items() for code in found}
    assert codes == {(name, code) for name, code, _ in QUERIES}


def test_every_operation_is_in_the_tables() -> None:
    """A new operation needs a row, and an example, before its page can be written."""
    core = build_schema().graphql_schema
    assert core.query_type
    assert core.mutation_type
    assert core.subscription_type
    assert set(core.mutation_type.fields) == set(PAYLOADS)
    assert {*core.query_type.fields, *core.subscription_type.fields} == set(CODES)
    assert set(BUDGETS) <= {*PAYLOADS, *CODES}


async def test_the_reference_is_what_the_code_says() -> None:
    """docs/reference is the output of `make reference`, answers of the examples included."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert pages == await render()


def test_login_counts_failures() -> None:
    """Its number is told as what may fail; those of all others are budgets."""
    text = (FOLDER / "mutations.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    counted = "- Failures before attempts wait: `MAILCONFIG_LOGIN_ATTEMPTS_PER_MINUTE`: "
    assert {name for name, part in sections.items() if counted in part} == set(FAILURES)
    budgets = {name for name, part in sections.items() if "\n- Budget a minute: " in part}
    assert budgets == set(BUDGETS) & set(PAYLOADS) - FAILURES


def test_each_link_leads_to_a_heading() -> None:
    """Types, operations and pages that the reference links to are there."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    headings = {
        f"{page}#{title.lower()}"
        for page, text in texts.items()
        for title in re.findall(r"^## (\w+)$", text, re.MULTILINE)
    }
    links = {link for text in texts.values() for link in re.findall(r"\]\((\w+\.md#\w+)\)", text)}
    assert len(links) > 100
    assert links - headings == set()


def test_what_differs_each_time_is_settled() -> None:
    """Ids get numbers, moments and links one form; other words stay."""
    first, second = ids.encode("File", NOWHERE), ids.encode("File", UUID(int=8))
    key = "019b8d5a-1c00-7000-8000-000000000001"
    given = {
        "id": first,
        "other": [second, first, "RmlsZQ"],
        "url": f"/files/{NOWHERE}/a.txt?expires=17&signature=ab-_c",
        "createdAt": "2026-11-23T01:00:00+00:00",
        "csrfToken": "abc",
        "status": "RUNNING",
    }
    settled = Settling().settle(given)
    assert settled == {
        "id": ids.encode("File", key),
        "other": [ids.encode("File", f"{key[:-1]}2"), ids.encode("File", key), "RmlsZQ"],
        "url": f"/files/{key}/a.txt?expires=...&signature=...",
        "createdAt": "2026-01-05T09:00:00+00:00",
        "csrfToken": "...",
        "status": "QUEUED",
    }
