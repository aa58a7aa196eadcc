"""The queries `node` and `nodes`."""

from base64 import urlsafe_b64encode
from uuid import UUID

from kit.api import COLLEAGUE, MEMBER, STRANGER, Api

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
TEST = """
mutation ($id: ID!) {
  testConnection(input: { target: { configId: $id }, waitSeconds: 20 }) { test { id } }
}
"""
UPLOAD = """
mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { id } } }
"""


def encoded(text: str) -> str:
    """Return a global id made by hand."""
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


async def everything(api: Api) -> dict[str, str]:
    """Make one object of each type for MEMBER; return the ids by type."""
    config_id = await api.stored(MEMBER)
    test = await api.data(MEMBER, TEST, {"id": config_id})
    file = await api.upload(
        MEMBER,
        UPLOAD,
        {"input": {"file": None, "kind": "ATTACHMENT"}},
        {"variables.input.file": ("terms.txt", b"Be kind.\n", "text/plain")},
    )
    viewer = await api.data(MEMBER, "{ viewer { id } }")
    return {
        "EmailConfig": config_id,
        "ConnectionTest": test["testConnection"]["test"]["id"],
        "File": file["data"]["uploadFile"]["file"]["id"],
        "Viewer": viewer["viewer"]["id"],
        "Provider": encoded("Provider:gmail"),
    }


async def test_every_node_is_found_by_its_id(api: Api) -> None:
    """The same object with the same id, one at a time and together, in the order asked for."""
    ids = await everything(api)
    expected = [{"__typename": name, "id": id} for name, id in ids.items()]
    for node in expected:
        assert (await api.data(MEMBER, NODE, {"id": node["id"]}))["node"] == node
    assert (await api.data(MEMBER, NODES, {"ids": list(ids.values())}))["nodes"] == expected


async def test_to_others_they_do_not_exist(api: Api) -> None:
    """Neither to a colleague nor in another workspace; the catalogue is everybody's."""
    ids = await everything(api)
    for who in (COLLEAGUE, STRANGER):
        found = (await api.data(who, NODES, {"ids": list(ids.values())}))["nodes"]
        assert [node and node["__typename"] for node in found] == [None] * 4 + ["Provider"]


async def test_nobody_sees_the_catalogue_only(api: Api) -> None:
    """An id of something private is refused before it is looked up."""
    ids = await everything(api)
    found = await api.data(None, NODE, {"id": ids["Provider"]})
    assert found["node"]["__typename"] == "Provider"
    answer = await api.call(None, NODE, {"id": ids["EmailConfig"]})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_what_is_no_id_is_null(api: Api) -> None:
    """Other words, unknown types, ids that are none: null, each at its place, never an error."""
    odd = [
        "",
        "nonsense",
        "\N{SNOWMAN}",
        encoded("EmailConfig:"),
        encoded("EmailConfig:1"),
        encoded(f"EmailConfig:{UUID(int=7)}"),
        encoded("Nothing:1"),
        encoded("Provider:nobody"),
        encoded("User:1"),
        encoded("SettingsFix:1"),
        "\x00",
        "x" * 5000,
    ]
    assert (await api.data(MEMBER, NODES, {"ids": odd}))["nodes"] == [None] * len(odd)


async def test_at_most_a_hundred_at_once(api: Api) -> None:
    """As many as a page has rows; one more is refused."""
    id = encoded("Provider:gmail")
    assert len((await api.data(MEMBER, NODES, {"ids": [id] * 100}))["nodes"]) == 100
    answer = await api.call(MEMBER, NODES, {"ids": [id] * 101})
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["extensions"]["issues"][0]["path"] == ["ids"]
