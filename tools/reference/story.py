"""The examples: each operation with the document that front-end teams get, in an order that works.

One person signs in, finds servers, stores a form with a wrong setting, tests it, applies the fix
and tidies up. A variable "@submit.config.id" is what an earlier answer holds there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.reference import chapters
from tools.reference.settling import JSON, Settling
from tools.reference.world import EMAIL, PASSWORD, World, opened

_DOCUMENTS: Final = Path(__file__).parents[1] / "schema" / "documents"
_FILE_PATH: Final = "variables.input.file"
_SECRET: Final = {"password": "mailbox password"}


@dataclass(frozen=True, slots=True)
class Example:
    """An operation as it was run."""

    document: str
    """Text of the document."""
    variables: JSON
    """What came with it."""
    answers: list[JSON]
    """What was answered: one object, or the events of a subscription."""
    points: int
    """What it cost."""
    public: bool
    """Whether it also runs for somebody who is not signed in."""


def _server(host: str, port: int, security: str) -> dict[str, JSON]:
    return {"host": host, "port": port, "security": security, "secret": _SECRET}


_SIGN_IN: Final = {"input": {"email": EMAIL, "password": PASSWORD}, "bearer": True}
_STORY: Final[tuple[tuple[str, Mapping[str, JSON]], ...]] = (
    ("login", _SIGN_IN),
    ("viewer", {}),
    ("csrfToken", {}),
    *chapters.SESSIONS,
    ("provider", {"by": {"emailAddress": "ann@fastmail.com"}}),
    ("providers", {"first": 1, "search": "fastmail"}),
    ("discover", {"input": {"emailAddress": "ann@fastmail.com"}}),
    ("discoveryProgress", {"emailAddress": "ann@fastmail.com"}),
    (
        "validate",
        {
            "input": {
                "draft": {
                    "emailAddress": "ann@gmial.com",
                    "incoming": {"host": "https://imap.gmail.com", "port": 993, "security": "TLS"},
                }
            }
        },
    ),
    ("uploadFile", {"input": {"kind": "ATTACHMENT", "file": None}}),
    (
        "submit",
        {
            "input": {
                "name": "Support",
                "emailAddress": "support@example.net",
                "incoming": _server("imap.example.net", 993, "TLS"),
                "outgoing": _server("smtp.example.net", 465, "STARTTLS"),
                "files": [{"fileId": "@uploadFile.file.id"}],
                "idempotencyKey": "form 7",
            }
        },
    ),
    (
        "testConnection",
        {"input": {"target": {"configId": "@submit.config.id"}, "waitSeconds": 25}},
    ),
    ("connectionTestProgress", {"testId": "@testConnection.test.id"}),
    (
        "applyFix",
        {
            "input": {
                "testId": "@testConnection.test.id",
                "fixId": "@testConnection.test.diagnosis.fix.id",
                "expectedRevision": 1,
            }
        },
    ),
    *chapters.MESSAGES,
    ("update", {"input": {"id": "@submit.config.id", "expectedRevision": 2, "name": "Help desk"}}),
    (
        "rollback",
        {"input": {"id": "@submit.config.id", "expectedRevision": 3, "revision": 2}},
    ),
    ("configs", {"first": 10, "filter": {"search": "example.net"}}),
    ("node", {"id": "@testConnection.test.id"}),
    ("nodes", {"ids": ["@submit.config.id", "@provider.id"]}),
    ("cancelTest", {"input": {"testId": "@slow.test.id"}}),
    ("config", {"id": "@submit.config.id"}),
    ("deleteFile", {"input": {"id": "@uploadFile.file.id"}}),
    ("delete", {"input": {"id": "@submit.config.id", "expectedRevision": 4}}),
    ("auditEvents", {"first": 2, "filter": {"objectId": "@submit.config.id"}}),
    ("explain", {"input": {"text": "535 5.7.8 Error: authentication failed", "protocol": "SMTP"}}),
    ("checkDomain", {"input": {"domain": "example.com"}}),
    *chapters.MACHINES,
    *chapters.MAILBOXES,
    *chapters.WORKSPACES,
    *chapters.ENDINGS,
)
_SLOW: Final = {
    "input": {
        "target": {
            "draft": {
                "emailAddress": "ann@slow.example.net",
                "incoming": _server("imap.slow.example.net", 993, "TLS"),
            }
        }
    }
}
"""A test that is under way when it is cancelled."""


def document(operation: str) -> str:
    """Return the example document of an operation."""
    return (_DOCUMENTS / f"{operation}.graphql").read_text(encoding="utf-8")


async def tell() -> dict[str, Example]:
    """Run all examples and return them by operation."""
    settling = Settling()
    told: dict[str, JSON] = {}
    examples = {}
    async with opened() as world:
        for operation, given in _STORY:
            if operation == "cancelTest":
                slow = await world.ask(document("testConnection"), _SLOW)
                told["slow"] = slow["data"]["testConnection"]
            if operation == "sessions":
                await world.ask(document("login"), _SIGN_IN)  # on another device
            if operation == "resetPassword":
                told["reset"] = {"token": world.reset_token}
            variables = _filled(given, told)
            public = await _public(world, operation, variables)
            answers = await _as_somebody(world, operation, variables)
            told[operation] = answers[0]["data"][operation]
            if operation in {"login", "refreshSession", "switchWorkspace"}:
                world.token = told[operation]["session"]["accessToken"]
            if operation == "sessions":
                told["other"] = next(each for each in told["sessions"] if not each["current"])
            if operation == "applyFix":
                await _ended(world, told["applyFix"]["test"]["id"])
            points = answers[0].get("extensions", {})["cost"]["requested"]
            shown = [{k: v for k, v in answer.items() if k != "extensions"} for answer in answers]
            examples[operation] = Example(
                document(operation),
                settling.settle(variables),
                settling.settle(shown),
                points,
                public,
            )
    return examples


async def _as_somebody(world: World, operation: str, variables: Mapping[str, JSON]) -> list[JSON]:
    """Run an operation as whoever it is for."""
    if operation not in chapters.AS:
        return await _run(world, operation, variables)
    token, world.token = world.token, None
    who = chapters.AS[operation]
    if who is not None:
        password = chapters.NEW_PASSWORD if who == chapters.NEW else PASSWORD
        given = {"input": {"email": who, "password": password}, "bearer": True}
        session = (await world.ask(document("login"), given))["data"]["login"]["session"]
        world.token = session["accessToken"]
    answers = await _run(world, operation, variables)
    world.token = token
    return answers


async def _run(world: World, operation: str, variables: Mapping[str, JSON]) -> list[JSON]:
    text = document(operation)
    if operation == "uploadFile":
        return [await world.upload(text, variables, _FILE_PATH, "hours.txt", b"Mon to Fri\n")]
    if text.startswith("subscription"):
        return await world.watch(text, variables)
    return [await world.ask(text, variables)]


async def _public(world: World, operation: str, variables: Mapping[str, JSON]) -> bool:
    """Tell whether a query or subscription answers somebody who is not signed in."""
    text = document(operation)
    if text.startswith("mutation"):
        return False  # its guard says it
    token, world.token = world.token, None
    (answer, *_) = await _run(world, operation, variables)
    world.token = token
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    return "UNAUTHENTICATED" not in codes


async def _ended(world: World, test_id: str) -> None:
    """Wait for a test, which changes its configuration when it ends."""
    await world.watch(document("connectionTestProgress"), {"testId": test_id})


def _filled(value: JSON, told: Mapping[str, JSON]) -> Any:  # noqa: ANN401 - JSON
    """Return variables with what earlier answers hold in the places that name it."""
    if isinstance(value, Mapping):
        return {key: _filled(inner, told) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, told) for inner in value]
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    found: JSON = told
    for name in value[1:].split("."):
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found
