"""The Accept header: weights, wildcards, order, and what is no header at all."""

import pytest

from mailconfig.graphql.media import Media, negotiated, wants_page
from mailconfig.graphql.refusals import Problem, Profile, Refused

RESPONSE, JSON, EVENTS = Media.RESPONSE, Media.JSON, Media.EVENTS
URQL = f"{RESPONSE}, application/graphql+json, {JSON}, {EVENTS}, multipart/mixed"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (RESPONSE, RESPONSE),
        (JSON, JSON),
        (EVENTS, EVENTS),
        # What clients send: urql, Apollo Client 4, browsers.
        (URQL, RESPONSE),
        (f"{RESPONSE},{JSON};q=0.9", RESPONSE),
        (BROWSER, JSON),
        # Weights decide, then exactness, then order.
        (f"{RESPONSE};q=0.5, {JSON};q=0.6", JSON),
        (f"{JSON}, {RESPONSE}", JSON),
        (f"{EVENTS}, {JSON}", EVENTS),
        (f"{EVENTS};q=0.9, {JSON}", JSON),
        (f"*/*, {RESPONSE}", RESPONSE),
        (f"application/*, {RESPONSE};q=0.9", JSON),
        (f"{JSON};q=0.3, */*;q=0.7", RESPONSE),
        # 0 forbids, also what a wildcard allows.
        (f"{JSON};q=0, */*", RESPONSE),
        (f"{RESPONSE};q=0, application/*", JSON),
        # Wildcards are no wish for a stream.
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{EVENTS};q=0.1, */*", JSON),
        # Case, spaces, parameters.
        ("APPLICATION/JSON ; Q=0.8", JSON),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
        (f'{RESPONSE}; charset="UTF-8"', RESPONSE),
        (f"{RESPONSE};charset=utf-16, {JSON}", JSON),
        # Nothing asked for.
        (None, JSON),
        ("", JSON),
        (" , ", JSON),
        # Ranges that are none match nothing; the others still do.
        (f"{RESPONSE};q=2, {JSON}", JSON),
        (f"{RESPONSE};q=1.001, {JSON};q=0.001", JSON),
        (f"{RESPONSE};q=x, ;q=1, /, {JSON}", JSON),
        (f"{RESPONSE};q=-1, {JSON}", JSON),
        (f"{RESPONSE};q=0.\N{SUPERSCRIPT TWO}, {JSON}", JSON),
        ("a/b, " * 1000 + JSON, JSON),
    ],
)
def test_the_best_type_is_chosen(accept: str | None, media: Media) -> None:
    """In the profile of the audits, which prefer JSON where all is one."""
    assert negotiated(accept, Profile.AUDIT) is media


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/*",
        "text/html",
        "multipart/mixed",
        "*/*;q=0",
        f"{JSON};q=0",
        f"{JSON};q=0.0000",
        f"{RESPONSE}; charset=latin-1",
        "nonsense",
        f"{JSON}x",
    ],
)
def test_nothing_acceptable_is_refused(accept: str) -> None:
    """406, in a sentence that names what there is."""
    with pytest.raises(Refused) as caught:
        negotiated(accept, Profile.AUDIT)
    assert caught.value.problem is Problem.UNACCEPTABLE
    assert caught.value.message == (
        "Accept one of: application/graphql-response+json, application/json, text/event-stream."
    )


@pytest.mark.parametrize("accept", [None, "*/*", "application/*", BROWSER])
def test_the_edition_prefers_its_own_type(accept: str | None) -> None:
    """Where all is one to the client."""
    assert negotiated(accept, Profile.EDITION) is RESPONSE


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html, application/json", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0", False),
        # Clients that take anything want no page.
        ("*/*", False),
        ("text/*", False),
        (None, False),
    ],
)
def test_pages_are_for_browsers(accept: str | None, wanted: bool) -> None:
    """A page is for who names text/html, and nothing of ours before it."""
    assert wants_page(accept) is wanted
