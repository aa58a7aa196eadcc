"""The operations of messages: `sendEmail` and `previewEmail`, the lists, and what changes one.

Rules and races are shown in tests/services/test_messages.py; here it is what callers see.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_string
from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, serving
from kit.machines import new_embed, new_key
from kit.rowdump import all_rows
from kit.worlds import letter, mutation
from mailconfig.bootstrap import open_database
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.messages import HeldFor, Message, MessageEvent, RecipientState
from mailconfig.domain.sending import Outcome
from mailconfig.graphql import ids
from mailconfig.settings import Settings
from mailconfig.storage.database import Work
from mailconfig.storage.messages import Change

ERRORS = """
errors {
  __typename message path
  ... on MessageStateError { state }
  ... on RecipientsSuppressedError { addresses }
  ... on QuotaExceededError { quota limit }
  ... on ValidationIssue { code }
}
"""


def document(name: str, shown: str) -> str:
    """Return a mutation with all that its errors tell."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {shown} {ERRORS} }} }}"


MESSAGE = """
  id state heldFor subject sender messageId sizeBytes createdAt dueAt expiresAt sentAt serverReply
  recipients { address name kind state reply replyCode enhancedCode }
"""
SEND = document("sendEmail", f"message {{ {MESSAGE} }}")
PREVIEW = document(
    "previewEmail",
    "preview { content sizeBytes messageId sender recipients headers { name value } needsUtf8"
    " issues { code severity path } }",
)
CANCEL = document("cancelMessage", "message { id state dueAt }")
RETRY = document("retryMessage", "message { id state dueAt }")
AMBIGUOUS = document("retryAmbiguous", "message { id state recipients { state } }")
MANY = document("retryMessages", "retried")
PAUSE = document("pauseSending", "config { id } pausedAt")
RESUME = document("resumeSending", "config { id }")
SUPPRESS = document("suppressAddress", "suppression { id address reason sourceMessageId }")
UNSUPPRESS = document("unsuppressAddress", "address")
ONE = f"query ($id: ID!) {{ message(id: $id) {{ {MESSAGE} }} node(id: $id) {{ id }} }}"
MEANING = """
query ($id: ID!) {
  message(id: $id) {
    state heldFor serverReply
    diagnosis { code title fixableBy retryable serverReply }
    attempts { number event phase host serverReply diagnosis { code } }
    config { id emailAddress }
  }
}
"""
LIST = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: MessageFilter) {
  messages(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""
ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""


async def run(api: Api, who: str, query: str, given: object) -> dict[str, Any]:
    """Run a mutation and return its payload."""
    ((payload,),) = [(await api.data(who, query, {"input": given})).values()]
    found: dict[str, Any] = payload
    return found


async def sent(api: Api, who: str = MEMBER, **more: object) -> dict[str, Any]:
    """Send a message by a new configuration of somebody; return it."""
    config_id = more.pop("configId", None) or await api.stored(who)
    payload = await run(api, who, SEND, letter(str(config_id), **more))
    assert payload["errors"] == []
    message: dict[str, Any] = payload["message"]
    return message


async def kinds(api: Api, who: str, query: str, given: object) -> list[str]:
    """Run a mutation and return the types of its errors."""
    return [error["__typename"] for error in (await run(api, who, query, given))["errors"]]


@asynccontextmanager
async def worker(api: Api, shown: dict[str, Any]) -> AsyncIterator[tuple[Work, Message]]:
    """Do with a message what a worker does, beside the application."""
    key = ids.key_of("Message", shown["id"])
    database = await open_database(api.settings)
    async with database.identity() as identity:
        found = await identity.user_by_email("member@example.org")
        assert found is not None
        ((place, _, _),) = await identity.memberships(found[0].id)
    async with database.work(place) as work:
        yield work, await work.messages.get(key)
    await database.close()


async def ended(api: Api, shown: dict[str, Any], event: MessageEvent, **more: Any) -> None:  # noqa: ANN401
    """Let a worker make an attempt that ends so."""
    async with worker(api, shown) as (work, message):
        claimed = await work.sending.claim(message.id, "w", utc_now() + timedelta(hours=1))
        assert claimed is not None
        state = more.pop("each", RecipientState.WAITING)
        recipients = tuple(replace(one, state=state) for one in claimed.recipients)
        outcome = Outcome(event, more.pop("code", DiagnosticCode.OK), recipients, **more)
        due = utc_now() + timedelta(hours=1) if event is MessageEvent.DEFER else None
        assert await work.sending.finish(message.id, 1, outcome, due, "smtp.example.net")


# ---- sending -----------------------------------------------------------------------------------


async def test_a_message_is_taken_in(api: Api) -> None:
    """It is queued with all that was said of it, and nobody is dialled; `node` knows it."""
    message = await sent(
        api,
        to=[{"address": "bo@example.org", "name": "Bo"}],
        cc=[{"address": "cy@example.org"}],
        bcc=[{"address": "di@example.org"}],
    )
    unknown = {"state": "WAITING", "reply": None, "replyCode": None, "enhancedCode": None}
    assert message["recipients"] == [
        {"address": "bo@example.org", "name": "Bo", "kind": "TO", **unknown},
        {"address": "cy@example.org", "name": None, "kind": "CC", **unknown},
        {"address": "di@example.org", "name": None, "kind": "BCC", **unknown},
    ]
    assert (message["state"], message["heldFor"]) == ("QUEUED", None)
    assert (message["sender"], message["subject"]) == ("ann@example.net", "Hi")
    assert (message["sentAt"], message["serverReply"]) == (None, None)
    assert message["dueAt"] == message["createdAt"]
    assert message["messageId"].endswith("@example.net>")
    found = await api.data(MEMBER, ONE, {"id": message["id"]})
    assert found == {"message": message, "node": {"id": message["id"]}}
    assert api.prober.requests == []


async def test_files_come_along_or_were_stored(api: Api) -> None:
    """Both in one request; the stored one stays."""
    config_id = await api.stored(MEMBER)
    place = {"variables.input.file": ("old.txt", b"stored\n", "text/plain")}
    upload = mutation("uploadFile", "UploadFileInput", "file { id }")
    stored = await api.upload(
        MEMBER, upload, {"input": {"kind": "ATTACHMENT", "file": None}}, place
    )
    file_id = stored["data"]["uploadFile"]["file"]["id"]
    attachments = [
        {"source": {"upload": None}, "filename": "report.txt"},
        {"source": {"fileId": file_id}},
    ]
    given = {"input": letter(config_id, attachments=attachments)}
    place = {"variables.input.attachments.0.source.upload": ("a.txt", b"new\n", "text/plain")}
    for query, name in ((SEND, "sendEmail"), (PREVIEW, "previewEmail")):
        answer = await api.upload(MEMBER, query, given, place)
        assert answer["data"][name]["errors"] == []
    read = message_from_string(answer["data"]["previewEmail"]["preview"]["content"])
    files = {part.get_filename(): part.get_payload(decode=True) for part in read.walk()}
    files.pop(None)
    assert files == {"report.txt": b"new\n", "old.txt": b"stored\n"}
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await api.data(MEMBER, query, {"id": file_id}))["node"] == {"id": file_id}


@ON_SQLITE
async def test_a_file_of_somebody_else_is_not_found(api: Api) -> None:
    """The path names its place in the input."""
    upload = mutation("uploadFile", "UploadFileInput", "file { id }")
    place = {"variables.input.file": ("old.txt", b"stored\n", "text/plain")}
    stored = await api.upload(
        COLLEAGUE, upload, {"input": {"kind": "ATTACHMENT", "file": None}}, place
    )
    attachments = [{"source": {"fileId": stored["data"]["uploadFile"]["file"]["id"]}}]
    payload = await run(
        api, MEMBER, SEND, letter(await api.stored(MEMBER), attachments=attachments)
    )
    (error,) = payload["errors"]
    assert error["__typename"] == "NotFoundError"
    assert error["path"] == ["attachments", "0", "source", "fileId"]


async def test_a_key_makes_one_message(api: Api) -> None:
    """The same request with it gives the same message; another is refused."""
    config_id = await api.stored(MEMBER)
    given = letter(config_id, idempotencyKey="order 7")
    first = (await run(api, MEMBER, SEND, given))["message"]
    assert (await run(api, MEMBER, SEND, given))["message"] == first
    other = {**given, "subject": "Other"}
    assert await kinds(api, MEMBER, SEND, other) == ["IdempotencyConflictError"]
    assert (await api.data(MEMBER, LIST))["messages"]["totalCount"] == 1


@ON_SQLITE
async def test_a_message_is_scheduled(api: Api) -> None:
    """It is due at its time and given up four days after; far ahead is refused by its field."""
    at = utc_now() + timedelta(days=2)
    message = await sent(api, sendAt=at.isoformat())
    assert message["dueAt"] == at.isoformat()
    assert message["expiresAt"] == (at + timedelta(days=4)).isoformat()
    late = (utc_now() + timedelta(days=366)).isoformat()
    config_id = await api.stored(MEMBER, emailAddress="bo@example.net")
    (error,) = (await run(api, MEMBER, SEND, letter(config_id, sendAt=late)))["errors"]
    assert (error["path"], error["code"]) == (["sendAt"], "OUT_OF_RANGE")


async def test_a_preview_shows_the_exact_bytes(api: Api) -> None:
    """Headers and text as they would go out, with hints; nothing is stored."""
    config_id = await api.stored(MEMBER, displayName="Änne")
    before = await all_rows(api.settings.effective_database_url)
    given = letter(config_id, subject="Grüße", text="Für dich\n", bcc=[{"address": "x@y.org"}])
    payload = await run(api, MEMBER, PREVIEW, given)
    assert payload["errors"] == []
    shown = payload["preview"]
    assert shown["content"].isascii()
    assert len(shown["content"]) == shown["sizeBytes"]
    assert shown["content"].count("\n") == shown["content"].count("\r\n")
    read = message_from_string(shown["content"])
    assert read["Message-ID"] == shown["messageId"]
    assert read.get_payload(decode=True).decode() == "Für dich\r\n"  # type: ignore[union-attr]
    headers = {header["name"]: header["value"] for header in shown["headers"]}
    assert (headers["Subject"], headers["From"]) == ("Grüße", "Änne <ann@example.net>")
    assert "Bcc" not in headers
    assert "x@y.org" not in shown["content"]
    assert (shown["sender"], shown["recipients"]) == (
        "ann@example.net",
        ["bo@example.org", "x@y.org"],
    )
    assert (shown["needsUtf8"], shown["issues"]) == (False, [])
    warned = await run(api, MEMBER, PREVIEW, letter(config_id, subject=""))
    assert warned["preview"]["issues"] == [
        {"code": "REQUIRED", "severity": "WARNING", "path": ["subject"]}
    ]
    assert await all_rows(api.settings.effective_database_url) == before


@ON_SQLITE
async def test_an_address_beyond_ascii_is_said(api: Api) -> None:
    """Such a message needs a server that offers SMTPUTF8; its preview is still its text."""
    given = letter(await api.stored(MEMBER), to=[{"address": "jörg@example.org"}])
    shown = (await run(api, MEMBER, PREVIEW, given))["preview"]
    assert (shown["needsUtf8"], shown["recipients"]) == (True, ["jörg@example.org"])
    assert len(shown["content"].encode()) == shown["sizeBytes"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"to": []}, ["to"]),
        ({"to": [{"address": "nobody"}]}, ["to", "0", "address"]),
        ({"replyTo": [{"address": "@"}]}, ["replyTo", "0", "address"]),
        ({"subject": "a\nBcc: eve@example.org"}, ["subject"]),
        ({"senderName": "a\r\nb"}, ["senderName"]),
        ({"headers": [{"name": "Received", "value": "x"}]}, ["headers", "0", "name"]),
        ({"inReplyTo": "none"}, ["inReplyTo"]),
        ({"text": None}, ["text"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
async def test_rules_name_their_field(
    api: Api, changes: dict[str, object], path: list[str]
) -> None:
    """Nothing is stored, and sending and looking at it agree."""
    given = letter(await api.stored(MEMBER), **changes)
    found = [await run(api, MEMBER, query, given) for query in (SEND, PREVIEW)]
    assert found[0]["errors"] == found[1]["errors"]
    assert path in [error["path"] for error in found[0]["errors"]]
    assert {error["__typename"] for error in found[0]["errors"]} == {"ValidationIssue"}
    rows = await all_rows(api.settings.effective_database_url)
    assert rows["messages"] == []


@ON_SQLITE
async def test_who_may_not_send(api: Api) -> None:
    """Viewers, embed tokens, keys without the scope; of others' accounts nothing is known."""
    shared = await api.stored(ADMIN, shared=True)
    own = await api.stored(MEMBER)
    assert await kinds(api, VIEWER, SEND, letter(shared)) == ["ForbiddenError"]
    assert await kinds(api, COLLEAGUE, SEND, letter(own)) == ["NotFoundError"]
    assert await kinds(api, STRANGER, SEND, letter(shared)) == ["NotFoundError"]
    assert await kinds(api, OWNER, SEND, letter(own)) == ["ForbiddenError"]
    assert await kinds(api, COLLEAGUE, SEND, letter(shared)) == []
    await new_embed(api, "embedded", OWNER)
    for query in (SEND, PREVIEW):
        assert await kinds(api, "embedded", query, letter(shared)) == ["ForbiddenError"]
    await new_key(api, "reader", scopes=["CONFIGS_READ", "CONFIGS_WRITE"])
    await new_key(api, "sender", scopes=["MAIL_SEND"])
    assert await kinds(api, "reader", SEND, letter(shared)) == ["ForbiddenError"]
    assert await kinds(api, "sender", SEND, letter(shared)) == []


@ON_SQLITE
async def test_an_account_that_cannot_send(api: Api) -> None:
    """One that only reads, and one that is switched off."""
    for address, changes in (("a@x.org", {"outgoing": None}), ("b@x.org", {"enabled": False})):
        config_id = await api.stored(MEMBER, emailAddress=address, **changes)
        (error,) = (await run(api, MEMBER, SEND, letter(config_id)))["errors"]
        assert (error["__typename"], error["path"]) == ("ValidationIssue", ["configId"])


@ON_SQLITE
async def test_the_quota_of_the_workspace(app_settings: Settings) -> None:
    """What goes beyond is a typed error."""
    settings = app_settings.model_copy(update={"quota_messages_per_day": 1})
    async with serving(settings) as api:
        config_id = await api.stored(MEMBER)
        assert await kinds(api, MEMBER, SEND, letter(config_id)) == []
        (error,) = (await run(api, MEMBER, SEND, letter(config_id)))["errors"]
        assert error["__typename"] == "QuotaExceededError"
        assert (error["quota"], error["limit"]) == ("MESSAGES_PER_DAY", 1)


# ---- reading -----------------------------------------------------------------------------------


async def test_the_list_has_pages_and_conditions(api: Api) -> None:
    """Newest first, each message on one page; configuration, state and time choose."""
    first = await sent(api, MEMBER)
    config_id = await api.stored(MEMBER, emailAddress="bo@example.net")
    others = [await sent(api, MEMBER, configId=config_id) for _ in range(2)]
    await run(api, MEMBER, CANCEL, {"id": first["id"]})
    whole = (await api.data(MEMBER, LIST))["messages"]
    listed = [node["id"] for node in whole["nodes"]]
    assert sorted(listed) == sorted(each["id"] for each in (first, *others))
    assert (whole["totalCount"], listed[-1]) == (3, first["id"])
    page = (await api.data(MEMBER, LIST, {"first": 2}))["messages"]
    assert [node["id"] for node in page["nodes"]] == listed[:2]
    assert page["pageInfo"]["hasNextPage"] is True
    after = {"first": 2, "after": page["pageInfo"]["endCursor"]}
    assert [
        edge["node"]["id"] for edge in (await api.data(MEMBER, LIST, after))["messages"]["edges"]
    ] == listed[2:]
    back = {"last": 1, "before": whole["edges"][2]["cursor"]}
    assert (await api.data(MEMBER, LIST, back))["messages"]["nodes"] == [{"id": listed[1]}]
    for conditions, expected in (
        ({"configId": [config_id]}, 2),
        ({"state": ["CANCELLED"]}, 1),
        ({"state": ["CANCELLED"], "configId": [config_id]}, 0),
        ({"createdAt": {"lt": first["createdAt"]}}, 0),
        ({"createdAt": {"gte": first["createdAt"]}}, 3),
    ):
        found = (await api.data(MEMBER, LIST, {"filter": conditions}))["messages"]
        assert (found["totalCount"], len(found["nodes"])) == (expected, expected), conditions


@ON_SQLITE
async def test_who_sees_which(api: Api) -> None:
    """As with configurations: own and shared ones, administrators all, strangers none."""
    own = await sent(api, MEMBER)
    shared = await sent(api, ADMIN, configId=await api.stored(ADMIN, shared=True))
    seen = {MEMBER: 2, COLLEAGUE: 1, VIEWER: 1, ADMIN: 2, OWNER: 2, STRANGER: 0}
    for who, count in seen.items():
        assert (await api.data(who, LIST))["messages"]["totalCount"] == count, who
        found = await api.data(who, ONE, {"id": own["id"]})
        assert (found["message"] is not None) is (count == 2), who
    for sort in ("EmailConfig", "File"):
        wrong = ids.encode(sort, ids.key_of("Message", shared["id"]))
        assert (await api.data(ADMIN, ONE, {"id": wrong}))["message"] is None


async def test_a_message_says_what_became_of_it(api: Api) -> None:
    """The diagnosis is that of a connection test, with the provider's own advice; attempts too."""
    config_id = await api.stored(MEMBER)
    message = await sent(api, configId=config_id)
    assert (await api.data(MEMBER, MEANING, {"id": message["id"]}))["message"] == {
        "state": "QUEUED",
        "heldFor": None,
        "serverReply": None,
        "diagnosis": None,
        "attempts": [],
        "config": {"id": config_id, "emailAddress": "ann@example.net"},
    }
    code, reply = DiagnosticCode.GREYLISTED, "451 4.7.1 Greylisted"
    await ended(api, message, MessageEvent.DEFER, code=code, reply=reply, phase=Phase.RCPT)
    found = (await api.data(MEMBER, MEANING, {"id": message["id"]}))["message"]
    assert (found["state"], found["serverReply"]) == ("DEFERRED", reply)
    assert found["diagnosis"]["code"] == "GREYLISTED"
    assert (found["diagnosis"]["retryable"], found["diagnosis"]["serverReply"]) == (True, reply)
    assert found["attempts"] == [
        {
            "number": 1,
            "event": "DEFER",
            "phase": "RCPT",
            "host": "smtp.example.net",
            "serverReply": reply,
            "diagnosis": {"code": "GREYLISTED"},
        }
    ]


@ON_SQLITE
async def test_a_key_for_mail_sees_no_configuration(api: Api) -> None:
    """What a message says of its account takes the scope that reading accounts takes."""
    message = await sent(api, ADMIN, configId=await api.stored(ADMIN, shared=True))
    await new_key(api, "sender", scopes=["MAIL_SEND"])
    query = "query ($id: ID!) { message(id: $id) { subject config { emailAddress } } }"
    answer = await api.call("sender", query, {"id": message["id"]})
    assert answer["data"] == {"message": {"subject": "Hi", "config": None}}
    (error,) = answer["errors"]
    assert error["message"] == "This key or token needs the scope configs:read."
    paused = await run(
        api,
        "sender",
        PAUSE,
        {"configId": await api.stored(OWNER, shared=True, emailAddress="x@example.net")},
    )
    assert (paused["errors"], paused["config"], paused["pausedAt"] is None) == ([], None, False)
    await new_key(api, "reader", scopes=["CONFIGS_READ"])
    for asked in (LIST, "{ suppressions { nodes { id } } }"):
        refused = await api.call("reader", asked)
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


# ---- changing ----------------------------------------------------------------------------------


async def test_states_refuse_with_their_name(api: Api) -> None:
    """Cancelled once; tried again from there; sent again only where nobody knows."""
    message = await sent(api)
    one = {"id": message["id"]}
    stopped = (await run(api, MEMBER, CANCEL, one))["message"]
    assert stopped == {"id": message["id"], "state": "CANCELLED", "dueAt": None}
    (error,) = (await run(api, MEMBER, CANCEL, one))["errors"]
    assert (error["__typename"], error["state"], error["path"]) == (
        "MessageStateError",
        "CANCELLED",
        ["id"],
    )
    assert (await run(api, MEMBER, RETRY, one))["message"]["state"] == "QUEUED"
    for query in (RETRY, AMBIGUOUS):
        (error,) = (await run(api, MEMBER, query, one))["errors"]
        assert (error["__typename"], error["state"]) == ("MessageStateError", "QUEUED")
    doubted = RecipientState.AMBIGUOUS
    await ended(api, message, MessageEvent.DOUBT, code=DiagnosticCode.CANCELLED, each=doubted)
    (error,) = (await run(api, MEMBER, RETRY, one))["errors"]
    assert error["state"] == "AMBIGUOUS"
    assert (await run(api, MEMBER, MANY, {"ids": [message["id"]]}))["retried"] == 0
    again = (await run(api, MEMBER, AMBIGUOUS, one))["message"]
    assert again == {**one, "state": "QUEUED", "recipients": [{"state": "WAITING"}]}
    trail = "{ auditEvents(first: 1) { nodes { action objectId details } } }"
    (event,) = (await api.data(ADMIN, trail))["auditEvents"]["nodes"]
    assert event["action"] == "message.retry_ambiguous"
    assert event["objectId"] == message["id"]
    assert event["details"]["before"] == "AMBIGUOUS"


async def test_many_messages_are_tried_again(api: Api) -> None:
    """By id or by filter; a hundred ids at most, and exactly one way."""
    config_id = await api.stored(MEMBER)
    messages = [await sent(api, configId=config_id) for _ in range(3)]
    for message in messages:
        await run(api, MEMBER, CANCEL, {"id": message["id"]})
    named = {
        "ids": [messages[0]["id"], ids.encode("Message", ids.key_of("EmailConfig", config_id))]
    }
    assert (await run(api, MEMBER, MANY, named))["retried"] == 1
    wanted = {"filter": {"configId": [config_id], "state": ["CANCELLED", "SENT"]}}
    assert (await run(api, MEMBER, MANY, wanted))["retried"] == 2
    assert (await run(api, MEMBER, MANY, wanted))["retried"] == 0
    (error,) = (await run(api, MEMBER, MANY, {"ids": [messages[0]["id"]] * 101}))["errors"]
    assert (error["__typename"], error["path"]) == ("ValidationIssue", ["ids"])
    answer = await api.call(MEMBER, MANY, {"input": {**wanted, **named}})
    assert answer["errors"]


async def test_an_account_pauses_and_resumes(api: Api) -> None:
    """What the pause held is due again; of a shared account administrators say so."""
    config_id = await api.stored(MEMBER)
    message = await sent(api, configId=config_id)
    paused = await run(api, MEMBER, PAUSE, {"configId": config_id})
    assert (paused["errors"], paused["config"]) == ([], {"id": config_id})
    assert paused["pausedAt"] is not None
    again = await run(api, MEMBER, PAUSE, {"configId": config_id})
    assert again["pausedAt"] == paused["pausedAt"]
    async with worker(api, message) as (work, row):
        later = utc_now() + timedelta(hours=1)
        change = Change(MessageEvent.HOLD, due_at=later, held_for=HeldFor.PAUSE)
        assert await work.messages.apply(row.id, change)
    held = (await api.data(MEMBER, MEANING, {"id": message["id"]}))["message"]
    assert (held["state"], held["heldFor"], held["diagnosis"]) == ("HELD", "PAUSE", None)
    resumed = await run(api, MEMBER, RESUME, {"configId": config_id})
    assert resumed == {"config": {"id": config_id}, "errors": []}
    found = (await api.data(MEMBER, ONE, {"id": message["id"]}))["message"]
    assert (found["state"], found["heldFor"]) == ("QUEUED", None)
    shared = await api.stored(ADMIN, shared=True, emailAddress="team@example.net")
    assert await kinds(api, MEMBER, PAUSE, {"configId": shared}) == ["ForbiddenError"]
    assert await kinds(api, ADMIN, PAUSE, {"configId": shared}) == []


# ---- the suppression list ----------------------------------------------------------------------


async def test_the_list_is_for_all_who_send(api: Api) -> None:
    """Whoever is on it gets nothing of anybody; whoever is taken off does again."""
    config_id = await api.stored(MEMBER)
    added = await run(api, ADMIN, SUPPRESS, {"address": "Bo@Example.org"})
    assert added["errors"] == []
    assert added["suppression"]["address"] == "bo@example.org"
    assert added["suppression"]["reason"] == "MANUAL"
    (error,) = (await run(api, MEMBER, SEND, letter(config_id)))["errors"]
    assert (error["__typename"], error["path"]) == ("RecipientsSuppressedError", ["to"])
    assert error["addresses"] == ["bo@example.org"]
    two = [{"address": "bo@example.org"}, {"address": "cy@example.org"}]
    message = await sent(api, configId=config_id, to=two)
    assert [one["state"] for one in message["recipients"]] == ["SUPPRESSED", "WAITING"]
    query = """query ($filter: SuppressionFilter) {
      suppressions(first: 1, filter: $filter) {
        nodes { address } edges { node { address } } pageInfo { hasNextPage } } }"""
    listed = (await api.data(OWNER, query))["suppressions"]
    assert listed["nodes"] == [{"address": "bo@example.org"}]
    assert listed["pageInfo"] == {"hasNextPage": False}
    for reasons, expected in ((["BOUNCE"], 0), (["MANUAL", "BOUNCE"], 1)):
        found = await api.data(OWNER, query, {"filter": {"reason": reasons}})
        assert len(found["suppressions"]["nodes"]) == expected
    assert (await api.data(STRANGER, query))["suppressions"]["nodes"] == []
    removed = await run(api, ADMIN, UNSUPPRESS, {"address": "BO@example.org"})
    assert removed == {"address": "bo@example.org", "errors": []}
    assert await kinds(api, MEMBER, SEND, letter(config_id)) == []
    trail = '{ auditEvents(first: 9, filter: {action: ["suppression.add", "suppression.remove"]}) '
    told = (await api.data(ADMIN, trail + "{ nodes { action details } } }"))["auditEvents"]["nodes"]
    assert [event["action"] for event in told] == ["suppression.remove", "suppression.add"]
    assert told[0]["details"] == told[1]["details"]
    assert "example.org" not in str(told)


@ON_SQLITE
async def test_members_do_not_keep_the_list(api: Api) -> None:
    """Neither read nor changed by them."""
    for query in (SUPPRESS, UNSUPPRESS):
        assert await kinds(api, MEMBER, query, {"address": "bo@example.org"}) == ["ForbiddenError"]
    answer = await api.call(MEMBER, "{ suppressions { nodes { id } } }")
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
