"""Sender identities over real databases: who changes them, and what messages get of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kit.outgoing import Office, opened
from kit.records import NOON, Tenant, make_config
from kit.rowdump import all_rows
from kit.uploads import SentFile, picture
from mailconfig.domain.composition import CompositionLimits, NamedAddress, Signature
from mailconfig.domain.errors import Forbidden, InvalidInput, LimitExceeded, NotFound, Refusal
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.identity import Channel, Principal, Purpose, Role, Scope
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailing import MessageSettings, NewAttachment, SendRequest
from mailconfig.domain.senders import SenderChange, SenderForm, SenderIdentity
from mailconfig.domain.signing import Signer
from mailconfig.services.files import FileService
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.intake import FileSettings
from mailconfig.services.messageparts import MessageParts
from mailconfig.services.messages import MessageService
from mailconfig.services.quotas import QuotaService
from mailconfig.services.senders import SenderService, SenderSettings
from mailconfig.services.unsubscribing import UnsubscribeService
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.limiter import MemoryLimiter
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.sealing import Keyring

BOB = NamedAddress("bob@example.org", "Bob")
SIGNER = Signer(b"k" * 32)
MOST = 3
DESK = SenderForm("Annelie@bücher.example", " Sales ", "answers@example.org")


@dataclass
class Room:
    """The services over an office whose account is shared by the workspace."""

    office: Office
    url: str
    files: FileService
    messages: MessageService
    senders: SenderService
    owner: Principal

    async def member(self, name: str, role: Role = Role.MEMBER) -> Principal:
        """Add a user with a role to the workspace."""
        place = self.office.tenant.workspace_id
        async with self.office.database.identity() as identity:
            user = await identity.create_user(f"{name}@example.com", "hash")
            await identity.add_member(place, user.id, role)
        return principal(Tenant(place, user.id), role)

    async def account(self, owner: Principal | None) -> UUID:
        """Store another account; None is shared."""
        owner_id = owner.user_id if owner else None
        address = f"{new_id().hex}@example.com"
        config = make_config(self.office.tenant, owner_id=owner_id, email_address=address)
        async with self.office.database.work(self.office.tenant.workspace_id) as work:
            await work.configs.insert(config, None)
        return config.id

    async def image(self, kind: FileKind = FileKind.SIGNATURE_IMAGE) -> StoredFile:
        """Upload a picture for the account."""
        upload = SentFile(picture("PNG"), "image/png", "logo.png")
        file = await self.files.upload(self.owner, upload, kind)
        async with self.office.database.work(self.office.tenant.workspace_id) as work:
            await work.files.attach([file.id], self.office.config_id)
        return file

    async def add(self, form: SenderForm = DESK, **changes: Any) -> SenderIdentity:  # noqa: ANN401
        """Add an identity of the account."""
        form = replace(form, **changes)
        _, identity = await self.senders.add(self.owner, self.office.config_id, form)
        return identity

    async def listed(self) -> tuple[SenderIdentity, ...]:
        """Return the identities of the account."""
        config_id = self.office.config_id
        return (await self.senders.of_configs(self.owner, [config_id]))[config_id]

    def request(self, **changes: Any) -> SendRequest:  # noqa: ANN401 - any field
        """Return a message to Bob."""
        given = {"config_id": self.office.config_id, "to": (BOB,), "subject": "Hello"}
        return SendRequest(**{**given, "text": "Hi\n", **changes})

    async def written(self, **changes: Any) -> EmailMessage:  # noqa: ANN401 - any field
        """Return the message that preview shows, which is also what is stored to be sent."""
        request = self.request(**changes)
        shown = (await self.messages.preview(self.owner, request)).composed
        message = await self.messages.send(self.owner, request)
        async with self.office.database.reading(message.workspace_id) as work:
            stored = await work.messages.content(message.id)
        assert message.sender == shown.sender
        found = [
            message_from_bytes(each, policy=policy.default) for each in (shown.content, stored)
        ]
        looks = [[part.get_payload(decode=True) for part in each.walk()] for each in found]
        assert looks[0] == looks[1]
        assert isinstance(found[1], EmailMessage)
        return found[1]

    async def trail(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the events about identities."""
        rows = (await all_rows(self.url))["audit_events"]
        found = sorted(rows, key=lambda row: row["id"])
        return [
            (row["action"], json.loads(row["details"]))
            for row in found
            if row["object_type"] == "sender"
        ]


def principal(tenant: Tenant, role: Role, **changes: Any) -> Principal:  # noqa: ANN401
    """Return a caller."""
    made = Principal(
        tenant.user_id, tenant.workspace_id, role, None, Channel.BEARER, "a@example.com"
    )
    return replace(made, **changes)


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with a shared account."""
    async with opened(storage_settings, keyring) as made:
        yield made


@pytest.fixture
def room(office: Office, database_url: str, tmp_path: Path) -> Room:
    """The services."""
    database, clock = office.database, office.clock
    blobs = ObstoreBlobs.in_folder(tmp_path / "blobs")
    files = FileService(database, blobs, FileSettings(), SIGNER, clock)
    fingerprints, limiter, limits = Fingerprints(SIGNER), MemoryLimiter(), CompositionLimits()
    links = UnsubscribeService(database, fingerprints, "https://mail.example.com", clock)
    parts = MessageParts(files, FileSettings(), limits, links)
    quotas = QuotaService(database, limiter, {})
    settings = MessageSettings(limits)
    taking = (parts, fingerprints, quotas, limiter, settings, clock)
    return Room(
        office,
        database_url,
        files,
        MessageService(database, TableQueue(database), *taking),
        SenderService(database, fingerprints, SenderSettings(MOST), clock),
        principal(office.tenant, Role.OWNER),
    )


# ---- changing ----------------------------------------------------------------------------------


async def test_an_identity_is_stored_as_messages_have_it(room: Room) -> None:
    """Domain in A-labels, name without spaces around it, empty texts as none."""
    identity = await room.add(signature_text="", signature_html="<b>Ann</b>")
    assert identity == SenderIdentity(
        id=identity.id,
        config_id=room.office.config_id,
        address="Annelie@xn--bcher-kva.example",
        name="Sales",
        reply_to="answers@example.org",
        signature_text=None,
        signature_html="<b>Ann</b>",
        signature_image_id=None,
        is_default=False,
        created_at=NOON,
        updated_at=NOON,
    )
    assert await room.listed() == (identity,)


async def test_a_change_replaces_what_it_names(room: Room) -> None:
    """Other fields stay; a change that changes nothing is none; then it is gone."""
    before = await room.add()
    room.office.clock.turn(60)
    _, same = await room.senders.update(room.owner, SenderChange(before.id, name="Sales"))
    assert (same, len(await room.trail())) == (before, 1)
    change = SenderChange(before.id, reply_to=None, signature_text="Ann", is_default=True)
    config, after = await room.senders.update(room.owner, change)
    assert config.id == room.office.config_id
    assert after == replace(
        before,
        reply_to=None,
        signature_text="Ann",
        is_default=True,
        updated_at=NOON + timedelta(seconds=60),
    )
    assert await room.listed() == (after,)
    assert (await room.senders.remove(room.owner, after.id))[1] == after
    assert await room.listed() == ()
    for call in (
        room.senders.remove(room.owner, after.id),
        room.senders.update(room.owner, SenderChange(after.id, name="x")),
    ):
        with pytest.raises(NotFound) as refused:
            await call
        assert refused.value.path == ("id",)


async def test_one_default(room: Room) -> None:
    """A new default takes the place of the former one, whichever way it comes."""
    first = await room.add(is_default=True)
    second = await room.add(is_default=True)
    assert [one.is_default for one in await room.listed()] == [False, True]
    await room.senders.update(room.owner, SenderChange(first.id, is_default=True))
    assert {one.id: one.is_default for one in await room.listed()} == {
        first.id: True,
        second.id: False,
    }


async def test_what_is_wrong_is_told_by_field_and_nothing_is_stored(room: Room) -> None:
    """On adding and on changing; an image must be one of the same account."""
    kept = await room.add()
    other = await room.account(None)
    picture_of_other = await room.image()
    async with room.office.database.work(room.office.tenant.workspace_id) as work:
        await work.files.delete(picture_of_other.id)
    document = await room.image(FileKind.ATTACHMENT)
    for wrong in (picture_of_other.id, document.id, new_id()):
        for call in (
            room.add(signature_image_id=wrong),
            room.senders.update(room.owner, SenderChange(kept.id, signature_image_id=wrong)),
        ):
            with pytest.raises(NotFound) as missing:
                await call
            assert missing.value.path == ("signatureImageId",)
    image = await room.image()
    with pytest.raises(NotFound):
        await room.senders.add(room.owner, other, replace(DESK, signature_image_id=image.id))
    for call in (
        room.add(name="A\nB", address="sales"),
        room.senders.update(room.owner, SenderChange(kept.id, name="A\nB", address="sales")),
    ):
        with pytest.raises(InvalidInput) as refused:
            await call
        assert [(issue.path, issue.code) for issue in refused.value.issues] == [
            (("address",), ValidationCode.INVALID_FORMAT),
            (("name",), ValidationCode.INVALID_FORMAT),
        ]
    assert await room.listed() == (kept,)


async def test_an_account_has_so_many(room: Room) -> None:
    """One more is refused, and there is room again when one is gone; others have their own."""
    identities = [await room.add() for _ in range(MOST)]
    with pytest.raises(LimitExceeded) as refused:
        await room.add()
    assert refused.value.path == ("configId",)
    assert len(await room.listed()) == MOST
    await room.senders.add(room.owner, await room.account(None), DESK)
    await room.senders.remove(room.owner, identities[0].id)
    await room.add()


async def test_two_at_once_keep_to_the_rules(room: Room) -> None:
    """Of several that come together the last place goes to one, and one is the default."""
    wishes = [room.add(is_default=True) for _ in range(MOST + 2)]
    found = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(one, LimitExceeded) for one in found) == 2
    stored = await room.listed()
    assert len(stored) == MOST
    assert sum(one.is_default for one in stored) == 1


async def refusal(call: Any) -> type[Refusal] | None:  # noqa: ANN401 - a coroutine
    """Return how a call was refused."""
    try:
        await call
    except Refusal as error:
        return type(error)
    return None


async def test_who_may_change_the_account_changes_its_identities(room: Room) -> None:
    """As `may_change` has it; what may not be seen does not exist; embed tokens never."""
    member, other = await room.member("member"), await room.member("other")
    admin, viewer = await room.member("admin", Role.ADMIN), await room.member("v", Role.VIEWER)
    lent = replace(member, purpose=Purpose(), scopes=frozenset({Scope.CONFIGS_WRITE}))
    shared, private = room.office.config_id, await room.account(member)
    people = {"member": member, "other": other, "admin": admin, "viewer": viewer, "lent": lent}
    found: dict[UUID, dict[str, set[type[Refusal] | None]]] = {shared: {}, private: {}}
    for config_id, maker in ((shared, admin), (private, member)):
        for name, who in people.items():
            _, one = await room.senders.add(maker, config_id, DESK)
            found[config_id][name] = {
                await refusal(room.senders.update(who, SenderChange(one.id, name=name))),
                gone := await refusal(room.senders.remove(who, one.id)),
                await refusal(room.senders.add(who, config_id, DESK)),
            }
            for each in (await room.senders.of_configs(maker, [config_id]))[config_id]:
                await room.senders.remove(maker, each.id)
            assert gone in {None, Forbidden, NotFound}
    yes, no, nothing = {None}, {Forbidden}, {NotFound}
    assert found[shared] == {
        "member": no,
        "other": no,
        "admin": yes,
        "viewer": no,
        "lent": no,
    }
    assert found[private] == {
        "member": yes,
        "other": nothing,
        "admin": no,
        "viewer": no,
        "lent": no,
    }


async def test_the_trail_tells_digests(room: Room) -> None:
    """Each change is an event with its account, and no address, name or text."""
    identity = await room.add(signature_text="Ann, Sales", is_default=True)
    change = SenderChange(identity.id, name="Desk", signature_text=None, is_default=False)
    await room.senders.update(room.owner, change)
    await room.senders.remove(room.owner, identity.id)
    (added, one), (updated, two), (removed, three) = await room.trail()
    assert (added, updated, removed) == ("sender.add", "sender.update", "sender.remove")
    config = str(room.office.config_id)
    assert one == {"config": config, "address": one["address"], "default": True}
    assert three == {"config": config, "address": one["address"]}
    assert two == {
        "config": config,
        "before.isDefault": True,
        "after.isDefault": False,
        "before.name": two["before.name"],
        "after.name": two["after.name"],
        "before.signatureText": two["before.signatureText"],
        "after.signatureText": None,
    }
    digests = {one["address"], *(two[name] for name in ("before.name", "after.name"))}
    assert {len(digest) for digest in digests} == {43}
    for word in ("Sales", "Desk", "Ann", "@"):
        assert word not in json.dumps((one, two, three))


# ---- sending -----------------------------------------------------------------------------------


def text_of(part: object) -> str:
    """Return the text of a part, with plain line ends."""
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


async def test_a_message_names_its_identity_or_has_the_default(room: Room) -> None:
    """Without any it is from the account; the default is taken until another is named."""
    assert (await room.written())["From"] == "Ada <Ada@example.com>"
    default = await room.add(address="desk@example.com", reply_to=None, is_default=True)
    other = await room.add(name=None)
    message = await room.written()
    assert (message["From"], message["Reply-To"]) == ("Sales <desk@example.com>", None)
    assert message["Message-ID"].endswith("@example.com>")
    message = await room.written(sender_identity_id=other.id)
    assert message["From"] == "Ada <Annelie@xn--bcher-kva.example>"
    assert message["Reply-To"] == "answers@example.org"
    message = await room.written(
        sender_identity_id=other.id, sender_name="Eve", reply_to=(NamedAddress("e@example.net"),)
    )
    assert (message["From"], message["Reply-To"]) == (
        "Eve <Annelie@xn--bcher-kva.example>",
        "e@example.net",
    )
    await room.senders.remove(room.owner, default.id)
    assert (await room.written())["From"] == "Ada <Ada@example.com>"


async def test_an_identity_of_another_account_is_not_found(room: Room) -> None:
    """Also of one that the caller may use; nothing is stored."""
    _, other = await room.senders.add(room.owner, await room.account(None), DESK)
    for identity_id in (other.id, new_id()):
        request = room.request(sender_identity_id=identity_id)
        for call in (room.messages.send, room.messages.preview):
            with pytest.raises(NotFound) as refused:
                await call(room.owner, request)
            assert refused.value.path == ("senderIdentityId",)
    assert (await all_rows(room.url))["messages"] == []


async def test_the_signature_stands_below_unless_the_request_has_one(room: Room) -> None:
    """Text and HTML each have theirs; a given one wins, also an empty one."""
    await room.add(signature_text="-Ann", signature_html="<i>Ann</i>", is_default=True)
    both = {"text": "Hi", "html": "<p>Hi</p>"}
    plain, marked = (await room.written(**both)).iter_parts()
    assert text_of(plain) == "Hi\n\n-- \n-Ann\n"
    assert text_of(marked) == '<p>Hi</p>\n<div class="signature">-- <br>\n<i>Ann</i></div>\n'
    plain, marked = (await room.written(**both, signature=Signature("Eve"))).iter_parts()
    assert text_of(plain) == "Hi\n\n-- \nEve\n"
    assert "Ann" not in text_of(marked)
    plain, marked = (await room.written(**both, signature=Signature())).iter_parts()
    assert (text_of(plain), text_of(marked)) == ("Hi\n", "<p>Hi</p>\n")


async def test_the_image_is_shown_inside(room: Room) -> None:
    """As an inline file of the bytes that are stored; not in plain text; gone with its file."""
    image = await room.image()
    signature = '<img src="cid:signature" alt="Logo">'
    form = {"signature_html": signature, "signature_image_id": image.id, "is_default": True}
    await room.add(**form)
    _, chunks = await room.files.read(room.owner, image.id)
    stored = b"".join([chunk async for chunk in chunks])
    message = await room.written(html="<p>Hi</p>")
    assert message.get_content_type() == "multipart/related"
    _, shown = message.iter_parts()
    assert (shown["Content-ID"], shown.get_content_type()) == ("<signature>", "image/png")
    assert (shown.get_content_disposition(), shown.get_filename()) == ("inline", "logo.png")
    assert shown.get_payload(decode=True) == stored
    body = message.get_body(("html",))
    assert body is not None
    assert signature in text_of(body)
    assert (await room.written()).get_content_type() == "text/plain"
    given = await room.written(html="<p>Hi</p>", signature=Signature())
    assert given.get_content_type() == "multipart/alternative"
    await room.files.delete(room.owner, image.id)
    preview = await room.messages.preview(room.owner, room.request(html="<p>Hi</p>"))
    assert [issue.path for issue in preview.issues] == [("senderIdentityId",)]
    bare = await room.written(html="<p>Hi</p>")
    assert bare.get_content_type() == "multipart/alternative"


async def test_what_an_identity_lends_is_refused_at_the_identity(room: Room) -> None:
    """A file with the content id of the image: the field that can be mended is named."""
    image = await room.image()
    identity = await room.add(signature_image_id=image.id, signature_text="t")
    upload = SentFile(picture("PNG"), "image/png", "a.png")
    attached = (NewAttachment(upload, content_id="signature"),)
    given = {"html": "<img src='cid:signature'>", "attachments": attached}
    with pytest.raises(InvalidInput) as refused:
        await room.messages.preview(
            room.owner, room.request(sender_identity_id=identity.id, **given)
        )
    assert [issue.path for issue in refused.value.issues] == [("senderIdentityId",)]


async def test_a_message_that_was_taken_in_stays_as_it_was(room: Room) -> None:
    """Whatever becomes of its identity; the same key gives the first message again."""
    identity = await room.add(address="desk@example.com", is_default=True)
    request = room.request(sender_identity_id=identity.id)
    first = await room.messages.send(room.owner, request, "order 7")
    await room.senders.update(room.owner, SenderChange(identity.id, address="new@example.com"))
    assert await room.messages.send(room.owner, request, "order 7") == first
    assert first.sender == "desk@example.com"
    async with room.office.database.reading(first.workspace_id) as work:
        content = await work.messages.content(first.id)
    assert b"From: Sales <desk@example.com>\r\n" in content
