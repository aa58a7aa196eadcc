"""`sendEmail` over HTTP: the whole server takes messages in, and its worker is off."""

from pathlib import Path
from typing import Any, Final

from rivals import jobs, load, servers

from kit.serving import make_owner
from outgoing.office import RECIPIENT, TEXT
from outgoing.table import Row

_SEND: Final = """mutation ($input: SendEmailInput!) { sendEmail(input: $input) {
  message { id state } errors { message } } }"""
_COUNT: Final = "{ messages(first: 1) { totalCount } }"
_PLENTY: Final = 1_000_000_000
_SETTINGS: Final = {
    "MODE": "production",
    "PUBLIC_URL": "http://127.0.0.1",
    "POINTS_PER_MINUTE": _PLENTY,
    "MESSAGES_PER_MINUTE": _PLENTY,
    "SENDING_WORKER": "false",
}


def measured(engine: str, folder: Path, database_url: str, seconds: float) -> Row:
    """Load a server with wrk and return the row; each answer is a message that is stored.

    The database has its tables.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    settings = _SETTINGS | {"DATABASE_URL": database_url}
    make_owner(data, **settings)
    variables = {f"MAILCONFIG_{name}": str(value) for name, value in settings.items()}
    with servers.running(servers.mailconfig_words(data), folder, **variables) as running:
        process, address = running
        server = servers.Server("mailconfig", process, address, servers.login(address), {})
        call = _call(server)
        first = _data(server, call)["sendEmail"]
        assert first["message"]["state"] == "QUEUED", first
        load.run(address, server.token, [call], process, 1, folder)  # fills caches
        before = _stored(server)
        found = load.run(address, server.token, [call], process, seconds, folder)
        stored = _stored(server) - before
    assert not found.failed, found
    # What wrk has not waited for at its end is stored all the same.
    assert found.requests <= stored <= found.requests + 2 * load.CONNECTIONS, (found, stored)
    rate = found.requests_per_second
    return Row("sendEmail over HTTP", engine, rate, found.cpu_ms, p99_ms=found.p99_ms)


def _call(server: servers.Server) -> jobs.Call:
    """Make an account and return a call that sends by it, with a key of its own each time."""
    outgoing = {
        "host": "smtp.example.org",
        "port": 465,
        "security": "TLS",
        "username": "someone@example.org",
        "secret": {"password": jobs.SECRET},
    }
    form = {"name": "Bench", "emailAddress": "someone@example.org", "outgoing": outgoing}
    made = _data(server, jobs.graphql(jobs.SUBMIT_TEMPLATE, {"input": form}))["submit"]
    assert made["errors"] == [], made
    message = {
        "configId": made["config"]["id"],
        "to": [{"address": RECIPIENT}],
        "subject": "A message of the benchmark",
        "text": TEXT,
        "idempotencyKey": jobs.UNIQUE,
    }
    return jobs.graphql(_SEND, {"input": message})


def _stored(server: servers.Server) -> int:
    return int(_data(server, jobs.graphql(_COUNT))["messages"]["totalCount"])


def _data(server: servers.Server, call: jobs.Call) -> Any:  # noqa: ANN401 - any JSON
    answer = server.answer(call)
    assert isinstance(answer, dict)
    return answer["data"]
