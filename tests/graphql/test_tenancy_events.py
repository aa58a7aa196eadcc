"""Each change of a workspace and its members is in the trail, without an address."""

from typing import Any

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, PASSWORD, VIEWER, Api
from kit.rowdump import all_rows
from mailconfig.domain.identity import Role

EVENTS = "{ auditEvents(first: 100) { nodes { action objectType details } } }"


async def run(
    api: Api, who: str | None, mutation: str, payload: str, **given: object
) -> dict[str, Any]:
    """Run a mutation, which must work, and return the payload."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    fields = f"{payload} errors {{ message }}"
    query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} }} }}"
    found = (await api.data(who, query, {"input": given}))[mutation]
    assert found["errors"] == []
    return found


async def test_every_change_has_its_event(api: Api) -> None:
    """One life of a workspace, from its name to the account that goes."""
    members = "{ workspace { members { nodes { id email } } } }"
    nodes = (await api.data(OWNER, members))["workspace"]["members"]["nodes"]
    known = {node["email"].partition("@")[0]: node["id"] for node in nodes}
    await run(api, ADMIN, "renameWorkspace", "workspace { name }", name="Acme")
    made = await run(
        api, ADMIN, "inviteMember", "invitation { id } token", email="a@example.org", role="VIEWER"
    )
    await run(api, ADMIN, "withdrawInvitation", "withdrawnId", id=made["invitation"]["id"])
    made = await run(api, ADMIN, "inviteMember", "token", email="b@example.org", role="VIEWER")
    await run(
        api, None, "acceptInvitation", "workspace { id }", token=made["token"], password=PASSWORD
    )
    await run(api, ADMIN, "changeMemberRole", "member { id }", userId=known[VIEWER], role="MEMBER")
    await run(api, ADMIN, "removeMember", "removedId", userId=known[VIEWER])
    await run(api, COLLEAGUE, "leaveWorkspace", "ok")
    await run(api, MEMBER, "deleteAccount", "ok", password=PASSWORD)
    await api.data(OWNER, "mutation { exportWorkspace { url errors { message } } }")
    await run(api, OWNER, "transferOwnership", "owner { id }", to=known[ADMIN])
    events = (await api.data(ADMIN, EVENTS))["auditEvents"]["nodes"]
    done = [event["action"] for event in events][::-1]
    assert done[done.index("workspace.rename") :] == [
        "workspace.rename",
        "invitation.create",
        "invitation.withdraw",
        "invitation.create",
        "user.create",
        "invitation.accept",
        "member.role",
        "member.remove",
        "member.leave",
        "account.delete",
        "workspace.export",
        "workspace.transfer",
    ]
    roles = next(event["details"] for event in events if event["action"] == "member.role")
    assert roles == {"was": Role.VIEWER.value, "role": Role.MEMBER.value}
    rows = await all_rows(api.settings.effective_database_url)
    assert "@" not in str(rows["audit_events"])
    assert "member@example.org" not in str(rows)


async def test_an_account_goes_with_its_configurations(api: Api) -> None:
    """By the right password only; the last owner's does not."""
    config_id = await api.stored(MEMBER)
    query = (
        "mutation ($input: DeleteAccountInput!)"
        " { deleteAccount(input: $input) { ok errors { __typename } } }"
    )
    for who, password, error in (
        (MEMBER, "another long password", "CredentialsError"),
        (OWNER, PASSWORD, "LastOwnerError"),
    ):
        payload = (await api.data(who, query, {"input": {"password": password}}))["deleteAccount"]
        assert payload == {"ok": False, "errors": [{"__typename": error}]}
    await run(api, MEMBER, "deleteAccount", "ok", password=PASSWORD)
    assert (await api.data(MEMBER, "{ viewer { role } }"))["viewer"] is None
    found = await api.call(ADMIN, "query ($id: ID!) { config(id: $id) { id } }", {"id": config_id})
    assert found["data"]["config"] is None
