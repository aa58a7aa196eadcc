"""Real clients in Node against `mailconfig serve`: one script of cases for each.

The simulated mailboxes answer their tests; nobody answers behind silent.localhost, so that its
tests last as long as a step may, and can be watched and left.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kit.api import SIGNING_KEY
from kit.node import CLIENTS, node_command, results_of, run_node, simulated_servers
from kit.serving import Served, make_owner, serving, signed_in

PLACES = 4
"""Of sockets and streams; each client leaves twice as many subscriptions, one after the other."""
STEP_SECONDS = 2
"""How long a test of silent.localhost lasts."""
WATCHED = {"begun": None, "live": True, "last": "FAILED", "code": "TCP_TIMEOUT"}
LEFT = [True] * PLACES * 2
PLAYS = {
    "query": {"email": "owner@example.org", "names": ["Demo: All is well"]},
    "mutation": {"status": "UNVERIFIED", "files": [], "errors": []},
    "upload of one file": {
        "filename": "one.txt",
        "contentType": "text/plain",
        "size": 9,
        "sha256": "f32bf5e09516390e83144b4a66afea2f104e1b229bc809baed4f8efb0f3a1d39",
        "errors": [],
    },
    "upload of several files": {
        "files": [["a.txt", 1], ["b.txt", 2], ["c.txt", 3]],
        "errors": [],
    },
    # One of them was uploaded before, the other two are one part of the form at two paths
    "upload of nested files": {
        "files": [["early.txt", 5], ["twice.txt", 21], ["other.txt", 21]],
        "errors": [],
    },
    "subscription": {**WATCHED, "others": []},
    "expected failure": {
        "config": None,
        "errors": [["ValidationIssue", "emailAddress", "INVALID_FORMAT"]],
    },
    "cancelled subscription": LEFT,
    # The client has gone and the test has run to its end
    "cancelled mutation": {"left": "AbortError", "status": "FAILED", "code": "TCP_TIMEOUT"},
}
"""What every client of HTTP comes to, see plays.mjs."""
DIALOGUE = {
    "query": "owner@example.org",
    "mutation": {"status": "UNVERIFIED", "errors": []},
    "expected failure": [["ValidationIssue", "emailAddress", "INVALID_FORMAT"]],
    "subscription": WATCHED,
    "cancelled subscription": LEFT,
    "request error": [["Cannot query field 'password' on type 'Viewer'.", "BAD_REQUEST"]],
    "nobody signed in": {"anonymous": None, "refused": ["UNAUTHENTICATED"]},
}
"""What both clients of live protocols come to."""
EXPECTED: dict[str, dict[str, Any]] = {
    "apollo": {
        **PLAYS,
        "subscription over events": {**WATCHED, "others": []},
        "cancelled subscription over events": LEFT,
        "request error": [["BAD_REQUEST", None]],
        "upload without preflight": [["BAD_REQUEST", None]],
        "expired token": [["UNAUTHENTICATED", ["configs"]]],
        "expired token on a socket": {
            "code": None,
            "reason": "Error: Socket closed with event 4403 Forbidden",
        },
        "cancelled query": "AbortError",
    },
    "urql": {
        **PLAYS,
        "subscription over a socket": {**WATCHED, "others": []},
        "cancelled subscription over a socket": LEFT,
        "request error": {"status": 400, "errors": [["BAD_REQUEST", None]]},
        "upload without preflight": {"status": 403, "errors": [["BAD_REQUEST", None]]},
        "expired token": {"status": 200, "errors": [["UNAUTHENTICATED", ["configs"]]]},
        "expired token of a subscription": {
            "status": 401,
            "errors": [["UNAUTHENTICATED", None]],
        },
        "cancelled query": {"answers": [], "next": "owner@example.org"},
    },
    "graphql-ws": {
        **DIALOGUE,
        "several operations at once": [["viewer"], ["providers"], ["viewer"], ["csrfToken"]],
        "expired token": [4403, "Forbidden"],
        "token that expires on the way": [4403, "Forbidden"],
    },
    "graphql-sse": {**DIALOGUE, "expired token": ["NetworkError", 401]},
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A server and what a script is told about it."""

    served: Served
    given: str


def private_key() -> str:
    """Return the key that tokens are signed with, as PEM."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SIGNING_KEY))
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.private_bytes(*form).decode()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A demonstration with few places for subscriptions, and someone signed in."""
    settings = {
        "MODE": "development",
        "SIGNING_KEY": SIGNING_KEY,
        "SIMULATOR_PORT": 0,
        "DNS_SERVERS": "127.0.0.1:9",  # nobody is asked
        "TEST_CONNECT_SECONDS": STEP_SECONDS,
        "TEST_STEP_SECONDS": STEP_SECONDS,
        "LIVE_CONNECTIONS_PER_CLIENT": PLACES,
    }
    data = tmp_path / "data"
    make_owner(data, **settings)
    with serving(data, **settings) as served, signed_in(served) as client:
        given = {
            "url": client.url,
            "token": client.token,
            "key": private_key(),
            "servers": simulated_servers(client),
        }
        yield Stage(served, json.dumps(given))


@pytest.mark.parametrize("client", EXPECTED)
def test_a_client_works(client: str, stage: Stage) -> None:
    """Query, mutation, uploads, subscription, errors, expired token and cancelled requests come
    out as they should, and the server has no fault of its own to log.
    """
    words = node_command(CLIENTS, f"{client}.mjs")
    found = results_of(run_node(words, stage.given, cwd=CLIENTS))
    assert found == EXPECTED[client]
    events = [event for event in stage.served.events() if event["level"] not in {"info", "debug"}]
    assert events == []
