"""The language of texts for people: by header, by argument, by socket; everywhere the same."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kit.api import MEMBER, Api, FakeProber, form, server, serving
from kit.discovery import FakeRecords
from kit.dns import DnsServer
from kit.live import Live, Socket, listening
from kit.outcomes import passed, plain_on_tls_port, wrong_password
from mailconfig.domain.clock import utc_now
from mailconfig.domain.fetching import Fetched
from mailconfig.domain.languages import Language
from mailconfig.domain.servers import MailProtocol
from mailconfig.remote.autoconfig import AutoconfigSource
from mailconfig.services.discovery import Outside
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
DISCOVER = """
mutation ($address: String!) {
  discover(input: { emailAddress: $address }) {
    evidence { source detail french: detail(language: "fr") }
    diagnosis { title advice french: title(language: "fr") }
  }
}
"""
CHECK = """
mutation ($domain: String!, $selectors: [String!]!) {
  checkDomain(input: { domain: $domain, dkimSelectors: $selectors }) {
    report { checks { kind remarks french: remarks(language: "fr") } }
    errors { message french: message(language: "fr") }
  }
}
"""
EXPLAIN = """
query ($text: String!, $words: [String!]!) {
  explain(input: { text: $text, capabilities: $words }) {
    title advice french: title(language: "fr")
  }
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
    assert (answered["content-language"], answered["vary"]) == (
        language,
        "Accept, Accept-Language",
    )


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


class WebPages:
    """A fetcher that finds a web page under every address."""

    async def get(self, url: str, *, seconds: float, max_bytes: int, redirects: int = 3) -> Fetched:
        """Answer at once."""
        del seconds, max_bytes, redirects
        return Fetched(url, 200, "text/html", b"<!doctype html><html></html>", {})


async def test_evidence_of_discovery(app_settings: Settings) -> None:
    """Each sentence is wholly in one language, also one of several parts with long names."""
    domain = f"{'long-' * 11}name.example.test"
    records = FakeRecords()
    records.answer_mx(domain, f"mx.{domain}")
    outside = Outside(records, (AutoconfigSource(WebPages(), utc_now),))
    async with serving(app_settings, FakeProber(), outside=outside) as api:
        found = (await german(api, DISCOVER, {"address": f"ann@{domain}"}))["discover"]
    said = {each["source"]: each["detail"] for each in found["evidence"]}
    urls = (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    )
    assert said.pop("GUESS").startswith("Unter üblichen Namen haben Server geantwortet: imap.long-")
    assert said == {
        "CATALOGUE": f"Der Katalog führt {domain} nicht.",
        "AUTOCONFIG": " ".join(
            f"Was unter {url} steht, wurde nicht verstanden. Der Inhalt ist eine Webseite."
            for url in urls
        ),
        "SRV": f"Kein SRV-Eintrag von {domain} nennt einen Mailserver.",
        "MX": f"Der MX-Server mx.{domain} ist nicht bekannt.",
        "DNS_HINT": "Kein anderer DNS-Eintrag deutet auf einen bestimmten Anbieter.",
    }
    assert len(said["AUTOCONFIG"]) > 300
    french = {each["source"]: each["french"] for each in found["evidence"]}
    assert french["AUTOCONFIG"] == " ".join(
        f"Ce qui se trouve à {url} n’a pas été compris. Le contenu est une page web."  # noqa: RUF001 - French is written so
        for url in urls
    )
    assert french["MX"] == f"Le serveur MX mx.{domain} n’est pas connu."  # noqa: RUF001 - French is written so


async def test_why_discovery_found_nothing(api: Api) -> None:
    """Title and advice in words about the address."""
    found = (await german(api, DISCOVER, {"address": "ann@nowhere.example.test"}))["discover"]
    assert found["diagnosis"] == {
        "title": "Die Domain dieser Adresse gibt es nicht.",
        "advice": "Suchen Sie nach einem Tippfehler im Teil der Adresse nach dem @.",
        "french": "Le domaine de cette adresse n’existe pas.",  # noqa: RUF001 - French is written so
    }


async def test_remarks_on_a_domain(app_settings: Settings) -> None:
    """Every remark of every check, with names and figures in their places."""
    async with DnsServer() as dns:
        dns.record("firm.test", "MX", "0 mx.firm.test.")
        dns.record("firm.test", "TXT", '"v=spf1 include:nothing.test ptr ?all"')
        dns.record("s1._domainkey.firm.test", "TXT", '"v=DKIM1; p="')
        dns.record("_dmarc.firm.test", "TXT", '"v=DMARC1; p=none; pct=5"')
        host, port = dns.endpoint
        settings = app_settings.model_copy(update={"dns_servers": (f"{host}:{port}",)})
        async with serving(settings) as api:
            given = {"domain": "firm.test", "selectors": ["s1"]}
            report = (await german(api, CHECK, given))["checkDomain"]["report"]
    remarks = {check["kind"]: check["remarks"] for check in report["checks"]}
    assert remarks == {
        "MX": ["Der MX-Server mx.firm.test hat keine IP-Adresse."],
        "SPF": [
            (
                "Der SPF-Eintrag verweist auf nothing.test; dort gibt es nicht genau einen "
                "SPF-Eintrag."
            ),
            "Der SPF-Eintrag endet mit ?all und sagt deshalb nichts über andere Server.",
            "Der SPF-Eintrag verwendet ptr, das langsam ist und oft ignoriert wird.",
        ],
        "DKIM": ["Der Schlüssel s1._domainkey.firm.test wurde widerrufen."],
        "DMARC": [
            (
                "Die Richtlinie none beobachtet nur: Sobald die Berichte keine Probleme mehr "
                "zeigen, gehen Sie zu quarantine über, dann zu reject."
            ),
            (
                "Es ist keine Adresse für Berichte angegeben (rua=), also sieht niemand, wer in "
                "Ihrem Namen sendet."
            ),
            "Die Angabe pct hat seit RFC 9989 keine Bedeutung mehr.",
        ],
        "MTA_STS": [
            "Freiwillig: Mit MTA-STS stellen andere Server Ihnen nur noch über geprüftes TLS zu."
        ],
        "TLS_RPT": ["Freiwillig: Mit TLS-RPT melden andere Server, wenn TLS zu Ihnen scheitert."],
    }
    french = {check["kind"]: check["french"] for check in report["checks"]}
    assert french["DKIM"] == ["La clé s1._domainkey.firm.test a été révoquée."]


async def test_refusals_of_a_domain_check(api: Api) -> None:
    """The issues of the input, with the number that is allowed."""
    given = {"domain": "a b", "selectors": ["x"] * 3 + ["."]}
    payload = (await german(api, CHECK, given))["checkDomain"]
    assert [error["message"] for error in payload["errors"]] == [
        "Geben Sie eine Domain ein, zum Beispiel example.com.",
        "Geben Sie höchstens 10 Selektoren an, aus Buchstaben, Ziffern, Punkten und Bindestrichen.",
    ]
    assert payload["errors"][0]["french"] == "Saisissez un domaine, par exemple example.com."


async def test_an_explained_reply(api: Api) -> None:
    """Title and advice of a text that somebody pasted."""
    text = "535 5.7.8 Error: authentication failed"
    found = (await german(api, EXPLAIN, {"text": text, "words": []}))["explain"]
    assert found["title"] == "Der Server nimmt Benutzernamen und Passwort nicht an."
    assert found["advice"].startswith("Prüfen Sie der Reihe nach: ")
    assert found["french"] == "Le serveur n’accepte pas ce nom d’utilisateur et ce mot de passe."  # noqa: RUF001 - French is written so


async def test_a_text_that_is_too_long_to_explain(api: Api) -> None:
    """Each limit with its unit, and with digits grouped as the language does."""
    given = {"text": "x" * (api.settings.explain_max_chars + 1), "words": ["X"] * 201}
    response = await post(api, EXPLAIN, given, GERMAN)
    (error,) = response.json()["errors"]
    assert [issue["message"] for issue in error["extensions"]["issues"]] == [
        "Das ist zu lang: höchstens 20.000 Zeichen.",
        "Das ist zu lang: höchstens 200 Wörter.",
    ]


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
    assert "content-language" not in response.headers
    assert response.headers["vary"] == "Accept"


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
