"""One of everything for three people of two workspaces, behind the application's API.

Somebody who must not see a thing asks for it; `World.own` says what there is to ask for.

    async with open_world(app_settings) as world:
        world.own[MEMBER]["File"]
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

from kit.api import COLLEAGUE, MEMBER, STRANGER, SUBMIT, Api, FakeProber, form, server, serving
from kit.rowdump import Rows, all_rows
from kit.uploads import Authority
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import ProbeRequest, ProtocolOutcome, Report
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.settings import Settings


def mutation(name: str, input_type: str, shown: str) -> str:
    """Return the document of a mutation."""
    errors = "errors { __typename message path }"
    return f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {shown} {errors} }} }}"


SEND = mutation("sendEmail", "SendEmailInput", "message { id state }")


@dataclass
class PatientProber(FakeProber):
    """Finds a failure that has a fix; stays in the test while `holding`."""

    holding: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Report as the fake does, and wait where told."""
        found = await super().probe(request, report)
        if self.holding:
            await self.released.wait()
        return found


@dataclass
class World:
    """The application with a victim and two who must not see the victim's things."""

    api: Api
    prober: PatientProber
    own: dict[str, dict[str, str]]
    """Person -> kind -> global id."""
    running: str
    """The victim's test that is under way."""

    async def rows(self) -> Rows:
        """Return all rows of the database."""
        return await all_rows(self.api.settings.effective_database_url)


def no_starttls() -> tuple[ProtocolOutcome, ...]:
    """An outcome whose fix is to use the encrypted port."""
    seen = Observation(
        protocol=MailProtocol.IMAP,
        phase=Phase.STARTTLS,
        host="imap.example.net",
        port=143,
        security=TransportSecurity.STARTTLS,
        failure=Failure.STARTTLS_MISSING,
    )
    return (ProtocolOutcome(MailProtocol.IMAP, DiagnosticCode.STARTTLS_NOT_OFFERED, seen),)


@cache
def authority() -> bytes:
    """Return the certificate of an authority that a draft may trust."""
    return Authority().pem


def letter(config_id: str, **more: object) -> dict[str, object]:
    """Return the input of a message."""
    to = [{"address": "bo@example.org"}]
    return {"configId": config_id, "to": to, "subject": "Hi", "text": "Hello", **more}


async def message_of(api: Api, who: str, config_id: str) -> str:
    """Have a message taken in, which no worker sends here; return its global id."""
    variables = {"input": letter(config_id)}
    sent = (await api.data(who, SEND, variables))["sendEmail"]
    assert sent["errors"] == []
    return str(sent["message"]["id"])


async def sender_of(api: Api, who: str, config_id: str) -> str:
    """Add a sender identity; return its global id."""
    document = mutation("addSenderIdentity", "AddSenderIdentityInput", "senderIdentity { id }")
    variables = {"input": {"configId": config_id, "address": "desk@example.net"}}
    added = (await api.data(who, document, variables))["addSenderIdentity"]
    assert added["errors"] == []
    return str(added["senderIdentity"]["id"])


async def things_of(api: Api, who: str) -> dict[str, str]:
    """Store one of everything and return the global ids; the file belongs to no configuration."""
    files = [{"upload": {"file": None, "kind": "ATTACHMENT"}}]
    incoming = server(port=143, security="STARTTLS")
    submitted = form(incoming=incoming, files=files, externalId=who)
    note = ("note.txt", f"a note of {who}\n".encode(), "text/plain")
    place = {"variables.input.files.0.upload.file": note}
    answer = await api.upload(who, SUBMIT, {"input": submitted}, place)
    config_id = answer["data"]["submit"]["config"]["id"]
    document = mutation("uploadFile", "UploadFileInput", "file { id }")
    place = {"variables.input.file": ("ca.pem", authority(), "application/x-pem-file")}
    variables = {"input": {"file": None, "kind": "CA_CERTIFICATE"}}
    uploaded = await api.upload(who, document, variables, place)
    document = mutation(
        "testConnection", "TestConnectionInput", "test { id diagnosis { fix { id } } }"
    )
    variables = {"input": {"target": {"configId": config_id}, "waitSeconds": 20}}
    test = (await api.data(who, document, variables))["testConnection"]["test"]
    viewer = await api.data(who, "query { viewer { id } sessions { id } }")
    return {
        "EmailConfig": config_id,
        "File": uploaded["data"]["uploadFile"]["file"]["id"],
        "ConnectionTest": test["id"],
        "Message": await message_of(api, who, config_id),
        "SenderIdentity": await sender_of(api, who, config_id),
        "SettingsFix": test["diagnosis"]["fix"]["id"],
        "User": viewer["viewer"]["id"],
        "Session": viewer["sessions"][0]["id"],
    }


async def under_way(api: Api, test_id: str) -> None:
    """Return when all that the held test reports is written."""
    query = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { steps { status } } } }"
    async with asyncio.timeout(10):
        while True:
            found = await api.data(MEMBER, query, {"id": test_id})
            if {step["status"] for step in found["node"]["steps"]} == {"PASSED"}:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    """Store one of everything for each of the three, and start a test of MEMBER that waits."""
    prober = PatientProber(outcomes=no_starttls())
    async with serving(settings, prober) as api:
        own = {who: await things_of(api, who) for who in (MEMBER, COLLEAGUE, STRANGER)}
        prober.holding = True
        document = mutation("testConnection", "TestConnectionInput", "test { id }")
        variables = {"input": {"target": {"configId": own[MEMBER]["EmailConfig"]}}}
        test = (await api.data(MEMBER, document, variables))["testConnection"]["test"]
        await under_way(api, test["id"])
        yield World(api, prober, own, test["id"])
