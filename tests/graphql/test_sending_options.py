"""What is done about an account's sent mail: chosen by who may change it, read with the account."""

from typing import Any

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, Api
from kit.worlds import mutation

OPTIONS = "sendingOptions { saveToSent readBounces }"
SET = mutation("setSendingOptions", "SetSendingOptionsInput", f"config {{ id {OPTIONS} }}")
READ = f"query ($id: ID!) {{ config(id: $id) {{ {OPTIONS} }} }}"
LIST = f"{{ configs {{ nodes {{ {OPTIONS} }} }} }}"
TRAIL = "{ auditEvents(first: 5) { nodes { action details } } }"
UNTOUCHED = {"saveToSent": None, "readBounces": False}


async def chosen(api: Api, who: str, config: str, **options: object) -> Any:  # noqa: ANN401 - JSON
    """Choose and return the payload."""
    given = {"input": {"configId": config, **options}}
    return (await api.data(who, SET, given))["setSendingOptions"]


async def test_nobody_looks_into_a_mailbox_unasked(api: Api) -> None:
    """A new account has its copies where the provider makes none, and its INBOX is left alone."""
    found = await api.data(MEMBER, READ, {"id": await api.stored(MEMBER)})
    assert found["config"]["sendingOptions"] == UNTOUCHED


async def test_a_choice_is_kept_and_told(api: Api) -> None:
    """It is read with the account and in lists; the trail has it once, however often it is made."""
    config = await api.stored(MEMBER)
    await api.stored(MEMBER, emailAddress="other@example.net")
    wanted = {"saveToSent": False, "readBounces": True}
    for _ in range(2):
        answer = await chosen(api, MEMBER, config, **wanted)
        assert answer == {"config": {"id": config, "sendingOptions": wanted}, "errors": []}
    listed = (await api.data(MEMBER, LIST))["configs"]["nodes"]
    assert [node["sendingOptions"] for node in listed] == [UNTOUCHED, wanted]
    trail = (await api.data(OWNER, TRAIL))["auditEvents"]["nodes"]
    told = [one["details"] for one in trail if one["action"] == "sending.options"]
    assert told == [{"save_to_sent": False, "read_bounces": True}]


async def test_others_do_not_choose(api: Api) -> None:
    """A colleague does not see a private account; an administrator sees it and may not choose."""
    config = await api.stored(MEMBER)
    hidden = await chosen(api, COLLEAGUE, config, readBounces=True)
    assert [error["__typename"] for error in hidden["errors"]] == ["NotFoundError"]
    refused = await chosen(api, ADMIN, config, readBounces=True)
    assert [error["__typename"] for error in refused["errors"]] == ["ForbiddenError"]
    found = await api.data(MEMBER, READ, {"id": config})
    assert found["config"]["sendingOptions"] == UNTOUCHED
