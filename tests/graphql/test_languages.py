"""The language of texts for people: by header, by argument, by socket; everywhere the same."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kit.api import MEMBER, Api, FakeProber, form, server, serving
from kit.live import Live, Socket, listening
from kit.outcomes import passed, plain_on_tls_port, wrong_password
from mailconfig.domain.languages import Language
from mailconfig.domain.servers import MailProtocol
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""No database decides anything about words."""

VALIDATE = """
mutation ($draft: DraftInput!, $language: String) {
  validate(input: { draft: $draft }) {
    issues { code path message(language: $language) }
  }
}
"""
TEST = """
mutation ($draft: DraftInput!) {
  testConnection(input: { target: { draft: $draft }, waitSeconds: 20 }) {
    test {
      diagnosis {
        title advice french: title(language: "fr") fix { title }
        steps: advice(language: "en")
      }
    }
  }
}
"""
DELETE = """
mutation ($id: ID!) {
  delete(input: { id: $id }) { errors { __typename message english: message(language: "en") } }
}
"""
PROGRESS = 'subscription { connectionTestProgress(testId: "x") { step { kind } } }'
NO_PORT = {
    Language.ENGLISH: "Enter the port.",
    Language.GERMAN: "Geben Sie den Port ein.",
    Language.FRENCH: "Saisissez le port.",
}
GERMAN = {"Accept-Language": "de-AT, de;q=0.9, en;q=0.8"}


async def post(
    api: Api,
    query: str,
    variables: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    who: str | None = MEMBER,
) -> httpx.Response:
    """Run an operation with headers of its own and return the HTTP answer."""
    signed = {"Authorization": f"Bearer {await api.token(who)}"} if who else {}
    body = {"query": query, "variables": variables or {}}
    return await api.client.post("/graphql", json=body, headers={**signed, **(headers or {})})


async def port_message(
    api: Api, headers: Mapping[str, str] | None = None, language: str | None = None
) -> tuple[str, httpx.Headers]:
    """Check a draft without a port; return what is said about it, and the answer's headers."""
    draft = form(incoming={"host": "imap.example.net", "security": "TLS"})
    response = await post(api, VALIDATE, {"draft": draft, "language": language}, headers)
    issues = response.json()["data"]["validate"]["issues"]
    (message,) = [issue["message"] for issue in issues if issue["path"] == ["incoming", "port"]]
    return message, response.headers


async def german(api: Api, query: str, variables: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Run an operation as a reader of German and return its data."""
    answer = (await post(api, query, variables, GERMAN)).json()
    assert "errors" not in answer, answer
    return answer["data"]


@pytest.mark.parametrize(
    ("field", "language"),
    [
        (None, Language.ENGLISH),
        ("de-AT, de;q=0.9, en;q=0.8", Language.GERMAN),
        ("fr", Language.FRENCH),
        ("sv, da;q=0.5", Language.ENGLISH),
        ("\xff\xfe, ;q=", Language.ENGLISH),
    ],
)
async def test_the_header_decides(api: Api, field: str | None, language: Language) -> None:
    """Texts are in the language that the header likes best, and the answer says which."""
    headers = {} if field is None else {"Accept-Language": field.encode("latin-1")}
    message, answered = await port_message(api, headers)  # type: ignore[arg-type]
    assert message == NO_PORT[language]
    assert (answered["content-language"], answered["vary"]) == (language, "Accept-Language")


async def test_the_argument_wins(api: Api) -> None:
    """A tag at the field is obeyed, whatever the header says."""
    message, answered = await port_message(api, GERMAN, "fr-CA")
    assert message == NO_PORT[Language.FRENCH]
    assert answered["content-language"] == "fr"


@pytest.mark.parametrize("tag", ["sv", "", "de_AT", "x" * 5000])
async def test_a_tag_that_is_not_spoken_is_no_error(api: Api, tag: str) -> None:
    """The request's language takes its place."""
    message, _ = await port_message(api, GERMAN, tag)
    assert message == NO_PORT[Language.GERMAN]


async def test_the_operators_language_is_for_everybody_else(app_settings: Settings) -> None:
    """MAILCONFIG_LANGUAGE is spoken to those who ask for nothing that there is."""
    settings = app_settings.model_copy(update={"language": Language.FRENCH})
    async with serving(settings) as api:
        assert (await port_message(api))[0] == NO_PORT[Language.FRENCH]
        swedish = {"Accept-Language": "sv"}
        assert (await port_message(api, swedish))[0] == NO_PORT[Language.FRENCH]
        assert (await port_message(api, GERMAN))[0] == NO_PORT[Language.GERMAN]


async def test_values_stay_in_their_place(api: Api) -> None:
    """A sentence with values is translated around them; a suggestion is no text of ours."""
    typo = form(emailAddress="ann@gmial.com")
    (issue,) = [
        issue
        for issue in (await german(api, VALIDATE, {"draft": typo}))["validate"]["issues"]
        if issue["code"] == "DOMAIN_TYPO"
    ]
    assert issue["message"] == "Meinten Sie gmail.com? Die Domain sieht nach einem Tippfehler aus."


async def test_the_same_text_from_a_stranger_is_not_translated(api: Api) -> None:
    """A name that reads like a text of ours stays what its owner wrote."""
    config_id = await api.stored(MEMBER, name="Enter the port.")
    read = "query ($id: ID!) { config(id: $id) { name } }"
    assert (await german(api, read, {"id": config_id}))["config"]["name"] == "Enter the port."


async def test_a_diagnosis_is_said_in_the_readers_language(api: Api) -> None:
    """Title and advice, with the provider's own page, and the same again in another language."""
    api.prober.outcomes = (wrong_password(MailProtocol.IMAP),)
    draft = form(
        emailAddress="ann@fastmail.com", incoming=server("imap.fastmail.com"), outgoing=None
    )
    found = (await german(api, TEST, {"draft": draft}))["testConnection"]["test"]["diagnosis"]
    assert found["title"] == "Der Server nimmt Benutzernamen und Passwort nicht an."
    assert found["french"] == "Le serveur n’accepte pas ce nom d’utilisateur et ce mot de passe."  # noqa: RUF001 - French is written so
    assert found["advice"].startswith("Prüfen Sie der Reihe nach: ")
    assert " Die Seite für App-Passwörter von Fastmail: https://" in found["advice"]
    assert "The page for app passwords of Fastmail: https://" in found["steps"]


async def test_a_stored_fix_is_said_in_the_readers_language(api: Api) -> None:
    """What the database keeps is English; it is translated when it is read."""
    api.prober.outcomes = (passed(MailProtocol.IMAP), plain_on_tls_port())
    outgoing = server("smtp.example.net", port=465, security="STARTTLS")
    draft = form(outgoing=outgoing)
    found = (await german(api, TEST, {"draft": draft}))["testConnection"]["test"]["diagnosis"]
    assert found["fix"] == {"title": "Die Verschlüsselung einstellen, die zu diesem Port gehört."}


async def test_refusals_in_payloads(api: Api) -> None:
    """The interface's message takes the argument as well."""
    (error,) = (await german(api, DELETE, {"id": "nothing"}))["delete"]["errors"]
    assert error == {
        "__typename": "NotFoundError",
        "message": "Das gibt es nicht.",
        "english": "There is no such object.",
    }


async def test_refusals_beside_the_data(api: Api) -> None:
    """Queries have no payload; their refusals are in the errors, in the reader's language."""
    response = await post(api, "query { configs { totalCount } }", None, GERMAN, who=None)
    (error,) = response.json()["errors"]
    assert error["message"] == "Melden Sie sich zuerst an."
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    response = await post(api, "query { configs(first: 101) { totalCount } }", None, GERMAN)
    (error,) = response.json()["errors"]
    assert error["message"] == "Die Eingabe ist nicht gültig."
    assert error["extensions"]["issues"][0]["message"] == "Eine Seite hat 1 bis 100 Zeilen."


async def test_errors_of_the_request_stay_english(api: Api) -> None:
    """They are for those who write clients."""
    response = await post(api, "query { nothing }", None, GERMAN)
    (error,) = response.json()["errors"]
    assert error["message"] == "Cannot query field 'nothing' on type 'Query'."
    assert "content-language" not in response.headers


async def test_an_answer_without_words_names_no_language(api: Api) -> None:
    """Nothing depends on the header, so caches need not be told."""
    response = await post(api, "query { viewer { role } }", None, GERMAN)
    assert {"content-language", "vary"}.isdisjoint(response.headers)


async def test_an_answer_in_two_languages_names_both(api: Api) -> None:
    """Each one once, in the order in which they were first spoken."""
    response = await post(api, DELETE, {"id": "nothing"}, GERMAN)
    assert response.headers["content-language"] == "de, en"


@pytest.fixture
async def live(app_settings: Settings) -> AsyncIterator[Live]:
    """The application behind uvicorn."""
    async with listening(app_settings, FakeProber()) as served:
        yield served


@pytest.mark.parametrize(
    ("headers", "payload", "message"),
    [
        ({}, {}, "Sign in first."),
        (GERMAN, {}, "Melden Sie sich zuerst an."),
        ({}, {"acceptLanguage": "fr"}, "Connectez-vous d’abord."),  # noqa: RUF001 - French is written so
        # A page cannot set the headers of its handshake: what it says itself counts.
        (GERMAN, {"acceptLanguage": "en"}, "Sign in first."),
        (GERMAN, {"acceptLanguage": ["fr"]}, "Melden Sie sich zuerst an."),
        (GERMAN, {"acceptLanguage": None}, "Melden Sie sich zuerst an."),
    ],
)
async def test_sockets(
    live: Live, headers: Mapping[str, str], payload: Mapping[str, Any], message: str
) -> None:
    """The payload of connection_init decides, else the handshake's header."""
    async with connect(
        f"ws://{live.address}/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=headers,
    ) as connection:
        socket = Socket(connection)
        await socket.start(payload)
        await socket.subscribe("1", PROGRESS, {})
        answer = await socket.receive()
    errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
    assert [error["message"] for error in errors] == [message]
