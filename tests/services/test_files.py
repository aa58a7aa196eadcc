"""Files from upload to removal: exact, limited, private, and nothing is left after a refusal."""

import asyncio
import io
import os
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
from PIL import Image

from kit.records import NOON, Tenant, make_config, make_tenant
from kit.uploads import Authority, EndlessFile, SentFile, picture
from mailconfig.domain.errors import (
    Fault,
    FileRefused,
    FileUnreadable,
    Forbidden,
    LimitExceeded,
    NotFound,
)
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.signing import Signer
from mailconfig.services.files import FileService
from mailconfig.services.intake import FileSettings
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import Database
from mailconfig.storage.streamcipher import CHUNK_BYTES

MIB = 1024 * 1024
CA = Authority()
DAY = timedelta(days=1)


@dataclass
class Clock:
    """A clock that a test sets."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


@dataclass
class Room:
    """A file service with everything that it works on."""

    files: FileService
    database: Database
    blobs: ObstoreBlobs
    folder: Path
    clock: Clock
    tenant: Tenant
    owner: Principal

    async def member(self, name: str, role: Role = Role.MEMBER) -> Principal:
        """Add a user with a role to the workspace."""
        async with self.database.identity() as identity:
            user = await identity.create_user(f"{name}@example.com", "hash")
            await identity.add_member(self.tenant.workspace_id, user.id, role)
        return principal(Tenant(self.tenant.workspace_id, user.id), role)

    async def config(self, owner_id: UUID | None, address: str = "ada@example.com") -> UUID:
        """Store a configuration; None is shared."""
        config = make_config(self.tenant, owner_id=owner_id, email_address=address)
        async with self.database.work(self.tenant.workspace_id) as work:
            await work.configs.insert(config, self.tenant.user_id)
        return config.id

    async def attach(self, file: StoredFile, config_id: UUID) -> None:
        """Attach a file as the configurations' service does."""
        async with self.database.work(self.tenant.workspace_id) as work:
            await work.files.attach([file.id], config_id)

    async def content(self, file: StoredFile, reader: Principal | None = None) -> bytes:
        """Return all bytes of a file."""
        _, chunks = await self.files.read(reader or self.owner, file.id)
        return b"".join([chunk async for chunk in chunks])

    def stored(self) -> list[Path]:
        """Return every file in the blob store's folder, finished or not."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    async def assert_empty(self) -> None:
        """Fail unless there is neither a blob, nor a row, nor a data key."""
        assert self.stored() == []
        async with self.database.system() as system:
            assert await system.expired_files(NOON + 365 * DAY, 100) == []
            assert await system.sealed.exist() is False


def principal(tenant: Tenant, role: Role) -> Principal:
    """Return a caller."""
    return Principal(
        tenant.user_id, tenant.workspace_id, role, None, Channel.BEARER, "a@example.com"
    )


def service(room_parts: tuple[Database, ObstoreBlobs, Clock], **settings: int) -> FileService:
    """Return a service with other settings where named."""
    database, blobs, clock = room_parts
    return FileService(database, blobs, FileSettings(**settings), Signer(b"k" * 32), clock)


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> Room:
    """A service over a real database and a folder of blobs."""
    folder, clock = tmp_path / "blobs", Clock()
    blobs = ObstoreBlobs.in_folder(folder)
    tenant = await make_tenant(database, "acme")
    files = service((database, blobs, clock))
    return Room(files, database, blobs, folder, clock, tenant, principal(tenant, Role.OWNER))


ATTACHMENT, IMAGE, CERTIFICATE = (
    FileKind.ATTACHMENT,
    FileKind.SIGNATURE_IMAGE,
    FileKind.CA_CERTIFICATE,
)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * MIB])
async def test_attachment_comes_back_exactly(room: Room, size: int) -> None:
    """Bytes, size and hash are those of what was sent, around the record's size."""
    data = (b"\0" + os.urandom(size))[:size]
    upload = SentFile(data, "application/octet-stream", "../report.bin")
    file = await room.files.upload(room.owner, upload, ATTACHMENT)
    assert file == StoredFile(
        id=file.id,
        workspace_id=room.tenant.workspace_id,
        owner_id=room.owner.user_id,
        config_id=None,
        kind=ATTACHMENT,
        filename="report.bin",
        content_type="application/octet-stream" if size else "text/plain",
        size=size,
        sha256=sha256(data).hexdigest(),
        created_at=NOON,
    )
    assert await room.files.get(room.owner, file.id) == file
    assert await room.content(file) == data


async def test_plaintext_and_key_are_nowhere_on_disk(
    room: Room, database_url: str, tmp_path: Path
) -> None:
    """A canary in a file is in no blob and in no database file; a planted one is found."""
    canary = b"CANARY-" + os.urandom(16).hex().encode()
    file = await room.files.upload(room.owner, SentFile(canary * 10_000, "text/plain"), ATTACHMENT)
    assert await room.content(file) == canary * 10_000
    assert holding(tmp_path, canary) == []
    (tmp_path / "planted").write_bytes(canary)
    assert holding(tmp_path, canary) == [tmp_path / "planted"]


def holding(folder: Path, needle: bytes) -> list[Path]:
    """Return all files below a folder that contain some bytes."""
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


async def test_signature_image_is_stored_without_metadata(room: Room) -> None:
    """Size and hash are of the image as it is served, which has no position any more."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "2026:01:01"})
    sent = picture("JPEG", exif=exif)
    assert b"2026:01:01" in sent
    upload = SentFile(sent, "image/jpeg", "me.html")
    file = await room.files.upload(room.owner, upload, IMAGE)
    served = await room.content(file)
    assert b"Exif" not in served
    assert b"2026:01:01" not in served
    assert Image.open(io.BytesIO(served)).size == (8, 4)
    assert (file.filename, file.content_type) == ("me.html.jpg", "image/jpeg")
    assert (file.size, file.sha256) == (len(served), sha256(served).hexdigest())


async def test_ca_file_is_stored_canonical(room: Room) -> None:
    """Comments are gone; type and ending are those of PEM."""
    upload = SentFile(b"my CA\n" + CA.pem, "application/x-x509-ca-cert", "ca")
    file = await room.files.upload(room.owner, upload, CERTIFICATE)
    assert await room.content(file) == CA.pem
    assert (file.filename, file.content_type) == ("ca.pem", "application/pem-certificate-chain")


async def test_given_name_replaces_the_declared_one(room: Room) -> None:
    """The name in the input wins over the part's, and is cleaned as well."""
    upload = SentFile(b"x", None, "declared.txt")
    file = await room.files.upload(room.owner, upload, ATTACHMENT, "a/gi\u202even.txt")
    assert file.filename == "given.txt"


async def test_part_that_was_read_before(room: Room) -> None:
    """A part that two variables name is stored whole both times."""
    upload = SentFile(b"hello", "text/plain")
    first = await room.files.upload(room.owner, upload, ATTACHMENT)
    second = await room.files.upload(room.owner, upload, ATTACHMENT)
    assert first.sha256 == second.sha256 == sha256(b"hello").hexdigest()


async def test_upload_is_audited(room: Room) -> None:
    """The unit of work that stores or removes a file also says who did it."""
    file = await room.files.upload(room.owner, SentFile(b"x"), ATTACHMENT)
    await room.files.delete(room.owner, file.id)
    async with room.database.reading(room.tenant.workspace_id) as work:
        events = (await work.audit.page(PageRequest(limit=100))).rows
    assert {(event.action, event.object_id, event.actor_id) for event in events} == {
        ("file.upload", file.id, room.owner.user_id),
        ("file.delete", file.id, room.owner.user_id),
    }


def docx() -> bytes:
    """Return the smallest file that is a ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return packed.getvalue()


REFUSED = [
    (IMAGE, SentFile(picture("PNG"), "image/jpeg"), "declared type"),
    (IMAGE, SentFile(picture("JPEG"), "image/png"), "declared type"),
    (IMAGE, SentFile(picture("PNG"), "text/html"), "declared type"),
    (IMAGE, SentFile(b"GIF89a<html><script>alert(1)</script>", "image/gif"), "web page"),
    (IMAGE, SentFile(picture("GIF") + b"<script >", "image/gif"), "web page"),
    (IMAGE, SentFile(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), "PNG, JPEG"),
    (IMAGE, SentFile(b"", "image/png"), "PNG, JPEG"),
    (IMAGE, SentFile(picture("PNG")[:-30], "image/png"), "damaged"),
    (CERTIFICATE, SentFile(CA.pem + CA.key_pem, "text/plain"), "private key"),
    (CERTIFICATE, SentFile(CA.server_pem(), None), "No certificate"),
    (CERTIFICATE, SentFile(CA.pem, "image/png"), "declared type"),
    (ATTACHMENT, SentFile(b"%PDF-1.7\n\0", "image/png"), "declared type"),
    (ATTACHMENT, SentFile(b"\0" * 200_000, "text/plain"), "declared type"),
]


@pytest.mark.parametrize(("kind", "upload", "sentence"), REFUSED)
async def test_refused_upload_leaves_nothing(
    room: Room, kind: FileKind, upload: SentFile, sentence: str
) -> None:
    """What is not what its kind demands is refused with a reason, and nothing of it is kept."""
    with pytest.raises(FileRefused, match=sentence):
        await room.files.upload(room.owner, upload, kind)
    await room.assert_empty()


@pytest.mark.parametrize(
    ("kind", "limit"),
    [(ATTACHMENT, 5 * MIB), (IMAGE, 5 * MIB), (CERTIFICATE, 256 * 1024)],
)
async def test_limit_stops_the_reading(room: Room, kind: FileKind, limit: int) -> None:
    """Of a GiB nothing is read beyond the chunk that passes the limit, and nothing is kept."""
    upload = EndlessFile(os.urandom)
    with pytest.raises(LimitExceeded, match=f"at most {limit:,} bytes"):
        await room.files.upload(room.owner, upload, kind)
    assert upload.consumed == limit + 64 * 1024
    await room.assert_empty()


async def test_limit_itself_is_allowed(room: Room) -> None:
    """A file of exactly the limit is stored, one byte more is not."""
    files = service((room.database, room.blobs, room.clock), max_bytes=100_000)
    assert (await files.upload(room.owner, SentFile(bytes(100_000)), ATTACHMENT)).size == 100_000
    with pytest.raises(LimitExceeded):
        await files.upload(room.owner, SentFile(bytes(100_001)), ATTACHMENT)
    assert len(room.stored()) == 1


async def test_image_bomb_is_refused_by_its_pixels(room: Room) -> None:
    """A small PNG of many pixels is refused, and nothing of it is kept."""
    bomb = picture("PNG", (5001, 5000), "L")
    assert len(bomb) < MIB
    with pytest.raises(LimitExceeded, match="25,000,000 pixels"):
        await room.files.upload(room.owner, SentFile(bomb, "image/png"), IMAGE)
    await room.assert_empty()


async def test_document_keeps_its_declared_type(room: Room) -> None:
    """A word processor's file is a ZIP file; its own type is kept since it does not contradict."""
    declared = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    file = await room.files.upload(room.owner, SentFile(docx(), declared), ATTACHMENT)
    assert file.content_type == declared


async def test_viewer_may_not_upload(room: Room) -> None:
    """A viewer is refused before a byte is read."""
    upload = SentFile(b"hello")
    with pytest.raises(Forbidden):
        await room.files.upload(await room.member("vic", Role.VIEWER), upload, ATTACHMENT)
    assert upload.consumed == 0
    await room.assert_empty()


class Closed(Exception):
    """The sender went away."""


class BrokenOff(SentFile):
    """An upload whose sender goes away after some bytes."""

    async def read(self, size: int = -1) -> bytes:
        """Return the bytes once, then fail."""
        if chunk := await super().read(size):
            return chunk
        raise Closed


async def test_sender_that_goes_away_leaves_nothing(room: Room) -> None:
    """An error while reading passes through, and nothing is kept."""
    with pytest.raises(Closed):
        await room.files.upload(room.owner, BrokenOff(bytes(300_000)), ATTACHMENT)
    await room.assert_empty()


async def test_failure_of_the_database_removes_the_blob(room: Room) -> None:
    """When the row cannot be stored, the bytes that were already written are removed."""
    stranger = replace(room.owner, user_id=new_id())  # no such user: the foreign key refuses
    with pytest.raises(Fault):
        await room.files.upload(stranger, SentFile(b"hello"), ATTACHMENT)
    await room.assert_empty()


class Waiting(SentFile):
    """An upload that waits forever after its first chunk."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.waits = asyncio.Event()

    async def read(self, size: int = -1) -> bytes:
        """Return bytes, then wait."""
        if chunk := await super().read(size):
            return chunk
        self.waits.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_cancelled_upload_leaves_nothing(room: Room) -> None:
    """A request that is cancelled while the sender is slow leaves neither blob nor row."""
    upload = Waiting(bytes(2_000_000))
    task = asyncio.ensure_future(room.files.upload(room.owner, upload, ATTACHMENT))
    await upload.waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await room.assert_empty()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda blob: blob[:-1],
    "cut at a record": lambda blob: blob[: 11 + CHUNK_BYTES + 16],
    "flipped bit": lambda blob: blob[:100] + bytes([blob[100] ^ 4]) + blob[101:],
    "empty": lambda _: b"",
    "longer": lambda blob: blob + b"\0",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_damaged_blob_is_found(room: Room, damage: Callable[[bytes], bytes]) -> None:
    """A blob that was changed on disk is a fault, never other content."""
    file = await room.files.upload(room.owner, SentFile(bytes(200_000)), ATTACHMENT)
    (path,) = room.stored()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileUnreadable):
        await room.content(file)


async def test_blobs_of_two_files_cannot_be_swapped(room: Room) -> None:
    """The blob of another file, put in the place of this one's, is a fault."""
    file = await room.files.upload(room.owner, SentFile(b"mine"), ATTACHMENT)
    (mine,) = room.stored()
    await room.files.upload(room.owner, SentFile(b"evil"), ATTACHMENT)
    (other,) = set(room.stored()) - {mine}
    mine.write_bytes(other.read_bytes())
    with pytest.raises(FileUnreadable):
        await room.content(file)


async def test_missing_blob_is_a_fault(room: Room) -> None:
    """A row without bytes is our fault, not an empty file."""
    file = await room.files.upload(room.owner, SentFile(b"x"), ATTACHMENT)
    room.stored()[0].unlink()
    with pytest.raises(FileUnreadable):
        await room.content(file)


async def test_other_workspace_sees_nothing(room: Room) -> None:
    """For the owner of another workspace the file does not exist, by any method."""
    file = await room.files.upload(room.owner, SentFile(b"x"), ATTACHMENT)
    config_id = await room.config(None)
    await room.attach(file, config_id)
    stranger = principal(await make_tenant(room.database, "other"), Role.OWNER)
    for refused in (
        room.files.get(stranger, file.id),
        room.files.read(stranger, file.id),
        room.files.delete(stranger, file.id),
        room.files.trust_anchors(stranger, config_id),
    ):
        with pytest.raises(NotFound):
            await refused
    await room.files.discard(stranger, [file.id])
    assert await room.files.of_configs(stranger, [config_id]) == {config_id: ()}
    assert await room.content(file) == b"x"


async def test_unattached_file_is_its_uploaders(room: Room) -> None:
    """Nobody else sees an upload that is not attached, not even an admin."""
    member = await room.member("mia")
    file = await room.files.upload(member, SentFile(b"x"), ATTACHMENT)
    assert await room.content(file, member) == b"x"
    for other in (room.owner, await room.member("max"), await room.member("ada", Role.ADMIN)):
        with pytest.raises(NotFound):
            await room.files.read(other, file.id)
        with pytest.raises(NotFound):
            await room.files.delete(other, file.id)


@pytest.mark.parametrize(
    ("role", "shared", "reads", "deletes"),
    [
        (Role.ADMIN, True, True, True),
        (Role.MEMBER, True, True, False),
        (Role.VIEWER, True, True, False),
        (Role.ADMIN, False, True, False),
        (Role.MEMBER, False, False, False),
        (Role.VIEWER, False, False, False),
    ],
)
async def test_attached_file_follows_its_configuration(
    room: Room, role: Role, *, shared: bool, reads: bool, deletes: bool
) -> None:
    """Who may read or change the configuration may read or remove its files."""
    mia = await room.member("mia")
    file = await room.files.upload(mia, SentFile(b"x"), ATTACHMENT)
    await room.attach(file, await room.config(None if shared else mia.user_id))
    caller = await room.member("other", role)
    if reads:
        assert await room.content(file, caller) == b"x"
    else:
        with pytest.raises(NotFound):
            await room.files.read(caller, file.id)
    if deletes:
        await room.files.delete(caller, file.id)
        await room.assert_empty()
    else:
        with pytest.raises(Forbidden if reads else NotFound):
            await room.files.delete(caller, file.id)
        assert len(room.stored()) == 1


async def test_deleted_file_is_gone_for_good(room: Room) -> None:
    """Row, data key and bytes go; a second time there is nothing to delete."""
    file = await room.files.upload(room.owner, SentFile(b"x"), ATTACHMENT)
    assert await room.files.delete(room.owner, file.id) == file
    await room.assert_empty()
    with pytest.raises(NotFound):
        await room.files.delete(room.owner, file.id)


async def test_discard_spares_what_is_attached_or_anothers(room: Room) -> None:
    """Only the caller's own unattached uploads are discarded; unknown ids are fine."""
    mia = await room.member("mia")
    mine = await room.files.upload(room.owner, SentFile(b"1"), ATTACHMENT)
    attached = await room.files.upload(room.owner, SentFile(b"2"), ATTACHMENT)
    await room.attach(attached, await room.config(None))
    hers = await room.files.upload(mia, SentFile(b"3"), ATTACHMENT)
    await room.files.discard(room.owner, [mine.id, attached.id, hers.id, new_id()])
    with pytest.raises(NotFound):
        await room.files.get(room.owner, mine.id)
    assert await room.content(attached) == b"2"
    assert await room.content(hers, mia) == b"3"
    assert len(room.stored()) == 2


async def test_trust_anchors_of_a_configuration(room: Room) -> None:
    """All CA files of the configuration, oldest first, and no other files."""
    other = Authority("Other CA")
    config_id, without = await room.config(None), await room.config(None, "b@example.com")
    for data, kind in ((CA.pem, CERTIFICATE), (b"x", ATTACHMENT), (other.pem, CERTIFICATE)):
        await room.attach(await room.files.upload(room.owner, SentFile(data), kind), config_id)
    await room.files.upload(room.owner, SentFile(CA.pem), CERTIFICATE)
    expected = (CA.pem.decode(), other.pem.decode())
    assert await room.files.trust_anchors(room.owner, config_id) == expected
    assert await room.files.trust_anchors(room.owner, without) == ()


async def test_trust_anchors_of_anothers_configuration(room: Room) -> None:
    """A member does not learn the CA files of another member's configuration."""
    config_id = await room.config(room.owner.user_id)
    with pytest.raises(NotFound):
        await room.files.trust_anchors(await room.member("mia"), config_id)


async def test_one_anchor_for_a_draft(room: Room) -> None:
    """A draft may name the caller's own CA upload, no other kind and nobody else's."""
    file = await room.files.upload(room.owner, SentFile(CA.pem), CERTIFICATE)
    text = await room.files.upload(room.owner, SentFile(CA.pem), ATTACHMENT)
    assert await room.files.anchor(room.owner, file.id) == CA.pem.decode()
    with pytest.raises(NotFound):
        await room.files.anchor(room.owner, text.id)
    with pytest.raises(NotFound):
        await room.files.anchor(await room.member("mia"), file.id)


@dataclass(frozen=True)
class Link:
    """A link in the parts that the route hands over."""

    id: str
    filename: str
    expires: str
    signature: str

    @classmethod
    def of(cls, url: str) -> "Link":
        """Take a URL apart."""
        parts = urlsplit(url)
        _, files, file_id, filename = parts.path.split("/")
        assert files == "files"
        query = parse_qs(parts.query, strict_parsing=True)
        assert list(query) == ["expires", "signature"]
        return cls(file_id, unquote(filename), query["expires"][0], query["signature"][0])

    async def opened(self, files: FileService) -> bytes:
        """Return the bytes behind the link."""
        _, chunks = await files.open_signed(self.id, self.filename, self.expires, self.signature)
        return b"".join([chunk async for chunk in chunks])


async def linked(room: Room, filename: str = "Grüße & mehr?.txt") -> Link:
    """Upload a file and return a link to it."""
    file = await room.files.upload(room.owner, SentFile(b"hello"), ATTACHMENT, filename)
    return Link.of(room.files.url(file))


async def test_link_works_until_it_expires(room: Room) -> None:
    """A link works for exactly its seconds, by the injected clock, and for anyone who has it."""
    room.clock.moment = NOON.replace(microsecond=0)
    link = await linked(room)
    assert link.filename == "Grüße & mehr_.txt"
    assert link.expires == str(int(room.clock.moment.timestamp()) + 300)
    assert await link.opened(room.files) == b"hello"
    room.clock.moment += timedelta(seconds=299, microseconds=999_999)
    assert await link.opened(room.files) == b"hello"
    room.clock.moment += timedelta(microseconds=1)
    with pytest.raises(NotFound):
        await link.opened(room.files)


async def test_any_changed_part_of_a_link_fails(room: Room) -> None:
    """Each character of each part counts; so do parts of other links and odd spellings."""
    link = await linked(room, "name.txt")
    other = await linked(room, "other.txt")
    later = str(int(link.expires) + 1)
    changed = [
        replace(link, signature=link.signature[:n] + swapped(char) + link.signature[n + 1 :])
        for n, char in enumerate(link.signature)
    ]
    changed += [
        replace(link, id=other.id),
        replace(link, id=link.id.upper()),
        replace(link, id=link.id.replace("-", "")),
        replace(link, id="../" + link.id),
        replace(link, filename="other.txt"),
        replace(link, filename=""),
        replace(link, expires=later),
        replace(link, expires="0" + link.expires),
        replace(link, expires=link.expires + "0" * 20),
        replace(link, expires=" " + link.expires),
        replace(link, expires="\u0661" + link.expires[1:]),  # an Arabic digit one
        replace(link, expires=""),
        replace(link, signature=""),
        replace(link, signature=other.signature),
        replace(link, signature=link.signature + "A"),
        replace(link, signature=link.signature + "="),
        replace(link, signature=link.signature[:-1] + "\n"),
        replace(link, signature=link.signature.upper()),
    ]
    for altered in changed:
        with pytest.raises(NotFound):
            await altered.opened(room.files)
    assert await link.opened(room.files) == b"hello"


def swapped(char: str) -> str:
    """Return another character that may stand in its place."""
    return "0" if char != "0" else "1"


async def test_link_of_another_key_fails(room: Room) -> None:
    """A signature by another key, or by the same key for another purpose, opens nothing."""
    link = await linked(room, "name.txt")
    workspace = room.tenant.workspace_id.hex
    parts = (link.id, link.filename, workspace, link.expires)
    for signer in (Signer(b"x" * 32).derive("file link"), Signer(b"k" * 32)):
        with pytest.raises(NotFound):
            await replace(link, signature=workspace + signer.sign(*parts)).opened(room.files)


async def test_link_of_a_deleted_file_fails(room: Room) -> None:
    """A link does not outlive its file."""
    link = await linked(room)
    await room.files.delete(room.owner, UUID(link.id))
    with pytest.raises(NotFound):
        await link.opened(room.files)


async def test_unused_uploads_expire(room: Room) -> None:
    """After a day exactly the unattached uploads are removed, with their bytes and keys."""
    old = [await room.files.upload(room.owner, SentFile(b"old"), ATTACHMENT) for _ in range(3)]
    kept = await room.files.upload(room.owner, SentFile(b"kept"), ATTACHMENT)
    await room.attach(kept, await room.config(None))
    room.clock.moment += timedelta(hours=12)
    young = await room.files.upload(room.owner, SentFile(b"young"), ATTACHMENT)
    assert await room.files.expire_unused() == 0
    room.clock.moment += timedelta(hours=12, seconds=1)
    assert await room.files.expire_unused() == 3
    for file in old:
        with pytest.raises(NotFound):
            await room.files.get(room.owner, file.id)
    assert await room.content(kept) == b"kept"
    assert await room.content(young) == b"young"
    assert len(room.stored()) == 2


async def test_more_unused_uploads_than_a_batch(room: Room) -> None:
    """All of them go in one call, in several units of work."""
    for _ in range(101):
        await room.files.upload(room.owner, SentFile(b"x"), ATTACHMENT)
    room.clock.moment += 2 * DAY
    assert await room.files.expire_unused() == 101
    await room.assert_empty()


async def test_sweep_removes_what_a_crash_left(room: Room) -> None:
    """A blob without a row goes after a day; files, and what is not ours, stay."""

    async def orphan() -> AsyncIterator[bytes]:
        yield b"bytes of a process that was killed before it stored the row"

    file = await room.files.upload(room.owner, SentFile(b"kept"), ATTACHMENT)
    lost = f"{room.tenant.workspace_id.hex}/{new_id().hex}"
    foreign = ["a/b/c", "readme.txt", f"{new_id()}/{new_id()}"]  # our names have no hyphens
    for name in (lost, f"{new_id().hex}/{new_id().hex}", *foreign):
        await room.blobs.write(name, orphan())
    (room.folder / room.tenant.workspace_id.hex / "ef01#1").write_bytes(b"half")
    room.clock.moment = datetime.now(NOON.tzinfo)
    assert await room.files.sweep() == 0
    room.clock.moment += DAY + timedelta(minutes=1)
    assert await room.files.sweep() == 3
    assert await room.files.sweep() == 0
    assert [str(path.relative_to(room.folder)) for path in room.stored()] == sorted(
        [f"{room.tenant.workspace_id.hex}/{file.id.hex}", *foreign]
    )
    assert await room.content(file) == b"kept"


async def test_blobs_of_a_deleted_configuration(room: Room) -> None:
    """`remove_blobs` takes what the deletion of a configuration returns."""
    config_id = await room.config(None)
    file = await room.files.upload(room.owner, SentFile(b"x"), ATTACHMENT)
    await room.attach(file, config_id)
    async with room.database.work(room.tenant.workspace_id) as work:
        blobs = await work.configs.delete(config_id)
    await room.files.remove_blobs(blobs)
    await room.assert_empty()
