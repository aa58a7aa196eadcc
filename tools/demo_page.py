"""Prints `docs/demo.md`: which simulated address ends how, from the simulator's own table."""

import sys
from collections.abc import Iterator

from mailconfig.settings import Settings
from mailconfig.simulator.scenarios import SERVICES
from mailconfig.simulator.services import PASSWORD, Account, Server, Service

_HEAD = """\
# Demo mailboxes

`make run` and every other `mailconfig serve` in development mode also run simulated mail servers on
this machine. They answer in the words of the real ones, so that each state of a form can be built
and shown without an account anywhere, and without a network. `mailconfig simulator` runs them by
themselves.

The password of every address is `{password}`, and so is the access token where a server takes one.
Any other password, and any other name before the @, gets the provider's plain refusal. Choose a
provider whose name begins with "Demo" (`providers(search: "Demo")`), or type one of the addresses.

| address | what will happen | code | step that fails |
| --- | --- | --- | --- |
"""
_SERVERS = """
A round trip (`roundTrip: true`) of ann@well.localhost finds its message in the inbox; that of
spam@well.localhost ends with ROUNDTRIP_SPAM, that of lost@well.localhost with ROUNDTRIP_LOST. All
mailboxes are in memory; they hold what an account sends to itself, and nothing else can be sent.

## Servers

| provider | receiving | sending |
| --- | --- | --- |
"""
_FOOT = """
These are the settings that the catalogue shows; two rows are wrong on purpose. The ports begin at
`MAILCONFIG_SIMULATOR_PORT`; where one of them is taken, free ones are used, and the start prints
them. Tests may reach exactly these ports of 127.0.0.1 and ::1; all else on this machine stays
closed. `MAILCONFIG_DEMO=false` switches all of it off, `true` switches it on in production mode.

The certificates come from an authority that is made at each start, is trusted by this process only,
and vouches for nothing but `.localhost`. For another mail program:
`mailconfig simulator --ca demo-ca.pem` writes it to a file.
"""


def render() -> str:
    """Return the whole page."""
    accounts = [_account(service, each) for service in SERVICES for each in service.accounts]
    head = _HEAD.format(password=PASSWORD)
    return head + "".join(accounts) + _SERVERS + "".join(_services()) + _FOOT


def _account(service: Service, account: Account) -> str:
    place = f"{account.protocol} {account.step}" if account.protocol and account.step else ""
    return f"| {service.address(account)} | {account.happens} | {account.code} | {place} |\n"


def _services() -> Iterator[str]:
    first: int = Settings.model_fields["simulator_port"].default
    for number, service in enumerate(SERVICES):
        imap = _server(service.imap, first + 2 * number)
        smtp = _server(service.smtp, first + 2 * number + 1)
        yield f"| Demo: {service.name} | {imap} | {smtp} |\n"


def _server(server: Server, port: int) -> str:
    return f"{server.host}:{port} {server.listed or server.security}"


if __name__ == "__main__":
    sys.stdout.write(render())
