"""Sender identities: `addSenderIdentity`, `updateSenderIdentity`, `deleteSenderIdentity`, and use.

Who may, and what a message gets of one in each case, is shown in tests/services/test_senders.py.
"""

from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any

import pytest

from kit.api import ADMIN, MEMBER, OWNER, STRANGER, VIEWER, Api
from kit.machines import new_embed, new_key
from kit.uploads import picture
from kit.worlds import letter
from mailconfig.graphql import ids

ERRORS = "errors { __typename message path ... on ValidationIssue { code } }"
SENDER = """
  id address name replyTo signatureText signatureHtml signatureImage { id kind } isDefault
  createdAt updatedAt
"""
ALL = "config { id senderIdentities { id isDefault } }"


def document(name: str, shown: str) -> str:
    """Return a mutation with all that its errors tell."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {shown} {ERRORS} }} }}"


ADD = document("addSenderIdentity", f"senderIdentity {{ {SENDER} }} {ALL}")
UPDATE = document("updateSenderIdentity", f"senderIdentity {{ {SENDER} }} {ALL}")
DELETE = document("deleteSenderIdentity", f"deletedId senderIdentity {{ id name }} {ALL}")
ATTACH = document("update", "config { files { id kind } }")
PREVIEW = document("previewEmail", "preview { content sender issues { code path } }")
SEND = document("sendEmail", "message { id sender }")
LIST = f"query ($id: ID!) {{ config(id: $id) {{ senderIdentities {{ {SENDER} }} }} }}"
FILE = "query ($id: ID!) { node(id: $id) { ... on File { url } } }"
ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""


async def run(api: Api, who: str, query: str, given: object) -> dict[str, Any]:
    """Run a mutation and return its payload."""
    (payload,) = (await api.data(who, query, {"input": given})).values()
    found: dict[str, Any] = payload
    return found


async def added(api: Api, config_id: str, who: str = MEMBER, **more: object) -> dict[str, Any]:
    """Add an identity; return it."""
    given = {"configId": config_id, "address": "sales@example.net", **more}
    payload = await run(api, who, ADD, given)
    assert payload["errors"] == []
    identity: dict[str, Any] = payload["senderIdentity"]
    return identity


async def image_of(api: Api, config_id: str, who: str = MEMBER) -> str:
    """Add an image to a configuration; return its global id."""
    upload = {"upload": {"file": None, "kind": "SIGNATURE_IMAGE"}}
    place = {"variables.input.files.0.upload.file": ("logo.png", picture("PNG"), "image/png")}
    answer = await api.upload(who, ATTACH, {"input": {"id": config_id, "files": [upload]}}, place)
    files = answer["data"]["update"]["config"]["files"]
    (image,) = [file["id"] for file in files if file["kind"] == "SIGNATURE_IMAGE"]
    return str(image)


async def test_an_identity_is_added_changed_and_removed(api: Api) -> None:
    """What is given is shown, absent fields stay, null clears; payloads have all that is left."""
    config_id = await api.stored(MEMBER)
    image = await image_of(api, config_id)
    whole = {
        "address": "Ann.Sales@Example.ORG",
        "name": "Ann",
        "replyTo": "answers@example.net",
        "signatureText": "Ann",
        "signatureHtml": "<img src='cid:signature'>",
        "signatureImageId": image,
        "isDefault": True,
    }
    payload = await run(api, MEMBER, ADD, {"configId": config_id, **whole})
    first = payload["senderIdentity"]
    del whole["signatureImageId"]
    shown = {**whole, "address": "Ann.Sales@example.org"}
    shown["signatureImage"] = {"id": image, "kind": "SIGNATURE_IMAGE"}
    assert {name: first[name] for name in shown} == shown
    assert payload["config"] == {
        "id": config_id,
        "senderIdentities": [{"id": first["id"], "isDefault": True}],
    }
    second = await added(api, config_id)
    assert {name for name, value in second.items() if value is None} == {
        "name",
        "replyTo",
        "signatureText",
        "signatureHtml",
        "signatureImage",
    }
    change = {"id": second["id"], "name": "Desk", "isDefault": True}
    payload = await run(api, MEMBER, UPDATE, change)
    assert (payload["senderIdentity"]["name"], payload["senderIdentity"]["replyTo"]) == (
        "Desk",
        None,
    )
    assert payload["config"]["senderIdentities"] == [
        {"id": first["id"], "isDefault": False},
        {"id": second["id"], "isDefault": True},
    ]
    cleared = {"id": first["id"], "name": None, "signatureImageId": None, "replyTo": None}
    after = (await run(api, MEMBER, UPDATE, cleared))["senderIdentity"]
    assert [after[name] for name in ("name", "signatureImage", "replyTo")] == [None] * 3
    assert after["signatureText"] == "Ann"
    listed = (await api.data(MEMBER, LIST, {"id": config_id}))["config"]["senderIdentities"]
    assert [one["id"] for one in listed] == [first["id"], second["id"]]
    assert listed[0] == after
    gone = await run(api, MEMBER, DELETE, {"id": first["id"]})
    assert (gone["deletedId"], gone["senderIdentity"]) == (
        first["id"],
        {"id": first["id"], "name": None},
    )
    assert gone["config"]["senderIdentities"] == [{"id": second["id"], "isDefault": True}]


async def test_a_preview_shows_signature_and_image(api: Api) -> None:
    """The exact bytes: From, Reply-To, both signatures, the stored image; what is given wins."""
    config_id = await api.stored(MEMBER)
    image = await image_of(api, config_id)
    signature = '<b>Ann</b> <img src="cid:signature" alt="">'
    more = {"name": "Grüße", "replyTo": "answers@example.net", "signatureText": "Ann"}
    identity = await added(api, config_id, signatureHtml=signature, signatureImageId=image, **more)
    given = letter(config_id, senderIdentityId=identity["id"], html="<p>Hello</p>")
    preview = (await run(api, MEMBER, PREVIEW, given))["preview"]
    assert (preview["sender"], preview["issues"]) == ("sales@example.net", [])
    content: str = preview["content"]
    for line in (
        "From: =?utf-8?b?R3LDvMOfZQ==?= <sales@example.net>",
        "Reply-To: <answers@example.net>",
        "Content-ID: <signature>",
        "Content-Disposition: inline; filename=logo.png",
        signature,
    ):
        assert line in content
    read = message_from_string(content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    texts, shown = read.iter_parts()
    assert (read.get_content_type(), texts.get_content_type()) == (
        "multipart/related",
        "multipart/alternative",
    )
    plain, marked = texts.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == "Hello\n\n-- \nAnn\n"
    assert marked.get_content().replace("\r\n", "\n") == (
        f'<p>Hello</p>\n<div class="signature">-- <br>\n{signature}</div>\n'
    )
    url = (await api.data(MEMBER, FILE, {"id": image}))["node"]["url"]
    assert shown.get_payload(decode=True) == (await api.client.get(url)).content
    message = (await run(api, MEMBER, SEND, given))["message"]
    assert message["sender"] == "sales@example.net"
    own = {**given, "signature": {}, "senderName": "Eve", "replyTo": [{"address": "e@example.net"}]}
    content = (await run(api, MEMBER, PREVIEW, own))["preview"]["content"]
    assert "From: Eve <sales@example.net>\r\nReply-To: <e@example.net>\r\n" in content
    assert "Ann" not in content


@ON_SQLITE
async def test_a_default_is_had_without_being_named(api: Api) -> None:
    """Of its configuration only; without one a message is from the configuration."""
    config_id = await api.stored(MEMBER)
    before = (await run(api, MEMBER, PREVIEW, letter(config_id)))["preview"]["sender"]
    assert before == "ann@example.net"
    await added(api, config_id, isDefault=True)
    assert (await run(api, MEMBER, SEND, letter(config_id)))["message"]["sender"] == (
        "sales@example.net"
    )
    other = await api.stored(MEMBER, emailAddress="bob@example.net")
    assert (await run(api, MEMBER, SEND, letter(other)))["message"]["sender"] == "bob@example.net"


@ON_SQLITE
async def test_what_is_wrong_is_told_by_field(api: Api) -> None:
    """As with forms: one issue for each field, and nothing is stored."""
    config_id = await api.stored(MEMBER)
    wrong = {
        "configId": config_id,
        "address": "sales",
        "name": "A\r\nBcc: eve@example.org",
        "replyTo": "",
        "signatureText": "a" * 16_385,
        "signatureHtml": "\0",
    }
    payload = await run(api, MEMBER, ADD, wrong)
    assert (payload["senderIdentity"], payload["config"]) == (None, None)
    assert {tuple(error["path"]): error["code"] for error in payload["errors"]} == {
        ("address",): "INVALID_FORMAT",
        ("name",): "INVALID_FORMAT",
        ("replyTo",): "REQUIRED",
        ("signatureText",): "TOO_LONG",
        ("signatureHtml",): "INVALID_FORMAT",
    }
    found = (await api.data(MEMBER, LIST, {"id": config_id}))["config"]
    assert found == {"senderIdentities": []}


async def test_the_image_is_one_of_the_configuration(api: Api) -> None:
    """Of anything else there is none: another's, an upload, a file of another kind, no file."""
    config_id = await api.stored(MEMBER)
    other = await api.stored(MEMBER, emailAddress="bob@example.net")
    theirs = await api.stored(STRANGER)
    upload = document("uploadFile", "file { id }")
    place = {"variables.input.file": ("logo.png", picture("PNG"), "image/png")}

    async def uploaded(kind: str) -> str:
        given = {"input": {"file": None, "kind": kind}}
        answer = await api.upload(MEMBER, upload, given, place)
        return str(answer["data"]["uploadFile"]["file"]["id"])

    note = await uploaded("ATTACHMENT")
    attached = {"id": config_id, "files": [{"fileId": note}]}
    assert (await run(api, MEMBER, ATTACH, attached))["errors"] == []
    identity = await added(api, config_id)
    for image in (
        await image_of(api, other),
        await image_of(api, theirs, STRANGER),
        await uploaded("SIGNATURE_IMAGE"),
        note,
        ids.encode("EmailConfig", ids.key_of("EmailConfig", config_id)),
        "none",
    ):
        wish = {"configId": config_id, "address": "a@example.net", "signatureImageId": image}
        change = {"id": identity["id"], "signatureImageId": image}
        for query, given in ((ADD, wish), (UPDATE, change)):
            (error,) = (await run(api, MEMBER, query, given))["errors"]
            assert (error["__typename"], error["path"]) == ("NotFoundError", ["signatureImageId"])
    listed = (await api.data(MEMBER, LIST, {"id": config_id}))["config"]["senderIdentities"]
    assert listed == [identity]


async def test_a_deleted_image_is_shown_no_more(api: Api) -> None:
    """The identity stays without it, and a preview tells that something is missing."""
    config_id = await api.stored(MEMBER)
    image = await image_of(api, config_id)
    html = "<img src='cid:signature'>"
    identity = await added(api, config_id, signatureHtml=html, signatureImageId=image)
    removed = await run(api, MEMBER, document("deleteFile", "deletedId"), {"id": image})
    assert removed["errors"] == []
    listed = (await api.data(MEMBER, LIST, {"id": config_id}))["config"]["senderIdentities"]
    assert listed == [{**identity, "signatureImage": None}]
    given = letter(config_id, senderIdentityId=identity["id"], html="<p>Hi</p>")
    preview = (await run(api, MEMBER, PREVIEW, given))["preview"]
    assert preview["issues"] == [{"code": "REQUIRED", "path": ["senderIdentityId"]}]
    assert "Content-ID" not in preview["content"]


@ON_SQLITE
async def test_machines_need_their_scopes(api: Api) -> None:
    """A key for mail uses an identity and changes none; an embed token may do neither."""
    config_id = await api.stored(OWNER, shared=True)
    identity = await added(api, config_id, OWNER)
    await new_key(api, "sender", scopes=["MAIL_SEND"])
    await new_key(api, "writer", scopes=["CONFIGS_WRITE"])
    given = letter(config_id, senderIdentityId=identity["id"])
    assert (await run(api, "sender", SEND, given))["message"]["sender"] == "sales@example.net"
    change = {"id": identity["id"], "name": "Desk"}
    short = document("updateSenderIdentity", "senderIdentity { name }")
    (error,) = (await run(api, "sender", short, change))["errors"]
    assert error["__typename"] == "ForbiddenError"
    assert (await run(api, "writer", short, change))["senderIdentity"] == {"name": "Desk"}
    answer = await api.call("writer", LIST, {"id": config_id})
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    await new_embed(api, "embedded", OWNER, purpose={"configId": config_id})
    for query, wish in (
        (ADD, {"configId": config_id, "address": "a@example.net"}),
        (UPDATE, change),
        (DELETE, {"id": identity["id"]}),
    ):
        (error,) = (await run(api, "embedded", query, wish))["errors"]
        assert error["__typename"] == "ForbiddenError"


@ON_SQLITE
async def test_the_list_is_read_once_for_all_configurations(api: Api) -> None:
    """Whoever sees a configuration sees its identities; those of others are not mixed in."""
    shared = await api.stored(ADMIN, shared=True, emailAddress="team@example.net")
    own = await api.stored(MEMBER)
    await added(api, shared, ADMIN, name="Team")
    await added(api, own, name="Ann")
    query = "{ configs { nodes { id senderIdentities { name } } } }"
    for who, known in (
        (VIEWER, {shared: [{"name": "Team"}]}),
        (MEMBER, {shared: [{"name": "Team"}], own: [{"name": "Ann"}]}),
    ):
        nodes = (await api.data(who, query))["configs"]["nodes"]
        assert {node["id"]: node["senderIdentities"] for node in nodes} == known


@ON_SQLITE
async def test_the_trail_names_the_identity(api: Api) -> None:
    """Events are found by the global id, and say no address."""
    config_id = await api.stored(MEMBER)
    identity = await added(api, config_id)
    trail = (
        "query ($id: ID!) { auditEvents(filter: { objectId: $id })"
        " { nodes { action objectType objectId details } } }"
    )
    (event,) = (await api.data(ADMIN, trail, {"id": identity["id"]}))["auditEvents"]["nodes"]
    assert (event["action"], event["objectType"]) == ("sender.add", "sender")
    assert event["objectId"] == identity["id"]
    assert event["details"]["config"] == config_id
    assert "@" not in event["details"]["address"]
