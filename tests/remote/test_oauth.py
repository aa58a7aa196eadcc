"""Token endpoints over HTTPS: what is sent, what is not followed, and what is never quoted."""

import pytest

from kit.oauthserver import CLIENT_ID, CLIENT_SECRET, GOOGLE, OAuthServer, google_error
from kit.web import WebServer
from mailconfig.domain.mailboxes import OAuthClient
from mailconfig.domain.oauth import EndpointDown, TokenRefused, refresh_form, revocation_form
from mailconfig.domain.secrets import Secret
from mailconfig.remote.oauth import EndpointSettings, HttpsTokenEndpoint

CLIENT = OAuthClient("gmail", CLIENT_ID, Secret(CLIENT_SECRET))
TOKEN_URL = f"https://{GOOGLE.host}{GOOGLE.token}"
FORM = refresh_form(CLIENT, Secret("refresh-0"))


def endpoint(web: WebServer, seconds: float = 5) -> HttpsTokenEndpoint:
    """Return the product's client."""
    return HttpsTokenEndpoint(web.fetcher(), EndpointSettings(seconds, seconds))


async def test_a_form_is_posted(pages: WebServer) -> None:
    """The request is the one of RFC 6749, section 6, and the answer is read."""
    server = OAuthServer(pages, GOOGLE)
    answer = await endpoint(pages).ask(TOKEN_URL, FORM)
    assert (answer.access.reveal(), answer.seconds, answer.refresh) == ("access-1", 3599, None)
    assert server.refreshes == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-0",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
    ]


async def test_a_redirect_gets_no_form(pages: WebServer) -> None:
    """Tokens are not sent to where an answer points."""
    pages.redirect(GOOGLE.host, GOOGLE.token, "https://evil.example.test/token", 307)
    with pytest.raises(EndpointDown):
        await endpoint(pages).ask(TOKEN_URL, FORM)
    assert [request.host for request in pages.requests] == [GOOGLE.host]


async def test_quoted_secrets_are_taken_out(pages: WebServer) -> None:
    """A provider that repeats what it was sent puts no token into an error."""
    server = OAuthServer(pages, GOOGLE)
    server.fail(*google_error("invalid_grant", f"bad token refresh-0 of {CLIENT_SECRET}"))
    with pytest.raises(TokenRefused) as refused:
        await endpoint(pages).ask(TOKEN_URL, FORM)
    assert refused.value.description == "bad token *** of ***"


async def test_silence_ends(pages: WebServer) -> None:
    """Within the deadline, as a service that is down."""
    pages.silent(GOOGLE.host, GOOGLE.token)
    with pytest.raises(EndpointDown):
        await endpoint(pages, 0.2).ask(TOKEN_URL, FORM)


async def test_a_token_is_given_back(pages: WebServer) -> None:
    """RFC 7009: the token and what kind it is."""
    server = OAuthServer(pages, GOOGLE)
    form = revocation_form(CLIENT, Secret("refresh-0"), "refresh_token")
    await endpoint(pages).revoke(f"https://{GOOGLE.host}/revoke", form)
    assert server.revocations[0]["token"] == "refresh-0"
    assert server.revocations[0]["token_type_hint"] == "refresh_token"
