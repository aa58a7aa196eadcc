"""Links to files and exports: guessed, altered, expired and foreign ones open nothing.

Every refusal is one answer: status, headers and body tell neither what was wrong nor what there is.
Links are signed here with the application's own key, so that each is wrong in one thing only; the
same link without its fault opens.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from time import time
from uuid import UUID

import httpx
import pytest

from kit.api import OWNER, SIGNING_KEY, STRANGER, Api, serving
from kit.attacks import EXPORT, run, stored_file
from kit.worlds import mutation
from mailconfig.domain.ids import new_id
from mailconfig.domain.signing import Signer
from mailconfig.graphql import ids
from mailconfig.settings import Settings
from mailconfig.storage.signingkeys import signing_ring

LINK = re.compile(r"/(\w+)/([^/]+)/([^?]+)\?expires=(\d+)&signature=([0-9a-f]{32})(\S{43})")
DELETE_FILE = mutation("deleteFile", "DeleteFileInput", "deletedId")
TRANSFER = mutation("transferOwnership", "TransferOwnershipInput", "owner { id }")
MEMBERS = "{ workspace { members { nodes { id email } } } }"


@pytest.fixture
def engine() -> str:
    """A link is judged before storage is asked."""
    return "sqlite"


@dataclass(frozen=True)
class Link:
    """The parts of a link."""

    kind: str
    id: str
    name: str
    expires: str
    place: str
    """Workspace of a file, user of an export."""
    mac: str

    @classmethod
    def of(cls, text: str) -> "Link":
        """Take a link apart."""
        found = LINK.fullmatch(text)
        assert found is not None, text
        return cls(*found.groups())

    def text(self, **changes: str) -> str:
        """Return the link with other parts."""
        part = self.__dict__ | changes
        return (
            f"/{part['kind']}/{part['id']}/{part['name']}"
            f"?expires={part['expires']}&signature={part['place']}{part['mac']}"
        )

    def signed(self, **changes: str) -> str:
        """Return the link with other parts and the signature that is right for them."""
        part = self.__dict__ | changes
        if self.kind == "files":
            covered = (part["id"], part["name"], part["place"], part["expires"])
            signer = Signer(signing_ring(SIGNING_KEY)).derive("file link")
        else:
            covered = (UUID(part["id"]).hex, part["place"], part["expires"])
            signer = Signer(signing_ring(SIGNING_KEY)).derive("export link")
        return self.text(**changes, mac=signer.sign(*covered))


@dataclass
class Site:
    """The application and links of two owners."""

    api: Api
    file: dict[str, Link]
    export: dict[str, Link]

    async def get(self, link: str, method: str = "GET") -> httpx.Response:
        """Ask without any session: a link alone opens."""
        return await self.api.client.request(method, link)


@pytest.fixture
async def site(app_settings: Settings) -> AsyncIterator[Site]:
    """A file and an export of an owner and of a stranger."""
    async with serving(app_settings) as api:
        files, exports = {}, {}
        for who in (OWNER, STRANGER):
            files[who] = Link.of(await stored_file(api, who))
            made = await api.data(who, EXPORT)
            exports[who] = Link.of(made["exportWorkspace"]["url"])
        yield Site(api, files, exports)


def altered(link: Link, other: Link) -> Mapping[str, str]:
    """Return links with one fault each; `other` is somebody else's."""
    later = str(int(link.expires) + 1)
    past = str(int(time()) - 1)
    found = {
        "another id": link.text(id=str(new_id())),
        "a stranger's id": link.text(id=other.id),
        "another end": link.text(expires=later),
        "the last end": link.text(expires="999999999999"),
        "an end with zeros": link.text(expires=f"0{link.expires}"),
        "an end with a sign": link.text(expires=f"%2B{link.expires}"),
        "no end": link.text(expires=""),
        "a stranger's place": link.text(place=other.place),
        "a stranger's signature": link.text(mac=other.mac),
        "a stranger's place and signature": link.text(place=other.place, mac=other.mac),
        "no signature": link.text(place="", mac=""),
        "half a signature": link.text(mac=link.mac[:20]),
        "a letter more": link.text(mac=f"{link.mac}A"),
        "in capitals": link.text(place=link.place.upper().replace("0", "A")),
        "an end that is over": link.signed(expires=past),
        "an end at this moment": link.signed(expires=str(int(time()))),
        "an end before time": link.signed(expires="1"),
        "a stranger's place, signed": link.signed(place=other.place),
        "an id that is not there, signed": link.signed(id=str(new_id())),
        "only a path": link.text().partition("?")[0],
        "a wrong letter twice": link.text() + "&signature=x&expires=1",
    }
    for at, letter in enumerate(link.mac):
        flipped = link.mac[:at] + ("A" if letter != "A" else "B") + link.mac[at + 1 :]
        found[f"letter {at} of the signature"] = link.text(mac=flipped)
    return found


def told(answer: httpx.Response) -> tuple[int, dict[str, str], dict[str, str]]:
    """Return all that an attacker can tell answers apart by."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    error = dict(answer.json()["error"])
    error.pop("requestId")
    return answer.status_code, headers, error


@pytest.mark.parametrize("kind", ["file", "export"])
async def test_no_bent_link_opens(site: Site, kind: str) -> None:
    """Each is refused in one and the same way, by HEAD as well; the link as it was given opens."""
    links: dict[str, Link] = getattr(site, kind)
    own, other = links[OWNER], links[STRANGER]
    first = None
    for name, bent in altered(own, other).items():
        answer = await site.get(bent)
        assert answer.status_code == 404, name
        first = first or told(answer)
        # A body's length differs by nothing: all say the same.
        assert told(answer) == first, name
        assert (await site.get(bent, "HEAD")).status_code == 404, name
    assert (await site.get(own.text())).status_code == 200
    later = str(int(time()) + 60)
    assert (await site.get(own.signed(expires=later))).status_code == 200


async def test_names_of_files_are_part_of_their_links(site: Site) -> None:
    """Another name, a path and an encoded one; a link names one file by one name."""
    own = site.file[OWNER]
    names = ("evil.html", "..%2F..%2Fetc%2Fpasswd", "note.txt%00.html", "NOTE.TXT", "note.txt%0A")
    for name in names:
        answer = await site.get(own.text(name=name))
        assert answer.status_code == 404, name
    assert (await site.get(own.text(name="note%2Etxt"))).status_code == 200  # the same name


async def test_ids_are_not_guessed(site: Site) -> None:
    """Neighbours of an id that is known are signed for nobody."""
    own = site.file[OWNER]
    number = UUID(own.id).int
    for step in range(-20, 21):
        neighbour = str(UUID(int=number + step))
        opened = (await site.get(own.text(id=neighbour))).status_code
        assert opened == (200 if step == 0 else 404)


async def test_a_link_ends_with_what_it_names(site: Site) -> None:
    """A deleted file, and an export whose maker is no owner any more, read like a bent link."""
    bent = told(await site.get(site.file[STRANGER].text(mac="A" * 43)))
    own = site.file[OWNER]
    members = (await site.api.data(OWNER, MEMBERS))["workspace"]["members"]["nodes"]
    heir = next(one["id"] for one in members if one["email"].startswith("admin@"))
    assert (await run(site.api, OWNER, TRANSFER, {"to": heir}))["errors"] == []
    assert told(await site.get(site.export[OWNER].text())) == bent
    file_id = ids.encode("File", UUID(own.id))
    assert (await run(site.api, OWNER, DELETE_FILE, {"id": file_id}))["errors"] == []
    assert told(await site.get(own.text())) == bent


async def test_links_of_one_kind_are_none_of_the_other(site: Site) -> None:
    """A signature for a file opens no export, and the other way round."""
    file, export = site.file[OWNER], site.export[OWNER]
    assert (await site.get(export.text(place=file.place, mac=file.mac))).status_code == 404
    assert (await site.get(file.text(place=export.place, mac=export.mac))).status_code == 404
    forged = Signer(signing_ring(SIGNING_KEY)).derive("file link")
    mac = forged.sign(UUID(export.id).hex, export.place, export.expires)
    assert (await site.get(export.text(mac=mac))).status_code == 404
