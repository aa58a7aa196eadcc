"""Managed unsubscription (RFC 8058): a link in the message, a page, one POST, and no more mail."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kit.api import ADMIN, MEMBER, OWNER, Api, serving
from kit.outbox import waiting_messages
from kit.worlds import mutation
from mailconfig.settings import Settings

SEND = mutation("sendEmail", "SendEmailInput", "message { id }")
PREVIEW = mutation("previewEmail", "PreviewEmailInput", "preview { content }")
LISTED = "{ suppressions(first: 5) { nodes { address reason } } }"
TRAIL = "{ auditEvents(first: 1) { nodes { action actorId } } }"
RECIPIENT = "Bob@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
HEADER = re.compile(r"^List-Unsubscribe:\s+<https://test(/unsubscribe/[\w-]{43})>\r$", re.MULTILINE)


@pytest.fixture
async def served(app_settings: Settings) -> AsyncIterator[Api]:
    """The application, which knows its own address."""
    settings = app_settings.model_copy(update={"public_url": "https://test"})
    async with serving(settings) as api:
        api.client.base_url = httpx.URL("https://test")
        yield api


def _draft(config: str, **changes: object) -> dict[str, Any]:
    given: dict[str, Any] = {
        "configId": config,
        "to": [{"address": RECIPIENT}],
        "subject": "News",
        "text": "Hello.",
        "listUnsubscribe": {"managed": True},
    }
    return {"input": given | changes}


async def _link(api: Api) -> str:
    """Send a message and return the link in what is stored."""
    sent = await api.data(MEMBER, SEND, _draft(await api.stored(MEMBER)))
    assert sent["sendEmail"]["errors"] == []
    ((_, content),) = await waiting_messages(api.settings)
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content
    (link,) = HEADER.findall(content)
    return str(link)


async def test_one_post_ends_the_mail(served: Api) -> None:
    """A mail program's POST without cookie or origin lists the address; the next send is refused.

    A second POST is as fine as the first and changes nothing.
    """
    link = await _link(served)
    for _ in range(2):
        answer = await served.client.post(link, data=ONE_CLICK)
        assert (answer.status_code, "location" in answer.headers) == (200, False)
    listed = await served.data(ADMIN, LISTED)
    assert listed["suppressions"]["nodes"] == [
        {"address": RECIPIENT.lower(), "reason": "UNSUBSCRIBE"}
    ]
    trail = (await served.data(OWNER, TRAIL))["auditEvents"]["nodes"]
    assert trail == [{"action": "suppression.add", "actorId": None}]
    other = await served.stored(MEMBER, emailAddress="another@example.net")
    again = await served.data(MEMBER, SEND, _draft(other))
    (error,) = again["sendEmail"]["errors"]
    assert error["__typename"] == "RecipientsSuppressedError"


async def test_looking_changes_nothing(served: Api) -> None:
    """GET shows the address and a button; programs that open links unsubscribe nobody."""
    link = await _link(served)
    page = await served.client.get(link, headers={"Accept-Language": "de"})
    assert (page.status_code, page.headers["content-language"]) == (200, "de")
    assert RECIPIENT in page.text
    assert '<form method="post"><button>' in page.text
    assert (await served.client.head(link)).status_code == 200
    assert (await served.data(ADMIN, LISTED))["suppressions"]["nodes"] == []


async def test_pages_are_locked_down(served: Api) -> None:
    """No script, no frame, nothing kept, no referrer with the token in it, no cookie."""
    page = await served.client.get(await _link(served))
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    "token", ["x", "A" * 43, "%3Cscript%3E", "A" * 4000], ids=["short", "unknown", "markup", "long"]
)
async def test_unknown_links_get_one_answer(served: Api, token: str) -> None:
    """Nothing of a link that does not work is echoed, and no method tells more."""
    get = await served.client.get(f"/unsubscribe/{token}")
    post = await served.client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert (get.status_code, post.status_code) == (404, 404)
    assert get.text == post.text
    assert "script" not in get.text


async def test_addresses_are_escaped(served: Api) -> None:
    """An address that would be HTML is text on the page."""
    address = '"<b>"@example.org'
    given = _draft(await served.stored(MEMBER), to=[{"address": address}])
    sent = (await served.data(MEMBER, SEND, given))["sendEmail"]
    if sent["errors"]:  # refused as an address is as good
        assert sent["errors"][0]["path"][0] == "to"
        return
    ((_, content),) = await waiting_messages(served.settings)
    page = await served.client.get(HEADER.findall(content)[0])
    assert "<b>" not in page.text


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"to": [{"address": "a@example.org"}, {"address": "b@example.org"}]}, "listUnsubscribe"),
        ({"bcc": [{"address": "b@example.org"}]}, "listUnsubscribe"),
        (
            {"listUnsubscribe": {"managed": True, "url": "https://example.org/u"}},
            "listUnsubscribe.managed",
        ),
    ],
    ids=["two recipients", "a hidden copy", "a link of their own"],
)
async def test_what_a_managed_link_is_not_for(
    served: Api, changes: dict[str, Any], path: str
) -> None:
    """With two recipients each could unsubscribe the other; two kinds at once are one too many."""
    given = _draft(await served.stored(MEMBER), **changes)
    sent = (await served.data(MEMBER, SEND, given))["sendEmail"]
    assert [".".join(error["path"]) for error in sent["errors"]] == [path]
    assert await waiting_messages(served.settings) == []


async def test_a_preview_has_a_link_that_does_not_work(served: Api) -> None:
    """The bytes are as they would be sent, but nothing is stored."""
    given = _draft(await served.stored(MEMBER))
    preview = (await served.data(MEMBER, PREVIEW, given))["previewEmail"]["preview"]
    (link,) = HEADER.findall(preview["content"].replace("\n", "\r\n").replace("\r\r", "\r"))
    assert (await served.client.get(link)).status_code == 404


async def test_without_an_address_of_its_own(api: Api) -> None:
    """A service that does not know where it is reached by https makes no links."""
    sent = (await api.data(MEMBER, SEND, _draft(await api.stored(MEMBER))))["sendEmail"]
    assert [error["path"] for error in sent["errors"]] == [["listUnsubscribe"]]
